/* store/like.h: patterns for LIKE ... ESCAPE '\'. Shared inside store/ only. */
#ifndef GK_STORE_LIKE_H
#define GK_STORE_LIKE_H

#include <string.h>
#include <apr_pools.h>

/* A pattern that finds `text` as it is, anywhere; NULL for NULL. */
static inline const char *gk_store__like(const char *text, apr_pool_t *pool)
{
  if (text == NULL)
    return NULL;
  char *out = apr_palloc(pool, 2 * strlen(text) + 3), *at = out;
  *at++ = '%';
  for (; *text != '\0'; text++) {
    if (*text == '%' || *text == '_' || *text == '\\')
      *at++ = '\\';
    *at++ = *text;
  }
  *at++ = '%';
  *at = '\0';
  return out;
}

#endif
