/* domain/device_seq.c: which sequence numbers of a device were here (device.h). */
#include "domain/device.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

typedef struct interval_t {
  apr_int64_t from, to;
} interval_t;

/* Text of our own making; what is no interval ends it. */
static apr_array_header_t *parse(const char *text, apr_pool_t *pool)
{
  apr_array_header_t *list = apr_array_make(pool, 8, sizeof(interval_t));
  while (*text != '\0') {
    char *end;
    interval_t one = {.from = apr_strtoi64(text, &end, 10)};
    if (end == text || *end != '-')
      break;
    text = end + 1;
    one.to = apr_strtoi64(text, &end, 10);
    if (end == text || one.to < one.from)
      break;
    APR_ARRAY_PUSH(list, interval_t) = one;
    text = end + (*end == ' ');
  }
  return list;
}

static const char *write_text(const apr_array_header_t *list, apr_pool_t *pool)
{
  enum { ONE = 2 * 20 + 3 };
  char *out = apr_palloc(pool, (apr_size_t)list->nelts * ONE + 1), *at = out;
  *out = '\0';
  for (int i = 0; i < list->nelts; i++) {
    const interval_t *one = &APR_ARRAY_IDX(list, i, interval_t);
    at += apr_snprintf(at, ONE, "%s%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT, i > 0 ? " " : "", one->from, one->to);
  }
  return out;
}

static void remove_at(apr_array_header_t *list, int i)
{
  interval_t *all = (interval_t *)(void *)list->elts;
  memmove(all + i, all + i + 1, sizeof(*all) * (apr_size_t)(list->nelts - i - 1));
  list->nelts--;
}

static void insert_at(apr_array_header_t *list, int i, interval_t one)
{
  apr_array_push(list);
  interval_t *all = (interval_t *)(void *)list->elts;
  memmove(all + i + 1, all + i, sizeof(*all) * (apr_size_t)(list->nelts - 1 - i));
  all[i] = one;
}

gk_seq_t gk_seq_add(const char **intervals, apr_int64_t seq, apr_pool_t *pool)
{
  apr_array_header_t *list = parse(*intervals, pool);
  int i = 0;
  while (i < list->nelts && APR_ARRAY_IDX(list, i, interval_t).to < seq)
    i++;
  bool last = i == list->nelts;
  if (!last && APR_ARRAY_IDX(list, i, interval_t).from <= seq)
    return GK_SEQ_USED;
  apr_int64_t highest = list->nelts > 0 ? APR_ARRAY_IDX(list, list->nelts - 1, interval_t).to : 0;
  bool left = i > 0 && APR_ARRAY_IDX(list, i - 1, interval_t).to == seq - 1;
  bool right = !last && APR_ARRAY_IDX(list, i, interval_t).from == seq + 1;
  if (left && right) {
    APR_ARRAY_IDX(list, i - 1, interval_t).to = APR_ARRAY_IDX(list, i, interval_t).to;
    remove_at(list, i);
  } else if (left) {
    APR_ARRAY_IDX(list, i - 1, interval_t).to = seq;
  } else if (right) {
    APR_ARRAY_IDX(list, i, interval_t).from = seq;
  } else {
    insert_at(list, i, (interval_t){seq, seq});
  }
  while (list->nelts > GK_SEQ_INTERVALS) {
    APR_ARRAY_IDX(list, 0, interval_t).to = APR_ARRAY_IDX(list, 1, interval_t).to;
    remove_at(list, 1);
  }
  *intervals = write_text(list, pool);
  return !last ? GK_SEQ_LATE : seq == highest + 1 ? GK_SEQ_NEXT : GK_SEQ_GAP;
}

gk_json_t *gk_seq_holes(const char *intervals, apr_pool_t *pool)
{
  apr_array_header_t *list = parse(intervals, pool);
  gk_json_t *holes = gk_json_array(pool);
  apr_int64_t next = 1;
  for (int i = 0; i < list->nelts; i++) {
    const interval_t *one = &APR_ARRAY_IDX(list, i, interval_t);
    if (one->from > next) {
      gk_json_t *hole = gk_json_array(pool);
      gk_json_add_int(hole, next);
      gk_json_add_int(hole, one->from - 1);
      gk_json_add(holes, hole);
    }
    next = one->to + 1;
  }
  return holes;
}
