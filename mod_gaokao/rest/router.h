/* rest/router.h: from method and path to an answer: match, rights, body, handler, commit, Idempotency-Key. */
#ifndef GK_REST_ROUTER_H
#define GK_REST_ROUTER_H

#include "rest/request.h"

/* What the transport (httpd) gives the router. Bodies are asked for only after rights were checked. */
typedef struct gk_transport_t {
  /* Reads the whole body, at most `limit` bytes: TOO_LARGE, MALFORMED when it ended early. Sets `arrived` after it. */
  gk_error_t *(*body)(gk_request_t *request, apr_size_t limit, const unsigned char **bytes, apr_size_t *length);
  /* The whole body came with the head: reading it waits for nobody. */
  bool (*at_hand)(gk_request_t *request);
  /* A connection for this request, and act.now by the database's clock; given back by the transport when the
   * request ends, or earlier by release: a request that waits for its client or for a turn at hashing must not hold
   * one of the few connections. */
  gk_error_t *(*connect)(gk_request_t *request, gk_db_t **db);
  void (*release)(gk_request_t *request);
  gk_error_t *(*stream_start)(gk_request_t *request, gk_response_t *response);
  gk_error_t *(*stream_write)(gk_request_t *request, const void *bytes, apr_size_t length);
  /* SHA-256 of the certificate that the client proved on this connection, as hex; NULL: none. */
  const char *(*certificate)(gk_request_t *request);
} gk_transport_t;
void gk_router_transport(const gk_transport_t *transport);

/* Routes and runs one request whose pool, core, method, path, query, headers and lang are set. Never fails: errors become
 * problem documents in *response. *problem (may be NULL) gets the error for the log. */
void gk_router_run(gk_request_t *request, gk_response_t *response, gk_error_t **problem);

/* Checks the session cookie and fills request->who. No cookie, an ended or expired session: role public.
 * (rest/sessions.c) */
gk_error_t *gk_session_authenticate(gk_request_t *request);
/* CSRF token, Origin and Sec-Fetch-Site of a write. (rest/sessions.c) */
gk_error_t *gk_session_check_write(const gk_request_t *request);

/* The problem document of an error, RFC 9457. (rest/problem.c) */
void gk_problem(gk_response_t *response, const gk_error_t *error, const char *lang, const char *request_id,
                apr_pool_t *pool);

#endif
