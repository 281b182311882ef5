/* ctl/season.c: load-pack, activate-pack, season, season list. */
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "base/xml.h"
#include "ctl/ctl.h"
#include "domain/pack.h"
#include "plugin/policy.h"
#include "store/sql.h"

static const char *rng_path(const gk_ctl_t *ctl)
{
  return apr_pstrcat(ctl->pool, ctl->config->data_dir, "/schema/pack.rng", NULL);
}

/* The season of a year; made, inactive, when there is none yet. */
static gk_error_t *season_of_year(apr_int64_t *id, gk_ctl_t *ctl, int year, const char *name)
{
  bool found;
  gk_row_ctl_season_by_year_t row;
  GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_season_by_year, .year = year), &found, &row, ctl->pool));
  if (!found) {
    gk_row_ctl_season_insert_t made;
    GK_TRY(gk_db_get(ctl->db, GK_CALL(ctl_season_insert, .year = year, .name = name, .now_us = ctl->act.now),
                     &made, ctl->pool));
    row.id = made.id;
  }
  *id = row.id;
  return NULL;
}

static gk_error_t *store_pack(gk_ctl_t *ctl, const gk_pack_t *pack, const char *bytes, apr_size_t length,
                              int year, apr_int64_t *id, bool *stored)
{
  const char *version = apr_itoa(ctl->pool, pack->version), *digest = gk_sha256_hex(ctl->pool, bytes, length);
  apr_int64_t season_id;
  bool found;
  gk_row_ctl_pack_find_t row;
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(season_of_year(&season_id, ctl, year, pack->title.zh));
  GK_TRY(gk_db_find(ctl->db,
                    GK_CALL(ctl_pack_find, .season_id = season_id, .name = pack->id, .version = version),
                    &found, &row, ctl->pool));
  *stored = !found;
  if (found) {
    *id = row.id;
    if (strcmp(row.digest, digest) == 0)
      return NULL;
    return gk_error(ctl->pool, GK_E_CONFLICT, "政策包 %s 版本 %s 已存在且内容不同，请提高版本号",
                    "Pack %s version %s is stored with other content: raise its version", pack->id, version);
  }
  gk_row_ctl_pack_insert_t made;
  GK_TRY(gk_db_get(ctl->db,
                   GK_CALL(ctl_pack_insert, .season_id = season_id, .name = pack->id, .version = version,
                           .digest = digest, .body = {(const unsigned char *)bytes, length},
                           .now_us = ctl->act.now),
                   &made, ctl->pool));
  *id = made.id;
  gk_json_t *after = gk_json_object(ctl->pool);
  gk_json_set_str(after, "name", pack->id);
  gk_json_set_str(after, "version", version);
  gk_json_set_str(after, "digest", digest);
  return gk_audit(&ctl->act, "pack.load", "pack", made.id, 1, "/", NULL, after);
}

gk_error_t *gk_ctl_load_pack(gk_ctl_t *ctl)
{
  const char *bytes;
  apr_size_t length;
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  apr_int64_t id = 0, year;
  bool stored = false;
  GK_TRY(gk_ctl__read_file(&bytes, &length, gk_ctl__word(ctl, 0), GK_XML_MAX_BYTES, ctl->pool));
  GK_TRY(gk_pack_load(&pack, bytes, length, rng_path(ctl), ctl->pool, ctl->pool));
  GK_TRY(gk_policy_ruleset(gk_core_plugins(ctl->core), pack, &rules, ctl->pool));
  GK_TRY(gk_ctl__number(&year, ctl, "year", 1977, 9999, pack->season));
  GK_TRY(gk_ctl__finish(ctl, store_pack(ctl, pack, bytes, length, (int)year, &id, &stored)));
  for (int i = 0; pack->warnings != NULL && i < pack->warnings->nelts; i++) {
    const gk_violation_t *w = &APR_ARRAY_IDX(pack->warnings, i, gk_violation_t);
    gk_ctl__say(ctl, "提示 %s：%s", "Note %s: %s", w->pointer, ctl->chinese ? w->zh : w->en);
  }
  gk_ctl__say(ctl,
              stored ? "已存入政策包 %s 版本 %d（%d 个字段，%d 条规则）"
                     : "政策包 %s 版本 %d 早已存入（%d 个字段，%d 条规则）",
              stored ? "Stored pack %s version %d (%d fields, %d rules)"
                     : "Pack %s version %d was stored already (%d fields, %d rules)",
              pack->id, pack->version, pack->fields->nelts, pack->rules->nelts);
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", id);
  gk_json_set_str(result, "name", pack->id);
  gk_json_set_int(result, "version", pack->version);
  gk_json_set_int(result, "season", year);
  gk_json_set_bool(result, "stored", stored);
  gk_ctl__result(ctl, result);
  return NULL;
}

/* "hunan-2025" or "hunan-2025@2"; NULL: the newest season's newest pack. */
static gk_error_t *find_pack(gk_ctl_t *ctl, const char *wanted, gk_row_ctl_pack_newest_t *out)
{
  bool found;
  if (wanted == NULL) {
    GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_pack_newest), &found, out, ctl->pool));
    wanted = "";
  } else {
    char *name = apr_pstrdup(ctl->pool, wanted), *version = strchr(name, '@');
    gk_row_ctl_pack_named_t row;
    if (version != NULL)
      *version++ = '\0';
    GK_TRY(gk_db_find(ctl->db,
                      GK_CALL(ctl_pack_named, .name = name, .version = version != NULL ? version : ""),
                      &found, &row, ctl->pool));
    if (found)
      *out = (gk_row_ctl_pack_newest_t){row.id, row.season_id, row.year, row.name, row.version};
  }
  if (!found)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "没有政策包 %s，请先用 gaokaoctl load-pack FILE 存入",
                    "There is no pack %s: store it first with gaokaoctl load-pack FILE", wanted);
  return NULL;
}

static gk_error_t *use_pack(gk_ctl_t *ctl, apr_int64_t season_id, const char *name, bool real,
                            const gk_row_ctl_pack_newest_t *pack)
{
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_pack_supersede, .season_id = season_id, .id = pack->id), NULL,
                    ctl->pool));
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_pack_activate, .id = pack->id), NULL, ctl->pool));
  return gk_db_exec(
      ctl->db,
      GK_CALL(ctl_season_update, .id = season_id, .name = name, .is_real = real, .pack_id = pack->id), NULL,
      ctl->pool);
}

gk_error_t *gk_ctl__load_stored_pack(gk_ctl_t *ctl, apr_int64_t pack_id, gk_pack_t **out)
{
  gk_row_pack_body_t row;
  GK_TRY(gk_db_get(ctl->db, GK_CALL(pack_body, .id = pack_id), &row, ctl->pool));
  return gk_pack_load(out, (const char *)row.body.bytes, row.body.length, NULL, ctl->pool, ctl->pool);
}

static gk_error_t *activate_pack(gk_ctl_t *ctl, const gk_row_ctl_pack_newest_t *pack)
{
  const gk_season_t *season = ctl->act.season;
  gk_json_t *before = gk_json_object(ctl->pool), *after = gk_json_object(ctl->pool);
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(use_pack(ctl, season->id, season->name, season->real, pack));
  gk_json_set_int(before, "pack_id", season->pack_id);
  gk_json_set_int(after, "pack_id", pack->id);
  gk_json_set_str(after, "name", pack->name);
  gk_json_set_str(after, "version", pack->version);
  return gk_audit(&ctl->act, "pack.activate", "pack", pack->id, 1, "/", before, after);
}

gk_error_t *gk_ctl_activate_pack(gk_ctl_t *ctl)
{
  gk_row_ctl_pack_newest_t pack;
  const gk_season_t *season = ctl->act.season;
  if (season == NULL)
    return gk_act_season(&ctl->act);
  GK_TRY(find_pack(ctl, gk_ctl__word(ctl, 0), &pack));
  if (pack.season_id != season->id)
    return gk_error(ctl->pool, GK_E_CONFLICT, "政策包属于 %d 年，启用的报名年度是 %d 年",
                    "The pack is for %d, the active season is %d", (int)pack.year, season->year);
  GK_TRY(gk_ctl__finish(ctl, activate_pack(ctl, &pack)));
  gk_ctl__say(ctl, "%d 年度已启用政策包 %s 版本 %s", "Season %d uses pack %s version %s now", season->year,
              pack.name, pack.version);
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", pack.id);
  gk_json_set_str(result, "name", pack.name);
  gk_json_set_str(result, "version", pack.version);
  gk_ctl__result(ctl, result);
  return NULL;
}

/* The province's own rows of the calendar, in place of those that are there. */
gk_error_t *gk_ctl__seed_windows(gk_ctl_t *ctl, apr_int64_t season_id, const gk_pack_t *pack, gk_date_t start)
{
  apr_array_header_t *roots;
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "province"), &roots, ctl->pool));
  if (roots->nelts == 0)
    return gk_error(ctl->pool, GK_E_CONFLICT, "还没有机构，请先运行 gaokaoctl load-orgs",
                    "There are no units yet: run gaokaoctl load-orgs first");
  const char *path = APR_ARRAY_IDX(roots, 0, gk_row_ctl_orgs_t).path;
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_windows_clear, .season_id = season_id, .org_path = path), NULL,
                    ctl->pool));
  for (int i = 0; i < pack->windows->nelts; i++) {
    const gk_pack_window_t *window = &APR_ARRAY_IDX(pack->windows, i, gk_pack_window_t);
    apr_time_t opens, closes;
    gk_pack_window_times(pack, window, start, &opens, &closes);
    GK_TRY(
        gk_db_exec(ctl->db,
                   GK_CALL(ctl_window_insert, .season_id = season_id, .action = window->action,
                           .org_path = path, .opens_us = opens, .closes_us = closes, .now_us = ctl->act.now),
                   NULL, ctl->pool));
  }
  return NULL;
}

static gk_error_t *create_season(gk_ctl_t *ctl, int year, const char *name, bool real, gk_date_t start,
                                 const gk_row_ctl_pack_newest_t *row, const gk_pack_t *pack, apr_int64_t *id)
{
  gk_row_ctl_windows_count_t windows;
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(season_of_year(id, ctl, year, name));
  GK_TRY(use_pack(ctl, *id, name, real, row));
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_season_deactivate, .id = *id), NULL, ctl->pool));
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_season_activate, .id = *id), NULL, ctl->pool));
  GK_TRY(gk_db_get(ctl->db, GK_CALL(ctl_windows_count, .season_id = *id), &windows, ctl->pool));
  if (windows.n == 0 || start.year != 0) /* hand-made windows stay unless a new first day is asked for */
    GK_TRY(gk_ctl__seed_windows(ctl, *id, pack, start));
  gk_json_t *after = gk_json_object(ctl->pool);
  gk_json_set_int(after, "year", year);
  gk_json_set_str(after, "name", name);
  gk_json_set_bool(after, "real", real);
  gk_json_set_int(after, "pack_id", row->id);
  gk_json_set_str(after, "starts", gk_date_text(ctl->pool, start.year != 0 ? start : pack->start));
  return gk_audit(&ctl->act, "season.create", "season", *id, 1, "/", NULL, after);
}

gk_error_t *gk_ctl_season_create(gk_ctl_t *ctl)
{
  const char *word = gk_ctl__word(ctl, 0), *starts = gk_ctl__option(ctl, "starts");
  gk_row_ctl_pack_newest_t row;
  gk_pack_t *pack;
  gk_date_t start = {0, 0, 0};
  apr_int64_t year, id = 0;
  if (word != NULL && strcmp(word, "create") != 0)
    return gk_ctl__usage(ctl, "用法：gaokaoctl season [create]，或 season list",
                         "Usage: gaokaoctl season [create], or season list");
  if (starts != NULL && !gk_date_parse(starts, false, &start))
    return gk_ctl__usage(ctl, "--starts 要填日期，例如 2026-11-01",
                         "--starts takes a date such as 2026-11-01");
  bool real = gk_ctl__option(ctl, "real") != NULL;
  if (real && ctl->config->demo)
    return gk_error(ctl->pool, GK_E_CONFLICT, "演示实例不能建正式年度：先在 gaokao.conf 中写 demo = off",
                    "A demonstration can't hold a real season: write demo = off into gaokao.conf first");
  GK_TRY(find_pack(ctl, gk_ctl__option(ctl, "pack"), &row));
  GK_TRY(gk_ctl__number(&year, ctl, "year", 1977, 9999, row.year));
  if (year != row.year)
    return gk_error(ctl->pool, GK_E_CONFLICT, "政策包 %s 属于 %d 年，不能用于 %d 年",
                    "Pack %s is for %d and can't serve %d", row.name, (int)row.year, (int)year);
  GK_TRY(gk_ctl__load_stored_pack(ctl, row.id, &pack));
  const char *name = gk_ctl__option(ctl, "name") != NULL ? gk_ctl__option(ctl, "name") : pack->title.zh;
  GK_TRY(gk_ctl__finish(ctl, create_season(ctl, (int)year, name, real, start, &row, pack, &id)));
  gk_ctl__say(ctl, "已启用 %d 年度“%s”，政策包 %s 版本 %s",
              "Season %d '%s' is active with pack %s version %s", (int)year, name, row.name, row.version);
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", id);
  gk_json_set_int(result, "year", year);
  gk_json_set_str(result, "name", name);
  gk_json_set_str(result, "pack", row.name);
  gk_json_set_str(result, "pack_version", row.version);
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl_season_list(gk_ctl_t *ctl)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_seasons), &rows, ctl->pool));
  apr_array_header_t *lines = apr_array_make(ctl->pool, rows->nelts + 1, sizeof(const char **));
  gk_json_t *list = gk_json_array(ctl->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_ctl_seasons_t *row = &APR_ARRAY_IDX(rows, i, gk_row_ctl_seasons_t);
    const char **line = apr_palloc(ctl->pool, 5 * sizeof(*line));
    line[0] = apr_psprintf(ctl->pool, "%d", (int)row->year);
    line[1] = row->name;
    line[2] = apr_pstrcat(ctl->pool, row->pack_name, row->pack_name[0] != '\0' ? "@" : "", row->pack_version,
                          NULL);
    line[3] = row->active != 0 ? "active" : "";
    line[4] = row->is_real != 0 ? "real" : "";
    APR_ARRAY_PUSH(lines, const char **) = line;
    gk_json_t *json = gk_json_object(ctl->pool);
    gk_json_set_int(json, "id", row->id);
    gk_json_set_int(json, "year", row->year);
    gk_json_set_str(json, "name", row->name);
    gk_json_set_str(json, "pack", row->pack_name);
    gk_json_set_str(json, "pack_version", row->pack_version);
    gk_json_set_bool(json, "active", row->active != 0);
    gk_json_set_bool(json, "real", row->is_real != 0);
    gk_json_add(list, json);
  }
  gk_ctl__table(ctl, "year|name|pack|active|real", lines);
  gk_ctl__result(ctl, list);
  return NULL;
}
