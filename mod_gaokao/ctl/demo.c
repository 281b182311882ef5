/* ctl/demo.c: gaokaoctl demo: fills the active season of a demonstration: windows that are open now, points, ranges,
 * accounts, candidates in every state, submissions, notices; and a login of every role. */
#include <string.h>
#include <apr_strings.h>

#include "ctl/accounts.h"
#include "ctl/demo_load.h"
#include "domain/ports.h"
#include "domain/ports_account.h"
#include "store/sql.h"

/* Everything is open, for the whole work to be tried on any day. */
static gk_error_t *open_windows(gk_demo_t *demo)
{
  gk_ctl_t *ctl = demo->ctl;
  apr_array_header_t *roots;
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "province"), &roots, demo->pool));
  if (roots->nelts == 0)
    return gk_error(ctl->pool, GK_E_CONFLICT, "还没有机构，请先运行 gaokaoctl load-orgs",
                    "There are no units yet: run gaokaoctl load-orgs first");
  const char *path = APR_ARRAY_IDX(roots, 0, gk_row_ctl_orgs_t).path;
  apr_time_t today = gk_date_start(gk_date_of(ctl->act.now));
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_windows_clear, .season_id = ctl->act.season->id, .org_path = path),
                    NULL, demo->pool));
  for (int i = 0; i < demo->pack->windows->nelts; i++) {
    const gk_pack_window_t *window = &APR_ARRAY_IDX(demo->pack->windows, i, gk_pack_window_t);
    GK_TRY(gk_db_exec(ctl->db,
                      GK_CALL(ctl_window_insert, .season_id = ctl->act.season->id, .action = window->action,
                              .org_path = path, .opens_us = today - 10 * GK_DAY + 8 * GK_HOUR,
                              .closes_us = today + 60 * GK_DAY + 18 * GK_HOUR, .now_us = ctl->act.now),
                      NULL, demo->pool));
  }
  return NULL;
}

/* ---- logins ---------------------------------------------------------------------------------------------- */

/* "k3fa-09b1-77c2-e5d0": other ones in each instance. */
static const char *new_password(apr_pool_t *pool)
{
  const char *hex = gk_random_hex(pool, 8);
  return apr_psprintf(pool, "%.4s-%.4s-%.4s-%.4s", hex, hex + 4, hex + 8, hex + 12);
}

/* demo-NAME. */
static gk_error_t *login_as(gk_demo_t *demo, gk_json_t *logins, const char *name, const char *role, const char *org_code,
                            apr_int64_t *id)
{
  gk_ctl_t *ctl = demo->ctl;
  gk_account_t *account;
  gk_account_input_t input = {.login = apr_pstrcat(demo->pool, "demo-", name, NULL),
                              .role = gk_role_parse(role),
                              .org_code = org_code};
  const char *password = new_password(demo->pool);
  bool needs_code = input.role == GK_ROLE_PROVINCE || input.role == GK_ROLE_CITY;
  const char *secret = needs_code ? gk_totp_secret(demo->pool) : NULL;
  GK_TRY(gk_ctl__account_make(ctl, &input, password, secret, &account));
  gk_json_t *row = gk_json_object(ctl->pool), *org = gk_json_object(ctl->pool);
  gk_json_set_str(row, "role", role);
  gk_json_set_str(row, "realm", "staff");
  gk_json_set_str(row, "login", account->login);
  gk_json_set_str(row, "password", password);
  if (secret != NULL)
    gk_json_set_str(row, "totp_secret", secret);
  gk_json_set_str(org, "code", account->org_code);
  gk_json_set_str(org, "name", account->org_name);
  gk_json_set(row, "org", org);
  gk_json_set(logins, name, row);
  if (id != NULL)
    *id = account->id;
  return NULL;
}

static gk_error_t *login(gk_demo_t *demo, gk_json_t *logins, const char *role, const char *org_code, apr_int64_t *id)
{
  return login_as(demo, logins, role, role, org_code, id);
}

/* Accounts of every role, as if they were made a month ago. */
static gk_error_t *staff_logins(gk_demo_t *demo, gk_json_t *logins, apr_int64_t *province)
{
  const gk_demo_point_t *point = &APR_ARRAY_IDX(demo->units, 0, gk_demo_unit_t *)->point;
  const char *root = apr_pstrndup(demo->pool, point->code, 2),
             *city = apr_pstrndup(demo->pool, point->code, 4);
  GK_TRY(login(demo, logins, "province", root, province));
  GK_TRY(login_as(demo, logins, "approver", "province", root, NULL)); /* the second person of a policy change */
  GK_TRY(login(demo, logins, "city", city, NULL));
  GK_TRY(login(demo, logins, "county", point->county->code, NULL));
  GK_TRY(login(demo, logins, "point", point->code, NULL));
  GK_TRY(login(demo, logins, "reviewer", point->code, NULL));
  GK_TRY(login(demo, logins, "auditor", root, NULL));
  return login(demo, logins, "export", root, NULL);
}

/* The first candidate is filling in the form. */
static gk_error_t *candidate_login(gk_demo_t *demo, gk_json_t *logins)
{
  gk_ctl_t *ctl = demo->ctl;
  bool found;
  gk_row_demo_candidate_login_t row;
  const gk_demo_point_t *point = &APR_ARRAY_IDX(demo->units, 0, gk_demo_unit_t *)->point;
  GK_TRY(gk_db_find(ctl->db,
                    GK_CALL(demo_candidate_login, .season_id = ctl->act.season->id, .org_id = point->id),
                    &found, &row, demo->pool));
  if (!found)
    return NULL;
  const char *password = new_password(demo->pool), *hash;
  GK_TRY(gk_password_hash(&hash, password, NULL, demo->pool));
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(gk_account_store_set_password(&ctl->act, row.id, hash));
  GK_TRY(gk_audit(&ctl->act, "account.password", "account", row.id, 2, point->path, NULL, NULL));
  gk_json_t *json = gk_json_object(ctl->pool), *org = gk_json_object(ctl->pool);
  gk_json_set_str(json, "role", "candidate");
  gk_json_set_str(json, "realm", "candidate");
  gk_json_set_str(json, "login", row.login);
  gk_json_set_str(json, "password", password);
  gk_json_set_str(org, "code", point->code);
  gk_json_set_str(org, "name", point->name);
  gk_json_set(json, "org", org);
  gk_json_set(logins, "candidate", json);
  return NULL;
}

/* One role a line: people read this file too. */
static const char *logins_text(gk_json_t *logins, apr_pool_t *pool)
{
  const char *text = "{";
  for (gk_json_iter_t it = gk_json_first(logins); it.key != NULL; gk_json_next(&it))
    text = apr_pstrcat(pool, text, text[1] != '\0' ? ",\n  \"" : "\n  \"", it.key,
                       "\": ", gk_json_text(it.value, pool), NULL);
  return apr_pstrcat(pool, text, "\n}\n", NULL);
}

/* ---- the command ----------------------------------------------------------------------------------------- */

static gk_error_t *prepare(gk_demo_t *demo, gk_json_t *logins)
{
  gk_ctl_t *ctl = demo->ctl;
  apr_int64_t province;
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(gk_store_setting_put(&ctl->act, "demo_logins", "1")); /* such a database runs with demo = on only */
  GK_TRY(open_windows(demo));
  GK_TRY(gk_demo_units(demo));
  GK_TRY(gk_demo_staff(demo));
  apr_time_t now = ctl->act.now;
  ctl->act.now = now - 30 * GK_DAY;
  gk_error_t *error = staff_logins(demo, logins, &province);
  ctl->act.now = now;
  return error != NULL ? error : gk_demo_notices(demo, province);
}

static gk_error_t *mark_twins(gk_demo_t *demo)
{
  GK_TRY(gk_act_begin(&demo->ctl->act));
  return gk_db_exec(demo->ctl->db, GK_CALL(demo_twins_mark, .season_id = demo->ctl->act.season->id), NULL,
                    demo->pool);
}

static gk_error_t *check(gk_ctl_t *ctl)
{
  gk_row_demo_candidates_count_t count;
  GK_TRY(gk_act_season(&ctl->act));
  if (!ctl->config->demo || ctl->act.season->real)
    return gk_error(
        ctl->pool, GK_E_CONFLICT, "只有演示实例（gaokao.conf 中 demo = on）和非正式年度可以装入虚构数据",
        "Only a demonstration (demo = on in gaokao.conf) and a season that isn't real can take invented people");
  GK_TRY(gk_db_get(ctl->db, GK_CALL(demo_candidates_count, .season_id = ctl->act.season->id), &count,
                   ctl->pool));
  if (count.n > 0)
    return gk_error(ctl->pool, GK_E_CONFLICT, "本年度已有 %d 名考生，虚构数据只能装入空的年度",
                    "This season has %d candidates: invented people go only into an empty one", (int)count.n);
  return NULL;
}

/* Statistics of what was loaded. Of tables that are still empty none are made on PostgreSQL: one that was seen
 * empty is planned as one without pages, with a scan of all of it, and a prepared statement keeps that plan until
 * the table's statistics are next made (a minute and 50 rows later at the earliest). Of a table never looked at,
 * PostgreSQL assumes ten pages, and takes the index. */
static gk_error_t *analyze(gk_ctl_t *ctl, apr_pool_t *pool)
{
  static const char filled_tables[] =
      "DO $$ DECLARE name TEXT; filled BOOLEAN; BEGIN "
      "FOR name IN SELECT c.oid::regclass::text FROM pg_class c "
      "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace LOOP "
      "EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO filled; "
      "IF filled THEN EXECUTE 'ANALYZE ' || name; END IF; END LOOP; END $$";
  return gk_db_script(ctl->db, ctl->config->engine == GK_SQLITE ? "ANALYZE" : filled_tables, pool);
}

/* PostgreSQL keeps the plans it made for small tables until statistics say that they have grown: without these steps
 * each row costs a scan of all rows before it. */
static gk_error_t *load_units(gk_demo_t *demo)
{
  gk_ctl_t *ctl = demo->ctl;
  apr_pool_t *pool;
  apr_int64_t next_look = 300;
  apr_pool_create(&pool, demo->pool);
  for (int i = 0; i < demo->units->nelts; i++) {
    apr_pool_clear(pool);
    GK_TRY(gk_ctl__finish(ctl, gk_demo_load(demo, APR_ARRAY_IDX(demo->units, i, gk_demo_unit_t *), pool)));
    if (ctl->config->engine == GK_PGSQL && demo->made >= next_look) {
      next_look = demo->made * 8;
      GK_TRY(analyze(ctl, pool));
    }
    if (demo->total > 20000 && i % 50 == 49)
      gk_ctl__say(ctl, "  %d / %d", "  %d / %d", (int)demo->made, (int)demo->total);
  }
  apr_pool_destroy(pool);
  if (ctl->config->engine == GK_PGSQL)
    GK_TRY(analyze(ctl, ctl->pool));
  return NULL;
}

gk_error_t *gk_ctl_demo(gk_ctl_t *ctl)
{
  apr_int64_t total, seed;
  const char *file = gk_ctl__option(ctl, "logins");
  GK_TRY(gk_ctl__number(&total, ctl, "candidates", 0, 1000000, 2000));
  GK_TRY(gk_ctl__number(&seed, ctl, "seed", 0, APR_INT64_MAX, 1));
  GK_TRY(check(ctl));
  gk_demo_t demo = {.ctl = ctl,
                    .pack = ctl->act.season->pack,
                    .seed = (apr_uint64_t)seed,
                    .total = total,
                    .pool = ctl->pool};
  GK_TRY(gk_demo_figure(&demo));
  demo.people = gk_demo_people(demo.pack, demo.seed, ctl->act.now, ctl->pool);
  gk_json_t *logins = gk_json_object(ctl->pool);
  apr_time_t begun = apr_time_now();
  if (ctl->config->engine == GK_SQLITE) /* indexes in random order: keep them in memory meanwhile */
    GK_TRY(gk_db_script(ctl->db, "PRAGMA cache_size = -262144", ctl->pool));
  GK_TRY(gk_ctl__finish(ctl, prepare(&demo, logins)));
  GK_TRY(load_units(&demo));
  GK_TRY(gk_ctl__finish(ctl, mark_twins(&demo)));
  GK_TRY(gk_demo_submit(&demo));
  GK_TRY(gk_ctl__finish(ctl, candidate_login(&demo, logins)));
  GK_TRY(analyze(ctl, ctl->pool));
  if (file != NULL)
    GK_TRY(gk_ctl__write_file(file, logins_text(logins, ctl->pool), ctl->pool));
  gk_ctl__say(ctl, "已装入 %d 名虚构考生、%d 个报名点，用时 %d 秒",
              "%d invented candidates at %d points, in %d seconds", (int)demo.made, demo.units->nelts,
              (int)apr_time_sec(apr_time_now() - begun));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "candidates", demo.made);
  gk_json_set_int(result, "points", demo.units->nelts);
  gk_json_set_int(result, "counties", demo.counties->nelts);
  if (file == NULL)
    gk_json_set(result, "logins", logins);
  gk_ctl__result(ctl, result);
  return NULL;
}
