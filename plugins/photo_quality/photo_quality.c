/* photo_quality: light, contrast, sharpness and colour of the face, and the background. Measures of the face need the
 * points of photo_face and are left out without them; the background is judged where the picture has its final size. Facts:
 * quality-checked, and each measure under its limit's name. */
#include "photo_colour.h"

typedef struct quality_t {
  const gaokao_host_t *host;
  photo_light_t light;
} quality_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  quality_t *quality = apr_pcalloc(pool, sizeof(*quality));
  quality->host = host;
  photo_light(&quality->light);
  *instance = quality;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"measures", "light contrast blur colour background"}};
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

static const photo_words_t dark_words = {
    .code = "dark-share", .label_zh = "面部死黑比例", .label_en = "black part of the face", .digits = 2,
    .high_zh = "面部太暗，看不清", .high_en = "Much of the face is black",
    .high_remedy_zh = "请正面补光后重拍", .high_remedy_en = "Take it again with light from the front"};
static const photo_words_t bright_words = {
    .code = "bright-share", .label_zh = "面部过曝比例", .label_en = "burnt-out part of the face", .digits = 2,
    .high_zh = "面部过亮或反光", .high_en = "Part of the face is burnt out or shines",
    .high_remedy_zh = "请减弱灯光或擦去油光后重拍", .high_remedy_en = "Take it again with less light, or powder the shine off"};
static const photo_words_t luma_words = {
    .code = "luma", .label_zh = "面部平均亮度", .label_en = "mean brightness of the face", .digits = 0,
    .low_zh = "面部偏暗", .low_en = "The face is dark", .high_zh = "面部偏亮", .high_en = "The face is too bright",
    .low_remedy_zh = "请正面补光后重拍", .low_remedy_en = "Take it again with light from the front",
    .high_remedy_zh = "请减弱灯光后重拍", .high_remedy_en = "Take it again with less light"};
static const photo_words_t contrast_words = {
    .code = "contrast", .label_zh = "面部层次（信息熵）", .label_en = "tones of the face (entropy)", .digits = 1,
    .low_zh = "面部层次太少，像是处理过的图", .low_en = "The face has too few tones, as if processed",
    .low_remedy_zh = "请用相机原图，不要调色或压缩", .low_remedy_en = "Use the camera's original, neither filtered nor reduced"};
static const photo_words_t side_words = {
    .code = "side-light", .label_zh = "左右脸亮度差", .label_en = "difference of light between the cheeks", .digits = 1,
    .high_zh = "光线偏向一侧，有阴阳脸", .high_en = "The light comes from one side",
    .high_remedy_zh = "请左右均匀布光", .high_remedy_en = "Light both sides alike"};
static const photo_words_t blur_words = {
    .code = "blur", .label_zh = "清晰度", .label_en = "sharpness", .digits = 0,
    .low_zh = "照片模糊", .low_en = "The picture is not sharp",
    .low_remedy_zh = "请对焦在眼睛上、拿稳后重拍，不要用放大的小图",
    .low_remedy_en = "Focus on the eyes, hold still and take it again; don't enlarge a small picture"};
static const photo_words_t chroma_words = {
    .code = "chroma", .label_zh = "色彩饱和度", .label_en = "colourfulness", .digits = 0,
    .low_zh = "这是黑白照片，要求彩色", .low_en = "This is a black-and-white picture; colour is required",
    .low_remedy_zh = "请拍彩色照片", .low_remedy_en = "Take it in colour"};
static const photo_words_t cast_a_words = {
    .code = "cast-a", .label_zh = "肤色红绿值", .label_en = "red-green of the skin", .digits = 0,
    .low_zh = "肤色偏绿", .low_en = "The skin looks green", .high_zh = "肤色偏红", .high_en = "The skin looks red",
    .low_remedy_zh = "请调整相机白平衡", .low_remedy_en = "Set the camera's white balance",
    .high_remedy_zh = "请调整相机白平衡", .high_remedy_en = "Set the camera's white balance"};
static const photo_words_t cast_b_words = {
    .code = "cast-b", .label_zh = "肤色黄蓝值", .label_en = "yellow-blue of the skin", .digits = 0,
    .low_zh = "肤色偏蓝", .low_en = "The skin looks blue", .high_zh = "肤色偏黄", .high_en = "The skin looks yellow",
    .low_remedy_zh = "请调整相机白平衡", .low_remedy_en = "Set the camera's white balance",
    .high_remedy_zh = "请调整相机白平衡", .high_remedy_en = "Set the camera's white balance"};
static const photo_words_t distance_words = {
    .code = "background-distance", .label_zh = "与规定背景色的色差", .label_en = "distance from the required background", .digits = 0,
    .high_zh = "背景颜色不符合规定", .high_en = "The background has not the required colour",
    .high_remedy_zh = "请换规定颜色的背景重拍，不要用软件换背景",
    .high_remedy_en = "Take it again before a background of the required colour; don't replace it by software"};
static const photo_words_t spread_words = {
    .code = "background-spread", .label_zh = "背景不均匀程度", .label_en = "unevenness of the background", .digits = 0,
    .high_zh = "背景不均匀，有阴影、渐变或杂物", .high_en = "The background is uneven: shadow, gradient or things in it",
    .high_remedy_zh = "请离背景远一些、均匀布光，背景中不要有物品",
    .high_remedy_en = "Stand off the background, light it evenly, keep things out of it"};
static const photo_words_t share_words = {
    .code = "background-share", .label_zh = "背景中其他颜色的比例", .label_en = "part of the background in other colours", .digits = 2,
    .high_zh = "背景中有其他物体或大块阴影", .high_en = "There are other things or large shadows in the background",
    .high_remedy_zh = "请换纯色背景重拍", .high_remedy_en = "Take it again before a plain background"};

/* ---- the face ---------------------------------------------------------------------------------------------- */

typedef struct face_t {
  double right_x, right_y, left_x, left_y, chin_x, chin_y;
  double between;                   /* the eyes */
  double hull_x[24], hull_y[24];
  int hull;
  photo_region_t box;               /* around the hull */
} face_t;

static bool read_face(const photo_call_t *c, face_t *f)
{
  static const int order[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 26, 24, 22, 20, 18};
  double low_x = 1e9, low_y = 1e9, high_x = -1e9, high_y = -1e9;
  f->hull = 0;
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    if (!photo_fact(c, apr_psprintf(c->pool, "point-%d-x", order[i]), &f->hull_x[f->hull]) ||
        !photo_fact(c, apr_psprintf(c->pool, "point-%d-y", order[i]), &f->hull_y[f->hull]))
      return false;
    low_x = fmin(low_x, f->hull_x[f->hull]);
    high_x = fmax(high_x, f->hull_x[f->hull]);
    low_y = fmin(low_y, f->hull_y[f->hull]);
    high_y = fmax(high_y, f->hull_y[f->hull]);
    f->hull++;
  }
  f->box = (photo_region_t){low_x, low_y, high_x - low_x, high_y - low_y};
  f->right_x = photo_number(c, "eye-right-x");
  f->right_y = photo_number(c, "eye-right-y");
  f->left_x = photo_number(c, "eye-left-x");
  f->left_y = photo_number(c, "eye-left-y");
  f->chin_x = photo_number(c, "chin-x");
  f->chin_y = photo_number(c, "chin-y");
  f->between = hypot(f->left_x - f->right_x, f->left_y - f->right_y);
  return f->between >= 8;
}

/* What lies inside the hull, summed. */
typedef struct tones_t { unsigned histogram[256]; unsigned count; double chroma; } tones_t;

static void sum_row(const gaokao_picture_t *p, int y, double from, double to, tones_t *t)
{
  int begin = (int)fmax(ceil(from), 0), end = (int)fmin(floor(to), p->width_px - 1.0);
  for (int x = begin; x <= end; x++) {
    const unsigned char *rgb = photo_pixel(p, x, y);
    int high = rgb[0] > rgb[1] ? rgb[0] : rgb[1], low = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
    high = rgb[2] > high ? rgb[2] : high;
    low = rgb[2] < low ? rgb[2] : low;
    t->histogram[(int)(photo_luma(rgb) + 0.5)]++;
    t->chroma += high - low;
    t->count++;
  }
}

/* The hull by rows: from its leftmost to its rightmost crossing, as it is nearly convex. */
static void sum_hull(const photo_call_t *c, const face_t *f, tones_t *t)
{
  memset(t, 0, sizeof(*t));
  for (int y = (int)fmax(f->box.y, 0); y < f->box.y + f->box.height && y < (int)c->picture->height_px; y++) {
    double from = 1e9, to = -1e9;
    for (int i = 0; i < f->hull; i++) {
      int k = (i + 1) % f->hull;
      double y1 = f->hull_y[i], y2 = f->hull_y[k];
      if ((y1 <= y) == (y2 <= y))
        continue;
      double x = f->hull_x[i] + (y - y1) / (y2 - y1) * (f->hull_x[k] - f->hull_x[i]);
      from = fmin(from, x);
      to = fmax(to, x);
    }
    if (to > from)
      sum_row(c->picture, y, from, to, t);
  }
}

static void judge_tones(const photo_call_t *c, const face_t *f)
{
  tones_t t;
  double dark = 0, bright = 0, sum = 0, entropy = 0;
  sum_hull(c, f, &t);
  if (t.count == 0)
    return;
  for (int i = 0; i < 256; i++) {
    double part = (double)t.histogram[i] / t.count;
    dark += i <= 25 ? part : 0;
    bright += i >= 247 ? part : 0;
    sum += part * i;
    entropy -= part > 0 ? part * log2(part) : 0;
  }
  photo_judge(c, &dark_words, dark, &f->box);
  photo_judge(c, &bright_words, bright, &f->box);
  photo_judge(c, &luma_words, sum, &f->box);
  photo_judge(c, &contrast_words, entropy, &f->box);
  photo_judge(c, &chroma_words, t.chroma / t.count, &f->box);
}

/* ---- cheeks ------------------------------------------------------------------------------------------------ */

/* Median colour of a square below an eye. */
static bool cheek(const photo_call_t *c, const photo_light_t *light, double x, double y, double side, photo_lab_t *out)
{
  enum { MOST = 400 };
  double values[3][MOST];
  int count = 0, step = (int)(side / 20) + 1;
  for (int v = (int)(y - side / 2); v < y + side / 2; v += step)
    for (int u = (int)(x - side / 2); u < x + side / 2; u += step) {
      if (u < 0 || v < 0 || u >= (int)c->picture->width_px || v >= (int)c->picture->height_px || count == MOST)
        continue;
      photo_lab_t lab = photo_lab(light, photo_pixel(c->picture, u, v));
      values[0][count] = lab.l;
      values[1][count] = lab.a;
      values[2][count++] = lab.b;
    }
  if (count < 9)
    return false;
  *out = (photo_lab_t){photo_quantile(values[0], count, 0.5), photo_quantile(values[1], count, 0.5),
                       photo_quantile(values[2], count, 0.5)};
  return true;
}

static void judge_cheeks(const photo_call_t *c, const photo_light_t *light, const face_t *f)
{
  photo_lab_t right, left;
  double down_x = (f->chin_x - (f->right_x + f->left_x) / 2) * 0.42, down_y = (f->chin_y - (f->right_y + f->left_y) / 2) * 0.42;
  double side = f->between * 0.3;
  if (!cheek(c, light, f->right_x + down_x, f->right_y + down_y, side, &right) ||
      !cheek(c, light, f->left_x + down_x, f->left_y + down_y, side, &left))
    return;
  photo_judge(c, &side_words, fabs(right.l - left.l), &f->box);
  photo_judge(c, &cast_a_words, (right.a + left.a) / 2, &f->box);
  photo_judge(c, &cast_b_words, (right.b + left.b) / 2, &f->box);
}

/* ---- sharpness --------------------------------------------------------------------------------------------- */

enum { FACE_SIDE = 150, FACE_BETWEEN = 60 }; /* the face is brought to 60 px between the eyes */

static double luma_at(const gaokao_picture_t *p, double x, double y)
{
  x = fmin(fmax(x, 0), p->width_px - 1.001);
  y = fmin(fmax(y, 0), p->height_px - 1.001);
  int u = (int)x, v = (int)y;
  double fx = x - u, fy = y - v;
  int u2 = u + 1 < (int)p->width_px ? u + 1 : u, v2 = v + 1 < (int)p->height_px ? v + 1 : v;
  return (photo_luma(photo_pixel(p, u, v)) * (1 - fx) + photo_luma(photo_pixel(p, u2, v)) * fx) * (1 - fy) +
         (photo_luma(photo_pixel(p, u, v2)) * (1 - fx) + photo_luma(photo_pixel(p, u2, v2)) * fx) * fy;
}

/* Variance of the Laplacian, which says little across sizes and much at one size. */
static void judge_blur(const photo_call_t *c, const face_t *f)
{
  float *face = apr_palloc(c->pool, sizeof(float) * FACE_SIDE * FACE_SIDE);
  double step = f->between / FACE_BETWEEN;
  double centre_x = (f->right_x + f->left_x) / 2, centre_y = (f->right_y + f->left_y) / 2 + f->between * 0.5;
  int fine = step > 1 ? (int)ceil(step) : 1;
  for (int y = 0; y < FACE_SIDE; y++)
    for (int x = 0; x < FACE_SIDE; x++) {
      double sum = 0;
      for (int j = 0; j < fine; j++)
        for (int i = 0; i < fine; i++)
          sum += luma_at(c->picture, centre_x + (x + (i + 0.5) / fine - FACE_SIDE / 2.0) * step - 0.5,
                         centre_y + (y + (j + 0.5) / fine - FACE_SIDE / 2.0) * step - 0.5);
      face[y * FACE_SIDE + x] = (float)(sum / (fine * fine));
    }
  double sum = 0, squares = 0;
  int count = 0;
  for (int y = 1; y < FACE_SIDE - 1; y++)
    for (int x = 1; x < FACE_SIDE - 1; x++, count++) {
      const float *at = face + y * FACE_SIDE + x;
      double laplacian = at[-1] + at[1] + at[-FACE_SIDE] + at[FACE_SIDE] - 4.0 * at[0];
      sum += laplacian;
      squares += laplacian * laplacian;
    }
  photo_judge(c, &blur_words, squares / count - sum / count * (sum / count), &f->box);
}

/* ---- background -------------------------------------------------------------------------------------------- */

static void judge_background(const photo_call_t *c, const photo_light_t *light)
{
  photo_background_t background;
  double nearest = -1;
  if (!photo_background(c, light, &background))
    return;
  for (apr_uint32_t i = 0; i < c->picture->n_backgrounds; i++) {
    apr_uint32_t colour = c->picture->backgrounds[i];
    unsigned char rgb[3] = {(unsigned char)(colour >> 16), (unsigned char)(colour >> 8), (unsigned char)colour};
    double distance = photo_distance(background.colour, photo_lab(light, rgb));
    nearest = nearest < 0 || distance < nearest ? distance : nearest;
  }
  photo_region_t worst = photo_strip(c->picture, background.worst), top = photo_strip(c->picture, 2);
  photo_tell(c, "background-l", "Lab", background.colour.l);
  photo_tell(c, "background-a", "Lab", background.colour.a);
  photo_tell(c, "background-b", "Lab", background.colour.b);
  if (nearest >= 0)
    photo_judge(c, &distance_words, nearest, &top);
  photo_judge(c, &spread_words, background.spread, &worst);
  photo_judge(c, &share_words, background.share, &worst);
}

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  const quality_t *quality = instance;
  photo_call_t c = {picture, sink, call->pool};
  face_t face;
  if (picture->format != GAOKAO_PIXELS_RGB8)
    return quality->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "只能检查彩色照片", "Only RGB pictures can be checked");
  if (read_face(&c, &face)) {
    judge_tones(&c, &face);
    judge_cheeks(&c, &quality->light, &face);
    judge_blur(&c, &face);
  }
  if (photo_final(picture))
    judge_background(&c, &quality->light);
  photo_tell(&c, "quality-checked", "", 1);
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, NULL, NULL, NULL, NULL, describe, health};

static const gaokao_photo_t vtable = {&life, inspect};

GAOKAO_PLUGIN(photo_quality, PHOTO, vtable, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
