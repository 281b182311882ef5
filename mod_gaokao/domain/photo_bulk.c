/* domain/photo_bulk.c: photos by the file's name, and what their measurements say about the limits (photo.h). */
#include "domain/photo.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"

#define MEASURED_MAX 20000 /* photos that a trial goes through: the newest */
#define BINS 24

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- by name --------------------------------------------------------------------------------------------- */

/* "D:\\photos\\01020001.JPG" is 01020001. */
static const char *stem_of(const char *name, apr_pool_t *pool)
{
  for (const char *c = name; *c != '\0'; c++)
    if (*c == '/' || *c == '\\')
      name = c + 1;
  const char *dot = strrchr(name, '.');
  return dot != NULL ? apr_pstrmemdup(pool, name, (apr_size_t)(dot - name)) : name;
}

/* A whole registration number or ID number; NULL for everything else, and for a number nobody here has. */
static gk_error_t *find_by_name(gk_candidate_t **out, gk_act_t *act, const char *name)
{
  const char *stem = stem_of(name, act->pool), *next;
  apr_size_t length = strlen(stem);
  apr_array_header_t *found;
  *out = NULL;
  if (length != 8 && length != 15 && length != 18)
    return NULL;
  for (const char *c = stem; *c != '\0'; c++)
    if (!isdigit((unsigned char)*c) && !(c == stem + 17 && toupper((unsigned char)*c) == 'X'))
      return NULL;
  gk_candidate_filter_t filter = {.q = stem};
  GK_TRY(gk_candidate_list(&found, &next, act, &filter, NULL, 2));
  if (found->nelts == 1) {
    gk_candidate_t *c = APR_ARRAY_IDX(found, 0, gk_candidate_t *);
    if (length != 8 || is(c->number, stem))
      *out = c;
  }
  return NULL;
}

const gk_photo_t *gk_photo_newest(const gk_photo_view_t *view)
{
  for (int i = 0; i < view->photos->nelts; i++)
    if (!is(APR_ARRAY_IDX(view->photos, i, gk_photo_t).source, "chip"))
      return &APR_ARRAY_IDX(view->photos, i, gk_photo_t);
  return NULL;
}

gk_error_t *gk_photo_preview(gk_json_t **out, gk_act_t *act, const char *name, const unsigned char *bytes, apr_size_t length,
                             const char *sha256)
{
  gk_candidate_t *candidate;
  gk_photo_checked_t checked;
  gk_json_t *json = gk_json_object(act->pool);
  GK_TRY(gk_act_season(act));
  GK_TRY(find_by_name(&candidate, act, name));
  GK_TRY(gk_photo_examine(&checked, act, bytes, length, sha256));
  gk_json_set_null(json, "candidate");
  gk_json_set_null(json, "photo_state");
  gk_json_set_null(json, "photo");
  bool open = false;
  if (candidate != NULL) {
    gk_error_t *closed = gk_access_state(GK_ACTION_photo_write, candidate->state, act->pool);
    open = closed == NULL;
    gk_json_set(json, "candidate", gk_candidate_brief_json(candidate, act->pool));
    gk_json_set_str(json, "photo_state", candidate->photo_state);
    gk_photo_view_t view;
    GK_TRY(gk_photo_view(&view, act, candidate->id));
    const gk_photo_t *newest = gk_photo_newest(&view);
    gk_json_set_id(json, "photo", newest != NULL ? newest->id : 0);
  }
  gk_json_set_bool(json, "open", open);
  gk_json_set_str(json, "verdict", checked.verdict);
  gk_json_set_str(json, "becomes", checked.jpeg == NULL ? NULL : gk_photo_state_for(&checked));
  gk_json_set(json, "findings", gk_json_get(checked.report, "findings"));
  *out = json;
  return NULL;
}

/* ---- what is history ---------------------------------------------------------------------------------------- */

gk_error_t *gk_photo_expire(apr_int64_t *count, gk_act_t *act)
{
  int days = gk_core_config(act->core)->photo_history_days;
  *count = 0;
  if (days == 0)
    return NULL;
  apr_time_t before = act->now - days * GK_DAY;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_photo_store_expire(count, act, before));
  if (*count == 0)
    return NULL;
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_int(after, "pictures", *count);
  gk_json_set_time(after, "taken_before", before);
  return gk_audit(act, "photo.expire", "season", act->season != NULL ? act->season->id : 0, 0, "/", NULL, after);
}

/* ---- measurements ---------------------------------------------------------------------------------------- */

typedef enum word_t { FINE = 0, LOOK, BLOCK, WORDS } word_t;
static const char *const words[WORDS] = {"fine", "look", "block"};

static word_t judge(const gk_photo_limit_t *limit, double value)
{
  if (isnan(value))
    return FINE;
  if (value < limit->low || value > limit->high)
    return limit->blocks ? BLOCK : LOOK;
  return value < limit->look_low || value > limit->look_high ? LOOK : FINE;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static gk_json_t *limit_json(const gk_photo_limit_t *limit, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "name", limit->name);
  gk_json_set_str(json, "unit", limit->unit);
  gk_json_set_real(json, "low", limit->low);
  gk_json_set_real(json, "high", limit->high);
  gk_json_set_real(json, "look_low", limit->look_low);
  gk_json_set_real(json, "look_high", limit->look_high);
  gk_json_set_bool(json, "blocks", limit->blocks);
  return json;
}

/* How one measurement is spread; `values` is sorted in place. */
static gk_json_t *spread_json(const gk_photo_limit_t *limit, double *values, int n, apr_pool_t *pool)
{
  gk_json_t *json = limit_json(limit, pool), *bins = gk_json_array(pool);
  int counts[WORDS] = {0}, histogram[BINS] = {0};
  for (int i = 0; i < n; i++)
    counts[judge(limit, values[i])]++;
  qsort(values, (size_t)n, sizeof(double), by_value);
  gk_json_set_int(json, "n", n);
  gk_json_set_int(json, "look", counts[LOOK]);
  gk_json_set_int(json, "block", counts[BLOCK]);
  if (n > 0) {
    double from = values[n / 100], to = values[n - 1 - n / 100], width = (to - from) / BINS;
    for (int i = 0; i < n && width > 0; i++) {
      int bin = (int)((values[i] - from) / width);
      histogram[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
    gk_json_set_real(json, "from", from);
    gk_json_set_real(json, "to", to);
    gk_json_set_real(json, "p05", values[n * 5 / 100]);
    gk_json_set_real(json, "p50", values[n / 2]);
    gk_json_set_real(json, "p95", values[n * 95 / 100]);
  }
  for (int i = 0; i < BINS; i++)
    gk_json_add_int(bins, histogram[i]);
  gk_json_set(json, "histogram", bins);
  return json;
}

static gk_json_t *counts_json(const int *counts, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  for (int i = 0; i < WORDS; i++)
    gk_json_set_int(json, words[i], counts[i]);
  return json;
}

/* The season's limits with those of `wanted` laid over them; each fault at its pointer. */
static gk_error_t *try_limits(apr_array_header_t *limits, const gk_json_t *wanted, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  static const char *const members[] = {"low", "high", "look_low", "look_high"};
  for (apr_size_t i = 0; i < gk_json_size(wanted); i++) {
    gk_json_t *one = gk_json_at(wanted, i);
    const char *name = gk_json_str(one, "name"), *at = apr_psprintf(pool, "/limits/%d", (int)i);
    gk_photo_limit_t *limit = NULL;
    for (int k = 0; k < limits->nelts && name != NULL; k++)
      if (is(APR_ARRAY_IDX(limits, k, gk_photo_limit_t).name, name))
        limit = &APR_ARRAY_IDX(limits, k, gk_photo_limit_t);
    if (limit == NULL) {
      gk_violation(&error, pool, apr_pstrcat(pool, at, "/name", NULL), "unknown", "规则包的照片规格里没有这一项",
                   "The pack's photo profile has no such limit");
      continue;
    }
    double *const places[] = {&limit->low, &limit->high, &limit->look_low, &limit->look_high};
    for (int m = 0; m < 4; m++) {
      const gk_json_t *value = gk_json_get(one, members[m]);
      if (gk_json_is_null(value))
        continue;
      double number = gk_json_real_value(value);
      if (isnan(number) || fabs(number) > 1e9)
        gk_violation(&error, pool, apr_pstrcat(pool, at, "/", members[m], NULL), "number", "应为数字", "It has to be a number");
      else
        *places[m] = number;
    }
    if (error == NULL && (limit->low > limit->high || limit->look_low > limit->look_high))
      gk_violation(&error, pool, at, "order", "下限不能大于上限", "The lower limit can't be above the upper one");
  }
  return error;
}

gk_error_t *gk_photo_measures(gk_json_t **out, gk_act_t *act, const gk_json_t *wanted)
{
  apr_array_header_t *texts;
  GK_TRY(gk_act_season(act));
  const apr_array_header_t *now = act->season->pack->photo.limits;
  apr_array_header_t *then = apr_array_copy(act->pool, now);
  GK_TRY(try_limits(then, wanted, act->pool));
  GK_TRY(gk_photo_store_measures(&texts, act, MEASURED_MAX));
  int n = texts->nelts, *have = apr_pcalloc(act->pool, sizeof(int) * (apr_size_t)(now->nelts + 1));
  int before[WORDS] = {0}, after[WORDS] = {0}, newly_blocked = 0, newly_passed = 0;
  double *values = apr_palloc(act->pool, sizeof(double) * (apr_size_t)(n + 1) * (apr_size_t)(now->nelts + 1));
  apr_pool_t *iterpool;
  apr_pool_create(&iterpool, act->pool);
  for (int i = 0; i < n; i++) {
    gk_json_t *facts;
    const char *text = APR_ARRAY_IDX(texts, i, const char *);
    word_t worst = FINE, tried = FINE;
    apr_pool_clear(iterpool);
    if (gk_json_parse(&facts, text, strlen(text), iterpool) != NULL)
      continue;
    for (int k = 0; k < now->nelts; k++) {
      const gk_photo_limit_t *limit = &APR_ARRAY_IDX(now, k, gk_photo_limit_t);
      double value = gk_json_real_value(gk_json_get(facts, limit->name));
      word_t word = judge(limit, value), other = judge(&APR_ARRAY_IDX(then, k, gk_photo_limit_t), value);
      worst = word > worst ? word : worst;
      tried = other > tried ? other : tried;
      if (!isnan(value))
        values[k * (n + 1) + have[k]++] = value;
    }
    before[worst]++;
    after[tried]++;
    newly_blocked += tried == BLOCK && worst != BLOCK;
    newly_passed += tried != BLOCK && worst == BLOCK;
  }
  apr_pool_destroy(iterpool);
  gk_json_t *json = gk_json_object(act->pool), *limits = gk_json_array(act->pool);
  gk_json_set_int(json, "n", n);
  gk_json_set_str(json, "profile", act->season->pack->photo.id);
  for (int k = 0; k < now->nelts; k++)
    gk_json_add(limits, spread_json(&APR_ARRAY_IDX(then, k, gk_photo_limit_t), values + k * (n + 1), have[k], act->pool));
  gk_json_set(json, "limits", limits);
  gk_json_set(json, "now", counts_json(before, act->pool));
  gk_json_set(json, "then", counts_json(after, act->pool));
  gk_json_set_int(json, "newly_blocked", newly_blocked);
  gk_json_set_int(json, "newly_passed", newly_passed);
  *out = json;
  return NULL;
}
