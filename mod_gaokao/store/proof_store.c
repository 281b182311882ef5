/* store/proof_store.c: papers and review, fee, proof sheets, confirmations (domain/ports_candidate.h). */
#include <string.h>
#include <apr_strings.h>

#include "domain/paper.h"
#include "domain/ports_candidate.h"
#include "store/sql.h"
#include "store/vault.h"

/* ---- papers and review ----------------------------------------------------------------------------------- */

const char *gk_review_part_context(apr_int64_t candidate_id, const char *kind, apr_pool_t *pool)
{
  return apr_psprintf(pool, "candidate_part.body.%" APR_INT64_T_FMT ".%s", candidate_id, kind);
}

gk_error_t *gk_store_review_part_get(gk_json_t **body, gk_act_t *act, apr_int64_t candidate_id, const char *kind)
{
  gk_row_review_part_get_t row;
  bool found;
  const char *text;
  apr_size_t length;
  GK_TRY(gk_db_find(act->db, GK_CALL(review_part_get, .candidate_id = candidate_id, .kind = kind, GK_SCOPE(act)), &found,
                    &row, act->pool));
  if (!found) {
    *body = NULL;
    return NULL;
  }
  gk_vault_key_t key;
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, candidate_id, &GK_HELD(&row)));
  GK_TRY(gk_vault_unseal(&text, &length, &key, gk_review_part_context(candidate_id, kind, act->pool), row.key_id, row.body,
                         act->pool));
  if (text == NULL)
    return gk_error_plain(act->pool, GK_E_GONE);
  return gk_json_parse(body, text, length, act->pool);
}

gk_error_t *gk_store_review_part_put(gk_act_t *act, apr_int64_t candidate_id, const char *kind, const char *state,
                                     gk_json_t *body)
{
  const char *text = gk_json_text_sorted(body, act->pool);
  gk_sealed_t sealed;
  gk_vault_key_t key;
  GK_TRY(gk_vault_candidate(&key, act, candidate_id));
  GK_TRY(gk_vault_seal(&sealed, &key, gk_review_part_context(candidate_id, kind, act->pool), text, strlen(text), act->pool));
  return gk_db_exec(act->db,
                    GK_CALL(review_part_put, .kind = kind, .state = state, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .updated_by = act->who->account_id, .now = act->now,
                            .candidate_id = candidate_id, GK_SCOPE(act)),
                    NULL, act->pool);
}

/* ---- fee ------------------------------------------------------------------------------------------------- */

gk_error_t *gk_store_fee_insert(apr_int64_t *id, gk_act_t *act, const gk_fee_t *fee)
{
  gk_row_fee_insert_t row;
  bool inserted;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(fee_insert, .fen = fee->fen, .receipt = fee->receipt, .paid_by = act->who->account_id,
                            .now = act->now, .candidate_id = fee->candidate_id, GK_SCOPE(act)),
                    &inserted, &row, act->pool));
  *id = inserted ? row.id : 0;
  return NULL;
}

gk_error_t *gk_store_fee_open(bool *found, gk_fee_t *fee, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_row_fee_open_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(fee_open, .candidate_id = candidate_id, GK_SCOPE(act)), found, &row, act->pool));
  if (*found)
    *fee = (gk_fee_t){row.id, row.candidate_id, row.fen, row.org_path, row.receipt, row.paid_by, row.paid_us};
  return NULL;
}

gk_error_t *gk_store_fee_receipt(bool *found, gk_fee_t *fee, const char **number, gk_act_t *act, const char *receipt)
{
  gk_row_fee_receipt_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(fee_receipt, .season_id = act->season->id, .receipt = receipt), found, &row,
                    act->pool));
  if (!*found)
    return NULL;
  *fee = (gk_fee_t){row.id, row.candidate_id, row.fen, row.org_path, row.receipt, row.paid_by, row.paid_us};
  *number = row.number;
  return NULL;
}

gk_error_t *gk_store_fee_cancel(bool *changed, gk_act_t *act, apr_int64_t fee_id, const char *reason)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(fee_cancel, .cancelled_by = act->who->account_id, .now = act->now, .reason = reason,
                            .id = fee_id, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

/* ---- proof and confirmation ------------------------------------------------------------------------------ */

const char *gk_proof_context(apr_int64_t candidate_id, apr_int64_t version, apr_pool_t *pool)
{
  return apr_psprintf(pool, "proof.doc.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT, candidate_id, version);
}

gk_error_t *gk_store_proof_insert(gk_act_t *act, gk_proof_t *proof)
{
  gk_sealed_t sealed;
  gk_row_proof_insert_t row;
  gk_vault_key_t key;
  GK_TRY(gk_vault_candidate(&key, act, proof->candidate_id));
  GK_TRY(gk_vault_seal(&sealed, &key, gk_proof_context(proof->candidate_id, proof->version, act->pool), proof->text,
                       strlen(proof->text), act->pool));
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(proof_insert, .version = proof->version, .key_id = sealed.key_id,
                           .doc = {sealed.bytes, sealed.length}, .digest = proof->digest, .pack_id = proof->pack_id,
                           .printed_by = proof->printed_by, .now = proof->printed,
                           .candidate_id = proof->candidate_id, GK_SCOPE(act)),
                   &row, act->pool));
  proof->id = row.id;
  return NULL;
}

gk_error_t *gk_store_proof_get(bool *found, gk_proof_t *proof, gk_act_t *act, apr_int64_t candidate_id,
                               apr_int64_t version)
{
  gk_row_proof_get_t row;
  gk_vault_key_t key;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(proof_get, .candidate_id = candidate_id, .version = version, .season_id = act->season->id,
                            GK_SCOPE(act)),
                    found, &row, act->pool));
  if (!*found)
    return NULL;
  *proof = (gk_proof_t){row.id, row.candidate_id, row.version, row.pack_id, NULL, row.digest, row.printed_by,
                        row.printed_us};
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, candidate_id, &GK_HELD(&row)));
  GK_TRY(gk_vault_unseal(&proof->text, NULL, &key, gk_proof_context(row.candidate_id, row.version, act->pool), row.key_id, row.doc,
                         act->pool));
  return proof->text != NULL ? NULL : gk_error_plain(act->pool, GK_E_GONE);
}

gk_error_t *gk_store_confirmation_insert(gk_act_t *act, const gk_confirmation_t *confirmation)
{
  gk_row_confirmation_insert_t row;
  return gk_db_get(act->db,
                   GK_CALL(confirmation_insert, .version = confirmation->version, .proof_id = confirmation->proof_id,
                           .reading_id = confirmation->reading_id, .digest = confirmation->digest,
                           .pack_id = confirmation->pack_id, .confirmed_by = act->who->account_id, .now = act->now,
                           .candidate_id = confirmation->candidate_id, GK_SCOPE(act)),
                   &row, act->pool);
}

gk_error_t *gk_store_confirmation_void(gk_act_t *act, apr_int64_t candidate_id, const char *reason)
{
  return gk_db_exec(act->db,
                    GK_CALL(confirmation_void, .voided_by = act->who->account_id, .now = act->now, .reason = reason,
                            .candidate_id = candidate_id, GK_SCOPE(act)),
                    NULL, act->pool);
}

/* ---- papers ---------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(gk_row_proof_before_t) == sizeof(gk_row_proof_get_t), "proof columns");
_Static_assert(sizeof(gk_row_paper_people_t) == sizeof(gk_row_paper_person_t), "paper columns");

gk_error_t *gk_store_proof_before(bool *found, gk_proof_t *proof, gk_act_t *act, apr_int64_t candidate_id,
                                  apr_int64_t version)
{
  gk_row_proof_before_t row;
  gk_vault_key_t key;
  GK_TRY(gk_db_find(act->db,
                    GK_CALL(proof_before, .candidate_id = candidate_id, .version = version, .season_id = act->season->id,
                            GK_SCOPE(act)),
                    found, &row, act->pool));
  if (!*found)
    return NULL;
  *proof = (gk_proof_t){row.id, row.candidate_id, row.version, row.pack_id, NULL, row.digest, row.printed_by,
                        row.printed_us};
  GK_TRY(gk_vault_keep(&key, act, GK_VAULT_CANDIDATE, candidate_id, &GK_HELD(&row)));
  GK_TRY(gk_vault_unseal(&proof->text, NULL, &key, gk_proof_context(row.candidate_id, row.version, act->pool), row.key_id, row.doc,
                         act->pool));
  return proof->text != NULL ? NULL : gk_error_plain(act->pool, GK_E_GONE);
}

static gk_paper_person_t person_of(const gk_row_paper_person_t *row)
{
  return (gk_paper_person_t){.id = row->id, .version = row->version, .proof_version = row->proof_version,
                             .confirmed_version = row->confirmed_version, .number = row->number,
                             .name = row->name != NULL ? row->name : "", .class_name = row->class != NULL ? row->class : "",
                             .subject = row->subject, .state = row->state, .org_code = row->org_code,
                             .org_name = row->org_name};
}

gk_error_t *gk_store_paper_people(apr_array_header_t **people, gk_act_t *act, const gk_paper_filter_t *filter, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(paper_people, .season_id = act->season->id, GK_SCOPE(act), .org_id = filter->org_id,
                            .from = filter->from, .to = filter->to, .class = filter->class_name, .limit = limit),
                    &rows, act->pool));
  *people = apr_array_make(act->pool, rows->nelts, sizeof(gk_paper_person_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*people, gk_paper_person_t) =
        person_of((const gk_row_paper_person_t *)&APR_ARRAY_IDX(rows, i, gk_row_paper_people_t));
  return NULL;
}

gk_error_t *gk_store_paper_person(bool *found, gk_paper_person_t *person, gk_act_t *act, apr_int64_t id)
{
  gk_row_paper_person_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(paper_person, .id = id, .season_id = act->season->id, GK_SCOPE(act)), found, &row,
                    act->pool));
  if (*found)
    *person = person_of(&row);
  return NULL;
}

gk_error_t *gk_store_paper_who(const char **name, gk_act_t *act, apr_int64_t account_id)
{
  gk_row_paper_who_t row;
  bool found;
  GK_TRY(gk_db_find(act->db, GK_CALL(paper_who, .id = account_id), &found, &row, act->pool));
  *name = !found ? "" : row.display_name != NULL && row.display_name[0] != '\0' ? row.display_name : row.login;
  return NULL;
}
