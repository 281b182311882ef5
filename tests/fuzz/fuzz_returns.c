/* Return lists, as the province or somebody in its name sends them: XML or a workbook. What passes keeps the rules of a list. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "domain/returns.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_return_list_t list;
  if (gk_return_read(&list, (const unsigned char *)text, length, pool) != NULL)
    return;
  GK_FUZZ_HOLDS(list.rows->nelts > 0 && list.rows->nelts <= GK_RETURN_MAX);
  for (int i = 0; i < list.rows->nelts; i++) {
    const gk_return_row_t *row = &APR_ARRAY_IDX(list.rows, i, gk_return_row_t);
    GK_FUZZ_HOLDS(row->number != NULL || row->candidate_number != NULL);
    GK_FUZZ_HOLDS(row->reason != NULL && gk_utf8_length(row->reason) >= 2 && gk_utf8_length(row->reason) <= 200);
    GK_FUZZ_HOLDS(gk_text_forbidden(row->reason, false) == 0);
  }
}
