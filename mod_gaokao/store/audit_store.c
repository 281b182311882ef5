/* store/audit_store.c: audit rows and kept answers (domain/ports.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/ports.h"
#include "store/sql.h"
#include "store/vault.h"

const char *gk_audit_context(const gk_audit_place_t *place, apr_pool_t *pool)
{
  return apr_psprintf(pool,
                      "audit.body.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%s.%s.%s.%" APR_INT64_T_FMT
                      ".%" APR_INT64_T_FMT ".%s",
                      place->season_id, (apr_int64_t)place->at, place->actor_id, place->org_path, place->action,
                      place->object_kind, place->object_id, place->object_version, place->request_id);
}

gk_error_t *gk_store_audit_insert(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                                  apr_int64_t object_version, const char *org_path, const char *body)
{
  gk_sealed_t sealed;
  gk_vault_key_t key;
  gk_audit_place_t place = {act->season != NULL ? act->season->id : 0, act->now, act->who->account_id, org_path, action,
                            object_kind, object_id, object_version, act->request_id};
  GK_TRY(gk_vault_audit(&key, act, object_kind, object_id));
  GK_TRY(gk_vault_seal(&sealed, &key, gk_audit_context(&place, act->pool), body, strlen(body), act->pool));
  const char *digest = gk_sha256_hex(act->pool, sealed.bytes, sealed.length);
  return gk_db_exec_later(act->db,
                          GK_CALL(audit_insert, .season_id = place.season_id, .at_us = act->now,
                                  .actor_id = act->who->account_id, .org_path = org_path, .action = action,
                                  .object_kind = object_kind, .object_id = object_id, .object_version = object_version,
                                  .request_id = act->request_id, .key_id = sealed.key_id,
                                  .body = {sealed.bytes, sealed.length}, .record_key_id = key.id, .digest = digest),
                          act->pool);
}

/* ---- kept answers ---------------------------------------------------------------------------------------- */

/* The request's digest stands in the sealed answer, as its first line: whoever saw it in clear could try out phone numbers
 * in a body of which the rest is known. */
static const char *answer_context(apr_int64_t account_id, const char *key, apr_pool_t *pool)
{
  return apr_psprintf(pool, "idempotency.answer.%" APR_INT64_T_FMT ".%s", account_id, key);
}

static gk_error_t *answer_text(const char **text, const gk_core_t *core, apr_int64_t account_id, const char *key,
                               const char *request_digest, const char *key_id, gk_blob_t answer, apr_pool_t *pool)
{
  gk_sealed_t sealed = {key_id, answer.bytes, answer.length};
  GK_TRY(gk_unseal(text, NULL, gk_core_keys(core), answer_context(account_id, key, pool), &sealed, pool));
  if (request_digest[0] != '\0') /* a row from before */
    *text = apr_pstrcat(pool, request_digest, "\n", *text, NULL);
  return NULL;
}

gk_error_t *gk_answer_seal_again(gk_sealed_t *out, const gk_core_t *core, apr_int64_t account_id, const char *key,
                                 const char *request_digest, const char *key_id, gk_blob_t answer, apr_pool_t *pool)
{
  const char *text;
  GK_TRY(answer_text(&text, core, account_id, key, request_digest, key_id, answer, pool));
  return gk_vault_seal_direct(out, core, answer_context(account_id, key, pool), text, strlen(text), pool);
}

gk_error_t *gk_store_answer_find(gk_act_t *act, const char *key, bool *found, gk_kept_answer_t *answer)
{
  gk_row_idempotency_get_t row;
  const char *text;
  GK_TRY(gk_db_find(act->db, GK_CALL(idempotency_get, .account_id = act->who->account_id, .idempotency_key = key), found,
                    &row, act->pool));
  if (!*found)
    return NULL;
  GK_TRY(answer_text(&text, act->core, act->who->account_id, key, row.request_digest, row.key_id, row.answer, act->pool));
  const char *line_end = strchr(text, '\n');
  if (line_end == NULL)
    return gk_error_internal(act->pool, GK_E_SEALED, "a kept answer without its request's digest");
  answer->request_digest = apr_pstrmemdup(act->pool, text, (apr_size_t)(line_end - text));
  answer->status = (int)row.status;
  answer->etag = row.etag;
  answer->location = row.location;
  answer->body = line_end + 1;
  return NULL;
}

void gk_store_answer_ahead(gk_act_t *act, apr_int64_t account_id, const char *key)
{
  gk_db_ahead(act->db, GK_CALL(idempotency_get, .account_id = account_id, .idempotency_key = key));
}

gk_error_t *gk_store_answer_keep(gk_act_t *act, const char *key, const gk_kept_answer_t *answer, bool *kept)
{
  gk_sealed_t sealed;
  gk_row_idempotency_put_t row;
  const char *text = apr_pstrcat(act->pool, answer->request_digest, "\n", answer->body, NULL);
  GK_TRY(gk_vault_seal_direct(&sealed, act->core, answer_context(act->who->account_id, key, act->pool), text, strlen(text),
                              act->pool));
  return gk_db_find(act->db,
                    GK_CALL(idempotency_put, .account_id = act->who->account_id, .idempotency_key = key,
                            .request_digest = "", .status = answer->status, .etag = answer->etag,
                            .location = answer->location, .key_id = sealed.key_id,
                            .answer = {sealed.bytes, sealed.length}, .created_us = act->now),
                    kept, &row, act->pool);
}
