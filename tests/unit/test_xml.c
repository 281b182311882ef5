/* The door to libxml2: what it lets in, and with which words it keeps the rest out. */
#include "gk_test.h"

#include <apr_file_io.h>
#include "base/xml.h"

static gk_error_t *parse(gk_xml_t **document, const char *text, apr_pool_t *pool)
{
  return gk_xml_parse(document, text, strlen(text), pool);
}

static void walks_elements(apr_pool_t *pool)
{
  gk_xml_t *document = NULL;
  GK_TEST_OK(
      parse(&document,
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"GBK\"?>\n<a x=\"1\" y=\"&lt;'&#x20BB7;\"> t <b/>\n"
            "<!-- no --><c>  中<![CDATA[<y>]]> </c><b n=\"2\"/></a>",
            pool));
  gk_xml_node_t *root = gk_xml_root(document);
  GK_TEST_STR(gk_xml_name(root), "a");
  GK_TEST_STR(gk_xml_attr(root, "x", pool), "1");
  GK_TEST_STR(gk_xml_attr(root, "y", pool), "<'𠮷");
  GK_TEST(gk_xml_attr(root, "z", pool) == NULL);
  GK_TEST_INT(gk_xml_attrs(root, pool)->nelts, 2);
  GK_TEST_STR(((gk_xml_attr_t *)gk_xml_attrs(root, pool)->elts)[1].value, "<'𠮷");
  GK_TEST_STR(gk_xml_name(gk_xml_child(root, NULL)), "b");
  GK_TEST_STR(gk_xml_text(gk_xml_child(root, "c"), pool), "中<y>");
  gk_xml_node_t *second = gk_xml_next(gk_xml_child(root, "b"), "b");
  GK_TEST_STR(gk_xml_attr(second, "n", pool), "2");
  GK_TEST_INT(gk_xml_line(second), 3);
  GK_TEST(gk_xml_next(second, NULL) == NULL);
  GK_TEST(gk_xml_child(root, "nope") == NULL);
  GK_TEST(gk_xml_child(NULL, NULL) == NULL);
}

static void refuses_with_reasons(apr_pool_t *pool)
{
  static const struct { const char *text, *words; } rows[] = {
      {"<!DOCTYPE a><a/>", "DOCTYPE"},
      {"<?xml version=\"1.0\"?>\n\n<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "Line 3"},
      {"<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/a.dtd\"><a/>", "DOCTYPE"},
      {"<a>\n<b></a>", "line 2"},
      {"<a>&nope;</a>", "nope"},
      {"<a>\xB0\xA1</a>", "save it as UTF-8"},
      {"", "well-formed"},
      {"<a/><a/>", "well-formed"},
      {"<a b=\"1\" b=\"2\"/>", "redefined"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_xml_t *document = NULL;
    GK_TEST_CASE("%s", rows[i].text);
    gk_error_t *error = parse(&document, rows[i].text, pool);
    GK_TEST_ERROR(error, GK_E_PACK);
    GK_TEST(document == NULL);
    if (strstr(error->en, rows[i].words) == NULL)
      GK_TEST_FAIL("'%s' does not say '%s'", error->en, rows[i].words);
  }
  GK_TEST_ERROR(gk_xml_parse(&(gk_xml_t *){NULL}, "<a>\0</a>", 8, pool), GK_E_PACK);
}

static void refuses_depth_and_size(apr_pool_t *pool)
{
  gk_xml_t *document = NULL;
  char *deep = apr_palloc(pool, 7 * 1000 + 1);
  for (int i = 0; i < 1000; i++) {
    memcpy(deep + 3 * i, "<a>", 3);
    memcpy(deep + 3 * 1000 + 4 * i, "</a>", 5);
  }
  GK_TEST_ERROR(parse(&document, deep, pool), GK_E_PACK);
  char *large = apr_palloc(pool, GK_XML_MAX_BYTES + 2);
  memset(large, ' ', GK_XML_MAX_BYTES + 1);
  GK_TEST_ERROR(gk_xml_parse(&document, large, GK_XML_MAX_BYTES + 1, pool), GK_E_TOO_LARGE);
}

static const char *schema_file(apr_pool_t *pool, const char *text)
{
  const char *folder = NULL;
  apr_file_t *file = NULL;
  char *path;
  if (apr_temp_dir_get(&folder, pool) != APR_SUCCESS)
    return NULL;
  path = apr_pstrcat(pool, folder, "/gk-xml-XXXXXX", NULL);
  if (apr_file_mktemp(&file, path, 0, pool) != APR_SUCCESS) /* deleted on close by the default flags */
    return NULL;
  apr_file_write_full(file, text, strlen(text), NULL);
  return path;
}

static void validates(apr_pool_t *pool)
{
  const char *schema =
      schema_file(pool, "<element name=\"a\" xmlns=\"http://relaxng.org/ns/structure/1.0\">\n"
                        "<oneOrMore><element name=\"b\"><empty/></element></oneOrMore></element>");
  gk_xml_t *document = NULL;
  GK_TEST(schema != NULL);
  GK_TEST_OK(parse(&document, "<a><b/><b/></a>", pool));
  GK_TEST_OK(gk_xml_validate_rng(document, schema, pool));
  GK_TEST_OK(parse(&document, "<a>\n<b/>\n<c/></a>", pool));
  gk_error_t *error = gk_xml_validate_rng(document, schema, pool);
  GK_TEST_ERROR(error, GK_E_PACK);
  GK_TEST(error->violations != NULL && error->violations->nelts > 0);
  GK_TEST(strncmp(((gk_violation_t *)error->violations->elts)[0].pointer, "line ", 5) == 0);
  GK_TEST_ERROR(gk_xml_validate_rng(document, "/nonexistent.rng", pool), GK_E_CONFIG);
  GK_TEST_ERROR(gk_xml_validate_rng(document, schema_file(pool, "<nonsense/>"), pool), GK_E_CONFIG);
  GK_TEST_ERROR(gk_xml_validate_rng(document, schema_file(pool, "nonsense"), pool), GK_E_CONFIG);
}

static void compiles_and_escapes(apr_pool_t *pool)
{
  const char *why = NULL;
  GK_TEST(gk_xml_xpath_compiles("a = 'b' or count(c) > 1", &why, pool));
  GK_TEST(why == NULL);
  GK_TEST(!gk_xml_xpath_compiles("a = ", &why, pool));
  GK_TEST(why != NULL && why[0] != '\0' && strchr(why, '\n') == NULL);
  GK_TEST_STR(gk_xml_escape(pool, "<a b=\"c\">&\r\n'𠮷"), "&lt;a b=&quot;c&quot;&gt;&amp;&#13;\n'𠮷");
  GK_TEST_STR(gk_xml_escape(pool, ""), "");
}

int main(void)
{
  gk_test_begin("xml");
  GK_TEST_RUN(walks_elements);
  GK_TEST_RUN(refuses_with_reasons);
  GK_TEST_RUN(refuses_depth_and_size);
  GK_TEST_RUN(validates);
  GK_TEST_RUN(compiles_and_escapes);
  return gk_test_end();
}
