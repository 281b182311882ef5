/* base/sheet_xml.c: XML whose root's children are rows (sheet.h). Gone through twice: what names there are, then the rows. */
#include "base/sheet.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/sheet_internal.h"
#include "base/text.h"
#include "base/xml_stream.h"

typedef struct reader_t {
  apr_pool_t *pool;
  apr_hash_t *columns;        /* name -> int * */
  apr_array_header_t *names;  /* const char * */
  gk_row_out_t *out;          /* NULL: the first time */
  int depth, rows, column;    /* column of the cell that is open, or -1 */
  char *text;
  apr_size_t held;
} reader_t;

static int column_of(reader_t *reader, const char *name)
{
  int *found = apr_hash_get(reader->columns, name, APR_HASH_KEY_STRING);
  if (found != NULL)
    return *found;
  if (reader->out != NULL || reader->names->nelts >= GK_SHEET_COLUMNS)
    return -1;
  int *made = apr_palloc(reader->pool, sizeof(*made));
  *made = reader->names->nelts;
  name = apr_pstrdup(reader->pool, name);
  APR_ARRAY_PUSH(reader->names, const char *) = name;
  apr_hash_set(reader->columns, name, APR_HASH_KEY_STRING, made);
  return *made;
}

static gk_error_t *on_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  reader_t *reader = baton;
  reader->depth++;
  if (reader->depth == 1 && strcmp(name, "Workbook") == 0)
    return gk_error(reader->pool, GK_E_INVALID, "这是“XML 电子表格 2003”：请用 Excel 另存为 .xlsx",
                    "This is an 'XML Spreadsheet 2003': save it as .xlsx");
  if (reader->depth == 2) {
    for (int i = 0; i < count; i++) {
      int column = column_of(reader, attrs[i].name);
      if (reader->out != NULL)
        gk_row_out__cell(reader->out, column, GK_CELL_TEXT, false, attrs[i].value, strlen(attrs[i].value));
    }
  } else if (reader->depth == 3) {
    reader->column = column_of(reader, name);
    reader->held = 0;
  }
  return NULL;
}

static gk_error_t *on_text(void *baton, const char *text, apr_size_t length)
{
  reader_t *reader = baton;
  if (reader->depth != 3 || reader->out == NULL)
    return NULL;
  apr_size_t room = GK_SHEET_CELL_BYTES + 4 - reader->held, part = length < room ? length : room;
  memcpy(reader->text + reader->held, text, part);
  reader->held += part;
  return NULL;
}

static gk_error_t *on_end(void *baton, const char *name)
{
  reader_t *reader = baton;
  (void)name;
  int depth = reader->depth--;
  if (reader->out == NULL)
    return NULL;
  if (depth == 3 && reader->held > 0)
    gk_row_out__cell(reader->out, reader->column, GK_CELL_TEXT, false, reader->text, reader->held);
  return depth == 2 ? gk_row_out__end(reader->out, ++reader->rows + 1, false) : NULL;
}

static gk_error_t *go_through(reader_t *reader, const gk_book_state_t *state)
{
  static const gk_xml_events_t events = {on_start, on_end, on_text};
  gk_xml_stream_t *stream;
  reader->depth = 0;
  GK_TRY(gk_xml_stream_open(&stream, &events, reader, reader->pool));
  GK_TRY(gk_xml_stream_push(stream, state->bytes, state->length));
  return gk_xml_stream_end(stream);
}

gk_error_t *gk_sheet__xml_read(gk_book_t *book, gk_row_out_t *out, apr_pool_t *pool)
{
  reader_t reader = {.pool = pool, .columns = apr_hash_make(pool), .names = apr_array_make(pool, 16, sizeof(const char *)),
                     .text = apr_palloc(pool, GK_SHEET_CELL_BYTES + 8)};
  GK_TRY(go_through(&reader, book->state));
  for (int i = 0; i < reader.names->nelts; i++) {
    const char *name = APR_ARRAY_IDX(reader.names, i, const char *);
    gk_row_out__cell(out, i, GK_CELL_TEXT, false, name, strlen(name));
  }
  GK_TRY(gk_row_out__end(out, 1, false));
  reader.out = out;
  return go_through(&reader, book->state);
}
