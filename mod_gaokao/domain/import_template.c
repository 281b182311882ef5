/* domain/import_template.c: the workbook that people fill in (import.h). */
#include "domain/import.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"

enum { LIST_ROWS = 300, NAME_WIDTH = 20, WIDE = 24, NARROW = 14 };

static apr_array_header_t *line(apr_pool_t *pool) { return apr_array_make(pool, 16, sizeof(const char *)); }
static void cell(apr_array_header_t *row, const char *text) { APR_ARRAY_PUSH(row, const char *) = text; }
static void row_of(gk_sheet_out_t *sheet, apr_array_header_t *row) { APR_ARRAY_PUSH(sheet->rows, apr_array_header_t *) = row; }

static gk_sheet_out_t sheet_of(const char *name, apr_pool_t *pool)
{
  return (gk_sheet_out_t){.name = name, .rows = apr_array_make(pool, 16, sizeof(apr_array_header_t *))};
}

/* What an example row shows; the row begins with 示例 and is left out when the file comes back. */
static const char *example(const gk_import_target_t *target, const gk_pack_t *pack, apr_pool_t *pool)
{
  switch (target->use) {
  case GK_IMPORT_NUMBER: return "示例，请删除此行";
  case GK_IMPORT_CANDIDATE_NUMBER: return "";
  case GK_IMPORT_ID: return target->required ? "示例，请删除此行" : "";
  case GK_IMPORT_NAME: return "张三";
  case GK_IMPORT_VERDICT: return "通过";
  case GK_IMPORT_REASON: return "";
  case GK_IMPORT_SUBJECT: return pack->subjects->nelts > 0 ? APR_ARRAY_IDX(pack->subjects, 0, gk_subject_t).name.zh : "";
  case GK_IMPORT_FIELD: break;
  }
  const gk_field_t *field = target->field;
  switch (field->type) {
  case GK_FIELD_CODE:
    return field->table != NULL && field->table->rows->nelts > 0 ? APR_ARRAY_IDX(field->table->rows, 0,
        gk_table_row_t).name.zh : "";
  case GK_FIELD_DATE: return "2007-09-01";
  case GK_FIELD_MONTH: return "2020-09";
  case GK_FIELD_FLAG: return "是";
  case GK_FIELD_NUMBER: return apr_psprintf(pool, "%d", (int)field->min);
  default: return strcmp(field->id, "name") == 0 ? "张三" : "";
  }
}

static const char *note(const gk_import_target_t *target, apr_pool_t *pool)
{
  switch (target->use) {
  case GK_IMPORT_NUMBER: return "8 位数字。报名顺序号、考生号、身份证号有一项即可确定考生";
  case GK_IMPORT_CANDIDATE_NUMBER: return "14 位数字，可不填";
  case GK_IMPORT_ID: return "18 位，整列须为“文本”格式，否则 Excel 只保留 15 位";
  case GK_IMPORT_NAME: return "用来核对是否错行，建议填写";
  case GK_IMPORT_VERDICT: return "填“通过”或“不通过”；不填只录入材料，不作审核";
  case GK_IMPORT_REASON: return "不通过时必填";
  case GK_IMPORT_SUBJECT: return "新考生必填";
  case GK_IMPORT_FIELD: break;
  }
  const gk_field_t *field = target->field;
  switch (field->type) {
  case GK_FIELD_CODE: return "填名称或代码，见“代码”表";
  case GK_FIELD_DATE: return "例如 2007-09-01";
  case GK_FIELD_MONTH: return "例如 2020-09";
  case GK_FIELD_FLAG: return "填“是”或“否”";
  case GK_FIELD_NUMBER: return apr_psprintf(pool, "数字，%g 至 %g，最多 %d 位小数", field->min, field->max, field->decimals);
  default: return apr_psprintf(pool, "最多 %d 个字", field->max_length);
  }
}

static const gk_sheet_list_t *put_list(gk_sheet_out_t *codes, apr_array_header_t *lists, int column, const char *title,
                                       apr_array_header_t *names, apr_pool_t *pool)
{
  int at = APR_ARRAY_IDX(codes->rows, 0, apr_array_header_t *)->nelts;
  cell(APR_ARRAY_IDX(codes->rows, 0, apr_array_header_t *), title);
  for (int i = 0; i < names->nelts; i++) {
    while (codes->rows->nelts <= i + 1)
      row_of(codes, line(pool));
    apr_array_header_t *row = APR_ARRAY_IDX(codes->rows, i + 1, apr_array_header_t *);
    while (row->nelts < at)
      cell(row, "");
    cell(row, APR_ARRAY_IDX(names, i, const char *));
  }
  gk_sheet_list_t *list = apr_array_push(lists);
  *list = (gk_sheet_list_t){column, "代码", at, 2, names->nelts + 1};
  return list;
}

static apr_array_header_t *names_of(const gk_import_target_t *target, const gk_pack_t *pack, apr_pool_t *pool)
{
  apr_array_header_t *names = line(pool);
  if (target->use == GK_IMPORT_SUBJECT)
    for (int i = 0; i < pack->subjects->nelts; i++)
      cell(names, APR_ARRAY_IDX(pack->subjects, i, gk_subject_t).name.zh);
  if (target->use == GK_IMPORT_VERDICT) {
    cell(names, "通过");
    cell(names, "不通过");
  }
  if (target->use == GK_IMPORT_FIELD && target->field->type == GK_FIELD_CODE && target->field->table != NULL &&
      target->field->table->rows->nelts <= LIST_ROWS)
    for (int i = 0; i < target->field->table->rows->nelts; i++)
      cell(names, APR_ARRAY_IDX(target->field->table->rows, i, gk_table_row_t).name.zh);
  return names;
}

gk_error_t *gk_import_template(const char **bytes, apr_size_t *length, gk_act_t *act, const char *kind)
{
  gk_org_t *org;
  apr_pool_t *pool = act->pool;
  GK_TRY(gk_import_kind(act, kind));
  GK_TRY(gk_org_get(&org, act, act->who->org_id));
  const gk_pack_t *pack = act->season->pack;
  apr_array_header_t *targets = gk_import_targets(act, kind), *sheets = apr_array_make(pool, 3, sizeof(gk_sheet_out_t));
  gk_sheet_out_t main = sheet_of("导入", pool), notes = sheet_of("说明", pool), codes = sheet_of("代码", pool);
  apr_array_header_t *title = line(pool), *head = line(pool), *shown = line(pool);
  int *widths = apr_pcalloc(pool, sizeof(int) * (apr_size_t)(targets->nelts + 1));
  main.lists = apr_array_make(pool, 16, sizeof(gk_sheet_list_t));
  row_of(&codes, line(pool));
  cell(title, apr_psprintf(pool, "%d 年%s导入表（%s）", act->season->year, gk_import_kind_zh(kind), org->name));
  for (int i = 0; i < targets->nelts; i++) {
    const gk_import_target_t *target = &APR_ARRAY_IDX(targets, i, gk_import_target_t);
    apr_array_header_t *names = names_of(target, pack, pool), *about = line(pool);
    cell(head, target->required ? apr_pstrcat(pool, target->label.zh, "（必填）", NULL) : target->label.zh);
    cell(shown, example(target, pack, pool));
    widths[i] = target->use == GK_IMPORT_ID || target->use == GK_IMPORT_NUMBER ? NAME_WIDTH : NARROW;
    cell(about, target->label.zh);
    cell(about, note(target, pool));
    if (names->nelts > 0)
      put_list(&codes, main.lists, i, target->label.zh, names, pool);
    if (i == 0) {
      apr_array_header_t *top = line(pool), *hint = line(pool);
      cell(top, "填写说明");
      row_of(&notes, top);
      cell(hint, "表头");
      cell(hint, "怎样填写（空着的格子不改动原有内容；列的顺序可以变，多余的列不会导入）");
      row_of(&notes, hint);
    }
    row_of(&notes, about);
  }
  row_of(&main, title);
  row_of(&main, head);
  row_of(&main, shown);
  main.title_rows = main.head_rows = notes.title_rows = notes.head_rows = codes.head_rows = 1;
  main.widths = widths;
  static const int note_widths[] = {WIDE, 90};
  notes.widths = note_widths;
  APR_ARRAY_PUSH(sheets, gk_sheet_out_t) = main;
  APR_ARRAY_PUSH(sheets, gk_sheet_out_t) = notes;
  if (main.lists->nelts > 0)
    APR_ARRAY_PUSH(sheets, gk_sheet_out_t) = codes;
  return gk_book_write(bytes, length, sheets, pool);
}
