/* base/spans.h: sets of whole numbers from 1 as spans "1-499,501": an array of gk_span_t, ascending, disjoint,
 * neighbours joined. */
#ifndef GK_BASE_SPANS_H
#define GK_BASE_SPANS_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct gk_span_t {
  apr_int64_t first, last;
} gk_span_t;

apr_array_header_t *gk_spans(apr_pool_t *pool);
/* Adds first..last; false when one of them is in it already (all are afterwards). */
bool gk_spans_add(apr_array_header_t *spans, apr_int64_t first, apr_int64_t last);
/* Takes first..last out; false when one of them is not in it. */
bool gk_spans_remove(apr_array_header_t *spans, apr_int64_t first, apr_int64_t last);
bool gk_spans_have(const apr_array_header_t *spans, apr_int64_t number);
apr_int64_t gk_spans_count(const apr_array_header_t *spans);

/* "" for the empty set. */
const char *gk_spans_text(const apr_array_header_t *spans, apr_pool_t *pool);
/* False unless `text` is exactly what gk_spans_text writes. */
bool gk_spans_parse(apr_array_header_t **out, const char *text, apr_pool_t *pool);

#endif
