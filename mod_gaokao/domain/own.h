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
/* Accepts the pledge (the pack's text "pledge"). Again: nothing changes. */
gk_error_t *gk_own_pledge(gk_candidate_t **out, gk_act_t *act, apr_int64_t version);

#endif
