/* base/flat.h: reads stored documents fast: a JSON object whose values are strings or arrays of objects of strings. It
 * takes just this shape; for anything else the caller reads the text with base/json.h, which also says what is wrong.
 * Strings are not checked for UTF-8: who hands them on does (plugin/export.c).
 */
#ifndef GK_BASE_FLAT_H
#define GK_BASE_FLAT_H

#include <apr_pools.h>

typedef struct gk_flat_t gk_flat_t;

/* NULL when the text isn't exactly of that shape. What is read lives in `pool`; `text` may go. */
const gk_flat_t *gk_flat_read(const char *text, apr_size_t length, apr_pool_t *pool);

/* A member's string; NULL when it is absent or rows. `flat` may be NULL. */
const char *gk_flat_str(const gk_flat_t *flat, const char *key);
/* The rows of a member; NULL and 0 when it is absent or a string. */
const gk_flat_t *const *gk_flat_rows(const gk_flat_t *flat, const char *key, apr_size_t *count);

#endif
