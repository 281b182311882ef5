/* rest/plugins.c: /plugins: state, figures and options of the plugins. */
#include "plugin/overrides.h"
#include "plugin/plugin.h"
#include "rest/request.h"

gk_error_t *gk_rest_plugins_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_query_limit(request, &error); /* lists take it; there are a handful */
  GK_TRY(gk_query_end(request, error));
  gk_response_list(request, response, gk_plugins_json(gk_core_plugins(request->act.core), request->pool),
                   NULL);
  return NULL;
}

gk_error_t *gk_rest_plugins_update(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *options = gk_decode_any(&d, "options", GK_REQUIRED);
  if (options != NULL && !gk_json_is_object(options))
    gk_decode_fault(&d, "options", "type", "应为一个 JSON 对象", "Must be a JSON object");
  GK_TRY(gk_decode_end(&d));
  return gk_overrides_change(&response->json, &request->act, request->args[0], options);
}

gk_error_t *gk_rest_plugins_reset(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  return gk_overrides_reset(&response->json, &request->act, request->args[0]);
}

gk_error_t *gk_rest_plugins_switch(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  bool on = gk_decode_bool(&d, "enabled", GK_REQUIRED, false);
  const char *reason = gk_decode_str(&d, "reason", GK_REQUIRED | GK_MULTILINE, 4, 500);
  GK_TRY(gk_decode_end(&d));
  return gk_overrides_switch(&response->json, &request->act, request->args[0], on, reason);
}

gk_error_t *gk_rest_plugins_reload(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  return gk_overrides_reload(&response->json, &request->act, request->args[0]);
}
