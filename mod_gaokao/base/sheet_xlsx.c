/* base/sheet_xlsx.c: XLSX: libzip opens the container, xml_stream.h its parts (sheet.h). Bounded by what comes out of the archive,
 * never by what its directory says. */
#include "base/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <zip.h>

#include "base/sheet_internal.h"
#include "base/text.h"
#include "base/xml_stream.h"

enum { ENTRIES = 5000, RATIO = 100, PIECE = 64 * 1024, STYLES = 65536 };
#define RATIO_FREE_BYTES (16 * 1024 * 1024) /* small files may pack as well as they like */
#define SHARED_BYTES (64 * 1024 * 1024)
#define SHARED_STRINGS 1000000

typedef struct xlsx_t {
  zip_t *zip;
  apr_pool_t *pool;
  apr_size_t packed;           /* of the file */
  apr_size_t decoded;          /* so far, of one reading */
  apr_array_header_t *paths;   /* const char *: the sheets' parts */
  apr_array_header_t *shared;  /* const char *, NULL until read */
  apr_array_header_t *dates;   /* bool: by number of style */
} xlsx_t;

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static const char *attr(const gk_xml_attr_t *attrs, int count, const char *name)
{
  for (int i = 0; i < count; i++)
    if (is(attrs[i].name, name))
      return attrs[i].value;
  return NULL;
}

static gk_error_t *damaged(apr_pool_t *pool)
{
  return gk_error(pool, GK_E_INVALID, "XLSX 文件已损坏：请用 Excel 或 WPS 打开后重新另存为 .xlsx",
                  "The XLSX file is damaged: open it in Excel or WPS and save it again as .xlsx");
}

static apr_status_t close_zip(void *data)
{
  xlsx_t *x = data;
  if (x->zip != NULL)
    zip_discard(x->zip);
  x->zip = NULL;
  return APR_SUCCESS;
}

/* ---- parts of the archive -------------------------------------------------------------------------------- */

static gk_error_t *budget(xlsx_t *x, apr_size_t more)
{
  x->decoded += more;
  if (x->decoded > GK_SHEET_DECODED_BYTES || (x->decoded > RATIO_FREE_BYTES && x->decoded / RATIO > x->packed))
    return gk_error(x->pool, GK_E_TOO_LARGE, "XLSX 文件解开后过大，未读取：请只保留需要导入的工作表和行",
                    "The XLSX file is too large unpacked and was not read: keep only the sheet and rows to import");
  return NULL;
}

static gk_error_t *pieces(xlsx_t *x, zip_file_t *file, gk_xml_stream_t *stream, char *buffer)
{
  for (;;) {
    zip_int64_t got = zip_fread(file, buffer, PIECE);
    if (got < 0)
      return damaged(x->pool);
    if (got == 0)
      return gk_xml_stream_end(stream);
    GK_TRY(budget(x, (apr_size_t)got));
    GK_TRY(gk_xml_stream_push(stream, buffer, (apr_size_t)got));
  }
}

/* Reads a part through. *found false when it is not there. */
static gk_error_t *read_part(bool *found, xlsx_t *x, const char *path, const gk_xml_events_t *events, void *baton,
    apr_pool_t *pool)
{
  gk_xml_stream_t *stream;
  zip_int64_t index = zip_name_locate(x->zip, path, ZIP_FL_NOCASE);
  *found = index >= 0;
  if (!*found)
    return NULL;
  zip_file_t *file = zip_fopen_index(x->zip, (zip_uint64_t)index, 0);
  if (file == NULL && zip_error_code_zip(zip_get_error(x->zip)) == ZIP_ER_NOPASSWD)
    return gk_error(pool, GK_E_INVALID, "XLSX 文件加了密码：请另存为不加密的 .xlsx",
                    "The XLSX file has a password: save it as .xlsx without one");
  if (file == NULL)
    return damaged(pool);
  gk_error_t *error = gk_xml_stream_open(&stream, events, baton, pool);
  if (error == NULL)
    error = pieces(x, file, stream, apr_palloc(pool, PIECE));
  zip_fclose(file);
  return error;
}

/* ---- the workbook: its sheets ---------------------------------------------------------------------------- */

typedef struct relation_t { const char *id, *target; } relation_t;

typedef struct book_reader_t {
  xlsx_t *x;
  gk_book_t *book;
  apr_array_header_t *relations; /* relation_t */
  apr_array_header_t *ids;       /* const char *: of the sheets */
  apr_pool_t *pool;
} book_reader_t;

static gk_error_t *nothing_end(void *baton, const char *name)
{
  (void)baton, (void)name;
  return NULL;
}

static gk_error_t *nothing_text(void *baton, const char *text, apr_size_t length)
{
  (void)baton, (void)text, (void)length;
  return NULL;
}

static gk_error_t *workbook_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  book_reader_t *reader = baton;
  if (is(name, "workbookPr")) {
    const char *base = attr(attrs, count, "date1904");
    reader->book->date1904 = base != NULL && (is(base, "1") || is(base, "true"));
  } else if (is(name, "sheet") && reader->ids->nelts < GK_SHEET_SHEETS) {
    const char *title = attr(attrs, count, "name"), *state = attr(attrs, count, "state"), *id = attr(attrs, count, "id");
    APR_ARRAY_PUSH(reader->book->sheets, gk_sheet_t) =
        (gk_sheet_t){apr_pstrndup(reader->pool, title != NULL ? title : "", 128), state != NULL && !is(state, "visible")};
    APR_ARRAY_PUSH(reader->ids, const char *) = apr_pstrdup(reader->pool, id != NULL ? id : "");
  }
  return NULL;
}

static gk_error_t *relations_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  book_reader_t *reader = baton;
  const char *id = attr(attrs, count, "Id"), *target = attr(attrs, count, "Target"), *mode = attr(attrs, count, "TargetMode");
  if (is(name, "Relationship") && id != NULL && target != NULL && (mode == NULL || !is(mode, "External")) &&
      reader->relations->nelts < ENTRIES)
    APR_ARRAY_PUSH(reader->relations, relation_t) =
        (relation_t){apr_pstrdup(reader->pool, id),
                     target[0] == '/' ? apr_pstrdup(reader->pool, target + 1) : apr_pstrcat(reader->pool, "xl/", target, NULL)};
  return NULL;
}

static const char *path_of(const book_reader_t *reader, const char *id)
{
  for (int i = 0; i < reader->relations->nelts; i++)
    if (is(APR_ARRAY_IDX(reader->relations, i, relation_t).id, id))
      return APR_ARRAY_IDX(reader->relations, i, relation_t).target;
  return "";
}

static gk_error_t *read_workbook(xlsx_t *x, gk_book_t *book, apr_pool_t *pool)
{
  static const gk_xml_events_t workbook = {workbook_start, nothing_end, nothing_text};
  static const gk_xml_events_t relations = {relations_start, nothing_end, nothing_text};
  bool found;
  book_reader_t reader = {x, book, apr_array_make(pool, 8, sizeof(relation_t)), apr_array_make(pool, 4,
      sizeof(const char *)), pool};
  GK_TRY(read_part(&found, x, "xl/workbook.xml", &workbook, &reader, pool));
  if (!found && zip_name_locate(x->zip, "xl/workbook.bin", 0) >= 0)
    return gk_error(pool, GK_E_INVALID, "这是 .xlsb 文件：请另存为 .xlsx", "This is an .xlsb file: save it as .xlsx");
  if (!found && zip_name_locate(x->zip, "content.xml", 0) >= 0)
    return gk_error(pool, GK_E_INVALID, "这是 .ods 文件：请另存为 .xlsx", "This is an .ods file: save it as .xlsx");
  if (!found)
    return gk_error(pool, GK_E_INVALID, "这是压缩包或别的办公文件，不是 XLSX 表格：请先解开，或另存为 .xlsx",
                    "This is an archive or another office file, no XLSX table: unpack it, or save it as .xlsx");
  GK_TRY(read_part(&found, x, "xl/_rels/workbook.xml.rels", &relations, &reader, pool));
  if (book->sheets->nelts == 0 || !found)
    return damaged(pool);
  x->paths = apr_array_make(pool, book->sheets->nelts, sizeof(const char *));
  for (int i = 0; i < book->sheets->nelts; i++) {
    gk_sheet_t *sheet = &APR_ARRAY_IDX(book->sheets, i, gk_sheet_t);
    if (gk_text_forbidden(sheet->name, false) != 0)
      sheet->name = apr_psprintf(pool, "%d", i + 1);
    APR_ARRAY_PUSH(x->paths, const char *) = path_of(&reader, APR_ARRAY_IDX(reader.ids, i, const char *));
  }
  return NULL;
}

gk_error_t *gk_sheet__xlsx_open(gk_book_t *book, apr_pool_t *pool)
{
  zip_error_t why;
  xlsx_t *x = apr_pcalloc(pool, sizeof(*x));
  x->pool = pool;
  x->packed = book->state->length;
  zip_error_init(&why);
  zip_source_t *source = zip_source_buffer_create(book->state->bytes, book->state->length, 0, &why);
  if (source != NULL)
    x->zip = zip_open_from_source(source, ZIP_RDONLY, &why);
  if (x->zip == NULL && source != NULL)
    zip_source_free(source);
  zip_error_fini(&why);
  if (x->zip == NULL)
    return damaged(pool);
  apr_pool_cleanup_register(pool, x, close_zip, apr_pool_cleanup_null);
  if (zip_get_num_entries(x->zip, 0) > ENTRIES)
    return gk_error(pool, GK_E_TOO_LARGE, "XLSX 里的内容过多，未读取", "The XLSX file holds too many parts and was not read");
  book->format = "xlsx";
  book->state->xlsx = x;
  return read_workbook(x, book, pool);
}

/* ---- shared strings -------------------------------------------------------------------------------------- */

typedef struct strings_t {
  xlsx_t *x;
  char *text;            /* of the string that is open */
  apr_size_t held, total;
  bool open, phonetic, item;
} strings_t;

static gk_error_t *strings_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  strings_t *s = baton;
  (void)attrs, (void)count;
  if (is(name, "si"))
    s->item = true, s->held = 0;
  else if (is(name, "rPh"))
    s->phonetic = true;
  else if (is(name, "t"))
    s->open = s->item && !s->phonetic;
  return NULL;
}

static gk_error_t *strings_text(void *baton, const char *text, apr_size_t length)
{
  strings_t *s = baton;
  apr_size_t room = GK_SHEET_CELL_BYTES + 4 - s->held;
  if (!s->open)
    return NULL;
  length = length < room ? length : room;
  memcpy(s->text + s->held, text, length);
  s->held += length;
  return NULL;
}

static gk_error_t *strings_end(void *baton, const char *name)
{
  strings_t *s = baton;
  if (is(name, "t"))
    s->open = false;
  else if (is(name, "rPh"))
    s->phonetic = false;
  else if (is(name, "si")) {
    s->item = false;
    s->total += s->held + sizeof(const char *);
    if (s->total > SHARED_BYTES || s->x->shared->nelts >= SHARED_STRINGS)
      return gk_error(s->x->pool, GK_E_TOO_LARGE, "XLSX 里的文字过多，未读取：请只保留需要导入的工作表和行",
                      "The XLSX file holds too much text and was not read: keep only the sheet and rows to import");
    APR_ARRAY_PUSH(s->x->shared, const char *) = apr_pstrmemdup(s->x->pool, s->text, s->held);
  }
  return NULL;
}

/* ---- styles: which numbers are dates ----------------------------------------------------------------------- */

typedef struct styles_t {
  xlsx_t *x;
  apr_array_header_t *formats; /* int: numbers of own formats that are dates */
  bool inside;                 /* cellXfs */
} styles_t;

/* A format code with a year or day in it outside quotes and brackets: yyyy"年"m"月"d"日". */
static bool date_code(const char *code)
{
  bool quoted = false;
  for (int depth = 0; *code != '\0'; code++) {
    if (*code == '\\' && code[1] != '\0')
      code++;
    else if (*code == '"')
      quoted = !quoted;
    else if (!quoted && *code == '[')
      depth++;
    else if (!quoted && *code == ']')
      depth--;
    else if (!quoted && depth == 0 && strchr("yYdD", *code) != NULL)
      return true;
  }
  return false;
}

static bool date_format(const styles_t *s, int id)
{
  if ((id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
    return true;
  for (int i = 0; i < s->formats->nelts; i++)
    if (APR_ARRAY_IDX(s->formats, i, int) == id)
      return true;
  return false;
}

static gk_error_t *styles_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  styles_t *s = baton;
  const char *id = attr(attrs, count, "numFmtId"), *code = attr(attrs, count, "formatCode");
  if (is(name, "cellXfs"))
    s->inside = true;
  else if (is(name, "numFmt") && id != NULL && code != NULL && date_code(code) && s->formats->nelts < STYLES)
    APR_ARRAY_PUSH(s->formats, int) = atoi(id);
  else if (is(name, "xf") && s->inside && s->x->dates->nelts < STYLES)
    APR_ARRAY_PUSH(s->x->dates, bool) = id != NULL && date_format(s, atoi(id));
  return NULL;
}

static gk_error_t *styles_end(void *baton, const char *name)
{
  styles_t *s = baton;
  if (is(name, "cellXfs"))
    s->inside = false;
  return NULL;
}

static gk_error_t *read_shared(xlsx_t *x)
{
  static const gk_xml_events_t strings = {strings_start, strings_end, strings_text};
  static const gk_xml_events_t styles = {styles_start, styles_end, nothing_text};
  bool found;
  if (x->shared != NULL)
    return NULL;
  x->shared = apr_array_make(x->pool, 1024, sizeof(const char *));
  x->dates = apr_array_make(x->pool, 32, sizeof(bool));
  strings_t s = {.x = x, .text = apr_palloc(x->pool, GK_SHEET_CELL_BYTES + 8)};
  styles_t t = {.x = x, .formats = apr_array_make(x->pool, 8, sizeof(int))};
  GK_TRY(read_part(&found, x, "xl/sharedStrings.xml", &strings, &s, x->pool));
  return read_part(&found, x, "xl/styles.xml", &styles, &t, x->pool);
}

/* ---- a sheet ----------------------------------------------------------------------------------------------- */

typedef struct cells_t {
  xlsx_t *x;
  const gk_book_t *book;
  gk_row_out_t *out;
  char *text;
  apr_size_t held;
  int row, column;
  bool hidden, open, phonetic, formula, value, date, in_data;
  char type;                    /* n s (shared) i (inline) t (str) b e d */
} cells_t;

/* "BC12" is column 54; -1 for what is none. */
static int column_of(const char *name)
{
  int column = 0, letters = 0;
  for (; *name >= 'A' && *name <= 'Z' && letters < 4; name++, letters++)
    column = column * 26 + (*name - 'A' + 1);
  return letters > 0 && letters < 4 ? column - 1 : -1;
}

static void start_row(cells_t *c, const gk_xml_attr_t *attrs, int count)
{
  const char *number = attr(attrs, count, "r"), *hidden = attr(attrs, count, "hidden");
  int row = number != NULL ? atoi(number) : 0;
  c->row = row > c->row && row < 100000000 ? row : c->row + 1;
  c->column = -1;
  c->hidden = hidden != NULL && (is(hidden, "1") || is(hidden, "true"));
}

static void start_cell(cells_t *c, const gk_xml_attr_t *attrs, int count)
{
  const char *place = attr(attrs, count, "r"), *type = attr(attrs, count, "t"), *style = attr(attrs, count, "s");
  int column = place != NULL ? column_of(place) : -1, s = style != NULL ? atoi(style) : -1;
  c->column = column >= 0 ? column : c->column + 1;
  c->formula = c->value = false;
  c->held = 0;
  c->date = s >= 0 && s < c->x->dates->nelts && APR_ARRAY_IDX(c->x->dates, s, bool);
  c->type = 'n';
  if (type != NULL)
    c->type = is(type, "inlineStr") ? 'i' : is(type, "str") ? 't' : type[0];
}

static gk_error_t *cells_start(void *baton, const char *name, const gk_xml_attr_t *attrs, int count)
{
  cells_t *c = baton;
  if (is(name, "sheetData"))
    c->in_data = true;
  else if (!c->in_data)
    return NULL;
  else if (is(name, "row"))
    start_row(c, attrs, count);
  else if (is(name, "c"))
    start_cell(c, attrs, count);
  else if (is(name, "f"))
    c->formula = true;
  else if (is(name, "v"))
    c->open = c->value = true, c->held = 0;
  else if (is(name, "rPh"))
    c->phonetic = true;
  else if (is(name, "t") && c->type == 'i' && !c->phonetic)
    c->open = c->value = true;
  return NULL;
}

static gk_error_t *cells_text(void *baton, const char *text, apr_size_t length)
{
  cells_t *c = baton;
  apr_size_t room = GK_SHEET_CELL_BYTES + 4 - c->held;
  if (!c->open)
    return NULL;
  length = length < room ? length : room;
  memcpy(c->text + c->held, text, length);
  c->held += length;
  return NULL;
}

/* 87.500000000000014 is 87.5: Excel itself shows 15 digits. What has more, or an exponent, stays as it stands. */
static void tell_number(cells_t *c)
{
  char *end;
  double value;
  c->text[c->held] = '\0';
  value = strtod(c->text, &end);
  if (end == c->text || *end != '\0' || !isfinite(value)) {
    gk_row_out__cell(c->out, c->column, GK_CELL_TEXT, c->formula, c->text, c->held);
    return;
  }
  const char *date = c->date ? gk_sheet_date(value, c->book->date1904, c->out->pool) : NULL;
  if (date != NULL) {
    gk_row_out__cell(c->out, c->column, GK_CELL_DATE, c->formula, date, strlen(date));
    return;
  }
  const char *shown = fabs(value) < 1e15 && fabs(value) >= 1e-4 ? apr_psprintf(c->out->pool, "%.15g", value)
                      : value == 0                              ? "0"
                                                                : apr_pstrmemdup(c->out->pool, c->text, c->held);
  gk_row_out__cell(c->out, c->column, GK_CELL_NUMBER, c->formula, shown, strlen(shown));
}

static void end_cell(cells_t *c)
{
  if (!c->value || c->held == 0) {
    if (c->formula && !c->value)
      gk_row_out__cell(c->out, c->column, GK_CELL_ERROR, true, "=", 1);
    return;
  }
  c->text[c->held] = '\0';
  switch (c->type) {
  case 's': {
    long index = strtol(c->text, NULL, 10);
    const char *text = index >= 0 && index < c->x->shared->nelts ? APR_ARRAY_IDX(c->x->shared, index, const char *) : "";
    gk_row_out__cell(c->out, c->column, GK_CELL_TEXT, c->formula, text, strlen(text));
    break;
  }
  case 'b':
    gk_row_out__cell(c->out, c->column, GK_CELL_TEXT, c->formula, c->text[0] == '1' ? "1" : "0", 1);
    break;
  case 'e': gk_row_out__cell(c->out, c->column, GK_CELL_ERROR, c->formula, c->text, c->held); break;
  case 'd': /* ISO 8601 */
    gk_row_out__cell(c->out, c->column, GK_CELL_DATE, c->formula, c->text, c->held < 10 ? c->held : 10);
    break;
  case 'n': tell_number(c); break;
  default: gk_row_out__cell(c->out, c->column, GK_CELL_TEXT, c->formula, c->text, c->held); break;
  }
}

static gk_error_t *cells_end(void *baton, const char *name)
{
  cells_t *c = baton;
  if (!c->in_data)
    return NULL;
  if (is(name, "v") || is(name, "t"))
    c->open = false;
  else if (is(name, "rPh"))
    c->phonetic = false;
  else if (is(name, "c"))
    end_cell(c);
  else if (is(name, "row"))
    return gk_row_out__end(c->out, c->row, c->hidden);
  else if (is(name, "sheetData"))
    c->in_data = false;
  return NULL;
}

gk_error_t *gk_sheet__xlsx_read(gk_book_t *book, int sheet, gk_row_out_t *out, apr_pool_t *pool)
{
  static const gk_xml_events_t events = {cells_start, cells_end, cells_text};
  xlsx_t *x = book->state->xlsx;
  cells_t cells = {.x = x, .book = book, .out = out, .text = apr_palloc(pool, GK_SHEET_CELL_BYTES + 8)};
  bool found;
  x->decoded = 0;
  GK_TRY(read_shared(x));
  GK_TRY(read_part(&found, x, APR_ARRAY_IDX(x->paths, sheet, const char *), &events, &cells, pool));
  return found ? NULL : damaged(pool);
}
