/* domain/ports_account.h: what domain/account.c needs from store/account_store.c. Statements carry the
 * actor's scope. */
#ifndef GK_DOMAIN_PORTS_ACCOUNT_H
#define GK_DOMAIN_PORTS_ACCOUNT_H

#include "domain/account.h"

gk_error_t *gk_account_store_get(gk_account_t *out, gk_act_t *act, apr_int64_t id);
gk_error_t *gk_account_store_of_candidate(gk_account_t *out, gk_act_t *act, apr_int64_t candidate_id);
/* gk_account_t *. lo, hi: subtree inside the scope; after_path "" for the first page; slips: only accounts
 * whose slip is alive. */
gk_error_t *gk_account_store_list(apr_array_header_t **out, gk_act_t *act, const gk_account_filter_t *filter,
                                  const char *lo, const char *hi, const char *after_path,
                                  const char *after_login, bool slips, int limit);
/* Staff accounts at exactly this unit. */
gk_error_t *gk_account_store_count_at(apr_int64_t *n, gk_act_t *act, const char *org_path);
/* *made false: the login is taken. */
gk_error_t *gk_account_store_insert(bool *made, apr_int64_t *id, gk_act_t *act, const char *login,
                                    gk_role_t role, apr_int64_t org_id, const char *display_name);
gk_error_t *gk_account_store_insert_candidate(bool *made, apr_int64_t *id, gk_act_t *act,
                                              apr_int64_t season_id, const char *login,
                                              apr_int64_t candidate_id, apr_int64_t org_id,
                                              const char *display_name);
/* Writes display_name and enabled of `account`. *changed false: no row of this version in the scope. */
gk_error_t *gk_account_store_update(bool *changed, gk_act_t *act, const gk_account_t *account,
                                    bool end_sessions);
gk_error_t *gk_account_store_sign_out(gk_act_t *act, apr_int64_t id);
gk_error_t *gk_account_store_renew_slip(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                        bool reset_totp);
gk_error_t *gk_account_store_set_password(gk_act_t *act, apr_int64_t id, const char *hash);
gk_error_t *gk_account_store_set_totp(gk_act_t *act, apr_int64_t id, gk_blob_t totp);

#endif
