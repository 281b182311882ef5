/* gateway/page.h: the loopback page's request, apart from sockets so that it can be tested and fuzzed. */
#ifndef GK_GATEWAY_PAGE_H
#define GK_GATEWAY_PAGE_H

#include <apr_pools.h>

/* What a request is, once it is whole. */
typedef struct gk_page_request_t {
  const char *method, *path;   /* the path without the query */
  const char *host, *origin, *type;
  const char *body;
  apr_size_t body_length;
} gk_page_request_t;

#define GK_PAGE_REQUEST_MAX 8192

/* Reads `length` bytes that came. 1: a whole request; 0: more is needed; -1: no request that is answered. */
int gk_page_parse(gk_page_request_t *out, const char *bytes, apr_size_t length, apr_pool_t *pool);

/* Who asks may look: the Host is this page's own, and for a change so is the Origin (faults.md ID-15). */
int gk_page_own(const gk_page_request_t *request, int port);

/* A file of the page: "", "page.js", "page.css"; NULL for another name. */
const char *gk_page_file(const char *name, const char **type);

#endif
