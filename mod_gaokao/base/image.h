/* base/image.h: pictures, the only door to libpng and libjpeg. Bounded and strict: what a file claims is compared
 * with the limits before anything is allocated for it, and a file that is cut off or damaged anywhere is refused
 * as a whole. Pixels come as RGB in the way up a person sees them (EXIF orientation applied, transparency laid on
 * white). No state is kept: any number of threads may decode at once.
 *
 * A picture that is refused gives INVALID with one violation whose code says why: file-empty, file-type (not a
 * PNG or JPEG), file-broken, file-animated, file-colour (CMYK), file-huge.
 */
#ifndef GK_BASE_IMAGE_H
#define GK_BASE_IMAGE_H

#include <stdbool.h>
#include <apr_pools.h>
#include "base/error.h"

typedef struct gk_image_limits_t {
  apr_int64_t max_bytes;         /* of the file */
  apr_int64_t max_pixels;
  int max_side_px;
  apr_int64_t max_decoded_bytes; /* width * height * channels * depth / 8 */
  apr_int64_t max_whole_pixels;  /* of interlaced and progressive files, which have to be held whole */
  int max_scans;                 /* of a progressive file */
  apr_int64_t max_scan_pixels;   /* scans * pixels: the work a small file can ask for */
} gk_image_limits_t;

/* 8 MB, 24 MP, side 8,000, 96 MB decoded, 12 MP when held whole, 100 scans. */
extern const gk_image_limits_t gk_image_limits;

typedef enum gk_image_format_t { GK_IMAGE_PNG = 1, GK_IMAGE_JPEG = 2 } gk_image_format_t;

/* What a file says about itself. */
typedef struct gk_image_facts_t {
  gk_image_format_t format;
  const char *media_type;        /* "image/jpeg" */
  int width_px, height_px;       /* way up as seen: orientation applied */
  int stored_width_px, stored_height_px;
  int orientation;               /* EXIF, 1 to 8; 1 where it says nothing or nonsense */
  int channels, depth_bits;      /* as stored */
  int dpi;                       /* 0: not said */
  int quality;                   /* JPEG: as libjpeg counts, from its luminance table; else 0 */
  int scans;                     /* JPEG */
  bool interlaced;               /* or progressive */
  bool palette, alpha, grey, metadata;
  apr_int64_t trailing_bytes;    /* after the picture's end */
} gk_image_facts_t;

/* A rectangle in pixels of the picture as seen. */
typedef struct gk_image_region_t { int x, y, width, height; } gk_image_region_t;

typedef struct gk_image_t {
  int width_px, height_px;
  apr_size_t stride_bytes;       /* 3 * width_px */
  unsigned char *pixels;         /* RGB */
} gk_image_t;

/* Reads the headers and walks over the whole file without decoding. Allocates nothing that depends on it. */
gk_error_t *gk_image_peek(gk_image_facts_t *facts, const unsigned char *bytes, apr_size_t length,
                          const gk_image_limits_t *limits, apr_pool_t *pool);

/* Decodes `region` (NULL: all) of a file that was peeked and scales it by area to width_px x height_px as it streams
 * by. Enlarging is by the nearest pixels' mean. */
gk_error_t *gk_image_decode(gk_image_t **out, const gk_image_facts_t *facts, const unsigned char *bytes,
                            apr_size_t length, const gk_image_limits_t *limits, const gk_image_region_t *region,
                            int width_px, int height_px, apr_pool_t *pool);

/* Our own JPEG: baseline, 4:2:0, with dpi and nothing else. */
gk_error_t *gk_image_jpeg(const unsigned char **bytes, apr_size_t *length, const gk_image_t *image, int quality,
                          int dpi, apr_pool_t *pool);
/* The best quality from min_quality to 95 whose file has at most max_bytes; *quality 0 and the file at min_quality
 * when even that is larger. */
gk_error_t *gk_image_jpeg_fit(const unsigned char **bytes, apr_size_t *length, int *quality, const gk_image_t *image,
                              int min_quality, apr_size_t max_bytes, int dpi, apr_pool_t *pool);
/* A PNG, for annotated pictures and tests. */
gk_error_t *gk_image_png(const unsigned char **bytes, apr_size_t *length, const gk_image_t *image, apr_pool_t *pool);

/* The picture of an ID card's chip as card readers' libraries give it: a bitmap (24 bit, not packed, at most 400 px a side), or the
 * 38,556 bytes of blue, green, red of 102 x 126 px, from the top. INVALID for everything else. (image_chip.c) */
gk_error_t *gk_image_chip(gk_image_t **out, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool);

/* An empty (black) one. */
gk_image_t *gk_image_make(int width_px, int height_px, apr_pool_t *pool);

#endif
