/* Bodies from strangers, read key by key: what comes out is of its kind, in its range and clean. */
#include "fuzz/gk_fuzz.h"

#include "base/json.h"
#include "base/text.h"

static void clean(const char *text, apr_size_t max, bool lines)
{
  if (text == NULL)
    return;
  GK_FUZZ_HOLDS(gk_utf8_valid(text, strlen(text)));
  GK_FUZZ_HOLDS(gk_utf8_length(text) <= max);
  GK_FUZZ_HOLDS(gk_text_forbidden(text, lines) == 0);
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *body;
  if (gk_json_parse(&body, text, length, pool) != NULL)
    return;
  gk_decode_t d = gk_decode_start(body, pool);
  gk_decode_has(&d, "name");
  clean(gk_decode_str(&d, "name", GK_REQUIRED, 1, 60), 60, false);
  clean(gk_decode_str(&d, "text", GK_MULTILINE, 0, 300), 300, true);
  const char *word = gk_decode_word(&d, "word", 0, "one|two");
  GK_FUZZ_HOLDS(word == NULL || strcmp(word, "one") == 0 || strcmp(word, "two") == 0);
  apr_int64_t number = gk_decode_int(&d, "n", 0, -3, 99999, 5);
  GK_FUZZ_HOLDS(number >= -3 && number <= 99999);
  gk_decode_bool(&d, "flag", 0, false);
  apr_time_t when = gk_decode_time(&d, "at", 0);
  gk_json_t *list = gk_decode_array(&d, "list", 0, 5);
  GK_FUZZ_HOLDS(list == NULL || gk_json_size(list) <= 5);
  gk_decode_t inner = gk_decode_nested(&d, "inner", 0);
  clean(gk_decode_str(&inner, "name", GK_REQUIRED, 2, 10), 10, false);
  gk_decode_int(&inner, "n", GK_REQUIRED, 0, 1, 0);
  gk_decode_join(&d, &inner);
  gk_error_t *error = gk_decode_end(&d);
  if (error == NULL) {
    GK_FUZZ_HOLDS(gk_json_is_object(body) && gk_json_str(body, "name") != NULL);
    GK_FUZZ_HOLDS(when == 0 || gk_json_str(body, "at") != NULL);
    return;
  }
  /* Each fault names its place and says what is wrong, in text that a reply can carry. */
  GK_FUZZ_HOLDS(error->violations != NULL && error->violations->nelts > 0);
  for (int i = 0; i < error->violations->nelts; i++) {
    const gk_violation_t *fault = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    GK_FUZZ_HOLDS(gk_utf8_valid(fault->pointer, strlen(fault->pointer)));
    GK_FUZZ_HOLDS(gk_utf8_valid(fault->zh, strlen(fault->zh)) && gk_utf8_valid(fault->en, strlen(fault->en)));
    GK_FUZZ_HOLDS(fault->zh[0] != '\0' && fault->en[0] != '\0' && fault->code[0] != '\0');
  }
}
