/* domain/audit_seal.c: see audit_seal.h. */
#include "domain/audit_seal.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"

/* ---- exact bytes ----------------------------------------------------------------------------------------- */

const char *gk_audit_row_bytes(apr_size_t *length, const gk_audit_row_t *row, apr_pool_t *pool)
{
  const apr_int64_t numbers[] = {row->seq, row->season_id, row->at, row->actor_id, row->object_id, row->object_version,
                                 row->record_key_id};
  char text[7][24];
  for (int i = 0; i < 7; i++)
    apr_snprintf(text[i], sizeof(text[i]), "%" APR_INT64_T_FMT, numbers[i]);
  const char *const columns[] = {text[0], text[1], text[2], text[3], row->org_path, row->action, row->object_kind,
                                 text[4], text[5], row->request_id, row->key_id, (const char *)row->body.bytes,
                                 row->digest, text[6]};
  enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), BODY = 11 };
  apr_size_t sizes[COLUMNS], room = 0;
  for (int i = 0; i < COLUMNS; i++) {
    sizes[i] = i == BODY ? row->body.length : columns[i] != NULL ? strlen(columns[i]) : 0;
    room += sizes[i] + 24;
  }
  char *bytes = apr_palloc(pool, room), *p = bytes;
  for (int i = 0; i < COLUMNS; i++) {
    p += apr_snprintf(p, 24, "%" APR_SIZE_T_FMT ":", sizes[i]);
    if (sizes[i] > 0)
      memcpy(p, columns[i], sizes[i]);
    p += sizes[i];
    *p++ = ',';
  }
  *length = (apr_size_t)(p - bytes);
  return bytes;
}

const char *gk_audit_seal_text(const gk_audit_seal_t *seal, apr_pool_t *pool)
{
  return apr_psprintf(pool,
                      "gaokao audit seal %d\nseal: %" APR_INT64_T_FMT "\nrows: %" APR_INT64_T_FMT
                      "\nnumbers: %s\ntop: %" APR_INT64_T_FMT
                      "\nopen: %s\nroot: %s\nprevious: %s\nsealed: %s\nnode: %s\nkey: %s\n",
                      seal->format, seal->n, seal->rows, seal->numbers, seal->top, seal->open, seal->root,
                      seal->previous, gk_time_text(pool, seal->sealed), seal->node, seal->key_id);
}

const char *gk_audit_anchor_text(const gk_audit_seal_t *seal, int digits, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%" APR_INT64_T_FMT ":%.*s", seal->n, digits, seal->digest);
}

bool gk_audit_anchor_parse(const char *text, apr_int64_t *n, const char **digits, apr_pool_t *pool)
{
  apr_size_t before = strspn(text, "0123456789"), hex;
  if (before < 1 || before > 18 || text[0] == '0' || text[before] != ':')
    return false;
  hex = strspn(text + before + 1, "0123456789abcdefABCDEF");
  if (hex < GK_ANCHOR_DIGITS || hex > 64 || text[before + 1 + hex] != '\0')
    return false;
  char *lower = apr_pstrdup(pool, text + before + 1);
  for (char *p = lower; *p != '\0'; p++)
    *p = (char)(*p >= 'A' && *p <= 'F' ? *p + 32 : *p);
  *n = apr_atoi64(text);
  *digits = lower;
  return true;
}

/* ---- sealing --------------------------------------------------------------------------------------------- */

gk_sealer_t *gk_sealer_create(apr_pool_t *pool)
{
  gk_sealer_t *sealer = apr_pcalloc(pool, sizeof(*sealer));
  apr_pool_create(&sealer->pool, pool);
  return sealer;
}

typedef struct round_t {
  gk_merkle_t tree;
  apr_array_header_t *numbers, *open;
  apr_int64_t top, rows;
  unsigned char *marks;
} round_t;

static gk_error_t *add_row(void *baton, const gk_audit_row_t *row, apr_pool_t *pool)
{
  round_t *round = baton;
  unsigned char leaf[GK_HASH_BYTES];
  apr_size_t length;
  const char *bytes = gk_audit_row_bytes(&length, row, pool);
  gk_merkle_leaf(leaf, bytes, length);
  gk_merkle_add(&round->tree, leaf);
  memcpy(round->marks + round->rows * GK_MARK_BYTES, leaf, GK_MARK_BYTES);
  round->rows++;
  gk_spans_add(round->numbers, row->seq, row->seq);
  if (row->seq > round->top) {
    if (row->seq > round->top + 1)
      gk_spans_add(round->open, round->top + 1, row->seq - 1);
    round->top = row->seq;
  } else {
    gk_spans_remove(round->open, row->seq, row->seq);
  }
  return NULL;
}

/* Rows that came late first, then those behind the top: both in the order of their numbers. */
static gk_error_t *read_rows(round_t *round, gk_db_t *db, apr_pool_t *pool)
{
  apr_int64_t top = round->top;
  apr_array_header_t *late = apr_array_copy(pool, round->open);
  for (int i = 0; i < late->nelts && round->rows < GK_SEAL_ROWS; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(late, i, gk_span_t);
    GK_TRY(gk_seal_store_rows(db, span->first, span->last, GK_SEAL_ROWS - round->rows, add_row, round, pool));
  }
  if (round->rows == GK_SEAL_ROWS)
    return NULL;
  return gk_seal_store_rows(db, top + 1, APR_INT64_MAX, GK_SEAL_ROWS - round->rows, add_row, round, pool);
}

static bool share(const apr_array_header_t *a, const apr_array_header_t *b)
{
  for (int i = 0; i < a->nelts; i++)
    for (int k = 0; k < b->nelts; k++)
      if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, k, const char *)) == 0)
        return true;
  return false;
}

/* Whose transactions may still bring an open number: those that held the table after a later number was seen. Once they
 * are all over and the rows were read again, what is still missing never comes. A row's number is drawn while its
 * transaction holds the table, so nobody can slip in between. */
static gk_error_t *watch(gk_sealer_t *sealer, const apr_array_header_t *open, gk_db_t *db)
{
  apr_array_header_t *writers;
  apr_pool_clear(sealer->pool);
  sealer->watched = sealer->writers = NULL;
  if (open->nelts == 0)
    return NULL;
  GK_TRY(gk_seal_store_writers(&writers, db, sealer->pool));
  sealer->watched = apr_array_copy(sealer->pool, open);
  sealer->writers = writers;
  return NULL;
}

static gk_error_t *sign(gk_audit_seal_t *seal, const round_t *round, gk_core_t *core, apr_pool_t *pool)
{
  const gk_keys_t *keys = gk_core_keys(core);
  unsigned char root[GK_HASH_BYTES], *signature = apr_palloc(pool, GK_SIGNATURE_BYTES);
  const char *key_id;
  gk_merkle_root(&round->tree, root);
  seal->format = GK_SEAL_FORMAT;
  seal->n++;
  seal->previous = seal->n > 1 ? seal->digest : "";
  seal->rows = round->rows;
  seal->numbers = gk_spans_text(round->numbers, pool);
  seal->top = round->top;
  seal->open = gk_spans_text(round->open, pool);
  seal->root = gk_text_hex(pool, root, sizeof(root));
  seal->sealed = gk_core_now(core);
  seal->node = gk_core_config(core)->node;
  seal->key_id = gk_key_id(keys, "seal");
  seal->marks = (gk_blob_t){round->marks, (apr_size_t)round->rows * GK_MARK_BYTES};
  const char *text = gk_audit_seal_text(seal, pool);
  GK_TRY(gk_key_sign(signature, &key_id, keys, "seal", text, strlen(text), pool));
  seal->signature = (gk_blob_t){signature, GK_SIGNATURE_BYTES};
  seal->digest = gk_sha256_hex(pool, text, strlen(text));
  return NULL;
}

/* Reads one moment's state and makes the seal that follows from it; seal->rows 0: nothing to seal. */
static gk_error_t *make(gk_audit_seal_t *seal, gk_sealer_t *sealer, gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  bool found, settled = false;
  apr_array_header_t *writers, *before = sealer->watched;
  round_t round = {.rows = 0};
  if (before != NULL) { /* asked before the rows are read: what these transactions brought is then seen */
    GK_TRY(gk_seal_store_writers(&writers, db, pool));
    settled = !share(sealer->writers, writers);
  }
  GK_TRY(gk_db_begin_snapshot(db, pool));
  GK_TRY(gk_audit_seal_last(seal, &found, db, pool));
  round.top = found ? seal->top : 0;
  round.numbers = gk_spans(pool);
  round.marks = apr_palloc(pool, GK_SEAL_ROWS * GK_MARK_BYTES);
  gk_merkle_start(&round.tree);
  if (!found)
    *seal = (gk_audit_seal_t){.n = 0, .open = ""};
  if (!gk_spans_parse(&round.open, seal->open, pool))
    return gk_error_internal(pool, GK_E_INTERNAL, "Audit seal %" APR_INT64_T_FMT " was changed: its open numbers can't be read",
                             seal->n);
  GK_TRY(read_rows(&round, db, pool));
  gk_db_rollback(db);
  for (int i = 0; settled && i < before->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(before, i, gk_span_t);
    gk_spans_remove(round.open, span->first, span->last);
  }
  if (before == NULL || settled)
    GK_TRY(watch(sealer, round.open, db));
  seal->rows = 0;
  return round.rows > 0 ? sign(seal, &round, core, pool) : NULL;
}

static gk_error_t *keep(bool *kept, gk_db_t *db, const gk_audit_seal_t *seal, apr_pool_t *pool)
{
  GK_TRY(gk_db_begin(db, pool));
  GK_TRY(gk_seal_store_insert(kept, db, seal, pool));
  return gk_db_commit(db, pool);
}

gk_error_t *gk_audit_seal_next(apr_int64_t *rows, bool *busy, gk_sealer_t *sealer, gk_core_t *core, gk_db_t *db,
                               apr_pool_t *pool)
{
  bool got, kept = false;
  gk_audit_seal_t seal;
  *rows = 0;
  *busy = false;
  GK_TRY(gk_seal_store_lock(&got, db, pool));
  if (!got) {
    *busy = true;
    return NULL;
  }
  gk_error_t *error = make(&seal, sealer, core, db, pool);
  if (error == NULL && seal.rows > 0)
    error = keep(&kept, db, &seal, pool);
  gk_db_rollback(db);
  gk_seal_store_unlock(db, pool);
  if (error != NULL) {
    apr_pool_clear(sealer->pool);
    sealer->watched = sealer->writers = NULL;
    return error;
  }
  *busy = seal.rows > 0 && !kept;
  *rows = kept ? seal.rows : 0;
  return NULL;
}

/* ---- looks ----------------------------------------------------------------------------------------------- */

gk_error_t *gk_audit_anchor(const char **anchor, gk_db_t *db, apr_pool_t *pool)
{
  gk_audit_seal_t seal;
  bool found;
  GK_TRY(gk_audit_seal_last(&seal, &found, db, pool));
  *anchor = found ? gk_audit_anchor_text(&seal, GK_ANCHOR_DIGITS, pool) : NULL;
  return NULL;
}

gk_json_t *gk_audit_anchor_json(const gk_audit_seal_t *seal, bool found, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  if (!found) {
    static const char *const members[] = {"anchor", "seal", "digest", "sealed_at", "rows", "top", "key"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
      gk_json_set_null(json, members[i]);
    return json;
  }
  gk_json_set_str(json, "anchor", gk_audit_anchor_text(seal, GK_ANCHOR_DIGITS, pool));
  gk_json_set_int(json, "seal", seal->n);
  gk_json_set_str(json, "digest", seal->digest);
  gk_json_set_time(json, "sealed_at", seal->sealed);
  gk_json_set_int(json, "rows", seal->rows);
  gk_json_set_int(json, "top", seal->top);
  gk_json_set_str(json, "key", seal->key_id);
  return json;
}
