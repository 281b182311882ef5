/* The candidate document: what an entry becomes, what is refused and with which words. */
#include "gk_test.h"

#include <apr_file_io.h>
#include "domain/document.h"

static gk_pack_t *load(apr_pool_t *pool, const char *relative)
{
  gk_pack_t *pack = NULL;
  apr_file_t *file = NULL;
  apr_finfo_t info;
  apr_size_t length = 0;
  const char *top = getenv("top_srcdir");
  const char *path = apr_pstrcat(pool, top != NULL ? top : ".", "/conf/packs/", relative, NULL);
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
    printf("Bail out! no file %s\n", path);
    exit(99);
  }
  char *bytes = apr_palloc(pool, (apr_size_t)info.size);
  apr_file_read_full(file, bytes, (apr_size_t)info.size, &length);
  apr_file_close(file);
  gk_error_t *error = gk_pack_load(&pack, bytes, length, NULL, pool, pool);
  if (error != NULL) {
    printf("Bail out! %s\n", gk_error_log_text(pool, error));
    exit(99);
  }
  return pack;
}

static gk_json_t *json(apr_pool_t *pool, const char *text)
{
  gk_json_t *value = NULL;
  if (gk_json_parse(&value, text, strlen(text), pool) != NULL) {
    printf("Bail out! test JSON: %s\n", text);
    exit(99);
  }
  return value;
}

static gk_document_t *document(apr_pool_t *pool, const char *text)
{
  gk_document_t *result = NULL;
  if (gk_document_parse(&result, text, pool) != NULL) {
    printf("Bail out! test document: %s\n", text);
    exit(99);
  }
  return result;
}

static gk_error_t *apply(gk_document_t **out, const char *base, const char *patch, const gk_pack_t *pack,
                         const char *role, const char *stage, apr_pool_t *pool)
{
  return gk_document_apply(out, document(pool, base), json(pool, patch), pack, role, stage, "/fields", pool);
}

static void keeps_what_was_stored(apr_pool_t *pool)
{
  gk_document_t *one =
      document(pool, "{\"b\":\"2\",\"a\":\"1\",\"c\":\"\",\"d\":null,\"e\":[],\"f\":[{\"x\":\"\"}]}");
  GK_TEST_STR(gk_document_text(one, pool), "{\"a\":\"1\",\"b\":\"2\"}");
  GK_TEST_STR(gk_document_get(one, "a"), "1");
  GK_TEST(gk_document_get(one, "c") == NULL);
  GK_TEST_STR(gk_document_text(document(pool, ""), pool), "{}");
  GK_TEST_STR(gk_document_text(document(pool, NULL), pool), "{}");
  gk_document_t *bad = NULL;
  GK_TEST_ERROR(gk_document_parse(&bad, "{\"a\":1}", pool), GK_E_MALFORMED);
  GK_TEST_ERROR(gk_document_parse(&bad, "[]", pool), GK_E_MALFORMED);
  GK_TEST_ERROR(gk_document_parse(&bad, "{\"a\":[\"x\"]}", pool), GK_E_MALFORMED);
  GK_TEST_ERROR(gk_document_parse(&bad, "{\"a\":{\"b\":\"c\"}}", pool), GK_E_MALFORMED);
  GK_TEST(bad == NULL);
}

static void tells_what_changed(apr_pool_t *pool)
{
  gk_document_t *a = document(pool, "{\"x\":\"1\",\"y\":\"2\",\"r\":[{\"k\":\"v\"}]}");
  gk_document_t *b = document(pool, "{\"x\":\"1\",\"y\":\"3\",\"z\":\"4\",\"r\":[{\"k\":\"w\"}]}");
  GK_TEST_STR(apr_array_pstrcat(pool, gk_document_changed(a, b, pool), ' '), "r y z");
  GK_TEST_INT(gk_document_changed(a, a, pool)->nelts, 0);
  GK_TEST_INT(gk_document_changed(NULL, b, pool)->nelts, 4);
  GK_TEST_INT(gk_document_changed(a, NULL, pool)->nelts, 3);
  gk_document_t *c = gk_document_with(a, "y", "3", pool);
  GK_TEST_STR(gk_document_get(a, "y"), "2");
  GK_TEST_STR(gk_document_get(c, "y"), "3");
  GK_TEST(!gk_document_equal(a, c));
  GK_TEST(gk_document_equal(a, gk_document_with(c, "y", "2", pool)));
  GK_TEST(gk_document_get(gk_document_with(c, "y", "", pool), "y") == NULL);
}

/* field, sent (JSON), stored (NULL: absent) */
static void normalises_entries(apr_pool_t *pool)
{
  static const struct { const char *field, *sent, *stored; } rows[] = {
      {"name", "\"  买买提•阿里　\"", "买买提·阿里"},
      {"name", "\"𠮷山\"", "𠮷山"},
      {"name", "\"ＡＢ\"", "AB"},
      {"name", "\"买买提∙阿里\"", "买买提·阿里"},
      {"name", "\"O'Brien-Lee Jr.\"", "O'Brien-Lee Jr."},
      {"id_number", "\"１１０１０５ 19491231 002x\"", "11010519491231002X"},
      {"sex", "\"男\"", "1"},
      {"sex", "\"１\"", "1"},
      {"nation", "\"土家\"", "15"},
      {"birth", "\"2008.2.29\"", "2008-02-29"},
      {"birth", "\"20080229\"", "2008-02-29"},
      {"card_valid_to", "\"长期\"", "长期"},
      {"mobile", "\"１３８００００００００\"", "13800000000"},
      {"mobile", "\"\"", NULL},
      {"mobile", "null", NULL},
      {"mobile", "\"   \"", NULL},
      {"class", "\"高三（４）班\"", "高三（4）班"},
      {"address", "\" 湖南省长沙县㮾梨街道３栋 \"", "湖南省长沙县㮾梨街道3栋"},
      {"graduation_year", "2014", "2014"},
      {"graduation_year", "\"02014\"", "2014"},
      {"graduation_year", "\"2014.0\"", "2014"},
      {"migrant_child", "true", "1"},
      {"migrant_child", "\"否\"", "0"},
      {"school_since", "\"2011年9月\"", "2011-09"},
      {"school_since", "\"201109\"", "2011-09"},
      {"school_since", "\"2011/9\"", "2011-09"},
      {"household_place", "\"430121\"", "430121"},
      {"speciality", "\"钢琴\\r\\n书法\"", "钢琴\n书法"},
      {"phone", "\"（0731）88886666\"", "(0731)88886666"},
      {"student_number", "\"g11010519491231002x\"", "G11010519491231002X"},
  };
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_document_t *out = NULL;
    const char *patch = apr_psprintf(pool, "{\"%s\":%s}", rows[i].field, rows[i].sent);
    GK_TEST_CASE("%s", patch);
    GK_TEST_OK(apply(&out, "{\"mobile\":\"13900000000\"}", patch, pack, NULL, NULL, pool));
    GK_TEST_STR(gk_document_get(out, rows[i].field), rows[i].stored);
  }
}

static void refuses_wrong_values(apr_pool_t *pool)
{
  static const struct { const char *field, *sent, *code, *words; } rows[] = {
      {"name", "\"王\\u200b小明\"", "forbidden-character", "U+200B"},
      {"name", "\"王\\u202e小明\"", "forbidden-character", "U+202E"},
      {"name", "\"\\ue000\"", "forbidden-character", "U+E000"},
      {"name", "\"王1\"", "name", "“1”"},
      {"name", "\"王，明\"", "name", ","},
      {"name", "\"😀\"", "name", "😀"},
      {"name", "\"王①\"", "name", "①"},
      {"name", "\"王\\u0301\"", "name", "“\xCC\x81”"},
      {"name", "\"·王\"", "name", "·"},
      {"name", "\"王·\"", "name", "·"},
      {"name", "\"王··明\"", "name", "·"},
      {"name", "\"-\"", "name", "-"},
      {"name", "\"\\ud900\\udc00\"", "forbidden-character", "U+50000"},
      {"name", "7", "type", "文字"},
      {"name", "[\"x\"]", "type", "文字"},
      {"address", "\"湖南\\n长沙县星沙街道\"", "forbidden-character", "U+000A"},
      {"address", "\"湖南\"", "too-short", "至少6个字，现在是2个字"},
      {"address", "\"123456789\"", "address", "门牌号"},
      {"mobile", "\"1380000\"", "mobile", "现在是7位"},
      {"mobile", "\"138-0000-0000\"", "mobile", "只能填数字"},
      {"mobile", "\"10800000000\"", "mobile", "13至19"},
      {"phone", "\"12345\"", "phone", "0731-88886666"},
      {"postcode", "\"41010\"", "postcode", "6位"},
      {"sex", "\"3\"", "unknown-code", "“3”"},
      {"nation", "\"火星族火星族火星族火星族火星族火星族火星族\"", "unknown-code", "…”"},
      {"household_place", "\"430100\"", "not-leaf", "下一级"},
      {"household_place", "\"430000\"", "not-leaf", "下一级"},
      {"birth", "\"2007-02-29\"", "date", "2007-09-01"},
      {"birth", "\"长期\"", "date", "2007-09-01"},
      {"birth", "\"1000-01-01\"", "date", "1000"},
      {"school_since", "\"2011-13\"", "month", "2020-09"},
      {"school_since", "\"20111\"", "month", "2020-09"},
      {"graduation_year", "\"二〇一四\"", "number", "二〇一四"},
      {"graduation_year", "\"2014.5\"", "decimals", "整数"},
      {"graduation_year", "\"2090\"", "range", "1966到2014之间，现在是2090"},
      {"graduation_year", "\"-2014\"", "range", "-2014"},
      {"graduation_year", "\"1e3\"", "number", "1e3"},
      {"graduation_year", "\"999999999999999999999999\"", "number", "应填数字"},
      {"migrant_child", "\"也许\"", "flag", "“是”或“否”"},
      {"leaving_exam_number", "\"43ABC111111\"", "digits", "数字"},
      {"student_number", "\"G-1234567\"", "letters-digits", "字母和数字"},
      {"resume", "\"x\"", "type", "多行"},
      {"resume", "[\"x\"]", "type", "每一行"},
      {"resume", "[{\"start\":\"2011-09\"}]", "required", "学校或单位"},
      {"resume", "[{\"colour\":\"red\"}]", "unknown-field", "colour"},
      {"resume", "[{},{},{},{},{},{},{},{},{},{},{}]", "too-many", "最多10行"},
      {"shoe_size", "\"43\"", "unknown-field", "shoe_size"},
      {"state", "\"confirmed\"", "unknown-field", "state"},
  };
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_document_t *out = NULL;
    const char *patch = apr_psprintf(pool, "{\"%s\":%s}", rows[i].field, rows[i].sent);
    GK_TEST_CASE("%s", patch);
    gk_error_t *error = apply(&out, "{}", patch, pack, NULL, NULL, pool);
    GK_TEST_ERROR(error, GK_E_INVALID);
    GK_TEST(out == NULL);
    gk_violation_t *first = (gk_violation_t *)error->violations->elts;
    GK_TEST_STR(first->code, rows[i].code);
    if (strstr(first->zh, rows[i].words) == NULL)
      GK_TEST_FAIL("'%s' does not say '%s'", first->zh, rows[i].words);
    GK_TEST(first->en[0] != '\0' && strchr(first->en, '%') == NULL);
    GK_TEST(strncmp(first->pointer, "/fields/", 8) == 0);
  }
}

static void counts_characters_not_bytes(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  const char *thirty = "", *patch;
  gk_document_t *out = NULL;
  for (int i = 0; i < 30; i++)
    thirty = apr_pstrcat(pool, thirty, "𠮷", NULL);
  patch = apr_psprintf(pool, "{\"receiver\":\"%s\"}", thirty);
  GK_TEST_OK(apply(&out, "{}", patch, pack, NULL, NULL, pool));
  patch = apr_psprintf(pool, "{\"receiver\":\"%s𠮷\"}", thirty);
  gk_error_t *error = apply(&out, "{}", patch, pack, NULL, NULL, pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_STR(((gk_violation_t *)error->violations->elts)[0].code, "too-long");
  GK_TEST(strstr(((gk_violation_t *)error->violations->elts)[0].zh, "最多30个字，现在是31个字") != NULL);
}

static void collects_all_faults_with_pointers(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  gk_document_t *out = NULL;
  gk_error_t *error =
      apply(&out, "{}",
            "{\"sex\":\"x\",\"mobile\":\"1\",\"a/b~c\":\"1\",\"resume\":[{\"start\":\"2011-09\","
            "\"end\":\"2011-99\",\"school\":\"浏阳河中学\",\"witness\":\"张明\"}]}",
            pack, NULL, NULL, pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  gk_violation_t *all = (gk_violation_t *)error->violations->elts;
  GK_TEST_INT(error->violations->nelts, 4);
  GK_TEST_STR(all[0].pointer, "/fields/sex");
  GK_TEST_STR(all[1].pointer, "/fields/mobile");
  GK_TEST_STR(all[2].pointer, "/fields/a~1b~0c");
  GK_TEST_STR(all[3].pointer, "/fields/resume/0/end");
}

/* ID-8: every field of the pack, every role, every stage: not editable means refused, not ignored. */
static void refuses_what_one_may_not_edit(apr_pool_t *pool)
{
  static const char *const roles[] = {"candidate", "point",    "reviewer", "county",
                                      "city",      "province", "reading",  "auditor"};
  static const char *const stages[] = {"entry", "filling", "correction"};
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  int allowed = 0, refused = 0;
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &((gk_field_t *)pack->fields->elts)[i];
    if (field->type == GK_FIELD_ROWS)
      continue;
    const char *value = field->type == GK_FIELD_CODE    ? ((gk_table_row_t *)field->table->rows->elts)[0].code
                        : field->type == GK_FIELD_DATE  ? "2007-09-01"
                        : field->type == GK_FIELD_MONTH ? "2011-09"
                        : field->type == GK_FIELD_NUMBER        ? "2014"
                        : field->type == GK_FIELD_FLAG          ? "1"
                        : field->pattern == GK_PATTERN_MOBILE   ? "13800000000"
                        : field->pattern == GK_PATTERN_POSTCODE ? "410100"
                        : field->pattern == GK_PATTERN_DIGITS   ? "430111000001"
                        : field->pattern == GK_PATTERN_PHONE    ? "88886666"
                        : field->pattern == GK_PATTERN_ALNUM    ? "12345678"
                                                                : "湖南省长沙县星沙";
    if (field->leaf_level != NULL)
      value = "430121";
    if (strcmp(field->id, "leaving_exam_number") != 0 && field->pattern == GK_PATTERN_DIGITS)
      value = "43011100";
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++)
      for (size_t s = 0; s < sizeof stages / sizeof stages[0]; s++) {
        gk_document_t *out = NULL;
        const char *patch = apr_psprintf(pool, "{\"%s\":\"%s\"}", field->id, value);
        gk_error_t *error = apply(&out, "{}", patch, pack, roles[r], stages[s], pool);
        GK_TEST_CASE("%s %s %s", field->id, roles[r], stages[s]);
        if (gk_field_editable(field, roles[r], stages[s])) {
          GK_TEST_OK(error);
          GK_TEST_STR(gk_document_get(out, field->id), value);
          allowed++;
        } else {
          GK_TEST_ERROR(error, GK_E_INVALID);
          GK_TEST_STR(((gk_violation_t *)error->violations->elts)[0].code, "not-editable");
          refused++;
        }
      }
  }
  GK_TEST(allowed > 100 && refused > 100);
}

static void lets_unchanged_locked_fields_pass(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  gk_document_t *out = NULL;
  const char *base = "{\"name\":\"向晚晴\",\"birth\":\"1996-01-01\"}";
  GK_TEST_OK(apply(&out, base, "{\"name\":\" 向晚晴 \",\"birth\":\"19960101\",\"mobile\":\"13800000217\"}",
                   pack, "candidate", "filling", pool));
  GK_TEST_STR(gk_document_text(out, pool),
              "{\"birth\":\"1996-01-01\",\"mobile\":\"13800000217\",\"name\":\"向晚晴\"}");
  GK_TEST_OK(apply(&out, base, "{\"sex\":null}", pack, "candidate", "filling", pool));
  gk_error_t *error = apply(&out, base, "{\"name\":null}", pack, "candidate", "filling", pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST(strstr(((gk_violation_t *)error->violations->elts)[0].zh, "重新读卡") != NULL);
  error = apply(&out, base, "{\"mobile\":\"13800000217\"}", pack, "candidate", "correction", pool);
  GK_TEST(strstr(((gk_violation_t *)error->violations->elts)[0].zh, "已过填报阶段") != NULL);
}

static void reads_rows(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  gk_document_t *out = NULL;
  GK_TEST_OK(apply(
      &out, "{}",
      "{\"resume\":[{\"start\":\"2011.9\",\"end\":null,\"school\":\" 浏阳河中学 \",\"witness\":\"张明\"},{},"
      "{\"duty\":\"\"}]}",
      pack, "candidate", "filling", pool));
  GK_TEST_STR(gk_document_text(out, pool),
              "{\"resume\":[{\"school\":\"浏阳河中学\",\"start\":\"2011-09\",\"witness\":\"张明\"}]}");
  GK_TEST_OK(apply(&out, gk_document_text(out, pool), "{\"resume\":[]}", pack, "candidate", "filling", pool));
  GK_TEST_STR(gk_document_text(out, pool), "{}");
}

static void applies_parts(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  const gk_part_t *part = gk_pack_part(pack, "examination");
  gk_document_t *out = NULL;
  GK_TEST_OK(gk_document_apply_part(
      &out, NULL, json(pool, "{\"yk_lysly\":\"5.10\",\"wk_sg\":\"172.5\",\"tjjldm\":\"1\"}"), pack, part,
      "county", "filling", "/fields", pool));
  GK_TEST_STR(gk_document_get(out, "yk_lysly"), "5.1");
  GK_TEST_STR(gk_document_get(out, "wk_sg"), "172.5");
  gk_error_t *error =
      gk_document_apply_part(&out, NULL, json(pool, "{\"yk_lysly\":\"6\",\"wk_sg\":\"1.72\",\"name\":\"x\"}"),
                             pack, part, "county", "filling", "", pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_INT(error->violations->nelts, 3);
  GK_TEST(strstr(((gk_violation_t *)error->violations->elts)[0].zh, "3到5.3之间") != NULL);
  GK_TEST_ERROR(gk_document_apply_part(&out, NULL, json(pool, "{\"wk_sg\":\"172\"}"), pack, part, "point",
                                       "filling", "", pool),
                GK_E_INVALID);
  GK_TEST_ERROR(
      gk_document_apply_part(&out, NULL, json(pool, "[]"), pack, part, "county", "filling", "", pool),
      GK_E_MALFORMED);
}

static void derives(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2014.xml");
  gk_document_t *one = document(
      pool,
      "{\"name\":\"𠮷山\",\"birth\":\"1949-12-31\",\"sex\":\"2\",\"id_type\":\"1\",\"id_number\":\"11010519491231002X\","
      "\"category\":\"2\",\"subject\":\"3\",\"address\":\"湖南长沙\",\"card_valid_to\":\"长期\",\"household_place\":\"433101\","
      "\"resume\":[{\"start\":\"2008-09\",\"end\":\"2011-06\"},{\"start\":\"2011-09\"}]}");
  gk_json_t *d = gk_derive(one, pack, (gk_date_t){2013, 12, 30}, pool);
  static const struct { const char *name, *value;
  } rows[] = {{"season", "2014"},
              {"today", "2013-12-30"},
              {"today_number", "20131230"},
              {"age", "63"},
              {"birth_number", "19491231"},
              {"name_length", "2"},
              {"name_plain", "1"},
              {"id_case", "ok"},
              {"id_number_ok", "1"},
              {"id_birth", "1949-12-31"},
              {"id_birth_matches", "1"},
              {"id_sex", "2"},
              {"id_sex_matches", "1"},
              {"id_division", "110105"},
              {"id_province", "11"},
              {"current_pupil", "1"},
              {"rural", "1"},
              {"category_session", "current"},
              {"subject_track", "art"},
              {"subject_art", "yes"},
              {"address_length", "4"},
              {"address_starts_with_province", "1"},
              {"card_valid_to_number", "99991231"},
              {"card_expired", "0"},
              {"household_place_minority", "yes"},
              {"household_place_level", "county"},
              {"resume_count", "2"},
              {"resume_max_gap", "2"},
              {"resume_overlaps", "0"},
              {"resume_open", "1"},
              {"resume_unordered", "0"},
              {"resume_backwards", "0"},
              {"resume_first", "200809"},
              {"resume_last_start", "201109"},
              {"family_count", "0"},
              {"mobile_length", NULL},
              {"bonus_scope", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    GK_TEST_CASE("%s", rows[i].name);
    GK_TEST_STR(gk_json_str(d, rows[i].name), rows[i].value);
  }
  /* Newest first is an order too; what lies between neighbours doesn't depend on it. */
  one = document(pool, "{\"resume\":[{\"start\":\"2011-09\"},{\"start\":\"2008-09\",\"end\":\"2011-06\"},"
                       "{\"start\":\"2002-09\",\"end\":\"2008-10\"}]}");
  d = gk_derive(one, pack, pack->start, pool);
  GK_TEST_STR(gk_json_str(d, "resume_unordered"), "0");
  GK_TEST_STR(gk_json_str(d, "resume_overlaps"), "1");
  GK_TEST_STR(gk_json_str(d, "resume_max_gap"), "2");
  GK_TEST_STR(gk_json_str(d, "resume_first"), "200209");
  one = document(pool, "{\"birth\":\"1949-12-31\"}");
  d = gk_derive(one, pack, (gk_date_t){2013, 12, 31}, pool);
  GK_TEST_STR(gk_json_str(d, "age"), "64");
  d = gk_derive(gk_document_new(pool), pack, pack->start, pool);
  GK_TEST(gk_json_get(d, "age") == NULL);
  GK_TEST(gk_json_get(d, "id_case") == NULL);
  GK_TEST_STR(gk_json_str(d, "resume_count"), "0");
}

/* What gk_derive gives is what the pack check lets rules name: nothing more, so no rule can miss it. */
static void derives_only_known_names(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, "hunan-2025.xml");
  gk_document_t *one = document(
      pool,
      "{\"name\":\"A\",\"birth\":\"2007-01-01\",\"sex\":\"9\",\"id_type\":\"A\",\"id_number\":\"E123\",\"category\":\"9\","
      "\"bonus\":\"15\",\"card_valid_from\":\"2020-01-01\",\"card_valid_to\":\"2021-01-01\",\"elective_1\":\"HX\","
      "\"family\":[{\"name\":\"x\"}],\"resume\":[{\"start\":\"x\"},{\"start\":\"2020-09\",\"end\":\"2019-01\"}]}");
  gk_json_t *d = gk_derive(one, pack, pack->start, pool);
  for (gk_json_iter_t it = gk_json_first(d); it.key != NULL; gk_json_next(&it)) {
    GK_TEST_CASE("%s", it.key);
    GK_TEST(apr_hash_get(pack->derived_by_name, it.key, APR_HASH_KEY_STRING) != NULL);
  }
  GK_TEST_STR(gk_json_str(d, "resume_backwards"), "1");
  GK_TEST_STR(gk_json_str(d, "card_expired"), "1");
  GK_TEST_STR(gk_json_str(d, "name_plain"), "0");
}

int main(void)
{
  gk_test_begin("document");
  GK_TEST_RUN(keeps_what_was_stored);
  GK_TEST_RUN(tells_what_changed);
  GK_TEST_RUN(normalises_entries);
  GK_TEST_RUN(refuses_wrong_values);
  GK_TEST_RUN(counts_characters_not_bytes);
  GK_TEST_RUN(collects_all_faults_with_pointers);
  GK_TEST_RUN(refuses_what_one_may_not_edit);
  GK_TEST_RUN(lets_unchanged_locked_fields_pass);
  GK_TEST_RUN(reads_rows);
  GK_TEST_RUN(applies_parts);
  GK_TEST_RUN(derives);
  GK_TEST_RUN(derives_only_known_names);
  return gk_test_end();
}
