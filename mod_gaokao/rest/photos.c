/* rest/photos.c: /candidates/{id}/photo, /photos, /jobs/{id}/photos, /me/photo. */
#include <string.h>
#include <apr_strings.h>

#include "domain/photo.h"
#include "jobs/photo_import.h"
#include "rest/request.h"

#define SIDE_MAX 8000           /* px of a picture that is taken at all */

static void answer(gk_request_t *request, gk_response_t *response, const gk_photo_t *photo, const gk_candidate_t *candidate)
{
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "photo", gk_photo_json(photo, request->pool));
  gk_json_set_str(response->json, "state", candidate->photo_state);
  gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  response->etag = gk_etag(request->pool, candidate->version);
}

/* The picture itself. The bytes are ours, so that nothing of the sender's file reaches a browser. */
static void send_picture(gk_request_t *request, gk_response_t *response, const gk_photo_t *photo)
{
  response->text = (const char *)photo->jpeg;
  response->length = (apr_size_t)photo->bytes;
  response->media_type = "image/jpeg";
  apr_table_setn(response->headers, "Content-Disposition", "inline; filename=\"photo.jpg\"");
  (void)request;
}

gk_error_t *gk_rest_photos_take(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_photo_t photo;
  gk_candidate_t *candidate;
  gk_photo_wish_t wish = {.version = request->if_match, .bytes = request->raw, .length = request->raw_length};
  GK_TRY(gk_arg_id(&wish.candidate_id, request, 0));
  wish.source = gk_query_word(request, "source", "upload|camera", &error);
  wish.sha256 = gk_query_str(request, "sha256", 64, &error);
  if (wish.source == NULL)
    wish.source = "upload";
  if (wish.sha256 == NULL)
    wish.sha256 = "";
  GK_TRY(error);
  GK_TRY(gk_photo_take(&photo, &candidate, &request->act, &wish));
  answer(request, response, &photo, candidate);
  return NULL;
}

gk_error_t *gk_rest_photos_view(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_photo_view_t view;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_photo_view(&view, &request->act, id));
  response->json = gk_photo_view_json(&view, request->pool);
  response->etag = gk_etag(request->pool, view.candidate->version);
  return NULL;
}

gk_error_t *gk_rest_photos_picture(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t candidate_id, id;
  gk_photo_t photo;
  GK_TRY(gk_arg_id(&candidate_id, request, 0));
  GK_TRY(gk_arg_id(&id, request, 1));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_photo_picture(&photo, &request->act, candidate_id, id));
  send_picture(request, response, &photo);
  return NULL;
}

gk_error_t *gk_rest_photos_decide(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t candidate_id, id;
  gk_photo_t photo;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&candidate_id, request, 0));
  GK_TRY(gk_arg_id(&id, request, 1));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *verdict = gk_decode_word(&d, "verdict", GK_REQUIRED, "accept|crop|retake");
  const char *reason = gk_decode_str(&d, "reason", GK_OPTIONAL, 2, 200);
  bool drawn = gk_decode_has(&d, "frame");
  gk_decode_t f = gk_decode_nested(&d, "frame", GK_OPTIONAL);
  if (drawn && verdict != NULL && strcmp(verdict, "crop") != 0)
    gk_decode_fault(&d, "frame", "crop-only", "裁剪框只用于裁剪", "A frame goes with the verdict crop only");
  GK_TRY(gk_decode_end(&d));
  if (drawn) {
    gk_photo_frame_t frame;
    frame.x = (int)gk_decode_int(&f, "x", GK_REQUIRED, 0, SIDE_MAX, 0);
    frame.y = (int)gk_decode_int(&f, "y", GK_REQUIRED, 0, SIDE_MAX, 0);
    frame.width = (int)gk_decode_int(&f, "width", GK_REQUIRED, 1, SIDE_MAX, 0);
    frame.height = (int)gk_decode_int(&f, "height", GK_REQUIRED, 1, SIDE_MAX, 0);
    GK_TRY(gk_decode_end(&f));
    GK_TRY(gk_photo_crop_by_hand(&photo, &candidate, &request->act, candidate_id, request->if_match, id, &frame, reason));
    answer(request, response, &photo, candidate);
    return NULL;
  }
  GK_TRY(gk_photo_decide(&photo, &candidate, &request->act, candidate_id, request->if_match, id, verdict, reason));
  answer(request, response, &photo, candidate);
  return NULL;
}

gk_error_t *gk_rest_photos_queue(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_json_t *items;
  apr_int64_t last;
  bool more;
  const char *state = gk_query_word(request, "state", "look|refused|retake", &error);
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_photo_queue(&items, &last, &more, &request->act, state != NULL ? state : "look", after, limit));
  gk_response_list(request, response, items, more ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT, last) : NULL);
  return NULL;
}

gk_error_t *gk_rest_photos_waiting(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t count;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_photo_waiting(&count, &request->act));
  response->json = gk_json_object(request->pool);
  gk_json_set_int(response->json, "look", count);
  return NULL;
}

gk_error_t *gk_rest_photos_own(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_query_end(request, NULL));
  return gk_photo_own_json(&response->json, &request->act);
}

gk_error_t *gk_rest_photos_own_picture(gk_request_t *request, gk_response_t *response)
{
  gk_photo_t photo;
  bool found;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_photo_own_picture(&photo, &found, &request->act));
  if (!found)
    return gk_error(request->pool, GK_E_NOT_FOUND, "还没有通过的照片。", "There is no accepted photo yet.");
  if (photo.jpeg == NULL)
    return gk_error_plain(request->pool, GK_E_GONE);
  send_picture(request, response, &photo);
  return NULL;
}

gk_error_t *gk_rest_photos_preview(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *name = gk_query_str(request, "name", 200, &error), *sha256 = gk_query_str(request, "sha256", 64, &error);
  if (name == NULL && error == NULL)
    gk_violation(&error, request->pool, "?name", "required", "请在地址中用 name 给出文件名", "Give the file's name as ?name=");
  if ((sha256 == NULL || strlen(sha256) != 64) && error == NULL)
    gk_violation(&error, request->pool, "?sha256", "required", "请在地址中用 sha256 给出文件的 SHA-256（64 位十六进制）",
                 "Give the file's SHA-256 as ?sha256= in 64 hex digits");
  GK_TRY(gk_query_end(request, error));
  return gk_photo_preview(&response->json, &request->act, name, request->raw, request->raw_length, sha256);
}

static gk_error_t *answer_job(gk_request_t *request, gk_response_t *response, const gk_job_t *job)
{
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/jobs/%" APR_INT64_T_FMT, job->id);
  response->json = gk_job_json(job, request->pool);
  response->etag = gk_etag(request->pool, job->version);
  return NULL;
}

gk_error_t *gk_rest_photos_import(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_job_t job;
  const char *sha256 = gk_query_str(request, "sha256", 64, &error);
  if ((sha256 == NULL || strlen(sha256) != 64) && error == NULL)
    gk_violation(&error, request->pool, "?sha256", "required", "请在地址中用 sha256 给出文件的 SHA-256（64 位十六进制）",
                 "Give the file's SHA-256 as ?sha256= in 64 hex digits");
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_photo_import_create(&job, &request->act, request->raw, request->raw_length, sha256));
  return answer_job(request, response, &job);
}

gk_error_t *gk_rest_photos_store(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_job_t job;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *leave_out = gk_decode_array(&d, "leave_out", GK_OPTIONAL, 5000);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_photo_import_keep(&job, &request->act, id, leave_out));
  return answer_job(request, response, &job);
}

gk_error_t *gk_rest_photos_measures(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_query_end(request, NULL));
  return gk_photo_measures(&response->json, &request->act, NULL);
}

gk_error_t *gk_rest_photos_trial(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *limits = gk_decode_array(&d, "limits", GK_REQUIRED, 50);
  GK_TRY(gk_decode_end(&d));
  return gk_photo_measures(&response->json, &request->act, limits);
}
