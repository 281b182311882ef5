/* domain/submission.h: handing a unit's candidates upward (W9, P2): point -> county -> city -> province,
 * `art` and `all`.
 *
 * art covers the candidates of art subjects, all covers everybody, those already submitted with art too.
 * Withdrawn candidates count for neither. One submission of a kind is open (not returned) for a unit at a
 * time.
 *
 * Submitting. A point: each of its live candidates of the kind is confirmed (or was submitted with art
 * before), papers complete, fee paid, review passed, the parts complete that the pack asks for
 * (required_art, required_all), and no rule of stage submit of severity error fails. Its confirmed
 * candidates become `submitted`, which locks them, and get their candidate number (in the order of
 * registration numbers, per county and subject; one that was given before stays unless subject or
 * examination type changed). A county or city: every unit directly below that has live candidates of the
 * kind (switched off or not) has an accepted submission that covers all of them. The province submits to
 * nobody.
 *
 * Deciding is for the level directly above, on a submission of a unit in its tree. Accepting a city's
 * submission makes its `submitted` candidates `accepted`. Returning needs a reason, and that the decider's
 * own unit has no open submission of the kind (else ask for its return first); art can't be returned while
 * all is open for the unit.
 *   - The submission becomes `returned`. Those of the units below stay as they are, except where `org_id`
 *     names a unit below: then those on the way down to it are returned too, so that exactly that unit can
 *     work again.
 *   - Was it a city's accepted one, its candidates go back from `accepted` to `submitted` (for all: not
 *     those of an accepted art submission of that city).
 *   - Was a point's submission among those returned, that point's candidates are unlocked: `submitted` to
 *     `confirmed` (for all: not those of an open art submission of that point).
 *
 * Digest of a point's submission: SHA-256 over "number|version|confirmation digest\n", ordered by number;
 * version is the record's when it was checked (for a record that becomes submitted now: the one before).
 * Of a county or city: over "code|total|digest\n" of the units below, ordered by code.
 *
 * A submission leaves one audit row for all its candidates; candidates' versions rise with each of these
 * moves.
 */
#ifndef GK_DOMAIN_SUBMISSION_H
#define GK_DOMAIN_SUBMISSION_H

#include "domain/candidate.h"

typedef enum gk_submission_kind_t { GK_SUBMIT_ART = 1, GK_SUBMIT_ALL = 2 } gk_submission_kind_t;
const char *gk_submission_kind_word(gk_submission_kind_t kind);
gk_submission_kind_t gk_submission_kind_of(const char *word); /* 0 for another word */

/* A unit as submissions see it. */
typedef struct gk_submission_org_t {
  apr_int64_t id;
  const char *code, *name, *level, *path;
} gk_submission_org_t;

typedef struct gk_submission_t {
  apr_int64_t id, version;
  gk_submission_org_t org;
  gk_submission_kind_t kind;
  const char *state;              /* submitted accepted returned */
  apr_int64_t total;
  const char *counts;             /* JSON {"1": 12, ...}: candidates by subject */
  const char *digest;
  apr_int64_t submitted_by, decided_by;
  apr_time_t submitted, decided;
  const char *reason;             /* of the return */
  const char *anchor;             /* of the audit when it was submitted (domain/audit_seal.h), for the sheet; or NULL */
} gk_submission_t;

gk_json_t *gk_submission_json(const gk_submission_t *submission, apr_pool_t *pool);

/* ---- check --------------------------------------------------------------------------------------------- */

typedef struct gk_missing_t {
  const char *code;               /* not-confirmed, papers, fee, review, appraisal, ..., or a rule's id */
  const char *zh, *en;
} gk_missing_t;

/* A candidate of a point, with what is missing (empty: fit to be submitted). */
typedef struct gk_check_item_t {
  apr_int64_t id, version;
  const char *number, *candidate_number, *name, *subject, *state, *exam_type, *confirmation;
  bool art;
  bool returned;                  /* by the province, and not handed in again yet (domain/returns.h) */
  apr_array_header_t *missing;    /* gk_missing_t */
} gk_check_item_t;

/* A unit below a county, city or the province. */
typedef struct gk_check_child_t {
  gk_submission_org_t org;
  bool enabled;
  apr_int64_t live;               /* candidates of the kind now */
  apr_int64_t submission_id;      /* 0: none open */
  const char *state;              /* none submitted accepted */
  apr_int64_t total;
  const char *counts, *digest;
} gk_check_child_t;

typedef struct gk_check_t {
  gk_submission_org_t org;
  gk_submission_kind_t kind;
  apr_int64_t live;               /* candidates of the kind */
  apr_int64_t incomplete;         /* candidates (point) or units (above) that hinder */
  apr_array_header_t *items;      /* gk_check_item_t, points only: all live ones by number */
  apr_array_header_t *children;   /* gk_check_child_t, above points: by code */
} gk_check_t;

/* Judges a unit of the actor's tree (0: its own). */
gk_error_t *gk_submission_check(gk_check_t *out, gk_act_t *act, apr_int64_t org_id,
                                gk_submission_kind_t kind);
bool gk_check_child_ready(const gk_check_child_t *child);
/* {org, kind, ready, live, incomplete, items: [...], next}: hindering candidates or all units after
 * `cursor` (an id or a code, NULL at the start), at most limit. */
gk_json_t *gk_check_json(const gk_check_t *check, const char *cursor, int limit, apr_pool_t *pool);

/* ---- acts ---------------------------------------------------------------------------------------------- */

typedef struct gk_submission_filter_t {
  gk_submission_kind_t kind;      /* 0: both */
  const char *state;              /* NULL: all */
  const char *level;              /* of the unit; NULL: all */
  apr_int64_t org_id;             /* 0: all */
  apr_int64_t before_id;          /* cursor; 0: newest */
} gk_submission_filter_t;

/* Newest first, at most limit, of the actor's tree. */
gk_error_t *gk_submission_list(apr_array_header_t **submissions, gk_act_t *act,
                               const gk_submission_filter_t *filter, int limit);
gk_error_t *gk_submission_get(gk_submission_t *out, gk_act_t *act, apr_int64_t id);

/* Submits the actor's own unit. Errors: WINDOW_CLOSED, CONFLICT (open already), INCOMPLETE with one
 * violation a candidate or unit (the first hundred), RANGE_FULL (candidate numbers), RETRY when a record
 * changed meanwhile. */
gk_error_t *gk_submission_create(gk_submission_t *out, gk_act_t *act, gk_submission_kind_t kind);
gk_error_t *gk_submission_accept(gk_submission_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version);
gk_error_t *gk_submission_return(gk_submission_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 const char *reason, apr_int64_t org_id);

/* Serial in a candidate number of this pack format; 0 when it can't be found. */
int gk_candidate_number_serial(const char *format, const char *number);

/* ---- what it needs of the store (store/submission_store.c) --------------------------------------------- */

/* A unit in the actor's tree: NOT_FOUND else. */
gk_error_t *gk_submission_store_org(gk_submission_org_t *out, gk_act_t *act, apr_int64_t org_id);
/* Live candidates of a point by number; each with its document, in a pool that is cleared behind it. */
typedef gk_error_t *(*gk_submission_each_fn)(void *baton, gk_candidate_t *candidate, const char *confirmation,
                                             apr_pool_t *row_pool);
gk_error_t *gk_submission_store_candidates(gk_act_t *act, const gk_submission_org_t *point, bool art_only,
                                           bool returned_only, gk_submission_each_fn each, void *baton);
/* gk_check_child_t; subjects: ",3,7," or "" for all. */
gk_error_t *gk_submission_store_children(apr_array_header_t **children, gk_act_t *act,
                                         const gk_submission_org_t *org, gk_submission_kind_t kind,
                                         const char *subjects);
/* Nobody changes the open submissions of the units directly below `org` until the end of the transaction. */
gk_error_t *gk_submission_store_hold(gk_act_t *act, const gk_submission_org_t *org, gk_submission_kind_t kind);
gk_error_t *gk_submission_store_list(apr_array_header_t **out, gk_act_t *act,
                                     const gk_submission_filter_t *filter, int limit);
gk_error_t *gk_submission_store_get(gk_submission_t *out, gk_act_t *act, apr_int64_t id);
/* State of the open submission of the unit with this path (in the actor's tree); NULL when there is none. */
gk_error_t *gk_submission_store_open(const char **state, gk_act_t *act, const char *path,
                                     gk_submission_kind_t kind);
/* *id 0: one is open already. */
gk_error_t *gk_submission_store_insert(apr_int64_t *id, gk_act_t *act, const gk_submission_t *submission);
/* *changed false: another version or out of scope. */
gk_error_t *gk_submission_store_decide(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                       const char *state, const char *reason);
/* Returns the open submissions of `paths` (units below, at most GK_PATH_LEVELS); *submissions: ids and
 * versions. */
gk_error_t *gk_submission_store_return_paths(apr_array_header_t **submissions, gk_act_t *act,
                                             const char *const *paths, int count, gk_submission_kind_t kind,
                                             const char *reason);
/* Takes n serials; *first is the first of them. */
gk_error_t *gk_submission_store_serials(apr_int64_t *first, gk_act_t *act, const char *county_code,
                                        const char *subject, apr_int64_t n, apr_int64_t start);
/* rows: JSON [[id, version, candidate_number], ...] of confirmed candidates: submitted. *changed: how many
 * were. */
gk_error_t *gk_submission_store_lock(apr_int64_t *changed, gk_act_t *act, const char *rows);
/* Live candidates of the point that are neither submitted nor accepted. */
gk_error_t *gk_submission_store_rest(apr_int64_t *count, gk_act_t *act, const char *path, bool art_only);
/* Moves all candidates below `path` from one state to another in one statement. */
gk_error_t *gk_submission_store_move(apr_int64_t *changed, gk_act_t *act, const char *path, const char *from,
                                     const char *to, bool art_only, bool without_art);

#endif
