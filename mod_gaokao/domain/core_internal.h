/* domain/core_internal.h: what core.c keeps for keyring.c. */
#ifndef GK_DOMAIN_CORE_INTERNAL_H
#define GK_DOMAIN_CORE_INTERNAL_H

#include <apr_thread_mutex.h>
#include "domain/core.h"

typedef struct gk_keyring__mark_t {
  apr_int64_t inode, size, modified, changed; /* the last two in ns */
} gk_keyring__mark_t;

typedef struct gk_keyring__t {
  apr_pool_t *pool;
  const gk_keys_t *keys;         /* atomic */
  apr_int64_t next_look;         /* atomic; 0 until the keys were compared with the database */
  apr_thread_mutex_t *following; /* guards all below but fault; held while file and database are read */
  bool compared;
  gk_keyring__mark_t loaded;     /* the file that `keys` came from */
  gk_keyring__mark_t mark;       /* the file that was compared last */
  apr_pool_t *scratch;
  const gk_keys_t *told;         /* what gk_keyring_announce told last: one thread a process uses it */
  apr_time_t told_at;
  apr_thread_mutex_t *mutex;     /* guards fault and pool */
  char fault[400];
} gk_keyring__t;

gk_keyring__t *gk_core__keyring(gk_core_t *core);
void gk_core__warn(const char *text);
void gk_keyring__open(gk_keyring__t *ring, const gk_keys_t *keys, const char *path, apr_pool_t *pool);

#endif
