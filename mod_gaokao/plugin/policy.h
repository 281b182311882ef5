/* plugin/policy.h: makes rulesets, which domain/verdict.h evaluates. */
#ifndef GK_PLUGIN_POLICY_H
#define GK_PLUGIN_POLICY_H

#include "domain/verdict.h"
#include "plugin/plugin.h"

/* Loads a pack's rules and conditions into the policy plugin that speaks XPath 1.0. `pack` must live as long
 * as `pool`; the ruleset goes with `pool`, which must not go while an evaluation runs. When `plugins` goes
 * first, the ruleset may only be destroyed.
 * The ruleset follows changes of the plugin's options by itself.
 * Errors: PLUGIN when there is no such plugin in service; PACK when it refuses a rule, naming it. */
gk_error_t *gk_policy_ruleset(gk_plugins_t *plugins, const gk_pack_t *pack, gk_ruleset_t **out,
                              apr_pool_t *pool);

#endif
