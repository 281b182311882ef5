/* jobs/queue.c: the queue as workers see it: lease, beat, end, release, sweep (job.h). Each step is one short transaction. */
#include <string.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "jobs/import.h"
#include "jobs/job_internal.h"
#include "jobs/pull.h"

/* Ends the transaction that a step began. */
static gk_error_t *ended(gk_db_t *db, gk_error_t *error, apr_pool_t *pool)
{
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  return error;
}

static gk_error_t *lease(gk_row_job_lease_t *row, bool *found, gk_db_t *db, const char *owner, apr_time_t now,
                         apr_pool_t *pool)
{
  static const char died[] =
      "{\"code\":\"died\",\"en\":\"Ended several times without result: tell the operator\","
      "\"zh\":\"任务多次中断，没有结果，请联系管理员\"}";
  GK_TRY(gk_db_exec(db, GK_CALL(job_give_up, .error = died, .now_us = now, .max_attempts = GK_JOB_ATTEMPTS),
                    NULL, pool));
  return gk_db_find(db,
                    GK_CALL(job_lease, .owner = owner, .lease_us = GK_JOB_LEASE_US, .now_us = now,
                            .max_attempts = GK_JOB_ATTEMPTS),
                    found, row, pool);
}

gk_error_t *gk_job_lease(gk_job_t *out, bool *found, gk_db_t *db, const char *owner, apr_time_t now,
                         apr_pool_t *pool)
{
  gk_row_job_waiting_t waiting;
  gk_row_job_lease_t row;
  GK_TRY(gk_db_find(db, GK_CALL(job_waiting), found, &waiting, pool));
  if (!*found)
    return NULL;
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(ended(db, lease(&row, found, db, owner, now, pool), pool));
  if (*found)
    *out = gk_job__of((const gk_row_job_get_t *)&row);
  return NULL;
}

gk_error_t *gk_job_beat(bool *cancelled, bool *lost, gk_db_t *db, apr_int64_t id, const char *owner,
                        apr_int64_t done, apr_int64_t total, apr_pool_t *pool)
{
  gk_row_job_beat_t row;
  bool found = false;
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(ended(db,
               gk_db_find(db,
                          GK_CALL(job_beat, .id = id, .owner = owner, .lease_us = GK_JOB_LEASE_US,
                                  .done = done, .total = total),
                          &found, &row, pool),
               pool));
  *lost = !found;
  *cancelled = found && row.cancel != 0;
  return NULL;
}

static const char *error_json(const gk_error_t *error, apr_pool_t *pool)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "code", info->slug);
  gk_json_set_str(json, "zh", error->zh != NULL ? error->zh : info->zh);
  gk_json_set_str(json, "en", error->en != NULL ? error->en : info->en);
  return gk_json_text_sorted(json, pool);
}

gk_error_t *gk_job_end(bool *kept, gk_db_t *db, const gk_job_t *job, const char *owner, const char *state,
                       const gk_json_t *result, const gk_error_t *error, apr_time_t now, apr_pool_t *pool)
{
  apr_int64_t changed = 0;
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(ended(db,
               gk_db_exec(db,
                          GK_CALL(job_finish, .id = job->id, .owner = owner, .state = state,
                                  .done = job->done, .total = job->total, .now_us = now,
                                  .result = result != NULL ? gk_json_text_sorted(result, pool) : NULL,
                                  .error = error != NULL ? error_json(error, pool) : NULL),
                          &changed, pool),
               pool));
  *kept = changed > 0;
  return NULL;
}

gk_error_t *gk_job_release(gk_db_t *db, apr_int64_t id, const char *owner, apr_pool_t *pool)
{
  GK_TRY(gk_db_begin(db, pool));
  return ended(db, gk_db_exec(db, GK_CALL(job_release, .id = id, .owner = owner), NULL, pool), pool);
}

/* Files of the spool that no job will ever name: halves left by a worker that was killed, and whatever is too old. */
static void sweep_files(const char *spool, apr_time_t now, apr_pool_t *pool)
{
  apr_dir_t *dir;
  apr_finfo_t info;
  if (apr_dir_open(&dir, spool, pool) != APR_SUCCESS)
    return;
  while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_MTIME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
    apr_size_t length = strlen(info.name);
    if (strncmp(info.name, "job-", 4) != 0 || info.filetype != APR_REG)
      continue;
    bool half = length > 5 && strcmp(info.name + length - 5, ".part") == 0; /* one that is written is young */
    if (now - info.mtime > (half ? 40 * GK_JOB_LEASE_US : GK_JOB_KEEP_US + 3600 * APR_USEC_PER_SEC))
      apr_file_remove(apr_pstrcat(pool, spool, "/", info.name, NULL), pool);
  }
  apr_dir_close(dir);
}

/* The file goes first: while its row still names it, a stop in between is made good the next time. */
gk_error_t *gk_job_sweep(int *count, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  apr_time_t now = gk_core_now(core);
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(ended(db, gk_db_exec(db, GK_CALL(job_file_keys_gone, .before_us = now - GK_JOB_KEEP_US), NULL, pool), pool));
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(ended(db, gk_db_exec(db, GK_CALL(idempotency_expire, .before_us = now - GK_ANSWER_KEEP_US), NULL, pool), pool));
  sweep_files(gk_core_config(core)->spool_dir, apr_time_now(), pool);
  GK_TRY(gk_import_sweep(core, db, pool));
  GK_TRY(gk_pull_sweep(core, db, pool));
  GK_TRY(
      gk_db_list(db, GK_CALL(job_results_old, .before_us = gk_core_now(core) - GK_JOB_KEEP_US), &rows, pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_job_results_old_t *row = &APR_ARRAY_IDX(rows, i, gk_row_job_results_old_t);
    gk_json_t *result;
    GK_TRY(gk_json_parse(&result, row->result, strlen(row->result), pool));
    const char *file = gk_json_str(result, "file");
    if (file != NULL && strchr(file, '/') == NULL)
      apr_file_remove(apr_pstrcat(pool, gk_core_config(core)->spool_dir, "/", file, NULL), pool);
    gk_json_remove(result, "file");
    gk_json_remove(result, "record_key");
    GK_TRY(gk_db_begin(db, pool));
    GK_TRY(ended(
        db,
        gk_db_exec(db, GK_CALL(job_result_gone, .id = row->id, .result = gk_json_text_sorted(result, pool)),
                   NULL, pool),
        pool));
  }
  if (count != NULL)
    *count = rows->nelts;
  return NULL;
}
