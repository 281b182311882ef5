/* base/spans.c: see spans.h. */
#include "base/spans.h"

#include <string.h>
#include <apr_strings.h>

#define SPAN(spans, i) APR_ARRAY_IDX(spans, i, gk_span_t)

apr_array_header_t *gk_spans(apr_pool_t *pool) { return apr_array_make(pool, 4, sizeof(gk_span_t)); }

/* Index of the first span that ends at or behind `number`. */
static int reach(const apr_array_header_t *spans, apr_int64_t number)
{
  int low = 0, high = spans->nelts;
  while (low < high) {
    int middle = (low + high) / 2;
    if (SPAN(spans, middle).last < number)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Puts `count` spans in the place of those from `from` up to `to`. */
static void replace(apr_array_header_t *spans, int from, int to, const gk_span_t *by, int count)
{
  int old = spans->nelts, rest = old - to;
  for (int i = old; i < from + count + rest; i++)
    apr_array_push(spans);
  gk_span_t *all = (gk_span_t *)spans->elts;
  memmove(all + from + count, all + to, (apr_size_t)rest * sizeof(*all));
  if (count > 0)
    memcpy(all + from, by, (apr_size_t)count * sizeof(*all));
  spans->nelts = from + count + rest;
}

bool gk_spans_add(apr_array_header_t *spans, apr_int64_t first, apr_int64_t last)
{
  gk_span_t joined = {first, last};
  int from = reach(spans, first - 1), to = from;
  bool fresh = true;
  for (; to < spans->nelts && SPAN(spans, to).first <= last + 1; to++) {
    const gk_span_t *span = &SPAN(spans, to);
    fresh = fresh && (span->last < first || span->first > last);
    joined.first = span->first < joined.first ? span->first : joined.first;
    joined.last = span->last > joined.last ? span->last : joined.last;
  }
  replace(spans, from, to, &joined, 1);
  return fresh;
}

bool gk_spans_remove(apr_array_header_t *spans, apr_int64_t first, apr_int64_t last)
{
  gk_span_t left[2];
  int from = reach(spans, first), to = from, count = 0;
  apr_int64_t taken = 0;
  for (; to < spans->nelts && SPAN(spans, to).first <= last; to++) {
    gk_span_t span = SPAN(spans, to);
    if (span.first < first)
      left[count++] = (gk_span_t){span.first, first - 1};
    if (span.last > last)
      left[count++] = (gk_span_t){last + 1, span.last};
    taken += (span.last < last ? span.last : last) - (span.first > first ? span.first : first) + 1;
  }
  replace(spans, from, to, left, count);
  return taken == last - first + 1;
}

bool gk_spans_have(const apr_array_header_t *spans, apr_int64_t number)
{
  int i = reach(spans, number);
  return i < spans->nelts && SPAN(spans, i).first <= number;
}

apr_int64_t gk_spans_count(const apr_array_header_t *spans)
{
  apr_int64_t count = 0;
  for (int i = 0; i < spans->nelts; i++)
    count += SPAN(spans, i).last - SPAN(spans, i).first + 1;
  return count;
}

const char *gk_spans_text(const apr_array_header_t *spans, apr_pool_t *pool)
{
  apr_array_header_t *words = apr_array_make(pool, spans->nelts + 1, sizeof(const char *));
  for (int i = 0; i < spans->nelts; i++) {
    const gk_span_t *span = &SPAN(spans, i);
    APR_ARRAY_PUSH(words, const char *) =
        span->first == span->last
            ? apr_psprintf(pool, "%" APR_INT64_T_FMT, span->first)
            : apr_psprintf(pool, "%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT, span->first, span->last);
  }
  return apr_array_pstrcat(pool, words, ',');
}

/* A number from 1 without leading zeros, at most 18 digits. */
static bool take_number(const char **text, apr_int64_t *number)
{
  const char *p = *text;
  apr_int64_t value = 0;
  if (*p < '1' || *p > '9')
    return false;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (p - *text >= 18)
      return false;
    value = value * 10 + (*p - '0');
  }
  *text = p;
  *number = value;
  return true;
}

bool gk_spans_parse(apr_array_header_t **out, const char *text, apr_pool_t *pool)
{
  apr_array_header_t *spans = gk_spans(pool);
  apr_int64_t before = -1;
  for (const char *p = text; *p != '\0';) {
    gk_span_t span;
    if (!take_number(&p, &span.first))
      return false;
    span.last = span.first;
    if (*p == '-') {
      p++;
      if (!take_number(&p, &span.last) || span.last <= span.first)
        return false;
    }
    if (span.first <= before + 1 && before >= 0)
      return false;
    if (*p == ',' && p[1] != '\0')
      p++;
    else if (*p != '\0')
      return false;
    APR_ARRAY_PUSH(spans, gk_span_t) = span;
    before = span.last;
  }
  *out = spans;
  return true;
}
