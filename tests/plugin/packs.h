/* tests/plugin/packs.h: packs and candidates for the tests of policies and exports. */
#ifndef GK_TEST_PACKS_H
#define GK_TEST_PACKS_H

#include <apr_file_io.h>
#include "domain/document.h"
#include "domain/pack.h"
#include "lab.h"

/* A shipped pack: 0 hunan-2014, 1 hunan-2025. */
static inline gk_pack_t *packs_load(apr_pool_t *pool, int which)
{
  static const char *const files[] = {"conf/packs/hunan-2014.xml", "conf/packs/hunan-2025.xml"};
  const char *path = lab_source(pool, files[which]);
  apr_file_t *file = NULL;
  apr_finfo_t info;
  apr_size_t length = 0;
  gk_pack_t *pack = NULL;
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
    printf("Bail out! no file %s\n", path);
    exit(99);
  }
  char *bytes = apr_palloc(pool, (apr_size_t)info.size + 1);
  apr_file_read_full(file, bytes, (apr_size_t)info.size, &length);
  apr_file_close(file);
  gk_error_t *error = gk_pack_load(&pack, bytes, length, NULL, pool, pool);
  if (error != NULL) {
    printf("Bail out! %s: %s\n", path, gk_error_log_text(pool, error));
    exit(99);
  }
  return pack;
}

/* A candidate who meets all rules of the pack; all names, numbers and addresses are made up. */
static inline gk_document_t *packs_candidate(apr_pool_t *pool, const gk_pack_t *pack, bool later)
{
  static const char common[] =
      "\"name\":\"向晚晴\",\"sex\":\"2\",\"nation\":\"15\",\"id_type\":\"1\",\"card_issuer\":\"长沙县公安局\","
      "\"card_valid_to\":\"2030-05-01\",\"card_valid_from\":\"2010-05-01\",\"card_address\":\"湖南省长沙县星沙街道1号\","
      "\"subject\":\"5\",\"exam_type\":\"1\",\"category\":\"1\",\"language\":\"1\",\"graduation\":\"0\","
      "\"school\":\"浏阳河中学\",\"class\":\"高三（4）班\",\"leaving_exam_number\":\"4301110000001\","
      "\"household_place\":\"430121\",\"household_type\":\"1\",\"migrant_child\":\"0\",\"political\":\"13\","
      "\"address\":\"湖南省长沙市长沙县㮾梨街道3栋201\",\"postcode\":\"410100\",\"receiver\":\"向晚晴\","
      "\"mobile\":\"13800000217\","
      "\"family\":[{\"relation\":\"1\",\"name\":\"向国强\",\"phone\":\"13900000002\"}],";
  static const char *const own[] = {
      "\"birth\":\"1996-01-01\",\"id_number\":\"430102199601019989\",\"graduation_year\":\"2014\","
      "\"student_number\":\"G430102199601019989\",\"resume\":[{\"start\":\"2008-09\",\"end\":\"2011-06\","
      "\"school\":\"星沙中学\",\"witness\":\"刘芳\"},"
      "{\"start\":\"2011-09\",\"school\":\"浏阳河中学\",\"witness\":\"张明\"}]",
      "\"birth\":\"2007-01-01\",\"id_number\":\"430102200701019981\",\"graduation_year\":\"2025\","
      "\"student_number\":\"G430102200701019981\",\"first_choice\":\"WL\","
      "\"elective_1\":\"HX\",\"elective_2\":\"DL\","
      "\"household_town\":\"㮾梨街道\","
      "\"resume\":[{\"start\":\"2019-09\",\"end\":\"2022-06\",\"school\":\"星沙中学\","
      "\"witness\":\"刘芳\"},{\"start\":\"2022-09\",\"school\":\"浏阳河中学\",\"witness\":\"张明\"}]"};
  gk_document_t *document = NULL;
  gk_json_t *fields = NULL;
  const char *text = apr_pstrcat(pool, "{", common, own[later], "}", NULL);
  gk_error_t *error = gk_json_parse(&fields, text, strlen(text), pool);
  if (error == NULL)
    error = gk_document_apply(&document, NULL, fields, pack, NULL, NULL, "", pool);
  if (error != NULL) {
    printf("Bail out! candidate: %s\n", gk_error_log_text(pool, error));
    exit(99);
  }
  return document;
}

/* A small pack: fields and rules from tables that end with a NULL id. */
typedef struct packs_field_t { const char *id, *required, *relevant; gk_field_type_t type; } packs_field_t;
typedef struct packs_rule_t { const char *id, *test, *fields, *message; } packs_rule_t;

static inline gk_pack_t *packs_make(apr_pool_t *pool, const packs_field_t *fields, const packs_rule_t *rules)
{
  gk_pack_t *pack = apr_pcalloc(pool, sizeof(*pack));
  gk_text_t empty = {"", ""};
  pack->id = "small";
  pack->version = 1;
  pack->season = 2014;
  pack->export_generation = "2012";
  pack->fields = apr_array_make(pool, 8, sizeof(gk_field_t));
  pack->rules = apr_array_make(pool, 8, sizeof(gk_rule_t));
  pack->papers = apr_array_make(pool, 1, sizeof(gk_paper_t));
  pack->parts = apr_array_make(pool, 1, sizeof(gk_part_t));
  pack->export_columns = apr_array_make(pool, 1, sizeof(gk_export_column_t));
  pack->export_rows = apr_array_make(pool, 1, sizeof(gk_export_rows_t));
  pack->fields_by_id = apr_hash_make(pool);
  pack->rules_by_id = apr_hash_make(pool);
  pack->derived_by_name = apr_hash_make(pool);
  pack->tables_by_id = apr_hash_make(pool);
  for (; fields->id != NULL; fields++) {
    gk_field_t *field = apr_array_push(pack->fields);
    memset(field, 0, sizeof(*field));
    field->id = fields->id;
    field->label.zh = field->label.en = fields->id;
    field->type = fields->type;
    field->required = fields->required;
    field->relevant = fields->relevant;
    field->always_required = fields->required != NULL && strcmp(fields->required, "true()") == 0 &&
                             fields->relevant == NULL;
  }
  for (int i = 0; i < pack->fields->nelts; i++)
    apr_hash_set(pack->fields_by_id, APR_ARRAY_IDX(pack->fields, i, gk_field_t).id, APR_HASH_KEY_STRING,
                 &APR_ARRAY_IDX(pack->fields, i, gk_field_t));
  for (; rules->id != NULL; rules++) {
    gk_rule_t *rule = apr_array_push(pack->rules);
    char *copy = apr_pstrdup(pool, rules->fields), *state = NULL;
    memset(rule, 0, sizeof(*rule));
    rule->id = rules->id;
    rule->title = rule->basis = rule->hint = empty;
    rule->title.zh = rule->title.en = rules->id;
    rule->message.zh = apr_pstrcat(pool, "规则：", rules->message, NULL);
    rule->message.en = rules->message;
    rule->severity = GK_SEVERITY_ERROR;
    rule->stages = GK_STAGE_FILL;
    rule->test = rules->test;
    rule->fields = apr_array_make(pool, 2, sizeof(const char *));
    for (char *one = apr_strtok(copy, " ", &state); one != NULL; one = apr_strtok(NULL, " ", &state))
      APR_ARRAY_PUSH(rule->fields, const char *) = one;
  }
  for (int i = 0; i < pack->rules->nelts; i++)
    apr_hash_set(pack->rules_by_id, APR_ARRAY_IDX(pack->rules, i, gk_rule_t).id, APR_HASH_KEY_STRING,
                 &APR_ARRAY_IDX(pack->rules, i, gk_rule_t));
  return pack;
}

static inline gk_document_t *packs_document(apr_pool_t *pool, const char *json)
{
  gk_document_t *document = NULL;
  gk_error_t *error = gk_document_parse(&document, json, pool);
  if (error != NULL) {
    printf("Bail out! document: %s\n", gk_error_log_text(pool, error));
    exit(99);
  }
  return document;
}

#endif
