/* print/print.h: papers as PDF (W2, W4, W5, W7, W9): cairo draws, pango sets the text, libqrencode makes the codes.
 *
 * A print takes plain data and a place for bytes; it knows no request, no job and no database. One at a time in a process:
 * fonts and their caches are shared, so memory stays that of one print whatever the number of threads, and who waits waits
 * milliseconds for a single sheet. Papers are Chinese: they are signed, kept and audited, and have one wording.
 *
 * Every page says which unit, who printed it, when, and which page of how many it is. Content keeps to the part that A4 and
 * letter paper share in width; `letter` makes the pages shorter.
 */
#ifndef GK_PRINT_PRINT_H
#define GK_PRINT_PRINT_H

#include <stdbool.h>
#include <apr_tables.h>
#include <apr_time.h>
#include "base/error.h"
#include "base/json.h"
#include "domain/account.h"
#include "domain/review.h"
#include "domain/submission.h"

typedef gk_error_t *(*gk_print_write_fn)(void *baton, const void *bytes, apr_size_t length);
/* Called after each piece (card page, sheet); an error ends the print. */
typedef gk_error_t *(*gk_print_progress_fn)(void *baton, int done);

typedef struct gk_print_wish_t {
  const char *title;            /* of the file */
  const char *unit;             /* "430121 星沙第二中学" */
  const char *printed_by;       /* who: name, or login */
  apr_time_t printed;
  const char *site;             /* origin: https://... */
  bool letter;
  int first_page, last_page;    /* only these of all (a jam); 0: from the start, to the end */
  gk_print_write_fn write;
  gk_print_progress_fn progress; /* may be NULL */
  void *baton;
} gk_print_wish_t;

typedef struct gk_print_t gk_print_t;

/* Starts a file: takes the process's one printer. Every print that was started is ended. Errors: CONFIG when there is no
 * font for Chinese on this machine. */
gk_error_t *gk_print_start(gk_print_t **out, const gk_print_wish_t *wish, apr_pool_t *pool);
/* Ends it; *pages: how many the paper has in all. `error`: what happened meanwhile (NULL: nothing); it comes back. */
gk_error_t *gk_print_end(gk_print_t *print, int *pages, gk_error_t *error);

/* ---- fonts ----------------------------------------------------------------------------------------------- */

/* Looked for in this folder too, before the system's. Once, before the first print. */
void gk_print_fonts_in(const char *folder);
/* What the machine has: "complete" (every character of CJK Ext. A to H that any free font has), "small" (a Chinese font, but
 * rare characters are missing), "none". */
const char *gk_print_fonts_state(void);

/* Characters of `text` that would come out as a box or as nothing known: no font has them, or they are private-use, control
 * or direction characters. const char *: each once, as "U+20BB7". Line breaks and tabs are none. */
apr_array_header_t *gk_print_missing(const char *text, apr_pool_t *pool);

/* ---- papers ---------------------------------------------------------------------------------------------- */

/* Ten login cards on A4, eight on letter, with marks for cutting; a new page for each class. Cards (gk_login_card_t with
 * candidates whose documents are loaded) in the order given. window: "11月1日—11月10日 18:00", or NULL. */
typedef struct gk_print_card_t {
  const char *number, *name, *id_number, *subject, *class_name, *point;
  const char *password;         /* NULL: an own one is set */
} gk_print_card_t;
gk_error_t *gk_print_cards(gk_print_t *print, const apr_array_header_t *cards, const char *window);
/* The same as a list to be signed when it is handed out, by class. */
gk_error_t *gk_print_login_sheet(gk_print_t *print, const apr_array_header_t *cards);
/* gk_slip_t: eight on a page. */
gk_error_t *gk_print_slips(gk_print_t *print, const apr_array_header_t *slips);

/* One person's sheet from what gk_proof_json() gives. Several in one file: call it again. */
typedef struct gk_print_sheet_t {
  gk_json_t *proof;             /* gk_proof_json() */
  const char *season;           /* title of the season's pack, Chinese */
  const unsigned char *jpeg;    /* NULL: an empty frame */
  apr_size_t jpeg_length;
  int jpeg_width, jpeg_height;
  apr_array_header_t *changed;  /* const char *: ids of fields that differ from the sheet before; NULL: there is none */
  apr_int64_t before;           /* version of the sheet before */
  apr_time_t before_printed;
  apr_time_t pledged;           /* when the pledge was accepted, for the form; 0: not */
  bool english;                 /* labels and codes in English too, below and behind the Chinese ones */
} gk_print_sheet_t;
gk_error_t *gk_print_proof(gk_print_t *print, const gk_print_sheet_t *sheet);
gk_error_t *gk_print_form(gk_print_t *print, const gk_print_sheet_t *sheet);

/* The fee receipt, twice on one page: one to keep, one to hand out. */
typedef struct gk_print_receipt_t {
  const char *season, *number, *name, *subject, *point, *receipt, *cashier;
  apr_int64_t fen;
  apr_time_t paid;
} gk_print_receipt_t;
gk_error_t *gk_print_receipt(gk_print_t *print, const gk_print_receipt_t *receipt);
/* "壹佰肆拾元整" */
const char *gk_print_amount(apr_int64_t fen, apr_pool_t *pool);

/* The sheet that goes with a submission: counts by subject (rows of [name, n]), digest, the audit's anchor. */
gk_error_t *gk_print_submission(gk_print_t *print, const gk_submission_t *submission, const char *season,
                                const char *submitted_by, const apr_array_header_t *subjects);

/* A ruled table over as many pages as it takes. Rows are arrays of const char * (NULL: empty), one a column. */
typedef struct gk_print_column_t {
  const char *title;
  double share;                 /* of the width */
  char align;                   /* 'l' 'r' 'c'; 'm': left, all letters as wide */
} gk_print_column_t;
typedef struct gk_print_table_t {
  const char *title, *subtitle;
  const gk_print_column_t *columns;
  int column_count;
  const apr_array_header_t *rows; /* const char *const * */
  double row_mm;                /* 0: as high as the text */
  int bold_rows;                /* the last ones: totals */
  const char *note;             /* below the table */
} gk_print_table_t;
gk_error_t *gk_print_table(gk_print_t *print, const gk_print_table_t *table);

#endif
