/* print/page.c: the file, its pages, and what is put on them. */
#include <math.h>
#include <string.h>
#include <apr_strings.h>
#include <cairo-pdf.h>
#include <qrencode.h>

#include "base/time.h"
#include "print/print_internal.h"

/* "Han" first: what is not in Noto falls back in the order the files were added. */
#define FACES "Noto Sans CJK SC, WenQuanYi Zen Hei, WenQuanYi Micro Hei, BabelStone Han, HanaMinA, HanaMinB"
#define MONO_FACES "Noto Sans Mono CJK SC, WenQuanYi Zen Hei Mono, WenQuanYi Micro Hei Mono"
#define SMALLEST 0.4              /* of the wished size */

/* ---- the file -------------------------------------------------------------------------------------------- */

static cairo_status_t write_bytes(void *baton, const unsigned char *bytes, unsigned int length)
{
  gk_print_t *print = baton;
  if (print->error == NULL)
    print->error = print->wish.write(print->wish.baton, bytes, length);
  return print->error != NULL ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

gk_error_t *gk_print_start(gk_print_t **out, const gk_print_wish_t *wish, apr_pool_t *pool)
{
  PangoFontMap *map = gk_print__fonts_take();
  if (map == NULL)
    return gk_error(pool, GK_E_CONFIG, "服务器上没有中文字体，无法打印，请管理员安装 fonts-noto-cjk",
                    "There is no Chinese font on this server: the administrator has to install fonts-noto-cjk");
  gk_print_t *print = apr_pcalloc(pool, sizeof(*print));
  print->wish = *wish;
  print->pool = pool;
  print->width = wish->letter ? 612 : PAPER_WIDTH;
  print->height = wish->letter ? 792 : 297 * MM;
  print->left = (print->width - PAPER_WIDTH) / 2;
  print->surface = cairo_pdf_surface_create_for_stream(write_bytes, print, print->width, print->height);
  cairo_pdf_surface_set_metadata(print->surface, CAIRO_PDF_METADATA_TITLE, wish->title);
  cairo_pdf_surface_set_metadata(print->surface, CAIRO_PDF_METADATA_CREATOR, "mod_gaokao");
  print->cr = cairo_create(print->surface);
  print->context = pango_font_map_create_context(map);
  pango_cairo_context_set_resolution(print->context, 72);
  /* Exact widths: hints and whole pixels are for screens. */
  cairo_font_options_t *options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(print->context, options);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(print->context, FALSE);
  pango_context_set_language(print->context, pango_language_from_string("zh-cn"));
  pango_context_set_base_dir(print->context, PANGO_DIRECTION_LTR);
  *out = print;
  return NULL;
}

gk_error_t *gk_print_end(gk_print_t *print, int *pages, gk_error_t *error)
{
  if (print->drawn)
    cairo_show_page(print->cr);
  cairo_status_t drawn = cairo_status(print->cr);
  cairo_destroy(print->cr);
  g_object_unref(print->context);
  cairo_surface_finish(print->surface);
  cairo_status_t written = cairo_surface_status(print->surface);
  cairo_surface_destroy(print->surface);
  gk_print__fonts_give();
  if (pages != NULL)
    *pages = print->pages;
  if (error != NULL)
    return error;
  if (print->error != NULL)
    return print->error;
  if (drawn != CAIRO_STATUS_SUCCESS || written != CAIRO_STATUS_SUCCESS)
    return gk_error_internal(print->pool, GK_E_INTERNAL, "a paper could not be drawn: %s",
                             cairo_status_to_string(drawn != CAIRO_STATUS_SUCCESS ? drawn : written));
  return NULL;
}

gk_error_t *gk_print__done(gk_print_t *print, int done)
{
  if (print->error != NULL)
    return print->error;
  return print->wish.progress != NULL ? print->wish.progress(print->wish.baton, done) : NULL;
}

const char *gk_print__moment(apr_time_t moment, apr_pool_t *pool)
{
  apr_time_exp_t t;
  apr_time_exp_tz(&t, moment, 8 * 3600);
  return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
}

bool gk_print__page(gk_print_t *print, const char *what, int number, int of)
{
  int page = ++print->pages;
  if (page < print->wish.first_page || (print->wish.last_page != 0 && page > print->wish.last_page))
    return false;
  if (print->drawn) {
    cairo_identity_matrix(print->cr);
    cairo_show_page(print->cr);
  }
  print->drawn = true;
  cairo_identity_matrix(print->cr);
  cairo_translate(print->cr, print->left, 0);
  double width = PAPER_WIDTH - 2 * MARGIN, y = print->height - 8 * MM;
  const char *by = apr_psprintf(print->pool, "%s　%s　%s 打印", print->wish.unit, print->wish.printed_by,
                                gk_print__moment(print->wish.printed, print->pool));
  gk_print__line(print, MARGIN, y, width - 50 * MM, 7.5, SOFT, by);
  gk_print__line(print, MARGIN + width - 70 * MM, y, 70 * MM, 7.5, SOFT | RIGHT,
                 apr_psprintf(print->pool, "%s　第 %d 页 / 共 %d 页", what, number, of));
  return true;
}

/* ---- text ------------------------------------------------------------------------------------------------ */

PangoLayout *gk_print__layout(gk_print_t *print, const char *text, double size, int flags, double width)
{
  PangoLayout *layout = pango_layout_new(print->context);
  PangoFontDescription *font = pango_font_description_new();
  pango_font_description_set_family_static(font, flags & MONO ? MONO_FACES ", " FACES : FACES);
  pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
  pango_font_description_set_weight(font, flags & BOLD ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  pango_layout_set_auto_dir(layout, FALSE);
  if (width > 0) {
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  }
  pango_layout_set_alignment(layout, flags & RIGHT ? PANGO_ALIGN_RIGHT : flags & CENTRE ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
  pango_layout_set_text(layout, text != NULL ? text : "", -1);
  return layout;
}

static void ink(gk_print_t *print, int flags)
{
  double grey = flags & SOFT ? 0.33 : 0;
  cairo_set_source_rgb(print->cr, grey, grey, grey);
}

double gk_print__line(gk_print_t *print, double x, double baseline, double width, double size, int flags, const char *text)
{
  PangoLayout *layout = gk_print__layout(print, text, size, flags, 0);
  int w, h;
  pango_layout_get_size(layout, &w, &h);
  double wide = (double)w / PANGO_SCALE;
  if (width > 0 && wide > width) {
    g_object_unref(layout);
    double smaller = fmax(size * width / wide * 0.995, size * SMALLEST);
    layout = gk_print__layout(print, text, smaller, flags, 0);
    pango_layout_get_size(layout, &w, &h);
    wide = (double)w / PANGO_SCALE;
  }
  double at = flags & RIGHT ? x + width - wide : flags & CENTRE ? x + (width - wide) / 2 : x;
  ink(print, flags);
  cairo_move_to(print->cr, at, baseline - (double)pango_layout_get_baseline(layout) / PANGO_SCALE);
  pango_cairo_show_layout(print->cr, layout);
  g_object_unref(layout);
  return wide;
}

void gk_print__box(gk_print_t *print, double x, double y, double width, double height, double size, int flags,
                   const char *text)
{
  PangoLayout *layout = NULL;
  int w, h;
  for (double s = size; layout == NULL; s *= 0.94) {
    layout = gk_print__layout(print, text, s, flags, width);
    pango_layout_set_line_spacing(layout, s < size * 0.8 ? 0.85F : 0.F);
    pango_layout_get_size(layout, &w, &h);
    /* One line as long as it is not too small: a name is read at a glance. */
    bool fits = (double)h / PANGO_SCALE <= height && (pango_layout_get_line_count(layout) == 1 || s < size * 0.7);
    if (!fits && s > size * SMALLEST) {
      g_object_unref(layout);
      layout = NULL;
    }
  }
  ink(print, flags);
  cairo_move_to(print->cr, x, y + fmax(0, height - (double)h / PANGO_SCALE) / 2);
  pango_cairo_show_layout(print->cr, layout);
  g_object_unref(layout);
}

const char *gk_print__in_fours(const char *digits, apr_pool_t *pool)
{
  char *out = apr_palloc(pool, 2 * strlen(digits) + 1), *to = out;
  for (size_t i = 0; digits[i] != '\0'; i++) {
    if (i > 0 && i % 4 == 0)
      *to++ = ' ';
    *to++ = digits[i];
  }
  *to = '\0';
  return out;
}

/* ---- lines, codes, pictures ------------------------------------------------------------------------------ */

void gk_print__rule(gk_print_t *print, double x1, double y1, double x2, double y2, double weight, double grey)
{
  cairo_set_source_rgb(print->cr, grey, grey, grey);
  cairo_set_line_width(print->cr, weight);
  cairo_move_to(print->cr, x1, y1);
  cairo_line_to(print->cr, x2, y2);
  cairo_stroke(print->cr);
}

void gk_print__dashes(gk_print_t *print, double x1, double y1, double x2, double y2)
{
  const double dash[] = {2.2, 2.2};
  cairo_set_dash(print->cr, dash, 2, 0);
  gk_print__rule(print, x1, y1, x2, y2, 0.5, 0.6);
  cairo_set_dash(print->cr, NULL, 0, 0);
}

void gk_print__frame(gk_print_t *print, double x, double y, double width, double height, double weight, double grey)
{
  cairo_set_source_rgb(print->cr, grey, grey, grey);
  cairo_set_line_width(print->cr, weight);
  cairo_rectangle(print->cr, x, y, width, height);
  cairo_stroke(print->cr);
}

/* As a mask of one bit a module: four times as fast and as small as paths, and no hairlines. */
gk_error_t *gk_print__qr(gk_print_t *print, double x, double y, double side, const char *text)
{
  QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
  if (code == NULL)
    return gk_error_internal(print->pool, GK_E_INTERNAL, "no QR code of %d bytes", (int)strlen(text));
  int n = code->width;
  cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A1, n, n);
  int stride = cairo_image_surface_get_stride(mask);
  cairo_surface_flush(mask);
  guint32 *rows = (guint32 *)(void *)cairo_image_surface_get_data(mask);
  for (int row = 0; row < n; row++)
    for (int column = 0; column < n; column++)
      if (code->data[row * n + column] & 1) {
        guint32 bit = G_BYTE_ORDER == G_LITTLE_ENDIAN ? 1U << (column % 32) : 1U << (31 - column % 32);
        rows[row * stride / 4 + column / 32] |= bit;
      }
  cairo_surface_mark_dirty(mask);
  QRcode_free(code);
  cairo_save(print->cr);
  cairo_translate(print->cr, x, y);
  cairo_scale(print->cr, side / n, side / n);
  cairo_set_source_rgb(print->cr, 0, 0, 0);
  cairo_pattern_t *pattern = cairo_pattern_create_for_surface(mask);
  cairo_pattern_set_filter(pattern, CAIRO_FILTER_NEAREST);
  cairo_mask(print->cr, pattern);
  cairo_pattern_destroy(pattern);
  cairo_restore(print->cr);
  cairo_surface_destroy(mask);
  return NULL;
}

void gk_print__jpeg(gk_print_t *print, double x, double y, double width, double height, const unsigned char *bytes,
                    apr_size_t length, int width_px, int height_px)
{
  cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_A8, width_px, height_px);
  unsigned char *copy = g_memdup2(bytes, length);
  cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_JPEG, copy, length, g_free, copy);
  double scale = fmin(width / width_px, height / height_px);
  cairo_save(print->cr);
  cairo_translate(print->cr, x + (width - width_px * scale) / 2, y + (height - height_px * scale) / 2);
  cairo_scale(print->cr, scale, scale);
  cairo_set_source_surface(print->cr, image, 0, 0);
  cairo_paint(print->cr);
  cairo_restore(print->cr);
  cairo_surface_destroy(image);
}
