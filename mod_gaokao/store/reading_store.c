/* store/reading_store.c: readings of identity cards (domain/ports_candidate.h). The body is sealed under the season and
 * the jti, which are known before the row is. */
#include <string.h>
#include <apr_strings.h>

#include "domain/ports_candidate.h"
#include "store/sql.h"
#include "store/vault.h"

typedef gk_row_reading_get_t record_t;
_Static_assert(sizeof(gk_row_reading_by_jti_t) == sizeof(record_t), "reading columns");
_Static_assert(sizeof(gk_row_reading_list_t) == sizeof(record_t), "reading columns");
_Static_assert(sizeof(gk_row_reading_list_candidate_t) == sizeof(record_t), "reading columns");

/* What is left of a reading whose key was destroyed. */
#define ERASED "{\"card\":{},\"fields\":{},\"comparison\":[]}"

const char *gk_reading_context(apr_int64_t season_id, const char *jti, apr_pool_t *pool)
{
  return apr_psprintf(pool, "reading.body.%" APR_INT64_T_FMT ".%s", season_id, jti);
}

/* Under the candidate's key, or one of its own as long as it belongs to nobody. */
static gk_error_t *seal(gk_sealed_t *sealed, const gk_vault_key_t *key, gk_act_t *act, const gk_reading_t *reading)
{
  gk_json_t *body = gk_json_object(act->pool);
  gk_json_set(body, "card", reading->card);
  gk_json_set(body, "fields", reading->fields);
  gk_json_set(body, "comparison", reading->comparison);
  if (reading->photo != NULL)
    gk_json_set_str(body, "photo", reading->photo);
  if (reading->elsewhere != NULL)
    gk_json_set(body, "elsewhere", reading->elsewhere);
  if (reading->decision != NULL)
    gk_json_set(body, "decision", reading->decision);
  const char *text = gk_json_text_sorted(body, act->pool);
  return gk_vault_seal(sealed, key, gk_reading_context(act->season->id, reading->jti, act->pool), text, strlen(text),
                       act->pool);
}

static gk_error_t *from_row(gk_reading_t **out, gk_act_t *act, const record_t *row)
{
  gk_vault_key_t key;
  const char *text;
  apr_size_t length;
  gk_json_t *body;
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_READING, row->id, &GK_HELD(row)));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_reading_context(act->season->id, row->jti, act->pool), row->key_id,
                         row->body, act->pool));
  bool erased = text == NULL;
  GK_TRY(gk_json_parse(&body, erased ? ERASED : text, erased ? strlen(ERASED) : length, act->pool));
  gk_reading_t *r = apr_pcalloc(act->pool, sizeof(*r));
  r->id = row->id;
  r->erased = erased;
  r->jti = row->jti;
  r->purpose = row->purpose;
  r->verdict = row->verdict;
  r->org_id = row->org_id;
  r->org_path = row->org_path;
  r->org_name = row->org_name;
  r->candidate_id = row->candidate_id;
  r->taken = row->taken_us;
  r->received = row->received_us;
  r->received_by = row->received_by;
  r->card = gk_json_get(body, "card");
  r->fields = gk_json_get(body, "fields");
  r->comparison = gk_json_get(body, "comparison");
  r->photo = gk_json_str(body, "photo");
  r->elsewhere = gk_json_get(body, "elsewhere");
  r->decision = gk_json_get(body, "decision");
  *out = r;
  return NULL;
}

gk_error_t *gk_store_reading_insert(apr_int64_t *id, gk_act_t *act, const gk_reading_t *reading)
{
  gk_sealed_t sealed;
  gk_row_reading_insert_t row;
  bool inserted;
  gk_vault_key_t key;
  if (reading->candidate_id != 0)
    GK_TRY(gk_vault_candidate(&key, act, reading->candidate_id));
  else
    GK_TRY(gk_vault_make(&key, act, GK_VAULT_READING, 0));
  GK_TRY(seal(&sealed, &key, act, reading));
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(reading_insert, .season_id = act->season->id, .candidate_id = reading->candidate_id,
                            .jti = reading->jti, .purpose = reading->purpose, .verdict = reading->verdict,
                            .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length},
                            .record_key_id = key.id, .taken_us = reading->taken, .received_by = reading->received_by,
                            .now = act->now, .org_id = reading->org_id, GK_SCOPE(act)),
                    &inserted, &row, act->pool));
  *id = inserted ? row.id : 0;
  return NULL;
}

gk_error_t *gk_store_reading_get(bool *found, gk_reading_t **out, gk_act_t *act, apr_int64_t id)
{
  record_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(reading_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), found, &row,
                    act->pool));
  return *found ? from_row(out, act, &row) : NULL;
}

gk_error_t *gk_store_reading_by_jti(bool *found, gk_reading_t **out, gk_act_t *act, const char *jti)
{
  gk_row_reading_by_jti_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(reading_by_jti, .season_id = act->season->id, .jti = jti), found, &row, act->pool));
  return *found ? from_row(out, act, (const record_t *)(const void *)&row) : NULL;
}

gk_error_t *gk_store_reading_set(gk_act_t *act, const gk_reading_t *reading)
{
  gk_sealed_t sealed;
  gk_vault_key_t key, own;
  GK_TRY(gk_vault_reading(&own, act, reading->id));
  if (reading->candidate_id != 0)
    GK_TRY(gk_vault_candidate(&key, act, reading->candidate_id));
  else
    key = own;
  /* Audit rows of the time before lie under the reading's own key: it goes when the candidate's goes. */
  if (own.id != 0 && own.id != key.id)
    GK_TRY(gk_vault_attach(act, own.id, reading->candidate_id));
  GK_TRY(seal(&sealed, &key, act, reading));
  return gk_db_exec(act->db,
                    GK_CALL(reading_set, .verdict = reading->verdict, .candidate_id = reading->candidate_id,
                            .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length}, .record_key_id = key.id,
                            .id = reading->id,
                            .season_id = act->season->id, GK_SCOPE(act)),
                    NULL, act->pool);
}

gk_error_t *gk_store_reading_list(apr_array_header_t **out, gk_act_t *act, apr_int64_t candidate_id,
                                  const char *verdict, apr_int64_t before_id, int limit)
{
  apr_array_header_t *rows;
  if (before_id == 0)
    before_id = APR_INT64_MAX;
  if (candidate_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(reading_list_candidate, .candidate_id = candidate_id, .season_id = act->season->id,
                              GK_SCOPE(act), .before_id = before_id, .verdict = verdict, .limit = limit),
                      &rows, act->pool));
  else
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(reading_list, .season_id = act->season->id, GK_SCOPE(act), .before_id = before_id,
                              .verdict = verdict, .limit = limit),
                      &rows, act->pool));
  apr_array_header_t *readings = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_reading_t *));
  for (int i = 0; i < rows->nelts; i++)
    GK_TRY(from_row((gk_reading_t **)apr_array_push(readings), act,
                    (const record_t *)(const void *)(rows->elts + (apr_size_t)i * (apr_size_t)rows->elt_size)));
  *out = readings;
  return NULL;
}
