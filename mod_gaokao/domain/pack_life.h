/* domain/pack_life.h: the life of a policy pack (issue: E2). draft -> checked -> rehearsed -> approved -> (scheduled ->)
 * active -> superseded. Each step is one transaction with its audit row; whoever was first wins, the other is told.
 *
 * What was checked, rehearsed and approved is exactly what becomes active: a changed draft begins again. A rehearsal counts
 * only against the pack that is active: once another one is, it has to be made again. An older version that was active
 * before needs the rehearsal but no second approval.
 */
#ifndef GK_DOMAIN_PACK_LIFE_H
#define GK_DOMAIN_PACK_LIFE_H

#include "domain/act.h"
#include "domain/pack.h"
#include "domain/ports.h"
#include "domain/verdict.h"

#define GK_APPROVER_AGE_US (7 * GK_DAY) /* ID-12 */
#define GK_PACK_MANY_PERCENT 5          /* from here an activation asks for the number it newly rejects */

/* One pack of the active season; NOT_FOUND for another. */
gk_error_t *gk_pack_row_get(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id);
/* A pack of whatever season with its contents; `rules` may be NULL. */
gk_error_t *gk_pack_open(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, apr_int64_t id, apr_pool_t *pool);
/* The same with the rules of cities and counties that are in force (domain/pack_local.h); those of a unit always come with
 * the active pack and the others'. */
gk_error_t *gk_pack_open_whole(gk_pack_t **pack, gk_ruleset_t **rules, gk_act_t *act, apr_int64_t id, apr_pool_t *pool);
/* What a dry run of it is held against now, and the digest of what is judged: of a unit's rules and the pack beside them. */
gk_error_t *gk_pack_against(apr_int64_t *base, const char **digest, gk_act_t *act, const gk_pack_row_t *row);

/* Stores a new draft. Errors: PACK with every fault, CONFLICT when the version is taken or the season is another. */
gk_error_t *gk_pack_upload(gk_pack_row_t *out, gk_act_t *act, const char *bytes, apr_size_t length, const char *note);
/* A new draft from `base` with changed rules (domain/pack_edit.h); takes the next version. A city's or county's is one of
 * its own rules (domain/pack_local.h), whatever `base` is. */
gk_error_t *gk_pack_draft(gk_pack_row_t *out, gk_act_t *act, apr_int64_t base, gk_json_t *changes, const char *note);
/* Changes a draft; `changes` or (`bytes`, `length`). `note` NULL: as it was. */
gk_error_t *gk_pack_rewrite(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision, gk_json_t *changes,
                            const char *bytes, apr_size_t length, const char *note);

/* Runs each rule's own cases and collects what an approver should see: [{severity error|warn, rule, code, zh, en, where}].
 * Without an error the draft is checked. */
gk_error_t *gk_pack_check(gk_json_t **findings, gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision);

/* One rule, or every one, on one record: `rule` an id of the pack, or `test` an expression as a rule of its own, or neither
 * (all, at every stage the record's state has reached). The record: `candidate_id` (its reading leaves an audit row), or
 * `fields` as somebody types them in. *out: {result pass|fail|undecided, verdicts, derived values the test reads}. Errors: PACK
 * for an expression that can't be used, INVALID. */
gk_error_t *gk_pack_try(gk_json_t **out, gk_act_t *act, apr_int64_t pack_id, const char *rule, const char *test,
                        apr_int64_t candidate_id, gk_json_t *fields);
/* A record as the active pack judges it and as `pack_id` does: {candidate, before: [verdict], after: [verdict]}. */
gk_error_t *gk_pack_compare(gk_json_t **out, gk_act_t *act, apr_int64_t pack_id, apr_int64_t candidate_id);

/* By a second person (ID-12), who has just proved again who they are. Errors: FORBIDDEN, WRONG_STATE. */
gk_error_t *gk_pack_approve(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision);

typedef struct gk_activation_t {
  apr_time_t at;           /* 0: now */
  const char *reason;
  apr_int64_t failing;     /* the number of records it newly rejects, as the person typed it; -1: not said */
} gk_activation_t;
/* Errors: WRONG_STATE, CONFLICT when another activation waits or was first, INVALID (/newly_failing) when many are rejected
 * and the number was not said. */
gk_error_t *gk_pack_activate(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision,
                             const gk_activation_t *wish);
/* Rules of a unit that are in force are so no more, and nothing takes their place: by the unit, or by one above it. */
gk_error_t *gk_pack_withdraw(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision, const char *reason);
gk_error_t *gk_pack_unschedule(gk_pack_row_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t revision);
/* What waits for its time and is due is activated, by whoever looks first. *done (may be NULL): it was. The act's person
 * is who asked for it. Commits. */
gk_error_t *gk_pack_due(bool *done, gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

/* The rehearsal that counts for activating `pack` now, or NULL. *reversed: it is the one by which the active pack replaced
 * this very one: what fails there passes here. */
struct gk_rehearsal_row_t;
gk_error_t *gk_pack_rehearsal(struct gk_rehearsal_row_t **out, bool *reversed, gk_act_t *act, const gk_pack_row_t *pack);

/* ---- pack_edit.c: rules changed in the XML itself, the rest stays byte for byte ------------------------------ */

/* `changes`: {"rules": [{id, and what is changed: severity, stages [..], basis, fields [..], subjects [..], categories [..],
 * areas [..], basis_text {zh, en} in place of basis, valid_from, valid_to, title {zh, en}, test or conditions,
 * message {zh, en}, hint {zh, en}, cases [{expect, as_of, fields {..}}]}], "remove": [id]}. A rule that is not there is added
 * at the end. Texts are not judged here: the pack is loaded afterwards. Errors: INVALID with pointers below `prefix`. */
gk_error_t *gk_pack_edit(const char **out, const char *xml, gk_json_t *changes, int version, const char *prefix,
                         const gk_pack_t *pack, apr_pool_t *pool);

/* How many rules stand in it; they are the first ones of what gk_pack_join makes of it. */
int gk_pack_rule_tags(const char *xml);
/* The pack with the rules (and their bases) of a unit behind its own. */
const char *gk_pack_join(const char *xml, const char *local, apr_pool_t *pool);

/* ---- pack_diff.c ------------------------------------------------------------------------------------------- */

/* What differs, in words of both languages: [{what, id, change added|removed|changed, zh, en, details: [{member, before,
 * after}]}]. */
gk_json_t *gk_pack_diff(const gk_pack_t *before, const gk_pack_t *after, apr_pool_t *pool);
/* Two rules give the same answer on every record. */
bool gk_rule_same(const gk_rule_t *a, const gk_rule_t *b);
/* Documents give the same derived values under both. */
bool gk_pack_derives_alike(const gk_pack_t *a, const gk_pack_t *b, apr_pool_t *pool);

#endif
