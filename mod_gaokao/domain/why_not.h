/* domain/why_not.h: why a record does not pass, for whoever has to put it right: what would satisfy each rule, in words, and
 * where that is changed and by whom. */
#ifndef GK_DOMAIN_WHY_NOT_H
#define GK_DOMAIN_WHY_NOT_H

#include "domain/verdict.h"

/* gk_verdicts_json with, for each: satisfy {zh, en} (what the test asks for, in words; null where only XPath says it) and test
 * (as it is written; null for a field that is missing); reason (of UNDECIDED,
 * what the engine says; else null); change [{field, zh, en, section {id, zh, en}, edit [{role, stage}]}]:
 * the fields it can be put right in, the first being the one the verdict points at. */
gk_json_t *gk_why_not_json(const apr_array_header_t *verdicts, const gk_pack_t *pack, apr_pool_t *pool);

/* Conditions (domain/conditions.h) in both languages, fields and codes by their names. */
void gk_conditions_words(const char **zh, const char **en, const gk_json_t *conditions, const gk_pack_t *pack, apr_pool_t *pool);

#endif
