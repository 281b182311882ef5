/* Jobs: leases under races, lost leases, cancelling, tries, results, on both engines. */
#include "store/act_test.h"

#include <apr_thread_proc.h>
#include "base/time.h"
#include "jobs/job.h"

#define EXPORTER "INSERT INTO account (id, realm, login, role, org_id, org_path, created_us, updated_us) VALUES " \
                 "(301, 'staff', 'export1', 'export', 1, '/43/', 1, 1)"

static apr_int64_t queue(const char *state, const char *more)
{
  static int n;
  apr_int64_t id = 5000 + ++n;
  act_script(apr_psprintf(act_test.pool,
                          "INSERT INTO job (id, season_id, kind, account_id, org_path, state, args, created_us) VALUES "
                          "(%d, 1, 'export_xml', 301, '/43/', '%s', '{}', 1); UPDATE job SET done = 0 %s WHERE id = %d",
                          (int)id, state, more, (int)id));
  return id;
}

static const char *state_of(apr_int64_t id, apr_pool_t *pool)
{
  const char *value = NULL;
  act_fatal(gk_db_script_value(store_open(pool), apr_psprintf(pool, "SELECT state FROM job WHERE id = %d", (int)id),
                               &value, pool));
  return value;
}

static void empty(void) { act_script("DELETE FROM job"); }

/* ---- leases ---------------------------------------------------------------------------------------------- */

static void oldest_job_is_leased_first(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_job_t job;
  bool found;
  empty();
  apr_int64_t first = queue("queued", ""), second = queue("queued", "");
  GK_TEST_OK(gk_job_lease(&job, &found, db, "a", ACT_NOW, pool));
  GK_TEST(found);
  GK_TEST_INT(job.id, first);
  GK_TEST_INT(job.attempts, 1);
  GK_TEST_OK(gk_job_lease(&job, &found, db, "b", ACT_NOW, pool));
  GK_TEST_INT(job.id, second);
  GK_TEST_OK(gk_job_lease(&job, &found, db, "c", ACT_NOW, pool));
  GK_TEST(!found);
}

enum { WORKERS = 8, JOBS = 40 };
typedef struct racer_t {
  apr_thread_t *thread;
  int number, count;
  apr_int64_t ids[JOBS];
  bool failed;
} racer_t;

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
  racer_t *racer = data;
  apr_pool_t *pool;
  (void)thread;
  apr_pool_create(&pool, NULL);
  gk_db_t *db = store_open(pool);
  for (int misses = 0; misses < 3 && racer->count < JOBS;) {
    gk_job_t job;
    bool found;
    const char *owner = apr_psprintf(pool, "w%d-%d", racer->number, racer->count);
    gk_error_t *error = gk_job_lease(&job, &found, db, owner, ACT_NOW, pool);
    if (error != NULL && error->code != GK_E_RETRY && error->code != GK_E_BUSY) {
      racer->failed = true;
      break;
    }
    if (error == NULL && found)
      racer->ids[racer->count++] = job.id;
    else
      misses += error == NULL;
  }
  apr_pool_destroy(pool);
  return NULL;
}

static void eight_workers_share_the_queue(apr_pool_t *pool)
{
  racer_t *racers = apr_pcalloc(pool, sizeof(*racers) * WORKERS);
  const apr_int64_t first = 9000;
  int total = 0, seen[JOBS] = {0};
  apr_status_t rv;
  const char *sql = "DELETE FROM job";
  for (int i = 0; i < JOBS; i++)
    sql = apr_psprintf(pool, "%s; INSERT INTO job (id, season_id, kind, account_id, org_path, state, args, created_us) "
                             "VALUES (%d, 1, 'export_xml', 301, '/43/', 'queued', '{}', 1)", sql, (int)first + i);
  act_script(sql);
  for (int i = 0; i < WORKERS; i++) {
    racers[i].number = i;
    GK_TEST_INT(apr_thread_create(&racers[i].thread, NULL, race, &racers[i], pool), 0);
  }
  for (int i = 0; i < WORKERS; i++)
    apr_thread_join(&rv, racers[i].thread);
  for (int i = 0; i < WORKERS; i++) {
    GK_TEST(!racers[i].failed);
    total += racers[i].count;
    for (int k = 0; k < racers[i].count; k++)
      seen[racers[i].ids[k] - first]++;
  }
  GK_TEST_INT(total, JOBS);
  for (int i = 0; i < JOBS; i++)
    GK_TEST_INT(seen[i], 1);
}

static void dead_workers_job_goes_to_the_next(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_job_t job;
  bool found, cancelled, lost, kept;
  empty();
  apr_int64_t id = queue("running", ", lease_owner = 'dead', lease_until_us = 1, attempts = 1, started_us = 7");
  GK_TEST_OK(gk_job_lease(&job, &found, db, "next", ACT_NOW, pool));
  GK_TEST(found);
  GK_TEST_INT(job.id, id);
  GK_TEST_INT(job.attempts, 2);
  GK_TEST_INT(job.started, 7);
  /* The one that was thought dead wakes up: it changes nothing any more. */
  GK_TEST_OK(gk_job_beat(&cancelled, &lost, db, id, "dead", 99, 99, pool));
  GK_TEST(lost);
  GK_TEST_OK(gk_job_end(&kept, db, &job, "dead", "done", gk_json_object(pool), NULL, ACT_NOW, pool));
  GK_TEST(!kept);
  GK_TEST_STR(state_of(id, pool), "running");
  GK_TEST_OK(gk_job_beat(&cancelled, &lost, db, id, "next", 5, 9, pool));
  GK_TEST(!lost && !cancelled);
  GK_TEST_OK(gk_job_end(&kept, db, &job, "next", "done", gk_json_object(pool), NULL, ACT_NOW, pool));
  GK_TEST(kept);
  GK_TEST_STR(state_of(id, pool), "done");
}

static void lease_that_runs_is_nobody_elses(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_job_t job;
  bool found, cancelled, lost;
  empty();
  queue("queued", "");
  GK_TEST_OK(gk_job_lease(&job, &found, db, "a", ACT_NOW, pool));
  GK_TEST_OK(gk_job_lease(&job, &found, db, "b", ACT_NOW, pool));
  GK_TEST(!found);
  GK_TEST_OK(gk_job_beat(&cancelled, &lost, db, 0, "a", 0, 0, pool));
  GK_TEST(lost);
}

static void after_five_deaths_a_job_fails(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_job_t job;
  bool found;
  empty();
  apr_int64_t id = queue("running", ", lease_owner = 'dead', lease_until_us = 1, attempts = 5");
  apr_int64_t cancelled = queue("running", ", lease_owner = 'dead', lease_until_us = 1, attempts = 1, cancel = 1");
  GK_TEST_OK(gk_job_lease(&job, &found, db, "next", ACT_NOW, pool));
  GK_TEST(!found);
  GK_TEST_STR(state_of(id, pool), "failed");
  GK_TEST_STR(state_of(cancelled, pool), "cancelled");
}

static void released_job_begins_again_at_once(apr_pool_t *pool)
{
  gk_db_t *db = store_open(pool);
  gk_job_t job;
  bool found;
  empty();
  apr_int64_t id = queue("queued", "");
  GK_TEST_OK(gk_job_lease(&job, &found, db, "a", ACT_NOW, pool));
  GK_TEST_OK(gk_job_release(db, id, "somebody", pool));
  GK_TEST_STR(state_of(id, pool), "running");
  GK_TEST_OK(gk_job_release(db, id, "a", pool));
  GK_TEST_OK(gk_job_lease(&job, &found, db, "b", ACT_NOW, pool));
  GK_TEST(found);
  GK_TEST_INT(job.attempts, 1); /* ending in good order is no failed try */
}

/* ---- owners ---------------------------------------------------------------------------------------------- */

static gk_principal_t exporter(void) { return act_who(GK_ROLE_EXPORT, 301, 1, "province", "/43/"); }

static void people_see_their_own_jobs_only(apr_pool_t *pool)
{
  gk_principal_t who = exporter();
  gk_job_t job;
  apr_array_header_t *jobs;
  empty();
  apr_int64_t id = queue("queued", "");
  GK_TEST_OK(gk_job_get(&job, act_of(&who, pool), id));
  GK_TEST_STR(job.kind, "export_xml");
  GK_TEST_ERROR(gk_job_get(&job, act_of(&who_province, pool), id), GK_E_NOT_FOUND);
  GK_TEST_ERROR(gk_job_cancel(&job, act_of(&who_province, pool), id), GK_E_NOT_FOUND);
  GK_TEST_OK(gk_job_list(&jobs, act_of(&who_province, pool), "", 0, 10));
  GK_TEST_INT(jobs->nelts, 0);
  queue("done", "");
  GK_TEST_OK(gk_job_list(&jobs, act_of(&who, pool), "", 0, 1));
  GK_TEST_INT(jobs->nelts, 1);
  GK_TEST_OK(gk_job_list(&jobs, act_of(&who, pool), "", APR_ARRAY_IDX(jobs, 0, gk_job_t).id, 10));
  GK_TEST_INT(jobs->nelts, 1);
  GK_TEST_INT(APR_ARRAY_IDX(jobs, 0, gk_job_t).id, id);
  GK_TEST_OK(gk_job_list(&jobs, act_of(&who, pool), "done", 0, 10));
  GK_TEST_INT(jobs->nelts, 1);
}

static void waiting_jobs_cancel_at_once_running_ones_soon(apr_pool_t *pool)
{
  gk_principal_t who = exporter();
  gk_act_t *act = act_of(&who, pool);
  gk_job_t job;
  bool found, cancelled, lost;
  empty();
  apr_int64_t id = queue("queued", "");
  GK_TEST_OK(act_done(act, gk_job_cancel(&job, act, id)));
  GK_TEST_STR(job.state, "cancelled");
  GK_TEST_ERROR(act_done(act, gk_job_cancel(&job, act, id)), GK_E_WRONG_STATE);
  id = queue("queued", "");
  GK_TEST_OK(gk_job_lease(&job, &found, act->db, "a", ACT_NOW, pool));
  GK_TEST_OK(act_done(act, gk_job_cancel(&job, act, id)));
  GK_TEST_STR(job.state, "running");
  GK_TEST(job.cancel);
  GK_TEST_OK(gk_job_beat(&cancelled, &lost, act->db, id, "a", 1, 2, pool));
  GK_TEST(cancelled && !lost);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'job.cancel'"), 2);
}

static void unknown_kinds_and_strangers_are_refused(apr_pool_t *pool)
{
  gk_principal_t who = exporter();
  gk_job_t job;
  empty();
  GK_TEST_ERROR(gk_job_create(&job, act_of(&who, pool), "make_coffee", NULL), GK_E_INVALID);
  GK_TEST_ERROR(gk_job_create(&job, act_of(&who_county, pool), "export_xml", NULL), GK_E_FORBIDDEN);
}

static void result_is_gone_after_a_day(apr_pool_t *pool)
{
  gk_principal_t who = exporter();
  gk_act_t *act = act_of(&who, pool);
  gk_job_t job;
  const char *path, *type, *name;
  int swept;
  apr_time_t now = gk_core_now(act_test.core);
  const char *done = ", finished_us = %" APR_INT64_T_FMT ", result = '{\"file\":\"job-x.xml\",\"bytes\":3}'";
  empty();
  apr_int64_t old = queue("done", apr_psprintf(pool, done, now - GK_JOB_KEEP_US - GK_MINUTE));
  apr_int64_t fresh = queue("done", apr_psprintf(pool, done, now - GK_HOUR));
  GK_TEST_OK(gk_job_sweep(&swept, act_test.core, act->db, pool));
  GK_TEST_INT(swept, 1);
  GK_TEST_OK(gk_job_get(&job, act, old));
  GK_TEST(strstr(job.result, "file") == NULL && strstr(job.result, "bytes") != NULL);
  GK_TEST_ERROR(gk_job_file(&path, &type, &name, &job, act), GK_E_GONE);
  GK_TEST_OK(gk_job_get(&job, act, fresh));
  GK_TEST(strstr(job.result, "file") != NULL);
  GK_TEST(gk_json_bool(gk_json_get(gk_job_json(&job, pool), "result"), "file"));
  GK_TEST(strstr(gk_json_text(gk_job_json(&job, pool), pool), "job-x.xml") == NULL);
}

int main(void)
{
  gk_test_begin("jobs");
  STORE_EACH_ENGINE({
    act_start();
    act_script(EXPORTER);
    GK_TEST_RUN(oldest_job_is_leased_first);
    GK_TEST_RUN(eight_workers_share_the_queue);
    GK_TEST_RUN(dead_workers_job_goes_to_the_next);
    GK_TEST_RUN(lease_that_runs_is_nobody_elses);
    GK_TEST_RUN(after_five_deaths_a_job_fails);
    GK_TEST_RUN(released_job_begins_again_at_once);
    GK_TEST_RUN(people_see_their_own_jobs_only);
    GK_TEST_RUN(waiting_jobs_cancel_at_once_running_ones_soon);
    GK_TEST_RUN(unknown_kinds_and_strangers_are_refused);
    GK_TEST_RUN(result_is_gone_after_a_day);
    act_end();
  });
  return gk_test_end();
}
