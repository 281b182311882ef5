/* crypto/merkle.h: the tree hash of RFC 6962, section 2.1, over SHA-256: 0x00 before a leaf, 0x01 before a node. Leaves come one
 * after the other; memory is constant. */
#ifndef GK_CRYPTO_MERKLE_H
#define GK_CRYPTO_MERKLE_H

#include <apr.h>

#define GK_HASH_BYTES 32

typedef struct gk_merkle_t {
  apr_uint64_t leaves;
  unsigned char node[64][GK_HASH_BYTES]; /* roots of the whole subtrees so far, the largest first */
} gk_merkle_t;

void gk_merkle_start(gk_merkle_t *tree);
/* Hash of a leaf's bytes. */
void gk_merkle_leaf(unsigned char hash[GK_HASH_BYTES], const void *bytes, apr_size_t length);
void gk_merkle_add(gk_merkle_t *tree, const unsigned char leaf[GK_HASH_BYTES]);
/* Of the empty tree: the hash of nothing. More leaves may follow. */
void gk_merkle_root(const gk_merkle_t *tree, unsigned char root[GK_HASH_BYTES]);

#endif
