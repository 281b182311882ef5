/* store/pack_store.c: packs, settings, options of plugins (domain/ports.h). */
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/ports.h"
#include "store/sql.h"
#include "store/vault.h"

gk_error_t *gk_store_setting(const char **value, gk_db_t *db, const char *name, apr_pool_t *pool)
{
  bool found;
  gk_row_setting_get_t row;
  GK_TRY(gk_db_find(db, GK_CALL(setting_get, .name = name), &found, &row, pool));
  *value = found ? row.value : NULL;
  return NULL;
}

gk_error_t *gk_store_setting_put(gk_act_t *act, const char *name, const char *value)
{
  return gk_db_exec(act->db, GK_CALL(setting_put, .name = name, .value = value), NULL, act->pool);
}

/* ---- options of plugins ---------------------------------------------------------------------------------- */

/* Which options are secret only the plugin knows, so all are sealed. */
static const char *option_context(const char *plugin, const char *key, apr_pool_t *pool)
{
  return apr_pstrcat(pool, "plugin_option.value.", plugin, ".", key, NULL);
}

gk_error_t *gk_option_seal(const char **value, const char **key_id, const gk_core_t *core, const char *plugin,
                           const char *key, const char *text, apr_pool_t *pool)
{
  gk_sealed_t sealed;
  GK_TRY(gk_vault_seal_direct(&sealed, core, option_context(plugin, key, pool), text, strlen(text), pool));
  *key_id = sealed.key_id;
  *value = sealed.key_id[0] != '\0' ? gk_text_hex(pool, sealed.bytes, sealed.length) : text;
  return NULL;
}

gk_error_t *gk_option_unseal(const char **text, const gk_core_t *core, const char *plugin, const char *key,
                             const char *key_id, const char *value, apr_pool_t *pool)
{
  apr_size_t length = 0;
  *text = value;
  if (key_id[0] == '\0')
    return NULL;
  const unsigned char *bytes = gk_text_unhex(pool, value, &length);
  if (bytes == NULL)
    length = 0;
  gk_sealed_t sealed = {key_id, bytes, length};
  return gk_unseal(text, NULL, gk_core_keys(core), option_context(plugin, key, pool), &sealed, pool);
}

gk_error_t *gk_store_plugin_options(apr_array_header_t **out, const gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(db, GK_CALL(plugin_option_list), &rows, pool));
  *out = apr_array_make(pool, rows->nelts, sizeof(gk_stored_option_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_plugin_option_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_plugin_option_list_t);
    gk_stored_option_t option = {row->plugin, row->option_key, NULL};
    GK_TRY(gk_option_unseal(&option.value, core, row->plugin, row->option_key, row->key_id, row->value, pool));
    APR_ARRAY_PUSH(*out, gk_stored_option_t) = option;
  }
  return NULL;
}

gk_error_t *gk_store_plugin_option_put(gk_act_t *act, const char *plugin, const char *key, const char *value)
{
  if (value == NULL)
    return gk_db_exec(act->db, GK_CALL(plugin_option_delete, .plugin = plugin, .option_key = key), NULL, act->pool);
  const char *sealed, *key_id;
  GK_TRY(gk_option_seal(&sealed, &key_id, act->core, plugin, key, value, act->pool));
  return gk_db_exec(act->db,
                    GK_CALL(plugin_option_put, .plugin = plugin, .option_key = key, .value = sealed, .key_id = key_id,
                            .updated_by = act->who->account_id, .now = act->now),
                    NULL, act->pool);
}

/* ---- packs ------------------------------------------------------------------------------------------------ */

/* pack_list and pack_get give the same columns. */
static gk_pack_row_t pack_of(const gk_row_pack_get_t *row)
{
  return (gk_pack_row_t){.id = row->id, .season_id = row->season_id, .year = (int)row->year, .name = row->name,
                         .version = row->version, .digest = row->digest, .state = row->state,
                         .active = row->active != 0, .created_by = row->created_by, .created = row->created_us,
                         .base_id = row->base_id, .note = row->note, .revision = row->revision,
                         .approved_by = row->approved_by, .approved = row->approved_us, .activate = row->activate_us,
                         .activated_by = row->activated_by, .activated = row->activated_us, .reason = row->reason,
                         .proposer = row->proposer, .approver = row->approver, .activator = row->activator,
                         .unit = row->unit, .unit_path = row->unit_path, .unit_name = row->unit_name,
                         .unit_level = row->unit_level};
}

gk_error_t *gk_store_packs(apr_array_header_t **out, gk_act_t *act, apr_int64_t after, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(pack_list, .after = after, .limit = limit, GK_SCOPE(act)), &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts, sizeof(gk_pack_row_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*out, gk_pack_row_t) = pack_of((const gk_row_pack_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_pack_list_t));
  return NULL;
}

gk_error_t *gk_store_pack(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_pack_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(pack_get, .id = id, GK_SCOPE(act)), &row, act->pool));
  *out = pack_of(&row);
  return NULL;
}

gk_error_t *gk_store_pack_insert(apr_int64_t *id, gk_act_t *act, const gk_pack_row_t *row, const char *bytes, apr_size_t length)
{
  bool found;
  gk_row_pack_insert_t made;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(pack_insert, .season_id = row->season_id, .name = row->name, .version = row->version,
                            .digest = row->digest, .body = {(const unsigned char *)bytes, length},
                            .created_by = act->who->account_id, .now_us = act->now, .base_id = row->base_id,
                            .note = row->note, .unit = row->unit != NULL ? row->unit : ""),
                    &found, &made, act->pool));
  *id = found ? made.id : 0;
  return NULL;
}

gk_error_t *gk_store_pack_version_last(apr_int64_t *version, gk_act_t *act, const char *name)
{
  gk_row_pack_version_last_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(pack_version_last, .season_id = act->season->id, .name = name), &row, act->pool));
  *version = row.version;
  return NULL;
}

/* Runs one UPDATE; tells whether it found its row. */
#define STEP(changed, act, ...)                                             \
  do {                                                                      \
    apr_int64_t rows_;                                                      \
    GK_TRY(gk_db_exec((act)->db, GK_CALL(__VA_ARGS__), &rows_, (act)->pool)); \
    *(changed) = rows_ > 0;                                                 \
  } while (0)

gk_error_t *gk_store_pack_rewrite(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *bytes, apr_size_t length)
{
  STEP(changed, act, pack_rewrite, .id = row->id, .revision = row->revision, .digest = row->digest,
       .body = {(const unsigned char *)bytes, length}, .note = row->note, .created_by = act->who->account_id);
  return NULL;
}

gk_error_t *gk_store_pack_step(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *state)
{
  STEP(changed, act, pack_step, .id = row->id, .revision = row->revision, .state = state);
  return NULL;
}

gk_error_t *gk_store_pack_approve(bool *changed, gk_act_t *act, const gk_pack_row_t *row)
{
  STEP(changed, act, pack_approve, .id = row->id, .revision = row->revision, .approved_by = act->who->account_id,
       .now_us = act->now);
  return NULL;
}

gk_error_t *gk_store_pack_schedule(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_time_t at, const char *reason)
{
  STEP(changed, act, pack_schedule, .id = row->id, .revision = row->revision, .activate_us = at,
       .activated_by = act->who->account_id, .reason = reason);
  return NULL;
}

gk_error_t *gk_store_pack_unschedule(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *state)
{
  STEP(changed, act, pack_unschedule, .id = row->id, .revision = row->revision, .state = state);
  return NULL;
}

gk_error_t *gk_store_pack_activate(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_int64_t base, const char *reason)
{
  /* The season's row first: whoever comes second waits here, and finds another base. */
  STEP(changed, act, season_switch, .id = row->season_id, .pack_id = row->id, .base_id = base);
  if (!*changed)
    return NULL;
  GK_TRY(gk_db_exec(act->db, GK_CALL(pack_supersede, .season_id = row->season_id, .id = row->id, .unit = row->unit), NULL,
                    act->pool));
  STEP(changed, act, pack_activate, .id = row->id, .revision = row->revision, .activated_by = act->who->account_id,
       .now_us = act->now, .reason = reason);
  return NULL;
}

gk_error_t *gk_store_local_activate(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_int64_t base,
                                    const char *reason)
{
  STEP(changed, act, season_rules_raise, .id = row->season_id, .base_id = base);
  if (!*changed)
    return NULL;
  GK_TRY(gk_db_exec(act->db, GK_CALL(pack_supersede, .season_id = row->season_id, .id = row->id, .unit = row->unit), NULL,
                    act->pool));
  STEP(changed, act, pack_activate, .id = row->id, .revision = row->revision, .activated_by = act->who->account_id,
       .now_us = act->now, .reason = reason);
  return NULL;
}

gk_error_t *gk_store_local_withdraw(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *reason)
{
  STEP(changed, act, season_rules_raise, .id = row->season_id, .base_id = act->season->pack_id);
  if (*changed)
    STEP(changed, act, pack_withdraw, .id = row->id, .revision = row->revision, .reason = reason);
  return NULL;
}

gk_error_t *gk_store_local_rules(apr_array_header_t **out, gk_db_t *db, apr_int64_t season_id, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(db, GK_CALL(pack_local, .season_id = season_id), &rows, pool));
  *out = apr_array_make(pool, rows->nelts, sizeof(gk_local_rules_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_pack_local_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pack_local_t);
    if (strcmp(gk_sha256_hex(pool, row->body.bytes, row->body.length), row->digest) != 0)
      return gk_error_internal(pool, GK_E_PACK, "The rules of %s do not have their digest", row->unit);
    APR_ARRAY_PUSH(*out, gk_local_rules_t) =
        (gk_local_rules_t){row->id, row->version, row->digest, row->unit, row->unit_name, row->unit_level,
                           apr_pstrmemdup(pool, (const char *)row->body.bytes, row->body.length)};
  }
  return NULL;
}

gk_error_t *gk_store_local_active(apr_int64_t *id, gk_act_t *act, const char *unit)
{
  bool found;
  gk_row_pack_local_of_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(pack_local_of, .season_id = act->season->id, .unit = unit), &found, &row, act->pool));
  *id = found ? row.id : 0;
  return NULL;
}

gk_error_t *gk_store_pack_scheduled(bool *found, gk_pack_waiting_t *out, gk_db_t *db, apr_pool_t *pool)
{
  gk_row_pack_scheduled_t row;
  GK_TRY(gk_db_find(db, GK_CALL(pack_scheduled), found, &row, pool));
  if (*found)
    *out = (gk_pack_waiting_t){row.id, row.activated_by, row.activate_us};
  return NULL;
}

gk_error_t *gk_store_pack_approver(apr_time_t *created, apr_int64_t *acts, gk_act_t *act, apr_int64_t proposer, apr_time_t since)
{
  gk_row_pack_approver_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(pack_approver, .id = act->who->account_id, .proposer = proposer, .since_us = since, GK_SCOPE(act)),
                   &row, act->pool));
  *created = row.created_us;
  *acts = row.acts;
  return NULL;
}

gk_error_t *gk_store_principal(bool *found, gk_principal_t *out, gk_db_t *db, apr_int64_t account_id, apr_pool_t *pool)
{
  gk_row_pack_actor_t row;
  GK_TRY(gk_db_find(db, GK_CALL(pack_actor, .id = account_id), found, &row, pool));
  if (!*found)
    return NULL;
  *out = (gk_principal_t){.role = gk_role_parse(row.role), .account_id = account_id, .login = row.login,
                          .display_name = row.display_name, .org_id = row.org_id, .org_level = row.level,
                          .org_path = row.org_path, .session_id = ""};
  gk_scope_of(row.org_path, &out->scope_lo, &out->scope_hi, pool);
  return NULL;
}
