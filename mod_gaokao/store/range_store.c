/* store/range_store.c: number ranges (domain/ports_range.h). */
#include <string.h>

#include "domain/ports_range.h"
#include "store/sql.h"

/* range_get, range_list and range_meeting return the same columns. */
static gk_range_t range_of(const gk_row_range_get_t *row)
{
  return (gk_range_t){.id = row->id,
                      .season_id = row->season_id,
                      .org_id = row->org_id,
                      .org_path = row->org_path,
                      .org_code = row->org_code,
                      .org_name = row->org_name,
                      .county_code = row->county_code,
                      .subject = row->subject,
                      .first = row->first,
                      .last = row->last,
                      .next = row->next,
                      .version = row->version,
                      .created = row->created_us,
                      .updated = row->updated_us};
}

static apr_array_header_t *pointers(const apr_array_header_t *rows, apr_pool_t *pool)
{
  apr_array_header_t *out = apr_array_make(pool, rows->nelts, sizeof(gk_range_t *));
  gk_range_t *all = apr_pcalloc(pool, sizeof(*all) * (apr_size_t)(rows->nelts + 1));
  for (int i = 0; i < rows->nelts; i++) {
    gk_row_range_get_t row;
    memcpy(&row, rows->elts + (apr_size_t)i * sizeof(row), sizeof(row));
    all[i] = range_of(&row);
    APR_ARRAY_PUSH(out, gk_range_t *) = &all[i];
  }
  return out;
}

/* The exclusion constraint (PostgreSQL) and the trigger (SQLite) carry one name. */
static gk_error_t *overlap(gk_error_t *error, apr_pool_t *pool)
{
  if (error == NULL || error->code != GK_E_CONSTRAINT || error->internal == NULL ||
      strstr(error->internal, "number_range_overlap") == NULL)
    return error;
  gk_error_t *better = gk_error_plain(pool, GK_E_RANGE_OVERLAP);
  better->cause = error;
  return better;
}

gk_error_t *gk_range_store_get(gk_range_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_range_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(range_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), &row,
                   act->pool));
  *out = range_of(&row);
  return NULL;
}

gk_error_t *gk_range_store_list(apr_array_header_t **out, gk_act_t *act, const gk_range_filter_t *filter,
                                const char *lo, const char *hi, const char *after_path,
                                const char *after_subject, apr_int64_t after_first, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(
      gk_db_list(act->db,
                 GK_CALL(range_list, .season_id = act->season->id, .scope_lo = lo, .scope_hi = hi,
                         .after_path = after_path, .after_subject = after_subject, .after_first = after_first,
                         .subject = filter->subject, .usable = filter->usable, .limit = limit),
                 &rows, act->pool));
  *out = pointers(rows, act->pool);
  return NULL;
}

gk_error_t *gk_range_store_meeting(apr_array_header_t **out, gk_act_t *act, const char *county_code,
                                   apr_int64_t first, apr_int64_t last, apr_int64_t except, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(range_meeting, .season_id = act->season->id, .county_code = county_code,
                            .last = last, .first = first, .except = except, .limit = limit),
                    &rows, act->pool));
  *out = pointers(rows, act->pool);
  return NULL;
}

#define TAKE                                                                                                         \
  GK_CALL(range_take, .now_us = act->now, .season_id = act->season->id, .org_id = org_id, .subject = subject, GK_SCOPE(act))

void gk_range_store_take_ahead(gk_act_t *act, apr_int64_t org_id, const char *subject) { gk_db_ahead(act->db, TAKE); }

gk_error_t *gk_range_store_take(bool *found, apr_int64_t *range_id, apr_int64_t *serial,
                                const char **county_code, gk_act_t *act, apr_int64_t org_id,
                                const char *subject)
{
  gk_row_range_take_t row;
  GK_TRY(gk_db_find(act->db, TAKE, found, &row, act->pool));
  if (*found) {
    *range_id = row.id;
    *serial = row.serial;
    *county_code = row.county_code;
  }
  return NULL;
}

gk_error_t *gk_range_store_insert(apr_int64_t *id, gk_act_t *act, const gk_range_t *range)
{
  gk_row_range_insert_t row;
  GK_TRY(
      overlap(gk_db_get(act->db,
                        GK_CALL(range_insert, .season_id = act->season->id, .county_code = range->county_code,
                                .subject = range->subject, .first = range->first, .last = range->last,
                                .now_us = act->now, .org_id = range->org_id, GK_SCOPE(act)),
                        &row, act->pool),
              act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_range_store_resize(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  apr_int64_t last)
{
  apr_int64_t rows;
  GK_TRY(overlap(gk_db_exec(act->db,
                            GK_CALL(range_resize, .last = last, .now_us = act->now, .id = id,
                                    .season_id = act->season->id, .version = version, GK_SCOPE(act)),
                            &rows, act->pool),
                 act->pool));
  *changed = rows > 0;
  return NULL;
}

gk_error_t *gk_range_store_delete(bool *changed, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(
      act->db,
      GK_CALL(range_delete, .id = id, .season_id = act->season->id, .version = version, GK_SCOPE(act)), &rows,
      act->pool));
  *changed = rows > 0;
  return NULL;
}
