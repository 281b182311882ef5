/* domain/document.c: the document as a value, and changing it by the pack's rules of who may edit what. */
#include "domain/document.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/document_internal.h"

struct gk_document_t {
  gk_json_t *json;   /* object; never changed after the document was handed out */
};

static gk_document_t *wrap(gk_json_t *json, apr_pool_t *pool)
{
  gk_document_t *document = apr_palloc(pool, sizeof *document);
  document->json = json;
  return document;
}

gk_document_t *gk_document_new(apr_pool_t *pool)
{
  return wrap(gk_json_object(pool), pool);
}

static bool filled(const gk_json_t *value)
{
  const char *text = gk_json_str_value(value);
  return text != NULL && *text != '\0';
}

/* A row with its empty cells left out, or NULL when it is no object of strings. */
static gk_json_t *clean_row(gk_json_t *row, apr_pool_t *pool)
{
  if (!gk_json_is_object(row))
    return NULL;
  gk_json_t *clean = gk_json_object(pool);
  for (gk_json_iter_t it = gk_json_first(row); it.key != NULL; gk_json_next(&it)) {
    if (filled(it.value))
      gk_json_set(clean, it.key, it.value); /* shared: values never change */
    else if (!gk_json_is_null(it.value) && !gk_json_is_string(it.value))
      return NULL;
  }
  return clean;
}

gk_error_t *gk_document_from_json(gk_document_t **out, gk_json_t *json, apr_pool_t *pool)
{
  bool fine = gk_json_is_object(json);
  gk_json_t *fields = gk_json_object(pool);
  for (gk_json_iter_t it = gk_json_first(fine ? json : fields); fine && it.key != NULL; gk_json_next(&it)) {
    if (filled(it.value))
      gk_json_set(fields, it.key, it.value);
    else if (gk_json_is_array(it.value)) {
      gk_json_t *rows = gk_json_array(pool);
      for (apr_size_t i = 0; fine && i < gk_json_size(it.value); i++) {
        gk_json_t *row = clean_row(gk_json_at(it.value, i), pool);
        fine = row != NULL;
        if (fine && gk_json_size(row) > 0)
          gk_json_add(rows, row);
      }
      if (gk_json_size(rows) > 0)
        gk_json_set(fields, it.key, rows);
    } else if (!gk_json_is_null(it.value) && !gk_json_is_string(it.value))
      fine = false;
  }
  if (!fine)
    return gk_error(pool, GK_E_MALFORMED, "报名信息应是字段名和文字的对照",
                    "The fields must be an object of names and texts");
  *out = wrap(fields, pool);
  return NULL;
}

gk_error_t *gk_document_parse(gk_document_t **out, const char *text, apr_pool_t *pool)
{
  gk_json_t *json = NULL;
  if (text == NULL || *text == '\0') {
    *out = gk_document_new(pool);
    return NULL;
  }
  GK_TRY(gk_json_parse(&json, text, strlen(text), pool));
  return gk_document_from_json(out, json, pool);
}

gk_json_t *gk_document_json(const gk_document_t *document)
{
  return document->json;
}

const char *gk_document_text(const gk_document_t *document, apr_pool_t *pool)
{
  return gk_json_text_sorted(document->json, pool);
}

const char *gk_document_get(const gk_document_t *document, const char *field)
{
  return document != NULL ? gk_json_str(document->json, field) : NULL;
}

gk_json_t *gk_document_rows(const gk_document_t *document, const char *field)
{
  gk_json_t *rows = document != NULL ? gk_json_get(document->json, field) : NULL;
  return gk_json_is_array(rows) ? rows : NULL;
}

/* A new object with the same values, which are shared: they never change. */
static gk_json_t *same_values(const gk_document_t *document, apr_pool_t *pool)
{
  gk_json_t *copy = gk_json_object(pool);
  if (document != NULL)
    for (gk_json_iter_t it = gk_json_first(document->json); it.key != NULL; gk_json_next(&it))
      gk_json_set(copy, it.key, it.value);
  return copy;
}

gk_document_t *gk_document_with(const gk_document_t *document, const char *field, const char *value,
                                apr_pool_t *pool)
{
  gk_json_t *copy = same_values(document, pool);
  if (value != NULL && *value != '\0')
    gk_json_set_str(copy, field, value);
  else
    gk_json_remove(copy, field);
  return wrap(copy, pool);
}

bool gk_document_equal(const gk_document_t *a, const gk_document_t *b)
{
  return gk_json_equal(a->json, b->json);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

apr_array_header_t *gk_document_changed(const gk_document_t *a, const gk_document_t *b, apr_pool_t *pool)
{
  apr_array_header_t *changed = apr_array_make(pool, 4, sizeof(const char *));
  gk_json_t *left = a != NULL ? a->json : gk_json_object(pool),
            *right = b != NULL ? b->json : gk_json_object(pool);
  for (gk_json_iter_t it = gk_json_first(left); it.key != NULL; gk_json_next(&it)) {
    gk_json_t *other = gk_json_get(right, it.key);
    if (other == NULL || !gk_json_equal(it.value, other))
      APR_ARRAY_PUSH(changed, const char *) = apr_pstrdup(pool, it.key);
  }
  for (gk_json_iter_t it = gk_json_first(right); it.key != NULL; gk_json_next(&it))
    if (gk_json_get(left, it.key) == NULL)
      APR_ARRAY_PUSH(changed, const char *) = apr_pstrdup(pool, it.key);
  qsort(changed->elts, (size_t)changed->nelts, sizeof(const char *), by_name);
  return changed;
}

/* ---- applying an entry ------------------------------------------------------------------------------- */

typedef struct apply_t {
  const gk_pack_t *pack;
  const gk_part_t *part;    /* NULL: the pack's own fields */
  const char *role, *stage;
  const gk_document_t *base;
  gk_json_t *result;
  gk_error_t *error;
  apr_pool_t *pool;
} apply_t;

const char *gk_document__pointer(const char *prefix, const char *key, apr_pool_t *pool)
{
  if (strpbrk(key, "~/") != NULL) {
    char *escaped = apr_palloc(pool, strlen(key) * 2 + 1), *to = escaped;
    for (; *key != '\0'; key++) {
      if (*key == '~' || *key == '/') {
        *to++ = '~';
        *to++ = *key == '~' ? '0' : '1';
      } else
        *to++ = *key;
    }
    *to = '\0';
    key = escaped;
  }
  return apr_pstrcat(pool, prefix != NULL ? prefix : "", "/", key, NULL);
}

void gk_document__violation(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code,
                            const char *zh, const char *en)
{
  /* gk_violation() gives both sentences the same arguments; labels differ by language. */
  gk_violation(error, pool, pointer, code, "", "");
  apr_array_header_t *list = (*error)->violations;
  gk_violation_t *last = &((gk_violation_t *)list->elts)[list->nelts - 1];
  last->zh = zh;
  last->en = en;
}

const char *gk_document__quote(const char *text, apr_pool_t *pool)
{
  const char *at = text;
  for (int count = 0; count < 20; count++)
    if (gk_utf8_next(&at) == 0)
      return text;
  return apr_pstrcat(pool, apr_pstrndup(pool, text, (apr_size_t)(at - text)), "…", NULL);
}

/* Whom to ask for a field one may not edit. */
static void refuse(apply_t *apply, const gk_field_t *field, const char *pointer)
{
  const char *source = field->source != NULL ? field->source : "";
  const char *zh = "请联系报名点办理", *en = "ask your registration point";
  if (strcmp(source, "card") == 0)
    zh = "请带身份证到报名点重新读卡更正", en = "have the ID card read again at the registration point";
  else if (strcmp(source, "county") == 0)
    zh = "请联系县市区招考机构办理", en = "ask the county’s examination office";
  else if (strcmp(source, "candidate") == 0 && gk_field_editable(field, apply->role, "filling"))
    zh = "现在已过填报阶段，需要更正请到报名点办理", en = "its time has passed; have it corrected at the registration point";
  gk_document__violation(&apply->error, apply->pool, pointer, "not-editable",
                         apr_psprintf(apply->pool, "“%s”不能在这里修改，%s", field->label.zh, zh),
                         apr_psprintf(apply->pool, "%s can’t be changed here: %s", field->label.en, en));
}

/* Whether a value the caller may not edit is only the present one sent back. */
static bool unchanged(const apply_t *apply, const gk_field_t *field, const gk_json_t *value)
{
  gk_json_t *present = apply->base != NULL ? gk_json_get(apply->base->json, field->id) : NULL;
  gk_error_t *ignored = NULL;
  gk_json_t *normal = NULL;
  if (!gk_document__value(&normal, field, value, "", &ignored, apply->pool))
    return false;
  return normal == NULL ? present == NULL : present != NULL && gk_json_equal(normal, present);
}

static void apply_one(apply_t *apply, const char *key, const gk_json_t *value, const char *pointer)
{
  const gk_field_t *field =
      apply->part != NULL ? gk_part_field(apply->part, key) : gk_pack_field(apply->pack, key);
  if (field == NULL) {
    const char *shown = gk_document__quote(key, apply->pool);
    gk_violation(&apply->error, apply->pool, pointer, "unknown-field",
                 "没有“%s”这个字段，请刷新页面后重试", "There is no field “%s”: reload the page and try again", shown);
    return;
  }
  if (apply->role != NULL && !gk_field_editable(field, apply->role, apply->stage)) {
    if (!unchanged(apply, field, value))
      refuse(apply, field, pointer);
    return;
  }
  gk_json_t *normal = NULL;
  if (!gk_document__value(&normal, field, value, pointer, &apply->error, apply->pool))
    return;
  if (normal != NULL)
    gk_json_set(apply->result, key, normal);
  else
    gk_json_remove(apply->result, key);
}

static gk_error_t *apply_patch(gk_document_t **out, apply_t *apply, gk_json_t *patch, const char *prefix)
{
  if (!gk_json_is_object(patch))
    return gk_error(apply->pool, GK_E_MALFORMED, "报名信息应是字段名和文字的对照",
                    "The fields must be an object of names and texts");
  apply->result = same_values(apply->base, apply->pool);
  for (gk_json_iter_t it = gk_json_first(patch); it.key != NULL; gk_json_next(&it))
    apply_one(apply, it.key, it.value, gk_document__pointer(prefix, it.key, apply->pool));
  if (apply->error != NULL)
    return apply->error;
  *out = wrap(apply->result, apply->pool);
  return NULL;
}

gk_error_t *gk_document_apply(gk_document_t **out, const gk_document_t *base, gk_json_t *patch,
                              const gk_pack_t *pack, const char *role, const char *stage,
                              const char *pointer_prefix, apr_pool_t *pool)
{
  apply_t apply = {.pack = pack, .role = role, .stage = stage, .base = base, .pool = pool};
  return apply_patch(out, &apply, patch, pointer_prefix);
}

gk_error_t *gk_document_apply_part(gk_document_t **out, const gk_document_t *base, gk_json_t *patch,
                                   const gk_pack_t *pack, const gk_part_t *part, const char *role,
                                   const char *stage, const char *pointer_prefix, apr_pool_t *pool)
{
  apply_t apply = {.pack = pack, .part = part, .role = role, .stage = stage, .base = base, .pool = pool};
  return apply_patch(out, &apply, patch, pointer_prefix);
}
