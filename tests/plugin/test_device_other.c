/* device_camera and device_exam through the real host: what they take, and what they refuse by name (W3, W8). */
#include "lab.h"

#include "plugin/calls.h"

static gk_plugins_t *host(apr_pool_t *pool)
{
  apr_array_header_t *rows = lab_rows(pool);
  lab_shipped(rows, "device_idcard");
  lab_shipped(rows, "device_camera");
  lab_shipped(rows, "device_exam");
  return lab_host(rows, pool);
}

static gk_error_t *decode(const gaokao_reading_t **reading, gk_plugins_t *plugins, const char *media, const void *bytes,
                          apr_size_t length, apr_pool_t *pool)
{
  gk_outcome_t outcome;
  gaokao_input_t input = {sizeof(input), 0, bytes, length, media, "", 0};
  return gk_device_decode(plugins, "r1", &input, &outcome, reading, NULL, pool);
}

static const char *field(const gaokao_reading_t *reading, const char *name)
{
  for (apr_uint32_t i = 0; i < reading->n_fields; i++)
    if (strcmp(reading->fields[i].name, name) == 0)
      return reading->fields[i].value;
  return "";
}

static void results_become_fields_of_the_pack(apr_pool_t *pool)
{
  static const char *const texts[] = {
      "{\"number\": \"01020062\", \"WK_SG\": 172.5, \"wk_tz\": \"60\", \"YK_LYSLY\": 5.0, \"YK_SJJC\": \"1\", \"JWBS\": \"\"}",
      "{\"number\":\"01020062\",\"WK_SG\":172.5}\n{\"number\":\"01020062\",\"WK_TZ\":60}\r\n{\"YK_LYSLY\":5.0,\"YK_SJJC\":1}\n",
      "# 身高体重仪\r\nNUMBER=01020062\r\nWK_SG = 172.5 \nWK_TZ\t60\nYK_LYSLY: 5.0\n\nYK_SJJC=1\n",
      "\xef\xbb\xbfnumber=01020062\nwk_sg=172.5\nwk_tz=60\nyk_lysly=5.0\nyk_sjjc=1"};
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    const gaokao_reading_t *reading = NULL;
    GK_TEST_CASE("%d", (int)i);
    GK_TEST_OK(decode(&reading, plugins, "application/vnd.gaokao.exam", texts[i], strlen(texts[i]), pool));
    GK_TEST_STR(reading->type, "examination");
    GK_TEST_INT(reading->n_fields, 5);
    GK_TEST_STR(field(reading, "number"), "01020062");
    GK_TEST_STR(field(reading, "wk_sg"), "172.5");
    GK_TEST_STR(field(reading, "wk_tz"), "60");
    GK_TEST_STR(field(reading, "yk_lysly"), "5.0");
    GK_TEST_STR(field(reading, "yk_sjjc"), "1");
  }
}

static void results_that_are_none_are_refused_by_name(apr_pool_t *pool)
{
  static const struct {
    const char *text, *says;
  } rows[] = {{"WK_SG=17.25", "“WK_SG 身高”应在50到250之间"},
              {"WK_SG=-172", "“WK_SG 身高”应在50到250之间"},
              {"WK_SG=1e2", "“WK_SG 身高”应在"},
              {"WK_SG=172.", "“WK_SG 身高”应在"},
              {"YK_LYSLY=5.4", "“YK_LYSLY 裸眼视力(右)”应在3到5.3之间"},
              {"YK_SJJC=3", "“YK_SJJC 彩色图案及数码检查”应为 12 中的一个数字"},
              {"KQ_SFKC=2", "应为 10 中的一个数字"},
              {"ZYSXDM1=7", "应为两位数字"},
              {"WK_SG=172\nwk_sg=173", "出现了两次"},
              {"LEFT_SHOE=42", "体检没有“LEFT_SHOE”这一项"},
              {"JWBS=a\tb\x07", "含有控制字符"},
              {"NUMBER=1'--", "不是号码"},
              {"hello", "每行应为“项目=值”"},
              {"", "空的"},
              {"{", "不是一个JSON对象"},
              {"{\"WK_SG\": 172", "不是一个JSON对象"},
              {"{\"WK_SG\": [1]}", "不是一个JSON对象"},
              {"{\"WK_SG\": \"1\\u0037\"}", "不是一个JSON对象"},
              {"{\"WK_SG\": 172} x", "不是一个JSON对象"},
              {"{\"WK_SG\": 172}\n{\"WK_TZ\"", "不是一个JSON对象"},
              {"{\"NUMBER\":\"01020062\",\"WK_SG\":172}\n{\"NUMBER\":\"01020063\",\"WK_TZ\":60}", "一次只交一个人的结果"},
              {"{\"WK_SG\": 172}\n{\"WK_SG\": 173}", "出现了两次"},
              {"{\"WK_SG", "不是一个JSON对象"},
              {"{\"WK_SG\\", "不是一个JSON对象"},
              {"{}", "没有任何项目"}};
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const gaokao_reading_t *reading = NULL;
    GK_TEST_CASE("%s", rows[i].text);
    gk_error_t *error = decode(&reading, plugins, "application/vnd.gaokao.exam", rows[i].text, strlen(rows[i].text), pool);
    GK_TEST_ERROR(error, GK_E_INVALID);
    if (strstr(error->zh, rows[i].says) == NULL)
      GK_TEST_STR(error->zh, rows[i].says);
    GK_TEST(error->en != NULL && strcmp(error->en, error->zh) != 0);
  }
}

static void pictures_are_known_by_their_content(apr_pool_t *pool)
{
  /* Frame header of 480 by 640 behind one segment that is stepped over. */
  static const unsigned char jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc0,
                                       0, 11, 8, 2, 0x80, 1, 0xe0, 1, 1, 0x11, 0};
  static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R',
                                      0, 0, 1, 0xe0, 0, 0, 2, 0x80, 8, 2};
  const gaokao_reading_t *reading = NULL;
  unsigned char bad[sizeof(jpeg)];
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  GK_TEST_OK(decode(&reading, plugins, "image/*", jpeg, sizeof(jpeg), pool));
  GK_TEST_STR(field(reading, "format"), "jpeg");
  GK_TEST_STR(field(reading, "width_px"), "480");
  GK_TEST_STR(field(reading, "height_px"), "640");
  GK_TEST_INT(reading->blobs[0].length, sizeof(jpeg));
  GK_TEST_OK(decode(&reading, plugins, "", png, sizeof(png), pool));
  GK_TEST_STR(field(reading, "format"), "png");
  for (size_t length = 0; length < sizeof(jpeg) - 1; length++) {
    GK_TEST_CASE("cut after %d bytes", (int)length);
    if (length < 20)
      GK_TEST_ERROR(decode(&reading, plugins, "image/jpeg", jpeg, length, pool), GK_E_INVALID);
  }
  memcpy(bad, jpeg, sizeof(jpeg));
  bad[16] = 0, bad[17] = 9; /* 9 pixels wide */
  GK_TEST_ERROR(decode(&reading, plugins, "image/jpeg", bad, sizeof(bad), pool), GK_E_INVALID);
  GK_TEST_ERROR(decode(&reading, plugins, "image/jpeg", "GIF89a", 6, pool), GK_E_INVALID);
  GK_TEST_ERROR(decode(&reading, plugins, "", "GIF89a", 6, pool), GK_E_INVALID);
}

/* Off: what would be its own is marked to wait; what others read goes on, and what nobody knows is nobody's. */
static void one_that_is_off_keeps_its_own_waiting(apr_pool_t *pool)
{
  static const char text[] = "WK_SG=172.5", png[] = "\x89PNG\r\n\x1a\n";
  const gaokao_reading_t *reading = NULL;
  gk_plugins_t *plugins = host(pool);
  GK_TEST(plugins != NULL);
  GK_TEST_OK(gk_plugin_switch(plugins, "device_exam", "Under repair", pool));
  gk_error_t *error = decode(&reading, plugins, "application/vnd.gaokao.exam", text, strlen(text), pool);
  GK_TEST_ERROR(error, GK_E_PLUGIN);
  GK_TEST(error != NULL && error->later && error->retry_after_us > 0);
  error = decode(&reading, plugins, "application/vnd.somebody.else", text, strlen(text), pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST(error != NULL && !error->later);
  error = decode(&reading, plugins, "image/png", png, strlen(png), pool);
  GK_TEST_ERROR(error, GK_E_INVALID); /* the camera's own sentence: it was asked */
  GK_TEST(error != NULL && !error->later);
  GK_TEST_OK(gk_plugin_switch(plugins, "device_exam", NULL, pool));
  GK_TEST_OK(decode(&reading, plugins, "application/vnd.gaokao.exam", text, strlen(text), pool));
}

int main(void)
{
  gk_test_begin("device_camera, device_exam");
  GK_TEST_RUN(results_become_fields_of_the_pack);
  GK_TEST_RUN(results_that_are_none_are_refused_by_name);
  GK_TEST_RUN(pictures_are_known_by_their_content);
  GK_TEST_RUN(one_that_is_off_keeps_its_own_waiting);
  return gk_test_end();
}
