/* base/xml_stream.h: XML from outside that is too large to keep: its elements one after another (SAX2, push). As with xml.h nothing
 * is fetched, no entity is expanded, a DOCTYPE ends it; libxml2's own limits on depth and on the length of a text hold. Any
 * encoding that libxml2 knows by BOM or declaration (UTF-8, UTF-16, GB18030). */
#ifndef GK_BASE_XML_STREAM_H
#define GK_BASE_XML_STREAM_H

#include "base/xml.h"

/* Names are local names: whoever reads spreadsheets meets two namespaces for the same thing. An error returned ends the stream and
 * comes back from push. Strings hold for the call. */
typedef struct gk_xml_events_t {
  gk_error_t *(*start)(void *baton, const char *name, const gk_xml_attr_t *attrs, int count);
  gk_error_t *(*end)(void *baton, const char *name);
  gk_error_t *(*text)(void *baton, const char *text, apr_size_t length);
} gk_xml_events_t;

enum { GK_XML_STREAM_ATTRS = 32 }; /* those beyond it are not told */

typedef struct gk_xml_stream_t gk_xml_stream_t;

gk_error_t *gk_xml_stream_open(gk_xml_stream_t **out, const gk_xml_events_t *events, void *baton, apr_pool_t *pool);
/* Errors: INVALID (not well-formed, DOCTYPE: with the line), what an event returned. */
gk_error_t *gk_xml_stream_push(gk_xml_stream_t *stream, const char *bytes, apr_size_t length);
/* The last of it was pushed. */
gk_error_t *gk_xml_stream_end(gk_xml_stream_t *stream);
int gk_xml_stream_line(const gk_xml_stream_t *stream);

#endif
