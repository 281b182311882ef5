/* crypto/session.c: the session cookie and its CSRF token.
 *
 *   g1.KEY.ACCOUNT.GENERATION.ISSUED.SEEN.ID.MAC
 *
 * numbers decimal, times in microseconds, ID 32 and MAC 64 hex digits.
 */
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/internal.h"

#define FORMAT "g1"
#define COOKIE_MAX 300

static const char *mac_of(const gk_crypto__key_t *key, const char *label, const char *text, apr_pool_t *pool)
{
  unsigned char digest[32];
  gk_crypto__hmac(digest, key, label, text, strlen(text));
  return gk_text_hex(pool, digest, sizeof(digest));
}

static const char *seal_with(const gk_crypto__key_t *key, const gk_session_t *session, apr_pool_t *pool)
{
  const char *body = apr_psprintf(pool,
                                  FORMAT ".%s.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT
                                         ".%" APR_INT64_T_FMT ".%s",
                                  key->id, session->account_id, session->generation,
                                  (apr_int64_t)session->issued, (apr_int64_t)session->seen, session->id);
  return apr_pstrcat(pool, body, ".", mac_of(key, "session", body, pool), NULL);
}

const char *gk_session_seal(const gk_keys_t *keys, const gk_session_t *session, apr_pool_t *pool)
{
  return seal_with(keys->active[GK_KEY_COOKIE], session, pool);
}

static bool number(const char *text, apr_int64_t *value)
{
  apr_size_t length = strlen(text);
  if (length < 1 || length > 18 || strspn(text, "0123456789") != length || (text[0] == '0' && length > 1))
    return false;
  *value = apr_atoi64(text);
  return true;
}

bool gk_session_open(const gk_keys_t *keys, const char *cookie, gk_session_t *session, apr_pool_t *pool)
{
  const char *part[8];
  gk_session_t seen = {0};
  int parts = 0;
  if (cookie == NULL || strlen(cookie) > COOKIE_MAX)
    return false;
  char *text = apr_pstrdup(pool, cookie);
  for (char *at = text; at != NULL; parts++) {
    char *end = strchr(at, '.');
    if (end != NULL)
      *end++ = '\0';
    if (parts == 8)
      return false;
    part[parts] = at;
    at = end;
  }
  apr_int64_t issued, last;
  if (parts != 8 || strcmp(part[0], FORMAT) != 0 || !number(part[2], &seen.account_id) ||
      !number(part[3], &seen.generation) || !number(part[4], &issued) || !number(part[5], &last) ||
      strlen(part[6]) != 32 || strspn(part[6], "0123456789abcdef") != 32)
    return false;
  seen.issued = issued;
  seen.seen = last;
  seen.id = part[6];
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    /* Sealing again and comparing whole cookies lets only one spelling pass. */
    if (gk_crypto__usable(key, GK_KEY_COOKIE) && strcmp(key->id, part[1]) == 0 &&
        gk_same_text(seal_with(key, &seen, pool), cookie)) {
      *session = seen;
      return true;
    }
  }
  return false;
}

const char *gk_session_csrf(const gk_keys_t *keys, const char *session_id, apr_pool_t *pool)
{
  return mac_of(keys->active[GK_KEY_COOKIE], "csrf", session_id, pool);
}

bool gk_session_csrf_matches(const gk_keys_t *keys, const char *session_id, const char *token,
                             apr_pool_t *pool)
{
  bool same = false;
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    if (gk_crypto__usable(key, GK_KEY_COOKIE))
      same = gk_same_text(mac_of(key, "csrf", session_id, pool), token) || same;
  }
  return same;
}

const char *gk_draft_key(const gk_keys_t *keys, apr_int64_t account_id, apr_pool_t *pool)
{
  return mac_of(keys->active[GK_KEY_COOKIE], "draft", apr_psprintf(pool, "%" APR_INT64_T_FMT, account_id), pool);
}
