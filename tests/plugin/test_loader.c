/* What the loader accepts and refuses, options, and the life of instances. */
#include "lab.h"

#include <unistd.h>
#include "gaokao_plugin.h"
#include "plugin/internal.h"

static const struct { const char *name, *code, *part; } bad[] = {
    {"bad_null", "descriptor", "no descriptor"},
    {"bad_magic", "magic", "0x12345678"},
    {"bad_short", "descriptor", "40 bytes"},
    {"bad_major", "abi-major", "major version is 2"},
    {"bad_minor", "abi-minor", "needs ABI 1.3"},
    {"bad_apr", "build", "the plugin has 2, this program 1"},
    {"bad_build", "build", "missing"},
    {"bad_name", "name", "'other', wanted 'bad_name'"},
    {"bad_version", "version", "no version"},
    {"bad_flags", "flags", "0x1002"},
    {"bad_kind", "kind", "9"},
    {"bad_impure", "pure", "GAOKAO_PURE"},
    {"bad_vtable", "vtable", "8 bytes"},
    {"bad_life", "life", "16 bytes"},
    {"bad_functions", "functions", "mandatory"},
    {"bad_formats", "formats", "1 to 16"},
    {"bad_options", "options", "Row 1"},
    {"bad_option_size", "options", "8 bytes"},
    {"no_such_entry", "entry", "gaokao_plugin_no_such_entry"},
    {"No-Name", "name", "lower-case"},
};

static void explains_what_does_not_fit(apr_pool_t *pool)
{
  const char *path = lab_built(pool, "tests/plugin/.libs/lab.so");
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    apr_array_header_t *findings = apr_array_make(pool, 4, sizeof(gk_plugin__finding_t));
    bool found = false;
    GK_TEST_CASE("%s", bad[i].name);
    GK_TEST(gk_plugin__open(path, bad[i].name, findings, pool) == NULL);
    for (int f = 0; f < findings->nelts; f++) {
      const gk_plugin__finding_t *finding = &APR_ARRAY_IDX(findings, f, gk_plugin__finding_t);
      found = found || (strcmp(finding->code, bad[i].code) == 0 && strstr(finding->en, bad[i].part) != NULL);
      GK_TEST(finding->zh[0] != '\0');
    }
    if (!found)
      GK_TEST_FAIL("no finding '%s' with '%s' among %d", bad[i].code, bad[i].part, findings->nelts);
  }
}

static void names_every_fault_of_the_option_table(apr_pool_t *pool)
{
  apr_array_header_t *findings = apr_array_make(pool, 4, sizeof(gk_plugin__finding_t));
  gk_plugin__open(lab_built(pool, "tests/plugin/.libs/lab.so"), "bad_options", findings, pool);
  GK_TEST_INT(findings->nelts, 9); /* a preset out of a range that is none is two */
}

static void a_missing_file_is_a_fault_or_optional(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugins_t *plugins = gk_plugins_create(NULL, pool);
  gk_plugin_row_t *row = lab_row(rows, NULL, NULL);
  row->path = "/nowhere/policy_none.so";
  GK_TEST_ERROR(gk_plugins_load(plugins, rows, pool), GK_E_CONFIG);
  plugins = gk_plugins_create(NULL, pool);
  row->optional = true;
  GK_TEST_OK(gk_plugins_load(plugins, rows, pool));
  GK_TEST_STR(lab_state(plugins, "policy_none", pool), "missing");
  GK_TEST(gk_json_str(gk_json_get(gk_plugin_json(plugins, "policy_none", pool), "reason"), "zh") != NULL);
  GK_TEST_OK(gk_plugins_start(plugins, pool));
  GK_TEST_OK(gk_plugins_ready(plugins, pool));
  GK_TEST_ERROR(gk_plugin_set_options(plugins, "policy_none", lab_settings(pool, "mood=good"), pool),
                GK_E_NOT_FOUND);
}

static void a_name_is_configured_once(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_policy", NULL);
  lab_row(rows, "lab_policy", NULL);
  gk_plugins_t *plugins = gk_plugins_create(NULL, pool);
  gk_error_t *error = gk_plugins_load(plugins, rows, pool);
  GK_TEST_ERROR(error, GK_E_CONFIG);
  GK_TEST_STR(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).code, "duplicate");
  GK_TEST_STR(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).pointer, "test.conf:1");
}

static void longer_structs_are_read_as_far_as_known(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_long", NULL);
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  gk_json_t *json = gk_plugin_json(plugins, "lab_long", pool);
  GK_TEST_INT(gk_json_size(gk_json_get(json, "options")), 2);
  GK_TEST_STR(gk_json_str(json, "state"), "started");
}

static void loads_twice_in_a_row(apr_pool_t *pool)
{
  for (int i = 0; i < 3; i++) {
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    apr_array_header_t *rows = lab_rows(own);
    lab_row(rows, "lab_policy", NULL);
    lab_row(rows, "lab_photo", NULL);
    GK_TEST(lab_host(rows, own) != NULL);
    apr_pool_destroy(own);
  }
}

static void policies_are_not_skipped_and_exports_only_fail(apr_pool_t *pool)
{
  static const struct { const char *name; gk_on_error_t on_error; bool good; } cases[] = {
      {"lab_policy", GK_ON_ERROR_SKIP, false},  {"lab_policy", GK_ON_ERROR_REVIEW, true},
      {"lab_export", GK_ON_ERROR_SKIP, false},  {"lab_export", GK_ON_ERROR_REVIEW, false},
      {"lab_export", GK_ON_ERROR_FAIL, true},   {"lab_photo", GK_ON_ERROR_SKIP, true},
      {"lab_device", GK_ON_ERROR_REVIEW, true},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    apr_array_header_t *rows = lab_rows(pool);
    GK_TEST_CASE("%s %d", cases[i].name, (int)cases[i].on_error);
    lab_row(rows, cases[i].name, NULL)->on_error = cases[i].on_error;
    GK_TEST((gk_plugins_load(gk_plugins_create(NULL, pool), rows, pool) == NULL) == cases[i].good);
  }
  GK_TEST_INT(gk_on_error_of("review"), GK_ON_ERROR_REVIEW);
  GK_TEST_INT(gk_on_error_of("perhaps"), 0);
}

static const struct {
  const char *text;
  bool good;
} option_cases[] = {
    {"number=0", true},
    {"number=-10", true},
    {"number=1000", true},
    {"number=1001", false},
    {"number=", false},
    {"number=7x", false},
    {"number=0x7", false},
    {"number=1e2", false},
    {"number=99999999999999999999", false},
    {"number=--1", false},
    {"share=1", true},
    {"share=0.25", true},
    {"share=1.01", false},
    {"share=nan", false},
    {"share=inf", false},
    {"share=.5", false},
    {"share=0.", false},
    {"share=1e-3", false},
    {"fast=on", true},
    {"fast=off", true},
    {"fast=yes", false},
    {"fast=1", false},
    {"colour=red", true},
    {"colour=green", true},
    {"colour=gre", false},
    {"colour=red|green", false},
    {"colour=", false},
    {"pause=20ms", true},
    {"pause=1min", true},
    {"pause=2min", false},
    {"pause=20", false},
    {"pause=1d", false},
    {"pause=500us", false},
    {"pause=99999999999999h", false},
    {"secret=x", true},
    {"mood=\x01", false},
    {"mood=\xc0\x80", false},
    {"mood=心情", true},
    {"colours=red", false},
    {"number=1 number=2", false},
};

static void options_are_parsed_and_in_range(apr_pool_t *pool)
{
  apr_array_header_t *findings = apr_array_make(pool, 4, sizeof(gk_plugin__finding_t));
  gk_plugin__image_t *image =
      gk_plugin__open(lab_built(pool, "tests/plugin/.libs/lab.so"), "lab_policy", findings, pool);
  GK_TEST(image != NULL);
  for (size_t i = 0; i < sizeof(option_cases) / sizeof(option_cases[0]); i++) {
    gk_error_t *error = NULL;
    GK_TEST_CASE("%s", option_cases[i].text);
    gk_plugin__values(image->options, lab_settings(pool, option_cases[i].text), NULL, NULL, true, &error,
                      pool);
    GK_TEST((error == NULL) == option_cases[i].good);
    if (error != NULL) {
      const gk_violation_t *fault = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
      GK_TEST(fault->zh != NULL && fault->en != NULL && strcmp(fault->zh, fault->en) != 0);
      GK_TEST(strncmp(fault->pointer, "/options/", 9) == 0);
    }
  }
}

static void an_unknown_option_names_file_and_line(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugin_row_t *row = lab_row(rows, "lab_policy", "good");
  gk_plugin_setting_t *setting = apr_array_push((apr_array_header_t *)(uintptr_t)row->settings);
  setting->key = "modo", setting->value = "x", setting->where = "gaokao.conf:41";
  row->optional = true; /* a slip of the operator's is a fault all the same */
  gk_error_t *error = gk_plugins_load(gk_plugins_create(NULL, pool), rows, pool);
  GK_TEST_ERROR(error, GK_E_CONFIG);
  const gk_violation_t *fault = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
  GK_TEST_STR(fault->pointer, "gaokao.conf:41");
  GK_TEST(strstr(fault->en, "'modo'") != NULL && strstr(fault->en, "mood, number") != NULL);
}

static gk_json_t *option_of(gk_plugins_t *plugins, const char *key, apr_pool_t *pool)
{
  gk_json_t *options = gk_json_get(gk_plugin_json(plugins, "lab_policy", pool), "options");
  for (apr_size_t i = 0; i < gk_json_size(options); i++)
    if (strcmp(gk_json_str(gk_json_at(options, i), "key"), key) == 0)
      return gk_json_at(options, i);
  return NULL;
}

static void overrides_win_and_can_be_taken_back(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_policy", "undecided");
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "source"), "config");
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "where"), "test.conf:2");
  GK_TEST_STR(gk_json_str(option_of(plugins, "number", pool), "source"), "preset");
  GK_TEST(gk_json_is_null(gk_json_get(option_of(plugins, "secret", pool), "value")));
  GK_TEST(gk_json_is_null(gk_json_get(option_of(plugins, "secret", pool), "preset")));
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_policy", lab_settings(pool, "mood=good number=9"), pool));
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "good");
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "source"), "override");
  GK_TEST_STR(gk_json_str(option_of(plugins, "number", pool), "value"), "9");
  /* The old instance had its last call. */
  GK_TEST(strstr(gk_plugins_metrics(plugins, pool),
                 "gaokao_plugin_events_total{plugin=\"lab_policy\",event=\"stopped\"} 1\n") != NULL);
  static const char *const refused[] = {"mood=good number=5000", "mood=refuse_configure", "mood=refuse_check",
                                        "mood=refuse_start", "nothing=1"};
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    GK_TEST_CASE("%s", refused[i]);
    GK_TEST(gk_plugin_set_options(plugins, "lab_policy", lab_settings(pool, refused[i]), pool) != NULL);
    GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "good");
    GK_TEST_STR(lab_state(plugins, "lab_policy", pool), "started");
  }
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_policy", lab_settings(pool, ""), pool));
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "undecided");
  GK_TEST_ERROR(gk_plugin_set_options(plugins, "lab_polic", lab_settings(pool, ""), pool), GK_E_NOT_FOUND);
}

/* Instances of it that ended so far. */
static int ended(gk_plugins_t *plugins, apr_pool_t *pool)
{
  return (int)gk_json_int(gk_json_get(gk_plugin_json(plugins, "lab_policy", pool), "events"), "stopped");
}

static void what_is_stored_is_followed_once(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_policy", "undecided");
  lab_row(rows, "lab_photo", NULL);
  gk_plugin_row_t *away = lab_row(rows, "lab_device", NULL);
  away->path = "/nowhere/lab_device.so", away->optional = true;
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  gk_plugin_wish_t plain = {.settings = lab_settings(pool, "")}, wish = {.settings = lab_settings(pool, "mood=good number=9")};
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &plain, pool), 0);
  GK_TEST_INT(ended(plugins, pool), 0);
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &wish, pool), GAOKAO_POLICY);
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "good");
  GK_TEST_INT(ended(plugins, pool), 1);
  /* Somebody changed another one: this one goes on as it is. */
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &wish, pool), 0);
  GK_TEST_INT(ended(plugins, pool), 1);
  wish.made = "act-1"; /* the same options, made anew */
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &wish, pool), GAOKAO_POLICY);
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &wish, pool), 0);
  GK_TEST_INT(ended(plugins, pool), 2);
  /* What it refuses leaves it as it was, and is tried again. */
  gk_plugin_wish_t refused = {.settings = lab_settings(pool, "mood=refuse_start"), .made = "act-2"};
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &refused, pool), 0);
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "good");
  refused.settings = lab_settings(pool, "mood=good");
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_policy", &refused, pool), GAOKAO_POLICY);
  /* One that this node does without holds nobody up. */
  gk_plugin_wish_t off = {.settings = lab_settings(pool, ""), .off_reason = "Too slow"};
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_device", &off, pool), 0);
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_photo", &off, pool), GAOKAO_PHOTO);
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "disabled");
  GK_TEST_STR(gk_json_str(gk_plugin_json_switched(plugins, "lab_photo", NULL, pool), "state"), "started");
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_photo", &off, pool), 0);
  GK_TEST_INT(gk_plugin_follow(plugins, "lab_photo", &plain, pool), GAOKAO_PHOTO);
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "started");
}

/* Tried and thrown away: the running one notices nothing. */
static void options_are_tried_beside_the_running_one(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_json_t *shown;
  lab_row(rows, "lab_policy", "undecided");
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  GK_TEST_OK(gk_plugin_try_options(&shown, plugins, "lab_policy", lab_settings(pool, "mood=good"), pool));
  GK_TEST(strstr(gk_json_text(shown, pool), "\"value\":\"good\"") != NULL);
  GK_TEST_STR(gk_json_str(option_of(plugins, "mood", pool), "value"), "undecided");
  GK_TEST_ERROR(gk_plugin_try_options(NULL, plugins, "lab_policy", lab_settings(pool, "mood=refuse_start"), pool), GK_E_PLUGIN);
  GK_TEST_ERROR(gk_plugin_try_options(NULL, plugins, "lab_policy", lab_settings(pool, "nothing=1"), pool), GK_E_INVALID);
  GK_TEST_ERROR(gk_plugin_try_options(NULL, plugins, "nobody", lab_settings(pool, ""), pool), GK_E_NOT_FOUND);
}

static void every_step_of_life_may_refuse(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugins_t *plugins = gk_plugins_create(NULL, pool);
  lab_row(rows, "lab_policy", "refuse_configure");
  gk_error_t *error = gk_plugins_load(plugins, rows, pool);
  GK_TEST_ERROR(error, GK_E_CONFIG);
  GK_TEST(strstr(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).en, "Not taken: refuse_configure") !=
          NULL);

  rows = lab_rows(pool);
  plugins = gk_plugins_create(NULL, pool);
  lab_row(rows, "lab_policy", "lie_facts");
  GK_TEST_ERROR(gk_plugins_load(plugins, rows, pool), GK_E_CONFIG);

  rows = lab_rows(pool);
  plugins = gk_plugins_create(NULL, pool);
  lab_row(rows, "lab_policy", "refuse_check");
  GK_TEST_OK(gk_plugins_load(plugins, rows, pool));
  GK_TEST_ERROR(gk_plugins_check(plugins, pool), GK_E_CONFIG);

  rows = lab_rows(pool);
  plugins = gk_plugins_create(NULL, pool);
  lab_row(rows, "lab_policy", "refuse_start");
  lab_row(rows, "lab_photo", NULL);
  GK_TEST_OK(gk_plugins_load(plugins, rows, pool));
  GK_TEST_OK(gk_plugins_check(plugins, pool));
  GK_TEST_ERROR(gk_plugins_start(plugins, pool), GK_E_PLUGIN);
  GK_TEST_STR(lab_state(plugins, "lab_policy", pool), "failed");
  GK_TEST_STR(lab_state(plugins, "lab_photo", pool), "started");
  GK_TEST_ERROR(gk_plugins_ready(plugins, pool), GK_E_PLUGIN);
  /* New options bring it up without a restart. */
  GK_TEST_OK(gk_plugin_set_options(plugins, "lab_policy", lab_settings(pool, "mood=good"), pool));
  GK_TEST_STR(lab_state(plugins, "lab_policy", pool), "started");
  GK_TEST_OK(gk_plugins_ready(plugins, pool));
}

static void lists_and_measures(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_row(rows, "lab_policy", NULL);
  lab_row(rows, "lab_photo", "lie_health");
  gk_plugins_t *plugins = lab_host(rows, pool);
  GK_TEST(plugins != NULL);
  gk_json_t *all = gk_plugins_json(plugins, pool);
  GK_TEST_INT(gk_json_size(all), 2);
  gk_json_t *health = gk_json_get(gk_json_at(all, 0), "health");
  GK_TEST_STR(gk_json_str(health, "state"), "poor");
  GK_TEST_STR(gk_json_str(health, "en"), "So so");
  GK_TEST_STR(gk_json_str(gk_json_get(gk_json_at(all, 1), "health"), "state"), "bad");
  GK_TEST_INT(gk_json_int(gk_json_at(all, 1), "failures"), 1);
  GK_TEST_STR(gk_json_str(gk_json_get(gk_json_at(all, 0), "facts"), "mood"), "good");
  const char *metrics = gk_plugins_metrics(plugins, pool);
  GK_TEST(strstr(metrics, "gaokao_plugin_up{plugin=\"lab_policy\",kind=\"policy\"} 1\n") != NULL);
  GK_TEST(strstr(metrics, "gaokao_plugin_calls_total{plugin=\"lab_policy\"} 1\n") != NULL);
  GK_TEST(strstr(metrics, "gaokao_plugin_failures_total{plugin=\"lab_photo\"} 1\n") != NULL);
  GK_TEST(strstr(metrics, "gaokao_plugin_seconds_bucket{plugin=\"lab_policy\",le=\"+Inf\"} 1\n") != NULL);
  GK_TEST(gk_plugin_json(plugins, "nobody", pool) == NULL);
}

static void counts_into_shared_memory(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  gk_plugins_t *plugins = gk_plugins_create(NULL, pool);
  lab_row(rows, "lab_policy", NULL);
  lab_row(rows, "lab_photo", NULL);
  GK_TEST_OK(gk_plugins_load(plugins, rows, pool));
  gk_standing_t *standing = apr_pcalloc(pool, gk_plugins_shared_bytes());
  GK_TEST(gk_plugins_share(plugins, standing));
  GK_TEST_OK(gk_plugins_start(plugins, pool));
  gk_plugin_json(plugins, "lab_photo", pool);
  GK_TEST_INT(standing->plugins[0].shared.calls, 0);
  GK_TEST_INT(standing->plugins[1].shared.calls, 1);
}

static void plugin_check_reports(apr_pool_t *pool)
{
  bool good = false;
  gk_json_t *report = gk_plugin_check_file(lab_built(pool, "plugins/example/.libs/example.so"), &good, pool);
  if (!good)
    GK_TEST_FAIL("%s", gk_json_text(report, pool));
  GK_TEST_STR(gk_json_str(report, "name"), "example");
  GK_TEST_STR(gk_json_str(report, "abi"), "1.2");
  GK_TEST_INT(gk_json_size(gk_json_get(report, "findings")), 0);
  GK_TEST(gk_json_size(gk_json_get(report, "facts")) > 0);
  /* lab.so has no plugin of its own name. */
  report = gk_plugin_check_file(lab_built(pool, "tests/plugin/.libs/lab.so"), &good, pool);
  GK_TEST(!good);
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(report, "findings"), 0), "code"), "entry");
  report = gk_plugin_check_file("/nowhere.so", &good, pool);
  GK_TEST(!good);
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(report, "findings"), 0), "code"), "open");
}

static void shipped_plugins_pass_the_check(apr_pool_t *pool)
{
  static const char *const names[] = {"example", "policy_xpath", "export_xml", "export_csv"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    bool good = false;
    GK_TEST_CASE("%s", names[i]);
    gk_json_t *report = gk_plugin_check_file(
        lab_built(pool, apr_psprintf(pool, "plugins/%s/.libs/%s.so", names[i], names[i])), &good, pool);
    if (!good)
      GK_TEST_FAIL("%s", gk_json_text(report, pool));
  }
}

int main(void)
{
  gk_test_begin("plugin loader");
  GK_TEST_RUN(explains_what_does_not_fit);
  GK_TEST_RUN(names_every_fault_of_the_option_table);
  GK_TEST_RUN(a_missing_file_is_a_fault_or_optional);
  GK_TEST_RUN(a_name_is_configured_once);
  GK_TEST_RUN(longer_structs_are_read_as_far_as_known);
  GK_TEST_RUN(loads_twice_in_a_row);
  GK_TEST_RUN(policies_are_not_skipped_and_exports_only_fail);
  GK_TEST_RUN(options_are_parsed_and_in_range);
  GK_TEST_RUN(an_unknown_option_names_file_and_line);
  GK_TEST_RUN(overrides_win_and_can_be_taken_back);
  GK_TEST_RUN(what_is_stored_is_followed_once);
  GK_TEST_RUN(options_are_tried_beside_the_running_one);
  GK_TEST_RUN(every_step_of_life_may_refuse);
  GK_TEST_RUN(lists_and_measures);
  GK_TEST_RUN(counts_into_shared_memory);
  GK_TEST_RUN(plugin_check_reports);
  GK_TEST_RUN(shipped_plugins_pass_the_check);
  return gk_test_end();
}
