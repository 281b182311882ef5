/* domain/pack_rest.c: reads what follows the form: numbers, papers, parts, windows, rules, export, texts,
 * photo. */
#include "domain/pack_internal.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define EACH(node, list, name) \
  (gk_xml_node_t *node = gk_xml_child((list), (name)); node != NULL; node = gk_xml_next(node, (name)))

static int count_children(gk_xml_node_t *node, const char *name)
{
  int count = 0;
  for EACH(child, node, name)
    count++;
  return count;
}

/* "{county:4}{serial:4}": names among `allowed` (" county serial "), widths 1 to 9, nothing else. */
static void check_format(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *format,
                         const char *allowed)
{
  const char *at = format;
  bool fine = *format != '\0', serial = false;
  while (fine && *at != '\0') {
    const char *colon = strchr(at, ':');
    fine = *at == '{' && colon != NULL && colon[1] >= '1' && colon[1] <= '9' && colon[2] == '}';
    if (fine) {
      const char *name = apr_pstrndup(loader->scratch, at + 1, (apr_size_t)(colon - at - 1));
      fine = strstr(allowed, apr_pstrcat(loader->scratch, " ", name, " ", NULL)) != NULL;
      serial = serial || strcmp(name, "serial") == 0;
      at = colon + 3;
    }
  }
  if (!fine || !serial)
    GK_PACK_FAULT(loader, node, "format", "号码格式“%s”不对，可用的部分有%s，例如 {serial:4}",
                  "The number format “%s” is not right; its pieces are%s, for example {serial:4}", format,
                  allowed);
}

static void read_numbers(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *node = gk_xml_child(root, "numbers");
  pack->registration_format = pack->candidate_format = "";
  if (node == NULL) {
    GK_PACK_FAULT(loader, root, "missing", "缺少 numbers", "numbers is missing");
    return;
  }
  pack->serial_first = gk_pack__int(loader, node, "serial_first", 1, 999999999, 1);
  pack->serial_last = gk_pack__int(loader, node, "serial_last", 1, 999999999, 9999);
  gk_xml_node_t *registration = gk_xml_child(node, "registration"),
                *candidate = gk_xml_child(node, "candidate");
  if (registration != NULL)
    check_format(loader, registration,
                 pack->registration_format = gk_pack__need(loader, registration, "format"),
                 " county serial ");
  if (candidate != NULL)
    check_format(loader, candidate, pack->candidate_format = gk_pack__need(loader, candidate, "format"),
                 " year division exam_type subject serial ");
  if (registration == NULL || candidate == NULL || pack->serial_first > pack->serial_last)
    GK_PACK_FAULT(loader, node, "numbers", "号码格式不全，或者起号大于止号",
                  "A number format is missing, or the first serial is above the last");
}

static void read_papers(gk_pack_loader_t *loader, gk_xml_node_t *list)
{
  gk_pack_t *pack = loader->pack;
  pack->papers = apr_array_make(loader->pool, 12, sizeof(gk_paper_t));
  for EACH(node, list, "paper") {
    gk_paper_t paper = {.id = gk_pack__need(loader, node, "id"), .name = gk_pack__both(loader, node),
                        .hint = gk_pack__child_both(loader, node, "help"),
                        .required = gk_pack__attr(loader, node, "required")};
    paper.always_required = paper.required != NULL && strcmp(paper.required, "true()") == 0;
    if (gk_pack_paper(pack, paper.id) != NULL)
      GK_PACK_FAULT(loader, node, "duplicate", "材料 %s 出现两次", "The paper %s is there twice", paper.id);
    *(gk_paper_t *)apr_array_push(pack->papers) = paper;
  }
}

static void read_parts(gk_pack_loader_t *loader, gk_xml_node_t *list)
{
  gk_pack_t *pack = loader->pack;
  pack->parts = apr_array_make(loader->pool, 6, sizeof(gk_part_t));
  for EACH(node, list, "part") {
    gk_part_t part = {.id = gk_pack__need(loader, node, "id"), .name = gk_pack__both(loader, node),
                      .help = gk_pack__child_both(loader, node, "help"),
                      .required_art = gk_pack__attr(loader, node, "required_art"),
                      .required_all = gk_pack__attr(loader, node, "required_all"),
                      .by_id = apr_hash_make(loader->pool)};
    part.fields = apr_array_make(loader->pool, count_children(node, "field") + 1, sizeof(gk_field_t));
    for EACH(child, node, "field") {
      gk_field_t *field = apr_array_push(part.fields);
      *field = gk_pack__read_field(loader, child);
      if (apr_hash_get(part.by_id, field->id, APR_HASH_KEY_STRING) != NULL)
        GK_PACK_FAULT(loader, child, "duplicate", "字段 %s 出现两次", "The field %s is there twice", field->id);
      /* Conditions of a part see the candidate's fields too: one name, one meaning. */
      if (gk_pack_field(pack, field->id) != NULL ||
          apr_hash_get(pack->derived_by_name, field->id, APR_HASH_KEY_STRING) != NULL)
        GK_PACK_FAULT(loader, child, "duplicate", "%s 的字段 %s 与报名字段同名，请改名",
                      "%s: the field %s has the name of a field of the form: rename it", part.id, field->id);
      apr_hash_set(part.by_id, field->id, APR_HASH_KEY_STRING, field);
    }
    if (gk_pack_part(pack, part.id) != NULL)
      GK_PACK_FAULT(loader, node, "duplicate", "部分 %s 出现两次", "The part %s is there twice", part.id);
    *(gk_part_t *)apr_array_push(pack->parts) = part;
  }
}

/* "08:30" as minutes. */
static int clock_minutes(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *name)
{
  const char *text = gk_pack__need(loader, node, name);
  if (strlen(text) == 5 && apr_isdigit(text[0]) && apr_isdigit(text[1]) && text[2] == ':' &&
      apr_isdigit(text[3]) && apr_isdigit(text[4])) {
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour < 24 && minute < 60)
      return hour * 60 + minute;
  }
  GK_PACK_FAULT(loader, node, "clock", "%s 应写成 08:00 的样子", "%s must look like 08:00", name);
  return 0;
}

static void read_windows(gk_pack_loader_t *loader, gk_xml_node_t *list)
{
  static const char actions[] =
      " read print_card review fill proof confirm other_info submit_art submit_all ";
  gk_pack_t *pack = loader->pack;
  pack->windows = apr_array_make(loader->pool, 10, sizeof(gk_pack_window_t));
  for EACH(node, list, "window") {
      gk_pack_window_t window = {.action = gk_pack__need(loader, node, "action"),
                                 .name = gk_pack__both(loader, node),
                                 .opens_day = gk_pack__int(loader, node, "opens_day", -400, 800, 0),
                                 .opens_minute = clock_minutes(loader, node, "opens"),
                                 .closes_day = gk_pack__int(loader, node, "closes_day", -400, 800, 0),
                                 .closes_minute = clock_minutes(loader, node, "closes")};
      if (strstr(actions, apr_pstrcat(loader->scratch, " ", window.action, " ", NULL)) == NULL)
        GK_PACK_FAULT(loader, node, "reference", "没有“%s”这个动作", "There is no action “%s”",
                      window.action);
      if (gk_pack_window(pack, window.action) != NULL)
        GK_PACK_FAULT(loader, node, "duplicate", "动作 %s 的时间窗口出现两次",
                      "The window of %s is there twice", window.action);
      if (window.opens_day * 1440 + window.opens_minute >= window.closes_day * 1440 + window.closes_minute)
        GK_PACK_FAULT(loader, node, "range", "动作 %s 的开始不早于结束",
                      "The window of %s does not open before it closes", window.action);
      *(gk_pack_window_t *)apr_array_push(pack->windows) = window;
  }
  char *state = NULL;
  for (char *action = apr_strtok(apr_pstrdup(loader->scratch, actions), " ", &state); action != NULL;
       action = apr_strtok(NULL, " ", &state))
    if (gk_pack_window(pack, action) == NULL)
      GK_PACK_FAULT(loader, list, "missing", "缺少动作 %s 的时间窗口", "The window of %s is missing",
                    apr_pstrdup(loader->pool, action));
}

/* ---- rules ------------------------------------------------------------------------------------------- */

static gk_rule_case_t read_case(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  const char *expect = gk_pack__need(loader, node, "expect");
  gk_rule_case_t result = {.expect = strcmp(expect, "pass") == 0, .as_of = loader->pack->start,
                           .fields = gk_json_object(loader->pool)};
  if (gk_pack__attr(loader, node, "as_of") != NULL)
    result.as_of = gk_pack__date(loader, node, "as_of", true);
  apr_array_header_t *values = gk_xml_attrs(node, loader->pool);
  for (int i = 0; i < values->nelts; i++) {
    const gk_xml_attr_t *value = &GK_ROWS(gk_xml_attr_t, values)[i];
    if (strcmp(value->name, "expect") != 0 && strcmp(value->name, "as_of") != 0)
      gk_json_set_str(result.fields, value->name, value->value);
  }
  for EACH(rows, node, "rows") {
    gk_json_t *list = gk_json_array(loader->pool);
    for EACH(row, rows, "row") {
      gk_json_t *object = gk_json_object(loader->pool);
      apr_array_header_t *cells = gk_xml_attrs(row, loader->pool);
      for (int i = 0; i < cells->nelts; i++)
        gk_json_set_str(object, GK_ROWS(gk_xml_attr_t, cells)[i].name,
                        GK_ROWS(gk_xml_attr_t, cells)[i].value);
      gk_json_add(list, object);
    }
    gk_json_set(result.fields, gk_pack__need(loader, rows, "field"), list);
  }
  return result;
}

static gk_rule_t read_rule(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  const char *severity = gk_pack__need(loader, node, "severity"),
             *basis = gk_pack__need(loader, node, "basis");
  gk_xml_node_t *test = gk_xml_child(node, "test");
  gk_rule_t rule = {
      .id = gk_pack__need(loader, node, "id"),
      .title = gk_pack__child_both(loader, node, "title"),
      .message = gk_pack__child_both(loader, node, "message"),
      .hint = gk_pack__child_both(loader, node, "hint"),
      .severity = strcmp(severity, "error") == 0 ? GK_SEVERITY_ERROR
                : strcmp(severity, "review") == 0 ? GK_SEVERITY_REVIEW : GK_SEVERITY_WARN,
      .fields = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "fields"), " "),
      .subjects = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "subjects"), " "),
      .categories = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "categories"), " "),
      .areas = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "areas"), " "),
      .valid_from = gk_pack__date(loader, node, "valid_from", false),
      .valid_to = gk_pack__date(loader, node, "valid_to", false),
      .cases = apr_array_make(loader->pool, 2, sizeof(gk_rule_case_t)),
  };
  /* Line breaks in long tests are for the reader; one line is easier to store and show. */
  char *text = apr_pstrdup(loader->pool, test != NULL ? gk_xml_text(test, loader->pool) : "");
  char *to = text;
  for (const char *from = text; *from != '\0'; from++) {
    bool space = apr_isspace(*from);
    if (!space || (to > text && to[-1] != ' '))
      *to++ = space ? ' ' : *from;
  }
  *to = '\0';
  rule.test = text;
  apr_array_header_t *stages = gk_pack__words(loader->pool, gk_pack__need(loader, node, "stages"), " ");
  for (int i = 0; i < stages->nelts; i++) {
    const char *word = GK_ROWS(const char *, stages)[i];
    if (gk_stage_bit(word) == 0)
      GK_PACK_FAULT(loader, node, "word", "没有“%s”这个阶段", "There is no stage “%s”", word);
    rule.stages |= gk_stage_bit(word);
  }
  const gk_text_t *known = apr_hash_get(loader->bases, basis, APR_HASH_KEY_STRING);
  if (known == NULL)
    GK_PACK_FAULT(loader, node, "reference", "规则 %s 的依据 %s 不存在", "Rule %s: there is no basis %s",
                  rule.id, basis);
  rule.basis = known != NULL ? *known : (gk_text_t){"", ""};
  for EACH(child, node, "case")
    *(gk_rule_case_t *)apr_array_push(rule.cases) = read_case(loader, child);
  return rule;
}

static void read_rules(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *bases = gk_xml_child(root, "bases"), *list = gk_xml_child(root, "rules");
  for EACH(node, bases, "basis") {
    gk_text_t *text = apr_palloc(loader->pool, sizeof *text);
    *text = gk_pack__both(loader, node);
    apr_hash_set(loader->bases, gk_pack__need(loader, node, "id"), APR_HASH_KEY_STRING, text);
  }
  pack->rules = apr_array_make(loader->pool, count_children(list, "rule") + 1, sizeof(gk_rule_t));
  for EACH(node, list, "rule") {
    gk_rule_t *rule = apr_array_push(pack->rules);
    *rule = read_rule(loader, node);
    if (gk_pack_rule(pack, rule->id) != NULL)
      GK_PACK_FAULT(loader, node, "duplicate", "规则 %s 出现两次", "The rule %s is there twice", rule->id);
    apr_hash_set(pack->rules_by_id, rule->id, APR_HASH_KEY_STRING, rule);
  }
}

/* <local levels="city county" max="30"/>: absent, nobody adds rules to the province's. */
static void read_local(gk_pack_loader_t *loader, gk_xml_node_t *node)
{
  gk_pack_t *pack = loader->pack;
  if (node == NULL)
    return;
  apr_array_header_t *levels = gk_pack__words(loader->pool, gk_pack__need(loader, node, "levels"), " ");
  for (int i = 0; i < levels->nelts; i++) {
    pack->local_city = pack->local_city || strcmp(GK_ROWS(const char *, levels)[i], "city") == 0;
    pack->local_county = pack->local_county || strcmp(GK_ROWS(const char *, levels)[i], "county") == 0;
  }
  pack->local_max = gk_pack__int(loader, node, "max", 1, 200, 30);
}

/* ---- export, texts, photo, retention ----------------------------------------------------------------- */

static gk_export_column_t read_column(gk_pack_loader_t *loader, gk_xml_node_t *node, const char *table)
{
  const char *format = gk_pack__attr(loader, node, "format");
  return (gk_export_column_t){.name = gk_pack__need(loader, node, "name"),
                              .title = gk_pack__both(loader, node),
                              .table = table,
                              .type = gk_pack__need(loader, node, "type")[0],
                              .width = gk_pack__int(loader, node, "width", 1, 254, 1),
                              .fields =
                                  gk_pack__words(loader->pool, gk_pack__need(loader, node, "fields"), " "),
                              .format = format != NULL ? format : "plain"};
}

static void read_export(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  gk_xml_node_t *list = gk_xml_child(root, "export");
  pack->export_columns = apr_array_make(loader->pool, 40, sizeof(gk_export_column_t));
  pack->export_rows = apr_array_make(loader->pool, 2, sizeof(gk_export_rows_t));
  pack->export_generation = "";
  if (list == NULL)
    return;
  pack->export_generation = gk_pack__need(loader, list, "generation");
  for EACH(node, list, "column")
    *(gk_export_column_t *)apr_array_push(pack->export_columns) =
        read_column(loader, node, gk_pack__need(loader, node, "table"));
  for EACH(node, list, "rows") {
      gk_export_rows_t rows = {.field = gk_pack__need(loader, node, "field"),
                               .table = gk_pack__need(loader, node, "table"),
                               .columns = apr_array_make(loader->pool, 6, sizeof(gk_export_column_t))};
    for EACH(child, node, "column")
      *(gk_export_column_t *)apr_array_push(rows.columns) = read_column(loader, child, rows.table);
    *(gk_export_rows_t *)apr_array_push(pack->export_rows) = rows;
  }
}

static apr_array_header_t *read_pages(gk_pack_loader_t *loader, gk_xml_node_t *list, const char *name)
{
  apr_array_header_t *pages = apr_array_make(loader->pool, 8, sizeof(gk_pack_text_t));
  for EACH(node, list, name) {
    gk_xml_node_t *zh = gk_xml_child(node, "zh"), *en = gk_xml_child(node, "en");
    gk_pack_text_t page = {
        gk_pack__need(loader, node, "id"),
        gk_pack__both(loader, node),
        {zh != NULL ? gk_xml_text(zh, loader->pool) : "", en != NULL ? gk_xml_text(en, loader->pool) : ""}};
    for (int i = 0; i < pages->nelts; i++)
      if (strcmp(GK_ROWS(gk_pack_text_t, pages)[i].id, page.id) == 0)
        GK_PACK_FAULT(loader, node, "duplicate", "文本 %s 出现两次", "The text %s is there twice", page.id);
    *(gk_pack_text_t *)apr_array_push(pages) = page;
  }
  return pages;
}

static void read_photo(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_photo_profile_t *photo = &loader->pack->photo;
  gk_xml_node_t *node = gk_xml_child(root, "photo");
  *photo = (gk_photo_profile_t){.id = "", .name = {"", ""}, .required = "no",
                                .backgrounds = apr_array_make(loader->pool, 3, sizeof(const char *)),
                                .limits = apr_array_make(loader->pool, 20, sizeof(gk_photo_limit_t))};
  if (node == NULL)
    return;
  photo->id = gk_pack__need(loader, node, "id");
  photo->name = gk_pack__both(loader, node);
  photo->width_px = gk_pack__int(loader, node, "width_px", 60, 2000, 480);
  photo->height_px = gk_pack__int(loader, node, "height_px", 60, 2000, 640);
  photo->dpi = gk_pack__int(loader, node, "dpi", 72, 1200, 300);
  photo->min_bytes = gk_pack__int(loader, node, "min_bytes", 0, 8000000, 0);
  photo->max_bytes = gk_pack__int(loader, node, "max_bytes", 1000, 8000000, 40960);
  photo->min_quality = gk_pack__int(loader, node, "min_quality", 1, 100, 60);
  if (gk_pack__attr(loader, node, "required") != NULL)
    photo->required = gk_pack__attr(loader, node, "required");
  photo->backgrounds = gk_pack__words(loader->pool, gk_pack__attr(loader, node, "backgrounds"), " ");
  for EACH(child, node, "limit") {
      gk_photo_limit_t limit = {.name = gk_pack__need(loader, child, "name"),
                                .unit = gk_pack__need(loader, child, "unit"),
                                .low = gk_pack__real(loader, child, "low", 0),
                                .high = gk_pack__real(loader, child, "high", 0),
                                .look_low = gk_pack__real(loader, child, "look_low", 0),
                                .look_high = gk_pack__real(loader, child, "look_high", 0),
                                .blocks = gk_pack__yes(loader, child, "blocks")};
      if (limit.low > limit.high || limit.look_low > limit.look_high || limit.look_low < limit.low ||
          limit.look_high > limit.high)
        GK_PACK_FAULT(loader, child, "range", "相片指标 %s 的界限应为 low ≤ look_low ≤ look_high ≤ high",
                      "Photo limit %s needs low ≤ look_low ≤ look_high ≤ high", limit.name);
      *(gk_photo_limit_t *)apr_array_push(photo->limits) = limit;
  }
}

void gk_pack__read_rest(gk_pack_loader_t *loader, gk_xml_node_t *root)
{
  gk_pack_t *pack = loader->pack;
  read_numbers(loader, root);
  read_papers(loader, gk_xml_child(root, "papers"));
  read_parts(loader, gk_xml_child(root, "parts"));
  read_windows(loader, gk_xml_child(root, "windows"));
  read_rules(loader, root);
  read_local(loader, gk_xml_child(root, "local"));
  read_export(loader, root);
  pack->texts = read_pages(loader, gk_xml_child(root, "texts"), "text");
  pack->notices = read_pages(loader, gk_xml_child(root, "notices"), "notice");
  read_photo(loader, root);
  pack->retention = apr_array_make(loader->pool, 8, sizeof(gk_retention_t));
  gk_xml_node_t *keep = gk_xml_child(root, "retention");
  for EACH(node, keep, "keep")
  *(gk_retention_t *)apr_array_push(pack->retention) =
      (gk_retention_t){gk_pack__need(loader, node, "kind"), gk_pack__int(loader, node, "days", 1, 36500, 1)};
}
