/* Rulesets and verdicts (domain/verdict.h), on the shipped packs with policy_xpath and on lab plugins that
 * lie. */
#include "packs.h"

#include <apr_thread_proc.h>
#include "plugin/policy.h"

static const gk_date_t day = {2013, 11, 5};

static gk_plugins_t *host(const char *name, const char *mood, gk_on_error_t on_error, apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row =
      strcmp(name, "policy_xpath") == 0 ? lab_shipped(rows, name) : lab_row(rows, name, mood);
  row->on_error = on_error;
  return lab_host(rows, pool);
}

static const gk_verdict_t *verdict_on(const apr_array_header_t *verdicts, const char *rule,
                                      const char *pointer)
{
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (strcmp(verdict->rule, rule) == 0 && (pointer == NULL || strcmp(verdict->pointer, pointer) == 0))
      return verdict;
  }
  return NULL;
}

static void an_ordinary_candidate_has_no_verdict(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  GK_TEST(plugins != NULL);
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = packs_load(pool, p);
    gk_document_t *document = packs_candidate(pool, pack, p == 1);
    gk_ruleset_t *ruleset = NULL;
    GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
    GK_TEST(gk_ruleset_pack(ruleset) == pack);
    for (int stage = GK_STAGE_FILL; stage <= GK_STAGE_EXPORT; stage *= 2) {
      apr_array_header_t *verdicts = NULL;
      GK_TEST_CASE("%s stage %d", pack->id, stage);
      GK_TEST_OK(gk_policy_evaluate(ruleset, document, gk_derive(document, pack, pack->start, pool), stage,
                                    pack->start, &verdicts, pool));
      if (verdicts->nelts > 0)
        GK_TEST_FAIL("%s", gk_json_text(gk_verdicts_json(verdicts, pack, pool), pool));
    }
  }
}

/* The cases that prove a rule give the same answer through plugin and ruleset. */
static void every_rule_answers_its_cases(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  int passes = 0, fails = 0;
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = packs_load(pool, p);
    gk_ruleset_t *ruleset = NULL;
    GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
    for (int r = 0; r < pack->rules->nelts; r++) {
      gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, r, gk_rule_t);
      rule->subjects = rule->categories = NULL; /* cases hold what the test reads, not always the subject */
      rule->valid_from.year = rule->valid_to.year = 0;
      for (int c = 0; c < rule->cases->nelts; c++) {
        const gk_rule_case_t *one = &APR_ARRAY_IDX(rule->cases, c, gk_rule_case_t);
        apr_array_header_t *verdicts = NULL;
        gk_document_t *document = NULL;
        GK_TEST_CASE("%s %s case %d", pack->id, rule->id, c + 1);
        GK_TEST_OK(gk_document_from_json(&document, one->fields, pool));
        gk_json_t *derived = gk_derive(document, pack, one->as_of, pool);
        for (gk_json_iter_t it = gk_json_first(one->fields); it.key != NULL; gk_json_next(&it))
          if (gk_json_is_string(it.value))
            gk_json_set(derived, it.key, it.value);
        GK_TEST_OK(gk_policy_evaluate(ruleset, document, derived, rule->stages & -rule->stages, one->as_of,
                                      &verdicts, pool));
        const gk_verdict_t *verdict = verdict_on(verdicts, rule->id, NULL);
        GK_TEST((verdict == NULL) == one->expect);
        if (verdict != NULL) {
          GK_TEST_INT(verdict->kind, GK_VERDICT_RULE);
          GK_TEST(strchr(verdict->zh, '{') == NULL && strchr(verdict->en, '{') == NULL);
        }
        passes += one->expect, fails += !one->expect;
      }
    }
  }
  GK_TEST(passes > 100 && fails > 100);
}

static void an_empty_record_lists_what_is_missing(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL, *ids = NULL;
  gk_document_t *empty = gk_document_new(pool);
  GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
  GK_TEST_OK(gk_policy_evaluate(ruleset, empty, gk_derive(empty, pack, day, pool), GK_STAGE_CONFIRM, day,
                                &verdicts, pool));
  GK_TEST_OK(gk_policy_ask(ruleset, empty, NULL, GK_ASK_REQUIRED_FIELDS, &ids, pool));
  int missing = 0;
  for (int i = 0; i < verdicts->nelts; i++)
    missing += APR_ARRAY_IDX(verdicts, i, gk_verdict_t).kind == GK_VERDICT_REQUIRED;
  GK_TEST(missing > 20);
  GK_TEST_INT(missing, ids->nelts);
  const gk_verdict_t *name = verdict_on(verdicts, "required", "/fields/name");
  GK_TEST(name != NULL && name->severity == GK_SEVERITY_ERROR);
  GK_TEST_STR(name->zh, "请填写：姓名");
  GK_TEST_STR(name->en, "Fill in: Name");
  /* Relevant for fine arts only, and nobody has chosen them. */
  GK_TEST(verdict_on(verdicts, "required", "/fields/art_major") == NULL);
}

static void conditions_follow_other_fields(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
  gk_document_t *document = gk_document_with(packs_candidate(pool, pack, false), "subject", "3", pool);
  GK_TEST_OK(gk_policy_evaluate(ruleset, document, gk_derive(document, pack, day, pool), GK_STAGE_CONFIRM,
                                day, &verdicts, pool));
  GK_TEST(verdict_on(verdicts, "required", "/fields/art_major") != NULL);
  GK_TEST(verdict_on(verdicts, "required", "/fields/sport_item") == NULL);
}

static bool has_id(const apr_array_header_t *ids, const char *id)
{
  for (int i = 0; i < ids->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(ids, i, const char *), id) == 0)
      return true;
  return false;
}

static void papers_parts_and_relevant_fields_can_be_asked(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *ids = NULL, *verdicts = NULL;
  gk_document_t *document = packs_candidate(pool, pack, false);
  gk_json_t *derived = gk_derive(document, pack, day, pool);
  GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
  GK_TEST_OK(gk_policy_ask(ruleset, document, derived, GK_ASK_PARTS_ALL, &ids, pool));
  GK_TEST(has_id(ids, "appraisal") && has_id(ids, "examination"));
  GK_TEST_OK(gk_policy_ask(ruleset, document, derived, GK_ASK_PARTS_ART, &ids, pool));
  GK_TEST(!has_id(ids, "examination"));
  GK_TEST_OK(gk_policy_ask(ruleset, document, derived, GK_ASK_REQUIRED_PAPERS, &ids, pool));
  GK_TEST(ids->nelts > 0);
  GK_TEST_OK(gk_policy_ask(ruleset, document, derived, GK_ASK_RELEVANT_FIELDS, &ids, pool));
  GK_TEST(has_id(ids, "name") && !has_id(ids, "art_major"));
  const gk_part_t *part = gk_pack_part(pack, "appraisal");
  gk_document_t *given = packs_document(pool, "{\"conduct\":\"1\"}");
  GK_TEST_OK(gk_policy_evaluate_part(ruleset, document, derived, part, given, day, &verdicts, pool));
  GK_TEST(verdict_on(verdicts, "required", "/parts/appraisal/remark") != NULL);
  GK_TEST(verdict_on(verdicts, "required", "/parts/appraisal/conduct") == NULL);
}

static const packs_field_t small_fields[] = {
    {"name", "true()", NULL, GK_FIELD_TEXT},
    {"town", "starts-with(place, '43')", "not(abroad)", GK_FIELD_TEXT},
    {"place", NULL, NULL, GK_FIELD_TEXT},
    {"abroad", NULL, NULL, GK_FIELD_TEXT},
    {NULL, NULL, NULL, 0}};
static const packs_rule_t small_rules[] = {
    {"name-is-a", "name = 'a'", "name place", "{name} is {not a} {place} {nothing} {} {x"},
    {"seen", "false()", "place", "no braces"},
    {NULL, NULL, NULL, NULL}};

static void messages_are_filled_from_the_record(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  GK_TEST_OK(gk_policy_ruleset(plugins, packs_make(pool, small_fields, small_rules), &ruleset, pool));
  gk_document_t *document = packs_document(pool, "{\"name\":\"𠮷{place}\",\"place\":\"430101\"}");
  GK_TEST_OK(gk_policy_evaluate(ruleset, document, NULL, GK_STAGE_FILL, day, &verdicts, pool));
  const gk_verdict_t *verdict = verdict_on(verdicts, "name-is-a", "/fields/name");
  GK_TEST(verdict != NULL);
  GK_TEST_STR(verdict->en, "𠮷{place} is {not a} 430101 (empty) {} {x");
  GK_TEST_STR(verdict->zh, "规则：𠮷{place} is {not a} 430101 （空） {} {x");
  GK_TEST_INT(verdict->seen->nelts, 2);
  GK_TEST_STR(APR_ARRAY_IDX(verdict->seen, 0, gk_seen_t).value, "𠮷{place}");
  GK_TEST(verdict_on(verdicts, "required", "/fields/town") != NULL);
  gk_error_t *error = NULL;
  apr_array_header_t *rest = NULL;
  GK_TEST(gk_verdicts_to_error(&error, GK_E_RULE_FAILED, verdicts, &rest, pool));
  GK_TEST_ERROR(error, GK_E_RULE_FAILED);
  GK_TEST_INT(error->violations->nelts, 3);
  GK_TEST_STR(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).rule, "name-is-a");
  GK_TEST_INT(rest->nelts, 0);
}

static void rows_are_asked_for_row_by_row(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_pack_t *pack = packs_load(pool, 0);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  gk_document_t *document = packs_document(
      pool,
      "{\"resume\":[{\"start\":\"2008-09\",\"school\":\"星沙中学\",\"witness\":\"刘芳\"},{\"end\":\"2011-06\"}]}");
  GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
  GK_TEST_OK(gk_policy_evaluate(ruleset, document, gk_derive(document, pack, day, pool), GK_STAGE_CONFIRM,
                                day, &verdicts, pool));
  GK_TEST(verdict_on(verdicts, "required", "/fields/resume/0/school") == NULL);
  const gk_verdict_t *verdict = verdict_on(verdicts, "required", "/fields/resume/1/school");
  GK_TEST(verdict != NULL);
  GK_TEST(strstr(verdict->zh, "第2行") != NULL && strstr(verdict->en, "row 2") != NULL);
}

static void scope_and_validity_are_the_hosts(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  gk_pack_t *pack = packs_make(pool, small_fields, small_rules);
  gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, 1, gk_rule_t); /* false(): fails whenever it is asked */
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  gk_document_t *document = packs_document(pool, "{\"name\":\"a\",\"subject\":\"5\"}");
  rule->valid_from = (gk_date_t){2013, 11, 5};
  rule->valid_to = (gk_date_t){2013, 11, 6};
  rule->subjects = apr_array_make(pool, 1, sizeof(const char *));
  APR_ARRAY_PUSH(rule->subjects, const char *) = "5";
  GK_TEST_OK(gk_policy_ruleset(plugins, pack, &ruleset, pool));
  static const struct { gk_date_t on; const char *subject; int stage; bool asked; } cases[] = {
      {{2013, 11, 4}, "5", GK_STAGE_FILL, false}, {{2013, 11, 5}, "5", GK_STAGE_FILL, true},
      {{2013, 11, 6}, "5", GK_STAGE_FILL, true},  {{2013, 11, 7}, "5", GK_STAGE_FILL, false},
      {{2013, 11, 5}, "1", GK_STAGE_FILL, false}, {{2013, 11, 5}, NULL, GK_STAGE_FILL, false},
      {{2013, 11, 5}, "5", GK_STAGE_SUBMIT, false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    GK_TEST_CASE("case %d", (int)i);
    document = gk_document_with(document, "subject", cases[i].subject, pool);
    GK_TEST_OK(gk_policy_evaluate(ruleset, document, NULL, cases[i].stage, cases[i].on, &verdicts, pool));
    GK_TEST((verdict_on(verdicts, "seen", NULL) != NULL) == cases[i].asked);
  }
}

/* ---- plugins that don't keep their promises ----------------------------------------------------------- */

static gk_error_t *ask_lab(const char *name, const char *mood, gk_on_error_t on_error,
                           apr_array_header_t **verdicts, apr_pool_t *pool)
{
  gk_ruleset_t *ruleset = NULL;
  gk_plugins_t *plugins = host(name, mood, on_error, pool);
  gk_error_t *error = gk_policy_ruleset(plugins, packs_make(pool, small_fields, small_rules), &ruleset, pool);
  if (error == NULL)
    error = gk_policy_evaluate(ruleset, packs_document(pool, "{\"name\":\"a\"}"), NULL, GK_STAGE_FILL, day,
                               verdicts, pool);
  return error;
}

static void lies_are_failures(apr_pool_t *pool)
{
  static const char *const moods[] = {"lie_fewer", "lie_index",  "lie_result", "lie_short", "lie_text",
                                      "lie_twice", "no_ruleset", "fail",       "fail_badly"};
  for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
    apr_array_header_t *verdicts = NULL;
    GK_TEST_CASE("%s", moods[i]);
    GK_TEST_ERROR(ask_lab("lab_policy", moods[i], GK_ON_ERROR_FAIL, &verdicts, pool), GK_E_PLUGIN);
    GK_TEST(verdicts == NULL);
    if (strcmp(moods[i], "no_ruleset") == 0)
      continue;
    GK_TEST_OK(ask_lab("lab_policy", moods[i], GK_ON_ERROR_REVIEW, &verdicts, pool));
    GK_TEST_INT(verdicts->nelts, 1);
    GK_TEST_INT(APR_ARRAY_IDX(verdicts, 0, gk_verdict_t).severity, GK_SEVERITY_REVIEW);
    GK_TEST_INT(APR_ARRAY_IDX(verdicts, 0, gk_verdict_t).kind, GK_VERDICT_UNDECIDED);
  }
}

static void undecided_rules_block_or_go_to_review(apr_pool_t *pool)
{
  apr_array_header_t *verdicts = NULL;
  GK_TEST_OK(ask_lab("lab_policy", "undecided", GK_ON_ERROR_FAIL, &verdicts, pool));
  GK_TEST_INT(verdicts->nelts, 3); /* two rules, and whether the town is required */
  GK_TEST_INT(APR_ARRAY_IDX(verdicts, 0, gk_verdict_t).severity, GK_SEVERITY_ERROR);
  GK_TEST_STR(APR_ARRAY_IDX(verdicts, 0, gk_verdict_t).rule, "name-is-a");
  GK_TEST_OK(ask_lab("lab_single", "undecided", GK_ON_ERROR_REVIEW, &verdicts, pool));
  GK_TEST_INT(APR_ARRAY_IDX(verdicts, 0, gk_verdict_t).severity, GK_SEVERITY_REVIEW);
}

static void rules_the_plugin_refuses_are_a_fault_of_the_pack(apr_pool_t *pool)
{
  apr_array_header_t *verdicts = NULL;
  gk_error_t *error = ask_lab("lab_policy", "refuse_rules", GK_ON_ERROR_FAIL, &verdicts, pool);
  GK_TEST_ERROR(error, GK_E_PACK);
  GK_TEST_STR(error->en, "No such rules");
  GK_TEST_ERROR(gk_policy_ruleset(gk_plugins_create(NULL, pool), packs_make(pool, small_fields, small_rules),
                                  &(gk_ruleset_t *){NULL}, pool), GK_E_PLUGIN);
}

static void rulesets_follow_new_options(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("lab_policy", "good", 0, pool);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  gk_document_t *document = packs_document(pool, "{\"name\":\"a\"}");
  apr_pool_t *own;
  apr_pool_create(&own, pool);
  GK_TEST_OK(gk_policy_ruleset(plugins, packs_make(pool, small_fields, small_rules), &ruleset, own));
  GK_TEST_OK(gk_policy_evaluate(ruleset, document, NULL, GK_STAGE_FILL, day, &verdicts, pool));
  GK_TEST(verdict_on(verdicts, "seen", NULL) == NULL);
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_policy", lab_settings(pool, "mood=no"), pool));
  GK_TEST_OK(gk_policy_evaluate(ruleset, document, NULL, GK_STAGE_FILL, day, &verdicts, pool));
  GK_TEST(verdict_on(verdicts, "seen", NULL) != NULL);
  apr_pool_destroy(own);
  const char *metrics = gk_plugins_metrics(plugins, pool);
  GK_TEST(strstr(metrics, "event=\"loads\"} 2\n") != NULL);
  GK_TEST(strstr(metrics, "event=\"unloads\"} 2\n") != NULL);
}

static void rulesets_may_be_destroyed_after_the_plugins(apr_pool_t *pool)
{
  apr_pool_t *first, *second;
  gk_ruleset_t *ruleset = NULL;
  apr_pool_create(&first, pool);
  apr_pool_create(&second, pool);
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, first);
  GK_TEST_OK(gk_policy_ruleset(plugins, packs_make(second, small_fields, small_rules), &ruleset, second));
  apr_pool_destroy(first);
  apr_pool_destroy(second);
}

/* ---- many threads ------------------------------------------------------------------------------------- */

typedef struct crowd_t {
  gk_ruleset_t *ruleset;
  gk_document_t *document;
  const gk_pack_t *pack;
  int wrong;
} crowd_t;

static void *APR_THREAD_FUNC crowd_member(apr_thread_t *thread, void *data)
{
  crowd_t *crowd = data;
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  for (int i = 0; i < 200; i++) {
    apr_array_header_t *verdicts = NULL;
    apr_pool_clear(pool);
    gk_json_t *derived = gk_derive(crowd->document, crowd->pack, crowd->pack->start, pool);
    if (gk_policy_evaluate(crowd->ruleset, crowd->document, derived, GK_STAGE_CONFIRM, crowd->pack->start,
                           &verdicts, pool) != NULL ||
        verdicts->nelts != 0)
      __atomic_fetch_add(&crowd->wrong, 1, __ATOMIC_RELAXED);
  }
  apr_pool_destroy(pool);
  (void)thread;
  return NULL;
}

static void threads_evaluate_while_options_change(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("policy_xpath", NULL, 0, pool);
  apr_thread_t *threads[4];
  apr_status_t status;
  crowd_t crowd = {NULL, NULL, packs_load(pool, 0), 0};
  crowd.document = packs_candidate(pool, crowd.pack, false);
  GK_TEST_OK(gk_policy_ruleset(plugins, crowd.pack, &crowd.ruleset, pool));
  for (int i = 0; i < 4; i++)
    apr_thread_create(&threads[i], NULL, crowd_member, &crowd, pool);
  for (int i = 0; i < 10; i++)
    GK_TEST_OK(gk_plugin_set_options(
        plugins, "policy_xpath", lab_settings(pool, apr_psprintf(pool, "op_limit=%d", 100000 + i)), pool));
  for (int i = 0; i < 4; i++)
    apr_thread_join(&status, threads[i]);
  GK_TEST_INT(crowd.wrong, 0);
}

int main(void)
{
  gk_test_begin("policy");
  GK_TEST_RUN(an_ordinary_candidate_has_no_verdict);
  GK_TEST_RUN(every_rule_answers_its_cases);
  GK_TEST_RUN(an_empty_record_lists_what_is_missing);
  GK_TEST_RUN(conditions_follow_other_fields);
  GK_TEST_RUN(papers_parts_and_relevant_fields_can_be_asked);
  GK_TEST_RUN(messages_are_filled_from_the_record);
  GK_TEST_RUN(rows_are_asked_for_row_by_row);
  GK_TEST_RUN(scope_and_validity_are_the_hosts);
  GK_TEST_RUN(lies_are_failures);
  GK_TEST_RUN(undecided_rules_block_or_go_to_review);
  GK_TEST_RUN(rules_the_plugin_refuses_are_a_fault_of_the_pack);
  GK_TEST_RUN(rulesets_follow_new_options);
  GK_TEST_RUN(rulesets_may_be_destroyed_after_the_plugins);
  GK_TEST_RUN(threads_evaluate_while_options_change);
  return gk_test_end();
}
