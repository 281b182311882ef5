/* jobs/job.c: jobs as their owners see them (job.h). */
#include "jobs/job.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "jobs/job_internal.h"
#include "store/sql.h"

_Static_assert(sizeof(gk_row_job_get_t) == sizeof(gk_row_job_list_t), "job columns");
_Static_assert(sizeof(gk_row_job_get_t) == sizeof(gk_row_job_lease_t), "job columns");

gk_job_t gk_job__of(const gk_row_job_get_t *row)
{
  return (gk_job_t){.id = row->id,
                    .season_id = row->season_id,
                    .account_id = row->account_id,
                    .done = row->done,
                    .total = row->total,
                    .attempts = row->attempts,
                    .version = row->version,
                    .kind = row->kind,
                    .org_path = row->org_path,
                    .state = row->state,
                    .args = row->args,
                    .result = row->result,
                    .error = row->error,
                    .cancel = row->cancel != 0,
                    .created = row->created_us,
                    .started = row->started_us,
                    .finished = row->finished_us};
}

static gk_json_t *audit_json(const gk_job_t *job, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "kind", job->kind);
  gk_json_set_str(json, "state", job->state);
  gk_json_set_str(json, "args", job->args);
  return json;
}

gk_error_t *gk_job_create(gk_job_t *out, gk_act_t *act, const char *kind_name, gk_json_t *args)
{
  const gk_job_kind_t *kind = gk_job_kind(kind_name);
  gk_json_t *kept = NULL;
  gk_row_job_open_count_t open;
  gk_row_job_insert_t made;
  GK_TRY(gk_act_season(act));
  if (kind == NULL) {
    gk_error_t *error = NULL;
    gk_violation(&error, act->pool, "/kind", "unknown", "没有这种任务", "There is no such kind of job");
    return error;
  }
  if ((kind->roles & (unsigned)act->who->role) == 0)
    return gk_error_plain(act->pool, GK_E_FORBIDDEN);
  GK_TRY(kind->check(&kept, act, args));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_get(act->db, GK_CALL(job_open_count, .account_id = act->who->account_id), &open, act->pool));
  if (open.n >= GK_JOB_OPEN_MAX)
    return gk_error_retry(
        gk_error(act->pool, GK_E_TOO_MANY, "您已有 %d 个任务在等待或进行，请等其中一个结束，或取消一个",
                 "You have %d jobs waiting or running: wait for one to end, or cancel one", (int)open.n),
        30 * APR_USEC_PER_SEC);
  *out = (gk_job_t){.season_id = act->season->id,
                    .account_id = act->who->account_id,
                    .kind = kind->name,
                    .org_path = act->who->org_path,
                    .state = "queued",
                    .args = gk_json_text_sorted(kept, act->pool),
                    .version = 1,
                    .created = act->now};
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(job_insert, .season_id = out->season_id, .kind = out->kind,
                           .account_id = out->account_id, .org_path = out->org_path, .args = out->args,
                           .now_us = act->now),
                   &made, act->pool));
  out->id = made.id;
  return gk_audit(act, "job.create", "job", out->id, 1, out->org_path, NULL, audit_json(out, act->pool));
}

gk_error_t *gk_job_get(gk_job_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_job_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(job_get, .id = id, .account_id = act->who->account_id, GK_SCOPE(act)),
                   &row, act->pool));
  *out = gk_job__of(&row);
  return NULL;
}

gk_error_t *gk_job_list(apr_array_header_t **jobs, gk_act_t *act, const char *state, apr_int64_t before,
                        int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(job_list, .account_id = act->who->account_id,
                            .before = before > 0 ? before : APR_INT64_MAX, .state = state, .limit = limit,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  *jobs = apr_array_make(act->pool, rows->nelts, sizeof(gk_job_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*jobs, gk_job_t) = gk_job__of(
        (const gk_row_job_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_job_list_t));
  return NULL;
}

gk_error_t *gk_job_cancel(gk_job_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_job_t before;
  apr_int64_t changed;
  GK_TRY(gk_job_get(&before, act, id));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(job_cancel_queued, .id = id, .account_id = act->who->account_id,
                            .now_us = act->now, GK_SCOPE(act)),
                    &changed, act->pool));
  if (changed == 0) /* or it was leased a moment ago */
    GK_TRY(gk_db_exec(
        act->db, GK_CALL(job_cancel_running, .id = id, .account_id = act->who->account_id, GK_SCOPE(act)),
        &changed, act->pool));
  if (changed == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "任务已经结束，不能再取消",
                    "The job is over and can't be cancelled any more");
  GK_TRY(gk_job_get(out, act, id));
  return gk_audit(act, "job.cancel", "job", id, out->version, out->org_path, audit_json(&before, act->pool),
                  audit_json(out, act->pool));
}

gk_error_t *gk_job_file(const char **path, const char **media_type, const char **name, const gk_job_t *job,
                        gk_act_t *act)
{
  gk_json_t *result;
  apr_finfo_t info;
  if (strcmp(job->state, "done") != 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "任务还没有完成，没有结果文件",
                    "The job is not done: there is no file yet");
  GK_TRY(gk_json_parse(&result, job->result, strlen(job->result), act->pool));
  const char *file = gk_json_str(result, "file");
  if (file != NULL)
    *path = apr_pstrcat(act->pool, gk_core_config(act->core)->spool_dir, "/", file, NULL);
  if (file == NULL || apr_stat(&info, *path, APR_FINFO_SIZE, act->pool) != APR_SUCCESS)
    return gk_error(act->pool, GK_E_GONE, "结果文件只保留 24 小时，已经删除；需要时请重新建立任务",
                    "Files are kept for 24 hours and this one is gone: start the job again");
  *media_type = gk_json_str(result, "media_type");
  *name = gk_json_str(result, "name");
  return NULL;
}

static gk_json_t *parsed(const char *text, apr_pool_t *pool)
{
  gk_json_t *json = NULL;
  if (text == NULL || gk_json_parse(&json, text, strlen(text), pool) != NULL)
    return NULL;
  return json;
}

gk_json_t *gk_job_json(const gk_job_t *job, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *args = parsed(job->args, pool),
            *result = parsed(job->result, pool);
  gk_json_t *error = parsed(job->error, pool);
  gk_json_set_int(json, "id", job->id);
  gk_json_set_str(json, "kind", job->kind);
  gk_json_set_str(json, "state", job->state);
  gk_json_set(json, "args", args != NULL ? args : gk_json_object(pool));
  gk_json_set_int(json, "done", job->done);
  gk_json_set_int(json, "total", job->total);
  gk_json_set_bool(json, "cancel_requested", job->cancel);
  if (result != NULL) {
    gk_json_set_bool(result, "file",
                     gk_json_str(result, "file") != NULL); /* where it lies is the server's business */
    gk_json_remove(result, "record_key");
    gk_json_remove(result, "ids"); /* whom papers were for: for printing pages again */
    gk_json_set(json, "result", result);
  } else {
    gk_json_set_null(json, "result");
  }
  if (error != NULL)
    gk_json_set(json, "error", error);
  else
    gk_json_set_null(json, "error");
  gk_json_set_time(json, "created_at", job->created);
  gk_json_set_time(json, "started_at", job->started);
  gk_json_set_time(json, "finished_at", job->finished);
  gk_json_set_int(json, "version", job->version);
  return json;
}
