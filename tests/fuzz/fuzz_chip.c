/* The picture of a card's chip, from a reader's library and so from strangers. What is accepted is a bitmap or bare rows of
 * the size it says, reads nothing beyond its bytes, and becomes our own JPEG of that size. */
#include "fuzz/gk_fuzz.h"

#include "base/image.h"

static const gk_image_limits_t limits = {200000, 250000, 2000, 1000000, 100000, 20, 1000000};

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_image_t *image = NULL;
  unsigned char *bytes = malloc(length > 0 ? length : 1); /* exactly as long: reads beyond it are seen */
  memcpy(bytes, text, length);
  if (gk_image_chip(&image, bytes, length, pool) == NULL) {
    const unsigned char *jpeg;
    apr_size_t jpeg_length;
    gk_image_facts_t ours;
    GK_FUZZ_HOLDS(image->width_px >= 1 && image->width_px <= 400 && image->height_px >= 1 && image->height_px <= 400);
    GK_FUZZ_HOLDS((apr_size_t)image->width_px * 3 * (apr_size_t)image->height_px <= length);
    GK_FUZZ_HOLDS(gk_image_jpeg(&jpeg, &jpeg_length, image, 80, 300, pool) == NULL);
    GK_FUZZ_HOLDS(gk_image_peek(&ours, jpeg, jpeg_length, &limits, pool) == NULL);
    GK_FUZZ_HOLDS(ours.width_px == image->width_px && ours.height_px == image->height_px && !ours.metadata);
  } else
    GK_FUZZ_HOLDS(image == NULL);
  free(bytes);
}
