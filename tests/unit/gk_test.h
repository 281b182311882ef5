/* tests/unit/gk_test.h: the TAP writer of the C tests. A test is a program:
 *
 *   #include "gk_test.h"
 *
 *   static void accepts_a_leap_day(apr_pool_t *pool) {
 *     gk_date_t date;
 *     GK_TEST(gk_date_parse("2024-02-29", false, &date));
 *     GK_TEST_INT(date.day, 29);
 *   }
 *
 *   int main(void) {
 *     gk_test_begin("time");
 *     GK_TEST_RUN(accepts_a_leap_day);
 *     return gk_test_end();
 *   }
 *
 * Each function is one TAP test with its own pool; its name is the test's name. The first failed
 * expectation says what was seen and where, and leaves the function. A table test uses GK_TEST_CASE to say
 * which row is being looked at. */
#ifndef GK_TEST_H
#define GK_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

#include "base/error.h"

static struct {
  apr_pool_t *root;
  apr_pool_t *pool;        /* of the test that runs */
  const char *suite;
  int count;
  int failed;              /* tests */
  int bad;                 /* 1: the running test has failed */
  const char *skip;        /* reason, or NULL */
  char row[256];           /* GK_TEST_CASE's text */
} gk_test;

static inline void gk_test_begin(const char *suite)
{
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (apr_initialize() != APR_SUCCESS || apr_pool_create(&gk_test.root, NULL) != APR_SUCCESS) {
    puts("Bail out! APR does not start");
    exit(99);
  }
  gk_test.suite = suite;
}

static inline int gk_test_end(void)
{
  printf("1..%d\n", gk_test.count);
  apr_pool_destroy(gk_test.root);
  apr_terminate();
  return gk_test.failed > 0 ? 1 : 0;
}

static inline void gk_test_run(const char *name, void (*function)(apr_pool_t *pool))
{
  char title[200];
  size_t i;
  gk_test.bad = 0;
  gk_test.skip = NULL;
  gk_test.row[0] = '\0';
  apr_pool_create(&gk_test.pool, gk_test.root);
  function(gk_test.pool);
  apr_pool_destroy(gk_test.pool);
  apr_cpystrn(title, name, sizeof title);
  for (i = 0; title[i] != '\0'; i++)
    if (title[i] == '_')
      title[i] = ' ';
  gk_test.count++;
  gk_test.failed += gk_test.bad;
  printf("%sok %d - %s: %s%s%s\n", gk_test.bad ? "not " : "", gk_test.count, gk_test.suite, title,
         gk_test.skip != NULL ? " # SKIP " : "", gk_test.skip != NULL ? gk_test.skip : "");
}
#define GK_TEST_RUN(function) gk_test_run(#function, function)

static inline void gk_test_fail_at(const char *file, int line, const char *text)
{
  gk_test.bad = 1;
  printf("# %s:%d: %s%s%s\n", file, line, gk_test.row, gk_test.row[0] != '\0' ? ": " : "", text);
}
#define GK_TEST_FAIL(...)                                                              \
  do {                                                                                 \
    gk_test_fail_at(__FILE__, __LINE__, apr_psprintf(gk_test.pool, __VA_ARGS__));      \
    return;                                                                            \
  } while (0)

/* Leaves the test, reported as skipped. */
#define GK_TEST_SKIP(reason) \
  do {                       \
    gk_test.skip = (reason); \
    return;                  \
  } while (0)

/* Names the row of a table (or any other circumstance) for the failures that follow. */
#define GK_TEST_CASE(...) apr_snprintf(gk_test.row, sizeof gk_test.row, __VA_ARGS__)

#define GK_TEST(condition)                          \
  do {                                              \
    if (!(condition))                               \
      GK_TEST_FAIL("not true: %s", #condition);     \
  } while (0)

#define GK_TEST_INT(seen, wanted)                                                              \
  do {                                                                                         \
    apr_int64_t gk_seen_ = (apr_int64_t)(seen), gk_wanted_ = (apr_int64_t)(wanted);            \
    if (gk_seen_ != gk_wanted_)                                                                \
      GK_TEST_FAIL("%s is %" APR_INT64_T_FMT ", wanted %" APR_INT64_T_FMT, #seen, gk_seen_, gk_wanted_); \
  } while (0)

/* Strings; NULL equals only NULL. */
#define GK_TEST_STR(seen, wanted)                                                              \
  do {                                                                                         \
    const char *gk_seen_ = (seen), *gk_wanted_ = (wanted);                                     \
    if ((gk_seen_ == NULL) != (gk_wanted_ == NULL) ||                                          \
        (gk_seen_ != NULL && strcmp(gk_seen_, gk_wanted_) != 0))                               \
      GK_TEST_FAIL("%s is '%s', wanted '%s'", #seen, gk_seen_ ? gk_seen_ : "(null)",           \
                   gk_wanted_ ? gk_wanted_ : "(null)");                                        \
  } while (0)

/* A gk_error_t * that has to be NULL. */
#define GK_TEST_OK(expression)                                                                 \
  do {                                                                                         \
    gk_error_t *gk_error_seen_ = (expression);                                                 \
    if (gk_error_seen_ != NULL)                                                                \
      GK_TEST_FAIL("%s: %s", #expression, gk_error_log_text(gk_test.pool, gk_error_seen_));    \
  } while (0)

/* A gk_error_t * that has to carry this code. */
#define GK_TEST_ERROR(expression, wanted)                                                      \
  do {                                                                                         \
    gk_error_t *gk_error_seen_ = (expression);                                                 \
    if (gk_error_seen_ == NULL)                                                                \
      GK_TEST_FAIL("%s succeeded, wanted %s", #expression, gk_error_info(wanted)->symbol);     \
    if (gk_error_seen_->code != (wanted))                                                      \
      GK_TEST_FAIL("%s gave %s, wanted %s", #expression,                                       \
                   gk_error_log_text(gk_test.pool, gk_error_seen_), gk_error_info(wanted)->symbol); \
  } while (0)

#endif
