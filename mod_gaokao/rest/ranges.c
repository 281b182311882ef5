/* rest/ranges.c: /ranges: serials of a county divided among points and subjects. */
#include <apr_strings.h>

#include "domain/range.h"
#include "rest/request.h"

static void answer(gk_request_t *request, gk_response_t *response, const gk_range_t *range)
{
  response->json = gk_range_json(range, request->pool);
  response->etag = gk_etag(request->pool, range->version);
}

static void created(gk_request_t *request, gk_response_t *response, const gk_range_t *range)
{
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/ranges/%" APR_INT64_T_FMT, range->id);
  answer(request, response, range);
}

gk_error_t *gk_rest_ranges_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_range_filter_t filter = {
      .org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error),
      .subject = gk_query_str(request, "subject", 10, &error),
      .after = gk_query_str(request, "after", 100, &error),
  };
  const char *usable = gk_query_word(request, "usable", "true|false", &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  filter.usable = usable != NULL && usable[0] == 't';
  apr_array_header_t *ranges;
  GK_TRY(gk_range_list(&ranges, &request->act, &filter, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < ranges->nelts && i < limit; i++)
    gk_json_add(items, gk_range_json(APR_ARRAY_IDX(ranges, i, gk_range_t *), request->pool));
  gk_response_list(request, response, items,
                   ranges->nelts > limit
                       ? gk_range_cursor(APR_ARRAY_IDX(ranges, limit - 1, gk_range_t *), request->pool)
                       : NULL);
  return NULL;
}

gk_error_t *gk_rest_ranges_create(gk_request_t *request, gk_response_t *response)
{
  gk_range_t *range;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  const char *subject = gk_decode_str(&d, "subject", GK_REQUIRED, 1, 10);
  apr_int64_t first = gk_decode_int(&d, "first", GK_REQUIRED, 1, 9999, 0);
  apr_int64_t last = gk_decode_int(&d, "last", GK_REQUIRED, 1, 9999, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_range_create(&range, &request->act, org_id, subject, first, last));
  created(request, response, range);
  return NULL;
}

gk_error_t *gk_rest_ranges_free(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *county_code;
  apr_array_header_t *gaps;
  apr_int64_t total = 0, org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_range_free(&gaps, &county_code, &request->act, org_id));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < gaps->nelts; i++) {
    const gk_gap_t *gap = &APR_ARRAY_IDX(gaps, i, gk_gap_t);
    gk_json_t *item = gk_json_object(request->pool);
    gk_json_set_int(item, "first", gap->first);
    gk_json_set_int(item, "last", gap->last);
    gk_json_set_int(item, "count", gap->last - gap->first + 1);
    gk_json_add(items, item);
    total += gap->last - gap->first + 1;
  }
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "county_code", county_code);
  gk_json_set(response->json, "items", items);
  gk_json_set_int(response->json, "total", total);
  return NULL;
}

gk_error_t *gk_rest_ranges_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_range_t *range;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t last = gk_decode_int(&d, "last", GK_REQUIRED, 1, 9999, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_range_resize(&range, &request->act, id, request->if_match, last));
  answer(request, response, range);
  return NULL;
}

gk_error_t *gk_rest_ranges_split(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_range_t *range;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t at = gk_decode_int(&d, "at", GK_REQUIRED, 1, 9999, 0);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  const char *subject = gk_decode_str(&d, "subject", GK_OPTIONAL, 1, 10);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_range_split(&range, &request->act, id, request->if_match, at, org_id, subject));
  created(request, response, range);
  return NULL;
}

gk_error_t *gk_rest_ranges_delete(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_range_delete(&request->act, id, request->if_match));
  response->status = 204;
  return NULL;
}
