/* plugin/policy_internal.h: shared by policy.c (rulesets and questions) and verdicts.c (answers). */
#ifndef GK_PLUGIN_POLICY_INTERNAL_H
#define GK_PLUGIN_POLICY_INTERNAL_H

#include <apr_thread_mutex.h>
#include "domain/verdict.h"
#include "gaokao_plugin.h"
#include "plugin/plugin.h"

/* Instead of a rule's index. */
enum { GK_POLICY__UNSET = -1, GK_POLICY__ALWAYS = -2 };
/* Instead of GAOKAO_PASS ... */
enum { GK_POLICY__NOT_ASKED = 0, GK_POLICY__ASKED = -1 };

typedef struct gk_policy__binding_t gk_policy__binding_t;

/* When a field must be filled in; indexes of rules, or one of the above. */
typedef struct gk_policy__condition_t {
  const gk_field_t *field;
  int required, relevant;
  apr_array_header_t *columns;  /* gk_policy__condition_t of a rows field, or NULL */
} gk_policy__condition_t;

typedef struct gk_policy__part_t {
  const gk_part_t *part;
  int art, all;
  apr_array_header_t *fields;   /* gk_policy__condition_t */
} gk_policy__part_t;

struct gk_ruleset_t {
  apr_pool_t *pool;
  gk_plugin_t *plugin;
  const gk_pack_t *pack;
  apr_array_header_t *rules;    /* gaokao_rule_t *: first the pack's rules in their order, then conditions */
  apr_array_header_t *fields;   /* gk_policy__condition_t, as the pack's fields */
  apr_array_header_t *papers;   /* int, as the pack's papers */
  apr_array_header_t *parts;    /* gk_policy__part_t, as the pack's parts */
  apr_thread_mutex_t *lock;     /* of the following; held briefly */
  gk_policy__binding_t *binding;
  bool renewing;
  gk_plugins_t *plugins;        /* NULL: detached, the plugins are gone */
  gk_ruleset_t *next, **link;   /* in plugins->rulesets, under its lock */
};

typedef struct gk_policy__answer_t {
  int result;                   /* GAOKAO_PASS ..., or one of the above */
  const char *reason;
  apr_array_header_t *seen;     /* gk_seen_t */
} gk_policy__answer_t;

typedef struct gk_policy__question_t {
  gk_ruleset_t *ruleset;
  apr_pool_t *pool;
  int stage;
  apr_uint32_t as_of;
  const char *record;           /* whose: the registration number, or the ID number's digest */
  gaokao_candidate_t view;
  gk_policy__answer_t *answers; /* by rule */
  apr_uint32_t *selected;
  apr_uint32_t n_selected, n_answered;
  void *handle;
  const char *lie;
} gk_policy__question_t;

/* Document, part (may be NULL) and derived fields (may be NULL) as the plugin sees them; points into them. */
void gk_policy__view(gaokao_candidate_t *view, gk_json_t *document, gk_json_t *part, gk_json_t *derived,
                     apr_pool_t *pool);

/* A question with nothing selected; select: adds a rule once, ignores UNSET and ALWAYS. */
gk_policy__question_t *gk_policy__question(gk_ruleset_t *ruleset, apr_pool_t *pool);
void gk_policy__select(gk_policy__question_t *question, int rule);
/* Asks the plugin. *review: it failed, and its on_error says a person looks: there are no answers. */
gk_error_t *gk_policy__answer(gk_policy__question_t *question, bool *review);
/* The plugin's on_error is review. */
bool gk_policy__reviews(const gk_ruleset_t *ruleset);

#endif
