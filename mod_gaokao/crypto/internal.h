/* crypto/internal.h: what the files of this folder share. */
#ifndef GK_CRYPTO_INTERNAL_H
#define GK_CRYPTO_INTERNAL_H

#include "crypto/crypto.h"

#define GK_KEY_BYTES 32

typedef enum gk_crypto__purpose_t {
  GK_KEY_DATA = 0,
  GK_KEY_INDEX,
  GK_KEY_COOKIE,
  GK_KEY_SLIP,
  GK_KEY_SEAL,
  GK_KEY_PACKET,
  GK_KEY_READING,
  GK_KEY_SPOOL,
  GK_KEY_EXPORT,
  GK_KEY_PURPOSES
} gk_crypto__purpose_t;

typedef enum gk_crypto__state_t { GK_KEY_NEW = 1, GK_KEY_ACTIVE, GK_KEY_OLD, GK_KEY_GONE } gk_crypto__state_t;

typedef struct gk_crypto__key_t {
  const char *id;
  gk_crypto__purpose_t purpose;
  gk_crypto__state_t state;
  const unsigned char *bytes;        /* GK_KEY_BYTES, in locked memory that no core dump holds */
} gk_crypto__key_t;

struct gk_keys_t {
  apr_array_header_t *all;           /* gk_crypto__key_t */
  const gk_crypto__key_t *active[GK_KEY_PURPOSES];
};

/* libsodium is initialised; ends the process when it can't be (no random source). */
void gk_crypto__ready(void);

/* Number of a purpose's word, or -1. */
int gk_crypto__purpose(const char *word);

/* HMAC-SHA-256 of label, 0x00, message: labels keep the uses of one key apart. `out` takes 32 bytes. */
void gk_crypto__hmac(unsigned char *out, const gk_crypto__key_t *key, const char *label, const void *message,
                     apr_size_t length);

/* SHA-256 of two pieces, one after the other. `out` takes 32 bytes and may be one of the pieces. */
void gk_crypto__sha256(unsigned char *out, const void *first, apr_size_t first_length, const void *second,
                       apr_size_t second_length);

/* A key that still opens what it closed: active or old. */
static inline int gk_crypto__usable(const gk_crypto__key_t *key, gk_crypto__purpose_t purpose)
{
  return key->purpose == purpose && (key->state == GK_KEY_ACTIVE || key->state == GK_KEY_OLD);
}

/* ---- ciphers (cipher.c) ---------------------------------------------------------------------------------- */

#define GK_NONCE_BYTES 12
enum { GK_CIPHER_AES_GCM = 1, GK_CIPHER_SM4_HMAC_SM3 = 2 };

typedef struct gk_crypto__bytes_t {
  const unsigned char *bytes;
  apr_size_t length;
} gk_crypto__bytes_t;

/* One way of authenticated encryption, by the algorithm byte of stored values. `key` has GK_KEY_BYTES, `nonce`
 * GK_NONCE_BYTES; `ad` is authenticated with the value, as one text. */
typedef struct gk_crypto__cipher_t {
  int id;
  const char *name;
  apr_size_t tag_bytes;
  /* Writes `length` bytes and the tag behind them. */
  void (*seal)(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
               const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length);
  /* Reads `length` bytes and the tag behind them. False: not what was sealed; `out` is worthless then. */
  bool (*open)(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
               const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length);
} gk_crypto__cipher_t;

/* NULL for an unknown algorithm. */
const gk_crypto__cipher_t *gk_crypto__cipher(int id);

/* 64 bits, most significant byte first. */
static inline void gk_crypto__put64(unsigned char *out, apr_uint64_t value)
{
  for (int i = 0; i < 8; i++)
    out[i] = (unsigned char)(value >> (56 - 8 * i));
}

#endif
