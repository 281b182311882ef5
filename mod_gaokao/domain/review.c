/* domain/review.c: papers, fee, review of eligibility (review.h). */
#include "domain/review.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/ports_candidate.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static bool holds(const gk_json_t *strings, const char *text)
{
  for (apr_size_t i = 0; i < gk_json_size(strings); i++)
    if (is(gk_json_str_value(gk_json_at(strings, i)), text))
      return true;
  return false;
}

static bool listed(const apr_array_header_t *ids, const char *id)
{
  for (int i = 0; i < ids->nelts; i++)
    if (is(APR_ARRAY_IDX(ids, i, const char *), id))
      return true;
  return false;
}

static gk_error_t *begin_change(gk_candidate_t **before, gk_candidate_t **c, gk_act_t *act, gk_action_t action,
                                apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_candidate_load(before, act, id, version));
  GK_TRY(gk_access_check(act, action, (*before)->state, (*before)->org_path, id));
  *c = apr_pmemdup(act->pool, *before, sizeof(**before));
  return NULL;
}

/* ---- papers ---------------------------------------------------------------------------------------------- */

static gk_error_t *required_papers(apr_array_header_t **ids, gk_act_t *act, gk_candidate_t *c)
{
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  return gk_policy_ask(act->season->rules, document, gk_candidate_derived(act, c, document), GK_ASK_REQUIRED_PAPERS,
                       ids, act->pool);
}

/* {id: {seen, note}} as kept. */
static gk_error_t *kept_papers(gk_json_t **papers, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_store_review_part_get(papers, act, id, "papers"));
  if (*papers == NULL)
    *papers = gk_json_object(act->pool);
  return NULL;
}

static apr_array_header_t *unseen(const apr_array_header_t *required, const gk_json_t *papers, apr_pool_t *pool)
{
  apr_array_header_t *ids = apr_array_make(pool, required->nelts + 1, sizeof(const char *));
  for (int i = 0; i < required->nelts; i++) {
    const char *id = APR_ARRAY_IDX(required, i, const char *);
    if (!gk_json_bool(gk_json_get(papers, id), "seen"))
      APR_ARRAY_PUSH(ids, const char *) = id;
  }
  return ids;
}

gk_error_t *gk_papers_missing(apr_array_header_t **ids, gk_act_t *act, gk_candidate_t *candidate)
{
  apr_array_header_t *required;
  gk_json_t *papers;
  GK_TRY(required_papers(&required, act, candidate));
  GK_TRY(kept_papers(&papers, act, candidate->id));
  *ids = unseen(required, papers, act->pool);
  return NULL;
}

gk_error_t *gk_papers_json(gk_json_t **out, gk_act_t *act, gk_candidate_t *candidate)
{
  const gk_pack_t *pack = act->season->pack;
  apr_array_header_t *required;
  gk_json_t *papers, *items = gk_json_array(act->pool);
  GK_TRY(required_papers(&required, act, candidate));
  GK_TRY(kept_papers(&papers, act, candidate->id));
  for (int i = 0; i < pack->papers->nelts; i++) {
    const gk_paper_t *paper = &APR_ARRAY_IDX(pack->papers, i, gk_paper_t);
    gk_json_t *item = gk_json_object(act->pool), *kept = gk_json_get(papers, paper->id);
    gk_json_set_str(item, "id", paper->id);
    gk_json_set_str(item, "zh", paper->name.zh);
    gk_json_set_str(item, "en", paper->name.en);
    gk_json_set_bool(item, "required", listed(required, paper->id));
    gk_json_set_bool(item, "seen", gk_json_bool(kept, "seen"));
    gk_json_set_str(item, "note", gk_json_str(kept, "note"));
    gk_json_add(items, item);
  }
  *out = items;
  return NULL;
}

gk_error_t *gk_papers_put(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, gk_json_t *items)
{
  gk_candidate_t *before, *c;
  apr_array_header_t *required;
  gk_json_t *kept, *papers;
  gk_error_t *error = NULL;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_papers_write, id, version));
  GK_TRY(required_papers(&required, act, c));
  GK_TRY(kept_papers(&kept, act, id));
  papers = gk_json_copy(kept, act->pool);
  for (apr_size_t i = 0; i < gk_json_size(items); i++) {
    gk_json_t *item = gk_json_at(items, i), *paper = gk_json_object(act->pool);
    const char *paper_id = gk_json_str(item, "id");
    if (gk_pack_paper(act->season->pack, paper_id) == NULL) {
      gk_violation(&error, act->pool, apr_psprintf(act->pool, "/items/%d/id", (int)i), "no-such-paper",
                   "本年度的材料清单里没有这一项", "The season's list of papers has no such item");
      continue;
    }
    gk_json_set_bool(paper, "seen", gk_json_bool(item, "seen"));
    if (gk_json_str(item, "note") != NULL)
      gk_json_set_str(paper, "note", gk_json_str(item, "note"));
    gk_json_set(papers, paper_id, paper);
  }
  if (error != NULL)
    return error;
  c->papers_state = unseen(required, papers, act->pool)->nelts == 0 ? "complete" : "incomplete";
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set(more, "papers", papers);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.papers", more));
  GK_TRY(gk_store_review_part_put(act, id, "papers", c->papers_state, papers));
  *out = c;
  return NULL;
}

/* ---- fee ------------------------------------------------------------------------------------------------- */

static apr_int64_t fee_of(const gk_act_t *act, const gk_candidate_t *c)
{
  const gk_subject_t *subject = gk_pack_subject(act->season->pack, c->subject);
  return subject != NULL ? subject->fee_fen : 0;
}

static gk_error_t *receipt_used(gk_act_t *act, const gk_fee_t *other, const char *number)
{
  if (gk_act_covers(act, other->org_path) && number != NULL)
    return gk_error(act->pool, GK_E_CONFLICT, "收据号已用于报名顺序号%s，请核对收据",
                    "This receipt number belongs to the registration %s: look at the receipt again", number);
  return gk_error(act->pool, GK_E_CONFLICT, "收据号已在其他报名点使用，请核对收据",
                  "This receipt number was used at another point: look at the receipt again");
}

gk_error_t *gk_fee_pay(gk_candidate_t **out, gk_fee_t *fee, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                       const char *receipt)
{
  gk_candidate_t *before, *c;
  gk_fee_t other;
  const char *number;
  bool found;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_fee_write, id, version));
  if (is(before->fee_state, "due"))
    return gk_error(act->pool, GK_E_CONFLICT, "科类变更后应缴金额不同：请先作废原收据，再按新金额收费",
                    "The subject changed and with it the amount: cancel the old receipt first, then take the new one");
  if (!is(before->fee_state, "none"))
    return gk_error(act->pool, GK_E_CONFLICT, "该考生已缴费；收错的请先作废原收据",
                    "This candidate has paid; if that was wrong, cancel the receipt first");
  GK_TRY(gk_store_fee_receipt(&found, &other, &number, act, receipt));
  if (found)
    return receipt_used(act, &other, number);
  *fee = (gk_fee_t){.candidate_id = id, .fen = fee_of(act, c), .org_path = c->org_path, .receipt = receipt,
                    .paid_by = act->who->account_id, .paid = act->now};
  c->fee_state = "paid";
  c->fee_fen = fee->fen;
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "receipt", receipt);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.fee", more));
  GK_TRY(gk_store_fee_insert(&fee->id, act, fee));
  if (fee->id == 0) /* the same receipt at another point, a moment before */
    return gk_error_plain(act->pool, GK_E_RETRY);
  *out = c;
  return NULL;
}

gk_error_t *gk_fee_cancel(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *reason)
{
  gk_candidate_t *before, *c;
  gk_fee_t fee;
  bool found, changed;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_fee_cancel, id, version));
  GK_TRY(gk_store_fee_open(&found, &fee, act, id));
  if (!found)
    return gk_error(act->pool, GK_E_CONFLICT, "该考生没有可以作废的缴费", "There is no payment of this candidate to cancel");
  c->fee_state = "none";
  c->fee_fen = 0;
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "receipt", fee.receipt);
  gk_json_set_str(more, "reason", reason);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.fee_cancel", more));
  GK_TRY(gk_store_fee_cancel(&changed, act, fee.id, reason));
  *out = c;
  return NULL;
}

gk_error_t *gk_fee_json(gk_json_t **out, gk_act_t *act, const gk_candidate_t *candidate)
{
  gk_json_t *json = gk_json_object(act->pool);
  gk_fee_t fee;
  bool found = false;
  gk_json_set_str(json, "state", candidate->fee_state);
  gk_json_set_int(json, "amount_fen", fee_of(act, candidate));
  if (!is(candidate->fee_state, "none"))
    GK_TRY(gk_store_fee_open(&found, &fee, act, candidate->id));
  if (found) {
    gk_json_t *paid = gk_json_object(act->pool);
    gk_json_set_int(paid, "fen", fee.fen);
    gk_json_set_str(paid, "receipt", fee.receipt);
    gk_json_set_time(paid, "paid_at", fee.paid);
    gk_json_set(json, "paid", paid);
  } else {
    gk_json_set_null(json, "paid");
  }
  *out = json;
  return NULL;
}

/* ---- review ---------------------------------------------------------------------------------------------- */

gk_error_t *gk_review_last(gk_json_t **out, gk_act_t *act, apr_int64_t candidate_id)
{
  return gk_store_review_part_get(out, act, candidate_id, "review");
}

static void ensure(gk_error_t **error, gk_error_code_t code, apr_pool_t *pool)
{
  if (*error == NULL)
    *error = gk_error_plain(pool, code);
  else if (code == GK_E_RULE_FAILED)
    (*error)->code = code;
}

gk_error_t *gk_review_missing(gk_error_t **error, gk_act_t *act, gk_candidate_t *c)
{
  apr_array_header_t *papers;
  GK_TRY(gk_papers_missing(&papers, act, c));
  if (!c->identified) {
    ensure(error, GK_E_INCOMPLETE, act->pool);
    gk_violation(error, act->pool, "/identity", "not-identified", "还没有读身份证核验身份",
                 "The ID card has not been read yet");
  }
  for (int i = 0; i < papers->nelts; i++) {
    const gk_paper_t *paper = gk_pack_paper(act->season->pack, APR_ARRAY_IDX(papers, i, const char *));
    ensure(error, GK_E_INCOMPLETE, act->pool);
    gk_violation(error, act->pool, apr_pstrcat(act->pool, "/papers/", paper->id, NULL), "paper-missing", "%s%.0s",
                 "%.0s%s", apr_psprintf(act->pool, "材料未交：%s", paper->name.zh),
                 apr_psprintf(act->pool, "Paper not handed in: %s", paper->name.en));
  }
  if (!is(c->fee_state, "paid")) {
    ensure(error, GK_E_INCOMPLETE, act->pool);
    if (is(c->fee_state, "due"))
      gk_violation(error, act->pool, "/fee", "fee-due", "科类变更后费用未结清，请作废原收据后按新金额收费",
                   "The amount changed with the subject: cancel the old receipt and take the new amount");
    else
      gk_violation(error, act->pool, "/fee", "fee-missing", "还没有缴报名考试费", "The fee has not been paid");
  }
  return NULL;
}

gk_error_t *gk_review_hindrances(gk_error_t **error, gk_act_t *act, gk_candidate_t *c, gk_json_t *accepted,
                                 bool with_empty, int stage)
{
  apr_array_header_t *verdicts;
  GK_TRY(gk_candidate_verdicts(&verdicts, act, c, stage));
  apr_array_header_t *against = apr_array_make(act->pool, verdicts->nelts + 1, sizeof(gk_verdict_t));
  bool rules = false;
  for (int i = 0; i < verdicts->nelts; i++) {
    gk_verdict_t v = APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    bool empty = v.kind == GK_VERDICT_REQUIRED;
    if (v.severity == GK_SEVERITY_WARN || (empty && !with_empty) ||
        (v.severity == GK_SEVERITY_REVIEW && holds(accepted, v.rule)))
      continue;
    v.severity = GK_SEVERITY_ERROR;
    rules = rules || !empty;
    APR_ARRAY_PUSH(against, gk_verdict_t) = v;
  }
  if (against->nelts == 0)
    return NULL;
  ensure(error, rules ? GK_E_RULE_FAILED : GK_E_INCOMPLETE, act->pool);
  gk_verdicts_to_error(error, (*error)->code, against, NULL, act->pool);
  return NULL;
}

/* What a pass needs. */
static gk_error_t *may_pass(gk_act_t *act, gk_candidate_t *c, gk_json_t *accepted)
{
  gk_error_t *error = NULL;
  GK_TRY(gk_review_missing(&error, act, c));
  GK_TRY(gk_review_hindrances(&error, act, c, accepted, false, GK_STAGE_REVIEW));
  if (c->twin && !holds(accepted, "twin")) {
    ensure(&error, GK_E_RULE_FAILED, act->pool);
    gk_violation(&error, act->pool, "/twin", "twin",
                 "有同名同生日的另一名考生，请核对是否同一人；确认不是的，在“已核对”中勾选",
                 "Somebody else has the same name and birth date: make sure it is another person, then mark it as seen");
  }
  return error;
}

gk_error_t *gk_review_decide(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool pass,
                             const char *reason, gk_json_t *accepted)
{
  gk_candidate_t *before, *c;
  gk_error_t *error = NULL;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_review_write, id, version));
  if (accepted == NULL)
    accepted = gk_json_array(act->pool);
  if (pass) {
    GK_TRY(may_pass(act, c, accepted));
  } else if (reason == NULL) {
    gk_violation(&error, act->pool, "/reason", "required", "审查不通过请写明原因，考生才知道怎样补正",
                 "Say why it fails, so that the candidate knows what to do");
    return error;
  }
  c->review_state = pass ? "passed" : "failed";
  if (pass && is(c->state, "card_printed"))
    c->state = "reviewed";
  if (!pass) {
    c->state = "card_printed";
    c->proof_version = 0;
  }
  gk_json_t *review = gk_json_object(act->pool);
  gk_json_set_str(review, "verdict", pass ? "pass" : "fail");
  gk_json_set_str(review, "reason", reason);
  gk_json_set(review, "accepted", accepted);
  gk_json_set_int(review, "by", act->who->account_id);
  gk_json_set_str(review, "by_name", act->who->display_name);
  gk_json_set_time(review, "at", act->now);
  gk_json_set_int(review, "pack_id", act->season->pack_id);
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "reason", reason);
  gk_json_set(more, "accepted", accepted);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.review", more));
  GK_TRY(gk_store_review_part_put(act, id, "review", c->review_state, review));
  *out = c;
  return NULL;
}
