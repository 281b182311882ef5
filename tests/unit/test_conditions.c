/* Rules as conditions and back (domain/conditions.h): no meaning is lost either way, on cases, on every shipped rule and on
 * conditions made at random. */
#include "gk_test.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_file_io.h>
#include "domain/conditions.h"
#include "domain/pack.h"

static void both_ways(apr_pool_t *pool)
{
  static const struct {
    const char *test, *conditions;
  } cases[] = {
      {"age >= 16", "{\"field\":\"age\",\"op\":\">=\",\"number\":\"16\"}"},
      {"sex = '1'", "{\"field\":\"sex\",\"op\":\"=\",\"value\":\"1\"}"},
      {"not(phone)", "{\"field\":\"phone\",\"op\":\"empty\"}"},
      {"phone", "{\"field\":\"phone\",\"op\":\"filled\"}"},
      {"a = b", "{\"field\":\"a\",\"op\":\"=\",\"other\":\"b\"}"},
      {"starts-with(school, 'x')", "{\"field\":\"school\",\"op\":\"starts-with\",\"value\":\"x\"}"},
      {"a and (b or not(c = 'd'))",
       "{\"all\":[{\"field\":\"a\",\"op\":\"filled\"},{\"any\":[{\"field\":\"b\",\"op\":\"filled\"},"
       "{\"not\":{\"field\":\"c\",\"op\":\"=\",\"value\":\"d\"}}]}]}"},
      {"true()", "{\"all\":[]}"},
      {"false()", "{\"any\":[]}"},
      {"x = \"it's\"", "{\"field\":\"x\",\"op\":\"=\",\"value\":\"it's\"}"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const char *test = "";
    GK_TEST_CASE("%s", cases[i].test);
    gk_json_t *conditions = gk_conditions_of(cases[i].test, pool);
    GK_TEST_STR(conditions != NULL ? gk_json_text(conditions, pool) : "none", cases[i].conditions);
    GK_TEST_OK(gk_conditions_test(&test, conditions, "", pool));
    GK_TEST_STR(test, cases[i].test);
  }
}

/* Precedence: or binds less than and, without brackets. */
static void brackets(apr_pool_t *pool)
{
  static const char *const pairs[][2] = {{"a or b and c", "a or (b and c)"},
                                         {"(a or b) and c", "(a or b) and c"},
                                         {"((a))", "a"},
                                         {"not((a and b))", "not(a and b)"},
                                         {" a='x'and b ", "a = 'x' and b"}};
  for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
    const char *test = "";
    GK_TEST_CASE("%s", pairs[i][0]);
    GK_TEST_OK(gk_conditions_test(&test, gk_conditions_of(pairs[i][0], pool), "", pool));
    GK_TEST_STR(test, pairs[i][1]);
  }
}

static void kept_as_xpath(apr_pool_t *pool)
{
  static const char *const tests[] = {"count(family/row) > 1", "a + 1 = 2", "family/row[x = '1']", "a = ", "", "a b", "(a", "not a",
                                      "'x' = a", "16 <= age", "a = 1e3", "string(a) = 'x'", "a and", "a = 'x", "1", "a-b = 'c'",
                                      "birth_number mod 2 = 1", "a = 1234567890123456"};
  for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
    GK_TEST_CASE("%s", tests[i]);
    GK_TEST(gk_conditions_of(tests[i], pool) == NULL);
  }
}

static void wrong_conditions(apr_pool_t *pool)
{
  static const char *const wrong[] = {"{}", "[]", "{\"field\":\"a b\",\"op\":\"=\",\"value\":\"x\"}",
                                      "{\"field\":\"a\",\"op\":\"~\",\"value\":\"x\"}",
                                      "{\"field\":\"a\",\"op\":\"=\"}", "{\"field\":\"a\",\"op\":\"=\",\"number\":\"1e3\"}",
                                      "{\"field\":\"a\",\"op\":\"=\",\"value\":\"x\",\"number\":\"1\"}",
                                      "{\"all\":[{\"field\":\"or\",\"op\":\"filled\"}]}",
                                      "{\"field\":\"a\",\"op\":\"=\",\"value\":\"'\\\"\"}", "{\"any\":{}}", "{\"not\":[]}",
                                      "{\"field\":\"a\",\"op\":\"=\",\"other\":\"b) or (c\"}"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    gk_json_t *json;
    const char *test = NULL;
    GK_TEST_CASE("%s", wrong[i]);
    GK_TEST_OK(gk_json_parse(&json, wrong[i], strlen(wrong[i]), pool));
    GK_TEST(gk_conditions_test(&test, json, "/x", pool) != NULL && test == NULL);
  }
  gk_json_t *deep = gk_json_object(pool);
  gk_json_set_str(deep, "field", "a");
  gk_json_set_str(deep, "op", "filled");
  for (int i = 0; i < 40; i++) {
    gk_json_t *outer = gk_json_object(pool);
    gk_json_set(outer, "not", deep);
    deep = outer;
  }
  const char *test = NULL;
  GK_TEST(gk_conditions_test(&test, deep, "", pool) != NULL);
}

static unsigned long long state = 88172645463325252ULL;
static unsigned roll(unsigned n)
{
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (unsigned)(state % n);
}

static gk_json_t *made(int depth, apr_pool_t *pool)
{
  static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">=", "filled", "empty", "contains", "starts-with"};
  static const char *const values[] = {"1", "", "a b", "(", " and ", "it's", "\"", "张三", "not(x)", "16"};
  gk_json_t *one = gk_json_object(pool);
  unsigned shape = depth > 4 ? 9 : roll(10);
  if (shape < 2 || shape == 2 || shape == 3) {
    gk_json_t *list = gk_json_array(pool);
    for (unsigned n = 2 + roll(3); n > 0; n--)
      gk_json_add(list, made(depth + 1, pool));
    gk_json_set(one, shape < 2 ? "all" : "any", list);
    return one;
  }
  if (shape == 4) {
    gk_json_set(one, "not", made(depth + 1, pool));
    return one;
  }
  const char *op = ops[roll(10)];
  gk_json_set_str(one, "field", roll(2) ? "age" : "household_place");
  gk_json_set_str(one, "op", op);
  if (op[0] != 'f' && op[0] != 'e') {
    unsigned kind = op[0] == 'c' || op[0] == 's' ? 0 : roll(3);
    gk_json_set_str(one, kind == 0 ? "value" : kind == 1 ? "number" : "other",
                    kind == 0 ? values[roll(10)] : kind == 1 ? "17.5" : "birth_number");
  }
  return one;
}

/* What comes back says the same, and from then on stays as it is. */
static void at_random(apr_pool_t *pool)
{
  apr_pool_t *each;
  apr_pool_create(&each, pool);
  for (int i = 0; i < 20000; i++) {
    const char *first = "", *second = "";
    apr_pool_clear(each);
    gk_json_t *conditions = made(0, each);
    if (gk_conditions_test(&first, conditions, "", each) != NULL) /* too many of them */
      continue;
    gk_json_t *back = gk_conditions_of(first, each);
    GK_TEST_CASE("%s", first);
    GK_TEST(back != NULL);
    if (back == NULL)
      break;
    GK_TEST_OK(gk_conditions_test(&second, back, "", each));
    GK_TEST_STR(second, first);
    GK_TEST(gk_json_equal(back, gk_conditions_of(second, each)));
  }
  apr_pool_destroy(each);
}

static const gk_pack_t *shipped(const char *name, apr_pool_t *pool)
{
  apr_file_t *file;
  apr_finfo_t info;
  gk_pack_t *pack;
  const char *top = getenv("top_srcdir");
  const char *path = apr_pstrcat(pool, top != NULL ? top : ".", "/conf/packs/", name, NULL);
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS)
    return NULL;
  char *bytes = apr_palloc(pool, (apr_size_t)info.size + 1);
  if (apr_file_read_full(file, bytes, (apr_size_t)info.size, NULL) != APR_SUCCESS ||
      gk_pack_load(&pack, bytes, (apr_size_t)info.size, NULL, pool, pool) != NULL)
    return NULL;
  return pack;
}

/* Without spaces and brackets: what the shipped rules say is written with as few brackets as it needs. */
static const char *bare(const char *test, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, test), *to = out;
  for (const char *at = test; *at != '\0'; at++)
    if (strchr(" \t\r\n()", *at) == NULL)
      *to++ = *at == '"' ? '\'' : *at;
  *to = '\0';
  return out;
}

static void shipped_rules(apr_pool_t *pool)
{
  static const char *const names[] = {"hunan-2014.xml", "hunan-2025.xml"};
  for (int n = 0; n < 2; n++) {
    const gk_pack_t *pack = shipped(names[n], pool);
    int said = 0;
    GK_TEST(pack != NULL);
    for (int i = 0; pack != NULL && i < pack->rules->nelts; i++) {
      const char *test = APR_ARRAY_IDX(pack->rules, i, gk_rule_t).test, *back = "";
      gk_json_t *conditions = gk_conditions_of(test, pool);
      if (conditions == NULL)
        continue;
      said++;
      GK_TEST_CASE("%s", test);
      GK_TEST_OK(gk_conditions_test(&back, conditions, "", pool));
      GK_TEST_STR(bare(back, pool), bare(test, pool));
    }
    GK_TEST(pack == NULL || said > pack->rules->nelts / 3);
  }
}

int main(void)
{
  gk_test_begin("conditions");
  GK_TEST_RUN(both_ways);
  GK_TEST_RUN(brackets);
  GK_TEST_RUN(kept_as_xpath);
  GK_TEST_RUN(wrong_conditions);
  GK_TEST_RUN(at_random);
  GK_TEST_RUN(shipped_rules);
  return gk_test_end();
}
