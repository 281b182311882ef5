/* domain/review.h: login cards (W4), papers, fee and the review of eligibility (W5). */
#ifndef GK_DOMAIN_REVIEW_H
#define GK_DOMAIN_REVIEW_H

#include "domain/candidate.h"

/* ---- login cards ----------------------------------------------------------------------------------------- */

#define GK_CARDS_MAX 1000
/* More cards than these printed again at once need a fresh proof of who prints (gk_session_fresh). */
#define GK_CARDS_AGAIN_FREE 20

typedef struct gk_login_card_t {
  apr_int64_t candidate_id;
  apr_int64_t account_id, generation; /* of the slip; account_id 0: no account */
  bool own_password;                  /* set already: the card shows none */
  const char *password;               /* the slip's, or NULL */
  gk_candidate_t *candidate;
} gk_login_card_t;

/* Cards of the candidates `ids` (array of integers), or of the numbers from..to, or of a class, or of both. Those in
 * state `identified` become `card_printed`; printing again keeps the password. In the order asked for, by number else.
 * Every card leaves an audit row.
 * Errors: INVALID when nothing or more than GK_CARDS_MAX is asked for, NOT_FOUND, WRONG_STATE naming the first record
 * that can have no card yet. */
gk_error_t *gk_cards_print(apr_array_header_t **cards, gk_act_t *act, gk_json_t *ids, const char *from, const char *to,
                           const char *class_name);
/* Its two halves, for a batch whose act was proved fresh when it was wished for: whom it is for (nothing is changed), and
 * handing them out: states, passwords, audit. */
gk_error_t *gk_cards_choose(apr_array_header_t **cards, gk_act_t *act, gk_json_t *ids, const char *from, const char *to,
                            const char *class_name);
gk_error_t *gk_cards_hand_out(gk_act_t *act, apr_array_header_t *cards);
/* The card as it is now, for a page that jammed: nothing changes, the audit row is the caller's. */
gk_error_t *gk_card_again(gk_login_card_t *card, bool *found, gk_act_t *act, apr_int64_t candidate_id);
/* A new password at the point (F8): the old one and the own one die, sessions end. reading_id 0: the operator looked at
 * the card. asked: the candidate was asked, where the present one was used. Errors: CONFLICT when the reading is not this
 * candidate's of the last 24 hours; INVALID at /used. */
gk_error_t *gk_card_renew(gk_login_card_t *card, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                          apr_int64_t reading_id, bool asked);
/* What the point may know of a candidate's signing in: {own_password, slip_generation, signed_in_at, dead_slip_at}; null
 * while there is no account. dead_slip_at: somebody tried a slip that works no more. */
gk_error_t *gk_login_json(gk_json_t **out, gk_act_t *act, apr_int64_t candidate_id);

/* {number, name, id_number, subject, class, org, site, password|null, own_password} */
gk_error_t *gk_login_card_json(gk_json_t **out, gk_login_card_t *card, const gk_act_t *act);

/* ---- papers ---------------------------------------------------------------------------------------------- */

/* The checklist: the pack's papers with required, seen, note. */
gk_error_t *gk_papers_json(gk_json_t **out, gk_act_t *act, gk_candidate_t *candidate);
/* items: [{id, seen, note?}]; papers not named keep what they had. */
gk_error_t *gk_papers_put(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, gk_json_t *items);
/* Ids (const char *) of required papers not seen. */
gk_error_t *gk_papers_missing(apr_array_header_t **ids, gk_act_t *act, gk_candidate_t *candidate);

/* ---- fee ------------------------------------------------------------------------------------------------- */

typedef struct gk_fee_t {
  apr_int64_t id, candidate_id, fen;
  const char *org_path, *receipt;
  apr_int64_t paid_by;
  apr_time_t paid;
} gk_fee_t;

/* Records the payment of what the season's pack asks for the candidate's subject. One payment is open at a time and a
 * receipt number counts once in the season. Errors: DUPLICATE, CONFLICT (paid already). */
gk_error_t *gk_fee_pay(gk_candidate_t **out, gk_fee_t *fee, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                       const char *receipt);
gk_error_t *gk_fee_cancel(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *reason);
/* {fen, receipt, paid_at} or null, and what the subject costs: {state, due_fen, paid: ...}. */
gk_error_t *gk_fee_json(gk_json_t **out, gk_act_t *act, const gk_candidate_t *candidate);

/* ---- review ---------------------------------------------------------------------------------------------- */

/* The verdict of the review. pass needs the card printed, identity known, papers complete, fee paid, no rule of the stage
 * `review` of severity error failing, and each of severity review (and the mark of a namesake, "twin") in `accepted`
 * (array of rule ids: the reviewer looked at it). Fields that are only empty don't hinder: they are filled in later (W6).
 * fail needs a reason; a record that was further goes back to card_printed.
 * Errors: INCOMPLETE with what is missing, RULE_FAILED. */
gk_error_t *gk_review_decide(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool pass,
                             const char *reason, gk_json_t *accepted);
/* Adds to *error the verdicts of `stage` that hinder: of severity error, and of severity review unless the rule stands in
 * `accepted`. Empty required fields count only `with_empty` (INCOMPLETE when they are all there is, else RULE_FAILED). */
gk_error_t *gk_review_hindrances(gk_error_t **error, gk_act_t *act, gk_candidate_t *candidate, gk_json_t *accepted,
                                 bool with_empty, int stage);
/* Adds to *error (INCOMPLETE) what W5 asks for and is not there: identity, papers, fee. */
gk_error_t *gk_review_missing(gk_error_t **error, gk_act_t *act, gk_candidate_t *candidate);
/* The last review as kept: {verdict, reason, accepted, by, at}, or NULL. */
gk_error_t *gk_review_last(gk_json_t **out, gk_act_t *act, apr_int64_t candidate_id);

#endif
