/* plugin/rows.c: lines of gaokao.conf about a plugin: plugin.NAME.KEY = VALUE (plugin.h, gk_plugin_row_set). */
#include <string.h>
#include <apr_strings.h>
#include "plugin/internal.h"

/* The same types and spellings as a plugin's own options. */
static const gaokao_option_t deadline_row = {"deadline", GAOKAO_OPTION_DURATION, 0, NULL, 1000, 600e6, NULL, NULL, "", ""};
static const gaokao_option_t optional_row = {"optional", GAOKAO_OPTION_BOOL, 0, NULL, 0, 0, NULL, NULL, "", ""};
static const gaokao_option_t fail_limit_row = {"fail_limit", GAOKAO_OPTION_INT, 0, NULL, 1, 1000, NULL, NULL, "", ""};
static const gaokao_option_t max_inside_row = {"max_inside", GAOKAO_OPTION_INT, 0, NULL, 1, 1000, NULL, NULL, "", ""};

static gk_error_t *wrong(const gk_plugin_row_t *row, const char *key, const char *example, const char *where,
                         apr_pool_t *pool)
{
  return gk_error_internal(pool, GK_E_CONFIG, "%s: 'plugin.%s.%s' is not right, for example: plugin.%s.%s", where,
                           row->name, key, row->name, example);
}

gk_error_t *gk_plugin_row_set(gk_plugin_row_t *row, const char *key, const char *text, const char *where,
                              apr_pool_t *pool)
{
  gk_plugin__value_t value = {.row = NULL};
  const char *zh, *en;
  if (strncmp(key, "option.", 7) == 0 && key[7] != '\0') {
    apr_array_header_t *settings = (apr_array_header_t *)(uintptr_t)row->settings;
    if (settings == NULL)
      row->settings = settings = apr_array_make(pool, 4, sizeof(gk_plugin_setting_t));
    APR_ARRAY_PUSH(settings, gk_plugin_setting_t) = (gk_plugin_setting_t){key + 7, text, where};
  } else if (strcmp(key, "on_error") == 0) {
    row->on_error = gk_on_error_of(text);
    if (row->on_error == 0)
      return wrong(row, key, "on_error = review (or fail, skip)", where, pool);
  } else if (strcmp(key, "optional") == 0) {
    if (!gk_plugin__parse_option(&value, &optional_row, text, &zh, &en, pool))
      return wrong(row, key, "optional = on", where, pool);
    row->optional = value.integer != 0;
  } else if (strcmp(key, "deadline") == 0) {
    if (!gk_plugin__parse_option(&value, &deadline_row, text, &zh, &en, pool))
      return wrong(row, key, "deadline = 800ms", where, pool);
    row->deadline_us = value.integer;
  } else if (strcmp(key, "fail_limit") == 0) {
    if (!gk_plugin__parse_option(&value, &fail_limit_row, text, &zh, &en, pool))
      return wrong(row, key, "fail_limit = 5", where, pool);
    row->fail_limit = (int)value.integer;
  } else if (strcmp(key, "max_inside") == 0) {
    if (!gk_plugin__parse_option(&value, &max_inside_row, text, &zh, &en, pool))
      return wrong(row, key, "max_inside = 3", where, pool);
    row->max_inside = (int)value.integer;
  } else {
    return gk_error_internal(pool, GK_E_CONFIG, "%s: there is no setting 'plugin.%s.%s'; there are on_error, optional, "
                             "deadline, fail_limit, max_inside and option.KEY", where, row->name, key);
  }
  return NULL;
}
