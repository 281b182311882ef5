/* domain/pack_local.c: see pack_local.h. */
#include "domain/pack_local.h"

#include <string.h>
#include <apr_strings.h>

#include "base/xml.h"

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

const char *gk_local_prefix(const char *unit, apr_pool_t *pool)
{
  return apr_pstrcat(pool, "local-", unit, "-", NULL);
}

const char *gk_local_empty(const char *unit, const char *pack, apr_pool_t *pool)
{
  return apr_psprintf(pool,
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<local-rules xmlns=\"urn:gaokao:pack:1\" unit=\"%s\" "
                      "pack=\"%s\" version=\"1\">\n  <bases>\n  </bases>\n  <rules>\n  </rules>\n</local-rules>\n",
                      unit, gk_xml_escape(pool, pack));
}

/* ---- what a unit may write ----------------------------------------------------------------------------------- */

gk_error_t *gk_local_changes(gk_json_t *changes, const char *unit, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  const char *prefix = gk_local_prefix(unit, pool);
  gk_json_t *rules = gk_json_get(changes, "rules"), *removed = gk_json_get(changes, "remove"), *kept = gk_json_array(pool);
  for (apr_size_t i = 0; i < gk_json_size(rules); i++) {
    gk_json_t *rule = gk_json_at(rules, i), *areas = gk_json_array(pool);
    const char *id = gk_json_str(rule, "id");
    if (id != NULL && strncmp(id, prefix, strlen(prefix)) != 0)
      gk_json_set_str(rule, "id", apr_pstrcat(pool, prefix, id, NULL));
    gk_json_add_str(areas, unit);
    gk_json_set(rule, "areas", areas);
    for (apr_size_t s = 0; s < gk_json_size(gk_json_get(rule, "stages")); s++)
      if (gk_json_str_value(gk_json_at(gk_json_get(rule, "stages"), s)) != NULL &&
          is(gk_json_str_value(gk_json_at(gk_json_get(rule, "stages"), s)), "export"))
        gk_violation(&error, pool, apr_psprintf(pool, "/rules/%d/stages", (int)i), "stage",
                     "上报以后由省级检查，地方规则不能用于导出环节",
                     "What is handed to the province is judged by it: no local rule at the stage export");
  }
  for (apr_size_t i = 0; i < gk_json_size(removed); i++) {
    const char *id = gk_json_str_value(gk_json_at(removed, i));
    if (id != NULL)
      gk_json_add_str(kept, strncmp(id, prefix, strlen(prefix)) == 0 ? id : apr_pstrcat(pool, prefix, id, NULL));
  }
  if (removed != NULL)
    gk_json_set(changes, "remove", kept);
  return error;
}

/* ---- the pack with the rules of units ------------------------------------------------------------------------ */

static bool allowed(const gk_pack_t *pack, const gk_local_rules_t *rules)
{
  return is(rules->unit_level, "city") ? pack->local_city : is(rules->unit_level, "county") && pack->local_county;
}

apr_array_header_t *gk_local_rules_of(const gk_pack_t *pack, const char *unit, apr_pool_t *pool)
{
  apr_array_header_t *own = apr_array_make(pool, 8, sizeof(gk_rule_t));
  for (int i = 0; i < pack->rules->nelts; i++) {
    const gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t);
    if (rule->set_by != NULL && is(rule->set_by->code, unit))
      APR_ARRAY_PUSH(own, gk_rule_t) = *rule;
  }
  return own;
}

/* Who set which rule, from the `from`th on: a rule of the province with such an id stays the province's. */
static void mark(gk_pack_t *pack, int from, const gk_local_rules_t *rules, apr_pool_t *pool)
{
  const char *prefix = gk_local_prefix(rules->unit, pool);
  gk_setter_t *setter = apr_palloc(pool, sizeof(*setter));
  *setter = (gk_setter_t){apr_pstrdup(pool, rules->unit), apr_pstrdup(pool, rules->unit_name),
                          apr_pstrdup(pool, rules->unit_level)};
  for (int i = from; i < pack->rules->nelts; i++) {
    gk_rule_t *rule = &APR_ARRAY_IDX(pack->rules, i, gk_rule_t);
    if (strncmp(rule->id, prefix, strlen(prefix)) == 0 && rule->areas->nelts == 1 &&
        is(APR_ARRAY_IDX(rule->areas, 0, const char *), rules->unit))
      rule->set_by = setter;
  }
}

/* What units add is theirs, for their own area, or it is not taken: whatever stands in their XML. */
static gk_error_t *check_marked(const gk_pack_t *pack, int from, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  for (int i = from; i < pack->rules->nelts; i++)
    if (APR_ARRAY_IDX(pack->rules, i, gk_rule_t).set_by == NULL)
      gk_violation(&error, pool, "/rules", "foreign", "规则 %s 不是本单位为本地增加的规则",
                   "Rule %s is none that the unit adds for its own area", APR_ARRAY_IDX(pack->rules, i, gk_rule_t).id);
  return error;
}

static gk_error_t *joined(gk_pack_t **out, const char *xml, const apr_array_header_t *sets, const char *rng, apr_pool_t *pool,
                          apr_pool_t *scratch)
{
  gk_pack_t *pack;
  int own = gk_pack_rule_tags(xml);
  /* Each step is a copy of the text: of two pools in turn, so that no more than two stand. */
  apr_pool_t *turns[2];
  apr_pool_create(&turns[0], scratch);
  apr_pool_create(&turns[1], scratch);
  for (int i = 0; i < sets->nelts; i++) {
    apr_pool_clear(turns[i % 2]);
    xml = gk_pack_join(xml, APR_ARRAY_IDX(sets, i, gk_local_rules_t).xml, turns[i % 2]);
  }
  GK_TRY(gk_pack_load(&pack, xml, strlen(xml), rng, pool, scratch));
  for (int i = 0; i < sets->nelts; i++)
    mark(pack, own, &APR_ARRAY_IDX(sets, i, gk_local_rules_t), pool);
  GK_TRY(check_marked(pack, own, scratch));
  *out = pack;
  return NULL;
}

static const char *reason_of(const gk_error_t *error)
{
  const gk_violation_t *first = error->violations != NULL && error->violations->nelts > 0
                                    ? &APR_ARRAY_IDX(error->violations, 0, gk_violation_t) : NULL;
  return first != NULL ? first->zh : error->zh != NULL ? error->zh : gk_error_info(error->code)->zh;
}

/* One after the other, where not all of them fit together. */
static gk_error_t *sift(gk_pack_t **out, const char *xml, const apr_array_header_t *sets, apr_array_header_t **left_out,
                        apr_pool_t *pool, apr_pool_t *scratch)
{
  gk_pack_t *alone, *trial;
  apr_pool_t *iter; /* a whole pack for each unit, and there may be a hundred */
  apr_array_header_t *good = apr_array_make(scratch, sets->nelts + 1, sizeof(gk_local_rules_t));
  GK_TRY(gk_pack_load(&alone, xml, strlen(xml), NULL, pool, scratch));
  apr_pool_create(&iter, scratch);
  for (int i = 0; i < sets->nelts; i++) {
    apr_pool_clear(iter);
    gk_local_rules_t set = APR_ARRAY_IDX(sets, i, gk_local_rules_t);
    apr_array_header_t *one = apr_array_make(iter, 1, sizeof(gk_local_rules_t));
    APR_ARRAY_PUSH(one, gk_local_rules_t) = set;
    gk_error_t *error = allowed(alone, &set) ? joined(&trial, xml, one, NULL, iter, iter)
                                             : gk_error(iter, GK_E_CONFLICT, "省里的政策包不再允许这一级增加规则",
                                                        "The province's pack allows no rules of this level any more");
    if (error == NULL) {
      APR_ARRAY_PUSH(good, gk_local_rules_t) = set;
    } else if (left_out != NULL) {
      set.xml = apr_pstrdup(pool, reason_of(error));
      APR_ARRAY_PUSH(*left_out, gk_local_rules_t) = set;
    }
  }
  apr_pool_destroy(iter);
  if (good->nelts == 0) {
    *out = alone;
    return NULL;
  }
  return joined(out, xml, good, NULL, pool, scratch);
}

gk_error_t *gk_pack_whole(gk_pack_t **out, gk_db_t *db, apr_int64_t season_id, const gk_blob_t *body,
                          const gk_local_rules_t *instead, apr_array_header_t **left_out, apr_pool_t *result_pool,
                          apr_pool_t *scratch_pool)
{
  apr_array_header_t *stored, *sets = apr_array_make(scratch_pool, 8, sizeof(gk_local_rules_t));
  const char *xml = apr_pstrmemdup(scratch_pool, (const char *)body->bytes, body->length);
  if (left_out != NULL)
    *left_out = apr_array_make(result_pool, 1, sizeof(gk_local_rules_t));
  GK_TRY(gk_store_local_rules(&stored, db, season_id, scratch_pool));
  for (int i = 0; i < stored->nelts; i++)
    if (instead == NULL || !is(APR_ARRAY_IDX(stored, i, gk_local_rules_t).unit, instead->unit))
      APR_ARRAY_PUSH(sets, gk_local_rules_t) = APR_ARRAY_IDX(stored, i, gk_local_rules_t);
  if (instead != NULL)
    APR_ARRAY_PUSH(sets, gk_local_rules_t) = *instead;
  if (sets->nelts == 0)
    return gk_pack_load(out, (const char *)body->bytes, body->length, NULL, result_pool, scratch_pool);
  gk_pack_t *pack;
  gk_error_t *error = joined(&pack, xml, sets, NULL, result_pool, scratch_pool);
  bool fits = error == NULL;
  for (int i = 0; fits && i < sets->nelts; i++)
    fits = allowed(pack, &APR_ARRAY_IDX(sets, i, gk_local_rules_t));
  if (!fits)
    return sift(out, xml, sets, left_out, result_pool, scratch_pool);
  *out = pack;
  return NULL;
}

/* ---- one version of a unit ------------------------------------------------------------------------------------- */

static gk_error_t *check_own(const gk_pack_t *pack, const gk_local_rules_t *rules, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  const apr_array_header_t *own = gk_local_rules_of(pack, rules->unit, pool);
  if (own->nelts > pack->local_max)
    gk_violation(&error, pool, "/rules", "many", "最多可以增加 %d 条规则", "At most %d rules may be added", pack->local_max);
  for (int i = 0; i < own->nelts; i++)
    if ((APR_ARRAY_IDX(own, i, gk_rule_t).stages & GK_STAGE_EXPORT) != 0)
      gk_violation(&error, pool, "/rules", "stage", "规则 %s 不能用于导出环节", "Rule %s may not stand at the stage export",
                   APR_ARRAY_IDX(own, i, gk_rule_t).id);
  return error;
}

gk_error_t *gk_local_open(gk_pack_t **out, gk_act_t *act, const gk_local_rules_t *rules, bool schema, apr_pool_t *pool)
{
  gk_blob_t body;
  gk_pack_t *alone, *whole;
  apr_array_header_t *one = apr_array_make(act->pool, 1, sizeof(*rules)), *left_out;
  const char *rng = schema ? apr_pstrcat(act->pool, gk_core_config(act->core)->data_dir, "/schema/pack.rng", NULL) : NULL;
  if (!allowed(act->season->pack, rules))
    return gk_error(act->pool, GK_E_CONFLICT, "现行政策包不允许本级增加规则，请与省级管理员联系",
                    "The active pack allows no rules of your level: ask the province");
  APR_ARRAY_PUSH(one, gk_local_rules_t) = *rules;
  GK_TRY(gk_store_pack_body(act->db, act->season->pack_id, &body, act->pool));
  const char *xml = apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length);
  /* Alone first, so that every fault is said. */
  GK_TRY(joined(&alone, xml, one, rng, act->pool, act->pool));
  GK_TRY(check_own(alone, rules, act->pool));
  GK_TRY(gk_pack_whole(&whole, act->db, act->season->id, &body, rules, &left_out, pool, act->pool));
  *out = whole;
  return NULL;
}

gk_error_t *gk_local_open_row(gk_pack_t **out, gk_act_t *act, const gk_pack_row_t *row, apr_pool_t *pool)
{
  gk_blob_t body;
  GK_TRY(gk_store_pack_body(act->db, row->id, &body, act->pool));
  gk_local_rules_t rules = {row->id, row->version, row->digest, row->unit, row->unit_name, row->unit_level,
                            apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length)};
  return gk_local_open(out, act, &rules, false, pool);
}

/* The province's pack at the beginning of the versions it was made from; 0: not to be found. */
static gk_error_t *made_from(apr_int64_t *out, gk_act_t *act, const gk_pack_row_t *row)
{
  gk_pack_row_t base = *row;
  *out = 0;
  for (int i = 0; i < 200 && base.unit[0] != '\0' && base.base_id != 0; i++)
    GK_TRY(gk_store_pack(&base, act, base.base_id));
  *out = base.unit[0] == '\0' ? base.id : 0;
  return NULL;
}

gk_error_t *gk_local_show(gk_pack_t **out, gk_error_t **left_out, gk_act_t *act, const gk_pack_row_t *row, apr_pool_t *pool)
{
  apr_int64_t from;
  gk_blob_t body, own;
  gk_error_t *error = gk_local_open_row(out, act, row, pool);
  *left_out = NULL;
  if (error == NULL || (error->code != GK_E_INVALID && error->code != GK_E_PACK && error->code != GK_E_CONFLICT))
    return error;
  GK_TRY(made_from(&from, act, row));
  GK_TRY(gk_store_pack_body(act->db, from != 0 ? from : act->season->pack_id, &body, act->pool));
  GK_TRY(gk_store_pack_body(act->db, row->id, &own, act->pool));
  apr_array_header_t *one = apr_array_make(act->pool, 1, sizeof(gk_local_rules_t));
  APR_ARRAY_PUSH(one, gk_local_rules_t) =
      (gk_local_rules_t){row->id, row->version, row->digest, row->unit, row->unit_name, row->unit_level,
                         apr_pstrmemdup(act->pool, (const char *)own.bytes, own.length)};
  if (joined(out, apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length), one, NULL, pool, act->pool) != NULL)
    GK_TRY(gk_pack_load(out, (const char *)body.bytes, body.length, NULL, pool, act->pool));
  *left_out = error;
  return NULL;
}

/* ---- who may ------------------------------------------------------------------------------------------------- */

gk_error_t *gk_local_own(const gk_act_t *act, const gk_pack_row_t *row)
{
  if (row->unit[0] == '\0' ? act->who->role == GK_ROLE_PROVINCE : is(row->unit_path, act->who->org_path))
    return NULL;
  return row->unit[0] == '\0'
             ? gk_error(act->pool, GK_E_FORBIDDEN, "政策包由省级管理员修改；本地更严的规则请另建草稿",
                        "The province changes its packs; make a draft of your own for stricter rules of your area")
             : gk_error(act->pool, GK_E_FORBIDDEN, "这些规则由%s自己修改", "%s changes these rules itself", row->unit_name);
}

gk_error_t *gk_local_above(const gk_act_t *act, const gk_pack_row_t *row)
{
  return row->unit[0] != '\0' && gk_act_covers(act, row->unit_path) ? NULL : gk_local_own(act, row);
}
