/* Results of examinations as instruments may write them: refused in both languages, or fields with text. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "items.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static gaokao_pair_t fields[EXAM_FIELDS];
  apr_uint32_t n = 0;
  const exam_fault_t *fault = exam_read(fields, &n, text, length, pool);
  if (fault != NULL) {
    GK_FUZZ_HOLDS(fault->zh != NULL && fault->en != NULL);
    return;
  }
  GK_FUZZ_HOLDS(n > 0 && n <= EXAM_FIELDS);
  for (apr_uint32_t i = 0; i < n; i++)
    GK_FUZZ_HOLDS(fields[i].value[0] != '\0' && strlen(fields[i].value) <= 300);
}
