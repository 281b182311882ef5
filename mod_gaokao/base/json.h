/* base/json.h: JSON, the only door to jansson.
 *
 * Values made here are owned by the pool given to gk_json_object()/gk_json_array()/gk_json_parse(); a
 * value put into an object or array is shared with it. Strings handed out live as long as their value.
 * Numbers are 64-bit integers; money is in fen, ids are integers. Doubles appear only as measurements
 * (gk_json_set_real).
 */
#ifndef GK_BASE_JSON_H
#define GK_BASE_JSON_H

#include <stdbool.h>
#include <apr_pools.h>
#include "base/error.h"

typedef struct json_t gk_json_t;

/* Strict parse: one top value of any type, UTF-8, no duplicate keys, depth <= 16, no U+0000, no text
 * after the end. Errors: MALFORMED with line and column in both languages. */
gk_error_t *gk_json_parse(gk_json_t **out, const char *text, apr_size_t length, apr_pool_t *pool);

/* Compact UTF-8 text in `pool`, keys in insertion order; _sorted: keys sorted, the one exact byte form
 * that is digested and sealed. */
const char *gk_json_text(const gk_json_t *value, apr_pool_t *pool);
const char *gk_json_text_sorted(const gk_json_t *value, apr_pool_t *pool);

gk_json_t *gk_json_object(apr_pool_t *pool);
gk_json_t *gk_json_array(apr_pool_t *pool);
gk_json_t *gk_json_copy(const gk_json_t *value, apr_pool_t *pool); /* deep */
bool gk_json_equal(const gk_json_t *a, const gk_json_t *b);

/* Object setters. A NULL string stores JSON null; invalid UTF-8 stores null too (inputs were checked). */
void gk_json_set(gk_json_t *object, const char *key, gk_json_t *value); /* shares value */
void gk_json_set_str(gk_json_t *object, const char *key, const char *value);
void gk_json_set_int(gk_json_t *object, const char *key, apr_int64_t value);
void gk_json_set_id(gk_json_t *object, const char *key, apr_int64_t id); /* 0: null */
void gk_json_set_bool(gk_json_t *object, const char *key, bool value);
void gk_json_set_real(gk_json_t *object, const char *key, double value);
void gk_json_set_null(gk_json_t *object, const char *key);
void gk_json_set_time(gk_json_t *object, const char *key, apr_time_t when); /* RFC 3339 UTC; 0: null */
void gk_json_remove(gk_json_t *object, const char *key);

/* Array adders. */
void gk_json_add(gk_json_t *array, gk_json_t *value);
void gk_json_add_str(gk_json_t *array, const char *value);
void gk_json_add_int(gk_json_t *array, apr_int64_t value);

/* Readers. A missing key or another type gives the default (NULL, 0, false). */
gk_json_t *gk_json_get(const gk_json_t *object, const char *key);
const char *gk_json_str(const gk_json_t *object, const char *key);
apr_int64_t gk_json_int(const gk_json_t *object, const char *key);
bool gk_json_bool(const gk_json_t *object, const char *key);
const char *gk_json_str_value(const gk_json_t *value);   /* NULL unless a string */
apr_int64_t gk_json_int_value(const gk_json_t *value);
double gk_json_real_value(const gk_json_t *value);           /* any number; NaN for everything else */
bool gk_json_bool_value(const gk_json_t *value);
bool gk_json_is_object(const gk_json_t *value);
bool gk_json_is_array(const gk_json_t *value);
bool gk_json_is_string(const gk_json_t *value);
bool gk_json_is_int(const gk_json_t *value);
bool gk_json_is_bool(const gk_json_t *value);
bool gk_json_is_null(const gk_json_t *value);            /* JSON null; a NULL pointer too */
apr_size_t gk_json_size(const gk_json_t *value);         /* members or elements; 0 for other types */
gk_json_t *gk_json_at(const gk_json_t *array, apr_size_t index);

/* for (gk_json_iter_t it = gk_json_first(o); it.key; gk_json_next(&it)) ... it.key, it.value.
 * The object must not change meanwhile. */
typedef struct gk_json_iter_t {
  const char *key;
  gk_json_t *value;
  gk_json_t *object;
  void *position;
} gk_json_iter_t;
gk_json_iter_t gk_json_first(gk_json_t *object);
void gk_json_next(gk_json_iter_t *it);

/* ---- decoding a request body: collects every fault with its pointer before failing -------------------
 *
 *   gk_decode_t d = gk_decode_start(req->body, pool);
 *   const char *name = gk_decode_str(&d, "name", GK_REQUIRED, 1, 60);
 *   apr_int64_t n = gk_decode_int(&d, "estimated", 0, 0, 99999, 0);
 *   GK_TRY(gk_decode_end(&d));      // unknown keys are faults too
 *
 * Strings come back normalised to NFC-safe UTF-8 without control characters (line breaks allowed only with
 * GK_MULTILINE), trimmed. */
typedef struct gk_decode_t {
  gk_json_t *object;
  const char *prefix;          /* JSON pointer of `object` */
  gk_error_t *error;
  apr_array_header_t *seen;    /* const char *: keys asked for */
  apr_pool_t *pool;
} gk_decode_t;

enum { GK_OPTIONAL = 0, GK_REQUIRED = 1, GK_MULTILINE = 2 };

gk_decode_t gk_decode_start(gk_json_t *body, apr_pool_t *pool);
gk_decode_t gk_decode_nested(gk_decode_t *outer, const char *key, int flags); /* .object NULL when absent */
bool gk_decode_has(gk_decode_t *d, const char *key);  /* present and not null; does not count as asked for */
/* Lengths in characters (code points). Absent: NULL. */
const char *gk_decode_str(gk_decode_t *d, const char *key, int flags, apr_size_t min, apr_size_t max);
/* One of the `|`-separated words in `words`. Absent: NULL. */
const char *gk_decode_word(gk_decode_t *d, const char *key, int flags, const char *words);
apr_int64_t gk_decode_int(gk_decode_t *d, const char *key, int flags, apr_int64_t min, apr_int64_t max,
                          apr_int64_t absent);
bool gk_decode_bool(gk_decode_t *d, const char *key, int flags, bool absent);
/* RFC 3339 with offset; absent: 0. */
apr_time_t gk_decode_time(gk_decode_t *d, const char *key, int flags);
gk_json_t *gk_decode_array(gk_decode_t *d, const char *key, int flags, apr_size_t max_items);
gk_json_t *gk_decode_any(gk_decode_t *d, const char *key, int flags);
/* Adds a fault found by the caller at prefix/key. */
void gk_decode_fault(gk_decode_t *d, const char *key, const char *code, const char *zh_format,
                     const char *en_format, ...);
/* Reports unknown keys and returns the collected error, or NULL. A nested decoder hands its faults to its
 * outer one: end the inner first with gk_decode_join(). */
void gk_decode_join(gk_decode_t *outer, gk_decode_t *inner);
gk_error_t *gk_decode_end(gk_decode_t *d);

#endif
