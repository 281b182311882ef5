/* ctl/audit.c: the audit: its anchor, sealing by hand, proving it. */
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "domain/audit_verify.h"
#include "domain/audit_view.h"
#include "jobs/sealer.h"

gk_error_t *gk_ctl_audit_anchor(gk_ctl_t *ctl)
{
  gk_audit_seal_t seal;
  bool found;
  GK_TRY(gk_audit_seal_last(&seal, &found, ctl->db, ctl->pool));
  gk_json_t *json = gk_audit_anchor_json(&seal, found, ctl->pool);
  if (!found) {
    gk_ctl__say(ctl, "还没有封条", "There is no seal yet");
  } else {
    gk_ctl__say(ctl, "%s", "%s", gk_audit_anchor_text(&seal, 64, ctl->pool));
    gk_ctl__say(ctl, "封存于 %s，至第 %" APR_INT64_T_FMT " 号记录，密钥 %s",
                "Sealed %s, up to row %" APR_INT64_T_FMT ", with key %s", gk_time_text(ctl->pool, seal.sealed), seal.top,
                seal.key_id);
  }
  gk_ctl__result(ctl, json);
  return NULL;
}

gk_error_t *gk_ctl_audit_seal(gk_ctl_t *ctl)
{
  apr_int64_t rows = 0;
  gk_sealer_t *sealer = gk_sealer_create(ctl->pool);
  apr_time_t until = apr_time_now() + 60 * APR_USEC_PER_SEC;
  for (;;) {
    apr_int64_t some;
    gk_error_t *error = gk_sealer_drain(&some, sealer, ctl->core, ctl->db, ctl->pool);
    rows += some;
    if (error == NULL)
      break;
    if (error->code != GK_E_BUSY || apr_time_now() > until)
      return error;
    apr_sleep(100 * 1000);
  }
  gk_ctl__say(ctl, "已封存 %" APR_INT64_T_FMT " 条审计记录", "%" APR_INT64_T_FMT " rows sealed", rows);
  gk_json_t *json = gk_json_object(ctl->pool);
  gk_json_set_int(json, "rows", rows);
  gk_ctl__result(ctl, json);
  return NULL;
}

static void say_report(gk_ctl_t *ctl, const gk_verify_report_t *report)
{
  const char *anchored = gk_time_text(ctl->pool, report->anchored_at);
  for (int i = 0; i < report->told->nelts; i++) {
    const gk_verify_fault_t *fault = &APR_ARRAY_IDX(report->told, i, gk_verify_fault_t);
    gk_ctl__say(ctl, "%s：%s", "%s: %s", fault->code, ctl->chinese ? fault->zh : fault->en);
  }
  if (report->faults > report->told->nelts)
    gk_ctl__say(ctl, "……共 %" APR_INT64_T_FMT " 处", "... %" APR_INT64_T_FMT " faults in all", report->faults);
  gk_ctl__say(ctl,
              "已核对 %" APR_INT64_T_FMT " 个封条、%" APR_INT64_T_FMT " 条审计记录、%" APR_INT64_T_FMT
              " 份考生记录的 %" APR_INT64_T_FMT " 个版本",
              "%" APR_INT64_T_FMT " seals with %" APR_INT64_T_FMT " rows, %" APR_INT64_T_FMT
              " records with %" APR_INT64_T_FMT " versions were looked at",
              report->seals, report->rows, report->records, report->versions);
  if (report->waiting > 0)
    gk_ctl__say(ctl, "%" APR_INT64_T_FMT " 条尚未封存（最早 %s）",
                "%" APR_INT64_T_FMT " rows wait for their seal, the oldest since %s",
                report->waiting, gk_time_text(ctl->pool, report->waiting_since));
  if (report->faults > 0)
    gk_ctl__say(ctl, "审计记录有问题", "The audit is not right");
  else if (report->anchored)
    gk_ctl__say(ctl, "锚值相符：%s 之前的记录得到证明，之后的由签名证明",
                "The anchor fits: all up to %s is proven by it, what follows by signatures",
                anchored);
  else
    gk_ctl__say(ctl, "没有发现问题。未给锚值（--anchor），看不出末尾被截断或整条链被重做",
                "Nothing wrong was found. Without an anchor (--anchor) a cut tail or a chain made anew can't be seen");
}

gk_error_t *gk_ctl_audit_verify(gk_ctl_t *ctl)
{
  gk_verify_report_t report;
  gk_verify_wish_t wish = {0};
  const char *anchor = gk_ctl__option(ctl, "anchor");
  GK_TRY(gk_ctl__number(&wish.from, ctl, "from", 1, APR_INT64_MAX, 0));
  if (anchor != NULL && !gk_audit_anchor_parse(anchor, &wish.anchor_n, &wish.anchor_digits, ctl->pool))
    return gk_ctl__usage(ctl, "--anchor 要写成 封条号:16 至 64 位十六进制数，例如 17:0123456789abcdef",
                         "--anchor takes SEAL:DIGITS, 16 to 64 of them, for example 17:0123456789abcdef");
  GK_TRY(gk_audit_verify(&report, ctl->core, ctl->db, &wish, ctl->pool));
  ctl->fault = report.faults > 0;
  say_report(ctl, &report);
  gk_ctl__result(ctl, gk_verify_json(&report, ctl->pool));
  return NULL;
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

static gk_error_t *time_option(apr_time_t *out, gk_ctl_t *ctl, const char *name)
{
  const char *text = gk_ctl__option(ctl, name);
  if (text != NULL && !gk_time_parse(text, out))
    return gk_ctl__usage(ctl, "--%s 要写成 2026-11-03T08:00:00+08:00", "--%s takes a time like 2026-11-03T08:00:00+08:00",
                         name);
  return NULL;
}

static void say_entries(gk_ctl_t *ctl, const apr_array_header_t *entries)
{
  apr_array_header_t *lines = apr_array_make(ctl->pool, entries->nelts + 1, sizeof(const char **));
  for (int i = 0; i < entries->nelts; i++) {
    const gk_audit_entry_t *entry = &APR_ARRAY_IDX(entries, i, gk_audit_entry_t);
    const char **line = apr_palloc(ctl->pool, 6 * sizeof(*line));
    line[0] = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, entry->seq);
    line[1] = gk_time_text(ctl->pool, entry->at);
    line[2] = entry->actor_id == 0 ? "system"
                                   : apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT " %s", entry->actor_id,
                                                  entry->actor_name != NULL ? entry->actor_name : "");
    line[3] = entry->action;
    line[4] = apr_psprintf(ctl->pool, "%s %" APR_INT64_T_FMT, entry->object_kind, entry->object_id);
    line[5] = entry->org_path;
    APR_ARRAY_PUSH(lines, const char **) = line;
  }
  gk_ctl__table(ctl, "seq|at|who|action|object|org", lines);
}

gk_error_t *gk_ctl_audit_search(gk_ctl_t *ctl)
{
  apr_int64_t limit;
  apr_array_header_t *entries;
  gk_audit_filter_t filter = {.number = gk_ctl__option(ctl, "number"),
                              .login = gk_ctl__option(ctl, "login"),
                              .action = gk_ctl__option(ctl, "action"),
                              .object_kind = gk_ctl__option(ctl, "kind"),
                              .org = gk_ctl__option(ctl, "org")};
  GK_TRY(gk_ctl__number(&limit, ctl, "limit", 1, 1000, 50));
  GK_TRY(gk_ctl__number(&filter.candidate_id, ctl, "candidate", 1, APR_INT64_MAX, 0));
  GK_TRY(gk_ctl__number(&filter.actor_id, ctl, "actor", 1, APR_INT64_MAX, 0));
  GK_TRY(gk_ctl__number(&filter.object_id, ctl, "id", 1, APR_INT64_MAX, 0));
  GK_TRY(gk_ctl__number(&filter.before_seq, ctl, "after", 1, APR_INT64_MAX, 0));
  GK_TRY(time_option(&filter.from, ctl, "from"));
  GK_TRY(time_option(&filter.to, ctl, "to"));
  if (filter.object_id != 0 && filter.object_kind == NULL)
    return gk_ctl__usage(ctl, "--id 要与 --kind 同用", "--id goes with --kind");
  GK_TRY(gk_ctl__finish(ctl, gk_audit_search(&entries, &ctl->act, &filter, (int)limit)));
  say_entries(ctl, entries);
  gk_json_t *list = gk_json_array(ctl->pool);
  const struct gk_pack_t *pack = ctl->act.season != NULL ? ctl->act.season->pack : NULL;
  for (int i = 0; i < entries->nelts; i++)
    gk_json_add(list, gk_audit_entry_json(&APR_ARRAY_IDX(entries, i, gk_audit_entry_t), pack, true, ctl->pool));
  gk_ctl__result(ctl, list);
  return NULL;
}
