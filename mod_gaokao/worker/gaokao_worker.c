/* worker/gaokao_worker.c: does the jobs of an instance, one after the other, outside httpd's processes, and seals the audit
 * beside them. httpd starts it (fork, exec) and starts it again when it dies; it can also be run by hand. It logs to standard
 * error, which is httpd's error log.
 *
 *   gaokao-worker --instance DIR [--delay SECONDS] [--once] [--photo] [--shared DESCRIPTOR]
 *
 * With --photo it is the pool that examines photos instead (photo_worker.h).
 *
 * SIGTERM gives a running job back to the queue and ends; the next worker takes it up. kill -9 does the same after the lease
 * has run out. When httpd's parent dies the worker goes too.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "base/time.h"
#include "domain/keyring.h"
#include "domain/photo.h"
#include "jobs/checkpointer.h"
#include "jobs/job.h"
#include "jobs/sealer.h"
#include "plugin/photo_pool.h"
#include "plugin/plugin.h"
#include "store/schema.h"
#include "worker/photo_worker.h"

#define IDLE_MIN_US (250 * 1000)
#define IDLE_MAX_US (1000 * 1000)
#define SWEEP_US (60 * APR_USEC_PER_SEC)
#define EXPIRE_US (3600 * APR_USEC_PER_SEC)

static volatile int stop;
static volatile int large;
static volatile int ended;
static apr_thread_t *watchdog;
static void on_signal(int number)
{
  (void)number;
  stop = 1;
}

static void say(const char *text)
{
  char now[APR_CTIME_LEN];
  apr_ctime(now, apr_time_now());
  fprintf(stderr, "[%s] [gaokao-worker] [pid %ld] %s\n", now, (long)getpid(), text);
}

/* Sleeps in short steps: a signal may come between the look at `stop` and the sleep. */
static void rest(apr_interval_time_t how_long)
{
  for (apr_time_t until = apr_time_now() + how_long; !stop && apr_time_now() < until;)
    apr_sleep(how_long < 50 * 1000 ? how_long : 50 * 1000);
}

static void plugin_line(gk_loudness_t loudness, const char *plugin, const char *text)
{
  char line[1200];
  if (loudness == GK_QUIET)
    return;
  snprintf(line, sizeof(line), "plugin %s: %s", plugin, text);
  say(line);
}

/* Memory that an allocation needs and does not get: nobody may go on with half a document. */
static int out_of_memory(int status)
{
  (void)status;
  say("out of memory: ends at once");
  abort();
}

/* ---- the watchdog ---------------------------------------------------------------------------------------- */

/* A call that hangs can't be ended, only its process: the job's next attempt is another one's, and after three the record is
 * barred. A worker that has grown too large ends after its job. */
static void *APR_THREAD_FUNC watch(apr_thread_t *thread, void *data)
{
  gk_core_t *core = data;
  apr_int64_t limit = gk_core_config(core)->memory_max_bytes;
  (void)thread;
  while (!ended) {
    apr_sleep(250 * 1000);
    gk_plugins_watch_t found = gk_plugins_watch(gk_core_plugins(core));
    if (found.stuck > 0) {
      say("a call into a plugin does not return: ends, the job is taken up again");
      _exit(1);
    }
    if (limit > 0 && found.resident_bytes > limit && !large) {
      say("has grown past memory_max: ends after this job");
      gk_plugins_leaving(gk_core_plugins(core));
      large = 1;
    }
  }
  return NULL;
}

static void end_watchdog(void)
{
  apr_status_t ignored;
  ended = 1;
  if (watchdog != NULL)
    apr_thread_join(&ignored, watchdog);
  watchdog = NULL;
}

static gk_error_t *open_instance(gk_core_t **core, gk_db_t **db, const char *instance, int shared, apr_pool_t *pool)
{
  void *memory;
  gk_core_log_to(plugin_line);
  GK_TRY(gk_core_open(core, instance, pool));
  if (shared >= 0 && (memory = gk_plugins_shared_open(shared)) != NULL)
    gk_plugins_share(gk_core_plugins(*core), memory);
  GK_TRY(gk_plugins_start(gk_core_plugins(*core), pool));
  gk_plugins_attend(gk_core_plugins(*core), true);
  if (apr_thread_create(&watchdog, NULL, watch, *core, pool) != APR_SUCCESS)
    say("the watchdog does not start");
  GK_TRY(gk_core_connect(db, *core, pool));
  GK_TRY(gk_schema_check(*db, pool));
  return gk_keyring_follow(*core, *db, pool);
}

/* Pictures that are history go when the operator says so (photo_history_days). */
static gk_error_t *expire_photos(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_int64_t count;
  gk_principal_t who = {.role = GK_ROLE_PROVINCE, .login = "system", .display_name = "gaokao-worker", .org_level = "province",
                        .org_path = "/", .session_id = ""};
  gk_scope_of(who.org_path, &who.scope_lo, &who.scope_hi, pool);
  gk_act_t act = {.pool = pool, .db = db, .core = core, .who = &who, .now = gk_core_now(core), .address = "",
                  .request_id = apr_pstrcat(pool, "worker-", gk_random_hex(pool, 8), NULL)};
  GK_TRY(gk_db_ready(db, 0, pool));
  GK_TRY(gk_core_season(&act.season, core, db, pool));
  gk_error_t *error = gk_photo_expire(&count, &act);
  if (error == NULL && gk_db_in_transaction(db))
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  return error;
}

/* Works until told to stop. Faults of the database are waited out. */
static void work(gk_core_t *core, gk_db_t *db, bool once, apr_pool_t *pool)
{
  apr_interval_time_t idle = IDLE_MIN_US;
  apr_time_t swept = 0, expired = 0;
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  while (!stop && !large) {
    bool found = false;
    apr_pool_clear(round);
    gk_error_t *error = gk_keyring_follow(core, db, round);
    if (error == NULL)
      error = gk_keyring_announce(core, db, round);
    if (error == NULL)
      error = gk_job_work(&found, core, db, &stop, round);
    if (error == NULL && !found && apr_time_now() - swept > SWEEP_US) {
      swept = apr_time_now();
      error = gk_job_sweep(NULL, core, db, round);
    }
    if (error == NULL && !found && apr_time_now() - expired > EXPIRE_US) {
      expired = apr_time_now();
      error = expire_photos(core, db, round);
    }
    if (error != NULL)
      say(gk_error_log_text(round, error));
    if (once && !found)
      break;
    idle = error != NULL ? 5 * IDLE_MAX_US : found ? 0 : idle < IDLE_MIN_US ? IDLE_MIN_US : idle * 2;
    if (idle > IDLE_MAX_US && error == NULL)
      idle = IDLE_MAX_US;
    rest(idle);
  }
  apr_pool_destroy(round);
}

/* The pool: plugins, but no database; its workers are forked from here. */
static gk_error_t *photo_pool(const char *instance, int shared, apr_pool_t *pool)
{
  gk_core_t *core;
  void *memory;
  gk_core_log_to(plugin_line);
  GK_TRY(gk_core_open(&core, instance, pool));
  if (shared >= 0 && (memory = gk_plugins_shared_open(shared)) != NULL)
    gk_plugins_share(gk_core_plugins(core), memory);
  gk_error_t *error = gk_plugins_start(gk_core_plugins(core), pool);
  if (error != NULL) /* the others are there; a picture that needs this one says so */
    say(gk_error_log_text(pool, error));
  const gk_config_t *config = gk_core_config(core);
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  gk_photo_pool_settings_t settings = {
      .workers = config->photo_workers > 0 ? config->photo_workers : processors < 1 ? 1 : processors > 32 ? 32 : (int)processors,
      .queue = config->photo_queue, .memory_bytes = (apr_int64_t)config->photo_memory << 20,
      .deadline_us = config->photo_deadline * APR_USEC_PER_SEC};
  bool ran = gk_photo_pool_run(core, &settings, &stop, say, pool);
  gk_plugins_stop(gk_core_plugins(core));
  return ran ? NULL : gk_error_internal(pool, GK_E_INTERNAL, "The photo pool does not start");
}

int main(int argc, const char *const *argv)
{
  const char *instance = ".";
  int delay_s = 0;
  int shared = -1;
  bool once = false, photo = false;
  apr_pool_t *pool;
  pid_t parent = getppid();
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--instance") == 0 && i + 1 < argc) {
      instance = argv[++i];
    } else if (strcmp(argv[i], "--delay") == 0 && i + 1 < argc) {
      delay_s = atoi(argv[++i]);
    } else if (strcmp(argv[i], "--shared") == 0 && i + 1 < argc) {
      shared = atoi(argv[++i]);
    } else if (strcmp(argv[i], "--once") == 0) {
      once = true;
    } else if (strcmp(argv[i], "--photo") == 0) {
      photo = true;
    } else {
      fputs("Usage: gaokao-worker --instance DIR [--delay SECONDS] [--once] [--photo] [--shared DESCRIPTOR]\n"
            "  --once: does what waits in the queue and ends\n"
            "  --photo: is the pool that examines photos\n"
            "  --shared: memory that httpd shares with it\n",
            stderr);
      return strcmp(argv[i], "--help") == 0 ? 0 : 2;
    }
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGWINCH, SIG_IGN);
  if (parent != 1) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
      return 0;
  }
  if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
    fputs("gaokao-worker: APR does not start\n", stderr);
    return 1;
  }
  gk_db_bound_connects();
  gk_photo_pool_only(NULL); /* pictures of jobs are examined there too */
  apr_pool_abort_set(out_of_memory, apr_pool_parent_get(pool)); /* pools made from here on inherit it */
  apr_pool_abort_set(out_of_memory, pool);
  rest(delay_s * APR_USEC_PER_SEC);
  if (photo) {
    gk_error_t *fault = stop ? NULL : photo_pool(instance, shared, pool);
    if (fault != NULL)
      say(gk_error_log_text(pool, fault));
    apr_pool_destroy(pool);
    return fault != NULL ? 1 : 0;
  }
  gk_core_t *core;
  gk_db_t *db;
  gk_error_t *error = stop ? NULL : open_instance(&core, &db, instance, shared, pool);
  if (error != NULL) {
    say(gk_error_log_text(pool, error));
    end_watchdog();
    apr_pool_destroy(pool);
    return 1;
  }
  gk_sealing_t *sealing = NULL;
  gk_checkpointer_t *checkpointer = NULL;
  if (!stop && !once)
    error = gk_sealing_start(&sealing, core, say, pool);
  if (!stop && !once && error == NULL)
    error = gk_checkpointer_start(&checkpointer, core, say, pool);
  if (error != NULL)
    say(gk_error_log_text(pool, error));
  if (!stop) {
    say("ready");
    work(core, db, once, pool);
    if (sealing != NULL)
      gk_sealing_stop(sealing);
    if (checkpointer != NULL)
      gk_checkpointer_stop(checkpointer);
    end_watchdog();
    gk_plugins_stop(gk_core_plugins(core));
  }
  end_watchdog();
  say("ends");
  apr_pool_destroy(pool);
  apr_terminate();
  return 0;
}
