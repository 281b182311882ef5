/* jobs/checkpointer.c: see checkpointer.h. */
#include "jobs/checkpointer.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "base/time.h"

#define EVERY_US (100 * 1000)
#define AFTER_ERROR_US (5 * APR_USEC_PER_SEC)
#define DEADLINE_US (30 * APR_USEC_PER_SEC)

struct gk_checkpointer_t {
  gk_core_t *core;
  void (*say)(const char *line);
  apr_thread_mutex_t *mutex;
  apr_thread_cond_t *wake;
  bool end; /* under mutex */
  apr_thread_t *thread;
  apr_pool_t *pool; /* the thread's own root */
};

/* Looks how long the log is, which costs nothing. *seen: how long it was after the last time: what an older reader holds
 * back is not tried again before more has come. */
static gk_error_t *round_of(const gk_checkpointer_t *checkpointer, gk_db_t **db, apr_pool_t *db_pool, int *seen, apr_pool_t *pool)
{
  if (*db == NULL) {
    apr_pool_clear(db_pool);
    GK_TRY(gk_core_connect(db, checkpointer->core, db_pool));
  }
  int pages = gk_db_log_pages(*db);
  if (pages < *seen)
    *seen = 0;
  if (pages < *seen + GK_DB_LOG_DUE)
    return NULL;
  *seen = pages;
  GK_TRY(gk_db_ready(*db, gk_tick() + DEADLINE_US, pool));
  return gk_db_checkpoint(*db, pool);
}

static void *APR_THREAD_FUNC checkpointer_main(apr_thread_t *thread, void *data)
{
  gk_checkpointer_t *checkpointer = data;
  apr_pool_t *db_pool, *pool;
  gk_db_t *db = NULL;
  int seen = 0;
  bool told = false;
  (void)thread;
  apr_pool_create(&db_pool, checkpointer->pool);
  apr_pool_create(&pool, checkpointer->pool);
  apr_thread_mutex_lock(checkpointer->mutex);
  while (!checkpointer->end) {
    apr_thread_mutex_unlock(checkpointer->mutex);
    apr_pool_clear(pool);
    gk_error_t *error = round_of(checkpointer, &db, db_pool, &seen, pool);
    if (error != NULL && !told)
      checkpointer->say(apr_pstrcat(pool, "checkpoint: ", gk_error_log_text(pool, error), NULL));
    told = error != NULL;
    apr_thread_mutex_lock(checkpointer->mutex);
    if (!checkpointer->end)
      apr_thread_cond_timedwait(checkpointer->wake, checkpointer->mutex, error != NULL ? AFTER_ERROR_US : EVERY_US);
  }
  apr_thread_mutex_unlock(checkpointer->mutex);
  apr_pool_destroy(db_pool);
  return NULL;
}

gk_error_t *gk_checkpointer_start(gk_checkpointer_t **out, gk_core_t *core, void (*say)(const char *line), apr_pool_t *pool)
{
  *out = NULL;
  if (gk_core_config(core)->engine != GK_SQLITE)
    return NULL;
  gk_checkpointer_t *checkpointer = apr_pcalloc(pool, sizeof(*checkpointer));
  checkpointer->core = core;
  checkpointer->say = say;
  apr_pool_create(&checkpointer->pool, NULL);
  apr_status_t rv = apr_thread_mutex_create(&checkpointer->mutex, APR_THREAD_MUTEX_DEFAULT, checkpointer->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_cond_create(&checkpointer->wake, checkpointer->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_create(&checkpointer->thread, NULL, checkpointer_main, checkpointer, checkpointer->pool);
  if (rv != APR_SUCCESS) {
    apr_pool_destroy(checkpointer->pool);
    return gk_error_internal(pool, GK_E_INTERNAL, "the checkpointer does not start: %d", rv);
  }
  *out = checkpointer;
  return NULL;
}

void gk_checkpointer_stop(gk_checkpointer_t *checkpointer)
{
  apr_status_t rv;
  apr_thread_mutex_lock(checkpointer->mutex);
  checkpointer->end = true;
  apr_thread_cond_signal(checkpointer->wake);
  apr_thread_mutex_unlock(checkpointer->mutex);
  apr_thread_join(&rv, checkpointer->thread);
  apr_pool_destroy(checkpointer->pool);
}
