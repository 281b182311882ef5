/* domain/keyring.h: the keys a process works with, against what the database knows of them. The file may be replaced under
 * running processes: they read it again, compare it, and go on with what they have when the new one is not right. */
#ifndef GK_DOMAIN_KEYRING_H
#define GK_DOMAIN_KEYRING_H

#include "domain/core.h"

/* CONFIG naming the key when `keys` is not the file this database was written with: a key missing, another under its name,
 * one of an older file that is gone, or none registered at all. */
gk_error_t *gk_keyring_compare(gk_db_t *db, const gk_keys_t *keys, const char *path, apr_pool_t *pool);
/* Makes the keys known to a database that knows none, or new ones to one that knows the rest; compares the others.
 * Begins and commits. */
gk_error_t *gk_keyring_register(gk_db_t *db, const gk_keys_t *keys, const char *path, apr_time_t now, apr_pool_t *pool);
/* The database knows keys: then a missing file must come back from its backup, and none may be made. */
gk_error_t *gk_keyring_known(bool *known, gk_db_t *db, apr_pool_t *pool);

/* Reads the file again when it changed (looked at once a second at most) and compares it before its first use. Fails only when
 * there is no file that was right in this process' life. Costs a comparison of times otherwise. */
gk_error_t *gk_keyring_follow(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* Why the file that lies there now is not used; NULL when it is. In `pool`. */
const char *gk_keyring_fault(gk_core_t *core, apr_pool_t *pool);
/* Tells the database what this node works with, when that changed or 20 s have passed. */
gk_error_t *gk_keyring_announce(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* "data1:active data2:new ...": what gk_keyring_announce tells. */
const char *gk_keyring_text(const gk_keys_t *keys, apr_pool_t *pool);

#endif
