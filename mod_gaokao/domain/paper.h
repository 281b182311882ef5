/* domain/paper.h: what papers show (print/papers.h draws them): whom a batch is for, a proof sheet with what changed since the
 * one before, the times on a login card. Nothing is changed here; who prints says so in the audit. */
#ifndef GK_DOMAIN_PAPER_H
#define GK_DOMAIN_PAPER_H

#include "domain/confirm.h"
#include "domain/photo.h"
#include "domain/review.h"

#define GK_PAPERS_MAX 2000

/* Whom a batch is for: `ids`, or the numbers from..to, or a class, or both; NULL and 0: any. */
typedef struct gk_paper_filter_t {
  gk_json_t *ids;               /* array of integers, or NULL */
  const char *from, *to, *class_name;
  apr_int64_t org_id;           /* 0: the actor's subtree */
} gk_paper_filter_t;

typedef struct gk_paper_person_t {
  apr_int64_t id, version, proof_version, confirmed_version;
  const char *number, *name, *class_name, *subject, *state, *org_code, *org_name;
} gk_paper_person_t;

/* gk_paper_person_t by point, class and number; classes in the order people count them (2 before 10). At most GK_PAPERS_MAX.
 * Errors: INVALID when nobody or too many are asked for, NOT_FOUND for an id outside the subtree. */
gk_error_t *gk_paper_people(apr_array_header_t **people, gk_act_t *act, const gk_paper_filter_t *filter);
/* "高三2班" before "高三10班". */
int gk_paper_order(const char *a, const char *b);

/* A proof sheet once printed, and how it differs from the one before. */
typedef struct gk_paper_sheet_t {
  gk_candidate_t *candidate;
  gk_json_t *json;              /* gk_proof_json() */
  apr_array_header_t *changed;  /* const char *: ids of fields; NULL: it is the first sheet */
  apr_int64_t before;           /* version of the sheet before; 0: none */
  apr_time_t before_printed;
  bool has_photo;
  gk_photo_t photo;             /* the record's present one, picture included */
} gk_paper_sheet_t;
/* version 0: the one that is valid. Errors: WRONG_STATE when none is, NOT_FOUND. */
gk_error_t *gk_paper_sheet(gk_paper_sheet_t *out, gk_act_t *act, gk_candidate_t *candidate, apr_int64_t version);

/* "11月1日—11月10日 18:00": when candidates of a unit may fill in; NULL when no time was set. */
gk_error_t *gk_paper_fill_times(const char **text, gk_act_t *act, const char *org_path);

/* Name of a staff account for a paper, whoever it is: the name, else the login; "" when it is gone. */
gk_error_t *gk_paper_who(const char **name, gk_act_t *act, apr_int64_t account_id);

/* ---- store (store/proof_store.c) ------------------------------------------------------------------------- */

gk_error_t *gk_store_paper_people(apr_array_header_t **people, gk_act_t *act, const gk_paper_filter_t *filter, int limit);
gk_error_t *gk_store_paper_person(bool *found, gk_paper_person_t *person, gk_act_t *act, apr_int64_t id);
/* The last sheet of this candidate before `version`. */
gk_error_t *gk_store_proof_before(bool *found, gk_proof_t *proof, gk_act_t *act, apr_int64_t candidate_id,
                                  apr_int64_t version);
gk_error_t *gk_store_paper_who(const char **name, gk_act_t *act, apr_int64_t account_id);

#endif
