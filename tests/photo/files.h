/* tests/photo/files.h: picture files of every kind, made by libpng and libjpeg as strangers' programs would. */
#ifndef TESTS_PHOTO_FILES_H
#define TESTS_PHOTO_FILES_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <jpeglib.h>
#include <png.h>

#include "base/image.h"

typedef struct file_t { unsigned char *bytes; apr_size_t length; } file_t;

/* A picture whose four corners differ: red, green / blue, white, with a soft middle. */
static inline gk_image_t *corners(int width, int height, apr_pool_t *pool)
{
  gk_image_t *image = gk_image_make(width, height, pool);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      unsigned char *p = image->pixels + image->stride_bytes * (apr_size_t)y + (apr_size_t)x * 3;
      bool right = x >= width / 2, low = y >= height / 2;
      p[0] = !right || low ? (low && !right ? 20 : 230) : 20;
      p[1] = right ? 230 : 20;
      p[2] = low ? 230 : 20;
    }
  return image;
}

typedef struct jpeg_how_t {
  int quality;               /* 0: 90 */
  bool progressive, grey, cmyk, arithmetic;
  int scans;                 /* progressive: refinements repeated so often */
  int orientation;           /* EXIF; 0: none */
  bool bad_exif;
} jpeg_how_t;

static inline file_t make_jpeg(const gk_image_t *image, jpeg_how_t how, apr_pool_t *pool)
{
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr errors;
  static jpeg_scan_info scans[600];
  unsigned char *out = NULL;
  unsigned long length = 0;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out, &length);
  info.image_width = (JDIMENSION)image->width_px;
  info.image_height = (JDIMENSION)image->height_px;
  info.input_components = how.grey ? 1 : how.cmyk ? 4 : 3;
  info.in_color_space = how.grey ? JCS_GRAYSCALE : how.cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, how.quality != 0 ? how.quality : 90, TRUE);
  info.arith_code = how.arithmetic ? TRUE : FALSE;
  if (how.scans > 0) { /* one DC scan, then an AC scan for each coefficient of each bit plane, as far as they reach */
    int n = 0;
    memset(scans, 0, sizeof(scans));
    for (int k = 0; k < info.num_components; k++) {
      scans[n].comps_in_scan = 1;
      scans[n++].component_index[0] = k;
    }
    for (int k = 1; k < 64 && n < how.scans; k++)
      for (int component = 0; component < info.num_components && n < how.scans; component++) {
        scans[n].comps_in_scan = 1;
        scans[n].component_index[0] = component;
        scans[n].Ss = scans[n].Se = k;
        n++;
      }
    info.scan_info = scans;
    info.num_scans = n;
  } else if (how.progressive) {
    jpeg_simple_progression(&info);
  }
  jpeg_start_compress(&info, TRUE);
  if (how.orientation != 0) {
    unsigned char exif[] = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0";
    exif[25] = (unsigned char)how.orientation;
    jpeg_write_marker(&info, 0xe1, exif, sizeof(exif) - 1);
  }
  if (how.bad_exif)
    jpeg_write_marker(&info, 0xe1, (const unsigned char *)"Exif\0\0MM\0*\xff\xff\xff\xf0junkjunk", 22);
  unsigned char *row = apr_palloc(pool, (apr_size_t)image->width_px * 4);
  for (int y = 0; y < image->height_px; y++) {
    const unsigned char *from = image->pixels + image->stride_bytes * (apr_size_t)y;
    for (int x = 0; x < image->width_px; x++)
      if (how.grey) {
        row[x] = from[x * 3 + 1];
      } else if (how.cmyk) {
        for (int k = 0; k < 3; k++)
          row[x * 4 + k] = from[x * 3 + k];
        row[x * 4 + 3] = 255;
      } else {
        memcpy(row + x * 3, from + x * 3, 3);
      }
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  file_t file = {apr_pmemdup(pool, out, length), length};
  free(out);
  jpeg_destroy_compress(&info);
  return file;
}

typedef struct png_how_t {
  int colour;                /* PNG_COLOR_TYPE_... */
  int depth;                 /* 8 or 16; 1 with grey or palette */
  bool interlaced;
  int alpha;                 /* with alpha: of every pixel */
} png_how_t;

typedef struct png_sink_t { unsigned char bytes[8 << 20]; apr_size_t length; } png_sink_t;

static inline void png_sink(png_structp png, png_bytep bytes, png_size_t length)
{
  png_sink_t *sink = png_get_io_ptr(png);
  if (sink->length + length > sizeof(sink->bytes))
    png_error(png, "too long");
  memcpy(sink->bytes + sink->length, bytes, length);
  sink->length += length;
}

static inline void png_no_flush(png_structp png) { (void)png; }

static inline file_t make_png(const gk_image_t *image, png_how_t how, apr_pool_t *pool)
{
  static png_sink_t sink;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  int depth = how.depth != 0 ? how.depth : 8, channels = 0;
  bool palette = how.colour == PNG_COLOR_TYPE_PALETTE, alpha = (how.colour & PNG_COLOR_MASK_ALPHA) != 0;
  bool colour = (how.colour & PNG_COLOR_MASK_COLOR) != 0 && !palette;
  sink.length = 0;
  png_set_write_fn(png, &sink, png_sink, png_no_flush);
  png_set_IHDR(png, info, (png_uint_32)image->width_px, (png_uint_32)image->height_px, depth, how.colour,
               how.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
  if (palette) {
    png_color colours[2] = {{20, 20, 20}, {230, 230, 230}};
    png_set_PLTE(png, info, colours, 2);
  }
  png_write_info(png, info);
  channels = (colour ? 3 : 1) + (alpha ? 1 : 0);
  apr_size_t stride = ((apr_size_t)image->width_px * (apr_size_t)(channels * depth) + 7) / 8;
  unsigned char *all = apr_pcalloc(pool, stride * (apr_size_t)image->height_px);
  png_bytep *rows = apr_palloc(pool, sizeof(*rows) * (apr_size_t)image->height_px);
  for (int y = 0; y < image->height_px; y++) {
    const unsigned char *from = image->pixels + image->stride_bytes * (apr_size_t)y;
    unsigned char *to = rows[y] = all + stride * (apr_size_t)y;
    for (int x = 0; x < image->width_px; x++)
      for (int k = 0; k < channels; k++) {
        bool is_alpha = alpha && k == channels - 1;
        unsigned char value = is_alpha ? (unsigned char)how.alpha : from[x * 3 + (colour ? k : 1)];
        apr_size_t at = (apr_size_t)(x * channels + k);
        if (depth == 16)
          to[at * 2] = to[at * 2 + 1] = value;
        else if (depth == 8)
          to[at] = palette ? value > 127 : value;
        else if (value > 127)
          to[at / 8] |= (unsigned char)(0x80 >> (at % 8));
      }
  }
  png_write_image(png, rows);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return (file_t){apr_pmemdup(pool, sink.bytes, sink.length), sink.length};
}

static inline apr_uint32_t crc_of(const unsigned char *bytes, apr_size_t length)
{
  apr_uint32_t crc = 0xffffffffU;
  for (apr_size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int k = 0; k < 8; k++)
      crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
  }
  return ~crc;
}

static inline void put32(unsigned char *to, apr_uint32_t value)
{
  for (int k = 0; k < 4; k++)
    to[k] = (unsigned char)(value >> (24 - 8 * k));
}

/* A PNG with one more chunk after its header. */
static inline file_t with_chunk(file_t png, const char *name, const void *body, apr_size_t size, apr_pool_t *pool)
{
  file_t out = {apr_palloc(pool, png.length + size + 12), png.length + size + 12};
  memcpy(out.bytes, png.bytes, 33);
  put32(out.bytes + 33, (apr_uint32_t)size);
  memcpy(out.bytes + 37, name, 4);
  if (size > 0)
    memcpy(out.bytes + 41, body, size);
  put32(out.bytes + 41 + size, crc_of(out.bytes + 37, size + 4));
  memcpy(out.bytes + 45 + size, png.bytes + 33, png.length - 33);
  return out;
}

/* A PNG that claims another size, with a right checksum. */
static inline file_t claiming(file_t png, apr_uint32_t width, apr_uint32_t height, apr_pool_t *pool)
{
  file_t out = {apr_pmemdup(pool, png.bytes, png.length), png.length};
  put32(out.bytes + 16, width);
  put32(out.bytes + 20, height);
  put32(out.bytes + 29, crc_of(out.bytes + 12, 17));
  return out;
}

static inline file_t followed_by(file_t file, const char *text, apr_pool_t *pool)
{
  file_t out = {apr_palloc(pool, file.length + strlen(text)), file.length + strlen(text)};
  memcpy(out.bytes, file.bytes, file.length);
  memcpy(out.bytes + file.length, text, strlen(text));
  return out;
}

#endif
