/* plugin/verdicts.c: what to ask a ruleset, and what its answers mean (the ports of domain/verdict.h). */
#include "plugin/policy_internal.h"
#include "plugin/internal.h"

#include <string.h>
#include <apr_strings.h>

typedef struct judging_t {
  gk_ruleset_t *ruleset;
  gk_policy__question_t *question;
  gk_json_t *document;          /* whose fields are judged: the candidate's or a part's */
  gk_json_t *candidate;
  gk_json_t *derived;           /* or NULL */
  const gk_part_t *part;        /* or NULL */
  const char *prefix;           /* "/fields/", "/parts/PART/" */
  apr_array_header_t *verdicts;
  apr_pool_t *pool;
} judging_t;

static bool is_empty(gk_json_t *object, const char *field)
{
  const gk_json_t *value = gk_json_get(object, field);
  const char *text = gk_json_str_value(value);
  return text != NULL ? text[0] == '\0' : gk_json_size(value) == 0;
}

/* A value rules see by this name. */
static const char *value_of(const judging_t *j, const char *name)
{
  const char *value = j->derived != NULL ? gk_json_str(j->derived, name) : NULL;
  if (value == NULL)
    value = gk_json_str(j->document, name);
  if (value == NULL && j->part != NULL)
    value = gk_json_str(j->candidate, name);
  return value;
}

static const gk_field_t *field_of(const judging_t *j, const char *name)
{
  const gk_field_t *field = j->part != NULL ? gk_part_field(j->part, name) : NULL;
  return field != NULL ? field : gk_pack_field(j->ruleset->pack, name);
}

/* ---- sentences ---------------------------------------------------------------------------------------- */

static const char *shown(const judging_t *j, const char *name, bool english)
{
  const gk_field_t *field = field_of(j, name);
  const char *value = value_of(j, name);
  if (value == NULL || value[0] == '\0')
    return english ? "(empty)" : "（空）";
  return field != NULL ? gk_field_display(field, value, english, j->pool) : value;
}

/* `message` with its {name}s replaced. Braces that hold no name stay. */
static const char *fill(const judging_t *j, const char *message, bool english)
{
  const char *brace = strchr(message, '{');
  if (brace == NULL)
    return message;
  apr_array_header_t *parts = apr_array_make(j->pool, 8, sizeof(const char *));
  for (; brace != NULL; brace = strchr(message, '{')) {
    apr_size_t length = strspn(brace + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool name = length > 0 && brace[1 + length] == '}';
    apr_size_t literal = (apr_size_t)(brace - message) + (name ? 0 : 1);
    APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(j->pool, message, literal);
    if (name)
      APR_ARRAY_PUSH(parts, const char *) = shown(j, apr_pstrmemdup(j->pool, brace + 1, length), english);
    message = name ? brace + length + 2 : brace + 1;
  }
  APR_ARRAY_PUSH(parts, const char *) = message;
  return apr_array_pstrcat(j->pool, parts, 0);
}

static gk_verdict_t *push(judging_t *j, gk_verdict_kind_t kind, const char *rule, gk_severity_t severity)
{
  gk_verdict_t *verdict = apr_array_push(j->verdicts);
  memset(verdict, 0, sizeof(*verdict));
  verdict->kind = kind;
  verdict->rule = rule;
  verdict->severity = severity;
  verdict->pointer = "";
  verdict->seen = apr_array_make(j->pool, 1, sizeof(gk_seen_t));
  return verdict;
}

static gk_severity_t undecided_severity(const judging_t *j);

static void push_unmet(judging_t *j, const gk_rule_t *rule, const gk_policy__answer_t *answer)
{
  bool undecided = answer->result == GAOKAO_ERROR;
  gk_verdict_t *verdict = push(j, undecided ? GK_VERDICT_UNDECIDED : GK_VERDICT_RULE, rule->id,
                               undecided ? undecided_severity(j) : rule->severity);
  if (rule->fields->nelts > 0) {
    verdict->field = APR_ARRAY_IDX(rule->fields, 0, const char *);
    verdict->pointer = apr_pstrcat(j->pool, j->prefix, verdict->field, NULL);
  }
  if (answer->seen != NULL)
    verdict->seen = answer->seen;
  if (undecided) {
    verdict->reason = answer->reason;
    verdict->zh = apr_psprintf(j->pool, "规则“%s”无法判断，请联系报名点", rule->title.zh);
    verdict->en = apr_psprintf(j->pool, "The rule ‘%s’ can't be computed: contact your registration point",
                               rule->title.en);
    return;
  }
  verdict->zh = fill(j, rule->message.zh, false);
  verdict->en = fill(j, rule->message.en, true);
  if (rule->hint.zh[0] != '\0') {
    verdict->hint_zh = fill(j, rule->hint.zh, false);
    verdict->hint_en = fill(j, rule->hint.en, true);
  }
}

static void push_missing(judging_t *j, const gk_field_t *field, bool undecided)
{
  gk_verdict_t *verdict = push(j, undecided ? GK_VERDICT_UNDECIDED : GK_VERDICT_REQUIRED,
                               undecided ? "undecided" : "required",
                               undecided ? undecided_severity(j) : GK_SEVERITY_ERROR);
  verdict->field = field->id;
  verdict->pointer = apr_pstrcat(j->pool, j->prefix, field->id, NULL);
  verdict->zh = apr_psprintf(j->pool, undecided ? "无法判断是否必须填写：%s" : "请填写：%s", field->label.zh);
  verdict->en =
      apr_psprintf(j->pool, undecided ? "It can't be computed whether this is needed: %s" : "Fill in: %s",
                   field->label.en);
}

static void push_missing_column(judging_t *j, const gk_field_t *rows, const gk_field_t *column,
                                apr_size_t row)
{
  gk_verdict_t *verdict = push(j, GK_VERDICT_REQUIRED, "required", GK_SEVERITY_ERROR);
  verdict->field = rows->id;
  verdict->pointer =
      apr_psprintf(j->pool, "%s%s/%" APR_SIZE_T_FMT "/%s", j->prefix, rows->id, row, column->id);
  verdict->zh = apr_psprintf(j->pool, "%s第%" APR_SIZE_T_FMT "行，请填写：%s", rows->label.zh, row + 1,
                             column->label.zh);
  verdict->en = apr_psprintf(j->pool, "%s, row %" APR_SIZE_T_FMT ", fill in: %s", rows->label.en, row + 1,
                             column->label.en);
}

static gk_severity_t undecided_severity(const judging_t *j)
{
  return gk_policy__reviews(j->ruleset) ? GK_SEVERITY_REVIEW : GK_SEVERITY_ERROR;
}

/* ---- required fields ---------------------------------------------------------------------------------- */

static bool column_empty_somewhere(const gk_json_t *rows, const char *column)
{
  for (apr_size_t r = 0; r < gk_json_size(rows); r++)
    if (is_empty(gk_json_at(rows, r), column))
      return true;
  return false;
}

static void select_one(gk_policy__question_t *question, const gk_policy__condition_t *condition)
{
  if (condition->required == GK_POLICY__UNSET)
    return;
  gk_policy__select(question, condition->required);
  gk_policy__select(question, condition->relevant);
}

static void select_required(judging_t *j, const apr_array_header_t *conditions)
{
  for (int i = 0; i < conditions->nelts; i++) {
    const gk_policy__condition_t *condition = &APR_ARRAY_IDX(conditions, i, gk_policy__condition_t);
    if (is_empty(j->document, condition->field->id)) {
      select_one(j->question, condition);
      continue;
    }
    const gk_json_t *rows = gk_json_get(j->document, condition->field->id);
    for (int c = 0; condition->columns != NULL && c < condition->columns->nelts; c++) {
      const gk_policy__condition_t *column = &APR_ARRAY_IDX(condition->columns, c, gk_policy__condition_t);
      if (column_empty_somewhere(rows, column->field->id))
        select_one(j->question, column);
    }
  }
}

/* GAOKAO_PASS, GAOKAO_FAIL or GAOKAO_ERROR of a condition that was selected. */
static int answer_of(const gk_policy__question_t *question, int rule, int unset)
{
  if (rule == GK_POLICY__ALWAYS)
    return GAOKAO_PASS;
  return rule == GK_POLICY__UNSET ? unset : question->answers[rule].result;
}

/* Whether it must be filled in: required and relevant. */
static int needed(const gk_policy__question_t *question, const gk_policy__condition_t *condition)
{
  int required = answer_of(question, condition->required, GAOKAO_FAIL);
  if (required == GAOKAO_FAIL)
    return GAOKAO_FAIL;
  int relevant = answer_of(question, condition->relevant, GAOKAO_PASS);
  return relevant == GAOKAO_FAIL ? GAOKAO_FAIL : required == GAOKAO_ERROR ? GAOKAO_ERROR : relevant;
}

static void judge_required(judging_t *j, const apr_array_header_t *conditions)
{
  for (int i = 0; i < conditions->nelts; i++) {
    const gk_policy__condition_t *condition = &APR_ARRAY_IDX(conditions, i, gk_policy__condition_t);
    if (is_empty(j->document, condition->field->id)) {
      int answer = needed(j->question, condition);
      if (answer != GAOKAO_FAIL)
        push_missing(j, condition->field, answer == GAOKAO_ERROR);
      continue;
    }
    const gk_json_t *rows = gk_json_get(j->document, condition->field->id);
    for (int c = 0; condition->columns != NULL && c < condition->columns->nelts; c++) {
      const gk_policy__condition_t *column = &APR_ARRAY_IDX(condition->columns, c, gk_policy__condition_t);
      if (!column_empty_somewhere(rows, column->field->id) || needed(j->question, column) == GAOKAO_FAIL)
        continue;
      for (apr_size_t r = 0; r < gk_json_size(rows); r++)
        if (is_empty(gk_json_at(rows, r), column->field->id))
          push_missing_column(j, condition->field, column->field, r);
    }
  }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static bool listed(const apr_array_header_t *codes, const char *code)
{
  if (codes == NULL || codes->nelts == 0)
    return true;
  for (int i = 0; code != NULL && i < codes->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(codes, i, const char *), code) == 0)
      return true;
  return false;
}

/* The candidate's county lies in one of the areas. */
static bool in_area(const apr_array_header_t *areas, const char *county)
{
  if (areas == NULL || areas->nelts == 0)
    return true;
  for (int i = 0; county != NULL && i < areas->nelts; i++) {
    const char *area = APR_ARRAY_IDX(areas, i, const char *);
    if (strncmp(area, county, strlen(area)) == 0)
      return true;
  }
  return false;
}

static void select_rules(judging_t *j, int stage, gk_date_t as_of)
{
  const gk_pack_t *pack = j->ruleset->pack;
  const char *subject = value_of(j, "subject"), *category = value_of(j, "category"), *county = value_of(j, "county");
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t);
    if ((rule->stages & stage) != 0 &&
        (rule->valid_from.year == 0 || gk_date_compare(rule->valid_from, as_of) <= 0) &&
        (rule->valid_to.year == 0 || gk_date_compare(as_of, rule->valid_to) <= 0) &&
        listed(rule->subjects, subject) && listed(rule->categories, category) && in_area(rule->areas, county))
      gk_policy__select(j->question, i);
  }
}

static void judge_rules(judging_t *j)
{
  const gk_pack_t *pack = j->ruleset->pack;
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_policy__answer_t *answer = &j->question->answers[i];
    if (answer->result == GAOKAO_FAIL || answer->result == GAOKAO_ERROR)
      push_unmet(j, &APR_ARRAY_IDX(pack->rules, i, gk_rule_t), answer);
  }
}

static void push_out_of_service(judging_t *j)
{
  gk_verdict_t *verdict = push(j, GK_VERDICT_UNDECIDED, "undecided", GK_SEVERITY_REVIEW);
  verdict->zh = "规则暂时无法检查，将由工作人员审核";
  verdict->en = "The rules can't be checked now; staff will look at this";
}

/* Whom a question is about, should a process die on it. */
static const char *whose(gk_json_t *document, gk_json_t *derived, apr_pool_t *pool)
{
  const char *number = derived != NULL ? gk_json_str(derived, "number") : NULL;
  const char *person = number == NULL ? gk_json_str(document, "id_number") : NULL;
  if (person == NULL && number == NULL)
    person = gk_json_text(document, pool);
  return number != NULL ? number : gk_plugin__digest(person, strlen(person), pool);
}

static void begin(judging_t *j, gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                  const gk_part_t *part, const gk_document_t *part_document, gk_date_t as_of,
                  apr_pool_t *pool)
{
  memset(j, 0, sizeof(*j));
  j->ruleset = ruleset;
  j->candidate = gk_document_json(document);
  j->document = part != NULL ? gk_document_json(part_document) : j->candidate;
  j->derived = derived;
  j->part = part;
  j->prefix = part != NULL ? apr_pstrcat(pool, "/parts/", part->id, "/", NULL) : "/fields/";
  j->verdicts = apr_array_make(pool, 4, sizeof(gk_verdict_t));
  j->pool = pool;
  j->question = gk_policy__question(ruleset, pool);
  j->question->record = whose(j->candidate, derived, pool);
  j->question->as_of = (apr_uint32_t)(as_of.year * 10000 + as_of.month * 100 + as_of.day);
  gk_policy__view(&j->question->view, j->candidate, part != NULL ? j->document : NULL, derived, pool);
}

gk_error_t *gk_policy_evaluate(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                               int stage, gk_date_t as_of, apr_array_header_t **verdicts, apr_pool_t *pool)
{
  judging_t j;
  bool review;
  begin(&j, ruleset, document, derived, NULL, NULL, as_of, pool);
  /* A plugin hears one stage: the last of them. */
  for (int bit = GK_STAGE_FILL; bit <= stage; bit *= 2)
    if ((stage & bit) != 0)
      j.question->stage = bit;
  select_rules(&j, stage, as_of);
  select_required(&j, ruleset->fields);
  GK_TRY(gk_policy__answer(j.question, &review));
  if (review) {
    push_out_of_service(&j);
  } else {
    judge_rules(&j);
    judge_required(&j, ruleset->fields);
  }
  *verdicts = j.verdicts;
  return NULL;
}

gk_error_t *gk_policy_evaluate_part(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                                    const gk_part_t *part, const gk_document_t *part_document,
                                    gk_date_t as_of, apr_array_header_t **verdicts, apr_pool_t *pool)
{
  const apr_array_header_t *conditions = NULL;
  judging_t j;
  bool review;
  for (int i = 0; i < ruleset->parts->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(ruleset->parts, i, gk_policy__part_t).part->id, part->id) == 0)
      conditions = APR_ARRAY_IDX(ruleset->parts, i, gk_policy__part_t).fields;
  if (conditions == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "the pack has no part '%s'", part->id);
  begin(&j, ruleset, document, derived, part, part_document, as_of, pool);
  j.question->stage = GK_STAGE_SUBMIT;
  select_required(&j, conditions);
  GK_TRY(gk_policy__answer(j.question, &review));
  if (review)
    push_out_of_service(&j);
  else
    judge_required(&j, conditions);
  *verdicts = j.verdicts;
  return NULL;
}

/* ---- other questions ---------------------------------------------------------------------------------- */

/* One thing that may be asked for: its id and the tests that decide. */
typedef struct candidate_id_t { const char *id; gk_policy__condition_t condition; } candidate_id_t;

static void push_id(apr_array_header_t *all, const char *id, int required, int relevant)
{
  candidate_id_t *one = apr_array_push(all);
  memset(one, 0, sizeof(*one));
  one->id = id;
  one->condition.required = required;
  one->condition.relevant = relevant;
}

static apr_array_header_t *ids_of(const gk_ruleset_t *ruleset, gk_policy_ask_t ask, apr_pool_t *pool)
{
  apr_array_header_t *all = apr_array_make(pool, 32, sizeof(candidate_id_t));
  const gk_pack_t *pack = ruleset->pack;
  for (int i = 0; ask <= GK_ASK_REQUIRED_FIELDS && i < ruleset->fields->nelts; i++) {
    const gk_policy__condition_t *condition = &APR_ARRAY_IDX(ruleset->fields, i, gk_policy__condition_t);
    push_id(all, condition->field->id,
            ask == GK_ASK_RELEVANT_FIELDS ? GK_POLICY__ALWAYS : condition->required, condition->relevant);
  }
  for (int i = 0; ask == GK_ASK_REQUIRED_PAPERS && i < pack->papers->nelts; i++)
    push_id(all, APR_ARRAY_IDX(pack->papers, i, gk_paper_t).id, APR_ARRAY_IDX(ruleset->papers, i, int),
            GK_POLICY__UNSET);
  for (int i = 0; ask >= GK_ASK_PARTS_ART && i < ruleset->parts->nelts; i++) {
    const gk_policy__part_t *part = &APR_ARRAY_IDX(ruleset->parts, i, gk_policy__part_t);
    push_id(all, part->part->id, ask == GK_ASK_PARTS_ART ? part->art : part->all, GK_POLICY__UNSET);
  }
  return all;
}

gk_error_t *gk_policy_ask(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                          gk_policy_ask_t ask, apr_array_header_t **ids, apr_pool_t *pool)
{
  static const gk_date_t no_day = {0, 0, 0};
  apr_array_header_t *all = ids_of(ruleset, ask, pool), *found;
  judging_t j;
  bool review;
  begin(&j, ruleset, document, derived, NULL, NULL, no_day, pool);
  j.question->stage = GK_STAGE_REVIEW;
  for (int i = 0; i < all->nelts; i++)
    select_one(j.question, &APR_ARRAY_IDX(all, i, candidate_id_t).condition);
  GK_TRY(gk_policy__answer(j.question, &review));
  found = apr_array_make(pool, all->nelts + 1, sizeof(const char *));
  for (int i = 0; i < all->nelts; i++) {
    const candidate_id_t *one = &APR_ARRAY_IDX(all, i, candidate_id_t);
    /* What can't be decided is asked for: too much is seen and corrected, too little is not. */
    if (review ? one->condition.required != GK_POLICY__UNSET
               : needed(j.question, &one->condition) != GAOKAO_FAIL)
      APR_ARRAY_PUSH(found, const char *) = one->id;
  }
  *ids = found;
  return NULL;
}
