/* domain/returns.h: what the province gives back (W9): a return list names candidates that were handed in, each with the reason.
 * They go back to their points for correction; the rest of each unit stays handed in. What is put right goes up again by a
 * supplement of its point, which takes just these.
 *
 * A candidate of a list is submitted or accepted; it becomes `filling`, its confirmation is void (a new proof and signature are
 * needed, as after any correction), and it is marked returned until it is handed in again. The reason lies sealed with the
 * record: the point and the levels above see it, the candidate too, and it stands in the record's history.
 *
 * Counts follow the records: the open submissions of the point and of the units above it, art and all, say at any moment how
 * many of their candidates are with the province or on the way there. So a returned one is taken out of them at once, by the
 * subject it had, and a supplement adds it by the subject it has then; withdrawn in between, it stays out. Who comes in by `all`
 * and is art counts in an art submission that is open too, whether it was returned from there or became art later. Their digest
 * remains that of what was signed when they were handed in; what a supplement holds has a digest of its own, in its audit row.
 *
 * A list is applied whole or not at all: every row that can't be is named.
 */
#ifndef GK_DOMAIN_RETURNS_H
#define GK_DOMAIN_RETURNS_H

#include "domain/submission.h"

#define GK_RETURN_MAX 2000
#define GK_RETURN_BYTES GK_XML_MAX_BYTES

/* One row of a list as it came. */
typedef struct gk_return_row_t {
  int line;                     /* in the XML, or row of the sheet */
  const char *number;           /* registration number; or */
  const char *candidate_number; /* or both; NULL: not given */
  const char *reason;           /* NULL: missing */
} gk_return_row_t;

typedef struct gk_return_list_t {
  int year;                     /* of the season it is for; 0: it does not say */
  apr_array_header_t *rows;     /* gk_return_row_t */
} gk_return_list_t;

/* Reads a list (conf/schema/returns.xsd). Errors: INVALID with what is wrong where. (returns_read.c) */
gk_error_t *gk_return_read(gk_return_list_t *out, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool);

/* A candidate that a row names. */
typedef struct gk_return_found_t {
  apr_int64_t id, version, org_id;
  const char *number, *candidate_number, *name, *subject, *state, *org_path, *org_code, *org_name;
  bool art;
} gk_return_found_t;

/* Judges a list, and with `apply` does what it says. *report: {applied, candidates, accepted, points, items: [{line, candidate,
 * org, reason}]}. Errors: INVALID with one violation a bad row (pointer "/rows/LINE"; the first 200); WRONG_STATE for a list of
 * another season; RETRY when a record changed meanwhile. */
gk_error_t *gk_return_apply(gk_json_t **report, gk_act_t *act, const gk_return_list_t *list, bool apply);

/* Candidates that are returned and not handed in again, by id behind `after`: {candidate, org, subject, candidate_number,
 * returned_at, reason}. *next: the cursor, 0 on the last page. */
gk_error_t *gk_return_open(gk_json_t **items, apr_int64_t *next, gk_act_t *act, apr_int64_t org_id, apr_int64_t after, int limit);
/* Why a record was returned: {at, reason}; NULL when nothing is open. */
gk_error_t *gk_return_of(gk_json_t **out, gk_act_t *act, const gk_candidate_t *candidate);

/* The actor's point hands in again those of its returned candidates that are confirmed and complete: they become submitted.
 * *report: {submitted, candidates: [...], waiting: [{candidate, missing}]}. Errors: FORBIDDEN (no point), WRONG_STATE (nobody
 * was returned, or nothing of the point is handed in: submit as usual), INCOMPLETE when none is ready, with what they miss.
 * (supplement.c) */
gk_error_t *gk_return_supplement(gk_json_t **report, gk_act_t *act);

/* Counts of `found` (gk_return_found_t *) in the open submissions of their units, art and, with `up_to` ALL, all: sign -1 takes
 * them out, 1 adds them. Art candidates count in `art` where their point has an open art submission. */
gk_error_t *gk_return__recount(gk_act_t *act, const apr_array_header_t *found, int sign, gk_submission_kind_t up_to);
/* Those of `check` (of a point) that are locked now, as `found`; art ones only. */
apr_array_header_t *gk_return__locked(gk_act_t *act, const gk_check_t *check, bool art_only);

/* ---- what it needs of the store (store/returns_store.c) -------------------------------------------------- */

/* found: gk_return_found_t *, one for each row; NULL where nobody is. By number, else by candidate number. */
gk_error_t *gk_return_store_find(apr_array_header_t **found, gk_act_t *act, const apr_array_header_t *rows);
/* rows: JSON [[id, version], ...]; *changed: how many still were as they said. */
gk_error_t *gk_return_store_unlock(apr_int64_t *changed, gk_act_t *act, const char *rows);
/* gk_submission_t: id, version, org.path, kind, total, counts, state. paths: JSON array. */
gk_error_t *gk_return_store_units(apr_array_header_t **units, gk_act_t *act, const char *paths);
/* *changed false: another version. */
gk_error_t *gk_return_store_recount(bool *changed, gk_act_t *act, const gk_submission_t *submission);
/* As gk_return_open. */
gk_error_t *gk_return_store_open(gk_json_t **items, apr_int64_t *next, gk_act_t *act, const gk_submission_org_t *org,
                                 apr_int64_t after, int limit);

#endif
