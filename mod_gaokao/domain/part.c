/* domain/part.c: see part.h. */
#include "domain/part.h"

#include <stddef.h>
#include <string.h>

static const struct {
  const char *kind;
  gk_action_t action;
  apr_size_t column;            /* of gk_candidate_t */
} kinds[] = {
    {"appraisal", GK_ACTION_appraisal_write, offsetof(gk_candidate_t, appraisal_state)},
    {"examination", GK_ACTION_examination_write, offsetof(gk_candidate_t, examination_state)},
    {"grades", GK_ACTION_grades_write, offsetof(gk_candidate_t, grades_state)},
    {"bonus", GK_ACTION_bonus_write, offsetof(gk_candidate_t, bonus_state)},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static int kind_index(const char *kind)
{
  for (int i = 0; i < KINDS; i++)
    if (strcmp(kinds[i].kind, kind) == 0)
      return i;
  return -1;
}

const char *gk_part_state(const gk_candidate_t *candidate, const char *kind)
{
  int i = kind_index(kind);
  return i < 0 ? NULL : *(const char *const *)((const char *)candidate + kinds[i].column);
}

bool gk_part_done(const char *kind, const char *state)
{
  if (strcmp(kind, "bonus") == 0)
    return strcmp(state, "approved") == 0 || strcmp(state, "refused") == 0;
  return strcmp(state, "entered") == 0;
}

gk_json_t *gk_part_json(const gk_part_row_t *row, const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  const gk_part_t *part = gk_pack_part(pack, row->kind);
  gk_json_set_str(json, "id", row->kind);
  if (part != NULL) {
    gk_json_t *name = gk_json_object(pool);
    gk_json_set_str(name, "zh", part->name.zh);
    gk_json_set_str(name, "en", part->name.en);
    gk_json_set(json, "name", name);
  }
  gk_json_set_str(json, "state", row->state);
  gk_json_set(json, "fields", gk_document_json(row->fields));
  gk_json_set(json, "decision", row->decision);
  gk_json_set_int(json, "version", row->version);
  gk_json_set_id(json, "updated_by", row->updated_by);
  gk_json_set_time(json, "updated_at", row->updated);
  return json;
}

/* The stored row of a kind, or an empty one. */
static gk_part_row_t row_of(const apr_array_header_t *rows, const char *kind, apr_pool_t *pool)
{
  for (int i = 0; i < rows->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(rows, i, gk_part_row_t).kind, kind) == 0)
      return APR_ARRAY_IDX(rows, i, gk_part_row_t);
  return (gk_part_row_t){.kind = kind, .state = "none", .fields = gk_document_new(pool)};
}

gk_error_t *gk_parts_read(apr_array_header_t **parts, gk_candidate_t **candidate, gk_act_t *act,
                          apr_int64_t id)
{
  apr_array_header_t *rows;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_read(candidate, act, id));
  GK_TRY(gk_part_store_list(&rows, act, id));
  const apr_array_header_t *known = act->season->pack->parts;
  apr_array_header_t *all = apr_array_make(act->pool, known->nelts, sizeof(gk_part_row_t));
  for (int i = 0; i < known->nelts; i++)
    APR_ARRAY_PUSH(all, gk_part_row_t) = row_of(rows, APR_ARRAY_IDX(known, i, gk_part_t).id, act->pool);
  *parts = all;
  return NULL;
}

/* A submitted record takes parts only while its point has not submitted everybody. */
static gk_error_t *check_open(gk_act_t *act, gk_action_t action, const gk_candidate_t *candidate)
{
  GK_TRY(gk_access_check(act, action, candidate->state, candidate->org_path, candidate->id));
  if (strcmp(candidate->state, "submitted") != 0 && strcmp(candidate->state, "accepted") != 0)
    return NULL;
  bool closed = true;
  if (candidate->art)
    GK_TRY(gk_part_store_closed(&closed, act, candidate->org_path));
  if (!closed)
    return NULL;
  return gk_error(
      act->pool, GK_E_WRONG_STATE, "该考生已经上报，信息已锁定；确需修改，请联系上级退回上报。",
      "This candidate has been submitted and is locked. To change something, ask the level above to return "
      "the submission.");
}

struct gk_part_work_t {
  const gk_part_t *part;
  gk_candidate_t *candidate;
  gk_part_row_t before, after;
  apr_array_header_t *verdicts;
  const char *action; /* of the audit row */
};
typedef gk_part_work_t work_t;

static gk_error_t *load(work_t *work, gk_act_t *act, gk_action_t action, const char *kind, gk_candidate_t *candidate)
{
  apr_array_header_t *rows;
  GK_TRY(gk_act_season(act));
  work->candidate = candidate;
  work->part = gk_pack_part(act->season->pack, kind);
  if (work->part == NULL)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本年度不采集这一项。", "This season does not collect this.");
  GK_TRY(check_open(act, action, work->candidate));
  GK_TRY(gk_part_store_list(&rows, act, candidate->id));
  work->before = row_of(rows, kind, act->pool);
  work->after = work->before;
  work->after.updated_by = act->who->account_id;
  work->after.updated = act->now;
  return NULL;
}

/* An instrument of the examination enters what its county may: the county enrolled it (domain/device.c). */
static const char *editor(const gk_act_t *act)
{
  return gk_role_name(act->who->role == GK_ROLE_DEVICE ? GK_ROLE_COUNTY : act->who->role);
}

/* Applies `fields` and finds what is still missing. */
static gk_error_t *apply(work_t *work, gk_act_t *act, gk_json_t *fields)
{
  gk_document_t *document;
  if (fields != NULL)
    GK_TRY(gk_document_apply_part(&work->after.fields, work->before.fields, fields, act->season->pack,
                                  work->part, editor(act), work->candidate->state, "/fields",
                                  act->pool));
  GK_TRY(gk_candidate_document(&document, work->candidate, act->pool));
  return gk_policy_evaluate_part(act->season->rules, document,
                                 gk_candidate_derived(act, work->candidate, document), work->part,
                                 work->after.fields, gk_date_of(act->now), &work->verdicts, act->pool);
}

static gk_json_t *audit_json(const gk_part_row_t *row, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "part", row->kind);
  gk_json_set_str(json, "state", row->state);
  gk_json_set(json, "fields", gk_document_json(row->fields));
  if (row->decision != NULL)
    gk_json_set(json, "decision", row->decision);
  return json;
}

static gk_error_t *store(work_t *work, gk_act_t *act, const char *action)
{
  bool changed;
  gk_candidate_t *candidate = work->candidate;
  work->after.version = work->before.version + 1;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_part_store_put(&changed, act, candidate->id, candidate->version, &work->after));
  if (!changed) {
    gk_candidate_t *now;
    GK_TRY(gk_candidate_get(&now, act, candidate->id));
    return gk_stale(act, now->version);
  }
  candidate->version++;
  *(const char **)((char *)candidate + kinds[kind_index(work->after.kind)].column) = work->after.state;
  return gk_audit(act, action, "candidate", candidate->id, candidate->version, candidate->org_path,
                  audit_json(&work->before, act->pool), audit_json(&work->after, act->pool));
}

static const char *const put_actions[KINDS] = {"candidate.appraisal", "candidate.examination",
                                               "candidate.grades", "candidate.bonus"};

static void settle(work_t *work)
{
  work->after.state = work->verdicts->nelts == 0 ? "entered" : "partial";
  work->after.decision = NULL;
  if (work->before.decision != NULL && gk_document_equal(work->before.fields, work->after.fields)) {
    work->after.state = work->before.state;
    work->after.decision = work->before.decision;
  }
}

gk_error_t *gk_part_put(gk_candidate_t **candidate, gk_part_row_t *out, apr_array_header_t **verdicts,
                        gk_act_t *act, const char *kind, apr_int64_t id, apr_int64_t version,
                        gk_json_t *fields)
{
  work_t work = {0};
  int i = kind_index(kind);
  gk_candidate_t *now;
  GK_TRY(gk_candidate_load(&now, act, id, version));
  GK_TRY(load(&work, act, kinds[i].action, kind, now));
  GK_TRY(apply(&work, act, fields));
  settle(&work);
  GK_TRY(store(&work, act, put_actions[i]));
  *candidate = work.candidate;
  *out = work.after;
  *verdicts = work.verdicts;
  return NULL;
}

/* After the fields were applied. */
static gk_error_t *decide(work_t *work, gk_act_t *act, bool approve, const char *reason)
{
  gk_error_t *error = NULL;
  if (approve && gk_verdicts_to_error(&error, GK_E_INCOMPLETE, work->verdicts, NULL, act->pool))
    return error;
  gk_json_t *decision = gk_json_object(act->pool);
  gk_json_set_str(decision, "verdict", approve ? "approve" : "refuse");
  gk_json_set_str(decision, "reason", reason);
  gk_json_set_int(decision, "by", act->who->account_id);
  gk_json_set_time(decision, "at", act->now);
  work->after.state = approve ? "approved" : "refused";
  work->after.decision = decision;
  return NULL;
}

static gk_error_t *no_reason(gk_act_t *act)
{
  gk_error_t *error = NULL;
  gk_violation(&error, act->pool, "/reason", "required", "不予照顾的，请写明原因。", "Give the reason for refusing.");
  return error;
}

/* After the fields were applied: the part was never saved, and an empty patch is no entry. */
static gk_error_t *check_entered(const work_t *work, gk_act_t *act)
{
  if (work->before.version != 0 || !gk_document_equal(work->before.fields, work->after.fields))
    return NULL;
  return gk_error(act->pool, GK_E_WRONG_STATE, "报名点还没有录入照顾材料，暂时不能审核。",
                  "The point has entered nothing about a bonus yet, so there is nothing to decide.");
}

gk_error_t *gk_part_decide(gk_candidate_t **candidate, gk_part_row_t *out, gk_act_t *act, apr_int64_t id,
                           apr_int64_t version, bool approve, const char *reason, gk_json_t *fields)
{
  work_t work = {0};
  if (!approve && reason == NULL)
    return no_reason(act);
  gk_candidate_t *now;
  GK_TRY(gk_candidate_load(&now, act, id, version));
  GK_TRY(load(&work, act, GK_ACTION_bonus_decide, "bonus", now));
  GK_TRY(apply(&work, act, fields));
  GK_TRY(check_entered(&work, act));
  GK_TRY(decide(&work, act, approve, reason));
  GK_TRY(store(&work, act, "candidate.bonus_decision"));
  *candidate = work.candidate;
  *out = work.after;
  return NULL;
}

/* ---- for imports ------------------------------------------------------------------------------------------- */

/* The decision that is there says the same already. */
static bool decided_so(const work_t *work, const gk_part_wish_t *wish)
{
  const char *verdict = work->before.decision != NULL ? gk_json_str(work->before.decision, "verdict") : NULL;
  return verdict != NULL && strcmp(verdict, wish->verdict) == 0 && gk_document_equal(work->before.fields, work->after.fields);
}

gk_error_t *gk_part_try(gk_part_work_t **out, gk_act_t *act, const gk_part_wish_t *wish)
{
  work_t *work = apr_pcalloc(act->pool, sizeof(*work));
  int i = kind_index(wish->kind);
  gk_action_t action = wish->verdict != NULL ? GK_ACTION_bonus_decide : kinds[i].action;
  if (!gk_access_allows(action, act->who->role))
    return gk_error(act->pool, GK_E_FORBIDDEN, "审核结果由县市区或市州招考机构填写，您的身份不能导入这一列",
                    "County or city decide about a bonus: your role may not import this column");
  if (wish->verdict != NULL && strcmp(wish->verdict, "refuse") == 0 && wish->reason == NULL)
    return no_reason(act);
  GK_TRY(load(work, act, action, wish->kind, wish->candidate));
  GK_TRY(apply(work, act, wish->fields));
  if (wish->verdict != NULL)
    GK_TRY(check_entered(work, act));
  work->action = put_actions[i];
  settle(work);
  if (wish->verdict != NULL && !decided_so(work, wish)) {
    GK_TRY(decide(work, act, wish->verdict[0] == 'a', wish->reason));
    work->action = "candidate.bonus_decision";
  }
  *out = work;
  return NULL;
}

const gk_part_row_t *gk_part_work_before(const gk_part_work_t *work) { return &work->before; }
const gk_part_row_t *gk_part_work_after(const gk_part_work_t *work) { return &work->after; }

gk_error_t *gk_part_do(gk_part_work_t *work, gk_act_t *act) { return store(work, act, work->action); }

gk_error_t *gk_part_back(gk_part_work_t **out, gk_act_t *act, const char *kind, apr_int64_t id)
{
  work_t *work = apr_pcalloc(act->pool, sizeof(*work));
  int i = kind_index(kind);
  gk_candidate_t *now;
  GK_TRY(gk_candidate_get(&now, act, id));
  GK_TRY(load(work, act, kinds[i].action, kind, now));
  work->action = put_actions[i];
  *out = work;
  return NULL;
}

gk_error_t *gk_part_back_to(gk_part_work_t *work, gk_act_t *act, gk_document_t *fields, bool whole, const char *state,
                            gk_json_t *decision)
{
  work->after.fields = fields;
  GK_TRY(apply(work, act, NULL));
  settle(work);
  if (!whole)
    return NULL;
  work->after.state = state;
  work->after.decision = decision;
  return NULL;
}
