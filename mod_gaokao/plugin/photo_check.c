/* plugin/photo_check.c: see photo_check.h. */
#include "plugin/photo_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "base/image.h"
#include "crypto/crypto.h"
#include "plugin/calls.h"
#include "plugin/photo_report.h"

enum {
  WORK_SIDE = 1280,   /* the longest side plugins see */
  SHOWN_QUALITY = 80
};

typedef struct check_t {
  gk_plugins_t *plugins;
  const gk_photo_profile_t *profile;
  const char *request_id;
  const unsigned char *bytes;
  apr_size_t length;
  gk_image_facts_t facts;      /* of the file */
  apr_pool_t *pool;
} check_t;

/* One look at one picture. */
typedef struct look_t {
  gk_image_t *picture;
  double scale;                /* pixels of the file a pixel of the picture */
  gk_photo_result_t *result;
  apr_array_header_t *findings; /* gk_photo_finding_t */
} look_t;

/* ---- what plugins are given -------------------------------------------------------------------------------- */

static gaokao_limit_t *limits_of(const gk_photo_profile_t *profile, apr_pool_t *pool)
{
  gaokao_limit_t *limits = apr_pcalloc(pool, sizeof(*limits) * ((apr_size_t)profile->limits->nelts + 1));
  for (int i = 0; i < profile->limits->nelts; i++) {
    const gk_photo_limit_t *from = &APR_ARRAY_IDX(profile->limits, i, gk_photo_limit_t);
    limits[i] = (gaokao_limit_t){from->name,    from->unit,      from->low,         from->high,
                                 from->look_low, from->look_high, from->blocks ? 1 : 0, 0};
  }
  return limits;
}

static apr_uint32_t *backgrounds_of(const gk_photo_profile_t *profile, apr_pool_t *pool)
{
  apr_uint32_t *colours = apr_pcalloc(pool, sizeof(*colours) * ((apr_size_t)profile->backgrounds->nelts + 1));
  for (int i = 0; i < profile->backgrounds->nelts; i++) {
    unsigned r = 0, g = 0, b = 0;
    if (sscanf(APR_ARRAY_IDX(profile->backgrounds, i, const char *), "%3u,%3u,%3u", &r, &g, &b) == 3)
      colours[i] = (r & 255) << 16 | (g & 255) << 8 | (b & 255);
  }
  return colours;
}

enum { FILE_FACTS = 16 };

static int file_facts(const check_t *c, double scale, gaokao_number_t *out)
{
  const gk_image_facts_t *f = &c->facts;
  const gaokao_number_t facts[] = {
      {"file-bytes", "bytes", (double)c->length},
      {"file-width", "px", f->width_px},
      {"file-height", "px", f->height_px},
      {"file-jpeg", "", f->format == GK_IMAGE_JPEG},
      {"file-quality", "", f->quality},
      {"file-dpi", "", f->dpi},
      {"file-depth", "bit", f->depth_bits},
      {"file-channels", "", f->channels},
      {"file-palette", "", f->palette},
      {"file-alpha", "", f->alpha},
      {"file-scans", "", f->scans},
      {"file-orientation", "", f->orientation},
      {"file-metadata", "", f->metadata},
      {"file-trailing", "bytes", (double)f->trailing_bytes},
      {"work-scale", "ratio", scale},
  };
  memcpy(out, facts, sizeof(facts));
  return (int)(sizeof(facts) / sizeof(facts[0]));
}

static bool has_fact(const look_t *look, const char *name, double *value)
{
  for (int i = 0; i < look->result->facts->nelts; i++) {
    const gaokao_number_t *fact = &APR_ARRAY_IDX(look->result->facts, i, gaokao_number_t);
    if (strcmp(fact->name, name) == 0) {
      *value = fact->value;
      return true;
    }
  }
  return false;
}

/* What nobody could look at is never called good. */
static void say_unchecked(look_t *look)
{
  double faces = 0, points = 0, any = 0;
  bool face = has_fact(look, "face-count", &faces);
  if (!face)
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "face", "没有人脸检查组件，人脸未检查，请人工核对",
                  "There is no face plugin: the face was not checked, an operator must look", NULL, NULL);
  else if (faces > 0 && (!has_fact(look, "face-points", &points) || points == 0))
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "place", "没有五官定位数据，位置与姿态未检查，请人工核对",
                  "There is no data to find eyes and chin: place and pose were not checked, an operator must look",
                  NULL, NULL);
  else if (faces > 0 && !has_fact(look, "place-checked", &any))
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "place", "没有位置检查组件，位置未检查，请人工核对",
                  "There is no plugin for the place of the face: it was not checked, an operator must look", NULL,
                  NULL);
  if (!has_fact(look, "quality-checked", &any))
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "quality", "没有画质检查组件，画质与背景未检查，请人工核对",
                  "There is no quality plugin: light, sharpness and background were not checked, an operator must look",
                  NULL, NULL);
  if (!has_fact(look, "file-checked", &any))
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "file", "没有文件检查组件，文件未检查，请人工核对",
                  "There is no file plugin: the file was not checked, an operator must look", NULL, NULL);
  if (look->result->review || look->result->skipped->nelts > 0)
    gk_photo__say(look->findings, GK_PHOTO_UNCHECKED, "plugin", "有检查组件出错，请人工核对整张照片",
                  "A plugin failed: an operator must look at the whole photo", NULL, NULL);
}

/* All plugins on one picture. */
static gk_error_t *inspect(const check_t *c, look_t *look)
{
  gaokao_number_t facts[FILE_FACTS];
  gaokao_picture_t picture;
  memset(&picture, 0, sizeof(picture));
  picture.size = sizeof(picture);
  picture.format = GAOKAO_PIXELS_RGB8;
  picture.width_px = (apr_uint32_t)look->picture->width_px;
  picture.height_px = (apr_uint32_t)look->picture->height_px;
  picture.stride_bytes = (apr_uint32_t)look->picture->stride_bytes;
  picture.pixels = look->picture->pixels;
  picture.n_facts = (apr_uint32_t)file_facts(c, look->scale, facts);
  picture.facts = facts;
  picture.media_type = c->facts.media_type;
  picture.file_bytes = c->length;
  picture.limits = limits_of(c->profile, c->pool);
  picture.n_limits = (apr_uint32_t)c->profile->limits->nelts;
  picture.profile_width_px = (apr_uint32_t)c->profile->width_px;
  picture.profile_height_px = (apr_uint32_t)c->profile->height_px;
  picture.profile_min_bytes = (apr_uint32_t)c->profile->min_bytes;
  picture.profile_max_bytes = (apr_uint32_t)c->profile->max_bytes;
  picture.profile_min_quality = (apr_uint32_t)c->profile->min_quality;
  picture.n_backgrounds = (apr_uint32_t)c->profile->backgrounds->nelts;
  picture.backgrounds = backgrounds_of(c->profile, c->pool);
  GK_TRY(gk_photo_inspect(c->plugins, c->request_id, &picture, &look->result, c->pool));
  look->findings = apr_array_make(c->pool, 32, sizeof(gk_photo_finding_t));
  for (int i = 0; i < look->result->findings->nelts; i++) {
    gk_photo_finding_t *finding = apr_array_push(look->findings);
    finding->said = APR_ARRAY_IDX(look->result->findings, i, gaokao_finding_t);
    finding->severity = finding->said.severity == GAOKAO_BLOCK  ? GK_PHOTO_BLOCK
                        : finding->said.severity == GAOKAO_LOOK ? GK_PHOTO_LOOK
                                                                : GK_PHOTO_FINE;
  }
  say_unchecked(look);
  return NULL;
}

/* ---- what is reported -------------------------------------------------------------------------------------- */

/* Points that only plugins need are left out. */
static gk_json_t *facts_json(const look_t *look, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  for (int i = 0; i < look->result->facts->nelts; i++) {
    const gaokao_number_t *fact = &APR_ARRAY_IDX(look->result->facts, i, gaokao_number_t);
    if (strncmp(fact->name, "point-", 6) != 0)
      gk_json_set_real(json, fact->name, floor(fact->value * 1000 + 0.5) / 1000);
  }
  return json;
}

static gk_json_t *begin_report(const check_t *c)
{
  gk_json_t *report = gk_json_object(c->pool), *picture = gk_json_object(c->pool);
  gk_json_set_str(report, "verdict", NULL);
  gk_json_set_str(report, "profile", c->profile->id);
  gk_json_set_str(picture, "media_type", c->facts.media_type);
  gk_json_set_int(picture, "bytes", (apr_int64_t)c->length);
  gk_json_set_str(picture, "sha256", gk_sha256_hex(c->pool, c->bytes, c->length));
  gk_json_set_int(picture, "width", c->facts.width_px);
  gk_json_set_int(picture, "height", c->facts.height_px);
  gk_json_set(report, "picture", picture);
  gk_json_set(report, "findings", gk_json_array(c->pool));
  gk_json_set(report, "facts", gk_json_object(c->pool));
  gk_json_set_null(report, "crop");
  gk_json_set_null(report, "normalised");
  return report;
}

static void finish(gk_photo_check_t *out, apr_array_header_t *findings, const look_t *look, apr_pool_t *pool)
{
  out->verdict = gk_photo__settle(findings, pool);
  gk_json_set_str(out->report, "verdict", gk_photo_word(out->verdict));
  gk_json_set(out->report, "findings", gk_photo__findings_json(findings, pool));
  if (look != NULL)
    gk_json_set(out->report, "facts", facts_json(look, pool));
}

/* A file that can't be read: one finding says why. */
static gk_photo_check_t *refused(const check_t *c, const gk_error_t *error)
{
  gk_photo_check_t *out = apr_pcalloc(c->pool, sizeof(*out));
  apr_array_header_t *findings = apr_array_make(c->pool, 1, sizeof(gk_photo_finding_t));
  const gk_violation_t *why = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
  gk_photo__say(findings, GK_PHOTO_BLOCK, why->code, why->zh, why->en, "请换一张照片，或重新拍照",
                "Choose another picture, or take one anew");
  out->report = begin_report(c);
  finish(out, findings, NULL, c->pool);
  return out;
}

static bool is_refusal(const gk_error_t *error)
{
  return error->code == GK_E_INVALID && error->violations != NULL && error->violations->nelts > 0;
}

/* ---- our own file ------------------------------------------------------------------------------------------ */

typedef struct made_t {
  const unsigned char *bytes;
  apr_size_t length;
  int quality;                  /* 0: too large even at the lowest */
} made_t;

static gk_error_t *encode(const check_t *c, const gk_image_t *image, made_t *made)
{
  return gk_image_jpeg_fit(&made->bytes, &made->length, &made->quality, image, c->profile->min_quality,
                           (apr_size_t)c->profile->max_bytes, c->profile->dpi, c->pool);
}

static void report_made(const check_t *c, gk_json_t *report, const made_t *made)
{
  gk_json_t *json = gk_json_object(c->pool);
  gk_json_set_int(json, "width", c->profile->width_px);
  gk_json_set_int(json, "height", c->profile->height_px);
  gk_json_set_int(json, "bytes", (apr_int64_t)made->length);
  gk_json_set_int(json, "quality", made->quality != 0 ? made->quality : c->profile->min_quality);
  gk_json_set_str(json, "sha256", gk_sha256_hex(c->pool, made->bytes, made->length));
  gk_json_set(report, "normalised", json);
}

static void say_too_large(const check_t *c, apr_array_header_t *findings, const made_t *made)
{
  if (made->quality == 0)
    gk_photo__say(findings, GK_PHOTO_LOOK, "file-bytes",
                  apr_psprintf(c->pool, "按最低质量 %d 压缩后仍有 %d 字节，超过 %d 字节", c->profile->min_quality,
                               (int)made->length, c->profile->max_bytes),
                  apr_psprintf(c->pool, "At the lowest quality %d it still has %d bytes; %d are allowed",
                               c->profile->min_quality, (int)made->length, c->profile->max_bytes),
                  "背景杂乱的照片不易压缩，可人工确认接受", "Pictures with a busy background don't compress well; an operator may accept it");
}

/* A rectangle of the file as a picture of the profile's size: made, read back as a stranger would, and looked at. */
static gk_error_t *look_at_crop(const check_t *c, const gk_image_region_t *crop, made_t *made, look_t *look)
{
  gk_image_t *image;
  check_t again = *c;
  GK_TRY(gk_image_decode(&image, &c->facts, c->bytes, c->length, &gk_image_limits, crop, c->profile->width_px,
                         c->profile->height_px, c->pool));
  GK_TRY(encode(c, image, made));
  again.bytes = made->bytes;
  again.length = made->length;
  GK_TRY(gk_image_peek(&again.facts, made->bytes, made->length, &gk_image_limits, c->pool));
  memset(look, 0, sizeof(*look));
  look->scale = 1;
  GK_TRY(gk_image_decode(&look->picture, &again.facts, made->bytes, made->length, &gk_image_limits, NULL,
                         c->profile->width_px, c->profile->height_px, c->pool));
  GK_TRY(inspect(&again, look));
  say_too_large(c, look->findings, made);
  return NULL;
}

static gk_json_t *crop_json(const check_t *c, const gk_image_region_t *crop, gk_photo_word_t verdict)
{
  gk_json_t *json = gk_json_object(c->pool);
  gk_json_set_int(json, "x", crop->x);
  gk_json_set_int(json, "y", crop->y);
  gk_json_set_int(json, "width", crop->width);
  gk_json_set_int(json, "height", crop->height);
  gk_json_set_real(json, "scale", floor((double)c->profile->width_px / crop->width * 1000 + 0.5) / 1000);
  gk_json_set_str(json, "verdict", gk_photo_word(verdict));
  return json;
}

/* ---- the whole check --------------------------------------------------------------------------------------- */

/* The rectangle a plugin proposed, in pixels of the file, with the profile's ratio. */
static gk_image_region_t in_file(const check_t *c, const look_t *look, const gaokao_crop_t *crop)
{
  gk_image_region_t r = {(int)floor(crop->x * look->scale), (int)floor(crop->y * look->scale),
                         (int)floor(crop->width * look->scale + 0.5), 0};
  if (r.width > c->facts.width_px)
    r.width = c->facts.width_px;
  r.height = (int)floor((double)r.width * c->profile->height_px / c->profile->width_px + 0.5);
  if (r.height > c->facts.height_px) {
    r.height = c->facts.height_px;
    r.width = (int)floor((double)r.height * c->profile->width_px / c->profile->height_px + 0.5);
  }
  if (r.x + r.width > c->facts.width_px)
    r.x = c->facts.width_px - r.width;
  if (r.y + r.height > c->facts.height_px)
    r.y = c->facts.height_px - r.height;
  return r;
}

/* Findings about the file stay when the crop's take the place of the others; what the crop's own file is like is nobody's
 * concern, but for its size. */
static void keep_file_findings(const look_t *from, apr_array_header_t *to)
{
  int kept = 0;
  for (int i = 0; i < to->nelts; i++) {
    const gk_photo_finding_t *finding = &APR_ARRAY_IDX(to, i, gk_photo_finding_t);
    if (strncmp(finding->said.code, "file-", 5) != 0 || strcmp(finding->said.code, "file-bytes") == 0)
      APR_ARRAY_IDX(to, kept++, gk_photo_finding_t) = *finding;
  }
  to->nelts = kept;
  for (int i = 0; i < from->findings->nelts; i++) {
    const gk_photo_finding_t *finding = &APR_ARRAY_IDX(from->findings, i, gk_photo_finding_t);
    if (strncmp(finding->said.code, "file-", 5) == 0 || strcmp(finding->said.code, "scale") == 0)
      APR_ARRAY_PUSH(to, gk_photo_finding_t) = *finding;
  }
}

static gk_error_t *judge(const check_t *c, look_t *look, gk_photo_check_t *out)
{
  bool exact = c->facts.width_px == c->profile->width_px && c->facts.height_px == c->profile->height_px;
  made_t whole = {0}, cropped = {0};
  look_t after;
  if (!exact) {
    GK_TRY(gk_image_jpeg(&out->shown, &out->shown_bytes, look->picture, SHOWN_QUALITY, c->profile->dpi, c->pool));
    out->shown_width = look->picture->width_px;
    out->shown_height = look->picture->height_px;
  }
  if (exact) {
    GK_TRY(encode(c, look->picture, &whole));
    say_too_large(c, look->findings, &whole);
  }
  if (look->result->crop == NULL) {
    if (exact) {
      out->normalised = whole.bytes;
      out->normalised_bytes = whole.length;
      report_made(c, out->report, &whole);
    }
    gk_photo__move(look->findings, 0, 0, look->scale, c->facts.width_px, c->facts.height_px);
    finish(out, look->findings, look, c->pool);
    return NULL;
  }
  gk_image_region_t crop = in_file(c, look, look->result->crop);
  GK_TRY(look_at_crop(c, &crop, &cropped, &after));
  out->normalised = cropped.bytes;
  out->normalised_bytes = cropped.length;
  report_made(c, out->report, &cropped);
  if (exact) {
    out->whole = whole.bytes;
    out->whole_bytes = whole.length;
    finish(out, look->findings, look, c->pool);
    gk_json_set(out->report, "crop", crop_json(c, &crop, gk_photo__settle(after.findings, c->pool)));
    return NULL;
  }
  gk_photo__move(after.findings, crop.x, crop.y, (double)crop.width / c->profile->width_px, c->facts.width_px,
                 c->facts.height_px);
  gk_photo_word_t verdict = gk_photo__settle(after.findings, c->pool);
  gk_json_set(out->report, "crop", crop_json(c, &crop, verdict));
  gk_photo__move(look->findings, 0, 0, look->scale, c->facts.width_px, c->facts.height_px);
  keep_file_findings(look, after.findings);
  finish(out, after.findings, &after, c->pool);
  return NULL;
}

static gk_error_t *peek(check_t *c)
{
  gk_error_t *error = gk_image_peek(&c->facts, c->bytes, c->length, &gk_image_limits, c->pool);
  if (error != NULL && c->facts.media_type == NULL)
    c->facts.media_type = "application/octet-stream";
  return error;
}

gk_error_t *gk_photo_check(gk_photo_check_t **out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                           const unsigned char *bytes, apr_size_t length, const char *sha256,
                           const char *request_id, apr_pool_t *pool)
{
  check_t c = {.plugins = plugins, .profile = profile, .request_id = request_id, .bytes = bytes, .length = length,
               .pool = pool};
  look_t look;
  memset(&look, 0, sizeof(look));
  if (sha256 != NULL && apr_strnatcasecmp(sha256, gk_sha256_hex(pool, bytes, length)) != 0) {
    gk_error_t *error = NULL;
    gk_violation(&error, pool, "", "digest", "照片在传输中被改变，请重新上传",
                 "The photo was changed on its way: upload it again");
    return error;
  }
  gk_error_t *error = peek(&c);
  if (error == NULL) {
    int side = c.facts.width_px > c.facts.height_px ? c.facts.width_px : c.facts.height_px;
    look.scale = side > WORK_SIDE ? (double)side / WORK_SIDE : 1;
    int width = (int)floor(c.facts.width_px / look.scale + 0.5), height = (int)floor(c.facts.height_px / look.scale + 0.5);
    error = gk_image_decode(&look.picture, &c.facts, bytes, length, &gk_image_limits, NULL, width > 0 ? width : 1,
                            height > 0 ? height : 1, pool);
  }
  if (error != NULL) {
    if (!is_refusal(error))
      return error;
    *out = refused(&c, error);
    return NULL;
  }
  GK_TRY(inspect(&c, &look));
  gk_photo_check_t *check = apr_pcalloc(pool, sizeof(*check));
  check->report = begin_report(&c);
  GK_TRY(judge(&c, &look, check));
  *out = check;
  return NULL;
}

void gk_photo_warm(gk_plugins_t *plugins, apr_pool_t *pool)
{
  enum { WIDTH = 120, HEIGHT = 160 };
  gaokao_picture_t picture;
  gk_photo_result_t *result;
  gk_image_t *image = gk_image_make(WIDTH, HEIGHT, pool);
  memset(image->pixels, 200, image->stride_bytes * HEIGHT);
  memset(&picture, 0, sizeof(picture));
  picture.size = sizeof(picture);
  picture.format = GAOKAO_PIXELS_RGB8;
  picture.width_px = WIDTH;
  picture.height_px = HEIGHT;
  picture.stride_bytes = (apr_uint32_t)image->stride_bytes;
  picture.pixels = image->pixels;
  picture.media_type = "image/jpeg";
  (void)gk_photo_inspect(plugins, "warm", &picture, &result, pool); /* what fails here fails at a photo too */
}

/* A frame drawn too small asks for pixels that are not there: by the limit that a proposed crop has to keep too. */
static void say_scale(const check_t *c, apr_array_header_t *findings, int width)
{
  double scale = (double)width / c->profile->width_px;
  for (int i = 0; i < c->profile->limits->nelts; i++) {
    const gk_photo_limit_t *limit = &APR_ARRAY_IDX(c->profile->limits, i, gk_photo_limit_t);
    if (strcmp(limit->name, "scale") != 0 || scale >= limit->look_low)
      continue;
    gk_photo_finding_t *finding = apr_array_push(findings);
    bool blocks = limit->blocks && scale < limit->low;
    memset(finding, 0, sizeof(*finding));
    finding->severity = blocks ? GK_PHOTO_BLOCK : GK_PHOTO_LOOK;
    finding->said = (gaokao_finding_t){
        .size = sizeof(finding->said), .code = "scale", .has = GAOKAO_HAS_MEASURED | GAOKAO_HAS_LOW, .measured = scale,
        .low = blocks ? limit->low : limit->look_low, .unit = limit->unit,
        .zh = apr_psprintf(c->pool, "框内只有 %d 像素宽，放大后会模糊", width),
        .en = apr_psprintf(c->pool, "The frame holds only %d px across: enlarged it is not sharp", width),
        .remedy_zh = "把框画大一些，或靠近一些重拍", .remedy_en = "Draw the frame larger, or take the picture from nearer"};
  }
}

gk_error_t *gk_photo_crop(gk_photo_check_t **out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                          const unsigned char *bytes, apr_size_t length, int x, int y, int width, int height,
                          const char *request_id, apr_pool_t *pool)
{
  check_t c = {.plugins = plugins, .profile = profile, .request_id = request_id, .bytes = bytes, .length = length,
               .pool = pool};
  made_t made = {0};
  look_t look;
  gk_image_region_t crop = {x, y, width, height};
  gk_error_t *error = NULL;
  GK_TRY(gk_image_peek(&c.facts, bytes, length, &gk_image_limits, pool));
  if (width <= 0 || height <= 0 || x < 0 || y < 0 || width > c.facts.width_px - x || height > c.facts.height_px - y)
    gk_violation(&error, pool, "/crop", "outside", "裁剪框必须在 %d × %d 像素的照片之内",
                 "The frame must lie inside the picture of %d × %d px", c.facts.width_px, c.facts.height_px);
  else if (fabs((double)width * profile->height_px / ((double)height * profile->width_px) - 1) > 0.01)
    gk_violation(&error, pool, "/crop", "ratio", "裁剪框的宽高比必须是 %d : %d",
                 "The frame's sides must stand to each other as %d : %d", profile->width_px, profile->height_px);
  if (error != NULL)
    return error;
  GK_TRY(look_at_crop(&c, &crop, &made, &look));
  const look_t nothing = {.findings = apr_array_make(pool, 1, sizeof(gk_photo_finding_t))};
  keep_file_findings(&nothing, look.findings);
  say_scale(&c, look.findings, width);
  gk_photo_check_t *check = apr_pcalloc(pool, sizeof(*check));
  check_t cut = c; /* what is told about is the picture that came out */
  cut.bytes = made.bytes;
  cut.length = made.length;
  GK_TRY(gk_image_peek(&cut.facts, made.bytes, made.length, &gk_image_limits, pool));
  check->report = begin_report(&cut);
  check->normalised = made.bytes;
  check->normalised_bytes = made.length;
  report_made(&c, check->report, &made);
  finish(check, look.findings, &look, pool);
  gk_json_set(check->report, "crop", crop_json(&c, &crop, check->verdict));
  *out = check;
  return NULL;
}
