/* domain/own.h: what the candidate does with the own record (W6).
 *
 * A save has to be possible while the form is incomplete. Refused are: values of wrong type, format or length, fields the
 * candidate may not edit, and rules of severity error that concern a field of this save and all of whose fields have
 * values. Everything else comes back as verdicts beside the saved record; the proof asks for all of it.
 */
#ifndef GK_DOMAIN_OWN_H
#define GK_DOMAIN_OWN_H

#include "domain/candidate.h"

/* Saves entries; reviewed and proofed become filling. Nothing changed: nothing is written, the version stays.
 * Errors: WRONG_STATE (pledge missing too), WINDOW_CLOSED, INVALID, RULE_FAILED, STALE_VERSION. */
gk_error_t *gk_own_save(gk_candidate_t **out, apr_array_header_t **verdicts, gk_act_t *act, apr_int64_t version,
                        gk_json_t *fields);
/* A guardian who agrees for somebody under 14 (PIPL art. 31). */
typedef struct gk_guardian_t {
  const char *name;     /* NULL: none was named */
  const char *relation;
} gk_guardian_t;

/* Accepts the pledge and the notice on personal data (the pack's texts "pledge", "privacy"), each for itself; both and the
 * guardian stand in the audit row, with the pack's version. Again: nothing changes.
 * Errors: WRONG_STATE, WINDOW_CLOSED, STALE_VERSION, INVALID (/guardian) when one is needed and none is named. */
gk_error_t *gk_own_pledge(gk_candidate_t **out, gk_act_t *act, apr_int64_t version, const gk_guardian_t *guardian);

#endif
