/* tests/plugin/plain.c: a second rule engine, only for tests: it shows that the ABI needs no XPath library. It understands
 * comparisons `name = 'text'` and bare names, joined by `and` or by `or` (not both), and not(...) around one of them; tests
 * of another shape are refused when they are loaded, by name. */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "gaokao_plugin.h"

typedef struct plain_t {
  const gaokao_host_t *host;
} plain_t;

typedef struct term_t {
  const char *name, *value; /* value NULL: filled in, whatever it says */
  int negated;
} term_t;

typedef struct rule_t {
  const gaokao_rule_t *from;
  term_t terms[8];
  int n, any;
} rule_t;

typedef struct rules_t {
  apr_pool_t *pool;
  rule_t *rules;
} rules_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  plain_t *plain = apr_pcalloc(pool, sizeof(*plain));
  plain->host = host;
  *instance = plain;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  (void)instance;
  (void)call;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  (void)instance;
  (void)call;
  facts->n_facts = 0;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *health)
{
  (void)instance;
  (void)call;
  health->state = GAOKAO_HEALTH_GOOD;
  health->zh = "好";
  health->en = "Good";
  return NULL;
}

static void blanks(const char **at) { *at += strspn(*at, " "); }

static int take(const char **at, const char *text)
{
  blanks(at);
  if (strncmp(*at, text, strlen(text)) != 0)
    return 0;
  *at += strlen(text);
  return 1;
}

static int read_term(term_t *term, const char **at, apr_pool_t *pool)
{
  term->negated = take(at, "not(");
  blanks(at);
  apr_size_t length = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789_");
  term->name = apr_pstrmemdup(pool, *at, length);
  term->value = NULL;
  *at += length;
  if (length > 0 && take(at, "=")) {
    const char *end = take(at, "'") ? strchr(*at, '\'') : NULL;
    if (end == NULL)
      return 0;
    term->value = apr_pstrmemdup(pool, *at, (apr_size_t)(end - *at));
    *at = end + 1;
  }
  return length > 0 && (!term->negated || take(at, ")"));
}

static int read_rule(rule_t *rule, const gaokao_rule_t *from, apr_pool_t *pool)
{
  const char *at = from->test;
  rule->from = from;
  while (rule->n < 8 && read_term(&rule->terms[rule->n++], &at, pool)) {
    blanks(&at);
    if (*at == '\0')
      return 1;
    int any = take(&at, "or ");
    if ((!any && !take(&at, "and ")) || (rule->n > 1 && any != rule->any))
      return 0;
    rule->any = any;
  }
  return 0;
}

static gaokao_error_t *load_rules(void *instance, const gaokao_call_t *call, const gaokao_rule_t *const *rules,
                                  apr_uint32_t n_rules, void **ruleset)
{
  plain_t *plain = instance;
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  rules_t *loaded = apr_pcalloc(pool, sizeof(*loaded));
  loaded->pool = pool;
  loaded->rules = apr_pcalloc(pool, (n_rules + 1) * sizeof(*loaded->rules));
  for (apr_uint32_t i = 0; i < n_rules; i++)
    if (!read_rule(&loaded->rules[i], rules[i], pool)) {
      gaokao_error_t *error = plain->host->error_new(call->pool, GAOKAO_E_INPUT, "规则 %s 的条件看不懂",
                                                     "Rule %s has a test of no known shape", rules[i]->id);
      apr_pool_destroy(pool);
      return error;
    }
  *ruleset = loaded;
  return NULL;
}

static void unload_rules(void *instance, void *ruleset)
{
  rules_t *loaded = ruleset;
  (void)instance;
  apr_pool_destroy(loaded->pool);
}

static const char *value_of(const gaokao_candidate_t *candidate, const char *name)
{
  for (apr_uint32_t i = 0; i < candidate->n_fields; i++)
    if (strcmp(candidate->fields[i].name, name) == 0)
      return candidate->fields[i].value;
  return NULL;
}

static int holds(const rule_t *rule, const gaokao_candidate_t *candidate)
{
  for (int i = 0; i < rule->n; i++) {
    const term_t *term = &rule->terms[i];
    const char *value = value_of(candidate, term->name);
    int is = (value != NULL && (term->value == NULL || strcmp(value, term->value) == 0)) != term->negated;
    if (is == rule->any)
      return rule->any;
  }
  return !rule->any;
}

static gaokao_error_t *evaluate(void *instance, const gaokao_call_t *call, void *ruleset, const gaokao_question_t *question,
                                const gaokao_verdict_sink_t *sink)
{
  rules_t *loaded = ruleset;
  (void)instance;
  (void)call;
  for (apr_uint32_t i = 0; i < question->n_rules; i++) {
    const rule_t *rule = &loaded->rules[question->rules[i]];
    gaokao_pair_t seen[8];
    gaokao_verdict_t verdict = {sizeof(verdict), question->rules[i], GAOKAO_PASS, 0, NULL, NULL};
    if (!holds(rule, question->candidate)) {
      verdict.result = GAOKAO_FAIL;
      verdict.seen = seen;
      for (apr_uint32_t f = 0; f < rule->from->n_fields && verdict.n_seen < 8; f++) {
        const char *value = value_of(question->candidate, rule->from->fields[f]);
        if (value != NULL)
          seen[verdict.n_seen++] = (gaokao_pair_t){rule->from->fields[f], value};
      }
    }
    sink->verdict(sink->context, &verdict);
  }
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};
static const gaokao_policy_t policy = {&life, "xpath-1.0", load_rules, evaluate, unload_rules};

GAOKAO_PLUGIN(plain, POLICY, policy, NULL, "1.0", "Apache-2.0", GAOKAO_PURE | GAOKAO_THREAD_SAFE)
