/* tests/plugin/lab.c: one file with many plugins that do wrong, for the loader and the guard. Each entry
 * function is a plugin of its own: the host looks for gaokao_plugin_NAME, and a configuration row may give
 * any name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include "gaokao_plugin.h"

typedef struct lab_t {
  const gaokao_host_t *host;
  const char *mood;
  apr_int64_t number;
  int started, calls;
} lab_t;

static gaokao_error_t *lab_create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  lab_t *lab = apr_pcalloc(pool, sizeof(*lab));
  lab->host = host;
  *instance = lab;
  return NULL;
}

static int in_mood(const lab_t *lab, const char *mood)
{
  return strcmp(lab->mood, mood) == 0;
}

static gaokao_error_t *lab_configure(void *instance, const gaokao_call_t *call)
{
  lab_t *lab = instance;
  lab->mood = lab->host->option_string(lab->host, "mood");
  lab->number = lab->host->option_int(lab->host, "number");
  if (in_mood(lab, "refuse_configure"))
    return lab->host->error_new(call->pool, GAOKAO_E_OPTION, "不接受 %s", "Not taken: %s", lab->mood);
  return NULL;
}

static gaokao_error_t *lab_check(void *instance, const gaokao_call_t *call)
{
  lab_t *lab = instance;
  return in_mood(lab, "refuse_check")
             ? lab->host->error_new(call->pool, GAOKAO_E_OPTION, "检查不通过", "Checked: no")
             : NULL;
}

static gaokao_error_t *lab_start(void *instance, const gaokao_call_t *call)
{
  lab_t *lab = instance;
  if (in_mood(lab, "refuse_start"))
    return lab->host->error_new(call->pool, GAOKAO_E_FAILED, "启动不了", "Can't start");
  lab->started = 1;
  return NULL;
}

static void lab_stop(void *instance)
{
  lab_t *lab = instance;
  lab->host->metric_add(lab->host, "stopped", lab->started ? 1 : 1000);
}

static gaokao_error_t *lab_describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  lab_t *lab = instance;
  gaokao_pair_t *pairs = apr_palloc(call->pool, sizeof(*pairs) * 2);
  pairs[0].name = "mood", pairs[0].value = in_mood(lab, "lie_facts") ? "\xff\xfe" : lab->mood;
  facts->n_facts = 1;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *lab_health(void *instance, const gaokao_call_t *call, gaokao_health_t *health)
{
  lab_t *lab = instance;
  (void)call;
  health->state = in_mood(lab, "lie_health") ? 17 : GAOKAO_HEALTH_POOR;
  health->zh = "还行";
  health->en = "So so";
  return NULL;
}

static const gaokao_life_t lab_life = {sizeof(lab_life), 0,        lab_create,   lab_configure, lab_check,
                                       lab_start,        lab_stop, lab_describe, lab_health};

static const gaokao_option_t lab_options[] = {
    {"mood", GAOKAO_OPTION_STRING, 0, "good", 1, 40, NULL, NULL, "心情", "What to do wrong"},
    {"number", GAOKAO_OPTION_INT, 0, "7", -10, 1000, NULL, "pieces", "数", "A number"},
    {"share", GAOKAO_OPTION_REAL, 0, "0.5", 0, 1, NULL, NULL, "比例", "A share"},
    {"fast", GAOKAO_OPTION_BOOL, 0, "on", 0, 0, NULL, NULL, "快", "Fast"},
    {"colour", GAOKAO_OPTION_WORD, 0, NULL, 0, 0, "red|green", NULL, "颜色", "A colour"},
    {"pause", GAOKAO_OPTION_DURATION, 0, "20ms", 1000, 60000000, NULL, NULL, "停顿", "A pause"},
    {"secret", GAOKAO_OPTION_STRING, GAOKAO_OPTION_SECRET, "s3cret", 0, 0, NULL, NULL, "密", "A secret"},
    GAOKAO_OPTIONS_END};

/* What every kind does in its moods; NULL: go on. */
static gaokao_error_t *lab_mood(lab_t *lab, const gaokao_call_t *call)
{
  if (in_mood(lab, "fail") || (in_mood(lab, "fail_first") && lab->calls++ < lab->number))
    return lab->host->error_new(call->pool, GAOKAO_E_FAILED, "坏了", "Broken");
  if (in_mood(lab, "fail_badly"))
    return lab->host->error_new(call->pool, 99, "\xff", "\x01");
  if (in_mood(lab, "blame_input"))
    return lab->host->error_new(call->pool, GAOKAO_E_INPUT, "文件坏了", "The file is damaged");
  if (in_mood(lab, "busy"))
    return lab->host->error_new(call->pool, GAOKAO_E_BUSY, "忙", "Busy");
  if (in_mood(lab, "slow"))
    usleep(30000);
  if (in_mood(lab, "abort"))
    abort();
  if (in_mood(lab, "exit"))
    _exit(3);
  while (in_mood(lab, "hang"))
    usleep(10000);
  return NULL;
}

/* ---- policy ------------------------------------------------------------------------------------------- */

static gaokao_error_t *lab_load_rules(void *instance, const gaokao_call_t *call,
                                      const gaokao_rule_t *const *rules, apr_uint32_t n_rules, void **ruleset)
{
  lab_t *lab = instance;
  (void)rules;
  (void)n_rules;
  if (in_mood(lab, "refuse_rules"))
    return lab->host->error_new(call->pool, GAOKAO_E_INPUT, "规则不对", "No such rules");
  *ruleset = in_mood(lab, "no_ruleset") ? NULL : lab;
  lab->host->metric_add(lab->host, "loads", 1);
  return NULL;
}

static gaokao_error_t *lab_evaluate(void *instance, const gaokao_call_t *call, void *ruleset,
                                    const gaokao_question_t *question, const gaokao_verdict_sink_t *sink)
{
  static const gaokao_pair_t no_text = {"name", "\xc0\x80"};
  lab_t *lab = instance;
  gaokao_error_t *error = lab_mood(lab, call);
  (void)ruleset;
  for (apr_uint32_t i = 0; error == NULL && i < question->n_rules; i++) {
    gaokao_verdict_t verdict = {sizeof(verdict), question->rules[i], GAOKAO_PASS, 0, NULL, NULL};
    if (in_mood(lab, "lie_fewer") && i == 0)
      continue;
    if (in_mood(lab, "lie_index"))
      verdict.rule = 100000;
    if (in_mood(lab, "lie_result"))
      verdict.result = 9;
    if (in_mood(lab, "lie_short"))
      verdict.size = 4;
    if (in_mood(lab, "lie_text"))
      verdict.result = GAOKAO_FAIL, verdict.n_seen = 1, verdict.seen = &no_text;
    if (in_mood(lab, "undecided"))
      verdict.result = GAOKAO_ERROR, verdict.reason = "out of steps";
    if (in_mood(lab, "no"))
      verdict.result = GAOKAO_FAIL;
    sink->verdict(sink->context, &verdict);
    if (in_mood(lab, "lie_twice"))
      sink->verdict(sink->context, &verdict);
  }
  return error;
}

static void lab_unload_rules(void *instance, void *ruleset)
{
  lab_t *lab = instance;
  (void)ruleset;
  lab->host->metric_add(lab->host, "unloads", 1);
}

static const gaokao_policy_t lab_policy = {&lab_life, "xpath-1.0", lab_load_rules, lab_evaluate,
                                           lab_unload_rules};

/* ---- device ------------------------------------------------------------------------------------------- */

static gaokao_error_t *lab_recognise(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                                     apr_uint32_t *confidence)
{
  lab_t *lab = instance;
  (void)call;
  *confidence = in_mood(lab, "lie_confidence") ? 101 : input->length > 0 && input->bytes[0] == 'L' ? 80 : 0;
  return NULL;
}

static gaokao_error_t *lab_decode(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                                  const gaokao_reading_t **out)
{
  lab_t *lab = instance;
  gaokao_error_t *error = lab_mood(lab, call);
  gaokao_reading_t *reading = apr_pcalloc(call->pool, sizeof(*reading));
  gaokao_pair_t *field = apr_palloc(call->pool, sizeof(*field));
  gaokao_blob_t *blob = apr_palloc(call->pool, sizeof(*blob));
  if (error != NULL || in_mood(lab, "lie_nothing"))
    return error;
  field->name = "name";
  field->value = in_mood(lab, "lie_text") ? "\xed\xa0\x80" : "𠮷";
  blob->name = "photo";
  blob->media_type = "image/bmp";
  blob->bytes = input->bytes;
  blob->length = in_mood(lab, "lie_length") ? APR_UINT64_MAX : input->length;
  reading->size = sizeof(*reading);
  reading->type = "idcard";
  reading->fields = field;
  reading->n_fields = in_mood(lab, "lie_count") ? 1000000 : 1;
  reading->blobs = blob;
  reading->n_blobs = 1;
  *out = reading;
  return NULL;
}

static const gaokao_device_t lab_device = {&lab_life, lab_recognise, lab_decode};

/* ---- photo -------------------------------------------------------------------------------------------- */

static gaokao_error_t *lab_inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                                   const gaokao_photo_sink_t *sink)
{
  lab_t *lab = instance;
  gaokao_number_t fact = {"brightness", "%", in_mood(lab, "lie_nan") ? NAN : 40 + picture->n_facts};
  gaokao_finding_t finding;
  gaokao_crop_t crop = {sizeof(crop), 1, 1, 2, 2, 0, 0.5};
  gaokao_error_t *error = lab_mood(lab, call);
  memset(&finding, 0, sizeof(finding));
  finding.size = sizeof(finding);
  finding.severity = in_mood(lab, "lie_severity") ? 0 : GAOKAO_LOOK;
  finding.code = "brightness";
  finding.has = GAOKAO_HAS_MEASURED | GAOKAO_HAS_REGION;
  finding.measured = 41;
  finding.width = in_mood(lab, "lie_region") ? 5000 : 2;
  finding.height = 2;
  finding.zh = "偏暗";
  finding.en = "Rather dark";
  sink->fact(sink->context, &fact);
  sink->finding(sink->context, &finding);
  sink->crop(sink->context, &crop);
  if (in_mood(lab, "lie_crops"))
    sink->crop(sink->context, &crop);
  for (int i = 0; in_mood(lab, "lie_many") && i < 100; i++)
    sink->finding(sink->context, &finding);
  return error;
}

static const gaokao_photo_t lab_photo = {&lab_life, lab_inspect};

/* ---- export ------------------------------------------------------------------------------------------- */

typedef struct lab_stream_t { const gaokao_byte_sink_t *sink; } lab_stream_t;

static gaokao_error_t *lab_begin(void *instance, const gaokao_call_t *call,
                                 const gaokao_export_header_t *header, const gaokao_byte_sink_t *sink,
                                 apr_pool_t *pool, void **out)
{
  lab_t *lab = instance;
  lab_stream_t *stream = apr_palloc(pool, sizeof(*stream));
  gaokao_error_t *error = lab_mood(lab, call);
  stream->sink = sink;
  if (error == NULL && !in_mood(lab, "lie_nothing"))
    *out = stream;
  return error != NULL ? error : sink->write(sink->context, header->encoding, strlen(header->encoding));
}

static gaokao_error_t *lab_record(void *instance, const gaokao_call_t *call, void *data,
                                  const gaokao_record_t *record)
{
  lab_t *lab = instance;
  lab_stream_t *stream = data;
  gaokao_error_t *error = stream->sink->write(stream->sink->context, record->number, strlen(record->number));
  (void)call;
  return in_mood(lab, "swallow") ? NULL : error;
}

static gaokao_error_t *lab_end(void *instance, const gaokao_call_t *call, void *data,
                               const gaokao_export_totals_t *totals)
{
  lab_stream_t *stream = data;
  (void)instance;
  return stream->sink->write(stream->sink->context, apr_psprintf(call->pool, "=%d", (int)totals->records),
                             totals->records > 9 ? 3 : 2);
}

static const gaokao_export_format_t lab_formats[] = {{"lab", "text/plain", "txt", "UTF-8|GB18030"}};
static const gaokao_export_t lab_export = {&lab_life, lab_formats, 1, 0, lab_begin, lab_record, lab_end};

/* ---- entries ------------------------------------------------------------------------------------------ */

static const gaokao_build_t good_build = {sizeof(good_build), APR_MAJOR_VERSION, sizeof(void *),
                                          sizeof(apr_time_t), sizeof(apr_off_t), GAOKAO_POOL_DEBUG_};

/* A good descriptor, but for what `...` says about `d`. Built at the first call; the tests are one thread. */
#define ENTRY(entry_name, KIND, table, entry_flags, ...)                                                 \
  __attribute__((visibility("default"))) const gaokao_descriptor_t *gaokao_plugin_##entry_name(void);    \
  const gaokao_descriptor_t *gaokao_plugin_##entry_name(void)                                            \
  {                                                                                                      \
    static gaokao_descriptor_t d;                                                                        \
    const gaokao_descriptor_t made = {                                                                   \
        GAOKAO_MAGIC, sizeof(d), GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR, &good_build, GAOKAO_##KIND,         \
        (entry_flags), #entry_name, "1.0", "Apache-2.0", &(table), lab_options, sizeof(table),           \
        sizeof(gaokao_option_t)};                                                                        \
    d = made;                                                                                            \
    __VA_ARGS__;                                                                                         \
    return &d;                                                                                           \
  }

ENTRY(lab_policy, POLICY, lab_policy, GAOKAO_PURE | GAOKAO_THREAD_SAFE)
ENTRY(lab_single, POLICY, lab_policy, GAOKAO_PURE)
ENTRY(lab_device, DEVICE, lab_device, GAOKAO_THREAD_SAFE)
ENTRY(lab_photo, PHOTO, lab_photo, 0)
ENTRY(lab_photo_2, PHOTO, lab_photo, 0)
ENTRY(lab_export, EXPORT, lab_export, 0)

static const gaokao_build_t other_build = {sizeof(other_build), 2, 4,
                                           sizeof(apr_time_t),  4, GAOKAO_POOL_DEBUG_};
static const gaokao_build_t short_build = {8, APR_MAJOR_VERSION, 0, 0, 0, 0};
static const gaokao_life_t short_life = {16, 0, lab_create, NULL, NULL, NULL, NULL, lab_describe, lab_health};
static const gaokao_life_t no_health = {sizeof(no_health), 0,   lab_create, NULL, NULL, NULL, NULL,
                                        lab_describe,      NULL};
static const gaokao_policy_t short_life_policy = {&short_life, "xpath-1.0", lab_load_rules, lab_evaluate,
                                                  lab_unload_rules};
static const gaokao_policy_t no_health_policy = {&no_health, "", lab_load_rules, lab_evaluate,
                                                 lab_unload_rules};
static const gaokao_export_t no_formats = {&lab_life, lab_formats, 0, 0, lab_begin, lab_record, lab_end};
static const gaokao_option_t bad_options[] = {
    {"Key", GAOKAO_OPTION_INT, 0, "7", 0, 0, NULL, NULL, "", ""},
    {"twice", GAOKAO_OPTION_INT, 0, "7", 0, 0, NULL, NULL, "", ""},
    {"twice", GAOKAO_OPTION_INT, 0, "7", 0, 0, NULL, NULL, "", ""},
    {"type", 77, 0, "7", 0, 0, NULL, NULL, "", ""},
    {"flags", GAOKAO_OPTION_INT, 64, "7", 0, 0, NULL, NULL, "", ""},
    {"range", GAOKAO_OPTION_INT, 0, "7", 9, 1, NULL, NULL, "", ""},
    {"help", GAOKAO_OPTION_INT, 0, "7", 0, 0, NULL, NULL, NULL, ""},
    {"words", GAOKAO_OPTION_WORD, 0, "7", 0, 0, NULL, NULL, "", ""},
    {"preset", GAOKAO_OPTION_INT, 0, "seven", 0, 0, NULL, NULL, "", ""},
    GAOKAO_OPTIONS_END};

ENTRY(bad_null, POLICY, lab_policy, GAOKAO_PURE, return NULL)
ENTRY(bad_magic, POLICY, lab_policy, GAOKAO_PURE, d.magic = 0x12345678)
ENTRY(bad_short, POLICY, lab_policy, GAOKAO_PURE, d.size = 40)
ENTRY(bad_major, POLICY, lab_policy, GAOKAO_PURE, d.abi_major = GAOKAO_ABI_MAJOR + 1)
ENTRY(bad_minor, POLICY, lab_policy, GAOKAO_PURE, d.abi_minor = GAOKAO_ABI_MINOR + 1)
ENTRY(bad_apr, POLICY, lab_policy, GAOKAO_PURE, d.build = &other_build)
ENTRY(bad_build, POLICY, lab_policy, GAOKAO_PURE, d.build = &short_build)
ENTRY(bad_name, POLICY, lab_policy, GAOKAO_PURE, d.name = "other")
ENTRY(bad_version, POLICY, lab_policy, GAOKAO_PURE, d.version = "", d.licence = "\xff")
ENTRY(bad_flags, POLICY, lab_policy, GAOKAO_PURE | 4096)
ENTRY(bad_kind, POLICY, lab_policy, GAOKAO_PURE, d.kind = 9)
ENTRY(bad_impure, POLICY, lab_policy, GAOKAO_THREAD_SAFE)
ENTRY(bad_vtable, POLICY, lab_policy, GAOKAO_PURE, d.vtable_size = 8)
ENTRY(bad_life, POLICY, short_life_policy, GAOKAO_PURE)
ENTRY(bad_functions, POLICY, no_health_policy, GAOKAO_PURE)
ENTRY(bad_formats, EXPORT, no_formats, 0)
ENTRY(bad_options, POLICY, lab_policy, GAOKAO_PURE, d.options = bad_options)
ENTRY(bad_option_size, POLICY, lab_policy, GAOKAO_PURE, d.option_size = 8)

/* As a plugin of a later minor that still says 1.0 would look: everything longer than this host knows. */
typedef struct long_option_t { gaokao_option_t known; char later[24]; } long_option_t;
typedef struct long_policy_t { gaokao_policy_t known; void *later[4]; } long_policy_t;
static const long_option_t long_options[] = {
    {{"mood", GAOKAO_OPTION_STRING, 0, "good", 0, 0, NULL, NULL, "", ""}, "x"},
    {{"number", GAOKAO_OPTION_INT, 0, "3", 0, 0, NULL, NULL, "", ""}, "x"},
    {GAOKAO_OPTIONS_END, ""}};
static const long_policy_t long_policy = {
    {&lab_life, "xpath-1.0", lab_load_rules, lab_evaluate, lab_unload_rules}, {NULL, NULL, NULL, NULL}};
ENTRY(lab_long, POLICY, long_policy, GAOKAO_PURE,
      d.options = (const gaokao_option_t *)(const void *)long_options, d.option_size = sizeof(long_option_t))
