/* rest/alarms.c: /alarms: what may be misuse, and who looked into it. */
#include <apr_strings.h>

#include "domain/watch.h"
#include "rest/request.h"

gk_error_t *gk_rest_alarms_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *alarms;
  const char *state = gk_query_word(request, "state", "open|all", &error), *cursor = NULL;
  apr_int64_t before = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_alarm_list(&alarms, &request->act, state != NULL && state[0] == 'o', before, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < alarms->nelts && i < limit; i++)
    gk_json_add(items, gk_alarm_json(&APR_ARRAY_IDX(alarms, i, gk_alarm_t), request->pool));
  if (alarms->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(alarms, limit - 1, gk_alarm_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_alarms_close(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_alarm_t alarm;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *note = gk_decode_str(&d, "note", GK_REQUIRED, 2, 200);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_alarm_close(&alarm, &request->act, id, request->if_match, note));
  response->json = gk_alarm_json(&alarm, request->pool);
  response->etag = gk_etag(request->pool, alarm.version);
  return NULL;
}
