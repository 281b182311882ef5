/* crypto/crypto.h: all cryptography of the core; the only includer of OpenSSL and libsodium is this folder.
 *
 * Keys come from one text file outside the database: "id purpose algorithm created state base64", one key a
 * line, '#' starts a comment. Purposes: data, index, cookie, slip, seal, packet, reading, spool, export. States:
 * new, active, old, gone; exactly one active key a purpose. (faults.md part 2, "Key file and rotation")
 */
#ifndef GK_CRYPTO_CRYPTO_H
#define GK_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>
#include "base/error.h"

typedef struct gk_keys_t gk_keys_t;

/* Makes a key file (0600) with one active key a purpose; CONFIG when it exists already. */
gk_error_t *gk_keys_create(const char *path, apr_time_t now, apr_pool_t *pool);
/* The same with the algorithms of the Chinese standards where a purpose knows one. */
gk_error_t *gk_keys_create_chinese(const char *path, apr_time_t now, apr_pool_t *pool);
/* Reads it. Errors: CONFIG, naming what is wrong and the command that makes one. Immutable afterwards. */
gk_error_t *gk_keys_load(gk_keys_t **out, const char *path, apr_pool_t *pool);

/* Keeps them out of swap in a process that was forked after they were read: the parent's lock is not inherited. */
void gk_keys_hold(const gk_keys_t *keys);
/* Overwrites them, for a process that needs none; nothing of these keys may be asked after it. */
void gk_keys_forget(const gk_keys_t *keys);

/* What may be known of a key. */
typedef struct gk_key_info_t {
  const char *id, *purpose, *algorithm, *state;
  apr_time_t created;
  const char *check;  /* 16 hex digits made with the key, which reveal nothing of it; NULL for one that is gone */
} gk_key_info_t;
int gk_keys_count(const gk_keys_t *keys);
void gk_keys_info(gk_key_info_t *out, const gk_keys_t *keys, int n, apr_pool_t *pool);

/* Changes of the file (keyfile.c): a new file takes the place of the old one, with its owner and mode; two changes at once
 * wait for each other. Errors: CONFIG, WRONG_STATE. */
/* Adds a key of `purpose`: new, or active where the purpose has none. `chinese`: the algorithm of the Chinese standards where
 * the purpose knows one. The file may lack purposes (from before they were). */
gk_error_t *gk_keys_add(const char **key_id, const char *path, const char *purpose, bool chinese, apr_time_t now,
                        apr_pool_t *pool);
/* new -> active; what was active is old from then on. */
gk_error_t *gk_keys_activate(const char *path, const char *purpose, const char *key_id, apr_pool_t *pool);
/* old or new -> gone: its bytes are no longer in the file. */
gk_error_t *gk_keys_retire(const char *path, const char *purpose, const char *key_id, apr_pool_t *pool);

/* A file that may lack purposes, for the commands that add them. */
gk_error_t *gk_keys_load_any(gk_keys_t **out, const char *path, apr_pool_t *pool);
/* There is such a purpose. */
bool gk_key_purpose(const char *word);

/* Id of the active key of a purpose ("data"); NULL for an unknown purpose. */
const char *gk_key_id(const gk_keys_t *keys, const char *purpose);

/* Ed25519 (RFC 8032) under the active key of `purpose` ("seal"), whose id comes back with the signature. */
#define GK_SIGNATURE_BYTES 64
#define GK_PUBLIC_BYTES 32
gk_error_t *gk_key_sign(unsigned char *signature, const char **key_id, const gk_keys_t *keys, const char *purpose,
                        const void *message, apr_size_t length, apr_pool_t *pool);
/* False for a wrong signature and for a key that the file doesn't name. Keys that are gone go on verifying. */
bool gk_key_verify(const gk_keys_t *keys, const char *purpose, const char *key_id, const unsigned char *signature,
                   const void *message, apr_size_t length);
/* The public half (GK_PUBLIC_BYTES) for those who verify elsewhere. CONFIG when there is no such Ed25519 key. */
gk_error_t *gk_key_public(unsigned char *out, const gk_keys_t *keys, const char *purpose, const char *key_id,
                          apr_pool_t *pool);

/* ECDSA over P-256 with SHA-256 under a key of `purpose` ("export"): r and s, 32 bytes each, as XML Signature writes them. */
#define GK_P256_BYTES 64
gk_error_t *gk_key_sign_p256(unsigned char *signature, const gk_keys_t *keys, const char *purpose, const char *key_id,
                             const void *message, apr_size_t length, apr_pool_t *pool);
/* Its public half for those who verify elsewhere. CONFIG when the file has no such key. */
gk_error_t *gk_key_public_pem(const char **pem, const gk_keys_t *keys, const char *purpose, const char *key_id,
                              apr_pool_t *pool);
/* With somebody's public key. CONFIG when `pem` is no public key of that curve. */
gk_error_t *gk_p256_verify(bool *right, const char *pem, const unsigned char *signature, const void *message,
                           apr_size_t length, apr_pool_t *pool);
/* The SHA-256 of the certificate in a PEM text, and the raw key of a public Ed25519 key in one, as hex. NULL: it is none. */
const char *gk_pem_certificate_digest(const char *pem, apr_pool_t *pool);
const char *gk_pem_ed25519(const char *pem, apr_pool_t *pool);
/* GK_SIGNATURE_BYTES under the private Ed25519 key in a PEM text without a password; false: it is none. */
bool gk_pem_sign(unsigned char *signature, const char *pem, const void *message, apr_size_t length);
/* Under a key that somebody else holds (GK_PUBLIC_BYTES). */
bool gk_verify_with(const unsigned char *public, const unsigned char *signature, const void *message, apr_size_t length);

/* What others seal to us (crypto_box_seal of libsodium: X25519, XSalsa20-Poly1305) with the active key of `purpose`
 * ("reading"): its public half and id; and opening it with any key that is not gone. *bytes is followed by a NUL. */
#define GK_BOX_BYTES 32
gk_error_t *gk_key_box_public(unsigned char *out, const char **key_id, const gk_keys_t *keys, const char *purpose,
                              apr_pool_t *pool);
bool gk_key_box_open(const char **bytes, apr_size_t *length, const gk_keys_t *keys, const char *purpose, const char *key_id,
                     const unsigned char *sealed, apr_size_t sealed_length, apr_pool_t *pool);

/* base64url without padding (RFC 4648 section 5). Back: NULL unless canonical; a NUL stands behind the bytes. */
const char *gk_base64url(apr_pool_t *pool, const void *bytes, apr_size_t length);
unsigned char *gk_unbase64url(const char *text, apr_size_t *length, apr_pool_t *pool);

/* 32 bytes as lower-case hex. */
const char *gk_sha256_hex(apr_pool_t *pool, const void *bytes, apr_size_t length);
/* Incremental form for streams. */
typedef struct gk_sha256_t gk_sha256_t;
gk_sha256_t *gk_sha256_start(apr_pool_t *pool);
void gk_sha256_add(gk_sha256_t *digest, const void *bytes, apr_size_t length);
const char *gk_sha256_end(gk_sha256_t *digest, apr_pool_t *pool);

/* `length` random bytes as hex (2 x length characters). */
const char *gk_random_hex(apr_pool_t *pool, apr_size_t length);

/* Blind index: HMAC-SHA-256 of `column`, 0x00, `value` under the index key, as hex; NULL for a NULL value.
 * `column` names what is indexed ("candidate.id_number"), the season's id belongs into it. */
const char *gk_blind_index(const gk_keys_t *keys, const char *column, const char *value, apr_pool_t *pool);
/* The same under the other index key while they change: the new one before, the old one after it was made active; NULL when
 * there is one key. Rows are looked for by both. */
const char *gk_blind_index_other(const gk_keys_t *keys, const char *column, const char *value, apr_pool_t *pool);
/* Id of the newer index key while they change, NULL otherwise. */
const char *gk_index_newer(const gk_keys_t *keys);

/* Initial password of an account: 10 characters from an alphabet without look-alikes, derived from the slip
 * key, the account's id and the slip's generation (design section 2). Spaces, dashes and capitals in `typed`
 * don't matter; slips printed under a key that is old now still work. */
const char *gk_slip_password(const gk_keys_t *keys, apr_int64_t account_id, apr_int64_t generation,
                             apr_pool_t *pool);
bool gk_slip_matches(const gk_keys_t *keys, apr_int64_t account_id, apr_int64_t generation,
                     const char *typed);

/* Recovery codes for a lost authenticator: 16 symbols of the slips' alphabet (79 bits) in fours; stored as
 * SHA-256 of account and code. Spaces, dashes and capitals don't matter. */
const char *gk_recovery_code(apr_pool_t *pool);
const char *gk_recovery_digest(apr_int64_t account_id, const char *typed, apr_pool_t *pool);

/* Argon2id (19 MiB, t = 2, libsodium's string form). At most about one a core at a time; beyond a short queue
 * BUSY with Retry-After. `address` (may be NULL) gets its fair share of the queue. */
gk_error_t *gk_password_hash(const char **hash, const char *password, const char *address, apr_pool_t *pool);
gk_error_t *gk_password_verify(bool *right, const char *hash, const char *password, const char *address,
                               apr_pool_t *pool);
/* Costs the same as a verify and is always wrong: for accounts that don't exist. */
gk_error_t *gk_password_dummy(const char *password, const char *address, apr_pool_t *pool);

/* True when `hash` was made with other parameters than those of today: hash again while the password is at
 * hand. */
bool gk_password_outdated(const char *hash);

/* TOTP (RFC 6238, SHA-1, 6 digits, 30 s). secret: 20 bytes as base32. *step: the step that matched (now ± 1),
 * or 0. */
const char *gk_totp_secret(apr_pool_t *pool);
bool gk_totp_matches(const char *secret_base32, const char *code, apr_time_t now, apr_int64_t *step);
/* The code of a moment, for gaokaoctl and tests. */
const char *gk_totp_code(const char *secret_base32, apr_time_t now, apr_pool_t *pool);

/* Browser session: what the cookie says once its HMAC was right. */
typedef struct gk_session_t {
  apr_int64_t account_id;
  apr_int64_t generation;
  apr_time_t issued;
  apr_time_t seen;
  const char *id;        /* 32 hex digits */
} gk_session_t;
/* Cookie value, at most 300 characters of [A-Za-z0-9_.-]. */
const char *gk_session_seal(const gk_keys_t *keys, const gk_session_t *session, apr_pool_t *pool);
/* False for anything that is not exactly what gk_session_seal writes under a key that is active or old. */
bool gk_session_open(const gk_keys_t *keys, const char *cookie, gk_session_t *session, apr_pool_t *pool);
/* CSRF token of a session: HMAC of its id, hex. */
const char *gk_session_csrf(const gk_keys_t *keys, const char *session_id, apr_pool_t *pool);
/* True for the token under any key that is active or old. */
bool gk_session_csrf_matches(const gk_keys_t *keys, const char *session_id, const char *token,
                             apr_pool_t *pool);
/* The key of drafts that a person's browser keeps while a save can't get through, 64 hex digits: whoever opens the browser's
 * storage without signing in as this person reads nothing. Changes with the active cookie key: drafts of before are lost. */
const char *gk_draft_key(const gk_keys_t *keys, apr_int64_t account_id, apr_pool_t *pool);
bool gk_same_text(const char *a, const char *b); /* constant time for equal lengths; NULL never matches */

/* ---- values at rest (seal.c) -----------------------------------------------------------------------------
 *
 *   format 1 | algorithm | length of key id | key id | nonce (12) | ciphertext | tag
 *
 * one byte each where no length stands. The text is padded before (0x80, then zeros, to a multiple of 32), so that a
 * value's length tells little. What stands before the nonce and the context (table, column, row) are authenticated with it:
 * a value opens only where it was written. Algorithm 1 is AES-256-GCM, 2 SM4-CTR with HMAC-SM3
 * (sm.c); the data key's own algorithm decides, and with it that of values under records' keys.
 */
typedef struct gk_sealed_t {
  const char *key_id;          /* of the data key; GK_RECORD_KEY under a record's key; "" plain text, from before */
  const unsigned char *bytes;
  apr_size_t length;
} gk_sealed_t;

/* Under the active data key. */
gk_error_t *gk_seal(gk_sealed_t *out, const gk_keys_t *keys, const char *context, const void *bytes,
                    apr_size_t length, apr_pool_t *pool);
/* *bytes is followed by a NUL; `length` may be NULL. Errors: CONFIG when the value's key is not in the key file, SEALED when
 * it is not what was written there. */
gk_error_t *gk_unseal(const char **bytes, apr_size_t *length, const gk_keys_t *keys, const char *context,
                      const gk_sealed_t *sealed, apr_pool_t *pool);

/* Overwrites what nobody may find in memory later. */
void gk_wipe(const void *bytes, apr_size_t length);

/* Keys of single records: random, kept sealed under the data key. Who throws the sealed key away makes everything under it
 * unreadable. */
#define GK_RECORD_KEY "r"
typedef struct gk_record_key_t gk_record_key_t; /* wiped with its pool */
gk_error_t *gk_record_key_make(gk_record_key_t **out, gk_sealed_t *wrapped, const gk_keys_t *keys,
                               const char *context, apr_pool_t *pool);
gk_error_t *gk_record_key_open(gk_record_key_t **out, const gk_keys_t *keys, const char *context,
                               const gk_sealed_t *wrapped, apr_pool_t *pool);
gk_error_t *gk_record_seal(gk_sealed_t *out, const gk_record_key_t *key, const char *context, const void *bytes,
                           apr_size_t length, apr_pool_t *pool);
/* Opens plain text from before as well. Errors: SEALED, also when `key` is NULL for a value that needs one. */
gk_error_t *gk_record_unseal(const char **bytes, apr_size_t *length, const gk_record_key_t *key,
                             const char *context, const gk_sealed_t *sealed, apr_pool_t *pool);

#endif
