/* store/part_store.c: parts of candidates (domain/part.h). Bodies are {"decision", "fields"}, sealed. */
#include <string.h>
#include <apr_strings.h>

#include "domain/part.h"
#include "store/sql.h"
#include "store/vault.h"

const char *gk_part_context(apr_int64_t candidate_id, const char *kind, apr_pool_t *pool)
{
  return apr_psprintf(pool, "candidate.part.%" APR_INT64_T_FMT ".%s", candidate_id, kind);
}

gk_error_t *gk_part_store_list(apr_array_header_t **rows, gk_act_t *act, apr_int64_t candidate_id)
{
  apr_array_header_t *found;
  GK_TRY(gk_db_list(
      act->db, GK_CALL(part_list, .candidate_id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)),
      &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_part_row_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_part_list_t *row = &APR_ARRAY_IDX(found, i, gk_row_part_list_t);
    gk_vault_key_t key;
    gk_part_row_t part = {.kind = row->kind, .state = row->state, .version = row->version,
                          .updated_by = row->updated_by, .updated = row->updated_us};
    const char *text;
    apr_size_t length;
    gk_json_t *body;
    GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, candidate_id, &GK_HELD(row)));
    GK_TRY(gk_vault_unseal(&text, &length, &key, gk_part_context(candidate_id, row->kind, act->pool), row->key_id,
                           row->body, act->pool));
    if (text == NULL)
      return gk_error_plain(act->pool, GK_E_GONE);
    GK_TRY(gk_json_parse(&body, text, length, act->pool));
    GK_TRY(gk_document_from_json(&part.fields, gk_json_get(body, "fields"), act->pool));
    part.decision = gk_json_get(body, "decision");
    if (gk_json_is_null(part.decision))
      part.decision = NULL;
    APR_ARRAY_PUSH(all, gk_part_row_t) = part;
  }
  *rows = all;
  return NULL;
}

gk_error_t *gk_part_store_put(bool *changed, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                              const gk_part_row_t *row)
{
  apr_int64_t marked;
  gk_sealed_t sealed;
  gk_vault_key_t key;
  gk_json_t *body = gk_json_object(act->pool);
  gk_json_set(body, "fields", gk_document_json(row->fields));
  if (row->decision != NULL)
    gk_json_set(body, "decision", row->decision);
  const char *text = gk_json_text_sorted(body, act->pool);
  GK_TRY(gk_vault_candidate(&key, act, candidate_id));
  GK_TRY(gk_vault_seal(&sealed, &key, gk_part_context(candidate_id, row->kind, act->pool), text, strlen(text), act->pool));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(part_mark, .kind = row->kind, .state = row->state, .now_us = act->now,
                            .candidate_id = candidate_id, .version = version, .season_id = act->season->id,
                            GK_SCOPE(act)),
                    &marked, act->pool));
  *changed = marked > 0;
  if (!*changed)
    return NULL;
  return gk_db_exec(act->db,
                    GK_CALL(part_put, .kind = row->kind, .state = row->state, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .updated_by = row->updated_by,
                            .now_us = act->now, .candidate_id = candidate_id, GK_SCOPE(act)),
                    NULL, act->pool);
}

gk_error_t *gk_part_store_closed(bool *closed, gk_act_t *act, const char *org_path)
{
  gk_row_part_closed_t row;
  return gk_db_find(act->db,
                    GK_CALL(part_closed, .org_path = org_path, .season_id = act->season->id, GK_SCOPE(act)),
                    closed, &row, act->pool);
}
