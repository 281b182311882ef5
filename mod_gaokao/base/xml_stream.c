/* base/xml_stream.c: see xml_stream.h. */
#include "base/xml_stream.h"

#include <string.h>
#include <apr_strings.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "base/text.h"

enum { PUSH_BYTES = 32 * 1024, FAULT_CHARS = 120 };

struct gk_xml_stream_t {
  xmlSAXHandler sax;
  xmlParserCtxtPtr context;
  const gk_xml_events_t *events;
  void *baton;
  apr_pool_t *pool, *scratch; /* scratch: of one element */
  gk_error_t *error;
  const char *fault; /* libxml2's first, without what it quotes of the input */
  int line;
};

static apr_status_t close_stream(void *data)
{
  gk_xml_stream_t *stream = data;
  if (stream->context != NULL)
    xmlFreeParserCtxt(stream->context);
  stream->context = NULL;
  return APR_SUCCESS;
}

static void stop(gk_xml_stream_t *stream, gk_error_t *error)
{
  if (error == NULL || stream->error != NULL)
    return;
  stream->error = gk_error_dup(stream->pool, error);
  xmlStopParser(stream->context);
}

/* Where no entity is expanded libxml2 leaves an & of an attribute as its reference. */
static char *attribute(const xmlChar *from, const xmlChar *end, apr_pool_t *pool)
{
  char *value = apr_pstrmemdup(pool, (const char *)from, (apr_size_t)(end - from)), *to = value;
  for (const char *at = value; *at != '\0'; at++) {
    *to++ = *at;
    if (strncmp(at, "&#38;", 5) == 0)
      at += 4;
  }
  *to = '\0';
  return value;
}

static void on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                     const xmlChar **namespace_list, int count, int defaulted, const xmlChar **attributes)
{
  gk_xml_stream_t *stream = data;
  gk_xml_attr_t attrs[GK_XML_STREAM_ATTRS];
  int n = 0;
  (void)prefix, (void)uri, (void)namespaces, (void)namespace_list, (void)defaulted;
  if (stream->error != NULL)
    return;
  apr_pool_clear(stream->scratch);
  for (int i = 0; i < count && n < GK_XML_STREAM_ATTRS; i++) {
    const xmlChar **a = attributes + (apr_size_t)i * 5;
    attrs[n].name = (const char *)a[0];
    attrs[n++].value = attribute(a[3], a[4], stream->scratch);
  }
  stop(stream, stream->events->start(stream->baton, (const char *)name, attrs, n));
}

static void on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  gk_xml_stream_t *stream = data;
  (void)prefix, (void)uri;
  if (stream->error == NULL)
    stop(stream, stream->events->end(stream->baton, (const char *)name));
}

static void on_text(void *data, const xmlChar *text, int length)
{
  gk_xml_stream_t *stream = data;
  if (stream->error == NULL && length > 0)
    stop(stream, stream->events->text(stream->baton, (const char *)text, (apr_size_t)length));
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
  gk_xml_stream_t *stream = data;
  (void)name, (void)public_id, (void)system_id;
  stop(stream, gk_error(stream->pool, GK_E_INVALID, "XML 第 %d 行有 DOCTYPE，不允许使用，请删除",
                        "Line %d of the XML has a DOCTYPE, which is not allowed: delete it", gk_xml_stream_line(stream)));
}

static void on_fault(void *data, xmlErrorPtr from)
{
  gk_xml_stream_t *stream = data;
  if (from == NULL || from->level == XML_ERR_WARNING || stream->fault != NULL)
    return;
  const char *text = apr_pstrdup(stream->pool, from->message != NULL ? from->message : "fault");
  apr_size_t length = strcspn(text, "\r\n");
  stream->fault = apr_pstrndup(stream->pool, text, length < FAULT_CHARS ? length : FAULT_CHARS);
  if (!gk_utf8_valid(stream->fault, strlen(stream->fault)))
    stream->fault = "text in another encoding than it says";
  stream->line = from->line;
}

gk_error_t *gk_xml_stream_open(gk_xml_stream_t **out, const gk_xml_events_t *events, void *baton, apr_pool_t *pool)
{
  gk_xml_stream_t *stream = apr_pcalloc(pool, sizeof(*stream));
  stream->events = events;
  stream->baton = baton;
  stream->pool = pool;
  apr_pool_create(&stream->scratch, pool);
  stream->sax.initialized = XML_SAX2_MAGIC;
  stream->sax.startElementNs = on_start;
  stream->sax.endElementNs = on_end;
  stream->sax.characters = on_text;
  stream->sax.cdataBlock = on_text;
  stream->sax.internalSubset = on_doctype;
  stream->sax.serror = on_fault;
  xmlInitParser();
  stream->context = xmlCreatePushParserCtxt(&stream->sax, stream, NULL, 0, NULL);
  if (stream->context == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "no XML parser context");
  xmlCtxtUseOptions(stream->context, XML_PARSE_NONET);
  apr_pool_cleanup_register(pool, stream, close_stream, apr_pool_cleanup_null);
  *out = stream;
  return NULL;
}

int gk_xml_stream_line(const gk_xml_stream_t *stream)
{
  return stream->context != NULL && stream->context->input != NULL ? stream->context->input->line : 0;
}

static gk_error_t *judge(gk_xml_stream_t *stream)
{
  if (stream->error != NULL)
    return stream->error;
  if (stream->fault == NULL && stream->context->wellFormed)
    return NULL;
  stream->error = gk_error(stream->pool, GK_E_INVALID, "XML 第 %d 行有语法错误：%s",
                           "The XML is not well-formed at line %d: %s", stream->line,
                           stream->fault != NULL ? stream->fault : "it ends too early");
  return stream->error;
}

gk_error_t *gk_xml_stream_push(gk_xml_stream_t *stream, const char *bytes, apr_size_t length)
{
  while (length > 0 && stream->error == NULL) {
    apr_size_t part = length < PUSH_BYTES ? length : PUSH_BYTES;
    xmlParseChunk(stream->context, bytes, (int)part, 0);
    GK_TRY(judge(stream));
    bytes += part;
    length -= part;
  }
  return stream->error;
}

gk_error_t *gk_xml_stream_end(gk_xml_stream_t *stream)
{
  if (stream->error == NULL)
    xmlParseChunk(stream->context, "", 0, 1);
  return judge(stream);
}
