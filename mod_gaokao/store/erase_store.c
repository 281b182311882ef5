/* store/erase_store.c: see domain/erase.h. */
#include "domain/erase.h"

#include <string.h>

#include "store/sql.h"
#include "store/vault.h"

/* Stands where the name stood, in lists and accounts. */
#define NAME "（已删除）"

static const gk_blob_t nothing = {(const unsigned char *)"", 0};

/* Key 0 would mean a plain value: without any key the record's own columns say that it is gone. */
static gk_error_t *destroy(gk_erased_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t *key)
{
  gk_vault_key_t own;
  gk_error_t *error = gk_vault_candidate(&own, act, id);
  if (error != NULL && error->code != GK_E_GONE)
    return error;
  *key = own.id;
  GK_TRY(gk_vault_destroy_candidate(&out->keys, act, id));
  gk_vault_forget(act);
  return NULL;
}

gk_error_t *gk_candidate_erase(gk_erased_t *out, gk_act_t *act, int year, const char *number, apr_int64_t id,
                               const char *reason)
{
  gk_row_erase_find_t row;
  apr_int64_t changed, key;
  bool found;
  gk_db_t *db = act->db;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_find(db, GK_CALL(erase_find, .year = year, .number = number, .id = id), &found, &row, act->pool));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "%d年度没有这名考生", "There is no such candidate in %d", year);
  if (row.season_active != 0 && strcmp(row.state, "withdrawn") != 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "报名年度尚未结束，该考生也没有撤销报名，不能删除个人信息",
                    "The season is not over and the registration was not withdrawn: the data can't be deleted");
  *out = (gk_erased_t){row.id, 0};
  GK_TRY(destroy(out, act, row.id, &key));
  GK_TRY(gk_db_exec(db,
                    GK_CALL(erase_candidate, .id = row.id, .version = row.version, .name = NAME, .nothing = nothing,
                            .now_us = act->now),
                    &changed, act->pool));
  if (changed == 0)
    return gk_error_plain(act->pool, GK_E_RETRY);
  GK_TRY(gk_db_exec(db, GK_CALL(erase_former, .id = row.id), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_parts, .id = row.id), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_readings, .id = row.id, .nothing = nothing, .key = key), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_raw, .id = row.id), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_proofs, .id = row.id, .nothing = nothing), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_confirmations, .id = row.id), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_fees, .id = row.id), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_photos, .id = row.id, .nothing = nothing), NULL, act->pool));
  GK_TRY(gk_db_exec(db, GK_CALL(erase_windows, .id = row.id), NULL, act->pool));
  if (row.account_id != 0) {
    GK_TRY(gk_db_exec(db, GK_CALL(erase_account, .id = row.account_id, .name = NAME, .now_us = act->now), NULL, act->pool));
    GK_TRY(gk_db_exec(db, GK_CALL(erase_answers, .id = row.account_id), NULL, act->pool));
  }
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "reason", reason);
  gk_json_set_int(after, "keys", out->keys);
  return gk_audit(act, "candidate.erase", "candidate", row.id, row.version + 1, row.org_path, NULL, after);
}

gk_error_t *gk_candidate_erase_traces(gk_act_t *act)
{
  if (gk_db_engine(act->db) == GK_SQLITE) /* the file itself: Debian's SQLite overwrites what is deleted */
    return gk_db_script(act->db, "PRAGMA wal_checkpoint(TRUNCATE)", act->pool);
  GK_TRY(gk_db_script(act->db, "VACUUM record_key", act->pool));
  return gk_db_script(act->db, "VACUUM candidate", act->pool);
}
