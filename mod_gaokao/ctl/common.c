/* ctl/common.c: arguments, output and opening, shared by the commands (ctl.h). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "ctl/ctl.h"
#include "domain/keyring.h"
#include "plugin/plugin.h"
#include "domain/ports.h"
#include "store/schema.h"

/* ---- arguments ------------------------------------------------------------------------------------- */

const char *gk_ctl__word(const gk_ctl_t *ctl, int n)
{
  return n < ctl->words->nelts ? APR_ARRAY_IDX(ctl->words, n, const char *) : NULL;
}

const char *gk_ctl__option(const gk_ctl_t *ctl, const char *name)
{
  return apr_hash_get(ctl->options, name, APR_HASH_KEY_STRING);
}

gk_error_t *gk_ctl__number(apr_int64_t *out, const gk_ctl_t *ctl, const char *name, apr_int64_t min,
                           apr_int64_t max, apr_int64_t absent)
{
  const char *text = gk_ctl__option(ctl, name);
  if (text == NULL) {
    *out = absent;
    return NULL;
  }
  char *end;
  apr_int64_t value = apr_strtoi64(text, &end, 10);
  if (end == text || *end != '\0' || value < min || value > max)
    return gk_ctl__usage(ctl, "--%s 要填 %" APR_INT64_T_FMT " 到 %" APR_INT64_T_FMT " 的整数",
                         "--%s takes a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, name,
                         min, max);
  *out = value;
  return NULL;
}

gk_error_t *gk_ctl__usage(const gk_ctl_t *ctl, const char *zh_format, const char *en_format, ...)
{
  va_list ap;
  va_start(ap, en_format);
  char *zh = apr_pvsprintf(ctl->pool, zh_format, ap);
  va_end(ap);
  va_start(ap, en_format);
  char *en = apr_pvsprintf(ctl->pool, en_format, ap);
  va_end(ap);
  gk_error_t *error = gk_error_plain(ctl->pool, GK_E_MALFORMED);
  error->zh = zh;
  error->en = en;
  return error;
}

/* ---- output ---------------------------------------------------------------------------------------- */

void gk_ctl__say(const gk_ctl_t *ctl, const char *zh_format, const char *en_format, ...)
{
  if (ctl->json)
    return;
  va_list ap;
  va_start(ap, en_format);
  puts(apr_pvsprintf(ctl->pool, ctl->chinese ? zh_format : en_format, ap));
  va_end(ap);
}

void gk_ctl__result(const gk_ctl_t *ctl, const gk_json_t *json)
{
  if (ctl->json)
    puts(gk_json_text(json, ctl->pool));
}

/* Columns a text takes on a terminal: Han characters take two. */
static int width_of(const char *text)
{
  int width = 0;
  for (unsigned c; (c = gk_utf8_next(&text)) != 0;)
    width += c >= 0x2e80 ? 2 : 1;
  return width;
}

static void print_cell(const char *text, int width, bool last)
{
  fputs(text, stdout);
  for (int n = width_of(text); !last && n < width + 2; n++)
    putchar(' ');
}

void gk_ctl__table(const gk_ctl_t *ctl, const char *heads, const apr_array_header_t *rows)
{
  if (ctl->json)
    return;
  const char *head[16];
  int widths[16], n = 0;
  char *rest = apr_pstrdup(ctl->pool, heads), *last = NULL;
  for (char *h = apr_strtok(rest, "|", &last); h != NULL && n < 16; h = apr_strtok(NULL, "|", &last)) {
    head[n] = h;
    widths[n++] = width_of(h);
  }
  for (int r = 0; r < rows->nelts; r++) {
    const char *const *row = APR_ARRAY_IDX(rows, r, const char *const *);
    for (int i = 0; i < n; i++)
      if (width_of(row[i]) > widths[i])
        widths[i] = width_of(row[i]);
  }
  for (int i = 0; i < n; i++)
    print_cell(head[i], widths[i], i == n - 1);
  putchar('\n');
  for (int r = 0; r < rows->nelts; r++) {
    const char *const *row = APR_ARRAY_IDX(rows, r, const char *const *);
    for (int i = 0; i < n; i++)
      print_cell(row[i], widths[i], i == n - 1);
    putchar('\n');
  }
}

/* ---- opening --------------------------------------------------------------------------------------- */

gk_error_t *gk_ctl__open_database(gk_ctl_t *ctl)
{
  gk_write_lock_t *lock = NULL;
  const gk_config_t *config = ctl->config;
  if (config->engine == GK_SQLITE)
    GK_TRY(gk_write_lock_open(&lock, apr_pstrcat(ctl->pool, config->db_params, ".lock", NULL), ctl->pool));
  gk_db_t *db;
  GK_TRY(gk_db_open(&db, config->engine, config->db_params, lock, ctl->pool));
  GK_TRY(gk_db_ready(db, 0, ctl->pool));
  ctl->db = db;
  return NULL;
}

apr_time_t gk_ctl__now(const gk_ctl_t *ctl)
{
  return ctl->core != NULL ? gk_core_now(ctl->core) : apr_time_now() + ctl->config->clock_offset_us;
}

gk_error_t *gk_ctl__season(gk_ctl_t *ctl)
{
  gk_core_season_changed(ctl->core);
  return gk_core_season(&ctl->act.season, ctl->core, ctl->db, ctl->pool);
}

gk_error_t *gk_ctl__open_core(gk_ctl_t *ctl)
{
  GK_TRY(gk_core_open(&ctl->core, ctl->instance, ctl->pool));
  GK_TRY(gk_plugins_start(gk_core_plugins(ctl->core), ctl->pool));
  ctl->config = gk_core_config(ctl->core);
  gk_db_t *db;
  GK_TRY(gk_core_connect(&db, ctl->core, ctl->pool));
  ctl->db = db;
  GK_TRY(gk_schema_check(db, ctl->pool));
  GK_TRY(gk_keyring_follow(ctl->core, db, ctl->pool));
  ctl->who = (gk_principal_t){.role = GK_ROLE_PROVINCE,
                              .login = "system",
                              .display_name = "gaokaoctl",
                              .org_level = "province",
                              .org_path = "/",
                              .scope_lo = "/",
                              .scope_hi = "0",
                              .session_id = ""};
  ctl->act = (gk_act_t){.pool = ctl->pool,
                        .db = db,
                        .core = ctl->core,
                        .who = &ctl->who,
                        .now = gk_core_now(ctl->core),
                        .address = ""};
  ctl->act.request_id = apr_pstrcat(ctl->pool, "ctl-", gk_random_hex(ctl->pool, 8), NULL);
  return gk_ctl__season(ctl);
}

gk_error_t *gk_ctl__finish(gk_ctl_t *ctl, gk_error_t *error)
{
  if (error == NULL && gk_db_in_transaction(ctl->db))
    error = gk_db_commit(ctl->db, ctl->pool);
  if (error != NULL) {
    gk_db_rollback(ctl->db);
    gk_store_forget(&ctl->act);
  }
  return error;
}

/* ---- files ----------------------------------------------------------------------------------------- */

static gk_error_t *file_fault(apr_pool_t *pool, const char *path, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, GK_E_CONFIG, "'%s': %s", path, apr_strerror(rv, why, sizeof(why)));
}

gk_error_t *gk_ctl__read_file(const char **bytes, apr_size_t *length, const char *path, apr_size_t limit,
                              apr_pool_t *pool)
{
  apr_file_t *file;
  apr_finfo_t info;
  apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool);
  if (rv != APR_SUCCESS)
    return file_fault(pool, path, rv);
  rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
  if (rv == APR_SUCCESS && (info.filetype != APR_REG || info.size > (apr_off_t)limit)) {
    apr_file_close(file);
    return gk_error_internal(pool, GK_E_CONFIG, "'%s' is no plain file of at most %" APR_SIZE_T_FMT " bytes",
                             path, limit);
  }
  char *text = NULL;
  apr_size_t got = 0;
  if (rv == APR_SUCCESS) {
    text = apr_palloc(pool, (apr_size_t)info.size + 1);
    rv = apr_file_read_full(file, text, (apr_size_t)info.size, &got);
    if (rv == APR_EOF)
      rv = APR_SUCCESS;
  }
  apr_file_close(file);
  if (rv != APR_SUCCESS)
    return file_fault(pool, path, rv);
  text[got] = '\0';
  *bytes = text;
  *length = got;
  return NULL;
}

gk_error_t *gk_ctl__write_file(const char *path, const char *text, apr_pool_t *pool)
{
  apr_file_t *file;
  const char *fresh = apr_psprintf(pool, "%s.%ld.new", path, (long)getpid());
  apr_status_t rv = apr_file_open(&file, fresh, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
  if (rv != APR_SUCCESS)
    return file_fault(pool, path, rv);
  rv = apr_file_write_full(file, text, strlen(text), NULL);
  if (rv == APR_SUCCESS)
    rv = apr_file_sync(file);
  apr_status_t closed = apr_file_close(file);
  if (rv == APR_SUCCESS)
    rv = closed;
  if (rv == APR_SUCCESS)
    rv = apr_file_rename(fresh, path, pool);
  if (rv != APR_SUCCESS) {
    apr_file_remove(fresh, pool);
    return file_fault(pool, path, rv);
  }
  return NULL;
}
