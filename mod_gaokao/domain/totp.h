/* domain/totp.h: an account's one-time code secrets as they are stored: the confirmed one and one that waits
 * for its first code, sealed together. */
#ifndef GK_DOMAIN_TOTP_H
#define GK_DOMAIN_TOTP_H

#include "domain/act.h"

typedef struct gk_totp_t {
  const char *active, *pending; /* base32, or NULL */
} gk_totp_t;

/* Blob of account.totp: length of the key id, key id, sealed text "ACTIVE PENDING" with '-' for none. */
gk_error_t *gk_totp_seal(gk_blob_t *out, const gk_act_t *act, apr_int64_t account_id, const gk_totp_t *totp);
/* An empty blob gives two NULLs. */
gk_error_t *gk_totp_unseal(gk_totp_t *out, const gk_act_t *act, apr_int64_t account_id, gk_blob_t blob);

/* What authenticator apps read: otpauth://totp/ISSUER:LOGIN?secret=... */
const char *gk_totp_uri(const char *secret, const char *login, apr_pool_t *pool);

#endif
