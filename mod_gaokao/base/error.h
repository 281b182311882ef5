/* base/error.h: the one error type of the core.
 *
 * Every function that can fail returns a gk_error_t *; NULL is success. Results go through
 * out-parameters, which stay untouched on error. An error lives in the pool given at its creation:
 * pass the pool the caller will still own when it looks at the error. Nothing needs clearing.
 */
#ifndef GK_BASE_ERROR_H
#define GK_BASE_ERROR_H

#include <stdarg.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef enum gk_error_code_t {
  GK_E_NONE = 0,
#define GK_ERROR(symbol, http, slug, level, zh, en) GK_E_##symbol,
#include "base/error_codes.def"
#undef GK_ERROR
  GK_E_COUNT
} gk_error_code_t;

/* How loud an error is in the log (error_codes.def, column 4). */
typedef enum gk_loudness_t { GK_QUIET, GK_NOTICE, GK_WARNING, GK_ALARM } gk_loudness_t;

/* One row of error_codes.def. */
typedef struct gk_error_info_t {
  gk_error_code_t code;
  const char *symbol;   /* "STALE_VERSION" */
  int http;             /* status of the problem document */
  const char *slug;     /* "stale-version": last part of the problem's type URN */
  gk_loudness_t level;
  const char *zh;       /* title */
  const char *en;
} gk_error_info_t;

/* One fault of one field: what a form shows beside it. */
typedef struct gk_violation_t {
  const char *pointer;  /* JSON pointer into the request body, "/fields/name"; "" is the whole body */
  const char *code;     /* stable kebab-case key: "required", "too-long", or a pack's rule id */
  const char *rule;     /* the pack's rule id, or NULL */
  const char *zh;       /* sentence: what is wrong, and what to do */
  const char *en;
} gk_violation_t;

typedef struct gk_error_t gk_error_t;
struct gk_error_t {
  gk_error_code_t code;
  const char *zh;                  /* detail safe for the client, or NULL: the title says it */
  const char *en;
  const char *internal;            /* for the log only, may name files and SQL; never personal data */
  apr_array_header_t *violations;  /* of gk_violation_t, or NULL */
  apr_interval_time_t retry_after_us; /* 0: no Retry-After */
  int quiet;                       /* one of many of the same: logged at debug only */
  int later;                       /* nothing is wrong with what was sent: whoever sent it keeps it and sends it again */
  const char *etag;                /* current version for STALE_VERSION, or NULL */
  const gk_error_t *cause;
  apr_pool_t *pool;
  const char *file;
  int line;
};

/* Creates an error with a sentence in both languages. Both formats take the same arguments in the same
 * order. Either may be NULL together: then the code's title stands alone. */
gk_error_t *gk_error_make(apr_pool_t *pool, gk_error_code_t code, const char *file, int line,
                          const char *zh_format, const char *en_format, ...);
#define gk_error(pool, code, ...) gk_error_make((pool), (code), __FILE__, __LINE__, __VA_ARGS__)
#define gk_error_plain(pool, code) gk_error_make((pool), (code), __FILE__, __LINE__, NULL, NULL)

/* Creates an error whose text is for the log only; the client sees the code's title. */
gk_error_t *gk_error_internal_make(apr_pool_t *pool, gk_error_code_t code, const char *file, int line,
                                   const char *format, ...) __attribute__((format(printf, 5, 6)));
#define gk_error_internal(pool, code, ...) \
  gk_error_internal_make((pool), (code), __FILE__, __LINE__, __VA_ARGS__)

/* Adds one field's fault to *error, creating a GK_E_INVALID error when *error is NULL.
 * `pointer` and `code` are kept by reference when they are literals: pass strings that live in `pool`. */
void gk_violation(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code,
                  const char *zh_format, const char *en_format, ...);

/* The same with sentences that are made already, where the languages need different words (times). */
void gk_violation_text(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code, const char *zh,
                       const char *en);

/* Says to the client when to come again. Returns `error`. */
gk_error_t *gk_error_retry(gk_error_t *error, apr_interval_time_t after_us);

/* A copy in another pool (cause chain included). NULL stays NULL. */
gk_error_t *gk_error_dup(apr_pool_t *pool, const gk_error_t *error);

/* The table's row of a code. Never NULL: an unknown code gives the row of INTERNAL. */
const gk_error_info_t *gk_error_info(gk_error_code_t code);

/* One line for the log: symbol, file:line, internal text, causes. Holds no personal data as long as the
 * creators keep the rule of `internal`. */
const char *gk_error_log_text(apr_pool_t *pool, const gk_error_t *error);

/* Returns early on error. */
#define GK_TRY(expression)                           \
  do {                                               \
    gk_error_t *gk_try_error__ = (expression);       \
    if (gk_try_error__ != NULL)                      \
      return gk_try_error__;                         \
  } while (0)

#endif
