/* store/schema.c: see schema.h. */
#include "store/schema.h"

#include <stdlib.h>
#include <apr_strings.h>

#define ADVISORY_LOCK "824190553127"

gk_error_t *gk_schema_version(gk_db_t *db, int *version, apr_pool_t *pool)
{
  const char *value = NULL;
  const char *exists = gk_db_engine(db) == GK_SQLITE
                           ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"
                           : "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_version' "
                             "AND schemaname = ANY (current_schemas(false))";
  GK_TRY(gk_db_script_value(db, exists, &value, pool));
  if (value == NULL || atoi(value) == 0) {
    *version = 0;
    return NULL;
  }
  GK_TRY(gk_db_script_value(db, "SELECT coalesce(max(number), 0) FROM schema_version", &value, pool));
  *version = value != NULL ? atoi(value) : 0;
  return NULL;
}

static gk_error_t *newer(apr_pool_t *pool, int version)
{
  return gk_error_internal(pool, GK_E_SCHEMA, "The database has schema %d, this program knows %d: install the newer program",
                           version, gk_migration_count);
}

static gk_error_t *apply(gk_db_t *db, const gk_migration_t *migration, apr_pool_t *pool)
{
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = NULL;
  int version = 0;
  if (gk_db_engine(db) == GK_PGSQL)
    error = gk_db_script(db, "SELECT pg_advisory_xact_lock(" ADVISORY_LOCK ")", pool);
  if (error == NULL)
    error = gk_db_script(db, "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY, name TEXT NOT NULL)", pool);
  if (error == NULL)
    error = gk_schema_version(db, &version, pool); /* somebody else may have been first */
  if (error == NULL && version < migration->number) {
    error = gk_db_script(db, gk_db_engine(db) == GK_SQLITE ? migration->sqlite : migration->pgsql, pool);
    if (error == NULL)
      error = gk_db_script(db, apr_psprintf(pool, "INSERT INTO schema_version (number, name) VALUES (%d, '%s')",
                                            migration->number, migration->name), pool);
  }
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  return error;
}

gk_error_t *gk_schema_upgrade(gk_db_t *db, int *from, int *to, apr_pool_t *pool)
{
  int version;
  GK_TRY(gk_schema_version(db, &version, pool));
  if (version > gk_migration_count)
    return newer(pool, version);
  *from = version;
  for (int i = version; i < gk_migration_count; i++)
    GK_TRY(apply(db, &gk_migrations[i], pool));
  *to = gk_migration_count;
  return NULL;
}

gk_error_t *gk_schema_check(gk_db_t *db, apr_pool_t *pool)
{
  int version;
  GK_TRY(gk_schema_version(db, &version, pool));
  if (version > gk_migration_count)
    return newer(pool, version);
  if (version < gk_migration_count)
    return gk_error_internal(pool, GK_E_SCHEMA, "The database has schema %d, this program needs %d: run "
                             "'gaokaoctl upgrade --instance DIR'", version, gk_migration_count);
  return NULL;
}
