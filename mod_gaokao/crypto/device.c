/* crypto/device.c: see device.h. */
#include "crypto/device.h"

#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "crypto/internal.h"

_Static_assert(GK_DEVICE_SECRET_BYTES == crypto_sign_SEEDBYTES && GK_DEVICE_SEALED_BYTES == crypto_box_SEALBYTES, "sizes");

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

void gk_device_key_make(unsigned char *secret)
{
  gk_crypto__ready();
  randombytes_buf(secret, GK_DEVICE_SECRET_BYTES);
}

static void pair(unsigned char *public, unsigned char *whole, const unsigned char *secret)
{
  gk_crypto__ready();
  if (crypto_sign_seed_keypair(public, whole, secret) != 0)
    abort();
}

void gk_device_key_public(unsigned char *public, const unsigned char *secret)
{
  unsigned char whole[crypto_sign_SECRETKEYBYTES];
  pair(public, whole, secret);
  sodium_memzero(whole, sizeof(whole));
}

void gk_device_sign(unsigned char *signature, const unsigned char *secret, const void *message, apr_size_t length)
{
  unsigned char public[GK_PUBLIC_BYTES], whole[crypto_sign_SECRETKEYBYTES];
  pair(public, whole, secret);
  if (crypto_sign_detached(signature, NULL, message, length, whole) != 0)
    abort();
  sodium_memzero(whole, sizeof(whole));
}

bool gk_device_verify(const unsigned char *public, const unsigned char *signature, const void *message, apr_size_t length)
{
  gk_crypto__ready();
  return crypto_sign_verify_detached(signature, message, length, public) == 0;
}

bool gk_device_seal(unsigned char *out, const unsigned char *key, const void *message, apr_size_t length)
{
  gk_crypto__ready();
  return crypto_box_seal(out, message, length, key) == 0;
}

unsigned gk_device_random(unsigned limit)
{
  gk_crypto__ready();
  return randombytes_uniform(limit);
}

apr_size_t gk_device_base64_length(apr_size_t length) { return sodium_base64_encoded_len(length, VARIANT) - 1; }

void gk_device_base64_put(char *out, const void *bytes, apr_size_t length)
{
  sodium_bin2base64(out, sodium_base64_encoded_len(length, VARIANT), bytes, length, VARIANT);
}

bool gk_device_base64_get(unsigned char *out, apr_size_t length, const char *text)
{
  size_t found;
  return text != NULL && sodium_base642bin(out, length, text, strlen(text), NULL, &found, NULL, VARIANT) == 0 && found == length;
}
