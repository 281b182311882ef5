/* plugin/photo_pool.c: see photo_pool.h. */
#include "plugin/photo_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/image.h"
#include "base/time.h"
#include "plugin/photo_check.h"

#define MAGIC 0x676b7031u       /* "gkp1" */
#define JSON_MAX (1024 * 1024)
#define BLOB_MAX (16 * 1024 * 1024)
#define ANSWER_MS (30 * 1000)   /* longer than any picture of a healthy pool takes, queue included */
#define SOCKET "photo.sock"
#define SHOWN_PX 1600           /* of what is kept of a larger picture: enough for a crop by hand */
#define SHOWN_QUALITY 80

/* ---- examining ------------------------------------------------------------------------------------------- */

/* The whole picture as people see it, for the page that draws over it. */
static gk_error_t *make_shown(gk_photo_checked_t *out, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image;
  GK_TRY(gk_image_peek(&facts, bytes, length, &gk_image_limits, pool));
  int longer = facts.width_px > facts.height_px ? facts.width_px : facts.height_px;
  int width = facts.width_px, height = facts.height_px;
  if (longer > SHOWN_PX) {
    width = facts.width_px * SHOWN_PX / longer > 0 ? facts.width_px * SHOWN_PX / longer : 1;
    height = facts.height_px * SHOWN_PX / longer > 0 ? facts.height_px * SHOWN_PX / longer : 1;
  }
  GK_TRY(gk_image_decode(&image, &facts, bytes, length, &gk_image_limits, NULL, width, height, pool));
  GK_TRY(gk_image_jpeg(&out->jpeg, &out->length, image, SHOWN_QUALITY, 72, pool));
  out->width_px = width;
  out->height_px = height;
  return NULL;
}

gk_error_t *gk_photo_examine_here(gk_photo_checked_t *out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                                  const unsigned char *bytes, apr_size_t length, const char *sha256, const char *request_id,
                                  apr_pool_t *pool)
{
  gk_photo_check_t *check;
  GK_TRY(gk_photo_check(&check, plugins, profile, bytes, length, sha256, request_id, pool));
  gk_json_t *picture = gk_json_get(check->report, "picture");
  bool exact = gk_json_int(picture, "width") == profile->width_px && gk_json_int(picture, "height") == profile->height_px;
  *out = (gk_photo_checked_t){.verdict = gk_photo_word(check->verdict), .report = check->report,
                              .width_px = profile->width_px, .height_px = profile->height_px};
  bool whole = check->whole != NULL, cut = check->normalised != NULL;
  if (exact && (whole || cut)) { /* judged as it is */
    out->jpeg = whole ? check->whole : check->normalised;
    out->length = whole ? check->whole_bytes : check->normalised_bytes;
    cut = cut && whole;
  } else if (cut && check->verdict == GK_PHOTO_FINE) { /* judged by its crop, which is good */
    out->jpeg = check->normalised;
    out->length = check->normalised_bytes;
    cut = false;
  } else {
    gk_error_t *error = make_shown(out, bytes, length, pool);
    if (error != NULL) { /* the checks said why it can't be read */
      out->jpeg = NULL;
      return NULL;
    }
  }
  if (cut && check->verdict != GK_PHOTO_FINE) {
    out->cut = check->normalised;
    out->cut_length = check->normalised_bytes;
  }
  return NULL;
}

/* A frame of a file as a picture of the profile's size. */
static gk_error_t *cut_here(gk_photo_checked_t *out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                            const unsigned char *bytes, apr_size_t length, const gk_photo_frame_t *frame,
                            const char *request_id, apr_pool_t *pool)
{
  gk_photo_check_t *check;
  GK_TRY(gk_photo_crop(&check, plugins, profile, bytes, length, frame->x, frame->y, frame->width, frame->height, request_id,
                       pool));
  *out = (gk_photo_checked_t){.verdict = gk_photo_word(check->verdict), .report = check->report,
                              .width_px = profile->width_px, .height_px = profile->height_px, .jpeg = check->normalised,
                              .length = check->normalised_bytes};
  return NULL;
}

/* ---- the profile on the wire ----------------------------------------------------------------------------- */

static void set_number(gk_json_t *json, const char *key, double value, apr_pool_t *pool)
{
  gk_json_set_str(json, key, apr_psprintf(pool, "%.17g", value));
}

static double number(const gk_json_t *json, const char *key)
{
  const char *text = gk_json_str(json, key);
  return text != NULL ? strtod(text, NULL) : 0;
}

gk_json_t *gk_photo_profile_json(const gk_photo_profile_t *profile, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *limits = gk_json_array(pool), *backgrounds = gk_json_array(pool);
  gk_json_set_str(json, "id", profile->id);
  gk_json_set_int(json, "width_px", profile->width_px);
  gk_json_set_int(json, "height_px", profile->height_px);
  gk_json_set_int(json, "dpi", profile->dpi);
  gk_json_set_int(json, "min_bytes", profile->min_bytes);
  gk_json_set_int(json, "max_bytes", profile->max_bytes);
  gk_json_set_int(json, "min_quality", profile->min_quality);
  for (int i = 0; i < profile->backgrounds->nelts; i++)
    gk_json_add_str(backgrounds, APR_ARRAY_IDX(profile->backgrounds, i, const char *));
  for (int i = 0; i < profile->limits->nelts; i++) {
    const gk_photo_limit_t *limit = &APR_ARRAY_IDX(profile->limits, i, gk_photo_limit_t);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_str(one, "name", limit->name);
    gk_json_set_str(one, "unit", limit->unit);
    set_number(one, "low", limit->low, pool);
    set_number(one, "high", limit->high, pool);
    set_number(one, "look_low", limit->look_low, pool);
    set_number(one, "look_high", limit->look_high, pool);
    gk_json_set_bool(one, "blocks", limit->blocks);
    gk_json_add(limits, one);
  }
  gk_json_set(json, "backgrounds", backgrounds);
  gk_json_set(json, "limits", limits);
  return json;
}

gk_error_t *gk_photo_profile_read(gk_photo_profile_t *profile, const gk_json_t *json, apr_pool_t *pool)
{
  const gk_json_t *limits = gk_json_get(json, "limits"), *backgrounds = gk_json_get(json, "backgrounds");
  if (gk_json_str(json, "id") == NULL)
    return gk_error_plain(pool, GK_E_MALFORMED);
  *profile = (gk_photo_profile_t){.id = gk_json_str(json, "id"), .name = {"", ""},
                                  .width_px = (int)gk_json_int(json, "width_px"), .height_px = (int)gk_json_int(json, "height_px"),
                                  .dpi = (int)gk_json_int(json, "dpi"), .min_bytes = (int)gk_json_int(json, "min_bytes"),
                                  .max_bytes = (int)gk_json_int(json, "max_bytes"),
                                  .min_quality = (int)gk_json_int(json, "min_quality"),
                                  .backgrounds = apr_array_make(pool, 4, sizeof(const char *)),
                                  .limits = apr_array_make(pool, 24, sizeof(gk_photo_limit_t))};
  for (apr_size_t i = 0; i < gk_json_size(backgrounds); i++)
    APR_ARRAY_PUSH(profile->backgrounds, const char *) = gk_json_str_value(gk_json_at(backgrounds, i));
  for (apr_size_t i = 0; i < gk_json_size(limits); i++) {
    const gk_json_t *one = gk_json_at(limits, i);
    APR_ARRAY_PUSH(profile->limits, gk_photo_limit_t) =
        (gk_photo_limit_t){.name = gk_json_str(one, "name"), .unit = gk_json_str(one, "unit"), .low = number(one, "low"),
                           .high = number(one, "high"), .look_low = number(one, "look_low"),
                           .look_high = number(one, "look_high"), .blocks = gk_json_bool(one, "blocks")};
  }
  return NULL;
}

/* ---- messages -------------------------------------------------------------------------------------------- */

typedef struct message_t {
  gk_json_t *json;
  const unsigned char *first, *second;
  apr_size_t first_length, second_length;
} message_t;

static bool send_all(int fd, const void *bytes, apr_size_t length)
{
  const char *from = bytes;
  while (length > 0) {
    ssize_t n = send(fd, from, length, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    from += n;
    length -= (apr_size_t)n;
  }
  return true;
}

static bool receive_all(int fd, void *bytes, apr_size_t length)
{
  char *to = bytes;
  while (length > 0) {
    ssize_t n = recv(fd, to, length, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    to += n;
    length -= (apr_size_t)n;
  }
  return true;
}

static bool send_message(int fd, const message_t *message, apr_pool_t *pool)
{
  const char *text = gk_json_text(message->json, pool);
  apr_uint32_t head[4] = {MAGIC, (apr_uint32_t)strlen(text), (apr_uint32_t)message->first_length,
                          (apr_uint32_t)message->second_length};
  return send_all(fd, head, sizeof head) && send_all(fd, text, head[1]) && send_all(fd, message->first, head[2]) &&
         send_all(fd, message->second, head[3]);
}

static bool receive_message(message_t *message, int fd, apr_pool_t *pool)
{
  apr_uint32_t head[4];
  if (!receive_all(fd, head, sizeof head) || head[0] != MAGIC || head[1] > JSON_MAX || head[2] > BLOB_MAX || head[3] > BLOB_MAX)
    return false;
  char *text = apr_palloc(pool, head[1] + 1);
  unsigned char *first = apr_palloc(pool, head[2] + 1), *second = apr_palloc(pool, head[3] + 1);
  if (!receive_all(fd, text, head[1]) || !receive_all(fd, first, head[2]) || !receive_all(fd, second, head[3]))
    return false;
  text[head[1]] = '\0';
  *message = (message_t){.first = first, .second = second, .first_length = head[2], .second_length = head[3]};
  return gk_json_parse(&message->json, text, head[1], pool) == NULL;
}

/* A path of any length below the 108 bytes of an address: by way of the folder's descriptor. */
static bool address(struct sockaddr_un *name, int folder)
{
  *name = (struct sockaddr_un){.sun_family = AF_UNIX};
  return snprintf(name->sun_path, sizeof name->sun_path, "/proc/self/fd/%d/" SOCKET, folder) < (int)sizeof name->sun_path;
}

static int open_folder(const char *instance)
{
  char path[4096];
  return snprintf(path, sizeof path, "%s/run", instance) < (int)sizeof path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* ---- the workers' side ----------------------------------------------------------------------------------- */

int gk_photo_listen(const char *instance, int queue)
{
  struct sockaddr_un name;
  int folder = open_folder(instance), fd = -1;
  if (folder >= 0 && address(&name, folder) && (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0) {
    mode_t mask = umask(0117);
    unlinkat(folder, SOCKET, 0);
    bool bound = bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && listen(fd, queue) == 0;
    umask(mask);
    if (!bound) {
      close(fd);
      fd = -1;
    }
  }
  int saved = errno;
  if (folder >= 0)
    close(folder);
  errno = saved;
  return fd;
}

static gk_json_t *error_json(const gk_error_t *error, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "error", gk_error_info(error->code)->slug);
  gk_json_set_int(json, "code", error->code);
  gk_json_set_str(json, "zh", error->zh);
  gk_json_set_str(json, "en", error->en);
  gk_json_set_str(json, "internal", error->internal);
  gk_json_set_int(json, "retry_us", error->retry_after_us);
  if (error->violations != NULL && error->violations->nelts > 0) {
    const gk_violation_t *first = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
    gk_json_set_str(json, "pointer", first->pointer);
    gk_json_set_str(json, "word", first->code);
    gk_json_set_str(json, "first_zh", first->zh);
    gk_json_set_str(json, "first_en", first->en);
  }
  return json;
}

bool gk_photo_serve(int connection, gk_plugins_t *plugins, apr_pool_t *pool)
{
  message_t asked, answer = {NULL, (const unsigned char *)"", (const unsigned char *)"", 0, 0};
  gk_photo_profile_t profile;
  gk_photo_checked_t checked = {0};
  if (!receive_message(&asked, connection, pool))
    return false;
  const char *request = gk_json_str(asked.json, "request"), *sha256 = gk_json_str(asked.json, "sha256");
  const gk_json_t *frame = gk_json_get(asked.json, "frame");
  gk_error_t *error = gk_photo_profile_read(&profile, gk_json_get(asked.json, "profile"), pool);
  if (error == NULL && frame != NULL) {
    gk_photo_frame_t cut = {(int)gk_json_int(frame, "x"), (int)gk_json_int(frame, "y"), (int)gk_json_int(frame, "width"),
                            (int)gk_json_int(frame, "height")};
    error = cut_here(&checked, plugins, &profile, asked.first, asked.first_length, &cut, request != NULL ? request : "", pool);
  } else if (error == NULL)
    error = gk_photo_examine_here(&checked, plugins, &profile, asked.first, asked.first_length, sha256,
                                  request != NULL ? request : "", pool);
  if (error != NULL) {
    answer.json = error_json(error, pool);
  } else {
    answer.json = gk_json_object(pool);
    gk_json_set_str(answer.json, "verdict", checked.verdict);
    gk_json_set(answer.json, "report", checked.report);
    gk_json_set_int(answer.json, "width_px", checked.width_px);
    gk_json_set_int(answer.json, "height_px", checked.height_px);
    if (checked.jpeg != NULL)
      answer.first = checked.jpeg, answer.first_length = checked.length;
    if (checked.cut != NULL)
      answer.second = checked.cut, answer.second_length = checked.cut_length;
  }
  return send_message(connection, &answer, pool);
}

/* ---- the client's side ----------------------------------------------------------------------------------- */

static bool pool_only;
static void (*count_event)(gk_photo_event_t event, apr_interval_time_t took_us);

void gk_photo_pool_only(void (*count)(gk_photo_event_t event, apr_interval_time_t took_us))
{
  pool_only = true;
  count_event = count;
}

static void count(gk_photo_event_t event, apr_interval_time_t took_us)
{
  if (count_event != NULL)
    count_event(event, took_us);
}

/* It is the pool's moment, not the picture. */
static gk_error_t *again(gk_error_t *error, apr_interval_time_t after_us)
{
  error->later = 1;
  return gk_error_retry(error, after_us);
}

static gk_error_t *full(apr_pool_t *pool)
{
  count(GK_PHOTO_EVENT_FULL, 0);
  return again(gk_error(pool, GK_E_BUSY, "正在检查的照片太多，请稍后重传；这张没有保存，其他办理不受影响。",
                        "Too many photos are being checked: send it again shortly. This one was not kept; everything "
                        "else goes on."),
               2 * APR_USEC_PER_SEC);
}

static gk_error_t *died(apr_pool_t *pool)
{
  count(GK_PHOTO_EVENT_DIED, 0);
  return gk_error_retry(gk_error(pool, GK_E_PLUGIN, "检查这张照片时程序中断，照片没有保存。请再传一次；仍然如此，请重拍或换一张。",
                                 "The check of this photo broke down and the photo was not kept. Send it once more; if it "
                                 "happens again, take another one."),
                        3 * APR_USEC_PER_SEC);
}

static gk_error_t *absent(apr_pool_t *pool)
{
  count(GK_PHOTO_EVENT_ABSENT, 0);
  return again(gk_error(pool, GK_E_PLUGIN, "照片检查程序没有运行，照片没有保存；其他办理不受影响。",
                        "The photo checks are not running and the photo was not kept; everything else goes on."),
               5 * APR_USEC_PER_SEC);
}

/* The connection, or -1 with errno: EAGAIN when the queue is full. */
static int dial(const char *instance)
{
  struct sockaddr_un name;
  struct timeval limit = {ANSWER_MS / 1000, 0};
  int folder = open_folder(instance), fd = -1, saved = ENOENT;
  if (folder < 0)
    return -1;
  if (address(&name, folder) && (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0) {
    if (connect(fd, (struct sockaddr *)&name, sizeof name) != 0) {
      saved = errno;
      close(fd);
      fd = -1;
    } else {
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
  }
  close(folder);
  errno = saved;
  return fd;
}

static gk_error_t *error_of(const gk_json_t *json, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  const char *pointer = gk_json_str(json, "pointer"), *zh = gk_json_str(json, "zh"), *en = gk_json_str(json, "en");
  if (pointer != NULL) {
    gk_violation_text(&error, pool, pointer, gk_json_str(json, "word"), gk_json_str(json, "first_zh"),
                      gk_json_str(json, "first_en"));
    return error;
  }
  gk_error_code_t code = (gk_error_code_t)gk_json_int(json, "code");
  error = zh != NULL && en != NULL ? gk_error(pool, code, "%s", "%s", zh) : gk_error_plain(pool, code);
  if (zh != NULL && en != NULL)
    error->en = en;
  if (gk_json_int(json, "retry_us") > 0)
    gk_error_retry(error, gk_json_int(json, "retry_us"));
  return error;
}

static gk_error_t *ask(gk_photo_checked_t *out, gk_act_t *act, int fd, const unsigned char *bytes, apr_size_t length,
                       const char *sha256, const gk_photo_frame_t *frame)
{
  apr_pool_t *pool = act->pool;
  apr_time_t began = gk_tick();
  message_t question = {gk_json_object(pool), bytes, (const unsigned char *)"", length, 0}, answer;
  gk_json_set(question.json, "profile", gk_photo_profile_json(&act->season->pack->photo, pool));
  gk_json_set_str(question.json, "request", act->request_id);
  gk_json_set_str(question.json, "sha256", sha256);
  if (frame != NULL) {
    gk_json_t *cut = gk_json_object(pool);
    gk_json_set_int(cut, "x", frame->x);
    gk_json_set_int(cut, "y", frame->y);
    gk_json_set_int(cut, "width", frame->width);
    gk_json_set_int(cut, "height", frame->height);
    gk_json_set(question.json, "frame", cut);
  }
  if (!send_message(fd, &question, pool) || !receive_message(&answer, fd, pool))
    return died(pool);
  count(GK_PHOTO_EVENT_CHECKED, gk_tick() - began);
  if (gk_json_str(answer.json, "error") != NULL)
    return error_of(answer.json, pool);
  *out = (gk_photo_checked_t){.verdict = gk_json_str(answer.json, "verdict"), .report = gk_json_get(answer.json, "report"),
                              .width_px = (int)gk_json_int(answer.json, "width_px"),
                              .height_px = (int)gk_json_int(answer.json, "height_px")};
  if (answer.first_length > 0)
    out->jpeg = answer.first, out->length = answer.first_length;
  if (answer.second_length > 0)
    out->cut = answer.second, out->cut_length = answer.second_length;
  return NULL;
}

static gk_error_t *examine(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                           const char *sha256, const gk_photo_frame_t *frame)
{
  const char *request = act->request_id != NULL ? act->request_id : "";
  gk_error_t *error;
  gk_act_pause(act); /* others use the connection while this waits */
  int fd = dial(gk_core_config(act->core)->instance);
  if (fd >= 0) {
    error = ask(out, act, fd, bytes, length, sha256, frame);
    close(fd);
  } else if (errno == EAGAIN) {
    error = full(act->pool);
  } else if (pool_only) {
    error = absent(act->pool);
  } else if (frame != NULL) {
    error = cut_here(out, gk_core_plugins(act->core), &act->season->pack->photo, bytes, length, frame, request, act->pool);
  } else {
    error = gk_photo_examine_here(out, gk_core_plugins(act->core), &act->season->pack->photo, bytes, length, sha256, request,
                                  act->pool);
  }
  gk_error_t *back = gk_act_resume(act);
  return back != NULL ? back : error; /* without a connection nothing else can be done, whatever the picture is */
}

gk_error_t *gk_photo_examine(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                             const char *sha256)
{
  return examine(out, act, bytes, length, sha256, NULL);
}

gk_error_t *gk_photo_cut(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                         const gk_photo_frame_t *frame)
{
  return examine(out, act, bytes, length, NULL, frame);
}
