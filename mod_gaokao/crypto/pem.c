/* crypto/pem.c: what clients hand in as PEM. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/crypto.h"

/* An encrypted one is none: nobody is asked for a password. */
static int no_password(char *to, int size, int writing, void *data)
{
  (void)to, (void)size, (void)writing, (void)data;
  return -1;
}

const char *gk_pem_certificate_digest(const char *pem, apr_pool_t *pool)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  ERR_set_mark(); /* mod_ssl reads the same queue of errors */
  BIO *in = BIO_new_mem_buf(pem, -1);
  X509 *certificate = in != NULL ? PEM_read_bio_X509(in, NULL, no_password, NULL) : NULL;
  bool good = certificate != NULL && X509_digest(certificate, EVP_sha256(), digest, &length) == 1;
  X509_free(certificate);
  BIO_free(in);
  ERR_pop_to_mark();
  return good ? gk_text_hex(pool, digest, length) : NULL;
}

const char *gk_pem_ed25519(const char *pem, apr_pool_t *pool)
{
  unsigned char bytes[GK_PUBLIC_BYTES];
  size_t length = sizeof(bytes);
  ERR_set_mark();
  BIO *in = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = in != NULL ? PEM_read_bio_PUBKEY(in, NULL, no_password, NULL) : NULL;
  bool good = key != NULL && EVP_PKEY_is_a(key, "ED25519") && EVP_PKEY_get_raw_public_key(key, bytes, &length) == 1;
  EVP_PKEY_free(key);
  BIO_free(in);
  ERR_pop_to_mark();
  return good ? gk_text_hex(pool, bytes, length) : NULL;
}

bool gk_pem_sign(unsigned char *signature, const char *pem, const void *message, apr_size_t length)
{
  size_t signed_bytes = GK_SIGNATURE_BYTES;
  ERR_set_mark();
  BIO *in = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool good = key != NULL && context != NULL && EVP_PKEY_is_a(key, "ED25519") &&
              EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &signed_bytes, message, length) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(in);
  ERR_pop_to_mark();
  return good;
}
