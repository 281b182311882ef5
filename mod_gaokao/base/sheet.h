/* base/sheet.h: tables that come from outside: XLSX, CSV and XML, told row by row in bounded memory. Values only: no formula is
 * computed, no link followed, nothing written to disk. Knows no exam word; what a cell means is domain/import.h's business.
 *
 * XLSX: the container by libzip, its parts by libxml2 (xml_stream.h); bounded by decoded bytes, rows, columns and the ratio of
 *   decoded to packed bytes, whatever the directory of the archive claims.
 * CSV: comma, semicolon or tab; UTF-8, UTF-16 with BOM or GB18030.
 * XML: a root whose children are rows; their attributes and children are the cells, named as the headings.
 * What it can't read it calls by its name: an old .xls (also one renamed), .et, .ods, .xlsb, a page saved as .xls, a password. */
#ifndef GK_BASE_SHEET_H
#define GK_BASE_SHEET_H

#include <stdbool.h>
#include "base/error.h"

enum {
  GK_SHEET_ROWS = 60000,     /* of one sheet, empty ones not counted */
  GK_SHEET_COLUMNS = 256,    /* cells further right are not told */
  GK_SHEET_CELL_BYTES = 4000, /* a longer text is cut */
  GK_SHEET_SHEETS = 64
};
#define GK_SHEET_MAX_BYTES (16 * 1024 * 1024)     /* of a file */
#define GK_SHEET_DECODED_BYTES (256 * 1024 * 1024) /* of an archive, unpacked */

typedef enum gk_cell_kind_t {
  GK_CELL_EMPTY = 0,
  GK_CELL_TEXT,
  GK_CELL_NUMBER,   /* text: shortest form of at most 15 digits, or as it stands when it has more or an exponent */
  GK_CELL_DATE,     /* a number formatted as a date: text 2007-09-01 */
  GK_CELL_ERROR     /* #N/A, or a formula without a value */
} gk_cell_kind_t;

typedef struct gk_cell_t {
  gk_cell_kind_t kind;
  bool formula;      /* text is what the program that saved it had computed */
  const char *text;  /* "" when empty; well-formed UTF-8 */
} gk_cell_t;

typedef struct gk_sheet_row_t {
  int number;        /* as the program counts it: Excel's row, a CSV's line, an XML's element (its headings are row 1) */
  int count;
  const gk_cell_t *cells; /* hold for the call */
  bool hidden;
} gk_sheet_row_t;

/* Empty rows are not told. An error ends the reading and is returned. */
typedef gk_error_t *(*gk_sheet_row_fn)(void *baton, const gk_sheet_row_t *row);

typedef struct gk_sheet_t { const char *name; bool hidden; } gk_sheet_t;

typedef struct gk_book_t {
  const char *format;         /* xlsx csv xml */
  const char *encoding;       /* csv: UTF-8, UTF-16 or GB18030; else NULL */
  const char *separator;      /* csv: "," ";" or "\t"; else NULL */
  bool date1904;              /* xlsx: serial numbers count from 1904 */
  apr_array_header_t *sheets; /* gk_sheet_t, at least one */
  struct gk_book_state_t *state;
} gk_book_t;

/* `bytes` must outlive the book. Errors: INVALID with a sentence that says what the file is and what to do, TOO_LARGE. */
gk_error_t *gk_book_open(gk_book_t **out, const char *bytes, apr_size_t length, apr_pool_t *pool);
/* Can be called again. Errors: INVALID, TOO_LARGE, what `on_row` returned. */
gk_error_t *gk_book_read(gk_book_t *book, int sheet, gk_sheet_row_fn on_row, void *baton, apr_pool_t *pool);

/* A date's serial number as text 2007-09-01; NULL when it is none (before 1900-03-01 Excel counts a day that never was). */
const char *gk_sheet_date(double serial, bool date1904, apr_pool_t *pool);

/* ---- writing: a small workbook, all cells text --------------------------------------------------------- */

typedef struct gk_sheet_out_t {
  const char *name;            /* at most 31 characters */
  apr_array_header_t *rows;    /* apr_array_header_t * of const char * */
  int title_rows, head_rows;   /* of the first rows: merged over the width; bold */
  const int *widths;           /* in characters, as many as the widest row; NULL: 16 each */
  apr_array_header_t *lists;   /* gk_sheet_list_t, or NULL */
} gk_sheet_out_t;
/* Cells of a column below the head take what stands in a column of another sheet. */
typedef struct gk_sheet_list_t { int column; const char *sheet; int list_column, list_first, list_last; } gk_sheet_list_t;

gk_error_t *gk_book_write(const char **bytes, apr_size_t *length, const apr_array_header_t *sheets /* gk_sheet_out_t */,
                          apr_pool_t *pool);

#endif
