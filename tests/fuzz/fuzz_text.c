/* Text from strangers: cleaning is done once and for all. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "base/time.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  apr_time_t when;
  gk_date_t date;
  const char *name;
  bool valid = gk_utf8_valid(text, length);
  if (!valid || strlen(text) != length)
    return;
  GK_FUZZ_HOLDS(gk_utf8_length(text) <= length);
  name = gk_text_name(pool, text);
  GK_FUZZ_HOLDS(gk_utf8_valid(name, strlen(name)));
  GK_FUZZ_HOLDS(strcmp(gk_text_name(pool, name), name) == 0);
  gk_text_forbidden(text, true);
  gk_text_mask_id(pool, text);
  gk_text_mask_phone(pool, text);
  if (gk_time_parse(text, &when)) {
    apr_time_t again;
    GK_FUZZ_HOLDS(gk_time_parse(gk_time_text(pool, when), &again) && again == when);
  }
  if (gk_date_parse(text, true, &date))
    GK_FUZZ_HOLDS(gk_date_valid(date) && gk_date_compare(gk_date_of(gk_date_start(date)), date) == 0);
}
