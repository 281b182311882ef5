/* domain/pack_try.c: rules tried on one record before they count for all (pack_life.h). */
#include "domain/pack_life.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/candidate.h"
#include "domain/rehearsal.h"
#include "domain/why_not.h"

#define EVERY_STAGE (GK_STAGE_FILL | GK_STAGE_REVIEW | GK_STAGE_CONFIRM | GK_STAGE_SUBMIT | GK_STAGE_EXPORT)

/* The pack with this one rule: an id of it, or a test written just now. */
static gk_error_t *alone(gk_pack_t **out, const gk_pack_t *pack, const char *rule, const char *test, apr_pool_t *pool)
{
  gk_pack_t *one = apr_pmemdup(pool, pack, sizeof(*pack));
  const gk_rule_t *known = gk_pack_rule(pack, rule);
  gk_error_t *error = NULL;
  one->rules = apr_array_make(pool, 1, sizeof(gk_rule_t));
  one->fields = apr_array_make(pool, 1, sizeof(gk_field_t));
  one->papers = apr_array_make(pool, 1, sizeof(gk_paper_t));
  one->parts = apr_array_make(pool, 1, sizeof(gk_part_t));
  if (test == NULL && known == NULL) {
    gk_violation(&error, pool, "/rule", "unknown", "政策包里没有规则 %s", "The pack has no rule %s", rule);
    return error;
  }
  gk_rule_t *fresh = apr_array_push(one->rules);
  if (known != NULL)
    *fresh = *known;
  else
    *fresh = (gk_rule_t){.id = "trial", .title = {"试一试", "Trial"}, .message = {"不符合", "Not met"}, .hint = {"", ""},
                         .basis = {"", ""}, .severity = GK_SEVERITY_ERROR, .cases = apr_array_make(pool, 1, sizeof(gk_rule_case_t)),
                         .fields = apr_array_make(pool, 1, sizeof(const char *)),
                         .subjects = apr_array_make(pool, 1, sizeof(const char *)),
                         .categories = apr_array_make(pool, 1, sizeof(const char *))};
  fresh->stages = EVERY_STAGE;
  fresh->areas = NULL; /* the question is the test, wherever the record is */
  if (test == NULL) {
    *out = one;
    return NULL;
  }
  GK_TRY(gk_pack_check_xpath(pack, test, pool));
  fresh->test = test;
  *out = one;
  return NULL;
}

/* What the test looks at, with the value it has there. */
static gk_json_t *seen_of(const gk_pack_t *pack, const char *test, const gk_document_t *document, gk_json_t *derived,
                          apr_pool_t *pool)
{
  gk_json_t *seen = gk_json_object(pool);
  apr_array_header_t *names = gk_pack_xpath_names(pack, test, pool);
  for (int i = 0; names != NULL && i < names->nelts; i++) {
    const char *name = APR_ARRAY_IDX(names, i, const char *), *value = gk_json_str(derived, name);
    gk_json_set_str(seen, name, value != NULL ? value : gk_document_get(document, name));
  }
  return seen;
}

static gk_error_t *record_of(gk_rehearsed_t *record, gk_act_t *act, const gk_pack_t *pack, apr_int64_t candidate_id,
                             gk_json_t *fields)
{
  gk_candidate_t *candidate;
  if (candidate_id == 0) {
    *record = (gk_rehearsed_t){.org_path = "", .state = "accepted"};
    return gk_document_apply(&record->document, NULL, fields != NULL ? fields : gk_json_object(act->pool), pack, NULL, NULL,
                             "/fields", act->pool);
  }
  GK_TRY(gk_candidate_read(&candidate, act, candidate_id));
  *record = (gk_rehearsed_t){.id = candidate->id, .org_path = candidate->org_path, .org_code = candidate->org_code,
                             .number = candidate->number, .candidate_number = candidate->candidate_number,
                             .state = candidate->state};
  return gk_candidate_document(&record->document, candidate, act->pool);
}

gk_error_t *gk_pack_try(gk_json_t **out, gk_act_t *act, apr_int64_t pack_id, const char *rule, const char *test,
                        apr_int64_t candidate_id, gk_json_t *fields)
{
  gk_pack_t *pack, *one = NULL;
  gk_ruleset_t *rules;
  gk_rehearsed_t record;
  apr_array_header_t *verdicts;
  gk_date_t today = gk_date_of(act->now);
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_pack_open_whole(&pack, NULL, act, pack_id, act->pool));
  if (rule != NULL || test != NULL)
    GK_TRY(alone(&one, pack, rule, test, act->pool));
  GK_TRY(record_of(&record, act, pack, candidate_id, fields));
  if (one != NULL)
    record.state = "accepted"; /* the question is the test, whatever the record's state */
  GK_TRY(gk_core_rules(&rules, act->core, one != NULL ? one : pack, act->pool));
  GK_TRY(gk_rehearsal_verdicts(&verdicts, pack, rules, &record, today, act->pool));
  const char *result = "pass";
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    result = verdict->kind == GK_VERDICT_UNDECIDED ? "undecided" : strcmp(result, "pass") == 0 ? "fail" : result;
  }
  *out = gk_json_object(act->pool);
  gk_json_set_str(*out, "result", result);
  gk_json_set(*out, "verdicts", gk_why_not_json(verdicts, pack, act->pool));
  gk_json_t *seen = gk_json_object(act->pool);
  if (one != NULL)
    seen = seen_of(pack, APR_ARRAY_IDX(one->rules, 0, gk_rule_t).test, record.document,
                   gk_derive(record.document, pack, today, act->pool), act->pool);
  gk_json_set(*out, "seen", seen);
  return NULL;
}

gk_error_t *gk_pack_compare(gk_json_t **out, gk_act_t *act, apr_int64_t pack_id, apr_int64_t candidate_id)
{
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  gk_rehearsed_t record;
  apr_array_header_t *before, *after;
  gk_date_t today = gk_date_of(act->now);
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_pack_open_whole(&pack, &rules, act, pack_id, act->pool));
  GK_TRY(record_of(&record, act, pack, candidate_id, NULL));
  GK_TRY(gk_rehearsal_verdicts(&before, act->season->pack, act->season->rules, &record, today, act->pool));
  GK_TRY(gk_rehearsal_verdicts(&after, pack, rules, &record, today, act->pool));
  *out = gk_json_object(act->pool);
  gk_json_set_int(*out, "candidate_id", candidate_id);
  gk_json_set_str(*out, "state", record.state);
  gk_json_set(*out, "before", gk_why_not_json(before, act->season->pack, act->pool));
  gk_json_set(*out, "after", gk_why_not_json(after, pack, act->pool));
  return NULL;
}
