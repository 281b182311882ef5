/* plugin/guard.c: the one way into a plugin. Here calls are refused, timed, counted, and failures in a row
 * take the plugin out of service for a pause that doubles; after it one call is let in to see. */
#include <string.h>
#include <apr_strings.h>
#include "plugin/internal.h"

#define FIRST_PAUSE_US 1000000
#define LONGEST_PAUSE_US (5 * 60 * 1000000LL)
#define LONGEST_WAIT_US (200 * 1000)

const apr_int64_t gk_plugin__bucket_us[GK_PLUGIN__BUCKETS] = {10,   25,    50,     100,    250,    1000,
                                                              5000, 25000, 100000, 500000, 2500000};

typedef struct entry_t {
  gk_plugin__instance_t *instance;
  gk_plugin__weight_t weight;
  const char *record;
  apr_int64_t started_us;
  bool probe;               /* the one call that is let in after a pause */
  bool proves;              /* coming back says that the record does no harm */
  gk_plugin__slot_t *slot;
} entry_t;

apr_int64_t gk_plugin__degraded(gk_plugin_t *plugin)
{
  apr_int64_t retry_at = atomic_load_explicit(&plugin->shared->retry_at_us, memory_order_relaxed);
  if (retry_at == 0)
    return 0;
  apr_int64_t left = retry_at - gk_plugin__monotonic_us();
  return left > 0 ? left : 1;
}

gk_error_t *gk_plugin__off_refusal(const gk_plugin_t *plugin, apr_pool_t *pool)
{
  gk_error_t *off = gk_error(pool, GK_E_PLUGIN, "组件 %s 已由省级管理员停用",
                             "The plugin %s is switched off by the province's administrator", plugin->name);
  off->quiet = 1; /* whoever switched it off knows */
  off->later = 1;
  return gk_error_retry(off, 60 * APR_USEC_PER_SEC);
}

gk_error_t *gk_plugin__refusal(gk_plugin_t *plugin, apr_interval_time_t retry_after_us, apr_pool_t *pool)
{
  if (plugin->off)
    return gk_plugin__off_refusal(plugin, pool);
  gk_error_t *error = gk_error(pool, GK_E_PLUGIN, "组件 %s 暂时不可用，请稍后再试",
                               "The plugin %s is not in service; try again shortly", plugin->name);
  return gk_error_retry(error, retry_after_us > 1000000 ? retry_after_us : 1000000);
}

static gk_error_t *barred(gk_plugin_t *plugin, apr_pool_t *pool)
{
  gk_error_t *error = gk_error(pool, GK_E_PLUGIN, "组件 %s 多次在这条记录上出错中断，暂不再处理；已列入待查，请联系省级管理员",
                               "The plugin %s broke down on this record several times and is not asked about it any more; it is "
                               "listed for a look: tell the province's administrator", plugin->name);
  error->quiet = 1; /* the deaths were loud enough */
  return gk_error_retry(error, 60 * APR_USEC_PER_SEC);
}

/* Records that processes died on: one call at a time is let in, after three deaths none. */
static gk_error_t *suspect(entry_t *entry, apr_pool_t *pool)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  gk_plugins_t *plugins = plugin->plugins;
  if (!entry->proves)
    return gk_standing__deaths(plugins->standing, plugin->index, entry->record) >= GK_STANDING_DEATHS ? barred(plugin, pool)
                                                                                                      : NULL;
  switch (gk_standing__ask(plugins->standing, plugin->index, entry->record, plugins->pid)) {
  case GK_SUSPICION_WAIT: return gk_plugin__refusal(plugin, 0, pool);
  case GK_SUSPICION_BARRED: return barred(plugin, pool);
  default: return NULL;
  }
}

static void let_go(entry_t *entry)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  atomic_fetch_sub(&plugin->inside, 1);
  if (entry->proves && gk_standing__deaths(plugin->plugins->standing, plugin->index, entry->record) > 0)
    gk_standing__tried(plugin->plugins->standing, plugin->index, entry->record);
}

/* Plugins that are not thread safe work on one call at a time; who has waited for a whole deadline goes away. */
static gk_error_t *take_turn(entry_t *entry, apr_pool_t *pool)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  apr_thread_mutex_t *turn = entry->instance->turn;
  if (turn == NULL || apr_thread_mutex_trylock(turn) == APR_SUCCESS ||
      apr_thread_mutex_timedlock(turn, plugin->row.deadline_us) == APR_SUCCESS)
    return NULL;
  atomic_fetch_sub(&plugin->inside, 1);
  return gk_plugin__refusal(plugin, 0, pool);
}

/* One of max_inside places. Calls are short, so that a place is free in a moment; where it is not, they hang, and whoever
 * waited longer would keep a connection to the database from those who want nothing of this plugin. */
static bool take_place(gk_plugin_t *plugin)
{
  for (apr_int64_t waited_us = 0; waited_us <= LONGEST_WAIT_US; waited_us += 1000) {
    if (atomic_fetch_add(&plugin->inside, 1) < plugin->row.max_inside)
      return true;
    atomic_fetch_sub(&plugin->inside, 1);
    apr_sleep(1000);
  }
  return false;
}

static gk_error_t *admit(entry_t *entry, apr_pool_t *pool)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  apr_int64_t retry_at = atomic_load_explicit(&plugin->shared->retry_at_us, memory_order_relaxed);
  entry->started_us = gk_plugin__monotonic_us();
  entry->probe = false;
  bool within = entry->weight == GK_CALL_WITHIN || entry->weight == GK_CALL_LAST;
  if (retry_at != 0 && !within) {
    /* Whoever moves the moment on is the one to try; the others wait until its outcome is known. */
    apr_int64_t next = entry->started_us + plugin->row.deadline_us + FIRST_PAUSE_US;
    if (entry->started_us < retry_at ||
        (entry->weight != GK_CALL_ASIDE &&
         !atomic_compare_exchange_strong(&plugin->shared->retry_at_us, &retry_at, next)))
      return gk_plugin__refusal(plugin, retry_at - entry->started_us, pool);
    entry->probe = entry->weight != GK_CALL_ASIDE;
  }
  if (!take_place(plugin))
    return gk_plugin__refusal(plugin, 0, pool);
  /* Last: whoever has the one try must really make it. */
  gk_error_t *error = take_turn(entry, pool);
  if (error == NULL && (error = suspect(entry, pool)) != NULL) {
    if (entry->instance->turn != NULL)
      apr_thread_mutex_unlock(entry->instance->turn);
    atomic_fetch_sub(&plugin->inside, 1);
  }
  return error;
}

static gk_error_t *enter(entry_t *entry, apr_pool_t *pool)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  gk_error_t *error = admit(entry, pool);
  if (error != NULL) {
    atomic_fetch_add_explicit(&plugin->shared->refused, 1, memory_order_relaxed);
    return error;
  }
  entry->slot = gk_standing__enter(plugin->plugins->standing, plugin->index, entry->record, plugin->plugins->pid,
                                   gk_plugin__monotonic_us());
  return NULL;
}

void gk_plugin__wait(gk_plugin__sink_t *sink)
{
  sink->since_us = gk_plugin__monotonic_us();
  if (sink->slot != NULL) /* a slow client is no plugin that hangs */
    atomic_store_explicit(&sink->slot->since_us, 0, memory_order_relaxed);
}

void gk_plugin__waited(gk_plugin__sink_t *sink)
{
  apr_int64_t now = gk_plugin__monotonic_us();
  sink->waited_us += now - sink->since_us;
  if (sink->slot != NULL)
    atomic_store_explicit(&sink->slot->since_us, now, memory_order_relaxed);
}

const char *gk_plugin__digest(const void *bytes, apr_size_t length, apr_pool_t *pool)
{
  const unsigned char *p = bytes;
  apr_uint64_t h = 0x9e3779b97f4a7c15ULL ^ length, word;
  for (; length >= sizeof(word); length -= sizeof(word), p += sizeof(word)) {
    memcpy(&word, p, sizeof(word));
    h = (h ^ word) * 0xff51afd7ed558ccdULL;
    h ^= h >> 32;
  }
  for (; length > 0; length--)
    h = (h ^ *p++) * 0x100000001b3ULL;
  return apr_psprintf(pool, "#%016" APR_UINT64_T_HEX_FMT, h ^ (h >> 29));
}

static void count_time(gk_plugin_t *plugin, apr_int64_t took_us)
{
  gk_plugin__shared_t *shared = plugin->shared;
  apr_uint64_t took = took_us > 0 ? (apr_uint64_t)took_us : 0;
  apr_uint64_t longest = atomic_load_explicit(&shared->max_us, memory_order_relaxed);
  int bucket = 0;
  while (bucket < GK_PLUGIN__BUCKETS && took_us > gk_plugin__bucket_us[bucket])
    bucket++;
  atomic_fetch_add_explicit(&shared->calls, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&shared->sum_us, took, memory_order_relaxed);
  atomic_fetch_add_explicit(&shared->buckets[bucket], 1, memory_order_relaxed);
  while (took > longest && !atomic_compare_exchange_weak_explicit(&shared->max_us, &longest, took,
                                                                  memory_order_relaxed, memory_order_relaxed))
    continue;
}

static void count_success(const entry_t *entry)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  gk_plugin__shared_t *shared = plugin->shared;
  if (entry->weight != GK_CALL_WHOLE && entry->weight != GK_CALL_LAST)
    return;
  if (entry->probe || (entry->weight == GK_CALL_LAST &&
                       atomic_load_explicit(&shared->retry_at_us, memory_order_relaxed) != 0)) {
    atomic_store(&shared->in_a_row, 0);
    atomic_store(&shared->pause_us, 0);
    atomic_store(&shared->retry_at_us, 0);
    gk_plugin__log(plugin, GK_NOTICE, "in service again");
  } else if (atomic_load_explicit(&shared->in_a_row, memory_order_relaxed) != 0 &&
             atomic_load_explicit(&shared->retry_at_us, memory_order_relaxed) == 0) {
    atomic_store(&shared->in_a_row, 0);
  }
}

static void count_failure(const entry_t *entry, const char *why)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  gk_plugin__shared_t *shared = plugin->shared;
  apr_uint32_t in_a_row = atomic_fetch_add(&shared->in_a_row, 1) + 1;
  apr_int64_t in_service = 0, now = gk_plugin__monotonic_us();
  atomic_fetch_add_explicit(&shared->failures, 1, memory_order_relaxed);
  gk_plugin__log(plugin, GK_WARNING, "failure %u in a row: %s", in_a_row, why);
  bool known = entry->probe || (entry->weight >= GK_CALL_WITHIN && atomic_load(&shared->retry_at_us) != 0);
  if (!known && in_a_row < (apr_uint32_t)plugin->row.fail_limit)
    return;
  apr_int64_t pause = atomic_load(&shared->pause_us);
  pause = pause == 0 ? FIRST_PAUSE_US : pause * 2 > LONGEST_PAUSE_US ? LONGEST_PAUSE_US : pause * 2;
  if (known)
    atomic_store(&shared->retry_at_us, now + pause);
  else if (!atomic_compare_exchange_strong(&shared->retry_at_us, &in_service, now + pause))
    return; /* another call was first */
  atomic_store(&shared->pause_us, pause);
  gk_plugin__log(plugin, GK_ALARM, "out of service for %" APR_INT64_T_FMT " s", pause / 1000000);
}

/* What the plugin's error becomes; counts it unless the plugin is not to blame. */
static gk_error_t *judge(const entry_t *entry, const gaokao_error_t *error, gk_plugin__sink_t *sink,
                         apr_pool_t *pool)
{
  gk_plugin_t *plugin = entry->instance->plugin;
  const char *zh = gk_plugin__sentence(pool, error->zh), *en = gk_plugin__sentence(pool, error->en);
  gk_error_t *result;
  switch (error->size >= sizeof(apr_uint32_t) * 2 ? error->code : 0) {
  case GAOKAO_E_INPUT:
    count_success(entry);
    result = zh != NULL && en != NULL ? gk_error(pool, GK_E_INVALID, "%s", "%s", zh)
                                      : gk_error_plain(pool, GK_E_INVALID);
    result->en = zh != NULL ? en : NULL;
    return result;
  case GAOKAO_E_SINK:
    if (sink != NULL) {
      sink->failed = true;
      count_success(entry);
      return gk_error_plain(pool, GK_E_PLUGIN); /* the caller has the sink's own error */
    }
    break;
  case GAOKAO_E_BUSY: /* neither good nor bad */
    return gk_plugin__refusal(plugin, 0, pool);
  default:
    break;
  }
  count_failure(entry, en != NULL ? en : "no sentence");
  result = gk_plugin__refusal(plugin, gk_plugin__degraded(plugin), pool);
  result->internal = apr_psprintf(pool, "plugin %s: %s", plugin->name, en != NULL ? en : "no sentence");
  return result;
}

gk_error_t *gk_plugin__guard(gk_plugin__instance_t *instance, gk_plugin__weight_t weight,
                             const char *request_id, const char *record, gk_plugin__fn fn, void *baton,
                             gk_plugin__sink_t *sink, apr_pool_t *scratch, apr_pool_t *pool)
{
  gk_plugin_t *plugin = instance->plugin;
  entry_t entry = {.instance = instance, .weight = weight, .record = record != NULL ? record : request_id};
  /* Recognising bytes goes well also where decoding them kills. */
  entry.proves = weight != GK_CALL_ASIDE || record == NULL;
  gaokao_call_t call = {sizeof(call), 0, request_id, "zh-CN", 0, scratch};
  const char *lie = NULL;
  gk_error_t *result = NULL;
  GK_TRY(enter(&entry, pool));
  if (scratch == NULL)
    apr_pool_create(&call.pool, pool);
  call.deadline_us = entry.started_us + plugin->row.deadline_us;
  if (sink != NULL)
    sink->waited_us = 0, sink->slot = entry.slot;
  gaokao_error_t *error = fn(baton, &call, instance, &lie);
  gk_standing__leave(entry.slot);
  if (instance->turn != NULL)
    apr_thread_mutex_unlock(instance->turn);
  apr_int64_t took_us = gk_plugin__monotonic_us() - entry.started_us - (sink != NULL ? sink->waited_us : 0);
  let_go(&entry);
  count_time(plugin, took_us);
  if (took_us > plugin->row.deadline_us)
    atomic_fetch_add_explicit(&plugin->shared->late, 1, memory_order_relaxed);
  if (error != NULL) {
    result = judge(&entry, error, sink, pool);
  } else if (lie != NULL) {
    count_failure(&entry, lie);
    result = gk_plugin__refusal(plugin, gk_plugin__degraded(plugin), pool);
    result->internal = apr_psprintf(pool, "plugin %s: %s", plugin->name, lie);
  } else if (took_us > plugin->row.deadline_us) {
    /* The answer is good and used; only the next ones are spared. */
    count_failure(&entry, apr_psprintf(call.pool, "took %" APR_INT64_T_FMT " us", took_us));
  } else {
    count_success(&entry);
  }
  if (scratch == NULL)
    apr_pool_destroy(call.pool);
  return result;
}
