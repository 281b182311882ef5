/* store/account_store.c: accounts as they are managed (domain/ports_account.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/ports_account.h"
#include "store/like.h"
#include "store/sql.h"

/* account_get, account_of_candidate and account_list return the same columns. */
static gk_account_t account_of(const gk_row_account_get_t *row)
{
  return (gk_account_t){.id = row->id,
                        .realm = row->realm,
                        .season_id = row->season_id,
                        .login = row->login,
                        .role = gk_role_parse(row->role),
                        .org_id = row->org_id,
                        .org_path = row->org_path,
                        .org_code = row->org_code,
                        .org_name = row->org_name,
                        .org_level = row->org_level,
                        .candidate_id = row->candidate_id,
                        .display_name = row->display_name,
                        .enabled = row->enabled != 0,
                        .generation = row->generation,
                        .slip_generation = row->slip_generation,
                        .own_password = row->own_password != 0,
                        .totp = row->totp_on != 0,
                        .version = row->version,
                        .created_by = row->created_by,
                        .created = row->created_us,
                        .updated = row->updated_us,
                        .signed_in = row->signed_in_us,
                        .dead_slip = row->dead_slip_us};
}

gk_error_t *gk_account_store_get(gk_account_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_account_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(account_get, .id = id, GK_SCOPE(act)), &row, act->pool));
  *out = account_of(&row);
  return NULL;
}

gk_error_t *gk_account_store_of_candidate(gk_account_t *out, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_row_account_of_candidate_t found;
  gk_row_account_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(account_of_candidate, .candidate_id = candidate_id, GK_SCOPE(act)),
                   &found, act->pool));
  memcpy(&row, &found, sizeof(row));
  *out = account_of(&row);
  return NULL;
}

gk_error_t *gk_account_store_list(apr_array_header_t **out, gk_act_t *act, const gk_account_filter_t *filter,
                                  const char *lo, const char *hi, const char *after_path,
                                  const char *after_login, bool slips, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(account_list, .scope_lo = lo, .scope_hi = hi, .after_path = after_path,
                            .after_login = after_login,
                            .role = filter->role != GK_ROLE_NONE ? gk_role_name(filter->role) : NULL,
                            .q = filter->q, .pattern = gk_store__like(filter->q, act->pool),
                            .enabled = filter->enabled, .slips = slips, .limit = limit),
                    &rows, act->pool));
  apr_array_header_t *accounts = apr_array_make(act->pool, rows->nelts, sizeof(gk_account_t *));
  gk_account_t *all = apr_pcalloc(act->pool, sizeof(*all) * (apr_size_t)(rows->nelts + 1));
  for (int i = 0; i < rows->nelts; i++) {
    gk_row_account_get_t row;
    memcpy(&row, &APR_ARRAY_IDX(rows, i, gk_row_account_list_t), sizeof(row));
    all[i] = account_of(&row);
    APR_ARRAY_PUSH(accounts, gk_account_t *) = &all[i];
  }
  *out = accounts;
  return NULL;
}

gk_error_t *gk_account_store_count_at(apr_int64_t *n, gk_act_t *act, const char *org_path)
{
  gk_row_account_count_at_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(account_count_at, .org_path = org_path, GK_SCOPE(act)), &row, act->pool));
  *n = row.n;
  return NULL;
}

gk_error_t *gk_account_store_insert(bool *made, apr_int64_t *id, gk_act_t *act, const char *login,
                                    gk_role_t role, apr_int64_t org_id, const char *display_name)
{
  gk_row_account_insert_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(account_insert, .login = login, .role = gk_role_name(role),
                            .display_name = display_name, .created_by = act->who->account_id,
                            .now_us = act->now, .org_id = org_id, GK_SCOPE(act)),
                    made, &row, act->pool));
  if (*made)
    *id = row.id;
  return NULL;
}

gk_error_t *gk_account_store_insert_candidate(bool *made, apr_int64_t *id, gk_act_t *act,
                                              apr_int64_t season_id, const char *login,
                                              apr_int64_t candidate_id, apr_int64_t org_id,
                                              const char *display_name)
{
  gk_row_account_insert_candidate_t row;
#define INSERT                                                                                                       \
  GK_CALL(account_insert_candidate, .season_id = season_id, .login = login, .candidate_id = candidate_id,            \
          .display_name = display_name, .created_by = act->who->account_id, .now_us = act->now, .org_id = org_id,    \
          GK_SCOPE(act))
  if (act->together) { /* nobody asks for its id */
    *made = true;
    *id = 0;
    return gk_db_exec_later_one(act->db, INSERT, act->pool);
  }
  GK_TRY(gk_db_find(act->db, INSERT, made, &row, act->pool));
#undef INSERT
  if (*made)
    *id = row.id;
  return NULL;
}

gk_error_t *gk_account_store_update(bool *changed, gk_act_t *act, const gk_account_t *account,
                                    bool end_sessions)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(account_update, .display_name = account->display_name,
                            .enabled = account->enabled, .end_sessions = end_sessions, .now_us = act->now,
                            .id = account->id, .version = account->version, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_account_store_sign_out(gk_act_t *act, apr_int64_t id)
{
  return gk_db_exec(act->db, GK_CALL(account_sign_out, .now_us = act->now, .id = id, GK_SCOPE(act)), NULL,
                    act->pool);
}

gk_error_t *gk_account_store_renew_slip(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                        bool reset_totp)
{
  apr_int64_t rows;
  if (reset_totp)
    GK_TRY(gk_db_exec(act->db, GK_CALL(account_forget_recovery, .id = id, GK_SCOPE(act)), NULL, act->pool));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(account_renew_slip, .reset_totp = reset_totp, .now_us = act->now, .id = id,
                            .version = version, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_account_store_set_password(gk_act_t *act, apr_int64_t id, const char *hash)
{
  return gk_db_exec(
      act->db, GK_CALL(account_set_password, .password = hash, .now_us = act->now, .id = id, GK_SCOPE(act)),
      NULL, act->pool);
}

gk_error_t *gk_account_store_set_totp(gk_act_t *act, apr_int64_t id, gk_blob_t totp)
{
  return gk_db_exec(act->db,
                    GK_CALL(account_set_totp, .totp = totp, .now_us = act->now, .id = id, GK_SCOPE(act)),
                    NULL, act->pool);
}
