/* store/reseal_store.c: see domain/reseal.h. */
#include "domain/reseal.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/candidate.h"
#include "domain/part.h"
#include "domain/ports.h"
#include "domain/totp.h"
#include "store/sql.h"
#include "store/vault.h"

static const char *const names[GK_RESEAL_PLACES] = {"record_key", "account.totp", "idempotency", "plugin_option",
                                                    "candidate", "candidate_part", "proof", "reading"};

const char *gk_reseal_name(gk_reseal_place_t place) { return names[place]; }

/* One call: rows of many seasons and candidates go through it, so each has a pool of its own. */
typedef struct work_t {
  gk_act_t *act;       /* the caller's */
  gk_act_t row;        /* the same for one row: its pool, its season */
  gk_season_t season;
  const char *active;
  int limit;
  apr_int64_t rows, after;
} work_t;

static gk_act_t *at_row(work_t *work, apr_int64_t season_id)
{
  apr_pool_clear(work->row.pool);
  work->season = (gk_season_t){.id = season_id};
  work->row.season = &work->season;
  return &work->row;
}

#define EACH(work, rows, type, row)                                                                       \
  for (const gk_row_##type##_t *row = (const void *)(rows)->elts;                                          \
       row < (const gk_row_##type##_t *)(const void *)(rows)->elts + (rows)->nelts; row++, (work)->rows++)

/* ---- under the data key ---------------------------------------------------------------------------------- */

static gk_error_t *record_keys(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t wrapped;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_record_keys, .after = w->after, .active = w->active, .limit = w->limit),
                    &rows, w->act->pool));
  EACH(w, rows, reseal_record_keys, row) {
    gk_act_t *act = at_row(w, 0);
    gk_held_key_t held = {row->id, row->key_id, row->wrapped};
    GK_TRY(gk_vault_wrap_again(&wrapped, act->core, &held, act->pool));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_record_key_put, .id = row->id, .before = row->key_id, .key_id = wrapped.key_id,
                              .wrapped = {wrapped.bytes, wrapped.length}),
                      NULL, act->pool));
    w->after = row->id;
  }
  return NULL;
}

/* Length and id of the key stand before the value (domain/totp.c). */
static gk_blob_t totp_prefix(const char *key_id, apr_pool_t *pool)
{
  apr_size_t length = strlen(key_id);
  unsigned char *bytes = apr_palloc(pool, length + 1);
  bytes[0] = (unsigned char)length;
  memcpy(bytes + 1, key_id, length);
  return (gk_blob_t){bytes, length + 1};
}

static gk_error_t *totps(work_t *w)
{
  apr_array_header_t *rows;
  gk_blob_t prefix = totp_prefix(w->active, w->act->pool), again;
  gk_totp_t totp;
  GK_TRY(gk_db_list(w->act->db,
                    GK_CALL(reseal_totps, .after = w->after, .n = (apr_int64_t)prefix.length, .prefix = prefix,
                            .limit = w->limit),
                    &rows, w->act->pool));
  EACH(w, rows, reseal_totps, row) {
    gk_act_t *act = at_row(w, 0);
    GK_TRY(gk_totp_unseal(&totp, act, row->id, row->totp));
    GK_TRY(gk_totp_seal(&again, act, row->id, &totp));
    GK_TRY(gk_db_exec(act->db, GK_CALL(reseal_totp_put, .id = row->id, .totp = again, .before = row->totp), NULL,
                      act->pool));
    w->after = row->id;
  }
  return NULL;
}

static gk_error_t *answers(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t again;
  GK_TRY(gk_db_list(w->act->db,
                    GK_CALL(reseal_answers, .after = w->after, .active = w->active, .accounts = w->limit / 20 + 1),
                    &rows, w->act->pool));
  EACH(w, rows, reseal_answers, row) {
    gk_act_t *act = at_row(w, 0);
    GK_TRY(gk_answer_seal_again(&again, act->core, row->account_id, row->idempotency_key, row->request_digest, row->key_id,
                                row->answer, act->pool));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_answer_put, .account_id = row->account_id, .idempotency_key = row->idempotency_key,
                              .before = row->key_id, .key_id = again.key_id, .answer = {again.bytes, again.length}),
                      NULL, act->pool));
    w->after = row->account_id;
  }
  return NULL;
}

static gk_error_t *options(work_t *w)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_options, .active = w->active), &rows, w->act->pool));
  EACH(w, rows, reseal_options, row) {
    gk_act_t *act = at_row(w, 0);
    const char *value, *key_id;
    GK_TRY(gk_option_unseal(&value, act->core, row->plugin, row->option_key, row->key_id, row->value, act->pool));
    GK_TRY(gk_option_seal(&value, &key_id, act->core, row->plugin, row->option_key, value, act->pool));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_option_put, .plugin = row->plugin, .option_key = row->option_key,
                              .before = row->key_id, .key_id = key_id, .value = value),
                      NULL, act->pool));
  }
  return NULL;
}

/* ---- plain text from before ------------------------------------------------------------------------------ */

static gk_error_t *seal_row(gk_sealed_t *out, gk_vault_key_t *key, gk_act_t *act, apr_int64_t candidate_id,
                            const char *context, gk_blob_t plain)
{
  GK_TRY(gk_vault_candidate(key, act, candidate_id));
  return gk_vault_seal(out, key, context, (const char *)plain.bytes, plain.length, act->pool);
}

static gk_error_t *candidates(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t sealed;
  gk_vault_key_t key;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_candidates, .after = w->after, .limit = w->limit), &rows, w->act->pool));
  EACH(w, rows, reseal_candidates, row) {
    gk_act_t *act = at_row(w, row->season_id);
    GK_TRY(seal_row(&sealed, &key, act, row->id, gk_candidate_context(row->id, act->pool), row->doc));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_candidate_put, .id = row->id, .version = row->version, .key_id = sealed.key_id,
                              .doc = {sealed.bytes, sealed.length}),
                      NULL, act->pool));
    w->after = row->id;
  }
  return NULL;
}

static gk_error_t *parts(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t sealed;
  gk_vault_key_t key;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_parts, .after = w->after, .candidates = w->limit / 4 + 1), &rows,
                    w->act->pool));
  EACH(w, rows, reseal_parts, row) {
    gk_act_t *act = at_row(w, row->season_id);
    bool review = strcmp(row->kind, "papers") == 0 || strcmp(row->kind, "review") == 0 || strcmp(row->kind, "return") == 0;
    const char *context = review ? gk_review_part_context(row->candidate_id, row->kind, act->pool)
                                 : gk_part_context(row->candidate_id, row->kind, act->pool);
    GK_TRY(seal_row(&sealed, &key, act, row->candidate_id, context, row->body));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_part_put, .candidate_id = row->candidate_id, .kind = row->kind,
                              .version = row->version, .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length}),
                      NULL, act->pool));
    w->after = row->candidate_id;
  }
  return NULL;
}

static gk_error_t *proofs(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t sealed;
  gk_vault_key_t key;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_proofs, .after = w->after, .limit = w->limit), &rows, w->act->pool));
  EACH(w, rows, reseal_proofs, row) {
    gk_act_t *act = at_row(w, row->season_id);
    GK_TRY(seal_row(&sealed, &key, act, row->candidate_id,
                    gk_proof_context(row->candidate_id, row->version, act->pool), row->doc));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_proof_put, .id = row->id, .key_id = sealed.key_id,
                              .doc = {sealed.bytes, sealed.length}),
                      NULL, act->pool));
    w->after = row->id;
  }
  return NULL;
}

static gk_error_t *readings(work_t *w)
{
  apr_array_header_t *rows;
  gk_sealed_t sealed;
  gk_vault_key_t key;
  GK_TRY(gk_db_list(w->act->db, GK_CALL(reseal_readings, .after = w->after, .limit = w->limit), &rows, w->act->pool));
  EACH(w, rows, reseal_readings, row) {
    gk_act_t *act = at_row(w, row->season_id);
    if (row->candidate_id != 0)
      GK_TRY(gk_vault_candidate(&key, act, row->candidate_id));
    else
      GK_TRY(gk_vault_make(&key, act, GK_VAULT_READING, 0));
    GK_TRY(gk_vault_seal(&sealed, &key, gk_reading_context(row->season_id, row->jti, act->pool),
                         (const char *)row->body.bytes, row->body.length, act->pool));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(reseal_reading_put, .id = row->id, .key_id = sealed.key_id,
                              .body = {sealed.bytes, sealed.length}, .record_key_id = key.id),
                      NULL, act->pool));
    w->after = row->id;
  }
  return NULL;
}

/* ---- together -------------------------------------------------------------------------------------------- */

gk_error_t *gk_store_reseal(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, gk_reseal_place_t place, int limit)
{
  static gk_error_t *(*const steps[GK_RESEAL_PLACES])(work_t *) = {record_keys, totps,      answers, options,
                                                                    candidates,  parts,      proofs,  readings};
  if (gk_core_config(act->core)->plain)
    return gk_error_internal(act->pool, GK_E_CONFIG, "encryption = off: nothing can be sealed");
  work_t work = {.act = act, .row = *act, .active = gk_key_id(gk_core_keys(act->core), "data"), .limit = limit,
                 .after = *after};
  apr_pool_create(&work.row.pool, act->pool);
  gk_error_t *error = steps[place](&work);
  if (error != NULL) {
    error = gk_error_dup(act->pool, error);
    apr_pool_destroy(work.row.pool);
    return error;
  }
  apr_pool_destroy(work.row.pool);
  *rows = work.rows;
  *after = work.after;
  return NULL;
}

gk_error_t *gk_store_reseal_uses(apr_int64_t *count, gk_db_t *db, const char *key_id, apr_pool_t *pool)
{
  gk_row_reseal_uses_t direct;
  gk_row_reseal_plain_t plain;
  gk_blob_t prefix = totp_prefix(key_id, pool);
  GK_TRY(gk_db_get(db, GK_CALL(reseal_uses, .key_id = key_id, .n = (apr_int64_t)prefix.length, .prefix = prefix),
                   &direct, pool));
  *count = direct.n;
  if (key_id[0] != '\0')
    return NULL;
  GK_TRY(gk_db_get(db, GK_CALL(reseal_plain), &plain, pool));
  *count += plain.n;
  return NULL;
}
