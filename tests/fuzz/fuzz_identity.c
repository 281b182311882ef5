/* Numbers of papers as people type them: a number that is taken is taken again as it is stored. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "domain/identity.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static const char *const types[] = {"1", "8", "9", "B", "C", "Z"};
  const gk_date_t today = {2026, 11, 1};
  gk_identity_t seen, again;
  size_t i;
  if (!gk_utf8_valid(text, length) || strlen(text) != length)
    return;
  seen = gk_identity_check(text, today, pool);
  GK_FUZZ_HOLDS(seen.number != NULL);
  GK_FUZZ_HOLDS(seen.verdict >= 0 && seen.verdict < GK_ID_CASE_COUNT);
  GK_FUZZ_HOLDS(gk_identity_zh(&seen, pool) != NULL && gk_identity_en(&seen, pool) != NULL);
  if (gk_identity_ok(seen.verdict)) {
    again = gk_identity_check(seen.number, today, pool);
    GK_FUZZ_HOLDS(again.verdict == seen.verdict);
    GK_FUZZ_HOLDS(strcmp(again.number, seen.number) == 0);
  }
  for (i = 0; i < sizeof types / sizeof *types; i++) {
    seen = gk_identity_check_typed(types[i], text, today, pool);
    GK_FUZZ_HOLDS(seen.number != NULL);
  }
}
