/* store/db_pgsql.c: statements on a PGconn.
 *
 * Every call is sent and then waited for with poll() up to the request's deadline, so that a hung server or a
 * dead network ends at our time, not at TCP's (faults.md DB-3). A session that was overdue or lost is never
 * used again: PQreset on the next gk_db_ready, statements prepared anew.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <apr_strings.h>

#include "base/time.h"
#include "store/db_engine.h"

#define OID_INT8 20
#define OID_TEXT 25
#define OID_BYTEA 17

/* 22012, division by zero, is commit_guard's: too late. */
static gk_error_code_t code_of(const char *state)
{
  if (state == NULL || strncmp(state, "08", 2) == 0 || strncmp(state, "57P", 3) == 0)
    return GK_E_DB_DOWN;
  if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
    return GK_E_RETRY;
  if (strcmp(state, "XX001") == 0 || strcmp(state, "XX002") == 0)
    return GK_E_DB_DAMAGED;
  if (strcmp(state, "22012") == 0 || strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0 || strncmp(state, "53300", 5) == 0)
    return GK_E_BUSY;
  if (strcmp(state, "25006") == 0)
    return GK_E_DB_READ_ONLY;
  if (strcmp(state, "53100") == 0)
    return GK_E_DB_FULL;
  if (strncmp(state, "53", 2) == 0)
    return GK_E_DB_DOWN;
  if (strncmp(state, "23", 2) == 0)
    return GK_E_CONSTRAINT;
  if (strcmp(state, "42P01") == 0 || strcmp(state, "42703") == 0)
    return GK_E_SCHEMA;
  return GK_E_INTERNAL;
}

static gk_error_t *unavailable(gk_error_t *error)
{
  return gk_error_info(error->code)->http == 503 ? gk_error_retry(error, 5 * APR_USEC_PER_SEC) : error;
}

/* The server's DETAIL holds row data and stays out (faults.md R5). */
static gk_error_t *fault(gk_db_t *db, const PGresult *result, const char *what, apr_pool_t *pool)
{
  const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
  const char *primary = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
  const char *constraint = result != NULL ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;
  gk_error_code_t code = code_of(state);
  if (PQstatus(db->native) != CONNECTION_OK || code == GK_E_DB_DOWN || code == GK_E_DB_READ_ONLY) {
    db->broken = true;
    if (code != GK_E_DB_READ_ONLY)
      code = GK_E_DB_DOWN;
  }
  return unavailable(gk_error_internal(pool, code, "SQLSTATE %s in %s: %s%s%s", state != NULL ? state : "-", what,
                                       primary != NULL ? primary : "connection lost",
                                       constraint != NULL ? "; constraint " : "", constraint != NULL ? constraint : ""));
}

static gk_error_t *overdue(gk_db_t *db, const char *what, apr_pool_t *pool)
{
  db->broken = true;
  db->course.overdue = true;
  db->course.overdue_inside = db->in_transaction;
  shutdown(PQsocket(db->native), SHUT_RDWR);
  return unavailable(gk_error_internal(pool, GK_E_DB_DOWN, "No answer in time in %s", what));
}

/* Waits until the socket has something to read, or something can be written while `writing`. */
static bool wait_socket(gk_db_t *db, bool writing)
{
  struct pollfd fd = {.fd = PQsocket(db->native), .events = (short)(POLLIN | (writing ? POLLOUT : 0))};
  for (;;) {
    int timeout_ms = -1;
    if (db->deadline != 0) {
      apr_time_t left = db->deadline - gk_tick();
      if (left <= 0)
        return false;
      timeout_ms = (int)(left / 1000) + 1;
    }
    int n = poll(&fd, 1, timeout_ms);
    if (n > 0)
      return true;
    if (n == 0 || errno != EINTR)
      return false;
  }
}

static gk_error_t *flush(gk_db_t *db, const char *what, apr_pool_t *pool)
{
  int rc;
  while ((rc = PQflush(db->native)) > 0) {
    if (!wait_socket(db, true))
      return overdue(db, what, pool);
    if (PQconsumeInput(db->native) == 0)
      return fault(db, NULL, what, pool);
  }
  return rc == 0 ? NULL : fault(db, NULL, what, pool);
}

/* The next result of the command under way, or NULL at its end. */
static gk_error_t *next_result(gk_db_t *db, PGresult **result, const char *what, apr_pool_t *pool)
{
  while (PQisBusy(db->native)) {
    if (!wait_socket(db, false))
      return overdue(db, what, pool);
    if (PQconsumeInput(db->native) == 0)
      return fault(db, NULL, what, pool);
  }
  *result = PQgetResult(db->native);
  return NULL;
}

/* Reads results up to the end. Keeps the last one when `keep`; the first error wins. */
static gk_error_t *finish(gk_db_t *db, const char *what, PGresult **keep, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  PGresult *result;
  for (;;) {
    gk_error_t *lost = next_result(db, &result, what, pool);
    if (lost != NULL)
      return error != NULL ? error : lost;
    if (result == NULL)
      return error;
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE && error == NULL)
      error = fault(db, result, what, pool);
    if (keep != NULL && error == NULL) {
      PQclear(*keep);
      *keep = result;
    } else {
      PQclear(result);
    }
  }
}

static gk_error_t *pipeline(gk_db_t *db, const gk_db__queued_t *last, PGresult **answer, apr_pool_t *pool);

static gk_error_t *script(gk_db_t *db, const char *sql, apr_pool_t *pool)
{
  const char *what = apr_pstrndup(pool, sql, 60);
  db->calls++;
  if (db->queued > 0)
    return pipeline(db, &(gk_db__queued_t){.text = sql}, NULL, pool);
  if (PQsendQuery(db->native, sql) == 0)
    return fault(db, NULL, what, pool);
  GK_TRY(flush(db, what, pool));
  return finish(db, what, NULL, pool);
}

static gk_error_t *script_value(gk_db_t *db, const char *sql, const char **value, apr_pool_t *pool)
{
  const char *what = apr_pstrndup(pool, sql, 60);
  PGresult *result = NULL;
  db->calls++;
  if (db->queued > 0)
    GK_TRY(pipeline(db, NULL, NULL, pool));
  if (PQsendQuery(db->native, sql) == 0)
    return fault(db, NULL, what, pool);
  gk_error_t *error = flush(db, what, pool);
  if (error == NULL)
    error = finish(db, what, &result, pool);
  if (error == NULL)
    *value = result != NULL && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0)
                 ? apr_pstrdup(pool, PQgetvalue(result, 0, 0))
                 : NULL;
  PQclear(result);
  return error;
}

/* "canceling wait for synchronous replication" is a WARNING beside a success: it must not count as saved. */
static void notice(void *baton, const PGresult *result)
{
  gk_db_t *db = baton;
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity != NULL && strcmp(severity, "WARNING") == 0)
    db->warning = "WARNING";
}

static gk_error_t *ready(gk_db_t *db, apr_pool_t *pool)
{
  PGconn *conn = db->native;
  if (db->broken || PQstatus(conn) != CONNECTION_OK) {
    PQreset(conn);
    db->configured = false;
    for (int i = 0; i < db->aheads; i++) { /* what the lost session answered in its transaction never happened */
      PQclear(db->ahead[i].result);
      db->ahead[i].result = NULL;
    }
    if (PQstatus(conn) != CONNECTION_OK) {
      db->broken = true;
      return unavailable(gk_error_internal(pool, GK_E_DB_DOWN, "Can't reconnect to PostgreSQL"));
    }
    db->broken = false;
  }
  if (PQbackendPID(conn) != db->backend) {
    memset(db->prepared, 0, sizeof(void *) * (apr_size_t)gk_statement_count);
    db->backend = PQbackendPID(conn);
    db->configured = false;
  }
  if (!db->configured) {
    PQsetnonblocking(conn, 1);
    PQsetNoticeProcessor(conn, NULL, NULL);
    PQsetNoticeReceiver(conn, notice, db);
    int queued = db->queued; /* a transaction that is about to begin waits meanwhile */
    db->queued = 0;
    gk_error_t *error = script(db,
                               "SET statement_timeout = 30000; SET lock_timeout = 2000;"
                               "SET idle_in_transaction_session_timeout = 20000; SET client_encoding = 'UTF8';"
                               "SET timezone = 'UTC'; SET bytea_output = 'hex'",
                               pool);
    db->queued = queued;
    if (error != NULL)
      return error;
    db->warning = NULL;
    db->configured = true;
  }
  return NULL;
}

static gk_error_t *prepare(gk_db_t *db, const gk_statement_t *statement, apr_pool_t *pool)
{
  Oid types[64];
  if (db->prepared[statement->index] != NULL)
    return NULL;
  if (statement->arg_count > 64)
    return gk_error_internal(pool, GK_E_INTERNAL, "%s has more than 64 parameters", statement->name);
  for (int i = 0; i < statement->arg_count; i++) {
    gk_slot_type_t type = statement->args[i].type;
    types[i] = type == GK_TEXT ? OID_TEXT : type == GK_BLOB ? OID_BYTEA : OID_INT8;
  }
  if (PQsendPrepare(db->native, statement->name, statement->pgsql, statement->arg_count, types) == 0)
    return fault(db, NULL, statement->name, pool);
  GK_TRY(flush(db, statement->name, pool));
  GK_TRY(finish(db, statement->name, NULL, pool));
  db->prepared[statement->index] = db;
  return NULL;
}

static apr_int64_t get_int(const char *bytes, int length)
{
  apr_uint64_t value = 0;
  for (int i = 0; i < length; i++)
    value = value << 8 | (unsigned char)bytes[i];
  if (length == 4)
    return (apr_int32_t)value;
  if (length == 2)
    return (apr_int16_t)value;
  return (apr_int64_t)value;
}

static gk_error_t *fetch(const PGresult *result, int tuple, const gk_statement_t *statement, void *row, apr_pool_t *pool)
{
  if (PQnfields(result) != statement->col_count)
    return gk_error_internal(pool, GK_E_INTERNAL, "%s: %d columns declared, %d came", statement->name,
                             statement->col_count, PQnfields(result));
  for (int i = 0; i < statement->col_count; i++) {
    const gk_slot_t *slot = &statement->cols[i];
    char *at = (char *)row + slot->offset;
    const char *bytes = PQgetvalue(result, tuple, i);
    int length = PQgetlength(result, tuple, i);
    bool null = PQgetisnull(result, tuple, i);
    switch (slot->type) {
    case GK_INT:
    case GK_INT_OR_NULL:
      if (!null && length != 8 && length != 4 && length != 2 && length != 1)
        return gk_error_internal(pool, GK_E_INTERNAL, "%s.%s is no integer: cast it", statement->name, slot->name);
      *(apr_int64_t *)at = null ? 0 : get_int(bytes, length);
      break;
    case GK_TEXT:
      *(const char **)at = null ? NULL : apr_pstrmemdup(pool, bytes, (apr_size_t)length);
      break;
    case GK_BLOB: {
      gk_blob_t *blob = (gk_blob_t *)at;
      blob->length = null ? 0 : (apr_size_t)length;
      blob->bytes = null ? NULL : apr_pmemdup(pool, length > 0 ? bytes : "", (apr_size_t)length + (length == 0));
      break;
    }
    }
  }
  return NULL;
}

/* Puts the statement into libpq's buffer; flush() sends it. */
static gk_error_t *put_statement(gk_db_t *db, const gk_statement_t *statement, const void *args, apr_pool_t *pool)
{
  const char *values[64];
  int lengths[64], formats[64];
  apr_uint64_t numbers[64];
  for (int i = 0; i < statement->arg_count; i++) {
    const gk_slot_t *slot = &statement->args[i];
    const char *at = (const char *)args + slot->offset;
    formats[i] = 1;
    if (slot->type == GK_TEXT) {
      values[i] = *(const char *const *)at;
      formats[i] = 0;
      lengths[i] = 0;
    } else if (slot->type == GK_BLOB) {
      const gk_blob_t *blob = (const gk_blob_t *)at;
      values[i] = (const char *)blob->bytes;
      lengths[i] = (int)blob->length;
    } else {
      apr_int64_t value = *(const apr_int64_t *)at;
      apr_uint64_t high = htonl((apr_uint32_t)((apr_uint64_t)value >> 32)), low = htonl((apr_uint32_t)value);
#if APR_IS_BIGENDIAN
      numbers[i] = (apr_uint64_t)value;
      (void)high;
      (void)low;
#else
      numbers[i] = low << 32 | high;
#endif
      values[i] = slot->type == GK_INT_OR_NULL && value == 0 ? NULL : (const char *)&numbers[i];
      lengths[i] = 8;
    }
  }
  if (PQsendQueryPrepared(db->native, statement->name, statement->arg_count, values, lengths, formats, 1) == 0)
    return fault(db, NULL, statement->name, pool);
  return NULL;
}

static gk_error_t *put(gk_db_t *db, const gk_db__queued_t *command, apr_pool_t *pool)
{
  if (command->statement != NULL)
    return put_statement(db, command->statement, command->args, pool);
  if (PQsendQueryParams(db->native, command->text, 0, NULL, NULL, NULL, NULL, 1) == 0)
    return fault(db, NULL, command->text, pool);
  return NULL;
}

/* ---- several commands in one round trip -------------------------------------------------------------- */

static void forget_ahead(gk_db_t *db)
{
  for (int i = 0; i < db->aheads; i++)
    PQclear(db->ahead[i].result);
  db->aheads = 0;
}

/* The results of one command of a pipeline: *answer the last good one. After an error the server skips the rest. */
static gk_error_t *collect(gk_db_t *db, const char *what, PGresult **answer, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  PGresult *result;
  for (;;) {
    GK_TRY(next_result(db, &result, what, pool));
    if (result == NULL)
      return error;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
      PQclear(*answer);
      *answer = result;
      continue;
    }
    if (error == NULL)
      error = status == PGRES_PIPELINE_ABORTED ? gk_error_internal(pool, GK_E_INTERNAL, "%s was skipped", what)
                                               : fault(db, result, what, pool);
    PQclear(result);
  }
}

/* The reads ahead go last: an error in one must not spoil anything. */
static gk_error_t *put_all(gk_db_t *db, const gk_db__queued_t *last, bool reads, apr_pool_t *pool)
{
  for (int i = 0; i < db->queued; i++)
    GK_TRY(put(db, &db->queue[i], pool));
  if (last != NULL)
    GK_TRY(put(db, last, pool));
  for (int i = 0; reads && i < db->aheads; i++)
    if (db->ahead[i].result == NULL)
      GK_TRY(put_statement(db, db->ahead[i].statement, db->ahead[i].args, pool));
  if (PQpipelineSync(db->native) == 0)
    return fault(db, NULL, "pipeline", pool);
  return flush(db, "pipeline", pool);
}

static gk_error_t *collect_all(gk_db_t *db, const gk_db__queued_t *last, PGresult **answer, bool reads, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  PGresult *result = NULL;
  for (int i = 0; i < db->queued; i++) {
    const char *what = db->queue[i].text != NULL ? db->queue[i].text : db->queue[i].statement->name;
    gk_error_t *own = collect(db, what, &result, pool);
    if (own == NULL && db->queue[i].one && strcmp(PQcmdTuples(result), "1") != 0)
      own = gk_error_plain(pool, GK_E_RETRY);
    PQclear(result);
    result = NULL;
    if (own != NULL && own->code == GK_E_CONSTRAINT) /* not the caller's own, which may know what it means */
      own->code = GK_E_INTERNAL;
    error = error != NULL ? error : own;
    if (db->broken)
      return error;
  }
  if (last != NULL) {
    gk_error_t *own = collect(db, last->text != NULL ? last->text : last->statement->name, answer, pool);
    error = error != NULL ? error : own;
  }
  int answered = 0;
  for (int i = 0; reads && i < db->aheads && !db->broken; i++) {
    gk_db__ahead_t ahead = db->ahead[i];
    gk_error_t *own = ahead.result == NULL ? collect(db, ahead.statement->name, (PGresult **)&ahead.result, pool) : NULL;
    if (own != NULL) {
      PQclear(ahead.result); /* asked again when it is needed, where its error can be told */
      if (db->in_transaction) /* which has ended with it */
        error = error != NULL ? error : own;
      continue;
    }
    db->ahead[answered++] = ahead;
  }
  if (reads && !db->broken)
    db->aheads = answered;
  while (!db->broken) { /* the mark of PQpipelineSync ends it */
    GK_TRY(next_result(db, &result, "pipeline", pool));
    bool end = result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (end)
      break;
  }
  return error;
}

/* Sends what waits in the queue, then `last` (may be NULL), then what is asked ahead, outside transactions behind reads; *answer is
 * last's. The queue stays as it is when the session was lost. */
static gk_error_t *pipeline(gk_db_t *db, const gk_db__queued_t *last, PGresult **answer, apr_pool_t *pool)
{
  PGresult *unused = NULL;
  PGresult **into = answer != NULL ? answer : &unused;
  bool reads = last != NULL && last->statement != NULL && (db->in_transaction || !last->statement->writes);
  for (int i = 0; i < db->queued; i++)
    if (db->queue[i].statement != NULL)
      GK_TRY(prepare(db, db->queue[i].statement, pool));
  for (int i = 0; reads && i < db->aheads; i++)
    GK_TRY(prepare(db, db->ahead[i].statement, pool));
  if (last != NULL && last->statement != NULL)
    GK_TRY(prepare(db, last->statement, pool));
  if (PQenterPipelineMode(db->native) == 0)
    return fault(db, NULL, "pipeline", pool);
  gk_error_t *error = put_all(db, last, reads, pool);
  if (error == NULL)
    error = collect_all(db, last, into, reads, pool);
  PQclear(unused);
  if (db->broken || (PQexitPipelineMode(db->native) == 0 && error == NULL)) {
    db->broken = true;
    return error != NULL ? error : fault(db, NULL, "pipeline", pool);
  }
  db->queued = 0;
  return error;
}

/* The answer that came ahead to this question, or NULL; it is given once. */
static PGresult *take_ahead(gk_db_t *db, const gk_statement_t *statement, const void *args)
{
  for (int i = 0; i < db->aheads; i++) {
    gk_db__ahead_t *ahead = &db->ahead[i];
    if (ahead->result != NULL && ahead->statement == statement && gk_db__same_args(statement, ahead->args, args)) {
      PGresult *result = ahead->result;
      ahead->result = NULL;
      *ahead = db->ahead[--db->aheads];
      return result;
    }
  }
  return NULL;
}

static bool waits_ahead(const gk_db_t *db)
{
  for (int i = 0; i < db->aheads; i++)
    if (db->ahead[i].result == NULL)
      return true;
  return false;
}

/* ---- running ----------------------------------------------------------------------------------------- */

static gk_error_t *give_rows(PGresult *result, const gk_statement_t *statement, gk_row_fn on_row, void *baton,
                             apr_int64_t *changed, apr_pool_t *pool)
{
  if (statement->row_bytes > 0 && PQresultStatus(result) == PGRES_TUPLES_OK) {
    void *row = apr_pcalloc(pool, statement->row_bytes);
    for (int i = 0; i < PQntuples(result); i++) {
      GK_TRY(fetch(result, i, statement, row, pool));
      GK_TRY(on_row(baton, row, pool));
    }
  }
  if (changed != NULL)
    *changed = apr_atoi64(PQcmdTuples(result));
  return NULL;
}


static gk_error_t *run(gk_db_t *db, const gk_statement_t *statement, const void *args, gk_row_fn on_row, void *baton,
                       bool stream, apr_int64_t *changed, apr_pool_t *pool)
{
  PGresult *answer = stream ? NULL : take_ahead(db, statement, args);
  db->calls++;
  if (answer == NULL && (db->queued > 0 || (!stream && waits_ahead(db)))) {
    gk_db__queued_t own = {.statement = statement, .args = args};
    gk_error_t *failed = pipeline(db, stream ? NULL : &own, &answer, pool);
    if (failed != NULL) {
      PQclear(answer);
      return failed;
    }
  }
  if (answer != NULL) {
    gk_error_t *failed = give_rows(answer, statement, on_row, baton, changed, pool);
    PQclear(answer);
    return failed;
  }
  GK_TRY(prepare(db, statement, pool));
  GK_TRY(put_statement(db, statement, args, pool));
  if (stream)
    PQsetSingleRowMode(db->native);
  GK_TRY(flush(db, statement->name, pool));
  void *row = statement->row_bytes > 0 ? apr_pcalloc(pool, statement->row_bytes) : NULL;
  apr_pool_t *row_pool = pool;
  if (stream)
    apr_pool_create(&row_pool, pool);
  gk_error_t *error = NULL;
  for (;;) {
    PGresult *result;
    gk_error_t *lost = next_result(db, &result, statement->name, pool);
    if (lost != NULL) {
      error = error != NULL ? error : lost;
      break;
    }
    if (result == NULL)
      break;
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE) {
      for (int i = 0; row != NULL && i < PQntuples(result) && error == NULL; i++) {
        if (stream)
          apr_pool_clear(row_pool);
        error = fetch(result, i, statement, row, row_pool);
        if (error == NULL)
          error = on_row(baton, row, row_pool);
        if (error != NULL && stream)
          error = gk_error_dup(pool, error);
      }
      if (changed != NULL && status == PGRES_TUPLES_OK)
        *changed = apr_atoi64(PQcmdTuples(result));
    } else if (status == PGRES_COMMAND_OK) {
      if (changed != NULL)
        *changed = apr_atoi64(PQcmdTuples(result));
    } else if (error == NULL) {
      error = fault(db, result, statement->name, pool);
    }
    PQclear(result);
    if (error != NULL && stream && !db->broken) {
      /* The reader stopped early: the rest of a long stream is not worth reading. */
      PGcancel *cancel = PQgetCancel(db->native);
      char why[64];
      if (cancel != NULL) {
        PQcancel(cancel, why, sizeof(why));
        PQfreeCancel(cancel);
      }
      finish(db, statement->name, NULL, row_pool);
      break;
    }
  }
  if (stream)
    apr_pool_destroy(row_pool);
  return error;
}

/* The server has a process for it. */
static gk_error_t *checkpoint(gk_db_t *db, bool restart, int *pages, int *left, apr_pool_t *pool)
{
  (void)db;
  (void)restart;
  (void)pool;
  *pages = *left = 0;
  return NULL;
}

/* A session that fell behind is told by the server, each for itself. */
static void let_go(gk_db_t *db) { (void)db; }

const gk_db__engine_t gk_db__pgsql = {ready, script, script_value, run, checkpoint, forget_ahead, let_go, "BEGIN",
                                      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", true};
