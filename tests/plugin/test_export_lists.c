/* export_csv, export_xlsx, export_dbf: values that are hard on spreadsheets, streams that fail, memory that doesn't grow. The files
 * themselves are opened in tests/httpd/test_lists.py. */
#include "packs.h"

#include <iconv.h>
#include <unistd.h>
#include "plugin/calls.h"

typedef struct collected_t {
  char *bytes;
  apr_size_t length, limit;   /* limit: fails after so many bytes; 0: never */
  bool count_only;
} collected_t;

static gk_error_t *collect(void *baton, const void *bytes, apr_size_t length)
{
  collected_t *out = baton;
  if (out->limit > 0 && out->length + length > out->limit)
    return gk_error(gk_test.root, GK_E_DB_FULL, "磁盘已满", "The disk is full");
  if (!out->count_only) {
    out->bytes = realloc(out->bytes, out->length + length + 1);
    memcpy(out->bytes + out->length, bytes, length);
    out->bytes[out->length + length] = '\0';
  }
  out->length += length;
  return NULL;
}

static gk_export_row_t row_of(const gk_document_t *document)
{
  gk_export_row_t row;
  memset(&row, 0, sizeof(row));
  row.number = "01040317";
  row.state = "submitted";
  row.point = "01040001";
  row.version = 7;
  row.document = document;
  return row;
}

static gk_export_head_t head_of(const char *format, const char *encoding)
{
  gk_export_head_t head;
  memset(&head, 0, sizeof(head));
  head.format = format;
  head.encoding = encoding;
  head.scope = "43";
  head.scope_name = "湖南省";
  head.generated = 1383638400000000;
  return head;
}

/* One stream of one candidate; `setting` for the plugin: "plain_digits=on", or NULL. */
static gk_error_t *write_one(collected_t *out, const char *format, const char *encoding, const char *setting,
                             const gk_document_t *document, apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *plugin = lab_shipped(rows, apr_pstrcat(pool, "export_", format, NULL));
  if (setting != NULL)
    plugin->settings = lab_settings(pool, setting);
  gk_plugins_t *plugins = lab_host(rows, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of(format, encoding);
  gk_export_row_t row = row_of(document);
  gk_export_t *export = NULL;
  GK_TRY(gk_export_begin(&export, plugins, "r1", pack, &head, collect, out, pool));
  GK_TRY(gk_export_candidate(export, &row));
  return gk_export_end(export, NULL);
}

static void cells_are_what_a_spreadsheet_should_show(apr_pool_t *pool)
{
  static const struct {
    const char *value, *cell, *plain;
  } cases[] = {
      {"=1+1", "\"'=1+1\"", NULL},
      {"+86", "\"'+86\"", NULL},
      {"-1", "\"'-1\"", NULL},
      {"@SUM(A1)", "\"'@SUM(A1)\"", NULL},
      {"\t=1", "\"'\t=1\"", NULL},
      {"=\"x\",1", "\"'=\"\"x\"\",1\"", NULL},
      {"430102200709130014", "\"=\"\"430102200709130014\"\"\"", "\"430102200709130014\""},
      {"13800138000", "\"=\"\"13800138000\"\"\"", "\"13800138000\""},
      {"0731-8888888", "\"=\"\"0731-8888888\"\"\"", "\"0731-8888888\""},
      {"007", "\"=\"\"007\"\"\"", "\"007\""},
      {"3-1", "\"=\"\"3-1\"\"\"", "\"3-1\""},
      {"1e5", "\"=\"\"1e5\"\"\"", "\"1e5\""},
      {"43010220070913001X", "\"43010220070913001X\"", NULL},
      {"301", "\"301\"", NULL},
      {"a,b\"c", "\"a,b\"\"c\"", NULL},
      {"\xf0\xa0\xae\xb7", "\"\xf0\xa0\xae\xb7\"", NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const gk_document_t *document = gk_document_with(gk_document_new(pool), "address", cases[i].value, pool);
    collected_t out = {NULL, 0, 0, false}, plain = {NULL, 0, 0, false};
    GK_TEST_CASE("%s", cases[i].value);
    GK_TEST_OK(write_one(&out, "csv", NULL, NULL, document, pool));
    GK_TEST(memcmp(out.bytes, "\xef\xbb\xbf\"", 4) == 0);
    GK_TEST(strstr(out.bytes, apr_pstrcat(pool, ",", cases[i].cell, ",", NULL)) != NULL);
    GK_TEST(strstr(out.bytes, ",\"已上报\"\r\n") != NULL);
    GK_TEST_OK(write_one(&plain, "csv", NULL, "plain_digits=on", document, pool));
    const char *as_it_is = cases[i].plain != NULL ? cases[i].plain : cases[i].cell;
    GK_TEST(strstr(plain.bytes, apr_pstrcat(pool, ",", as_it_is, ",", NULL)) != NULL);
    free(out.bytes);
    free(plain.bytes);
  }
}

static void gb18030_holds_every_name(apr_pool_t *pool)
{
  const gk_document_t *document = gk_document_with(gk_document_new(pool), "name", "\xf0\xa0\xae\xb7田·买买提", pool);
  collected_t utf8 = {NULL, 0, 0, false}, gb = {NULL, 0, 0, false};
  char back[20000], *to = back;
  GK_TEST_OK(write_one(&utf8, "csv", "UTF-8", NULL, document, pool));
  GK_TEST_OK(write_one(&gb, "csv", "GB18030", NULL, document, pool));
  iconv_t converter = iconv_open("UTF-8", "GB18030");
  char *from = gb.bytes;
  apr_size_t left = gb.length, room = sizeof(back) - 1;
  GK_TEST(iconv(converter, &from, &left, &to, &room) != (apr_size_t)-1);
  iconv_close(converter);
  *to = '\0';
  GK_TEST_STR(back, utf8.bytes + 3); /* but for the mark */
  free(utf8.bytes);
  free(gb.bytes);
}

static bool has_xlsx(void) { return access(lab_built(gk_test.root, "plugins/export_xlsx/.libs/export_xlsx.so"), R_OK) == 0; }

static void a_failing_sink_ends_the_file_with_its_own_error(apr_pool_t *pool)
{
  const gk_document_t *document = packs_candidate(pool, packs_load(pool, 0), false);
  for (int i = 0; i < (has_xlsx() ? 2 : 1); i++) {
    collected_t out = {NULL, 0, i == 0 ? 200 : 1000, true};
    GK_TEST_CASE("%s", i == 0 ? "csv" : "xlsx");
    GK_TEST_ERROR(write_one(&out, i == 0 ? "csv" : "xlsx", NULL, NULL, document, pool), GK_E_DB_FULL);
  }
}

static void a_workbook_says_when_it_is_full(apr_pool_t *pool)
{
  if (!has_xlsx())
    return;
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "export_xlsx")->settings = lab_settings(pool, "rows_max=2");
  gk_plugins_t *plugins = lab_host(rows, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of("xlsx", NULL);
  gk_export_row_t row = row_of(packs_candidate(pool, pack, false));
  gk_export_t *export = NULL;
  collected_t out = {NULL, 0, 0, false};
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  GK_TEST_OK(gk_export_candidate(export, &row));
  GK_TEST_OK(gk_export_candidate(export, &row));
  GK_TEST_ERROR(gk_export_candidate(export, &row), GK_E_INVALID); /* the stream is given up: its pool closes what waits */
  free(out.bytes);
}

static bool has_dbf(void) { return access(lab_built(gk_test.root, "plugins/export_dbf/.libs/export_dbf.so"), R_OK) == 0; }

static gk_error_t *write_dbf(collected_t *out, const char *format, const gk_document_t *document, apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "export_dbf");
  gk_plugins_t *plugins = lab_host(rows, pool);
  gk_export_head_t head = head_of(format, NULL);
  gk_export_row_t row = row_of(document);
  gk_export_t *export = NULL;
  head.extra = GK_EXPORT_EXAMINATION;
  GK_TRY(gk_export_begin(&export, plugins, "r1", packs_load(pool, 0), &head, collect, out, pool));
  GK_TRY(gk_export_candidate(export, &row));
  return gk_export_end(export, NULL);
}

/* The field `name` of the first record, without trailing blanks, as it stands there. */
static void a_dbf_says_when_it_is_full(apr_pool_t *pool)
{
  if (!has_dbf())
    return;
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "export_dbf")->settings = lab_settings(pool, "rows_max=2");
  gk_plugins_t *plugins = lab_host(rows, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_row_t row = row_of(packs_candidate(pool, pack, false));
  static const char *const formats[] = {"dbf_bmk", "dbf_ksjl", "dbf_tjxx"};
  for (int i = 0; i < 3; i++) {
    gk_export_head_t head = head_of(formats[i], NULL);
    gk_export_t *export = NULL;
    collected_t out = {NULL, 0, 0, false};
    GK_TEST_CASE("%s", formats[i]);
    GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
    GK_TEST_OK(gk_export_candidate(export, &row));
    GK_TEST_OK(gk_export_candidate(export, &row));
    GK_TEST_ERROR(gk_export_candidate(export, &row), GK_E_INVALID);
    free(out.bytes);
  }
}

static const char *dbf_field(const collected_t *file, const char *name, apr_pool_t *pool)
{
  const unsigned char *bytes = (const unsigned char *)file->bytes;
  apr_size_t head = bytes[8] | (apr_size_t)bytes[9] << 8, at = 1;
  for (apr_size_t column = 32; column + 32 < head + 1; column += 32) {
    apr_size_t width = bytes[column + 16];
    if (strcmp(file->bytes + column, name) == 0) {
      char *value = apr_pstrmemdup(pool, file->bytes + head + at, width);
      while (width > 0 && value[width - 1] == ' ')
        value[--width] = '\0';
      return value;
    }
    at += width;
  }
  return NULL;
}

static void a_dbf_cuts_at_characters(apr_pool_t *pool)
{
  static const struct {
    const char *first;
    int repeat, kept;             /* of U+957F; JTDZ has 128 bytes */
  } cases[] = {{"", 64, 64}, {"", 65, 64}, {"a", 64, 63}, {"ab", 63, 63}, {"", 0, 0}};
  if (!has_dbf())
    return;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char *value = apr_pstrdup(pool, cases[i].first), *wanted = apr_pstrdup(pool, cases[i].first);
    for (int n = 0; n < cases[i].repeat; n++)
      value = apr_pstrcat(pool, value, "\xe9\x95\xbf", NULL);
    for (int n = 0; n < cases[i].kept; n++)
      wanted = apr_pstrcat(pool, wanted, "\xb3\xa4", NULL);
    collected_t out = {NULL, 0, 0, false};
    GK_TEST_CASE("%s and %d", cases[i].first, cases[i].repeat);
    GK_TEST_OK(write_dbf(&out, "dbf_bmk", gk_document_with(gk_document_new(pool), "address", value, pool), pool));
    GK_TEST_STR(dbf_field(&out, "JTDZ", pool), wanted);
    GK_TEST_INT(out.bytes[29], 77);
    free(out.bytes);
  }
  collected_t out = {NULL, 0, 0, false};
  const gk_document_t *rare = gk_document_with(gk_document_new(pool), "name", "\xf0\xa0\xae\xb7\xe7\x94\xb0", pool);
  GK_TEST_OK(write_dbf(&out, "dbf_bmk", rare, pool));
  GK_TEST_STR(dbf_field(&out, "XM", pool), "??\xcc\xef");
  free(out.bytes);
  /* A number that does not fit its column is left out, never cut. */
  out = (collected_t){NULL, 0, 0, false};
  gk_document_t *document = gk_document_with(gk_document_new(pool), "wk_sg", "171.5", pool);
  GK_TEST_OK(write_dbf(&out, "dbf_tjxx", gk_document_with(document, "wk_tz", "1234567.891", pool), pool));
  GK_TEST_STR(dbf_field(&out, "WK_SG", pool), "   171.5");
  GK_TEST_STR(dbf_field(&out, "WK_TZ", pool), "");
  GK_TEST_STR(dbf_field(&out, "BMXH", pool), "01040317");
  free(out.bytes);
  out = (collected_t){NULL, 0, 500, true};
  GK_TEST_ERROR(write_dbf(&out, "dbf_bmk", gk_document_new(pool), pool), GK_E_DB_FULL);
}

static apr_int64_t resident_kib(void)
{
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2)
    resident = 0;
  if (file != NULL)
    fclose(file);
  return (apr_int64_t)resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void memory_does_not_grow_with_the_candidates(apr_pool_t *pool)
{
  for (int f = 0; f < (has_xlsx() ? 2 : 1); f++) {
    const char *format = f == 0 ? "csv" : "xlsx";
    apr_array_header_t *rows = lab_rows(pool);
    lab_shipped(rows, apr_pstrcat(pool, "export_", format, NULL));
    gk_plugins_t *plugins = lab_host(rows, pool);
    gk_pack_t *pack = packs_load(pool, 0);
    gk_export_head_t head = head_of(format, NULL);
    gk_export_row_t row = row_of(packs_candidate(pool, pack, false));
    gk_export_t *export = NULL;
    collected_t out = {NULL, 0, 0, true};
    apr_int64_t before = 0;
    GK_TEST_CASE("%s", format);
    GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
    for (int i = 0; i < 10000; i++) {
      GK_TEST_OK(gk_export_candidate(export, &row));
      if (i == 1000)
        before = resident_kib();
    }
    GK_TEST_OK(gk_export_end(export, NULL));
    GK_TEST(out.length > 10000);
#ifdef __SANITIZE_ADDRESS__ /* keeps what was freed */
    apr_int64_t room = 512 * 1024; /* its quarantine holds 256 MiB */
#else
    apr_int64_t room = 2048;
#endif
    if (resident_kib() - before > room)
      GK_TEST_FAIL("grew by %" APR_INT64_T_FMT " KiB", resident_kib() - before);
  }
}

int main(void)
{
  gk_test_begin("export_csv, export_xlsx, export_dbf");
  GK_TEST_RUN(cells_are_what_a_spreadsheet_should_show);
  GK_TEST_RUN(gb18030_holds_every_name);
  GK_TEST_RUN(a_failing_sink_ends_the_file_with_its_own_error);
  GK_TEST_RUN(a_workbook_says_when_it_is_full);
  GK_TEST_RUN(a_dbf_says_when_it_is_full);
  GK_TEST_RUN(a_dbf_cuts_at_characters);
  GK_TEST_RUN(memory_does_not_grow_with_the_candidates);
  return gk_test_end();
}
