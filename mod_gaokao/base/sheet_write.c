/* base/sheet_write.c: a small workbook with inline strings: the templates people fill in (sheet.h). All cells are text, so that
 * what is typed into them keeps its 18 digits. */
#include "base/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <zip.h>

#include "base/xml.h"

enum { LAST_ROW = 20002 };

#define MAIN_NS "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

static const char *join(apr_array_header_t *parts, apr_pool_t *pool) { return apr_array_pstrcat(pool, parts, 0); }

static void put(apr_array_header_t *parts, const char *text) { APR_ARRAY_PUSH(parts, const char *) = text; }

static const char *column_name(int column, apr_pool_t *pool)
{
  return column < 26 ? apr_psprintf(pool, "%c", 'A' + column) : apr_psprintf(pool, "%c%c", 'A' + column / 26 - 1,
      'A' + column % 26);
}

static int width_of(const gk_sheet_out_t *sheet)
{
  int width = 1;
  for (int i = 0; i < sheet->rows->nelts; i++) {
    int n = APR_ARRAY_IDX(sheet->rows, i, apr_array_header_t *)->nelts;
    width = n > width ? n : width;
  }
  return width;
}

/* Styles: 0 plain text, 1 title, 2 heading. */
static const char styles[] =
    HEAD "<styleSheet xmlns=\"" MAIN_NS "\"><fonts count=\"3\"><font><sz val=\"11\"/><name val=\"宋体\"/></font>"
    "<font><b/><sz val=\"14\"/><name val=\"宋体\"/></font><font><b/><sz val=\"11\"/><name val=\"宋体\"/></font></fonts>"
    "<fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE8EEF7\"/></patternFill></fill></fills>"
    "<borders count=\"2\"><border/><border><left style=\"thin\"/><right style=\"thin\"/><top style=\"thin\"/><bottom "
        "style=\"thin\"/></border></borders>"
    "<cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"3\"><xf numFmtId=\"49\" applyNumberFormat=\"1\"/>"
    "<xf numFmtId=\"49\" fontId=\"1\" applyFont=\"1\" applyNumberFormat=\"1\"/>"
    "<xf numFmtId=\"49\" fontId=\"2\" fillId=\"2\" borderId=\"1\" applyFont=\"1\" applyFill=\"1\" applyBorder=\"1\" "
        "applyNumberFormat=\"1\"/>"
    "</cellXfs></styleSheet>";

static const char *rows_xml(const gk_sheet_out_t *sheet, apr_pool_t *pool)
{
  apr_array_header_t *parts = apr_array_make(pool, 64, sizeof(const char *));
  for (int r = 0; r < sheet->rows->nelts; r++) {
    const apr_array_header_t *cells = APR_ARRAY_IDX(sheet->rows, r, apr_array_header_t *);
    int style = r < sheet->title_rows ? 1 : r < sheet->title_rows + sheet->head_rows ? 2 : 0;
    /* Who does not fit rows to their text would cut the title's letters. */
    put(parts, apr_psprintf(pool, "<row r=\"%d\"%s>", r + 1, style == 1 ? " ht=\"22\" customHeight=\"1\"" : ""));
    for (int c = 0; c < cells->nelts; c++)
      put(parts, apr_psprintf(pool, "<c r=\"%s%d\" s=\"%d\" t=\"inlineStr\"><is><t xml:space=\"preserve\">%s</t></is></c>",
                              column_name(c, pool), r + 1, style, gk_xml_escape(pool, APR_ARRAY_IDX(cells, c, const char *))));
    put(parts, "</row>");
  }
  return join(parts, pool);
}

static const char *lists_xml(const gk_sheet_out_t *sheet, apr_pool_t *pool)
{
  apr_array_header_t *parts = apr_array_make(pool, 16, sizeof(const char *));
  if (sheet->lists == NULL || sheet->lists->nelts == 0)
    return "";
  put(parts, apr_psprintf(pool, "<dataValidations count=\"%d\">", sheet->lists->nelts));
  for (int i = 0; i < sheet->lists->nelts; i++) {
    const gk_sheet_list_t *list = &APR_ARRAY_IDX(sheet->lists, i, gk_sheet_list_t);
    const char *column = column_name(list->column, pool), *from = column_name(list->list_column, pool);
    put(parts, apr_psprintf(pool, "<dataValidation type=\"list\" allowBlank=\"1\" showErrorMessage=\"1\" "
        "sqref=\"%s%d:%s%d\"><formula1>'%s'!$%s$%d:$%s$%d"
                                  "</formula1></dataValidation>",
                            column, sheet->title_rows + sheet->head_rows + 1, column, LAST_ROW, gk_xml_escape(pool,
                                list->sheet), from,
                            list->list_first, from, list->list_last));
  }
  put(parts, "</dataValidations>");
  return join(parts, pool);
}

static const char *sheet_xml(const gk_sheet_out_t *sheet, apr_pool_t *pool)
{
  apr_array_header_t *parts = apr_array_make(pool, 16, sizeof(const char *));
  int width = width_of(sheet), top = sheet->title_rows + sheet->head_rows;
  put(parts, HEAD "<worksheet xmlns=\"" MAIN_NS "\"><sheetViews><sheetView workbookViewId=\"0\">");
  if (top > 0)
    put(parts, apr_psprintf(pool, "<pane ySplit=\"%d\" topLeftCell=\"A%d\" activePane=\"bottomLeft\" "
        "state=\"frozen\"/>", top, top + 1));
  put(parts, "</sheetView></sheetViews><cols>");
  for (int i = 0; i < width; i++)
    put(parts, apr_psprintf(pool, "<col min=\"%d\" max=\"%d\" width=\"%d\" style=\"0\" customWidth=\"1\"/>", i + 1, i + 1,
                            sheet->widths != NULL ? sheet->widths[i] : 16));
  put(parts, "</cols><sheetData>");
  put(parts, rows_xml(sheet, pool));
  put(parts, "</sheetData>");
  if (sheet->title_rows > 0 && width > 1) {
    put(parts, apr_psprintf(pool, "<mergeCells count=\"%d\">", sheet->title_rows));
    for (int r = 0; r < sheet->title_rows; r++)
      put(parts, apr_psprintf(pool, "<mergeCell ref=\"A%d:%s%d\"/>", r + 1, column_name(width - 1, pool), r + 1));
    put(parts, "</mergeCells>");
  }
  put(parts, lists_xml(sheet, pool));
  put(parts, "</worksheet>");
  return join(parts, pool);
}

static bool add(zip_t *zip, const char *path, const char *text)
{
  apr_size_t length = strlen(text);
  char *copy = malloc(length > 0 ? length : 1); /* libzip frees it when it writes */
  if (copy == NULL)
    return false;
  memcpy(copy, text, length);
  zip_source_t *source = zip_source_buffer(zip, copy, length, 1);
  if (source == NULL) {
    free(copy);
    return false;
  }
  zip_int64_t index = zip_file_add(zip, path, source, ZIP_FL_ENC_UTF_8);
  if (index < 0)
    zip_source_free(source);
  return index >= 0 && zip_file_set_mtime(zip, (zip_uint64_t)index, 1385856000, 0) == 0; /* the same bytes each time */
}

static bool add_all(zip_t *zip, const apr_array_header_t *sheets, apr_pool_t *pool)
{
  apr_array_header_t *types = apr_array_make(pool, 8, sizeof(const char *)), *book = apr_array_make(pool, 8,
      sizeof(const char *));
  apr_array_header_t *relations = apr_array_make(pool, 8, sizeof(const char *));
  bool fine = true;
  put(types, HEAD "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" "
                  "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default "
                      "Extension=\"xml\" ContentType=\"application/xml\"/>"
                  "<Override PartName=\"/xl/workbook.xml\" "
                      "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
                  "<Override PartName=\"/xl/styles.xml\" "
                      "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>");
  put(book, HEAD "<workbook xmlns=\"" MAIN_NS "\" "
      "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>");
  put(relations, HEAD "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
                      "<Relationship Id=\"s0\" "
                          "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" "
                          "Target=\"styles.xml\"/>");
  for (int i = 0; i < sheets->nelts; i++) {
    const gk_sheet_out_t *sheet = &APR_ARRAY_IDX(sheets, i, gk_sheet_out_t);
    put(types, apr_psprintf(pool, "<Override PartName=\"/xl/worksheets/sheet%d.xml\" "
        "ContentType=\"application/vnd.openxmlformats-officedocument."
                                  "spreadsheetml.worksheet+xml\"/>", i + 1));
    put(book, apr_psprintf(pool, "<sheet name=\"%s\" sheetId=\"%d\" r:id=\"r%d\"/>", gk_xml_escape(pool,
        sheet->name), i + 1, i + 1));
    put(relations, apr_psprintf(pool, "<Relationship Id=\"r%d\" "
        "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" "
                                      "Target=\"worksheets/sheet%d.xml\"/>", i + 1, i + 1));
  }
  put(types, "</Types>");
  put(book, "</sheets></workbook>");
  put(relations, "</Relationships>");
  fine = add(zip, "[Content_Types].xml", join(types, pool)) &&
         add(zip, "_rels/.rels", HEAD "<Relationships "
             "xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" "
             "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" "
                 "Target=\"xl/workbook.xml\"/></Relationships>") &&
         add(zip, "xl/workbook.xml", join(book, pool)) && add(zip, "xl/_rels/workbook.xml.rels", join(relations, pool)) &&
         add(zip, "xl/styles.xml", styles);
  for (int i = 0; fine && i < sheets->nelts; i++)
    fine = add(zip, apr_psprintf(pool, "xl/worksheets/sheet%d.xml", i + 1), sheet_xml(&APR_ARRAY_IDX(sheets, i,
        gk_sheet_out_t), pool));
  return fine;
}

/* What was written, from the buffer that stands behind the archive. */
static bool collect(const char **bytes, apr_size_t *length, zip_source_t *source, apr_pool_t *pool)
{
  zip_stat_t info;
  zip_stat_init(&info);
  if (zip_source_open(source) != 0)
    return false;
  bool fine = zip_source_stat(source, &info) == 0 && (info.valid & ZIP_STAT_SIZE) != 0;
  char *copy = fine ? apr_palloc(pool, (apr_size_t)info.size + 1) : NULL;
  fine = fine && zip_source_read(source, copy, info.size) == (zip_int64_t)info.size;
  zip_source_close(source);
  if (fine)
    *bytes = copy, *length = (apr_size_t)info.size;
  return fine;
}

gk_error_t *gk_book_write(const char **bytes, apr_size_t *length, const apr_array_header_t *sheets, apr_pool_t *pool)
{
  zip_error_t why;
  zip_error_init(&why);
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &why);
  zip_t *zip = source != NULL ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &why) : NULL;
  zip_error_fini(&why);
  if (zip == NULL) {
    if (source != NULL)
      zip_source_free(source);
    return gk_error_internal(pool, GK_E_INTERNAL, "a workbook can't be begun");
  }
  zip_source_keep(source);
  bool fine = add_all(zip, sheets, pool);
  if (!fine || zip_close(zip) != 0) {
    zip_discard(zip);
    fine = false;
  }
  fine = fine && collect(bytes, length, source, pool);
  zip_source_free(source);
  return fine ? NULL : gk_error_internal(pool, GK_E_INTERNAL, "a workbook can't be written");
}
