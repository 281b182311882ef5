/* tests/store/store_test.h: the same suite on SQLite and, when GK_TEST_PGSQL holds a connection string, on PostgreSQL.
 *
 *   static void numbers_are_gapless(apr_pool_t *pool) {
 *     gk_db_t *db = store_open(pool);           // another connection to this test program's database
 *     ...
 *   }
 *   int main(void) {
 *     gk_test_begin("range store");
 *     STORE_EACH_ENGINE({ GK_TEST_RUN(numbers_are_gapless); });
 *     return gk_test_end();
 *   }
 *
 * Before each engine's run an empty database with the current schema is made: a folder of its own for SQLite, a schema
 * of its own on PostgreSQL. Both go at the end. */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include <unistd.h>

#include "unit/gk_test.h"
#include "store/db.h"
#include "store/schema.h"

static struct {
  gk_engine_t engine;
  const char *params;
  const char *dir;
  gk_write_lock_t *lock;
  apr_pool_t *pool;
} store;

static inline void store_fatal(const gk_error_t *error)
{
  printf("Bail out! %s\n", gk_error_log_text(store.pool, error));
  exit(99);
}

/* A connection of one's own; closed with `pool`. */
static inline gk_db_t *store_open(apr_pool_t *pool)
{
  gk_db_t *db = NULL;
  gk_error_t *error = gk_db_open(&db, store.engine, store.params, store.lock, pool);
  if (error == NULL)
    error = gk_db_ready(db, 0, pool);
  if (error != NULL)
    store_fatal(error);
  return db;
}

static inline void store_start(gk_engine_t engine)
{
  apr_pool_create(&store.pool, NULL);
  store.engine = engine;
  store.lock = NULL;
  int from, to;
  apr_pool_t *pool = store.pool;
  gk_error_t *error = NULL;
  if (engine == GK_SQLITE) {
    const char *base = getenv("TMPDIR");
    char *dir = apr_pstrcat(pool, base != NULL ? base : "/tmp", "/gk-store-XXXXXX", NULL);
    if (mkdtemp(dir) == NULL) {
      puts("Bail out! no temporary folder");
      exit(99);
    }
    store.dir = dir;
    store.params = apr_pstrcat(pool, dir, "/test.db", NULL);
    error = gk_write_lock_open(&store.lock, apr_pstrcat(pool, dir, "/test.db.lock", NULL), pool);
  } else {
    gk_db_t *admin = NULL;
    const char *dsn = getenv("GK_TEST_PGSQL");
    store.dir = apr_psprintf(pool, "t_%d_%d", (int)getpid(), (int)(apr_time_now() % 1000000));
    store.params = apr_psprintf(pool, "%s options='-c search_path=%s'", dsn, store.dir);
    error = gk_db_open(&admin, GK_PGSQL, dsn, NULL, pool);
    if (error == NULL)
      error = gk_db_ready(admin, 0, pool);
    if (error == NULL)
      error = gk_db_script(admin, apr_pstrcat(pool, "CREATE SCHEMA ", store.dir, NULL), pool);
  }
  if (error == NULL)
    error = gk_schema_upgrade(store_open(pool), &from, &to, pool);
  if (error != NULL)
    store_fatal(error);
}

static inline void store_end(void)
{
  if (store.engine == GK_SQLITE) {
    const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++)
      unlink(apr_pstrcat(store.pool, store.params, endings[i], NULL));
    rmdir(store.dir);
  } else {
    apr_pool_t *pool;
    gk_db_t *admin = NULL;
    apr_pool_create(&pool, NULL);
    gk_error_t *error = gk_db_open(&admin, GK_PGSQL, getenv("GK_TEST_PGSQL"), NULL, pool);
    if (error == NULL)
      error = gk_db_ready(admin, 0, pool);
    if (error == NULL)
      error = gk_db_script(admin, apr_pstrcat(pool, "SET client_min_messages = error; DROP SCHEMA ", store.dir,
                                                " CASCADE", NULL), pool);
    if (error != NULL)
      store_fatal(error);
    apr_pool_destroy(pool);
  }
  apr_pool_destroy(store.pool);
}

static inline const char *store_engine_name(void) { return store.engine == GK_SQLITE ? "SQLite" : "PostgreSQL"; }

#define STORE_EACH_ENGINE(tests)                                              \
  do {                                                                        \
    store_start(GK_SQLITE);                                                   \
    tests;                                                                    \
    store_end();                                                              \
    if (getenv("GK_TEST_PGSQL") != NULL) {                                    \
      store_start(GK_PGSQL);                                                  \
      tests;                                                                  \
      store_end();                                                            \
    } else {                                                                  \
      printf("ok %d - PostgreSQL # SKIP GK_TEST_PGSQL is not set\n", ++gk_test.count); \
    }                                                                         \
  } while (0)

#endif
