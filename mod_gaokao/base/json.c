/* base/json.c: see json.h. The only includer of jansson. */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"

#define MAX_DEPTH 16

static apr_status_t release(void *value)
{
  json_decref(value);
  return APR_SUCCESS;
}

/* Pools end the process when memory runs out; jansson says NULL, and whoever went on would store a document with a field
 * less. So it ends here too (faults.md PR-2). */
static void out_of_memory(void)
{
  static const char text[] = "[crit] No memory for a JSON value, aborting process.\n";
  ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
  (void)ignored;
  abort();
}

/* What jansson answered to a change; other refusals than ENOMEM are those of a wrong key or value. */
static void kept(int rc)
{
  if (rc != 0 && errno == ENOMEM)
    out_of_memory();
}

static json_t *got(json_t *value)
{
  if (value == NULL)
    out_of_memory();
  return value;
}

/* Hands the caller's reference to the pool. */
static gk_json_t *owned(json_t *value, apr_pool_t *pool)
{
  if (value != NULL)
    apr_pool_cleanup_register(pool, value, release, apr_pool_cleanup_null);
  return value;
}

/* jansson's own limit is 2,048 levels; a form needs five. */
static bool too_deep(const json_t *value, int left)
{
  if (left < 0)
    return true;
  if (json_is_object(value)) {
    for (void *it = json_object_iter((json_t *)value); it != NULL; it = json_object_iter_next((json_t *)value, it))
      if (too_deep(json_object_iter_value(it), left - 1))
        return true;
  } else if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++)
      if (too_deep(json_array_get(value, i), left - 1))
        return true;
  }
  return false;
}

gk_error_t *gk_json_parse(gk_json_t **out, const char *text, apr_size_t length, apr_pool_t *pool)
{
  json_error_t why;
  json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
  if (value == NULL && json_error_code(&why) == json_error_out_of_memory)
    out_of_memory();
  if (value == NULL) {
    const char *hint = strstr(why.text, "duplicate") != NULL ? "有重复的键" : "请检查括号、引号和编码(UTF-8)";
    const char *hint_en = strstr(why.text, "duplicate") != NULL
                              ? "A key stands twice"
                              : "Check brackets, quotes and the encoding (UTF-8)";
    gk_error_t *error = gk_error(pool, GK_E_MALFORMED, "第 %d 行第 %d 列不是正确的 JSON",
                                 "Not valid JSON at line %d, column %d", why.line, why.column);
    error->zh = apr_pstrcat(pool, error->zh, "：", hint, NULL);
    error->en = apr_pstrcat(pool, error->en, ". ", hint_en, NULL);
    return error;
  }
  owned(value, pool);
  if (too_deep(value, MAX_DEPTH))
    return gk_error(pool, GK_E_MALFORMED, "JSON 嵌套超过 %d 层", "The JSON is nested deeper than %d levels", MAX_DEPTH);
  *out = value;
  return NULL;
}

typedef struct sink_t {
  char *bytes;
  size_t used, room;
  apr_pool_t *pool;
} sink_t;

static int take(const char *bytes, size_t n, void *data)
{
  sink_t *sink = data;
  if (sink->used + n >= sink->room) {
    while (sink->used + n >= sink->room)
      sink->room *= 4;
    char *larger = apr_palloc(sink->pool, sink->room);
    memcpy(larger, sink->bytes, sink->used);
    sink->bytes = larger;
  }
  memcpy(sink->bytes + sink->used, bytes, n);
  sink->used += n;
  return 0;
}

/* One pass into memory of the pool: measuring first would cost a second one. */
static const char *dump(const gk_json_t *value, size_t flags, apr_pool_t *pool)
{
  char first[4096];
  sink_t sink = {first, 0, sizeof(first), pool};
  errno = 0;
  kept(json_dump_callback(value, take, &sink, flags | JSON_COMPACT | JSON_ENCODE_ANY));
  sink.bytes[sink.used] = '\0';
  return sink.bytes == first ? apr_pmemdup(pool, first, sink.used + 1) : sink.bytes;
}

const char *gk_json_text(const gk_json_t *value, apr_pool_t *pool) { return dump(value, 0, pool); }
const char *gk_json_text_sorted(const gk_json_t *value, apr_pool_t *pool) { return dump(value, JSON_SORT_KEYS, pool); }
gk_json_t *gk_json_object(apr_pool_t *pool) { return owned(got(json_object()), pool); }
gk_json_t *gk_json_array(apr_pool_t *pool) { return owned(got(json_array()), pool); }
gk_json_t *gk_json_copy(const gk_json_t *value, apr_pool_t *pool)
{
  return value != NULL ? owned(got(json_deep_copy(value)), pool) : NULL;
}
bool gk_json_equal(const gk_json_t *a, const gk_json_t *b) { return a == b || json_equal(a, b) == 1; }

void gk_json_set(gk_json_t *object, const char *key, gk_json_t *value)
{
  if (value == NULL)
    kept(json_object_set_new(object, key, json_null()));
  else
    kept(json_object_set(object, key, value));
}

static json_t *string_or_null(const char *value)
{
  errno = 0;
  json_t *text = value != NULL ? json_string(value) : NULL;
  if (text == NULL && errno == ENOMEM)
    out_of_memory();
  return text != NULL ? text : json_null();
}

void gk_json_set_str(gk_json_t *object, const char *key, const char *value)
{
  kept(json_object_set_new(object, key, string_or_null(value)));
}
void gk_json_set_int(gk_json_t *object, const char *key, apr_int64_t value)
{
  kept(json_object_set_new(object, key, got(json_integer(value))));
}
void gk_json_set_id(gk_json_t *object, const char *key, apr_int64_t id)
{
  kept(json_object_set_new(object, key, id != 0 ? got(json_integer(id)) : json_null()));
}
void gk_json_set_bool(gk_json_t *object, const char *key, bool value)
{
  kept(json_object_set_new(object, key, json_boolean(value)));
}
void gk_json_set_real(gk_json_t *object, const char *key, double value)
{
  json_t *real = json_real(value); /* NULL for NaN and infinities */
  kept(json_object_set_new(object, key, real != NULL ? real : json_null()));
}
void gk_json_set_null(gk_json_t *object, const char *key) { kept(json_object_set_new(object, key, json_null())); }

void gk_json_set_time(gk_json_t *object, const char *key, apr_time_t when)
{
  if (when == 0) {
    gk_json_set_null(object, key);
    return;
  }
  char text[GK_TIME_TEXT_BYTES];
  gk_time_write(text, when);
  gk_json_set_str(object, key, text);
}

void gk_json_remove(gk_json_t *object, const char *key) { json_object_del(object, key); }
void gk_json_add(gk_json_t *array, gk_json_t *value) { kept(json_array_append(array, value)); }
void gk_json_add_str(gk_json_t *array, const char *value)
{
  kept(json_array_append_new(array, string_or_null(value)));
}
void gk_json_add_int(gk_json_t *array, apr_int64_t value)
{
  kept(json_array_append_new(array, got(json_integer(value))));
}

gk_json_t *gk_json_get(const gk_json_t *object, const char *key) { return json_object_get(object, key); }
const char *gk_json_str(const gk_json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }
apr_int64_t gk_json_int(const gk_json_t *object, const char *key) { return json_integer_value(json_object_get(object, key)); }
bool gk_json_bool(const gk_json_t *object, const char *key) { return json_is_true(json_object_get(object, key)); }
const char *gk_json_str_value(const gk_json_t *value) { return json_string_value(value); }
double gk_json_real_value(const gk_json_t *value)
{
  return json_is_number(value) ? json_number_value(value) : NAN;
}

apr_int64_t gk_json_int_value(const gk_json_t *value) { return json_integer_value(value); }
bool gk_json_bool_value(const gk_json_t *value) { return json_is_true(value); }
bool gk_json_is_object(const gk_json_t *value) { return json_is_object(value); }
bool gk_json_is_array(const gk_json_t *value) { return json_is_array(value); }
bool gk_json_is_string(const gk_json_t *value) { return json_is_string(value); }
bool gk_json_is_int(const gk_json_t *value) { return json_is_integer(value); }
bool gk_json_is_bool(const gk_json_t *value) { return json_is_boolean(value); }
bool gk_json_is_null(const gk_json_t *value) { return value == NULL || json_is_null(value); }

apr_size_t gk_json_size(const gk_json_t *value)
{
  return json_is_object(value) ? json_object_size(value) : json_is_array(value) ? json_array_size(value) : 0;
}

gk_json_t *gk_json_at(const gk_json_t *array, apr_size_t index) { return json_array_get(array, index); }

gk_json_iter_t gk_json_first(gk_json_t *object)
{
  gk_json_iter_t it = {.object = object, .position = json_object_iter(object)};
  if (it.position != NULL) {
    it.key = json_object_iter_key(it.position);
    it.value = json_object_iter_value(it.position);
  }
  return it;
}

void gk_json_next(gk_json_iter_t *it)
{
  it->position = json_object_iter_next(it->object, it->position);
  it->key = it->position != NULL ? json_object_iter_key(it->position) : NULL;
  it->value = it->position != NULL ? json_object_iter_value(it->position) : NULL;
}
