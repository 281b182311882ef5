/* store/schema.h: the numbered migrations of sql/schema, in both engines' words. */
#ifndef GK_STORE_SCHEMA_H
#define GK_STORE_SCHEMA_H

#include "store/db.h"

typedef struct gk_migration_t {
  int number;
  const char *name;
  const char *sqlite;
  const char *pgsql;
} gk_migration_t;

extern const gk_migration_t gk_migrations[];
extern const int gk_migration_count;

/* Highest migration applied; 0 for an empty database. */
gk_error_t *gk_schema_version(gk_db_t *db, int *version, apr_pool_t *pool);
/* Applies what is missing, each migration in one transaction, two programs at once excluded. *from, *to: versions
 * before and after. Errors: SCHEMA when the database is newer than this program. */
gk_error_t *gk_schema_upgrade(gk_db_t *db, int *from, int *to, apr_pool_t *pool);
/* SCHEMA, with the command to run, unless the versions are equal. */
gk_error_t *gk_schema_check(gk_db_t *db, apr_pool_t *pool);

#endif
