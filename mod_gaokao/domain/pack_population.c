/* domain/pack_population.c: see pack_population.h. One bit a rule: which are for a record, which it passes, and for each rule the
 * ones that were passed together with it. */
#include "domain/pack_population.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/rehearsal.h"

#define FEWEST 30
#define BATCHES 5
#define BUDGET_US (2 * APR_USEC_PER_SEC) /* somebody waits for the answer */
#define EVERY_STAGE (GK_STAGE_FILL | GK_STAGE_REVIEW | GK_STAGE_CONFIRM | GK_STAGE_SUBMIT | GK_STAGE_EXPORT)

typedef struct population_t {
  const gk_pack_t *pack;
  gk_ruleset_t *rules;
  int n, words, records;
  apr_uint64_t *asked, *failed, *passed;   /* of this record; one bit a rule */
  apr_uint64_t *meets, *agrees;            /* n rows: asked together with, passed together with */
  int *n_asked, *n_passed, *n_relevant;
} population_t;

static bool bit(const apr_uint64_t *set, int i) { return (set[i / 64] >> (i % 64) & 1) != 0; }
static void set_bit(apr_uint64_t *set, int i) { set[i / 64] |= (apr_uint64_t)1 << (i % 64); }

static bool listed(const apr_array_header_t *codes, const char *code, bool prefix)
{
  if (codes == NULL || codes->nelts == 0)
    return true;
  for (int i = 0; code != NULL && i < codes->nelts; i++) {
    const char *one = APR_ARRAY_IDX(codes, i, const char *);
    if (prefix ? strncmp(one, code, strlen(one)) == 0 : strcmp(one, code) == 0)
      return true;
  }
  return false;
}

/* The rule is for this record today. */
static bool is_for(const gk_rule_t *rule, const gk_rehearsed_t *record, gk_date_t today)
{
  return (rule->valid_from.year == 0 || gk_date_compare(rule->valid_from, today) <= 0) &&
         (rule->valid_to.year == 0 || gk_date_compare(today, rule->valid_to) <= 0) &&
         listed(rule->subjects, gk_document_get(record->document, "subject"), false) &&
         listed(rule->categories, gk_document_get(record->document, "category"), false) &&
         listed(rule->areas, record->org_code, true);
}

static void mark(population_t *p)
{
  for (int w = 0; w < p->words; w++)
    p->passed[w] = p->asked[w] & ~p->failed[w];
  for (int i = 0; i < p->n; i++) {
    if (!bit(p->asked, i))
      continue;
    p->n_asked[i]++;
    for (int w = 0; w < p->words; w++)
      p->meets[i * p->words + w] |= p->asked[w];
    if (!bit(p->passed, i))
      continue;
    p->n_passed[i]++;
    for (int w = 0; w < p->words; w++)
      p->agrees[i * p->words + w] |= p->passed[w];
  }
}

static gk_error_t *judge(population_t *p, const gk_rehearsed_t *given, gk_date_t today, apr_pool_t *pool)
{
  apr_array_header_t *verdicts, *ids;
  gk_rehearsed_t record = *given;
  record.state = "accepted"; /* every rule, whatever stage the record has reached */
  memset(p->asked, 0, (apr_size_t)p->words * sizeof(*p->asked));
  memset(p->failed, 0, (apr_size_t)p->words * sizeof(*p->failed));
  for (int i = 0; i < p->n; i++)
    if (is_for(&APR_ARRAY_IDX(p->pack->rules, i, gk_rule_t), &record, today))
      set_bit(p->asked, i);
  GK_TRY(gk_rehearsal_verdicts(&verdicts, p->pack, p->rules, &record, today, pool));
  for (int v = 0; v < verdicts->nelts; v++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, v, gk_verdict_t);
    const gk_rule_t *rule = verdict->kind != GK_VERDICT_REQUIRED ? gk_pack_rule(p->pack, verdict->rule) : NULL;
    if (rule != NULL)
      set_bit(p->failed, (int)(rule - (const gk_rule_t *)p->pack->rules->elts));
  }
  mark(p);
  GK_TRY(gk_policy_ask(p->rules, record.document, gk_derive(record.document, p->pack, today, pool), GK_ASK_RELEVANT_FIELDS, &ids,
                       pool));
  for (int i = 0, at = 0; i < p->pack->fields->nelts && at < ids->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(p->pack->fields, i, gk_field_t).id, APR_ARRAY_IDX(ids, at, const char *)) == 0)
      p->n_relevant[i]++, at++;
  p->records++;
  return NULL;
}

static gk_error_t *go_through(population_t *p, gk_act_t *act)
{
  apr_int64_t total, after = 0, last = 0;
  gk_date_t today = gk_date_of(act->now);
  apr_time_t began = gk_tick();
  apr_pool_t *batch;
  gk_error_t *error = gk_rehearsal_store_total(&total, act);
  apr_pool_create(&batch, act->pool);
  for (int b = 0; error == NULL && b < BATCHES; b++) {
    apr_array_header_t *records;
    apr_pool_clear(batch);
    error = gk_rehearsal_store_batch(&records, &last, act, after, GK_POPULATION_SAMPLE / BATCHES, batch);
    for (int i = 0; error == NULL && i < records->nelts && gk_tick() - began < BUDGET_US; i++)
      error = judge(p, &APR_ARRAY_IDX(records, i, gk_rehearsed_t), today, batch);
    if (last == 0 || gk_tick() - began >= BUDGET_US)
      break;
    /* Spread, as far as ids tell: what was made in one go lies together. */
    after = last + (total > GK_POPULATION_SAMPLE ? (total - GK_POPULATION_SAMPLE) / BATCHES : 0);
  }
  if (error != NULL)
    error = gk_error_dup(act->pool, error);
  apr_pool_destroy(batch);
  return error;
}

static bool spoken_of(const apr_array_header_t *only, const char *id)
{
  for (int i = 0; only != NULL && i < only->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(only, i, gk_rule_t).id, id) == 0)
      return true;
  return only == NULL;
}

static void add(apr_array_header_t *findings, gk_population_kind_t kind, const char *id, const char *other)
{
  APR_ARRAY_PUSH(findings, gk_population_finding_t) = (gk_population_finding_t){kind, id, other};
}

static void tell(apr_array_header_t *findings, const population_t *p, const apr_array_header_t *only)
{
  for (int i = 0; i < p->n; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(p->pack->rules, i, gk_rule_t);
    bool of_it = spoken_of(only, rule->id);
    if (of_it && p->n_asked[i] == 0)
      add(findings, GK_NEVER_ASKED, rule->id, NULL);
    else if (of_it && p->n_passed[i] == 0)
      add(findings, GK_EVERYBODY_FAILS, rule->id, NULL);
    for (int k = i + 1; k < p->n && p->n_passed[i] > 0; k++) {
      const gk_rule_t *other = &APR_ARRAY_IDX(p->pack->rules, k, gk_rule_t);
      if (p->n_passed[k] > 0 && bit(p->meets + i * p->words, k) && !bit(p->agrees + i * p->words, k) &&
          (of_it || spoken_of(only, other->id)))
        add(findings, GK_CONTRADICTS, rule->id, other->id);
    }
  }
  for (int i = 0; only == NULL && i < p->pack->fields->nelts; i++)
    if (p->n_relevant[i] == 0)
      add(findings, GK_NEVER_RELEVANT, APR_ARRAY_IDX(p->pack->fields, i, gk_field_t).id, NULL);
}

gk_error_t *gk_pack_population(apr_array_header_t **findings, int *records, gk_act_t *act, const gk_pack_t *pack,
                               gk_ruleset_t *rules, const apr_array_header_t *only, apr_pool_t *pool)
{
  population_t p = {.pack = pack, .rules = rules, .n = pack->rules->nelts};
  p.words = p.n / 64 + 1;
  apr_size_t row = (apr_size_t)p.words * sizeof(apr_uint64_t), n = (apr_size_t)p.n + 1;
  p.asked = apr_pcalloc(pool, row);
  p.failed = apr_pcalloc(pool, row);
  p.passed = apr_pcalloc(pool, row);
  p.meets = apr_pcalloc(pool, row * n);
  p.agrees = apr_pcalloc(pool, row * n);
  p.n_asked = apr_pcalloc(pool, n * sizeof(int));
  p.n_passed = apr_pcalloc(pool, n * sizeof(int));
  p.n_relevant = apr_pcalloc(pool, ((apr_size_t)pack->fields->nelts + 1) * sizeof(int));
  GK_TRY(go_through(&p, act));
  *findings = apr_array_make(pool, 8, sizeof(gk_population_finding_t));
  *records = p.records;
  if (p.records >= FEWEST)
    tell(*findings, &p, only);
  return NULL;
}
