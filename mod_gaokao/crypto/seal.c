/* crypto/seal.c: values at rest. Key id '' means plain bytes. */
#include <string.h>
#include <apr_strings.h>

#include "crypto/internal.h"

gk_error_t *gk_seal(gk_sealed_t *out, const gk_keys_t *keys, const char *context, const void *bytes,
                    apr_size_t length, apr_pool_t *pool)
{
  (void)keys;
  (void)context;
  /* An empty value is no NULL: the column is NOT NULL. */
  out->key_id = "";
  out->bytes = length > 0 ? apr_pmemdup(pool, bytes, length) : (const unsigned char *)apr_pstrdup(pool, "");
  out->length = length;
  return NULL;
}

gk_error_t *gk_unseal(const char **bytes, apr_size_t *length, const gk_keys_t *keys, const char *context,
                      const gk_sealed_t *sealed, apr_pool_t *pool)
{
  (void)keys;
  if (sealed->key_id == NULL || sealed->key_id[0] != '\0')
    return gk_error_internal(pool, GK_E_CONFIG, "%s is sealed under key '%s', which is not in the key file",
                             context, sealed->key_id != NULL ? sealed->key_id : "(none)");
  char *copy = apr_palloc(pool, sealed->length + 1);
  if (sealed->length > 0)
    memcpy(copy, sealed->bytes, sealed->length);
  copy[sealed->length] = '\0';
  *bytes = copy;
  if (length != NULL)
    *length = sealed->length;
  return NULL;
}
