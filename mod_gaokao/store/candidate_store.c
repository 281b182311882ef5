/* store/candidate_store.c: candidates (domain/ports_candidate.h). */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/ports_candidate.h"
#include "store/index.h"
#include "store/sql.h"
#include "store/vault.h"

#define EMPTY(text) ((text) != NULL ? (text) : "")

/* All statements that give records give the same columns; card statements add theirs behind. */
typedef gk_row_candidate_get_t record_t;
_Static_assert(sizeof(gk_row_candidate_own_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_state_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_waiting_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_name_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_number_t) == sizeof(record_t), "candidate columns");
_Static_assert(sizeof(gk_row_candidate_list_tail_t) == sizeof(record_t), "candidate columns");
_Static_assert(offsetof(gk_row_candidate_card_list_t, account_id) == sizeof(record_t), "candidate columns");
_Static_assert(offsetof(gk_row_candidate_card_get_t, account_id) == sizeof(record_t), "candidate columns");

static gk_error_t *from_row(gk_candidate_t **out, gk_act_t *act, const record_t *row)
{
  gk_candidate_t *c = apr_pcalloc(act->pool, sizeof(*c));
  gk_vault_key_t key;
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, row->id, &GK_HELD(row)));
  GK_TRY(gk_vault_unseal(&c->doc_text, NULL, &key, gk_candidate_context(row->id, act->pool), row->key_id, row->doc,
                         act->pool));
  c->erased = c->doc_text == NULL;
  if (c->erased)
    c->doc_text = "{}";
  c->id = row->id;
  c->season_id = row->season_id;
  c->org_id = row->org_id;
  c->org_path = row->org_path;
  c->org_code = row->org_code;
  c->org_name = row->org_name;
  c->number = row->number;
  c->candidate_number = row->candidate_number;
  c->range_id = row->range_id;
  c->subject = row->subject;
  c->art = row->art != 0;
  c->state = row->state;
  c->version = row->version;
  c->name = EMPTY(row->name);
  c->school = EMPTY(row->school);
  c->class_name = EMPTY(row->class);
  c->id_index = row->id_index;
  c->tail_index = row->tail_index;
  c->twin_index = row->twin_index;
  c->twin = row->twin_flag != 0;
  c->identified = row->identified != 0;
  c->approval = row->approval;
  c->pack_id = row->pack_id;
  c->pledged = row->pledged_us;
  c->proof_version = row->proof_version;
  c->confirmed_version = row->confirmed_version;
  c->papers_state = row->papers_state;
  c->fee_state = row->fee_state;
  c->fee_fen = row->fee_fen;
  c->review_state = row->review_state;
  c->photo_state = row->photo_state;
  c->appraisal_state = row->appraisal_state;
  c->examination_state = row->examination_state;
  c->grades_state = row->grades_state;
  c->bonus_state = row->bonus_state;
  c->created = row->created_us;
  c->updated = row->updated_us;
  c->returned = row->returned_us;
  *out = c;
  return NULL;
}

gk_error_t *gk_store_candidate_get(gk_candidate_t **out, gk_act_t *act, apr_int64_t id)
{
  record_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(candidate_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), &row,
                   act->pool));
  return from_row(out, act, &row);
}

gk_error_t *gk_store_candidate_own(gk_candidate_t **out, gk_act_t *act)
{
  record_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(candidate_own, .account_id = act->who->account_id), &row, act->pool));
  return from_row(out, act, &row);
}

void gk_store_candidate_own_ahead(gk_act_t *act, apr_int64_t account_id)
{
  gk_db_ahead(act->db, GK_CALL(candidate_own, .account_id = account_id));
}

/* ---- beyond the scope ------------------------------------------------------------------------------------ */

gk_error_t *gk_store_candidate_place(gk_candidate_place_t *place, gk_act_t *act, gk_index_t id_index, bool former)
{
  bool found;
  memset(place, 0, sizeof(*place));
  if (former) {
    gk_row_candidate_former_place_t row;
    GK_TRY(gk_db_find(act->db,
                      GK_CALL(candidate_former_place, .season_id = act->season->id, .id_index = id_index.value,
                              .other = id_index.other),
                      &found, &row, act->pool));
    if (found)
      *place = (gk_candidate_place_t){row.id, row.org_id, row.org_path, row.org_name, row.county_name,
                                      row.number, row.name, row.state, true};
    return NULL;
  }
  gk_row_candidate_place_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(candidate_place, .season_id = act->season->id, .id_index = id_index.value,
                            .other = id_index.other),
                    &found, &row, act->pool));
  if (found)
    *place = (gk_candidate_place_t){row.id, row.org_id, row.org_path, row.org_name, row.county_name,
                                    row.number, row.name, row.state, false};
  return NULL;
}

void gk_store_candidate_place_ahead(gk_act_t *act, gk_index_t id_index, bool former)
{
  if (former)
    gk_db_ahead(act->db, GK_CALL(candidate_former_place, .season_id = act->season->id, .id_index = id_index.value,
                                 .other = id_index.other));
  else
    gk_db_ahead(act->db, GK_CALL(candidate_place, .season_id = act->season->id, .id_index = id_index.value,
                                 .other = id_index.other));
}

void gk_store_candidate_twins_ahead(gk_act_t *act, gk_index_t twin_index)
{
  gk_db_ahead(act->db, GK_CALL(candidate_twin_count, .season_id = act->season->id, .twin_index = twin_index.value,
                               .other = twin_index.other));
}

gk_error_t *gk_store_candidate_twins(bool *twins, gk_act_t *act, gk_index_t twin_index)
{
  gk_row_candidate_twin_count_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(candidate_twin_count, .season_id = act->season->id, .twin_index = twin_index.value,
                           .other = twin_index.other),
                   &row, act->pool));
  *twins = row.n > 1;
  if (!*twins)
    return NULL;
  return gk_db_exec(act->db,
                    GK_CALL(candidate_twin_mark, .season_id = act->season->id, .twin_index = twin_index.value,
                            .other = twin_index.other),
                    NULL, act->pool);
}

/* ---- writing --------------------------------------------------------------------------------------------- */

gk_error_t *gk_store_candidate_insert(apr_int64_t *id, gk_act_t *act, const gk_candidate_t *c)
{
  gk_row_candidate_insert_t row;
  gk_vault_new_t made;
  bool inserted;
  if (act->together)
    GK_TRY(gk_vault_make_new(&made, act, c->id_index));
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(candidate_insert, .season_id = c->season_id, .subject = c->subject, .art = c->art,
                            .state = c->state, .name = c->name, .school = c->school, .class = c->class_name,
                            .id_index = c->id_index, .tail_index = c->tail_index, .twin_index = c->twin_index,
                            .identified = c->identified, .approval = c->approval,
                            .doc = {(const unsigned char *)"", 0}, .pack_id = c->pack_id, .now = act->now,
                            .org_id = c->org_id, GK_SCOPE(act)),
                    &inserted, &row, act->pool));
  *id = inserted ? row.id : 0;
  gk_vault_key_t key;
  if (!inserted)
    return NULL;
  if (act->together)
    GK_TRY(gk_vault_made(act, &made, row.id));
  else
    GK_TRY(gk_vault_make(&key, act, GK_VAULT_CANDIDATE, row.id));
  return gk_index_put_next(act, row.id, c);
}

static gk_error_t *seal(gk_sealed_t *sealed, gk_act_t *act, const gk_candidate_t *c)
{
  gk_vault_key_t key;
  GK_TRY(gk_vault_candidate(&key, act, c->id));
  return gk_vault_seal(sealed, &key, gk_candidate_context(c->id, act->pool), c->doc_text, strlen(c->doc_text),
                       act->pool);
}

gk_error_t *gk_store_candidate_admit(gk_act_t *act, const gk_candidate_t *c)
{
  gk_sealed_t sealed;
  GK_TRY(seal(&sealed, act, c));
#define ADMIT                                                                                                        \
  GK_CALL(candidate_admit, .id = c->id, .number = c->number, .range_id = c->range_id, .key_id = sealed.key_id,      \
          .doc = {sealed.bytes, sealed.length}, GK_SCOPE(act))
  return act->together ? gk_db_exec_later_one(act->db, ADMIT, act->pool) : gk_db_exec(act->db, ADMIT, NULL, act->pool);
#undef ADMIT
}

static bool same(const char *a, const char *b)
{
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

gk_error_t *gk_store_candidate_put(bool *changed, gk_act_t *act, const gk_candidate_t *c, const gk_candidate_t *before)
{
  gk_sealed_t sealed;
  apr_int64_t rows;
  GK_TRY(seal(&sealed, act, c));
  bool narrow = same(c->number, before->number) && same(c->state, before->state) && same(c->name, before->name) &&
                same(c->class_name, before->class_name) && same(c->id_index, before->id_index) &&
                same(c->tail_index, before->tail_index) && same(c->twin_index, before->twin_index) &&
                c->range_id == before->range_id;
#define COMMON                                                                                                       \
  .id = c->id, .season_id = c->season_id, .version = before->version, GK_SCOPE(act), .subject = c->subject,          \
  .art = c->art, .school = c->school, .identified = c->identified, .approval = c->approval,                          \
  .key_id = sealed.key_id, .doc = {sealed.bytes, sealed.length}, .pack_id = c->pack_id, .pledged_us = c->pledged,    \
  .proof_version = c->proof_version, .confirmed_version = c->confirmed_version, .papers_state = c->papers_state,     \
  .fee_state = c->fee_state, .fee_fen = c->fee_fen, .review_state = c->review_state, .now = act->now
  *changed = true;
  if (narrow && act->again) /* with the audit row and the kept answer: one round trip less */
    return gk_db_exec_later_one(act->db, GK_CALL(candidate_put_narrow, COMMON), act->pool);
  if (narrow)
    GK_TRY(gk_db_exec(act->db, GK_CALL(candidate_put_narrow, COMMON), &rows, act->pool));
  else
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(candidate_put, COMMON, .number = c->number, .range_id = c->range_id, .state = c->state,
                              .name = c->name, .class = c->class_name, .id_index = c->id_index,
                              .tail_index = c->tail_index, .twin_index = c->twin_index),
                      &rows, act->pool));
#undef COMMON
  *changed = rows == 1;
  if (!*changed || (same(c->id_index, before->id_index) && same(c->tail_index, before->tail_index) &&
                    same(c->twin_index, before->twin_index)))
    return NULL;
  if (c->id_index == NULL) /* withdrawn: the number is free */
    return gk_index_release_next(act, c->id);
  return gk_index_put_next(act, c->id, c);
}

/* The number goes with its index, under the candidate's key: a changed index key makes the index anew. */
gk_error_t *gk_store_candidate_former(gk_act_t *act, apr_int64_t id, const char *id_text)
{
  const gk_keys_t *keys = gk_core_keys(act->core);
  const char *active = gk_key_id(keys, "index"), *newer = gk_index_newer(keys);
  gk_index_t index = gk_candidate_text_index(act, id_text);
  gk_vault_key_t key;
  gk_sealed_t sealed;
  GK_TRY(gk_vault_candidate(&key, act, id));
  GK_TRY(gk_vault_seal(&sealed, &key, gk_former_context(id, act->pool), id_text, strlen(id_text), act->pool));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(candidate_former_put, .id_index = index.value, .index_key = active, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .now = act->now, .id = id, GK_SCOPE(act)),
                    NULL, act->pool));
  const char *next = gk_index_next(act, index);
  if (next == NULL || strcmp(newer, active) == 0)
    return NULL;
  return gk_db_exec(act->db,
                    GK_CALL(candidate_former_put, .id_index = next, .index_key = newer, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .now = act->now, .id = id, GK_SCOPE(act)),
                    NULL, act->pool);
}

const char *gk_former_context(apr_int64_t candidate_id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "candidate_former.body.%" APR_INT64_T_FMT, candidate_id);
}

gk_error_t *gk_store_candidate_former_clear(gk_act_t *act, apr_int64_t id)
{
  return gk_db_exec(act->db, GK_CALL(candidate_former_clear, .id = id, GK_SCOPE(act)), NULL, act->pool);
}

/* ---- lists ----------------------------------------------------------------------------------------------- */

static gk_error_t *list(apr_array_header_t **out, gk_act_t *act, const gk_statement_t *statement, const void *args)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, statement, args, &rows, act->pool));
  apr_array_header_t *candidates = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_candidate_t *));
  for (int i = 0; i < rows->nelts; i++)
    GK_TRY(from_row((gk_candidate_t **)apr_array_push(candidates), act,
                    (const record_t *)(const void *)(rows->elts + (apr_size_t)i * (apr_size_t)rows->elt_size)));
  *out = candidates;
  return NULL;
}

#define FILTER                                                                                                      \
  .season_id = act->season->id, .scope_lo = page->scope_lo, .scope_hi = page->scope_hi, .subject = filter->subject, \
  .class = filter->class_name, .school = filter->school, .flagged = filter->flagged, .limit = page->limit

gk_error_t *gk_store_candidate_list(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                    const gk_candidate_page_t *page)
{
  return list(out, act,
              GK_CALL(candidate_list, FILTER, .after_path = page->after_path, .after_number = page->after_number));
}

gk_error_t *gk_store_candidate_list_state(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                          const gk_candidate_page_t *page)
{
  return list(out, act,
              GK_CALL(candidate_list_state, FILTER, .state = filter->state, .after_path = page->after_path,
                      .after_number = page->after_number));
}

gk_error_t *gk_store_candidate_list_waiting(apr_array_header_t **out, gk_act_t *act,
                                            const gk_candidate_filter_t *filter, const gk_candidate_page_t *page)
{
  return list(out, act, GK_CALL(candidate_list_waiting, FILTER, .after_id = page->after_id));
}

gk_error_t *gk_store_candidate_list_name(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                         const gk_candidate_page_t *page)
{
  return list(out, act,
              GK_CALL(candidate_list_name, FILTER, .name = filter->q, .state = filter->state,
                      .after_id = page->after_id));
}

gk_error_t *gk_store_candidate_list_number(apr_array_header_t **out, gk_act_t *act,
                                           const gk_candidate_filter_t *filter, const gk_candidate_page_t *page,
                                           const char *from, const char *to)
{
  return list(out, act,
              GK_CALL(candidate_list_number, FILTER, .from = from, .to = to, .state = filter->state,
                      .after_number = page->after_number));
}

gk_error_t *gk_store_candidate_list_tail(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                         const gk_candidate_page_t *page, gk_index_t tail_index)
{
  return list(out, act,
              GK_CALL(candidate_list_tail, FILTER, .tail_index = tail_index.value, .other = tail_index.other,
                      .state = filter->state, .after_id = page->after_id));
}

/* ---- login cards ----------------------------------------------------------------------------------------- */

gk_error_t *gk_store_card_list(apr_array_header_t **cards, gk_act_t *act, const char *from, const char *to,
                               const char *class_name, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(candidate_card_list, .season_id = act->season->id, GK_SCOPE(act), .from = from, .to = to,
                            .class = class_name, .limit = limit),
                    &rows, act->pool));
  apr_array_header_t *list_of = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_login_card_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_candidate_card_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_candidate_card_list_t);
    gk_login_card_t *card = apr_array_push(list_of);
    *card = (gk_login_card_t){.candidate_id = row->id, .account_id = row->account_id,
                              .generation = row->slip_generation, .own_password = row->own_password != 0};
    GK_TRY(from_row(&card->candidate, act, (const record_t *)(const void *)row));
  }
  *cards = list_of;
  return NULL;
}

gk_error_t *gk_store_card_get(bool *found, gk_login_card_t *card, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_row_candidate_card_get_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(candidate_card_get, .id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)),
                    found, &row, act->pool));
  if (!*found)
    return NULL;
  *card = (gk_login_card_t){.candidate_id = row.id, .account_id = row.account_id, .generation = row.slip_generation,
                            .own_password = row.own_password != 0};
  return from_row(&card->candidate, act, (const record_t *)(const void *)&row);
}
