/* domain/erase.h: deleting what is known about one candidate, so that it can be proven: the candidate's key is destroyed, and
 * with it document, parts, sheets, readings and the bodies of all audit rows are unreadable wherever copies of them lie. Number,
 * states, payments and the audit's columns stay, so that counts and seals still agree. (store/erase_store.c) */
#ifndef GK_DOMAIN_ERASE_H
#define GK_DOMAIN_ERASE_H

#include "domain/act.h"

typedef struct gk_erased_t {
  apr_int64_t candidate_id;
  int keys;        /* destroyed now */
} gk_erased_t;

/* The candidate with this registration number (or id, when `number` is NULL) in the season of `year`; leaves an audit row with
 * the reason. Begins the transaction. Errors: NOT_FOUND; WRONG_STATE while the season is active and the record not
 * withdrawn. Erasing again is no error. */
gk_error_t *gk_candidate_erase(gk_erased_t *out, gk_act_t *act, int year, const char *number, apr_int64_t id,
                               const char *reason);
/* After the commit: old versions of the rows leave the database's files, as far as other connections let them. */
gk_error_t *gk_candidate_erase_traces(gk_act_t *act);

#endif
