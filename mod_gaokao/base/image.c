/* base/image.c: libpng and libjpeg, bounded. See image.h. Their longjmp never leaves this file: each setjmp stands in one
 * small function that owns nothing but what its caller frees. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <jpeglib.h>
#include <png.h>

#include "base/image_internal.h"

enum { MAX_TEXT = JMSG_LENGTH_MAX, JPEG_MEMORY = 64 * 1024 * 1024, CHUNK_MEMORY = 1024 * 1024 };

/* What reader and writer of both libraries share. */
typedef struct codec_t {
  jmp_buf jump;
  char text[MAX_TEXT];           /* why it failed */
  const unsigned char *bytes;    /* reading */
  apr_size_t length, at;
  const gk_image_facts_t *facts;
  const gk_image_limits_t *limits;
  bool to_end;                   /* the whole file is read, so that damage anywhere is found */
  gk_image_region_t region;      /* as stored */
  gk_image_t *out;               /* as stored, scaled */
  gk_image_scaler_t scaler;
  apr_pool_t *pool;              /* of the scaler and a row */
  unsigned char *row, *whole;    /* whole: malloc */
  const gk_image_t *image;       /* writing */
  int quality, dpi;
  unsigned char *written;        /* malloc */
  unsigned long written_bytes;
  apr_size_t room;
} codec_t;

static gk_error_t *damaged(const codec_t *c, apr_pool_t *pool)
{
  gk_error_t *error = gk_image__refuse(pool, "file-broken", "照片文件不完整或已损坏，请重新传输或重拍",
                                       "The picture file is incomplete or damaged: transfer it again or take a new one");
  error->internal = apr_psprintf(pool, "decoder: %s", c->text);
  return error;
}

/* ---- JPEG -------------------------------------------------------------------------------------------------- */

static void jpeg_fail(j_common_ptr info)
{
  codec_t *c = info->client_data;
  info->err->format_message(info, c->text);
  longjmp(c->jump, 1);
}

/* Below zero stand warnings: damaged data that libjpeg would paint over in grey. */
static void jpeg_message(j_common_ptr info, int level)
{
  if (level < 0)
    jpeg_fail(info);
}

static void jpeg_silent(j_common_ptr info) { (void)info; }

static void jpeg_errors(struct jpeg_error_mgr *errors)
{
  jpeg_std_error(errors);
  errors->error_exit = jpeg_fail;
  errors->emit_message = jpeg_message;
  errors->output_message = jpeg_silent;
}

static void jpeg_watch(j_common_ptr info)
{
  codec_t *c = info->client_data;
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > c->limits->max_scans) {
    apr_cpystrn(c->text, "too many scans", MAX_TEXT);
    longjmp(c->jump, 1);
  }
}

/* The largest reduction by libjpeg itself that leaves enough pixels. */
static unsigned jpeg_reduction(const codec_t *c)
{
  unsigned reduction = 1;
  while (reduction < 8 && c->region.width / (int)(reduction * 2) >= c->out->width_px &&
         c->region.height / (int)(reduction * 2) >= c->out->height_px)
    reduction *= 2;
  return reduction;
}

static bool jpeg_rows(codec_t *c, struct jpeg_decompress_struct *info)
{
  if (setjmp(c->jump) != 0)
    return false;
  jpeg_mem_src(info, c->bytes, (unsigned long)c->length);
  info->mem->max_memory_to_use = JPEG_MEMORY;
  jpeg_read_header(info, TRUE);
  if (info->image_width != (JDIMENSION)c->facts->stored_width_px ||
      info->image_height != (JDIMENSION)c->facts->stored_height_px) {
    apr_cpystrn(c->text, "another size than its header's", MAX_TEXT);
    return false;
  }
  info->out_color_space = JCS_RGB;
  info->dct_method = JDCT_ISLOW;
  info->scale_num = 1;
  info->scale_denom = jpeg_reduction(c);
  jpeg_start_decompress(info);
  if (info->output_components != 3 || info->output_width > info->image_width) {
    apr_cpystrn(c->text, "not three colours", MAX_TEXT);
    return false;
  }
  double across = (double)info->output_width / info->image_width,
         down = (double)info->output_height / info->image_height;
  gk_image__scaler(&c->scaler, c->out, (int)info->output_width, (int)info->output_height, c->region.x * across,
                   c->region.y * down, c->region.width * across, c->region.height * down, c->pool);
  while (info->output_scanline < info->output_height) {
    int y = (int)info->output_scanline;
    if (!c->to_end && y >= c->scaler.end_row)
      return true;
    jpeg_read_scanlines(info, &c->row, 1);
    gk_image__scale_row(&c->scaler, y, c->row);
  }
  jpeg_finish_decompress(info);
  return true;
}

static bool jpeg_made(codec_t *c, struct jpeg_decompress_struct *info)
{
  if (setjmp(c->jump) != 0)
    return false;
  jpeg_create_decompress(info);
  return true;
}

static bool read_jpeg(codec_t *c)
{
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  memset(&info, 0, sizeof(info));
  memset(&progress, 0, sizeof(progress));
  jpeg_errors(&errors);
  progress.progress_monitor = jpeg_watch;
  info.err = &errors;
  info.client_data = c;
  if (!jpeg_made(c, &info))
    return false;
  info.progress = &progress;
  bool good = jpeg_rows(c, &info);
  jpeg_destroy_decompress(&info);
  return good;
}

static bool jpeg_written(codec_t *c, struct jpeg_compress_struct *info)
{
  if (setjmp(c->jump) != 0)
    return false;
  jpeg_create_compress(info);
  jpeg_mem_dest(info, &c->written, &c->written_bytes);
  info->image_width = (JDIMENSION)c->image->width_px;
  info->image_height = (JDIMENSION)c->image->height_px;
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, c->quality, TRUE);
  info->dct_method = JDCT_ISLOW;
  info->optimize_coding = TRUE;
  info->density_unit = 1;
  info->X_density = info->Y_density = (UINT16)c->dpi;
  jpeg_start_compress(info, TRUE);
  while (info->next_scanline < info->image_height) {
    JSAMPROW row = c->image->pixels + c->image->stride_bytes * info->next_scanline;
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
  return true;
}

/* Hands over what was written, in `pool`. */
static gk_error_t *take(codec_t *c, bool good, const unsigned char **bytes, apr_size_t *length, apr_pool_t *pool)
{
  if (good) {
    *bytes = apr_pmemdup(pool, c->written, c->written_bytes);
    *length = c->written_bytes;
  }
  free(c->written);
  c->written = NULL;
  return good ? NULL : gk_error_internal(pool, GK_E_INTERNAL, "encoder: %s", c->text);
}

gk_error_t *gk_image_jpeg(const unsigned char **bytes, apr_size_t *length, const gk_image_t *image, int quality,
                          int dpi, apr_pool_t *pool)
{
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr errors;
  codec_t c;
  memset(&c, 0, sizeof(c));
  c.image = image;
  c.quality = quality;
  c.dpi = dpi;
  memset(&info, 0, sizeof(info));
  jpeg_errors(&errors);
  info.err = &errors;
  info.client_data = &c;
  bool good = jpeg_written(&c, &info);
  jpeg_destroy_compress(&info);
  return take(&c, good, bytes, length, pool);
}

gk_error_t *gk_image_jpeg_fit(const unsigned char **bytes, apr_size_t *length, int *quality, const gk_image_t *image,
                              int min_quality, apr_size_t max_bytes, int dpi, apr_pool_t *pool)
{
  enum { BEST = 95 };
  int low = min_quality < BEST ? min_quality : BEST, high = BEST, found = 0;
  while (low <= high) {
    int middle = found == 0 && high == BEST ? high : (low + high) / 2; /* the best often fits */
    const unsigned char *b;
    apr_size_t n;
    GK_TRY(gk_image_jpeg(&b, &n, image, middle, dpi, pool));
    if (n <= max_bytes) {
      found = middle;
      *bytes = b;
      *length = n;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  *quality = found;
  return found != 0 ? NULL : gk_image_jpeg(bytes, length, image, min_quality, dpi, pool);
}

/* ---- PNG --------------------------------------------------------------------------------------------------- */

static void png_fail(png_structp png, png_const_charp text)
{
  codec_t *c = png_get_error_ptr(png);
  apr_cpystrn(c->text, text, MAX_TEXT);
  longjmp(c->jump, 1);
}

static void png_silent(png_structp png, png_const_charp text)
{
  (void)png;
  (void)text;
}

static void png_bytes(png_structp png, png_bytep to, png_size_t wanted)
{
  codec_t *c = png_get_io_ptr(png);
  if (wanted > c->length - c->at)
    png_error(png, "cut off");
  memcpy(to, c->bytes + c->at, wanted);
  c->at += wanted;
}

/* RGBA laid on white, in place. */
static void on_white(unsigned char *row, int width)
{
  unsigned char *to = row;
  for (int x = 0; x < width; x++, row += 4, to += 3)
    for (int k = 0; k < 3; k++)
      to[k] = (unsigned char)((row[k] * row[3] + 255 * (255 - row[3]) + 127) / 255);
}

static void png_settings(codec_t *c, png_structp png)
{
  /* Nothing of these is needed, and each can be a bomb of its own. */
  static const png_byte unwanted[] = "tEXt\0zTXt\0iTXt\0iCCP\0eXIf\0sPLT\0hIST\0pCAL\0sCAL\0oFFs";
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(png, (png_uint_32)c->limits->max_side_px, (png_uint_32)c->limits->max_side_px);
  png_set_chunk_malloc_max(png, CHUNK_MEMORY);
  png_set_chunk_cache_max(png, 64);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unwanted, sizeof(unwanted) / 5);
  png_set_read_fn(png, c, png_bytes);
}

static bool png_rows(codec_t *c, png_structp png, png_infop info)
{
  if (setjmp(c->jump) != 0)
    return false;
  png_settings(c, png);
  png_read_info(png, info);
  int width = c->facts->stored_width_px, height = c->facts->stored_height_px;
  if (png_get_image_width(png, info) != (png_uint_32)width || png_get_image_height(png, info) != (png_uint_32)height)
    png_error(png, "another size than its header's");
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_gray_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  png_size_t row_bytes = png_get_rowbytes(png, info);
  bool alpha = row_bytes == (png_size_t)width * 4;
  if (!alpha && row_bytes != (png_size_t)width * 3)
    png_error(png, "rows of another length");
  if (passes > 1) {
    c->whole = malloc(row_bytes * (png_size_t)height);
    if (c->whole == NULL)
      png_error(png, "out of memory");
    for (int pass = 0; pass < passes; pass++)
      for (int y = 0; y < height; y++)
        png_read_row(png, c->whole + row_bytes * (png_size_t)y, NULL);
  }
  for (int y = 0; y < height && (c->to_end || y < c->scaler.end_row); y++) {
    unsigned char *row = passes > 1 ? c->whole + row_bytes * (png_size_t)y : c->row;
    if (passes <= 1)
      png_read_row(png, row, NULL);
    if (alpha)
      on_white(row, width);
    gk_image__scale_row(&c->scaler, y, row);
  }
  if (c->to_end)
    png_read_end(png, NULL);
  return true;
}

static bool read_png(codec_t *c)
{
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, c, png_fail, png_silent);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  bool good = false;
  gk_image__scaler(&c->scaler, c->out, c->facts->stored_width_px, c->facts->stored_height_px, c->region.x,
                   c->region.y, c->region.width, c->region.height, c->pool);
  if (info != NULL)
    good = png_rows(c, png, info);
  else
    apr_cpystrn(c->text, "out of memory", MAX_TEXT);
  png_destroy_read_struct(&png, &info, NULL);
  free(c->whole);
  return good;
}

static void png_take(png_structp png, png_bytep bytes, png_size_t length)
{
  codec_t *c = png_get_io_ptr(png);
  if (c->written_bytes + length > c->room) {
    apr_size_t room = (c->written_bytes + length) * 2;
    unsigned char *more = realloc(c->written, room);
    if (more == NULL)
      png_error(png, "out of memory");
    c->written = more;
    c->room = room;
  }
  memcpy(c->written + c->written_bytes, bytes, length);
  c->written_bytes += length;
}

static void png_flushed(png_structp png) { (void)png; }

static bool png_written(codec_t *c, png_structp png, png_infop info)
{
  if (setjmp(c->jump) != 0)
    return false;
  png_set_write_fn(png, c, png_take, png_flushed);
  png_set_compression_level(png, 3);
  png_set_IHDR(png, info, (png_uint_32)c->image->width_px, (png_uint_32)c->image->height_px, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  for (int y = 0; y < c->image->height_px; y++)
    png_write_row(png, c->image->pixels + c->image->stride_bytes * (apr_size_t)y);
  png_write_end(png, NULL);
  return true;
}

gk_error_t *gk_image_png(const unsigned char **bytes, apr_size_t *length, const gk_image_t *image, apr_pool_t *pool)
{
  codec_t c;
  memset(&c, 0, sizeof(c));
  c.image = image;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, png_fail, png_silent);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  bool good = info != NULL && png_written(&c, png, info);
  png_destroy_write_struct(&png, &info);
  return take(&c, good, bytes, length, pool);
}

/* ---- both -------------------------------------------------------------------------------------------------- */

gk_error_t *gk_image_decode(gk_image_t **out, const gk_image_facts_t *facts, const unsigned char *bytes,
                            apr_size_t length, const gk_image_limits_t *limits, const gk_image_region_t *region,
                            int width_px, int height_px, apr_pool_t *pool)
{
  gk_image_region_t all = {0, 0, facts->width_px, facts->height_px};
  const gk_image_region_t *seen = region != NULL ? region : &all;
  if (seen->width <= 0 || seen->height <= 0 || seen->x < 0 || seen->y < 0 ||
      seen->width > facts->width_px - seen->x || seen->height > facts->height_px - seen->y || width_px <= 0 ||
      height_px <= 0 || width_px > limits->max_side_px || height_px > limits->max_side_px)
    return gk_error_internal(pool, GK_E_INTERNAL, "decode: a region outside the picture");
  bool turned = facts->orientation >= 5;
  codec_t c;
  memset(&c, 0, sizeof(c));
  c.bytes = bytes;
  c.length = length;
  c.facts = facts;
  c.limits = limits;
  c.to_end = region == NULL;
  c.region = gk_image__stored_region(facts, seen);
  c.out = gk_image_make(turned ? height_px : width_px, turned ? width_px : height_px, pool);
  c.pool = pool;
  c.row = apr_palloc(pool, (apr_size_t)facts->stored_width_px * 4);
  bool good = facts->format == GK_IMAGE_PNG ? read_png(&c) : read_jpeg(&c);
  if (!good)
    return damaged(&c, pool);
  *out = gk_image__orient(c.out, facts->orientation, pool);
  return NULL;
}
