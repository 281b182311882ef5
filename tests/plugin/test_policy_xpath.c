/* policy_xpath against libxml2 itself: each test gives what plain XPath gives on the parsed document,
 * whatever the plugin does to be fast. And what costs too much, or is no XPath, is stopped and named. */
#include "packs.h"

#include <time.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include "plugin/policy.h"

static const gk_date_t day = {2013, 11, 5};
static const packs_field_t no_fields[] = {{NULL, NULL, NULL, 0}};

static const char document_json[] =
    "{\"name\":\"𠮷·阿依\",\"and\":\"1\",\"div\":\"8\",\"mod\":\"3\",\"or\":\"x\",\"subject\":\"5\","
    "\"a-b\":\"ab\",\"row\":\"r\",\"f1\":\"one\","
    "\"escape\":\"<&>\\\"'\",\"text\":\"t\",\"not\":\"n\",\"self\":\"s\","
    "\"true\":\"0\",\"blank\":\"  a  b \",\"n\":\"12\",\"m\":\"3\","
    "\"resume\":[{\"school\":\"星沙中学\",\"start\":\"2008-09\"},{\"school\":\"浏阳河中学\"}],"
    "\"family\":[{\"name\":\"向国强\"}]}";
static const char document_xml[] =
    "<candidate><name>𠮷·阿依</name><and>1</and><div>8</div><mod>3</mod><or>x</or><subject>5</subject>"
    "<a-b>ab</a-b><row>r</row>"
    "<f1>one</f1><escape>&lt;&amp;&gt;\"'</escape><text>t</text><not>n</not><self>s</self>"
    "<true>0</true><blank>  a  b </blank>"
    "<n>12</n><m>3</m>"
    "<resume><row><school>星沙中学</school><start>2008-09</start></row><row><school>浏阳河中学</school></row></resume>"
    "<family><row><name>向国强</name></row></family></candidate>";

static const char *const tests[] = {"name = '𠮷·阿依'",
                                    "string-length(name) = 4",
                                    "substring(name, 1, 1) = '𠮷'",
                                    "translate(name, '·', '') = '𠮷阿依'",
                                    "absent",
                                    "not(absent)",
                                    "absent = ''",
                                    "absent != ''",
                                    "absent = 'x'",
                                    "name != 'x'",
                                    "string(absent) = ''",
                                    "subject='5'and not(subject='6')",
                                    "subject = '5' or absent",
                                    "n div m = 4",
                                    "n mod m = 0",
                                    "n - m = 9",
                                    "n -m = 9",
                                    "a-b = 'ab'",
                                    "-n = -12",
                                    "n * m = 36",
                                    "n*m=36",
                                    "(n)*(m) = 36",
                                    "and and and",
                                    "and = 1 and or = 'x'",
                                    "div div div = 1",
                                    "mod mod mod = 0",
                                    "or or absent",
                                    "and*and = 1",
                                    "div div mod > 2",
                                    "not = 'n'",
                                    "not(not)",
                                    "true = '0'",
                                    "true()",
                                    "text = 't'",
                                    "self = 's'",
                                    "row = 'r'",
                                    "f1 = 'one'",
                                    "escape = concat('<&>', '\"', \"'\")",
                                    "normalize-space(blank) = 'a b'",
                                    "count(resume/row) = 2",
                                    "resume/row/school = '浏阳河中学'",
                                    "resume/row[2]/school = '星沙中学'",
                                    "resume/row[1]/start",
                                    "resume/row[school = '星沙中学']/start = '2008-09'",
                                    "resume/row[not(start)]/school = '浏阳河中学'",
                                    "resume/row[last()]/school = '浏阳河中学'",
                                    "resume/row[position() = 1]/start",
                                    "family/row/name = name",
                                    "count(resume/row | family/row) = 3",
                                    "count(name | subject | absent) = 2",
                                    "name | absent",
                                    "(name | absent)[1] = name",
                                    "count(*) = 19",
                                    "count(*/*) > 0",
                                    "count(//row) = 4",
                                    "//school = '星沙中学'",
                                    "count(//*) > 20",
                                    "count(/candidate) = 1",
                                    "/candidate/name = name",
                                    "count(.) = 1",
                                    "./name = name",
                                    "../candidate",
                                    "self::candidate",
                                    "child::name = name",
                                    "count(child::*) = 19",
                                    "descendant::school = '浏阳河中学'",
                                    "resume/row/../row/school = '星沙中学'",
                                    "name/.. = .",
                                    "name()='candidate'",
                                    "local-name() = 'candidate'",
                                    "local-name(name) = 'name'",
                                    "string-length() > 20",
                                    "contains(., '星沙')",
                                    "starts-with(string(), '𠮷')",
                                    "number() != number()",
                                    "resume/row[../../subject = '5']",
                                    "resume/row[/candidate/subject = '5']",
                                    "resume/row[ancestor::candidate]",
                                    "name/text() = name",
                                    "count(name/node()) = 1",
                                    "text() = ''",
                                    "node()",
                                    "@id",
                                    "not(name/@id)",
                                    "name[. = '𠮷·阿依']",
                                    "name[string-length(.) = 4]",
                                    "sum(resume/row/start) != 1",
                                    "sum(n | m) = 15",
                                    "1 < 2",
                                    "1.5 > .5",
                                    "1. = 1",
                                    "n >= 12 and n <= 12 and m < n",
                                    "name = 'a' = false()",
                                    "boolean(name) = true()",
                                    "concat(name, \"'\") != ''",
                                    "position() = 1",
                                    "last() = 1",
                                    "floor(n div 5) = 2 and ceiling(n div 5) = 3 and round(n div 5) = 2",
                                    "id('x')",
                                    "substring-before(f1, 'n') = 'o' and substring-after(f1, 'n') = 'e'",
                                    "resume//school = '星沙中学'",
                                    "lang('zh')",
                                    "count(resume/*) = 2 and count(resume/*/school) = 2",
                                    "name [1] [1] = name",
                                    "( subject ) = '5'",
                                    "not ( absent )",
                                    "\tname\n=\r'𠮷·阿依' ",
                                    "self::node()[name]",
                                    "*[1] = name",
                                    "*[name]",
                                    "count(*[row]) = 2",
                                    "row|name",
                                    "-(-n) = 12"};

static int plain(const char *test)
{
  xmlDocPtr document = xmlReadMemory(document_xml, (int)strlen(document_xml), NULL, "UTF-8", XML_PARSE_NONET);
  xmlXPathContextPtr context = xmlXPathNewContext(document);
  context->node = xmlDocGetRootElement(document);
  context->contextSize = context->proximityPosition = 1; /* what browsers do */
  xmlXPathObjectPtr object = xmlXPathEvalExpression((const xmlChar *)test, context);
  int answer = object != NULL ? xmlXPathCastToBoolean(object) : -1;
  xmlXPathFreeObject(object);
  xmlXPathFreeContext(context);
  xmlFreeDoc(document);
  return answer;
}

static gk_plugins_t *host(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "policy_xpath");
  return lab_host(rows, pool);
}

/* 1 true, 0 false, -1 can't be computed, -2 refused. `document` NULL: the one above. */
static int through_plugin(gk_plugins_t *plugins, const char *const *given, int n,
                          const gk_document_t *document, int *answers, apr_pool_t *pool)
{
  packs_rule_t *rules = apr_pcalloc(pool, sizeof(*rules) * (apr_size_t)(n + 1));
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  for (int i = 0; i < n; i++)
    rules[i] = (packs_rule_t){apr_psprintf(pool, "r%d", i), given[i], "", ""};
  gk_error_t *error = gk_policy_ruleset(plugins, packs_make(pool, no_fields, rules), &ruleset, pool);
  if (error != NULL)
    return error->code == GK_E_PACK ? -2 : -3;
  if (document == NULL)
    document = packs_document(pool, document_json);
  if (gk_policy_evaluate(ruleset, document, NULL, GK_STAGE_FILL, day, &verdicts, pool) != NULL)
    return -3;
  for (int i = 0; i < n; i++)
    answers[i] = 1;
  for (int v = 0; v < verdicts->nelts; v++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, v, gk_verdict_t);
    answers[atoi(verdict->rule + 1)] = verdict->kind == GK_VERDICT_RULE ? 0 : -1;
  }
  return 0;
}

enum { N_TESTS = sizeof(tests) / sizeof(tests[0]) };

static void answers_as_plain_xpath_does(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(pool);
  int together[N_TESTS], alone;
  GK_TEST_INT(through_plugin(plugins, tests, N_TESTS, NULL, together, pool), 0);
  for (int i = 0; i < N_TESTS; i++) {
    int wanted = plain(tests[i]);
    GK_TEST_CASE("%s", tests[i]);
    GK_TEST(wanted >= 0);
    GK_TEST_INT(together[i], wanted);
    /* Alone, only the fields it names are in the document. */
    GK_TEST_INT(through_plugin(plugins, &tests[i], 1, NULL, &alone, pool), 0);
    GK_TEST_INT(alone, wanted);
  }
}

static void every_test_of_the_packs_answers_as_plain_xpath(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(pool);
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = packs_load(pool, p);
    for (int i = 0; i < pack->rules->nelts; i++) {
      const char *test = APR_ARRAY_IDX(pack->rules, i, gk_rule_t).test;
      int seen = -9;
      GK_TEST_CASE("%s", test);
      GK_TEST_INT(through_plugin(plugins, &test, 1, NULL, &seen, pool), 0);
      GK_TEST_INT(seen, plain(test));
    }
  }
}

static void what_is_no_xpath_is_named(apr_pool_t *pool)
{
  static const char *const bad[] = {"",
                                    "name =",
                                    "name = 'x",
                                    "name[",
                                    "name]",
                                    "((name)",
                                    "name + + ",
                                    "1 2",
                                    "name ! subject",
                                    "nope(",
                                    "$f0",
                                    "$x = 1",
                                    "name = $f0",
                                    "a::b",
                                    "#",
                                    "name = \"x",
                                    "\xff",
                                    "name ~ 'x'",
                                    "][",
                                    "document('/etc/passwd')",
                                    "x:name",
                                    "true() or nope(name)",
                                    "name[current()]",
                                    "x:f()"};
  gk_plugins_t *plugins = host(pool);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    int seen;
    GK_TEST_CASE("%s", bad[i]);
    GK_TEST_INT(through_plugin(plugins, &bad[i], 1, NULL, &seen, pool), -2);
  }
  packs_rule_t rules[] = {{"fine", "name", "", ""},
                          {"broken-one", "name =", "", ""},
                          {"broken-two", "(", "", ""},
                          {NULL, NULL, NULL, NULL}};
  gk_ruleset_t *ruleset = NULL;
  gk_error_t *error = gk_policy_ruleset(plugins, packs_make(pool, no_fields, rules), &ruleset, pool);
  GK_TEST_ERROR(error, GK_E_PACK);
  GK_TEST(strstr(error->en, "broken-one") != NULL && strstr(error->en, "broken-two") != NULL);
  GK_TEST(strstr(error->en, "fine") == NULL);
  GK_TEST(strstr(error->zh, "broken-one") != NULL);
}

static void costly_tests_are_stopped(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(pool);
  const char *json = "{\"a\":\"1\"";
  struct timespec before, after;
  int seen[3] = {9, 9, 9};
  for (int i = 0; i < 300; i++)
    json = apr_psprintf(pool, "%s,\"field%d\":\"%d\"", json, i, i);
  gk_document_t *document = packs_document(pool, apr_pstrcat(pool, json, "}", NULL));
  static const char *const costly[] = {"count(//*[count(//*[count(//*) > 1]) > 1]) > 1",
                                       "//*[//*[//*[. = 'x']]]", "a = '1'"};
  clock_gettime(CLOCK_MONOTONIC, &before);
  GK_TEST_INT(through_plugin(plugins, costly, 3, document, seen, pool), 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  GK_TEST_INT(seen[0], -1);
  GK_TEST_INT(seen[1], -1);
  GK_TEST_INT(seen[2], 1); /* the next test has its own account */
  GK_TEST(after.tv_sec - before.tv_sec < 5);
  GK_TEST(strstr(gk_plugins_metrics(plugins, pool), "event=\"rule_errors\"} 2\n") != NULL);
  /* More steps by option: it still ends. */
  GK_TEST_OK(gk_plugin_set_options(plugins, "policy_xpath", lab_settings(pool, "op_limit=1000"), pool));
  GK_TEST_INT(through_plugin(plugins, costly, 3, document, seen, pool), 0);
  GK_TEST_INT(seen[0], -1);
}

static void long_and_deep_tests_are_refused(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(pool);
  const char *deep = "1", *longer = "1", *concat = "name";
  int seen = 9;
  for (int i = 0; i < 1500; i++)
    deep = apr_pstrcat(pool, "(", deep, ")", NULL);
  GK_TEST(through_plugin(plugins, &deep, 1, NULL, &seen, pool) == -2);
  for (int i = 0; i < 9; i++)
    longer = apr_pstrcat(pool, longer, " + ", longer, NULL);
  longer = apr_pstrcat(pool, longer, " + ", longer, " + ", longer, NULL);
  GK_TEST(strlen(longer) > 4096);
  GK_TEST_INT(through_plugin(plugins, &longer, 1, NULL, &seen, pool), -2);
  for (int i = 0; i < 7; i++)
    concat = apr_pstrcat(pool, "concat(", concat, ",", concat, ")", NULL);
  concat = apr_pstrcat(pool, "string-length(", concat, ") > 0", NULL);
  GK_TEST_INT(through_plugin(plugins, &concat, 1, NULL, &seen, pool), 0);
  GK_TEST_INT(seen, 1);
}

static void too_many_fields_are_the_records_fault(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host(pool);
  gk_ruleset_t *ruleset = NULL;
  apr_array_header_t *verdicts = NULL;
  packs_rule_t rules[] = {{"all", "count(*) > 0", "", ""}, {NULL, NULL, NULL, NULL}};
  gk_json_t *json = gk_json_object(pool);
  gk_document_t *document = NULL;
  for (int i = 0; i < 5000; i++)
    gk_json_set_str(json, apr_psprintf(pool, "f%d", i), "x");
  GK_TEST_OK(gk_document_from_json(&document, json, pool));
  GK_TEST_OK(gk_policy_ruleset(plugins, packs_make(pool, no_fields, rules), &ruleset, pool));
  GK_TEST_ERROR(gk_policy_evaluate(ruleset, document, NULL, GK_STAGE_FILL, day, &verdicts, pool),
                GK_E_INVALID);
  GK_TEST_INT(gk_json_int(gk_plugin_json(plugins, "policy_xpath", pool), "failures"), 0);
}

int main(void)
{
  gk_test_begin("policy_xpath");
  GK_TEST_RUN(answers_as_plain_xpath_does);
  GK_TEST_RUN(every_test_of_the_packs_answers_as_plain_xpath);
  GK_TEST_RUN(what_is_no_xpath_is_named);
  GK_TEST_RUN(costly_tests_are_stopped);
  GK_TEST_RUN(long_and_deep_tests_are_refused);
  GK_TEST_RUN(too_many_fields_are_the_records_fault);
  return gk_test_end();
}
