/* domain/rotation.h: what lies under which key, and writing it again under the active one. */
#ifndef GK_DOMAIN_ROTATION_H
#define GK_DOMAIN_ROTATION_H

#include "domain/act.h"

/* How many rows need the key; -1 where nobody can count them (cookies and printed slips). "" as `key_id` counts what is
 * plain text from before encryption. */
gk_error_t *gk_rotation_uses(apr_int64_t *count, gk_db_t *db, const char *purpose, const char *key_id, apr_pool_t *pool);

#endif
