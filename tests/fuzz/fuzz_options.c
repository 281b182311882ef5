/* Plugin options as operators and the province's console write them: the first byte chooses the kind. */
#include "fuzz/gk_fuzz.h"

#include "plugin/internal.h"

static const gaokao_option_t rows[] = {
    {.key = "s", .type = GAOKAO_OPTION_STRING, .minimum = 1, .maximum = 10, .help_zh = "x", .help_en = "x"},
    {.key = "i", .type = GAOKAO_OPTION_INT, .minimum = -10, .maximum = 1000, .help_zh = "x", .help_en = "x"},
    {.key = "r", .type = GAOKAO_OPTION_REAL, .minimum = -1.5, .maximum = 2.5, .help_zh = "x", .help_en = "x"},
    {.key = "b", .type = GAOKAO_OPTION_BOOL, .help_zh = "x", .help_en = "x"},
    {.key = "w", .type = GAOKAO_OPTION_WORD, .words = "one|two", .help_zh = "x", .help_en = "x"},
    {.key = "d", .type = GAOKAO_OPTION_DURATION, .minimum = 1000, .maximum = 60000000, .help_zh = "x", .help_en = "x"},
    {.key = "free", .type = GAOKAO_OPTION_INT, .help_zh = "x", .help_en = "x"},
    {.key = "long", .type = GAOKAO_OPTION_DURATION, .help_zh = "x", .help_en = "x"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  if (length == 0 || strlen(text) != length)
    return;
  const gaokao_option_t *row = &rows[(unsigned char)text[0] % ROWS];
  gk_plugin__value_t value = {0};
  const char *zh = NULL, *en = NULL;
  if (!gk_plugin__parse_option(&value, row, text + 1, &zh, &en, pool)) {
    GK_FUZZ_HOLDS(zh != NULL && en != NULL && zh[0] != '\0' && en[0] != '\0');
  } else if (row->minimum != 0 || row->maximum != 0) {
    if (row->type == GAOKAO_OPTION_REAL)
      GK_FUZZ_HOLDS(value.real >= row->minimum && value.real <= row->maximum);
    else if (row->type == GAOKAO_OPTION_INT || row->type == GAOKAO_OPTION_DURATION)
      GK_FUZZ_HOLDS((double)value.integer >= row->minimum && (double)value.integer <= row->maximum);
  }
  /* The same by the way of a change at run time: nothing is taken that is not shown. */
  apr_array_header_t *options = apr_array_make(pool, ROWS, sizeof(gaokao_option_t));
  apr_array_header_t *settings = apr_array_make(pool, 2, sizeof(gk_plugin_setting_t));
  for (int i = 0; i < ROWS; i++)
    APR_ARRAY_PUSH(options, gaokao_option_t) = rows[i];
  APR_ARRAY_PUSH(settings, gk_plugin_setting_t) = (gk_plugin_setting_t){.key = row->key, .value = text + 1};
  APR_ARRAY_PUSH(settings, gk_plugin_setting_t) = (gk_plugin_setting_t){.key = text + 1, .value = "1"};
  gk_error_t *error = NULL;
  apr_array_header_t *values = gk_plugin__values(options, NULL, NULL, settings, true, &error, pool);
  GK_FUZZ_HOLDS(gk_json_size(gk_plugin__options_json(options, values, pool)) == ROWS);
}
