/* policy_xpath: the rules of a pack as XPath 1.0, evaluated by libxml2.
 *
 * A ruleset owns a pool of evaluators. An evaluator belongs to one call at a time and has everything libxml2
 * writes to while it evaluates: an XPath context, the compiled expressions (libxml2 caches function pointers
 * in them) and the nodes of the document. The document,
 *     <candidate> <name>..</name> <resume> <row> <school>..</school> </row> </resume> </candidate>
 * is not parsed and not allocated node by node: its nodes lie in an array that is filled anew for each
 * candidate and points at the host's strings, which hold until the call returns. Nothing in XPath 1.0 changes
 * or frees nodes.
 *
 * Costs are bounded: opLimit stops an expression after so many steps, the host bounds lengths of values, and
 * this the length of expressions, so that a string made by nested concat() is at most expression times value.
 * There is no process-wide handler: errors go to the context's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlversion.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include "gaokao_plugin.h"
#include "rewrite.h"

enum { MAX_TEST_BYTES = 4096, MAX_NODES = 8192, REASON_BYTES = 200 };

typedef struct plugin_t {
  const gaokao_host_t *host;
  apr_pool_t *pool;
  apr_int64_t op_limit;
} plugin_t;

typedef struct evaluator_t evaluator_t;
struct evaluator_t {
  evaluator_t *next;              /* in the free list */
  xmlXPathContextPtr context;
  xmlXPathCompExprPtr *compiled;  /* by rule; NULL: not yet */
  xmlDoc document;
  xmlNode root;
  xmlNode *nodes;                 /* elements and their texts */
  int capacity, used;
  xmlNode **fields;               /* by slot: the field's element, or NULL */
  xmlNode *elsewhere;             /* the slot of those that no test names */
  apr_uint32_t n_fields;
  char reason[REASON_BYTES];      /* what libxml2 said last */
};

typedef struct ruleset_t {
  plugin_t *plugin;
  const gaokao_rule_t *const *rules;
  apr_uint32_t n_rules;
  const char **tests;             /* by rule, fields as variables */
  slots_t slots;
  int *constants;                 /* by rule: 1 true(), 0 false(), -1 to be evaluated */
  apr_thread_mutex_t *lock;       /* of `free` */
  evaluator_t *free;
  apr_pool_t *pool;
} ruleset_t;

static const xmlChar candidate_name[] = "candidate", row_name[] = "row";

static void remember(void *baton, xmlErrorPtr error)
{
  /* libxml2 gives XPath errors a number and no text here. */
  static const char *const texts[] = {
      "no error", "bad number", "unfinished literal", "a literal should begin", "bad variable reference",
      "undefined variable", "bad predicate", "bad expression", "unclosed parenthesis", "unknown function",
      "bad operand", "bad type", "bad number of arguments", "bad context size", "bad context position",
      "no memory", "syntax", "resource", "sub-resource", "undefined prefix", "encoding", "bad character",
      "bad context", "stack", "forbidden variable", "too many steps", "nested too deep"};
  evaluator_t *evaluator = baton;
  int code = error->code - XML_XPATH_EXPRESSION_OK;
  const char *text = code > 0 && code < (int)(sizeof(texts) / sizeof(texts[0])) ? texts[code] : "error";
  apr_snprintf(evaluator->reason, REASON_BYTES, "%s (%d)", text, error->code);
}

static void evaluator_free(evaluator_t *evaluator, apr_uint32_t n_rules)
{
  if (evaluator == NULL)
    return;
  for (apr_uint32_t i = 0; evaluator->compiled != NULL && i < n_rules; i++)
    xmlXPathFreeCompExpr(evaluator->compiled[i]);
  xmlXPathFreeContext(evaluator->context);
  free(evaluator->compiled);
  free(evaluator->nodes);
  free(evaluator->fields);
  free(evaluator);
}

/* The node-set that the name of a field stands for. */
static xmlXPathObjectPtr look_up(void *baton, const xmlChar *name, const xmlChar *uri)
{
  evaluator_t *evaluator = baton;
  int slot = uri == NULL ? rewrite_slot((const char *)name) : -1;
  if (slot < 0 || (apr_uint32_t)slot >= evaluator->n_fields)
    return NULL;
  return xmlXPathNewNodeSet(evaluator->fields[slot]);
}

static evaluator_t *evaluator_new(const ruleset_t *ruleset)
{
  evaluator_t *evaluator = calloc(1, sizeof(*evaluator));
  if (evaluator == NULL)
    return NULL;
  evaluator->compiled = calloc(ruleset->n_rules > 0 ? ruleset->n_rules : 1, sizeof(*evaluator->compiled));
  evaluator->n_fields = ruleset->slots.n;
  evaluator->fields = calloc(ruleset->slots.n + 1, sizeof(*evaluator->fields));
  evaluator->document.type = XML_DOCUMENT_NODE;
  evaluator->document.doc = &evaluator->document;
  evaluator->document.children = evaluator->document.last = &evaluator->root;
  evaluator->root.type = XML_ELEMENT_NODE;
  evaluator->root.name = candidate_name;
  evaluator->root.doc = &evaluator->document;
  evaluator->root.parent = (xmlNodePtr)&evaluator->document;
  evaluator->context = xmlXPathNewContext(&evaluator->document);
  if (evaluator->compiled == NULL || evaluator->fields == NULL || evaluator->context == NULL) {
    evaluator_free(evaluator, ruleset->n_rules);
    return NULL;
  }
  evaluator->context->error = remember;
  evaluator->context->userData = evaluator;
  xmlXPathRegisterVariableLookup(evaluator->context, look_up, evaluator);
  evaluator->context->opLimit = (unsigned long)ruleset->plugin->op_limit;
  /* Objects of one evaluation are kept for the next: measured, a third of the time. */
  xmlXPathContextSetCache(evaluator->context, 1, -1, 0);
  return evaluator;
}

static evaluator_t *evaluator_take(ruleset_t *ruleset)
{
  apr_thread_mutex_lock(ruleset->lock);
  evaluator_t *evaluator = ruleset->free;
  if (evaluator != NULL)
    ruleset->free = evaluator->next;
  apr_thread_mutex_unlock(ruleset->lock);
  return evaluator != NULL ? evaluator : evaluator_new(ruleset);
}

static void evaluator_give(ruleset_t *ruleset, evaluator_t *evaluator)
{
  apr_thread_mutex_lock(ruleset->lock);
  evaluator->next = ruleset->free;
  ruleset->free = evaluator;
  apr_thread_mutex_unlock(ruleset->lock);
}

/* ---- document ----------------------------------------------------------------------------------------- */

static xmlNode *node_add(evaluator_t *evaluator, xmlElementType type, xmlNode *parent)
{
  xmlNode *node = &evaluator->nodes[evaluator->used++];
  memset(node, 0, sizeof(*node));
  node->type = type;
  node->doc = &evaluator->document;
  node->parent = parent;
  node->prev = parent->last;
  if (parent->last != NULL)
    parent->last->next = node;
  else
    parent->children = node;
  parent->last = node;
  return node;
}

static xmlNode *field_add(evaluator_t *evaluator, xmlNode *parent, const gaokao_pair_t *pair)
{
  xmlNode *element = node_add(evaluator, XML_ELEMENT_NODE, parent);
  element->name = (const xmlChar *)pair->name;
  if (pair->value[0] == '\0')
    return element;
  xmlNode *text = node_add(evaluator, XML_TEXT_NODE, element);
  text->name = xmlStringText;
  text->content = (xmlChar *)(uintptr_t)pair->value; /* read only from here on */
  return element;
}

/* Where the element of a field goes, or NULL when no test asks for it. */
static xmlNode **place_of(const ruleset_t *ruleset, evaluator_t *evaluator, const char *name)
{
  const slot_t *slot = apr_hash_get(ruleset->slots.by_name, name, APR_HASH_KEY_STRING);
  if (slot != NULL)
    return &evaluator->fields[slot->index];
  return ruleset->slots.whole ? &evaluator->elsewhere : NULL;
}

static int document_build(const ruleset_t *ruleset, evaluator_t *evaluator,
                          const gaokao_candidate_t *candidate)
{
  apr_uint64_t needed = (apr_uint64_t)candidate->n_fields * 2;
  for (apr_uint32_t i = 0; i < candidate->n_rows; i++)
    needed += 2 + (apr_uint64_t)candidate->rows[i].n_columns * 2;
  if (needed > MAX_NODES)
    return 0;
  if ((int)needed > evaluator->capacity) {
    xmlNode *nodes = realloc(evaluator->nodes, needed * sizeof(*nodes));
    if (nodes == NULL)
      return 0;
    evaluator->nodes = nodes;
    evaluator->capacity = (int)needed;
  }
  evaluator->used = 0;
  evaluator->root.children = evaluator->root.last = NULL;
  memset(evaluator->fields, 0, sizeof(*evaluator->fields) * evaluator->n_fields);
  for (apr_uint32_t i = 0; i < candidate->n_fields; i++) {
    xmlNode **place = place_of(ruleset, evaluator, candidate->fields[i].name);
    if (place != NULL)
      *place = field_add(evaluator, &evaluator->root, &candidate->fields[i]);
  }
  xmlNode *list = NULL;
  for (apr_uint32_t i = 0; i < candidate->n_rows; i++) {
    const gaokao_row_t *row = &candidate->rows[i];
    if (list == NULL || strcmp((const char *)list->name, row->name) != 0) {
      xmlNode **place = place_of(ruleset, evaluator, row->name);
      if (place == NULL)
        continue;
      *place = list = node_add(evaluator, XML_ELEMENT_NODE, &evaluator->root);
      list->name = (const xmlChar *)row->name;
    }
    xmlNode *element = node_add(evaluator, XML_ELEMENT_NODE, list);
    element->name = row_name;
    for (apr_uint32_t c = 0; c < row->n_columns; c++)
      field_add(evaluator, element, &row->columns[c]);
  }
  return 1;
}

/* ---- rules -------------------------------------------------------------------------------------------- */

/* The answer of a test that needs no document: most conditions of a pack are true(). */
static int constant_of(const char *test)
{
  test += strspn(test, " \t\r\n");
  int value = strncmp(test, "true()", 6) == 0 ? 1 : strncmp(test, "false()", 7) == 0 ? 0 : -1;
  if (value < 0)
    return -1;
  test += value == 1 ? 6 : 7;
  return test[strspn(test, " \t\r\n")] == '\0' ? value : -1;
}

static int compile(const ruleset_t *ruleset, evaluator_t *evaluator, apr_uint32_t rule)
{
  if (evaluator->compiled[rule] == NULL) {
    evaluator->reason[0] = '\0';
    evaluator->context->opCount = 0;
    evaluator->compiled[rule] = xmlXPathCtxtCompile(evaluator->context,
                                                    (const xmlChar *)ruleset->tests[rule]);
  }
  return evaluator->compiled[rule] != NULL;
}

/* The test as it was written compiles: rewriting must not make right what is wrong. */
static int compiles(evaluator_t *evaluator, const char *test)
{
  evaluator->reason[0] = '\0';
  evaluator->context->opCount = 0;
  xmlXPathCompExprPtr compiled = xmlXPathCtxtCompile(evaluator->context, (const xmlChar *)test);
  xmlXPathFreeCompExpr(compiled);
  return compiled != NULL;
}

static apr_status_t ruleset_end(void *data)
{
  ruleset_t *ruleset = data;
  while (ruleset->free != NULL) {
    evaluator_t *evaluator = ruleset->free;
    ruleset->free = evaluator->next;
    evaluator_free(evaluator, ruleset->n_rules);
  }
  return APR_SUCCESS;
}

static gaokao_error_t *load_rules(void *instance, const gaokao_call_t *call,
                                  const gaokao_rule_t *const *rules, apr_uint32_t n_rules, void **out)
{
  plugin_t *plugin = instance;
  apr_pool_t *pool;
  const char *faulty = NULL;
  apr_pool_create(&pool, plugin->pool);
  ruleset_t *ruleset = apr_pcalloc(pool, sizeof(*ruleset));
  ruleset->plugin = plugin;
  ruleset->rules = rules;
  ruleset->n_rules = n_rules;
  ruleset->pool = pool;
  ruleset->constants = apr_palloc(pool, sizeof(int) * (n_rules + 1));
  ruleset->tests = apr_palloc(pool, sizeof(*ruleset->tests) * (n_rules + 1));
  ruleset->slots.by_name = apr_hash_make(pool);
  ruleset->slots.pool = pool;
  const char **refused = apr_pcalloc(call->pool, sizeof(*refused) * (n_rules + 1));
  for (apr_uint32_t i = 0; i < n_rules; i++) {
    if (strlen(rules[i]->test) > MAX_TEST_BYTES)
      refused[i] = "longer than 4096 bytes";
    else
      ruleset->tests[i] = rewrite_test(&ruleset->slots, rules[i]->test, &refused[i]);
  }
  apr_thread_mutex_create(&ruleset->lock, APR_THREAD_MUTEX_DEFAULT, pool);
  apr_pool_cleanup_register(pool, ruleset, ruleset_end, apr_pool_cleanup_null);
  evaluator_t *first = evaluator_new(ruleset);
  if (first == NULL) {
    apr_pool_destroy(pool);
    return plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "内存不足", "There is no memory left");
  }
  for (apr_uint32_t i = 0; i < n_rules; i++) {
    const char *why = refused[i];
    ruleset->constants[i] = constant_of(rules[i]->test);
    if (why == NULL && (!compiles(first, rules[i]->test) || !compile(ruleset, first, i)))
      why = first->reason[0] != '\0' ? first->reason : "not XPath 1.0";
    if (why != NULL)
      faulty = apr_psprintf(call->pool, "%s%s%s (%s)", faulty != NULL ? faulty : "",
                            faulty != NULL ? ", " : "", rules[i]->id, why);
  }
  evaluator_give(ruleset, first);
  if (faulty != NULL) {
    gaokao_error_t *error = plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "规则表达式有误：%s",
                                                    "These tests can't be compiled: %s", faulty);
    apr_pool_destroy(pool);
    return error;
  }
  *out = ruleset;
  return NULL;
}

static void unload_rules(void *instance, void *data)
{
  (void)instance;
  apr_pool_destroy(((ruleset_t *)data)->pool);
}

/* ---- evaluation --------------------------------------------------------------------------------------- */

static void add_seen(gaokao_verdict_t *verdict, const gaokao_rule_t *rule,
                     const gaokao_candidate_t *candidate, apr_pool_t *pool)
{
  gaokao_pair_t *seen = apr_palloc(pool, sizeof(*seen) * (rule->n_fields + 1));
  for (apr_uint32_t f = 0; f < rule->n_fields; f++)
    for (apr_uint32_t i = 0; i < candidate->n_fields; i++)
      if (strcmp(candidate->fields[i].name, rule->fields[f]) == 0) {
        seen[verdict->n_seen++] = candidate->fields[i];
        break;
      }
  verdict->seen = seen;
}

static gaokao_error_t *evaluate(void *instance, const gaokao_call_t *call, void *data,
                                const gaokao_question_t *question, const gaokao_verdict_sink_t *sink)
{
  plugin_t *plugin = instance;
  ruleset_t *ruleset = data;
  evaluator_t *evaluator = evaluator_take(ruleset);
  if (evaluator == NULL)
    return plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "内存不足", "There is no memory left");
  if (!document_build(ruleset, evaluator, question->candidate)) {
    evaluator_give(ruleset, evaluator);
    return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "报名信息的项目过多", "The record has too many fields");
  }
  for (apr_uint32_t i = 0; i < question->n_rules; i++) {
    apr_uint32_t rule = question->rules[i];
    gaokao_verdict_t verdict = {sizeof(verdict), rule, 0, 0, NULL, NULL};
    int answer = ruleset->constants[rule];
    if (answer < 0 && compile(ruleset, evaluator, rule)) {
      evaluator->reason[0] = '\0';
      evaluator->context->opCount = 0;
      evaluator->context->node = &evaluator->root;
      evaluator->context->contextSize = evaluator->context->proximityPosition = 1; /* as in browsers */
      answer = xmlXPathCompiledEvalToBoolean(evaluator->compiled[rule], evaluator->context);
    }
    verdict.result = answer == 1 ? GAOKAO_PASS : answer == 0 ? GAOKAO_FAIL : GAOKAO_ERROR;
    if (verdict.result == GAOKAO_ERROR) {
      plugin->host->metric_add(plugin->host, "rule_errors", 1);
      verdict.reason =
          evaluator->reason[0] != '\0' ? apr_pstrdup(call->pool, evaluator->reason) : "no reason given";
    }
    if (verdict.result != GAOKAO_PASS)
      add_seen(&verdict, ruleset->rules[rule], question->candidate, call->pool);
    sink->verdict(sink->context, &verdict);
  }
  /* The nodes point at strings that go when we return. */
  evaluator->root.children = evaluator->root.last = NULL;
  evaluator_give(ruleset, evaluator);
  return NULL;
}

/* ---- life --------------------------------------------------------------------------------------------- */

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  plugin_t *plugin = apr_pcalloc(pool, sizeof(*plugin));
  xmlInitParser(); /* harmless when done already; must not first happen in two threads at once */
  plugin->host = host;
  plugin->pool = pool;
  *instance = plugin;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  plugin_t *plugin = instance;
  (void)call;
  plugin->op_limit = plugin->host->option_int(plugin->host, "op_limit");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  gaokao_pair_t *pairs = apr_palloc(call->pool, sizeof(*pairs) * 3);
  (void)instance;
  pairs[0].name = "language", pairs[0].value = "XPath 1.0";
  pairs[1].name = "libxml2_built", pairs[1].value = LIBXML_DOTTED_VERSION;
  pairs[2].name = "libxml2_running", pairs[2].value = xmlParserVersion;
  facts->n_facts = 3;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};

static const gaokao_policy_t vtable = {&life, "xpath-1.0", load_rules, evaluate, unload_rules};

static const gaokao_option_t options[] = {
    {"op_limit", GAOKAO_OPTION_INT, 0, "100000", 1000, 100000000, NULL, "steps",
     "一条规则最多允许的计算步数，超过即视为无法计算", "Steps one rule may take; beyond that it counts as not computable"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(policy_xpath, POLICY, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
