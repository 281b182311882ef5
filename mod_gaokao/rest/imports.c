/* rest/imports.c: /imports: tables handed in as files (jobs/import.h). */
#include <string.h>
#include <apr_strings.h>

#include "jobs/import.h"
#include "rest/request.h"

enum { ROWS_MAX = 500 };

static gk_error_t *answer(gk_request_t *request, gk_response_t *response, const gk_import_t *import)
{
  response->json = gk_import_json(import, &request->act, true);
  response->etag = gk_etag(request->pool, import->version);
  return NULL;
}

gk_error_t *gk_rest_imports_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *imports;
  apr_int64_t before = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_import_list(&imports, &request->act, before, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < imports->nelts && i < limit; i++)
    gk_json_add(items, gk_import_json(&APR_ARRAY_IDX(imports, i, gk_import_t), &request->act, false));
  const char *cursor = NULL;
  if (imports->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(imports, limit - 1, gk_import_t).id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

static const char *kind_of(gk_request_t *request, gk_error_t **error)
{
  const char *kind = gk_query_str(request, "kind", 20, error);
  if (kind == NULL && *error == NULL)
    gk_violation(error, request->pool, "?kind", "required", "请在地址中用 kind 说明导入的种类", "Say what it is as ?kind=");
  return kind;
}

gk_error_t *gk_rest_imports_create(gk_request_t *request, gk_response_t *response)
{
  gk_import_t import;
  gk_error_t *error = NULL;
  const char *kind = kind_of(request, &error);
  const char *name = gk_query_str(request, "name", 200, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_import_create(&import, &request->act, kind, name, request->raw, request->raw_length));
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/imports/%" APR_INT64_T_FMT, import.id);
  return answer(request, response, &import);
}

gk_error_t *gk_rest_imports_template(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *kind = kind_of(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_import_template(&response->text, &response->length, &request->act, kind));
  response->media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"import-%s-%d.xlsx\"", kind, request->act.season->year));
  return NULL;
}

gk_error_t *gk_rest_imports_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_import_t import;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_import_get(&import, &request->act, id));
  return answer(request, response, &import);
}

gk_error_t *gk_rest_imports_map(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_import_t import;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  int sheet = (int)gk_decode_int(&d, "sheet", GK_OPTIONAL, 0, GK_SHEET_SHEETS - 1, -1);
  int header_row = (int)gk_decode_int(&d, "header_row", GK_OPTIONAL, 0, 100000, -1);
  gk_json_t *columns = gk_decode_array(&d, "columns", GK_OPTIONAL, GK_SHEET_COLUMNS);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_import_map(&import, &request->act, id, request->if_match, sheet, header_row, columns));
  return answer(request, response, &import);
}

gk_error_t *gk_rest_imports_rows(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id, next;
  gk_import_t import;
  gk_error_t *error = NULL;
  apr_array_header_t *rows;
  GK_TRY(gk_arg_id(&id, request, 0));
  const char *show = gk_query_word(request, "show",
                                   "errors|change|create|same|unknown|outside|invalid|closed|stage|duplicate|"
                                   "applied|failed|undone|touched",
                                   &error);
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = (int)gk_query_int(request, "limit", 1, ROWS_MAX, 100, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_import_get(&import, &request->act, id));
  GK_TRY(gk_import_rows(&rows, &next, &request->act, &import, show, after, limit));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < rows->nelts; i++)
    gk_json_add(items, gk_import_row_json(&APR_ARRAY_IDX(rows, i, gk_import_row_t), request->pool));
  gk_response_list(request, response, items, next != 0 ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT, next) : NULL);
  return NULL;
}

gk_error_t *gk_rest_imports_apply(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_import_t import;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_import_apply(&import, &request->act, id, request->if_match));
  return answer(request, response, &import);
}

gk_error_t *gk_rest_imports_undo(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_import_t import;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  bool partial = gk_decode_bool(&d, "partial", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_import_undo_all(&import, &request->act, id, request->if_match, partial));
  return answer(request, response, &import);
}
