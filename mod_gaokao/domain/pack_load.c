/* domain/pack_load.c: from bytes to a pack; reads the form, the subjects and the tables. */
#include "domain/pack_internal.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"

const char *gk_pack__line(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  return apr_psprintf(loader->pool, "line %d", node != NULL ? gk_xml_line(node) : 0);
}

const char *gk_pack__attr(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name)
{
  return gk_xml_attr(node, name, loader->pool);
}

const char *gk_pack__need(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name)
{
  const char *value = gk_pack__attr(loader, node, name);
  if (value != NULL && *value != '\0')
    return value;
  GK_PACK_FAULT(loader, node, "missing", "%s 缺少 %s", "%s has no %s", gk_xml_name(node), name);
  return "";
}

int gk_pack__int(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, int low, int high,
                 int absent)
{
  const char *text = gk_pack__attr(loader, node, name);
  if (text == NULL)
    return absent;
  char *end = NULL;
  apr_int64_t value = apr_strtoi64(text, &end, 10);
  if (end == text || *end != '\0' || value < low || value > high) {
    GK_PACK_FAULT(loader, node, "number", "%s 应为 %d 到 %d 的整数，现在是“%s”",
                  "%s must be a whole number from %d to %d, but is “%s”", name, low, high, text);
    return absent;
  }
  return (int)value;
}

double gk_pack__real(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, double absent)
{
  const char *text = gk_pack__attr(loader, node, name);
  if (text == NULL)
    return absent;
  /* strtod would follow the locale and take "inf": only digits, one sign and one point pass. */
  char *end = NULL;
  if (*text == '\0' || strspn(text, "+-.0123456789") != strlen(text) || strlen(text) > 15) {
    GK_PACK_FAULT(loader, node, "number", "%s 应为数值，现在是“%s”", "%s must be a number, but is “%s”", name, text);
    return absent;
  }
  double value = strtod(text, &end);
  if (*end != '\0') {
    GK_PACK_FAULT(loader, node, "number", "%s 应为数值，现在是“%s”", "%s must be a number, but is “%s”", name, text);
    return absent;
  }
  return value;
}

bool gk_pack__yes(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name)
{
  const char *value = gk_pack__attr(loader, node, name);
  return value != NULL && strcmp(value, "yes") == 0;
}

gk_text_t gk_pack__both(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  return (gk_text_t){gk_pack__need(loader, node, "zh"), gk_pack__need(loader, node, "en")};
}

gk_text_t gk_pack__child_both(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name)
{
  gk_xml_node_t *child = gk_xml_child(node, name);
  return child != NULL ? gk_pack__both(loader, child) : (gk_text_t){"", ""};
}

gk_date_t gk_pack__date(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, bool needed)
{
  gk_date_t date = {0, 0, 0};
  const char *text = needed ? gk_pack__need(loader, node, name) : gk_pack__attr(loader, node, name);
  if (text != NULL && *text != '\0' && !gk_date_parse(text, false, &date))
    GK_PACK_FAULT(loader, node, "date", "%s 不是存在的日期：“%s”", "%s is no date that exists: “%s”", name, text);
  return date;
}

apr_array_header_t *gk_pack__words(apr_pool_t *pool, const char *text, const char *separators)
{
  apr_array_header_t *words = apr_array_make(pool, 4, sizeof(const char *));
  if (text == NULL)
    return words;
  char *state = NULL;
  for (char *word = apr_strtok(apr_pstrdup(pool, text), separators, &state); word != NULL;
       word = apr_strtok(NULL, separators, &state))
    APR_ARRAY_PUSH(words, const char *) = word;
  return words;
}

/* ---- tables ------------------------------------------------------------------------------------------ */

static bool plain_name(const char *name)
{
  if (!apr_islower(*name))
    return false;
  for (; *name != '\0'; name++)
    if (!apr_islower(*name) && !apr_isdigit(*name) && *name != '_')
      return false;
  return true;
}

static void index_table(gk_pack_loader_t *loader, gk_table_t *table, gk_xml_node_t *node)
{
  table->by_code = apr_hash_make(loader->pool);
  for (int i = 0; i < table->rows->nelts; i++) {
    gk_table_row_t *row = &GK_ROWS(gk_table_row_t, table->rows)[i];
    if (apr_hash_get(table->by_code, row->code, APR_HASH_KEY_STRING) != NULL)
      GK_PACK_FAULT(loader, node, "duplicate", "代码表 %s 中代码 %s 出现两次", "Table %s has the code %s twice",
                    table->id, row->code);
    else
      apr_hash_set(table->by_code, row->code, APR_HASH_KEY_STRING, row);
  }
  for (int i = 0; i < table->rows->nelts; i++) {
    const gk_table_row_t *row = &GK_ROWS(gk_table_row_t, table->rows)[i];
    if (row->parent != NULL && gk_table_row(table, row->parent) == NULL)
      GK_PACK_FAULT(loader, node, "reference", "代码表 %s 中 %s 的上级 %s 不存在",
                    "Table %s: the parent of %s, %s, does not exist", table->id, row->code, row->parent);
  }
}

static void read_table_row(gk_pack_loader_t *loader, gk_table_t *table, gk_xml_node_t *node)
{
  gk_table_row_t *row = apr_array_push(table->rows);
  const char *initials = gk_pack__attr(loader, node, "py");
  *row = (gk_table_row_t){.code = gk_pack__need(loader, node, "code"), .name = gk_pack__both(loader, node),
                          .initials = initials != NULL ? initials : "",
                          .parent = gk_pack__attr(loader, node, "parent"),
                          .alias = gk_pack__attr(loader, node, "alias")};
  row->attributes = apr_array_make(loader->pool, 0, sizeof(gk_attribute_t));
  apr_array_header_t *all = gk_xml_attrs(node, loader->pool);
  for (int i = 0; i < all->nelts; i++) {
    const gk_xml_attr_t *one = &GK_ROWS(gk_xml_attr_t, all)[i];
    if (strstr(" code zh en py parent alias ", apr_pstrcat(loader->scratch, " ", one->name, " ", NULL)) !=
        NULL)
      continue;
    if (!plain_name(one->name)) {
      GK_PACK_FAULT(loader, node, "name", "代码表 %s 的属性名 %s 只能用小写字母、数字和下划线",
                    "Table %s: the attribute name %s may hold only lower-case letters, digits and _",
                    table->id, one->name);
      continue;
    }
    *(gk_attribute_t *)apr_array_push(row->attributes) = (gk_attribute_t){one->name, one->value};
  }
}

static void add_table(gk_pack_loader_t *loader, gk_table_t *table, gk_xml_node_t *node)
{
  index_table(loader, table, node);
  if (gk_pack_table(loader->pack, table->id) != NULL) {
    GK_PACK_FAULT(loader, node, "duplicate", "代码表 %s 出现两次", "The table %s is there twice", table->id);
    return;
  }
  apr_hash_set(loader->pack->tables_by_id, table->id, APR_HASH_KEY_STRING, table);
}

static int count_children(gk_xml_node_t *node, const char *name)
{
  int count = 0;
  for (gk_xml_node_t *child = gk_xml_child(node, name); child != NULL; child = gk_xml_next(child, name))
    count++;
  return count;
}

/* The subjects double as the code table "subject", so that forms and rules treat them like any other code. */
static void read_subjects(gk_pack_loader_t *loader, gk_xml_node_t *root, gk_table_t *table)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "subjects");
  *table = (gk_table_t){.id = "subject", .title = {"报考科类", "Subject category"},
                        .rows = apr_array_make(loader->pool, 8, sizeof(gk_table_row_t))};
  int count = count_children(list, "subject");
  pack->subjects = apr_array_make(loader->pool, count + 1, sizeof(gk_subject_t));
  for (gk_xml_node_t *node = gk_xml_child(list, "subject"); node != NULL;
       node = gk_xml_next(node, "subject")) {
    gk_subject_t *subject = apr_array_push(pack->subjects);
    const char *initials = gk_pack__attr(loader, node, "py"), *choice = gk_pack__attr(loader, node, "choice");
    *subject = (gk_subject_t){.code = gk_pack__need(loader, node, "code"),
                              .name = gk_pack__both(loader, node),
                              .track = gk_pack__need(loader, node, "track"),
                              .art = gk_pack__yes(loader, node, "art"),
                              .fee_fen = gk_pack__int(loader, node, "fee_fen", 0, 100000000, 0),
                              .initials = initials != NULL ? initials : ""};
    apr_hash_set(pack->subjects_by_code, subject->code, APR_HASH_KEY_STRING, subject);
    gk_table_row_t *row = apr_array_push(table->rows);
    *row = (gk_table_row_t){.code = subject->code, .name = subject->name, .initials = subject->initials,
                            .attributes = apr_array_make(loader->pool, 3, sizeof(gk_attribute_t))};
    *(gk_attribute_t *)apr_array_push(row->attributes) = (gk_attribute_t){"track", subject->track};
    *(gk_attribute_t *)apr_array_push(row->attributes) = (gk_attribute_t){"art", subject->art ? "yes" : "no"};
    if (choice != NULL)
      *(gk_attribute_t *)apr_array_push(row->attributes) = (gk_attribute_t){"choice", choice};
  }
  add_table(loader, table, list);
}

static void read_tables(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "tables");
  int count = count_children(list, "table");
  pack->tables =
      apr_array_make(loader->pool, count + 1, sizeof(gk_table_t)); /* never grows: rows keep their place */
  read_subjects(loader, root, apr_array_push(pack->tables));
  for (gk_xml_node_t *node = gk_xml_child(list, "table"); node != NULL; node = gk_xml_next(node, "table")) {
    gk_table_t *table = apr_array_push(pack->tables);
    *table = (gk_table_t){.id = gk_pack__need(loader, node, "id"), .title = gk_pack__both(loader, node),
                          .rows = apr_array_make(loader->pool, count_children(node, "row") + 1,
                                                 sizeof(gk_table_row_t))};
    for (gk_xml_node_t *row = gk_xml_child(node, "row"); row != NULL; row = gk_xml_next(row, "row"))
      read_table_row(loader, table, row);
    add_table(loader, table, node);
  }
}

/* ---- fields ------------------------------------------------------------------------------------------ */

/* The position of `word` among `words` (NULL-ended), or `absent` for NULL; a strange word is a fault. */
static int choose(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name, const char *const *words,
                  int absent)
{
  const char *word = gk_pack__attr(loader, node, name);
  if (word == NULL)
    return absent;
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp(words[i], word) == 0)
      return i;
  GK_PACK_FAULT(loader, node, "word", "%s 不能是“%s”", "%s can’t be “%s”", name, word);
  return absent;
}

static apr_array_header_t *read_edit(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  static const char roles[] = " candidate point reviewer county city province reading ";
  static const char stages[] = " any entry filling correction ";
  apr_array_header_t *edit = apr_array_make(loader->pool, 4, sizeof(gk_edit_t));
  apr_array_header_t *pairs = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "edit"), " ");
  for (int i = 0; i < pairs->nelts; i++) {
    apr_array_header_t *halves = gk_pack__words(loader->pool, GK_ROWS(const char *, pairs)[i], ":");
    if (halves->nelts != 2) {
      GK_PACK_FAULT(loader, node, "edit", "edit 应写成“角色:阶段”", "edit must be pairs of role:stage");
      continue;
    }
    apr_array_header_t *role = gk_pack__words(loader->pool, GK_ROWS(const char *, halves)[0], ",");
    apr_array_header_t *stage = gk_pack__words(loader->pool, GK_ROWS(const char *, halves)[1], ",");
    for (int r = 0; r < role->nelts; r++)
      for (int s = 0; s < stage->nelts; s++) {
        gk_edit_t pair = {GK_ROWS(const char *, role)[r], GK_ROWS(const char *, stage)[s]};
        if (strstr(roles, apr_pstrcat(loader->scratch, " ", pair.role, " ", NULL)) == NULL ||
            strstr(stages, apr_pstrcat(loader->scratch, " ", pair.stage, " ", NULL)) == NULL)
          GK_PACK_FAULT(loader, node, "edit", "edit 中没有 %s:%s 这样的角色或阶段",
                        "edit: no such role or stage: %s:%s", pair.role, pair.stage);
        *(gk_edit_t *)apr_array_push(edit) = pair;
      }
  }
  return edit;
}

gk_field_t gk_pack__read_field(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  static const char *const types[] = {"text", "code", "date", "month", "number", "flag", "rows", NULL};
  static const char *const patterns[] = {"none",  "digits", "alnum",   "postcode", "mobile",
                                         "phone", "name",   "address", NULL};
  static const char *const normalises[] = {"narrow", "none", "name", "id", "upper", NULL};
  gk_field_t field = {
      .id = gk_pack__need(loader, node, "id"),
      .label = gk_pack__both(loader, node),
      .help = gk_pack__child_both(loader, node, "help"),
      .section = gk_pack__attr(loader, node, "section"),
      .type = (gk_field_type_t)choose(loader, node, "type", types, GK_FIELD_TEXT),
      .pattern = (gk_pattern_t)choose(loader, node, "pattern", patterns, GK_PATTERN_NONE),
      .normalise = (gk_normalise_t)choose(loader, node, "normalise", normalises, GK_NORMALISE_NARROW),
      .leaf_level = gk_pack__attr(loader, node, "leaf_level"),
      .min_length = gk_pack__int(loader, node, "min_length", 0, 10000, 0),
      .max_length = gk_pack__int(loader, node, "max_length", 1, 10000, 0),
      .min = gk_pack__real(loader, node, "min", 0),
      .max = gk_pack__real(loader, node, "max", 999999999),
      .decimals = gk_pack__int(loader, node, "decimals", 0, 4, 0),
      .multiline = gk_pack__yes(loader, node, "multiline"),
      .forever = gk_pack__yes(loader, node, "forever"),
      .personal = gk_pack__yes(loader, node, "personal"),
      .source = gk_pack__attr(loader, node, "source"),
      .edit = read_edit(loader, node),
      .required = gk_pack__attr(loader, node, "required"),
      .relevant = gk_pack__attr(loader, node, "relevant"),
  };
  field.always_required =
      field.required != NULL && strcmp(field.required, "true()") == 0 && field.relevant == NULL;
  if (field.max_length == 0)
    field.max_length = field.type == GK_FIELD_ROWS ? 20 : 100;
  if (!plain_name(field.id))
    GK_PACK_FAULT(loader, node, "name", "字段名“%s”只能用小写字母、数字和下划线",
                  "The field name “%s” may hold only lower-case letters, digits and _", field.id);
  const char *table = gk_pack__attr(loader, node, "table");
  if (field.type == GK_FIELD_CODE) {
    field.table = gk_pack_table(loader->pack, table);
    if (field.table == NULL)
      GK_PACK_FAULT(loader, node, "reference", "字段 %s 的代码表 %s 不存在", "Field %s: there is no table %s",
                    field.id, table != NULL ? table : "(none)");
  } else if (table != NULL)
    GK_PACK_FAULT(loader, node, "table", "字段 %s 不是 code 类型，不能有代码表",
                  "Field %s is not of type code and can’t have a table", field.id);
  if (field.min_length > field.max_length || field.min > field.max)
    GK_PACK_FAULT(loader, node, "range", "字段 %s 的下限大于上限",
                  "Field %s: the minimum is above the maximum", field.id);
  if (field.type == GK_FIELD_ROWS) {
    field.columns = apr_array_make(loader->pool, 8, sizeof(gk_field_t));
    for (gk_xml_node_t *child = gk_xml_child(node, "column"); child != NULL;
         child = gk_xml_next(child, "column")) {
      gk_field_t column = gk_pack__read_field(loader, child);
      if (gk_field_column(&field, column.id) != NULL)
        GK_PACK_FAULT(loader, child, "duplicate", "列 %s 出现两次", "The column %s is there twice", column.id);
      if (column.type == GK_FIELD_ROWS)
        GK_PACK_FAULT(loader, child, "type", "列 %s 不能是 rows", "Column %s can’t be of type rows", column.id);
      *(gk_field_t *)apr_array_push(field.columns) = column;
    }
    if (field.columns->nelts == 0)
      GK_PACK_FAULT(loader, node, "columns", "字段 %s 没有列", "Field %s has no columns", field.id);
  } else if (gk_xml_child(node, "column") != NULL)
    GK_PACK_FAULT(loader, node, "columns", "只有 rows 字段可以有列：%s", "Only rows fields have columns: %s",
                  field.id);
  return field;
}

static void read_sections(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "sections");
  pack->sections = apr_array_make(loader->pool, 8, sizeof(gk_section_t));
  for (gk_xml_node_t *node = gk_xml_child(list, "section"); node != NULL;
       node = gk_xml_next(node, "section")) {
    gk_section_t section = {gk_pack__need(loader, node, "id"), gk_pack__both(loader, node),
                            gk_pack__child_both(loader, node, "help")};
    for (int i = 0; i < pack->sections->nelts; i++)
      if (strcmp(GK_ROWS(gk_section_t, pack->sections)[i].id, section.id) == 0)
        GK_PACK_FAULT(loader, node, "duplicate", "分组 %s 出现两次", "The section %s is there twice", section.id);
    *(gk_section_t *)apr_array_push(pack->sections) = section;
  }
}

static bool has_section(const gk_pack_t *pack, const char *id)
{
  for (int i = 0; id != NULL && i < pack->sections->nelts; i++)
    if (strcmp(GK_ROWS(gk_section_t, pack->sections)[i].id, id) == 0)
      return true;
  return false;
}

static void read_fields(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "fields");
  pack->fields = apr_array_make(loader->pool, count_children(list, "field") + 1, sizeof(gk_field_t));
  for (gk_xml_node_t *node = gk_xml_child(list, "field"); node != NULL; node = gk_xml_next(node, "field")) {
    gk_field_t *field = apr_array_push(pack->fields);
    *field = gk_pack__read_field(loader, node);
    if (gk_pack_field(pack, field->id) != NULL)
      GK_PACK_FAULT(loader, node, "duplicate", "字段 %s 出现两次", "The field %s is there twice", field->id);
    if (!has_section(pack, field->section))
      GK_PACK_FAULT(loader, node, "reference", "字段 %s 的分组 %s 不存在", "Field %s: there is no section %s",
                    field->id, field->section != NULL ? field->section : "(none)");
    apr_hash_set(pack->fields_by_id, field->id, APR_HASH_KEY_STRING, field);
  }
}

gk_error_t *gk_pack_load(gk_pack_t **out, const char *bytes, apr_size_t length, const char *rng_path,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
  gk_xml_t *document = NULL;
  gk_error_t *error = gk_xml_parse(&document, bytes, length, scratch_pool);
  if (error == NULL && rng_path != NULL)
    error = gk_xml_validate_rng(document, rng_path, scratch_pool);
  if (error != NULL)
    return gk_error_dup(result_pool, error);
  gk_xml_node_t *root = gk_xml_root(document);
  gk_pack_t *pack = apr_pcalloc(result_pool, sizeof *pack);
  gk_pack_loader_t loader = {.pack = pack, .pool = result_pool, .scratch = scratch_pool,
                             .bases = apr_hash_make(scratch_pool)};
  pack->fields_by_id = apr_hash_make(result_pool);
  pack->tables_by_id = apr_hash_make(result_pool);
  pack->rules_by_id = apr_hash_make(result_pool);
  pack->subjects_by_code = apr_hash_make(result_pool);
  pack->derived_by_name = apr_hash_make(result_pool);
  if (strcmp(gk_xml_name(root), "pack") != 0)
    return gk_error(result_pool, GK_E_PACK, "这不是策略包：根元素应为 pack，现在是 %s",
                    "This is no policy pack: the root must be pack, but is %s", gk_xml_name(root));
  pack->id = gk_pack__need(&loader, root, "id");
  pack->version = gk_pack__int(&loader, root, "version", 1, 999999, 1);
  pack->season = gk_pack__int(&loader, root, "season", 2000, 2099, 2000);
  pack->start = gk_pack__date(&loader, root, "start", true);
  pack->title = gk_pack__child_both(&loader, root, "title");
  read_sections(&loader, root);
  read_tables(&loader, root);
  read_fields(&loader, root);
  gk_pack__list_derived(&loader);
  gk_pack__read_rest(&loader, root);
  gk_pack__check(&loader, root);
  if (loader.error != NULL) {
    loader.error->code = GK_E_PACK;
    return loader.error;
  }
  *out = pack;
  return NULL;
}
