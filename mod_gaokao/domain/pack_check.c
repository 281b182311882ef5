/* domain/pack_check.c: what the schema can't see: references between the parts of a pack, and its
 * expressions. */
#include "domain/pack_internal.h"

#include <string.h>
#include <apr_strings.h>

/* ---- derived names ----------------------------------------------------------------------------------- */

static void add_derived(gk_pack_loader_t *loader, const char *name, const gk_field_t *field, bool numeric)
{
  gk_pack_t *pack = loader->pack;
  if (apr_hash_get(pack->derived_by_name, name, APR_HASH_KEY_STRING) != NULL)
    return;
  gk_derived_t *derived = apr_palloc(loader->pool, sizeof *derived);
  *derived = (gk_derived_t){apr_pstrdup(loader->pool, name), field != NULL ? field->id : NULL, numeric};
  apr_hash_set(pack->derived_by_name, derived->name, APR_HASH_KEY_STRING, derived);
  *(gk_derived_t *)apr_array_push(pack->derived) = *derived;
}

static void add_suffixed(gk_pack_loader_t *loader, const gk_field_t *field, const char *suffix, bool numeric)
{
  add_derived(loader, apr_pstrcat(loader->scratch, field->id, "_", suffix, NULL), field, numeric);
}

static void add_attributes(gk_pack_loader_t *loader, const gk_field_t *field)
{
  for (int r = 0; field->table != NULL && r < field->table->rows->nelts; r++) {
    const gk_table_row_t *row = &GK_ROWS(gk_table_row_t, field->table->rows)[r];
    for (int a = 0; a < row->attributes->nelts; a++)
      add_suffixed(loader, field, GK_ROWS(gk_attribute_t, row->attributes)[a].name, false);
  }
}

void gk_pack__list_derived(gk_pack_loader_t *loader)
{
  static const struct { const char *name; bool numeric;
  } fixed[] = {
      {"season", true},         {"today", false},       {"today_number", true},
      {"birth_number", true},   {"age", true},          {"id_case", false},
      {"id_number_ok", true},   {"id_birth", false},    {"id_sex", false},
      {"id_division", true},    {"id_province", true},  {"id_birth_matches", true},
      {"id_sex_matches", true}, {"card_expired", true}, {"name_plain", true},
      {"current_pupil", true},  {"rural", true},
  };
  gk_pack_t *pack = loader->pack;
  pack->derived = apr_array_make(loader->pool, 80, sizeof(gk_derived_t));
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
    add_derived(loader, fixed[i].name, NULL, fixed[i].numeric);
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[i];
    switch (field->type) {
      case GK_FIELD_TEXT:
        add_suffixed(loader, field, "length", true);
        if (field->pattern == GK_PATTERN_ADDRESS)
          add_suffixed(loader, field, "starts_with_province", true);
        break;
      case GK_FIELD_DATE:
      case GK_FIELD_MONTH:
        add_suffixed(loader, field, "number", true);
        break;
      case GK_FIELD_CODE:
        add_attributes(loader, field);
        break;
      case GK_FIELD_ROWS: {
        static const char *const of_rows[] = {"max_gap", "overlaps", "backwards", "unordered",
                                              "open",    "first",    "last_start"};
        const gk_field_t *start = gk_field_column(field, "start"), *end = gk_field_column(field, "end");
        add_suffixed(loader, field, "count", true);
        if (start != NULL && end != NULL && start->type == GK_FIELD_MONTH && end->type == GK_FIELD_MONTH)
          for (size_t n = 0; n < sizeof of_rows / sizeof of_rows[0]; n++)
            add_suffixed(loader, field, of_rows[n], true);
        break;
      }
      default:
        break;
    }
  }
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[i];
    if (apr_hash_get(pack->derived_by_name, field->id, APR_HASH_KEY_STRING) != NULL)
      gk_violation(&loader->error, loader->pool, "line 0", "duplicate", "字段 %s 与派生字段同名，请改名",
                   "The field %s has the name of a derived field: rename it", field->id);
  }
}

/* ---- references -------------------------------------------------------------------------------------- */

static bool known_name(const gk_pack_t *pack, const char *name, apr_pool_t *scratch)
{
  return gk_pack_field(pack, name) != NULL ||
         apr_hash_get(pack->derived_by_name, name, APR_HASH_KEY_STRING) != NULL ||
         strstr(" " GK_PACK_FACTS " ", apr_pstrcat(scratch, " ", name, " ", NULL)) != NULL;
}

static void check_expression(gk_pack_loader_t *loader, gk_xml_node_t *node, const gk_part_t *part,
                             const char *text)
{
  if (text != NULL)
    gk_pack__check_xpath(&loader->error, loader->pack, part, text, gk_pack__line(loader, node), loader->pool);
}

/* Every {name} of a message must be something that can be filled in. */
static void check_placeholders(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *rule,
                               const char *text)
{
  for (const char *open = strchr(text, '{'); open != NULL; open = strchr(open + 1, '{')) {
    const char *close = strchr(open, '}');
    const char *name =
        close != NULL ? apr_pstrndup(loader->scratch, open + 1, (apr_size_t)(close - open - 1)) : open;
    if (close == NULL || !known_name(loader->pack, name, loader->scratch))
      GK_PACK_FAULT(loader, node, "placeholder", "规则 %s 的提示里 {%s} 不是字段",
                    "Rule %s: {%s} in the message is no field", rule, name);
  }
}

static void check_codes(gk_pack_loader_t *loader, gk_xml_node_t *node, const gk_rule_t *rule,
                        const apr_array_header_t *codes, const char *field_id)
{
  const gk_field_t *field = gk_pack_field(loader->pack, field_id);
  for (int i = 0; i < codes->nelts; i++) {
    const char *code = GK_ROWS(const char *, codes)[i];
    if (field == NULL || field->table == NULL || gk_table_row(field->table, code) == NULL)
      GK_PACK_FAULT(loader, node, "reference", "规则 %s 的适用范围里 %s 没有代码 %s",
                    "Rule %s: the scope names the code %s of %s, which does not exist", rule->id, code,
                    field_id);
  }
}

static void warn(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *code, const char *rule,
                 const char *zh, const char *en)
{
  *(gk_violation_t *)apr_array_push(loader->pack->warnings) =
      (gk_violation_t){gk_pack__line(loader, node), code, rule, zh, en};
}

static void check_case(gk_pack_loader_t *loader, gk_xml_node_t *node, const gk_rule_t *rule,
                       const gk_rule_case_t *one)
{
  for (gk_json_iter_t it = gk_json_first(one->fields); it.key != NULL; gk_json_next(&it)) {
    const gk_field_t *field = gk_pack_field(loader->pack, it.key);
    if (!known_name(loader->pack, it.key, loader->scratch))
      GK_PACK_FAULT(loader, node, "reference", "规则 %s 的例子里 %s 不是字段",
                    "Rule %s: %s in a case is no field", rule->id, it.key);
    if (!gk_json_is_array(it.value))
      continue;
    for (apr_size_t i = 0; i < gk_json_size(it.value); i++)
      for (gk_json_iter_t cell = gk_json_first(gk_json_at(it.value, i)); cell.key != NULL;
           gk_json_next(&cell))
        if (field == NULL || gk_field_column(field, cell.key) == NULL)
          GK_PACK_FAULT(loader, node, "reference", "规则 %s 的例子里 %s 没有列 %s",
                        "Rule %s: %s in a case has no column %s", rule->id, it.key, cell.key);
  }
}

static void check_rule(gk_pack_loader_t *loader, gk_xml_node_t *node, const gk_rule_t *rule)
{
  apr_pool_t *pool = loader->pool;
  bool passes = false, fails = false;
  check_expression(loader, node, NULL, rule->test);
  check_placeholders(loader, node, rule->id, rule->message.zh);
  check_placeholders(loader, node, rule->id, rule->message.en);
  if (rule->fields->nelts == 0)
    GK_PACK_FAULT(loader, node, "missing", "规则 %s 没有写涉及的字段", "Rule %s names no field", rule->id);
  for (int i = 0; i < rule->fields->nelts; i++)
    if (gk_pack_field(loader->pack, GK_ROWS(const char *, rule->fields)[i]) == NULL)
      GK_PACK_FAULT(loader, node, "reference", "规则 %s 涉及的字段 %s 不存在",
                    "Rule %s: there is no field %s", rule->id, GK_ROWS(const char *, rule->fields)[i]);
  check_codes(loader, node, rule, rule->subjects, "subject");
  check_codes(loader, node, rule, rule->categories, "category");
  if (rule->valid_from.year != 0 && rule->valid_to.year != 0 &&
      gk_date_compare(rule->valid_from, rule->valid_to) > 0)
    GK_PACK_FAULT(loader, node, "range", "规则 %s 的生效日期晚于失效日期", "Rule %s ends before it begins", rule->id);
  for (int i = 0; i < rule->cases->nelts; i++) {
    const gk_rule_case_t *one = &GK_ROWS(gk_rule_case_t, rule->cases)[i];
    passes = passes || one->expect, fails = fails || !one->expect;
    check_case(loader, node, rule, one);
  }
  if (!passes || !fails)
    warn(loader, node, "cases", rule->id, apr_psprintf(pool, "规则 %s 应各有一个通过和不通过的例子", rule->id),
         apr_psprintf(pool, "Rule %s should have a case that passes and one that fails", rule->id));
  if (rule->valid_to.year != 0 && gk_date_compare(rule->valid_to, loader->pack->start) < 0)
    warn(loader, node, "unreachable", rule->id, apr_psprintf(pool, "规则 %s 在报名开始前就失效了，永远不会执行", rule->id),
         apr_psprintf(pool, "Rule %s ends before registration begins and will never run", rule->id));
  if (strcmp(rule->test, "true()") == 0 || strcmp(rule->test, "false()") == 0)
    warn(loader, node, "constant", rule->id, apr_psprintf(pool, "规则 %s 对所有考生结果相同", rule->id),
         apr_psprintf(pool, "Rule %s has the same result for everybody", rule->id));
}

/* Two rules with one expression, or with an expression and its not(), can't both be meant. */
static void compare_rules(gk_pack_loader_t *loader, gk_xml_node_t *node, const gk_rule_t *rule, int index)
{
  apr_pool_t *pool = loader->pool;
  const char *negated = apr_pstrcat(loader->scratch, "not(", rule->test, ")", NULL);
  for (int i = 0; i < index; i++) {
    const gk_rule_t *other = &GK_ROWS(gk_rule_t, loader->pack->rules)[i];
    if (strcmp(other->test, rule->test) == 0)
      warn(loader, node, "same", rule->id, apr_psprintf(pool, "规则 %s 与 %s 的条件相同", rule->id, other->id),
           apr_psprintf(pool, "Rule %s has the same test as %s", rule->id, other->id));
    else if (strcmp(other->test, negated) == 0 ||
             strcmp(rule->test, apr_pstrcat(loader->scratch, "not(", other->test, ")", NULL)) == 0)
      warn(loader, node, "contradiction", rule->id,
           apr_psprintf(pool, "规则 %s 与 %s 相互矛盾，没有考生能同时符合", rule->id, other->id),
           apr_psprintf(pool, "Rules %s and %s contradict each other: nobody can meet both", rule->id,
                        other->id));
  }
}

static void check_export_column(gk_pack_loader_t *loader, gk_xml_node_t *node,
                                const gk_export_column_t *column, const gk_field_t *rows)
{
  for (int i = 0; i < column->fields->nelts; i++) {
    const char *id = GK_ROWS(const char *, column->fields)[i];
    if (rows != NULL ? gk_field_column(rows, id) == NULL : !known_name(loader->pack, id, loader->scratch))
      GK_PACK_FAULT(loader, node, "reference", "导出列 %s 的字段 %s 不存在", "Export column %s: there is no field %s",
                    column->name, id);
  }
}

static void check_export(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "export");
  for (int i = 0; i < pack->export_columns->nelts; i++) {
    const gk_export_column_t *column = &GK_ROWS(gk_export_column_t, pack->export_columns)[i];
    check_export_column(loader, list, column, NULL);
    for (int j = 0; j < i; j++)
      if (strcmp(GK_ROWS(gk_export_column_t, pack->export_columns)[j].name, column->name) == 0)
        GK_PACK_FAULT(loader, list, "duplicate", "导出列 %s 出现两次", "The export column %s is there twice",
                      column->name);
  }
  for (int i = 0; i < pack->export_rows->nelts; i++) {
    const gk_export_rows_t *rows = &GK_ROWS(gk_export_rows_t, pack->export_rows)[i];
    const gk_field_t *field = gk_pack_field(pack, rows->field);
    if (field == NULL || field->type != GK_FIELD_ROWS)
      GK_PACK_FAULT(loader, list, "reference", "导出表 %s 的字段 %s 不是多行字段",
                    "Export table %s: %s is no rows field", rows->table, rows->field);
    for (int c = 0; field != NULL && c < rows->columns->nelts; c++)
      check_export_column(loader, list, &GK_ROWS(gk_export_column_t, rows->columns)[c], field);
  }
}

/* Fields every part of the program relies on, with the type it relies on. */
static void check_core_fields(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  static const struct { const char *id; gk_field_type_t type; } core[] = {
      {"name", GK_FIELD_TEXT}, {"sex", GK_FIELD_CODE}, {"nation", GK_FIELD_CODE}, {"birth", GK_FIELD_DATE},
      {"id_type", GK_FIELD_CODE}, {"id_number", GK_FIELD_TEXT}, {"subject", GK_FIELD_CODE},
      {"exam_type", GK_FIELD_CODE}, {"category", GK_FIELD_CODE}, {"mobile", GK_FIELD_TEXT},
      {"school", GK_FIELD_TEXT}, {"class", GK_FIELD_TEXT}, {"address", GK_FIELD_TEXT},
  };
  for (size_t i = 0; i < sizeof core / sizeof core[0]; i++) {
    const gk_field_t *field = gk_pack_field(loader->pack, core[i].id);
    if (field == NULL || field->type != core[i].type)
      GK_PACK_FAULT(loader, root, "missing", "策略包必须有 %s 类型的字段 %s",
                    "A pack must have a field of type %s named %s", gk_field_type_word(core[i].type),
                    core[i].id);
  }
  if (loader->pack->subjects->nelts == 0)
    GK_PACK_FAULT(loader, root, "missing", "没有科类", "There are no subjects");
}

void gk_pack__check(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  int index = 0;
  pack->warnings = apr_array_make(loader->pool, 4, sizeof(gk_violation_t));
  check_core_fields(loader, root);
  gk_xml_node_t *node = gk_xml_child(gk_xml_child(root, "fields"), "field");
  for (index = 0; node != NULL; node = gk_xml_next(node, "field"), index++) {
    const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[index];
    check_expression(loader, node, NULL, field->required);
    check_expression(loader, node, NULL, field->relevant);
  }
  node = gk_xml_child(gk_xml_child(root, "papers"), "paper");
  for (index = 0; node != NULL; node = gk_xml_next(node, "paper"), index++)
    check_expression(loader, node, NULL, GK_ROWS(gk_paper_t, pack->papers)[index].required);
  node = gk_xml_child(gk_xml_child(root, "parts"), "part");
  for (index = 0; node != NULL; node = gk_xml_next(node, "part"), index++) {
    const gk_part_t *part = &GK_ROWS(gk_part_t, pack->parts)[index];
    check_expression(loader, node, NULL, part->required_art);
    check_expression(loader, node, NULL, part->required_all);
    for (int f = 0; f < part->fields->nelts; f++) {
      check_expression(loader, node, part, GK_ROWS(gk_field_t, part->fields)[f].required);
      check_expression(loader, node, part, GK_ROWS(gk_field_t, part->fields)[f].relevant);
    }
  }
  node = gk_xml_child(gk_xml_child(root, "rules"), "rule");
  for (index = 0; node != NULL; node = gk_xml_next(node, "rule"), index++) {
    check_rule(loader, node, &GK_ROWS(gk_rule_t, pack->rules)[index]);
    compare_rules(loader, node, &GK_ROWS(gk_rule_t, pack->rules)[index], index);
  }
  check_export(loader, root);
}
