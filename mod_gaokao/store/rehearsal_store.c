/* store/rehearsal_store.c: dry runs of packs (domain/rehearsal.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/candidate.h"
#include "domain/rehearsal.h"
#include "store/like.h"
#include "store/sql.h"
#include "store/vault.h"

/* rehearsal_last and rehearsal_of_job give the same columns. */
static gk_rehearsal_row_t *row_of(const gk_row_rehearsal_last_t *row, apr_pool_t *pool)
{
  gk_rehearsal_row_t *out = apr_palloc(pool, sizeof(*out));
  *out = (gk_rehearsal_row_t){.id = row->id, .pack_id = row->pack_id, .pack_digest = row->pack_digest,
                              .base_id = row->base_id, .job_id = row->job_id, .state = row->state,
                              .after_id = row->after_id, .done = row->done, .failing = row->failing,
                              .passing = row->passing, .other = row->other, .counts = row->counts,
                              .created = row->created_us, .finished = row->finished_us};
  return out;
}

gk_error_t *gk_rehearsal_store_insert(gk_rehearsal_row_t *row, gk_act_t *act)
{
  gk_row_rehearsal_insert_t made;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(rehearsal_insert, .season_id = act->season->id, .pack_id = row->pack_id,
                           .pack_digest = row->pack_digest, .base_id = row->base_id, .job_id = row->job_id,
                           .now_us = act->now),
                   &made, act->pool));
  row->id = made.id;
  row->state = "running";
  row->created = act->now;
  return NULL;
}

gk_error_t *gk_rehearsal_store_of_job(gk_rehearsal_row_t **row, gk_act_t *act, apr_int64_t job_id, apr_int64_t pack_id)
{
  bool found;
  gk_row_rehearsal_of_job_t got;
  GK_TRY(gk_db_find(act->db, GK_CALL(rehearsal_of_job, .job_id = job_id, .pack_id = pack_id), &found, &got, act->pool));
  *row = found ? row_of((const gk_row_rehearsal_last_t *)&got, act->pool) : NULL;
  return NULL;
}

gk_error_t *gk_rehearsal_store_last(gk_rehearsal_row_t **row, gk_act_t *act, apr_int64_t pack_id, bool whole,
                                    apr_int64_t base_id)
{
  bool found;
  gk_row_rehearsal_last_t got;
  GK_TRY(gk_db_find(act->db, GK_CALL(rehearsal_last, .pack_id = pack_id, .whole = whole, .base_id = base_id), &found, &got,
                    act->pool));
  *row = found ? row_of(&got, act->pool) : NULL;
  return NULL;
}

gk_error_t *gk_rehearsal_store_advance(gk_act_t *act, const gk_rehearsal_row_t *row, apr_pool_t *pool)
{
  return gk_db_exec(act->db,
                    GK_CALL(rehearsal_advance, .id = row->id, .after_id = row->after_id, .done = row->done,
                            .failing = row->failing, .passing = row->passing, .other = row->other, .counts = row->counts,
                            .state = row->state, .finished_us = row->finished),
                    NULL, pool);
}

gk_error_t *gk_rehearsal_store_total(apr_int64_t *total, gk_act_t *act)
{
  gk_row_rehearsal_total_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(rehearsal_total, .season_id = act->season->id, GK_SCOPE(act)), &row, act->pool));
  *total = row.n;
  return NULL;
}

gk_error_t *gk_rehearsal_store_batch(apr_array_header_t **records, apr_int64_t *last, gk_act_t *act, apr_int64_t after_id,
                                     int limit, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(rehearsal_candidates, .after_id = after_id, .season_id = act->season->id, .limit = limit,
                            GK_SCOPE(act)),
                    &rows, pool));
  *records = apr_array_make(pool, rows->nelts + 1, sizeof(gk_rehearsed_t));
  *last = 0;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_rehearsal_candidates_t *row = &APR_ARRAY_IDX(rows, i, gk_row_rehearsal_candidates_t);
    gk_vault_key_t key;
    const char *text;
    apr_size_t length;
    *last = row->id;
    GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(row), pool));
    GK_TRY(gk_vault_unseal(&text, &length, &key, gk_candidate_context(row->id, pool), row->key_id, row->doc, pool));
    if (text == NULL) /* erased */
      continue;
    gk_rehearsed_t record = {.id = row->id, .org_path = row->org_path, .org_code = row->org_code, .number = row->number,
                             .candidate_number = row->candidate_number, .state = row->state};
    GK_TRY(gk_document_parse(&record.document, text, pool));
    APR_ARRAY_PUSH(*records, gk_rehearsed_t) = record;
  }
  return NULL;
}

gk_error_t *gk_rehearsal_store_put(gk_act_t *act, apr_int64_t rehearsal_id, const gk_rehearsed_t *record,
                                   gk_outcome_t outcome, const char *rules, apr_pool_t *pool)
{
  return gk_db_exec(act->db,
                    GK_CALL(rehearsal_put, .rehearsal_id = rehearsal_id, .candidate_id = record->id,
                            .org_path = record->org_path, .outcome = gk_outcome_word(outcome),
                            .confirmed = gk_rehearsed_confirmed(record), .rules = rules),
                    NULL, pool);
}

/* " id " among the rules of a row. */
static const char *pattern_of(const char *rule, apr_pool_t *pool)
{
  return rule != NULL ? gk_store__like(apr_pstrcat(pool, " ", rule, " ", NULL), pool) : "";
}

gk_error_t *gk_rehearsal_store_records(apr_array_header_t **hits, gk_act_t *act, apr_int64_t rehearsal_id,
                                       const gk_rehearsal_filter_t *filter, apr_int64_t after_id, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(rehearsal_records, .rehearsal_id = rehearsal_id, .after_id = after_id, GK_SCOPE(act),
                            .outcome = filter->outcome != NULL ? filter->outcome : "", .confirmed = filter->confirmed,
                            .rule = filter->rule != NULL ? filter->rule : "", .pattern = pattern_of(filter->rule, act->pool),
                            .limit = limit),
                    &rows, act->pool));
  *hits = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_rehearsal_hit_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_rehearsal_records_t *row = &APR_ARRAY_IDX(rows, i, gk_row_rehearsal_records_t);
    APR_ARRAY_PUSH(*hits, gk_rehearsal_hit_t) = (gk_rehearsal_hit_t){
        .candidate_id = row->candidate_id, .number = row->number, .name = row->name, .school = row->school,
        .state = row->state, .org_path = row->org_path, .outcome = row->outcome, .rules = row->rules,
        .decision = row->decision, .confirmed = row->confirmed != 0};
  }
  return NULL;
}

gk_error_t *gk_rehearsal_store_decide(apr_int64_t *count, gk_act_t *act, apr_int64_t rehearsal_id, const char *rule,
                                      const char *decision)
{
  return gk_db_exec(act->db,
                    GK_CALL(rehearsal_decide, .rehearsal_id = rehearsal_id, .decision = decision, GK_SCOPE(act),
                            .rule = rule != NULL ? rule : "", .pattern = pattern_of(rule, act->pool)),
                    count, act->pool);
}
