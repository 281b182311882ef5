/* rest/packs.c: /packs: the policy packs of all seasons. */
#include <apr_strings.h>

#include "domain/ports.h"
#include "rest/request.h"

static gk_json_t *pack_json(const gk_pack_row_t *pack, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", pack->id);
  gk_json_set_int(json, "season", pack->year);
  gk_json_set_str(json, "name", pack->name);
  gk_json_set_str(json, "version", pack->version);
  gk_json_set_str(json, "digest", pack->digest);
  gk_json_set_str(json, "state", pack->state);
  gk_json_set_bool(json, "active", pack->active);
  if (pack->created_by != 0)
    gk_json_set_int(json, "created_by", pack->created_by);
  else
    gk_json_set_null(json, "created_by");
  gk_json_set_time(json, "created_at", pack->created);
  return json;
}

gk_error_t *gk_rest_packs_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *packs;
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_store_packs(&packs, request->act.db, after, limit + 1, request->pool));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < packs->nelts && i < limit; i++)
    gk_json_add(items, pack_json(&APR_ARRAY_IDX(packs, i, gk_pack_row_t), request->pool));
  const char *cursor = packs->nelts > limit ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT,
                                                           APR_ARRAY_IDX(packs, limit - 1, gk_pack_row_t).id)
                                            : NULL;
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_packs_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_store_pack(&pack, request->act.db, id, request->pool));
  response->json = pack_json(&pack, request->pool);
  return NULL;
}
