/* domain/session_internal.h: shared by session.c and session_own.c. */
#ifndef GK_DOMAIN_SESSION_INTERNAL_H
#define GK_DOMAIN_SESSION_INTERNAL_H

#include "domain/ports_session.h"

/* A session that begins now: a new id at each change of password or rights (faults.md ID-5). */
gk_signed_in_t gk_session__begin(const gk_account_t *account, const gk_act_t *act);

/* What an account may in a session of this id. */
gk_signed_in_t gk_session__of(const gk_act_t *act, const gk_account_t *account, const char *session_id, apr_time_t issued);

/* Nobody gets in now, whatever is typed. A stranger's hundredth failure in a row needs a new slip (NIST SP
 * 800-63B); a known browser only ever waits. */
bool gk_session__blocked(const gk_credential_t *credential, apr_time_t now);
gk_error_t *gk_session__count_failure(gk_act_t *act, const gk_credential_t *credential);
gk_error_t *gk_session__recognise(gk_credential_t *credential, gk_act_t *act, const char *browser);

/* The act's connection is given back while they hash. dummy: the work of a verify. */
gk_error_t *gk_session__dummy(gk_act_t *act, const char *password);
gk_error_t *gk_session__hash(const char **hash, gk_act_t *act, const char *password);
/* Right slips cost no hash; all else costs one. *rehash: a hash by today's parameters when the stored one is
 * older. */
gk_error_t *gk_session__check_secret(bool *right, const char **rehash, gk_act_t *act,
                                     const gk_credential_t *credential, const char *password);

#endif
