/* domain/org.h: the tree of province, cities, counties and points (P3, P4, W1, F3).
 *
 * Codes have one length a level and begin with the code of the unit above: province 2 digits (43), city 4
 * (4301), county 6 (430102), point 10 (4301020007). The path is made of the codes,
 * "/43/4301/430102/4301020007/": what lies below a unit is one byte range of paths (gk_scope_of).
 *
 * A unit that is switched off is closed with everything below it: nobody of it signs in or stays signed in,
 * and no candidate is created there. Its records stay and the units above go on seeing them.
 */
#ifndef GK_DOMAIN_ORG_H
#define GK_DOMAIN_ORG_H

#include "domain/act.h"

typedef struct gk_org_t {
  apr_int64_t id;
  apr_int64_t parent_id;    /* 0: the province */
  const char *level;        /* province city county point */
  const char *code, *name, *path;
  const char *profile_text; /* JSON object, see gk_org_profile */
  bool enabled;             /* its own switch */
  bool open;                /* it and every unit above it are enabled */
  apr_int64_t version;
  apr_time_t created, updated;
} gk_org_t;

/* One unit of the actor's subtree; NOT_FOUND outside it. Results live in act->pool. */
gk_error_t *gk_org_get(gk_org_t **out, gk_act_t *act, apr_int64_t id);
/* The same by code. */
gk_error_t *gk_org_by_code(gk_org_t **out, gk_act_t *act, const char *code);
/* The unit above, whatever the actor's scope (its name and phone stand in sentences); *out NULL above the
 * province. */
gk_error_t *gk_org_parent(gk_org_t **out, gk_act_t *act, const gk_org_t *org);

typedef struct gk_org_filter_t {
  apr_int64_t parent_id;    /* children of this unit; 0: any */
  const char *level;        /* NULL: any */
  const char *q;            /* beginning of the code, or part of the name; NULL: any */
  int enabled;              /* 1 or 0; -1: any */
  const char *after;        /* path of the last one of the page before; NULL: from the start */
} gk_org_filter_t;
/* gk_org_t, by path (a unit stands before what is below it), at most `limit`. */
gk_error_t *gk_org_list(apr_array_header_t **orgs, gk_act_t *act, const gk_org_filter_t *filter, int limit);

/* A new unit right below parent_id, which must lie in the actor's subtree (W1, F3). `level`
 * may be NULL; given, it must be the one below the parent's. `code` may be NULL for a point: the next free
 * one. `profile` NULL: empty. Provinces make cities, cities counties, counties points; a level may also make
 * what is further below. parent_id 0 makes the province itself and is for gaokaoctl (account_id 0) only.
 * Errors: INVALID, CONFLICT (code taken, /code), FORBIDDEN, NOT_FOUND. */
gk_error_t *gk_org_create(gk_org_t **out, gk_act_t *act, apr_int64_t parent_id, const char *level,
                          const char *code, const char *name, gk_json_t *profile);

/* Members that are NULL (-1 for `enabled`) stay. A point operator changes the own profile only, without
 * `estimated`; name, switch and estimate belong to the levels above. Errors: as above, STALE_VERSION. */
typedef struct gk_org_change_t {
  const char *name;
  int enabled;
  gk_json_t *profile;       /* only its keys are changed; a null removes one */
} gk_org_change_t;
gk_error_t *gk_org_update(gk_org_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                          const gk_org_change_t *change);

/* The profile: {"estimated": candidates expected, "hours", "phone", "address",
 * "equipment": {"computers", "card_readers", "cameras", "printers", "bandwidth_mbit"}}. All optional. */
gk_json_t *gk_org_profile(const gk_org_t *org, apr_pool_t *pool);
/* Checks a profile given by a client; faults to *error with pointers below `pointer`. */
void gk_org_check_profile(gk_json_t *profile, const char *pointer, gk_error_t **error, apr_pool_t *pool);

/* What a point still lacks before it can work (P4, W2): items of equipment, phone, hours, address, estimate,
 * an operator who can sign in, free numbers. {"ready": false, "missing": [{"item": "card_readers", "zh",
 * "en"}]}; NULL for other levels. */
gk_error_t *gk_org_readiness(gk_json_t **out, gk_act_t *act, const gk_org_t *org);

/* Everything but readiness; keys as in the API. */
gk_json_t *gk_org_json(const gk_org_t *org, apr_pool_t *pool);
/* {"id","code","name","level"} for other records' JSON. */
gk_json_t *gk_org_brief_json(apr_int64_t id, const char *code, const char *name, const char *level,
                             apr_pool_t *pool);

#endif
