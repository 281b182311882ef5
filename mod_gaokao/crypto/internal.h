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
  const char *algorithm;             /* a word of its purpose's row */
  apr_time_t created;
  /* GK_KEY_BYTES, in locked memory that no core dump holds. NULL for a key that is gone; a gone key for seals has its
   * public half here, which goes on verifying. */
  const unsigned char *bytes;
} gk_crypto__key_t;

struct gk_keys_t {
  apr_array_header_t *all;           /* gk_crypto__key_t */
  const gk_crypto__key_t *active[GK_KEY_PURPOSES];
  unsigned char *locked;             /* where the keys of the file lie */
  apr_size_t locked_bytes;
};

/* libsodium is initialised; ends the process when it can't be (no random source). */
void gk_crypto__ready(void);

/* Number of a purpose's word, or -1. */
int gk_crypto__purpose(const char *word);

/* One row a purpose; the first of its algorithms is the usual one, the second that of the Chinese standards. */
typedef struct gk_crypto__purpose_row_t {
  const char *word, *algorithms[2];
} gk_crypto__purpose_row_t;
extern const gk_crypto__purpose_row_t gk_crypto__purposes[GK_KEY_PURPOSES];
extern const char *const gk_crypto__states[];

/* Reads the file; `whole` false takes one that lacks purposes. */
gk_error_t *gk_crypto__read(gk_keys_t **out, const char *path, bool whole, apr_pool_t *pool);
gk_error_t *gk_crypto__refuse(const char *path, const char *what, apr_pool_t *pool);
const gk_crypto__key_t *gk_crypto__find(const gk_keys_t *keys, const char *purpose, const char *key_id);

/* HMAC-SHA-256 of label, 0x00, message: labels keep the uses of one key apart. `out` takes 32 bytes. */
void gk_crypto__hmac(unsigned char *out, const gk_crypto__key_t *key, const char *label, const void *message,
                     apr_size_t length);

/* SHA-256 of two pieces, one after the other. `out` takes 32 bytes and may be one of the pieces. */
void gk_crypto__sha256(unsigned char *out, const void *first, apr_size_t first_length, const void *second,
                       apr_size_t second_length);

/* A key that opens what it closed: any that is not gone. New ones too: another node may have made it active a moment
 * before this process reads the file again. */
static inline int gk_crypto__usable(const gk_crypto__key_t *key, gk_crypto__purpose_t purpose)
{
  return key->purpose == purpose && key->state != GK_KEY_GONE;
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
/* What a key of the file closes values with. */
int gk_crypto__cipher_of(const gk_crypto__key_t *key);

/* ---- Chinese standards (sm.c): GB/T 32905 (SM3), GB/T 32907 (SM4) ------------------------------------------ */

#define GK_SM3_BYTES 32
void gk_crypto__sm3(unsigned char *out, const void *bytes, apr_size_t length);
/* The pieces are taken as one text. */
void gk_crypto__hmac_sm3(unsigned char *out, const unsigned char *key, apr_size_t key_length,
                         const gk_crypto__bytes_t *pieces, int count);
/* Key and first counter of 16 bytes each; the same for both ways. */
void gk_crypto__sm4_ctr(unsigned char *out, const unsigned char *key, const unsigned char *counter,
                        const unsigned char *bytes, apr_size_t length);
void gk_crypto__sm_seal(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                        const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length);
bool gk_crypto__sm_open(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                        const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length);

/* 64 bits, most significant byte first. */
static inline void gk_crypto__put64(unsigned char *out, apr_uint64_t value)
{
  for (int i = 0; i < 8; i++)
    out[i] = (unsigned char)(value >> (56 - 8 * i));
}

#endif
