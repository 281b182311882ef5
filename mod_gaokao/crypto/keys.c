/* crypto/keys.c: the key file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"
#include "base/time.h"
#include "crypto/internal.h"

#define FILE_MAX_BYTES 65536

const gk_crypto__purpose_row_t gk_crypto__purposes[GK_KEY_PURPOSES] = {
    {"data", {"aes-256-gcm", "sm4-ctr-hmac-sm3"}},
    {"index", {"hmac-sha-256"}},
    {"cookie", {"hmac-sha-256"}},
    {"slip", {"hmac-sha-256"}},
    {"seal", {"ed25519"}},
    {"packet", {"x25519"}},
    {"reading", {"x25519"}},
    {"spool", {"aes-256-gcm", "sm4-ctr-hmac-sm3"}},
    {"export", {"ecdsa-p256"}}};

const char *const gk_crypto__states[] = {"", "new", "active", "old", "gone"};

void gk_crypto__ready(void)
{
  if (sodium_init() < 0)
    abort();
}

gk_error_t *gk_crypto__refuse(const char *path, const char *what, apr_pool_t *pool)
{
  return gk_error_internal(pool, GK_E_CONFIG, "Key file '%s': %s", path, what);
}

static gk_error_t *slurp(char **text, const char *path, apr_pool_t *pool)
{
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return gk_crypto__refuse(path,
                  apr_psprintf(pool, "can't be read (%s); 'gaokaoctl init' makes one for a new instance",
                               strerror(errno)),
                  pool);
  gk_error_t *error = NULL;
  ssize_t got = 0;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    error = gk_crypto__refuse(path, "is no ordinary file", pool);
  else if ((info.st_mode & 07) != 0)
    error = gk_crypto__refuse(path, apr_psprintf(pool, "may be read by everybody: chmod 0600 '%s'", path), pool);
  else if (info.st_size > FILE_MAX_BYTES)
    error = gk_crypto__refuse(path, "is larger than 64 KiB", pool);
  if (error == NULL) {
    *text = apr_pcalloc(pool, (apr_size_t)info.st_size + 1);
    got = read(fd, *text, (size_t)info.st_size);
    if (got != info.st_size)
      error = gk_crypto__refuse(path, "can't be read to its end", pool);
    else if (memchr(*text, '\0', (size_t)got) != NULL)
      error = gk_crypto__refuse(path, "holds a zero byte", pool);
  }
  close(fd);
  return error;
}

static apr_status_t forget(void *data)
{
  sodium_free(data);
  return APR_SUCCESS;
}

static int word_of(const char *word, const char *const *words, int first, int count)
{
  for (int i = first; i < count; i++)
    if (strcmp(words[i], word) == 0)
      return i;
  return -1;
}

static bool good_id(const char *id)
{
  apr_size_t length = strlen(id);
  return length >= 1 && length <= 32 &&
         strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static gk_error_t *parse_line(gk_keys_t *keys, unsigned char *bytes, char *line, int number, const char *path,
                              apr_pool_t *pool)
{
  const char *part[6];
  char *rest = NULL;
  int parts = 0;
  for (char *word = apr_strtok(line, " \t\r", &rest); word != NULL; word = apr_strtok(NULL, " \t\r", &rest)) {
    if (parts < 6)
      part[parts] = word;
    parts++;
  }
  if (parts == 0)
    return NULL;
  if (parts != 6)
    return gk_crypto__refuse(path, apr_psprintf(pool, "line %d has %d words instead of 6", number, parts), pool);
  int purpose = gk_crypto__purpose(part[1]);
  int state = word_of(part[4], gk_crypto__states, GK_KEY_NEW, GK_KEY_GONE + 1);
  apr_time_t created;
  size_t length = 0;
  if (!good_id(part[0]))
    return gk_crypto__refuse(path, apr_psprintf(pool, "line %d: the id must be 1 to 32 letters, digits, - or _", number),
                  pool);
  if (purpose < 0)
    return gk_crypto__refuse(path, apr_psprintf(pool, "line %d: there is no purpose '%s'", number, part[1]),
                  pool);
  const gk_crypto__purpose_row_t *row = &gk_crypto__purposes[purpose];
  const char *algorithm = strcmp(part[2], row->algorithms[0]) == 0                                   ? row->algorithms[0]
                          : row->algorithms[1] != NULL && strcmp(part[2], row->algorithms[1]) == 0 ? row->algorithms[1]
                                                                                                     : NULL;
  if (algorithm == NULL)
    return gk_crypto__refuse(path,
                             apr_psprintf(pool, "line %d: algorithm must be %s%s%s", number, row->algorithms[0],
                                          row->algorithms[1] != NULL ? " or " : "",
                                          row->algorithms[1] != NULL ? row->algorithms[1] : ""),
                             pool);
  if (!gk_time_parse(part[3], &created))
    return gk_crypto__refuse(path, apr_psprintf(pool, "line %d: created must look like 2026-11-03T08:00:00Z", number),
                  pool);
  if (state < 0)
    return gk_crypto__refuse(path, apr_psprintf(pool, "line %d: state must be new, active, old or gone", number), pool);
  /* What is gone has no key any more ("-"), but for seals the half that verifies. */
  bool nothing = state == GK_KEY_GONE && purpose != GK_KEY_SEAL;
  if (nothing ? strcmp(part[5], "-") != 0
              : sodium_base642bin(bytes, GK_KEY_BYTES, part[5], strlen(part[5]), NULL, &length, NULL,
                                  sodium_base64_VARIANT_ORIGINAL) != 0 || length != GK_KEY_BYTES)
    return gk_crypto__refuse(
        path, apr_psprintf(pool, nothing ? "line %d: a key that is gone is written as -"
                                         : "line %d: the key must be 32 bytes as base64", number), pool);
  for (int i = 0; i < keys->all->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t).id, part[0]) == 0)
      return gk_crypto__refuse(path, apr_psprintf(pool, "line %d: id '%s' stands twice", number, part[0]), pool);
  APR_ARRAY_PUSH(keys->all, gk_crypto__key_t) = (gk_crypto__key_t){
      apr_pstrdup(pool, part[0]), (gk_crypto__purpose_t)purpose, (gk_crypto__state_t)state, algorithm, created,
      nothing ? NULL : bytes};
  return NULL;
}

static gk_error_t *parse(gk_keys_t *keys, char *text, const char *path, bool whole, apr_pool_t *pool)
{
  int lines = 1, number = 0;
  for (const char *p = text; *p != '\0'; p++)
    lines += *p == '\n';
  unsigned char *locked = sodium_malloc((size_t)lines * GK_KEY_BYTES);
  if (locked == NULL)
    return gk_crypto__refuse(path, "no memory for the keys", pool);
  apr_pool_cleanup_register(pool, locked, forget, apr_pool_cleanup_null);
  keys->locked = locked;
  keys->locked_bytes = (apr_size_t)lines * GK_KEY_BYTES;
  keys->all = apr_array_make(pool, lines, sizeof(gk_crypto__key_t));
  for (char *line = text; line != NULL; ) {
    char *end = strchr(line, '\n');
    if (end != NULL)
      *end = '\0';
    number++;
    line[strcspn(line, "#")] = '\0';
    GK_TRY(parse_line(keys, locked + (apr_size_t)keys->all->nelts * GK_KEY_BYTES, line, number, path, pool));
    line = end != NULL ? end + 1 : NULL;
  }
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    if (key->state != GK_KEY_ACTIVE)
      continue;
    if (keys->active[key->purpose] != NULL)
      return gk_crypto__refuse(path, apr_psprintf(pool, "two keys are active for %s", gk_crypto__purposes[key->purpose].word),
                    pool);
    keys->active[key->purpose] = key;
  }
  for (int i = 0; whole && i < GK_KEY_PURPOSES; i++)
    if (keys->active[i] == NULL)
      return gk_crypto__refuse(
          path,
          apr_psprintf(pool,
                       "no key is active for %s; put the right file back, or, when this instance never had one, "
                       "run 'gaokaoctl key create %s'",
                       gk_crypto__purposes[i].word, gk_crypto__purposes[i].word),
          pool);
  sodium_mprotect_readonly(locked);
  return NULL;
}

gk_error_t *gk_crypto__read(gk_keys_t **out, const char *path, bool whole, apr_pool_t *pool)
{
  gk_crypto__ready();
  char *text = NULL;
  apr_pool_t *scratch;
  apr_pool_create(&scratch, pool);
  gk_error_t *error = slurp(&text, path, scratch);
  if (error != NULL) {
    error = gk_error_dup(pool, error);
    apr_pool_destroy(scratch);
    return error;
  }
  apr_size_t length = strlen(text);
  gk_keys_t *keys = apr_pcalloc(pool, sizeof(*keys));
  error = parse(keys, text, path, whole, pool);
  sodium_memzero(text, length);
  apr_pool_destroy(scratch);
  if (error != NULL)
    return error;
  *out = keys;
  return NULL;
}

gk_error_t *gk_keys_load(gk_keys_t **out, const char *path, apr_pool_t *pool)
{
  return gk_crypto__read(out, path, true, pool);
}

gk_error_t *gk_keys_load_any(gk_keys_t **out, const char *path, apr_pool_t *pool)
{
  return gk_crypto__read(out, path, false, pool);
}

void gk_keys_hold(const gk_keys_t *keys) { sodium_mlock(keys->locked, keys->locked_bytes); }

void gk_keys_forget(const gk_keys_t *keys)
{
  sodium_mprotect_readwrite(keys->locked);
  sodium_memzero(keys->locked, keys->locked_bytes);
  sodium_mprotect_noaccess(keys->locked); /* who asks all the same is not answered with zeros */
}

/* ---- asking ---------------------------------------------------------------------------------------------- */

int gk_crypto__purpose(const char *word)
{
  for (int i = 0; i < GK_KEY_PURPOSES; i++)
    if (strcmp(gk_crypto__purposes[i].word, word) == 0)
      return i;
  return -1;
}

bool gk_key_purpose(const char *word) { return gk_crypto__purpose(word) >= 0; }

const gk_crypto__key_t *gk_crypto__find(const gk_keys_t *keys, const char *purpose, const char *key_id)
{
  for (int i = 0; purpose != NULL && key_id != NULL && i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    if (strcmp(gk_crypto__purposes[key->purpose].word, purpose) == 0 && strcmp(key->id, key_id) == 0)
      return key;
  }
  return NULL;
}

const char *gk_key_id(const gk_keys_t *keys, const char *purpose)
{
  int i = gk_crypto__purpose(purpose);
  return i >= 0 && keys->active[i] != NULL ? keys->active[i]->id : NULL;
}

int gk_keys_count(const gk_keys_t *keys) { return keys->all->nelts; }

void gk_keys_info(gk_key_info_t *out, const gk_keys_t *keys, int n, apr_pool_t *pool)
{
  static const unsigned char nothing[1];
  unsigned char digest[32];
  const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, n, gk_crypto__key_t);
  *out = (gk_key_info_t){key->id, gk_crypto__purposes[key->purpose].word, key->algorithm, gk_crypto__states[key->state],
                         key->created, NULL};
  if (key->state == GK_KEY_GONE)
    return;
  /* 64 bits of an HMAC under the key itself: they tell keys apart and nothing else. */
  gk_crypto__hmac(digest, key, apr_pstrcat(pool, "check ", out->purpose, " ", key->id, NULL), nothing, 0);
  out->check = gk_text_hex(pool, digest, 8);
}
