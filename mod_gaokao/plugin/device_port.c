/* plugin/device_port.c: device plugins for the domain (domain/device.h). */
#include <string.h>

#include "domain/device.h"
#include "plugin/calls.h"

#define CARD "application/vnd.gaokao.idcard"
#define PICTURE "image/*"
#define RESULTS "application/vnd.gaokao.exam"

static gk_error_t *decode(gk_json_t **fields, const gk_act_t *act, const char *media_type, const unsigned char *bytes,
                          apr_size_t length)
{
  gk_outcome_t outcome;
  const gaokao_reading_t *reading = NULL;
  gaokao_input_t input = {.size = sizeof(input), .bytes = bytes, .length = length, .media_type = media_type, .device = "",
                          .received = act->now};
  GK_TRY(gk_device_decode(gk_core_plugins(act->core), act->request_id, &input, &outcome, &reading, NULL, act->pool));
  if (outcome != GK_OUTCOME_DONE)
    return gk_error_plain(act->pool, GK_E_PLUGIN);
  gk_json_t *json = gk_json_object(act->pool);
  for (apr_uint32_t i = 0; i < reading->n_fields; i++)
    gk_json_set_str(json, reading->fields[i].name, reading->fields[i].value);
  *fields = json;
  return NULL;
}

gk_error_t *gk_device_port_card(gk_json_t **fields, const gk_act_t *act, const unsigned char *bytes, apr_size_t length)
{
  return decode(fields, act, CARD, bytes, length);
}

gk_error_t *gk_device_port_picture(gk_json_t **facts, const gk_act_t *act, const unsigned char *bytes, apr_size_t length)
{
  return decode(facts, act, PICTURE, bytes, length);
}

gk_error_t *gk_device_port_results(gk_json_t **fields, const gk_act_t *act, const char *text, apr_size_t length)
{
  return decode(fields, act, RESULTS, (const unsigned char *)text, length);
}
