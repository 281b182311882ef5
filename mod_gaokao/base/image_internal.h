/* base/image_internal.h: what the files of image.h share. */
#ifndef GK_BASE_IMAGE_INTERNAL_H
#define GK_BASE_IMAGE_INTERNAL_H

#include "base/image.h"

/* INVALID with one violation of that code, whose sentences end with `what`. */
gk_error_t *gk_image__refuse(apr_pool_t *pool, const char *code, const char *zh, const char *en);

/* Scales rows that stream by. The source rectangle may lie between pixels. */
typedef struct gk_image_scaler_t {
  double left, top, width, height;  /* in source pixels */
  int columns, rows;                /* of the output */
  int first_row, end_row;           /* source rows that count */
  int row;                          /* of the output, being summed */
  bool plain;                       /* one to one: rows are copied */
  struct gk_image_span_t *spans;    /* of source pixels, one a column */
  float *line, *sum;                /* 3 * columns */
  gk_image_t *out;
} gk_image_scaler_t;

void gk_image__scaler(gk_image_scaler_t *scaler, gk_image_t *out, int source_width, int source_height, double left,
                      double top, double width, double height, apr_pool_t *pool);
/* Takes source row `y` (RGB). Rows come in order; those outside are ignored. */
void gk_image__scale_row(gk_image_scaler_t *scaler, int y, const unsigned char *row);

/* Where a rectangle as seen lies in the stored picture, and a small stored picture turned to be seen. */
gk_image_region_t gk_image__stored_region(const gk_image_facts_t *facts, const gk_image_region_t *seen);
gk_image_t *gk_image__orient(gk_image_t *stored, int orientation, apr_pool_t *pool);

/* Sum of the standard luminance table at a quality, as libjpeg scales it. */
int gk_image__table_sum(int quality);

#endif
