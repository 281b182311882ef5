/* domain/watch.c: see watch.h. */
#include "domain/watch.h"

#include <string.h>

#include "base/time.h"
#include "domain/ports_watch.h"

#define SIGN_IN_SLOT (10 * GK_MINUTE)

enum { DUPLICATES = 30, LOOKUPS = 60, USUAL_TIMES = 3, USUAL_HOURS = 14 * 24, COUNTS_HOURS = 30 * 24, LOOK_EVERY = 10 };

/* ---- alarms ------------------------------------------------------------------------------------------- */

static gk_error_t *raise_alarm(gk_act_t *act, const char *kind, apr_int64_t slot, apr_int64_t account_id,
                               const char *org_path, apr_int64_t n, apr_int64_t bound)
{
  bool raised;
  gk_alarm_t alarm = {.kind = kind, .org_path = org_path, .account_id = account_id, .n = n, .bound = bound};
  GK_TRY(gk_alarm_store_raise(&raised, &alarm, act, &alarm, slot));
  if (!raised)
    return NULL;
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "kind", kind);
  gk_json_set_id(after, "account_id", account_id);
  gk_json_set_int(after, "n", n);
  gk_json_set_int(after, "bound", bound);
  return gk_audit(act, "alarm.raise", "alarm", alarm.id, 1, alarm.org_path, NULL, after);
}

gk_error_t *gk_alarm_list(apr_array_header_t **alarms, gk_act_t *act, bool open, apr_int64_t before, int limit)
{
  return gk_alarm_store_list(alarms, act, open, 0, before > 0 ? before : APR_INT64_MAX, limit);
}

static gk_error_t *get(gk_alarm_t *out, gk_act_t *act, apr_int64_t id)
{
  apr_array_header_t *found;
  GK_TRY(gk_alarm_store_list(&found, act, false, id, APR_INT64_MAX, 1));
  if (found->nelts == 0)
    return gk_error_plain(act->pool, GK_E_NOT_FOUND);
  *out = APR_ARRAY_IDX(found, 0, gk_alarm_t);
  return NULL;
}

gk_error_t *gk_alarm_close(gk_alarm_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *note)
{
  gk_alarm_t alarm;
  bool changed;
  GK_TRY(get(&alarm, act, id));
  if (alarm.account_id == act->who->account_id)
    return gk_error(act->pool, GK_E_FORBIDDEN, "这条预警与您本人有关，须由他人处理",
                    "This alarm is about you: somebody else has to look into it");
  if (alarm.seen != 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这条预警已经处理过", "Somebody has looked into this alarm already");
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_alarm_store_seen(&changed, act, id, version, note));
  if (!changed)
    return gk_stale(act, alarm.version);
  GK_TRY(get(out, act, id));
  return gk_audit(act, "alarm.close", "alarm", id, out->version, out->org_path, gk_alarm_json(&alarm, act->pool),
                  gk_alarm_json(out, act->pool));
}

gk_json_t *gk_alarm_json(const gk_alarm_t *alarm, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", alarm->id);
  gk_json_set_str(json, "kind", alarm->kind);
  gk_json_set_str(json, "org_path", alarm->org_path);
  gk_json_set_str(json, "org_name", alarm->org_name);
  gk_json_set_id(json, "account_id", alarm->account_id > 0 ? alarm->account_id : 0);
  gk_json_set_id(json, "device_id", alarm->account_id < 0 ? -alarm->account_id : 0);
  gk_json_set_str(json, "login", alarm->login);
  gk_json_set_str(json, "display_name", alarm->display_name);
  gk_json_set_int(json, "n", alarm->n);
  gk_json_set_int(json, "bound", alarm->bound);
  gk_json_set_time(json, "raised_at", alarm->raised);
  gk_json_set_str(json, "seen_by", alarm->seen != 0 ? alarm->seen_login : NULL);
  gk_json_set_time(json, "seen_at", alarm->seen);
  gk_json_set_str(json, "note", alarm->note);
  gk_json_set_int(json, "version", alarm->version);
  return json;
}

/* ---- what is counted ---------------------------------------------------------------------------------- */

/* The account's own unit stands behind it; the count belongs to the act's transaction. */
static gk_error_t *count(apr_int64_t *n, gk_act_t *act, const char *kind, apr_int64_t slot)
{
  GK_TRY(gk_act_begin(act));
  return gk_watch_store_count(n, act, kind, act->who->account_id, slot);
}

static gk_error_t *count_to(gk_act_t *act, const char *kind, apr_int64_t bound)
{
  apr_int64_t n, slot = act->now / GK_HOUR;
  GK_TRY(count(&n, act, kind, slot));
  if (n == 1)
    GK_TRY(gk_watch_store_forget(act, kind, 0, slot - COUNTS_HOURS));
  return n == bound ? raise_alarm(act, kind, slot, act->who->account_id, act->who->org_path, n, bound) : NULL;
}

gk_error_t *gk_watch_duplicate(gk_act_t *act) { return count_to(act, "duplicates", DUPLICATES); }
gk_error_t *gk_watch_lookup(gk_act_t *act) { return count_to(act, "lookups", LOOKUPS); }

gk_error_t *gk_watch_sign_in_failed(gk_act_t *act)
{
  apr_int64_t n, bound = gk_core_config(act->core)->sign_in_alarm, slot = act->now / SIGN_IN_SLOT;
  if (bound == 0)
    return NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_watch_store_count(&n, act, "sign_ins_failed", 0, slot));
  return n == bound ? raise_alarm(act, "sign_ins_failed", slot, 0, "", n, bound) : NULL;
}

static gk_error_t *ceiling_reached(const gk_act_t *act, apr_int64_t slot, int ceiling)
{
  gk_error_t *error =
      gk_error(act->pool, GK_E_TOO_MANY, "您一小时内已查看 %d 名考生的信息，达到上限；请在下一个整点后继续，确有需要请联系上级机构",
               "You have opened %d records within this hour, which is the ceiling: go on in the next hour, or ask the "
               "bureau above you", ceiling);
  return gk_error_retry(error, (slot + 1) * GK_HOUR - act->now);
}

/* Against what the account usually does: asked at every tenth record only. */
static gk_error_t *judge(gk_act_t *act, apr_int64_t slot, apr_int64_t n)
{
  apr_int64_t floor = gk_core_config(act->core)->read_alarm, usual;
  if (floor == 0 || n < floor || (n - floor) % LOOK_EVERY != 0)
    return NULL;
  GK_TRY(gk_watch_store_usual(&usual, act, "reads", slot - USUAL_HOURS, slot));
  if (n < usual * USUAL_TIMES)
    return NULL;
  apr_int64_t bound = usual * USUAL_TIMES > floor ? usual * USUAL_TIMES : floor;
  return raise_alarm(act, "reads_unusual", slot, act->who->account_id, act->who->org_path, n, bound);
}

gk_error_t *gk_watch_read(gk_act_t *act, apr_int64_t candidate_id)
{
  const gk_config_t *config = gk_core_config(act->core);
  bool point = act->who->org_level != NULL && strcmp(act->who->org_level, "point") == 0, first;
  int ceiling = point ? config->read_ceiling_point : config->read_ceiling_bureau;
  apr_int64_t n, slot = act->now / GK_HOUR;
  if (act->who->account_id == 0 || act->who->role == GK_ROLE_CANDIDATE)
    return NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_watch_store_look(&first, act, slot, candidate_id));
  if (!first)
    return NULL;
  GK_TRY(count(&n, act, "reads", slot));
  if (n == 1)
    GK_TRY(gk_watch_store_forget(act, "reads", slot - 1, slot - COUNTS_HOURS));
  if (ceiling > 0 && n > ceiling) /* what was counted for it is rolled back */
    return ceiling_reached(act, slot, ceiling);
  if (ceiling > 0 && n == ceiling)
    GK_TRY(raise_alarm(act, "reads", slot, act->who->account_id, act->who->org_path, n, ceiling));
  return judge(act, slot, n);
}

gk_error_t *gk_watch_reading_changed(gk_act_t *act, apr_int64_t device_id)
{
  return raise_alarm(act, "readings_changed", act->now / GK_HOUR, -device_id, act->who->org_path, 1, 1);
}
