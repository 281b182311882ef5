/* Tables from strangers: CSV, XML, XLSX by their bytes. The inside of an XLSX would be kept from a fuzzer by the archive's
 * checksums: an input that begins with "S" is a sheet's XML, shared strings and styles behind NULs, put into an archive here.
 * Every cell that comes out is text a field can look at. */
#include "fuzz/gk_fuzz.h"

#include <zip.h>

#include "base/sheet.h"
#include "base/text.h"
#include "domain/import.h"

typedef struct fuzz_t {
  apr_pool_t *pool;
  int last;
} fuzz_t;

static gk_error_t *on_row(void *baton, const gk_sheet_row_t *row)
{
  static const gk_import_use_t uses[] = {GK_IMPORT_NUMBER, GK_IMPORT_CANDIDATE_NUMBER, GK_IMPORT_ID, GK_IMPORT_NAME,
      GK_IMPORT_VERDICT, GK_IMPORT_FIELD};
  static const gk_field_type_t types[] = {GK_FIELD_TEXT, GK_FIELD_DATE, GK_FIELD_MONTH, GK_FIELD_NUMBER};
  fuzz_t *fuzz = baton;
  apr_pool_t *pool;
  apr_pool_create(&pool, fuzz->pool);
  GK_FUZZ_HOLDS(row->number > fuzz->last && row->count > 0 && row->count <= GK_SHEET_COLUMNS);
  fuzz->last = row->number;
  gk_import_aside(row, pool);
  for (int i = 0; i < row->count; i++) {
    const gk_cell_t *cell = &row->cells[i];
    GK_FUZZ_HOLDS(strlen(cell->text) <= GK_SHEET_CELL_BYTES && gk_utf8_valid(cell->text, strlen(cell->text)));
    gk_field_t field = {.id = "f", .label = {"f", "f"}, .type = types[i % 4]};
    gk_import_target_t target = {"f", {"f", "f"}, uses[i % 6], &field, "", false};
    gk_json_t *faults = gk_json_array(pool);
    const char *out;
    bool fine = gk_import_clean(&out, &target, cell, false, faults, pool);
    GK_FUZZ_HOLDS(fine == (gk_json_size(faults) == 0) && (out == NULL || gk_utf8_valid(out, strlen(out))));
    gk_import_heading_key(cell->text, pool);
  }
  apr_pool_destroy(pool);
  return NULL;
}

static void add(zip_t *zip, const char *path, const char *text, apr_size_t length)
{
  zip_source_t *source = zip_source_buffer(zip, text, length, 0);
  zip_set_file_compression(zip, (zip_uint64_t)zip_file_add(zip, path, source, 0), ZIP_CM_STORE, 0);
}

/* The part behind the n-th NUL. */
static const char *part(const char *text, apr_size_t length, int n, apr_size_t *size)
{
  const char *end = text + length, *at = text, *next;
  for (;; n--) {
    next = memchr(at, 0, (apr_size_t)(end - at));
    if (n == 0 || next == NULL)
      break;
    at = next + 1;
  }
  *size = n > 0 ? 0 : (apr_size_t)((next != NULL ? next : end) - at);
  return at;
}

static const char *archive(const char *text, apr_size_t length, apr_size_t *size, apr_pool_t *pool)
{
  static const char book[] = "<workbook><sheets><sheet name='a' r:id='r1' xmlns:r='r'/></sheets></workbook>";
  static const char relations[] = "<Relationships><Relationship Id='r1' Target='s.xml'/></Relationships>";
  static const char *const names[] = {"xl/s.xml", "xl/sharedStrings.xml", "xl/styles.xml"};
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
  zip_t *zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  zip_stat_t info;
  zip_source_keep(source);
  add(zip, "xl/workbook.xml", book, sizeof(book) - 1);
  add(zip, "xl/_rels/workbook.xml.rels", relations, sizeof(relations) - 1);
  for (int i = 0; i < 3; i++) {
    apr_size_t bytes;
    const char *at = part(text, length, i, &bytes);
    if (bytes > 0)
      add(zip, names[i], at, bytes);
  }
  zip_close(zip);
  zip_source_open(source);
  zip_source_stat(source, &info);
  char *copy = apr_palloc(pool, (apr_size_t)info.size);
  zip_source_read(source, copy, info.size);
  zip_source_close(source);
  zip_source_free(source);
  *size = (apr_size_t)info.size;
  return copy;
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_book_t *book;
  fuzz_t fuzz = {pool, 0};
  if (length > 1 && *text == 'S')
    text = archive(text + 1, length - 1, &length, pool);
  if (gk_book_open(&book, text, length, pool) != NULL)
    return;
  GK_FUZZ_HOLDS(book->sheets->nelts > 0);
  for (int i = 0; i < book->sheets->nelts && i < 3; i++) {
    fuzz.last = 0;
    gk_error_t *error = gk_book_read(book, i, on_row, &fuzz, pool);
    GK_FUZZ_HOLDS(error == NULL || error->code == GK_E_INVALID || error->code == GK_E_TOO_LARGE);
  }
}
