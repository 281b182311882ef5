/* domain/progress.c: see progress.h. */
#include "domain/progress.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/text.h"

typedef struct counts_t {
  apr_int64_t total, estimated, paid, fen;
  gk_json_t *states, *subjects, *review, *by_subject; /* by_subject: the unit itself only */
} counts_t;

static counts_t *counts_make(bool matrix, apr_pool_t *pool)
{
  counts_t *counts = apr_pcalloc(pool, sizeof(*counts));
  counts->states = gk_json_object(pool);
  counts->subjects = gk_json_object(pool);
  counts->review = gk_json_object(pool);
  counts->by_subject = matrix ? gk_json_object(pool) : NULL;
  return counts;
}

static void add(gk_json_t *object, const char *key, apr_int64_t n)
{
  gk_json_set_int(object, key, gk_json_int(object, key) + n);
}

static void count(counts_t *counts, const gk_progress_row_t *row, apr_pool_t *pool)
{
  if (strcmp(row->measure, "review") == 0) {
    add(counts->review, row->state, row->n);
  } else if (strcmp(row->measure, "fee") == 0) {
    counts->paid += strcmp(row->state, "paid") == 0 ? row->n : 0;
  } else if (strcmp(row->measure, "fen") == 0) {
    counts->fen += row->n;
  } else {
    bool live = strcmp(row->state, "withdrawn") != 0;
    add(counts->states, row->state, row->n);
    if (live) {
      counts->total += row->n;
      add(counts->subjects, row->subject, row->n);
    }
    if (counts->by_subject != NULL) {
      gk_json_t *states = gk_json_get(counts->by_subject, row->subject);
      if (states == NULL) {
        states = gk_json_object(pool);
        gk_json_set(counts->by_subject, row->subject, states);
      }
      add(states, row->state, row->n);
    }
  }
}

static void counts_json(gk_json_t *json, const counts_t *counts, apr_pool_t *pool)
{
  gk_json_t *fees = gk_json_object(pool);
  gk_json_set_int(json, "total", counts->total);
  gk_json_set(json, "states", counts->states);
  gk_json_set(json, "subjects", counts->subjects);
  if (counts->by_subject != NULL)
    gk_json_set(json, "by_subject", counts->by_subject);
  gk_json_set(json, "review", counts->review);
  gk_json_set_int(fees, "count", counts->paid);
  gk_json_set_int(fees, "fen", counts->fen);
  gk_json_set(json, "fees", fees);
  if (counts->estimated > 0)
    gk_json_set_int(json, "estimated", counts->estimated);
  else
    gk_json_set_null(json, "estimated");
}

static gk_json_t *unit_json(const gk_progress_unit_t *unit, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", unit->id);
  gk_json_set_str(json, "code", unit->code);
  gk_json_set_str(json, "name", unit->name);
  gk_json_set_str(json, "level", unit->level);
  return json;
}

gk_error_t *gk_progress(gk_json_t **out, gk_act_t *act, apr_int64_t org_id, const char *subject)
{
  gk_progress_unit_t unit;
  apr_array_header_t *children, *rows;
  apr_pool_t *pool = act->pool;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_progress_store_unit(&unit, act, org_id != 0 ? org_id : act->who->org_id));
  GK_TRY(gk_progress_store_children(&children, act, unit.id));
  GK_TRY(gk_progress_store_rows(&rows, act, &unit, subject));
  counts_t *total = counts_make(true, pool);
  apr_hash_t *by_path = apr_hash_make(pool);
  for (int i = 0; i < children->nelts; i++) {
    const gk_progress_unit_t *child = &APR_ARRAY_IDX(children, i, gk_progress_unit_t);
    counts_t *counts = counts_make(false, pool);
    counts->estimated = child->estimated;
    total->estimated += child->estimated;
    apr_hash_set(by_path, child->path, APR_HASH_KEY_STRING, counts);
  }
  if (children->nelts == 0)
    total->estimated = unit.estimated;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_progress_row_t *row = &APR_ARRAY_IDX(rows, i, gk_progress_row_t);
    counts_t *counts = apr_hash_get(by_path, row->path, APR_HASH_KEY_STRING);
    count(total, row, pool);
    if (counts != NULL)
      count(counts, row, pool);
  }
  gk_json_t *json = gk_json_object(pool), *all = gk_json_object(pool), *items = gk_json_array(pool);
  gk_json_set(json, "org", unit_json(&unit, pool));
  gk_json_set_str(json, "subject", subject);
  counts_json(all, total, pool);
  gk_json_set(json, "total", all);
  for (int i = 0; i < children->nelts; i++) {
    const gk_progress_unit_t *child = &APR_ARRAY_IDX(children, i, gk_progress_unit_t);
    gk_json_t *item = gk_json_object(pool);
    gk_json_set(item, "org", unit_json(child, pool));
    gk_json_set_bool(item, "enabled", child->enabled);
    counts_json(item, apr_hash_get(by_path, child->path, APR_HASH_KEY_STRING), pool);
    gk_json_add(items, item);
  }
  gk_json_set(json, "items", items);
  *out = json;
  return NULL;
}

/* A cursor is the last school, tab, class in hex. */
static gk_error_t *read_cursor(const char **school, const char **class_name, const char *after,
                               apr_pool_t *pool)
{
  apr_size_t length = 0;
  *school = *class_name = "";
  if (after == NULL)
    return NULL;
  const unsigned char *bytes = gk_text_unhex(pool, after, &length);
  char *text = bytes != NULL ? apr_pstrmemdup(pool, (const char *)bytes, length) : NULL;
  char *tab = text != NULL && gk_utf8_valid(text, length) ? strchr(text, '\t') : NULL;
  if (tab == NULL) {
    gk_error_t *error = NULL;
    gk_violation(&error, pool, "?after", "cursor", "翻页标记不对，请从第一页重新开始。",
                 "This is no cursor of this list: start at the first page.");
    return error;
  }
  *tab = '\0';
  *school = text;
  *class_name = tab + 1;
  return NULL;
}

gk_error_t *gk_progress_classes(gk_json_t **items, const char **next, gk_act_t *act, apr_int64_t org_id,
                                const char *after, int limit)
{
  gk_progress_unit_t unit;
  apr_array_header_t *rows;
  apr_pool_t *pool = act->pool;
  const char *school, *class_name, *cursor = NULL;
  GK_TRY(read_cursor(&school, &class_name, after, pool));
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_progress_store_unit(&unit, act, org_id != 0 ? org_id : act->who->org_id));
  GK_TRY(gk_progress_store_classes(&rows, act, &unit, school, class_name, limit + 1));
  gk_json_t *list = gk_json_array(pool), *item = NULL, *states = NULL;
  const gk_progress_class_t *last = NULL;
  int given = 0;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_progress_class_t *row = &APR_ARRAY_IDX(rows, i, gk_progress_class_t);
    if (last == NULL || strcmp(last->school, row->school) != 0 ||
        strcmp(last->class_name, row->class_name) != 0) {
      if (given == limit) {
        const char *key = apr_pstrcat(pool, last->school, "\t", last->class_name, NULL);
        cursor = gk_text_hex(pool, key, strlen(key));
        break;
      }
      given++;
      last = row;
      item = gk_json_object(pool);
      states = gk_json_object(pool);
      gk_json_set_str(item, "school", row->school);
      gk_json_set_str(item, "class", row->class_name);
      gk_json_set_int(item, "total", 0);
      gk_json_set(item, "states", states);
      gk_json_add(list, item);
    }
    gk_json_set_int(states, row->state, row->n);
    if (strcmp(row->state, "withdrawn") != 0)
      add(item, "total", row->n);
  }
  *items = list;
  *next = cursor;
  return NULL;
}
