/* ctl/accounts.h: making accounts without httpd (gaokaoctl account create, demo). */
#ifndef GK_CTL_ACCOUNTS_H
#define GK_CTL_ACCOUNTS_H

#include "ctl/ctl.h"

typedef struct gk_ctl_account_t {
  apr_int64_t id;                /* set by the insert */
  const char *login;
  gk_role_t role;
  apr_int64_t org_id;
  const char *org_path;
  apr_int64_t season_id;         /* 0: staff */
  apr_int64_t candidate_id;      /* 0: staff */
  const char *display_name;
  const char *password_hash;     /* NULL: the initial password of its slip counts */
  const char *totp_secret;       /* base32, or NULL */
  apr_time_t created;
} gk_ctl_account_t;

/* Inserts it in the running transaction. Errors: CONSTRAINT when the login exists. */
gk_error_t *gk_ctl__account_insert(gk_ctl_t *ctl, gk_ctl_account_t *account);
/* Associated data of a sealed one-time-code secret. */
const char *gk_ctl__totp_context(apr_int64_t account_id, apr_pool_t *pool);
/* The byte range of a unit's subtree; NULL: everything. Errors: NOT_FOUND. */
gk_error_t *gk_ctl__scope(gk_ctl_t *ctl, const char *code, const char **lo, const char **hi);

#endif
