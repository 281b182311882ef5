/* store/season_store.c: the active season and its pack (domain/ports.h). */
#include <string.h>

#include "domain/ports.h"
#include "store/sql.h"

gk_error_t *gk_store_season_active(gk_db_t *db, bool *found, gk_season_t *season, apr_pool_t *pool)
{
  gk_row_season_active_t row;
  GK_TRY(gk_db_find(db, GK_CALL(season_active), found, &row, pool));
  if (!*found)
    return NULL;
  *season = (gk_season_t){.id = row.id, .year = (int)row.year, .name = row.name, .real = row.is_real != 0,
                          .pack_id = row.pack_id, .pack_name = row.pack_name, .pack_version = row.pack_version,
                          .pack_digest = row.digest, .rules_generation = row.rules_generation};
  return NULL;
}

gk_error_t *gk_store_pack_body(gk_db_t *db, apr_int64_t pack_id, gk_blob_t *body, apr_pool_t *pool)
{
  gk_row_pack_body_t row;
  GK_TRY(gk_db_get(db, GK_CALL(pack_body, .id = pack_id), &row, pool));
  if (strcmp(gk_sha256_hex(pool, row.body.bytes, row.body.length), row.digest) != 0)
    return gk_error_internal(pool, GK_E_PACK, "Pack %" APR_INT64_T_FMT " does not have its digest", pack_id);
  *body = row.body;
  return NULL;
}
