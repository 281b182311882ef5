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
_Static_assert(sizeof(gk_row_reading_list_device_t) == sizeof(record_t), "reading columns");
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
  if (reading->subject != NULL)
    gk_json_set_str(body, "subject", reading->subject);
  if (reading->problem != NULL)
    gk_json_set(body, "problem", reading->problem);
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
  r->subject = gk_json_str(body, "subject");
  r->problem = gk_json_get(body, "problem");
  r->device_id = row->device_id;
  r->seq = row->seq;
  r->flags = row->flags;
  r->digest = row->digest;
  *out = r;
  return NULL;
}

static const char *raw_context(apr_int64_t reading_id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "reading_raw.body.%" APR_INT64_T_FMT, reading_id);
}

static gk_error_t *put_raw(gk_act_t *act, const gk_vault_key_t *key, apr_int64_t id, const gk_reading_t *reading)
{
  gk_sealed_t sealed;
  const char *text = gk_json_text(reading->raw, act->pool);
  GK_TRY(gk_vault_seal(&sealed, key, raw_context(id, act->pool), text, strlen(text), act->pool));
  return gk_db_exec_later(act->db,
                          GK_CALL(reading_raw_insert, .reading_id = id, .org_path = reading->org_path,
                                  .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length},
                                  .record_key_id = key->id),
                          act->pool);
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
                            .now = act->now, .device_id = reading->device_id, .seq = reading->seq,
                            .flags = reading->flags != NULL ? reading->flags : "",
                            .digest = reading->digest != NULL ? reading->digest : "", .org_id = reading->org_id,
                            GK_SCOPE(act)),
                    &inserted, &row, act->pool));
  *id = inserted ? row.id : 0;
  if (inserted)
    gk_vault_note_reading(act, row.id, &key);
  return inserted && reading->raw != NULL ? put_raw(act, &key, row.id, reading) : NULL;
}

gk_error_t *gk_store_reading_raw(gk_json_t **raw, gk_act_t *act, apr_int64_t id)
{
  gk_row_reading_raw_get_t row;
  gk_vault_key_t key;
  const char *text;
  apr_size_t length;
  bool found;
  *raw = NULL;
  GK_TRY(gk_db_find(act->db, GK_CALL(reading_raw_get, .reading_id = id, GK_SCOPE(act)), &found, &row, act->pool));
  if (!found)
    return NULL;
  GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(&row), act->pool));
  GK_TRY(gk_vault_unseal(&text, &length, &key, raw_context(id, act->pool), row.key_id, row.body, act->pool));
  return text != NULL ? gk_json_parse(raw, text, length, act->pool) : NULL;
}

gk_error_t *gk_store_reading_get(bool *found, gk_reading_t **out, gk_act_t *act, apr_int64_t id)
{
  record_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(reading_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), found, &row,
                    act->pool));
  return *found ? from_row(out, act, &row) : NULL;
}

void gk_store_reading_by_jti_ahead(gk_act_t *act, const char *jti)
{
  gk_db_ahead(act->db, GK_CALL(reading_by_jti, .season_id = act->season->id, .jti = jti));
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

gk_error_t *gk_store_reading_list(apr_array_header_t **out, gk_act_t *act, const gk_reading_filter_t *filter, int limit)
{
  apr_array_header_t *rows;
  apr_int64_t before_id = filter->before_id != 0 ? filter->before_id : APR_INT64_MAX;
  const char *flag = filter->flag != NULL ? apr_pstrcat(act->pool, "%", filter->flag, "%", NULL) : NULL;
  if (filter->candidate_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(reading_list_candidate, .candidate_id = filter->candidate_id, .season_id = act->season->id,
                              GK_SCOPE(act), .before_id = before_id, .verdict = filter->verdict, .limit = limit),
                      &rows, act->pool));
  else if (filter->device_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(reading_list_device, .device_id = filter->device_id, .season_id = act->season->id,
                              GK_SCOPE(act), .before_id = before_id, .verdict = filter->verdict, .flag = flag,
                              .limit = limit),
                      &rows, act->pool));
  else
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(reading_list, .season_id = act->season->id, GK_SCOPE(act), .before_id = before_id,
                              .since_id = filter->since_id, .verdict = filter->verdict, .flag = flag, .limit = limit),
                      &rows, act->pool));
  apr_array_header_t *readings = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_reading_t *));
  for (int i = 0; i < rows->nelts; i++)
    GK_TRY(from_row((gk_reading_t **)apr_array_push(readings), act,
                    (const record_t *)(const void *)(rows->elts + (apr_size_t)i * (apr_size_t)rows->elt_size)));
  *out = readings;
  return NULL;
}
