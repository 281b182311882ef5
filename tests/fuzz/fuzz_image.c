/* Pictures from strangers: peeked, decoded whole and in part. What is accepted has the size its header said, within the limits,
 * and our own encoding of it is accepted again. */
#include "fuzz/gk_fuzz.h"

#include "base/image.h"

/* Small enough that a run gets through many. */
static const gk_image_limits_t small = {200000, 250000, 2000, 1000000, 100000, 20, 1000000};

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image = NULL, *part = NULL;
  unsigned char *bytes = malloc(length > 0 ? length : 1); /* exactly as long: reads beyond it are seen */
  memcpy(bytes, text, length);
  if (gk_image_peek(&facts, bytes, length, &small, pool) == NULL) {
    GK_FUZZ_HOLDS(facts.width_px > 0 && facts.height_px > 0 && facts.width_px <= small.max_side_px);
    GK_FUZZ_HOLDS((apr_int64_t)facts.width_px * facts.height_px <= small.max_pixels);
    gk_image_region_t corner = {facts.width_px / 3, facts.height_px / 3, (facts.width_px + 2) / 3, (facts.height_px + 2) / 3};
    gk_image_decode(&part, &facts, bytes, length, &small, &corner, 20, 30, pool);
    if (gk_image_decode(&image, &facts, bytes, length, &small, NULL, 50, 40, pool) == NULL) {
      const unsigned char *again;
      apr_size_t again_length;
      gk_image_facts_t ours;
      GK_FUZZ_HOLDS(part != NULL);
      GK_FUZZ_HOLDS(gk_image_jpeg(&again, &again_length, image, 80, 300, pool) == NULL);
      GK_FUZZ_HOLDS(gk_image_peek(&ours, again, again_length, &small, pool) == NULL);
      GK_FUZZ_HOLDS(ours.width_px == 50 && ours.height_px == 40 && !ours.metadata && ours.trailing_bytes == 0);
      GK_FUZZ_HOLDS(gk_image_decode(&image, &ours, again, again_length, &small, NULL, 50, 40, pool) == NULL);
    }
  }
  free(bytes);
}
