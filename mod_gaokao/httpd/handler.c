/* httpd/handler.c: request_rec -> gk_request_t, the router, gk_response_t -> filters. */
#include <apr_general.h>
#include <apr_strings.h>
#include <util_filter.h>

#include "base/text.h"
#include "base/time.h"
#include "httpd/httpd_internal.h"
#include "rest/head.h"

#define PREFIX "/api/v1"

void gk_httpd_headers(request_rec *r, const char *request_id)
{
  apr_table_t *out = r->headers_out;
  apr_table_setn(out, "X-Content-Type-Options", "nosniff");
  apr_table_setn(out, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  apr_table_setn(out, "Referrer-Policy", "no-referrer");
  apr_table_setn(out, "Cross-Origin-Resource-Policy", "same-origin");
  apr_table_setn(out, "Cache-Control", "no-store");
  if (request_id != NULL)
    apr_table_setn(out, "X-Request-Id", request_id);
}

static const char *cookie_name(const char *realm)
{
  bool secure = gk_core_config(gk_httpd_core())->secure;
  if (strcmp(realm, "candidate") == 0)
    return secure ? "__Host-gk-ks" : "gk-ks";
  return secure ? "__Host-gk-hn" : "gk-hn";
}

/* Each page says which edition it is; without a word (a download link) the one that is signed in. */
static void find_session(gk_request_t *request, const request_rec *r)
{
  const char *header = apr_table_get(r->headers_in, "Cookie");
  const char *edition = apr_table_get(r->headers_in, "X-Gaokao-Edition");
  if (edition != NULL) {
    request->realm = strcmp(edition, "ks") == 0 ? "candidate" : "staff";
    request->cookie = gk_head_cookie(header, cookie_name(request->realm), r->pool);
    return;
  }
  request->realm = "staff";
  request->cookie = gk_head_cookie(header, cookie_name("staff"), r->pool);
  if (request->cookie == NULL) {
    const char *own = gk_head_cookie(header, cookie_name("candidate"), r->pool);
    if (own != NULL) {
      request->realm = "candidate";
      request->cookie = own;
    }
  }
}

/* Whose share of scarce queues it is: an IPv6 network of 64 bits is one customer. */
static const char *fair_address(const request_rec *r)
{
#if APR_HAVE_IPV6
  const apr_sockaddr_t *from = r->useragent_addr;
  if (from != NULL && from->family == APR_INET6 && !IN6_IS_ADDR_V4MAPPED(&from->sa.sin6.sin6_addr))
    return gk_text_hex(r->pool, from->sa.sin6.sin6_addr.s6_addr, 8);
#endif
  return r->useragent_ip;
}

static const char *new_request_id(apr_pool_t *pool)
{
  unsigned char bytes[12];
  apr_generate_random_bytes(bytes, sizeof(bytes));
  return gk_text_hex(pool, bytes, sizeof(bytes));
}

/* The client has this: compressing filters write "-br" or "-gzip" behind an ETag. */
static bool client_has(const char *if_none, const char *etag, apr_pool_t *pool)
{
  const char *stem = apr_pstrmemdup(pool, etag, strlen(etag) - 1);
  for (const char *at = if_none; (at = strstr(at, stem)) != NULL; at++) {
    const char *end = at + strlen(stem);
    if (*end == '"' || strncmp(end, "-br\"", 4) == 0 || strncmp(end, "-gzip\"", 6) == 0)
      return true;
  }
  return false;
}

/* Filters that look by themselves at what the client takes; none where their modules are not loaded. */
static void compress(request_rec *r)
{
  static const char *const names[] = {"BROTLI_COMPRESS", "DEFLATE"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    ap_filter_rec_t *filter = ap_get_output_filter_handle(names[i]);
    if (filter != NULL)
      ap_add_output_filter_handle(filter, NULL, r, r->connection);
  }
}

static void send_response(request_rec *r, gk_request_t *request, gk_response_t *response)
{
  if (response->streamed)
    return;
  r->status = response->status;
  if (apr_table_get(response->headers, "Cache-Control") != NULL)
    apr_table_unset(r->headers_out, "Cache-Control"); /* the handler knows better than "no-store" */
  /* One by one: two cookies must not become one line. */
  const apr_array_header_t *headers = apr_table_elts(response->headers);
  for (int i = 0; i < headers->nelts; i++) {
    const apr_table_entry_t *header = &APR_ARRAY_IDX(headers, i, apr_table_entry_t);
    if (strcasecmp(header->key, "Set-Cookie") == 0)
      apr_table_addn(r->headers_out, header->key, header->val);
    else
      apr_table_mergen(r->headers_out, header->key, header->val);
  }
  if (response->etag != NULL)
    apr_table_setn(r->headers_out, "ETag", response->etag);
  if (response->location != NULL)
    apr_table_setn(r->headers_out, "Location", response->location);
  if (response->link_next != NULL)
    apr_table_setn(r->headers_out, "Link",
                   apr_pstrcat(r->pool, "<" PREFIX, request->path, "?", response->link_next, ">; rel=\"next\"", NULL));
  apr_table_setn(r->headers_out, "Content-Language", request->lang);
  const char *text = response->text;
  apr_size_t length = response->length;
  if (response->json != NULL) {
    text = gk_json_text(response->json, r->pool);
    length = strlen(text);
  }
  const char *if_none = apr_table_get(r->headers_in, "If-None-Match");
  if (r->method_number == M_GET && response->status == 200 && response->etag != NULL && if_none != NULL &&
      client_has(if_none, response->etag, r->pool)) {
    r->status = HTTP_NOT_MODIFIED;
    return;
  }
  if (response->status == 204 || text == NULL) {
    if (response->status != 204)
      ap_set_content_length(r, 0);
    return;
  }
  ap_set_content_type(r, response->media_type != NULL ? response->media_type : "application/json");
  if (response->compress)
    compress(r);
  ap_set_content_length(r, (apr_off_t)length);
  if (!r->header_only)
    ap_rwrite(text, (int)length, r);
}

/* Our addresses are no files: without this httpd looks for one along the whole path, at each request. Which handler an
 * address has is known while names are translated, and forgotten again before files are looked for. SetHandler's word is an
 * expression in newer httpd 2.4, a text in older. */
int gk_httpd_translate_name(request_rec *r)
{
  const core_dir_config *location = ap_get_core_module_config(r->per_dir_config);
  const char *handler = location->handler;
  const char *trouble = NULL;
  if (location->expr_handler != NULL)
    handler = ap_expr_str_exec(r, location->expr_handler, &trouble);
  if (trouble == NULL && handler != NULL && strcmp(handler, "gaokao") == 0)
    apr_table_setn(r->notes, "gk-ours", "");
  return DECLINED;
}

int gk_httpd_map_to_storage(request_rec *r)
{
  return apr_table_get(r->notes, "gk-ours") != NULL ? OK : DECLINED;
}

int gk_httpd_handler(request_rec *r)
{
  if (r->handler == NULL || strcmp(r->handler, "gaokao") != 0)
    return DECLINED;
  gk_core_t *core = gk_httpd_core();
  if (core == NULL)
    return HTTP_SERVICE_UNAVAILABLE;
  const char *request_id = new_request_id(r->pool);
  if (strncmp(r->uri, "/api/", 5) != 0) {
    gk_httpd_note(r, request_id, NULL, 0);
    return gk_httpd_status(r);
  }
  gk_request_t *request = apr_pcalloc(r->pool, sizeof(*request));
  gk_response_t response = {.status = 200, .headers = apr_table_make(r->pool, 4)};
  gk_error_t *problem = NULL;
  request->pool = r->pool;
  request->transport = r;
  request->method = r->method;
  request->headers = r->headers_in;
  request->lang = gk_head_language(apr_table_get(r->headers_in, "Accept-Language"));
  request->act.core = core;
  request->act.request_id = request_id;
  request->act.address = fair_address(r);
  request->arrived = gk_tick();
  request->act.now = gk_core_at(core, request->arrived);
  find_session(request, r);
  gk_httpd_headers(r, request_id);
  const char *path = strncmp(r->uri, PREFIX "/", sizeof(PREFIX)) == 0 ? r->uri + sizeof(PREFIX) - 1 : NULL;
  if (gk_httpd_exposed(r))
    problem = gk_error(r->pool, GK_E_FORBIDDEN, "请改用 https 地址；刚才发送的内容在网络上是明文，若含密码请立即修改",
                       "Use the https address. What was sent crossed the network in clear: change the password if it held one");
  else if (path == NULL)
    problem = gk_error_plain(r->pool, GK_E_NO_ROUTE);
  else if (!gk_utf8_valid(path, strlen(path)))
    problem = gk_error(r->pool, GK_E_MALFORMED, "地址的编码应为 UTF-8", "The address must be UTF-8");
  else
    problem = gk_head_query(&request->query, r->args, r->pool);
  request->path = path != NULL ? path : "/";
  request->target = r->unparsed_uri;
  if (problem != NULL)
    gk_problem(&response, problem, request->lang, request_id, r->pool);
  else
    gk_router_run(request, &response, &problem);
  gk_httpd_body_unread(r);
  gk_httpd_disconnect(r); /* before the reply: a slow reader holds no connection */
  gk_httpd_note(r, request_id, request->route, request->who.account_id);
  if (problem != NULL)
    gk_httpd_log_error(r, problem, request_id);
  if (problem != NULL && response.streamed) {
    /* Half a file has gone out: only a cut connection tells the client so. */
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    return DONE;
  }
  send_response(r, request, &response);
  return OK;
}
