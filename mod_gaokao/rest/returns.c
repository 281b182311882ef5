/* rest/returns.c: return lists of the province, what is returned, and handing it in again (domain/returns.h). */
#include <apr_strings.h>

#include "base/time.h"
#include "domain/returns.h"
#include "rest/request.h"

/* Thousands of records: longer than an ordinary request may take. */
static gk_error_t *take_time(gk_request_t *request)
{
  GK_TRY(gk_db_ready(request->act.db, gk_tick() + 28 * GK_SECOND, request->pool));
  gk_request_bound(request);
  return NULL;
}

static gk_error_t *apply(gk_request_t *request, gk_response_t *response, bool apply)
{
  gk_return_list_t list;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_return_read(&list, request->raw, request->raw_length, request->pool));
  if (apply)
    GK_TRY(take_time(request));
  return gk_return_apply(&response->json, &request->act, &list, apply);
}

gk_error_t *gk_rest_returns_preview(gk_request_t *request, gk_response_t *response) { return apply(request, response, false); }

gk_error_t *gk_rest_returns_create(gk_request_t *request, gk_response_t *response) { return apply(request, response, true); }

gk_error_t *gk_rest_returns_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_json_t *items;
  apr_int64_t next;
  apr_int64_t org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_return_open(&items, &next, &request->act, org_id, after, limit));
  gk_response_list(request, response, items, next != 0 ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT, next) : NULL);
  return NULL;
}

gk_error_t *gk_rest_returns_supplement(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(take_time(request));
  return gk_return_supplement(&response->json, &request->act);
}
