/* store/health.c: see health.h. */
#include "store/health.h"

#include <string.h>
#include <apr_strings.h>

/* Each line of the answer is one setting. A standby that nobody waits for loses what it had not yet got. */
#define PGSQL_UNSAFE                                                                                                   \
  "SELECT string_agg(n || ' = ' || v, ', ' ORDER BY n) FROM (VALUES "                                                 \
  "('synchronous_commit', current_setting('synchronous_commit'), 'off'), "                                            \
  "('synchronous_commit', current_setting('synchronous_commit'), "                                                     \
  "CASE WHEN current_setting('synchronous_standby_names') <> '' THEN 'local' END), "                                   \
  "('fsync', current_setting('fsync'), 'off'), "                                                                       \
  "('full_page_writes', current_setting('full_page_writes'), 'off'), "                                                 \
  "('synchronous_standby_names', current_setting('synchronous_standby_names'), "                                       \
  "CASE WHEN EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state IS DISTINCT FROM 'sync' "                      \
  "AND sync_state IS DISTINCT FROM 'quorum') THEN '' END)) AS s (n, v, bad) WHERE v = bad"

gk_error_t *gk_health_unsafe(const char **settings, gk_db_t *db, apr_pool_t *pool)
{
  if (gk_db_engine(db) == GK_PGSQL)
    return gk_db_script_value(db, PGSQL_UNSAFE, settings, pool);
  const char *value;
  GK_TRY(gk_db_script_value(db, "PRAGMA synchronous", &value, pool));
  *settings = value != NULL && value[0] >= '2' ? NULL : apr_pstrcat(pool, "synchronous = ", value, NULL);
  return NULL;
}

/* ---- verify ---------------------------------------------------------------------------------------------- */

static void add(apr_array_header_t *items, const char *what, const char *fault, const char *skipped)
{
  APR_ARRAY_PUSH(items, gk_health_item_t) = (gk_health_item_t){what, fault, skipped};
}

/* Words of a blank-separated list, in pool. */
static apr_array_header_t *words(const char *list, apr_pool_t *pool)
{
  apr_array_header_t *found = apr_array_make(pool, 32, sizeof(const char *));
  char *rest = apr_pstrdup(pool, list != NULL ? list : ""), *last = NULL;
  for (char *word = apr_strtok(rest, " ", &last); word != NULL; word = apr_strtok(NULL, " ", &last))
    APR_ARRAY_PUSH(found, const char *) = word;
  return found;
}

/* Runs a text whose value is NULL, "" or `good` when all is well. The server's own words name no row's content here. */
static void ask(apr_array_header_t *items, gk_db_t *db, const char *what, const char *sql, const char *good, apr_pool_t *pool)
{
  const char *value = NULL;
  gk_error_t *error = gk_db_script_value(db, sql, &value, pool);
  if (error != NULL)
    add(items, what, error->internal != NULL ? error->internal : gk_error_info(error->code)->en, NULL);
  else
    add(items, what, value == NULL || value[0] == '\0' || strcmp(value, good) == 0 ? NULL : value, NULL);
}

static gk_error_t *verify_sqlite(apr_array_header_t *items, gk_db_t *db, apr_pool_t *pool)
{
  const char *tables;
  GK_TRY(gk_db_script_value(db, "SELECT group_concat(name, ' ') FROM sqlite_master WHERE type = 'table' "
                                "AND name NOT LIKE 'sqlite_%' AND rootpage > 0", &tables, pool));
  apr_array_header_t *names = words(tables, pool);
  for (int i = 0; i < names->nelts; i++) {
    const char *name = APR_ARRAY_IDX(names, i, const char *);
    ask(items, db, name, apr_pstrcat(pool, "PRAGMA integrity_check('", name, "')", NULL), "ok", pool);
  }
  ask(items, db, "file", "PRAGMA integrity_check", "ok", pool);
  ask(items, db, "foreign keys", "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1", "", pool);
  return NULL;
}

#define OURS "n.nspname = ANY (current_schemas(false))"

static gk_error_t *verify_pgsql(apr_array_header_t *items, gk_db_t *db, apr_pool_t *pool)
{
  const char *tables, *indexes, *value;
  GK_TRY(gk_db_script(db, "SET statement_timeout = 0", pool));
  GK_TRY(gk_db_script_value(db, "SHOW data_checksums", &value, pool));
  add(items, "data_checksums", NULL, strcmp(value, "on") == 0 ? NULL : "off: damage within a row can go unseen");
  GK_TRY(gk_db_script_value(db, "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c "
                                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND " OURS, &tables, pool));
  GK_TRY(gk_db_script_value(db, "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n "
                                "ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam WHERE c.relkind = 'i' AND "
                                "a.amname = 'btree' AND " OURS, &indexes, pool));
  /* NULL: there is no such function, or it may not be called. */
  GK_TRY(gk_db_script_value(db, "SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE'))::int FROM pg_proc p "
                                "WHERE p.proname IN ('bt_index_check', 'verify_heapam')", &value, pool));
  bool amcheck = value != NULL && value[0] == '1';
  apr_array_header_t *names = words(tables, pool);
  for (int i = 0; i < names->nelts; i++) {
    const char *name = APR_ARRAY_IDX(names, i, const char *);
    /* Every row with all its parts, so that every page is read and its checksum compared. */
    ask(items, db, name, apr_psprintf(pool, "SELECT CASE WHEN sum(length(t::text)) < 0 THEN 'x' END FROM %s t", name), "", pool);
    if (amcheck)
      ask(items, db, name, apr_psprintf(pool, "SELECT msg FROM verify_heapam('%s') LIMIT 1", name), "", pool);
  }
  if (!amcheck)
    add(items, "amcheck", NULL, "indexes are not compared: CREATE EXTENSION amcheck, GRANT EXECUTE on its functions");
  names = words(indexes, pool);
  for (int i = 0; amcheck && i < names->nelts; i++) {
    const char *name = APR_ARRAY_IDX(names, i, const char *);
    ask(items, db, name, apr_psprintf(pool, "SELECT bt_index_check('%s', true)::text", name), "", pool);
  }
  return NULL;
}

gk_error_t *gk_health_verify(apr_array_header_t **out, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *items = apr_array_make(pool, 64, sizeof(gk_health_item_t));
  GK_TRY(gk_db_engine(db) == GK_SQLITE ? verify_sqlite(items, db, pool) : verify_pgsql(items, db, pool));
  *out = items;
  return NULL;
}
