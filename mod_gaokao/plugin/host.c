/* plugin/host.c: the services a plugin may use. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/text.h"
#include "plugin/internal.h"

apr_int64_t gk_plugin__monotonic_us(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (apr_int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool gk_plugin__text_ok(const char *text, apr_size_t max)
{
  if (text == NULL)
    return false;
  apr_size_t length = strnlen(text, max + 1);
  return length <= max && gk_utf8_valid(text, length);
}

const char *gk_plugin__sentence(apr_pool_t *pool, const char *text)
{
  if (!gk_plugin__text_ok(text, GK_PLUGIN__MAX_TEXT) || text[0] == '\0' || gk_text_forbidden(text, true) != 0)
    return NULL;
  return apr_pstrdup(pool, text);
}

/* One line: what isn't printable becomes '?'. */
static void log_line(gk_plugin_t *plugin, gk_loudness_t loudness, const char *format, va_list arguments)
{
  char line[1000];
  const gk_plugin_env_t *env = &plugin->plugins->env;
  if (env->log == NULL)
    return;
  vsnprintf(line, sizeof(line), format, arguments);
  for (char *p = line; *p != '\0'; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      *p = '?';
  env->log(env->baton, loudness, plugin->name, line);
}

void gk_plugin__log(gk_plugin_t *plugin, gk_loudness_t loudness, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  log_line(plugin, loudness, format, arguments);
  va_end(arguments);
}

static gk_plugin__instance_t *instance_of(const gaokao_host_t *host)
{
  return host->context;
}

static bool pure(const gaokao_host_t *host)
{
  return (instance_of(host)->plugin->image->descriptor.flags & GAOKAO_PURE) != 0;
}

static void service_log(const gaokao_host_t *host, apr_uint32_t level, const char *format, ...)
{
  static const gk_loudness_t loudness[] = {GK_WARNING, GK_ALARM, GK_WARNING, GK_NOTICE, GK_QUIET};
  va_list arguments;
  va_start(arguments, format);
  log_line(instance_of(host)->plugin, loudness[level <= GAOKAO_LOG_DEBUG ? level : 0], format, arguments);
  va_end(arguments);
}

static gaokao_error_t *service_error_new(apr_pool_t *pool, apr_uint32_t code, const char *zh_format,
                                         const char *en_format, ...)
{
  gaokao_error_t *error = apr_pcalloc(pool, sizeof(*error));
  va_list arguments;
  error->size = sizeof(*error);
  error->code = code;
  va_start(arguments, en_format);
  error->zh = zh_format != NULL ? apr_pvsprintf(pool, zh_format, arguments) : NULL;
  va_end(arguments);
  va_start(arguments, en_format);
  error->en = en_format != NULL ? apr_pvsprintf(pool, en_format, arguments) : NULL;
  va_end(arguments);
  return error;
}

static apr_time_t service_now(const gaokao_host_t *host)
{
  const gk_plugin_env_t *env = &instance_of(host)->plugin->plugins->env;
  if (pure(host))
    return 0;
  return env->now != NULL ? env->now(env->baton) : apr_time_now();
}

static apr_int64_t service_monotonic_us(const gaokao_host_t *host)
{
  (void)host;
  return gk_plugin__monotonic_us();
}

static const gk_plugin__value_t *value_of(const gaokao_host_t *host, const char *key)
{
  const apr_array_header_t *values = instance_of(host)->values;
  for (int i = 0; values != NULL && i < values->nelts; i++) {
    const gk_plugin__value_t *value = &APR_ARRAY_IDX(values, i, gk_plugin__value_t);
    if (strcmp(value->row->key, key) == 0)
      return value->text != NULL ? value : NULL;
  }
  return NULL;
}

static const char *service_option_string(const gaokao_host_t *host, const char *key)
{
  const gk_plugin__value_t *value = value_of(host, key);
  if (value == NULL || (value->row->type != GAOKAO_OPTION_STRING && value->row->type != GAOKAO_OPTION_WORD))
    return NULL;
  return value->text;
}

static apr_int64_t service_option_int(const gaokao_host_t *host, const char *key)
{
  const gk_plugin__value_t *value = value_of(host, key);
  return value != NULL ? value->integer : 0;
}

static double service_option_real(const gaokao_host_t *host, const char *key)
{
  const gk_plugin__value_t *value = value_of(host, key);
  return value != NULL ? value->real : 0;
}

static apr_status_t service_random(const gaokao_host_t *host, void *bytes, apr_size_t length)
{
  return pure(host) ? APR_ENOTIMPL : apr_generate_random_bytes(bytes, length);
}

static apr_status_t service_temp_file(const gaokao_host_t *host, apr_file_t **file, apr_pool_t *pool)
{
  const char *folder;
  char *path;
  apr_status_t status;
  if (pure(host))
    return APR_ENOTIMPL;
  status = apr_temp_dir_get(&folder, pool);
  if (status != APR_SUCCESS)
    return status;
  path = apr_pstrcat(pool, folder, "/gaokao-XXXXXX", NULL);
  status =
      apr_file_mktemp(file, path, APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_EXCL, pool);
  if (status == APR_SUCCESS)
    apr_file_remove(path, pool);
  return status;
}

static bool event_name_ok(const char *name)
{
  apr_size_t length = name != NULL ? strnlen(name, GK_PLUGIN__EVENT_BYTES) : 0;
  return length > 0 && length < GK_PLUGIN__EVENT_BYTES &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/* Slots are named once and never given up, so that readers need no lock; a slot that is being named is waited
 * for by nobody: this one addition goes to the next free slot or is lost. */
static void service_metric_add(const gaokao_host_t *host, const char *name, apr_uint64_t by)
{
  gk_plugin__shared_t *shared = instance_of(host)->plugin->shared;
  if (!event_name_ok(name))
    return;
  for (int i = 0; i < GK_PLUGIN__EVENTS; i++) {
    apr_uint32_t state = atomic_load_explicit(&shared->events[i].state, memory_order_acquire);
    if (state == 0 && atomic_compare_exchange_strong(&shared->events[i].state, &state, 1)) {
      apr_cpystrn(shared->events[i].name, name, GK_PLUGIN__EVENT_BYTES);
      atomic_store_explicit(&shared->events[i].state, 2, memory_order_release);
      state = 2;
    }
    if (state == 2 && strcmp(shared->events[i].name, name) == 0) {
      atomic_fetch_add_explicit(&shared->events[i].count, by, memory_order_relaxed);
      return;
    }
  }
}

void gk_plugin__host(gaokao_host_t *host, gk_plugin__instance_t *instance)
{
  memset(host, 0, sizeof(*host));
  host->size = sizeof(*host);
  host->abi_minor = GAOKAO_ABI_MINOR;
  host->context = instance;
  host->log = service_log;
  host->error_new = service_error_new;
  host->now = service_now;
  host->monotonic_us = service_monotonic_us;
  host->option_string = service_option_string;
  host->option_int = service_option_int;
  host->option_real = service_option_real;
  host->random = service_random;
  host->temp_file = service_temp_file;
  host->metric_add = service_metric_add;
}
