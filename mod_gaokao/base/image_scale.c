/* base/image_scale.c: scaling by area, orientation. See image_internal.h. */
#include <math.h>
#include <string.h>

#include "base/image_internal.h"

/* The source pixels under one output column: the first and last count in part. */
typedef struct gk_image_span_t {
  int first, last;
  float first_weight, last_weight;
} gk_image_span_t;

gk_image_t *gk_image_make(int width_px, int height_px, apr_pool_t *pool)
{
  gk_image_t *image = apr_palloc(pool, sizeof(*image));
  image->width_px = width_px;
  image->height_px = height_px;
  image->stride_bytes = (apr_size_t)width_px * 3;
  image->pixels = apr_pcalloc(pool, image->stride_bytes * (apr_size_t)height_px);
  return image;
}

static int within(int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

static void span(gk_image_span_t *out, double from, double to, int limit)
{
  int first = within((int)floor(from), 0, limit - 1), last = within((int)ceil(to) - 1, first, limit - 1);
  out->first = first;
  out->last = last;
  if (first == last) {
    out->first_weight = (float)(to - from);
    out->last_weight = 0;
  } else {
    out->first_weight = (float)(first + 1 - from);
    out->last_weight = (float)(to - last);
  }
}

void gk_image__scaler(gk_image_scaler_t *s, gk_image_t *out, int source_width, int source_height, double left,
                      double top, double width, double height, apr_pool_t *pool)
{
  memset(s, 0, sizeof(*s));
  s->left = left;
  s->top = top;
  s->width = width;
  s->height = height;
  s->out = out;
  s->columns = out->width_px;
  s->rows = out->height_px;
  s->first_row = within((int)floor(top), 0, source_height - 1);
  s->end_row = within((int)ceil(top + height), s->first_row + 1, source_height);
  s->plain = width == s->columns && height == s->rows && left == floor(left) && top == floor(top) &&
             left + width <= source_width && top + height <= source_height;
  if (s->plain)
    return;
  s->spans = apr_palloc(pool, sizeof(gk_image_span_t) * (apr_size_t)s->columns);
  s->line = apr_palloc(pool, sizeof(float) * 3 * (apr_size_t)s->columns);
  s->sum = apr_pcalloc(pool, sizeof(float) * 3 * (apr_size_t)s->columns);
  for (int x = 0; x < s->columns; x++)
    span(&s->spans[x], left + width * x / s->columns, left + width * (x + 1) / s->columns, source_width);
}

/* The source row summed into output columns. */
static void sum_columns(gk_image_scaler_t *s, const unsigned char *row)
{
  for (int x = 0; x < s->columns; x++) {
    const gk_image_span_t *at = &s->spans[x];
    const unsigned char *p = row + (apr_size_t)at->first * 3;
    float r = at->first_weight * p[0], g = at->first_weight * p[1], b = at->first_weight * p[2];
    if (at->last > at->first) {
      unsigned whole_r = 0, whole_g = 0, whole_b = 0;
      p += 3;
      for (int i = at->first + 1; i < at->last; i++, p += 3) {
        whole_r += p[0];
        whole_g += p[1];
        whole_b += p[2];
      }
      r += (float)whole_r + at->last_weight * p[0];
      g += (float)whole_g + at->last_weight * p[1];
      b += (float)whole_b + at->last_weight * p[2];
    }
    s->line[x * 3] = r;
    s->line[x * 3 + 1] = g;
    s->line[x * 3 + 2] = b;
  }
}

static void write_row(gk_image_scaler_t *s)
{
  unsigned char *to = s->out->pixels + s->out->stride_bytes * (apr_size_t)s->row;
  float area = (float)(s->width / s->columns * (s->height / s->rows));
  for (int i = 0; i < s->columns * 3; i++) {
    float value = s->sum[i] / area + 0.5f;
    to[i] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
    s->sum[i] = 0;
  }
  s->row++;
}

void gk_image__scale_row(gk_image_scaler_t *s, int y, const unsigned char *row)
{
  if (y < s->first_row || y >= s->end_row)
    return;
  if (s->plain) {
    memcpy(s->out->pixels + s->out->stride_bytes * (apr_size_t)(y - s->first_row), row + (apr_size_t)s->left * 3,
           (apr_size_t)s->columns * 3);
    return;
  }
  sum_columns(s, row);
  while (s->row < s->rows) {
    double from = s->top + s->height * s->row / s->rows, to = s->top + s->height * (s->row + 1) / s->rows;
    double begin = from > y ? from : y, end = to < y + 1 ? to : y + 1;
    if (end > begin)
      for (int i = 0; i < s->columns * 3; i++)
        s->sum[i] += s->line[i] * (float)(end - begin);
    if (to > y + 1 && y + 1 < s->end_row)
      break;
    write_row(s);
  }
}

/* ---- orientation ------------------------------------------------------------------------------------------- */

/* The stored pixel that is seen at (x, y). `width`, `height`: as stored. */
static void stored_at(int orientation, int width, int height, int x, int y, int *column, int *row)
{
  bool turned = orientation >= 5;
  int u = turned ? y : x, v = turned ? x : y;
  *column = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 ? width - 1 - u : u;
  *row = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 ? height - 1 - v : v;
}

gk_image_region_t gk_image__stored_region(const gk_image_facts_t *facts, const gk_image_region_t *seen)
{
  int x1, y1, x2, y2;
  stored_at(facts->orientation, facts->stored_width_px, facts->stored_height_px, seen->x, seen->y, &x1, &y1);
  stored_at(facts->orientation, facts->stored_width_px, facts->stored_height_px, seen->x + seen->width - 1,
            seen->y + seen->height - 1, &x2, &y2);
  return (gk_image_region_t){x1 < x2 ? x1 : x2, y1 < y2 ? y1 : y2, (x1 < x2 ? x2 - x1 : x1 - x2) + 1,
                             (y1 < y2 ? y2 - y1 : y1 - y2) + 1};
}

gk_image_t *gk_image__orient(gk_image_t *stored, int orientation, apr_pool_t *pool)
{
  if (orientation <= 1)
    return stored;
  bool turned = orientation >= 5;
  gk_image_t *seen = gk_image_make(turned ? stored->height_px : stored->width_px,
                                   turned ? stored->width_px : stored->height_px, pool);
  for (int y = 0; y < seen->height_px; y++) {
    unsigned char *to = seen->pixels + seen->stride_bytes * (apr_size_t)y;
    for (int x = 0; x < seen->width_px; x++, to += 3) {
      int column, row;
      stored_at(orientation, stored->width_px, stored->height_px, x, y, &column, &row);
      memcpy(to, stored->pixels + stored->stride_bytes * (apr_size_t)row + (apr_size_t)column * 3, 3);
    }
  }
  return seen;
}
