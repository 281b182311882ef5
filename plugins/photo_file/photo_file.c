/* photo_file: what the file itself says: size in pixels, how hard it was compressed, unusual kinds. The core has
 * refused what can't be read before; here nothing is decoded. Facts: file-checked. */
#include "photo.h"

typedef struct file_t {
  const gaokao_host_t *host;
  double good_quality; /* below it an operator looks */
} file_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  file_t *file = apr_pcalloc(pool, sizeof(*file));
  file->host = host;
  *instance = file;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  file_t *file = instance;
  (void)call;
  file->good_quality = file->host->option_real(file->host, "good_quality");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"codes", "size file-quality file-odd"}};
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

static void look_at_size(const photo_call_t *c)
{
  const gaokao_picture_t *p = c->picture;
  int width = (int)photo_number(c, "file-width"), height = (int)photo_number(c, "file-height");
  bool small = width < (int)p->profile_width_px || height < (int)p->profile_height_px;
  photo_say(c, small ? GAOKAO_BLOCK : GAOKAO_FINE, "size", NULL,
            apr_psprintf(c->pool, "照片为 %d × %d 像素，要求%s %u × %u", width, height, small ? "至少" : "不小于",
                         p->profile_width_px, p->profile_height_px),
            apr_psprintf(c->pool, "The picture has %d × %d px; %u × %u are required%s", width, height,
                         p->profile_width_px, p->profile_height_px, small ? "" : " at least"),
            small ? "请用相机原图，不要放大小图" : NULL,
            small ? "Use the camera's original; enlarging a small picture doesn't help" : NULL);
}

static void look_at_quality(const photo_call_t *c, double good)
{
  double quality = photo_number(c, "file-quality"), least = c->picture->profile_min_quality;
  if (photo_number(c, "file-jpeg") == 0 || quality == 0)
    return;
  apr_uint32_t severity = quality < least ? GAOKAO_BLOCK : quality < good ? GAOKAO_LOOK : GAOKAO_FINE;
  gaokao_finding_t f = {.size = sizeof(f), .severity = severity, .code = "file-quality", .unit = "",
                        .has = GAOKAO_HAS_MEASURED | GAOKAO_HAS_LOW | GAOKAO_HAS_HIGH, .measured = quality,
                        .low = severity == GAOKAO_BLOCK ? least : good, .high = 100};
  f.zh = apr_psprintf(c->pool, "%sJPEG 质量 %d，要求不低于 %d", severity == GAOKAO_FINE ? "" : "压缩过度：", (int)quality,
                      (int)f.low);
  f.en = apr_psprintf(c->pool, "%sJPEG quality %d, required at least %d",
                      severity == GAOKAO_FINE ? "" : "Compressed too hard: ", (int)quality, (int)f.low);
  if (severity != GAOKAO_FINE) {
    f.remedy_zh = "请用相机原图，不要用聊天软件转发的图片";
    f.remedy_en = "Use the camera's original, not a picture forwarded by a messenger";
  }
  c->sink->finding(c->sink->context, &f);
}

static void look_at_kind(const photo_call_t *c)
{
  const char *zh = "", *en = "";
  if (photo_number(c, "file-palette") != 0 || photo_number(c, "file-depth") < 8) {
    zh = "、颜色数很少的索引图";
    en = ", few colours (palette)";
  }
  if (photo_number(c, "file-alpha") != 0) {
    zh = apr_pstrcat(c->pool, zh, "、有透明部分", NULL);
    en = apr_pstrcat(c->pool, en, ", transparent parts", NULL);
  }
  if (photo_number(c, "file-depth") > 8) {
    zh = apr_pstrcat(c->pool, zh, "、每色 16 位", NULL);
    en = apr_pstrcat(c->pool, en, ", 16 bits a colour", NULL);
  }
  if (photo_number(c, "file-trailing") > 0) {
    zh = apr_psprintf(c->pool, "%s、照片之后还有 %d 字节", zh, (int)photo_number(c, "file-trailing"));
    en = apr_psprintf(c->pool, "%s, %d more bytes after the picture", en, (int)photo_number(c, "file-trailing"));
  }
  if (zh[0] != '\0')
    photo_say(c, GAOKAO_LOOK, "file-odd", NULL,
              apr_pstrcat(c->pool, "不是普通的相机照片：", zh + strlen("、"), "。请核对画面", NULL),
              apr_pstrcat(c->pool, "Not an ordinary camera picture: ", en + 2, ". Look whether it is right", NULL),
              "可以接受：存入的是重新编码的照片", "It may be accepted: what is stored is encoded anew");
}

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  const file_t *file = instance;
  photo_call_t c = {picture, sink, call->pool};
  look_at_size(&c);
  look_at_quality(&c, fmax(file->good_quality, picture->profile_min_quality));
  look_at_kind(&c);
  photo_tell(&c, "file-checked", "", 1);
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};

static const gaokao_photo_t vtable = {&life, inspect};

static const gaokao_option_t options[] = {
    {"good_quality", GAOKAO_OPTION_REAL, 0, "75", 1, 100, NULL, NULL, "JPEG 质量低于此值时请人工核对",
     "JPEG quality below which an operator looks"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(photo_file, PHOTO, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
