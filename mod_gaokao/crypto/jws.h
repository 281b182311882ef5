/* crypto/jws.h: a signed thing of a device: JWS in flattened JSON form (RFC 7515, RFC 8037), one algorithm, one form.
 *
 * The order is: take apart (no JSON of the header is looked at), verify under a key that the device's row names, and only then
 * read the header. Whatever the header says of algorithms is compared with "EdDSA" and believed in nothing.
 */
#ifndef GK_CRYPTO_JWS_H
#define GK_CRYPTO_JWS_H

#include "base/json.h"
#include "crypto/crypto.h"

typedef struct gk_jws_t {
  const char *signed_text;          /* protected "." payload: what the signature covers */
  apr_size_t signed_length;
  const char *header_text;          /* the protected header, decoded */
  apr_size_t header_length;
  const unsigned char *payload;     /* decoded */
  apr_size_t payload_length;
  unsigned char signature[GK_SIGNATURE_BYTES];
  /* After gk_jws_header(): */
  const char *digest;               /* SHA-256 of jti, iat and payload as hex: what makes two of them the same */
  const char *typ, *kid, *aud, *jti;
  const char *skid;                 /* of the key the payload is sealed to; NULL: not sealed */
  apr_int64_t iat, seq;             /* seq 0: none */
} gk_jws_t;

/* Takes a JSON object {protected, payload, signature} apart. False for anything else: other members, base64url that is not
 * canonical, a signature of another length. */
bool gk_jws_read(gk_jws_t *out, gk_json_t *json, apr_pool_t *pool);
bool gk_jws_verify(const gk_jws_t *jws, const unsigned char *public);
/* Reads the header of a thing that was verified. `typ`: what it must be ("gk-reading+1"). NULL, or what is wrong, in one word:
 * header, alg, typ, kid, aud, iat, jti, seq, skid. Members not of the agreement are refused: who signs them means something by
 * them. */
const char *gk_jws_header(gk_jws_t *jws, const char *typ, apr_pool_t *pool);

#endif
