/* base/text.c: see text.h. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <apr_strings.h>

bool gk_utf8_valid(const char *text, apr_size_t length)
{
  const unsigned char *p = (const unsigned char *)text, *end = p + length;
  while (p < end) {
    unsigned c = *p;
    if (c < 0x80) {
      if (c == 0)
        return false;
      p++;
      continue;
    }
    int more;
    unsigned least;
    if (c >= 0xC2 && c <= 0xDF)
      more = 1, least = 0x80, c &= 0x1F;
    else if (c >= 0xE0 && c <= 0xEF)
      more = 2, least = 0x800, c &= 0x0F;
    else if (c >= 0xF0 && c <= 0xF4)
      more = 3, least = 0x10000, c &= 0x07;
    else
      return false;
    if (end - p <= more)
      return false;
    for (int i = 1; i <= more; i++) {
      if ((p[i] & 0xC0) != 0x80)
        return false;
      c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
      return false;
    p += more + 1;
  }
  return true;
}

unsigned gk_utf8_next(const char **text)
{
  const unsigned char *p = (const unsigned char *)*text;
  unsigned c = *p;
  if (c == 0)
    return 0;
  int more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
  if (more > 0)
    c &= 0x3Fu >> more;
  for (int i = 1; i <= more; i++) {
    if ((p[i] & 0xC0) != 0x80) { /* not well-formed: callers checked, but never run past the end */
      *text = (const char *)p + 1;
      return 0xFFFD;
    }
    c = c << 6 | (p[i] & 0x3Fu);
  }
  *text = (const char *)p + more + 1;
  return c;
}

apr_size_t gk_utf8_put(char *out, unsigned c)
{
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char)(0xC0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (char)(0xE0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3F));
    out[2] = (char)(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | c >> 18);
  out[1] = (char)(0x80 | (c >> 12 & 0x3F));
  out[2] = (char)(0x80 | (c >> 6 & 0x3F));
  out[3] = (char)(0x80 | (c & 0x3F));
  return 4;
}

apr_size_t gk_utf8_length(const char *text)
{
  apr_size_t n = 0;
  for (; *text != '\0'; text++)
    n += ((unsigned char)*text & 0xC0) != 0x80;
  return n;
}

unsigned gk_text_forbidden(const char *text, bool multiline)
{
  unsigned c;
  while ((c = gk_utf8_next(&text)) != 0) {
    if (c < 0x20 && !(multiline && (c == '\n' || c == '\t')))
      return c;
    if ((c >= 0x7F && c <= 0x9F) || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
        (c >= 0x2060 && c <= 0x206F) || c == 0x061C || c == 0x180E || c == 0x00AD || c == 0x034F ||
        c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 || (c >= 0xE000 && c <= 0xF8FF) ||
        (c >= 0xFDD0 && c <= 0xFDEF) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFD) ||
        (c & 0xFFFE) == 0xFFFE || c >= 0x34000)
      return c;
  }
  return 0;
}

static bool is_space(unsigned c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0 || c == 0x3000; }

const char *gk_text_trim(apr_pool_t *pool, const char *text)
{
  const char *p = text, *start = NULL, *end = text;
  for (;;) {
    const char *here = p;
    unsigned c = gk_utf8_next(&p);
    if (c == 0)
      break;
    if (!is_space(c)) {
      if (start == NULL)
        start = here;
      end = p;
    }
  }
  if (start == NULL)
    return "";
  if (start == text && *end == '\0')
    return text;
  return apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
}

const char *gk_text_narrow(apr_pool_t *pool, const char *text)
{
  if (strpbrk(text, "\xEF\xE3") == NULL)
    return text;
  char *out = apr_palloc(pool, strlen(text) + 1), *q = out;
  unsigned c;
  while ((c = gk_utf8_next(&text)) != 0) {
    if (c >= 0xFF01 && c <= 0xFF5E)
      c -= 0xFEE0;
    else if (c == 0x3000)
      c = ' ';
    q += gk_utf8_put(q, c);
  }
  *q = '\0';
  return out;
}

const char *gk_text_name(apr_pool_t *pool, const char *name)
{
  const char *p = gk_text_trim(pool, gk_text_narrow(pool, name));
  char *out = apr_palloc(pool, strlen(p) * 2 + 1), *q = out;
  unsigned c, before = 0;
  while ((c = gk_utf8_next(&p)) != 0) {
    if (c == 0x0387 || c == 0x2022 || c == 0x2027 || c == 0x2219 || c == 0x22C5 || c == 0x2E31 || c == 0x30FB ||
        c == 0xA78F || c == 0xFE52 || c == 0xFF65 ||
        (c == '.' && before >= 0x2E80 && *p != '\0' && *p != ' '))
      c = 0xB7;
    if (is_space(c))
      c = ' ';
    if (c == ' ' && before == ' ')
      continue;
    q += gk_utf8_put(q, c);
    before = c;
  }
  *q = '\0';
  return out;
}

const char *gk_text_id_number(apr_pool_t *pool, const char *number)
{
  char *out = apr_pstrdup(pool, gk_text_narrow(pool, number)), *q = out;
  for (const char *p = out; *p != '\0'; p++) {
    if (*p == ' ' || *p == '\t')
      continue;
    *q++ = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
  }
  *q = '\0';
  return out;
}

/* Keeps `head` and `tail` characters, stars between. */
static const char *mask(apr_pool_t *pool, const char *text, apr_size_t head, apr_size_t tail)
{
  if (text == NULL)
    return NULL;
  apr_size_t length = strlen(text);
  char *out = apr_pstrdup(pool, text);
  if (length < head + tail + 2)
    head = 0, tail = length > 4 ? 2 : 0;
  for (apr_size_t i = head; i + tail < length; i++)
    out[i] = '*';
  return out;
}

const char *gk_text_mask_id(apr_pool_t *pool, const char *number) { return mask(pool, number, 6, 4); }
const char *gk_text_mask_phone(apr_pool_t *pool, const char *phone) { return mask(pool, phone, 3, 4); }

char *gk_text_hex(apr_pool_t *pool, const void *bytes, apr_size_t length)
{
  static const char digits[] = "0123456789abcdef";
  const unsigned char *p = bytes;
  char *out = apr_palloc(pool, length * 2 + 1);
  for (apr_size_t i = 0; i < length; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
  out[length * 2] = '\0';
  return out;
}

static int nibble(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

unsigned char *gk_text_unhex(apr_pool_t *pool, const char *hex, apr_size_t *length)
{
  apr_size_t n = strlen(hex);
  if (n % 2 != 0)
    return NULL;
  unsigned char *out = apr_palloc(pool, n / 2 + 1);
  for (apr_size_t i = 0; i < n / 2; i++) {
    int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return NULL;
    out[i] = (unsigned char)(high << 4 | low);
  }
  *length = n / 2;
  return out;
}

const char *gk_text_nfc(apr_pool_t *pool, const char *text)
{
  size_t length = 0;
  uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, strlen(text), NULL, &length);
  if (normal == NULL) /* no memory, or not well-formed: as it is */
    return text;
  const char *out = apr_pstrmemdup(pool, (const char *)normal, length);
  free(normal);
  return out;
}
