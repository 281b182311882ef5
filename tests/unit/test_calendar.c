/* The calendar's pure part: rows in, open times out (P2, E1). Hours stand for moments. */
#include "domain/calendar.h"
#include "gk_test.h"

#define CITY "/43/4301/"
#define COUNTY "/43/4301/430102/"
#define POINT "/43/4301/430102/4301020007/"
#define OTHER "/43/4302/430202/4302020001/"

typedef struct row_t { gk_window_kind_t kind; const char *path; int candidate, opens, closes; } row_t;

typedef struct case_t {
  const char *title;
  row_t rows[8];
  const char *path;
  int candidate;
  const char *times;        /* "1-5 8-9" */
} case_t;

static const case_t cases[] = {
    {"nothing set", {{0}}, POINT, 0, ""},
    {"the province's window holds for every point", {{GK_WINDOW, "/43/", 0, 1, 9}}, POINT, 0, "1-9"},
    {"a nearer window replaces it",
     {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_WINDOW, CITY, 0, 3, 12}},
     POINT,
     0,
     "3-12"},
    {"elsewhere it does not", {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_WINDOW, CITY, 0, 3, 12}}, OTHER, 0, "1-9"},
    {"two windows", {{GK_WINDOW, "/43/", 0, 6, 9}, {GK_WINDOW, "/43/", 0, 1, 4}}, POINT, 0, "1-4 6-9"},
    {"windows that touch are one",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_WINDOW, "/43/", 0, 4, 9}},
     POINT,
     0,
     "1-9"},
    {"a slot narrows", {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_SLOT, CITY, 0, 2, 4}}, POINT, 0, "2-4"},
    {"a slot of another region does not",
     {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_SLOT, CITY, 0, 2, 4}},
     OTHER,
     0,
     "1-9"},
    {"two turns",
     {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_SLOT, CITY, 0, 2, 4}, {GK_SLOT, CITY, 0, 6, 7}},
     POINT,
     0,
     "2-4 6-7"},
    {"a slot can't widen the window",
     {{GK_WINDOW, "/43/", 0, 3, 5}, {GK_SLOT, CITY, 0, 1, 9}},
     POINT,
     0,
     "3-5"},
    {"a slot alone opens nothing", {{GK_SLOT, CITY, 0, 1, 9}}, POINT, 0, ""},
    {"slots of two levels narrow each other",
     {{GK_WINDOW, "/43/", 0, 1, 9}, {GK_SLOT, CITY, 0, 2, 6}, {GK_SLOT, COUNTY, 0, 4, 8}},
     POINT,
     0,
     "4-6"},
    {"a slot counts for the window it lies in",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_WINDOW, "/43/", 0, 6, 9}, {GK_SLOT, CITY, 0, 1, 2}},
     POINT,
     0,
     "1-2 6-9"},
    {"an extension adds",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_EXTENSION, COUNTY, 0, 6, 7}},
     POINT,
     0,
     "1-4 6-7"},
    {"an extension that joins",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_EXTENSION, COUNTY, 0, 4, 7}},
     POINT,
     0,
     "1-7"},
    {"an extension is not narrowed by slots",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_SLOT, CITY, 0, 1, 2}, {GK_EXTENSION, POINT, 0, 3, 5}},
     POINT,
     0,
     "1-2 3-5"},
    {"one candidate's extension",
     {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_EXTENSION, POINT, 7, 4, 6}},
     POINT,
     7,
     "1-6"},
    {"is not another's", {{GK_WINDOW, "/43/", 0, 1, 4}, {GK_EXTENSION, POINT, 7, 4, 6}}, POINT, 8, "1-4"},
    {"and moves with the candidate", {{GK_EXTENSION, POINT, 7, 4, 6}}, OTHER, 7, "4-6"},
    {"a point whose code begins alike is another one",
     {{GK_WINDOW, "/43/4301/43010/", 0, 1, 4}},
     POINT,
     0,
     ""},
};

static const char *text_of(const apr_array_header_t *times, apr_pool_t *pool)
{
  const char *text = "";
  for (int i = 0; i < times->nelts; i++) {
    gk_interval_t one = APR_ARRAY_IDX(times, i, gk_interval_t);
    text = apr_psprintf(pool, "%s%s%d-%d", text, i > 0 ? " " : "", (int)(one.opens / GK_HOUR),
                        (int)(one.closes / GK_HOUR));
  }
  return text;
}

static void open_times_follow_windows_slots_and_extensions(apr_pool_t *pool)
{
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const case_t *one = &cases[i];
    apr_array_header_t *rows = apr_array_make(pool, 8, sizeof(gk_window_t));
    for (int k = 0; k < 8 && one->rows[k].path != NULL; k++)
      APR_ARRAY_PUSH(rows, gk_window_t) =
          (gk_window_t){.action = "fill", .kind = one->rows[k].kind, .org_path = one->rows[k].path,
                        .candidate_id = one->rows[k].candidate, .opens = one->rows[k].opens * GK_HOUR,
                        .closes = one->rows[k].closes * GK_HOUR};
    APR_ARRAY_PUSH(rows, gk_window_t) = (gk_window_t){
        .action = "proof", .kind = GK_WINDOW, .org_path = "/43/", .opens = 0, .closes = 90 * GK_HOUR};
    GK_TEST_CASE("%s", one->title);
    GK_TEST_STR(text_of(gk_calendar_times(rows, "fill", one->path, one->candidate, false, pool), pool),
                one->times);
  }
}

static void the_verdict_names_the_time_that_matters(apr_pool_t *pool)
{
  static const struct { int now; gk_calendar_state_t state; int opens, closes, next; } moments[] = {
      {0, GK_CALENDAR_BEFORE, 2, 4, 0}, {2, GK_CALENDAR_OPEN, 2, 4, 6},  {3, GK_CALENDAR_OPEN, 2, 4, 6},
      {4, GK_CALENDAR_BETWEEN, 6, 8, 0}, {7, GK_CALENDAR_OPEN, 6, 8, 0}, {8, GK_CALENDAR_AFTER, 6, 8, 0}};
  apr_array_header_t *times = apr_array_make(pool, 2, sizeof(gk_interval_t));
  GK_TEST_INT(gk_calendar_judge(times, 0).state, GK_CALENDAR_NONE);
  APR_ARRAY_PUSH(times, gk_interval_t) = (gk_interval_t){2 * GK_HOUR, 4 * GK_HOUR};
  APR_ARRAY_PUSH(times, gk_interval_t) = (gk_interval_t){6 * GK_HOUR, 8 * GK_HOUR};
  for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
    gk_calendar_verdict_t verdict = gk_calendar_judge(times, moments[i].now * GK_HOUR);
    GK_TEST_CASE("hour %d", moments[i].now);
    GK_TEST_INT(verdict.state, moments[i].state);
    GK_TEST_INT(verdict.opens / GK_HOUR, moments[i].opens);
    GK_TEST_INT(verdict.closes / GK_HOUR, moments[i].closes);
    GK_TEST_INT(verdict.next_opens / GK_HOUR, moments[i].next);
  }
}

static void a_closed_window_is_said_with_both_times(apr_pool_t *pool)
{
  apr_time_t opens = 0, closes = 0;
  GK_TEST(gk_time_parse("2013-11-01T08:00:00+08:00", &opens));
  GK_TEST(gk_time_parse("2013-11-10T18:00:00+08:00", &closes));
  for (gk_calendar_state_t state = GK_CALENDAR_BEFORE; state <= GK_CALENDAR_AFTER; state++) {
    gk_calendar_verdict_t verdict = {state, opens, closes, 0};
    gk_error_t *error = gk_calendar_closed("fill", &verdict, pool);
    GK_TEST_CASE("%s", gk_calendar_state_word(state));
    if (state == GK_CALENDAR_OPEN) {
      GK_TEST(error == NULL);
      continue;
    }
    GK_TEST(error != NULL && error->code == GK_E_WINDOW_CLOSED);
    GK_TEST(strstr(error->zh, "11月1日 08:00") != NULL && strstr(error->zh, "11月10日 18:00") != NULL);
    GK_TEST(strstr(error->en, "1 Nov 08:00") != NULL && strstr(error->en, "10 Nov 18:00") != NULL);
  }
}

int main(void)
{
  gk_test_begin("calendar");
  GK_TEST_RUN(open_times_follow_windows_slots_and_extensions);
  GK_TEST_RUN(the_verdict_names_the_time_that_matters);
  GK_TEST_RUN(a_closed_window_is_said_with_both_times);
  return gk_test_end();
}
