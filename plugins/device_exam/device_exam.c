/* device_exam: results of a physical examination, as instruments and result files give them (README.md). */
#include <string.h>
#include <apr_strings.h>

#include "items.h"

#define MEDIA "application/vnd.gaokao.exam"

typedef struct exam_t {
  const gaokao_host_t *host;
} exam_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  exam_t *exam = apr_pcalloc(pool, sizeof(*exam));
  exam->host = host;
  *instance = exam;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"reads", MEDIA}};
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

static gaokao_error_t *recognise(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                                 apr_uint32_t *confidence)
{
  (void)instance;
  (void)call;
  *confidence = strcmp(input->media_type, MEDIA) == 0 ? 100 : 0;
  return NULL;
}

static gaokao_error_t *decode(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                              const gaokao_reading_t **reading)
{
  const exam_t *exam = instance;
  gaokao_pair_t *fields = apr_pcalloc(call->pool, sizeof(*fields) * EXAM_FIELDS);
  gaokao_reading_t *out = apr_pcalloc(call->pool, sizeof(*out));
  const exam_fault_t *fault =
      exam_read(fields, &out->n_fields, (const char *)input->bytes, (apr_size_t)input->length, call->pool);
  if (fault != NULL) {
    gaokao_error_t *error = exam->host->error_new(call->pool, GAOKAO_E_INPUT, "%s", NULL, fault->zh);
    error->en = fault->en;
    return error;
  }
  out->size = sizeof(*out);
  out->type = "examination";
  out->fields = fields;
  *reading = out;
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, NULL, NULL, NULL, NULL, describe, health};

static const gaokao_device_t vtable = {&life, recognise, decode};

GAOKAO_PLUGIN(device_exam, DEVICE, vtable, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
