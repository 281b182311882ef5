/* Session cookies from strangers. An input is laid over a true cookie from a place that its first two bytes name; only
 * the true cookie itself may be taken. Inputs without such a place ("=...") are cookies as they stand. */
#include "fuzz/gk_fuzz.h"

#include "crypto/crypto.h"
#include "fuzz/keys.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static const gk_session_t session = {
      .account_id = 17, .generation = 2, .issued = 1383310800000000, .seen = 1383310900000000,
      .id = "0123456789abcdef0123456789abcdef"};
  const gk_keys_t *keys = fuzz_keys();
  const char *good = gk_session_seal(keys, &session, pool), *given;
  gk_session_t opened;
  if (length < 2)
    return;
  if (text[0] == '=') {
    given = text + 1;
  } else {
    apr_size_t n = strlen(good), at = (apr_size_t)((unsigned char)text[0] << 8 | (unsigned char)text[1]) % (n + 1);
    char *mixed = apr_palloc(pool, at + length + n + 1);
    memcpy(mixed, good, n + 1);
    memcpy(mixed + at, text + 2, length - 2);
    mixed[(at + length - 2 > n ? at + length - 2 : n)] = '\0';
    given = mixed;
  }
  if (gk_session_open(keys, given, &opened, pool)) {
    GK_FUZZ_HOLDS(strcmp(given, good) == 0);
    GK_FUZZ_HOLDS(opened.account_id == session.account_id && opened.generation == session.generation);
    GK_FUZZ_HOLDS(opened.issued == session.issued && opened.seen == session.seen && strcmp(opened.id, session.id) == 0);
  } else {
    GK_FUZZ_HOLDS(strcmp(given, good) != 0);
  }
  if (gk_session_csrf_matches(keys, session.id, given, pool))
    GK_FUZZ_HOLDS(strcmp(given, gk_session_csrf(keys, session.id, pool)) == 0);
}
