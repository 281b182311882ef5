/* crypto/keyfile.c: makes and changes the key file (crypto.h).
 *
 * Keys that are new, old or gone stand before the active ones, so that a file cut off anywhere lacks an active key and is
 * refused: there is no shorter file that loads with fewer keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/internal.h"

#define TEXT_BYTES sodium_base64_ENCODED_LEN(GK_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)
#define LINE_BYTES 256
#define HEAD                                                                                                     \
  "# id purpose algorithm created state key. Whoever has this file can read the data; whoever loses it has lost them: keep " \
  "a copy apart from the database's. Changed by gaokaoctl key.\n"

/* The order of the group of NIST P-256: a private key is less. */
static const unsigned char p256_order[GK_KEY_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void make_bytes(unsigned char *bytes)
{
  do
    randombytes_buf(bytes, GK_KEY_BYTES);
  while (memcmp(bytes, p256_order, GK_KEY_BYTES) >= 0 || sodium_is_zero(bytes, GK_KEY_BYTES));
}

/* ---- writing --------------------------------------------------------------------------------------------- */

/* The text stands in locked memory; the caller frees it. */
static char *text_of(const gk_keys_t *keys, apr_size_t *length, apr_pool_t *pool)
{
  apr_size_t room = sizeof(HEAD) + (apr_size_t)keys->all->nelts * LINE_BYTES;
  char *text = sodium_malloc(room);
  if (text == NULL)
    return NULL;
  apr_size_t used = (apr_size_t)snprintf(text, room, "%s", HEAD);
  for (int active = 0; active <= 1; active++)
    for (int i = 0; i < keys->all->nelts; i++) {
      const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
      char base64[TEXT_BYTES] = "-";
      if ((key->state == GK_KEY_ACTIVE) != active)
        continue;
      if (key->bytes != NULL)
        sodium_bin2base64(base64, sizeof(base64), key->bytes, GK_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
      used += (apr_size_t)snprintf(text + used, room - used, "%s %s %s %s %s %s\n", key->id,
                                   gk_crypto__purposes[key->purpose].word, key->algorithm,
                                   gk_time_text(pool, key->created), gk_crypto__states[key->state], base64);
      sodium_memzero(base64, sizeof(base64));
    }
  *length = used;
  return text;
}

static int sync_folder(const char *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int wrong = fd < 0 || fsync(fd) != 0;
  if (fd >= 0)
    close(fd);
  return wrong;
}

static const char *folder_of(const char *path, apr_pool_t *pool)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? "." : slash == path ? "/" : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path));
}

/* A new file, written through to the disk before it takes its name. `there`: what it replaces, NULL for a file that must
 * not exist yet. */
static gk_error_t *put(const gk_keys_t *keys, const char *path, const struct stat *there, apr_pool_t *pool)
{
  const char *fresh = apr_psprintf(pool, "%s.%ld.new", path, (long)getpid());
  apr_size_t length = 0;
  char *text = text_of(keys, &length, pool);
  if (text == NULL)
    return gk_crypto__refuse(path, "no memory for the keys", pool);
  unlink(fresh);
  int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int wrong = fd < 0 || write(fd, text, length) != (ssize_t)length;
  if (!wrong && there != NULL) {
    wrong = fchmod(fd, there->st_mode & 0770) != 0;
    struct stat mine;
    if (!wrong && (fstat(fd, &mine) != 0 || mine.st_uid != there->st_uid || mine.st_gid != there->st_gid))
      wrong = fchown(fd, there->st_uid, there->st_gid) != 0;
  }
  wrong = wrong || fsync(fd) != 0;
  int why = errno;
  if (fd >= 0 && close(fd) != 0 && !wrong) {
    wrong = 1;
    why = errno;
  }
  sodium_free(text);
  /* link() refuses a name that exists: two makers at once can't replace each other's file. */
  if (!wrong && (there != NULL ? rename(fresh, path) : link(fresh, path)) != 0) {
    wrong = 1;
    why = errno;
  }
  unlink(fresh);
  if (!wrong && sync_folder(folder_of(path, pool))) {
    wrong = 1;
    why = errno;
  }
  return wrong ? gk_crypto__refuse(path, apr_psprintf(pool, "can't be written: %s", strerror(why)), pool) : NULL;
}

/* ---- adding a key ---------------------------------------------------------------------------------------- */

static apr_status_t forget(void *data)
{
  sodium_free(data);
  return APR_SUCCESS;
}

static gk_error_t *add(const char **key_id, gk_keys_t *keys, const char *path, int purpose, bool chinese, apr_time_t now,
                       apr_pool_t *pool)
{
  const gk_crypto__purpose_row_t *row = &gk_crypto__purposes[purpose];
  const char *id = NULL;
  for (int n = 1; id == NULL; n++) {
    id = apr_psprintf(pool, "%s%d", row->word, n);
    for (int i = 0; id != NULL && i < keys->all->nelts; i++)
      if (strcmp(APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t).id, id) == 0)
        id = NULL;
  }
  unsigned char *bytes = sodium_malloc(GK_KEY_BYTES);
  if (bytes == NULL)
    return gk_crypto__refuse(path, "no memory for the keys", pool);
  apr_pool_cleanup_register(pool, bytes, forget, apr_pool_cleanup_null);
  make_bytes(bytes);
  APR_ARRAY_PUSH(keys->all, gk_crypto__key_t) = (gk_crypto__key_t){
      id,  (gk_crypto__purpose_t)purpose,
      keys->active[purpose] == NULL ? GK_KEY_ACTIVE : GK_KEY_NEW,
      row->algorithms[chinese && row->algorithms[1] != NULL ? 1 : 0],
      now, bytes};
  *key_id = id;
  return NULL;
}

static gk_error_t *create(const char *path, bool chinese, apr_time_t now, apr_pool_t *pool)
{
  struct stat there;
  const char *id;
  gk_keys_t *keys = apr_pcalloc(pool, sizeof(*keys));
  gk_crypto__ready();
  if (lstat(path, &there) == 0)
    return gk_crypto__refuse(path, "exists already; a key is never replaced silently", pool);
  keys->all = apr_array_make(pool, GK_KEY_PURPOSES, sizeof(gk_crypto__key_t));
  for (int i = 0; i < GK_KEY_PURPOSES; i++)
    GK_TRY(add(&id, keys, path, i, chinese, now, pool));
  return put(keys, path, NULL, pool);
}

gk_error_t *gk_keys_create(const char *path, apr_time_t now, apr_pool_t *pool) { return create(path, false, now, pool); }

gk_error_t *gk_keys_create_chinese(const char *path, apr_time_t now, apr_pool_t *pool)
{
  return create(path, true, now, pool);
}

/* ---- changing -------------------------------------------------------------------------------------------- */

typedef struct change_t {
  gk_keys_t *keys;
  const char *path;
  struct stat there;
  int lock;
} change_t;

/* The folder is locked, not the file: the file is replaced. */
static gk_error_t *start(change_t *change, const char *path, apr_pool_t *pool)
{
  gk_crypto__ready();
  *change = (change_t){.path = path};
  change->lock = open(folder_of(path, pool), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (change->lock < 0 || flock(change->lock, LOCK_EX) != 0 || stat(path, &change->there) != 0) {
    gk_error_t *error = gk_crypto__refuse(path, apr_psprintf(pool, "can't be read: %s", strerror(errno)), pool);
    if (change->lock >= 0)
      close(change->lock);
    return error;
  }
  gk_error_t *error = gk_crypto__read(&change->keys, path, false, pool);
  if (error != NULL)
    close(change->lock);
  return error;
}

static gk_error_t *finish(change_t *change, gk_error_t *error, apr_pool_t *pool)
{
  if (error == NULL)
    error = put(change->keys, change->path, &change->there, pool);
  close(change->lock);
  return error;
}

static gk_error_t *no_such_key(const char *purpose, const char *key_id, apr_pool_t *pool)
{
  return gk_error(pool, GK_E_WRONG_STATE, "密钥文件中没有用途为 %s 的密钥 %s，或它的状态不允许这样做，见 gaokaoctl key list",
                  "The key file has no key for '%s' named '%s' in a state that allows this: see gaokaoctl key list", purpose,
                  key_id);
}

gk_error_t *gk_keys_add(const char **key_id, const char *path, const char *purpose, bool chinese, apr_time_t now,
                        apr_pool_t *pool)
{
  change_t change;
  int number = gk_crypto__purpose(purpose);
  if (number < 0)
    return gk_crypto__refuse(path, apr_psprintf(pool, "there is no purpose '%s'", purpose), pool);
  GK_TRY(start(&change, path, pool));
  gk_error_t *error = NULL;
  for (int i = 0; error == NULL && i < change.keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(change.keys->all, i, gk_crypto__key_t);
    /* Rows are found by at most two indexes. */
    if ((int)key->purpose == number &&
        (key->state == GK_KEY_NEW || (key->state == GK_KEY_OLD && number == GK_KEY_INDEX)))
      error = gk_error(pool, GK_E_WRONG_STATE, "密钥 %s 的更换还没有完成：先完成，或用 gaokaoctl key retire %s %s 撤掉",
                       "The change of key '%s' is not done yet: finish it, or take the key out with gaokaoctl key retire %s %s",
                       key->id, purpose, key->id);
  }
  if (error == NULL)
    error = add(key_id, change.keys, path, number, chinese, now, pool);
  return finish(&change, error, pool);
}

gk_error_t *gk_keys_activate(const char *path, const char *purpose, const char *key_id, apr_pool_t *pool)
{
  change_t change;
  GK_TRY(start(&change, path, pool));
  const gk_crypto__key_t *key = gk_crypto__find(change.keys, purpose, key_id);
  gk_error_t *error = key == NULL || key->state != GK_KEY_NEW ? no_such_key(purpose, key_id, pool) : NULL;
  for (int i = 0; error == NULL && i < change.keys->all->nelts; i++) {
    gk_crypto__key_t *other = &APR_ARRAY_IDX(change.keys->all, i, gk_crypto__key_t);
    if (other->purpose == key->purpose && other->state == GK_KEY_ACTIVE)
      other->state = GK_KEY_OLD;
    if (other == key)
      other->state = GK_KEY_ACTIVE;
  }
  return finish(&change, error, pool);
}

gk_error_t *gk_keys_retire(const char *path, const char *purpose, const char *key_id, apr_pool_t *pool)
{
  change_t change;
  GK_TRY(start(&change, path, pool));
  const gk_crypto__key_t *key = gk_crypto__find(change.keys, purpose, key_id);
  gk_error_t *error =
      key == NULL || (key->state != GK_KEY_NEW && key->state != GK_KEY_OLD) ? no_such_key(purpose, key_id, pool) : NULL;
  for (int i = 0; error == NULL && i < change.keys->all->nelts; i++) {
    gk_crypto__key_t *other = &APR_ARRAY_IDX(change.keys->all, i, gk_crypto__key_t);
    if (other != key)
      continue;
    if (key->purpose == GK_KEY_SEAL) {
      unsigned char *public = apr_palloc(pool, GK_PUBLIC_BYTES);
      error = gk_key_public(public, change.keys, purpose, key_id, pool);
      other->bytes = public;
    } else {
      other->bytes = NULL;
    }
    other->state = GK_KEY_GONE;
  }
  return finish(&change, error, pool);
}
