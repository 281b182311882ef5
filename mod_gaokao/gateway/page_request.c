/* gateway/page_request.c: see page.h. */
#include "gateway/page.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

int gk_page_parse(gk_page_request_t *out, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  const char *end = NULL;
  gk_page_request_t request = {0};
  unsigned long body_length = 0;
  for (apr_size_t i = 3; i < length && end == NULL; i++)
    if (memcmp(bytes + i - 3, "\r\n\r\n", 4) == 0)
      end = bytes + i - 3;
  if (memchr(bytes, '\0', end != NULL ? (apr_size_t)(end - bytes) : length) != NULL)
    return -1;
  if (end == NULL)
    return length >= GK_PAGE_REQUEST_MAX ? -1 : 0;
  char *state, *line = apr_strtok(apr_pstrmemdup(pool, bytes, (apr_size_t)(end - bytes)), "\r\n", &state), *word;
  if (line == NULL || (request.method = apr_strtok(line, " ", &word)) == NULL ||
      (request.path = apr_strtok(NULL, " ", &word)) == NULL ||
      (line = apr_strtok(NULL, " ", &word)) == NULL || strncmp(line, "HTTP/1.", 7) != 0 || request.path[0] != '/')
    return -1;
  request.path = apr_pstrmemdup(pool, request.path, strcspn(request.path, "?#"));
  while ((line = apr_strtok(NULL, "\r\n", &state)) != NULL) {
    static const char *const names[] = {"host:", "origin:", "content-type:", "content-length:", "transfer-encoding:"};
    const char **places[] = {&request.host, &request.origin, &request.type};
    for (int i = 0; i < 5; i++) {
      const char *value = line + strlen(names[i]);
      if (strncasecmp(line, names[i], strlen(names[i])) != 0)
        continue;
      while (*value == ' ' || *value == '\t')
        value++;
      if (i < 3 && *places[i] != NULL)
        return -1; /* twice */
      if (i < 3)
        *places[i] = value;
      else if (i == 3)
        body_length = strtoul(value, NULL, 10);
      else
        return -1;
    }
  }
  request.body = end + 4;
  request.body_length = (apr_size_t)body_length;
  if (body_length > GK_PAGE_REQUEST_MAX - (apr_size_t)(end + 4 - bytes))
    return -1;
  if ((apr_size_t)(end + 4 - bytes) + body_length > length)
    return 0;
  *out = request;
  return 1;
}

int gk_page_own(const gk_page_request_t *request, int port)
{
  static const char *const names[] = {"127.0.0.1", "localhost"};
  for (int i = 0; i < 2; i++) {
    char host[40], origin[60];
    apr_snprintf(host, sizeof(host), "%s:%d", names[i], port);
    apr_snprintf(origin, sizeof(origin), "http://%s", host);
    if (request->host != NULL && strcmp(request->host, host) == 0)
      return strcmp(request->method, "GET") == 0 || (request->origin != NULL && strcmp(request->origin, origin) == 0);
  }
  return 0;
}
