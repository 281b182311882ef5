/* base/xml.c: see xml.h. Every handler sits on a context of our own: other modules share libxml2. */
#include "base/xml.h"
#include "base/text.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>

struct gk_xml_t {
  xmlDocPtr doc;
};

enum { MAX_FAULTS = 50 };

/* What one call collects from libxml2. */
typedef struct faults_t {
  apr_pool_t *pool;
  const char *text;               /* first fault's text, one line */
  int line, column;
  gk_error_t *error;              /* violations, for schemas */
  int count;
  bool doctype;
} faults_t;

static const char *one_line(apr_pool_t *pool, const char *message)
{
  char *text = apr_pstrdup(pool, message != NULL ? message : "unknown fault");
  apr_size_t length = strlen(text);
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
    text[--length] = '\0';
  for (char *c = text; *c != '\0'; c++)
    if (*c == '\n' || *c == '\r')
      *c = ' ';
  /* libxml2 quotes input: cut at a character's start. */
  if (length > 300) {
    apr_size_t cut = 300;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
      cut--;
    text[cut] = '\0';
  }
  return gk_utf8_valid(text, strlen(text)) ? text : "text that is not UTF-8";
}

static void remember(faults_t *faults, xmlErrorPtr from)
{
  if (from == NULL || from->level == XML_ERR_WARNING)
    return;
  if (faults->text == NULL) {
    faults->text = one_line(faults->pool, from->message);
    faults->line = from->line;
    faults->column = from->int2;
  }
}

static void on_parse_error(void *data, xmlErrorPtr from)
{
  xmlParserCtxtPtr context = data;
  remember(context->_private, from);
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
  xmlParserCtxtPtr context = data;
  faults_t *faults = context->_private;
  (void)name, (void)public_id, (void)system_id;
  faults->doctype = true;
  faults->line = context->input != NULL ? context->input->line : 0;
  xmlStopParser(context);
}

static apr_status_t free_document(void *data)
{
  xmlFreeDoc(((gk_xml_t *)data)->doc);
  return APR_SUCCESS;
}

gk_error_t *gk_xml_parse(gk_xml_t **out, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  faults_t faults = {.pool = pool};
  if (length > GK_XML_MAX_BYTES)
    return gk_error(pool, GK_E_TOO_LARGE, "XML 文件超过 %d MB，请精简后再上传",
                    "The XML is larger than %d MB: make it smaller", GK_XML_MAX_BYTES / (1024 * 1024));
  const char *body = bytes;
  if (length >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0)
    body += 3, length -= 3;
  if (!gk_utf8_valid(body, length))
    return gk_error(pool, GK_E_PACK, "XML 文件不是 UTF-8 编码，请另存为 UTF-8",
                    "The XML is not UTF-8: save it as UTF-8");
  xmlInitParser();
  xmlParserCtxtPtr context = xmlNewParserCtxt();
  if (context == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "No XML parser context");
  context->_private = &faults;
  context->sax->serror = on_parse_error;
  context->sax->internalSubset = on_doctype;
  context->sax->getEntity = NULL;
  /* The encoding is given, so that a declaration of another one is not followed: the bytes were checked. */
  xmlDocPtr doc = xmlCtxtReadMemory(context, body, (int)length, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOCDATA);
  bool whole = doc != NULL && context->wellFormed && !faults.doctype && xmlDocGetRootElement(doc) != NULL;
  xmlFreeParserCtxt(context);
  if (!whole) {
    if (doc != NULL)
      xmlFreeDoc(doc);
    if (faults.doctype)
      return gk_error(pool, GK_E_PACK, "XML 第 %d 行有 DOCTYPE，不允许使用，请删除",
                      "Line %d of the XML has a DOCTYPE, which is not allowed: delete it", faults.line);
    gk_error_t *error = gk_error(pool, GK_E_PACK, "XML 第 %d 行第 %d 列有语法错误：%s",
                                 "The XML is not well-formed at line %d, column %d: %s", faults.line,
                                 faults.column, faults.text != NULL ? faults.text : "no document");
    error->internal = faults.text;
    return error;
  }
  gk_xml_t *document = apr_pcalloc(pool, sizeof *document);
  document->doc = doc;
  apr_pool_cleanup_register(pool, document, free_document, apr_pool_cleanup_null);
  *out = document;
  return NULL;
}

static void on_schema_error(void *data, xmlErrorPtr from)
{
  remember(data, from);
}

static void on_invalid(void *data, xmlErrorPtr from)
{
  faults_t *faults = data;
  remember(faults, from);
  if (from == NULL || faults->count >= MAX_FAULTS)
    return;
  faults->count++;
  const char *text = one_line(faults->pool, from->message);
  gk_violation(&faults->error, faults->pool, apr_psprintf(faults->pool, "line %d", from->line), "schema",
               "第 %d 行不符合策略包格式：%s", "Line %d does not fit the schema: %s", from->line, text);
}

/* Reads a whole file of at most GK_XML_MAX_BYTES. */
static gk_error_t *read_schema(const char **bytes, apr_size_t *length, const char *path, apr_pool_t *pool)
{
  apr_file_t *file = NULL;
  apr_finfo_t info;
  apr_status_t status =
      apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);
  if (status == APR_SUCCESS)
    status = apr_file_info_get(&info, APR_FINFO_SIZE, file);
  if (status == APR_SUCCESS && info.size > GK_XML_MAX_BYTES)
    status = APR_EINVAL;
  char *buffer = NULL;
  if (status == APR_SUCCESS) {
    buffer = apr_palloc(pool, (apr_size_t)info.size + 1);
    status = apr_file_read_full(file, buffer, (apr_size_t)info.size, length);
  }
  if (file != NULL)
    apr_file_close(file);
  if (status != APR_SUCCESS) {
    char why[120];
    return gk_error_internal(pool, GK_E_CONFIG, "Can't read the schema '%s': %s", path,
                             apr_strerror(status, why, sizeof why));
  }
  *bytes = buffer;
  return NULL;
}

gk_error_t *gk_xml_validate_rng(gk_xml_t *document, const char *path, apr_pool_t *pool)
{
  const char *bytes = NULL;
  apr_size_t length = 0;
  gk_xml_t *source = NULL;
  GK_TRY(read_schema(&bytes, &length, path, pool));
  gk_error_t *error = gk_xml_parse(&source, bytes, length, pool);
  if (error != NULL)
    return gk_error_internal(pool, GK_E_CONFIG, "The schema '%s' is no XML: %s", path,
                             error->internal != NULL ? error->internal : "refused");
  faults_t faults = {.pool = pool};
  xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewDocParserCtxt(source->doc);
  xmlRelaxNGPtr schema = NULL;
  if (parser != NULL) {
    xmlRelaxNGSetParserStructuredErrors(parser, on_schema_error, &faults);
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
  }
  if (schema == NULL)
    return gk_error_internal(pool, GK_E_CONFIG, "The schema '%s' is no RELAX NG: line %d: %s", path,
                             faults.line, faults.text != NULL ? faults.text : "refused");
  int verdict = -1;
  xmlRelaxNGValidCtxtPtr validator = xmlRelaxNGNewValidCtxt(schema);
  if (validator != NULL) {
    xmlRelaxNGSetValidStructuredErrors(validator, on_invalid, &faults);
    verdict = xmlRelaxNGValidateDoc(validator, document->doc);
    xmlRelaxNGFreeValidCtxt(validator);
  }
  xmlRelaxNGFree(schema);
  if (verdict == 0)
    return NULL;
  if (verdict < 0)
    return gk_error_internal(pool, GK_E_INTERNAL, "RELAX NG validation failed to run");
  if (faults.error == NULL)
    gk_violation(&faults.error, pool, "line 0", "schema", "不符合策略包格式", "Does not fit the schema");
  faults.error->code = GK_E_PACK;
  return faults.error;
}

gk_xml_node_t *gk_xml_root(gk_xml_t *document)
{
  return xmlDocGetRootElement(document->doc);
}

static gk_xml_node_t *element_from(gk_xml_node_t *node, const char *name)
{
  for (; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && (name == NULL || strcmp((const char *)node->name, name) == 0))
      return node;
  return NULL;
}

gk_xml_node_t *gk_xml_child(gk_xml_node_t *node, const char *name)
{
  return node != NULL ? element_from(node->children, name) : NULL;
}

gk_xml_node_t *gk_xml_next(gk_xml_node_t *node, const char *name)
{
  return node != NULL ? element_from(node->next, name) : NULL;
}

const char *gk_xml_name(gk_xml_node_t *node)
{
  return (const char *)node->name;
}

int gk_xml_line(gk_xml_node_t *node)
{
  return (int)xmlGetLineNo(node);
}

/* Takes a string of libxml2's into the pool. */
static const char *take(apr_pool_t *pool, xmlChar *text)
{
  const char *copy = text != NULL ? apr_pstrdup(pool, (const char *)text) : NULL;
  xmlFree(text);
  return copy;
}

const char *gk_xml_attr(gk_xml_node_t *node, const char *name, apr_pool_t *pool)
{
  xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
  return value != NULL ? take(pool, value) : NULL;
}

apr_array_header_t *gk_xml_attrs(gk_xml_node_t *node, apr_pool_t *pool)
{
  apr_array_header_t *list = apr_array_make(pool, 8, sizeof(gk_xml_attr_t));
  for (xmlAttrPtr attribute = node->properties; attribute != NULL; attribute = attribute->next) {
    gk_xml_attr_t *row = apr_array_push(list);
    xmlChar *value = xmlNodeListGetString(node->doc, attribute->children, 1);
    row->name = apr_pstrdup(pool, (const char *)attribute->name);
    row->value = value != NULL ? take(pool, value) : "";
  }
  return list;
}

const char *gk_xml_text(gk_xml_node_t *node, apr_pool_t *pool)
{
  xmlChar *text = xmlNodeGetContent(node);
  return text != NULL ? gk_text_trim(pool, take(pool, text)) : "";
}

static void on_xpath_error(void *data, xmlErrorPtr from)
{
  remember(data, from);
}

int gk_xml_xpath_compiles(const char *expression, const char **why, apr_pool_t *pool)
{
  faults_t faults = {.pool = pool};
  xmlXPathContextPtr context = xmlXPathNewContext(NULL);
  if (context == NULL) {
    *why = "No XPath context";
    return 0;
  }
  context->userData = &faults;
  context->error = on_xpath_error;
  xmlXPathCompExprPtr compiled = xmlXPathCtxtCompile(context, (const xmlChar *)expression);
  int fine = compiled != NULL;
  if (compiled != NULL)
    xmlXPathFreeCompExpr(compiled);
  xmlXPathFreeContext(context);
  if (!fine)
    *why = faults.text != NULL ? faults.text : "Invalid expression";
  return fine;
}

const char *gk_xml_escape(apr_pool_t *pool, const char *text)
{
  apr_size_t length = 1;
  for (const char *c = text; *c != '\0'; c++)
    length += *c == '&' || *c == '\r' ? 5 : *c == '<' || *c == '>' ? 4 : *c == '"' ? 6 : 1;
  char *escaped = apr_palloc(pool, length), *to = escaped;
  for (const char *c = text; *c != '\0'; c++) {
    const char *name = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '"' ? "&quot;"
                     : *c == '\r' ? "&#13;" : NULL;
    if (name == NULL)
      *to++ = *c;
    else
      to = (char *)memcpy(to, name, strlen(name)) + strlen(name);
  }
  *to = '\0';
  return escaped;
}

/* ---- canonical form -------------------------------------------------------------------------------------- */

const char *gk_xml_namespace(gk_xml_node_t *node)
{
  return node->ns != NULL && node->ns->href != NULL ? (const char *)node->ns->href : "";
}

typedef struct subtree_t {
  xmlNodePtr root, without;
} subtree_t;

static int in_subtree(void *data, xmlNodePtr node, xmlNodePtr parent)
{
  const subtree_t *subtree = data;
  int inside = subtree->root == NULL;
  xmlNodePtr at = node->type == XML_ATTRIBUTE_NODE || node->type == XML_NAMESPACE_DECL ? parent : node;
  for (; at != NULL; at = at->parent) {
    if (at == subtree->without)
      return 0;
    if (at == subtree->root)
      inside = 1;
  }
  return inside;
}

gk_error_t *gk_xml_canonical(const char **bytes, apr_size_t *length, gk_xml_t *document, gk_xml_node_t *node,
                             gk_xml_node_t *without, apr_pool_t *pool)
{
  subtree_t subtree = {node, without};
  xmlOutputBufferPtr out = xmlAllocOutputBuffer(NULL);
  if (out == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "No output buffer");
  int written = xmlC14NExecute(document->doc, in_subtree, &subtree, XML_C14N_EXCLUSIVE_1_0, NULL, 0, out);
  if (written >= 0) {
    *length = xmlOutputBufferGetSize(out);
    *bytes = apr_pstrmemdup(pool, (const char *)xmlOutputBufferGetContent(out), *length);
  }
  xmlOutputBufferClose(out);
  return written >= 0 ? NULL : gk_error_internal(pool, GK_E_INTERNAL, "The document has no canonical form");
}
