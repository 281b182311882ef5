/* rest/me.c: /me: the candidate's own record. */
#include <string.h>
#include <apr_strings.h>

#include "domain/audit_view.h"
#include "domain/own.h"
#include "domain/part.h"
#include "domain/returns.h"
#include "rest/request.h"

/* Why the province gave it back; reads nothing where it did not. */
static gk_error_t *add_returned(gk_json_t *json, gk_request_t *request, const gk_candidate_t *candidate)
{
  gk_json_t *returned;
  GK_TRY(gk_return_of(&returned, &request->act, candidate));
  if (returned != NULL)
    gk_json_set(json, "returned", returned);
  else
    gk_json_set_null(json, "returned");
  return NULL;
}

/* The hot path: one point read, and the stored fields go out as they are instead of being parsed and written again. */
gk_error_t *gk_rest_me_get(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_candidate_own(&candidate, &request->act));
  gk_json_t *json = gk_candidate_head_json(candidate, false, request->pool);
  GK_TRY(add_returned(json, request, candidate));
  const char *head = gk_json_text(json, request->pool);
  const char *fields = candidate->doc_text[0] != '\0' ? candidate->doc_text : "{}";
  apr_size_t length = strlen(head), fields_length = strlen(fields);
  char *text = apr_palloc(request->pool, length + fields_length + sizeof(",\"fields\":}"));
  char *end = text;
  memcpy(end, head, length - 1); /* without the closing brace */
  end += length - 1;
  memcpy(end, ",\"fields\":", 10);
  end += 10;
  memcpy(end, fields, fields_length);
  end += fields_length;
  *end++ = '}';
  *end = '\0';
  response->text = text;
  response->length = (apr_size_t)(end - text);
  response->media_type = "application/json";
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, gk_candidate_t *candidate)
{
  GK_TRY(gk_candidate_json(&response->json, candidate, false, request->pool));
  GK_TRY(add_returned(response->json, request, candidate));
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}

gk_error_t *gk_rest_me_update(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  apr_array_header_t *verdicts;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_own_save(&candidate, &verdicts, &request->act, request->if_match, fields));
  GK_TRY(answer(request, response, candidate));
  gk_json_set(response->json, "verdicts", gk_verdicts_json(verdicts, request->act.season->pack, request->pool));
  return NULL;
}

gk_error_t *gk_rest_me_pledge(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  gk_guardian_t guardian = {0};
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  if (!gk_decode_bool(&d, "accepted", GK_REQUIRED, false) && gk_decode_has(&d, "accepted"))
    gk_decode_fault(&d, "accepted", "not-accepted", "不接受承诺不能填报", "Without accepting the pledge nothing can be filled in");
  if (!gk_decode_bool(&d, "privacy", GK_REQUIRED, false) && gk_decode_has(&d, "privacy"))
    gk_decode_fault(&d, "privacy", "not-accepted", "不同意个人信息处理告知不能网上填报，请到报名点办理",
                    "Without agreeing to the notice on personal data nothing can be filled in here; go to your registration point");
  gk_decode_t inner = gk_decode_nested(&d, "guardian", 0);
  if (inner.object != NULL) {
    guardian.name = gk_decode_str(&inner, "name", GK_REQUIRED, 1, 60);
    guardian.relation = gk_decode_str(&inner, "relation", GK_REQUIRED, 1, 20);
    gk_decode_join(&d, &inner);
  }
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_own_pledge(&candidate, &request->act, request->if_match, &guardian));
  return answer(request, response, candidate);
}

gk_error_t *gk_rest_me_verdicts(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  apr_array_header_t *verdicts;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_candidate_own(&candidate, &request->act));
  GK_TRY(gk_candidate_verdicts(&verdicts, &request->act, candidate, GK_STAGE_FILL));
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "stage", "fill");
  gk_json_set(response->json, "verdicts", gk_verdicts_json(verdicts, request->act.season->pack, request->pool));
  gk_response_tag(request, response, candidate->version);
  return NULL;
}

enum { HISTORY_MAX = 1000 };

/* Who of the staff it was is the authority's business; the role and the moment are the candidate's. */
static gk_json_t *history_of(apr_array_header_t *entries, const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < entries->nelts; i++) {
    gk_json_t *whole = gk_audit_entry_json(&APR_ARRAY_IDX(entries, i, gk_audit_entry_t), pack, false, pool);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set(one, "at", gk_json_get(whole, "at"));
    gk_json_set(one, "action", gk_json_get(whole, "action"));
    gk_json_set(one, "role", gk_json_get(gk_json_get(whole, "actor"), "role"));
    gk_json_set(one, "changes", gk_json_get(whole, "changes"));
    gk_json_add(list, one);
  }
  return list;
}

/* All that is kept of the candidate, for the candidate (PIPL art. 45). */
gk_error_t *gk_rest_me_data(gk_request_t *request, gk_response_t *response)
{
  gk_act_t *act = &request->act;
  gk_candidate_t *candidate;
  apr_array_header_t *parts, *entries;
  gk_json_t *record, *list = gk_json_array(request->pool);
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_candidate_own(&candidate, act));
  GK_TRY(gk_candidate_json(&record, candidate, false, request->pool));
  GK_TRY(gk_part_store_list(&parts, act, candidate->id));
  for (int i = 0; i < parts->nelts; i++)
    gk_json_add(list, gk_part_json(&APR_ARRAY_IDX(parts, i, gk_part_row_t), act->season->pack, request->pool));
  gk_audit_filter_t filter = {.object_kind = "candidate", .object_id = candidate->id};
  GK_TRY(gk_audit_list(&entries, act, &filter, HISTORY_MAX));
  response->json = gk_json_object(request->pool);
  gk_json_set_time(response->json, "at", act->now);
  gk_json_set(response->json, "record", record);
  gk_json_set(response->json, "parts", list);
  gk_json_set(response->json, "history", history_of(entries, act->season->pack, request->pool));
  return NULL;
}
