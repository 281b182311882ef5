/* rest/head.c: see head.h. */
#include "rest/head.h"

#include <string.h>
#include <strings.h>
#include <apr_escape.h>
#include <apr_strings.h>

#include "base/text.h"

const char *gk_head_language(const char *accept)
{
  for (const char *p = accept; p != NULL && *p != '\0'; p = strchr(p, ',') != NULL ? strchr(p, ',') + 1 : NULL) {
    while (*p == ' ')
      p++;
    if (strncasecmp(p, "zh", 2) == 0)
      return "zh-CN";
    if (strncasecmp(p, "en", 2) == 0)
      return "en";
  }
  return "zh-CN";
}

const char *gk_head_cookie(const char *header, const char *name, apr_pool_t *pool)
{
  const char *found = NULL;
  apr_size_t length = strlen(name);
  for (const char *p = header; p != NULL && *p != '\0';) {
    while (*p == ' ' || *p == ';')
      p++;
    apr_size_t n = strcspn(p, ";");
    if (n > length && p[length] == '=' && memcmp(p, name, length) == 0) {
      if (found != NULL)
        return NULL;
      found = apr_pstrmemdup(pool, p + length + 1, n - length - 1);
    }
    p += n;
  }
  return found;
}

/* In place: %XX and +. False for half an escape and for U+0000. */
static bool unescape(char *text)
{
  apr_status_t rv = apr_unescape_url(text, text, APR_ESCAPE_STRING, NULL, NULL, 1, NULL);
  return (rv == APR_SUCCESS || rv == APR_NOTFOUND) && gk_utf8_valid(text, strlen(text)); /* NOTFOUND: nothing escaped */
}

const char *gk_head_token(const char *authorization)
{
  static const char scheme[] = "GK-Token ";
  if (authorization == NULL || strncmp(authorization, scheme, sizeof(scheme) - 1) != 0)
    return NULL;
  const char *token = authorization + sizeof(scheme) - 1;
  return token + strspn(token, " ");
}

/* The weight behind a word of a list, in thousandths; 1000 where there is none. */
static int weight(const char *p)
{
  const char *q = p + strcspn(p, ",;");
  if (*q != ';')
    return 1000;
  q++;
  q += strspn(q, " \t");
  if ((*q != 'q' && *q != 'Q') || q[1] != '=')
    return 1000;
  q += 2;
  int value = *q == '1' ? 1000 : 0, unit = 100;
  if (*q != '0' && *q != '1')
    return 0;
  if (*++q == '.')
    for (q++; *q >= '0' && *q <= '9' && unit > 0; q++, unit /= 10)
      value += (*q - '0') * unit;
  return value > 1000 ? 1000 : value;
}

const char *gk_head_charset(const char *accept)
{
  static const char *const chinese[] = {"gb18030", "gbk", "gb2312"};
  int utf8 = -1, gb = -1, any = -1;
  for (const char *p = accept; p != NULL && *p != '\0'; p += strcspn(p, ",")) {
    p += strspn(p, ", \t");
    apr_size_t length = strcspn(p, ",; \t");
    if (length == 5 && strncasecmp(p, "utf-8", 5) == 0)
      utf8 = weight(p);
    else if (length == 1 && *p == '*')
      any = weight(p);
    for (size_t i = 0; i < sizeof(chinese) / sizeof(chinese[0]); i++)
      if (length == strlen(chinese[i]) && strncasecmp(p, chinese[i], length) == 0 && weight(p) > gb)
        gb = weight(p);
  }
  return gb > (utf8 >= 0 ? utf8 : any > 0 ? any - 1 : 0) ? "GB18030" : "UTF-8";
}

gk_error_t *gk_head_query(apr_table_t **query, const char *text, apr_pool_t *pool)
{
  apr_table_t *table = apr_table_make(pool, 4);
  char *last = NULL, *copy = apr_pstrdup(pool, text != NULL ? text : "");
  for (char *pair = apr_strtok(copy, "&", &last); pair != NULL; pair = apr_strtok(NULL, "&", &last)) {
    char *value = strchr(pair, '=');
    if (value != NULL)
      *value++ = '\0';
    else
      value = pair + strlen(pair);
    if (!unescape(pair) || !unescape(value) || apr_table_get(table, pair) != NULL)
      return gk_error(pool, GK_E_MALFORMED, "地址中的查询条件不正确（编码应为 UTF-8，同一参数只写一次）",
                      "The query of the address is not right: UTF-8, each parameter once");
    apr_table_setn(table, pair, value);
  }
  *query = table;
  return NULL;
}

gk_error_t *gk_head_version(apr_int64_t *version, const char *value, apr_pool_t *pool)
{
  if (value == NULL)
    return gk_error(pool, GK_E_VERSION_NEEDED, "修改前请先读取记录，并把它的 ETag 放在 If-Match 里",
                    "Read the record first and send its ETag as If-Match");
  if (strncmp(value, "\"v", 2) == 0) {
    apr_size_t digits = strspn(value + 2, "0123456789");
    const char *end = value + 2 + digits;
    if (*end == '-' && strspn(end + 1, "0123456789abcdef") == 16) /* of an answer that depends on more (gk_response_tag) */
      end += 17;
    if (digits >= 1 && digits <= 18 && value[2] != '0' && strcmp(end, "\"") == 0) {
      *version = apr_atoi64(value + 2);
      return NULL;
    }
  }
  return gk_error(pool, GK_E_MALFORMED, "If-Match 应为读取时得到的 ETag，例如 \"v3\"",
                  "If-Match must be the ETag that came with the record, such as \"v3\"");
}

gk_error_t *gk_head_key(const char **key, const char *value, apr_pool_t *pool)
{
  if (value == NULL)
    return gk_error(pool, GK_E_KEY_NEEDED, "写入请求要带 Idempotency-Key（每次操作一个新的随机值，重发时不变）",
                    "Writes need an Idempotency-Key: a new random value for each act, the same when it is sent again");
  apr_size_t length = strlen(value);
  for (const char *p = value; *p != '\0'; p++)
    if (*p < 0x21 || *p > 0x7e)
      length = 0;
  if (length < 8 || length > 100)
    return gk_error(pool, GK_E_MALFORMED, "Idempotency-Key 应为 8 到 100 个可见 ASCII 字符",
                    "The Idempotency-Key must be 8 to 100 visible ASCII characters");
  *key = value;
  return NULL;
}

/* The media type of a Content-Type is `name`, whatever its parameters. */
static bool is_type(const char *type, const char *name)
{
  apr_size_t length = strlen(name);
  return strncasecmp(type, name, length) == 0 && strchr("; \t", type[length]) != NULL;
}

bool gk_head_is_json(const char *type) { return type != NULL && is_type(type, "application/json"); }

bool gk_head_is_form(const char *type)
{
  return type == NULL || is_type(type, "application/x-www-form-urlencoded") || is_type(type, "multipart/form-data") ||
         is_type(type, "text/plain");
}
