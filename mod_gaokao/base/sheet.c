/* base/sheet.c: what kind of file it is, and the row that all readers fill (sheet.h). */
#include "base/sheet.h"

#include <math.h>
#include <string.h>
#include <apr_strings.h>

#include "base/sheet_internal.h"
#include "base/text.h"

/* ---- rows ------------------------------------------------------------------------------------------------ */

gk_row_out_t *gk_row_out__start(gk_sheet_row_fn on_row, void *baton, apr_pool_t *pool)
{
  gk_row_out_t *out = apr_pcalloc(pool, sizeof(*out));
  out->on_row = on_row;
  out->baton = baton;
  apr_pool_create(&out->pool, pool);
  return out;
}

/* At most `length` bytes, cut where a character begins. */
static apr_size_t cut(const char *text, apr_size_t length)
{
  if (length <= GK_SHEET_CELL_BYTES)
    return length;
  length = GK_SHEET_CELL_BYTES;
  while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
    length--;
  return length;
}

void gk_row_out__cell(gk_row_out_t *out, int column, gk_cell_kind_t kind, bool formula, const char *text, apr_size_t length)
{
  if (column < 0 || column >= GK_SHEET_COLUMNS)
    return;
  for (; out->count <= column; out->count++)
    out->cells[out->count] = (gk_cell_t){GK_CELL_EMPTY, false, ""};
  const char *kept = apr_pstrmemdup(out->pool, text, cut(text, length));
  if (!gk_utf8_valid(kept, strlen(kept)))
    kept = "\xEF\xBF\xBD"; /* U+FFFD, which no field takes */
  if (kind == GK_CELL_TEXT && *gk_text_trim(out->pool, kept) == '\0')
    kind = GK_CELL_EMPTY, kept = "";
  out->cells[column] = (gk_cell_t){kind, formula, kept};
}

gk_error_t *gk_row_out__end(gk_row_out_t *out, int number, bool hidden)
{
  gk_error_t *error = NULL;
  while (out->count > 0 && out->cells[out->count - 1].kind == GK_CELL_EMPTY)
    out->count--;
  if (out->count > 0 && ++out->rows > GK_SHEET_ROWS)
    return gk_error(out->pool, GK_E_TOO_LARGE, "表格超过 %d 行，请分成几个文件", "The table has more than %d rows: split it",
                    GK_SHEET_ROWS);
  if (out->count > 0) {
    out->last = number > out->last ? number : out->last + 1;
    gk_sheet_row_t row = {out->last, out->count, out->cells, hidden};
    error = out->on_row(out->baton, &row);
  }
  out->count = 0;
  if (error == NULL)
    apr_pool_clear(out->pool);
  return error;
}

/* ---- dates ----------------------------------------------------------------------------------------------- */

const char *gk_sheet_date(double serial, bool date1904, apr_pool_t *pool)
{
  /* Day 60 of the 1900 count is 29 February 1900, which never was: earlier days are nobody's birthday here. */
  if (!(serial >= (date1904 ? 0 : 61)) || serial > 2958465)
    return NULL;
  long z = (long)floor(serial) + (date1904 ? 1462 : 0) - 25569 + 719468; /* days since 0000-03-01 */
  long era = z / 146097, doe = z - era * 146097;
  long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  long month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
  return apr_psprintf(pool, "%04ld-%02ld-%02ld", year, month, doy - (153 * mp + 2) / 5 + 1);
}

/* ---- what it is ------------------------------------------------------------------------------------------ */

static bool begins(const char *bytes, apr_size_t length, const char *with, apr_size_t n)
{
  return length >= n && memcmp(bytes, with, n) == 0;
}

static bool begins_word(const char *bytes, apr_size_t length, const char *word)
{
  apr_size_t n = strlen(word);
  return length >= n && strncasecmp(bytes, word, n) == 0;
}

static gk_error_t *not_this(apr_pool_t *pool, const char *zh, const char *en)
{
  gk_error_t *error = gk_error_plain(pool, GK_E_INVALID);
  error->zh = zh;
  error->en = en;
  return error;
}

gk_error_t *gk_book_open(gk_book_t **out, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  gk_book_t *book = apr_pcalloc(pool, sizeof(*book));
  book->sheets = apr_array_make(pool, 1, sizeof(gk_sheet_t));
  book->state = apr_pcalloc(pool, sizeof(*book->state));
  book->state->bytes = bytes;
  book->state->length = length;
  if (length > GK_SHEET_MAX_BYTES)
    return gk_error(pool, GK_E_TOO_LARGE, "文件超过 %d MB，请分成几个文件", "The file is larger than %d MB: split it",
                    GK_SHEET_MAX_BYTES / (1024 * 1024));
  apr_size_t skip = begins(bytes, length, "\xEF\xBB\xBF", 3) ? 3 : 0;
  const char *text = bytes + skip;
  apr_size_t rest = length - skip;
  while (rest > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0')
    text++, rest--;
  if (rest == 0)
    return not_this(pool, "文件是空的", "The file is empty");
  if (begins(bytes, length, "\xD0\xCF\x11\xE0", 4))
    return not_this(pool, "这是旧格式的 .xls 或 .et 文件（改扩展名没有用），或者设了打开密码：请用 Excel 或 WPS 打开后另存为 .xlsx，不设密码",
                    "This is an old .xls or .et file (another ending does not change that), or one with a password: open it in "
                    "Excel or WPS and save it as .xlsx without a password");
  if (begins(bytes, length, "PK\x03\x04", 4) || begins(bytes, length, "PK\x05\x06", 4)) {
    GK_TRY(gk_sheet__xlsx_open(book, pool));
  } else if (begins(bytes, length, "%PDF", 4) || begins(bytes, length, "\x89PNG", 4) || begins(bytes, length,
      "\xFF\xD8\xFF", 3) ||
             begins(bytes, length, "{\\rtf", 5) || begins(bytes, length, "Rar!", 4)) {
    return not_this(pool, "这不是表格文件：请用 .xlsx、.csv 或 .xml", "This is no table: use .xlsx, .csv or .xml");
  } else if (begins_word(text, rest, "<html") || begins_word(text, rest, "<!doctype html") || begins_word(text, rest, "<table")) {
    return not_this(pool, "这是另存为 .xls 的网页，不是表格文件：请用 Excel 或 WPS 打开后另存为 .xlsx",
                    "This is a web page saved as .xls: open it in Excel or WPS and save it as .xlsx");
  } else if (*text == '<' || begins(bytes, length, "\xFF\xFE<\0", 4) || begins(bytes, length, "\xFE\xFF\0<", 4)) {
    book->format = "xml";
    APR_ARRAY_PUSH(book->sheets, gk_sheet_t) = (gk_sheet_t){"XML", false};
  } else {
    GK_TRY(gk_sheet__csv_open(book, bytes, length, pool));
  }
  *out = book;
  return NULL;
}

gk_error_t *gk_book_read(gk_book_t *book, int sheet, gk_sheet_row_fn on_row, void *baton, apr_pool_t *pool)
{
  gk_error_t *error;
  apr_pool_t *own;
  if (sheet < 0 || sheet >= book->sheets->nelts)
    return gk_error(pool, GK_E_INVALID, "没有这个工作表", "There is no such sheet");
  apr_pool_create(&own, pool);
  gk_row_out_t *out = gk_row_out__start(on_row, baton, own);
  if (*book->format == 'c')
    error = gk_sheet__csv_read(book, out);
  else if (strcmp(book->format, "xml") == 0)
    error = gk_sheet__xml_read(book, out, own);
  else
    error = gk_sheet__xlsx_read(book, sheet, out, own);
  error = gk_error_dup(pool, error);
  apr_pool_destroy(own);
  return error;
}
