/* gateway/camera.c: pictures of a camera: a folder is watched, each file goes to the person whose number it carries in its name,
 * whose number was typed, or whose card was read before. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "gateway/files.h"
#include "gateway/gateway.h"

#define SETTLE_S 2                 /* a file that was just written may not be whole yet */
#define SWEEP_US GK_HOUR

struct gk_camera_t {
  gk_gateway_t *gateway;
  const char *folder;
  int fd;
  int waiting;
  bool told;
  apr_time_t look, swept;
  bool typed;                      /* a number came: those that wait are its */
};

int gk_camera_descriptor(const gk_camera_t *camera) { return camera->fd; }
int gk_camera_waiting(const gk_camera_t *camera) { return camera->waiting; }

void gk_camera_look(gk_camera_t *camera)
{
  camera->typed = true;
  camera->look = 0;
}

gk_error_t *gk_camera_seal(unsigned char **sealed, apr_size_t *length, const gk_device_t *device, const char *path,
                           const char *number, const char *after, apr_pool_t *pool)
{
  const char *bytes;
  apr_size_t count;
  apr_pool_t *own; /* a picture must not stay in a pool that lives long */
  apr_pool_create(&own, pool);
  gk_error_t *error = gk_file_get(&bytes, &count, path, GK_GATEWAY_PICTURE_MAX, own);
  if (error == NULL && !(count > 100 && (memcmp(bytes, "\xFF\xD8\xFF", 3) == 0 || memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)))
    error = gk_error(own, GK_E_UNSUPPORTED_TYPE, "%s 不是 JPEG 或 PNG 图片", "%s is no JPEG or PNG picture", path);
  if (error == NULL) {
    gk_json_t *plain = gk_json_object(own);
    gk_json_set_str(plain, "kind", "camera");
    if (number != NULL)
      gk_json_set_str(plain, strlen(number) == 8 ? "number" : "id_number", number);
    if (after != NULL)
      gk_json_set_str(plain, "after", after);
    gk_json_set_time(plain, "captured_at", apr_time_now() / 1000 * 1000);
    error = gk_device_sealed(sealed, length, device, plain, "picture", bytes, count, own);
    gk_wipe(bytes, count);
  }
  error = gk_error_dup(pool, error);
  apr_pool_destroy(own);
  return error;
}

/* Moves a file out of the way, never over another one. */
static void move(const gk_camera_t *camera, const char *name, const char *to, apr_pool_t *pool)
{
  const char *from = apr_pstrcat(pool, camera->folder, "/", name, NULL);
  const char *target = apr_pstrcat(pool, camera->folder, "/", to, "/", name, NULL);
  struct stat facts;
  for (int n = 1; stat(target, &facts) == 0 && n < 1000; n++)
    target = apr_psprintf(pool, "%s/%s/%d-%s", camera->folder, to, n, name);
  if (rename(from, target) != 0) /* or it would be taken again and again */
    unlink(from);
}

/* "01040317.jpg", "01040317-2.jpg": eight digits in front. */
static const char *number_of(const char *name, apr_pool_t *pool)
{
  for (int i = 0; i < 8; i++)
    if (!isdigit((unsigned char)name[i]))
      return NULL;
  return isdigit((unsigned char)name[8]) ? NULL : apr_pstrmemdup(pool, name, 8);
}

static bool is_picture(const char *name)
{
  const char *dot = strrchr(name, '.');
  return name[0] != '.' && dot != NULL &&
         (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

/* What is being taken stands in a file, from before it is spooled until it is moved away: JTI SIZE TIME NAME. */
static const char *marker(const gk_camera_t *camera, apr_pool_t *pool)
{
  return gk_device_path(camera->gateway->device, "picture.taken", pool);
}

static gk_error_t *store(const gk_camera_t *camera, const char *name, const struct stat *facts, const char *number,
                         const char *after, apr_pool_t *pool)
{
  gk_gateway_t *gateway = camera->gateway;
  const char *jti = gk_random_hex(pool, 16);
  unsigned char *sealed;
  apr_size_t length;
  GK_TRY(gk_camera_seal(&sealed, &length, gateway->device, apr_pstrcat(pool, camera->folder, "/", name, NULL), number, after,
                        pool));
  const char *mark = apr_psprintf(pool, "%s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %s", jti, (apr_int64_t)facts->st_size,
                                  (apr_int64_t)facts->st_mtime, name);
  gk_error_t *error = gk_file_put(marker(camera, pool), mark, 1, pool);
  if (error == NULL)
    error = gk_gateway_store_sealed(gateway, jti, gateway->device->sealing_kid, sealed, length, pool);
  free(sealed);
  return error;
}

/* The program ended while it took a picture: when that is in the spool it only remains to move the file away. */
static gk_error_t *finish_taken(const gk_camera_t *camera, apr_pool_t *pool)
{
  const char *text;
  char *rest;
  struct stat facts;
  bool spooled = false;
  if (gk_file_get(&text, NULL, marker(camera, pool), 4096, pool) != NULL)
    return NULL;
  const char *jti = apr_strtok(apr_pstrdup(pool, text), " ", &rest), *size = apr_strtok(NULL, " ", &rest);
  const char *mtime = apr_strtok(NULL, " ", &rest), *name = rest;
  if (mtime != NULL && name != NULL && strchr(name, '/') == NULL &&
      stat(apr_pstrcat(pool, camera->folder, "/", name, NULL), &facts) == 0 && facts.st_size == apr_atoi64(size) &&
      facts.st_mtime == apr_atoi64(mtime))
    GK_TRY(gk_spool_holds(&spooled, camera->gateway->spool, jti, pool));
  if (spooled) {
    gk_gateway_say(camera->gateway, GK_WORD_PICTURE, NULL);
    move(camera, name, "done", pool);
  }
  unlink(marker(camera, pool));
  return NULL;
}

/* False: it has to wait. */
static bool take(gk_camera_t *camera, const char *name, bool whole, apr_pool_t *pool)
{
  gk_gateway_t *gateway = camera->gateway;
  const char *path = apr_pstrcat(pool, camera->folder, "/", name, NULL), *number = number_of(name, pool), *after = NULL;
  apr_time_t now = gk_tick(), pair = gk_setting_number(gateway->device->settings.pair_minutes, 1, 1440) * GK_MINUTE;
  struct stat facts;
  if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode) ||
      (!whole && apr_time_sec(apr_time_now()) - facts.st_mtime < SETTLE_S))
    return true; /* looked at again soon */
  if (number == NULL && gateway->number[0] != '\0' && now - gateway->number_typed < pair &&
      gateway->number_typed >= gateway->last_read)
    number = apr_pstrdup(pool, gateway->number);
  else if (number == NULL && gateway->last_jti[0] != '\0' && now - gateway->last_read < pair && camera->waiting == 0)
    after = gateway->last_jti;
  if (number == NULL && after == NULL)
    return false;
  if (camera->waiting > 0 && !camera->typed && number_of(name, pool) == NULL)
    return false; /* what waits is somebody's who is not known: a card read later says nothing */
  gk_error_t *error = store(camera, name, &facts, number, after, pool);
  if (error == NULL) {
    gk_gateway_say(gateway, GK_WORD_PICTURE, number != NULL ? number : NULL);
    move(camera, name, "done", pool);
  } else if (error->code == GK_E_TOO_LARGE || error->code == GK_E_UNSUPPORTED_TYPE) {
    gk_gateway_say(gateway, GK_WORD_PICTURE_REFUSED, name);
    move(camera, name, "refused", pool);
  } else
    gk_gateway_say_not_stored(gateway, error);
  unlink(marker(camera, pool));
  return true;
}

/* Deletes pictures that were posted long ago. */
static void sweep(gk_camera_t *camera, apr_pool_t *pool)
{
  const char *folder = apr_pstrcat(pool, camera->folder, "/done", NULL);
  apr_time_t limit = apr_time_now() - gk_setting_number(camera->gateway->device->settings.done_days, 0, 365) * GK_DAY;
  apr_finfo_t entry;
  apr_dir_t *dir;
  camera->swept = gk_tick();
  if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS)
    return;
  while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_CTIME | APR_FINFO_TYPE, dir) == APR_SUCCESS)
    if (entry.filetype == APR_REG && entry.ctime < limit)
      unlink(apr_pstrcat(pool, folder, "/", entry.name, NULL));
  apr_dir_close(dir);
}

gk_error_t *gk_camera_create(gk_camera_t **out, gk_gateway_t *gateway, apr_pool_t *pool)
{
  gk_camera_t *camera = apr_pcalloc(pool, sizeof(*camera));
  const char *set = gateway->device->settings.pictures;
  camera->gateway = gateway;
  camera->folder = set[0] != '\0' ? set : gk_device_path(gateway->device, "pictures", pool);
  static const char *const folders[] = {"", "/done", "/refused"};
  for (int i = 0; i < 3; i++) {
    const char *path = apr_pstrcat(pool, camera->folder, folders[i], NULL);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
      return gk_error_internal(pool, GK_E_CONFIG, "Can't make the folder '%s': %s", path, strerror(errno));
  }
  camera->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (camera->fd >= 0 && inotify_add_watch(camera->fd, camera->folder, IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
    close(camera->fd);
    camera->fd = -1;
  }
  *out = camera;
  return finish_taken(camera, pool);
}

/* Names of files that were closed or moved in: they are whole. */
static bool take_events(const gk_camera_t *camera, apr_hash_t *closed, apr_pool_t *pool)
{
  union { struct inotify_event event; char bytes[4096]; } buffer;
  ssize_t count;
  bool any = false;
  while (camera->fd >= 0 && (count = read(camera->fd, buffer.bytes, sizeof(buffer.bytes))) > 0)
    for (ssize_t at = 0; at < count; any = true) {
      const struct inotify_event *event = (const struct inotify_event *)(buffer.bytes + at);
      if (event->len > 0)
        apr_hash_set(closed, apr_pstrdup(pool, event->name), APR_HASH_KEY_STRING, "");
      at += (ssize_t)(sizeof(*event) + event->len);
    }
  return any;
}

void gk_camera_step(gk_camera_t *camera, apr_pool_t *scratch_pool)
{
  apr_hash_t *closed = apr_hash_make(scratch_pool);
  apr_finfo_t entry;
  apr_dir_t *dir;
  int waiting = 0;
  if (take_events(camera, closed, scratch_pool))
    camera->look = 0;
  if (gk_tick() - camera->swept > SWEEP_US)
    sweep(camera, scratch_pool);
  if (gk_tick() < camera->look || apr_dir_open(&dir, camera->folder, scratch_pool) != APR_SUCCESS)
    return;
  camera->look = gk_tick() + (SETTLE_S + 1) * GK_SECOND;
  while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS)
    if (is_picture(entry.name))
      waiting += !take(camera, entry.name, apr_hash_get(closed, entry.name, APR_HASH_KEY_STRING) != NULL, scratch_pool);
  apr_dir_close(dir);
  if (waiting > 0 && camera->waiting == 0)
    gk_gateway_say(camera->gateway, GK_WORD_PICTURE_WAITS, NULL);
  camera->waiting = waiting;
  camera->typed = false;
}
