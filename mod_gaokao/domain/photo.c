/* domain/photo.c: see photo.h. */
#include "domain/photo.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/watch.h"

#define HISTORY 100

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- reading --------------------------------------------------------------------------------------------- */

gk_error_t *gk_photo_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id)
{
  GK_TRY(gk_act_season(act));
  return gk_photo_store_present(out, found, act, candidate_id);
}

/* Refusals since somebody last decided, or a picture last passed. */
static int refusals_of(const apr_array_header_t *photos)
{
  int refusals = 0;
  for (int i = 0; i < photos->nelts; i++) {
    const gk_photo_t *photo = &APR_ARRAY_IDX(photos, i, gk_photo_t);
    if (is(photo->state, "accepted") || photo->decision != NULL)
      break;
    refusals += is(photo->state, "refused");
  }
  return refusals;
}

gk_error_t *gk_photo_view(gk_photo_view_t *out, gk_act_t *act, apr_int64_t candidate_id)
{
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_get(&out->candidate, act, candidate_id));
  GK_TRY(gk_photo_store_list(&out->photos, act, candidate_id, HISTORY));
  out->refusals = refusals_of(out->photos);
  return NULL;
}

gk_error_t *gk_photo_picture(gk_photo_t *out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t id)
{
  gk_candidate_t *candidate;
  bool found;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_get(&candidate, act, candidate_id));
  GK_TRY(gk_photo_store_get(out, &found, act, candidate_id, id));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "没有这张照片", "There is no such photo");
  if (out->jpeg == NULL)
    return gk_error_plain(act->pool, GK_E_GONE);
  GK_TRY(gk_watch_read(act, candidate_id));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_int(after, "photo", id);
  return gk_audit(act, "candidate.photo.read", "candidate", candidate_id, candidate->version, candidate->org_path, NULL,
                  after);
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

gk_json_t *gk_photo_json(const gk_photo_t *photo, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", photo->id);
  gk_json_set_str(json, "state", photo->state);
  gk_json_set_str(json, "source", photo->source);
  gk_json_set_str(json, "verdict", photo->verdict);
  gk_json_set_int(json, "width_px", photo->width_px);
  gk_json_set_int(json, "height_px", photo->height_px);
  gk_json_set_int(json, "bytes", photo->bytes);
  gk_json_set_str(json, "digest", photo->digest);
  gk_json_set_id(json, "made_from", photo->made_from);
  gk_json_set_id(json, "taken_by", photo->taken_by);
  gk_json_set_time(json, "taken_at", photo->taken);
  gk_json_set_id(json, "decided_by", photo->decided_by);
  gk_json_set_time(json, "decided_at", photo->decided);
  gk_json_set(json, "report", photo->report);
  gk_json_set(json, "decision", photo->decision);
  return json;
}

gk_json_t *gk_photo_view_json(const gk_photo_view_t *view, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *items = gk_json_array(pool);
  gk_json_set(json, "candidate", gk_candidate_brief_json(view->candidate, pool));
  gk_json_set_str(json, "state", view->candidate->photo_state);
  gk_json_set_int(json, "refusals", view->refusals);
  gk_json_set_bool(json, "clerk_decides", view->refusals >= GK_PHOTO_REFUSALS);
  for (int i = 0; i < view->photos->nelts; i++)
    gk_json_add(items, gk_photo_json(&APR_ARRAY_IDX(view->photos, i, gk_photo_t), pool));
  gk_json_set(json, "photos", items);
  return json;
}

/* What the candidate is told about a picture: the sentences, not the numbers behind them. */
static gk_json_t *told_json(const gk_photo_t *photo, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *reasons = gk_json_array(pool);
  const gk_json_t *findings = gk_json_get(photo->report, "findings");
  gk_json_set_str(json, "state", photo->state);
  gk_json_set_time(json, "taken_at", photo->taken);
  for (apr_size_t i = 0; i < gk_json_size(findings); i++) {
    gk_json_t *finding = gk_json_at(findings, i), *reason;
    if (!is(gk_json_str(finding, "severity"), "block") && !is(gk_json_str(finding, "severity"), "look"))
      continue;
    reason = gk_json_object(pool);
    gk_json_set_str(reason, "zh", gk_json_str(finding, "zh"));
    gk_json_set_str(reason, "en", gk_json_str(finding, "en"));
    gk_json_set(reason, "remedy", gk_json_get(finding, "remedy"));
    gk_json_add(reasons, reason);
  }
  gk_json_set(json, "reasons", reasons);
  gk_json_set_str(json, "word", photo->decision != NULL ? gk_json_str(photo->decision, "reason") : NULL);
  return json;
}

gk_error_t *gk_photo_own_json(gk_json_t **out, gk_act_t *act)
{
  gk_candidate_t *candidate;
  apr_array_header_t *photos;
  GK_TRY(gk_candidate_own(&candidate, act));
  GK_TRY(gk_photo_store_own_list(&photos, act, HISTORY));
  gk_json_t *json = gk_json_object(act->pool);
  gk_json_set_str(json, "state", candidate->photo_state);
  gk_json_set_null(json, "photo");
  gk_json_set_null(json, "last");
  for (int i = photos->nelts - 1; i >= 0; i--) {
    const gk_photo_t *photo = &APR_ARRAY_IDX(photos, i, gk_photo_t);
    if (is(photo->state, "accepted")) {
      gk_json_t *present = gk_json_object(act->pool);
      gk_json_set_int(present, "width_px", photo->width_px);
      gk_json_set_int(present, "height_px", photo->height_px);
      gk_json_set_time(present, "taken_at", photo->taken);
      gk_json_set(json, "photo", present);
      gk_json_set_null(json, "last");
    } else if (is(photo->state, "look") || is(photo->state, "refused") || is(photo->state, "retake")) {
      gk_json_set(json, "last", told_json(photo, act->pool));
    }
  }
  *out = json;
  return NULL;
}

gk_error_t *gk_photo_own_picture(gk_photo_t *out, bool *found, gk_act_t *act)
{
  apr_array_header_t *photos;
  apr_int64_t id = 0;
  *found = false;
  GK_TRY(gk_photo_store_own_list(&photos, act, HISTORY));
  for (int i = 0; i < photos->nelts && id == 0; i++) {
    const gk_photo_t *photo = &APR_ARRAY_IDX(photos, i, gk_photo_t);
    if (is(photo->state, "accepted"))
      id = photo->id;
  }
  return id == 0 ? NULL : gk_photo_store_own_get(out, found, act, id);
}

gk_error_t *gk_photo_queue(gk_json_t **items, apr_int64_t *last, bool *more, gk_act_t *act, const char *state,
                           apr_int64_t after, int limit)
{
  apr_array_header_t *queue;
  gk_json_t *array = gk_json_array(act->pool);
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_photo_store_queue(&queue, act, state, after, limit + 1));
  *last = 0;
  for (int i = 0; i < queue->nelts && i < limit; i++) {
    const gk_photo_queued_t *one = &APR_ARRAY_IDX(queue, i, gk_photo_queued_t);
    gk_json_t *item = gk_json_object(act->pool), *candidate = gk_json_object(act->pool);
    gk_json_set_int(candidate, "id", one->photo.candidate_id);
    gk_json_set_str(candidate, "number", one->number);
    gk_json_set_str(candidate, "name", one->name);
    gk_json_set_str(candidate, "class", one->class_name);
    gk_json_set_int(candidate, "version", one->version);
    gk_json_set(item, "candidate", candidate);
    gk_json_set(item, "photo", gk_photo_json(&one->photo, act->pool));
    gk_json_add(array, item);
    *last = one->photo.id;
  }
  *items = array;
  *more = queue->nelts > limit;
  return NULL;
}

gk_error_t *gk_photo_waiting(apr_int64_t *count, gk_act_t *act)
{
  GK_TRY(gk_act_season(act));
  return gk_photo_store_waiting(count, act);
}

/* ---- changing -------------------------------------------------------------------------------------------- */

/* The checks' raw numbers, for the page that tries other limits. */
static const char *measures_of(const gk_photo_checked_t *checked, apr_pool_t *pool)
{
  gk_json_t *facts = gk_json_get(checked->report, "facts");
  return facts != NULL ? gk_json_text_sorted(facts, pool) : "";
}

/* The proposed crop is no better than the picture. */
static bool crop_blocked(const gk_json_t *report) { return is(gk_json_str(gk_json_get(report, "crop"), "verdict"), "block"); }

const char *gk_photo_state_for(const gk_photo_checked_t *checked)
{
  if (is(checked->verdict, "fine"))
    return "accepted";
  return is(checked->verdict, "block") && (checked->cut == NULL || crop_blocked(checked->report)) ? "refused" : "look";
}

static bool has(const apr_array_header_t *photos, const char *state)
{
  for (int i = 0; i < photos->nelts; i++)
    if (is(APR_ARRAY_IDX(photos, i, gk_photo_t).state, state))
      return true;
  return false;
}

static gk_json_t *audit_json(const gk_photo_t *photo, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  const gk_json_t *findings = gk_json_get(photo->report, "findings");
  gk_json_set_int(json, "photo", photo->id);
  gk_json_set_str(json, "picture_state", photo->state);
  gk_json_set_str(json, "source", photo->source);
  gk_json_set_str(json, "verdict", photo->verdict);
  gk_json_set_str(json, "digest", photo->digest);
  if (gk_json_size(findings) > 0)
    gk_json_set_str(json, "code", gk_json_str(gk_json_at(findings, 0), "code"));
  if (photo->decision != NULL)
    gk_json_set_str(json, "reason", gk_json_str(photo->decision, "reason"));
  return json;
}

/* The signed form shows the photo: another one needs another signature. */
static gk_error_t *signed_already(apr_pool_t *pool)
{
  return gk_error(pool, GK_E_WRONG_STATE,
                  "考生已在带这张照片的登记表上确认签字：要换照片，请先办理“更正”（写明原因），换好后重新打印校对表、签字。",
                  "The candidate signed the form that shows this photo. To change it, correct the confirmation first (with a "
                  "reason), then print and sign again.");
}

/* The record's half of a change: version, photo_state, and the proof sheet when the photo on it is another one now. */
static gk_error_t *mark(gk_act_t *act, gk_candidate_t *candidate, const char *photo_state, bool another)
{
  bool changed;
  GK_TRY(gk_act_begin(act));
  candidate->photo_state = photo_state;
  if (another && !is(candidate->state, "confirmed")) {
    candidate->proof_version = 0;
    if (is(candidate->state, "proofed"))
      candidate->state = "filling";
  }
  GK_TRY(gk_photo_store_mark(&changed, act, candidate));
  if (!changed) {
    gk_candidate_t *now;
    GK_TRY(gk_candidate_get(&now, act, candidate->id));
    return gk_stale(act, now->version);
  }
  candidate->version++;
  return NULL;
}

/* What a record was like before. */
typedef struct before_t {
  const char *photo_state, *state;
  apr_int64_t proof_version;
} before_t;

static before_t before_of(const gk_candidate_t *c) { return (before_t){c->photo_state, c->state, c->proof_version}; }

static gk_error_t *note(gk_act_t *act, const gk_candidate_t *candidate, const char *action, const gk_photo_t *photo,
                        const before_t *before)
{
  gk_json_t *was = gk_json_object(act->pool);
  gk_json_set_str(was, "photo_state", before->photo_state);
  gk_json_t *now = audit_json(photo, act->pool);
  gk_json_set_str(now, "photo_state", candidate->photo_state);
  if (before->proof_version != candidate->proof_version) { /* the sheet is void */
    gk_json_set_int(was, "proof_version", before->proof_version);
    gk_json_set_str(was, "state", before->state);
    gk_json_set_int(now, "proof_version", candidate->proof_version);
    gk_json_set_str(now, "state", candidate->state);
  }
  return gk_audit(act, action, "candidate", candidate->id, candidate->version, candidate->org_path, was, now);
}

static gk_error_t *load(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_act_season(act));
  if (version != 0)
    GK_TRY(gk_candidate_load(out, act, id, version));
  else
    GK_TRY(gk_candidate_get(out, act, id));
  return gk_access_check(act, GK_ACTION_photo_write, (*out)->state, (*out)->org_path, id);
}

/* What can't be decoded is no picture: the sentence of the check that says why is the answer, and nothing is kept. */
static gk_error_t *no_picture(const gk_photo_checked_t *checked, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  gk_json_t *first = gk_json_at(gk_json_get(checked->report, "findings"), 0);
  const char *code = gk_json_str(first, "code"), *zh = gk_json_str(first, "zh"), *en = gk_json_str(first, "en");
  gk_violation_text(&error, pool, "/photo", code != NULL ? code : "file-broken", zh != NULL ? zh : "这不是能用的照片",
                    en != NULL ? en : "This is no picture that can be used");
  return error;
}

gk_error_t *gk_photo_keep(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, const gk_photo_wish_t *wish,
                          const gk_photo_checked_t *checked)
{
  gk_candidate_t *c;
  apr_array_header_t *photos;
  bool chip = is(wish->source, "chip");
  GK_TRY(load(&c, act, wish->candidate_id, wish->version));
  if (checked->jpeg == NULL)
    return no_picture(checked, act->pool);
  GK_TRY(gk_photo_store_list(&photos, act, c->id, HISTORY));
  const before_t before = before_of(c);
  gk_photo_t photo = {.candidate_id = c->id, .state = chip ? "chip" : gk_photo_state_for(checked), .source = wish->source,
                      .verdict = checked->verdict, .width_px = checked->width_px, .height_px = checked->height_px,
                      .bytes = (apr_int64_t)checked->length, .digest = gk_sha256_hex(act->pool, checked->jpeg, checked->length),
                      .taken_by = act->who->account_id, .taken = act->now, .report = checked->report, .jpeg = checked->jpeg,
                      .cut = chip ? NULL : checked->cut, .cut_bytes = checked->cut_length};
  if (is(photo.state, "accepted") && is(c->state, "confirmed") && has(photos, "accepted"))
    photo.state = "look"; /* the form with the other one is signed: it waits for a correction */
  const char *state = photo.state;
  if (chip)
    state = before.photo_state;
  else if (is(state, "refused") && has(photos, "accepted"))
    state = "accepted";
  GK_TRY(mark(act, c, state, is(photo.state, "accepted")));
  GK_TRY(gk_photo_store_replace(act, c->id, chip ? "chip" : "look"));
  if (is(photo.state, "accepted"))
    GK_TRY(gk_photo_store_replace(act, c->id, "accepted"));
  GK_TRY(gk_photo_store_insert(act, &photo, chip ? "" : measures_of(checked, act->pool)));
  GK_TRY(note(act, c, chip ? "candidate.photo_chip" : "candidate.photo", &photo, &before));
  *out = photo;
  *candidate = c;
  return NULL;
}

gk_error_t *gk_photo_take(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, const gk_photo_wish_t *wish)
{
  gk_photo_checked_t checked;
  gk_error_t *error = NULL;
  GK_TRY(load(candidate, act, wish->candidate_id, wish->version)); /* refused before the work, not behind it */
  if (wish->sha256 != NULL && strlen(wish->sha256) != 64) /* a flipped bit in a JPEG shows nowhere: the sender says what it sent */
    gk_violation(&error, act->pool, "?sha256", "required", "请在地址中用 sha256 给出文件的 SHA-256（64 位十六进制）",
                 "Give the file's SHA-256 as ?sha256= in 64 hex digits");
  GK_TRY(error);
  GK_TRY(gk_photo_examine(&checked, act, wish->bytes, wish->length, wish->sha256));
  return gk_photo_keep(out, candidate, act, wish, &checked);
}

/* ---- deciding -------------------------------------------------------------------------------------------- */

typedef struct decision_t {
  gk_candidate_t *candidate;
  gk_photo_t photo;
  apr_array_header_t *photos;
  int refusals;
} decision_t;

static gk_error_t *need_reason(gk_act_t *act, const char *reason)
{
  gk_error_t *error = NULL;
  if (reason == NULL)
    gk_violation(&error, act->pool, "/reason", "required", "请写明原因。", "Give the reason.");
  return error;
}

static gk_json_t *decision_json(const char *verdict, const char *reason, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "verdict", verdict);
  gk_json_set_str(json, "reason", reason);
  return json;
}

/* The picture leaves `from` for another state; a present photo that it follows is replaced before. */
static gk_error_t *move(decision_t *d, gk_act_t *act, const char *state, const char *verdict, const char *reason)
{
  bool changed;
  const char *from = d->photo.state;
  d->photo.state = state;
  d->photo.decision = decision_json(verdict, reason, act->pool);
  d->photo.decided_by = act->who->account_id;
  d->photo.decided = act->now;
  if (is(state, "accepted"))
    GK_TRY(gk_photo_store_replace(act, d->candidate->id, "accepted"));
  GK_TRY(gk_photo_store_decide(&changed, act, &d->photo, from));
  return changed ? NULL : gk_error_plain(act->pool, GK_E_RETRY);
}

static gk_error_t *take_crop(decision_t *d, gk_act_t *act, const char *reason);

static gk_error_t *may_replace(const decision_t *d, apr_pool_t *pool)
{
  return is(d->candidate->state, "confirmed") && has(d->photos, "accepted") ? signed_already(pool) : NULL;
}

static gk_error_t *take_as_is(decision_t *d, gk_act_t *act, const char *reason)
{
  const gk_pack_t *pack = act->season->pack;
  bool waits = is(d->photo.state, "look"), blocked = is(d->photo.verdict, "block");
  if (!waits && !is(d->photo.state, "refused"))
    return gk_error(act->pool, GK_E_WRONG_STATE, "这张照片已经处理过了。", "This photo has been decided already.");
  if (blocked && d->refusals < GK_PHOTO_REFUSALS)
    return gk_error(act->pool, GK_E_WRONG_STATE,
                    "照片有必须改正的问题：请用建议的裁剪或重拍；连续 %d 次没有通过后，才可以写明原因按原样通过。",
                    "The photo has a fault that must be put right: take the proposed crop or a new photo. Only after %d "
                    "refusals in a row may it be accepted as it is, with a reason.",
                    GK_PHOTO_REFUSALS);
  if (blocked)
    GK_TRY(need_reason(act, reason));
  if (blocked && d->photo.cut != NULL) /* of a larger picture the ticket takes the crop */
    return take_crop(d, act, reason);
  if (d->photo.width_px != pack->photo.width_px || d->photo.height_px != pack->photo.height_px) /* the ticket has one size */
    return gk_error(act->pool, GK_E_WRONG_STATE, "准考证照片必须是 %d×%d 像素：请用建议的裁剪，或重新上传这个尺寸的照片。",
                    "The admission ticket takes %d×%d pixels: use the proposed crop, or send a picture of that size.",
                    pack->photo.width_px, pack->photo.height_px);
  GK_TRY(may_replace(d, act->pool));
  GK_TRY(mark(act, d->candidate, "accepted", true));
  return move(d, act, "accepted", "accept", reason);
}

static gk_error_t *ask_again(decision_t *d, gk_act_t *act, const char *reason)
{
  bool present = is(d->photo.state, "accepted");
  GK_TRY(need_reason(act, reason));
  if (!present && !is(d->photo.state, "look"))
    return gk_error(act->pool, GK_E_WRONG_STATE, "这张照片已经处理过了。", "This photo has been decided already.");
  if (present)
    GK_TRY(may_replace(d, act->pool));
  GK_TRY(mark(act, d->candidate, !present && has(d->photos, "accepted") ? "accepted" : "retake", present));
  return move(d, act, "retake", "retake", reason);
}

/* What was cut out of the picture is the record's photo from now on. */
static gk_error_t *use_cut(decision_t *d, gk_act_t *act, const gk_photo_checked_t *checked, const unsigned char *jpeg,
                           apr_size_t length, const char *reason)
{
  gk_photo_t cut = {.candidate_id = d->candidate->id, .state = "accepted", .source = "crop", .verdict = checked->verdict,
                    .width_px = checked->width_px, .height_px = checked->height_px, .bytes = (apr_int64_t)length,
                    .digest = gk_sha256_hex(act->pool, jpeg, length), .made_from = d->photo.id,
                    .taken_by = d->photo.taken_by, .taken = d->photo.taken, .decided_by = act->who->account_id,
                    .decided = act->now, .report = checked->report, .jpeg = jpeg,
                    .decision = decision_json("crop", reason, act->pool)};
  GK_TRY(may_replace(d, act->pool));
  GK_TRY(mark(act, d->candidate, "accepted", true));
  GK_TRY(move(d, act, "replaced", "crop", reason));
  GK_TRY(gk_photo_store_replace(act, d->candidate->id, "accepted"));
  GK_TRY(gk_photo_store_insert(act, &cut, measures_of(checked, act->pool)));
  d->photo = cut;
  return NULL;
}

/* Our own crop goes through all the checks once more: what they say about it stands beside it. */
static gk_error_t *take_crop(decision_t *d, gk_act_t *act, const char *reason)
{
  gk_photo_checked_t checked;
  bool anyway = is(d->photo.verdict, "block") && d->refusals >= GK_PHOTO_REFUSALS && reason != NULL;
  if ((!is(d->photo.state, "look") && !anyway) || d->photo.cut == NULL)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这张照片没有可用的裁剪建议。", "There is no proposed crop of this photo.");
  GK_TRY(may_replace(d, act->pool)); /* before the work, not behind it */
  GK_TRY(gk_photo_examine(&checked, act, d->photo.cut, d->photo.cut_bytes, NULL));
  if (checked.jpeg == NULL || (is(checked.verdict, "block") && !anyway))
    return gk_error(act->pool, GK_E_WRONG_STATE, "裁剪后仍有必须改正的问题，请重拍。",
                    "The crop still has a fault that must be put right: take a new photo.");
  return use_cut(d, act, &checked, d->photo.cut, d->photo.cut_bytes, reason);
}

/* The frame counts in pixels of the picture that was sent; what is kept of it may be smaller. */
static gk_error_t *scale_frame(gk_photo_frame_t *out, const gk_photo_t *photo, const gk_photo_frame_t *frame, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  const gk_json_t *picture = gk_json_get(photo->report, "picture");
  apr_int64_t width = gk_json_int(picture, "width"), height = gk_json_int(picture, "height");
  if (width <= 0 || height <= 0)
    width = photo->width_px, height = photo->height_px;
  if (frame->x < 0 || frame->y < 0 || frame->width < 1 || frame->height < 1 || frame->width > width - frame->x ||
      frame->height > height - frame->y) {
    gk_violation(&error, pool, "/frame", "outside", "裁剪框必须在 %d × %d 像素的照片之内",
                 "The frame must lie inside the picture of %d × %d px", (int)width, (int)height);
    return error;
  }
  double scale = (double)photo->width_px / (double)width;
  *out = (gk_photo_frame_t){(int)(frame->x * scale), (int)(frame->y * scale), (int)(frame->width * scale + 0.5),
                            (int)(frame->height * scale + 0.5)};
  if (out->width > photo->width_px - out->x)
    out->width = photo->width_px - out->x;
  if (out->height > photo->height_px - out->y)
    out->height = photo->height_px - out->y;
  return NULL;
}

/* The first thing that blocks, as the check says it. */
static gk_error_t *blocked_cut(const gk_photo_checked_t *checked, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  const gk_json_t *first = gk_json_at(gk_json_get(checked->report, "findings"), 0), *remedy = gk_json_get(first, "remedy");
  const char *zh = gk_json_str(remedy, "zh"), *en = gk_json_str(remedy, "en");
  gk_violation_text(&error, pool, "/frame", gk_json_str(first, "code"),
                    apr_pstrcat(pool, gk_json_str(first, "zh"), zh != NULL ? "。" : "", zh, NULL),
                    apr_pstrcat(pool, gk_json_str(first, "en"), en != NULL ? ". " : "", en, NULL));
  return error;
}

static gk_error_t *cut_by_hand(decision_t *d, gk_act_t *act, const gk_photo_frame_t *frame, const char *reason)
{
  gk_photo_checked_t checked;
  gk_photo_frame_t inside;
  if (!is(d->photo.state, "look") && !is(d->photo.state, "refused"))
    return gk_error(act->pool, GK_E_WRONG_STATE, "这张照片已经处理过了。", "This photo has been decided already.");
  GK_TRY(may_replace(d, act->pool));
  GK_TRY(scale_frame(&inside, &d->photo, frame, act->pool));
  GK_TRY(gk_photo_cut(&checked, act, d->photo.jpeg, (apr_size_t)d->photo.bytes, &inside));
  if (is(checked.verdict, "block") && (d->refusals < GK_PHOTO_REFUSALS || reason == NULL))
    return blocked_cut(&checked, act->pool);
  return use_cut(d, act, &checked, checked.jpeg, checked.length, reason);
}

/* The record, the picture, and how many refusals stand in a row. */
static gk_error_t *load_decision(decision_t *d, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version, apr_int64_t id)
{
  bool found;
  GK_TRY(load(&d->candidate, act, candidate_id, version));
  GK_TRY(gk_photo_store_get(&d->photo, &found, act, candidate_id, id));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "没有这张照片", "There is no such photo");
  if (d->photo.jpeg == NULL)
    return gk_error_plain(act->pool, GK_E_GONE);
  GK_TRY(gk_photo_store_list(&d->photos, act, candidate_id, HISTORY));
  d->refusals = refusals_of(d->photos);
  return NULL;
}

gk_error_t *gk_photo_decide(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                            apr_int64_t version, apr_int64_t id, const char *verdict, const char *reason)
{
  static const char *const actions[] = {"candidate.photo_accept", "candidate.photo_crop", "candidate.photo_retake"};
  decision_t d = {NULL};
  const char *action;
  GK_TRY(load_decision(&d, act, candidate_id, version, id));
  const before_t before = before_of(d.candidate);
  if (is(verdict, "accept")) {
    action = actions[0];
    GK_TRY(take_as_is(&d, act, reason));
  } else if (is(verdict, "crop")) {
    action = actions[1];
    GK_TRY(take_crop(&d, act, reason));
  } else {
    action = actions[2];
    GK_TRY(ask_again(&d, act, reason));
  }
  GK_TRY(note(act, d.candidate, action, &d.photo, &before));
  *out = d.photo;
  *candidate = d.candidate;
  return NULL;
}

gk_error_t *gk_photo_crop_by_hand(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                                  apr_int64_t version, apr_int64_t id, const gk_photo_frame_t *frame, const char *reason)
{
  decision_t d = {NULL};
  GK_TRY(load_decision(&d, act, candidate_id, version, id));
  const before_t before = before_of(d.candidate);
  GK_TRY(cut_by_hand(&d, act, frame, reason));
  GK_TRY(note(act, d.candidate, "candidate.photo_crop", &d.photo, &before));
  *out = d.photo;
  *candidate = d.candidate;
  return NULL;
}
