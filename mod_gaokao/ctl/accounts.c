/* ctl/accounts.c: account create, account list: the first accounts of an instance, and a look at those there are. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "ctl/accounts.h"
#include "store/sql.h"

/* Which level's unit a role works at; NULL: any. */
static const char *level_of(gk_role_t role)
{
  switch (role) {
  case GK_ROLE_PROVINCE:
  case GK_ROLE_EXPORT: return "province";
  case GK_ROLE_CITY: return "city";
  case GK_ROLE_COUNTY: return "county";
  case GK_ROLE_POINT:
  case GK_ROLE_REVIEWER: return "point";
  default: return NULL;
  }
}

gk_error_t *gk_ctl__account_insert(gk_ctl_t *ctl, gk_ctl_account_t *account)
{
  gk_row_ctl_account_insert_t row;
  gk_sealed_t sealed = {"", NULL, 0};
  GK_TRY(gk_db_get(ctl->db,
                   GK_CALL(ctl_account_insert, .realm = account->candidate_id != 0 ? "candidate" : "staff",
                           .season_id = account->season_id, .login = account->login, .role = gk_role_name(account->role),
                           .org_id = account->org_id, .org_path = account->org_path, .candidate_id = account->candidate_id,
                           .display_name = account->display_name, .password = account->password_hash,
                           .created_us = account->created),
                   &row, ctl->pool));
  account->id = row.id;
  if (account->totp_secret != NULL) {
    GK_TRY(gk_seal(&sealed, gk_core_keys(ctl->core), gk_ctl__totp_context(row.id, ctl->pool), account->totp_secret,
                   strlen(account->totp_secret), ctl->pool));
    GK_TRY(gk_db_exec(ctl->db, GK_CALL(ctl_account_totp, .id = row.id, .totp = {sealed.bytes, sealed.length}), NULL,
                      ctl->pool));
  }
  return NULL;
}

const char *gk_ctl__totp_context(apr_int64_t account_id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "account.totp.%" APR_INT64_T_FMT, account_id);
}

/* One line of standard input without its end. */
static gk_error_t *read_password(gk_ctl_t *ctl, const char **out)
{
  char text[1024];
  if (fgets(text, sizeof(text), stdin) == NULL)
    return gk_ctl__usage(ctl, "标准输入中没有密码", "There is no password on standard input");
  text[strcspn(text, "\r\n")] = '\0';
  if (!gk_utf8_valid(text, strlen(text)) || gk_utf8_length(text) < 15 || gk_utf8_length(text) > 128)
    return gk_ctl__usage(ctl, "密码要有 15 到 128 个字符", "The password needs 15 to 128 characters");
  *out = apr_pstrdup(ctl->pool, text);
  return NULL;
}

static gk_error_t *create(gk_ctl_t *ctl, gk_ctl_account_t *account)
{
  GK_TRY(gk_act_begin(&ctl->act));
  bool found;
  gk_row_ctl_account_by_login_t row;
  GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_account_by_login, .login = account->login), &found, &row, ctl->pool));
  if (found)
    return gk_error(ctl->pool, GK_E_CONFLICT, "用户名 %s 已存在", "There is an account '%s' already", account->login);
  GK_TRY(gk_ctl__account_insert(ctl, account));
  gk_json_t *after = gk_json_object(ctl->pool);
  gk_json_set_str(after, "login", account->login);
  gk_json_set_str(after, "role", gk_role_name(account->role));
  return gk_audit(&ctl->act, "account.create", "account", account->id, 1, account->org_path, NULL, after);
}

gk_error_t *gk_ctl_account_create(gk_ctl_t *ctl)
{
  const char *role = gk_ctl__option(ctl, "role"), *login = gk_ctl__option(ctl, "login"), *org = gk_ctl__option(ctl, "org");
  if (role == NULL || login == NULL)
    return gk_ctl__usage(ctl, "需要 --role 和 --login，例如：gaokaoctl account create --role province --login hnadmin",
                         "--role and --login are needed, for example: gaokaoctl account create --role province --login hnadmin");
  gk_ctl_account_t account = {.role = gk_role_parse(role), .created = ctl->act.now};
  if (account.role == GK_ROLE_NONE || account.role == GK_ROLE_CANDIDATE || account.role == GK_ROLE_DEVICE)
    return gk_ctl__usage(ctl, "--role 应为 province city county point reviewer auditor export 之一",
                         "--role is one of province city county point reviewer auditor export");
  size_t length = strlen(login);
  if (length < 3 || length > 40 || strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length)
    return gk_ctl__usage(ctl, "用户名由 3 到 40 个小写字母、数字、点、下划线或横线组成",
                         "A login has 3 to 40 lower-case letters, digits, dots, underscores or hyphens");
  bool found;
  gk_row_ctl_org_by_code_t unit;
  const char *level = level_of(account.role), *name = gk_ctl__option(ctl, "name");
  if (org == NULL && (level == NULL || strcmp(level, "province") == 0))
    org = "43";
  if (org == NULL)
    return gk_ctl__usage(ctl, "需要 --org 机构代码，例如 --org 430102", "--org with a unit's code is needed, for example --org 430102");
  GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_org_by_code, .code = org), &found, &unit, ctl->pool));
  if (!found)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "没有机构 %s", "There is no unit %s", org);
  if (level != NULL && strcmp(level, unit.level) != 0)
    return gk_error(ctl->pool, GK_E_INVALID, "角色 %s 不能属于机构 %s，级别应为 %s", "Role %s can't belong to unit %s: its level has to be %s",
                    role, org, level);
  account.login = login;
  account.org_id = unit.id;
  account.org_path = unit.path;
  account.display_name = name != NULL ? name : unit.name;
  if (gk_ctl__option(ctl, "password-stdin") != NULL) {
    const char *password;
    GK_TRY(read_password(ctl, &password));
    GK_TRY(gk_password_hash(&account.password_hash, password, NULL, ctl->pool));
  }
  if (gk_ctl__option(ctl, "totp") != NULL)
    account.totp_secret = gk_totp_secret(ctl->pool);
  GK_TRY(gk_ctl__finish(ctl, create(ctl, &account)));

  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", account.id);
  gk_json_set_str(result, "login", login);
  gk_json_set_str(result, "role", role);
  gk_json_set_str(result, "org", unit.code);
  gk_ctl__say(ctl, "用户 %s（%s，%s）", "Account %s (%s, %s)", login, role, unit.name);
  if (account.password_hash == NULL) {
    const char *slip = gk_slip_password(gk_core_keys(ctl->core), account.id, 1, ctl->pool);
    gk_json_set_str(result, "initial_password", slip);
    gk_ctl__say(ctl, "初始密码 %s（第一次登录时必须修改）", "Initial password %s (has to be changed at the first sign-in)", slip);
  }
  if (account.totp_secret != NULL) {
    gk_json_set_str(result, "totp_secret", account.totp_secret);
    gk_ctl__say(ctl, "动态口令密钥 %s", "Secret of the one-time codes %s", account.totp_secret);
  }
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl__scope(gk_ctl_t *ctl, const char *code, const char **lo, const char **hi)
{
  if (code == NULL) {
    *lo = ctl->who.scope_lo;
    *hi = ctl->who.scope_hi;
    return NULL;
  }
  bool found;
  gk_row_ctl_org_by_code_t unit;
  GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_org_by_code, .code = code), &found, &unit, ctl->pool));
  if (!found)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "没有机构 %s", "There is no unit %s", code);
  gk_scope_of(unit.path, lo, hi, ctl->pool);
  return NULL;
}

gk_error_t *gk_ctl_account_list(gk_ctl_t *ctl)
{
  const char *lo, *hi, *role = gk_ctl__option(ctl, "role"), *after = gk_ctl__option(ctl, "after");
  apr_int64_t limit;
  apr_array_header_t *rows;
  GK_TRY(gk_ctl__scope(ctl, gk_ctl__option(ctl, "org"), &lo, &hi));
  GK_TRY(gk_ctl__number(&limit, ctl, "limit", 1, 10000, 200));
  if (role != NULL && gk_role_parse(role) == GK_ROLE_NONE)
    return gk_ctl__usage(ctl, "没有角色 %s", "There is no role %s", role);
  GK_TRY(gk_db_list(ctl->db,
                    GK_CALL(ctl_accounts, .scope_lo = lo, .scope_hi = hi, .role = role != NULL ? role : "",
                            .after = after != NULL ? after : "", .limit = limit),
                    &rows, ctl->pool));
  apr_array_header_t *lines = apr_array_make(ctl->pool, rows->nelts + 1, sizeof(const char **));
  gk_json_t *list = gk_json_array(ctl->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_ctl_accounts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_ctl_accounts_t);
    const char **line = apr_palloc(ctl->pool, 7 * sizeof(*line));
    line[0] = row->login;
    line[1] = row->role;
    line[2] = row->org_path;
    line[3] = row->display_name;
    line[4] = row->enabled != 0 ? "" : "off";
    line[5] = row->own_password != 0 ? "own" : "slip";
    line[6] = row->totp != 0 ? "totp" : "";
    APR_ARRAY_PUSH(lines, const char **) = line;
    gk_json_t *json = gk_json_object(ctl->pool);
    gk_json_set_int(json, "id", row->id);
    gk_json_set_str(json, "login", row->login);
    gk_json_set_str(json, "role", row->role);
    gk_json_set_str(json, "org_path", row->org_path);
    gk_json_set_str(json, "display_name", row->display_name);
    gk_json_set_bool(json, "enabled", row->enabled != 0);
    gk_json_set_bool(json, "own_password", row->own_password != 0);
    gk_json_set_bool(json, "totp", row->totp != 0);
    gk_json_set_time(json, "signed_in_at", row->signed_in_us);
    gk_json_add(list, json);
  }
  gk_ctl__table(ctl, "login|role|unit|name|enabled|password|totp", lines);
  gk_ctl__result(ctl, list);
  return NULL;
}
