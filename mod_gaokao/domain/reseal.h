/* domain/reseal.h: stored values written again, batch by batch, so that all lie under the active data key: when another key
 * became active, and when an instance still holds plain text from before encryption. Audit rows are never written again:
 * seals cover them as they are, and only their record's key is wrapped anew. (store/reseal_store.c) */
#ifndef GK_DOMAIN_RESEAL_H
#define GK_DOMAIN_RESEAL_H

#include "domain/act.h"

/* Where values lie. The first four lie under the data key itself, the others only when they are plain. */
typedef enum gk_reseal_place_t {
  GK_RESEAL_RECORD_KEY = 0,
  GK_RESEAL_TOTP,
  GK_RESEAL_ANSWER,
  GK_RESEAL_OPTION,
  GK_RESEAL_CANDIDATE,
  GK_RESEAL_PART,
  GK_RESEAL_PROOF,
  GK_RESEAL_READING,
  GK_RESEAL_PLACES
} gk_reseal_place_t;
/* "record_key", "account.totp", ... for checkpoints and messages. */
const char *gk_reseal_name(gk_reseal_place_t place);

/* Writes the next rows behind *after again, in the act's transaction, which must run, and moves *after (0 at the start; kept
 * as a checkpoint it goes on there). About `limit` rows a call; *rows 0: nothing is left in this place. A row that was
 * changed meanwhile is left as it is: who changed it sealed it under the key active then. So begin again from 0 once every
 * node knows the new key, and count. */
gk_error_t *gk_store_reseal(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, gk_reseal_place_t place, int limit);

/* Values that need this data key to be read; "" counts plain text in all places. */
gk_error_t *gk_store_reseal_uses(apr_int64_t *count, gk_db_t *db, const char *key_id, apr_pool_t *pool);

#endif
