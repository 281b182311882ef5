/* Units and number ranges: who may make and change them, and numbers under concurrency. */
#include <apr_thread_proc.h>

#include "store/act_test.h"

#include "domain/org.h"
#include "domain/range.h"

/* ---- units -------------------------------------------------------------------------------------------- */

static void units_are_seen_in_the_own_subtree_only(apr_pool_t *pool)
{
  gk_org_t *org;
  apr_array_header_t *orgs;
  gk_act_t *act = act_of(&who_county, pool);
  GK_TEST_OK(gk_org_get(&org, act, 7));
  GK_TEST_STR(org->code, "4301020001");
  GK_TEST(org->open);
  GK_TEST_ERROR(gk_org_get(&org, act, 9), GK_E_NOT_FOUND);
  GK_TEST_ERROR(gk_org_get(&org, act, 2), GK_E_NOT_FOUND);
  GK_TEST_ERROR(gk_org_by_code(&org, act, "4302020001"), GK_E_NOT_FOUND);
  gk_org_filter_t filter = {.enabled = -1};
  GK_TEST_OK(gk_org_list(&orgs, act, &filter, 10));
  GK_TEST_INT(orgs->nelts, 3);
  filter.q = "43010200";
  filter.level = "point";
  GK_TEST_OK(gk_org_list(&orgs, act, &filter, 1));
  GK_TEST_INT(orgs->nelts, 1);
  filter.after = APR_ARRAY_IDX(orgs, 0, gk_org_t).path;
  GK_TEST_OK(gk_org_list(&orgs, act, &filter, 10));
  GK_TEST_INT(orgs->nelts, 1);
  GK_TEST_STR(APR_ARRAY_IDX(orgs, 0, gk_org_t).code, "4301020002");
  gk_org_filter_t odd = {.enabled = -1, .q = "%"};
  GK_TEST_OK(gk_org_list(&orgs, act, &odd, 10));
  GK_TEST_INT(orgs->nelts, 0);
  gk_org_filter_t foreign = {.enabled = -1, .parent_id = 6};
  GK_TEST_ERROR(gk_org_list(&orgs, act, &foreign, 10), GK_E_NOT_FOUND);
}

static void a_unit_is_made_with_the_right_code(apr_pool_t *pool)
{
  gk_org_t *org = NULL;
  gk_act_t *act = act_of(&who_county, pool);
  static const struct {
    apr_int64_t parent;
    const char *level, *code, *name, *fault;
  } rows[] = {{4, NULL, "430102001", "某中学", "/code pattern"},
              {4, NULL, "43010200A1", "某中学", "/code pattern"},
              {4, NULL, "4301030009", "某中学", "/code prefix"},
              {4, "city", "4301020009", "某中学", "/level level"},
              {4, NULL, "4301020009", "中", "/name length"},
              {7, NULL, NULL, "某中学", "/parent_id level"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    gk_error_t *error = act_done(
        act, gk_org_create(&org, act, rows[i].parent, rows[i].level, rows[i].code, rows[i].name, NULL));
    GK_TEST_CASE("%s %s", rows[i].code != NULL ? rows[i].code : "-", rows[i].name);
    GK_TEST_ERROR(error, GK_E_INVALID);
    GK_TEST_STR(act_fault(error, 0, pool), rows[i].fault);
  }
  GK_TEST_CASE("%s", "");
  gk_error_t *error = act_done(act, gk_org_create(&org, act, 4, "point", "4301020001", "某中学", NULL));
  GK_TEST_ERROR(error, GK_E_CONFLICT);
  GK_TEST_STR(act_fault(error, 0, pool), "/code taken");
  GK_TEST_ERROR(act_done(act, gk_org_create(&org, act, 6, NULL, NULL, "外县中学", NULL)), GK_E_NOT_FOUND);
  GK_TEST_ERROR(act_done(act, gk_org_create(&org, act, 0, NULL, "44", "外省", NULL)), GK_E_FORBIDDEN);
  gk_json_t *profile = NULL;
  const char *text = "{\"estimated\": 300, \"phone\": \" 0731-1 \", \"equipment\": {\"computers\": 4}}";
  GK_TEST_OK(gk_json_parse(&profile, text, strlen(text), pool));
  GK_TEST_OK(act_done(act, gk_org_create(&org, act, 4, NULL, NULL, " 第三中学 ", profile)));
  GK_TEST_STR(org->code, "4301020003");
  GK_TEST_STR(org->path, "/43/4301/430102/4301020003/");
  GK_TEST_STR(org->name, "第三中学");
  GK_TEST_STR(gk_json_str(gk_org_profile(org, pool), "phone"), "0731-1");
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'org.create'"), 1);
  gk_act_t *city = act_of(&who_city, pool);
  GK_TEST_OK(act_done(city, gk_org_create(&org, city, 2, NULL, "430199", "新区", NULL)));
  GK_TEST_STR(org->level, "county");
}

static void profiles_merge_and_are_checked(apr_pool_t *pool)
{
  gk_org_t *org;
  gk_json_t *profile = NULL, *readiness;
  gk_act_t *act = act_of(&who_county, pool);
  gk_org_change_t change = {.enabled = -1};
  const char *text =
      "{\"estimated\": 200, \"hours\": \"8-17\", \"equipment\": {\"computers\": 3, \"cameras\": 1}}";
  GK_TEST_OK(gk_json_parse(&profile, text, strlen(text), pool));
  change.profile = profile;
  GK_TEST_OK(act_done(act, gk_org_update(&org, act, 8, 1, &change)));
  GK_TEST_INT(org->version, 2);
  GK_TEST_ERROR(act_done(act, gk_org_update(&org, act, 8, 1, &change)), GK_E_STALE_VERSION);
  text = "{\"hours\": null, \"equipment\": {\"cameras\": 2}}";
  GK_TEST_OK(gk_json_parse(&profile, text, strlen(text), pool));
  change.profile = profile;
  GK_TEST_OK(act_done(act, gk_org_update(&org, act, 8, 2, &change)));
  GK_TEST_STR(org->profile_text, "{\"equipment\":{\"cameras\":2,\"computers\":3},\"estimated\":200}");
  GK_TEST_OK(gk_org_readiness(&readiness, act, org));
  GK_TEST(!gk_json_bool(readiness, "ready"));
  GK_TEST_INT(gk_json_size(gk_json_get(readiness, "missing")), 8);
  text = "{\"estimated\": -1, \"phone\": \"call me\", \"wifi\": 1, \"equipment\": {\"computers\": \"3\", "
         "\"robots\": 1}}";
  GK_TEST_OK(gk_json_parse(&profile, text, strlen(text), pool));
  gk_error_t *error = NULL;
  gk_org_check_profile(profile, "/profile", &error, pool);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->violations->nelts, 5);
  GK_TEST_STR(act_fault(error, 0, pool), "/profile/estimated out-of-range");
}

static void a_point_edits_its_own_profile_only(apr_pool_t *pool)
{
  gk_org_t *org;
  gk_json_t *profile = NULL, *estimated = NULL;
  gk_act_t *act = act_of(&who_point, pool);
  const char *text = "{\"address\": \"长沙市芙蓉区1号\"}", *forbidden = "{\"estimated\": 1}";
  GK_TEST_OK(gk_json_parse(&profile, text, strlen(text), pool));
  GK_TEST_OK(gk_json_parse(&estimated, forbidden, strlen(forbidden), pool));
  gk_org_change_t change = {.enabled = -1, .profile = profile}, name = {.enabled = -1, .name = "改名中学"},
                  off = {.enabled = 0}, number = {.enabled = -1, .profile = estimated};
  GK_TEST_OK(act_done(act, gk_org_update(&org, act, 7, 1, &change)));
  GK_TEST_ERROR(act_done(act, gk_org_update(&org, act, 8, 1, &change)), GK_E_NOT_FOUND);
  GK_TEST_ERROR(act_done(act, gk_org_update(&org, act, 7, 2, &name)), GK_E_FORBIDDEN);
  GK_TEST_ERROR(act_done(act, gk_org_update(&org, act, 7, 2, &off)), GK_E_FORBIDDEN);
  GK_TEST_ERROR(act_done(act, gk_org_update(&org, act, 7, 2, &number)), GK_E_FORBIDDEN);
}

static void closing_a_unit_closes_what_is_below(apr_pool_t *pool)
{
  gk_org_t *org;
  gk_act_t *act = act_of(&who_province, pool);
  gk_org_change_t off = {.enabled = 0}, on = {.enabled = 1};
  GK_TEST_OK(act_done(act, gk_org_update(&org, act, 3, 1, &off)));
  GK_TEST(!org->open);
  GK_TEST_OK(gk_org_get(&org, act, 10));
  GK_TEST(org->enabled && !org->open);
  GK_TEST_ERROR(act_done(act, gk_org_create(&org, act, 6, NULL, NULL, "新的中学", NULL)), GK_E_INVALID);
  GK_TEST_OK(act_done(act, gk_org_update(&org, act, 3, 2, &on)));
  GK_TEST_OK(gk_org_get(&org, act, 10));
  GK_TEST(org->open);
}

/* ---- ranges ------------------------------------------------------------------------------------------- */

static void ranges_never_overlap(apr_pool_t *pool)
{
  gk_range_t *range, *other;
  gk_error_t *error;
  gk_act_t *act = act_of(&who_county, pool);
  GK_TEST_OK(act_done(act, gk_range_create(&range, act, 7, "1", 1, 10)));
  GK_TEST_STR(range->county_code, "0102");
  GK_TEST_INT(range->next, 1);
  error = act_done(act, gk_range_create(&other, act, 8, "5", 10, 20));
  GK_TEST_ERROR(error, GK_E_RANGE_OVERLAP);
  GK_TEST(strstr(error->zh, "4301020001") != NULL);
  /* The same serials are another county's too. */
  gk_act_t *foreign = act_of(&who_other, pool);
  GK_TEST_OK(act_done(foreign, gk_range_create(&other, foreign, 10, "1", 1, 10)));
  GK_TEST_ERROR(act_done(act, gk_range_create(&other, act, 10, "1", 100, 110)), GK_E_NOT_FOUND);
  error = act_done(act, gk_range_create(&other, act, 7, "Z", 0, 10000));
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_INT(error->violations->nelts, 3);
  error = act_done(act, gk_range_create(&other, act, 4, "1", 100, 110));
  GK_TEST_STR(act_fault(error, 0, pool), "/org_id level");
  /* The database holds the line when two clerks pass the check at once: here the second one skips it. */
  error = gk_db_script(
      store_open(pool),
      "INSERT INTO number_range (season_id, org_id, org_path, county_code, subject, first, last, next, "
      "created_us, updated_us) VALUES (1, 8, '/43/4301/430102/4301020002/', '0102', '5', 5, 6, 5, 1, 1)",
      pool);
  GK_TEST_ERROR(error, GK_E_CONSTRAINT);
}

static void ranges_split_and_move_their_end(apr_pool_t *pool)
{
  gk_range_t *range, *tail;
  apr_array_header_t *ranges, *gaps;
  const char *number, *county;
  apr_int64_t range_id;
  gk_act_t *act = act_of(&who_county, pool), *point = act_of(&who_point, pool);
  GK_TEST_OK(act_done(act, gk_range_create(&range, act, 7, "3", 101, 110)));
  for (int i = 0; i < 3; i++)
    GK_TEST_OK(act_done(point, gk_range_take(point, 7, "3", &number, &range_id)));
  GK_TEST_STR(number, "01020103");
  GK_TEST_INT(range_id, range->id);
  GK_TEST_ERROR(act_done(act, gk_range_split(&tail, act, range->id, 1, 103, 0, NULL)), GK_E_CONFLICT);
  GK_TEST_ERROR(act_done(act, gk_range_split(&tail, act, range->id, 1, 101, 0, NULL)), GK_E_INVALID);
  GK_TEST_ERROR(act_done(act, gk_range_split(&tail, act, range->id, 1, 111, 0, NULL)), GK_E_INVALID);
  GK_TEST_ERROR(act_done(act, gk_range_split(&tail, act, range->id, 9, 106, 0, NULL)), GK_E_STALE_VERSION);
  GK_TEST_OK(act_done(act, gk_range_split(&tail, act, range->id, 1, 106, 8, "5")));
  GK_TEST_INT(tail->first, 106);
  GK_TEST_INT(tail->last, 110);
  GK_TEST_INT(tail->org_id, 8);
  GK_TEST_OK(gk_range_get(&range, act, range->id));
  GK_TEST_INT(range->last, 105);
  GK_TEST_ERROR(act_done(act, gk_range_resize(&range, act, range->id, 2, 102)), GK_E_CONFLICT);
  GK_TEST_ERROR(act_done(act, gk_range_resize(&range, act, range->id, 2, 106)), GK_E_RANGE_OVERLAP);
  GK_TEST_ERROR(act_done(act, gk_range_delete(act, range->id, 2)), GK_E_CONFLICT);
  GK_TEST_OK(act_done(act, gk_range_resize(&range, act, range->id, 2, 103)));
  gk_error_t *error = act_done(point, gk_range_take(point, 7, "3", &number, &range_id));
  GK_TEST_ERROR(error, GK_E_RANGE_FULL);
  GK_TEST(strstr(error->zh, "单位430102") != NULL);
  GK_TEST_OK(act_done(act, gk_range_resize(&range, act, range->id, 3, 105)));
  GK_TEST_OK(act_done(point, gk_range_take(point, 7, "3", &number, &range_id)));
  GK_TEST_STR(number, "01020104");
  GK_TEST_OK(act_done(act, gk_range_delete(act, tail->id, 1)));
  GK_TEST_ERROR(gk_range_get(&range, act, tail->id), GK_E_NOT_FOUND);
  GK_TEST_OK(gk_range_free(&gaps, &county, act, 0));
  GK_TEST_STR(county, "0102");
  GK_TEST_INT(gaps->nelts, 2);
  GK_TEST_INT(APR_ARRAY_IDX(gaps, 0, gk_gap_t).first, 11);
  GK_TEST_INT(APR_ARRAY_IDX(gaps, 0, gk_gap_t).last, 100);
  GK_TEST_INT(APR_ARRAY_IDX(gaps, 1, gk_gap_t).first, 106);
  gk_range_filter_t filter = {.org_id = 7};
  GK_TEST_OK(gk_range_list(&ranges, act, &filter, 1));
  filter.after = gk_range_cursor(APR_ARRAY_IDX(ranges, 0, gk_range_t *), pool);
  GK_TEST_OK(gk_range_list(&ranges, act, &filter, 10));
  GK_TEST_INT(ranges->nelts, 1);
  filter.after = "x";
  GK_TEST_ERROR(gk_range_list(&ranges, act, &filter, 10), GK_E_INVALID);
  gk_act_t *foreign = act_of(&who_other, pool);
  GK_TEST_ERROR(gk_range_get(&range, foreign, 1), GK_E_NOT_FOUND);
  GK_TEST_ERROR(act_done(foreign, gk_range_delete(foreign, 1, 1)), GK_E_NOT_FOUND);
}

/* 16 clerks take 300 numbers out of three ranges of one subject; every third one gives up and rolls back. */
enum { CLERKS = 16, NUMBERS = 300 };
static int taken[NUMBERS + 1];
static int full, wrong;
static apr_thread_mutex_t *taken_lock;

static void *APR_THREAD_FUNC take(apr_thread_t *thread, void *data)
{
  apr_pool_t *pool, *round;
  (void)thread;
  (void)data;
  apr_pool_create(&pool, NULL);
  gk_act_t *act = act_of(&who_point, pool);
  apr_pool_create(&round, pool);
  for (int i = 0;; i++) {
    const char *number;
    apr_int64_t range_id;
    apr_pool_clear(round);
    act->pool = round;
    gk_error_t *error = gk_range_take(act, 7, "5", &number, &range_id);
    bool keep = error == NULL && i % 3 != 2;
    int serial = error == NULL ? atoi(number + 4) - 1000 : 0;
    if (error == NULL && !keep)
      gk_db_rollback(act->db);
    else
      error = act_done(act, error);
    if (error != NULL && (error->code == GK_E_BUSY || error->code == GK_E_RETRY))
      continue;
    apr_thread_mutex_lock(taken_lock);
    if (error != NULL && error->code != GK_E_RANGE_FULL) {
      printf("# %s\n", gk_error_log_text(round, error));
      wrong++;
    }
    if (error == NULL && keep && serial >= 1 && serial <= NUMBERS)
      taken[serial]++;
    else if (error == NULL && keep)
      wrong++;
    full += error != NULL;
    apr_thread_mutex_unlock(taken_lock);
    if (error != NULL)
      break;
  }
  apr_pool_destroy(pool);
  return NULL;
}

static void numbers_are_gapless_and_given_once_under_concurrency(apr_pool_t *pool)
{
  gk_range_t *range;
  apr_thread_t *threads[CLERKS];
  apr_status_t rv;
  gk_act_t *act = act_of(&who_county, pool);
  memset(taken, 0, sizeof(taken));
  full = wrong = 0;
  apr_thread_mutex_create(&taken_lock, APR_THREAD_MUTEX_DEFAULT, pool);
  GK_TEST_OK(act_done(act, gk_range_create(&range, act, 7, "5", 1001, 1090)));
  GK_TEST_OK(act_done(act, gk_range_create(&range, act, 7, "5", 1091, 1100)));
  GK_TEST_OK(act_done(act, gk_range_create(&range, act, 7, "5", 1101, 1000 + NUMBERS)));
  for (int i = 0; i < CLERKS; i++)
    GK_TEST_INT(apr_thread_create(&threads[i], NULL, take, NULL, pool), APR_SUCCESS);
  for (int i = 0; i < CLERKS; i++)
    apr_thread_join(&rv, threads[i]);
  GK_TEST_INT(wrong, 0);
  GK_TEST_INT(full, CLERKS);
  for (int i = 1; i <= NUMBERS; i++) {
    GK_TEST_CASE("serial %d", 1000 + i);
    GK_TEST_INT(taken[i], 1);
  }
  GK_TEST_INT(
      act_number(
          "SELECT count(*) FROM number_range WHERE subject = '5' AND first > 1000 AND next = last + 1"),
      3);
}

int main(void)
{
  gk_test_begin("org and range");
  STORE_EACH_ENGINE({
    act_start();
    GK_TEST_RUN(units_are_seen_in_the_own_subtree_only);
    GK_TEST_RUN(a_unit_is_made_with_the_right_code);
    GK_TEST_RUN(profiles_merge_and_are_checked);
    GK_TEST_RUN(a_point_edits_its_own_profile_only);
    GK_TEST_RUN(closing_a_unit_closes_what_is_below);
    GK_TEST_RUN(ranges_never_overlap);
    GK_TEST_RUN(ranges_split_and_move_their_end);
    GK_TEST_RUN(numbers_are_gapless_and_given_once_under_concurrency);
    act_end();
  });
  return gk_test_end();
}
