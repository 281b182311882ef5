/* plugins/photo_colour.h: colours as people see them (CIELAB, D65), and the background of a picture. See photo.h. */
#ifndef PHOTO_COLOUR_H
#define PHOTO_COLOUR_H

#include "photo.h"

typedef struct photo_lab_t { double l, a, b; } photo_lab_t;

/* sRGB to linear, 0 to 1. */
typedef struct photo_light_t { double linear[256]; } photo_light_t;

static inline void photo_light(photo_light_t *light)
{
  for (int i = 0; i < 256; i++) {
    double v = i / 255.0;
    light->linear[i] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
  }
}

static inline double photo_lab_curve(double t)
{
  return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

static inline photo_lab_t photo_lab(const photo_light_t *light, const unsigned char *rgb)
{
  double r = light->linear[rgb[0]], g = light->linear[rgb[1]], b = light->linear[rgb[2]];
  double x = photo_lab_curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  double y = photo_lab_curve(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
  double z = photo_lab_curve((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
  return (photo_lab_t){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static inline double photo_distance(photo_lab_t p, photo_lab_t q)
{
  return sqrt((p.l - q.l) * (p.l - q.l) + (p.a - q.a) * (p.a - q.a) + (p.b - q.b) * (p.b - q.b));
}

static inline int photo_by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Sorts. `part` of 1: 0.5 is the median. */
static inline double photo_quantile(double *values, int count, double part)
{
  if (count == 0)
    return 0;
  qsort(values, (size_t)count, sizeof(*values), photo_by_value);
  int at = (int)(part * (count - 1) + 0.5);
  return values[at];
}

/* Where background must be: the outer tenth on both sides down to 55 %, and the top 5 %. */
typedef struct photo_background_t {
  photo_lab_t colour;      /* median */
  double spread;           /* 95 of 100 pixels are nearer to it than this */
  double share;            /* of pixels that are clearly something else */
  int worst;               /* the strip with most of them: 0 left, 1 right, 2 top */
} photo_background_t;

#define PHOTO_OTHER_COLOUR 12.0 /* clearly another colour, in dE */

static inline photo_region_t photo_strip(const gaokao_picture_t *p, int which)
{
  double w = p->width_px, h = p->height_px;
  if (which == 2)
    return (photo_region_t){0, 0, w, floor(h * 0.05)};
  return (photo_region_t){which == 0 ? 0 : w - floor(w * 0.1), 0, floor(w * 0.1), floor(h * 0.55)};
}

static inline bool photo_background(const photo_call_t *c, const photo_light_t *light, photo_background_t *out)
{
  enum { STEP = 2 };
  const gaokao_picture_t *p = c->picture;
  int room = (int)(p->width_px * p->height_px / (STEP * STEP) / 3 + 1000), count = 0;
  photo_lab_t *labs = apr_palloc(c->pool, sizeof(*labs) * (apr_size_t)room);
  double *values = apr_palloc(c->pool, sizeof(*values) * (apr_size_t)room);
  int ends[3];
  for (int s = 0; s < 3; s++) {
    photo_region_t strip = photo_strip(p, s);
    for (int y = (int)strip.y; y < strip.y + strip.height; y += STEP)
      for (int x = (int)strip.x; x < strip.x + strip.width && count < room; x += STEP)
        labs[count++] = photo_lab(light, photo_pixel(p, x, y));
    ends[s] = count;
  }
  if (count < 100)
    return false;
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < count; i++)
      values[i] = k == 0 ? labs[i].l : k == 1 ? labs[i].a : labs[i].b;
    double median = photo_quantile(values, count, 0.5);
    *(k == 0 ? &out->colour.l : k == 1 ? &out->colour.a : &out->colour.b) = median;
  }
  int others = 0, most = -1;
  for (int s = 0, i = 0; s < 3; s++) {
    int begin = i, other = 0;
    for (; i < ends[s]; i++) {
      values[i] = photo_distance(labs[i], out->colour);
      other += values[i] > PHOTO_OTHER_COLOUR;
    }
    others += other;
    int part = i > begin ? other * 1000 / (i - begin) : 0;
    if (part > most) {
      most = part;
      out->worst = s;
    }
  }
  out->share = (double)others / count;
  out->spread = photo_quantile(values, count, 0.95);
  return true;
}

#endif
