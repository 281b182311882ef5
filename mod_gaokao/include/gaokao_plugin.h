/* gaokao_plugin.h: the plugin ABI of mod_gaokao. A plugin includes this, APR and its own libraries only.
 *
 * ABI changelog (newest first)
 *   1.2  gaokao_picture_t: what the profile says about file and background.
 *   1.1  gaokao_export_header_t: anchor.
 *   1.0  first version: kinds device, policy, photo, export.
 *
 * Promises, which plugins/README.md explains with an example:
 *   - A plugin loads when its major equals the host's and its minor is not above the host's.
 *   - Structs only grow at their end, and then the minor rises. Each begins with `size`, set by whoever fills
 *     it; the reader looks at no member beyond it. The few without `size` are marked frozen and never change.
 *   - Enum members have fixed numbers; 0 is never one. A reader treats an unknown number as a fault.
 *   - Text is UTF-8 with a NUL at its end. A pointer given to a function holds until that function returns,
 *     unless its comment says longer. What a plugin hands out holds until the host's scratch pool goes:
 *     allocate it there.
 *   - Functions answer NULL for success, else an error made by host->error_new().
 *   - Order of calls: create, configure, check, start, any number of calls, stop; then the instance's pool is
 *     destroyed. New options make a new instance: configure is called once in an instance's life. An instance
 *     that never started isn't stopped. create, configure and check run before httpd forks: no threads,
 *     sockets or clocks there.
 *   - With GAOKAO_THREAD_SAFE the calls come from many threads at once, else one at a time per instance.
 *   - Calls should end before call->deadline_us. Late calls, errors, and answers that break a rule written
 *     here are counted; several in a row take the plugin out of service for a while.
 */
#ifndef GAOKAO_PLUGIN_H
#define GAOKAO_PLUGIN_H

#include <stdint.h>
#include <apr.h>
#include <apr_file_io.h>
#include <apr_pools.h>
#include <apr_time.h>
#include <apr_version.h>

#define GAOKAO_MAGIC 0x474b504cU /* "GKPL" */
#define GAOKAO_ABI_MAJOR 1
#define GAOKAO_ABI_MINOR 2

/* ---- words shared by all kinds ------------------------------------------------------------------------ */

enum { GAOKAO_DEVICE = 1, GAOKAO_POLICY = 2, GAOKAO_PHOTO = 3, GAOKAO_EXPORT = 4 };

/* Flags of a descriptor. A policy plugin must be pure: same arguments, same answer; no clock or chance. */
enum { GAOKAO_THREAD_SAFE = 1, GAOKAO_PURE = 2, GAOKAO_NEEDS_NETWORK = 4 };

/* Codes of errors. INPUT: what was given is at fault (a damaged file); doesn't count against the plugin. */
enum {
  GAOKAO_E_FAILED = 1,
  GAOKAO_E_INPUT = 2,
  GAOKAO_E_BUSY = 3,
  GAOKAO_E_OPTION = 4,
  GAOKAO_E_UNSUPPORTED = 5,
  GAOKAO_E_SINK = 6 /* a sink of the host failed; hand its error on unchanged */
};

enum { GAOKAO_LOG_ERROR = 1, GAOKAO_LOG_WARNING = 2, GAOKAO_LOG_INFO = 3, GAOKAO_LOG_DEBUG = 4 };

typedef struct gaokao_error_t {
  apr_uint32_t size;
  apr_uint32_t code;    /* GAOKAO_E_... */
  const char *zh;       /* a sentence for users in both languages, without personal data */
  const char *en;
} gaokao_error_t;

/* Frozen. */
typedef struct gaokao_pair_t {
  const char *name;     /* an XML name: letter or _, then letters, digits, _ - . */
  const char *value;    /* never NULL in what the host gives: an empty field is left out */
} gaokao_pair_t;

/* Frozen. A measurement. `value` is finite. */
typedef struct gaokao_number_t {
  const char *name;
  const char *unit;     /* "px", "%", "bytes", or "" */
  double value;
} gaokao_number_t;

/* Frozen. One row of a repeated field; rows of one name follow each other, index counts from 1. */
typedef struct gaokao_row_t {
  const char *name;
  apr_uint32_t index;
  apr_uint32_t n_columns;
  const gaokao_pair_t *columns;
} gaokao_row_t;

/* What goes with each call. */
typedef struct gaokao_call_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  const char *request_id;   /* for log lines; never NULL */
  const char *locale;       /* "zh-CN" or "en": for log lines, texts always come in both languages */
  apr_int64_t deadline_us;  /* moment on host->monotonic_us() by which the call should be over */
  apr_pool_t *pool;         /* scratch: goes when the host has copied the answer */
} gaokao_call_t;

/* ---- options ------------------------------------------------------------------------------------------ */

enum {
  GAOKAO_OPTION_STRING = 1,   /* minimum, maximum: length in characters */
  GAOKAO_OPTION_INT = 2,
  GAOKAO_OPTION_REAL = 3,
  GAOKAO_OPTION_BOOL = 4,     /* on or off */
  GAOKAO_OPTION_WORD = 5,     /* one of `words` */
  GAOKAO_OPTION_DURATION = 6  /* microseconds, minimum and maximum too; written 500us, 20ms, 5s, 10min, 2h */
};
enum { GAOKAO_OPTION_REQUIRED = 1, GAOKAO_OPTION_SECRET = 2 };

/* One row of the option table, which ends with GAOKAO_OPTIONS_END. It grows by descriptor.option_size. */
typedef struct gaokao_option_t {
  const char *key;          /* lower snake case */
  apr_uint32_t type;
  apr_uint32_t flags;
  const char *preset;       /* value when not set, in the form an operator writes; NULL: none */
  double minimum;           /* both 0: no range */
  double maximum;
  const char *words;        /* "fast|exact", for GAOKAO_OPTION_WORD, else NULL */
  const char *unit;         /* "bytes", or NULL */
  const char *help_zh;
  const char *help_en;
} gaokao_option_t;
#define GAOKAO_OPTIONS_END {NULL, 0, 0, NULL, 0, 0, NULL, NULL, NULL, NULL}

/* ---- host services ------------------------------------------------------------------------------------ */

/* Given to create(); holds until the instance's pool is destroyed. One table per instance. Append-only. */
typedef struct gaokao_host_t gaokao_host_t;
struct gaokao_host_t {
  apr_uint32_t size;
  apr_uint32_t abi_minor;   /* the host's */
  void *context;            /* the host's own */

  /* Writes a line to the error log, with the plugin's name before it. No personal data. Any thread. */
  void (*log)(const gaokao_host_t *host, apr_uint32_t level, const char *format, ...);
  /* An error in `pool`, usually call->pool. Both formats take the same arguments in the same order. */
  gaokao_error_t *(*error_new)(apr_pool_t *pool, apr_uint32_t code, const char *zh_format,
                               const char *en_format, ...);
  /* The service's clock, which an instance may run with an offset, as apr_time_t. 0 for pure plugins. */
  apr_time_t (*now)(const gaokao_host_t *host);
  /* A clock that never jumps, for deadlines. */
  apr_int64_t (*monotonic_us)(const gaokao_host_t *host);

  /* The typed value of an option of this instance. The option's row decides which getter fits; another one
   * answers NULL or 0. A string is NULL when neither set nor preset. Strings hold as long as the instance. */
  const char *(*option_string)(const gaokao_host_t *host, const char *key); /* STRING, WORD */
  apr_int64_t (*option_int)(const gaokao_host_t *host, const char *key);    /* INT, DURATION; BOOL: 0, 1 */
  double (*option_real)(const gaokao_host_t *host, const char *key);        /* REAL, INT */

  /* Good random bytes. APR_ENOTIMPL for pure plugins. */
  apr_status_t (*random)(const gaokao_host_t *host, void *bytes, apr_size_t length);
  /* An open file that has no name any more and goes with `pool`. APR_ENOTIMPL for pure plugins. */
  apr_status_t (*temp_file)(const gaokao_host_t *host, apr_file_t **file, apr_pool_t *pool);
  /* Adds to a counter of the plugin, shown in /metrics as gaokao_plugin_events_total. At most 16 names of
   * lower snake case, at most 31 bytes each; others are dropped. Any thread. */
  void (*metric_add)(const gaokao_host_t *host, const char *name, apr_uint64_t by);
};

/* ---- life of an instance, the same for every kind ----------------------------------------------------- */

enum { GAOKAO_HEALTH_GOOD = 1, GAOKAO_HEALTH_POOR = 2, GAOKAO_HEALTH_BAD = 3 };

/* `size` is set by the host; the plugin writes no member beyond it. */
typedef struct gaokao_health_t {
  apr_uint32_t size;
  apr_uint32_t state;
  const char *zh;           /* why, when not good */
  const char *en;
} gaokao_health_t;

/* Answers of describe(): lines for the admin page, such as {"libxml2", "2.9.14"}. */
typedef struct gaokao_facts_t {
  apr_uint32_t size;
  apr_uint32_t n_facts;     /* at most 32 */
  const gaokao_pair_t *facts;
} gaokao_facts_t;

typedef struct gaokao_life_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  /* Makes an instance in `pool`, which lives as long as it. Options can't be read yet. Mandatory. */
  gaokao_error_t *(*create)(const gaokao_host_t *host, apr_pool_t *pool, void **instance);
  /* Takes the options from host->option_...(); each is of its type and in its range. NULL: nothing to do. */
  gaokao_error_t *(*configure)(void *instance, const gaokao_call_t *call);
  /* Says whether it could work with these options, changing nothing (configtest). NULL: it could. */
  gaokao_error_t *(*check)(void *instance, const gaokao_call_t *call);
  /* In the process that will make the calls, after fork. NULL: nothing to do. */
  gaokao_error_t *(*start)(void *instance, const gaokao_call_t *call);
  /* The last call. No other is running. NULL: nothing to do. */
  void (*stop)(void *instance);
  /* Both must answer at once, started or not (health only started). Mandatory. */
  gaokao_error_t *(*describe)(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts);
  gaokao_error_t *(*health)(void *instance, const gaokao_call_t *call, gaokao_health_t *health);
} gaokao_life_t;

/* ---- kind policy: the rules of a pack ----------------------------------------------------------------- */

/* What a rule's answer means to the host. To a plugin all are one: a test that is true or not. */
enum {
  GAOKAO_RULE_CHECK = 1,      /* true: the candidate complies */
  GAOKAO_RULE_REQUIRED = 2,   /* true: `id` must be filled in */
  GAOKAO_RULE_RELEVANT = 3,   /* true: `id` applies to this candidate */
  GAOKAO_RULE_QUESTION = 4    /* any other yes or no */
};
enum { GAOKAO_SEVERITY_ERROR = 1, GAOKAO_SEVERITY_REVIEW = 2, GAOKAO_SEVERITY_WARN = 3 };
/* Bits. */
enum {
  GAOKAO_STAGE_FILL = 1,
  GAOKAO_STAGE_REVIEW = 2,
  GAOKAO_STAGE_CONFIRM = 4,
  GAOKAO_STAGE_SUBMIT = 8,
  GAOKAO_STAGE_EXPORT = 16
};

typedef struct gaokao_rule_t {
  apr_uint32_t size;
  apr_uint32_t kind;            /* GAOKAO_RULE_... */
  const char *id;               /* of the rule, or of the field the condition belongs to */
  const char *test;             /* in vtable.language */
  apr_uint32_t severity;        /* CHECK only, else 0 */
  apr_uint32_t stages;          /* CHECK only, else 0: all */
  apr_uint32_t valid_from;      /* 20131101; 0: open. Both inclusive */
  apr_uint32_t valid_to;
  apr_uint32_t reserved;
  apr_uint32_t n_fields;
  const char *const *fields;    /* fields the rule is about; their values go with a verdict that isn't PASS */
} gaokao_rule_t;

/* One candidate as rules see it: fields and derived fields, each name at most once, empty ones left out. In
 * XPath rows stand as NAME/row/COLUMN below the candidate: a list element, and one element a row. */
typedef struct gaokao_candidate_t {
  apr_uint32_t size;
  apr_uint32_t n_fields;
  const gaokao_pair_t *fields;
  apr_uint32_t reserved;
  apr_uint32_t n_rows;
  const gaokao_row_t *rows;
} gaokao_candidate_t;

/* Which rules to evaluate on what: chosen by the host by stage, date and scope; each index at most once. */
typedef struct gaokao_question_t {
  apr_uint32_t size;
  apr_uint32_t stage;           /* one GAOKAO_STAGE_ bit */
  apr_uint32_t as_of;           /* 20131105: the day to judge by */
  apr_uint32_t n_rules;
  const apr_uint32_t *rules;    /* indexes into the array given to load_rules */
  const gaokao_candidate_t *candidate;
} gaokao_question_t;

enum { GAOKAO_PASS = 1, GAOKAO_FAIL = 2, GAOKAO_ERROR = 3 };

typedef struct gaokao_verdict_t {
  apr_uint32_t size;
  apr_uint32_t rule;            /* index */
  apr_uint32_t result;          /* PASS: true. FAIL: false. ERROR: could not be computed */
  apr_uint32_t n_seen;
  const gaokao_pair_t *seen;    /* not PASS: the rule's fields that have a value; may be NULL */
  const char *reason;           /* ERROR: why, for the log; else NULL */
} gaokao_verdict_t;

typedef struct gaokao_verdict_sink_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  void *context;
  void (*verdict)(void *context, const gaokao_verdict_t *verdict); /* copies what it keeps */
} gaokao_verdict_sink_t;

typedef struct gaokao_policy_t {
  const gaokao_life_t *life;
  const char *language;         /* of the tests: "xpath-1.0" */
  /* Compiles rules once. The array, its rules and all their strings hold until unload_rules. On error the
   * sentences name each faulty rule. Runs beside evaluate() of other rulesets. */
  gaokao_error_t *(*load_rules)(void *instance, const gaokao_call_t *call, const gaokao_rule_t *const *rules,
                                apr_uint32_t n_rules, void **ruleset);
  /* Exactly one verdict for each rule asked for, in any order. A ruleset never changes; with
   * GAOKAO_THREAD_SAFE it serves many threads at once. */
  gaokao_error_t *(*evaluate)(void *instance, const gaokao_call_t *call, void *ruleset,
                              const gaokao_question_t *question, const gaokao_verdict_sink_t *sink);
  /* No evaluate() with this ruleset is running. Always before stop(). */
  void (*unload_rules)(void *instance, void *ruleset);
} gaokao_policy_t;

/* ---- kind export: candidates as a stream -------------------------------------------------------------- */

/* Frozen. */
typedef struct gaokao_export_format_t {
  const char *name;             /* "xml" */
  const char *media_type;       /* "application/xml" */
  const char *extension;        /* "xml" */
  const char *encodings;        /* "UTF-8|GB18030", the preset first */
} gaokao_export_format_t;

/* Frozen. A column of the output, known before the first record. */
typedef struct gaokao_column_t {
  const char *table;            /* "T_BMK" */
  const char *name;             /* "KSH" */
  const char *title_zh;
  const char *title_en;
  apr_uint32_t type;            /* 'C' text, 'N' number, 'D' date, as in a DBF header */
  apr_uint32_t width;           /* bytes in GB18030; 0: unknown */
} gaokao_column_t;

enum { GAOKAO_EXPORT_FULL = 1, GAOKAO_EXPORT_CHANGES = 2 };

typedef struct gaokao_export_header_t {
  apr_uint32_t size;
  apr_uint32_t kind;            /* GAOKAO_EXPORT_... */
  const char *format;           /* one of formats() */
  const char *encoding;         /* one of its encodings */
  apr_int32_t season;           /* 2014 */
  apr_int32_t pack_version;
  const char *pack;             /* "hunan-2014" */
  const char *generation;       /* of the ministry's field names: "2012" or "2017" */
  apr_time_t generated;
  const char *scope;            /* code of the organisation whose candidates follow: "43" */
  const char *scope_name;
  const char *mark;             /* high-water mark of this snapshot, or NULL */
  const char *since;            /* CHANGES: the mark it starts from, else NULL */
  const gaokao_column_t *columns;
  apr_uint32_t n_columns;
  apr_uint32_t reserved;
  const char *anchor;           /* since 1.1: the audit's newest seal, "17:" and 64 hex digits, or NULL */
} gaokao_export_header_t;

enum {
  GAOKAO_RECORD_PRESENT = 1,
  GAOKAO_RECORD_ADDED = 2,
  GAOKAO_RECORD_CHANGED = 3,
  GAOKAO_RECORD_WITHDRAWN = 4
};

typedef struct gaokao_record_t {
  apr_uint32_t size;
  apr_uint32_t kind;            /* GAOKAO_RECORD_...; PRESENT in a full export */
  const char *number;           /* registration number; never NULL */
  const char *candidate_number; /* NULL before submission */
  const char *state;            /* "submitted" */
  const char *point;            /* code of the point */
  apr_int64_t version;          /* of the record */
  apr_uint32_t n_values;
  apr_uint32_t n_rows;
  const gaokao_pair_t *values;  /* of table T_BMK by the ministry's names, in columns' order; no empty ones */
  const gaokao_row_t *rows;     /* of the other tables: name is the table */
} gaokao_record_t;

typedef struct gaokao_export_totals_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  apr_uint64_t records;         /* as many as record() was called */
  apr_uint64_t withdrawn;       /* of them */
  const char *digest;           /* SHA-256 in hex over what the host defines as content, or NULL */
} gaokao_export_totals_t;

/* Where the bytes go. write() answers NULL, or an error with code GAOKAO_E_SINK: then stop and hand it on. */
typedef struct gaokao_byte_sink_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  void *context;
  gaokao_error_t *(*write)(void *context, const void *bytes, apr_size_t length);
} gaokao_byte_sink_t;

typedef struct gaokao_export_t {
  const gaokao_life_t *life;
  const gaokao_export_format_t *formats; /* constant, n_formats rows */
  apr_uint32_t n_formats;
  apr_uint32_t reserved;
  /* Begins a stream in `pool`, which lives as long as the stream; so do `header` and `sink`. One thread at a
   * time uses a stream, several streams may run at once. Memory must not grow with the number of records. */
  gaokao_error_t *(*begin)(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                           const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **stream);
  gaokao_error_t *(*record)(void *instance, const gaokao_call_t *call, void *stream,
                            const gaokao_record_t *record);
  /* Writes what is left. After this, or when the host gives up a stream, its pool is destroyed. */
  gaokao_error_t *(*end)(void *instance, const gaokao_call_t *call, void *stream,
                         const gaokao_export_totals_t *totals);
} gaokao_export_t;

/* ---- kind device: bytes of a reading become fields ---------------------------------------------------- */

/* The host has verified the reading's signature and opened its seal before. */
typedef struct gaokao_input_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  const unsigned char *bytes;
  apr_uint64_t length;
  const char *media_type;       /* as the gateway says; "" unknown */
  const char *device;           /* model as enrolled; "" unknown */
  apr_time_t received;          /* arrival at the server */
} gaokao_input_t;

/* Frozen. */
typedef struct gaokao_blob_t {
  const char *name;             /* "photo" */
  const char *media_type;
  const unsigned char *bytes;
  apr_uint64_t length;
} gaokao_blob_t;

/* In call->pool. */
typedef struct gaokao_reading_t {
  apr_uint32_t size;
  apr_uint32_t n_fields;        /* at most 256 */
  const char *type;             /* "idcard", "examination" */
  apr_time_t captured;          /* 0: the bytes don't say */
  const gaokao_pair_t *fields;
  const gaokao_blob_t *blobs;
  apr_uint32_t n_blobs;         /* at most 16 */
  apr_uint32_t reserved;
} gaokao_reading_t;

typedef struct gaokao_device_t {
  const gaokao_life_t *life;
  /* How sure it is that these bytes are its own: 0 not at all to 100. Looks at little and answers fast. */
  gaokao_error_t *(*recognise)(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                               apr_uint32_t *confidence);
  gaokao_error_t *(*decode)(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                            const gaokao_reading_t **reading);
} gaokao_device_t;

/* ---- kind photo: facts and findings about a picture --------------------------------------------------- */

enum { GAOKAO_PIXELS_GRAY8 = 1, GAOKAO_PIXELS_RGB8 = 2 };

/* Frozen. A limit of the pack's photo profile. */
typedef struct gaokao_limit_t {
  const char *name;             /* "face-width" */
  const char *unit;
  double low, high;             /* outside: a fault */
  double look_low, look_high;   /* outside: the operator looks */
  apr_uint32_t blocks;          /* 1: the fault blocks, 0: the operator looks */
  apr_uint32_t reserved;
} gaokao_limit_t;

typedef struct gaokao_picture_t {
  apr_uint32_t size;
  apr_uint32_t format;          /* GAOKAO_PIXELS_... */
  apr_uint32_t width_px, height_px, stride_bytes;
  apr_uint32_t n_facts;
  const unsigned char *pixels;  /* height_px * stride_bytes */
  const char *media_type;       /* of the file as uploaded */
  apr_uint64_t file_bytes;
  const gaokao_number_t *facts; /* of the file and of plugins that ran before */
  const gaokao_limit_t *limits;
  apr_uint32_t n_limits;
  apr_uint32_t profile_width_px, profile_height_px;
  apr_uint32_t reserved;
  apr_uint32_t profile_min_bytes, profile_max_bytes; /* since 1.2; of the file to be stored */
  apr_uint32_t profile_min_quality;                  /* since 1.2 */
  apr_uint32_t n_backgrounds;                        /* since 1.2 */
  const apr_uint32_t *backgrounds;                   /* since 1.2: 0xRRGGBB each */
} gaokao_picture_t;

enum { GAOKAO_BLOCK = 1, GAOKAO_LOOK = 2, GAOKAO_FINE = 3 };
/* Members of a finding that are set. */
enum { GAOKAO_HAS_MEASURED = 1, GAOKAO_HAS_LOW = 2, GAOKAO_HAS_HIGH = 4, GAOKAO_HAS_REGION = 8 };

typedef struct gaokao_finding_t {
  apr_uint32_t size;
  apr_uint32_t severity;
  const char *code;             /* "eye-line" */
  apr_uint32_t has;             /* GAOKAO_HAS_ bits */
  apr_uint32_t reserved;
  double measured, low, high;   /* finite */
  const char *unit;
  apr_int32_t x, y, width, height; /* region in pixels, inside the picture */
  const char *zh, *en;          /* what is wrong */
  const char *remedy_zh, *remedy_en;
} gaokao_finding_t;

typedef struct gaokao_crop_t {
  apr_uint32_t size;
  apr_int32_t x, y, width, height; /* inside the picture */
  apr_int32_t reserved;
  double turn_degrees;          /* clockwise, -45 to 45 */
} gaokao_crop_t;

typedef struct gaokao_photo_sink_t {
  apr_uint32_t size;
  apr_uint32_t reserved;
  void *context;
  void (*fact)(void *context, const gaokao_number_t *fact);         /* at most 128 */
  void (*finding)(void *context, const gaokao_finding_t *finding);  /* at most 64 */
  void (*crop)(void *context, const gaokao_crop_t *crop);           /* at most one */
} gaokao_photo_sink_t;

typedef struct gaokao_photo_t {
  const gaokao_life_t *life;
  gaokao_error_t *(*inspect)(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                             const gaokao_photo_sink_t *sink);
} gaokao_photo_t;

/* ---- the descriptor and the one exported function ----------------------------------------------------- */

typedef struct gaokao_build_t {
  apr_uint32_t size;
  apr_uint32_t apr_major;
  apr_uint32_t sizeof_pointer;
  apr_uint32_t sizeof_apr_time;
  apr_uint32_t sizeof_apr_off;
  apr_uint32_t pool_debug;      /* compiled with APR_POOL_DEBUG */
} gaokao_build_t;

typedef struct gaokao_descriptor_t {
  apr_uint32_t magic;
  apr_uint32_t size;
  apr_uint32_t abi_major;
  apr_uint32_t abi_minor;       /* of the header the plugin was compiled with */
  const gaokao_build_t *build;
  apr_uint32_t kind;
  apr_uint32_t flags;
  const char *name;             /* as in the function's name */
  const char *version;
  const char *licence;          /* SPDX */
  const void *vtable;           /* gaokao_policy_t ..., by kind */
  const gaokao_option_t *options; /* or NULL */
  apr_uint32_t vtable_size;
  apr_uint32_t option_size;
} gaokao_descriptor_t;

typedef const gaokao_descriptor_t *(gaokao_entry_fn)(void);

#ifdef APR_POOL_DEBUG
#define GAOKAO_POOL_DEBUG_ 1
#else
#define GAOKAO_POOL_DEBUG_ 0
#endif

/* Defines the plugin's one exported function, gaokao_plugin_NAME. Compile with -fvisibility=hidden.
 *   GAOKAO_PLUGIN(example, POLICY, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
 * `vtable` is a static gaokao_policy_t (by kind); `options` a static array that ends with GAOKAO_OPTIONS_END,
 * or NULL. */
#define GAOKAO_PLUGIN(plugin_name, KIND, plugin_vtable, plugin_options, plugin_version, plugin_licence,  \
                      plugin_flags)                                                                      \
  static const gaokao_build_t gaokao_build_ = {                                                          \
      sizeof(gaokao_build_t), APR_MAJOR_VERSION, sizeof(void *), sizeof(apr_time_t), sizeof(apr_off_t),  \
      GAOKAO_POOL_DEBUG_};                                                                               \
  static const gaokao_descriptor_t gaokao_descriptor_ = {                                                \
      GAOKAO_MAGIC, sizeof(gaokao_descriptor_t), GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR, &gaokao_build_,     \
      GAOKAO_##KIND, (plugin_flags), #plugin_name, (plugin_version), (plugin_licence), &(plugin_vtable), \
      (plugin_options), sizeof(plugin_vtable), sizeof(gaokao_option_t)};                                 \
  __attribute__((visibility("default"))) const gaokao_descriptor_t *gaokao_plugin_##plugin_name(void);   \
  const gaokao_descriptor_t *gaokao_plugin_##plugin_name(void)                                           \
  {                                                                                                      \
    return &gaokao_descriptor_;                                                                          \
  }

#endif
