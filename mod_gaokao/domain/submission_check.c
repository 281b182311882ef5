/* domain/submission_check.c: what hinders a submission (submission.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/part.h"
#include "domain/submission_internal.h"

static bool was_submitted(const char *state)
{
  return strcmp(state, "submitted") == 0 || strcmp(state, "accepted") == 0;
}

typedef struct scan_t {
  gk_act_t *act;
  gk_check_t *check;
} scan_t;

static void miss(gk_check_item_t *item, apr_pool_t *pool, const char *code, const char *zh, const char *en)
{
  APR_ARRAY_PUSH(item->missing, gk_missing_t) =
      (gk_missing_t){apr_pstrdup(pool, code), apr_pstrdup(pool, zh), apr_pstrdup(pool, en)};
}

/* State, papers, fee, review: what the columns say. */
static void judge_columns(gk_check_item_t *item, const gk_candidate_t *candidate, bool photo, apr_pool_t *pool)
{
  if (strcmp(candidate->state, "waiting") == 0)
    miss(item, pool, "not-approved", "等待市州批准", "Waiting for the city's approval");
  else if (strcmp(candidate->state, "confirmed") != 0 && !was_submitted(candidate->state))
    miss(item, pool, "not-confirmed",
         apr_psprintf(pool, "还没有确认签字（现在：%s）", gk_state_zh(candidate->state)),
         apr_psprintf(pool, "Not confirmed yet (now: %s)", gk_state_en(candidate->state)));
  if (strcmp(candidate->papers_state, "complete") != 0)
    miss(item, pool, "papers", "报名材料不齐", "Papers are not complete");
  if (strcmp(candidate->fee_state, "paid") != 0)
    miss(item, pool, "fee", "没有缴清报名考试费", "The fee is not paid in full");
  if (strcmp(candidate->review_state, "passed") != 0)
    miss(item, pool, "review", "资格审查没有通过", "The review of eligibility is not passed");
  if (photo && strcmp(candidate->photo_state, "accepted") != 0)
    miss(item, pool, "photo", "没有通过的照片", "There is no accepted photo");
}

static void miss_part(gk_check_item_t *item, const gk_part_t *part, const char *state, apr_pool_t *pool)
{
  const char *zh = "还没有录入", *en = "not entered yet";
  if (strcmp(state, "partial") == 0) {
    zh = "没有填完";
    en = "not complete";
  } else if (strcmp(state, "entered") == 0) {
    zh = "还没有审核";
    en = "not decided yet";
  }
  miss(item, pool, part->id, apr_psprintf(pool, "%s%s", part->name.zh, zh),
       apr_psprintf(pool, "%s: %s", part->name.en, en));
}

/* Parts and rules. Runs in the row's pool, what is found is kept in the act's. */
static gk_error_t *judge_document(gk_check_item_t *item, const scan_t *scan, gk_candidate_t *candidate,
                                  apr_pool_t *row_pool)
{
  gk_act_t act = *scan->act;
  const gk_pack_t *pack = act.season->pack;
  apr_pool_t *pool = scan->act->pool;
  gk_document_t *document;
  apr_array_header_t *needed, *verdicts;
  bool all_parts = true;
  act.pool = row_pool;
  GK_TRY(gk_candidate_document(&document, candidate, row_pool));
  const char *exam_type = gk_document_get(document, "exam_type");
  item->exam_type = exam_type != NULL ? apr_pstrdup(pool, exam_type) : NULL;
  gk_json_t *derived = gk_candidate_derived(&act, candidate, document);
  for (int i = 0; i < pack->parts->nelts; i++) {
    const gk_part_t *part = &APR_ARRAY_IDX(pack->parts, i, gk_part_t);
    const char *state = gk_part_state(candidate, part->id);
    all_parts = all_parts && state != NULL && gk_part_done(part->id, state);
  }
  if (!all_parts) {
    GK_TRY(gk_policy_ask(act.season->rules, document, derived,
                         scan->check->kind == GK_SUBMIT_ART ? GK_ASK_PARTS_ART : GK_ASK_PARTS_ALL, &needed,
                         row_pool));
    for (int i = 0; i < needed->nelts; i++) {
      const gk_part_t *part = gk_pack_part(pack, APR_ARRAY_IDX(needed, i, const char *));
      const char *state = part != NULL ? gk_part_state(candidate, part->id) : NULL;
      if (state != NULL && !gk_part_done(part->id, state))
        miss_part(item, part, state, pool);
    }
  }
  GK_TRY(gk_policy_evaluate(act.season->rules, document, derived, GK_STAGE_SUBMIT, gk_date_of(act.now),
                            &verdicts, row_pool));
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (verdict->severity == GK_SEVERITY_ERROR)
      miss(item, pool, verdict->rule, verdict->zh, verdict->en);
  }
  return NULL;
}

static gk_error_t *judge(void *baton, gk_candidate_t *candidate, const char *confirmation,
                         apr_pool_t *row_pool)
{
  scan_t *scan = baton;
  apr_pool_t *pool = scan->act->pool;
  gk_check_item_t *item = apr_array_push(scan->check->items);
  *item = (gk_check_item_t){.id = candidate->id,
                            .version = candidate->version,
                            .number = apr_pstrdup(pool, candidate->number),
                            .candidate_number = apr_pstrdup(pool, candidate->candidate_number),
                            .name = apr_pstrdup(pool, candidate->name),
                            .subject = apr_pstrdup(pool, candidate->subject),
                            .state = apr_pstrdup(pool, candidate->state),
                            .confirmation = apr_pstrdup(pool, confirmation),
                            .art = candidate->art,
                            .returned = candidate->returned != 0,
                            .missing = apr_array_make(pool, 0, sizeof(gk_missing_t))};
  const char *required = scan->act->season->pack->photo.required;
  bool photo = strcmp(required, "no") != 0 && (strcmp(required, "all") != 0 || scan->check->kind == GK_SUBMIT_ALL);
  judge_columns(item, candidate, photo, pool);
  if (strcmp(candidate->state, "confirmed") == 0 || was_submitted(candidate->state))
    GK_TRY(judge_document(item, scan, candidate, row_pool));
  scan->check->live++;
  scan->check->incomplete += item->missing->nelts > 0;
  return NULL;
}

/* ",3,7,": the pack's art subjects; "" for all. */
static const char *subjects_of(const gk_pack_t *pack, gk_submission_kind_t kind, apr_pool_t *pool)
{
  const char *list = ",";
  if (kind == GK_SUBMIT_ALL)
    return "";
  for (int i = 0; i < pack->subjects->nelts; i++) {
    const gk_subject_t *subject = &APR_ARRAY_IDX(pack->subjects, i, gk_subject_t);
    if (subject->art)
      list = apr_pstrcat(pool, list, subject->code, ",", NULL);
  }
  return list;
}

bool gk_check_child_ready(const gk_check_child_t *child)
{
  return strcmp(child->state, "accepted") == 0 && child->total == child->live;
}

gk_error_t *gk_submission_check(gk_check_t *out, gk_act_t *act, apr_int64_t org_id, gk_submission_kind_t kind)
{
  gk_check_t check = {.kind = kind};
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_submission_store_org(&check.org, act, org_id != 0 ? org_id : act->who->org_id));
  check.items = apr_array_make(act->pool, 64, sizeof(gk_check_item_t));
  check.children = apr_array_make(act->pool, 0, sizeof(gk_check_child_t));
  if (strcmp(check.org.level, "point") == 0) {
    scan_t scan = {act, &check};
    GK_TRY(gk_submission_store_candidates(act, &check.org, kind == GK_SUBMIT_ART, false, judge, &scan));
  } else {
    GK_TRY(gk_submission_store_children(&check.children, act, &check.org, kind,
                                        subjects_of(act->season->pack, kind, act->pool)));
    for (int i = 0; i < check.children->nelts; i++) {
      const gk_check_child_t *child = &APR_ARRAY_IDX(check.children, i, gk_check_child_t);
      check.live += child->live;
      check.incomplete += !gk_check_child_ready(child);
    }
  }
  *out = check;
  return NULL;
}

gk_error_t *gk_submission__check_returned(gk_check_t *out, gk_act_t *act, gk_submission_kind_t kind)
{
  gk_check_t check = {.kind = kind};
  scan_t scan = {act, &check};
  GK_TRY(gk_submission_store_org(&check.org, act, act->who->org_id));
  check.items = apr_array_make(act->pool, 16, sizeof(gk_check_item_t));
  check.children = apr_array_make(act->pool, 0, sizeof(gk_check_child_t));
  GK_TRY(gk_submission_store_candidates(act, &check.org, kind == GK_SUBMIT_ART, true, judge, &scan));
  *out = check;
  return NULL;
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static gk_json_t *org_json(const gk_submission_org_t *org, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", org->id);
  gk_json_set_str(json, "code", org->code);
  gk_json_set_str(json, "name", org->name);
  gk_json_set_str(json, "level", org->level);
  return json;
}

static gk_json_t *item_json(const gk_check_item_t *item, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *candidate = gk_json_object(pool), *missing = gk_json_array(pool);
  gk_json_set_int(candidate, "id", item->id);
  gk_json_set_str(candidate, "number", item->number);
  gk_json_set_str(candidate, "name", item->name);
  gk_json_set_str(candidate, "subject", item->subject);
  gk_json_set_str(candidate, "state", item->state);
  gk_json_set(json, "candidate", candidate);
  for (int i = 0; i < item->missing->nelts; i++) {
    const gk_missing_t *one = &APR_ARRAY_IDX(item->missing, i, gk_missing_t);
    gk_json_t *entry = gk_json_object(pool);
    gk_json_set_str(entry, "code", one->code);
    gk_json_set_str(entry, "zh", one->zh);
    gk_json_set_str(entry, "en", one->en);
    gk_json_add(missing, entry);
  }
  gk_json_set(json, "missing", missing);
  return json;
}

static gk_json_t *child_json(const gk_check_child_t *child, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set(json, "org", org_json(&child->org, pool));
  gk_json_set_bool(json, "enabled", child->enabled);
  gk_json_set_bool(json, "ready", gk_check_child_ready(child));
  gk_json_set_int(json, "live", child->live);
  gk_json_set_str(json, "state", child->state);
  gk_json_set_id(json, "submission_id", child->submission_id);
  gk_json_set_int(json, "total", child->total);
  return json;
}

gk_json_t *gk_check_json(const gk_check_t *check, const char *cursor, int limit, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *items = gk_json_array(pool);
  const char *next = NULL;
  int given = 0;
  bool behind = cursor == NULL;
  for (int i = 0; i < check->items->nelts && next == NULL; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    if (behind && item->missing->nelts > 0) {
      gk_json_add(items, item_json(item, pool));
      if (++given == limit)
        next = apr_psprintf(pool, "%" APR_INT64_T_FMT, item->id);
    }
    behind = behind || item->id == apr_atoi64(cursor);
  }
  for (int i = 0; i < check->children->nelts && next == NULL; i++) {
    const gk_check_child_t *child = &APR_ARRAY_IDX(check->children, i, gk_check_child_t);
    if (cursor != NULL && strcmp(child->org.code, cursor) <= 0)
      continue;
    gk_json_add(items, child_json(child, pool));
    if (++given == limit)
      next = child->org.code;
  }
  gk_json_set(json, "org", org_json(&check->org, pool));
  gk_json_set_str(json, "kind", gk_submission_kind_word(check->kind));
  gk_json_set_bool(json, "ready", check->live > 0 && check->incomplete == 0);
  gk_json_set_int(json, "live", check->live);
  gk_json_set_int(json, "incomplete", check->incomplete);
  gk_json_set(json, "items", items);
  gk_json_set_str(json, "next", next);
  return json;
}
