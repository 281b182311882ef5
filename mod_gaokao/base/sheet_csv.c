/* base/sheet_csv.c: CSV (RFC 4180) as Excel and WPS write it, and as people do (sheet.h). */
#include "base/sheet.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <apr_strings.h>

#include "base/sheet_internal.h"
#include "base/text.h"

enum { LOOK_LINES = 10 };

/* All of `bytes` from `encoding` to UTF-8; false when they are not all of it. */
static bool convert(char **out, apr_size_t *written, const char *encoding, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  iconv_t door = iconv_open("UTF-8", encoding);
  if (door == (iconv_t)-1)
    return false;
  apr_size_t room = length * 2 + 16, left = room, rest = length;
  char *text = apr_palloc(pool, room + 1), *to = text, *from = (char *)bytes;
  bool fine = iconv(door, &from, &rest, &to, &left) != (size_t)-1 && rest == 0;
  iconv_close(door);
  if (!fine)
    return false;
  *to = '\0';
  *out = text;
  *written = (apr_size_t)(to - text);
  return true;
}

static gk_error_t *unreadable(apr_pool_t *pool)
{
  return gk_error(pool, GK_E_INVALID, "文件的编码认不出来：请用 Excel 另存为“CSV UTF-8”，或另存为 .xlsx",
                  "The file's encoding can't be told: save it as 'CSV UTF-8' or as .xlsx");
}

/* What separates: the one that the first lines have most of, outside quotes. */
static char separator_of(const char *text, apr_size_t length)
{
  static const char signs[] = ",;\t";
  int counts[3] = {0}, lines = 0;
  bool quoted = false;
  for (apr_size_t i = 0; i < length && lines < LOOK_LINES; i++) {
    if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && text[i] == '\n')
      lines++;
    else if (!quoted && text[i] != '\0' && strchr(signs, text[i]) != NULL)
      counts[strchr(signs, text[i]) - signs]++;
  }
  int best = 0;
  for (int i = 1; i < 3; i++)
    if (counts[i] > counts[best])
      best = i;
  return signs[best];
}

gk_error_t *gk_sheet__csv_open(gk_book_t *book, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  char *text;
  const unsigned char *b = (const unsigned char *)bytes;
  if (length >= 2 && ((b[0] == 0xFF && b[1] == 0xFE) || (b[0] == 0xFE && b[1] == 0xFF))) {
    book->encoding = "UTF-16";
    if (!convert(&text, &length, b[0] == 0xFF ? "UTF-16LE" : "UTF-16BE", bytes + 2, length - 2, pool))
      return unreadable(pool);
    bytes = text;
  } else if (memchr(bytes, 0, length) != NULL) {
    return gk_error(pool, GK_E_INVALID, "这不是表格文件（里面有二进制内容）：请用 .xlsx、.csv 或 .xml",
                    "This is no table (it holds binary content): use .xlsx, .csv or .xml");
  } else if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
    book->encoding = "UTF-8";
    bytes += 3, length -= 3;
    if (!gk_utf8_valid(bytes, length))
      return unreadable(pool);
  } else if (gk_utf8_valid(bytes, length)) {
    book->encoding = "UTF-8";
  } else {
    book->encoding = "GB18030";
    if (!convert(&text, &length, "GB18030", bytes, length, pool))
      return unreadable(pool);
    bytes = text;
  }
  if (memchr(bytes, 0, length) != NULL)
    return unreadable(pool);
  book->format = "csv";
  book->state->bytes = bytes;
  book->state->length = length;
  book->state->separator = separator_of(bytes, length);
  if (length > 5 && strncasecmp(bytes, "sep=", 4) == 0 && (bytes[5] == '\r' || bytes[5] == '\n')) {
    book->state->separator = bytes[4];
    book->state->start = 5;
  }
  book->separator = apr_pstrndup(pool, &book->state->separator, 1);
  APR_ARRAY_PUSH(book->sheets, gk_sheet_t) = (gk_sheet_t){"CSV", false};
  return NULL;
}

/* ="00123": how people keep Excel from making a number of it. */
static void tell(gk_row_out_t *out, int column, const char *text, apr_size_t length)
{
  if (length > 3 && text[0] == '=' && text[1] == '"' && text[length - 1] == '"')
    gk_row_out__cell(out, column, GK_CELL_TEXT, false, text + 2, length - 3);
  else
    gk_row_out__cell(out, column, GK_CELL_TEXT, false, text, length);
}

typedef struct csv_t {
  const char *at, *end;
  char separator;
  int line;
  char *cell;       /* GK_SHEET_CELL_BYTES + 4 */
  apr_size_t held;
} csv_t;

static void keep(csv_t *csv, char c)
{
  if (csv->held < GK_SHEET_CELL_BYTES + 4)
    csv->cell[csv->held++] = c;
}

/* One cell; *more: another one of the same row follows. */
static gk_error_t *read_cell(csv_t *csv, bool *more, apr_pool_t *pool)
{
  int began = csv->line;
  csv->held = 0;
  if (csv->at < csv->end && *csv->at == '"') {
    csv->at++;
    for (;;) {
      if (csv->at == csv->end)
        return gk_error(pool, GK_E_INVALID, "第 %d 行的引号没有结束，请检查这一行", "The quotes of line %d do not end: look at it",
                        began);
      if (*csv->at == '"' && (csv->at + 1 == csv->end || csv->at[1] != '"'))
        break;
      if (*csv->at == '"')
        csv->at++;
      csv->line += *csv->at == '\n';
      keep(csv, *csv->at++);
    }
    csv->at++;
  }
  while (csv->at < csv->end && *csv->at != csv->separator && *csv->at != '\n' && *csv->at != '\r')
    keep(csv, *csv->at++);
  *more = csv->at < csv->end && *csv->at == csv->separator;
  if (*more) {
    csv->at++;
    return NULL;
  }
  if (csv->at < csv->end && *csv->at == '\r')
    csv->at++;
  else if (csv->at == csv->end)
    return NULL;
  if (csv->at < csv->end && *csv->at == '\n')
    csv->at++;
  csv->line++;
  return NULL;
}

gk_error_t *gk_sheet__csv_read(gk_book_t *book, gk_row_out_t *out)
{
  const gk_book_state_t *state = book->state;
  csv_t csv = {.at = state->bytes + state->start, .end = state->bytes + state->length, .separator = state->separator, .line = 1};
  char *cell = apr_palloc(apr_pool_parent_get(out->pool), GK_SHEET_CELL_BYTES + 8);
  csv.cell = cell;
  while (csv.at < csv.end) {
    int line = csv.line;
    bool more = true;
    for (int column = 0; more; column++) {
      GK_TRY(read_cell(&csv, &more, out->pool));
      if (csv.held > 0)
        tell(out, column, csv.cell, csv.held);
    }
    GK_TRY(gk_row_out__end(out, line, false));
  }
  return NULL;
}
