/* base/flat.c: see flat.h. One pass over a copy of the text; strings are unescaped where they stand and end with a NUL
 * in place of their closing quote. */
#include "base/flat.h"

#include <stdbool.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

#define MEMBERS_MAX 400
#define ROWS_MAX 100

typedef struct member_t {
  const char *key;
  const char *text; /* NULL: rows */
  const gk_flat_t *const *rows;
  apr_size_t n_rows;
} member_t;

struct gk_flat_t {
  const member_t *members; /* by key, as they are stored */
  apr_size_t count;
};

typedef struct reader_t {
  char *at, *end;
  apr_pool_t *pool;
} reader_t;

static void space(reader_t *r)
{
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
    r->at++;
}

static bool take(reader_t *r, char wanted)
{
  space(r);
  if (r->at >= r->end || *r->at != wanted)
    return false;
  r->at++;
  return true;
}

static int hex(char c)
{
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Behind the backslash: writes what it stands for to *to. */
static bool unescape(reader_t *r, char **to)
{
  static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  if (r->at >= r->end)
    return false;
  char c = *r->at++;
  const char *found = c != '\0' ? strchr(from, c) : NULL;
  if (found != NULL) {
    *(*to)++ = meant[found - from];
    return true;
  }
  unsigned code = 0;
  if (c != 'u' || r->end - r->at < 4)
    return false;
  for (int i = 0; i < 4; i++) {
    int digit = hex(*r->at++);
    if (digit < 0)
      return false;
    code = code << 4 | (unsigned)digit;
  }
  if (code == 0 ||
      (code >= 0xd800 && code <= 0xdfff)) /* pairs of surrogates: rare enough for the other reader */
    return false;
  *to += gk_utf8_put(*to, code); /* at most 3 bytes for 6 */
  return true;
}

static bool string(reader_t *r, const char **out)
{
  if (!take(r, '"'))
    return false;
  char *start = r->at, *to;
  while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= 0x20)
    r->at++;
  for (to = r->at; r->at < r->end && *r->at != '"';) {
    if ((unsigned char)*r->at < 0x20)
      return false;
    if (*r->at != '\\') {
      *to++ = *r->at++;
      continue;
    }
    r->at++;
    if (!unescape(r, &to))
      return false;
  }
  if (r->at >= r->end)
    return false;
  r->at++;
  *to = '\0';
  *out = start;
  return true;
}

static const gk_flat_t *object(reader_t *r, bool with_rows);

static bool rows(reader_t *r, member_t *member)
{
  const gk_flat_t *found[ROWS_MAX];
  apr_size_t n = 0;
  if (!take(r, '['))
    return false;
  if (!take(r, ']')) {
    do {
      if (n == ROWS_MAX || (found[n] = object(r, false)) == NULL)
        return false;
      n++;
    } while (take(r, ','));
    if (!take(r, ']'))
      return false;
  }
  member->text = NULL;
  member->rows = apr_pmemdup(r->pool, found, n * sizeof(found[0]));
  member->n_rows = n;
  return true;
}

static const gk_flat_t *object(reader_t *r, bool with_rows)
{
  member_t found[MEMBERS_MAX];
  apr_size_t n = 0;
  if (!take(r, '{'))
    return NULL;
  if (!take(r, '}')) {
    do {
      member_t *member = &found[n];
      if (n == MEMBERS_MAX || !string(r, &member->key) || !take(r, ':'))
        return NULL;
      /* Stored with sorted keys, each once: that is what searching relies on. */
      if (n > 0 && strcmp(found[n - 1].key, member->key) >= 0)
        return NULL;
      space(r);
      if (r->at < r->end && *r->at == '[') {
        if (!with_rows || !rows(r, member))
          return NULL;
      } else if (!string(r, &member->text)) {
        return NULL;
      }
      n++;
    } while (take(r, ','));
    if (!take(r, '}'))
      return NULL;
  }
  gk_flat_t *flat = apr_palloc(r->pool, sizeof(*flat));
  flat->members = apr_pmemdup(r->pool, found, n * sizeof(found[0]));
  flat->count = n;
  return flat;
}

const gk_flat_t *gk_flat_read(const char *text, apr_size_t length, apr_pool_t *pool)
{
  char *copy = apr_pstrmemdup(pool, text, length);
  reader_t reader = {copy, copy + length, pool};
  const gk_flat_t *flat = object(&reader, true);
  space(&reader);
  return reader.at == reader.end ? flat : NULL;
}

static const member_t *find(const gk_flat_t *flat, const char *key)
{
  apr_size_t low = 0, high = flat != NULL ? flat->count : 0;
  while (low < high) {
    apr_size_t middle = (low + high) / 2;
    int order = strcmp(flat->members[middle].key, key);
    if (order == 0)
      return &flat->members[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

const char *gk_flat_str(const gk_flat_t *flat, const char *key)
{
  const member_t *member = find(flat, key);
  return member != NULL ? member->text : NULL;
}

const gk_flat_t *const *gk_flat_rows(const gk_flat_t *flat, const char *key, apr_size_t *count)
{
  const member_t *member = find(flat, key);
  bool has = member != NULL && member->text == NULL;
  *count = has ? member->n_rows : 0;
  return has ? member->rows : NULL;
}
