/* domain/password.c: what may be an own password (session.h; NIST SP 800-63B-4, OWASP ASVS V6). */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/session.h"

enum { STAFF_MIN = 15, SHORT_MIN = 8, MAX = 128 };

/* Of the most used ones those that are 8 characters or longer and no pattern that plain() finds. */
static const char *const common[] = {
    "password",      "password1",      "password12",   "password123",
    "passw0rd",      "p@ssw0rd",       "p@ssword",     "1q2w3e4r",
    "1q2w3e4r5t",    "1qaz2wsx",       "1qaz2wsx3edc", "qwertyuiop",
    "qwerty123",     "qwerty12",       "qazwsxedc",    "zaq12wsx",
    "asdfghjkl",     "zxcvbnm123",     "asdf1234",     "abcd1234",
    "abc12345",      "abc123456",      "a1234567",     "a12345678",
    "a123456789",    "aa123456",       "aa123456789",  "q123456789",
    "woaini1314",    "woaini520",      "woaini521",    "5201314520",
    "1314520520",    "52013145201314", "iloveyou",     "iloveyou1",
    "sunshine1",     "princess1",      "football1",    "baseball1",
    "welcome1",      "welcome123",     "letmein1",     "trustno1",
    "superman1",     "michael1",       "computer",     "internet",
    "administrator", "admin123",       "admin1234",    "admin12345",
    "root1234",      "test1234",       "changeme",     "default1",
    "gaokao123",     "gaokao2013",     "gaokao2014",   "gaokao2024",
    "gaokao2025",    "gaokao2026",     "zhongguo",     "zhongguo1",
    "hunan123",      "changsha",       "changsha1",    "beijing1",
    "shanghai1",     "xiaoming",       "laopo521",     "wodemima",
    "mima1234",      "mima123456",     "jiayou123",    "123qweasd",
    "123qweasdzxc",  "qwe123456",      "123456abc",    "1234qwer",
    "12345qwert",    "123456qwerty",   "147258369",    "159357456",
    "741852963",     "963852741",      "789456123",    "112233445566",
    "11223344",      "110110110",      "31415926",     "314159265",
    "20082008",      "19491001",       "87654321a",    "correcthorsebatterystaple",
};

static const char *lower(const char *text, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, text);
  for (char *p = out; *p != '\0'; p++)
    if (*p >= 'A' && *p <= 'Z')
      *p = (char)(*p - 'A' + 'a');
  return out;
}

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

/* `part` (at least 3 bytes) stands in the password and leaves fewer than 8 bytes beside it. */
static bool made_of(const char *password, const char *part, apr_pool_t *pool)
{
  if (part == NULL || strlen(part) < 3)
    return false;
  const char *found = strstr(password, lower(part, pool));
  return found != NULL && strlen(password) - strlen(part) < 8;
}

void gk_session_check_password(gk_error_t **error, const char *pointer, const gk_account_t *account,
                               bool totp, const char *password, apr_pool_t *pool)
{
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
  const char *folded = lower(password, pool);
  bool listed = plain(folded);
  for (size_t i = 0; i < sizeof(common) / sizeof(common[0]) && !listed; i++)
    listed = strcmp(folded, common[i]) == 0;
  if (listed)
    gk_violation(error, pool, pointer, "common", "这个密码太常见、容易被猜到，请换一个",
                 "This password is too common: choose another one");
  else if (made_of(folded, account->login, pool) || made_of(folded, account->display_name, pool) ||
           made_of(folded, account->org_name, pool) || made_of(folded, account->org_code, pool))
    gk_violation(error, pool, pointer, "personal", "密码不能由自己的账号、姓名或单位组成，请换一个",
                 "A password must not be made of one's login, name or unit: choose another one");
}
