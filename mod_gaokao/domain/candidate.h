/* domain/candidate.h: a candidate's record: finding it, judging it, changing it (W3 to W7, design section 4).
 *
 * States: waiting (typed in, F7) -> allocated (number given, card not read) -> identified -> card_printed ->
 * reviewed -> filling -> proofed -> confirmed -> submitted -> accepted; withdrawn from any of them before submission.
 *
 * The document is sealed under the context gk_candidate_context() ("candidate.doc.ID"): a record's row is inserted
 * empty, and number and document follow in one UPDATE of the same transaction, so that the id is known and a number is
 * taken only once the ID number was free.
 *
 * Every change goes through gk_candidate_put: one UPDATE that says the version it started from, one audit row. Acts
 * take the version of If-Match; another one is STALE_VERSION. Records outside the actor's subtree are NOT_FOUND.
 */
#ifndef GK_DOMAIN_CANDIDATE_H
#define GK_DOMAIN_CANDIDATE_H

#include "domain/act.h"
#include "domain/document.h"
#include "domain/org.h"
#include "domain/verdict.h"

/* A keyed digest under the active index key, and under the other one while they change (crypto.h). */
typedef struct gk_index_t {
  const char *value, *other; /* NULL where there is nothing */
} gk_index_t;

typedef struct gk_candidate_t {
  apr_int64_t id, season_id, org_id, version, pack_id;
  const char *org_path, *org_code, *org_name; /* of the point */
  const char *number;             /* registration number, NULL while waiting */
  const char *candidate_number;   /* 14 digits, NULL before submission */
  apr_int64_t range_id;           /* 0: none */
  const char *subject;
  bool art;
  const char *state;
  const char *name, *school, *class_name; /* copies of fields for lists; never NULL */
  const char *id_index, *tail_index, *twin_index; /* keyed digests as stored, NULL where there is nothing */
  gk_index_t id_indexes, tail_indexes, twin_indexes; /* of the document, set by gk_candidate_set_document() */
  bool erased;                    /* its key was destroyed: document and what repeats it are gone */
  bool twin;                      /* another record has the same name and birth date */
  bool identified;                /* a card was read and matched, or the city saw other papers */
  const char *approval;           /* not_needed pending granted refused */
  apr_time_t pledged, created, updated;
  apr_time_t returned;            /* the province gave it back then (domain/returns.h); 0: nothing is open */
  apr_int64_t proof_version;      /* version that the valid proof sheet shows; 0: none */
  apr_int64_t confirmed_version;
  const char *papers_state;       /* none incomplete complete */
  const char *fee_state;          /* none paid due (the subject changed: another amount is due) */
  apr_int64_t fee_fen;            /* paid */
  const char *review_state;       /* none passed failed */
  const char *photo_state, *appraisal_state, *examination_state, *grades_state, *bonus_state;
  const char *doc_text;           /* the fields: plain JSON object, sorted keys */
  gk_document_t *document;        /* set by gk_candidate_document() */
} gk_candidate_t;

/* ---- reading --------------------------------------------------------------------------------------------- */

/* One record of the actor's subtree and the active season. */
gk_error_t *gk_candidate_get(gk_candidate_t **out, gk_act_t *act, apr_int64_t id);
/* The same for changing it: STALE_VERSION unless it still has `version`. */
gk_error_t *gk_candidate_load(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version);
/* The record of the candidate who acts. */
/* GONE: what the record said was deleted. */
gk_error_t *gk_candidate_gone(const gk_act_t *act);
gk_error_t *gk_candidate_own(gk_candidate_t **out, gk_act_t *act);
/* gk_candidate_get for staff who see it: leaves the audit row "candidate.read". */
gk_error_t *gk_candidate_read(gk_candidate_t **out, gk_act_t *act, apr_int64_t id);

/* Parsed once and kept in the record. */
gk_error_t *gk_candidate_document(gk_document_t **out, gk_candidate_t *candidate, apr_pool_t *pool);
/* gk_derive() of `document` on the act's day with the facts county, number, candidate_number, point added. */
gk_json_t *gk_candidate_derived(const gk_act_t *act, const gk_candidate_t *candidate, const gk_document_t *document);
/* What the season's rules of a GK_STAGE_ bit say (domain/verdict.h). */
gk_error_t *gk_candidate_verdicts(apr_array_header_t **verdicts, gk_act_t *act, gk_candidate_t *candidate, int stage);

/* Everything but the fields; `fields` added by gk_candidate_json. Full personal data: for the single record. */
gk_json_t *gk_candidate_head_json(const gk_candidate_t *candidate, bool staff, apr_pool_t *pool);
gk_error_t *gk_candidate_json(gk_json_t **out, gk_candidate_t *candidate, bool staff, apr_pool_t *pool);
/* A row of a list: ID number masked. */
gk_error_t *gk_candidate_row_json(gk_json_t **out, gk_candidate_t *candidate, apr_pool_t *pool);
/* {id, number, name, state, version}: what answers of other acts say about a record. */
gk_json_t *gk_candidate_brief_json(const gk_candidate_t *candidate, apr_pool_t *pool);

/* ---- lists ----------------------------------------------------------------------------------------------- */

typedef struct gk_candidate_filter_t {
  const char *q;          /* digits: beginning of the registration number, or of 4 characters at a point also the end of
                           * the ID number; else the exact name. NULL: none */
  const char *state;      /* also the word of a queue, see gk_candidate_queue_state */
  const char *subject, *class_name, *school;
  apr_int64_t org_id;     /* 0: the actor's subtree */
  bool flagged;           /* same name and birth date as somebody else */
  const char *reason;     /* why somebody above the points looks for a whole ID number; NULL: none given */
} gk_candidate_filter_t;

/* State that a queue works on: to_approve to_read to_print to_review to_fill to_proof to_confirm to_submit. NULL for
 * another word. */
const char *gk_candidate_queue_state(const char *queue);

/* Records by point and number, gk_candidate_t *, at most limit. `cursor`: NULL, or what the last page gave. *next: the
 * next page's cursor, NULL on the last page. Waiting records come only with state=waiting (or by name).
 * A search for a whole ID number above the points needs a reason and leaves an audit row.
 * Errors: INVALID for a cursor that is none or a missing reason (?reason), NOT_FOUND for an org outside the subtree. */
gk_error_t *gk_candidate_list(apr_array_header_t **candidates, const char **next, gk_act_t *act,
                              const gk_candidate_filter_t *filter, const char *cursor, int limit);

/* ---- creating -------------------------------------------------------------------------------------------- */

/* Where another record has an ID number. */
typedef struct gk_candidate_place_t {
  apr_int64_t id;            /* 0: nowhere */
  apr_int64_t org_id;
  const char *org_path, *org_name, *county_name;
  const char *number, *name, *state;
  bool former;               /* it had this number before it was corrected */
} gk_candidate_place_t;

/* Looks through the whole season, whatever the actor's scope. place->id 0 when the number is free. */
gk_error_t *gk_candidate_place(gk_candidate_place_t *place, gk_act_t *act, gk_index_t id_index);
/* The DUPLICATE error for staff: names the point, and the number when it lies in the actor's subtree. */
gk_error_t *gk_candidate_duplicate(const gk_act_t *act, const gk_candidate_place_t *place);

/* The point that new records of this actor belong to: org_id, or the actor's own unit when 0. Errors: NOT_FOUND
 * outside the subtree, INVALID (/org_id) when it is no point, CONFLICT when it is closed. */
gk_error_t *gk_candidate_point(gk_org_t **out, gk_act_t *act, apr_int64_t org_id);

/* INVALID (/subject) unless the season's pack has the subject category. */
gk_error_t *gk_candidate_check_subject(const gk_act_t *act, const char *subject);

/* What must be right about a person before a record is kept: name, sex, birth date, papers' type and number present, the
 * number possible for its type, sex and birth date as it says. Faults go to *error with pointers below `prefix`. */
void gk_candidate_check_person(gk_error_t **error, const gk_act_t *act, const gk_document_t *document,
                               const char *prefix);

/* Inserts a record: in state `identified` (number and account at once) or `waiting`; the audit row is the caller's.
 * Begins the transaction. When the ID number turns out to be taken, *place tells where and *out is NULL; nothing was
 * written then. */
gk_error_t *gk_candidate_insert(gk_candidate_t **out, gk_candidate_place_t *place, gk_act_t *act, const gk_org_t *point,
                                const char *subject, gk_document_t *document, const char *state);

/* Types a candidate in at a point (F7); fields as of the pack's "point:entry". *refused (DUPLICATE) is set instead of
 * *out when the number is registered: an audit row of the attempt waits for the commit, so the caller answers with the
 * refusal but lets the transaction end well. */
gk_error_t *gk_candidate_type_in(gk_candidate_t **out, gk_error_t **refused, gk_act_t *act, const char *subject,
                                 apr_int64_t org_id, gk_json_t *fields);

/* The city's decision about a record typed in. granted: takes the number and makes the account; `identity_checked`:
 * -1 by the kind of papers (cards a reader can read stay `allocated` until they are read), 0 no, 1 yes. refused needs a
 * reason and leaves it waiting; the point's next change asks again. */
gk_error_t *gk_candidate_approve(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool granted,
                                 int identity_checked, const char *reason);

/* ---- changing -------------------------------------------------------------------------------------------- */

/* Staff changes fields. Fields of the card that differ afterwards from the reading show at the confirmation. A proof
 * sheet becomes void, the record goes back to `filling`. Errors: INVALID, WRONG_STATE, WINDOW_CLOSED, DUPLICATE. */
gk_error_t *gk_candidate_update(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                gk_json_t *fields, const char *reason);

/* Puts `document` in place of candidate->document and brings the columns that repeat fields in line (name, school,
 * class, subject, art, indexes, fee_state); voids a proof. No checks, no write. */
gk_error_t *gk_candidate_set_document(gk_act_t *act, gk_candidate_t *candidate, gk_document_t *document);

/* Writes `after` over `before` (which was loaded): version + 1, audit row `action` with what changed and `more` (NULL,
 * or members for the audit row's "after"). Begins the transaction. Sets after->version. Columns of other nouns
 * (photo, appraisal, examination, grades, bonus, candidate number) are not touched. Errors: STALE_VERSION, DUPLICATE. */
gk_error_t *gk_candidate_put(gk_act_t *act, gk_candidate_t *after, gk_candidate_t *before, const char *action,
                             gk_json_t *more);
/* The two halves of it, for acts that do more in between. `before` NULL: a new record. */
gk_error_t *gk_candidate_write(gk_act_t *act, gk_candidate_t *after, const gk_candidate_t *before);
gk_error_t *gk_candidate_audit(gk_act_t *act, gk_candidate_t *after, gk_candidate_t *before, const char *action,
                               gk_json_t *more);
/* Takes number and account for a record just written without one. */
gk_error_t *gk_candidate_take_number(gk_act_t *act, gk_candidate_t *candidate);

/* ---- indexes and context --------------------------------------------------------------------------------- */

const char *gk_candidate_context(apr_int64_t id, apr_pool_t *pool);
/* Index of an ID number: resident numbers stand for themselves whatever paper shows them, others with their type. NULL
 * for NULL. */
gk_index_t gk_candidate_id_index(const gk_act_t *act, const char *id_type, const char *id_number);
/* The text behind it: what a changed index key makes the index of again. */
const char *gk_candidate_id_text(const char *id_type, const char *id_number, apr_pool_t *pool);
gk_index_t gk_candidate_text_index(const gk_act_t *act, const char *id_text);
/* Index of the last four characters, within one point. */
gk_index_t gk_candidate_tail_index(const gk_act_t *act, apr_int64_t org_id, const char *id_number);
gk_index_t gk_candidate_twin_index(const gk_act_t *act, const char *name, const char *birth);
/* The one under the newer key while index keys change; NULL otherwise. */
const char *gk_index_next(const gk_act_t *act, gk_index_t index);

#endif
