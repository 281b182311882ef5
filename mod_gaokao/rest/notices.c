/* rest/notices.c: /notices and their files. */
#include <string.h>
#include <apr_strings.h>

#include "domain/notice.h"
#include "rest/request.h"

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, const gk_notice_t *notice)
{
  GK_TRY(gk_notice_json(&response->json, &request->act, notice));
  response->etag = gk_etag(request->pool, notice->version);
  return NULL;
}

gk_error_t *gk_rest_notices_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *notices;
  apr_int64_t before = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_notice_list(&notices, &request->act, before, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  const char *cursor = NULL;
  for (int i = 0; i < notices->nelts && i < limit; i++) {
    gk_json_t *item;
    GK_TRY(gk_notice_json(&item, &request->act, &APR_ARRAY_IDX(notices, i, gk_notice_t)));
    gk_json_add(items, item);
  }
  if (notices->nelts > limit)
    cursor =
        apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(notices, limit - 1, gk_notice_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_notices_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_notice_t notice;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_notice_get(&notice, &request->act, id));
  return answer(request, response, &notice);
}

static gk_error_t *read_wish(gk_notice_wish_t *wish, gk_request_t *request, int required)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  wish->title = gk_decode_str(&d, "title", required, 2, 100);
  wish->audience = gk_decode_word(&d, "audience", required, GK_NOTICE_AUDIENCES);
  wish->body = gk_decode_str(&d, "body", required | GK_MULTILINE, 1, 20000);
  wish->published = gk_decode_time(&d, "published_at", GK_OPTIONAL);
  return gk_decode_end(&d);
}

gk_error_t *gk_rest_notices_create(gk_request_t *request, gk_response_t *response)
{
  gk_notice_wish_t wish;
  gk_notice_t notice;
  GK_TRY(read_wish(&wish, request, GK_REQUIRED));
  GK_TRY(gk_notice_create(&notice, &request->act, &wish));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/notices/%" APR_INT64_T_FMT, notice.id);
  return answer(request, response, &notice);
}

gk_error_t *gk_rest_notices_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_notice_wish_t wish;
  gk_notice_t notice;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(read_wish(&wish, request, GK_OPTIONAL));
  GK_TRY(gk_notice_update(&notice, &request->act, id, request->if_match, &wish));
  return answer(request, response, &notice);
}

gk_error_t *gk_rest_notices_delete(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_notice_withdraw(&request->act, id, request->if_match));
  response->status = 204;
  return NULL;
}

gk_error_t *gk_rest_notices_file_add(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_error_t *error = NULL;
  gk_notice_file_t file;
  GK_TRY(gk_arg_id(&id, request, 0));
  const char *name = gk_query_str(request, "name", 120, &error);
  if (name == NULL && error == NULL)
    gk_violation(&error, request->pool, "?name", "required", "请在地址中用 name 给出文件名",
                 "Give the file's name as ?name=");
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_notice_file_add(&file, &request->act, id, name, request->raw, request->raw_length));
  response->status = 201;
  response->location = apr_psprintf(
      request->pool, "/api/v1/notices/%" APR_INT64_T_FMT "/files/%" APR_INT64_T_FMT, id, file.id);
  response->json = gk_notice_file_json(&file, request->pool);
  return NULL;
}

/* RFC 6266 with RFC 8187: a name of letters any browser knows, and the true one. */
static const char *disposition(const char *name, apr_pool_t *pool)
{
  static const char hex[] = "0123456789ABCDEF";
  apr_size_t length = strlen(name);
  char *plain = apr_palloc(pool, length + 1), *p = plain, *encoded = apr_palloc(pool, 3 * length + 1),
       *e = encoded;
  for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++) {
    bool word = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
                strchr(".-_", *c) != NULL;
    if ((*c & 0xC0) != 0x80)
      *p++ = word ? (char)*c : '_';
    if (word) {
      *e++ = (char)*c;
    } else {
      *e++ = '%';
      *e++ = hex[*c >> 4];
      *e++ = hex[*c & 15];
    }
  }
  *p = '\0';
  *e = '\0';
  return apr_psprintf(pool, "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, encoded);
}

gk_error_t *gk_rest_notices_file_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id, file_id;
  gk_notice_file_t file;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_arg_id(&file_id, request, 1));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_notice_file_get(&file, &request->act, id, file_id));
  response->text = (const char *)file.body;
  response->length = (apr_size_t)file.bytes;
  response->media_type = file.media_type;
  apr_table_setn(response->headers, "Content-Disposition", disposition(file.name, request->pool));
  return NULL;
}

gk_error_t *gk_rest_notices_file_delete(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id, file_id;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_arg_id(&file_id, request, 1));
  GK_TRY(gk_notice_file_delete(&request->act, id, file_id));
  response->status = 204;
  return NULL;
}
