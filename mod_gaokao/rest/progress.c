/* rest/progress.c: /progress: live counts. */
#include <string.h>
#include <apr_strings.h>

#include "domain/progress.h"
#include "rest/request.h"

/* Pages poll: the same counts answer 304. */
static void tag(gk_request_t *request, gk_response_t *response)
{
  const char *text = gk_json_text(response->json, request->pool);
  response->etag =
      apr_psprintf(request->pool, "W/\"%.24s\"", gk_sha256_hex(request->pool, text, strlen(text)));
  apr_table_setn(response->headers, "Cache-Control", "private, no-cache");
}

gk_error_t *gk_rest_progress_get(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_int64_t org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  const char *subject = gk_query_str(request, "subject", 8, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_progress(&response->json, &request->act, org_id, subject));
  tag(request, response);
  return NULL;
}

gk_error_t *gk_rest_progress_classes(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_json_t *items;
  const char *next;
  apr_int64_t org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  const char *after = gk_query_str(request, "after", 2000, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_progress_classes(&items, &next, &request->act, org_id, after, limit));
  gk_response_list(request, response, items, next);
  tag(request, response);
  return NULL;
}
