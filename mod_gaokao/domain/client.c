/* domain/client.c: certificates and request tokens of export clients (client.h). */
#include "domain/client.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/jws.h"
#include "domain/session_internal.h"

enum { PARTS = 3, TOKEN_MAX = 4096 };

/* ---- certificates ---------------------------------------------------------------------------------------- */

gk_error_t *gk_client_certificate(gk_act_t *act, apr_int64_t account_id, const char *shown)
{
  gk_client_t client;
  bool found;
  GK_TRY(gk_client_store_get(&found, &client, act, account_id));
  if (!found || client.certificate[0] == '\0' || (shown != NULL && strcmp(shown, client.certificate) == 0))
    return NULL;
  return gk_error(act->pool, GK_E_FORBIDDEN,
                  shown == NULL ? "这个用户只能凭客户端证书取数：请连接省级专用端口并出示证书" : "出示的客户端证书不是这个用户的",
                  shown == NULL ? "This account pulls with its client certificate only: connect to the export port and show it"
                                : "The client certificate that was shown is not this account's");
}

/* ---- tokens ---------------------------------------------------------------------------------------------- */

static gk_error_t *bad(gk_act_t *act, const char *zh, const char *en)
{
  return gk_error(act->pool, GK_E_NOT_SIGNED_IN, "请求令牌无效：%s%.0s", "The request token is not valid: %.0s%s", zh, en);
}

/* "a.b.c" as the object that gk_jws_read takes apart. */
static gk_json_t *split(const char *token, apr_pool_t *pool)
{
  static const char *const names[PARTS] = {"protected", "payload", "signature"};
  gk_json_t *json = gk_json_object(pool);
  char *at = apr_pstrdup(pool, token);
  for (int i = 0; i < PARTS; i++) {
    char *dot = strchr(at, '.');
    if ((dot == NULL) != (i == PARTS - 1))
      return NULL;
    if (dot != NULL)
      *dot = '\0';
    gk_json_set_str(json, names[i], at);
    at = dot != NULL ? dot + 1 : at;
  }
  return json;
}

/* The account that the header names; nothing of it is believed yet. */
static apr_int64_t named(const gk_jws_t *jws, apr_pool_t *pool)
{
  gk_json_t *header;
  const char *kid = NULL;
  if (gk_json_parse(&header, jws->header_text, jws->header_length, pool) == NULL && gk_json_is_object(header))
    kid = gk_json_str(header, "kid");
  apr_size_t length = kid != NULL ? strlen(kid) : 0;
  return length > 0 && length < 19 && strspn(kid, "0123456789") == length ? apr_atoi64(kid) : 0;
}

static gk_error_t *check_said(gk_act_t *act, gk_jws_t *jws, const char *method, const char *target)
{
  gk_json_t *payload;
  GK_TRY(gk_act_season(act));
  const char *wrong = gk_jws_header(jws, "gk-request+1", act->pool);
  if (wrong != NULL)
    return bad(act, apr_psprintf(act->pool, "签名头中的 %s 不对", wrong),
               apr_psprintf(act->pool, "'%s' of its header is not right", wrong));
  if (strcmp(jws->aud, apr_psprintf(act->pool, "gk:request:%d", act->season->year)) != 0)
    return bad(act, "是给别的年度的", "it is for another season");
  apr_time_t made = apr_time_from_sec(jws->iat);
  if (act->now - made > GK_TOKEN_US)
    return bad(act, "已过期（签发后 5 分钟内有效）", "it is out of date (good for 5 minutes)");
  if (made - act->now > GK_TOKEN_AHEAD_US)
    return bad(act, "签发时间在将来：请校准时钟", "it was made in the future: set the clock");
  if (gk_json_parse(&payload, (const char *)jws->payload, jws->payload_length, act->pool) != NULL || !gk_json_is_object(payload) ||
      gk_json_size(payload) != 2 || gk_json_str(payload, "method") == NULL || gk_json_str(payload, "path") == NULL)
    return bad(act, "内容应为 {method, path}", "its payload must be {method, path}");
  if (strcmp(gk_json_str(payload, "method"), method) != 0 || strcmp(gk_json_str(payload, "path"), target) != 0)
    return bad(act, "是给另一个请求（方法或路径）的", "it is for another request (method or path)");
  return NULL;
}

static gk_error_t *use(gk_act_t *act, apr_int64_t account_id, const gk_jws_t *jws)
{
  bool fresh;
  GK_TRY(gk_db_begin(act->db, act->pool));
  gk_error_t *error = gk_client_store_token(&fresh, act, account_id, jws->jti, apr_time_from_sec(jws->iat) + 2 * GK_TOKEN_US);
  if (error == NULL)
    error = gk_db_commit(act->db, act->pool);
  if (error != NULL) {
    gk_db_rollback(act->db);
    return error;
  }
  return fresh ? NULL : bad(act, "已经用过", "it was used before");
}

gk_error_t *gk_client_token(gk_signed_in_t *out, gk_act_t *act, const char *token, const char *method, const char *target)
{
  gk_jws_t jws;
  gk_account_t account;
  gk_client_t client;
  apr_int64_t generation = 0;
  apr_size_t length;
  bool found = false;
  gk_json_t *json = strlen(token) < TOKEN_MAX ? split(token, act->pool) : NULL;
  if (json == NULL || !gk_jws_read(&jws, json, act->pool))
    return bad(act, "应为 PROTECTED.PAYLOAD.SIGNATURE", "it must be PROTECTED.PAYLOAD.SIGNATURE");
  GK_TRY(gk_client_store_account(&found, &account, &client, &generation, act, named(&jws, act->pool)));
  const unsigned char *key = found ? gk_text_unhex(act->pool, client.public_key, &length) : NULL;
  if (key == NULL || length != GK_PUBLIC_BYTES || !gk_jws_verify(&jws, key))
    return bad(act, "签名不对，或用户未登记签名公钥", "its signature is not right, or the account has no key");
  GK_TRY(check_said(act, &jws, method, target));
  GK_TRY(use(act, account.id, &jws));
  account.generation = generation;
  account.own_password = account.totp = true; /* the key is the proof */
  *out = gk_session__of(act, &account, jws.jti, act->now);
  return NULL;
}
