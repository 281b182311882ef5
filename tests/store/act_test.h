/* tests/store/act_test.h: acts on a store test's database: a core with keys and the pack hunan-2014, a small
 * tree, people.
 *
 *   act_start(); once an engine, inside STORE_EACH_ENGINE, and act_end() after the tests.
 *   gk_act_t *act = act_of(&who_county, pool);     its connection is closed with `pool`
 *   GK_TEST_OK(act_done(act, gk_org_get(...)));    commits what the act began, or rolls back on error
 *
 * Tree: 43 province · 4301, 4302 cities · 430102, 430103, 430202 counties · points 4301020001, 4301020002,
 * 4301030001, 4302020001. Principals are named after role and unit: who_province, who_city (4301), who_county
 * (430102), who_other (430202), who_point (4301020001), who_reviewer (there), who_public, who_system
 * (gaokaoctl's). */
#ifndef ACT_TEST_H
#define ACT_TEST_H

#include <apr_file_io.h>

#include "store/store_test.h"

#include "crypto/crypto.h"
#include "domain/act.h"
#include "domain/core.h"
#include "domain/keyring.h"
#include "domain/pack.h"
#include "domain/ports.h"

#define ACT_NOW (apr_time_from_sec(1383310800)) /* 2013-11-01 21:00 in Shanghai */

static struct {
  gk_core_t *core;
  const char *instance;
  apr_pool_t *pool;
  gk_season_t season;
  apr_time_t now;
} act_test;

static gk_principal_t who_province, who_city, who_county, who_other, who_point, who_reviewer, who_public,
    who_system;

static inline void act_fatal(gk_error_t *error)
{
  if (error != NULL)
    store_fatal(error);
}

static inline void act_script(const char *sql)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, act_test.pool);
  act_fatal(gk_db_script(store_open(pool), sql, pool));
  apr_pool_destroy(pool);
}

static inline apr_int64_t act_number(const char *sql)
{
  apr_pool_t *pool;
  const char *value = NULL;
  apr_pool_create(&pool, act_test.pool);
  act_fatal(gk_db_script_value(store_open(pool), sql, &value, pool));
  apr_int64_t number = value != NULL ? apr_atoi64(value) : -1;
  apr_pool_destroy(pool);
  return number;
}

static inline gk_principal_t act_who(gk_role_t role, apr_int64_t account_id, apr_int64_t org_id,
                                     const char *level, const char *path)
{
  gk_principal_t who = {.role = role,
                        .account_id = account_id,
                        .login = gk_role_name(role),
                        .display_name = "",
                        .org_id = org_id,
                        .org_level = level,
                        .org_path = path,
                        .generation = 1,
                        .session_id = "00000000000000000000000000000000",
                        .session_issued = ACT_NOW};
  gk_scope_of(path, &who.scope_lo, &who.scope_hi, act_test.pool);
  return who;
}

static inline void act_tree(void)
{
  static const struct {
    int id, parent;
    const char *level, *code, *path;
  } rows[] = {{1, 0, "province", "43", "/43/"},
              {2, 1, "city", "4301", "/43/4301/"},
              {3, 1, "city", "4302", "/43/4302/"},
              {4, 2, "county", "430102", "/43/4301/430102/"},
              {5, 2, "county", "430103", "/43/4301/430103/"},
              {6, 3, "county", "430202", "/43/4302/430202/"},
              {7, 4, "point", "4301020001", "/43/4301/430102/4301020001/"},
              {8, 4, "point", "4301020002", "/43/4301/430102/4301020002/"},
              {9, 5, "point", "4301030001", "/43/4301/430103/4301030001/"},
              {10, 6, "point", "4302020001", "/43/4302/430202/4302020001/"}};
  const char *sql = "";
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    sql = apr_psprintf(
        act_test.pool,
        "%sINSERT INTO org (id, parent_id, level, code, name, path, created_us, updated_us) VALUES "
        "(%d, %s, '%s', '%s', '单位%s', '%s', 1, 1);",
        sql, rows[i].id, rows[i].parent != 0 ? apr_itoa(act_test.pool, rows[i].parent) : "NULL",
        rows[i].level, rows[i].code, rows[i].code, rows[i].path);
  act_script(sql);
  act_script(
      "INSERT INTO season (id, year, name, is_real, active, created_us) VALUES (1, 2014, '2014', 0, 1, 1)");
  if (store.engine == GK_PGSQL)
    act_script("SELECT setval(pg_get_serial_sequence('org', 'id'), 1000), "
               "setval(pg_get_serial_sequence('account', 'id'), 1000)");
  who_province = act_who(GK_ROLE_PROVINCE, 101, 1, "province", "/43/");
  who_city = act_who(GK_ROLE_CITY, 102, 2, "city", "/43/4301/");
  who_county = act_who(GK_ROLE_COUNTY, 103, 4, "county", "/43/4301/430102/");
  who_other = act_who(GK_ROLE_COUNTY, 104, 6, "county", "/43/4302/430202/");
  who_point = act_who(GK_ROLE_POINT, 105, 7, "point", "/43/4301/430102/4301020001/");
  who_reviewer = act_who(GK_ROLE_REVIEWER, 106, 7, "point", "/43/4301/430102/4301020001/");
  who_system = act_who(GK_ROLE_PROVINCE, 0, 1, "province", "/43/");
  who_public =
      (gk_principal_t){.role = GK_ROLE_PUBLIC, .login = "", .org_path = "", .scope_lo = "", .scope_hi = ""};
}

static inline gk_pack_t *act_pack(void)
{
  const char *top = getenv("top_srcdir");
  const char *path = apr_pstrcat(act_test.pool, top != NULL ? top : ".", "/conf/packs/hunan-2014.xml", NULL);
  apr_file_t *file;
  apr_finfo_t info;
  gk_pack_t *pack = NULL;
  apr_size_t length = 0;
  char *bytes = NULL;
  if (apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, act_test.pool) == APR_SUCCESS &&
      apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS) {
    length = (apr_size_t)info.size;
    bytes = apr_palloc(act_test.pool, length + 1);
    apr_file_read_full(file, bytes, length, NULL);
    apr_file_close(file);
  }
  if (bytes == NULL) {
    printf("Bail out! %s can't be read\n", path);
    exit(99);
  }
  act_fatal(gk_pack_load(&pack, bytes, length, NULL, act_test.pool, act_test.pool));
  return pack;
}

static inline void act_start(void)
{
  apr_pool_create(&act_test.pool, NULL);
  char *dir = apr_pstrdup(act_test.pool, "/tmp/gk-act-XXXXXX");
  FILE *file;
  if (mkdtemp(dir) == NULL ||
      (file = fopen(apr_pstrcat(act_test.pool, dir, "/gaokao.conf", NULL), "w")) == NULL) {
    puts("Bail out! no temporary folder");
    exit(99);
  }
  fprintf(
      file,
      "db_engine = %s\ndb_params = %s\nkeys_file = gaokao.keys\nplugins =\nsite = http://127.0.0.1:8080\n",
      store.engine == GK_SQLITE ? "sqlite" : "pgsql", store.params);
  fclose(file);
  act_test.instance = dir;
  act_test.now = ACT_NOW;
  act_fatal(gk_keys_create(apr_pstrcat(act_test.pool, dir, "/gaokao.keys", NULL), ACT_NOW, act_test.pool));
  act_fatal(gk_core_open(&act_test.core, dir, act_test.pool));
  act_fatal(gk_keyring_register(store_open(act_test.pool), gk_core_keys(act_test.core),
                                gk_core_config(act_test.core)->keys_file, ACT_NOW, act_test.pool));
  act_tree();
  act_test.season = (gk_season_t){.id = 1,
                                  .year = 2014,
                                  .name = "2014",
                                  .pack_id = 1,
                                  .pack_name = "hunan-2014",
                                  .pack_version = "1",
                                  .pack_digest = "",
                                  .pack = act_pack()};
}

static inline void act_end(void)
{
  unlink(apr_pstrcat(act_test.pool, act_test.instance, "/gaokao.conf", NULL));
  unlink(apr_pstrcat(act_test.pool, act_test.instance, "/gaokao.keys", NULL));
  rmdir(act_test.instance);
  apr_pool_destroy(act_test.pool);
}

/* An act of `who` at act_test.now. Acts of one pool share a connection. */
static inline gk_act_t *act_of(const gk_principal_t *who, apr_pool_t *pool)
{
  gk_act_t *act = apr_pcalloc(pool, sizeof(*act));
  void *db = NULL;
  apr_pool_userdata_get(&db, "act.db", pool);
  if (db == NULL) {
    db = store_open(pool);
    apr_pool_userdata_setn(db, "act.db", NULL, pool);
  }
  *act = (gk_act_t){.pool = pool, .db = db, .core = act_test.core, .who = who, .season = &act_test.season,
                    .now = act_test.now, .request_id = "test"};
  return act;
}

/* What the router does after a handler. */
static inline gk_error_t *act_done(gk_act_t *act, gk_error_t *error)
{
  if (error != NULL) {
    gk_db_rollback(act->db);
    gk_store_forget(act);
    return error;
  }
  return gk_db_in_transaction(act->db) ? gk_db_commit(act->db, act->pool) : NULL;
}

/* The code of the n-th violation ("pointer code"), for short expectations. */
static inline const char *act_fault(const gk_error_t *error, int n, apr_pool_t *pool)
{
  if (error == NULL || error->violations == NULL || n >= error->violations->nelts)
    return "";
  const gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, n, gk_violation_t);
  return apr_pstrcat(pool, violation->pointer, " ", violation->code, NULL);
}

#endif
