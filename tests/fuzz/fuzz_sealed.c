/* Values at rest: whatever lies in the column, it opens to what was sealed or not at all. The first byte says what to do:
 * 0 opens the rest as it is; else the rest is sealed, and with it one bit changed, which must not open. */
#include "fuzz/gk_fuzz.h"
#include "unit/key_file.h"

static const char context[] = "candidate.doc.7";

static void open_stranger(const gk_keys_t *keys, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  static const char *const ids[] = {"data1", "r", "", "other"};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    gk_sealed_t sealed = {ids[i], bytes, length};
    const char *text = NULL;
    apr_size_t got = 0;
    if (gk_unseal(&text, &got, keys, context, &sealed, pool) == NULL)
      GK_FUZZ_HOLDS(text != NULL && text[got] == '\0' && got <= length);
    text = NULL;
    if (gk_record_unseal(&text, &got, NULL, context, &sealed, pool) == NULL)
      GK_FUZZ_HOLDS(text != NULL && i == 2); /* without a key only what was never sealed */
  }
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static gk_keys_t *keys;
  static apr_pool_t *root;
  gk_sealed_t sealed;
  const char *back = NULL;
  apr_size_t got = 0;
  if (keys == NULL) {
    apr_pool_create(&root, NULL);
    keys = gk_test_keys(GK_TEST_DATA_KEY, root);
    GK_FUZZ_HOLDS(keys != NULL);
  }
  if (length == 0)
    return;
  unsigned char how = (unsigned char)text[0];
  if (how == 0) {
    open_stranger(keys, (const unsigned char *)text + 1, length - 1, pool);
    return;
  }
  GK_FUZZ_HOLDS(gk_seal(&sealed, keys, context, text + 1, length - 1, pool) == NULL);
  GK_FUZZ_HOLDS(gk_unseal(&back, &got, keys, context, &sealed, pool) == NULL);
  GK_FUZZ_HOLDS(got == length - 1 && memcmp(back, text + 1, got) == 0);
  unsigned char *changed = apr_pmemdup(pool, sealed.bytes, sealed.length);
  changed[(how * 37U) % sealed.length] ^= (unsigned char)(1U << (how % 8));
  sealed.bytes = changed;
  GK_FUZZ_HOLDS(gk_unseal(&back, &got, keys, context, &sealed, pool) != NULL);
}
