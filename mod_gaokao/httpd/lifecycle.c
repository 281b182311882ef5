/* httpd/lifecycle.c: check_config loads and checks all that needs no database, post_config makes what the children
 * share, child_init starts what belongs to a process. The configuration hooks run twice at startup and again at each
 * graceful restart: nothing is kept outside pconf. */
#include <errno.h>
#include <malloc.h>
#include <unistd.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <apr_optional.h>
#include <http_main.h>
#include <mod_ssl.h>

#include "base/time.h"
#include "httpd/httpd_internal.h"
#include "crypto/crypto.h"
#include "domain/keyring.h"
#include "domain/device.h"
#include "domain/live.h"
#include "plugin/plugin.h"
#include "store/schema.h"

/* How long the database may take over one request (faults.md DB-3). */
#define CALL_US (5 * GK_SECOND)

static gk_core_t *the_core;

gk_core_t *gk_httpd_core(void) { return the_core; }

static void plugin_line(gk_loudness_t loudness, const char *plugin, const char *text)
{
  int level = loudness == GK_ALARM ? APLOG_ERR : loudness == GK_WARNING ? APLOG_WARNING
              : loudness == GK_NOTICE ? APLOG_NOTICE : APLOG_DEBUG;
  ap_log_error(APLOG_MARK, level, 0, ap_server_conf, "GK0050: Plugin %s: %s", plugin, text);
}

static void report(server_rec *server, const gk_error_t *error, apr_pool_t *pool)
{
  ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "GK0001: %s", gk_error_log_text(pool, error));
  for (int i = 0; error->violations != NULL && i < error->violations->nelts; i++) {
    const gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "GK0002: %s: %s", violation->pointer, violation->en);
  }
}

int gk_httpd_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
  (void)plog;
  const gk_httpd_config_t *config = gk_httpd_config(server);
  the_core = NULL;
  if (config->instance == NULL)
    return OK;
  gk_core_log_to(plugin_line);
  gk_error_t *error = gk_core_open(&the_core, config->instance, pconf);
  if (error == NULL)
    return OK;
  report(server, error, ptemp);
  return DONE; /* neither OK nor DECLINED: httpd stops with the lines above */
}

/* ---- the router's transport ---------------------------------------------------------------------------- */

static gk_error_t *read_whole_body(gk_request_t *request, apr_size_t limit, const unsigned char **bytes,
                                   apr_size_t *length)
{
  GK_TRY(gk_httpd_body(request->transport, limit, bytes, length));
  /* What counts is the moment the whole request was here. */
  request->arrived = gk_tick();
  request->act.now = gk_core_at(the_core, request->arrived);
  return NULL;
}

static bool body_at_hand(gk_request_t *request) { return gk_httpd_body_at_hand(request->transport); }

static gk_error_t *connect_request(gk_request_t *request, gk_db_t **db)
{
  bool stream = (request->route->flags & GK_ROUTE_STREAM) != 0;
  GK_TRY(gk_httpd_connect(request->transport, db, stream ? 0 : gk_tick() + CALL_US));
  gk_core_clock_follow(the_core, *db, request->pool);
  request->act.now = gk_core_at(the_core, request->arrived);
  return NULL;
}

static void release_connection(gk_request_t *request) { gk_httpd_disconnect(request->transport); }

static gk_error_t *start_stream(gk_request_t *request, gk_response_t *response)
{
  request_rec *r = request->transport;
  r->status = response->status != 0 ? response->status : HTTP_OK;
  ap_set_content_type(r, response->media_type != NULL ? response->media_type : "application/octet-stream");
  apr_table_overlap(r->headers_out, response->headers, APR_OVERLAP_TABLES_SET);
  if (response->etag != NULL)
    apr_table_setn(r->headers_out, "ETag", response->etag);
  return NULL;
}

static gk_error_t *write_stream(gk_request_t *request, const void *bytes, apr_size_t length)
{
  request_rec *r = request->transport;
  if (r->connection->aborted || ap_rwrite(bytes, (int)length, r) < 0 || r->connection->aborted)
    return gk_error_internal(request->pool, GK_E_INTERNAL, "The client went away");
  return NULL;
}

/* Only mod_ssl's own word counts, never a header (NE-6): it has checked chain, dates and revocation. */
static const char *shown_certificate(gk_request_t *request)
{
  request_rec *r = request->transport;
  APR_OPTIONAL_FN_TYPE(ssl_var_lookup) *lookup = APR_RETRIEVE_OPTIONAL_FN(ssl_var_lookup);
  if (lookup == NULL)
    return NULL;
  const char *verified = lookup(r->pool, r->server, r->connection, r, apr_pstrdup(r->pool, "SSL_CLIENT_VERIFY"));
  const char *pem = lookup(r->pool, r->server, r->connection, r, apr_pstrdup(r->pool, "SSL_CLIENT_CERT"));
  return pem != NULL && verified != NULL && strcmp(verified, "SUCCESS") == 0 ? gk_pem_certificate_digest(pem, r->pool) : NULL;
}

static const gk_transport_t transport = {read_whole_body, body_at_hand, connect_request, release_connection,
                                         start_stream, write_stream, shown_certificate};

/* -------------------------------------------------------------------------------------------------------- */

/* What lives as long as the parent: the plugins' standing survives graceful restarts, or a record that kills would begin
 * afresh with each of them. */
typedef struct kept_t {
  void *memory;
  int fd;
} kept_t;

/* The memory's descriptor, for the worker; -1: each process counts alone. */
static int share_plugins(server_rec *server)
{
  static const char key[] = "gaokao_plugins";
  struct gk_plugins_t *plugins = gk_core_plugins(the_core);
  kept_t *kept = ap_retained_data_get(key);
  if (kept == NULL) {
    kept = ap_retained_data_create(key, sizeof(*kept));
    kept->fd = -1;
  }
  if (kept->memory != NULL && gk_plugins_share(plugins, kept->memory))
    return kept->fd;
  if (kept->fd >= 0)
    close(kept->fd); /* of another version of the program; children that use it have it mapped */
  kept->fd = gk_plugins_shared_create(&kept->memory);
  if (kept->fd >= 0 && gk_plugins_share(plugins, kept->memory))
    return kept->fd;
  ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server, "GK0003: No shared memory for the plugins: each process counts alone");
  return -1;
}

/* The right keys for this database, and no demonstration of a real season? Asked before there are children. A database that
 * can't be asked now is asked before the first write. The connection must not be inherited: it ends with its pool. */
static gk_error_t *compare_keys(gk_core_t *core, server_rec *server, apr_pool_t *ptemp)
{
  apr_pool_t *pool;
  gk_db_t *db;
  apr_pool_create(&pool, ptemp);
  gk_error_t *error = gk_core_connect(&db, core, pool);
  if (error == NULL)
    error = gk_db_ready(db, apr_time_now() + apr_time_from_sec(10), pool);
  if (error == NULL)
    error = gk_schema_check(db, pool);
  if (error != NULL) {
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "GK0006: The keys will be compared with the database later: %s",
                 gk_error_log_text(pool, error));
    error = NULL;
  } else {
    error = gk_keyring_compare(db, gk_core_keys(core), gk_core_config(core)->keys_file, pool);
    if (error == NULL)
      error = gk_core_check_demo(core, db, pool);
    if (error != NULL && error->code == GK_E_CONFIG)
      error = gk_error_dup(ptemp, error);
    else
      error = NULL;
  }
  apr_pool_destroy(pool);
  return error;
}

/* Counts of what happens to readings, and the buckets of devices. Without them live pages ask the database each time, and no
 * device is told to wait. */
static void share_live(apr_pool_t *pconf, server_rec *server)
{
  apr_shm_t *memory;
  apr_size_t bytes = gk_live_bytes() + gk_device_pace_bytes();
  apr_status_t rv = apr_shm_create(&memory, bytes, NULL, pconf);
  if (rv != APR_SUCCESS) {
    ap_log_error(APLOG_MARK, APLOG_CRIT, rv, server, "GK0008: No shared memory for live pages: each look asks the database");
    return;
  }
  char *start = memset(apr_shm_baseaddr_get(memory), 0, bytes);
  gk_live_attach(start);
  gk_device_pace_attach(start + gk_live_bytes());
}

int gk_httpd_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
  (void)plog;
  const gk_httpd_config_t *config = gk_httpd_config(server);
  if (the_core == NULL)
    return OK;
  gk_error_t *error = gk_httpd_exposure_check(server, ptemp);
  if (error != NULL) {
    report(server, error, ptemp);
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
    return OK;
  gk_error_t *wrong = compare_keys(the_core, server, ptemp);
  if (wrong != NULL) {
    report(server, wrong, ptemp);
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  apr_status_t rv = gk_httpd_metrics_start(pconf, server, gk_core_config(the_core)->instance);
  if (rv != APR_SUCCESS)
    return HTTP_INTERNAL_SERVER_ERROR;
  share_live(pconf, server);
  gk_db_bound_connects(); /* children and worker inherit it */
  gk_httpd_start_worker(pconf, server, config, share_plugins(server));
  if (gk_core_config(the_core)->demo)
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "GK0004: This is a demonstration: demo = on in gaokao.conf");
  return OK;
}

/* Every thread takes one of sixteen heaps for good, and glibc keeps what JSON leaves free in each: with 128 threads that
 * looked like a leak (docs/performance.md, "Memory"). Four heaps serve two to eight cores as well; small pieces that are
 * free are joined at once instead of at the next large request, and given back. */
static void keep_heaps_small(void)
{
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 4);
  mallopt(M_MXFAST, 0);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 512 * 1024);
#endif
}

void gk_httpd_child_init(apr_pool_t *pchild, server_rec *server)
{
  if (the_core == NULL)
    return;
  keep_heaps_small();
  apr_status_t rv = gk_httpd_dbd_start(pchild, server);
  if (rv != APR_SUCCESS)
    ap_log_error(APLOG_MARK, APLOG_CRIT, rv, server, "GK0005: mod_dbd is not loaded: load dbd_module");
  gk_error_t *error = gk_plugins_start(gk_core_plugins(the_core), pchild);
  if (error != NULL)
    report(server, error, pchild);
  gk_keys_hold(gk_core_keys(the_core));
  gk_router_transport(&transport);
  gk_photo_pool_only(gk_httpd_count_photo);
  gk_httpd_watch(pchild, server);
}

/* In the parent. */
void gk_httpd_child_status(server_rec *server, pid_t pid, ap_generation_t generation, int slot, mpm_child_status status)
{
  (void)server;
  (void)generation;
  (void)slot;
  if (status == MPM_CHILD_EXITED && the_core != NULL)
    gk_plugins_bury(gk_core_plugins(the_core), pid);
}
