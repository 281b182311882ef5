/* rest/readings.c: /readings: readings of identity cards. */
#include <string.h>
#include <apr_strings.h>

#include "domain/reading.h"
#include "rest/request.h"

#define LAYOUTS "resident|hmt_permit|foreigner_2017|foreigner_2023"
#define VERDICTS                                                                                       \
  "created|identified|verified|different|decided|registered_elsewhere|unknown|unassigned|undecoded|"    \
  "picture|examination|unmatched"
#define FLAGS "late|future|out-of-order|seq-reused|layout-differs|kind-not-enrolled|after-theft"
#define PHOTO_MAX 8000 /* the raw block has 1,024 bytes, some readers hand out the decoded picture */

static const char *decode_token(gk_decode_t *d, const char *key, apr_size_t max, const char *characters)
{
  const char *text = gk_decode_str(d, key, GK_OPTIONAL, 1, max);
  if (text != NULL && text[strspn(text, characters)] != '\0')
    gk_decode_fault(d, key, "characters", "含有不允许的字符", "Holds characters that are not allowed here");
  return text;
}

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* The layout may stand beside the card or in it. */
static gk_json_t *decode_card(gk_decode_t *d, const char **layout)
{
  static const char *const keys[] = {"name",      "sex",    "nation",     "birth",   "address",
                                     "id_number", "issuer", "valid_from", "valid_to"};
  gk_json_t *card = gk_json_object(d->pool);
  gk_decode_t inner = gk_decode_nested(d, "card", GK_REQUIRED);
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    const char *text = gk_decode_str(&inner, keys[i], GK_OPTIONAL, 0, 120);
    if (text != NULL && text[0] != '\0')
      gk_json_set_str(card, keys[i], text);
  }
  const char *inside = gk_decode_word(&inner, "layout", GK_OPTIONAL, LAYOUTS);
  const char *beside = gk_decode_word(d, "layout", GK_OPTIONAL, LAYOUTS);
  *layout = beside != NULL ? beside : inside != NULL ? inside : "resident";
  gk_decode_join(d, &inner);
  return card;
}

gk_error_t *gk_rest_readings_create(gk_request_t *request, gk_response_t *response)
{
  gk_reading_t *reading;
  gk_candidate_t *candidate;
  gk_reading_wish_t wish = {.jti = NULL};
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  wish.jti = decode_token(&d, "jti", 64, ALNUM "-_");
  if (wish.jti != NULL ? strlen(wish.jti) < 8 : !gk_decode_has(&d, "jti"))
    gk_decode_fault(&d, "jti", "required", "每次读卡要有一个不重复的编号，8 到 64 个字母数字",
                    "Each reading needs an id of its own: 8 to 64 letters and digits");
  wish.taken = gk_decode_time(&d, "taken_at", GK_REQUIRED);
  wish.purpose = gk_decode_word(&d, "purpose", GK_REQUIRED, "create|verify|test");
  wish.org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  wish.subject = gk_decode_str(&d, "subject", GK_OPTIONAL, 1, 4);
  wish.candidate_id = gk_decode_int(&d, "candidate_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  if (wish.candidate_id != 0 && wish.purpose != NULL && strcmp(wish.purpose, "verify") != 0)
    gk_decode_fault(&d, "candidate_id", "not-here", "只有核对(verify)时才指明考生", "A candidate is named only to verify");
  wish.photo = decode_token(&d, "photo", PHOTO_MAX, ALNUM "+/=");
  wish.card = decode_card(&d, &wish.layout);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_reading_take(&reading, &candidate, &request->act, &wish));
  response->json = gk_reading_json(reading, true, request->pool);
  if (candidate != NULL)
    gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  else
    gk_json_set_null(response->json, "candidate");
  gk_json_set_bool(response->json, "replayed", reading->replayed);
  if (reading->id == 0 || reading->replayed)
    return NULL;
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/readings/%" APR_INT64_T_FMT, reading->id);
  return NULL;
}

gk_error_t *gk_rest_readings_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *readings;
  const char *cursor = NULL;
  gk_reading_filter_t filter = {
      .candidate_id = gk_query_int(request, "candidate_id", 1, APR_INT64_MAX, 0, &error),
      .device_id = gk_query_int(request, "device_id", 1, APR_INT64_MAX, 0, &error),
      .verdict = gk_query_word(request, "verdict", VERDICTS, &error),
      .flag = gk_query_word(request, "flag", FLAGS, &error),
      .before_id = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error),
  };
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_reading_list(&readings, &request->act, &filter, limit));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < readings->nelts && i < limit; i++)
    gk_json_add(items, gk_reading_json(APR_ARRAY_IDX(readings, i, gk_reading_t *), false, request->pool));
  if (readings->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(readings, limit - 1, gk_reading_t *)->id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_readings_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_reading_t *reading;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_reading_get(&reading, &request->act, id));
  response->json = gk_reading_json(reading, true, request->pool);
  return NULL;
}
