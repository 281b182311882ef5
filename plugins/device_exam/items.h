/* items.h: what a physical examination measures, and a reader of what instruments write. Pure. */
#ifndef EXAM_ITEMS_H
#define EXAM_ITEMS_H

#include <stdbool.h>
#include "gaokao_plugin.h"

enum { EXAM_FIELDS = 80, EXAM_BYTES = 16384 };

typedef struct exam_fault_t {
  const char *item;     /* as it was written; "" for the whole */
  const char *zh, *en;
} exam_fault_t;

/* Reads one person's results: a JSON object of texts and numbers, or lines "WK_SG=172.5" (also with : or a tab). Names are those of
 * the examination's table, in either case; fields come out in lower case, as a pack names them. `number` and `id_number` may
 * stand among them. NULL, or what is wrong. Strings in `pool`. */
const exam_fault_t *exam_read(gaokao_pair_t fields[EXAM_FIELDS], apr_uint32_t *n_fields, const char *text, apr_size_t length,
                              apr_pool_t *pool);

#endif
