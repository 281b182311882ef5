/* domain/client.h: what an export client proves itself with beside its password (faults.md, "Export client").
 *
 * Certificate: where an account has one, each of its requests with a session must come over a connection that shows just this
 * certificate; whose it is says mod_ssl, which has checked chain, dates and revocation before.
 *
 * Request token, for tools that can show none: "Authorization: GK-Token PROTECTED.PAYLOAD.SIGNATURE", a compact JWS by the
 * account's Ed25519 key. Protected: {alg: EdDSA, typ: gk-request+1, kid: number of the account, aud: "gk:request:YEAR", iat,
 * jti}; payload: {"method", "path"} of just this request, the path as it is sent, with its query. It is good for GK_TOKEN_US
 * after iat, once, and in place of a session: no cookie, no CSRF token. It is good for what gk_access_by_token names only: whoever
 * holds one can't make a session, a password, a one-time code or another proof of it.
 */
#ifndef GK_DOMAIN_CLIENT_H
#define GK_DOMAIN_CLIENT_H

#include "domain/session.h"

#define GK_TOKEN_US (5 * 60 * APR_USEC_PER_SEC)
#define GK_TOKEN_AHEAD_US (60 * APR_USEC_PER_SEC) /* a client's clock may be this much ahead */

/* Who sends this token with this request. Notes its jti in a transaction of its own. Errors: NOT_SIGNED_IN, which says why. */
gk_error_t *gk_client_token(gk_signed_in_t *out, gk_act_t *act, const char *token, const char *method, const char *target);
/* FORBIDDEN unless the account has no certificate, or `shown` (SHA-256 as hex; NULL: none was) is it. */
gk_error_t *gk_client_certificate(gk_act_t *act, apr_int64_t account_id, const char *shown);

/* ---- what it needs of the store (store/client_store.c) --------------------------------------------------- */

typedef struct gk_client_t {
  const char *certificate, *public_key; /* "" for none */
} gk_client_t;
gk_error_t *gk_client_store_get(bool *found, gk_client_t *out, gk_act_t *act, apr_int64_t account_id);
gk_error_t *gk_client_store_account(bool *found, gk_account_t *account, gk_client_t *client, apr_int64_t *generation, gk_act_t *act,
                                    apr_int64_t account_id);
/* *fresh false: it was here before. */
gk_error_t *gk_client_store_token(bool *fresh, gk_act_t *act, apr_int64_t account_id, const char *jti, apr_time_t until);
/* NULL stays as it is. */
gk_error_t *gk_client_store_put(gk_act_t *act, apr_int64_t account_id, const gk_client_t *client);

#endif
