/* Processes that die or hang inside a plugin (catalogue PR-5, PR-6): the record is blamed, then barred; others go on. */
#include "lab.h"

#include <sys/wait.h>
#include <unistd.h>
#include <apr_thread_proc.h>
#include "plugin/calls.h"

static gaokao_input_t input_of(const char *bytes)
{
  gaokao_input_t input = {sizeof(input), 0, (const unsigned char *)bytes, strlen(bytes), "", "", 0};
  return input;
}

static gk_error_t *decode(gk_plugins_t *plugins, const char *bytes, apr_pool_t *pool)
{
  gaokao_input_t input = input_of(bytes);
  const gaokao_reading_t *reading;
  gk_outcome_t outcome;
  return gk_device_decode(plugins, "r1", &input, &outcome, &reading, NULL, pool);
}

/* A host whose processes share one standing, in this mood. */
static gk_plugins_t *host(const char *mood, apr_pool_t *pool)
{
  void *memory = NULL;
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = lab_row(rows, "lab_device", mood);
  row->deadline_us = 100000;
  row->max_inside = 2;
  gk_plugins_t *plugins = lab_host(rows, pool);
  int fd = gk_plugins_shared_create(&memory);
  if (plugins == NULL || fd < 0 || !gk_plugins_share(plugins, memory))
    gk_test_fail_at(__FILE__, __LINE__, "no shared memory");
  close(fd);
  return plugins;
}

/* A child calls the plugin on `bytes` and is expected to die; its parent is told like httpd's. */
static int die_on(gk_plugins_t *plugins, const char *bytes, apr_pool_t *pool)
{
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    gk_plugins_start(plugins, pool);
    gk_plugins_attend(plugins, false);
    decode(plugins, bytes, pool);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  gk_plugins_bury(plugins, pid);
  return status;
}

static gk_json_t *suspects(gk_plugins_t *plugins, apr_pool_t *pool)
{
  return gk_json_get(gk_plugin_json(plugins, "lab_device", pool), "suspects");
}

static apr_int64_t number(gk_plugins_t *plugins, const char *key, apr_pool_t *pool)
{
  return gk_json_int(gk_plugin_json(plugins, "lab_device", pool), key);
}

static void a_record_that_kills_is_barred(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("abort", pool);
  for (int i = 1; i <= 3; i++) {
    GK_TEST_STR(lab_state(plugins, "lab_device", pool), "started");
    GK_TEST(WIFSIGNALED(die_on(plugins, "L poison", pool)));
    GK_TEST_INT(gk_json_size(suspects(plugins, pool)), 1);
    GK_TEST_INT(gk_json_int(gk_json_at(suspects(plugins, pool), 0), "deaths"), i);
    GK_TEST_INT(number(plugins, "crashes", pool), i);
  }
  /* A fourth process does not die, and says who. */
  GK_TEST_INT(die_on(plugins, "L poison", pool), 0);
  gk_error_t *error = decode(plugins, "L poison", pool);
  GK_TEST_ERROR(error, GK_E_PLUGIN);
  GK_TEST(strstr(error->zh, "lab_device") != NULL && error->retry_after_us > 0);
  GK_TEST_STR(lab_state(plugins, "lab_device", pool), "degraded");
  GK_TEST(gk_json_bool(gk_json_at(suspects(plugins, pool), 0), "barred"));
  GK_TEST_STR(gk_json_str(gk_json_at(suspects(plugins, pool), 0), "why"), "signal 6");
  /* The service is ready all the same, and other records are let in. */
  GK_TEST_OK(gk_plugins_ready(plugins, pool));
  GK_TEST(WIFSIGNALED(die_on(plugins, "L other", pool)));
  /* Forgiven by an administrator. */
  GK_TEST_OK(gk_plugin_reset(plugins, "lab_device", pool));
  GK_TEST_STR(lab_state(plugins, "lab_device", pool), "started");
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_device", lab_settings(pool, "mood=good"), pool));
  GK_TEST_OK(decode(plugins, "L poison", pool));
  GK_TEST_ERROR(gk_plugin_reset(plugins, "nobody", pool), GK_E_NOT_FOUND);
}

static void an_exit_counts_and_a_good_call_clears(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("exit", pool);
  die_on(plugins, "L leaves", pool);
  die_on(plugins, "L leaves", pool);
  GK_TEST_INT(gk_json_int(gk_json_at(suspects(plugins, pool), 0), "deaths"), 2);
  GK_TEST_STR(gk_json_str(gk_json_at(suspects(plugins, pool), 0), "why"), "lost");
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_device", lab_settings(pool, "mood=good"), pool));
  GK_TEST_OK(decode(plugins, "L leaves", pool));
  GK_TEST_INT(gk_json_size(suspects(plugins, pool)), 0);
  /* Killed from outside, three times on different records: nobody's fault but bad luck. */
  GK_TEST_INT(number(plugins, "retry_in_us", pool), 0);
}

static void deaths_on_different_records_pause_the_plugin(apr_pool_t *pool)
{
  gk_plugins_t *plugins = host("abort", pool);
  die_on(plugins, "L one", pool);
  die_on(plugins, "L two", pool);
  GK_TEST_INT(number(plugins, "retry_in_us", pool), 0);
  die_on(plugins, "L three", pool);
  GK_TEST(number(plugins, "retry_in_us", pool) > 0);
  GK_TEST_ERROR(decode(plugins, "L four", pool), GK_E_PLUGIN);
  GK_TEST_ERROR(gk_plugins_ready(plugins, pool), GK_E_PLUGIN);
}

/* A second configuration, as after a graceful restart, finds what the first one knew. */
static void the_standing_survives_a_restart(apr_pool_t *pool)
{
  void *memory = NULL;
  int fd = gk_plugins_shared_create(&memory);
  GK_TEST(fd >= 0);
  for (int generation = 0; generation < 3; generation++) {
    apr_pool_t *pconf;
    apr_pool_create(&pconf, pool);
    apr_array_header_t *rows = lab_rows(pconf);
    lab_row(rows, "lab_device", "abort");
    gk_plugins_t *plugins = lab_host(rows, pconf);
    GK_TEST(plugins != NULL && gk_plugins_share(plugins, gk_plugins_shared_open(fd)));
    GK_TEST_INT(gk_json_size(suspects(plugins, pconf)), generation > 0);
    die_on(plugins, "L poison", pconf);
    GK_TEST_STR(lab_state(plugins, "lab_device", pconf), generation < 2 ? "started" : "degraded");
    apr_pool_destroy(pconf);
  }
  close(fd);
}

/* ---- calls that don't return --------------------------------------------------------------------------- */

typedef struct caller_t { gk_plugins_t *plugins; apr_pool_t *pool; } caller_t;

static void *APR_THREAD_FUNC call_and_hang(apr_thread_t *thread, void *data)
{
  caller_t *caller = data;
  apr_pool_t *pool;
  (void)thread;
  apr_pool_create(&pool, NULL);
  decode(caller->plugins, "L hangs", pool);
  return NULL;
}

static void calls_that_hang_are_few_and_seen(apr_pool_t *pool)
{
  pid_t pid = fork();
  int status = 0;
  if (pid == 0) {
    gk_plugins_t *plugins = host("hang", pool);
    caller_t caller = {plugins, pool};
    apr_thread_t *thread;
    alarm(20); /* a fourth call that hangs ends as a failure */
    gk_plugins_attend(plugins, false);
    for (int i = 0; i < 2; i++)
      apr_thread_create(&thread, NULL, call_and_hang, &caller, pool);
    usleep(300000);
    /* max_inside is 2: the third is refused at once. */
    gk_error_t *error = decode(plugins, "L third", pool);
    if (error == NULL || error->code != GK_E_PLUGIN)
      _exit(2);
    if (gk_plugins_watch(plugins).stuck != 0)
      _exit(3);
    usleep(2200000);
    gk_plugins_watch_t found = gk_plugins_watch(plugins);
    if (found.stuck != 2 || found.resident_bytes < 1 << 20)
      _exit(4);
    if (number(plugins, "stuck", pool) != 2 || gk_json_int(gk_json_at(suspects(plugins, pool), 0), "deaths") < 1)
      _exit(5);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  GK_TEST_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

static void rows_of_the_configuration(apr_pool_t *pool)
{
  gk_plugin_row_t row = {.name = "p"};
  GK_TEST_OK(gk_plugin_row_set(&row, "on_error", "review", "gaokao.conf:3", pool));
  GK_TEST_INT(row.on_error, GK_ON_ERROR_REVIEW);
  GK_TEST_OK(gk_plugin_row_set(&row, "deadline", "800ms", "gaokao.conf:4", pool));
  GK_TEST_INT(row.deadline_us, 800000);
  GK_TEST_OK(gk_plugin_row_set(&row, "max_inside", "4", "gaokao.conf:5", pool));
  GK_TEST_INT(row.max_inside, 4);
  GK_TEST_OK(gk_plugin_row_set(&row, "fail_limit", "9", "gaokao.conf:5", pool));
  GK_TEST_OK(gk_plugin_row_set(&row, "optional", "on", "gaokao.conf:5", pool));
  GK_TEST(row.optional && row.fail_limit == 9);
  GK_TEST_OK(gk_plugin_row_set(&row, "option.mood", "good", "gaokao.conf:6", pool));
  GK_TEST_STR(APR_ARRAY_IDX(row.settings, 0, gk_plugin_setting_t).key, "mood");
  static const char *const wrong[][2] = {{"on_error", "explode"}, {"deadline", "soon"}, {"max_inside", "0"},
                                         {"fail_limit", "-1"},    {"optional", "perhaps"}, {"colour", "red"}};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    GK_TEST_CASE("%s", wrong[i][0]);
    gk_error_t *error = gk_plugin_row_set(&row, wrong[i][0], wrong[i][1], "gaokao.conf:7", pool);
    GK_TEST_ERROR(error, GK_E_CONFIG);
    GK_TEST(strstr(error->internal, "gaokao.conf:7") != NULL);
  }
}

int main(void)
{
  gk_test_begin("processes that die inside plugins");
  GK_TEST_RUN(a_record_that_kills_is_barred);
  GK_TEST_RUN(an_exit_counts_and_a_good_call_clears);
  GK_TEST_RUN(deaths_on_different_records_pause_the_plugin);
  GK_TEST_RUN(the_standing_survives_a_restart);
  GK_TEST_RUN(calls_that_hang_are_few_and_seen);
  GK_TEST_RUN(rows_of_the_configuration);
  return gk_test_end();
}
