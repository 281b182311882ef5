/* Accounts, slips and sessions: who makes whom, first sign-in, delays, one-time codes, what ends a session.
 */
#include "store/act_test.h"

#include "base/time.h"
#include "domain/account.h"
#include "domain/org.h"
#include "domain/session.h"

#define OWN "correct horse 电池 staple"

static gk_error_t *make(gk_account_t **out, const gk_principal_t *who, const char *login, gk_role_t role,
                        apr_int64_t org_id, apr_pool_t *pool)
{
  apr_array_header_t *made = NULL;
  gk_account_input_t input = {.login = login, .role = role, .org_id = org_id};
  gk_act_t *act = act_of(who, pool);
  gk_error_t *error = act_done(act, gk_account_create(&made, act, &input, 1, NULL));
  if (error == NULL)
    *out = APR_ARRAY_IDX(made, 0, gk_account_t *);
  return error;
}

/* One sign-in at act_test.now as the handler does it: what was counted is committed. */
static gk_error_code_t enter_by(gk_signed_in_t *in, const char *browser, const char *realm, const char *login,
                                const char *password, const char *code, apr_pool_t *pool)
{
  gk_error_t *refusal = NULL;
  gk_act_t *act = act_of(&who_public, pool);
  gk_sign_in_t typed = {.realm = realm, .login = login, .password = password, .totp = code, .browser = browser};
  gk_error_t *error = act_done(act, gk_session_sign_in(in, &refusal, act, &typed));
  if (error != NULL)
    printf("# %s\n", gk_error_log_text(pool, error));
  return error != NULL ? error->code : refusal != NULL ? refusal->code : GK_E_NONE;
}

static gk_error_code_t enter(gk_signed_in_t *in, const char *realm, const char *login, const char *password,
                             const char *code, apr_pool_t *pool)
{
  return enter_by(in, NULL, realm, login, password, code, pool);
}

static bool alive(const gk_signed_in_t *in, const char *realm, apr_time_t seen, apr_pool_t *pool)
{
  bool valid = false;
  gk_signed_in_t out;
  gk_act_t *act = act_of(&who_public, pool);
  gk_session_t session = {in->who.account_id, in->who.generation, in->who.session_issued, seen,
                          in->who.session_id};
  gk_error_t *error = gk_session_resume(&out, &valid, act, realm, &session);
  return error == NULL && valid && out.who.account_id == in->who.account_id;
}

static gk_error_t *slip_of(gk_slip_t *slip, const gk_principal_t *who, apr_int64_t id, apr_pool_t *pool)
{
  gk_account_t *account;
  gk_act_t *act = act_of(who, pool);
  GK_TRY(gk_account_get(&account, act, id));
  *slip = gk_account_slip(act, account);
  return NULL;
}

/* ---- accounts ----------------------------------------------------------------------------------------- */

static void a_level_makes_accounts_below_itself(apr_pool_t *pool)
{
  static const struct {
    const gk_principal_t *who;
    gk_role_t role;
    apr_int64_t org;
    gk_error_code_t code;
  } rows[] = {
      {&who_province, GK_ROLE_CITY, 2, GK_E_NONE},       {&who_province, GK_ROLE_EXPORT, 1, GK_E_NONE},
      {&who_province, GK_ROLE_AUDITOR, 1, GK_E_NONE},    {&who_province, GK_ROLE_PROVINCE, 1, GK_E_INVALID},
      {&who_province, GK_ROLE_POINT, 7, GK_E_NONE},      {&who_city, GK_ROLE_CITY, 2, GK_E_INVALID},
      {&who_city, GK_ROLE_COUNTY, 4, GK_E_NONE},         {&who_city, GK_ROLE_COUNTY, 6, GK_E_NOT_FOUND},
      {&who_city, GK_ROLE_EXPORT, 2, GK_E_INVALID},      {&who_city, GK_ROLE_POINT, 4, GK_E_INVALID},
      {&who_county, GK_ROLE_POINT, 7, GK_E_NONE},        {&who_county, GK_ROLE_COUNTY, 4, GK_E_INVALID},
      {&who_county, GK_ROLE_AUDITOR, 4, GK_E_NONE},      {&who_county, GK_ROLE_CITY, 2, GK_E_NOT_FOUND},
      {&who_point, GK_ROLE_REVIEWER, 7, GK_E_NONE},      {&who_point, GK_ROLE_POINT, 7, GK_E_INVALID},
      {&who_point, GK_ROLE_REVIEWER, 8, GK_E_NOT_FOUND}, {&who_reviewer, GK_ROLE_REVIEWER, 7, GK_E_INVALID},
      {&who_system, GK_ROLE_PROVINCE, 1, GK_E_NONE},     {&who_county, GK_ROLE_CANDIDATE, 7, GK_E_INVALID}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    gk_account_t *account = NULL;
    GK_TEST_CASE("row %d", (int)i);
    gk_error_t *error = make(&account, rows[i].who, NULL, rows[i].role, rows[i].org, pool);
    GK_TEST_INT(error != NULL ? error->code : GK_E_NONE, rows[i].code);
    GK_TEST(error != NULL || account->role == rows[i].role);
  }
}

static void a_batch_is_all_or_nothing(apr_pool_t *pool)
{
  apr_array_header_t *made = NULL;
  gk_act_t *act = act_of(&who_county, pool);
  apr_int64_t before = act_number("SELECT count(*) FROM account");
  gk_account_input_t inputs[] = {{.login = "batch1", .role = GK_ROLE_POINT, .org_code = "4301020001"},
                                 {.login = "Batch", .role = GK_ROLE_POINT, .org_id = 7},
                                 {.login = "batch1", .role = GK_ROLE_REVIEWER, .org_id = 7},
                                 {.login = "batch4", .role = GK_ROLE_POINT, .org_code = "4302020001"},
                                 {.login = "batch5", .role = GK_ROLE_CITY, .org_id = 7}};
  gk_error_t *error = act_done(act, gk_account_create(&made, act, inputs, 5, "/accounts"));
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_INT(error->violations->nelts, 4);
  GK_TEST_STR(act_fault(error, 0, pool), "/accounts/1/login pattern");
  GK_TEST_STR(act_fault(error, 1, pool), "/accounts/2/login twice");
  GK_TEST_STR(act_fault(error, 2, pool), "/accounts/3/org_code not-found");
  GK_TEST_STR(act_fault(error, 3, pool), "/accounts/4/role level");
  gk_account_input_t good[] = {{.login = "batch1", .role = GK_ROLE_POINT, .org_code = "4301020001"},
                               {.role = GK_ROLE_REVIEWER, .org_id = 8},
                               {.role = GK_ROLE_REVIEWER, .org_id = 8, .display_name = "李老师"}};
  GK_TEST_OK(act_done(act, gk_account_create(&made, act, good, 3, "/accounts")));
  GK_TEST_INT(made->nelts, 3);
  GK_TEST_STR(APR_ARRAY_IDX(made, 1, gk_account_t *)->login, "4301020002-01");
  GK_TEST_STR(APR_ARRAY_IDX(made, 2, gk_account_t *)->login, "4301020002-02");
  GK_TEST_STR(APR_ARRAY_IDX(made, 2, gk_account_t *)->display_name, "李老师");
  gk_account_input_t taken[] = {{.login = "batch9", .role = GK_ROLE_POINT, .org_id = 7},
                                {.login = "batch1", .role = GK_ROLE_POINT, .org_id = 7}};
  error = act_done(act, gk_account_create(&made, act, taken, 2, "/accounts"));
  GK_TEST_STR(act_fault(error, 0, pool), "/accounts/1/login taken");
  GK_TEST_INT(act_number("SELECT count(*) FROM account"), before + 3);
  GK_TEST_INT(act_number("SELECT count(*) FROM account WHERE login = 'batch9'"), 0);
}

static void lists_page_inside_the_scope(apr_pool_t *pool)
{
  apr_array_header_t *accounts;
  gk_act_t *act = act_of(&who_county, pool);
  gk_account_filter_t filter = {.enabled = -1};
  GK_TEST_OK(gk_account_list(&accounts, act, &filter, 200));
  int all = accounts->nelts, seen = 0;
  for (int i = 0; i < all; i++)
    GK_TEST(gk_act_covers(act, APR_ARRAY_IDX(accounts, i, gk_account_t *)->org_path));
  do {
    GK_TEST_OK(gk_account_list(&accounts, act, &filter, 2));
    seen += accounts->nelts;
    if (accounts->nelts > 0)
      filter.after = gk_account_cursor(APR_ARRAY_IDX(accounts, accounts->nelts - 1, gk_account_t *), pool);
  } while (accounts->nelts > 0);
  GK_TEST_INT(seen, all);
  gk_account_filter_t reviewers = {.enabled = 1, .role = GK_ROLE_REVIEWER, .org_id = 8};
  GK_TEST_OK(gk_account_list(&accounts, act, &reviewers, 200));
  GK_TEST_INT(accounts->nelts, 2);
  reviewers.q = "李";
  GK_TEST_OK(gk_account_list(&accounts, act, &reviewers, 200));
  GK_TEST_INT(accounts->nelts, 1);
  gk_account_filter_t foreign = {.enabled = -1, .org_id = 6};
  GK_TEST_ERROR(gk_account_list(&accounts, act, &foreign, 200), GK_E_NOT_FOUND);
}

static void accounts_are_managed_from_above_only(apr_pool_t *pool)
{
  gk_account_t *account, *out;
  gk_slip_t slip;
  gk_account_change_t off = {.enabled = 0}, name = {.enabled = -1, .display_name = "王老师"};
  gk_act_t *county = act_of(&who_county, pool), *other = act_of(&who_other, pool),
           *point = act_of(&who_point, pool);
  GK_TEST_OK(make(&account, &who_county, "managed", GK_ROLE_POINT, 7, pool));
  GK_TEST_ERROR(act_done(other, gk_account_update(&out, other, account->id, 1, &off)), GK_E_NOT_FOUND);
  GK_TEST_ERROR(act_done(point, gk_account_update(&out, point, account->id, 1, &off)), GK_E_FORBIDDEN);
  GK_TEST_ERROR(act_done(point, gk_account_renew_slip(&slip, point, account->id, 1, false, true)), GK_E_FORBIDDEN);
  GK_TEST_ERROR(act_done(point, gk_account_sign_out(&out, point, account->id)), GK_E_FORBIDDEN);
  GK_TEST_OK(act_done(county, gk_account_update(&out, county, account->id, 1, &name)));
  GK_TEST_STR(out->display_name, "王老师");
  GK_TEST_INT(out->generation, 1);
  GK_TEST_ERROR(act_done(county, gk_account_update(&out, county, account->id, 1, &off)), GK_E_STALE_VERSION);
  GK_TEST_OK(act_done(county, gk_account_update(&out, county, account->id, 2, &off)));
  GK_TEST_INT(out->generation, 2);
  gk_principal_t self = act_who(GK_ROLE_COUNTY, account->id, 4, "county", "/43/4301/430102/");
  gk_act_t *own = act_of(&self, pool);
  GK_TEST_ERROR(act_done(own, gk_account_update(&out, own, account->id, 3, &name)), GK_E_FORBIDDEN);
}

/* ---- slips and the first sign-in ---------------------------------------------------------------------- */

static void a_slip_opens_until_the_own_password_is_set(apr_pool_t *pool)
{
  gk_account_t *account;
  gk_slip_t slip, again;
  gk_signed_in_t in, fresh;
  gk_error_t *refusal = NULL;
  GK_TEST_OK(make(&account, &who_county, "first", GK_ROLE_POINT, 7, pool));
  GK_TEST_OK(slip_of(&slip, &who_county, account->id, pool));
  GK_TEST_OK(slip_of(&again, &who_county, account->id, pool));
  GK_TEST_STR(slip.password, again.password);
  GK_TEST_INT(enter(&in, "staff", "FIRST", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST(in.must_change_password && in.who.must_change_password && !in.must_enrol_totp);
  GK_TEST_INT(in.who.account_id, account->id);
  GK_TEST_STR(in.who.scope_hi, "/43/4301/430102/43010200010");
  GK_TEST(alive(&in, "staff", act_test.now, pool));
  GK_TEST(!alive(&in, "candidate", act_test.now, pool));

  gk_act_t *act = act_of(&in.who, pool);
  static const struct {
    const char *password, *code;
  } bad[] = {{"short", "too-short"},
             {"fourteen chars", "too-short"},
             {"aaaaaaaaaaaaaaaa", "common"},
             {"12345678901234567890", "common"},
             {"abcabcabcabcabcabc", "common"},
             {"first first first", NULL},
             {"4301020001-12345", "personal"}};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    GK_TEST_CASE("%s", bad[i].password);
    gk_error_t *error = NULL;
    gk_session_check_password(&error, "/new", account, false, NULL, bad[i].password, pool);
    GK_TEST_STR(act_fault(error, 0, pool),
                bad[i].code != NULL ? apr_pstrcat(pool, "/new ", bad[i].code, NULL) : "");
  }
  GK_TEST_CASE("%s", "");
  GK_TEST_ERROR(
      act_done(act, gk_session_change_password(&fresh, &refusal, act, NULL, slip.password, "short")),
      GK_E_INVALID);
  GK_TEST_OK(act_done(act, gk_session_change_password(&fresh, &refusal, act, NULL, "wrong", OWN)));
  GK_TEST_STR(act_fault(refusal, 0, pool), "/current wrong");
  GK_TEST_OK(act_done(act, gk_session_change_password(&fresh, &refusal, act, NULL, slip.password, OWN)));
  GK_TEST(refusal == NULL);
  GK_TEST(strcmp(fresh.who.session_id, in.who.session_id) != 0);
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST(alive(&fresh, "staff", act_test.now, pool));
  GK_TEST_INT(enter(&in, "staff", "first", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_INT(enter(&in, "staff", "first", OWN, NULL, pool), GK_E_NONE);
  GK_TEST(!in.must_change_password);
  GK_TEST_INT(enter(&in, "candidate", "first", OWN, NULL, pool), GK_E_SIGN_IN_FAILED);

  /* A renewed slip ends sessions and the own password; the old slip stays dead. */
  gk_act_t *county = act_of(&who_county, pool);
  GK_TEST_OK(gk_account_get(&account, county, account->id));
  GK_TEST(account->own_password);
  GK_TEST_ERROR(act_done(county, gk_account_renew_slip(&again, county, account->id, account->version, false, false)), GK_E_INVALID);
  GK_TEST_OK(act_done(county, gk_account_renew_slip(&again, county, account->id, account->version, false, true)));
  GK_TEST(strcmp(again.password, slip.password) != 0);
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST_INT(enter(&in, "staff", "first", OWN, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_INT(enter(&in, "staff", "first", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_INT(enter(&in, "staff", "first", again.password, NULL, pool), GK_E_NONE);
}

static void slips_are_printed_for_a_unit_or_by_ids(apr_pool_t *pool)
{
  apr_array_header_t *slips, *skipped;
  gk_act_t *county = act_of(&who_county, pool), *other = act_of(&who_other, pool);
  gk_account_t *account;
  apr_array_header_t *ids = apr_array_make(pool, 2, sizeof(apr_int64_t));
  GK_TEST_OK(make(&account, &who_county, "printed", GK_ROLE_POINT, 8, pool));
  APR_ARRAY_PUSH(ids, apr_int64_t) = account->id;
  GK_TEST_OK(act_done(county, gk_account_slips(&slips, &skipped, county, ids, 0, GK_ROLE_NONE)));
  GK_TEST_INT(slips->nelts, 1);
  GK_TEST_STR(APR_ARRAY_IDX(slips, 0, gk_slip_t).login, "printed");
  GK_TEST_ERROR(act_done(other, gk_account_slips(&slips, &skipped, other, ids, 0, GK_ROLE_NONE)),
                GK_E_NOT_FOUND);
  GK_TEST_OK(act_done(county, gk_account_slips(&slips, &skipped, county, NULL, 8, GK_ROLE_NONE)));
  GK_TEST_INT(slips->nelts, 3);
  GK_TEST_OK(act_done(county, gk_account_slips(&slips, &skipped, county, NULL, 8, GK_ROLE_POINT)));
  GK_TEST_INT(slips->nelts, 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'account.slips'"), 3);
  gk_act_t *system = act_of(&who_system, pool);
  GK_TEST_OK(act_done(system, gk_account_set_password(system, account->id, OWN)));
  GK_TEST_OK(act_done(county, gk_account_slips(&slips, &skipped, county, ids, 0, GK_ROLE_NONE)));
  GK_TEST_INT(slips->nelts, 0);
  GK_TEST_INT(skipped->nelts, 1);
}

/* ---- delays ------------------------------------------------------------------------------------------- */

static void failures_delay_and_names_look_alike(apr_pool_t *pool)
{
  gk_account_t *account;
  gk_slip_t slip;
  gk_signed_in_t in;
  const char *const names[] = {"delayed", "nobody-has-this"};
  apr_time_t start = act_test.now;
  GK_TEST_OK(make(&account, &who_county, "delayed", GK_ROLE_POINT, 7, pool));
  GK_TEST_OK(slip_of(&slip, &who_county, account->id, pool));
  for (int n = 0; n < 2; n++) {
    GK_TEST_CASE("%s", names[n]);
    act_test.now = start;
    for (int i = 0; i < 4; i++)
      GK_TEST_INT(enter(&in, "staff", names[n], "wrong", NULL, pool), GK_E_SIGN_IN_FAILED);
    const char *sql =
        n == 0 ? apr_psprintf(pool, "SELECT blocked_until_us FROM account WHERE id = %d", (int)account->id)
               : "SELECT max(blocked_until_us) FROM sign_in_miss";
    GK_TEST_INT(act_number(sql), 0);
    GK_TEST_INT(enter(&in, "staff", names[n], "wrong", NULL, pool), GK_E_SIGN_IN_FAILED);
    GK_TEST_INT(act_number(sql) - start, GK_SECOND);
    /* While the delay runs nothing is tried and nothing is counted. */
    GK_TEST_INT(enter(&in, "staff", names[n], "wrong", NULL, pool), GK_E_SIGN_IN_FAILED);
    GK_TEST_INT(act_number(sql) - start, GK_SECOND);
    act_test.now = start + 2 * GK_SECOND;
    GK_TEST_INT(enter(&in, "staff", names[n], "wrong", NULL, pool), GK_E_SIGN_IN_FAILED);
    GK_TEST_INT(act_number(sql) - act_test.now, 2 * GK_SECOND);
    for (int i = 0; i < 12; i++) {
      act_test.now = act_number(sql) + 1;
      GK_TEST_INT(enter(&in, "staff", names[n], "wrong", NULL, pool), GK_E_SIGN_IN_FAILED);
    }
    GK_TEST_INT(act_number(sql) - act_test.now, 15 * GK_MINUTE);
  }
  GK_TEST_CASE("%s", "");
  GK_TEST_INT(enter(&in, "staff", "delayed", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  act_test.now = start + 24 * GK_HOUR;
  GK_TEST_INT(enter(&in, "staff", "delayed", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_INT(act_number(apr_psprintf(pool, "SELECT failures FROM account WHERE id = %d", (int)account->id)),
              0);
  act_test.now = start;
}

static void strangers_delay_strangers_only(apr_pool_t *pool)
{
  gk_account_t *account;
  gk_slip_t slip;
  gk_signed_in_t in, fresh;
  gk_error_t *refusal = NULL;
  const char *mine = "0123456789abcdef0123456789abcdef", *other = "ffffffffffffffffffffffffffffffff";
  apr_time_t start = act_test.now;
  GK_TEST_OK(make(&account, &who_county, "besieged", GK_ROLE_POINT, 7, pool));
  GK_TEST_OK(slip_of(&slip, &who_county, account->id, pool));
  GK_TEST_INT(enter_by(&in, mine, "staff", "besieged", slip.password, NULL, pool), GK_E_NONE);
  for (int i = 0; i < 100; i++) {
    act_test.now += 16 * GK_MINUTE;
    GK_TEST_INT(enter_by(&in, other, "staff", "besieged", "guess", NULL, pool), GK_E_SIGN_IN_FAILED);
  }
  act_test.now += 24 * GK_HOUR;
  /* A hundred in a row: strangers need a new slip, even with the right password. */
  GK_TEST_INT(enter_by(&in, other, "staff", "besieged", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_INT(enter_by(&in, mine, "staff", "besieged", slip.password, NULL, pool), GK_E_NONE);
  gk_act_t *act = act_of(&in.who, pool);
  GK_TEST_OK(act_done(act, gk_session_change_password(&fresh, &refusal, act, mine, slip.password, OWN)));
  GK_TEST(refusal == NULL);
  /* The own browser has its own count. */
  for (int i = 0; i < 5; i++)
    GK_TEST_INT(enter_by(&in, mine, "staff", "besieged", "typo", NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_INT(enter_by(&in, mine, "staff", "besieged", OWN, NULL, pool), GK_E_SIGN_IN_FAILED);
  act_test.now += 2 * GK_SECOND;
  GK_TEST_INT(enter_by(&in, mine, "staff", "besieged", OWN, NULL, pool), GK_E_NONE);
  act_test.now = start;
}

/* ---- one-time codes ----------------------------------------------------------------------------------- */

static void cities_work_with_one_time_codes_only(apr_pool_t *pool)
{
  gk_account_t *account;
  gk_slip_t slip;
  gk_signed_in_t in, fresh;
  gk_error_t *refusal = NULL;
  const char *secret = NULL, *uri = NULL;
  apr_time_t start = act_test.now;
  GK_TEST_OK(make(&account, &who_province, "bureau", GK_ROLE_CITY, 2, pool));
  GK_TEST_OK(slip_of(&slip, &who_province, account->id, pool));
  GK_TEST_INT(enter(&in, "staff", "bureau", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST(in.must_change_password && in.must_enrol_totp && in.who.must_enrol_totp);
  gk_act_t *act = act_of(&in.who, pool);
  GK_TEST_ERROR(act_done(act, gk_session_enrol(&fresh, &secret, &uri, &refusal, act, NULL, "123456", NULL)),
                GK_E_INVALID);
  GK_TEST_OK(act_done(act, gk_session_enrol(&fresh, &secret, &uri, &refusal, act, NULL, NULL, NULL)));
  GK_TEST_INT(strlen(secret), 32);
  GK_TEST(strncmp(uri, "otpauth://totp/", 15) == 0 && strstr(uri, secret) != NULL);
  GK_TEST_ERROR(act_done(act, gk_session_enrol(&fresh, &secret, &uri, &refusal, act, NULL, "000000", NULL)),
                GK_E_INVALID);
  /* A pending secret is not asked for. */
  GK_TEST_INT(enter(&in, "staff", "bureau", slip.password, NULL, pool), GK_E_NONE);
  act = act_of(&in.who, pool);
  GK_TEST_OK(act_done(act, gk_session_enrol(&fresh, NULL, NULL, &refusal, act,
                                            NULL, gk_totp_code(secret, act_test.now, pool), NULL)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST(alive(&fresh, "staff", act_test.now, pool));
  GK_TEST(!fresh.must_enrol_totp);

  /* With codes 8 characters will do. The code of the enrolment is used up; a code works once. */
  act = act_of(&fresh.who, pool);
  GK_TEST_OK(act_done(act, gk_session_change_password(&in, &refusal, act, NULL, slip.password, "wolke 7!")));
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", NULL, pool), GK_E_TOTP_NEEDED);
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", gk_totp_code(secret, act_test.now, pool), pool),
              GK_E_TOTP_NEEDED);
  act_test.now = start + 30 * GK_SECOND;
  const char *code = gk_totp_code(secret, act_test.now, pool);
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", code, pool), GK_E_NONE);
  GK_TEST_INT(enter(&fresh, "staff", "bureau", "wolke 7!", code, pool), GK_E_TOTP_NEEDED);

  /* Another phone: the password again; the old secret works until the new one is confirmed. */
  act = act_of(&in.who, pool);
  const char *next;
  GK_TEST_OK(act_done(act, gk_session_enrol(&fresh, &next, &uri, &refusal, act, NULL, NULL, NULL)));
  GK_TEST_STR(act_fault(refusal, 0, pool), "/password required");
  GK_TEST_OK(act_done(act, gk_session_enrol(&fresh, &next, &uri, &refusal, act, NULL, NULL, "wolke 7!")));
  GK_TEST(refusal == NULL);
  act_test.now = start + 60 * GK_SECOND;
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", gk_totp_code(secret, act_test.now, pool), pool),
              GK_E_NONE);
  act = act_of(&in.who, pool);
  GK_TEST_OK(act_done(act, gk_session_enrol(&fresh, NULL, NULL, &refusal, act,
                                            NULL, gk_totp_code(next, act_test.now, pool), NULL)));
  act_test.now = start + 120 * GK_SECOND;
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", gk_totp_code(secret, act_test.now, pool), pool),
              GK_E_TOTP_NEEDED);
  GK_TEST_INT(enter(&in, "staff", "bureau", "wolke 7!", gk_totp_code(next, act_test.now, pool), pool),
              GK_E_NONE);
  act_test.now = start;
}

/* ---- what ends a session ------------------------------------------------------------------------------ */

static void sessions_end_by_every_way(apr_pool_t *pool)
{
  gk_account_t *account, *out;
  gk_slip_t slip;
  gk_signed_in_t in, second;
  gk_org_t *org;
  gk_org_change_t close = {.enabled = 0}, reopen = {.enabled = 1};
  gk_account_change_t off = {.enabled = 0}, on = {.enabled = 1};
  apr_time_t start = act_test.now;
  gk_act_t *province = act_of(&who_province, pool), *county = act_of(&who_county, pool);
  GK_TEST_OK(make(&account, &who_county, "leaver", GK_ROLE_POINT, 8, pool));
  GK_TEST_OK(slip_of(&slip, &who_county, account->id, pool));
  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_INT(enter(&second, "staff", "leaver", slip.password, NULL, pool), GK_E_NONE);

  act_test.now = start + 29 * GK_MINUTE;
  GK_TEST(alive(&in, "staff", start, pool));
  act_test.now = start + 31 * GK_MINUTE;
  GK_TEST(!alive(&in, "staff", start, pool));
  GK_TEST(alive(&in, "staff", act_test.now - GK_MINUTE, pool));
  act_test.now = start + 12 * GK_HOUR + GK_SECOND;
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  act_test.now = start;

  gk_act_t *own = act_of(&in.who, pool);
  GK_TEST_OK(act_done(own, gk_session_end(own)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST(alive(&second, "staff", act_test.now, pool));
  own = act_of(&second.who, pool);
  GK_TEST_OK(act_done(own, gk_session_end_all(own)));
  GK_TEST(!alive(&second, "staff", act_test.now, pool));

  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_OK(act_done(county, gk_account_sign_out(&out, county, account->id)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));

  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_OK(act_done(county, gk_account_update(&out, county, account->id, out->version, &off)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_OK(act_done(county, gk_account_update(&out, county, account->id, out->version, &on)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));

  /* The city is closed: nobody below it is in. */
  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_OK(act_done(province, gk_org_update(&org, province, 2, 1, &close)));
  GK_TEST(!alive(&in, "staff", act_test.now, pool));
  GK_TEST_INT(enter(&in, "staff", "leaver", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_OK(act_done(province, gk_org_update(&org, province, 2, 2, &reopen)));
  GK_TEST(alive(&in, "staff", act_test.now, pool));
}

/* ---- candidates --------------------------------------------------------------------------------------- */

static void candidates_sign_in_with_number_and_slip(apr_pool_t *pool)
{
  gk_account_t *account;
  gk_slip_t slip;
  gk_signed_in_t in, fresh;
  gk_error_t *refusal = NULL;
  gk_act_t *point = act_of(&who_point, pool), *other = act_of(&who_other, pool);
  const char *path = "/43/4301/430102/4301020001/";
  GK_TEST_OK(act_done(point, gk_account_create_for_candidate(point, 77, 1, "01020001", 7, path, "张三", NULL)));
  GK_TEST_ERROR(
      act_done(point, gk_account_create_for_candidate(point, 78, 1, "01020001", 7, path, "张三", NULL)),
      GK_E_CONFLICT);
  GK_TEST_ERROR(
      act_done(other, gk_account_create_for_candidate(other, 78, 1, "01020002", 7, path, "李四", NULL)),
      GK_E_NOT_FOUND);
  GK_TEST_ERROR(gk_account_of_candidate(&account, other, 77), GK_E_NOT_FOUND);
  GK_TEST_OK(gk_account_of_candidate(&account, point, 77));
  slip = gk_account_slip(point, account);
  GK_TEST_INT(enter(&in, "candidate", "０１０２０００１", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_INT(in.who.candidate_id, 77);
  GK_TEST_INT(in.who.role, GK_ROLE_CANDIDATE);
  GK_TEST(in.must_change_password && !in.must_enrol_totp);
  gk_act_t *own = act_of(&in.who, pool);
  GK_TEST_ERROR(
      act_done(own, gk_session_change_password(&fresh, &refusal, own, NULL, slip.password, "01020001x")),
      GK_E_INVALID);
  GK_TEST_OK(
      act_done(own, gk_session_change_password(&fresh, &refusal, own, NULL, slip.password, "wolke 7!")));
  GK_TEST_INT(enter(&in, "candidate", "01020001", "wolke 7!", NULL, pool), GK_E_NONE);
  act_script("UPDATE season SET active = 0");
  GK_TEST(!alive(&in, "candidate", act_test.now, pool));
  act_script("UPDATE season SET active = 1");
  GK_TEST(alive(&in, "candidate", act_test.now, pool));
  GK_TEST_OK(act_done(point, gk_account_renew_slip_for_candidate(&slip, point, 77)));
  GK_TEST(!alive(&in, "candidate", act_test.now, pool));
  GK_TEST_INT(enter(&in, "candidate", "01020001", slip.password, NULL, pool), GK_E_NONE);
  GK_TEST_OK(act_done(point, gk_account_follow_candidate(point, 77, "张山", 0)));
  GK_TEST(!alive(&in, "candidate", act_test.now, pool));
  GK_TEST_INT(enter(&in, "candidate", "01020001", slip.password, NULL, pool), GK_E_SIGN_IN_FAILED);
  GK_TEST_OK(act_done(point, gk_account_follow_candidate(point, 999, "无人", 0)));
}

int main(void)
{
  gk_test_begin("account and session");
  STORE_EACH_ENGINE({
    act_start();
    GK_TEST_RUN(a_level_makes_accounts_below_itself);
    GK_TEST_RUN(a_batch_is_all_or_nothing);
    GK_TEST_RUN(lists_page_inside_the_scope);
    GK_TEST_RUN(accounts_are_managed_from_above_only);
    GK_TEST_RUN(a_slip_opens_until_the_own_password_is_set);
    GK_TEST_RUN(slips_are_printed_for_a_unit_or_by_ids);
    GK_TEST_RUN(failures_delay_and_names_look_alike);
    GK_TEST_RUN(strangers_delay_strangers_only);
    GK_TEST_RUN(cities_work_with_one_time_codes_only);
    GK_TEST_RUN(sessions_end_by_every_way);
    GK_TEST_RUN(candidates_sign_in_with_number_and_slip);
    act_end();
  });
  return gk_test_end();
}
