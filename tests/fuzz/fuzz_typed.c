/* What people type to get in: slip passwords, own passwords, one-time codes and their secrets. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/session.h"
#include "fuzz/keys.h"

/* A slip's password without what doesn't matter. */
static const char *plain(const char *typed, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, typed), *to = out;
  for (const char *p = typed; *p != '\0'; p++)
    if (*p != ' ' && *p != '-')
      *to++ = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
  *to = '\0';
  return out;
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const apr_time_t now = apr_time_from_sec(1383310800);
  const gk_keys_t *keys = fuzz_keys();
  apr_int64_t step = 0;
  if (strlen(text) != length)
    return;
  const char *slip = gk_slip_password(keys, 17, 1, pool);
  GK_FUZZ_HOLDS(gk_slip_matches(keys, 17, 1, text) == (strcmp(plain(text, pool), slip) == 0));
  GK_FUZZ_HOLDS(gk_slip_matches(keys, 17, 1, apr_pstrcat(pool, " ", slip, text, NULL)) == (plain(text, pool)[0] == '\0'));
  if (gk_totp_matches(secret, text, now, &step))
    GK_FUZZ_HOLDS(length == 6 && strspn(text, "0123456789") == 6 && step > 0);
  const char *code = gk_totp_code(text, now, pool);
  if (code != NULL)
    GK_FUZZ_HOLDS(length == 32 && gk_totp_matches(text, code, now, &step));
  if (!gk_utf8_valid(text, length))
    return;
  gk_account_t account = {.id = 17, .login = "430102", .role = GK_ROLE_POINT, .display_name = "王小明"};
  gk_error_t *error = NULL;
  gk_session_check_password(&error, "/new", &account, false, NULL, text, pool);
  GK_FUZZ_HOLDS(error != NULL || gk_utf8_length(text) >= 15);
}
