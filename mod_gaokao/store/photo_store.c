/* store/photo_store.c: pictures of candidates (domain/photo.h). */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/photo.h"
#include "store/sql.h"
#include "store/vault.h"

typedef gk_row_photo_list_t row_t;
_Static_assert(offsetof(gk_row_photo_get_t, wrapped) == offsetof(row_t, wrapped), "photo columns");
_Static_assert(offsetof(gk_row_photo_queue_t, wrapped) == offsetof(row_t, wrapped), "photo columns");
_Static_assert(sizeof(gk_row_photo_own_list_t) == sizeof(row_t), "photo columns");
_Static_assert(sizeof(gk_row_photo_own_get_t) == sizeof(gk_row_photo_get_t), "photo columns");
_Static_assert(sizeof(gk_row_photo_present_t) == sizeof(gk_row_photo_get_t), "photo columns");

static const char *context(const char *what, apr_int64_t candidate_id, const char *digest, apr_pool_t *pool)
{
  return apr_psprintf(pool, "photo.%s.%" APR_INT64_T_FMT ".%s", what, candidate_id, digest);
}

static gk_error_t *read_row(gk_photo_t *out, gk_act_t *act, const row_t *row, const gk_row_photo_get_t *whole)
{
  gk_vault_key_t key;
  gk_json_t *body;
  const char *text;
  apr_size_t length;
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, row->candidate_id, &GK_HELD(row)));
  GK_TRY(gk_vault_unseal(&text, &length, &key, context("report", row->candidate_id, row->digest, act->pool), row->key_id,
                         row->report, act->pool));
  if (text == NULL)
    return gk_error_plain(act->pool, GK_E_GONE);
  GK_TRY(gk_json_parse(&body, text, length, act->pool));
  *out = (gk_photo_t){.id = row->id, .candidate_id = row->candidate_id, .state = row->state, .source = row->source,
                      .verdict = row->verdict, .width_px = (int)row->width_px, .height_px = (int)row->height_px,
                      .bytes = row->bytes, .digest = row->digest, .made_from = row->made_from, .taken_by = row->taken_by,
                      .decided_by = row->decided_by, .taken = row->taken_us, .decided = row->decided_us,
                      .report = gk_json_get(body, "report"), .decision = gk_json_get(body, "decision")};
  if (gk_json_is_null(out->decision))
    out->decision = NULL;
  if (whole == NULL || whole->picture.length == 0) /* what is history may have let go of its picture (gk_photo_expire) */
    return NULL;
  GK_TRY(gk_vault_unseal(&text, &length, &key, context("picture", row->candidate_id, row->digest, act->pool), row->key_id,
                         whole->picture, act->pool));
  out->jpeg = (const unsigned char *)text;
  if (whole->cut.length == 0)
    return NULL;
  GK_TRY(gk_vault_unseal(&text, &out->cut_bytes, &key, context("cut", row->candidate_id, row->digest, act->pool), row->key_id,
                         whole->cut, act->pool));
  out->cut = (const unsigned char *)text;
  return NULL;
}

static gk_error_t *read_list(apr_array_header_t **out, gk_act_t *act, const apr_array_header_t *rows)
{
  apr_array_header_t *photos = apr_array_make(act->pool, rows->nelts, sizeof(gk_photo_t));
  for (int i = 0; i < rows->nelts; i++)
    GK_TRY(read_row(apr_array_push(photos), act, &APR_ARRAY_IDX(rows, i, row_t), NULL));
  *out = photos;
  return NULL;
}

static gk_error_t *find(gk_photo_t *out, bool *found, gk_act_t *act, const gk_statement_t *statement, const void *args)
{
  gk_row_photo_get_t row;
  GK_TRY(gk_db_find(act->db, statement, args, found, &row, act->pool));
  return *found ? read_row(out, act, (const row_t *)&row, &row) : NULL;
}

gk_error_t *gk_photo_store_list(apr_array_header_t **out, gk_act_t *act, apr_int64_t candidate_id, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(photo_list, .candidate_id = candidate_id, .season_id = act->season->id, .limit = limit,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  return read_list(out, act, rows);
}

gk_error_t *gk_photo_store_own_list(apr_array_header_t **out, gk_act_t *act, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(photo_own_list, .account_id = act->who->account_id, .limit = limit), &rows, act->pool));
  return read_list(out, act, rows);
}

gk_error_t *gk_photo_store_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t id)
{
  return find(out, found, act,
              GK_CALL(photo_get, .id = id, .candidate_id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)));
}

gk_error_t *gk_photo_store_own_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t id)
{
  return find(out, found, act, GK_CALL(photo_own_get, .account_id = act->who->account_id, .id = id));
}

gk_error_t *gk_photo_store_present(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id)
{
  return find(out, found, act,
              GK_CALL(photo_present, .candidate_id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)));
}

gk_error_t *gk_photo_store_digest(const char **digest, gk_act_t *act, apr_int64_t candidate_id)
{
  bool found;
  gk_row_photo_present_digest_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(photo_present_digest, .candidate_id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)),
                    &found, &row, act->pool));
  *digest = found ? row.digest : NULL;
  return NULL;
}

gk_error_t *gk_photo_store_jpeg(const char **jpeg, apr_size_t *length, gk_act_t *act, apr_int64_t id, apr_pool_t *pool)
{
  gk_row_pull_photo_t row;
  gk_vault_key_t key;
  GK_TRY(gk_db_get(act->db, GK_CALL(pull_photo, .id = id, GK_SCOPE(act)), &row, pool));
  GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(&row), pool));
  return gk_vault_unseal(jpeg, length, &key, context("picture", row.candidate_id, row.digest, pool), row.key_id, row.picture, pool);
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static gk_error_t *seal_report(gk_sealed_t *out, const gk_vault_key_t *key, gk_act_t *act, const gk_photo_t *photo)
{
  gk_json_t *body = gk_json_object(act->pool);
  if (photo->report != NULL)
    gk_json_set(body, "report", photo->report);
  if (photo->decision != NULL)
    gk_json_set(body, "decision", photo->decision);
  const char *text = gk_json_text_sorted(body, act->pool);
  return gk_vault_seal(out, key, context("report", photo->candidate_id, photo->digest, act->pool), text, strlen(text),
                       act->pool);
}

gk_error_t *gk_photo_store_insert(gk_act_t *act, gk_photo_t *photo, const char *measures)
{
  gk_vault_key_t key;
  gk_sealed_t picture, report, cut = {"", (const unsigned char *)"", 0};
  gk_row_photo_insert_t row;
  GK_TRY(gk_vault_candidate(&key, act, photo->candidate_id));
  GK_TRY(seal_report(&report, &key, act, photo));
  GK_TRY(gk_vault_seal(&picture, &key, context("picture", photo->candidate_id, photo->digest, act->pool),
                       (const char *)photo->jpeg, (apr_size_t)photo->bytes, act->pool));
  if (photo->cut != NULL)
    GK_TRY(gk_vault_seal(&cut, &key, context("cut", photo->candidate_id, photo->digest, act->pool), (const char *)photo->cut,
                         photo->cut_bytes, act->pool));
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(photo_insert, .candidate_id = photo->candidate_id, .season_id = act->season->id,
                           .state = photo->state, .source = photo->source, .verdict = photo->verdict,
                           .width_px = photo->width_px, .height_px = photo->height_px, .bytes = photo->bytes,
                           .digest = photo->digest, .measures = measures, .key_id = picture.key_id,
                           .picture = {picture.bytes, picture.length}, .cut = {cut.bytes, cut.length},
                           .report = {report.bytes, report.length},
                           .made_from = photo->made_from, .taken_by = photo->taken_by, .taken_us = photo->taken,
                           .decided_by = photo->decided_by, .decided_us = photo->decided, GK_SCOPE(act)),
                   &row, act->pool));
  photo->id = row.id;
  return NULL;
}

gk_error_t *gk_photo_store_mark(bool *changed, gk_act_t *act, const gk_candidate_t *candidate)
{
  apr_int64_t marked;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(photo_mark, .photo_state = candidate->photo_state, .state = candidate->state,
                            .proof_version = candidate->proof_version, .now_us = act->now, .candidate_id = candidate->id,
                            .version = candidate->version, .season_id = act->season->id, GK_SCOPE(act)),
                    &marked, act->pool));
  *changed = marked > 0;
  return NULL;
}

gk_error_t *gk_photo_store_replace(gk_act_t *act, apr_int64_t candidate_id, const char *state)
{
  return gk_db_exec(act->db, GK_CALL(photo_replace, .candidate_id = candidate_id, .state = state, GK_SCOPE(act)), NULL,
                    act->pool);
}

gk_error_t *gk_photo_store_decide(bool *changed, gk_act_t *act, const gk_photo_t *photo, const char *from)
{
  gk_vault_key_t key;
  gk_sealed_t report;
  apr_int64_t decided;
  GK_TRY(gk_vault_candidate(&key, act, photo->candidate_id));
  GK_TRY(seal_report(&report, &key, act, photo));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(photo_decide, .state = photo->state, .key_id = report.key_id,
                            .report = {report.bytes, report.length}, .decided_by = photo->decided_by, .now_us = act->now,
                            .id = photo->id, .candidate_id = photo->candidate_id, .from = from, GK_SCOPE(act)),
                    &decided, act->pool));
  *changed = decided > 0;
  return NULL;
}

gk_error_t *gk_photo_store_queue(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(photo_queue, .season_id = act->season->id, .state = state, .after = after, .limit = limit,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  apr_array_header_t *queue = apr_array_make(act->pool, rows->nelts, sizeof(gk_photo_queued_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_photo_queue_t *row = &APR_ARRAY_IDX(rows, i, gk_row_photo_queue_t);
    gk_photo_queued_t *item = apr_array_push(queue);
    GK_TRY(read_row(&item->photo, act, (const row_t *)row, NULL));
    item->number = row->number;
    item->name = row->name;
    item->class_name = row->class;
    item->version = row->version;
  }
  *out = queue;
  return NULL;
}

gk_error_t *gk_photo_store_expire(apr_int64_t *count, gk_act_t *act, apr_time_t before)
{
  const gk_blob_t nothing = {(const unsigned char *)"", 0};
  return gk_db_exec(act->db, GK_CALL(photo_expire, .nothing = nothing, .before_us = before), count, act->pool);
}

gk_error_t *gk_photo_store_waiting(apr_int64_t *count, gk_act_t *act)
{
  gk_row_photo_waiting_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(photo_waiting, .season_id = act->season->id, GK_SCOPE(act)), &row, act->pool));
  *count = row.n;
  return NULL;
}

gk_error_t *gk_photo_store_measures(apr_array_header_t **texts, gk_act_t *act, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(photo_measures, .season_id = act->season->id, .limit = limit, GK_SCOPE(act)), &rows,
                    act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, rows->nelts, sizeof(const char *));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(all, const char *) = APR_ARRAY_IDX(rows, i, gk_row_photo_measures_t).measures;
  *texts = all;
  return NULL;
}
