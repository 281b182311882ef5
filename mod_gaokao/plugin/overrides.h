/* plugin/overrides.h: options of plugins that were changed at run time. They live in the database, win over gaokao.conf, and
 * reach every process of every node within a second (gk_core_season asks for their generation). */
#ifndef GK_PLUGIN_OVERRIDES_H
#define GK_PLUGIN_OVERRIDES_H

#include "domain/act.h"
#include "plugin/plugin.h"

/* Brings this process's plugins in line with the database; those that are are left alone. One that refuses what is stored keeps
 * what it had, and the log says so. *photo (may be NULL): one that examines photos is another now. Errors: the database's. */
gk_error_t *gk_overrides_apply(bool *photo, const gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

/* Acts: each is stored, and carried out by the processes, this one too, once it is committed: a transaction that fails changes
 * no plugin. *out shows the plugin as it will be.
 *
 * Changes overrides of one plugin: {"key": "value", "other": null}; null takes an override back. Tried in this process
 * first beside the running one, so that nothing is stored that the plugin refuses. *out: the plugin as gk_plugin_json shows it.
 * Errors: NOT_FOUND, CONFLICT when it is not loaded, INVALID with pointers below /options, PLUGIN. */
gk_error_t *gk_overrides_change(gk_json_t **out, gk_act_t *act, const char *name, gk_json_t *options);

/* Puts a plugin that is degraded back in service, on every node within a second, and forgets the records it was not asked
 * about any more. *out: as above. Errors: NOT_FOUND. */
gk_error_t *gk_overrides_reset(gk_json_t **out, gk_act_t *act, const char *name);

/* Switches a plugin off (or on again) on every node within a second; what runs ends as it would. Errors: NOT_FOUND, CONFLICT
 * when the service can't do without it. */
gk_error_t *gk_overrides_switch(gk_json_t **out, gk_act_t *act, const char *name, bool on, const char *reason);
/* Makes it anew with its options on every node within a second. Errors: NOT_FOUND, CONFLICT, INVALID, PLUGIN. */
gk_error_t *gk_overrides_reload(gk_json_t **out, gk_act_t *act, const char *name);

#endif
