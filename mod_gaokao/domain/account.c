/* domain/account.c: see account.h. */
#include "domain/account.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"
#include "domain/ports_account.h"
#include "domain/session.h"
#include "domain/totp.h"

#define SLIPS_MAX 1000

/* ---- who manages whom --------------------------------------------------------------------------------- */

enum { P = GK_ROLE_PROVINCE, C = GK_ROLE_CITY, N = GK_ROLE_COUNTY, O = GK_ROLE_POINT };

/* A role lives at units of these levels and is managed by these roles. */
static const struct {
  gk_role_t role;
  const char *level;
  unsigned managers;
} rules[] = {
    {GK_ROLE_PROVINCE, "province", 0},        {GK_ROLE_CITY, "city", P},
    {GK_ROLE_COUNTY, "county", P | C},        {GK_ROLE_POINT, "point", P | C | N},
    {GK_ROLE_REVIEWER, "point", P | C | N | O}, {GK_ROLE_AUDITOR, "province", P},
    {GK_ROLE_AUDITOR, "city", P | C},         {GK_ROLE_AUDITOR, "county", P | C | N},
    {GK_ROLE_EXPORT, "province", P},
};

static bool lives_at(gk_role_t role, const char *level, unsigned *managers)
{
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
    if (rules[i].role == role && strcmp(rules[i].level, level) == 0) {
      *managers = rules[i].managers;
      return true;
    }
  return false;
}

bool gk_account_may_manage(gk_role_t creator, gk_role_t role, const char *level)
{
  unsigned managers = 0;
  return lives_at(role, level, &managers) && (managers & (unsigned)creator) != 0;
}

/* gaokaoctl's operator (account 0 with a scope) may do all. */
static bool system_act(const gk_act_t *act)
{
  return act->who->account_id == 0 && act->who->role == GK_ROLE_PROVINCE;
}

static gk_error_t *check_manage(const gk_act_t *act, const gk_account_t *account)
{
  if (system_act(act))
    return NULL;
  if (account->id == act->who->account_id)
    return gk_error(act->pool, GK_E_FORBIDDEN, "自己的账号请在“我的账号”里修改",
                    "Change your own account under 'my account'");
  if (gk_account_may_manage(act->who->role, account->role, account->org_level))
    return NULL;
  return gk_error(act->pool, GK_E_FORBIDDEN, "账号只能由上级机构管理", "An account is managed by the level above it");
}

/* ---- reading ------------------------------------------------------------------------------------------ */

gk_error_t *gk_account_get(gk_account_t **out, gk_act_t *act, apr_int64_t id)
{
  gk_account_t *account = apr_pcalloc(act->pool, sizeof(*account));
  GK_TRY(gk_account_store_get(account, act, id));
  *out = account;
  return NULL;
}

const char *gk_account_cursor(const gk_account_t *account, apr_pool_t *pool)
{
  return apr_pstrcat(pool, account->org_path, ",", account->login, NULL);
}

static gk_error_t *subtree(const char **lo, const char **hi, gk_act_t *act, apr_int64_t org_id)
{
  *lo = act->who->scope_lo;
  *hi = act->who->scope_hi;
  if (org_id != 0) {
    gk_org_t *org;
    GK_TRY(gk_org_get(&org, act, org_id));
    gk_scope_of(org->path, lo, hi, act->pool);
  }
  return NULL;
}

gk_error_t *gk_account_list(apr_array_header_t **accounts, gk_act_t *act, const gk_account_filter_t *filter,
                            int limit)
{
  const char *lo, *hi, *path = "", *login = "";
  if (filter->after != NULL) {
    char *text = apr_pstrdup(act->pool, filter->after), *comma = strchr(text, ',');
    if (comma == NULL) {
      gk_error_t *error = NULL;
      gk_violation(&error, act->pool, "?after", "cursor", "翻页参数不对，请从第一页重新查询",
                   "This is no cursor: start from the first page");
      return error;
    }
    *comma = '\0';
    path = text;
    login = comma + 1;
  }
  GK_TRY(subtree(&lo, &hi, act, filter->org_id));
  return gk_account_store_list(accounts, act, filter, lo, hi, path, login, false, limit);
}

/* ---- creating ----------------------------------------------------------------------------------------- */

/* A fault of input `index`: at pointer/index/key in a batch, at /key alone. */
static void fault(gk_error_t **error, const gk_act_t *act, const char *pointer, int index, const char *key,
                  const char *code, const char *zh, const char *en)
{
  const char *at = pointer != NULL ? apr_psprintf(act->pool, "%s/%d/%s", pointer, index, key)
                                   : apr_pstrcat(act->pool, "/", key, NULL);
  gk_violation(error, act->pool, at, code, "%s", "%s", "");
  gk_violation_t *last =
      &APR_ARRAY_IDX((*error)->violations, (*error)->violations->nelts - 1, gk_violation_t);
  last->zh = zh;
  last->en = en;
}

static bool good_login(const char *login)
{
  apr_size_t length = strlen(login);
  return length >= 3 && length <= 32 && strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

/* The unit an input names, looked up once for a whole batch. *out NULL: none in the actor's subtree. */
static gk_error_t *find_org(gk_org_t **out, gk_act_t *act, apr_hash_t *known, const gk_account_input_t *input)
{
  const char *key = input->org_code != NULL ? apr_pstrcat(act->pool, "c", input->org_code, NULL)
                                            : apr_psprintf(act->pool, "i%" APR_INT64_T_FMT, input->org_id);
  static gk_org_t none;
  gk_org_t *org = apr_hash_get(known, key, APR_HASH_KEY_STRING);
  if (org == NULL) {
    gk_error_t *error = input->org_code != NULL ? gk_org_by_code(&org, act, input->org_code)
                                                : gk_org_get(&org, act, input->org_id);
    if (error != NULL && error->code != GK_E_NOT_FOUND)
      return error;
    if (error != NULL)
      org = &none;
    apr_hash_set(known, key, APR_HASH_KEY_STRING, org);
  }
  *out = org == &none ? NULL : org;
  return NULL;
}

typedef struct plan_t {
  const gk_account_input_t *input;
  const gk_org_t *org;
} plan_t;

/* Judges one input; faults are collected. */
static gk_error_t *judge(plan_t *plan, gk_error_t **faults, gk_act_t *act, apr_hash_t *known,
                         apr_hash_t *logins, const gk_account_input_t *input, int index, const char *pointer)
{
  gk_org_t *org;
  unsigned managers = 0;
  GK_TRY(find_org(&org, act, known, input));
  plan->input = input;
  plan->org = org;
  if (input->login != NULL && !good_login(input->login))
    fault(faults, act, pointer, index, "login", "pattern", "登录名应为 3 到 32 个小写字母、数字或 . _ -",
          "A login has 3 to 32 of a-z, 0-9, . _ -");
  else if (input->login != NULL && apr_hash_get(logins, input->login, APR_HASH_KEY_STRING) != NULL)
    fault(faults, act, pointer, index, "login", "twice", "这个登录名在本批中出现了两次",
          "This login stands twice in the batch");
  else if (input->login != NULL)
    apr_hash_set(logins, input->login, APR_HASH_KEY_STRING, input);
  const char *key = input->org_code != NULL ? "org_code" : "org_id";
  if (org == NULL) {
    if (pointer == NULL)
      return gk_error(act->pool, GK_E_NOT_FOUND, "没有这个机构，或不在您的管辖范围内", "There is no such unit in your area");
    fault(faults, act, pointer, index, key, "not-found", "没有这个机构，或不在您的管辖范围内",
          "There is no such unit in your area");
  } else if (!lives_at(input->role, org->level, &managers)) {
    fault(faults, act, pointer, index, "role", "level", "这一级机构没有这种角色",
          "Units of this level have no such role");
  } else if (!system_act(act) && (managers & (unsigned)act->who->role) == 0) {
    fault(faults, act, pointer, index, "role", "not-yours", "只能给下级机构建立账号",
          "You make accounts of the levels below only");
  } else if (!org->open) {
    fault(faults, act, pointer, index, key, "closed", "该机构已停用，请先启用",
          "This unit is switched off: switch it on first");
  }
  return NULL;
}

/* The unit's code and the next serial: 4301020007-02. */
static gk_error_t *insert_numbered(apr_int64_t *id, gk_act_t *act, const plan_t *plan, const char *name)
{
  bool made = false;
  apr_int64_t n;
  GK_TRY(gk_account_store_count_at(&n, act, plan->org->path));
  for (apr_int64_t i = n + 1; i <= n + 100 && !made; i++)
    GK_TRY(gk_account_store_insert(&made, id, act,
                                   apr_psprintf(act->pool, "%s-%02d", plan->org->code, (int)i),
                                   plan->input->role, plan->org->id, name));
  if (made)
    return NULL;
  return gk_error(act->pool, GK_E_CONFLICT, "无法为“%s”自动取登录名，请自行指定",
                  "No login could be found for '%s': give one", plan->org->name);
}

gk_error_t *gk_account_create(apr_array_header_t **accounts, gk_act_t *act, const gk_account_input_t *inputs,
                              int count, const char *pointer)
{
  apr_pool_t *pool = act->pool;
  gk_error_t *faults = NULL;
  apr_hash_t *known = apr_hash_make(pool), *logins = apr_hash_make(pool);
  plan_t *plans = apr_pcalloc(pool, sizeof(*plans) * (apr_size_t)(count + 1));
  for (int i = 0; i < count; i++)
    GK_TRY(judge(&plans[i], &faults, act, known, logins, &inputs[i], i, pointer));
  GK_TRY(faults);
  apr_array_header_t *out = apr_array_make(pool, count, sizeof(gk_account_t *));
  GK_TRY(gk_act_begin(act));
  for (int i = 0; i < count; i++) {
    apr_int64_t id = 0;
    bool made = true;
    const char *name = inputs[i].display_name != NULL ? inputs[i].display_name : plans[i].org->name;
    if (inputs[i].login == NULL)
      GK_TRY(insert_numbered(&id, act, &plans[i], name));
    else
      GK_TRY(
          gk_account_store_insert(&made, &id, act, inputs[i].login, inputs[i].role, plans[i].org->id, name));
    if (!made) {
      fault(&faults, act, pointer, i, "login", "taken", "这个登录名已有人使用，请换一个",
            "This login is in use: take another one");
      continue;
    }
    gk_account_t *account;
    GK_TRY(gk_account_get(&account, act, id));
    GK_TRY(gk_audit(act, "account.create", "account", id, account->version, account->org_path, NULL,
                    gk_account_json(account, pool)));
    APR_ARRAY_PUSH(out, gk_account_t *) = account;
  }
  GK_TRY(faults);
  *accounts = out;
  return NULL;
}

/* ---- changing ----------------------------------------------------------------------------------------- */

/* Loads for a change by If-Match. */
static gk_error_t *load(gk_account_t **account, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_account_get(account, act, id));
  GK_TRY(check_manage(act, *account));
  return (*account)->version == version ? NULL : gk_stale(act, (*account)->version);
}

/* What the statement left; the audit row tells both. */
static gk_error_t *written(gk_account_t **out, gk_act_t *act, apr_int64_t id, bool changed,
                           const char *action, gk_json_t *before)
{
  gk_account_t *account;
  GK_TRY(gk_account_get(&account, act, id));
  if (!changed)
    return gk_stale(act, account->version);
  GK_TRY(gk_audit(act, action, "account", id, account->version, account->org_path, before,
                  gk_account_json(account, act->pool)));
  *out = account;
  return NULL;
}

gk_error_t *gk_account_update(gk_account_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                              const gk_account_change_t *change)
{
  gk_account_t *account;
  bool changed;
  GK_TRY(load(&account, act, id, version));
  gk_account_t next = *account;
  if (change->display_name != NULL)
    next.display_name = change->display_name;
  if (change->enabled != -1)
    next.enabled = change->enabled != 0;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_update(&changed, act, &next, account->enabled && !next.enabled));
  return written(out, act, id, changed, "account.update", gk_account_json(account, act->pool));
}

gk_error_t *gk_account_sign_out(gk_account_t **out, gk_act_t *act, apr_int64_t id)
{
  gk_account_t *account;
  GK_TRY(gk_account_get(&account, act, id));
  GK_TRY(check_manage(act, account));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_sign_out(act, id));
  return written(out, act, id, true, "account.sign_out", NULL);
}

/* ---- slips -------------------------------------------------------------------------------------------- */

gk_slip_t gk_account_slip(const gk_act_t *act, const gk_account_t *account)
{
  return (gk_slip_t){.account_id = account->id,
                     .login = account->login,
                     .role = account->role,
                     .display_name = account->display_name,
                     .org_id = account->org_id,
                     .org_code = account->org_code,
                     .org_name = account->org_name,
                     .org_level = account->org_level,
                     .password = account->own_password
                                     ? NULL
                                     : gk_slip_password(gk_core_keys(act->core), account->id,
                                                        account->slip_generation, act->pool),
                     .generation = account->slip_generation,
                     .version = account->version};
}

static gk_error_t *accounts_of_ids(apr_array_header_t **out, gk_act_t *act, const apr_array_header_t *ids)
{
  *out = apr_array_make(act->pool, ids->nelts, sizeof(gk_account_t *));
  for (int i = 0; i < ids->nelts; i++) {
    gk_account_t *account;
    GK_TRY(gk_account_get(&account, act, APR_ARRAY_IDX(ids, i, apr_int64_t)));
    GK_TRY(check_manage(act, account));
    APR_ARRAY_PUSH(*out, gk_account_t *) = account;
  }
  return NULL;
}

static gk_error_t *accounts_of_org(apr_array_header_t **out, gk_act_t *act, apr_int64_t org_id,
                                   gk_role_t role)
{
  const char *lo, *hi;
  apr_array_header_t *found;
  gk_account_filter_t filter = {.role = role, .enabled = 1};
  GK_TRY(subtree(&lo, &hi, act, org_id));
  GK_TRY(gk_account_store_list(&found, act, &filter, lo, hi, "", "", true, SLIPS_MAX + 1));
  *out = apr_array_make(act->pool, found->nelts, sizeof(gk_account_t *));
  for (int i = 0; i < found->nelts; i++)
    if (check_manage(act, APR_ARRAY_IDX(found, i, gk_account_t *)) == NULL)
      APR_ARRAY_PUSH(*out, gk_account_t *) = APR_ARRAY_IDX(found, i, gk_account_t *);
  if (found->nelts > SLIPS_MAX) {
    gk_error_t *error = NULL;
    gk_violation(&error, act->pool, "/org_id", "too-many", "超过 %d 张密码条，请按下级机构分批打印",
                 "More than %d slips: print them unit by unit", SLIPS_MAX);
    return error;
  }
  return NULL;
}

gk_error_t *gk_account_slips(apr_array_header_t **slips, apr_array_header_t **skipped, gk_act_t *act,
                             const apr_array_header_t *ids, apr_int64_t org_id, gk_role_t role)
{
  apr_array_header_t *accounts;
  if (ids != NULL)
    GK_TRY(accounts_of_ids(&accounts, act, ids));
  else
    GK_TRY(accounts_of_org(&accounts, act, org_id, role));
  apr_array_header_t *out = apr_array_make(act->pool, accounts->nelts, sizeof(gk_slip_t));
  apr_array_header_t *rest = apr_array_make(act->pool, 4, sizeof(apr_int64_t));
  gk_json_t *printed = gk_json_array(act->pool), *after = gk_json_object(act->pool);
  for (int i = 0; i < accounts->nelts; i++) {
    const gk_account_t *account = APR_ARRAY_IDX(accounts, i, gk_account_t *);
    if (account->own_password || !account->enabled) {
      APR_ARRAY_PUSH(rest, apr_int64_t) = account->id;
      continue;
    }
    APR_ARRAY_PUSH(out, gk_slip_t) = gk_account_slip(act, account);
    gk_json_add_int(printed, account->id);
  }
  gk_json_set(after, "accounts", printed);
  if (out->nelts > 0)
    GK_TRY(gk_audit(act, "account.slips", "account", 0, 0, act->who->org_path, NULL, after));
  *slips = out;
  *skipped = rest;
  return NULL;
}

gk_error_t *gk_account_check_used(const gk_act_t *act, const gk_account_t *account, bool asked)
{
  gk_error_t *error = NULL;
  if (!asked && (account->own_password || account->signed_in != 0))
    gk_violation(&error, act->pool, "/used", "used",
                 "这个密码已经用过，重置后本人自己设置的密码也作废：先问过本人，确实忘记了再确认（used 为 true）",
                 "This password was used, and the own password dies too: ask the person first, then confirm (used: true)");
  return error;
}

gk_error_t *gk_account_renew_slip(gk_slip_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  bool reset_totp, bool asked)
{
  gk_account_t *account, *next;
  bool changed;
  GK_TRY(load(&account, act, id, version));
  GK_TRY(gk_account_check_used(act, account, asked));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_renew_slip(&changed, act, id, version, reset_totp));
  GK_TRY(written(&next, act, id, changed, "account.renew_slip", gk_account_json(account, act->pool)));
  *out = gk_account_slip(act, next);
  return NULL;
}

/* ---- candidates' accounts ----------------------------------------------------------------------------- */

gk_error_t *gk_account_create_for_candidate(gk_act_t *act, apr_int64_t candidate_id, apr_int64_t season_id,
                                            const char *number, apr_int64_t org_id, const char *org_path,
                                            const char *name, apr_int64_t *id)
{
  bool made;
  apr_int64_t new_id = 0;
  if (!gk_act_covers(act, org_path))
    return gk_error_plain(act->pool, GK_E_NOT_FOUND);
  GK_TRY(gk_act_begin(act));
  GK_TRY(
      gk_account_store_insert_candidate(&made, &new_id, act, season_id, number, candidate_id, org_id, name));
  if (!made)
    return gk_error(act->pool, GK_E_CONFLICT, "报名顺序号 %s 已有登录账号",
                    "The registration number %s has an account already", number);
  if (id != NULL)
    *id = new_id;
  return NULL;
}

gk_error_t *gk_account_of_candidate(gk_account_t **out, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_account_t *account = apr_pcalloc(act->pool, sizeof(*account));
  GK_TRY(gk_account_store_of_candidate(account, act, candidate_id));
  *out = account;
  return NULL;
}

gk_error_t *gk_account_renew_slip_for_candidate(gk_slip_t *out, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_account_t *account;
  bool changed;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_of_candidate(&account, act, candidate_id));
  GK_TRY(gk_account_store_renew_slip(&changed, act, account->id, account->version, true));
  GK_TRY(gk_account_of_candidate(&account, act, candidate_id));
  if (!changed)
    return gk_error_retry(gk_error_plain(act->pool, GK_E_RETRY), APR_USEC_PER_SEC);
  *out = gk_account_slip(act, account);
  return NULL;
}

gk_error_t *gk_account_follow_candidate(gk_act_t *act, apr_int64_t candidate_id, const char *name,
                                        int enabled)
{
  gk_account_t *account;
  bool changed;
  gk_error_t *error = gk_account_of_candidate(&account, act, candidate_id);
  if (error != NULL)
    return error->code == GK_E_NOT_FOUND ? NULL : error;
  gk_account_t next = *account;
  if (name != NULL)
    next.display_name = name;
  if (enabled != -1)
    next.enabled = enabled != 0;
  if (next.enabled == account->enabled && strcmp(next.display_name, account->display_name) == 0)
    return NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_update(&changed, act, &next, account->enabled && !next.enabled));
  return changed ? NULL : gk_error_retry(gk_error_plain(act->pool, GK_E_RETRY), APR_USEC_PER_SEC);
}

/* ---- gaokaoctl ---------------------------------------------------------------------------------------- */

static gk_error_t *load_for_system(gk_account_t **account, gk_act_t *act, apr_int64_t id)
{
  if (!system_act(act))
    return gk_error_plain(act->pool, GK_E_FORBIDDEN);
  return gk_account_get(account, act, id);
}

gk_error_t *gk_account_set_password(gk_act_t *act, apr_int64_t id, const char *password)
{
  gk_account_t *account;
  gk_error_t *error = NULL;
  const char *hash;
  GK_TRY(load_for_system(&account, act, id));
  gk_session_check_password(&error, "/password", account, account->totp, NULL, password, act->pool);
  GK_TRY(error);
  GK_TRY(gk_password_hash(&hash, gk_text_nfc(act->pool, password), NULL, act->pool));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_set_password(act, id, hash));
  return written(&account, act, id, true, "account.password", NULL);
}

gk_error_t *gk_account_set_totp(gk_act_t *act, apr_int64_t id, const char *secret)
{
  gk_account_t *account;
  gk_totp_t totp = {.active = secret};
  gk_blob_t blob = {NULL, 0};
  GK_TRY(load_for_system(&account, act, id));
  if (secret != NULL)
    GK_TRY(gk_totp_seal(&blob, act, id, &totp));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_store_set_totp(act, id, blob));
  return written(&account, act, id, true, "account.totp", NULL);
}

/* ---- JSON --------------------------------------------------------------------------------------------- */

gk_json_t *gk_account_json(const gk_account_t *account, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", account->id);
  gk_json_set_str(json, "login", account->login);
  gk_json_set_str(json, "role", gk_role_name(account->role));
  gk_json_set(
      json, "org",
      gk_org_brief_json(account->org_id, account->org_code, account->org_name, account->org_level, pool));
  gk_json_set_str(json, "org_path", account->org_path);
  gk_json_set_str(json, "display_name", account->display_name);
  gk_json_set_bool(json, "enabled", account->enabled);
  gk_json_set_bool(json, "own_password", account->own_password);
  gk_json_set_bool(json, "totp", account->totp);
  gk_json_set_int(json, "slip_generation", account->slip_generation);
  gk_json_set_int(json, "version", account->version);
  gk_json_set_time(json, "created_at", account->created);
  gk_json_set_time(json, "updated_at", account->updated);
  gk_json_set_time(json, "signed_in_at", account->signed_in);
  gk_json_set_time(json, "dead_slip_at", account->dead_slip);
  return json;
}

gk_json_t *gk_slip_json(const gk_slip_t *slip, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "account_id", slip->account_id);
  gk_json_set_str(json, "login", slip->login);
  gk_json_set_str(json, "role", gk_role_name(slip->role));
  gk_json_set_str(json, "display_name", slip->display_name);
  gk_json_set(json, "org", gk_org_brief_json(slip->org_id, slip->org_code, slip->org_name, slip->org_level, pool));
  gk_json_set_str(json, "password", slip->password);
  gk_json_set_int(json, "slip_generation", slip->generation);
  gk_json_set_int(json, "version", slip->version);
  return json;
}
