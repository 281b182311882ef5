/* domain/pack.c: asking a loaded pack. */
#include "domain/pack_internal.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const char *const type_words[] = {"text", "code", "date", "month", "number", "flag", "rows"};
static const char *const severity_words[] = {"", "error", "review", "warn"};

const char *gk_field_type_word(gk_field_type_t type)
{
  return type_words[type];
}

const char *gk_severity_word(gk_severity_t severity)
{
  return severity_words[severity];
}

int gk_stage_bit(const char *word)
{
  static const char *const words[] = {"fill", "review", "confirm", "submit", "export"};
  for (int i = 0; i < 5; i++)
    if (strcmp(words[i], word) == 0)
      return 1 << i;
  return 0;
}

static void *look_up(apr_hash_t *hash, const char *id)
{
  return id != NULL ? apr_hash_get(hash, id, APR_HASH_KEY_STRING) : NULL;
}

const gk_field_t *gk_pack_field(const gk_pack_t *pack, const char *id)
{
  return look_up(pack->fields_by_id, id);
}

const gk_table_t *gk_pack_table(const gk_pack_t *pack, const char *id)
{
  return look_up(pack->tables_by_id, id);
}

const gk_table_row_t *gk_table_row(const gk_table_t *table, const char *code)
{
  return look_up(table->by_code, code);
}

const gk_rule_t *gk_pack_rule(const gk_pack_t *pack, const char *id)
{
  return look_up(pack->rules_by_id, id);
}

const gk_subject_t *gk_pack_subject(const gk_pack_t *pack, const char *code)
{
  return look_up(pack->subjects_by_code, code);
}

const gk_field_t *gk_part_field(const gk_part_t *part, const char *id)
{
  return look_up(part->by_id, id);
}

const gk_table_row_t *gk_table_row_named(const gk_table_t *table, const char *name)
{
  if (name == NULL)
    return NULL;
  for (int i = 0; i < table->rows->nelts; i++) {
    const gk_table_row_t *row = &GK_ROWS(gk_table_row_t, table->rows)[i];
    if (strcmp(row->name.zh, name) == 0 || (row->alias != NULL && strcmp(row->alias, name) == 0))
      return row;
  }
  return gk_table_row(table, name);
}

const char *gk_table_row_attribute(const gk_table_row_t *row, const char *name)
{
  for (int i = 0; i < row->attributes->nelts; i++)
    if (strcmp(GK_ROWS(gk_attribute_t, row->attributes)[i].name, name) == 0)
      return GK_ROWS(gk_attribute_t, row->attributes)[i].value;
  return NULL;
}

const gk_part_t *gk_pack_part(const gk_pack_t *pack, const char *id)
{
  for (int i = 0; id != NULL && i < pack->parts->nelts; i++)
    if (strcmp(GK_ROWS(gk_part_t, pack->parts)[i].id, id) == 0)
      return &GK_ROWS(gk_part_t, pack->parts)[i];
  return NULL;
}

const gk_field_t *gk_field_column(const gk_field_t *rows_field, const char *id)
{
  for (int i = 0; id != NULL && rows_field->columns != NULL && i < rows_field->columns->nelts; i++)
    if (strcmp(GK_ROWS(gk_field_t, rows_field->columns)[i].id, id) == 0)
      return &GK_ROWS(gk_field_t, rows_field->columns)[i];
  return NULL;
}

const gk_paper_t *gk_pack_paper(const gk_pack_t *pack, const char *id)
{
  for (int i = 0; id != NULL && i < pack->papers->nelts; i++)
    if (strcmp(GK_ROWS(gk_paper_t, pack->papers)[i].id, id) == 0)
      return &GK_ROWS(gk_paper_t, pack->papers)[i];
  return NULL;
}

const gk_pack_window_t *gk_pack_window(const gk_pack_t *pack, const char *action)
{
  for (int i = 0; action != NULL && i < pack->windows->nelts; i++)
    if (strcmp(GK_ROWS(gk_pack_window_t, pack->windows)[i].action, action) == 0)
      return &GK_ROWS(gk_pack_window_t, pack->windows)[i];
  return NULL;
}

static const gk_pack_text_t *text_in(const apr_array_header_t *texts, const char *id)
{
  for (int i = 0; id != NULL && i < texts->nelts; i++)
    if (strcmp(GK_ROWS(gk_pack_text_t, texts)[i].id, id) == 0)
      return &GK_ROWS(gk_pack_text_t, texts)[i];
  return NULL;
}

const gk_pack_text_t *gk_pack_text(const gk_pack_t *pack, const char *id)
{
  const gk_pack_text_t *text = text_in(pack->texts, id);
  return text != NULL ? text : text_in(pack->notices, id);
}

int gk_pack_retention_days(const gk_pack_t *pack, const char *kind)
{
  for (int i = 0; i < pack->retention->nelts; i++)
    if (strcmp(GK_ROWS(gk_retention_t, pack->retention)[i].kind, kind) == 0)
      return GK_ROWS(gk_retention_t, pack->retention)[i].days;
  return 0;
}

bool gk_field_editable(const gk_field_t *field, const char *role, const char *stage)
{
  for (int i = 0; role != NULL && field->edit != NULL && i < field->edit->nelts; i++) {
    const gk_edit_t *pair = &GK_ROWS(gk_edit_t, field->edit)[i];
    if (strcmp(pair->role, role) == 0 &&
        (strcmp(pair->stage, "any") == 0 || (stage != NULL && strcmp(pair->stage, stage) == 0)))
      return true;
  }
  return false;
}

const char *gk_field_display(const gk_field_t *field, const char *value, bool english, apr_pool_t *pool)
{
  (void)pool;
  if (value == NULL)
    return NULL;
  if (field->type == GK_FIELD_FLAG)
    return strcmp(value, "1") == 0 ? (english ? "Yes" : "是") : (english ? "No" : "否");
  if (field->type == GK_FIELD_CODE && field->table != NULL) {
    const gk_table_row_t *row = gk_table_row(field->table, value);
    if (row != NULL)
      return english ? row->name.en : row->name.zh;
  }
  if (field->forever && english && strcmp(value, "长期") == 0)
    return "no end";
  return value;
}

void gk_pack_window_times(const gk_pack_t *pack, const gk_pack_window_t *window, gk_date_t start,
                          apr_time_t *opens, apr_time_t *closes)
{
  apr_time_t day0 = gk_date_start(start.year != 0 ? start : pack->start);
  *opens = day0 + window->opens_day * GK_DAY + window->opens_minute * GK_MINUTE;
  *closes = day0 + window->closes_day * GK_DAY + window->closes_minute * GK_MINUTE;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

typedef struct pieces_t { const char *county, *year, *division, *exam_type, *subject, *serial; } pieces_t;

static bool fits(const char *text, apr_size_t width)
{
  if (text == NULL || strlen(text) != width)
    return false;
  for (; *text != '\0'; text++)
    if (!apr_isalnum(*text) || (unsigned char)*text > 127)
      return false;
  return true;
}

static gk_error_t *fill_format(const char **out, const char *format, const pieces_t *pieces, apr_pool_t *pool)
{
  static const char *const names[] = {"county", "year", "division", "exam_type", "subject", "serial"};
  const char *const values[] = {pieces->county,    pieces->year,    pieces->division,
                                pieces->exam_type, pieces->subject, pieces->serial};
  char *text = apr_pcalloc(pool, strlen(format) * 2 + 16), *to = text;
  for (const char *at = format; *at == '{';) {
    const char *colon = strchr(at, ':');
    if (colon == NULL)
      break;
    apr_size_t width = (apr_size_t)(colon[1] - '0'), length = (apr_size_t)(colon - at - 1);
    const char *value = NULL, *name = apr_pstrndup(pool, at + 1, length);
    for (int i = 0; i < 6; i++)
      if (strcmp(names[i], name) == 0)
        value = values[i];
    if (value != NULL && strcmp(name, "serial") == 0 && strlen(value) < width)
      value = apr_pstrcat(pool, apr_pstrndup(pool, "000000000", width - strlen(value)), value, NULL);
    if (!fits(value, width))
      return gk_error(pool, GK_E_INVALID, "号码的 %s 部分应为%d位，现在是“%s”",
                      "The piece %s of the number needs %d characters, but is “%s”", name, (int)width,
                      value != NULL ? value : "");
    to = (char *)memcpy(to, value, width) + width;
    at = colon + 3;
  }
  *out = text;
  return NULL;
}

static gk_error_t *check_serial(const gk_pack_t *pack, int serial, apr_pool_t *pool)
{
  if (serial >= pack->serial_first && serial <= pack->serial_last)
    return NULL;
  return gk_error(pool, GK_E_INVALID, "流水号应在 %d 到 %d 之间，现在是 %d",
                  "The serial must lie between %d and %d, but is %d", pack->serial_first, pack->serial_last,
                  serial);
}

gk_error_t *gk_pack_registration_number(const char **out, const gk_pack_t *pack, const char *county,
                                        int serial, apr_pool_t *pool)
{
  GK_TRY(check_serial(pack, serial, pool));
  pieces_t pieces = {.county = county, .serial = apr_itoa(pool, serial)};
  return fill_format(out, pack->registration_format, &pieces, pool);
}

gk_error_t *gk_pack_candidate_number(const char **out, const gk_pack_t *pack, const char *division,
                                     const char *exam_type, const char *subject, int serial, apr_pool_t *pool)
{
  GK_TRY(check_serial(pack, serial, pool));
  pieces_t pieces = {.year = apr_psprintf(pool, "%02d", pack->season % 100), .division = division,
                     .exam_type = exam_type, .subject = subject, .serial = apr_itoa(pool, serial)};
  return fill_format(out, pack->candidate_format, &pieces, pool);
}

apr_array_header_t *gk_pack_missing_always(const gk_pack_t *pack, const gk_json_t *document, apr_pool_t *pool)
{
  apr_array_header_t *missing = apr_array_make(pool, 4, sizeof(const char *));
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[i];
    if (!field->always_required)
      continue;
    gk_json_t *value = document != NULL ? gk_json_get(document, field->id) : NULL;
    bool there = field->type == GK_FIELD_ROWS ? gk_json_is_array(value) && gk_json_size(value) > 0
               : gk_json_str_value(value) != NULL && *gk_json_str_value(value) != '\0';
    if (!there)
      APR_ARRAY_PUSH(missing, const char *) = field->id;
  }
  return missing;
}
