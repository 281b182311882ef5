/* rest/parts.c: /candidates/{id}/parts and the parts themselves. */
#include "domain/part.h"
#include "rest/request.h"

gk_error_t *gk_rest_parts_list(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  apr_array_header_t *parts;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_parts_read(&parts, &candidate, &request->act, id));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < parts->nelts; i++)
    gk_json_add(items, gk_part_json(&APR_ARRAY_IDX(parts, i, gk_part_row_t), request->act.season->pack,
                                    request->pool));
  gk_response_list(request, response, items, NULL);
  gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}

static void answer(gk_request_t *request, gk_response_t *response, const gk_candidate_t *candidate,
                   const gk_part_row_t *part)
{
  response->json = gk_part_json(part, request->act.season->pack, request->pool);
  gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  response->etag = gk_etag(request->pool, candidate->version);
}

static gk_error_t *put(gk_request_t *request, gk_response_t *response, const char *kind)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  gk_part_row_t part;
  apr_array_header_t *verdicts;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_part_put(&candidate, &part, &verdicts, &request->act, kind, id, request->if_match, fields));
  answer(request, response, candidate, &part);
  gk_json_set(response->json, "verdicts",
              gk_verdicts_json(verdicts, request->act.season->pack, request->pool));
  return NULL;
}

gk_error_t *gk_rest_parts_appraisal(gk_request_t *request, gk_response_t *response)
{
  return put(request, response, "appraisal");
}

gk_error_t *gk_rest_parts_examination(gk_request_t *request, gk_response_t *response)
{
  return put(request, response, "examination");
}

gk_error_t *gk_rest_parts_grades(gk_request_t *request, gk_response_t *response)
{
  return put(request, response, "grades");
}

gk_error_t *gk_rest_parts_bonus(gk_request_t *request, gk_response_t *response)
{
  return put(request, response, "bonus");
}

gk_error_t *gk_rest_parts_bonus_decide(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  gk_part_row_t part;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *verdict = gk_decode_word(&d, "verdict", GK_REQUIRED, "approve|refuse");
  const char *reason = gk_decode_str(&d, "reason", GK_OPTIONAL, 2, 200);
  gk_json_t *fields = gk_decode_any(&d, "fields", GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_part_decide(&candidate, &part, &request->act, id, request->if_match, verdict[0] == 'a', reason,
                        fields));
  answer(request, response, candidate, &part);
  return NULL;
}
