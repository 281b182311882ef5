/* Requests to the gateway's loopback page, from whatever runs on that computer. */
#include "fuzz/gk_fuzz.h"

#include "gateway/page.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_page_request_t request;
  if (length > GK_PAGE_REQUEST_MAX)
    length = GK_PAGE_REQUEST_MAX;
  int whole = gk_page_parse(&request, text, length, pool);
  GK_FUZZ_HOLDS(whole >= -1 && whole <= 1);
  GK_FUZZ_HOLDS(whole != 0 || length < GK_PAGE_REQUEST_MAX); /* or it would wait for ever */
  if (whole <= 0)
    return;
  GK_FUZZ_HOLDS(request.path[0] == '/' && strpbrk(request.path, "?# \r\n") == NULL);
  GK_FUZZ_HOLDS(request.body >= text && request.body + request.body_length <= text + length);
  if (gk_page_own(&request, 8571)) {
    GK_FUZZ_HOLDS(strcmp(request.host, "127.0.0.1:8571") == 0 || strcmp(request.host, "localhost:8571") == 0);
    GK_FUZZ_HOLDS(strcmp(request.method, "GET") == 0 || request.origin != NULL);
  }
}
