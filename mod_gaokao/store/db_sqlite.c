/* store/db_sqlite.c: statements on a sqlite3 handle. */
#include <sqlite3.h>
#include <string.h>
#include <apr_strings.h>

#include "store/db_engine.h"

enum { BUSY_MS = 3000, FOR_READERS_MS = 20 };

static gk_error_t *fault(gk_db_t *db, const char *what, apr_pool_t *pool)
{
  sqlite3 *handle = db->native;
  int rc = sqlite3_extended_errcode(handle);
  gk_error_code_t code = GK_E_INTERNAL;
  switch (rc & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED: code = GK_E_BUSY; break;
  case SQLITE_READONLY: code = GK_E_DB_READ_ONLY; break;
  case SQLITE_FULL: code = GK_E_DB_FULL; break;
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
  case SQLITE_NOMEM: code = GK_E_DB_DOWN; break;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: code = GK_E_DB_DAMAGED; break;
  case SQLITE_CONSTRAINT: code = GK_E_CONSTRAINT; break;
  case SQLITE_SCHEMA: code = GK_E_SCHEMA; break;
  default: break;
  }
  gk_error_t *error = gk_error_internal(pool, code, "sqlite %d in %s: %s", rc, what, sqlite3_errmsg(handle));
  /* A handle that was opened read-only stays so, and one that met an I/O error is not to be trusted: open anew. */
  if (code == GK_E_DB_READ_ONLY || code == GK_E_DB_DOWN)
    db->reopen = true;
  if (gk_error_info(code)->http == 503)
    gk_error_retry(error, 2 * APR_USEC_PER_SEC);
  return error;
}

/* The three that frame every write are worth keeping prepared. */
static const char *const frames[] = {"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"};

static gk_error_t *script(gk_db_t *db, const char *sql, apr_pool_t *pool)
{
  db->calls++;
  for (int i = 0; i < 3; i++) {
    if (strcmp(sql, frames[i]) != 0)
      continue;
    if (db->frame[i] == NULL &&
        sqlite3_prepare_v3(db->native, sql, -1, SQLITE_PREPARE_PERSISTENT, (sqlite3_stmt **)&db->frame[i], NULL) != SQLITE_OK)
      return fault(db, sql, pool);
    gk_error_t *error = sqlite3_step(db->frame[i]) == SQLITE_DONE ? NULL : fault(db, sql, pool);
    sqlite3_reset(db->frame[i]);
    return error;
  }
  if (sqlite3_exec(db->native, sql, NULL, NULL, NULL) == SQLITE_OK)
    return NULL;
  return fault(db, apr_pstrndup(pool, sql, 60), pool);
}

static gk_error_t *script_value(gk_db_t *db, const char *sql, const char **value, apr_pool_t *pool)
{
  sqlite3_stmt *stmt;
  db->calls++;
  if (sqlite3_prepare_v2(db->native, sql, -1, &stmt, NULL) != SQLITE_OK)
    return fault(db, apr_pstrndup(pool, sql, 60), pool);
  gk_error_t *error = NULL;
  int rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW)
    *value = apr_pstrdup(pool, (const char *)sqlite3_column_text(stmt, 0));
  else if (rc == SQLITE_DONE)
    *value = NULL;
  else
    error = fault(db, apr_pstrndup(pool, sql, 60), pool);
  sqlite3_finalize(stmt);
  return error;
}

/* Statements hold their handle open: they must go before apr_dbd closes it. */
static apr_status_t finalize_all(void *data)
{
  gk_db_t *db = data;
  for (int i = 0; i < gk_statement_count; i++) {
    if (db->prepared[i] != NULL)
      sqlite3_finalize(db->prepared[i]);
    db->prepared[i] = NULL;
  }
  for (int i = 0; i < 3; i++) {
    sqlite3_finalize(db->frame[i]);
    db->frame[i] = NULL;
  }
  if (db->native != db->adopted)
    sqlite3_close(db->native);
  db->native = db->adopted;
  return APR_SUCCESS;
}

static gk_error_t *open_anew(gk_db_t *db, apr_pool_t *pool)
{
  sqlite3 *fresh = NULL;
  const char *file = apr_pstrdup(pool, sqlite3_db_filename(db->native, "main"));
  if (sqlite3_open_v2(file, &fresh, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
    gk_error_t *error = gk_error_internal(pool, GK_E_DB_DOWN, "Can't open the database anew: %s", sqlite3_errmsg(fresh));
    sqlite3_close(fresh);
    return gk_error_retry(error, 2 * APR_USEC_PER_SEC);
  }
  finalize_all(db);
  db->native = fresh;
  db->reopen = false;
  return NULL;
}

/* Instead of SQLite's own checkpoint inside COMMIT, where all other writers would wait for it. */
static int after_commit(void *baton, sqlite3 *handle, const char *name, int pages)
{
  gk_db_t *db = baton;
  (void)handle;
  (void)name;
  db->log_pages = pages;
  if (db->lock != NULL)
    gk_write_lock__note_log(db->lock, (apr_uint32_t)pages);
  return SQLITE_OK;
}

static gk_error_t *checkpoint(gk_db_t *db, bool restart, int *pages, int *left, apr_pool_t *pool)
{
  int all = 0, done = 0;
  db->calls++;
  sqlite3_busy_timeout(db->native, FOR_READERS_MS); /* all writers wait meanwhile */
  int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  int rc = sqlite3_wal_checkpoint_v2(db->native, NULL, mode, &all, &done);
  sqlite3_busy_timeout(db->native, BUSY_MS);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY) /* busy: somebody else is at it */
    return fault(db, "checkpoint", pool);
  *pages = all;
  *left = all - done;
  return NULL;
}

/* While any handle of a process has the file's shared memory open read-only, all others that it opens get it so: one
 * that is to be given up must really be closed. apr_dbd's own can't be, so it is never used. */
static void let_go(gk_db_t *db)
{
  finalize_all(db);
  db->reopen = true;
}

static gk_error_t *ready(gk_db_t *db, apr_pool_t *pool)
{
  bool first = !db->configured;
  if (db->reopen || db->native == db->adopted)
    GK_TRY(open_anew(db, pool));
  else if (!first)
    return NULL;
  sqlite3_busy_timeout(db->native, BUSY_MS);
  GK_TRY(script(db,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
                pool));
  sqlite3_wal_hook(db->native, after_commit, db);
  if (first)
    apr_pool_pre_cleanup_register(db->pool, db, finalize_all);
  db->configured = true;
  return NULL;
}

static int bind_arguments(sqlite3_stmt *stmt, const gk_statement_t *statement, const void *args)
{
  int rc = SQLITE_OK;
  for (int i = 0; i < statement->arg_count && rc == SQLITE_OK; i++) {
    const gk_slot_t *slot = &statement->args[i];
    const char *at = (const char *)args + slot->offset;
    switch (slot->type) {
    case GK_INT: rc = sqlite3_bind_int64(stmt, i + 1, *(const apr_int64_t *)at); break;
    case GK_INT_OR_NULL: {
      apr_int64_t value = *(const apr_int64_t *)at;
      rc = value != 0 ? sqlite3_bind_int64(stmt, i + 1, value) : sqlite3_bind_null(stmt, i + 1);
      break;
    }
    case GK_TEXT: {
      const char *text = *(const char *const *)at;
      rc = text != NULL ? sqlite3_bind_text(stmt, i + 1, text, -1, SQLITE_STATIC) : sqlite3_bind_null(stmt, i + 1);
      break;
    }
    case GK_BLOB: {
      const gk_blob_t *blob = (const gk_blob_t *)at;
      rc = blob->bytes != NULL ? sqlite3_bind_blob64(stmt, i + 1, blob->bytes, blob->length, SQLITE_STATIC)
                               : sqlite3_bind_null(stmt, i + 1);
      break;
    }
    }
  }
  return rc;
}

static void fetch(sqlite3_stmt *stmt, const gk_statement_t *statement, void *row, apr_pool_t *pool)
{
  for (int i = 0; i < statement->col_count; i++) {
    const gk_slot_t *slot = &statement->cols[i];
    char *at = (char *)row + slot->offset;
    bool null = sqlite3_column_type(stmt, i) == SQLITE_NULL;
    switch (slot->type) {
    case GK_INT:
    case GK_INT_OR_NULL: *(apr_int64_t *)at = null ? 0 : sqlite3_column_int64(stmt, i); break;
    case GK_TEXT: {
      const char *text = null ? NULL : (const char *)sqlite3_column_text(stmt, i);
      *(const char **)at = text != NULL ? apr_pstrmemdup(pool, text, (apr_size_t)sqlite3_column_bytes(stmt, i)) : NULL;
      break;
    }
    case GK_BLOB: {
      gk_blob_t *blob = (gk_blob_t *)at;
      const void *bytes = null ? NULL : sqlite3_column_blob(stmt, i);
      blob->length = null ? 0 : (apr_size_t)sqlite3_column_bytes(stmt, i);
      /* SQLite gives NULL for an empty blob too. */
      blob->bytes = null ? NULL : bytes != NULL ? apr_pmemdup(pool, bytes, blob->length) : (const unsigned char *)"";
      break;
    }
    }
  }
}

static gk_error_t *run(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row, void *baton,
                       bool stream, apr_int64_t *changed, apr_pool_t *pool)
{
  sqlite3_stmt *stmt = db->prepared[statement->index];
  if (stmt == NULL) {
    if (sqlite3_prepare_v3(db->native, statement->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
      return fault(db, statement->name, pool);
    db->prepared[statement->index] = stmt;
  }
  db->calls++;
  if (statement->writes && !db->in_transaction && db->lock != NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "%s outside a transaction", statement->name);
  gk_error_t *error = NULL;
  if (bind_arguments(stmt, statement, args) != SQLITE_OK)
    error = fault(db, statement->name, pool);
  void *row = statement->row_bytes > 0 ? apr_pcalloc(pool, statement->row_bytes) : NULL;
  apr_pool_t *row_pool = pool;
  if (stream)
    apr_pool_create(&row_pool, pool);
  int rc = SQLITE_DONE;
  while (error == NULL && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    if (row == NULL)
      continue;
    if (stream)
      apr_pool_clear(row_pool);
    fetch(stmt, statement, row, row_pool);
    error = on_row(baton, row, row_pool);
    if (error != NULL && stream)
      error = gk_error_dup(pool, error);
  }
  if (error == NULL && rc != SQLITE_DONE)
    error = fault(db, statement->name, pool);
  if (error == NULL && changed != NULL)
    *changed = sqlite3_changes64(db->native);
  sqlite3_reset(stmt);
  sqlite3_clear_bindings(stmt);
  if (stream)
    apr_pool_destroy(row_pool);
  return error;
}

static void forget_ahead(gk_db_t *db) { (void)db; }

const gk_db__engine_t gk_db__sqlite = {ready, script, script_value, run, checkpoint, forget_ahead, let_go,
                                       "BEGIN IMMEDIATE", "BEGIN", false};
