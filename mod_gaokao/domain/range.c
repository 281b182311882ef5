/* domain/range.c: see range.h. */
#include "domain/range.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/org.h"
#include "domain/pack.h"
#include "domain/ports_range.h"

#define N APR_INT64_T_FMT
#define ENOUGH 10000 /* more ranges than a county has serials there can't be */

static const char *subject_name(const gk_act_t *act, const char *code, bool english)
{
  const gk_subject_t *subject = gk_pack_subject(act->season->pack, code);
  return subject == NULL ? code : english ? subject->name.en : subject->name.zh;
}

/* ---- taking a number ---------------------------------------------------------------------------------- */

/* Says whom to ask. The point knows its county; the county's phone stands in its profile. */
static gk_error_t *full(gk_act_t *act, apr_int64_t org_id, const char *subject)
{
  gk_org_t *point, *county;
  GK_TRY(gk_org_get(&point, act, org_id));
  GK_TRY(gk_org_parent(&county, act, point));
  const char *bureau = county != NULL ? county->name : "";
  const char *phone = county != NULL ? gk_json_str(gk_org_profile(county, act->pool), "phone") : NULL;
  gk_error_t *error = gk_error_plain(act->pool, GK_E_RANGE_FULL);
  error->zh = apr_psprintf(act->pool, "报名点“%s”没有“%s”的报名顺序号可用了，请联系%s招考机构增加号段%s%s", point->name,
                           subject_name(act, subject, false), bureau, phone != NULL ? "，电话 " : "",
                           phone != NULL ? phone : "");
  error->en = apr_psprintf(
      act->pool,
      "The point '%s' has no registration numbers left for %s: ask the bureau of %s for a range%s%s",
      point->name, subject_name(act, subject, true), bureau, phone != NULL ? ", phone " : "",
      phone != NULL ? phone : "");
  return error;
}

gk_error_t *gk_range_take(gk_act_t *act, apr_int64_t org_id, const char *subject, const char **number,
                          apr_int64_t *range_id)
{
  bool found = false;
  apr_int64_t id = 0, serial = 0;
  const char *county = NULL, *text = NULL;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_range_store_take(&found, &id, &serial, &county, act, org_id, subject));
  if (!found)
    return full(act, org_id, subject);
  GK_TRY(gk_pack_registration_number(&text, act->season->pack, county, (int)serial, act->pool));
  *number = text;
  *range_id = id;
  return NULL;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

gk_error_t *gk_range_get(gk_range_t **out, gk_act_t *act, apr_int64_t id)
{
  gk_range_t *range = apr_pcalloc(act->pool, sizeof(*range));
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_range_store_get(range, act, id));
  *out = range;
  return NULL;
}

const char *gk_range_cursor(const gk_range_t *range, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%s,%s,%" N, range->org_path, range->subject, range->first);
}

/* A cursor comes back from the client: anything may stand in it, nothing but values is made of it. */
static gk_error_t *read_cursor(const char *cursor, const char **path, const char **subject,
                               apr_int64_t *first, apr_pool_t *pool)
{
  *path = *subject = "";
  *first = 0;
  if (cursor == NULL)
    return NULL;
  char *text = apr_pstrdup(pool, cursor), *comma = strchr(text, ','), *last = strrchr(text, ',');
  if (comma == NULL || last == comma || strlen(last + 1) > 5 ||
      strspn(last + 1, "0123456789") != strlen(last + 1)) {
    gk_error_t *error = NULL;
    gk_violation(&error, pool, "?after", "cursor", "翻页参数不对，请从第一页重新查询",
                 "This is no cursor: start from the first page");
    return error;
  }
  *comma = *last = '\0';
  *path = text;
  *subject = comma + 1;
  *first = apr_atoi64(last + 1);
  return NULL;
}

gk_error_t *gk_range_list(apr_array_header_t **ranges, gk_act_t *act, const gk_range_filter_t *filter,
                          int limit)
{
  const char *lo = act->who->scope_lo, *hi = act->who->scope_hi, *path, *subject;
  apr_int64_t first;
  GK_TRY(gk_act_season(act));
  GK_TRY(read_cursor(filter->after, &path, &subject, &first, act->pool));
  if (filter->org_id != 0) {
    gk_org_t *org;
    GK_TRY(gk_org_get(&org, act, filter->org_id));
    gk_scope_of(org->path, &lo, &hi, act->pool);
  }
  return gk_range_store_list(ranges, act, filter, lo, hi, path, subject, first, limit);
}

/* Digits 3 to 6 of the county's code. */
static const char *county_code_of(const char *code, apr_pool_t *pool)
{
  return apr_pstrndup(pool, code + 2, 4);
}

gk_error_t *gk_range_free(apr_array_header_t **gaps, const char **county_code, gk_act_t *act,
                          apr_int64_t org_id)
{
  gk_org_t *county;
  apr_array_header_t *ranges;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_org_get(&county, act, org_id != 0 ? org_id : act->who->org_id));
  if (strcmp(county->level, "county") != 0) {
    gk_error_t *error = NULL;
    gk_violation(&error, act->pool, "?org_id", "level", "请指定一个县市区", "Say which county");
    return error;
  }
  const struct gk_pack_t *pack = act->season->pack;
  const char *code = county_code_of(county->code, act->pool);
  GK_TRY(gk_range_store_meeting(&ranges, act, code, pack->serial_first, pack->serial_last, 0, ENOUGH));
  apr_array_header_t *out = apr_array_make(act->pool, 8, sizeof(gk_gap_t));
  apr_int64_t at = pack->serial_first;
  for (int i = 0; i < ranges->nelts; i++) {
    const gk_range_t *range = APR_ARRAY_IDX(ranges, i, gk_range_t *);
    if (range->first > at)
      APR_ARRAY_PUSH(out, gk_gap_t) = (gk_gap_t){at, range->first - 1};
    if (range->last >= at)
      at = range->last + 1;
  }
  if (at <= pack->serial_last)
    APR_ARRAY_PUSH(out, gk_gap_t) = (gk_gap_t){at, pack->serial_last};
  *gaps = out;
  *county_code = code;
  return NULL;
}

/* ---- changing ----------------------------------------------------------------------------------------- */

static gk_error_t *overlaps(gk_act_t *act, const char *county_code, apr_int64_t first, apr_int64_t last,
                            apr_int64_t except)
{
  apr_array_header_t *others;
  GK_TRY(gk_range_store_meeting(&others, act, county_code, first, last, except, 1));
  if (others->nelts == 0)
    return NULL;
  const gk_range_t *other = APR_ARRAY_IDX(others, 0, gk_range_t *);
  gk_error_t *error = gk_error_plain(act->pool, GK_E_RANGE_OVERLAP);
  error->zh = apr_psprintf(act->pool, "与报名点“%s”（%s）“%s”的号段 %04d-%04d 重叠，请选用空闲的顺序号",
                           other->org_name, other->org_code, subject_name(act, other->subject, false),
                           (int)other->first, (int)other->last);
  error->en =
      apr_psprintf(act->pool, "Overlaps %04d-%04d of the point '%s' (%s), %s: take serials that are free",
                   (int)other->first, (int)other->last, other->org_name, other->org_code,
                   subject_name(act, other->subject, true));
  return error;
}

/* When the database refused: somebody else was quicker, and this transaction can ask nothing any more. */
static gk_error_t *late_overlap(gk_act_t *act, gk_error_t *error)
{
  if (error == NULL || error->code != GK_E_RANGE_OVERLAP)
    return error;
  gk_error_t *better = gk_error(act->pool, GK_E_RANGE_OVERLAP, "这些顺序号刚刚被分给了别的号段，请刷新后重新选择",
                                "These serials were just given to another range: reload and choose again");
  better->cause = error;
  return better;
}

static void check_serials(gk_act_t *act, apr_int64_t first, apr_int64_t last, gk_error_t **error)
{
  const struct gk_pack_t *pack = act->season->pack;
  if (first < pack->serial_first || first > pack->serial_last)
    gk_violation(error, act->pool, "/first", "out-of-range", "应在 %d 到 %d 之间", "Must be from %d to %d",
                 pack->serial_first, pack->serial_last);
  if (last < pack->serial_first || last > pack->serial_last)
    gk_violation(error, act->pool, "/last", "out-of-range", "应在 %d 到 %d 之间", "Must be from %d to %d",
                 pack->serial_first, pack->serial_last);
  else if (last < first)
    gk_violation(error, act->pool, "/last", "order", "止号不能小于起号",
                 "The last serial must not be below the first");
}

static void check_subject(gk_act_t *act, const char *subject, gk_error_t **error)
{
  if (gk_pack_subject(act->season->pack, subject) == NULL)
    gk_violation(error, act->pool, "/subject", "unknown-code", "本年度没有这个科类",
                 "This season has no such subject category");
}

/* A point of the actor's subtree that is open. */
static gk_error_t *find_point(gk_org_t **out, gk_act_t *act, apr_int64_t org_id)
{
  gk_error_t *error = NULL;
  GK_TRY(gk_org_get(out, act, org_id));
  if (strcmp((*out)->level, "point") != 0)
    gk_violation(&error, act->pool, "/org_id", "level", "号段只能分给报名点",
                 "A range belongs to a registration point");
  else if (!(*out)->open)
    gk_violation(&error, act->pool, "/org_id", "closed", "该报名点已停用，请先启用",
                 "This point is switched off: switch it on first");
  return error;
}

static gk_error_t *reload(gk_range_t **out, gk_act_t *act, apr_int64_t id, const char *action,
                          gk_json_t *before)
{
  gk_range_t *range;
  GK_TRY(gk_range_get(&range, act, id));
  GK_TRY(gk_audit(act, action, "range", id, range->version, range->org_path, before,
                  gk_range_json(range, act->pool)));
  *out = range;
  return NULL;
}

gk_error_t *gk_range_create(gk_range_t **out, gk_act_t *act, apr_int64_t org_id, const char *subject,
                            apr_int64_t first, apr_int64_t last)
{
  gk_org_t *point = NULL;
  gk_error_t *error = NULL;
  apr_int64_t id;
  GK_TRY(gk_act_season(act));
  check_subject(act, subject, &error);
  check_serials(act, first, last, &error);
  GK_TRY(error);
  GK_TRY(find_point(&point, act, org_id));
  gk_range_t range = {.org_id = org_id,
                      .county_code = county_code_of(point->code, act->pool),
                      .subject = subject,
                      .first = first,
                      .last = last};
  GK_TRY(overlaps(act, range.county_code, first, last, 0));
  GK_TRY(gk_act_begin(act));
  GK_TRY(late_overlap(act, gk_range_store_insert(&id, act, &range)));
  return reload(out, act, id, "range.create", NULL);
}

static gk_error_t *given(const gk_act_t *act, const gk_range_t *range)
{
  return gk_error(act->pool, GK_E_CONFLICT, "号段 %04d-%04d 已发出到 %04d，只能改动还没有发出的部分",
                  "Of the range %04d-%04d serials up to %04d are given: only what comes after can be changed",
                  (int)range->first, (int)range->last, (int)range->next - 1);
}

/* A statement that changed nothing: says why. */
static gk_error_t *why_unchanged(gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_range_t *range;
  GK_TRY(gk_range_get(&range, act, id));
  return range->version != version ? gk_stale(act, range->version) : given(act, range);
}

/* Loads for a change by If-Match. */
static gk_error_t *load(gk_range_t **range, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_range_get(range, act, id));
  return (*range)->version == version ? NULL : gk_stale(act, (*range)->version);
}

gk_error_t *gk_range_resize(gk_range_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                            apr_int64_t last)
{
  gk_range_t *range;
  gk_error_t *error = NULL;
  bool changed;
  GK_TRY(load(&range, act, id, version));
  check_serials(act, range->first, last, &error);
  GK_TRY(error);
  if (last < range->next - 1)
    return given(act, range);
  GK_TRY(overlaps(act, range->county_code, range->first, last, id));
  gk_json_t *before = gk_range_json(range, act->pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(late_overlap(act, gk_range_store_resize(&changed, act, id, version, last)));
  if (!changed)
    return why_unchanged(act, id, version);
  return reload(out, act, id, "range.update", before);
}

gk_error_t *gk_range_split(gk_range_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                           apr_int64_t at, apr_int64_t org_id, const char *subject)
{
  gk_range_t *range, *rest;
  gk_org_t *point;
  gk_error_t *error = NULL;
  bool changed;
  apr_int64_t new_id;
  GK_TRY(load(&range, act, id, version));
  if (at <= range->first || at > range->last)
    gk_violation(&error, act->pool, "/at", "out-of-range", "分割点应在 %d 到 %d 之间",
                 "The split must be from %d to %d", (int)range->first + 1, (int)range->last);
  if (subject != NULL)
    check_subject(act, subject, &error);
  GK_TRY(error);
  if (at < range->next)
    return given(act, range);
  GK_TRY(find_point(&point, act, org_id != 0 ? org_id : range->org_id));
  gk_range_t tail = {.org_id = point->id, .county_code = range->county_code,
                     .subject = subject != NULL ? subject : range->subject, .first = at, .last = range->last};
  if (strcmp(county_code_of(point->code, act->pool), range->county_code) != 0) {
    gk_violation(&error, act->pool, "/org_id", "county", "只能分给同一县市区的报名点",
                 "The point must belong to the same county");
    return error;
  }
  gk_json_t *before = gk_range_json(range, act->pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_range_store_resize(&changed, act, id, version, at - 1));
  if (!changed)
    return why_unchanged(act, id, version);
  GK_TRY(late_overlap(act, gk_range_store_insert(&new_id, act, &tail)));
  GK_TRY(reload(&rest, act, id, "range.split", before));
  return reload(out, act, new_id, "range.create", NULL);
}

gk_error_t *gk_range_delete(gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_range_t *range;
  bool changed;
  GK_TRY(load(&range, act, id, version));
  if (range->next > range->first)
    return given(act, range);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_range_store_delete(&changed, act, id, version));
  if (!changed)
    return why_unchanged(act, id, version);
  return gk_audit(act, "range.delete", "range", id, version, range->org_path, gk_range_json(range, act->pool),
                  NULL);
}

/* ---- JSON --------------------------------------------------------------------------------------------- */

gk_json_t *gk_range_json(const gk_range_t *range, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", range->id);
  gk_json_set(json, "org", gk_org_brief_json(range->org_id, range->org_code, range->org_name, "point", pool));
  gk_json_set_str(json, "org_path", range->org_path);
  gk_json_set_str(json, "county_code", range->county_code);
  gk_json_set_str(json, "subject", range->subject);
  gk_json_set_int(json, "first", range->first);
  gk_json_set_int(json, "last", range->last);
  gk_json_set_int(json, "next", range->next);
  gk_json_set_int(json, "given", range->next - range->first);
  gk_json_set_int(json, "left", range->last - range->next + 1);
  gk_json_set_int(json, "version", range->version);
  gk_json_set_time(json, "created_at", range->created);
  gk_json_set_time(json, "updated_at", range->updated);
  return json;
}
