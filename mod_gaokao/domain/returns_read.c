/* domain/returns_read.c: a return list as it comes from the province (returns.h, conf/schema/returns.xsd). */
#include "domain/returns.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/sheet.h"
#include "base/text.h"
#include "base/xml.h"

#define NAMESPACE "urn:gaokao:returns:1"
enum { FAULTS = 200, DIGITS = 20 };

typedef struct reader_t {
  gk_error_t *error;
  int faults;
  gk_return_list_t *list;
  apr_pool_t *pool;
} reader_t;

static const char *place(int line, apr_pool_t *pool) { return apr_psprintf(pool, "/rows/%d", line); }

static void fault(reader_t *r, int line, const char *code, const char *zh, const char *en)
{
  if (r->faults++ < FAULTS)
    gk_violation(&r->error, r->pool, place(line, r->pool), code, "第 %d 行：%s%.0s", "Line %d: %.0s%s", line, zh, en);
}

static gk_error_t *not_a_list(apr_pool_t *pool, const char *zh, const char *en)
{
  gk_error_t *error = NULL;
  gk_violation_text(&error, pool, "", "return-list", zh, en);
  return error;
}

/* Digits only, full-width ones too; NULL when there are none. */
static const char *number_of(reader_t *r, int line, const char *text)
{
  if (text == NULL)
    return NULL;
  const char *number = gk_text_trim(r->pool, gk_text_narrow(r->pool, text));
  apr_size_t length = strlen(number);
  if (length == 0)
    return NULL;
  if (length > DIGITS || strspn(number, "0123456789") != length)
    fault(r, line, "number", "号码应全是数字", "A number has digits only");
  return number;
}

static void add(reader_t *r, int line, const char *number, const char *candidate_number, const char *reason)
{
  gk_return_row_t row = {line, number_of(r, line, number), number_of(r, line, candidate_number), NULL};
  if (row.number == NULL && row.candidate_number == NULL)
    fault(r, line, "required", "报名顺序号和考生号至少要有一个",
          "Either the registration number or the candidate number must stand there");
  const char *text = reason != NULL ? gk_text_trim(r->pool, reason) : "";
  apr_size_t length = gk_utf8_length(text);
  if (length < 2 || length > 200)
    fault(r, line, "reason", "退回原因应为 2 至 200 个字", "The reason must have 2 to 200 characters");
  else if (gk_text_forbidden(text, false) != 0)
    fault(r, line, "forbidden-character", "退回原因中有不允许的字符", "The reason holds a character that is not allowed");
  row.reason = text;
  APR_ARRAY_PUSH(r->list->rows, gk_return_row_t) = row;
}

/* ---- XML ------------------------------------------------------------------------------------------------- */

static void read_candidate(reader_t *r, gk_xml_node_t *node)
{
  int line = gk_xml_line(node);
  const char *number = NULL, *candidate_number = NULL;
  const apr_array_header_t *attrs = gk_xml_attrs(node, r->pool);
  for (int i = 0; i < attrs->nelts; i++) {
    const gk_xml_attr_t *attr = &APR_ARRAY_IDX(attrs, i, gk_xml_attr_t);
    if (strcmp(attr->name, "number") == 0)
      number = attr->value;
    else if (strcmp(attr->name, "KSH") == 0)
      candidate_number = attr->value;
    else
      fault(r, line, "unknown", "有不认识的属性：只有 number、KSH", "There is an unknown attribute: only number and KSH are known");
  }
  gk_xml_node_t *reason = gk_xml_child(node, NULL);
  if (reason != NULL && (strcmp(gk_xml_name(reason), "reason") != 0 || gk_xml_next(reason, NULL) != NULL ||
                         gk_xml_child(reason, NULL) != NULL))
    fault(r, line, "unknown", "candidate 中只有一个 reason", "A candidate has one reason and nothing else");
  add(r, line, number, candidate_number, reason != NULL ? gk_xml_text(reason, r->pool) : NULL);
}

static gk_error_t *read_xml(reader_t *r, const char *bytes, apr_size_t length)
{
  gk_xml_t *document;
  gk_error_t *error = gk_xml_parse(&document, bytes, length, r->pool);
  if (error != NULL)
    return error->code == GK_E_PACK ? not_a_list(r->pool, error->zh, error->en) : error;
  gk_xml_node_t *root = gk_xml_root(document);
  if (strcmp(gk_xml_name(root), "returns") != 0 || strcmp(gk_xml_namespace(root), NAMESPACE) != 0)
    return not_a_list(r->pool, "这不是退回名单：根元素应为 returns，命名空间 " NAMESPACE,
                      "This is no return list: its root must be returns in the namespace " NAMESPACE);
  const char *season = gk_xml_attr(root, "season", r->pool);
  r->list->year = season != NULL && strlen(season) == 4 ? atoi(season) : 0;
  if (r->list->year == 0)
    fault(r, gk_xml_line(root), "season", "缺少 season（报名年度）", "season (the year) is missing");
  for (gk_xml_node_t *node = gk_xml_child(root, NULL); node != NULL; node = gk_xml_next(node, NULL)) {
    if (strcmp(gk_xml_name(node), "candidate") != 0)
      fault(r, gk_xml_line(node), "unknown", "名单中只有 candidate", "A list holds candidates only");
    else
      read_candidate(r, node);
  }
  return NULL;
}

/* ---- XLSX ------------------------------------------------------------------------------------------------ */

/* The first row that is not empty names the columns; others may stand between them. */
typedef struct sheet_t {
  reader_t *reader;
  bool headed;
  int number, candidate_number, reason; /* columns; -1: not there */
} sheet_t;

static bool heading(const char *text, const char *const *words)
{
  for (; *words != NULL; words++)
    if (strcmp(text, *words) == 0)
      return true;
  return false;
}

static gk_error_t *on_heading(sheet_t *sheet, const gk_sheet_row_t *row)
{
  static const char *const numbers[] = {"报名顺序号", "BMXH", "number", NULL}, *const others[] = {"考生号", "KSH", NULL};
  static const char *const reasons[] = {"退回原因", "原因", "reason", NULL};
  apr_pool_t *pool = sheet->reader->pool;
  sheet->headed = true;
  for (int i = 0; i < row->count; i++) {
    const char *text = gk_text_trim(pool, row->cells[i].text);
    if (heading(text, numbers))
      sheet->number = i;
    else if (heading(text, others))
      sheet->candidate_number = i;
    else if (heading(text, reasons))
      sheet->reason = i;
  }
  if (sheet->reason >= 0 && (sheet->number >= 0 || sheet->candidate_number >= 0))
    return NULL;
  return not_a_list(pool, "表头应有“报名顺序号”或“考生号”，以及“退回原因”",
                    "The head row must have 报名顺序号 or 考生号, and 退回原因");
}

/* A number that Excel may have changed (01020001 in a numeric cell is 1020001, long ones are rounded) is refused, never guessed
 * (IN-11). */
static const char *cell(const sheet_t *sheet, const gk_sheet_row_t *row, int column)
{
  if (column < 0 || column >= row->count)
    return NULL;
  const gk_cell_t *one = &row->cells[column];
  apr_size_t length = strlen(one->text);
  bool whole = strspn(one->text, "0123456789") == length && (length == 8 || length == 14);
  if (one->kind == GK_CELL_NUMBER && column != sheet->reason && !whole)
    fault(sheet->reader, row->number, "number-cell", "号码是数值格式，可能已被改动：请设为文本格式后重填",
          "The number is in a numeric cell and may have been changed: format the column as text and type it again");
  if (one->kind == GK_CELL_ERROR)
    fault(sheet->reader, row->number, "cell", "单元格中有错误值", "A cell holds an error");
  return apr_pstrdup(sheet->reader->pool, one->text);
}

static gk_error_t *on_row(void *baton, const gk_sheet_row_t *row)
{
  sheet_t *sheet = baton;
  reader_t *r = sheet->reader;
  if (!sheet->headed)
    return on_heading(sheet, row);
  if (r->list->rows->nelts > GK_RETURN_MAX)
    return NULL;
  const char *number = cell(sheet, row, sheet->number), *other = cell(sheet, row, sheet->candidate_number);
  const char *reason = cell(sheet, row, sheet->reason);
  add(r, row->number, number, other, reason);
  return NULL;
}

static gk_error_t *read_book(reader_t *r, const char *bytes, apr_size_t length)
{
  gk_book_t *book;
  sheet_t sheet = {r, false, -1, -1, -1};
  GK_TRY(gk_book_open(&book, bytes, length, r->pool));
  if (strcmp(book->format, "xlsx") != 0)
    return not_a_list(r->pool, "退回名单应是 XML（returns.xsd）或 XLSX", "A return list is XML (returns.xsd) or XLSX");
  return gk_book_read(book, 0, on_row, &sheet, r->pool);
}

/* ---- any ------------------------------------------------------------------------------------------------- */

static bool looks_like_xml(const unsigned char *bytes, apr_size_t length)
{
  apr_size_t i = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  while (i < length && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n'))
    i++;
  return i < length && bytes[i] == '<';
}

gk_error_t *gk_return_read(gk_return_list_t *out, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  gk_return_list_t list = {0, apr_array_make(pool, 64, sizeof(gk_return_row_t))};
  reader_t r = {NULL, 0, &list, pool};
  GK_TRY(looks_like_xml(bytes, length) ? read_xml(&r, (const char *)bytes, length) : read_book(&r, (const char *)bytes, length));
  if (r.error != NULL)
    return r.error;
  if (list.rows->nelts == 0)
    return not_a_list(pool, "名单中没有考生", "The list names nobody");
  if (list.rows->nelts > GK_RETURN_MAX)
    return gk_error(pool, GK_E_INVALID, "一份名单最多 %d 名考生，这份有 %d 名：请分成几份",
                    "A list names at most %d candidates, this one %d: send several", GK_RETURN_MAX, list.rows->nelts);
  *out = list;
  return NULL;
}
