/* rest/me.c: /me: the candidate's own record. */
#include <string.h>
#include <apr_strings.h>

#include "domain/own.h"
#include "rest/request.h"

/* The hot path: one point read, and the stored fields go out as they are instead of being parsed and written again. */
gk_error_t *gk_rest_me_get(gk_request_t *request, gk_response_t *response)
{
  gk_candidate_t *candidate;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_candidate_own(&candidate, &request->act));
  const char *head = gk_json_text(gk_candidate_head_json(candidate, false, request->pool), request->pool);
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
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  if (!gk_decode_bool(&d, "accepted", GK_REQUIRED, false) && gk_decode_has(&d, "accepted"))
    gk_decode_fault(&d, "accepted", "not-accepted", "不接受承诺不能填报", "Without accepting the pledge nothing can be filled in");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_own_pledge(&candidate, &request->act, request->if_match));
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
  response->etag = gk_etag(request->pool, candidate->version);
  return NULL;
}
