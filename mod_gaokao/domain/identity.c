/* domain/identity.c: see identity.h. */
#include "domain/identity.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"

/* First two digits of GB/T 2260, and the permits of Hong Kong, Macao and Taiwan residents; foreigners' cards
 * have a 9 before the province. */
static const char provinces[] =
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 "
    "61 62 63 64 65 71 81 82 83 91 92 93 94 95 96";

static const struct {
  const char *code, *zh, *en;
} cases[GK_ID_CASE_COUNT] = {
    [GK_ID_OK] = {"ok", "", ""},
    [GK_ID_OK_PERMIT] = {"ok-permit", "", ""},
    [GK_ID_OK_FOREIGNER] = {"ok-foreigner", "", ""},
    [GK_ID_EMPTY] = {"empty", "没有填证件号码，请按证件填写",
                     "The document number is empty: enter it from the document"},
    [GK_ID_OLD] =
        {"old", "这是15位的旧身份证号码，18位应为%s，请与证件核对后填写",
         "This is an old 15-digit number; with 18 characters it would be %s: compare with the card"},
    [GK_ID_OLD_BAD] =
        {"old-bad", "这是15位的旧号码，而且其中的出生日期不存在，请填写18位身份证号码",
         "This is an old 15-digit number with an impossible birth date: enter the 18-character number"},
    [GK_ID_TOO_SHORT] = {"too-short", "证件号码少了几位：居民身份证是18位，现在有%s位",
                         "The number is too short: an ID card number has 18 characters, this has %s"},
    [GK_ID_TOO_LONG] = {"too-long", "证件号码多了几位：居民身份证是18位，现在有%s位",
                        "The number is too long: an ID card number has 18 characters, this has %s"},
    [GK_ID_CHARACTER] = {"character", "证件号码只能是数字，最后一位可以是X，请检查第%s位",
                         "The number may hold only digits and a last X: look at character %s"},
    [GK_ID_REGION] = {"region", "证件号码前两位不是任何省份的代码，请对照证件检查",
                      "The first two digits belong to no province: compare with the card"},
    [GK_ID_MONTH] = {"month", "证件号码第11、12位是月份，没有%s月，请对照证件检查",
                     "Characters 11 and 12 are the month, and there is no month %s: compare with the card"},
    [GK_ID_DAY] = {"day", "证件号码中的出生日期不存在（%s），请对照证件检查",
                   "The birth date in the number does not exist (%s): compare with the card"},
    [GK_ID_FUTURE] = {"future", "证件号码中的出生日期（%s）还没有到，请对照证件检查年份",
                      "The birth date in the number (%s) lies in the future: check the year"},
    [GK_ID_TOO_OLD] = {"too-old", "证件号码中的出生日期（%s）太早，请对照证件检查年份",
                       "The birth date in the number (%s) is too long ago: check the year"},
    [GK_ID_CHECK_CHARACTER] =
        {"check-character", "证件号码的校验码不对，其中有一位录错了，请对照证件逐位检查",
         "The last character does not fit the others, so one of them is wrong: compare digit by digit"},
    [GK_ID_CUT] =
        {"cut", "证件号码末三位是000，像是被表格软件截断了，请把单元格设为文本后重新录入",
         "The number ends in 000: a spreadsheet seems to have cut it. Format the cell as text and enter it again"},
};

char gk_identity_check_character(const char *digits17)
{
  static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; i++) {
    if (!apr_isdigit(digits17[i]))
      return 0;
    sum += weights[i] * (digits17[i] - '0');
  }
  return "10X98765432"[sum % 11];
}

int gk_identity_age(gk_date_t birth, gk_date_t on)
{
  int age = on.year - birth.year;
  /* Without a 29 February the year is complete on 1 March: month and day compare says just that. */
  if (on.month < birth.month || (on.month == birth.month && on.day < birth.day))
    age--;
  return age;
}

bool gk_identity_ok(gk_id_case_t verdict)
{
  return verdict == GK_ID_OK || verdict == GK_ID_OK_PERMIT || verdict == GK_ID_OK_FOREIGNER;
}

const char *gk_identity_code(gk_id_case_t verdict)
{
  return (unsigned)verdict < GK_ID_CASE_COUNT ? cases[verdict].code : "ok";
}

static int two(const char *digits) { return (digits[0] - '0') * 10 + digits[1] - '0'; }

static gk_date_t date_at(const char *digits)
{
  return (gk_date_t){two(digits) * 100 + two(digits + 2), two(digits + 4), two(digits + 6)};
}

static apr_size_t leading_digits(const char *text)
{
  apr_size_t count = 0;
  while (apr_isdigit(text[count]))
    count++;
  return count;
}

/* What a real date in the number says about the person. */
static void take_facts(gk_identity_t *identity)
{
  const char *number = identity->number;
  identity->has_facts = true;
  identity->birth = date_at(number + 6);
  identity->sex = (number[16] - '0') % 2 == 1 ? 1 : 2;
  memcpy(identity->division, number, 6);
  memcpy(identity->province, number, 2);
}

static gk_id_case_t judge_date(const char *digits, gk_date_t as_of)
{
  gk_date_t birth = date_at(digits);
  if (birth.month < 1 || birth.month > 12)
    return GK_ID_MONTH;
  if (!gk_date_valid(birth))
    return GK_ID_DAY;
  if (as_of.year != 0 && gk_date_compare(birth, as_of) > 0)
    return GK_ID_FUTURE;
  if (as_of.year != 0 && birth.year < as_of.year - 200)
    return GK_ID_TOO_OLD;
  return GK_ID_OK;
}

/* 15 digits become 18: the century (always 19 in that form) and the check character are put in. */
static gk_id_case_t judge_old(gk_identity_t *identity, apr_pool_t *pool)
{
  char wide[19];
  memcpy(wide, identity->number, 6);
  memcpy(wide + 6, "19", 2);
  memcpy(wide + 8, identity->number + 6, 9);
  wide[17] = gk_identity_check_character(wide);
  wide[18] = '\0';
  if (!gk_date_valid(date_at(wide + 6)))
    return GK_ID_OLD_BAD;
  identity->suggestion = apr_pstrdup(pool, wide);
  return GK_ID_OLD;
}

static bool known_province(const char *number)
{
  const char two_digits[3] = {number[0], number[1], '\0'};
  return strstr(provinces, two_digits) != NULL;
}

static gk_id_case_t judge_eighteen(gk_identity_t *identity, gk_date_t as_of)
{
  const char *number = identity->number;
  if (!known_province(number))
    return GK_ID_REGION;
  /* A foreigner's card has 9, the nation's number and then the date where everybody has it. */
  gk_id_case_t date = judge_date(number + 6, as_of);
  bool fits = gk_identity_check_character(number) == number[17];
  if (!fits && strcmp(number + 15, "000") == 0)
    return GK_ID_CUT;
  if (date != GK_ID_OK)
    return date;
  if (!fits)
    return GK_ID_CHECK_CHARACTER;
  take_facts(identity);
  if (number[0] == '9')
    return GK_ID_OK_FOREIGNER;
  return number[0] == '8' ? GK_ID_OK_PERMIT : GK_ID_OK;
}

static bool old_foreigner_form(const char *number)
{
  return strlen(number) == 15 && apr_isupper(number[0]) && apr_isupper(number[1]) && apr_isupper(number[2]) &&
         leading_digits(number + 3) == 12;
}

gk_identity_t gk_identity_check(const char *text, gk_date_t as_of, apr_pool_t *pool)
{
  gk_identity_t identity = {.verdict = GK_ID_EMPTY, .number = ""};
  if (text == NULL || !gk_utf8_valid(text, strlen(text)))
    return identity;
  identity.number = gk_text_id_number(pool, text);
  apr_size_t length = gk_utf8_length(identity.number), digits = leading_digits(identity.number);
  if (length == 0)
    return identity;
  if (old_foreigner_form(identity.number))
    identity.verdict = GK_ID_OK_FOREIGNER;
  else if (length == 15 && digits == 15)
    identity.verdict = judge_old(&identity, pool);
  else if (digits < length && !(digits + 1 == length && digits >= 1 && identity.number[digits] == 'X'))
    identity.verdict = GK_ID_CHARACTER;
  else if (length < 18)
    identity.verdict = GK_ID_TOO_SHORT;
  else if (length > 18)
    identity.verdict = GK_ID_TOO_LONG;
  else
    identity.verdict = judge_eighteen(&identity, as_of);
  return identity;
}

static bool plain_alnum(const char *number)
{
  for (const char *c = number; *c != '\0'; c++)
    if (!apr_isalnum(*c) || (unsigned char)*c > 127)
      return false;
  return true;
}

gk_identity_t gk_identity_check_typed(const char *id_type, const char *text, gk_date_t as_of,
                                      apr_pool_t *pool)
{
  gk_identity_t identity = gk_identity_check(text, as_of, pool);
  char type = id_type != NULL && id_type[0] != '\0' && id_type[1] == '\0' ? id_type[0] : '1';
  if (type == '1' || type == 'B') {
    if (identity.verdict == GK_ID_OK_PERMIT || identity.verdict == GK_ID_OK_FOREIGNER) {
      identity.verdict = GK_ID_REGION;
      identity.has_facts = false;
    }
    return identity;
  }
  if (type == 'C') {
    if (identity.verdict == GK_ID_OK || identity.verdict == GK_ID_OK_FOREIGNER) {
      identity.verdict = GK_ID_REGION;
      identity.has_facts = false;
    }
    return identity;
  }
  if (type == '9') {
    if (identity.verdict == GK_ID_OK || identity.verdict == GK_ID_OK_PERMIT) {
      identity.verdict = GK_ID_REGION;
      identity.has_facts = false;
    }
    return identity;
  }
  if (identity.verdict == GK_ID_EMPTY)
    return identity;
  /* Other papers have no check character: only their look is judged, and they say nothing about the person.
   */
  apr_size_t length = strlen(identity.number);
  gk_id_case_t verdict = GK_ID_OK;
  if (!plain_alnum(identity.number))
    verdict = GK_ID_CHARACTER;
  else if (length < (type == '8' ? 8 : 4))
    verdict = GK_ID_TOO_SHORT;
  else if (length > (type == '8' ? 8 : 20))
    verdict = GK_ID_TOO_LONG;
  return (gk_identity_t){.verdict = verdict, .number = identity.number};
}

/* The piece of the number a sentence names. */
static const char *detail(const gk_identity_t *identity, apr_pool_t *pool)
{
  const char *number = identity->number;
  switch (identity->verdict) {
    case GK_ID_OLD:
      return identity->suggestion;
    case GK_ID_TOO_SHORT:
    case GK_ID_TOO_LONG:
      return apr_psprintf(pool, "%d", (int)gk_utf8_length(number));
    case GK_ID_CHARACTER:
      return apr_psprintf(pool, "%d", (int)leading_digits(number) + 1);
    case GK_ID_MONTH:
      return apr_pstrndup(pool, number + 10, 2);
    case GK_ID_DAY:
    case GK_ID_FUTURE:
    case GK_ID_TOO_OLD:
      return apr_psprintf(pool, "%.4s-%.2s-%.2s", number + 6, number + 10, number + 12);
    default:
      return "";
  }
}

/* The one %s of a sentence. A table's text is no format for the compiler to check, hence by hand. */
static const char *fill(const char *sentence, const char *with, apr_pool_t *pool)
{
  const char *mark = strstr(sentence, "%s");
  if (mark == NULL)
    return sentence;
  return apr_pstrcat(pool, apr_pstrndup(pool, sentence, (apr_size_t)(mark - sentence)), with, mark + 2, NULL);
}

const char *gk_identity_zh(const gk_identity_t *identity, apr_pool_t *pool)
{
  return fill(cases[identity->verdict].zh, detail(identity, pool), pool);
}

const char *gk_identity_en(const gk_identity_t *identity, apr_pool_t *pool)
{
  return fill(cases[identity->verdict].en, detail(identity, pool), pool);
}
