/* crypto/ecdsa.c: ECDSA over P-256 with SHA-256 under a key of the file: what XML Signature asks for. The file's 32 bytes
 * are taken modulo the group's order less one, plus one: any 32 bytes are a key. */
#include <string.h>
#include <apr_strings.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "crypto/internal.h"

enum { HALF = GK_P256_BYTES / 2, POINT_BYTES = 65 };

static gk_error_t *fault(apr_pool_t *pool, const char *what) { return gk_error_internal(pool, GK_E_INTERNAL, "ECDSA: %s", what); }

/* The key's scalar and its point; false when OpenSSL has no memory. */
static bool derive(BIGNUM *scalar, unsigned char *point, const gk_crypto__key_t *key)
{
  EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  BN_CTX *scratch = BN_CTX_new();
  BIGNUM *bound = group != NULL ? BN_dup(EC_GROUP_get0_order(group)) : NULL;
  EC_POINT *q = group != NULL ? EC_POINT_new(group) : NULL;
  bool good = scratch != NULL && bound != NULL && q != NULL && BN_sub_word(bound, 1) &&
              BN_bin2bn(key->bytes, GK_KEY_BYTES, scalar) != NULL && BN_nnmod(scalar, scalar, bound, scratch) &&
              BN_add_word(scalar, 1) && EC_POINT_mul(group, q, scalar, NULL, NULL, scratch) &&
              EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, POINT_BYTES, scratch) == POINT_BYTES;
  EC_POINT_free(q);
  BN_free(bound);
  BN_CTX_free(scratch);
  EC_GROUP_free(group);
  return good;
}

/* NULL when it can't be made; the caller frees it. */
static EVP_PKEY *pair_of(const gk_crypto__key_t *key)
{
  unsigned char point[POINT_BYTES];
  EVP_PKEY *pair = NULL;
  BIGNUM *scalar = BN_secure_new();
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM *params = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  if (scalar != NULL && builder != NULL && context != NULL && derive(scalar, point, key) &&
      OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) &&
      (params = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, params);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  EVP_PKEY_CTX_free(context);
  BN_clear_free(scalar);
  return pair;
}

static gk_error_t *key_of(const gk_crypto__key_t **out, const gk_keys_t *keys, const char *purpose, const char *key_id,
                          apr_pool_t *pool)
{
  const gk_crypto__key_t *key = gk_crypto__find(keys, purpose, key_id);
  if (key == NULL || key->purpose != GK_KEY_EXPORT || key->state == GK_KEY_GONE)
    return gk_error_internal(pool, GK_E_CONFIG, "The key file has no key '%s' that signs for '%s'",
                             key_id != NULL ? key_id : "(none)", purpose);
  *out = key;
  return NULL;
}

/* DER to r and s, 32 bytes each. */
static bool plain_form(unsigned char *signature, const unsigned char *der, size_t length)
{
  const BIGNUM *r, *s;
  ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)length);
  if (both == NULL)
    return false;
  ECDSA_SIG_get0(both, &r, &s);
  bool good = BN_bn2binpad(r, signature, HALF) == HALF && BN_bn2binpad(s, signature + HALF, HALF) == HALF;
  ECDSA_SIG_free(both);
  return good;
}

gk_error_t *gk_key_sign_p256(unsigned char *signature, const gk_keys_t *keys, const char *purpose, const char *key_id,
                             const void *message, apr_size_t length, apr_pool_t *pool)
{
  const gk_crypto__key_t *key;
  unsigned char der[128];
  size_t der_length = sizeof(der);
  GK_TRY(key_of(&key, keys, purpose, key_id, pool));
  EVP_PKEY *pair = pair_of(key);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool good = pair != NULL && context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
              EVP_DigestSign(context, der, &der_length, message, length) == 1 && plain_form(signature, der, der_length);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pair);
  return good ? NULL : fault(pool, "the key does not sign");
}

gk_error_t *gk_key_public_pem(const char **pem, const gk_keys_t *keys, const char *purpose, const char *key_id,
                              apr_pool_t *pool)
{
  const gk_crypto__key_t *key;
  char *bytes = NULL;
  GK_TRY(key_of(&key, keys, purpose, key_id, pool));
  EVP_PKEY *pair = pair_of(key);
  BIO *out = BIO_new(BIO_s_mem());
  bool good = pair != NULL && out != NULL && PEM_write_bio_PUBKEY(out, pair) == 1;
  long length = good ? BIO_get_mem_data(out, &bytes) : 0;
  if (good)
    *pem = apr_pstrmemdup(pool, bytes, (apr_size_t)length);
  BIO_free(out);
  EVP_PKEY_free(pair);
  return good ? NULL : fault(pool, "no public key");
}

/* r and s to DER; *length 0 when they are none. */
static unsigned char *der_form(int *length, const unsigned char *signature)
{
  unsigned char *der = NULL;
  ECDSA_SIG *both = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
  *length = 0;
  if (both == NULL || r == NULL || s == NULL || !ECDSA_SIG_set0(both, r, s)) {
    BN_free(r);
    BN_free(s);
  } else {
    *length = i2d_ECDSA_SIG(both, &der);
  }
  ECDSA_SIG_free(both);
  return der;
}

gk_error_t *gk_p256_verify(bool *right, const char *pem, const unsigned char *signature, const void *message,
                           apr_size_t length, apr_pool_t *pool)
{
  int der_length;
  char group[32];
  BIO *in = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = in != NULL ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
  BIO_free(in);
  *right = false;
  if (key == NULL || !EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ||
      strcmp(group, "prime256v1") != 0) {
    EVP_PKEY_free(key);
    return gk_error(pool, GK_E_CONFIG, "公钥文件不是 P-256 公钥（PEM）", "The key file holds no public key of P-256 (PEM)");
  }
  unsigned char *der = der_form(&der_length, signature);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (der_length > 0 && context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1)
    *right = EVP_DigestVerify(context, der, (size_t)der_length, message, length) == 1;
  EVP_MD_CTX_free(context);
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  return NULL;
}
