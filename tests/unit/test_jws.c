/* Signed things of devices: the example of docs/devices.md, each part of it altered, headers that say something else, sequence
 * numbers (faults.md ID-14). */
#include "gk_test.h"

#include <apr_file_io.h>
#include "base/text.h"
#include "crypto/jws.h"
#include "domain/device.h"
#include "key_file.h"

#define READING_KEY \
  GK_TEST_DATA_KEY "reading-example reading x25519 2013-11-01T00:00:00Z new ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

static const char *page(apr_pool_t *pool)
{
  const char *top = getenv("top_srcdir");
  char *text = apr_palloc(pool, 40000);
  apr_size_t length = 39999;
  apr_file_t *file;
  if (apr_file_open(&file, apr_pstrcat(pool, top != NULL ? top : ".", "/docs/devices.md", NULL), APR_READ, 0, pool) !=
      APR_SUCCESS)
    return NULL;
  apr_file_read_full(file, text, length, &length);
  text[length] = '\0';
  return text;
}

/* What stands between two texts of the page, behind a third. */
static const char *cut(const char *text, const char *behind, const char *from, const char *to, apr_pool_t *pool)
{
  const char *at = strstr(text, behind);
  at = at != NULL ? strstr(at + strlen(behind), from) : NULL;
  if (at == NULL)
    return "";
  at += strlen(from);
  const char *end = strstr(at, to);
  return end != NULL ? apr_pstrmemdup(pool, at, (apr_size_t)(end - at)) : "";
}

static gk_json_t *example(const char *text, apr_pool_t *pool)
{
  gk_json_t *json;
  const char *body = cut(text, "the reading:", "```json\n", "```", pool);
  return gk_json_parse(&json, body, strlen(body), pool) == NULL ? json : gk_json_object(pool);
}

static void the_page_is_right(apr_pool_t *pool)
{
  gk_jws_t jws;
  apr_size_t length;
  const char *plain, *text = page(pool);
  GK_TEST(text != NULL);
  const unsigned char *public = gk_unbase64url(cut(text, "its public key", "`", "`", pool), &length, pool);
  GK_TEST(public != NULL && length == GK_PUBLIC_BYTES);
  GK_TEST(gk_jws_read(&jws, example(text, pool), pool));
  GK_TEST(gk_jws_verify(&jws, public));
  GK_TEST_STR(jws.header_text, cut(text, "\nheader:", "```\n", "\n```", pool));
  GK_TEST(gk_jws_header(&jws, "gk-reading+1", pool) == NULL);
  GK_TEST_STR(jws.jti, "00112233445566778899aabbccddeeff");
  GK_TEST_INT(jws.seq, 1);
  gk_keys_t *keys = gk_test_keys(READING_KEY, pool);
  GK_TEST(keys != NULL);
  GK_TEST(gk_key_box_open(&plain, &length, keys, "reading", jws.skid, jws.payload, jws.payload_length, pool));
  GK_TEST_STR(plain, cut(text, "what is sealed:", "```\n", "\n```", pool));
  GK_TEST(!gk_key_box_open(&plain, &length, keys, "reading", jws.skid, jws.payload, jws.payload_length - 1, pool));
  GK_TEST(!gk_key_box_open(&plain, &length, keys, "reading", "nobody", jws.payload, jws.payload_length, pool));
  GK_TEST(!gk_key_box_open(&plain, &length, keys, "packet", jws.skid, jws.payload, jws.payload_length, pool));
  GK_TEST(!gk_key_box_open(&plain, &length, keys, "reading", jws.skid, (const unsigned char *)"short", 5, pool));
}

static void each_part_is_covered(apr_pool_t *pool)
{
  static const char *const parts[] = {"protected", "payload", "signature"};
  apr_size_t length;
  const char *text = page(pool);
  const unsigned char *public = gk_unbase64url(cut(text, "its public key", "`", "`", pool), &length, pool);
  for (int p = 0; p < 3; p++) {
    const char *whole = gk_json_str(example(text, pool), parts[p]);
    for (apr_size_t at = 0; at < strlen(whole); at += 7) {
      gk_jws_t jws;
      gk_json_t *json = example(text, pool);
      char *changed = apr_pstrdup(pool, whole);
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      gk_json_set_str(json, parts[p], changed);
      GK_TEST_CASE("%s at %d", parts[p], (int)at);
      GK_TEST(!gk_jws_read(&jws, json, pool) || !gk_jws_verify(&jws, public));
    }
  }
}

static void only_one_form_is_taken(apr_pool_t *pool)
{
  static const struct {
    const char *member, *value;
  } rows[] = {{"protected", ""},  {"protected", "e30="}, {"protected", "e3 0"}, {"protected", "e31"}, {"payload", "a+b/"},
              {"signature", "AA"}, {"signature", ""},    {"header", "{}"},      {"payload", NULL}};
  const char *text = page(pool);
  gk_jws_t jws;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    gk_json_t *json = example(text, pool);
    GK_TEST_CASE("%s %s", rows[i].member, rows[i].value != NULL ? rows[i].value : "null");
    gk_json_set_str(json, rows[i].member, rows[i].value);
    GK_TEST(!gk_jws_read(&jws, json, pool));
  }
  GK_TEST(!gk_jws_read(&jws, gk_json_array(pool), pool));
}

static const char *judge(const char *header, apr_pool_t *pool)
{
  gk_jws_t jws = {.header_text = header, .header_length = strlen(header), .payload = (const unsigned char *)""};
  const char *wrong = gk_jws_header(&jws, "gk-reading+1", pool);
  return wrong != NULL ? wrong : "";
}

static void headers_say_what_is_agreed(apr_pool_t *pool)
{
#define GOOD                                                                                    \
  "\"alg\":\"EdDSA\",\"typ\":\"gk-reading+1\",\"kid\":\"3\",\"aud\":\"gk:1\",\"iat\":1,\"jti\":" \
  "\"00112233445566778899aabbccddeeff\""
  static const struct {
    const char *header, *wrong;
  } rows[] = {{"{" GOOD ",\"seq\":1,\"skid\":\"r1\"}", ""},
              {"{" GOOD "}", ""},
              {"{" GOOD ",\"crit\":[\"b64\"]}", "header"},
              {"{" GOOD ",\"jwk\":{}}", "header"},
              {"[]", "header"},
              {"{" GOOD ",\"seq\":0}", "seq"},
              {"{" GOOD ",\"seq\":\"1\"}", "seq"},
              {"{" GOOD ",\"seq\":1.5}", "seq"},
              {"{" GOOD ",\"skid\":\"\"}", "skid"},
              {"{\"alg\":\"none\",\"typ\":\"gk-reading+1\"}", "alg"},
              {"{\"alg\":\"HS256\",\"typ\":\"gk-reading+1\"}", "alg"},
              {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", "typ"},
              {"{\"alg\":\"EdDSA\",\"typ\":\"gk-reading+1\",\"kid\":\"../1\"}", "kid"},
              {"{\"alg\":\"EdDSA\",\"typ\":\"gk-reading+1\",\"kid\":\"1\"}", "aud"},
              {"{\"alg\":\"EdDSA\",\"typ\":\"gk-reading+1\",\"kid\":\"1\",\"aud\":\"a\",\"iat\":-1}", "iat"},
              {"{\"alg\":\"EdDSA\",\"typ\":\"gk-reading+1\",\"kid\":\"1\",\"aud\":\"a\",\"iat\":1,\"jti\":\"00\"}", "jti"},
              {"{\"alg\":\"EdDSA\",\"alg\":\"none\"}", "header"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    GK_TEST_CASE("%s", rows[i].header);
    GK_TEST_STR(judge(rows[i].header, pool), rows[i].wrong);
  }
}

static void a_device_that_floods_waits_alone(apr_pool_t *pool)
{
  apr_time_t now = 1000 * APR_USEC_PER_SEC;
  int taken = 0;
  GK_TEST_INT(gk_device_pace(1, 200, 2000, now), 0); /* without memory nobody waits */
  gk_device_pace_attach(apr_pcalloc(pool, gk_device_pace_bytes()));
  while (taken < 1000 && gk_device_pace(1, 200, 2000, now) == 0)
    taken++;
  GK_TEST_INT(taken, 48); /* of 210 each: five seconds' worth, and the one that goes beyond */
  apr_interval_time_t wait = gk_device_pace(1, 200, 2000, now);
  GK_TEST_INT(wait, 48 * 105000 - 5 * APR_USEC_PER_SEC);
  GK_TEST_INT(gk_device_pace(2, 200, 2000, now), 0);
  GK_TEST_INT(gk_device_pace(1, 200, 0, now), 0);
  GK_TEST_INT(gk_device_pace(1, 200, 2000, now + wait), 0);
  for (int i = 1; i <= 60; i++) /* a drain of 1,000 a second never waits */
    GK_TEST_INT(gk_device_pace(3, 200, 2000, now + i * 200000), 0);
  gk_device_pace_attach(NULL);
}

static void sequence_numbers_are_kept_as_intervals(apr_pool_t *pool)
{
  static const struct {
    apr_int64_t seq;
    gk_seq_t order;
    const char *intervals, *holes;
  } rows[] = {{1, GK_SEQ_NEXT, "1-1", "[]"},
              {2, GK_SEQ_NEXT, "1-2", "[]"},
              {2, GK_SEQ_USED, "1-2", "[]"},
              {5, GK_SEQ_GAP, "1-2 5-5", "[[3,4]]"},
              {6, GK_SEQ_NEXT, "1-2 5-6", "[[3,4]]"},
              {9, GK_SEQ_GAP, "1-2 5-6 9-9", "[[3,4],[7,8]]"},
              {4, GK_SEQ_LATE, "1-2 4-6 9-9", "[[3,3],[7,8]]"},
              {3, GK_SEQ_LATE, "1-6 9-9", "[[7,8]]"},
              {1, GK_SEQ_USED, "1-6 9-9", "[[7,8]]"},
              {8, GK_SEQ_LATE, "1-6 8-9", "[[7,7]]"},
              {7, GK_SEQ_LATE, "1-9", "[]"}};
  const char *intervals = "";
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    GK_TEST_CASE("%d", (int)rows[i].seq);
    GK_TEST_INT(gk_seq_add(&intervals, rows[i].seq, pool), rows[i].order);
    GK_TEST_STR(intervals, rows[i].intervals);
    GK_TEST_STR(gk_json_text(gk_seq_holes(intervals, pool), pool), rows[i].holes);
  }
  /* Only odd ones: what is kept is bounded. */
  intervals = "";
  for (apr_int64_t seq = 1; seq < 4 * GK_SEQ_INTERVALS; seq += 2)
    gk_seq_add(&intervals, seq, pool);
  GK_TEST_INT(gk_json_size(gk_seq_holes(intervals, pool)), GK_SEQ_INTERVALS - 1);
}

int main(void)
{
  gk_test_begin("jws");
  GK_TEST_RUN(the_page_is_right);
  GK_TEST_RUN(each_part_is_covered);
  GK_TEST_RUN(only_one_form_is_taken);
  GK_TEST_RUN(headers_say_what_is_agreed);
  GK_TEST_RUN(sequence_numbers_are_kept_as_intervals);
  GK_TEST_RUN(a_device_that_floods_waits_alone);
  return gk_test_end();
}
