/* jobs/bundle.c: see bundle.h. */
#include "jobs/bundle.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/audit_seal.h"
#include "domain/photo.h"
#include "jobs/archive.h"
#include "store/sql.h"

enum { TABLES = 3, PAGE = 500, PROGRESS_EVERY = 200 };

static const struct {
  const char *format, *name;
} tables[TABLES] = {{"dbf_bmk", "T_BMK.dbf"}, {"dbf_ksjl", "T_KSJL.dbf"}, {"dbf_tjxx", "T_TJXX.dbf"}};

typedef struct run_t {
  gk_act_t *act;
  const gk_export_plan_t *plan;
  const gk_export_wish_t *wish;
  const gk_bundle_t *bundle;
  gk_export_result_t *result;
  gk_export_head_t head;
  gk_export_write_fn write;
  gk_export_progress_fn progress;
  void *baton;
  gk_sha256_t *content, *bytes;
  gk_archive_t *zip;
  bool open;                     /* an entry takes bytes */
  gk_export_t *exports[TABLES];  /* of lists: the first, of the point that is under way */
  const char *point;
  apr_pool_t *point_pool;
  const char *extension;
} run_t;

static gk_error_t *to_sink(void *baton, const void *bytes, apr_size_t length)
{
  run_t *run = baton;
  gk_sha256_add(run->bytes, bytes, length);
  GK_TRY(run->write(run->baton, bytes, length));
  run->result->bytes += (apr_int64_t)length;
  return NULL;
}

static gk_error_t *to_entry(void *baton, const void *bytes, apr_size_t length)
{
  run_t *run = baton;
  if (!run->open)
    return gk_error_internal(run->act->pool, GK_E_INTERNAL, "a table that writes before its turn");
  return gk_archive_write(run->zip, bytes, length);
}

static gk_error_t *begin(gk_export_t **out, run_t *run, const char *format, apr_pool_t *pool)
{
  run->head.format = format;
  return gk_export_begin(out, gk_core_plugins(run->act->core), run->act->request_id, run->act->season->pack, &run->head, to_entry,
                         run, pool);
}

static gk_error_t *open_entry(run_t *run, const char *name)
{
  GK_TRY(gk_archive_open(run->zip, name));
  run->open = true;
  run->result->files++;
  return NULL;
}

static gk_error_t *close_entry(run_t *run)
{
  run->open = false;
  return gk_archive_close(run->zip);
}

static gk_error_t *end_point(run_t *run)
{
  if (run->point == NULL)
    return NULL;
  GK_TRY(gk_export_end(run->exports[0], NULL));
  run->point = NULL;
  return close_entry(run);
}

/* The list of a point begins with its first candidate. */
static gk_error_t *at_point(run_t *run, const char *point)
{
  if (run->point != NULL && strcmp(run->point, point) == 0)
    return NULL;
  GK_TRY(end_point(run));
  apr_pool_clear(run->point_pool);
  GK_TRY(open_entry(run, apr_pstrcat(run->point_pool, point, ".", run->extension, NULL)));
  GK_TRY(begin(&run->exports[0], run, run->wish->format, run->point_pool));
  run->point = apr_pstrdup(run->point_pool, point);
  return NULL;
}

static gk_error_t *on_candidate(void *baton, const gk_export_candidate_t *candidate, apr_pool_t *pool)
{
  run_t *run = baton;
  char line[64];
  gk_export_row_t row = {.number = candidate->number,
                         .candidate_number = candidate->candidate_number,
                         .state = candidate->state,
                         .point = candidate->point,
                         .version = candidate->version,
                         .document = candidate->document,
                         .flat = candidate->flat,
                         .derived = candidate->derived};
  (void)pool;
  if (!run->bundle->dbf)
    GK_TRY(at_point(run, candidate->point));
  for (int i = 0; i < (run->bundle->dbf ? TABLES : 1); i++)
    GK_TRY(gk_export_candidate(run->exports[i], &row));
  int n = snprintf(line, sizeof(line), "%.40s|%" APR_INT64_T_FMT "\n", candidate->number, candidate->version);
  gk_sha256_add(run->content, line, (apr_size_t)n);
  run->result->candidates++;
  if (run->progress != NULL && run->result->candidates % PROGRESS_EVERY == 0)
    GK_TRY(run->progress(run->baton, run->result->candidates));
  return NULL;
}

/* ---- photos ---------------------------------------------------------------------------------------------- */

static gk_error_t *point_photos(run_t *run, const char *path, apr_pool_t *pool, apr_pool_t *one_pool)
{
  gk_act_t *act = run->act;
  const gk_export_plan_t *plan = run->plan;
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(bundle_photos, .season_id = act->season->id, .org_path = path, .scope_lo = plan->scope_lo,
                            .scope_hi = plan->scope_hi, .art = plan->art, .state_1 = plan->state_1, .state_2 = plan->state_2,
                            .any = plan->any, .subject = plan->subject, .class = plan->class_name),
                    &rows, pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_bundle_photos_t *row = &APR_ARRAY_IDX(rows, i, gk_row_bundle_photos_t);
    const char *jpeg;
    apr_size_t length;
    apr_pool_clear(one_pool);
    GK_TRY(gk_photo_store_jpeg(&jpeg, &length, act, row->id, one_pool));
    if (jpeg == NULL) /* erased */
      continue;
    GK_TRY(gk_archive_store(run->zip, apr_pstrcat(one_pool, "photos/", row->number, ".jpg", NULL), jpeg, length));
    run->result->files++;
    run->result->photos++;
    if (run->progress != NULL)
      GK_TRY(run->progress(run->baton, run->result->candidates));
  }
  return NULL;
}

static gk_error_t *all_photos(run_t *run)
{
  apr_pool_t *pool, *one_pool;
  apr_array_header_t *points;
  gk_error_t *error = NULL;
  const char *after = "";
  apr_pool_create(&pool, run->act->pool);
  apr_pool_create(&one_pool, run->act->pool);
  do {
    error = gk_export_store_points(&points, run->act, run->plan, after, PAGE);
    for (int i = 0; error == NULL && i < points->nelts; i++) {
      after = APR_ARRAY_IDX(points, i, gk_export_point_t).path;
      apr_pool_clear(pool);
      error = point_photos(run, after, pool, one_pool);
    }
  } while (error == NULL && points->nelts == PAGE);
  if (error != NULL)
    error = gk_error_dup(run->act->pool, error);
  apr_pool_destroy(one_pool);
  apr_pool_destroy(pool);
  return error;
}

/* ---- all ------------------------------------------------------------------------------------------------- */

static gk_error_t *write_all(run_t *run)
{
  for (int i = 0; run->bundle->dbf && i < TABLES; i++)
    GK_TRY(begin(&run->exports[i], run, tables[i].format, run->act->pool));
  GK_TRY(gk_export_walk(run->act, run->plan, on_candidate, run));
  GK_TRY(end_point(run));
  for (int i = 0; run->bundle->dbf && i < TABLES; i++) {
    GK_TRY(open_entry(run, tables[i].name));
    GK_TRY(gk_export_end(run->exports[i], NULL));
    GK_TRY(close_entry(run));
  }
  if (run->bundle->photos)
    GK_TRY(all_photos(run));
  return gk_archive_end(run->zip);
}

gk_error_t *gk_bundle_run(gk_export_result_t *out, gk_act_t *act, const gk_export_plan_t *plan, const gk_export_wish_t *wish,
                          const gk_bundle_t *bundle, gk_export_write_fn write, gk_export_progress_fn progress, void *baton)
{
  const char *media_type;
  run_t run = {.act = act,
               .plan = plan,
               .wish = wish,
               .bundle = bundle,
               .result = out,
               .write = write,
               .progress = progress,
               .baton = baton,
               .content = gk_sha256_start(act->pool),
               .bytes = gk_sha256_start(act->pool)};
  gk_audit_seal_t seal;
  bool sealed;
  *out = (gk_export_result_t){.plan = *plan, .per_point = !bundle->dbf};
  run.head = (gk_export_head_t){.encoding = bundle->dbf ? NULL : wish->encoding,
                                .scope = plan->code,
                                .scope_name = plan->name,
                                .generated = act->now,
                                .extra = bundle->dbf ? GK_EXPORT_EXAMINATION : GK_EXPORT_CLASS};
  GK_TRY(gk_audit_seal_last(&seal, &sealed, act->db, act->pool));
  if (sealed)
    run.head.anchor = out->anchor = gk_audit_anchor_text(&seal, 64, act->pool);
  if (!bundle->dbf && !gk_export_format(gk_core_plugins(act->core), wish->format, &media_type, &run.extension))
    return gk_error(act->pool, GK_E_INVALID, "没有导出格式“%s”", "There is no export format '%s'", wish->format);
  run.zip = gk_archive_start(to_sink, &run, act->now, act->pool);
  apr_pool_create(&run.point_pool, act->pool);
  GK_TRY(gk_export_store_begin(act));
  gk_error_t *error = write_all(&run);
  gk_export_store_end(act);
  out->content_digest = gk_sha256_end(run.content, act->pool);
  out->digest = gk_sha256_end(run.bytes, act->pool);
  return error;
}
