/* rest/exports.c: GET /export/candidates.xml: the province's export as a stream. */
#include <string.h>
#include <apr_strings.h>

#include "jobs/export.h"
#include "jobs/pull.h"
#include "jobs/squeeze.h"
#include "rest/head.h"
#include "rest/request.h"

typedef struct stream_t {
  gk_request_t *request;
  gk_response_t *response;
  gk_squeeze_t *squeeze;
} stream_t;

/* The headers go with the first bytes: until then a fault is still a problem document. */
static gk_error_t *write_bytes(void *baton, const void *bytes, apr_size_t length)
{
  stream_t *stream = baton;
  if (!stream->response->streamed)
    GK_TRY(gk_stream_start(stream->request, stream->response));
  return gk_stream_write(stream->request, bytes, length);
}

static gk_error_t *squeeze_bytes(void *baton, const void *bytes, apr_size_t length)
{
  return gk_squeeze_write(((stream_t *)baton)->squeeze, bytes, length);
}

/* An audit row of its own transaction: what has left the house stays on record, however the request ends. */
static gk_error_t *record(gk_request_t *request, const gk_export_result_t *result,
                          const gk_export_wish_t *wish, bool complete)
{
  GK_TRY(gk_export_audit(&request->act, result, wish, complete));
  return gk_db_commit(request->act.db, request->pool);
}

/* Changes since a mark are those of what the mark's pull held. */
static gk_error_t *since_mark(const char **snapshot, gk_request_t *request, gk_export_wish_t *wish, const char *kind)
{
  gk_pull_t pull;
  gk_error_t *error = NULL;
  *snapshot = NULL;
  if (wish->since == NULL)
    return NULL;
  GK_TRY(gk_pull_of_mark(&pull, &request->act, wish->since));
  const char *states = strcmp(pull.states, "default") == 0 ? NULL : pull.states;
  if ((wish->filter.org != NULL && strcmp(wish->filter.org, pull.org_code) != 0) ||
      (kind != NULL && (strcmp(kind, "art") == 0) != pull.art) ||
      (wish->filter.state != NULL && (states == NULL || strcmp(wish->filter.state, states) != 0)))
    gk_violation(&error, request->pool, "?since", "scope", "增量只能与该标记的那次拉取同一范围（org、kind、state）：请去掉这些参数",
                 "Changes are those of what the mark's pull held: leave org, kind and state out");
  wish->filter = (gk_export_filter_t){.org = pull.org_code, .art = pull.art, .state = states};
  *snapshot = pull.snapshot;
  return error;
}

gk_error_t *gk_rest_export_candidates(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_export_plan_t plan;
  gk_export_result_t result;
  const char *media_type, *extension, *snapshot;
  gk_export_wish_t wish = {.format = "xml"};
  wish.filter.org = gk_query_str(request, "org", 10, &error);
  const char *kind = gk_query_word(request, "kind", "art|all", &error);
  wish.filter.state = gk_query_word(request, "state", "submitted|accepted|any", &error);
  wish.encoding = gk_query_word(request, "encoding", "UTF-8|GB18030", &error);
  const char *compression = gk_query_word(request, "compression", "none|gzip|zstd", &error);
  wish.since = gk_query_str(request, "since", 160, &error);
  GK_TRY(gk_query_end(request, error));
  wish.filter.art = kind != NULL && strcmp(kind, "art") == 0;
  if (wish.encoding == NULL)
    wish.encoding = gk_head_charset(apr_table_get(request->headers, "Accept-Charset"));
  GK_TRY(since_mark(&snapshot, request, &wish, kind));
  GK_TRY(gk_export_prepare(&plan, &media_type, &extension, &request->act, &wish));
  plan.since = snapshot;
  if (compression == NULL)
    compression = "none";
  response->media_type = gk_squeeze_media_type(compression, media_type);
  apr_table_setn(response->headers, "Vary", "Accept-Charset");
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"candidates-%s-%d.%s%s\"", plan.code,
                              request->act.season->year, extension, gk_squeeze_suffix(compression)));
  /* A whole province takes longer than a request's deadline for one statement. */
  GK_TRY(gk_db_ready(request->act.db, 0, request->pool));
  stream_t stream = {request, response, NULL};
  GK_TRY(gk_squeeze_start(&stream.squeeze, compression, write_bytes, &stream, request->pool));
  error = gk_export_run(&result, &request->act, &plan, &wish, squeeze_bytes, NULL, &stream);
  if (error == NULL)
    error = gk_squeeze_end(stream.squeeze);
  gk_error_t *unrecorded = result.bytes > 0 ? record(request, &result, &wish, error == NULL) : NULL;
  return error != NULL ? error : unrecorded;
}
