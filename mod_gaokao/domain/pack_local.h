/* domain/pack_local.h: stricter rules that a city or county adds for its own area, where the province's pack allows it
 * (<local levels="..." max="..."/>).
 *
 * They are rules like the province's, in the same XML, limited to the unit's area by their `areas`. They can only add: a unit
 * has no way to change or take away what the province says, nor fields, tables, fees. Their versions live like packs
 * (domain/pack_life.h): draft, check, dry run on the unit's own records, a second person, in force, superseded. In force,
 * they are judged together with the province's: every process loads one pack with the rules of all units behind its own.
 *
 * A new pack of the province may lack a field that a unit's rule reads, or allow no such rules any more: then that unit's
 * rules are left out as a whole and the province's pack stays whole.
 */
#ifndef GK_DOMAIN_PACK_LOCAL_H
#define GK_DOMAIN_PACK_LOCAL_H

#include "domain/pack_life.h"
#include "domain/ports.h"

/* Ids of a unit's rules begin so: "local-430102-". */
const char *gk_local_prefix(const char *unit, apr_pool_t *pool);
/* Rules of nobody, for a first draft. */
const char *gk_local_empty(const char *unit, const char *pack, apr_pool_t *pool);
/* `changes` as a unit may make them: ids get its prefix, areas are its own. Errors: INVALID for what is not the unit's. */
gk_error_t *gk_local_changes(gk_json_t *changes, const char *unit, apr_pool_t *pool);

/* The province's pack `body` with the rules of units that are in force. `instead` (may be NULL): what its unit's rules are
 * taken to be. *left_out (may be NULL): gk_local_rules_t of those that do not fit, with the reason in its xml. Errors: as
 * gk_pack_load of the pack alone. */
gk_error_t *gk_pack_whole(gk_pack_t **out, gk_db_t *db, apr_int64_t season_id, const gk_blob_t *body,
                          const gk_local_rules_t *instead, apr_array_header_t **left_out, apr_pool_t *result_pool,
                          apr_pool_t *scratch_pool);
/* A version of a unit beside the active pack, with its rules in place of those in force: what it would be. Errors: PACK with
 * every fault, CONFLICT when the pack does not allow it. */
gk_error_t *gk_local_open(gk_pack_t **out, gk_act_t *act, const gk_local_rules_t *rules, bool schema, apr_pool_t *pool);
/* The same of a stored version. */
gk_error_t *gk_local_open_row(gk_pack_t **out, gk_act_t *act, const gk_pack_row_t *row, apr_pool_t *pool);
/* A stored version for reading, whether or not it still fits: as _open_row, or, where it does not, beside the pack of the province
 * that it was made from (no rules when even that does not load); *left_out is then the reason, else NULL. */
gk_error_t *gk_local_show(gk_pack_t **out, gk_error_t **left_out, gk_act_t *act, const gk_pack_row_t *row, apr_pool_t *pool);
/* Only the rules that `unit` set, in the pack's order (gk_rule_t). */
apr_array_header_t *gk_local_rules_of(const gk_pack_t *pack, const char *unit, apr_pool_t *pool);

/* FORBIDDEN unless the actor may change it: the province its packs, a unit its own rules. */
gk_error_t *gk_local_own(const gk_act_t *act, const gk_pack_row_t *row);
/* The same, or the unit lies below: who approves, activates and withdraws. */
gk_error_t *gk_local_above(const gk_act_t *act, const gk_pack_row_t *row);

#endif
