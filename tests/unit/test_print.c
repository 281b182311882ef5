/* Papers drawn from plain data: amounts in words, the order of classes, characters that can't be printed, and papers of odd
 * data, whose pages are counted (what stands on them is read back by tests/httpd/test_papers.py). */
#include "unit/gk_test.h"

#include <apr_strings.h>
#include "domain/paper.h"
#include "print/print.h"

#define LONG_NAME "买买提阿卜杜热合曼艾合买提江吐尔逊阿不都热依木·买买提阿卜杜热合曼艾合买提江吐尔逊阿不都热依木买买提阿卜杜热合曼艾合"

static gk_error_t *count_bytes(void *baton, const void *bytes, apr_size_t length)
{
  *(apr_size_t *)baton += length;
  return NULL;
}

static gk_error_t *refuse_bytes(void *baton, const void *bytes, apr_size_t length)
{
  return gk_error_plain(baton, GK_E_DB_FULL);
}

static gk_print_wish_t wish_of(apr_size_t *bytes)
{
  *bytes = 0;
  return (gk_print_wish_t){.title = "试", .unit = "0104220 星沙第二中学", .printed_by = "张老师", .printed = apr_time_now(),
                           .site = "https://bm.example", .write = count_bytes, .baton = bytes};
}

static void amounts_in_words(apr_pool_t *pool)
{
  static const struct { apr_int64_t fen; const char *text; } rows[] = {
      {0, "零元整"},           {5, "伍分"},           {10, "壹角整"},           {14000, "壹佰肆拾元整"},   {12005, "壹佰贰拾元零伍分"},
      {10050, "壹佰元伍角整"}, {100500, "壹仟零伍元整"}, {1000000, "壹万元整"}, {1000500, "壹万零伍元整"},
      {123456789, "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    GK_TEST_STR(gk_print_amount(rows[i].fen, pool), rows[i].text);
}

static void classes_in_the_order_people_count(apr_pool_t *pool)
{
  GK_TEST(gk_paper_order("高三（2）班", "高三（10）班") < 0);
  GK_TEST(gk_paper_order("高三（10）班", "高三（10）班") == 0);
  GK_TEST(gk_paper_order("", "高三") < 0);
  GK_TEST(gk_paper_order("高三2", "高三02班") < 0);
}

static const char *missing(const char *text, apr_pool_t *pool)
{
  apr_array_header_t *found = gk_print_missing(text, pool);
  const char *all = "";
  for (int i = 0; i < found->nelts; i++)
    all = apr_pstrcat(pool, all, i > 0 ? " " : "", APR_ARRAY_IDX(found, i, const char *), NULL);
  return all;
}

static void what_cannot_be_printed_is_named(apr_pool_t *pool)
{
  if (strcmp(gk_print_fonts_state(), "complete") != 0)
    GK_TEST_SKIP("fonts-noto-cjk, fonts-babelstone-han, fonts-hanazono are not all installed");
  GK_TEST_STR(missing("向晚晴 Li 120 “·”，（）", pool), "");
  GK_TEST_STR(missing("\xf0\xa0\xae\xb7\xf0\xac\x9a\xa9\xf0\xaa\x9a\xb2", pool), ""); /* U+20BB7, U+2C6A9, U+2A6B2 */
  GK_TEST_STR(missing("石\xf0\xae\xaf\xb0石\xf0\xae\xaf\xb0", pool), "U+2EBF0");  /* Extension I: no font, named once */
  GK_TEST_STR(missing("a\xee\x80\x80", pool), "U+E000");                          /* private use, which a font draws */
  GK_TEST_STR(missing("a\xe2\x80\xae" "b", pool), "U+202E");                      /* turns the text round */
  GK_TEST_STR(missing("李\x01", pool), "U+0001");
  GK_TEST_STR(missing("第一行\n第二行", pool), "");
  GK_TEST_STR(missing("e\xcc\x81", pool), "");                                    /* combining */
}

static void cards_of_odd_people(apr_pool_t *pool)
{
  apr_size_t bytes;
  int pages = 0;
  gk_print_t *print;
  gk_print_wish_t wish = wish_of(&bytes);
  if (strcmp(gk_print_fonts_state(), "none") == 0)
    GK_TEST_SKIP("no Chinese font is installed");
  apr_array_header_t *cards = apr_array_make(pool, 16, sizeof(gk_print_card_t));
  for (int i = 0; i < 23; i++)
    APR_ARRAY_PUSH(cards, gk_print_card_t) =
        (gk_print_card_t){.number = "01040317", .name = i == 0 ? LONG_NAME : i == 1 ? "一" : "<b>向</b>&amp;", .id_number = "",
                          .subject = i == 2 ? NULL : "物理类", .class_name = i < 11 ? "高三（2）班" : i < 12 ? NULL : "高三（10）班",
                          .password = i == 3 ? NULL : "k7wm4hptx9"};
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_cards(print, cards, NULL)));
  GK_TEST_INT(pages, 5); /* 10 + 1, 1, 10 + 1 */
  GK_TEST(bytes > 10000);
  wish.letter = true;
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_cards(print, cards, "11月1日—11月10日 24:00")));
  GK_TEST_INT(pages, 5); /* 8 + 3, 1, 8 + 3 */
  wish.first_page = 2;
  wish.last_page = 2;
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_login_sheet(print, cards)));
  GK_TEST_INT(pages, 3); /* a list for each class; one of them drawn */
}

static gk_json_t *proof(int rows, apr_pool_t *pool)
{
  gk_json_t *json;
  const char *row = "[{\"id\":\"a\",\"zh\":\"学校\",\"en\":\"School or employer\",\"value\":\"" LONG_NAME "\"},"
                    "{\"id\":\"b\",\"zh\":\"证明人\",\"value\":null}]",
             *all = row;
  for (int i = 1; i < rows; i++)
    all = apr_pstrcat(pool, all, ",", row, NULL);
  const char *text = apr_psprintf(
      pool,
      "{\"candidate\":{\"name\":\"%s\"},\"version\":7,\"valid\":false,\"digest\":\"7f3a91c20b44d2e1\","
      "\"document\":{\"number\":\"01040317\","
      "\"org\":{\"code\":\"1\",\"name\":\"星沙\"},\"sections\":[{\"fields\":["
      "{\"id\":\"name\",\"zh\":\"姓名\",\"en\":\"Name\",\"value\":\"%s\"},"
      "{\"id\":\"class\",\"zh\":\"班级\",\"value\":null}]},{\"fields\":[]},"
      "{\"fields\":[{\"id\":\"resume\",\"zh\":\"个人简历\",\"rows\":[%s]}]}]}}",
      LONG_NAME, LONG_NAME, all);
  return gk_json_parse(&json, text, strlen(text), pool) == NULL ? json : NULL;
}

static void a_long_record_takes_more_pages(apr_pool_t *pool)
{
  apr_size_t bytes;
  int pages = 0;
  gk_print_t *print;
  gk_print_wish_t wish = wish_of(&bytes);
  if (strcmp(gk_print_fonts_state(), "none") == 0)
    GK_TEST_SKIP("no Chinese font is installed");
  gk_print_sheet_t sheet = {.proof = proof(2, pool), .season = "湖南省2026年报名"};
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_proof(print, &sheet)));
  GK_TEST_INT(pages, 1);
  apr_size_t chinese = bytes;
  bytes = 0;
  sheet.english = true; /* labels in both languages, and still one page */
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_proof(print, &sheet)));
  GK_TEST_INT(pages, 1);
  GK_TEST(bytes > chinese + 1000);
  sheet.proof = proof(60, pool);
  sheet.changed = apr_array_make(pool, 1, sizeof(const char *));
  APR_ARRAY_PUSH(sheet.changed, const char *) = "resume";
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, &pages, gk_print_form(print, &sheet)));
  GK_TEST(pages > 1);
}

static void a_writer_that_fails_ends_the_print(apr_pool_t *pool)
{
  apr_size_t bytes;
  gk_print_t *print;
  gk_print_wish_t wish = wish_of(&bytes);
  if (strcmp(gk_print_fonts_state(), "none") == 0)
    GK_TEST_SKIP("no Chinese font is installed");
  wish.write = refuse_bytes;
  wish.baton = pool;
  gk_print_receipt_t receipt = {.season = "2026", .number = "01040317", .name = LONG_NAME, .subject = "物理类", .point = "星沙",
                                .receipt = "A1", .cashier = "", .fen = 14000, .paid = 1};
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_ERROR(gk_print_end(print, NULL, gk_print_receipt(print, &receipt)), GK_E_DB_FULL);
  wish = wish_of(&bytes); /* and the printer is free again */
  GK_TEST_OK(gk_print_start(&print, &wish, pool));
  GK_TEST_OK(gk_print_end(print, NULL, gk_print_receipt(print, &receipt)));
}

int main(void)
{
  gk_test_begin("print");
  GK_TEST_RUN(amounts_in_words);
  GK_TEST_RUN(classes_in_the_order_people_count);
  GK_TEST_RUN(what_cannot_be_printed_is_named);
  GK_TEST_RUN(cards_of_odd_people);
  GK_TEST_RUN(a_long_record_takes_more_pages);
  GK_TEST_RUN(a_writer_that_fails_ends_the_print);
  return gk_test_end();
}
