/* photo_place: where the face stands in the picture, by the profile's limits, and the crop that would put it right. Needs
 * the points of photo_face. A picture of the profile's size is judged as it is; from any other one a crop is proposed, or it
 * is said what is missing for one. Nothing is turned, mirrored, padded or retouched: the rule forbids it. Facts:
 * place-checked, eye-line, face-width, centre, hair-top, scale, missing-top, -bottom, -left, -right. */
#include "photo_colour.h"

typedef struct place_t {
  const gaokao_host_t *host;
  photo_light_t light;
} place_t;

/* Sizes of the national rule's picture, 480 x 640: others in proportion. From photo.md: they lie inside every limit. */
#define IDEAL_HEAD (185.0 / 640)   /* eyes to chin */
#define IDEAL_EYES (280.0 / 640)   /* from the top */
#define CROWN 1.15                 /* hair begins so many head heights above the eyes, where it can't be seen */

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  place_t *place = apr_pcalloc(pool, sizeof(*place));
  place->host = host;
  photo_light(&place->light);
  *instance = place;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"measures", "eye-line face-width centre hair-top scale"}};
  (void)instance;
  (void)call;
  facts->n_facts = 1;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  return NULL;
}

/* ---- words ------------------------------------------------------------------------------------------------- */

#define REFRAME_ZH "请按绿框重新裁剪；没有绿框时请重拍"
#define REFRAME_EN "Take the green frame; where there is none, take it again"

static const photo_words_t eye_words = {
    .code = "eye-line", .label_zh = "眼睛距上边像素", .label_en = "eyes from the top in px",
    .low_zh = "眼睛位置偏高", .low_en = "The eyes stand too high", .high_zh = "眼睛位置偏低", .high_en = "The eyes stand too low",
    .low_remedy_zh = REFRAME_ZH, .low_remedy_en = REFRAME_EN, .high_remedy_zh = REFRAME_ZH, .high_remedy_en = REFRAME_EN};
static const photo_words_t width_words = {
    .code = "face-width", .label_zh = "脸宽像素", .label_en = "width of the face in px",
    .low_zh = "人像太小", .low_en = "The face is too small", .high_zh = "人像太大", .high_en = "The face is too large",
    .low_remedy_zh = "请按绿框重新裁剪；没有绿框时请站近一些重拍",
    .low_remedy_en = "Take the green frame; where there is none, take it again from nearer",
    .high_remedy_zh = "请站远一些重拍", .high_remedy_en = "Step back and take it again"};
static const photo_words_t centre_words = {
    .code = "centre", .label_zh = "偏离中线像素", .label_en = "distance from the middle in px",
    .low_zh = "人像偏左", .low_en = "The face stands too far left",
    .high_zh = "人像偏右", .high_en = "The face stands too far right",
    .low_remedy_zh = REFRAME_ZH, .low_remedy_en = REFRAME_EN, .high_remedy_zh = REFRAME_ZH, .high_remedy_en = REFRAME_EN};
static const photo_words_t hair_words = {
    .code = "hair-top", .label_zh = "头顶距上边像素", .label_en = "hair from the top in px",
    .low_zh = "头顶离上边太近", .low_en = "The hair is too near to the top",
    .high_zh = "头顶离上边太远", .high_en = "There is too much room above the hair",
    .low_remedy_zh = REFRAME_ZH, .low_remedy_en = REFRAME_EN, .high_remedy_zh = REFRAME_ZH, .high_remedy_en = REFRAME_EN};
static const photo_words_t scale_words = {
    .code = "scale", .label_zh = "裁剪后的放大余量", .label_en = "pixels for each one of the crop", .digits = 2,
    .low_zh = "人像在照片中太小，裁剪后不清晰", .low_en = "The face is so small in the picture that a crop lacks detail",
    .low_remedy_zh = "请站近一些，或用更高的分辨率拍照", .low_remedy_en = "Come nearer, or take it with more pixels"};

/* ---- the head ---------------------------------------------------------------------------------------------- */

typedef struct head_t {
  double x, y;           /* between the eyes */
  double height;         /* to the chin */
  double width;          /* from cheek to cheek */
  double hair;           /* y of the hair's top */
} head_t;

/* The first row that isn't background in the middle third around the head: 15 of 100 pixels. The background is what
 * stands on both sides above the shoulders. */
static double find_hair(const photo_call_t *c, const photo_light_t *light, const head_t *h)
{
  enum { STEP = 3, MOST = 6000 };
  const gaokao_picture_t *p = c->picture;
  double fallback = h->y - CROWN * h->height;
  double *values = apr_palloc(c->pool, sizeof(double) * MOST * 4);
  int count = 0, reach = (int)(h->height / 10) + 1;
  int low = (int)fmax(h->y - 1.5 * h->height, 0), high = (int)fmax(h->y, 0), left = (int)(h->x - 1.3 * h->height),
      right = (int)(h->x + 1.3 * h->height);
  left = left < 0 ? 0 : left;
  right = right > (int)p->width_px - reach ? (int)p->width_px - reach : right;
  for (int y = low; y < high; y += STEP)
    for (int x = 0; x < reach && count < MOST; x += STEP)
      for (int side = 0; side < 2 && count < MOST; side++) {
        int at = (side == 0 ? left : right) + x;
        if (at < 0 || at >= (int)p->width_px)
          continue;
        photo_lab_t lab = photo_lab(light, photo_pixel(p, at, y));
        values[count] = lab.l;
        values[MOST + count] = lab.a;
        values[2 * MOST + count++] = lab.b;
      }
  if (count < 20)
    return fallback;
  photo_lab_t background = {photo_quantile(values, count, 0.5), photo_quantile(values + MOST, count, 0.5),
                            photo_quantile(values + 2 * MOST, count, 0.5)};
  double third = p->profile_width_px / 6.0 * h->height / (IDEAL_HEAD * p->profile_height_px);
  for (int y = (int)fmax(h->y - 2 * h->height, 0); y < h->y - 0.5 * h->height; y++) {
    int others = 0, all = 0;
    for (int x = (int)fmax(h->x - third, 0); x < h->x + third && x < (int)p->width_px; x += STEP, all++)
      others += photo_distance(photo_lab(light, photo_pixel(p, x, y)), background) > PHOTO_OTHER_COLOUR;
    if (all > 0 && others * 100 >= all * 15)
      return y <= low && y > 0 ? fallback : y; /* other colours begin above any hair: the background isn't plain */
  }
  return fallback;
}

static bool read_head(const photo_call_t *c, const photo_light_t *light, head_t *h)
{
  double points = 0;
  if (!photo_fact(c, "face-points", &points) || points == 0)
    return false;
  h->x = (photo_number(c, "eye-right-x") + photo_number(c, "eye-left-x")) / 2;
  h->y = (photo_number(c, "eye-right-y") + photo_number(c, "eye-left-y")) / 2;
  h->height = photo_number(c, "head-height");
  h->width = fabs(photo_number(c, "cheek-left-x") - photo_number(c, "cheek-right-x"));
  if (h->height < 8 || h->width < 8)
    return false;
  h->hair = find_hair(c, light, h);
  return true;
}

/* ---- crops ------------------------------------------------------------------------------------------------- */

/* The measures a crop would have. */
typedef struct try_t {
  double head;                       /* eyes to chin in the crop */
  double eye, width, centre, hair;   /* in pixels of the crop */
  double left, top, wide, high;      /* the window in the picture */
} try_t;

static void window_of(const gaokao_picture_t *p, const head_t *h, try_t *t)
{
  double k = h->height / t->head; /* pixels of the picture for one of the crop */
  t->width = h->width / k;
  t->hair = t->eye - (h->y - h->hair) / k;
  t->wide = p->profile_width_px * k;
  t->high = p->profile_height_px * k;
  t->left = h->x - (p->profile_width_px / 2.0 + t->centre) * k;
  t->top = h->y - t->eye * k;
}

/* 0 inside the range where nobody looks, up to 1 at the limit that blocks, more beyond. */
static double strain(const gaokao_limit_t *limit, double value)
{
  if (limit == NULL || (value >= limit->look_low && value <= limit->look_high))
    return 0;
  double room = value < limit->look_low ? limit->look_low - limit->low : limit->high - limit->look_high;
  double over = value < limit->look_low ? limit->look_low - value : value - limit->look_high;
  return over / fmax(room, 1);
}

typedef struct search_t {
  const gaokao_limit_t *eye, *width, *centre, *hair;
  try_t best;                /* the one that costs least inside the picture */
  double cost;               /* < 0: none */
  try_t nearest;             /* the one that lacks least */
  double lacking;            /* < 0: none */
} search_t;

static bool allowed(const gaokao_limit_t *limit, double value)
{
  return limit == NULL || limit->blocks == 0 || (value >= limit->low && value <= limit->high);
}

static void weigh(const photo_call_t *c, search_t *s, const try_t *t)
{
  const gaokao_picture_t *p = c->picture;
  if (!allowed(s->width, t->width) || !allowed(s->hair, t->hair))
    return;
  double outside = fmax(-t->left, 0) + fmax(-t->top, 0) + fmax(t->left + t->wide - p->width_px, 0) +
                   fmax(t->top + t->high - p->height_px, 0);
  double height = p->profile_height_px, width = p->profile_width_px;
  double cost = 10 * (strain(s->eye, t->eye) + strain(s->width, t->width) + strain(s->centre, t->centre) +
                      strain(s->hair, t->hair)) +
                fabs(t->eye / height - IDEAL_EYES) * 6 + fabs(t->head / height - IDEAL_HEAD) * 12 +
                fabs(t->centre) / width * 8;
  if (outside < 0.5 && (s->cost < 0 || cost < s->cost)) {
    s->cost = cost;
    s->best = *t;
  }
  if (s->lacking < 0 || outside + cost < s->lacking) {
    s->lacking = outside + cost;
    s->nearest = *t;
  }
}

/* Tries all heads, eye lines and centres within the limits. */
static void search(const photo_call_t *c, const head_t *h, search_t *s)
{
  enum { HEADS = 41, LINES = 41, CENTRES = 13 };
  const gaokao_picture_t *p = c->picture;
  double height = p->profile_height_px;
  s->eye = photo_limit(c, "eye-line");
  s->width = photo_limit(c, "face-width");
  s->centre = photo_limit(c, "centre");
  s->hair = photo_limit(c, "hair-top");
  s->cost = s->lacking = -1;
  /* A little inside: the crop is rounded to whole pixels, and measured again. */
  double eye_low = s->eye != NULL ? s->eye->low + 4 : IDEAL_EYES * height;
  double eye_high = s->eye != NULL ? s->eye->high - 4 : IDEAL_EYES * height;
  double middle = s->centre != NULL ? fmax(fmin(s->centre->high, -s->centre->low) - 6, 0) : 0;
  for (int i = 0; i < HEADS; i++)
    for (int j = 0; j < LINES; j++)
      for (int k = 0; k < CENTRES; k++) {
        try_t t = {.head = IDEAL_HEAD * height * (0.7 + 0.6 * i / (HEADS - 1)),
                   .eye = eye_low + (eye_high - eye_low) * j / (LINES - 1),
                   .centre = middle * (2.0 * k / (CENTRES - 1) - 1)};
        window_of(p, h, &t);
        weigh(c, s, &t);
      }
}

static void propose(const photo_call_t *c, const try_t *t)
{
  const gaokao_picture_t *p = c->picture;
  gaokao_crop_t crop = {.size = sizeof(crop)};
  crop.width = (apr_int32_t)fmin(floor(t->wide + 0.5), p->width_px);
  crop.height = (apr_int32_t)fmin(floor(t->high + 0.5), p->height_px);
  crop.x = (apr_int32_t)fmax(fmin(floor(t->left + 0.5), (double)p->width_px - crop.width), 0);
  crop.y = (apr_int32_t)fmax(fmin(floor(t->top + 0.5), (double)p->height_px - crop.height), 0);
  if (crop.width > 0 && crop.height > 0)
    c->sink->crop(c->sink->context, &crop);
}

/* What the best window lacks on each side, in pixels of the file. */
static void say_no_room(const photo_call_t *c, const try_t *t, double work)
{
  static const struct { const char *name, *zh, *en; } sides[4] = {
      {"missing-top", "上方", "above"}, {"missing-bottom", "下方", "below"}, {"missing-left", "左侧", "on the left"},
      {"missing-right", "右侧", "on the right"}};
  double missing[4] = {-t->top, t->top + t->high - c->picture->height_px, -t->left, t->left + t->wide - c->picture->width_px};
  const char *zh = "", *en = "";
  for (int i = 0; i < 4; i++) {
    int pixels = (int)ceil(missing[i] * work - 0.01);
    if (pixels <= 0)
      continue;
    photo_tell(c, sides[i].name, "px", pixels);
    zh = apr_psprintf(c->pool, "%s%s%s缺 %d 像素", zh, zh[0] != '\0' ? "，" : "", sides[i].zh, pixels);
    en = apr_psprintf(c->pool, "%s%s%d px %s", en, en[0] != '\0' ? ", " : "", pixels, sides[i].en);
  }
  bool beside = missing[2] > 0 && missing[3] > 0, upright = missing[0] > 0 && missing[1] > 0;
  const char *how_zh = beside || upright ? "请站远一些，让头部四周留出空间后重拍"
                       : missing[0] > 0  ? "请把镜头抬高一些，或站远一些重拍"
                       : missing[1] > 0  ? "请把镜头放低一些，或站远一些重拍"
                       : missing[2] > 0  ? "请把镜头向左移，或站远一些重拍"
                                         : "请把镜头向右移，或站远一些重拍";
  const char *how_en = beside || upright ? "Step back, so that there is room on all sides of the head, and take it again"
                       : missing[0] > 0  ? "Aim the camera higher, or step back, and take it again"
                       : missing[1] > 0  ? "Aim the camera lower, or step back, and take it again"
                       : missing[2] > 0  ? "Aim the camera further left, or step back, and take it again"
                                         : "Aim the camera further right, or step back, and take it again";
  photo_say(c, GAOKAO_BLOCK, "no-room", NULL, apr_psprintf(c->pool, "头部周围空间不足，无法裁剪出合格照片：%s", zh),
            apr_psprintf(c->pool, "There is too little room around the head for a proper crop: %s missing", en), how_zh, how_en);
}

/* ---- judging ----------------------------------------------------------------------------------------------- */

static apr_uint32_t worse(apr_uint32_t a, apr_uint32_t b)
{
  return a == 0 ? b : b == 0 ? a : a < b ? a : b; /* GAOKAO_BLOCK is the lowest number */
}

/* The picture as it is. Returns the worst severity. */
static apr_uint32_t judge(const photo_call_t *c, const head_t *h)
{
  double w = c->picture->profile_width_px;
  photo_region_t eyes = {h->x - h->width / 2, h->y - 8, h->width, 16};
  photo_region_t face = {h->x - h->width / 2, h->hair, h->width, h->y + h->height - h->hair};
  photo_region_t crown = {h->x - h->width / 2, fmax(h->hair - 4, 0), h->width, 8};
  apr_uint32_t worst = photo_judge(c, &eye_words, h->y, &eyes);
  worst = worse(worst, photo_judge(c, &width_words, h->width, &face));
  worst = worse(worst, photo_judge(c, &centre_words, h->x - w / 2, &face));
  return worse(worst, photo_judge(c, &hair_words, h->hair, &crown));
}

static void judge_crop(const photo_call_t *c, const head_t *h, bool final)
{
  search_t s;
  memset(&s, 0, sizeof(s));
  double work = photo_number(c, "work-scale");
  work = work > 0 ? work : 1;
  search(c, h, &s);
  const gaokao_limit_t *limit = photo_limit(c, "scale");
  if (s.cost < 0) {
    if (!final && s.lacking >= 0)
      say_no_room(c, &s.nearest, work);
    else if (!final)
      photo_say(c, GAOKAO_BLOCK, "no-room", NULL, "这张脸的比例无法裁剪出合格照片",
                "No crop of this picture can meet all limits", "请正对镜头、保持平视重拍", "Take it again facing the camera at eye level");
    return;
  }
  double scale = s.best.wide / c->picture->profile_width_px * work;
  if (!final) {
    photo_region_t face = {h->x - h->width / 2, h->hair, h->width, h->y + h->height - h->hair};
    photo_judge(c, &scale_words, scale, &face);
  }
  if (limit == NULL || photo_severity(limit, scale) != GAOKAO_BLOCK)
    propose(c, &s.best);
}

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  const place_t *place = instance;
  photo_call_t c = {picture, sink, call->pool};
  head_t head;
  if (picture->format != GAOKAO_PIXELS_RGB8)
    return place->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "只能检查彩色照片", "Only RGB pictures can be checked");
  if (!read_head(&c, &place->light, &head))
    return NULL;
  bool final = photo_final(picture);
  bool small = photo_number(&c, "file-width") < picture->profile_width_px ||
               photo_number(&c, "file-height") < picture->profile_height_px;
  if (final ? judge(&c, &head) == GAOKAO_BLOCK : !small)
    judge_crop(&c, &head, final);
  photo_tell(&c, "place-checked", "", 1);
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, NULL, NULL, NULL, NULL, describe, health};

static const gaokao_photo_t vtable = {&life, inspect};

GAOKAO_PLUGIN(photo_place, PHOTO, vtable, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
