/* crypto/cipher.c: authenticated encryption of one value under one key (internal.h). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "crypto/internal.h"

/* ---- AES-256-GCM (SP 800-38D) ---------------------------------------------------------------------------- */

enum { TAG_BYTES = 16 };

/* Fetched once: the implicit fetch takes a lock each time. A context a thread: making one costs as much as the encryption
 * of a short value. A thread's context goes with the thread; what it holds of the last key is overwritten by then. */
static EVP_CIPHER *gcm;
static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_context(void *context) { EVP_CIPHER_CTX_free(context); }

static void prepare(void)
{
  gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
  if (gcm == NULL || pthread_key_create(&context_key, free_context) != 0)
    abort();
}

static EVP_CIPHER_CTX *context_of_thread(void)
{
  pthread_once(&once, prepare);
  EVP_CIPHER_CTX *context = pthread_getspecific(context_key);
  if (context == NULL) {
    context = EVP_CIPHER_CTX_new();
    if (context == NULL || pthread_setspecific(context_key, context) != 0)
      abort();
  }
  return context;
}

/* The key's schedule is not left behind for whoever reads the memory later. */
static void forget_key(EVP_CIPHER_CTX *context)
{
  static const unsigned char zero[GK_KEY_BYTES];
  if (EVP_EncryptInit_ex2(context, NULL, zero, NULL, NULL) != 1)
    abort();
}

static void gcm_seal(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                     const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length)
{
  EVP_CIPHER_CTX *context = context_of_thread();
  int done;
  bool right = EVP_EncryptInit_ex2(context, gcm, key, nonce, NULL) == 1;
  for (int i = 0; right && i < ads; i++)
    right = EVP_EncryptUpdate(context, NULL, &done, ad[i].bytes, (int)ad[i].length) == 1;
  right = right && EVP_EncryptUpdate(context, out, &done, bytes, (int)length) == 1 &&
          EVP_EncryptFinal_ex(context, out + length, &done) == 1 &&
          EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + length) == 1;
  if (!right) /* no memory for 200 bytes, or a library that is broken: nothing may be stored in clear */
    abort();
  forget_key(context);
}

static bool gcm_open(unsigned char *out, const unsigned char *key, const unsigned char *nonce,
                     const gk_crypto__bytes_t *ad, int ads, const unsigned char *bytes, apr_size_t length)
{
  EVP_CIPHER_CTX *context = context_of_thread();
  unsigned char tag[TAG_BYTES];
  int done;
  memcpy(tag, bytes + length, TAG_BYTES);
  bool right = EVP_DecryptInit_ex2(context, gcm, key, nonce, NULL) == 1;
  for (int i = 0; right && i < ads; i++)
    right = EVP_DecryptUpdate(context, NULL, &done, ad[i].bytes, (int)ad[i].length) == 1;
  right = right && EVP_DecryptUpdate(context, out, &done, bytes, (int)length) == 1 &&
          EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
          EVP_DecryptFinal_ex(context, out + length, &done) == 1;
  forget_key(context);
  return right;
}

/* ---- the table ------------------------------------------------------------------------------------------- */

static const gk_crypto__cipher_t ciphers[] = {
    {GK_CIPHER_AES_GCM, "aes", TAG_BYTES, gcm_seal, gcm_open},
    {GK_CIPHER_SM4_HMAC_SM3, "sm", GK_SM3_BYTES, gk_crypto__sm_seal, gk_crypto__sm_open}};

int gk_crypto__cipher_of(const gk_crypto__key_t *key)
{
  return strcmp(key->algorithm, "sm4-ctr-hmac-sm3") == 0 ? GK_CIPHER_SM4_HMAC_SM3 : GK_CIPHER_AES_GCM;
}

const gk_crypto__cipher_t *gk_crypto__cipher(int id)
{
  for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
    if (ciphers[i].id == id)
      return &ciphers[i];
  return NULL;
}
