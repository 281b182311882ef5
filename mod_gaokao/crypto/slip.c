/* crypto/slip.c: what people keep on paper: initial passwords, derived and never stored, and recovery codes. */
#include <string.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/internal.h"

/* Without i, l, o, 0 and 1, which people mistake for each other on paper. 31 symbols: 49 bits in 10
 * characters. */
static const char alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz";
enum { SYMBOLS = sizeof(alphabet) - 1, LENGTH = 10, RECOVERY = 16 };

static void derive(char *out, const gk_crypto__key_t *key, apr_int64_t account_id, apr_int64_t generation)
{
  unsigned char message[24], stream[32];
  int length = 0;
  gk_crypto__put64(message, (apr_uint64_t)account_id);
  gk_crypto__put64(message + 8, (apr_uint64_t)generation);
  /* Five bits a symbol; the one value too many is thrown away, so that all symbols are equally likely. */
  for (apr_uint64_t block = 0; length < LENGTH; block++) {
    gk_crypto__put64(message + 16, block);
    gk_crypto__hmac(stream, key, "slip", message, sizeof(message));
    for (size_t i = 0; i < sizeof(stream) && length < LENGTH; i++)
      if ((stream[i] & 31) < SYMBOLS)
        out[length++] = alphabet[stream[i] & 31];
  }
  out[LENGTH] = '\0';
  sodium_memzero(stream, sizeof(stream));
}

const char *gk_slip_password(const gk_keys_t *keys, apr_int64_t account_id, apr_int64_t generation,
                             apr_pool_t *pool)
{
  char *password = apr_palloc(pool, LENGTH + 1);
  derive(password, keys->active[GK_KEY_SLIP], account_id, generation);
  return password;
}

/* What people type from paper: spaces, dashes and capitals don't matter. False unless it has `wanted`
 * symbols of the alphabet. */
static bool normal(char *out, const char *typed, int wanted)
{
  int length = 0;
  for (; *typed != '\0'; typed++) {
    char c = *typed;
    if (c == ' ' || c == '-')
      continue;
    if (c >= 'A' && c <= 'Z')
      c = (char)(c - 'A' + 'a');
    if (length == wanted || memchr(alphabet, c, SYMBOLS) == NULL)
      return false;
    out[length++] = c;
  }
  out[length] = '\0';
  return length == wanted;
}

bool gk_slip_matches(const gk_keys_t *keys, apr_int64_t account_id, apr_int64_t generation, const char *typed)
{
  char given[LENGTH + 1], wanted[LENGTH + 1];
  bool same = false;
  if (typed == NULL || !normal(given, typed, LENGTH))
    return false;
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    if (!gk_crypto__usable(key, GK_KEY_SLIP))
      continue;
    derive(wanted, key, account_id, generation);
    same = sodium_memcmp(given, wanted, LENGTH) == 0 || same;
  }
  sodium_memzero(given, sizeof(given));
  sodium_memzero(wanted, sizeof(wanted));
  return same;
}

const char *gk_recovery_code(apr_pool_t *pool)
{
  char *code = apr_palloc(pool, RECOVERY + RECOVERY / 4), *end = code;
  gk_crypto__ready();
  for (int i = 0; i < RECOVERY; i++) {
    if (i > 0 && i % 4 == 0)
      *end++ = '-';
    *end++ = alphabet[randombytes_uniform(SYMBOLS)];
  }
  *end = '\0';
  return code;
}

const char *gk_recovery_digest(apr_int64_t account_id, const char *typed, apr_pool_t *pool)
{
  char code[RECOVERY + 1];
  const char *text = normal(code, typed, RECOVERY) ? code : "";
  text = apr_psprintf(pool, "recovery %" APR_INT64_T_FMT " %s", account_id, text);
  return gk_sha256_hex(pool, text, strlen(text));
}
