/* crypto/jws.c: see jws.h. */
#include "crypto/jws.h"

#include <string.h>
#include <apr_strings.h>

bool gk_jws_read(gk_jws_t *out, gk_json_t *json, apr_pool_t *pool)
{
  gk_jws_t jws = {.signed_text = NULL};
  apr_size_t length;
  const char *protected = gk_json_str(json, "protected"), *payload = gk_json_str(json, "payload");
  const char *signature = gk_json_str(json, "signature");
  if (!gk_json_is_object(json) || gk_json_size(json) != 3 || protected == NULL || payload == NULL || signature == NULL)
    return false;
  unsigned char *bytes = gk_unbase64url(signature, &length, pool);
  if (bytes == NULL || length != GK_SIGNATURE_BYTES)
    return false;
  memcpy(jws.signature, bytes, GK_SIGNATURE_BYTES);
  jws.header_text = (const char *)gk_unbase64url(protected, &jws.header_length, pool);
  jws.payload = gk_unbase64url(payload, &jws.payload_length, pool);
  if (jws.header_text == NULL || jws.payload == NULL || jws.header_length == 0)
    return false;
  jws.signed_text = apr_pstrcat(pool, protected, ".", payload, NULL);
  jws.signed_length = strlen(jws.signed_text);
  *out = jws;
  return true;
}

bool gk_jws_verify(const gk_jws_t *jws, const unsigned char *public)
{
  return gk_verify_with(public, jws->signature, jws->signed_text, jws->signed_length);
}

static bool token(const char *text, apr_size_t min, apr_size_t max, const char *characters)
{
  apr_size_t length = text != NULL ? strlen(text) : 0;
  return length >= min && length <= max && strspn(text, characters) == length;
}

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:.+"

const char *gk_jws_header(gk_jws_t *jws, const char *typ, apr_pool_t *pool)
{
  static const char *const members[] = {"alg", "typ", "kid", "aud", "iat", "jti", "seq", "skid"};
  gk_json_t *header;
  if (gk_json_parse(&header, jws->header_text, jws->header_length, pool) != NULL || !gk_json_is_object(header))
    return "header";
  for (gk_json_iter_t it = gk_json_first(header); it.key != NULL; gk_json_next(&it)) {
    bool known = false;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
      known = known || strcmp(it.key, members[i]) == 0;
    if (!known)
      return "header";
  }
  const char *alg = gk_json_str(header, "alg");
  if (alg == NULL || strcmp(alg, "EdDSA") != 0)
    return "alg";
  jws->typ = gk_json_str(header, "typ");
  jws->kid = gk_json_str(header, "kid");
  jws->aud = gk_json_str(header, "aud");
  jws->jti = gk_json_str(header, "jti");
  jws->skid = gk_json_str(header, "skid");
  jws->iat = gk_json_int(header, "iat");
  jws->seq = gk_json_int(header, "seq");
  if (jws->typ == NULL || strcmp(jws->typ, typ) != 0)
    return "typ";
  if (!token(jws->kid, 1, 20, "0123456789"))
    return "kid";
  if (!token(jws->aud, 1, 100, WORD))
    return "aud";
  if (!gk_json_is_int(gk_json_get(header, "iat")) || jws->iat < 0 || jws->iat > APR_INT64_C(253402300799))
    return "iat";
  if (!token(jws->jti, 32, 32, "0123456789abcdef"))
    return "jti";
  bool numbered = !gk_json_is_null(gk_json_get(header, "seq"));
  if (numbered && (!gk_json_is_int(gk_json_get(header, "seq")) || jws->seq < 1 || jws->seq > APR_INT64_C(1) << 53))
    return "seq";
  if (!gk_json_is_null(gk_json_get(header, "skid")) && !token(jws->skid, 1, 64, WORD))
    return "skid";
  const char *said = apr_psprintf(pool, "%s %" APR_INT64_T_FMT " ", jws->jti, jws->iat);
  gk_sha256_t *digest = gk_sha256_start(pool);
  gk_sha256_add(digest, said, strlen(said));
  gk_sha256_add(digest, jws->payload, jws->payload_length);
  jws->digest = gk_sha256_end(digest, pool);
  return NULL;
}
