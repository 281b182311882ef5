/* domain/act.c: see act.h. */
#include "domain/act.h"

#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "domain/keyring.h"
#include "domain/ports.h"

void gk_scope_of(const char *path, const char **lo, const char **hi, apr_pool_t *pool)
{
  /* "/43/4301/" .. "/43/43010": '0' follows '/', so the range holds exactly the paths that begin with `path`. */
  apr_size_t length = strlen(path);
  char *end = apr_pstrdup(pool, path);
  if (length > 0)
    end[length - 1] = '0';
  *lo = path;
  *hi = end;
}

bool gk_act_covers(const gk_act_t *act, const char *path)
{
  return act->who->scope_lo != NULL && strcmp(path, act->who->scope_lo) >= 0 && strcmp(path, act->who->scope_hi) < 0;
}

gk_error_t *gk_act_begin(gk_act_t *act)
{
  if (gk_db_in_transaction(act->db))
    return NULL;
  /* Nothing is written before the keys were compared with the database's, nor long under keys that are old by now. */
  GK_TRY(gk_keyring_follow(act->core, act->db, act->pool));
  return gk_db_begin(act->db, act->pool);
}

void gk_act_pause(gk_act_t *act)
{
  if (act->pause != NULL && act->db != NULL && !gk_db_in_transaction(act->db))
    act->pause->pause(act->pause_baton);
}

gk_error_t *gk_act_resume(gk_act_t *act)
{
  return act->pause != NULL && act->db == NULL ? act->pause->resume(act->pause_baton) : NULL;
}

gk_error_t *gk_act_season(const gk_act_t *act)
{
  if (act->season != NULL && act->season->pack != NULL)
    return NULL;
  return gk_error(act->pool, GK_E_NO_SEASON, "还没有启用的报名年度和政策包，请省级管理员先建立",
                  "There is no active season with a policy pack yet: the province has to set one up");
}

const char *gk_etag(apr_pool_t *pool, apr_int64_t version)
{
  return apr_psprintf(pool, "\"v%" APR_INT64_T_FMT "\"", version);
}

gk_error_t *gk_stale(const gk_act_t *act, apr_int64_t current_version)
{
  gk_error_t *error = gk_error(act->pool, GK_E_STALE_VERSION, "这条记录已被修改，请重新打开、核对后再保存",
                               "This record was changed meanwhile: open it again, compare and save once more");
  error->etag = gk_etag(act->pool, current_version);
  return error;
}

gk_error_t *gk_audit(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                     apr_int64_t object_version, const char *org_path, gk_json_t *before, gk_json_t *after)
{
  GK_TRY(gk_act_begin(act));
  gk_json_t *body = gk_json_object(act->pool);
  gk_json_set_int(body, "season", act->season != NULL ? act->season->id : 0);
  gk_json_set_time(body, "at", act->now);
  gk_json_set_int(body, "actor", act->who->account_id);
  gk_json_set_str(body, "login", act->who->login != NULL ? act->who->login : "");
  gk_json_set_str(body, "role", gk_role_name(act->who->role));
  gk_json_set_str(body, "actor_org", act->who->org_path != NULL ? act->who->org_path : "");
  gk_json_set_str(body, "org", org_path);
  gk_json_set_str(body, "action", action);
  gk_json_set_str(body, "object", object_kind);
  gk_json_set_int(body, "id", object_id);
  gk_json_set_int(body, "version", object_version);
  gk_json_set_str(body, "request", act->request_id);
  if (gk_core_config(act->core)->demo)
    gk_json_set_bool(body, "demo", true);
  if (gk_core_config(act->core)->clock_offset_us != 0)
    gk_json_set_int(body, "clock_offset_us", gk_core_config(act->core)->clock_offset_us);
  if (before != NULL)
    gk_json_set(body, "before", before);
  if (after != NULL)
    gk_json_set(body, "after", after);
  return gk_store_audit_insert(act, action, object_kind, object_id, object_version, org_path,
                               gk_json_text_sorted(body, act->pool));
}

gk_error_t *gk_access_check(gk_act_t *act, gk_action_t action, const char *state, const char *org_path,
                            apr_int64_t candidate_id)
{
  GK_TRY(gk_access_state(action, state, act->pool));
  return gk_calendar_check(act, gk_access(action)->window, org_path, candidate_id);
}
