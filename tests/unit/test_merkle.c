/* The tree hash of RFC 6962 against its known vectors, and sets of numbers. */
#include "unit/gk_test.h"

#include <string.h>

#include "base/spans.h"
#include "base/text.h"
#include "crypto/merkle.h"

/* The leaves and roots of the reference implementation of Certificate Transparency. */
static const char *const leaves[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static const char *root_of(const gk_merkle_t *tree, apr_pool_t *pool)
{
  unsigned char root[GK_HASH_BYTES];
  gk_merkle_root(tree, root);
  return gk_text_hex(pool, root, sizeof(root));
}

static void known_trees(apr_pool_t *pool)
{
  gk_merkle_t tree;
  gk_merkle_start(&tree);
  GK_TEST_STR(root_of(&tree, pool), roots[0]);
  for (int i = 0; i < 8; i++) {
    unsigned char leaf[GK_HASH_BYTES];
    apr_size_t length;
    const unsigned char *bytes = gk_text_unhex(pool, leaves[i], &length);
    gk_merkle_leaf(leaf, bytes, length);
    gk_merkle_add(&tree, leaf);
    GK_TEST_STR(root_of(&tree, pool), roots[i + 1]);
  }
}

/* The definition itself: split at the largest power of two below the count. */
static void define(unsigned char *out, unsigned char hashes[][GK_HASH_BYTES], int n, apr_pool_t *pool)
{
  if (n == 1) {
    memcpy(out, hashes[0], GK_HASH_BYTES);
    return;
  }
  int k = 1;
  while (2 * k < n)
    k *= 2;
  gk_merkle_t two;
  unsigned char sides[2][GK_HASH_BYTES];
  define(sides[0], hashes, k, pool);
  define(sides[1], hashes + k, n - k, pool);
  gk_merkle_start(&two);
  gk_merkle_add(&two, sides[0]);
  gk_merkle_add(&two, sides[1]);
  gk_merkle_root(&two, out);
}

static void every_size(apr_pool_t *pool)
{
  enum { MOST = 70 };
  static unsigned char hashes[MOST][GK_HASH_BYTES];
  gk_merkle_t tree;
  gk_merkle_start(&tree);
  for (int n = 1; n <= MOST; n++) {
    unsigned char wanted[GK_HASH_BYTES], got[GK_HASH_BYTES];
    gk_merkle_leaf(hashes[n - 1], &n, sizeof(n));
    gk_merkle_add(&tree, hashes[n - 1]);
    define(wanted, hashes, n, pool);
    gk_merkle_root(&tree, got);
    GK_TEST(memcmp(wanted, got, GK_HASH_BYTES) == 0);
  }
}

static void spans_join_and_split(apr_pool_t *pool)
{
  apr_array_header_t *spans = gk_spans(pool), *again;
  GK_TEST_STR(gk_spans_text(spans, pool), "");
  GK_TEST(gk_spans_add(spans, 5, 5));
  GK_TEST(gk_spans_add(spans, 7, 9));
  GK_TEST(gk_spans_add(spans, 1, 2));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-2,5,7-9");
  GK_TEST(gk_spans_add(spans, 6, 6));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-2,5-9");
  GK_TEST(!gk_spans_add(spans, 9, 12));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-2,5-12");
  GK_TEST(gk_spans_add(spans, 3, 4));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-12");
  GK_TEST(gk_spans_remove(spans, 4, 6));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-3,7-12");
  GK_TEST(!gk_spans_remove(spans, 3, 7));
  GK_TEST_STR(gk_spans_text(spans, pool), "1-2,8-12");
  GK_TEST_INT(gk_spans_count(spans), 7);
  GK_TEST(gk_spans_have(spans, 8) && gk_spans_have(spans, 1) && !gk_spans_have(spans, 7) && !gk_spans_have(spans, 13));
  GK_TEST(gk_spans_parse(&again, "1-2,8-12", pool));
  GK_TEST_STR(gk_spans_text(again, pool), "1-2,8-12");
  GK_TEST(gk_spans_parse(&again, "", pool));
  GK_TEST_INT(again->nelts, 0);
}

static void only_one_spelling(apr_pool_t *pool)
{
  static const char *const wrong[] = {"0", "01", "2-1", "1-1", "1,2", "1-2,3", "3,1", "1,", ",1", "1-", "-1", "1 ", "x",
                                      "1--2", "1234567890123456789", "1-3,2-5"};
  apr_array_header_t *spans;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    if (gk_spans_parse(&spans, wrong[i], pool)) {
      printf("# %s was taken\n", wrong[i]);
      GK_TEST(false);
    }
}

int main(void)
{
  gk_test_begin("merkle");
  GK_TEST_RUN(known_trees);
  GK_TEST_RUN(every_size);
  GK_TEST_RUN(spans_join_and_split);
  GK_TEST_RUN(only_one_spelling);
  return gk_test_end();
}
