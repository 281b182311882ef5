/* store/progress_store.c: sums of the tally (domain/progress.h). */
#include <stddef.h>
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

/* Columns of progress_units by what they count. */
#define COLUMN(measure, state, column) {measure, state, offsetof(gk_row_progress_units_t, column)}
static const struct {
  const char *measure, *state;
  apr_size_t offset;
} columns[] = {
    COLUMN("state", "waiting", waiting),
    COLUMN("state", "allocated", allocated),
    COLUMN("state", "identified", identified),
    COLUMN("state", "card_printed", card_printed),
    COLUMN("state", "reviewed", reviewed),
    COLUMN("state", "filling", filling),
    COLUMN("state", "proofed", proofed),
    COLUMN("state", "confirmed", confirmed),
    COLUMN("state", "submitted", submitted),
    COLUMN("state", "accepted", accepted),
    COLUMN("state", "withdrawn", withdrawn),
    COLUMN("review", "none", review_none),
    COLUMN("review", "passed", review_passed),
    COLUMN("review", "failed", review_failed),
    COLUMN("fee", "none", fee_none),
    COLUMN("fee", "paid", fee_paid),
    COLUMN("fee", "due", fee_due),
    COLUMN("fen", "", fee_fen),
};

gk_error_t *gk_progress_store_rows(apr_array_header_t **rows, gk_act_t *act, const gk_progress_unit_t *unit,
                                   const char *subject)
{
  apr_array_header_t *found;
  const char *lo, *hi;
  gk_scope_of(unit->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(progress_units, .org_id = unit->id, .season_id = act->season->id, .lo = lo,
                            .hi = hi, GK_SCOPE(act), .subject = subject != NULL ? subject : ""),
                    &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts * 8, sizeof(gk_progress_row_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_progress_units_t *row = &APR_ARRAY_IDX(found, i, gk_row_progress_units_t);
    for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
      apr_int64_t n = *(const apr_int64_t *)((const char *)row + columns[k].offset);
      if (n != 0)
        APR_ARRAY_PUSH(all, gk_progress_row_t) =
            (gk_progress_row_t){row->path, columns[k].measure, row->subject, columns[k].state, n};
    }
  }
  *rows = all;
  return NULL;
}

gk_error_t *gk_progress_store_classes(apr_array_header_t **rows, gk_act_t *act,
                                      const gk_progress_unit_t *unit, const char *after_school,
                                      const char *after_class, int limit)
{
  apr_array_header_t *found;
  const char *lo, *hi;
  gk_scope_of(unit->path, &lo, &hi, act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(progress_classes, .season_id = act->season->id, .lo = lo, .hi = hi, GK_SCOPE(act),
                            .after_school = after_school, .after_class = after_class, .limit = limit),
                    &found, act->pool));
  apr_array_header_t *all = apr_array_make(act->pool, found->nelts, sizeof(gk_progress_class_t));
  for (int i = 0; i < found->nelts; i++) {
    const gk_row_progress_classes_t *row = &APR_ARRAY_IDX(found, i, gk_row_progress_classes_t);
    APR_ARRAY_PUSH(all, gk_progress_class_t) =
        (gk_progress_class_t){row->school, row->class, row->state, row->n};
  }
  *rows = all;
  return NULL;
}
