/* domain/ports.h: what the domain needs from the store, beyond what each noun's own header declares. store/ defines
 * these at link time; domain/ includes no SQL. */
#ifndef GK_DOMAIN_PORTS_H
#define GK_DOMAIN_PORTS_H

#include "domain/act.h"

/* Inserts one audit row whose exact bytes are `body`. (store/audit_store.c) */
gk_error_t *gk_store_audit_insert(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                                  apr_int64_t object_version, const char *org_path, const char *body);

/* The active season's row; *found false when there is none. `pack` and `rules` are not set. (store/season_store.c) */
gk_error_t *gk_store_season_active(gk_db_t *db, bool *found, gk_season_t *season, apr_pool_t *pool);
/* The pack's XML; checks its digest. */
gk_error_t *gk_store_pack_body(gk_db_t *db, apr_int64_t pack_id, gk_blob_t *body, apr_pool_t *pool);

/* A kept answer of an earlier request with the same key; *found false when there is none.
 * (store/idempotency_store.c) */
typedef struct gk_kept_answer_t {
  const char *request_digest;
  int status;
  const char *etag;
  const char *location;
  const char *body;       /* "" when the answer may not be kept */
} gk_kept_answer_t;
gk_error_t *gk_store_answer_find(gk_act_t *act, const char *key, bool *found, gk_kept_answer_t *answer);
/* Keeps one, in the running transaction; *kept false when another request with this key was first. */
gk_error_t *gk_store_answer_keep(gk_act_t *act, const char *key, const gk_kept_answer_t *answer, bool *kept);

#endif
