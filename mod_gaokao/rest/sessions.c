/* rest/sessions.c: /session: cookie and CSRF token, signing in and out, own password, one-time codes. */
#include <string.h>
#include <apr_strings.h>

#include "domain/client.h"
#include "domain/org.h"
#include "domain/ports.h"
#include "domain/ports_candidate.h"
#include "base/text.h"
#include "domain/session.h"
#include "rest/browser.h"
#include "rest/head.h"
#include "rest/request.h"
#include "rest/router.h"

static const gk_config_t *config_of(const gk_request_t *request) { return gk_core_config(request->act.core); }
static const gk_keys_t *keys_of(const gk_request_t *request) { return gk_core_keys(request->act.core); }
static bool candidates(const gk_request_t *request) { return strcmp(request->realm, "candidate") == 0; }

/* ---- the cookie --------------------------------------------------------------------------------------- */

/* Two names, so that a candidate and a clerk at one PC don't take each other's session. Strict for staff; a
 * candidate's link from a message must open signed in. */
static const char *cookie(const gk_request_t *request, const char *value)
{
  bool secure = config_of(request)->secure, own = candidates(request);
  return apr_pstrcat(request->pool, secure ? "__Host-" : "", own ? "gk-ks=" : "gk-hn=", value,
                     "; Path=/; HttpOnly; SameSite=", own ? "Lax" : "Strict", secure ? "; Secure" : "",
                     value[0] == '\0' ? "; Max-Age=0" : "", NULL);
}

/* The browser's own secret, kept for half a year: who signed in here before is no stranger
 * (domain/session.h). */
#define BROWSER_SECONDS 15552000

static const char *browser_name(const gk_request_t *request)
{
  bool secure = config_of(request)->secure;
  return candidates(request) ? (secure ? "__Host-gk-ks-browser" : "gk-ks-browser")
                             : (secure ? "__Host-gk-hn-browser" : "gk-hn-browser");
}

/* NULL unless the browser sent one of ours. */
const char *gk_rest_known_browser(const gk_request_t *request)
{
  const char *name = browser_name(request), *header = apr_table_get(request->headers, "Cookie");
  apr_size_t length = strlen(name);
  for (const char *p = header; p != NULL && *p != '\0'; p += strcspn(p, ";")) {
    p += strspn(p, "; ");
    if (strncmp(p, name, length) == 0 && p[length] == '=' &&
        strspn(p + length + 1, "0123456789abcdef") == 32 && (p[length + 33] == '\0' || p[length + 33] == ';'))
      return apr_pstrmemdup(request->pool, p + length + 1, 32);
  }
  return NULL;
}

static const char *browser_cookie(const gk_request_t *request, const char *browser)
{
  return apr_psprintf(request->pool, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s; Max-Age=%d",
                      browser_name(request), browser, config_of(request)->secure ? "; Secure" : "",
                      BROWSER_SECONDS);
}

static const char *cookie_of(const gk_request_t *request, const gk_principal_t *who, apr_time_t seen)
{
  gk_session_t session = {who->account_id, who->generation, who->session_issued, seen, who->session_id};
  return cookie(request, gk_session_seal(keys_of(request), &session, request->pool));
}

gk_error_t *gk_session_authenticate(gk_request_t *request)
{
  gk_session_t session;
  gk_signed_in_t *in = apr_pcalloc(request->pool, sizeof(*in));
  bool valid = false;
  const char *token = gk_head_token(apr_table_get(request->headers, "Authorization"));
  if (token != NULL) {
    GK_TRY(gk_core_season(&request->act.season, request->act.core, request->act.db, request->pool));
    GK_TRY(gk_client_token(in, &request->act, token, request->method, request->target));
    request->who = in->who;
    request->session = in;
    request->token = true;
    return NULL;
  }
  if (request->cookie == NULL || !gk_session_open(keys_of(request), request->cookie, &session, request->pool))
    return NULL;
  /* Session, record and kept answer in one round trip. */
  if (request->route->action == GK_ACTION_own_read || (request->at_hand && request->route->action == GK_ACTION_own_fill))
    gk_store_candidate_own_ahead(&request->act, session.account_id);
  if (request->at_hand && request->key != NULL)
    gk_store_answer_ahead(&request->act, session.account_id, request->key);
  GK_TRY(gk_session_resume(in, &valid, &request->act, request->realm, &session));
  if (!valid)
    return NULL;
  request->who = in->who;
  request->session = in;
  if (request->act.now - session.seen > GK_SESSION_REFRESH_US)
    request->set_cookie = cookie_of(request, &in->who, request->act.now);
  return NULL;
}

/* ---- writes ------------------------------------------------------------------------------------------- */

static bool one_of(const char *words, const char *word)
{
  apr_size_t length = strlen(word);
  for (const char *p = words; p != NULL && *p != '\0';) {
    apr_size_t n = strcspn(p, " \t,");
    if (n == length && memcmp(p, word, n) == 0)
      return true;
    p += n;
    p += strspn(p, " \t,");
  }
  return false;
}

gk_error_t *gk_session_check_write(const gk_request_t *request)
{
  const gk_config_t *config = config_of(request);
  const char *origin = apr_table_get(request->headers, "Origin");
  const char *fetch_site = apr_table_get(request->headers, "Sec-Fetch-Site");
  if (origin != NULL && strcmp(origin, config->site) != 0 && !one_of(config->more_origins, origin))
    return gk_error(request->pool, GK_E_CSRF, "请求来自别的网站，已拒绝；请从报名网站的页面操作",
                    "The request comes from another site and was refused: use the pages of this one");
  if (fetch_site != NULL && strcmp(fetch_site, "same-origin") != 0)
    return gk_error(request->pool, GK_E_CSRF, "请求来自别的网站，已拒绝；请从报名网站的页面操作",
                    "The request comes from another site and was refused: use the pages of this one");
  /* Signing in has no session to protect yet; origin and JSON content type keep other sites from it. */
  if (request->route->action == GK_ACTION_sign_in)
    return NULL;
  /* Neither do gateways have one: what they post is signed, or has a one-time code. */
  if (request->route->action == GK_ACTION_device_post || request->route->action == GK_ACTION_device_enrol)
    return NULL;
  if (request->token)
    return NULL;
  if (request->who.session_id == NULL ||
      !gk_session_csrf_matches(keys_of(request), request->who.session_id,
                               apr_table_get(request->headers, "X-CSRF-Token"), request->pool))
    return gk_error_plain(request->pool, GK_E_CSRF);
  return NULL;
}

static gk_json_t *words(const apr_array_header_t *texts, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < texts->nelts; i++)
    gk_json_add_str(list, APR_ARRAY_IDX(texts, i, const char *));
  return list;
}

/* ---- the session's document --------------------------------------------------------------------------- */

static void add_news(gk_json_t *json, const gk_signed_in_t *in, const apr_array_header_t *news, int recovery_left,
                     apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < news->nelts; i++) {
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_time(one, "at", APR_ARRAY_IDX(news, i, gk_session_row_t).begun);
    gk_json_set_str(one, "browser", APR_ARRAY_IDX(news, i, gk_session_row_t).family);
    gk_json_add(list, one);
  }
  gk_json_set(json, "new_browsers", list);
  if (recovery_left >= 0)
    gk_json_set_int(json, "recovery_left", recovery_left);
  else
    gk_json_set_null(json, "recovery_left");
  if (in->recovery_codes != NULL)
    gk_json_set(json, "recovery_codes", words(in->recovery_codes, pool));
}

static gk_error_t *describe(gk_request_t *request, gk_response_t *response, const gk_signed_in_t *in)
{
  apr_pool_t *pool = request->pool;
  apr_array_header_t *news;
  int recovery_left;
  GK_TRY(gk_session_news(&news, &recovery_left, &request->act, in));
  gk_json_t *json = gk_json_object(pool), *account = gk_json_object(pool);
  gk_json_set_int(account, "id", in->who.account_id);
  gk_json_set_str(account, "login", in->who.login);
  gk_json_set_str(account, "display_name", in->who.display_name);
  gk_json_set_str(account, "role", gk_role_name(in->who.role));
  gk_json_t *org = gk_org_brief_json(in->who.org_id, in->org_code, in->org_name, in->who.org_level, pool);
  gk_json_set_str(org, "path", in->who.org_path);
  gk_json_set(json, "account", account);
  gk_json_set(json, "org", org);
  gk_json_set_str(json, "csrf", gk_session_csrf(keys_of(request), in->who.session_id, pool));
  gk_json_set_bool(json, "must_change_password", in->must_change_password);
  gk_json_set_bool(json, "password_expired", in->password_expired);
  gk_json_set_bool(json, "must_enrol_totp", in->must_enrol_totp);
  gk_json_set_bool(json, "totp", in->totp);
  gk_json_set_id(json, "candidate_id", in->who.candidate_id);
  if (in->who.candidate_id != 0)
    gk_json_set_str(json, "draft_key", gk_draft_key(keys_of(request), in->who.account_id, pool));
  else
    gk_json_set_null(json, "draft_key");
  gk_json_set_int(json, "idle_seconds",
                  (candidates(request) ? GK_CANDIDATE_IDLE_US : GK_STAFF_IDLE_US) / APR_USEC_PER_SEC);
  gk_json_set_time(json, "expires_at", in->who.session_issued + GK_SESSION_MAX_US);
  gk_json_set_time(json, "now", request->act.now);
  add_news(json, in, news, recovery_left, pool);
  response->json = json;
  return NULL;
}

/* A new session takes the place of the old one in the browser. */
static gk_error_t *start(gk_request_t *request, gk_response_t *response, const gk_signed_in_t *in)
{
  apr_table_setn(response->headers, "Set-Cookie", cookie_of(request, &in->who, request->act.now));
  return describe(request, response, in);
}

static void stop(const gk_request_t *request, gk_response_t *response)
{
  apr_table_setn(response->headers, "Set-Cookie", cookie(request, ""));
  apr_table_setn(response->headers, "Clear-Site-Data", "\"cache\", \"storage\"");
  response->status = 204;
}

/* A refusal that was counted: the router has to commit, so it is an answer and no error. */
static gk_error_t *refuse(const gk_request_t *request, gk_response_t *response, const gk_error_t *refusal)
{
  gk_problem(response, refusal, request->lang, request->act.request_id, request->pool);
  return NULL;
}

/* ---- routes ------------------------------------------------------------------------------------------- */

/* Passwords are taken as they are: no trimming, any character but U+0000, which JSON texts can't hold here.
 */
static const char *secret(gk_decode_t *d, const char *key, int flags)
{
  gk_json_t *value = gk_decode_any(d, key, flags);
  const char *text = value != NULL ? gk_json_str_value(value) : NULL;
  if (value != NULL && text == NULL)
    gk_decode_fault(d, key, "type", "应为文字(字符串)", "Must be a string");
  else if (text != NULL && gk_utf8_length(text) > 128)
    gk_decode_fault(d, key, "too-long", "最多 128 个字符", "At most 128 characters");
  else if (text != NULL && text[0] == '\0' && (flags & GK_REQUIRED) != 0)
    gk_decode_fault(d, key, "required", "必须填写", "This is required");
  return text;
}

gk_error_t *gk_rest_session_create(gk_request_t *request, gk_response_t *response)
{
  gk_signed_in_t in;
  gk_error_t *refusal;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_sign_in_t typed = {
      .realm = request->realm,
      .login = gk_decode_str(&d, "login", GK_REQUIRED, 1, 64),
      .password = secret(&d, "password", GK_REQUIRED),
      .totp = gk_decode_str(&d, "totp", GK_OPTIONAL, 1, 10),
      .recovery = gk_decode_str(&d, "recovery_code", GK_OPTIONAL, 1, 40),
      .browser = gk_rest_known_browser(request),
      .family = gk_browser_family(apr_table_get(request->headers, "User-Agent"), request->pool),
  };
  GK_TRY(gk_decode_end(&d));
  if (typed.browser == NULL)
    typed.browser = gk_random_hex(request->pool, 16);
  GK_TRY(gk_session_sign_in(&in, &refusal, &request->act, &typed));
  if (refusal != NULL)
    return refuse(request, response, refusal);
  GK_TRY(start(request, response, &in));
  apr_table_addn(response->headers, "Set-Cookie", browser_cookie(request, typed.browser));
  return NULL;
}

gk_error_t *gk_rest_session_get(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_query_end(request, NULL));
  return describe(request, response, request->session);
}

gk_error_t *gk_rest_session_delete(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_session_end(&request->act));
  stop(request, response);
  return NULL;
}

gk_error_t *gk_rest_session_delete_all(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_session_end_all(&request->act));
  stop(request, response);
  return NULL;
}

gk_error_t *gk_rest_session_password(gk_request_t *request, gk_response_t *response)
{
  gk_signed_in_t in;
  gk_error_t *refusal;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *current = secret(&d, "current", GK_REQUIRED);
  const char *wanted = secret(&d, "new", GK_REQUIRED);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_session_change_password(&in, &refusal, &request->act, gk_rest_known_browser(request), current, wanted));
  if (refusal != NULL)
    return refuse(request, response, refusal);
  return start(request, response, &in);
}

gk_error_t *gk_rest_session_totp(gk_request_t *request, gk_response_t *response)
{
  gk_signed_in_t in;
  gk_error_t *refusal;
  const char *fresh = NULL, *uri = NULL;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *code = gk_decode_str(&d, "code", GK_OPTIONAL, 1, 10);
  const char *password = secret(&d, "password", GK_OPTIONAL);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(
      gk_session_enrol(&in, &fresh, &uri, &refusal, &request->act, gk_rest_known_browser(request), code, password));
  if (refusal != NULL)
    return refuse(request, response, refusal);
  if (code != NULL)
    return start(request, response, &in);
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "secret", fresh);
  gk_json_set_str(response->json, "uri", uri);
  response->keep_private = true;
  return NULL;
}

gk_error_t *gk_rest_session_recovery(gk_request_t *request, gk_response_t *response)
{
  const apr_array_header_t *codes;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_session_new_recovery(&codes, &request->act));
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "recovery_codes", words(codes, request->pool));
  return NULL;
}

gk_error_t *gk_rest_session_confirm(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *refusal;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *password = secret(&d, "password", GK_OPTIONAL);
  const char *code = gk_decode_str(&d, "totp", GK_OPTIONAL, 1, 10);
  if ((password == NULL) == (code == NULL) && d.error == NULL)
    gk_decode_fault(&d, "password", "required", "请输入密码或动态口令之一", "Enter either the password or a one-time code");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_session_confirm(&refusal, &request->act, gk_rest_known_browser(request), password, code));
  if (refusal != NULL)
    return refuse(request, response, refusal);
  response->json = gk_json_object(request->pool);
  gk_json_set_time(response->json, "fresh_until", request->act.now + GK_FRESH_US);
  return NULL;
}

gk_error_t *gk_rest_session_list(gk_request_t *request, gk_response_t *response)
{
  apr_array_header_t *sessions;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_session_list(&sessions, &request->act));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < sessions->nelts; i++) {
    const gk_session_row_t *row = &APR_ARRAY_IDX(sessions, i, gk_session_row_t);
    gk_json_t *one = gk_json_object(request->pool);
    gk_json_set_int(one, "id", row->id);
    gk_json_set_time(one, "begun_at", row->begun);
    gk_json_set_str(one, "browser", row->family);
    gk_json_set_bool(one, "new_browser", row->is_new);
    gk_json_set_bool(one, "current", strcmp(row->session_id, request->who.session_id) == 0);
    gk_json_add(items, one);
  }
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "items", items);
  return NULL;
}

gk_error_t *gk_rest_session_end_one(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_session_end_one(&request->act, id));
  response->status = 204;
  return NULL;
}
