/* domain/pack_population.h: what a pack's rules and fields mean for the records that are there. */
#ifndef GK_DOMAIN_PACK_POPULATION_H
#define GK_DOMAIN_PACK_POPULATION_H

#include "domain/act.h"
#include "domain/pack.h"
#include "domain/verdict.h"

#define GK_POPULATION_SAMPLE 1000

typedef enum gk_population_kind_t {
  GK_NEVER_ASKED = 1,  /* no record is one the rule is for: its subjects, categories, areas, days */
  GK_CONTRADICTS,      /* no record that both rules are for passes both, though each is passed by some */
  GK_NEVER_RELEVANT,   /* the field is hidden on every record */
  GK_EVERYBODY_FAILS   /* every record the rule is for fails it */
} gk_population_kind_t;

typedef struct gk_population_finding_t {
  gk_population_kind_t kind;
  const char *id, *other; /* rule or field; the other rule of a contradiction */
} gk_population_finding_t;

/* Judges at most GK_POPULATION_SAMPLE records of the actor's area, spread over the season, at all stages, and for at
 * most two seconds. *records: how many it were; nothing is said of fewer than 30. `rules` is the pack's ruleset. Only rules of
 * `only` (NULL: all) are spoken of.
 * *findings: gk_population_finding_t in `pool`. Reads documents, writes nothing, shows no value of anybody. */
gk_error_t *gk_pack_population(apr_array_header_t **findings, int *records, gk_act_t *act, const gk_pack_t *pack,
                               gk_ruleset_t *rules, const apr_array_header_t *only, apr_pool_t *pool);

#endif
