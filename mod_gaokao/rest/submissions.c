/* rest/submissions.c: /submissions. */
#include <apr_strings.h>

#include "base/time.h"
#include "domain/submission.h"
#include "rest/request.h"

static void answer(gk_request_t *request, gk_response_t *response, const gk_submission_t *submission)
{
  response->json = gk_submission_json(submission, request->pool);
  response->etag = gk_etag(request->pool, submission->version);
}

/* A city has some 60,000 candidates: moving them takes longer than an ordinary request may. */
static gk_error_t *take_time(gk_request_t *request)
{
  GK_TRY(gk_db_ready(request->act.db, gk_tick() + 28 * GK_SECOND, request->pool));
  gk_request_bound(request);
  return NULL;
}

gk_error_t *gk_rest_submissions_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_submission_filter_t filter = {
      .kind = gk_submission_kind_of(gk_query_word(request, "kind", "art|all", &error)),
      .state = gk_query_word(request, "state", "submitted|accepted|returned", &error),
      .level = gk_query_word(request, "level", "point|county|city", &error),
      .org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error),
      .before_id = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error),
  };
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  apr_array_header_t *found;
  GK_TRY(gk_submission_list(&found, &request->act, &filter, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < found->nelts && i < limit; i++)
    gk_json_add(items, gk_submission_json(&APR_ARRAY_IDX(found, i, gk_submission_t), request->pool));
  const char *cursor = NULL;
  if (found->nelts > limit)
    cursor =
        apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(found, limit - 1, gk_submission_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_submissions_check(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_check_t check;
  apr_int64_t org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error);
  const char *kind = gk_query_word(request, "kind", "art|all", &error);
  const char *cursor = gk_query_str(request, "after", 20, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_submission_check(&check, &request->act, org_id,
                             kind != NULL ? gk_submission_kind_of(kind) : GK_SUBMIT_ALL));
  gk_json_t *json = gk_check_json(&check, cursor, limit, request->pool);
  gk_response_list(request, response, gk_json_get(json, "items"), gk_json_str(json, "next"));
  response->json = json;
  return NULL;
}

gk_error_t *gk_rest_submissions_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_submission_t submission;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_submission_get(&submission, &request->act, id));
  answer(request, response, &submission);
  return NULL;
}

gk_error_t *gk_rest_submissions_create(gk_request_t *request, gk_response_t *response)
{
  gk_submission_t submission;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_submission_kind_t kind = gk_submission_kind_of(gk_decode_word(&d, "kind", GK_REQUIRED, "art|all"));
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  if (org_id != 0 && org_id != request->who.org_id)
    gk_decode_fault(&d, "org_id", "not-own", "只能上报本单位。", "You can submit your own unit only.");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(take_time(request));
  GK_TRY(gk_submission_create(&submission, &request->act, kind));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/submissions/%" APR_INT64_T_FMT, submission.id);
  answer(request, response, &submission);
  return NULL;
}

gk_error_t *gk_rest_submissions_accept(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_submission_t submission;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(take_time(request));
  GK_TRY(gk_submission_accept(&submission, &request->act, id, request->if_match));
  answer(request, response, &submission);
  return NULL;
}

gk_error_t *gk_rest_submissions_return(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_submission_t submission;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *reason = gk_decode_str(&d, "reason", GK_REQUIRED, 2, 500);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(take_time(request));
  GK_TRY(gk_submission_return(&submission, &request->act, id, request->if_match, reason, org_id));
  answer(request, response, &submission);
  return NULL;
}
