/* domain/audit_view.h: audit rows as people read them: for GET /audit and a record's history. Rows are
 * only read here; gk_audit (act.h) writes them. */
#ifndef GK_DOMAIN_AUDIT_VIEW_H
#define GK_DOMAIN_AUDIT_VIEW_H

#include "domain/act.h"

typedef struct gk_audit_entry_t {
  apr_int64_t seq;
  apr_time_t at;
  apr_int64_t actor_id;          /* 0: the system */
  const char *actor_name;        /* display name now; NULL when there is none */
  const char *org_path;          /* unit the object belongs to */
  const char *action;            /* "candidate.update" */
  const char *object_kind;
  apr_int64_t object_id, object_version;
  const char *request_id;
  bool erased;                   /* the key of whom it concerns was destroyed: body is empty */
  gk_json_t *body;               /* what was sealed: login, role, before, after, ... */
} gk_audit_entry_t;

/* NULL and 0 members ask for all. */
typedef struct gk_audit_filter_t {
  const char *object_kind;
  apr_int64_t object_id;         /* with object_kind */
  apr_int64_t actor_id;
  const char *action;            /* "candidate.update", or "candidate." for all that begin so */
  apr_time_t from, to;           /* from <= at < to */
  apr_int64_t before_seq;        /* only older rows: the cursor */
  apr_int64_t candidate_id;      /* all that concerns one candidate: the record, its readings, its account */
  const char *number;            /* the same by registration number, in the active season */
  const char *login;             /* the actor by login instead of actor_id */
  const char *org;               /* code of a unit: only what belongs to it and to those below */
  const char *org_path;          /* filled in by gk_audit_search */
} gk_audit_filter_t;

/* Rows of the actor's subtree, newest first, at most limit. */
gk_error_t *gk_audit_list(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *filter,
                          int limit);

/* The same for people who look: resolves number, login and org, and leaves an audit row "audit.search" of its own in the act's
 * transaction. Errors: NOT_FOUND when one of them isn't in the actor's subtree. */
gk_error_t *gk_audit_search(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *filter,
                            int limit);

/* {seq, at, actor {id, login, name, role}, org, action, object {kind, id, version}, request_id,
 *  changes [{field, before, after}]}: members of before and after that differ, fields of a candidate as
 *  "fields.ID"; of
 * lists and objects inside them the whole value. masked: personal fields are shown as a mask. */
gk_json_t *gk_audit_entry_json(const gk_audit_entry_t *entry, const struct gk_pack_t *pack, bool masked,
                               apr_pool_t *pool);

/* (store/audit_read_store.c) NOT_FOUND when there is none in the actor's subtree. */
gk_error_t *gk_audit_store_candidate(apr_int64_t *id, gk_act_t *act, const char *number);
gk_error_t *gk_audit_store_actor(apr_int64_t *id, gk_act_t *act, const char *login);
gk_error_t *gk_audit_store_list(apr_array_header_t **entries, gk_act_t *act, const gk_audit_filter_t *filter,
                                int limit);

#endif
