/* jobs/work.c: does one job, with a heart beating beside it on a connection of its own, so that a long statement or a
 * slow disk never costs the lease (job.h). */
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "base/time.h"
#include "jobs/job_internal.h"

typedef struct heart_t {
  gk_job_run_t *run;
  gk_core_t *core;
  apr_thread_mutex_t *mutex;
  apr_thread_cond_t *wake;
  bool end; /* under mutex */
  apr_thread_t *thread;
  apr_pool_t *pool; /* the thread's own root: pools are not shared between threads */
} heart_t;

/* ---- the heart ------------------------------------------------------------------------------------------- */

static gk_error_t *beat(heart_t *heart, gk_db_t **db, apr_pool_t *db_pool, apr_pool_t *pool)
{
  gk_job_run_t *run = heart->run;
  bool cancelled = false, lost = false;
  if (*db == NULL)
    GK_TRY(gk_core_connect(db, heart->core, db_pool));
  GK_TRY(gk_db_ready(*db, gk_tick() + GK_JOB_BEAT_US, pool));
  GK_TRY(gk_job_beat(&cancelled, &lost, *db, run->job.id, run->owner,
                     __atomic_load_n(&run->done, __ATOMIC_RELAXED),
                     __atomic_load_n(&run->total, __ATOMIC_RELAXED), pool));
  if (cancelled)
    __atomic_store_n(&run->cancelled, 1, __ATOMIC_RELAXED);
  if (lost)
    __atomic_store_n(&run->lost, 1, __ATOMIC_RELAXED);
  return NULL;
}

static void *APR_THREAD_FUNC heart_main(apr_thread_t *thread, void *data)
{
  heart_t *heart = data;
  gk_db_t *db = NULL;
  apr_pool_t *db_pool, *pool;
  apr_time_t alive = gk_tick();
  (void)thread;
  apr_pool_create(&db_pool, heart->pool);
  apr_pool_create(&pool, heart->pool);
  apr_thread_mutex_lock(heart->mutex);
  while (!heart->end) {
    apr_thread_cond_timedwait(heart->wake, heart->mutex, GK_JOB_BEAT_US / 5);
    if (heart->end)
      break;
    apr_thread_mutex_unlock(heart->mutex);
    apr_pool_clear(pool);
    /* Each second: people see progress, and who cancels is heard. */
    if (beat(heart, &db, db_pool, pool) == NULL)
      alive = gk_tick();
    else if (gk_tick() - alive > GK_JOB_LEASE_US) /* by now somebody else may have it */
      __atomic_store_n(&heart->run->lost, 1, __ATOMIC_RELAXED);
    apr_thread_mutex_lock(heart->mutex);
  }
  apr_thread_mutex_unlock(heart->mutex);
  return NULL;
}

static gk_error_t *heart_start(heart_t *heart, gk_job_run_t *run)
{
  *heart = (heart_t){.run = run, .core = run->act.core};
  apr_pool_create(&heart->pool, NULL);
  apr_status_t rv = apr_thread_mutex_create(&heart->mutex, APR_THREAD_MUTEX_DEFAULT, heart->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_cond_create(&heart->wake, heart->pool);
  if (rv == APR_SUCCESS)
    rv = apr_thread_create(&heart->thread, NULL, heart_main, heart, heart->pool);
  if (rv != APR_SUCCESS) {
    apr_pool_destroy(heart->pool);
    return gk_error_internal(run->pool, GK_E_INTERNAL, "the heart of a job does not start: %d", rv);
  }
  return NULL;
}

static void heart_stop(heart_t *heart)
{
  apr_status_t rv;
  apr_thread_mutex_lock(heart->mutex);
  heart->end = true;
  apr_thread_cond_signal(heart->wake);
  apr_thread_mutex_unlock(heart->mutex);
  apr_thread_join(&rv, heart->thread);
  apr_pool_destroy(heart->pool);
}

/* ---- the job --------------------------------------------------------------------------------------------- */

gk_error_t *gk_job_progress(gk_job_run_t *run, apr_int64_t done, apr_int64_t total)
{
  __atomic_store_n(&run->done, done, __ATOMIC_RELAXED);
  __atomic_store_n(&run->total, total, __ATOMIC_RELAXED);
  if (__atomic_load_n(&run->cancelled, __ATOMIC_RELAXED) || __atomic_load_n(&run->lost, __ATOMIC_RELAXED) ||
      (run->stop != NULL && *run->stop))
    return gk_error_plain(run->pool, GK_E_GONE);
  return NULL;
}

/* The person the job is for, as they are now: whoever was switched off or moved gets nothing more. */
static gk_error_t *become(gk_job_run_t *run)
{
  bool found;
  gk_row_job_actor_t row;
  gk_act_t *act = &run->act;
  GK_TRY(gk_db_find(act->db, GK_CALL(job_actor, .id = run->job.account_id), &found, &row, run->pool));
  if (!found || row.enabled == 0 || strcmp(row.org_path, run->job.org_path) != 0)
    return gk_error(run->pool, GK_E_FORBIDDEN, "建立任务的用户已停用或已调离，任务不再执行",
                    "The account that wanted this was switched off or moved: the job is not done");
  run->who = (gk_principal_t){.role = gk_role_parse(row.role),
                              .account_id = run->job.account_id,
                              .login = row.login,
                              .display_name = row.display_name,
                              .org_id = row.org_id,
                              .org_level = row.level,
                              .org_path = row.org_path,
                              .session_id = ""};
  gk_scope_of(row.org_path, &run->who.scope_lo, &run->who.scope_hi, run->pool);
  gk_core_season_changed(act->core); /* by the pack that is active now */
  GK_TRY(gk_core_season(&act->season, act->core, act->db, run->pool));
  GK_TRY(gk_act_season(act));
  if (act->season->id != run->job.season_id)
    return gk_error(run->pool, GK_E_WRONG_STATE, "任务属于另一个报名年度，请重新建立",
                    "The job belongs to another season: start it again");
  return NULL;
}

static gk_error_t *run_kind(gk_json_t **result, gk_job_run_t *run)
{
  const gk_job_kind_t *kind = gk_job_kind(run->job.kind);
  gk_json_t *args;
  if (kind == NULL)
    return gk_error(run->pool, GK_E_INVALID, "本程序不认识这种任务",
                    "This program does not know this kind of job");
  GK_TRY(become(run));
  if ((kind->roles & (unsigned)run->who.role) == 0)
    return gk_error_plain(run->pool, GK_E_FORBIDDEN);
  GK_TRY(gk_json_parse(&args, run->job.args, strlen(run->job.args), run->pool));
  return kind->run(result, run, args);
}

static bool passing(const gk_error_t *error)
{
  switch (error->code) {
  case GK_E_DB_DOWN:
  case GK_E_BUSY:
  case GK_E_RETRY:
  case GK_E_OUTCOME_UNKNOWN: return true;
  default: return false;
  }
}

/* The file of a job whose result is not given out: its account was switched off while it ran. */
static void withdraw(const gk_job_run_t *run, const gk_json_t *result)
{
  const char *file = result != NULL ? gk_json_str(result, "file") : NULL;
  if (file != NULL)
    apr_file_remove(apr_pstrcat(run->pool, gk_core_config(run->act.core)->spool_dir, "/", file, NULL), run->pool);
}

/* What became of it goes into its row. */
static gk_error_t *settle(gk_job_run_t *run, gk_json_t *result, gk_error_t *error)
{
  bool kept, stopped = error != NULL && error->code == GK_E_GONE && run->stop != NULL && *run->stop;
  gk_db_t *db = run->act.db;
  gk_db_rollback(db);
  GK_TRY(gk_db_ready(db, 0, run->pool));
  run->job.done = run->done;
  run->job.total = run->total;
  if (error == NULL) {
    GK_TRY(gk_job_end(&kept, db, &run->job, run->owner, "done", result, NULL, gk_core_now(run->act.core),
                      run->pool));
    if (kept)
      return NULL;
    GK_TRY(gk_job_end(&kept, db, &run->job, run->owner, "cancelled", NULL, NULL, gk_core_now(run->act.core),
                      run->pool));
    if (kept) /* else another worker has it, and the file is that one's */
      withdraw(run, result);
    return NULL;
  }
  if (run->cancelled)
    return gk_job_end(&kept, db, &run->job, run->owner, "cancelled", NULL, NULL, gk_core_now(run->act.core),
                      run->pool);
  if (run->lost)
    return NULL; /* another worker has it */
  if (stopped)
    return gk_job_release(db, run->job.id, run->owner, run->pool);
  if (passing(error) && run->job.attempts < GK_JOB_ATTEMPTS)
    return error; /* the lease runs out, and somebody tries again */
  return gk_job_end(&kept, db, &run->job, run->owner, "failed", NULL, error, gk_core_now(run->act.core),
                    run->pool);
}

gk_error_t *gk_job_work(bool *found, gk_core_t *core, gk_db_t *db, volatile int *stop, apr_pool_t *pool)
{
  gk_job_run_t run = {.owner = gk_random_hex(pool, 12), .pool = pool, .stop = stop};
  heart_t heart;
  gk_json_t *result = NULL;
  GK_TRY(gk_db_ready(db, 0, pool));
  GK_TRY(gk_job_lease(&run.job, found, db, run.owner, gk_core_now(core), pool));
  if (!*found)
    return NULL;
  run.act = (gk_act_t){
      .pool = pool, .db = db, .core = core, .who = &run.who, .now = gk_core_now(core), .address = ""};
  run.act.request_id = apr_psprintf(pool, "job-%" APR_INT64_T_FMT, run.job.id);
  run.total = run.job.total;
  GK_TRY(heart_start(&heart, &run));
  gk_error_t *error = run_kind(&result, &run);
  heart_stop(&heart);
  return settle(&run, result, error);
}
