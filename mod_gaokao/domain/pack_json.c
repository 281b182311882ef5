/* domain/pack_json.c: a pack as the pages see it. */
#include "domain/pack_internal.h"

#include <string.h>

static gk_json_t *both(gk_text_t text, apr_pool_t *pool)
{
  gk_json_t *object = gk_json_object(pool);
  gk_json_set_str(object, "zh", text.zh);
  gk_json_set_str(object, "en", text.en);
  return object;
}

/* Both texts as members of the object itself; help only when there is one. */
static void set_label(gk_json_t *object, gk_text_t label, gk_text_t help, apr_pool_t *pool)
{
  gk_json_set_str(object, "zh", label.zh);
  gk_json_set_str(object, "en", label.en);
  if (help.zh[0] != '\0')
    gk_json_set(object, "help", both(help, pool));
}

static void set_if(gk_json_t *object, const char *key, const char *value)
{
  if (value != NULL && *value != '\0')
    gk_json_set_str(object, key, value);
}

static gk_json_t *strings(const apr_array_header_t *list, apr_pool_t *pool)
{
  gk_json_t *array = gk_json_array(pool);
  for (int i = 0; i < list->nelts; i++)
    gk_json_add_str(array, GK_ROWS(const char *, list)[i]);
  return array;
}

static const char *pattern_word(gk_pattern_t pattern)
{
  static const char *const words[] = {NULL,     "digits", "alnum", "postcode",
                                      "mobile", "phone",  "name",  "address"};
  return words[pattern];
}

static gk_json_t *field_json(const gk_field_t *field, const char *role, const char *stage, bool column,
                             apr_pool_t *pool)
{
  gk_json_t *object = gk_json_object(pool);
  gk_json_set_str(object, "id", field->id);
  set_label(object, field->label, field->help, pool);
  gk_json_set_str(object, "type", gk_field_type_word(field->type));
  if (field->table != NULL)
    gk_json_set_str(object, "table", field->table->id);
  set_if(object, "leaf_level", field->leaf_level);
  set_if(object, "pattern", pattern_word(field->pattern));
  if (field->normalise == GK_NORMALISE_ID || field->normalise == GK_NORMALISE_UPPER)
    gk_json_set_bool(object, "upper", true);
  if (field->type == GK_FIELD_TEXT || field->type == GK_FIELD_ROWS) {
    gk_json_set_int(object, "min_length", field->min_length);
    gk_json_set_int(object, "max_length", field->max_length);
  }
  if (field->type == GK_FIELD_NUMBER) {
    gk_json_set_real(object, "min", field->min);
    gk_json_set_real(object, "max", field->max);
    gk_json_set_int(object, "decimals", field->decimals);
  }
  if (field->multiline)
    gk_json_set_bool(object, "multiline", true);
  if (field->forever)
    gk_json_set_bool(object, "forever", true);
  if (field->personal)
    gk_json_set_bool(object, "personal", true);
  set_if(object, "required", field->required);
  set_if(object, "relevant", field->relevant);
  set_if(object, "source", field->source);
  if (!column) {
    gk_json_t *edit = gk_json_array(pool);
    for (int i = 0; i < field->edit->nelts; i++) {
      gk_json_t *pair = gk_json_object(pool);
      gk_json_set_str(pair, "role", GK_ROWS(gk_edit_t, field->edit)[i].role);
      gk_json_set_str(pair, "stage", GK_ROWS(gk_edit_t, field->edit)[i].stage);
      gk_json_add(edit, pair);
    }
    gk_json_set(object, "edit", edit);
    if (role != NULL)
      gk_json_set_bool(object, "editable", gk_field_editable(field, role, stage));
  }
  if (field->columns != NULL) {
    gk_json_t *columns = gk_json_array(pool);
    for (int i = 0; i < field->columns->nelts; i++)
      gk_json_add(columns, field_json(&GK_ROWS(gk_field_t, field->columns)[i], role, stage, true, pool));
    gk_json_set(object, "columns", columns);
  }
  return object;
}

static gk_json_t *subjects_json(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->subjects->nelts; i++) {
    const gk_subject_t *subject = &GK_ROWS(gk_subject_t, pack->subjects)[i];
    gk_json_t *object = gk_json_object(pool);
    gk_json_set_str(object, "code", subject->code);
    set_label(object, subject->name, (gk_text_t){"", ""}, pool);
    gk_json_set_str(object, "track", subject->track);
    gk_json_set_bool(object, "art", subject->art);
    gk_json_set_int(object, "fee_fen", subject->fee_fen);
    gk_json_add(list, object);
  }
  return list;
}

gk_json_t *gk_pack_form_json(const gk_pack_t *pack, const char *role, const char *stage, apr_pool_t *pool)
{
  gk_json_t *form = gk_json_object(pool), *sections = gk_json_array(pool), *tables = gk_json_array(pool);
  gk_json_set_str(form, "pack", pack->id);
  gk_json_set_int(form, "version", pack->version);
  gk_json_set_int(form, "season", pack->season);
  gk_json_set(form, "title", both(pack->title, pool));
  for (int s = 0; s < pack->sections->nelts; s++) {
    const gk_section_t *section = &GK_ROWS(gk_section_t, pack->sections)[s];
    gk_json_t *object = gk_json_object(pool), *fields = gk_json_array(pool);
    gk_json_set_str(object, "id", section->id);
    set_label(object, section->title, section->help, pool);
    for (int i = 0; i < pack->fields->nelts; i++) {
      const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[i];
      if (strcmp(field->section, section->id) == 0)
        gk_json_add(fields, field_json(field, role, stage, false, pool));
    }
    gk_json_set(object, "fields", fields);
    gk_json_add(sections, object);
  }
  gk_json_set(form, "sections", sections);
  gk_json_set(form, "subjects", subjects_json(pack, pool));
  for (int i = 0; i < pack->tables->nelts; i++)
    gk_json_add_str(tables, GK_ROWS(gk_table_t, pack->tables)[i].id);
  gk_json_set(form, "tables", tables);
  gk_json_t *texts = gk_json_object(pool);
  for (int i = 0; i < pack->texts->nelts; i++) {
    const gk_pack_text_t *text = &GK_ROWS(gk_pack_text_t, pack->texts)[i];
    gk_json_t *object = gk_json_object(pool);
    gk_json_set(object, "title", both(text->title, pool));
    gk_json_set(object, "body", both(text->body, pool));
    gk_json_set(texts, text->id, object);
  }
  gk_json_set(form, "texts", texts);
  return form;
}

gk_json_t *gk_pack_table_json(const gk_table_t *table, apr_pool_t *pool)
{
  gk_json_t *object = gk_json_object(pool), *rows = gk_json_array(pool);
  gk_json_set_str(object, "id", table->id);
  set_label(object, table->title, (gk_text_t){"", ""}, pool);
  for (int i = 0; i < table->rows->nelts; i++) {
    const gk_table_row_t *row = &GK_ROWS(gk_table_row_t, table->rows)[i];
    gk_json_t *cells = gk_json_array(pool), *attributes = NULL;
    gk_json_add_str(cells, row->code);
    gk_json_add_str(cells, row->name.zh);
    gk_json_add_str(cells, row->name.en);
    gk_json_add_str(cells, row->initials);
    gk_json_add_str(cells, row->parent);
    if (row->attributes->nelts > 0) {
      attributes = gk_json_object(pool);
      for (int a = 0; a < row->attributes->nelts; a++)
        gk_json_set_str(attributes, GK_ROWS(gk_attribute_t, row->attributes)[a].name,
                        GK_ROWS(gk_attribute_t, row->attributes)[a].value);
      gk_json_add(cells, attributes);
    } else
      gk_json_add_str(cells, NULL);
    gk_json_add(rows, cells);
  }
  gk_json_set(object, "rows", rows);
  return object;
}

gk_json_t *gk_setter_json(const gk_setter_t *setter, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "code", setter->code);
  gk_json_set_str(json, "name", setter->name);
  gk_json_set_str(json, "level", setter->level);
  return json;
}

gk_json_t *gk_pack_rules_json(const gk_pack_t *pack, int stage, apr_pool_t *pool)
{
  static const char *const words[] = {"fill", "review", "confirm", "submit", "export"};
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &GK_ROWS(gk_rule_t, pack->rules)[i];
    if (stage != 0 && (rule->stages & stage) == 0)
      continue;
    gk_json_t *object = gk_json_object(pool), *stages = gk_json_array(pool);
    gk_json_set_str(object, "id", rule->id);
    gk_json_set(object, "title", both(rule->title, pool));
    gk_json_set(object, "basis", both(rule->basis, pool));
    gk_json_set_str(object, "severity", gk_severity_word(rule->severity));
    for (int s = 0; s < 5; s++)
      if (rule->stages & (1 << s))
        gk_json_add_str(stages, words[s]);
    gk_json_set(object, "stages", stages);
    gk_json_set_str(object, "test", rule->test);
    gk_json_set(object, "fields", strings(rule->fields, pool));
    if (rule->subjects->nelts > 0)
      gk_json_set(object, "subjects", strings(rule->subjects, pool));
    if (rule->categories->nelts > 0)
      gk_json_set(object, "categories", strings(rule->categories, pool));
    if (rule->areas->nelts > 0)
      gk_json_set(object, "areas", strings(rule->areas, pool));
    if (rule->set_by != NULL)
      gk_json_set(object, "set_by", gk_setter_json(rule->set_by, pool));
    gk_json_set(object, "message", both(rule->message, pool));
    gk_json_set(object, "hint", both(rule->hint, pool));
    if (rule->valid_from.year != 0)
      gk_json_set_str(object, "valid_from", gk_date_text(pool, rule->valid_from));
    if (rule->valid_to.year != 0)
      gk_json_set_str(object, "valid_to", gk_date_text(pool, rule->valid_to));
    gk_json_add(list, object);
  }
  return list;
}

gk_json_t *gk_pack_parts_json(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->parts->nelts; i++) {
    const gk_part_t *part = &GK_ROWS(gk_part_t, pack->parts)[i];
    gk_json_t *object = gk_json_object(pool), *fields = gk_json_array(pool);
    gk_json_set_str(object, "id", part->id);
    set_label(object, part->name, part->help, pool);
    set_if(object, "required_art", part->required_art);
    set_if(object, "required_all", part->required_all);
    for (int f = 0; f < part->fields->nelts; f++)
      gk_json_add(fields, field_json(&GK_ROWS(gk_field_t, part->fields)[f], NULL, NULL, false, pool));
    gk_json_set(object, "fields", fields);
    gk_json_add(list, object);
  }
  return list;
}

gk_json_t *gk_pack_papers_json(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->papers->nelts; i++) {
    const gk_paper_t *paper = &GK_ROWS(gk_paper_t, pack->papers)[i];
    gk_json_t *object = gk_json_object(pool);
    gk_json_set_str(object, "id", paper->id);
    set_label(object, paper->name, paper->hint, pool);
    set_if(object, "required", paper->required);
    gk_json_add(list, object);
  }
  return list;
}

gk_json_t *gk_pack_photo_json(const gk_pack_t *pack, apr_pool_t *pool)
{
  const gk_photo_profile_t *photo = &pack->photo;
  gk_json_t *object = gk_json_object(pool), *limits = gk_json_array(pool);
  gk_json_set_str(object, "id", photo->id);
  set_label(object, photo->name, (gk_text_t){"", ""}, pool);
  gk_json_set_int(object, "width_px", photo->width_px);
  gk_json_set_int(object, "height_px", photo->height_px);
  gk_json_set_int(object, "dpi", photo->dpi);
  gk_json_set_int(object, "min_bytes", photo->min_bytes);
  gk_json_set_int(object, "max_bytes", photo->max_bytes);
  gk_json_set_int(object, "min_quality", photo->min_quality);
  gk_json_set_str(object, "required", photo->required);
  gk_json_set(object, "backgrounds", strings(photo->backgrounds, pool));
  for (int i = 0; i < photo->limits->nelts; i++) {
    const gk_photo_limit_t *limit = &GK_ROWS(gk_photo_limit_t, photo->limits)[i];
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_str(one, "name", limit->name);
    gk_json_set_str(one, "unit", limit->unit);
    gk_json_set_real(one, "low", limit->low);
    gk_json_set_real(one, "high", limit->high);
    gk_json_set_real(one, "look_low", limit->look_low);
    gk_json_set_real(one, "look_high", limit->look_high);
    gk_json_set_bool(one, "blocks", limit->blocks);
    gk_json_add(limits, one);
  }
  gk_json_set(object, "limits", limits);
  return object;
}
