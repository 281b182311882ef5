/* Archives from strangers: listed, and every file unpacked. What comes out has the size that was said, within the limits. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "base/zip.h"

static const gk_zip_limits_t small = {50, 100000, 1000000, 100};

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  apr_array_header_t *entries;
  unsigned char *bytes = malloc(length > 0 ? length : 1); /* exactly as long: reads beyond it are seen */
  memcpy(bytes, text, length);
  if (gk_zip_list(&entries, bytes, length, &small, pool) == NULL) {
    GK_FUZZ_HOLDS(entries->nelts <= small.max_entries);
    for (int i = 0; i < entries->nelts; i++) {
      const gk_zip_entry_t *entry = &APR_ARRAY_IDX(entries, i, gk_zip_entry_t);
      const unsigned char *out;
      apr_size_t out_length;
      if (entry->name != NULL)
        GK_FUZZ_HOLDS(gk_utf8_valid(entry->name, strlen(entry->name)) && strlen(gk_zip_leaf(entry->name)) <= strlen(entry->name));
      if (gk_zip_unpack(&out, &out_length, entry, bytes, length, &small, pool) == NULL)
        GK_FUZZ_HOLDS((apr_int64_t)out_length == entry->size && entry->size <= small.max_file_bytes);
    }
  }
  free(bytes);
}
