/* store/progress_store.c: sums of the tally (domain/progress.h). */
#include <string.h>

#include "domain/progress.h"
#include "store/sql.h"

gk_error_t *gk_progress_store_unit(gk_progress_unit_t *out, gk_act_t *act, apr_int64_t org_id)
{
  gk_row_progress_org_t row;
  gk_json_t *profile = NULL;
  GK_TRY(gk_db_get(act->db, GK_CALL(progress_org, .id = org_id, GK_SCOPE(act)), &row, act->pool));
  *out = (gk_progress_unit_t){row.id, row.code, row.name, row.level, row.path, true, 0};
  if (gk_json_parse(&profile, row.profile, strlen(row.profile), act->pool) == NULL)
    out->estimated = gk_json_int(profile, "estimated");
  return NULL;
}

gk_error_t *gk_progress_store_children(apr_array_header_t **units, gk_act_t *act, apr_int64_t org_id)
{
  apr_array_header_t *found;
  GK_TRY(gk_db_list(act->db, GK_CALL(progress_children, .org_id = org_id, GK_SCOPE(act)), &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_progress_unit_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_progress_children_t *row = &APR_ARRAY_IDX(found, i, gk_row_progress_children_t);
    APR_ARRAY_PUSH(all, gk_progress_unit_t) = (gk_progress_unit_t){
        row->id, row->code, row->name, row->level, row->path, row->enabled != 0, row->estimated};
  }
  *units = all;
  return NULL;
}

gk_error_t *gk_progress_store_rows(apr_array_header_t **rows, gk_act_t *act, const gk_progress_unit_t *unit,
                                   const char *subject)
{
  apr_array_header_t *found;
  const char *lo, *hi;
  gk_scope_of(unit->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(progress_units, .org_id = unit->id, .season_id = act->season->id, .lo = lo, .hi = hi,
                            GK_SCOPE(act), .subject = subject != NULL ? subject : ""),
                    &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_progress_row_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_progress_units_t *row = &APR_ARRAY_IDX(found, i, gk_row_progress_units_t);
    APR_ARRAY_PUSH(all, gk_progress_row_t) =
        (gk_progress_row_t){row->path, row->measure, row->subject, row->state, row->n, row->fen};
  }
  *rows = all;
  return NULL;
}

gk_error_t *gk_progress_store_classes(apr_array_header_t **rows, gk_act_t *act, const gk_progress_unit_t *unit,
                                      const char *after, int limit)
{
  apr_array_header_t *found;
  const char *lo, *hi;
  gk_scope_of(unit->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(progress_classes, .season_id = act->season->id, .lo = lo, .hi = hi, .after = after,
                            .limit = limit, GK_SCOPE(act)),
                    &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_progress_row_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_progress_classes_t *row = &APR_ARRAY_IDX(found, i, gk_row_progress_classes_t);
    APR_ARRAY_PUSH(all, gk_progress_row_t) =
        (gk_progress_row_t){unit->path, "class", row->class_key, row->state, row->n, 0};
  }
  *rows = all;
  return NULL;
}
