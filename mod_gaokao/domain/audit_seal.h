/* domain/audit_seal.h: seals over the audit (faults.md part 2, "Audit sealing"; docs/audit.md says the exact bytes).
 *
 * A seal is a Merkle root (RFC 6962) over the exact bytes of the rows it names, signed with the key of purpose "seal", and
 * chained to the seal before by its digest. Rows commit late with an older number: a seal lists its rows, and the numbers
 * below its top that are still open. A number that is open in one seal and neither sealed nor open in a later one was
 * never used (a transaction that was undone); whatever turns up there later was put in by hand.
 *
 * Rows are never rewritten and carry no mark: the last seal alone says what is left to seal.
 */
#ifndef GK_DOMAIN_AUDIT_SEAL_H
#define GK_DOMAIN_AUDIT_SEAL_H

#include "base/json.h"
#include "base/spans.h"
#include "crypto/merkle.h"
#include "domain/core.h"

#define GK_SEAL_FORMAT 1
#define GK_SEAL_ROWS 8192                     /* at most, in one seal */
#define GK_SEAL_EVERY_US (10 * APR_USEC_PER_SEC)
#define GK_SEAL_LATE_US (180 * APR_USEC_PER_SEC) /* older rows without a seal: /readyz warns */
#define GK_MARK_BYTES 8                       /* of each leaf, kept beside the seal: they name the row that was changed */
#define GK_ANCHOR_DIGITS 16

/* A row as it is stored. */
typedef struct gk_audit_row_t {
  apr_int64_t seq, season_id, at, actor_id;
  const char *org_path, *action, *object_kind;
  apr_int64_t object_id, object_version;
  const char *request_id, *key_id;
  gk_blob_t body;
  const char *digest; /* SHA-256 of body, hex */
  apr_int64_t record_key_id; /* whose key the body lies under: pointing it elsewhere would hide the row */
} gk_audit_row_t;

typedef struct gk_audit_seal_t {
  apr_int64_t n;              /* 1, 2, 3, ... */
  int format;
  apr_int64_t rows;
  const char *numbers;        /* of its rows, as spans */
  apr_int64_t top;            /* the largest number sealed so far */
  const char *open;           /* numbers below top that may still come */
  const char *root;           /* hex */
  const char *previous;       /* digest of the seal before; "" for the first */
  apr_time_t sealed;
  const char *node, *key_id;
  gk_blob_t signature, marks;
  const char *digest;         /* SHA-256 of gk_audit_seal_text, hex */
} gk_audit_seal_t;

/* The bytes of a row that its leaf is made of: each column as decimal or text, in the order of gk_audit_row_t, as
 * "LENGTH:BYTES,". */
const char *gk_audit_row_bytes(apr_size_t *length, const gk_audit_row_t *row, apr_pool_t *pool);
/* What is signed and what the digest covers. */
const char *gk_audit_seal_text(const gk_audit_seal_t *seal, apr_pool_t *pool);
/* "17:0123456789abcdef": number and the first digits of the digest, for sheets; digits 64: the whole digest. */
const char *gk_audit_anchor_text(const gk_audit_seal_t *seal, int digits, apr_pool_t *pool);
/* Reads one back: 16 to 64 hex digits. */
bool gk_audit_anchor_parse(const char *text, apr_int64_t *n, const char **digits, apr_pool_t *pool);

/* ---- sealing --------------------------------------------------------------------------------------------- */

/* What one sealer remembers between its rounds: which open numbers it waits for, and whose transactions may still
 * bring them. */
typedef struct gk_sealer_t {
  apr_pool_t *pool;           /* the sealer's, cleared by it */
  apr_array_header_t *watched; /* spans, or NULL */
  apr_array_header_t *writers; /* const char *: transactions that held the table then */
} gk_sealer_t;
gk_sealer_t *gk_sealer_create(apr_pool_t *pool);

/* Seals up to GK_SEAL_ROWS rows that have no seal; *rows 0 when there are none, or when another sealer is at work
 * (*busy). Begins and ends its own transactions: a stop at any point leaves a whole seal or none. */
gk_error_t *gk_audit_seal_next(apr_int64_t *rows, bool *busy, gk_sealer_t *sealer, gk_core_t *core, gk_db_t *db,
                               apr_pool_t *pool);

/* ---- looks ----------------------------------------------------------------------------------------------- */

/* The newest seal, without marks; *found false when there is none. */
gk_error_t *gk_audit_seal_last(gk_audit_seal_t *out, bool *found, gk_db_t *db, apr_pool_t *pool);
/* The anchor of the newest seal, 16 digits; NULL when there is none. */
gk_error_t *gk_audit_anchor(const char **anchor, gk_db_t *db, apr_pool_t *pool);
/* {anchor, seal, digest, sealed_at, rows, top, key}: JSON null members when there is no seal. */
gk_json_t *gk_audit_anchor_json(const gk_audit_seal_t *seal, bool found, apr_pool_t *pool);

/* How much waits for its seal. */
typedef struct gk_unsealed_t {
  apr_int64_t rows;           /* counted up to 100,000 */
  apr_time_t oldest;          /* 0: none */
} gk_unsealed_t;
gk_error_t *gk_audit_unsealed(gk_unsealed_t *out, gk_db_t *db, apr_pool_t *pool);

/* ---- what it needs of the store (store/seal_store.c) ----------------------------------------------------- */

typedef gk_error_t *(*gk_audit_row_fn)(void *baton, const gk_audit_row_t *row, apr_pool_t *row_pool);

/* Rows first..last by number, at most `limit`. */
gk_error_t *gk_seal_store_rows(gk_db_t *db, apr_int64_t first, apr_int64_t last, apr_int64_t limit,
                               gk_audit_row_fn on_row, void *baton, apr_pool_t *pool);
/* One sealer at a time (PostgreSQL: an advisory lock of the session). Unlock never fails. */
gk_error_t *gk_seal_store_lock(bool *got, gk_db_t *db, apr_pool_t *pool);
void gk_seal_store_unlock(gk_db_t *db, apr_pool_t *pool);
/* Transactions that hold the audit table for writing now (const char *); none on SQLite, where writers follow each
 * other and an open number was taken out by hand. */
gk_error_t *gk_seal_store_writers(apr_array_header_t **writers, gk_db_t *db, apr_pool_t *pool);
/* In a transaction; *kept false when a seal of this number is there already. */
gk_error_t *gk_seal_store_insert(bool *kept, gk_db_t *db, const gk_audit_seal_t *seal, apr_pool_t *pool);
/* Seals from number `from`, at most `limit`, with marks: gk_audit_seal_t. */
gk_error_t *gk_seal_store_list(apr_array_header_t **seals, gk_db_t *db, apr_int64_t from, int limit,
                               apr_pool_t *pool);

#endif
