/* jobs/rehearsal_job.c: the job rehearse_pack: what a pack would change for every record of the season (domain/rehearsal.h).
 *
 * Records go by in batches, each in a short transaction that also says how far it came: a job whose worker died goes on
 * from there, and memory is that of one batch. Between batches it steps aside for the people who register.
 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "domain/pack_local.h"
#include "domain/rehearsal.h"
#include "jobs/kinds.h"

#define BATCH 250
#define REST_MAX_US (200 * 1000)

static gk_error_t *check(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  gk_pack_row_t row;
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  apr_int64_t id = gk_decode_int(&d, "pack", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_pack_row_get(&row, act, id));
  GK_TRY(gk_local_above(act, &row));
  if (strcmp(row.state, "draft") == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "请先检查草稿，没有错误后再试运行",
                    "Check the draft first: it is rehearsed when nothing is wrong");
  *kept = gk_json_object(act->pool);
  gk_json_set_int(*kept, "pack", id);
  return NULL;
}

typedef struct run_t {
  gk_job_run_t *job;
  gk_rehearsal_t *rehearsal;
  gk_rehearsal_row_t row;
  apr_int64_t total;
} run_t;

/* One batch in its transaction; *more false at the end. */
static gk_error_t *do_batch(bool *more, run_t *run, apr_pool_t *pool)
{
  gk_act_t *act = &run->job->act;
  apr_array_header_t *records;
  apr_int64_t last;
  gk_date_t today = gk_date_of(act->now);
  GK_TRY(gk_rehearsal_store_batch(&records, &last, act, run->row.after_id, BATCH, pool));
  gk_outcome_t *outcomes = apr_pcalloc(pool, ((apr_size_t)records->nelts + 1) * sizeof(*outcomes));
  const char **rules = apr_pcalloc(pool, ((apr_size_t)records->nelts + 1) * sizeof(*rules));
  for (int i = 0; i < records->nelts; i++)
    GK_TRY(gk_rehearsal_judge(&outcomes[i], &rules[i], run->rehearsal, &APR_ARRAY_IDX(records, i, gk_rehearsed_t), today, pool));
  GK_TRY(gk_act_begin(act));
  for (int i = 0; i < records->nelts; i++) {
    if (outcomes[i] == GK_OUTCOME_SAME)
      continue;
    run->row.failing += outcomes[i] == GK_OUTCOME_FAILING;
    run->row.passing += outcomes[i] == GK_OUTCOME_PASSING;
    run->row.other += outcomes[i] == GK_OUTCOME_OTHER;
    GK_TRY(gk_rehearsal_store_put(act, run->row.id, &APR_ARRAY_IDX(records, i, gk_rehearsed_t), outcomes[i], rules[i], pool));
  }
  run->row.done += records->nelts;
  *more = last != 0;
  if (*more)
    run->row.after_id = last;
  run->row.state = *more ? "running" : "done";
  run->row.finished = *more ? 0 : gk_core_now(act->core);
  run->row.counts = gk_json_text_sorted(gk_rehearsal_counts(run->rehearsal), pool);
  return gk_rehearsal_store_advance(act, &run->row, pool);
}

/* Busy machines belong to registration: it rests as long as it worked. */
static void step_aside(apr_interval_time_t worked)
{
  double load;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (getloadavg(&load, 1) == 1 && load > (double)cores)
    apr_sleep(worked < REST_MAX_US ? worked : REST_MAX_US);
}

static gk_error_t *go_through(run_t *run)
{
  bool more = true;
  apr_pool_t *batch;
  gk_error_t *error = NULL;
  apr_pool_create(&batch, run->job->pool);
  while (error == NULL && more) {
    apr_time_t began = gk_tick();
    apr_pool_t *own = run->job->act.pool;
    apr_pool_clear(batch);
    run->job->act.pool = batch;
    error = do_batch(&more, run, batch);
    if (error == NULL)
      error = gk_db_commit(run->job->act.db, batch);
    if (error == NULL)
      error = gk_job_progress(run->job, run->row.done, run->total);
    run->job->act.pool = own;
    if (error == NULL && more)
      step_aside(gk_tick() - began);
  }
  if (error != NULL)
    error = gk_error_dup(run->job->pool, error);
  gk_db_rollback(run->job->act.db);
  apr_pool_destroy(batch);
  return error;
}

/* Where this job was when its worker died, or a new row. */
static gk_error_t *begin(run_t *run, const gk_pack_row_t *pack)
{
  gk_act_t *act = &run->job->act;
  gk_rehearsal_row_t *last;
  apr_int64_t base;
  const char *digest;
  GK_TRY(gk_pack_against(&base, &digest, act, pack));
  GK_TRY(gk_rehearsal_store_of_job(&last, act, run->job->job.id, pack->id));
  if (last != NULL && strcmp(last->state, "running") == 0 && last->base_id == base &&
      strcmp(last->pack_digest, digest) == 0) {
    run->row = *last;
    return last->done > 0 ? gk_rehearsal_resume(run->rehearsal, last->counts) : NULL;
  }
  run->row = (gk_rehearsal_row_t){.pack_id = pack->id, .pack_digest = digest, .base_id = base,
                                  .job_id = run->job->job.id};
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_rehearsal_store_insert(&run->row, act));
  return gk_db_commit(act->db, run->job->pool);
}

/* The pack is rehearsed when it is still the one that was judged. */
static gk_error_t *finish(run_t *run, apr_int64_t pack_id)
{
  gk_act_t *act = &run->job->act;
  gk_pack_row_t now;
  bool changed = false;
  apr_int64_t base;
  const char *digest;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_pack_row_get(&now, act, pack_id));
  GK_TRY(gk_pack_against(&base, &digest, act, &now));
  if (strcmp(digest, run->row.pack_digest) == 0 && strcmp(now.state, "checked") == 0)
    GK_TRY(gk_store_pack_step(&changed, act, &now, "rehearsed"));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_int(after, "rehearsal", run->row.id);
  gk_json_set_int(after, "records", run->row.done);
  gk_json_set_int(after, "newly_failing", run->row.failing);
  gk_json_set_int(after, "newly_passing", run->row.passing);
  gk_json_set_int(after, "other", run->row.other);
  GK_TRY(gk_audit(act, "pack.rehearse", "pack", pack_id, now.revision + changed, act->who->org_path, NULL, after));
  return gk_db_commit(act->db, run->job->pool);
}

static gk_error_t *run_rehearsal(gk_json_t **out, gk_job_run_t *job, gk_json_t *args)
{
  gk_act_t *act = &job->act;
  run_t run = {.job = job};
  gk_pack_row_t row;
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  apr_int64_t id = gk_json_int(args, "pack");
  GK_TRY(gk_pack_row_get(&row, act, id));
  GK_TRY(gk_pack_open_whole(&pack, &rules, act, id, job->pool));
  if (row.unit[0] != '\0') { /* rules of a unit concern its own records, whoever asks */
    gk_principal_t *who = apr_pmemdup(job->pool, act->who, sizeof(*who));
    gk_scope_of(row.unit_path, &who->scope_lo, &who->scope_hi, job->pool);
    act->who = who;
  }
  GK_TRY(gk_rehearsal_open(&run.rehearsal, act, act->season->pack, act->season->rules, pack, rules, job->pool));
  GK_TRY(gk_rehearsal_store_total(&run.total, act));
  GK_TRY(begin(&run, &row));
  GK_TRY(gk_job_progress(job, run.row.done, run.total));
  GK_TRY(go_through(&run));
  GK_TRY(finish(&run, id));
  *out = gk_json_object(job->pool);
  gk_json_set_int(*out, "rehearsal", run.row.id);
  gk_json_set_int(*out, "pack", id);
  gk_json_set_int(*out, "base", run.row.base_id);
  gk_json_set_int(*out, "rules_changed", gk_rehearsal_changed(run.rehearsal));
  gk_json_set_bool(*out, "every_rule", gk_rehearsal_every_rule(run.rehearsal));
  gk_json_set_int(*out, "records", run.row.done);
  gk_json_set_int(*out, "newly_failing", run.row.failing);
  gk_json_set_int(*out, "newly_passing", run.row.passing);
  gk_json_set_int(*out, "other", run.row.other);
  return NULL;
}

const gk_job_kind_t gk_job_rehearse_pack = {"rehearse_pack", GK_ROLE_PROVINCE | GK_ROLE_CITY | GK_ROLE_COUNTY, check,
                                            run_rehearsal};
