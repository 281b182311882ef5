/* domain/ports_range.h: what domain/range.c needs from store/range_store.c. Statements carry season and
 * scope. */
#ifndef GK_DOMAIN_PORTS_RANGE_H
#define GK_DOMAIN_PORTS_RANGE_H

#include "domain/range.h"

gk_error_t *gk_range_store_get(gk_range_t *out, gk_act_t *act, apr_int64_t id);
/* lo, hi: subtree inside the scope. after_…: key of the last row of the page before (path "" for the first
 * page). */
gk_error_t *gk_range_store_list(apr_array_header_t **out, gk_act_t *act, const gk_range_filter_t *filter,
                                const char *lo, const char *hi, const char *after_path,
                                const char *after_subject, apr_int64_t after_first, int limit);
/* Ranges of a county that meet first..last, by first serial; at most `limit`. `except`: id left out. */
gk_error_t *gk_range_store_meeting(apr_array_header_t **out, gk_act_t *act, const char *county_code,
                                   apr_int64_t first, apr_int64_t last, apr_int64_t except, int limit);
/* UPDATE ... RETURNING: one serial of one range. *found false: nothing left. */
gk_error_t *gk_range_store_take(bool *found, apr_int64_t *range_id, apr_int64_t *serial,
                                const char **county_code, gk_act_t *act, apr_int64_t org_id,
                                const char *subject);
/* Taken behind the next statement of the transaction; the call above must follow before COMMIT. */
void gk_range_store_take_ahead(gk_act_t *act, apr_int64_t org_id, const char *subject);
/* RANGE_OVERLAP (without a sentence) when the database refuses. */
gk_error_t *gk_range_store_insert(apr_int64_t *id, gk_act_t *act, const gk_range_t *range);
/* Sets `last` unless serials above it were given. *changed false: stale, given, or outside the scope.
 * RANGE_OVERLAP as above. */
gk_error_t *gk_range_store_resize(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  apr_int64_t last);
gk_error_t *gk_range_store_delete(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version);

#endif
