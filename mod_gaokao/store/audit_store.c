/* store/audit_store.c: audit rows and kept answers (domain/ports.h). */
#include <string.h>

#include "domain/ports.h"
#include "store/sql.h"

gk_error_t *gk_store_audit_insert(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                                  apr_int64_t object_version, const char *org_path, const char *body)
{
  gk_sealed_t sealed;
  GK_TRY(gk_seal(&sealed, gk_core_keys(act->core), "audit.body", body, strlen(body), act->pool));
  const char *digest = gk_sha256_hex(act->pool, sealed.bytes, sealed.length);
  return gk_db_exec(act->db,
                    GK_CALL(audit_insert, .season_id = act->season != NULL ? act->season->id : 0, .at_us = act->now,
                            .actor_id = act->who->account_id, .org_path = org_path, .action = action,
                            .object_kind = object_kind, .object_id = object_id, .object_version = object_version,
                            .request_id = act->request_id, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .digest = digest),
                    NULL, act->pool);
}

gk_error_t *gk_store_answer_find(gk_act_t *act, const char *key, bool *found, gk_kept_answer_t *answer)
{
  gk_row_idempotency_get_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(idempotency_get, .account_id = act->who->account_id, .idempotency_key = key), found,
                    &row, act->pool));
  if (!*found)
    return NULL;
  gk_sealed_t sealed = {row.key_id, row.answer.bytes, row.answer.length};
  apr_size_t length;
  answer->request_digest = row.request_digest;
  answer->status = (int)row.status;
  answer->etag = row.etag;
  answer->location = row.location;
  return gk_unseal(&answer->body, &length, gk_core_keys(act->core), "idempotency.answer", &sealed, act->pool);
}

gk_error_t *gk_store_answer_keep(gk_act_t *act, const char *key, const gk_kept_answer_t *answer, bool *kept)
{
  gk_sealed_t sealed;
  gk_row_idempotency_put_t row;
  GK_TRY(gk_seal(&sealed, gk_core_keys(act->core), "idempotency.answer", answer->body, strlen(answer->body), act->pool));
  return gk_db_find(act->db,
                    GK_CALL(idempotency_put, .account_id = act->who->account_id, .idempotency_key = key,
                            .request_digest = answer->request_digest, .status = answer->status, .etag = answer->etag,
                            .location = answer->location, .key_id = sealed.key_id,
                            .answer = {sealed.bytes, sealed.length}, .created_us = act->now),
                    kept, &row, act->pool);
}
