/* domain/calendar.c: see calendar.h. */
#include "domain/calendar.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/org.h"
#include "domain/paths.h"

static const struct {
  const char *action, *zh, *en;
} names[] = {
    {"read", "读取身份证", "Reading of ID cards"},
    {"print_card", "打印登录卡", "Printing of login cards"},
    {"review", "资格审查", "Review of eligibility"},
    {"fill", "网上填报", "Online registration"},
    {"proof", "打印校对", "Printing of proof sheets"},
    {"confirm", "现场确认签字", "Confirmation and signature"},
    {"other_info", "采集评语体检等信息", "Collection of appraisals, examination and the like"},
    {"submit_art", "上报艺术类", "Submission of art candidates"},
    {"submit_all", "上报全部", "Submission of everybody"},
};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

const char *const gk_calendar_actions[] = {"read",    "print_card", "review",     "fill",      "proof",
                                           "confirm", "other_info", "submit_art", "submit_all"};
const int gk_calendar_action_count = (int)(sizeof(gk_calendar_actions) / sizeof(gk_calendar_actions[0]));

static int action_index(const char *action)
{
  for (int i = 0; i < NAMES; i++)
    if (strcmp(names[i].action, action) == 0)
      return i;
  return -1;
}

const char *gk_calendar_action_zh(const char *action)
{
  int i = action_index(action);
  return i < 0 ? action : names[i].zh;
}

const char *gk_calendar_action_en(const char *action)
{
  int i = action_index(action);
  return i < 0 ? action : names[i].en;
}

const char *gk_window_kind_word(gk_window_kind_t kind)
{
  return kind == GK_WINDOW ? "window" : kind == GK_SLOT ? "slot" : "extension";
}

gk_window_kind_t gk_window_kind_of(const char *word)
{
  for (gk_window_kind_t kind = GK_WINDOW; word != NULL && kind <= GK_EXTENSION; kind++)
    if (strcmp(word, gk_window_kind_word(kind)) == 0)
      return kind;
  return 0;
}

const char *gk_calendar_state_word(gk_calendar_state_t state)
{
  static const char *const words[] = {"none", "before", "open", "between", "after"};
  return words[state];
}

/* ---- pure part ----------------------------------------------------------------------------------------- */

static bool holds_for(const char *unit, const char *path) { return strncmp(path, unit, strlen(unit)) == 0; }

static void add_interval(apr_array_header_t *times, apr_time_t opens, apr_time_t closes)
{
  if (opens < closes)
    *(gk_interval_t *)apr_array_push(times) = (gk_interval_t){opens, closes};
}

static int by_opening(const void *a, const void *b)
{
  const gk_interval_t *x = a, *y = b;
  return x->opens != y->opens ? (x->opens < y->opens ? -1 : 1)
                              : (x->closes > y->closes) - (x->closes < y->closes);
}

static apr_array_header_t *merged(apr_array_header_t *times, apr_pool_t *pool)
{
  apr_array_header_t *out = apr_array_make(pool, times->nelts, sizeof(gk_interval_t));
  if (times->nelts > 1)
    qsort(times->elts, (size_t)times->nelts, sizeof(gk_interval_t), by_opening);
  for (int i = 0; i < times->nelts; i++) {
    gk_interval_t one = APR_ARRAY_IDX(times, i, gk_interval_t);
    gk_interval_t *last = out->nelts > 0 ? &APR_ARRAY_IDX(out, out->nelts - 1, gk_interval_t) : NULL;
    if (last == NULL || one.opens > last->closes)
      *(gk_interval_t *)apr_array_push(out) = one;
    else if (one.closes > last->closes)
      last->closes = one.closes;
  }
  return out;
}

/* Units above a record, by the length of their paths; a path has at most this many levels. */
enum { MAX_LEVELS = 8 };

/* What of `base` the slots leave: level by level, a level without slots inside `base` leaves all. */
static apr_array_header_t *narrowed(gk_interval_t base, const apr_array_header_t *slots, apr_pool_t *pool)
{
  apr_array_header_t *open = apr_array_make(pool, 4, sizeof(gk_interval_t));
  add_interval(open, base.opens, base.closes);
  size_t lengths[MAX_LEVELS];
  int levels = 0;
  for (int i = 0; i < slots->nelts; i++) {
    size_t length = strlen(APR_ARRAY_IDX(slots, i, const gk_window_t *)->org_path);
    int k = 0;
    while (k < levels && lengths[k] != length)
      k++;
    if (k == levels && levels < MAX_LEVELS)
      lengths[levels++] = length;
  }
  for (int k = 0; k < levels; k++) {
    apr_array_header_t *turns = apr_array_make(pool, 4, sizeof(gk_interval_t));
    for (int i = 0; i < slots->nelts; i++) {
      const gk_window_t *slot = APR_ARRAY_IDX(slots, i, const gk_window_t *);
      if (strlen(slot->org_path) == lengths[k] && slot->opens < base.closes && slot->closes > base.opens)
        add_interval(turns, slot->opens, slot->closes);
    }
    if (turns->nelts == 0)
      continue;
    turns = merged(turns, pool);
    apr_array_header_t *left = apr_array_make(pool, 4, sizeof(gk_interval_t));
    for (int i = 0; i < open->nelts; i++)
      for (int j = 0; j < turns->nelts; j++) {
        gk_interval_t a = APR_ARRAY_IDX(open, i, gk_interval_t), b = APR_ARRAY_IDX(turns, j, gk_interval_t);
        add_interval(left, a.opens > b.opens ? a.opens : b.opens, a.closes < b.closes ? a.closes : b.closes);
      }
    open = left;
  }
  return open;
}

apr_array_header_t *gk_calendar_times(const apr_array_header_t *rows, const char *action,
                                      const char *org_path, apr_int64_t candidate_id, bool without_extensions,
                                      apr_pool_t *pool)
{
  apr_array_header_t *times = apr_array_make(pool, 8, sizeof(gk_interval_t));
  apr_array_header_t *windows = apr_array_make(pool, 4, sizeof(gk_interval_t));
  apr_array_header_t *slots = apr_array_make(pool, 4, sizeof(const gk_window_t *));
  size_t nearest = 0;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_window_t *row = &APR_ARRAY_IDX(rows, i, gk_window_t);
    if (strcmp(row->action, action) != 0)
      continue;
    if (row->candidate_id != 0 ? row->candidate_id != candidate_id : !holds_for(row->org_path, org_path))
      continue;
    if (row->kind == GK_EXTENSION) {
      if (!without_extensions)
        add_interval(times, row->opens, row->closes);
    } else if (row->kind == GK_SLOT) {
      *(const gk_window_t **)apr_array_push(slots) = row;
    } else {
      size_t length = strlen(row->org_path);
      if (length > nearest) {
        nearest = length;
        windows->nelts = 0;
      }
      if (length == nearest)
        add_interval(windows, row->opens, row->closes);
    }
  }
  windows = merged(windows, pool);
  for (int i = 0; i < windows->nelts; i++)
    apr_array_cat(times, narrowed(APR_ARRAY_IDX(windows, i, gk_interval_t), slots, pool));
  return merged(times, pool);
}

gk_calendar_verdict_t gk_calendar_judge(const apr_array_header_t *times, apr_time_t now)
{
  gk_calendar_verdict_t verdict = {GK_CALENDAR_NONE, 0, 0, 0};
  for (int i = 0; i < times->nelts; i++) {
    gk_interval_t one = APR_ARRAY_IDX(times, i, gk_interval_t);
    if (now >= one.closes) {
      verdict = (gk_calendar_verdict_t){GK_CALENDAR_AFTER, one.opens, one.closes, 0};
      continue;
    }
    if (now >= one.opens) {
      verdict = (gk_calendar_verdict_t){GK_CALENDAR_OPEN, one.opens, one.closes, 0};
      if (i + 1 < times->nelts)
        verdict.next_opens = APR_ARRAY_IDX(times, i + 1, gk_interval_t).opens;
    } else {
      verdict.state = verdict.state == GK_CALENDAR_AFTER ? GK_CALENDAR_BETWEEN : GK_CALENDAR_BEFORE;
      verdict.opens = one.opens;
      verdict.closes = one.closes;
    }
    break;
  }
  return verdict;
}

gk_error_t *gk_calendar_closed(const char *action, const gk_calendar_verdict_t *verdict, apr_pool_t *pool)
{
  const char *zh = gk_calendar_action_zh(action), *en = gk_calendar_action_en(action);
  const char *opens_zh = gk_time_zh(pool, verdict->opens), *closes_zh = gk_time_zh(pool, verdict->closes);
  const char *opens_en = gk_time_en(pool, verdict->opens), *closes_en = gk_time_en(pool, verdict->closes);
  gk_error_t *error = gk_error_plain(pool, GK_E_WINDOW_CLOSED);
  switch (verdict->state) {
  case GK_CALENDAR_OPEN:
    return NULL;
  case GK_CALENDAR_NONE:
    error->zh = apr_psprintf(pool, "“%s”的时间还没有公布，请留意公告。", zh);
    error->en = apr_psprintf(pool, "%s has no time yet: watch the notices.", en);
    break;
  case GK_CALENDAR_BEFORE:
    error->zh = apr_psprintf(pool, "“%s”还没有开始：%s开始，%s截止。", zh, opens_zh, closes_zh);
    error->en = apr_psprintf(pool, "%s has not begun: it opens %s and closes %s.", en, opens_en, closes_en);
    break;
  case GK_CALENDAR_BETWEEN:
    error->zh = apr_psprintf(pool, "现在不是本地区“%s”的时段：下一时段%s开始，%s截止。", zh, opens_zh, closes_zh);
    error->en = apr_psprintf(pool, "It is not this region's turn now. %s opens again %s and closes %s.", en,
                             opens_en, closes_en);
    break;
  case GK_CALENDAR_AFTER:
    error->zh = apr_psprintf(pool, "“%s”已经截止：%s开始，%s截止。确需补办的，请联系报名点或县市区招考机构申请延期。",
                             zh, opens_zh, closes_zh);
    error->en =
        apr_psprintf(pool,
                     "%s is over: it opened %s and closed %s. Ask the registration point or the county "
                     "bureau for an extension.",
                     en, opens_en, closes_en);
    break;
  }
  return error;
}

/* ---- checks and the caller's calendar ------------------------------------------------------------------ */

gk_error_t *gk_calendar_check(gk_act_t *act, const char *action, const char *org_path,
                              apr_int64_t candidate_id)
{
  apr_array_header_t *rows;
  if (action == NULL || action[0] == '\0')
    return NULL;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_core_clock_check(act->core, act->pool));
  GK_TRY(gk_window_store_in_force(&rows, act, action, org_path, candidate_id));
  gk_calendar_verdict_t verdict =
      gk_calendar_judge(gk_calendar_times(rows, action, org_path, candidate_id, false, act->pool), act->now);
  return gk_calendar_closed(action, &verdict, act->pool);
}

gk_error_t *gk_calendar_state(gk_json_t **out, gk_act_t *act)
{
  apr_array_header_t *rows;
  const char *path = act->who->role == GK_ROLE_PUBLIC ? NULL : act->who->org_path;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_window_store_in_force(&rows, act, NULL, path, act->who->candidate_id));
  if (path == NULL && rows->nelts > 0)
    path = APR_ARRAY_IDX(rows, 0, gk_window_t).org_path;
  gk_json_t *list = gk_json_array(act->pool);
  for (int i = 0; i < gk_calendar_action_count; i++) {
    const char *action = gk_calendar_actions[i];
    gk_calendar_verdict_t verdict = {GK_CALENDAR_NONE, 0, 0, 0};
    if (path != NULL)
      verdict = gk_calendar_judge(
          gk_calendar_times(rows, action, path, act->who->candidate_id, false, act->pool), act->now);
    gk_json_t *one = gk_json_object(act->pool), *name = gk_json_object(act->pool);
    gk_json_set_str(name, "zh", gk_calendar_action_zh(action));
    gk_json_set_str(name, "en", gk_calendar_action_en(action));
    gk_json_set_str(one, "action", action);
    gk_json_set(one, "name", name);
    gk_json_set_str(one, "state", gk_calendar_state_word(verdict.state));
    gk_json_set_bool(one, "open", verdict.state == GK_CALENDAR_OPEN);
    gk_json_set_time(one, "opens_at", verdict.opens);
    gk_json_set_time(one, "closes_at", verdict.closes);
    gk_json_set_time(one, "next_opens_at", verdict.next_opens);
    gk_json_add(list, one);
  }
  *out = list;
  return NULL;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

gk_json_t *gk_window_json(const gk_window_t *window, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *candidate = NULL;
  gk_json_set_int(json, "id", window->id);
  gk_json_set_str(json, "action", window->action);
  gk_json_set_str(json, "kind", gk_window_kind_word(window->kind));
  gk_json_t *org = gk_org_brief_json(window->org_id, gk_path_code(window->org_path, pool), window->org_name,
                                     window->org_level, pool);
  gk_json_set_str(org, "path", window->org_path);
  gk_json_set(json, "org", org);
  if (window->candidate_id != 0) {
    candidate = gk_json_object(pool);
    gk_json_set_int(candidate, "id", window->candidate_id);
    gk_json_set_str(candidate, "number", window->number);
  }
  gk_json_set(json, "candidate", candidate);
  gk_json_set_time(json, "opens_at", window->opens);
  gk_json_set_time(json, "closes_at", window->closes);
  gk_json_set_str(json, "reason", window->reason);
  gk_json_set_int(json, "version", window->version);
  gk_json_set_id(json, "created_by", window->created_by);
  gk_json_set_time(json, "created_at", window->created);
  gk_json_set_time(json, "updated_at", window->updated);
  return json;
}

gk_error_t *gk_windows_list(apr_array_header_t **windows, gk_act_t *act, const char *action,
                            gk_window_kind_t kind, apr_int64_t after, int limit)
{
  GK_TRY(gk_act_season(act));
  return gk_window_store_list(windows, act, action, kind != 0 ? gk_window_kind_word(kind) : NULL, after,
                              limit);
}

/* Rank of a level in the tree; the smaller commands the greater. */
static int rank(const char *level)
{
  static const char *const levels[] = {"province", "city", "county", "point"};
  for (int i = 0; i < 4; i++)
    if (level != NULL && strcmp(levels[i], level) == 0)
      return i;
  return 4;
}

static apr_interval_time_t reach_us(const gk_act_t *act)
{
  switch (rank(act->who->org_level)) {
  case 1: return GK_EXTEND_CITY_US;
  case 2: return GK_EXTEND_COUNTY_US;
  default: return GK_EXTEND_POINT_US;
  }
}

static gk_error_t *not_below(gk_act_t *act)
{
  return gk_error(
      act->pool, GK_E_FORBIDDEN, "时段和延期由上一级为下级设置：请选择您的下级单位，或请上级设置。",
      "Slots and extensions are set from above: choose a unit below yours, or ask the level above.");
}

/* May the caller set a row of this kind for a unit (or one of its candidates)? */
static gk_error_t *check_right(gk_act_t *act, gk_window_kind_t kind, const char *path,
                               apr_int64_t candidate_id)
{
  int mine = rank(act->who->org_level);
  bool below = strcmp(path, act->who->org_path) != 0;
  if (kind == GK_WINDOW && mine != 0)
    return gk_error(act->pool, GK_E_FORBIDDEN, "办理时间由省教育考试院统一规定；市县可以设置时段或申请延期。",
                    "Windows are set by the province; cities and counties set slots and extensions.");
  if (mine == 0)
    return NULL;
  if (kind == GK_SLOT && (!below || mine > 2))
    return not_below(act);
  if (kind == GK_EXTENSION && candidate_id == 0 && (!below || mine > 2))
    return not_below(act);
  return NULL;
}

/* Rows that bind the caller when it sets a slot for `path`: all windows, and slots of units above it or
 * set from above the caller. */
static apr_array_header_t *binding_rows(gk_act_t *act, const apr_array_header_t *rows, const char *path)
{
  apr_array_header_t *binding = apr_array_make(act->pool, rows->nelts, sizeof(gk_window_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_window_t *row = &APR_ARRAY_IDX(rows, i, gk_window_t);
    bool above_me = row->setter_path == NULL || strlen(row->setter_path) < strlen(act->who->org_path);
    if (row->kind != GK_SLOT || strlen(row->org_path) < strlen(path) || above_me)
      *(gk_window_t *)apr_array_push(binding) = *row;
  }
  return binding;
}

static gk_error_t *check_slot(gk_act_t *act, const gk_window_t *wish, const apr_array_header_t *rows)
{
  apr_array_header_t *times = gk_calendar_times(binding_rows(act, rows, wish->org_path), wish->action,
                                                wish->org_path, 0, true, act->pool);
  for (int i = 0; i < times->nelts; i++) {
    gk_interval_t one = APR_ARRAY_IDX(times, i, gk_interval_t);
    if (wish->opens >= one.opens && wish->closes <= one.closes)
      return NULL;
  }
  gk_error_t *error = NULL;
  if (times->nelts == 0) {
    gk_violation(&error, act->pool, "/action", "no-window", "这个事项还没有规定办理时间，请先由省教育考试院设置。",
                 "This action has no window yet: the province sets it first.");
    return error;
  }
  gk_interval_t first = APR_ARRAY_IDX(times, 0, gk_interval_t);
  gk_interval_t last = APR_ARRAY_IDX(times, times->nelts - 1, gk_interval_t);
  gk_violation_text(&error, act->pool, "/opens_at", "outside-window",
                    apr_psprintf(act->pool, "时段必须在上级规定的办理时间之内（%s至%s）。",
                                 gk_time_zh(act->pool, first.opens), gk_time_zh(act->pool, last.closes)),
                    apr_psprintf(act->pool, "A slot must lie within the time set from above (%s to %s).",
                                 gk_time_en(act->pool, first.opens), gk_time_en(act->pool, last.closes)));
  return error;
}

static gk_error_t *check_extension(gk_act_t *act, const gk_window_t *wish, const apr_array_header_t *rows)
{
  gk_error_t *error = NULL;
  if (wish->closes <= act->now)
    gk_violation(&error, act->pool, "/closes_at", "past", "延期的截止时间已经过去，请填写以后的时间。",
                 "The extension would end in the past: give a later time.");
  if (rank(act->who->org_level) == 0 || error != NULL)
    return error;
  apr_array_header_t *times =
      gk_calendar_times(rows, wish->action, wish->org_path, wish->candidate_id, true, act->pool);
  if (times->nelts == 0) {
    gk_violation(&error, act->pool, "/action", "no-window", "这个事项没有规定办理时间，不能延期。",
                 "This action has no window that could be extended.");
    return error;
  }
  apr_time_t first = APR_ARRAY_IDX(times, 0, gk_interval_t).opens;
  apr_time_t last = APR_ARRAY_IDX(times, times->nelts - 1, gk_interval_t).closes + reach_us(act);
  if (wish->opens < first)
    gk_violation_text(&error, act->pool, "/opens_at", "too-early",
                      apr_psprintf(act->pool, "延期不能早于规定的开始时间（%s）。", gk_time_zh(act->pool, first)),
                      apr_psprintf(act->pool, "An extension can't begin before the window opens (%s).",
                                   gk_time_en(act->pool, first)));
  if (wish->closes > last)
    gk_violation_text(
        &error, act->pool, "/closes_at", "too-late",
        apr_psprintf(act->pool, "您最多可以延期到%s，需要更久请联系上级。", gk_time_zh(act->pool, last)),
        apr_psprintf(act->pool, "You can extend until %s at most; ask the level above for more.",
                     gk_time_en(act->pool, last)));
  return error;
}

static gk_error_t *check_times(gk_act_t *act, const gk_window_t *wish)
{
  gk_error_t *error = NULL;
  if (wish->closes <= wish->opens)
    gk_violation(&error, act->pool, "/closes_at", "not-after-opening", "截止时间必须晚于开始时间。",
                 "The closing time must be later than the opening time.");
  else if (wish->closes - wish->opens > 400 * GK_DAY)
    gk_violation(&error, act->pool, "/closes_at", "too-long", "时间跨度不能超过400天，请检查年份。",
                 "The time spans more than 400 days: check the year.");
  GK_TRY(error);
  if (wish->kind == GK_WINDOW)
    return NULL;
  apr_array_header_t *rows;
  GK_TRY(gk_window_store_in_force(&rows, act, wish->action, wish->org_path, wish->candidate_id));
  return wish->kind == GK_SLOT ? check_slot(act, wish, rows) : check_extension(act, wish, rows);
}

static gk_error_t *place_of_wish(gk_window_t *row, gk_act_t *act, const gk_window_wish_t *wish)
{
  gk_error_t *error = NULL;
  const char *level = "point";
  if (wish->candidate_id != 0 && wish->kind != GK_EXTENSION)
    gk_violation(&error, act->pool, "/candidate_id", "not-for-candidates", "只有延期可以针对一名考生。",
                 "Only an extension can be for one candidate.");
  if (wish->candidate_id != 0 && wish->org_id != 0)
    gk_violation(&error, act->pool, "/org_id", "too-much", "单位和考生只能填写一项。",
                 "Give a unit or a candidate, not both.");
  if (wish->kind == GK_EXTENSION && wish->reason == NULL)
    gk_violation(&error, act->pool, "/reason", "required", "请写明延期原因。", "Give the reason for the extension.");
  if (wish->kind != GK_EXTENSION && wish->opens == 0)
    gk_violation(&error, act->pool, "/opens_at", "required", "请填写开始时间。", "Give the opening time.");
  GK_TRY(error);
  if (wish->candidate_id != 0)
    GK_TRY(gk_window_store_candidate(&row->org_path, act, wish->candidate_id));
  else
    GK_TRY(gk_window_store_org(&row->org_path, &level, act,
                               wish->org_id != 0 ? wish->org_id : act->who->org_id));
  if (wish->kind == GK_WINDOW && strcmp(level, "point") == 0)
    gk_violation(&error, act->pool, "/org_id", "level", "办理时间按省、市、县设置；报名点请设置时段。",
                 "Windows are set for the province, a city or a county; give a point a slot.");
  return error;
}

gk_error_t *gk_window_create(gk_window_t *out, gk_act_t *act, const gk_window_wish_t *wish)
{
  gk_window_t row = {.action = wish->action, .kind = wish->kind, .candidate_id = wish->candidate_id,
                     .opens = wish->opens != 0 ? wish->opens : act->now, .closes = wish->closes,
                     .reason = wish->reason};
  GK_TRY(gk_act_season(act));
  if (action_index(wish->action) < 0) {
    gk_error_t *error = NULL;
    gk_violation(&error, act->pool, "/action", "unknown", "没有这个事项。", "There is no such action.");
    return error;
  }
  GK_TRY(place_of_wish(&row, act, wish));
  GK_TRY(check_right(act, row.kind, row.org_path, row.candidate_id));
  GK_TRY(check_times(act, &row));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_window_store_insert(&row.id, act, &row));
  GK_TRY(gk_window_store_get(out, act, row.id));
  return gk_audit(act, "window.create", "window", out->id, out->version, out->org_path, NULL,
                  gk_window_json(out, act->pool));
}

/* The row as it is, when the caller may change it. */
static gk_error_t *load_own(gk_window_t *row, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_window_store_get(row, act, id));
  bool from_above =
      row->setter_path == NULL ? rank(act->who->org_level) != 0 : !gk_act_covers(act, row->setter_path);
  if (from_above)
    return gk_error(act->pool, GK_E_FORBIDDEN, "这项时间由上级设置，请联系上级修改。",
                    "This was set from above: ask the level above to change it.");
  GK_TRY(check_right(act, row->kind, row->org_path, row->candidate_id));
  return row->version != version ? gk_stale(act, row->version) : NULL;
}

gk_error_t *gk_window_update(gk_window_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                             apr_time_t opens, apr_time_t closes, const char *reason)
{
  gk_window_t before, after;
  bool changed;
  GK_TRY(load_own(&before, act, id, version));
  after = before;
  after.opens = opens != 0 ? opens : before.opens;
  after.closes = closes != 0 ? closes : before.closes;
  after.reason = reason != NULL ? reason : before.reason;
  GK_TRY(check_times(act, &after));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_window_store_update(&changed, act, &after));
  GK_TRY(gk_window_store_get(out, act, id));
  if (!changed)
    return gk_stale(act, out->version);
  return gk_audit(act, "window.update", "window", id, out->version, out->org_path,
                  gk_window_json(&before, act->pool), gk_window_json(out, act->pool));
}

gk_error_t *gk_window_delete(gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_window_t before;
  bool changed;
  GK_TRY(load_own(&before, act, id, version));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_window_store_delete(&changed, act, id, version));
  if (!changed) {
    GK_TRY(gk_window_store_get(&before, act, id));
    return gk_stale(act, before.version);
  }
  return gk_audit(act, "window.delete", "window", id, before.version, before.org_path,
                  gk_window_json(&before, act->pool), NULL);
}
