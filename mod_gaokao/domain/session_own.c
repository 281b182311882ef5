/* domain/session_own.c: what people do with their own account and session (session.h). */
#include "domain/session.h"

#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "domain/candidate.h"
#include "domain/session_internal.h"
#include "domain/totp.h"

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
  return found ? gk_session__recognise(credential, act, browser) : gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
}

/* The session goes on under a new id and generation (faults.md ID-5). */
static gk_error_t *go_on(gk_signed_in_t *out, gk_act_t *act, const gk_account_t *account)
{
  gk_signed_in_t in = gk_session__begin(account, act);
  GK_TRY(gk_session_store_move(act, &in.who));
  *out = in;
  return NULL;
}

/* The present password again, for acts that somebody at an open screen must not do. */
static gk_error_t *check_present(gk_error_t **refusal, gk_act_t *act, const gk_credential_t *credential,
                           const char *password, const char *pointer)
{
  bool right = false;
  const char *rehash;
  bool waits = gk_session__blocked(credential, act->now);
  if (waits)
    GK_TRY(gk_session__dummy(act, password));
  else
    GK_TRY(gk_session__check_secret(&right, &rehash, act, credential, password));
  if (right)
    return NULL;
  if (!waits)
    GK_TRY(gk_session__count_failure(act, credential));
  gk_violation(refusal, act->pool, pointer, "wrong", "当前密码不对；连续输错要等一段时间",
               "This is not the present password; after several failures there is a waiting time");
  return NULL;
}

/* What others know of a candidate and try first. */
static gk_error_t *facts_of(apr_array_header_t **facts, gk_act_t *act, const gk_account_t *account)
{
  static const char *const fields[] = {"birth", "id_number", "phone", "mobile"};
  gk_candidate_t *candidate;
  gk_document_t *document;
  *facts = apr_array_make(act->pool, 8, sizeof(const char *));
  if (account->candidate_id == 0 || act->season == NULL)
    return NULL;
  gk_error_t *error = gk_candidate_own(&candidate, act);
  if (error != NULL)
    return error->code == GK_E_NOT_FOUND ? NULL : error;
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  APR_ARRAY_PUSH(*facts, const char *) = candidate->name;
  APR_ARRAY_PUSH(*facts, const char *) = candidate->school;
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
    const char *value = gk_document_get(document, fields[i]);
    apr_size_t length = value != NULL ? strlen(value) : 0;
    if (length == 0)
      continue;
    APR_ARRAY_PUSH(*facts, const char *) = value;
    if (length >= 8) /* 2007-05-06 as 070506, the end of a number */
      APR_ARRAY_PUSH(*facts, const char *) = value + (i == 0 ? 2 : length - 6);
  }
  return NULL;
}

gk_error_t *gk_session_change_password(gk_signed_in_t *out, gk_error_t **refusal, gk_act_t *act,
                                       const char *browser, const char *current, const char *wanted)
{
  gk_credential_t credential;
  gk_error_t *error = NULL;
  apr_array_header_t *facts;
  const char *hash;
  bool changed;
  *refusal = NULL;
  GK_TRY(load_own(&credential, act, browser));
  GK_TRY(facts_of(&facts, act, &credential.account));
  gk_session_check_password(&error, "/new", &credential.account, credential.account.totp, facts, wanted, act->pool);
  if (error == NULL && (strcmp(current, wanted) == 0 ||
                        gk_slip_matches(gk_core_keys(act->core), credential.account.id,
                                        credential.account.slip_generation, wanted)))
    gk_violation(&error, act->pool, "/new", "same", "新密码不能与现在的密码或密码条上的相同",
                 "The new password must differ from the present one and from the slip's");
  GK_TRY(error);
  GK_TRY(check_present(refusal, act, &credential, current, "/current"));
  if (*refusal != NULL)
    return NULL;
  GK_TRY(gk_session__hash(&hash, act, wanted));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_set_password(&changed, act, hash));
  if (!changed)
    return gk_error_plain(act->pool, GK_E_NOT_SIGNED_IN);
  GK_TRY(gk_audit(act, "session.password", "account", credential.account.id,
                  credential.account.generation + 1, credential.account.org_path, NULL, NULL));
  credential.account.generation++;
  credential.account.own_password = true;
  credential.account.password_set = act->now;
  return go_on(out, act, &credential.account);
}

static gk_error_t *offer(const char **secret, const char **uri, gk_error_t **refusal, gk_act_t *act,
                         const gk_credential_t *credential, gk_totp_t *totp, const char *password)
{
  gk_blob_t blob;
  bool changed;
  if (!credential->account.totp) { /* or whoever stands at an open screen makes the account their own */
    GK_TRY(gk_session_fresh(act));
  } else {
    if (password == NULL) {
      gk_violation(refusal, act->pool, "/password", "required", "更换动态口令前请输入当前密码",
                   "Enter your password to replace the one-time codes");
      return NULL;
    }
    GK_TRY(check_present(refusal, act, credential, password, "/password"));
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

/* ---- recovery codes ----------------------------------------------------------------------------------- */

static gk_error_t *new_codes(const apr_array_header_t **out, gk_act_t *act)
{
  apr_array_header_t *codes = apr_array_make(act->pool, GK_RECOVERY_CODES, sizeof(const char *));
  apr_array_header_t *digests = apr_array_make(act->pool, GK_RECOVERY_CODES, sizeof(const char *));
  for (int i = 0; i < GK_RECOVERY_CODES; i++) {
    const char *code = gk_recovery_code(act->pool);
    APR_ARRAY_PUSH(codes, const char *) = code;
    APR_ARRAY_PUSH(digests, const char *) = gk_recovery_digest(act->who->account_id, code, act->pool);
  }
  GK_TRY(gk_recovery_store_replace(act, digests));
  *out = codes;
  return NULL;
}

gk_error_t *gk_session_new_recovery(const apr_array_header_t **codes, gk_act_t *act)
{
  gk_credential_t credential;
  GK_TRY(load_own(&credential, act, NULL));
  if (!credential.account.totp)
    return gk_error(act->pool, GK_E_WRONG_STATE, "请先启用动态口令", "Switch on one-time codes first");
  GK_TRY(gk_act_begin(act));
  GK_TRY(new_codes(codes, act));
  return gk_audit(act, "session.recovery_codes", "account", credential.account.id, credential.account.generation,
                  credential.account.org_path, NULL, NULL);
}

/* ---- one-time codes ----------------------------------------------------------------------------------- */

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
  GK_TRY(go_on(out, act, &credential.account));
  return new_codes(&out->recovery_codes, act);
}

/* ---- once more, that it is you ------------------------------------------------------------------------ */

gk_error_t *gk_session_fresh(gk_act_t *act)
{
  apr_time_t when;
  if (act->who->account_id == 0 || act->now - act->who->session_issued < GK_FRESH_US)
    return NULL;
  GK_TRY(gk_session_store_confirmed(&when, act));
  if (act->now - when < GK_FRESH_US)
    return NULL;
  return gk_error(act->pool, GK_E_REAUTH_NEEDED, "这一操作需要再次输入密码或动态口令，确认是您本人",
                  "This needs your password or a one-time code again, to be sure that it is you");
}

static gk_error_t *check_present_code(gk_error_t **refusal, gk_act_t *act, const gk_credential_t *credential,
                                      const char *code)
{
  gk_totp_t totp;
  apr_int64_t step;
  bool right = false, waits = gk_session__blocked(credential, act->now);
  GK_TRY(gk_totp_unseal(&totp, act, credential->account.id, credential->totp));
  if (!waits && credential->account.totp && gk_totp_matches(totp.active, code, act->now, &step)) {
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_session_store_code_used(&right, act, step));
  }
  if (right)
    return NULL;
  if (!waits)
    GK_TRY(gk_session__count_failure(act, credential));
  gk_violation(refusal, act->pool, "/totp", "wrong", "动态口令不对或已用过，请等下一个口令",
               "The one-time code is wrong or was used: wait for the next one");
  return NULL;
}

gk_error_t *gk_session_confirm(gk_error_t **refusal, gk_act_t *act, const char *browser, const char *password,
                               const char *code)
{
  gk_credential_t credential;
  *refusal = NULL;
  GK_TRY(load_own(&credential, act, browser));
  if (code != NULL)
    GK_TRY(check_present_code(refusal, act, &credential, code));
  else
    GK_TRY(check_present(refusal, act, &credential, password, "/password"));
  if (*refusal != NULL)
    return NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_session_store_confirm(act));
  return gk_audit(act, "session.confirm", "account", act->who->account_id, act->who->generation,
                  act->who->org_path, NULL, NULL);
}

/* ---- one's sessions ----------------------------------------------------------------------------------- */

gk_error_t *gk_session_list(apr_array_header_t **sessions, gk_act_t *act)
{
  return gk_session_store_list(sessions, act, act->now - GK_SESSION_MAX_US);
}

gk_error_t *gk_session_end_one(gk_act_t *act, apr_int64_t id)
{
  apr_array_header_t *sessions;
  GK_TRY(gk_session_list(&sessions, act));
  for (int i = 0; i < sessions->nelts; i++) {
    const gk_session_row_t *row = &APR_ARRAY_IDX(sessions, i, gk_session_row_t);
    if (row->id != id)
      continue;
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_session_store_end(act, row->session_id, row->begun + GK_SESSION_MAX_US + GK_HOUR));
    return gk_audit(act, "session.sign_out", "account", act->who->account_id, act->who->generation,
                    act->who->org_path, NULL, NULL);
  }
  return gk_error(act->pool, GK_E_NOT_FOUND, "没有这个登录，可能已经退出", "There is no such session; it may have ended");
}

gk_error_t *gk_session_news(apr_array_header_t **news, int *recovery_left, gk_act_t *act, const gk_signed_in_t *in)
{
  GK_TRY(gk_session_store_news(news, act, &in->who));
  *recovery_left = -1;
  return in->totp ? gk_recovery_store_left(recovery_left, act, in->who.account_id) : NULL;
}
