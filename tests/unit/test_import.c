/* What cells of clerks' tables say: cleaned where it is certain, refused with the cure where it is not (IN-11). */
#include "gk_test.h"

#include "domain/import.h"

static const gk_table_row_t yes_row = {.code = "01", .name = {"汉族", "Han"}, .alias = "汉"};

static gk_table_t *table(apr_pool_t *pool)
{
  gk_table_t *t = apr_pcalloc(pool, sizeof(*t));
  t->rows = apr_array_make(pool, 1, sizeof(gk_table_row_t));
  t->by_code = apr_hash_make(pool);
  APR_ARRAY_PUSH(t->rows, gk_table_row_t) = yes_row;
  apr_hash_set(t->by_code, "01", APR_HASH_KEY_STRING, &APR_ARRAY_IDX(t->rows, 0, gk_table_row_t));
  return t;
}

/* What becomes of a cell: its text, "-" when empty, "!code" of its fault. */
static const char *clean(gk_import_use_t use, gk_field_type_t type, gk_cell_kind_t kind, const char *text,
    bool date1904, apr_pool_t *pool)
{
  gk_field_t field = {.id = "f", .label = {"项", "Item"}, .type = type, .table = table(pool), .max_length = 50};
  gk_import_target_t target = {"f", {"项", "Item"}, use, &field, "", false};
  gk_cell_t cell = {kind, false, text};
  gk_json_t *faults = gk_json_array(pool);
  const char *out;
  bool fine = gk_import_clean(&out, &target, &cell, date1904, faults, pool);
  if (!fine)
    return apr_pstrcat(pool, "!", gk_json_str(gk_json_at(faults, 0), "code"), NULL);
  return out == NULL ? "-" : out;
}

static const struct {
  gk_import_use_t use;
  gk_field_type_t type;
  gk_cell_kind_t kind;
  const char *text, *out;
} cells[] = {
    {GK_IMPORT_NUMBER, 0, GK_CELL_TEXT, "０１０２０００１", "01020001"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_NUMBER, "1020001", "01020001"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_TEXT, "' 0102 0001\xC2\xA0", "01020001"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_TEXT, "\xE2\x80\x8B" "01020001", "01020001"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_TEXT, "102", "!digits"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_TEXT, "0102000A", "!digits"},
    {GK_IMPORT_NUMBER, 0, GK_CELL_NUMBER, "1.02E+7", "!exponent"},
    {GK_IMPORT_CANDIDATE_NUMBER, 0, GK_CELL_NUMBER, "14430121150001", "14430121150001"},
    {GK_IMPORT_ID, 0, GK_CELL_TEXT, "43010220070913001x", "43010220070913001X"},
    {GK_IMPORT_ID, 0, GK_CELL_NUMBER, "4.30102200709130E+17", "!exponent"},
    {GK_IMPORT_ID, 0, GK_CELL_NUMBER, "430102070913001", "!id-number-as-number"},
    {GK_IMPORT_ID, 0, GK_CELL_TEXT, "4.30102E+17", "!exponent"},
    {GK_IMPORT_ID, 0, GK_CELL_TEXT, "430102200709130000", "430102200709130000"},
    {GK_IMPORT_ID, 0, GK_CELL_TEXT, "430102199601019000", "!cut"},
    {GK_IMPORT_NAME, 0, GK_CELL_TEXT, " 买买提•艾力 ", "买买提·艾力"},
    {GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_NUMBER, "39326", "2007-09-01"},
    {GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_TEXT, "2007年9月1日", "2007-9-1"},
    {GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_TEXT, "2007-09-01 00:00:00", "2007-09-01"},
    {GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_TEXT, "２００７.９.１", "2007.9.1"},
    {GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_NUMBER, "20070901", "20070901"},
    {GK_IMPORT_FIELD, GK_FIELD_MONTH, GK_CELL_DATE, "2020-09-01", "2020-09"},
    {GK_IMPORT_FIELD, GK_FIELD_MONTH, GK_CELL_TEXT, "2020年9月", "2020-9"},
    {GK_IMPORT_FIELD, GK_FIELD_CODE, GK_CELL_NUMBER, "1", "01"},
    {GK_IMPORT_FIELD, GK_FIELD_CODE, GK_CELL_TEXT, "01 汉族", "01"},
    {GK_IMPORT_FIELD, GK_FIELD_CODE, GK_CELL_TEXT, "01-汉族", "01"},
    {GK_IMPORT_FIELD, GK_FIELD_CODE, GK_CELL_TEXT, "01-苗族", "01-苗族"},
    {GK_IMPORT_FIELD, GK_FIELD_CODE, GK_CELL_TEXT, "汉", "汉"},
    {GK_IMPORT_FIELD, GK_FIELD_NUMBER, GK_CELL_TEXT, "８７．５ ", "87.5"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_NUMBER, "4.3010219960101E+18", "!exponent"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_ERROR, "#REF!", "!cell-error"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_ERROR, "=", "!formula"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_TEXT, "'=SUM(1)", "=SUM(1)"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_TEXT, "'", "-"},
    {GK_IMPORT_FIELD, GK_FIELD_TEXT, GK_CELL_EMPTY, "", "-"},
    {GK_IMPORT_VERDICT, 0, GK_CELL_TEXT, "同意", "approve"},
    {GK_IMPORT_VERDICT, 0, GK_CELL_TEXT, "不 通过", "!verdict"},
    {GK_IMPORT_VERDICT, 0, GK_CELL_TEXT, "No", "refuse"},
};

static void cells_say_what_they_say(apr_pool_t *pool)
{
  for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
    GK_TEST_CASE("%d %s", (int)i, cells[i].text);
    GK_TEST_STR(clean(cells[i].use, cells[i].type, cells[i].kind, cells[i].text, false, pool), cells[i].out);
  }
  GK_TEST_STR(clean(GK_IMPORT_FIELD, GK_FIELD_DATE, GK_CELL_NUMBER, "37864", true, pool), "2007-09-01");
}

static void headings_are_found_however_they_are_written(apr_pool_t *pool)
{
  static const char *const same[] = {"语文", " 语 文 ", "语文成绩", "语文（等第）", "*语文", "语文\n成绩", "GRADE_CHINESE", "yw", "语文（必填）"};
  apr_array_header_t *targets = apr_array_make(pool, 2, sizeof(gk_import_target_t));
  APR_ARRAY_PUSH(targets, gk_import_target_t) = (gk_import_target_t){"grade_chinese", {"语文", "Chinese"},
      GK_IMPORT_FIELD, NULL, "YW|国语", false};
  APR_ARRAY_PUSH(targets, gk_import_target_t) = (gk_import_target_t){"eye_right", {"裸眼视力(右)", "Right eye"},
      GK_IMPORT_FIELD, NULL, "", false};
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
    const gk_import_target_t *target = gk_import_heading(targets, same[i], pool);
    GK_TEST_CASE("%s", same[i]);
    GK_TEST_STR(target != NULL ? target->id : NULL, "grade_chinese");
  }
  GK_TEST_STR(gk_import_heading(targets, "裸眼视力（右）", pool)->id, "eye_right");
  GK_TEST(gk_import_heading(targets, "裸眼视力（左）", pool) == NULL);
  GK_TEST(gk_import_heading(targets, "", pool) == NULL);
  GK_TEST(gk_import_heading(targets, "数学", pool) == NULL);
  GK_TEST_STR(gk_import_heading_key("报名 顺序号 *（必填）", pool), "报名顺序号");
}

static void rows_below_the_table_are_left_out(apr_pool_t *pool)
{
  static const struct { const char *text; bool aside; } rows[] = {
      {"合 计", true}, {"总计：", true}, {"示例，请删除此行", true}, {"Total", true}, {"01020001", false}, {"张小计", false}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    gk_cell_t two[2] = {{GK_CELL_EMPTY, false, ""}, {GK_CELL_TEXT, false, rows[i].text}};
    gk_sheet_row_t row = {9, 2, two, false};
    GK_TEST_CASE("%s", rows[i].text);
    GK_TEST(gk_import_aside(&row, pool) == rows[i].aside);
  }
}

int main(void)
{
  gk_test_begin("import");
  GK_TEST_RUN(cells_say_what_they_say);
  GK_TEST_RUN(headings_are_found_however_they_are_written);
  GK_TEST_RUN(rows_below_the_table_are_left_out);
  return gk_test_end();
}
