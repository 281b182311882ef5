/* example: the smallest complete plugin. Copy the folder, rename, change inspect(). plugins/README.md
 * explains each step.
 *
 * It is of kind photo and does one thing: it measures how bright a picture is on average and asks the
 * operator to look when that lies outside what the options allow.
 */
#include <apr_strings.h>
#include "gaokao_plugin.h"

/* One of these a set of options; the host gives it back as `instance` to every function. */
typedef struct example_t {
  const gaokao_host_t *host;
  double darkest, brightest; /* percent */
} example_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  example_t *example = apr_pcalloc(pool, sizeof(*example));
  example->host = host;
  *instance = example;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  example_t *example = instance;
  example->darkest = example->host->option_real(example->host, "darkest");
  example->brightest = example->host->option_real(example->host, "brightest");
  if (example->darkest >= example->brightest)
    return example->host->error_new(call->pool, GAOKAO_E_OPTION, "darkest 必须小于 brightest",
                                    "darkest must be below brightest");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"measures", "brightness"}};
  (void)instance;
  (void)call;
  facts->n_facts = 1;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  return NULL;
}

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  const example_t *example = instance;
  apr_uint64_t sum = 0;
  apr_size_t row_bytes = (apr_size_t)picture->width_px * (picture->format == GAOKAO_PIXELS_RGB8 ? 3 : 1);
  if (picture->width_px == 0 || picture->height_px == 0)
    return example->host->error_new(call->pool, GAOKAO_E_INPUT, "照片是空的", "The picture is empty");
  for (apr_uint32_t y = 0; y < picture->height_px; y++) {
    const unsigned char *row = picture->pixels + (apr_size_t)y * picture->stride_bytes;
    for (apr_size_t x = 0; x < row_bytes; x++)
      sum += row[x];
  }
  double percent = (double)sum / ((double)row_bytes * picture->height_px) / 255 * 100;
  gaokao_number_t fact = {"brightness", "%", percent};
  sink->fact(sink->context, &fact);
  if (percent < example->darkest || percent > example->brightest) {
    gaokao_finding_t finding = {
        .size = sizeof(finding), .severity = GAOKAO_LOOK, .code = "brightness", .unit = "%"};
    finding.has = GAOKAO_HAS_MEASURED | GAOKAO_HAS_LOW | GAOKAO_HAS_HIGH;
    finding.measured = percent;
    finding.low = example->darkest;
    finding.high = example->brightest;
    finding.zh = percent < example->darkest ? "照片偏暗" : "照片偏亮";
    finding.en = percent < example->darkest ? "The picture is rather dark" : "The picture is rather bright";
    finding.remedy_zh = "请调整灯光后重拍";
    finding.remedy_en = "Change the light and take it again";
    sink->finding(sink->context, &finding);
  }
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};

static const gaokao_photo_t vtable = {&life, inspect};

static const gaokao_option_t options[] = {
    {"darkest", GAOKAO_OPTION_REAL, 0, "25", 0, 100, NULL, "%", "平均亮度下限", "Lowest average brightness"},
    {"brightest", GAOKAO_OPTION_REAL, 0, "90", 0, 100, NULL, "%", "平均亮度上限", "Highest average brightness"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(example, PHOTO, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE | GAOKAO_PURE)
