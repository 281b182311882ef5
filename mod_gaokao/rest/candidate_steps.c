/* rest/candidate_steps.c: /candidates/...: cards, papers, fee, review, proof, confirmation and the ways back (W4 to W7). */
#include "rest/candidates.h"

#include <apr_strings.h>

#include "domain/confirm.h"
#include "domain/reading.h"
#include "domain/review.h"

/* ---- login cards ----------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_candidates_cards(gk_request_t *request, gk_response_t *response)
{
  apr_array_header_t *cards;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *ids = gk_decode_array(&d, "ids", GK_OPTIONAL, GK_CARDS_MAX);
  const char *from = gk_decode_str(&d, "from", GK_OPTIONAL, 1, 20);
  const char *to = gk_decode_str(&d, "to", GK_OPTIONAL, 1, 20);
  const char *class_name = gk_decode_str(&d, "class", GK_OPTIONAL, 1, 20);
  for (apr_size_t i = 0; i < gk_json_size(ids); i++)
    if (!gk_json_is_int(gk_json_at(ids, i)))
      gk_decode_fault(&d, apr_psprintf(request->pool, "ids/%d", (int)i), "type", "应为考生编号(整数)",
                      "Must be a candidate's id (a whole number)");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_cards_print(&cards, &request->act, ids, from, to, class_name));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < cards->nelts; i++) {
    gk_json_t *card;
    GK_TRY(gk_login_card_json(&card, &APR_ARRAY_IDX(cards, i, gk_login_card_t), &request->act));
    gk_json_add(items, card);
  }
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "items", items);
  response->keep_private = true;
  return NULL;
}

gk_error_t *gk_rest_candidates_new_slip(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_login_card_t card;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  bool seen = gk_decode_bool(&d, "card_seen", GK_OPTIONAL, false);
  bool used = gk_decode_bool(&d, "used", GK_OPTIONAL, false);
  apr_int64_t reading_id = gk_decode_int(&d, "reading_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  if (!seen)
    gk_decode_fault(&d, "card_seen", "required", "请核对身份证原件后再重置密码", "Look at the ID card before giving a new password");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_card_renew(&card, &request->act, id, request->if_match, reading_id, used));
  GK_TRY(gk_login_card_json(&response->json, &card, &request->act));
  response->etag = gk_etag(request->pool, card.candidate->version);
  response->keep_private = true;
  return NULL;
}

/* ---- identity, papers, fee, review ----------------------------------------------------------------------- */

gk_error_t *gk_rest_candidates_identity(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t reading_id = gk_decode_int(&d, "reading_id", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  gk_json_t *accept = gk_decode_words(&d, "accept", 20);
  const char *reason = gk_decode_reason(&d, GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  if (accept == NULL)
    accept = gk_json_array(request->pool);
  GK_TRY(gk_reading_decide(&candidate, &request->act, id, request->if_match, reading_id, accept, reason));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_papers(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *list = gk_decode_array(&d, "items", GK_REQUIRED, 50), *items = gk_json_array(request->pool);
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    gk_decode_t item = gk_decode_start(gk_json_at(list, i), request->pool);
    gk_json_t *paper = gk_json_object(request->pool);
    item.prefix = apr_psprintf(request->pool, "/items/%d", (int)i);
    gk_json_set_str(paper, "id", gk_decode_str(&item, "id", GK_REQUIRED, 1, 60));
    gk_json_set_bool(paper, "seen", gk_decode_bool(&item, "seen", GK_REQUIRED, false));
    const char *note = gk_decode_str(&item, "note", GK_OPTIONAL, 1, 100);
    if (note != NULL)
      gk_json_set_str(paper, "note", note);
    gk_decode_join(&d, &item);
    gk_json_add(items, paper);
  }
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_papers_put(&candidate, &request->act, id, request->if_match, items));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_fee(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  gk_fee_t fee;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *receipt = gk_decode_str(&d, "receipt", GK_REQUIRED, 1, 40);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_fee_pay(&candidate, &fee, &request->act, id, request->if_match, receipt));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_fee_cancel(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *reason = gk_decode_reason(&d, GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_fee_cancel(&candidate, &request->act, id, request->if_match, reason));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_review(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *verdict = gk_decode_word(&d, "verdict", GK_REQUIRED, "pass|fail");
  const char *reason = gk_decode_reason(&d, GK_OPTIONAL);
  gk_json_t *accepted = gk_decode_words(&d, "accepted", 100);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_review_decide(&candidate, &request->act, id, request->if_match, verdict[0] == 'p', reason, accepted));
  return gk_candidate_answer(request, response, candidate);
}

/* ---- proof and confirmation ------------------------------------------------------------------------------ */

static gk_error_t *answer_proof(gk_request_t *request, gk_response_t *response, const gk_proof_t *proof,
                                const gk_candidate_t *candidate)
{
  GK_TRY(gk_proof_json(&response->json, &request->act, proof, candidate));
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}

gk_error_t *gk_rest_candidates_proof(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  gk_proof_t proof;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_proof_print(&candidate, &proof, &request->act, id, request->if_match));
  return answer_proof(request, response, &proof, candidate);
}

gk_error_t *gk_rest_candidates_proof_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id, version;
  gk_candidate_t *candidate;
  gk_proof_t proof;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_arg_id(&version, request, 1));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_proof_get(&proof, &candidate, &request->act, id, version));
  return answer_proof(request, response, &proof, candidate);
}

gk_error_t *gk_rest_candidates_confirm(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_int64_t proof_version = gk_decode_int(&d, "proof_version", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  apr_int64_t reading_id = gk_decode_int(&d, "reading_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  bool papers_seen = gk_decode_bool(&d, "papers_seen", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_confirm(&candidate, &request->act, id, request->if_match, proof_version, reading_id, papers_seen));
  return gk_candidate_answer(request, response, candidate);
}

/* ---- ways back ------------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_candidates_correct(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *reason = gk_decode_reason(&d, GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_correct(&candidate, &request->act, id, request->if_match, reason));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_return(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *to = gk_decode_word(&d, "to", GK_REQUIRED, "identified|card_printed|reviewed|filling");
  const char *reason = gk_decode_reason(&d, GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_return(&candidate, &request->act, id, request->if_match, to, reason));
  return gk_candidate_answer(request, response, candidate);
}

gk_error_t *gk_rest_candidates_withdraw(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *reason = gk_decode_reason(&d, GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_candidate_withdraw(&candidate, &request->act, id, request->if_match, reason));
  return gk_candidate_answer(request, response, candidate);
}
