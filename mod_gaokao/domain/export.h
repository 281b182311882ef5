/* domain/export.h: which candidates an export holds, and how they come out of the store: in the order of points and
 * registration numbers, in constant memory. What their values are called is the pack's mapping (domain/pack.h), what they
 * look like a plugin's (plugin/calls.h); jobs/export.h puts these together.
 */
#ifndef GK_DOMAIN_EXPORT_H
#define GK_DOMAIN_EXPORT_H

#include "base/flat.h"
#include "domain/act.h"
#include "domain/document.h"

/* What is asked for. */
typedef struct gk_export_filter_t {
  const char *org;   /* code of a unit of the actor's subtree; NULL: the actor's own */
  bool art;          /* only candidates of art subjects */
  const char *state; /* NULL: submitted and accepted; any (all but withdrawn); else one state */
  apr_int64_t org_id; /* instead of `org`; 0: not given */
  const char *subject, *class_name; /* NULL: all */
} gk_export_filter_t;

/* The same, decided. */
typedef struct gk_export_plan_t {
  const char *code, *name, *path;
  const char *scope_lo, *scope_hi; /* of that unit */
  bool art, any;
  const char *since;   /* snapshot of a mark (gk_export_sight_t): only what changed after it; NULL: all */
  const char *state_1, *state_2;
  const char *subject, *class_name;
  bool with_parts;   /* the mapping names fields of parts */
  bool with_derived; /* and derived fields */
} gk_export_plan_t;

/* Errors: NO_SEASON; NOT_FOUND for a unit outside the actor's subtree. */
gk_error_t *gk_export_plan(gk_export_plan_t *out, gk_act_t *act, const gk_export_filter_t *filter);
/* {"org", "kind", "state", "subject", "class"} for audit rows, jobs and answers. */
gk_json_t *gk_export_plan_json(const gk_export_plan_t *plan, apr_pool_t *pool);

/* One candidate on its way; lives until the callback returns. */
typedef struct gk_export_candidate_t {
  apr_int64_t id, version;
  const char *number, *candidate_number, *state;
  const char *point;       /* code of the point */
  bool withdrawn;          /* not in the export any more: nothing of its content is here */
  /* One of the two: */
  gk_document_t *document; /* fields, and those of parts where the mapping wants them */
  const gk_flat_t *flat;   /* the fields alone, where the mapping wants no more */
  gk_json_t *derived;      /* derived fields and facts the mapping names, or NULL */
} gk_export_candidate_t;
typedef gk_error_t *(*gk_export_each_fn)(void *baton, const gk_export_candidate_t *candidate,
                                         apr_pool_t *pool);

/* How many there are now. */
gk_error_t *gk_export_count(apr_int64_t *count, gk_act_t *act, const gk_export_plan_t *plan);
/* All of them as they are at one moment; the act must be in no transaction and is in none afterwards. Stops at the first
 * error of `each`. */
gk_error_t *gk_export_each(gk_act_t *act, const gk_export_plan_t *plan, gk_export_each_fn each, void *baton);
/* The same inside a snapshot that gk_export_store_begin began; it goes on afterwards. */
gk_error_t *gk_export_walk(gk_act_t *act, const gk_export_plan_t *plan, gk_export_each_fn each, void *baton);

/* ---- what it needs of the store (store/export_store.c) --------------------------------------------------- */

/* Begins and ends the snapshot. A transaction that runs is committed before, and nothing of anybody's comes in between. */
gk_error_t *gk_export_store_begin(gk_act_t *act);
void gk_export_store_end(gk_act_t *act);
/* In the transaction before a snapshot that will be a mark: what is changed from its end on is told from what was before. */
gk_error_t *gk_export_store_raise(gk_act_t *act);
/* What a snapshot sees, and where. */
typedef struct gk_export_sight_t {
  const char *snapshot; /* for gk_export_plan_t.since; the engine's own form */
  const char *database; /* another one after a restore into another database or cluster */
  apr_int64_t timeline; /* another one after a failover or a restore to an earlier moment (PostgreSQL; SQLite: 1) */
} gk_export_sight_t;
gk_error_t *gk_export_store_sight(gk_export_sight_t *out, gk_act_t *act);
/* Inside a snapshot: the plan's points by path (gk_export_point_t), in pages. */
typedef struct gk_export_point_t {
  const char *path, *code;
} gk_export_point_t;
gk_error_t *gk_export_store_points(apr_array_header_t **points, gk_act_t *act, const gk_export_plan_t *plan,
                                   const char *after, int limit);
gk_error_t *gk_export_store_count(apr_int64_t *count, gk_act_t *act, const gk_export_plan_t *plan);
/* Candidates of one point with their documents; `derived` is not set. */
gk_error_t *gk_export_store_each(gk_act_t *act, const gk_export_plan_t *plan, const gk_export_point_t *point,
                                 gk_export_each_fn each, void *baton, apr_pool_t *pool);

#endif
