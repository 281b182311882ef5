/* domain/returns.c: return lists: judged, applied, shown (returns.h). */
#include "domain/returns.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "domain/paths.h"
#include "domain/ports_candidate.h"
#include "domain/submission_internal.h"

enum { FAULTS = 200, SHOWN = 1000 };
#define PART "return"
#define VOIDED "省级退回更正 / returned by the province"

/* ---- judging --------------------------------------------------------------------------------------------- */

typedef struct judge_t {
  gk_act_t *act;
  gk_error_t *error;
  int faults;
  apr_hash_t *seen;
} judge_t;

static void fault(judge_t *j, const gk_return_row_t *row, const char *code, const char *zh, const char *en)
{
  apr_pool_t *pool = j->act->pool;
  if (j->faults++ < FAULTS)
    gk_violation(&j->error, pool, apr_psprintf(pool, "/rows/%d", row->line), code, "第 %d 行（%s）：%s%.0s", "Line %d (%s): %.0s%s",
                 row->line, row->number != NULL ? row->number : row->candidate_number, zh, en);
}

static bool handed_in(const char *state) { return strcmp(state, "submitted") == 0 || strcmp(state, "accepted") == 0; }

static void judge(judge_t *j, const gk_return_row_t *row, const gk_return_found_t *found)
{
  apr_pool_t *pool = j->act->pool;
  if (found == NULL) {
    fault(j, row, "not-found", "没有这名考生，或不在您的范围内", "There is no such candidate, or not in your area");
    return;
  }
  if (row->number != NULL && row->candidate_number != NULL &&
      (found->candidate_number == NULL || strcmp(row->candidate_number, found->candidate_number) != 0))
    fault(j, row, "differs", "报名顺序号与考生号不是同一名考生", "The two numbers are not of the same candidate");
  if (apr_hash_get(j->seen, &found->id, sizeof(found->id)) != NULL)
    fault(j, row, "twice", "同一名考生在名单中出现两次", "The list names this candidate twice");
  apr_hash_set(j->seen, &found->id, sizeof(found->id), found);
  if (!handed_in(found->state))
    fault(j, row, "state", apr_psprintf(pool, "现在不在已上报状态（%s），不能退回", gk_state_zh(found->state)),
          apr_psprintf(pool, "is not handed in now (%s): there is nothing to return", gk_state_en(found->state)));
}

/* ---- counts ---------------------------------------------------------------------------------------------- */

/* An open submission that found candidates belong to. */
typedef struct unit_t {
  gk_submission_t *submission;
  gk_json_t *before, *counts;
  apr_int64_t total;
  bool touched;
} unit_t;

static const char *unit_key(const char *path, gk_submission_kind_t kind, apr_pool_t *pool)
{
  return apr_pstrcat(pool, path, gk_submission_kind_word(kind), NULL);
}

/* *ordered: unit_t *, as the store gives them: all who recount change them in one order. */
static gk_error_t *load_units(apr_hash_t **out, apr_array_header_t **ordered, gk_act_t *act, const apr_array_header_t *found)
{
  apr_hash_t *paths = apr_hash_make(act->pool), *units = apr_hash_make(act->pool);
  gk_json_t *list = gk_json_array(act->pool);
  apr_array_header_t *rows;
  for (int i = 0; i < found->nelts; i++) {
    gk_paths_t above = gk_paths_of(APR_ARRAY_IDX(found, i, const gk_return_found_t *)->org_path, act->pool);
    for (int n = 1; n < above.levels; n++) /* the province hands in to nobody */
      if (apr_hash_get(paths, above.at[n], APR_HASH_KEY_STRING) == NULL) {
        apr_hash_set(paths, above.at[n], APR_HASH_KEY_STRING, "");
        gk_json_add_str(list, above.at[n]);
      }
  }
  /* Twice: while the first waited for one who handed in, a submission of a unit above may have come that it couldn't see yet. From
   * here on none comes: who hands in looks again at those below it, which are held now (submission.c). */
  for (int i = 0; i < 2; i++)
    GK_TRY(gk_return_store_units(&rows, act, gk_json_text(list, act->pool)));
  *ordered = apr_array_make(act->pool, rows->nelts + 1, sizeof(unit_t *));
  for (int i = 0; i < rows->nelts; i++) {
    unit_t *unit = apr_pcalloc(act->pool, sizeof(*unit));
    unit->submission = &APR_ARRAY_IDX(rows, i, gk_submission_t);
    unit->total = unit->submission->total;
    GK_TRY(gk_json_parse(&unit->before, unit->submission->counts, strlen(unit->submission->counts), act->pool));
    unit->counts = gk_json_copy(unit->before, act->pool);
    apr_hash_set(units, unit_key(unit->submission->org.path, unit->submission->kind, act->pool), APR_HASH_KEY_STRING, unit);
    APR_ARRAY_PUSH(*ordered, unit_t *) = unit;
  }
  *out = units;
  return NULL;
}

static gk_json_t *counts_json(apr_int64_t total, gk_json_t *counts, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "total", total);
  gk_json_set(json, "subjects", counts);
  return json;
}

static gk_error_t *put_unit(gk_act_t *act, unit_t *unit)
{
  bool changed;
  gk_submission_t after = *unit->submission;
  for (gk_json_iter_t it = gk_json_first(unit->counts); it.key != NULL; gk_json_next(&it))
    if (gk_json_int_value(it.value) < 0 || unit->total < 0)
      return gk_error(act->pool, GK_E_CONFLICT, "机构 %s 上报的人数少于要退回的人数：请先查明原因",
                      "Unit %s handed in fewer than would be returned: find out why first",
                      gk_path_code(after.org.path, act->pool));
  after.total = unit->total;
  after.counts = gk_json_text_sorted(unit->counts, act->pool);
  GK_TRY(gk_return_store_recount(&changed, act, &after));
  if (!changed)
    return gk_submission__changed_meanwhile(act);
  return gk_audit(act, "submission.recount", "submission", after.id, after.version + 1, after.org.path,
                  counts_json(unit->submission->total, unit->before, act->pool), counts_json(unit->total, unit->counts, act->pool));
}

gk_error_t *gk_return__recount(gk_act_t *act, const apr_array_header_t *found, int sign, gk_submission_kind_t up_to)
{
  apr_hash_t *units;
  apr_array_header_t *ordered;
  if (found->nelts == 0)
    return NULL;
  GK_TRY(load_units(&units, &ordered, act, found));
  for (int i = 0; i < found->nelts; i++) {
    const gk_return_found_t *one = APR_ARRAY_IDX(found, i, const gk_return_found_t *);
    gk_paths_t above = gk_paths_of(one->org_path, act->pool);
    /* In the art submissions is who is art at a point whose own is open: what stands above is the sum of those. */
    bool art = one->art && apr_hash_get(units, unit_key(one->org_path, GK_SUBMIT_ART, act->pool), APR_HASH_KEY_STRING) != NULL;
    for (int n = 1; n < above.levels; n++)
      for (gk_submission_kind_t kind = art ? GK_SUBMIT_ART : GK_SUBMIT_ALL; kind <= up_to; kind++) {
        unit_t *unit = apr_hash_get(units, unit_key(above.at[n], kind, act->pool), APR_HASH_KEY_STRING);
        if (unit == NULL)
          continue;
        gk_submission__count(unit->counts, one->subject, sign);
        unit->total += sign;
        unit->touched = true;
      }
  }
  for (int i = 0; i < ordered->nelts; i++)
    if (APR_ARRAY_IDX(ordered, i, unit_t *)->touched)
      GK_TRY(put_unit(act, APR_ARRAY_IDX(ordered, i, unit_t *)));
  return NULL;
}

/* ---- applying -------------------------------------------------------------------------------------------- */

static gk_error_t *unlock(gk_act_t *act, const apr_array_header_t *found)
{
  apr_int64_t changed;
  gk_json_t *list = gk_json_array(act->pool);
  for (int i = 0; i < found->nelts; i++) {
    const gk_return_found_t *one = APR_ARRAY_IDX(found, i, const gk_return_found_t *);
    gk_json_t *pair = gk_json_array(act->pool);
    gk_json_add_int(pair, one->id);
    gk_json_add_int(pair, one->version);
    gk_json_add(list, pair);
  }
  GK_TRY(gk_return_store_unlock(&changed, act, gk_json_text(list, act->pool)));
  return changed == found->nelts ? NULL : gk_submission__changed_meanwhile(act);
}

/* Reason, void confirmation and the row of the record's history. */
static gk_error_t *give_back(gk_act_t *act, const gk_return_found_t *found, const char *reason)
{
  gk_json_t *body = gk_json_object(act->pool), *before = gk_json_object(act->pool), *after = gk_json_object(act->pool);
  gk_json_set_str(body, "reason", reason);
  gk_json_set_time(body, "at", act->now);
  GK_TRY(gk_store_review_part_put(act, found->id, PART, "open", body));
  GK_TRY(gk_store_confirmation_void(act, found->id, VOIDED));
  gk_json_set_str(before, "state", found->state);
  gk_json_set_str(after, "state", "filling");
  gk_json_set_str(after, "reason", reason);
  return gk_audit(act, "candidate.send_back", "candidate", found->id, found->version + 1, found->org_path, before, after);
}

static gk_json_t *org_json(apr_int64_t id, const char *code, const char *name, apr_pool_t *pool)
{
  return gk_org_brief_json(id, code, name, "point", pool);
}

static gk_json_t *item_json(const gk_return_row_t *row, const gk_return_found_t *found, bool applied, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *candidate = gk_json_object(pool);
  gk_json_set_int(candidate, "id", found->id);
  gk_json_set_str(candidate, "number", found->number);
  gk_json_set_str(candidate, "name", found->name);
  gk_json_set_str(candidate, "state", applied ? "filling" : found->state);
  gk_json_set_int(candidate, "version", found->version + applied);
  gk_json_set_int(json, "line", row->line);
  gk_json_set(json, "candidate", candidate);
  gk_json_set(json, "org", org_json(found->org_id, found->org_code, found->org_name, pool));
  gk_json_set_str(json, "reason", row->reason);
  return json;
}

static gk_json_t *report_json(const gk_return_list_t *list, const apr_array_header_t *found, bool applied, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *items = gk_json_array(pool);
  apr_hash_t *points = apr_hash_make(pool);
  apr_int64_t accepted = 0;
  for (int i = 0; i < found->nelts; i++) {
    const gk_return_found_t *one = APR_ARRAY_IDX(found, i, const gk_return_found_t *);
    accepted += strcmp(one->state, "accepted") == 0;
    apr_hash_set(points, one->org_path, APR_HASH_KEY_STRING, one);
    if (i < SHOWN)
      gk_json_add(items, item_json(&APR_ARRAY_IDX(list->rows, i, gk_return_row_t), one, applied, pool));
  }
  gk_json_set_bool(json, "applied", applied);
  gk_json_set_int(json, "candidates", found->nelts);
  gk_json_set_int(json, "accepted", accepted);
  gk_json_set_int(json, "points", apr_hash_count(points));
  gk_json_set(json, "items", items);
  return json;
}

static gk_error_t *apply_all(gk_act_t *act, const gk_return_list_t *list, const apr_array_header_t *found)
{
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_return__recount(act, found, -1, GK_SUBMIT_ALL)); /* submissions before candidates, as everywhere */
  GK_TRY(unlock(act, found));
  for (int i = 0; i < found->nelts; i++)
    GK_TRY(give_back(act, APR_ARRAY_IDX(found, i, const gk_return_found_t *),
                     APR_ARRAY_IDX(list->rows, i, gk_return_row_t).reason));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_int(after, "candidates", found->nelts);
  return gk_audit(act, "export.return_list", "season", act->season->id, 0, act->who->org_path, NULL, after);
}

gk_error_t *gk_return_apply(gk_json_t **report, gk_act_t *act, const gk_return_list_t *list, bool apply)
{
  apr_array_header_t *found;
  judge_t j = {act, NULL, 0, apr_hash_make(act->pool)};
  GK_TRY(gk_act_season(act));
  if (list->year != 0 && list->year != act->season->year)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这份名单属于 %d 年度，当前是 %d 年度",
                    "The list is of the season %d, this is %d", list->year, act->season->year);
  GK_TRY(gk_return_store_find(&found, act, list->rows));
  for (int i = 0; i < found->nelts; i++)
    judge(&j, &APR_ARRAY_IDX(list->rows, i, gk_return_row_t), APR_ARRAY_IDX(found, i, const gk_return_found_t *));
  if (j.error != NULL)
    return j.error;
  if (apply)
    GK_TRY(apply_all(act, list, found));
  *report = report_json(list, found, apply, act->pool);
  return NULL;
}

/* ---- showing --------------------------------------------------------------------------------------------- */

gk_error_t *gk_return_open(gk_json_t **items, apr_int64_t *next, gk_act_t *act, apr_int64_t org_id, apr_int64_t after, int limit)
{
  gk_submission_org_t org = {.path = act->who->org_path};
  GK_TRY(gk_act_season(act));
  if (org_id != 0)
    GK_TRY(gk_submission_store_org(&org, act, org_id));
  return gk_return_store_open(items, next, act, &org, after, limit);
}

gk_error_t *gk_return_of(gk_json_t **out, gk_act_t *act, const gk_candidate_t *candidate)
{
  *out = NULL;
  return candidate->returned != 0 && !candidate->erased ? gk_store_review_part_get(out, act, candidate->id, PART) : NULL;
}
