/* base/error.c: see error.h. */
#include "base/error.h"

#include <stdio.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const gk_error_info_t infos[] = {
    {GK_E_NONE, "NONE", 200, "none", GK_QUIET, "", ""},
#define GK_ERROR(symbol, http, slug, level, zh, en) {GK_E_##symbol, #symbol, http, slug, level, zh, en},
#include "base/error_codes.def"
#undef GK_ERROR
};

const gk_error_info_t *gk_error_info(gk_error_code_t code)
{
  if ((int)code < 0 || code >= GK_E_COUNT)
    code = GK_E_INTERNAL;
  return &infos[code];
}

static gk_error_t *make(apr_pool_t *pool, gk_error_code_t code, const char *file, int line)
{
  gk_error_t *error = apr_pcalloc(pool, sizeof(*error));
  error->code = code;
  error->pool = pool;
  error->file = file;
  error->line = line;
  return error;
}

gk_error_t *gk_error_make(apr_pool_t *pool, gk_error_code_t code, const char *file, int line,
                          const char *zh_format, const char *en_format, ...)
{
  gk_error_t *error = make(pool, code, file, line);
  va_list arguments;
  if (zh_format != NULL) {
    va_start(arguments, en_format);
    error->zh = apr_pvsprintf(pool, zh_format, arguments);
    va_end(arguments);
  }
  if (en_format != NULL) {
    va_start(arguments, en_format);
    error->en = apr_pvsprintf(pool, en_format, arguments);
    va_end(arguments);
  }
  return error;
}

gk_error_t *gk_error_internal_make(apr_pool_t *pool, gk_error_code_t code, const char *file, int line,
                                   const char *format, ...)
{
  gk_error_t *error = make(pool, code, file, line);
  va_list arguments;
  va_start(arguments, format);
  error->internal = apr_pvsprintf(pool, format, arguments);
  va_end(arguments);
  return error;
}

void gk_violation_text(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code, const char *zh,
                       const char *en)
{
  if (*error == NULL)
    *error = make(pool, GK_E_INVALID, __FILE__, __LINE__);
  if ((*error)->violations == NULL)
    (*error)->violations = apr_array_make((*error)->pool, 4, sizeof(gk_violation_t));
  gk_violation_t *violation = apr_array_push((*error)->violations);
  violation->pointer = pointer;
  violation->code = code;
  violation->rule = NULL;
  violation->zh = zh;
  violation->en = en;
}

void gk_violation(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code,
                  const char *zh_format, const char *en_format, ...)
{
  va_list arguments;
  va_start(arguments, en_format);
  const char *zh = apr_pvsprintf(pool, zh_format, arguments);
  va_end(arguments);
  va_start(arguments, en_format);
  const char *en = apr_pvsprintf(pool, en_format, arguments);
  va_end(arguments);
  gk_violation_text(error, pool, pointer, code, zh, en);
}

gk_error_t *gk_error_retry(gk_error_t *error, apr_interval_time_t after_us)
{
  error->retry_after_us = after_us;
  return error;
}

gk_error_t *gk_error_dup(apr_pool_t *pool, const gk_error_t *error)
{
  if (error == NULL)
    return NULL;
  gk_error_t *copy = apr_pmemdup(pool, error, sizeof(*error));
  copy->pool = pool;
  copy->zh = apr_pstrdup(pool, error->zh);
  copy->en = apr_pstrdup(pool, error->en);
  copy->internal = apr_pstrdup(pool, error->internal);
  copy->etag = apr_pstrdup(pool, error->etag);
  copy->cause = gk_error_dup(pool, error->cause);
  if (error->violations != NULL) {
    copy->violations = apr_array_copy(pool, error->violations);
    for (int i = 0; i < copy->violations->nelts; i++) {
      gk_violation_t *violation = &APR_ARRAY_IDX(copy->violations, i, gk_violation_t);
      violation->pointer = apr_pstrdup(pool, violation->pointer);
      violation->code = apr_pstrdup(pool, violation->code);
      violation->rule = apr_pstrdup(pool, violation->rule);
      violation->zh = apr_pstrdup(pool, violation->zh);
      violation->en = apr_pstrdup(pool, violation->en);
    }
  }
  return copy;
}

const char *gk_error_log_text(apr_pool_t *pool, const gk_error_t *error)
{
  const char *text = "";
  for (; error != NULL; error = error->cause) {
    text = apr_psprintf(pool, "%s%s%s (%s:%d)%s%s", text, text[0] != '\0' ? " <- " : "",
                        gk_error_info(error->code)->symbol, apr_filepath_name_get(error->file), error->line,
                        error->internal != NULL ? ": " : "", error->internal != NULL ? error->internal : "");
    for (int i = 0; error->violations != NULL && i < error->violations->nelts && i < 8; i++) {
      const gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
      text = apr_psprintf(pool, "%s [%s %s]", text, violation->pointer, violation->code);
    }
  }
  return text;
}
