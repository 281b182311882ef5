/* rest/pulls.c: /export/pulls: the province's pulls (jobs/pull.h, docs/province.md). */
#include <string.h>
#include <apr_strings.h>

#include "jobs/pull.h"
#include "rest/request.h"

enum { PASSED_SHOWN = 1000 };

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, const gk_pull_t *pull)
{
  apr_array_header_t *parts;
  GK_TRY(gk_pull_parts(&parts, &request->act, pull));
  response->json = gk_pull_json(pull, parts, request->pool);
  response->etag = gk_etag(request->pool, pull->version);
  return NULL;
}

gk_error_t *gk_rest_pulls_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *pulls;
  apr_int64_t before = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_pull_list(&pulls, &request->act, before, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < pulls->nelts && i < limit; i++)
    gk_json_add(items, gk_pull_json(&APR_ARRAY_IDX(pulls, i, gk_pull_t), NULL, request->pool));
  const char *cursor = NULL;
  if (pulls->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(pulls, limit - 1, gk_pull_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_pulls_create(gk_request_t *request, gk_response_t *response)
{
  gk_pull_t pull;
  gk_pull_wish_t wish = {{NULL}};
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  wish.filter.org = gk_decode_str(&d, "org", GK_OPTIONAL, 2, 10);
  const char *kind = gk_decode_word(&d, "kind", GK_OPTIONAL, "art|all");
  wish.filter.state = gk_decode_word(&d, "states", GK_OPTIONAL, "submitted|accepted|any");
  wish.since = gk_decode_str(&d, "since", GK_OPTIONAL, 1, 160);
  wish.encoding = gk_decode_word(&d, "encoding", GK_OPTIONAL, "UTF-8|GB18030");
  wish.compression = gk_decode_word(&d, "compression", GK_OPTIONAL, "none|gzip|zstd");
  wish.part_records = gk_decode_int(&d, "part_records", GK_OPTIONAL, 10, GK_PULL_PART_MAX, 0);
  wish.photos = gk_decode_bool(&d, "photos", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  wish.filter.art = kind != NULL && strcmp(kind, "art") == 0;
  wish.kind_given = kind != NULL;
  wish.state_given = wish.filter.state != NULL;
  GK_TRY(gk_pull_create(&pull, &request->act, &wish));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/export/pulls/%" APR_INT64_T_FMT, pull.id);
  return answer(request, response, &pull);
}

static gk_error_t *pull_of(gk_pull_t *out, gk_request_t *request)
{
  apr_int64_t id;
  GK_TRY(gk_arg_id(&id, request, 0));
  return gk_pull_get(out, &request->act, id);
}

gk_error_t *gk_rest_pulls_get(gk_request_t *request, gk_response_t *response)
{
  gk_pull_t pull;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(pull_of(&pull, request));
  return answer(request, response, &pull);
}

gk_error_t *gk_rest_pulls_manifest(gk_request_t *request, gk_response_t *response)
{
  gk_pull_t pull;
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(pull_of(&pull, request));
  if (pull.manifest == NULL) /* kept when the files are gone: it names nobody */
    GK_TRY(gk_pull_check_ready(&pull, request->pool));
  response->text = pull.manifest;
  response->length = strlen(pull.manifest);
  response->media_type = "application/xml";
  response->etag = apr_pstrcat(request->pool, "\"", pull.digest, "\"", NULL);
  return NULL;
}

/* ---- parts ----------------------------------------------------------------------------------------------- */

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

/* Decimal digits up to `end`; -1 for none or too many. */
static apr_int64_t digits(const char **at)
{
  apr_int64_t value = 0;
  int n = 0;
  for (; **at >= '0' && **at <= '9' && n < 18; n++)
    value = value * 10 + (*(*at)++ - '0');
  return n > 0 && n < 18 ? value : -1;
}

typedef enum range_t { WHOLE, PARTLY, NOT_THERE } range_t;

/* One range of bytes (RFC 9110, 14.1.2); whatever else stands there is ignored, as it allows. */
static range_t read_range(apr_int64_t *from, apr_int64_t *to, const char *text, apr_int64_t bytes)
{
  if (text == NULL || strncmp(text, "bytes=", 6) != 0)
    return WHOLE;
  const char *at = text + 6;
  apr_int64_t first = *at == '-' ? -1 : digits(&at), last;
  if (*at++ != '-')
    return WHOLE;
  last = *at == '\0' ? -1 : digits(&at);
  if (*at != '\0' || (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
    return WHOLE;
  if (first < 0) { /* the last so many */
    if (last == 0)
      return NOT_THERE;
    first = last < bytes ? bytes - last : 0;
    last = bytes - 1;
  }
  if (first >= bytes)
    return NOT_THERE;
  *from = first;
  *to = last < 0 || last >= bytes ? bytes - 1 : last;
  return PARTLY;
}

static gk_error_t *part_of(gk_pull_part_t *out, gk_request_t *request, const gk_pull_t *pull)
{
  apr_int64_t n;
  apr_array_header_t *parts;
  GK_TRY(gk_arg_id(&n, request, 1));
  GK_TRY(gk_pull_parts(&parts, &request->act, pull));
  if (n > parts->nelts)
    return gk_error(request->pool, GK_E_NOT_FOUND, "这次拉取只有 %d 个分卷", "This pull has %d parts only", parts->nelts);
  *out = APR_ARRAY_IDX(parts, n - 1, gk_pull_part_t);
  return NULL;
}

gk_error_t *gk_rest_pulls_part(gk_request_t *request, gk_response_t *response)
{
  gk_pull_t pull;
  gk_pull_part_t part = {0};
  gk_act_t *act = &request->act;
  send_t send = {request, response, false};
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(pull_of(&pull, request));
  GK_TRY(gk_pull_check_ready(&pull, request->pool));
  GK_TRY(part_of(&part, request, &pull));
  const char *etag = apr_pstrcat(request->pool, "\"", part.digest, "\"", NULL);
  const char *condition = apr_table_get(request->headers, "If-Range");
  apr_int64_t from = 0, to = part.bytes - 1;
  range_t range = condition != NULL && strcmp(condition, etag) != 0
                      ? WHOLE
                      : read_range(&from, &to, apr_table_get(request->headers, "Range"), part.bytes);
  apr_table_setn(response->headers, "Accept-Ranges", "bytes");
  response->etag = etag;
  if (range == NOT_THERE) {
    response->status = 416;
    response->text = "";
    response->media_type = "application/octet-stream";
    apr_table_setn(response->headers, "Content-Range", apr_psprintf(request->pool, "bytes */%" APR_INT64_T_FMT, part.bytes));
    return NULL;
  }
  if (from == 0) { /* on record before the first byte leaves; what resumes is the same fetch */
    gk_json_t *after = gk_json_object(request->pool);
    gk_json_set_int(after, "part", part.n);
    gk_json_set_int(after, "records", part.records);
    if (part.photos > 0)
      gk_json_set_int(after, "photos", part.photos);
    gk_json_set_str(after, "sha256", part.digest);
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_audit(act, "export.fetch", "export_pull", pull.id, pull.version, pull.org_path, NULL, after));
    GK_TRY(gk_db_commit(act->db, request->pool));
  }
  if (range == PARTLY) {
    response->status = 206;
    apr_table_setn(response->headers, "Content-Range",
                   apr_psprintf(request->pool, "bytes %" APR_INT64_T_FMT "-%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, from, to,
                                part.bytes));
  }
  apr_table_setn(response->headers, "Content-Length", apr_psprintf(request->pool, "%" APR_INT64_T_FMT, to - from + 1));
  response->media_type = gk_pull_media_type(&pull, &part);
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"%s\"",
                              gk_pull_part_name(&pull, act->season->year, &part, request->pool)));
  return gk_pull_read(act, &pull, part.n, from, to, send_piece, &send);
}

/* ---- receipt --------------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_pulls_receipt(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pull_t pull;
  apr_array_header_t *passed;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *digest = gk_decode_str(&d, "manifest_sha256", GK_REQUIRED, 64, 64);
  GK_TRY(gk_decode_end(&d));
  /* A whole province takes longer than a request's deadline for one statement. */
  GK_TRY(gk_db_ready(request->act.db, 0, request->pool));
  GK_TRY(gk_pull_acknowledge(&pull, &passed, &request->act, id, request->if_match, digest, PASSED_SHOWN));
  gk_json_t *json = gk_json_object(request->pool), *list = gk_json_array(request->pool);
  for (int i = 0; i < passed->nelts; i++) {
    const gk_pull_passed_t *one = &APR_ARRAY_IDX(passed, i, gk_pull_passed_t);
    gk_json_t *row = gk_json_object(request->pool);
    gk_json_set_str(row, "number", one->number);
    gk_json_set_str(row, "state", one->state);
    gk_json_set_int(row, "exported_version", one->exported);
    gk_json_set_int(row, "version", one->version);
    gk_json_add(list, row);
  }
  gk_json_set(json, "pull", gk_pull_json(&pull, NULL, request->pool));
  gk_json_set(json, "changed_since", list);
  response->json = json;
  response->etag = gk_etag(request->pool, pull.version);
  return NULL;
}
