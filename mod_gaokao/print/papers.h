/* print/papers.h: from records to papers: what a request or a job prints (print/print.h draws). One paper of one record is
 * made whole in memory; batches draw piece by piece with the same functions. */
#ifndef GK_PRINT_PAPERS_H
#define GK_PRINT_PAPERS_H

#include "domain/paper.h"
#include "print/print.h"

typedef struct gk_paper_how_t {
  bool letter;                  /* paper=letter */
  bool boxes;                   /* print characters that no font has as a box with their code, to be written by hand */
} gk_paper_how_t;

typedef struct gk_pdf_t {
  const char *bytes;
  apr_size_t length;
  const char *name;             /* "proof-01040317-7.pdf" */
} gk_pdf_t;

/* ---- one, in the request; each leaves an audit row ------------------------------------------------------- */

/* The login card as it is: nothing changes, the password is that of the present slip. Errors: WRONG_STATE before the first
 * card was printed (POST /candidates/cards does that), GLYPH_MISSING naming the characters. */
gk_error_t *gk_paper_card_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, const gk_paper_how_t *how);
/* The proof sheet of a version (0: the valid one), and the form to be signed. Errors: WRONG_STATE without a valid proof,
 * NOT_FOUND, GLYPH_MISSING. */
gk_error_t *gk_paper_proof_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version, bool form,
                               const gk_paper_how_t *how);
/* The receipt of the open payment. Errors: WRONG_STATE while nothing is paid. */
gk_error_t *gk_paper_receipt_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, const gk_paper_how_t *how);
gk_error_t *gk_paper_submission_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t id, const gk_paper_how_t *how);
/* Counts of a unit (0: the actor's) as they are now: by subject and state, by unit below, at a point by class. */
gk_error_t *gk_paper_counts_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t org_id, const gk_paper_how_t *how);

/* ---- pieces of batches ----------------------------------------------------------------------------------- */

/* Head and foot of the act's papers; write, progress and baton are left to the caller. */
gk_error_t *gk_paper_wish(gk_print_wish_t *out, gk_act_t *act, const char *title, bool letter);
gk_error_t *gk_paper_card(gk_print_card_t *out, gk_act_t *act, const gk_login_card_t *card);
gk_error_t *gk_paper_draw(gk_print_t *print, gk_act_t *act, const gk_paper_sheet_t *sheet, bool form);

/* GLYPH_MISSING when a text of the record would come out as a box: names number and characters. */
gk_error_t *gk_paper_check_card(const gk_print_card_t *card, apr_pool_t *pool);
gk_error_t *gk_paper_check_document(const char *number, const gk_json_t *fields, apr_pool_t *pool);

#endif
