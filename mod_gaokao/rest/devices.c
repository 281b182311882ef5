/* rest/devices.c: /devices: gateways of points, for those who run them and for the gateways themselves, and the live view of
 * readings. */
#include <string.h>
#include <apr_strings.h>

#include "domain/device.h"
#include "domain/live.h"
#include "rest/request.h"

#define STATES "waiting|active|revoked"
enum { READINGS_MAX = 200 };

static void answer(gk_request_t *request, gk_response_t *response, const gk_device_t *device)
{
  response->json = gk_device_json(device, request->pool);
  if (device->code != NULL) {
    gk_json_set_str(response->json, "code", device->code);
    response->keep_private = true;
  }
  response->etag = gk_etag(request->pool, device->version);
}

/* ---- the point's side ------------------------------------------------------------------------------------ */

static const char *decode_kinds(gk_decode_t *d)
{
  static const char *const known[] = {"idcard", "camera", "exam"};
  gk_json_t *list = gk_decode_array(d, "kinds", GK_REQUIRED, 3);
  const char *kinds = "";
  for (size_t n = 0; n < sizeof(known) / sizeof(known[0]); n++)
    for (apr_size_t i = 0; i < gk_json_size(list); i++)
      if (gk_json_str_value(gk_json_at(list, i)) != NULL && strcmp(gk_json_str_value(gk_json_at(list, i)), known[n]) == 0) {
        kinds = apr_pstrcat(d->pool, kinds, kinds[0] != '\0' ? " " : "", known[n], NULL);
        break;
      }
  apr_size_t words = kinds[0] != '\0';
  for (const char *c = kinds; *c != '\0'; c++)
    words += *c == ' ';
  if (list != NULL && (words == 0 || words != gk_json_size(list)))
    gk_decode_fault(d, "kinds", "word", "应为 idcard、camera、exam 中的一项或几项，不重复",
                    "Must be some of idcard, camera and exam, each once");
  return kinds;
}

gk_error_t *gk_rest_devices_create(gk_request_t *request, gk_response_t *response)
{
  gk_device_t *device;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *name = gk_decode_str(&d, "name", GK_REQUIRED, 1, 40);
  const char *kinds = decode_kinds(&d);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_device_create(&device, &request->act, org_id, name, kinds));
  answer(request, response, device);
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/devices/%" APR_INT64_T_FMT, device->id);
  return NULL;
}

gk_error_t *gk_rest_devices_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *devices;
  const char *state = gk_query_word(request, "state", STATES, &error), *cursor = NULL;
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_device_list(&devices, &request->act, state, after, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < devices->nelts && i < limit; i++)
    gk_json_add(items, gk_device_json(APR_ARRAY_IDX(devices, i, gk_device_t *), request->pool));
  if (devices->nelts > limit)
    cursor = apr_psprintf(request->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(devices, limit - 1, gk_device_t *)->id);
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_devices_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_device_t *device;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_device_get(&device, &request->act, id));
  answer(request, response, device);
  return NULL;
}

gk_error_t *gk_rest_devices_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_device_t *device;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *name = gk_decode_str(&d, "name", GK_OPTIONAL, 1, 40);
  const char *state = gk_decode_word(&d, "state", GK_OPTIONAL, "revoked");
  const char *reason = gk_decode_str(&d, "reason", state != NULL ? GK_REQUIRED : GK_OPTIONAL, 2, 200);
  apr_time_t stolen = gk_decode_time(&d, "stolen_at", GK_OPTIONAL);
  if (stolen > request->act.now)
    gk_decode_fault(&d, "stolen_at", "future", "不能晚于现在", "Can't lie in the future");
  if (name == NULL && state == NULL)
    gk_decode_fault(&d, "name", "required", "请写明要改的名称，或停用(state)", "Say the new name, or the state");
  GK_TRY(gk_decode_end(&d));
  if (state != NULL)
    GK_TRY(gk_device_revoke(&device, &request->act, id, request->if_match, reason, stolen));
  else
    GK_TRY(gk_device_rename(&device, &request->act, id, request->if_match, name));
  answer(request, response, device);
  return NULL;
}

gk_error_t *gk_rest_devices_code(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_device_t *device;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_device_new_code(&device, &request->act, id, request->if_match));
  answer(request, response, device);
  return NULL;
}

/* ---- the gateway's side ---------------------------------------------------------------------------------- */

gk_error_t *gk_rest_devices_enrol(gk_request_t *request, gk_response_t *response)
{
  gk_device_t *device;
  apr_size_t length = 0;
  bool fresh;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *code = gk_decode_str(&d, "code", GK_REQUIRED, 1, 40);
  const char *key = gk_decode_str(&d, "public_key", GK_REQUIRED, 43, 43);
  const char *software = gk_decode_str(&d, "software", GK_REQUIRED, 1, 60);
  const char *reader_module = gk_decode_str(&d, "reader_module", GK_OPTIONAL, 0, 60);
  const unsigned char *public = key != NULL ? gk_unbase64url(key, &length, request->pool) : NULL;
  if (key != NULL && (public == NULL || length != GK_PUBLIC_BYTES))
    gk_decode_fault(&d, "public_key", "base64url", "应为 32 字节 Ed25519 公钥的 base64url，不带填充",
                    "Must be the 32 bytes of an Ed25519 key as base64url without padding");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_device_enrol(&device, &fresh, &request->act, code, public, software,
                         reader_module != NULL ? reader_module : ""));
  response->status = fresh ? 201 : 200;
  return gk_device_terms(&response->json, device, &request->act);
}

gk_error_t *gk_rest_devices_readings(gk_request_t *request, gk_response_t *response)
{
  gk_device_t *device;
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *readings = gk_decode_array(&d, "readings", GK_REQUIRED, READINGS_MAX);
  if (readings != NULL && gk_json_size(readings) == 0)
    gk_decode_fault(&d, "readings", "empty", "至少要有一条", "There must be at least one");
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_device_act_as(&device, &request->act, request->args[0]));
  return gk_device_post(&response->json, device, &request->act, readings);
}

/* The body of what is signed but not sealed. */
static gk_error_t *decode_jws(gk_request_t *request)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_decode_str(&d, "protected", GK_REQUIRED, 1, 2048);
  gk_decode_str(&d, "payload", GK_REQUIRED, 1, 6144);
  gk_decode_str(&d, "signature", GK_REQUIRED, 1, 100);
  return gk_decode_end(&d);
}

gk_error_t *gk_rest_devices_state(gk_request_t *request, gk_response_t *response)
{
  gk_device_t *device;
  GK_TRY(decode_jws(request));
  GK_TRY(gk_device_act_as(&device, &request->act, request->args[0]));
  GK_TRY(gk_device_state(device, &request->act, request->json));
  return gk_device_terms(&response->json, device, &request->act);
}

gk_error_t *gk_rest_devices_key(gk_request_t *request, gk_response_t *response)
{
  gk_device_t *device;
  GK_TRY(decode_jws(request));
  GK_TRY(gk_device_act_as(&device, &request->act, request->args[0]));
  GK_TRY(gk_device_rotate(device, &request->act, request->json));
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "device", apr_psprintf(request->pool, "%" APR_INT64_T_FMT, device->id));
  gk_json_set_int(response->json, "next_seq", device->highest_seq + 1);
  gk_json_set_time(response->json, "server_time", request->act.now);
  return NULL;
}

/* ---- the live view --------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_readings_changes(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *readings;
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  bool point = strcmp(request->who.org_level, "point") == 0;
  if (request->live_due && gk_db_engine(request->act.db) == GK_PGSQL) /* other nodes write too */
    GK_TRY(gk_live_follow(&request->act));
  /* The tag is from before the list: what happens in between shows at the next look. */
  response->etag = gk_live_tag(request->who.org_id, point, request->pool);
  gk_reading_filter_t filter = {.verdict = NULL};
  GK_TRY(gk_reading_list(&readings, &request->act, &filter, limit));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < readings->nelts && i < limit; i++)
    gk_json_add(items, gk_reading_json(APR_ARRAY_IDX(readings, i, gk_reading_t *), false, request->pool));
  gk_response_list(request, response, items, NULL);
  gk_live_know(request->cookie, request->who.org_id, point, request->pool);
  return NULL;
}

gk_error_t *gk_rest_readings_assign(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_reading_t *reading;
  gk_candidate_t *candidate;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  const char *subject = gk_decode_str(&d, "subject", GK_OPTIONAL, 1, 4);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_reading_assign(&reading, &candidate, &request->act, id, subject));
  response->json = gk_reading_json(reading, true, request->pool);
  if (candidate != NULL)
    gk_json_set(response->json, "candidate", gk_candidate_brief_json(candidate, request->pool));
  else
    gk_json_set_null(response->json, "candidate");
  return NULL;
}
