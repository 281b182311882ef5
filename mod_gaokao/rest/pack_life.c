/* rest/pack_life.c: /packs/{id}/...: check, dry run, approval, activation of a policy pack (domain/pack_life.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/pack_local.h"
#include "domain/rehearsal.h"
#include "domain/session.h"
#include "jobs/job.h"
#include "rest/browser.h"
#include "rest/packs.h"
#include "rest/router.h"

static gk_error_t *nothing(gk_request_t *request)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  return gk_decode_end(&d);
}

gk_error_t *gk_rest_packs_check(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_json_t *findings;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(nothing(request));
  GK_TRY(gk_pack_check(&findings, &pack, &request->act, id, request->if_match));
  gk_rest_pack_answer(response, &pack, request->pool);
  gk_json_t *json = gk_json_object(request->pool);
  gk_json_set(json, "pack", response->json);
  gk_json_set(json, "findings", findings);
  response->json = json;
  return NULL;
}

/* ---- dry run ----------------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_packs_rehearse(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(nothing(request));
  gk_json_t *args = gk_json_object(request->pool);
  gk_json_set_int(args, "pack", id);
  GK_TRY(gk_job_create(&job, &request->act, "rehearse_pack", args));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/jobs/%" APR_INT64_T_FMT, job.id);
  response->json = gk_job_json(&job, request->pool);
  return NULL;
}

static void remark(gk_json_t *list, const char *rule, const char *code, apr_pool_t *pool)
{
  gk_json_t *one = gk_json_object(pool);
  gk_json_set_str(one, "rule", rule);
  gk_json_set_str(one, "code", code);
  gk_json_add(list, one);
}

/* What an approver should see: changed rules under which nobody's outcome differs, ones that everybody newly fails, and ones
 * that can't be computed on some records. */
static gk_json_t *remarks(const gk_json_t *counts, apr_int64_t records, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool), *changed = gk_json_get(counts, "changed"), *rules = gk_json_get(counts, "rules");
  for (apr_size_t i = 0; records > 0 && i < gk_json_size(changed); i++) {
    const char *id = gk_json_str_value(gk_json_at(changed, i));
    const gk_json_t *row = gk_json_get(rules, id);
    bool everybody = row != NULL && gk_json_int(row, "failing") == records;
    if (row != NULL && gk_json_int(row, "undecided") > 0)
      remark(list, id, "undecided", pool);
    if (row == NULL || everybody)
      remark(list, id, everybody ? "everybody" : "nobody", pool);
  }
  return list;
}

static gk_json_t *rehearsal_json(const gk_rehearsal_row_t *row, bool reversed, bool counts_now, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *counts = NULL;
  gk_json_set_int(json, "id", row->id);
  gk_json_set_int(json, "job", row->job_id);
  gk_json_set_str(json, "state", row->state);
  gk_json_set_int(json, "against", row->base_id);
  gk_json_set_bool(json, "reversed", reversed);
  gk_json_set_bool(json, "counts_now", counts_now);
  gk_json_set_int(json, "records", row->done);
  gk_json_set_int(json, "newly_failing", reversed ? row->passing : row->failing);
  gk_json_set_int(json, "newly_passing", reversed ? row->failing : row->passing);
  gk_json_set_int(json, "other", row->other);
  gk_json_set_int(json, "unchanged", row->done - row->failing - row->passing - row->other);
  if (gk_json_parse(&counts, row->counts, strlen(row->counts), pool) != NULL || counts == NULL)
    counts = gk_json_object(pool);
  gk_json_t *rules = gk_json_get(counts, "rules"), *counties = gk_json_get(counts, "counties");
  gk_json_set(json, "rules", rules != NULL ? rules : gk_json_object(pool));
  gk_json_set(json, "remarks", remarks(counts, reversed ? 0 : row->done, pool));
  gk_json_set(json, "counties", counties != NULL ? counties : gk_json_object(pool));
  gk_json_set_time(json, "created_at", row->created);
  gk_json_set_time(json, "finished_at", row->finished);
  return json;
}

gk_error_t *gk_rest_packs_rehearsal(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  gk_rehearsal_row_t *row, *counts;
  bool reversed;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_act_season(&request->act));
  GK_TRY(gk_store_pack(&pack, &request->act, id));
  GK_TRY(gk_pack_rehearsal(&counts, &reversed, &request->act, &pack));
  GK_TRY(gk_rehearsal_store_last(&row, &request->act, id, false, 0));
  if (counts != NULL && (row == NULL || reversed || row->id == counts->id))
    row = counts;
  else
    reversed = false;
  response->json = gk_json_object(request->pool);
  if (row != NULL)
    gk_json_set(response->json, "rehearsal", rehearsal_json(row, reversed, row == counts, request->pool));
  else
    gk_json_set_null(response->json, "rehearsal");
  return NULL;
}

/* The newest dry run that is whole. */
static gk_error_t *last_whole(gk_rehearsal_row_t **row, gk_request_t *request, apr_int64_t id)
{
  gk_pack_row_t pack;
  GK_TRY(gk_store_pack(&pack, &request->act, id));
  return gk_rehearsal_store_last(row, &request->act, id, true, 0);
}

gk_error_t *gk_rest_packs_records(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_error_t *error = NULL;
  gk_rehearsal_row_t *row;
  gk_rehearsal_filter_t filter = {0};
  apr_array_header_t *hits = apr_array_make(request->pool, 1, sizeof(gk_rehearsal_hit_t));
  GK_TRY(gk_arg_id(&id, request, 0));
  filter.outcome = gk_query_word(request, "outcome", "failing|passing|other", &error);
  filter.rule = gk_query_str(request, "rule", 100, &error);
  filter.confirmed = gk_query_int(request, "confirmed", 0, 1, 0, &error) != 0;
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(last_whole(&row, request, id));
  if (row != NULL)
    GK_TRY(gk_rehearsal_store_records(&hits, &request->act, row->id, &filter, after, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < hits->nelts && i < limit; i++) {
    const gk_rehearsal_hit_t *hit = &APR_ARRAY_IDX(hits, i, gk_rehearsal_hit_t);
    gk_json_t *one = gk_json_object(request->pool), *rules = gk_json_array(request->pool);
    gk_json_set_int(one, "candidate_id", hit->candidate_id);
    gk_json_set_str(one, "number", hit->number);
    gk_json_set_str(one, "name", hit->name);
    gk_json_set_str(one, "school", hit->school);
    gk_json_set_str(one, "state", hit->state);
    gk_json_set_str(one, "outcome", hit->outcome);
    gk_json_set_bool(one, "confirmed", hit->confirmed);
    gk_json_set_str(one, "decision", hit->decision);
    char *words = apr_pstrdup(request->pool, hit->rules), *last = NULL;
    for (char *word = apr_strtok(words, " ", &last); word != NULL; word = apr_strtok(NULL, " ", &last))
      gk_json_add_str(rules, word);
    gk_json_set(one, "rules", rules);
    gk_json_add(items, one);
  }
  const char *cursor = hits->nelts > limit ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT,
                                                          APR_ARRAY_IDX(hits, limit - 1, gk_rehearsal_hit_t).candidate_id)
                                           : NULL;
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_packs_decide(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id, count = 0;
  gk_rehearsal_row_t *row;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *decision = gk_decode_word(&d, "decision", GK_REQUIRED, "keep|return");
  const char *rule = gk_decode_str(&d, "rule", GK_OPTIONAL, 1, 100);
  const char *reason = gk_decode_str(&d, "reason", GK_REQUIRED | GK_MULTILINE, 4, 500);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_pack_row_get(&pack, &request->act, id));
  GK_TRY(gk_local_above(&request->act, &pack));
  GK_TRY(last_whole(&row, request, id));
  if (row == NULL)
    return gk_error(request->pool, GK_E_WRONG_STATE, "还没有试运行结果", "There is no dry run yet");
  GK_TRY(gk_act_begin(&request->act));
  GK_TRY(gk_rehearsal_store_decide(&count, &request->act, row->id, rule, decision));
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "decision", decision);
  gk_json_set_int(response->json, "records", count);
  gk_json_t *after = gk_json_copy(response->json, request->pool);
  gk_json_set_int(after, "rehearsal", row->id);
  gk_json_set_str(after, "rule", rule);
  gk_json_set_str(after, "reason", reason);
  return gk_audit(&request->act, "pack.decide", "pack", id, 1, request->act.who->org_path, NULL, after);
}

gk_error_t *gk_rest_packs_compare(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  apr_int64_t candidate = gk_query_int(request, "candidate_id", 1, APR_INT64_MAX, 0, &error);
  if (candidate == 0 && error == NULL)
    gk_violation(&error, request->pool, "?candidate_id", "required", "请指定考生", "Say which candidate");
  GK_TRY(gk_query_end(request, error));
  return gk_pack_compare(&response->json, &request->act, id, candidate);
}

gk_error_t *gk_rest_packs_trial(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *rule = gk_decode_str(&d, "rule", GK_OPTIONAL, 1, 100);
  const char *test = gk_decode_str(&d, "test", GK_OPTIONAL | GK_MULTILINE, 1, 4000);
  apr_int64_t candidate = gk_decode_int(&d, "candidate_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_OPTIONAL);
  if (fields != NULL && !gk_json_is_null(fields) && !gk_json_is_object(fields))
    gk_decode_fault(&d, "fields", "type", "应为 JSON 对象", "It has to be a JSON object");
  if (candidate != 0 && gk_json_is_object(fields))
    gk_decode_fault(&d, "candidate_id", "one", "考生和填写的内容只能给一样", "Give either a candidate or fields");
  gk_json_t *conditions = gk_decode_any(&d, "conditions", GK_OPTIONAL);
  if (conditions != NULL && !gk_json_is_null(conditions)) {
    if (test != NULL)
      gk_decode_fault(&d, "conditions", "one", "条件只能用一种写法", "Give either a test or conditions");
    test = gk_rest_conditions(&d, conditions);
  }
  if (rule != NULL && test != NULL)
    gk_decode_fault(&d, "test", "one", "规则编号和条件只能给一样", "Give either a rule or a test");
  GK_TRY(gk_decode_end(&d));
  return gk_pack_try(&response->json, &request->act, id, rule, test, candidate, gk_json_is_object(fields) ? fields : NULL);
}

/* ---- approval and activation ------------------------------------------------------------------------------- */

gk_error_t *gk_rest_packs_approve(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_error_t *refusal;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *code = gk_decode_str(&d, "totp", GK_REQUIRED, 6, 10);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_session_confirm(&refusal, &request->act, gk_rest_known_browser(request), NULL, code));
  if (refusal != NULL) { /* the failure is counted: the transaction ends well */
    gk_problem(response, refusal, request->lang, request->act.request_id, request->pool);
    return NULL;
  }
  GK_TRY(gk_pack_approve(&pack, &request->act, id, request->if_match));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}

gk_error_t *gk_rest_packs_activate(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  gk_activation_t wish;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  wish.at = gk_decode_time(&d, "at", GK_OPTIONAL);
  wish.reason = gk_decode_str(&d, "reason", GK_REQUIRED | GK_MULTILINE, 4, 500);
  wish.failing = gk_decode_int(&d, "newly_failing", GK_OPTIONAL, 0, APR_INT64_MAX, -1);
  if (wish.at != 0 && wish.at <= request->act.now)
    gk_decode_fault(&d, "at", "past", "时间已过；要立即启用请不填时间", "That is past: leave it out to activate at once");
  if (wish.at > request->act.now + 366 * (apr_time_t)24 * 3600 * APR_USEC_PER_SEC)
    gk_decode_fault(&d, "at", "far", "不能晚于一年", "At most a year ahead");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_pack_activate(&pack, &request->act, id, request->if_match, &wish));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}

gk_error_t *gk_rest_packs_unschedule(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_pack_unschedule(&pack, &request->act, id, request->if_match));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}

gk_error_t *gk_rest_packs_withdraw(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *reason = gk_decode_str(&d, "reason", GK_REQUIRED | GK_MULTILINE, 4, 500);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_pack_withdraw(&pack, &request->act, id, request->if_match, reason));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}
