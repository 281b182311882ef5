/* rest/jobs.c: /jobs: long work of one's own. */
#include <string.h>
#include <apr_strings.h>

#include "jobs/sealed_file.h"
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

typedef struct send_t {
  gk_request_t *request;
  gk_response_t *response;
  bool started;
} send_t;

/* The answer begins with the first piece that opens. */
static gk_error_t *send_piece(void *baton, const char *bytes, apr_size_t length)
{
  send_t *send = baton;
  if (!send->started)
    GK_TRY(gk_stream_start(send->request, send->response));
  send->started = true;
  return length > 0 ? gk_stream_write(send->request, bytes, length) : NULL;
}

gk_error_t *gk_rest_jobs_result(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  const char *path, *media_type, *name;
  send_t send = {request, response, false};
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_job_get(&job, &request->act, id));
  GK_TRY(gk_job_file(&path, &media_type, &name, &job, &request->act));
  /* On record before the first byte leaves; the router has nothing of this route to commit with. */
  GK_TRY(gk_audit(&request->act, "job.fetch", "job", job.id, job.version, job.org_path, NULL, NULL));
  GK_TRY(gk_db_commit(request->act.db, request->pool));
  response->media_type = media_type;
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"%s\"", name));
  return gk_sealed_file_read(path, &job, &request->act, send_piece, &send);
}
