/* base/sheet_internal.h: shared by sheet*.c only. */
#ifndef GK_BASE_SHEET_INTERNAL_H
#define GK_BASE_SHEET_INTERNAL_H

#include "base/sheet.h"

typedef struct gk_book_state_t gk_book_state_t;
struct gk_book_state_t {
  const char *bytes; /* csv: as UTF-8 */
  apr_size_t length;
  char separator;
  apr_size_t start;  /* csv: behind "sep=;" */
  void *xlsx;        /* of sheet_xlsx.c */
};

/* One row as it fills. Texts lie in `pool`, which is cleared with each row. */
typedef struct gk_row_out_t {
  gk_cell_t cells[GK_SHEET_COLUMNS];
  int count, rows, last; /* last: number of the row told last */
  gk_sheet_row_fn on_row;
  void *baton;
  apr_pool_t *pool;
} gk_row_out_t;

gk_row_out_t *gk_row_out__start(gk_sheet_row_fn on_row, void *baton, apr_pool_t *pool);
/* Columns out of range are left out; `text` need not end in NUL and is cut to GK_SHEET_CELL_BYTES. */
void gk_row_out__cell(gk_row_out_t *out, int column, gk_cell_kind_t kind, bool formula, const char *text, apr_size_t length);
/* Tells the row unless it is empty. A number that is not above the last one, as broken files have it, becomes the next. */
gk_error_t *gk_row_out__end(gk_row_out_t *out, int number, bool hidden);

gk_error_t *gk_sheet__csv_open(gk_book_t *book, const char *bytes, apr_size_t length, apr_pool_t *pool);
gk_error_t *gk_sheet__csv_read(gk_book_t *book, gk_row_out_t *out);
gk_error_t *gk_sheet__xlsx_open(gk_book_t *book, apr_pool_t *pool);
gk_error_t *gk_sheet__xlsx_read(gk_book_t *book, int sheet, gk_row_out_t *out, apr_pool_t *pool);
gk_error_t *gk_sheet__xml_read(gk_book_t *book, gk_row_out_t *out, apr_pool_t *pool);

#endif
