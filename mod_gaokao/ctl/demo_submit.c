/* ctl/demo_submit.c: what finished units hand upward, by the same acts as their staff (domain/submission.h): so the
 * demonstration's records prove that they pass every check. */
#include <string.h>

#include "ctl/demo_load.h"
#include "domain/submission.h"
#include "store/sql.h"

/* Acts as staff of a unit. */
typedef struct staff_t {
  gk_principal_t who;
  gk_act_t act;
} staff_t;

static void become(staff_t *staff, gk_demo_t *demo, gk_role_t role, apr_int64_t org_id, const char *level,
                   const char *path, apr_int64_t account, apr_pool_t *pool)
{
  staff->who = (gk_principal_t){.role = role,
                                .account_id = account,
                                .login = "system",
                                .display_name = "gaokaoctl",
                                .org_id = org_id,
                                .org_level = level,
                                .org_path = path,
                                .session_id = ""};
  gk_scope_of(path, &staff->who.scope_lo, &staff->who.scope_hi, pool);
  staff->act = demo->ctl->act;
  staff->act.who = &staff->who;
  staff->act.pool = pool;
}

static gk_error_t *accept_it(gk_demo_t *demo, staff_t *staff, const gk_submission_t *submission)
{
  gk_submission_t out;
  return gk_ctl__finish(demo->ctl,
                        gk_submission_accept(&out, &staff->act, submission->id, submission->version));
}

static gk_error_t *submit(gk_demo_t *demo, staff_t *staff, gk_submission_t *out)
{
  return gk_ctl__finish(demo->ctl, gk_submission_create(out, &staff->act, GK_SUBMIT_ALL));
}

static gk_error_t *submit_point(gk_demo_t *demo, const gk_demo_unit_t *unit, apr_pool_t *pool)
{
  staff_t staff;
  gk_submission_t made;
  const gk_demo_point_t *point = &unit->point;
  become(&staff, demo, GK_ROLE_POINT, point->id, "point", point->path, unit->operator_id, pool);
  GK_TRY(submit(demo, &staff, &made));
  if (unit->fate < GK_DEMO_COUNTY)
    return NULL;
  become(&staff, demo, GK_ROLE_COUNTY, point->county->id, "county", point->county->path, 0, pool);
  return accept_it(demo, &staff, &made);
}

static gk_error_t *submit_county(gk_demo_t *demo, const gk_demo_county_t *county, gk_demo_fate_t fate,
                                 apr_pool_t *pool)
{
  staff_t staff;
  gk_submission_t made;
  const gk_row_ctl_orgs_t *city = apr_hash_get(demo->cities, county->city_code, APR_HASH_KEY_STRING);
  become(&staff, demo, GK_ROLE_COUNTY, county->id, "county", county->path, 0, pool);
  GK_TRY(submit(demo, &staff, &made));
  if (fate < GK_DEMO_ACCEPTED || city == NULL)
    return NULL;
  become(&staff, demo, GK_ROLE_CITY, city->id, "city", city->path, 0, pool);
  return accept_it(demo, &staff, &made);
}

static gk_error_t *submit_city(gk_demo_t *demo, const char *code, apr_pool_t *pool)
{
  staff_t staff;
  gk_submission_t made;
  apr_array_header_t *roots;
  const gk_row_ctl_orgs_t *city = apr_hash_get(demo->cities, code, APR_HASH_KEY_STRING);
  GK_TRY(gk_db_list(demo->ctl->db, GK_CALL(ctl_orgs, .level = "province"), &roots, pool));
  const gk_row_ctl_orgs_t *root = &APR_ARRAY_IDX(roots, 0, gk_row_ctl_orgs_t);
  become(&staff, demo, GK_ROLE_CITY, city->id, "city", city->path, 0, pool);
  GK_TRY(submit(demo, &staff, &made));
  become(&staff, demo, GK_ROLE_PROVINCE, root->id, "province", root->path, 0, pool);
  return accept_it(demo, &staff, &made);
}

gk_error_t *gk_demo_submit(gk_demo_t *demo)
{
  gk_error_t *error = NULL;
  apr_pool_t *pool;
  apr_pool_create(&pool, demo->pool);
  const char *city = NULL;
  for (int i = 0; error == NULL && i < demo->units->nelts; i++) {
    const gk_demo_unit_t *unit = APR_ARRAY_IDX(demo->units, i, gk_demo_unit_t *);
    const gk_demo_county_t *county = unit->point.county;
    bool last = i + 1 == demo->units->nelts ||
                APR_ARRAY_IDX(demo->units, i + 1, gk_demo_unit_t *)->point.county != county;
    apr_pool_clear(pool);
    if (unit->fate >= GK_DEMO_SUBMITTED && unit->point.share > 0)
      error = submit_point(demo, unit, pool);
    if (error == NULL && last && unit->fate >= GK_DEMO_COUNTY && unit->point.share > 0)
      error = submit_county(demo, county, unit->fate, pool);
    if (unit->fate == GK_DEMO_ACCEPTED)
      city = county->city_code;
  }
  if (error == NULL && city != NULL)
    error = submit_city(demo, city, pool);
  if (error != NULL)
    error = gk_error_dup(demo->pool, error);
  apr_pool_destroy(pool);
  return error;
}
