/* crypto/device.h: what a device at a point signs and seals: Ed25519 with its own key, crypto_box_seal to the server's. Nothing
 * here needs a pool or a key file: devices live in little memory. */
#ifndef GK_CRYPTO_DEVICE_H
#define GK_CRYPTO_DEVICE_H

#include "crypto/crypto.h"

#define GK_DEVICE_SECRET_BYTES 32      /* RFC 8032's seed */
#define GK_DEVICE_SEALED_BYTES 48      /* what sealing adds */

/* Draws a new key. */
void gk_device_key_make(unsigned char *secret);
/* Its public half (GK_PUBLIC_BYTES). */
void gk_device_key_public(unsigned char *public, const unsigned char *secret);
/* `signature` takes GK_SIGNATURE_BYTES. */
void gk_device_sign(unsigned char *signature, const unsigned char *secret, const void *message, apr_size_t length);
bool gk_device_verify(const unsigned char *public, const unsigned char *signature, const void *message, apr_size_t length);
/* Seals to an X25519 key of 32 bytes; `out` takes length + GK_DEVICE_SEALED_BYTES. False: that is no key. */
bool gk_device_seal(unsigned char *out, const unsigned char *key, const void *message, apr_size_t length);
/* A number below `limit`, for spreading retries. */
unsigned gk_device_random(unsigned limit);

/* base64url without padding. _put writes a NUL too: `out` takes gk_device_base64_length() + 1 characters. _get: false unless
 * `text` is exactly `length` bytes in it. */
apr_size_t gk_device_base64_length(apr_size_t length);
void gk_device_base64_put(char *out, const void *bytes, apr_size_t length);
bool gk_device_base64_get(unsigned char *out, apr_size_t length, const char *text);

#endif
