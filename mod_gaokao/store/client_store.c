/* store/client_store.c: what export clients prove themselves with (domain/client.h). */
#include "domain/client.h"
#include "store/sql.h"

gk_error_t *gk_client_store_get(bool *found, gk_client_t *out, gk_act_t *act, apr_int64_t account_id)
{
  gk_row_client_get_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(client_get, .account_id = account_id), found, &row, act->pool));
  if (*found)
    *out = (gk_client_t){row.certificate, row.public_key};
  return NULL;
}

gk_error_t *gk_client_store_account(bool *found, gk_account_t *account, gk_client_t *client, apr_int64_t *generation, gk_act_t *act,
                                    apr_int64_t account_id)
{
  gk_row_client_account_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(client_account, .id = account_id), found, &row, act->pool));
  if (!*found)
    return NULL;
  *account = (gk_account_t){.id = row.id,
                            .login = row.login,
                            .role = gk_role_parse(row.role),
                            .org_id = row.org_id,
                            .org_path = row.org_path,
                            .org_code = row.org_code,
                            .org_name = row.org_name,
                            .org_level = row.org_level,
                            .display_name = row.display_name,
                            .enabled = true};
  *client = (gk_client_t){row.certificate, row.public_key};
  *generation = row.generation;
  return NULL;
}

gk_error_t *gk_client_store_token(bool *fresh, gk_act_t *act, apr_int64_t account_id, const char *jti, apr_time_t until)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db, GK_CALL(client_tokens_old, .account_id = account_id, .now_us = act->now), NULL, act->pool));
  GK_TRY(gk_db_exec(act->db, GK_CALL(client_token, .account_id = account_id, .jti = jti, .until_us = until), &rows,
                    act->pool));
  *fresh = rows == 1;
  return NULL;
}

gk_error_t *gk_client_store_put(gk_act_t *act, apr_int64_t account_id, const gk_client_t *client)
{
  return gk_db_exec(act->db,
                    GK_CALL(client_put, .account_id = account_id, .certificate = client->certificate,
                            .public_key = client->public_key, .now_us = act->now, GK_SCOPE(act)),
                    NULL, act->pool);
}
