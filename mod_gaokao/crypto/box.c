/* crypto/box.c: what others sign and seal for us: Ed25519 under their keys, crypto_box_seal to an X25519 key of the file, and
 * base64url, in which both travel. */
#include <string.h>
#include <sodium.h>
#include <apr_strings.h>

#include "crypto/internal.h"

_Static_assert(GK_BOX_BYTES == crypto_box_PUBLICKEYBYTES && GK_KEY_BYTES == crypto_box_SECRETKEYBYTES, "sizes of X25519");

bool gk_verify_with(const unsigned char *public, const unsigned char *signature, const void *message, apr_size_t length)
{
  gk_crypto__ready();
  return crypto_sign_verify_detached(signature, message, length, public) == 0;
}

gk_error_t *gk_key_box_public(unsigned char *out, const char **key_id, const gk_keys_t *keys, const char *purpose,
                              apr_pool_t *pool)
{
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, gk_key_id(keys, purpose));
  if (key == NULL || strcmp(key->algorithm, "x25519") != 0)
    return gk_error_internal(pool, GK_E_CONFIG, "The key file has no key that opens what is sealed for '%s'", purpose);
  if (crypto_scalarmult_base(out, key->bytes) != 0)
    return gk_error_internal(pool, GK_E_CONFIG, "Key '%s' is no X25519 key", key->id);
  *key_id = key->id;
  return NULL;
}

bool gk_key_box_open(const char **bytes, apr_size_t *length, const gk_keys_t *keys, const char *purpose, const char *key_id,
                     const unsigned char *sealed, apr_size_t sealed_length, apr_pool_t *pool)
{
  unsigned char public[crypto_box_PUBLICKEYBYTES];
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, key_id);
  if (key == NULL || key->state == GK_KEY_GONE || key->bytes == NULL || strcmp(key->algorithm, "x25519") != 0 ||
      sealed_length < crypto_box_SEALBYTES || crypto_scalarmult_base(public, key->bytes) != 0)
    return false;
  apr_size_t room = sealed_length - crypto_box_SEALBYTES;
  unsigned char *out = apr_palloc(pool, room + 1);
  if (crypto_box_seal_open(out, sealed, sealed_length, public, key->bytes) != 0)
    return false;
  out[room] = '\0';
  *bytes = (const char *)out;
  *length = room;
  return true;
}

const char *gk_base64url(apr_pool_t *pool, const void *bytes, apr_size_t length)
{
  apr_size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  char *out = apr_palloc(pool, room);
  return sodium_bin2base64(out, room, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

unsigned char *gk_unbase64url(const char *text, apr_size_t *length, apr_pool_t *pool)
{
  apr_size_t text_length = strlen(text), room = text_length / 4 * 3 + 3;
  unsigned char *out = apr_palloc(pool, room + 1);
  /* libsodium 1.0.18 takes bytes above 0x7F for a digit: a text is written in one way only (found by fuzzing). */
  for (const char *c = text; *c != '\0'; c++)
    if ((unsigned char)*c > 0x7f)
      return NULL;
  if (sodium_base642bin(out, room, text, text_length, NULL, length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return NULL;
  out[*length] = '\0';
  return out;
}
