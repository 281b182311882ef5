/* domain/ports_key.h: what the keyring needs from the store (store/key_store.c). */
#ifndef GK_DOMAIN_PORTS_KEY_H
#define GK_DOMAIN_PORTS_KEY_H

#include "domain/act.h"

typedef struct gk_key_row_t {
  const char *id, *purpose, *check;
  bool needed;
  apr_time_t created, gone;
} gk_key_row_t;

/* gk_key_row_t: all keys the database ever knew. */
gk_error_t *gk_store_keys(apr_array_header_t **out, gk_db_t *db, apr_pool_t *pool);
/* These four stand in a transaction of the caller's. */
gk_error_t *gk_store_key_add(gk_db_t *db, const gk_key_info_t *key, bool needed, apr_time_t now, apr_pool_t *pool);
gk_error_t *gk_store_key_needed(gk_db_t *db, const char *key_id, apr_pool_t *pool);
gk_error_t *gk_store_key_gone(gk_db_t *db, const char *key_id, apr_time_t now, apr_pool_t *pool);
gk_error_t *gk_store_key_node_seen(gk_db_t *db, const char *node, const char *keys, apr_time_t now, apr_pool_t *pool);

typedef struct gk_key_node_t {
  const char *node;
  const char *keys;   /* "data1:active data2:new ..." */
  apr_time_t seen;
} gk_key_node_t;
gk_error_t *gk_store_key_nodes(apr_array_header_t **out, gk_db_t *db, apr_time_t since, apr_pool_t *pool);

/* How far a pass has come under a key, by place. Rows that were never put are at the start. */
typedef struct gk_key_progress_t {
  apr_int64_t after, rewritten;
  bool done;
} gk_key_progress_t;
gk_error_t *gk_store_key_progress(gk_key_progress_t *out, gk_db_t *db, const char *key_id, const char *place,
                                  apr_pool_t *pool);
gk_error_t *gk_store_key_progress_put(gk_db_t *db, const char *key_id, const char *place, const gk_key_progress_t *at,
                                      apr_time_t now, apr_pool_t *pool);
/* The next pass begins anew; what was rewritten stays counted. */
gk_error_t *gk_store_key_progress_clear(gk_db_t *db, const char *key_id, apr_pool_t *pool);

/* The indexes of candidates (store/index_store.c); see domain/rotation.h. */
gk_error_t *gk_store_index_fill(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int limit);
gk_error_t *gk_store_index_former(apr_int64_t *rows, gk_act_t *act);
gk_error_t *gk_store_index_move(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int limit);
gk_error_t *gk_store_index_uses(apr_int64_t *count, gk_db_t *db, const char *newer, apr_pool_t *pool);
gk_error_t *gk_store_index_missing(apr_int64_t *count, gk_db_t *db, const char *newer, apr_pool_t *pool);
gk_error_t *gk_store_index_clear(gk_db_t *db, apr_pool_t *pool);

#endif
