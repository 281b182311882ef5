/* domain/conditions.h: a rule's test as conditions, for people who fill in a form: pure, no pack needed.
 *
 *   {"all": [c, ...]}   {"any": [c, ...]}   {"not": c}
 *   {"field": "age", "op": ">=", "number": "16"}          a number as XPath writes it
 *   {"field": "sex", "op": "=", "value": "1"}             a text
 *   {"field": "a", "op": "=", "other": "b"}               another field
 *   {"field": "school", "op": "starts-with" | "contains", "value": "..."}
 *   {"field": "phone", "op": "filled" | "empty"}
 * Operators: = != < <= > >=. Nothing in {"all": []} stands for true(), in {"any": []} for false().
 *
 * A test that has another shape is kept as XPath: there are no conditions for it. What there are conditions for comes back
 * with the same meaning: only spaces, needless brackets and the kind of quotes may differ.
 */
#ifndef GK_DOMAIN_CONDITIONS_H
#define GK_DOMAIN_CONDITIONS_H

#include "base/error.h"
#include "base/json.h"

#define GK_CONDITIONS_DEPTH 12
#define GK_CONDITIONS_MAX 200

/* The test that says the same. Errors: INVALID with pointers below `prefix`. */
gk_error_t *gk_conditions_test(const char **test, const gk_json_t *conditions, const char *prefix, apr_pool_t *pool);
/* The conditions that say the same as `test`, or NULL. */
gk_json_t *gk_conditions_of(const char *test, apr_pool_t *pool);

#endif
