/* Request heads from strangers. The first byte says which part the rest is: l language, c Cookie, q query, m If-Match,
 * k Idempotency-Key, t Content-Type, a Authorization, s Accept-Charset. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "rest/head.h"
#include "rest/request.h"

static void try_query(const char *text, apr_pool_t *pool)
{
  gk_request_t request = {.pool = pool};
  gk_error_t *error = NULL;
  request.query_seen = apr_array_make(pool, 4, sizeof(const char *));
  if (gk_head_query(&request.query, text, pool) != NULL)
    return;
  const char *found = gk_query_str(&request, "name", 20, &error);
  GK_FUZZ_HOLDS(found == NULL || (gk_utf8_length(found) <= 20 && gk_text_forbidden(found, false) == 0));
  apr_int64_t number = gk_query_int(&request, "n", -5, 1000, 7, &error);
  GK_FUZZ_HOLDS(number >= -5 && number <= 1000);
  found = gk_query_word(&request, "word", "one|two|three", &error);
  GK_FUZZ_HOLDS(found == NULL || strcmp(found, "one") == 0 || strcmp(found, "two") == 0 || strcmp(found, "three") == 0);
  int limit = gk_query_limit(&request, &error);
  GK_FUZZ_HOLDS(limit >= 1 && limit <= 200);
  gk_query_str(&request, "after", 100, &error);
  if (gk_query_end(&request, error) != NULL)
    return;
  /* The next page's query says the same but for its cursor. */
  gk_response_t response = {.headers = apr_table_make(pool, 1)};
  gk_response_list(&request, &response, gk_json_array(pool), "4,5&=%");
  apr_table_t *next;
  GK_FUZZ_HOLDS(gk_head_query(&next, response.link_next, pool) == NULL);
  GK_FUZZ_HOLDS(strcmp(apr_table_get(next, "after"), "4,5&=%") == 0);
  const apr_array_header_t *all = apr_table_elts(request.query);
  for (int i = 0; i < all->nelts; i++) {
    const apr_table_entry_t *entry = &APR_ARRAY_IDX(all, i, apr_table_entry_t);
    const char *again = apr_table_get(next, entry->key);
    GK_FUZZ_HOLDS(strcmp(entry->key, "after") == 0 || (again != NULL && strcmp(again, entry->val) == 0));
  }
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  const char *value = NULL;
  apr_int64_t number = 0;
  if (length == 0 || strlen(text) != length)
    return;
  switch (*text++) {
  case 'l':
    value = gk_head_language(text);
    GK_FUZZ_HOLDS(strcmp(value, "zh-CN") == 0 || strcmp(value, "en") == 0);
    break;
  case 'c':
    value = gk_head_cookie(text, "gk-hn", pool);
    GK_FUZZ_HOLDS(value == NULL || (strstr(text, value) != NULL && strchr(value, ';') == NULL));
    /* A second one takes both away. */
    if (value != NULL)
      GK_FUZZ_HOLDS(gk_head_cookie(apr_pstrcat(pool, text, "; gk-hn=x", NULL), "gk-hn", pool) == NULL);
    break;
  case 'q':
    try_query(text, pool);
    break;
  case 'a':
    value = gk_head_token(text);
    GK_FUZZ_HOLDS(value == NULL || strncmp(text, "GK-Token ", 9) == 0);
    break;
  case 's':
    value = gk_head_charset(text);
    GK_FUZZ_HOLDS(strcmp(value, "UTF-8") == 0 || strcmp(value, "GB18030") == 0);
    break;
  case 'm':
    if (gk_head_version(&number, text, pool) == NULL) {
      GK_FUZZ_HOLDS(number > 0);
      GK_FUZZ_HOLDS(strcmp(apr_psprintf(pool, "\"v%" APR_INT64_T_FMT "\"", number), text) == 0);
    }
    break;
  case 'k':
    if (gk_head_key(&value, text, pool) == NULL)
      GK_FUZZ_HOLDS(strcmp(value, text) == 0 && strlen(value) >= 8 && strlen(value) <= 100);
    break;
  case 't':
    GK_FUZZ_HOLDS(!(gk_head_is_json(text) && gk_head_is_form(text)));
    break;
  default:
    break;
  }
}
