/* store/vault.c: see vault.h. */
#include "store/vault.h"

#include <string.h>
#include <apr_hash.h>

#include "domain/ports.h"
#include "store/sql.h"

/* Not bound to its row: a key in another row's place opens nothing, because each value is bound to its own row. */
#define CONTEXT "record_key.wrapped"

static const char *const kinds[] = {"", "candidate", "reading", "general", "file"};

/* ---- the keys an act has opened -------------------------------------------------------------------------- */

/* They hang on the act's pool and not on the act: whatever clears the pool clears them. */
#define KEPT "gaokao-vault"

typedef struct place_t {
  apr_int64_t kind, owner;
} place_t;

typedef struct kept_t {
  place_t place;
  gk_vault_key_t key;
} kept_t;

static apr_hash_t *kept_by(apr_pool_t *pool)
{
  void *kept = NULL;
  apr_pool_userdata_get(&kept, KEPT, pool);
  return kept;
}

static const gk_vault_key_t *find(const gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner)
{
  place_t place = {kind, owner};
  apr_hash_t *all = kept_by(act->pool);
  kept_t *kept = all != NULL ? apr_hash_get(all, &place, sizeof(place)) : NULL;
  return kept != NULL ? &kept->key : NULL;
}

static void remember(gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner, const gk_vault_key_t *key)
{
  apr_hash_t *all = kept_by(act->pool);
  if (all == NULL) {
    all = apr_hash_make(act->pool);
    apr_pool_userdata_setn(all, KEPT, NULL, act->pool);
  }
  kept_t *kept = apr_palloc(act->pool, sizeof(*kept));
  *kept = (kept_t){{kind, owner}, *key};
  apr_hash_set(all, &kept->place, sizeof(kept->place), kept);
}

void gk_vault_forget(gk_act_t *act) { apr_pool_userdata_setn(NULL, KEPT, NULL, act->pool); }

void gk_store_forget(gk_act_t *act) { gk_vault_forget(act); }

/* ---- opening and making ---------------------------------------------------------------------------------- */

gk_error_t *gk_vault_open(gk_vault_key_t *out, const gk_core_t *core, const gk_held_key_t *held, apr_pool_t *pool)
{
  *out = (gk_vault_key_t){held->id, NULL, false};
  if (held->id == 0 || held->wrapped.length == 0)
    return NULL;
  gk_sealed_t wrapped = {held->key_id, held->wrapped.bytes, held->wrapped.length};
  gk_record_key_t *key;
  GK_TRY(gk_record_key_open(&key, gk_core_keys(core), CONTEXT, &wrapped, pool));
  out->key = key;
  return NULL;
}

gk_error_t *gk_vault_wrap_again(gk_sealed_t *out, const gk_core_t *core, const gk_held_key_t *held, apr_pool_t *pool)
{
  gk_sealed_t wrapped = {held->key_id, held->wrapped.bytes, held->wrapped.length};
  const char *bytes;
  apr_size_t length;
  GK_TRY(gk_unseal(&bytes, &length, gk_core_keys(core), CONTEXT, &wrapped, pool));
  gk_error_t *error = gk_seal(out, gk_core_keys(core), CONTEXT, bytes, length, pool);
  gk_wipe(bytes, length);
  return error;
}

gk_error_t *gk_vault_keep(gk_vault_key_t *out, gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner,
                          const gk_held_key_t *held)
{
  const gk_vault_key_t *kept = find(act, kind, owner);
  if (kept != NULL && kept->id == held->id && (kept->key == NULL) == (held->wrapped.length == 0)) {
    *out = *kept;
    return NULL;
  }
  GK_TRY(gk_vault_open(out, act->core, held, act->pool));
  if (out->id != 0)
    remember(act, kind, owner, out);
  return NULL;
}

gk_error_t *gk_vault_make(gk_vault_key_t *out, gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner)
{
  gk_record_key_t *key;
  gk_sealed_t wrapped;
  gk_row_record_key_insert_t row;
  bool inserted;
  *out = (gk_vault_key_t){0, NULL, gk_core_config(act->core)->plain};
  if (out->plain)
    return NULL;
  GK_TRY(gk_record_key_make(&key, &wrapped, gk_core_keys(act->core), CONTEXT, act->pool));
  apr_int64_t season = kind == GK_VAULT_GENERAL ? owner : act->season != NULL ? act->season->id : 0;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(record_key_insert, .season_id = season, .kind = kinds[kind],
                            .candidate_id = kind == GK_VAULT_CANDIDATE ? owner : 0, .key_id = wrapped.key_id,
                            .wrapped = {wrapped.bytes, wrapped.length}, .now_us = act->now),
                    &inserted, &row, act->pool));
  if (!inserted) /* somebody was a moment faster: look again */
    return gk_error_plain(act->pool, GK_E_RETRY);
  *out = (gk_vault_key_t){row.id, key, false};
  if (owner != 0 || kind == GK_VAULT_GENERAL)
    remember(act, kind, owner, out);
  return NULL;
}

#define NEW_KEY(act, made)                                                                                           \
  GK_CALL(record_key_insert_new, .season_id = (act)->season->id, .id_index = (made)->id_index,                       \
          .key_id = (made)->wrapped.key_id, .wrapped = {(made)->wrapped.bytes, (made)->wrapped.length}, .now_us = (act)->now)

gk_error_t *gk_vault_make_new(gk_vault_new_t *out, gk_act_t *act, const char *id_index)
{
  gk_record_key_t *key;
  *out = (gk_vault_new_t){.id_index = id_index, .key = {0, NULL, gk_core_config(act->core)->plain}};
  if (out->key.plain)
    return NULL;
  GK_TRY(gk_record_key_make(&key, &out->wrapped, gk_core_keys(act->core), CONTEXT, act->pool));
  out->key.key = key;
  gk_db_ahead(act->db, NEW_KEY(act, out));
  return NULL;
}

gk_error_t *gk_vault_made(gk_act_t *act, gk_vault_new_t *made, apr_int64_t candidate_id)
{
  gk_row_record_key_insert_new_t row;
  bool inserted;
  if (made->key.plain)
    return NULL;
  GK_TRY(gk_db_find(act->db, NEW_KEY(act, made), &inserted, &row, act->pool));
  if (!inserted)
    return gk_error_plain(act->pool, GK_E_RETRY);
  made->key.id = row.id;
  remember(act, GK_VAULT_CANDIDATE, candidate_id, &made->key);
  return NULL;
}

void gk_vault_note_reading(gk_act_t *act, apr_int64_t reading_id, const gk_vault_key_t *key)
{
  if (key->id != 0)
    remember(act, GK_VAULT_READING, reading_id, key);
}

/* ---- finding --------------------------------------------------------------------------------------------- */

typedef gk_row_record_key_get_t held_row_t;
_Static_assert(sizeof(gk_row_record_key_candidate_t) == sizeof(held_row_t), "record key columns");
_Static_assert(sizeof(gk_row_record_key_reading_t) == sizeof(held_row_t), "record key columns");
_Static_assert(sizeof(gk_row_record_key_general_t) == sizeof(held_row_t), "record key columns");

static gk_error_t *look(bool *found, gk_vault_key_t *out, gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner,
                        const gk_statement_t *statement, const void *args)
{
  held_row_t row;
  const gk_vault_key_t *kept = find(act, kind, owner);
  *found = true;
  if (kept != NULL) {
    *out = *kept;
    return NULL;
  }
  if (gk_core_config(act->core)->plain) { /* records that have a key brought it along */
    *out = (gk_vault_key_t){0, NULL, true};
    return NULL;
  }
  GK_TRY(gk_db_find(act->db, statement, args, found, &row, act->pool));
  if (!*found)
    return NULL;
  gk_held_key_t held = {row.id, row.key_id, row.wrapped};
  return gk_vault_keep(out, act, kind, owner, &held);
}

static gk_error_t *of_candidate(bool *found, gk_vault_key_t *out, gk_act_t *act, apr_int64_t id)
{
  return look(found, out, act, GK_VAULT_CANDIDATE, id, GK_CALL(record_key_candidate, .candidate_id = id));
}

gk_error_t *gk_vault_candidate(gk_vault_key_t *out, gk_act_t *act, apr_int64_t id)
{
  bool found;
  GK_TRY(of_candidate(&found, out, act, id));
  if (!found)
    return gk_vault_make(out, act, GK_VAULT_CANDIDATE, id);
  return gk_vault_erased(out) ? gk_error_plain(act->pool, GK_E_GONE) : NULL;
}

static gk_error_t *of_reading(bool *found, gk_vault_key_t *out, gk_act_t *act, apr_int64_t id)
{
  return look(found, out, act, GK_VAULT_READING, id, GK_CALL(record_key_reading, .reading_id = id));
}

gk_error_t *gk_vault_reading(gk_vault_key_t *out, gk_act_t *act, apr_int64_t id)
{
  bool found;
  GK_TRY(of_reading(&found, out, act, id));
  if (!found) { /* one from before keeps to its candidate, or gets a key now */
    *out = (gk_vault_key_t){0, NULL, gk_core_config(act->core)->plain};
    return NULL;
  }
  return gk_vault_erased(out) ? gk_error_plain(act->pool, GK_E_GONE) : NULL;
}

gk_error_t *gk_vault_attach(gk_act_t *act, apr_int64_t key_id, apr_int64_t candidate_id)
{
  return gk_db_exec(act->db, GK_CALL(record_key_attach, .candidate_id = candidate_id, .id = key_id), NULL, act->pool);
}

gk_error_t *gk_vault_audit(gk_vault_key_t *out, gk_act_t *act, const char *object_kind, apr_int64_t id)
{
  bool found = false;
  apr_int64_t season = act->season != NULL ? act->season->id : 0;
  if (strcmp(object_kind, "candidate") == 0 && id != 0)
    GK_TRY(of_candidate(&found, out, act, id));
  else if (strcmp(object_kind, "reading") == 0 && id != 0)
    GK_TRY(of_reading(&found, out, act, id));
  if (found && !gk_vault_erased(out))
    return NULL;
  GK_TRY(look(&found, out, act, GK_VAULT_GENERAL, season, GK_CALL(record_key_general, .season_id = season)));
  return found ? NULL : gk_vault_make(out, act, GK_VAULT_GENERAL, season);
}

gk_error_t *gk_vault_by_id(gk_vault_key_t *out, gk_act_t *act, apr_int64_t id)
{
  held_row_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(record_key_get, .id = id), &row, act->pool));
  gk_held_key_t held = {row.id, row.key_id, row.wrapped};
  return gk_vault_open(out, act->core, &held, act->pool);
}

static const gk_blob_t nothing = {(const unsigned char *)"", 0};

gk_error_t *gk_vault_destroy_candidate(int *count, gk_act_t *act, apr_int64_t candidate_id)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(record_key_destroy_candidate, .candidate_id = candidate_id, .nothing = nothing,
                            .now_us = act->now),
                    &rows, act->pool));
  *count = rows->nelts;
  return NULL;
}

gk_error_t *gk_vault_destroy(gk_act_t *act, apr_int64_t key_id)
{
  return gk_db_exec(act->db, GK_CALL(record_key_destroy, .id = key_id, .nothing = nothing, .now_us = act->now), NULL,
                    act->pool);
}

/* ---- sealing --------------------------------------------------------------------------------------------- */

static gk_error_t *plain(gk_sealed_t *out, const char *text, apr_size_t length)
{
  *out = (gk_sealed_t){"", (const unsigned char *)text, length};
  return NULL;
}

gk_error_t *gk_vault_seal(gk_sealed_t *out, const gk_vault_key_t *key, const char *context, const char *text,
                          apr_size_t length, apr_pool_t *pool)
{
  if (key->plain)
    return plain(out, text, length);
  if (key->key == NULL) /* nothing may lie in clear by mistake */
    return gk_error_internal(pool, GK_E_SEALED, "%s: no key to seal it under", context);
  return gk_record_seal(out, key->key, context, text, length, pool);
}

gk_error_t *gk_vault_unseal(const char **text, apr_size_t *length, const gk_vault_key_t *key, const char *context,
                            const char *key_id, gk_blob_t value, apr_pool_t *pool)
{
  gk_sealed_t sealed = {key_id, value.bytes, value.length};
  if (gk_vault_erased(key)) {
    *text = NULL;
    if (length != NULL)
      *length = 0;
    return NULL;
  }
  return gk_record_unseal(text, length, key->key, context, &sealed, pool);
}

gk_error_t *gk_vault_seal_direct(gk_sealed_t *out, const gk_core_t *core, const char *context, const char *text,
                                 apr_size_t length, apr_pool_t *pool)
{
  return gk_core_config(core)->plain ? plain(out, text, length)
                                     : gk_seal(out, gk_core_keys(core), context, text, length, pool);
}
