/* domain/submission_internal.h: what handing in (submission.c) and handing in again (supplement.c) share. */
#ifndef GK_DOMAIN_SUBMISSION_INTERNAL_H
#define GK_DOMAIN_SUBMISSION_INTERNAL_H

#include "domain/submission.h"

/* [[id, version, candidate number], ...] of the confirmed ones among check->items; takes the numbers they need. */
gk_error_t *gk_submission__number(const char **rows, apr_int64_t *count, gk_act_t *act, const gk_check_t *check);
/* Total, counts by subject and digest of what `check` found. */
void gk_submission__summarise(gk_submission_t *submission, const gk_check_t *check, apr_pool_t *pool);
/* gk_submission_check of the actor's point, of those only whom the province returned. */
gk_error_t *gk_submission__check_returned(gk_check_t *out, gk_act_t *act, gk_submission_kind_t kind);
/* RETRY: a record was changed while this went on. */
gk_error_t *gk_submission__changed_meanwhile(gk_act_t *act);
/* Adds `n` to the subject's count. */
void gk_submission__count(gk_json_t *counts, const char *subject, apr_int64_t n);

#endif
