/* domain/verdict.h: what the rules of a pack say about a candidate; ports that plugin/ fills by policy
 * plugins. Every answer depends on the arguments alone: the same document and day give the same verdicts.
 */
#ifndef GK_DOMAIN_VERDICT_H
#define GK_DOMAIN_VERDICT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "domain/document.h"
#include "domain/pack.h"

/* A pack's rules, ready to be evaluated by any number of threads. */
typedef struct gk_ruleset_t gk_ruleset_t;

typedef struct gk_seen_t {
  const char *field;
  const char *value;            /* as stored */
} gk_seen_t;

typedef enum gk_verdict_kind_t {
  GK_VERDICT_RULE = 1,          /* a rule of the pack is not met */
  GK_VERDICT_REQUIRED = 2,      /* a field that must be filled in is empty */
  GK_VERDICT_UNDECIDED = 3      /* a rule could not be computed, or the plugin was out of service */
} gk_verdict_kind_t;

/* One thing that is not as it should be. Rules that are met give no verdict. */
typedef struct gk_verdict_t {
  gk_verdict_kind_t kind;
  const char *rule;             /* the rule's id; "required"; "undecided" when no rule can be named */
  gk_severity_t severity;       /* REQUIRED: ERROR. UNDECIDED: ERROR, or REVIEW by on_error */
  const char *field;            /* primary field, or NULL */
  const char *pointer;          /* "/fields/ID", "/fields/ROWS/0/COLUMN", or "" */
  const char *zh, *en;          /* the rule's message, placeholders filled in */
  const char *hint_zh, *hint_en;/* what to do; NULL when the rule has none */
  apr_array_header_t *seen;     /* gk_seen_t: what the rule concerns and reads, as far as it has a value */
  const char *reason;           /* UNDECIDED: what the engine says, such as too many steps; for staff; or NULL */
} gk_verdict_t;

/* What the document says together with derived values and facts: gk_derive()'s object, to which the caller
 * may have added county, number, candidate_number, point (GK_PACK_FACTS). Where both have a name, `derived`
 * wins. */

/* Judges `document` at one GK_STAGE_ bit (or several: rules of any of them, each once) on the day `as_of`: rules of that
 * stage that are valid on that day and for the candidate's `subject` and `category`, then required and relevant fields that
 * are empty, in the pack's order. *verdicts: gk_verdict_t in `pool`; empty when all is well.
 * Errors: PLUGIN (with retry_after_us) when rules can't be evaluated now and must not be passed over. */
gk_error_t *gk_policy_evaluate(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                               int stage, gk_date_t as_of, apr_array_header_t **verdicts, apr_pool_t *pool);

/* The same for fields of a part (`part` is its document): required fields of the part that are empty. Tests
 * are evaluated over the candidate, to which the part's fields are added as if they were its own. Pointers
 * say "/parts/PART/FIELD". */
gk_error_t *gk_policy_evaluate_part(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                                    const gk_part_t *part, const gk_document_t *part_document,
                                    gk_date_t as_of, apr_array_header_t **verdicts, apr_pool_t *pool);

/* *ids: const char *, in the pack's order. */
typedef enum gk_policy_ask_t {
  GK_ASK_RELEVANT_FIELDS = 1,   /* fields of the form that apply to this candidate */
  GK_ASK_REQUIRED_FIELDS = 2,   /* of those, the ones that must be filled in, whether they are or not */
  GK_ASK_REQUIRED_PAPERS = 3,   /* papers to be seen at the review */
  GK_ASK_PARTS_ART = 4,         /* parts that must be complete for the art submission */
  GK_ASK_PARTS_ALL = 5          /* and for the submission of all */
} gk_policy_ask_t;
gk_error_t *gk_policy_ask(gk_ruleset_t *ruleset, const gk_document_t *document, gk_json_t *derived,
                          gk_policy_ask_t ask, apr_array_header_t **ids, apr_pool_t *pool);

/* The pack the ruleset was made of. */
const gk_pack_t *gk_ruleset_pack(const gk_ruleset_t *ruleset);

/* Adds the verdicts of severity ERROR to *error as violations (created with `code` when NULL); the others go
 * to `rest` (array of gk_verdict_t, made by this; may be NULL). False when there was none. */
bool gk_verdicts_to_error(gk_error_t **error, gk_error_code_t code, const apr_array_header_t *verdicts,
                          apr_array_header_t **rest, apr_pool_t *pool);

/* [{kind, rule, severity, field, pointer, zh, en, hint {zh, en}, basis {zh, en}, seen {field: value},
 * set_by {code, name, level} (the city or county that added the rule; null: the province)}].
 * `pack` (may be NULL) gives the basis. Values of personal fields are shown as they are: the reader must be
 * one who may see the record. */
gk_json_t *gk_verdicts_json(const apr_array_header_t *verdicts, const gk_pack_t *pack, apr_pool_t *pool);

#endif
