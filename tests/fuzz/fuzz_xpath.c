/* Rewriting of rule tests (plugins/policy_xpath/rewrite.c) against plain libxml2: what both compile gives the
 * same answer on the same record. (libxml2 compiles some texts that are no XPath, such as "a |", only as
 * paths: those are refused when the rules are loaded.) */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "../../plugins/policy_xpath/rewrite.h"
#include "fuzz/gk_fuzz.h"

static const char record[] =
    "<candidate><a>1</a><b>22</b><and>3</and><or>x</or><div>4</div><mod>5</mod><f0>y</f0><text>t</text><not/>"
    "<r><row><a>6</a><c>7</c></row><row><a>8</a></row></r><empty/><name>𠮷·</name></candidate>";

enum { MAX_SLOTS = 64 };
static xmlNodePtr fields[MAX_SLOTS];

static xmlXPathObjectPtr look_up(void *baton, const xmlChar *name, const xmlChar *uri)
{
  int slot = uri == NULL ? rewrite_slot((const char *)name) : -1;
  (void)baton;
  return slot >= 0 && slot < MAX_SLOTS ? xmlXPathNewNodeSet(fields[slot]) : NULL;
}

static void silence(void *baton, xmlErrorPtr error)
{
  (void)baton;
  (void)error;
}

/* 1, 0; -1: no answer; -2: does not compile. */
static int answer(xmlDocPtr document, const char *test)
{
  xmlXPathContextPtr context = xmlXPathNewContext(document);
  context->error = silence;
  context->node = xmlDocGetRootElement(document);
  context->contextSize = context->proximityPosition = 1;
  context->opLimit = 20000;
  xmlXPathRegisterVariableLookup(context, look_up, NULL);
  xmlXPathCompExprPtr compiled = xmlXPathCtxtCompile(context, (const xmlChar *)test);
  context->opCount = 0;
  int result = compiled != NULL ? xmlXPathCompiledEvalToBoolean(compiled, context) : -2;
  xmlXPathFreeCompExpr(compiled);
  xmlXPathFreeContext(context);
  return result;
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  slots_t slots = {apr_hash_make(pool), 0, 0, pool};
  const char *why = NULL, *test = apr_pstrmemdup(pool, text, length < 300 ? length : 300);
  const char *rewritten = rewrite_test(&slots, test, &why);
  xmlDocPtr document;
  if (rewritten == NULL || slots.n > MAX_SLOTS) {
    GK_FUZZ_HOLDS(rewritten != NULL || why != NULL);
    return;
  }
  document = xmlReadMemory(record, (int)sizeof(record) - 1, NULL, "UTF-8", XML_PARSE_NONET);
  memset(fields, 0, sizeof(fields));
  for (xmlNodePtr node = xmlDocGetRootElement(document)->children; node != NULL; node = node->next) {
    const slot_t *slot = apr_hash_get(slots.by_name, node->name, APR_HASH_KEY_STRING);
    if (slot != NULL)
      fields[slot->index] = node;
  }
  int plain = answer(document, test);
  /* Steps are counted otherwise, so that only one of the two may reach the limit. */
  if (plain >= 0) {
    int other = answer(document, rewritten);
    GK_FUZZ_HOLDS(other == plain || other < 0);
  }
  xmlFreeDoc(document);
}
