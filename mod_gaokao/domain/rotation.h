/* domain/rotation.h: what lies under which key, and writing it again under the newer one, batch by batch with a checkpoint in
 * the database, beside people who work. Whoever is killed goes on where the last batch ended.
 *
 * data: sealed again under the active key (domain/reseal.h). index: while one key is new, its indexes are made beside the
 * records (candidate_next), unique like the others; once it is active they are moved into the records. Every search asks for
 * both indexes meanwhile, so a duplicate is found whichever node wrote which. */
#ifndef GK_DOMAIN_ROTATION_H
#define GK_DOMAIN_ROTATION_H

#include "domain/act.h"

/* How many rows need the key; -1 where nobody can count them (cookies, printed slips, the active index). "" as `key_id` counts
 * what is plain text from before encryption. */
gk_error_t *gk_rotation_uses(apr_int64_t *count, gk_core_t *core, gk_db_t *db, const char *purpose, const char *key_id,
                             apr_pool_t *pool);

/* The next batch (about `limit` rows) of one pass, with its checkpoint, in the act's transaction, which the caller commits.
 * *done: the pass is over; the next call begins another. What was written meanwhile by nodes that had not read the key file is
 * found by another pass, so count after it. Nothing to do for purposes other than data and index. */
gk_error_t *gk_rotation_batch(bool *done, apr_int64_t *rows, gk_act_t *act, const char *purpose, int limit);

/* Rows that lack their index under the new key: it may be made active when there are none. */
gk_error_t *gk_rotation_missing(apr_int64_t *count, gk_db_t *db, const char *index_key, apr_pool_t *pool);
/* Empties what only a change of index keys needs, before and after one. */
gk_error_t *gk_rotation_clear(gk_db_t *db, apr_pool_t *pool);

#endif
