/* rest/browser.h: what kind of browser it is, in words of our own: enough for its owner to recognise it. */
#ifndef GK_REST_BROWSER_H
#define GK_REST_BROWSER_H

#include <apr_pools.h>

struct gk_request_t;

/* The cookie that says the browser was here before, or NULL. (sessions.c) */
const char *gk_rest_known_browser(const struct gk_request_t *request);

/* "Chrome / Windows"; "?" for what is not known. Nothing of `user_agent` (may be NULL) itself is kept. */
const char *gk_browser_family(const char *user_agent, apr_pool_t *pool);

#endif
