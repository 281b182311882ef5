/* The database layer on both engines: values, errors, transactions, lost sessions, the write lock. */
#include <apr_thread_proc.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/time.h"
#include "store_test.h"
#include "store/sql.h"

static void values_come_back_as_stored(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_idempotency_get_t row;
  const unsigned char bytes[] = {0, 1, 255, '\'', '\\', 0};
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(idempotency_put, .account_id = 9007199254740993, .idempotency_key = "\xF0\xA0\xAE\xB7·%s",
                                 .request_digest = "d", .status = -5, .etag = NULL, .location = "", .key_id = "",
                                 .answer = {bytes, sizeof(bytes)}, .created_us = 1), NULL, pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL);
  GK_TEST(gk_db_get(db, GK_CALL(idempotency_get, .account_id = 9007199254740993, .idempotency_key = "\xF0\xA0\xAE\xB7·%s"),
                    &row, pool) == NULL);
  GK_TEST_INT(row.status, -5);
  GK_TEST(row.etag == NULL);
  GK_TEST_STR(row.location, "");
  GK_TEST_INT(row.answer.length, sizeof(bytes));
  GK_TEST(memcmp(row.answer.bytes, bytes, sizeof(bytes)) == 0);
}

static void an_empty_blob_is_not_null(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_idempotency_get_t row;
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(idempotency_put, .account_id = 2, .idempotency_key = "empty", .request_digest = "d",
                                 .status = 1, .key_id = "", .answer = {(const unsigned char *)"", 0}, .created_us = 1),
                     NULL, pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL);
  GK_TEST(gk_db_get(db, GK_CALL(idempotency_get, .account_id = 2, .idempotency_key = "empty"), &row, pool) == NULL);
  GK_TEST(row.answer.bytes != NULL);
  GK_TEST_INT(row.answer.length, 0);
}

static void a_missing_row_is_told(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_setting_get_t row;
  bool found = true;
  gk_error_t *error = gk_db_get(db, GK_CALL(setting_get, .name = "nothing"), &row, pool);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->code, GK_E_NOT_FOUND);
  GK_TEST(gk_db_find(db, GK_CALL(setting_get, .name = "nothing"), &found, &row, pool) == NULL);
  GK_TEST(!found);
}

static void rollback_leaves_nothing(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(setting_put, .name = "gone", .value = "x"), NULL, pool) == NULL);
  gk_db_rollback(db);
  GK_TEST(gk_db_find(db, GK_CALL(setting_get, .name = "gone"), &found, &row, pool) == NULL);
  GK_TEST(!found);
}

static void a_broken_constraint_is_named_and_data_is_not(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_script(db, "INSERT INTO season (year, name, created_us) VALUES (2031, 'Zhang-Secret', 1)", pool) == NULL);
  gk_error_t *error = gk_db_script(db, "INSERT INTO season (year, name, created_us) VALUES (2031, 'Zhang-Secret', 1)", pool);
  gk_db_rollback(db);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->code, GK_E_CONSTRAINT);
  GK_TEST(strstr(error->internal, "DETAIL") == NULL);
}

static void a_write_needs_a_transaction_on_sqlite(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  if (gk_db_engine(db) != GK_SQLITE)
    return;
  gk_error_t *error = gk_db_exec(db, GK_CALL(setting_put, .name = "a", .value = "b"), NULL, pool);
  GK_TEST(error != NULL);
}

typedef struct seen_t { int n; apr_int64_t sum; } seen_t;
static gk_error_t *add_up(void *baton, const void *row, apr_pool_t *pool)
{
  seen_t *seen = baton;
  (void)pool;
  seen->n++;
  seen->sum += (apr_int64_t)strlen(((const gk_row_setting_get_t *)row)->value);
  return seen->n == 1 ? NULL : gk_error_plain(pool, GK_E_GONE);
}

static void a_stream_stops_at_the_first_error(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  seen_t seen = {0, 0};
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(setting_put, .name = "s", .value = "four"), NULL, pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL);
  GK_TEST(gk_db_each(db, GK_CALL(setting_get, .name = "s"), add_up, &seen, pool) == NULL);
  seen.n = 1;
  gk_error_t *error = gk_db_each(db, GK_CALL(setting_get, .name = "s"), add_up, &seen, pool);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->code, GK_E_GONE);
  gk_row_setting_get_t row; /* the connection is usable afterwards */
  GK_TEST(gk_db_get(db, GK_CALL(setting_get, .name = "s"), &row, pool) == NULL);
}

/* Ends db's session on the server. */
static void kill_session(gk_db_t *db, gk_db_t *killer, apr_pool_t *pool)
{
  const char *pid;
  GK_TEST_OK(gk_db_script_value(db, "SELECT pg_backend_pid()", &pid, pool));
  GK_TEST_OK(gk_db_script(killer, apr_pstrcat(pool, "SELECT pg_terminate_backend(", pid, ")", NULL), pool));
  apr_sleep(100000);
}

/* DB-1: an idle session that was lost costs no request; one lost within a transaction does. */
static void a_killed_session_is_replaced(apr_pool_t *pool)
{
  if (store.engine != GK_PGSQL)
    return;
  gk_db_t *db = store_open(pool), *killer = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "s"), &found, &row, pool));
  kill_session(db, killer, pool);
  GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "s"), &found, &row, pool));
  kill_session(db, killer, pool);
  GK_TEST_OK(gk_db_begin(db, pool));
  GK_TEST_OK(gk_db_exec(db, GK_CALL(setting_put, .name = "killed", .value = "1"), NULL, pool));
  kill_session(db, killer, pool);
  gk_error_t *error = gk_db_exec(db, GK_CALL(setting_put, .name = "killed", .value = "2"), NULL, pool);
  GK_TEST(error != NULL && error->code == GK_E_DB_DOWN);
  gk_db_rollback(db);
  GK_TEST_OK(gk_db_ready(db, 0, pool));
  GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "killed"), &found, &row, pool));
  GK_TEST(!found);
}

static gk_error_t *setting_later(gk_db_t *db, const char *name, const char *value, apr_pool_t *pool)
{
  apr_pool_t *loop; /* what the caller gave may be gone when it is sent */
  apr_pool_create(&loop, pool);
  gk_error_t *error = gk_db_exec_later(
      db, GK_CALL(setting_put, .name = apr_pstrdup(loop, name), .value = apr_pstrdup(loop, value)), pool);
  apr_pool_destroy(loop);
  return error;
}

static void later_writes_travel_with_the_next(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool), *other = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  GK_TEST_OK(gk_db_begin(db, pool));
  for (int i = 0; i < 9; i++) /* more than the queue holds */
    GK_TEST_OK(setting_later(db, apr_psprintf(pool, "later%d", i), "x", pool));
  GK_TEST_OK(gk_db_get(db, GK_CALL(setting_get, .name = "later8"), &row, pool));
  GK_TEST_OK(gk_db_commit(db, pool));
  GK_TEST_OK(gk_db_get(other, GK_CALL(setting_get, .name = "later0"), &row, pool));
  GK_TEST_OK(gk_db_begin(db, pool)); /* nothing but a later one: COMMIT takes it along */
  GK_TEST_OK(setting_later(db, "alone", "x", pool));
  GK_TEST_OK(gk_db_commit(db, pool));
  GK_TEST_OK(gk_db_get(other, GK_CALL(setting_get, .name = "alone"), &row, pool));
  GK_TEST_OK(gk_db_begin(db, pool));
  GK_TEST_OK(setting_later(db, "undone", "x", pool));
  gk_db_rollback(db);
  GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "undone"), &found, &row, pool));
  GK_TEST(!found);
  GK_TEST_OK(gk_db_begin(db, pool)); /* an empty transaction */
  GK_TEST_OK(gk_db_commit(db, pool));
}

static void a_later_write_that_fails_stops_the_commit(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  GK_TEST_OK(gk_db_begin(db, pool));
  GK_TEST_OK(gk_db_exec(db, GK_CALL(setting_put, .name = "spoilt", .value = "x"), NULL, pool));
  gk_error_t *error = setting_later(db, "null", NULL, pool); /* value is NOT NULL */
  if (error == NULL)
    error = gk_db_commit(db, pool);
  GK_TEST(error != NULL);
  gk_db_rollback(db);
  GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "spoilt"), &found, &row, pool));
  GK_TEST(!found);
}

static void a_read_ahead_answers_its_question_once(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool), *other = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  GK_TEST_OK(gk_db_begin(other, pool));
  GK_TEST_OK(gk_db_exec(other, GK_CALL(setting_put, .name = "ahead", .value = "old"), NULL, pool));
  GK_TEST_OK(gk_db_commit(other, pool));
  for (int round = 0; round < 2; round++) {
    gk_db_ahead(db, GK_CALL(setting_get, .name = "ahead"));
    GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "s"), &found, &row, pool));
    GK_TEST_OK(gk_db_begin(other, pool));
    GK_TEST_OK(gk_db_exec(other, GK_CALL(setting_put, .name = "ahead", .value = "new"), NULL, pool));
    GK_TEST_OK(gk_db_commit(other, pool));
    if (round == 0) { /* the answer is of the moment it came; the next one is fresh; other arguments are asked anew */
      GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "nothing"), &found, &row, pool));
      GK_TEST(!found);
      GK_TEST_OK(gk_db_get(db, GK_CALL(setting_get, .name = "ahead"), &row, pool));
      GK_TEST_STR(row.value, store.engine == GK_PGSQL ? "old" : "new");
      GK_TEST_OK(gk_db_get(db, GK_CALL(setting_get, .name = "ahead"), &row, pool));
      GK_TEST_STR(row.value, "new");
    } else { /* a transaction sees the present */
      GK_TEST_OK(gk_db_begin(db, pool));
      GK_TEST_OK(gk_db_get(db, GK_CALL(setting_get, .name = "ahead"), &row, pool));
      GK_TEST_STR(row.value, "new");
      gk_db_rollback(db);
    }
  }
}

static void in_a_transaction_writes_go_ahead_and_count_once(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool), *other = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  apr_int64_t changed = 0;
  for (int round = 0; round < 2; round++) {
    const char *name = round == 0 ? "sent" : "undone";
    GK_TEST_OK(gk_db_begin(db, pool));
    gk_db_ahead(db, GK_CALL(setting_put, .name = name, .value = "x"));
    GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = "nothing"), &found, &row, pool));
    apr_uint64_t calls = gk_db_calls(db);
    if (round == 0) {
      GK_TEST_OK(gk_db_exec(db, GK_CALL(setting_put, .name = name, .value = "x"), &changed, pool));
      GK_TEST_INT(changed, 1);
      GK_TEST_OK(gk_db_commit(db, pool));
    } else { /* what a transaction that was undone answered answers nothing afterwards */
      gk_db_rollback(db);
      GK_TEST_OK(gk_db_begin(db, pool));
      GK_TEST_OK(gk_db_find(db, GK_CALL(setting_get, .name = name), &found, &row, pool));
      GK_TEST(!found);
      GK_TEST_OK(gk_db_exec(db, GK_CALL(setting_put, .name = name, .value = "x"), NULL, pool));
      GK_TEST_OK(gk_db_commit(db, pool));
    }
    GK_TEST(gk_db_calls(db) > calls);
    GK_TEST_OK(gk_db_get(other, GK_CALL(setting_get, .name = name), &row, pool));
    GK_TEST_STR(row.value, "x");
  }
  GK_TEST_OK(gk_db_begin(db, pool)); /* one that fails ends its transaction, and says so at once */
  gk_db_ahead(db, GK_CALL(setting_put, .name = "null", .value = NULL));
  gk_error_t *error = gk_db_find(db, GK_CALL(setting_get, .name = "nothing"), &found, &row, pool);
  if (store.engine == GK_PGSQL)
    GK_TEST(error != NULL && error->code == GK_E_CONSTRAINT);
  gk_db_rollback(db);
  GK_TEST_OK(gk_db_get(db, GK_CALL(setting_get, .name = "sent"), &row, pool));
}

static void an_overdue_call_ends_at_its_deadline(apr_pool_t *pool)
{
  if (store.engine != GK_PGSQL)
    return;
  gk_db_t *db = store_open(pool);
  apr_time_t start = gk_tick();
  GK_TEST(gk_db_ready(db, start + 300000, pool) == NULL);
  gk_error_t *error = gk_db_script(db, "SELECT pg_sleep(30)", pool);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->code, GK_E_DB_DOWN);
  GK_TEST(gk_tick() - start < 10 * APR_USEC_PER_SEC);
  GK_TEST(gk_db_course(db).overdue && !gk_db_course(db).overdue_inside);
  GK_TEST(gk_db_ready(db, 0, pool) == NULL);
  GK_TEST(!gk_db_course(db).overdue);
  GK_TEST(gk_db_script(db, "SELECT 1", pool) == NULL);
}

/* PR-3: who was stopped for too long does not commit what was judged by an old moment. */
static void nothing_is_committed_after_the_deadline(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool), *other = store_open(pool);
  bool found;
  gk_row_setting_get_t row;
  GK_TEST(gk_db_ready(db, gk_tick() + 300000, pool) == NULL);
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(setting_put, .name = "late", .value = "1"), NULL, pool) == NULL);
  apr_sleep(400000);
  gk_error_t *error = gk_db_commit(db, pool);
  GK_TEST(error != NULL);
  GK_TEST_INT(gk_error_info(error->code)->http, 503);
  GK_TEST(error->code != GK_E_OUTCOME_UNKNOWN && !gk_db_in_transaction(db) && !gk_db_course(db).committed);
  GK_TEST(gk_db_find(other, GK_CALL(setting_get, .name = "late"), &found, &row, pool) == NULL);
  GK_TEST(!found);
  GK_TEST(gk_db_ready(db, gk_tick() + 5000000, pool) == NULL);
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(setting_put, .name = "late", .value = "1"), NULL, pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL && gk_db_course(db).committed);
}

static void a_dead_holder_frees_the_write_lock(apr_pool_t *pool)
{
  if (store.engine != GK_SQLITE)
    return;
  int ready[2];
  GK_TEST(pipe(ready) == 0);
  pid_t child = fork();
  if (child == 0) {
    apr_pool_t *own;
    gk_write_lock_t *lock;
    gk_db_t *db;
    apr_pool_create(&own, NULL);
    if (gk_write_lock_open(&lock, apr_pstrcat(own, store.params, ".lock", NULL), own) == NULL &&
        gk_db_open(&db, GK_SQLITE, store.params, lock, own) == NULL && gk_db_ready(db, 0, own) == NULL &&
        gk_db_begin(db, own) == NULL &&
        gk_db_exec(db, GK_CALL(setting_put, .name = "half", .value = "written"), NULL, own) == NULL) {
      if (write(ready[1], "x", 1) == 1)
        pause();
    }
    _exit(1);
  }
  char c;
  GK_TEST_INT(read(ready[0], &c, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  gk_db_t *db = store_open(pool);
  gk_row_setting_get_t row;
  bool found;
  apr_time_t start = apr_time_now();
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(apr_time_now() - start < 10 * APR_USEC_PER_SEC);
  GK_TEST(gk_db_find(db, GK_CALL(setting_get, .name = "half"), &found, &row, pool) == NULL);
  GK_TEST(!found);
  gk_db_rollback(db);
}

#define WRITERS 8
#define WRITES 50
static void *APR_THREAD_FUNC count_up(apr_thread_t *thread, void *failed)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  gk_db_t *db = store_open(pool);
  (void)thread;
  for (int i = 0; i < WRITES; i++) {
    gk_error_t *error = gk_db_begin(db, pool);
    if (error == NULL)
      error = gk_db_script(db, "UPDATE setting SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'counter'", pool);
    if (error == NULL)
      error = gk_db_commit(db, pool);
    if (error != NULL) {
      gk_db_rollback(db);
      *(int *)failed = 1;
    }
  }
  apr_pool_destroy(pool);
  return NULL;
}

static void writers_wait_for_each_other(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_row_setting_get_t row;
  apr_thread_t *threads[WRITERS];
  apr_status_t rv;
  int failed = 0;
  GK_TEST(gk_db_begin(db, pool) == NULL);
  GK_TEST(gk_db_exec(db, GK_CALL(setting_put, .name = "counter", .value = "0"), NULL, pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL);
  for (int i = 0; i < WRITERS; i++)
    GK_TEST(apr_thread_create(&threads[i], NULL, count_up, &failed, pool) == APR_SUCCESS);
  for (int i = 0; i < WRITERS; i++)
    apr_thread_join(&rv, threads[i]);
  GK_TEST_INT(failed, 0);
  GK_TEST(gk_db_get(db, GK_CALL(setting_get, .name = "counter"), &row, pool) == NULL);
  GK_TEST_INT(atoi(row.value), WRITERS * WRITES);
}

/* One transaction of so many pages, and perhaps a few more. */
static void fill_log(gk_db_t *db, const char *name, int pages, apr_pool_t *pool)
{
  GK_TEST(gk_db_begin(db, pool) == NULL);
  const char *sql = "INSERT INTO setting (name, value) VALUES ('%s', hex(zeroblob(%d)))";
  GK_TEST(gk_db_script(db, apr_psprintf(pool, sql, name, pages * 2048), pool) == NULL);
  GK_TEST(gk_db_commit(db, pool) == NULL);
}

static void the_log_begins_anew_beside_writers(apr_pool_t *pool)
{
  if (store.engine != GK_SQLITE)
    return;
  gk_db_t *db = store_open(pool), *reader = store_open(pool), *beside = store_open(pool);
  const char *value;
  GK_TEST(gk_db_checkpoint(beside, pool) == NULL);
  fill_log(db, "log 1", GK_DB_LOG_DUE + 200, pool);
  GK_TEST(gk_db_log_pages(beside) > GK_DB_LOG_DUE); /* all processes know it */
  GK_TEST(gk_db_begin(db, pool) == NULL);           /* somebody holds the write lock */
  GK_TEST(gk_db_checkpoint(beside, pool) == NULL);
  gk_db_rollback(db);
  fill_log(db, "log 2", 1, pool);
  GK_TEST(gk_db_log_pages(beside) < GK_DB_LOG_DUE);
  /* What somebody reads stays; with nobody at it the commit that makes the log too long does it. */
  GK_TEST(gk_db_begin_snapshot(reader, pool) == NULL);
  GK_TEST(gk_db_script_value(reader, "SELECT count(*) FROM setting WHERE name LIKE 'log %'", &value, pool) == NULL);
  fill_log(db, "log 3", 8 * GK_DB_LOG_DUE + 200, pool);
  GK_TEST(gk_db_script_value(reader, "SELECT count(*) FROM setting WHERE name LIKE 'log %'", &value, pool) == NULL);
  GK_TEST_STR(value, "2");
  fill_log(db, "log 4", 1, pool);
  GK_TEST(gk_db_log_pages(beside) > 8 * GK_DB_LOG_DUE);
  gk_db_rollback(reader);
  fill_log(db, "log 5", 1, pool);
  fill_log(db, "log 6", 1, pool);
  GK_TEST(gk_db_log_pages(beside) < GK_DB_LOG_DUE);
}

static void an_upgrade_twice_changes_nothing(apr_pool_t *pool)
{
  int from = -1, to = -1;
  GK_TEST(gk_schema_upgrade(store_open(pool), &from, &to, pool) == NULL);
  GK_TEST_INT(from, gk_migration_count);
  GK_TEST_INT(to, gk_migration_count);
}

static void a_newer_schema_is_left_alone(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  int from, to;
  GK_TEST(gk_db_script(db, "INSERT INTO schema_version (number, name) VALUES (9999, 'future')", pool) == NULL);
  gk_error_t *check = gk_schema_check(db, pool), *upgrade = gk_schema_upgrade(db, &from, &to, pool);
  GK_TEST(gk_db_script(db, "DELETE FROM schema_version WHERE number = 9999", pool) == NULL);
  GK_TEST(check != NULL && check->code == GK_E_SCHEMA);
  GK_TEST(upgrade != NULL && upgrade->code == GK_E_SCHEMA);
}

/* Every statement prepares and runs to its end without a row: names, columns and types are right on this engine. */
static gk_error_t *no_row(void *baton, const void *row, apr_pool_t *pool)
{
  (void)baton;
  (void)row;
  (void)pool;
  return NULL;
}

static void every_statement_is_good_sql(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  for (int i = 0; i < gk_statement_count; i++) {
    const gk_statement_t *statement = gk_statements[i];
    unsigned char args[1024] = {0};
    GK_TEST_CASE("%s", statement->name);
    for (int k = 0; k < statement->arg_count; k++) {
      if (statement->args[k].type == GK_TEXT)
        memcpy(args + statement->args[k].offset, &(const char *){""}, sizeof(char *));
      if (statement->args[k].type == GK_BLOB)
        memcpy(args + statement->args[k].offset, &(gk_blob_t){(const unsigned char *)"", 0}, sizeof(gk_blob_t));
    }
    GK_TEST(gk_db_begin(db, pool) == NULL);
    gk_error_t *error = gk_db_each(db, statement, args, no_row, NULL, pool);
    gk_db_rollback(db);
    /* Empty values may well break a constraint or be no JSON (class 22, data exception): the text was good. */
    if (error != NULL && error->code != GK_E_CONSTRAINT &&
        strstr(gk_error_log_text(pool, error), "SQLSTATE 22") == NULL &&
        strstr(gk_error_log_text(pool, error), "malformed JSON") == NULL)
      GK_TEST_STR(gk_error_log_text(pool, error), "");
  }
}

/* No statement reads a whole table that grows with the season. Exceptions stand here with their reason. */
static const char *const whole_table_is_fine[] = {
    "gk_season_active", /* a handful of seasons */
    "gk_reseal_uses",   /* gaokaoctl key status and retire: once a rotation */
    "gk_reseal_plain",  /* likewise */
    NULL};

static bool excepted(const char *name)
{
  for (int i = 0; whole_table_is_fine[i] != NULL; i++)
    if (strcmp(whole_table_is_fine[i], name) == 0)
      return true;
  return strncmp(name, "gk_demo_", 8) == 0 || strncmp(name, "gk_check_", 9) == 0; /* gaokaoctl, once */
}

static const char *explain(gk_db_t *db, const char *sql, apr_pool_t *pool)
{
  sqlite3_stmt *stmt;
  const char *plan = "";
  if (sqlite3_prepare_v2(gk_db_native(db), apr_pstrcat(pool, "EXPLAIN QUERY PLAN ", sql, NULL), -1, &stmt, NULL) != SQLITE_OK)
    return "SCAN candidate: does not prepare";
  while (sqlite3_step(stmt) == SQLITE_ROW)
    plan = apr_pstrcat(pool, plan, (const char *)sqlite3_column_text(stmt, 3), "\n", NULL);
  sqlite3_finalize(stmt);
  return plan;
}

static void no_statement_scans_a_large_table(apr_pool_t *pool)
{
  static const char *const large[] = {"candidate", "candidate_part", "account", "audit", "reading", "fee", "proof",
                                      "confirmation", "idempotency", "tally", NULL};
  gk_db_t *db = store_open(pool);
  if (gk_db_engine(db) != GK_SQLITE) /* an empty PostgreSQL table is always scanned; SQLite plans by schema alone */
    return;
  for (int i = 0; i < gk_statement_count; i++) {
    const gk_statement_t *statement = gk_statements[i];
    if (excepted(statement->name))
      continue;
    GK_TEST_CASE("%s", statement->name);
    /* An insert's look at the tables that refer to it runs only for deferred violations: there are none. */
    GK_TEST_OK(gk_db_script(db, strncmp(statement->sqlite, "INSERT", 6) == 0 ? "PRAGMA foreign_keys = OFF"
                                                                             : "PRAGMA foreign_keys = ON", pool));
    const char *plan = explain(db, statement->sqlite, pool);
    for (int k = 0; large[k] != NULL; k++) {
      const char *scan = apr_pstrcat(pool, "SCAN ", large[k], NULL);
      const char *at = strstr(plan, scan);
      char after = at != NULL ? at[strlen(scan)] : '\0';
      if (at != NULL && (after == '\n' || after == '\0' || after == ' '))
        GK_TEST_STR(plan, "a plan without a scan");
    }
  }
}

int main(void)
{
  gk_test_begin("database layer");
  STORE_EACH_ENGINE({
    GK_TEST_RUN(values_come_back_as_stored);
    GK_TEST_RUN(an_empty_blob_is_not_null);
    GK_TEST_RUN(a_missing_row_is_told);
    GK_TEST_RUN(rollback_leaves_nothing);
    GK_TEST_RUN(a_broken_constraint_is_named_and_data_is_not);
    GK_TEST_RUN(a_write_needs_a_transaction_on_sqlite);
    GK_TEST_RUN(a_stream_stops_at_the_first_error);
    GK_TEST_RUN(a_killed_session_is_replaced);
    GK_TEST_RUN(later_writes_travel_with_the_next);
    GK_TEST_RUN(a_later_write_that_fails_stops_the_commit);
    GK_TEST_RUN(a_read_ahead_answers_its_question_once);
    GK_TEST_RUN(in_a_transaction_writes_go_ahead_and_count_once);
    GK_TEST_RUN(an_overdue_call_ends_at_its_deadline);
    GK_TEST_RUN(nothing_is_committed_after_the_deadline);
    GK_TEST_RUN(a_dead_holder_frees_the_write_lock);
    GK_TEST_RUN(writers_wait_for_each_other);
    GK_TEST_RUN(the_log_begins_anew_beside_writers);
    GK_TEST_RUN(an_upgrade_twice_changes_nothing);
    GK_TEST_RUN(a_newer_schema_is_left_alone);
    GK_TEST_RUN(every_statement_is_good_sql);
    GK_TEST_RUN(no_statement_scans_a_large_table);
  });
  return gk_test_end();
}
