/* ctl/accounts.h: making accounts without httpd (gaokaoctl account create, demo). */
#ifndef GK_CTL_ACCOUNTS_H
#define GK_CTL_ACCOUNTS_H

#include "ctl/ctl.h"
#include "domain/account.h"

/* Makes a staff account, in the act's transaction. password NULL: the initial password of its slip counts. totp_secret
 * (base32) NULL: no one-time codes. Errors: those of gk_account_create and gk_account_set_password. */
gk_error_t *gk_ctl__account_make(gk_ctl_t *ctl, const gk_account_input_t *input, const char *password,
                                 const char *totp_secret, gk_account_t **out);
/* The byte range of a unit's subtree; code NULL: everything. Errors: NOT_FOUND. */
gk_error_t *gk_ctl__scope(gk_ctl_t *ctl, const char *code, const char **lo, const char **hi);

#endif
