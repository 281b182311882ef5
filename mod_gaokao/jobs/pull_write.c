/* jobs/pull_write.c: the job export_pull: writes a pull's parts into the sealed spool from one snapshot, at the disk's speed,
 * whoever reads them later and how slowly. A snapshot ends with its worker: a job that is begun again writes everything anew,
 * under another owner's names, and nothing is given out before all of it is whole, on disk and signed. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "domain/audit_seal.h"
#include "jobs/export.h"
#include "jobs/kinds.h"
#include "jobs/pull_internal.h"
#include "jobs/squeeze.h"

enum { BUFFER_BYTES = 256 * 1024, PROGRESS_EVERY = 200 };

/* A file of the spool. */
typedef struct file_t {
  apr_file_t *file;
  gk_sealed_file_t *sealed;
} file_t;

typedef struct writer_t {
  gk_job_run_t *run;
  gk_act_t *act;
  const gk_pull_t *pull;
  const gk_export_plan_t *plan;
  gk_vault_key_t key;
  gk_export_head_t head;
  gk_pull__written_t out;
  gk_sha256_t *content;
  file_t list;              /* which records in which version, for the receipt */
  apr_pool_t *part_pool;    /* of the part that is open */
  gk_pull_part_t part;      /* n 0: none is open */
  file_t part_file;
  gk_squeeze_t *squeeze;
  gk_sha256_t *digest;
  gk_export_t *export;
  gk_blob_t had, ids;       /* photos a receiver has, before and after */
} writer_t;

static gk_error_t *disk(apr_pool_t *pool, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, APR_STATUS_IS_ENOSPC(rv) ? GK_E_DB_FULL : GK_E_INTERNAL, "a pull's file: %s",
                           apr_strerror(rv, why, sizeof(why)));
}

static gk_error_t *open_file(file_t *out, writer_t *w, apr_int64_t n, apr_pool_t *pool)
{
  apr_status_t rv = apr_file_open(&out->file, gk_pull__path(w->act->core, w->pull->id, w->run->owner, n, pool),
                                  APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BUFFERED,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
  if (rv != APR_SUCCESS)
    return disk(w->run->pool, rv);
  apr_file_buffer_set(out->file, apr_palloc(pool, BUFFER_BYTES), BUFFER_BYTES);
  out->sealed = gk_sealed_file_start_as(out->file, &w->key, gk_pull__what(w->pull->id, n, pool), pool);
  return NULL;
}

static gk_error_t *close_file(file_t *file, writer_t *w)
{
  gk_error_t *error = gk_sealed_file_end(file->sealed);
  apr_status_t rv = error == NULL ? apr_file_sync(file->file) : APR_SUCCESS, closed = apr_file_close(file->file);
  if (error == NULL && (rv != APR_SUCCESS || closed != APR_SUCCESS))
    error = disk(w->run->pool, rv != APR_SUCCESS ? rv : closed);
  return error;
}

/* Names of files are on disk as well (faults.md DC-2). */
static gk_error_t *sync_folder(writer_t *w)
{
  int folder = open(gk_core_config(w->act->core)->spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int failed = folder < 0 || fsync(folder) != 0;
  apr_status_t rv = failed ? apr_get_os_error() : APR_SUCCESS;
  if (folder >= 0)
    close(folder);
  return failed ? disk(w->run->pool, rv) : NULL;
}

/* ---- parts ----------------------------------------------------------------------------------------------- */

static gk_error_t *to_file(void *baton, const void *bytes, apr_size_t length)
{
  writer_t *w = baton;
  gk_sha256_add(w->digest, bytes, length);
  w->part.bytes += (apr_int64_t)length;
  return gk_sealed_file_write(w->part_file.sealed, bytes, length);
}

static gk_error_t *to_squeeze(void *baton, const void *bytes, apr_size_t length)
{
  return gk_squeeze_write(((writer_t *)baton)->squeeze, bytes, length);
}

static gk_error_t *open_plain_part(void *baton)
{
  writer_t *w = baton;
  apr_pool_clear(w->part_pool);
  w->part = (gk_pull_part_t){.n = w->out.parts->nelts + 1};
  w->digest = gk_sha256_start(w->part_pool);
  return open_file(&w->part_file, w, w->part.n, w->part_pool);
}

static gk_error_t *open_part(writer_t *w)
{
  GK_TRY(open_plain_part(w));
  GK_TRY(gk_squeeze_start(&w->squeeze, w->pull->compression, to_file, w, w->part_pool));
  return gk_export_begin(&w->export, gk_core_plugins(w->act->core), w->act->request_id, w->act->season->pack, &w->head, to_squeeze,
                         w, w->part_pool);
}

static gk_error_t *close_plain_part(void *baton, apr_int64_t photos)
{
  writer_t *w = baton;
  w->part.photos = photos;
  GK_TRY(close_file(&w->part_file, w));
  w->part.digest = gk_sha256_end(w->digest, w->run->pool);
  w->out.bytes += w->part.bytes;
  APR_ARRAY_PUSH(w->out.parts, gk_pull_part_t) = w->part;
  w->part.n = 0;
  return NULL;
}

static gk_error_t *go_on(void *baton)
{
  writer_t *w = baton;
  return gk_job_progress(w->run, w->out.records + w->out.withdrawn, w->run->total);
}

static gk_error_t *close_part(writer_t *w)
{
  GK_TRY(gk_export_end(w->export, NULL));
  GK_TRY(gk_squeeze_end(w->squeeze));
  return close_plain_part(w, 0);
}

static gk_error_t *to_list(writer_t *w, const gk_export_candidate_t *candidate)
{
  char line[64];
  int n = snprintf(line, sizeof(line), "%" APR_INT64_T_FMT " %" APR_INT64_T_FMT "\n", candidate->id, candidate->version);
  return gk_sealed_file_write(w->list.sealed, line, (apr_size_t)n);
}

static gk_error_t *on_candidate(void *baton, const gk_export_candidate_t *candidate, apr_pool_t *pool)
{
  writer_t *w = baton;
  char line[64];
  gk_export_row_t row = {.kind = candidate->withdrawn     ? GAOKAO_RECORD_WITHDRAWN
                                 : w->plan->since != NULL ? GAOKAO_RECORD_CHANGED
                                                          : GAOKAO_RECORD_PRESENT,
                         .number = candidate->number,
                         .candidate_number = candidate->candidate_number,
                         .state = candidate->state,
                         .point = candidate->point,
                         .version = candidate->version,
                         .document = candidate->document,
                         .flat = candidate->flat,
                         .derived = candidate->derived};
  (void)pool;
  if (w->part.n == 0)
    GK_TRY(open_part(w));
  GK_TRY(gk_export_candidate(w->export, &row));
  int n = snprintf(line, sizeof(line), "%.40s|%" APR_INT64_T_FMT "%s\n", candidate->number, candidate->version,
                   candidate->withdrawn ? "|withdrawn" : "");
  gk_sha256_add(w->content, line, (apr_size_t)n);
  if (candidate->withdrawn) {
    w->part.withdrawn++;
    w->out.withdrawn++;
  } else {
    w->part.records++;
    w->out.records++;
    GK_TRY(to_list(w, candidate));
  }
  apr_int64_t all = w->out.records + w->out.withdrawn;
  if (all % PROGRESS_EVERY == 0)
    GK_TRY(gk_job_progress(w->run, all, w->run->total));
  return w->part.records + w->part.withdrawn == w->pull->part_records ? close_part(w) : NULL;
}

/* Everything inside the snapshot. */
static gk_error_t *write_all(writer_t *w, const char **manifest)
{
  gk_act_t *act = w->act;
  gk_export_sight_t sight;
  gk_audit_seal_t seal;
  bool sealed;
  apr_int64_t total = 0;
  GK_TRY(gk_export_store_sight(&sight, act));
  GK_TRY(gk_audit_seal_last(&seal, &sealed, act->db, act->pool));
  if (sealed)
    w->head.anchor = w->out.anchor = gk_audit_anchor_text(&seal, 64, act->pool);
  w->head.mark = w->out.mark = gk_pull__mark(&sight, act->season->year, w->pull->id, w->pull->token, act->pool);
  w->head.since = w->out.since;
  w->out.sight = apr_pmemdup(act->pool, &sight, sizeof(sight));
  if (w->plan->since == NULL)
    GK_TRY(gk_export_count(&total, act, w->plan));
  GK_TRY(gk_job_progress(w->run, 0, total));
  GK_TRY(open_file(&w->list, w, 0, w->run->pool));
  GK_TRY(gk_export_walk(act, w->plan, on_candidate, w));
  if (w->part.n == 0 && w->out.parts->nelts == 0) /* nobody: that, too, is a document */
    GK_TRY(open_part(w));
  if (w->part.n != 0)
    GK_TRY(close_part(w));
  w->out.content = gk_sha256_end(w->content, act->pool);
  GK_TRY(close_file(&w->list, w));
  gk_pull__sink_t sink = {open_plain_part, to_file, close_plain_part, go_on, w};
  GK_TRY(gk_pull__photos(&w->ids, &w->out.photos, &w->out.photos_held, act, w->pull, w->plan, w->had, &sink));
  GK_TRY(sync_folder(w));
  return gk_pull__manifest(manifest, act, w->pull, w->plan, &w->out);
}

/* ---- the job --------------------------------------------------------------------------------------------- */

static gk_error_t *gone(gk_act_t *act)
{
  return gk_error(act->pool, GK_E_WRONG_STATE, "这次拉取已经写出或已结束", "This pull was written already, or is over");
}

static gk_error_t *check(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  gk_pull_t pull;
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  apr_int64_t id = gk_decode_int(&d, "pull", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_pull_get(&pull, act, id));
  if (pull.job_id != 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "拉取由 POST /export/pulls 建立，任务已经有了",
                    "Pulls are started by POST /export/pulls: this one has its job");
  *kept = gk_json_object(act->pool);
  gk_json_set_int(*kept, "pull", id);
  return NULL;
}

/* Who asked, what went out, how much: in the transaction that makes it ready. */
static gk_error_t *make_ready(writer_t *w, const char *manifest)
{
  gk_act_t *act = w->act;
  apr_int64_t changed;
  const char *digest = gk_sha256_hex(act->pool, manifest, strlen(manifest));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(pull_ready, .id = w->pull->id, .pack_id = act->season->pack_id, .mark = w->out.mark,
                            .snapshot = w->out.sight->snapshot, .owner = w->run->owner, .record_key = w->key.id,
                            .records = w->out.records, .withdrawn = w->out.withdrawn, .bytes = w->out.bytes,
                            .parts = w->out.parts->nelts, .manifest = manifest, .digest = digest,
                            .photo_count = w->out.photos, .photo_ids = w->ids,
                            .now_us = gk_core_now(act->core), GK_SCOPE(act)),
                    &changed, act->pool));
  if (changed == 0)
    return gone(act);
  for (int i = 0; i < w->out.parts->nelts; i++) {
    const gk_pull_part_t *part = &APR_ARRAY_IDX(w->out.parts, i, gk_pull_part_t);
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(pull_part_insert, .n = part->n, .records = part->records, .withdrawn = part->withdrawn,
                              .photos = part->photos, .bytes = part->bytes, .digest = part->digest, .pull_id = w->pull->id,
                              GK_SCOPE(act)),
                      NULL, act->pool));
  }
  gk_json_t *after = gk_export_plan_json(w->plan, act->pool);
  gk_json_set_int(after, "pull", w->pull->id);
  gk_json_set_int(after, "candidates", w->out.records);
  gk_json_set_int(after, "withdrawn", w->out.withdrawn);
  if (w->pull->photos)
    gk_json_set_int(after, "photos", w->out.photos);
  gk_json_set_int(after, "bytes", w->out.bytes);
  gk_json_set_str(after, "content_digest", w->out.content);
  gk_json_set_str(after, "manifest_sha256", digest);
  gk_json_set_str(after, "mark", w->out.mark);
  gk_json_set_str(after, "since", w->out.since);
  gk_json_set_str(after, "audit_anchor", w->out.anchor);
  GK_TRY(gk_audit(act, "export.candidates", "export_pull", w->pull->id, 0, w->plan->path, NULL, after));
  return gk_db_commit(act->db, act->pool);
}

static gk_error_t *prepare(writer_t *w, gk_pull_t *pull, gk_export_plan_t *plan, gk_pull_t *since)
{
  gk_act_t *act = w->act;
  if (strcmp(pull->state, "writing") != 0)
    return gone(act);
  GK_TRY(gk_pull__plan(plan, act, pull));
  if (pull->since_id != 0) {
    GK_TRY(gk_pull_get(since, act, pull->since_id));
    GK_TRY(gk_pull__since(since, act, since->mark)); /* as things are now */
    plan->since = since->snapshot;
    w->out.since = since->mark;
    gk_row_pull_photo_ids_t row;
    GK_TRY(gk_db_get(act->db, GK_CALL(pull_photo_ids, .id = since->id, GK_SCOPE(act)), &row, act->pool));
    w->had = row.photo_ids;
  }
  w->head = (gk_export_head_t){.format = "xml",
                               .encoding = pull->encoding,
                               .scope = plan->code,
                               .scope_name = plan->name,
                               .generated = act->now};
  w->out.parts = apr_array_make(act->pool, 16, sizeof(gk_pull_part_t));
  w->content = gk_sha256_start(act->pool);
  apr_pool_create(&w->part_pool, act->pool);
  /* The key is in the database before any file is. What follows in time is told from what is in the snapshot. */
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_vault_make(&w->key, act, GK_VAULT_FILE, 0));
  return gk_export_store_raise(act);
}

static gk_error_t *run_pull(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  gk_pull_t pull, since;
  gk_export_plan_t plan;
  writer_t w = {.run = run, .act = &run->act, .pull = &pull, .plan = &plan};
  const char *manifest = NULL;
  GK_TRY(gk_pull_get(&pull, &run->act, gk_json_int(args, "pull")));
  GK_TRY(prepare(&w, &pull, &plan, &since));
  gk_error_t *error = gk_export_store_begin(&run->act);
  if (error == NULL) {
    error = write_all(&w, &manifest);
    gk_export_store_end(&run->act);
  }
  if (error == NULL)
    error = make_ready(&w, manifest);
  if (error != NULL && error->code != GK_E_OUTCOME_UNKNOWN) { /* then it may be ready */
    gk_db_rollback(run->act.db);
    gk_pull__remove(run->act.core, pull.id, run->owner, w.out.parts->nelts + 1, run->pool);
  }
  GK_TRY(error);
  gk_json_t *json = gk_json_object(run->pool);
  gk_json_set_int(json, "pull", pull.id);
  gk_json_set_int(json, "candidates", w.out.records);
  gk_json_set_int(json, "withdrawn", w.out.withdrawn);
  gk_json_set_int(json, "bytes", w.out.bytes);
  *out = json;
  return gk_job_progress(run, w.out.records + w.out.withdrawn, w.out.records + w.out.withdrawn);
}

const gk_job_kind_t gk_job_export_pull = {"export_pull", GK_ROLE_EXPORT | GK_ROLE_PROVINCE, check, run_pull};
