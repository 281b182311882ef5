/* store/index_store.c: indexes of candidates under another index key (domain/rotation.h). */
#include <string.h>

#include "domain/candidate.h"
#include "domain/ports_key.h"
#include "store/index.h"
#include "store/sql.h"
#include "store/vault.h"

/* ---- beside a record's own statements --------------------------------------------------------------------- */

gk_error_t *gk_index_put_next(gk_act_t *act, apr_int64_t id, const gk_candidate_t *c)
{
  apr_int64_t rows;
  if (gk_index_newer(gk_core_keys(act->core)) == NULL)
    return NULL;
  GK_TRY(gk_db_exec(act->db, GK_CALL(index_next_delete, .id = id), NULL, act->pool));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(index_next_put, .id = id, .season_id = c->season_id,
                            .id_index = c->id_index != NULL ? gk_index_next(act, c->id_indexes) : NULL,
                            .tail_index = gk_index_next(act, c->tail_indexes),
                            .twin_index = c->twin_index != NULL ? gk_index_next(act, c->twin_indexes) : NULL),
                    &rows, act->pool));
  return rows == 1 ? NULL : gk_error_plain(act->pool, GK_E_RETRY);
}

gk_error_t *gk_index_release_next(gk_act_t *act, apr_int64_t id)
{
  return gk_db_exec(act->db, GK_CALL(index_next_release, .id = id), NULL, act->pool);
}

/* ---- all records ------------------------------------------------------------------------------------------ */

/* An act for one row of whatever season. */
static gk_act_t at_row(const gk_act_t *act, gk_season_t *season, apr_int64_t season_id, apr_pool_t *pool)
{
  gk_act_t row = *act;
  *season = (gk_season_t){.id = season_id};
  row.season = season;
  row.pool = pool;
  return row;
}

/* A record whose key was destroyed has nothing to be found by any more. */
static gk_error_t *fill_row(const gk_act_t *caller, const gk_row_index_unfilled_t *row, apr_pool_t *pool)
{
  gk_season_t season;
  gk_act_t act = at_row(caller, &season, row->season_id, pool);
  gk_held_key_t held = GK_HELD(row);
  gk_vault_key_t key;
  gk_candidate_t c = {.id = row->id};
  gk_index_t id = {NULL, NULL}, tail = {NULL, NULL}, twin = {NULL, NULL};
  GK_TRY(gk_vault_open(&key, act.core, &held, pool));
  GK_TRY(gk_vault_unseal(&c.doc_text, NULL, &key, gk_candidate_context(row->id, pool), row->key_id, row->doc, pool));
  if (c.doc_text != NULL) {
    gk_document_t *document;
    GK_TRY(gk_candidate_document(&document, &c, pool));
    const char *number = gk_document_get(document, "id_number");
    id = gk_candidate_id_index(&act, gk_document_get(document, "id_type"), number);
    tail = gk_candidate_tail_index(&act, row->org_id, number);
    const char *name = gk_document_get(document, "name");
    twin = gk_candidate_twin_index(&act, name != NULL ? name : "", gk_document_get(document, "birth"));
  }
  return gk_db_exec(act.db,
                    GK_CALL(index_next_put, .id = row->id, .season_id = row->season_id,
                            .id_index = row->id_index != NULL ? gk_index_next(&act, id) : NULL,
                            .tail_index = row->tail_index != NULL ? gk_index_next(&act, tail) : NULL,
                            .twin_index = row->twin_index != NULL ? gk_index_next(&act, twin) : NULL),
                    NULL, pool);
}

gk_error_t *gk_store_index_fill(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int limit)
{
  apr_array_header_t *list;
  apr_pool_t *pool;
  gk_error_t *error = NULL;
  GK_TRY(gk_db_list(act->db, GK_CALL(index_unfilled, .after = *after, .limit = limit), &list, act->pool));
  apr_pool_create(&pool, act->pool);
  for (int i = 0; error == NULL && i < list->nelts; i++) {
    const gk_row_index_unfilled_t *row = &APR_ARRAY_IDX(list, i, gk_row_index_unfilled_t);
    apr_pool_clear(pool);
    error = fill_row(act, row, pool);
    if (error == NULL)
      *after = row->id;
  }
  if (error != NULL)
    error = gk_error_dup(act->pool, error);
  apr_pool_destroy(pool);
  *rows = list->nelts;
  return error;
}

gk_error_t *gk_store_index_former(apr_int64_t *rows, gk_act_t *act)
{
  const gk_keys_t *keys = gk_core_keys(act->core);
  const char *newer = gk_index_newer(keys);
  bool active = strcmp(newer, gk_key_id(keys, "index")) == 0;
  apr_array_header_t *list;
  GK_TRY(gk_db_list(act->db, GK_CALL(index_formers, .newer = newer), &list, act->pool));
  for (int i = 0; i < list->nelts; i++) {
    const gk_row_index_formers_t *row = &APR_ARRAY_IDX(list, i, gk_row_index_formers_t);
    gk_season_t season;
    gk_act_t at = at_row(act, &season, row->season_id, act->pool);
    gk_held_key_t held = GK_HELD(row);
    gk_vault_key_t key;
    const char *text;
    GK_TRY(gk_vault_open(&key, at.core, &held, at.pool));
    GK_TRY(gk_vault_unseal(&text, NULL, &key, gk_former_context(row->candidate_id, at.pool), row->key_id, row->body, at.pool));
    if (text != NULL)
      GK_TRY(gk_db_exec(at.db,
                        GK_CALL(index_former_put, .season_id = row->season_id, .newer = newer, .key_id = row->key_id,
                                .id_index = gk_index_next(&at, gk_candidate_text_index(&at, text)), .body = row->body,
                                .candidate_id = row->candidate_id, .created_us = row->created_us),
                        NULL, at.pool));
    if (active) /* every node looks for the newer one now */
      GK_TRY(gk_db_exec(at.db, GK_CALL(index_former_drop, .season_id = row->season_id, .id_index = row->id_index), NULL,
                        at.pool));
  }
  *rows = list->nelts;
  return NULL;
}

gk_error_t *gk_store_index_move(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int limit)
{
  gk_row_index_unmoved_t next;
  GK_TRY(gk_db_get(act->db, GK_CALL(index_unmoved, .after = *after, .limit = limit), &next, act->pool));
  *rows = next.n;
  if (next.n == 0)
    return NULL;
  GK_TRY(gk_db_exec(act->db, GK_CALL(index_move, .after = *after, .last_id = next.last_id), NULL, act->pool));
  *after = next.last_id;
  return NULL;
}

gk_error_t *gk_store_index_uses(apr_int64_t *count, gk_db_t *db, const char *newer, apr_pool_t *pool)
{
  gk_row_index_uses_t row;
  GK_TRY(gk_db_get(db, GK_CALL(index_uses, .newer = newer), &row, pool));
  *count = row.n;
  return NULL;
}

gk_error_t *gk_store_index_missing(apr_int64_t *count, gk_db_t *db, const char *newer, apr_pool_t *pool)
{
  gk_row_index_missing_t row;
  GK_TRY(gk_db_get(db, GK_CALL(index_missing, .newer = newer), &row, pool));
  *count = row.n;
  return NULL;
}

gk_error_t *gk_store_index_clear(gk_db_t *db, apr_pool_t *pool)
{
  apr_int64_t rows = 1;
  while (rows > 0) {
    GK_TRY(gk_db_begin(db, pool));
    gk_error_t *error = gk_db_exec(db, GK_CALL(index_clear, .limit = 2000), &rows, pool);
    if (error == NULL)
      error = gk_db_commit(db, pool);
    if (error != NULL) {
      gk_db_rollback(db);
      return error;
    }
  }
  return NULL;
}
