/* domain/session.h: signing in, own password, one-time codes, ending sessions (design section 2; faults.md ID-1 to ID-11).
 *
 * Unknown login, wrong password, switched-off account, closed unit and a running delay look alike: same text, same
 * work. Delays count per account: from the fifth failure in a row 1 s, doubling to 15 min. Names that nobody has get the
 * same delays (counted in buckets of a keyed digest of the name, so that guessing names can't fill the table).
 */
#ifndef GK_DOMAIN_SESSION_H
#define GK_DOMAIN_SESSION_H

#include "domain/account.h"
#include "domain/act.h"

/* One account as sessions see it. */
typedef struct gk_credential_t {
  gk_account_t account;
  const char *password;          /* Argon2id string or NULL */
  gk_blob_t totp;                /* see session.c; empty: none */
  apr_int64_t totp_step;         /* of the last code accepted */
  apr_int64_t failures;
  apr_time_t blocked_until;
  bool open;                     /* the unit and all above it are enabled */
  bool ended;                    /* the session asked for was ended */
} gk_credential_t;

typedef struct gk_signed_in_t {
  gk_principal_t who;            /* session_id, generation and session_issued set */
  bool must_change_password, must_enrol_totp;
  const char *org_code, *org_name;
} gk_signed_in_t;

/* Signs in. On refusal *refusal is what to tell (SIGN_IN_FAILED, TOTP_NEEDED) and the act's transaction, if it runs, holds the
 * count of failures and has to be committed all the same. Errors: BUSY, NO_SEASON (candidates), faults of the store. */
gk_error_t *gk_session_sign_in(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act, const char *realm,
                               const char *login, const char *password, const char *totp);

/* What an opened cookie's session is worth at act->now: *valid false when it was ended, is too old, or account, unit or
 * generation no longer fit. One statement. */
gk_error_t *gk_session_resume(gk_signed_in_t *out, bool *valid, gk_act_t *act, const char *realm,
                              const gk_session_t *session);

/* Ends this session, or all of the account (its generation goes up). */
gk_error_t *gk_session_end(gk_act_t *act);
gk_error_t *gk_session_end_all(gk_act_t *act);

/* Sets an own password: *out is the new session (new id and generation); all others of the account end.
 * Errors: INVALID (/current, /new), BUSY. */
gk_error_t *gk_session_change_password(gk_signed_in_t *out, gk_act_t *act, const char *current, const char *wanted);

/* One-time codes, two steps. `code` NULL: *secret and *uri are a fresh secret to be confirmed. With a code the pending
 * secret becomes valid and *out is the new session. An account that has them needs `password` to start again.
 * Errors: INVALID (/code, /password). */
gk_error_t *gk_session_enrol(gk_signed_in_t *out, const char **secret, const char **uri, gk_act_t *act,
                             const char *code, const char *password);

/* The rules for own passwords: staff at least 15 characters, or 8 with one-time codes; candidates 8; at most 128; none of the
 * common ones, none made of the own login, name or number. Faults to *error at `pointer`. */
void gk_session_check_password(gk_error_t **error, const char *pointer, const gk_account_t *account, bool totp,
                               const char *password, apr_pool_t *pool);

#define GK_STAFF_IDLE_US (30 * APR_USEC_PER_SEC * 60)
#define GK_CANDIDATE_IDLE_US (60 * APR_USEC_PER_SEC * 60)
#define GK_SESSION_MAX_US (12 * APR_USEC_PER_SEC * 3600)

#endif
