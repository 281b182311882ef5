/* domain/verdict.c: verdicts as errors and as JSON. What gives verdicts is in plugin/policy.c. */
#include "domain/verdict.h"

#include <apr_strings.h>

bool gk_verdicts_to_error(gk_error_t **error, gk_error_code_t code, const apr_array_header_t *verdicts,
                          apr_array_header_t **rest, apr_pool_t *pool)
{
  bool any = false;
  if (rest != NULL)
    *rest = apr_array_make(pool, verdicts->nelts + 1, sizeof(gk_verdict_t));
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    if (verdict->severity != GK_SEVERITY_ERROR) {
      if (rest != NULL)
        APR_ARRAY_PUSH(*rest, gk_verdict_t) = *verdict;
      continue;
    }
    if (*error == NULL)
      *error = gk_error_plain(pool, code);
    gk_violation(error, pool, verdict->pointer, verdict->rule, "%s", "%s", verdict->zh);
    gk_violation_t *violation =
        &APR_ARRAY_IDX((*error)->violations, (*error)->violations->nelts - 1, gk_violation_t);
    violation->en = verdict->en;
    violation->rule = verdict->kind == GK_VERDICT_RULE ? verdict->rule : NULL;
    any = true;
  }
  return any;
}

static gk_json_t *both(const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *texts = gk_json_object(pool);
  gk_json_set_str(texts, "zh", zh);
  gk_json_set_str(texts, "en", en);
  return texts;
}

gk_json_t *gk_verdicts_json(const apr_array_header_t *verdicts, const gk_pack_t *pack, apr_pool_t *pool)
{
  static const char *const kinds[] = {NULL, "rule", "required", "undecided"};
  gk_json_t *array = gk_json_array(pool);
  for (int i = 0; i < verdicts->nelts; i++) {
    const gk_verdict_t *verdict = &APR_ARRAY_IDX(verdicts, i, gk_verdict_t);
    const gk_rule_t *rule = pack != NULL ? gk_pack_rule(pack, verdict->rule) : NULL;
    gk_json_t *one = gk_json_object(pool), *seen = gk_json_object(pool);
    gk_json_set_str(one, "kind", kinds[verdict->kind]);
    gk_json_set_str(one, "rule", verdict->rule);
    gk_json_set_str(one, "severity", gk_severity_word(verdict->severity));
    gk_json_set_str(one, "field", verdict->field);
    gk_json_set_str(one, "pointer", verdict->pointer);
    gk_json_set_str(one, "zh", verdict->zh);
    gk_json_set_str(one, "en", verdict->en);
    gk_json_set(one, "hint", verdict->hint_zh != NULL ? both(verdict->hint_zh, verdict->hint_en, pool) : NULL);
    gk_json_set(one, "basis", rule != NULL ? both(rule->basis.zh, rule->basis.en, pool) : NULL);
    for (int s = 0; verdict->seen != NULL && s < verdict->seen->nelts; s++)
      gk_json_set_str(seen, APR_ARRAY_IDX(verdict->seen, s, gk_seen_t).field,
                      APR_ARRAY_IDX(verdict->seen, s, gk_seen_t).value);
    gk_json_set(one, "seen", seen);
    if (rule != NULL && rule->set_by != NULL)
      gk_json_set(one, "set_by", gk_setter_json(rule->set_by, pool));
    else
      gk_json_set_null(one, "set_by");
    gk_json_add(array, one);
  }
  return array;
}
