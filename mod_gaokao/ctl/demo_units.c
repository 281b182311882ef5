/* ctl/demo_units.c: points of a demonstration, their ranges, staff and notices; how many candidates each has and what
 * becomes of them (demo_load.h). */
#include <string.h>
#include <apr_strings.h>

#include "ctl/accounts.h"
#include "ctl/demo_load.h"
#include "store/sql.h"

#define OWN_COUNTY "430102"   /* where the demonstration's logins are at home */
#define ACCEPTED_CITY "4308"  /* has handed in everything */
#define SUBMITTED_CITY "4303" /* its first county has */
#define COUNTY_MAX 9400
#define POINTS_MAX 6

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- counties -------------------------------------------------------------------------------------------- */

static gk_demo_county_t *county_of(gk_demo_t *demo, const gk_row_ctl_orgs_t *row)
{
  gk_demo_county_t *county = apr_pcalloc(demo->pool, sizeof(*county));
  county->id = row->id;
  county->code = row->code;
  county->name = row->name;
  county->path = row->path;
  county->city_code = apr_pstrndup(demo->pool, row->code, 4);
  const gk_row_ctl_orgs_t *city = apr_hash_get(demo->cities, county->city_code, APR_HASH_KEY_STRING);
  county->city_name = city != NULL ? city->name : "";
  /* A pack of another year may know the county by another code: then any county of the city stands for it. */
  const gk_field_t *place = gk_pack_field(demo->pack, "household_place");
  const gk_table_t *table = place != NULL ? place->table : NULL;
  const gk_table_row_t *found = gk_table_row(table, row->code);
  for (int i = 0; found == NULL && table != NULL && i < table->rows->nelts; i++) {
    const gk_table_row_t *one = &APR_ARRAY_IDX(table->rows, i, gk_table_row_t);
    const char *level = gk_table_row_attribute(one, "level");
    if (level != NULL && is(level, "county") && strncmp(one->code, county->city_code, 4) == 0)
      found = one;
  }
  county->house_code = found != NULL ? found->code : row->code;
  const char *minority = found != NULL ? gk_table_row_attribute(found, "minority") : NULL;
  county->minority = minority != NULL && is(minority, "yes");
  return county;
}

static void take(gk_demo_t *demo, const apr_array_header_t *rows, bool *taken, int i, int limit)
{
  if (!taken[i] && demo->counties->nelts < limit) {
    taken[i] = true;
    APR_ARRAY_PUSH(demo->counties,
                   gk_demo_county_t *) = county_of(demo, &APR_ARRAY_IDX(rows, i, gk_row_ctl_orgs_t));
  }
}

/* The own one, those of the accepted city, then one of each city after the other. */
static gk_error_t *choose_counties(gk_demo_t *demo)
{
  apr_array_header_t *rows, *cities;
  gk_ctl_t *ctl = demo->ctl;
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "city"), &cities, demo->pool));
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "county"), &rows, demo->pool));
  if (rows->nelts == 0 || cities->nelts == 0)
    return gk_error(ctl->pool, GK_E_CONFLICT, "还没有市州和县市区，请先运行 gaokaoctl load-orgs",
                    "There are no cities and counties yet: run gaokaoctl load-orgs first");
  demo->cities = apr_hash_make(demo->pool);
  for (int i = 0; i < cities->nelts; i++) {
    gk_row_ctl_orgs_t *city = &APR_ARRAY_IDX(cities, i, gk_row_ctl_orgs_t);
    apr_hash_set(demo->cities, city->code, APR_HASH_KEY_STRING, city);
  }
  int limit = demo->total < 12 ? 1 : (int)(demo->total / 12 < rows->nelts ? demo->total / 12 : rows->nelts);
  bool *taken = apr_pcalloc(demo->pool, sizeof(bool) * (apr_size_t)rows->nelts);
  demo->counties = apr_array_make(demo->pool, rows->nelts, sizeof(gk_demo_county_t *));
  for (int i = 0; i < rows->nelts; i++)
    if (is(APR_ARRAY_IDX(rows, i, gk_row_ctl_orgs_t).code, OWN_COUNTY))
      take(demo, rows, taken, i, limit);
  take(demo, rows, taken, 0, limit);
  for (int i = 0; i < rows->nelts; i++)
    if (strncmp(APR_ARRAY_IDX(rows, i, gk_row_ctl_orgs_t).code, ACCEPTED_CITY, 4) == 0)
      take(demo, rows, taken, i, limit);
  for (int turn = 0; demo->counties->nelts < limit; turn++)
    for (int c = 0; c < cities->nelts; c++)
      for (int i = 0, n = 0; i < rows->nelts; i++)
        if (strncmp(APR_ARRAY_IDX(rows, i, gk_row_ctl_orgs_t).code,
                    APR_ARRAY_IDX(cities, c, gk_row_ctl_orgs_t).code, 4) == 0 &&
            n++ == turn)
          take(demo, rows, taken, i, limit);
  return NULL;
}

/* ---- how many where -------------------------------------------------------------------------------------- */

/* Divides n by weights, the rest going to the first ones. */
static void divide(int n, const int *weights, int *shares, int count)
{
  apr_int64_t sum = 0;
  int given = 0;
  for (int i = 0; i < count; i++)
    sum += weights[i];
  for (int i = 0; i < count; i++) {
    shares[i] = sum > 0 ? (int)((apr_int64_t)n * weights[i] / sum) : 0;
    given += shares[i];
  }
  for (int i = 0; given < n && count > 0; i = (i + 1) % count, given++)
    shares[i]++;
}

static gk_error_t *divide_candidates(gk_demo_t *demo, int *shares)
{
  int n = demo->counties->nelts, *weights = apr_pcalloc(demo->pool, sizeof(int) * (apr_size_t)n);
  apr_int64_t rest = demo->total;
  if (demo->total > (apr_int64_t)n * COUNTY_MAX)
    return gk_error(demo->ctl->pool, GK_E_INVALID, "最多 %d 名考生：每个县市区的号段只有四位",
                    "At most %d candidates: a county has four-digit serials", n * COUNTY_MAX);
  gk_demo_chance_t chance = gk_demo_chance(demo->seed, "county", 0);
  int own = n == 1                ? (int)demo->total
            : demo->total <= 3000 ? (int)demo->total / 8
                                  : (int)(demo->total / n > 375 ? demo->total / n : 375);
  /* Nearly full counties leave no room for chance. */
  int spread = demo->total / n < COUNTY_MAX / 2 ? 80 : 4;
  shares[0] = own < COUNTY_MAX ? own : COUNTY_MAX;
  rest -= shares[0];
  for (int i = 1; i < n; i++)
    weights[i] = 100 + gk_demo_pick(&chance, spread);
  divide((int)rest, weights + 1, shares + 1, n - 1);
  for (int i = 1, over = 0; i < n || over > 0; i++) { /* what is too much for one goes to the next */
    if (i == n)
      i = 0;
    shares[i] += over;
    over = shares[i] > COUNTY_MAX ? shares[i] - COUNTY_MAX : 0;
    shares[i] -= over;
    if (i == 0 && over == 0)
      break;
  }
  return NULL;
}

/* Of a hundred thousand in Hunan, by the subject's code; others get a few. */
static int subject_weight(const char *code)
{
  static const struct {
    const char *code;
    int weight;
  } of[] = {{"1", 36}, {"5", 45}, {"3", 5}, {"7", 3}, {"4", 2}, {"8", 2}, {"9", 7}};
  for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
    if (is(of[i].code, code))
      return of[i].weight;
  return 1;
}

/* ---- points and ranges ----------------------------------------------------------------------------------- */

static const char *profile_of(gk_demo_t *demo, const gk_demo_unit_t *unit, gk_demo_chance_t *chance)
{
  gk_json_t *profile = gk_json_object(demo->pool), *tools = gk_json_object(demo->pool);
  int share = unit->point.share;
  gk_json_set_int(profile, "estimated", share + share / 10 + 5);
  gk_json_set_str(profile, "hours", "8:30-12:00，14:00-17:30");
  gk_json_set_str(profile, "phone", apr_psprintf(demo->pool, "0731-8000%04d", gk_demo_pick(chance, 10000)));
  gk_json_set_str(profile, "address",
                  apr_psprintf(demo->pool, "湖南省%s%s%s%d号", unit->point.county->city_name,
                               unit->point.county->name, gk_demo_street(chance, demo->pool),
                               1 + gk_demo_pick(chance, 300)));
  gk_json_set_int(tools, "computers", 4 + share / 100);
  gk_json_set_int(tools, "card_readers", 1 + share / 400);
  gk_json_set_int(tools, "cameras", 1 + share / 400);
  gk_json_set_int(tools, "printers", 1 + share / 600);
  gk_json_set_int(tools, "bandwidth_mbit", 100);
  gk_json_set(profile, "equipment", tools);
  return gk_json_text_sorted(profile, demo->pool);
}

/* *serial: the county's next free one. Every subject gets a range, with room for people to come. */
static gk_error_t *make_ranges(gk_demo_t *demo, gk_demo_unit_t *unit, int *serial, int room)
{
  int n = demo->pack->subjects->nelts, weights[32], counts[32];
  gk_ctl_t *ctl = demo->ctl;
  if (n > 32)
    n = 32;
  for (int i = 0; i < n; i++)
    weights[i] = subject_weight(APR_ARRAY_IDX(demo->pack->subjects, i, gk_subject_t).code);
  divide(unit->point.share, weights, counts, n);
  unit->ranges = apr_array_make(demo->pool, n, sizeof(gk_demo_range_t));
  for (int i = 0; i < n; i++) {
    gk_row_demo_range_insert_t made;
    int spare = counts[i] / 8 + 8 < room ? counts[i] / 8 + 8 : room;
    gk_demo_range_t range = {0, APR_ARRAY_IDX(demo->pack->subjects, i, gk_subject_t).code, *serial,
                             *serial + counts[i] + spare - 1, counts[i]};
    if (range.last < range.first)
      continue;
    GK_TRY(gk_db_get(ctl->db,
                     GK_CALL(demo_range_insert, .season_id = ctl->act.season->id, .org_id = unit->point.id,
                             .org_path = unit->point.path,
                             .county_code = apr_pstrndup(demo->pool, unit->point.county->code + 2, 4),
                             .subject = range.subject, .first = range.first, .last = range.last,
                             .next = range.first, .now_us = ctl->act.now),
                     &made, demo->pool));
    range.id = made.id;
    *serial = range.last + 1;
    APR_ARRAY_PUSH(unit->ranges, gk_demo_range_t) = range;
  }
  return NULL;
}

static gk_demo_fate_t fate_of(const gk_demo_t *demo, const gk_demo_county_t *county, int county_index,
                              int point_index)
{
  if (county_index == 0)
    return point_index == 1 ? GK_DEMO_SUBMITTED : GK_DEMO_MIXED;
  if (demo->counties->nelts > 8 && is(county->city_code, ACCEPTED_CITY))
    return GK_DEMO_ACCEPTED;
  if (is(county->city_code, SUBMITTED_CITY) && strncmp(county->code + 4, "02", 2) == 0)
    return GK_DEMO_COUNTY;
  switch ((county_index * 7 + point_index * 5) % 24) {
  case 3: return GK_DEMO_SUBMITTED;
  case 11: return GK_DEMO_READY;
  default: return GK_DEMO_MIXED;
  }
}

static gk_error_t *make_points(gk_demo_t *demo, int county_index, int share)
{
  static const char *const names[POINTS_MAX] = {"第一中学", "第二中学", "第三中学",
                                                "实验中学", "第五中学", "第六中学"};
  const gk_demo_county_t *county = APR_ARRAY_IDX(demo->counties, county_index, gk_demo_county_t *);
  gk_ctl_t *ctl = demo->ctl;
  gk_demo_chance_t chance = gk_demo_chance(demo->seed, county->code, 1);
  int n = (share + 399) / 600, weights[POINTS_MAX], shares[POINTS_MAX], serial = 1;
  n = n < 1 ? 1 : n > POINTS_MAX ? POINTS_MAX : n;
  if (county_index == 0 && n < 4)
    n = share >= 40 ? 4 : 1;
  for (int i = 0; i < n; i++)
    weights[i] = i == 0 ? county_index == 0 ? 180 : 120 : n > 1 && i == n - 1 ? 30 : 90;
  divide(share, weights, shares, n);
  int room = (9990 - share) / (n * (demo->pack->subjects->nelts > 0 ? demo->pack->subjects->nelts : 1));
  for (int i = 0; i < n; i++) {
    bool social = n > 1 && i == n - 1;
    gk_demo_unit_t *unit = apr_pcalloc(demo->pool, sizeof(*unit));
    gk_row_ctl_org_insert_t made;
    gk_demo_point_t *point = &unit->point;
    point->county = county;
    point->share = shares[i];
    point->code = apr_psprintf(demo->pool, "%s%04d", county->code, i + 1);
    point->path = apr_pstrcat(demo->pool, county->path, point->code, "/", NULL);
    point->name = apr_pstrcat(demo->pool, county->name, social ? "社会考生报名点" : names[i], NULL);
    point->school = social ? NULL : point->name;
    unit->fate = fate_of(demo, county, county_index, i);
    GK_TRY(
        gk_db_get(ctl->db,
                  GK_CALL(ctl_org_insert, .parent_id = county->id, .level = "point", .code = point->code,
                          .name = point->name, .path = point->path,
                          .profile = profile_of(demo, unit, &chance), .now_us = ctl->act.now - 30 * GK_DAY),
                  &made, demo->pool));
    point->id = made.id;
    GK_TRY(make_ranges(demo, unit, &serial, room));
    APR_ARRAY_PUSH(demo->units, gk_demo_unit_t *) = unit;
  }
  return NULL;
}

gk_error_t *gk_demo_units(gk_demo_t *demo)
{
  GK_TRY(choose_counties(demo));
  int *shares = apr_pcalloc(demo->pool, sizeof(int) * (apr_size_t)demo->counties->nelts);
  GK_TRY(divide_candidates(demo, shares));
  demo->units = apr_array_make(demo->pool, 600, sizeof(gk_demo_unit_t *));
  GK_TRY(gk_act_begin(&demo->ctl->act));
  for (int i = 0; i < demo->counties->nelts; i++)
    GK_TRY(make_points(demo, i, shares[i]));
  return NULL;
}

/* ---- staff ----------------------------------------------------------------------------------------------- */

gk_error_t *gk_demo_staff(gk_demo_t *demo)
{
  gk_ctl_t *ctl = demo->ctl;
  apr_array_header_t *inputs = apr_array_make(demo->pool, 1500, sizeof(gk_account_input_t)), *made;
  for (apr_hash_index_t *at = apr_hash_first(demo->pool, demo->cities); at != NULL; at = apr_hash_next(at)) {
    const gk_row_ctl_orgs_t *city;
    apr_hash_this(at, NULL, NULL, (void **)&city);
    APR_ARRAY_PUSH(inputs, gk_account_input_t) = (gk_account_input_t){.role = GK_ROLE_CITY,
                                                                      .org_id = city->id};
  }
  for (int i = 0; i < demo->counties->nelts; i++)
    APR_ARRAY_PUSH(inputs, gk_account_input_t) = (gk_account_input_t){
        .role = GK_ROLE_COUNTY, .org_id = APR_ARRAY_IDX(demo->counties, i, gk_demo_county_t *)->id};
  int first = inputs->nelts;
  for (int i = 0; i < demo->units->nelts; i++) {
    const gk_demo_unit_t *unit = APR_ARRAY_IDX(demo->units, i, gk_demo_unit_t *);
    APR_ARRAY_PUSH(inputs, gk_account_input_t) = (gk_account_input_t){.role = GK_ROLE_POINT,
                                                                      .org_id = unit->point.id};
    APR_ARRAY_PUSH(inputs, gk_account_input_t) = (gk_account_input_t){.role = GK_ROLE_REVIEWER,
                                                                      .org_id = unit->point.id};
  }
  apr_time_t now = ctl->act.now;
  ctl->act.now = now - 30 * GK_DAY;
  gk_error_t *error = gk_account_create(&made, &ctl->act, (const gk_account_input_t *)inputs->elts,
                                        inputs->nelts, "");
  ctl->act.now = now;
  if (error != NULL)
    return error;
  for (int i = 0; i < demo->units->nelts; i++) {
    gk_demo_unit_t *unit = APR_ARRAY_IDX(demo->units, i, gk_demo_unit_t *);
    unit->operator_id = APR_ARRAY_IDX(made, first + 2 * i, gk_account_t *)->id;
    unit->reviewer_id = APR_ARRAY_IDX(made, first + 2 * i + 1, gk_account_t *)->id;
  }
  return NULL;
}

/* ---- notices --------------------------------------------------------------------------------------------- */

static const char steps[] = "网上报名流程\n"
                            "1. 在报名点读取身份证，领取登录卡。\n"
                            "2. 交验材料，缴纳报名考试费，通过资格审查。\n"
                            "3. 用报名顺序号和初始密码登录考生版，修改密码，签署承诺书，填写信息。\n"
                            "4. 到报名点校对，确认无误后签字。\n";

gk_error_t *gk_demo_notices(gk_demo_t *demo, apr_int64_t province_account)
{
  gk_ctl_t *ctl = demo->ctl;
  apr_array_header_t *roots;
  gk_row_demo_notice_insert_t made;
  GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "province"), &roots, demo->pool));
  const gk_row_ctl_orgs_t *root = &APR_ARRAY_IDX(roots, 0, gk_row_ctl_orgs_t);
  GK_TRY(gk_db_get(
      ctl->db,
      GK_CALL(demo_notice_insert, .org_id = root->id, .org_path = root->path, .audience = "public",
              .title = apr_psprintf(demo->pool, "%d年普通高校招生网上报名公告（演示）", demo->pack->season),
              .body = "这是演示系统，人员和数据均为虚构。网上报名正在进行，流程见附件。",
              .now_us = ctl->act.now - GK_DAY, .created_by = province_account),
      &made, demo->pool));
  GK_TRY(gk_db_exec(ctl->db,
                    GK_CALL(demo_notice_file_insert, .notice_id = made.id, .name = "报名流程.txt",
                            .media_type = "text/plain; charset=utf-8", .bytes = sizeof(steps) - 1,
                            .digest = gk_sha256_hex(demo->pool, steps, sizeof(steps) - 1),
                            .body = {(const unsigned char *)steps, sizeof(steps) - 1},
                            .now_us = ctl->act.now - GK_DAY),
                    NULL, demo->pool));
  return gk_db_get(
      ctl->db,
      GK_CALL(
          demo_notice_insert, .org_id = root->id, .org_path = root->path, .audience = "staff",
          .title = "报名点工作提醒（演示）",
          .body =
              "请各报名点每天核对审查和缴费人数，校对表按班级打印，确认签字必须本人到场并再次读取身份证。",
          .now_us = ctl->act.now - GK_HOUR, .created_by = province_account),
      &made, demo->pool);
}
