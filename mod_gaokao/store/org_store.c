/* store/org_store.c: rows of the tree (domain/ports_org.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/ports_org.h"
#include "store/like.h"
#include "store/sql.h"

/* org_get, org_by_code, org_any and org_list return the same columns. */
static gk_org_t org_of(const gk_row_org_get_t *row)
{
  return (gk_org_t){.id = row->id,
                    .parent_id = row->parent_id,
                    .level = row->level,
                    .code = row->code,
                    .name = row->name,
                    .path = row->path,
                    .profile_text = row->profile,
                    .enabled = row->enabled != 0,
                    .open = row->is_open != 0,
                    .version = row->version,
                    .created = row->created_us,
                    .updated = row->updated_us};
}

gk_error_t *gk_org_store_get(gk_org_t *out, gk_act_t *act, apr_int64_t id, const char *code)
{
  gk_row_org_get_t row;
  gk_row_org_by_code_t by_code;
  if (code != NULL) {
    GK_TRY(gk_db_get(act->db, GK_CALL(org_by_code, .code = code, GK_SCOPE(act)), &by_code, act->pool));
    memcpy(&row, &by_code, sizeof(row));
  } else {
    GK_TRY(gk_db_get(act->db, GK_CALL(org_get, .id = id, GK_SCOPE(act)), &row, act->pool));
  }
  *out = org_of(&row);
  return NULL;
}

gk_error_t *gk_org_store_any(bool *found, gk_org_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_org_any_t any;
  gk_row_org_get_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(org_any, .id = id), found, &any, act->pool));
  if (*found) {
    memcpy(&row, &any, sizeof(row));
    *out = org_of(&row);
  }
  return NULL;
}

gk_error_t *gk_org_store_list(apr_array_header_t **out, gk_act_t *act, const gk_org_filter_t *filter,
                              const char *lo, const char *hi, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(
      act->db,
      GK_CALL(org_list, .scope_lo = lo, .scope_hi = hi, .after = filter->after != NULL ? filter->after : "",
              .parent_id = filter->parent_id, .level = filter->level, .q = filter->q,
              .pattern = gk_store__like(filter->q, act->pool), .enabled = filter->enabled, .limit = limit),
      &rows, act->pool));
  apr_array_header_t *orgs = apr_array_make(act->pool, rows->nelts, sizeof(gk_org_t));
  for (int i = 0; i < rows->nelts; i++) {
    gk_row_org_get_t row;
    memcpy(&row, &APR_ARRAY_IDX(rows, i, gk_row_org_list_t), sizeof(row));
    APR_ARRAY_PUSH(orgs, gk_org_t) = org_of(&row);
  }
  *out = orgs;
  return NULL;
}

gk_error_t *gk_org_store_last_code(const char **code, gk_act_t *act, apr_int64_t parent_id)
{
  gk_row_org_last_code_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(org_last_code, .parent_id = parent_id, GK_SCOPE(act)), &row, act->pool));
  *code = row.code;
  return NULL;
}

gk_error_t *gk_org_store_insert(bool *made, apr_int64_t *id, gk_act_t *act, const gk_org_t *parent,
                                const char *level, const char *code, const char *name, const char *profile)
{
  gk_row_org_insert_t row;
  gk_row_org_insert_root_t root;
  if (parent == NULL) {
    GK_TRY(gk_db_find(act->db,
                      GK_CALL(org_insert_root, .code = code, .name = name,
                              .path = apr_pstrcat(act->pool, "/", code, "/", NULL), .profile = profile,
                              .now_us = act->now),
                      made, &root, act->pool));
    row.id = *made ? root.id : 0;
  } else {
    GK_TRY(gk_db_find(act->db,
                      GK_CALL(org_insert, .level = level, .code = code, .name = name, .profile = profile,
                              .now_us = act->now, .parent_id = parent->id, GK_SCOPE(act)),
                      made, &row, act->pool));
  }
  if (*made)
    *id = row.id;
  return NULL;
}

gk_error_t *gk_org_store_update(bool *changed, gk_act_t *act, const gk_org_t *org)
{
  apr_int64_t rows;
  GK_TRY(
      gk_db_exec(act->db,
                 GK_CALL(org_update, .name = org->name, .profile = org->profile_text, .enabled = org->enabled,
                         .now_us = act->now, .id = org->id, .version = org->version, GK_SCOPE(act)),
                 &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_org_store_means(apr_int64_t *operators, apr_int64_t *numbers_left, gk_act_t *act,
                               apr_int64_t id)
{
  gk_row_org_means_t row;
  GK_TRY(gk_db_get(
      act->db,
      GK_CALL(org_means, .season_id = act->season != NULL ? act->season->id : 0, .id = id, GK_SCOPE(act)),
      &row, act->pool));
  *operators = row.operators;
  *numbers_left = row.numbers_left;
  return NULL;
}
