/* plugin/options.c: options as operators write them become typed values in range. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "plugin/internal.h"

static const char *const type_words[] = {NULL, "string", "int", "real", "bool", "word", "duration"};

static bool in_words(const char *words, const char *text)
{
  apr_size_t length = strchr(text, '|') == NULL ? strlen(text) : 0;
  for (const char *p = words; length > 0 && p != NULL; p = strchr(p, '|') != NULL ? strchr(p, '|') + 1 : NULL)
    if (strncmp(p, text, length) == 0 && (p[length] == '|' || p[length] == '\0'))
      return true;
  return false;
}

/* Digits with an optional minus; false on anything else and beyond 64 bits. */
static bool integer_of(const char *text, apr_int64_t *out)
{
  const char *digits = text[0] == '-' ? text + 1 : text;
  if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
    return false;
  errno = 0;
  long long value = strtoll(text, NULL, 10);
  if (errno != 0)
    return false;
  *out = value;
  return true;
}

/* Digits with an optional minus and one point; no exponent, no hex, no locale. */
static bool real_of(const char *text, double *out)
{
  const char *p = text[0] == '-' ? text + 1 : text;
  apr_size_t whole = strspn(p, "0123456789");
  apr_size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
  if (whole == 0 || whole > 18 || fraction > 18 || (p[whole] == '.' && fraction == 0))
    return false;
  if (p[whole + (p[whole] == '.' ? 1 + fraction : 0)] != '\0')
    return false;
  double value = 0, scale = 1;
  for (apr_size_t i = 0; i < whole; i++)
    value = value * 10 + (p[i] - '0');
  for (apr_size_t i = 0; i < fraction; i++)
    value = value * 10 + (p[whole + 1 + i] - '0'), scale *= 10;
  *out = (text[0] == '-' ? -value : value) / scale;
  return true;
}

static bool duration_of(const char *text, apr_int64_t *out, apr_pool_t *pool)
{
  static const struct { const char *unit; apr_int64_t us; } units[] = {
      {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60 * 1000000LL}, {"h", 3600 * 1000000LL}};
  apr_size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 15)
    return false;
  apr_int64_t value = apr_atoi64(apr_pstrmemdup(pool, text, digits));
  for (apr_size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
    if (strcmp(text + digits, units[i].unit) == 0) {
      if (value > APR_INT64_MAX / units[i].us)
        return false;
      *out = value * units[i].us;
      return true;
    }
  return false;
}

static bool in_range(const gaokao_option_t *row, double value)
{
  return (row->minimum == 0 && row->maximum == 0) || (value >= row->minimum && value <= row->maximum);
}

/* "20ms": the largest unit that divides. */
static const char *duration_text(apr_int64_t us, apr_pool_t *pool)
{
  if (us != 0 && us % (apr_int64_t)3600000000 == 0)
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "h", us / (apr_int64_t)3600000000);
  if (us != 0 && us % 60000000 == 0)
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "min", us / 60000000);
  if (us != 0 && us % 1000000 == 0)
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "s", us / 1000000);
  if (us != 0 && us % 1000 == 0)
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "ms", us / 1000);
  return apr_psprintf(pool, "%" APR_INT64_T_FMT "us", us);
}

static const char *limit_text(const gaokao_option_t *row, double value, apr_pool_t *pool)
{
  if (row->type == GAOKAO_OPTION_DURATION)
    return duration_text((apr_int64_t)value, pool);
  if (row->type == GAOKAO_OPTION_REAL)
    return apr_psprintf(pool, "%g", value);
  return apr_psprintf(pool, "%.0f", value);
}

/* The end of a sentence that says what is wanted. */
static void say_wanted(const gaokao_option_t *row, const char **zh, const char **en, apr_pool_t *pool)
{
  const char *low = limit_text(row, row->minimum, pool), *high = limit_text(row, row->maximum, pool);
  bool range = row->minimum != 0 || row->maximum != 0;
  switch (row->type) {
  case GAOKAO_OPTION_BOOL:
    *zh = "应为 on 或 off", *en = "wanted on or off";
    return;
  case GAOKAO_OPTION_WORD:
    *zh = apr_psprintf(pool, "应为其中之一：%s", row->words);
    *en = apr_psprintf(pool, "wanted one of %s", row->words);
    return;
  case GAOKAO_OPTION_STRING:
    *zh = range ? apr_psprintf(pool, "应为 %s 到 %s 个字符，不含控制字符", low, high) : "不能含控制字符";
    *en = range ? apr_psprintf(pool, "wanted %s to %s characters without control characters", low, high)
                : "wanted no control characters";
    return;
  case GAOKAO_OPTION_DURATION:
    *zh = range ? apr_psprintf(pool, "应为 %s 到 %s 的时长", low, high) : "应为时长，例如 500us、20ms、5s、10min、2h";
    *en = range ? apr_psprintf(pool, "wanted a duration from %s to %s", low, high)
                : "wanted a duration such as 500us, 20ms, 5s, 10min, 2h";
    return;
  default:
    *zh = range ? apr_psprintf(pool, "应为 %s 到 %s 的%s", low, high, row->type == GAOKAO_OPTION_INT ? "整数" : "数")
                : (row->type == GAOKAO_OPTION_INT ? "应为整数" : "应为数");
    *en = range ? apr_psprintf(pool, "wanted a %s from %s to %s",
                               row->type == GAOKAO_OPTION_INT ? "whole number" : "number", low, high)
                : (row->type == GAOKAO_OPTION_INT ? "wanted a whole number" : "wanted a number");
  }
}

bool gk_plugin__parse_option(gk_plugin__value_t *value, const gaokao_option_t *row, const char *text,
                             const char **zh, const char **en, apr_pool_t *pool)
{
  apr_int64_t integer = 0;
  double real = 0;
  bool good = false;
  if (gk_plugin__text_ok(text, GK_PLUGIN__MAX_TEXT))
    switch (row->type) {
    case GAOKAO_OPTION_STRING:
      good = gk_text_forbidden(text, false) == 0 && in_range(row, (double)gk_utf8_length(text));
      break;
    case GAOKAO_OPTION_INT:
      good = integer_of(text, &integer) && in_range(row, (double)integer);
      real = (double)integer;
      break;
    case GAOKAO_OPTION_REAL:
      good = real_of(text, &real) && in_range(row, real);
      break;
    case GAOKAO_OPTION_BOOL:
      integer = strcmp(text, "on") == 0;
      good = integer == 1 || strcmp(text, "off") == 0;
      break;
    case GAOKAO_OPTION_WORD:
      good = in_words(row->words, text);
      break;
    case GAOKAO_OPTION_DURATION:
      good = duration_of(text, &integer, pool) && in_range(row, (double)integer);
      break;
    default:
      break;
    }
  if (!good) {
    say_wanted(row, zh, en, pool);
    return false;
  }
  value->row = row;
  value->text = text;
  value->integer = integer;
  value->real = real;
  return true;
}

static void option_fault(apr_array_header_t *findings, apr_pool_t *pool, const gaokao_option_t *row,
                         int number, const char *zh, const char *en)
{
  gk_plugin__finding_t *finding = apr_array_push(findings);
  const char *key = gk_plugin__text_ok(row->key, 63) ? row->key : "?";
  finding->code = "options";
  finding->zh = apr_psprintf(pool, "选项表第 %d 行（%s）：%s", number, key, zh);
  finding->en = apr_psprintf(pool, "Row %d of the option table (%s): %s", number, key, en);
}

static bool key_ok(const char *key)
{
  return gk_plugin__text_ok(key, 48) && key[0] >= 'a' && key[0] <= 'z' &&
         strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(key);
}

void gk_plugin__check_options(const apr_array_header_t *options, apr_array_header_t *findings,
                              apr_pool_t *pool)
{
  for (int i = 0; i < options->nelts; i++) {
    const gaokao_option_t *row = &APR_ARRAY_IDX(options, i, gaokao_option_t);
    const char *zh, *en;
    gk_plugin__value_t value;
    if (!key_ok(row->key)) {
      option_fault(findings, pool, row, i + 1, "名称不合规", "the key is no lower snake case");
      continue;
    }
    for (int j = 0; j < i; j++)
      if (strcmp(row->key, APR_ARRAY_IDX(options, j, gaokao_option_t).key) == 0)
        option_fault(findings, pool, row, i + 1, "名称重复", "the key stands there twice");
    if (row->type < GAOKAO_OPTION_STRING || row->type > GAOKAO_OPTION_DURATION) {
      option_fault(findings, pool, row, i + 1, "类型不认识", "the type is unknown");
      continue;
    }
    if ((row->flags & ~(apr_uint32_t)(GAOKAO_OPTION_REQUIRED | GAOKAO_OPTION_SECRET)) != 0)
      option_fault(findings, pool, row, i + 1, "标志不认识", "there are unknown flags");
    if (!isfinite(row->minimum) || !isfinite(row->maximum) || row->minimum > row->maximum)
      option_fault(findings, pool, row, i + 1, "范围不成立", "the range is none");
    if (!gk_plugin__text_ok(row->help_zh, 500) || !gk_plugin__text_ok(row->help_en, 500))
      option_fault(findings, pool, row, i + 1, "缺少说明", "a help text is missing");
    if (row->unit != NULL && !gk_plugin__text_ok(row->unit, 32))
      option_fault(findings, pool, row, i + 1, "单位不合规", "the unit is not right");
    if (row->type == GAOKAO_OPTION_WORD && (!gk_plugin__text_ok(row->words, 500) || row->words[0] == '\0')) {
      option_fault(findings, pool, row, i + 1, "没有可选值", "there are no words to choose from");
      continue;
    }
    if (row->preset != NULL && !gk_plugin__parse_option(&value, row, row->preset, &zh, &en, pool))
      option_fault(findings, pool, row, i + 1, zh, en);
  }
}

static int find_option(const apr_array_header_t *options, const char *key)
{
  for (int i = 0; i < options->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(options, i, gaokao_option_t).key, key) == 0)
      return i;
  return -1;
}

/* "alpha, beta": what may be written instead of an unknown key. */
static const char *known_keys(const apr_array_header_t *options, apr_pool_t *pool)
{
  const char *all = NULL;
  for (int i = 0; i < options->nelts; i++) {
    const char *key = APR_ARRAY_IDX(options, i, gaokao_option_t).key;
    all = all == NULL ? key : apr_pstrcat(pool, all, ", ", key, NULL);
  }
  return all != NULL ? all : "-";
}

static void apply(apr_array_header_t *values, const apr_array_header_t *options,
                  const apr_array_header_t *settings, gk_plugin__source_t source, gk_error_t **error,
                  apr_pool_t *pool)
{
  for (int i = 0; settings != NULL && i < settings->nelts; i++) {
    const gk_plugin_setting_t *setting = &APR_ARRAY_IDX(settings, i, gk_plugin_setting_t);
    const char *key = gk_plugin__text_ok(setting->key, 200) ? setting->key : "?";
    const char *pointer = setting->where != NULL ? setting->where : apr_pstrcat(pool, "/options/", key, NULL);
    const char *zh, *en;
    int at = find_option(options, key);
    if (at < 0) {
      gk_violation(error, pool, pointer, "unknown-option", "没有选项 '%s'；可用的选项：%s",
                   "There is no option '%s'; known ones: %s", key, known_keys(options, pool));
      continue;
    }
    gk_plugin__value_t *value = &APR_ARRAY_IDX(values, at, gk_plugin__value_t);
    if (value->source == source) {
      gk_violation(error, pool, pointer, "repeated-option", "选项 '%s' 重复",
                   "The option '%s' is given twice", key);
      continue;
    }
    const char *text = setting->value != NULL ? apr_pstrdup(pool, setting->value) : "";
    if (!gk_plugin__parse_option(value, &APR_ARRAY_IDX(options, at, gaokao_option_t), text, &zh, &en, pool)) {
      gk_violation(error, pool, pointer, "bad-option", "选项 '%s' 的值不对：%s",
                   "The value of '%s' is not right: %s", key, apr_pstrdup(pool, zh));
      /* Formats share their arguments; the English end differs, so it is set afterwards. */
      gk_violation_t *last =
          &APR_ARRAY_IDX((*error)->violations, (*error)->violations->nelts - 1, gk_violation_t);
      last->en = apr_psprintf(pool, "The value of '%s' is not right: %s", key, en);
      continue;
    }
    value->source = source;
    value->where = setting->where != NULL ? apr_pstrdup(pool, setting->where) : NULL;
  }
}

apr_array_header_t *gk_plugin__values(const apr_array_header_t *options, const apr_array_header_t *config,
                                      const char *row_where, const apr_array_header_t *overrides,
                                      bool required, gk_error_t **error, apr_pool_t *pool)
{
  apr_array_header_t *values = apr_array_make(pool, options->nelts + 1, sizeof(gk_plugin__value_t));
  for (int i = 0; i < options->nelts; i++) {
    const gaokao_option_t *row = &APR_ARRAY_IDX(options, i, gaokao_option_t);
    gk_plugin__value_t *value = apr_array_push(values);
    const char *zh, *en;
    memset(value, 0, sizeof(*value));
    value->row = row;
    if (row->preset != NULL)
      gk_plugin__parse_option(value, row, row->preset, &zh, &en, pool); /* checked when the file was opened */
    value->source = GK_SOURCE_PRESET;
  }
  apply(values, options, config, GK_SOURCE_CONFIG, error, pool);
  apply(values, options, overrides, GK_SOURCE_OVERRIDE, error, pool);
  for (int i = 0; required && i < values->nelts; i++) {
    const gk_plugin__value_t *value = &APR_ARRAY_IDX(values, i, gk_plugin__value_t);
    if ((value->row->flags & GAOKAO_OPTION_REQUIRED) != 0 && value->text == NULL)
      gk_violation(error, pool,
                   overrides == NULL && row_where != NULL
                       ? row_where
                       : apr_pstrcat(pool, "/options/", value->row->key, NULL),
                   "missing-option", "缺少选项 '%s'", "The option '%s' is missing", value->row->key);
  }
  return values;
}

gk_json_t *gk_plugin__options_json(const apr_array_header_t *options, const apr_array_header_t *values,
                                   apr_pool_t *pool)
{
  static const char *const sources[] = {NULL, "preset", "config", "override"};
  gk_json_t *array = gk_json_array(pool);
  for (int i = 0; i < options->nelts; i++) {
    const gaokao_option_t *row = &APR_ARRAY_IDX(options, i, gaokao_option_t);
    const gk_plugin__value_t *value =
        values != NULL ? &APR_ARRAY_IDX(values, i, gk_plugin__value_t) : NULL;
    bool secret = (row->flags & GAOKAO_OPTION_SECRET) != 0;
    gk_json_t *one = gk_json_object(pool), *help = gk_json_object(pool);
    gk_json_set_str(one, "key", row->key);
    gk_json_set_str(one, "type", type_words[row->type]);
    if (value != NULL) {
      gk_json_set_str(one, "value", secret ? NULL : value->text);
      gk_json_set_bool(one, "set", value->text != NULL);
      gk_json_set_str(one, "source", sources[value->source]);
      gk_json_set_str(one, "where", value->where);
    }
    gk_json_set_str(one, "preset", secret ? NULL : row->preset);
    gk_json_set_bool(one, "required", (row->flags & GAOKAO_OPTION_REQUIRED) != 0);
    gk_json_set_bool(one, "secret", secret);
    if (row->minimum != 0 || row->maximum != 0) {
      gk_json_set_str(one, "minimum", limit_text(row, row->minimum, pool));
      gk_json_set_str(one, "maximum", limit_text(row, row->maximum, pool));
    }
    gk_json_set_str(one, "words", row->type == GAOKAO_OPTION_WORD ? row->words : NULL);
    gk_json_set_str(one, "unit", row->unit);
    gk_json_set_str(help, "zh", row->help_zh);
    gk_json_set_str(help, "en", row->help_en);
    gk_json_set(one, "help", help);
    gk_json_add(array, one);
  }
  return array;
}
