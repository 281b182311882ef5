/* store/import_store.c: whom a row of an import means (domain/import.h). */
#include "domain/import.h"
#include "store/sql.h"

gk_error_t *gk_import_store_find(apr_int64_t *id, const char **org_path, gk_act_t *act, gk_import_use_t use, const char *number)
{
  bool found;
  gk_row_import_find_number_t row;
  gk_row_import_find_candidate_number_t other;
  *id = 0;
  *org_path = NULL;
  if (use == GK_IMPORT_NUMBER) {
    GK_TRY(gk_db_find(act->db, GK_CALL(import_find_number, .season_id = act->season->id, .number = number), &found,
        &row, act->pool));
    if (found)
      *id = row.id, *org_path = row.org_path;
    return NULL;
  }
  GK_TRY(gk_db_find(act->db, GK_CALL(import_find_candidate_number, .season_id = act->season->id, .number = number),
      &found, &other,
                    act->pool));
  if (found)
    *id = other.id, *org_path = other.org_path;
  return NULL;
}
