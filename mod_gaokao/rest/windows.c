/* rest/windows.c: /windows: times of the calendar. */
#include <apr_strings.h>

#include "domain/calendar.h"
#include "rest/request.h"

#define KINDS "window|slot|extension"
#define ACTIONS "read|print_card|review|fill|proof|confirm|other_info|submit_art|submit_all"

static void answer(gk_request_t *request, gk_response_t *response, const gk_window_t *window)
{
  response->json = gk_window_json(window, request->pool);
  response->etag = gk_etag(request->pool, window->version);
}

gk_error_t *gk_rest_windows_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *action = gk_query_word(request, "action", ACTIONS, &error);
  gk_window_kind_t kind = gk_window_kind_of(gk_query_word(request, "kind", KINDS, &error));
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  apr_array_header_t *windows;
  GK_TRY(gk_windows_list(&windows, &request->act, action, kind, after, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < windows->nelts && i < limit; i++)
    gk_json_add(items, gk_window_json(&APR_ARRAY_IDX(windows, i, gk_window_t), request->pool));
  const char *cursor = NULL;
  if (windows->nelts > limit)
    cursor =
        apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(windows, limit - 1, gk_window_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_windows_create(gk_request_t *request, gk_response_t *response)
{
  gk_window_t window;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_window_wish_t wish = {
      .action = gk_decode_word(&d, "action", GK_REQUIRED, ACTIONS),
      .kind = gk_window_kind_of(gk_decode_word(&d, "kind", GK_REQUIRED, KINDS)),
      .org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0),
      .candidate_id = gk_decode_int(&d, "candidate_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0),
      .opens = gk_decode_time(&d, "opens_at", GK_OPTIONAL),
      .closes = gk_decode_time(&d, "closes_at", GK_REQUIRED),
      .reason = gk_decode_str(&d, "reason", GK_OPTIONAL, 2, 200),
  };
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_window_create(&window, &request->act, &wish));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/windows/%" APR_INT64_T_FMT, window.id);
  answer(request, response, &window);
  return NULL;
}

gk_error_t *gk_rest_windows_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_window_t window;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  apr_time_t opens = gk_decode_time(&d, "opens_at", GK_OPTIONAL);
  apr_time_t closes = gk_decode_time(&d, "closes_at", GK_OPTIONAL);
  const char *reason = gk_decode_str(&d, "reason", GK_OPTIONAL, 2, 200);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_window_update(&window, &request->act, id, request->if_match, opens, closes, reason));
  answer(request, response, &window);
  return NULL;
}

gk_error_t *gk_rest_windows_delete(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_window_delete(&request->act, id, request->if_match));
  response->status = 204;
  return NULL;
}
