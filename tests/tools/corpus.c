/* What libxml2 answers for every rule of the shipped packs on every case that stands in them, alone and laid over a whole
 * candidate: for tests/web/corpus.mjs, which asks Chromium the same. One JSON document on stdout:
 *   [{"pack", "rules": [[id, test]], "records": [{"values": {name: value}, "rows": {field: [{..}]}, "fail": [id],
 *     "undecided": [id]}]}] */
#include "../plugin/packs.h"

#include "plugin/policy.h"

#define EVERY_STAGE (GK_STAGE_FILL | GK_STAGE_REVIEW | GK_STAGE_CONFIRM | GK_STAGE_SUBMIT | GK_STAGE_EXPORT)

/* Every rule, for everybody, on every day; no questions about fields. */
static gk_pack_t *rules_alone(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_pack_t *alone = apr_pmemdup(pool, pack, sizeof(*pack));
  alone->rules = apr_array_copy(pool, pack->rules);
  for (int i = 0; i < alone->rules->nelts; i++) {
    gk_rule_t *rule = &APR_ARRAY_IDX(alone->rules, i, gk_rule_t);
    rule->subjects = rule->categories = apr_array_make(pool, 1, sizeof(const char *));
    rule->valid_from.year = rule->valid_to.year = 0;
    rule->stages = EVERY_STAGE;
  }
  alone->fields = apr_array_make(pool, 1, sizeof(gk_field_t));
  alone->papers = apr_array_make(pool, 1, sizeof(gk_paper_t));
  alone->parts = apr_array_make(pool, 1, sizeof(gk_part_t));
  return alone;
}

static void lay(gk_json_t *to, gk_json_t *from, gk_json_t *rows)
{
  for (gk_json_iter_t it = gk_json_first(from); it.key != NULL; gk_json_next(&it))
    gk_json_set(gk_json_is_array(it.value) ? rows : to, it.key, it.value);
}

static gk_json_t *judged(gk_ruleset_t *rules, const gk_pack_t *pack, gk_json_t *fields, const gk_rule_case_t *one, apr_pool_t *pool)
{
  gk_document_t *document;
  apr_array_header_t *verdicts;
  gk_json_t *record = gk_json_object(pool), *values = gk_json_object(pool), *rows = gk_json_object(pool);
  gk_json_t *fail = gk_json_array(pool), *undecided = gk_json_array(pool);
  if (gk_document_from_json(&document, fields, pool) != NULL)
    exit(1);
  gk_json_t *derived = gk_derive(document, pack, one->as_of, pool);
  for (gk_json_iter_t it = gk_json_first(one->fields); it.key != NULL; gk_json_next(&it))
    if (gk_pack_field(pack, it.key) == NULL && gk_json_is_string(it.value))
      gk_json_set(derived, it.key, it.value);
  if (gk_policy_evaluate(rules, document, derived, EVERY_STAGE, one->as_of, &verdicts, pool) != NULL)
    exit(1);
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    gk_json_add_str(verdict->kind == GK_VERDICT_UNDECIDED ? undecided : fail, verdict->rule);
  }
  lay(values, gk_document_json(document), rows);
  lay(values, derived, rows);
  gk_json_set(record, "values", values);
  gk_json_set(record, "rows", rows);
  gk_json_set(record, "fail", fail);
  gk_json_set(record, "undecided", undecided);
  return record;
}

static gk_json_t *of_pack(gk_plugins_t *plugins, int which, apr_pool_t *pool)
{
  gk_pack_t *pack = packs_load(pool, which);
  gk_ruleset_t *rules;
  gk_json_t *out = gk_json_object(pool), *list = gk_json_array(pool), *records = gk_json_array(pool);
  gk_json_t *whole = gk_document_json(packs_candidate(pool, pack, which == 1));
  if (gk_policy_ruleset(plugins, rules_alone(pack, pool), &rules, pool) != NULL)
    exit(1);
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t);
    gk_json_t *pair = gk_json_array(pool);
    gk_json_add_str(pair, rule->id);
    gk_json_add_str(pair, rule->test);
    gk_json_add(list, pair);
    for (int c = 0; c < rule->cases->nelts; c++) {
      const gk_rule_case_t *one = &APR_ARRAY_IDX(rule->cases, c, gk_rule_case_t);
      gk_json_t *over = gk_json_copy(whole, pool), *own = gk_json_object(pool);
      for (gk_json_iter_t it = gk_json_first(one->fields); it.key != NULL; gk_json_next(&it))
        if (gk_pack_field(pack, it.key) != NULL) {
          gk_json_set(over, it.key, it.value);
          gk_json_set(own, it.key, it.value);
        }
      gk_json_add(records, judged(rules, pack, own, one, pool));
      gk_json_add(records, judged(rules, pack, over, one, pool));
    }
  }
  gk_json_set_str(out, "pack", pack->id);
  gk_json_set(out, "rules", list);
  gk_json_set(out, "records", records);
  return out;
}

int main(void)
{
  apr_pool_t *pool;
  apr_initialize();
  apr_pool_create(&pool, NULL);
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "policy_xpath");
  gk_plugins_t *plugins = lab_host(rows, pool);
  if (plugins == NULL)
    return 1;
  gk_json_t *all = gk_json_array(pool);
  for (int which = 0; which < 2; which++)
    gk_json_add(all, of_pack(plugins, which, pool));
  puts(gk_json_text(all, pool));
  apr_pool_destroy(pool);
  apr_terminate();
  return 0;
}
