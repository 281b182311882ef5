/* store/seal_store.c: seals over the audit (domain/audit_seal.h). */
#include "domain/audit_verify.h"
#include "store/sql.h"

typedef struct each_t {
  gk_audit_row_fn on_row;
  void *baton;
} each_t;

static gk_error_t *give_row(void *baton, const void *data, apr_pool_t *pool)
{
  const each_t *each = baton;
  const gk_row_seal_rows_t *row = data;
  gk_audit_row_t out = {.seq = row->seq,
                        .season_id = row->season_id,
                        .at = row->at_us,
                        .actor_id = row->actor_id,
                        .org_path = row->org_path,
                        .action = row->action,
                        .object_kind = row->object_kind,
                        .object_id = row->object_id,
                        .object_version = row->object_version,
                        .request_id = row->request_id,
                        .key_id = row->key_id,
                        .body = row->body,
                        .digest = row->digest,
                        .record_key_id = row->record_key_id};
  return each->on_row(each->baton, &out, pool);
}

gk_error_t *gk_seal_store_rows(gk_db_t *db, apr_int64_t first, apr_int64_t last, apr_int64_t limit,
                               gk_audit_row_fn on_row, void *baton, apr_pool_t *pool)
{
  each_t each = {on_row, baton};
  return gk_db_each(db, GK_CALL(seal_rows, .first = first, .last = last, .limit = limit), give_row, &each, pool);
}

gk_error_t *gk_audit_seal_last(gk_audit_seal_t *out, bool *found, gk_db_t *db, apr_pool_t *pool)
{
  gk_row_seal_last_t row;
  GK_TRY(gk_db_find(db, GK_CALL(seal_last), found, &row, pool));
  if (*found)
    *out = (gk_audit_seal_t){.n = row.n,
                             .format = (int)row.format,
                             .rows = row.row_count,
                             .numbers = row.numbers,
                             .top = row.top,
                             .open = row.open,
                             .root = row.root,
                             .previous = row.previous,
                             .sealed = row.sealed_us,
                             .node = row.node,
                             .key_id = row.key_id,
                             .signature = row.signature,
                             .digest = row.digest};
  return NULL;
}

gk_error_t *gk_seal_store_list(apr_array_header_t **seals, gk_db_t *db, apr_int64_t from, int limit,
                               apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(db, GK_CALL(seal_list, .from = from, .limit = limit), &rows, pool));
  *seals = apr_array_make(pool, rows->nelts, sizeof(gk_audit_seal_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_seal_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_seal_list_t);
    APR_ARRAY_PUSH(*seals, gk_audit_seal_t) = (gk_audit_seal_t){.n = row->n,
                                                                .format = (int)row->format,
                                                                .rows = row->row_count,
                                                                .numbers = row->numbers,
                                                                .top = row->top,
                                                                .open = row->open,
                                                                .root = row->root,
                                                                .previous = row->previous,
                                                                .sealed = row->sealed_us,
                                                                .node = row->node,
                                                                .key_id = row->key_id,
                                                                .signature = row->signature,
                                                                .marks = row->marks,
                                                                .digest = row->digest};
  }
  return NULL;
}

gk_error_t *gk_seal_store_insert(bool *kept, gk_db_t *db, const gk_audit_seal_t *seal, apr_pool_t *pool)
{
  gk_row_seal_insert_t row;
  return gk_db_find(db,
                    GK_CALL(seal_insert, .n = seal->n, .format = seal->format, .row_count = seal->rows,
                            .numbers = seal->numbers, .top = seal->top, .open = seal->open, .root = seal->root,
                            .previous = seal->previous, .sealed_us = seal->sealed, .node = seal->node,
                            .key_id = seal->key_id, .signature = seal->signature, .digest = seal->digest,
                            .marks = seal->marks),
                    kept, &row, pool);
}

gk_error_t *gk_seal_store_lock(bool *got, gk_db_t *db, apr_pool_t *pool)
{
  gk_row_seal_lock_t row;
  GK_TRY(gk_db_get(db, GK_CALL(seal_lock), &row, pool));
  *got = row.got != 0;
  return NULL;
}

/* A session that is lost gives its locks back by itself. */
void gk_seal_store_unlock(gk_db_t *db, apr_pool_t *pool)
{
  gk_row_seal_unlock_t row;
  gk_db_get(db, GK_CALL(seal_unlock), &row, pool);
}

gk_error_t *gk_seal_store_writers(apr_array_header_t **writers, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(db, GK_CALL(seal_writers), &rows, pool));
  *writers = apr_array_make(pool, rows->nelts, sizeof(const char *));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*writers, const char *) = APR_ARRAY_IDX(rows, i, gk_row_seal_writers_t).writer;
  return NULL;
}

gk_error_t *gk_audit_unsealed(gk_unsealed_t *out, gk_db_t *db, apr_pool_t *pool)
{
  gk_audit_seal_t seal = {.top = 0};
  gk_row_seal_waiting_t row;
  bool found;
  GK_TRY(gk_audit_seal_last(&seal, &found, db, pool));
  GK_TRY(gk_db_get(db, GK_CALL(seal_waiting, .top = found ? seal.top : 0), &row, pool));
  *out = (gk_unsealed_t){row.n, row.oldest_us};
  return NULL;
}

/* ---- verifying -------------------------------------------------------------------------------------------- */

typedef struct numbers_t {
  gk_number_fn on_number;
  void *baton;
} numbers_t;

static gk_error_t *give_number(void *baton, const void *data, apr_pool_t *pool)
{
  const numbers_t *numbers = baton;
  const gk_row_seal_numbers_t *row = data;
  (void)pool;
  return numbers->on_number(numbers->baton, row->seq, row->at_us);
}

gk_error_t *gk_seal_store_numbers(gk_db_t *db, apr_int64_t first, gk_number_fn on_number, void *baton,
                                  apr_pool_t *pool)
{
  numbers_t numbers = {on_number, baton};
  return gk_db_each(db, GK_CALL(seal_numbers, .first = first), give_number, &numbers, pool);
}

typedef struct versions_t {
  gk_version_fn on_row;
  void *baton;
} versions_t;

static gk_error_t *give_version(void *baton, const void *data, apr_pool_t *pool)
{
  const versions_t *versions = baton;
  const gk_row_seal_versions_t *row = data;
  gk_version_row_t out = {row->candidate_id, row->version, row->org_path, row->row_version, row->seq, row->again != 0};
  return versions->on_row(versions->baton, &out, pool);
}

gk_error_t *gk_seal_store_versions(gk_db_t *db, gk_version_fn on_row, void *baton, apr_pool_t *pool)
{
  versions_t versions = {on_row, baton};
  return gk_db_each(db, GK_CALL(seal_versions), give_version, &versions, pool);
}

static gk_error_t *give_orphan(void *baton, const void *data, apr_pool_t *pool)
{
  const versions_t *versions = baton;
  const gk_row_seal_orphans_t *row = data;
  gk_version_row_t out = {row->object_id, 0, row->org_path, row->object_version, row->seq, false};
  return versions->on_row(versions->baton, &out, pool);
}

gk_error_t *gk_seal_store_orphans(gk_db_t *db, gk_version_fn on_row, void *baton, apr_pool_t *pool)
{
  versions_t versions = {on_row, baton};
  return gk_db_each(db, GK_CALL(seal_orphans), give_orphan, &versions, pool);
}

typedef struct bulk_t {
  gk_bulk_fn on_row;
  void *baton;
} bulk_t;

static gk_error_t *give_bulk(void *baton, const void *data, apr_pool_t *pool)
{
  const bulk_t *bulk = baton;
  const gk_row_seal_bulk_t *row = data;
  (void)pool;
  return bulk->on_row(bulk->baton, row->org_path, row->action, row->seq);
}

gk_error_t *gk_seal_store_bulk(gk_db_t *db, gk_bulk_fn on_row, void *baton, apr_pool_t *pool)
{
  bulk_t bulk = {on_row, baton};
  return gk_db_each(db, GK_CALL(seal_bulk), give_bulk, &bulk, pool);
}
