/* domain/core.c: see core.h. */
#include "domain/core.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "base/time.h"
#include "domain/act.h"
#include "domain/core_internal.h"
#include "domain/keyring.h"
#include "domain/pack.h"
#include "domain/pack_local.h"
#include "domain/ports.h"
#include "plugin/overrides.h"
#include "plugin/plugin.h"
#include "plugin/policy.h"

#define SEASON_AGE_US (500 * 1000)
#define SEASON_STALE_US (750 * 1000)   /* while another thread looks; older than this nobody goes on with it */
#define SEASON_FAILED_US (10 * GK_SECOND)
#define CLOCK_AGE_US GK_SECOND
#define CLOCK_APART_US (2 * GK_SECOND)
#define CLOCK_BLUR_US (GK_SECOND / 2)  /* a question that took longer tells too little */

/* One loaded season, shared by the requests that started under it; its pool goes with the last of them. */
typedef struct snapshot_t {
  gk_season_t season;
  bool present;
  apr_uint32_t users;      /* under core->mutex */
  apr_pool_t *pool;
  struct gk_core_t *core;
} snapshot_t;

struct gk_core_t {
  apr_pool_t *pool;
  gk_config_t *config;
  gk_keyring__t keyring;
  gk_plugins_t *plugins;
  gk_write_lock_t *lock;
  apr_time_t clock;           /* moment at tick 0; atomic */
  apr_time_t measured;        /* tick of the last measurement, 0: none yet; atomic */
  apr_thread_mutex_t *mutex;  /* guards current and looked; never held while the database is asked */
  apr_thread_mutex_t *loading;
  snapshot_t *current;
  apr_time_t looked;
  apr_time_t failed;          /* when a look failed last; under loading */
  char options[64];           /* generation of the plugins' overrides this process has; under loading */
};

static apr_time_t plugin_now(void *baton) { return gk_core_now(baton); }

static gk_core_log_fn the_log;

void gk_core_log_to(gk_core_log_fn log) { the_log = log; }

static void plugin_log(void *baton, gk_loudness_t loudness, const char *plugin, const char *text)
{
  (void)baton;
  if (the_log != NULL)
    the_log(loudness, plugin, text);
}

/* Lines of gaokao.conf about the row's plugin. */
static gk_error_t *take_lines(gk_plugin_row_t *row, const gk_core_t *core)
{
  const apr_array_header_t *lines = core->config->plugin_settings;
  for (int i = 0; i < lines->nelts; i++) {
    const gk_plugin_line_t *line = &APR_ARRAY_IDX(lines, i, gk_plugin_line_t);
    if (strcmp(line->plugin, row->name) == 0)
      GK_TRY(gk_plugin_row_set(row, line->key, line->value, line->where, core->pool));
  }
  return NULL;
}

/* A line about a plugin that is not loaded is a slip of the pen. */
static gk_error_t *check_lines(const gk_core_t *core, const apr_array_header_t *rows)
{
  const apr_array_header_t *lines = core->config->plugin_settings;
  for (int i = 0; i < lines->nelts; i++) {
    const gk_plugin_line_t *line = &APR_ARRAY_IDX(lines, i, gk_plugin_line_t);
    bool known = false;
    for (int r = 0; r < rows->nelts; r++)
      known = known || strcmp(APR_ARRAY_IDX(rows, r, gk_plugin_row_t).name, line->plugin) == 0;
    if (!known)
      return gk_error_internal(core->pool, GK_E_CONFIG, "%s: '%s' is not among the plugins of this instance (plugins = %s)",
                               line->where, line->plugin, core->config->plugins);
  }
  return NULL;
}

static gk_error_t *load_plugins(gk_core_t *core)
{
  gk_plugin_env_t env = {core, plugin_now, plugin_log};
  apr_array_header_t *rows = apr_array_make(core->pool, 4, sizeof(gk_plugin_row_t));
  char *rest = apr_pstrdup(core->pool, core->config->plugins), *last = NULL;
  for (char *name = apr_strtok(rest, " \t", &last); name != NULL; name = apr_strtok(NULL, " \t", &last)) {
    gk_plugin_row_t *row = apr_array_push(rows);
    memset(row, 0, sizeof(*row));
    row->path = apr_pstrcat(core->pool, core->config->plugin_dir, "/", name, ".so", NULL);
    row->name = name;
    row->where = "gaokao.conf: plugins";
    GK_TRY(take_lines(row, core));
  }
  GK_TRY(check_lines(core, rows));
  core->plugins = gk_plugins_create(&env, core->pool);
  GK_TRY(gk_plugins_load(core->plugins, rows, core->pool));
  return gk_plugins_check(core->plugins, core->pool);
}

/* Of this process and those it starts. The soft limit: who debugs may raise it (core_dumps = on keeps it as it was). */
static void forbid_dumps(const gk_config_t *config)
{
  struct rlimit limit;
  if (!config->core_dumps && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur != 0) {
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
  }
}

gk_error_t *gk_core_open(gk_core_t **out, const char *instance, apr_pool_t *pool)
{
  gk_core_t *core = apr_pcalloc(pool, sizeof(*core));
  core->pool = pool;
  core->clock = apr_time_now() - gk_tick();
  GK_TRY(gk_config_load(&core->config, instance, pool));
  gk_keys_t *keys;
  forbid_dumps(core->config);
  GK_TRY(gk_keys_load(&keys, core->config->keys_file, pool));
  gk_keyring__open(&core->keyring, keys, core->config->keys_file, pool);
  if (core->config->engine == GK_SQLITE)
    GK_TRY(gk_write_lock_open(&core->lock, apr_pstrcat(pool, core->config->db_params, ".lock", NULL), pool));
  GK_TRY(load_plugins(core));
  apr_thread_mutex_create(&core->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
  apr_thread_mutex_create(&core->loading, APR_THREAD_MUTEX_DEFAULT, pool);
  *out = core;
  return NULL;
}

const gk_config_t *gk_core_config(const gk_core_t *core) { return core->config; }
const gk_keys_t *gk_core_keys(const gk_core_t *core)
{
  return __atomic_load_n(&core->keyring.keys, __ATOMIC_ACQUIRE);
}
gk_keyring__t *gk_core__keyring(gk_core_t *core) { return &core->keyring; }

void gk_core__warn(const char *text)
{
  if (the_log != NULL)
    the_log(GK_WARNING, "keys", text);
}

struct gk_plugins_t *gk_core_plugins(const gk_core_t *core) { return core->plugins; }
gk_write_lock_t *gk_core_lock(const gk_core_t *core) { return core->lock; }

int gk_core_room_percent(const gk_core_t *core)
{
  const gk_config_t *config = core->config;
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  const char *pg = apr_pstrcat(pool, config->instance, "/pg", NULL); /* ./run's private server */
  const char *paths[] = {config->instance, config->spool_dir, config->engine == GK_SQLITE ? config->db_params : pg};
  int least = 100;
  for (int i = 0; i < 3; i++) {
    struct statvfs fs;
    if (statvfs(paths[i], &fs) == 0 && fs.f_blocks > 0 && (int)(fs.f_bavail * 100 / fs.f_blocks) < least)
      least = (int)(fs.f_bavail * 100 / fs.f_blocks);
  }
  apr_pool_destroy(pool);
  return least;
}

/* ---- the clock ----------------------------------------------------------------------------------------- */

apr_time_t gk_core_at(const gk_core_t *core, apr_time_t tick)
{
  return tick + __atomic_load_n(&core->clock, __ATOMIC_RELAXED) + core->config->clock_offset_us;
}

apr_time_t gk_core_now(const gk_core_t *core) { return gk_core_at(core, gk_tick()); }

void gk_core_clock_follow(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_time_t before = gk_tick(), last = __atomic_load_n(&core->measured, __ATOMIC_RELAXED), now;
  if (core->config->engine == GK_SQLITE || (last != 0 && before - last < CLOCK_AGE_US) ||
      !__atomic_compare_exchange_n(&core->measured, &last, before, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    return;
  /* A fault shows in the caller's own statements. */
  if (gk_db_now(db, &now, pool) != NULL)
    return;
  apr_time_t after = gk_tick();
  if (last == 0 || after - before < CLOCK_BLUR_US)
    __atomic_store_n(&core->clock, now - before - (after - before) / 2, __ATOMIC_RELAXED);
}

gk_error_t *gk_core_clock_check(const gk_core_t *core, apr_pool_t *pool)
{
  apr_interval_time_t apart = apr_time_now() - gk_core_now(core) + core->config->clock_offset_us;
  if (apart <= CLOCK_APART_US && apart >= -CLOCK_APART_US)
    return NULL;
  gk_error_t *error = gk_error(pool, GK_E_CLOCK, "服务器时钟与数据库时钟不一致，有时限的事项暂不能办理，请稍后重试",
                               "The clocks of server and database differ: what has a deadline can't be done now, "
                               "try again shortly");
  error->internal = apr_psprintf(pool, "This machine's clock is %" APR_TIME_T_FMT " ms ahead", apart / 1000);
  return gk_error_retry(error, 10 * APR_USEC_PER_SEC);
}

gk_error_t *gk_core_connect(gk_db_t **out, gk_core_t *core, apr_pool_t *pool)
{
  GK_TRY(gk_db_open(out, core->config->engine, core->config->db_params, core->lock, pool));
  GK_TRY(gk_db_ready(*out, 0, pool));
  gk_core_clock_follow(core, *out, pool);
  return NULL;
}

/* ---- the season -------------------------------------------------------------------------------------- */

static void drop(snapshot_t *snapshot)
{
  if (snapshot != NULL && --snapshot->users == 0)
    apr_pool_destroy(snapshot->pool);
}

static apr_status_t release(void *data)
{
  snapshot_t *snapshot = data;
  gk_core_t *core = snapshot->core;
  apr_thread_mutex_lock(core->mutex);
  drop(snapshot);
  apr_thread_mutex_unlock(core->mutex);
  return APR_SUCCESS;
}

#define JUST_LOOKED (-1)

/* Takes the current snapshot for `pool` when it is no older than `most`, counted from the last look. */
static bool use_current(const gk_season_t **out, gk_core_t *core, apr_time_t most, apr_pool_t *pool)
{
  bool used = false;
  apr_thread_mutex_lock(core->mutex);
  apr_time_t age = gk_tick() - core->looked;
  snapshot_t *snapshot = core->current;
  bool looked = snapshot != NULL && snapshot->present && core->looked != 0 && age < most;
  if (looked || (snapshot != NULL && most == JUST_LOOKED)) {
    snapshot->users++;
    apr_pool_cleanup_register(pool, snapshot, release, apr_pool_cleanup_null);
    *out = snapshot->present ? &snapshot->season : NULL;
    used = true;
  }
  apr_thread_mutex_unlock(core->mutex);
  return used;
}

static gk_error_t *load(snapshot_t **out, gk_core_t *core, gk_db_t *db, bool present, const gk_season_t *row,
                        apr_pool_t *result_pool)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  snapshot_t *snapshot = apr_pcalloc(pool, sizeof(*snapshot));
  snapshot->pool = pool;
  snapshot->core = core;
  snapshot->present = present;
  snapshot->users = 1;
  gk_error_t *error = NULL;
  if (present) {
    snapshot->season = *row;
    snapshot->season.name = apr_pstrdup(pool, row->name);
    snapshot->season.pack_name = apr_pstrdup(pool, row->pack_name);
    snapshot->season.pack_version = apr_pstrdup(pool, row->pack_version);
    snapshot->season.pack_digest = apr_pstrdup(pool, row->pack_digest);
    if (row->pack_id != 0) {
      apr_pool_t *scratch;
      gk_blob_t body;
      gk_pack_t *pack = NULL;
      apr_pool_create(&scratch, pool);
      error = gk_store_pack_body(db, row->pack_id, &body, scratch);
      if (error == NULL) /* it was validated when it was stored: no schema again */
        error = gk_pack_whole(&pack, db, row->id, &body, NULL, NULL, pool, scratch);
      if (error == NULL)
        error = gk_policy_ruleset(core->plugins, pack, &snapshot->season.rules, pool);
      snapshot->season.pack = pack;
      if (error == NULL)
        apr_pool_destroy(scratch);
    }
  }
  if (error != NULL) {
    error = gk_error_dup(result_pool, error);
    apr_pool_destroy(pool);
    return error;
  }
  *out = snapshot;
  return NULL;
}

/* Takes over options of plugins that were changed somewhere. A plugin that refuses them goes on with its old ones and
 * shows the reason; the season is not held up by it. */
static gk_error_t *follow_options(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  const char *generation;
  GK_TRY(gk_store_setting(&generation, db, "plugin_options", pool));
  if (generation == NULL)
    generation = "none";
  if (strncmp(core->options, generation, sizeof(core->options) - 1) == 0)
    return NULL;
  if (gk_overrides_apply(NULL, core, db, pool) != NULL)
    return NULL; /* asked again at the next look */
  apr_cpystrn(core->options, generation, sizeof(core->options));
  return NULL;
}

/* A real season has no demonstration logins and no moved clock, and the logins of a demonstration open nothing once
 * demo is off (faults.md PE-12). */
/* Said to people and in the log, where the administrator who starts it looks. */
static gk_error_t *refused(apr_pool_t *pool, const char *zh, const char *en)
{
  gk_error_t *error = gk_error(pool, GK_E_CONFIG, zh, en);
  error->internal = en;
  return error;
}

static gk_error_t *check_demo(const gk_core_t *core, gk_db_t *db, const gk_season_t *row, apr_pool_t *pool)
{
  const char *loaded;
  if (core->config->demo)
    return !row->real ? NULL
                      : refused(pool, "正式年度不能以演示方式运行：请在 gaokao.conf 中写 demo = off",
                                "A real season can't run as a demonstration: write demo = off into gaokao.conf");
  GK_TRY(gk_store_setting(&loaded, db, "demo_logins", pool));
  return loaded == NULL
             ? NULL
             : refused(pool, "数据库中有演示账号，只能在 demo = on 时运行；正式报名请用新的数据库",
                       "The database holds demonstration logins and runs with demo = on only: use a new one for a real "
                       "registration");
}

/* Asks the database; loads anew only when season or pack changed. Under core->loading. */
static gk_error_t *look(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  bool present;
  gk_season_t row = {0};
  GK_TRY(gk_keyring_follow(core, db, pool));
  GK_TRY(follow_options(core, db, pool));
  GK_TRY(gk_store_season_active(db, &present, &row, pool));
  if (present && row.real && core->config->plain)
    return gk_error_internal(pool, GK_E_CONFIG, "encryption = off is refused for a season that is real: take it out");
  snapshot_t *now = core->current, *fresh = NULL;
  bool same = now != NULL && now->present == present &&
              (!present || (now->season.id == row.id && now->season.pack_id == row.pack_id &&
                            now->season.rules_generation == row.rules_generation &&
                            now->season.real == row.real && strcmp(now->season.pack_digest, row.pack_digest) == 0 &&
                            strcmp(now->season.name, row.name) == 0));
  gk_error_t *wrong = present ? check_demo(core, db, &row, pool) : NULL;
  if (wrong != NULL) {
    apr_thread_mutex_lock(core->mutex);
    core->current = NULL; /* nobody goes on with what there was */
    drop(now);
    apr_thread_mutex_unlock(core->mutex);
    return wrong;
  }
  if (!same)
    GK_TRY(load(&fresh, core, db, present, &row, pool));
  apr_thread_mutex_lock(core->mutex);
  if (fresh != NULL) {
    core->current = fresh;
    drop(now);
  }
  core->looked = gk_tick();
  apr_thread_mutex_unlock(core->mutex);
  return NULL;
}

gk_error_t *gk_core_rules(struct gk_ruleset_t **out, gk_core_t *core, const struct gk_pack_t *pack, apr_pool_t *pool)
{
  return gk_policy_ruleset(core->plugins, pack, out, pool);
}

gk_error_t *gk_core_check_demo(const gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  bool present;
  gk_season_t row = {0};
  GK_TRY(gk_store_season_active(db, &present, &row, pool));
  return present ? check_demo(core, db, &row, pool) : NULL;
}

gk_error_t *gk_core_season(const gk_season_t **out, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  gk_core_clock_follow(core, db, pool);
  if (use_current(out, core, SEASON_AGE_US, pool))
    return NULL;
  /* One thread looks; the others go on with what there is, for a moment: an activation is everywhere within a second. */
  if (apr_thread_mutex_trylock(core->loading) != APR_SUCCESS) {
    if (use_current(out, core, SEASON_STALE_US, pool))
      return NULL;
    apr_time_t waits = gk_tick();
    apr_thread_mutex_lock(core->loading);
    /* Where the look failed meanwhile the database has a fault, which shows in the own statements: not one by one here. */
    if (use_current(out, core, SEASON_AGE_US, pool) ||
        (core->failed > waits && use_current(out, core, SEASON_FAILED_US, pool))) {
      apr_thread_mutex_unlock(core->loading);
      return NULL;
    }
  }
  gk_error_t *error = look(core, db, pool);
  if (error != NULL)
    core->failed = gk_tick();
  if (error == NULL)
    use_current(out, core, JUST_LOOKED, pool);
  apr_thread_mutex_unlock(core->loading);
  return error;
}

void gk_core_season_changed(gk_core_t *core)
{
  apr_thread_mutex_lock(core->mutex);
  core->looked = 0;
  apr_thread_mutex_unlock(core->mutex);
}
