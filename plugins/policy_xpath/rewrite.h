/* rewrite.h: makes the fields a test names into variables.
 *
 * `subject` as an XPath step makes libxml2 look through all children of the candidate, of which there are
 * 150; a variable is looked up by the host's function at once. Measured with a shipped pack: 1.4 us a rule
 * before, 0.4 after. The variable's value is the node-set the step would have given, so that nothing else
 * about the test changes.
 */
#ifndef POLICY_XPATH_REWRITE_H
#define POLICY_XPATH_REWRITE_H

#include <apr_hash.h>
#include <apr_pools.h>

/* Names that became variables: $f0, $f1, ... */
typedef struct slots_t {
  apr_hash_t *by_name;    /* name -> slot_t * */
  apr_uint32_t n;
  int whole;              /* a test looks at more than the fields it names: //x, ../x, string(.) */
  apr_pool_t *pool;
} slots_t;

typedef struct slot_t { apr_uint32_t index; } slot_t;

/* `test` with the names of fields replaced by variables, in the slots' pool; slots grow. A text that can't be
 * understood comes back as it is: compiling it says what is wrong. NULL, with *why, for what compiles and
 * never works: variables, prefixes, functions that XPath 1.0 doesn't have. */
const char *rewrite_test(slots_t *slots, const char *test, const char **why);

/* The slot's number in a variable's name ("f12"), or -1. */
int rewrite_slot(const char *variable);

#endif
