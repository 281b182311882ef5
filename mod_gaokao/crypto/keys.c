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

#include "base/time.h"
#include "crypto/internal.h"

#define FILE_MAX_BYTES 65536
#define TEXT_BYTES sodium_base64_ENCODED_LEN(GK_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)

static const struct {
  const char *word, *algorithm;
} purposes[GK_KEY_PURPOSES] = {
    {"data", "aes-256-gcm"},
    {"index", "hmac-sha-256"},
    {"cookie", "hmac-sha-256"},
    {"slip", "hmac-sha-256"},
    {"seal", "ed25519"},
    {"packet", "x25519"},
    {"reading", "x25519"},
    {"spool", "aes-256-gcm"},
    {"export", "ecdsa-p256"}};

static const char *const states[] = {"", "new", "active", "old", "gone"};

void gk_crypto__ready(void)
{
  if (sodium_init() < 0)
    abort();
}

static gk_error_t *refuse(const char *path, const char *what, apr_pool_t *pool)
{
  return gk_error_internal(pool, GK_E_CONFIG, "Key file '%s': %s", path, what);
}

gk_error_t *gk_keys_create(const char *path, apr_time_t now, apr_pool_t *pool)
{
  gk_crypto__ready();
  const char *temporary = apr_pstrcat(pool, path, ".new", NULL);
  const char *text =
      "# id purpose algorithm created state key. Whoever has this file can read the data: keep a copy apart "
      "from the database's.\n";
  struct stat there;
  if (lstat(path, &there) == 0)
    return refuse(path, "exists already; a key is never replaced silently", pool);
  for (int i = 0; i < GK_KEY_PURPOSES; i++) {
    unsigned char bytes[GK_KEY_BYTES];
    char base64[TEXT_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(base64, sizeof(base64), bytes, sizeof(bytes), sodium_base64_VARIANT_ORIGINAL);
    text = apr_psprintf(pool, "%s%s1 %s %s %s active %s\n", text, purposes[i].word, purposes[i].word,
                        purposes[i].algorithm, gk_time_text(pool, now), base64);
    sodium_memzero(bytes, sizeof(bytes));
  }
  unlink(temporary);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return refuse(temporary, apr_psprintf(pool, "can't be made: %s", strerror(errno)), pool);
  size_t length = strlen(text);
  int wrong = write(fd, text, length) != (ssize_t)length || fsync(fd) != 0;
  wrong = close(fd) != 0 || wrong;
  /* link() refuses a name that exists: two makers at once can't replace each other's file. */
  if (!wrong && link(temporary, path) != 0)
    wrong = 1;
  int why = errno;
  unlink(temporary);
  if (wrong)
    return refuse(path, apr_psprintf(pool, "can't be written: %s", strerror(why)), pool);
  return NULL;
}

static gk_error_t *slurp(char **text, const char *path, apr_pool_t *pool)
{
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return refuse(path,
                  apr_psprintf(pool, "can't be read (%s); 'gaokaoctl init' makes one for a new instance",
                               strerror(errno)),
                  pool);
  gk_error_t *error = NULL;
  ssize_t got = 0;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    error = refuse(path, "is no ordinary file", pool);
  else if ((info.st_mode & 07) != 0)
    error = refuse(path, apr_psprintf(pool, "may be read by everybody: chmod 0600 '%s'", path), pool);
  else if (info.st_size > FILE_MAX_BYTES)
    error = refuse(path, "is larger than 64 KiB", pool);
  if (error == NULL) {
    *text = apr_pcalloc(pool, (apr_size_t)info.st_size + 1);
    got = read(fd, *text, (size_t)info.st_size);
    if (got != info.st_size)
      error = refuse(path, "can't be read to its end", pool);
    else if (memchr(*text, '\0', (size_t)got) != NULL)
      error = refuse(path, "holds a zero byte", pool);
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
  const char *words[GK_KEY_PURPOSES], *part[6];
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
    return refuse(path, apr_psprintf(pool, "line %d has %d words instead of 6", number, parts), pool);
  for (int i = 0; i < GK_KEY_PURPOSES; i++)
    words[i] = purposes[i].word;
  int purpose = word_of(part[1], words, 0, GK_KEY_PURPOSES);
  int state = word_of(part[4], states, GK_KEY_NEW, GK_KEY_GONE + 1);
  apr_time_t created;
  size_t length = 0;
  if (!good_id(part[0]))
    return refuse(path, apr_psprintf(pool, "line %d: the id must be 1 to 32 letters, digits, - or _", number),
                  pool);
  if (purpose < 0)
    return refuse(path, apr_psprintf(pool, "line %d: there is no purpose '%s'", number, part[1]),
                  pool);
  if (strcmp(part[2], purposes[purpose].algorithm) != 0)
    return refuse(
        path, apr_psprintf(pool, "line %d: algorithm must be %s", number, purposes[purpose].algorithm), pool);
  if (!gk_time_parse(part[3], &created))
    return refuse(path, apr_psprintf(pool, "line %d: created must look like 2026-11-03T08:00:00Z", number),
                  pool);
  if (state < 0)
    return refuse(path, apr_psprintf(pool, "line %d: state must be new, active, old or gone", number), pool);
  if (sodium_base642bin(bytes, GK_KEY_BYTES, part[5], strlen(part[5]), NULL, &length, NULL,
                        sodium_base64_VARIANT_ORIGINAL) != 0 || length != GK_KEY_BYTES)
    return refuse(
        path, apr_psprintf(pool, "line %d: the key must be %d bytes as base64", number, GK_KEY_BYTES), pool);
  for (int i = 0; i < keys->all->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t).id, part[0]) == 0)
      return refuse(path, apr_psprintf(pool, "line %d: id '%s' stands twice", number, part[0]), pool);
  APR_ARRAY_PUSH(keys->all, gk_crypto__key_t) = (gk_crypto__key_t){
      apr_pstrdup(pool, part[0]), (gk_crypto__purpose_t)purpose, (gk_crypto__state_t)state, bytes};
  return NULL;
}

static gk_error_t *parse(gk_keys_t *keys, char *text, const char *path, apr_pool_t *pool)
{
  int lines = 1, number = 0;
  for (const char *p = text; *p != '\0'; p++)
    lines += *p == '\n';
  unsigned char *locked = sodium_malloc((size_t)lines * GK_KEY_BYTES);
  if (locked == NULL)
    return refuse(path, "no memory for the keys", pool);
  apr_pool_cleanup_register(pool, locked, forget, apr_pool_cleanup_null);
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
      return refuse(path, apr_psprintf(pool, "two keys are active for %s", purposes[key->purpose].word),
                    pool);
    keys->active[key->purpose] = key;
  }
  for (int i = 0; i < GK_KEY_PURPOSES; i++)
    if (keys->active[i] == NULL)
      return refuse(
          path,
          apr_psprintf(pool,
                       "no key is active for %s; put the right file back, or, when this instance never had one, "
                       "run 'gaokaoctl key create %s'",
                       purposes[i].word, purposes[i].word),
          pool);
  sodium_mprotect_readonly(locked);
  return NULL;
}

gk_error_t *gk_keys_load(gk_keys_t **out, const char *path, apr_pool_t *pool)
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
  error = parse(keys, text, path, pool);
  sodium_memzero(text, length);
  apr_pool_destroy(scratch);
  if (error != NULL)
    return error;
  *out = keys;
  return NULL;
}

int gk_crypto__purpose(const char *word)
{
  for (int i = 0; i < GK_KEY_PURPOSES; i++)
    if (strcmp(purposes[i].word, word) == 0)
      return i;
  return -1;
}

const char *gk_key_id(const gk_keys_t *keys, const char *purpose)
{
  int i = gk_crypto__purpose(purpose);
  return i >= 0 ? keys->active[i]->id : NULL;
}
