/* domain/keyring.c: see keyring.h. */
#include "domain/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "domain/core_internal.h"
#include "domain/ports_key.h"

#define LOOK_US APR_USEC_PER_SEC
#define ANNOUNCE_US (20 * APR_USEC_PER_SEC)

/* ---- comparing ------------------------------------------------------------------------------------------- */

static const gk_key_row_t *row_of(const apr_array_header_t *rows, const char *id)
{
  for (int i = 0; i < rows->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(rows, i, gk_key_row_t).id, id) == 0)
      return &APR_ARRAY_IDX(rows, i, gk_key_row_t);
  return NULL;
}

static gk_error_t *refuse(const char *path, const char *key_id, const char *what, apr_pool_t *pool)
{
  return gk_error_internal(pool, GK_E_CONFIG, "Key file '%s': key '%s' %s", path, key_id, what);
}

static gk_error_t *compare_key(const gk_key_info_t *key, const gk_key_row_t *row, const char *path, apr_pool_t *pool)
{
  bool active = strcmp(key->state, "active") == 0;
  if (row == NULL)
    return active ? refuse(path, key->id, "is active and unknown to the database: this is the file of another instance, or a key "
                                          "added by hand; put the right file back", pool)
                  : NULL;
  if (row->gone != 0 && active)
    return refuse(path, key->id, "was retired: this file is older than the database; put the present one there", pool);
  if (row->gone == 0 && row->needed && key->check == NULL)
    return refuse(path, key->id, "is gone from the file, but the database still needs it: put the right file back", pool);
  if (key->check != NULL && (strcmp(key->check, row->check) != 0 || strcmp(key->purpose, row->purpose) != 0))
    return refuse(path, key->id, "is not the one this database was written with: put the right file back", pool);
  return NULL;
}

gk_error_t *gk_keyring_compare(gk_db_t *db, const gk_keys_t *keys, const char *path, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_store_keys(&rows, db, pool));
  if (rows->nelts == 0)
    return gk_error_internal(pool, GK_E_CONFIG, "The database knows no keys yet: run 'gaokaoctl upgrade --instance DIR' with the "
                             "key file in its place");
  for (int i = 0; i < rows->nelts; i++) {
    const gk_key_row_t *row = &APR_ARRAY_IDX(rows, i, gk_key_row_t);
    bool there = !row->needed || row->gone != 0;
    for (int k = 0; !there && k < gk_keys_count(keys); k++) {
      gk_key_info_t key;
      gk_keys_info(&key, keys, k, pool);
      there = strcmp(key.id, row->id) == 0;
    }
    if (!there)
      return refuse(path, row->id, "is missing, and the database needs it: put the right file back", pool);
  }
  for (int k = 0; k < gk_keys_count(keys); k++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, k, pool);
    GK_TRY(compare_key(&key, row_of(rows, key.id), path, pool));
  }
  return NULL;
}

gk_error_t *gk_keyring_known(bool *known, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_store_keys(&rows, db, pool));
  *known = rows->nelts > 0;
  return NULL;
}

static gk_error_t *add_unknown(gk_db_t *db, const gk_keys_t *keys, const char *path, apr_time_t now, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_store_keys(&rows, db, pool));
  for (int k = 0; k < gk_keys_count(keys); k++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, k, pool);
    bool active = strcmp(key.state, "active") == 0, used = strcmp(key.state, "new") != 0, first = true;
    if (key.check == NULL || row_of(rows, key.id) != NULL)
      continue;
    /* A purpose's first key may come active; later ones are made active by gaokaoctl alone. */
    for (int i = 0; i < rows->nelts; i++)
      first = first && strcmp(APR_ARRAY_IDX(rows, i, gk_key_row_t).purpose, key.purpose) != 0;
    if (rows->nelts == 0 || first || !active)
      GK_TRY(gk_store_key_add(db, &key, used, now, pool));
  }
  return gk_keyring_compare(db, keys, path, pool);
}

gk_error_t *gk_keyring_register(gk_db_t *db, const gk_keys_t *keys, const char *path, apr_time_t now, apr_pool_t *pool)
{
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = add_unknown(db, keys, path, now, pool);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  return error;
}

/* ---- following the file ---------------------------------------------------------------------------------- */

/* What tells one file from the next without reading it. */
static void mark_of(gk_keyring__mark_t *mark, const char *path)
{
  struct stat info;
  memset(mark, 0, sizeof(*mark));
  if (stat(path, &info) == 0)
    *mark = (gk_keyring__mark_t){(apr_int64_t)info.st_ino, (apr_int64_t)info.st_size,
                                 (apr_int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
                                 (apr_int64_t)info.st_ctim.tv_sec * 1000000000 + info.st_ctim.tv_nsec};
}

void gk_keyring__open(gk_keyring__t *ring, const gk_keys_t *keys, const char *path, apr_pool_t *pool)
{
  ring->pool = pool;
  ring->keys = keys;
  mark_of(&ring->loaded, path);
  apr_thread_mutex_create(&ring->following, APR_THREAD_MUTEX_DEFAULT, pool);
  apr_thread_mutex_create(&ring->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
}

static bool same_mark(const gk_keyring__mark_t *a, const gk_keyring__mark_t *b)
{
  return a->inode == b->inode && a->size == b->size && a->modified == b->modified && a->changed == b->changed;
}

static apr_status_t free_pool(void *pool)
{
  apr_pool_destroy(pool);
  return APR_SUCCESS;
}

/* Under following. The sets of keys stay until the process ends: whoever holds one goes on with it, and there are as many as the
 * file was changed. */
static gk_error_t *take_new(gk_keyring__t *ring, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  const char *path = gk_core_config(core)->keys_file;
  gk_keys_t *fresh = NULL;
  apr_pool_t *own;
  gk_keyring__mark_t mark;
  mark_of(&mark, path); /* before reading: a change meanwhile is seen next time */
  if (ring->compared && same_mark(&mark, &ring->mark))
    return NULL;
  if (!ring->compared && same_mark(&mark, &ring->loaded)) {
    GK_TRY(gk_keyring_compare(db, gk_core_keys(core), path, pool));
    ring->mark = mark;
    ring->compared = true;
    return NULL;
  }
  apr_pool_create(&own, NULL);
  gk_error_t *error = gk_keys_load(&fresh, path, own);
  if (error == NULL)
    error = gk_keyring_compare(db, fresh, path, pool);
  if (error != NULL) {
    error = gk_error_dup(pool, error);
    apr_pool_destroy(own);
    return error;
  }
  apr_thread_mutex_lock(ring->mutex);
  apr_pool_cleanup_register(ring->pool, own, free_pool, apr_pool_cleanup_null);
  apr_thread_mutex_unlock(ring->mutex);
  __atomic_store_n(&ring->keys, fresh, __ATOMIC_RELEASE);
  ring->mark = mark;
  ring->loaded = mark;
  ring->compared = true;
  return NULL;
}

static void set_fault(gk_keyring__t *ring, const char *text)
{
  bool news;
  apr_thread_mutex_lock(ring->mutex);
  news = strncmp(ring->fault, text, sizeof(ring->fault) - 1) != 0;
  apr_cpystrn(ring->fault, text, sizeof(ring->fault));
  apr_thread_mutex_unlock(ring->mutex);
  if (news && text[0] != '\0')
    gk_core__warn(apr_psprintf(ring->scratch, "GK0007: The key file is not used, the keys read before go on: %s", text));
}

gk_error_t *gk_keyring_follow(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  gk_keyring__t *ring = gk_core__keyring(core);
  apr_time_t now = apr_time_now(), next = (apr_time_t)__atomic_load_n(&ring->next_look, __ATOMIC_ACQUIRE);
  if (now < next && next - now <= LOOK_US)
    return NULL;
  /* One thread looks; the others go on with keys that were compared, or wait for the first comparison. */
  if (apr_thread_mutex_trylock(ring->following) != APR_SUCCESS) {
    if (next != 0)
      return NULL;
    apr_thread_mutex_lock(ring->following);
  }
  ring->scratch = pool;
  gk_error_t *error = take_new(ring, core, db, pool);
  bool used = ring->compared;
  if (error == NULL || error->code == GK_E_CONFIG)
    set_fault(ring, error != NULL ? gk_error_log_text(pool, error) : "");
  if (used)
    __atomic_store_n(&ring->next_look, (apr_int64_t)(apr_time_now() + LOOK_US), __ATOMIC_RELEASE);
  apr_thread_mutex_unlock(ring->following);
  return used ? NULL : error;
}

const char *gk_keyring_fault(gk_core_t *core, apr_pool_t *pool)
{
  gk_keyring__t *ring = gk_core__keyring(core);
  apr_thread_mutex_lock(ring->mutex);
  const char *text = ring->fault[0] != '\0' ? apr_pstrdup(pool, ring->fault) : NULL;
  apr_thread_mutex_unlock(ring->mutex);
  return text;
}

/* ---- telling --------------------------------------------------------------------------------------------- */

const char *gk_keyring_text(const gk_keys_t *keys, apr_pool_t *pool)
{
  const char *text = "";
  for (int k = 0; k < gk_keys_count(keys); k++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, k, pool);
    if (key.check != NULL)
      text = apr_pstrcat(pool, text, text[0] != '\0' ? " " : "", key.id, ":", key.state, NULL);
  }
  return text;
}

gk_error_t *gk_keyring_announce(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  gk_keyring__t *ring = gk_core__keyring(core);
  const gk_keys_t *keys = gk_core_keys(core);
  apr_time_t now = gk_core_now(core);
  if (keys == ring->told && now - ring->told_at >= 0 && now - ring->told_at < ANNOUNCE_US)
    return NULL;
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = gk_store_key_node_seen(db, gk_core_config(core)->node, gk_keyring_text(keys, pool), now, pool);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL) {
    gk_db_rollback(db);
    return error;
  }
  ring->told = keys;
  ring->told_at = now;
  return NULL;
}
