/* plugin/report.c: what people and monitoring see of the plugins. */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "plugin/internal.h"

const char *gk_plugin_state_word(gk_plugin_state_t state)
{
  static const char *const words[] = {"?", "loaded", "started", "degraded", "failed", "missing", "disabled"};
  return words[state >= GK_PLUGIN_LOADED && state <= GK_PLUGIN_DISABLED ? (int)state : 0];
}

const char *gk_plugin_kind_word(apr_uint32_t kind)
{
  static const char *const words[] = {"?", "device", "policy", "photo", "export"};
  return words[kind <= GAOKAO_EXPORT ? kind : 0];
}

static const char *const on_error_words[] = {NULL, "fail", "review", "skip"};

gk_on_error_t gk_on_error_of(const char *word)
{
  for (int i = GK_ON_ERROR_FAIL; word != NULL && i <= GK_ON_ERROR_SKIP; i++)
    if (strcmp(on_error_words[i], word) == 0)
      return (gk_on_error_t)i;
  return (gk_on_error_t)0;
}

static gk_plugin_state_t state_of(gk_plugin_t *plugin, bool off)
{
  if (off)
    return GK_PLUGIN_DISABLED;
  bool hurt = gk_plugin__degraded(plugin) > 0 || gk_standing__barred(plugin->plugins->standing, plugin->index) > 0;
  return plugin->state == GK_PLUGIN_STARTED && hurt ? GK_PLUGIN_DEGRADED : plugin->state;
}

/* Degraded by single records only, it goes on serving all others. */
static bool in_service(gk_plugin_t *plugin)
{
  return !plugin->off && plugin->state == GK_PLUGIN_STARTED && gk_plugin__degraded(plugin) == 0;
}

static gk_json_t *two_texts(const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *texts = gk_json_object(pool);
  gk_json_set_str(texts, "zh", zh);
  gk_json_set_str(texts, "en", en);
  return texts;
}

typedef struct health_t {
  const char *state, *zh, *en;
  apr_pool_t *pool;
} health_t;

static gaokao_error_t *ask_health(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                  const char **lie)
{
  static const char *const words[] = {NULL, "good", "poor", "bad"};
  health_t *health = baton;
  gaokao_health_t given = {sizeof(given), 0, NULL, NULL};
  gaokao_error_t *error = instance->plugin->image->life.health(instance->self, call, &given);
  if (error != NULL)
    return error;
  if (given.state < GAOKAO_HEALTH_GOOD || given.state > GAOKAO_HEALTH_BAD) {
    *lie = "health() answers an unknown state";
    return NULL;
  }
  health->state = words[given.state];
  health->zh = gk_plugin__sentence(health->pool, given.zh);
  health->en = gk_plugin__sentence(health->pool, given.en);
  return NULL;
}

static void add_health(gk_json_t *json, gk_plugin_t *plugin, apr_pool_t *pool)
{
  health_t health = {"unknown", NULL, NULL, pool};
  gk_plugin__instance_t *instance = gk_plugin__degraded(plugin) == 0 ? gk_plugin__hold(plugin) : NULL;
  if (instance != NULL) {
    gk_error_t *error =
        gk_plugin__guard(instance, GK_CALL_ASIDE, "health", NULL, ask_health, &health, NULL, NULL, pool);
    if (error != NULL)
      health.state = "bad", health.zh = error->zh, health.en = error->en;
    gk_plugin__release(instance);
  }
  gk_json_t *texts = two_texts(health.zh, health.en, pool);
  gk_json_set_str(texts, "state", health.state);
  gk_json_set(json, "health", texts);
}

static void add_image(gk_json_t *json, const gk_plugin__image_t *image, const apr_array_header_t *pairs,
                      apr_pool_t *pool)
{
  const gaokao_descriptor_t *descriptor = &image->descriptor;
  gk_json_t *facts = gk_json_object(pool);
  gk_json_set_str(json, "kind", gk_plugin_kind_word(descriptor->kind));
  gk_json_set_str(json, "version", descriptor->version);
  gk_json_set_str(json, "licence", descriptor->licence);
  gk_json_set_str(json, "abi", apr_psprintf(pool, "%u.%u", descriptor->abi_major, descriptor->abi_minor));
  gk_json_set_bool(json, "thread_safe", (descriptor->flags & GAOKAO_THREAD_SAFE) != 0);
  gk_json_set_bool(json, "pure", (descriptor->flags & GAOKAO_PURE) != 0);
  gk_json_set_bool(json, "needs_network", (descriptor->flags & GAOKAO_NEEDS_NETWORK) != 0);
  for (int i = 0; pairs != NULL && i < pairs->nelts; i++) {
    const gaokao_pair_t *pair = &APR_ARRAY_IDX(pairs, i, gaokao_pair_t);
    gk_json_set_str(facts, pair->name, pair->value);
  }
  gk_json_set(json, "facts", facts);
}

static void add_counters(gk_json_t *json, const gk_plugin_t *plugin, apr_pool_t *pool)
{
  const gk_plugin__shared_t *shared = plugin->shared;
  apr_uint64_t calls = atomic_load(&shared->calls);
  apr_int64_t left = gk_plugin__degraded((gk_plugin_t *)plugin);
  gk_json_t *events = gk_json_object(pool);
  gk_json_set_int(json, "calls", (apr_int64_t)calls);
  gk_json_set_int(json, "failures", (apr_int64_t)atomic_load(&shared->failures));
  gk_json_set_int(json, "late", (apr_int64_t)atomic_load(&shared->late));
  gk_json_set_int(json, "failures_in_row", atomic_load(&shared->in_a_row));
  gk_json_set_int(json, "mean_us", calls > 0 ? (apr_int64_t)(atomic_load(&shared->sum_us) / calls) : 0);
  gk_json_set_int(json, "max_us", (apr_int64_t)atomic_load(&shared->max_us));
  gk_json_set_int(json, "inside", atomic_load(&plugin->inside));
  gk_json_set_int(json, "retry_in_us", left);
  for (int i = 0; i < GK_PLUGIN__EVENTS; i++)
    if (atomic_load_explicit(&shared->events[i].state, memory_order_acquire) == 2) {
      const char *name = shared->events[i].name;
      gk_json_set_int(events, name,
                      gk_json_int(events, name) + (apr_int64_t)atomic_load(&shared->events[i].count));
    }
  gk_json_set(json, "events", events);
}

static const char *why_word(int why, apr_pool_t *pool)
{
  if (why == GK_WHY_STUCK)
    return "stuck";
  return why == GK_WHY_LOST ? "lost" : apr_psprintf(pool, "signal %d", why);
}

/* Records that processes died on or hung at: what a person has to look at. */
static void add_suspects(gk_json_t *json, gk_plugin_t *plugin, apr_pool_t *pool)
{
  gk_standing_t *standing = plugin->plugins->standing;
  gk_json_t *array = gk_json_array(pool);
  gk_json_set_int(json, "crashes", (apr_int64_t)atomic_load(&plugin->shared->crashes));
  gk_json_set_int(json, "stuck", (apr_int64_t)atomic_load(&plugin->shared->stuck));
  gk_json_set_int(json, "refused", (apr_int64_t)atomic_load(&plugin->shared->refused));
  for (int i = 0; i < GK_STANDING_SUSPECTS; i++) {
    gk_plugin__suspect_t *suspect = &standing->suspects[i];
    if (atomic_load_explicit(&suspect->state, memory_order_acquire) != 2 || suspect->plugin != (apr_uint32_t)plugin->index)
      continue;
    gk_json_t *one = gk_json_object(pool);
    unsigned deaths = atomic_load(&suspect->deaths);
    gk_json_set_str(one, "record", apr_pstrmemdup(pool, suspect->record,
                                                  strnlen(suspect->record, GK_PLUGIN__RECORD_BYTES - 1)));
    gk_json_set_int(one, "deaths", deaths);
    gk_json_set_bool(one, "barred", deaths >= GK_STANDING_DEATHS);
    gk_json_set_str(one, "why", why_word(atomic_load(&suspect->why), pool));
    gk_json_set_time(one, "last", atomic_load(&suspect->last));
    gk_json_add(array, one);
  }
  gk_json_set(json, "suspects", array);
}

/* `next_off` (may be NULL): as it will be with this reason for being off, or on. */
static gk_json_t *plugin_json(gk_plugin_t *plugin, const char *const *next_off, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "name", plugin->name);
  gk_json_set_str(json, "file", gk_plugin__name_of(plugin->row.path, pool));
  gk_json_set_bool(json, "optional", plugin->row.optional);
  gk_json_set_str(json, "on_error", on_error_words[plugin->row.on_error]);
  gk_json_set_int(json, "deadline_us", plugin->row.deadline_us);
  gk_json_set_int(json, "fail_limit", plugin->row.fail_limit);
  gk_json_set_int(json, "max_inside", plugin->row.max_inside);
  if (plugin->image != NULL) {
    add_image(json, plugin->image, plugin->facts, pool);
    add_health(json, plugin, pool);
  }
  /* The instance may change under us: hold it while its values are read. */
  apr_thread_mutex_lock(plugin->lock);
  gk_plugin__instance_t *instance = plugin->current;
  if (instance != NULL)
    instance->references++;
  const char *off = next_off != NULL ? *next_off : plugin->off_reason;
  gk_json_set_str(json, "state", gk_plugin_state_word(state_of(plugin, off != NULL)));
  if (off != NULL)
    gk_json_set(json, "reason", two_texts(off, off, pool));
  else if (plugin->reason_zh != NULL)
    gk_json_set(json, "reason", two_texts(plugin->reason_zh, plugin->reason_en, pool));
  else
    gk_json_set_null(json, "reason");
  const gk_plugin__finding_t *needed = gk_plugin__needed(plugin);
  if (needed != NULL)
    gk_json_set(json, "needed", two_texts(needed->zh, needed->en, pool));
  else
    gk_json_set_null(json, "needed");
  apr_thread_mutex_unlock(plugin->lock);
  if (plugin->image != NULL)
    gk_json_set(
        json, "options",
        gk_plugin__options_json(plugin->image->options, instance != NULL ? instance->values : NULL, pool));
  if (instance != NULL)
    gk_plugin__release(instance);
  add_counters(json, plugin, pool);
  add_suspects(json, plugin, pool);
  return json;
}

gk_json_t *gk_plugins_json(gk_plugins_t *plugins, apr_pool_t *pool)
{
  gk_json_t *array = gk_json_array(pool);
  for (int i = 0; i < plugins->plugins->nelts; i++)
    gk_json_add(array, plugin_json(APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *), NULL, pool));
  return array;
}

static gk_json_t *one_json(gk_plugins_t *plugins, const char *name, const char *const *next_off, apr_pool_t *pool)
{
  for (int i = 0; name != NULL && i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    if (strcmp(plugin->name, name) == 0)
      return plugin_json(plugin, next_off, pool);
  }
  return NULL;
}

gk_json_t *gk_plugin_json(gk_plugins_t *plugins, const char *name, apr_pool_t *pool)
{
  return one_json(plugins, name, NULL, pool);
}

gk_json_t *gk_plugin_json_switched(gk_plugins_t *plugins, const char *name, const char *off_reason, apr_pool_t *pool)
{
  return one_json(plugins, name, &off_reason, pool);
}

gk_error_t *gk_plugins_ready(gk_plugins_t *plugins, apr_pool_t *pool)
{
  const char *names = NULL;
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    if (plugin->row.optional || plugin->off || in_service(plugin))
      continue;
    names = names == NULL ? plugin->name : apr_pstrcat(pool, names, ", ", plugin->name, NULL);
  }
  if (names == NULL)
    return NULL;
  return gk_error(pool, GK_E_PLUGIN, "组件不可用：%s", "Plugins out of service: %s", names);
}

/* ---- Prometheus --------------------------------------------------------------------------------------- */

typedef struct lines_t { apr_array_header_t *parts; apr_pool_t *pool; } lines_t;

static void line(lines_t *lines, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  APR_ARRAY_PUSH(lines->parts, const char *) = apr_pvsprintf(lines->pool, format, arguments);
  va_end(arguments);
}

static void counter(lines_t *lines, gk_plugins_t *plugins, const char *name, const char *help,
                    apr_size_t offset)
{
  line(lines, "# HELP gaokao_plugin_%s %s\n# TYPE gaokao_plugin_%s counter\n", name, help, name);
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    _Atomic apr_uint64_t *value = (_Atomic apr_uint64_t *)(void *)((char *)plugin->shared + offset);
    line(lines, "gaokao_plugin_%s{plugin=\"%s\"} %" APR_UINT64_T_FMT "\n", name, plugin->name,
         atomic_load(value));
  }
}

static void histogram(lines_t *lines, const gk_plugin_t *plugin)
{
  apr_uint64_t sum = 0;
  for (int i = 0; i <= GK_PLUGIN__BUCKETS; i++) {
    sum += atomic_load(&plugin->shared->buckets[i]);
    if (i < GK_PLUGIN__BUCKETS)
      line(lines, "gaokao_plugin_seconds_bucket{plugin=\"%s\",le=\"%g\"} %" APR_UINT64_T_FMT "\n",
           plugin->name, (double)gk_plugin__bucket_us[i] / 1e6, sum);
    else
      line(lines, "gaokao_plugin_seconds_bucket{plugin=\"%s\",le=\"+Inf\"} %" APR_UINT64_T_FMT "\n",
           plugin->name, sum);
  }
  line(
      lines,
      "gaokao_plugin_seconds_sum{plugin=\"%s\"} %.6f\n"
      "gaokao_plugin_seconds_count{plugin=\"%s\"} %" APR_UINT64_T_FMT
      "\n",
      plugin->name, (double)atomic_load(&plugin->shared->sum_us) / 1e6, plugin->name, sum);
}

static apr_uint64_t event_sum(const gk_plugin__shared_t *shared, int first)
{
  apr_uint64_t sum = 0;
  for (int i = 0; i < GK_PLUGIN__EVENTS; i++)
    if (atomic_load_explicit(&shared->events[i].state, memory_order_acquire) == 2 &&
        strcmp(shared->events[i].name, shared->events[first].name) == 0) {
      if (i < first)
        return APR_UINT64_MAX; /* said already */
      sum += atomic_load(&shared->events[i].count);
    }
  return sum;
}

static void processes(lines_t *lines, gk_standing_t *standing)
{
  static const char *const programs[] = {"httpd", "gaokao-worker"};
  line(lines, "# HELP gaokao_process_resident_bytes Memory of each process\n"
       "# TYPE gaokao_process_resident_bytes gauge\n");
  for (int i = 0; i < GK_STANDING_PROCESSES; i++) {
    gk_plugin__process_t *process = &standing->processes[i];
    apr_int32_t pid = atomic_load(&process->pid);
    apr_int64_t bytes = atomic_load(&process->bytes);
    if (pid > 0 && bytes > 0)
      line(lines, "gaokao_process_resident_bytes{program=\"%s\",pid=\"%d\",leaving=\"%d\"} %" APR_INT64_T_FMT "\n",
           programs[atomic_load(&process->program) == 1], (int)pid, atomic_load(&process->leaving) != 0, bytes);
  }
}

const char *gk_plugins_metrics(gk_plugins_t *plugins, apr_pool_t *pool)
{
  lines_t lines = {apr_array_make(pool, 64, sizeof(const char *)), pool};
  int n = plugins->plugins->nelts;
  line(&lines, "# HELP gaokao_plugin_up 1 when the plugin is in service\n# TYPE gaokao_plugin_up gauge\n");
  for (int i = 0; i < n; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    line(&lines, "gaokao_plugin_up{plugin=\"%s\",kind=\"%s\"} %d\n", plugin->name,
         gk_plugin_kind_word(plugin->image != NULL ? plugin->image->descriptor.kind : 0),
         in_service(plugin));
  }
  line(&lines, "# HELP gaokao_plugin_state 1 loaded, 2 started, 3 degraded, 4 failed, 5 missing\n"
       "# TYPE gaokao_plugin_state gauge\n");
  for (int i = 0; i < n; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    line(&lines, "gaokao_plugin_state{plugin=\"%s\"} %d\n", plugin->name, (int)state_of(plugin, plugin->off));
  }
  counter(&lines, plugins, "calls_total", "Calls that were let in", offsetof(gk_plugin__shared_t, calls));
  counter(&lines, plugins, "failures_total", "Errors, late calls and answers that broke the ABI's rules",
          offsetof(gk_plugin__shared_t, failures));
  counter(&lines, plugins, "late_total", "Calls that passed their deadline",
          offsetof(gk_plugin__shared_t, late));
  counter(&lines, plugins, "crashes_total", "Processes that ended inside the plugin",
          offsetof(gk_plugin__shared_t, crashes));
  counter(&lines, plugins, "stuck_total", "Calls that did not return", offsetof(gk_plugin__shared_t, stuck));
  counter(&lines, plugins, "refused_total", "Calls that were not let in", offsetof(gk_plugin__shared_t, refused));
  line(&lines, "# HELP gaokao_plugin_barred Records the plugin is not asked about any more\n"
       "# TYPE gaokao_plugin_barred gauge\n");
  for (int i = 0; i < n; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    line(&lines, "gaokao_plugin_barred{plugin=\"%s\"} %d\n", plugin->name,
         gk_standing__barred(plugins->standing, plugin->index));
  }
  line(&lines,
       "# HELP gaokao_plugin_seconds Time inside the plugin\n# TYPE gaokao_plugin_seconds histogram\n");
  for (int i = 0; i < n; i++)
    histogram(&lines, APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *));
  line(&lines, "# HELP gaokao_plugin_events_total What plugins count themselves\n"
       "# TYPE gaokao_plugin_events_total counter\n");
  for (int i = 0; i < n; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    for (int e = 0; e < GK_PLUGIN__EVENTS; e++) {
      if (atomic_load_explicit(&plugin->shared->events[e].state, memory_order_acquire) != 2)
        continue;
      apr_uint64_t sum = event_sum(plugin->shared, e);
      if (sum != APR_UINT64_MAX)
        line(&lines, "gaokao_plugin_events_total{plugin=\"%s\",event=\"%s\"} %" APR_UINT64_T_FMT "\n",
             plugin->name, plugin->shared->events[e].name, sum);
    }
  }
  processes(&lines, plugins->standing);
  return apr_array_pstrcat(pool, lines.parts, 0);
}

/* ---- plugin-check ------------------------------------------------------------------------------------- */

static void add_finding(gk_json_t *findings, const char *code, const char *zh, const char *en,
                        apr_pool_t *pool)
{
  gk_json_t *one = two_texts(zh, en, pool);
  gk_json_set_str(one, "code", code);
  gk_json_add(findings, one);
}

gk_json_t *gk_plugin_check_file(const char *path, bool *good, apr_pool_t *pool)
{
  apr_pool_t *own;
  gk_json_t *report = gk_json_object(pool), *findings = gk_json_array(pool);
  apr_pool_create(&own, pool);
  const char *name = gk_plugin__name_of(path, own);
  apr_array_header_t *found = apr_array_make(own, 4, sizeof(gk_plugin__finding_t));
  /* Opened once for the findings, then loaded like any other for what only a run shows. */
  gk_plugin__image_t *image = gk_plugin__open(path, name, found, own);
  *good = image != NULL;
  gk_json_set_str(report, "file", path);
  gk_json_set_str(report, "name", name);
  for (int i = 0; i < found->nelts; i++) {
    const gk_plugin__finding_t *one = &APR_ARRAY_IDX(found, i, gk_plugin__finding_t);
    add_finding(findings, one->code, one->zh, one->en, pool);
  }
  if (image != NULL) {
    bool needs_options = false;
    for (int i = 0; i < image->options->nelts; i++) {
      const gaokao_option_t *row = &APR_ARRAY_IDX(image->options, i, gaokao_option_t);
      needs_options = needs_options || ((row->flags & GAOKAO_OPTION_REQUIRED) != 0 && row->preset == NULL);
    }
    add_image(report, image, NULL, pool);
    gk_json_set(report, "options", gk_plugin__options_json(image->options, NULL, pool));
    if (!needs_options) {
      gk_plugins_t *plugins = gk_plugins_create(NULL, own);
      apr_array_header_t *rows = apr_array_make(own, 1, sizeof(gk_plugin_row_t));
      gk_plugin_row_t *row = apr_array_push(rows);
      memset(row, 0, sizeof(*row));
      row->path = path;
      gk_error_t *error = gk_plugins_load(plugins, rows, own);
      if (error == NULL)
        error = gk_plugins_check(plugins, own);
      for (int i = 0; error != NULL && i < error->violations->nelts; i++) {
        const gk_violation_t *one = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
        add_finding(findings, one->code, one->zh, one->en, pool);
      }
      *good = error == NULL;
      if (error == NULL)
        add_image(report, image, APR_ARRAY_IDX(plugins->plugins, 0, gk_plugin_t *)->facts, pool);
    }
  }
  gk_json_set(report, "findings", findings);
  gk_json_set_bool(report, "good", *good);
  apr_pool_destroy(own);
  return report;
}
