/* store/export_store.c: candidates on their way out (domain/export.h). */
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "domain/candidate.h"
#include "domain/export.h"
#include "domain/part.h"
#include "store/sql.h"
#include "store/vault.h"

/* A whole province read once would fill SQLite's page cache with pages nobody asks for again, in every process that
 * exports: a small one does for reading in order. */
gk_error_t *gk_export_store_begin(gk_act_t *act)
{
  if (gk_db_engine(act->db) == GK_SQLITE)
    GK_TRY(gk_db_script(act->db, "PRAGMA cache_size = -1024", act->pool));
  return gk_db_in_transaction(act->db) ? gk_db_commit_to_snapshot(act->db, act->pool) : gk_db_begin_snapshot(act->db, act->pool);
}

gk_error_t *gk_export_store_raise(gk_act_t *act)
{
  if (gk_db_engine(act->db) != GK_SQLITE)
    return NULL;
  return gk_db_exec(act->db, GK_CALL(pull_raise), NULL, act->pool);
}

gk_error_t *gk_export_store_sight(gk_export_sight_t *out, gk_act_t *act)
{
  gk_row_pull_sight_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(pull_sight), &row, act->pool));
  *out = (gk_export_sight_t){row.snapshot, row.database, row.timeline};
  return NULL;
}

void gk_export_store_end(gk_act_t *act)
{
  gk_db_rollback(act->db);
  if (gk_db_engine(act->db) ==
      GK_SQLITE) /* as store/db_sqlite.c sets it; an error shows at the next statement */
    gk_db_script(act->db, "PRAGMA cache_size = -16384", act->pool);
}

gk_error_t *gk_export_store_points(apr_array_header_t **points, gk_act_t *act, const gk_export_plan_t *plan,
                                   const char *after, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(export_points, .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi,
                            .after = after, .limit = limit),
                    &rows, act->pool));
  *points = apr_array_make(act->pool, rows->nelts, sizeof(gk_export_point_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_export_points_t *row = &APR_ARRAY_IDX(rows, i, gk_row_export_points_t);
    APR_ARRAY_PUSH(*points, gk_export_point_t) = (gk_export_point_t){row->path, row->code};
  }
  return NULL;
}

gk_error_t *gk_export_store_count(apr_int64_t *count, gk_act_t *act, const gk_export_plan_t *plan)
{
  gk_row_export_count_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(export_count, .season_id = act->season->id, .scope_lo = plan->scope_lo,
                           .scope_hi = plan->scope_hi, .art = plan->art, .state_1 = plan->state_1,
                           .state_2 = plan->state_2, .any = plan->any, .subject = plan->subject,
                           .class = plan->class_name),
                   &row, act->pool));
  *count = row.n;
  return NULL;
}

/* ---- parts ----------------------------------------------------------------------------------------------- */

/* Fields of the parts of a point's candidates: apr_int64_t id -> gk_json_t * (an object). */
static gk_error_t *load_parts(apr_hash_t **out, gk_act_t *act, const gk_export_plan_t *plan, const char *path,
                              apr_pool_t *pool)
{
  apr_array_header_t *rows;
  apr_hash_t *parts = apr_hash_make(pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(export_parts, .season_id = act->season->id, .org_path = path,
                            .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi),
                    &rows, pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_export_parts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_export_parts_t);
    gk_vault_key_t key;
    const char *text;
    apr_size_t length;
    gk_json_t *body;
    GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(row), pool));
    GK_TRY(gk_vault_unseal(&text, &length, &key, gk_part_context(row->candidate_id, row->kind, pool), row->key_id,
                           row->body, pool));
    if (text == NULL)
      continue;
    GK_TRY(gk_json_parse(&body, text, length, pool));
    gk_json_t *all = apr_hash_get(parts, &row->candidate_id, sizeof(row->candidate_id));
    if (all == NULL) {
      all = gk_json_object(pool);
      apr_hash_set(parts, &row->candidate_id, sizeof(row->candidate_id), all);
    }
    for (gk_json_iter_t it = gk_json_first(gk_json_get(body, "fields")); it.key != NULL; gk_json_next(&it))
      gk_json_set(all, it.key, it.value);
  }
  *out = parts;
  return NULL;
}

/* ---- candidates ------------------------------------------------------------------------------------------ */

typedef struct stream_t {
  gk_act_t *act;
  const gk_export_point_t *point;
  gk_export_each_fn each;
  void *baton;
  apr_hash_t *parts; /* NULL: none wanted */
  bool plain;        /* the stored fields are all that is wanted */
  bool changes;
} stream_t;

/* The whole document, with the fields of parts. */
static gk_error_t *read_document(gk_export_candidate_t *out, const stream_t *stream, const char *text,
                                 apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *fields;
  GK_TRY(gk_json_parse(&fields, text, length, pool));
  gk_json_t *parts = stream->parts != NULL ? apr_hash_get(stream->parts, &out->id, sizeof(out->id)) : NULL;
  if (parts != NULL)
    for (gk_json_iter_t it = gk_json_first(parts); it.key != NULL; gk_json_next(&it))
      if (gk_json_get(fields, it.key) == NULL)
        gk_json_set(fields, it.key, it.value);
  return gk_document_from_json(&out->document, fields, pool);
}

_Static_assert(sizeof(gk_row_export_candidates_t) == sizeof(gk_row_export_changes_t), "export columns");

static gk_error_t *withdrawn(const stream_t *stream, const gk_row_export_candidates_t *row, apr_pool_t *pool)
{
  gk_export_candidate_t candidate = {.id = row->id,
                                     .version = row->version,
                                     .number = row->number,
                                     .candidate_number = row->candidate_number,
                                     .state = row->state,
                                     .point = stream->point->code,
                                     .withdrawn = true};
  return stream->each(stream->baton, &candidate, pool);
}

static gk_error_t *on_row(void *baton, const void *data, apr_pool_t *pool)
{
  stream_t *stream = baton;
  const gk_row_export_candidates_t *row = data;
  gk_vault_key_t key;
  const char *text;
  apr_size_t length;
  if (row->present == 0)
    return withdrawn(stream, row, pool);
  GK_TRY(gk_vault_open(&key, stream->act->core, &GK_HELD(row), pool));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_candidate_context(row->id, pool), row->key_id, row->doc, pool));
  if (text == NULL) /* erased: there is nothing to hand on */
    return stream->changes ? withdrawn(stream, row, pool) : NULL;
  gk_export_candidate_t candidate = {.id = row->id,
                                     .version = row->version,
                                     .number = row->number,
                                     .candidate_number = row->candidate_number,
                                     .state = row->state,
                                     .point = stream->point->code};
  if (stream->plain)
    candidate.flat = gk_flat_read(text, length, pool);
  if (candidate.flat == NULL)
    GK_TRY(read_document(&candidate, stream, text, length, pool));
  return stream->each(stream->baton, &candidate, pool);
}

gk_error_t *gk_export_store_each(gk_act_t *act, const gk_export_plan_t *plan, const gk_export_point_t *point,
                                 gk_export_each_fn each, void *baton, apr_pool_t *pool)
{
  stream_t stream = {act, point, each, baton, NULL, !plan->with_parts && !plan->with_derived, plan->since != NULL};
  if (plan->with_parts)
    GK_TRY(load_parts(&stream.parts, act, plan, point->path, pool));
  if (plan->since != NULL)
    return gk_db_each(act->db,
                      GK_CALL(export_changes, .season_id = act->season->id, .org_path = point->path,
                              .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi, .art = plan->art,
                              .state_1 = plan->state_1, .state_2 = plan->state_2, .any = plan->any, .since = plan->since),
                      on_row, &stream, pool);
  return gk_db_each(act->db,
                    GK_CALL(export_candidates, .season_id = act->season->id, .org_path = point->path,
                            .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi, .art = plan->art,
                            .state_1 = plan->state_1, .state_2 = plan->state_2, .any = plan->any, .subject = plan->subject,
                            .class = plan->class_name),
                    on_row, &stream, pool);
}
