/* plugin/policy.c: rulesets. A pack's rules and conditions go to the policy plugin as one list of tests; for
 * each question the host picks the tests that matter (stage, day, subject, empty fields), so that a full form
 * costs only its rules. */
#include "plugin/policy.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "plugin/internal.h"
#include "plugin/policy_internal.h"

#define LANGUAGE "xpath-1.0"
enum { MAX_SEEN = 60 }; /* copy_seen takes 64 */

_Static_assert((int)GAOKAO_STAGE_FILL == (int)GK_STAGE_FILL &&
                   (int)GAOKAO_STAGE_REVIEW == (int)GK_STAGE_REVIEW &&
                   (int)GAOKAO_STAGE_CONFIRM == (int)GK_STAGE_CONFIRM &&
                   (int)GAOKAO_STAGE_SUBMIT == (int)GK_STAGE_SUBMIT &&
                   (int)GAOKAO_STAGE_EXPORT == (int)GK_STAGE_EXPORT,
               "stages pass through unchanged");
_Static_assert((int)GAOKAO_SEVERITY_ERROR == (int)GK_SEVERITY_ERROR &&
                   (int)GAOKAO_SEVERITY_REVIEW == (int)GK_SEVERITY_REVIEW &&
                   (int)GAOKAO_SEVERITY_WARN == (int)GK_SEVERITY_WARN,
               "severities pass through unchanged");

/* A ruleset as one instance of the plugin holds it. */
struct gk_policy__binding_t {
  gk_plugin__instance_t *instance;
  void *handle;
  apr_uint32_t generation;      /* of the plugin when it was made */
  int users;                    /* under ruleset->lock: calls, and one for being current */
};

/* ---- the list of tests -------------------------------------------------------------------------------- */

static int push_rule(gk_ruleset_t *ruleset, apr_uint32_t kind, const char *id, const char *test)
{
  gaokao_rule_t *rule = apr_pcalloc(ruleset->pool, sizeof(*rule));
  rule->size = sizeof(*rule);
  rule->kind = kind;
  rule->id = id;
  rule->test = test;
  APR_ARRAY_PUSH(ruleset->rules, gaokao_rule_t *) = rule;
  return ruleset->rules->nelts - 1;
}

static apr_uint32_t day_number(gk_date_t date)
{
  return date.year > 0 ? (apr_uint32_t)(date.year * 10000 + date.month * 100 + date.day) : 0;
}

static void add_name(apr_array_header_t *names, const char *name)
{
  for (int i = 0; i < names->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0)
      return;
  APR_ARRAY_PUSH(names, const char *) = name;
}

static void push_check(gk_ruleset_t *ruleset, const gk_rule_t *from)
{
  int index = push_rule(ruleset, GAOKAO_RULE_CHECK, from->id, from->test);
  gaokao_rule_t *rule = APR_ARRAY_IDX(ruleset->rules, index, gaokao_rule_t *);
  rule->severity = (apr_uint32_t)from->severity;
  rule->stages = (apr_uint32_t)from->stages;
  rule->valid_from = day_number(from->valid_from);
  rule->valid_to = day_number(from->valid_to);
  /* What it concerns, then what its test reads besides: the values a verdict shows. */
  apr_array_header_t *fields = apr_array_copy(ruleset->pool, from->fields);
  apr_pool_t *scratch; /* reading an expression takes room */
  apr_pool_create(&scratch, ruleset->pool);
  apr_array_header_t *names = gk_pack_xpath_names(ruleset->pack, from->test, scratch);
  for (int i = 0; names != NULL && i < names->nelts && fields->nelts < MAX_SEEN; i++)
    add_name(fields, apr_pstrdup(ruleset->pool, APR_ARRAY_IDX(names, i, const char *)));
  apr_pool_destroy(scratch);
  rule->n_fields = (apr_uint32_t)fields->nelts;
  rule->fields = (const char *const *)(const void *)fields->elts;
}

static int push_condition(gk_ruleset_t *ruleset, apr_uint32_t kind, const char *id, const char *test,
                          bool always)
{
  if (always)
    return GK_POLICY__ALWAYS;
  return test != NULL ? push_rule(ruleset, kind, id, test) : GK_POLICY__UNSET;
}

static apr_array_header_t *push_fields(gk_ruleset_t *ruleset, const apr_array_header_t *fields)
{
  apr_array_header_t *conditions =
      apr_array_make(ruleset->pool, (fields != NULL ? fields->nelts : 0) + 1, sizeof(gk_policy__condition_t));
  for (int i = 0; fields != NULL && i < fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(fields, i, gk_field_t);
    gk_policy__condition_t *condition = apr_array_push(conditions);
    condition->field = field;
    condition->required = push_condition(ruleset, GAOKAO_RULE_REQUIRED, field->id, field->required,
                                         field->always_required);
    condition->relevant = push_condition(ruleset, GAOKAO_RULE_RELEVANT, field->id, field->relevant, false);
    condition->columns =
        field->columns != NULL && field->columns->nelts > 0 ? push_fields(ruleset, field->columns) : NULL;
  }
  return conditions;
}

static void push_pack(gk_ruleset_t *ruleset)
{
  const gk_pack_t *pack = ruleset->pack;
  for (int i = 0; i < pack->rules->nelts; i++)
    push_check(ruleset, &APR_ARRAY_IDX(pack->rules, i, gk_rule_t));
  ruleset->fields = push_fields(ruleset, pack->fields);
  ruleset->papers = apr_array_make(ruleset->pool, 8, sizeof(int));
  for (int i = 0; i < pack->papers->nelts; i++) {
    const gk_paper_t *paper = &APR_ARRAY_IDX(pack->papers, i, gk_paper_t);
    APR_ARRAY_PUSH(ruleset->papers, int) =
        push_condition(ruleset, GAOKAO_RULE_QUESTION, paper->id, paper->required, paper->always_required);
  }
  ruleset->parts = apr_array_make(ruleset->pool, 8, sizeof(gk_policy__part_t));
  for (int i = 0; i < pack->parts->nelts; i++) {
    const gk_part_t *part = &APR_ARRAY_IDX(pack->parts, i, gk_part_t);
    gk_policy__part_t *conditions = apr_array_push(ruleset->parts);
    conditions->part = part;
    conditions->art = push_condition(ruleset, GAOKAO_RULE_QUESTION, part->id, part->required_art, false);
    conditions->all = push_condition(ruleset, GAOKAO_RULE_QUESTION, part->id, part->required_all, false);
    conditions->fields = push_fields(ruleset, part->fields);
  }
}

/* ---- bindings ----------------------------------------------------------------------------------------- */

typedef struct load_t {
  gk_ruleset_t *ruleset;
  void *handle;
} load_t;

static gaokao_error_t *load_rules(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                  const char **lie)
{
  load_t *load = baton;
  gaokao_error_t *error = instance->plugin->image->vtable.policy.load_rules(
      instance->self, call, (const gaokao_rule_t *const *)(const void *)load->ruleset->rules->elts,
      (apr_uint32_t)load->ruleset->rules->nelts, &load->handle);
  if (error == NULL && load->handle == NULL)
    *lie = "load_rules() gave no ruleset";
  return error;
}

static void unbind(gk_policy__binding_t *binding)
{
  gk_plugin__instance_t *instance = binding->instance;
  instance->plugin->image->vtable.policy.unload_rules(instance->self, binding->handle);
  gk_plugin__release(instance);
  free(binding);
}

static gk_error_t *bind_rules(gk_policy__binding_t **out, gk_ruleset_t *ruleset, apr_pool_t *pool)
{
  gk_plugin_t *plugin = ruleset->plugin;
  load_t load = {ruleset, NULL};
  apr_uint32_t generation = plugin->generation; /* before the instance: at worst it is bound once too often */
  gk_plugin__instance_t *instance = gk_plugin__hold(plugin);
  if (instance == NULL)
    return gk_plugin__refusal(plugin, gk_plugin__degraded(plugin), pool);
  gk_error_t *error = gk_plugin__guard(instance, GK_CALL_ASIDE, "load", NULL, load_rules, &load, NULL, NULL, pool);
  gk_policy__binding_t *binding = error == NULL ? calloc(1, sizeof(*binding)) : NULL;
  if (binding == NULL) {
    gk_plugin__release(instance);
    return error != NULL ? error : gk_error_internal(pool, GK_E_INTERNAL, "no memory for a ruleset");
  }
  binding->instance = instance;
  binding->handle = load.handle;
  binding->generation = generation;
  binding->users = 1;
  *out = binding;
  return NULL;
}

static void leave(gk_ruleset_t *ruleset, gk_policy__binding_t *binding)
{
  apr_thread_mutex_lock(ruleset->lock);
  bool last = --binding->users == 0;
  apr_thread_mutex_unlock(ruleset->lock);
  if (last)
    unbind(binding);
}

/* The binding to the plugin's present instance. While one thread loads the rules into a new instance, the
 * others go on with the old one. */
static gk_error_t *use(gk_policy__binding_t **out, gk_ruleset_t *ruleset, apr_pool_t *pool)
{
  gk_policy__binding_t *fresh = NULL, *old = NULL;
  apr_thread_mutex_lock(ruleset->lock);
  bool renew = ruleset->binding->generation != ruleset->plugin->generation && !ruleset->renewing;
  if (!renew) {
    *out = ruleset->binding;
    (*out)->users++;
  } else {
    ruleset->renewing = true;
  }
  apr_thread_mutex_unlock(ruleset->lock);
  if (!renew)
    return NULL;
  gk_error_t *error = bind_rules(&fresh, ruleset, pool);
  apr_thread_mutex_lock(ruleset->lock);
  ruleset->renewing = false;
  if (error == NULL) {
    old = ruleset->binding;
    ruleset->binding = fresh;
    fresh->users++;
    *out = fresh;
  }
  apr_thread_mutex_unlock(ruleset->lock);
  if (old != NULL)
    leave(ruleset, old);
  return error;
}

static void detach(gk_ruleset_t *ruleset)
{
  *ruleset->link = ruleset->next;
  if (ruleset->next != NULL)
    ruleset->next->link = ruleset->link;
  ruleset->plugins = NULL;
}

static apr_status_t end_ruleset(void *data)
{
  gk_ruleset_t *ruleset = data;
  gk_plugins_t *plugins = ruleset->plugins;
  if (plugins == NULL)
    return APR_SUCCESS;
  apr_thread_mutex_lock(plugins->lock);
  detach(ruleset);
  apr_thread_mutex_unlock(plugins->lock);
  leave(ruleset, ruleset->binding);
  return APR_SUCCESS;
}

void gk_policy__detach_all(gk_plugins_t *plugins)
{
  while (plugins->rulesets != NULL) {
    gk_ruleset_t *ruleset = plugins->rulesets;
    detach(ruleset);
    leave(ruleset, ruleset->binding);
  }
}

gk_error_t *gk_policy_ruleset(gk_plugins_t *plugins, const gk_pack_t *pack, gk_ruleset_t **out,
                              apr_pool_t *pool)
{
  gk_plugin_t *plugin;
  int i = 0;
  while ((plugin = gk_plugin__next(plugins, GAOKAO_POLICY, &i)) != NULL)
    if (strcmp(plugin->image->vtable.policy.language, LANGUAGE) == 0)
      break;
  if (plugin == NULL)
    return gk_error(pool, GK_E_PLUGIN, "没有配置规则组件（%s）", "No policy plugin for %s is configured", LANGUAGE);
  gk_ruleset_t *ruleset = apr_pcalloc(pool, sizeof(*ruleset));
  ruleset->pool = pool;
  ruleset->plugin = plugin;
  ruleset->pack = pack;
  ruleset->rules = apr_array_make(pool, 128, sizeof(gaokao_rule_t *));
  apr_thread_mutex_create(&ruleset->lock, APR_THREAD_MUTEX_DEFAULT, pool);
  push_pack(ruleset);
  gk_error_t *error = bind_rules(&ruleset->binding, ruleset, pool);
  if (error != NULL) {
    if (error->code == GK_E_INVALID)
      error->code = GK_E_PACK;
    return error;
  }
  ruleset->plugins = plugins;
  apr_thread_mutex_lock(plugins->lock);
  ruleset->next = plugins->rulesets;
  ruleset->link = &plugins->rulesets;
  if (ruleset->next != NULL)
    ruleset->next->link = &ruleset->next;
  plugins->rulesets = ruleset;
  apr_thread_mutex_unlock(plugins->lock);
  apr_pool_cleanup_register(pool, ruleset, end_ruleset, apr_pool_cleanup_null);
  *out = ruleset;
  return NULL;
}

const gk_pack_t *gk_ruleset_pack(const gk_ruleset_t *ruleset)
{
  return ruleset->pack;
}

/* ---- one question ------------------------------------------------------------------------------------- */

static void push_pairs(apr_array_header_t *pairs, gk_json_t *object, const gk_json_t *hidden_by)
{
  for (gk_json_iter_t it = gk_json_first(object); it.key != NULL; gk_json_next(&it)) {
    const char *value = gk_json_str_value(it.value);
    if (value != NULL && value[0] != '\0' && (hidden_by == NULL || gk_json_get(hidden_by, it.key) == NULL)) {
      gaokao_pair_t *pair = apr_array_push(pairs);
      pair->name = it.key;
      pair->value = value;
    }
  }
}

static void push_rows(apr_array_header_t *rows, gk_json_t *object, apr_pool_t *pool)
{
  for (gk_json_iter_t it = gk_json_first(object); it.key != NULL; gk_json_next(&it)) {
    if (!gk_json_is_array(it.value))
      continue;
    for (apr_size_t r = 0; r < gk_json_size(it.value); r++) {
      gk_json_t *columns = gk_json_at(it.value, r);
      apr_array_header_t *pairs = apr_array_make(pool, (int)gk_json_size(columns) + 1, sizeof(gaokao_pair_t));
      push_pairs(pairs, columns, NULL);
      gaokao_row_t *row = apr_array_push(rows);
      row->name = it.key;
      row->index = (apr_uint32_t)r + 1;
      row->n_columns = (apr_uint32_t)pairs->nelts;
      row->columns = (const gaokao_pair_t *)(const void *)pairs->elts;
    }
  }
}

void gk_policy__view(gaokao_candidate_t *view, gk_json_t *document, gk_json_t *part, gk_json_t *derived,
                     apr_pool_t *pool)
{
  int n = (int)(gk_json_size(document) + gk_json_size(derived) + gk_json_size(part));
  apr_array_header_t *pairs = apr_array_make(pool, n + 1, sizeof(gaokao_pair_t));
  apr_array_header_t *rows = apr_array_make(pool, 16, sizeof(gaokao_row_t));
  if (derived != NULL)
    push_pairs(pairs, derived, NULL);
  if (part != NULL) {
    push_pairs(pairs, part, derived);
    push_rows(rows, part, pool);
  }
  /* A name of the candidate that a part has too: the part's own value counts. */
  if (part == NULL) {
    push_pairs(pairs, document, derived);
  } else {
    apr_array_header_t *own = apr_array_make(pool, (int)gk_json_size(document) + 1, sizeof(gaokao_pair_t));
    push_pairs(own, document, derived);
    for (int i = 0; i < own->nelts; i++)
      if (gk_json_get(part, APR_ARRAY_IDX(own, i, gaokao_pair_t).name) == NULL)
        APR_ARRAY_PUSH(pairs, gaokao_pair_t) = APR_ARRAY_IDX(own, i, gaokao_pair_t);
  }
  push_rows(rows, document, pool);
  memset(view, 0, sizeof(*view));
  view->size = sizeof(*view);
  view->n_fields = (apr_uint32_t)pairs->nelts;
  view->fields = (const gaokao_pair_t *)(const void *)pairs->elts;
  view->n_rows = (apr_uint32_t)rows->nelts;
  view->rows = (const gaokao_row_t *)(const void *)rows->elts;
}

void gk_policy__select(gk_policy__question_t *question, int rule)
{
  if (rule >= 0 && question->answers[rule].result == GK_POLICY__NOT_ASKED) {
    question->answers[rule].result = GK_POLICY__ASKED;
    question->selected[question->n_selected++] = (apr_uint32_t)rule;
  }
}

/* Fields a plugin says it has looked at: copied when they are what they should be. */
static bool copy_seen(gk_policy__answer_t *answer, const gaokao_verdict_t *verdict, apr_pool_t *pool)
{
  if (verdict->n_seen > 64 || (verdict->n_seen > 0 && verdict->seen == NULL))
    return false;
  answer->seen = apr_array_make(pool, (int)verdict->n_seen + 1, sizeof(gk_seen_t));
  for (apr_uint32_t i = 0; i < verdict->n_seen; i++) {
    if (!gk_plugin__text_ok(verdict->seen[i].name, 200) ||
        !gk_plugin__text_ok(verdict->seen[i].value, 1 << 20))
      return false;
    gk_seen_t *seen = apr_array_push(answer->seen);
    seen->field = apr_pstrdup(pool, verdict->seen[i].name);
    seen->value = apr_pstrdup(pool, verdict->seen[i].value);
  }
  return true;
}

static void take_verdict(void *context, const gaokao_verdict_t *verdict)
{
  gk_policy__question_t *question = context;
  gk_policy__answer_t *answer;
  if (question->lie != NULL)
    return;
  if (verdict->size < sizeof(*verdict) || verdict->rule >= (apr_uint32_t)question->ruleset->rules->nelts) {
    question->lie = "a verdict about a rule that isn't there";
    return;
  }
  answer = &question->answers[verdict->rule];
  if (answer->result != GK_POLICY__ASKED) {
    question->lie = "a verdict nobody asked for, or two for one rule";
    return;
  }
  if (verdict->result < GAOKAO_PASS || verdict->result > GAOKAO_ERROR) {
    question->lie = "a verdict with an unknown result";
    return;
  }
  answer->result = (int)verdict->result;
  question->n_answered++;
  if (verdict->result != GAOKAO_PASS && !copy_seen(answer, verdict, question->pool))
    question->lie = "a verdict with fields that are no text";
  if (verdict->result == GAOKAO_ERROR)
    answer->reason = gk_plugin__sentence(question->pool, verdict->reason);
}

static gaokao_error_t *evaluate(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                const char **lie)
{
  gk_policy__question_t *question = baton;
  gaokao_verdict_sink_t sink = {sizeof(sink), 0, question, take_verdict};
  gaokao_question_t asked = {sizeof(asked),      (apr_uint32_t)question->stage,
                             question->as_of,    question->n_selected,
                             question->selected, &question->view};
  gaokao_error_t *error =
      instance->plugin->image->vtable.policy.evaluate(instance->self, call, question->handle, &asked, &sink);
  *lie = question->lie;
  if (error == NULL && *lie == NULL && question->n_answered != question->n_selected)
    *lie = "fewer verdicts than rules";
  return error;
}

bool gk_policy__reviews(const gk_ruleset_t *ruleset)
{
  return ruleset->plugin->row.on_error == GK_ON_ERROR_REVIEW;
}

gk_policy__question_t *gk_policy__question(gk_ruleset_t *ruleset, apr_pool_t *pool)
{
  apr_size_t n = (apr_size_t)ruleset->rules->nelts + 1;
  gk_policy__question_t *question = apr_pcalloc(pool, sizeof(*question));
  question->ruleset = ruleset;
  question->pool = pool;
  question->answers = apr_pcalloc(pool, n * sizeof(*question->answers));
  question->selected = apr_palloc(pool, n * sizeof(*question->selected));
  return question;
}

gk_error_t *gk_policy__answer(gk_policy__question_t *question, bool *review)
{
  gk_ruleset_t *ruleset = question->ruleset;
  gk_policy__binding_t *binding;
  gk_error_t *error = NULL;
  *review = false;
  if (question->n_selected == 0)
    return NULL;
  error = use(&binding, ruleset, question->pool);
  if (error == NULL) {
    question->handle = binding->handle;
    error = gk_plugin__guard(binding->instance, GK_CALL_WHOLE, "evaluate", question->record, evaluate, question,
                             NULL, NULL, question->pool);
    leave(ruleset, binding);
  }
  if (error != NULL && error->code == GK_E_PLUGIN && gk_policy__reviews(ruleset)) {
    *review = true;
    return NULL;
  }
  return error;
}
