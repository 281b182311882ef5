/* domain/document_check.c: one value of one field: what it becomes, or what is wrong with it. */
#include "domain/document_internal.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"

/* One value being judged. */
typedef struct check_t {
  const gk_field_t *field;
  const char *pointer;
  gk_error_t **error;
  apr_pool_t *pool;
} check_t;

/* Formats begin with the label, "“%s”...": the label differs by language, so both sentences are made here. */
static bool fault(check_t *check, const char *code, const char *zh_format, const char *en_format, ...)
{
  va_list arguments;
  va_start(arguments, en_format);
  const char *zh = apr_pvsprintf(check->pool, zh_format, arguments);
  va_end(arguments);
  va_start(arguments, en_format);
  const char *en = apr_pvsprintf(check->pool, en_format, arguments);
  va_end(arguments);
  gk_document__violation(check->error, check->pool, check->pointer, code,
                         apr_psprintf(check->pool, "“%s”%s", check->field->label.zh, zh),
                         apr_psprintf(check->pool, "%s %s", check->field->label.en, en));
  return false;
}

/* ---- normalising ------------------------------------------------------------------------------------- */

/* Full-width letters and digits become ASCII; Chinese punctuation stays, for it belongs to the text. */
static const char *narrow_letters(apr_pool_t *pool, const char *text)
{
  char *narrow = apr_palloc(pool, strlen(text) + 1), *to = narrow;
  for (unsigned c; (c = gk_utf8_next(&text)) != 0;) {
    bool letter =
        (c >= 0xFF10 && c <= 0xFF19) || (c >= 0xFF21 && c <= 0xFF3A) || (c >= 0xFF41 && c <= 0xFF5A);
    to += gk_utf8_put(to, letter ? c - 0xFEE0 : c);
  }
  *to = '\0';
  return narrow;
}

static const char *without_returns(apr_pool_t *pool, const char *text)
{
  char *clean = apr_pstrdup(pool, text), *to = clean;
  for (const char *from = clean; *from != '\0'; from++)
    if (*from != '\r' || from[1] != '\n')
      *to++ = *from == '\r' ? '\n' : *from;
  *to = '\0';
  return clean;
}

static const char *upper(apr_pool_t *pool, const char *text)
{
  char *copy = apr_pstrdup(pool, text);
  for (char *c = copy; *c != '\0'; c++)
    if ((unsigned char)*c < 128)
      *c = (char)apr_toupper(*c);
  return copy;
}

static const char *normal_form(const gk_field_t *field, const char *text, apr_pool_t *pool)
{
  bool prose = field->type == GK_FIELD_TEXT &&
               (field->pattern == GK_PATTERN_NONE || field->pattern == GK_PATTERN_ADDRESS);
  if (field->multiline)
    text = without_returns(pool, text);
  switch (field->type == GK_FIELD_TEXT ? field->normalise : GK_NORMALISE_NARROW) {
    case GK_NORMALISE_NONE:
      break;
    case GK_NORMALISE_NAME:
      text = gk_text_name(pool, text);
      break;
    case GK_NORMALISE_ID:
      text = upper(pool, gk_text_id_number(pool, text));
      break;
    case GK_NORMALISE_UPPER:
      text = upper(pool, gk_text_narrow(pool, text));
      break;
    case GK_NORMALISE_NARROW:
      text = prose ? narrow_letters(pool, text) : gk_text_narrow(pool, text);
      break;
  }
  return gk_text_trim(pool, text);
}

/* ---- text -------------------------------------------------------------------------------------------- */

static bool all_in(const char *text, bool (*accepts)(unsigned char))
{
  for (; *text != '\0'; text++)
    if (!accepts((unsigned char)*text))
      return false;
  return true;
}

static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static bool is_alnum(unsigned char c)
{
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
static bool is_phone(unsigned char c) { return is_digit(c) || strchr("-+() ", c) != NULL; }

static int count_digits(const char *text)
{
  int count = 0;
  for (; *text != '\0'; text++)
    count += is_digit((unsigned char)*text);
  return count;
}

/* Letters of the scripts that identity cards and passports of candidates bear, and the middle dot. */
static bool name_letter(unsigned c)
{
  static const struct {
    unsigned from, to;
  } blocks[] = {
      {'A', 'Z'},         {'a', 'z'},         {0xB7, 0xB7},       {0xC0, 0xD6},       {0xD8, 0xF6},
      {0xF8, 0x24F},      {0x400, 0x481},     {0x48A, 0x52F},     {0x620, 0x63F},     {0x641, 0x64A},
      {0x671, 0x6D3},     {0xF40, 0xF6C},     {0xF71, 0xF84},     {0xF90, 0xFBC},     {0x1820, 0x1878},
      {0x1E00, 0x1EFF},   {0x3005, 0x3005},   {0x3007, 0x3007},   {0x3041, 0x3096},   {0x30A1, 0x30FA},
      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA48C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAD9},
      {0x20000, 0x2A6DF}, {0x2A700, 0x2EE5D}, {0x2F800, 0x2FA1D}, {0x30000, 0x33479},
  };
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
    if (c >= blocks[i].from && c <= blocks[i].to)
      return true;
  return false;
}

/* The first character that stands in no person's name, or 0. Passports put blanks, hyphens, apostrophes and points between
 * Latin letters; a name doesn't consist of them. */
static unsigned strange_in_name(const char *text)
{
  unsigned c, before = 0, last = 0;
  while ((c = gk_utf8_next(&text)) != 0) {
    if (!name_letter(c) && (strchr(" -'.", (int)c) == NULL || c >= 0x80 || before == 0))
      return c;
    if (c == 0xB7 && (before == 0 || before == 0xB7))
      return c;
    last = c;
    before = c;
  }
  return last == 0xB7 || last == '-' || last == '\'' ? last : 0;
}

static bool check_pattern(check_t *check, const char *text)
{
  switch (check->field->pattern) {
    case GK_PATTERN_DIGITS:
      return all_in(text, is_digit) || fault(check, "digits", "只能填数字，请去掉其他字符", "may hold only digits");
    case GK_PATTERN_ALNUM:
      return all_in(text, is_alnum) ||
             fault(check, "letters-digits", "只能填字母和数字，请去掉其他字符", "may hold only letters and digits");
    case GK_PATTERN_POSTCODE:
      return (strlen(text) == 6 && all_in(text, is_digit)) ||
             fault(check, "postcode", "应为6位数字，请核对", "must have 6 digits");
    case GK_PATTERN_MOBILE:
      if (!all_in(text, is_digit))
        return fault(check, "mobile", "只能填数字，不要加空格、横线或区号",
                     "may hold only digits: no spaces, dashes or prefix");
      if (strlen(text) != 11)
        return fault(check, "mobile", "应为11位，现在是%d位，请核对", "must have 11 digits, this has %d",
                     (int)strlen(text));
      return (text[0] == '1' && text[1] >= '3') ||
             fault(check, "mobile", "应以13至19开头，请核对", "must begin with 13 to 19");
    case GK_PATTERN_PHONE:
      return (all_in(text, is_phone) && count_digits(text) >= 7) ||
             fault(check, "phone", "不像电话号码，请写区号加号码，例如0731-88886666",
                   "does not look like a telephone number: write for example 0731-88886666");
    case GK_PATTERN_NAME: {
      unsigned c = strange_in_name(text);
      char shown[5] = "";
      if (c == 0)
        return true;
      shown[gk_utf8_put(shown, c)] = '\0';
      return fault(check, "name", "里有不能用在姓名中的“%s”，请删除或改正",
                   "holds “%s”, which stands in no name: correct it", shown);
    }
    case GK_PATTERN_ADDRESS:
      return !all_in(text, is_phone) || fault(check, "address", "不是地址，请从省份写到门牌号",
                                              "is no address: write from the province to the house number");
    case GK_PATTERN_NONE:
      break;
  }
  return true;
}

static bool check_text(check_t *check, const char **out, const char *text)
{
  const gk_field_t *field = check->field;
  int length = (int)gk_utf8_length(text);
  if (length > field->max_length)
    return fault(check, "too-long", "最多%d个字，现在是%d个字，请缩短",
                 "takes at most %d characters, this has %d: shorten it", field->max_length, length);
  if (length < field->min_length)
    return fault(check, "too-short", "至少%d个字，现在是%d个字，请写完整",
                 "needs at least %d characters, this has %d: complete it", field->min_length, length);
  if (!check_pattern(check, text))
    return false;
  *out = text;
  return true;
}

/* ---- the other types --------------------------------------------------------------------------------- */

static bool level_fits(const gk_field_t *field, const gk_table_row_t *row, apr_pool_t *pool)
{
  const char *level = gk_table_row_attribute(row, "level");
  if (field->leaf_level == NULL)
    return true;
  return level != NULL && strstr(apr_pstrcat(pool, " ", field->leaf_level, " ", NULL),
                                 apr_pstrcat(pool, " ", level, " ", NULL)) != NULL;
}

static bool check_code(check_t *check, const char **out, const char *text)
{
  const gk_table_t *table = check->field->table;
  const gk_table_row_t *row = table != NULL ? gk_table_row(table, text) : NULL;
  if (row == NULL && table != NULL)
    row = gk_table_row_named(table, text);
  if (row == NULL)
    return fault(check, "unknown-code", "没有“%s”这一项，请从列表里选", "has no entry “%s”: choose one of the list",
                 gk_document__quote(text, check->pool));
  if (!level_fits(check->field, row, check->pool))
    return fault(check, "not-leaf", "选得不够细，请继续选到下一级", "is not exact enough: choose the level below");
  *out = row->code;
  return true;
}

static bool check_date(check_t *check, const char **out, const char *text)
{
  gk_date_t date;
  if (check->field->forever && (strcmp(text, "长期") == 0 || apr_strnatcasecmp(text, "forever") == 0)) {
    *out = "长期";
    return true;
  }
  if (!gk_date_parse(text, true, &date))
    return fault(check, "date", "应写成 2007-09-01 的样子，而且要有这一天",
                 "must look like 2007-09-01 and be a day that exists");
  if (date.year < 1900 || date.year > 2199)
    return fault(check, "date", "的年份%d不对，请检查", "has the year %d: check it", date.year);
  *out = gk_date_text(check->pool, date);
  return true;
}

int gk_document__month(const char *text)
{
  int year = 0, month = 0, digits = 0;
  while (digits < 4 && apr_isdigit(*text))
    year = year * 10 + *text++ - '0', digits++;
  if (digits != 4)
    return -1;
  bool mark = true;
  if (strncmp(text, "年", 3) == 0)
    text += 3;
  else if (*text == '-' || *text == '.' || *text == '/')
    text++;
  else
    mark = false;
  for (digits = 0; digits < 2 && apr_isdigit(*text); digits++)
    month = month * 10 + *text++ - '0';
  if (strncmp(text, "月", 3) == 0 && mark)
    text += 3;
  if (*text != '\0' || month < 1 || month > 12 || (!mark && digits != 2))
    return -1;
  return year * 12 + month - 1;
}

static bool check_month(check_t *check, const char **out, const char *text)
{
  int month = gk_document__month(text);
  if (month < 1900 * 12 || month >= 2200 * 12)
    return fault(check, "month", "应写成 2020-09 的样子", "must look like 2020-09");
  *out = apr_psprintf(check->pool, "%04d-%02d", month / 12, month % 12 + 1);
  return true;
}

/* Decimal text to ten-thousandths; false for anything but digits with a point. */
static bool parse_decimal(const char *text, apr_int64_t *scaled, int *decimals)
{
  bool negative = *text == '-';
  apr_int64_t value = 0;
  int whole = 0, places = 0;
  if (*text == '-' || *text == '+')
    text++;
  for (; apr_isdigit(*text); text++, whole++)
    value = whole < 12 ? value * 10 + *text - '0' : value;
  if (whole == 0 || whole > 12)
    return false;
  if (*text == '.') {
    for (text++; apr_isdigit(*text); text++, places++)
      value = places < 4 ? value * 10 + *text - '0' : value;
    if (places == 0 || places > 4)
      return false;
  }
  if (*text != '\0')
    return false;
  for (int i = places; i < 4; i++)
    value *= 10;
  *scaled = negative ? -value : value;
  *decimals = places;
  return true;
}

static const char *decimal_text(apr_pool_t *pool, apr_int64_t scaled)
{
  apr_int64_t size = scaled < 0 ? -scaled : scaled;
  const char *sign = scaled < 0 ? "-" : "";
  char *text = apr_psprintf(pool, "%s%" APR_INT64_T_FMT ".%04d", sign, size / 10000, (int)(size % 10000));
  char *end = text + strlen(text) - 1;
  while (*end == '0')
    *end-- = '\0';
  if (*end == '.')
    *end = '\0';
  return text;
}

/* A pack's limits have at most four places. */
static apr_int64_t scale(double limit)
{
  return (apr_int64_t)(limit * 10000 + (limit < 0 ? -0.5 : 0.5));
}

static bool check_number(check_t *check, const char **out, const char *text)
{
  const gk_field_t *field = check->field;
  apr_int64_t value = 0;
  int decimals = 0;
  if (!parse_decimal(text, &value, &decimals))
    return fault(check, "number", "应填数字，现在是“%s”", "must be a number, but is “%s”",
                 gk_document__quote(text, check->pool));
  const char *normal = decimal_text(check->pool, value), *point = strchr(normal, '.');
  decimals = point != NULL ? (int)strlen(point + 1) : 0;
  if (decimals > field->decimals)
    return field->decimals == 0
               ? fault(check, "decimals", "应为整数，请去掉小数", "must be a whole number")
               : fault(check, "decimals", "最多%d位小数", "takes at most %d decimals", field->decimals);
  if (value < scale(field->min) || value > scale(field->max))
    return fault(check, "range", "应在%s到%s之间，现在是%s，请核对", "must lie between %s and %s, but is %s",
                 decimal_text(check->pool, scale(field->min)), decimal_text(check->pool, scale(field->max)),
                 normal);
  *out = normal;
  return true;
}

static bool check_flag(check_t *check, const char **out, const char *text)
{
  static const char yes[] = " 1 true yes y 是 有 ", no[] = " 0 false no n 否 无 ";
  const char *word = apr_pstrcat(check->pool, " ", text, " ", NULL);
  char *lower = apr_pstrdup(check->pool, word);
  for (char *c = lower; *c != '\0'; c++)
    *c = (unsigned char)*c < 128 ? (char)apr_tolower(*c) : *c;
  if (strchr(text, ' ') == NULL && strstr(yes, lower) != NULL)
    *out = "1";
  else if (strchr(text, ' ') == NULL && strstr(no, lower) != NULL)
    *out = "0";
  else
    return fault(check, "flag", "请选“是”或“否”", "must be yes or no");
  return true;
}

bool gk_field_normalise(const char **out, const gk_field_t *field, const gk_pack_t *pack, const char *text,
                        const char *pointer, gk_error_t **error, apr_pool_t *pool)
{
  (void)pack;
  check_t check = {field, pointer, error, pool};
  if (text == NULL) {
    *out = NULL;
    return true;
  }
  if (!gk_utf8_valid(text, strlen(text)))
    return fault(&check, "encoding", "不是 UTF-8 编码的文字，请重新录入", "is not UTF-8 text: enter it again");
  text = normal_form(field, text, pool);
  if (*text == '\0') {
    *out = NULL;
    return true;
  }
  unsigned forbidden = gk_text_forbidden(text, field->multiline);
  if (forbidden != 0)
    return fault(&check, "forbidden-character", "里有看不见或不能保存的字符（U+%04X），请删除后重新录入",
                 "holds an invisible or unusable character (U+%04X): delete it and type the text again",
                 forbidden);
  switch (field->type) {
    case GK_FIELD_TEXT:
      return check_text(&check, out, text);
    case GK_FIELD_CODE:
      return check_code(&check, out, text);
    case GK_FIELD_DATE:
      return check_date(&check, out, text);
    case GK_FIELD_MONTH:
      return check_month(&check, out, text);
    case GK_FIELD_NUMBER:
      return check_number(&check, out, text);
    case GK_FIELD_FLAG:
      return check_flag(&check, out, text);
    case GK_FIELD_ROWS:
      break;
  }
  return fault(&check, "type", "应是多行内容", "must be a list of rows");
}

/* ---- JSON values ------------------------------------------------------------------------------------- */

/* The text of a scalar, or NULL when it is none. Numbers and booleans come from forms that type their inputs.
 */
static const char *scalar_text(const gk_field_t *field, const gk_json_t *value, apr_pool_t *pool)
{
  if (gk_json_is_string(value))
    return gk_json_str_value(value);
  if (gk_json_is_int(value) && field->type == GK_FIELD_NUMBER)
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, gk_json_int_value(value));
  if (gk_json_is_bool(value) && field->type == GK_FIELD_FLAG)
    return gk_json_bool_value(value) ? "1" : "0";
  return NULL;
}

/* One string as a JSON value: json.h makes strings only inside of something. */
static gk_json_t *string_value(const char *text, apr_pool_t *pool)
{
  gk_json_t *box = gk_json_array(pool);
  gk_json_add_str(box, text);
  return gk_json_at(box, 0);
}

static bool check_cell(gk_json_t *row, const gk_field_t *column, const gk_json_t *value, const char *pointer,
                       gk_error_t **error, apr_pool_t *pool)
{
  gk_json_t *normal = NULL;
  if (!gk_document__value(&normal, column, value, pointer, error, pool))
    return false;
  if (normal != NULL)
    gk_json_set(row, column->id, normal);
  return true;
}

static bool check_row(gk_json_t *rows, const gk_field_t *field, gk_json_t *value, const char *pointer,
                      gk_error_t **error, apr_pool_t *pool)
{
  check_t check = {field, pointer, error, pool};
  gk_json_t *row = gk_json_object(pool);
  bool fine = true;
  if (!gk_json_is_object(value))
    return fault(&check, "type", "的每一行应是列名和文字的对照", "needs an object of columns and texts in each row");
  for (gk_json_iter_t it = gk_json_first(value); it.key != NULL; gk_json_next(&it)) {
    const gk_field_t *column = gk_field_column(field, it.key);
    check.pointer = gk_document__pointer(pointer, it.key, pool);
    if (column == NULL)
      fine = fault(&check, "unknown-field", "没有“%s”这一列，请刷新页面后重试",
                   "has no column “%s”: reload the page and try again", gk_document__quote(it.key, pool));
    else if (!check_cell(row, column, it.value, check.pointer, error, pool))
      fine = false;
  }
  if (!fine || gk_json_size(row) == 0)
    return fine; /* an empty row is no row */
  for (int i = 0; i < field->columns->nelts; i++) {
    const gk_field_t *column = &((const gk_field_t *)field->columns->elts)[i];
    if (column->always_required && gk_json_get(row, column->id) == NULL) {
      check.field = column;
      check.pointer = gk_document__pointer(pointer, column->id, pool);
      fine = fault(&check, "required", "没有填，请补上，或删除这一行", "is empty: fill it in or delete the row");
    }
  }
  if (fine)
    gk_json_add(rows, row);
  return fine;
}

static bool check_rows(gk_json_t **out, const gk_field_t *field, const gk_json_t *value, const char *pointer,
                       gk_error_t **error, apr_pool_t *pool)
{
  check_t check = {field, pointer, error, pool};
  gk_json_t *rows = gk_json_array(pool);
  bool fine = true;
  if (!gk_json_is_array(value))
    return fault(&check, "type", "应是多行内容", "must be a list of rows");
  if ((int)gk_json_size(value) > field->max_length)
    return fault(&check, "too-many", "最多%d行，请合并或删除", "takes at most %d rows: merge or delete some",
                 field->max_length);
  for (apr_size_t i = 0; i < gk_json_size(value); i++)
    if (!check_row(rows, field, gk_json_at(value, i), apr_psprintf(pool, "%s/%d", pointer, (int)i), error,
                   pool))
      fine = false;
  if (fine && (int)gk_json_size(rows) < field->min_length)
    fine = fault(&check, "too-few", "至少%d行，请补充", "needs at least %d rows", field->min_length);
  *out = fine && gk_json_size(rows) > 0 ? rows : NULL;
  return fine;
}

bool gk_document__value(gk_json_t **out, const gk_field_t *field, const gk_json_t *value, const char *pointer,
                        gk_error_t **error, apr_pool_t *pool)
{
  check_t check = {field, pointer, error, pool};
  *out = NULL;
  if (gk_json_is_null(value))
    return true;
  if (field->type == GK_FIELD_ROWS)
    return check_rows(out, field, value, pointer, error, pool);
  const char *text = scalar_text(field, value, pool), *normal = NULL;
  if (text == NULL)
    return fault(&check, "type", "的内容类型不对，应是文字", "has the wrong type: it must be text");
  if (!gk_field_normalise(&normal, field, NULL, text, pointer, error, pool))
    return false;
  if (normal != NULL)
    *out = string_value(normal, pool);
  return true;
}
