/* plugin/internal.h: shared inside plugin/ only. */
#ifndef GK_PLUGIN_INTERNAL_H
#define GK_PLUGIN_INTERNAL_H

#include <stdatomic.h>
#include <apr_dso.h>
#include <apr_thread_mutex.h>
#include "base/error.h"
#include "gaokao_plugin.h"
#include "plugin/plugin.h"
#include "plugin/standing.h"

enum {
  GK_PLUGIN__MAX_OPTIONS = 64,
  GK_PLUGIN__MAX_TEXT = 2000   /* bytes of a sentence from a plugin */
};

/* Upper ends of the buckets in microseconds. */
extern const apr_int64_t gk_plugin__bucket_us[GK_PLUGIN__BUCKETS];

/* One fault of a plugin file. */
typedef struct gk_plugin__finding_t { const char *code, *zh, *en; } gk_plugin__finding_t;

/* A file, opened and validated. The structs are copies: members the plugin doesn't know are zero. */
typedef struct gk_plugin__image_t {
  apr_dso_handle_t *dso;
  gaokao_descriptor_t descriptor;
  gaokao_life_t life;
  union {
    gaokao_device_t device;
    gaokao_policy_t policy;
    gaokao_photo_t photo;
    gaokao_export_t export;
  } vtable;
  apr_array_header_t *options;         /* gaokao_option_t */
} gk_plugin__image_t;

typedef enum gk_plugin__source_t {
  GK_SOURCE_PRESET = 1,
  GK_SOURCE_CONFIG,
  GK_SOURCE_OVERRIDE
} gk_plugin__source_t;

/* A typed value of one option. */
typedef struct gk_plugin__value_t {
  const gaokao_option_t *row;
  gk_plugin__source_t source;
  const char *where;
  const char *text;                    /* as written; NULL: not set */
  apr_int64_t integer;                 /* INT, BOOL, DURATION */
  double real;                         /* REAL, INT */
} gk_plugin__value_t;

/* A running plugin: one set of options. `pool` is a root pool of its own, so that it may end in any
 * thread. */
typedef struct gk_plugin__instance_t {
  gk_plugin_t *plugin;
  apr_pool_t *pool;
  gaokao_host_t host;
  void *self;
  apr_array_header_t *values;          /* gk_plugin__value_t */
  apr_thread_mutex_t *turn;            /* NULL: thread safe */
  int references;                      /* under plugin->lock */
  bool started;
} gk_plugin__instance_t;

struct gk_plugin_t {
  gk_plugins_t *plugins;
  const char *name;
  gk_plugin_row_t row;                 /* presets filled in */
  gk_plugin__image_t *image;           /* NULL: MISSING */
  int index;                           /* in the standing */
  gk_plugin__shared_t *shared;         /* its counts there */
  apr_array_header_t *facts;           /* gaokao_pair_t, of describe() */
  _Atomic int inside;                  /* calls in this process */
  apr_thread_mutex_t *lock;            /* of what follows, and of references of its instances; held briefly */
  gk_plugin_state_t state;             /* never DEGRADED: that is worked out from `shared` */
  const char *reason_zh, *reason_en;
  _Atomic bool off;                    /* switched off; the reason lies in the pool */
  const char *off_reason;
  apr_pool_t *off_pool;
  gk_plugin__instance_t *current;
  _Atomic apr_uint32_t generation;     /* changes with `current` */
  bool changing;                       /* an option change is under way */
  apr_pool_t *overrides_pool;
  apr_array_header_t *overrides;       /* gk_plugin_setting_t, or NULL */
  bool followed;                       /* gk_plugin_follow alone reads and writes these three */
  char made[64], forgiven[64];         /* marks of the acts that are done here */
};

struct gk_plugins_t {
  apr_pool_t *pool;
  gk_plugin_env_t env;
  apr_array_header_t *plugins;         /* gk_plugin_t * */
  gk_standing_t *standing;             /* this process's own until gk_plugins_share */
  apr_int32_t pid;                     /* of this process, set by start */
  gk_plugin__process_t *process;       /* its line in the standing, or NULL */
  apr_thread_mutex_t *lock;            /* of `rulesets` */
  struct gk_ruleset_t *rulesets;       /* those alive, linked: they must let go before the code is unloaded */
};

/* policy.c: takes all rulesets from their plugins, before those go. They may still be destroyed
 * afterwards. */
void gk_policy__detach_all(gk_plugins_t *plugins);

/* loader.c: opens and validates `path` as plugin `name`; the handle is closed by `pool`. NULL when findings
 * (gk_plugin__finding_t) were added. */
gk_plugin__image_t *gk_plugin__open(const char *path, const char *name, apr_array_header_t *findings,
                                    apr_pool_t *pool);
/* The file's name without folder and .so. */
const char *gk_plugin__name_of(const char *path, apr_pool_t *pool);

/* options.c: false, with a sentence, when `text` is no value for `row`. `value` is filled but for source and
 * where. */
bool gk_plugin__parse_option(gk_plugin__value_t *value, const gaokao_option_t *row, const char *text,
                             const char **zh, const char **en, apr_pool_t *pool);
/* What is wrong with a plugin's option table. */
void gk_plugin__check_options(const apr_array_header_t *options, apr_array_header_t *findings,
                              apr_pool_t *pool);
/* Values in the table's order: presets, then `config`, then `overrides` (gk_plugin_setting_t, may be NULL).
 * Every fault becomes a violation of *error (pointer: the setting's `where`, or "/options/KEY"). */
apr_array_header_t *gk_plugin__values(const apr_array_header_t *options, const apr_array_header_t *config,
                                      const char *row_where, const apr_array_header_t *overrides,
                                      bool required, gk_error_t **error, apr_pool_t *pool);
/* One value as an operator writes it. */
gk_json_t *gk_plugin__options_json(const apr_array_header_t *options, const apr_array_header_t *values,
                                   apr_pool_t *pool);

/* host.c: the services table of an instance. */
void gk_plugin__host(gaokao_host_t *host, gk_plugin__instance_t *instance);
apr_int64_t gk_plugin__monotonic_us(void);
void gk_plugin__log(gk_plugin_t *plugin, gk_loudness_t loudness, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* registry.c: why the service can't do without it, or NULL. */
const gk_plugin__finding_t *gk_plugin__needed(const gk_plugin_t *plugin);

/* instance.c: an instance with these values, created and configured, one reference held. */
gk_error_t *gk_plugin__make(gk_plugin__instance_t **out, gk_plugin_t *plugin,
                            const apr_array_header_t *config, const apr_array_header_t *overrides,
                            bool required, apr_pool_t *pool);
gk_error_t *gk_plugin__check(gk_plugin__instance_t *instance, apr_pool_t *pool);
gk_error_t *gk_plugin__start(gk_plugin__instance_t *instance, apr_pool_t *pool);
/* The running instance with a reference, or NULL when the plugin is not in service. */
gk_plugin__instance_t *gk_plugin__hold(gk_plugin_t *plugin);
/* The instance that would run, of a plugin that is switched off. NULL: it is on, or did not start. */
gk_plugin__instance_t *gk_plugin__hold_off(gk_plugin_t *plugin);
void gk_plugin__hold_again(gk_plugin__instance_t *instance);
/* Gives a reference back; the last one stops and destroys the instance. */
void gk_plugin__release(gk_plugin__instance_t *instance);

/* guard.c: a call. It makes the call, checks and copies the answer, and sets *lie to what the answer
 * broke. */
typedef gaokao_error_t *(*gk_plugin__fn)(void *baton, const gaokao_call_t *call,
                                         gk_plugin__instance_t *instance, const char **lie);
/* What a call means for the plugin's standing. ASIDE: going well proves nothing (health, recognise); else a
 * page that polls would hide that the real calls fail. BEGIN and WITHIN: steps of a stream, whose last step
 * is its success; a stream that has begun is not refused for what other streams do. */
typedef enum gk_plugin__weight_t {
  GK_CALL_WHOLE = 1, GK_CALL_ASIDE, GK_CALL_BEGIN, GK_CALL_WITHIN, GK_CALL_LAST
} gk_plugin__weight_t;
/* For calls that are given a sink of bytes: waiting for it is not the plugin's time. */
typedef struct gk_plugin__sink_t {
  apr_int64_t waited_us;               /* by this call; set by gk_plugin__waited, zeroed by the guard */
  gk_plugin__slot_t *slot;             /* of this call, or NULL */
  apr_int64_t since_us;                /* when the wait began */
  bool failed;                         /* the plugin handed on the sink's error */
} gk_plugin__sink_t;
/* Around the sink's own work. */
void gk_plugin__wait(gk_plugin__sink_t *sink);
void gk_plugin__waited(gk_plugin__sink_t *sink);
/* The one way into a plugin. `record` names what the call is about, for a process may die on it: a registration
 * number, or gk_plugin__digest of the bytes; NULL: nothing in particular. `instance` must be held; `sink` may be
 * NULL. `scratch` NULL: a pool for this call is made below `pool`. Errors, in `pool`: INVALID with the plugin's
 * sentence when it blames its input; PLUGIN. */
gk_error_t *gk_plugin__guard(gk_plugin__instance_t *instance, gk_plugin__weight_t weight,
                             const char *request_id, const char *record, gk_plugin__fn fn, void *baton,
                             gk_plugin__sink_t *sink, apr_pool_t *scratch, apr_pool_t *pool);
/* "#0123456789abcdef": names bytes that have no number. No protection against those who want two to be the same. */
const char *gk_plugin__digest(const void *bytes, apr_size_t length, apr_pool_t *pool);
/* PLUGIN, saying that it is switched off, marked `later`. */
gk_error_t *gk_plugin__off_refusal(const gk_plugin_t *plugin, apr_pool_t *pool);
/* The same where it is switched off; else PLUGIN, saying that it is not in service. */
gk_error_t *gk_plugin__refusal(gk_plugin_t *plugin, apr_interval_time_t retry_after_us, apr_pool_t *pool);
/* Microseconds until the next try; 0: in service. Records that are barred don't count. */
apr_int64_t gk_plugin__degraded(gk_plugin_t *plugin);

/* Plugins of a kind in the configuration's order: from index *i on, NULL at the end. */
gk_plugin_t *gk_plugin__next(gk_plugins_t *plugins, apr_uint32_t kind, int *i);

/* True when `text` is UTF-8 of at most `max` bytes. NULL is false. */
bool gk_plugin__text_ok(const char *text, apr_size_t max);
/* A sentence of a plugin, or NULL when it is none. */
const char *gk_plugin__sentence(apr_pool_t *pool, const char *text);

#endif
