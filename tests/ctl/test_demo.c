/* The invented people of a demonstration: unique and right numbers, fields the packs take, and no rule that stops them. */
#include "unit/gk_test.h"

#include <apr_file_io.h>
#include "base/text.h"
#include "ctl/demo.h"
#include "domain/identity.h"
#include "domain/verdict.h"
#include "plugin/plugin.h"
#include "plugin/policy.h"

#define PEOPLE 3000
#define NOW (apr_time_from_sec(1795480000)) /* 2026-11-24 */

static gk_plugins_t *plugins;
static const char *const packs[] = {"hunan-2014", "hunan-2025"};
static const gk_demo_county_t plain_county = {4, "430102", "芙蓉区", "/43/4301/430102/", "4301", "长沙市", "430102", false};
static const gk_demo_county_t minority_county = {5, "433127", "永顺县", "/43/4331/433127/", "4331",
                                                 "湘西土家族苗族自治州", "433127", true};

static void load_plugins(void)
{
  const char *top = getenv("top_builddir");
  apr_array_header_t *rows = apr_array_make(gk_test.root, 1, sizeof(gk_plugin_row_t));
  gk_plugin_row_t *row = apr_array_push(rows);
  memset(row, 0, sizeof(*row));
  row->path = apr_pstrcat(gk_test.root, top != NULL ? top : ".", "/plugins/policy_xpath/.libs/policy_xpath.so", NULL);
  plugins = gk_plugins_create(NULL, gk_test.root);
  gk_error_t *error = gk_plugins_load(plugins, rows, gk_test.root);
  if (error == NULL)
    error = gk_plugins_start(plugins, gk_test.root);
  if (error != NULL) {
    printf("Bail out! %s\n", gk_error_log_text(gk_test.root, error));
    exit(99);
  }
}

static gk_pack_t *pack_of(const char *name, apr_pool_t *pool)
{
  const char *top = getenv("top_srcdir");
  apr_file_t *file;
  apr_finfo_t info;
  gk_pack_t *pack = NULL;
  const char *path = apr_pstrcat(pool, top != NULL ? top : ".", "/conf/packs/", name, ".xml", NULL);
  if (apr_file_open(&file, path, APR_FOPEN_READ, 0, pool) == APR_SUCCESS &&
      apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS) {
    char *bytes = apr_palloc(pool, (apr_size_t)info.size);
    apr_size_t length;
    apr_file_read_full(file, bytes, (apr_size_t)info.size, &length);
    gk_error_t *error = gk_pack_load(&pack, bytes, length, NULL, pool, pool);
    if (error != NULL)
      printf("# %s\n", gk_error_log_text(pool, error));
  }
  return pack;
}

/* Half of them at a school of a city, half at a social point of a minority county. */
static gk_demo_point_t point_of(int i)
{
  if (i % 2 == 0)
    return (gk_demo_point_t){7, "4301020001", "芙蓉区第一中学", "/43/4301/430102/4301020001/", "芙蓉区第一中学",
                             &plain_county, 0};
  return (gk_demo_point_t){8, "4331270001", "永顺县第一中学", "/43/4331/433127/4331270001/",
                           i % 4 == 1 ? "永顺县第一中学" : NULL, &minority_county, 0};
}

static void person_of(gk_demo_person_t *out, gk_demo_people_t *people, const gk_pack_t *pack, int i, apr_pool_t *pool)
{
  gk_demo_point_t point = point_of(i);
  const char *subject = APR_ARRAY_IDX(pack->subjects, i % pack->subjects->nelts, gk_subject_t).code;
  gk_demo_person(out, people, i, &point, subject, NULL, pool);
}

static void numbers_are_right_and_unique(apr_pool_t *pool)
{
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = pack_of(packs[p], pool);
    GK_TEST(pack != NULL);
    gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
    apr_hash_t *seen = apr_hash_make(pool);
    for (int i = 0; i < PEOPLE; i++) {
      gk_demo_person_t person;
      person_of(&person, people, pack, i, pool);
      GK_TEST_CASE("%s person %d %s", packs[p], i, person.id_number);
      gk_identity_t identity = gk_identity_check(person.id_number, gk_date_of(NOW), pool);
      GK_TEST(gk_identity_ok(identity.verdict));
      GK_TEST_STR(gk_date_text(pool, identity.birth), person.birth);
      GK_TEST_INT(identity.sex, person.sex);
      int age = pack->season - identity.birth.year;
      GK_TEST(age >= 17 && age <= 21);
      GK_TEST(apr_hash_get(seen, person.id_number, APR_HASH_KEY_STRING) == NULL);
      apr_hash_set(seen, person.id_number, APR_HASH_KEY_STRING, "");
    }
  }
}

static void names_and_groups_are_many(apr_pool_t *pool)
{
  gk_pack_t *pack = pack_of("hunan-2025", pool);
  gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
  apr_hash_t *names = apr_hash_make(pool), *groups = apr_hash_make(pool);
  int dots = 0, rare = 0;
  for (int i = 0; i < PEOPLE; i++) {
    gk_demo_person_t person;
    person_of(&person, people, pack, i, pool);
    GK_TEST_CASE("%s", person.name);
    apr_size_t length = gk_utf8_length(person.name);
    GK_TEST(length >= 2 && length <= 20 && gk_text_forbidden(person.name, false) == 0);
    GK_TEST_STR(gk_text_name(pool, person.name), person.name);
    dots += strstr(person.name, "·") != NULL;
    for (const char *at = person.name; *at != '\0';)
      rare += gk_utf8_next(&at) > 0xffff;
    apr_hash_set(names, person.name, APR_HASH_KEY_STRING, "");
    apr_hash_set(groups, person.nation, APR_HASH_KEY_STRING, "");
  }
  GK_TEST_INT(apr_hash_count(groups), 56);
  GK_TEST(apr_hash_count(names) > PEOPLE * 8 / 10);
  GK_TEST(dots > 0 && rare > 0);
}

/* The fields as a form would send them are taken as they are. */
static void fields_are_what_the_pack_takes(apr_pool_t *pool)
{
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = pack_of(packs[p], pool);
    gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
    apr_pool_t *person_pool;
    apr_pool_create(&person_pool, pool);
    for (int i = 0; i < PEOPLE / 3; i++) {
      gk_demo_person_t person;
      gk_document_t *document, *same;
      apr_pool_clear(person_pool);
      person_of(&person, people, pack, i, person_pool);
      GK_TEST_CASE("%s person %d", packs[p], i);
      GK_TEST_OK(gk_document_apply(&document, NULL, person.fields, pack, NULL, NULL, "/fields", person_pool));
      GK_TEST_OK(gk_document_from_json(&same, person.fields, person_pool));
      GK_TEST_INT(gk_document_changed(document, same, person_pool)->nelts, 0);
    }
  }
}

static void no_rule_stops_them(apr_pool_t *pool)
{
  static const int stages[] = {GK_STAGE_FILL, GK_STAGE_REVIEW, GK_STAGE_CONFIRM, GK_STAGE_SUBMIT, GK_STAGE_EXPORT};
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = pack_of(packs[p], pool);
    gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
    gk_ruleset_t *rules;
    apr_pool_t *person_pool;
    GK_TEST_OK(gk_policy_ruleset(plugins, pack, &rules, pool));
    apr_pool_create(&person_pool, pool);
    for (int i = 0; i < PEOPLE / 3; i++) {
      gk_demo_person_t person;
      gk_document_t *document;
      gk_date_t today = gk_date_of(NOW);
      apr_pool_clear(person_pool);
      person_of(&person, people, pack, i, person_pool);
      GK_TEST_OK(gk_document_from_json(&document, person.fields, person_pool));
      gk_json_t *derived = gk_derive(document, pack, today, person_pool);
      for (int s = 0; s < 5; s++) {
        apr_array_header_t *verdicts;
        GK_TEST_OK(gk_policy_evaluate(rules, document, derived, stages[s], today, &verdicts, person_pool));
        for (int v = 0; v < verdicts->nelts; v++) {
          const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, v, gk_verdict_t);
          GK_TEST_CASE("%s person %d stage %d: %s %s", packs[p], i, s, verdict->rule, verdict->zh);
          GK_TEST(verdict->severity == GK_SEVERITY_WARN || strncmp(verdict->rule, "bonus-", 6) == 0);
        }
      }
    }
  }
}

/* Parts are complete: what the submission of everybody asks for. */
static void parts_are_complete(apr_pool_t *pool)
{
  static const char *const kinds[] = {"appraisal", "examination", "grades", "bonus"};
  for (int p = 0; p < 2; p++) {
    gk_pack_t *pack = pack_of(packs[p], pool);
    gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
    gk_ruleset_t *rules;
    GK_TEST_OK(gk_policy_ruleset(plugins, pack, &rules, pool));
    for (int i = 0; i < 400; i++) {
      gk_demo_person_t person;
      gk_document_t *document, *part_document;
      gk_demo_chance_t chance = gk_demo_chance(7, "part", (apr_uint64_t)i);
      person_of(&person, people, pack, i, pool);
      GK_TEST_OK(gk_document_from_json(&document, person.fields, pool));
      gk_json_t *derived = gk_derive(document, pack, gk_date_of(NOW), pool);
      for (int k = 0; k < 4; k++) {
        apr_array_header_t *verdicts;
        const gk_part_t *part = gk_pack_part(pack, kinds[k]);
        gk_json_t *fields = gk_demo_part(people, kinds[k], &person, &chance, pool);
        if (fields == NULL)
          continue;
        GK_TEST_CASE("%s person %d %s", packs[p], i, kinds[k]);
        GK_TEST_OK(gk_document_apply_part(&part_document, NULL, fields, pack, part, NULL, NULL, "/fields", pool));
        GK_TEST_OK(gk_policy_evaluate_part(rules, document, derived, part, part_document, gk_date_of(NOW), &verdicts,
                                           pool));
        GK_TEST_INT(verdicts->nelts, 0);
      }
    }
  }
}

static void same_seed_same_people(apr_pool_t *pool)
{
  gk_pack_t *pack = pack_of("hunan-2025", pool);
  for (int i = 0; i < 20; i++) {
    gk_demo_person_t a, b, c;
    person_of(&a, gk_demo_people(pack, 7, NOW, pool), pack, i, pool);
    person_of(&b, gk_demo_people(pack, 7, NOW, pool), pack, i, pool);
    person_of(&c, gk_demo_people(pack, 8, NOW, pool), pack, i, pool);
    GK_TEST(gk_json_equal(a.fields, b.fields));
    GK_TEST(!gk_json_equal(a.fields, c.fields));
  }
}

static void twin_has_name_and_birthday_but_another_number(apr_pool_t *pool)
{
  gk_pack_t *pack = pack_of("hunan-2025", pool);
  gk_demo_people_t *people = gk_demo_people(pack, 7, NOW, pool);
  for (int i = 100; i < 200; i++) {
    gk_demo_point_t point = point_of(i);
    gk_demo_person_t first, second;
    gk_demo_person(&first, people, i, &point, "1", NULL, pool);
    gk_demo_person(&second, people, i + 1000, &point, "5", &first, pool);
    GK_TEST_STR(second.name, first.name);
    GK_TEST_STR(second.birth, first.birth);
    GK_TEST(strcmp(second.id_number, first.id_number) != 0);
  }
}

int main(void)
{
  gk_test_begin("demo");
  load_plugins();
  GK_TEST_RUN(numbers_are_right_and_unique);
  GK_TEST_RUN(names_and_groups_are_many);
  GK_TEST_RUN(fields_are_what_the_pack_takes);
  GK_TEST_RUN(no_rule_stops_them);
  GK_TEST_RUN(parts_are_complete);
  GK_TEST_RUN(same_seed_same_people);
  GK_TEST_RUN(twin_has_name_and_birthday_but_another_number);
  return gk_test_end();
}
