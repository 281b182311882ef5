/* httpd/exposure.c: what is refused before anything is done for it. Beyond loopback there is no service without TLS, and no
 * demonstration, unless the operator says so (faults.md NE-9, PE-12); that is judged twice: all listeners when httpd starts,
 * and each request by its own connection. And framing that can be read two ways (NE-5). */
#include <stdio.h>
#include <ap_listen.h>
#include <apr_strings.h>
#include <http_ssl.h>

#include "httpd/httpd_internal.h"

static bool is(const char *text, const char *word) { return text != NULL && strcmp(text, word) == 0; }

/* Unix sockets end on this machine too. */
static bool is_loopback(const apr_sockaddr_t *address)
{
  const unsigned char *bytes = address->ipaddr_ptr;
  if (address->family == APR_INET)
    return bytes[0] == 127;
#if APR_HAVE_IPV6
  static const unsigned char one[16] = {[15] = 1}, mapped[12] = {[10] = 0xff, [11] = 0xff};
  if (address->family == APR_INET6)
    return memcmp(bytes, one, 16) == 0 || (memcmp(bytes, mapped, 12) == 0 && bytes[12] == 127);
#endif
#if APR_HAVE_SOCKADDR_UN
  return address->family == APR_UNIX;
#else
  return false;
#endif
}

/* The last SSLEngine of a part of the configuration, or NULL. Hosts inside it are not looked into. */
static const char *ssl_engine(const ap_directive_t *node)
{
  const char *found = NULL;
  for (; node != NULL; node = node->next) {
    if (strcasecmp(node->directive, "SSLEngine") == 0)
      found = node->args;
    else if (node->first_child != NULL && strcasecmp(node->directive, "<VirtualHost") != 0) {
      const char *inside = ssl_engine(node->first_child);
      found = inside != NULL ? inside : found;
    }
  }
  return found;
}

static const ap_directive_t *host_node(const ap_directive_t *node, const server_rec *server)
{
  for (; node != NULL; node = node->next) {
    if (strcasecmp(node->directive, "<VirtualHost") == 0 && (unsigned)node->line_num == server->defn_line_number &&
        is(node->filename, server->defn_name))
      return node;
    const ap_directive_t *inside = node->first_child != NULL ? host_node(node->first_child, server) : NULL;
    if (inside != NULL)
      return inside;
  }
  return NULL;
}

/* mod_ssl tells of connections, not of hosts: so its directive is read where it stands. Only a plain "on" counts, and
 * what ServerName says of a proxy in front doesn't. */
static bool has_tls(const server_rec *server)
{
  if (ap_find_linked_module("mod_ssl.c") == NULL)
    return false;
  const ap_directive_t *host = server->is_virtual ? host_node(ap_conftree, server) : NULL;
  const char *engine = host != NULL ? ssl_engine(host->first_child) : NULL;
  if (engine == NULL)
    engine = ssl_engine(ap_conftree);
  if (engine == NULL) /* mod_ssl switches itself on for "Listen ... https" */
    return is(ap_get_server_protocol((server_rec *)server), "https");
  return strcasecmp(engine, "on") == 0;
}

static bool is_wildcard(const apr_sockaddr_t *address)
{
  static const unsigned char none[16];
  return address->ipaddr_len > 0 && memcmp(address->ipaddr_ptr, none, (apr_size_t)address->ipaddr_len) == 0;
}

/* The host may answer what comes in there. *whole: it answers all of it. */
static bool serves(const server_rec *server, const apr_sockaddr_t *listener, bool *whole)
{
  for (const server_addr_rec *at = server->addrs; at != NULL; at = at->next) {
    if (at->host_port != 0 && at->host_port != listener->port)
      continue;
    bool any = is_wildcard(at->host_addr);
    if (any || apr_sockaddr_equal(at->host_addr, listener)) {
      *whole = true;
      return true;
    }
    if (is_wildcard(listener))
      return true;
  }
  return false;
}

/* Log lines escape what is not ASCII; the terminal or the log gets the Chinese line as it is. */
static gk_error_t *refuse(const char *zh, const char *en, const apr_sockaddr_t *listener, apr_pool_t *pool)
{
  char *host = NULL;
  apr_sockaddr_ip_get(&host, (apr_sockaddr_t *)listener);
  const char *where = apr_psprintf(pool, "%s:%d", host, (int)listener->port);
  fprintf(stderr, "GK0006: 监听地址 %s %s\n", where, zh);
  return gk_error_internal(pool, GK_E_CONFIG, "%s %s", where, en);
}

static gk_error_t *check_host(const server_rec *server, const apr_sockaddr_t *listener, apr_pool_t *pool)
{
  const gk_httpd_config_t *config = gk_httpd_config(server);
  if (has_tls(server) || is(config->insecure, "on") || is(config->insecure, "redirect"))
    return NULL;
  return refuse("不在本机且未启用 TLS：密码和身份证号会明文传输，拒绝启动。请启用 TLS（./run --tls）；确需如此请设置 GaokaoInsecure on",
                "is beyond this machine and has no TLS: passwords and ID numbers would cross the network in clear. "
                "Switch TLS on (./run --tls), or say GaokaoInsecure on if that is meant",
                listener, pool);
}

gk_error_t *gk_httpd_exposure_check(server_rec *main_server, apr_pool_t *pool)
{
  const gk_config_t *settings = gk_core_config(gk_httpd_core());
  for (const ap_listen_rec *listener = ap_listeners; listener != NULL; listener = listener->next) {
    const apr_sockaddr_t *address = listener->bind_addr;
    bool whole = false;
    if (is_loopback(address))
      continue;
    if (settings->demo && !settings->demo_public)
      return refuse("不在本机，而 gaokao.conf 设为演示（demo = on，登录口令不保密），拒绝启动。请设 demo = off；确需公开演示请设 demo = public",
                    "is beyond this machine, and this is a demonstration whose logins are no secret. Set demo = off in "
                    "gaokao.conf, or demo = public if that is meant",
                    address, pool);
    for (const server_rec *server = main_server->next; server != NULL; server = server->next)
      if (serves(server, address, &whole))
        GK_TRY(check_host(server, address, pool));
    if (!whole)
      GK_TRY(check_host(main_server, address, pool));
  }
  return NULL;
}

/* ---- each request ---------------------------------------------------------------------------------------- */

bool gk_httpd_exposed(const request_rec *r)
{
  const char *insecure = gk_httpd_config(r->server)->insecure;
  if (is(insecure, "on") || ap_ssl_conn_is_ssl(r->connection))
    return false;
  return is(insecure, "redirect") || !is_loopback(r->connection->local_addr);
}

/* In clear text browsers go on by https; what carries passwords by mistake is refused by the handler, so that it shows. */
int gk_httpd_post_read_request(request_rec *r)
{
  const char *coding = apr_table_get(r->headers_in, "Transfer-Encoding");
  /* httpd takes "chunked, chunked" for chunked; a proxy in front may count otherwise. */
  if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
    r->connection->keepalive = AP_CONN_CLOSE;
    return HTTP_BAD_REQUEST;
  }
  if (r->method_number == M_CONNECT)
    return HTTP_METHOD_NOT_ALLOWED;
  if (gk_httpd_core() == NULL || r->prev != NULL || r->main != NULL || !gk_httpd_exposed(r))
    return DECLINED;
  r->connection->keepalive = AP_CONN_CLOSE;
  if (r->method_number != M_GET || strncmp(r->uri, "/api/", 5) == 0)
    return DECLINED;
  apr_table_setn(r->headers_out, "Location",
                 apr_pstrcat(r->pool, gk_core_config(gk_httpd_core())->site, ap_os_escape_path(r->pool, r->uri, 1),
                             r->args != NULL ? "?" : "", r->args != NULL ? r->args : "", NULL));
  return HTTP_MOVED_PERMANENTLY;
}
