/* domain/core.h: what one process holds for an instance: configuration, keys, plugins, the active season. Shared by
 * httpd's children, gaokao-worker and gaokaoctl. */
#ifndef GK_DOMAIN_CORE_H
#define GK_DOMAIN_CORE_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include "base/error.h"
#include "crypto/crypto.h"
#include "store/db.h"

struct gk_pack_t;
struct gk_ruleset_t;
struct gk_plugins_t;

/* A line about one plugin. */
typedef struct gk_plugin_line_t {
  const char *plugin, *key, *value;
  const char *where;           /* "gaokao.conf:12" */
} gk_plugin_line_t;

/* INSTANCE/gaokao.conf: "key = value" lines, '#' comments; relative paths are below the instance. */
typedef struct gk_config_t {
  const char *instance;        /* absolute path */
  gk_engine_t engine;          /* db_engine = sqlite | pgsql */
  const char *db_params;       /* db_params = data/gaokao.db | host=... dbname=... */
  const char *keys_file;       /* keys_file = keys/gaokao.keys */
  bool core_dumps;             /* core_dumps = off: a dump of the memory would hold people's data */
  bool chinese_ciphers;        /* cipher = aes | sm: algorithms of keys made from now on */
  const char *plugin_dir;      /* plugin_dir = /usr/lib/gaokao/plugins */
  const char *plugins;         /* space separated; preset: policy_xpath, the exports' and the devices' */
  apr_array_header_t *plugin_settings; /* gk_plugin_line_t: plugin.NAME.KEY = VALUE */
  apr_int64_t memory_max_bytes;  /* memory_max = 1024 (MiB): a process larger than this ends gracefully; 0: no limit */
  int photo_workers;           /* photo_workers = 2: processes that examine photos; 0: as many as processors */
  int photo_queue;             /* photo_queue = 16: photos that may wait for one */
  int photo_memory;            /* photo_memory = 1024: MiB of address space of each */
  int photo_deadline;          /* photo_deadline = 10: seconds after which one that has not answered is ended */
  int photo_history_days;      /* photo_history_days = 0: refused and replaced pictures go after these; 0: with the record */
  const char *packs_dir;       /* packs_dir = packs: pack files for gaokaoctl */
  const char *data_dir;        /* data_dir = app/share/gaokao: schema/pack.rng, schema/candidates.xsd, tables/ */
  const char *spool_dir;       /* spool_dir = data/spool: job results */
  const char *anchor_log;      /* audit_anchor_log = syslog | off | FILE: where the audit's anchors go, hourly */
  const char *site;            /* site = http://127.0.0.1:8080 (origin; links and QR codes use it) */
  const char *more_origins;    /* other origins allowed for writes (client port), space separated */
  bool demo;                   /* demo = on: demo logins and clock offset allowed, banner shown */
  bool demo_public;            /* demo = public: the same, and beyond loopback too */
  bool plain;                  /* encryption = off, only with demo: values are stored as they are, for measurements */
  bool require_durable;        /* require_durable = on: not ready while the database may lose acknowledged writes */
  bool secure;                 /* site is https: cookies are __Host- and Secure */
  apr_interval_time_t clock_offset_us; /* clock_offset = SECONDS, only with demo */
  const char *node;            /* node = a; default the host's name */
  unsigned totp_roles;         /* totp_roles = county point: one-time codes also for these (GK_ROLE_ bits) */
  int password_days;           /* password_days = 90: bureaus change their passwords so often; 0: never */
  int read_ceiling_point;      /* read_ceiling_point = 600: records an account of a point may open in an hour; 0: any */
  int read_ceiling_bureau;     /* read_ceiling_bureau = 300: the same above the points */
  int read_alarm;              /* read_alarm = 200: from here an hour that is three times the usual raises an alarm */
  int device_rate;             /* device_rate = 2000: readings a second a device may post for good; 0: any number */
  int sign_in_alarm;           /* sign_in_alarm = 1000: failed sign-ins of ten minutes that raise an alarm; 0: none */
} gk_config_t;

/* Errors: CONFIG naming file, line and a valid example. */
gk_error_t *gk_config_load(gk_config_t **out, const char *instance, apr_pool_t *pool);

/* The active season as one immutable snapshot. */
typedef struct gk_season_t {
  apr_int64_t id;
  int year;
  const char *name;
  bool real;
  apr_int64_t pack_id;
  const char *pack_name;
  const char *pack_version;
  const char *pack_digest;
  apr_int64_t rules_generation; /* raised by each change of the rules of cities and counties (domain/pack_local.h) */
  const struct gk_pack_t *pack;
  struct gk_ruleset_t *rules;   /* plugin/policy.h */
} gk_season_t;

typedef struct gk_core_t gk_core_t;

/* Takes what plugins and their guard have to say, and the key file's watch ("keys"). Set once by the program, before
 * gk_core_open; without it their lines are lost. `plugin` is the name of who speaks. */
typedef void (*gk_core_log_fn)(gk_loudness_t loudness, const char *plugin, const char *text);
void gk_core_log_to(gk_core_log_fn log);

/* Loads configuration, keys and plugins. Nothing of the database yet. `pool` must outlive all users. */
gk_error_t *gk_core_open(gk_core_t **out, const char *instance, apr_pool_t *pool);
const gk_config_t *gk_core_config(const gk_core_t *core);
/* The keys of this moment; the file may be replaced (domain/keyring.h). Good until the process ends; ask again for each use. */
const gk_keys_t *gk_core_keys(const gk_core_t *core);
struct gk_plugins_t *gk_core_plugins(const gk_core_t *core);
gk_write_lock_t *gk_core_lock(const gk_core_t *core);   /* NULL on PostgreSQL */

/* The service's clock: the database's, as it was last measured and counted on in ticks, plus the demo offset. A clock
 * that somebody sets on this machine moves nothing, and all nodes judge alike (faults.md DC-4, DC-5). Before the first
 * measurement, and on SQLite, which has no clock of its own: this machine's at the start. */
apr_time_t gk_core_now(const gk_core_t *core);
/* The same at a moment that was kept as gk_tick(). */
apr_time_t gk_core_at(const gk_core_t *core, apr_time_t tick);
/* Measures it again when that was a second ago or more; one thread does. */
void gk_core_clock_follow(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* CLOCK when this machine's clock and the service's differ by more than 2 s: then one of them is wrong, and what has a
 * deadline must wait until it is known which. */
gk_error_t *gk_core_clock_check(const gk_core_t *core, apr_pool_t *pool);

/* Percent free of the fullest disk that the instance writes to (its folder, the database's, the spool's); 100 when it
 * can't be told. */
int gk_core_room_percent(const gk_core_t *core);
#define GK_ROOM_WARN 10     /* /readyz warns */
#define GK_ROOM_UPLOADS 5   /* uploads are refused: the rest is for the records */
#define GK_ROOM_NONE 2      /* not ready */

/* The active season, at most 500 ms old; *out is NULL when there is none. Valid until `pool` is cleared. */
gk_error_t *gk_core_season(const gk_season_t **out, gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* The rules of a pack, ready for evaluation (plugin/policy.h: gk_policy_ruleset). */
gk_error_t *gk_core_rules(struct gk_ruleset_t **out, gk_core_t *core, const struct gk_pack_t *pack, apr_pool_t *pool);
/* CONFIG when the active season is real and this is a demonstration, or the other way round. gk_core_season finds the
 * same. */
gk_error_t *gk_core_check_demo(const gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* Forces the next gk_core_season to look (after this process activated something). */
void gk_core_season_changed(gk_core_t *core);

/* Opens a connection of one's own (worker, gaokaoctl). */
gk_error_t *gk_core_connect(gk_db_t **out, gk_core_t *core, apr_pool_t *pool);

#endif
