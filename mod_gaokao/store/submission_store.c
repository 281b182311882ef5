/* store/submission_store.c: submissions (domain/submission.h). */
#include <string.h>

#include "domain/paths.h"
#include "domain/submission.h"
#include "store/sql.h"
#include "store/vault.h"

gk_error_t *gk_submission_store_org(gk_submission_org_t *out, gk_act_t *act, apr_int64_t org_id)
{
  gk_row_submission_org_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(submission_org, .id = org_id, GK_SCOPE(act)), &row, act->pool));
  *out = (gk_submission_org_t){row.id, row.code, row.name, row.level, row.path};
  return NULL;
}

typedef struct each_t {
  gk_act_t *act;
  const gk_submission_org_t *point;
  gk_submission_each_fn call;
  void *baton;
} each_t;

static gk_error_t *on_candidate(void *baton, const void *data, apr_pool_t *pool)
{
  each_t *each = baton;
  const gk_row_submission_candidates_t *row = data;
  gk_vault_key_t key;
  gk_candidate_t candidate = {.id = row->id,
                              .version = row->version,
                              .season_id = each->act->season->id,
                              .org_id = each->point->id,
                              .org_path = each->point->path,
                              .org_code = each->point->code,
                              .org_name = each->point->name,
                              .number = row->number,
                              .candidate_number = row->candidate_number,
                              .name = row->name,
                              .subject = row->subject,
                              .art = row->art != 0,
                              .state = row->state,
                              .papers_state = row->papers_state,
                              .fee_state = row->fee_state,
                              .review_state = row->review_state,
                              .photo_state = row->photo_state,
                              .appraisal_state = row->appraisal_state,
                              .examination_state = row->examination_state,
                              .grades_state = row->grades_state,
                              .bonus_state = row->bonus_state,
                              .returned = row->returned_us};
  GK_TRY(gk_vault_open(&key, each->act->core, &GK_HELD(row), pool));
  GK_TRY(gk_vault_unseal(&candidate.doc_text, NULL, &key, gk_candidate_context(row->id, pool), row->key_id, row->doc, pool));
  candidate.erased = candidate.doc_text == NULL;
  if (candidate.erased)
    candidate.doc_text = "{}";
  return each->call(each->baton, &candidate, row->confirmation, pool);
}

gk_error_t *gk_submission_store_candidates(gk_act_t *act, const gk_submission_org_t *point, bool art_only,
                                           bool returned_only, gk_submission_each_fn call, void *baton)
{
  each_t each = {act, point, call, baton};
  return gk_db_each(act->db,
                    GK_CALL(submission_candidates, .season_id = act->season->id, .org_path = point->path,
                            .art_only = art_only, .returned_only = returned_only, GK_SCOPE(act)),
                    on_candidate, &each, act->pool);
}

gk_error_t *gk_submission_store_children(apr_array_header_t **children, gk_act_t *act,
                                         const gk_submission_org_t *org, gk_submission_kind_t kind,
                                         const char *subjects)
{
  apr_array_header_t *found;
  const char *lo, *hi;
  gk_scope_of(org->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(submission_children, .org_id = org->id, .season_id = act->season->id, .lo = lo,
                            .hi = hi, GK_SCOPE(act), .subjects = subjects,
                            .kind = gk_submission_kind_word(kind)),
                    &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_check_child_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_submission_children_t *row = &APR_ARRAY_IDX(found, i, gk_row_submission_children_t);
    APR_ARRAY_PUSH(all, gk_check_child_t) =
        (gk_check_child_t){.org = {row->id, row->code, row->name, row->level, row->path},
                           .enabled = row->enabled != 0,
                           .live = row->live,
                           .submission_id = row->submission_id,
                           .state = row->state,
                           .total = row->total,
                           .counts = row->counts != NULL ? row->counts : "{}",
                           .digest = row->digest != NULL ? row->digest : ""};
  }
  *children = all;
  return NULL;
}

gk_error_t *gk_submission_store_hold(gk_act_t *act, const gk_submission_org_t *org, gk_submission_kind_t kind)
{
  apr_array_header_t *rows;
  return gk_db_list(act->db,
                    GK_CALL(submission_hold, .org_id = org->id, .season_id = act->season->id, .kind = gk_submission_kind_word(kind),
                            GK_SCOPE(act)),
                    &rows, act->pool);
}

/* submission_list and submission_get return alike rows. */
_Static_assert(sizeof(gk_row_submission_list_t) == sizeof(gk_row_submission_get_t), "alike rows");

static gk_submission_t submission_of(const gk_row_submission_get_t *row)
{
  return (gk_submission_t){.id = row->id,
                           .version = row->version,
                           .org = {row->org_id, row->org_code, row->org_name, row->level, row->org_path},
                           .kind = gk_submission_kind_of(row->kind),
                           .state = row->state,
                           .total = row->total,
                           .counts = row->counts,
                           .digest = row->digest,
                           .submitted_by = row->submitted_by,
                           .submitted = row->submitted_us,
                           .decided_by = row->decided_by,
                           .decided = row->decided_us,
                           .reason = row->reason,
                           .anchor = row->audit_anchor};
}

gk_error_t *gk_submission_store_list(apr_array_header_t **out, gk_act_t *act,
                                     const gk_submission_filter_t *filter, int limit)
{
  apr_array_header_t *found;
  GK_TRY(gk_db_list(
      act->db,
      GK_CALL(submission_list, .season_id = act->season->id,
              .before_id = filter->before_id > 0 ? filter->before_id : APR_INT64_MAX, GK_SCOPE(act),
              .kind = filter->kind != 0 ? gk_submission_kind_word(filter->kind) : "",
              .state = filter->state != NULL ? filter->state : "",
              .level = filter->level != NULL ? filter->level : "", .org_id = filter->org_id, .limit = limit),
      &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_submission_t));
  for (int i = 0; i < found->nelts; i++) {
    gk_row_submission_get_t row;
    memcpy(&row, &APR_ARRAY_IDX(found, i, gk_row_submission_list_t), sizeof(row));
    APR_ARRAY_PUSH(all, gk_submission_t) = submission_of(&row);
  }
  *out = all;
  return NULL;
}

gk_error_t *gk_submission_store_get(gk_submission_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_submission_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(submission_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)),
                   &row, act->pool));
  *out = submission_of(&row);
  return NULL;
}

gk_error_t *gk_submission_store_open(const char **state, gk_act_t *act, const char *path,
                                     gk_submission_kind_t kind)
{
  gk_row_submission_open_t row;
  bool found;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(submission_open, .season_id = act->season->id, .org_path = path,
                            .kind = gk_submission_kind_word(kind), GK_SCOPE(act)),
                    &found, &row, act->pool));
  *state = found ? row.state : NULL;
  return NULL;
}

gk_error_t *gk_submission_store_insert(apr_int64_t *id, gk_act_t *act, const gk_submission_t *submission)
{
  gk_row_submission_insert_t row;
  bool found;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(submission_insert, .season_id = act->season->id, .org_id = submission->org.id,
                            GK_SCOPE(act), .kind = gk_submission_kind_word(submission->kind), .total = submission->total,
                            .counts = submission->counts, .digest = submission->digest,
                            .submitted_by = act->who->account_id, .now_us = act->now,
                            .audit_anchor = submission->anchor),
                    &found, &row, act->pool));
  *id = found ? row.id : 0;
  return NULL;
}

gk_error_t *gk_submission_store_decide(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                       const char *state, const char *reason)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(submission_decide, .state = state, .decided_by = act->who->account_id,
                            .now_us = act->now, .reason = reason, .id = id, .version = version,
                            .season_id = act->season->id, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_submission_store_return_paths(apr_array_header_t **submissions, gk_act_t *act,
                                             const char *const *paths, int count, gk_submission_kind_t kind,
                                             const char *reason)
{
  apr_array_header_t *found;
  GK_TRY(
      gk_db_list(act->db,
                 GK_CALL(submission_return_paths, .decided_by = act->who->account_id, .now_us = act->now,
                         .reason = reason, .season_id = act->season->id,
                         .kind = gk_submission_kind_word(kind), .p1 = paths[0],
                         .p2 = count > 1 ? paths[1] : NULL, .p3 = count > 2 ? paths[2] : NULL, GK_SCOPE(act)),
                 &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_submission_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_submission_return_paths_t *row = &APR_ARRAY_IDX(found, i, gk_row_submission_return_paths_t);
    APR_ARRAY_PUSH(all, gk_submission_t) = (gk_submission_t){
        .id = row->id, .version = row->version, .org = {.path = row->org_path}, .kind = kind};
  }
  *submissions = all;
  return NULL;
}

gk_error_t *gk_submission_store_serials(apr_int64_t *first, gk_act_t *act, const char *county_code,
                                        const char *subject, apr_int64_t n, apr_int64_t start)
{
  gk_row_submission_serials_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(submission_serials, .season_id = act->season->id, .county_code = county_code,
                           .subject = subject, .start = start, .n = n),
                   &row, act->pool));
  *first = row.next - n;
  return NULL;
}

gk_error_t *gk_submission_store_lock(apr_int64_t *changed, gk_act_t *act, const char *rows)
{
  return gk_db_exec(act->db,
                    GK_CALL(submission_lock, .rows = rows, .now_us = act->now, .season_id = act->season->id,
                            GK_SCOPE(act)),
                    changed, act->pool);
}

gk_error_t *gk_submission_store_rest(apr_int64_t *count, gk_act_t *act, const char *path, bool art_only)
{
  gk_row_submission_rest_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(submission_rest, .season_id = act->season->id, .org_path = path,
                           .art_only = art_only, GK_SCOPE(act)),
                   &row, act->pool));
  *count = row.n;
  return NULL;
}

gk_error_t *gk_submission_store_move(apr_int64_t *changed, gk_act_t *act, const char *path, const char *from,
                                     const char *to, bool art_only, bool without_art)
{
  const char *lo, *hi;
  gk_scope_of(path, &lo, &hi, act->pool);
  return gk_db_exec(act->db,
                    GK_CALL(submission_move, .to = to, .now_us = act->now, .season_id = act->season->id,
                            .from = from, .lo = lo, .hi = hi, .art_only = art_only,
                            .without_art = without_art, GK_SCOPE(act)),
                    changed, act->pool);
}
