/* base/flat.h against base/json.h: what it takes, it reads alike; what is damaged or of another shape it leaves. */
#include "gk_test.h"

#include "base/flat.h"
#include "base/json.h"

static const char sample[] =
    "{\"address\":\"湖南省\\\"长沙\\\"\\\\市\\n\\u0031\\/\\u4e2d\",\"birth\":\"2008-02-29\",\"empty\":\"\","
    "\"family\":[{\"name\":\"张·伟\",\"phone\":\"1\"},{},{\"name\":\"𠮷\"}],\"none\":[],\"zz\":\"z\"}";

static const gk_flat_t *flat_of(const char *text, apr_pool_t *pool) { return gk_flat_read(text, strlen(text), pool); }

static void reads_what_json_reads(apr_pool_t *pool)
{
  gk_json_t *json;
  const gk_flat_t *flat = flat_of(sample, pool);
  apr_size_t n;
  GK_TEST(flat != NULL);
  GK_TEST_OK(gk_json_parse(&json, sample, strlen(sample), pool));
  for (gk_json_iter_t it = gk_json_first(json); it.key != NULL; gk_json_next(&it)) {
    GK_TEST_CASE("%s", it.key);
    GK_TEST_STR(gk_flat_str(flat, it.key), gk_json_str(json, it.key));
    const gk_flat_t *const *rows = gk_flat_rows(flat, it.key, &n);
    GK_TEST_INT(n, gk_json_size(gk_json_get(json, it.key)));
    for (apr_size_t i = 0; i < n; i++)
      GK_TEST_STR(gk_flat_str(rows[i], "name"), gk_json_str(gk_json_at(gk_json_get(json, it.key), i), "name"));
  }
  GK_TEST_STR(gk_flat_str(flat, "nothing"), NULL);
  GK_TEST_STR(gk_flat_str(NULL, "birth"), NULL);
  GK_TEST(gk_flat_rows(flat, "birth", &n) == NULL && n == 0);
  GK_TEST(flat_of(" { \"a\" : \"b\" , \"c\" : [ { \"d\" : \"e\" } ] } \n", pool) != NULL);
  GK_TEST(flat_of("{}", pool) != NULL);
}

static void leaves_every_beginning_of_a_text(apr_pool_t *pool)
{
  for (apr_size_t length = 0; length + 1 < sizeof(sample); length++) {
    GK_TEST_CASE("%d bytes", (int)length);
    GK_TEST(gk_flat_read(sample, length, pool) == NULL);
  }
}

static void leaves_other_shapes_to_json(apr_pool_t *pool)
{
  static const char *const texts[] = {
      "", "[]", "null", "\"a\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[\"b\"]}", "{\"a\":[{\"b\":[]}]}",
      "{\"a\":\"b\",}", "{\"a\" \"b\"}", "{a:\"b\"}", "{\"a\":\"b\"}}", "{\"a\":\"b\"} x", "{\"a\":\"\n\"}",
      "{\"a\":\"\\x\"}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\\u12\"}", "{\"a\":[{},]}",
      "{\"b\":\"1\",\"a\":\"2\"}" /* not sorted */, "{\"a\":\"1\",\"a\":\"2\"}" /* twice */};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    GK_TEST_CASE("%s", texts[i]);
    GK_TEST(flat_of(texts[i], pool) == NULL);
  }
  GK_TEST(gk_flat_read("{\"a\":\"b\0c\"}", 11, pool) == NULL); /* U+0000 */
}

static void many_rows_and_members_are_left(apr_pool_t *pool)
{
  char *text = apr_pstrdup(pool, "{\"a\":[{}");
  for (int i = 0; i < 100; i++)
    text = apr_pstrcat(pool, text, ",{}", NULL);
  GK_TEST(flat_of(apr_pstrcat(pool, text, "]}", NULL), pool) == NULL);
  text = apr_pstrdup(pool, "{\"0\":\"\"");
  for (int i = 1; i < 450; i++)
    text = apr_psprintf(pool, "%s,\"x%04d\":\"\"", text, i);
  GK_TEST(flat_of(apr_pstrcat(pool, text, "}", NULL), pool) == NULL);
}

int main(void)
{
  gk_test_begin("flat");
  GK_TEST_RUN(reads_what_json_reads);
  GK_TEST_RUN(leaves_every_beginning_of_a_text);
  GK_TEST_RUN(leaves_other_shapes_to_json);
  GK_TEST_RUN(many_rows_and_members_are_left);
  return gk_test_end();
}
