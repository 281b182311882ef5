/* domain/pack_life.c: see pack_life.h. */
#include "domain/pack_life.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"
#include "domain/pack_internal.h"
#include "domain/pack_local.h"
#include "domain/rehearsal.h"

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static const char *rng_path(const gk_act_t *act)
{
  return apr_pstrcat(act->pool, gk_core_config(act->core)->data_dir, "/schema/pack.rng", NULL);
}

gk_error_t *gk_pack_row_get(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_pack_row_t row;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_store_pack(&row, act, id));
  if (row.season_id != act->season->id)
    return gk_error(act->pool, GK_E_NOT_FOUND, "这个政策包属于另一个报名年度", "This pack belongs to another season");
  *out = row;
  return NULL;
}

/* Steps judge by the pack that is active now, not by one of half a second ago. */
gk_error_t *gk_pack__at_revision(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision)
{
  gk_core_season_changed(act->core);
  GK_TRY(gk_core_season(&act->season, act->core, act->db, act->pool));
  GK_TRY(gk_pack_row_get(out, act, id));
  return out->revision == revision ? NULL : gk_stale(act, out->revision);
}

gk_error_t *gk_pack__load(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, const char *bytes, apr_size_t length,
                        bool schema, apr_pool_t *pool)
{
  GK_TRY(gk_pack_load(pack, bytes, length, schema ? rng_path(act) : NULL, pool, act->pool));
  return rules != NULL ? gk_core_rules(rules, act->core, *pack, pool) : NULL;
}

static gk_error_t *open_as(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, apr_int64_t id, bool whole, apr_pool_t *pool)
{
  gk_blob_t body;
  gk_pack_row_t row;
  GK_TRY(gk_store_pack(&row, act, id));
  if (row.unit[0] != '\0' || whole)
    GK_TRY(gk_pack_row_get(&row, act, id)); /* beside the pack of the season */
  if (row.unit[0] != '\0') {
    GK_TRY(gk_local_open_row(pack, act, &row, pool));
  } else {
    GK_TRY(gk_store_pack_body(act->db, id, &body, act->pool));
    if (whole)
      GK_TRY(gk_pack_whole(pack, act->db, row.season_id, &body, NULL, NULL, pool, act->pool));
    else
      GK_TRY(gk_pack_load(pack, (const char *)body.bytes, body.length, NULL, pool, act->pool));
  }
  return rules != NULL ? gk_core_rules(rules, act->core, *pack, pool) : NULL;
}

gk_error_t *gk_pack_open(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, apr_int64_t id, apr_pool_t *pool)
{
  return open_as(pack, rules, act, id, false, pool);
}

gk_error_t *gk_pack_open_whole(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, apr_int64_t id, apr_pool_t *pool)
{
  return open_as(pack, rules, act, id, true, pool);
}

gk_error_t *gk_pack_against(apr_int64_t *base, const char **digest, gk_act_t *act, const gk_pack_row_t *row)
{
  *base = act->season->pack_id;
  *digest = row->digest;
  if (row->unit[0] == '\0')
    return NULL;
  apr_int64_t active;
  GK_TRY(gk_store_local_active(&active, act, row->unit));
  if (active != 0)
    *base = active;
  const char *both = apr_pstrcat(act->pool, row->digest, " ", act->season->pack_digest, NULL);
  *digest = gk_sha256_hex(act->pool, both, strlen(both));
  return NULL;
}

static gk_json_t *row_json(const gk_pack_row_t *row, const gk_act_t *act)
{
  gk_json_t *json = gk_json_object(act->pool);
  gk_json_set_str(json, "name", row->name);
  gk_json_set_str(json, "version", row->version);
  gk_json_set_str(json, "digest", row->digest);
  gk_json_set_str(json, "state", row->state);
  if (row->unit != NULL && row->unit[0] != '\0')
    gk_json_set_str(json, "unit", row->unit);
  return json;
}

/* Reads the row again, as it is after the step, and leaves the audit row. */
gk_error_t *gk_pack__done(gk_pack_row_t *out, gk_act_t *act, bool changed, const char *action, const gk_pack_row_t *before,
                        gk_json_t *more)
{
  if (!changed) {
    gk_pack_row_t now;
    GK_TRY(gk_pack_row_get(&now, act, before->id));
    return gk_stale(act, now.revision);
  }
  GK_TRY(gk_store_pack(out, act, before->id));
  gk_json_t *after = row_json(out, act);
  for (gk_json_iter_t it = gk_json_first(more); more != NULL && it.key != NULL; gk_json_next(&it))
    gk_json_set(after, it.key, it.value);
  return gk_audit(act, action, "pack", out->id, out->revision, act->who->org_path, row_json(before, act), after);
}

static gk_error_t *wrong_state(const gk_act_t *act, const gk_pack_row_t *row, const char *zh, const char *en)
{
  return gk_error(act->pool, GK_E_WRONG_STATE, "政策包 %s 第 %s 版现在不能这样办理：%s%.0s", "Pack %s version %s: %.0s%s", row->name,
                  row->version, zh, en);
}

/* ---- drafts ------------------------------------------------------------------------------------------------ */

static gk_error_t *insert_row(gk_pack_row_t *out, gk_act_t *act, const gk_pack_row_t *row, const char *xml, apr_size_t length)
{
  apr_int64_t id;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_pack_insert(&id, act, row, xml, length));
  if (id == 0)
    return gk_error(act->pool, GK_E_CONFLICT, "政策包 %s 第 %s 版已经存在，请提高版本号", "Pack %s version %s is there already: raise its version",
                    row->name, row->version);
  GK_TRY(gk_store_pack(out, act, id));
  gk_json_t *after = row_json(out, act);
  gk_json_set_id(after, "base", row->base_id);
  gk_json_set_str(after, "note", row->note);
  return gk_audit(act, "pack.draft", "pack", id, out->revision, act->who->org_path, NULL, after);
}

static gk_error_t *insert(gk_pack_row_t *out, gk_act_t *act, const char *xml, apr_size_t length, apr_int64_t base,
                          const char *note)
{
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  GK_TRY(gk_pack__load(&pack, &rules, act, xml, length, true, act->pool));
  if (pack->season != act->season->year)
    return gk_error(act->pool, GK_E_CONFLICT, "政策包属于 %d 年，启用的报名年度是 %d 年", "The pack is for %d, the active season is %d",
                    pack->season, act->season->year);
  gk_pack_row_t row = {.season_id = act->season->id, .name = pack->id, .version = apr_itoa(act->pool, pack->version),
                       .digest = gk_sha256_hex(act->pool, xml, length), .state = "draft", .base_id = base,
                       .note = note != NULL ? note : "", .unit = ""};
  return insert_row(out, act, &row, xml, length);
}

gk_error_t *gk_pack_upload(gk_pack_row_t *out, gk_act_t *act, const char *bytes, apr_size_t length, const char *note)
{
  GK_TRY(gk_act_season(act));
  return insert(out, act, bytes, length, act->season->pack_id, note);
}

/* The changed text of a stored pack. */
static gk_error_t *edited(const char **xml, gk_act_t *act, apr_int64_t id, gk_json_t *changes, int version)
{
  gk_blob_t body;
  gk_pack_t *pack;
  GK_TRY(gk_store_pack_body(act->db, id, &body, act->pool));
  const char *text = apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length);
  GK_TRY(gk_pack__load(&pack, NULL, act, text, body.length, false, act->pool));
  return gk_pack_edit(xml, text, changes, version > 0 ? version : pack->version, "", pack, act->pool);
}

/* What a unit's version says after `changes`, loaded beside the province's pack. */
static gk_error_t *edit_local(const char **xml, gk_act_t *act, const gk_pack_row_t *row, const char *text, gk_json_t *changes)
{
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  GK_TRY(gk_local_changes(changes, row->unit, act->pool));
  GK_TRY(gk_pack_edit(xml, text, changes, atoi(row->version), "", act->season->pack, act->pool));
  if (gk_json_size(gk_json_get(changes, "rules")) == 0 && gk_json_size(gk_json_get(changes, "remove")) == 0)
    return NULL; /* what was taken once, to be put right where it fits no more; the check judges it */
  gk_local_rules_t set = {0, row->version, "", row->unit, row->unit_name, row->unit_level, *xml};
  GK_TRY(gk_local_open(&pack, act, &set, true, act->pool));
  return gk_core_rules(&rules, act->core, pack, act->pool);
}

static gk_error_t *draft_local(gk_pack_row_t *out, gk_act_t *act, const gk_pack_row_t *base, gk_json_t *changes, const char *note)
{
  gk_org_t *org;
  apr_int64_t last, from = base->unit[0] != '\0' ? base->id : 0;
  gk_blob_t body;
  const char *xml;
  GK_TRY(gk_org_get(&org, act, act->who->org_id));
  gk_pack_row_t row = {.season_id = act->season->id, .name = apr_pstrcat(act->pool, "local-", org->code, NULL), .state = "draft",
                       .base_id = base->id, .note = note != NULL ? note : "", .unit = org->code, .unit_name = org->name,
                       .unit_level = org->level};
  if (from == 0) /* what is in force goes on */
    GK_TRY(gk_store_local_active(&from, act, org->code));
  const char *text = gk_local_empty(org->code, act->season->pack_name, act->pool);
  if (from != 0) {
    GK_TRY(gk_store_pack_body(act->db, from, &body, act->pool));
    text = apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length);
    row.base_id = from;
  }
  GK_TRY(gk_store_pack_version_last(&last, act, row.name));
  row.version = apr_itoa(act->pool, (int)last + 1);
  GK_TRY(edit_local(&xml, act, &row, text, changes));
  row.digest = gk_sha256_hex(act->pool, xml, strlen(xml));
  return insert_row(out, act, &row, xml, strlen(xml));
}

gk_error_t *gk_pack_draft(gk_pack_row_t *out, gk_act_t *act, apr_int64_t base, gk_json_t *changes, const char *note)
{
  gk_pack_row_t row;
  const char *xml;
  apr_int64_t last;
  GK_TRY(gk_pack_row_get(&row, act, base));
  if (act->who->role != GK_ROLE_PROVINCE && row.unit[0] == '\0')
    return draft_local(out, act, &row, changes, note);
  GK_TRY(gk_local_own(act, &row));
  if (row.unit[0] != '\0')
    return draft_local(out, act, &row, changes, note);
  GK_TRY(gk_store_pack_version_last(&last, act, row.name));
  GK_TRY(edited(&xml, act, base, changes, (int)last + 1));
  return insert(out, act, xml, strlen(xml), base, note);
}

gk_error_t *gk_pack_rewrite(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision, gk_json_t *changes,
                            const char *bytes, apr_size_t length, const char *note)
{
  gk_pack_row_t before;
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  bool changed;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_own(act, &before));
  if (!is(before.state, "draft") && !is(before.state, "checked") && !is(before.state, "rehearsed") &&
      !is(before.state, "approved"))
    return wrong_state(act, &before, "已启用过的版本不能修改，请以它为基础建立新草稿",
                       "a version that was active is not changed; make a new draft from it");
  const char *xml = bytes;
  if (before.unit[0] != '\0') {
    gk_blob_t body;
    GK_TRY(gk_store_pack_body(act->db, id, &body, act->pool));
    GK_TRY(edit_local(&xml, act, &before, apr_pstrmemdup(act->pool, (const char *)body.bytes, body.length), changes));
  } else if (xml == NULL) {
    GK_TRY(edited(&xml, act, id, changes, 0));
  }
  if (bytes == NULL)
    length = strlen(xml);
  if (before.unit[0] == '\0')
    GK_TRY(gk_pack__load(&pack, &rules, act, xml, length, true, act->pool));
  if (before.unit[0] == '\0' && (!is(pack->id, before.name) || !is(apr_itoa(act->pool, pack->version), before.version)))
    return gk_error(act->pool, GK_E_CONFLICT, "修改草稿时名称和版本号不能变", "A draft keeps its name and version");
  gk_pack_row_t row = before;
  row.digest = gk_sha256_hex(act->pool, xml, length);
  row.note = note != NULL ? note : before.note;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_pack_rewrite(&changed, act, &row, xml, length));
  return gk_pack__done(out, act, changed, "pack.rewrite", &before, NULL);
}

/* ---- approval ---------------------------------------------------------------------------------------------- */

gk_error_t *gk_pack_rehearsal(gk_rehearsal_row_t **out, bool *reversed, gk_act_t *act, const gk_pack_row_t *pack)
{
  apr_int64_t base;
  const char *digest;
  *reversed = false;
  GK_TRY(gk_pack_against(&base, &digest, act, pack));
  GK_TRY(gk_rehearsal_store_last(out, act, pack->id, true, base));
  if (*out != NULL && is((*out)->pack_digest, digest))
    return NULL;
  *out = NULL;
  if (!is(pack->state, "superseded"))
    return NULL;
  gk_pack_row_t active;
  GK_TRY(gk_rehearsal_store_last(out, act, base, true, pack->id));
  GK_TRY(gk_store_pack(&active, act, base));
  GK_TRY(gk_pack_against(&base, &digest, act, &active));
  if (*out != NULL && !is((*out)->pack_digest, digest)) /* of a unit: beside another pack of the province */
    *out = NULL;
  *reversed = *out != NULL;
  return NULL;
}

/* Another person, and not one that the proposer made or reset a moment ago (ID-12). */
static gk_error_t *check_person(gk_act_t *act, const gk_pack_row_t *pack)
{
  apr_time_t created;
  apr_int64_t acts;
  if (pack->created_by == act->who->account_id)
    return gk_error(act->pool, GK_E_FORBIDDEN, "这一版由您提出，须由另一名管理员审批",
                    "You proposed this version: another administrator has to approve it");
  GK_TRY(gk_store_pack_approver(&created, &acts, act, pack->created_by, act->now - GK_APPROVER_AGE_US));
  if (created > act->now - GK_APPROVER_AGE_US)
    return gk_error(act->pool, GK_E_FORBIDDEN, "您的用户建立不满 7 天，不能审批政策包，请由其他管理员审批",
                    "Your account is younger than 7 days and can't approve a pack: ask another administrator");
  if (acts > 0)
    return gk_error(act->pool, GK_E_FORBIDDEN, "提出人在 7 天内建立或重置过您的用户，不能由您审批",
                    "The proposer made or reset your account within 7 days: you can't approve this pack");
  return NULL;
}

gk_error_t *gk_pack_approve(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision)
{
  gk_pack_row_t before;
  gk_rehearsal_row_t *rehearsal;
  bool reversed, changed;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_above(act, &before));
  if (!is(before.state, "rehearsed"))
    return wrong_state(act, &before, "先检查、再试运行，然后才能审批", "check it and do the dry run before it is approved");
  GK_TRY(gk_pack_rehearsal(&rehearsal, &reversed, act, &before));
  if (rehearsal == NULL)
    return wrong_state(act, &before, "试运行之后现行政策包已更换，请重新试运行",
                       "another pack became active since the dry run: do it again");
  GK_TRY(check_person(act, &before));
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_int(more, "rehearsal", rehearsal->id);
  gk_json_set_int(more, "newly_failing", rehearsal->failing);
  gk_json_set_int(more, "newly_passing", rehearsal->passing);
  gk_json_set_int(more, "records", rehearsal->done);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_pack_approve(&changed, act, &before));
  return gk_pack__done(out, act, changed, "pack.approve", &before, more);
}

/* ---- activation -------------------------------------------------------------------------------------------- */

static gk_error_t *busy(const gk_act_t *act)
{
  return gk_error(act->pool, GK_E_CONFLICT, "另一次启用正在等待或刚刚完成，请先刷新页面；等待中的可以撤销",
                  "Another activation waits or was just made: reload; one that waits can be withdrawn");
}

/* Whoever turns many away says how many: the number stands on the page beside the button (PE-5). */
static gk_error_t *check_number(gk_act_t *act, apr_int64_t failing, apr_int64_t records, apr_int64_t said)
{
  gk_error_t *error = NULL;
  if (said >= 0 && said != failing)
    gk_violation(&error, act->pool, "/newly_failing", "number", "新增不通过的考生是 %d 名，与您填写的不同，请看清后再填",
                 "It newly rejects %d candidates, which is not what you wrote: look again", (int)failing);
  else if (said < 0 && failing * 100 >= records * GK_PACK_MANY_PERCENT && failing > 0)
    gk_violation(&error, act->pool, "/newly_failing", "number-needed",
                 failing == records ? "启用后全部 %d 名考生都会不通过；确实如此时，请填写这个数字和理由"
                                    : "启用后将有 %d 名考生新增不通过；确实如此时，请填写这个数字和理由",
                 failing == records ? "All %d candidates would fail: if this is meant, write the number and the reason"
                                    : "%d candidates would newly fail: if this is meant, write the number and the reason",
                 (int)failing);
  return error;
}

/* A rule has a day from which it counts; a unit's version needs no moment of its own. */
static gk_error_t *no_time(const gk_act_t *act)
{
  gk_error_t *error = NULL;
  gk_violation(&error, act->pool, "/at", "local", "地方规则立即启用；要从某日起算，请在规则里写明生效日期",
               "Rules of a unit are in force at once: for a later day write it into the rule (valid_from)");
  return error;
}

gk_error_t *gk_pack_activate(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision,
                             const gk_activation_t *wish)
{
  gk_pack_row_t before;
  gk_rehearsal_row_t *rehearsal;
  gk_pack_waiting_t waiting;
  gk_pack_t *pack;
  gk_ruleset_t *rules;
  bool reversed, changed, found = false, local;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_above(act, &before));
  local = before.unit[0] != '\0';
  if (local && wish->at != 0)
    return no_time(act);
  if (before.active)
    return wrong_state(act, &before, "它已是现行政策包", "it is the active one");
  if (!is(before.state, "approved") && !is(before.state, "superseded"))
    return wrong_state(act, &before, "先由第二人审批", "a second person has to approve it first");
  if (!local)
    GK_TRY(gk_store_pack_scheduled(&found, &waiting, act->db, act->pool));
  if (found)
    return busy(act);
  GK_TRY(gk_pack_rehearsal(&rehearsal, &reversed, act, &before));
  if (rehearsal == NULL)
    return wrong_state(act, &before, "请先针对现行政策包重新试运行", "do the dry run against the active pack first");
  apr_int64_t failing = reversed ? rehearsal->passing : rehearsal->failing;
  GK_TRY(check_number(act, failing, rehearsal->done, wish->failing));
  /* What every process is about to load is loaded here first. */
  GK_TRY(gk_pack_open_whole(&pack, &rules, act, id, act->pool));
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_int(more, "rehearsal", rehearsal->id);
  gk_json_set_int(more, "newly_failing", failing);
  gk_json_set_str(more, "reason", wish->reason);
  gk_json_set_int(more, "instead_of", act->season->pack_id);
  GK_TRY(gk_act_begin(act));
  if (wish->at != 0) {
    gk_json_set_time(more, "at", wish->at);
    GK_TRY(gk_store_pack_schedule(&changed, act, &before, wish->at, wish->reason));
    return gk_pack__done(out, act, changed, "pack.schedule", &before, more);
  }
  GK_TRY(local ? gk_store_local_activate(&changed, act, &before, act->season->pack_id, wish->reason)
               : gk_store_pack_activate(&changed, act, &before, act->season->pack_id, wish->reason));
  if (!changed)
    return busy(act);
  GK_TRY(gk_pack__done(out, act, changed, "pack.activate", &before, more));
  gk_core_season_changed(act->core);
  return NULL;
}

gk_error_t *gk_pack_unschedule(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision)
{
  gk_pack_row_t before;
  bool changed;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_own(act, &before));
  if (!is(before.state, "scheduled"))
    return wrong_state(act, &before, "没有等待中的启用", "no activation waits");
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_pack_unschedule(&changed, act, &before, before.activated == 0 ? "approved" : "superseded"));
  return gk_pack__done(out, act, changed, "pack.unschedule", &before, NULL);
}

gk_error_t *gk_pack_withdraw(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision, const char *reason)
{
  gk_pack_row_t before;
  bool changed;
  GK_TRY(gk_pack__at_revision(&before, act, id, revision));
  GK_TRY(gk_local_above(act, &before));
  if (before.unit[0] == '\0')
    return wrong_state(act, &before, "省里的政策包只能由另一版取代", "a pack of the province is replaced by another version only");
  if (!is(before.state, "active"))
    return wrong_state(act, &before, "它没有在生效", "it is not in force");
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "reason", reason);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_local_withdraw(&changed, act, &before, reason));
  GK_TRY(gk_pack__done(out, act, changed, "pack.withdraw", &before, more));
  gk_core_season_changed(act->core);
  return NULL;
}

/* A waiting activation whose rehearsal counts no more goes back, and the audit says why. */
static gk_error_t *activate_due(gk_act_t *act, const gk_pack_waiting_t *waiting)
{
  gk_pack_row_t before, after;
  gk_rehearsal_row_t *rehearsal;
  bool reversed, changed = false;
  GK_TRY(gk_pack_row_get(&before, act, waiting->id));
  GK_TRY(gk_act_begin(act));
  gk_pack_row_t asked = before;
  asked.state = before.activated != 0 ? "superseded" : "approved";
  GK_TRY(gk_pack_rehearsal(&rehearsal, &reversed, act, &asked));
  if (rehearsal != NULL)
    GK_TRY(gk_store_pack_activate(&changed, act, &before, act->season->pack_id, before.reason));
  if (changed)
    return gk_pack__done(&after, act, true, "pack.activate", &before, NULL);
  GK_TRY(gk_store_pack_unschedule(&changed, act, &before, asked.state));
  return changed ? gk_pack__done(&after, act, true, "pack.missed", &before, NULL) : NULL;
}

gk_error_t *gk_pack_due(bool *activated, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  bool found;
  gk_pack_waiting_t waiting;
  gk_principal_t who;
  if (activated != NULL)
    *activated = false;
  GK_TRY(gk_store_pack_scheduled(&found, &waiting, db, pool));
  if (!found || waiting.at > gk_core_now(core))
    return NULL;
  GK_TRY(gk_store_principal(&found, &who, db, waiting.by, pool));
  if (!found)
    return NULL; /* whoever asked for it is switched off: it waits for somebody to withdraw it */
  gk_act_t act = {.pool = pool, .db = db, .core = core, .who = &who, .now = gk_core_now(core), .address = "",
                  .request_id = apr_psprintf(pool, "due-%" APR_INT64_T_FMT, waiting.id)};
  gk_core_season_changed(core);
  GK_TRY(gk_core_season(&act.season, core, db, pool));
  gk_error_t *error = activate_due(&act, &waiting);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  else if (activated != NULL)
    *activated = true;
  return error;
}
