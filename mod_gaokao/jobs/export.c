/* jobs/export.c: see export.h. */
#include "jobs/export.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/audit_seal.h"

#define PROGRESS_EVERY 200

typedef struct run_t {
  gk_export_t *export;
  gk_export_result_t *result;
  gk_export_write_fn write;
  gk_export_progress_fn progress;
  void *baton;
  gk_sha256_t *content, *bytes;
} run_t;

gk_error_t *gk_export_prepare(gk_export_plan_t *plan, const char **media_type, const char **extension,
                              gk_act_t *act, const gk_export_wish_t *wish)
{
  GK_TRY(gk_export_plan(plan, act, &wish->filter));
  if (!gk_export_format(gk_core_plugins(act->core), wish->format, media_type, extension))
    return gk_error(act->pool, GK_E_INVALID, "没有导出格式“%s”：导出插件未启用",
                    "There is no export format '%s': its plugin is not in service", wish->format);
  return NULL;
}

static gk_error_t *write_bytes(void *baton, const void *bytes, apr_size_t length)
{
  run_t *run = baton;
  gk_sha256_add(run->bytes, bytes, length);
  GK_TRY(run->write(run->baton, bytes, length));
  run->result->bytes += (apr_int64_t)length;
  return NULL;
}

static gk_error_t *write_candidate(void *baton, const gk_export_candidate_t *candidate, apr_pool_t *pool)
{
  run_t *run = baton;
  char line[64];
  gk_export_row_t row = {.kind = candidate->withdrawn                   ? GAOKAO_RECORD_WITHDRAWN
                                 : run->result->plan.since != NULL ? GAOKAO_RECORD_CHANGED
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
  GK_TRY(gk_export_candidate(run->export, &row));
  int n = snprintf(line, sizeof(line), "%.40s|%" APR_INT64_T_FMT "%s\n", candidate->number, candidate->version,
                   candidate->withdrawn ? "|withdrawn" : "");
  gk_sha256_add(run->content, line, (apr_size_t)n);
  if (candidate->withdrawn)
    run->result->withdrawn++;
  else
    run->result->candidates++;
  if (run->progress != NULL && run->result->candidates % PROGRESS_EVERY == 0)
    GK_TRY(run->progress(run->baton, run->result->candidates));
  return NULL;
}

gk_error_t *gk_export_run(gk_export_result_t *out, gk_act_t *act, const gk_export_plan_t *plan,
                          const gk_export_wish_t *wish, gk_export_write_fn write,
                          gk_export_progress_fn progress, void *baton)
{
  run_t run = {NULL, out, write, progress, baton, gk_sha256_start(act->pool), gk_sha256_start(act->pool)};
  gk_export_head_t head = {.format = wish->format,
                           .encoding = wish->encoding,
                           .scope = plan->code,
                           .scope_name = plan->name,
                           .generated = act->now,
                           .since = wish->since,
                           .extra = strcmp(wish->format, "xml") == 0 ? 0 : GK_EXPORT_CLASS};
  gk_audit_seal_t seal;
  bool sealed;
  *out = (gk_export_result_t){.plan = *plan};
  GK_TRY(gk_audit_seal_last(&seal, &sealed, act->db, act->pool));
  if (sealed)
    head.anchor = out->anchor = gk_audit_anchor_text(&seal, 64, act->pool);
  GK_TRY(gk_export_begin(&run.export, gk_core_plugins(act->core), act->request_id, act->season->pack, &head,
                         write_bytes, &run, act->pool));
  gk_error_t *error = gk_export_each(act, plan, write_candidate, &run);
  out->content_digest = gk_sha256_end(run.content, act->pool);
  if (error == NULL)
    error = gk_export_end(run.export, out->content_digest);
  out->digest = gk_sha256_end(run.bytes, act->pool);
  return error;
}

gk_error_t *gk_export_audit(gk_act_t *act, const gk_export_result_t *result, const gk_export_wish_t *wish,
                            bool complete)
{
  gk_json_t *after = gk_export_plan_json(&result->plan, act->pool);
  gk_json_set_str(after, "format", wish->format);
  gk_json_set_int(after, "candidates", result->candidates);
  if (result->files > 0) {
    gk_json_set_int(after, "files", result->files);
    gk_json_set_int(after, "photos", result->photos);
    gk_json_set_bool(after, "per_point", result->per_point);
  }
  if (wish->since != NULL) {
    gk_json_set_str(after, "since", wish->since);
    gk_json_set_int(after, "withdrawn", result->withdrawn);
  }
  gk_json_set_int(after, "bytes", result->bytes);
  gk_json_set_str(after, "content_digest", result->content_digest);
  gk_json_set_str(after, "digest", result->digest);
  gk_json_set_str(after, "audit_anchor", result->anchor);
  gk_json_set_bool(after, "complete", complete);
  return gk_audit(act, "export.candidates", "season", act->season->id, 0, result->plan.path, NULL, after);
}
