/* domain/submission.c: submitting, accepting, returning (submission.h). */
#include "domain/audit_seal.h"
#include "domain/submission_internal.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "domain/paths.h"
#include "domain/returns.h"

const char *gk_submission_kind_word(gk_submission_kind_t kind)
{
  return kind == GK_SUBMIT_ART ? "art" : "all";
}

gk_submission_kind_t gk_submission_kind_of(const char *word)
{
  return word == NULL               ? 0
         : strcmp(word, "art") == 0 ? GK_SUBMIT_ART
         : strcmp(word, "all") == 0 ? GK_SUBMIT_ALL
                                    : 0;
}

gk_json_t *gk_submission_json(const gk_submission_t *submission, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *org = gk_json_object(pool), *counts = NULL;
  gk_json_set_int(json, "id", submission->id);
  gk_json_set_int(org, "id", submission->org.id);
  gk_json_set_str(org, "code", submission->org.code);
  gk_json_set_str(org, "name", submission->org.name);
  gk_json_set_str(org, "level", submission->org.level);
  gk_json_set(json, "org", org);
  gk_json_set_str(json, "kind", gk_submission_kind_word(submission->kind));
  gk_json_set_str(json, "state", submission->state);
  gk_json_set_int(json, "total", submission->total);
  if (gk_json_parse(&counts, submission->counts, strlen(submission->counts), pool) != NULL)
    counts = gk_json_object(pool);
  gk_json_set(json, "subjects", counts);
  gk_json_set_str(json, "digest", submission->digest);
  gk_json_set_id(json, "submitted_by", submission->submitted_by); /* null: gaokaoctl */
  gk_json_set_time(json, "submitted_at", submission->submitted);
  gk_json_set_id(json, "decided_by", submission->decided_by);
  gk_json_set_time(json, "decided_at", submission->decided);
  gk_json_set_str(json, "reason", submission->reason);
  gk_json_set_str(json, "audit_anchor", submission->anchor);
  gk_json_set_int(json, "version", submission->version);
  return json;
}

gk_error_t *gk_submission_list(apr_array_header_t **submissions, gk_act_t *act,
                               const gk_submission_filter_t *filter, int limit)
{
  GK_TRY(gk_act_season(act));
  return gk_submission_store_list(submissions, act, filter, limit);
}

gk_error_t *gk_submission_get(gk_submission_t *out, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_act_season(act));
  return gk_submission_store_get(out, act, id);
}

/* ---- submitting ---------------------------------------------------------------------------------------- */

static gk_error_t *check_free(gk_act_t *act, gk_submission_kind_t kind)
{
  const char *state;
  GK_TRY(gk_submission_store_open(&state, act, act->who->org_path, kind));
  if (state != NULL)
    return gk_error(
        act->pool, GK_E_CONFLICT, "已经上报过了；如需修改，请上级退回后再重新上报。",
        "This was submitted already. To change something, ask the level above to return it first.");
  if (kind == GK_SUBMIT_ART) {
    GK_TRY(gk_submission_store_open(&state, act, act->who->org_path, GK_SUBMIT_ALL));
    if (state != NULL)
      return gk_error(act->pool, GK_E_CONFLICT, "全部考生已经上报，其中包括艺术类考生。",
                      "Everybody was submitted already, art candidates included.");
  }
  return NULL;
}

enum { LISTED = 100 };

static gk_error_t *incomplete(gk_act_t *act, const gk_check_t *check)
{
  gk_error_t *error;
  int listed = 0;
  if (check->live == 0)
    return gk_error(act->pool, GK_E_INCOMPLETE, "没有需要上报的考生。", "There is no candidate to be submitted.");
  if (check->items->nelts > 0)
    error = gk_error(act->pool, GK_E_INCOMPLETE, "还有%" APR_INT64_T_FMT "名考生的信息不完整，请按清单逐一处理后再上报。",
                     "%" APR_INT64_T_FMT " candidates are not complete: work through the list, then submit.",
                     check->incomplete);
  else
    error = gk_error(
        act->pool, GK_E_INCOMPLETE, "还有%" APR_INT64_T_FMT "个下级单位没有上报或没有接收，请处理后再上报。",
        "%" APR_INT64_T_FMT " units below have not submitted, or are not accepted yet: see to them first.",
        check->incomplete);
  for (int i = 0; i < check->items->nelts && listed < LISTED; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    if (item->missing->nelts == 0)
      continue;
    const gk_missing_t *first = &APR_ARRAY_IDX(item->missing, 0, gk_missing_t);
    const char *number = item->number != NULL ? item->number : "-";
    gk_violation_text(&error, act->pool, apr_psprintf(act->pool, "/candidates/%" APR_INT64_T_FMT, item->id),
                      first->code, apr_psprintf(act->pool, "%s %s：%s", number, item->name, first->zh),
                      apr_psprintf(act->pool, "%s %s: %s", number, item->name, first->en));
    listed++;
  }
  for (int i = 0; i < check->children->nelts && listed < LISTED; i++) {
    const gk_check_child_t *child = &APR_ARRAY_IDX(check->children, i, gk_check_child_t);
    const char *code = child->state, *zh = "还没有上报", *en = "not submitted yet";
    if (gk_check_child_ready(child))
      continue;
    if (strcmp(child->state, "submitted") == 0) {
      zh = "已上报，等待您接收";
      en = "submitted, waits for your acceptance";
    } else if (strcmp(child->state, "accepted") == 0) {
      code = "changed";
      zh = "上报后考生有增减：有省里退回更正的，等其补报；否则请退回重报";
      en = "its candidates changed after the submission: wait for those the province returned, else return it";
    }
    gk_violation_text(&error, act->pool, apr_psprintf(act->pool, "/orgs/%" APR_INT64_T_FMT, child->org.id),
                      code, apr_psprintf(act->pool, "%s：%s", child->org.name, zh),
                      apr_psprintf(act->pool, "%s: %s", child->org.name, en));
    listed++;
  }
  return error;
}

void gk_submission__count(gk_json_t *counts, const char *subject, apr_int64_t n)
{
  gk_json_set_int(counts, subject, gk_json_int(counts, subject) + n);
}

void gk_submission__summarise(gk_submission_t *submission, const gk_check_t *check, apr_pool_t *pool)
{
  gk_sha256_t *digest = gk_sha256_start(pool);
  gk_json_t *counts = gk_json_object(pool);
  submission->total = check->live;
  for (int i = 0; i < check->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    const char *line = apr_psprintf(pool, "%s|%" APR_INT64_T_FMT "|%s\n", item->number, item->version,
                                    item->confirmation != NULL ? item->confirmation : "");
    gk_sha256_add(digest, line, strlen(line));
    gk_submission__count(counts, item->subject, 1);
  }
  for (int i = 0; i < check->children->nelts; i++) {
    const gk_check_child_t *child = &APR_ARRAY_IDX(check->children, i, gk_check_child_t);
    const char *line =
        apr_psprintf(pool, "%s|%" APR_INT64_T_FMT "|%s\n", child->org.code, child->total, child->digest);
    gk_json_t *below = NULL;
    gk_sha256_add(digest, line, strlen(line));
    if (gk_json_parse(&below, child->counts, strlen(child->counts), pool) == NULL)
      for (gk_json_iter_t it = gk_json_first(below); it.key != NULL; gk_json_next(&it))
        gk_submission__count(counts, it.key, gk_json_int_value(it.value));
  }
  submission->counts = gk_json_text_sorted(counts, pool);
  submission->digest = gk_sha256_end(digest, pool);
}

int gk_candidate_number_serial(const char *format, const char *number)
{
  /* "{year:2}{division:6}...{serial:4}": pieces of fixed width, text between them stands for itself. */
  while (*format != '\0' && *number != '\0') {
    if (*format != '{') {
      format++;
      number++;
      continue;
    }
    const char *colon = strchr(format, ':'), *end = strchr(format, '}');
    if (colon == NULL || end == NULL || colon > end)
      return 0;
    apr_size_t width = (apr_size_t)atoi(colon + 1);
    if (strlen(number) < width)
      return 0;
    if (strncmp(format, "{serial:", 8) == 0) {
      char digits[16];
      apr_cpystrn(digits, number, width + 1 < sizeof(digits) ? width + 1 : sizeof(digits));
      return atoi(digits);
    }
    number += width;
    format = end + 1;
  }
  return 0;
}

typedef struct numbering_t {
  gk_act_t *act;
  const char *division;             /* six digits: the county's code */
  apr_hash_t *wanted;               /* subject -> apr_int64_t *: numbers needed, then the next to give */
} numbering_t;

static gk_error_t *number_of(const char **out, const numbering_t *numbering, const gk_check_item_t *item,
                             int serial)
{
  const char *exam_type = item->exam_type != NULL ? item->exam_type : "1";
  return gk_pack_candidate_number(out, numbering->act->season->pack, numbering->division, exam_type,
                                  item->subject, serial, numbering->act->pool);
}

/* The number that `item` has already still says its county, subject and examination type. */
static bool number_fits(const numbering_t *numbering, const gk_check_item_t *item)
{
  const char *again;
  if (item->candidate_number == NULL)
    return false;
  int serial =
      gk_candidate_number_serial(numbering->act->season->pack->candidate_format, item->candidate_number);
  return serial > 0 && number_of(&again, numbering, item, serial) == NULL &&
         strcmp(again, item->candidate_number) == 0;
}

static bool to_be_locked(const gk_check_item_t *item) { return strcmp(item->state, "confirmed") == 0; }

/* Takes the serials, subject by subject in the pack's order, so that points of one county never wait in a
 * ring. */
static gk_error_t *take_serials(numbering_t *numbering)
{
  gk_act_t *act = numbering->act;
  const apr_array_header_t *subjects = act->season->pack->subjects;
  for (int i = 0; i < subjects->nelts; i++) {
    const char *subject = APR_ARRAY_IDX(subjects, i, gk_subject_t).code;
    apr_int64_t *n = apr_hash_get(numbering->wanted, subject, APR_HASH_KEY_STRING), first;
    if (n == NULL)
      continue;
    GK_TRY(gk_submission_store_serials(&first, act, numbering->division, subject, *n,
                                       act->season->pack->serial_first));
    if (first + *n - 1 > act->season->pack->serial_last)
      return gk_error(
          act->pool, GK_E_RANGE_FULL, "本县市区该科类的考生号顺序号已用完，请报告省教育考试院。",
          "This county's serials for candidate numbers of the subject are used up: report it to the "
          "provincial authority.");
    *n = first;
  }
  return NULL;
}

gk_error_t *gk_submission__number(const char **rows, apr_int64_t *count, gk_act_t *act, const gk_check_t *check)
{
  gk_paths_t paths = gk_paths_of(check->org.path, act->pool);
  numbering_t numbering = {act, NULL, apr_hash_make(act->pool)};
  if (paths.levels >= 3) {
    const char *county = paths.at[2] + strlen(paths.at[1]);
    numbering.division = apr_pstrmemdup(act->pool, county, strlen(county) - 1);
  }
  gk_json_t *list = gk_json_array(act->pool);
  for (int i = 0; i < check->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    if (!to_be_locked(item) || number_fits(&numbering, item))
      continue;
    apr_int64_t *n = apr_hash_get(numbering.wanted, item->subject, APR_HASH_KEY_STRING);
    if (n == NULL) {
      n = apr_pcalloc(act->pool, sizeof(*n));
      apr_hash_set(numbering.wanted, item->subject, APR_HASH_KEY_STRING, n);
    }
    ++*n;
  }
  GK_TRY(take_serials(&numbering));
  *count = 0;
  for (int i = 0; i < check->items->nelts; i++) {
    const gk_check_item_t *item = &APR_ARRAY_IDX(check->items, i, gk_check_item_t);
    const char *number = item->candidate_number;
    if (!to_be_locked(item))
      continue;
    if (!number_fits(&numbering, item)) {
      apr_int64_t *next = apr_hash_get(numbering.wanted, item->subject, APR_HASH_KEY_STRING);
      GK_TRY(number_of(&number, &numbering, item, (int)(*next)++));
    }
    gk_json_t *row = gk_json_array(act->pool);
    gk_json_add_int(row, item->id);
    gk_json_add_int(row, item->version);
    gk_json_add_str(row, number);
    gk_json_add(list, row);
    ++*count;
  }
  *rows = gk_json_text(list, act->pool);
  return NULL;
}

gk_error_t *gk_submission__changed_meanwhile(gk_act_t *act)
{
  return gk_error_retry(gk_error(act->pool, GK_E_RETRY, "上报过程中有考生信息发生变化，请重新检查后再上报。",
                                 "A record changed while it was being submitted: check again, then submit."),
                        GK_SECOND);
}

static gk_error_t *lock_candidates(gk_act_t *act, const gk_check_t *check)
{
  const char *rows;
  apr_int64_t wanted, locked, rest;
  GK_TRY(gk_submission__number(&rows, &wanted, act, check));
  GK_TRY(gk_submission_store_lock(&locked, act, rows));
  GK_TRY(gk_submission_store_rest(&rest, act, check->org.path, check->kind == GK_SUBMIT_ART));
  return locked == wanted && rest == 0 ? NULL : gk_submission__changed_meanwhile(act);
}

/* The units below as they are now that this submission stands, and a return list counts in it: as they were when they were judged,
 * and held until the end. */
static gk_error_t *check_again(gk_act_t *act, const gk_submission_t *submission)
{
  gk_check_t check;
  gk_submission_t now = {.kind = submission->kind};
  GK_TRY(gk_submission_store_hold(act, &submission->org, submission->kind));
  GK_TRY(gk_submission_check(&check, act, 0, submission->kind));
  gk_submission__summarise(&now, &check, act->pool);
  return check.incomplete == 0 && now.total == submission->total && strcmp(now.digest, submission->digest) == 0 &&
                 strcmp(now.counts, submission->counts) == 0
             ? NULL
             : gk_submission__changed_meanwhile(act);
}

gk_error_t *gk_submission_create(gk_submission_t *out, gk_act_t *act, gk_submission_kind_t kind)
{
  gk_check_t check;
  gk_submission_t submission = {.kind = kind};
  apr_int64_t id;
  GK_TRY(gk_act_season(act));
  if (strcmp(act->who->org_level, "province") == 0)
    return gk_error(act->pool, GK_E_FORBIDDEN, "省教育考试院不需要上报。", "The province submits to nobody.");
  GK_TRY(gk_calendar_check(act, kind == GK_SUBMIT_ART ? "submit_art" : "submit_all", act->who->org_path, 0));
  GK_TRY(check_free(act, kind));
  GK_TRY(gk_submission_check(&check, act, 0, kind));
  if (check.live == 0 || check.incomplete > 0)
    return incomplete(act, &check);
  submission.org = check.org;
  gk_submission__summarise(&submission, &check, act->pool);
  GK_TRY(gk_audit_anchor(&submission.anchor, act->db, act->pool));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_submission_store_insert(&id, act, &submission));
  if (id == 0) {
    GK_TRY(check_free(act, kind));
    return gk_submission__changed_meanwhile(act);
  }
  if (kind == GK_SUBMIT_ALL) /* who comes in now belongs to an open art submission too */
    GK_TRY(gk_return__recount(act, gk_return__locked(act, &check, true), 1, GK_SUBMIT_ART));
  if (check.items->nelts > 0)
    GK_TRY(lock_candidates(act, &check));
  else
    GK_TRY(check_again(act, &submission));
  GK_TRY(gk_submission_store_get(out, act, id));
  return gk_audit(act, "submission.create", "submission", id, out->version, out->org.path, NULL,
                  gk_submission_json(out, act->pool));
}

/* ---- deciding ------------------------------------------------------------------------------------------ */

static bool directly_above(const char *mine, const char *theirs)
{
  return (strcmp(theirs, "point") == 0 && strcmp(mine, "county") == 0) ||
         (strcmp(theirs, "county") == 0 && strcmp(mine, "city") == 0) ||
         (strcmp(theirs, "city") == 0 && strcmp(mine, "province") == 0);
}

static gk_error_t *load_for_decision(gk_submission_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_submission_store_get(out, act, id));
  if (!directly_above(act->who->org_level, out->org.level))
    return gk_error(act->pool, GK_E_FORBIDDEN, "上报由直接上级接收或退回。",
                    "A submission is accepted or returned by the level directly above.");
  if (out->version != version)
    return gk_stale(act, out->version);
  if (strcmp(out->state, "returned") == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这次上报已经退回，请等下级重新上报。",
                    "This submission has been returned: wait for the next one.");
  return NULL;
}

static gk_error_t *decide(gk_submission_t *out, gk_act_t *act, const gk_submission_t *before,
                          const char *state, const char *reason)
{
  bool changed;
  GK_TRY(gk_submission_store_decide(&changed, act, before->id, before->version, state, reason));
  GK_TRY(gk_submission_store_get(out, act, before->id));
  return changed ? NULL : gk_stale(act, out->version);
}

gk_error_t *gk_submission_accept(gk_submission_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_submission_t before;
  apr_int64_t moved = 0;
  GK_TRY(load_for_decision(&before, act, id, version));
  if (strcmp(before.state, "submitted") != 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这次上报已经接收过了。", "This submission was accepted already.");
  GK_TRY(gk_act_begin(act));
  GK_TRY(decide(out, act, &before, "accepted", NULL));
  if (strcmp(before.org.level, "city") == 0)
    GK_TRY(gk_submission_store_move(&moved, act, before.org.path, "submitted", "accepted",
                                    before.kind == GK_SUBMIT_ART, false));
  gk_json_t *after = gk_submission_json(out, act->pool);
  gk_json_set_int(after, "candidates_accepted", moved);
  return gk_audit(act, "submission.accept", "submission", id, out->version, out->org.path,
                  gk_submission_json(&before, act->pool), after);
}

/* Paths of the units from just below `above` down to `unit`. */
static int paths_between(const char **out, const char *above, const char *unit, apr_pool_t *pool)
{
  gk_paths_t paths = gk_paths_of(unit, pool);
  int count = 0;
  for (int i = 0; i < paths.levels; i++)
    if (strlen(paths.at[i]) > strlen(above) && strncmp(paths.at[i], above, strlen(above)) == 0)
      out[count++] = paths.at[i];
  return count;
}

static gk_error_t *check_returnable(gk_act_t *act, const gk_submission_t *submission,
                                    const char *const *paths, int count)
{
  const char *state;
  GK_TRY(gk_submission_store_open(&state, act, act->who->org_path, submission->kind));
  if (state != NULL)
    return gk_error(act->pool, GK_E_WRONG_STATE, "本单位已经上报，请先请上级退回本单位的上报。",
                    "Your own unit has submitted: ask the level above to return that first.");
  for (int i = -1; submission->kind == GK_SUBMIT_ART && i < count; i++) {
    GK_TRY(gk_submission_store_open(&state, act, i < 0 ? submission->org.path : paths[i], GK_SUBMIT_ALL));
    if (state != NULL)
      return gk_error(act->pool, GK_E_WRONG_STATE, "该单位已经上报全部考生，请先退回“全部”的上报。",
                      "The unit has submitted everybody: return that submission first.");
  }
  for (int i = 0; i < count; i++) {
    GK_TRY(gk_submission_store_open(&state, act, paths[i], submission->kind));
    if (state == NULL)
      return gk_error(act->pool, GK_E_WRONG_STATE, "指定的单位（或其上级）没有待退回的上报。",
                      "The unit you named, or one above it, has no open submission to return.");
  }
  return NULL;
}

/* Unlocks the candidates of a point whose submission goes back. */
static gk_error_t *unlock_point(apr_int64_t *moved, gk_act_t *act, const char *path,
                                gk_submission_kind_t kind)
{
  const char *art = NULL;
  if (kind == GK_SUBMIT_ALL)
    GK_TRY(gk_submission_store_open(&art, act, path, GK_SUBMIT_ART));
  return gk_submission_store_move(moved, act, path, "submitted", "confirmed", kind == GK_SUBMIT_ART,
                                  art != NULL);
}

static gk_error_t *give_back(gk_json_t *report, gk_act_t *act, const gk_submission_t *before,
                             const char *point)
{
  apr_int64_t moved;
  if (strcmp(before->org.level, "city") == 0 && strcmp(before->state, "accepted") == 0) {
    const char *art = NULL;
    if (before->kind == GK_SUBMIT_ALL)
      GK_TRY(gk_submission_store_open(&art, act, before->org.path, GK_SUBMIT_ART));
    GK_TRY(gk_submission_store_move(&moved, act, before->org.path, "accepted", "submitted",
                                    before->kind == GK_SUBMIT_ART,
                                    art != NULL && strcmp(art, "accepted") == 0));
    gk_json_set_int(report, "candidates_taken_back", moved);
  }
  if (point != NULL) {
    GK_TRY(unlock_point(&moved, act, point, before->kind));
    gk_json_set_int(report, "candidates_unlocked", moved);
  }
  return NULL;
}

gk_error_t *gk_submission_return(gk_submission_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 const char *reason, apr_int64_t org_id)
{
  gk_submission_t before;
  gk_submission_org_t target = {0};
  const char *paths[GK_PATH_LEVELS];
  int count = 0;
  apr_array_header_t *below = NULL;
  GK_TRY(load_for_decision(&before, act, id, version));
  if (org_id != 0 && org_id != before.org.id) {
    GK_TRY(gk_submission_store_org(&target, act, org_id));
    count = paths_between(paths, before.org.path, target.path, act->pool);
    if (count == 0) {
      gk_error_t *error = NULL;
      gk_violation(&error, act->pool, "/org_id", "not-below", "这个单位不在所退回的上报范围内。",
                   "This unit does not belong to the submission that is returned.");
      return error;
    }
  }
  GK_TRY(check_returnable(act, &before, paths, count));
  const char *point = strcmp(before.org.level, "point") == 0 ? before.org.path
                      : count > 0 && strcmp(target.level, "point") == 0 ? target.path : NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(decide(out, act, &before, "returned", reason));
  if (count > 0)
    GK_TRY(gk_submission_store_return_paths(&below, act, paths, count, before.kind, reason));
  gk_json_t *after = gk_submission_json(out, act->pool);
  GK_TRY(give_back(after, act, &before, point));
  for (int i = 0; below != NULL && i < below->nelts; i++) {
    const gk_submission_t *one = &APR_ARRAY_IDX(below, i, gk_submission_t);
    gk_json_t *note = gk_json_object(act->pool);
    gk_json_set_str(note, "state", "returned");
    gk_json_set_str(note, "reason", reason);
    gk_json_set_int(note, "with", id);
    GK_TRY(
        gk_audit(act, "submission.return", "submission", one->id, one->version, one->org.path, NULL, note));
  }
  return gk_audit(act, "submission.return", "submission", id, out->version, out->org.path,
                  gk_submission_json(&before, act->pool), after);
}
