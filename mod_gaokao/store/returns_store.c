/* store/returns_store.c: return lists (domain/returns.h). */
#include <string.h>

#include "domain/paths.h"
#include "domain/returns.h"
#include "store/sql.h"
#include "store/vault.h"

_Static_assert(sizeof(gk_row_return_by_number_t) == sizeof(gk_row_return_by_candidate_number_t), "return columns");

static void put_found(apr_array_header_t *found, const apr_array_header_t *rows, apr_pool_t *pool)
{
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_return_by_number_t *row = &((const gk_row_return_by_number_t *)(const void *)rows->elts)[i];
    gk_return_found_t *one = apr_pcalloc(pool, sizeof(*one));
    *one = (gk_return_found_t){.id = row->id,
                               .version = row->version,
                               .org_id = row->org_id,
                               .number = row->number,
                               .candidate_number = row->candidate_number,
                               .name = row->name,
                               .subject = row->subject,
                               .state = row->state,
                               .org_path = row->org_path,
                               .org_code = row->org_code,
                               .org_name = row->org_name,
                               .art = row->art != 0};
    if (row->place >= 0 && row->place < found->nelts)
      APR_ARRAY_IDX(found, row->place, const gk_return_found_t *) = one;
  }
}

static void add_pair(gk_json_t *list, int place, const char *number, apr_pool_t *pool)
{
  gk_json_t *pair = gk_json_array(pool);
  gk_json_add_int(pair, place);
  gk_json_add_str(pair, number);
  gk_json_add(list, pair);
}

gk_error_t *gk_return_store_find(apr_array_header_t **out, gk_act_t *act, const apr_array_header_t *rows)
{
  apr_array_header_t *all = apr_array_make(act->pool, rows->nelts, sizeof(const gk_return_found_t *)), *found;
  gk_json_t *numbers = gk_json_array(act->pool), *others = gk_json_array(act->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_return_row_t *row = &APR_ARRAY_IDX(rows, i, gk_return_row_t);
    APR_ARRAY_PUSH(all, const gk_return_found_t *) = NULL;
    add_pair(row->number != NULL ? numbers : others, i, row->number != NULL ? row->number : row->candidate_number, act->pool);
  }
  if (gk_json_size(numbers) > 0) {
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(return_by_number, .rows = gk_json_text(numbers, act->pool), .season_id = act->season->id,
                              GK_SCOPE(act)),
                      &found, act->pool));
    put_found(all, found, act->pool);
  }
  if (gk_json_size(others) > 0) {
    GK_TRY(gk_db_list(act->db,
                      GK_CALL(return_by_candidate_number, .rows = gk_json_text(others, act->pool), .season_id = act->season->id,
                              GK_SCOPE(act)),
                      &found, act->pool));
    put_found(all, found, act->pool);
  }
  *out = all;
  return NULL;
}

gk_error_t *gk_return_store_unlock(apr_int64_t *changed, gk_act_t *act, const char *rows)
{
  return gk_db_exec(act->db, GK_CALL(return_unlock, .now_us = act->now, .rows = rows, .season_id = act->season->id, GK_SCOPE(act)),
                    changed, act->pool);
}

gk_error_t *gk_return_store_units(apr_array_header_t **units, gk_act_t *act, const char *paths)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(return_units, .paths = paths, .season_id = act->season->id), &rows, act->pool));
  *units = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_submission_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_return_units_t *row = &APR_ARRAY_IDX(rows, i, gk_row_return_units_t);
    APR_ARRAY_PUSH(*units, gk_submission_t) = (gk_submission_t){.id = row->id,
                                                                .version = row->version,
                                                                .org = {.path = row->org_path},
                                                                .kind = gk_submission_kind_of(row->kind),
                                                                .total = row->total,
                                                                .counts = row->counts,
                                                                .state = row->state};
  }
  return NULL;
}

gk_error_t *gk_return_store_recount(bool *changed, gk_act_t *act, const gk_submission_t *submission)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(return_recount, .total = submission->total, .counts = submission->counts, .id = submission->id,
                            .version = submission->version, .season_id = act->season->id),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

/* One row as JSON; its reason is unsealed. */
static gk_error_t *open_json(gk_json_t **out, gk_act_t *act, const gk_row_return_list_t *row)
{
  gk_json_t *json = gk_json_object(act->pool), *candidate = gk_json_object(act->pool), *body = NULL;
  gk_vault_key_t key;
  const char *text;
  apr_size_t length;
  GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(row), act->pool));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_review_part_context(row->id, "return", act->pool), row->key_id, row->body,
                         act->pool));
  if (text != NULL)
    GK_TRY(gk_json_parse(&body, text, length, act->pool));
  gk_json_set_int(candidate, "id", row->id);
  gk_json_set_str(candidate, "number", row->number);
  gk_json_set_str(candidate, "name", row->name);
  gk_json_set_str(candidate, "state", row->state);
  gk_json_set_int(candidate, "version", row->version);
  gk_json_set(json, "candidate", candidate);
  gk_json_set_str(json, "candidate_number", row->candidate_number);
  gk_json_set_str(json, "subject", row->subject);
  gk_json_set(json, "org", gk_org_brief_json(row->org_id, row->org_code, row->org_name, "point", act->pool));
  gk_json_set_time(json, "returned_at", row->returned_us);
  gk_json_set_str(json, "reason", gk_json_str(body, "reason"));
  *out = json;
  return NULL;
}

gk_error_t *gk_return_store_open(gk_json_t **items, apr_int64_t *next, gk_act_t *act, const gk_submission_org_t *org,
                                 apr_int64_t after, int limit)
{
  apr_array_header_t *rows;
  const char *lo, *hi;
  gk_json_t *list = gk_json_array(act->pool);
  gk_scope_of(org->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(return_list, .season_id = act->season->id, .scope_lo = lo, .scope_hi = hi, .after = after,
                            .limit = limit + 1),
                    &rows, act->pool));
  for (int i = 0; i < rows->nelts && i < limit; i++) {
    gk_json_t *json;
    GK_TRY(open_json(&json, act, &APR_ARRAY_IDX(rows, i, gk_row_return_list_t)));
    gk_json_add(list, json);
  }
  *items = list;
  *next = rows->nelts > limit ? APR_ARRAY_IDX(rows, limit - 1, gk_row_return_list_t).id : 0;
  return NULL;
}
