/* crypto/merkle.c: see merkle.h. */
#include "crypto/merkle.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

void gk_merkle_start(gk_merkle_t *tree) { tree->leaves = 0; }

void gk_merkle_leaf(unsigned char hash[GK_HASH_BYTES], const void *bytes, apr_size_t length)
{
  gk_crypto__sha256(hash, "\x00", 1, bytes, length);
}

static void join(unsigned char hash[GK_HASH_BYTES], const unsigned char *left, const unsigned char *right)
{
  unsigned char both[2 * GK_HASH_BYTES];
  memcpy(both, left, GK_HASH_BYTES);
  memcpy(both + GK_HASH_BYTES, right, GK_HASH_BYTES);
  gk_crypto__sha256(hash, "\x01", 1, both, sizeof(both));
}

/* Each one bit of the count is a whole subtree; adding a leaf carries like adding one. */
void gk_merkle_add(gk_merkle_t *tree, const unsigned char leaf[GK_HASH_BYTES])
{
  int top = __builtin_popcountll(tree->leaves);
  memcpy(tree->node[top], leaf, GK_HASH_BYTES);
  for (apr_uint64_t bits = tree->leaves++; (bits & 1) != 0; bits >>= 1, top--)
    join(tree->node[top - 1], tree->node[top - 1], tree->node[top]);
}

void gk_merkle_root(const gk_merkle_t *tree, unsigned char root[GK_HASH_BYTES])
{
  int top = __builtin_popcountll(tree->leaves) - 1;
  if (top < 0) {
    gk_crypto__sha256(root, "", 0, "", 0);
    return;
  }
  memcpy(root, tree->node[top], GK_HASH_BYTES);
  while (--top >= 0)
    join(root, tree->node[top], root);
}
