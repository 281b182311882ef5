/* rest/jobs.c: /jobs: long work of one's own. */
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "jobs/job.h"
#include "rest/request.h"

static gk_error_t *answer(gk_response_t *response, const gk_job_t *job, apr_pool_t *pool)
{
  response->json = gk_job_json(job, pool);
  response->etag = gk_etag(pool, job->version);
  return NULL;
}

gk_error_t *gk_rest_jobs_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *jobs;
  const char *state = gk_query_word(request, "state", "queued|running|done|failed|cancelled", &error);
  apr_int64_t before = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_job_list(&jobs, &request->act, state != NULL ? state : "", before, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < jobs->nelts && i < limit; i++)
    gk_json_add(items, gk_job_json(&APR_ARRAY_IDX(jobs, i, gk_job_t), request->pool));
  const char *cursor = NULL;
  if (jobs->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(jobs, limit - 1, gk_job_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_jobs_create(gk_request_t *request, gk_response_t *response)
{
  gk_job_t job;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *kind = gk_decode_str(&d, "kind", GK_REQUIRED, 1, 40);
  gk_json_t *args = gk_decode_any(&d, "args", GK_OPTIONAL);
  if (args != NULL && !gk_json_is_null(args) && !gk_json_is_object(args))
    gk_decode_fault(&d, "args", "type", "应为 JSON 对象", "It has to be a JSON object");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_job_create(&job, &request->act, kind, gk_json_is_object(args) ? args : NULL));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/jobs/%" APR_INT64_T_FMT, job.id);
  return answer(response, &job, request->pool);
}

gk_error_t *gk_rest_jobs_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_job_get(&job, &request->act, id));
  return answer(response, &job, request->pool);
}

gk_error_t *gk_rest_jobs_cancel(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_job_cancel(&job, &request->act, id));
  return answer(response, &job, request->pool);
}

static gk_error_t *send_file(gk_request_t *request, gk_response_t *response, apr_file_t *file)
{
  enum { CHUNK = 64 * 1024 };
  char *bytes = apr_palloc(request->pool, CHUNK);
  GK_TRY(gk_stream_start(request, response));
  for (;;) {
    apr_size_t length = CHUNK;
    apr_status_t rv = apr_file_read(file, bytes, &length);
    if (APR_STATUS_IS_EOF(rv))
      return NULL;
    if (rv != APR_SUCCESS)
      return gk_error_internal(request->pool, GK_E_INTERNAL, "reading a job's file: %d", rv);
    GK_TRY(gk_stream_write(request, bytes, length));
  }
}

gk_error_t *gk_rest_jobs_result(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  const char *path, *media_type, *name;
  apr_file_t *file;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_job_get(&job, &request->act, id));
  GK_TRY(gk_job_file(&path, &media_type, &name, &job, &request->act));
  if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, request->pool) != APR_SUCCESS)
    return gk_error_plain(request->pool, GK_E_GONE);
  /* On record before the first byte leaves; the router has nothing of this route to commit with. */
  GK_TRY(gk_audit(&request->act, "job.fetch", "job", job.id, job.version, job.org_path, NULL, NULL));
  GK_TRY(gk_db_commit(request->act.db, request->pool));
  response->media_type = media_type;
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"%s\"", name));
  gk_error_t *error = send_file(request, response, file);
  apr_file_close(file);
  return error;
}
