/* httpd/worker.c: keeps gaokao-worker running beside httpd, once for jobs and once as the pool that examines photos: fork and
 * exec at once, so that it inherits no listening socket; httpd's other_child supervision starts it again when it dies. It
 * ends with httpd's configuration; the job it had goes on in the next one when its lease runs out. */
#include <apr_strings.h>
#include <mpm_common.h>
#include <unixd.h>

#include "httpd/httpd_internal.h"
#include "plugin/plugin.h"

typedef struct worker_t {
  apr_proc_t process;
  apr_pool_t *pool;
  server_rec *server;
  const char *program;
  const char *instance;
  apr_time_t started;
  int delay_s;
  int shared;
  bool photo;
} worker_t;

static void maintain(int reason, void *data, apr_wait_t status);

static void start(worker_t *worker)
{
  apr_procattr_t *attributes;
  const char *args[] = {worker->program, "--instance", worker->instance, "--delay",
                        apr_itoa(worker->pool, worker->delay_s), "--shared", apr_itoa(worker->pool, worker->shared),
                        worker->photo ? "--photo" : NULL, NULL};
  apr_status_t rv = apr_procattr_create(&attributes, worker->pool);
  if (rv == APR_SUCCESS)
    rv = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
  if (rv == APR_SUCCESS)
    rv = apr_procattr_error_check_set(attributes, 1);
  if (rv == APR_SUCCESS && geteuid() == 0) {
    rv = apr_procattr_user_set(attributes, ap_unixd_config.user_name, NULL);
    if (rv == APR_SUCCESS) {
      const char *group = NULL;
      char *name = NULL;
      if (apr_gid_name_get(&name, ap_unixd_config.group_id, worker->pool) == APR_SUCCESS)
        group = name;
      if (group != NULL)
        rv = apr_procattr_group_set(attributes, group);
    }
  }
  worker->started = apr_time_now();
  if (rv == APR_SUCCESS)
    rv = apr_proc_create(&worker->process, worker->program, args, NULL, attributes, worker->pool);
  if (rv != APR_SUCCESS) {
    ap_log_error(APLOG_MARK, APLOG_CRIT, rv, worker->server, "GK0010: Can't start '%s': %s", worker->program,
                 worker->photo ? "no photo can be taken" : "background jobs wait");
    return;
  }
  apr_pool_note_subprocess(worker->pool, &worker->process, APR_KILL_AFTER_TIMEOUT);
  apr_proc_other_child_register(&worker->process, maintain, worker, NULL, worker->pool);
}

static void maintain(int reason, void *data, apr_wait_t status)
{
  worker_t *worker = data;
  (void)status;
  if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST)
    return;
  apr_proc_other_child_unregister(worker);
  gk_plugins_bury(gk_core_plugins(gk_httpd_core()), worker->process.pid);
  int stopping = 0;
  if (ap_mpm_query(AP_MPMQ_MPM_STATE, &stopping) == APR_SUCCESS && stopping == AP_MPMQ_STOPPING)
    return;
  /* A worker that dies at once waits longer and longer before it tries again. */
  if (apr_time_now() - worker->started > apr_time_from_sec(60))
    worker->delay_s = 0;
  else
    worker->delay_s = worker->delay_s == 0 ? 1 : worker->delay_s < 32 ? worker->delay_s * 2 : 32;
  ap_log_error(APLOG_MARK, APLOG_ERR, 0, worker->server, "GK0011: gaokao-worker%s died; next start waits %d s",
               worker->photo ? " --photo" : "", worker->delay_s);
  start(worker);
}

void gk_httpd_start_worker(apr_pool_t *pconf, server_rec *server, const gk_httpd_config_t *config, int shared)
{
  if (config->worker != NULL && strcmp(config->worker, "none") == 0)
    return;
  for (int photo = 0; photo <= 1; photo++) {
    worker_t *worker = apr_pcalloc(pconf, sizeof(*worker));
    worker->pool = pconf;
    worker->server = server;
    worker->shared = shared;
    worker->photo = photo;
    worker->instance = gk_core_config(gk_httpd_core())->instance;
    worker->program = config->worker != NULL ? config->worker
                                             : apr_pstrcat(pconf, worker->instance, "/app/bin/gaokao-worker", NULL);
    start(worker);
  }
}
