/* base/xml.h: XML that comes from outside, the only door to libxml2 in the core (plugins link their own).
 * Parsing never touches the network or other files, expands no entities, and refuses any DOCTYPE
 * (faults.md part 2, "XML"). */
#ifndef GK_BASE_XML_H
#define GK_BASE_XML_H

#include <apr_pools.h>
#include "base/error.h"

typedef struct gk_xml_t gk_xml_t;            /* a document; freed with its pool */
typedef struct _xmlNode gk_xml_node_t;

#define GK_XML_MAX_BYTES (4 * 1024 * 1024)

/* Errors: PACK (line, column and libxml2's text in `internal` and as a sentence). */
gk_error_t *gk_xml_parse(gk_xml_t **out, const char *bytes, apr_size_t length, apr_pool_t *pool);

/* Validates against the RELAX NG schema in file `path`. Errors: PACK with one violation per fault (pointer is
 * "line N"), CONFIG when the schema can't be read. */
gk_error_t *gk_xml_validate_rng(gk_xml_t *document, const char *path, apr_pool_t *pool);

gk_xml_node_t *gk_xml_root(gk_xml_t *document);
/* First child element named `name` (any when NULL), and the next sibling element of that name. */
gk_xml_node_t *gk_xml_child(gk_xml_node_t *node, const char *name);
gk_xml_node_t *gk_xml_next(gk_xml_node_t *node, const char *name);
const char *gk_xml_name(gk_xml_node_t *node);
int gk_xml_line(gk_xml_node_t *node);
/* Attribute, or NULL. Text: all text inside, trimmed, never NULL. Both in `pool`. */
const char *gk_xml_attr(gk_xml_node_t *node, const char *name, apr_pool_t *pool);
const char *gk_xml_text(gk_xml_node_t *node, apr_pool_t *pool);

/* All attributes of `node` in document order: an array of gk_xml_attr_t in `pool`, never NULL. */
typedef struct gk_xml_attr_t { const char *name, *value; } gk_xml_attr_t;
apr_array_header_t *gk_xml_attrs(gk_xml_node_t *node, apr_pool_t *pool);

/* Namespace of an element's name; "" for none. */
const char *gk_xml_namespace(gk_xml_node_t *node);
/* Exclusive C14N 1.0 without comments of the subtree at `node` (NULL: the whole document) without the subtree at `without` (may
 * be NULL). */
gk_error_t *gk_xml_canonical(const char **bytes, apr_size_t *length, gk_xml_t *document, gk_xml_node_t *node,
                             gk_xml_node_t *without, apr_pool_t *pool);

/* True when `expression` compiles as XPath 1.0; *why is libxml2's text in `pool` otherwise. */
int gk_xml_xpath_compiles(const char *expression, const char **why, apr_pool_t *pool);

/* Appends `text` escaped for element content or a double-quoted attribute (& < > " and CR). */
const char *gk_xml_escape(apr_pool_t *pool, const char *text);

#endif
