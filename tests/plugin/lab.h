/* tests/plugin/lab.h: what the plugin tests share: where the built plugins are, and rows for them. */
#ifndef GK_TEST_LAB_H
#define GK_TEST_LAB_H

#include "../unit/gk_test.h"
#include "plugin/plugin.h"

static inline const char *lab_built(apr_pool_t *pool, const char *path)
{
  const char *top = getenv("top_builddir");
  return apr_pstrcat(pool, top != NULL ? top : ".", "/", path, NULL);
}

static inline const char *lab_source(apr_pool_t *pool, const char *path)
{
  const char *top = getenv("top_srcdir");
  return apr_pstrcat(pool, top != NULL ? top : ".", "/", path, NULL);
}

/* Adds a row for plugin `name` of lab.so; `mood` NULL: its preset. */
static inline gk_plugin_row_t *lab_row(apr_array_header_t *rows, const char *name, const char *mood)
{
  gk_plugin_row_t *row = apr_array_push(rows);
  memset(row, 0, sizeof(*row));
  row->path = lab_built(rows->pool, "tests/plugin/.libs/lab.so");
  row->name = name;
  row->where = "test.conf:1";
  if (mood != NULL) {
    apr_array_header_t *settings = apr_array_make(rows->pool, 1, sizeof(gk_plugin_setting_t));
    gk_plugin_setting_t *setting = apr_array_push(settings);
    setting->key = "mood", setting->value = mood, setting->where = "test.conf:2";
    row->settings = settings;
  }
  return row;
}

/* Adds a row for a plugin that ships: "policy_xpath". */
static inline gk_plugin_row_t *lab_shipped(apr_array_header_t *rows, const char *name)
{
  gk_plugin_row_t *row = apr_array_push(rows);
  memset(row, 0, sizeof(*row));
  row->path = lab_built(rows->pool, apr_psprintf(rows->pool, "plugins/%s/.libs/%s.so", name, name));
  return row;
}

static inline apr_array_header_t *lab_rows(apr_pool_t *pool)
{
  return apr_array_make(pool, 4, sizeof(gk_plugin_row_t));
}

/* Settings from "key=value key=value"; no blanks in values. */
static inline apr_array_header_t *lab_settings(apr_pool_t *pool, const char *text)
{
  apr_array_header_t *settings = apr_array_make(pool, 4, sizeof(gk_plugin_setting_t));
  char *copy = apr_pstrdup(pool, text), *state = NULL;
  for (char *one = apr_strtok(copy, " ", &state); one != NULL; one = apr_strtok(NULL, " ", &state)) {
    gk_plugin_setting_t *setting = apr_array_push(settings);
    char *equals = strchr(one, '=');
    *equals = '\0';
    setting->key = one, setting->value = equals + 1, setting->where = NULL;
  }
  return settings;
}

/* A host with `rows`, loaded and started. Leaves a failure message and NULL when it can't be. */
static inline gk_plugins_t *lab_host(const apr_array_header_t *rows, apr_pool_t *pool)
{
  gk_plugins_t *plugins = gk_plugins_create(NULL, pool);
  gk_error_t *error = gk_plugins_load(plugins, rows, pool);
  if (error == NULL)
    error = gk_plugins_check(plugins, pool);
  if (error == NULL)
    error = gk_plugins_start(plugins, pool);
  if (error == NULL)
    return plugins;
  gk_test_fail_at(__FILE__, __LINE__, gk_error_log_text(pool, error));
  for (int i = 0; error->violations != NULL && i < error->violations->nelts; i++)
    printf("#   %s\n", APR_ARRAY_IDX(error->violations, i, gk_violation_t).en);
  return NULL;
}

/* A member of the plugin's JSON as text: numbers and words alike. */
static inline const char *lab_state(gk_plugins_t *plugins, const char *name, apr_pool_t *pool)
{
  return gk_json_str(gk_plugin_json(plugins, name, pool), "state");
}

#endif
