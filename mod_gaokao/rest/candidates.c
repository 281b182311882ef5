/* rest/candidates.c: /candidates: list, create, read, change, history, verdicts, approval. */
#include "rest/candidates.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/audit_view.h"
#include "domain/returns.h"
#include "domain/review.h"
#include "domain/why_not.h"
#include "rest/router.h"

#define STATES \
  "waiting|allocated|identified|card_printed|reviewed|filling|proofed|confirmed|submitted|accepted|withdrawn"
#define QUEUES "to_approve|to_read|to_print|to_review|to_fill|to_proof|to_confirm|to_submit"

/* ---- shared ---------------------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_answer(gk_request_t *request, gk_response_t *response, gk_candidate_t *candidate)
{
  gk_act_t *act = &request->act;
  gk_json_t *json, *items, *fee, *review, *login, *returned, *papers = gk_json_object(request->pool);
  GK_TRY(gk_candidate_json(&json, candidate, true, request->pool));
  GK_TRY(gk_papers_json(&items, act, candidate));
  GK_TRY(gk_fee_json(&fee, act, candidate));
  GK_TRY(gk_review_last(&review, act, candidate->id));
  GK_TRY(gk_login_json(&login, act, candidate->id));
  GK_TRY(gk_return_of(&returned, act, candidate));
  if (login != NULL)
    gk_json_set(json, "login", login);
  else
    gk_json_set_null(json, "login");
  gk_json_set_str(papers, "state", candidate->papers_state);
  gk_json_set(papers, "items", items);
  gk_json_set(json, "papers", papers);
  gk_json_set(json, "fee", fee);
  if (review != NULL)
    gk_json_set(json, "review", review);
  else
    gk_json_set_null(json, "review");
  if (returned != NULL)
    gk_json_set(json, "returned", returned);
  else
    gk_json_set_null(json, "returned");
  response->json = json;
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}

const char *gk_decode_reason(gk_decode_t *d, int flags)
{
  return gk_decode_str(d, "reason", flags, 2, 200);
}

gk_json_t *gk_decode_words(gk_decode_t *d, const char *key, apr_size_t max_items)
{
  gk_json_t *list = gk_decode_array(d, key, GK_OPTIONAL, max_items);
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    const char *word = gk_json_str_value(gk_json_at(list, i));
    if (word == NULL || word[0] == '\0' || strlen(word) > 60)
      gk_decode_fault(d, apr_psprintf(d->pool, "%s/%d", key, (int)i), "type", "应为一个短的标识", "Must be a short id");
  }
  return list;
}

/* ---- list ------------------------------------------------------------------------------------------------ */

gk_error_t *gk_rest_candidates_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *candidates;
  const char *next;
  gk_candidate_filter_t filter = {
      .q = gk_query_str(request, "q", 60, &error),
      .state = gk_query_word(request, "state", STATES, &error),
      .subject = gk_query_str(request, "subject", 4, &error),
      .class_name = gk_query_str(request, "class", 20, &error),
      .school = gk_query_str(request, "school", 60, &error),
      .org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error),
  };
  filter.reason = gk_query_str(request, "reason", 200, &error);
  const char *queue = gk_query_word(request, "queue", QUEUES, &error);
  const char *flagged = gk_query_word(request, "flagged", "true|false", &error);
  const char *after = gk_query_str(request, "after", 20, &error);
  int limit = gk_query_limit(request, &error);
  if (queue != NULL && filter.state != NULL)
    gk_violation(&error, request->pool, "?queue", "twice", "state 和 queue 只能用一个", "Give state or queue, not both");
  GK_TRY(gk_query_end(request, error));
  if (queue != NULL)
    filter.state = gk_candidate_queue_state(queue);
  filter.flagged = flagged != NULL && flagged[0] == 't';
  GK_TRY(gk_candidate_list(&candidates, &next, &request->act, &filter, after, limit));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < candidates->nelts; i++) {
    gk_json_t *row;
    GK_TRY(gk_candidate_row_json(&row, APR_ARRAY_IDX(candidates, i, gk_candidate_t *), request->pool));
    gk_json_add(items, row);
  }
  gk_response_list(request, response, items, next);
  return NULL;
}

/* ---- one record ------------------------------------------------------------------------------------------ */

gk_error_t *gk_rest_candidates_create(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  gk_error_t *refused;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *subject = gk_decode_str(&d, "subject", GK_REQUIRED, 1, 4);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_type_in(&candidate, &refused, &request->act, subject, org_id, fields));
  if (refused != NULL) { /* a refusal that leaves an audit row: answered here, so that the row is committed */
    gk_problem(response, refused, request->lang, request->act.request_id, request->pool);
    return NULL;
  }
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/candidates/%" APR_INT64_T_FMT, candidate->id);
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_candidate_read(&candidate, &request->act, id));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_REQUIRED);
  const char *reason = gk_decode_reason(&d, GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_update(&candidate, &request->act, id, request->if_match, fields, reason));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_approval(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  int checked = -1;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *decision = gk_decode_word(&d, "decision", GK_REQUIRED, "granted|refused");
  if (gk_decode_has(&d, "identity_checked"))
    checked = gk_decode_bool(&d, "identity_checked", GK_OPTIONAL, false);
  const char *reason = gk_decode_reason(&d, GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_approve(&candidate, &request->act, id, request->if_match, decision[0] == 'g', checked, reason));
  return gk_candidate_answer(request, response, candidate);
}

/* ---- history and verdicts -------------------------------------------------------------------------------- */

gk_error_t *gk_rest_candidates_history(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  apr_array_header_t *entries;
  gk_error_t *error = NULL;
  const char *cursor = NULL;
  gk_audit_filter_t filter = {.object_kind = "candidate"};
  GK_TRY(gk_arg_id(&id, request, 0));
  filter.object_id = id;
  filter.before_seq = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_candidate_read(&candidate, &request->act, id));
  GK_TRY(gk_audit_list(&entries, &request->act, &filter, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < entries->nelts && i < limit; i++)
    gk_json_add(items, gk_audit_entry_json(&APR_ARRAY_IDX(entries, i, gk_audit_entry_t), request->act.season->pack,
                                           true, request->pool));
  if (entries->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(entries, limit - 1, gk_audit_entry_t).seq);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_candidates_verdicts(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  apr_array_header_t *verdicts;
  gk_error_t *error = NULL;
  GK_TRY(gk_arg_id(&id, request, 0));
  const char *stage = gk_query_word(request, "stage", "fill|review|confirm|submit|export", &error);
  GK_TRY(gk_query_end(request, error));
  if (stage == NULL)
    stage = "fill";
  GK_TRY(gk_candidate_read(&candidate, &request->act, id));
  GK_TRY(gk_candidate_verdicts(&verdicts, &request->act, candidate, gk_stage_bit(stage)));
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "stage", stage);
  gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  gk_json_set(response->json, "verdicts",
              gk_why_not_json(verdicts, request->act.season->pack, request->pool));
  gk_response_tag(request, response, candidate->version);
  return NULL;
}
