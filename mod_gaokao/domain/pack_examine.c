/* domain/pack_examine.c: what an approver should see of a draft before it is rehearsed: its own cases, its fields, the records
 * that are there (pack_life.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/pack_internal.h"
#include "domain/pack_local.h"
#include "domain/pack_population.h"

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void find(gk_json_t *findings, const char *severity, const char *rule, const char *code, const char *where,
                 const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *one = gk_json_object(pool);
  gk_json_set_str(one, "severity", severity);
  gk_json_set_str(one, "rule", rule);
  gk_json_set_str(one, "code", code);
  gk_json_set_str(one, "where", where);
  gk_json_set_str(one, "zh", zh);
  gk_json_set_str(one, "en", en);
  gk_json_add(findings, one);
}

/* What the rule says of one of its cases; all stages, since a case is about the test. */
static gk_error_t *run_case(bool *passes, const char **undecided, const gk_rule_t *rule,
                            const gk_rule_case_t *one, const gk_pack_t *pack,
                            gk_ruleset_t *rules, apr_pool_t *pool)
{
  gk_document_t *document;
  apr_array_header_t *verdicts;
  GK_TRY(gk_document_from_json(&document, gk_json_copy(one->fields, pool), pool));
  gk_json_t *derived = gk_derive(document, pack, one->as_of, pool);
  for (gk_json_iter_t it = gk_json_first(one->fields); it.key != NULL; gk_json_next(&it))
    if (gk_pack_field(pack, it.key) == NULL)
      gk_json_set(derived, it.key, it.value); /* a derived value that the case gives */
  /* Rules narrowed to subjects or categories are asked for the first of them. */
  if (rule->subjects->nelts > 0 && gk_document_get(document, "subject") == NULL)
    gk_json_set_str(derived, "subject", APR_ARRAY_IDX(rule->subjects, 0, const char *));
  if (rule->categories->nelts > 0 && gk_document_get(document, "category") == NULL)
    gk_json_set_str(derived, "category", APR_ARRAY_IDX(rule->categories, 0, const char *));
  GK_TRY(gk_policy_evaluate(rules, document, derived, rule->stages, one->as_of, &verdicts, pool));
  *passes = true;
  *undecided = NULL;
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (verdict->kind == GK_VERDICT_UNDECIDED)
      *undecided = verdict->reason != NULL ? verdict->reason : "";
    if (verdict->kind != GK_VERDICT_REQUIRED && is(verdict->rule, rule->id))
      *passes = false;
  }
  return NULL;
}

static gk_error_t *check_cases(gk_json_t *findings, bool *wrong, const gk_pack_t *pack, gk_core_t *core, apr_pool_t *pool)
{
  apr_pool_t *each;
  gk_error_t *error = NULL;
  apr_pool_create(&each, pool);
  for (int i = 0; error == NULL && i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t);
    gk_pack_t alone = *pack; /* the rule by itself */
    gk_ruleset_t *rules;
    apr_pool_clear(each);
    alone.rules = apr_array_make(each, 1, sizeof(gk_rule_t));
    gk_rule_t *copy = apr_array_push(alone.rules);
    *copy = *rule;
    copy->valid_from.year = copy->valid_to.year = 0;
    copy->areas = NULL;
    alone.fields = apr_array_make(each, 1, sizeof(gk_field_t));
    alone.papers = apr_array_make(each, 1, sizeof(gk_paper_t));
    alone.parts = apr_array_make(each, 1, sizeof(gk_part_t));
    error = gk_core_rules(&rules, core, &alone, each);
    for (int c = 0; error == NULL && c < rule->cases->nelts; c++) {
      const gk_rule_case_t *one = &APR_ARRAY_IDX(rule->cases, c, gk_rule_case_t);
      bool passes;
      const char *undecided = NULL;
      error = run_case(&passes, &undecided, copy, one, pack, rules, each);
      if (error == NULL && undecided != NULL) { /* it costs too much, or can't be computed */
        *wrong = true;
        find(findings, "error", rule->id, "undecided", "",
             apr_psprintf(pool, "规则“%s”的第 %d 个例子无法计算（%s），请改得简单些", rule->title.zh, c + 1, undecided),
             apr_psprintf(pool, "Rule ‘%s’: its case %d can't be computed (%s): make it simpler", rule->title.en, c + 1, undecided),
             pool);
      } else if (error == NULL && passes != one->expect) {
        *wrong = true;
        find(findings, "error", rule->id, "case", "",
             apr_psprintf(pool, "规则“%s”的第 %d 个例子应当%s，实际%s", rule->title.zh, c + 1, one->expect ? "通过" : "不通过",
                          passes ? "通过" : "不通过"),
             apr_psprintf(pool, "Rule ‘%s’: its case %d should %s but does %s", rule->title.en, c + 1,
                          one->expect ? "pass" : "fail", passes ? "pass" : "fail"),
             pool);
      }
    }
  }
  if (error != NULL)
    error = gk_error_dup(pool, error);
  apr_pool_destroy(each);
  return error;
}

/* A field that nobody may enter, or that stands in no page's conditions, is never filled in. */
static void check_fields(gk_json_t *findings, const gk_pack_t *pack, apr_pool_t *pool)
{
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(pack->fields, i, gk_field_t);
    bool never = field->relevant != NULL && is(field->relevant, "false()");
    if (field->edit == NULL || field->edit->nelts == 0 || never)
      find(findings, "warn", NULL, "unreachable-field", field->id,
           apr_psprintf(pool, "项目“%s”没有人能填写", field->label.zh),
           apr_psprintf(pool, "Nobody can ever fill in ‘%s’", field->label.en), pool);
  }
}

/* Rules of units that the new pack leaves no room for: they would be in force no more. */
static gk_error_t *check_local(gk_json_t *findings, gk_act_t *act, const gk_blob_t *body)
{
  gk_pack_t *whole;
  apr_array_header_t *left_out;
  GK_TRY(gk_pack_whole(&whole, act->db, act->season->id, body, NULL, &left_out, act->pool, act->pool));
  for (int i = 0; i < left_out->nelts; i++) {
    const gk_local_rules_t *one = &APR_ARRAY_IDX(left_out, i, gk_local_rules_t);
    find(findings, "warn", NULL, "local-rules", one->unit,
         apr_psprintf(act->pool, "启用后，%s自己增加的规则不再生效：%s", one->unit_name, one->xml),
         apr_psprintf(act->pool, "The rules that %s added would be in force no more: %s", one->unit_name, one->xml), act->pool);
  }
  return NULL;
}

static const char *title_of(const gk_pack_t *pack, const char *rule, bool english)
{
  const gk_rule_t *known = gk_pack_rule(pack, rule);
  return known == NULL ? rule : english ? known->title.en : known->title.zh;
}

/* On the records that are there: rules that are for nobody, that nobody passes, that can't be met together; hidden fields. */
static gk_error_t *check_population(gk_json_t *findings, gk_act_t *act, const gk_pack_t *pack, gk_ruleset_t *rules,
                                    const apr_array_header_t *only)
{
  apr_array_header_t *found;
  apr_pool_t *pool = act->pool;
  int records;
  GK_TRY(gk_pack_population(&found, &records, act, pack, rules, only, pool));
  for (int i = 0; i < found->nelts; i++) {
    const gk_population_finding_t *one = &APR_ARRAY_IDX(found, i, gk_population_finding_t);
    const char *zh = title_of(pack, one->id, false), *en = title_of(pack, one->id, true);
    const gk_field_t *field = gk_pack_field(pack, one->id);
    switch (one->kind) {
    case GK_NEVER_ASKED:
      find(findings, "warn", one->id, "never-asked", "",
           apr_psprintf(pool, "现有记录中（看了 %d 份）没有一份适用规则“%s”", records, zh),
           apr_psprintf(pool, "Of the records that are there (%d were looked at) rule ‘%s’ is for none", records, en), pool);
      break;
    case GK_EVERYBODY_FAILS:
      find(findings, "warn", one->id, "everybody-fails", "",
           apr_psprintf(pool, "现有记录中（看了 %d 份）适用规则“%s”的全部不通过", records, zh),
           apr_psprintf(pool, "Of the records that are there (%d were looked at) all that rule ‘%s’ is for fail it", records, en),
           pool);
      break;
    case GK_CONTRADICTS:
      find(findings, "warn", one->id, "contradiction", one->other,
           apr_psprintf(pool, "规则“%s”与“%s”在现有记录上互相矛盾：没有一份记录能同时通过", zh, title_of(pack, one->other, false)),
           apr_psprintf(pool, "Rules ‘%s’ and ‘%s’ contradict on the records that are there: none passes both", en,
                        title_of(pack, one->other, true)), pool);
      break;
    case GK_NEVER_RELEVANT:
      find(findings, "warn", NULL, "hidden-field", one->id,
           apr_psprintf(pool, "项目“%s”在现有记录（看了 %d 份）中从不出现", field != NULL ? field->label.zh : one->id, records),
           apr_psprintf(pool, "‘%s’ is hidden on all records that are there (%d were looked at)",
                        field != NULL ? field->label.en : one->id, records), pool);
      break;
    }
  }
  return NULL;
}

gk_error_t *gk_pack_check(gk_json_t **findings, gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision)
{
  gk_pack_row_t before;
  gk_blob_t body;
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  bool wrong = false, changed = true;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_own(act, &before));
  *findings = gk_json_array(act->pool);
  gk_json_t *later = gk_json_array(act->pool); /* faults come first */
  if (before.unit[0] != '\0') {
    GK_TRY(gk_pack_open(&pack, &rules, act, id, act->pool));
    GK_TRY(check_population(later, act, pack, rules, gk_local_rules_of(pack, before.unit, act->pool)));
    pack->rules = gk_local_rules_of(pack, before.unit, act->pool); /* those of others are theirs */
  } else {
    GK_TRY(gk_store_pack_body(act->db, id, &body, act->pool));
    GK_TRY(gk_pack__load(&pack, &rules, act, (const char *)body.bytes, body.length, true, act->pool));
    GK_TRY(check_local(later, act, &body));
    GK_TRY(check_population(later, act, pack, rules, NULL));
  }
  GK_TRY(check_cases(*findings, &wrong, pack, act->core, act->pool));
  for (int i = 0; pack->warnings != NULL && i < pack->warnings->nelts; i++) {
    const gk_violation_t *w = &APR_ARRAY_IDX(pack->warnings, i, gk_violation_t);
    if (before.unit[0] != '\0' && (w->rule == NULL || strncmp(w->rule, gk_local_prefix(before.unit, act->pool),
                                                              strlen(gk_local_prefix(before.unit, act->pool))) != 0))
      continue;
    find(*findings, "warn", w->rule, w->code, w->pointer, w->zh, w->en, act->pool);
  }
  if (before.unit[0] == '\0')
    check_fields(*findings, pack, act->pool);
  for (apr_size_t i = 0; i < gk_json_size(later); i++)
    gk_json_add(*findings, gk_json_at(later, i));
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_int(more, "findings", (apr_int64_t)gk_json_size(*findings));
  gk_json_set_bool(more, "wrong", wrong);
  GK_TRY(gk_act_begin(act));
  if (is(before.state, "draft") && !wrong)
    GK_TRY(gk_store_pack_step(&changed, act, &before, "checked"));
  return gk_pack__done(out, act, changed, "pack.check", &before, more);
}
