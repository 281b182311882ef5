/* plugins/photo.h: what the photo plugins share: reading facts and limits, and saying what was measured. All inline: a
 * plugin stays one file with one exported function. */
#ifndef PHOTO_H
#define PHOTO_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "gaokao_plugin.h"

typedef struct photo_region_t { double x, y, width, height; } photo_region_t;

/* The words for one measure. `low` and `high`: what is wrong on that side; NULL where it can't be. */
typedef struct photo_words_t {
  const char *code;              /* of the finding, the limit and the fact */
  const char *label_zh, *label_en;
  const char *low_zh, *low_en, *high_zh, *high_en;
  const char *low_remedy_zh, *low_remedy_en, *high_remedy_zh, *high_remedy_en;
  int digits;                    /* after the point */
} photo_words_t;

/* One call of inspect(). */
typedef struct photo_call_t {
  const gaokao_picture_t *picture;
  const gaokao_photo_sink_t *sink;
  apr_pool_t *pool;
} photo_call_t;

static inline bool photo_fact(const photo_call_t *c, const char *name, double *value)
{
  for (apr_uint32_t i = c->picture->n_facts; i > 0; i--)
    if (strcmp(c->picture->facts[i - 1].name, name) == 0) {
      *value = c->picture->facts[i - 1].value;
      return true;
    }
  return false;
}

/* 0 when nobody said it. */
static inline double photo_number(const photo_call_t *c, const char *name)
{
  double value = 0;
  photo_fact(c, name, &value);
  return value;
}

static inline void photo_tell(const photo_call_t *c, const char *name, const char *unit, double value)
{
  gaokao_number_t fact = {name, unit, value};
  c->sink->fact(c->sink->context, &fact);
}

static inline const gaokao_limit_t *photo_limit(const photo_call_t *c, const char *name)
{
  for (apr_uint32_t i = 0; i < c->picture->n_limits; i++)
    if (strcmp(c->picture->limits[i].name, name) == 0)
      return &c->picture->limits[i];
  return NULL;
}

/* 0 where the profile says nothing about it. */
static inline apr_uint32_t photo_severity(const gaokao_limit_t *limit, double value)
{
  if (limit == NULL)
    return 0;
  if (value < limit->low || value > limit->high)
    return limit->blocks != 0 ? GAOKAO_BLOCK : GAOKAO_LOOK;
  return value < limit->look_low || value > limit->look_high ? GAOKAO_LOOK : GAOKAO_FINE;
}

/* A region kept inside the picture; none when it lies outside. */
static inline void photo_place_region(const photo_call_t *c, gaokao_finding_t *finding, const photo_region_t *region)
{
  if (region == NULL)
    return;
  double right = fmin(region->x + region->width, c->picture->width_px);
  double bottom = fmin(region->y + region->height, c->picture->height_px);
  finding->x = (apr_int32_t)fmax(region->x, 0);
  finding->y = (apr_int32_t)fmax(region->y, 0);
  finding->width = (apr_int32_t)right - finding->x;
  finding->height = (apr_int32_t)bottom - finding->y;
  if (finding->width > 0 && finding->height > 0)
    finding->has |= GAOKAO_HAS_REGION;
}

/* A finding in words of its own. */
static inline void photo_say(const photo_call_t *c, apr_uint32_t severity, const char *code,
                             const photo_region_t *region, const char *zh, const char *en, const char *remedy_zh,
                             const char *remedy_en)
{
  gaokao_finding_t finding = {.size = sizeof(finding), .severity = severity, .code = code, .zh = zh, .en = en,
                              .remedy_zh = remedy_zh, .remedy_en = remedy_en};
  photo_place_region(c, &finding, region);
  c->sink->finding(c->sink->context, &finding);
}

static inline const char *photo_range(const photo_call_t *c, const gaokao_finding_t *f, int digits, bool zh)
{
  bool open = f->high >= 100000; /* no upper limit is meant */
  if (open)
    return apr_psprintf(c->pool, zh ? "不低于 %.*f" : "at least %.*f", digits, f->low);
  if (f->low == 0)
    return apr_psprintf(c->pool, zh ? "不超过 %.*f" : "at most %.*f", digits, f->high);
  return apr_psprintf(c->pool, zh ? " %.*f 至 %.*f" : "%.*f to %.*f", digits, f->low, digits, f->high);
}

/* Tells a measure as a fact, and as a finding where the profile has a limit for it. Returns its severity, 0 without. */
static inline apr_uint32_t photo_judge(const photo_call_t *c, const photo_words_t *w, double value,
                                       const photo_region_t *region)
{
  const gaokao_limit_t *limit = photo_limit(c, w->code);
  apr_uint32_t severity = photo_severity(limit, value);
  photo_tell(c, w->code, limit != NULL ? limit->unit : "", value);
  if (severity == 0)
    return 0;
  /* An operator is shown the range in which nobody would have to look, a blocked person the one that is allowed. */
  bool hard = severity == GAOKAO_BLOCK;
  gaokao_finding_t f = {.size = sizeof(f), .severity = severity, .code = w->code, .unit = limit->unit,
                        .has = GAOKAO_HAS_MEASURED | GAOKAO_HAS_LOW | GAOKAO_HAS_HIGH, .measured = value,
                        .low = hard ? limit->low : limit->look_low, .high = hard ? limit->high : limit->look_high};
  bool low = value < f.low;
  const char *zh = severity == GAOKAO_FINE ? NULL : low ? w->low_zh : w->high_zh;
  const char *en = severity == GAOKAO_FINE ? NULL : low ? w->low_en : w->high_en;
  const char *numbers_zh = apr_psprintf(c->pool, "%s %.*f，要求%s", w->label_zh, w->digits, value,
                                        photo_range(c, &f, w->digits, true));
  const char *numbers_en = apr_psprintf(c->pool, "%s %.*f, required %s", w->label_en, w->digits, value,
                                        photo_range(c, &f, w->digits, false));
  f.zh = zh != NULL ? apr_psprintf(c->pool, "%s（%s）", zh, numbers_zh) : numbers_zh;
  f.en = en != NULL ? apr_psprintf(c->pool, "%s (%s)", en, numbers_en) : numbers_en;
  if (severity != GAOKAO_FINE) {
    f.remedy_zh = low ? w->low_remedy_zh : w->high_remedy_zh;
    f.remedy_en = low ? w->low_remedy_en : w->high_remedy_en;
  }
  photo_place_region(c, &f, region);
  c->sink->finding(c->sink->context, &f);
  return severity;
}

static inline const unsigned char *photo_pixel(const gaokao_picture_t *p, int x, int y)
{
  return p->pixels + (apr_size_t)y * p->stride_bytes + (apr_size_t)x * 3;
}

static inline double photo_luma(const unsigned char *rgb)
{
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

/* Is the picture what would be stored, or one from which a crop is to be taken? */
static inline bool photo_final(const gaokao_picture_t *p)
{
  return p->width_px == p->profile_width_px && p->height_px == p->profile_height_px;
}

#endif
