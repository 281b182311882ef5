/* domain/part.h: the other information of a candidate (W8): appraisal, examination, grades, bonus.
 *
 * Each part has the fields that the season's pack defines for it, its own state, and its own rights
 * (access.def); who may change which field stands in the pack. States: none, partial (a field that must be
 * filled in is empty), entered, and for bonus by the county's or city's decision: approved, refused. A
 * change of bonus after the decision asks for a new one.
 *
 * Parts stay open after the confirmation: they don't touch what was signed. Once the record is submitted
 * they are closed, except for art candidates whose point has submitted only its art candidates: their
 * parts belong to the submission of everybody, which is still to come.
 */
#ifndef GK_DOMAIN_PART_H
#define GK_DOMAIN_PART_H

#include "domain/candidate.h"

typedef struct gk_part_row_t {
  const char *kind;             /* appraisal examination grades bonus */
  const char *state;
  gk_document_t *fields;        /* never NULL */
  gk_json_t *decision;          /* {verdict, reason, by, at}, or NULL */
  apr_int64_t version;          /* of the part; 0: nothing stored */
  apr_int64_t updated_by;
  apr_time_t updated;
} gk_part_row_t;

/* The parts of the pack in its order, with full values; leaves the audit row "candidate.read". */
gk_error_t *gk_parts_read(apr_array_header_t **parts, gk_candidate_t **candidate, gk_act_t *act,
                          apr_int64_t id);

/* Changes fields of a part: fields not named keep what they had, null clears. `version` is the record's,
 * which rises. *verdicts: gk_verdict_t of fields that must still be filled in.
 * Errors: INVALID by field, WRONG_STATE, WINDOW_CLOSED, STALE_VERSION, NOT_FOUND (also when the pack has
 * no such part). */
gk_error_t *gk_part_put(gk_candidate_t **candidate, gk_part_row_t *out, apr_array_header_t **verdicts,
                        gk_act_t *act, const char *kind, apr_int64_t id, apr_int64_t version,
                        gk_json_t *fields);

/* The decision about a bonus; `fields` (may be NULL) are changed with it. approve: needs all required fields
 * (INCOMPLETE). refuse: needs a reason. */
gk_error_t *gk_part_decide(gk_candidate_t **candidate, gk_part_row_t *out, gk_act_t *act, apr_int64_t id,
                           apr_int64_t version, bool approve, const char *reason, gk_json_t *fields);

/* ---- for imports (domain/import.h) ----------------------------------------------------------------------- */

/* What somebody wants of a part of a record just read: fields as for gk_part_put; verdict NULL, or approve or refuse (bonus) as
 * for gk_part_decide. */
typedef struct gk_part_wish_t {
  const char *kind;
  gk_candidate_t *candidate;
  gk_json_t *fields;
  const char *verdict, *reason;
} gk_part_wish_t;

/* Judges a wish as the single act would, for the record as it is now, and writes nothing. gk_part_do writes exactly what was
 * judged; STALE_VERSION when the record was changed in between. */
typedef struct gk_part_work_t gk_part_work_t;
gk_error_t *gk_part_try(gk_part_work_t **out, gk_act_t *act, const gk_part_wish_t *wish);
const gk_part_row_t *gk_part_work_before(const gk_part_work_t *work);
const gk_part_row_t *gk_part_work_after(const gk_part_work_t *work);
gk_error_t *gk_part_do(gk_part_work_t *work, gk_act_t *act);
/* Begins putting back: *out->after is what is there now; gk_part_back_to sets what is to be there. `state` and `decision` are kept
 * when `whole`: the part is as it was before; else the state follows from the fields. */
gk_error_t *gk_part_back(gk_part_work_t **out, gk_act_t *act, const char *kind, apr_int64_t id);
gk_error_t *gk_part_back_to(gk_part_work_t *work, gk_act_t *act, gk_document_t *fields, bool whole, const char *state,
                            gk_json_t *decision);

/* {id, name {zh, en}, state, fields, decision, version, updated_by, updated_at} */
gk_json_t *gk_part_json(const gk_part_row_t *row, const gk_pack_t *pack, apr_pool_t *pool);

/* The state of a part as the record's column repeats it; NULL for another kind. */
const char *gk_part_state(const gk_candidate_t *candidate, const char *kind);
/* True when a part in this state hinders no submission. */
bool gk_part_done(const char *kind, const char *state);

/* (store/part_store.c) Associated data of a part's sealed body. */
const char *gk_part_context(apr_int64_t candidate_id, const char *kind, apr_pool_t *pool);
/* (store/part_store.c) gk_part_row_t of all kinds of one candidate in the actor's tree. */
gk_error_t *gk_part_store_list(apr_array_header_t **rows, gk_act_t *act, apr_int64_t candidate_id);
/* Writes the part and the record's column, version + 1. *changed false: another version or out of scope. */
gk_error_t *gk_part_store_put(bool *changed, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                              const gk_part_row_t *row);
/* The candidate's point has submitted everybody (and it was not returned). */
gk_error_t *gk_part_store_closed(bool *closed, gk_act_t *act, const char *org_path);

#endif
