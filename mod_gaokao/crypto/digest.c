/* crypto/digest.c: SHA-256, HMAC, random bytes, comparing. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/internal.h"

struct gk_sha256_t {
  EVP_MD_CTX *context;
};

/* OpenSSL, because it uses the processor's SHA instructions. Fetched once: the implicit fetch takes a lock
 * each time. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  if (sha256 == NULL)
    abort();
}

const char *gk_sha256_hex(apr_pool_t *pool, const void *bytes, apr_size_t length)
{
  unsigned char digest[32];
  pthread_once(&sha256_once, fetch);
  if (EVP_Digest(bytes, length, digest, NULL, sha256, NULL) != 1)
    abort();
  return gk_text_hex(pool, digest, sizeof(digest));
}

/* One context a thread, for trees hash hundreds of thousands of short pieces. */
static pthread_key_t piece_context;
static pthread_once_t piece_once = PTHREAD_ONCE_INIT;

static void free_piece(void *context) { EVP_MD_CTX_free(context); }

static void make_key(void)
{
  if (pthread_key_create(&piece_context, free_piece) != 0)
    abort();
}

void gk_crypto__sha256(unsigned char *out, const void *first, apr_size_t first_length, const void *second,
                       apr_size_t second_length)
{
  pthread_once(&sha256_once, fetch);
  pthread_once(&piece_once, make_key);
  EVP_MD_CTX *context = pthread_getspecific(piece_context);
  if (context == NULL) {
    context = EVP_MD_CTX_new();
    if (context == NULL || pthread_setspecific(piece_context, context) != 0)
      abort();
  }
  if (EVP_DigestInit_ex(context, sha256, NULL) != 1 || EVP_DigestUpdate(context, first, first_length) != 1 ||
      EVP_DigestUpdate(context, second, second_length) != 1 || EVP_DigestFinal_ex(context, out, NULL) != 1)
    abort();
}

static apr_status_t free_context(void *data)
{
  EVP_MD_CTX_free(((gk_sha256_t *)data)->context);
  return APR_SUCCESS;
}

gk_sha256_t *gk_sha256_start(apr_pool_t *pool)
{
  pthread_once(&sha256_once, fetch);
  gk_sha256_t *digest = apr_palloc(pool, sizeof(*digest));
  digest->context = EVP_MD_CTX_new();
  if (digest->context == NULL || EVP_DigestInit_ex(digest->context, sha256, NULL) != 1)
    abort();
  apr_pool_cleanup_register(pool, digest, free_context, apr_pool_cleanup_null);
  return digest;
}

void gk_sha256_add(gk_sha256_t *digest, const void *bytes, apr_size_t length)
{
  if (EVP_DigestUpdate(digest->context, bytes, length) != 1)
    abort();
}

const char *gk_sha256_end(gk_sha256_t *digest, apr_pool_t *pool)
{
  unsigned char bytes[32];
  if (EVP_DigestFinal_ex(digest->context, bytes, NULL) != 1)
    abort();
  return gk_text_hex(pool, bytes, sizeof(bytes));
}

const char *gk_random_hex(apr_pool_t *pool, apr_size_t length)
{
  gk_crypto__ready();
  unsigned char *bytes = apr_palloc(pool, length);
  randombytes_buf(bytes, length);
  return gk_text_hex(pool, bytes, length);
}

void gk_crypto__hmac(unsigned char *out, const gk_crypto__key_t *key, const char *label, const void *message,
                     apr_size_t length)
{
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key->bytes, GK_KEY_BYTES);
  crypto_auth_hmacsha256_update(&state, (const unsigned char *)label, strlen(label) + 1);
  crypto_auth_hmacsha256_update(&state, message, length);
  crypto_auth_hmacsha256_final(&state, out);
  sodium_memzero(&state, sizeof(state));
}

static const char *index_under(const gk_crypto__key_t *key, const char *column, const char *value, apr_pool_t *pool)
{
  unsigned char digest[32];
  if (value == NULL || key == NULL)
    return NULL;
  gk_crypto__hmac(digest, key, column, value, strlen(value));
  return gk_text_hex(pool, digest, sizeof(digest));
}

/* The index key that is new or old; gk_keys_add sees to it that there is one at most. */
static const gk_crypto__key_t *other_index(const gk_keys_t *keys)
{
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    if (gk_crypto__usable(key, GK_KEY_INDEX) && key->state != GK_KEY_ACTIVE)
      return key;
  }
  return NULL;
}

const char *gk_blind_index(const gk_keys_t *keys, const char *column, const char *value, apr_pool_t *pool)
{
  return index_under(keys->active[GK_KEY_INDEX], column, value, pool);
}

const char *gk_blind_index_other(const gk_keys_t *keys, const char *column, const char *value, apr_pool_t *pool)
{
  return index_under(other_index(keys), column, value, pool);
}

const char *gk_index_newer(const gk_keys_t *keys)
{
  const gk_crypto__key_t *other = other_index(keys);
  return other == NULL ? NULL : other->state == GK_KEY_NEW ? other->id : keys->active[GK_KEY_INDEX]->id;
}

bool gk_same_text(const char *a, const char *b)
{
  if (a == NULL || b == NULL)
    return false;
  apr_size_t length = strlen(a);
  return length == strlen(b) && sodium_memcmp(a, b, length) == 0;
}
