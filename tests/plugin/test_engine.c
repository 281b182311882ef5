/* Another rule engine behind the ABI (plain.c) fits: rulesets, verdicts, conditions and refusals are the host's, whoever
 * evaluates; and where both understand a rule, it and policy_xpath say the same. */
#include "packs.h"

#include "plugin/policy.h"

static const gk_date_t day = {2013, 11, 5};
static const packs_field_t fields[] = {{"sex", "true()", NULL, GK_FIELD_TEXT}, {"phone", "not(mobile)", NULL, GK_FIELD_TEXT},
                                       {"mobile", NULL, NULL, GK_FIELD_TEXT}, {NULL, NULL, NULL, 0}};
static const packs_rule_t rules[] = {{"one", "sex = '1' or sex = '2'", "sex", "{sex}"},
                                     {"two", "not(phone = '110') and sex", "phone sex", "no"},
                                     {NULL, NULL, NULL, NULL}};

static gk_plugins_t *host(const char *engine, apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = strcmp(engine, "plain") == 0 ? apr_array_push(rows) : lab_shipped(rows, engine);
  if (strcmp(engine, "plain") == 0) {
    memset(row, 0, sizeof(*row));
    row->path = lab_built(pool, "tests/plugin/.libs/plain.so");
  }
  row->name = engine;
  row->where = "test.conf:1";
  return lab_host(rows, pool);
}

static const char *said(const char *engine, const char *json, apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(engine, pool);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  if (plugins == NULL || gk_policy_ruleset(plugins, packs_make(pool, fields, rules), &ruleset, pool) != NULL ||
      gk_policy_evaluate(ruleset, packs_document(pool, json), NULL, GK_STAGE_FILL, day, &verdicts, pool) != NULL)
    return engine;
  return gk_json_text(gk_verdicts_json(verdicts, NULL, pool), pool);
}

static void both_engines_say_the_same(apr_pool_t *pool)
{
  static const char *const documents[] = {"{}", "{\"sex\":\"1\"}", "{\"sex\":\"9\",\"phone\":\"110\"}",
                                          "{\"sex\":\"2\",\"mobile\":\"1\"}",
                                          "{\"phone\":\"110\",\"mobile\":\"x\"}"};
  for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
    const char *plain = said("plain", documents[i], pool);
    GK_TEST_CASE("%s", documents[i]);
    GK_TEST_STR(plain, said("policy_xpath", documents[i], pool));
    GK_TEST(i == 3 || i == 1 || strstr(plain, "\"kind\":\"rule\"") != NULL);
  }
}

static void what_it_does_not_understand_is_named(apr_pool_t *pool)
{
  static const packs_rule_t odd[] = {{"fine", "sex", "sex", "no"},
                                     {"odd", "count(family/row) > 1", "sex", "no"},
                                     {NULL, NULL, NULL, NULL}};
  gk_plugins_t *plugins = host("plain", pool);
  gk_ruleset_t *ruleset = NULL;
  gk_error_t *error = gk_policy_ruleset(plugins, packs_make(pool, fields, odd), &ruleset, pool);
  GK_TEST(error != NULL && error->code == GK_E_PACK && ruleset == NULL);
  GK_TEST(error != NULL && strstr(error->en, "odd") != NULL);
}

int main(void)
{
  gk_test_begin("engine");
  GK_TEST_RUN(both_engines_say_the_same);
  GK_TEST_RUN(what_it_does_not_understand_is_named);
  return gk_test_end();
}
