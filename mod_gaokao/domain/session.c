/* domain/session.c: signing in and staying in (session.h). What those do who are in: session_own.c. */
#include "domain/session.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "domain/session_internal.h"
#include "domain/totp.h"
#include "domain/watch.h"

enum { MOST_FAILURES = 100, BUCKETS = 65536, OLD_SLIPS = 5 };

/* ---- who somebody is ---------------------------------------------------------------------------------- */

static bool needs_totp(const gk_act_t *act, gk_role_t role)
{
  return (gk_core_config(act->core)->totp_roles & (unsigned)role) != 0;
}

/* Where a bureau changes its passwords from time to time (GB/T 22239 level 3). */
static bool expired(const gk_act_t *act, const gk_account_t *account)
{
  int days = gk_core_config(act->core)->password_days;
  bool bureau = (account->role & (GK_ROLE_PROVINCE | GK_ROLE_CITY | GK_ROLE_COUNTY)) != 0;
  return days > 0 && bureau && account->own_password && act->now - account->password_set > days * GK_DAY;
}

gk_signed_in_t gk_session__of(const gk_act_t *act, const gk_account_t *account, const char *session_id, apr_time_t issued)
{
  bool old = expired(act, account);
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
                               .must_change_password = !account->own_password || old,
                               .must_enrol_totp = needs_totp(act, account->role) && !account->totp},
                       .must_change_password = !account->own_password || old,
                       .password_expired = old,
                       .must_enrol_totp = needs_totp(act, account->role) && !account->totp,
                       .totp = account->totp,
                       .org_code = account->org_code,
                       .org_name = account->org_name};
  gk_scope_of(account->org_path, &in.who.scope_lo, &in.who.scope_hi, act->pool);
  return in;
}

gk_signed_in_t gk_session__begin(const gk_account_t *account, const gk_act_t *act)
{
  return gk_session__of(act, account, gk_random_hex(act->pool, 16), act->now);
}

/* ---- delays ------------------------------------------------------------------------------------------- */

bool gk_session__blocked(const gk_credential_t *credential, apr_time_t now)
{
  return credential->blocked_until > now ||
         (credential->browser == NULL && credential->failures >= MOST_FAILURES);
}

gk_error_t *gk_session__count_failure(gk_act_t *act, const gk_credential_t *credential)
{
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_failed(act, credential));
  return gk_watch_sign_in_failed(act);
}

/* What the account's table knows a browser by. */
static const char *browser_key(const gk_act_t *act, const char *browser)
{
  return browser != NULL ? gk_blind_index(gk_core_keys(act->core), "known_browser", browser, act->pool)
                         : NULL;
}

gk_error_t *gk_session__recognise(gk_credential_t *credential, gk_act_t *act, const char *browser)
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
  GK_TRY(gk_session__dummy(act, password));
  if (blocked_until <= act->now && failures < MOST_FAILURES) {
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_session_store_missed(act, bucket));
    GK_TRY(gk_watch_sign_in_failed(act));
  }
  *refusal = wrong(act->pool);
  return NULL;
}

/* ---- the password ------------------------------------------------------------------------------------- */

/* Hashing takes its time, and longer when many sign in: others use the connection meanwhile. */
static gk_error_t *resumed(gk_act_t *act, gk_error_t *error)
{
  gk_error_t *lost = gk_act_resume(act);
  return error != NULL ? error : lost;
}

gk_error_t *gk_session__dummy(gk_act_t *act, const char *password)
{
  gk_act_pause(act);
  return resumed(act, gk_password_dummy(gk_text_nfc(act->pool, password), act->address, act->pool));
}

gk_error_t *gk_session__hash(const char **hash, gk_act_t *act, const char *password)
{
  gk_act_pause(act);
  return resumed(act, gk_password_hash(hash, gk_text_nfc(act->pool, password), act->address, act->pool));
}

static gk_error_t *verify(bool *right, gk_act_t *act, const char *hash, const char *password)
{
  gk_act_pause(act);
  return resumed(act, gk_password_verify(right, hash, gk_text_nfc(act->pool, password), act->address, act->pool));
}

gk_error_t *gk_session__check_secret(bool *right, const char **rehash, gk_act_t *act,
                                     const gk_credential_t *credential, const char *password)
{
  *rehash = NULL;
  *right = false;
  if (credential->password == NULL) {
    *right = gk_slip_matches(gk_core_keys(act->core), credential->account.id,
                             credential->account.slip_generation, password);
    return *right ? NULL : gk_session__dummy(act, password);
  }
  GK_TRY(verify(right, act, credential->password, password));
  if (*right && gk_password_outdated(credential->password))
    GK_TRY(gk_session__hash(rehash, act, password));
  return NULL;
}

/* Somebody holds a slip that was used or replaced: those who gave it out should know (ID-10). */
static gk_error_t *note_dead_slip(gk_act_t *act, const gk_credential_t *credential, const char *password)
{
  const gk_account_t *account = &credential->account;
  apr_int64_t newest = account->slip_generation - (credential->password == NULL ? 1 : 0);
  for (apr_int64_t g = newest; g >= 1 && g > newest - OLD_SLIPS; g--)
    if (gk_slip_matches(gk_core_keys(act->core), account->id, g, password)) {
      gk_json_t *after = gk_json_object(act->pool);
      gk_json_set_int(after, "slip_generation", g);
      GK_TRY(gk_session_store_dead_slip(act, account->id));
      return gk_audit(act, "session.dead_slip", "account", account->id, 0, account->org_path, NULL, after);
    }
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
  return gk_error(pool, GK_E_TOTP_NEEDED, "动态口令或恢复码不对，或已用过，请等下一个口令",
                  "The one-time code or recovery code is wrong or was used: wait for the next code");
}

/* What the second factor came to: a step of the codes, or the digest of a recovery code; neither when the account
 * works without. */
typedef struct proof_t {
  apr_int64_t step;
  const char *recovery;
} proof_t;

/* *refusal when a code is missing or wrong. Recovery codes are judged when they are used up (enter). */
static gk_error_t *check_code(proof_t *proof, gk_error_t **refusal, gk_act_t *act,
                              const gk_credential_t *credential, const gk_sign_in_t *typed)
{
  gk_totp_t totp;
  *proof = (proof_t){0, NULL};
  if (!credential->account.totp)
    return NULL;
  if (typed->recovery != NULL) {
    proof->recovery = gk_recovery_digest(credential->account.id, typed->recovery, act->pool);
    return NULL;
  }
  GK_TRY(gk_totp_unseal(&totp, act, credential->account.id, credential->totp));
  if (typed->totp == NULL) {
    *refusal = gk_error(act->pool, GK_E_TOTP_NEEDED, "请输入手机上的 6 位动态口令",
                        "Enter the 6-digit code of your authenticator");
    return NULL;
  }
  if (gk_totp_matches(totp.active, typed->totp, act->now, &proof->step) && proof->step > credential->totp_step)
    return NULL;
  GK_TRY(gk_session__count_failure(act, credential));
  *refusal = code_refused(act->pool);
  return NULL;
}

/* The session's row, and what this browser did not know yet. */
static gk_error_t *mark(gk_act_t *act, const gk_credential_t *credential, const gk_sign_in_t *typed,
                        const gk_principal_t *who)
{
  const char *key = browser_key(act, typed->browser);
  gk_session_mark_t row = {.browser = key != NULL ? key : "", .family = typed->family != NULL ? typed->family : ""};
  bool any;
  GK_TRY(gk_session_store_browsers(&any, &row.told, act, who->account_id, row.browser));
  row.is_new = any && credential->browser == NULL;
  GK_TRY(gk_session_store_begin(act, who, &row));
  return key != NULL ? gk_session_store_browser_seen(act, who->account_id, key) : NULL;
}

static gk_error_t *enter(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                         const gk_credential_t *credential, const gk_sign_in_t *typed, const char *rehash,
                         const proof_t *proof)
{
  bool changed, used = true;
  GK_TRY(gk_act_begin(act));
  if (proof->recovery != NULL)
    GK_TRY(gk_recovery_store_use(&used, act, credential->account.id, proof->recovery));
  if (!used) {
    *refusal = code_refused(act->pool);
    return gk_session__count_failure(act, credential);
  }
  GK_TRY(gk_session_store_signed_in(&changed, act, credential, rehash, proof->step));
  if (!changed) {
    *refusal = proof->step > 0 ? code_refused(act->pool) : wrong(act->pool);
    return NULL;
  }
  gk_signed_in_t in = gk_session__begin(&credential->account, act);
  gk_act_t own = *act;
  own.who = &in.who;
  GK_TRY(mark(act, credential, typed, &in.who));
  gk_json_t *after = proof->recovery != NULL ? gk_json_object(act->pool) : NULL;
  if (after != NULL)
    gk_json_set_bool(after, "recovery_code", true);
  GK_TRY(gk_audit(&own, "session.sign_in", "account", in.who.account_id, in.who.generation, in.who.org_path,
                  NULL, after));
  *out = in;
  return NULL;
}

gk_error_t *gk_session_sign_in(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                               const gk_sign_in_t *typed)
{
  bool candidate = strcmp(typed->realm, "candidate") == 0, found, right;
  gk_credential_t credential;
  const char *rehash, *login = normal_login(typed->login, act->pool);
  proof_t proof;
  *refusal = NULL;
  if (candidate)
    GK_TRY(gk_act_season(act));
  GK_TRY(gk_session_store_credential(&found, &credential, act, typed->realm, candidate ? act->season->id : 0,
                                     login));
  if (!found)
    return refuse_unknown(refusal, act, typed->realm, login, typed->password);
  GK_TRY(gk_session__recognise(&credential, act, typed->browser));
  if (gk_session__blocked(&credential, act->now)) {
    *refusal = wrong(act->pool);
    return gk_session__dummy(act, typed->password);
  }
  if (!credential.account.enabled || !credential.open) {
    GK_TRY(gk_session__dummy(act, typed->password));
    *refusal = wrong(act->pool);
    return gk_session__count_failure(act, &credential);
  }
  GK_TRY(gk_session__check_secret(&right, &rehash, act, &credential, typed->password));
  if (!right) {
    *refusal = wrong(act->pool);
    GK_TRY(gk_session__count_failure(act, &credential));
    return note_dead_slip(act, &credential, typed->password);
  }
  GK_TRY(check_code(&proof, refusal, act, &credential, typed));
  return *refusal == NULL ? enter(out, refusal, act, &credential, typed, rehash, &proof) : NULL;
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
    *out = gk_session__of(act, &account, session->id, session->issued);
  return NULL;
}
