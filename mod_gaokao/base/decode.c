/* base/decode.c: reads a request body key by key and collects every fault (json.h, second part). */
#include "base/json.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"

gk_decode_t gk_decode_start(gk_json_t *body, apr_pool_t *pool)
{
  gk_decode_t d = {.object = body, .prefix = "", .pool = pool};
  d.seen = apr_array_make(pool, 8, sizeof(const char *));
  if (!gk_json_is_object(body)) {
    gk_violation(&d.error, pool, "", "type", "请求内容应为一个 JSON 对象", "The body must be one JSON object");
    d.object = gk_json_object(pool);
  }
  return d;
}

gk_decode_t gk_decode_nested(gk_decode_t *outer, const char *key, int flags)
{
  gk_json_t *value = gk_decode_any(outer, key, flags);
  gk_decode_t d = {.prefix = apr_pstrcat(outer->pool, outer->prefix, "/", key, NULL), .pool = outer->pool};
  d.seen = apr_array_make(outer->pool, 8, sizeof(const char *));
  if (value == NULL)
    return d;
  if (!gk_json_is_object(value)) {
    gk_decode_fault(outer, key, "type", "应为一个 JSON 对象", "Must be a JSON object");
    return d;
  }
  d.object = value;
  return d;
}

bool gk_decode_has(gk_decode_t *d, const char *key)
{
  return d->object != NULL && !gk_json_is_null(gk_json_get(d->object, key));
}

void gk_decode_fault(gk_decode_t *d, const char *key, const char *code, const char *zh_format,
                     const char *en_format, ...)
{
  va_list arguments;
  va_start(arguments, en_format);
  const char *zh = apr_pvsprintf(d->pool, zh_format, arguments);
  va_end(arguments);
  va_start(arguments, en_format);
  const char *en = apr_pvsprintf(d->pool, en_format, arguments);
  va_end(arguments);
  gk_violation(&d->error, d->pool, apr_pstrcat(d->pool, d->prefix, "/", key, NULL), code, "%s", "%s", "");
  gk_violation_t *last = &APR_ARRAY_IDX(d->error->violations, d->error->violations->nelts - 1, gk_violation_t);
  last->zh = zh;
  last->en = en;
}

gk_json_t *gk_decode_any(gk_decode_t *d, const char *key, int flags)
{
  APR_ARRAY_PUSH(d->seen, const char *) = key;
  gk_json_t *value = d->object != NULL ? gk_json_get(d->object, key) : NULL;
  if (!gk_json_is_null(value))
    return value;
  if ((flags & GK_REQUIRED) != 0)
    gk_decode_fault(d, key, "required", "必须填写", "This is required");
  return NULL;
}

const char *gk_decode_str(gk_decode_t *d, const char *key, int flags, apr_size_t min, apr_size_t max)
{
  gk_json_t *value = gk_decode_any(d, key, flags);
  if (value == NULL)
    return NULL;
  const char *text = gk_json_str_value(value);
  if (text == NULL) {
    gk_decode_fault(d, key, "type", "应为文字(字符串)", "Must be a string");
    return NULL;
  }
  unsigned bad = gk_text_forbidden(text, (flags & GK_MULTILINE) != 0);
  if (bad != 0) {
    gk_decode_fault(d, key, "forbidden-character", "含有不允许的字符 U+%04X，请删除后重新填写",
                    "Holds the character U+%04X, which is not allowed: remove it", bad);
    return NULL;
  }
  text = gk_text_trim(d->pool, text);
  apr_size_t length = gk_utf8_length(text);
  if (length == 0 && (flags & GK_REQUIRED) != 0) {
    gk_decode_fault(d, key, "required", "必须填写", "This is required");
    return NULL;
  }
  if (length < min) {
    gk_decode_fault(d, key, "too-short", "至少 %d 个字符，现在是 %d 个", "At least %d characters; this has %d",
                    (int)min, (int)length);
    return NULL;
  }
  if (length > max) {
    gk_decode_fault(d, key, "too-long", "最多 %d 个字符，现在是 %d 个", "At most %d characters; this has %d",
                    (int)max, (int)length);
    return NULL;
  }
  return text;
}

const char *gk_decode_word(gk_decode_t *d, const char *key, int flags, const char *words)
{
  const char *text = gk_decode_str(d, key, flags, 0, 64);
  if (text == NULL)
    return NULL;
  apr_size_t length = strlen(text);
  for (const char *p = words; *p != '\0';) {
    const char *end = strchr(p, '|');
    apr_size_t n = end != NULL ? (apr_size_t)(end - p) : strlen(p);
    if (n == length && memcmp(p, text, n) == 0)
      return text;
    p += n + (end != NULL ? 1 : 0);
  }
  gk_decode_fault(d, key, "unknown-word", "应为其中之一：%s", "Must be one of %s", words);
  return NULL;
}

apr_int64_t gk_decode_int(gk_decode_t *d, const char *key, int flags, apr_int64_t min, apr_int64_t max,
                          apr_int64_t absent)
{
  gk_json_t *value = gk_decode_any(d, key, flags);
  if (value == NULL)
    return absent;
  if (!gk_json_is_int(value)) {
    gk_decode_fault(d, key, "type", "应为整数", "Must be a whole number");
    return absent;
  }
  apr_int64_t number = gk_json_int_value(value);
  if (number < min || number > max) {
    gk_decode_fault(d, key, "out-of-range", "应在 %" APR_INT64_T_FMT " 到 %" APR_INT64_T_FMT " 之间",
                    "Must be from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, min, max);
    return absent;
  }
  return number;
}

bool gk_decode_bool(gk_decode_t *d, const char *key, int flags, bool absent)
{
  gk_json_t *value = gk_decode_any(d, key, flags);
  if (value == NULL)
    return absent;
  if (!gk_json_is_bool(value)) {
    gk_decode_fault(d, key, "type", "应为 true 或 false", "Must be true or false");
    return absent;
  }
  return gk_json_bool_value(value);
}

apr_time_t gk_decode_time(gk_decode_t *d, const char *key, int flags)
{
  const char *text = gk_decode_str(d, key, flags, 0, 40);
  apr_time_t when = 0;
  if (text != NULL && !gk_time_parse(text, &when)) {
    if (strstr(text, ":60") != NULL) { /* a leap second, as some clocks write it */
      gk_decode_fault(d, key, "bad-time", "没有第 60 秒，请写到 59 秒为止", "There is no second 60: write at most 59");
      return 0;
    }
    gk_decode_fault(d, key, "bad-time", "应为带时区的时间，例如 2026-11-01T08:00:00+08:00",
                    "Must be a time with offset, such as 2026-11-01T08:00:00+08:00");
    return 0;
  }
  return when;
}

gk_json_t *gk_decode_array(gk_decode_t *d, const char *key, int flags, apr_size_t max_items)
{
  gk_json_t *value = gk_decode_any(d, key, flags);
  if (value == NULL)
    return NULL;
  if (!gk_json_is_array(value)) {
    gk_decode_fault(d, key, "type", "应为数组", "Must be an array");
    return NULL;
  }
  if (gk_json_size(value) > max_items) {
    gk_decode_fault(d, key, "too-many", "最多 %d 项", "At most %d items", (int)max_items);
    return NULL;
  }
  return value;
}

/* `key` as a reference token of a JSON pointer (RFC 6901): ~ and / escaped, cut so that a reply stays small. */
static const char *pointer_token(apr_pool_t *pool, const char *key)
{
  char *out = apr_palloc(pool, 2 * 64 + 1), *q = out;
  for (int i = 0; key[i] != '\0' && i < 64; i++) {
    if (key[i] == '~' || key[i] == '/') {
      *q++ = '~';
      *q++ = key[i] == '~' ? '0' : '1';
    } else {
      *q++ = key[i];
    }
  }
  *q = '\0';
  return gk_utf8_valid(out, (apr_size_t)(q - out)) ? out : "?";
}

static void unknown_keys(gk_decode_t *d)
{
  if (d->object == NULL)
    return;
  for (gk_json_iter_t it = gk_json_first(d->object); it.key != NULL; gk_json_next(&it)) {
    bool known = false;
    for (int i = 0; i < d->seen->nelts && !known; i++)
      known = strcmp(APR_ARRAY_IDX(d->seen, i, const char *), it.key) == 0;
    if (!known)
      gk_decode_fault(d, pointer_token(d->pool, it.key), "unknown-field", "没有这个项目，请删除",
                      "There is no such field: leave it out");
  }
}

void gk_decode_join(gk_decode_t *outer, gk_decode_t *inner)
{
  unknown_keys(inner);
  if (inner->error == NULL)
    return;
  if (outer->error == NULL)
    outer->error = inner->error;
  else
    apr_array_cat(outer->error->violations, inner->error->violations);
}

gk_error_t *gk_decode_end(gk_decode_t *d)
{
  unknown_keys(d);
  return d->error;
}
