/* rest/router.c: see router.h. The order of a request:
 * match -> rights -> body -> Idempotency-Key -> handler -> keep the answer -> commit. */
#include "rest/router.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_general.h>

#include "base/time.h"
#include "domain/client.h"
#include "domain/device.h"
#include "domain/live.h"
#include "domain/ports.h"
#include "domain/ports_candidate.h"
#include "rest/head.h"
#include "domain/session.h"

#define VERSION GK_ROUTE_VERSION
#define KEYLESS GK_ROUTE_KEYLESS
#define STREAM GK_ROUTE_STREAM
#define WAY_IN GK_ROUTE_WAY_IN
#define FRESH GK_ROUTE_FRESH

const gk_route_t gk_routes[] = {
#define GK_ROUTE(method, path, handler, action, body, max, flags, operation) \
  {#method, path, gk_rest_##handler, GK_ACTION_##action, GK_BODY_##body, max, flags, operation},
#include "rest/routes.def"
#undef GK_ROUTE
};
const int gk_route_count = (int)(sizeof(gk_routes) / sizeof(gk_routes[0]));

static gk_transport_t transport;

static bool is_write(const gk_request_t *request)
{
  return strcmp(request->route->method, "GET") != 0;
}

void gk_router_transport(const gk_transport_t *functions) { transport = *functions; }

gk_error_t *gk_stream_start(gk_request_t *request, gk_response_t *response)
{
  response->streamed = true;
  return transport.stream_start(request, response);
}

gk_error_t *gk_stream_write(gk_request_t *request, const void *bytes, apr_size_t length)
{
  return transport.stream_write(request, bytes, length);
}

void gk_request_pause_db(gk_request_t *request)
{
  transport.release(request);
  request->act.db = NULL;
}

void gk_request_bound(gk_request_t *request)
{
  gk_db_commit_by(request->act.db, request->act.now - gk_core_config(request->act.core)->clock_offset_us + 30 * GK_SECOND);
}

/* Every write that a window judges ends by the database's clock; a connection forgets it when it is given back. */
gk_error_t *gk_request_resume_db(gk_request_t *request)
{
  if (request->act.db == NULL)
    GK_TRY(transport.connect(request, &request->act.db));
  if (request->route != NULL && is_write(request) &&
      (gk_access(request->route->action)->window[0] != '\0' || request->route->action == GK_ACTION_device_post))
    gk_request_bound(request);
  return NULL;
}

static void pause_request(void *baton) { gk_request_pause_db(baton); }
static gk_error_t *resume_request(void *baton) { return gk_request_resume_db(baton); }
static const gk_act_pause_t act_pause = {pause_request, resume_request};

/* ---- matching --------------------------------------------------------------------------------------- */

/* Compares segment by segment. *literal: how many segments are literal, for "most specific wins". */
static bool matches(const char *template, const char *path, const char *args[4], int *literal, apr_pool_t *pool)
{
  int n = 0;
  *literal = 0;
  for (;;) {
    if (*template++ != '/' || *path++ != '/')
      return false;
    apr_size_t t = strcspn(template, "/"), p = strcspn(path, "/");
    if (p == 0)
      return false;
    if (template[0] == '{') {
      if (n == 4)
        return false;
      args[n++] = apr_pstrmemdup(pool, path, p);
    } else if (t != p || memcmp(template, path, t) != 0) {
      return false;
    } else {
      ++*literal;
    }
    template += t;
    path += p;
    if (*template == '\0' || *path == '\0')
      return *template == *path;
  }
}

static gk_error_t *find_route(gk_request_t *request, gk_response_t *response)
{
  const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
  const char *allow = NULL;
  int best = -1;
  for (int i = 0; i < gk_route_count; i++) {
    const char *args[4] = {NULL, NULL, NULL, NULL};
    int literal;
    if (!matches(gk_routes[i].path, request->path, args, &literal, request->pool))
      continue;
    if (allow == NULL || strstr(allow, gk_routes[i].method) == NULL)
      allow = apr_pstrcat(request->pool, allow != NULL ? allow : "", allow != NULL ? ", " : "", gk_routes[i].method,
                          strcmp(gk_routes[i].method, "GET") == 0 ? ", HEAD" : "", NULL);
    if (strcmp(gk_routes[i].method, method) == 0 && literal > best) {
      best = literal;
      request->route = &gk_routes[i];
      memcpy(request->args, args, sizeof(args));
    }
  }
  if (allow == NULL)
    return gk_error_plain(request->pool, GK_E_NO_ROUTE);
  allow = apr_pstrcat(request->pool, allow, ", OPTIONS", NULL);
  if (request->route != NULL)
    return NULL;
  apr_table_setn(response->headers, "Allow", allow);
  if (strcmp(method, "OPTIONS") == 0) {
    response->status = 204;
    return NULL;
  }
  gk_error_t *error = gk_error_plain(request->pool, GK_E_WRONG_METHOD);
  error->zh = apr_pstrcat(request->pool, "此地址只支持 ", allow, NULL);
  error->en = apr_pstrcat(request->pool, "This address takes ", allow, NULL);
  return error;
}

/* ---- rights ------------------------------------------------------------------------------------------ */

static gk_error_t *check_rights(gk_request_t *request)
{
  const gk_route_t *route = request->route;
  apr_pool_t *pool = request->pool;
  GK_TRY(gk_session_authenticate(request));
  if (request->who.role == GK_ROLE_EXPORT && !request->token) /* on each request, not only at the door (ID-16) */
    GK_TRY(gk_client_certificate(&request->act, request->who.account_id, transport.certificate(request)));
  if (!gk_access_allows(route->action, request->who.role)) {
    if (request->who.role == GK_ROLE_PUBLIC)
      return gk_error_plain(pool, GK_E_NOT_SIGNED_IN);
    return gk_error(pool, GK_E_FORBIDDEN, "您的身份不能办理这一项，请联系上级机构",
                    "Your role may not do this: ask the bureau above you");
  }
  /* A token is good for its one request: what it could turn into a session or another proof is not for it. */
  if (request->token && !gk_access_by_token(route->action))
    return gk_error(pool, GK_E_FORBIDDEN, "请求令牌只能用于取数和退回名单，不能办理这一项：请登录后办理",
                    "A request token is for taking data and return lists, not for this: sign in");
  if (request->who.must_change_password && (route->flags & WAY_IN) == 0)
    return gk_error_plain(pool, GK_E_PASSWORD_CHANGE_NEEDED);
  if (request->who.must_enrol_totp && (route->flags & WAY_IN) == 0)
    return gk_error_plain(pool, GK_E_TOTP_ENROLMENT_NEEDED);
  if (is_write(request))
    GK_TRY(gk_session_check_write(request));
  return NULL;
}

/* ---- body --------------------------------------------------------------------------------------------- */

static gk_error_t *read_body(gk_request_t *request, const unsigned char **bytes, apr_size_t *length)
{
  const gk_route_t *route = request->route;
  const char *type = apr_table_get(request->headers, "Content-Type");
  *bytes = (const unsigned char *)"";
  *length = 0;
  if (route->body == GK_BODY_raw && gk_core_room_percent(request->act.core) < GK_ROOM_UPLOADS)
    return gk_error_retry(gk_error(request->pool, GK_E_DB_FULL, "存储空间快满了，暂不接收文件；其他办理不受影响",
                                   "The disk is nearly full: no files are taken for now; everything else goes on"),
                          60 * APR_USEC_PER_SEC);
  GK_TRY(transport.body(request, route->body == GK_BODY_none ? 4096 : route->max_bytes, bytes, length));
  if (route->body == GK_BODY_none) {
    if (*length > 0)
      return gk_error(request->pool, GK_E_MALFORMED, "此请求不应带内容", "This request takes no body");
    return NULL;
  }
  if (route->body == GK_BODY_raw) {
    if (gk_head_is_form(type))
      return gk_error(request->pool, GK_E_UNSUPPORTED_TYPE, "请直接上传文件内容，并注明 Content-Type",
                      "Send the file's bytes as the body, with its Content-Type");
    request->raw = *bytes;
    request->raw_length = *length;
    request->raw_type = type;
    return NULL;
  }
  if (!gk_head_is_json(type))
    return gk_error(request->pool, GK_E_UNSUPPORTED_TYPE, "请用 application/json 发送", "Send application/json");
  if (*length == 0) {
    request->json = gk_json_object(request->pool);
    return NULL;
  }
  return gk_json_parse(&request->json, (const char *)*bytes, *length, request->pool);
}

/* ---- the Idempotency-Key ------------------------------------------------------------------------------ */

static gk_error_t *read_key(gk_request_t *request, const char **key)
{
  *key = NULL;
  if (!is_write(request) || (request->route->flags & (KEYLESS | STREAM)) != 0)
    return NULL;
  return gk_head_key(key, apr_table_get(request->headers, "Idempotency-Key"), request->pool);
}

/* What the key is bound to: method, path, version and body. */
static const char *request_digest(gk_request_t *request, const unsigned char *bytes, apr_size_t length)
{
  gk_sha256_t *digest = gk_sha256_start(request->pool);
  const char *head = apr_psprintf(request->pool, "%s %s %" APR_INT64_T_FMT "\n", request->method, request->path,
                                  request->if_match);
  gk_sha256_add(digest, head, strlen(head));
  gk_sha256_add(digest, bytes, length);
  return gk_sha256_end(digest, request->pool);
}

static gk_error_t *replay(gk_request_t *request, gk_response_t *response, const char *digest,
                          const gk_kept_answer_t *answer)
{
  if (strcmp(answer->request_digest, digest) != 0)
    return gk_error(request->pool, GK_E_KEY_REUSED, "这个 Idempotency-Key 已用于另一个请求，请换一个新的",
                    "This Idempotency-Key was used for another request: take a new one");
  if (answer->body[0] == '\0' && answer->status != 204)
    return gk_error(request->pool, GK_E_CONFLICT, "该操作已经完成；结果含密码，不再重复给出，请重新查询",
                    "This was done already; the answer held passwords and is not repeated: ask for it anew");
  response->status = answer->status;
  response->etag = answer->etag;
  response->location = answer->location;
  response->text = answer->body;
  response->length = strlen(answer->body);
  response->media_type = "application/json";
  apr_table_setn(response->headers, "Idempotency-Replayed", "true");
  return NULL;
}

/* ---- running ------------------------------------------------------------------------------------------ */

static gk_error_t *find_kept(gk_request_t *request, gk_response_t *response, const char *key, const char *digest,
                             bool *done)
{
  gk_kept_answer_t answer;
  *done = false;
  if (key == NULL)
    return NULL;
  bool found;
  GK_TRY(gk_store_answer_find(&request->act, key, &found, &answer));
  if (!found)
    return NULL;
  *done = true;
  return replay(request, response, digest, &answer);
}

/* What may sign somebody out, or switch an account or a unit off. */
static bool ends_sessions(const char *path)
{
  return strncmp(path, "/session", 8) == 0 || strncmp(path, "/accounts", 9) == 0 || strncmp(path, "/orgs", 5) == 0;
}

/* Keeps the answer and commits what the handler began. */
static gk_error_t *finish(gk_request_t *request, gk_response_t *response, const char *key, const char *digest)
{
  if (request->act.db == NULL || !gk_db_in_transaction(request->act.db))
    return NULL;
  if (key != NULL && response->status < 300) {
    gk_kept_answer_t answer = {digest, response->status, response->etag, response->location, ""};
    bool kept;
    if (response->json != NULL) { /* written once, for the reply and for its repetition */
      response->text = gk_json_text(response->json, request->pool);
      response->length = strlen(response->text);
      response->json = NULL;
      if (!response->keep_private)
        answer.body = response->text;
    }
    GK_TRY(gk_store_answer_keep(&request->act, key, &answer, &kept));
    if (!kept) /* the same request on another connection was first: look again */
      return gk_error_plain(request->pool, GK_E_RETRY);
  }
  GK_TRY(gk_db_commit(request->act.db, request->pool));
  if (request->act.live_org != 0)
    gk_live_bump(request->act.live_org);
  if (request->act.look_again)
    gk_core_season_changed(request->act.core);
  if (ends_sessions(request->route->path))
    gk_live_forget_all();
  return NULL;
}

static void reset_response(gk_response_t *response, apr_pool_t *pool)
{
  memset(response, 0, sizeof(*response));
  response->status = 200;
  response->headers = apr_table_make(pool, 4);
}

/* Nothing was written: perhaps because the same request, sent twice at once, did it between the look for a kept answer and
 * the handler's own. Then its answer is ours. */
static gk_error_t *look_again(gk_request_t *request, gk_response_t *response, const char *key, const char *digest)
{
  gk_response_t other;
  bool done;
  if (key == NULL || request->act.db == NULL || gk_db_in_transaction(request->act.db) || response->streamed)
    return NULL;
  reset_response(&other, request->pool);
  GK_TRY(find_kept(request, &other, key, digest, &done));
  if (done)
    *response = other;
  return NULL;
}

static gk_error_t *attempt(gk_request_t *request, gk_response_t *response, const char *key, const char *digest)
{
  bool done;
  gk_store_forget(&request->act);
  if (request->route->action == GK_ACTION_own_fill && request->who.candidate_id != 0) /* with the kept answer, if any */
    gk_store_candidate_own_ahead(&request->act, request->who.account_id);
  GK_TRY(find_kept(request, response, key, digest, &done));
  if (done)
    return NULL;
  GK_TRY(gk_core_season(&request->act.season, request->act.core, request->act.db, request->pool));
  if ((request->route->flags & FRESH) != 0)
    GK_TRY(gk_session_fresh(&request->act));
  GK_TRY(request->route->handler(request, response));
  if (is_write(request)) /* handlers of writes need not ask for a query that they don't have */
    GK_TRY(gk_query_end(request, NULL));
  if (response->status == 0)
    response->status = 200;
  GK_TRY(look_again(request, response, key, digest));
  return finish(request, response, key, digest);
}

/* A live page that has seen everything: answered without the database (domain/live.h). */
static bool unchanged(gk_request_t *request, gk_response_t *response)
{
  const char *seen = apr_table_get(request->headers, "If-None-Match");
  if (request->route->handler != gk_rest_readings_changes)
    return false;
  request->live_due = gk_live_due();
  if (seen == NULL || request->live_due)
    return false;
  const char *tag = gk_live_tag_of(request->cookie, request->pool);
  if (tag == NULL || strcmp(tag, seen) != 0)
    return false;
  response->etag = tag;
  return true;
}

static gk_error_t *run(gk_request_t *request, gk_response_t *response)
{
  const unsigned char *bytes;
  apr_size_t length;
  const char *digest = "";
  GK_TRY(find_route(request, response));
  if (request->route == NULL)
    return NULL; /* OPTIONS */
  if (unchanged(request, response))
    return NULL;
  GK_TRY(gk_request_resume_db(request));
  gk_error_t *no_key = read_key(request, &request->key);
  request->at_hand = is_write(request) && transport.at_hand(request);
  GK_TRY(check_rights(request));
  if (request->route->action == GK_ACTION_device_post) /* strangers' bodies are not even read */
    GK_TRY(gk_device_known(&request->act, request->args[0]));
  if ((request->route->flags & VERSION) != 0)
    GK_TRY(gk_head_version(&request->if_match, apr_table_get(request->headers, "If-Match"), request->pool));
  GK_TRY(no_key);
  const char *key = request->key;
  if (is_write(request) && !request->at_hand) /* the client may send its body as slowly as it likes */
    gk_request_pause_db(request);
  GK_TRY(read_body(request, &bytes, &length));
  GK_TRY(gk_request_resume_db(request));
  if (key != NULL)
    digest = request_digest(request, bytes, length);
  /* Deadlocks, serialisation failures and lost races for a key run the whole unit of work again. */
  for (int tries = 0;; tries++) {
    gk_error_t *error = attempt(request, response, key, digest);
    if (error == NULL)
      return NULL;
    if (request->act.db != NULL)
      gk_db_rollback(request->act.db);
    /* Refused because the same request, sent twice at once, was carried out meanwhile: its answer is ours. */
    int http = gk_error_info(error->code)->http;
    bool done = false;
    if (key != NULL && request->act.db != NULL && (http == 409 || http == 412 || http == 422)) {
      reset_response(response, request->pool);
      gk_error_t *again = find_kept(request, response, key, digest, &done);
      if (done)
        return again;
    }
    if (request->act.db == NULL || error->code != GK_E_RETRY || tries == 3 || response->streamed)
      return error;
    reset_response(response, request->pool);
    request->query_seen->nelts = 0;
    unsigned char jitter;
    apr_generate_random_bytes(&jitter, 1);
    apr_sleep((apr_interval_time_t)(1 + tries) * 2000 + jitter * 40);
  }
}

void gk_router_run(gk_request_t *request, gk_response_t *response, gk_error_t **problem)
{
  reset_response(response, request->pool);
  request->who = (gk_principal_t){.role = GK_ROLE_PUBLIC, .scope_lo = "", .scope_hi = "", .org_path = "", .login = ""};
  request->act.who = &request->who;
  request->act.pool = request->pool;
  request->act.again = true;
  request->act.pause = &act_pause;
  request->act.pause_baton = request;
  request->query_seen = apr_array_make(request->pool, 4, sizeof(const char *));
  gk_error_t *error = run(request, response);
  if (error != NULL) {
    apr_table_t *headers = response->headers;
    if (!response->streamed) {
      gk_response_t fresh = {.headers = headers};
      *response = fresh;
      gk_problem(response, error, request->lang, request->act.request_id, request->pool);
    }
  }
  if (request->set_cookie != NULL && !response->streamed && apr_table_get(response->headers, "Set-Cookie") == NULL)
    apr_table_setn(response->headers, "Set-Cookie", request->set_cookie);
  if (problem != NULL)
    *problem = error;
}
