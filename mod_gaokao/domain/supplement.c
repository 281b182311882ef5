/* domain/supplement.c: a point hands in again what the province returned (returns.h). */
#include "domain/returns.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/audit_seal.h"
#include "domain/submission_internal.h"

enum { LISTED = 100 };

static gk_json_t *brief(const gk_check_item_t *item, const char *state, apr_int64_t version, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", item->id);
  gk_json_set_str(json, "number", item->number);
  gk_json_set_str(json, "name", item->name);
  gk_json_set_str(json, "state", state);
  gk_json_set_int(json, "version", version);
  return json;
}

static gk_json_t *waiting_json(const gk_check_item_t *item, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *missing = gk_json_array(pool);
  for (int i = 0; i < item->missing->nelts; i++) {
    const gk_missing_t *one = &APR_ARRAY_IDX(item->missing, i, gk_missing_t);
    gk_json_t *entry = gk_json_object(pool);
    gk_json_set_str(entry, "code", one->code);
    gk_json_set_str(entry, "zh", one->zh);
    gk_json_set_str(entry, "en", one->en);
    gk_json_add(missing, entry);
  }
  gk_json_set(json, "candidate", brief(item, item->state, item->version, pool));
  gk_json_set(json, "missing", missing);
  return json;
}

/* Which of the point's submissions are open; NULL where there is none. */
typedef struct open_t {
  const char *all, *art;
} open_t;

static gk_error_t *find_open(open_t *out, gk_act_t *act)
{
  if (strcmp(act->who->org_level, "point") != 0)
    return gk_error(act->pool, GK_E_FORBIDDEN, "补报由报名点办理。", "It is the point that hands in again.");
  GK_TRY(gk_submission_store_open(&out->all, act, act->who->org_path, GK_SUBMIT_ALL));
  GK_TRY(gk_submission_store_open(&out->art, act, act->who->org_path, GK_SUBMIT_ART));
  if (out->all == NULL && out->art == NULL)
    return gk_error(act->pool, GK_E_WRONG_STATE, "本报名点现在没有上报（可能已整体退回）：请直接上报全部，退回的考生也在其中。",
                    "Nothing of this point is handed in now (all was returned, perhaps): submit as usual, those returned "
                    "are part of it.");
  return NULL;
}

/* Splits those returned into `ready` (a check of just them) and those that wait. */
static void split(gk_check_t *ready, apr_array_header_t *waiting, const gk_check_t *check, const open_t *open)
{
  for (int i = 0; i < check->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    if (!item->returned || (open->all == NULL && !item->art))
      continue;
    if (item->missing->nelts > 0 || strcmp(item->state, "confirmed") != 0) {
      APR_ARRAY_PUSH(waiting, const gk_check_item_t *) = item;
      continue;
    }
    APR_ARRAY_PUSH(ready->items, gk_check_item_t) = *item;
    ready->live++;
  }
}

static gk_error_t *none_ready(gk_act_t *act, const apr_array_header_t *waiting)
{
  if (waiting->nelts == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "没有被省里退回、等待补报的考生。", "Nobody returned by the province waits here.");
  gk_error_t *error = gk_error(act->pool, GK_E_INCOMPLETE, "退回的 %d 名考生都还没有更正完：请逐一处理并重新确认签字，再补报。",
                               "None of the %d returned candidates is ready: correct them, have them signed again, then "
                               "hand them in.", waiting->nelts);
  for (int i = 0; i < waiting->nelts && i < LISTED; i++) {
    const gk_check_item_t *item = APR_ARRAY_IDX(waiting, i, const gk_check_item_t *);
    const gk_missing_t *first = &APR_ARRAY_IDX(item->missing, 0, gk_missing_t);
    gk_violation_text(&error, act->pool, apr_psprintf(act->pool, "/candidates/%" APR_INT64_T_FMT, item->id), first->code,
                      apr_psprintf(act->pool, "%s %s：%s", item->number, item->name, first->zh),
                      apr_psprintf(act->pool, "%s %s: %s", item->number, item->name, first->en));
  }
  return error;
}

apr_array_header_t *gk_return__locked(gk_act_t *act, const gk_check_t *check, bool art_only)
{
  apr_array_header_t *found = apr_array_make(act->pool, 8, sizeof(const gk_return_found_t *));
  for (int i = 0; i < check->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    if (strcmp(item->state, "confirmed") != 0 || (art_only && !item->art))
      continue;
    gk_return_found_t *one = apr_pcalloc(act->pool, sizeof(*one));
    *one = (gk_return_found_t){.id = item->id, .subject = item->subject, .art = item->art, .org_path = check->org.path};
    APR_ARRAY_PUSH(found, const gk_return_found_t *) = one;
  }
  return found;
}

static gk_error_t *lock(gk_act_t *act, const gk_check_t *ready)
{
  const char *rows;
  apr_int64_t wanted, locked;
  GK_TRY(gk_submission__number(&rows, &wanted, act, ready));
  GK_TRY(gk_submission_store_lock(&locked, act, rows));
  return locked == wanted ? NULL : gk_submission__changed_meanwhile(act);
}

static gk_error_t *record(gk_act_t *act, const gk_check_t *ready)
{
  gk_submission_t summary = {.kind = GK_SUBMIT_ALL};
  gk_json_t *counts, *after = gk_json_object(act->pool);
  for (int i = 0; i < ready->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(ready->items, i, gk_check_item_t);
    gk_json_t *was = gk_json_object(act->pool), *is = gk_json_object(act->pool);
    gk_json_set_str(was, "state", item->state);
    gk_json_set_str(is, "state", "submitted");
    GK_TRY(gk_audit(act, "candidate.submit_again", "candidate", item->id, item->version + 1, act->who->org_path, was, is));
  }
  gk_submission__summarise(&summary, ready, act->pool);
  GK_TRY(gk_audit_anchor(&summary.anchor, act->db, act->pool));
  GK_TRY(gk_json_parse(&counts, summary.counts, strlen(summary.counts), act->pool));
  gk_json_set_int(after, "total", summary.total);
  gk_json_set(after, "subjects", counts);
  gk_json_set_str(after, "digest", summary.digest);
  gk_json_set_str(after, "audit_anchor", summary.anchor);
  return gk_audit(act, "submission.supplement", "org", act->who->org_id, 0, act->who->org_path, NULL, after);
}

gk_error_t *gk_return_supplement(gk_json_t **report, gk_act_t *act)
{
  open_t open;
  gk_check_t check, ready;
  apr_array_header_t *waiting = apr_array_make(act->pool, 8, sizeof(const gk_check_item_t *));
  GK_TRY(gk_act_season(act));
  GK_TRY(find_open(&open, act));
  GK_TRY(gk_submission__check_returned(&check, act, open.all != NULL ? GK_SUBMIT_ALL : GK_SUBMIT_ART));
  ready = (gk_check_t){.org = check.org, .kind = check.kind, .items = apr_array_make(act->pool, 8, sizeof(gk_check_item_t)),
                       .children = apr_array_make(act->pool, 0, sizeof(gk_check_child_t))};
  split(&ready, waiting, &check, &open);
  if (ready.items->nelts == 0)
    return none_ready(act, waiting);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_return__recount(act, gk_return__locked(act, &ready, false), 1, GK_SUBMIT_ALL));
  GK_TRY(lock(act, &ready));
  GK_TRY(record(act, &ready));
  gk_json_t *json = gk_json_object(act->pool), *done = gk_json_array(act->pool), *rest = gk_json_array(act->pool);
  for (int i = 0; i < ready.items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(ready.items, i, gk_check_item_t);
    gk_json_add(done, brief(item, "submitted", item->version + 1, act->pool));
  }
  for (int i = 0; i < waiting->nelts; i++)
    gk_json_add(rest, waiting_json(APR_ARRAY_IDX(waiting, i, const gk_check_item_t *), act->pool));
  gk_json_set_int(json, "submitted", ready.items->nelts);
  gk_json_set(json, "candidates", done);
  gk_json_set(json, "waiting", rest);
  *report = json;
  return NULL;
}
