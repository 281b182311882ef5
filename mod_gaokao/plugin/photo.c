/* plugin/photo.c: guarded calls of photo plugins. */
#include <math.h>
#include <string.h>
#include <apr_strings.h>
#include "plugin/calls.h"
#include "plugin/internal.h"

enum { MAX_FACTS = 128, MAX_FINDINGS = 64, MAX_NAME = 64, HAS_ALL = 15 };

typedef struct inspection_t {
  gaokao_picture_t picture;
  gk_photo_result_t *result;
  gaokao_crop_t *crop;
  int facts, findings;            /* of this plugin */
  const char *lie;
  const char *record;
  apr_pool_t *pool;
} inspection_t;

static bool name_ok(const char *name)
{
  return gk_plugin__text_ok(name, MAX_NAME) && name[0] != '\0';
}

static void take_fact(void *context, const gaokao_number_t *fact)
{
  inspection_t *inspection = context;
  if (inspection->lie != NULL)
    return;
  if (++inspection->facts > MAX_FACTS) {
    inspection->lie = "too many facts";
  } else if (!name_ok(fact->name) || !gk_plugin__text_ok(fact->unit, 16) || !isfinite(fact->value)) {
    inspection->lie = "a fact that is no finite number with a name";
  } else {
    gaokao_number_t *copy = apr_array_push(inspection->result->facts);
    copy->name = apr_pstrdup(inspection->pool, fact->name);
    copy->unit = apr_pstrdup(inspection->pool, fact->unit);
    copy->value = fact->value;
  }
}

static bool inside(const gaokao_picture_t *picture, apr_int32_t x, apr_int32_t y, apr_int32_t width,
                   apr_int32_t height)
{
  return x >= 0 && y >= 0 && width > 0 && height > 0 && (apr_int64_t)x + width <= picture->width_px &&
         (apr_int64_t)y + height <= picture->height_px;
}

static const char *finding_fault(const inspection_t *inspection, const gaokao_finding_t *finding)
{
  if (finding->size < sizeof(*finding))
    return "a finding that is too short";
  if (finding->severity < GAOKAO_BLOCK || finding->severity > GAOKAO_FINE || (finding->has & ~HAS_ALL) != 0)
    return "a finding with an unknown severity or unknown members";
  if (!name_ok(finding->code) || !gk_plugin__text_ok(finding->zh, 500) ||
      !gk_plugin__text_ok(finding->en, 500))
    return "a finding without code or sentence";
  if ((finding->unit != NULL && !gk_plugin__text_ok(finding->unit, 16)) ||
      (finding->remedy_zh != NULL && !gk_plugin__text_ok(finding->remedy_zh, 500)) ||
      (finding->remedy_en != NULL && !gk_plugin__text_ok(finding->remedy_en, 500)))
    return "a finding whose unit or remedy is no text";
  if (((finding->has & GAOKAO_HAS_MEASURED) != 0 && !isfinite(finding->measured)) ||
      ((finding->has & GAOKAO_HAS_LOW) != 0 && !isfinite(finding->low)) ||
      ((finding->has & GAOKAO_HAS_HIGH) != 0 && !isfinite(finding->high)))
    return "a finding with a number that isn't finite";
  if ((finding->has & GAOKAO_HAS_REGION) != 0 &&
      !inside(&inspection->picture, finding->x, finding->y, finding->width, finding->height))
    return "a finding outside the picture";
  return NULL;
}

static void take_finding(void *context, const gaokao_finding_t *finding)
{
  inspection_t *inspection = context;
  if (inspection->lie != NULL)
    return;
  inspection->lie =
      ++inspection->findings > MAX_FINDINGS ? "too many findings" : finding_fault(inspection, finding);
  if (inspection->lie != NULL)
    return;
  gaokao_finding_t *copy = apr_array_push(inspection->result->findings);
  *copy = *finding;
  copy->size = sizeof(*copy);
  copy->code = apr_pstrdup(inspection->pool, finding->code);
  copy->unit = apr_pstrdup(inspection->pool, finding->unit != NULL ? finding->unit : "");
  copy->zh = apr_pstrdup(inspection->pool, finding->zh);
  copy->en = apr_pstrdup(inspection->pool, finding->en);
  copy->remedy_zh = apr_pstrdup(inspection->pool, finding->remedy_zh);
  copy->remedy_en = apr_pstrdup(inspection->pool, finding->remedy_en);
}

static void take_crop(void *context, const gaokao_crop_t *crop)
{
  inspection_t *inspection = context;
  if (inspection->lie != NULL)
    return;
  if (crop->size < sizeof(*crop) || inspection->crop != NULL)
    inspection->lie = "a crop too short, or a second one";
  else if (!inside(&inspection->picture, crop->x, crop->y, crop->width, crop->height) ||
           !isfinite(crop->turn_degrees) || fabs(crop->turn_degrees) > 45)
    inspection->lie = "a crop outside the picture";
  else
    inspection->crop = apr_pmemdup(inspection->pool, crop, sizeof(*crop));
}

static gaokao_error_t *inspect(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                               const char **lie)
{
  inspection_t *inspection = baton;
  gaokao_photo_sink_t sink = {sizeof(sink), 0, inspection, take_fact, take_finding, take_crop};
  /* Those of plugins before; a copy, since the array grows while the plugin reads. */
  inspection->picture.n_facts = (apr_uint32_t)inspection->result->facts->nelts;
  inspection->picture.facts = apr_pmemdup(call->pool, inspection->result->facts->elts,
                                          sizeof(gaokao_number_t) * inspection->picture.n_facts);
  gaokao_error_t *error =
      instance->plugin->image->vtable.photo.inspect(instance->self, call, &inspection->picture, &sink);
  *lie = inspection->lie;
  return error;
}

/* One plugin; what it said before it failed is taken back. */
static gk_error_t *ask(inspection_t *inspection, gk_plugin_t *plugin, const char *request_id)
{
  gk_photo_result_t *result = inspection->result;
  int facts = result->facts->nelts, findings = result->findings->nelts;
  gk_plugin__instance_t *instance = gk_plugin__hold(plugin);
  gk_error_t *error;
  inspection->facts = inspection->findings = 0;
  inspection->lie = NULL;
  inspection->crop = NULL;
  if (instance != NULL) {
    error = gk_plugin__guard(instance, GK_CALL_WHOLE, request_id, inspection->record, inspect, inspection, NULL, NULL,
                             inspection->pool);
    gk_plugin__release(instance);
  } else {
    error = gk_plugin__refusal(plugin, 0, inspection->pool);
  }
  if (error != NULL) {
    result->facts->nelts = facts;
    result->findings->nelts = findings;
  } else if (result->crop == NULL) {
    result->crop = inspection->crop;
  }
  return error;
}

gk_error_t *gk_photo_inspect(gk_plugins_t *plugins, const char *request_id, const gaokao_picture_t *picture,
                             gk_photo_result_t **out, apr_pool_t *pool)
{
  gk_photo_result_t *result = apr_pcalloc(pool, sizeof(*result));
  inspection_t inspection;
  gk_plugin_t *plugin;
  int i = 0;
  memset(&inspection, 0, sizeof(inspection));
  inspection.picture = *picture;
  inspection.result = result;
  inspection.record =
      gk_plugin__digest(picture->pixels, (apr_size_t)picture->stride_bytes * picture->height_px, pool);
  inspection.pool = pool;
  result->facts = apr_array_make(pool, 32, sizeof(gaokao_number_t));
  result->findings = apr_array_make(pool, 16, sizeof(gaokao_finding_t));
  result->skipped = apr_array_make(pool, 2, sizeof(const char *));
  for (apr_uint32_t f = 0; f < picture->n_facts; f++)
    APR_ARRAY_PUSH(result->facts, gaokao_number_t) = picture->facts[f];
  while ((plugin = gk_plugin__next(plugins, GAOKAO_PHOTO, &i)) != NULL) {
    gk_error_t *error = ask(&inspection, plugin, request_id);
    if (error == NULL)
      continue;
    if (plugin->off) { /* what it would have seen, a person looks for */
      result->review = true;
      continue;
    }
    if (error->code != GK_E_PLUGIN || plugin->row.on_error == GK_ON_ERROR_FAIL)
      return error;
    if (plugin->row.on_error == GK_ON_ERROR_REVIEW)
      result->review = true;
    else
      APR_ARRAY_PUSH(result->skipped, const char *) = plugin->name;
  }
  *out = result;
  return NULL;
}
