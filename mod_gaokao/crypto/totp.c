/* crypto/totp.c: RFC 6238 with what every authenticator app knows: SHA-1, 6 digits, 30 s. */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/internal.h"

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
enum { SECRET_BYTES = 20, SECRET_TEXT = 32, STEP_SECONDS = 30 };

const char *gk_totp_secret(apr_pool_t *pool)
{
  unsigned char bytes[SECRET_BYTES];
  char *text = apr_palloc(pool, SECRET_TEXT + 1);
  gk_crypto__ready();
  randombytes_buf(bytes, sizeof(bytes));
  /* 20 bytes are exactly 32 symbols: four groups of 40 bits. */
  for (int group = 0; group < 4; group++) {
    apr_uint64_t bits = 0;
    for (int i = 0; i < 5; i++)
      bits = bits << 8 | bytes[group * 5 + i];
    for (int i = 0; i < 8; i++)
      text[group * 8 + i] = base32[(bits >> (35 - 5 * i)) & 31];
  }
  text[SECRET_TEXT] = '\0';
  sodium_memzero(bytes, sizeof(bytes));
  return text;
}

static bool decode(unsigned char *bytes, const char *text)
{
  if (text == NULL || strlen(text) != SECRET_TEXT)
    return false;
  for (int group = 0; group < 4; group++) {
    apr_uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
      const char *at = memchr(base32, text[group * 8 + i], sizeof(base32) - 1);
      if (at == NULL)
        return false;
      bits = bits << 5 | (apr_uint64_t)(at - base32);
    }
    for (int i = 0; i < 5; i++)
      bytes[group * 5 + i] = (unsigned char)(bits >> (32 - 8 * i));
  }
  return true;
}

static void code_of_step(char *code, const unsigned char *secret, apr_int64_t step)
{
  unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  gk_crypto__put64(counter, (apr_uint64_t)step);
  if (HMAC(EVP_sha1(), secret, SECRET_BYTES, counter, sizeof(counter), mac, &length) == NULL || length != 20)
    abort();
  int offset = mac[19] & 15;
  unsigned value = (unsigned)(mac[offset] & 127) << 24 | (unsigned)mac[offset + 1] << 16 |
                   (unsigned)mac[offset + 2] << 8 | mac[offset + 3];
  apr_snprintf(code, 7, "%06u", value % 1000000);
}

const char *gk_totp_code(const char *secret_base32, apr_time_t now, apr_pool_t *pool)
{
  unsigned char secret[SECRET_BYTES];
  if (!decode(secret, secret_base32))
    return NULL;
  char *code = apr_palloc(pool, 7);
  code_of_step(code, secret, now / GK_SECOND / STEP_SECONDS);
  return code;
}

bool gk_totp_matches(const char *secret_base32, const char *code, apr_time_t now, apr_int64_t *step)
{
  unsigned char secret[SECRET_BYTES];
  apr_int64_t current = now / GK_SECOND / STEP_SECONDS, matched = 0;
  char wanted[7];
  if (!decode(secret, secret_base32) || code == NULL || strlen(code) != 6)
    return false;
  /* The newest match counts: an older step would let the same code pass twice. */
  for (apr_int64_t i = current - 1; i <= current + 1; i++) {
    code_of_step(wanted, secret, i);
    if (sodium_memcmp(wanted, code, 6) == 0)
      matched = i;
  }
  sodium_memzero(secret, sizeof(secret));
  if (matched == 0)
    return false;
  *step = matched;
  return true;
}
