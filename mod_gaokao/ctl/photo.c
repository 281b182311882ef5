/* ctl/photo.c: gaokaoctl photo check: says about a picture file what the service would say, and draws it. */
#include <stdio.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "base/image.h"
#include "ctl/ctl.h"
#include "domain/pack.h"
#include "plugin/photo_check.h"

typedef struct colour_t { unsigned char r, g, b; } colour_t;

static const colour_t red = {214, 40, 40}, amber = {230, 140, 0}, green = {20, 150, 60}, blue = {30, 100, 220};

/* ---- drawing ----------------------------------------------------------------------------------------------- */

typedef struct canvas_t {
  gk_image_t *image;
  double scale;            /* pixels of the canvas for one of the file */
  int thick;
} canvas_t;

static void fill(const canvas_t *c, double x, double y, double width, double height, colour_t colour)
{
  for (int v = (int)y; v < y + height; v++)
    for (int u = (int)x; u < x + width; u++)
      if (u >= 0 && v >= 0 && u < c->image->width_px && v < c->image->height_px)
        memcpy(c->image->pixels + c->image->stride_bytes * (apr_size_t)v + (apr_size_t)u * 3, &colour, 3);
}

/* In pixels of the file. */
static void draw_frame(const canvas_t *c, double x, double y, double width, double height, colour_t colour)
{
  double left = x * c->scale, top = y * c->scale, w = width * c->scale, h = height * c->scale;
  fill(c, left, top, w, c->thick, colour);
  fill(c, left, top + h - c->thick, w, c->thick, colour);
  fill(c, left, top, c->thick, h, colour);
  fill(c, left + w - c->thick, top, c->thick, h, colour);
}

static void draw_dashes(const canvas_t *c, double x, double y, double length, bool across, colour_t colour)
{
  for (double at = 0; at < length * c->scale; at += 12)
    fill(c, x * c->scale + (across ? at : 0), y * c->scale + (across ? 0 : at), across ? 7 : c->thick,
         across ? c->thick : 7, colour);
}

static const gk_photo_limit_t *limit_of(const gk_photo_profile_t *profile, const char *name)
{
  for (int i = 0; i < profile->limits->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(profile->limits, i, gk_photo_limit_t).name, name) == 0)
      return &APR_ARRAY_IDX(profile->limits, i, gk_photo_limit_t);
  return NULL;
}

/* Where eyes, hair and cheeks may be, inside the frame that becomes the photo. */
static void draw_bands(const canvas_t *c, const gk_photo_profile_t *profile, double x, double y, double width)
{
  double k = width / profile->width_px;
  const gk_photo_limit_t *eyes = limit_of(profile, "eye-line"), *hair = limit_of(profile, "hair-top"),
                         *cheeks = limit_of(profile, "face-width");
  if (eyes != NULL) {
    draw_dashes(c, x, y + eyes->low * k, width, true, blue);
    draw_dashes(c, x, y + eyes->high * k, width, true, blue);
  }
  if (hair != NULL) {
    draw_dashes(c, x + width / 3, y + hair->low * k, width / 3, true, green);
    draw_dashes(c, x + width / 3, y + hair->high * k, width / 3, true, green);
  }
  for (int side = -1; cheeks != NULL && side <= 1; side += 2) {
    draw_dashes(c, x + width / 2 + side * cheeks->low / 2 * k, y + profile->height_px * 0.45 * k, 60 * k, false, green);
    draw_dashes(c, x + width / 2 + side * cheeks->high / 2 * k, y + profile->height_px * 0.45 * k, 60 * k, false, green);
  }
}

static void draw_report(const canvas_t *c, const gk_photo_profile_t *profile, const gk_photo_check_t *check)
{
  gk_json_t *findings = gk_json_get(check->report, "findings"), *crop = gk_json_get(check->report, "crop");
  const gk_json_t *picture = gk_json_get(check->report, "picture");
  if (gk_json_is_object(crop)) {
    double x = (double)gk_json_int(crop, "x"), y = (double)gk_json_int(crop, "y");
    double width = (double)gk_json_int(crop, "width");
    draw_frame(c, x, y, width, (double)gk_json_int(crop, "height"), green);
    draw_bands(c, profile, x, y, width);
  } else if (gk_json_int(picture, "width") == profile->width_px) {
    draw_bands(c, profile, 0, 0, profile->width_px);
  }
  for (apr_size_t i = gk_json_size(findings); i > 0; i--) { /* the first cause on top */
    const gk_json_t *f = gk_json_at(findings, i - 1);
    const gk_json_t *region = gk_json_get(f, "region");
    gk_photo_word_t word = gk_photo_word_of(gk_json_str(f, "severity"));
    if (gk_json_is_object(region) && word != GK_PHOTO_FINE)
      draw_frame(c, (double)gk_json_int(region, "x"), (double)gk_json_int(region, "y"), (double)gk_json_int(region, "width"),
                 (double)gk_json_int(region, "height"), word == GK_PHOTO_BLOCK ? red : amber);
  }
}

static gk_error_t *write_file(const gk_ctl_t *ctl, const char *path, const unsigned char *bytes, apr_size_t length)
{
  apr_file_t *file;
  apr_status_t status = apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                                      APR_FPROT_UREAD | APR_FPROT_UWRITE, ctl->pool);
  if (status == APR_SUCCESS) {
    status = apr_file_write_full(file, bytes, length, NULL);
    apr_status_t closed = apr_file_close(file);
    status = status != APR_SUCCESS ? status : closed;
  }
  return status == APR_SUCCESS ? NULL
                               : gk_error(ctl->pool, GK_E_CONFIG, "无法写入文件 %s", "File %s can't be written", path);
}

/* The picture the way up a person sees it, with the findings drawn on it. */
static gk_error_t *write_annotated(const gk_ctl_t *ctl, const char *path, const gk_photo_profile_t *profile,
                                   const gk_photo_check_t *check, const unsigned char *bytes, apr_size_t length)
{
  enum { LONGEST = 1280 };
  gk_image_facts_t facts;
  canvas_t canvas = {NULL, 1, 2};
  const unsigned char *png;
  apr_size_t png_length;
  GK_TRY(gk_image_peek(&facts, bytes, length, &gk_image_limits, ctl->pool));
  int side = facts.width_px > facts.height_px ? facts.width_px : facts.height_px;
  canvas.scale = side > LONGEST ? (double)LONGEST / side : 1;
  canvas.thick = side * canvas.scale > 700 ? 3 : 2;
  int width = (int)(facts.width_px * canvas.scale + 0.5), height = (int)(facts.height_px * canvas.scale + 0.5);
  GK_TRY(gk_image_decode(&canvas.image, &facts, bytes, length, &gk_image_limits, NULL, width > 0 ? width : 1,
                         height > 0 ? height : 1, ctl->pool));
  draw_report(&canvas, profile, check);
  GK_TRY(gk_image_png(&png, &png_length, canvas.image, ctl->pool));
  return write_file(ctl, path, png, png_length);
}

/* ---- the command ------------------------------------------------------------------------------------------- */

static gk_error_t *read_file(const gk_ctl_t *ctl, const char *path, const unsigned char **bytes, apr_size_t *length)
{
  apr_file_t *file;
  apr_finfo_t info;
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, ctl->pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file) != APR_SUCCESS || info.filetype != APR_REG)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "无法读取文件 %s", "File %s can't be read", path);
  apr_size_t most = info.size > GK_PHOTO_MAX_BYTES ? GK_PHOTO_MAX_BYTES + 1 : (apr_size_t)info.size;
  unsigned char *all = apr_palloc(ctl->pool, most + 1);
  apr_status_t status = most > 0 ? apr_file_read_full(file, all, most, length) : (*length = 0, APR_SUCCESS);
  apr_file_close(file);
  if (status != APR_SUCCESS)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "无法读取文件 %s", "File %s can't be read", path);
  *bytes = all;
  return NULL;
}

static void say_verdict(const gk_ctl_t *ctl, const gk_photo_check_t *check)
{
  static const char *const zh[] = {"", "合格", "请人工核对", "未能检查，请人工核对", "不合格"};
  static const char *const en[] = {"", "fine", "an operator must look", "not checked, an operator must look", "blocked"};
  gk_json_t *findings = gk_json_get(check->report, "findings"), *crop = gk_json_get(check->report, "crop");
  gk_ctl__say(ctl, "%s", "%s", ctl->chinese ? zh[check->verdict] : en[check->verdict]);
  for (apr_size_t i = 0; i < gk_json_size(findings); i++) {
    const gk_json_t *f = gk_json_at(findings, i);
    const gk_json_t *remedy = gk_json_get(f, "remedy");
    gk_ctl__say(ctl, "  %-9s %-20s %s", "  %-9s %-20s %s", gk_json_str(f, "severity"), gk_json_str(f, "code"),
                gk_json_str(f, ctl->chinese ? "zh" : "en"));
    if (gk_json_is_object(remedy))
      gk_ctl__say(ctl, "  %-30s → %s", "  %-30s → %s", "", gk_json_str(remedy, ctl->chinese ? "zh" : "en"));
  }
  if (gk_json_is_object(crop))
    gk_ctl__say(ctl, "建议裁剪：左 %d 上 %d，%d × %d 像素（%s）", "Proposed crop: left %d, top %d, %d × %d px (%s)",
                (int)gk_json_int(crop, "x"), (int)gk_json_int(crop, "y"), (int)gk_json_int(crop, "width"),
                (int)gk_json_int(crop, "height"), gk_json_str(crop, "verdict"));
}

gk_error_t *gk_ctl_photo_check(gk_ctl_t *ctl)
{
  const unsigned char *bytes = NULL;
  apr_size_t length = 0;
  gk_photo_check_t *check;
  const char *png = gk_ctl__option(ctl, "png"), *jpeg = gk_ctl__option(ctl, "jpeg");
  if (ctl->act.season == NULL)
    return gk_error_plain(ctl->pool, GK_E_NO_SEASON);
  const gk_photo_profile_t *profile = &ctl->act.season->pack->photo;
  GK_TRY(read_file(ctl, gk_ctl__word(ctl, 0), &bytes, &length));
  GK_TRY(gk_photo_check(&check, gk_core_plugins(ctl->core), profile, bytes, length, NULL, "gaokaoctl", ctl->pool));
  say_verdict(ctl, check);
  ctl->fault = check->verdict == GK_PHOTO_BLOCK;
  if (jpeg != NULL && check->normalised != NULL)
    GK_TRY(write_file(ctl, jpeg, check->normalised, check->normalised_bytes));
  /* A file that can't be decoded has no picture to draw on: its finding said so. */
  if (png != NULL && gk_json_size(gk_json_get(check->report, "facts")) > 0)
    GK_TRY(write_annotated(ctl, png, profile, check, bytes, length));
  gk_ctl__result(ctl, check->report);
  return NULL;
}
