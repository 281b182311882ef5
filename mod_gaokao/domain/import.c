/* domain/import.c: what a row would change, doing it, taking it back (import.h). */
#include "domain/import.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/confirm.h"
#include "domain/watch.h"

static bool is(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

bool gk_import_bad(const char *verdict) { return !is(verdict, "change") && !is(verdict, "create") && !is(verdict, "same"); }

static const char *value(const gk_import_row_t *row, const char *id) { return gk_json_str(row->values, id); }

/* ---- from errors to verdicts ----------------------------------------------------------------------------------- */

/* "/fields/grade_maths" and "/parts/bonus/points" are of their last step. */
static const char *field_of(const char *pointer)
{
  const char *slash = strrchr(pointer, '/');
  return slash != NULL ? slash + 1 : pointer;
}

/* What the single act would have said is the row's verdict; faults of the house stay errors. */
static gk_error_t *take(gk_import_row_t *row, const gk_error_t *error)
{
  switch (error->code) {
  case GK_E_WINDOW_CLOSED: row->verdict = "closed"; break;
  case GK_E_WRONG_STATE: row->verdict = "stage"; break;
  case GK_E_NOT_FOUND: row->verdict = "outside"; break;
  case GK_E_INVALID:
  case GK_E_INCOMPLETE:
  case GK_E_RULE_FAILED:
  case GK_E_DUPLICATE:
  case GK_E_FORBIDDEN:
  case GK_E_CONFLICT:
  case GK_E_RANGE_FULL:
  case GK_E_GONE: row->verdict = "invalid"; break;
  default: return (gk_error_t *)error;
  }
  const gk_error_info_t *info = gk_error_info(error->code);
  int n = error->violations != NULL ? error->violations->nelts : 0;
  for (int i = 0; i < n; i++) {
    const gk_violation_t *v = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    gk_import_fault(row->faults, field_of(v->pointer), v->code, v->zh, v->en);
  }
  if (n == 0)
    gk_import_fault(row->faults, NULL, info->slug, error->zh != NULL ? error->zh : info->zh, error->en != NULL
        ? error->en : info->en);
  return NULL;
}

static void verdict(gk_import_row_t *row, const char *word, const char *field, const char *zh, const char *en)
{
  row->verdict = word;
  gk_import_fault(row->faults, field, word, zh, en);
}

/* ---- whose row it is ------------------------------------------------------------------------------------------- */

typedef struct found_t {
  apr_int64_t id;       /* 0: nobody's */
  const char *org_path;
  bool by_id;           /* by the ID number: it says that somebody is registered */
  gk_error_t *former;   /* the number is one that a record had before its correction: nobody can be made of it */
} found_t;

static gk_error_t *find(found_t *out, const gk_import_row_t *row, gk_act_t *act)
{
  gk_candidate_place_t place;
  const char *number = value(row, "number"), *candidate_number = value(row, "candidate_number"),
      *id_number = value(row, "id_number");
  *out = (found_t){0, NULL, false, NULL};
  if (number != NULL)
    return gk_import_store_find(&out->id, &out->org_path, act, GK_IMPORT_NUMBER, number);
  if (candidate_number != NULL)
    return gk_import_store_find(&out->id, &out->org_path, act, GK_IMPORT_CANDIDATE_NUMBER, candidate_number);
  if (id_number == NULL)
    return NULL;
  const char *type = value(row, "id_type");
  GK_TRY(gk_candidate_place(&place, act, gk_candidate_id_index(act, type != NULL ? type : "1", id_number)));
  if (place.id != 0 && place.former)
    out->former = gk_candidate_duplicate(act, &place);
  else if (place.id != 0)
    *out = (found_t){place.id, place.org_path, true, NULL};
  return NULL;
}

/* Without blanks: 张　三 is 张三. */
static const char *bare(const char *name, apr_pool_t *pool)
{
  const char *text = gk_text_name(pool, name);
  char *out = apr_palloc(pool, strlen(text) + 1), *to = out;
  for (; *text != '\0'; text++)
    if (*text != ' ')
      *to++ = *text;
  *to = '\0';
  return out;
}

/* The other columns that say who it is agree with the record: a row that slipped is seen. */
static gk_error_t *same_person(gk_import_row_t *row, gk_act_t *act, gk_candidate_t *candidate)
{
  gk_document_t *document;
  const char *name = value(row, "name"), *id_number = value(row, "id_number");
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  const char *own = gk_document_get(document, "id_number");
  if (name != NULL && !is(bare(name, act->pool), bare(candidate->name, act->pool)))
    verdict(row, "invalid", "name", apr_psprintf(act->pool, "姓名：表中是“%s”，该考生是“%s”，请核对是否错行", name, candidate->name),
            apr_psprintf(act->pool, "Name: the table says '%s', the record '%s': has a row slipped?", name, candidate->name));
  if (id_number != NULL && own != NULL && !is(id_number, own))
    verdict(row, "invalid", "id_number", "身份证号：与该考生的号码不一致，请核对是否错行",
            "ID number: it is not this candidate's: has a row slipped?");
  return NULL;
}

/* ---- differences ----------------------------------------------------------------------------------------------- */

static void differ(gk_import_row_t *row, const gk_document_t *before, const gk_document_t *after, apr_pool_t *pool)
{
  apr_array_header_t *ids = gk_document_changed(before, after, pool);
  for (int i = 0; i < ids->nelts; i++) {
    const char *id = APR_ARRAY_IDX(ids, i, const char *);
    gk_json_set_str(row->before, id, gk_document_get(before, id));
    gk_json_set_str(row->after, id, gk_document_get(after, id));
  }
}

/* The values that are fields of a part or of the document, as a patch. */
static gk_json_t *patch_of(const gk_import_row_t *row, const gk_act_t *act, const char *kind)
{
  gk_json_t *patch = gk_json_object(act->pool);
  const gk_part_t *part = gk_pack_part(act->season->pack, kind);
  for (gk_json_iter_t it = gk_json_first(row->values); it.key != NULL; gk_json_next(&it)) {
    bool own = part != NULL ? gk_part_field(part, it.key) != NULL
                            : gk_pack_field(act->season->pack, it.key) != NULL && !is(it.key, "subject");
    if (own)
      gk_json_set(patch, it.key, it.value);
  }
  return patch;
}

/* ---- parts ----------------------------------------------------------------------------------------------------- */

static gk_error_t *judge_part(gk_part_work_t **work, gk_import_row_t *row, gk_act_t *act, const char *kind,
                              gk_candidate_t *candidate)
{
  gk_part_wish_t wish = {kind, candidate, patch_of(row, act, kind), value(row, "verdict"), value(row, "reason")};
  gk_error_t *error = gk_part_try(work, act, &wish);
  if (error != NULL) {
    *work = NULL;
    return take(row, error);
  }
  const gk_part_row_t *before = gk_part_work_before(*work), *after = gk_part_work_after(*work);
  differ(row, before->fields, after->fields, act->pool);
  if (wish.verdict != NULL && !is(before->state, after->state)) {
    gk_json_set_str(row->before, "verdict", before->decision != NULL ? gk_json_str(before->decision, "verdict") : NULL);
    gk_json_set_str(row->after, "verdict", wish.verdict);
  }
  row->verdict = gk_json_size(row->after) > 0 ? "change" : "same";
  return NULL;
}

static gk_json_t *undo_of(const gk_part_row_t *before, const gk_part_row_t *after, apr_pool_t *pool)
{
  gk_json_t *undo = gk_json_object(pool);
  gk_json_set(undo, "fields", gk_document_json(before->fields));
  gk_json_set_str(undo, "state", before->state);
  if (before->decision != NULL)
    gk_json_set(undo, "decision", before->decision);
  if (after->decision != NULL)
    gk_json_set(undo, "decided", after->decision);
  return undo;
}

/* ---- rolls ----------------------------------------------------------------------------------------------------- */

static const char *subject_code(const gk_pack_t *pack, const char *text)
{
  for (int i = 0; text != NULL && i < pack->subjects->nelts; i++) {
    const gk_subject_t *subject = &APR_ARRAY_IDX(pack->subjects, i, gk_subject_t);
    if (is(subject->code, text) || is(subject->name.zh, text) || is(subject->name.en, text))
      return subject->code;
  }
  return NULL;
}

/* A new record as F7 types it in; the papers are resident cards unless the table says otherwise. */
static gk_json_t *person_of(const gk_import_row_t *row, const gk_act_t *act)
{
  gk_json_t *patch = patch_of(row, act, "roll");
  if (gk_json_str(patch, "id_type") == NULL)
    gk_json_set_str(patch, "id_type", "1");
  return patch;
}

static gk_error_t *judge_new(gk_import_row_t *row, gk_act_t *act)
{
  gk_document_t *document;
  gk_error_t *error = NULL;
  const char *subject = subject_code(act->season->pack, value(row, "subject"));
  if (!gk_access_allows(GK_ACTION_candidate_create, act->who->role)) {
    verdict(row, "unknown", "id_number", "没有这名考生；新考生由报名点录入", "There is no such candidate; points type new ones in");
    return NULL;
  }
  error = gk_calendar_check(act, gk_access(GK_ACTION_candidate_create)->window, act->who->org_path, 0);
  if (error != NULL)
    return take(row, error);
  error = gk_document_apply(&document, NULL, person_of(row, act), act->season->pack, gk_role_name(act->who->role),
      "entry", "/fields",
                            act->pool);
  if (error == NULL)
    gk_candidate_check_person(&error, act, document, "/fields");
  if (error != NULL)
    GK_TRY(take(row, error));
  if (subject == NULL)
    verdict(row, "invalid", "subject", "科类：新考生必须填写本年度的科类", "Subject category: a new candidate needs one of this season's");
  if (row->verdict != NULL)
    return NULL;
  differ(row, NULL, document, act->pool);
  gk_json_set_str(row->after, "subject", subject);
  row->verdict = "create";
  return NULL;
}

/* Like gk_candidate_update's own question; a record typed in can be put right as long as cards are read. */
static gk_error_t *may_fill(gk_act_t *act, const gk_candidate_t *c, const char **stage)
{
  bool entry = is(c->state, "waiting") || is(c->state, "allocated");
  *stage = entry ? "entry" : c->state;
  GK_TRY(gk_access_state(GK_ACTION_candidate_edit, c->state, act->pool));
  return gk_calendar_check(act, entry ? "read" : gk_access(GK_ACTION_candidate_edit)->window, c->org_path, c->id);
}

static gk_error_t *judge_fill(gk_import_row_t *row, gk_act_t *act, gk_candidate_t *candidate)
{
  gk_document_t *document, *changed;
  const char *stage;
  gk_error_t *error = may_fill(act, candidate, &stage);
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  if (error == NULL)
    error = gk_document_apply(&changed, document, patch_of(row, act, "roll"), act->season->pack,
        gk_role_name(act->who->role), stage,
                              "/fields", act->pool);
  if (error != NULL)
    return take(row, error);
  differ(row, document, changed, act->pool);
  row->verdict = gk_json_size(row->after) > 0 ? "change" : "same";
  return NULL;
}

/* ---- judging --------------------------------------------------------------------------------------------------- */

static gk_error_t *judge(gk_part_work_t **work, gk_candidate_t **candidate, gk_import_row_t *row, gk_act_t *act, const char *kind)
{
  found_t found;
  bool roll = is(kind, "roll");
  *work = NULL;
  *candidate = NULL;
  row->verdict = NULL;
  row->before = gk_json_object(act->pool);
  row->after = gk_json_object(act->pool);
  bool faulty = gk_json_size(row->faults) > 0;
  row->number = value(row, "number");
  row->name = value(row, "name");
  row->candidate_id = 0;
  GK_TRY(find(&found, row, act));
  bool outside = found.id != 0 && !gk_act_covers(act, found.org_path);
  if ((outside && found.by_id) || found.former != NULL) /* what a single try would count as (ID-17) */
    GK_TRY(gk_watch_duplicate(act));
  if (outside) {
    verdict(row, "outside", NULL, "这名考生不在您的管辖范围内：请核对是否选错了文件", "This candidate is not of your area: is it the right file?");
    return NULL;
  }
  if (found.id == 0 && value(row, "number") == NULL && value(row, "candidate_number") == NULL && value(row,
      "id_number") == NULL) {
    if (!faulty)
      verdict(row, "unknown", NULL, roll ? "没有身份证号，无法确定是谁" : "没有报名顺序号、考生号或身份证号，无法确定是谁",
              "No number says who this is");
    else
      row->verdict = "invalid";
    return NULL;
  }
  if (found.id == 0 && !roll) {
    verdict(row, "unknown", NULL, "没有这名考生，请核对号码", "There is no such candidate: look at the number");
    return NULL;
  }
  if (found.id != 0) {
    gk_error_t *error = gk_candidate_get(candidate, act, found.id);
    if (error != NULL)
      return take(row, error);
    row->candidate_id = found.id;
    row->number = (*candidate)->number;
    row->name = (*candidate)->name;
    if (!roll)
      GK_TRY(same_person(row, act, *candidate));
  }
  if (found.former != NULL && roll)
    GK_TRY(take(row, found.former));
  if (faulty || row->verdict != NULL) {
    row->verdict = "invalid";
    return NULL;
  }
  if (roll)
    return found.id == 0 ? judge_new(row, act) : judge_fill(row, act, *candidate);
  return judge_part(work, row, act, kind, *candidate);
}

gk_error_t *gk_import_judge(gk_import_row_t *row, gk_act_t *act, const char *kind)
{
  gk_part_work_t *work;
  gk_candidate_t *candidate;
  return judge(&work, &candidate, row, act, kind);
}

/* ---- doing it -------------------------------------------------------------------------------------------------- */

static void failed(gk_import_row_t *row, gk_json_t *before, gk_json_t *after)
{
  row->outcome = "failed";
  row->before = before;
  row->after = after;
}

/* *refused: somebody has this number; the transaction holds what the audit keeps of the try. */
static gk_error_t *do_roll(gk_error_t **refused, gk_import_row_t *row, gk_act_t *act, gk_candidate_t *candidate)
{
  gk_candidate_t *now = NULL;
  gk_json_t *undo = gk_json_object(act->pool);
  if (candidate == NULL) {
    GK_TRY(gk_candidate_type_in(&now, refused, act, gk_json_str(row->after, "subject"), 0, person_of(row, act)));
    if (*refused != NULL)
      return NULL;
    row->candidate_id = now->id;
  } else {
    GK_TRY(gk_candidate_update(&now, act, candidate->id, candidate->version, patch_of(row, act, "roll"),
        "导入学籍 / School roll imported"));
  }
  gk_json_set_bool(undo, "created", candidate == NULL);
  gk_json_set_int(undo, "version", now->version);
  row->undo = undo;
  return NULL;
}

gk_error_t *gk_import_do(bool *done, gk_import_row_t *row, gk_act_t *act, const char *kind)
{
  gk_part_work_t *work;
  gk_candidate_t *candidate;
  gk_json_t *before = row->before, *after = row->after;
  *done = false;
  row->faults = gk_json_array(act->pool);
  GK_TRY(judge(&work, &candidate, row, act, kind));
  if (gk_import_bad(row->verdict)) {
    failed(row, before, after);
    return NULL;
  }
  if (is(row->verdict, "same")) { /* somebody entered the same meanwhile: nothing to do, nothing to take back */
    row->outcome = "applied";
    return NULL;
  }
  if (!gk_json_equal(before, row->before) || !gk_json_equal(after, row->after)) {
    verdict(row, "invalid", NULL, "预览之后有人改过这名考生的信息，未导入：请重新预览后再决定",
            "Somebody changed this record after the preview, so it was left alone: preview again, then decide");
    failed(row, before, after);
    return NULL;
  }
  gk_error_t *refused = NULL, *error = work != NULL ? gk_part_do(work, act) : do_roll(&refused, row, act, candidate);
  if (error != NULL || refused != NULL) {
    if (error != NULL)
      gk_db_rollback(act->db);
    GK_TRY(take(row, error != NULL ? error : refused));
    failed(row, before, after);
    return NULL;
  }
  if (work != NULL)
    row->undo = undo_of(gk_part_work_before(work), gk_part_work_after(work), act->pool);
  row->outcome = "applied";
  *done = true;
  return NULL;
}

/* ---- taking it back -------------------------------------------------------------------------------------------- */

static void touched(gk_import_row_t *row, const char *zh, const char *en)
{
  gk_import_fault(row->faults, NULL, "touched", zh, en);
  row->outcome = "touched";
}

static void touched_since(gk_import_row_t *row)
{
  touched(row, "导入之后有人改过这些内容，不能撤销", "Somebody changed these values since: this can't be undone");
}

/* The fields still say what the import set; *back is the document with what stood there before. */
static bool untouched(gk_document_t **back, const gk_import_row_t *row, const gk_document_t *now, apr_pool_t *pool)
{
  gk_document_t *document = (gk_document_t *)now;
  for (gk_json_iter_t it = gk_json_first(row->after); it.key != NULL; gk_json_next(&it)) {
    if (is(it.key, "verdict"))
      continue;
    const char *set = gk_json_str_value(it.value), *there = gk_document_get(now, it.key);
    if (!(set == NULL && there == NULL) && !is(set, there))
      return false;
    document = gk_document_with(document, it.key, gk_json_str(row->before, it.key), pool);
  }
  *back = document;
  return true;
}

/* The decision is the one that the import made or left. */
static bool same_decision(const gk_json_t *a, const gk_json_t *b)
{
  bool none_a = gk_json_is_null(a), none_b = gk_json_is_null(b);
  return none_a || none_b ? none_a == none_b : gk_json_equal(a, b);
}

static gk_error_t *undo_part(bool *done, gk_import_row_t *row, gk_act_t *act, const char *kind, bool really)
{
  gk_part_work_t *work;
  gk_document_t *back, *before;
  GK_TRY(gk_part_back(&work, act, kind, row->candidate_id));
  const gk_part_row_t *now = gk_part_work_before(work);
  if (!untouched(&back, row, now->fields, act->pool) || !same_decision(now->decision, gk_json_get(row->undo, "decided"))) {
    touched_since(row);
    return NULL;
  }
  if (!really)
    return NULL;
  GK_TRY(gk_document_from_json(&before, gk_json_get(row->undo, "fields"), act->pool));
  gk_json_t *decision = gk_json_get(row->undo, "decision");
  GK_TRY(gk_part_back_to(work, act, back, gk_document_equal(back, before), gk_json_str(row->undo, "state"),
                         gk_json_is_null(decision) ? NULL : decision));
  GK_TRY(gk_part_do(work, act));
  *done = true;
  return NULL;
}

static gk_error_t *undo_roll(bool *done, gk_import_row_t *row, gk_act_t *act, bool really)
{
  gk_candidate_t *candidate, *now;
  gk_document_t *document, *back;
  const char *stage;
  GK_TRY(gk_candidate_get(&candidate, act, row->candidate_id));
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  bool created = gk_json_bool(row->undo, "created");
  if (created ? candidate->version != gk_json_int(row->undo, "version") : !untouched(&back, row, document, act->pool)) {
    touched_since(row);
    return NULL;
  }
  if (!created)
    GK_TRY(may_fill(act, candidate, &stage));
  if (!really)
    return NULL;
  if (created) {
    GK_TRY(gk_candidate_withdraw(&now, act, candidate->id, candidate->version, "撤销学籍导入 / Import undone"));
  } else {
    gk_json_t *patch = gk_json_object(act->pool);
    for (gk_json_iter_t it = gk_json_first(row->after); it.key != NULL; gk_json_next(&it))
      gk_json_set_str(patch, it.key, gk_json_str(row->before, it.key));
    GK_TRY(gk_candidate_update(&now, act, candidate->id, candidate->version, patch, "撤销学籍导入 / Import undone"));
  }
  *done = true;
  return NULL;
}

gk_error_t *gk_import_undo(bool *done, gk_import_row_t *row, gk_act_t *act, const char *kind, bool really)
{
  *done = false;
  row->faults = gk_json_array(act->pool);
  row->outcome = "applied";
  if (row->erased) {
    touched(row, "这名考生的资料已经删除，没有可以撤销的内容", "This candidate's data were deleted: there is nothing to take back");
    return NULL;
  }
  if (row->undo == NULL) { /* it had nothing to change */
    row->outcome = really ? "undone" : "applied";
    return NULL;
  }
  gk_error_t *error = is(kind, "roll") ? undo_roll(done, row, act, really) : undo_part(done, row, act, kind, really);
  if (error != NULL) {
    const char *verdict_was = row->verdict;
    gk_db_rollback(act->db);
    *done = false;
    GK_TRY(take(row, error));
    row->verdict = verdict_was;
    row->outcome = "touched";
    return NULL;
  }
  if (*done)
    row->outcome = "undone";
  return NULL;
}

/* ---- showing --------------------------------------------------------------------------------------------------- */

gk_json_t *gk_import_row_json(const gk_import_row_t *row, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "n", row->n);
  gk_json_set_bool(json, "hidden", row->hidden);
  gk_json_set_str(json, "verdict", row->verdict);
  gk_json_set_str(json, "outcome", *row->outcome != '\0' ? row->outcome : NULL);
  gk_json_set_id(json, "candidate_id", row->candidate_id);
  gk_json_set_str(json, "number", row->number);
  gk_json_set_str(json, "name", row->name);
  gk_json_set(json, "values", row->values);
  gk_json_set(json, "faults", row->faults);
  gk_json_set(json, "before", row->before);
  gk_json_set(json, "after", row->after);
  return json;
}
