/* What 30 rules on a candidate cost: through the ABI, document build included (limit: 40 us), and the whole
 * of gk_policy_evaluate with the shipped pack, derived fields apart. Prints ratios to the limit; judges
 * nothing.
 *   tests/bench/rules [rounds] */
#include "../plugin/packs.h"
#include "rules.h"

#include <time.h>
#include "plugin/policy.h"

#define LIMIT_US 40.0

static double now_us(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static const packs_field_t no_fields[] = {{NULL, NULL, NULL, 0}};

static void report(const char *what, double us)
{
  printf("%-58s %7.2f us   %.2f x limit of %.0f us\n", what, us, us / LIMIT_US, LIMIT_US);
}

static double measure(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived, int stage,
                      gk_date_t day, int rounds, int *failed, apr_pool_t *pool)
{
  double best = 1e9;
  apr_pool_t *iterpool;
  apr_pool_create(&iterpool, pool);
  for (int repeat = 0; repeat < 5; repeat++) {
    double start = now_us();
    for (int i = 0; i < rounds; i++) {
      apr_array_header_t *verdicts = NULL;
      apr_pool_clear(iterpool);
      if (gk_policy_evaluate(ruleset, document, derived, stage, day, &verdicts, iterpool) != NULL)
        exit(1);
      *failed = verdicts->nelts;
    }
    double us = (now_us() - start) / rounds;
    best = us < best ? us : best;
  }
  return best;
}

int main(int argc, const char **argv)
{
  apr_pool_t *pool;
  int rounds = argc > 1 ? atoi(argv[1]) : 20000, failed = 0;
  packs_rule_t rules[31];
  gk_ruleset_t *ruleset = NULL;
  gk_date_t day = {2013, 11, 5};
  apr_initialize();
  apr_pool_create(&pool, NULL);
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "policy_xpath");
  gk_plugins_t *plugins = lab_host(rows, pool);
  if (plugins == NULL)
    return 1;

  /* 60 fields, 3 rows, 30 rules. */
  const char *json =
      "{\"r\":[{\"c1\":\"x1\",\"c2\":\"y\"},{\"c1\":\"x2\",\"c2\":\"y\"},{\"c1\":\"x3\",\"c2\":\"y\"}]";
  for (int i = 1; i <= 60; i++)
    json = apr_psprintf(pool, "%s,\"f%d\":\"%d\"", json, i, i);
  for (int i = 0; i < 30; i++)
    rules[i] = (packs_rule_t){apr_psprintf(pool, "rule-%d", i), bench_rules[i], "f1", "no"};
  rules[30].id = NULL;
  gk_document_t *document = packs_document(pool, apr_pstrcat(pool, json, "}", NULL));
  if (gk_policy_ruleset(plugins, packs_make(pool, no_fields, rules), &ruleset, pool) != NULL)
    return 1;
  double us = measure(ruleset, document, NULL, GK_STAGE_FILL, day, rounds, &failed, pool);
  report(apr_psprintf(pool, "30 rules, 60 fields, 3 rows (%d not met)", failed), us);

  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = packs_load(pool, p);
    document = packs_candidate(pool, pack, p == 1);
    gk_json_t *derived = gk_derive(document, pack, pack->start, pool);
    int asked = 0;
    for (int i = 0; i < pack->rules->nelts; i++)
      asked += (APR_ARRAY_IDX(pack->rules, i, gk_rule_t).stages & GK_STAGE_CONFIRM) != 0;
    if (gk_policy_ruleset(plugins, pack, &ruleset, pool) != NULL)
      return 1;
    us = measure(ruleset, document, derived, GK_STAGE_CONFIRM, pack->start, rounds / 4, &failed, pool);
    report(apr_psprintf(pool, "%s, confirm: %d rules; of them 30 cost", pack->id, asked), us * 30 / asked);
    us = measure(ruleset, document, derived, GK_STAGE_FILL, pack->start, rounds / 4, &failed, pool);
    printf("%-58s %7.2f us   %.2f x limit of 150 us\n", apr_psprintf(pool, "%s, fill: all its rules and conditions", pack->id), us,
           us / 150.0);
  }
  apr_pool_destroy(pool);
  apr_terminate();
  return 0;
}
