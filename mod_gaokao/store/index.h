/* store/index.h: what candidate_store.c has to do while index keys change (domain/rotation.h). */
#ifndef GK_STORE_INDEX_H
#define GK_STORE_INDEX_H

#include "domain/candidate.h"

/* While index keys change, the indexes under the newer one stand beside the record: an ID number that is taken on a node
 * which knows the new key as active is taken on those which don't yet, and the other way round. RETRY: it was taken
 * meanwhile; looking again finds where. */
gk_error_t *gk_index_put_next(gk_act_t *act, apr_int64_t id, const gk_candidate_t *c);
/* A withdrawn record's number is free. */
gk_error_t *gk_index_release_next(gk_act_t *act, apr_int64_t id);

#endif
