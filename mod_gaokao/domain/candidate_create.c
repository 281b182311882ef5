/* domain/candidate_create.c: new records: duplicates, typing in, the city's approval, staff's corrections of fields
 * (candidate.h). */
#include "domain/candidate.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/identity.h"
#include "domain/ports_candidate.h"
#include "domain/ports_range.h"
#include "domain/watch.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- duplicates (DI-4) ----------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_place(gk_candidate_place_t *place, gk_act_t *act, gk_index_t id_index)
{
  memset(place, 0, sizeof(*place));
  if (id_index.value == NULL)
    return NULL;
  GK_TRY(gk_store_candidate_place(place, act, id_index, false));
  return place->id != 0 ? NULL : gk_store_candidate_place(place, act, id_index, true);
}

gk_error_t *gk_candidate_duplicate(const gk_act_t *act, const gk_candidate_place_t *place)
{
  const char *county = place->county_name != NULL ? place->county_name : "";
  gk_error_t *error = gk_error_plain(act->pool, GK_E_DUPLICATE);
  const char *zh = apr_psprintf(act->pool, "该证件号码%s在%s%s报名", place->former ? "更正前" : "已", county, place->org_name);
  const char *en = apr_psprintf(act->pool, "This ID number %s registered at %s, %s", place->former ? "was" : "is",
                                place->org_name, county);
  if (gk_act_covers(act, place->org_path) && place->number != NULL) {
    zh = apr_psprintf(act->pool, "%s，报名顺序号%s", zh, place->number);
    en = apr_psprintf(act->pool, "%s, with the number %s", en, place->number);
  }
  error->zh = apr_pstrcat(act->pool, zh, "。每人一年只能报名一次；确需换报名点的，请先在原报名点撤销", NULL);
  error->en = apr_pstrcat(act->pool, en, ". Everybody registers once a year; to move, have it withdrawn there first", NULL);
  return error;
}

/* ---- what must be right ---------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_point(gk_org_t **out, gk_act_t *act, apr_int64_t org_id)
{
  gk_error_t *error = NULL;
  gk_org_t *org;
  GK_TRY(gk_org_get(&org, act, org_id != 0 ? org_id : act->who->org_id));
  if (strcmp(org->level, "point") != 0) {
    gk_violation(&error, act->pool, "/org_id", "level", "请指定一个报名点，考生只能属于报名点",
                 "Name a registration point: candidates belong to points");
    return error;
  }
  if (!org->open)
    return gk_error(act->pool, GK_E_CONFLICT, "%s已停用，不能新增考生，请联系上级机构",
                    "%s is closed: no candidates can be added, ask the bureau above", org->name);
  *out = org;
  return NULL;
}

gk_error_t *gk_candidate_check_subject(const gk_act_t *act, const char *subject)
{
  gk_error_t *error = NULL;
  if (gk_pack_subject(act->season->pack, subject) == NULL)
    gk_violation(&error, act->pool, "/subject", "code", "本年度没有科类“%s”，请从科类表中选择",
                 "There is no subject category '%s' this season: choose one of the table", subject);
  return error;
}

void gk_candidate_check_person(gk_error_t **error, const gk_act_t *act, const gk_document_t *document,
                               const char *prefix)
{
  static const char *const needed[] = {"name", "sex", "birth", "id_type", "id_number"};
  apr_pool_t *pool = act->pool;
  for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
    if (gk_document_get(document, needed[i]) == NULL)
      gk_violation(error, pool, apr_pstrcat(pool, prefix, "/", needed[i], NULL), "required", "必须填写", "This is required");
  const char *number = gk_document_get(document, "id_number"), *birth = gk_document_get(document, "birth");
  const char *sex = gk_document_get(document, "sex"), *type = gk_document_get(document, "id_type");
  if (number == NULL || type == NULL)
    return;
  gk_identity_t identity = gk_identity_check_typed(type, number, gk_date_of(act->now), pool);
  if (!gk_identity_ok(identity.verdict)) {
    gk_violation(error, pool, apr_pstrcat(pool, prefix, "/id_number", NULL), gk_identity_code(identity.verdict), "%s",
                 "%s", "");
    gk_violation_t *last = &APR_ARRAY_IDX((*error)->violations, (*error)->violations->nelts - 1, gk_violation_t);
    last->zh = gk_identity_zh(&identity, pool);
    last->en = gk_identity_en(&identity, pool);
    return;
  }
  if (!identity.has_facts)
    return;
  gk_date_t born;
  if (birth != NULL && gk_date_parse(birth, true, &born) && gk_date_compare(born, identity.birth) != 0)
    gk_violation(error, pool, apr_pstrcat(pool, prefix, "/birth", NULL), "differs-from-number",
                 "出生日期与证件号码中的%s不一致，请对照证件改正",
                 "The birth date differs from %s in the ID number: compare with the card",
                 gk_date_text(pool, identity.birth));
  if (sex != NULL && (identity.sex == 1 || identity.sex == 2) && atoi(sex) != identity.sex)
    gk_violation(error, pool, apr_pstrcat(pool, prefix, "/sex", NULL), "differs-from-number",
                 "性别与证件号码不一致，请对照证件改正", "The sex does not fit the ID number: compare with the card");
}

/* ---- inserting ------------------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_insert(gk_candidate_t **out, gk_candidate_place_t *place, gk_act_t *act, const gk_org_t *point,
                                const char *subject, gk_document_t *document, const char *state)
{
  bool waiting = is(state, "waiting"), twins;
  gk_candidate_t *c = apr_pcalloc(act->pool, sizeof(*c));
  *c = (gk_candidate_t){.season_id = act->season->id, .org_id = point->id, .org_path = point->path,
                        .org_code = point->code, .org_name = point->name, .version = 1, .subject = subject,
                        .state = state, .identified = !waiting, .approval = waiting ? "pending" : "not_needed",
                        .papers_state = "none", .fee_state = "none", .review_state = "none", .photo_state = "none",
                        .appraisal_state = "none", .examination_state = "none", .grades_state = "none",
                        .bonus_state = "none", .created = act->now, .updated = act->now};
  if (gk_pack_field(act->season->pack, "subject") != NULL)
    document = gk_document_with(document, "subject", subject, act->pool);
  GK_TRY(gk_candidate_set_document(act, c, document));
  GK_TRY(gk_act_begin(act));
  if (act->together) {
    gk_store_candidate_place_ahead(act, c->id_indexes, true);
    gk_range_store_take_ahead(act, c->org_id, c->subject);
    gk_store_candidate_twins_ahead(act, c->twin_indexes);
  }
  GK_TRY(gk_store_candidate_insert(&c->id, act, c));
  if (c->id == 0 && act->together) /* a number was taken for nothing */
    return gk_error_plain(act->pool, GK_E_RETRY);
  if (c->id == 0) {
    GK_TRY(gk_candidate_place(place, act, c->id_indexes));
    if (place->id == 0) /* the point was closed meanwhile, or the other record is just being withdrawn */
      return gk_error_plain(act->pool, GK_E_RETRY);
    *out = NULL;
    return NULL;
  }
  GK_TRY(gk_store_candidate_place(place, act, c->id_indexes, true));
  if (place->id != 0) /* corrected away from this number a moment ago: what was begun is rolled back */
    return gk_candidate_duplicate(act, place);
  if (waiting)
    GK_TRY(gk_store_candidate_admit(act, c));
  else
    GK_TRY(gk_candidate_take_number(act, c));
  GK_TRY(gk_store_candidate_twins(&twins, act, c->twin_indexes));
  c->twin = twins;
  *out = c;
  return NULL;
}

gk_error_t *gk_candidate_type_in(gk_candidate_t **out, gk_error_t **refused, gk_act_t *act, const char *subject,
                                 apr_int64_t org_id, gk_json_t *fields)
{
  gk_org_t *point;
  gk_document_t *document;
  gk_candidate_place_t place;
  gk_error_t *error = NULL;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_point(&point, act, org_id));
  GK_TRY(gk_calendar_check(act, gk_access(GK_ACTION_candidate_create)->window, point->path, 0));
  GK_TRY(gk_candidate_check_subject(act, subject));
  GK_TRY(gk_document_apply(&document, NULL, fields, act->season->pack, gk_role_name(act->who->role), "entry",
                           "/fields", act->pool));
  gk_candidate_check_person(&error, act, document, "/fields");
  if (error != NULL)
    return error;
  *refused = NULL;
  *out = NULL;
  const char *id_number = gk_document_get(document, "id_number");
  GK_TRY(gk_candidate_place(&place, act, gk_candidate_id_index(act, gk_document_get(document, "id_type"), id_number)));
  if (place.id == 0)
    GK_TRY(gk_candidate_insert(out, &place, act, point, subject, document, "waiting"));
  if (*out != NULL)
    return gk_candidate_audit(act, *out, NULL, "candidate.create", NULL);
  *refused = gk_candidate_duplicate(act, &place);
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "id_number", gk_text_mask_id(act->pool, id_number));
  gk_json_set_str(after, "registered_at", place.org_path);
  GK_TRY(gk_watch_duplicate(act));
  return gk_audit(act, "candidate.refused", "candidate", place.id, 0, point->path, NULL, after);
}

/* ---- approval (F7) --------------------------------------------------------------------------------------- */

/* Papers that a card reader can read: resident card, permanent residence card, residence permit. */
static bool readable(const char *id_type) { return is(id_type, "1") || is(id_type, "9") || is(id_type, "C"); }

gk_error_t *gk_candidate_approve(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool granted,
                                 int identity_checked, const char *reason)
{
  gk_candidate_t *before;
  gk_document_t *document;
  gk_error_t *error = NULL;
  GK_TRY(gk_candidate_load(&before, act, id, version));
  GK_TRY(gk_access_check(act, GK_ACTION_candidate_approve, before->state, before->org_path, id));
  GK_TRY(gk_candidate_document(&document, before, act->pool));
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "reason", reason);
  if (!granted) {
    if (reason == NULL)
      gk_violation(&error, act->pool, "/reason", "required", "不批准时请写明原因，报名点才知道怎样补正",
                   "Say why, so that the point knows what to change");
    if (error != NULL)
      return error;
    c->approval = "refused";
    GK_TRY(gk_candidate_put(act, c, before, "candidate.refuse", more));
    *out = c;
    return NULL;
  }
  if (identity_checked < 0)
    identity_checked = before->identified || !readable(gk_document_get(document, "id_type"));
  c->approval = "granted";
  c->identified = identity_checked > 0;
  c->state = c->identified ? "identified" : "allocated";
  GK_TRY(gk_candidate_write(act, c, before));
  GK_TRY(gk_candidate_take_number(act, c));
  GK_TRY(gk_candidate_audit(act, c, before, "candidate.approve", more));
  *out = c;
  return NULL;
}

/* ---- staff's changes ------------------------------------------------------------------------------------- */

/* Before the form opens a record typed in can be put right as long as cards are read. */
static gk_error_t *may_edit(gk_act_t *act, const gk_candidate_t *c, bool *entry)
{
  *entry = is(c->state, "waiting") || is(c->state, "allocated");
  GK_TRY(gk_access_state(GK_ACTION_candidate_edit, c->state, act->pool));
  return gk_calendar_check(act, *entry ? "read" : gk_access(GK_ACTION_candidate_edit)->window, c->org_path, c->id);
}

static bool person_changed(const gk_document_t *before, const gk_document_t *after, apr_pool_t *pool)
{
  apr_array_header_t *changed = gk_document_changed(before, after, pool);
  for (int i = 0; i < changed->nelts; i++) {
    const char *field = APR_ARRAY_IDX(changed, i, const char *);
    if (is(field, "name") || is(field, "sex") || is(field, "birth") || is(field, "id_type") || is(field, "id_number"))
      return true;
  }
  return false;
}

gk_error_t *gk_candidate_update(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                gk_json_t *fields, const char *reason)
{
  gk_candidate_t *before;
  gk_document_t *document, *changed;
  gk_candidate_place_t place;
  gk_error_t *error = NULL;
  bool entry;
  GK_TRY(gk_candidate_load(&before, act, id, version));
  GK_TRY(may_edit(act, before, &entry));
  GK_TRY(gk_candidate_document(&document, before, act->pool));
  GK_TRY(gk_document_apply(&changed, document, fields, act->season->pack, gk_role_name(act->who->role),
                           entry ? "entry" : before->state, "/fields", act->pool));
  *out = before;
  if (gk_document_equal(document, changed) && !is(before->approval, "refused"))
    return NULL;
  if (person_changed(document, changed, act->pool))
    gk_candidate_check_person(&error, act, changed, "/fields");
  if (error != NULL)
    return error;
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  GK_TRY(gk_candidate_set_document(act, c, changed));
  if (is(c->state, "reviewed")) /* staff fills in for a candidate: from a paper draft (E4), or as a delegate (F4) */
    c->state = "filling";
  if (c->id_index != NULL && !is(before->id_index, c->id_index)) {
    GK_TRY(gk_candidate_place(&place, act, c->id_indexes));
    if (place.id != 0 && place.id != id)
      return gk_candidate_duplicate(act, &place);
  }
  if (is(before->approval, "refused"))
    c->approval = "pending";
  gk_json_t *more = gk_json_object(act->pool);
  if (reason != NULL)
    gk_json_set_str(more, "reason", reason);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.update", more));
  *out = c;
  return NULL;
}
