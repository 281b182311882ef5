/* domain/access.h: who may do what, where and when: the table access.def and its questions. */
#ifndef GK_DOMAIN_ACCESS_H
#define GK_DOMAIN_ACCESS_H

#include <stdbool.h>
#include <apr_pools.h>
#include "base/error.h"

/* Role bits of access.def. */
typedef enum gk_role_t {
  GK_ROLE_NONE = 0,
  GK_ROLE_PROVINCE = 1 << 0,
  GK_ROLE_CITY = 1 << 1,
  GK_ROLE_COUNTY = 1 << 2,
  GK_ROLE_POINT = 1 << 3,
  GK_ROLE_REVIEWER = 1 << 4,
  GK_ROLE_AUDITOR = 1 << 5,
  GK_ROLE_EXPORT = 1 << 6,
  GK_ROLE_CANDIDATE = 1 << 7,
  GK_ROLE_DEVICE = 1 << 8,
  GK_ROLE_PUBLIC = 1 << 9 /* nobody signed in */
} gk_role_t;

/* "province" "city" "county" "point" "reviewer" "auditor" "export" "candidate" "device"; NONE for others. */
gk_role_t gk_role_parse(const char *name);
const char *gk_role_name(gk_role_t role);

typedef enum gk_action_t {
  GK_ACTION_NONE = 0,
#define GK_ACCESS(action, roles, scope, window, states) GK_ACTION_##action,
#include "domain/access.def"
#undef GK_ACCESS
  GK_ACTION_COUNT
} gk_action_t;

typedef enum gk_scope_kind_t { GK_SCOPE_open = 1, GK_SCOPE_own, GK_SCOPE_tree, GK_SCOPE_below } gk_scope_kind_t;

typedef struct gk_access_t {
  gk_action_t action;
  const char *name;     /* "candidate_read" */
  unsigned roles;
  gk_scope_kind_t scope;
  const char *window;   /* the calendar's action, "" when none */
  const char *states;   /* space separated, "" when any */
} gk_access_t;

/* The row of an action; never NULL. */
const gk_access_t *gk_access(gk_action_t action);
bool gk_access_allows(gk_action_t action, gk_role_t role);
/* What a request token is good for (domain/client.h): taking data and what belongs to it, never an account or a session. Default
 * deny: a new action is not for tokens until it is named here. */
bool gk_access_by_token(gk_action_t action);

/* WRONG_STATE, naming the state and what is needed, unless `state` is one of the action's. */
gk_error_t *gk_access_state(gk_action_t action, const char *state, apr_pool_t *pool);

/* The record states in Chinese and English, for sentences ("已确认", "confirmed"). */
const char *gk_state_zh(const char *state);
const char *gk_state_en(const char *state);

#endif
