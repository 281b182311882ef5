/* domain/rehearsal.c: see rehearsal.h. */
#include "domain/rehearsal.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/pack_life.h"

#define SAMPLES 20

struct gk_rehearsal_t {
  const gk_pack_t *before, *after;
  gk_ruleset_t *before_rules, *after_rules; /* whole packs */
  gk_ruleset_t *before_some, *after_some;   /* what differs; the whole ones when everything is run */
  bool every_rule, derives_alike;
  int changed;
  gk_json_t *rules, *counties;
  gk_json_t *counts;
  apr_pool_t *pool;
};

const char *gk_outcome_word(gk_outcome_t outcome)
{
  static const char *const words[] = {"same", "failing", "passing", "other"};
  return words[outcome];
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- what differs ---------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && is(a, b)); }

static bool same_conditions(const gk_field_t *a, const gk_field_t *b)
{
  if (!same_text(a->required, b->required) || !same_text(a->relevant, b->relevant))
    return false;
  int n = a->columns != NULL ? a->columns->nelts : 0;
  if (n != (b->columns != NULL ? b->columns->nelts : 0))
    return false;
  for (int i = 0; i < n; i++)
    if (!same_conditions(&APR_ARRAY_IDX(a->columns, i, gk_field_t), &APR_ARRAY_IDX(b->columns, i, gk_field_t)))
      return false;
  return true;
}

/* `pack` with only those rules and fields that `other` judges differently or doesn't have. */
static gk_pack_t *only_changed(const gk_pack_t *pack, const gk_pack_t *other, int *changed, apr_pool_t *pool)
{
  gk_pack_t *some = apr_pmemdup(pool, pack, sizeof(*pack));
  some->rules = apr_array_make(pool, 8, sizeof(gk_rule_t));
  some->fields = apr_array_make(pool, 8, sizeof(gk_field_t));
  some->papers = apr_array_make(pool, 1, sizeof(gk_paper_t));
  some->parts = apr_array_make(pool, 1, sizeof(gk_part_t));
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t), *twin = gk_pack_rule(other, rule->id);
    if (twin == NULL || !gk_rule_same(rule, twin))
      APR_ARRAY_PUSH(some->rules, gk_rule_t) = *rule;
  }
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(pack->fields, i, gk_field_t), *twin = gk_pack_field(other, field->id);
    if (twin == NULL || !same_conditions(field, twin))
      APR_ARRAY_PUSH(some->fields, gk_field_t) = *field;
  }
  if (some->rules->nelts + some->fields->nelts > *changed)
    *changed = some->rules->nelts + some->fields->nelts;
  return some;
}

gk_error_t *gk_rehearsal_open(gk_rehearsal_t **out, gk_act_t *act, const gk_pack_t *before, gk_ruleset_t *before_rules,
                              const gk_pack_t *after, gk_ruleset_t *after_rules, apr_pool_t *pool)
{
  gk_rehearsal_t *r = apr_pcalloc(pool, sizeof(*r));
  *r = (gk_rehearsal_t){.before = before, .after = after, .before_rules = before_rules, .after_rules = after_rules,
                        .before_some = before_rules, .after_some = after_rules, .pool = pool};
  gk_pack_t *old = only_changed(before, after, &r->changed, pool), *fresh = only_changed(after, before, &r->changed, pool);
  r->derives_alike = gk_pack_derives_alike(before, after, pool);
  r->every_rule = !r->derives_alike;
  if (!r->every_rule) {
    GK_TRY(gk_core_rules(&r->before_some, act->core, old, pool));
    GK_TRY(gk_core_rules(&r->after_some, act->core, fresh, pool));
  }
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < fresh->rules->nelts; i++)
    gk_json_add_str(list, APR_ARRAY_IDX(fresh->rules, i, gk_rule_t).id);
  r->counts = gk_json_object(pool);
  gk_json_set(r->counts, "changed", list);
  r->rules = gk_json_object(pool);
  r->counties = gk_json_object(pool);
  gk_json_set(r->counts, "rules", r->rules);
  gk_json_set(r->counts, "counties", r->counties);
  *out = r;
  return NULL;
}

int gk_rehearsal_changed(const gk_rehearsal_t *rehearsal) { return rehearsal->changed; }
bool gk_rehearsal_every_rule(const gk_rehearsal_t *rehearsal) { return rehearsal->every_rule; }
gk_json_t *gk_rehearsal_counts(const gk_rehearsal_t *rehearsal) { return rehearsal->counts; }

gk_error_t *gk_rehearsal_resume(gk_rehearsal_t *rehearsal, const char *counts)
{
  gk_json_t *json;
  GK_TRY(gk_json_parse(&json, counts, strlen(counts), rehearsal->pool));
  if (!gk_json_is_object(gk_json_get(json, "rules")) || !gk_json_is_object(gk_json_get(json, "counties")))
    return NULL;
  rehearsal->counts = json;
  rehearsal->rules = gk_json_get(json, "rules");
  rehearsal->counties = gk_json_get(json, "counties");
  return NULL;
}

/* ---- one record ------------------------------------------------------------------------------------------ */

static int rank(const char *state)
{
  static const char *const order[] = {"allocated", "identified", "card_printed", "reviewed", "filling",
                                      "proofed",   "confirmed",  "submitted",    "accepted"};
  for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
    if (is(state, order[i]))
      return i;
  return -1; /* waiting, withdrawn: nobody judges them */
}

static int stages_of(int rank)
{
  int stages = rank < 0 ? 0 : GK_STAGE_REVIEW;
  if (rank >= 3)
    stages |= GK_STAGE_FILL;
  if (rank >= 5)
    stages |= GK_STAGE_CONFIRM;
  if (rank >= 6)
    stages |= GK_STAGE_SUBMIT;
  if (rank >= 7)
    stages |= GK_STAGE_EXPORT;
  return stages;
}

bool gk_rehearsed_confirmed(const gk_rehearsed_t *record) { return rank(record->state) >= 6; }

static gk_json_t *derived_of(const gk_rehearsed_t *record, const gk_pack_t *pack, gk_date_t as_of, apr_pool_t *pool)
{
  gk_json_t *derived = gk_derive(record->document, pack, as_of, pool);
  if (record->org_code != NULL && strlen(record->org_code) >= 6)
    gk_json_set_str(derived, "county", apr_pstrmemdup(pool, record->org_code, 6));
  if (record->org_code != NULL)
    gk_json_set_str(derived, "point", record->org_code);
  if (record->number != NULL)
    gk_json_set_str(derived, "number", record->number);
  if (record->candidate_number != NULL)
    gk_json_set_str(derived, "candidate_number", record->candidate_number);
  return derived;
}

static gk_error_t *judge(apr_array_header_t **out, gk_ruleset_t *rules, const gk_rehearsed_t *record, gk_json_t *derived,
                         gk_date_t as_of, apr_pool_t *pool)
{
  int place = rank(record->state);
  *out = apr_array_make(pool, 4, sizeof(gk_verdict_t));
  if (place < 0)
    return NULL;
  apr_array_header_t *all;
  GK_TRY(gk_policy_evaluate(rules, record->document, derived, stages_of(place), as_of, &all, pool));
  for (int i = 0; i < all->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(all, i, gk_verdict_t);
    if (verdict->kind != GK_VERDICT_REQUIRED || place >= 5)
      APR_ARRAY_PUSH(*out, gk_verdict_t) = *verdict;
  }
  return NULL;
}

gk_error_t *gk_rehearsal_verdicts(apr_array_header_t **verdicts, const gk_pack_t *pack, gk_ruleset_t *rules,
                                  const gk_rehearsed_t *record, gk_date_t as_of, apr_pool_t *pool)
{
  return judge(verdicts, rules, record, derived_of(record, pack, as_of, pool), as_of, pool);
}

/* By what name a verdict is counted: the rule's id, or what must be filled in. */
static const char *name_of(const gk_verdict_t *verdict, apr_pool_t *pool)
{
  return verdict->kind == GK_VERDICT_REQUIRED ? apr_pstrcat(pool, "required:", verdict->field, NULL) : verdict->rule;
}

static bool among(const apr_array_header_t *verdicts, const gk_verdict_t *wanted)
{
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *one = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (one->kind == wanted->kind && is(one->rule, wanted->rule) && is(one->pointer, wanted->pointer) &&
        one->severity == wanted->severity)
      return true;
  }
  return false;
}

static void count(gk_json_t *object, const char *key) { gk_json_set_int(object, key, gk_json_int(object, key) + 1); }

static void count_rule(gk_rehearsal_t *r, const char *name, const char *way, bool undecided, apr_int64_t id)
{
  gk_json_t *row = gk_json_get(r->rules, name);
  if (row == NULL) {
    gk_json_t *samples = gk_json_object(r->pool);
    row = gk_json_object(r->pool);
    gk_json_set_int(row, "failing", 0);
    gk_json_set_int(row, "passing", 0);
    gk_json_set_int(row, "undecided", 0);
    gk_json_set(samples, "failing", gk_json_array(r->pool));
    gk_json_set(samples, "passing", gk_json_array(r->pool));
    gk_json_set(row, "samples", samples);
    gk_json_set(r->rules, name, row);
  }
  count(row, way);
  if (undecided)
    count(row, "undecided");
  gk_json_t *samples = gk_json_get(gk_json_get(row, "samples"), way);
  if (gk_json_size(samples) < SAMPLES)
    gk_json_add_int(samples, id);
}

/* Counts what `verdicts` has and `others` has not; *rules grows by the names. */
static bool count_missing(gk_rehearsal_t *r, const apr_array_header_t *verdicts, const apr_array_header_t *others,
                          const char *way, apr_int64_t id, const char **rules, apr_pool_t *pool)
{
  bool any = false;
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (among(others, verdict))
      continue;
    const char *name = name_of(verdict, pool);
    any = true;
    if (strstr(*rules, apr_pstrcat(pool, " ", name, " ", NULL)) != NULL)
      continue; /* once a record, in however many rows */
    *rules = apr_pstrcat(pool, *rules, name, " ", NULL);
    count_rule(r, name, way, verdict->kind == GK_VERDICT_UNDECIDED, id);
  }
  return any;
}

static bool blocked(const apr_array_header_t *verdicts)
{
  for (int i = 0; i < verdicts->nelts; i++)
    if (APR_ARRAY_IDX(verdicts, i, gk_verdict_t).severity == GK_SEVERITY_ERROR)
      return true;
  return false;
}

static void count_county(gk_rehearsal_t *r, const gk_rehearsed_t *record, gk_outcome_t outcome, apr_pool_t *pool)
{
  const char *code = apr_pstrndup(pool, record->org_code != NULL ? record->org_code : "", 6);
  gk_json_t *row = gk_json_get(r->counties, code);
  if (row == NULL) {
    static const char *const keys[] = {"records", "failing", "passing", "other"};
    row = gk_json_object(r->pool);
    for (int i = 0; i < 4; i++)
      gk_json_set_int(row, keys[i], 0);
    gk_json_set(r->counties, code, row);
  }
  count(row, "records");
  if (outcome != GK_OUTCOME_SAME)
    count(row, gk_outcome_word(outcome));
}

gk_error_t *gk_rehearsal_judge(gk_outcome_t *outcome, const char **rules, gk_rehearsal_t *r, const gk_rehearsed_t *record,
                               gk_date_t as_of, apr_pool_t *pool)
{
  apr_array_header_t *before, *after;
  gk_json_t *derived = derived_of(record, r->before, as_of, pool);
  gk_json_t *fresh = r->derives_alike ? derived : derived_of(record, r->after, as_of, pool);
  const char *names = " ";
  GK_TRY(judge(&before, r->before_some, record, derived, as_of, pool));
  GK_TRY(judge(&after, r->after_some, record, fresh, as_of, pool));
  bool worse = count_missing(r, after, before, "failing", record->id, &names, pool);
  bool better = count_missing(r, before, after, "passing", record->id, &names, pool);
  *outcome = GK_OUTCOME_SAME;
  *rules = NULL;
  if (worse || better) {
    if (!r->every_rule) {
      GK_TRY(judge(&before, r->before_rules, record, derived, as_of, pool));
      GK_TRY(judge(&after, r->after_rules, record, fresh, as_of, pool));
    }
    bool was = blocked(before), will = blocked(after);
    *outcome = was == will ? GK_OUTCOME_OTHER : will ? GK_OUTCOME_FAILING : GK_OUTCOME_PASSING;
    *rules = names;
  }
  count_county(r, record, *outcome, pool);
  return NULL;
}
