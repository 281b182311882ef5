/* store/db_engine.h: what db.c asks of an engine. Shared inside store/ only. */
#ifndef GK_STORE_DB_ENGINE_H
#define GK_STORE_DB_ENGINE_H

#include "store/db.h"

/* A command that travels with the next one (PostgreSQL): `statement`, or `text` such as BEGIN. */
typedef struct gk_db__queued_t {
  const gk_statement_t *statement;
  const void *args;
  const char *text;
  bool one;                 /* it must change one row */
} gk_db__queued_t;

/* A statement that is asked for before it is needed: sent behind the next one, `result` is its answer. */
typedef struct gk_db__ahead_t {
  const gk_statement_t *statement;
  const void *args;
  void *result;
} gk_db__ahead_t;

enum { GK_DB__QUEUE = 12, GK_DB__AHEAD = 160 };

typedef struct gk_db__engine_t {
  gk_error_t *(*ready)(gk_db_t *db, apr_pool_t *pool);
  /* Plain text without rows. */
  gk_error_t *(*script)(gk_db_t *db, const char *sql, apr_pool_t *pool);
  gk_error_t *(*script_value)(gk_db_t *db, const char *sql, const char **value, apr_pool_t *pool);
  /* Runs a statement; calls on_row for each row with strings in a pool that is cleared between rows when
   * `stream`, else in `pool`. */
  gk_error_t *(*run)(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row, void *baton,
                     bool stream, apr_int64_t *changed, apr_pool_t *pool);
  /* SQLite: writes the log's pages into the database file, as far as nobody reads an older state. *pages: how many the log
   * had, *left: those not written. restart, while nobody writes: and waits a moment until nobody reads in it either, so
   * that it begins anew. */
  gk_error_t *(*checkpoint)(gk_db_t *db, bool restart, int *pages, int *left, apr_pool_t *pool);
  /* Forgets reads asked for ahead and their answers. */
  void (*forget_ahead)(gk_db_t *db);
  /* SQLite: closes the handle; the next ready() opens another. */
  void (*let_go)(gk_db_t *db);
  const char *begin, *begin_snapshot;
  bool pipelines;           /* commands may wait in the queue to travel with the next one */
} gk_db__engine_t;

extern const gk_db__engine_t gk_db__sqlite, gk_db__pgsql;

struct gk_db_t {
  gk_engine_t engine;
  const gk_db__engine_t *call;
  void *native;
  void *adopted;            /* what gk_db_adopt was given; native is another one after a reconnect of our own */
  apr_pool_t *pool;         /* the connection's */
  void **prepared;          /* sqlite3_stmt * by statement index; non-NULL mark for PostgreSQL */
  void *frame[3];           /* SQLite: BEGIN IMMEDIATE, COMMIT, ROLLBACK, prepared */
  gk_write_lock_t *lock;
  bool locked;              /* this connection holds the write lock */
  bool in_transaction;
  bool broken;              /* session lost or overdue: reconnect before the next use */
  bool reopen;              /* SQLite: take a fresh handle before the next use */
  bool configured;          /* session settings were sent */
  int log_pages;            /* SQLite: of the write-ahead log, after this connection's last commit */
  int backend;              /* PostgreSQL's backend pid the statements were prepared on */
  apr_time_t deadline;      /* gk_tick */
  apr_time_t commit_by;     /* database's clock */
  gk_db_course_t course;
  apr_uint64_t calls;
  gk_db__queued_t queue[GK_DB__QUEUE + 1]; /* the last is for the guard of COMMIT, so that it never costs a round trip */
  int queued;
  gk_db__ahead_t ahead[GK_DB__AHEAD];
  int aheads;
  apr_pool_t *waiting;      /* what queue and ahead point to */
  const char *warning;      /* SQLSTATE class 01000 notice during COMMIT, or NULL */
};

bool gk_db__same_args(const gk_statement_t *statement, const void *a, const void *b);

/* Robust, process-shared. Errors: BUSY when not had in time. */
gk_error_t *gk_write_lock__take(gk_write_lock_t *lock, apr_interval_time_t within_us, apr_pool_t *pool);
void gk_write_lock__release(gk_write_lock_t *lock);
/* How many pages SQLite's write-ahead log has; whoever commits notes it for all processes. */
void gk_write_lock__note_log(gk_write_lock_t *lock, apr_uint32_t pages);
apr_uint32_t gk_write_lock__log(const gk_write_lock_t *lock);

#endif
