/* rest/audit.c: GET /audit, GET /audit/anchor. */
#include <apr_strings.h>

#include "base/time.h"
#include "domain/audit_seal.h"
#include "domain/audit_view.h"
#include "domain/pack.h"
#include "rest/request.h"

static apr_time_t query_time(gk_request_t *request, const char *name, const char *pointer, gk_error_t **error)
{
  apr_time_t when = 0;
  const char *text = gk_query_str(request, name, 40, error);
  if (text != NULL && !gk_time_parse(text, &when))
    gk_violation(error, request->pool, pointer, "time", "请写成 2026-11-03T08:00:00+08:00 的形式（网址中加号写作 %%2B）。",
                 "Write it like 2026-11-03T08:00:00+08:00 (in an address, + is %%2B).");
  return when;
}

gk_error_t *gk_rest_audit_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_audit_filter_t filter = {
      .object_kind = gk_query_str(request, "object_kind", 40, &error),
      .object_id = gk_query_int(request, "object_id", 1, APR_INT64_MAX, 0, &error),
      .actor_id = gk_query_int(request, "actor", 1, APR_INT64_MAX, 0, &error),
      .action = gk_query_str(request, "action", 60, &error),
      .from = query_time(request, "from", "?from", &error),
      .to = query_time(request, "to", "?to", &error),
      .before_seq = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error),
      .candidate_id = gk_query_int(request, "candidate", 1, APR_INT64_MAX, 0, &error),
      .number = gk_query_str(request, "number", 20, &error),
      .login = gk_query_str(request, "login", 64, &error),
      .org = gk_query_str(request, "org", 10, &error),
  };
  int limit = gk_query_limit(request, &error);
  if (filter.object_id != 0 && filter.object_kind == NULL)
    gk_violation(&error, request->pool, "?object_id", "needs-kind", "查询某一对象时，请同时填写 object_kind。",
                 "To look for one object, give object_kind too.");
  if (filter.candidate_id != 0 && filter.object_id != 0)
    gk_violation(&error, request->pool, "?candidate", "not-both", "candidate 与 object_id 只能填一个。",
                 "Give candidate or object_id, not both.");
  GK_TRY(gk_query_end(request, error));
  apr_array_header_t *entries;
  GK_TRY(gk_audit_search(&entries, &request->act, &filter, limit + 1));
  const gk_pack_t *pack = request->act.season != NULL ? request->act.season->pack : NULL;
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < entries->nelts && i < limit; i++)
    gk_json_add(items,
                gk_audit_entry_json(&APR_ARRAY_IDX(entries, i, gk_audit_entry_t), pack, true, request->pool));
  const char *cursor = NULL;
  if (entries->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT,
                          APR_ARRAY_IDX(entries, limit - 1, gk_audit_entry_t).seq);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_audit_anchor(gk_request_t *request, gk_response_t *response)
{
  gk_audit_seal_t seal;
  gk_unsealed_t unsealed;
  bool found;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_audit_seal_last(&seal, &found, request->act.db, request->pool));
  GK_TRY(gk_audit_unsealed(&unsealed, request->act.db, request->pool));
  response->json = gk_audit_anchor_json(&seal, found, request->pool);
  gk_json_set_int(response->json, "waiting", unsealed.rows);
  gk_json_set_time(response->json, "waiting_since", unsealed.oldest);
  return NULL;
}
