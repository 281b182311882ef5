/* store/key_store.c: check values of keys, and which node has read which (domain/ports_key.h). */
#include "domain/ports_key.h"
#include "store/sql.h"

gk_error_t *gk_store_keys(apr_array_header_t **out, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows, *keys;
  GK_TRY(gk_db_list(db, GK_CALL(key_check_list), &rows, pool));
  keys = apr_array_make(pool, rows->nelts + 1, sizeof(gk_key_row_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_key_check_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_key_check_list_t);
    APR_ARRAY_PUSH(keys, gk_key_row_t) = (gk_key_row_t){row->key_id,      row->purpose,    row->check_value,
                                                        row->needed != 0, row->created_us, row->gone_us};
  }
  *out = keys;
  return NULL;
}

gk_error_t *gk_store_key_add(gk_db_t *db, const gk_key_info_t *key, bool needed, apr_time_t now, apr_pool_t *pool)
{
  return gk_db_exec(db,
                    GK_CALL(key_check_add, .key_id = key->id, .purpose = key->purpose, .check_value = key->check,
                            .needed = needed, .now_us = now),
                    NULL, pool);
}

gk_error_t *gk_store_key_needed(gk_db_t *db, const char *key_id, apr_pool_t *pool)
{
  return gk_db_exec(db, GK_CALL(key_check_needed, .key_id = key_id), NULL, pool);
}

gk_error_t *gk_store_key_gone(gk_db_t *db, const char *key_id, apr_time_t now, apr_pool_t *pool)
{
  return gk_db_exec(db, GK_CALL(key_check_gone, .key_id = key_id, .now_us = now), NULL, pool);
}

gk_error_t *gk_store_key_node_seen(gk_db_t *db, const char *node, const char *keys, apr_time_t now, apr_pool_t *pool)
{
  return gk_db_exec(db, GK_CALL(key_node_seen, .node = node, .keys_seen = keys, .now_us = now), NULL, pool);
}

gk_error_t *gk_store_key_nodes(apr_array_header_t **out, gk_db_t *db, apr_time_t since, apr_pool_t *pool)
{
  apr_array_header_t *rows, *nodes;
  GK_TRY(gk_db_list(db, GK_CALL(key_node_list, .since_us = since), &rows, pool));
  nodes = apr_array_make(pool, rows->nelts + 1, sizeof(gk_key_node_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_key_node_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_key_node_list_t);
    APR_ARRAY_PUSH(nodes, gk_key_node_t) = (gk_key_node_t){row->node, row->keys_seen, row->seen_us};
  }
  *out = nodes;
  return NULL;
}

gk_error_t *gk_store_key_progress(gk_key_progress_t *out, gk_db_t *db, const char *key_id, const char *place,
                                  apr_pool_t *pool)
{
  gk_row_key_progress_t row;
  bool found;
  GK_TRY(gk_db_find(db, GK_CALL(key_progress, .key_id = key_id, .place = place), &found, &row, pool));
  *out = found ? (gk_key_progress_t){row.last_id > 0 ? row.last_id : 0, row.rewritten, row.last_id < 0}
               : (gk_key_progress_t){0, 0, false};
  return NULL;
}

gk_error_t *gk_store_key_progress_put(gk_db_t *db, const char *key_id, const char *place, const gk_key_progress_t *at,
                                      apr_time_t now, apr_pool_t *pool)
{
  return gk_db_exec(db,
                    GK_CALL(key_progress_put, .key_id = key_id, .place = place, .last_id = at->done ? -1 : at->after,
                            .rewritten = at->rewritten, .now_us = now),
                    NULL, pool);
}

gk_error_t *gk_store_key_progress_clear(gk_db_t *db, const char *key_id, apr_pool_t *pool)
{
  return gk_db_exec(db, GK_CALL(key_progress_clear, .key_id = key_id), NULL, pool);
}
