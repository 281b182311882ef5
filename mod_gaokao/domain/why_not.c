/* domain/why_not.c: see why_not.h. */
#include "domain/why_not.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/conditions.h"

typedef gk_text_t words_t;

static bool is(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

static gk_json_t *both(const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *texts = gk_json_object(pool);
  gk_json_set_str(texts, "zh", zh);
  gk_json_set_str(texts, "en", en);
  return texts;
}

/* ---- names --------------------------------------------------------------------------------------------------- */

/* Derived fields that come from no field of the form, and facts. */
static const struct {
  const char *name, *zh, *en;
} known[] = {
    {"age", "年龄", "age"},
    {"season", "报名年度", "the season"},
    {"today", "今天", "today"},
    {"today_number", "今天", "today"},
    {"current_pupil", "应届生", "pupil of this year"},
    {"rural", "农村户口", "rural household"},
    {"id_number_ok", "证件号码有效", "the ID number is good"},
    {"id_birth_matches", "证件号码与出生日期一致", "the ID number agrees with the birth date"},
    {"id_sex_matches", "证件号码与性别一致", "the ID number agrees with the sex"},
    {"card_expired", "身份证已过期", "the card has expired"},
    {"name_plain", "姓名只有汉字和间隔号", "the name has Han characters only"},
    {"county", "报名县市区代码", "the county's code"},
    {"number", "报名顺序号", "the registration number"},
    {"candidate_number", "考生号", "the candidate number"},
    {"point", "报名点代码", "the point's code"},
};

/* What a derived field says about the one it comes from. */
static const struct {
  const char *suffix, *zh, *en;
} suffixes[] = {
    {"_length", "的字数", ": number of characters"},
    {"_number", "", ""},
    {"_count", "的行数", ": number of rows"},
    {"_max_gap", "中最长的间隔（月）", ": longest gap (months)"},
    {"_overlaps", "中重叠的行数", ": rows that overlap"},
    {"_backwards", "中先止后起的行数", ": rows that end before they start"},
    {"_unordered", "中次序不对的行数", ": rows out of order"},
    {"_open", "中没有截止的行数", ": rows without an end"},
    {"_first", "最早的开始", ": earliest start"},
    {"_last_start", "最晚的开始", ": latest start"},
    {"_starts_with_province", "以省名开头", ": begins with a province"},
};

static words_t name_of(const char *name, const gk_pack_t *pack, apr_pool_t *pool)
{
  const gk_field_t *field = gk_pack_field(pack, name);
  if (field != NULL)
    return (words_t){apr_psprintf(pool, "“%s”", field->label.zh), apr_psprintf(pool, "‘%s’", field->label.en)};
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    if (is(known[i].name, name))
      return (words_t){known[i].zh, known[i].en};
  const gk_derived_t *derived = apr_hash_get(pack->derived_by_name, name, APR_HASH_KEY_STRING);
  field = derived != NULL ? gk_pack_field(pack, derived->field) : NULL;
  if (field == NULL)
    return (words_t){name, name};
  const char *suffix = strncmp(name, field->id, strlen(field->id)) == 0 ? name + strlen(field->id) : "";
  for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
    if (is(suffixes[i].suffix, suffix))
      return (words_t){apr_psprintf(pool, "“%s”%s", field->label.zh, suffixes[i].zh),
                       apr_psprintf(pool, "‘%s’%s", field->label.en, suffixes[i].en)};
  return (words_t){apr_psprintf(pool, "“%s”（%s）", field->label.zh, suffix[0] == '_' ? suffix + 1 : name),
                   apr_psprintf(pool, "‘%s’ (%s)", field->label.en, suffix[0] == '_' ? suffix + 1 : name)};
}

/* A value as people read it: the row's name for codes. */
static words_t value_of(const char *name, const char *value, const gk_pack_t *pack, apr_pool_t *pool)
{
  const gk_field_t *field = gk_pack_field(pack, name);
  if (field == NULL)
    return (words_t){apr_psprintf(pool, "“%s”", value), apr_psprintf(pool, "‘%s’", value)};
  return (words_t){apr_psprintf(pool, "“%s”", gk_field_display(field, value, false, pool)),
                   apr_psprintf(pool, "‘%s’", gk_field_display(field, value, true, pool))};
}

/* ---- conditions in words ------------------------------------------------------------------------------------- */

static const struct {
  const char *op, *zh, *en;
} ops[] = {
    {"=", "为", "is"},           {"!=", "不为", "is not"},         {"<", "小于", "is less than"},
    {"<=", "不大于", "is at most"}, {">", "大于", "is more than"},    {">=", "不小于", "is at least"},
    {"contains", "包含", "contains"}, {"starts-with", "开头为", "begins with"},
};

static words_t leaf(const gk_json_t *one, const gk_pack_t *pack, apr_pool_t *pool)
{
  const char *field = gk_json_str(one, "field"), *op = gk_json_str(one, "op"), *value = gk_json_str(one, "value");
  const char *number = gk_json_str(one, "number"), *other = gk_json_str(one, "other");
  words_t name = name_of(field, pack, pool), right = {"", ""};
  if (is(op, "filled"))
    return (words_t){apr_pstrcat(pool, name.zh, "已填写", NULL), apr_pstrcat(pool, name.en, " is filled in", NULL)};
  if (is(op, "empty"))
    return (words_t){apr_pstrcat(pool, name.zh, "没有填写", NULL), apr_pstrcat(pool, name.en, " is empty", NULL)};
  if (other != NULL)
    right = name_of(other, pack, pool);
  else if (value != NULL)
    right = value_of(field, value, pack, pool);
  else if (number != NULL)
    right = (words_t){apr_psprintf(pool, " %s", number), number};
  for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
    if (is(ops[i].op, op))
      return (words_t){apr_pstrcat(pool, name.zh, ops[i].zh, right.zh, NULL),
                       apr_pstrcat(pool, name.en, " ", ops[i].en, " ", right.en, NULL)};
  return (words_t){"", ""};
}

static words_t words_of(const gk_json_t *one, bool inside, const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *all = gk_json_get(one, "all"), *any = gk_json_get(one, "any"), *not = gk_json_get(one, "not");
  gk_json_t *list = all != NULL ? all : any;
  if (not != NULL) {
    words_t inner = words_of(not, true, pack, pool);
    return (words_t){apr_pstrcat(pool, "并非", inner.zh, NULL), apr_pstrcat(pool, "not ", inner.en, NULL)};
  }
  if (list == NULL)
    return leaf(one, pack, pool);
  if (gk_json_size(list) == 0)
    return all != NULL ? (words_t){"总是符合", "always met"} : (words_t){"不可能符合", "never met"};
  words_t text = {"", ""};
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    words_t part = words_of(gk_json_at(list, i), gk_json_size(list) > 1, pack, pool);
    text.zh = apr_pstrcat(pool, text.zh, i == 0 ? "" : all != NULL ? "，并且" : "，或者", part.zh, NULL);
    text.en = apr_pstrcat(pool, text.en, i == 0 ? "" : all != NULL ? " and " : " or ", part.en, NULL);
  }
  if (inside && gk_json_size(list) > 1)
    return (words_t){apr_pstrcat(pool, "（", text.zh, "）", NULL), apr_pstrcat(pool, "(", text.en, ")", NULL)};
  return text;
}

void gk_conditions_words(const char **zh, const char **en, const gk_json_t *conditions, const gk_pack_t *pack, apr_pool_t *pool)
{
  words_t words = words_of(conditions, false, pack, pool);
  *zh = words.zh;
  *en = words.en;
}

/* ---- why not ------------------------------------------------------------------------------------------------- */

static void add_place(gk_json_t *list, const char *id, const gk_pack_t *pack, apr_pool_t *pool)
{
  const gk_field_t *field = gk_pack_field(pack, id);
  if (field == NULL)
    return;
  gk_json_t *place = gk_json_object(pool), *edit = gk_json_array(pool), *section = NULL;
  gk_json_set_str(place, "field", field->id);
  gk_json_set_str(place, "zh", field->label.zh);
  gk_json_set_str(place, "en", field->label.en);
  for (int i = 0; field->section != NULL && i < pack->sections->nelts; i++) {
    const gk_section_t *one = &APR_ARRAY_IDX(pack->sections, i, gk_section_t);
    if (is(one->id, field->section)) {
      section = both(one->title.zh, one->title.en, pool);
      gk_json_set_str(section, "id", one->id);
    }
  }
  if (section != NULL)
    gk_json_set(place, "section", section);
  else
    gk_json_set_null(place, "section");
  for (int i = 0; field->edit != NULL && i < field->edit->nelts; i++) {
    const gk_edit_t *pair = &APR_ARRAY_IDX(field->edit, i, gk_edit_t);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_str(one, "role", pair->role);
    gk_json_set_str(one, "stage", pair->stage);
    gk_json_add(edit, one);
  }
  gk_json_set(place, "edit", edit);
  gk_json_add(list, place);
}

static void add_places(gk_json_t *list, const gk_verdict_t *verdict, const gk_rule_t *rule, const gk_pack_t *pack, apr_pool_t *pool)
{
  if (verdict->field != NULL)
    add_place(list, verdict->field, pack, pool);
  for (int i = 0; rule != NULL && i < rule->fields->nelts; i++)
    if (!is(APR_ARRAY_IDX(rule->fields, i, const char *), verdict->field))
      add_place(list, APR_ARRAY_IDX(rule->fields, i, const char *), pack, pool);
}

gk_json_t *gk_why_not_json(const apr_array_header_t *verdicts, const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *array = gk_verdicts_json(verdicts, pack, pool);
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    const gk_rule_t *rule = gk_pack_rule(pack, verdict->rule);
    gk_json_t *one = gk_json_at(array, (apr_size_t)i), *places = gk_json_array(pool);
    gk_json_t *conditions = rule != NULL ? gk_conditions_of(rule->test, pool) : NULL;
    const gk_field_t *field = gk_pack_field(pack, verdict->field);
    const char *zh = NULL, *en = NULL;
    if (conditions != NULL) {
      gk_conditions_words(&zh, &en, conditions, pack, pool);
    } else if (rule == NULL && verdict->kind == GK_VERDICT_REQUIRED && field != NULL) {
      zh = apr_psprintf(pool, "“%s”已填写", field->label.zh);
      en = apr_psprintf(pool, "‘%s’ is filled in", field->label.en);
    }
    if (zh != NULL)
      gk_json_set(one, "satisfy", both(zh, en, pool));
    else
      gk_json_set_null(one, "satisfy");
    gk_json_set_str(one, "test", rule != NULL ? rule->test : NULL);
    gk_json_set_str(one, "reason", verdict->reason);
    add_places(places, verdict, rule, pack, pool);
    gk_json_set(one, "change", places);
  }
  return array;
}
