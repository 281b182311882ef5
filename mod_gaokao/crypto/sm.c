/* crypto/sm.c: SM4-CTR with HMAC-SM3, encrypt then MAC: OpenSSL 3.0 has no SM4-GCM. No certified product: see docs/security.md.
 *
 * Two keys are derived from the one of the file, one a purpose. The tag covers the lengths of the pieces too, so that no
 * byte can pass from one to the next.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include "crypto/internal.h"

enum { SM4_KEY_BYTES = 16, SM4_BLOCK_BYTES = 16, PIECES_MAX = 4 };

static EVP_MD *sm3;
static EVP_MAC *hmac;
static EVP_CIPHER *sm4;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
  sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
  hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  sm4 = EVP_CIPHER_fetch(NULL, "SM4-CTR", NULL);
  if (sm3 == NULL || hmac == NULL || sm4 == NULL)
    abort();
}

void gk_crypto__sm3(unsigned char *out, const void *bytes, apr_size_t length)
{
  pthread_once(&once, fetch);
  if (EVP_Digest(bytes, length, out, NULL, sm3, NULL) != 1)
    abort();
}

void gk_crypto__hmac_sm3(unsigned char *out, const unsigned char *key, apr_size_t key_length,
                         const gk_crypto__bytes_t *pieces, int count)
{
  char digest[] = "SM3";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  size_t length = 0;
  pthread_once(&once, fetch);
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
  bool right = context != NULL && EVP_MAC_init(context, key, key_length, params) == 1;
  for (int i = 0; right && i < count; i++)
    right = EVP_MAC_update(context, pieces[i].bytes, pieces[i].length) == 1;
  right = right && EVP_MAC_final(context, out, &length, GK_SM3_BYTES) == 1 && length == GK_SM3_BYTES;
  EVP_MAC_CTX_free(context);
  if (!right) /* nothing may be stored without its tag */
    abort();
}

void gk_crypto__sm4_ctr(unsigned char *out, const unsigned char *key, const unsigned char *counter,
                        const unsigned char *bytes, apr_size_t length)
{
  int done = 0;
  pthread_once(&once, fetch);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  bool right = context != NULL && EVP_EncryptInit_ex2(context, sm4, key, counter, NULL) == 1 &&
               EVP_EncryptUpdate(context, out, &done, bytes, (int)length) == 1 && done == (int)length;
  EVP_CIPHER_CTX_free(context);
  if (!right)
    abort();
}

/* ---- together -------------------------------------------------------------------------------------------- */

static void derive(unsigned char *out, const unsigned char *key, const char *label)
{
  gk_crypto__bytes_t piece = {(const unsigned char *)label, strlen(label)};
  gk_crypto__hmac_sm3(out, key, GK_KEY_BYTES, &piece, 1);
}

static void sm4_of(unsigned char *out, const unsigned char *key, const unsigned char *nonce, const unsigned char *bytes,
                  apr_size_t length)
{
  unsigned char derived[GK_SM3_BYTES], counter[SM4_BLOCK_BYTES] = {0};
  memcpy(counter, nonce, GK_NONCE_BYTES);
  derive(derived, key, "gaokao sm4-ctr");
  gk_crypto__sm4_ctr(out, derived, counter, bytes, length);
  sodium_memzero(derived, sizeof(derived));
}

static void tag(unsigned char *out, const unsigned char *key, const unsigned char *nonce, const gk_crypto__bytes_t *ad,
                int ads, const unsigned char *bytes, apr_size_t length)
{
  unsigned char derived[GK_SM3_BYTES], lengths[8 * (PIECES_MAX + 1)];
  gk_crypto__bytes_t pieces[PIECES_MAX + 3];
  int count = 0;
  if (ads > PIECES_MAX)
    abort();
  derive(derived, key, "gaokao hmac-sm3");
  for (int i = 0; i < ads; i++)
    gk_crypto__put64(lengths + 8 * i, ad[i].length);
  gk_crypto__put64(lengths + 8 * ads, length);
  pieces[count++] = (gk_crypto__bytes_t){lengths, 8 * (apr_size_t)(ads + 1)};
  for (int i = 0; i < ads; i++)
    pieces[count++] = ad[i];
  pieces[count++] = (gk_crypto__bytes_t){nonce, GK_NONCE_BYTES};
  pieces[count++] = (gk_crypto__bytes_t){bytes, length};
  gk_crypto__hmac_sm3(out, derived, sizeof(derived), pieces, count);
  sodium_memzero(derived, sizeof(derived));
}

void gk_crypto__sm_seal(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                        const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length)
{
  sm4_of(out, key, nonce, bytes, length);
  tag(out + length, key, nonce, ad, ads, out, length);
}

bool gk_crypto__sm_open(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                        const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length)
{
  unsigned char wanted[GK_SM3_BYTES];
  tag(wanted, key, nonce, ad, ads, bytes, length);
  if (sodium_memcmp(wanted, bytes + length, sizeof(wanted)) != 0)
    return false;
  sm4_of(out, key, nonce, bytes, length);
  return true;
}
