/* block.c: see block.h. */
#include "block.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define TYPE_AT 248

typedef enum kind_t { TEXT, SEX, NATION, BIRTH, DATE, END, NUMBER, CODE } kind_t;

/* One field of a layout; offsets in bytes, lengths in UTF-16 units. */
typedef struct place_t {
  const char *name, *zh, *en;
  unsigned offset, units;
  kind_t kind;
  bool required;
} place_t;

static const place_t resident[] = {{"name", "姓名", "name", 0, 15, TEXT, true},
                                   {"sex", "性别", "sex", 30, 1, SEX, true},
                                   {"nation", "民族", "ethnic group", 32, 2, NATION, true},
                                   {"birth", "出生日期", "date of birth", 36, 8, BIRTH, true},
                                   {"address", "住址", "address", 52, 35, TEXT, false},
                                   {"id_number", "公民身份号码", "ID number", 122, 18, NUMBER, true},
                                   {"issuer", "签发机关", "issuing authority", 158, 15, TEXT, false},
                                   {"valid_from", "有效期起始", "beginning of validity", 188, 8, DATE, true},
                                   {"valid_to", "有效期截止", "end of validity", 204, 8, END, true},
                                   {NULL, NULL, NULL, 0, 0, TEXT, false}};
static const place_t hmt_permit[] = {{"name", "姓名", "name", 0, 15, TEXT, true},
                                     {"sex", "性别", "sex", 30, 1, SEX, true},
                                     {"birth", "出生日期", "date of birth", 36, 8, BIRTH, true},
                                     {"address", "住址", "address", 52, 35, TEXT, false},
                                     {"id_number", "公民身份号码", "ID number", 122, 18, NUMBER, true},
                                     {"issuer", "签发机关", "issuing authority", 158, 15, TEXT, false},
                                     {"valid_from", "有效期起始", "beginning of validity", 188, 8, DATE, true},
                                     {"valid_to", "有效期截止", "end of validity", 204, 8, END, true},
                                     {"pass_number", "通行证号码", "pass number", 220, 9, CODE, false},
                                     {"issue_count", "签发次数", "times issued", 238, 2, CODE, false},
                                     {NULL, NULL, NULL, 0, 0, TEXT, false}};
static const place_t foreigner_2017[] = {{"name_en", "英文姓名", "English name", 0, 60, TEXT, true},
                                         {"sex", "性别", "sex", 120, 1, SEX, true},
                                         {"id_number", "永久居留证号码", "card number", 122, 15, NUMBER, true},
                                         {"country", "国籍或地区代码", "country code", 152, 3, CODE, true},
                                         {"name_cn", "中文姓名", "Chinese name", 158, 15, TEXT, false},
                                         {"valid_from", "签发日期", "date of issue", 188, 8, DATE, true},
                                         {"valid_to", "终止日期", "end of validity", 204, 8, END, true},
                                         {"birth", "出生日期", "date of birth", 220, 8, BIRTH, true},
                                         {"card_version", "证件版本号", "version of the card", 236, 2, CODE, false},
                                         {"authority", "受理机关代码", "authority code", 240, 4, CODE, false},
                                         {NULL, NULL, NULL, 0, 0, TEXT, false}};
/* The English name goes on in a second place, right behind the first. */
static const place_t foreigner_2023[] = {{"name_cn", "中文姓名", "Chinese name", 0, 15, TEXT, false},
                                         {"sex", "性别", "sex", 30, 1, SEX, true},
                                         {"renewals", "换证次数", "times renewed", 32, 2, CODE, false},
                                         {"birth", "出生日期", "date of birth", 36, 8, BIRTH, true},
                                         {"name_en", "英文姓名", "English name", 52, 35, TEXT, true},
                                         {"id_number", "永久居留证号码", "card number", 122, 18, NUMBER, true},
                                         {"valid_from", "签发日期", "date of issue", 188, 8, DATE, true},
                                         {"valid_to", "有效期至", "end of validity", 204, 8, END, true},
                                         {"name_en_2", "英文姓名备用", "rest of the English name", 220, 11, TEXT, false},
                                         {"country", "国家和地区代码", "country code", 242, 3, CODE, true},
                                         {NULL, NULL, NULL, 0, 0, TEXT, false}};

static const struct {
  const char *layout;
  const place_t *places;
  unsigned letter; /* 0: any other */
} layouts[] = {{"hmt_permit", hmt_permit, 'J'},
               {"foreigner_2017", foreigner_2017, 'I'},
               {"foreigner_2023", foreigner_2023, 'Y'},
               {"resident", resident, 0}};

/* Places of Hunan whose code is of the past (GB/T 2260 and its changes): people keep the number they were born with. */
static const char *const abolished[] = {"430122", "430124", "430221", "430521", "431121"};

/* ---- faults ---------------------------------------------------------------------------------------------- */

static const idcard_fault_t *fault(apr_pool_t *pool, const place_t *place, const char *code, const char *zh,
                                   const char *en)
{
  idcard_fault_t *out = apr_palloc(pool, sizeof(*out));
  out->code = code;
  out->field = place->name;
  out->zh = apr_psprintf(pool, zh, place->zh);
  out->en = apr_psprintf(pool, en, place->en);
  return out;
}

/* ---- units to text --------------------------------------------------------------------------------------- */

static unsigned unit_at(const unsigned char *bytes, unsigned i) { return bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8; }

static bool noncharacter(unsigned c) { return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef); }

/* Directions, zero width, line separators, byte-order mark: nothing that stands on a card. */
static bool invisible(unsigned c)
{
  return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static char *put_utf8(char *out, unsigned c)
{
  if (c < 0x80) {
    *out++ = (char)c;
  } else if (c < 0x800) {
    *out++ = (char)(0xc0 | c >> 6);
    *out++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *out++ = (char)(0xe0 | c >> 12);
    *out++ = (char)(0x80 | (c >> 6 & 63));
    *out++ = (char)(0x80 | (c & 63));
  } else {
    *out++ = (char)(0xf0 | c >> 18);
    *out++ = (char)(0x80 | (c >> 12 & 63));
    *out++ = (char)(0x80 | (c >> 6 & 63));
    *out++ = (char)(0x80 | (c & 63));
  }
  return out;
}

static const idcard_fault_t *text_of(const char **text, bool *private_use, const unsigned char *bytes,
                                     const place_t *place, apr_pool_t *pool)
{
  unsigned units = place->units;
  while (units > 0 && (unit_at(bytes + place->offset, units - 1) == ' ' || unit_at(bytes + place->offset, units - 1) == 0))
    units--;
  char *start = apr_palloc(pool, 3 * (apr_size_t)units + 1), *out = start;
  for (unsigned i = 0; i < units; i++) {
    unsigned c = unit_at(bytes + place->offset, i);
    if (c >= 0xd800 && c <= 0xdfff) {
      unsigned low = c < 0xdc00 && i + 1 < units ? unit_at(bytes + place->offset, i + 1) : 0;
      if (low < 0xdc00 || low > 0xdfff)
        return fault(pool, place, "surrogate", "卡上的“%s”有半个字符，读卡数据损坏，请重新读卡",
                     "The %s on the card holds half a character: the reading is damaged, read the card again");
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      i++;
    }
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
      return fault(pool, place, "control", "卡上的“%s”含有控制字符，读卡数据损坏，请重新读卡",
                   "The %s on the card holds a control character: the reading is damaged, read the card again");
    if (noncharacter(c) || invisible(c))
      return fault(pool, place, "noncharacter", "卡上的“%s”含有不能使用的字符，请重新读卡",
                   "The %s on the card holds what is no character: read the card again");
    if ((c >= 0xe000 && c <= 0xf8ff) || c >= 0xf0000)
      *private_use = true;
    out = put_utf8(out, c);
  }
  *out = '\0';
  *text = start;
  return NULL;
}

/* ---- fields ---------------------------------------------------------------------------------------------- */

static bool digits(const char *text, apr_size_t count)
{
  return strlen(text) == count && strspn(text, "0123456789") == count;
}

static bool date_of(apr_uint32_t *date, const char *text)
{
  static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (!digits(text, 8))
    return false;
  unsigned value = (unsigned)strtoul(text, NULL, 10), year = value / 10000, month = value / 100 % 100, day = value % 100;
  if (year < 1800 || month < 1 || month > 12)
    return false;
  bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  *date = value;
  return day >= 1 && day <= days[month - 1] + (unsigned)leap;
}

static const char *date_text(apr_pool_t *pool, apr_uint32_t date)
{
  return apr_psprintf(pool, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
}

/* GB 11643, which the cards of 2023 follow too. */
static char check_character(const char *number)
{
  static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; i++)
    sum += weights[i] * (number[i] - '0');
  return "10X98765432"[sum % 11];
}

/* What has been read of a block while its fields are looked at. */
typedef struct seen_t {
  idcard_block_t *out;
  const char *layout, *number, *sex;
  const place_t *number_place, *end_place;
  apr_uint32_t birth, from, to; /* 0: none; `to` of a card without an end too */
  apr_uint32_t today;
  bool private_use, nation_unknown;
  apr_pool_t *pool;
} seen_t;

static void add(seen_t *seen, const char *name, const char *value)
{
  if (value[0] != '\0' && seen->out->n_fields < IDCARD_FIELDS)
    seen->out->fields[seen->out->n_fields++] = (gaokao_pair_t){name, value};
}

static const idcard_fault_t *take_number(seen_t *seen, const place_t *place, const char *text)
{
  bool old_form = strcmp(seen->layout, "foreigner_2017") == 0;
  char *number = apr_pstrdup(seen->pool, text);
  for (char *c = number; *c != '\0'; c++)
    *c = *c == 'x' ? 'X' : *c;
  seen->number = number;
  seen->number_place = place;
  if (old_form ? strlen(number) != 15 || strspn(number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 ||
                     strspn(number + 3, "0123456789") != 12
               : strlen(number) != 18 || strspn(number, "0123456789") < 17 || strchr("0123456789X", number[17]) == NULL)
    return fault(seen->pool, place, "number", "卡上的“%s”形式不对，读卡数据损坏，请重新读卡",
                 "The %s on the card has not the form of one: the reading is damaged, read the card again");
  if (!old_form && check_character(number) != number[17])
    return fault(seen->pool, place, "check-character", "卡上的“%s”校验码不对，读卡数据损坏，请重新读卡；仍不行的按人工登记办理",
                 "The check character of the %s on the card is wrong: read it again, or register by hand");
  if ((strcmp(seen->layout, "foreigner_2023") == 0) != (!old_form && number[0] == '9') ||
      (strcmp(seen->layout, "hmt_permit") == 0) != (number[0] == '8' && strchr("123", number[1]) != NULL))
    return fault(seen->pool, place, "number", "卡上的“%s”与证件种类不符，请核对证件后重新读卡",
                 "The %s on the card is not one of this kind of card: look at the card and read it again");
  add(seen, place->name, number);
  return NULL;
}

static const idcard_fault_t *take_date(seen_t *seen, const place_t *place, const char *text)
{
  apr_uint32_t date = 0;
  if (place->kind == END && strcmp(text, "长期") == 0) {
    add(seen, place->name, text);
    return NULL;
  }
  if (!date_of(&date, text))
    return fault(seen->pool, place, "date", "卡上的“%s”不是存在的日期，请重新读卡；仍不行的按人工登记办理",
                 "The %s on the card is no date that exists: read it again, or register by hand");
  if (place->kind == BIRTH && seen->today != 0 && date > seen->today)
    return fault(seen->pool, place, "future", "卡上的“%s”还没有到，请检查电脑时间后重新读卡",
                 "The %s on the card lies in the future: check the clock and read the card again");
  if (place->kind == BIRTH)
    seen->birth = date;
  else if (place->kind == DATE)
    seen->from = date;
  else
    seen->to = date, seen->end_place = place;
  add(seen, place->name, date_text(seen->pool, date));
  return NULL;
}

static const idcard_fault_t *take(seen_t *seen, const place_t *place, const char *text)
{
  if (text[0] == '\0')
    return place->required ? fault(seen->pool, place, "missing", "卡上没有“%s”，请重新读卡；仍不行的按人工登记办理",
                                   "The card gives no %s: read it again, or register by hand")
                           : NULL;
  switch (place->kind) {
  case NUMBER:
    return take_number(seen, place, text);
  case BIRTH:
  case DATE:
  case END:
    return take_date(seen, place, text);
  case SEX:
    if (strchr("0129", text[0]) == NULL || text[1] != '\0')
      return fault(seen->pool, place, "sex", "卡上的“%s”不是0、1、2、9，请重新读卡",
                   "The %s on the card is none of 0, 1, 2 and 9: read the card again");
    seen->sex = text;
    break;
  case NATION:
    if (!digits(text, 2))
      return fault(seen->pool, place, "digits", "卡上的“%s”不是两位数字，请重新读卡",
                   "The %s on the card is not two digits: read the card again");
    seen->nation_unknown = (strcmp(text, "56") > 0 && strcmp(text, "97") != 0 && strcmp(text, "98") != 0) ||
                           strcmp(text, "00") == 0;
    break;
  case CODE:
    for (const char *c = text; *c != '\0'; c++)
      if (!apr_isalnum(*c))
        return fault(seen->pool, place, "digits", "卡上的“%s”只能是字母和数字，请重新读卡",
                     "The %s on the card may hold only letters and digits: read the card again");
    break;
  case TEXT:
    break;
  }
  add(seen, place->name, text);
  return NULL;
}

/* ---- what fields say of each other ------------------------------------------------------------------------ */

static const char *word(const seen_t *seen, const char *words, bool holds, const char *more)
{
  return !holds ? words : words[0] == '\0' ? more : apr_pstrcat(seen->pool, words, " ", more, NULL);
}

static const idcard_fault_t *compare(seen_t *seen)
{
  const char *words = "", *number = seen->number;
  bool old_form = strcmp(seen->layout, "foreigner_2017") == 0;
  if (seen->to != 0 && seen->from > seen->to)
    return fault(seen->pool, seen->end_place, "period", "卡上的“%s”早于起始日期，请重新读卡；仍不行的按人工登记办理",
                 "The %s on the card lies before its beginning: read it again, or register by hand");
  apr_uint32_t in_number = (apr_uint32_t)strtoul(apr_pstrmemdup(seen->pool, number + (old_form ? 7 : 6), old_form ? 6 : 8),
                                                 NULL, 10);
  words = word(seen, words, in_number != (old_form ? seen->birth % 1000000 : seen->birth), "birth-differs");
  words = word(seen, words,
               !old_form && (seen->sex[0] == '1' || seen->sex[0] == '2') && (number[16] - '0') % 2 != seen->sex[0] % 2,
               "sex-differs");
  if (strcmp(seen->layout, "resident") == 0)
    for (size_t i = 0; i < sizeof(abolished) / sizeof(abolished[0]); i++)
      words = word(seen, words, strncmp(number, abolished[i], 6) == 0, "place-abolished");
  words = word(seen, words, seen->today != 0 && seen->to != 0 && seen->to < seen->today, "expired");
  words = word(seen, words, seen->today != 0 && seen->from > seen->today, "not-yet-valid");
  words = word(seen, words, seen->private_use, "private-use");
  words = word(seen, words, seen->nation_unknown, "nation-unknown");
  add(seen, "warnings", words);
  return NULL;
}

static const char *value_of(const idcard_block_t *block, const char *name)
{
  for (apr_uint32_t i = 0; i < block->n_fields; i++)
    if (strcmp(block->fields[i].name, name) == 0)
      return block->fields[i].value;
  return "";
}

/* Foreigners have up to two names; the one they are registered by is the Chinese one, where there is one. */
static void name_foreigner(seen_t *seen)
{
  idcard_block_t *block = seen->out;
  const char *rest = value_of(block, "name_en_2"), *chinese = value_of(block, "name_cn");
  for (apr_uint32_t i = 0; rest[0] != '\0' && i < block->n_fields; i++)
    if (strcmp(block->fields[i].name, "name_en") == 0)
      block->fields[i].value = apr_pstrcat(seen->pool, block->fields[i].value, rest, NULL);
  add(seen, "name", chinese[0] != '\0' ? chinese : value_of(block, "name_en"));
}

static int layout_of(const unsigned char *bytes)
{
  int i = 0;
  while (layouts[i].letter != 0 && layouts[i].letter != unit_at(bytes + TYPE_AT, 0))
    i++;
  return i;
}

const char *idcard_block_layout(const unsigned char *bytes) { return layouts[layout_of(bytes)].layout; }

const idcard_fault_t *idcard_block_read(idcard_block_t *out, const unsigned char *bytes, apr_uint32_t today,
                                        apr_pool_t *pool)
{
  idcard_block_t block = {.layout = idcard_block_layout(bytes)};
  seen_t seen = {.out = &block, .layout = block.layout, .today = today, .pool = pool};
  const idcard_fault_t *wrong = NULL;
  for (const place_t *place = layouts[layout_of(bytes)].places; wrong == NULL && place->name != NULL; place++) {
    const char *text = "";
    wrong = text_of(&text, &seen.private_use, bytes, place, pool);
    if (wrong == NULL)
      wrong = take(&seen, place, text);
  }
  if (wrong == NULL)
    wrong = compare(&seen);
  if (wrong != NULL)
    return wrong;
  if (strncmp(block.layout, "foreigner", 9) == 0)
    name_foreigner(&seen);
  add(&seen, "layout", block.layout);
  *out = block;
  return NULL;
}
