/* Both shipped packs: loaded, asked, and each rule proven by its cases. And packs with a fault, each refused.
 */
#include "gk_test.h"

#include <apr_file_io.h>
#include <apr_thread_proc.h>
#include <libxml/xpath.h>
#include "domain/document.h"
#include "domain/pack.h"

static const char *source_path(apr_pool_t *pool, const char *relative)
{
  const char *top = getenv("top_srcdir");
  return apr_pstrcat(pool, top != NULL ? top : ".", "/", relative, NULL);
}

static const char *read_file(apr_pool_t *pool, const char *relative, apr_size_t *length)
{
  apr_file_t *file = NULL;
  apr_finfo_t info;
  const char *path = source_path(pool, relative);
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
    printf("Bail out! no file %s\n", path);
    exit(99);
  }
  char *bytes = apr_pcalloc(pool, (apr_size_t)info.size + 1);
  apr_file_read_full(file, bytes, (apr_size_t)info.size, length);
  apr_file_close(file);
  return bytes;
}

/* The scratch pool is gone before the pack is looked at. */
static gk_error_t *load_text(gk_pack_t **pack, const char *text, apr_pool_t *pool)
{
  apr_pool_t *scratch = NULL;
  apr_pool_create(&scratch, pool);
  gk_error_t *error =
      gk_pack_load(pack, text, strlen(text), source_path(pool, "conf/schema/pack.rng"), pool, scratch);
  apr_pool_destroy(scratch);
  return error;
}

/* `text` with the first `from` replaced; NULL when there is none. */
static const char *replaced(apr_pool_t *pool, const char *text, const char *from, const char *to)
{
  const char *at = strstr(text, from);
  if (at == NULL)
    return NULL;
  return apr_pstrcat(pool, apr_pstrndup(pool, text, (apr_size_t)(at - text)), to, at + strlen(from), NULL);
}

static const char *const packs[] = {"conf/packs/hunan-2014.xml", "conf/packs/hunan-2025.xml"};

static gk_pack_t *load(apr_pool_t *pool, int which)
{
  gk_pack_t *pack = NULL;
  apr_size_t length = 0;
  gk_error_t *error = load_text(&pack, read_file(pool, packs[which], &length), pool);
  if (error != NULL) {
    for (int i = 0; error->violations != NULL && i < error->violations->nelts; i++) {
      gk_violation_t *one = &((gk_violation_t *)error->violations->elts)[i];
      printf("# %s %s: %s\n# %s\n", one->pointer, one->code, one->en, one->zh);
    }
    printf("Bail out! %s: %s\n", packs[which], gk_error_log_text(pool, error));
    exit(99);
  }
  return pack;
}

static void loads_both_packs(apr_pool_t *pool)
{
  for (int i = 0; i < 2; i++) {
    gk_pack_t *pack = load(pool, i);
    GK_TEST_CASE("%s", packs[i]);
    GK_TEST(pack->rules->nelts >= 60);
    GK_TEST_INT(pack->warnings->nelts, 0);
    GK_TEST_INT(gk_pack_table(pack, "ethnic_group")->rows->nelts, 58);
    GK_TEST_INT(pack->windows->nelts, 9);
    GK_TEST(gk_pack_field(pack, "name")->always_required);
    GK_TEST(!gk_pack_field(pack, "phone")->always_required);
    GK_TEST(gk_pack_field(pack, "id_number")->personal);
    GK_TEST(gk_pack_field(pack, "nope") == NULL);
    GK_TEST(gk_pack_field(pack, NULL) == NULL);
    GK_TEST_STR(gk_pack_subject(pack, "3")->track, "art");
    GK_TEST(gk_pack_subject(pack, "3")->art);
    GK_TEST_INT(gk_pack_retention_days(pack, "photo"), 1095);
    GK_TEST(gk_pack_text(pack, "pledge") != NULL);
    GK_TEST(gk_pack_text(pack, "opening") != NULL);
    GK_TEST_STR(pack->photo.id, "moe-480x640");
  }
  GK_TEST_STR(load(pool, 0)->export_generation, "2012");
  GK_TEST_STR(load(pool, 1)->export_generation, "2017");
}

static void looks_up_names_of_cards(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, 0);
  const gk_table_t *nations = gk_pack_table(pack, "ethnic_group");
  GK_TEST_STR(gk_table_row_named(nations, "土家")->code, "15");
  GK_TEST_STR(gk_table_row_named(nations, "土家族")->code, "15");
  GK_TEST_STR(gk_table_row_named(nations, "15")->name.en, "Tujia");
  GK_TEST(gk_table_row_named(nations, "火星") == NULL);
  GK_TEST_STR(gk_table_row(nations, "15")->initials, "tjz");
  GK_TEST_STR(gk_field_display(gk_pack_field(pack, "nation"), "15", false, pool), "土家族");
  GK_TEST_STR(gk_field_display(gk_pack_field(pack, "migrant_child"), "1", true, pool), "Yes");
  GK_TEST(gk_field_display(gk_pack_field(pack, "name"), NULL, false, pool) == NULL);
}

static void forms_numbers(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, 0);
  const char *number = NULL;
  GK_TEST_OK(gk_pack_registration_number(&number, pack, "0104", 317, pool));
  GK_TEST_STR(number, "01040317");
  GK_TEST_OK(gk_pack_candidate_number(&number, pack, "430121", "1", "5", 1, pool));
  GK_TEST_STR(number, "14430121150001");
  GK_TEST_ERROR(gk_pack_registration_number(&number, pack, "0104", 10000, pool), GK_E_INVALID);
  GK_TEST_ERROR(gk_pack_registration_number(&number, pack, "0104", 0, pool), GK_E_INVALID);
  GK_TEST_ERROR(gk_pack_registration_number(&number, pack, "104", 1, pool), GK_E_INVALID);
  GK_TEST_ERROR(gk_pack_candidate_number(&number, pack, NULL, "1", "5", 1, pool), GK_E_INVALID);
  GK_TEST_STR(number, "14430121150001");
  apr_size_t length = 0;
  const char *text =
      replaced(pool, read_file(pool, packs[0], &length), "serial_last=\"9999\"", "serial_last=\"500\"");
  GK_TEST_OK(load_text(&pack, text, pool));
  GK_TEST_OK(gk_pack_registration_number(&number, pack, "0104", 500, pool));
  GK_TEST_ERROR(gk_pack_registration_number(&number, pack, "0104", 501, pool), GK_E_INVALID);
}

static void counts_windows_from_the_first_day(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, 0);
  apr_time_t opens = 0, closes = 0;
  gk_pack_window_times(pack, gk_pack_window(pack, "fill"), (gk_date_t){0, 0, 0}, &opens, &closes);
  GK_TEST_STR(gk_time_text(pool, opens), "2013-11-01T00:00:00Z");
  GK_TEST_STR(gk_time_text(pool, closes), "2013-11-10T10:00:00Z");
  gk_pack_window_times(pack, gk_pack_window(pack, "review"), (gk_date_t){0, 0, 0}, &opens, &closes);
  GK_TEST_STR(gk_time_text(pool, opens), "2013-10-25T00:00:00Z");
  gk_pack_window_times(pack, gk_pack_window(pack, "submit_all"), (gk_date_t){2026, 11, 1}, &opens, &closes);
  GK_TEST_STR(gk_time_text(pool, closes), "2026-12-20T10:00:00Z");
}

static void knows_who_may_edit(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, 0);
  const gk_field_t *name = gk_pack_field(pack, "name"), *mobile = gk_pack_field(pack, "mobile");
  GK_TEST(gk_field_editable(mobile, "candidate", "filling"));
  GK_TEST(!gk_field_editable(mobile, "candidate", "correction"));
  GK_TEST(gk_field_editable(mobile, "point", "correction"));
  GK_TEST(!gk_field_editable(name, "candidate", "filling"));
  GK_TEST(!gk_field_editable(name, "point", "filling"));
  GK_TEST(gk_field_editable(name, "point", "entry"));
  GK_TEST(gk_field_editable(name, "reading", "filling"));
  GK_TEST(!gk_field_editable(name, "auditor", "entry"));
  GK_TEST(!gk_field_editable(name, NULL, NULL));
}

static void gives_forms_and_tables(apr_pool_t *pool)
{
  gk_pack_t *pack = load(pool, 1);
  gk_json_t *form = gk_pack_form_json(pack, "candidate", "filling", pool);
  gk_json_t *first = gk_json_at(gk_json_get(gk_json_at(gk_json_get(form, "sections"), 0), "fields"), 0);
  GK_TEST_STR(gk_json_str(first, "id"), "name");
  GK_TEST_STR(gk_json_str(first, "required"), "true()");
  GK_TEST(!gk_json_bool(first, "editable"));
  GK_TEST(gk_json_get(gk_json_get(form, "texts"), "pledge") != NULL);
  int fields = 0;
  for (apr_size_t i = 0; i < gk_json_size(gk_json_get(form, "sections")); i++)
    fields += (int)gk_json_size(gk_json_get(gk_json_at(gk_json_get(form, "sections"), i), "fields"));
  GK_TEST_INT(fields, pack->fields->nelts);
  gk_json_t *table = gk_pack_table_json(gk_pack_table(pack, "elective"), pool);
  GK_TEST_STR(gk_json_text(gk_json_at(gk_json_get(table, "rows"), 0), pool),
              "[\"HX\",\"化学\",\"Chemistry\",\"hx\",null,null]");
  GK_TEST_INT(gk_json_size(gk_pack_rules_json(pack, 0, pool)), pack->rules->nelts);
  GK_TEST(gk_json_size(gk_pack_rules_json(pack, GK_STAGE_FILL, pool)) < (apr_size_t)pack->rules->nelts);
  GK_TEST_INT(gk_json_size(gk_pack_parts_json(pack, pool)), 4);
  GK_TEST(gk_json_size(gk_pack_papers_json(pack, pool)) > 8);
  GK_TEST_INT(gk_json_int(gk_pack_photo_json(pack, pool), "width_px"), 480);
}

/* ---- rules ------------------------------------------------------------------------------------------- */

static void add_element(xmlNodePtr parent, const char *name, const char *text)
{
  xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static void add_fields(xmlNodePtr candidate, gk_json_t *fields)
{
  for (gk_json_iter_t it = gk_json_first(fields); it.key != NULL; gk_json_next(&it)) {
    if (gk_json_is_string(it.value)) {
      add_element(candidate, it.key, gk_json_str_value(it.value));
      continue;
    }
    xmlNodePtr list = xmlNewChild(candidate, NULL, (const xmlChar *)it.key, NULL);
    for (apr_size_t i = 0; i < gk_json_size(it.value); i++)
      add_fields(xmlNewChild(list, NULL, (const xmlChar *)"row", NULL), gk_json_at(it.value, i));
  }
}

/* What the XPath gives on the fields and the fields derived from them: 1, 0, or -1 when it doesn't run. */
static int evaluate(const gk_pack_t *pack, const char *test, gk_json_t *fields, gk_date_t as_of,
                    apr_pool_t *pool)
{
  gk_document_t *document = NULL;
  if (gk_document_from_json(&document, fields, pool) != NULL)
    return -1;
  gk_json_t *all = gk_derive(document, pack, as_of, pool);
  for (gk_json_iter_t it = gk_json_first(fields); it.key != NULL; gk_json_next(&it))
    gk_json_set(all, it.key, it.value);
  xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
  xmlNodePtr candidate = xmlNewNode(NULL, (const xmlChar *)"candidate");
  xmlDocSetRootElement(doc, candidate);
  add_fields(candidate, all);
  xmlXPathContextPtr context = xmlXPathNewContext(doc);
  context->node = candidate;
  xmlXPathObjectPtr result = xmlXPathEvalExpression((const xmlChar *)test, context);
  int verdict = result != NULL ? xmlXPathCastToBoolean(result) : -1;
  xmlXPathFreeObject(result);
  xmlXPathFreeContext(context);
  xmlFreeDoc(doc);
  return verdict;
}

static void proves_every_rule_by_its_cases(apr_pool_t *pool)
{
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = load(pool, p);
    int passes = 0, fails = 0;
    for (int r = 0; r < pack->rules->nelts; r++) {
      const gk_rule_t *rule = &((gk_rule_t *)pack->rules->elts)[r];
      for (int c = 0; c < rule->cases->nelts; c++) {
        const gk_rule_case_t *one = &((gk_rule_case_t *)rule->cases->elts)[c];
        GK_TEST_CASE("%s %s case %d", pack->id, rule->id, c + 1);
        GK_TEST_INT(evaluate(pack, rule->test, one->fields, one->as_of, pool), one->expect);
        passes += one->expect, fails += !one->expect;
      }
    }
    GK_TEST_CASE("%s", pack->id);
    GK_TEST(passes >= pack->rules->nelts);
    GK_TEST(fails >= pack->rules->nelts);
  }
}

/* An ordinary candidate meets every error rule; so the rules don't stand in each other's way. */
static void lets_an_ordinary_candidate_through(apr_pool_t *pool)
{
  static const char common[] =
      "\"name\":\"向晚晴\",\"sex\":\"2\",\"nation\":\"15\",\"id_type\":\"1\",\"card_issuer\":\"长沙县公安局\","
      "\"card_valid_to\":\"2030-05-01\",\"card_valid_from\":\"2010-05-01\",\"card_address\":\"湖南省长沙县星沙街道1号\","
      "\"subject\":\"5\",\"exam_type\":\"1\",\"category\":\"1\",\"language\":\"1\",\"graduation\":\"0\","
      "\"school\":\"浏阳河中学\",\"class\":\"高三（4）班\",\"leaving_exam_number\":\"4301110000001\","
      "\"household_place\":\"430121\",\"household_type\":\"1\",\"migrant_child\":\"0\",\"political\":\"13\","
      "\"address\":\"湖南省长沙市长沙县㮾梨街道3栋201\",\"postcode\":\"410100\",\"receiver\":\"向晚晴\","
      "\"mobile\":\"13800000217\",\"family\":[{\"relation\":\"1\",\"name\":\"向国强\",\"phone\":\"13900000002\"}],";
  static const char *const own[] = {
      "\"birth\":\"1996-01-01\",\"id_number\":\"430102199601019989\",\"graduation_year\":\"2014\","
      "\"student_number\":\"G430102199601019989\",\"resume\":[{\"start\":\"2008-09\",\"end\":\"2011-06\","
      "\"school\":\"星沙中学\",\"witness\":\"刘芳\"},{\"start\":\"2011-09\",\"school\":\"浏阳河中学\",\"witness\":\"张明\"}]",
      "\"birth\":\"2007-01-01\",\"id_number\":\"430102200701019981\",\"graduation_year\":\"2025\","
      "\"student_number\":\"G430102200701019981\",\"first_choice\":\"WL\",\"elective_1\":\"HX\",\"elective_2\":\"DL\","
      "\"household_town\":\"㮾梨街道\",\"resume\":[{\"start\":\"2019-09\",\"end\":\"2022-06\",\"school\":\"星沙中学\","
      "\"witness\":\"刘芳\"},{\"start\":\"2022-09\",\"school\":\"浏阳河中学\",\"witness\":\"张明\"}]"};
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = load(pool, p);
    gk_json_t *fields = NULL;
    gk_document_t *document = NULL;
    const char *text = apr_pstrcat(pool, "{", common, own[p], "}", NULL);
    GK_TEST_CASE("%s", pack->id);
    GK_TEST_OK(gk_json_parse(&fields, text, strlen(text), pool));
    GK_TEST_OK(gk_document_apply(&document, NULL, fields, pack, NULL, NULL, "", pool));
    GK_TEST_INT(gk_pack_missing_always(pack, gk_document_json(document), pool)->nelts, 0);
    for (int r = 0; r < pack->rules->nelts; r++) {
      const gk_rule_t *rule = &((gk_rule_t *)pack->rules->elts)[r];
      GK_TEST_CASE("%s %s", pack->id, rule->id);
      GK_TEST_INT(evaluate(pack, rule->test, gk_document_json(document), pack->start, pool), 1);
    }
  }
}

/* An empty record runs through every expression of a pack. */
static void runs_every_expression_on_nothing(apr_pool_t *pool)
{
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = load(pool, p);
    for (int i = 0; i < pack->rules->nelts; i++)
      GK_TEST(evaluate(pack, ((gk_rule_t *)pack->rules->elts)[i].test, gk_json_object(pool), pack->start,
                       pool) >= 0);
    for (int i = 0; i < pack->fields->nelts; i++) {
      const gk_field_t *field = &((gk_field_t *)pack->fields->elts)[i];
      if (field->required != NULL)
        GK_TEST(evaluate(pack, field->required, gk_json_object(pool), pack->start, pool) >= 0);
      if (field->relevant != NULL)
        GK_TEST(evaluate(pack, field->relevant, gk_json_object(pool), pack->start, pool) >= 0);
    }
  }
}

/* ---- expressions ------------------------------------------------------------------------------------- */

static void judges_expressions(apr_pool_t *pool)
{
  static const struct { const char *test, *code; } rows[] = {
      {"sex = '1' or sex = '2'", NULL},
      {"not(family/row[relation = '1'])", NULL},
      {"count(resume/row) >= 2", NULL},
      {"resume/row/witness = name", NULL},
      {"family/row[phone]/name = receiver", NULL},
      {"age >= 14 and age < 60", NULL},
      {"birth_number div 10000 > 1990", NULL},
      {"starts-with(address, '湖南')", NULL},
      {"graduation_year - 3 = 2011", NULL},
      {"household_place = county", NULL},
      {"string-length(postcode) = 6", NULL},
      {"family/row[relation = '1' and not(../row[relation = '2'])]", NULL},
      {"sex = ", "xpath-syntax"},
      {"colour = 'red'", "xpath-name"},
      {"resume/row/colour", "xpath-name"},
      {"resume/start", "xpath-name"},
      {"name/first", "xpath-name"},
      {"//name", "xpath-path"},
      {"/candidate/name", "xpath-path"},
      {"child::name", "xpath-path"},
      {"@name", "xpath-path"},
      {"*", "xpath-path"},
      {"../name", "xpath-path"},
      {"string-length(name) > 1", "xpath-text"},
      {"substring(name, 1, 1) = '王'", "xpath-text"},
      {"translate(address, '1', '2')", "xpath-text"},
      {"concat('a', 1 div 3)", "xpath-text"},
      {"string(age) = '17'", "xpath-function"},
      {"document('x')", "xpath-function"},
      {"id('x')", "xpath-function"},
      {"age > 1e1", "xpath-number"},
      {"id_number > 1", "xpath-number"},
      {"id_number = 11010519491231002", "xpath-number"},
      {"birth < '2000-01-01'", "xpath-number"},
      {"birth > 20000101", "xpath-number"},
      {"age < 12345678901234567890", "xpath-number"},
      {"sex + 1 = 2", "xpath-number"},
      {"number(name) = 1", "xpath-number"},
      {"sex = 1", "xpath-number"},
  };
  gk_pack_t *pack = load(pool, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_error_t *error = gk_pack_check_xpath(pack, rows[i].test, pool);
    const char *code = error != NULL ? ((gk_violation_t *)error->violations->elts)[0].code : NULL;
    GK_TEST_CASE("%s", rows[i].test);
    GK_TEST_STR(code, rows[i].code);
  }
  apr_array_header_t *names =
      gk_pack_xpath_names(pack, "sex = '1' or family/row[name = 'x'] and sex = county", pool);
  GK_TEST_STR(apr_array_pstrcat(pool, names, ' '), "sex family county");
}

/* ---- faulty packs ------------------------------------------------------------------------------------ */

static void refuses_faulty_packs(apr_pool_t *pool)
{
  static const struct { const char *from, *to, *code;
  } faults[] = {
      {"version=\"1\" season", "version=\"0\" season", "schema"},
      {"start=\"2013-11-01\"", "start=\"2013-11-31\"", "date"},
      {"type=\"code\" table=\"sex\"", "type=\"code\" table=\"sexes\"", "reference"},
      {"<field id=\"sex\"", "<field id=\"name\"", "duplicate"},
      {"<field id=\"mobile\"", "<field id=\"mobiles\"", "missing"},
      {"section=\"contact\"", "section=\"contacts\"", "reference"},
      {"<rule id=\"id-number-old\"", "<rule id=\"id-number-valid\"", "duplicate"},
      {"basis=\"gb11643\"", "basis=\"gb11644\"", "reference"},
      {"not(id_case = 'old')", "not(id_kase = 'old')", "xpath-name"},
      {"not(id_case = 'old')", "not(id_case = 'old'", "xpath-syntax"},
      {"{birth}与身份证", "{berth}与身份证", "placeholder"},
      {"<case expect=\"pass\" id_type=\"1\"", "<case expect=\"pass\" id_tipe=\"1\"", "reference"},
      {"fields=\"id_number id_type\"", "fields=\"id_number id_typ\"", "reference"},
      {"code=\"02\" zh=\"蒙古族\"", "code=\"01\" zh=\"蒙古族\"", "duplicate"},
      {"parent=\"430100\"", "parent=\"439999\"", "reference"},
      {"{county:4}{serial:4}", "{county:4}{number:4}", "format"},
      {"{county:4}{serial:4}", "{county:4}", "format"},
      {"closes_day=\"9\"", "closes_day=\"-1\"", "range"},
      {"action=\"fill\"", "action=\"fall\"", "reference"},
      {"name=\"XM\" zh=\"姓名\" en=\"Name\" table=\"T_BMK\" type=\"C\" width=\"64\" fields=\"name\"",
       "name=\"XM\" zh=\"姓名\" en=\"Name\" table=\"T_BMK\" type=\"C\" width=\"64\" fields=\"nome\"",
       "reference"},
      {"edit=\"reading:any", "edit=\"robot:any", "edit"},
      {"required=\"id_type = '1' or id_type = 'C'\"", "required=\"id_kind = '1'\"", "xpath-name"},
      {"<field id=\"grade_language\"", "<field id=\"language\"", "duplicate"},
      {"<field id=\"grade_language\"", "<field id=\"age\"", "duplicate"},
      {"stages=\"fill review", "stages=\"fly review", "word"},
      {"low=\"200\"", "low=\"400\"", "range"},
  };
  apr_size_t length = 0;
  const char *text = read_file(pool, packs[0], &length);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    gk_pack_t *pack = NULL;
    const char *bad = replaced(pool, text, faults[i].from, faults[i].to);
    GK_TEST_CASE("%s", faults[i].to);
    GK_TEST(bad != NULL);
    gk_error_t *error = load_text(&pack, bad, pool);
    GK_TEST_ERROR(error, GK_E_PACK);
    GK_TEST(pack == NULL);
    bool found = false;
    for (int v = 0; error->violations != NULL && v < error->violations->nelts; v++)
      found = found || strcmp(((gk_violation_t *)error->violations->elts)[v].code, faults[i].code) == 0;
    GK_TEST(found);
  }
}

static void refuses_hostile_xml(apr_pool_t *pool)
{
  static const char *const bad[] = {
      "", "not xml", "<pack", "<pack/><pack/>", "<other xmlns=\"urn:gaokao:pack:1\"/>", "<pack/>",
      "<?xml version=\"1.0\"?><!DOCTYPE pack [<!ENTITY a \"b\">]><pack>&a;</pack>",
      "<!DOCTYPE pack SYSTEM \"file:///etc/passwd\"><pack/>", "<pack>\xFF</pack>", "<pack>&nope;</pack>"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gk_pack_t *pack = NULL;
    GK_TEST_CASE("%s", bad[i]);
    GK_TEST_ERROR(load_text(&pack, bad[i], pool), GK_E_PACK);
    GK_TEST_ERROR(gk_pack_load(&pack, bad[i], strlen(bad[i]), NULL, pool, pool), GK_E_PACK);
  }
  gk_pack_t *pack = NULL;
  GK_TEST_ERROR(gk_pack_load(&pack, "<pack/>", 7, "/nonexistent/pack.rng", pool, pool), GK_E_CONFIG);
  char *huge = apr_pcalloc(pool, 5 * 1024 * 1024);
  memset(huge, ' ', 5 * 1024 * 1024 - 1);
  GK_TEST_ERROR(gk_pack_load(&pack, huge, strlen(huge), NULL, pool, pool), GK_E_TOO_LARGE);
}

static void warns_of_contradictions(apr_pool_t *pool)
{
  apr_size_t length = 0;
  gk_pack_t *pack = NULL;
  const char *text = read_file(pool, packs[0], &length);
  text = replaced(pool, text, "not(id_case = 'old')", "not(id_case = 'cut') ");
  GK_TEST_OK(load_text(&pack, text, pool));
  GK_TEST_INT(pack->warnings->nelts, 1);
  GK_TEST_STR(((gk_violation_t *)pack->warnings->elts)[0].code, "same");
  text = replaced(pool, text, "<test>not(id_case = 'cut') </test>", "<test>id_case = 'cut'</test>");
  GK_TEST_OK(load_text(&pack, text, pool));
  GK_TEST_STR(((gk_violation_t *)pack->warnings->elts)[0].code, "contradiction");
}

int main(void)
{
  gk_test_begin("pack");
  GK_TEST_RUN(loads_both_packs);
  GK_TEST_RUN(looks_up_names_of_cards);
  GK_TEST_RUN(forms_numbers);
  GK_TEST_RUN(counts_windows_from_the_first_day);
  GK_TEST_RUN(knows_who_may_edit);
  GK_TEST_RUN(gives_forms_and_tables);
  GK_TEST_RUN(proves_every_rule_by_its_cases);
  GK_TEST_RUN(lets_an_ordinary_candidate_through);
  GK_TEST_RUN(runs_every_expression_on_nothing);
  GK_TEST_RUN(judges_expressions);
  GK_TEST_RUN(refuses_faulty_packs);
  GK_TEST_RUN(refuses_hostile_xml);
  GK_TEST_RUN(warns_of_contradictions);
  return gk_test_end();
}
