/* Exports: export_xml against the shipped XSD with values that are hard to write, streams that fail, memory
 * that doesn't grow. */
#include "packs.h"

#include <unistd.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include "plugin/calls.h"

typedef struct collected_t {
  char *bytes;
  apr_size_t length, limit;   /* limit: fails after so many bytes; 0: never */
  int writes, slow_us;
  apr_size_t largest;
} collected_t;

static gk_error_t *collect(void *baton, const void *bytes, apr_size_t length)
{
  collected_t *out = baton;
  static apr_pool_t *pool;
  if (out->slow_us > 0)
    usleep((useconds_t)out->slow_us);
  out->writes++;
  out->largest = length > out->largest ? length : out->largest;
  if (out->limit > 0 && out->length + length > out->limit) {
    if (pool == NULL)
      apr_pool_create(&pool, gk_test.root);
    return gk_error(pool, GK_E_DB_FULL, "磁盘已满", "The disk is full");
  }
  if (out->bytes != NULL)
    out->bytes = realloc(out->bytes, out->length + length + 1);
  if (out->bytes != NULL)
    memcpy(out->bytes + out->length, bytes, length), out->bytes[out->length + length] = '\0';
  out->length += length;
  return NULL;
}

static gk_plugins_t *host(const char *name, const char *mood, apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  if (strcmp(name, "export_xml") == 0)
    lab_shipped(rows, name);
  else
    lab_row(rows, name, mood);
  return lab_host(rows, pool);
}

static gk_export_head_t head_of(const char *format)
{
  gk_export_head_t head;
  memset(&head, 0, sizeof(head));
  head.format = format;
  head.scope = "43";
  head.scope_name = "湖南省教育考试院\r\n\t<\"&'>";
  head.generated = 1383638400000000;
  return head;
}

static gk_export_row_t row_of(const char *number, const gk_document_t *document)
{
  gk_export_row_t row;
  memset(&row, 0, sizeof(row));
  row.number = number;
  row.state = "submitted";
  row.point = "01040001";
  row.version = 7;
  row.document = document;
  return row;
}

/* Complaints of the schema, or NULL when it is content. */
static const char *schema_says(const char *xml, apr_size_t length, apr_pool_t *pool)
{
  static char said[1000];
  const char *path = lab_source(pool, "conf/schema/candidates.xsd");
  xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
  xmlSchemaPtr schema = xmlSchemaParse(parser);
  xmlDocPtr document = xmlReadMemory(xml, (int)length, NULL, NULL, XML_PARSE_NONET);
  const char *answer = NULL;
  if (schema == NULL || document == NULL) {
    answer = schema == NULL ? "no schema" : "not well-formed";
  } else {
    xmlSchemaValidCtxtPtr context = xmlSchemaNewValidCtxt(schema);
    if (xmlSchemaValidateDoc(context, document) != 0) {
      const xmlError *error = xmlGetLastError();
      apr_snprintf(said, sizeof(said), "line %d: %s", error != NULL ? error->line : 0,
                   error != NULL ? error->message : "?");
      answer = said;
    }
    xmlSchemaFreeValidCtxt(context);
  }
  xmlFreeDoc(document);
  xmlSchemaFree(schema);
  xmlSchemaFreeParserCtxt(parser);
  return answer;
}

/* The text an XPath gives, with prefix g for the namespace. */
static const char *text_at(const char *xml, apr_size_t length, const char *path, apr_pool_t *pool)
{
  xmlDocPtr document = xmlReadMemory(xml, (int)length, NULL, NULL, XML_PARSE_NONET);
  xmlXPathContextPtr context = xmlXPathNewContext(document);
  xmlXPathRegisterNs(context, (const xmlChar *)"g", (const xmlChar *)"urn:gaokao:export:1");
  xmlXPathObjectPtr object = xmlXPathEvalExpression((const xmlChar *)path, context);
  xmlChar *text = object != NULL ? xmlXPathCastToString(object) : NULL;
  const char *copy = text != NULL ? apr_pstrdup(pool, (const char *)text) : NULL;
  xmlFree(text);
  xmlXPathFreeObject(object);
  xmlXPathFreeContext(context);
  xmlFreeDoc(document);
  return copy;
}

static void both_packs_give_valid_xml(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  GK_TEST(plugins != NULL);
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = packs_load(pool, p);
    gk_document_t *document = packs_candidate(pool, pack, p == 1);
    collected_t out = {malloc(1), 0, 0, 0, 0, 0};
    gk_export_head_t head = head_of("xml");
    gk_export_row_t row = row_of("01040317", document);
    gk_export_t *export = NULL;
    GK_TEST_CASE("%s", pack->id);
    GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
    GK_TEST(out.length > 100); /* the header goes at once */
    GK_TEST_OK(gk_export_candidate(export, &row));
    row.candidate_number = "14430121150001";
    row.number = "01040318";
    GK_TEST_OK(gk_export_candidate(export, &row));
    GK_TEST_OK(gk_export_end(export, NULL));
    GK_TEST_INT(gk_export_records(export), 2);
    GK_TEST_INT(gk_export_bytes(export), out.length);
    const char *said = schema_says(out.bytes, out.length, pool);
    if (said != NULL)
      GK_TEST_FAIL("%s\n%.4000s", said, out.bytes);
    GK_TEST_STR(text_at(out.bytes, out.length, "string(//g:candidate[1]//g:XM)", pool), "向晚晴");
    GK_TEST_STR(text_at(out.bytes, out.length, "count(//g:candidate[1]//g:KSH)", pool), "0");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(//g:candidate[2]/g:T_BMK/g:KSH)", pool),
                "14430121150001");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(//g:candidate[1]//g:BMXH)", pool), "01040317");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(//g:candidate[1]/g:T_KSJL[2]/g:JL)", pool), "浏阳河中学");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(//g:candidate[1]/g:T_JTCY/g:XM)", pool), "向国强");
    GK_TEST_STR(
        text_at(out.bytes, out.length, "string(//g:candidate[1]//g:CSNY|//g:candidate[1]//g:CSRQ)", pool),
        p == 0 ? "19960101" : "20070101");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(/g:candidates/@scopeName)", pool),
                "湖南省教育考试院\r\n\t<\"&'>");
    GK_TEST_STR(text_at(out.bytes, out.length, "string(/g:candidates/g:summary/@records)", pool), "2");
    free(out.bytes);
  }
}

static void an_empty_export_and_one_of_changes_are_valid(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of("xml");
  gk_export_t *export = NULL;
  collected_t out = {malloc(1), 0, 0, 0, 0, 0};
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  GK_TEST_OK(gk_export_end(export, NULL));
  GK_TEST_STR(schema_says(out.bytes, out.length, pool), NULL);
  free(out.bytes);

  static const apr_uint32_t kinds[] = {GAOKAO_RECORD_ADDED, GAOKAO_RECORD_CHANGED, GAOKAO_RECORD_WITHDRAWN};
  collected_t changes = {malloc(1), 0, 0, 0, 0, 0};
  head.since = "mark-1";
  head.mark = "mark-2";
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &changes, pool));
  for (int i = 0; i < 3; i++) {
    gk_export_row_t row = row_of("01040317", i == 2 ? NULL : packs_candidate(pool, pack, false));
    row.kind = kinds[i];
    GK_TEST_OK(gk_export_candidate(export, &row));
  }
  GK_TEST_OK(gk_export_end(export, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
  GK_TEST_STR(schema_says(changes.bytes, changes.length, pool), NULL);
  GK_TEST_STR(text_at(changes.bytes, changes.length, "string(//g:candidate[3]/@change)", pool), "withdrawn");
  GK_TEST_STR(text_at(changes.bytes, changes.length, "string(//g:summary/@withdrawn)", pool), "1");
  GK_TEST_STR(text_at(changes.bytes, changes.length, "string(/g:candidates/@kind)", pool), "changes");
  free(changes.bytes);
}

static const char *const awkward[] = {
    "𠮷",   "·阿依古丽·买买提", "<&>\"'", "a\nb\tc", "]]>", "&amp;", "  blanks  ",
    "㮾梨", "\xf4\x8f\xbf\xbd", "<!--",   "𠀀𪜶",    "é"};

static void awkward_values_come_back_as_they_were(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of("xml");
  gk_export_t *export = NULL;
  collected_t out = {malloc(1), 0, 0, 0, 0, 0};
  int n = sizeof(awkward) / sizeof(awkward[0]), written = 0;
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  const char *wanted[sizeof(awkward) / sizeof(awkward[0])];
  for (int i = 0; i < n; i++) {
    gk_export_row_t row =
        row_of("01040317", gk_document_with(gk_document_new(pool), "name", awkward[i], pool));
    GK_TEST_CASE("%s", awkward[i]);
    gk_error_t *error = gk_export_candidate(export, &row);
    if (error == NULL)
      wanted[written++] = awkward[i];
    else
      GK_TEST_ERROR(error, GK_E_INVALID);
  }
  GK_TEST(written >= n - 1); /* private use is refused by the host */
  GK_TEST_OK(gk_export_end(export, NULL));
  for (int i = 0; i < written; i++) {
    GK_TEST_CASE("%s", wanted[i]);
    GK_TEST_STR(
        text_at(out.bytes, out.length, apr_psprintf(pool, "string(//g:candidate[%d]//g:XM)", i + 1), pool),
        wanted[i]);
  }
  const char *said = schema_says(out.bytes, out.length, pool);
  if (said != NULL)
    GK_TEST_FAIL("%s", said);
  free(out.bytes);
}

static void what_xml_cannot_hold_is_refused_by_name(apr_pool_t *pool)
{
  static const char *const bad[] = {"a\x01z",       "\xff", "\xed\xa0\x80",
                                    "\xef\xbf\xbe", "\x7f", "a\xe2\x80\xaez"};
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of("xml");
  gk_export_t *export = NULL;
  collected_t out = {malloc(1), 0, 0, 0, 0, 0};
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    gk_json_t *fields = gk_json_object(pool);
    gk_document_t *document = NULL;
    gk_json_set_str(fields, "name", bad[i]);
    GK_TEST_OK(gk_document_from_json(&document, fields, pool));
    if (gk_document_get(document, "name") == NULL)
      continue; /* not even JSON holds it */
    gk_export_row_t row = row_of("01040317", document);
    gk_error_t *error = gk_export_candidate(export, &row);
    GK_TEST_CASE("value %d", (int)i);
    GK_TEST_ERROR(error, GK_E_INVALID);
    GK_TEST(strstr(error->en, "01040317") != NULL && strstr(error->en, "XM") != NULL);
  }
  /* The stream goes on without that candidate. */
  GK_TEST_OK(gk_export_end(export, NULL));
  GK_TEST_STR(schema_says(out.bytes, out.length, pool), NULL);
  free(out.bytes);
}

static void a_failing_sink_ends_the_stream_with_its_own_error(apr_pool_t *pool)
{
  static const char *const names[] = {"export_xml", "lab_export", "lab_export"};
  static const char *const moods[] = {NULL, NULL, "swallow"};
  gk_pack_t *pack = packs_load(pool, 0);
  gk_document_t *document = packs_candidate(pool, pack, false);
  for (int i = 0; i < 3; i++) {
    gk_plugins_t *plugins = host(names[i], moods[i], pool);
    gk_export_head_t head = head_of(i == 0 ? "xml" : "lab");
    gk_export_t *export = NULL;
    collected_t out = {NULL, 0, i == 0 ? 100000 : 100, 0, 0, 0};
    gk_error_t *error = NULL;
    GK_TEST_CASE("%s %s", names[i], moods[i] != NULL ? moods[i] : "");
    GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
    for (int r = 0; r < 1000 && error == NULL; r++) {
      gk_export_row_t row = row_of("01040317", document);
      error = gk_export_candidate(export, &row);
    }
    GK_TEST_ERROR(error, GK_E_DB_FULL);
    GK_TEST_STR(error->zh, "磁盘已满");
    GK_TEST_ERROR(gk_export_end(export, NULL), GK_E_INTERNAL);
    GK_TEST_INT(gk_json_int(gk_plugin_json(plugins, names[i], pool), "failures"), 0);
  }
}

static void formats_and_encodings_are_known_beforehand(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_head_t head = head_of("dbf");
  gk_export_t *export = NULL;
  collected_t out = {NULL, 0, 0, 0, 0, 0};
  const char *type = NULL, *extension = NULL;
  GK_TEST(gk_export_format(plugins, "xml", &type, &extension));
  GK_TEST_STR(type, "application/xml");
  GK_TEST(!gk_export_format(plugins, "dbf", &type, &extension));
  GK_TEST_ERROR(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool), GK_E_INVALID);
  head = head_of("xml");
  head.encoding = "GBK";
  GK_TEST_ERROR(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool), GK_E_INVALID);
  head.format = "lab";
  head.encoding = "GB18030";
  GK_TEST_OK(
      gk_export_begin(&export, host("lab_export", NULL, pool), "r1", pack, &head, collect, &out, pool));
  GK_TEST_INT(out.length, 7);
  GK_TEST_ERROR(gk_export_begin(&export, host("lab_export", "lie_nothing", pool), "r1", pack, &head, collect,
                                &out, pool),
                GK_E_PLUGIN);
  GK_TEST_ERROR(
      gk_export_begin(&export, host("lab_export", "fail", pool), "r1", pack, &head, collect, &out, pool),
      GK_E_PLUGIN);
}

static void a_slow_receiver_is_not_the_plugins_fault(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = lab_row(rows, "lab_export", NULL);
  gk_export_head_t head = head_of("lab");
  gk_export_t *export = NULL;
  collected_t out = {NULL, 0, 0, 0, 30000, 0};
  row->deadline_us = 20000;
  row->fail_limit = 1;
  gk_plugins_t *plugins = lab_host(rows, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_export_row_t candidate = row_of("01040317", gk_document_new(pool));
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  GK_TEST_OK(gk_export_candidate(export, &candidate));
  GK_TEST_OK(gk_export_end(export, NULL));
  GK_TEST_INT(gk_json_int(gk_plugin_json(plugins, "lab_export", pool), "late"), 0);
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
  gk_plugins_t *plugins = host("export_xml", NULL, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_document_t *document = packs_candidate(pool, pack, false);
  gk_export_head_t head = head_of("xml");
  gk_export_t *export = NULL;
  collected_t out = {NULL, 0, 0, 0, 0, 0};
  apr_int64_t before = 0;
  GK_TEST_OK(gk_export_begin(&export, plugins, "r1", pack, &head, collect, &out, pool));
  for (int i = 0; i < 20000; i++) {
    gk_export_row_t row = row_of("01040317", document);
    GK_TEST_OK(gk_export_candidate(export, &row));
    if (i == 1000)
      before = resident_kib();
  }
  GK_TEST_OK(gk_export_end(export, NULL));
  GK_TEST(out.length > 15 * 1000 * 1000);
  GK_TEST(out.largest <= 65536);
#ifdef __SANITIZE_ADDRESS__ /* keeps what was freed */
  apr_int64_t room = 256 * 1024;
#else
  apr_int64_t room = 1024;
#endif
  if (resident_kib() - before > room)
    GK_TEST_FAIL("grew by %" APR_INT64_T_FMT " KiB", resident_kib() - before);
}

int main(void)
{
  gk_test_begin("export_xml");
  GK_TEST_RUN(both_packs_give_valid_xml);
  GK_TEST_RUN(an_empty_export_and_one_of_changes_are_valid);
  GK_TEST_RUN(awkward_values_come_back_as_they_were);
  GK_TEST_RUN(what_xml_cannot_hold_is_refused_by_name);
  GK_TEST_RUN(a_failing_sink_ends_the_stream_with_its_own_error);
  GK_TEST_RUN(formats_and_encodings_are_known_beforehand);
  GK_TEST_RUN(a_slow_receiver_is_not_the_plugins_fault);
  GK_TEST_RUN(memory_does_not_grow_with_the_candidates);
  return gk_test_end();
}
