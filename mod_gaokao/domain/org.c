/* domain/org.c: see org.h. */
#include "domain/org.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/ports_org.h"

static const struct {
  const char *level;
  int code_length;
} levels[] = {{"province", 2}, {"city", 4}, {"county", 6}, {"point", 10}};
enum { LEVELS = 4 };

static int level_index(const char *level)
{
  for (int i = 0; i < LEVELS; i++)
    if (strcmp(levels[i].level, level) == 0)
      return i;
  return LEVELS;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

gk_error_t *gk_org_get(gk_org_t **out, gk_act_t *act, apr_int64_t id)
{
  gk_org_t *org = apr_pcalloc(act->pool, sizeof(*org));
  GK_TRY(gk_org_store_get(org, act, id, NULL));
  *out = org;
  return NULL;
}

gk_error_t *gk_org_by_code(gk_org_t **out, gk_act_t *act, const char *code)
{
  gk_org_t *org = apr_pcalloc(act->pool, sizeof(*org));
  GK_TRY(gk_org_store_get(org, act, 0, code));
  *out = org;
  return NULL;
}

gk_error_t *gk_org_parent(gk_org_t **out, gk_act_t *act, const gk_org_t *org)
{
  bool found = false;
  gk_org_t *parent = apr_pcalloc(act->pool, sizeof(*parent));
  if (org->parent_id != 0)
    GK_TRY(gk_org_store_any(&found, parent, act, org->parent_id));
  *out = found ? parent : NULL;
  return NULL;
}

gk_error_t *gk_org_list(apr_array_header_t **orgs, gk_act_t *act, const gk_org_filter_t *filter, int limit)
{
  const char *lo = act->who->scope_lo, *hi = act->who->scope_hi;
  if (filter->parent_id != 0) {
    gk_org_t *parent;
    GK_TRY(gk_org_get(&parent, act, filter->parent_id));
    gk_scope_of(parent->path, &lo, &hi, act->pool);
  }
  return gk_org_store_list(orgs, act, filter, lo, hi, limit);
}

/* ---- the profile -------------------------------------------------------------------------------------- */

static const struct {
  const char *key, *zh, *en;
  apr_int64_t max;
} equipment[] = {{"computers", "计算机", "computers", 9999},
                 {"card_readers", "身份证阅读器", "ID card readers", 9999},
                 {"cameras", "摄像头或数码相机", "cameras", 9999},
                 {"printers", "打印机", "printers", 9999},
                 {"bandwidth_mbit", "宽带网络", "a broadband line", 100000}};
enum { EQUIPMENT = sizeof(equipment) / sizeof(equipment[0]) };

gk_json_t *gk_org_profile(const gk_org_t *org, apr_pool_t *pool)
{
  gk_json_t *profile = NULL;
  gk_error_t *error = gk_json_parse(&profile, org->profile_text, strlen(org->profile_text), pool);
  return error == NULL && gk_json_is_object(profile) ? profile : gk_json_object(pool);
}

void gk_org_check_profile(gk_json_t *profile, const char *pointer, gk_error_t **error, apr_pool_t *pool)
{
  gk_decode_t outer = {.prefix = "", .error = *error, .pool = pool};
  gk_decode_t d = gk_decode_start(profile, pool);
  d.prefix = pointer;
  gk_decode_int(&d, "estimated", GK_OPTIONAL, 0, 99999, 0);
  gk_decode_str(&d, "hours", GK_OPTIONAL, 1, 100);
  gk_decode_str(&d, "address", GK_OPTIONAL, 1, 100);
  const char *phone = gk_decode_str(&d, "phone", GK_OPTIONAL, 3, 40);
  if (phone != NULL && strspn(phone, "0123456789-+ ,;/()") != strlen(phone))
    gk_decode_fault(&d, "phone", "pattern", "电话只能由数字、-、+、空格和逗号组成",
                    "A phone has digits, -, +, spaces and commas");
  gk_decode_t e = gk_decode_nested(&d, "equipment", GK_OPTIONAL);
  for (int i = 0; e.object != NULL && i < EQUIPMENT; i++)
    gk_decode_int(&e, equipment[i].key, GK_OPTIONAL, 0, equipment[i].max, 0);
  gk_decode_join(&d, &e);
  gk_decode_join(&outer, &d);
  *error = outer.error;
}

/* `change` over `into`: null removes, objects are merged, texts are trimmed. */
static void merge(gk_json_t *into, gk_json_t *change, apr_pool_t *pool)
{
  for (gk_json_iter_t it = gk_json_first(change); it.key != NULL; gk_json_next(&it)) {
    if (gk_json_is_null(it.value)) {
      gk_json_remove(into, it.key);
    } else if (gk_json_is_object(it.value)) {
      gk_json_t *inner = gk_json_get(into, it.key);
      if (!gk_json_is_object(inner)) {
        inner = gk_json_object(pool);
        gk_json_set(into, it.key, inner);
      }
      merge(inner, it.value, pool);
    } else if (gk_json_is_string(it.value)) {
      gk_json_set_str(into, it.key, gk_text_trim(pool, gk_json_str_value(it.value)));
    } else {
      gk_json_set(into, it.key, it.value);
    }
  }
}

/* ---- creating ----------------------------------------------------------------------------------------- */

static void check_code(const char *code, const gk_org_t *parent, int level, gk_error_t **error,
                       apr_pool_t *pool)
{
  int length = levels[level].code_length;
  const char *above = parent != NULL ? parent->code : "";
  if ((int)strlen(code) != length || (int)strspn(code, "0123456789") != length)
    gk_violation(error, pool, "/code", "pattern", "这一级机构的代码应为 %d 位数字",
                 "The code of a unit of this level has %d digits", length);
  else if (strncmp(code, above, strlen(above)) != 0)
    gk_violation(error, pool, "/code", "prefix", "代码应以上级代码 %s 开头",
                 "The code must begin with %s, the code of the unit above", above);
}

static void check_name(const char *name, gk_error_t **error, apr_pool_t *pool)
{
  apr_size_t length = gk_utf8_length(name);
  if (length < 2 || length > 60 || gk_text_forbidden(name, false) != 0)
    gk_violation(error, pool, "/name", "length", "名称应为 2 到 60 个字", "A name has 2 to 60 characters");
}

/* The number after the highest code in use: codes of closed units are never given to another one. */
static gk_error_t *next_code(const char **code, gk_act_t *act, const gk_org_t *parent)
{
  const char *last;
  GK_TRY(gk_org_store_last_code(&last, act, parent->id));
  int serial = last != NULL && strlen(last) == 10 ? atoi(last + 6) + 1 : 1;
  if (serial > 9999)
    return gk_error(act->pool, GK_E_CONFLICT, "“%s”的报名点代码已用完，请指定一个空闲的代码",
                    "'%s' has no point codes left after the last one: say which free code to take",
                    parent->name);
  *code = apr_psprintf(act->pool, "%s%04d", parent->code, serial);
  return NULL;
}

static gk_error_t *code_taken(const gk_act_t *act, const char *code)
{
  gk_error_t *error = NULL;
  gk_violation(&error, act->pool, "/code", "taken", "代码 %s 已被使用，请换一个",
               "The code %s is in use: take another one", code);
  error->code = GK_E_CONFLICT;
  return error;
}

static gk_error_t *insert(apr_int64_t *id, gk_act_t *act, const gk_org_t *parent, int level, const char *code,
                          const char *name, const char *profile)
{
  bool made = false;
  GK_TRY(gk_act_begin(act));
  if (code != NULL) {
    GK_TRY(gk_org_store_insert(&made, id, act, parent, levels[level].level, code, name, profile));
    return made ? NULL : code_taken(act, code);
  }
  /* Two clerks at once may see the same last code; the loser takes the next. */
  for (int tries = 0; tries < 5 && !made; tries++) {
    GK_TRY(next_code(&code, act, parent));
    GK_TRY(gk_org_store_insert(&made, id, act, parent, levels[level].level, code, name, profile));
  }
  return made ? NULL : gk_error_retry(gk_error_plain(act->pool, GK_E_RETRY), APR_USEC_PER_SEC);
}

gk_error_t *gk_org_create(gk_org_t **out, gk_act_t *act, apr_int64_t parent_id, const char *wanted,
                          const char *code, const char *name, gk_json_t *profile)
{
  apr_pool_t *pool = act->pool;
  gk_org_t *parent = NULL;
  gk_error_t *error = NULL;
  int level = 0;
  if (parent_id == 0 && act->who->account_id != 0)
    return gk_error(pool, GK_E_FORBIDDEN, "省级机构由系统管理员建立",
                    "The province itself is made by the system's operator");
  if (parent_id != 0) {
    GK_TRY(gk_org_get(&parent, act, parent_id));
    level = level_index(parent->level) + 1;
    if (level >= LEVELS)
      gk_violation(&error, pool, "/parent_id", "level", "报名点下面不能再设机构",
                   "There is nothing below a registration point");
    else if (!parent->open)
      gk_violation(&error, pool, "/parent_id", "closed", "上级机构已停用，请先启用",
                   "The unit above is switched off: switch it on first");
  }
  if (level < LEVELS && wanted != NULL && strcmp(wanted, levels[level].level) != 0)
    gk_violation(&error, pool, "/level", "level", "这个上级机构的下一级应为 %s",
                 "The level below this unit is %s", levels[level].level);
  if (level < LEVELS && code != NULL)
    check_code(code, parent, level, &error, pool);
  else if (level < LEVELS - 1)
    gk_violation(&error, pool, "/code", "required", "必须填写", "This is required");
  check_name(name, &error, pool);
  gk_json_t *kept = gk_json_object(pool);
  if (profile != NULL) {
    gk_org_check_profile(profile, "/profile", &error, pool);
    merge(kept, gk_json_is_object(profile) ? profile : gk_json_object(pool), pool);
  }
  GK_TRY(error);
  apr_int64_t id = 0;
  GK_TRY(insert(&id, act, parent, level, code, gk_text_trim(pool, name), gk_json_text_sorted(kept, pool)));
  gk_org_t *org;
  GK_TRY(gk_org_get(&org, act, id));
  GK_TRY(gk_audit(act, "org.create", "org", id, org->version, org->path, NULL, gk_org_json(org, pool)));
  *out = org;
  return NULL;
}

/* ---- changing ----------------------------------------------------------------------------------------- */

static gk_error_t *check_change(gk_act_t *act, const gk_org_t *org, const gk_org_change_t *change)
{
  gk_error_t *error = NULL;
  bool own = org->id == act->who->org_id && act->who->account_id != 0;
  bool top = strcmp(org->level, "province") == 0;
  if (change->profile != NULL)
    gk_org_check_profile(change->profile, "/profile", &error, act->pool);
  if (change->name != NULL)
    check_name(change->name, &error, act->pool);
  GK_TRY(error);
  if (own && change->enabled != -1)
    return gk_error(act->pool, GK_E_FORBIDDEN, "不能停用或启用自己的机构，请联系上级",
                    "A unit can't be switched by its own staff: ask the level above");
  if (own && !top && change->name != NULL)
    return gk_error(act->pool, GK_E_FORBIDDEN, "机构名称由上级机构修改", "A unit's name is changed by the level above");
  if (act->who->role == GK_ROLE_POINT && change->profile != NULL &&
      gk_json_get(change->profile, "estimated") != NULL)
    return gk_error(act->pool, GK_E_FORBIDDEN, "预计人数由县市区填写，请联系县市区招考机构",
                    "The estimated number is set by the county bureau");
  return NULL;
}

gk_error_t *gk_org_update(gk_org_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                          const gk_org_change_t *change)
{
  gk_org_t *org;
  bool changed;
  GK_TRY(gk_org_get(&org, act, id));
  GK_TRY(check_change(act, org, change));
  if (org->version != version)
    return gk_stale(act, org->version);
  gk_json_t *before = gk_org_json(org, act->pool);
  gk_org_t next = *org;
  if (change->name != NULL)
    next.name = gk_text_trim(act->pool, change->name);
  if (change->enabled != -1)
    next.enabled = change->enabled != 0;
  if (change->profile != NULL) {
    gk_json_t *profile = gk_org_profile(org, act->pool);
    merge(profile, change->profile, act->pool);
    next.profile_text = gk_json_text_sorted(profile, act->pool);
  }
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_org_store_update(&changed, act, &next));
  GK_TRY(gk_org_get(&org, act, id));
  if (!changed)
    return gk_stale(act, org->version);
  GK_TRY(
      gk_audit(act, "org.update", "org", id, org->version, org->path, before, gk_org_json(org, act->pool)));
  *out = org;
  return NULL;
}

/* ---- readiness ---------------------------------------------------------------------------------------- */

static void lacks(gk_json_t *missing, const char *item, const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *one = gk_json_object(pool);
  gk_json_set_str(one, "item", item);
  gk_json_set_str(one, "zh", zh);
  gk_json_set_str(one, "en", en);
  gk_json_add(missing, one);
}

gk_error_t *gk_org_readiness(gk_json_t **out, gk_act_t *act, const gk_org_t *org)
{
  apr_pool_t *pool = act->pool;
  apr_int64_t operators, numbers_left;
  *out = NULL;
  if (strcmp(org->level, "point") != 0)
    return NULL;
  GK_TRY(gk_org_store_means(&operators, &numbers_left, act, org->id));
  gk_json_t *profile = gk_org_profile(org, pool), *tools = gk_json_get(profile, "equipment");
  gk_json_t *missing = gk_json_array(pool), *readiness = gk_json_object(pool);
  for (int i = 0; i < EQUIPMENT; i++)
    if (gk_json_int(tools, equipment[i].key) <= 0)
      lacks(missing, equipment[i].key, apr_pstrcat(pool, "缺少", equipment[i].zh, NULL),
            apr_pstrcat(pool, "There is no record of ", equipment[i].en, NULL), pool);
  if (gk_json_str(profile, "address") == NULL)
    lacks(missing, "address", "没有填写地址", "The address is missing", pool);
  if (gk_json_str(profile, "phone") == NULL)
    lacks(missing, "phone", "没有填写联系电话", "The phone is missing", pool);
  if (gk_json_str(profile, "hours") == NULL)
    lacks(missing, "hours", "没有填写工作时间", "The opening hours are missing", pool);
  if (gk_json_int(profile, "estimated") <= 0)
    lacks(missing, "estimated", "县市区还没有填写预计人数", "The county has not entered the estimated number", pool);
  if (operators == 0)
    lacks(missing, "operator", "没有可登录的操作员账号", "No operator can sign in", pool);
  if (numbers_left <= 0)
    lacks(missing, "numbers", "没有可用的报名顺序号号段", "There are no registration numbers left", pool);
  if (!org->open)
    lacks(missing, "open", "报名点或上级机构已停用", "The point or a unit above it is switched off", pool);
  gk_json_set_bool(readiness, "ready", gk_json_size(missing) == 0);
  gk_json_set(readiness, "missing", missing);
  *out = readiness;
  return NULL;
}

/* ---- JSON --------------------------------------------------------------------------------------------- */

gk_json_t *gk_org_json(const gk_org_t *org, apr_pool_t *pool)
{
  gk_json_t *json = gk_org_brief_json(org->id, org->code, org->name, org->level, pool);
  gk_json_set_id(json, "parent_id", org->parent_id);
  gk_json_set_str(json, "path", org->path);
  gk_json_set_bool(json, "enabled", org->enabled);
  gk_json_set_bool(json, "open", org->open);
  gk_json_set(json, "profile", gk_org_profile(org, pool));
  gk_json_set_int(json, "version", org->version);
  gk_json_set_time(json, "created_at", org->created);
  gk_json_set_time(json, "updated_at", org->updated);
  return json;
}

gk_json_t *gk_org_brief_json(apr_int64_t id, const char *code, const char *name, const char *level,
                             apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", id);
  gk_json_set_str(json, "code", code);
  gk_json_set_str(json, "name", name);
  gk_json_set_str(json, "level", level);
  return json;
}
