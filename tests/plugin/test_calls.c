/* Guarded calls: answers that lie, failures in a row, recovery, late calls; device, photo and export
 * wrappers. */
#include "lab.h"

#include <apr_thread_proc.h>
#include <unistd.h>
#include "plugin/calls.h"

static const gaokao_input_t reading_bytes = {
    sizeof(reading_bytes), 0, (const unsigned char *)"L\0x", 3, "", "", 0};
static const gaokao_input_t foreign_bytes = {
    sizeof(foreign_bytes), 0, (const unsigned char *)"xyz", 3, "", "", 0};

static gk_plugins_t *one(const char *name, const char *mood, gk_on_error_t on_error, int fail_limit,
                         apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = lab_row(rows, name, mood);
  row->on_error = on_error;
  row->fail_limit = fail_limit;
  return lab_host(rows, pool);
}

static gk_error_t *decode(gk_plugins_t *plugins, gk_outcome_t *outcome, const gaokao_reading_t **reading,
                          apr_pool_t *pool)
{
  return gk_device_decode(plugins, "r1", &reading_bytes, outcome, reading, NULL, pool);
}

static apr_int64_t number_of(gk_plugins_t *plugins, const char *name, const char *key, apr_pool_t *pool)
{
  return gk_json_int(gk_plugin_json(plugins, name, pool), key);
}

/* ---- device ------------------------------------------------------------------------------------------- */

static void a_reading_is_decoded_and_copied(apr_pool_t *pool)
{
  const gaokao_reading_t *reading = NULL;
  const char *name = NULL;
  gk_outcome_t outcome = GK_OUTCOME_SKIPPED;
  gk_plugins_t *plugins = one("lab_device", NULL, 0, 0, pool);
  GK_TEST(plugins != NULL);
  GK_TEST_OK(gk_device_decode(plugins, "r1", &reading_bytes, &outcome, &reading, &name, pool));
  GK_TEST_INT(outcome, GK_OUTCOME_DONE);
  GK_TEST_STR(name, "lab_device");
  GK_TEST_STR(reading->type, "idcard");
  GK_TEST_STR(reading->fields[0].value, "𠮷");
  GK_TEST_INT(reading->blobs[0].length, 3);
  GK_TEST(memcmp(reading->blobs[0].bytes, "L\0x", 3) == 0);
  GK_TEST_ERROR(gk_device_decode(plugins, "r2", &foreign_bytes, &outcome, &reading, &name, pool),
                GK_E_INVALID);
}

static void readings_that_lie_are_failures(apr_pool_t *pool)
{
  static const char *const moods[] = {"lie_text",    "lie_length", "lie_count",
                                      "lie_nothing", "fail",       "fail_badly"};
  for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
    const gaokao_reading_t *reading = NULL;
    gk_outcome_t outcome = GK_OUTCOME_DONE;
    GK_TEST_CASE("%s", moods[i]);
    gk_plugins_t *plugins = one("lab_device", moods[i], 0, 0, pool);
    GK_TEST(plugins != NULL);
    gk_error_t *error = decode(plugins, &outcome, &reading, pool);
    GK_TEST_ERROR(error, GK_E_PLUGIN);
    GK_TEST(error->retry_after_us > 0 && strstr(error->zh, "lab_device") != NULL);
    GK_TEST_INT(number_of(plugins, "lab_device", "failures", pool), 1);
    GK_TEST_OK(gk_plugin_set_options(plugins, "lab_device",
                                     lab_settings(pool, apr_psprintf(pool, "mood=%s", moods[i])), pool));
  }
  gk_plugins_t *plugins = one("lab_device", "lie_confidence", 0, 0, pool);
  const gaokao_reading_t *reading = NULL;
  gk_outcome_t outcome;
  GK_TEST_ERROR(decode(plugins, &outcome, &reading, pool), GK_E_PLUGIN);
}

static void on_error_says_what_follows(apr_pool_t *pool)
{
  const gaokao_reading_t *reading = &(const gaokao_reading_t){0};
  gk_outcome_t outcome = GK_OUTCOME_DONE;
  GK_TEST_OK(decode(one("lab_device", "fail", GK_ON_ERROR_REVIEW, 0, pool), &outcome, &reading, pool));
  GK_TEST_INT(outcome, GK_OUTCOME_REVIEW);
  GK_TEST(reading == NULL);
  GK_TEST_OK(decode(one("lab_device", "fail", GK_ON_ERROR_SKIP, 0, pool), &outcome, &reading, pool));
  GK_TEST_INT(outcome, GK_OUTCOME_SKIPPED);
}

static void damaged_input_is_not_the_plugins_fault(apr_pool_t *pool)
{
  const gaokao_reading_t *reading = NULL;
  gk_outcome_t outcome;
  gk_plugins_t *plugins = one("lab_device", "blame_input", GK_ON_ERROR_SKIP, 2, pool);
  for (int i = 0; i < 10; i++) {
    gk_error_t *error = decode(plugins, &outcome, &reading, pool);
    GK_TEST_ERROR(error, GK_E_INVALID);
    GK_TEST_STR(error->en, "The file is damaged");
    GK_TEST_STR(error->zh, "文件坏了");
  }
  GK_TEST_INT(number_of(plugins, "lab_device", "failures", pool), 0);
  plugins = one("lab_device", "busy", GK_ON_ERROR_FAIL, 2, pool);
  for (int i = 0; i < 10; i++)
    GK_TEST_ERROR(decode(plugins, &outcome, &reading, pool), GK_E_PLUGIN);
  GK_TEST_INT(number_of(plugins, "lab_device", "failures", pool), 0);
}

static void health_does_not_hide_failures(apr_pool_t *pool)
{
  const gaokao_reading_t *reading = NULL;
  gk_outcome_t outcome;
  gk_plugins_t *plugins = one("lab_device", "fail_first", GK_ON_ERROR_FAIL, 3, pool);
  GK_TEST_OK(
      gk_plugin_set_options(plugins, "lab_device", lab_settings(pool, "mood=fail_first number=4"), pool));
  for (int i = 0; i < 3; i++) {
    GK_TEST_STR(lab_state(plugins, "lab_device", pool), "started");
    GK_TEST_ERROR(decode(plugins, &outcome, &reading, pool), GK_E_PLUGIN);
    /* Recognising and asking for health go well meanwhile, which proves nothing. */
    GK_TEST_INT(number_of(plugins, "lab_device", "failures_in_row", pool), i + 1);
  }
  GK_TEST_STR(lab_state(plugins, "lab_device", pool), "degraded");
}

/* The same with a kind whose every call fails: photo. */
static gk_error_t *inspect(gk_plugins_t *plugins, gk_photo_result_t **result, apr_pool_t *pool)
{
  static const unsigned char pixels[16 * 16];
  gaokao_picture_t picture;
  memset(&picture, 0, sizeof(picture));
  picture.size = sizeof(picture);
  picture.format = GAOKAO_PIXELS_GRAY8;
  picture.width_px = picture.height_px = picture.stride_bytes = 16;
  picture.pixels = pixels;
  picture.media_type = "image/png";
  return gk_photo_inspect(plugins, "r1", &picture, result, pool);
}

static void a_failing_plugin_is_left_alone_for_a_doubling_pause(apr_pool_t *pool)
{
  gk_photo_result_t *result;
  gk_plugins_t *plugins = one("lab_photo", NULL, GK_ON_ERROR_FAIL, 3, pool);
  GK_TEST_OK(
      gk_plugin_set_options(plugins, "lab_photo", lab_settings(pool, "mood=fail_first number=4"), pool));
  for (int i = 0; i < 3; i++)
    GK_TEST_ERROR(inspect(plugins, &result, pool), GK_E_PLUGIN);
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "degraded");
  GK_TEST_ERROR(gk_plugins_ready(plugins, pool), GK_E_PLUGIN);
  apr_int64_t calls = number_of(plugins, "lab_photo", "calls", pool);
  GK_TEST_ERROR(inspect(plugins, &result, pool), GK_E_PLUGIN);
  GK_TEST_INT(number_of(plugins, "lab_photo", "calls", pool), calls); /* it was not asked */
  GK_TEST(strstr(gk_plugins_metrics(plugins, pool),
                 "gaokao_plugin_up{plugin=\"lab_photo\",kind=\"photo\"} 0") != NULL);
  usleep(1050000);
  GK_TEST_ERROR(inspect(plugins, &result, pool), GK_E_PLUGIN);        /* the probe fails: the pause doubles */
  GK_TEST_INT(number_of(plugins, "lab_photo", "calls", pool), calls + 1);
  GK_TEST(number_of(plugins, "lab_photo", "retry_in_us", pool) > 1500000);
  usleep(2050000);
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "started");
  GK_TEST_OK(gk_plugins_ready(plugins, pool));
  GK_TEST_INT(number_of(plugins, "lab_photo", "failures_in_row", pool), 0);
}

static void late_calls_count_but_their_answer_is_used(apr_pool_t *pool)
{
  gk_photo_result_t *result;
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = lab_row(rows, "lab_photo", "slow");
  row->deadline_us = 5000;
  row->fail_limit = 2;
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_INT(result->findings->nelts, 1);
  GK_TEST_INT(number_of(plugins, "lab_photo", "late", pool), 1);
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_ERROR(inspect(plugins, &result, pool), GK_E_PLUGIN);
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "degraded");
  /* New options and an administrator's reset make a new start. */
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_photo", lab_settings(pool, "mood=good"), pool));
  GK_TEST_ERROR(inspect(plugins, &result, pool), GK_E_PLUGIN);
  GK_TEST_OK(gk_plugin_reset(plugins, "lab_photo", pool));
  GK_TEST_OK(inspect(plugins, &result, pool));
}

/* ---- calls at once ------------------------------------------------------------------------------------ */

typedef struct crowd_t { gk_plugins_t *plugins; int good, refused; } crowd_t;

static void *APR_THREAD_FUNC crowd_member(apr_thread_t *thread, void *data)
{
  crowd_t *crowd = data;
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL);
  for (int i = 0; i < 5; i++) {
    const gaokao_reading_t *reading = NULL;
    gk_outcome_t outcome;
    gk_error_t *error = decode(crowd->plugins, &outcome, &reading, pool);
    __atomic_fetch_add(error == NULL ? &crowd->good : &crowd->refused, 1, __ATOMIC_RELAXED);
  }
  apr_pool_destroy(pool);
  (void)thread; /* returning ends it: apr_thread_exit() leaves the stack in a way ASan takes for a fault */
  return NULL;
}

static void run_crowd(crowd_t *crowd, apr_pool_t *pool)
{
  apr_thread_t *threads[8];
  apr_status_t status;
  for (int i = 0; i < 8; i++)
    apr_thread_create(&threads[i], NULL, crowd_member, crowd, pool);
  for (int i = 0; i < 8; i++)
    apr_thread_join(&status, threads[i]);
}

static void at_most_so_many_calls_are_inside(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  crowd_t crowd = {NULL, 0, 0};
  lab_row(rows, "lab_device", "slow")->max_inside = 2;
  crowd.plugins = lab_host(rows, pool);
  run_crowd(&crowd, pool);
  GK_TEST_INT(crowd.good + crowd.refused, 40);
  GK_TEST(crowd.refused > 0 && crowd.good >= 2);
  GK_TEST_INT(number_of(crowd.plugins, "lab_device", "failures", pool), 0);
  GK_TEST_INT(number_of(crowd.plugins, "lab_device", "inside", pool), 0);
}

static void options_change_while_calls_run(apr_pool_t *pool)
{
  crowd_t crowd = {one("lab_device", "good", 0, 0, pool), 0, 0};
  apr_thread_t *threads[4];
  apr_status_t status;
  for (int i = 0; i < 4; i++)
    apr_thread_create(&threads[i], NULL, crowd_member, &crowd, pool);
  for (int i = 0; i < 50; i++) {
    apr_pool_t *scratch;
    apr_pool_create(&scratch, NULL);
    GK_TEST_OK(gk_plugin_set_options(crowd.plugins, "lab_device",
                                     lab_settings(scratch, apr_psprintf(scratch, "number=%d", i)), scratch));
    apr_pool_destroy(scratch);
  }
  for (int i = 0; i < 4; i++)
    apr_thread_join(&status, threads[i]);
  GK_TEST_INT(crowd.good, 20);
  GK_TEST(strstr(gk_plugins_metrics(crowd.plugins, pool), "event=\"stopped\"} 50\n") != NULL);
}

/* ---- photo -------------------------------------------------------------------------------------------- */

static void photo_plugins_see_earlier_facts(apr_pool_t *pool)
{
  gk_photo_result_t *result;
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_photo", NULL);
  lab_row(rows, "lab_photo_2", NULL);
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_INT(result->facts->nelts, 2);
  GK_TEST_INT(APR_ARRAY_IDX(result->facts, 1, gaokao_number_t).value, 41);
  GK_TEST_INT(result->findings->nelts, 2);
  GK_TEST_STR(APR_ARRAY_IDX(result->findings, 0, gaokao_finding_t).zh, "偏暗");
  GK_TEST(result->crop != NULL && result->crop->width == 2);
  GK_TEST(!result->review && result->skipped->nelts == 0);
}

static void photo_plugins_that_lie_leave_no_trace(apr_pool_t *pool)
{
  static const char *const moods[] = {"lie_nan",   "lie_severity", "lie_region",
                                      "lie_crops", "lie_many",     "fail"};
  for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
    gk_photo_result_t *result = NULL;
    apr_array_header_t *rows = lab_rows(pool);
    GK_TEST_CASE("%s", moods[i]);
    lab_row(rows, "lab_photo", moods[i])->on_error = GK_ON_ERROR_SKIP;
    lab_row(rows, "lab_photo_2", moods[i])->on_error = GK_ON_ERROR_REVIEW;
    GK_TEST_OK(inspect(lab_host(rows, pool), &result, pool));
    GK_TEST_INT(result->findings->nelts, 0);
    GK_TEST_INT(result->facts->nelts, 0);
    GK_TEST(result->crop == NULL && result->review);
    GK_TEST_INT(result->skipped->nelts, 1);
    GK_TEST_STR(APR_ARRAY_IDX(result->skipped, 0, const char *), "lab_photo");
    GK_TEST_ERROR(inspect(one("lab_photo", moods[i], GK_ON_ERROR_FAIL, 0, pool), &result, pool), GK_E_PLUGIN);
  }
}

static void the_example_measures_brightness(apr_pool_t *pool)
{
  gk_photo_result_t *result = NULL;
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "example");
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_INT(result->facts->nelts, 1);
  GK_TEST_INT(APR_ARRAY_IDX(result->facts, 0, gaokao_number_t).value, 0);
  GK_TEST_STR(APR_ARRAY_IDX(result->findings, 0, gaokao_finding_t).zh, "照片偏暗");
  GK_TEST_ERROR(
      gk_plugin_set_options(plugins, "example", lab_settings(pool, "darkest=90 brightest=10"), pool),
      GK_E_PLUGIN);
  GK_TEST_OK(gk_plugin_set_options(plugins, "example", lab_settings(pool, "darkest=0"), pool));
  GK_TEST_OK(inspect(plugins, &result, pool));
  GK_TEST_INT(result->findings->nelts, 0);
}

int main(void)
{
  gk_test_begin("plugin calls");
  GK_TEST_RUN(a_reading_is_decoded_and_copied);
  GK_TEST_RUN(readings_that_lie_are_failures);
  GK_TEST_RUN(on_error_says_what_follows);
  GK_TEST_RUN(damaged_input_is_not_the_plugins_fault);
  GK_TEST_RUN(health_does_not_hide_failures);
  GK_TEST_RUN(a_failing_plugin_is_left_alone_for_a_doubling_pause);
  GK_TEST_RUN(late_calls_count_but_their_answer_is_used);
  GK_TEST_RUN(at_most_so_many_calls_are_inside);
  GK_TEST_RUN(options_change_while_calls_run);
  GK_TEST_RUN(photo_plugins_see_earlier_facts);
  GK_TEST_RUN(photo_plugins_that_lie_leave_no_trace);
  GK_TEST_RUN(the_example_measures_brightness);
  return gk_test_end();
}
