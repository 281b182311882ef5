/* XML from strangers: no DOCTYPE, no entity, no crash. */
#include "fuzz/gk_fuzz.h"

#include "base/xml.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_xml_t *document;
  if (gk_xml_parse(&document, text, length, pool) == NULL) {
    GK_FUZZ_HOLDS(gk_xml_root(document) != NULL);
    gk_xml_child(gk_xml_root(document), NULL);
  }
}
