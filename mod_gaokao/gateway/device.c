/* gateway/device.c: see device.h. */
#include "gateway/device.h"

#include <errno.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/text.h"
#include "gateway/files.h"

static const struct {
  const char *name, *standard, *zh, *en;
  size_t at;
} rows[] = {
#define GK_SETTING(name, standard, zh, en) {#name, standard, zh, en, offsetof(gk_settings_t, name)},
#include "gateway/config.def"
#undef GK_SETTING
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char **place(gk_settings_t *settings, size_t row) { return (const char **)((char *)settings + rows[row].at); }

const char *gk_device_path(const gk_device_t *device, const char *name, apr_pool_t *pool)
{
  return apr_pstrcat(pool, device->folder, "/", name, NULL);
}

long gk_setting_number(const char *text, long min, long max)
{
  long number = strtol(text, NULL, 10);
  return number < min ? min : number > max ? max : number;
}

bool gk_setting_yes(const char *text) { return strcmp(text, "yes") == 0 || strcmp(text, "on") == 0 || strcmp(text, "1") == 0; }

static gk_error_t *read_settings(gk_device_t *device, apr_pool_t *pool)
{
  const char *path = gk_device_path(device, "gateway.conf", pool), *content;
  char *state, *line;
  for (size_t i = 0; i < ROWS; i++)
    *place(&device->settings, i) = rows[i].standard;
  gk_error_t *error = gk_file_get(&content, NULL, path, 65536, pool);
  if (error != NULL)
    return error->code == GK_E_NOT_FOUND ? NULL : error;
  if (!gk_utf8_valid(content, strlen(content)))
    return gk_error_internal(pool, GK_E_CONFIG, "%s is not UTF-8", path);
  for (line = apr_strtok(apr_pstrdup(pool, content), "\n", &state); line != NULL; line = apr_strtok(NULL, "\n", &state)) {
    const char *trimmed = gk_text_trim(pool, line), *equals = strchr(trimmed, '=');
    size_t row = 0;
    if (trimmed[0] == '\0' || trimmed[0] == '#')
      continue;
    if (equals == NULL)
      return gk_error_internal(pool, GK_E_CONFIG, "%s: '%s' is no 'key = value'", path, trimmed);
    const char *key = gk_text_trim(pool, apr_pstrmemdup(pool, trimmed, (apr_size_t)(equals - trimmed)));
    while (row < ROWS && strcmp(rows[row].name, key) != 0)
      row++;
    if (row == ROWS)
      return gk_error_internal(pool, GK_E_CONFIG, "%s: there is no setting '%s'", path, key);
    *place(&device->settings, row) = apr_pstrdup(device->pool, gk_text_trim(pool, equals + 1));
  }
  return NULL;
}

gk_error_t *gk_device_write_settings(const gk_device_t *device, apr_pool_t *pool)
{
  const char *text = "# gaokao-gateway: docs/gateway.md\n";
  for (size_t i = 0; i < ROWS; i++)
    text = apr_psprintf(pool, "%s\n# %s\n# %s\n%s = %s\n", text, rows[i].zh, rows[i].en, rows[i].name,
                        *place((gk_settings_t *)&device->settings, i));
  return gk_file_put(gk_device_path(device, "gateway.conf", pool), text, 1, pool);
}

/* ---- what the server said ---------------------------------------------------------------------------------------- */

static gk_error_t *use(gk_device_t *device, gk_json_t *about, apr_pool_t *pool)
{
  gk_json_t *key = gk_json_get(about, "sealing_key"), *id = gk_json_get(about, "device");
  const char *audience = gk_json_str(about, "audience"), *kid = gk_json_str(key, "kid");
  const char *name = gk_json_is_int(id) ? apr_psprintf(pool, "%" APR_INT64_T_FMT, gk_json_int_value(id)) : gk_json_str_value(id);
  static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
  unsigned char bytes[32];
  if (name == NULL || strlen(name) > 60 || name[strspn(name, letters)] != '\0' || audience == NULL || kid == NULL ||
      !gk_device_base64_get(bytes, sizeof(bytes), gk_json_str(key, "x25519")))
    return gk_error_internal(pool, GK_E_MALFORMED, "What the server said of this device lacks device, audience or sealing_key");
  device->id = apr_pstrdup(device->pool, name);
  device->audience = apr_pstrdup(device->pool, audience);
  device->sealing_kid = apr_pstrdup(device->pool, kid);
  memcpy(device->sealing_key, bytes, sizeof(bytes));
  device->about = about;
  return NULL;
}

gk_error_t *gk_device_take(gk_device_t *device, gk_json_t *answer, apr_pool_t *pool)
{
  static const char *const parts[] = {"device", "audience", "sealing_key", "point", "season", "subjects", "kinds", "name"};
  gk_json_t *about = device->about != NULL ? gk_json_copy(device->about, pool) : gk_json_object(pool);
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    gk_json_t *part = gk_json_get(answer, parts[i]);
    if (part != NULL && !gk_json_is_null(part))
      gk_json_set(about, parts[i], gk_json_copy(part, pool));
  }
  if (device->about == NULL) /* an enrolment's: the first number here, until the server says more */
    gk_json_set_int(about, "next_seq", gk_json_int(answer, "next_seq"));
  else if (gk_json_equal(about, device->about))
    return NULL; /* as nearly always: nothing is kept in a pool that lives for months */
  GK_TRY(use(device, gk_json_copy(about, device->pool), pool));
  return gk_file_put(gk_device_path(device, "device.json", pool), gk_json_text(about, pool), 1, pool);
}

/* ---- the key ------------------------------------------------------------------------------------------------------ */

gk_error_t *gk_device_key_read(unsigned char *secret, const gk_device_t *device, const char *name, apr_pool_t *pool)
{
  const char *path = gk_device_path(device, name, pool), *text;
  struct stat facts;
  GK_TRY(gk_file_get(&text, NULL, path, 200, pool));
  if (stat(path, &facts) == 0 && (facts.st_mode & 077) != 0)
    return gk_error_internal(pool, GK_E_CONFIG, "%s can be read by others: chmod 600, or enrol anew", path);
  bool right = gk_device_base64_get(secret, GK_DEVICE_SECRET_BYTES, gk_text_trim(pool, text));
  gk_wipe(text, strlen(text));
  return right ? NULL : gk_error_internal(pool, GK_E_CONFIG, "%s is no key: enrol anew", path);
}

gk_error_t *gk_device_key_write(const gk_device_t *device, const char *name, const unsigned char *secret, apr_pool_t *pool)
{
  char text[64];
  gk_device_base64_put(text, secret, GK_DEVICE_SECRET_BYTES);
  gk_error_t *error = gk_file_put(gk_device_path(device, name, pool), text, 1, pool);
  gk_wipe(text, sizeof(text));
  return error;
}

gk_error_t *gk_device_key_renew(gk_device_t *device, apr_pool_t *pool)
{
  GK_TRY(gk_device_key_read(device->secret, device, "device.key.new", pool));
  GK_TRY(gk_device_key_write(device, "device.key", device->secret, pool));
  unlink(gk_device_path(device, "device.key.new", pool));
  gk_device_key_public(device->public, device->secret);
  return NULL;
}

gk_error_t *gk_device_load(gk_device_t **out, const char *folder, apr_pool_t *pool)
{
  gk_device_t *device = apr_pcalloc(pool, sizeof(*device));
  const char *text;
  apr_size_t length;
  gk_json_t *about;
  device->folder = apr_pstrdup(pool, folder);
  device->pool = pool;
  if (mkdir(folder, 0700) != 0 && errno != EEXIST)
    return gk_error_internal(pool, GK_E_CONFIG, "Can't make the folder '%s': %s", folder, strerror(errno));
  GK_TRY(read_settings(device, pool));
  *out = device;
  gk_error_t *error = gk_file_get(&text, &length, gk_device_path(device, "device.json", pool), 262144, pool);
  if (error == NULL)
    error = gk_device_key_read(device->secret, device, "device.key", pool);
  if (error != NULL)
    return error->code == GK_E_NOT_FOUND ? NULL : error;
  gk_device_key_public(device->public, device->secret);
  GK_TRY(gk_json_parse(&about, text, length, pool));
  GK_TRY(use(device, about, pool));
  device->enrolled = true;
  return NULL;
}
