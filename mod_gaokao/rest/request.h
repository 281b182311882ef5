/* rest/request.h: a request and its answer without httpd types. httpd/handler.c fills and sends them. */
#ifndef GK_REST_REQUEST_H
#define GK_REST_REQUEST_H

#include <apr_tables.h>
#include "base/error.h"
#include "base/json.h"
#include "domain/act.h"
#include "store/sql.h"

typedef enum gk_body_kind_t { GK_BODY_none = 0, GK_BODY_json, GK_BODY_raw } gk_body_kind_t;
enum { GK_ROUTE_VERSION = 1, GK_ROUTE_KEYLESS = 2, GK_ROUTE_STREAM = 4, GK_ROUTE_WAY_IN = 8, GK_ROUTE_FRESH = 16 };

typedef struct gk_request_t gk_request_t;
typedef struct gk_response_t gk_response_t;
typedef gk_error_t *(*gk_handler_fn)(gk_request_t *request, gk_response_t *response);

/* One row of routes.def. */
typedef struct gk_route_t {
  const char *method;
  const char *path;
  gk_handler_fn handler;
  gk_action_t action;
  gk_body_kind_t body;
  apr_size_t max_bytes;
  unsigned flags;
  const char *operation;
} gk_route_t;

struct gk_request_t {
  apr_pool_t *pool;
  gk_act_t act;                 /* who, now, db, season, request id: hand &request->act to the domain */
  gk_principal_t who;
  const gk_route_t *route;
  const char *method;
  const char *path;             /* decoded, below /api/v1 */
  const char *args[4];          /* values of {…} in the path, in order */
  apr_table_t *query;           /* decoded, UTF-8 checked; use the gk_query_… functions */
  apr_table_t *headers;
  const char *target;           /* path and query as they were sent */
  const char *cookie;           /* value of the realm's session cookie, or NULL */
  const char *realm;            /* "staff" or "candidate": by header X-Gaokao-Edition ks | hngz */
  const char *lang;             /* "zh-CN" or "en" */
  gk_json_t *json;              /* body of json routes */
  const unsigned char *raw;     /* body of raw routes */
  apr_size_t raw_length;
  const char *raw_type;         /* media type as sent */
  const char *key;              /* Idempotency-Key, where the route takes one */
  bool at_hand;                 /* the whole body came with the head: the connection is kept while it is read */
  bool live_due;             /* this look takes other nodes' readings along (gk_live_due) */
  bool token;                   /* signed for itself: there is no session to protect (domain/client.h) */
  apr_int64_t if_match;         /* version of If-Match on VERSION routes */
  void *transport;              /* httpd's: for streams */
  apr_time_t arrived;           /* gk_tick() when the whole body was here; act.now is its moment */
  apr_array_header_t *query_seen;
  const struct gk_signed_in_t *session; /* who is signed in (domain/session.h); NULL: nobody */
  const char *set_cookie;       /* Set-Cookie of a session that was seen now; NULL: the cookie is fresh enough */
};

struct gk_response_t {
  int status;                   /* 200 unless set */
  gk_json_t *json;              /* or */
  const char *text;             /* text (length bytes) with media_type */
  apr_size_t length;
  const char *media_type;
  const char *etag;             /* with quotes, gk_etag() */
  const char *location;
  const char *link_next;        /* query string of the next page: "after=..." */
  apr_table_t *headers;
  bool compress;                /* may be compressed: says nothing of a person */
  bool streamed;                /* the handler wrote through gk_stream_… */
  bool keep_private;            /* answer must not be kept for replay (holds passwords): the replay says 409 instead */
};

/* ---- reading the request --------------------------------------------------------------------------- */

/* Path argument i as an id; NOT_FOUND when it is no positive integer. */
gk_error_t *gk_arg_id(apr_int64_t *id, const gk_request_t *request, int i);

/* Query parameters: each is asked for once by name; gk_query_end reports unknown ones. Faults are collected into
 * *error as violations with pointer "?name". */
const char *gk_query_str(gk_request_t *request, const char *name, apr_size_t max, gk_error_t **error);
apr_int64_t gk_query_int(gk_request_t *request, const char *name, apr_int64_t min, apr_int64_t max, apr_int64_t absent,
                         gk_error_t **error);
const char *gk_query_word(gk_request_t *request, const char *name, const char *words, gk_error_t **error);
gk_error_t *gk_query_end(gk_request_t *request, gk_error_t *error);

/* ---- lists: page by key ---------------------------------------------------------------------------- */

/* Reads "limit" (1..200, default 50). */
int gk_query_limit(gk_request_t *request, gk_error_t **error);
/* {"items": items, "next": cursor or null} and the Link header. `cursor` is the key of the last item when there may be
 * more, NULL on the last page; callers ask their statement for limit + 1 rows. */
void gk_response_list(gk_request_t *request, gk_response_t *response, gk_json_t *items, const char *cursor);

/* For an answer that depends on more than the record: rules, parts, the day. Its ETag is the record's version with a digest of
 * the answer, as it stands in response->json: "v7-0123456789abcdef". If-Match takes it for the version. */
void gk_response_tag(gk_request_t *request, gk_response_t *response, apr_int64_t version);

/* ---- the connection ------------------------------------------------------------------------------- */

/* Gives the database connection back while something slow happens (a password is hashed), and takes one again. act.db
 * is NULL in between. Not inside a transaction. resume: DB_DOWN when there is none to be had. */
void gk_request_pause_db(gk_request_t *request);
gk_error_t *gk_request_resume_db(gk_request_t *request);
/* COMMIT is refused 30 s after the request was here, by the database's clock (faults.md PR-3). Holds until the connection is
 * made ready again; writes that a window judges have it without asking. */
void gk_request_bound(gk_request_t *request);

/* ---- streams (STREAM routes) ----------------------------------------------------------------------- */

/* Sends headers and starts the body. After it errors can only cut the connection. */
gk_error_t *gk_stream_start(gk_request_t *request, gk_response_t *response);
gk_error_t *gk_stream_write(gk_request_t *request, const void *bytes, apr_size_t length);

/* All routes, in table order, for the contract test and OPTIONS. */
extern const gk_route_t gk_routes[];
extern const int gk_route_count;

#define GK_ROUTE(method, path, handler, action, body, max, flags, operation) \
  gk_error_t *gk_rest_##handler(gk_request_t *request, gk_response_t *response);
#include "rest/routes.def"
#undef GK_ROUTE

#endif
