/* domain/range.h: the serials of a county, divided among its points and subjects (W2, F1).
 *
 * A registration number is the four digits of city and county (digits 3 to 6 of the county's code) and a
 * four-digit serial. A range first..last belongs to one point and one subject; `next` is the serial it gives
 * next (last + 1: used up). Ranges of a county never overlap: the database refuses it. A serial that was
 * given is never given again.
 */
#ifndef GK_DOMAIN_RANGE_H
#define GK_DOMAIN_RANGE_H

#include "domain/act.h"

typedef struct gk_range_t {
  apr_int64_t id, season_id, org_id;
  const char *org_path, *org_code, *org_name;
  const char *county_code;     /* 4 digits */
  const char *subject;
  apr_int64_t first, last, next;
  apr_int64_t version;         /* changes when the range is changed, not when numbers are taken */
  apr_time_t created, updated;
} gk_range_t;

/* Takes the next number for a point and subject in the act's running transaction: from its ranges in order,
 * gapless, each once under any concurrency; a rollback gives it back. *number: 8 digits in act->pool. The
 * point must lie in the actor's subtree. Lock order: org, range, candidate, audit: call it before the
 * candidate's UPDATE of other rows. Errors: RANGE_FULL, saying who can refill. */
gk_error_t *gk_range_take(gk_act_t *act, apr_int64_t org_id, const char *subject, const char **number,
                          apr_int64_t *range_id);

gk_error_t *gk_range_get(gk_range_t **out, gk_act_t *act, apr_int64_t id);

typedef struct gk_range_filter_t {
  apr_int64_t org_id;          /* this unit and what is below; 0: the actor's subtree */
  const char *subject;         /* NULL: any */
  bool usable;                 /* only ranges with numbers left */
  const char *after;           /* cursor; NULL: from the start */
} gk_range_filter_t;
/* gk_range_t *, by unit, subject and first serial, at most `limit`. Errors: INVALID for a cursor that is
 * none. */
gk_error_t *gk_range_list(apr_array_header_t **ranges, gk_act_t *act, const gk_range_filter_t *filter,
                          int limit);
const char *gk_range_cursor(const gk_range_t *range, apr_pool_t *pool);

/* Serials of a county that no range has: gk_gap_t, in order. org_id: a county of the actor's subtree, 0: the
 * actor's own. */
typedef struct gk_gap_t {
  apr_int64_t first, last;
} gk_gap_t;
gk_error_t *gk_range_free(apr_array_header_t **gaps, const char **county_code, gk_act_t *act,
                          apr_int64_t org_id);

/* Gives first..last to a point for a subject. Errors: INVALID, NOT_FOUND, RANGE_OVERLAP naming the other
 * range. */
gk_error_t *gk_range_create(gk_range_t **out, gk_act_t *act, apr_int64_t org_id, const char *subject,
                            apr_int64_t first, apr_int64_t last);
/* Moves the end. It can't go below what was given. Errors: also STALE_VERSION, CONFLICT. */
gk_error_t *gk_range_resize(gk_range_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                            apr_int64_t last);
/* Cuts the unused tail at..last off and gives it to org_id (0: the same) and subject (NULL: the same). *out:
 * the new one. */
gk_error_t *gk_range_split(gk_range_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                           apr_int64_t at, apr_int64_t org_id, const char *subject);
/* Removes a range that gave nothing. Errors: CONFLICT when it did. */
gk_error_t *gk_range_delete(gk_act_t *act, apr_int64_t id, apr_int64_t version);

gk_json_t *gk_range_json(const gk_range_t *range, apr_pool_t *pool);

#endif
