/* domain/password.c: what may be an own password (session.h; NIST SP 800-63B-4, OWASP ASVS V6). */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/password_words.h"
#include "domain/session.h"

enum { STAFF_MIN = 15, SHORT_MIN = 8, MAX = 128, ADDED_MAX = 8 };

static const char *lower(const char *text, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, text);
  for (char *p = out; *p != '\0'; p++)
    if (*p >= 'A' && *p <= 'Z')
      *p = (char)(*p - 'A' + 'a');
  return out;
}

/* ---- common ones -------------------------------------------------------------------------------------- */

/* One character or a short unit over and over, or a run up or down. */
static bool plain(const char *text)
{
  apr_size_t length = strlen(text);
  for (apr_size_t period = 1; period <= 4 && period * 2 <= length; period++) {
    apr_size_t i = period;
    while (i < length && text[i] == text[i - period])
      i++;
    if (i == length)
      return true;
  }
  for (int step = -1; step <= 1; step += 2) {
    apr_size_t i = 1;
    /* 7890 goes on from 9 to 0, as people count. */
    while (i < length &&
           (text[i] == text[i - 1] + step || (step == 1 && text[i - 1] == '9' && text[i] == '0') ||
            (step == -1 && text[i - 1] == '0' && text[i] == '9')))
      i++;
    if (length > 1 && i == length)
      return true;
  }
  return false;
}

static bool digits(const char *text, apr_size_t length)
{
  return strlen(text) == length && strspn(text, "0123456789") == length;
}

static int number(const char *text, int length)
{
  int value = 0;
  for (int i = 0; i < length; i++)
    value = value * 10 + (text[i] - '0');
  return value;
}

/* Days of the last hundred years (19990506) and mobile numbers: what people know of each other. */
static bool known_number(const char *text)
{
  if (digits(text, 8)) {
    int year = number(text, 4), month = number(text + 4, 2), day = number(text + 6, 2);
    return year >= 1930 && year <= 2039 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
  }
  return digits(text, 11) && text[0] == '1' && text[1] >= '3';
}

/* Signs that stand for letters: p@ssw0rd. Digits at the end stay digits, they are cut as an addition. */
static const char *plain_letters(const char *folded, apr_pool_t *pool)
{
  static const char from[] = "@$!|013457", to[] = "asiioleast";
  char *out = apr_pstrdup(pool, folded);
  apr_size_t end = strlen(out);
  while (end > 0 && !apr_isalpha(out[end - 1]) && (unsigned char)out[end - 1] < 0x80)
    end--;
  for (apr_size_t i = 0; i < end; i++) {
    const char *at = strchr(from, out[i]);
    if (at != NULL)
      out[i] = to[at - from];
  }
  return out;
}

static bool no_letters(const char *text, apr_size_t length)
{
  for (apr_size_t i = 0; i < length; i++)
    if (apr_isalpha(text[i]) || (unsigned char)text[i] >= 0x80)
      return false;
  return true;
}

/* A listed word, twice, or with a few digits or signs before or behind: password2026!, 520woaini, qwertyqwerty. */
static bool worn(const char *text)
{
  for (int i = 0; i < gk_password_word_count; i++) {
    const char *word = gk_password_words[i], *found = strstr(text, word);
    apr_size_t n = strlen(word);
    if (found == NULL)
      continue;
    apr_size_t before = (apr_size_t)(found - text);
    const char *behind = found + n;
    if (strncmp(behind, word, n) == 0)
      behind += n;
    if (before + strlen(behind) <= ADDED_MAX && no_letters(text, before) && no_letters(behind, strlen(behind)))
      return true;
  }
  return false;
}

static bool common(const char *folded, apr_pool_t *pool)
{
  return plain(folded) || known_number(folded) || worn(folded) || worn(plain_letters(folded, pool));
}

/* ---- made of what others know ------------------------------------------------------------------------- */

/* Letters and digits only, so that 2007-05-06 and 20070506 are one. */
static const char *bare(const char *text, apr_pool_t *pool)
{
  char *out = apr_palloc(pool, strlen(text) + 1), *end = out;
  for (const char *p = lower(text, pool); *p != '\0'; p++)
    if (apr_isalnum(*p) || (unsigned char)*p >= 0x80)
      *end++ = *p;
  *end = '\0';
  return out;
}

/* `part` (at least 3 bytes) stands in the password and leaves fewer than 8 bytes beside it. */
static bool made_of(const char *password, const char *part, apr_pool_t *pool)
{
  const char *known = part != NULL ? bare(part, pool) : "";
  if (strlen(known) < 3)
    return false;
  return strstr(password, known) != NULL && strlen(password) - strlen(known) < SHORT_MIN;
}

static bool personal(const gk_account_t *account, const apr_array_header_t *facts, const char *password,
                     apr_pool_t *pool)
{
  const char *own = bare(password, pool);
  if (made_of(own, account->login, pool) || made_of(own, account->display_name, pool) ||
      made_of(own, account->org_name, pool) || made_of(own, account->org_code, pool))
    return true;
  for (int i = 0; facts != NULL && i < facts->nelts; i++)
    if (made_of(own, APR_ARRAY_IDX(facts, i, const char *), pool))
      return true;
  return false;
}

void gk_session_check_password(gk_error_t **error, const char *pointer, const gk_account_t *account,
                               bool totp, const apr_array_header_t *facts, const char *wanted, apr_pool_t *pool)
{
  const char *password = gk_text_nfc(pool, wanted);
  apr_size_t length = gk_utf8_length(password);
  bool staff = account->role != GK_ROLE_CANDIDATE;
  int least = staff && !totp ? STAFF_MIN : SHORT_MIN;
  if (length < (apr_size_t)least && staff && !totp && length >= SHORT_MIN) {
    gk_violation(error, pool, pointer, "too-short", "工作人员的密码至少 15 个字符；先启用动态口令后可用 8 个字符",
                 "Staff passwords have at least 15 characters; 8 will do once one-time codes are on");
    return;
  }
  if (length < (apr_size_t)least) {
    gk_violation(error, pool, pointer, "too-short", "至少 %d 个字符，现在是 %d 个",
                 "At least %d characters; this has %d", least, (int)length);
    return;
  }
  if (length > MAX) {
    gk_violation(error, pool, pointer, "too-long", "最多 %d 个字符", "At most %d characters", MAX);
    return;
  }
  if (common(lower(password, pool), pool))
    gk_violation(error, pool, pointer, "common", "这个密码太常见、容易被猜到，请换一个",
                 "This password is too common: choose another one");
  else if (personal(account, facts, password, pool))
    gk_violation(error, pool, pointer, "personal",
                 "密码不能由自己的账号、姓名、生日、证件号码、学校或单位组成，请换一个",
                 "A password must not be made of one's login, name, birth date, ID number, school or unit: choose "
                 "another one");
}
