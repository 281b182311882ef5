/* domain/audit_versions.c: the cross-check of verifying: each version of a candidate's record has exactly one row. It shows what
 * was taken out before it was sealed.
 *
 * Submissions move many records and leave one row, the demonstration's load one for a point: versions without a row of
 * their own must find as many such rows of their units between their neighbours. A new password and a paper printed again make
 * no version, yet their rows say which one stood then. */
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "domain/audit_verify_internal.h"
#include "domain/paths.h"

typedef struct bulk_t {
  apr_array_header_t *moves; /* numbers of rows, ascending */
  apr_array_header_t *loads;
} bulk_t;

typedef struct check_t {
  gk_verify_t *verify;
  apr_hash_t *bulk;          /* path -> bulk_t */
  apr_int64_t id, version;   /* the record looked at */
  char path[256];
  apr_int64_t last, last_seq; /* its last row's */
  apr_pool_t *pool;
} check_t;

static gk_error_t *on_bulk(void *baton, const char *path, const char *action, apr_int64_t seq)
{
  check_t *check = baton;
  bulk_t *bulk = apr_hash_get(check->bulk, path, APR_HASH_KEY_STRING);
  if (bulk == NULL) {
    bulk = apr_palloc(check->pool, sizeof(*bulk));
    bulk->moves = apr_array_make(check->pool, 2, sizeof(apr_int64_t));
    bulk->loads = apr_array_make(check->pool, 1, sizeof(apr_int64_t));
    apr_hash_set(check->bulk, apr_pstrdup(check->pool, path), APR_HASH_KEY_STRING, bulk);
  }
  APR_ARRAY_PUSH(strcmp(action, "demo.load") == 0 ? bulk->loads : bulk->moves, apr_int64_t) = seq;
  return NULL;
}

static int between(const apr_array_header_t *numbers, apr_int64_t low, apr_int64_t high)
{
  int n = 0;
  for (int i = 0; i < numbers->nelts; i++)
    n += APR_ARRAY_IDX(numbers, i, apr_int64_t) > low && APR_ARRAY_IDX(numbers, i, apr_int64_t) < high;
  return n;
}

/* Rows of the record's units between two numbers. */
static int moves(const check_t *check, apr_int64_t low, apr_int64_t high, bool *loaded, apr_pool_t *pool)
{
  gk_paths_t paths = gk_paths_of(check->path, pool);
  int n = 0;
  for (int i = -1; i < paths.levels; i++) {
    const bulk_t *bulk = apr_hash_get(check->bulk, i < 0 ? "/" : paths.at[i], APR_HASH_KEY_STRING);
    if (bulk == NULL)
      continue;
    n += between(bulk->moves, low, high);
    *loaded = *loaded || between(bulk->loads, low, high) > 0;
  }
  return n;
}

/* Versions between the last row and the next one (number `seq`), which have none of their own. */
static void check_gap(check_t *check, apr_int64_t next, apr_int64_t seq, apr_pool_t *pool)
{
  apr_int64_t gap = next - check->last - 1;
  bool loaded = false;
  if (gap <= 0)
    return;
  int found = moves(check, check->last_seq, seq, &loaded, pool);
  if (found >= gap || (loaded && check->last == 0))
    return;
  gk_verify__fault(check->verify, "version-missing", 0, check->last_seq,
                   "考生记录 %" APR_INT64_T_FMT "：第 %" APR_INT64_T_FMT " 版没有审计记录",
                   "Record %" APR_INT64_T_FMT ": version %" APR_INT64_T_FMT " has no audit row", check->id,
                   check->last + 1);
}

static void finish(check_t *check, apr_pool_t *pool)
{
  if (check->id == 0)
    return;
  check_gap(check, check->version + 1, APR_INT64_MAX, pool);
  check->verify->report->records++;
  check->verify->report->versions += check->version;
}

static gk_error_t *on_version(void *baton, const gk_version_row_t *row, apr_pool_t *pool)
{
  check_t *check = baton;
  if (row->candidate_id != check->id) {
    finish(check, pool);
    check->id = row->candidate_id;
    check->version = row->version;
    apr_cpystrn(check->path, row->org_path, sizeof(check->path));
    check->last = check->last_seq = 0;
  }
  if (row->seq == 0 || (row->again && row->row_version <= check->last))
    return NULL;
  if (row->row_version <= check->last || row->row_version > row->version) {
    gk_verify__fault(check->verify, row->row_version > row->version ? "record-behind" : "version-twice", 0, row->seq,
                     "第 %" APR_INT64_T_FMT " 号审计记录说的是考生记录 %" APR_INT64_T_FMT " 的第 %" APR_INT64_T_FMT
                     " 版，与记录现状（第 %" APR_INT64_T_FMT " 版）不符",
                     "Row %" APR_INT64_T_FMT " tells of record %" APR_INT64_T_FMT ", version %" APR_INT64_T_FMT
                     ": that does not fit the record, which is at version %" APR_INT64_T_FMT,
                     row->seq, check->id, row->row_version, row->version);
    return NULL;
  }
  check_gap(check, row->row_version + (row->again ? 1 : 0), row->seq, pool);
  check->last = row->row_version;
  check->last_seq = row->seq;
  return NULL;
}

static gk_error_t *on_orphan(void *baton, const gk_version_row_t *row, apr_pool_t *pool)
{
  check_t *check = baton;
  (void)pool;
  gk_verify__fault(check->verify, "record-missing", 0, row->seq,
                   "第 %" APR_INT64_T_FMT " 号审计记录说的考生记录 %" APR_INT64_T_FMT " 不存在",
                   "Row %" APR_INT64_T_FMT " tells of record %" APR_INT64_T_FMT ", which is not there", row->seq,
                   row->candidate_id);
  return NULL;
}

gk_error_t *gk_verify__versions(gk_verify_t *verify)
{
  check_t check = {.verify = verify, .bulk = apr_hash_make(verify->pool), .pool = verify->pool};
  GK_TRY(gk_seal_store_bulk(verify->db, on_bulk, &check, verify->pool));
  GK_TRY(gk_seal_store_versions(verify->db, on_version, &check, verify->pool));
  finish(&check, verify->pool);
  return gk_seal_store_orphans(verify->db, on_orphan, &check, verify->pool);
}
