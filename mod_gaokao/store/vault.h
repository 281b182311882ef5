/* store/vault.h: sealing what the store writes, under the keys of single records (005_record_key.sql, crypto.h).
 *
 * Statements give a record's sealed key beside the value that lies under it, as columns record_key, wrap_key, wrapped; so
 * reading costs no further statement. Keys are opened for one act and kept with its pool, never longer: a key that was
 * destroyed is gone with the next request on every node.
 */
#ifndef GK_STORE_VAULT_H
#define GK_STORE_VAULT_H

#include "domain/act.h"

typedef enum gk_vault_kind_t { GK_VAULT_CANDIDATE = 1, GK_VAULT_READING, GK_VAULT_GENERAL, GK_VAULT_FILE } gk_vault_kind_t;

/* A record's key as a row holds it. */
typedef struct gk_held_key_t {
  apr_int64_t id;          /* 0: the record has none (plain text from before) */
  const char *key_id;      /* of the data key around it */
  gk_blob_t wrapped;       /* empty: destroyed */
} gk_held_key_t;
#define GK_HELD(row) ((gk_held_key_t){(row)->record_key, (row)->wrap_key, (row)->wrapped})

/* The same, opened. */
typedef struct gk_vault_key_t {
  apr_int64_t id;               /* 0: none */
  const gk_record_key_t *key;   /* NULL: none, or destroyed */
  bool plain;                   /* encryption = off: values are written as they are */
} gk_vault_key_t;
static inline bool gk_vault_erased(const gk_vault_key_t *key) { return key->id != 0 && key->key == NULL; }

/* Opens a held key into `pool`. */
gk_error_t *gk_vault_open(gk_vault_key_t *out, const gk_core_t *core, const gk_held_key_t *held, apr_pool_t *pool);
/* The same for a record that this act goes on with: `owner` is the candidate's or reading's id, or the season's. */
gk_error_t *gk_vault_keep(gk_vault_key_t *out, gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner,
                          const gk_held_key_t *held);

/* The key of a candidate, for writing: kept by this act, or looked up, or made (the transaction must run). A destroyed key
 * is GONE. */
gk_error_t *gk_vault_candidate(gk_vault_key_t *out, gk_act_t *act, apr_int64_t candidate_id);
/* Makes the key of a candidate or (owner 0) of a reading or file that is only now written. */
gk_error_t *gk_vault_make(gk_vault_key_t *out, gk_act_t *act, gk_vault_kind_t kind, apr_int64_t owner);
/* A key made with its record: gk_vault_make_new makes it for the candidate that an insert with this index is just making, and
 * asks for its row behind that insert; gk_vault_made, after it, is that row. */
typedef struct gk_vault_new_t {
  const char *id_index;
  gk_vault_key_t key;
  gk_sealed_t wrapped;
} gk_vault_new_t;
gk_error_t *gk_vault_make_new(gk_vault_new_t *out, gk_act_t *act, const char *id_index);
gk_error_t *gk_vault_made(gk_act_t *act, gk_vault_new_t *made, apr_int64_t candidate_id);
/* A reading that was just written lies under this key: its audit row need not look. */
void gk_vault_note_reading(gk_act_t *act, apr_int64_t reading_id, const gk_vault_key_t *key);
/* The key for an audit row about this object: the candidate's or the reading's own, else the season's general key. */
gk_error_t *gk_vault_audit(gk_vault_key_t *out, gk_act_t *act, const char *object_kind, apr_int64_t object_id);
/* Of a reading that exists; key->id 0 when it is one from before. */
gk_error_t *gk_vault_reading(gk_vault_key_t *out, gk_act_t *act, apr_int64_t reading_id);
/* A reading's own key follows the candidate that it turned out to belong to. */
gk_error_t *gk_vault_attach(gk_act_t *act, apr_int64_t key_id, apr_int64_t candidate_id);
/* Destroys the keys of a candidate and of its readings; *count: how many there were. */
gk_error_t *gk_vault_destroy_candidate(int *count, gk_act_t *act, apr_int64_t candidate_id);
gk_error_t *gk_vault_destroy(gk_act_t *act, apr_int64_t key_id);
gk_error_t *gk_vault_by_id(gk_vault_key_t *out, gk_act_t *act, apr_int64_t id);
/* Forgets all keys of the act: what it made was rolled back. */
void gk_vault_forget(gk_act_t *act);

/* Seals under a record's key; as it is, with key id "", only where `key` says plain. */
gk_error_t *gk_vault_seal(gk_sealed_t *out, const gk_vault_key_t *key, const char *context, const char *text,
                          apr_size_t length, apr_pool_t *pool);
/* The value of a row. *text is NULL when the key was destroyed. */
gk_error_t *gk_vault_unseal(const char **text, apr_size_t *length, const gk_vault_key_t *key, const char *context,
                            const char *key_id, gk_blob_t value, apr_pool_t *pool);

/* The columns of an audit row that its body is bound to; rows are written once and have no number before. */
typedef struct gk_audit_place_t {
  apr_int64_t season_id;
  apr_time_t at;
  apr_int64_t actor_id;
  const char *org_path, *action, *object_kind;
  apr_int64_t object_id, object_version;
  const char *request_id;
} gk_audit_place_t;
const char *gk_audit_context(const gk_audit_place_t *place, apr_pool_t *pool); /* (store/audit_store.c) */

/* What values are bound to, where reseal_store.c needs it too. */
const char *gk_review_part_context(apr_int64_t candidate_id, const char *kind, apr_pool_t *pool);
const char *gk_proof_context(apr_int64_t candidate_id, apr_int64_t version, apr_pool_t *pool);
const char *gk_reading_context(apr_int64_t season_id, const char *jti, apr_pool_t *pool);

/* A record's key under the active data key. */
gk_error_t *gk_vault_wrap_again(gk_sealed_t *out, const gk_core_t *core, const gk_held_key_t *held, apr_pool_t *pool);
/* A kept answer as a row holds it, under the active data key (store/audit_store.c). */
gk_error_t *gk_answer_seal_again(gk_sealed_t *out, const gk_core_t *core, apr_int64_t account_id, const char *key,
                                 const char *request_digest, const char *key_id, gk_blob_t answer, apr_pool_t *pool);
/* Values of plugins' options, as hex (store/pack_store.c). */
gk_error_t *gk_option_seal(const char **value, const char **key_id, const gk_core_t *core, const char *plugin,
                           const char *key, const char *text, apr_pool_t *pool);
gk_error_t *gk_option_unseal(const char **text, const gk_core_t *core, const char *plugin, const char *key,
                             const char *key_id, const char *value, apr_pool_t *pool);
/* What the number in a row of candidate_former is bound to (store/candidate_store.c). */
const char *gk_former_context(apr_int64_t candidate_id, apr_pool_t *pool);

/* Under the data key itself; likewise plain with encryption = off. */
gk_error_t *gk_vault_seal_direct(gk_sealed_t *out, const gk_core_t *core, const char *context, const char *text,
                                 apr_size_t length, apr_pool_t *pool);

#endif
