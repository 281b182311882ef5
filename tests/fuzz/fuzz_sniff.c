/* Uploads from strangers: the type by content, and its name. The name is the first line. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "domain/sniff.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  const char *line = memchr(text, '\n', length);
  apr_size_t skip = line != NULL ? (apr_size_t)(line - text) + 1 : 0;
  const char *name = apr_pstrmemdup(pool, text, skip > 0 ? skip - 1 : 0);
  /* Exactly as long as the content: reads beyond it are seen. */
  unsigned char *bytes = malloc(length - skip > 0 ? length - skip : 1);
  memcpy(bytes, text + skip, length - skip);
  const gk_file_type_t *type = gk_sniff(bytes, length - skip);
  if (type != NULL) {
    GK_FUZZ_HOLDS(length > skip);
    GK_FUZZ_HOLDS(gk_sniff_fits(type, apr_pstrcat(pool, "x.", type->extension, NULL)));
    if (gk_sniff_fits(type, name))
      GK_FUZZ_HOLDS(strchr(name, '.') != NULL);
    /* What goes out as text is text, and holds nothing a browser takes for a page at its beginning. */
    if (strcmp(type->extension, "txt") == 0)
      GK_FUZZ_HOLDS(gk_utf8_valid((const char *)bytes, length - skip) &&
                    memmem(bytes, length - skip < 4096 ? length - skip : 4096, "<script", 7) == NULL);
  }
  free(bytes);
}
