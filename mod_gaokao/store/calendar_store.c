/* store/calendar_store.c: rows of the calendar (domain/calendar.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/calendar.h"
#include "domain/paths.h"
#include "store/sql.h"

static gk_window_t *push(apr_array_header_t *rows, apr_int64_t id, const char *action, const char *kind,
                         const char *org_path, apr_int64_t candidate_id, apr_time_t opens, apr_time_t closes)
{
  gk_window_t *row = apr_array_push(rows);
  *row = (gk_window_t){.id = id, .action = action, .kind = gk_window_kind_of(kind), .org_path = org_path,
                       .candidate_id = candidate_id, .opens = opens, .closes = closes};
  return row;
}

static gk_error_t *in_force_public(apr_array_header_t **out, gk_act_t *act)
{
  apr_array_header_t *found;
  GK_TRY(
      gk_db_list(act->db, GK_CALL(window_in_force_public, .season_id = act->season->id), &found, act->pool));
  apr_array_header_t *rows = apr_array_make(act->pool, found->nelts, sizeof(gk_window_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_window_in_force_public_t *row = &APR_ARRAY_IDX(found, i, gk_row_window_in_force_public_t);
    push(rows, row->id, row->action, row->kind, row->org_path, 0, row->opens_us, row->closes_us);
  }
  *out = rows;
  return NULL;
}

static gk_error_t *in_force_all(apr_array_header_t **out, gk_act_t *act, const gk_paths_t *p,
                                apr_int64_t candidate_id)
{
  apr_array_header_t *found;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(window_in_force_all, .season_id = act->season->id, .p1 = p->at[0], .p2 = p->at[1],
                            .p3 = p->at[2], .p4 = p->at[3], .candidate_id = candidate_id),
                    &found, act->pool));
  apr_array_header_t *rows = apr_array_make(act->pool, found->nelts, sizeof(gk_window_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_window_in_force_all_t *row = &APR_ARRAY_IDX(found, i, gk_row_window_in_force_all_t);
    push(rows, row->id, row->action, row->kind, row->org_path, row->candidate_id, row->opens_us,
         row->closes_us);
  }
  *out = rows;
  return NULL;
}

gk_error_t *gk_window_store_in_force(apr_array_header_t **out, gk_act_t *act, const char *action,
                                     const char *org_path, apr_int64_t candidate_id)
{
  apr_array_header_t *found;
  if (org_path == NULL)
    return in_force_public(out, act);
  gk_paths_t p = gk_paths_of(org_path, act->pool);
  if (action == NULL)
    return in_force_all(out, act, &p, candidate_id);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(window_in_force, .season_id = act->season->id, .action = action, .p1 = p.at[0],
                            .p2 = p.at[1], .p3 = p.at[2], .p4 = p.at[3], .candidate_id = candidate_id),
                    &found, act->pool));
  apr_array_header_t *rows = apr_array_make(act->pool, found->nelts, sizeof(gk_window_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_window_in_force_t *row = &APR_ARRAY_IDX(found, i, gk_row_window_in_force_t);
    push(rows, row->id, row->action, row->kind, row->org_path, row->candidate_id, row->opens_us,
         row->closes_us)
        ->setter_path = row->setter_path;
  }
  *out = rows;
  return NULL;
}

static gk_window_t window_of(const gk_row_window_get_t *row)
{
  return (gk_window_t){.id = row->id,
                       .action = row->action,
                       .kind = gk_window_kind_of(row->kind),
                       .org_path = row->org_path,
                       .org_id = row->org_id,
                       .org_name = row->org_name,
                       .org_level = row->org_level,
                       .candidate_id = row->candidate_id,
                       .number = row->number,
                       .opens = row->opens_us,
                       .closes = row->closes_us,
                       .reason = row->reason,
                       .setter_path = row->setter_path,
                       .created_by = row->created_by,
                       .created = row->created_us,
                       .updated = row->updated_us,
                       .version = row->version};
}

gk_error_t *gk_window_store_list(apr_array_header_t **out, gk_act_t *act, const char *action,
                                 const char *kind, apr_int64_t after, int limit)
{
  apr_array_header_t *found;
  gk_paths_t p = gk_paths_of(act->who->org_path, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(window_list, .season_id = act->season->id, .after = after, GK_SCOPE(act),
                            .p1 = p.at[0], .p2 = p.at[1], .p3 = p.at[2], .action = action, .kind = kind,
                            .limit = limit),
                    &found, act->pool));
  apr_array_header_t *rows = apr_array_make(act->pool, found->nelts, sizeof(gk_window_t));
  for (int i = 0; i < found->nelts; i++) {
    /* The two statements return the same columns in the same order. */
    gk_row_window_get_t row;
    _Static_assert(sizeof(row) == sizeof(gk_row_window_list_t),
                   "window_list returns what window_get returns");
    memcpy(&row, &APR_ARRAY_IDX(found, i, gk_row_window_list_t), sizeof(row));
    *(gk_window_t *)apr_array_push(rows) = window_of(&row);
  }
  *out = rows;
  return NULL;
}

gk_error_t *gk_window_store_get(gk_window_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_window_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(window_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), &row,
                   act->pool));
  *out = window_of(&row);
  return NULL;
}

gk_error_t *gk_window_store_insert(apr_int64_t *id, gk_act_t *act, const gk_window_t *window)
{
  gk_row_window_insert_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(window_insert, .season_id = act->season->id, .action = window->action,
                           .kind = gk_window_kind_word(window->kind), .org_path = window->org_path,
                           .candidate_id = window->candidate_id, .opens_us = window->opens,
                           .closes_us = window->closes, .reason = window->reason,
                           .created_by = act->who->account_id, .now_us = act->now, GK_SCOPE(act)),
                   &row, act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_window_store_update(bool *changed, gk_act_t *act, const gk_window_t *window)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(window_update, .opens_us = window->opens, .closes_us = window->closes,
                            .reason = window->reason, .now_us = act->now, .id = window->id,
                            .version = window->version, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_window_store_delete(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db, GK_CALL(window_delete, .id = id, .version = version, GK_SCOPE(act)), &rows,
                    act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_window_store_org(const char **path, const char **level, gk_act_t *act, apr_int64_t org_id)
{
  gk_row_window_org_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(window_org, .id = org_id, GK_SCOPE(act)), &row, act->pool));
  *path = row.path;
  *level = row.level;
  return NULL;
}

gk_error_t *gk_window_store_candidate(const char **path, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_row_window_candidate_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(window_candidate, .id = candidate_id, .season_id = act->season->id, GK_SCOPE(act)),
                   &row, act->pool));
  *path = row.org_path;
  return NULL;
}
