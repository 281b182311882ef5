/* tests/fuzz/keys.h: one set of keys for a target's whole run. */
#ifndef FUZZ_KEYS_H
#define FUZZ_KEYS_H

#include <unistd.h>

#include "crypto/crypto.h"
#include "fuzz/gk_fuzz.h"

static inline const gk_keys_t *fuzz_keys(void)
{
  static gk_keys_t *keys;
  static apr_pool_t *pool;
  if (keys == NULL) {
    char folder[] = "/tmp/gk-fuzz-XXXXXX";
    apr_pool_create(&pool, NULL);
    GK_FUZZ_HOLDS(mkdtemp(folder) != NULL);
    const char *path = apr_pstrcat(pool, folder, "/keys", NULL);
    GK_FUZZ_HOLDS(gk_keys_create(path, apr_time_from_sec(1383310800), pool) == NULL);
    GK_FUZZ_HOLDS(gk_keys_load(&keys, path, pool) == NULL);
    unlink(path);
    rmdir(folder);
  }
  return keys;
}

#endif
