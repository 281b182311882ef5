/* photo_face: how many faces there are and where; eyes, chin and cheeks of the one; tilt and turn. Facts: face-count,
 * face-score, face-x ... face-height, face-points (1: the points below are there), eye-right-x ... chin-y, head-height
 * (between eyes and chin, called T), point-N-x and -y (jaw and brows, for photo_quality), tilt, turn, eyes-open, mouth-gap. */
#include <pthread.h>

#include "photo.h"

#include "detector.h"
#include "landmarks.h"

/* What the net is shown around the detector's box: of the margins tried, the one with the steadiest width of faces. */
#define MARGIN 1.1

enum {
  FIND_SIDE = 800,   /* larger pictures are searched at about half of this to all of it first */
  MAX_BOXES = 8,
  MAX_IDLE = 4
};

typedef struct face_t {
  const gaokao_host_t *host;
  apr_pool_t *pool;
  pthread_mutex_t lock;       /* of what follows */
  bool tried;                 /* to load, at the first picture: not every process looks at photos */
  detector_t *master;
  detector_t *idle[MAX_IDLE];
  int idle_count;
  landmarks_t *net;
} face_t;

/* ---- life -------------------------------------------------------------------------------------------------- */

static apr_status_t forget(void *data)
{
  face_t *face = data;
  for (int i = 0; i < face->idle_count; i++)
    detector_free(face->idle[i]);
  detector_free(face->master);
  pthread_mutex_destroy(&face->lock);
  return APR_SUCCESS;
}

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  face_t *face = apr_pcalloc(pool, sizeof(*face));
  face->host = host;
  face->pool = pool;
  pthread_mutex_init(&face->lock, NULL);
  apr_pool_cleanup_register(pool, face, forget, apr_pool_cleanup_null);
  *instance = face;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  gaokao_pair_t *pairs = apr_palloc(call->pool, sizeof(*pairs) * 2);
  (void)instance;
  pairs[0] = (gaokao_pair_t){"detector", detector_name() != NULL ? detector_name() : "none"};
  pairs[1] = (gaokao_pair_t){"landmarks", landmarks_built() ? "face-api 68" : "none"};
  facts->n_facts = 2;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = detector_name() != NULL && landmarks_built() ? GAOKAO_HEALTH_GOOD : GAOKAO_HEALTH_POOR;
  out->zh = detector_name() == NULL ? "编译时没有 dlib（libdlib-dev），人脸不检查"
                                    : "编译时没有取得五官定位数据（npm），位置与姿态不检查";
  out->en = detector_name() == NULL ? "Built without dlib (libdlib-dev): faces are not checked"
                                    : "Built without the landmark data (npm): place and pose are not checked";
  return NULL;
}

/* A detector for one call; NULL: there is none. */
static detector_t *borrow(face_t *face)
{
  detector_t *detector = NULL;
  pthread_mutex_lock(&face->lock);
  if (!face->tried) {
    face->tried = true;
    face->master = detector_name() != NULL ? detector_load() : NULL;
    face->net = landmarks_load(face->pool);
  }
  if (face->idle_count > 0)
    detector = face->idle[--face->idle_count];
  else if (face->master != NULL)
    detector = detector_copy(face->master);
  pthread_mutex_unlock(&face->lock);
  return detector;
}

static void give_back(face_t *face, detector_t *detector)
{
  pthread_mutex_lock(&face->lock);
  bool kept = face->idle_count < MAX_IDLE;
  if (kept)
    face->idle[face->idle_count++] = detector;
  pthread_mutex_unlock(&face->lock);
  if (!kept)
    detector_free(detector);
}

/* ---- pictures ---------------------------------------------------------------------------------------------- */

typedef struct view_t { const unsigned char *pixels; int width, height; long stride; } view_t;

/* Each pixel the mean of factor x factor. */
static view_t reduced(const gaokao_picture_t *p, int factor, apr_pool_t *pool)
{
  view_t v = {NULL, (int)p->width_px / factor, (int)p->height_px / factor, 0};
  unsigned char *out = apr_palloc(pool, (apr_size_t)v.width * v.height * 3);
  v.pixels = out;
  v.stride = v.width * 3L;
  for (int y = 0; y < v.height; y++)
    for (int x = 0; x < v.width; x++)
      for (int k = 0; k < 3; k++) {
        unsigned sum = 0;
        for (int dy = 0; dy < factor; dy++)
          for (int dx = 0; dx < factor; dx++)
            sum += photo_pixel(p, x * factor + dx, y * factor + dy)[k];
        *out++ = (unsigned char)((sum + (unsigned)(factor * factor) / 2) / (unsigned)(factor * factor));
      }
  return v;
}

/* A quarter turn clockwise. */
static view_t turned(const view_t *from, apr_pool_t *pool)
{
  view_t v = {NULL, from->height, from->width, from->height * 3L};
  unsigned char *out = apr_palloc(pool, (apr_size_t)v.width * v.height * 3);
  v.pixels = out;
  for (int y = 0; y < v.height; y++)
    for (int x = 0; x < v.width; x++, out += 3)
      memcpy(out, from->pixels + (long)(from->height - 1 - x) * from->stride + (long)y * 3, 3);
  return v;
}

/* ---- faces ------------------------------------------------------------------------------------------------- */

typedef struct found_t {
  detector_box_t boxes[MAX_BOXES]; /* in pixels of the picture */
  int count;                       /* -1: failed */
} found_t;

static void find(detector_t *detector, const view_t *view, int factor, found_t *found)
{
  found->count = detector_find(detector, view->pixels, view->width, view->height, view->stride, found->boxes, MAX_BOXES);
  for (int i = 0; i < found->count; i++) {
    detector_box_t *box = &found->boxes[i];
    box->x *= factor;
    box->y *= factor;
    box->width *= factor;
    box->height *= factor;
  }
}

/* 0.5 is what the detector takes for a face at all; 0.6 and more is sure. */
static double ratio(double score) { return 1 / (1 + exp(-score)); }

/* How many count: a bystander is one whose face is a quarter as wide as the first one's. */
static int counted(const found_t *found)
{
  int largest = 0, count = 0;
  for (int i = 0; i < found->count; i++)
    largest = found->boxes[i].width > largest ? found->boxes[i].width : largest;
  for (int i = 0; i < found->count; i++)
    count += found->boxes[i].width * 4 >= largest;
  return count;
}

static photo_region_t region_of(const detector_box_t *box)
{
  return (photo_region_t){box->x, box->y, box->width, box->height};
}

/* Nobody there: or is the picture turned? */
static void say_none(const photo_call_t *c, detector_t *detector, const view_t *view)
{
  view_t v = *view;
  found_t found = {.count = 0};
  for (int quarter = 1; quarter <= 3; quarter++) {
    v = turned(&v, c->pool);
    find(detector, &v, 1, &found);
    if (found.count > 0) {
      const char *zh = quarter == 1 ? "请顺时针旋转 90 度" : quarter == 2 ? "请旋转 180 度" : "请逆时针旋转 90 度";
      const char *en = quarter == 1   ? "Turn it by 90° clockwise"
                       : quarter == 2 ? "Turn it by 180°"
                                      : "Turn it by 90° counter-clockwise";
      photo_say(c, GAOKAO_BLOCK, "face-turned", NULL, "照片方向不对，人像没有正立", "The picture is not the right way up", zh, en);
      return;
    }
  }
  photo_say(c, GAOKAO_BLOCK, "face-none", NULL, "照片中没有找到足够大的正面人脸",
            "No face from the front, large enough, was found in the picture", "请正对镜头重拍，面部不要被遮挡，站近一些",
            "Take it again from the front, nothing before the face, and closer");
}

static void say_many(const photo_call_t *c, const found_t *found, int count)
{
  const detector_box_t *other = &found->boxes[1];
  for (int i = 1; i < found->count; i++)
    if (found->boxes[i].width > other->width)
      other = &found->boxes[i];
  photo_region_t region = region_of(other);
  photo_say(c, GAOKAO_BLOCK, "face-many", &region, apr_psprintf(c->pool, "照片中有 %d 张人脸，只能有 1 张", count),
            apr_psprintf(c->pool, "There are %d faces in the picture; there must be one", count),
            "请单独重拍，或裁掉旁人", "Take it again alone, or crop the others away");
}

/* ---- points ------------------------------------------------------------------------------------------------ */

typedef struct point_t { double x, y; } point_t;

/* The square around the box that the net knows from its training, as 112 x 112. Outside the picture: its edge. */
static void cut(const gaokao_picture_t *p, double left, double top, double side, float *out)
{
  double step = side / LANDMARKS_SIDE;
  int fine = step > 1 ? (int)ceil(step) : 1; /* samples a pixel and direction */
  for (int y = 0; y < LANDMARKS_SIDE; y++)
    for (int x = 0; x < LANDMARKS_SIDE; x++, out += 3) {
      float sum[3] = {0, 0, 0};
      for (int j = 0; j < fine; j++)
        for (int i = 0; i < fine; i++) {
          double u = left + (x + (i + 0.5) / fine) * step - 0.5, v = top + (y + (j + 0.5) / fine) * step - 0.5;
          u = fmin(fmax(u, 0), p->width_px - 1);
          v = fmin(fmax(v, 0), p->height_px - 1);
          int x0 = (int)u, y0 = (int)v;
          int x1 = x0 + 1 < (int)p->width_px ? x0 + 1 : x0, y1 = y0 + 1 < (int)p->height_px ? y0 + 1 : y0;
          float fx = (float)(u - x0), fy = (float)(v - y0);
          const unsigned char *a = photo_pixel(p, x0, y0), *b = photo_pixel(p, x1, y0);
          const unsigned char *d = photo_pixel(p, x0, y1), *e = photo_pixel(p, x1, y1);
          for (int k = 0; k < 3; k++)
            sum[k] += (a[k] * (1 - fx) + b[k] * fx) * (1 - fy) + (d[k] * (1 - fx) + e[k] * fx) * fy;
        }
      for (int k = 0; k < 3; k++)
        out[k] = sum[k] / (float)(fine * fine);
    }
}

/* Which point of a mirrored face is which. */
static int mirrored(int i)
{
  static const unsigned char rest[] = {26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33,
                                       32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52,
                                       51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};
  return i <= 16 ? 16 - i : rest[i - 17];
}

static void flip(float *square)
{
  for (int y = 0; y < LANDMARKS_SIDE; y++)
    for (int x = 0; x < LANDMARKS_SIDE / 2; x++)
      for (int k = 0; k < 3; k++) {
        float *a = square + (y * LANDMARKS_SIDE + x) * 3 + k;
        float *b = square + (y * LANDMARKS_SIDE + LANDMARKS_SIDE - 1 - x) * 3 + k;
        float kept = *a;
        *a = *b;
        *b = kept;
      }
}

/* The mean of what the net sees in the face and in its mirror image: neither side is favoured, and it errs less. */
static void find_points(const landmarks_t *net, const photo_call_t *c, const detector_box_t *box, point_t *points)
{
  float *input = apr_palloc(c->pool, sizeof(float) * LANDMARKS_SIDE * LANDMARKS_SIDE * 3);
  double raw[LANDMARKS_POINTS * 2], other[LANDMARKS_POINTS * 2];
  double side = box->width * MARGIN, left = box->x + (box->width - side) / 2, top = box->y + (box->height - side) / 2;
  cut(c->picture, left, top, side, input);
  landmarks_find(net, input, raw, c->pool);
  flip(input);
  landmarks_find(net, input, other, c->pool);
  for (int i = 0; i < LANDMARKS_POINTS; i++) {
    int k = mirrored(i);
    points[i] = (point_t){left + (raw[i * 2] + 1 - other[k * 2]) / 2 * side,
                          top + (raw[i * 2 + 1] + other[k * 2 + 1]) / 2 * side};
  }
}

static point_t mean(const point_t *points, int first, int count)
{
  point_t sum = {0, 0};
  for (int i = first; i < first + count; i++) {
    sum.x += points[i].x / count;
    sum.y += points[i].y / count;
  }
  return sum;
}

static double distance(point_t a, point_t b) { return hypot(a.x - b.x, a.y - b.y); }

static void tell_point(const photo_call_t *c, const char *name, point_t at)
{
  photo_tell(c, apr_pstrcat(c->pool, name, "-x", NULL), "px", at.x);
  photo_tell(c, apr_pstrcat(c->pool, name, "-y", NULL), "px", at.y);
}

static const photo_words_t tilt_words = {
    .code = "tilt", .label_zh = "左右倾斜角度", .label_en = "head tilt in degrees", .digits = 1,
    .low_zh = "头向左歪", .low_en = "The head leans to the picture's left",
    .high_zh = "头向右歪", .high_en = "The head leans to the picture's right",
    .low_remedy_zh = "请摆正头部，双眼保持水平后重拍", .low_remedy_en = "Take it again with the head upright and the eyes level",
    .high_remedy_zh = "请摆正头部，双眼保持水平后重拍", .high_remedy_en = "Take it again with the head upright and the eyes level"};

static const photo_words_t turn_words = {
    .code = "turn", .label_zh = "侧转程度", .label_en = "turn of the head", .digits = 2,
    .high_zh = "脸转向一侧", .high_en = "The face is turned to one side",
    .high_remedy_zh = "请正对镜头重拍", .high_remedy_en = "Take it again facing the camera"};

static const photo_words_t eyes_words = {
    .code = "eyes-open", .label_zh = "睁眼程度", .label_en = "opening of the eyes", .digits = 3,
    .low_zh = "眼睛可能没有睁开，请核对", .low_en = "Look whether the eyes are open",
    .low_remedy_zh = "若确实闭眼请重拍；眼睛细长可以接受", .low_remedy_en = "Take it again if they are shut; narrow eyes are fine"};

static const photo_words_t mouth_words = {
    .code = "mouth-gap", .label_zh = "张口程度", .label_en = "opening of the mouth", .digits = 2,
    .high_zh = "可能张口或露齿，请核对", .high_en = "Look whether the mouth is open",
    .high_remedy_zh = "若明显张口请重拍", .high_remedy_en = "Take it again if it is clearly open"};

static const photo_words_t score_words = {
    .code = "face-score", .label_zh = "人脸可信度", .label_en = "certainty of the face", .digits = 2,
    .low_zh = "人脸不清晰或被遮挡，请核对", .low_en = "The face is unclear or partly hidden: look at it",
    .low_remedy_zh = "若五官不完整请重拍", .low_remedy_en = "Take it again if parts of the face can't be seen"};

/* How far the nose stands from the middle between the cheeks, along the line of the eyes. */
static double turn_of(const point_t *p, double angle)
{
  double along[3];
  static const int which[3] = {1, 30, 15};
  for (int i = 0; i < 3; i++)
    along[i] = p[which[i]].x * cos(angle) + p[which[i]].y * sin(angle);
  double width = along[2] - along[0];
  return width > 1 ? fabs((along[1] - along[0]) - (along[2] - along[1])) / width : 1;
}

static void look_at_points(const photo_call_t *c, const point_t *p, const photo_region_t *region)
{
  point_t right = mean(p, 36, 6), left = mean(p, 42, 6), eyes = {(right.x + left.x) / 2, (right.y + left.y) / 2};
  double angle = atan2(left.y - right.y, left.x - right.x), height = distance(eyes, p[8]);
  photo_tell(c, "face-points", "", 1);
  tell_point(c, "eye-right", right);
  tell_point(c, "eye-left", left);
  tell_point(c, "cheek-right", p[1]);
  tell_point(c, "cheek-left", p[15]);
  tell_point(c, "chin", p[8]);
  photo_tell(c, "head-height", "px", height);
  for (int i = 0; i <= 26; i += i < 16 ? 1 : 2) /* the jaw, then every second point of the brows */
    tell_point(c, apr_psprintf(c->pool, "point-%d", i), p[i]);
  photo_judge(c, &tilt_words, angle * 180 / 3.14159265358979323846, region);
  photo_judge(c, &turn_words, turn_of(p, angle), region);
  double open_right = (distance(p[37], p[41]) + distance(p[38], p[40])) / 2;
  double open_left = (distance(p[43], p[47]) + distance(p[44], p[46])) / 2;
  double gap = fmax(distance(p[61], p[67]), fmax(distance(p[62], p[66]), distance(p[63], p[65])));
  double width = distance(right, left);
  photo_region_t eye_band = {right.x - width / 2, eyes.y - width / 4, width * 2, width / 2};
  photo_region_t mouth = {p[48].x, p[51].y, p[54].x - p[48].x, p[57].y - p[51].y};
  photo_judge(c, &eyes_words, height > 1 ? fmin(open_right, open_left) / height : 0, &eye_band);
  photo_judge(c, &mouth_words, height > 1 ? gap / height : 0, &mouth);
}

static void look_at_face(const photo_call_t *c, const landmarks_t *net, const detector_box_t *box)
{
  photo_region_t region = region_of(box);
  photo_tell(c, "face-x", "px", box->x);
  photo_tell(c, "face-y", "px", box->y);
  photo_tell(c, "face-width-box", "px", box->width);
  photo_tell(c, "face-height-box", "px", box->height);
  photo_judge(c, &score_words, ratio(box->score), &region);
  if (net == NULL) {
    photo_tell(c, "face-points", "", 0);
    return;
  }
  point_t points[LANDMARKS_POINTS];
  find_points(net, c, box, points);
  look_at_points(c, points, &region);
}

static gaokao_error_t *look(const face_t *face, const photo_call_t *c, detector_t *detector)
{
  const gaokao_picture_t *p = c->picture;
  int side = (int)(p->width_px > p->height_px ? p->width_px : p->height_px), factor = side > FIND_SIDE ? 2 : 1;
  view_t whole = {p->pixels, (int)p->width_px, (int)p->height_px, p->stride_bytes};
  view_t view = factor > 1 ? reduced(p, factor, c->pool) : whole;
  found_t found;
  find(detector, &view, factor, &found);
  if (found.count == 0 && factor > 1)
    find(detector, &whole, 1, &found);
  if (found.count < 0)
    return face->host->error_new(c->pool, GAOKAO_E_FAILED, "人脸检测失败", "Face detection failed");
  int count = counted(&found);
  photo_tell(c, "face-count", "", count);
  if (count == 0)
    say_none(c, detector, &view);
  else if (count > 1)
    say_many(c, &found, count);
  else
    look_at_face(c, face->net, &found.boxes[0]);
  return NULL;
}

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  face_t *face = instance;
  photo_call_t c = {picture, sink, call->pool};
  if (picture->format != GAOKAO_PIXELS_RGB8)
    return face->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "只能检查彩色照片", "Only RGB pictures can be checked");
  detector_t *detector = borrow(face);
  if (detector == NULL)
    return NULL; /* nothing is said about faces: the host says so */
  gaokao_error_t *error = look(face, &c, detector);
  give_back(face, detector);
  return error;
}

static const gaokao_life_t life = {sizeof(life), 0, create, NULL, NULL, NULL, NULL, describe, health};

static const gaokao_photo_t vtable = {&life, inspect};

GAOKAO_PLUGIN(photo_face, PHOTO, vtable, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
