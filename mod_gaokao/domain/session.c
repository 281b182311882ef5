/* domain/session.c: see session.h. */
#include "domain/session.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "domain/ports_session.h"
#include "domain/totp.h"

enum { FREE_FAILURES = 4, MOST_FAILURES = 100, BUCKETS = 65536 };
#define DELAY_MAX_US (15 * GK_MINUTE)

/* ---- who somebody is ---------------------------------------------------------------------------------- */

static bool needs_totp(gk_role_t role) { return role == GK_ROLE_PROVINCE || role == GK_ROLE_CITY; }

static gk_signed_in_t signed_in(const gk_account_t *account, const char *session_id, apr_time_t issued,
                                apr_pool_t *pool)
{
  gk_signed_in_t in = {.who = {.role = account->role,
                               .account_id = account->id,
                               .login = account->login,
                               .display_name = account->display_name,
                               .org_id = account->org_id,
                               .org_level = account->org_level,
                               .org_path = account->org_path,
                               .candidate_id = account->candidate_id,
                               .session_id = session_id,
                               .generation = account->generation,
                               .session_issued = issued,
                               .must_change_password = !account->own_password,
                               .must_enrol_totp = needs_totp(account->role) && !account->totp},
                       .must_change_password = !account->own_password,
                       .must_enrol_totp = needs_totp(account->role) && !account->totp,
                       .totp = account->totp,
                       .org_code = account->org_code,
                       .org_name = account->org_name};
  gk_scope_of(account->org_path, &in.who.scope_lo, &in.who.scope_hi, pool);
  return in;
}

/* A session that begins now: a new id at each change of password or rights (faults.md ID-5). */
static gk_signed_in_t begin(const gk_account_t *account, const gk_act_t *act)
{
  return signed_in(account, gk_random_hex(act->pool, 16), act->now, act->pool);
}

/* ---- delays ------------------------------------------------------------------------------------------- */

/* When the next try is allowed after `failures` failures and one more. */
static apr_time_t delay_until(apr_int64_t failures, apr_time_t now)
{
  apr_int64_t over = failures - FREE_FAILURES;
  if (over < 0)
    return 0;
  apr_interval_time_t delay = over >= 10 ? DELAY_MAX_US : GK_SECOND << over;
  return now + (delay < DELAY_MAX_US ? delay : DELAY_MAX_US);
}

/* Nobody gets in now, whatever is typed. A stranger's hundredth failure in a row needs a new slip (NIST SP
 * 800-63B); a known browser only ever waits. */
static bool blocked(const gk_credential_t *credential, apr_time_t now)
{
  return credential->blocked_until > now ||
         (credential->browser == NULL && credential->failures >= MOST_FAILURES);
}

static gk_error_t *count_failure(gk_act_t *act, const gk_credential_t *credential)
{
  GK_TRY(gk_act_begin(act));
  return gk_session_store_failed(act, credential, delay_until(credential->failures, act->now));
}

/* What the account's table knows a browser by. */
static const char *browser_key(const gk_act_t *act, const char *browser)
{
  return browser != NULL ? gk_blind_index(gk_core_keys(act->core), "known_browser", browser, act->pool)
                         : NULL;
}

static gk_error_t *recognise(gk_credential_t *credential, gk_act_t *act, const char *browser)
{
  return browser != NULL ? gk_session_store_browser(credential, act, browser_key(act, browser)) : NULL;
}

static apr_int64_t bucket_of(gk_act_t *act, const char *realm, const char *login)
{
  const char *digest = gk_blind_index(gk_core_keys(act->core),
                                      apr_pstrcat(act->pool, "sign_in_miss.", realm, NULL), login, act->pool);
  apr_int64_t bucket = 0;
  for (int i = 0; i < 4; i++)
    bucket = bucket * 16 + (digest[i] <= '9' ? digest[i] - '0' : digest[i] - 'a' + 10);
  return bucket % BUCKETS;
}

static gk_error_t *wrong(apr_pool_t *pool)
{
  return gk_error(
      pool, GK_E_SIGN_IN_FAILED,
      "账号或密码不对，请核对后再试；连续输错要等一段时间，忘记密码请联系上级机构（考生请到报名点）",
      "The account or the password is not right. After several failures there is a waiting time; if you "
      "forgot the password, ask the level above (candidates: your registration point)");
}

/* Somebody nobody knows: the same work as for an account. */
static gk_error_t *refuse_unknown(gk_error_t **refusal, gk_act_t *act, const char *realm, const char *login,
                                  const char *password)
{
  apr_int64_t failures, bucket = bucket_of(act, realm, login);
  apr_time_t blocked_until;
  GK_TRY(gk_session_store_miss(&failures, &blocked_until, act, bucket));
  GK_TRY(gk_password_dummy(password, act->address, act->pool));
  if (blocked_until <= act->now && failures < MOST_FAILURES) {
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_session_store_missed(act, bucket, delay_until(failures, act->now)));
  }
  *refusal = wrong(act->pool);
  return NULL;
}

/* ---- the password ------------------------------------------------------------------------------------- */

/* Right slips cost no hash; all else costs one. *rehash: a hash by today's parameters when the stored one is
 * older. */
static gk_error_t *check_secret(bool *right, const char **rehash, gk_act_t *act,
                                const gk_credential_t *credential, const char *password)
{
  *rehash = NULL;
  *right = false;
  if (credential->password == NULL) {
    *right = gk_slip_matches(gk_core_keys(act->core), credential->account.id,
                             credential->account.slip_generation, password);
    return *right ? NULL : gk_password_dummy(password, act->address, act->pool);
  }
  GK_TRY(gk_password_verify(right, credential->password, password, act->address, act->pool));
  if (*right && gk_password_outdated(credential->password))
    GK_TRY(gk_password_hash(rehash, password, act->address, act->pool));
  return NULL;
}

/* As people type it: full-width digits and capitals don't matter, logins have none. */
static const char *normal_login(const char *login, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, gk_text_narrow(pool, login));
  for (char *p = out; *p != '\0'; p++)
    if (*p >= 'A' && *p <= 'Z')
      *p = (char)(*p - 'A' + 'a');
  return out;
}

/* ---- signing in --------------------------------------------------------------------------------------- */

static gk_error_t *code_refused(apr_pool_t *pool)
{
  return gk_error(pool, GK_E_TOTP_NEEDED, "动态口令不对或已用过，请等下一个口令",
                  "The one-time code is wrong or was used: wait for the next one");
}

/* *step: the code's; 0 without codes. *refusal when a code is missing or wrong. */
static gk_error_t *check_code(apr_int64_t *step, gk_error_t **refusal, gk_act_t *act,
                              const gk_credential_t *credential, const char *code)
{
  gk_totp_t totp;
  *step = 0;
  if (!credential->account.totp)
    return NULL;
  GK_TRY(gk_totp_unseal(&totp, act, credential->account.id, credential->totp));
  if (code == NULL) {
    *refusal = gk_error(act->pool, GK_E_TOTP_NEEDED, "请输入手机上的 6 位动态口令",
                        "Enter the 6-digit code of your authenticator");
    return NULL;
  }
  if (gk_totp_matches(totp.active, code, act->now, step) && *step > credential->totp_step)
    return NULL;
  GK_TRY(count_failure(act, credential));
  *refusal = code_refused(act->pool);
  return NULL;
}

static gk_error_t *enter(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                         const gk_credential_t *credential, const char *rehash, apr_int64_t step)
{
  bool changed;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_signed_in(&changed, act, credential, rehash, step));
  if (!changed) {
    *refusal = step > 0 ? code_refused(act->pool) : wrong(act->pool);
    return NULL;
  }
  gk_signed_in_t in = begin(&credential->account, act);
  gk_act_t own = *act;
  own.who = &in.who;
  GK_TRY(gk_audit(&own, "session.sign_in", "account", in.who.account_id, in.who.generation, in.who.org_path,
                  NULL, NULL));
  *out = in;
  return NULL;
}

gk_error_t *gk_session_sign_in(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                               const gk_sign_in_t *typed)
{
  bool candidate = strcmp(typed->realm, "candidate") == 0, found, right;
  gk_credential_t credential;
  const char *rehash, *login = normal_login(typed->login, act->pool);
  apr_int64_t step;
  *refusal = NULL;
  if (candidate)
    GK_TRY(gk_act_season(act));
  GK_TRY(gk_session_store_credential(&found, &credential, act, typed->realm, candidate ? act->season->id : 0,
                                     login));
  if (!found)
    return refuse_unknown(refusal, act, typed->realm, login, typed->password);
  GK_TRY(recognise(&credential, act, typed->browser));
  if (blocked(&credential, act->now)) {
    *refusal = wrong(act->pool);
    return gk_password_dummy(typed->password, act->address, act->pool);
  }
  if (!credential.account.enabled || !credential.open) {
    GK_TRY(gk_password_dummy(typed->password, act->address, act->pool));
    *refusal = wrong(act->pool);
    return count_failure(act, &credential);
  }
  GK_TRY(check_secret(&right, &rehash, act, &credential, typed->password));
  if (!right) {
    *refusal = wrong(act->pool);
    return count_failure(act, &credential);
  }
  GK_TRY(check_code(&step, refusal, act, &credential, typed->totp));
  if (*refusal != NULL)
    return NULL;
  GK_TRY(enter(out, refusal, act, &credential, rehash, step));
  if (*refusal != NULL || typed->browser == NULL)
    return NULL;
  return gk_session_store_browser_seen(act, credential.account.id, browser_key(act, typed->browser));
}

gk_error_t *gk_session_resume(gk_signed_in_t *out, bool *valid, gk_act_t *act, const char *realm,
                              const gk_session_t *session)
{
  apr_interval_time_t idle = strcmp(realm, "candidate") == 0 ? GK_CANDIDATE_IDLE_US : GK_STAFF_IDLE_US;
  gk_account_t account;
  *valid = false;
  /* A minute of grace towards the future: nodes' clocks differ a little. */
  if (session->seen - act->now > GK_MINUTE || act->now - session->seen > idle ||
      act->now - session->issued > GK_SESSION_MAX_US || session->seen < session->issued)
    return NULL;
  GK_TRY(gk_session_store_resume(valid, &account, act, realm, session));
  if (*valid)
    *out = signed_in(&account, session->id, session->issued, act->pool);
  return NULL;
}

/* ---- ending ------------------------------------------------------------------------------------------- */

gk_error_t *gk_session_end(gk_act_t *act)
{
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_end(act, act->who->session_id,
                              act->who->session_issued + GK_SESSION_MAX_US + GK_HOUR));
  return gk_audit(act, "session.sign_out", "account", act->who->account_id, act->who->generation,
                  act->who->org_path, NULL, NULL);
}

gk_error_t *gk_session_end_all(gk_act_t *act)
{
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_end_all(act));
  return gk_audit(act, "session.sign_out_all", "account", act->who->account_id, act->who->generation + 1,
                  act->who->org_path, NULL, NULL);
}

/* ---- own password and codes --------------------------------------------------------------------------- */

static gk_error_t *load_own(gk_credential_t *credential, gk_act_t *act, const char *browser)
{
  bool found;
  GK_TRY(gk_session_store_own(&found, credential, act));
  return found ? recognise(credential, act, browser) : gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
}

/* The present password again, for acts that somebody at an open screen must not do. */
static gk_error_t *confirm(gk_error_t **refusal, gk_act_t *act, const gk_credential_t *credential,
                           const char *password, const char *pointer)
{
  bool right = false;
  const char *rehash;
  bool waits = blocked(credential, act->now);
  if (waits)
    GK_TRY(gk_password_dummy(password, act->address, act->pool));
  else
    GK_TRY(check_secret(&right, &rehash, act, credential, password));
  if (right)
    return NULL;
  if (!waits)
    GK_TRY(count_failure(act, credential));
  gk_violation(refusal, act->pool, pointer, "wrong", "当前密码不对；连续输错要等一段时间",
               "This is not the present password; after several failures there is a waiting time");
  return NULL;
}

gk_error_t *gk_session_change_password(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                                       const char *browser, const char *current, const char *wanted)
{
  gk_credential_t credential;
  gk_error_t *error = NULL;
  const char *hash;
  bool changed;
  *refusal = NULL;
  GK_TRY(load_own(&credential, act, browser));
  gk_session_check_password(&error, "/new", &credential.account, credential.account.totp, wanted, act->pool);
  if (error == NULL && (strcmp(current, wanted) == 0 ||
                        gk_slip_matches(gk_core_keys(act->core), credential.account.id,
                                        credential.account.slip_generation, wanted)))
    gk_violation(&error, act->pool, "/new", "same", "新密码不能与现在的密码或密码条上的相同",
                 "The new password must differ from the present one and from the slip's");
  GK_TRY(error);
  GK_TRY(confirm(refusal, act, &credential, current, "/current"));
  if (*refusal != NULL)
    return NULL;
  GK_TRY(gk_password_hash(&hash, wanted, act->address, act->pool));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_set_password(&changed, act, hash));
  if (!changed)
    return gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
  GK_TRY(gk_audit(act, "session.password", "account", credential.account.id,
                  credential.account.generation + 1, credential.account.org_path, NULL, NULL));
  credential.account.generation++;
  credential.account.own_password = true;
  *out = begin(&credential.account, act);
  return NULL;
}

static gk_error_t *offer(const char **secret, const char **uri, gk_error_t **refusal, gk_act_t *act,
                         const gk_credential_t *credential, gk_totp_t *totp, const char *password)
{
  gk_blob_t blob;
  bool changed;
  if (credential->account.totp) {
    if (password == NULL) {
      gk_violation(refusal, act->pool, "/password", "required", "更换动态口令前请输入当前密码",
                   "Enter your password to replace the one-time codes");
      return NULL;
    }
    GK_TRY(confirm(refusal, act, credential, password, "/password"));
    if (*refusal != NULL)
      return NULL;
  }
  totp->pending = gk_totp_secret(act->pool);
  GK_TRY(gk_totp_seal(&blob, act, credential->account.id, totp));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_set_pending(&changed, act, blob));
  if (!changed)
    return gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
  GK_TRY(gk_audit(act, "session.totp_offer", "account", credential->account.id,
                  credential->account.generation, credential->account.org_path, NULL, NULL));
  *secret = totp->pending;
  *uri = gk_totp_uri(totp->pending, credential->account.login, act->pool);
  return NULL;
}

gk_error_t *gk_session_enrol(gk_signed_in_t *out, const char **secret, const char **uri, gk_error_t **refusal,
                             gk_act_t *act, const char *browser, const char *code, const char *password)
{
  gk_credential_t credential;
  gk_totp_t totp;
  gk_blob_t blob;
  gk_error_t *error = NULL;
  apr_int64_t step;
  bool changed;
  *refusal = NULL;
  GK_TRY(load_own(&credential, act, browser));
  GK_TRY(gk_totp_unseal(&totp, act, credential.account.id, credential.totp));
  if (code == NULL)
    return offer(secret, uri, refusal, act, &credential, &totp, password);
  if (totp.pending == NULL)
    gk_violation(&error, act->pool, "/code", "none-pending", "请先获取新的动态口令密钥", "Ask for a secret first");
  else if (!gk_totp_matches(totp.pending, code, act->now, &step))
    gk_violation(&error, act->pool, "/code", "wrong", "动态口令不对，请核对手机时间后输入新的 6 位数字",
                 "The code is not right: check the phone's clock and enter the next 6 digits");
  GK_TRY(error);
  totp = (gk_totp_t){.active = totp.pending};
  GK_TRY(gk_totp_seal(&blob, act, credential.account.id, &totp));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_set_totp(&changed, act, blob, step));
  if (!changed)
    return gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
  GK_TRY(gk_audit(act, "session.totp", "account", credential.account.id, credential.account.generation + 1,
                  credential.account.org_path, NULL, NULL));
  credential.account.generation++;
  credential.account.totp = true;
  *out = begin(&credential.account, act);
  return NULL;
}
