/* store/db.h: one database connection, SQLite or PostgreSQL, and the statements of sql/NAME.sql on it.
 *
 * The connection is opened and pooled by apr_dbd (mod_dbd in httpd); statements run on its native handle,
 * because apr_dbd can neither stream rows, nor tell errors apart, nor prepare again after a restart
 * (docs/decisions.md, "apr_dbd opens, libpq and sqlite3 execute"). One thread at a time may use a gk_db_t.
 *
 * Statements are named in sql/NAME.sql and called with typed, named arguments:
 *
 *   gk_row_org_get_t org;
 *   GK_TRY(gk_db_get(db, GK_CALL(org_get, .id = id, .scope_lo = lo, .scope_hi = hi), &org, pool));
 *
 * Strings and blobs of a row are copied to the pool given.
 */
#ifndef GK_STORE_DB_H
#define GK_STORE_DB_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include "base/error.h"

typedef enum gk_engine_t { GK_SQLITE = 1, GK_PGSQL = 2 } gk_engine_t;
typedef enum gk_slot_type_t { GK_INT = 1, GK_INT_OR_NULL, GK_TEXT, GK_BLOB } gk_slot_type_t;

/* Bytes; a NULL pointer is SQL NULL. */
typedef struct gk_blob_t {
  const unsigned char *bytes;
  apr_size_t length;
} gk_blob_t;

typedef struct gk_slot_t {
  const char *name;
  gk_slot_type_t type;
  apr_size_t offset;
} gk_slot_t;

typedef struct gk_statement_t {
  int index;
  const char *name;
  int writes;
  const char *sqlite;
  const char *pgsql;
  const gk_slot_t *args;
  int arg_count;
  const gk_slot_t *cols;
  int col_count;
  apr_size_t row_bytes;
} gk_statement_t;

extern const gk_statement_t *const gk_statements[];
extern const int gk_statement_count;

typedef struct gk_db_t gk_db_t;
typedef struct gk_write_lock_t gk_write_lock_t;

#define GK_CALL(statement, ...) &gk_stmt_##statement, &(gk_args_##statement##_t){__VA_ARGS__}

/* ---- opening -------------------------------------------------------------------------------------- */

/* Opens (or creates) the lock file that all SQLite writers of an instance share: httpd's children,
 * gaokao-worker and gaokaoctl. A robust mutex in shared memory: threads and processes wait alike, a dead
 * holder's lock is taken over at once. Errors: CONFIG. */
gk_error_t *gk_write_lock_open(gk_write_lock_t **out, const char *path, apr_pool_t *pool);

/* Wraps a native handle (sqlite3 * or PGconn *) that somebody else closes; lives in `pool`, which must be the
 * connection's own. `lock` is NULL for PostgreSQL. */
gk_error_t *gk_db_adopt(gk_db_t **out, gk_engine_t engine, void *native, gk_write_lock_t *lock, apr_pool_t *pool);

/* libpq waits for a server that hangs as long as it hangs: 2 s a host, unless the connection string says otherwise.
 * Once, before the first connection and before there are threads. */
void gk_db_bound_connects(void);

/* Opens a connection through apr_dbd for programs without httpd; closed with `pool`. Errors: DB_DOWN, CONFIG. */
gk_error_t *gk_db_open(gk_db_t **out, gk_engine_t engine, const char *params, gk_write_lock_t *lock,
                       apr_pool_t *pool);

/* Makes a connection usable before a request: forgets statements of a lost session, reconnects (PostgreSQL),
 * rolls back what a previous user left. `deadline` (gk_tick) bounds every later call until the next gk_db_ready, and
 * nothing is committed after it; 0: none. Errors: DB_DOWN with Retry-After. */
gk_error_t *gk_db_ready(gk_db_t *db, apr_time_t deadline, apr_pool_t *pool);
/* COMMIT is refused (BUSY) when the database's clock is past `by`, whatever this process was doing meanwhile: by the server
 * itself on PostgreSQL, in COMMIT's round trip. Until the next gk_db_ready. */
void gk_db_commit_by(gk_db_t *db, apr_time_t by);
/* What became of the calls since gk_db_ready: the server did not answer in time; it was inside a transaction, COMMIT
 * included; something was committed. */
typedef struct gk_db_course_t { bool overdue, overdue_inside, committed; } gk_db_course_t;
gk_db_course_t gk_db_course(const gk_db_t *db);
/* True when this connection is to be opened anew (SQLite: it met a file that is read-only, or an I/O error). The program then
 * lets all go that it holds, outside of transactions: one that stays open keeps the others read-only. */
bool gk_db_worn(const gk_db_t *db);
void gk_db_let_go(gk_db_t *db);
gk_engine_t gk_db_engine(const gk_db_t *db);
void *gk_db_native(gk_db_t *db);
/* The handle that gk_db_adopt was given. */
void *gk_db_adopted(const gk_db_t *db);
/* The database's clock, microseconds UTC. */
gk_error_t *gk_db_now(gk_db_t *db, apr_time_t *now, apr_pool_t *pool);

/* ---- transactions ---------------------------------------------------------------------------------
 * begin takes the write lock on SQLite (BEGIN IMMEDIATE). After an error inside a transaction nothing but
 * rollback works. commit: OUTCOME_UNKNOWN when the reply was lost. rollback never fails and is harmless
 * outside a transaction. */
gk_error_t *gk_db_begin(gk_db_t *db, apr_pool_t *pool);
gk_error_t *gk_db_commit(gk_db_t *db, apr_pool_t *pool);
void gk_db_rollback(gk_db_t *db);
bool gk_db_in_transaction(const gk_db_t *db);
/* A read-only view of one moment (deferred BEGIN / REPEATABLE READ READ ONLY), ended by gk_db_rollback. */
gk_error_t *gk_db_begin_snapshot(gk_db_t *db, apr_pool_t *pool);
/* Commits, then begins such a view. On SQLite no write lies between the two: the write lock is held over both. */
gk_error_t *gk_db_commit_to_snapshot(gk_db_t *db, apr_pool_t *pool);

/* What SQLite's write-ahead log holds goes into the database file, as far as nobody reads an older state; while others go
 * on writing, all but the last step. Nothing on PostgreSQL. gaokao-worker does it once GK_DB_LOG_DUE pages wait; with
 * nobody to do it the commit that makes it eight times as many does, behind the lock. */
enum { GK_DB_LOG_DUE = 1000 };
int gk_db_log_pages(const gk_db_t *db);
gk_error_t *gk_db_checkpoint(gk_db_t *db, apr_pool_t *pool);

/* ---- statements ------------------------------------------------------------------------------------
 * `row` points to the statement's gk_row_NAME_t. */

/* Exactly one row: NOT_FOUND otherwise. */
gk_error_t *gk_db_get(gk_db_t *db, const gk_statement_t *statement, const void *args, void *row, apr_pool_t *pool);
/* One row or none: *found says which. */
gk_error_t *gk_db_find(gk_db_t *db, const gk_statement_t *statement, const void *args, bool *found, void *row,
                       apr_pool_t *pool);
/* All rows: an array of gk_row_NAME_t in `pool`. Bound your statements with LIMIT. */
gk_error_t *gk_db_list(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_array_header_t **rows,
                       apr_pool_t *pool);
/* Runs a statement without rows (or whose rows don't matter). *changed (may be NULL): rows changed. */
gk_error_t *gk_db_exec(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_int64_t *changed,
                       apr_pool_t *pool);
/* Streams rows to `on_row` in constant memory (row and its strings live until on_row returns); stops at the
 * first error. The connection runs nothing else meanwhile. */
typedef gk_error_t *(*gk_row_fn)(void *baton, const void *row, apr_pool_t *row_pool);
gk_error_t *gk_db_each(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row,
                       void *baton, apr_pool_t *pool);

/* Fewer round trips to a server (SQLite, which has none, runs or ignores them at once). Neither waits for an answer;
 * What `args` point to is copied.
 * later: a write of the running transaction whose result nobody reads travels with the next statement or COMMIT, and its
 * error comes up there. later_one: it must change one row; RETRY comes up otherwise, for what was judged is no longer so.
 * ahead: a read that will be asked soon with the same arguments travels behind the next statement; its answer serves that
 * question once, unless a transaction begins or ends before. Inside a transaction it may be a write with RETURNING, and must
 * be asked for before COMMIT: it is done by then. */
gk_error_t *gk_db_exec_later(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_pool_t *pool);
gk_error_t *gk_db_exec_later_one(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_pool_t *pool);
void gk_db_ahead(gk_db_t *db, const gk_statement_t *statement, const void *args);

/* Plain SQL text of the program's own making (schema, PRAGMA, EXPLAIN): never with anybody's input in it. */
gk_error_t *gk_db_script(gk_db_t *db, const char *sql, apr_pool_t *pool);
/* First column of the first row of such a text, or NULL. */
gk_error_t *gk_db_script_value(gk_db_t *db, const char *sql, const char **value, apr_pool_t *pool);

/* Calls done, for the "costs no database" tests and /metrics. */
apr_uint64_t gk_db_calls(const gk_db_t *db);

#endif
