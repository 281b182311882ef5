/* device_idcard through the real host: every sample of every layout gives its fields, and each fault of a block is refused by
 * the name of its field (W3; faults.md IN-2, IN-4). The samples are the corpus of the fuzz target. */
#include "lab.h"

#include <apr_file_io.h>
#include "plugin/calls.h"

#define MEDIA "application/vnd.gaokao.idcard"
enum { BLOCK = 256 };

static const apr_time_t november_2013 = APR_TIME_C(1383600000000000);

static gk_plugins_t *host(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "device_idcard");
  return lab_host(rows, pool);
}

static bool sample(unsigned char *block, const char *name, apr_pool_t *pool)
{
  apr_file_t *file;
  apr_size_t length = BLOCK;
  return apr_file_open(&file, lab_source(pool, apr_pstrcat(pool, "tests/fuzz/corpus/idcard/", name, NULL)), APR_READ, 0,
                       pool) == APR_SUCCESS &&
         apr_file_read_full(file, block, length, &length) == APR_SUCCESS;
}

/* Writes ASCII and the characters of the table below into a block. */
static void put(unsigned char *block, unsigned offset, const char *text)
{
  for (unsigned i = 0; text[i] != '\0'; i++) {
    block[offset + 2 * i] = (unsigned char)text[i];
    block[offset + 2 * i + 1] = 0;
  }
}

static void put_unit(unsigned char *block, unsigned offset, unsigned unit)
{
  block[offset] = (unsigned char)(unit & 255);
  block[offset + 1] = (unsigned char)(unit >> 8);
}

static gk_error_t *decode(const gaokao_reading_t **reading, gk_plugins_t *plugins, const unsigned char *block,
                          apr_pool_t *pool)
{
  gk_outcome_t outcome;
  const char *name = NULL;
  gaokao_input_t input = {sizeof(input), 0, block, BLOCK, MEDIA, "", november_2013};
  return gk_device_decode(plugins, "r1", &input, &outcome, reading, &name, pool);
}

static const char *field(const gaokao_reading_t *reading, const char *name)
{
  for (apr_uint32_t i = 0; i < reading->n_fields; i++)
    if (strcmp(reading->fields[i].name, name) == 0)
      return reading->fields[i].value;
  return "";
}

static void every_layout_gives_its_fields(apr_pool_t *pool)
{
  static const struct {
    const char *sample, *field, *value;
  } rows[] = {{"resident", "layout", "resident"},
              {"resident", "name", "测试甲"},
              {"resident", "sex", "2"},
              {"resident", "nation", "01"},
              {"resident", "birth", "1880-01-01"},
              {"resident", "address", "湖南省长沙市芙蓉区样例路1号"},
              {"resident", "id_number", "430102188001010004"},
              {"resident", "issuer", "长沙市公安局芙蓉分局"},
              {"resident", "valid_from", "2012-01-05"},
              {"resident", "valid_to", "2022-01-05"},
              {"resident", "warnings", ""},
              {"resident_dot_long_term", "name", "阿依·样例"},
              {"resident_dot_long_term", "nation", "05"},
              {"resident_dot_long_term", "valid_to", "长期"},
              {"resident_rare_glyph_full_address", "name", "㐀测丙"},
              {"resident_rare_glyph_full_address", "address",
               "湖南省湘西土家族苗族自治州吉首市样例街道样例社区样例路一百二十八甲甲号"},
              {"hmt_permit", "layout", "hmt_permit"},
              {"hmt_permit", "name", "测试丁"},
              {"hmt_permit", "nation", ""},
              {"hmt_permit", "id_number", "810000188001010007"},
              {"hmt_permit", "pass_number", "H00000001"},
              {"hmt_permit", "issue_count", "01"},
              {"foreigner_2017", "layout", "foreigner_2017"},
              {"foreigner_2017", "name", "样例戊"},
              {"foreigner_2017", "name_en", "SAMPLE, ALPHA BETA"},
              {"foreigner_2017", "id_number", "USA430188010100"},
              {"foreigner_2017", "country", "USA"},
              {"foreigner_2017", "birth", "1880-01-01"},
              {"foreigner_2017", "valid_to", "2027-06-16"},
              {"foreigner_2017", "authority", "4301"},
              {"foreigner_2023", "layout", "foreigner_2023"},
              {"foreigner_2023", "name", "样例己"},
              {"foreigner_2023", "name_en", "SAMPLE, GAMMA DELTA"},
              {"foreigner_2023", "id_number", "943840188001010003"},
              {"foreigner_2023", "country", "USA"},
              {"foreigner_2023", "warnings", "not-yet-valid"}};
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned char block[BLOCK];
    const gaokao_reading_t *reading = NULL;
    GK_TEST_CASE("%s %s", rows[i].sample, rows[i].field);
    GK_TEST(sample(block, rows[i].sample, pool));
    GK_TEST_OK(decode(&reading, plugins, block, pool));
    GK_TEST_STR(reading->type, "idcard");
    if (strcmp(rows[i].sample, "resident_dot_long_term") == 0 && strcmp(rows[i].field, "name") == 0)
      GK_TEST(strstr(field(reading, "name"), "·") != NULL);
    else
      GK_TEST_STR(field(reading, rows[i].field), rows[i].value);
  }
}

static void faults_are_refused_by_the_name_of_the_field(apr_pool_t *pool)
{
  static const struct {
    const char *what, *sample;
    unsigned offset;
    const char *text; /* NULL: the unit */
    unsigned unit;
    const char *says;
  } rows[] = {{"high surrogate alone", "resident", 0, NULL, 0xd842, "“姓名”有半个字符"},
              {"low surrogate alone", "resident", 2, NULL, 0xdfb7, "“姓名”有半个字符"},
              {"high surrogate in the last unit", "resident", 28, NULL, 0xd842, "“姓名”有半个字符"},
              {"control in the address", "resident", 54, NULL, 7, "“住址”含有控制字符"},
              {"NUL inside", "resident", 52, NULL, 0, "“住址”含有控制字符"},
              {"C1 control", "resident", 158, NULL, 0x85, "“签发机关”含有控制字符"},
              {"noncharacter", "resident", 0, NULL, 0xffff, "“姓名”含有不能使用的字符"},
              {"turned direction", "resident", 0, NULL, 0x202e, "“姓名”含有不能使用的字符"},
              {"month 13", "resident", 36, "18801301", 0, "“出生日期”不是存在的日期"},
              {"29 February of a common year", "resident", 36, "19020229", 0, "“出生日期”不是存在的日期"},
              {"birth in the future", "resident", 36, "20131106", 0, "“出生日期”还没有到"},
              {"letters in a date", "resident", 188, "2012O105", 0, "“有效期起始”不是存在的日期"},
              {"an end that is no date", "resident", 204, "20220132", 0, "“有效期截止”不是存在的日期"},
              {"an end before the beginning", "resident", 204, "20110105", 0, "“有效期截止”早于起始日期"},
              {"no name", "resident", 0, "               ", 0, "没有“姓名”"},
              {"no number", "resident", 122, "                  ", 0, "没有“公民身份号码”"},
              {"wrong check character", "resident", 122, "430102188001010005", 0, "校验码不对"},
              {"short number", "resident", 122, "43010218800101000 ", 0, "“公民身份号码”形式不对"},
              {"sex 3", "resident", 30, "3", 0, "“性别”不是"},
              {"nation of letters", "resident", 32, "A1", 0, "“民族”不是两位数字"},
              {"a resident's number on a permit", "hmt_permit", 122, "430102188001010004", 0, "与证件种类不符"},
              {"a permit's number on a resident's card", "resident", 122, "810000188001010007", 0, "与证件种类不符"},
              {"old foreigners' number", "foreigner_2017", 122, "US1430188010100", 0, "“永久居留证号码”形式不对"},
              {"country", "foreigner_2017", 152, "U-A", 0, "“国籍或地区代码”只能是字母和数字"},
              {"new foreigners' number", "foreigner_2023", 122, "943840188001010004", 0, "校验码不对"}};
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned char block[BLOCK];
    const gaokao_reading_t *reading = NULL;
    GK_TEST_CASE("%s", rows[i].what);
    GK_TEST(sample(block, rows[i].sample, pool));
    if (rows[i].text != NULL)
      put(block, rows[i].offset, rows[i].text);
    else
      put_unit(block, rows[i].offset, rows[i].unit);
    gk_error_t *error = decode(&reading, plugins, block, pool);
    GK_TEST_ERROR(error, GK_E_INVALID);
    GK_TEST(strstr(error->zh, rows[i].says) != NULL);
    GK_TEST(error->en != NULL && strcmp(error->en, error->zh) != 0);
  }
  GK_TEST_INT(gk_json_int(gk_plugin_json(plugins, "device_idcard", pool), "failures"), 0);
}

static void what_is_rare_but_real_only_warns(apr_pool_t *pool)
{
  static const struct {
    const char *what, *sample;
    unsigned offset;
    const char *text;
    unsigned unit;
    const char *words;
  } rows[] = {{"sex against number", "resident", 30, "1", 0, "sex-differs"},
              {"sex not stated", "resident", 30, "9", 0, ""},
              {"birth against number", "resident", 36, "18800102", 0, "birth-differs"},
              {"a place of the past", "resident", 122, "43012218800101000X", 0, "place-abolished"},
              {"run out", "resident", 204, "20131104", 0, "expired"},
              {"its last day", "resident", 204, "20131105", 0, ""},
              {"not yet valid", "resident", 188, "20131106", 0, "not-yet-valid"},
              {"private use", "resident", 0, NULL, 0xe815, "private-use"},
              {"a pair beyond the plane is text", "resident", 0, NULL, 0, ""},
              {"nation 57", "resident", 32, "57", 0, "nation-unknown"},
              {"born on 29 February", "resident", 36, "18800229", 0, "birth-differs"}};
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned char block[BLOCK];
    const gaokao_reading_t *reading = NULL;
    GK_TEST_CASE("%s", rows[i].what);
    GK_TEST(sample(block, rows[i].sample, pool));
    if (rows[i].text != NULL)
      put(block, rows[i].offset, rows[i].text);
    else if (rows[i].unit != 0)
      put_unit(block, rows[i].offset, rows[i].unit);
    else { /* U+20BB7 */
      put_unit(block, 0, 0xd842);
      put_unit(block, 2, 0xdfb7);
    }
    GK_TEST_OK(decode(&reading, plugins, block, pool));
    GK_TEST_STR(field(reading, "warnings"), rows[i].words);
    if (rows[i].text == NULL && rows[i].unit == 0)
      GK_TEST(strncmp(field(reading, "name"), "𠮷", 4) == 0);
  }
}

static void only_blocks_are_recognised(apr_pool_t *pool)
{
  unsigned char block[BLOCK + 2] = {0};
  const gaokao_reading_t *reading = NULL;
  gk_outcome_t outcome;
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  GK_TEST(sample(block, "foreigner_2017", pool));
  gaokao_input_t input = {sizeof(input), 0, block, BLOCK, "", "", november_2013};
  GK_TEST_OK(gk_device_decode(plugins, "r1", &input, &outcome, &reading, NULL, pool));
  GK_TEST_STR(field(reading, "layout"), "foreigner_2017");
  input.length = BLOCK - 1;
  GK_TEST_ERROR(gk_device_decode(plugins, "r1", &input, &outcome, &reading, NULL, pool), GK_E_INVALID);
  input.media_type = MEDIA;
  gk_error_t *error = gk_device_decode(plugins, "r1", &input, &outcome, &reading, NULL, pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST(strstr(error->en, "this one has 255") != NULL);
  input.media_type = "image/jpeg";
  input.length = BLOCK;
  GK_TEST_ERROR(gk_device_decode(plugins, "r1", &input, &outcome, &reading, NULL, pool), GK_E_INVALID);
}

int main(void)
{
  gk_test_begin("device_idcard");
  GK_TEST_RUN(every_layout_gives_its_fields);
  GK_TEST_RUN(faults_are_refused_by_the_name_of_the_field);
  GK_TEST_RUN(what_is_rare_but_real_only_warns);
  GK_TEST_RUN(only_blocks_are_recognised);
  return gk_test_end();
}
