/* store/db.c: see db.h. What both engines share. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "store/db_engine.h"
#include "store/sql.h"

enum {
  LOG_LONG = 2 * GK_DB_LOG_DUE, /* pages of SQLite's log: it should begin anew */
  LOG_FULL = 8 * GK_DB_LOG_DUE, /* nobody does it */
  LOG_NEAR = GK_DB_LOG_DUE / 4  /* so few are written at once */
};

static const gk_db__engine_t *engine_of(gk_engine_t engine)
{
  return engine == GK_SQLITE ? &gk_db__sqlite : &gk_db__pgsql;
}

gk_error_t *gk_db_adopt(gk_db_t **out, gk_engine_t engine, void *native, gk_write_lock_t *lock, apr_pool_t *pool)
{
  gk_db_t *db = apr_pcalloc(pool, sizeof(*db));
  db->engine = engine;
  db->call = engine_of(engine);
  db->native = native;
  db->adopted = native;
  db->pool = pool;
  db->lock = lock;
  db->prepared = apr_pcalloc(pool, sizeof(void *) * (apr_size_t)(gk_statement_count + 1));
  *out = db;
  return NULL;
}

void gk_db_bound_connects(void) { setenv("PGCONNECT_TIMEOUT", "2", 0); }

typedef struct opened_t {
  const apr_dbd_driver_t *driver;
  apr_dbd_t *handle;
} opened_t;

/* apr_dbd ties nothing but memory to the pool. */
static apr_status_t close_handle(void *data)
{
  opened_t *opened = data;
  return apr_dbd_close(opened->driver, opened->handle);
}

gk_error_t *gk_db_open(gk_db_t **out, gk_engine_t engine, const char *params, gk_write_lock_t *lock, apr_pool_t *pool)
{
  const apr_dbd_driver_t *driver;
  apr_dbd_t *handle;
  const char *why = NULL, *name = engine == GK_SQLITE ? "sqlite3" : "pgsql";
  apr_status_t rv = apr_dbd_init(pool);
  if (rv == APR_SUCCESS)
    rv = apr_dbd_get_driver(pool, name, &driver);
  if (rv != APR_SUCCESS)
    return gk_error_internal(pool, GK_E_CONFIG, "apr_dbd driver '%s' can't be loaded (package libaprutil1-dbd-%s)",
                             name, name);
  rv = apr_dbd_open_ex(driver, pool, params, &handle, &why);
  if (rv != APR_SUCCESS) {
    gk_error_t *error = gk_error_internal(pool, GK_E_DB_DOWN, "Can't open the database: %s", why != NULL ? why : "no reason given");
    return gk_error_retry(error, 5 * APR_USEC_PER_SEC);
  }
  opened_t *opened = apr_palloc(pool, sizeof(*opened));
  *opened = (opened_t){driver, handle};
  apr_pool_cleanup_register(pool, opened, close_handle, apr_pool_cleanup_null);
  return gk_db_adopt(out, engine, apr_dbd_native_handle(driver, handle), lock, pool);
}

gk_error_t *gk_db_ready(gk_db_t *db, apr_time_t deadline, apr_pool_t *pool)
{
  db->deadline = deadline;
  if (db->in_transaction)
    gk_db_rollback(db);
  db->commit_by = 0;
  db->course = (gk_db_course_t){0};
  db->queued = 0;
  db->call->forget_ahead(db);
  return db->call->ready(db, pool);
}

void gk_db_commit_by(gk_db_t *db, apr_time_t by) { db->commit_by = by; }
gk_db_course_t gk_db_course(const gk_db_t *db) { return db->course; }
gk_engine_t gk_db_engine(const gk_db_t *db) { return db->engine; }
void *gk_db_native(gk_db_t *db) { return db->native; }
void *gk_db_adopted(const gk_db_t *db) { return db->adopted; }

bool gk_db_worn(const gk_db_t *db) { return db->reopen; }

void gk_db_let_go(gk_db_t *db)
{
  if (!db->in_transaction)
    db->call->let_go(db);
}
bool gk_db_in_transaction(const gk_db_t *db) { return db->in_transaction; }
apr_uint64_t gk_db_calls(const gk_db_t *db) { return db->calls; }

static void unlock(gk_db_t *db)
{
  if (db->locked) {
    db->locked = false;
    gk_write_lock__release(db->lock);
  }
}

/* A pooled session that was lost while it idled (server restarted, failover) is found out by the first statement on it:
 * nothing was done yet, so the statement goes to a new session. Never in the middle of a transaction. */
static bool lost_idle(const gk_db_t *db, const gk_error_t *error, bool fresh)
{
  return error != NULL && fresh && db->broken && error->code == GK_E_DB_DOWN &&
         (db->deadline == 0 || gk_tick() < db->deadline);
}

static bool begins(const gk_db_t *db) { return db->queued > 0 && db->queue[0].text != NULL; }

static gk_error_t *start(gk_db_t *db, const char *sql, apr_pool_t *pool)
{
  gk_error_t *error = db->call->script(db, sql, pool);
  if (lost_idle(db, error, true) && db->call->ready(db, pool) == NULL)
    error = db->call->script(db, sql, pool);
  if (error != NULL) {
    unlock(db);
    return error;
  }
  db->in_transaction = true;
  db->warning = NULL;
  return NULL;
}

gk_error_t *gk_db_begin(gk_db_t *db, apr_pool_t *pool)
{
  if (db->in_transaction)
    return gk_error_internal(pool, GK_E_INTERNAL, "begin inside a transaction");
  if (db->lock != NULL) {
    GK_TRY(gk_write_lock__take(db->lock, 5 * APR_USEC_PER_SEC, pool));
    db->locked = true;
  }
  db->call->forget_ahead(db);
  if (db->waiting != NULL) /* nothing waits any more; BEGIN waits from here on, and the pool would only grow */
    apr_pool_clear(db->waiting);
  if (!db->call->pipelines)
    return start(db, db->call->begin, pool);
  db->queue[0] = (gk_db__queued_t){.text = db->call->begin};
  db->queued = 1;
  db->in_transaction = true;
  db->warning = NULL;
  return NULL;
}

gk_error_t *gk_db_begin_snapshot(gk_db_t *db, apr_pool_t *pool)
{
  if (db->in_transaction)
    return gk_error_internal(pool, GK_E_INTERNAL, "begin inside a transaction");
  return start(db, db->call->begin_snapshot, pool);
}

/* A copy of the arguments that lives until nothing waits any more: the caller's pool may be a loop's. */
static const void *keep_args(gk_db_t *db, const gk_statement_t *statement, const void *args)
{
  apr_size_t bytes = 0;
  if (db->waiting == NULL)
    apr_pool_create(&db->waiting, db->pool);
  else if (db->queued == 0 && db->aheads == 0)
    apr_pool_clear(db->waiting);
  for (int i = 0; i < statement->arg_count; i++) {
    apr_size_t end = statement->args[i].offset + (statement->args[i].type == GK_BLOB ? sizeof(gk_blob_t) : 8);
    bytes = end > bytes ? end : bytes;
  }
  char *copy = apr_pmemdup(db->waiting, args, bytes);
  for (int i = 0; i < statement->arg_count; i++) {
    char *at = copy + statement->args[i].offset;
    if (statement->args[i].type == GK_TEXT) {
      *(const char **)at = apr_pstrdup(db->waiting, *(const char **)at);
    } else if (statement->args[i].type == GK_BLOB) {
      gk_blob_t *blob = (gk_blob_t *)at;
      if (blob->bytes != NULL)
        blob->bytes = apr_pmemdup(db->waiting, blob->bytes, blob->length);
    }
  }
  return copy;
}

static void queue(gk_db_t *db, const gk_statement_t *statement, const void *args, bool one)
{
  db->queue[db->queued++] = (gk_db__queued_t){.statement = statement, .args = keep_args(db, statement, args), .one = one};
}

/* Whoever was stopped or waited too long must not commit what was judged by an old moment (faults.md PR-3). */
static gk_error_t *late(apr_pool_t *pool)
{
  return gk_error_retry(gk_error(pool, GK_E_BUSY, "处理超时，内容未保存，请重试", "This took too long and nothing was saved: try again"),
                        2 * APR_USEC_PER_SEC);
}

static gk_error_t *guard_commit(gk_db_t *db, bool *past, apr_pool_t *pool)
{
  if (db->engine == GK_PGSQL) { /* the server's own clock has the last word, in the same round trip */
    queue(db, GK_CALL(commit_guard, .by_us = db->commit_by), false);
    return NULL;
  }
  apr_time_t now;
  GK_TRY(gk_db_now(db, &now, pool));
  *past = now > db->commit_by;
  return NULL;
}

gk_error_t *gk_db_commit(gk_db_t *db, apr_pool_t *pool)
{
  if (!db->in_transaction)
    return gk_error_internal(pool, GK_E_INTERNAL, "commit outside a transaction");
  if (begins(db) && db->queued == 1) { /* nothing was done in it */
    gk_db_rollback(db);
    return NULL;
  }
  if (db->deadline != 0 && gk_tick() > db->deadline) {
    gk_db_rollback(db);
    return late(pool);
  }
  gk_error_t *error = NULL;
  if (db->commit_by != 0) {
    bool past = false;
    error = guard_commit(db, &past, pool);
    if (past) {
      gk_db_rollback(db);
      return late(pool);
    }
  }
  if (error == NULL)
    error = db->call->script(db, "COMMIT", pool);
  if (error == NULL && db->warning != NULL)
    error = gk_error_internal(pool, GK_E_OUTCOME_UNKNOWN, "COMMIT with warning %s", db->warning);
  if (error != NULL) {
    bool lost = db->broken;
    gk_db_rollback(db);
    if (lost && error->code != GK_E_OUTCOME_UNKNOWN) {
      gk_error_t *unknown = gk_error_internal(pool, GK_E_OUTCOME_UNKNOWN, "The reply to COMMIT was lost");
      unknown->cause = error;
      error = unknown;
    }
    return gk_error_retry(error, 2 * APR_USEC_PER_SEC);
  }
  db->in_transaction = false;
  db->course.committed = true;
  bool alone = db->locked || db->lock == NULL; /* not where the lock is kept on */
  unlock(db);
  if (alone && db->log_pages >= LOG_FULL) {
    gk_error_t *ignored = gk_db_checkpoint(db, pool); /* committed is committed */
    (void)ignored;
    db->log_pages = 0;
  }
  return NULL;
}

gk_error_t *gk_db_commit_to_snapshot(gk_db_t *db, apr_pool_t *pool)
{
  const char *first;
  bool locked = db->locked;
  db->locked = false; /* COMMIT is not to let go of it */
  gk_error_t *error = gk_db_commit(db, pool);
  if (error == NULL)
    error = gk_db_begin_snapshot(db, pool);
  if (error == NULL) /* the first read is what fixes the view */
    error = db->call->script_value(db, "SELECT count(*) FROM setting", &first, pool);
  db->locked = locked;
  unlock(db);
  return error;
}

int gk_db_log_pages(const gk_db_t *db)
{
  return db->lock != NULL ? (int)gk_write_lock__log(db->lock) : db->log_pages;
}

/* Pages that others add meanwhile are not written, and as long as some are left, or somebody reads in the log, it never
 * begins anew and grows: once it is long the rest is written while nobody adds any. Each pass before leaves less to that
 * one, unless somebody reads an old state. */
gk_error_t *gk_db_checkpoint(gk_db_t *db, apr_pool_t *pool)
{
  int pages, left = 0, before;
  for (int passes = 0; passes < 4; passes++) {
    before = left;
    GK_TRY(db->call->checkpoint(db, false, &pages, &left, pool));
    if (pages < LOG_LONG || db->lock == NULL || db->locked)
      return NULL;
    if (left < LOG_NEAR)
      break;
    if (passes > 0 && left >= before)
      return NULL;
  }
  GK_TRY(gk_write_lock__take(db->lock, APR_USEC_PER_SEC, pool));
  gk_error_t *error = db->call->checkpoint(db, true, &pages, &left, pool);
  gk_write_lock__release(db->lock);
  return error;
}

void gk_db_rollback(gk_db_t *db)
{
  bool unsent = begins(db);
  db->queued = 0;
  db->call->forget_ahead(db);
  if (db->in_transaction && !db->broken && !unsent) {
    apr_pool_t *scratch;
    apr_pool_create(&scratch, db->pool);
    /* An error here means that the engine rolled back by itself or that the session is gone. */
    db->call->script(db, "ROLLBACK", scratch);
    apr_pool_destroy(scratch);
  }
  db->in_transaction = false;
  unlock(db);
}

/* ---- statements ------------------------------------------------------------------------------------ */

typedef struct one_t {
  void *row;
  apr_size_t bytes;
  int count;
} one_t;

static gk_error_t *run(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row, void *baton,
                       apr_int64_t *changed, apr_pool_t *pool)
{
  bool fresh = db->in_transaction ? begins(db) : !statement->writes;
  gk_error_t *error = db->call->run(db, statement, args, on_row, baton, false, changed, pool);
  if (lost_idle(db, error, fresh) && db->call->ready(db, pool) == NULL)
    error = db->call->run(db, statement, args, on_row, baton, false, changed, pool);
  return error;
}

static gk_error_t *keep_first(void *baton, const void *row, apr_pool_t *pool)
{
  (void)pool;
  one_t *one = baton;
  if (one->count++ == 0 && one->row != NULL)
    memcpy(one->row, row, one->bytes);
  return NULL;
}

gk_error_t *gk_db_find(gk_db_t *db, const gk_statement_t *statement, const void *args, bool *found, void *row,
                       apr_pool_t *pool)
{
  one_t one = {row, statement->row_bytes, 0};
  GK_TRY(run(db, statement, args, keep_first, &one, NULL, pool));
  *found = one.count > 0;
  return NULL;
}

gk_error_t *gk_db_get(gk_db_t *db, const gk_statement_t *statement, const void *args, void *row, apr_pool_t *pool)
{
  bool found;
  GK_TRY(gk_db_find(db, statement, args, &found, row, pool));
  return found ? NULL : gk_error_plain(pool, GK_E_NOT_FOUND);
}

static gk_error_t *keep_all(void *baton, const void *row, apr_pool_t *pool)
{
  (void)pool;
  apr_array_header_t *rows = baton;
  memcpy(apr_array_push(rows), row, (apr_size_t)rows->elt_size);
  return NULL;
}

gk_error_t *gk_db_list(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_array_header_t **rows,
                       apr_pool_t *pool)
{
  apr_array_header_t *all = apr_array_make(pool, 16, (int)statement->row_bytes);
  GK_TRY(run(db, statement, args, keep_all, all, NULL, pool));
  *rows = all;
  return NULL;
}

gk_error_t *gk_db_exec(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_int64_t *changed,
                       apr_pool_t *pool)
{
  one_t one = {NULL, 0, 0};
  return run(db, statement, args, keep_first, &one, changed, pool);
}

gk_error_t *gk_db_each(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row, void *baton,
                       apr_pool_t *pool)
{
  return db->call->run(db, statement, args, on_row, baton, true, NULL, pool);
}

gk_error_t *gk_db_exec_later(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_pool_t *pool)
{
  if (!db->call->pipelines || !db->in_transaction || db->queued == GK_DB__QUEUE)
    return gk_db_exec(db, statement, args, NULL, pool);
  queue(db, statement, args, false);
  return NULL;
}

gk_error_t *gk_db_exec_later_one(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_pool_t *pool)
{
  if (db->call->pipelines && db->in_transaction && db->queued < GK_DB__QUEUE) {
    queue(db, statement, args, true);
    return NULL;
  }
  apr_int64_t changed;
  GK_TRY(gk_db_exec(db, statement, args, &changed, pool));
  return changed == 1 ? NULL : gk_error_plain(pool, GK_E_RETRY);
}

bool gk_db__same_args(const gk_statement_t *statement, const void *a, const void *b)
{
  for (int i = 0; i < statement->arg_count; i++) {
    const char *x = (const char *)a + statement->args[i].offset, *y = (const char *)b + statement->args[i].offset;
    const char *s = *(const char *const *)x, *t = *(const char *const *)y;
    bool same;
    if (statement->args[i].type == GK_BLOB) {
      const gk_blob_t *p = (const gk_blob_t *)(const void *)x, *q = (const gk_blob_t *)(const void *)y;
      same = p->length == q->length && (p->bytes == NULL) == (q->bytes == NULL) &&
             (p->length == 0 || memcmp(p->bytes, q->bytes, p->length) == 0);
    } else if (statement->args[i].type == GK_TEXT) {
      same = s == t || (s != NULL && t != NULL && strcmp(s, t) == 0);
    } else {
      same = *(const apr_int64_t *)x == *(const apr_int64_t *)y;
    }
    if (!same)
      return false;
  }
  return true;
}

void gk_db_ahead(gk_db_t *db, const gk_statement_t *statement, const void *args)
{
  if (!db->call->pipelines || db->aheads == GK_DB__AHEAD)
    return;
  for (int i = 0; i < db->aheads; i++)
    if (db->ahead[i].statement == statement && gk_db__same_args(statement, db->ahead[i].args, args))
      return;
  db->ahead[db->aheads++] = (gk_db__ahead_t){.statement = statement, .args = keep_args(db, statement, args)};
}

gk_error_t *gk_db_script(gk_db_t *db, const char *sql, apr_pool_t *pool) { return db->call->script(db, sql, pool); }

gk_error_t *gk_db_script_value(gk_db_t *db, const char *sql, const char **value, apr_pool_t *pool)
{
  gk_error_t *error = db->call->script_value(db, sql, value, pool);
  if (lost_idle(db, error, !db->in_transaction) && db->call->ready(db, pool) == NULL)
    error = db->call->script_value(db, sql, value, pool);
  return error;
}

gk_error_t *gk_db_now(gk_db_t *db, apr_time_t *now, apr_pool_t *pool)
{
  const char *value;
  GK_TRY(gk_db_script_value(db,
                            db->engine == GK_SQLITE
                                ? "SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
                                : "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
                            &value, pool));
  *now = value != NULL ? apr_atoi64(value) : 0;
  return NULL;
}
