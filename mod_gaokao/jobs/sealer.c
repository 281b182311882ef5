/* jobs/sealer.c: see sealer.h. */
#include "jobs/sealer.h"

#include <string.h>
#include <syslog.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "base/time.h"
#include "domain/pack_life.h"

#define AFTER_ERROR_US (5 * APR_USEC_PER_SEC)
#define ANCHOR_EVERY_US (3600 * APR_USEC_PER_SEC)
#define LOOK_EVERY_US (APR_USEC_PER_SEC / 2) /* for a pack whose time has come */
#define DEADLINE_US (30 * APR_USEC_PER_SEC)

struct gk_sealing_t {
  gk_core_t *core;
  void (*say)(const char *line);
  apr_thread_mutex_t *mutex;
  apr_thread_cond_t *wake;
  bool end; /* under mutex */
  apr_time_t sealed;
  apr_thread_t *thread;
  apr_pool_t *pool; /* the thread's own root */
};

gk_error_t *gk_sealer_drain(apr_int64_t *rows, gk_sealer_t *sealer, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_int64_t all = 0, some = 0;
  bool busy = false;
  gk_error_t *error = NULL;
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  do {
    apr_pool_clear(round);
    error = gk_audit_seal_next(&some, &busy, sealer, core, db, round);
    all += some;
  } while (error == NULL && some == GK_SEAL_ROWS);
  if (error != NULL)
    error = gk_error_dup(pool, error);
  apr_pool_destroy(round);
  if (rows != NULL)
    *rows = all;
  if (error == NULL && busy)
    error = gk_error_retry(gk_error(pool, GK_E_BUSY, "另一个程序正在封存审计记录", "Another program is sealing the audit"),
                           APR_USEC_PER_SEC);
  return error;
}

/* ---- anchors ------------------------------------------------------------------------------------------------ */

static gk_error_t *append(const char *path, const char *line, apr_pool_t *pool)
{
  apr_file_t *file;
  char why[120];
  apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_APPEND,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD, pool);
  if (rv == APR_SUCCESS) {
    rv = apr_file_write_full(file, line, strlen(line), NULL);
    if (rv == APR_SUCCESS)
      rv = apr_file_sync(file);
    apr_file_close(file);
  }
  if (rv == APR_SUCCESS)
    return NULL;
  return gk_error_internal(pool, GK_E_CONFIG, "audit_anchor_log '%s': %s", path, apr_strerror(rv, why, sizeof(why)));
}

gk_error_t *gk_anchor_log(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  const char *where = gk_core_config(core)->anchor_log;
  gk_audit_seal_t seal;
  bool found;
  GK_TRY(gk_audit_seal_last(&seal, &found, db, pool));
  if (!found || strcmp(where, "off") == 0)
    return NULL;
  const char *line = apr_psprintf(pool, "%s gaokao audit anchor %s sealed %s node %s\n",
                                  gk_time_text(pool, gk_core_now(core)), gk_audit_anchor_text(&seal, 64, pool),
                                  gk_time_text(pool, seal.sealed), gk_core_config(core)->node);
  if (strcmp(where, "syslog") != 0)
    return append(where, line, pool);
  syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
  return NULL;
}

/* ---- the thread --------------------------------------------------------------------------------------------- */

static gk_error_t *round_of(gk_sealing_t *sealing, gk_sealer_t *sealer, gk_db_t **db, apr_pool_t *db_pool,
                            apr_time_t *anchored, apr_pool_t *pool)
{
  if (*db == NULL) {
    apr_pool_clear(db_pool);
    GK_TRY(gk_core_connect(db, sealing->core, db_pool));
  }
  GK_TRY(gk_db_ready(*db, gk_tick() + DEADLINE_US, pool));
  GK_TRY(gk_pack_due(NULL, sealing->core, *db, pool));
  if (gk_tick() - sealing->sealed < GK_SEAL_EVERY_US)
    return NULL;
  sealing->sealed = gk_tick();
  gk_error_t *error = gk_sealer_drain(NULL, sealer, sealing->core, *db, pool);
  if (error != NULL && error->code != GK_E_BUSY)
    return error;
  if (*anchored == 0 || gk_tick() - *anchored >= ANCHOR_EVERY_US) {
    GK_TRY(gk_anchor_log(sealing->core, *db, pool));
    *anchored = gk_tick();
  }
  return NULL;
}

static void *APR_THREAD_FUNC sealing_main(apr_thread_t *thread, void *data)
{
  gk_sealing_t *sealing = data;
  apr_pool_t *db_pool, *pool;
  gk_db_t *db = NULL;
  apr_time_t anchored = 0;
  bool told = false;
  (void)thread;
  apr_pool_create(&db_pool, sealing->pool);
  apr_pool_create(&pool, sealing->pool);
  gk_sealer_t *sealer = gk_sealer_create(sealing->pool);
  apr_thread_mutex_lock(sealing->mutex);
  while (!sealing->end) {
    apr_thread_mutex_unlock(sealing->mutex);
    apr_pool_clear(pool);
    gk_error_t *error = round_of(sealing, sealer, &db, db_pool, &anchored, pool);
    if (error != NULL && !told) /* once; /readyz goes on telling that seals are late */
      sealing->say(apr_pstrcat(pool, "audit: ", gk_error_log_text(pool, error), NULL));
    told = error != NULL;
    apr_thread_mutex_lock(sealing->mutex);
    if (!sealing->end)
      apr_thread_cond_timedwait(sealing->wake, sealing->mutex, error != NULL ? AFTER_ERROR_US : LOOK_EVERY_US);
  }
  apr_thread_mutex_unlock(sealing->mutex);
  apr_pool_destroy(db_pool);
  return NULL;
}

gk_error_t *gk_sealing_start(gk_sealing_t **out, gk_core_t *core, void (*say)(const char *line), apr_pool_t *pool)
{
  gk_sealing_t *sealing = apr_pcalloc(pool, sizeof(*sealing));
  sealing->core = core;
  sealing->say = say;
  apr_pool_create(&sealing->pool, NULL);
  apr_status_t rv = apr_thread_mutex_create(&sealing->mutex, APR_THREAD_MUTEX_DEFAULT, sealing->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_cond_create(&sealing->wake, sealing->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_create(&sealing->thread, NULL, sealing_main, sealing, sealing->pool);
  if (rv != APR_SUCCESS) {
    apr_pool_destroy(sealing->pool);
    return gk_error_internal(pool, GK_E_INTERNAL, "the sealer of the audit does not start: %d", rv);
  }
  *out = sealing;
  return NULL;
}

void gk_sealing_stop(gk_sealing_t *sealing)
{
  apr_status_t rv;
  apr_thread_mutex_lock(sealing->mutex);
  sealing->end = true;
  apr_thread_cond_signal(sealing->wake);
  apr_thread_mutex_unlock(sealing->mutex);
  apr_thread_join(&rv, sealing->thread);
  apr_pool_destroy(sealing->pool);
}
