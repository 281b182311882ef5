/* ctl/demo_figure.c: the picture that stands for the photos of a demonstration: head and shoulders as on a sign, in the place
 * and on the blue that the profile asks for. It is the same for everybody, and no face detector finds a face in it. */
#include "base/image.h"
#include "crypto/crypto.h"
#include "ctl/demo_load.h"

static void dot(gk_image_t *image, int x, int y, int red, int green, int blue)
{
  unsigned char *at = image->pixels + (apr_size_t)y * image->stride_bytes + (apr_size_t)x * 3;
  at[0] = (unsigned char)red;
  at[1] = (unsigned char)green;
  at[2] = (unsigned char)blue;
}

/* In thousandths of the width, so that it follows the profile's size. */
static bool inside(int x, int y, int cx, int cy, int rx, int ry)
{
  apr_int64_t dx = x - cx, dy = y - cy, a = rx, b = ry;
  return dx * dx * b * b + dy * dy * a * a <= a * a * b * b;
}

gk_error_t *gk_demo_figure(gk_demo_t *demo)
{
  const gk_photo_profile_t *profile = &demo->pack->photo;
  int width = profile->width_px, height = profile->height_px;
  if (width <= 0 || height <= 0)
    return NULL;
  gk_image_t *image = gk_image_make(width, height, demo->pool);
  for (int row = 0; row < height; row++) {
    for (int column = 0; column < width; column++) {
      int x = column * 1000 / width, y = row * 1000 / width;
      if (inside(x, y, 500, 540, 235, 330))
        dot(image, column, row, 246, 248, 250);
      else if (inside(x, y, 500, 1420, 470, 480))
        dot(image, column, row, 58, 84, 122);
      else
        dot(image, column, row, 100, 197, 255);
    }
  }
  GK_TRY(gk_image_jpeg(&demo->figure, &demo->figure_bytes, image, profile->min_quality, profile->dpi, demo->pool));
  demo->figure_digest = gk_sha256_hex(demo->pool, demo->figure, demo->figure_bytes);
  return NULL;
}
