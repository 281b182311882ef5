/* domain/audit_verify.h: proves the audit, or names what is wrong with it: `gaokaoctl audit verify`. Rows and seals are streamed;
 * memory grows only with the number of gaps. All is read as of one moment. */
#ifndef GK_DOMAIN_AUDIT_VERIFY_H
#define GK_DOMAIN_AUDIT_VERIFY_H

#include "domain/audit_seal.h"

#define GK_VERIFY_FAULTS 50 /* told one by one; all are counted */

typedef struct gk_verify_wish_t {
  apr_int64_t from;           /* first seal looked at; what lies before is believed. 0: all */
  apr_int64_t anchor_n;       /* 0: none */
  const char *anchor_digits;  /* 16 to 64 hex digits, lower case */
} gk_verify_wish_t;

/* One fault. Codes: seal-missing, seal-changed, seal-signature, seal-chain, anchor, row-changed, row-missing, row-inserted,
 * rows-swapped, version-missing, version-twice, record-missing. */
typedef struct gk_verify_fault_t {
  const char *code;
  apr_int64_t seal, seq;      /* 0: none */
  const char *zh, *en;
} gk_verify_fault_t;

typedef struct gk_verify_report_t {
  apr_int64_t seals, rows;    /* verified */
  apr_int64_t waiting;        /* rows without a seal yet */
  apr_time_t waiting_since;   /* the oldest of them; 0: none */
  apr_int64_t unused;         /* numbers that were never used */
  apr_int64_t records, versions; /* of the cross-check */
  apr_int64_t faults;
  apr_array_header_t *told;   /* gk_verify_fault_t, the first GK_VERIFY_FAULTS */
  bool found;                 /* there is a seal: */
  gk_audit_seal_t last;
  bool anchored;              /* the anchor that was given fits */
  apr_time_t anchored_at;     /* when that seal was made */
} gk_verify_report_t;

gk_error_t *gk_audit_verify(gk_verify_report_t *out, gk_core_t *core, gk_db_t *db, const gk_verify_wish_t *wish,
                            apr_pool_t *pool);
/* {ok, seals, rows, waiting, ..., faults: [{code, seal, seq, zh, en}]} */
gk_json_t *gk_verify_json(const gk_verify_report_t *report, apr_pool_t *pool);

/* ---- what it needs of the store (store/seal_store.c) ----------------------------------------------------- */

typedef gk_error_t *(*gk_number_fn)(void *baton, apr_int64_t seq, apr_time_t at);
/* Numbers of all rows from `first`, ascending. */
gk_error_t *gk_seal_store_numbers(gk_db_t *db, apr_int64_t first, gk_number_fn on_number, void *baton,
                                  apr_pool_t *pool);

/* One change of a candidate's record as the audit has it. */
typedef struct gk_version_row_t {
  apr_int64_t candidate_id;
  apr_int64_t version;        /* of the record now; 0: there is no such record */
  const char *org_path;
  apr_int64_t row_version, seq; /* 0: the record has no row */
  bool again;                   /* a new password, a paper printed again: names the version that stands, makes none */
} gk_version_row_t;
typedef gk_error_t *(*gk_version_fn)(void *baton, const gk_version_row_t *row, apr_pool_t *row_pool);
/* By candidate, then by number; records without rows too. */
gk_error_t *gk_seal_store_versions(gk_db_t *db, gk_version_fn on_row, void *baton, apr_pool_t *pool);
/* Rows of records that are not there, a hundred at most. */
gk_error_t *gk_seal_store_orphans(gk_db_t *db, gk_version_fn on_row, void *baton, apr_pool_t *pool);
/* Acts that moved many records and left one row, by number. */
typedef gk_error_t *(*gk_bulk_fn)(void *baton, const char *org_path, const char *action, apr_int64_t seq);
gk_error_t *gk_seal_store_bulk(gk_db_t *db, gk_bulk_fn on_row, void *baton, apr_pool_t *pool);

#endif
