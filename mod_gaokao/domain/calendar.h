/* domain/calendar.h: when an action is open, for whom (P2, E1, PE-3).
 *
 * Three kinds of rows, each for one action and one unit of the tree (a row counts for the unit's whole
 * subtree):
 *   window     the action's time in a region. The rows of the most specific unit that has any replace
 *              those of the units above it; several rows of one unit are several times.
 *   slot       a region's turn (E1, spreading the load). Where a unit has slots inside a window, only its
 *              slots are open there; slots of several levels narrow each other. A region without slots has
 *              the whole window.
 *   extension  more time for a unit or for one candidate, with a reason. Adds to what windows and slots give.
 * A moment is open when opens <= moment < closes. Without any row an action is closed.
 *
 * Who may set what. Nobody changes or removes what was set from above.
 *   window     the province, for itself, a city or a county.
 *   slot       a bureau for units strictly below it, inside the times that are open to that unit from above.
 *   extension  a bureau for units strictly below it or one of its candidates, a point for one of its
 *              candidates; it begins no earlier than the first opening and ends no later than
 *              GK_EXTEND_... after the last closing of windows and slots. The province has no limit.
 */
#ifndef GK_DOMAIN_CALENDAR_H
#define GK_DOMAIN_CALENDAR_H

#include "base/time.h"
#include "domain/act.h"

#define GK_EXTEND_POINT_US (1 * GK_DAY)
#define GK_EXTEND_COUNTY_US (3 * GK_DAY)
#define GK_EXTEND_CITY_US (7 * GK_DAY)

typedef enum gk_window_kind_t { GK_WINDOW = 1, GK_SLOT = 2, GK_EXTENSION = 3 } gk_window_kind_t;
const char *gk_window_kind_word(gk_window_kind_t kind);
gk_window_kind_t gk_window_kind_of(const char *word); /* 0 for another word */

typedef struct gk_window_t {
  apr_int64_t id;
  const char *action;
  gk_window_kind_t kind;
  const char *org_path;
  apr_int64_t org_id;         /* 0: the unit is gone */
  const char *org_name, *org_level;
  apr_int64_t candidate_id;   /* extension of one candidate; 0: of the unit */
  const char *number;         /* the candidate's registration number, or NULL */
  apr_time_t opens, closes;
  const char *reason;         /* extensions; NULL else */
  const char *setter_path;    /* unit of the account that set it; NULL: the system (counts as the province) */
  apr_int64_t created_by;
  apr_time_t created, updated;
  apr_int64_t version;
} gk_window_t;

typedef struct gk_interval_t { apr_time_t opens, closes; } gk_interval_t;

/* ---- pure part: rows in, times out --------------------------------------------------------------------- */

/* Open times (gk_interval_t, sorted, neither touching nor overlapping) of `action` for a record at
 * `org_path`; rows (gk_window_t) of other actions, units and candidates are passed over.
 * without_extensions: windows and slots only. */
apr_array_header_t *gk_calendar_times(const apr_array_header_t *rows, const char *action,
                                      const char *org_path, apr_int64_t candidate_id, bool without_extensions,
                                      apr_pool_t *pool);

typedef enum gk_calendar_state_t {
  GK_CALENDAR_NONE = 0,     /* no time was set */
  GK_CALENDAR_BEFORE = 1,   /* opens .. closes is the first time */
  GK_CALENDAR_OPEN = 2,     /* opens .. closes is the time that runs */
  GK_CALENDAR_BETWEEN = 3,  /* opens .. closes is the next time */
  GK_CALENDAR_AFTER = 4     /* opens .. closes is the last time */
} gk_calendar_state_t;

typedef struct gk_calendar_verdict_t {
  gk_calendar_state_t state;
  apr_time_t opens, closes;       /* 0 with NONE */
  apr_time_t next_opens;          /* OPEN: when it opens again after `closes`; 0: never */
} gk_calendar_verdict_t;

gk_calendar_verdict_t gk_calendar_judge(const apr_array_header_t *times, apr_time_t now);
const char *gk_calendar_state_word(gk_calendar_state_t state);

/* NULL when open, else WINDOW_CLOSED with opening and closing time. */
gk_error_t *gk_calendar_closed(const char *action, const gk_calendar_verdict_t *verdict, apr_pool_t *pool);

/* The calendar's actions in the order of the season; index 0 .. gk_calendar_action_count - 1. */
extern const char *const gk_calendar_actions[];
extern const int gk_calendar_action_count;
const char *gk_calendar_action_zh(const char *action);
const char *gk_calendar_action_en(const char *action);

/* ---- acts ---------------------------------------------------------------------------------------------- */

/* What is open for the caller: [{action, name, state, open, opens_at, closes_at, next_opens_at}], one
 * entry an action. Staff: their own unit; a candidate: the own record; the public: the province. One
 * statement. */
gk_error_t *gk_calendar_state(gk_json_t **out, gk_act_t *act);

/* Rows of the caller's tree and those from above that hold for it, by id. action, kind: NULL and 0 for
 * all. */
gk_error_t *gk_windows_list(apr_array_header_t **windows, gk_act_t *act, const char *action,
                            gk_window_kind_t kind, apr_int64_t after, int limit);

/* What the caller asks for. */
typedef struct gk_window_wish_t {
  const char *action;
  gk_window_kind_t kind;
  apr_int64_t org_id;         /* 0: the caller's own unit (windows), the candidate's point */
  apr_int64_t candidate_id;
  apr_time_t opens, closes;   /* extension without opens: now */
  const char *reason;
} gk_window_wish_t;

/* Errors: INVALID by field, FORBIDDEN, NOT_FOUND outside the caller's tree. */
gk_error_t *gk_window_create(gk_window_t *out, gk_act_t *act, const gk_window_wish_t *wish);
/* opens, closes 0 and reason NULL stay as they are. Errors: as above, STALE_VERSION. */
gk_error_t *gk_window_update(gk_window_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                             apr_time_t opens, apr_time_t closes, const char *reason);
gk_error_t *gk_window_delete(gk_act_t *act, apr_int64_t id, apr_int64_t version);

gk_json_t *gk_window_json(const gk_window_t *window, apr_pool_t *pool);

/* ---- what it needs of the store (store/calendar_store.c) ----------------------------------------------- */

/* Rows that hold for a record at org_path (all levels above it) and for the candidate. action NULL: of all
 * actions. org_path NULL: those of the province. */
gk_error_t *gk_window_store_in_force(apr_array_header_t **rows, gk_act_t *act, const char *action,
                                     const char *org_path, apr_int64_t candidate_id);
gk_error_t *gk_window_store_list(apr_array_header_t **rows, gk_act_t *act, const char *action,
                                 const char *kind, apr_int64_t after, int limit);
gk_error_t *gk_window_store_get(gk_window_t *out, gk_act_t *act, apr_int64_t id);
gk_error_t *gk_window_store_insert(apr_int64_t *id, gk_act_t *act, const gk_window_t *window);
gk_error_t *gk_window_store_update(bool *changed, gk_act_t *act, const gk_window_t *window);
gk_error_t *gk_window_store_delete(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version);
/* A unit or a candidate in the caller's tree: NOT_FOUND else. */
gk_error_t *gk_window_store_org(const char **path, const char **level, gk_act_t *act, apr_int64_t org_id);
gk_error_t *gk_window_store_candidate(const char **path, gk_act_t *act, apr_int64_t candidate_id);

#endif
