/* httpd/dbd.c: mod_dbd pools the connections; store/db.c runs statements on their native handles. The only caller of
 * ap_dbd_*. */
#include <apr_dbd.h>
#include <apr_optional.h>
#include <mod_dbd.h>

#include "httpd/httpd_internal.h"
#include "store/schema.h"

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) *dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) *dbd_close;

/* While the database is down one request a second tries it; the others get their 503 at once instead of a thread
 * each waiting for a connect timeout (faults.md DB-2). */
static apr_time_t down_until;

#define HANDLE_KEY "gk_httpd_dbd"
#define DB_KEY "gk_db"

apr_status_t gk_httpd_dbd_start(apr_pool_t *pchild)
{
  (void)pchild;
  dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
  dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
  return dbd_open != NULL && dbd_close != NULL ? APR_SUCCESS : APR_ENOTIMPL;
}

static gk_error_t *down(request_rec *r, const char *why)
{
  return gk_error_retry(gk_error_internal(r->pool, GK_E_DB_DOWN, "%s", why), 5 * APR_USEC_PER_SEC);
}

/* The gk_db_t of a pooled connection, made at its first use and kept as long as the connection. */
static gk_error_t *db_of(request_rec *r, ap_dbd_t *handle, gk_db_t **db)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, DB_KEY, handle->pool);
  *db = known;
  if (known != NULL && gk_db_adopted(*db) == apr_dbd_native_handle(handle->driver, handle->handle))
    return NULL;
  gk_core_t *core = gk_httpd_core();
  GK_TRY(gk_db_adopt(db, gk_core_config(core)->engine, apr_dbd_native_handle(handle->driver, handle->handle),
                     gk_core_lock(core), handle->pool));
  GK_TRY(gk_db_ready(*db, apr_time_now() + apr_time_from_sec(10), r->pool));
  GK_TRY(gk_schema_check(*db, r->pool));
  apr_pool_userdata_setn(*db, DB_KEY, NULL, handle->pool);
  return NULL;
}

gk_error_t *gk_httpd_connect(request_rec *r, gk_db_t **db, apr_time_t deadline)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, HANDLE_KEY, r->pool);
  if (known == NULL) {
    apr_time_t now = apr_time_now(), until = __atomic_load_n(&down_until, __ATOMIC_RELAXED);
    if (until != 0) {
      if (now < until || !__atomic_compare_exchange_n(&down_until, &until, now + APR_USEC_PER_SEC, 0, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED))
      {
        gk_error_t *error = down(r, "The database was down a moment ago");
        error->quiet = 1; /* the request that tried said it */
        return error;
      }
    }
    ap_dbd_t *handle = dbd_open != NULL ? dbd_open(r->pool, r->server) : NULL;
    if (handle == NULL) {
      __atomic_store_n(&down_until, apr_time_now() + APR_USEC_PER_SEC, __ATOMIC_RELAXED);
      return down(r, "mod_dbd has no connection");
    }
    apr_pool_userdata_setn(handle, HANDLE_KEY, NULL, r->pool);
    known = handle;
  }
  gk_error_t *error = db_of(r, known, db);
  if (error == NULL)
    error = gk_db_ready(*db, deadline, r->pool);
  bool unreachable = error != NULL && error->code == GK_E_DB_DOWN;
  __atomic_store_n(&down_until, unreachable ? apr_time_now() + APR_USEC_PER_SEC : 0, __ATOMIC_RELAXED);
  return error;
}

void gk_httpd_disconnect(request_rec *r)
{
  void *known = NULL;
  apr_pool_userdata_get(&known, HANDLE_KEY, r->pool);
  if (known == NULL)
    return;
  ap_dbd_t *handle = known;
  void *db = NULL;
  apr_pool_userdata_get(&db, DB_KEY, handle->pool);
  if (db != NULL)
    gk_db_rollback(db);
  apr_pool_userdata_setn(NULL, HANDLE_KEY, NULL, r->pool);
  dbd_close(r->server, handle);
}
