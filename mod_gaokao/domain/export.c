/* domain/export.c: see export.h. */
#include "domain/export.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/org.h"
#include "domain/pack.h"

/* Calls `look` with every name the mapping reads. */
static bool mapping_names(const gk_pack_t *pack, bool (*look)(const gk_pack_t *pack, const char *name))
{
  for (int i = 0; i < pack->export_columns->nelts; i++) {
    const gk_export_column_t *column = &APR_ARRAY_IDX(pack->export_columns, i, gk_export_column_t);
    for (int f = 0; f < column->fields->nelts; f++)
      if (look(pack, APR_ARRAY_IDX(column->fields, f, const char *)))
        return true;
  }
  return false;
}

static bool is_of_part(const gk_pack_t *pack, const char *name)
{
  if (gk_pack_field(pack, name) != NULL)
    return false;
  for (int i = 0; i < pack->parts->nelts; i++)
    if (gk_part_field(&APR_ARRAY_IDX(pack->parts, i, gk_part_t), name) != NULL)
      return true;
  return false;
}

static bool is_derived(const gk_pack_t *pack, const char *name)
{
  static const char *const facts[] = {"number", "candidate_number", "point"};
  for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
    if (strcmp(facts[i], name) == 0)
      return false;
  return gk_pack_field(pack, name) == NULL && !is_of_part(pack, name);
}

gk_error_t *gk_export_plan(gk_export_plan_t *out, gk_act_t *act, const gk_export_filter_t *filter)
{
  gk_org_t *org;
  GK_TRY(gk_act_season(act));
  gk_error_t *error = filter->org != NULL
                          ? gk_org_by_code(&org, act, filter->org)
                          : gk_org_get(&org, act, filter->org_id != 0 ? filter->org_id : act->who->org_id);
  if (error != NULL && error->code == GK_E_NOT_FOUND && filter->org != NULL)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本单位范围内没有机构 %s，请检查机构代码",
                    "There is no unit %s in your area: check its code", filter->org);
  GK_TRY(error);
  *out = (gk_export_plan_t){.code = org->code,
                            .name = org->name,
                            .path = org->path,
                            .art = filter->art,
                            .state_1 = "submitted",
                            .state_2 = "accepted",
                            .subject = filter->subject,
                            .class_name = filter->class_name};
  gk_scope_of(org->path, &out->scope_lo, &out->scope_hi, act->pool);
  if (filter->state != NULL && strcmp(filter->state, "any") == 0)
    out->any = true;
  else if (filter->state != NULL)
    out->state_1 = out->state_2 = filter->state;
  out->with_parts = mapping_names(act->season->pack, is_of_part);
  out->with_derived = mapping_names(act->season->pack, is_derived);
  return NULL;
}

gk_json_t *gk_export_plan_json(const gk_export_plan_t *plan, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "org", plan->code);
  gk_json_set_str(json, "kind", plan->art ? "art" : "all");
  if (plan->any)
    gk_json_set_str(json, "state", "any");
  else if (plan->state_1 == plan->state_2)
    gk_json_set_str(json, "state", plan->state_1);
  if (plan->subject != NULL)
    gk_json_set_str(json, "subject", plan->subject);
  if (plan->class_name != NULL)
    gk_json_set_str(json, "class", plan->class_name);
  return json;
}

gk_error_t *gk_export_count(apr_int64_t *count, gk_act_t *act, const gk_export_plan_t *plan)
{
  return gk_export_store_count(count, act, plan);
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

typedef struct walk_t {
  gk_act_t *act;
  gk_export_each_fn each;
  void *baton;
  bool derive;
  gk_date_t today;
} walk_t;

static gk_error_t *one(void *baton, const gk_export_candidate_t *candidate, apr_pool_t *pool)
{
  walk_t *walk = baton;
  gk_export_candidate_t full = *candidate;
  if (walk->derive && !candidate->withdrawn) {
    full.derived = gk_derive(full.document, walk->act->season->pack, walk->today, pool);
    if (strlen(full.point) >= 6)
      gk_json_set_str(full.derived, "county", apr_pstrmemdup(pool, full.point, 6));
  }
  return walk->each(walk->baton, &full, pool);
}

static gk_error_t *walk_points(walk_t *walk, const gk_export_plan_t *plan, apr_pool_t *pool)
{
  enum { PAGE = 500 };
  gk_act_t *act = walk->act;
  apr_pool_t *page_pool, *point_pool;
  const char *after = "";
  gk_error_t *error = NULL;
  apr_pool_create(&page_pool, pool);
  apr_pool_create(&point_pool, pool);
  for (int n = PAGE; error == NULL && n == PAGE;) {
    apr_array_header_t *points = NULL;
    char *kept = apr_pstrdup(point_pool, after);
    apr_pool_clear(page_pool);
    gk_act_t local = *act;
    local.pool = page_pool;
    error = gk_export_store_points(&points, &local, plan, kept, PAGE);
    n = error == NULL ? points->nelts : 0;
    for (int i = 0; error == NULL && i < n; i++) {
      const gk_export_point_t *point = &APR_ARRAY_IDX(points, i, gk_export_point_t);
      apr_pool_clear(point_pool);
      after = point->path;
      error = gk_export_store_each(act, plan, point, one, walk, point_pool);
    }
    if (error != NULL)
      error = gk_error_dup(pool, error);
  }
  apr_pool_destroy(point_pool);
  apr_pool_destroy(page_pool);
  return error;
}

gk_error_t *gk_export_walk(gk_act_t *act, const gk_export_plan_t *plan, gk_export_each_fn each, void *baton)
{
  walk_t walk = {act, each, baton, plan->with_derived, gk_date_of(act->now)};
  return walk_points(&walk, plan, act->pool);
}

gk_error_t *gk_export_each(gk_act_t *act, const gk_export_plan_t *plan, gk_export_each_fn each, void *baton)
{
  GK_TRY(gk_export_store_begin(act));
  gk_error_t *error = gk_export_walk(act, plan, each, baton);
  gk_export_store_end(act);
  return error;
}
