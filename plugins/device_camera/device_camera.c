/* device_camera: a picture of a camera: what it is, by its first bytes and its frame header, and the picture itself. Whether it is
 * fit for a card is judged by the photo plugins (README.md). */
#include <stdbool.h>
#include <string.h>
#include <apr_strings.h>

#include "gaokao_plugin.h"

typedef struct camera_t {
  const gaokao_host_t *host;
  apr_int64_t side_min, side_max;
} camera_t;

static const unsigned char png_head[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  camera_t *camera = apr_pcalloc(pool, sizeof(*camera));
  camera->host = host;
  *instance = camera;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  camera_t *camera = instance;
  (void)call;
  camera->side_min = camera->host->option_int(camera->host, "side_min");
  camera->side_max = camera->host->option_int(camera->host, "side_max");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"reads", "image/jpeg image/png"}};
  (void)instance;
  (void)call;
  facts->n_facts = 1;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  return NULL;
}

static bool is_png(const gaokao_input_t *input)
{
  return input->length >= 24 && memcmp(input->bytes, png_head, sizeof(png_head)) == 0;
}

static bool is_jpeg(const gaokao_input_t *input)
{
  return input->length >= 4 && input->bytes[0] == 0xff && input->bytes[1] == 0xd8 && input->bytes[2] == 0xff;
}

static gaokao_error_t *recognise(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                                 apr_uint32_t *confidence)
{
  (void)instance;
  (void)call;
  bool said = strncmp(input->media_type, "image/", 6) == 0;
  *confidence = said ? 100 : input->media_type[0] == '\0' && (is_png(input) || is_jpeg(input)) ? 80 : 0;
  return NULL;
}

static apr_uint32_t two(const unsigned char *at) { return (apr_uint32_t)at[0] << 8 | at[1]; }
static apr_uint32_t four(const unsigned char *at) { return two(at) << 16 | two(at + 2); }

/* The frame header of a JPEG: markers up to it are stepped over by their lengths. */
static bool jpeg_size(const gaokao_input_t *input, apr_uint32_t *width, apr_uint32_t *height)
{
  apr_uint64_t at = 2;
  while (at + 4 <= input->length && input->bytes[at] == 0xff) {
    unsigned marker = input->bytes[at + 1];
    apr_uint32_t length = two(input->bytes + at + 2);
    if (marker == 0xff) { /* fill byte */
      at++;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      if (length < 8 || at + 2 + length > input->length)
        return false;
      *height = two(input->bytes + at + 5);
      *width = two(input->bytes + at + 7);
      return true;
    }
    if (length < 2 || marker == 0xd9 || marker == 0xda)
      return false;
    at += 2 + (apr_uint64_t)length;
  }
  return false;
}

static gaokao_error_t *decode(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                              const gaokao_reading_t **reading)
{
  const camera_t *camera = instance;
  apr_uint32_t width = 0, height = 0;
  bool png = is_png(input);
  if (!png && !is_jpeg(input))
    return camera->host->error_new(call->pool, GAOKAO_E_INPUT, "这不是 JPEG 或 PNG 照片，请检查相机设置",
                                   "This is no JPEG or PNG picture: look at the camera's settings");
  if (png && memcmp(input->bytes + 12, "IHDR", 4) == 0) {
    width = four(input->bytes + 16);
    height = four(input->bytes + 20);
  }
  if (png ? width == 0 || height == 0 : !jpeg_size(input, &width, &height) || width == 0 || height == 0)
    return camera->host->error_new(call->pool, GAOKAO_E_INPUT, "照片文件不完整，请重新拍摄",
                                   "The picture's file is damaged: take it again");
  if (width < camera->side_min || height < camera->side_min || width > camera->side_max || height > camera->side_max)
    return camera->host->error_new(call->pool, GAOKAO_E_INPUT, "照片为%u×%u像素，每边应在%d到%d之间，请调整相机设置",
                                   "The picture has %u by %u pixels, each side must have %d to %d: set the camera", width,
                                   height, (int)camera->side_min, (int)camera->side_max);
  gaokao_pair_t *fields = apr_pcalloc(call->pool, sizeof(*fields) * 3);
  fields[0] = (gaokao_pair_t){"format", png ? "png" : "jpeg"};
  fields[1] = (gaokao_pair_t){"width_px", apr_psprintf(call->pool, "%u", width)};
  fields[2] = (gaokao_pair_t){"height_px", apr_psprintf(call->pool, "%u", height)};
  gaokao_blob_t *blob = apr_pcalloc(call->pool, sizeof(*blob));
  *blob = (gaokao_blob_t){"picture", png ? "image/png" : "image/jpeg", input->bytes, input->length};
  gaokao_reading_t *out = apr_pcalloc(call->pool, sizeof(*out));
  *out = (gaokao_reading_t){.size = sizeof(*out), .n_fields = 3, .type = "picture", .fields = fields, .blobs = blob, .n_blobs = 1};
  *reading = out;
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};

static const gaokao_device_t vtable = {&life, recognise, decode};

static const gaokao_option_t options[] = {
    {"side_min", GAOKAO_OPTION_INT, 0, "100", 1, 10000, NULL, "px", "照片每边最少像素", "Least pixels of a side"},
    {"side_max", GAOKAO_OPTION_INT, 0, "8000", 100, 30000, NULL, "px", "照片每边最多像素", "Most pixels of a side"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(device_camera, DEVICE, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
