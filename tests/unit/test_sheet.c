/* Tables from outside: what CSV, XML and XLSX become, and what is refused by its name. Ugly XLSX is made in
 * tests/httpd/test_import.py. */
#include "gk_test.h"

#include "base/sheet.h"

typedef struct seen_t {
  apr_pool_t *pool;
  const char *text; /* "1:a|b;3:c|d;" */
} seen_t;

static gk_error_t *on_row(void *baton, const gk_sheet_row_t *row)
{
  seen_t *seen = baton;
  seen->text = apr_psprintf(seen->pool, "%s%d%s:", seen->text, row->number, row->hidden ? "h" : "");
  for (int i = 0; i < row->count; i++) {
    static const char *const kinds[] = {"", "", "#", "@", "!"};
    seen->text = apr_pstrcat(seen->pool, seen->text, i > 0 ? "|" : "", kinds[row->cells[i].kind],
        row->cells[i].formula ? "=" : "",
                             row->cells[i].text, NULL);
  }
  seen->text = apr_pstrcat(seen->pool, seen->text, ";", NULL);
  return NULL;
}

/* The rows as text, or "fault: ..." */
static const char *read_all(const char *bytes, apr_size_t length, gk_book_t **book, apr_pool_t *pool)
{
  seen_t seen = {pool, ""};
  *book = NULL;
  gk_error_t *error = gk_book_open(book, bytes, length, pool);
  if (error == NULL)
    error = gk_book_read(*book, 0, on_row, &seen, pool);
  return error != NULL ? apr_pstrcat(pool, "fault: ", error->zh != NULL ? error->zh : "", NULL) : seen.text;
}

#define TEXT(text) (text), sizeof(text) - 1

static const struct {
  const char *title, *bytes;
  apr_size_t length;
  const char *rows, *encoding, *separator;
} csv[] = {
    {"plain", TEXT("a,b\r\n1,2\r\n"), "1:a|b;2:1|2;", "UTF-8", ","},
    {"BOM, semicolons", TEXT("\xEF\xBB\xBF" "a;b\n1,5;2\n"), "1:a|b;2:1,5|2;", "UTF-8", ";"},
    {"tabs, no end", TEXT("a\tb\n1\t"), "1:a|b;2:1;", "UTF-8", "\t"},
    {"sep line", TEXT("sep=;\na;b\n"), "2:a|b;", "UTF-8", ";"},
    {"quotes", TEXT("a,\"b \"\"x\"\", c\"\r\n\"two\nlines\",z\r\nend,1\r\n"),
        "1:a|b \"x\", c;2:two\nlines|z;4:end|1;", "UTF-8", ","},
    {"empty lines and blanks", TEXT("\n\na,b\n  ,\n,,\n1,\xE3\x80\x80,\n"), "3:a|b;6:1;", "UTF-8", ","},
    {"as text for Excel", TEXT("n\n=\"00123\"\n"), "1:n;2:00123;", "UTF-8", ","},
    {"old Mac line ends", TEXT("a,b\r1,2\r"), "1:a|b;2:1|2;", "UTF-8", ","},
    {"GB18030", TEXT("\xD0\xD5\xC3\xFB,1\n\xD5\xC5\xC8\xFD,2\n"), "1:姓名|1;2:张三|2;", "GB18030", ","},
    {"UTF-16LE", TEXT("\xFF\xFE" "a\0\t\0b\0\n\0"), "1:a|b;", "UTF-16", "\t"},
};

static void csv_is_read_as_people_write_it(apr_pool_t *pool)
{
  for (size_t i = 0; i < sizeof(csv) / sizeof(csv[0]); i++) {
    gk_book_t *book;
    GK_TEST_CASE("%s", csv[i].title);
    GK_TEST_STR(read_all(csv[i].bytes, csv[i].length, &book, pool), csv[i].rows);
    GK_TEST_STR(book->encoding, csv[i].encoding);
    GK_TEST_STR(book->separator, csv[i].separator);
  }
}

static const struct {
  const char *title, *bytes;
  apr_size_t length;
  const char *word;
} refused[] = {
    {"empty", TEXT(""), "空"},
    {"blank", TEXT(" \r\n"), "空"},
    {"open quotes", TEXT("a,b\n\"c,d\ne"), "第 2 行的引号"},
    {"binary", TEXT("a,b\0c\n"), "二进制"},
    {"neither encoding", TEXT("a,\xFF\xFF\xFF\n"), "编码"},
    {"half a character", TEXT("\xFF\xFE" "a\0\x00\xD8"), "编码"},
    {"xls", TEXT("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), ".xls"},
    {"a page", TEXT("\r\n <!DOCTYPE html><table>"), "网页"},
    {"pdf", TEXT("%PDF-1.7"), "不是表格"},
    {"a cut archive", TEXT("PK\x03\x04" "abcdefgh"), "损坏"},
    {"XML with DOCTYPE", TEXT("<!DOCTYPE a><a><b><c>1</c></b></a>"), "DOCTYPE"},
    {"XML that ends early", TEXT("<a><b><c>1</c>"), "语法错误"},
    {"spreadsheet of 2003", TEXT("<Workbook xmlns='urn:x'><Worksheet/></Workbook>"), "2003"},
};

static void what_is_no_table_is_called_by_its_name(apr_pool_t *pool)
{
  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    gk_book_t *book;
    GK_TEST_CASE("%s", refused[i].title);
    const char *told = read_all(refused[i].bytes, refused[i].length, &book, pool);
    if (strncmp(told, "fault: ", 7) != 0 || strstr(told, refused[i].word) == NULL)
      GK_TEST_STR(told, refused[i].word);
  }
}

static void xml_rows_are_the_children_of_the_root(apr_pool_t *pool)
{
  gk_book_t *book;
  GK_TEST_STR(read_all(TEXT("<?xml version='1.0'?><r><k n='1'><a>x &amp; "
      "y</a><b/></k><k><b><![CDATA[2]]></b><c>3<d>no</d></c></k></r>"), &book, pool),
              "1:n|a|b|c;2:1|x & y;3:||2|3;");
  GK_TEST_STR(read_all(TEXT("<?xml version='1.0' "
      "encoding='GB18030'?><r><k><\xD0\xD5\xC3\xFB>\xD5\xC5</\xD0\xD5\xC3\xFB></k></r>"), &book, pool),
              "1:姓名;2:张;");
}

static apr_array_header_t *line(apr_pool_t *pool, const char *a, const char *b)
{
  apr_array_header_t *row = apr_array_make(pool, 2, sizeof(const char *));
  APR_ARRAY_PUSH(row, const char *) = a;
  APR_ARRAY_PUSH(row, const char *) = b;
  return row;
}

static void what_is_written_is_read(apr_pool_t *pool)
{
  gk_sheet_out_t one = {.name = "导入", .rows = apr_array_make(pool, 2, sizeof(apr_array_header_t *)), .head_rows = 1};
  apr_array_header_t *sheets = apr_array_make(pool, 2, sizeof(gk_sheet_out_t));
  const char *bytes;
  apr_size_t length;
  gk_book_t *book;
  APR_ARRAY_PUSH(one.rows, apr_array_header_t *) = line(pool, "身份证号", "<&\">");
  APR_ARRAY_PUSH(one.rows, apr_array_header_t *) = line(pool, "43010220070913001X", " 𠮷 ");
  APR_ARRAY_PUSH(sheets, gk_sheet_out_t) = one;
  one.name = "A&B";
  APR_ARRAY_PUSH(sheets, gk_sheet_out_t) = one;
  GK_TEST(gk_book_write(&bytes, &length, sheets, pool) == NULL);
  GK_TEST_STR(read_all(bytes, length, &book, pool), "1:身份证号|<&\">;2:43010220070913001X| 𠮷 ;");
  GK_TEST_INT(book->sheets->nelts, 2);
  GK_TEST_STR(APR_ARRAY_IDX(book->sheets, 1, gk_sheet_t).name, "A&B");
  for (apr_size_t cut = 1; cut < length; cut += 97) /* every cut says so, none crashes */
    GK_TEST(gk_book_open(&book, bytes, length - cut, pool) != NULL);
}

static void serial_numbers_are_days(apr_pool_t *pool)
{
  GK_TEST_STR(gk_sheet_date(39326, false, pool), "2007-09-01");
  GK_TEST_STR(gk_sheet_date(39326.75, false, pool), "2007-09-01");
  GK_TEST_STR(gk_sheet_date(37864, true, pool), "2007-09-01");
  GK_TEST_STR(gk_sheet_date(39507, false, pool), "2008-02-29");
  GK_TEST_STR(gk_sheet_date(61, false, pool), "1900-03-01");
  GK_TEST(gk_sheet_date(60, false, pool) == NULL);
  GK_TEST(gk_sheet_date(-1, true, pool) == NULL);
  GK_TEST(gk_sheet_date(1e18, false, pool) == NULL);
}

int main(void)
{
  gk_test_begin("sheet");
  GK_TEST_RUN(csv_is_read_as_people_write_it);
  GK_TEST_RUN(what_is_no_table_is_called_by_its_name);
  GK_TEST_RUN(xml_rows_are_the_children_of_the_root);
  GK_TEST_RUN(what_is_written_is_read);
  GK_TEST_RUN(serial_numbers_are_days);
  return gk_test_end();
}
