/* httpd/status.c: /healthz (the process answers), /readyz (it can do its work, and what is missing), /metrics. */
#include <apr_strings.h>

#include "base/time.h"
#include "domain/audit_seal.h"
#include "domain/keyring.h"
#include "httpd/httpd_internal.h"
#include "plugin/plugin.h"
#include "store/health.h"
#include "store/schema.h"
#include "store/sql.h"

static int send_json(request_rec *r, int status, gk_json_t *document)
{
  const char *text = gk_json_text(document, r->pool);
  r->status = status;
  ap_set_content_type(r, "application/json");
  apr_table_setn(r->headers_out, "Cache-Control", "no-store");
  ap_set_content_length(r, (apr_off_t)strlen(text));
  ap_rputs(text, r);
  return OK;
}

static void add_check(gk_json_t *checks, bool *ready, const char *name, const gk_error_t *error, apr_pool_t *pool)
{
  gk_json_t *check = gk_json_object(pool);
  gk_json_set_str(check, "name", name);
  gk_json_set_bool(check, "ok", error == NULL);
  if (error != NULL) {
    const gk_error_info_t *info = gk_error_info(error->code);
    gk_json_set_str(check, "code", info->slug);
    gk_json_set_str(check, "zh", error->zh != NULL ? error->zh : info->zh);
    gk_json_set_str(check, "en", error->en != NULL ? error->en : info->en);
    /* Names commands and versions, no person. */
    if (error->code == GK_E_SCHEMA && error->internal != NULL)
      gk_json_set_str(check, "cure", error->internal);
    *ready = false;
  }
  gk_json_add(checks, check);
}

/* A row really written: a full or read-only disk shows here and nowhere else. It says that this node was there. */
static gk_error_t *write_probe(gk_db_t *db, gk_core_t *core, apr_pool_t *pool)
{
  const char *name = apr_pstrcat(pool, "node:", gk_core_config(core)->node, NULL);
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = gk_db_exec(db, GK_CALL(setting_put, .name = name, .value = apr_psprintf(pool, "%" APR_TIME_T_FMT,
                                                                                           gk_core_now(core))),
                                 NULL, pool);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  gk_db_rollback(db);
  return error;
}

static gk_error_t *disk(int free_percent, apr_pool_t *pool)
{
  if (free_percent >= GK_ROOM_NONE)
    return NULL;
  return gk_error(pool, GK_E_DB_FULL, "磁盘只剩 %d%%，请立即清理", "Only %d %% of the disk is free: make room now", free_percent);
}

/* Something an operator must see to that hinders nobody: the node stays ready. */
static void warn(gk_json_t *warnings, const char *name, const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *warning = gk_json_object(pool);
  gk_json_set_str(warning, "name", name);
  gk_json_set_str(warning, "zh", zh);
  gk_json_set_str(warning, "en", en);
  gk_json_add(warnings, warning);
}

/* What may go wrong soon, or would in a bad moment. Only require_durable makes a fault of the settings. */
static gk_error_t *durable(gk_db_t *db, const gk_config_t *config, gk_json_t *warnings, apr_pool_t *pool)
{
  const char *unsafe;
  GK_TRY(gk_health_unsafe(&unsafe, db, pool));
  if (unsafe == NULL)
    return NULL;
  warn(warnings, "durability", apr_psprintf(pool, "数据库的设置可能丢失已确认的写入：%s", unsafe),
       apr_psprintf(pool, "The database's settings may lose acknowledged writes: %s", unsafe), pool);
  return config->require_durable ? gk_error(pool, GK_E_CONFIG, "数据库的设置可能丢失已确认的写入：%s",
                                            "The database's settings may lose acknowledged writes: %s", unsafe) : NULL;
}

/* The file that lies there is not the one in use: the next start would fail. */
static gk_error_t *keys(gk_core_t *core, apr_pool_t *pool)
{
  return gk_keyring_fault(core, pool) == NULL
             ? NULL
             : gk_error(pool, GK_E_CONFIG, "密钥文件不能使用，仍用原来读入的密钥：请立即放回正确的文件，见 gaokaoctl key check",
                        "The key file can't be used, the keys read before go on: put the right file back now, see gaokaoctl key "
                        "check");
}

static void look_at_seals(gk_db_t *db, gk_core_t *core, gk_json_t *warnings, apr_pool_t *pool)
{
  gk_unsealed_t unsealed;
  if (gk_audit_unsealed(&unsealed, db, pool) != NULL || unsealed.oldest == 0)
    return;
  apr_time_t age = gk_core_now(core) - unsealed.oldest;
  if (age > GK_SEAL_LATE_US)
    warn(warnings, "audit-unsealed",
         apr_psprintf(pool, "审计记录有 %d 秒没有封存，请检查 gaokao-worker", (int)(age / APR_USEC_PER_SEC)),
         apr_psprintf(pool, "Audit rows have waited %d s for their seal: look at gaokao-worker",
                      (int)(age / APR_USEC_PER_SEC)),
         pool);
}

/* The nodes that were asked whether they are ready, and when last: whoever looks at one sees that another is silent. After a week
 * of silence one is not missed any more. */
static gk_json_t *nodes(gk_db_t *db, gk_core_t *core, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  gk_json_t *list = gk_json_array(pool);
  if (gk_db_list(db, GK_CALL(node_list, .since_us = gk_core_now(core) - 7 * GK_DAY), &rows, pool) != NULL)
    return list;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_node_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_node_list_t);
    gk_json_t *node = gk_json_object(pool);
    gk_json_set_str(node, "node", row->name + strlen("node:"));
    gk_json_set_time(node, "seen", apr_atoi64(row->value));
    gk_json_add(list, node);
  }
  return list;
}

static int ready(request_rec *r)
{
  gk_core_t *core = gk_httpd_core();
  gk_json_t *document = gk_json_object(r->pool), *checks = gk_json_array(r->pool),
            *warnings = gk_json_array(r->pool);
  bool all = true;
  gk_db_t *db = NULL;
  gk_error_t *error = gk_httpd_connect(r, &db, gk_tick() + 3 * GK_SECOND);
  add_check(checks, &all, "database", error != NULL && error->code != GK_E_SCHEMA ? error : NULL, r->pool);
  gk_error_t *schema = error == NULL ? gk_schema_check(db, r->pool) : error->code == GK_E_SCHEMA ? error : NULL;
  if (error == NULL || error->code == GK_E_SCHEMA)
    add_check(checks, &all, "schema", schema, r->pool);
  if (error == NULL && schema == NULL) {
    const gk_season_t *season = NULL;
    add_check(checks, &all, "write", write_probe(db, core, r->pool), r->pool);
    error = gk_db_ready(db, gk_tick() + 3 * GK_SECOND, r->pool); /* a refused write costs the session */
    if (error == NULL)
      error = gk_core_season(&season, core, db, r->pool);
    add_check(checks, &all, "season", error, r->pool);
    if (error == NULL)
      add_check(checks, &all, "durability", durable(db, gk_core_config(core), warnings, r->pool), r->pool);
    if (season != NULL) {
      gk_json_set_int(document, "season", season->year);
      gk_json_set_str(document, "pack", apr_pstrcat(r->pool, season->pack_name, " ", season->pack_version, NULL));
    }
  }
  if (db != NULL)
    gk_core_clock_follow(core, db, r->pool);
  if (error == NULL && schema == NULL) {
    look_at_seals(db, core, warnings, r->pool);
    gk_json_set(document, "nodes", nodes(db, core, r->pool));
  }
  gk_httpd_disconnect(r);
  add_check(checks, &all, "clock", gk_core_clock_check(core, r->pool), r->pool);
  add_check(checks, &all, "keys", keys(core, r->pool), r->pool);
  add_check(checks, &all, "plugins", gk_plugins_ready(gk_core_plugins(core), r->pool), r->pool);
  int room = gk_core_room_percent(core);
  gk_json_set_int(document, "disk_free_percent", room);
  add_check(checks, &all, "disk", disk(room, r->pool), r->pool);
  if (room < GK_ROOM_WARN)
    warn(warnings, "disk", apr_psprintf(r->pool, "磁盘只剩 %d%%", room),
         apr_psprintf(r->pool, "%d %% of the disk is free", room), r->pool);
  gk_json_set_bool(document, "ready", all);
  gk_json_set(document, "checks", checks);
  gk_json_set(document, "warnings", warnings);
  gk_json_set_bool(document, "demo", gk_core_config(core)->demo);
  if (gk_core_config(core)->clock_offset_us != 0)
    gk_json_set_int(document, "clock_offset_s", gk_core_config(core)->clock_offset_us / APR_USEC_PER_SEC);
  gk_json_set_str(document, "node", gk_core_config(core)->node);
  if (!all)
    apr_table_setn(r->headers_out, "Retry-After", "2");
  return send_json(r, all ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE, document);
}

/* Figures of the database's; left out while it can't be asked. */
static const char *seal_metrics(request_rec *r)
{
  gk_db_t *db;
  gk_unsealed_t unsealed;
  const char *text = "";
  if (gk_httpd_connect(r, &db, gk_tick() + GK_SECOND) == NULL && gk_audit_unsealed(&unsealed, db, r->pool) == NULL) {
    apr_time_t age = unsealed.oldest != 0 ? gk_core_now(gk_httpd_core()) - unsealed.oldest : 0;
    text = apr_psprintf(r->pool,
                        "# TYPE gaokao_audit_unsealed_rows gauge\ngaokao_audit_unsealed_rows %" APR_INT64_T_FMT
                        "\n# TYPE gaokao_audit_unsealed_seconds gauge\ngaokao_audit_unsealed_seconds %" APR_INT64_T_FMT "\n",
                        unsealed.rows, (apr_int64_t)(age > 0 ? age / APR_USEC_PER_SEC : 0));
  }
  gk_httpd_disconnect(r);
  return text;
}

/* Photos that wait for a person; "" while the database can't be asked. */
static const char *photos(request_rec *r)
{
  gk_db_t *db = NULL;
  gk_row_photo_waiting_all_t row;
  const gk_season_t *season = NULL;
  gk_error_t *error = gk_httpd_connect(r, &db, gk_tick() + GK_SECOND);
  if (error == NULL)
    error = gk_core_season(&season, gk_httpd_core(), db, r->pool);
  if (error == NULL && season != NULL)
    error = gk_db_get(db, GK_CALL(photo_waiting_all, .season_id = season->id), &row, r->pool);
  gk_httpd_disconnect(r);
  return error != NULL || season == NULL
             ? ""
             : apr_psprintf(r->pool, "# TYPE gaokao_photos_waiting gauge\ngaokao_photos_waiting %" APR_INT64_T_FMT "\n", row.n);
}

/* Open alarms by kind; "" while the database can't be asked. */
static const char *alarms(request_rec *r)
{
  gk_db_t *db = NULL;
  apr_array_header_t *rows = NULL;
  const char *text = "";
  gk_error_t *error = gk_httpd_connect(r, &db, gk_tick() + GK_SECOND);
  if (error == NULL)
    error = gk_db_list(db, GK_CALL(alarm_open_count), &rows, r->pool);
  gk_httpd_disconnect(r);
  if (error != NULL)
    return text;
  text = "# TYPE gaokao_alarms_open gauge\n";
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_alarm_open_count_t *row = &APR_ARRAY_IDX(rows, i, gk_row_alarm_open_count_t);
    text = apr_psprintf(r->pool, "%sgaokao_alarms_open{kind=\"%s\"} %" APR_INT64_T_FMT "\n", text, row->kind, row->n);
  }
  return text;
}

int gk_httpd_status(request_rec *r)
{
  if (r->method_number != M_GET)
    return HTTP_METHOD_NOT_ALLOWED;
  gk_httpd_headers(r, NULL);
  if (strcmp(r->uri, "/readyz") == 0)
    return ready(r);
  if (strcmp(r->uri, "/metrics") == 0) {
    ap_set_content_type(r, "text/plain; version=0.0.4; charset=utf-8");
    ap_rputs(gk_httpd_metrics_text(r->pool), r);
    ap_rputs(seal_metrics(r), r);
    ap_rputs(alarms(r), r);
    ap_rputs(photos(r), r);
    ap_rputs(gk_plugins_metrics(gk_core_plugins(gk_httpd_core()), r->pool), r);
    return OK;
  }
  gk_json_t *document = gk_json_object(r->pool);
  gk_json_set_str(document, "status", "ok");
  return send_json(r, HTTP_OK, document);
}
