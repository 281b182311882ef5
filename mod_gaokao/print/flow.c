/* print/flow.c: rows one below the other (print_internal.h). */
#include <math.h>
#include <apr_strings.h>

#include "print/print_internal.h"

#define TOP (13 * MM)
#define BOTTOM (14 * MM)
#define PAD_X (1.6 * MM)
#define PAD_Y (0.85 * MM)

typedef struct set_t {            /* a cell, set */
  PangoLayout *layout;
  double x, width;
  bool shaded, bare, soft;
} set_t;

typedef struct block_t {
  double height, x, width;
  bool keep, head, space, beside;
  set_t *cells;
  int count;
  gk_flow_draw_fn draw;
  void *baton;
  int page;
  double y;
} block_t;

struct gk_flow_t {
  gk_print_t *print;
  const char *what, *again;
  apr_array_header_t *blocks;     /* block_t */
  double width, side, side_left;  /* side_left: what of the height beside is not filled yet */
  apr_pool_t *pool;
};

gk_flow_t *gk_print__flow(gk_print_t *print, const char *what, apr_pool_t *pool)
{
  gk_flow_t *flow = apr_pcalloc(pool, sizeof(*flow));
  flow->print = print;
  flow->what = what;
  flow->blocks = apr_array_make(pool, 64, sizeof(block_t));
  flow->width = PAPER_WIDTH - 2 * MARGIN;
  flow->pool = pool;
  return flow;
}

void gk_print__flow_again(gk_flow_t *flow, const char *text) { flow->again = text; }

double gk_print__flow_width(const gk_flow_t *flow) { return flow->side_left > 0 ? flow->width - flow->side : flow->width; }

static block_t *push(gk_flow_t *flow, double height)
{
  block_t *block = apr_array_push(flow->blocks);
  *block = (block_t){.height = height, .x = MARGIN, .width = gk_print__flow_width(flow)};
  flow->side_left -= height;
  return block;
}

/* Space stays with what follows it. */
void gk_print__flow_space(gk_flow_t *flow, double height)
{
  block_t *block = push(flow, height);
  block->space = block->keep = true;
}

void gk_print__flow_draw(gk_flow_t *flow, double height, bool keep, gk_flow_draw_fn draw, void *baton)
{
  block_t *block = push(flow, height);
  block->keep = keep;
  block->draw = draw;
  block->baton = baton;
}

void gk_print__flow_beside(gk_flow_t *flow, double side, double height, gk_flow_draw_fn draw, void *baton)
{
  block_t *block = push(flow, 0);
  *block = (block_t){.x = MARGIN + flow->width - side, .width = side, .keep = true, .beside = true, .draw = draw, .baton = baton};
  flow->side = side;
  flow->side_left = height;
}

void gk_print__flow_clear(gk_flow_t *flow)
{
  if (flow->side_left > 0)
    gk_print__flow_space(flow, flow->side_left);
  flow->side_left = 0;
}

void gk_print__flow_row(gk_flow_t *flow, const gk_cell_t *cells, int count, double least, bool keep, bool head)
{
  double width = gk_print__flow_width(flow), x = 0, height = least, whole = 0;
  set_t *set = apr_pcalloc(flow->pool, sizeof(*set) * (apr_size_t)count);
  for (int i = 0; i < count; i++)
    whole += cells[i].share;
  for (int i = 0; i < count; i++) {
    int h;
    set[i] = (set_t){.x = x, .width = width * cells[i].share / whole, .shaded = cells[i].shaded, .bare = cells[i].bare,
                     .soft = (cells[i].flags & SOFT) != 0};
    set[i].layout = gk_print__layout(flow->print, cells[i].text, cells[i].size, cells[i].flags,
                                     fmax(set[i].width - 2 * PAD_X, 4));
    pango_layout_get_size(set[i].layout, NULL, &h);
    height = fmax(height, (double)h / PANGO_SCALE + 2 * PAD_Y);
    x += set[i].width;
  }
  block_t *block = push(flow, height);
  block->width = width;
  block->cells = set;
  block->count = count;
  block->keep = keep;
  block->head = head;
}

static void draw_row(gk_print_t *print, const block_t *block, double y)
{
  for (int i = 0; i < block->count; i++) {
    const set_t *cell = &block->cells[i];
    double x = block->x + cell->x;
    int h;
    if (cell->shaded) {
      cairo_set_source_rgb(print->cr, 0.945, 0.945, 0.945);
      cairo_rectangle(print->cr, x, y, cell->width, block->height);
      cairo_fill(print->cr);
    }
    if (!cell->bare)
      gk_print__frame(print, x, y, cell->width, block->height, 0.5, 0.25);
    pango_layout_get_size(cell->layout, NULL, &h);
    double grey = cell->soft ? 0.33 : 0;
    cairo_set_source_rgb(print->cr, grey, grey, grey);
    cairo_move_to(print->cr, x + PAD_X, y + (block->height - (double)h / PANGO_SCALE) / 2);
    pango_cairo_show_layout(print->cr, cell->layout);
  }
}

/* Blocks that stay together from i on: *end is the one after them. */
static double together(const gk_flow_t *flow, int i, int *end)
{
  double height = 0;
  for (*end = i; *end < flow->blocks->nelts; (*end)++) {
    const block_t *block = &APR_ARRAY_IDX(flow->blocks, *end, block_t);
    height += block->height;
    if (!block->keep) {
      (*end)++;
      break;
    }
  }
  return height;
}

/* The head rows that hold for block i: the last run of them before it. */
static int heads(const gk_flow_t *flow, int i, int *first)
{
  int count = 0;
  for (int j = 0; j < i; j++) {
    const block_t *block = &APR_ARRAY_IDX(flow->blocks, j, block_t);
    if (block->head) {
      if (count == 0 || j != *first + count) {
        *first = j;
        count = 0;
      }
      count++;
    } else if (block->count == 0 && !block->space) {
      count = 0; /* another thing came in between */
    }
  }
  return count;
}

static double head_height(const gk_flow_t *flow, int first, int count)
{
  double height = 0;
  for (int j = first; j < first + count; j++)
    height += APR_ARRAY_IDX(flow->blocks, j, block_t).height;
  return height;
}

static int paginate(gk_flow_t *flow)
{
  double bottom = flow->print->height - BOTTOM, y = TOP;
  int page = 1, end;
  for (int i = 0; i < flow->blocks->nelts; i = end) {
    double height = together(flow, i, &end);
    if (y + height > bottom + 0.1 && y > TOP + 8 * MM) {
      int first = 0, count = heads(flow, i, &first);
      page++;
      y = TOP + (flow->again != NULL ? 7 * MM : 0);
      if (!APR_ARRAY_IDX(flow->blocks, i, block_t).head)
        y += head_height(flow, first, count);
    }
    for (int j = i; j < end; j++) {
      block_t *block = &APR_ARRAY_IDX(flow->blocks, j, block_t);
      block->page = page;
      block->y = y;
      if (!(block->space && y == TOP))
        y += block->height;
    }
  }
  return page;
}

static gk_error_t *draw_page(gk_flow_t *flow, int page, int of)
{
  gk_print_t *print = flow->print;
  bool first_on_page = true;
  if (!gk_print__page(print, flow->what, page, of))
    return NULL;
  if (page > 1 && flow->again != NULL)
    gk_print__line(print, MARGIN, TOP + 4 * MM, flow->width, 8.5, SOFT, flow->again);
  for (int i = 0; i < flow->blocks->nelts; i++) {
    block_t *block = &APR_ARRAY_IDX(flow->blocks, i, block_t);
    if (block->page != page)
      continue;
    if (first_on_page && page > 1 && !block->head) {
      int first = 0, count = heads(flow, i, &first);
      double y = block->y - head_height(flow, first, count);
      for (int j = first; j < first + count; j++) {
        draw_row(print, &APR_ARRAY_IDX(flow->blocks, j, block_t), y);
        y += APR_ARRAY_IDX(flow->blocks, j, block_t).height;
      }
    }
    first_on_page = false;
    if (block->draw != NULL)
      GK_TRY(block->draw(print, block->baton, block->x, block->y, block->width));
    else if (block->count > 0)
      draw_row(print, block, block->y);
  }
  return NULL;
}

gk_error_t *gk_print__flow_end(gk_flow_t *flow)
{
  int of = paginate(flow);
  gk_error_t *error = NULL;
  for (int page = 1; page <= of && error == NULL; page++)
    error = draw_page(flow, page, of);
  for (int i = 0; i < flow->blocks->nelts; i++) {
    block_t *block = &APR_ARRAY_IDX(flow->blocks, i, block_t);
    for (int n = 0; n < block->count; n++)
      g_object_unref(block->cells[n].layout);
  }
  return error;
}
