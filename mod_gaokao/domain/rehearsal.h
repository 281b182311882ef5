/* domain/rehearsal.h: what a pack would change for the records that are there (the dry run).
 *
 * Only rules and conditions that differ between the two packs are evaluated, under both; a record on which they disagree is
 * judged in full by both. So a record's outcome is about everything: failing (it was fine, now an error stands), passing,
 * other (the same in sum, by other rules or by ones that send to a person). Rules count at the stages that the record's
 * state has reached; empty fields count from the proof on, since a form is filled in bit by bit.
 */
#ifndef GK_DOMAIN_REHEARSAL_H
#define GK_DOMAIN_REHEARSAL_H

#include "domain/act.h"
#include "domain/document.h"
#include "domain/pack.h"
#include "domain/verdict.h"

typedef struct gk_rehearsal_row_t {
  apr_int64_t id, pack_id, base_id, job_id, after_id, done, failing, passing, other;
  const char *pack_digest, *state, *counts;
  apr_time_t created, finished;
} gk_rehearsal_row_t;

/* A record as it is judged. */
typedef struct gk_rehearsed_t {
  apr_int64_t id;
  const char *org_path, *org_code, *number, *candidate_number, *state;
  gk_document_t *document;
} gk_rehearsed_t;

typedef enum gk_outcome_t { GK_OUTCOME_SAME, GK_OUTCOME_FAILING, GK_OUTCOME_PASSING, GK_OUTCOME_OTHER } gk_outcome_t;
const char *gk_outcome_word(gk_outcome_t outcome);

typedef struct gk_rehearsal_t gk_rehearsal_t;

/* Both packs must live as long as `pool`. */
gk_error_t *gk_rehearsal_open(gk_rehearsal_t **out, gk_act_t *act, const gk_pack_t *before, gk_ruleset_t *before_rules,
                              const gk_pack_t *after, gk_ruleset_t *after_rules, apr_pool_t *pool);
/* How many rules and conditions differ; every_rule: all are run, since the packs derive differently. */
int gk_rehearsal_changed(const gk_rehearsal_t *rehearsal);
bool gk_rehearsal_every_rule(const gk_rehearsal_t *rehearsal);
/* Judges one record and counts it. *rules: " id id " of what differs (NULL when nothing does). */
gk_error_t *gk_rehearsal_judge(gk_outcome_t *outcome, const char **rules, gk_rehearsal_t *rehearsal,
                               const gk_rehearsed_t *record, gk_date_t as_of, apr_pool_t *pool);
/* The counts so far: {"changed": [id of each rule that is new or judges otherwise], "rules": {id: {failing, passing, undecided
 * (of them, where the rule could not be computed), samples {failing: [candidate id], passing: [..]}}}, "counties": {code:
 * {records, failing, passing, other}}}. A run goes on with what it had written. */
gk_json_t *gk_rehearsal_counts(const gk_rehearsal_t *rehearsal);
gk_error_t *gk_rehearsal_resume(gk_rehearsal_t *rehearsal, const char *counts);

/* One record under one pack, at the stages that its state has reached. */
gk_error_t *gk_rehearsal_verdicts(apr_array_header_t **verdicts, const gk_pack_t *pack, gk_ruleset_t *rules,
                                  const gk_rehearsed_t *record, gk_date_t as_of, apr_pool_t *pool);
/* From "confirmed" on. */
bool gk_rehearsed_confirmed(const gk_rehearsed_t *record);

/* ---- ports (store/rehearsal_store.c) ------------------------------------------------------------------------- */

gk_error_t *gk_rehearsal_store_insert(gk_rehearsal_row_t *row, gk_act_t *act);
/* NULL when there is none. */
gk_error_t *gk_rehearsal_store_of_job(gk_rehearsal_row_t **row, gk_act_t *act, apr_int64_t job_id, apr_int64_t pack_id);
gk_error_t *gk_rehearsal_store_last(gk_rehearsal_row_t **row, gk_act_t *act, apr_int64_t pack_id, bool whole,
                                    apr_int64_t base_id);
gk_error_t *gk_rehearsal_store_advance(gk_act_t *act, const gk_rehearsal_row_t *row, apr_pool_t *pool);
gk_error_t *gk_rehearsal_store_total(apr_int64_t *total, gk_act_t *act);
/* The next records after `after_id`, at most `limit`: gk_rehearsed_t; *last: id of the last that was looked at (erased ones
 * are left out), 0 at the end. */
gk_error_t *gk_rehearsal_store_batch(apr_array_header_t **records, apr_int64_t *last, gk_act_t *act, apr_int64_t after_id,
                                     int limit, apr_pool_t *pool);
gk_error_t *gk_rehearsal_store_put(gk_act_t *act, apr_int64_t rehearsal_id, const gk_rehearsed_t *record,
                                   gk_outcome_t outcome, const char *rules, apr_pool_t *pool);

typedef struct gk_rehearsal_filter_t {
  const char *outcome, *rule; /* NULL: any */
  bool confirmed;             /* only signed ones */
} gk_rehearsal_filter_t;
typedef struct gk_rehearsal_hit_t {
  apr_int64_t candidate_id;
  const char *number, *name, *school, *state, *org_path, *outcome, *rules, *decision;
  bool confirmed;
} gk_rehearsal_hit_t;
gk_error_t *gk_rehearsal_store_records(apr_array_header_t **hits, gk_act_t *act, apr_int64_t rehearsal_id,
                                       const gk_rehearsal_filter_t *filter, apr_int64_t after_id, int limit);
/* What is to become of signed records that newly fail: "keep" or "return"; *count: of how many. */
gk_error_t *gk_rehearsal_store_decide(apr_int64_t *count, gk_act_t *act, apr_int64_t rehearsal_id, const char *rule,
                                      const char *decision);

#endif
