/* domain/act.h: one act of somebody: who, when, on what season, through which connection. Every domain function
 * takes one. The act's clock is the moment the whole request had arrived; domain never reads another. */
#ifndef GK_DOMAIN_ACT_H
#define GK_DOMAIN_ACT_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>
#include "base/error.h"
#include "base/json.h"
#include "domain/access.h"
#include "domain/core.h"
#include "store/db.h"

/* Who acts. Role GK_ROLE_PUBLIC when nobody is signed in (account_id 0, scope empty). */
typedef struct gk_principal_t {
  gk_role_t role;
  apr_int64_t account_id;
  const char *login;
  const char *display_name;
  apr_int64_t org_id;
  const char *org_level;     /* province city county point */
  const char *org_path;
  const char *scope_lo;      /* org_path itself: everything in the subtree is >= scope_lo and < scope_hi */
  const char *scope_hi;
  apr_int64_t candidate_id;  /* role candidate only */
  const char *session_id;
  apr_int64_t generation;
  apr_time_t session_issued;
  bool must_change_password; /* signed in with a slip: only WAY_IN routes */
  bool must_enrol_totp;      /* role needs one-time codes and has none: likewise */
} gk_principal_t;

typedef struct gk_act_t {
  apr_pool_t *pool;
  gk_db_t *db;
  gk_core_t *core;
  const gk_principal_t *who;
  const gk_season_t *season; /* the active season with its pack and rules; NULL when there is none */
  apr_time_t now;
  const char *request_id;
  const char *address;       /* the client's, for fair queues; not stored */
  apr_int64_t live_org;      /* point to whose readings something happened: told to live pages after the commit; 0: none */
  bool look_again;           /* plugins of this process are behind what it wrote: looked for after the commit */
  bool again;                /* whoever runs it runs it once more on RETRY: a lost race may come up late */
  bool together;             /* a new record's statements travel together: a lost race is RETRY, and whoever runs it does it
                              * again without */
  const struct gk_act_pause_t *pause; /* NULL: the connection is the act's own (worker, gaokaoctl) */
  void *pause_baton;
} gk_act_t;

/* How an act gives its connection back for a while. */
typedef struct gk_act_pause_t {
  void (*pause)(void *baton);
  gk_error_t *(*resume)(void *baton);
} gk_act_pause_t;

/* Around what is slow and needs no database (a password is hashed): others use the connection meanwhile. Nothing
 * happens inside a transaction. act->db is NULL in between. */
void gk_act_pause(gk_act_t *act);
gk_error_t *gk_act_resume(gk_act_t *act);

/* The scope arguments of a statement: GK_CALL(org_get, .id = id, GK_SCOPE(act)). */
#define GK_SCOPE(act) .scope_lo = (act)->who->scope_lo, .scope_hi = (act)->who->scope_hi

/* The byte range that holds `path` and everything below it; in pool. */
void gk_scope_of(const char *path, const char **lo, const char **hi, apr_pool_t *pool);
/* `path` lies in the actor's subtree. */
bool gk_act_covers(const gk_act_t *act, const char *path);

/* Starts the act's one write transaction (nothing to do when it runs already). The router, gaokaoctl and the
 * worker commit it; nobody else does. */
gk_error_t *gk_act_begin(gk_act_t *act);

/* NO_SEASON unless there is an active season. */
gk_error_t *gk_act_season(const gk_act_t *act);

/* Leaves one audit row, in the transaction that must run: `before` and `after` may be NULL. `org_path` is the unit the
 * object belongs to. Reads of personal data by staff leave one too (action "candidate.read"): gk_audit_read writes
 * it in a transaction of its own when none runs. */
gk_error_t *gk_audit(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                     apr_int64_t object_version, const char *org_path, gk_json_t *before, gk_json_t *after);

/* STALE_VERSION with the current version as etag. */
gk_error_t *gk_stale(const gk_act_t *act, apr_int64_t current_version);

/* Versions as ETags: "v7" with the quotes. */
const char *gk_etag(apr_pool_t *pool, apr_int64_t version);

/* Is the calendar's `action` open now for a record at org_path (and candidate, 0: none)? WINDOW_CLOSED with the
 * opening and closing times otherwise. "" is always open. (domain/calendar.c) */
gk_error_t *gk_calendar_check(gk_act_t *act, const char *action, const char *org_path, apr_int64_t candidate_id);

/* State and window of the access table's row at once. */
gk_error_t *gk_access_check(gk_act_t *act, gk_action_t action, const char *state, const char *org_path,
                            apr_int64_t candidate_id);

#endif
