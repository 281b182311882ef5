/* store/session_store.c: signing in and staying signed in (domain/ports_session.h). */
#include <string.h>

#include "base/time.h"
#include "domain/ports_session.h"
#include "store/sql.h"

/* session_credential and session_own return the same columns. */
static gk_credential_t credential_of(const gk_row_session_credential_t *row)
{
  return (gk_credential_t){.account = {.id = row->id,
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
                                       .own_password = row->password != NULL,
                                       .totp = row->totp.bytes != NULL && row->totp_step >= 0,
                                       .password_set = row->password_us},
                           .password = row->password,
                           .totp = row->totp,
                           .totp_step = row->totp_step,
                           .failures = row->failures,
                           .blocked_until = row->blocked_until_us,
                           .open = row->is_open != 0};
}

gk_error_t *gk_session_store_credential(bool *found, gk_credential_t *out, gk_act_t *act, const char *realm,
                                        apr_int64_t season_id, const char *login)
{
  gk_row_session_credential_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(session_credential, .realm = realm, .season_id = season_id, .login = login),
                    found, &row, act->pool));
  if (*found)
    *out = credential_of(&row);
  return NULL;
}

gk_error_t *gk_session_store_own(bool *found, gk_credential_t *out, gk_act_t *act)
{
  gk_row_session_own_t own;
  gk_row_session_credential_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(session_own, .id = act->who->account_id, .generation = act->who->generation),
                    found, &own, act->pool));
  if (*found) {
    memcpy(&row, &own, sizeof(row));
    *out = credential_of(&row);
  }
  return NULL;
}

gk_error_t *gk_session_store_resume(bool *found, gk_account_t *out, gk_act_t *act, const char *realm,
                                    const gk_session_t *session)
{
  gk_row_session_resume_t row;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(session_resume, .id = session->account_id, .realm = realm,
                            .generation = session->generation, .session_id = session->id),
                    found, &row, act->pool));
  if (*found)
    *out = (gk_account_t){.id = row.id,
                          .login = row.login,
                          .role = gk_role_parse(row.role),
                          .org_id = row.org_id,
                          .org_path = row.org_path,
                          .org_code = row.org_code,
                          .org_name = row.org_name,
                          .org_level = row.org_level,
                          .candidate_id = row.candidate_id,
                          .display_name = row.display_name,
                          .enabled = true,
                          .generation = session->generation,
                          .own_password = row.has_password != 0,
                          .totp = row.totp_on != 0,
                          .password_set = row.password_us};
  return NULL;
}

gk_error_t *gk_session_store_signed_in(bool *changed, gk_act_t *act, const gk_credential_t *credential,
                                       const char *rehash, apr_int64_t totp_step)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_signed_in, .known = credential->browser != NULL, .now_us = act->now,
                            .password = rehash, .totp_step = totp_step, .id = credential->account.id,
                            .generation = credential->account.generation),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_session_store_failed(gk_act_t *act, const gk_credential_t *credential)
{
  if (credential->browser != NULL)
    return gk_db_exec(act->db,
                      GK_CALL(session_browser_failed, .now_us = act->now, .account_id = credential->account.id,
                              .browser = credential->browser),
                      NULL, act->pool);
  return gk_db_exec(act->db, GK_CALL(session_failed, .now_us = act->now, .id = credential->account.id), NULL,
                    act->pool);
}

gk_error_t *gk_session_store_browser(gk_credential_t *credential, gk_act_t *act, const char *browser)
{
  gk_row_session_browser_t row;
  bool found;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(session_browser, .account_id = credential->account.id, .browser = browser),
                    &found, &row, act->pool));
  if (found) {
    credential->browser = browser;
    credential->failures = row.failures;
    credential->blocked_until = row.blocked_until_us;
  }
  return NULL;
}

gk_error_t *gk_session_store_browser_seen(gk_act_t *act, apr_int64_t account_id, const char *browser)
{
  return gk_db_exec(
      act->db,
      GK_CALL(session_browser_seen, .account_id = account_id, .browser = browser, .now_us = act->now), NULL,
      act->pool);
}

gk_error_t *gk_session_store_miss(apr_int64_t *failures, apr_time_t *blocked_until, gk_act_t *act,
                                  apr_int64_t bucket)
{
  gk_row_session_miss_t row;
  bool found;
  GK_TRY(gk_db_find(act->db, GK_CALL(session_miss, .bucket = bucket), &found, &row, act->pool));
  *failures = found ? row.failures : 0;
  *blocked_until = found ? row.blocked_until_us : 0;
  return NULL;
}

gk_error_t *gk_session_store_missed(gk_act_t *act, apr_int64_t bucket)
{
  return gk_db_exec(act->db, GK_CALL(session_missed, .bucket = bucket, .now_us = act->now), NULL, act->pool);
}

gk_error_t *gk_session_store_end(gk_act_t *act, const char *session_id, apr_time_t expires)
{
  GK_TRY(gk_db_exec(act->db, GK_CALL(session_forget_ended, .now_us = act->now), NULL, act->pool));
  return gk_db_exec(act->db, GK_CALL(session_end, .session_id = session_id, .expires_us = expires), NULL,
                    act->pool);
}

gk_error_t *gk_session_store_end_all(gk_act_t *act)
{
  return gk_db_exec(act->db,
                    GK_CALL(session_end_all, .now_us = act->now, .id = act->who->account_id,
                            .generation = act->who->generation),
                    NULL, act->pool);
}

gk_error_t *gk_session_store_set_password(bool *changed, gk_act_t *act, const char *hash)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_set_password, .password = hash, .now_us = act->now,
                            .id = act->who->account_id, .generation = act->who->generation),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_session_store_set_pending(bool *changed, gk_act_t *act, gk_blob_t totp)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_set_totp_pending, .totp = totp, .id = act->who->account_id,
                            .generation = act->who->generation),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_session_store_set_totp(bool *changed, gk_act_t *act, gk_blob_t totp, apr_int64_t step)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_set_totp, .totp = totp, .totp_step = step, .now_us = act->now,
                            .id = act->who->account_id, .generation = act->who->generation),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

/* ---- the session's own row ---------------------------------------------------------------------------- */

gk_error_t *gk_session_store_browsers(bool *any, apr_time_t *told, gk_act_t *act, apr_int64_t account_id,
                                      const char *browser)
{
  gk_row_session_browsers_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(session_browsers, .account_id = account_id, .browser = browser), &row,
                   act->pool));
  *any = row.known > 0;
  *told = row.told_us;
  return NULL;
}

gk_error_t *gk_session_store_begin(gk_act_t *act, const gk_principal_t *who, const gk_session_mark_t *mark)
{
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_prune, .account_id = who->account_id, .before_us = act->now - 30 * GK_DAY),
                    NULL, act->pool));
  return gk_db_exec(act->db,
                    GK_CALL(session_begin, .session_id = who->session_id, .account_id = who->account_id,
                            .generation = who->generation, .browser = mark->browser, .family = mark->family,
                            .is_new = mark->is_new, .told_us = mark->told, .begun_us = act->now,
                            .confirmed_us = act->now),
                    NULL, act->pool);
}

gk_error_t *gk_session_store_move(gk_act_t *act, const gk_principal_t *next)
{
  return gk_db_exec(act->db,
                    GK_CALL(session_move, .new_id = next->session_id, .generation = next->generation,
                            .now_us = act->now, .session_id = act->who->session_id,
                            .account_id = next->account_id),
                    NULL, act->pool);
}

gk_error_t *gk_session_store_list(apr_array_header_t **out, gk_act_t *act, apr_time_t after)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(session_list, .account_id = act->who->account_id,
                            .generation = act->who->generation, .after_us = after),
                    &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_session_row_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_session_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_session_list_t);
    APR_ARRAY_PUSH(*out, gk_session_row_t) =
        (gk_session_row_t){row->id, row->session_id, row->family, row->is_new != 0, row->begun_us};
  }
  return NULL;
}

gk_error_t *gk_session_store_news(apr_array_header_t **out, gk_act_t *act, const gk_principal_t *who)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(session_news, .session_id = who->session_id, .account_id = who->account_id), &rows,
                    act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_session_row_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_session_news_t *row = &APR_ARRAY_IDX(rows, i, gk_row_session_news_t);
    APR_ARRAY_PUSH(*out, gk_session_row_t) =
        (gk_session_row_t){.family = row->family, .is_new = true, .begun = row->begun_us};
  }
  return NULL;
}

gk_error_t *gk_session_store_confirm(gk_act_t *act)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_confirm, .now_us = act->now, .session_id = act->who->session_id,
                            .account_id = act->who->account_id),
                    &rows, act->pool));
  return rows > 0 ? NULL : gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
}

gk_error_t *gk_session_store_confirmed(apr_time_t *when, gk_act_t *act)
{
  gk_row_session_confirmed_t row;
  bool found;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(session_confirmed, .session_id = act->who->session_id,
                            .account_id = act->who->account_id),
                    &found, &row, act->pool));
  *when = found ? row.confirmed_us : 0;
  return NULL;
}

gk_error_t *gk_session_store_code_used(bool *changed, gk_act_t *act, apr_int64_t step)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(session_code_used, .totp_step = step, .id = act->who->account_id,
                            .generation = act->who->generation),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_session_store_dead_slip(gk_act_t *act, apr_int64_t account_id)
{
  return gk_db_exec(act->db, GK_CALL(session_dead_slip, .now_us = act->now, .id = account_id), NULL, act->pool);
}

/* ---- recovery codes ----------------------------------------------------------------------------------- */

gk_error_t *gk_recovery_store_replace(gk_act_t *act, const apr_array_header_t *digests)
{
  apr_int64_t id = act->who->account_id;
  GK_TRY(gk_db_exec(act->db, GK_CALL(recovery_clear, .account_id = id), NULL, act->pool));
  for (int i = 0; i < digests->nelts; i++)
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(recovery_add, .account_id = id, .digest = APR_ARRAY_IDX(digests, i, const char *)),
                      NULL, act->pool));
  return NULL;
}

gk_error_t *gk_recovery_store_use(bool *used, gk_act_t *act, apr_int64_t account_id, const char *digest)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(recovery_use, .now_us = act->now, .account_id = account_id, .digest = digest), &rows,
                    act->pool));
  *used = rows > 0;
  return NULL;
}

gk_error_t *gk_recovery_store_left(int *left, gk_act_t *act, apr_int64_t account_id)
{
  gk_row_recovery_left_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(recovery_left, .account_id = account_id), &row, act->pool));
  *left = (int)row.n;
  return NULL;
}
