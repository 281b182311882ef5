/* rest/request.c: path arguments, query parameters and list answers (request.h). */
#include "rest/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/crypto.h"

/* Decimal digits only, one spelling of each number. */
static bool parse_int(const char *text, apr_int64_t *value)
{
  const char *digits = text[0] == '-' ? text + 1 : text;
  if (digits[0] == '\0' || strlen(digits) > 18 || (digits[0] == '0' && digits[1] != '\0') ||
      strspn(digits, "0123456789") != strlen(digits))
    return false;
  *value = apr_atoi64(text);
  return true;
}

gk_error_t *gk_arg_id(apr_int64_t *id, const gk_request_t *request, int i)
{
  apr_int64_t value;
  if (!parse_int(request->args[i], &value) || value <= 0)
    return gk_error_plain(request->pool, GK_E_NOT_FOUND);
  *id = value;
  return NULL;
}

static const char *ask(gk_request_t *request, const char *name)
{
  APR_ARRAY_PUSH(request->query_seen, const char *) = name;
  const char *value = apr_table_get(request->query, name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *gk_query_str(gk_request_t *request, const char *name, apr_size_t max, gk_error_t **error)
{
  const char *value = ask(request, name);
  if (value == NULL)
    return NULL;
  const char *pointer = apr_pstrcat(request->pool, "?", name, NULL);
  unsigned bad = gk_text_forbidden(value, false);
  if (bad != 0) {
    gk_violation(error, request->pool, pointer, "forbidden-character", "含有不允许的字符 U+%04X",
                 "Holds the character U+%04X, which is not allowed", bad);
    return NULL;
  }
  if (gk_utf8_length(value) > max) {
    gk_violation(error, request->pool, pointer, "too-long", "最多 %d 个字符", "At most %d characters", (int)max);
    return NULL;
  }
  return gk_text_trim(request->pool, value);
}

apr_int64_t gk_query_int(gk_request_t *request, const char *name, apr_int64_t min, apr_int64_t max, apr_int64_t absent,
                         gk_error_t **error)
{
  const char *value = ask(request, name);
  apr_int64_t number;
  if (value == NULL)
    return absent;
  if (parse_int(value, &number) && number >= min && number <= max)
    return number;
  gk_violation(error, request->pool, apr_pstrcat(request->pool, "?", name, NULL), "out-of-range",
               "应为 %" APR_INT64_T_FMT " 到 %" APR_INT64_T_FMT " 之间的整数",
               "Must be a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, min, max);
  return absent;
}

const char *gk_query_word(gk_request_t *request, const char *name, const char *words, gk_error_t **error)
{
  const char *value = ask(request, name);
  if (value == NULL)
    return NULL;
  apr_size_t length = strlen(value);
  for (const char *p = words; p != NULL; p = strchr(p, '|') != NULL ? strchr(p, '|') + 1 : NULL) {
    const char *end = strchr(p, '|');
    if ((end != NULL ? (apr_size_t)(end - p) : strlen(p)) == length && memcmp(p, value, length) == 0)
      return value;
  }
  gk_violation(error, request->pool, apr_pstrcat(request->pool, "?", name, NULL), "unknown-word", "应为其中之一：%s",
               "Must be one of %s", words);
  return NULL;
}

gk_error_t *gk_query_end(gk_request_t *request, gk_error_t *error)
{
  const apr_array_header_t *all = apr_table_elts(request->query);
  for (int i = 0; i < all->nelts; i++) {
    const apr_table_entry_t *entry = &APR_ARRAY_IDX(all, i, apr_table_entry_t);
    bool known = false;
    for (int k = 0; k < request->query_seen->nelts && !known; k++)
      known = strcmp(APR_ARRAY_IDX(request->query_seen, k, const char *), entry->key) == 0;
    if (!known)
      gk_violation(&error, request->pool, "?", "unknown-parameter", "查询条件里有不认识的参数，请检查地址",
                   "The query holds a parameter that is not known: check the address");
  }
  return error;
}

int gk_query_limit(gk_request_t *request, gk_error_t **error)
{
  return (int)gk_query_int(request, "limit", 1, 200, 50, error);
}

/* The query of the next page: this one's with another cursor. */
static const char *next_query(gk_request_t *request, const char *cursor)
{
  apr_pool_t *pool = request->pool;
  const char *out = apr_pstrcat(pool, "after=", apr_pescape_urlencoded(pool, cursor), NULL);
  const apr_array_header_t *all = apr_table_elts(request->query);
  for (int i = 0; i < all->nelts; i++) {
    const apr_table_entry_t *entry = &APR_ARRAY_IDX(all, i, apr_table_entry_t);
    if (strcmp(entry->key, "after") != 0)
      out = apr_pstrcat(pool, out, "&", apr_pescape_urlencoded(pool, entry->key), "=",
                        apr_pescape_urlencoded(pool, entry->val), NULL);
  }
  return out;
}

void gk_response_tag(gk_request_t *request, gk_response_t *response, apr_int64_t version)
{
  const char *text = gk_json_text(response->json, request->pool);
  response->etag = apr_psprintf(request->pool, "\"v%" APR_INT64_T_FMT "-%.16s\"", version,
                                gk_sha256_hex(request->pool, text, strlen(text)));
}

void gk_response_list(gk_request_t *request, gk_response_t *response, gk_json_t *items, const char *cursor)
{
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "items", items);
  gk_json_set_str(response->json, "next", cursor);
  if (cursor != NULL)
    response->link_next = next_query(request, cursor);
}
