/* Posts from strangers: whatever the JSON, a JWS is taken apart in one form only, and no header is believed that says more. */
#include "fuzz/gk_fuzz.h"

#include "crypto/jws.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static const unsigned char public[GK_PUBLIC_BYTES] = {0x03, 0xa1, 0x07, 0xbf};
  gk_json_t *json;
  gk_jws_t jws;
  apr_size_t back;
  const unsigned char *bytes = gk_unbase64url(text, &back, pool);
  if (bytes != NULL) /* one way of writing it */
    GK_FUZZ_HOLDS(strcmp(gk_base64url(pool, bytes, back), text) == 0);
  jws = (gk_jws_t){.header_text = text, .header_length = length, .payload = (const unsigned char *)"", .payload_length = 0};
  if (gk_jws_header(&jws, "gk-reading+1", pool) == NULL)
    GK_FUZZ_HOLDS(strlen(jws.jti) == 32 && jws.iat >= 0 && jws.seq >= 0 && strlen(jws.kid) <= 20);
  if (gk_json_parse(&json, text, length, pool) != NULL || !gk_jws_read(&jws, json, pool))
    return;
  GK_FUZZ_HOLDS(jws.header_length > 0 && jws.signed_length == strlen(jws.signed_text));
  gk_jws_verify(&jws, public);
  if (gk_jws_header(&jws, "gk-reading+1", pool) == NULL)
    GK_FUZZ_HOLDS(strlen(jws.digest) == 64);
}
