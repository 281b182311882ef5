/* store/session_store.c: signing in and staying signed in (domain/ports_session.h). */
#include <string.h>

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
                                       .totp = row->totp.bytes != NULL && row->totp_step >= 0},
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
                          .totp = row.totp_on != 0};
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

gk_error_t *gk_session_store_failed(gk_act_t *act, const gk_credential_t *credential,
                                    apr_time_t blocked_until)
{
  if (credential->browser != NULL)
    return gk_db_exec(act->db,
                      GK_CALL(session_browser_failed, .blocked_until_us = blocked_until,
                              .account_id = credential->account.id, .browser = credential->browser),
                      NULL, act->pool);
  return gk_db_exec(act->db,
                    GK_CALL(session_failed, .blocked_until_us = blocked_until, .id = credential->account.id),
                    NULL, act->pool);
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

gk_error_t *gk_session_store_missed(gk_act_t *act, apr_int64_t bucket, apr_time_t blocked_until)
{
  return gk_db_exec(act->db,
                    GK_CALL(session_missed, .bucket = bucket, .blocked_until_us = blocked_until,
                            .now_us = act->now),
                    NULL, act->pool);
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
