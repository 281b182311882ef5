/* plugin/instance.c: instances and their references. An instance ends when its last reference goes: that of
 * the plugin, which changes with its options, or of a ruleset, a stream, a call. */
#include <string.h>
#include <apr_allocator.h>
#include <apr_strings.h>
#include "plugin/internal.h"

/* Calls of a life's beginning. They are not guarded as the later ones: failing is an answer here. */
static gaokao_call_t life_call(gk_plugin_t *plugin, apr_pool_t *scratch)
{
  gaokao_call_t call = {sizeof(call), 0, "life", "zh-CN", 0, scratch};
  call.deadline_us = gk_plugin__monotonic_us() + plugin->row.deadline_us;
  return call;
}

static gk_error_t *life_error(gk_plugin_t *plugin, const gaokao_error_t *error, apr_pool_t *pool)
{
  const char *zh = NULL, *en = NULL;
  if (error == NULL)
    return NULL;
  if (error->size >= sizeof(*error)) {
    zh = gk_plugin__sentence(pool, error->zh);
    en = gk_plugin__sentence(pool, error->en);
  }
  if (zh == NULL || en == NULL)
    zh = "没有说明原因", en = "it does not say why";
  gk_error_t *result = gk_error(pool, GK_E_PLUGIN, "组件 %s：%s", "%s: %s", plugin->name, zh);
  result->en = apr_psprintf(pool, "Plugin %s: %s", plugin->name, en);
  return result;
}

/* A root pool with an allocator of its own: created and destroyed in any thread without touching
 * another's. */
static apr_pool_t *own_pool(void)
{
  apr_allocator_t *allocator;
  apr_pool_t *pool;
  apr_thread_mutex_t *mutex;
  if (apr_allocator_create(&allocator) != APR_SUCCESS)
    return NULL;
  if (apr_pool_create_ex(&pool, NULL, NULL, allocator) != APR_SUCCESS) {
    apr_allocator_destroy(allocator);
    return NULL;
  }
  apr_allocator_owner_set(allocator, pool);
  /* Scratch pools of calls in several threads may hang below it. */
  if (apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS)
    apr_allocator_mutex_set(allocator, mutex);
  return pool;
}

static void end_instance(gk_plugin__instance_t *instance)
{
  if (instance->started && instance->plugin->image->life.stop != NULL)
    instance->plugin->image->life.stop(instance->self);
  apr_pool_destroy(instance->pool);
}

gk_error_t *gk_plugin__make(gk_plugin__instance_t **out, gk_plugin_t *plugin,
                            const apr_array_header_t *config, const apr_array_header_t *overrides,
                            bool required, apr_pool_t *pool)
{
  const gaokao_life_t *life = &plugin->image->life;
  apr_pool_t *own = own_pool();
  gk_error_t *error = NULL;
  if (own == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "no memory for plugin %s", plugin->name);
  gk_plugin__instance_t *instance = apr_pcalloc(own, sizeof(*instance));
  instance->plugin = plugin;
  instance->pool = own;
  instance->references = 1;
  if ((plugin->image->descriptor.flags & GAOKAO_THREAD_SAFE) == 0)
    apr_thread_mutex_create(&instance->turn, APR_THREAD_MUTEX_TIMED, own);
  instance->values = gk_plugin__values(plugin->image->options, config, plugin->row.where, overrides, required,
                                       &error, own);
  if (error != NULL) {
    error = gk_error_dup(pool, error);
    apr_pool_destroy(own);
    return error;
  }
  gk_plugin__host(&instance->host, instance);
  gaokao_call_t call = life_call(plugin, own);
  gaokao_error_t *fault = life->create(&instance->host, own, &instance->self);
  if (fault == NULL && life->configure != NULL)
    fault = life->configure(instance->self, &call);
  error = life_error(plugin, fault, pool);
  if (error != NULL)
    end_instance(instance);
  else
    *out = instance;
  return error;
}

gk_error_t *gk_plugin__check(gk_plugin__instance_t *instance, apr_pool_t *pool)
{
  gaokao_call_t call = life_call(instance->plugin, pool);
  if (instance->plugin->image->life.check == NULL)
    return NULL;
  return life_error(instance->plugin, instance->plugin->image->life.check(instance->self, &call), pool);
}

gk_error_t *gk_plugin__start(gk_plugin__instance_t *instance, apr_pool_t *pool)
{
  gaokao_call_t call = life_call(instance->plugin, pool);
  const gaokao_life_t *life = &instance->plugin->image->life;
  if (instance->started)
    return NULL;
  if (life->start != NULL)
    GK_TRY(life_error(instance->plugin, life->start(instance->self, &call), pool));
  instance->started = true;
  return NULL;
}

static gk_plugin__instance_t *hold(gk_plugin_t *plugin, bool off)
{
  gk_plugin__instance_t *instance = NULL;
  apr_thread_mutex_lock(plugin->lock);
  if (plugin->off == off && plugin->state == GK_PLUGIN_STARTED && plugin->current != NULL) {
    instance = plugin->current;
    instance->references++;
  }
  apr_thread_mutex_unlock(plugin->lock);
  return instance;
}

gk_plugin__instance_t *gk_plugin__hold(gk_plugin_t *plugin) { return hold(plugin, false); }
gk_plugin__instance_t *gk_plugin__hold_off(gk_plugin_t *plugin) { return hold(plugin, true); }

void gk_plugin__hold_again(gk_plugin__instance_t *instance)
{
  apr_thread_mutex_lock(instance->plugin->lock);
  instance->references++;
  apr_thread_mutex_unlock(instance->plugin->lock);
}

void gk_plugin__release(gk_plugin__instance_t *instance)
{
  apr_thread_mutex_t *lock = instance->plugin->lock;
  apr_thread_mutex_lock(lock);
  bool last = --instance->references == 0;
  apr_thread_mutex_unlock(lock);
  if (last)
    end_instance(instance);
}
