/* domain/audit_view.c: see audit_view.h. */
#include "domain/audit_view.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"
#include "domain/pack.h"

gk_error_t *gk_audit_list(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *filter,
                          int limit)
{
  return gk_audit_store_list(entries, act, filter, limit);
}

static gk_error_t *absent(gk_act_t *act, gk_error_t *error, const char *what)
{
  if (error == NULL || error->code != GK_E_NOT_FOUND)
    return error;
  return gk_error(act->pool, GK_E_NOT_FOUND, "本单位范围内没有“%s”", "There is no '%s' within your unit", what);
}

/* What was looked for, for the row that the search itself leaves. */
static gk_json_t *wanted(const gk_audit_filter_t *filter, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "object_kind", filter->object_kind);
  gk_json_set_id(json, "object_id", filter->object_id);
  gk_json_set_id(json, "actor", filter->actor_id);
  gk_json_set_id(json, "candidate", filter->candidate_id);
  gk_json_set_str(json, "action", filter->action);
  gk_json_set_str(json, "org", filter->org_path);
  gk_json_set_time(json, "from", filter->from);
  gk_json_set_time(json, "to", filter->to);
  gk_json_set_id(json, "after", filter->before_seq);
  return json;
}

gk_error_t *gk_audit_search(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *given, int limit)
{
  gk_audit_filter_t filter = *given;
  gk_org_t *org;
  if (filter.number != NULL) {
    GK_TRY(gk_act_season(act));
    GK_TRY(absent(act, gk_audit_store_candidate(&filter.candidate_id, act, filter.number), filter.number));
  }
  if (filter.login != NULL)
    GK_TRY(absent(act, gk_audit_store_actor(&filter.actor_id, act, filter.login), filter.login));
  if (filter.org != NULL) {
    GK_TRY(absent(act, gk_org_by_code(&org, act, filter.org), filter.org));
    filter.org_path = org->path;
  }
  GK_TRY(gk_audit_store_list(entries, act, &filter, limit));
  return gk_audit(act, "audit.search", "audit", 0, 0, act->who->org_path, NULL, wanted(&filter, act->pool));
}

/* Members beside the fields that hold personal values. */
static bool personal_member(const char *key)
{
  static const char *const keys[] = {"id_number", "phone", "mobile", "address"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (strcmp(keys[i], key) == 0)
      return true;
  return false;
}

static const gk_field_t *field_of(const gk_pack_t *pack, const char *key)
{
  const gk_field_t *field = pack != NULL ? gk_pack_field(pack, key) : NULL;
  for (int i = 0; field == NULL && pack != NULL && i < pack->parts->nelts; i++)
    field = gk_part_field(&APR_ARRAY_IDX(pack->parts, i, gk_part_t), key);
  return field;
}

/* The name stays readable: lists show it. */
static gk_json_t *shown(gk_json_t *holder, const char *slot, const gk_json_t *value, const char *key,
                        const gk_pack_t *pack, bool masked, apr_pool_t *pool)
{
  const gk_field_t *field = field_of(pack, key);
  bool hide = masked && value != NULL && !gk_json_is_null(value) && strcmp(key, "name") != 0 &&
              (personal_member(key) || (field != NULL && field->personal));
  if (value == NULL || gk_json_is_null(value)) {
    gk_json_set_null(holder, slot);
  } else if (!hide) {
    gk_json_set(holder, slot, gk_json_copy(value, pool));
  } else if (!gk_json_is_string(value)) {
    gk_json_set_str(holder, slot, "***");
  } else {
    const char *text = gk_json_str_value(value);
    if (strcmp(key, "id_number") == 0)
      gk_json_set_str(holder, slot, gk_text_mask_id(pool, text));
    else if (field != NULL && (field->pattern == GK_PATTERN_MOBILE || field->pattern == GK_PATTERN_PHONE))
      gk_json_set_str(holder, slot, gk_text_mask_phone(pool, text));
    else
      gk_json_set_str(holder, slot, "***");
  }
  return holder;
}

typedef struct diff_t {
  gk_json_t *changes;
  const gk_pack_t *pack;
  bool masked;
  apr_pool_t *pool;
} diff_t;

static void change(const diff_t *diff, const char *prefix, const char *key, const gk_json_t *before,
                   const gk_json_t *after)
{
  if (before != NULL && after != NULL && gk_json_equal(before, after))
    return;
  gk_json_t *one = gk_json_object(diff->pool);
  gk_json_set_str(one, "field", apr_pstrcat(diff->pool, prefix, key, NULL));
  shown(one, "before", before, key, diff->pack, diff->masked, diff->pool);
  shown(one, "after", after, key, diff->pack, diff->masked, diff->pool);
  gk_json_add(diff->changes, one);
}

static bool has_members(const char *key) { return strcmp(key, "fields") == 0 || strcmp(key, "body") == 0; }

static void compare(const diff_t *diff, const char *prefix, gk_json_t *before, gk_json_t *after)
{
  gk_json_t *none = gk_json_object(diff->pool);
  before = gk_json_is_object(before) ? before : none;
  after = gk_json_is_object(after) ? after : none;
  for (gk_json_iter_t it = gk_json_first(before); it.key != NULL; gk_json_next(&it)) {
    gk_json_t *other = gk_json_get(after, it.key);
    if (prefix[0] == '\0' && has_members(it.key))
      compare(diff, apr_pstrcat(diff->pool, it.key, ".", NULL), it.value, other);
    else
      change(diff, prefix, it.key, it.value, other);
  }
  for (gk_json_iter_t it = gk_json_first(after); it.key != NULL; gk_json_next(&it)) {
    if (gk_json_get(before, it.key) != NULL)
      continue;
    if (prefix[0] == '\0' && has_members(it.key))
      compare(diff, apr_pstrcat(diff->pool, it.key, ".", NULL), none, it.value);
    else
      change(diff, prefix, it.key, NULL, it.value);
  }
}

gk_json_t *gk_audit_entry_json(const gk_audit_entry_t *entry, const struct gk_pack_t *pack, bool masked,
                               apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *actor = gk_json_object(pool), *object = gk_json_object(pool);
  gk_json_set_int(json, "seq", entry->seq);
  gk_json_set_time(json, "at", entry->at);
  gk_json_set_int(actor, "id", entry->actor_id);
  gk_json_set_str(actor, "login", gk_json_str(entry->body, "login"));
  gk_json_set_str(actor, "name", entry->actor_name);
  gk_json_set_str(actor, "role", gk_json_str(entry->body, "role"));
  gk_json_set(json, "actor", actor);
  gk_json_set_str(json, "org", entry->org_path);
  gk_json_set_str(json, "action", entry->action);
  gk_json_set_str(object, "kind", entry->object_kind);
  gk_json_set_int(object, "id", entry->object_id);
  gk_json_set_int(object, "version", entry->object_version);
  gk_json_set(json, "object", object);
  gk_json_set_str(json, "request_id", entry->request_id);
  diff_t diff = {gk_json_array(pool), pack, masked, pool};
  compare(&diff, "", gk_json_get(entry->body, "before"), gk_json_get(entry->body, "after"));
  gk_json_set(json, "changes", diff.changes);
  if (entry->erased)
    gk_json_set_bool(json, "erased", true);
  return json;
}
