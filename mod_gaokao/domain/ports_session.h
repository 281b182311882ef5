/* domain/ports_session.h: what domain/session.c needs from store/session_store.c. */
#ifndef GK_DOMAIN_PORTS_SESSION_H
#define GK_DOMAIN_PORTS_SESSION_H

#include "domain/session.h"

/* An account as signing in sees it: id, login, role, org and candidate, names, generations of `account` are
 * set. */
typedef struct gk_credential_t {
  gk_account_t account;
  const char *password;          /* Argon2id string, or NULL: the slip is alive */
  gk_blob_t totp;                /* domain/totp.h */
  apr_int64_t totp_step;         /* of the last code accepted; -1: nothing confirmed yet */
  apr_int64_t failures;
  apr_time_t blocked_until;
  bool open;                     /* the unit and all above it are enabled */
  const char *browser; /* digest of a browser that signed in before: failures and blocked_until are its own;
                        * NULL: a stranger */
} gk_credential_t;

gk_error_t *gk_session_store_credential(bool *found, gk_credential_t *out, gk_act_t *act, const char *realm,
                                        apr_int64_t season_id, const char *login);
/* The actor's own, unless its generation changed meanwhile. */
gk_error_t *gk_session_store_own(bool *found, gk_credential_t *out, gk_act_t *act);
/* `own_password` and `totp` of `account` are set beside the names. */
gk_error_t *gk_session_store_resume(bool *found, gk_account_t *out, gk_act_t *act, const char *realm,
                                    const gk_session_t *session);

/* rehash: a new hash of the same password, or NULL; totp_step 0: no code was used. *changed false: blocked or
 * used meanwhile. */
gk_error_t *gk_session_store_signed_in(bool *changed, gk_act_t *act, const gk_credential_t *credential,
                                       const char *rehash, apr_int64_t totp_step);
/* Counts at the browser's row when credential->browser is set, else at the account's. */
gk_error_t *gk_session_store_failed(gk_act_t *act, const gk_credential_t *credential);
/* Replaces the account's counts by the browser's and sets credential->browser when it is known. */
gk_error_t *gk_session_store_browser(gk_credential_t *credential, gk_act_t *act, const char *browser);
gk_error_t *gk_session_store_browser_seen(gk_act_t *act, apr_int64_t account_id, const char *browser);
gk_error_t *gk_session_store_miss(apr_int64_t *failures, apr_time_t *blocked_until, gk_act_t *act,
                                  apr_int64_t bucket);
gk_error_t *gk_session_store_missed(gk_act_t *act, apr_int64_t bucket);

gk_error_t *gk_session_store_end(gk_act_t *act, const char *session_id, apr_time_t expires);
gk_error_t *gk_session_store_end_all(gk_act_t *act);
/* *changed false: the generation changed meanwhile. */
gk_error_t *gk_session_store_set_password(bool *changed, gk_act_t *act, const char *hash);
gk_error_t *gk_session_store_set_pending(bool *changed, gk_act_t *act, gk_blob_t totp);
gk_error_t *gk_session_store_set_totp(bool *changed, gk_act_t *act, gk_blob_t totp, apr_int64_t step);

/* *any: the account has known browsers; *told: up to when this one was told of new ones. */
gk_error_t *gk_session_store_browsers(bool *any, apr_time_t *told, gk_act_t *act, apr_int64_t account_id,
                                      const char *browser);
typedef struct gk_session_mark_t {
  const char *browser, *family;  /* digest, "" for none; words */
  bool is_new;
  apr_time_t told;
} gk_session_mark_t;
gk_error_t *gk_session_store_begin(gk_act_t *act, const gk_principal_t *who, const gk_session_mark_t *mark);
/* The actor's session goes on under the id and generation of `next`. */
gk_error_t *gk_session_store_move(gk_act_t *act, const gk_principal_t *next);
/* gk_session_row_t: the actor's sessions of this generation that began after `after`. */
gk_error_t *gk_session_store_list(apr_array_header_t **out, gk_act_t *act, apr_time_t after);
gk_error_t *gk_session_store_news(apr_array_header_t **out, gk_act_t *act, const gk_principal_t *who);
gk_error_t *gk_session_store_confirm(gk_act_t *act);
/* 0: never. */
gk_error_t *gk_session_store_confirmed(apr_time_t *when, gk_act_t *act);
/* *changed false: this code or a later one was used meanwhile. */
gk_error_t *gk_session_store_code_used(bool *changed, gk_act_t *act, apr_int64_t step);
gk_error_t *gk_session_store_dead_slip(gk_act_t *act, apr_int64_t account_id);

/* Digests of the actor's recovery codes; the old ones go. */
gk_error_t *gk_recovery_store_replace(gk_act_t *act, const apr_array_header_t *digests);
gk_error_t *gk_recovery_store_use(bool *used, gk_act_t *act, apr_int64_t account_id, const char *digest);
gk_error_t *gk_recovery_store_left(int *left, gk_act_t *act, apr_int64_t account_id);

#endif
