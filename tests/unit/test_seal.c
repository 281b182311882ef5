/* Values at rest: the format, and that nothing opens but what was written there (faults.md "Encryption at rest
 * and blind index"). */
#include "unit/gk_test.h"
#include "unit/key_file.h"

#define OTHER "data0 data aes-256-gcm 2013-10-01T00:00:00Z old ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define LAST "data2 data aes-256-gcm 2013-12-01T00:00:00Z active ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define FIRST_IS_OLD "data1 data aes-256-gcm 2013-11-01T00:00:00Z old AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static const unsigned char *bytes_of(const char *hex, apr_size_t *length, apr_pool_t *pool)
{
  *length = strlen(hex) / 2;
  unsigned char *bytes = apr_palloc(pool, *length + 1);
  for (apr_size_t i = 0; i < *length; i++)
    bytes[i] = (unsigned char)strtol(apr_pstrndup(pool, hex + 2 * i, 2), NULL, 16);
  return bytes;
}

static gk_sealed_t sealed_hex(const char *key_id, const char *hex, apr_pool_t *pool)
{
  gk_sealed_t sealed = {.key_id = key_id};
  sealed.bytes = bytes_of(hex, &sealed.length, pool);
  return sealed;
}

/* Made by another program (pyca/cryptography) from the format's description. */
static void the_format_is_as_described(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  const char *text;
  apr_size_t length;
  GK_TEST(keys != NULL);
  gk_sealed_t sealed = sealed_hex("data1", "0101056461746131404142434445464748494a4b999bde4b4952e221f7e62605a254236b"
                                  "49f6626c871772a377474ee59713eddb3a152952fb1babe66d35a46babfc11b1", pool);
  GK_TEST_OK(gk_unseal(&text, &length, keys, "candidate.doc.7", &sealed, pool));
  GK_TEST_STR(text, "{\"phone\":\"13900000000\"}");
  GK_TEST_INT(length, 23);
}

static void padding_that_is_none_is_refused(apr_pool_t *pool)
{
  static const char *const padding[] = {
      /* zeros only; no mark; a block too many */
      "0101056461746131404142434445464748494a4be2b9ae23263c8703cdc417369b64135b79c6525cb7350f2377474ee59713eddb2986b0d0"
      "191d7e9ddf49c6c0d4a98aea",
      "0101056461746131404142434445464748494a4b83d8cf42475de662aca57657fa05723a18a7333dd6546e4216262f84f6728cbaab2ed94d"
      "3c294c2ea0460f2becb0d627",
      "0101056461746131404142434445464748494a4b62b9ae23263c8703cdc417369b64135b79c6525cb7350f2377474ee59713eddb9808f3ac"
      "deb9df5421f40b6f910ddfdacb71aa3133c7e209811ad40427ea28c00be2e3c6c5620fa4a00b29ee91357911"};
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  const char *text;
  GK_TEST(keys != NULL);
  for (int i = 0; i < 3; i++) {
    gk_sealed_t sealed = sealed_hex("data1", padding[i], pool);
    gk_error_t *error = gk_unseal(&text, NULL, keys, "c", &sealed, pool);
    GK_TEST_CASE("padding %d", i);
    GK_TEST(error != NULL && error->code == GK_E_SEALED && strstr(error->internal, "padding") != NULL);
  }
}

static void texts_of_every_length_come_back(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  apr_pool_t *each;
  GK_TEST(keys != NULL);
  apr_pool_create(&each, pool);
  for (apr_size_t n = 0; n <= 200; n++) {
    apr_pool_clear(each);
    gk_sealed_t sealed;
    const char *text;
    apr_size_t length;
    char *written = apr_palloc(each, n + 1);
    /* Ends in what padding looks like, too. */
    for (apr_size_t i = 0; i < n; i++)
      written[i] = i + 2 < n ? 'a' : i + 1 < n ? '\x80' : '\0';
    GK_TEST_CASE("%d bytes", (int)n);
    GK_TEST_OK(gk_seal(&sealed, keys, "c", written, n, each));
    GK_TEST_INT(sealed.length, 3 + 5 + 12 + (n / 32 + 1) * 32 + 16);
    GK_TEST_OK(gk_unseal(&text, &length, keys, "c", &sealed, each));
    GK_TEST_INT(length, n);
    GK_TEST(memcmp(text, written, n) == 0 && text[n] == '\0');
  }
}

static void no_nonce_comes_twice(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  gk_sealed_t a, b;
  GK_TEST(keys != NULL);
  GK_TEST_OK(gk_seal(&a, keys, "c", "same", 4, pool));
  GK_TEST_OK(gk_seal(&b, keys, "c", "same", 4, pool));
  GK_TEST(memcmp(a.bytes + 8, b.bytes + 8, 12) != 0);
  GK_TEST(memcmp(a.bytes + 20, b.bytes + 20, 32) != 0);
}

static void a_changed_or_cut_value_opens_nowhere(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY OTHER, pool);
  gk_sealed_t sealed;
  const char *text;
  apr_pool_t *each;
  GK_TEST(keys != NULL);
  GK_TEST_OK(gk_seal(&sealed, keys, "candidate.doc.1", "{\"id_number\":\"430102200701011234\"}", 34, pool));
  apr_pool_create(&each, pool);
  for (apr_size_t n = 0; n < sealed.length; n++) {
    apr_pool_clear(each);
    /* As long as it says and no byte more: reading beyond it shows under the sanitizers. */
    unsigned char *cut = malloc(n > 0 ? n : 1);
    memcpy(cut, sealed.bytes, n);
    gk_sealed_t bad = {sealed.key_id, cut, n};
    gk_error_t *error = gk_unseal(&text, NULL, keys, "candidate.doc.1", &bad, each);
    free(cut);
    GK_TEST_CASE("cut to %d", (int)n);
    GK_TEST_ERROR(error, GK_E_SEALED);
  }
  for (apr_size_t i = 0; i < sealed.length * 8; i++) {
    apr_pool_clear(each);
    unsigned char *changed = apr_pmemdup(each, sealed.bytes, sealed.length);
    changed[i / 8] ^= (unsigned char)(1U << (i % 8));
    gk_sealed_t bad = {sealed.key_id, changed, sealed.length};
    GK_TEST_CASE("bit %d", (int)i);
    GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.1", &bad, each), GK_E_SEALED);
  }
  gk_sealed_t longer = {sealed.key_id, apr_pcalloc(pool, sealed.length + 32), sealed.length + 32};
  memcpy((unsigned char *)(apr_uintptr_t)longer.bytes, sealed.bytes, sealed.length);
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.1", &longer, pool), GK_E_SEALED);
}

static void values_do_not_change_places(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY OTHER, pool);
  gk_sealed_t sealed;
  const char *text;
  GK_TEST(keys != NULL);
  GK_TEST_OK(gk_seal(&sealed, keys, "candidate.doc.1", "{}", 2, pool));
  GK_TEST_OK(gk_unseal(&text, NULL, keys, "candidate.doc.1", &sealed, pool));
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.11", &sealed, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.", &sealed, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate_part.body.1", &sealed, pool), GK_E_SEALED);
  /* The column beside it names the key too, for whoever counts a key's uses. */
  sealed.key_id = "data0";
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.1", &sealed, pool), GK_E_SEALED);
  sealed.key_id = GK_RECORD_KEY;
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "candidate.doc.1", &sealed, pool), GK_E_SEALED);
}

static void old_keys_open_and_lost_ones_are_named(apr_pool_t *pool)
{
  gk_keys_t *before = gk_test_keys(GK_TEST_DATA_KEY, pool), *after = gk_test_keys(FIRST_IS_OLD LAST, pool);
  gk_keys_t *without = gk_test_keys(LAST, pool);
  gk_sealed_t sealed, again;
  const char *text;
  GK_TEST(before != NULL && after != NULL && without != NULL);
  GK_TEST_OK(gk_seal(&sealed, before, "c", "text", 4, pool));
  GK_TEST_STR(sealed.key_id, "data1");
  GK_TEST_OK(gk_unseal(&text, NULL, after, "c", &sealed, pool));
  GK_TEST_STR(text, "text");
  GK_TEST_OK(gk_seal(&again, after, "c", "text", 4, pool));
  GK_TEST_STR(again.key_id, "data2");
  gk_error_t *error = gk_unseal(&text, NULL, without, "c", &sealed, pool);
  GK_TEST_ERROR(error, GK_E_CONFIG);
  GK_TEST(strstr(error->internal, "'data1'") != NULL);
}

/* DI-9: another key under the same name. */
static void a_wrong_key_of_the_right_name_opens_nothing(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  gk_keys_t *wrong = gk_test_keys(
      "data1 data aes-256-gcm 2013-11-01T00:00:00Z active ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n", pool);
  gk_sealed_t sealed;
  const char *text;
  GK_TEST(keys != NULL && wrong != NULL);
  GK_TEST_OK(gk_seal(&sealed, keys, "c", "text", 4, pool));
  GK_TEST_ERROR(gk_unseal(&text, NULL, wrong, "c", &sealed, pool), GK_E_SEALED);
}

static void text_from_before_is_read(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  gk_sealed_t plain = {"", (const unsigned char *)"{}", 2}, none = {NULL, (const unsigned char *)"{}", 2};
  const char *text;
  apr_size_t length;
  GK_TEST(keys != NULL);
  GK_TEST_OK(gk_unseal(&text, &length, keys, "c", &plain, pool));
  GK_TEST_STR(text, "{}");
  GK_TEST_OK(gk_record_unseal(&text, &length, NULL, "c", &plain, pool));
  GK_TEST_STR(text, "{}");
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "c", &none, pool), GK_E_SEALED);
}

static void records_have_keys_of_their_own(apr_pool_t *pool)
{
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  gk_record_key_t *one = NULL, *two = NULL, *again = NULL;
  gk_sealed_t wrapped, other, sealed;
  const char *text;
  GK_TEST(keys != NULL);
  GK_TEST_OK(gk_record_key_make(&one, &wrapped, keys, "record_key.1", pool));
  GK_TEST_OK(gk_record_key_make(&two, &other, keys, "record_key.2", pool));
  GK_TEST_STR(wrapped.key_id, "data1");
  GK_TEST_OK(gk_record_seal(&sealed, one, "candidate.doc.1", "{}", 2, pool));
  GK_TEST_STR(sealed.key_id, GK_RECORD_KEY);
  GK_TEST_OK(gk_record_key_open(&again, keys, "record_key.1", &wrapped, pool));
  GK_TEST_OK(gk_record_unseal(&text, NULL, again, "candidate.doc.1", &sealed, pool));
  GK_TEST_STR(text, "{}");
  GK_TEST_ERROR(gk_record_unseal(&text, NULL, two, "candidate.doc.1", &sealed, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_record_unseal(&text, NULL, again, "candidate.doc.2", &sealed, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_record_unseal(&text, NULL, NULL, "candidate.doc.1", &sealed, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_record_key_open(&again, keys, "record_key.2", &wrapped, pool), GK_E_SEALED);
  /* Something else that was sealed is no key. */
  GK_TEST_OK(gk_seal(&other, keys, "record_key.3", "short", 5, pool));
  GK_TEST_ERROR(gk_record_key_open(&again, keys, "record_key.3", &other, pool), GK_E_SEALED);
}

int main(void)
{
  gk_test_begin("seal");
  GK_TEST_RUN(the_format_is_as_described);
  GK_TEST_RUN(padding_that_is_none_is_refused);
  GK_TEST_RUN(texts_of_every_length_come_back);
  GK_TEST_RUN(no_nonce_comes_twice);
  GK_TEST_RUN(a_changed_or_cut_value_opens_nowhere);
  GK_TEST_RUN(values_do_not_change_places);
  GK_TEST_RUN(old_keys_open_and_lost_ones_are_named);
  GK_TEST_RUN(a_wrong_key_of_the_right_name_opens_nothing);
  GK_TEST_RUN(text_from_before_is_read);
  GK_TEST_RUN(records_have_keys_of_their_own);
  return gk_test_end();
}
