/* store/health.h: looks at the database itself: may its settings lose what was acknowledged, are its pages whole. */
#ifndef GK_STORE_HEALTH_H
#define GK_STORE_HEALTH_H

#include "store/db.h"

/* Settings of the server and the session that may lose acknowledged writes (faults.md DB-8), as "name = value, ..."; NULL
 * when there are none. */
gk_error_t *gk_health_unsafe(const char **settings, gk_db_t *db, apr_pool_t *pool);

/* What gk_health_verify looked at: `what` is a table's or index's name, or a setting's. `fault` NULL: whole. `skipped`: could
 * not be looked at, and why. */
typedef struct gk_health_item_t {
  const char *what;
  const char *fault;
  const char *skipped;
} gk_health_item_t;

/* Reads every page of every table and compares indexes with their tables: integrity_check on SQLite; on PostgreSQL page
 * checksums by reading all rows, verify_heapam and bt_index_check where the extension amcheck is there. *items: an
 * array of gk_health_item_t. A damaged table doesn't stop the look at the others. (faults.md DB-12) */
gk_error_t *gk_health_verify(apr_array_header_t **items, gk_db_t *db, apr_pool_t *pool);

#endif
