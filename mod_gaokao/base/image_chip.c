/* base/image_chip.c: the photo of an ID card's chip, decoded by the reader's library: rows of blue, green, red, as they are
 * (image.h). */
#include "base/image.h"

#include <string.h>

#define BARE_WIDTH 102
#define BARE_HEIGHT 126
#define HEAD_BYTES 54
#define SIDE_MAX 400

static apr_int64_t four(const unsigned char *at)
{
  return (apr_int64_t)((apr_uint32_t)at[0] | (apr_uint32_t)at[1] << 8 | (apr_uint32_t)at[2] << 16 | (apr_uint32_t)at[3] << 24);
}

static gk_error_t *none(apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  gk_violation(&error, pool, "", "file-type", "不是芯片照片", "This is no picture of a chip");
  return error;
}

/* Rows lie `stride` bytes apart, the last first where `upward`. */
static gk_image_t *turned_round(const unsigned char *rows, apr_size_t stride, int width, int height, bool upward, apr_pool_t *pool)
{
  gk_image_t *image = gk_image_make(width, height, pool);
  for (int y = 0; y < height; y++) {
    const unsigned char *from = rows + stride * (apr_size_t)(upward ? height - 1 - y : y);
    unsigned char *to = image->pixels + image->stride_bytes * (apr_size_t)y;
    for (int x = 0; x < width; x++, from += 3, to += 3) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
    }
  }
  return image;
}

gk_error_t *gk_image_chip(gk_image_t **out, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  if (length == (apr_size_t)BARE_WIDTH * BARE_HEIGHT * 3) {
    *out = turned_round(bytes, (apr_size_t)BARE_WIDTH * 3, BARE_WIDTH, BARE_HEIGHT, false, pool);
    return NULL;
  }
  if (length < HEAD_BYTES || memcmp(bytes, "BM", 2) != 0)
    return none(pool);
  apr_int64_t from = four(bytes + 10), width = four(bytes + 18), height = (apr_int32_t)four(bytes + 22);
  bool upward = height > 0;
  int bits = bytes[28] | bytes[29] << 8;
  height = upward ? height : -height;
  if (bits != 24 || four(bytes + 30) != 0 || width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX || from < HEAD_BYTES)
    return none(pool);
  apr_int64_t stride = (width * 3 + 3) / 4 * 4;
  if (from + stride * height > (apr_int64_t)length)
    return none(pool);
  *out = turned_round(bytes + from, (apr_size_t)stride, (int)width, (int)height, upward, pool);
  return NULL;
}
