/* domain/ports_candidate.h: what candidates, readings, proofs and fees need from the store. Each statement carries the
 * actor's scope; those that must look beyond it (uniqueness) say so. (store/candidate_store.c, store/proof_store.c,
 * store/reading_store.c) */
#ifndef GK_DOMAIN_PORTS_CANDIDATE_H
#define GK_DOMAIN_PORTS_CANDIDATE_H

#include "domain/candidate.h"
#include "domain/confirm.h"
#include "domain/reading.h"
#include "domain/review.h"

/* ---- candidates ------------------------------------------------------------------------------------------ */

/* Errors: NOT_FOUND. */
gk_error_t *gk_store_candidate_get(gk_candidate_t **out, gk_act_t *act, apr_int64_t id);
/* The record of the act's own account. ahead: it will be asked for in this request (gk_db_ahead). */
gk_error_t *gk_store_candidate_own(gk_candidate_t **out, gk_act_t *act);
void gk_store_candidate_own_ahead(gk_act_t *act, apr_int64_t account_id);
/* Beyond the scope. former: only numbers that a record had before its correction. place->id 0: none. */
gk_error_t *gk_store_candidate_place(gk_candidate_place_t *place, gk_act_t *act, gk_index_t id_index, bool former);
/* Will be asked for soon (gk_db_ahead). */
void gk_store_candidate_place_ahead(gk_act_t *act, gk_index_t id_index, bool former);
void gk_store_candidate_twins_ahead(gk_act_t *act, gk_index_t twin_index);
/* An empty row for the ID number; *id 0 when the number is taken. */
gk_error_t *gk_store_candidate_insert(apr_int64_t *id, gk_act_t *act, const gk_candidate_t *candidate);
/* Number, range, account-free rest and the document of a row just inserted; its version stays. */
gk_error_t *gk_store_candidate_admit(gk_act_t *act, const gk_candidate_t *candidate);
/* Everything gk_candidate_put writes over `before`, version + 1. *changed false: another version or out of scope. */
gk_error_t *gk_store_candidate_put(bool *changed, gk_act_t *act, const gk_candidate_t *candidate,
                                   const gk_candidate_t *before);
/* Keeps an ID number that a record had before its correction. */
gk_error_t *gk_store_candidate_former(gk_act_t *act, apr_int64_t id, const char *id_text);
/* Gives those numbers free (withdrawal). */
gk_error_t *gk_store_candidate_former_clear(gk_act_t *act, apr_int64_t id);
/* Marks all records of the season with this index when there are two or more; says so. Beyond the scope. */
gk_error_t *gk_store_candidate_twins(bool *twins, gk_act_t *act, gk_index_t twin_index);

/* One page, gk_candidate_t *. Keys of the last record seen: org_path and number, or id where there is no number. */
typedef struct gk_candidate_page_t {
  const char *scope_lo, *scope_hi;
  const char *after_path, *after_number; /* "" at the start */
  apr_int64_t after_id;
  int limit;
} gk_candidate_page_t;
gk_error_t *gk_store_candidate_list(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                    const gk_candidate_page_t *page);
gk_error_t *gk_store_candidate_list_state(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                          const gk_candidate_page_t *page);
/* Without a number, by id. */
gk_error_t *gk_store_candidate_list_waiting(apr_array_header_t **out, gk_act_t *act,
                                            const gk_candidate_filter_t *filter, const gk_candidate_page_t *page);
gk_error_t *gk_store_candidate_list_name(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                         const gk_candidate_page_t *page);
/* Number at or after `from` and before `to`. */
gk_error_t *gk_store_candidate_list_number(apr_array_header_t **out, gk_act_t *act,
                                           const gk_candidate_filter_t *filter, const gk_candidate_page_t *page,
                                           const char *from, const char *to);
gk_error_t *gk_store_candidate_list_tail(apr_array_header_t **out, gk_act_t *act, const gk_candidate_filter_t *filter,
                                         const gk_candidate_page_t *page, gk_index_t tail_index);

/* ---- papers and review: candidate_part rows -------------------------------------------------------------- */

/* *body NULL when there is none. */
gk_error_t *gk_store_review_part_get(gk_json_t **body, gk_act_t *act, apr_int64_t candidate_id, const char *kind);
/* kind: papers or review. */
gk_error_t *gk_store_review_part_put(gk_act_t *act, apr_int64_t candidate_id, const char *kind, const char *state,
                                     gk_json_t *body);

/* ---- fee ------------------------------------------------------------------------------------------------- */

/* *id 0: the receipt number is used, or a payment is open. */
gk_error_t *gk_store_fee_insert(apr_int64_t *id, gk_act_t *act, const gk_fee_t *fee);
gk_error_t *gk_store_fee_open(bool *found, gk_fee_t *fee, gk_act_t *act, apr_int64_t candidate_id);
/* Beyond the scope: whose the receipt is. */
gk_error_t *gk_store_fee_receipt(bool *found, gk_fee_t *fee, const char **number, gk_act_t *act, const char *receipt);
gk_error_t *gk_store_fee_cancel(bool *changed, gk_act_t *act, apr_int64_t fee_id, const char *reason);

/* ---- login cards ----------------------------------------------------------------------------------------- */

/* gk_login_card_t by number; from, to (both inclusive), class_name: NULL for any. Passwords are not derived here. */
gk_error_t *gk_store_card_list(apr_array_header_t **cards, gk_act_t *act, const char *from, const char *to,
                               const char *class_name, int limit);
gk_error_t *gk_store_card_get(bool *found, gk_login_card_t *card, gk_act_t *act, apr_int64_t candidate_id);

/* ---- readings -------------------------------------------------------------------------------------------- */

/* *id 0: the jti is used. */
gk_error_t *gk_store_reading_insert(apr_int64_t *id, gk_act_t *act, const gk_reading_t *reading);
/* In scope; *found false else. */
gk_error_t *gk_store_reading_get(bool *found, gk_reading_t **out, gk_act_t *act, apr_int64_t id);
/* Beyond the scope. */
gk_error_t *gk_store_reading_by_jti(bool *found, gk_reading_t **out, gk_act_t *act, const char *jti);
void gk_store_reading_by_jti_ahead(gk_act_t *act, const char *jti);
gk_error_t *gk_store_reading_set(gk_act_t *act, const gk_reading_t *reading);
gk_error_t *gk_store_reading_list(apr_array_header_t **out, gk_act_t *act, const gk_reading_filter_t *filter,
                                  int limit); /* gk_reading_t *, newest first */
/* The blocks of a reading in scope; *raw NULL when there are none, or their key was destroyed. */
gk_error_t *gk_store_reading_raw(gk_json_t **raw, gk_act_t *act, apr_int64_t id);

/* ---- proof and confirmation ------------------------------------------------------------------------------ */

gk_error_t *gk_store_proof_insert(gk_act_t *act, gk_proof_t *proof);
gk_error_t *gk_store_proof_get(bool *found, gk_proof_t *proof, gk_act_t *act, apr_int64_t candidate_id,
                               apr_int64_t version);
gk_error_t *gk_store_confirmation_insert(gk_act_t *act, const gk_confirmation_t *confirmation);
gk_error_t *gk_store_confirmation_void(gk_act_t *act, apr_int64_t candidate_id, const char *reason);

#endif
