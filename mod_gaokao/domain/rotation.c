/* domain/rotation.c: see rotation.h. */
#include "domain/rotation.h"

#include <string.h>

#include "domain/ports_key.h"

gk_error_t *gk_rotation_uses(apr_int64_t *count, gk_db_t *db, const char *purpose, const char *key_id, apr_pool_t *pool)
{
  *count = -1;
  if (strcmp(purpose, "data") == 0)
    return gk_store_key_uses(count, db, key_id, pool);
  return NULL;
}
