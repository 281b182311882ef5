/* jobs/pull_receipt.c: the province has a pull; and the end of pulls nobody came back for (pull.h). */
#include <stdlib.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "jobs/pull_internal.h"

enum { BATCH = 500, LIVE_PAGE = 1000 };

/* ---- receipts -------------------------------------------------------------------------------------------- */

typedef struct receipt_t {
  gk_act_t *act;
  apr_pool_t *batch_pool;
  gk_json_t *rows;
  apr_int64_t accepted, passed_over;
  apr_array_header_t *passed; /* gk_pull_passed_t */
  int limit;
  char line[64];              /* begun in the piece before */
  apr_size_t held;
} receipt_t;

static gk_error_t *settle(receipt_t *r)
{
  gk_act_t act = *r->act;
  apr_array_header_t *rows;
  apr_int64_t moved;
  act.pool = r->batch_pool;
  const char *list = gk_json_text(r->rows, act.pool);
  GK_TRY(gk_db_list(act.db, GK_CALL(pull_changed, .rows = list, .season_id = act.season->id, GK_SCOPE(r->act)), &rows, act.pool));
  for (int i = 0; i < rows->nelts && r->passed->nelts < r->limit; i++) {
    const gk_row_pull_changed_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_changed_t);
    APR_ARRAY_PUSH(r->passed, gk_pull_passed_t) = (gk_pull_passed_t){apr_pstrdup(r->act->pool, row->number),
                                                                     apr_pstrdup(r->act->pool, row->state), row->was,
                                                                     row->version};
  }
  r->passed_over += rows->nelts;
  GK_TRY(gk_db_exec(act.db, GK_CALL(pull_accept, .now_us = act.now, .rows = list, .season_id = act.season->id, GK_SCOPE(r->act)),
                    &moved, act.pool));
  r->accepted += moved;
  apr_pool_clear(r->batch_pool);
  r->rows = gk_json_array(r->batch_pool);
  return NULL;
}

static gk_error_t *on_line(receipt_t *r)
{
  char *rest;
  r->line[r->held] = '\0';
  r->held = 0;
  gk_json_t *pair = gk_json_array(r->batch_pool);
  gk_json_add_int(pair, strtoll(r->line, &rest, 10));
  gk_json_add_int(pair, strtoll(rest, NULL, 10));
  gk_json_add(r->rows, pair);
  if (gk_json_size(r->rows) < BATCH)
    return NULL;
  gk_error_t *error = settle(r);
  return error != NULL ? gk_error_dup(r->act->pool, error) : NULL;
}

static gk_error_t *on_bytes(void *baton, const char *bytes, apr_size_t length)
{
  receipt_t *r = baton;
  for (apr_size_t i = 0; i < length; i++) {
    if (bytes[i] == '\n') {
      GK_TRY(on_line(r));
    } else if (r->held < sizeof(r->line) - 1) {
      r->line[r->held++] = bytes[i];
    }
  }
  return NULL;
}

gk_error_t *gk_pull_acknowledge(gk_pull_t *out, apr_array_header_t **passed, gk_act_t *act, apr_int64_t id,
                                apr_int64_t version, const char *digest, int limit)
{
  gk_pull_t pull;
  apr_int64_t changed;
  receipt_t r = {.act = act, .passed = apr_array_make(act->pool, 16, sizeof(gk_pull_passed_t)), .limit = limit};
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_pull_get(&pull, act, id));
  if (pull.version != version)
    return gk_stale(act, pull.version);
  GK_TRY(gk_pull_check_ready(&pull, act->pool));
  if (pull.season_id != act->season->id)
    return gk_error(act->pool, GK_E_WRONG_STATE, "这次拉取属于另一个报名年度", "This pull is of another season");
  if (strcmp(digest, pull.digest) != 0) {
    gk_error_t *error = NULL;
    gk_violation(&error, act->pool, "/manifest_sha256", "digest", "与本次拉取的清单摘要不符：请核对收到的 manifest.xml",
                 "This is not the digest of this pull's manifest: check the manifest.xml you have");
    return error;
  }
  apr_pool_create(&r.batch_pool, act->pool);
  r.rows = gk_json_array(r.batch_pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_pull_read(act, &pull, 0, 0, APR_INT64_MAX - 1, on_bytes, &r));
  if (gk_json_size(r.rows) > 0)
    GK_TRY(settle(&r));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(pull_acknowledge, .accepted = r.accepted, .passed_over = r.passed_over, .now_us = act->now, .id = id,
                            .version = version, GK_SCOPE(act)),
                    &changed, act->pool));
  if (changed == 0)
    return gk_stale(act, pull.version);
  if (pull.record_key != 0) /* what is left of the files is noise from here on; the sweep takes them away */
    GK_TRY(gk_vault_destroy(act, pull.record_key));
  GK_TRY(gk_pull_get(out, act, id));
  *passed = r.passed;
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "manifest_sha256", digest);
  gk_json_set_int(after, "candidates_accepted", r.accepted);
  gk_json_set_int(after, "passed_over", r.passed_over);
  return gk_audit(act, "export.receipt", "export_pull", id, out->version, out->org_path, NULL, after);
}

/* ---- the end of others ----------------------------------------------------------------------------------- */

typedef struct live_t {
  apr_int64_t id;
  const char *owner;
} live_t;

/* Is this file one of a pull that may still be read or written? pull-ID-OWNER-N */
static bool wanted(const char *name, const apr_array_header_t *live)
{
  char *rest;
  apr_int64_t id = strtoll(name + 5, &rest, 10);
  for (int i = 0; i < live->nelts; i++) {
    const live_t *one = &APR_ARRAY_IDX(live, i, live_t);
    if (one->id == id && (one->owner[0] == '\0' || strncmp(rest + 1, one->owner, strlen(one->owner)) == 0))
      return true;
  }
  return false;
}

static gk_error_t *load_live(apr_array_header_t *live, gk_db_t *db, apr_pool_t *pool)
{
  apr_array_header_t *rows;
  apr_int64_t after = 0;
  do {
    GK_TRY(gk_db_list(db, GK_CALL(pull_live, .after = after, .limit = LIVE_PAGE), &rows, pool));
    for (int i = 0; i < rows->nelts; i++) {
      const gk_row_pull_live_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_live_t);
      APR_ARRAY_PUSH(live, live_t) = (live_t){row->id, row->owner};
      after = row->id;
    }
  } while (rows->nelts == LIVE_PAGE);
  return NULL;
}

gk_error_t *gk_pull_sweep(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_dir_t *dir;
  apr_finfo_t info;
  apr_array_header_t *live = apr_array_make(pool, 16, sizeof(live_t));
  apr_time_t now = gk_core_now(core);
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = gk_db_exec(db,
                                 GK_CALL(pull_expire, .now_us = now, .ready_before_us = now - GK_PULL_KEEP_US,
                                         .writing_before_us = now - GK_JOB_KEEP_US),
                                 NULL, pool);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL) {
    gk_db_rollback(db);
    return error;
  }
  GK_TRY(load_live(live, db, pool));
  if (apr_dir_open(&dir, gk_core_config(core)->spool_dir, pool) != APR_SUCCESS)
    return NULL;
  while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS)
    if (info.filetype == APR_REG && strncmp(info.name, "pull-", 5) == 0 && !wanted(info.name, live))
      apr_file_remove(apr_pstrcat(pool, gk_core_config(core)->spool_dir, "/", info.name, NULL), pool);
  apr_dir_close(dir);
  return NULL;
}
