/* base/image_peek.c: what a picture file says about itself, read without a library and before anything is allocated
 * for it. See image.h. */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "base/image_internal.h"

const gk_image_limits_t gk_image_limits = {8000000, 24000000, 8000, 96000000, 12000000, 100, 144000000};

/* A small file that unfolds into a large picture is a trap; above this many pixels a PNG may hold at most so many times
 * its own size. */
enum { DENSE_PIXELS = 12000000, DENSE_RATIO = 100 };

typedef struct peek_t {
  gk_image_facts_t *facts;
  const unsigned char *bytes;
  apr_size_t length;
  const gk_image_limits_t *limits;
  apr_pool_t *pool;
} peek_t;

gk_error_t *gk_image__refuse(apr_pool_t *pool, const char *code, const char *zh, const char *en)
{
  gk_error_t *error = NULL;
  gk_violation_text(&error, pool, "", code, zh, en);
  return error;
}

static gk_error_t *broken(const peek_t *p, const char *where_zh, const char *where_en)
{
  return gk_image__refuse(p->pool, "file-broken",
                          apr_pstrcat(p->pool, "照片文件不完整或已损坏（", where_zh, "），请重新传输或重拍", NULL),
                          apr_pstrcat(p->pool, "The picture file is incomplete or damaged (", where_en,
                                      "): transfer it again or take a new one", NULL));
}

static gk_error_t *huge(const peek_t *p, const char *zh, const char *en)
{
  return gk_image__refuse(p->pool, "file-huge", zh, en);
}

static apr_uint32_t be16(const unsigned char *b) { return (apr_uint32_t)b[0] << 8 | b[1]; }
static apr_uint32_t be32(const unsigned char *b) { return be16(b) << 16 | be16(b + 2); }

/* Width, height, channels and depth are known: may it be decoded? */
static gk_error_t *check_size(const peek_t *p, apr_uint32_t width, apr_uint32_t height)
{
  gk_image_facts_t *f = p->facts;
  const gk_image_limits_t *l = p->limits;
  bool wide = width > (apr_uint32_t)l->max_side_px || height > (apr_uint32_t)l->max_side_px;
  apr_int64_t pixels = wide ? 0 : (apr_int64_t)width * height;
  apr_int64_t decoded = pixels * f->channels * f->depth_bits / 8;
  if (width == 0 || height == 0)
    return broken(p, "宽或高为零", "width or height is zero");
  if (wide || pixels > l->max_pixels)
    return huge(p,
                apr_psprintf(p->pool, "照片为 %u × %u 像素，最多 %d 万像素、每边 %d 像素，请缩小后再传", width,
                             height, (int)(l->max_pixels / 10000), l->max_side_px),
                apr_psprintf(p->pool,
                             "The picture has %u × %u pixels; at most %d megapixels and %d px a side: make it smaller",
                             width, height, (int)(l->max_pixels / 1000000), l->max_side_px));
  if (decoded > l->max_decoded_bytes ||
      (f->format == GK_IMAGE_PNG && pixels > DENSE_PIXELS && decoded > DENSE_RATIO * (apr_int64_t)p->length))
    return huge(p, apr_psprintf(p->pool, "照片展开后有 %d MB，过大，请另存为普通 JPEG", (int)(decoded / 1000000)),
                apr_psprintf(p->pool, "The picture unfolds to %d MB, which is too much: save it as an ordinary JPEG",
                             (int)(decoded / 1000000)));
  if (f->interlaced && pixels > l->max_whole_pixels)
    return huge(p, "渐进或隔行存储的照片过大，请另存为普通 JPEG",
                "This is too large for a progressive or interlaced picture: save it as an ordinary JPEG");
  f->stored_width_px = (int)width;
  f->stored_height_px = (int)height;
  return NULL;
}

/* ---- EXIF -------------------------------------------------------------------------------------------------- */

/* The orientation in a TIFF block; 1 when there is none or the block is damaged. */
static int orientation_of(const unsigned char *t, apr_size_t length)
{
  if (length < 14 || !((t[0] == 'I' && t[1] == 'I') || (t[0] == 'M' && t[1] == 'M')))
    return 1;
  bool big = t[0] == 'M';
#define U16(b) (big ? be16(b) : ((apr_uint32_t)(b)[1] << 8 | (b)[0]))
#define U32(b) (big ? be32(b) : (U16((b) + 2) << 16 | U16(b)))
  apr_size_t at = U32(t + 4);
  if (U16(t + 2) != 42 || at < 8 || at > length - 2)
    return 1;
  apr_uint32_t entries = U16(t + at);
  for (at += 2; entries > 0 && at + 12 <= length; at += 12, entries--)
    if (U16(t + at) == 0x0112) {
      apr_uint32_t value = U16(t + at + 8);
      return U16(t + at + 2) == 3 && U32(t + at + 4) == 1 && value >= 1 && value <= 8 ? (int)value : 1;
    }
#undef U16
#undef U32
  return 1;
}

/* ---- PNG --------------------------------------------------------------------------------------------------- */

static gk_error_t *png_header(const peek_t *p, const unsigned char *h)
{
  static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
  gk_image_facts_t *f = p->facts;
  int colour = h[9];
  f->depth_bits = h[8];
  f->channels = colour <= 6 ? channels[colour] : 0;
  if (f->channels == 0 || f->depth_bits == 0 || f->depth_bits > 16 || h[12] > 1)
    return broken(p, "文件头无效", "its header is not valid");
  f->palette = colour == 3;
  f->alpha = colour == 4 || colour == 6;
  f->grey = colour == 0 || colour == 4;
  f->interlaced = h[12] == 1;
  return check_size(p, be32(h), be32(h + 4));
}

static bool named(const unsigned char *chunk, const char *name) { return memcmp(chunk + 4, name, 4) == 0; }

static gk_error_t *png_chunk(const peek_t *p, const unsigned char *chunk, apr_size_t size, bool *data)
{
  gk_image_facts_t *f = p->facts;
  const unsigned char *body = chunk + 8;
  if (named(chunk, "acTL"))
    return gk_image__refuse(p->pool, "file-animated", "这是动画图片，请提交普通照片",
                            "This is an animated picture: hand in an ordinary photo");
  if (named(chunk, "IDAT"))
    *data = true;
  else if (named(chunk, "tRNS"))
    f->alpha = true;
  else if (named(chunk, "eXIf"))
    f->orientation = orientation_of(body, size);
  else if (named(chunk, "pHYs") && size == 9 && body[8] == 1 && be32(body) < 100000)
    f->dpi = (int)(be32(body) * 0.0254 + 0.5);
  if (named(chunk, "tEXt") || named(chunk, "zTXt") || named(chunk, "iTXt") || named(chunk, "eXIf") ||
      named(chunk, "iCCP"))
    f->metadata = true;
  return NULL;
}

static gk_error_t *peek_png(const peek_t *p)
{
  const unsigned char *b = p->bytes;
  apr_size_t at = 8;
  bool data = false;
  p->facts->format = GK_IMAGE_PNG;
  p->facts->media_type = "image/png";
  while (true) {
    if (p->length - at < 12 || be32(b + at) > p->length - at - 12)
      return broken(p, "中途截断", "it is cut off");
    apr_size_t size = be32(b + at);
    if (at == 8) {
      if (!named(b + at, "IHDR") || size != 13)
        return broken(p, "文件头无效", "its header is not valid");
      GK_TRY(png_header(p, b + at + 8));
    } else {
      GK_TRY(png_chunk(p, b + at, size, &data));
    }
    bool end = named(b + at, "IEND");
    at += size + 12;
    if (end)
      break;
  }
  if (!data)
    return broken(p, "没有图像数据", "it holds no picture data");
  p->facts->trailing_bytes = (apr_int64_t)(p->length - at);
  return NULL;
}

/* ---- JPEG -------------------------------------------------------------------------------------------------- */

/* What a walk over the markers has seen. */
typedef struct jpeg_walk_t {
  bool frame;
  int luma_table;             /* of the first component */
  int sums[4];                /* of quantisation tables, 0: not there */
} jpeg_walk_t;

int gk_image__table_sum(int quality)
{
  static const unsigned char standard[64] = {
      16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,
      69, 56, 14, 17, 22,  29,  51,  87,  80, 62, 18, 22, 37,  56,  68,  109, 103, 77, 24, 35, 55,  64,
      81, 104, 113, 92, 49, 64,  78,  87,  103, 121, 120, 101, 72,  92,  95,  98,  112, 100, 103, 99};
  int scale = quality < 50 ? 5000 / quality : 200 - quality * 2, sum = 0;
  for (int i = 0; i < 64; i++) {
    int value = (standard[i] * scale + 50) / 100;
    sum += value < 1 ? 1 : value > 255 ? 255 : value;
  }
  return sum;
}

static int quality_of(int sum)
{
  int best = 0, distance = 0;
  for (int q = 1; sum > 0 && q <= 100; q++) {
    int d = sum - gk_image__table_sum(q);
    d = d < 0 ? -d : d;
    if (best == 0 || d <= distance) {
      best = q;
      distance = d;
    }
  }
  return best;
}

static gk_error_t *jpeg_frame(const peek_t *p, jpeg_walk_t *walk, int marker, const unsigned char *s,
                              apr_size_t size)
{
  gk_image_facts_t *f = p->facts;
  if (walk->frame || size < 6 || size != 6 + (apr_size_t)s[5] * 3)
    return broken(p, "文件头无效", "its header is not valid");
  if (marker > 0xc2 || s[0] != 8)
    return gk_image__refuse(p->pool, "file-type", "这种 JPEG（无损、算术编码或 12 位）不能使用，请另存为普通 JPEG",
                            "This kind of JPEG (lossless, arithmetic or 12 bit) can't be used: save it as an ordinary one");
  if (s[5] == 4)
    return gk_image__refuse(p->pool, "file-colour", "这是印刷用的 CMYK 照片，请另存为 RGB 颜色的 JPEG",
                            "This is a CMYK picture for printing: save it as a JPEG in RGB colours");
  if (s[5] != 1 && s[5] != 3)
    return broken(p, "颜色通道数无效", "it has a wrong number of colours");
  f->depth_bits = 8;
  f->channels = s[5];
  f->grey = s[5] == 1;
  f->interlaced = marker == 0xc2;
  walk->frame = true;
  walk->luma_table = s[8] & 3;
  return check_size(p, be16(s + 3), be16(s + 1));
}

static void jpeg_tables(jpeg_walk_t *walk, const unsigned char *s, apr_size_t size)
{
  while (size > 0) {
    apr_size_t wide = s[0] >> 4 != 0 ? 2 : 1;
    if (size < 1 + 64 * wide)
      return;
    int sum = 0;
    for (apr_size_t i = 0; i < 64; i++)
      sum += wide == 2 ? (int)be16(s + 1 + i * 2) : s[1 + i];
    walk->sums[s[0] & 3] = sum;
    s += 1 + 64 * wide;
    size -= 1 + 64 * wide;
  }
}

static void jpeg_application(gk_image_facts_t *f, int marker, const unsigned char *s, apr_size_t size)
{
  if (marker == 0xe0 && size >= 12 && memcmp(s, "JFIF", 5) == 0) {
    apr_uint32_t density = be16(s + 8);
    f->dpi = s[7] == 1 ? (int)density : s[7] == 2 ? (int)(density * 2.54 + 0.5) : 0;
  } else if (marker == 0xe1 && size > 6 && memcmp(s, "Exif\0", 6) == 0) {
    f->orientation = orientation_of(s + 6, size - 6);
  }
  if ((marker >= 0xe1 && marker != 0xee) || marker == 0xfe)
    f->metadata = true;
}

/* One marker with its segment. */
static gk_error_t *jpeg_segment(const peek_t *p, jpeg_walk_t *walk, int marker, const unsigned char *s,
                                apr_size_t size)
{
  gk_image_facts_t *f = p->facts;
  if (marker == 0xda) {
    if (!walk->frame)
      return broken(p, "文件头无效", "its header is not valid");
    f->scans++;
    if (f->scans > p->limits->max_scans ||
        (apr_int64_t)f->stored_width_px * f->stored_height_px * f->scans > p->limits->max_scan_pixels)
      return huge(p, "渐进式照片的扫描次数过多，请另存为普通 JPEG",
                  "The progressive picture has too many scans: save it as an ordinary JPEG");
  } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
    return jpeg_frame(p, walk, marker, s, size);
  } else if (marker == 0xdb) {
    jpeg_tables(walk, s, size);
  } else if (marker >= 0xe0 || marker == 0xfe) {
    jpeg_application(f, marker, s, size);
  }
  return NULL;
}

/* The place of the next marker after coded data: not a stuffed byte, not a restart. */
static apr_size_t after_data(const unsigned char *b, apr_size_t at, apr_size_t length)
{
  while (at < length) {
    const unsigned char *ff = memchr(b + at, 0xff, length - at);
    if (ff == NULL)
      return length;
    at = (apr_size_t)(ff - b);
    if (at + 1 < length && b[at + 1] != 0 && b[at + 1] != 0xff && (b[at + 1] < 0xd0 || b[at + 1] > 0xd7))
      return at;
    at++;
  }
  return length;
}

static gk_error_t *peek_jpeg(const peek_t *p)
{
  const unsigned char *b = p->bytes;
  jpeg_walk_t walk = {0};
  apr_size_t at = 2;
  p->facts->format = GK_IMAGE_JPEG;
  p->facts->media_type = "image/jpeg";
  while (true) {
    while (at + 1 < p->length && b[at] == 0xff && b[at + 1] == 0xff)
      at++;
    if (at + 2 > p->length)
      return broken(p, "中途截断", "it is cut off");
    int marker = b[at + 1];
    if (b[at] != 0xff || marker < 0xc0 || marker == 0xd8)
      return broken(p, "内容无效", "its content is not valid");
    at += 2;
    if (marker == 0xd9)
      break;
    if (marker >= 0xd0 && marker <= 0xd7)
      continue;
    if (p->length - at < 2 || be16(b + at) < 2 || be16(b + at) > p->length - at)
      return broken(p, "中途截断", "it is cut off");
    apr_size_t size = be16(b + at);
    GK_TRY(jpeg_segment(p, &walk, marker, b + at + 2, size - 2));
    at += size;
    if (marker == 0xda)
      at = after_data(b, at, p->length);
  }
  if (p->facts->scans == 0)
    return broken(p, "没有图像数据", "it holds no picture data");
  p->facts->quality = quality_of(walk.sums[walk.luma_table]);
  p->facts->trailing_bytes = (apr_int64_t)(p->length - at);
  return NULL;
}

/* ---- anything else ----------------------------------------------------------------------------------------- */

static bool begins(const peek_t *p, apr_size_t at, const char *mark)
{
  return p->length >= at + strlen(mark) && memcmp(p->bytes + at, mark, strlen(mark)) == 0;
}

static gk_error_t *not_a_picture(const peek_t *p)
{
  const char *what = NULL;
  if (begins(p, 4, "ftyphei") || begins(p, 4, "ftypmif") || begins(p, 4, "ftyphev") || begins(p, 4, "ftypavif"))
    what = "HEIC/AVIF";
  else if (begins(p, 0, "RIFF") && begins(p, 8, "WEBP"))
    what = "WebP";
  else if (begins(p, 0, "GIF8"))
    what = "GIF";
  else if (begins(p, 0, "BM"))
    what = "BMP";
  else if (begins(p, 0, "II*") || begins(p, 0, "MM"))
    what = "TIFF";
  else if (begins(p, 0, "%PDF"))
    what = "PDF";
  else if (begins(p, 0, "PK\x03\x04"))
    what = "ZIP";
  if (what != NULL)
    return gk_image__refuse(
        p->pool, "file-type", apr_pstrcat(p->pool, "这是 ", what, " 文件，只能用 JPEG 或 PNG 照片", NULL),
        apr_pstrcat(p->pool, "This is a ", what, " file: only JPEG and PNG pictures can be used", NULL));
  return gk_image__refuse(p->pool, "file-type", "这不是照片文件，只能用 JPEG 或 PNG 照片",
                          "This is no picture file: only JPEG and PNG pictures can be used");
}

gk_error_t *gk_image_peek(gk_image_facts_t *out, const unsigned char *bytes, apr_size_t length,
                          const gk_image_limits_t *limits, apr_pool_t *pool)
{
  gk_image_facts_t facts = {.orientation = 1};
  peek_t peek = {&facts, bytes, length, limits, pool};
  if (length == 0)
    return gk_image__refuse(pool, "file-empty", "文件是空的，请重新传输", "The file is empty: transfer it again");
  if ((apr_int64_t)length > limits->max_bytes)
    return huge(&peek,
                apr_psprintf(pool, "文件有 %d KB，最多 %d KB", (int)(length / 1000), (int)(limits->max_bytes / 1000)),
                apr_psprintf(pool, "The file has %d KB; at most %d KB", (int)(length / 1000),
                             (int)(limits->max_bytes / 1000)));
  if (begins(&peek, 0, "\x89PNG\r\n\x1a\n"))
    GK_TRY(peek_png(&peek));
  else if (begins(&peek, 0, "\xff\xd8\xff"))
    GK_TRY(peek_jpeg(&peek));
  else
    return not_a_picture(&peek);
  bool turned = facts.orientation >= 5;
  facts.width_px = turned ? facts.stored_height_px : facts.stored_width_px;
  facts.height_px = turned ? facts.stored_width_px : facts.stored_height_px;
  *out = facts;
  return NULL;
}
