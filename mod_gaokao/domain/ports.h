/* domain/ports.h: what the domain needs from the store, beyond what each noun's own header declares. store/ defines
 * these at link time; domain/ includes no SQL. */
#ifndef GK_DOMAIN_PORTS_H
#define GK_DOMAIN_PORTS_H

#include "domain/act.h"

/* Inserts one audit row whose exact bytes are `body`. (store/audit_store.c) */
gk_error_t *gk_store_audit_insert(gk_act_t *act, const char *action, const char *object_kind, apr_int64_t object_id,
                                  apr_int64_t object_version, const char *org_path, const char *body);

/* The active season's row; *found false when there is none. `pack` and `rules` are not set. (store/season_store.c) */
gk_error_t *gk_store_season_active(gk_db_t *db, bool *found, gk_season_t *season, apr_pool_t *pool);
/* The pack's XML; checks its digest. */
gk_error_t *gk_store_pack_body(gk_db_t *db, apr_int64_t pack_id, gk_blob_t *body, apr_pool_t *pool);

/* Forgets what the act holds of records it wrote: it was rolled back and begins again. (store/vault.c) */
void gk_store_forget(gk_act_t *act);

/* One value of the table setting; *value NULL when there is none. */
gk_error_t *gk_store_setting(const char **value, gk_db_t *db, const char *name, apr_pool_t *pool);
gk_error_t *gk_store_setting_put(gk_act_t *act, const char *name, const char *value);

/* Options of plugins that were changed at run time: gk_stored_option_t. (store/pack_store.c) */
typedef struct gk_stored_option_t { const char *plugin, *key, *value; } gk_stored_option_t;
gk_error_t *gk_store_plugin_options(apr_array_header_t **out, const gk_core_t *core, gk_db_t *db, apr_pool_t *pool);
/* `value` NULL removes it. */
gk_error_t *gk_store_plugin_option_put(gk_act_t *act, const char *plugin, const char *key, const char *value);

/* Packs of all seasons, by id, without their XML. */
typedef struct gk_pack_row_t {
  apr_int64_t id, season_id, created_by, base_id, revision, approved_by, activated_by;
  int year;
  const char *name, *version, *digest, *state, *note, *reason;
  const char *proposer, *approver, *activator; /* names of people; "" for nobody, and for gaokaoctl */
  bool active;
  apr_time_t created, approved, activated;
  apr_time_t activate; /* when it becomes active, while it waits; else 0 */
  const char *unit;    /* code of the city or county whose rules these are; "" for the province's pack */
  const char *unit_path, *unit_name, *unit_level;
} gk_pack_row_t;
/* Of units: those below the actor, the own and those above. */
gk_error_t *gk_store_packs(apr_array_header_t **out, gk_act_t *act, apr_int64_t after, int limit);
gk_error_t *gk_store_pack(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id);

/* Rules of a unit, as XML (domain/pack_local.h). */
typedef struct gk_local_rules_t {
  apr_int64_t id;
  const char *version, *digest, *unit, *unit_name, *unit_level;
  const char *xml;
} gk_local_rules_t;
/* gk_local_rules_t of the season that are in force, by code. */
gk_error_t *gk_store_local_rules(apr_array_header_t **out, gk_db_t *db, apr_int64_t season_id, apr_pool_t *pool);
/* Id of the unit's version in force; 0: none. */
gk_error_t *gk_store_local_active(apr_int64_t *id, gk_act_t *act, const char *unit);
/* In force in place of the unit's version before, beside the province's pack `base`, all or nothing. */
gk_error_t *gk_store_local_activate(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_int64_t base, const char *reason);
gk_error_t *gk_store_local_withdraw(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *reason);

/* Steps of a pack's life (domain/pack_life.h); *changed false when its revision or state is another by now. */
gk_error_t *gk_store_pack_insert(apr_int64_t *id, gk_act_t *act, const gk_pack_row_t *row, const char *bytes, apr_size_t length);
gk_error_t *gk_store_pack_version_last(apr_int64_t *version, gk_act_t *act, const char *name);
gk_error_t *gk_store_pack_rewrite(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *bytes, apr_size_t length);
gk_error_t *gk_store_pack_step(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *state);
gk_error_t *gk_store_pack_approve(bool *changed, gk_act_t *act, const gk_pack_row_t *row);
gk_error_t *gk_store_pack_schedule(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_time_t at, const char *reason);
gk_error_t *gk_store_pack_unschedule(bool *changed, gk_act_t *act, const gk_pack_row_t *row, const char *state);
/* Active in place of `base`, all or nothing. */
gk_error_t *gk_store_pack_activate(bool *changed, gk_act_t *act, const gk_pack_row_t *row, apr_int64_t base, const char *reason);
/* The pack that waits for its time in the active season. */
typedef struct gk_pack_waiting_t { apr_int64_t id, by; apr_time_t at; } gk_pack_waiting_t;
gk_error_t *gk_store_pack_scheduled(bool *found, gk_pack_waiting_t *out, gk_db_t *db, apr_pool_t *pool);
/* Since when the actor's account is there, and how many acts of `proposer` on it there were since `since`. */
gk_error_t *gk_store_pack_approver(apr_time_t *created, apr_int64_t *acts, gk_act_t *act, apr_int64_t proposer, apr_time_t since);
/* Who somebody is by now, for what was asked for earlier; *found false when the account is off or gone. */
gk_error_t *gk_store_principal(bool *found, gk_principal_t *out, gk_db_t *db, apr_int64_t account_id, apr_pool_t *pool);

/* A kept answer of an earlier request with the same key; *found false when there is none.
 * (store/idempotency_store.c) */
typedef struct gk_kept_answer_t {
  const char *request_digest;
  int status;
  const char *etag;
  const char *location;
  const char *body;       /* "" when the answer may not be kept */
} gk_kept_answer_t;
gk_error_t *gk_store_answer_find(gk_act_t *act, const char *key, bool *found, gk_kept_answer_t *answer);
/* It will be asked for in this request (gk_db_ahead). */
void gk_store_answer_ahead(gk_act_t *act, apr_int64_t account_id, const char *key);
/* Keeps one, in the running transaction; *kept false when another request with this key was first. */
gk_error_t *gk_store_answer_keep(gk_act_t *act, const char *key, const gk_kept_answer_t *answer, bool *kept);

#endif
