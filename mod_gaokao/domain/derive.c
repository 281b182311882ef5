/* domain/derive.c: derived fields, see gk_derive() in document.h. */
#include "domain/document.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/document_internal.h"
#include "domain/identity.h"
#include "domain/pack_internal.h"

typedef struct derive_t {
  const gk_document_t *document;
  const gk_pack_t *pack;
  gk_date_t as_of;
  gk_json_t *out;
  apr_pool_t *pool;
} derive_t;

static void put(derive_t *derive, const char *name, const char *value)
{
  gk_json_set_str(derive->out, name, value);
}

static void put_int(derive_t *derive, const char *name, int value)
{
  gk_json_set_str(derive->out, name, apr_itoa(derive->pool, value));
}

static const char *suffixed(derive_t *derive, const gk_field_t *field, const char *suffix)
{
  return apr_pstrcat(derive->pool, field->id, "_", suffix, NULL);
}

static int date_number(gk_date_t date)
{
  return date.year * 10000 + date.month * 100 + date.day;
}

/* ---- by type of field -------------------------------------------------------------------------------- */

static bool starts_with_province(const gk_pack_t *pack, const char *text)
{
  const gk_table_t *provinces = gk_pack_table(pack, "province");
  for (int i = 0; provinces != NULL && i < provinces->rows->nelts; i++) {
    const gk_table_row_t *row = &GK_ROWS(gk_table_row_t, provinces->rows)[i];
    if (strncmp(text, row->name.zh, strlen(row->name.zh)) == 0 ||
        (row->alias != NULL && strncmp(text, row->alias, strlen(row->alias)) == 0))
      return true;
  }
  return false;
}

static void derive_text(derive_t *derive, const gk_field_t *field, const char *text)
{
  put_int(derive, suffixed(derive, field, "length"), (int)gk_utf8_length(text));
  if (field->pattern == GK_PATTERN_ADDRESS)
    put_int(derive, suffixed(derive, field, "starts_with_province"),
            starts_with_province(derive->pack, text));
}

static void derive_code(derive_t *derive, const gk_field_t *field, const char *code)
{
  const gk_table_row_t *row = field->table != NULL ? gk_table_row(field->table, code) : NULL;
  for (int i = 0; row != NULL && i < row->attributes->nelts; i++) {
    const gk_attribute_t *attribute = &GK_ROWS(gk_attribute_t, row->attributes)[i];
    put(derive, suffixed(derive, field, attribute->name), attribute->value);
  }
}

static void derive_date(derive_t *derive, const gk_field_t *field, const char *text)
{
  gk_date_t date;
  int month = 0;
  if (strcmp(text, "长期") == 0)
    put(derive, suffixed(derive, field, "number"), "99991231");
  else if (field->type == GK_FIELD_DATE && gk_date_parse(text, false, &date))
    put_int(derive, suffixed(derive, field, "number"), date_number(date));
  else if (field->type == GK_FIELD_MONTH && (month = gk_document__month(text)) >= 0)
    put_int(derive, suffixed(derive, field, "number"), month / 12 * 100 + month % 12 + 1);
}

/* ---- rows with a start and an end month -------------------------------------------------------------- */

typedef struct span_t { int start, end; bool open; } span_t;

static int by_start(const void *a, const void *b)
{
  const span_t *left = a, *right = b;
  return left->start != right->start ? (left->start > right->start) - (left->start < right->start)
                                     : (left->end > right->end) - (left->end < right->end);
}

/* Rows whose start can't be read are left out: the field's own check has spoken about them. */
static int read_spans(derive_t *derive, gk_json_t *rows, span_t *spans)
{
  int count = 0, now = derive->as_of.year * 12 + derive->as_of.month - 1;
  for (apr_size_t i = 0; i < gk_json_size(rows); i++) {
    const char *start = gk_json_str(gk_json_at(rows, i), "start"),
               *end = gk_json_str(gk_json_at(rows, i), "end");
    span_t span = {start != NULL ? gk_document__month(start) : -1, end != NULL ? gk_document__month(end) : -1,
                   false};
    if (span.start < 0)
      continue;
    if (span.end < 0) {
      span.open = true;
      span.end = span.start > now ? span.start : now;
    }
    spans[count++] = span;
  }
  return count;
}

static int month_number(int month)
{
  return month / 12 * 100 + month % 12 + 1;
}

static void derive_spans(derive_t *derive, const gk_field_t *field, gk_json_t *rows)
{
  span_t *spans = apr_pcalloc(derive->pool, sizeof *spans * (gk_json_size(rows) + 1));
  int count = read_spans(derive, rows, spans), backwards = 0, open = 0, up = 0, down = 0, overlaps = 0,
      gap = 0;
  if (count == 0)
    return;
  for (int i = 0; i < count; i++) {
    backwards += spans[i].end < spans[i].start;
    open += spans[i].open;
    if (i > 0) {
      up += spans[i].start < spans[i - 1].start;
      down += spans[i].start > spans[i - 1].start;
    }
  }
  qsort(spans, (size_t)count, sizeof *spans, by_start);
  for (int i = 1, reached = spans[0].end; i < count; i++) {
    overlaps += spans[i].start < reached;
    if (spans[i].start - reached - 1 > gap)
      gap = spans[i].start - reached - 1;
    reached = spans[i].end > reached ? spans[i].end : reached;
  }
  put_int(derive, suffixed(derive, field, "max_gap"), gap);
  put_int(derive, suffixed(derive, field, "overlaps"), overlaps);
  put_int(derive, suffixed(derive, field, "backwards"), backwards);
  put_int(derive, suffixed(derive, field, "unordered"), up < down ? up : down);
  put_int(derive, suffixed(derive, field, "open"), open);
  put_int(derive, suffixed(derive, field, "first"), month_number(spans[0].start));
  put_int(derive, suffixed(derive, field, "last_start"), month_number(spans[count - 1].start));
}

static void derive_rows(derive_t *derive, const gk_field_t *field)
{
  gk_json_t *rows = gk_document_rows(derive->document, field->id);
  const gk_field_t *start = gk_field_column(field, "start"), *end = gk_field_column(field, "end");
  put_int(derive, suffixed(derive, field, "count"), (int)gk_json_size(rows));
  if (rows != NULL && start != NULL && end != NULL && start->type == GK_FIELD_MONTH &&
      end->type == GK_FIELD_MONTH)
    derive_spans(derive, field, rows);
}

/* ---- the person -------------------------------------------------------------------------------------- */

static bool plain_name(const char *name)
{
  for (unsigned c; (c = gk_utf8_next(&name)) != 0;)
    if (!((c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF) ||
          c == 0x3007 || c == 0xB7))
      return false;
  return true;
}

static void derive_identity(derive_t *derive)
{
  const gk_document_t *document = derive->document;
  const char *number = gk_document_get(document, "id_number"), *sex = gk_document_get(document, "sex");
  const char *birth = gk_document_get(document, "birth");
  if (number == NULL)
    return;
  gk_identity_t identity =
      gk_identity_check_typed(gk_document_get(document, "id_type"), number, derive->as_of, derive->pool);
  put(derive, "id_case", gk_identity_code(identity.verdict));
  put_int(derive, "id_number_ok", gk_identity_ok(identity.verdict));
  if (!identity.has_facts)
    return;
  const char *id_birth = gk_date_text(derive->pool, identity.birth), *id_sex = identity.sex == 1 ? "1" : "2";
  put(derive, "id_birth", id_birth);
  put(derive, "id_sex", id_sex);
  if (identity.verdict == GK_ID_OK) { /* those of permits and foreigners' cards name no place of birth */
    put(derive, "id_division", apr_pstrdup(derive->pool, identity.division));
    put(derive, "id_province", apr_pstrdup(derive->pool, identity.province));
  }
  if (birth != NULL)
    put_int(derive, "id_birth_matches", strcmp(birth, id_birth) == 0);
  if (sex != NULL)
    put_int(derive, "id_sex_matches", strcmp(sex, id_sex) == 0);
}

static void derive_person(derive_t *derive)
{
  const gk_document_t *document = derive->document;
  const char *birth = gk_document_get(document, "birth"), *name = gk_document_get(document, "name");
  const char *valid_to = gk_document_get(document, "card_valid_to");
  gk_date_t date;
  if (birth != NULL && gk_date_parse(birth, false, &date)) {
    put_int(derive, "birth_number", date_number(date));
    put_int(derive, "age", gk_identity_age(date, derive->as_of));
  }
  if (name != NULL)
    put_int(derive, "name_plain", plain_name(name));
  if (valid_to != NULL && strcmp(valid_to, "长期") == 0)
    put(derive, "card_expired", "0");
  else if (valid_to != NULL && gk_date_parse(valid_to, false, &date))
    put_int(derive, "card_expired", gk_date_compare(date, derive->as_of) < 0);
  const gk_field_t *category = gk_pack_field(derive->pack, "category");
  const char *code = gk_document_get(document, "category");
  const gk_table_row_t *row = category != NULL && category->table != NULL && code != NULL
                                  ? gk_table_row(category->table, code) : NULL;
  const char *session = row != NULL ? gk_table_row_attribute(row, "session") : NULL;
  const char *household = row != NULL ? gk_table_row_attribute(row, "household") : NULL;
  if (row != NULL)
    put_int(derive, "current_pupil", session != NULL && strcmp(session, "current") == 0);
  if (household != NULL)
    put_int(derive, "rural", strcmp(household, "rural") == 0);
}

gk_json_t *gk_derive(const gk_document_t *document, const gk_pack_t *pack, gk_date_t as_of, apr_pool_t *pool)
{
  derive_t derive = {document, pack, as_of, gk_json_object(pool), pool};
  put_int(&derive, "season", pack->season);
  put(&derive, "today", gk_date_text(pool, as_of));
  put_int(&derive, "today_number", date_number(as_of));
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &GK_ROWS(gk_field_t, pack->fields)[i];
    const char *text = gk_document_get(document, field->id);
    if (field->type == GK_FIELD_ROWS)
      derive_rows(&derive, field);
    else if (text == NULL)
      continue;
    else if (field->type == GK_FIELD_TEXT)
      derive_text(&derive, field, text);
    else if (field->type == GK_FIELD_CODE)
      derive_code(&derive, field, text);
    else
      derive_date(&derive, field, text);
  }
  derive_person(&derive);
  derive_identity(&derive);
  return derive.out;
}
