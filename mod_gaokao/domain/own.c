/* domain/own.c: see own.h. */
#include "domain/own.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/identity.h"

enum { GUARDIAN_BELOW_AGE = 14 };

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static gk_error_t *begin_change(gk_candidate_t **out, gk_act_t *act, apr_int64_t version)
{
  GK_TRY(gk_candidate_own(out, act));
  if ((*out)->version != version)
    return gk_stale(act, (*out)->version);
  return gk_access_check(act, GK_ACTION_own_fill, (*out)->state, (*out)->org_path, (*out)->id);
}

static bool listed(const apr_array_header_t *ids, const char *id)
{
  for (int i = 0; i < ids->nelts; i++)
    if (is(APR_ARRAY_IDX(ids, i, const char *), id))
      return true;
  return false;
}

/* A rule can only be blamed on this save when it concerns a field of it and has everything it speaks of. The field it is
 * blamed on, for the rule's first one may not be the candidate's to change; NULL: none. */
static const char *blamed(const gk_verdict_t *verdict, const gk_pack_t *pack, const gk_document_t *document,
                          const apr_array_header_t *changed)
{
  const gk_rule_t *rule = verdict->kind == GK_VERDICT_RULE ? gk_pack_rule(pack, verdict->rule) : NULL;
  const char *touched = NULL;
  if (rule == NULL || verdict->severity != GK_SEVERITY_ERROR)
    return NULL;
  for (int i = 0; i < rule->fields->nelts; i++) {
    const char *field = APR_ARRAY_IDX(rule->fields, i, const char *);
    if (gk_document_get(document, field) == NULL && gk_document_rows(document, field) == NULL)
      return NULL;
    if (touched == NULL && listed(changed, field))
      touched = field;
  }
  return touched;
}

gk_error_t *gk_own_save(gk_candidate_t **out, apr_array_header_t **verdicts, gk_act_t *act, apr_int64_t version,
                        gk_json_t *fields)
{
  const gk_pack_t *pack;
  gk_candidate_t *before;
  gk_document_t *document, *changed;
  gk_error_t *error = NULL;
  GK_TRY(begin_change(&before, act, version));
  if (before->pledged == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "请先阅读并接受诚信承诺，然后再填报",
                    "Read and accept the pledge first, then fill in the form");
  pack = act->season->pack;
  GK_TRY(gk_candidate_document(&document, before, act->pool));
  GK_TRY(gk_document_apply(&changed, document, fields, pack, "candidate", "filling", "/fields", act->pool));
  apr_array_header_t *ids = gk_document_changed(document, changed, act->pool);
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  GK_TRY(gk_candidate_set_document(act, c, changed));
  GK_TRY(gk_candidate_verdicts(verdicts, act, c, GK_STAGE_FILL));
  *out = before;
  if (ids->nelts == 0)
    return NULL;
  apr_array_header_t *against = apr_array_make(act->pool, 4, sizeof(gk_verdict_t));
  for (int i = 0; i < (*verdicts)->nelts; i++) {
    gk_verdict_t verdict = APR_ARRAY_IDX(*verdicts, i, gk_verdict_t);
    const char *field = blamed(&verdict, pack, changed, ids);
    if (field == NULL)
      continue;
    if (!is(verdict.field, field)) {
      verdict.field = field;
      verdict.pointer = apr_pstrcat(act->pool, "/fields/", field, NULL);
    }
    APR_ARRAY_PUSH(against, gk_verdict_t) = verdict;
  }
  if (gk_verdicts_to_error(&error, GK_E_RULE_FAILED, against, NULL, act->pool))
    return error;
  c->state = "filling";
  GK_TRY(gk_candidate_put(act, c, before, "candidate.save", NULL));
  *out = c;
  return NULL;
}

/* Nobody's birth date is missing once the card was read; where it is, nothing is asked. */
static gk_error_t *consent_of(gk_json_t **consent, gk_act_t *act, gk_candidate_t *c, const gk_guardian_t *guardian)
{
  const gk_pack_t *pack = act->season->pack;
  gk_document_t *document;
  gk_error_t *error = NULL;
  gk_date_t birth;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  const char *text = gk_document_get(document, "birth");
  bool child = text != NULL && gk_date_parse(text, false, &birth) &&
               gk_identity_age(birth, gk_date_of(act->now)) < GUARDIAN_BELOW_AGE;
  if (child && guardian->name == NULL) {
    gk_violation(&error, act->pool, "/guardian", "required",
                 "不满%d周岁的考生，须由父母或者其他监护人同意：请填写监护人姓名和关系",
                 "Candidates under %d need a parent's or guardian's consent: give the guardian's name and relation",
                 GUARDIAN_BELOW_AGE);
    return error;
  }
  *consent = gk_json_object(act->pool);
  gk_json_set_str(*consent, "privacy", apr_psprintf(act->pool, "%s/%d", pack->id, pack->version));
  if (guardian->name != NULL) {
    gk_json_t *named = gk_json_object(act->pool);
    gk_json_set_str(named, "name", guardian->name);
    gk_json_set_str(named, "relation", guardian->relation);
    gk_json_set(*consent, "guardian", named);
  }
  return NULL;
}

gk_error_t *gk_own_pledge(gk_candidate_t **out, gk_act_t *act, apr_int64_t version, const gk_guardian_t *guardian)
{
  gk_candidate_t *before;
  gk_json_t *consent = NULL;
  GK_TRY(begin_change(&before, act, version));
  *out = before;
  if (before->pledged != 0)
    return NULL;
  GK_TRY(consent_of(&consent, act, before, guardian));
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  c->pledged = act->now;
  GK_TRY(gk_candidate_put(act, c, before, "candidate.pledge", consent));
  *out = c;
  return NULL;
}
