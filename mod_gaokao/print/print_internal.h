/* print/print_internal.h: shared inside print/ only: the page, text on it, and content that flows over pages. */
#ifndef GK_PRINT_PRINT_INTERNAL_H
#define GK_PRINT_PRINT_INTERNAL_H

#include <pango/pangocairo.h>
#include "print/print.h"

#define MM (72.0 / 25.4)
#define MARGIN (14 * MM)          /* left and right, the same on both papers */
#define PAPER_WIDTH (210 * MM)    /* what is drawn on; letter paper is 6 mm wider and gets half of it on each side */

enum { BOLD = 1, MONO = 2, RIGHT = 4, CENTRE = 8, SOFT = 16 };

struct gk_print_t {
  gk_print_wish_t wish;
  cairo_surface_t *surface;
  cairo_t *cr;
  PangoContext *context;
  double width, height;
  double left;                    /* where the drawing's zero lies */
  int pages;                      /* of the paper so far */
  bool drawn;                     /* a page of the file is open */
  gk_error_t *error;              /* of the writer */
  apr_pool_t *pool;
};

/* fonts.c: the process's font map, locked. NULL: no font for Chinese. */
PangoFontMap *gk_print__fonts_take(void);
void gk_print__fonts_give(void);

/* page.c. Begins page `number` of `of` (0, 0: counted by the caller, no foot); false when it is not among those wished:
 * nothing must be drawn then. `what`: the paper's name in the head line. */
bool gk_print__page(gk_print_t *print, const char *what, int number, int of);
gk_error_t *gk_print__done(gk_print_t *print, int done);

PangoLayout *gk_print__layout(gk_print_t *print, const char *text, double size, int flags, double width);
/* One line on a baseline; shrinks, never cuts. Returns its width. */
double gk_print__line(gk_print_t *print, double x, double baseline, double width, double size, int flags, const char *text);
/* Text in a box, as large as fits below `size`, wrapped. */
void gk_print__box(gk_print_t *print, double x, double y, double width, double height, double size, int flags,
                   const char *text);
void gk_print__rule(gk_print_t *print, double x1, double y1, double x2, double y2, double weight, double grey);
void gk_print__dashes(gk_print_t *print, double x1, double y1, double x2, double y2);
void gk_print__frame(gk_print_t *print, double x, double y, double width, double height, double weight, double grey);
/* A code without the white around it. Errors: INTERNAL when the text is too long for one. */
gk_error_t *gk_print__qr(gk_print_t *print, double x, double y, double side, const char *text);
/* A JPEG byte for byte, as large as fits into the box. */
void gk_print__jpeg(gk_print_t *print, double x, double y, double width, double height, const unsigned char *bytes,
                    apr_size_t length, int width_px, int height_px);
const char *gk_print__moment(apr_time_t moment, apr_pool_t *pool);  /* 2025-11-03 14:02 */
const char *gk_print__in_fours(const char *digits, apr_pool_t *pool);

/* flow.c: rows one below the other, over as many pages as it takes. Everything is set before the first page is drawn, so
 * that each page knows how many there are. */
typedef struct gk_flow_t gk_flow_t;
typedef struct gk_cell_t {
  const char *text;
  double share;                   /* of the row's width */
  double size;
  int flags;
  bool shaded, bare;              /* bare: no frame */
} gk_cell_t;
gk_flow_t *gk_print__flow(gk_print_t *print, const char *what, apr_pool_t *pool);
/* Said on top of the second and later pages. */
void gk_print__flow_again(gk_flow_t *flow, const char *text);
void gk_print__flow_space(gk_flow_t *flow, double height);
/* A ruled row; `least`: its height at least. keep: on one page with the next one. head: repeated on later pages. */
void gk_print__flow_row(gk_flow_t *flow, const gk_cell_t *cells, int count, double least, bool keep, bool head);
/* Something drawn by itself. */
typedef gk_error_t *(*gk_flow_draw_fn)(gk_print_t *print, void *baton, double x, double y, double width);
void gk_print__flow_draw(gk_flow_t *flow, double height, bool keep, gk_flow_draw_fn draw, void *baton);
/* What follows is `side` narrower until `height` of it is filled; drawn at the right. */
void gk_print__flow_beside(gk_flow_t *flow, double side, double height, gk_flow_draw_fn draw, void *baton);
/* Ends what was begun beside. */
void gk_print__flow_clear(gk_flow_t *flow);
double gk_print__flow_width(const gk_flow_t *flow);
gk_error_t *gk_print__flow_end(gk_flow_t *flow);

#endif
