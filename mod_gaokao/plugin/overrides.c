/* plugin/overrides.c: see overrides.h. */
#include "plugin/overrides.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/ports.h"
#include "gaokao_plugin.h"

/* No options: it is switched off, for this reason; marks of the last act that made it anew and that reset it. */
#define OFF "@off"
#define MADE "@made"
#define FORGIVEN "@forgiven"

/* gk_plugin_setting_t of one plugin among the stored rows. */
static apr_array_header_t *settings_of(const apr_array_header_t *rows, const char *name, apr_pool_t *pool)
{
  apr_array_header_t *settings = apr_array_make(pool, 4, sizeof(gk_plugin_setting_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_stored_option_t *row = &APR_ARRAY_IDX(rows, i, gk_stored_option_t);
    if (strcmp(row->plugin, name) == 0 && row->key[0] != '@')
      APR_ARRAY_PUSH(settings, gk_plugin_setting_t) = (gk_plugin_setting_t){row->key, row->value, NULL};
  }
  return settings;
}

/* Why it is switched off, or a mark; NULL: none. */
static const char *sign_of(const apr_array_header_t *rows, const char *name, const char *key)
{
  for (int i = 0; i < rows->nelts; i++) {
    const gk_stored_option_t *row = &APR_ARRAY_IDX(rows, i, gk_stored_option_t);
    if (strcmp(row->plugin, name) == 0 && strcmp(row->key, key) == 0)
      return row->value;
  }
  return NULL;
}

gk_error_t *gk_overrides_apply(bool *photo, const gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  char *last = NULL;
  if (photo != NULL)
    *photo = false;
  GK_TRY(gk_store_plugin_options(&rows, core, db, pool));
  for (char *name = apr_strtok(apr_pstrdup(pool, gk_core_config(core)->plugins), " \t", &last); name != NULL;
       name = apr_strtok(NULL, " \t", &last)) {
    gk_plugin_wish_t wish = {settings_of(rows, name, pool), sign_of(rows, name, OFF), sign_of(rows, name, MADE),
                             sign_of(rows, name, FORGIVEN)};
    apr_uint32_t kind = gk_plugin_follow(gk_core_plugins(core), name, &wish, pool);
    if (photo != NULL)
      *photo = *photo || kind == GAOKAO_PHOTO;
  }
  return NULL;
}

/* Tells every process of every node, this one too, once it is committed. */
static gk_error_t *tell(gk_act_t *act, const char *name, const char *key, const char *value)
{
  GK_TRY(gk_store_plugin_option_put(act, name, key, value));
  GK_TRY(gk_store_setting_put(act, "plugin_options", act->request_id));
  act->look_again = true;
  return NULL;
}

/* What is shown of it before: as it will be, in service and with nothing against it. */
static void forgive(gk_json_t *plugin, bool made, apr_pool_t *pool)
{
  const char *state = gk_json_str(plugin, "state");
  gk_json_set(plugin, "suspects", gk_json_array(pool));
  gk_json_set_int(plugin, "failures_in_row", 0);
  gk_json_set_int(plugin, "retry_in_us", 0);
  if (strcmp(state, "degraded") == 0 || (made && strcmp(state, "failed") == 0)) {
    gk_json_set_str(plugin, "state", "started");
    gk_json_set_null(plugin, "reason");
  }
}

/* The settings of `name` after `options` is laid over them; collects faults of type. */
static apr_array_header_t *merged(apr_array_header_t *settings, gk_json_t *options, gk_error_t **error,
                                  apr_pool_t *pool)
{
  apr_array_header_t *out = apr_array_make(pool, 4, sizeof(gk_plugin_setting_t));
  for (int i = 0; i < settings->nelts; i++) {
    gk_plugin_setting_t *setting = &APR_ARRAY_IDX(settings, i, gk_plugin_setting_t);
    if (gk_json_get(options, setting->key) == NULL)
      APR_ARRAY_PUSH(out, gk_plugin_setting_t) = *setting;
  }
  for (gk_json_iter_t it = gk_json_first(options); it.key != NULL; gk_json_next(&it)) {
    if (it.key[0] == '@') /* those are marks of ours */
      gk_violation(error, pool, apr_pstrcat(pool, "/options/", it.key, NULL), "unknown", "没有这个选项", "There is no such option");
    else if (gk_json_is_string(it.value))
      APR_ARRAY_PUSH(out, gk_plugin_setting_t) =
          (gk_plugin_setting_t){it.key, gk_json_str_value(it.value), NULL};
    else if (!gk_json_is_null(it.value))
      gk_violation(error, pool, apr_pstrcat(pool, "/options/", it.key, NULL), "type", "应为文字(字符串)，或用 null 撤销",
                   "Must be a string, or null to take it back");
  }
  return out;
}

static gk_json_t *option_of(gk_json_t *plugin, const char *key)
{
  gk_json_t *options = gk_json_get(plugin, "options");
  for (apr_size_t i = 0; i < gk_json_size(options); i++) {
    const char *name = gk_json_str(gk_json_at(options, i), "key");
    if (name != NULL && strcmp(name, key) == 0)
      return gk_json_at(options, i);
  }
  return NULL;
}

/* What the options named in `options` are now; values of secret ones never reach the audit. */
static gk_json_t *for_audit(gk_json_t *plugin, gk_json_t *options, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  for (gk_json_iter_t it = gk_json_first(options); it.key != NULL; gk_json_next(&it)) {
    gk_json_t *option = option_of(plugin, it.key), *one = gk_json_object(pool);
    gk_json_set_str(one, "value", gk_json_bool(option, "secret") ? "***" : gk_json_str(option, "value"));
    gk_json_set_str(one, "source", gk_json_str(option, "source"));
    gk_json_set(json, apr_pstrcat(pool, gk_json_str(plugin, "name"), ".", it.key, NULL), one);
  }
  return json;
}

static gk_error_t *none(const char *name, apr_pool_t *pool)
{
  return gk_error(pool, GK_E_NOT_FOUND, "没有插件“%s”", "There is no plugin '%s'", name);
}

gk_error_t *gk_overrides_change(gk_json_t **out, gk_act_t *act, const char *name, gk_json_t *options)
{
  struct gk_plugins_t *plugins = gk_core_plugins(act->core);
  apr_pool_t *pool = act->pool;
  apr_array_header_t *rows;
  gk_error_t *error = NULL;
  gk_json_t *shown = gk_plugin_json(plugins, name, pool);
  if (shown == NULL)
    return none(name, pool);
  GK_TRY(gk_store_plugin_options(&rows, act->core, act->db, pool));
  apr_array_header_t *before = settings_of(rows, name, pool), *after = merged(before, options, &error, pool);
  if (error != NULL)
    return error;
  GK_TRY(gk_plugin_try_options(out, plugins, name, after, pool));
  forgive(*out, true, pool); /* what failed before may work now */
  GK_TRY(gk_act_begin(act));
  for (gk_json_iter_t it = gk_json_first(options); it.key != NULL; gk_json_next(&it))
    GK_TRY(gk_store_plugin_option_put(act, name, it.key, gk_json_str_value(it.value)));
  GK_TRY(tell(act, name, MADE, act->request_id));
  return gk_audit(act, "plugin.options", "plugin", 0, 0, act->who->org_path, for_audit(shown, options, pool),
                  for_audit(*out, options, pool));
}

gk_error_t *gk_overrides_reset(gk_json_t **out, gk_act_t *act, const char *name)
{
  struct gk_plugins_t *plugins = gk_core_plugins(act->core);
  gk_json_t *before = gk_plugin_json(plugins, name, act->pool);
  if (before == NULL)
    return none(name, act->pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(tell(act, name, FORGIVEN, act->request_id));
  *out = gk_plugin_json(plugins, name, act->pool);
  forgive(*out, false, act->pool);
  gk_json_t *was = gk_json_object(act->pool);
  gk_json_set_str(was, "plugin", name);
  gk_json_set_str(was, "state", gk_json_str(before, "state"));
  gk_json_set_int(was, "suspects", (apr_int64_t)gk_json_size(gk_json_get(before, "suspects")));
  return gk_audit(act, "plugin.reset", "plugin", 0, 0, act->who->org_path, was, NULL);
}

/* Plugin, state and reason of one act, for the audit. */
static gk_json_t *act_of(const char *name, gk_json_t *plugin, const char *reason, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "plugin", name);
  gk_json_set_str(json, "state", gk_json_str(plugin, "state"));
  if (reason != NULL)
    gk_json_set_str(json, "reason", reason);
  return json;
}

gk_error_t *gk_overrides_switch(gk_json_t **out, gk_act_t *act, const char *name, bool on, const char *reason)
{
  struct gk_plugins_t *plugins = gk_core_plugins(act->core);
  gk_json_t *before = gk_plugin_json(plugins, name, act->pool);
  GK_TRY(gk_plugin_may_switch(plugins, name, !on, act->pool));
  GK_TRY(gk_act_begin(act));
  GK_TRY(tell(act, name, OFF, on ? NULL : reason));
  *out = gk_plugin_json_switched(plugins, name, on ? NULL : reason, act->pool);
  return gk_audit(act, on ? "plugin.enable" : "plugin.disable", "plugin", 0, 0, act->who->org_path,
                  act_of(name, before, NULL, act->pool), act_of(name, *out, reason, act->pool));
}

gk_error_t *gk_overrides_reload(gk_json_t **out, gk_act_t *act, const char *name)
{
  struct gk_plugins_t *plugins = gk_core_plugins(act->core);
  gk_json_t *before = gk_plugin_json(plugins, name, act->pool);
  apr_array_header_t *rows;
  GK_TRY(gk_store_plugin_options(&rows, act->core, act->db, act->pool));
  /* What fails here stores nothing, and the running one stays. */
  GK_TRY(gk_plugin_try_options(out, plugins, name, settings_of(rows, name, act->pool), act->pool));
  forgive(*out, true, act->pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(tell(act, name, MADE, act->request_id));
  return gk_audit(act, "plugin.reload", "plugin", 0, 0, act->who->org_path, act_of(name, before, NULL, act->pool),
                  act_of(name, *out, NULL, act->pool));
}
