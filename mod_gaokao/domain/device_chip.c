/* domain/device_chip.c: the chip's picture that comes with a card, where a reader's library decoded it: it stands beside the
 * candidate's photo, for whoever compares the two (photo.h). It never costs a reading: what is no picture, or comes when the photo
 * is closed, is left in the reading's raw data. */
#include <string.h>

#include "base/image.h"
#include "domain/device_internal.h"

#define QUALITY 90
#define DPI 300

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static gk_json_t *report_of(int width_px, int height_px, apr_pool_t *pool)
{
  gk_json_t *report = gk_json_object(pool), *picture = gk_json_object(pool);
  gk_json_set_int(picture, "width", width_px);
  gk_json_set_int(picture, "height", height_px);
  gk_json_set_str(report, "verdict", "unchecked");
  gk_json_set(report, "picture", picture);
  gk_json_set(report, "findings", gk_json_array(pool));
  gk_json_set(report, "facts", gk_json_object(pool));
  gk_json_set_null(report, "crop");
  return report;
}

/* Bare rows are ours to encode; a PNG or JPEG is opened by the photo workers, or not at all. */
static gk_error_t *encode(gk_photo_checked_t *out, const gk_device__post_t *post, const unsigned char *bytes, apr_size_t length)
{
  gk_image_t *image;
  if (gk_image_chip(&image, bytes, length, post->pool) != NULL)
    return gk_photo_examine(out, post->act, bytes, length, NULL);
  out->width_px = image->width_px;
  out->height_px = image->height_px;
  return gk_image_jpeg(&out->jpeg, &out->length, image, QUALITY, DPI, post->pool);
}

gk_error_t *gk_device__prepare_chip(const gk_device__post_t *post, gk_device__item_t *item)
{
  apr_size_t length = 0;
  gk_photo_checked_t chip = {NULL};
  const char *text = gk_json_str(item->wish.raw, "chip_photo");
  const unsigned char *bytes = text != NULL ? gk_unbase64url(text, &length, post->pool) : NULL;
  item->photo.verdict = NULL;
  if (bytes == NULL)
    return NULL;
  gk_error_t *error = encode(&chip, post, bytes, length);
  if (error != NULL || chip.jpeg == NULL)
    return error != NULL && gk_device__goes_back(post->act, error) ? error : NULL;
  chip.report = report_of(chip.width_px, chip.height_px, post->pool);
  chip.verdict = "unchecked";
  chip.cut = NULL;
  chip.cut_length = 0;
  item->photo = chip;
  return NULL;
}

gk_error_t *gk_device__keep_chip(const gk_device__post_t *post, gk_device__item_t *item)
{
  gk_photo_t photo;
  const gk_candidate_t *candidate = item->candidate;
  if (item->photo.verdict == NULL || candidate == NULL || item->reading == NULL ||
      (!is(item->reading->verdict, "created") && !is(item->reading->verdict, "verified")) ||
      item->reading->candidate_id != candidate->id || !gk_act_covers(post->act, candidate->org_path) ||
      gk_access_state(GK_ACTION_photo_write, candidate->state, post->pool) != NULL)
    return NULL;
  gk_photo_wish_t wish = {.candidate_id = candidate->id, .source = "chip"};
  return gk_photo_keep(&photo, &item->candidate, post->act, &wish, &item->photo);
}
