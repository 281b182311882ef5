/* httpd/metrics.c: counters in memory shared by all children, and the access log: one JSON line a request with the
 * route's template, never its path, query, names or numbers (faults.md part 2, "Logs without persons"). */
#include <apr_file_io.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "base/time.h"
#include "httpd/httpd_internal.h"

#define MAX_ROUTES 320

typedef struct counters_t {
  apr_uint64_t count[MAX_ROUTES][6]; /* by status class; 0 is unused */
  apr_uint64_t took_us[MAX_ROUTES];
  apr_uint64_t database[GK_COUNTS];
  apr_uint64_t photo[GK_PHOTO_EVENTS], photo_us;
} counters_t;

static counters_t *counters;
static apr_file_t *access_log;

typedef struct note_t {
  const char *request_id;
  const gk_route_t *route;
  apr_int64_t account_id;
} note_t;

apr_status_t gk_httpd_metrics_start(apr_pool_t *pconf, server_rec *server, const char *instance)
{
  apr_shm_t *memory;
  apr_status_t rv = apr_shm_create(&memory, sizeof(counters_t), NULL, pconf);
  if (rv != APR_SUCCESS) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, rv, server, "GK0020: No shared memory for counters");
    return rv;
  }
  counters = apr_shm_baseaddr_get(memory);
  memset(counters, 0, sizeof(*counters));
  const char *path = apr_pstrcat(pconf, instance, "/log/access.log", NULL);
  rv = apr_file_open(&access_log, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_APPEND,
                     APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD, pconf);
  if (rv != APR_SUCCESS) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, rv, server, "GK0021: Can't open the access log '%s'", path);
    return rv;
  }
  apr_file_inherit_set(access_log);
  return APR_SUCCESS;
}

static int index_of(const gk_route_t *route) { return route != NULL ? (int)(route - gk_routes) : gk_route_count; }

void gk_httpd_metrics_count(int route, int status, apr_interval_time_t took_us)
{
  if (counters == NULL || route < 0 || route >= MAX_ROUTES)
    return;
  int class = status / 100 >= 1 && status / 100 <= 5 ? status / 100 : 5;
  __atomic_fetch_add(&counters->count[route][class], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&counters->took_us[route], (apr_uint64_t)took_us, __ATOMIC_RELAXED);
}

void gk_httpd_count(gk_httpd_count_t what)
{
  if (counters != NULL)
    __atomic_fetch_add(&counters->database[what], 1, __ATOMIC_RELAXED);
}

void gk_httpd_count_photo(gk_photo_event_t event, apr_interval_time_t took_us)
{
  if (counters == NULL)
    return;
  __atomic_fetch_add(&counters->photo[event], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&counters->photo_us, (apr_uint64_t)took_us, __ATOMIC_RELAXED);
}

static const char *const photo_words[GK_PHOTO_EVENTS] = {"checked", "full", "died", "absent"};
static const char *const database_words[GK_COUNTS] = {"tripped", "turned_away", "probe"};

const char *gk_httpd_metrics_text(apr_pool_t *pool)
{
  apr_array_header_t *lines = apr_array_make(pool, 64, sizeof(const char *));
  APR_ARRAY_PUSH(lines, const char *) = "# TYPE gaokao_requests_total counter";
  for (int i = 0; counters != NULL && i <= gk_route_count && i < MAX_ROUTES; i++) {
    for (int class = 1; class <= 5; class++) {
      apr_uint64_t n = __atomic_load_n(&counters->count[i][class], __ATOMIC_RELAXED);
      if (n > 0)
        APR_ARRAY_PUSH(lines, const char *) =
            apr_psprintf(pool, "gaokao_requests_total{operation=\"%s\",status=\"%dxx\"} %" APR_UINT64_T_FMT,
                         i < gk_route_count ? gk_routes[i].operation : "none", class, n);
    }
  }
  APR_ARRAY_PUSH(lines, const char *) = "# TYPE gaokao_request_seconds_total counter";
  for (int i = 0; counters != NULL && i <= gk_route_count && i < MAX_ROUTES; i++) {
    apr_uint64_t us = __atomic_load_n(&counters->took_us[i], __ATOMIC_RELAXED);
    if (us > 0)
      APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(
          pool, "gaokao_request_seconds_total{operation=\"%s\"} %" APR_UINT64_T_FMT ".%06d",
          i < gk_route_count ? gk_routes[i].operation : "none", us / 1000000, (int)(us % 1000000));
  }
  APR_ARRAY_PUSH(lines, const char *) = "# TYPE gaokao_database_events_total counter";
  for (int i = 0; counters != NULL && i < GK_COUNTS; i++)
    APR_ARRAY_PUSH(lines, const char *) =
        apr_psprintf(pool, "gaokao_database_events_total{event=\"%s\"} %" APR_UINT64_T_FMT, database_words[i],
                     __atomic_load_n(&counters->database[i], __ATOMIC_RELAXED));
  APR_ARRAY_PUSH(lines, const char *) = "# TYPE gaokao_photo_events_total counter";
  for (int i = 0; counters != NULL && i < GK_PHOTO_EVENTS; i++)
    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "gaokao_photo_events_total{event=\"%s\"} %" APR_UINT64_T_FMT,
                                                       photo_words[i], __atomic_load_n(&counters->photo[i], __ATOMIC_RELAXED));
  if (counters != NULL) { /* of those checked, waiting in the queue included */
    apr_uint64_t us = __atomic_load_n(&counters->photo_us, __ATOMIC_RELAXED);
    APR_ARRAY_PUSH(lines, const char *) = "# TYPE gaokao_photo_seconds_total counter";
    APR_ARRAY_PUSH(lines, const char *) =
        apr_psprintf(pool, "gaokao_photo_seconds_total %" APR_UINT64_T_FMT ".%06d", us / 1000000, (int)(us % 1000000));
  }
  APR_ARRAY_PUSH(lines, const char *) = "";
  return apr_array_pstrcat(pool, lines, '\n');
}

void gk_httpd_note(request_rec *r, const char *request_id, const gk_route_t *route, apr_int64_t account_id)
{
  note_t *note = apr_palloc(r->pool, sizeof(*note));
  *note = (note_t){request_id, route, account_id};
  ap_set_module_config(r->request_config, &gaokao_module, note);
}

/* Only words of our own and numbers go into the line, so that it needs no escaping. */
static const char *method_word(const request_rec *r)
{
  switch (r->method_number) {
  case M_GET: return r->header_only ? "HEAD" : "GET";
  case M_POST: return "POST";
  case M_PUT: return "PUT";
  case M_PATCH: return "PATCH";
  case M_DELETE: return "DELETE";
  case M_OPTIONS: return "OPTIONS";
  default: return "OTHER";
  }
}

int gk_httpd_log(request_rec *r)
{
  while (r->next != NULL)
    r = r->next;
  const note_t *note = ap_get_module_config(r->request_config, &gaokao_module);
  apr_time_t now = apr_time_now(), took = now - r->request_time;
  if (gk_httpd_core() == NULL || access_log == NULL)
    return DECLINED;
  if (note != NULL)
    gk_httpd_metrics_count(index_of(note->route), r->status, took);
  const char *line = apr_psprintf(
      r->pool,
      "{\"at\":\"%s\",\"request\":\"%s\",\"method\":\"%s\",\"route\":\"%s\",\"status\":%d,\"bytes\":%" APR_OFF_T_FMT
      ",\"us\":%" APR_TIME_T_FMT ",\"account\":%" APR_INT64_T_FMT ",\"node\":\"%s\"}\n",
      gk_time_text(r->pool, r->request_time), note != NULL ? note->request_id : "", method_word(r),
      note == NULL ? "file" : note->route != NULL ? note->route->path : "none", r->status, r->bytes_sent, took,
      note != NULL ? note->account_id : 0, gk_core_config(gk_httpd_core())->node);
  apr_file_write_full(access_log, line, strlen(line), NULL); /* a full disk must not stop saves */
  return OK;
}

void gk_httpd_log_error(request_rec *r, const gk_error_t *error, const char *request_id)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  int level = info->level == GK_ALARM ? APLOG_ERR : info->level == GK_WARNING ? APLOG_WARNING
              : info->level == GK_NOTICE ? APLOG_INFO : APLOG_DEBUG;
  if (error->quiet)
    level = APLOG_DEBUG;
  ap_log_error(APLOG_MARK, level, 0, r->server, "GK0030: %s %s", request_id, gk_error_log_text(r->pool, error));
}
