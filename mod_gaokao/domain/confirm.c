/* domain/confirm.c: see confirm.h. */
#include "domain/confirm.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/account.h"
#include "domain/photo.h"
#include "domain/ports_candidate.h"
#include "domain/review.h"
#include "domain/watch.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static gk_error_t *begin_change(gk_candidate_t **before, gk_candidate_t **c, gk_act_t *act, gk_action_t action,
                                apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_candidate_load(before, act, id, version));
  GK_TRY(gk_access_check(act, action, (*before)->state, (*before)->org_path, id));
  *c = apr_pmemdup(act->pool, *before, sizeof(**before));
  return NULL;
}

static gk_json_t *reason_json(const gk_act_t *act, const char *reason)
{
  gk_json_t *json = gk_json_object(act->pool);
  gk_json_set_str(json, "reason", reason);
  return json;
}

/* ---- proof ----------------------------------------------------------------------------------------------- */

/* What a sheet shows, in one exact form: nothing that changes without the candidate's doing. The photo stands in it by its
 * digest, where there is one. */
static gk_error_t *sheet_text(const char **text, gk_act_t *act, gk_candidate_t *c)
{
  gk_document_t *document;
  const char *photo;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  GK_TRY(gk_photo_store_digest(&photo, act, c->id));
  gk_json_t *sheet = gk_json_object(act->pool);
  gk_json_set_int(sheet, "candidate", c->id);
  gk_json_set_str(sheet, "number", c->number);
  gk_json_set_int(sheet, "season", act->season->year);
  gk_json_set_str(sheet, "point", c->org_code);
  gk_json_set_str(sheet, "subject", c->subject);
  gk_json_set(sheet, "fields", gk_document_json(document));
  if (photo != NULL)
    gk_json_set_str(sheet, "photo", photo);
  *text = gk_json_text_sorted(sheet, act->pool);
  return NULL;
}

/* Rules that a reviewer accepted once count as seen. */
static gk_error_t *accepted_rules(gk_json_t **accepted, gk_act_t *act, apr_int64_t id)
{
  gk_json_t *review;
  GK_TRY(gk_review_last(&review, act, id));
  *accepted = review != NULL ? gk_json_get(review, "accepted") : NULL;
  return NULL;
}

/* Where the pack asks for the photo that early. */
static void need_photo(gk_error_t **error, gk_act_t *act, const gk_candidate_t *c)
{
  if (!is(act->season->pack->photo.required, "confirm") || is(c->photo_state, "accepted"))
    return;
  if (*error == NULL)
    *error = gk_error_plain(act->pool, GK_E_INCOMPLETE);
  gk_violation(error, act->pool, "/photo", "photo-missing", "还没有通过的照片：先采集照片，再打印校对表、签字",
               "There is no accepted photo yet: take it before the proof sheet is printed and signed");
}

static gk_error_t *may_proof(gk_act_t *act, gk_candidate_t *c)
{
  gk_error_t *error = NULL;
  gk_json_t *accepted;
  GK_TRY(accepted_rules(&accepted, act, c->id));
  GK_TRY(gk_review_missing(&error, act, c));
  need_photo(&error, act, c);
  /* A reviewer's rule that fails only now asks for another look: POST .../review with the rule accepted. */
  GK_TRY(gk_review_hindrances(&error, act, c, accepted, true, GK_STAGE_FILL | GK_STAGE_REVIEW));
  return error;
}

gk_error_t *gk_proof_print(gk_candidate_t **out, gk_proof_t *proof, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_candidate_t *before, *c;
  bool found;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_proof_print, id, version));
  if (before->proof_version != 0) {
    GK_TRY(gk_store_proof_get(&found, proof, act, id, before->proof_version));
    if (found) {
      *out = before;
      return gk_candidate_audit(act, before, before, "candidate.proof_again", NULL);
    }
  }
  GK_TRY(may_proof(act, c));
  *proof = (gk_proof_t){.candidate_id = id, .version = version + 1, .pack_id = act->season->pack_id,
                        .printed_by = act->who->account_id, .printed = act->now};
  GK_TRY(sheet_text(&proof->text, act, c));
  proof->digest = gk_sha256_hex(act->pool, proof->text, strlen(proof->text));
  c->state = "proofed";
  c->proof_version = proof->version;
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "digest", proof->digest);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.proof", more));
  GK_TRY(gk_store_proof_insert(act, proof));
  *out = c;
  return NULL;
}

gk_error_t *gk_proof_get(gk_proof_t *proof, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                         apr_int64_t version)
{
  bool found;
  GK_TRY(gk_candidate_get(candidate, act, candidate_id));
  GK_TRY(gk_store_proof_get(&found, proof, act, candidate_id, version));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "没有打印过这一版校对表", "No proof sheet of this version was printed");
  GK_TRY(gk_watch_read(act, candidate_id));
  return gk_audit(act, "proof.read", "candidate", candidate_id, version, (*candidate)->org_path, NULL, NULL);
}

/* ---- the sheet as JSON ----------------------------------------------------------------------------------- */

static gk_json_t *cell(const gk_field_t *field, const char *value, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "id", field->id);
  gk_json_set_str(json, "zh", field->label.zh);
  gk_json_set_str(json, "en", field->label.en);
  gk_json_set_str(json, "value", value);
  gk_json_t *text = gk_json_object(pool);
  gk_json_set_str(text, "zh", gk_field_display(field, value, false, pool));
  gk_json_set_str(text, "en", gk_field_display(field, value, true, pool));
  gk_json_set(json, "text", text);
  return json;
}

static gk_json_t *rows_cell(const gk_field_t *field, const gk_json_t *rows, apr_pool_t *pool)
{
  gk_json_t *json = cell(field, NULL, pool), *lines = gk_json_array(pool);
  for (apr_size_t i = 0; i < gk_json_size(rows); i++) {
    gk_json_t *line = gk_json_array(pool);
    for (int n = 0; field->columns != NULL && n < field->columns->nelts; n++) {
      const gk_field_t *column = &APR_ARRAY_IDX(field->columns, n, gk_field_t);
      gk_json_add(line, cell(column, gk_json_str(gk_json_at(rows, i), column->id), pool));
    }
    gk_json_add(lines, line);
  }
  gk_json_set(json, "rows", lines);
  return json;
}

static bool listed(const apr_array_header_t *ids, const char *id)
{
  for (int i = 0; i < ids->nelts; i++)
    if (is(APR_ARRAY_IDX(ids, i, const char *), id))
      return true;
  return false;
}

/* Fields that apply, filled or not, and what is filled although it doesn't. */
static gk_json_t *section_fields(const gk_pack_t *pack, const char *section, const gk_document_t *document,
                                 const apr_array_header_t *relevant, apr_pool_t *pool)
{
  gk_json_t *fields = gk_json_array(pool);
  for (int i = 0; i < pack->fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(pack->fields, i, gk_field_t);
    const char *value = gk_document_get(document, field->id);
    gk_json_t *rows = gk_document_rows(document, field->id);
    if (!is(field->section, section) || (value == NULL && rows == NULL && !listed(relevant, field->id)))
      continue;
    gk_json_add(fields, field->type == GK_FIELD_ROWS ? rows_cell(field, rows, pool) : cell(field, value, pool));
  }
  return fields;
}

gk_error_t *gk_proof_json(gk_json_t **out, gk_act_t *act, const gk_proof_t *proof, const gk_candidate_t *candidate)
{
  const gk_pack_t *pack = act->season->pack;
  apr_pool_t *pool = act->pool;
  gk_json_t *sheet, *sections = gk_json_array(pool);
  gk_document_t *document;
  apr_array_header_t *relevant;
  GK_TRY(gk_json_parse(&sheet, proof->text, strlen(proof->text), pool));
  GK_TRY(gk_document_from_json(&document, gk_json_get(sheet, "fields"), pool));
  GK_TRY(gk_policy_ask(act->season->rules, document, gk_candidate_derived(act, candidate, document),
                       GK_ASK_RELEVANT_FIELDS, &relevant, pool));
  for (int i = 0; i < pack->sections->nelts; i++) {
    const gk_section_t *row = &APR_ARRAY_IDX(pack->sections, i, gk_section_t);
    gk_json_t *section = gk_json_object(pool);
    gk_json_set_str(section, "id", row->id);
    gk_json_set_str(section, "zh", row->title.zh);
    gk_json_set_str(section, "en", row->title.en);
    gk_json_set(section, "fields", section_fields(pack, row->id, document, relevant, pool));
    gk_json_add(sections, section);
  }
  gk_json_t *json = gk_json_object(pool);
  gk_json_set(json, "candidate", gk_candidate_brief_json(candidate, pool));
  gk_json_set_int(json, "version", proof->version);
  gk_json_set_str(json, "digest", proof->digest);
  gk_json_set_time(json, "printed_at", proof->printed);
  gk_json_set_bool(json, "valid", candidate->proof_version == proof->version || candidate->confirmed_version == proof->version);
  gk_json_t *printed = gk_json_object(pool);
  gk_json_set_str(printed, "number", gk_json_str(sheet, "number"));
  gk_json_set_str(printed, "subject", gk_json_str(sheet, "subject"));
  gk_json_set_int(printed, "season", gk_json_int(sheet, "season"));
  gk_json_set(printed, "org", gk_org_brief_json(candidate->org_id, candidate->org_code, candidate->org_name, "point", pool));
  gk_json_set(printed, "sections", sections);
  gk_json_set(json, "document", printed);
  *out = json;
  return NULL;
}

/* ---- confirmation ---------------------------------------------------------------------------------------- */

static bool readable(const char *id_type) { return is(id_type, "1") || is(id_type, "9") || is(id_type, "C"); }

static gk_error_t *check_identity(gk_act_t *act, gk_candidate_t *c, const gk_proof_t *proof, apr_int64_t reading_id,
                                  bool papers_seen)
{
  gk_document_t *document;
  gk_reading_t *reading;
  bool found;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  if (reading_id == 0) {
    if (!readable(gk_document_get(document, "id_type")) && papers_seen)
      return NULL;
    return gk_error(act->pool, GK_E_INCOMPLETE, "签字前要再读一次身份证（没有可读证件的，核对证件原件后勾选“已核对原件”）",
                    "The card has to be read once more before signing (papers without a chip: look at the original and "
                    "say so)");
  }
  GK_TRY(gk_store_reading_get(&found, &reading, act, reading_id));
  if (!found || reading->candidate_id != c->id)
    return gk_error(act->pool, GK_E_CONFLICT, "这条读卡记录不是该考生的，请重新读卡",
                    "This reading is not one of this candidate: read the card again");
  if (reading->received < proof->printed)
    return gk_error(act->pool, GK_E_CONFLICT, "这次读卡在打印校对表之前，请现在再读一次身份证",
                    "This reading is older than the proof sheet: read the card again now");
  bool unchanged = is(reading->verdict, "decided") && gk_json_size(gk_json_get(reading->decision, "accepted")) == 0;
  if (!is(reading->verdict, "verified") && !unchanged)
    return gk_error(act->pool, GK_E_CONFLICT, "读卡信息与报名信息不一致，请先处理差异；有更正的要重新打印校对表",
                    "The card differs from the record: decide the differences first; after a change print the proof again");
  return NULL;
}

static gk_error_t *check_sheet(gk_act_t *act, gk_candidate_t *c, gk_proof_t *proof, apr_int64_t proof_version)
{
  const char *text;
  bool found;
  if (proof_version != c->proof_version)
    return gk_error(act->pool, GK_E_CONFLICT, "这张校对表不是最新的一版，请打印新的校对表再签字",
                    "This proof sheet is not the present one: print a new one before signing");
  GK_TRY(gk_store_proof_get(&found, proof, act, c->id, proof_version));
  GK_TRY(sheet_text(&text, act, c));
  if (!found || !is(gk_sha256_hex(act->pool, text, strlen(text)), proof->digest))
    return gk_error(act->pool, GK_E_CONFLICT, "报名信息与校对表不一致，请退回后重新打印校对表",
                    "The record differs from the proof sheet: return it and print a new one");
  return NULL;
}

gk_error_t *gk_candidate_confirm(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 apr_int64_t proof_version, apr_int64_t reading_id, bool papers_seen)
{
  gk_candidate_t *before, *c;
  gk_proof_t proof;
  gk_json_t *accepted;
  gk_error_t *error = NULL;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_confirm, id, version));
  GK_TRY(check_sheet(act, c, &proof, proof_version));
  GK_TRY(check_identity(act, c, &proof, reading_id, papers_seen));
  GK_TRY(accepted_rules(&accepted, act, id));
  GK_TRY(gk_review_missing(&error, act, c));
  need_photo(&error, act, c);
  GK_TRY(gk_review_hindrances(&error, act, c, accepted, true, GK_STAGE_CONFIRM));
  if (error != NULL)
    return error;
  c->state = "confirmed";
  c->confirmed_version = proof_version;
  gk_confirmation_t confirmation = {.candidate_id = id, .version = proof_version, .proof_id = proof.id,
                                    .reading_id = reading_id, .pack_id = act->season->pack_id,
                                    .org_path = c->org_path, .digest = proof.digest};
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_str(more, "digest", proof.digest);
  if (reading_id != 0)
    gk_json_set_int(more, "reading_id", reading_id);
  else
    gk_json_set_bool(more, "papers_seen", true);
  GK_TRY(gk_candidate_put(act, c, before, "candidate.confirm", more));
  GK_TRY(gk_store_confirmation_insert(act, &confirmation));
  *out = c;
  return NULL;
}

/* ---- back and out ---------------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_correct(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 const char *reason)
{
  gk_candidate_t *before, *c;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_correct, id, version));
  c->state = "filling";
  c->proof_version = 0;
  c->confirmed_version = 0;
  GK_TRY(gk_candidate_put(act, c, before, "candidate.correct", reason_json(act, reason)));
  GK_TRY(gk_store_confirmation_void(act, id, reason));
  *out = c;
  return NULL;
}

static const char *const order[] = {"identified", "card_printed", "reviewed", "filling", "proofed"};

static int rank(const char *state)
{
  for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++)
    if (is(state, order[i]))
      return i;
  return -1;
}

gk_error_t *gk_candidate_return(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                const char *state, const char *reason)
{
  gk_candidate_t *before, *c;
  gk_error_t *error = NULL;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_return_state, id, version));
  if (rank(state) < 0 || rank(state) >= rank(before->state)) {
    gk_violation(&error, act->pool, "/to", "not-earlier", "考生现在是“%s%.0s”，只能退回到更早的状态",
                 "The record is '%.0s%s': it can only go back to an earlier state", gk_state_zh(before->state),
                 gk_state_en(before->state));
    return error;
  }
  c->state = order[rank(state)];
  c->proof_version = 0;
  if (rank(state) < rank("reviewed"))
    c->review_state = "none";
  GK_TRY(gk_candidate_put(act, c, before, "candidate.return", reason_json(act, reason)));
  *out = c;
  return NULL;
}

gk_error_t *gk_candidate_withdraw(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  const char *reason)
{
  gk_candidate_t *before, *c;
  GK_TRY(begin_change(&before, &c, act, GK_ACTION_withdraw, id, version));
  c->state = "withdrawn";
  c->id_index = NULL;
  c->twin_index = NULL;
  c->proof_version = 0;
  c->confirmed_version = 0;
  GK_TRY(gk_candidate_put(act, c, before, "candidate.withdraw", reason_json(act, reason)));
  if (is(before->state, "confirmed"))
    GK_TRY(gk_store_confirmation_void(act, id, reason));
  GK_TRY(gk_store_candidate_former_clear(act, id));
  if (c->number != NULL)
    GK_TRY(gk_account_follow_candidate(act, id, NULL, 0));
  *out = c;
  return NULL;
}
