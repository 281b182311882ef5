/* plugin/plugin.h: the plugin host, as httpd/, worker/ and ctl/ use it.
 *
 * Life: gk_plugins_create (pconf), _load and _check (check_config: each may be repeated in a new pool,
 * nothing is kept outside it), _start in each process that makes calls (child_init), _stop before it ends.
 * After _start, everything here may be called from any thread. What a plugin is and may do stands in
 * gaokao_plugin.h. No call of the host holds a lock while a plugin runs, except for plugins that are not
 * thread safe.
 */
#ifndef GK_PLUGIN_PLUGIN_H
#define GK_PLUGIN_PLUGIN_H

#include <stdbool.h>
#include <apr_tables.h>
#include "base/error.h"
#include "base/json.h"

typedef struct gk_plugins_t gk_plugins_t;
typedef struct gk_plugin_t gk_plugin_t;

/* What to do when a plugin fails on a record. REVIEW: the record goes to a person; SKIP: go on without. A
 * policy may not be skipped, an export can only fail. */
typedef enum gk_on_error_t {
  GK_ON_ERROR_FAIL = 1,
  GK_ON_ERROR_REVIEW = 2,
  GK_ON_ERROR_SKIP = 3
} gk_on_error_t;

typedef enum gk_plugin_state_t {
  GK_PLUGIN_LOADED = 1,    /* options are in, not started */
  GK_PLUGIN_STARTED = 2,
  GK_PLUGIN_DEGRADED = 3,  /* started; after failures in a row, calls are refused until a pause is over */
  GK_PLUGIN_FAILED = 4,    /* did not start; its reason says why */
  GK_PLUGIN_MISSING = 5,   /* optional, and could not be loaded */
  GK_PLUGIN_DISABLED = 6   /* an administrator switched it off */
} gk_plugin_state_t;

/* One option as written by an operator. */
typedef struct gk_plugin_setting_t {
  const char *key;
  const char *value;
  const char *where;       /* "gaokao.conf:41", or NULL for overrides from the database */
} gk_plugin_setting_t;

/* One plugin of the configuration. Zero members take the preset. */
typedef struct gk_plugin_row_t {
  const char *path;                    /* of the .so file */
  const char *name;                    /* NULL: the file's name without .so */
  bool optional;                       /* when it can't be loaded, it stays listed and startup goes on */
  gk_on_error_t on_error;              /* preset FAIL */
  apr_interval_time_t deadline_us;     /* of one call; preset 50 ms for policy, 2 s for others */
  int fail_limit;                      /* failures in a row that degrade; preset 5 */
  int max_inside;                      /* calls inside the plugin at once in one process; preset 3 */
  const char *where;                   /* "gaokao.conf:40" */
  const apr_array_header_t *settings;  /* gk_plugin_setting_t, or NULL */
} gk_plugin_row_t;

/* What the host needs from the program around it. Members may be NULL: the system's clock; no log. */
typedef struct gk_plugin_env_t {
  void *baton;
  apr_time_t (*now)(void *baton);
  void (*log)(void *baton, gk_loudness_t loudness, const char *plugin, const char *text);
} gk_plugin_env_t;

/* An empty host in `pool`. `env` (may be NULL) is copied. */
gk_plugins_t *gk_plugins_create(const gk_plugin_env_t *env, apr_pool_t *pool);

/* Opens, validates, creates and configures a plugin for each gk_plugin_row_t. All faults are looked for
 * before it fails. Errors: CONFIG with one violation a fault (pointer: the row's or setting's `where`). */
gk_error_t *gk_plugins_load(gk_plugins_t *plugins, const apr_array_header_t *rows, apr_pool_t *scratch_pool);

/* Asks each plugin whether it could work as configured. Errors: like load. */
gk_error_t *gk_plugins_check(gk_plugins_t *plugins, apr_pool_t *scratch_pool);

/* Starts them in this process. A plugin that is not optional and can't start gives PLUGIN; the others are
 * started all the same, and the service runs without it (gk_plugins_ready says so). */
gk_error_t *gk_plugins_start(gk_plugins_t *plugins, apr_pool_t *scratch_pool);

/* Ends them. Calls after this are refused. Called by the pool's cleanup at the latest. */
void gk_plugins_stop(gk_plugins_t *plugins);

/* Counters, the degraded state and what processes died on live in memory of the process until this gives them shared memory
 * of gk_plugins_shared_bytes(), zeroed or used by plugins before, between load and start: then all processes count into and
 * act on one. It may be used by several configurations one after the other: plugins find theirs by name. False when the
 * memory is of another version of this program, or full: nothing is shared then. */
apr_size_t gk_plugins_shared_bytes(void);
bool gk_plugins_share(gk_plugins_t *plugins, void *memory);
/* Such memory behind a file descriptor, which a program that is executed inherits. -1, NULL: can't be had. */
int gk_plugins_shared_create(void **memory);
void *gk_plugins_shared_open(int fd);

/* ---- processes that die, hang or grow ------------------------------------------------------------------ */

/* After start, in a process that will be watched: signals that kill inside a plugin are noted. */
void gk_plugins_attend(gk_plugins_t *plugins, bool worker);

typedef struct gk_plugins_watch_t {
  int stuck;                   /* calls of this process that did not return: 4 deadlines, at least 2 s */
  apr_int64_t resident_bytes;  /* of this process */
} gk_plugins_watch_t;
/* To be called several times a second by a thread of its own. Looks after dead siblings too. */
gk_plugins_watch_t gk_plugins_watch(gk_plugins_t *plugins);
/* This process takes no more work. */
void gk_plugins_leaving(gk_plugins_t *plugins);
/* A child died: whoever was inside a plugin then is blamed. _dead: looks for all that are gone. */
void gk_plugins_bury(gk_plugins_t *plugins, long dead);
void gk_plugins_bury_dead(gk_plugins_t *plugins);

/* Puts a plugin (NULL: all) back in service and forgets the records it was not asked about any more.
 * Errors: NOT_FOUND. */
gk_error_t *gk_plugin_reset(gk_plugins_t *plugins, const char *name, apr_pool_t *pool);

/* Sets one member of a row from the configuration: on_error, optional, deadline ("800ms"), fail_limit, max_inside, or
 * "option.KEY". Errors: CONFIG naming `where`, with a valid example. */
gk_error_t *gk_plugin_row_set(gk_plugin_row_t *row, const char *key, const char *value, const char *where,
                              apr_pool_t *pool);

/* Replaces the overrides of one plugin (gk_plugin_setting_t; an empty array takes them all back). They win
 * over the configuration. The plugin is made anew with them beside the running one, which ends after its last
 * call; if anything fails, the running one stays and nothing has changed.
 * Errors: NOT_FOUND; INVALID with one violation a setting ("/options/KEY"); PLUGIN when it can't start with
 * them. */
gk_error_t *gk_plugin_set_options(gk_plugins_t *plugins, const char *name, const apr_array_header_t *settings,
                                  apr_pool_t *pool);

/* The same made, started and ended again beside the running one, which goes on: would it work? *out (may be NULL): as
 * gk_plugin_json shows it with them. */
gk_error_t *gk_plugin_try_options(gk_json_t **out, gk_plugins_t *plugins, const char *name, const apr_array_header_t *settings,
                                  apr_pool_t *pool);

/* Switches a plugin off in this process, with the administrator's reason, or on again (NULL). Calls under way end as they
 * would; later ones are refused, readings and exports with 503 (marked `later`), and photos go to a person. A device plugin is
 * still asked which bytes are its own, where nobody in service is sure of them. Errors: NOT_FOUND; CONFLICT when the service
 * can't do without it. */
gk_error_t *gk_plugin_switch(gk_plugins_t *plugins, const char *name, const char *off_reason, apr_pool_t *pool);
/* NULL when it may be switched off; errors as gk_plugin_switch. */
gk_error_t *gk_plugin_may_switch(gk_plugins_t *plugins, const char *name, bool off, apr_pool_t *pool);

/* What is stored about one plugin for all processes of all nodes. */
typedef struct gk_plugin_wish_t {
  const apr_array_header_t *settings;  /* gk_plugin_setting_t: its overrides */
  const char *off_reason;              /* NULL: it is on */
  const char *made, *forgiven;         /* marks of the last acts that made it anew and that reset it; NULL: none */
} gk_plugin_wish_t;
/* Brings a plugin of this process in line; one thread at a time. What it has already is not done again: a change of one plugin
 * touches no other. What it refuses is logged, and it goes on with what it had. Made anew, it is reset too, but not at a process's
 * first look: a child that follows a dead one forgives nothing. Returns its kind when it is another now, 0 when it is as it was. */
apr_uint32_t gk_plugin_follow(gk_plugins_t *plugins, const char *name, const gk_plugin_wish_t *wish, apr_pool_t *pool);

/* [{name, kind, state, version, licence, file, optional, on_error, deadline_us, thread_safe, reason {zh, en},
 * health {state, zh, en}, options [{key, type, value, preset, source "preset|config|override", where,
 * required, secret, minimum, maximum, words, unit, help {zh, en}}], needed {zh, en} (why it can't be switched off; null),
 * facts {...}, calls, failures, late,
 * failures_in_row, mean_us, max_us, inside, retry_in_us, events {...}}]. Values of secret options are
 * null. */
gk_json_t *gk_plugins_json(gk_plugins_t *plugins, apr_pool_t *pool);
/* One of them, or NULL. _switched: as it will be once it is off for this reason, or on (NULL). */
gk_json_t *gk_plugin_json(gk_plugins_t *plugins, const char *name, apr_pool_t *pool);
gk_json_t *gk_plugin_json_switched(gk_plugins_t *plugins, const char *name, const char *off_reason, apr_pool_t *pool);

/* Prometheus text: gaokao_plugin_up, _state, _calls_total, _failures_total, _late_total, _seconds
 * (histogram), _events_total. */
const char *gk_plugins_metrics(gk_plugins_t *plugins, apr_pool_t *pool);

/* NULL when every plugin that is not optional is in service; else PLUGIN, naming them, for /readyz. */
gk_error_t *gk_plugins_ready(gk_plugins_t *plugins, apr_pool_t *pool);

/* What `gaokaoctl plugin-check FILE.so` prints: loads the file alone, with presets, and reports {file, good,
 * name, kind, version, licence, abi, flags, options, facts, findings [{code, zh, en}]}. Options that are
 * required and have no preset are not a fault here. The file is unloaded again. Never fails: what is wrong
 * stands in the report. */
gk_json_t *gk_plugin_check_file(const char *path, bool *good, apr_pool_t *pool);

const char *gk_plugin_state_word(gk_plugin_state_t state);
const char *gk_plugin_kind_word(apr_uint32_t kind);
/* 0 for another word than fail, review, skip. */
gk_on_error_t gk_on_error_of(const char *word);

#endif
