/* ctl/lists.c: looks at plugins, ranges, one candidate, jobs. */
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "ctl/accounts.h"
#include "domain/candidate.h"
#include "plugin/plugin.h"
#include "store/sql.h"
#include "store/vault.h"

/* Works without an instance: the file is loaded alone. */
gk_error_t *gk_ctl_plugin_check(gk_ctl_t *ctl)
{
  bool good;
  gk_json_t *report = gk_plugin_check_file(gk_ctl__word(ctl, 0), &good, ctl->pool);
  gk_json_t *findings = gk_json_get(report, "findings");
  ctl->fault = !good;
  for (apr_size_t i = 0; i < gk_json_size(findings); i++)
    gk_ctl__say(ctl, "%s：%s", "%s: %s", gk_json_str(gk_json_at(findings, i), "code"),
                gk_json_str(gk_json_at(findings, i), ctl->chinese ? "zh" : "en"));
  if (good)
    gk_ctl__say(ctl, "插件 %s（%s %s）可以使用", "Plugin %s (%s %s) can be used", gk_json_str(report, "name"),
                gk_json_str(report, "kind"), gk_json_str(report, "version"));
  else
    gk_ctl__say(ctl, "%s 不能使用", "%s can't be used", gk_ctl__word(ctl, 0));
  gk_ctl__result(ctl, report);
  return NULL;
}

gk_error_t *gk_ctl_plugins_list(gk_ctl_t *ctl)
{
  gk_json_t *list = gk_plugins_json(gk_core_plugins(ctl->core), ctl->pool);
  apr_array_header_t *lines = apr_array_make(ctl->pool, 8, sizeof(const char **));
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    const gk_json_t *plugin = gk_json_at(list, i);
    static const char *const keys[] = {"name", "kind", "state", "version", "file"};
    const char **line = apr_palloc(ctl->pool, 5 * sizeof(*line));
    for (int k = 0; k < 5; k++) {
      const char *value = gk_json_str(plugin, keys[k]);
      line[k] = value != NULL ? value : "";
    }
    APR_ARRAY_PUSH(lines, const char **) = line;
  }
  gk_ctl__table(ctl, "name|kind|state|version|file", lines);
  gk_ctl__result(ctl, list);
  return NULL;
}

gk_error_t *gk_ctl_range_list(gk_ctl_t *ctl)
{
  const char *lo, *hi;
  apr_int64_t limit, after;
  apr_array_header_t *rows;
  GK_TRY(gk_act_season(&ctl->act));
  GK_TRY(gk_ctl__scope(ctl, gk_ctl__option(ctl, "org"), &lo, &hi));
  GK_TRY(gk_ctl__number(&limit, ctl, "limit", 1, 10000, 200));
  GK_TRY(gk_ctl__number(&after, ctl, "after", 0, APR_INT64_MAX, 0));
  GK_TRY(gk_db_list(ctl->db,
                    GK_CALL(ctl_ranges, .season_id = ctl->act.season->id, .scope_lo = lo, .scope_hi = hi,
                            .after = after, .limit = limit),
                    &rows, ctl->pool));
  apr_array_header_t *lines = apr_array_make(ctl->pool, rows->nelts + 1, sizeof(const char **));
  gk_json_t *list = gk_json_array(ctl->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_ctl_ranges_t *row = &APR_ARRAY_IDX(rows, i, gk_row_ctl_ranges_t);
    const char **line = apr_palloc(ctl->pool, 6 * sizeof(*line));
    line[0] = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, row->id);
    line[1] = row->point_code;
    line[2] = row->point_name;
    line[3] = row->subject;
    line[4] = apr_psprintf(ctl->pool, "%s %04d-%04d", row->county_code, (int)row->first, (int)row->last);
    line[5] = row->next > row->last ? "full" : apr_psprintf(ctl->pool, "%04d", (int)row->next);
    APR_ARRAY_PUSH(lines, const char **) = line;
    gk_json_t *json = gk_json_object(ctl->pool);
    gk_json_set_int(json, "id", row->id);
    gk_json_set_str(json, "point", row->point_code);
    gk_json_set_str(json, "county", row->county_code);
    gk_json_set_str(json, "subject", row->subject);
    gk_json_set_int(json, "first", row->first);
    gk_json_set_int(json, "last", row->last);
    gk_json_set_int(json, "next", row->next);
    gk_json_add(list, json);
  }
  gk_ctl__table(ctl, "id|point|name|subject|serials|next", lines);
  gk_ctl__result(ctl, list);
  return NULL;
}

/* Shows personal data: the audit row is written first. */
static gk_error_t *show(gk_ctl_t *ctl, const gk_row_ctl_candidate_by_number_t *row, gk_json_t **out)
{
  const char *text;
  apr_size_t length;
  gk_json_t *fields;
  gk_vault_key_t key;
  GK_TRY(gk_vault_keep(&key, &ctl->act, GK_VAULT_CANDIDATE, row->id, &GK_HELD(row)));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_candidate_context(row->id, ctl->pool), row->key_id, row->doc, ctl->pool));
  if (text == NULL)
    return gk_candidate_gone(&ctl->act);
  GK_TRY(gk_json_parse(&fields, text, length, ctl->pool));
  GK_TRY(
      gk_audit(&ctl->act, "candidate.read", "candidate", row->id, row->version, row->org_path, NULL, NULL));
  gk_json_t *json = gk_json_object(ctl->pool);
  gk_json_set_int(json, "id", row->id);
  gk_json_set_str(json, "number", row->number);
  gk_json_set_str(json, "candidate_number", row->candidate_number);
  gk_json_set_str(json, "state", row->state);
  gk_json_set_str(json, "subject", row->subject);
  gk_json_set_int(json, "version", row->version);
  gk_json_set_str(json, "org_path", row->org_path);
  gk_json_set_time(json, "created_at", row->created_us);
  gk_json_set_time(json, "updated_at", row->updated_us);
  gk_json_set(json, "fields", fields);
  *out = json;
  return NULL;
}

gk_error_t *gk_ctl_candidate_show(gk_ctl_t *ctl)
{
  bool found;
  gk_row_ctl_candidate_by_number_t row;
  gk_json_t *json = NULL;
  GK_TRY(gk_act_season(&ctl->act));
  GK_TRY(gk_db_find(
      ctl->db,
      GK_CALL(ctl_candidate_by_number, .season_id = ctl->act.season->id, .number = gk_ctl__word(ctl, 0)),
      &found, &row, ctl->pool));
  if (!found)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "本年度没有报名顺序号 %s",
                    "There is no registration number %s this season", gk_ctl__word(ctl, 0));
  GK_TRY(gk_ctl__finish(ctl, show(ctl, &row, &json)));
  if (!ctl->json) {
    gk_ctl__say(ctl, "%s %s %s，科类 %s，状态 %s，第 %d 版", "%s %s %s, subject %s, state %s, version %d",
                row.number, row.name, row.org_path, row.subject, row.state, (int)row.version);
    for (gk_json_iter_t it = gk_json_first(gk_json_get(json, "fields")); it.key; gk_json_next(&it))
      gk_ctl__say(ctl, "  %s：%s", "  %s: %s", it.key,
                  gk_json_is_string(it.value) ? gk_json_str_value(it.value)
                                              : gk_json_text(it.value, ctl->pool));
  }
  gk_ctl__result(ctl, json);
  return NULL;
}

gk_error_t *gk_ctl_job_list(gk_ctl_t *ctl)
{
  apr_int64_t limit;
  apr_array_header_t *rows;
  GK_TRY(gk_ctl__number(&limit, ctl, "limit", 1, 1000, 50));
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_jobs, .limit = limit), &rows, ctl->pool));
  apr_array_header_t *lines = apr_array_make(ctl->pool, rows->nelts + 1, sizeof(const char **));
  gk_json_t *list = gk_json_array(ctl->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_ctl_jobs_t *row = &APR_ARRAY_IDX(rows, i, gk_row_ctl_jobs_t);
    const char **line = apr_palloc(ctl->pool, 5 * sizeof(*line));
    line[0] = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, row->id);
    line[1] = row->kind;
    line[2] = row->state;
    line[3] = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, row->done, row->total);
    line[4] = gk_time_text(ctl->pool, row->created_us);
    APR_ARRAY_PUSH(lines, const char **) = line;
    gk_json_t *json = gk_json_object(ctl->pool);
    gk_json_set_int(json, "id", row->id);
    gk_json_set_str(json, "kind", row->kind);
    gk_json_set_str(json, "state", row->state);
    gk_json_set_int(json, "done", row->done);
    gk_json_set_int(json, "total", row->total);
    gk_json_set_int(json, "attempts", row->attempts);
    gk_json_set_time(json, "created_at", row->created_us);
    gk_json_set_time(json, "finished_at", row->finished_us);
    gk_json_add(list, json);
  }
  gk_ctl__table(ctl, "id|kind|state|done|created", lines);
  gk_ctl__result(ctl, list);
  return NULL;
}
