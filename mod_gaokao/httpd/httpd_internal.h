/* httpd/httpd_internal.h: shared inside httpd/, the only folder that sees httpd's headers. */
#ifndef GK_HTTPD_INTERNAL_H
#define GK_HTTPD_INTERNAL_H

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <ap_mpm.h>
#include <scoreboard.h>

#include "plugin/photo_pool.h"
#include "rest/router.h"

extern module AP_MODULE_DECLARE_DATA gaokao_module;
APLOG_USE_MODULE(gaokao);

/* Server configuration; one instance a process, set on the main server. */
typedef struct gk_httpd_config_t {
  const char *instance;
  const char *worker;
  const char *insecure;        /* off (NULL), redirect, on */
} gk_httpd_config_t;

extern const command_rec gk_httpd_commands[];
void *gk_httpd_create_config(apr_pool_t *pool, server_rec *server);
void *gk_httpd_merge_config(apr_pool_t *pool, void *base, void *add);
const gk_httpd_config_t *gk_httpd_config(const server_rec *server);

/* The process's core; NULL when the module has no instance. */
gk_core_t *gk_httpd_core(void);

/* Hooks. */
int gk_httpd_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int gk_httpd_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
void gk_httpd_child_init(apr_pool_t *pchild, server_rec *server);
int gk_httpd_translate_name(request_rec *r);
int gk_httpd_map_to_storage(request_rec *r);
int gk_httpd_handler(request_rec *r);
int gk_httpd_log(request_rec *r);

void gk_httpd_child_status(server_rec *server, pid_t pid, ap_generation_t generation, int slot, mpm_child_status status);

/* Background program: started in post_config's last pass, started again when it dies. It inherits `shared`, the plugins'
 * memory behind a descriptor (-1: none). (worker.c) */
void gk_httpd_start_worker(apr_pool_t *pconf, server_rec *server, const gk_httpd_config_t *config, int shared);

/* In each child: a thread that looks for calls that hang and for growth. (watchdog.c) */
void gk_httpd_watch(apr_pool_t *pchild, server_rec *server);

/* mod_dbd's connection for a request, ready to use; given back by gk_httpd_disconnect. (dbd.c) */
apr_status_t gk_httpd_dbd_start(apr_pool_t *pchild, server_rec *server);
gk_error_t *gk_httpd_connect(request_rec *r, gk_db_t **db, apr_time_t deadline);
void gk_httpd_disconnect(request_rec *r);

/* Errors (CONFIG) when a listener beyond loopback has no TLS, or shows a demonstration. (exposure.c) */
gk_error_t *gk_httpd_exposure_check(server_rec *main_server, apr_pool_t *pool);
/* The request came in clear where it must not. */
bool gk_httpd_exposed(const request_rec *r);
int gk_httpd_post_read_request(request_rec *r);

/* Whole body, at most `limit` bytes. (body.c) */
bool gk_httpd_body_at_hand(request_rec *r);
gk_error_t *gk_httpd_body(request_rec *r, apr_size_t limit, const unsigned char **bytes, apr_size_t *length);
/* Closes the connection rather than read a large body that was refused by its head. */
void gk_httpd_body_unread(request_rec *r);

/* /healthz, /readyz, /metrics. (status.c) */
int gk_httpd_status(request_rec *r);

/* Counters in shared memory and the access log. (metrics.c) */
/* What became of calls to the database, beside the requests themselves. */
typedef enum gk_httpd_count_t {
  GK_COUNT_TRIPPED,      /* a breaker opened: the database was down or did not answer in time */
  GK_COUNT_TURNED_AWAY,  /* requests that got their 503 at once */
  GK_COUNT_PROBE,        /* requests that tried whether it is back */
  GK_COUNTS
} gk_httpd_count_t;
void gk_httpd_count(gk_httpd_count_t what);
void gk_httpd_count_photo(gk_photo_event_t event, apr_interval_time_t took_us);
apr_status_t gk_httpd_metrics_start(apr_pool_t *pconf, server_rec *server, const char *instance);
void gk_httpd_metrics_count(int route, int status, apr_interval_time_t took_us);
const char *gk_httpd_metrics_text(apr_pool_t *pool);
/* Notes of a request for its log line. */
void gk_httpd_note(request_rec *r, const char *request_id, const gk_route_t *route, apr_int64_t account_id);

/* The error of a request, once, with its id. */
void gk_httpd_log_error(request_rec *r, const gk_error_t *error, const char *request_id);

/* Headers every reply of the module carries. */
void gk_httpd_headers(request_rec *r, const char *request_id);

#endif
