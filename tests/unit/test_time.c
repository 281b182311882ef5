/* Moments and dates: strict at the edge, Asia/Shanghai for people. */
#include "unit/gk_test.h"

#include "base/time.h"

static void a_moment_reads_back_as_written(apr_pool_t *pool)
{
  static const char *const moments[] = {"1970-01-01T00:00:00Z", "2026-11-03T08:00:00Z",
                                        "2024-02-29T23:59:59.000001Z", NULL};
  int i;
  for (i = 0; moments[i] != NULL; i++) {
    apr_time_t when;
    GK_TEST_CASE("%s", moments[i]);
    GK_TEST(gk_time_parse(moments[i], &when));
    GK_TEST_STR(gk_time_text(pool, when), moments[i]);
  }
}

static void an_offset_is_the_same_moment(apr_pool_t *pool)
{
  apr_time_t when;
  GK_TEST(gk_time_parse("2026-11-03T16:00:00+08:00", &when));
  GK_TEST_STR(gk_time_text(pool, when), "2026-11-03T08:00:00Z");
}

static void moments_that_do_not_exist_are_refused(apr_pool_t *pool)
{
  static const char *const moments[] = {"", "2026-11-03", "2026-11-03T08:00:00", "2026-02-29T08:00:00Z",
                                        "2026-11-03T24:00:00Z", "2026-11-03T08:00:60Z", "2026-13-01T00:00:00Z",
                                        "2026-11-03T08:00:00Zx", "2026-11-03T08:00:00+8:00", NULL};
  int i;
  for (i = 0; moments[i] != NULL; i++) {
    apr_time_t when;
    GK_TEST_CASE("'%s'", moments[i]);
    GK_TEST(!gk_time_parse(moments[i], &when));
  }
}

static void a_leap_day_exists_only_in_leap_years(apr_pool_t *pool)
{
  gk_date_t date;
  GK_TEST(gk_date_parse("2024-02-29", false, &date));
  GK_TEST_STR(gk_date_text(pool, date), "2024-02-29");
  GK_TEST(!gk_date_parse("2023-02-29", false, &date));
  GK_TEST(!gk_date_parse("1900-02-29", false, &date));
}

static void loose_dates_are_taken_only_when_asked(apr_pool_t *pool)
{
  gk_date_t date;
  GK_TEST(!gk_date_parse("2008.2.9", false, &date));
  GK_TEST(gk_date_parse("2008.2.9", true, &date));
  GK_TEST_STR(gk_date_text(pool, date), "2008-02-09");
}

static void a_day_begins_at_midnight_in_shanghai(apr_pool_t *pool)
{
  apr_time_t when;
  gk_date_t date;
  GK_TEST(gk_time_parse("2026-11-02T16:00:00Z", &when));
  date = gk_date_of(when);
  GK_TEST_STR(gk_date_text(pool, date), "2026-11-03");
  GK_TEST_INT(gk_date_start(date), when);
  GK_TEST_STR(gk_date_text(pool, gk_date_of(when - 1)), "2026-11-02");
}

int main(void)
{
  gk_test_begin("time");
  GK_TEST_RUN(a_moment_reads_back_as_written);
  GK_TEST_RUN(an_offset_is_the_same_moment);
  GK_TEST_RUN(moments_that_do_not_exist_are_refused);
  GK_TEST_RUN(a_leap_day_exists_only_in_leap_years);
  GK_TEST_RUN(loose_dates_are_taken_only_when_asked);
  GK_TEST_RUN(a_day_begins_at_midnight_in_shanghai);
  return gk_test_end();
}
