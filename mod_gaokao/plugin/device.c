/* plugin/device.c: guarded calls of device plugins. */
#include <string.h>
#include <apr_strings.h>
#include "plugin/calls.h"
#include "plugin/internal.h"

enum { SURE = 100, MAX_FIELDS = 256, MAX_BLOBS = 16, MAX_NAME = 64, MAX_VALUE = 4000 };
#define MAX_BLOB_BYTES (16 * 1024 * 1024)

typedef struct ask_t {
  const gaokao_input_t *input;
  apr_uint32_t confidence;
  const gaokao_reading_t *reading;
  apr_pool_t *pool;
} ask_t;

static gaokao_error_t *recognise(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                 const char **lie)
{
  ask_t *ask = baton;
  apr_uint32_t confidence = 0;
  gaokao_error_t *error =
      instance->plugin->image->vtable.device.recognise(instance->self, call, ask->input, &confidence);
  if (error == NULL && confidence > SURE)
    *lie = "recognise() answers more than 100";
  else
    ask->confidence = error == NULL ? confidence : 0;
  return error;
}

static const char *copy_reading(ask_t *ask, const gaokao_reading_t *given)
{
  apr_pool_t *pool = ask->pool;
  if (given == NULL || given->size < sizeof(*given))
    return "decode() gave no reading";
  if (!gk_plugin__text_ok(given->type, MAX_NAME) || given->type[0] == '\0' || given->captured < 0)
    return "a reading without type or with an impossible moment";
  if (given->n_fields > MAX_FIELDS || given->n_blobs > MAX_BLOBS ||
      (given->n_fields > 0 && given->fields == NULL) || (given->n_blobs > 0 && given->blobs == NULL))
    return "a reading with too many fields or blobs";
  gaokao_reading_t *reading = apr_pmemdup(pool, given, sizeof(*given));
  gaokao_pair_t *fields = apr_palloc(pool, sizeof(*fields) * (given->n_fields + 1));
  gaokao_blob_t *blobs = apr_palloc(pool, sizeof(*blobs) * (given->n_blobs + 1));
  for (apr_uint32_t i = 0; i < given->n_fields; i++) {
    if (!gk_plugin__text_ok(given->fields[i].name, MAX_NAME) || given->fields[i].name[0] == '\0' ||
        !gk_plugin__text_ok(given->fields[i].value, MAX_VALUE))
      return "a reading with a field that is no text";
    fields[i].name = apr_pstrdup(pool, given->fields[i].name);
    fields[i].value = apr_pstrdup(pool, given->fields[i].value);
  }
  for (apr_uint32_t i = 0; i < given->n_blobs; i++) {
    const gaokao_blob_t *blob = &given->blobs[i];
    if (!gk_plugin__text_ok(blob->name, MAX_NAME) || !gk_plugin__text_ok(blob->media_type, MAX_NAME) ||
        blob->length > MAX_BLOB_BYTES || (blob->length > 0 && blob->bytes == NULL))
      return "a reading with a blob that is none";
    blobs[i].name = apr_pstrdup(pool, blob->name);
    blobs[i].media_type = apr_pstrdup(pool, blob->media_type);
    blobs[i].length = blob->length;
    blobs[i].bytes =
        apr_pmemdup(pool, blob->length > 0 ? (const void *)blob->bytes : "", (apr_size_t)blob->length);
  }
  reading->size = sizeof(*reading);
  reading->type = apr_pstrdup(pool, given->type);
  reading->fields = fields;
  reading->blobs = blobs;
  ask->reading = reading;
  return NULL;
}

static gaokao_error_t *decode(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                              const char **lie)
{
  ask_t *ask = baton;
  const gaokao_reading_t *given = NULL;
  gaokao_error_t *error =
      instance->plugin->image->vtable.device.decode(instance->self, call, ask->input, &given);
  if (error == NULL)
    *lie = copy_reading(ask, given);
  return error;
}

/* What is switched off decodes nothing, but says whose the bytes are: when they are more its own than anybody's who is in service
 * (`confidence`), they wait until it is on again. Bytes that it can't be asked about may be its own. */
static gk_error_t *wait_for_off(gk_plugins_t *plugins, const char *request_id, const char *record, ask_t *ask,
                                apr_uint32_t confidence, apr_pool_t *pool)
{
  gk_error_t *waits = NULL;
  gk_plugin_t *plugin;
  int i = 0;
  while (confidence < SURE && (plugin = gk_plugin__next(plugins, GAOKAO_DEVICE, &i)) != NULL) {
    gk_plugin__instance_t *instance = gk_plugin__hold_off(plugin);
    if (instance == NULL)
      continue;
    ask->confidence = 0;
    gk_error_t *error = gk_plugin__guard(instance, GK_CALL_ASIDE, request_id, record, recognise, ask, NULL, NULL, pool);
    gk_plugin__release(instance);
    if (error == NULL && ask->confidence <= confidence)
      continue;
    if (error != NULL && (confidence > 0 || error->code != GK_E_PLUGIN))
      continue;
    confidence = error == NULL ? ask->confidence : confidence;
    waits = gk_plugin__off_refusal(plugin, pool);
  }
  return waits;
}

gk_error_t *gk_device_decode(gk_plugins_t *plugins, const char *request_id, const gaokao_input_t *input,
                             gk_outcome_t *outcome, const gaokao_reading_t **reading, const char **name,
                             apr_pool_t *pool)
{
  gk_plugin__instance_t *best = NULL;
  gk_error_t *refused = NULL, *error;
  apr_uint32_t best_confidence = 0;
  gk_plugin_t *plugin;
  ask_t ask = {input, 0, NULL, pool};
  const char *record = gk_plugin__digest(input->bytes, input->length, pool);
  int i = 0;
  while ((plugin = gk_plugin__next(plugins, GAOKAO_DEVICE, &i)) != NULL) {
    gk_plugin__instance_t *instance = gk_plugin__hold(plugin);
    if (instance == NULL)
      continue;
    error = gk_plugin__guard(instance, GK_CALL_ASIDE, request_id, record, recognise, &ask, NULL, NULL, pool);
    if (error != NULL && error->code == GK_E_PLUGIN && refused == NULL)
      refused = error;
    if (error == NULL && ask.confidence > best_confidence) {
      if (best != NULL)
        gk_plugin__release(best);
      best = instance;
      best_confidence = ask.confidence;
    } else {
      gk_plugin__release(instance);
    }
  }
  error = wait_for_off(plugins, request_id, record, &ask, best_confidence, pool);
  if (error != NULL) {
    if (best != NULL)
      gk_plugin__release(best);
    return error;
  }
  /* Nobody knows the bytes; but one that could not be asked might have. */
  if (best == NULL)
    return refused != NULL
               ? refused
               : gk_error(pool, GK_E_INVALID, "没有组件认识这份读数", "No plugin knows what this reading is");
  plugin = best->plugin;
  error = gk_plugin__guard(best, GK_CALL_WHOLE, request_id, record, decode, &ask, NULL, NULL, pool);
  gk_plugin__release(best);
  if (name != NULL)
    *name = plugin->name;
  *reading = NULL;
  if (error == NULL) {
    *reading = ask.reading;
    *outcome = GK_OUTCOME_DONE;
    return NULL;
  }
  if (error->code != GK_E_PLUGIN || plugin->row.on_error == GK_ON_ERROR_FAIL)
    return error;
  *outcome = plugin->row.on_error == GK_ON_ERROR_REVIEW ? GK_OUTCOME_REVIEW : GK_OUTCOME_SKIPPED;
  return NULL;
}
