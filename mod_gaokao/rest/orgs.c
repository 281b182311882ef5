/* rest/orgs.c: /orgs: the tree of units. */
#include <apr_strings.h>

#include "domain/org.h"
#include "rest/request.h"

#define LEVELS "province|city|county|point"

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, const gk_org_t *org)
{
  gk_json_t *readiness;
  GK_TRY(gk_org_readiness(&readiness, &request->act, org));
  response->json = gk_org_json(org, request->pool);
  gk_json_set(response->json, "readiness", readiness);
  response->etag = gk_etag(request->pool, org->version);
  return NULL;
}

gk_error_t *gk_rest_orgs_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_org_filter_t filter = {
      .parent_id = gk_query_int(request, "parent_id", 1, APR_INT64_MAX, 0, &error),
      .level = gk_query_word(request, "level", LEVELS, &error),
      .q = gk_query_str(request, "q", 60, &error),
      .after = gk_query_str(request, "after", 100, &error),
      .enabled = -1,
  };
  const char *enabled = gk_query_word(request, "enabled", "true|false", &error);
  const char *readiness = gk_query_word(request, "readiness", "true|false", &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  if (enabled != NULL)
    filter.enabled = enabled[0] == 't';
  apr_array_header_t *orgs;
  GK_TRY(gk_org_list(&orgs, &request->act, &filter, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < orgs->nelts && i < limit; i++) {
    const gk_org_t *org = &APR_ARRAY_IDX(orgs, i, gk_org_t);
    gk_json_t *item = gk_org_json(org, request->pool), *ready = NULL;
    if (readiness != NULL && readiness[0] == 't') { /* one more look for each point of the page */
      GK_TRY(gk_org_readiness(&ready, &request->act, org));
      gk_json_set(item, "readiness", ready);
    }
    gk_json_add(items, item);
  }
  gk_response_list(request, response, items,
                   orgs->nelts > limit ? APR_ARRAY_IDX(orgs, limit - 1, gk_org_t).path : NULL);
  return NULL;
}

gk_error_t *gk_rest_orgs_create(gk_request_t *request, gk_response_t *response)
{
  gk_org_t *org;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t parent_id = gk_decode_int(&d, "parent_id", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  const char *level = gk_decode_word(&d, "level", GK_OPTIONAL, LEVELS);
  const char *code = gk_decode_str(&d, "code", GK_OPTIONAL, 1, 10);
  const char *name = gk_decode_str(&d, "name", GK_REQUIRED, 2, 60);
  gk_json_t *profile = gk_decode_any(&d, "profile", GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_org_create(&org, &request->act, parent_id, level, code, name, profile));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/orgs/%" APR_INT64_T_FMT, org->id);
  return answer(request, response, org);
}

gk_error_t *gk_rest_orgs_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_org_t *org;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_org_get(&org, &request->act, id));
  return answer(request, response, org);
}

gk_error_t *gk_rest_orgs_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_org_t *org;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_org_change_t change = {.enabled = -1};
  change.name = gk_decode_str(&d, "name", GK_OPTIONAL, 2, 60);
  if (gk_decode_has(&d, "enabled"))
    change.enabled = gk_decode_bool(&d, "enabled", GK_OPTIONAL, false);
  change.profile = gk_decode_any(&d, "profile", GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_org_update(&org, &request->act, id, request->if_match, &change));
  return answer(request, response, org);
}
