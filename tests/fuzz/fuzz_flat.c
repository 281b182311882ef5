/* The fast reader of stored documents against the JSON parser: where both read a text they read the same. */
#include "fuzz/gk_fuzz.h"

#include "base/flat.h"
#include "base/json.h"

static void same(const gk_flat_t *flat, gk_json_t *value)
{
  for (gk_json_iter_t it = gk_json_first(value); it.key != NULL; gk_json_next(&it)) {
    apr_size_t count = 0;
    const gk_flat_t *const *rows = gk_flat_rows(flat, it.key, &count);
    const char *string = gk_flat_str(flat, it.key);
    if (gk_json_is_string(it.value)) {
      GK_FUZZ_HOLDS(string != NULL && strcmp(string, gk_json_str_value(it.value)) == 0);
    } else {
      GK_FUZZ_HOLDS(gk_json_is_array(it.value) && string == NULL && count == gk_json_size(it.value));
      for (apr_size_t i = 0; i < count; i++)
        same(rows[i], gk_json_at(it.value, i));
    }
  }
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *value;
  const gk_flat_t *flat = gk_flat_read(text, length, pool);
  if (flat == NULL)
    return;
  if (gk_json_parse(&value, text, length, pool) == NULL)
    same(flat, value);
}
