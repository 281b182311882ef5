/* domain/audit_verify.c: the seals and their rows (audit_verify.h). Records against rows: audit_versions.c. */
#include <stdarg.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "domain/audit_verify_internal.h"

#define PAGE_SEALS 16
#define SUSPECTS 32 /* rows of a seal that are compared with each other */

void gk_verify__fault(gk_verify_t *verify, const char *code, apr_int64_t seal, apr_int64_t seq, const char *zh,
                      const char *en, ...)
{
  va_list ap;
  if (verify->report->faults++ >= GK_VERIFY_FAULTS)
    return;
  gk_verify_fault_t *fault = apr_array_push(verify->report->told);
  *fault = (gk_verify_fault_t){.code = code, .seal = seal, .seq = seq};
  va_start(ap, en);
  fault->zh = apr_pvsprintf(verify->pool, zh, ap);
  va_end(ap);
  va_start(ap, en);
  fault->en = apr_pvsprintf(verify->pool, en, ap);
  va_end(ap);
}

/* ---- rows of a seal ---------------------------------------------------------------------------------------- */

/* A row whose leaf is not the one that was sealed. */
typedef struct suspect_t {
  gk_audit_row_t row;
  apr_int64_t index; /* in the seal */
  bool told;
} suspect_t;

typedef struct rows_t {
  gk_verify_t *verify;
  const gk_audit_seal_t *seal;
  gk_merkle_t tree;
  apr_int64_t index, expected; /* the next row's, in the seal and by number */
  apr_int64_t missing;
  apr_array_header_t *suspects;
  apr_int64_t strange; /* of them in all */
  apr_pool_t *pool;
} rows_t;

static void leaf_of(unsigned char leaf[GK_HASH_BYTES], const gk_audit_row_t *row, apr_pool_t *pool)
{
  apr_size_t length;
  const char *bytes = gk_audit_row_bytes(&length, row, pool);
  gk_merkle_leaf(leaf, bytes, length);
}

static bool marked(const gk_audit_seal_t *seal, apr_int64_t index, const unsigned char *leaf)
{
  return memcmp(seal->marks.bytes + index * GK_MARK_BYTES, leaf, GK_MARK_BYTES) == 0;
}

static void missing_up_to(rows_t *rows, apr_int64_t number)
{
  for (; rows->expected < number; rows->expected++, rows->index++) {
    rows->missing++;
    gk_verify__fault(rows->verify, "row-missing", rows->seal->n, rows->expected,
                     "第 %" APR_INT64_T_FMT " 号审计记录（封条 %" APR_INT64_T_FMT "）不见了",
                     "Row %" APR_INT64_T_FMT " (seal %" APR_INT64_T_FMT ") is missing", rows->expected, rows->seal->n);
  }
}

static gk_audit_row_t keep_row(const gk_audit_row_t *row, apr_pool_t *pool)
{
  gk_audit_row_t kept = *row;
  kept.org_path = apr_pstrdup(pool, row->org_path);
  kept.action = apr_pstrdup(pool, row->action);
  kept.object_kind = apr_pstrdup(pool, row->object_kind);
  kept.request_id = apr_pstrdup(pool, row->request_id);
  kept.key_id = apr_pstrdup(pool, row->key_id);
  kept.body.bytes = apr_pmemdup(pool, row->body.bytes != NULL ? row->body.bytes : (const unsigned char *)"",
                                row->body.length);
  kept.digest = apr_pstrdup(pool, row->digest);
  return kept;
}

static gk_error_t *on_row(void *baton, const gk_audit_row_t *row, apr_pool_t *pool)
{
  rows_t *rows = baton;
  unsigned char leaf[GK_HASH_BYTES];
  missing_up_to(rows, row->seq);
  leaf_of(leaf, row, pool);
  gk_merkle_add(&rows->tree, leaf);
  if (!marked(rows->seal, rows->index, leaf) && rows->strange++ < SUSPECTS)
    APR_ARRAY_PUSH(rows->suspects, suspect_t) = (suspect_t){keep_row(row, rows->pool), rows->index, false};
  rows->expected = row->seq + 1;
  rows->index++;
  rows->verify->report->rows++;
  return NULL;
}

/* Row a as it would be under b's number is what was sealed under b's number. */
static bool moved(const rows_t *rows, const suspect_t *a, const suspect_t *b)
{
  unsigned char leaf[GK_HASH_BYTES];
  gk_audit_row_t row = a->row;
  row.seq = b->row.seq;
  leaf_of(leaf, &row, rows->pool);
  return marked(rows->seal, b->index, leaf);
}

static void tell_suspects(rows_t *rows)
{
  suspect_t *all = (suspect_t *)rows->suspects->elts;
  for (int i = 0; i < rows->suspects->nelts; i++) {
    for (int k = 0; !all[i].told && k < rows->suspects->nelts; k++)
      if (k != i && moved(rows, &all[i], &all[k])) {
        gk_verify__fault(rows->verify, "rows-swapped", rows->seal->n, all[i].row.seq,
                         "第 %" APR_INT64_T_FMT " 号位置上是原第 %" APR_INT64_T_FMT " 号的记录（封条 %" APR_INT64_T_FMT "）",
                         "Row %" APR_INT64_T_FMT " is what row %" APR_INT64_T_FMT " was (seal %" APR_INT64_T_FMT ")",
                         all[i].row.seq, all[k].row.seq, rows->seal->n);
        all[i].told = true;
      }
    if (!all[i].told)
      gk_verify__fault(rows->verify, "row-changed", rows->seal->n, all[i].row.seq,
                       "第 %" APR_INT64_T_FMT " 号审计记录（封条 %" APR_INT64_T_FMT "）被改动",
                       "Row %" APR_INT64_T_FMT " (seal %" APR_INT64_T_FMT ") was changed", all[i].row.seq,
                       rows->seal->n);
  }
  rows->verify->report->faults += rows->strange - rows->suspects->nelts;
}

static gk_error_t *check_rows(gk_verify_t *verify, const gk_audit_seal_t *seal, const apr_array_header_t *numbers,
                              apr_pool_t *pool)
{
  rows_t rows = {.verify = verify, .seal = seal, .pool = pool};
  unsigned char root[GK_HASH_BYTES];
  rows.suspects = apr_array_make(pool, 4, sizeof(suspect_t));
  gk_merkle_start(&rows.tree);
  for (int i = 0; i < numbers->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(numbers, i, gk_span_t);
    rows.expected = span->first;
    GK_TRY(gk_seal_store_rows(verify->db, span->first, span->last, seal->rows + 1, on_row, &rows, pool));
    missing_up_to(&rows, span->last + 1);
  }
  tell_suspects(&rows);
  gk_merkle_root(&rows.tree, root);
  if (rows.missing == 0 && rows.strange == 0 && strcmp(gk_text_hex(pool, root, sizeof(root)), seal->root) != 0)
    gk_verify__fault(verify, "row-changed", seal->n, 0,
                     "封条 %" APR_INT64_T_FMT " 的记录与其根值不符：有记录连同标记一起被改动",
                     "The rows of seal %" APR_INT64_T_FMT " don't give its root: a row was changed together with its mark",
                     seal->n);
  return NULL;
}

/* ---- seals ------------------------------------------------------------------------------------------------- */

static void changed(gk_verify_t *verify, apr_int64_t n, const char *what)
{
  gk_verify__fault(verify, "seal-changed", n, 0, "封条 %" APR_INT64_T_FMT " 被改动（%s）",
                   "Seal %" APR_INT64_T_FMT " was changed (%s)", n, what);
}

static void check_signature(gk_verify_t *verify, const gk_audit_seal_t *seal, const char *text)
{
  const gk_keys_t *keys = gk_core_keys(verify->core);
  unsigned char public[GK_PUBLIC_BYTES];
  if (seal->signature.length == GK_SIGNATURE_BYTES &&
      gk_key_verify(keys, "seal", seal->key_id, seal->signature.bytes, text, strlen(text)))
    return;
  if (gk_key_public(public, keys, "seal", seal->key_id, verify->pool) != NULL)
    gk_verify__fault(verify, "seal-signature", seal->n, 0,
                     "封条 %" APR_INT64_T_FMT " 的密钥 %s 不在密钥文件中，无法验证签名",
                     "Seal %" APR_INT64_T_FMT " was signed with key %s, which is not in the key file", seal->n,
                     seal->key_id);
  else
    gk_verify__fault(verify, "seal-signature", seal->n, 0, "封条 %" APR_INT64_T_FMT " 的签名不对",
                     "The signature of seal %" APR_INT64_T_FMT " is wrong", seal->n);
}

/* Numbers that this seal may name: those that were open, and those above the top. Both lists must lie among them and
 * not touch each other. */
static bool check_numbers(gk_verify_t *verify, const gk_audit_seal_t *seal, const apr_array_header_t *numbers,
                          const apr_array_header_t *open, apr_pool_t *pool)
{
  apr_array_header_t *free_ones = apr_array_copy(pool, verify->open);
  apr_int64_t last = numbers->nelts > 0 ? APR_ARRAY_IDX(numbers, numbers->nelts - 1, gk_span_t).last : 0;
  bool good = seal->rows > 0 && gk_spans_count(numbers) == seal->rows &&
              seal->top == (last > verify->top ? last : verify->top) &&
              seal->marks.length == (apr_size_t)seal->rows * GK_MARK_BYTES;
  if (good && seal->top > verify->top)
    gk_spans_add(free_ones, verify->top + 1, seal->top);
  for (int i = 0; good && i < numbers->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(numbers, i, gk_span_t);
    good = gk_spans_remove(free_ones, span->first, span->last);
  }
  for (int i = 0; good && i < open->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(open, i, gk_span_t);
    good = gk_spans_remove(free_ones, span->first, span->last);
  }
  if (good)
    verify->report->unused += gk_spans_count(free_ones);
  for (int i = 0; good && verify->sole_writer && i < free_ones->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(free_ones, i, gk_span_t);
    gk_verify__fault(verify, "row-missing", seal->n, span->first,
                     "第 %" APR_INT64_T_FMT " 到 %" APR_INT64_T_FMT " 号审计记录在封存之前被删除",
                     "Rows %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " were removed before they were sealed",
                     span->first, span->last);
  }
  return good;
}

static void check_anchor(gk_verify_t *verify, const gk_audit_seal_t *seal, const char *digest)
{
  const char *digits = verify->wish->anchor_digits;
  if (seal->n != verify->wish->anchor_n)
    return;
  if (strncmp(digest, digits, strlen(digits)) == 0) {
    verify->report->anchored = true;
    verify->report->anchored_at = seal->sealed;
    return;
  }
  gk_verify__fault(verify, "anchor", seal->n, 0,
                   "封条 %" APR_INT64_T_FMT " 与锚值不符：审计链被重新制作过，或锚值有误（现为 %.16s）",
                   "Seal %" APR_INT64_T_FMT " does not fit the anchor: the chain was made anew, or the anchor is wrong (now %.16s)",
                   seal->n, digest);
}

/* Seals are missing before this one: what they named is believed, so that the rest can still be looked at. */
static void skip_missing(gk_verify_t *verify, const apr_array_header_t *numbers, const apr_array_header_t *open)
{
  const apr_array_header_t *const lists[] = {numbers, open};
  apr_int64_t before = verify->top;
  for (int i = 0; i < numbers->nelts; i++)
    if (APR_ARRAY_IDX(numbers, i, gk_span_t).first > before) {
      verify->top = APR_ARRAY_IDX(numbers, i, gk_span_t).first - 1;
      break;
    }
  apr_pool_clear(verify->open_pool);
  verify->open = gk_spans(verify->open_pool);
  if (verify->top > 0)
    gk_spans_add(verify->covered, 1, verify->top);
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < lists[k]->nelts; i++) {
      gk_span_t span = APR_ARRAY_IDX(lists[k], i, gk_span_t);
      span.last = span.last < verify->top ? span.last : verify->top;
      if (span.first <= span.last)
        gk_spans_add(verify->open, span.first, span.last);
    }
}

static gk_error_t *check_seal(gk_verify_t *verify, const gk_audit_seal_t *seal, apr_pool_t *pool)
{
  apr_array_header_t *numbers, *open;
  const char *text = gk_audit_seal_text(seal, pool), *digest = gk_sha256_hex(pool, text, strlen(text));
  bool missing = seal->n != verify->n + 1;
  if (missing)
    gk_verify__fault(verify, "seal-missing", verify->n + 1, 0,
                     "封条 %" APR_INT64_T_FMT " 到 %" APR_INT64_T_FMT " 不见了",
                     "Seals %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " are missing", verify->n + 1, seal->n - 1);
  else if (strcmp(seal->previous, verify->digest) != 0)
    gk_verify__fault(verify, "seal-chain", seal->n, 0,
                     "封条 %" APR_INT64_T_FMT " 不接在封条 %" APR_INT64_T_FMT " 之后",
                     "Seal %" APR_INT64_T_FMT " does not follow from seal %" APR_INT64_T_FMT, seal->n, seal->n - 1);
  if (seal->format != GK_SEAL_FORMAT)
    changed(verify, seal->n, "format");
  else if (strcmp(digest, seal->digest) != 0)
    changed(verify, seal->n, "digest");
  check_signature(verify, seal, text);
  check_anchor(verify, seal, digest);
  verify->n = seal->n;
  verify->digest = apr_pstrdup(verify->pool, digest);
  verify->report->seals++;
  bool readable = gk_spans_parse(&numbers, seal->numbers, pool) && gk_spans_parse(&open, seal->open, pool);
  if (readable && missing)
    skip_missing(verify, numbers, open);
  if (!readable || !check_numbers(verify, seal, numbers, open, pool)) {
    changed(verify, seal->n, "numbers");
    return NULL;
  }
  for (int i = 0; i < numbers->nelts; i++) {
    const gk_span_t *span = &APR_ARRAY_IDX(numbers, i, gk_span_t);
    gk_spans_add(verify->covered, span->first, span->last);
  }
  verify->top = seal->top;
  apr_pool_clear(verify->open_pool);
  gk_spans_parse(&verify->open, seal->open, verify->open_pool);
  return check_rows(verify, seal, numbers, pool);
}

static gk_error_t *check_seals(gk_verify_t *verify)
{
  apr_pool_t *page, *one;
  apr_array_header_t *seals;
  gk_error_t *error = NULL;
  apr_pool_create(&page, verify->pool);
  apr_pool_create(&one, verify->pool);
  do {
    apr_pool_clear(page);
    error = gk_seal_store_list(&seals, verify->db, verify->n + 1, PAGE_SEALS, page);
    for (int i = 0; error == NULL && i < seals->nelts; i++) {
      apr_pool_clear(one);
      error = check_seal(verify, &APR_ARRAY_IDX(seals, i, gk_audit_seal_t), one);
    }
  } while (error == NULL && seals->nelts > 0);
  if (error != NULL)
    error = gk_error_dup(verify->pool, error);
  apr_pool_destroy(one);
  apr_pool_destroy(page);
  return error;
}

/* ---- rows that no seal names ------------------------------------------------------------------------------- */

static gk_error_t *on_number(void *baton, apr_int64_t seq, apr_time_t at)
{
  gk_verify_t *verify = baton;
  gk_verify_report_t *report = verify->report;
  if (gk_spans_have(verify->covered, seq))
    return NULL;
  if (seq > verify->top || gk_spans_have(verify->open, seq)) {
    report->waiting++;
    if (report->waiting_since == 0 || at < report->waiting_since)
      report->waiting_since = at;
    return NULL;
  }
  gk_verify__fault(verify, "row-inserted", 0, seq, "第 %" APR_INT64_T_FMT " 号审计记录是后来插入的：没有封条包含它",
                   "Row %" APR_INT64_T_FMT " was inserted later: no seal names it", seq);
  return NULL;
}

static gk_error_t *start(gk_verify_t *verify)
{
  apr_array_header_t *seals;
  if (verify->wish->from <= 1)
    return NULL;
  GK_TRY(gk_seal_store_list(&seals, verify->db, verify->wish->from - 1, 1, verify->pool));
  const gk_audit_seal_t *seal = seals->nelts > 0 ? &APR_ARRAY_IDX(seals, 0, gk_audit_seal_t) : NULL;
  if (seal == NULL || seal->n != verify->wish->from - 1 || !gk_spans_parse(&verify->open, seal->open, verify->pool))
    return gk_error(verify->pool, GK_E_NOT_FOUND, "没有封条 %" APR_INT64_T_FMT,
                    "There is no seal %" APR_INT64_T_FMT " to go on from", verify->wish->from - 1);
  verify->n = seal->n;
  verify->digest = seal->digest;
  verify->top = verify->believed = seal->top;
  return NULL;
}

static gk_error_t *verify_all(gk_verify_t *verify)
{
  gk_verify_report_t *report = verify->report;
  GK_TRY(start(verify));
  GK_TRY(check_seals(verify));
  if (verify->wish->anchor_n > verify->n)
    gk_verify__fault(verify, "anchor", verify->wish->anchor_n, 0,
                     "锚值是封条 %" APR_INT64_T_FMT "，现在最后一个封条是 %" APR_INT64_T_FMT "：末尾的封条被删除",
                     "The anchor names seal %" APR_INT64_T_FMT ", the newest is %" APR_INT64_T_FMT ": the tail was cut off",
                     verify->wish->anchor_n, verify->n);
  else if (verify->wish->anchor_n > 0 && verify->wish->anchor_n < verify->wish->from)
    return gk_error(verify->pool, GK_E_MALFORMED, "锚值的封条在 --from 之前", "The anchor's seal lies before --from");
  apr_int64_t first = verify->wish->from <= 1 ? APR_INT64_MIN : verify->believed + 1;
  GK_TRY(gk_seal_store_numbers(verify->db, first, on_number, verify, verify->pool));
  GK_TRY(gk_audit_seal_last(&report->last, &report->found, verify->db, verify->pool));
  return verify->wish->from <= 1 ? gk_verify__versions(verify) : NULL;
}

gk_error_t *gk_audit_verify(gk_verify_report_t *out, gk_core_t *core, gk_db_t *db, const gk_verify_wish_t *wish,
                            apr_pool_t *pool)
{
  gk_verify_t verify = {.report = out, .core = core, .db = db, .wish = wish, .digest = "", .pool = pool};
  *out = (gk_verify_report_t){.told = apr_array_make(pool, 8, sizeof(gk_verify_fault_t))};
  apr_pool_create(&verify.open_pool, pool);
  verify.open = gk_spans(pool);
  verify.covered = gk_spans(pool);
  verify.sole_writer = gk_db_engine(db) == GK_SQLITE;
  GK_TRY(gk_db_begin_snapshot(db, pool));
  gk_error_t *error = verify_all(&verify);
  gk_db_rollback(db);
  return error;
}

gk_json_t *gk_verify_json(const gk_verify_report_t *report, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *faults = gk_json_array(pool);
  gk_json_set_bool(json, "ok", report->faults == 0);
  gk_json_set_int(json, "seals", report->seals);
  gk_json_set_int(json, "rows", report->rows);
  gk_json_set_int(json, "waiting", report->waiting);
  gk_json_set_time(json, "waiting_since", report->waiting_since);
  gk_json_set_int(json, "unused_numbers", report->unused);
  gk_json_set_int(json, "records", report->records);
  gk_json_set_int(json, "versions", report->versions);
  gk_json_set(json, "last", gk_audit_anchor_json(&report->last, report->found, pool));
  gk_json_set_bool(json, "anchored", report->anchored);
  gk_json_set_time(json, "anchored_at", report->anchored_at);
  gk_json_set_int(json, "fault_count", report->faults);
  for (int i = 0; i < report->told->nelts; i++) {
    const gk_verify_fault_t *fault = &APR_ARRAY_IDX(report->told, i, gk_verify_fault_t);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_str(one, "code", fault->code);
    gk_json_set_int(one, "seal", fault->seal);
    gk_json_set_int(one, "seq", fault->seq);
    gk_json_set_str(one, "zh", fault->zh);
    gk_json_set_str(one, "en", fault->en);
    gk_json_add(faults, one);
  }
  gk_json_set(json, "faults", faults);
  return json;
}
