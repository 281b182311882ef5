/* ctl/demo_load.c: writes the candidates of one point: record, account, parts, fee, readings, proof, confirmation. The rows
 * are those that the single steps would have left, except for the audit trail: one row a point says that all of it was
 * invented (docs/operator.md). */
#include <string.h>
#include <apr_strings.h>

#include "ctl/demo_load.h"
#include "domain/candidate.h"
#include "domain/photo.h"
#include "domain/ports_candidate.h"
#include "store/sql.h"
#include "store/vault.h"

typedef struct state_t {
  const char *name;
  int weight; /* of 1000 in a mixed point */
  gk_demo_depth_t depth;
  int version;
} state_t;

static const state_t states[] = {
    {"filling", 330, GK_DEMO_PART, 7},     {"confirmed", 262, GK_DEMO_FULL, 10},
    {"proofed", 130, GK_DEMO_FULL, 9},     {"reviewed", 100, GK_DEMO_REVIEWED, 5},
    {"card_printed", 80, GK_DEMO_CARD, 2}, {"identified", 60, GK_DEMO_CARD, 1},
    {"filling", 18, GK_DEMO_FULL, 8},      {"waiting", 8, GK_DEMO_TYPED, 1},
    {"withdrawn", 7, GK_DEMO_CARD, 3},     {"allocated", 5, GK_DEMO_TYPED, 2}};
enum { STATES = sizeof(states) / sizeof(states[0]), CONFIRMED = 1, WAITING = 7 };

typedef struct record_t {
  apr_int64_t id;
  gk_demo_person_t person;
  const state_t *state;
  const char *number;
  apr_int64_t range_id;
  gk_json_t *fields;
  bool paid, reviewed, proofed, confirmed, complete;
  const char *papers, *review, *parts[4];
  apr_time_t created, updated;
} record_t;

typedef struct load_t {
  gk_demo_t *demo;
  const gk_demo_unit_t *unit;
  gk_act_t act; /* the operator's, in the record's pool */
  gk_principal_t who;
} load_t;

static const char *const part_kinds[4] = {"appraisal", "examination", "grades", "bonus"};
static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- what a record is like ------------------------------------------------------------------------------- */

/* The first records of the demonstration's own point have each state once. */
static const state_t *pick_state(const load_t *load, apr_int64_t index, int place, gk_demo_chance_t *chance)
{
  if (load->unit->fate != GK_DEMO_MIXED)
    return &states[CONFIRMED];
  if (index < STATES && place < STATES)
    return &states[index];
  int at = gk_demo_pick(chance, 1000);
  for (int i = 0; i < STATES; i++) {
    at -= states[i].weight;
    if (at < 0)
      return &states[i];
  }
  return &states[0];
}

static bool art(const gk_demo_t *demo, const char *subject)
{
  const gk_subject_t *info = gk_pack_subject(demo->pack, subject);
  return info != NULL && info->art;
}

static void settle(record_t *r, const load_t *load, gk_demo_chance_t *chance)
{
  const char *name = r->state->name;
  r->confirmed = is(name, "confirmed");
  r->proofed = r->confirmed || is(name, "proofed");
  r->reviewed = r->proofed || is(name, "filling") || is(name, "reviewed");
  r->complete = load->unit->fate != GK_DEMO_MIXED;
  bool printed = is(name, "card_printed");
  r->papers = r->reviewed || (printed && gk_demo_permille(chance, 400)) ? "complete"
              : printed && gk_demo_permille(chance, 400)                ? "incomplete"
                                                                        : "none";
  r->paid = r->reviewed || (printed && gk_demo_permille(chance, 500));
  r->review = r->reviewed                                                            ? "passed"
              : printed && is(r->papers, "complete") && gk_demo_permille(chance, 60) ? "failed"
                                                                                     : "none";
  for (int i = 0; i < 4; i++) {
    bool wanted = i < 3 ? r->reviewed && !is(name, "reviewed") : r->person.bonus != NULL && r->proofed;
    bool there = wanted && (r->complete || gk_demo_permille(chance, r->confirmed ? 700 : 300));
    r->parts[i] = there ? i == 3 ? "approved" : "entered" : "none";
  }
  apr_time_t now = load->demo->ctl->act.now;
  r->created = now - 9 * GK_DAY + (apr_time_t)gk_demo_pick(chance, 2 * 86400) * GK_SECOND;
  r->updated = r->state->version == 1
                   ? r->created
                   : r->created + (apr_time_t)(1 + gk_demo_pick(chance, 6 * 86400)) * GK_SECOND;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

static gk_error_t *seal(gk_sealed_t *sealed, load_t *load, apr_int64_t id, const char *context, const char *text)
{
  gk_vault_key_t key;
  GK_TRY(gk_vault_candidate(&key, &load->act, id));
  return gk_vault_seal(sealed, &key, context, text, strlen(text), load->act.pool);
}

static gk_error_t *put_record(load_t *load, const record_t *r)
{
  gk_act_t *act = &load->act;
  const gk_demo_point_t *point = &load->unit->point;
  const gk_demo_person_t *p = &r->person;
  gk_sealed_t sealed;
  const char *type = gk_json_str(r->fields, "id_type"), *school = gk_json_str(r->fields, "school");
  const char *class_name = gk_json_str(r->fields, "class");
  const gk_subject_t *subject = gk_pack_subject(load->demo->pack, p->subject);
  bool withdrawn = is(r->state->name, "withdrawn"),
       typed = is(r->state->name, "waiting") || is(r->state->name, "allocated");
  gk_vault_key_t key;
  GK_TRY(gk_vault_make(&key, act, GK_VAULT_CANDIDATE, r->id));
  GK_TRY(seal(&sealed, load, r->id, gk_candidate_context(r->id, act->pool),
              gk_json_text_sorted(r->fields, act->pool)));
  return gk_db_exec(
      act->db,
      GK_CALL(demo_candidate_insert, .id = r->id, .season_id = act->season->id, .org_id = point->id,
              .org_path = point->path, .number = r->number, .range_id = r->range_id, .subject = p->subject,
              .art = art(load->demo, p->subject), .state = r->state->name, .version = r->state->version,
              .name = p->name, .school = school != NULL ? school : "",
              .class = class_name != NULL ? class_name : "",
              .id_index = withdrawn ? NULL : gk_candidate_id_index(act, type, p->id_number).value,
              .tail_index = gk_candidate_tail_index(act, point->id, p->id_number).value,
              .twin_index = withdrawn ? NULL : gk_candidate_twin_index(act, p->name, p->birth).value,
              .identified = !typed,
              .approval = is(r->state->name, "waiting") ? "pending"
                          : typed                       ? "granted"
                                                        : "not_needed",
              .key_id = sealed.key_id, .doc = {sealed.bytes, sealed.length}, .pack_id = act->season->pack_id,
              .pledged_us = r->state->version >= 7 ? r->created + GK_DAY : 0,
              .proof_version = r->proofed ? 9 : 0, .confirmed_version = r->confirmed ? 9 : 0,
              .papers_state = r->papers, .fee_state = r->paid ? "paid" : "none",
              .fee_fen = r->paid && subject != NULL ? subject->fee_fen : 0, .review_state = r->review,
              .appraisal_state = r->parts[0], .examination_state = r->parts[1], .grades_state = r->parts[2],
              .bonus_state = r->parts[3], .photo_state = r->complete ? "accepted" : "none",
              .created_us = r->created, .updated_us = r->updated),
      NULL, act->pool);
}

static gk_error_t *put_part(load_t *load, const record_t *r, const char *context_head, const char *kind,
                            const char *state, gk_json_t *body)
{
  gk_act_t *act = &load->act;
  gk_sealed_t sealed;
  const char *context = apr_psprintf(act->pool, "%s.%" APR_INT64_T_FMT ".%s", context_head, r->id, kind);
  GK_TRY(seal(&sealed, load, r->id, context, gk_json_text_sorted(body, act->pool)));
  return gk_db_exec(act->db,
                    GK_CALL(demo_part_insert, .candidate_id = r->id, .kind = kind, .state = state,
                            .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length},
                            .updated_by = load->unit->operator_id, .now_us = r->updated),
                    NULL, act->pool);
}

static gk_error_t *put_papers(load_t *load, const record_t *r)
{
  apr_pool_t *pool = load->act.pool;
  if (is(r->papers, "none"))
    return NULL;
  gk_json_t *items = gk_json_object(pool);
  for (int i = 0; i < load->demo->pack->papers->nelts; i++) {
    const gk_paper_t *paper = &APR_ARRAY_IDX(load->demo->pack->papers, i, gk_paper_t);
    const gk_subject_t *subject = gk_pack_subject(load->demo->pack, r->person.subject);
    const char *track = subject != NULL ? subject->track : "";
    bool due = is(paper->id, "id_card") || is(paper->id, "household_register") ||
               (is(paper->id, "school_roll") && r->person.current) ||
               (is(paper->id, "certificate") && !r->person.current) ||
               (is(paper->id, "migrant") && r->person.migrant) ||
               (is(paper->id, "bonus") && r->person.bonus != NULL) || is(paper->id, track);
    if (due && (is(r->papers, "complete") || is(paper->id, "id_card"))) {
      gk_json_t *item = gk_json_object(pool);
      gk_json_set_bool(item, "seen", true);
      gk_json_set(items, paper->id, item);
    }
  }
  return put_part(load, r, "candidate_part.body", "papers", r->papers, items);
}

static gk_error_t *put_review(load_t *load, const record_t *r)
{
  apr_pool_t *pool = load->act.pool;
  if (is(r->review, "none"))
    return NULL;
  bool pass = is(r->review, "passed");
  gk_json_t *body = gk_json_object(pool), *accepted = gk_json_array(pool);
  if (r->person.bonus != NULL) {
    gk_json_add_str(accepted, "bonus-review");
    gk_json_add_str(accepted, "bonus-area");
  }
  gk_json_add_str(accepted, "twin");
  gk_json_set_str(body, "verdict", pass ? "pass" : "fail");
  gk_json_set_str(body, "reason", pass ? NULL : "户口簿与身份证姓名不一致，请更正后再来");
  gk_json_set(body, "accepted", accepted);
  gk_json_set_int(body, "by", load->unit->reviewer_id);
  gk_json_set_str(body, "by_name", load->unit->point.name);
  gk_json_set_time(body, "at", r->updated);
  gk_json_set_int(body, "pack_id", load->act.season->pack_id);
  return put_part(load, r, "candidate_part.body", "review", r->review, body);
}

static gk_error_t *put_parts(load_t *load, const record_t *r, gk_demo_chance_t *chance)
{
  apr_pool_t *pool = load->act.pool;
  for (int i = 0; i < 4; i++) {
    if (is(r->parts[i], "none"))
      continue;
    gk_json_t *fields = gk_demo_part(load->demo->people, part_kinds[i], &r->person, chance, pool);
    if (fields == NULL)
      continue;
    gk_json_t *body = gk_json_object(pool);
    gk_json_set(body, "fields", fields);
    if (i == 3) {
      gk_json_t *decision = gk_json_object(pool);
      gk_json_set_str(decision, "verdict", "approve");
      gk_json_set_null(decision, "reason");
      gk_json_set_int(decision, "by", load->unit->operator_id);
      gk_json_set_time(decision, "at", r->updated);
      gk_json_set(body, "decision", decision);
    }
    GK_TRY(put_part(load, r, "candidate.part", part_kinds[i], r->parts[i], body));
  }
  return NULL;
}

/* Units that hand everything in have photos too, for the packs ask for them: a drawing that nobody takes for a person. */
static gk_error_t *put_photo(load_t *load, const record_t *r)
{
  gk_act_t *act = &load->act;
  const gk_demo_t *demo = load->demo;
  const gk_photo_profile_t *profile = &demo->pack->photo;
  if (!r->complete)
    return NULL;
  gk_json_t *report = gk_json_object(act->pool), *decision = gk_json_object(act->pool);
  gk_json_set_str(report, "verdict", "look");
  gk_json_set_str(report, "profile", profile->id);
  gk_json_set(report, "findings", gk_json_array(act->pool));
  gk_json_set(report, "facts", gk_json_object(act->pool));
  gk_json_set_null(report, "crop");
  gk_json_set_str(decision, "verdict", "accept");
  gk_json_set_str(decision, "reason", "演示用的图样，不是照片");
  gk_photo_t photo = {.candidate_id = r->id, .state = "accepted", .source = "camera", .verdict = "look",
                      .width_px = profile->width_px, .height_px = profile->height_px,
                      .bytes = (apr_int64_t)demo->figure_bytes, .digest = demo->figure_digest,
                      .taken_by = load->unit->operator_id, .taken = r->created + GK_HOUR,
                      .decided_by = load->unit->operator_id, .decided = r->created + GK_HOUR, .report = report,
                      .decision = decision, .jpeg = demo->figure};
  return gk_photo_store_insert(act, &photo, "");
}

static gk_error_t *put_fee(load_t *load, const record_t *r)
{
  const gk_subject_t *subject = gk_pack_subject(load->demo->pack, r->person.subject);
  if (!r->paid || subject == NULL)
    return NULL;
  return gk_db_exec(load->act.db,
                    GK_CALL(demo_fee_insert, .season_id = load->act.season->id, .candidate_id = r->id,
                            .org_path = load->unit->point.path, .fen = subject->fee_fen,
                            .receipt = apr_psprintf(load->act.pool, "YS%s", r->number),
                            .paid_by = load->unit->operator_id, .now_us = r->created + GK_HOUR),
                    NULL, load->act.pool);
}

/* A reading equal to the record. */
static gk_error_t *put_reading(load_t *load, const record_t *r, const char *purpose, apr_time_t when,
                               apr_int64_t *id)
{
  static const char *const pairs[][2] = {{"name", "name"},
                                         {"sex", "sex"},
                                         {"nation", "nation"},
                                         {"birth", "birth"},
                                         {"id_number", "id_number"},
                                         {"card_address", "address"},
                                         {"card_issuer", "issuer"},
                                         {"card_valid_from", "valid_from"},
                                         {"card_valid_to", "valid_to"}};
  gk_act_t *act = &load->act;
  gk_json_t *card = gk_json_object(act->pool), *fields = gk_json_object(act->pool);
  for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
    gk_json_t *value = gk_json_get(r->person.fields, pairs[i][0]);
    if (value == NULL)
      continue;
    gk_json_set(fields, pairs[i][0], value);
    gk_json_set(card, pairs[i][1], value);
  }
  gk_json_set_str(fields, "id_type", "1");
  gk_reading_t reading = {.jti = apr_psprintf(act->pool, "demo-%s-%" APR_INT64_T_FMT, purpose, r->id),
                          .purpose = purpose,
                          .verdict = is(purpose, "create") ? "created" : "verified",
                          .org_id = load->unit->point.id,
                          .candidate_id = r->id,
                          .taken = when,
                          .received_by = load->unit->operator_id,
                          .card = card,
                          .fields = fields,
                          .comparison = gk_json_array(act->pool)};
  apr_time_t now = act->now;
  act->now = when;
  gk_error_t *error = gk_store_reading_insert(id, act, &reading);
  act->now = now;
  return error;
}

static gk_error_t *put_proof(load_t *load, const record_t *r)
{
  gk_act_t *act = &load->act;
  if (!r->proofed)
    return NULL;
  gk_json_t *body = gk_json_object(act->pool);
  gk_json_set_int(body, "candidate", r->id); /* the sheet as domain/confirm.c prints it */
  gk_json_set_str(body, "number", r->number);
  gk_json_set_int(body, "season", act->season->year);
  gk_json_set_str(body, "point", load->unit->point.code);
  gk_json_set_str(body, "subject", r->person.subject);
  gk_json_set(body, "fields", r->fields);
  if (r->complete)
    gk_json_set_str(body, "photo", load->demo->figure_digest);
  gk_proof_t proof = {.candidate_id = r->id,
                      .version = 9,
                      .pack_id = act->season->pack_id,
                      .printed_by = load->unit->operator_id,
                      .printed = r->updated - GK_HOUR};
  proof.text = gk_json_text_sorted(body, act->pool);
  proof.digest = gk_sha256_hex(act->pool, proof.text, strlen(proof.text));
  GK_TRY(gk_store_proof_insert(act, &proof));
  if (!r->confirmed)
    return NULL;
  apr_int64_t reading;
  GK_TRY(put_reading(load, r, "verify", r->updated, &reading));
  gk_confirmation_t confirmation = {.candidate_id = r->id,
                                    .version = 9,
                                    .proof_id = proof.id,
                                    .reading_id = reading,
                                    .pack_id = act->season->pack_id,
                                    .org_path = load->unit->point.path,
                                    .digest = proof.digest};
  apr_time_t now = act->now;
  act->now = r->updated;
  gk_error_t *error = gk_store_confirmation_insert(act, &confirmation);
  act->now = now;
  return error;
}

static gk_error_t *put_account(load_t *load, const record_t *r)
{
  gk_row_demo_account_insert_t row;
  const gk_demo_point_t *point = &load->unit->point;
  if (r->number == NULL)
    return NULL;
  return gk_db_get(load->act.db,
                   GK_CALL(demo_account_insert, .season_id = load->act.season->id, .login = r->number,
                           .org_id = point->id, .org_path = point->path, .candidate_id = r->id,
                           .display_name = r->person.name, .enabled = !is(r->state->name, "withdrawn"),
                           .created_us = r->created),
                   &row, load->act.pool);
}

static gk_error_t *put(load_t *load, const record_t *r, gk_demo_chance_t *chance)
{
  apr_int64_t reading;
  GK_TRY(put_record(load, r));
  GK_TRY(put_account(load, r));
  GK_TRY(put_papers(load, r));
  GK_TRY(put_fee(load, r));
  GK_TRY(put_review(load, r));
  GK_TRY(put_parts(load, r, chance));
  GK_TRY(put_photo(load, r));
  if (r->state->depth >= GK_DEMO_CARD)
    GK_TRY(put_reading(load, r, "create", r->created, &reading));
  return put_proof(load, r);
}

/* ---- a point --------------------------------------------------------------------------------------------- */

gk_error_t *gk_demo_load(gk_demo_t *demo, const gk_demo_unit_t *unit, apr_pool_t *pool)
{
  load_t load = {.demo = demo, .unit = unit, .act = demo->ctl->act, .who = demo->ctl->who};
  load.who.account_id = unit->operator_id;
  load.act.who = &load.who;
  const gk_demo_point_t *point = &unit->point;
  apr_array_header_t *ids;
  apr_pool_t *record_pool, *twin_pool;
  gk_demo_person_t twin;
  gk_error_t *error = NULL;
  GK_TRY(gk_act_begin(&demo->ctl->act));
  GK_TRY(gk_db_list(load.act.db, GK_CALL(demo_candidate_ids, .n = point->share), &ids, pool));
  apr_pool_create(&record_pool, pool);
  apr_pool_create(&twin_pool, pool);
  int place = 0;
  bool has_twin = false;
  for (int g = 0; error == NULL && g < unit->ranges->nelts; g++) {
    const gk_demo_range_t *range = &APR_ARRAY_IDX(unit->ranges, g, gk_demo_range_t);
    int serial = range->first;
    for (int i = 0; error == NULL && i < range->count; i++, place++) {
      apr_int64_t index = demo->made++;
      gk_demo_chance_t chance = gk_demo_chance(demo->seed, "record", (apr_uint64_t)index);
      apr_pool_clear(record_pool);
      load.act.pool = record_pool;
      record_t r = {.id = APR_ARRAY_IDX(ids, place, gk_row_demo_candidate_ids_t).id};
      /* One in four hundred has the name and birth date of the one before. */
      bool second = has_twin && index % 400 == 41;
      gk_demo_person(&r.person, demo->people, index, point, range->subject, second ? &twin : NULL,
                     record_pool);
      has_twin = index % 400 == 40;
      if (has_twin) {
        apr_pool_clear(twin_pool);
        twin = (gk_demo_person_t){.name = apr_pstrdup(twin_pool, r.person.name),
                                  .birth = apr_pstrdup(twin_pool, r.person.birth),
                                  .nation = apr_pstrdup(twin_pool, r.person.nation),
                                  .sex = r.person.sex,
                                  .current = r.person.current};
      }
      r.state = pick_state(&load, index, place, &chance);
      settle(&r, &load, &chance);
      r.fields = gk_demo_fields(demo->people, &r.person, r.state->depth, &chance, record_pool);
      if (!is(r.state->name, "waiting")) {
        error = gk_pack_registration_number(&r.number, demo->pack,
                                            apr_pstrndup(record_pool, point->county->code + 2, 4), serial++,
                                            record_pool);
        r.range_id = range->id;
      }
      if (error == NULL)
        error = put(&load, &r, &chance);
    }
    if (error == NULL)
      error = gk_db_exec(load.act.db, GK_CALL(demo_range_next, .id = range->id, .next = serial), NULL, pool);
  }
  if (error == NULL) {
    gk_json_t *after = gk_json_object(pool);
    gk_json_set_int(after, "candidates", place);
    gk_json_set_int(after, "seed", (apr_int64_t)demo->seed);
    error = gk_audit(&demo->ctl->act, "demo.load", "org", point->id, 1, point->path, NULL, after);
  }
  if (error != NULL)
    error = gk_error_dup(demo->pool, error);
  apr_pool_destroy(record_pool);
  apr_pool_destroy(twin_pool);
  return error;
}
