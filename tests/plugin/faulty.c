/* tests/plugin/faulty.c: plugins for the fault tests (catalogue PR-5 to PR-7); never installed. `faulty` is a policy: it passes
 * every rule, and does wrong with a candidate one of whose fields holds the option `word`; `mode` says what. `breaking` is an
 * export in format xml that aborts at the registration number of its option `number`; its file is a copy under that name. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include "gaokao_plugin.h"

#define LEAK (1 << 20)

typedef struct faulty_t {
  const gaokao_host_t *host;
  const char *mode, *word;
} faulty_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  faulty_t *faulty = apr_pcalloc(pool, sizeof(*faulty));
  faulty->host = host;
  *instance = faulty;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  faulty_t *faulty = instance;
  (void)call;
  faulty->mode = faulty->host->option_string(faulty->host, "mode");
  faulty->word = faulty->host->option_string(faulty->host, "word");
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

static gaokao_error_t *load_rules(void *instance, const gaokao_call_t *call, const gaokao_rule_t *const *rules,
                                  apr_uint32_t n_rules, void **ruleset)
{
  (void)call;
  (void)rules;
  (void)n_rules;
  *ruleset = instance;
  return NULL;
}

static void unload_rules(void *instance, void *ruleset)
{
  (void)instance;
  (void)ruleset;
}

static int *volatile nowhere;

static int is_meant(const faulty_t *faulty, const gaokao_candidate_t *candidate)
{
  for (apr_uint32_t i = 0; i < candidate->n_fields; i++)
    if (strstr(candidate->fields[i].value, faulty->word) != NULL)
      return 1;
  return 0;
}

static gaokao_error_t *evaluate(void *instance, const gaokao_call_t *call, void *ruleset,
                                const gaokao_question_t *question, const gaokao_verdict_sink_t *sink)
{
  faulty_t *faulty = instance;
  int meant = is_meant(faulty, question->candidate);
  (void)ruleset;
  if (strcmp(faulty->mode, "leak") == 0) /* at every candidate; touched, or it costs nothing */
    memset(malloc(LEAK), 1, LEAK);
  if (meant && strcmp(faulty->mode, "abort") == 0)
    abort();
  if (meant && strcmp(faulty->mode, "crash") == 0)
    *nowhere = 1;
  if (meant && strcmp(faulty->mode, "exit") == 0)
    _exit(7);
  while (meant && strcmp(faulty->mode, "hang") == 0)
    usleep(1000);
  while (meant && strcmp(faulty->mode, "spin") == 0)
    continue;
  if (meant && strcmp(faulty->mode, "slow") == 0)
    usleep(1500000);
  if (meant && strcmp(faulty->mode, "fail") == 0)
    return faulty->host->error_new(call->pool, GAOKAO_E_FAILED, "坏了", "Broken");
  for (apr_uint32_t i = 0; i < question->n_rules; i++) {
    gaokao_verdict_t verdict = {sizeof(verdict), question->rules[i], GAOKAO_PASS, 0, NULL, NULL};
    if (meant && strcmp(faulty->mode, "garbage") == 0)
      verdict.rule = 100000;
    sink->verdict(sink->context, &verdict);
  }
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};
static const gaokao_policy_t policy = {&life, "xpath-1.0", load_rules, evaluate, unload_rules};
static const gaokao_option_t options[] = {
    {"mode", GAOKAO_OPTION_WORD, 0, "good", 0, 0, "good|abort|crash|exit|hang|spin|leak|slow|fail|garbage", NULL, "怎样出错",
     "What to do wrong"},
    {"word", GAOKAO_OPTION_STRING, 0, "毒", 1, 40, NULL, NULL, "对含此字的记录", "On records that hold this"},
    GAOKAO_OPTIONS_END};
static const gaokao_build_t build = {sizeof(build), APR_MAJOR_VERSION, sizeof(void *), sizeof(apr_time_t), sizeof(apr_off_t),
                                     GAOKAO_POOL_DEBUG_};

__attribute__((visibility("default"))) const gaokao_descriptor_t *gaokao_plugin_faulty(void);
const gaokao_descriptor_t *gaokao_plugin_faulty(void)
{
  static const gaokao_descriptor_t descriptor = {
      GAOKAO_MAGIC, sizeof(descriptor), GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR, &build, GAOKAO_POLICY,
      GAOKAO_PURE | GAOKAO_THREAD_SAFE, "faulty", "1.0", "Apache-2.0", &policy, options, sizeof(policy),
      sizeof(gaokao_option_t)};
  return &descriptor;
}

/* ---- breaking ------------------------------------------------------------------------------------------ */

typedef struct breaking_t {
  const gaokao_host_t *host;
  const char *number;
  const gaokao_byte_sink_t *sink;
} breaking_t;

static gaokao_error_t *breaking_create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  breaking_t *breaking = apr_pcalloc(pool, sizeof(*breaking));
  breaking->host = host;
  *instance = breaking;
  return NULL;
}

static gaokao_error_t *breaking_configure(void *instance, const gaokao_call_t *call)
{
  breaking_t *breaking = instance;
  (void)call;
  breaking->number = breaking->host->option_string(breaking->host, "number");
  return NULL;
}

static gaokao_error_t *breaking_begin(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                                      const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **stream)
{
  breaking_t *breaking = apr_pmemdup(pool, instance, sizeof(*breaking));
  (void)call;
  (void)header;
  breaking->sink = sink;
  *stream = breaking;
  return NULL;
}

static gaokao_error_t *breaking_record(void *instance, const gaokao_call_t *call, void *stream,
                                       const gaokao_record_t *record)
{
  breaking_t *breaking = stream;
  (void)instance;
  (void)call;
  if (strcmp(record->number, breaking->number) == 0)
    abort();
  return breaking->sink->write(breaking->sink->context, record->number, strlen(record->number));
}

static gaokao_error_t *breaking_end(void *instance, const gaokao_call_t *call, void *stream,
                                    const gaokao_export_totals_t *totals)
{
  breaking_t *breaking = stream;
  (void)instance;
  (void)call;
  (void)totals;
  return breaking->sink->write(breaking->sink->context, ".", 1);
}

static const gaokao_life_t breaking_life = {
    sizeof(breaking_life), 0, breaking_create, breaking_configure, NULL, NULL, NULL, describe, health};
static const gaokao_export_format_t formats[] = {{"xml", "text/plain", "txt", "UTF-8"}};
static const gaokao_export_t breaking_export = {
    &breaking_life, formats, 1, 0, breaking_begin, breaking_record, breaking_end};
static const gaokao_option_t breaking_options[] = {
    {"number", GAOKAO_OPTION_STRING, 0, "none", 1, 40, NULL, NULL, "报名顺序号", "Registration number"},
    GAOKAO_OPTIONS_END};

__attribute__((visibility("default"))) const gaokao_descriptor_t *gaokao_plugin_breaking(void);
const gaokao_descriptor_t *gaokao_plugin_breaking(void)
{
  static const gaokao_descriptor_t descriptor = {
      GAOKAO_MAGIC, sizeof(descriptor), GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR, &build, GAOKAO_EXPORT,
      GAOKAO_THREAD_SAFE, "breaking", "1.0", "Apache-2.0", &breaking_export, breaking_options, sizeof(breaking_export),
      sizeof(gaokao_option_t)};
  return &descriptor;
}
