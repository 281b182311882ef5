/* store/watch_store.c: counts and alarms (domain/ports_watch.h). */
#include "domain/ports_watch.h"
#include "store/sql.h"

gk_error_t *gk_watch_store_count(apr_int64_t *n, gk_act_t *act, const char *kind, apr_int64_t account_id,
                                 apr_int64_t slot)
{
  gk_row_watch_count_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(watch_count, .kind = kind, .account_id = account_id, .slot = slot), &row,
                   act->pool));
  *n = row.n;
  return NULL;
}

gk_error_t *gk_watch_store_look(bool *first, gk_act_t *act, apr_int64_t slot, apr_int64_t candidate_id)
{
  gk_row_watch_look_t row;
  return gk_db_find(act->db,
                    GK_CALL(watch_look, .account_id = act->who->account_id, .slot = slot,
                            .candidate_id = candidate_id),
                    first, &row, act->pool);
}

gk_error_t *gk_watch_store_usual(apr_int64_t *mean, gk_act_t *act, const char *kind, apr_int64_t from,
                                 apr_int64_t slot)
{
  gk_row_watch_usual_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(watch_usual, .kind = kind, .account_id = act->who->account_id, .from_slot = from,
                           .slot = slot),
                   &row, act->pool));
  *mean = row.mean;
  return NULL;
}

gk_error_t *gk_watch_store_forget(gk_act_t *act, const char *kind, apr_int64_t seen_before,
                                  apr_int64_t counts_before)
{
  apr_int64_t id = act->who->account_id;
  if (seen_before > 0)
    GK_TRY(gk_db_exec(act->db, GK_CALL(watch_forget_seen, .account_id = id, .slot = seen_before), NULL, act->pool));
  return gk_db_exec(act->db, GK_CALL(watch_forget_counts, .kind = kind, .account_id = id, .slot = counts_before),
                    NULL, act->pool);
}

gk_error_t *gk_alarm_store_raise(bool *raised, gk_alarm_t *out, gk_act_t *act, const gk_alarm_t *alarm,
                                 apr_int64_t slot)
{
  gk_row_alarm_raise_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(alarm_raise, .kind = alarm->kind, .account_id = alarm->account_id, .slot = slot,
                            .n = alarm->n, .bound = alarm->bound, .now_us = act->now,
                            .org_path = alarm->org_path),
                    raised, &row, act->pool));
  if (*raised) {
    out->id = row.id;
    out->org_path = row.org_path;
  }
  return NULL;
}

gk_error_t *gk_alarm_store_list(apr_array_header_t **out, gk_act_t *act, bool open, apr_int64_t id,
                                apr_int64_t before, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(alarm_list, .before = before, .open = open, .id = id, .limit = limit, GK_SCOPE(act)),
                    &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_alarm_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_alarm_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_alarm_list_t);
    APR_ARRAY_PUSH(*out, gk_alarm_t) = (gk_alarm_t){.id = row->id,
                                                    .kind = row->kind,
                                                    .org_path = row->org_path,
                                                    .org_name = row->org_name,
                                                    .account_id = row->account_id,
                                                    .login = row->login,
                                                    .display_name = row->display_name,
                                                    .n = row->n,
                                                    .bound = row->bound,
                                                    .raised = row->raised_us,
                                                    .seen_by = row->seen_by,
                                                    .seen_login = row->seen_login,
                                                    .seen = row->seen_us,
                                                    .note = row->note,
                                                    .version = row->version};
  }
  return NULL;
}

gk_error_t *gk_alarm_store_seen(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *note)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(alarm_seen, .seen_by = act->who->account_id, .now_us = act->now, .note = note, .id = id,
                            .version = version, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}
