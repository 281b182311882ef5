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

/* pack_list and pack_get give the same columns. */
static gk_pack_row_t pack_of(const gk_row_pack_get_t *row)
{
  return (gk_pack_row_t){.id = row->id, .season_id = row->season_id, .year = (int)row->year, .name = row->name,
                         .version = row->version, .digest = row->digest, .state = row->state,
                         .active = row->active != 0, .created_by = row->created_by, .created = row->created_us};
}

gk_error_t *gk_store_packs(apr_array_header_t **out, gk_db_t *db, apr_int64_t after, int limit, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(db, GK_CALL(pack_list, .after = after, .limit = limit), &rows, pool));
  *out = apr_array_make(pool, rows->nelts, sizeof(gk_pack_row_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*out, gk_pack_row_t) = pack_of((const gk_row_pack_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_pack_list_t));
  return NULL;
}

gk_error_t *gk_store_pack(gk_pack_row_t *out, gk_db_t *db, apr_int64_t id, apr_pool_t *pool)
{
  gk_row_pack_get_t row;
  GK_TRY(gk_db_get(db, GK_CALL(pack_get, .id = id), &row, pool));
  *out = pack_of(&row);
  return NULL;
}
