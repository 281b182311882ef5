/* JSON from strangers: what parses is written and read back as the same. */
#include "fuzz/gk_fuzz.h"

#include "base/json.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *value, *again;
  const char *written;
  gk_error_t *error = gk_json_parse(&value, text, length, pool);
  if (error != NULL) {
    GK_FUZZ_HOLDS(gk_error_log_text(pool, error) != NULL);
    return;
  }
  written = gk_json_text_sorted(value, pool);
  GK_FUZZ_HOLDS(gk_json_parse(&again, written, strlen(written), pool) == NULL);
  GK_FUZZ_HOLDS(gk_json_equal(value, again));
  GK_FUZZ_HOLDS(strcmp(gk_json_text_sorted(again, pool), written) == 0);
}
