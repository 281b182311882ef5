/* domain/session.h: signing in, own password, one-time codes, ending sessions (design section 2; faults.md
 * ID-1 to ID-11).
 *
 * Unknown login, wrong password, switched-off account, closed unit and a running delay look alike: same text,
 * same work. Delays count per account: from the fifth failure in a row 1 s, doubling to 15 min; after 100
 * only a new slip helps. A browser that signed in with the account before has a count of its own: strangers
 * who guess delay strangers only (ID-3). Names that nobody has get the same delays, counted in buckets of a
 * keyed digest of the name, so that guessing names can't fill the table. A right sign-in ends the count.
 *
 * A refusal is not an error: the act goes well, the transaction that counts it is committed, and the client
 * is told what *refusal says.
 */
#ifndef GK_DOMAIN_SESSION_H
#define GK_DOMAIN_SESSION_H

#include "domain/account.h"
#include "domain/act.h"

#define GK_STAFF_IDLE_US (30 * APR_TIME_C(60000000))
#define GK_CANDIDATE_IDLE_US (60 * APR_TIME_C(60000000))
#define GK_SESSION_MAX_US (12 * APR_TIME_C(3600000000))
#define GK_FRESH_US (5 * APR_TIME_C(60000000))
/* A cookie older than this is replaced by one that was seen now. */
#define GK_SESSION_REFRESH_US APR_TIME_C(60000000)

/* What signs in: typed texts and the browser's own secret (from its long-lived cookie; NULL: none). */
typedef struct gk_sign_in_t {
  const char *realm, *login, *password;
  const char *totp;              /* NULL: none */
  const char *recovery;          /* a recovery code in its place; NULL: none */
  const char *browser;
  const char *family;            /* "Chrome, Windows": words of a fixed list; NULL: not known */
} gk_sign_in_t;

typedef struct gk_signed_in_t {
  gk_principal_t who;            /* session_id, generation and session_issued set */
  bool must_change_password;     /* the slip's password was used */
  bool password_expired;         /* must_change_password because it is older than password_days */
  bool must_enrol_totp;          /* province, city and the roles of totp_roles work with one-time codes only */
  bool totp;                     /* one-time codes are on */
  const apr_array_header_t *recovery_codes; /* const char *: made just now, never shown again; NULL: none */
  const char *org_code, *org_name;
} gk_signed_in_t;

/* Signs in. *refusal: SIGN_IN_FAILED, TOTP_NEEDED, or NULL. Errors: BUSY, NO_SEASON (candidates), faults of
 * the store. */
gk_error_t *gk_session_sign_in(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                               const gk_sign_in_t *typed);

/* What an opened cookie's session is worth at act->now: *valid false when it was ended, is too old, or
 * account, unit, season or generation no longer fit. One statement. */
gk_error_t *gk_session_resume(gk_signed_in_t *out, bool *valid, gk_act_t *act, const char *realm,
                              const gk_session_t *session);

/* Ends this session, or all of the account (its generation goes up). */
gk_error_t *gk_session_end(gk_act_t *act);
gk_error_t *gk_session_end_all(gk_act_t *act);

/* One's sessions that may be open, newest first. An id is a number of its own: the session's stays in its cookie. */
typedef struct gk_session_row_t {
  apr_int64_t id;
  const char *session_id;
  const char *family;
  bool is_new;                   /* the browser was not seen before with this account */
  apr_time_t begun;
} gk_session_row_t;
gk_error_t *gk_session_list(apr_array_header_t **sessions, gk_act_t *act);
gk_error_t *gk_session_end_one(gk_act_t *act, apr_int64_t id);

/* What the owner should hear: sign-ins from new browsers since this browser signed in last (gk_session_row_t), and how
 * many recovery codes are left (-1: no one-time codes). */
gk_error_t *gk_session_news(apr_array_header_t **news, int *recovery_left, gk_act_t *act, const gk_signed_in_t *in);

/* REAUTH_NEEDED unless the person proved within GK_FRESH_US who they are: by signing in, or by gk_session_confirm in
 * this very session. For acts that nobody at an open screen may do. */
gk_error_t *gk_session_fresh(gk_act_t *act);
/* Password, or with `code` a one-time code, again. *refusal: INVALID at /password or /totp, counted like a failed
 * sign-in. */
gk_error_t *gk_session_confirm(gk_error_t **refusal, gk_act_t *act, const char *browser, const char *password,
                               const char *code);

/* Sets an own password: *out is the new session (new id and generation); all others of the account end.
 * *refusal: INVALID at /current, counted like a failed sign-in. Errors: INVALID (/new), BUSY. */
gk_error_t *gk_session_change_password(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                                       const char *browser, const char *current, const char *wanted);

/* One-time codes, two steps. `code` NULL: *secret and *uri are a fresh secret to be confirmed; an account
 * that has codes already needs `password` for that (*refusal: INVALID at /password). With a code the pending
 * secret becomes valid, *out is the new session and holds new recovery codes. Without codes it needs a fresh proof
 * (gk_session_fresh). Errors: INVALID (/code), REAUTH_NEEDED. */
gk_error_t *gk_session_enrol(gk_signed_in_t *out, const char **secret, const char **uri, gk_error_t **refusal,
                             gk_act_t *act, const char *browser, const char *code, const char *password);

/* Ten new recovery codes in place of the old. Errors: WRONG_STATE without one-time codes. */
#define GK_RECOVERY_CODES 10
gk_error_t *gk_session_new_recovery(const apr_array_header_t **codes, gk_act_t *act);

/* The rules for own passwords: staff at least 15 characters, or 8 with one-time codes; candidates 8; at most
 * 128; no rules of composition; none of the common ones, none made of the own login, name, unit or of `facts`
 * (const char *: birth date, ID number, school; NULL: none are known). Counted and compared in normal form C. Faults
 * to *error at `pointer`. (domain/password.c) */
void gk_session_check_password(gk_error_t **error, const char *pointer, const gk_account_t *account,
                               bool totp, const apr_array_header_t *facts, const char *password, apr_pool_t *pool);

#endif
