/* ctl/accounts.c: account create, account list: the first accounts of an instance, and a look at those there are. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "ctl/accounts.h"
#include "store/sql.h"

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

gk_error_t *gk_ctl__account_make(gk_ctl_t *ctl, const gk_account_input_t *input, const char *password,
                                 const char *totp_secret, gk_account_t **out)
{
  apr_array_header_t *made;
  GK_TRY(gk_account_create(&made, &ctl->act, input, 1, NULL));
  *out = APR_ARRAY_IDX(made, 0, gk_account_t *);
  if (password != NULL)
    GK_TRY(gk_account_set_password(&ctl->act, (*out)->id, password));
  if (totp_secret != NULL)
    GK_TRY(gk_account_set_totp(&ctl->act, (*out)->id, totp_secret));
  return NULL;
}

gk_error_t *gk_ctl_account_create(gk_ctl_t *ctl)
{
  const char *role = gk_ctl__option(ctl, "role"), *login = gk_ctl__option(ctl, "login"), *password = NULL,
             *secret = NULL;
  if (role == NULL || login == NULL)
    return gk_ctl__usage(
        ctl, "需要 --role 和 --login，例如：gaokaoctl account create --role province --login hnadmin",
        "--role and --login are needed, for example: gaokaoctl account create --role province --login hnadmin");
  gk_account_input_t input = {.login = login,
                              .role = gk_role_parse(role),
                              .org_code = gk_ctl__option(ctl, "org"),
                              .display_name = gk_ctl__option(ctl, "name")};
  if (input.role == GK_ROLE_NONE || input.role == GK_ROLE_CANDIDATE || input.role == GK_ROLE_DEVICE)
    return gk_ctl__usage(ctl, "--role 应为 province city county point reviewer auditor export 之一",
                         "--role is one of province city county point reviewer auditor export");
  if (input.org_code == NULL && (input.role & (GK_ROLE_PROVINCE | GK_ROLE_EXPORT | GK_ROLE_AUDITOR)) != 0) {
    apr_array_header_t *roots;
    GK_TRY(gk_db_list(ctl->db, GK_CALL(ctl_orgs, .level = "province"), &roots, ctl->pool));
    if (roots->nelts > 0)
      input.org_code = APR_ARRAY_IDX(roots, 0, gk_row_ctl_orgs_t).code;
  }
  if (input.org_code == NULL)
    return gk_ctl__usage(ctl, "需要 --org 机构代码，例如 --org 430102",
                         "--org with a unit's code is needed, for example --org 430102");
  if (gk_ctl__option(ctl, "password-stdin") != NULL)
    GK_TRY(read_password(ctl, &password));
  if (gk_ctl__option(ctl, "totp") != NULL)
    secret = gk_totp_secret(ctl->pool);
  gk_account_t *account = NULL;
  GK_TRY(gk_ctl__finish(ctl, gk_ctl__account_make(ctl, &input, password, secret, &account)));

  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", account->id);
  gk_json_set_str(result, "login", account->login);
  gk_json_set_str(result, "role", role);
  gk_json_set_str(result, "org", account->org_code);
  gk_ctl__say(ctl, "用户 %s（%s，%s）", "Account %s (%s, %s)", account->login, role, account->org_name);
  if (password == NULL) {
    gk_slip_t slip = gk_account_slip(&ctl->act, account);
    gk_json_set_str(result, "initial_password", slip.password);
    gk_ctl__say(ctl, "初始密码 %s（第一次登录时必须修改）",
                "Initial password %s (has to be changed at the first sign-in)", slip.password);
  }
  if (secret != NULL) {
    gk_json_set_str(result, "totp_secret", secret);
    gk_ctl__say(ctl, "动态口令密钥 %s", "Secret of the one-time codes %s", secret);
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
