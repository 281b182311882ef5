/* domain/confirm.h: proof sheet, confirmation, correction, return, withdrawal (W7, design section 4).
 *
 * A proof keeps what was printed, under the version the record got by printing. Whatever changes the document afterwards
 * voids the proof (proof_version 0, state filling), so a confirmation signs exactly what stood on the sheet; other changes of
 * the record (appraisal, papers) don't touch it.
 */
#ifndef GK_DOMAIN_CONFIRM_H
#define GK_DOMAIN_CONFIRM_H

#include "domain/candidate.h"

typedef struct gk_proof_t {
  apr_int64_t id, candidate_id, version, pack_id;
  const char *text;         /* {fields, number, subject, ...}: plain JSON, sorted keys */
  const char *digest;       /* SHA-256 of text, hex */
  apr_int64_t printed_by;
  apr_time_t printed;
} gk_proof_t;

typedef struct gk_confirmation_t {
  apr_int64_t candidate_id, version, proof_id, reading_id, pack_id;
  const char *org_path, *digest;
} gk_confirmation_t;

/* Prints the proof sheet. In state proofed the sheet that is valid is given again. Needs complete fields, rules of the
 * stages fill and review, papers complete and the fee paid. Errors: INCOMPLETE, RULE_FAILED. */
gk_error_t *gk_proof_print(gk_candidate_t **out, gk_proof_t *proof, gk_act_t *act, apr_int64_t id, apr_int64_t version);
/* A sheet printed once, valid or not; the look at it is audited. */
gk_error_t *gk_proof_get(gk_proof_t *proof, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                         apr_int64_t version);
/* {version, digest, printed_at, valid?, document: {number, ..., sections: [{id, zh, en, fields: [{id, zh, en, value, text{zh,
 * en}, rows?}]}]}}: labels and code texts for printing; "valid" says whether it is the sheet to be signed. */
gk_error_t *gk_proof_json(gk_json_t **out, gk_act_t *act, const gk_proof_t *proof, const gk_candidate_t *candidate);

/* The signature. proof_version must be the valid sheet's. reading_id: a reading of this candidate after the printing that is
 * equal, or was decided without taking a value over; 0 only for papers no reader can read, with papers_seen.
 * Errors: CONFLICT (other version, no such reading), INCOMPLETE (card not read), RULE_FAILED (stage confirm). */
gk_error_t *gk_candidate_confirm(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 apr_int64_t proof_version, apr_int64_t reading_id, bool papers_seen);
/* A change after the confirmation: voids it, back to filling. A new proof and signature are needed. */
gk_error_t *gk_candidate_correct(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                 const char *reason);
/* Back to an earlier state: identified card_printed reviewed filling. Before reviewed, the review counts no more. */
gk_error_t *gk_candidate_return(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                const char *state, const char *reason);
/* Ends a registration: the number stays spent, the ID number is free again, the account is switched off. */
gk_error_t *gk_candidate_withdraw(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  const char *reason);

#endif
