/* httpd/watchdog.c: a thread in each child that looks after calls into plugins that don't return and after the child's size.
 * A child that is not well leaves: it accepts nothing more, finishes what it has, and goes; the parent starts another one.
 *
 * A module has no word in the MPM's shutdown but one: accept. When it answers "out of resources" the event MPM ends its child
 * gracefully by itself. So the listeners' accept function is exchanged in the child that leaves. A thread that hangs in a
 * plugin would be waited for without end; when nothing else is left the watchdog ends the process.
 */
#include <signal.h>
#include <unistd.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <mpm_common.h>
#include <scoreboard.h>
#include <apr_portable.h>
#include <apr_thread_proc.h>

#include "httpd/httpd_internal.h"
#include "plugin/plugin.h"

#define TICK_US (250 * 1000)
#define LONGEST_LEAVE_US (30 * APR_USEC_PER_SEC)

static apr_thread_t *thread;
static int ending;     /* the child's pool goes */
static int leaving;
static int refused;    /* accept was called after that: the MPM knows */

static apr_status_t accept_nothing(void **accepted, ap_listen_rec *listener, apr_pool_t *pool)
{
  (void)listener;
  (void)pool;
  *accepted = NULL;
  __atomic_store_n(&refused, 1, __ATOMIC_RELAXED);
  return APR_EGENERAL;
}

static void leave(server_rec *server, const gk_plugins_watch_t *found)
{
  __atomic_store_n(&leaving, 1, __ATOMIC_RELAXED);
  gk_plugins_leaving(gk_core_plugins(gk_httpd_core()));
  for (ap_listen_rec *listener = ap_listeners; listener != NULL; listener = listener->next)
    __atomic_store_n(&listener->accept_func, accept_nothing, __ATOMIC_RELEASE);
  if (found->stuck > 0)
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, "GK0040: %d calls into plugins did not return: this process ends gracefully",
                 found->stuck);
  else
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "GK0041: This process has grown to %d MiB (memory_max): it ends gracefully",
                 (int)(found->resident_bytes >> 20));
}

/* Listeners sleep until somebody comes: comes. Another child may be faster and then only sees a closed connection. */
static void knock(apr_pool_t *pool)
{
  for (ap_listen_rec *listener = ap_listeners; listener != NULL && !__atomic_load_n(&refused, __ATOMIC_RELAXED);
       listener = listener->next)
  {
    apr_socket_t *socket;
    if (apr_socket_create(&socket, listener->bind_addr->family, SOCK_STREAM, 0, pool) != APR_SUCCESS)
      continue;
    apr_socket_timeout_set(socket, TICK_US);
    apr_socket_connect(socket, listener->bind_addr);
    apr_socket_close(socket);
  }
}

/* Connections this child still has, as its listener counts them. */
static int connections(void)
{
  int limit = 0;
  pid_t pid = getpid();
  ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &limit);
  for (int i = 0; i < limit; i++) {
    const process_score *score = ap_get_scoreboard_process(i);
    if (score != NULL && score->pid == pid)
      return (int)score->connections;
  }
  return 0;
}

static void *APR_THREAD_FUNC watch(apr_thread_t *self, void *data)
{
  server_rec *server = data;
  gk_plugins_t *plugins = gk_core_plugins(gk_httpd_core());
  apr_int64_t limit = gk_core_config(gk_httpd_core())->memory_max_bytes;
  apr_pool_t *pool;
  apr_time_t since = 0;
  sigset_t all;
  sigfillset(&all); /* the process's signals are the MPM's */
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  apr_pool_create(&pool, apr_thread_pool_get(self));
  while (!__atomic_load_n(&ending, __ATOMIC_RELAXED)) {
    apr_sleep(TICK_US);
    if (__atomic_load_n(&ending, __ATOMIC_RELAXED))
      break;
    gk_plugins_watch_t found = gk_plugins_watch(plugins);
    if (since == 0 && (found.stuck > 0 || (limit > 0 && found.resident_bytes > limit))) {
      since = apr_time_now();
      leave(server, &found);
    }
    if (since == 0)
      continue;
    apr_time_t gone = apr_time_now() - since;
    apr_pool_clear(pool);
    if (!__atomic_load_n(&refused, __ATOMIC_RELAXED)) {
      knock(pool);
      continue;
    }
    /* Whoever hangs never ends; the others do. Counts of connections are a moment old. */
    if (found.stuck > 0 && ((gone > 2 * APR_USEC_PER_SEC && connections() <= found.stuck) || gone > LONGEST_LEAVE_US))
      _exit(0);
  }
  apr_pool_destroy(pool);
  return NULL;
}

static apr_status_t end(void *data)
{
  apr_status_t ignored;
  (void)data;
  /* The MPM reports a child that ran out of resources, which for the only child means that httpd gives up. It did not. */
  if (__atomic_load_n(&leaving, __ATOMIC_RELAXED))
    _exit(0);
  __atomic_store_n(&ending, 1, __ATOMIC_RELAXED);
  apr_thread_join(&ignored, thread);
  return APR_SUCCESS;
}

void gk_httpd_watch(apr_pool_t *pchild, server_rec *server)
{
  ending = leaving = refused = 0;
  gk_plugins_attend(gk_core_plugins(gk_httpd_core()), false);
  apr_status_t rv = apr_thread_create(&thread, NULL, watch, server, pchild);
  if (rv != APR_SUCCESS) {
    ap_log_error(APLOG_MARK, APLOG_CRIT, rv, server, "GK0042: The watchdog of this process does not start");
    return;
  }
  apr_pool_pre_cleanup_register(pchild, NULL, end);
}
