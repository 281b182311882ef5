/* domain/progress.h: live counts of a unit and the units directly below it (W6, F8), from the tally that
 * the database keeps with each change: equal to a plain count at any moment, cheap at any number of
 * candidates. */
#ifndef GK_DOMAIN_PROGRESS_H
#define GK_DOMAIN_PROGRESS_H

#include "domain/act.h"

/* {org {id, code, name, level}, total: COUNTS, items: [{org, enabled} + COUNTS]} for a unit of the actor's
 * tree (0: its own); subject (may be NULL) counts one subject only.
 * COUNTS: total (not withdrawn), states {state: n}, subjects {subject: n}, review {state: n}, fees {count,
 * fen}, estimated (null when nobody entered it). The unit's own total has by_subject {subject: {state: n}}
 * too. fees.count: candidates who have paid; fees.fen: what was received, of withdrawn candidates too. */
gk_error_t *gk_progress(gk_json_t **out, gk_act_t *act, apr_int64_t org_id, const char *subject);

/* Items [{school, class, total, states}] of a unit, by school and class, at most limit. after: cursor or
 * NULL; *next: NULL on the last page. */
gk_error_t *gk_progress_classes(gk_json_t **items, const char **next, gk_act_t *act, apr_int64_t org_id,
                                const char *after, int limit);

/* ---- store (store/progress_store.c) -------------------------------------------------------------------- */

typedef struct gk_progress_unit_t {
  apr_int64_t id;
  const char *code, *name, *level, *path;
  bool enabled;
  apr_int64_t estimated;       /* 0: unknown */
} gk_progress_unit_t;

/* measure: state, review, fee (n candidates of a subject in a state) or fen (n fen received). */
typedef struct gk_progress_row_t {
  const char *path, *measure, *subject, *state;
  apr_int64_t n;
} gk_progress_row_t;

typedef struct gk_progress_class_t {
  const char *school, *class_name, *state;
  apr_int64_t n;
} gk_progress_class_t;

gk_error_t *gk_progress_store_unit(gk_progress_unit_t *out, gk_act_t *act, apr_int64_t org_id);
gk_error_t *gk_progress_store_children(apr_array_header_t **units, gk_act_t *act, apr_int64_t org_id);
gk_error_t *gk_progress_store_rows(apr_array_header_t **rows, gk_act_t *act, const gk_progress_unit_t *unit,
                                   const char *subject);
/* gk_progress_class_t of at most `limit` classes, in their order; after "" "": from the start. */
gk_error_t *gk_progress_store_classes(apr_array_header_t **rows, gk_act_t *act,
                                      const gk_progress_unit_t *unit, const char *after_school,
                                      const char *after_class, int limit);

#endif
