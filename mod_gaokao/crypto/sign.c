/* crypto/sign.c: signatures with a key of the file: Ed25519, the 32 bytes being RFC 8032's seed. */
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "crypto/internal.h"

_Static_assert(GK_SIGNATURE_BYTES == crypto_sign_BYTES && GK_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES &&
                   GK_KEY_BYTES == crypto_sign_SEEDBYTES,
               "sizes of Ed25519");

/* `secret` takes crypto_sign_SECRETKEYBYTES; whoever asks wipes it. */
static void pair(unsigned char *public, unsigned char *secret, const gk_crypto__key_t *key)
{
  if (crypto_sign_seed_keypair(public, secret, key->bytes) != 0)
    abort();
}

gk_error_t *gk_key_sign(unsigned char *signature, const char **key_id, const gk_keys_t *keys, const char *purpose,
                        const void *message, apr_size_t length, apr_pool_t *pool)
{
  unsigned char public[GK_PUBLIC_BYTES], secret[crypto_sign_SECRETKEYBYTES];
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, gk_key_id(keys, purpose));
  if (key == NULL || key->purpose != GK_KEY_SEAL)
    return gk_error_internal(pool, GK_E_CONFIG, "Keys for '%s' don't sign", purpose);
  pair(public, secret, key);
  int wrong = crypto_sign_detached(signature, NULL, message, length, secret);
  sodium_memzero(secret, sizeof(secret));
  if (wrong)
    return gk_error_internal(pool, GK_E_INTERNAL, "Key '%s' does not sign", key->id);
  *key_id = key->id;
  return NULL;
}

gk_error_t *gk_key_public(unsigned char *out, const gk_keys_t *keys, const char *purpose, const char *key_id,
                          apr_pool_t *pool)
{
  unsigned char secret[crypto_sign_SECRETKEYBYTES];
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, key_id);
  if (key == NULL || key->purpose != GK_KEY_SEAL)
    return gk_error_internal(pool, GK_E_CONFIG, "The key file has no key '%s' that signs for '%s'",
                             key_id != NULL ? key_id : "(none)", purpose);
  if (key->state == GK_KEY_GONE)
    memcpy(out, key->bytes, GK_PUBLIC_BYTES);
  else
    pair(out, secret, key);
  sodium_memzero(secret, sizeof(secret));
  return NULL;
}

bool gk_key_verify(const gk_keys_t *keys, const char *purpose, const char *key_id, const unsigned char *signature,
                   const void *message, apr_size_t length)
{
  unsigned char public[GK_PUBLIC_BYTES], secret[crypto_sign_SECRETKEYBYTES];
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, key_id);
  if (key == NULL || key->purpose != GK_KEY_SEAL)
    return false;
  if (key->state == GK_KEY_GONE)
    memcpy(public, key->bytes, GK_PUBLIC_BYTES);
  else
    pair(public, secret, key);
  sodium_memzero(secret, sizeof(secret));
  return crypto_sign_verify_detached(signature, message, length, public) == 0;
}
