/* plugin/registry.c: the plugins of a configuration, from the file to the last call. Nothing lies in statics:
 * the configuration is read twice at startup and again at each reload, and each time makes its own
 * gk_plugins_t. */
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include "plugin/internal.h"

#define PRESET_POLICY_DEADLINE_US (500 * 1000)
#define PRESET_DEADLINE_US (5 * 1000 * 1000)
enum { PRESET_FAIL_LIMIT = 5, PRESET_MAX_INSIDE = 3 }; /* below DBDMax: a hanging plugin must leave a connection free */

static apr_status_t stop_at_cleanup(void *data)
{
  gk_policy__detach_all(data);
  gk_plugins_stop(data);
  return APR_SUCCESS;
}

gk_plugins_t *gk_plugins_create(const gk_plugin_env_t *env, apr_pool_t *pool)
{
  gk_plugins_t *plugins = apr_pcalloc(pool, sizeof(*plugins));
  plugins->pool = pool;
  plugins->plugins = apr_array_make(pool, 8, sizeof(gk_plugin_t *));
  plugins->standing = apr_pcalloc(pool, sizeof(*plugins->standing));
  plugins->pid = (apr_int32_t)getpid();
  if (env != NULL)
    plugins->env = *env;
  apr_thread_mutex_create(&plugins->lock, APR_THREAD_MUTEX_DEFAULT, pool);
  /* Before the pool's other cleanups, which close the files the code comes from. */
  apr_pool_pre_cleanup_register(pool, plugins, stop_at_cleanup);
  return plugins;
}

static gk_plugin_t *at(const gk_plugins_t *plugins, int i)
{
  return APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
}

static gk_plugin_t *find(const gk_plugins_t *plugins, const char *name)
{
  for (int i = 0; name != NULL && i < plugins->plugins->nelts; i++)
    if (strcmp(at(plugins, i)->name, name) == 0)
      return at(plugins, i);
  return NULL;
}

gk_plugin_t *gk_plugin__next(gk_plugins_t *plugins, apr_uint32_t kind, int *i)
{
  while (*i < plugins->plugins->nelts) {
    gk_plugin_t *plugin = at(plugins, (*i)++);
    if (plugin->image != NULL && plugin->image->descriptor.kind == kind)
      return plugin;
  }
  return NULL;
}

/* "alpha; beta" of findings, in one language. */
static const char *join(const apr_array_header_t *findings, bool english, apr_pool_t *pool)
{
  const char *text = NULL;
  for (int i = 0; i < findings->nelts; i++) {
    const gk_plugin__finding_t *finding = &APR_ARRAY_IDX(findings, i, gk_plugin__finding_t);
    const char *one = english ? finding->en : finding->zh;
    text = text == NULL ? one : apr_pstrcat(pool, text, english ? "; " : "；", one, NULL);
  }
  return text;
}

static void set_reason(gk_plugin_t *plugin, const gk_error_t *error)
{
  const gk_violation_t *first = error->violations != NULL && error->violations->nelts > 0
                                    ? &APR_ARRAY_IDX(error->violations, 0, gk_violation_t) : NULL;
  const char *zh = error->zh != NULL ? error->zh : first != NULL ? first->zh : gk_error_info(error->code)->zh;
  const char *en = error->en != NULL ? error->en : first != NULL ? first->en : gk_error_info(error->code)->en;
  apr_thread_mutex_lock(plugin->lock);
  plugin->reason_zh = apr_pstrdup(plugin->plugins->pool, zh);
  plugin->reason_en = apr_pstrdup(plugin->plugins->pool, en);
  apr_thread_mutex_unlock(plugin->lock);
}

/* Moves the faults of `error` to *all, at `where` when they have no place of their own. */
static void collect(gk_error_t **all, const gk_plugin_t *plugin, const gk_error_t *error, const char *code,
                    apr_pool_t *pool)
{
  const char *where = plugin->row.where != NULL ? plugin->row.where : plugin->name;
  if (error->violations == NULL) {
    const char *zh = error->zh != NULL ? error->zh : gk_error_info(error->code)->zh;
    gk_violation(all, pool, where, code, "%s", "%s", zh);
    APR_ARRAY_IDX((*all)->violations, (*all)->violations->nelts - 1, gk_violation_t).en =
        apr_pstrdup(pool, error->en != NULL ? error->en : gk_error_info(error->code)->en);
    return;
  }
  for (int i = 0; i < error->violations->nelts; i++) {
    const gk_violation_t *one = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    gk_violation(all, pool, apr_pstrdup(pool, one->pointer), one->code, "组件 %s：%s", "%s: %s", plugin->name,
                 one->zh);
    APR_ARRAY_IDX((*all)->violations, (*all)->violations->nelts - 1, gk_violation_t).en =
        apr_psprintf(pool, "Plugin %s: %s", plugin->name, one->en);
  }
}

/* What describe() says, once: it may not change. */
static gk_error_t *read_facts(gk_plugin_t *plugin, apr_pool_t *pool, apr_pool_t *scratch)
{
  gaokao_facts_t given = {sizeof(given), 0, NULL};
  gaokao_call_t call = {sizeof(call), 0, "describe", "zh-CN", 0, scratch};
  call.deadline_us = gk_plugin__monotonic_us() + plugin->row.deadline_us;
  plugin->facts = apr_array_make(pool, 4, sizeof(gaokao_pair_t));
  gaokao_error_t *error = plugin->image->life.describe(plugin->current->self, &call, &given);
  bool good = error == NULL && given.n_facts <= 32 && (given.n_facts == 0 || given.facts != NULL);
  for (apr_uint32_t i = 0; good && i < given.n_facts; i++) {
    good = gk_plugin__text_ok(given.facts[i].name, 64) && gk_plugin__text_ok(given.facts[i].value, 500);
    if (good) {
      gaokao_pair_t *fact = apr_array_push(plugin->facts);
      fact->name = apr_pstrdup(pool, given.facts[i].name);
      fact->value = apr_pstrdup(pool, given.facts[i].value);
    }
  }
  if (good)
    return NULL;
  return gk_error(scratch, GK_E_PLUGIN, "组件 %s 的说明不合规",
                  "Plugin %s: what describe() says is not right", plugin->name);
}

static void check_row(gk_plugin_t *plugin, apr_array_header_t *findings)
{
  apr_uint32_t kind = plugin->image->descriptor.kind;
  gk_plugin__finding_t *finding;
  if (kind == GAOKAO_POLICY && plugin->row.on_error == GK_ON_ERROR_SKIP) {
    finding = apr_array_push(findings);
    finding->code = "on-error";
    finding->zh = "规则插件出错时不能跳过，请用 fail 或 review";
    finding->en = "A policy may not be skipped when it fails: use fail or review";
  }
  if (kind == GAOKAO_EXPORT && plugin->row.on_error != GK_ON_ERROR_FAIL) {
    finding = apr_array_push(findings);
    finding->code = "on-error";
    finding->zh = "导出插件出错时只能用 fail";
    finding->en = "An export can only fail when its plugin fails: use fail";
  }
}

static gk_plugin_t *add(gk_plugins_t *plugins, const gk_plugin_row_t *row)
{
  apr_pool_t *pool = plugins->pool;
  gk_plugin_t *plugin = apr_pcalloc(pool, sizeof(*plugin));
  plugin->plugins = plugins;
  plugin->row = *row;
  plugin->row.path = apr_pstrdup(pool, row->path != NULL ? row->path : "");
  plugin->row.where = row->where != NULL ? apr_pstrdup(pool, row->where) : NULL;
  plugin->name =
      row->name != NULL ? apr_pstrdup(pool, row->name) : gk_plugin__name_of(plugin->row.path, pool);
  plugin->row.name = plugin->name;
  if (plugin->row.on_error == 0)
    plugin->row.on_error = GK_ON_ERROR_FAIL;
  if (plugin->row.fail_limit <= 0)
    plugin->row.fail_limit = PRESET_FAIL_LIMIT;
  if (plugin->row.max_inside <= 0)
    plugin->row.max_inside = PRESET_MAX_INSIDE;
  if (row->settings != NULL) {
    apr_array_header_t *settings =
        apr_array_make(pool, row->settings->nelts + 1, sizeof(gk_plugin_setting_t));
    for (int i = 0; i < row->settings->nelts; i++) {
      const gk_plugin_setting_t *from = &APR_ARRAY_IDX(row->settings, i, gk_plugin_setting_t);
      gk_plugin_setting_t *to = apr_array_push(settings);
      to->key = apr_pstrdup(pool, from->key);
      to->value = apr_pstrdup(pool, from->value);
      to->where = from->where != NULL ? apr_pstrdup(pool, from->where) : plugin->row.where;
    }
    plugin->row.settings = settings;
  }
  plugin->index = gk_standing__plugin(plugins->standing, plugin->name);
  plugin->shared = plugin->index >= 0 ? &plugins->standing->plugins[plugin->index].shared
                                      : apr_pcalloc(pool, sizeof(*plugin->shared));
  plugin->state = GK_PLUGIN_LOADED;
  apr_thread_mutex_create(&plugin->lock, APR_THREAD_MUTEX_DEFAULT, pool);
  APR_ARRAY_PUSH(plugins->plugins, gk_plugin_t *) = plugin;
  return plugin;
}

/* Opens and creates one; NULL when all is well. */
static gk_error_t *load(gk_plugin_t *plugin, apr_pool_t *scratch)
{
  apr_pool_t *pool = plugin->plugins->pool;
  apr_array_header_t *findings = apr_array_make(pool, 4, sizeof(gk_plugin__finding_t));
  gk_plugin__image_t *image = gk_plugin__open(plugin->row.path, plugin->name, findings, pool);
  gk_error_t *error = NULL;
  if (image != NULL) {
    plugin->image = image;
    if (plugin->row.deadline_us <= 0)
      plugin->row.deadline_us =
          image->descriptor.kind == GAOKAO_POLICY ? PRESET_POLICY_DEADLINE_US : PRESET_DEADLINE_US;
    check_row(plugin, findings);
  }
  if (findings->nelts > 0) {
    plugin->image = NULL;
    error =
        gk_error(scratch, GK_E_PLUGIN, "组件 %s：%s", "%s: %s", plugin->name, join(findings, false, scratch));
    error->en = apr_psprintf(scratch, "Plugin %s: %s", plugin->name, join(findings, true, scratch));
    return error;
  }
  error = gk_plugin__make(&plugin->current, plugin, plugin->row.settings, NULL, true, scratch);
  if (error == NULL)
    error = read_facts(plugin, pool, scratch);
  return error;
}

gk_error_t *gk_plugins_load(gk_plugins_t *plugins, const apr_array_header_t *rows, apr_pool_t *scratch_pool)
{
  gk_error_t *all = NULL;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_plugin_row_t *row = &APR_ARRAY_IDX(rows, i, gk_plugin_row_t);
    const char *name = row->name != NULL ? row->name : gk_plugin__name_of(row->path, scratch_pool);
    const char *where = row->where != NULL ? row->where : name;
    if (find(plugins, name) != NULL) {
      gk_violation(&all, scratch_pool, where, "duplicate", "组件 '%s' 已经配置过一次",
                   "The plugin '%s' is configured twice", name);
      continue;
    }
    gk_plugin_t *plugin = add(plugins, row);
    gk_error_t *error = load(plugin, scratch_pool);
    if (error == NULL)
      continue;
    bool options = error->code == GK_E_INVALID; /* an operator's slip is never optional */
    if (row->optional && !options) {
      plugin->state = plugin->image == NULL ? GK_PLUGIN_MISSING : GK_PLUGIN_FAILED;
      set_reason(plugin, error);
      gk_plugin__log(plugin, GK_WARNING, "optional, and not loaded: %s", plugin->reason_en);
    } else {
      collect(&all, plugin, error, "plugin", scratch_pool);
      plugin->state = GK_PLUGIN_FAILED;
      set_reason(plugin, error);
    }
  }
  if (all != NULL)
    all->code = GK_E_CONFIG;
  return all;
}

gk_error_t *gk_plugins_check(gk_plugins_t *plugins, apr_pool_t *scratch_pool)
{
  gk_error_t *all = NULL;
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = at(plugins, i);
    if (plugin->state != GK_PLUGIN_LOADED)
      continue;
    gk_error_t *error = gk_plugin__check(plugin->current, scratch_pool);
    if (error == NULL)
      continue;
    set_reason(plugin, error);
    if (plugin->row.optional)
      plugin->state = GK_PLUGIN_FAILED;
    else
      collect(&all, plugin, error, "plugin", scratch_pool);
  }
  if (all != NULL)
    all->code = GK_E_CONFIG;
  return all;
}

gk_error_t *gk_plugins_start(gk_plugins_t *plugins, apr_pool_t *scratch_pool)
{
  gk_error_t *first = NULL;
  plugins->pid = (apr_int32_t)getpid();
  gk_plugins_bury_dead(plugins);
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = at(plugins, i);
    if (plugin->state != GK_PLUGIN_LOADED || plugin->current == NULL)
      continue;
    gk_error_t *error = gk_plugin__start(plugin->current, scratch_pool);
    apr_thread_mutex_lock(plugin->lock);
    plugin->state = error == NULL ? GK_PLUGIN_STARTED : GK_PLUGIN_FAILED;
    plugin->generation++;
    apr_thread_mutex_unlock(plugin->lock);
    if (error == NULL)
      continue;
    set_reason(plugin, error);
    gk_plugin__log(plugin, plugin->row.optional ? GK_WARNING : GK_ALARM, "not started: %s",
                   plugin->reason_en);
    if (!plugin->row.optional && first == NULL)
      first = error;
  }
  return first;
}

void gk_plugins_stop(gk_plugins_t *plugins)
{
  for (int i = plugins->plugins->nelts - 1; i >= 0; i--) {
    gk_plugin_t *plugin = at(plugins, i);
    apr_thread_mutex_lock(plugin->lock);
    gk_plugin__instance_t *instance = plugin->current;
    plugin->current = NULL;
    plugin->generation++;
    if (plugin->state == GK_PLUGIN_STARTED)
      plugin->state = GK_PLUGIN_LOADED;
    apr_thread_mutex_unlock(plugin->lock);
    if (instance != NULL)
      gk_plugin__release(instance);
    if (plugin->overrides_pool != NULL)
      apr_pool_destroy(plugin->overrides_pool);
    plugin->overrides_pool = NULL;
    plugin->overrides = NULL;
    plugin->off = false;
    plugin->followed = false;
    plugin->made[0] = plugin->forgiven[0] = '\0';
    if (plugin->off_pool != NULL)
      apr_pool_destroy(plugin->off_pool);
    plugin->off_pool = NULL;
    plugin->off_reason = NULL;
  }
}

static apr_array_header_t *copy_settings(const apr_array_header_t *settings, apr_pool_t *pool)
{
  apr_array_header_t *copy = apr_array_make(pool, settings->nelts + 1, sizeof(gk_plugin_setting_t));
  for (int i = 0; i < settings->nelts; i++) {
    const gk_plugin_setting_t *from = &APR_ARRAY_IDX(settings, i, gk_plugin_setting_t);
    gk_plugin_setting_t *to = apr_array_push(copy);
    to->key = apr_pstrdup(pool, from->key);
    to->value = apr_pstrdup(pool, from->value);
    to->where = NULL;
  }
  return copy;
}

/* The new instance beside the old one: made, checked, started if the old one was. */
static gk_error_t *make_anew(gk_plugin__instance_t **out, gk_plugin_t *plugin,
                             const apr_array_header_t *settings, bool start, apr_pool_t *pool)
{
  gk_plugin__instance_t *instance;
  GK_TRY(gk_plugin__make(&instance, plugin, plugin->row.settings, settings, true, pool));
  gk_error_t *error = gk_plugin__check(instance, pool);
  if (error == NULL && start)
    error = gk_plugin__start(instance, pool);
  if (error != NULL)
    gk_plugin__release(instance);
  else
    *out = instance;
  return error;
}

gk_error_t *gk_plugin_set_options(gk_plugins_t *plugins, const char *name, const apr_array_header_t *settings,
                                  apr_pool_t *pool)
{
  gk_plugin_t *plugin = find(plugins, name);
  gk_plugin__instance_t *fresh = NULL, *old;
  apr_pool_t *own = NULL, *old_pool;
  if (plugin == NULL || plugin->image == NULL)
    return gk_error(pool, GK_E_NOT_FOUND, "没有组件 '%s'", "There is no plugin '%s'", name != NULL ? name : "");
  apr_thread_mutex_lock(plugin->lock);
  bool busy = plugin->changing;
  bool start = plugin->state == GK_PLUGIN_STARTED || plugin->state == GK_PLUGIN_FAILED;
  plugin->changing = true;
  apr_thread_mutex_unlock(plugin->lock);
  if (busy)
    return gk_error_plain(pool, GK_E_RETRY);
  gk_error_t *error = make_anew(&fresh, plugin, settings, start, pool);
  if (error == NULL) {
    apr_pool_create(&own, NULL); /* below the global pool: any thread may */
    apr_array_header_t *overrides = copy_settings(settings, own);
    apr_thread_mutex_lock(plugin->lock);
    old = plugin->current;
    old_pool = plugin->overrides_pool;
    plugin->current = fresh;
    plugin->overrides = overrides;
    plugin->overrides_pool = own;
    plugin->generation++;
    if (start)
      plugin->state = GK_PLUGIN_STARTED;
    plugin->reason_zh = plugin->reason_en = NULL;
    plugin->changing = false;
    apr_thread_mutex_unlock(plugin->lock);
    if (old != NULL)
      gk_plugin__release(old);
    if (old_pool != NULL)
      apr_pool_destroy(old_pool);
    return NULL;
  }
  apr_thread_mutex_lock(plugin->lock);
  plugin->changing = false;
  apr_thread_mutex_unlock(plugin->lock);
  return error;
}

/* ---- on, off, anew ------------------------------------------------------------------------------------ */

const gk_plugin__finding_t *gk_plugin__needed(const gk_plugin_t *plugin)
{
  static const gk_plugin__finding_t policy = {
      "needed", "规则插件不能停用：停用后任何考生都无法填报、审核或上报",
      "A rule engine can't be switched off: no record could be filled in, reviewed or submitted"};
  static const gk_plugin__finding_t missing = {
      "missing", "组件没有装载，无法停用或重新装载；请检查 gaokao.conf 后平滑重启",
      "It was not loaded, so it can't be switched off or made anew: look at gaokao.conf and restart gracefully"};
  if (plugin->image == NULL)
    return &missing;
  return plugin->image->descriptor.kind == GAOKAO_POLICY ? &policy : NULL;
}

static gk_error_t *refuse(const gk_plugin__finding_t *why, apr_pool_t *pool)
{
  return gk_error(pool, GK_E_CONFLICT, "%s%.0s", "%.0s%s", why->zh, why->en);
}

gk_error_t *gk_plugin_try_options(gk_json_t **out, gk_plugins_t *plugins, const char *name, const apr_array_header_t *settings,
                                  apr_pool_t *pool)
{
  gk_plugin_t *plugin = find(plugins, name);
  gk_plugin__instance_t *fresh;
  if (plugin == NULL)
    return gk_error(pool, GK_E_NOT_FOUND, "没有组件 '%s'", "There is no plugin '%s'", name != NULL ? name : "");
  if (plugin->image == NULL)
    return refuse(gk_plugin__needed(plugin), pool);
  apr_thread_mutex_lock(plugin->lock);
  bool start = plugin->state == GK_PLUGIN_STARTED || plugin->state == GK_PLUGIN_FAILED;
  apr_thread_mutex_unlock(plugin->lock);
  GK_TRY(make_anew(&fresh, plugin, settings, start, pool));
  if (out != NULL) {
    *out = gk_plugin_json(plugins, name, pool);
    gk_json_set(*out, "options", gk_plugin__options_json(plugin->image->options, fresh->values, pool));
  }
  gk_plugin__release(fresh);
  return NULL;
}

static gk_error_t *get(gk_plugin_t **out, gk_plugins_t *plugins, const char *name, apr_pool_t *pool)
{
  *out = find(plugins, name);
  return *out != NULL ? NULL : gk_error(pool, GK_E_NOT_FOUND, "没有组件 '%s'", "There is no plugin '%s'", name != NULL ? name : "");
}

gk_error_t *gk_plugin_may_switch(gk_plugins_t *plugins, const char *name, bool off, apr_pool_t *pool)
{
  gk_plugin_t *plugin;
  GK_TRY(get(&plugin, plugins, name, pool));
  return off && gk_plugin__needed(plugin) != NULL ? refuse(gk_plugin__needed(plugin), pool) : NULL;
}

gk_error_t *gk_plugin_switch(gk_plugins_t *plugins, const char *name, const char *off_reason, apr_pool_t *pool)
{
  gk_plugin_t *plugin;
  apr_pool_t *own = NULL, *old;
  GK_TRY(gk_plugin_may_switch(plugins, name, off_reason != NULL, pool));
  GK_TRY(get(&plugin, plugins, name, pool));
  if (off_reason != NULL)
    apr_pool_create(&own, NULL); /* below the global pool: any thread may */
  apr_thread_mutex_lock(plugin->lock);
  bool was = plugin->off;
  old = plugin->off_pool;
  plugin->off_pool = own;
  plugin->off_reason = own != NULL ? apr_pstrdup(own, off_reason) : NULL;
  plugin->off = own != NULL;
  apr_thread_mutex_unlock(plugin->lock);
  if (old != NULL)
    apr_pool_destroy(old);
  if (was != (own != NULL))
    gk_plugin__log(plugin, GK_NOTICE, own != NULL ? "switched off: %s" : "switched on%s", own != NULL ? off_reason : "");
  return NULL;
}

/* ---- what is stored for all processes ------------------------------------------------------------------- */

static const char *value_of(const apr_array_header_t *settings, const char *key)
{
  for (int i = 0; settings != NULL && i < settings->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(settings, i, gk_plugin_setting_t).key, key) == 0)
      return APR_ARRAY_IDX(settings, i, gk_plugin_setting_t).value;
  return NULL;
}

static bool same_settings(const apr_array_header_t *a, const apr_array_header_t *b)
{
  bool same = (a != NULL ? a->nelts : 0) == (b != NULL ? b->nelts : 0);
  for (int i = 0; same && a != NULL && i < a->nelts; i++) {
    const gk_plugin_setting_t *setting = &APR_ARRAY_IDX(a, i, gk_plugin_setting_t);
    const char *value = value_of(b, setting->key);
    same = value != NULL && strcmp(value, setting->value) == 0;
  }
  return same;
}

static bool same_text(const char *a, const char *b)
{
  return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static void log_refusal(gk_plugin_t *plugin, const gk_error_t *error)
{
  const gk_violation_t *first = error->violations != NULL && error->violations->nelts > 0
                                    ? &APR_ARRAY_IDX(error->violations, 0, gk_violation_t) : NULL;
  gk_plugin__log(plugin, GK_WARNING, "goes on as it was, what is stored was not taken: %s",
                 first != NULL ? first->en : error->en != NULL ? error->en : gk_error_info(error->code)->en);
}

apr_uint32_t gk_plugin_follow(gk_plugins_t *plugins, const char *name, const gk_plugin_wish_t *wish, apr_pool_t *pool)
{
  gk_plugin_t *plugin = find(plugins, name);
  if (plugin == NULL || plugin->image == NULL) /* optional, and not loaded on this node */
    return 0;
  gk_error_t *error = NULL;
  bool made = false, first = !plugin->followed;
  bool forgive = !first && !same_text(plugin->forgiven, wish->forgiven);
  if (!same_settings(plugin->overrides, wish->settings) || !same_text(plugin->made, wish->made)) {
    error = gk_plugin_set_options(plugins, name, wish->settings, pool);
    made = error == NULL;
  }
  if (made)
    apr_cpystrn(plugin->made, wish->made != NULL ? wish->made : "", sizeof(plugin->made));
  bool switched = plugin->off != (wish->off_reason != NULL) || !same_text(plugin->off_reason, wish->off_reason);
  if (switched) {
    gk_error_t *refused = gk_plugin_switch(plugins, name, wish->off_reason, pool);
    switched = refused == NULL;
    error = error != NULL ? error : refused;
  }
  if (error != NULL)
    log_refusal(plugin, error);
  if (forgive || (made && !first))
    gk_plugin_reset(plugins, name, pool);
  apr_cpystrn(plugin->forgiven, wish->forgiven != NULL ? wish->forgiven : "", sizeof(plugin->forgiven));
  plugin->followed = true;
  return made || switched ? plugin->image->descriptor.kind : 0;
}
