/* domain/config.c: reads INSTANCE/gaokao.conf (core.h). */
#include "config.h"
#include "domain/core.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/access.h"

#define CLOCK_OFFSET_MAX (100 * 366 * 86400LL) /* seconds */

typedef struct reader_t {
  gk_config_t *config;
  const char *file;
  apr_pool_t *pool;
} reader_t;

static gk_error_t *wrong(const reader_t *reader, int line, const char *key, const char *example)
{
  return gk_error_internal(reader->pool, GK_E_CONFIG, "%s:%d: '%s' is not right, for example: %s", reader->file, line,
                           key, example);
}

static const char *below(const reader_t *reader, const char *value)
{
  return value[0] == '/' ? value : apr_pstrcat(reader->pool, reader->config->instance, "/", value, NULL);
}

static gk_error_t *on_off(const reader_t *reader, int line, const char *key, const char *value, bool *out)
{
  if (strcmp(value, "on") == 0)
    *out = true;
  else if (strcmp(value, "off") == 0)
    *out = false;
  else
    return wrong(reader, line, key, apr_pstrcat(reader->pool, key, " = on", NULL));
  return NULL;
}

/* Plugins whose library may be missing. */
#ifdef HAVE_XLSXWRITER
#define WITH_XLSX " export_xlsx"
#else
#define WITH_XLSX ""
#endif
#ifdef HAVE_SHAPELIB
#define WITH_DBF " export_dbf"
#else
#define WITH_DBF ""
#endif

/* plugin.NAME.KEY: what the key means is the plugin host's to say. */
static gk_error_t *take_plugin(reader_t *reader, int line, const char *key, const char *value)
{
  const char *name = key + strlen("plugin."), *dot = strchr(name, '.');
  if (dot == NULL || dot == name || dot[1] == '\0')
    return wrong(reader, line, key, "plugin.policy_xpath.on_error = review");
  gk_plugin_line_t *one = apr_array_push(reader->config->plugin_settings);
  one->plugin = apr_pstrmemdup(reader->pool, name, (apr_size_t)(dot - name));
  one->key = dot + 1;
  one->value = value;
  one->where = apr_psprintf(reader->pool, "gaokao.conf:%d", line);
  return NULL;
}

static gk_error_t *count(const reader_t *reader, int line, const char *key, const char *value, int *out)
{
  char *end;
  long number = strtol(value, &end, 10);
  if (end == value || *end != '\0' || number < 0 || number > 1000000)
    return wrong(reader, line, key, apr_psprintf(reader->pool, "%s = %d (0: off)", key, *out));
  *out = (int)number;
  return NULL;
}

static gk_error_t *between(const reader_t *reader, int line, const char *key, const char *value, int low, int high, int *out)
{
  char *end;
  long number = strtol(value, &end, 10);
  if (end == value || *end != '\0' || number < low || number > high)
    return wrong(reader, line, key, apr_psprintf(reader->pool, "%s = %d (%d to %d)", key, *out, low, high));
  *out = (int)number;
  return NULL;
}

static gk_error_t *role_list(const reader_t *reader, int line, const char *key, const char *value, unsigned *out)
{
  char *rest = apr_pstrdup(reader->pool, value), *last = NULL;
  for (char *name = apr_strtok(rest, " \t", &last); name != NULL; name = apr_strtok(NULL, " \t", &last)) {
    gk_role_t role = gk_role_parse(name);
    if (role == GK_ROLE_NONE || role == GK_ROLE_CANDIDATE || role == GK_ROLE_DEVICE || role == GK_ROLE_EXPORT)
      return wrong(reader, line, key, apr_pstrcat(reader->pool, key, " = county point", NULL));
    *out |= (unsigned)role;
  }
  return NULL;
}

static gk_error_t *take(reader_t *reader, int line, const char *key, const char *value)
{
  gk_config_t *c = reader->config;
  if (strcmp(key, "db_engine") == 0) {
    if (strcmp(value, "sqlite") == 0)
      c->engine = GK_SQLITE;
    else if (strcmp(value, "pgsql") == 0)
      c->engine = GK_PGSQL;
    else
      return wrong(reader, line, key, "db_engine = sqlite");
  } else if (strcmp(key, "db_params") == 0) {
    c->db_params = value;
  } else if (strcmp(key, "keys_file") == 0) {
    c->keys_file = below(reader, value);
  } else if (strcmp(key, "core_dumps") == 0) {
    return on_off(reader, line, key, value, &c->core_dumps);
  } else if (strcmp(key, "cipher") == 0) {
    c->chinese_ciphers = strcmp(value, "sm") == 0;
    if (!c->chinese_ciphers && strcmp(value, "aes") != 0)
      return wrong(reader, line, key, "cipher = aes");
  } else if (strcmp(key, "plugin_dir") == 0) {
    c->plugin_dir = below(reader, value);
  } else if (strcmp(key, "plugins") == 0) {
    c->plugins = value;
  } else if (strncmp(key, "plugin.", 7) == 0) {
    return take_plugin(reader, line, key, value);
  } else if (strcmp(key, "memory_max") == 0) {
    char *end;
    apr_int64_t mebibytes = strtoll(value, &end, 10);
    if (*end != '\0' || end == value || mebibytes < 0 || mebibytes > 1 << 20)
      return wrong(reader, line, key, "memory_max = 1024 (MiB a process; 0: no limit)");
    c->memory_max_bytes = mebibytes << 20;
  } else if (strcmp(key, "photo_workers") == 0) {
    return between(reader, line, key, value, 0, 32, &c->photo_workers);
  } else if (strcmp(key, "photo_queue") == 0) {
    return between(reader, line, key, value, 1, 1000, &c->photo_queue);
  } else if (strcmp(key, "photo_memory") == 0) {
    return between(reader, line, key, value, 128, 16384, &c->photo_memory);
  } else if (strcmp(key, "photo_deadline") == 0) {
    return between(reader, line, key, value, 1, 60, &c->photo_deadline);
  } else if (strcmp(key, "photo_history_days") == 0) {
    return between(reader, line, key, value, 0, 3650, &c->photo_history_days);
  } else if (strcmp(key, "packs_dir") == 0) {
    c->packs_dir = below(reader, value);
  } else if (strcmp(key, "data_dir") == 0) {
    c->data_dir = below(reader, value);
  } else if (strcmp(key, "spool_dir") == 0) {
    c->spool_dir = below(reader, value);
  } else if (strcmp(key, "audit_anchor_log") == 0) {
    c->anchor_log = strcmp(value, "syslog") == 0 || strcmp(value, "off") == 0 ? value : below(reader, value);
  } else if (strcmp(key, "site") == 0) {
    apr_size_t length = strlen(value);
    c->secure = strncmp(value, "https://", 8) == 0;
    if ((!c->secure && strncmp(value, "http://", 7) != 0) || (length > 0 && value[length - 1] == '/'))
      return wrong(reader, line, key, "site = https://bm.example.cn");
    c->site = value;
  } else if (strcmp(key, "more_origins") == 0) {
    c->more_origins = value;
  } else if (strcmp(key, "demo") == 0) {
    c->demo_public = strcmp(value, "public") == 0;
    return on_off(reader, line, key, c->demo_public ? "on" : value, &c->demo);
  } else if (strcmp(key, "encryption") == 0) {
    bool on = true;
    GK_TRY(on_off(reader, line, key, value, &on));
    c->plain = !on;
  } else if (strcmp(key, "require_durable") == 0) {
    return on_off(reader, line, key, value, &c->require_durable);
  } else if (strcmp(key, "clock_offset") == 0) {
    char *end;
    long long seconds = strtoll(value, &end, 10);
    if (*end != '\0' || end == value || seconds > CLOCK_OFFSET_MAX || seconds < -CLOCK_OFFSET_MAX)
      return wrong(reader, line, key, "clock_offset = 86400 (seconds)");
    c->clock_offset_us = seconds * APR_USEC_PER_SEC;
  } else if (strcmp(key, "node") == 0) {
    c->node = value;
  } else if (strcmp(key, "totp_roles") == 0) {
    return role_list(reader, line, key, value, &c->totp_roles);
  } else if (strcmp(key, "password_days") == 0) {
    return count(reader, line, key, value, &c->password_days);
  } else if (strcmp(key, "read_ceiling_point") == 0) {
    return count(reader, line, key, value, &c->read_ceiling_point);
  } else if (strcmp(key, "read_ceiling_bureau") == 0) {
    return count(reader, line, key, value, &c->read_ceiling_bureau);
  } else if (strcmp(key, "read_alarm") == 0) {
    return count(reader, line, key, value, &c->read_alarm);
  } else if (strcmp(key, "device_rate") == 0) {
    return count(reader, line, key, value, &c->device_rate);
  } else if (strcmp(key, "sign_in_alarm") == 0) {
    return count(reader, line, key, value, &c->sign_in_alarm);
  } else {
    return gk_error_internal(reader->pool, GK_E_CONFIG, "%s:%d: there is no setting '%s'", reader->file, line, key);
  }
  return NULL;
}

static gk_error_t *check(const reader_t *reader)
{
  gk_config_t *c = reader->config;
  if (c->engine == 0)
    return gk_error_internal(reader->pool, GK_E_CONFIG,
                             "%s: db_engine is missing, for example: db_engine = sqlite", reader->file);
  if (c->engine == GK_SQLITE)
    c->db_params = below(reader, c->db_params != NULL ? c->db_params : "data/gaokao.db");
  if (c->db_params == NULL)
    return gk_error_internal(reader->pool, GK_E_CONFIG,
                             "%s: db_params is missing, for example: db_params = host=db1 dbname=gaokao", reader->file);
  if (c->clock_offset_us != 0 && !c->demo)
    return gk_error_internal(reader->pool, GK_E_CONFIG,
                             "%s: clock_offset is for demonstrations only: set demo = on or take it out", reader->file);
  if (c->plain && !c->demo)
    return gk_error_internal(reader->pool, GK_E_CONFIG,
                             "%s: encryption = off is for measurements only: take it out", reader->file);
  return NULL;
}

gk_error_t *gk_config_load(gk_config_t **out, const char *instance, apr_pool_t *pool)
{
  char *absolute = NULL;
  if (apr_filepath_merge(&absolute, NULL, instance, APR_FILEPATH_TRUENAME, pool) != APR_SUCCESS || absolute[0] != '/') {
    char here[4096];
    absolute = getcwd(here, sizeof(here)) != NULL ? apr_pstrcat(pool, here, "/", instance, NULL) : apr_pstrdup(pool, instance);
  }
  apr_size_t length = strlen(absolute);
  while (length > 1 && absolute[length - 1] == '/')
    absolute[--length] = '\0';
  gk_config_t *config = apr_pcalloc(pool, sizeof(*config));
  reader_t reader = {config, apr_pstrcat(pool, absolute, "/gaokao.conf", NULL), pool};
  config->instance = absolute;
  config->keys_file = below(&reader, "keys/gaokao.keys");
  config->plugins = "policy_xpath export_xml export_csv" WITH_XLSX WITH_DBF " device_idcard device_camera device_exam";
  config->plugin_settings = apr_array_make(pool, 4, sizeof(gk_plugin_line_t));
  config->memory_max_bytes = (apr_int64_t)1024 << 20;
  config->photo_queue = 16;
  config->photo_memory = 1024;
  config->photo_deadline = 10;
  config->plugin_dir = below(&reader, "app/lib/gaokao/plugins");
  config->packs_dir = below(&reader, "packs");
  config->data_dir = below(&reader, "app/share/gaokao");
  config->spool_dir = below(&reader, "data/spool");
  config->anchor_log = "syslog";
  config->site = "http://127.0.0.1:8080";
  config->more_origins = "";
  config->totp_roles = GK_ROLE_PROVINCE | GK_ROLE_CITY;
  config->read_ceiling_point = 600;
  config->read_ceiling_bureau = 300;
  config->read_alarm = 200;
  config->device_rate = 2000;
  config->sign_in_alarm = 1000;
  char host[APRMAXHOSTLEN + 1] = "node";
  if (apr_gethostname(host, sizeof(host), pool) == APR_SUCCESS)
    config->node = apr_pstrdup(pool, host);
  else
    config->node = "node";

  apr_file_t *file;
  apr_status_t rv = apr_file_open(&file, reader.file, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, pool);
  if (rv != APR_SUCCESS) {
    char why[120];
    return gk_error_internal(pool, GK_E_CONFIG, "Can't read '%s': %s. An instance is made by ./run or gaokaoctl init",
                             reader.file, apr_strerror(rv, why, sizeof(why)));
  }
  char text[4096];
  gk_error_t *error = NULL;
  for (int line = 1; error == NULL && apr_file_gets(text, sizeof(text), file) == APR_SUCCESS; line++) {
    const char *row = gk_text_trim(pool, text);
    if (row[0] == '\0' || row[0] == '#')
      continue;
    const char *equals = strchr(row, '=');
    if (equals == NULL) {
      error = gk_error_internal(pool, GK_E_CONFIG, "%s:%d: not 'key = value'", reader.file, line);
      break;
    }
    error = take(&reader, line, gk_text_trim(pool, apr_pstrmemdup(pool, row, (apr_size_t)(equals - row))),
                 apr_pstrdup(pool, gk_text_trim(pool, equals + 1)));
  }
  apr_file_close(file);
  if (error == NULL)
    error = check(&reader);
  if (error == NULL)
    *out = config;
  return error;
}
