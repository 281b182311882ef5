/* httpd/dbd.c: mod_dbd pools the connections; store/db.c runs statements on their native handles. The only caller of
 * ap_dbd_*.
 *
 * Nobody waits long for a connection (faults.md DB-2, DB-3). mod_dbd's pool waits without limit, and holds its lock
 * while it connects: so at most one thread at a time asks it, and no more than it has connections; the others wait
 * for their turn here, at most WAIT_US, in the order in which they came: whoever gives a connection back hands it to the
 * first of them, or lucky threads would keep passing the ones that have to be woken. With nobody waiting it stays here for
 * the next one. While the database is down one request a second tries it and the others get
 * their 503 at once. While only writing hangs (COMMIT waits for a synchronous standby that is gone, others for the
 * locks it holds) the same holds for writes alone, and reading goes on. */
#include <apr_dbd.h>
#include <apr_optional.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <mod_dbd.h>

#include "base/time.h"
#include "httpd/httpd_internal.h"
#include "store/health.h"
#include "store/schema.h"

#define WAIT_US (2 * GK_SECOND)
#define FIRST_US (5 * GK_SECOND)  /* for making a new connection usable */
#define PAUSE_US GK_SECOND        /* between two tries */
#define PROBE_US (8 * GK_SECOND)  /* a try that has not ended by then no longer keeps others from trying */

#define DBDMAX_PRESET 10          /* mod_dbd's own */

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) *dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) *dbd_close;

/* Closed (until 0): everybody may. Open: nobody before `until` (gk_tick); then one, who sets it anew. */
typedef struct breaker_t { apr_time_t until; } breaker_t;
static breaker_t all_calls, writes;

/* Somebody who waits: gets a connection, or with `granted` alone leave to ask mod_dbd for one. */
typedef struct waiter_t {
  struct waiter_t *next;
  apr_thread_cond_t *wake;
  ap_dbd_t *handle;
  bool granted;
} waiter_t;

enum { IDLE = 16 };

static struct {
  apr_thread_mutex_t *mutex;
  waiter_t *first, **last;
  ap_dbd_t *idle[IDLE];           /* connections that were given back, the last one first */
  int idles;
  int free;                       /* connections that mod_dbd may still give */
  apr_uint32_t epoch;             /* counts up when all connections are to be opened anew */
  bool asking;                    /* somebody is inside mod_dbd */
  server_rec *server;
} turns;

/* What one request holds. */
typedef struct held_t {
  ap_dbd_t *handle;
  gk_db_t *db;
  bool probes_writes;
  apr_uint32_t epoch;
} held_t;

#define HELD_KEY "gk_httpd_dbd"
#define DB_KEY "gk_db"

static int connections(void)
{
  int n = DBDMAX_PRESET;
  for (const ap_directive_t *d = ap_conftree; d != NULL; d = d->next)
    if (strcasecmp(d->directive, "DBDMax") == 0 && atoi(d->args) > 0)
      n = atoi(d->args);
  return n;
}

/* Before mod_dbd's pool goes: it closes only what lies in it. */
static apr_status_t give_all_back(void *ignored)
{
  (void)ignored;
  while (turns.idles > 0)
    dbd_close(turns.server, turns.idle[--turns.idles]);
  return APR_SUCCESS;
}

apr_status_t gk_httpd_dbd_start(apr_pool_t *pchild, server_rec *server)
{
  dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
  dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
  turns.free = connections();
  turns.last = &turns.first;
  turns.server = server;
  apr_pool_pre_cleanup_register(pchild, NULL, give_all_back);
  apr_status_t rv = apr_thread_mutex_create(&turns.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
  return rv != APR_SUCCESS ? rv : dbd_open != NULL && dbd_close != NULL ? APR_SUCCESS : APR_ENOTIMPL;
}

/* ---- the breakers ---------------------------------------------------------------------------------------- */

static bool may_try(breaker_t *breaker, bool *probes)
{
  apr_time_t now = gk_tick(), until = __atomic_load_n(&breaker->until, __ATOMIC_RELAXED);
  *probes = false;
  if (until == 0)
    return true;
  *probes = now >= until && __atomic_compare_exchange_n(&breaker->until, &until, now + PROBE_US, 0, __ATOMIC_RELAXED,
                                                        __ATOMIC_RELAXED);
  if (*probes)
    gk_httpd_count(GK_COUNT_PROBE);
  return *probes;
}

/* The one who was to try did not come to it: the next one may. */
static void hand_on(breaker_t *breaker, bool probes)
{
  if (probes)
    __atomic_store_n(&breaker->until, gk_tick(), __ATOMIC_RELAXED);
}

static bool is_open(const breaker_t *breaker) { return __atomic_load_n(&breaker->until, __ATOMIC_RELAXED) > gk_tick(); }
static void close_again(breaker_t *breaker) { __atomic_store_n(&breaker->until, 0, __ATOMIC_RELAXED); }

static void trip(breaker_t *breaker)
{
  __atomic_store_n(&breaker->until, gk_tick() + PAUSE_US, __ATOMIC_RELAXED);
  gk_httpd_count(GK_COUNT_TRIPPED);
  apr_thread_mutex_lock(turns.mutex);
  for (waiter_t *waiter = turns.first; waiter != NULL; waiter = waiter->next)
    apr_thread_cond_signal(waiter->wake); /* they go with their 503 */
  apr_thread_mutex_unlock(turns.mutex);
}

static gk_error_t *down(request_rec *r, const char *why, bool quiet)
{
  gk_error_t *error = gk_error_internal(r->pool, GK_E_DB_DOWN, "%s", why);
  error->quiet = quiet; /* the request that tried said it */
  if (quiet)
    gk_httpd_count(GK_COUNT_TURNED_AWAY);
  return gk_error_retry(error, 5 * APR_USEC_PER_SEC);
}

/* ---- turns ----------------------------------------------------------------------------------------------- */

static waiter_t *first_out(void)
{
  waiter_t *waiter = turns.first;
  turns.first = waiter->next;
  if (turns.first == NULL)
    turns.last = &turns.first;
  waiter->granted = true;
  apr_thread_cond_signal(waiter->wake);
  return waiter;
}

static void leave_queue(waiter_t *waiter)
{
  waiter_t **at = &turns.first;
  while (*at != waiter)
    at = &(*at)->next;
  *at = waiter->next;
  if (turns.last == &waiter->next)
    turns.last = at;
}

/* Under the mutex, when a connection came free or nobody asks mod_dbd any more. */
static void let_ask(void)
{
  if (turns.first != NULL && turns.free > 0 && !turns.asking) {
    turns.free--;
    turns.asking = true;
    first_out();
  }
}

static gk_error_t *wait_turn(request_rec *r, bool probes, waiter_t *self)
{
  apr_time_t until = gk_tick() + WAIT_US;
  gk_error_t *error = NULL;
  if (apr_thread_cond_create(&self->wake, r->pool) != APR_SUCCESS)
    return gk_error_internal(r->pool, GK_E_INTERNAL, "no condition to wait on");
  *turns.last = self;
  turns.last = &self->next;
  while (!self->granted && error == NULL) {
    apr_time_t left = until - gk_tick();
    if (!probes && is_open(&all_calls))
      error = down(r, "The database went down meanwhile", true);
    else if (left <= 0)
      error = gk_error_retry(gk_error_internal(r->pool, GK_E_BUSY, "No connection came free in time"), 2 * APR_USEC_PER_SEC);
    else
      apr_thread_cond_timedwait(self->wake, turns.mutex, left);
  }
  if (self->granted) /* at the last moment, perhaps */
    return NULL;
  leave_queue(self);
  return error;
}

/* *handle: a connection somebody handed over, or NULL: ask mod_dbd, then say so to asked(). */
static gk_error_t *take_turn(request_rec *r, bool probes, ap_dbd_t **handle)
{
  gk_error_t *error = NULL;
  waiter_t self = {.handle = NULL};
  apr_thread_mutex_lock(turns.mutex);
  if (turns.idles > 0 && turns.first == NULL) {
    self.handle = turns.idle[--turns.idles];
  } else if (turns.free > 0 && !turns.asking && turns.first == NULL) {
    turns.free--;
    turns.asking = true;
  } else {
    error = wait_turn(r, probes, &self);
  }
  apr_thread_mutex_unlock(turns.mutex);
  *handle = self.handle;
  return error;
}

static gk_db_t *db_known(ap_dbd_t *handle)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, DB_KEY, handle->pool);
  return known;
}

/* Before a connection is given back. One that is worn takes all others of the process along: those that lie here now, those
 * in use when they come back. */
static void wear(held_t *held)
{
  apr_thread_mutex_lock(turns.mutex);
  if (gk_db_worn(held->db)) {
    turns.epoch++;
    for (int i = 0; i < turns.idles; i++)
      if (db_known(turns.idle[i]) != NULL)
        gk_db_let_go(db_known(turns.idle[i]));
  }
  bool behind = held->epoch != turns.epoch;
  apr_thread_mutex_unlock(turns.mutex);
  if (behind)
    gk_db_let_go(held->db);
}

static void asked(bool had_one)
{
  apr_thread_mutex_lock(turns.mutex);
  turns.asking = false;
  turns.free += !had_one;
  let_ask();
  apr_thread_mutex_unlock(turns.mutex);
}

static void give_turn(server_rec *server, ap_dbd_t *handle)
{
  apr_thread_mutex_lock(turns.mutex);
  bool kept = turns.first != NULL || turns.idles < IDLE;
  if (turns.first != NULL)
    first_out()->handle = handle;
  else if (kept)
    turns.idle[turns.idles++] = handle;
  apr_thread_mutex_unlock(turns.mutex);
  if (kept)
    return;
  dbd_close(server, handle);
  apr_thread_mutex_lock(turns.mutex);
  turns.free++;
  let_ask();
  apr_thread_mutex_unlock(turns.mutex);
}

/* ---- a request's connection -------------------------------------------------------------------------------- */

/* Looks once a second: the schema may be upgraded under a program that runs (faults.md DB-11). */
static gk_error_t *schema_fits(request_rec *r, gk_db_t *db)
{
  static apr_time_t looked;
  apr_time_t now = gk_tick(), last = __atomic_load_n(&looked, __ATOMIC_RELAXED);
  if (last != 0 && now - last < GK_SECOND)
    return NULL;
  GK_TRY(gk_schema_check(db, r->pool));
  __atomic_store_n(&looked, now, __ATOMIC_RELAXED);
  return NULL;
}

/* Once a process: settings of the server that may lose writes. */
static void say_unsafe(request_rec *r, gk_db_t *db)
{
  static char said;
  const char *unsafe = NULL;
  if (__atomic_test_and_set(&said, __ATOMIC_RELAXED))
    return;
  if (gk_health_unsafe(&unsafe, db, r->pool) == NULL && unsafe != NULL)
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, r->server,
                 "GK0007: The database's settings may lose acknowledged writes: %s", unsafe);
}

/* The gk_db_t of a pooled connection, made at its first use and kept as long as the connection. */
static gk_error_t *db_of(request_rec *r, ap_dbd_t *handle, gk_db_t **db)
{
  *db = db_known(handle);
  if (*db != NULL && gk_db_adopted(*db) == apr_dbd_native_handle(handle->driver, handle->handle))
    return NULL;
  gk_core_t *core = gk_httpd_core();
  GK_TRY(gk_db_adopt(db, gk_core_config(core)->engine, apr_dbd_native_handle(handle->driver, handle->handle),
                     gk_core_lock(core), handle->pool));
  GK_TRY(gk_db_ready(*db, gk_tick() + FIRST_US, r->pool));
  GK_TRY(gk_schema_check(*db, r->pool));
  apr_pool_userdata_setn(*db, DB_KEY, NULL, handle->pool);
  say_unsafe(r, *db);
  return NULL;
}

static gk_error_t *hold(request_rec *r, held_t **held)
{
  bool probes, probes_writes = false;
  if (!may_try(&all_calls, &probes))
    return down(r, "The database was down a moment ago", true);
  gk_error_t *error = NULL;
  if (r->method_number != M_GET && !may_try(&writes, &probes_writes))
    error = down(r, "COMMIT hung a moment ago", true);
  ap_dbd_t *handle = NULL;
  if (error == NULL)
    error = take_turn(r, probes, &handle);
  if (error != NULL) {
    hand_on(&all_calls, probes);
    hand_on(&writes, probes_writes);
    return error;
  }
  if (handle == NULL) {
    handle = dbd_open != NULL ? dbd_open(r->pool, r->server) : NULL;
    asked(handle != NULL);
  }
  if (handle == NULL) {
    trip(&all_calls);
    hand_on(&writes, probes_writes);
    return down(r, "mod_dbd has no connection", false);
  }
  *held = apr_pcalloc(r->pool, sizeof(**held));
  (*held)->handle = handle;
  (*held)->probes_writes = probes_writes;
  (*held)->epoch = __atomic_load_n(&turns.epoch, __ATOMIC_RELAXED);
  apr_pool_userdata_setn(*held, HELD_KEY, NULL, r->pool);
  return NULL;
}

gk_error_t *gk_httpd_connect(request_rec *r, gk_db_t **db, apr_time_t deadline)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, HELD_KEY, r->pool);
  held_t *held = known;
  if (held == NULL)
    GK_TRY(hold(r, &held));
  gk_error_t *error = db_of(r, held->handle, db);
  if (error == NULL)
    error = gk_db_ready(*db, deadline, r->pool);
  if (error == NULL)
    error = schema_fits(r, *db);
  if (error != NULL && error->code == GK_E_DB_DOWN)
    trip(&all_calls);
  else
    close_again(&all_calls);
  if (error == NULL)
    held->db = *db;
  return error;
}

void gk_httpd_disconnect(request_rec *r)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, HELD_KEY, r->pool);
  if (known == NULL)
    return;
  held_t *held = known;
  gk_db_course_t course = {0};
  if (held->db != NULL) {
    course = gk_db_course(held->db);
    gk_db_rollback(held->db);
    wear(held);
  }
  /* What hung inside a writing transaction may have waited for another's lock, which a hanging COMMIT holds. */
  bool hung_writing = course.overdue_inside && r->method_number != M_GET;
  if (hung_writing)
    trip(&writes);
  else if (course.overdue)
    trip(&all_calls);
  if (!hung_writing && !course.committed)
    hand_on(&writes, held->probes_writes);
  if (course.committed)
    close_again(&writes);
  apr_pool_userdata_setn(NULL, HELD_KEY, NULL, r->pool);
  give_turn(r->server, held->handle);
}
