/* domain/import_cell.c: what a cell says, after Excel, WPS and people had it (import.h). Never rounds, never guesses: what can't be
 * known any more is a fault that names the cure. */
#include "domain/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

void gk_import_fault(gk_json_t *faults, const char *field, const char *code, const char *zh, const char *en)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, NULL); /* the values become the array's */
  gk_json_t *fault = gk_json_object(pool);
  gk_json_set_str(fault, "field", field);
  gk_json_set_str(fault, "code", code);
  gk_json_set_str(fault, "zh", zh);
  gk_json_set_str(fault, "en", en);
  gk_json_add(faults, fault);
  apr_pool_destroy(pool);
}

typedef struct clean_t {
  const gk_import_target_t *target;
  gk_json_t *faults;
  apr_pool_t *pool;
} clean_t;

static bool fault(const clean_t *c, const char *code, const char *zh, const char *en)
{
  gk_import_fault(c->faults, c->target->id, code, apr_pstrcat(c->pool, c->target->label.zh, "：", zh, NULL),
                  apr_pstrcat(c->pool, c->target->label.en, ": ", en, NULL));
  return false;
}

static bool digits_only(const char *text)
{
  apr_size_t n = strspn(text, "0123456789");
  return n > 0 && text[n] == '\0';
}

/* "4.30102E+17", "1,2E+17": what is left of a long number. */
static bool exponent(const char *text)
{
  apr_size_t n = strspn(text, "0123456789.,");
  return n > 0 && (text[n] == 'E' || text[n] == 'e') && (isdigit((unsigned char)text[n + 1]) || text[n + 1] == '+');
}

/* The check digit of an 18-digit number (GB 11643) is right. */
static bool check_digit(const char *number)
{
  static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; i++)
    sum += (number[i] - '0') * weights[i];
  return "10X98765432"[sum % 11] == number[17];
}

static const char *padded(const char *digits, apr_size_t width, apr_pool_t *pool)
{
  apr_size_t length = strlen(digits);
  return length < width ? apr_pstrcat(pool, apr_pstrndup(pool, "00000000000000000000", width - length), digits, NULL) : digits;
}

static bool lost(const clean_t *c)
{
  return fault(c, "exponent", "Excel 把长数字变成了科学计数法，后面的数字已经丢失：请把整列设为“文本”格式后重新填写这一格",
               "Excel has turned the long number into an exponent and its last digits are gone: format the column as "
                   "text and enter it again");
}

static bool clean_id(const char **out, const clean_t *c, const gk_cell_t *cell, const char *text)
{
  const char *number = gk_text_id_number(c->pool, text);
  if (exponent(number))
    return lost(c);
  if (cell->kind == GK_CELL_NUMBER || cell->kind == GK_CELL_DATE)
    return fault(c, "id-number-as-number",
                 "这一格是数字格式，Excel 只保留15位，号码已不可靠：请把整列设为“文本”格式后重新填写",
                 "The cell is formatted as a number, of which Excel keeps 15 digits: format the column as text and "
                     "enter it again");
  if (strlen(number) == 18 && strspn(number, "0123456789") >= 17 && strcmp(number + 15, "000") == 0 && !check_digit(number))
    return fault(c, "cut", "末三位是000，后三位已被 Excel 截掉：请把整列设为“文本”格式后重新填写",
                 "It ends in 000: Excel has cut the last three digits. Format the column as text and enter it again");
  *out = number;
  return true;
}

static bool clean_number(const char **out, const clean_t *c, const char *text, apr_size_t width)
{
  const char *number = gk_text_id_number(c->pool, text);
  if (exponent(number))
    return lost(c);
  if (!digits_only(number) || strlen(number) > width)
    return fault(c, "digits", apr_psprintf(c->pool, "应为 %d 位数字", (int)width), apr_psprintf(c->pool,
        "It has %d digits", (int)width));
  if (strlen(number) + 2 >= width) /* a number cell loses zeros in front */
    number = padded(number, width, c->pool);
  if (strlen(number) != width)
    return fault(c, "digits", apr_psprintf(c->pool, "应为 %d 位数字，现在是 %d 位", (int)width, (int)strlen(number)),
                 apr_psprintf(c->pool, "It has %d digits, this has %d", (int)width, (int)strlen(number)));
  *out = number;
  return true;
}

/* 2007年9月1日, 2007.9.1, 2007-09-01 00:00:00, 39326: as gk_date_parse takes it, or as it stands. */
static const char *clean_date(const gk_cell_t *cell, const char *text, bool date1904, bool month, apr_pool_t *pool)
{
  gk_date_t date;
  char *plain = apr_pstrdup(pool, gk_text_narrow(pool, text));
  if (digits_only(plain) && strlen(plain) == 5) {
    const char *serial = gk_sheet_date(atof(plain), date1904, pool);
    plain = serial != NULL ? apr_pstrdup(pool, serial) : plain;
  }
  apr_size_t length = strlen(plain);
  if (length > 11 && strchr(plain, ':') != NULL) /* a time behind it */
    plain[strcspn(plain, " T")] = '\0';
  char *to = plain;
  for (const char *from = plain; *from != '\0';) {
    if (strncmp(from, "年", 3) == 0 || strncmp(from, "月", 3) == 0) {
      from += 3;
      if (*from != '\0')
        *to++ = '-';
    } else if (strncmp(from, "日", 3) == 0 || strncmp(from, "号", 3) == 0) {
      from += 3;
    } else if (*from == ' ') {
      from++;
    } else {
      *to++ = *from++;
    }
  }
  *to = '\0';
  (void)cell;
  if (!month)
    return plain;
  return gk_date_parse(plain, true, &date) ? apr_psprintf(pool, "%04d-%02d", date.year, date.month) : plain;
}

/* "1 男", "1-男", "1.男", and 1 that was 01. */
static const char *clean_code(const gk_table_t *table, const char *text, apr_pool_t *pool)
{
  const char *plain = gk_text_trim(pool, gk_text_narrow(pool, text));
  if (table == NULL || gk_table_row(table, plain) != NULL || gk_table_row_named(table, plain) != NULL)
    return plain;
  if (digits_only(plain))
    for (apr_size_t width = strlen(plain) + 1; width <= 6; width++)
      if (gk_table_row(table, padded(plain, width, pool)) != NULL)
        return padded(plain, width, pool);
  apr_size_t n = 0;
  while (isalnum((unsigned char)plain[n]))
    n++;
  const gk_table_row_t *row = n > 0 ? gk_table_row(table, apr_pstrmemdup(pool, plain, n)) : NULL;
  const char *rest = plain + n + strspn(plain + n, " -.:/|,()");
  if (row != NULL && *rest != '\0' && strncmp(rest, row->name.zh, strlen(row->name.zh)) == 0)
    return row->code;
  return plain;
}

static bool clean_verdict(const char **out, const clean_t *c, const char *text)
{
  static const char yes[] = "|通过|同意|批准|确认|合格|是|符合|予以照顾|1|y|yes|approve|approved|√|";
  static const char no[] = "|不通过|不同意|不批准|不确认|不合格|否|不符合|不予照顾|拒绝|0|n|no|refuse|refused|×|";
  char *word = apr_pstrcat(c->pool, "|", gk_text_trim(c->pool, gk_text_narrow(c->pool, text)), "|", NULL);
  for (char *at = word; *at != '\0'; at++)
    if (*at >= 'A' && *at <= 'Z')
      *at = (char)(*at - 'A' + 'a');
  *out = strstr(yes, word) != NULL ? "approve" : strstr(no, word) != NULL ? "refuse" : NULL;
  return *out != NULL || fault(c, "verdict", "请填“通过”或“不通过”", "Write 'approve' or 'refuse'");
}

static bool clean_field(const char **out, const clean_t *c, const gk_cell_t *cell, const char *text, bool date1904)
{
  const gk_field_t *field = c->target->field;
  switch (field->type) {
  case GK_FIELD_DATE: *out = clean_date(cell, text, date1904, false, c->pool); return true;
  case GK_FIELD_MONTH: *out = clean_date(cell, text, date1904, true, c->pool); return true;
  case GK_FIELD_CODE: *out = clean_code(field->table, text, c->pool); return true;
  case GK_FIELD_NUMBER: *out = gk_text_trim(c->pool, gk_text_narrow(c->pool, text)); return true;
  default: break;
  }
  apr_size_t digits = strspn(text, "0123456789");
  if (exponent(text) || (cell->kind == GK_CELL_NUMBER && digits > 15))
    return lost(c);
  *out = text;
  return true;
}

bool gk_import_clean(const char **out, const gk_import_target_t *target, const gk_cell_t *cell, bool date1904, gk_json_t *faults,
                     apr_pool_t *pool)
{
  clean_t c = {target, faults, pool};
  *out = NULL;
  if (cell->kind == GK_CELL_EMPTY)
    return true;
  if (cell->kind == GK_CELL_ERROR)
    return strcmp(cell->text, "=") == 0
               ? fault(&c, "formula", "这一格是公式，文件里没有它的结果：请复制后“选择性粘贴—数值”",
                       "The cell is a formula and the file does not hold its value: copy it and paste values only")
               : fault(&c, "cell-error", apr_pstrcat(pool, "这一格是公式错误 ", cell->text, NULL),
                       apr_pstrcat(pool, "The cell holds the error ", cell->text, NULL));
  const char *text = gk_text_trim(pool, cell->text);
  if (text[0] == '\'') /* typed, or put there by an export against formulas */
    text = gk_text_trim(pool, text + 1);
  while (strncmp(text, "\xEF\xBB\xBF", 3) == 0 || strncmp(text, "\xE2\x80\x8B", 3) == 0) /* pasted from pages and chats */
    text = gk_text_trim(pool, text + 3);
  if (*text == '\0')
    return true;
  switch (target->use) {
  case GK_IMPORT_NUMBER: return clean_number(out, &c, text, 8);
  case GK_IMPORT_CANDIDATE_NUMBER: return clean_number(out, &c, text, 14);
  case GK_IMPORT_ID: return clean_id(out, &c, cell, text);
  case GK_IMPORT_VERDICT: return clean_verdict(out, &c, text);
  case GK_IMPORT_NAME: *out = gk_text_name(pool, text); return true;
  case GK_IMPORT_FIELD: return clean_field(out, &c, cell, text, date1904);
  case GK_IMPORT_SUBJECT:
  case GK_IMPORT_REASON: break;
  }
  *out = gk_text_trim(pool, gk_text_narrow(pool, text));
  return true;
}

bool gk_import_aside(const gk_sheet_row_t *row, apr_pool_t *pool)
{
  static const char *const marks[] = {"合计", "总计", "小计", "共计", "total", "示例", "例：", "example"};
  for (int i = 0; i < row->count; i++) {
    if (row->cells[i].kind == GK_CELL_EMPTY)
      continue;
    const char *text = gk_text_trim(pool, row->cells[i].text);
    char *plain = apr_pstrdup(pool, text), *to = plain;
    for (const char *from = text; *from != '\0'; from++)
      if (*from != ' ')
        *to++ = (char)(*from >= 'A' && *from <= 'Z' ? *from - 'A' + 'a' : *from);
    *to = '\0';
    for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++)
      if (strncmp(plain, marks[k], strlen(marks[k])) == 0)
        return true;
    return false; /* only what stands first says so */
  }
  return false;
}
