/* gateway/page.c: the page on this computer: state, the last cards, the category, numbers for pictures. Only 127.0.0.1; every
 * address begins with a random token that stands in page.url (0600); GET changes nothing (faults.md ID-15). */
#include "gateway/page.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/time.h"
#include "gateway/files.h"
#include "gateway/gateway.h"

#define CLIENTS (GK_PAGE_DESCRIPTORS - 1)
#define PATIENCE_US (10 * GK_SECOND)

typedef struct client_t {
  int fd;                                /* -1: free */
  char *in;                              /* malloc, GK_PAGE_REQUEST_MAX */
  apr_size_t used;
  char *out;                             /* malloc: what is still to be written */
  apr_size_t out_length, written;
  apr_time_t since;
} client_t;

struct gk_page_t {
  gk_gateway_t *gateway;
  int fd, port;
  char token[33];
  client_t clients[CLIENTS];
};

static void hang_up(client_t *client)
{
  if (client->fd >= 0)
    close(client->fd);
  client->fd = -1;
  free(client->in);
  free(client->out);
  client->in = client->out = NULL;
  client->used = client->out_length = client->written = 0;
}

static apr_status_t close_page(void *data)
{
  gk_page_t *page = data;
  close(page->fd);
  for (int i = 0; i < CLIENTS; i++)
    hang_up(&page->clients[i]);
  return APR_SUCCESS;
}

gk_error_t *gk_page_create(gk_page_t **out, gk_gateway_t *gateway, apr_pool_t *pool)
{
  gk_page_t *page = apr_pcalloc(pool, sizeof(*page));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int yes = 1;
  page->gateway = gateway;
  page->port = (int)gk_setting_number(gateway->device->settings.page_port, 1, 65535);
  address.sin_port = htons((unsigned short)page->port);
  apr_cpystrn(page->token, gk_random_hex(pool, 16), sizeof(page->token));
  for (int i = 0; i < CLIENTS; i++)
    page->clients[i].fd = -1;
  page->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (page->fd < 0 || setsockopt(page->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(page->fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(page->fd, 8) != 0)
    return gk_error(pool, GK_E_CONFIG, "状态页的端口 %d 不能用（%s）：请在 gateway.conf 里改 page_port",
                    "The state page's port %d can't be used (%s): change page_port in gateway.conf", page->port, strerror(errno));
  apr_pool_cleanup_register(pool, page, close_page, apr_pool_cleanup_null);
  const char *url = apr_psprintf(pool, "http://127.0.0.1:%d/%s/\n", page->port, page->token);
  GK_TRY(gk_file_put(gk_device_path(gateway->device, "page.url", pool), url, 0, pool));
  printf(gateway->english ? "State page: %s" : "状态页：%s", url);
  fflush(stdout);
  *out = page;
  return NULL;
}

int gk_page_descriptors(const gk_page_t *page, struct pollfd *fds)
{
  int count = 0;
  fds[count++] = (struct pollfd){page->fd, POLLIN, 0};
  for (int i = 0; i < CLIENTS; i++)
    if (page->clients[i].fd >= 0)
      fds[count++] = (struct pollfd){page->clients[i].fd, page->clients[i].out != NULL ? POLLOUT : POLLIN, 0};
  return count;
}

/* ---- answers ----------------------------------------------------------------------------------------------------------- */

static void answer(client_t *client, int status, const char *type, const char *body, apr_pool_t *pool)
{
  static const struct { int status; const char *text; } texts[] = {{200, "OK"}, {400, "Bad Request"},
                                                                  {403, "Forbidden"}, {404, "Not Found"},
                                                                  {405, "Method Not Allowed"}, {422, "Unprocessable Content"}};
  const char *text = "";
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    if (texts[i].status == status)
      text = texts[i].text;
  const char *whole = apr_psprintf(
      pool,
      "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %lu\r\nConnection: close\r\nCache-Control: no-store\r\n"
      "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'\r\n\r\n%s",
      status, text, type, (unsigned long)strlen(body), body);
  client->out = strdup(whole);
  client->out_length = strlen(whole);
  client->written = 0;
}

#define PLAIN "text/plain; charset=utf-8"

/* A change the page asks for: {"number": "..."}, {"subject": "..."}, {"test": true}. */
static int change(gk_gateway_t *gateway, const gk_page_request_t *request, apr_pool_t *pool)
{
  gk_json_t *body;
  if (gk_json_parse(&body, request->body, request->body_length, pool) != NULL || !gk_json_is_object(body))
    return 422;
  const char *number = gk_json_str(body, "number"), *subject = gk_json_str(body, "subject");
  gk_json_t *test = gk_json_get(body, "test");
  if (number != NULL)
    return gk_gateway_number(gateway, number, pool) ? 200 : 422;
  if (subject != NULL && strlen(subject) < sizeof(gateway->subject)) {
    gk_gateway_subject(gateway, subject);
    return 200;
  }
  if (!gk_json_is_bool(test))
    return 422;
  gk_gateway_test(gateway, gk_json_bool_value(test));
  return 200;
}

static void serve(gk_page_t *page, client_t *client, const gk_page_request_t *request, apr_pool_t *pool)
{
  const char *type = NULL, *file;
  char start[40];
  apr_snprintf(start, sizeof(start), "/%s/", page->token);
  if (!gk_page_own(request, page->port)) {
    answer(client, 403, PLAIN, "This page answers only on this computer, at 127.0.0.1 or localhost.\n", pool);
    return;
  }
  /* Compared in constant time as far as the token reaches: nobody finds it letter by letter. */
  if (strlen(request->path) < strlen(start) || !gk_same_text(apr_pstrmemdup(pool, request->path, strlen(start)), start)) {
    answer(client, 404, PLAIN, "状态页的地址在网关窗口里，或用 gaokao-gateway status 查看。\n"
                               "The page's address stands in the gateway's window, or: gaokao-gateway status\n", pool);
    return;
  }
  const char *name = request->path + strlen(start);
  if (strcmp(request->method, "GET") == 0) {
    if (strcmp(name, "state.json") == 0)
      answer(client, 200, "application/json", gk_json_text(gk_gateway_state(page->gateway, true, pool), pool), pool);
    else if ((file = gk_page_file(name, &type)) != NULL)
      answer(client, 200, type, file, pool);
    else
      answer(client, 404, PLAIN, "Not found\n", pool);
  } else if (strcmp(request->method, "POST") == 0 && strcmp(name, "change") == 0 && request->type != NULL &&
             strncmp(request->type, "application/json", 16) == 0) {
    int status = change(page->gateway, request, pool);
    answer(client, status, "application/json", status == 200 ? "{}" : "{\"code\":\"invalid\"}", pool);
  } else
    answer(client, 405, PLAIN, "Not here\n", pool);
}

static void take_client(gk_page_t *page)
{
  int fd = accept4(page->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), at = 0;
  if (fd < 0)
    return;
  while (at < CLIENTS && page->clients[at].fd >= 0)
    at++;
  char *in = at < CLIENTS ? malloc(GK_PAGE_REQUEST_MAX) : NULL;
  if (in == NULL) {
    close(fd);
    return;
  }
  page->clients[at] = (client_t){.fd = fd, .in = in, .since = gk_tick()};
}

static void step_client(gk_page_t *page, client_t *client, apr_pool_t *pool)
{
  gk_page_request_t request;
  if (client->out == NULL) {
    ssize_t count = read(client->fd, client->in + client->used, GK_PAGE_REQUEST_MAX - client->used);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      hang_up(client);
      return;
    }
    client->used += count > 0 ? (apr_size_t)count : 0;
    int whole = gk_page_parse(&request, client->in, client->used, pool);
    if (whole > 0)
      serve(page, client, &request, pool);
    else if (whole < 0)
      answer(client, 400, PLAIN, "Bad request\n", pool);
  }
  if (client->out != NULL) {
    ssize_t count = send(client->fd, client->out + client->written, client->out_length - client->written, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      hang_up(client);
      return;
    }
    client->written += count > 0 ? (apr_size_t)count : 0;
    if (client->written == client->out_length) {
      hang_up(client);
      return;
    }
  }
  if (gk_tick() - client->since > PATIENCE_US)
    hang_up(client);
}

void gk_page_step(gk_page_t *page, apr_pool_t *scratch_pool)
{
  take_client(page);
  for (int i = 0; i < CLIENTS; i++)
    if (page->clients[i].fd >= 0)
      step_client(page, &page->clients[i], scratch_pool);
}
