/* ctl/check.c: gaokaoctl check: looks at everything an instance needs and names each fault with its cure. A fault never
 * stops the look at what doesn't depend on it. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl/ctl.h"
#include "domain/keyring.h"
#include "domain/pack.h"
#include "plugin/plugin.h"
#include "plugin/policy.h"
#include "store/schema.h"
#include "store/sql.h"

#define ROOM_BYTES ((apr_int64_t)1 << 30)

typedef struct look_t {
  gk_ctl_t *ctl;
  gk_json_t *items;
  gk_keys_t *keys; /* NULL when the file can't be read */
} look_t;

static void item(look_t *look, const char *what, bool good, const char *zh, const char *en)
{
  gk_json_t *row = gk_json_object(look->ctl->pool);
  gk_json_set_str(row, "what", what);
  gk_json_set_bool(row, "good", good);
  gk_json_set_str(row, "zh", zh);
  gk_json_set_str(row, "en", en);
  gk_json_add(look->items, row);
  if (!good)
    look->ctl->fault = true;
  gk_ctl__say(look->ctl, "%s  %s：%s", "%s  %s: %s", good ? "ok   " : "FAULT", what,
              look->ctl->chinese ? zh : en);
}

static void fine(look_t *look, const char *what, const char *detail)
{
  item(look, what, true, detail, detail);
}

/* An error as an item; `cure_zh`, `cure_en` say what to do about it. */
static void fault(look_t *look, const char *what, const gk_error_t *error, const char *cure_zh,
                  const char *cure_en)
{
  apr_pool_t *pool = look->ctl->pool;
  const gk_error_info_t *info = gk_error_info(error->code);
  const char *zh = error->zh != NULL ? error->zh : info->zh, *en = error->en != NULL ? error->en : info->en;
  if (error->internal != NULL) {
    zh = apr_pstrcat(pool, zh, "（", error->internal, "）", NULL);
    en = apr_pstrcat(pool, en, " (", error->internal, ")", NULL);
  }
  for (int i = 0; error->violations != NULL && i < error->violations->nelts && i < 5; i++) {
    const gk_violation_t *v = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    zh = apr_pstrcat(pool, zh, "；", v->pointer, " ", v->zh, NULL);
    en = apr_pstrcat(pool, en, "; ", v->pointer, " ", v->en, NULL);
  }
  item(look, what, false, apr_pstrcat(pool, zh, "。", cure_zh, NULL),
       apr_pstrcat(pool, en, ". ", cure_en, NULL));
}

/* ---- files ----------------------------------------------------------------------------------------------- */

static void look_at_keys(look_t *look, gk_keys_t **out)
{
  gk_ctl_t *ctl = look->ctl;
  const char *file = ctl->config->keys_file;
  gk_keys_t *keys = NULL;
  gk_error_t *error = gk_keys_load(&keys, file, ctl->pool);
  struct stat st;
  if (error != NULL)
    fault(look, "keys", error, "新实例运行 gaokaoctl init；老实例从备份恢复密钥文件",
          "A new instance: run gaokaoctl init; an old one: bring the key file back from its backup");
  else if (stat(file, &st) == 0 && (st.st_mode & 0027) != 0)
    item(look, "keys", false, apr_psprintf(ctl->pool, "%s 的权限过宽，请运行 chmod 0640 %s", file, file),
         apr_psprintf(ctl->pool, "%s can be read by others: run chmod 0640 %s", file, file));
  else
    fine(look, "keys", file);
  *out = error == NULL ? keys : NULL;
}

/* Are these the keys the database was written with? */
static void look_at_key_values(look_t *look, const gk_keys_t *keys)
{
  gk_ctl_t *ctl = look->ctl;
  gk_error_t *error = gk_keyring_compare(ctl->db, keys, ctl->config->keys_file, ctl->pool);
  if (error != NULL)
    fault(look, "key values", error, "放回写入这个数据库时所用的密钥文件，见 gaokaoctl key check",
          "Put back the key file this database was written with: see gaokaoctl key check");
  else
    fine(look, "key values", apr_psprintf(ctl->pool, "%d", gk_keys_count(keys)));
}

static void look_at_folder(look_t *look, const char *what, const char *path)
{
  apr_pool_t *pool = look->ctl->pool;
  struct statvfs fs;
  if (access(path, W_OK | X_OK) != 0 || statvfs(path, &fs) != 0) {
    item(look, what, false,
         apr_psprintf(pool, "目录 %s 不存在或不可写：建立它，并交给运行 httpd 的用户", path),
         apr_psprintf(pool, "Folder %s is missing or can't be written: make it and give it to httpd's user",
                      path));
    return;
  }
  apr_int64_t room = (apr_int64_t)fs.f_bavail * (apr_int64_t)fs.f_frsize;
  if (room < ROOM_BYTES || fs.f_favail == 0)
    item(look, what, false, apr_psprintf(pool, "%s 只剩 %d MiB：清理磁盘或扩容", path, (int)(room >> 20)),
         apr_psprintf(pool, "%s has %d MiB left: make room", path, (int)(room >> 20)));
  else
    fine(look, what, apr_psprintf(pool, "%s, %d GiB", path, (int)(room >> 30)));
}

static gk_plugins_t *look_at_plugins(look_t *look)
{
  gk_ctl_t *ctl = look->ctl;
  apr_array_header_t *rows = apr_array_make(ctl->pool, 4, sizeof(gk_plugin_row_t));
  char *rest = apr_pstrdup(ctl->pool, ctl->config->plugins), *last = NULL;
  for (char *name = apr_strtok(rest, " \t", &last); name != NULL; name = apr_strtok(NULL, " \t", &last)) {
    gk_plugin_row_t *row = apr_array_push(rows);
    memset(row, 0, sizeof(*row));
    row->path = apr_pstrcat(ctl->pool, ctl->config->plugin_dir, "/", name, ".so", NULL);
    row->where = "gaokao.conf: plugins";
  }
  gk_plugins_t *plugins = gk_plugins_create(NULL, ctl->pool);
  gk_error_t *error = gk_plugins_load(plugins, rows, ctl->pool);
  if (error == NULL)
    error = gk_plugins_check(plugins, ctl->pool);
  if (error == NULL)
    error = gk_plugins_start(plugins, ctl->pool);
  if (error != NULL) {
    fault(
        look, "plugins", error,
        "检查 gaokao.conf 中的 plugin_dir 和 plugins，用 gaokaoctl plugin-check FILE.so 逐个检查",
        "Look at plugin_dir and plugins in gaokao.conf, and at each file with gaokaoctl plugin-check FILE.so");
    return NULL;
  }
  fine(look, "plugins", ctl->config->plugins);
  return plugins;
}

/* ---- the database ---------------------------------------------------------------------------------------- */

static void look_at_season(look_t *look, gk_plugins_t *plugins)
{
  gk_ctl_t *ctl = look->ctl;
  bool found = false;
  gk_row_season_active_t season;
  gk_error_t *error = gk_db_find(ctl->db, GK_CALL(season_active), &found, &season, ctl->pool);
  if (error != NULL) {
    fault(look, "season", error, "", "");
    return;
  }
  if (!found || season.pack_id == 0) {
    item(look, "season", false, "没有启用的报名年度或政策包：运行 gaokaoctl load-pack 和 gaokaoctl season",
         "No season with a pack is active: run gaokaoctl load-pack and gaokaoctl season");
    return;
  }
  if (season.is_real != 0 && ctl->config->demo)
    item(look, "season", false, "正式年度不能以演示方式运行：在 gaokao.conf 中写 demo = off",
         "A real season can't run as a demonstration: write demo = off into gaokao.conf");
  else
    fine(look, "season", apr_psprintf(ctl->pool, "%d %s", (int)season.year, season.name));

  gk_row_pack_body_t body;
  gk_pack_t *pack = NULL;
  gk_ruleset_t *rules;
  error = gk_db_get(ctl->db, GK_CALL(pack_body, .id = season.pack_id), &body, ctl->pool);
  if (error == NULL && strcmp(gk_sha256_hex(ctl->pool, body.body.bytes, body.body.length), body.digest) != 0)
    error = gk_error(ctl->pool, GK_E_PACK, "政策包内容与摘要不符", "The pack's bytes do not have its digest");
  if (error == NULL)
    error = gk_pack_load(&pack, (const char *)body.body.bytes, body.body.length,
                         apr_pstrcat(ctl->pool, ctl->config->data_dir, "/schema/pack.rng", NULL), ctl->pool,
                         ctl->pool);
  if (error == NULL && plugins != NULL)
    error = gk_policy_ruleset(plugins, pack, &rules, ctl->pool);
  if (error != NULL)
    fault(look, "pack", error, "用 gaokaoctl load-pack 存入改正后的新版本，再用 gaokaoctl activate-pack 启用",
          "Store a corrected version with gaokaoctl load-pack and activate it with gaokaoctl activate-pack");
  else
    fine(look, "pack", apr_psprintf(ctl->pool, "%s@%s", season.pack_name, season.pack_version));

  apr_array_header_t *rows = NULL;
  error = gk_db_list(ctl->db, GK_CALL(ctl_range_faults, .season_id = season.id), &rows, ctl->pool);
  if (error != NULL)
    fault(look, "ranges", error, "", "");
  for (int i = 0; rows != NULL && i < rows->nelts; i++) {
    const gk_row_ctl_range_faults_t *r = &APR_ARRAY_IDX(rows, i, gk_row_ctl_range_faults_t);
    item(
        look, "ranges", false,
        apr_psprintf(ctl->pool, "县区 %s 的号段 %04d-%04d 与 %04d-%04d 重叠：停止发号，从备份核对",
                     r->county_code, (int)r->first, (int)r->last, (int)r->other_first, (int)r->other_last),
        apr_psprintf(
            ctl->pool,
            "Ranges %04d-%04d and %04d-%04d of county %s overlap: stop giving numbers, compare with a backup",
            (int)r->first, (int)r->last, (int)r->other_first, (int)r->other_last, r->county_code));
  }
  if (rows != NULL && rows->nelts == 0)
    fine(look, "ranges", "no overlap");

  gk_row_ctl_tally_totals_t totals;
  error = gk_db_list(ctl->db, GK_CALL(ctl_tally_faults, .season_id = season.id), &rows, ctl->pool);
  if (error == NULL)
    error = gk_db_get(ctl->db, GK_CALL(ctl_tally_totals, .season_id = season.id), &totals, ctl->pool);
  if (error != NULL)
    fault(look, "tally", error, "", "");
  else if (rows->nelts > 0 || totals.counted != totals.kept)
    item(
        look, "tally", false,
        apr_psprintf(ctl->pool, "进度计数与实际不符：共 %d 人，计数 %d。请报告开发者，并运行数据库完整性检查",
                     (int)totals.counted, (int)totals.kept),
        apr_psprintf(
            ctl->pool,
            "Progress counts differ from the records: %d records, %d counted. Report it, and check the database",
            (int)totals.counted, (int)totals.kept));
  else
    fine(look, "tally", apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, totals.counted));
}

static void look_at_database(look_t *look, gk_plugins_t *plugins)
{
  gk_ctl_t *ctl = look->ctl;
  gk_error_t *error = gk_ctl__open_database(ctl);
  if (error != NULL) {
    fault(look, "database", error, "检查 gaokao.conf 中的 db_engine 和 db_params，以及数据库是否在运行",
          "Look at db_engine and db_params in gaokao.conf, and whether the database runs");
    return;
  }
  const char *version = NULL;
  error = gk_db_script_value(
      ctl->db, ctl->config->engine == GK_SQLITE ? "SELECT sqlite_version()" : "SHOW server_version", &version,
      ctl->pool);
  fine(look, "database",
       apr_pstrcat(ctl->pool, ctl->config->engine == GK_SQLITE ? "SQLite " : "PostgreSQL ",
                   error == NULL && version != NULL ? version : "", NULL));
  error = gk_schema_check(ctl->db, ctl->pool);
  if (error != NULL) {
    fault(look, "schema", error, "运行 gaokaoctl upgrade", "Run gaokaoctl upgrade");
    return;
  }
  fine(look, "schema", apr_itoa(ctl->pool, gk_migration_count));
  if (look->keys != NULL)
    look_at_key_values(look, look->keys);
  if (ctl->config->engine == GK_SQLITE) {
    error = gk_db_script_value(ctl->db, "PRAGMA quick_check(1)", &version, ctl->pool);
    if (error == NULL && (version == NULL || strcmp(version, "ok") != 0))
      error = gk_error_internal(ctl->pool, GK_E_DB_DOWN, "quick_check: %s", version != NULL ? version : "");
    if (error != NULL)
      fault(look, "file", error, "停止服务，从备份恢复", "Stop the service and restore a backup");
    else
      fine(look, "file", ctl->config->db_params);
  }
  /* Writable: a setting is written and taken back. */
  error = gk_db_begin(ctl->db, ctl->pool);
  if (error == NULL)
    error = gk_db_exec(ctl->db, GK_CALL(ctl_setting_write, .name = "check", .value = "1"), NULL, ctl->pool);
  gk_db_rollback(ctl->db);
  if (error != NULL)
    fault(
        look, "writing", error, "检查文件与目录的所有者、磁盘空间，PostgreSQL 是否为只读备机",
        "Look at the owner of file and folder, room on the disk, and whether PostgreSQL is a read-only standby");
  else
    fine(look, "writing", "ok");
  look_at_season(look, plugins);
}

gk_error_t *gk_ctl_check(gk_ctl_t *ctl)
{
  look_t look = {ctl, gk_json_array(ctl->pool)};
  gk_config_t *config;
  gk_error_t *error = gk_config_load(&config, ctl->instance, ctl->pool);
  if (error != NULL) {
    fault(&look, "config", error, "", "");
  } else {
    ctl->config = config;
    fine(&look, "config", config->instance);
    look_at_keys(&look, &look.keys);
    gk_plugins_t *plugins = look_at_plugins(&look);
    look_at_folder(&look, "spool", config->spool_dir);
    if (config->engine == GK_SQLITE)
      look_at_folder(&look, "data",
                     apr_pstrndup(ctl->pool, config->db_params,
                                  (apr_size_t)(strrchr(config->db_params, '/') - config->db_params)));
    look_at_database(&look, plugins);
  }
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_bool(result, "good", !ctl->fault);
  gk_json_set(result, "items", look.items);
  gk_ctl__result(ctl, result);
  return NULL;
}
