/* store/audit_read_store.c: reads audit rows (domain/audit_view.h). */
#include <string.h>

#include "domain/audit_view.h"
#include "store/sql.h"
#include "store/vault.h"

/* The four statements return the same columns in the same order. */
_Static_assert(sizeof(gk_row_audit_by_object_t) == sizeof(gk_row_audit_by_scope_t) &&
                   sizeof(gk_row_audit_by_object_t) == sizeof(gk_row_audit_by_actor_t) &&
                   sizeof(gk_row_audit_by_object_t) == sizeof(gk_row_audit_by_candidate_t),
               "the audit statements return alike rows");

static gk_error_t *entry_of(gk_audit_entry_t *entry, const gk_row_audit_by_scope_t *row, gk_act_t *act)
{
  gk_vault_key_t key;
  gk_audit_place_t place = {row->season_id, row->at_us, row->actor_id, row->org_path, row->action, row->object_kind,
                            row->object_id, row->object_version, row->request_id};
  const char *text;
  apr_size_t length;
  *entry = (gk_audit_entry_t){.seq = row->seq,
                              .at = row->at_us,
                              .actor_id = row->actor_id,
                              .actor_name = row->actor_name,
                              .org_path = row->org_path,
                              .action = row->action,
                              .object_kind = row->object_kind,
                              .object_id = row->object_id,
                              .object_version = row->object_version,
                              .request_id = row->request_id};
  GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(row), act->pool));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_audit_context(&place, act->pool), row->key_id, row->body, act->pool));
  entry->erased = text == NULL;
  if (entry->erased) {
    entry->body = gk_json_object(act->pool);
    return NULL;
  }
  return gk_json_parse(&entry->body, text, length, act->pool);
}

gk_error_t *gk_audit_store_candidate(apr_int64_t *id, gk_act_t *act, const char *number)
{
  gk_row_audit_candidate_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(audit_candidate, .season_id = act->season->id, .number = number, GK_SCOPE(act)), &row,
                   act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_audit_store_actor(apr_int64_t *id, gk_act_t *act, const char *login)
{
  gk_row_audit_actor_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(audit_actor, .login = login, GK_SCOPE(act)), &row, act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_audit_store_list(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *filter,
                                int limit)
{
  apr_array_header_t *rows;
  apr_int64_t before = filter->before_seq > 0 ? filter->before_seq : APR_INT64_MAX;
  apr_time_t to = filter->to > 0 ? filter->to : APR_INT64_MAX;
  const char *kind = filter->object_kind != NULL ? filter->object_kind : "";
  const char *action = filter->action != NULL ? filter->action : "";
  const char *org_lo = act->who->scope_lo, *org_hi = act->who->scope_hi;
  if (filter->org_path != NULL)
    gk_scope_of(filter->org_path, &org_lo, &org_hi, act->pool);
  if (filter->candidate_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(audit_by_candidate, .candidate_id = filter->candidate_id, .before_seq = before,
                              GK_SCOPE(act), .org_lo = org_lo, .org_hi = org_hi, .object_kind = kind,
                              .actor_id = filter->actor_id, .action = action, .from_us = filter->from, .to_us = to,
                              .limit = limit),
                      &rows, act->pool));
  else if (filter->object_kind != NULL && filter->object_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(audit_by_object, .object_kind = kind, .object_id = filter->object_id,
                              .before_seq = before, GK_SCOPE(act), .org_lo = org_lo, .org_hi = org_hi,
                              .actor_id = filter->actor_id, .action = action, .from_us = filter->from, .to_us = to,
                              .limit = limit),
                      &rows, act->pool));
  else if (filter->actor_id != 0)
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(audit_by_actor, .actor_id = filter->actor_id, .before_seq = before, GK_SCOPE(act),
                              .org_lo = org_lo, .org_hi = org_hi, .object_kind = kind, .action = action,
                              .from_us = filter->from, .to_us = to, .limit = limit),
                      &rows, act->pool));
  else
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(audit_by_scope, .before_seq = before, GK_SCOPE(act), .org_lo = org_lo, .org_hi = org_hi,
                              .object_kind = kind, .action = action, .from_us = filter->from, .to_us = to,
                              .limit = limit),
                      &rows, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, rows->nelts, sizeof(gk_audit_entry_t));
  for (int i = 0; i < rows->nelts; i++) {
    gk_row_audit_by_scope_t row;
    memcpy(&row, rows->elts + (apr_size_t)i * sizeof(row), sizeof(row));
    GK_TRY(entry_of(apr_array_push(all), &row, act));
  }
  *entries = all;
  return NULL;
}
