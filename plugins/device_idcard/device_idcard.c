/* device_idcard: the text block of second-generation ID cards, of residence permits of Hong Kong, Macao and Taiwan residents and
 * of foreigners' permanent residence cards becomes fields (README.md). */
#include <string.h>
#include <apr_strings.h>

#include "block.h"

#define MEDIA "application/vnd.gaokao.idcard"

typedef struct idcard_t {
  const gaokao_host_t *host;
} idcard_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  idcard_t *idcard = apr_pcalloc(pool, sizeof(*idcard));
  idcard->host = host;
  *instance = idcard;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"reads", MEDIA},
                                        {"layouts", "resident hmt_permit foreigner_2017 foreigner_2023"}};
  (void)instance;
  (void)call;
  facts->n_facts = 2;
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

/* By the media type; without one, a block of the right length whose date of birth looks like one. */
static gaokao_error_t *recognise(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                                 apr_uint32_t *confidence)
{
  (void)instance;
  (void)call;
  *confidence = 0;
  if (strcmp(input->media_type, MEDIA) == 0) {
    *confidence = 100;
  } else if (input->media_type[0] == '\0' && input->length == IDCARD_BLOCK_BYTES) {
    unsigned at = strcmp(idcard_block_layout(input->bytes), "foreigner_2017") == 0 ? 220 : 36;
    *confidence = 60;
    for (unsigned i = 0; i < 16; i++)
      if (i % 2 == 0 ? input->bytes[at + i] < '0' || input->bytes[at + i] > '9' : input->bytes[at + i] != 0)
        *confidence = 0;
  }
  return NULL;
}

/* The day in Asia/Shanghai, as 20131105. */
static apr_uint32_t day_of(apr_time_t when)
{
  apr_time_exp_t day;
  if (when <= 0 || apr_time_exp_tz(&day, when, 8 * 3600) != APR_SUCCESS)
    return 0;
  return (apr_uint32_t)((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday);
}

static gaokao_error_t *decode(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                              const gaokao_reading_t **reading)
{
  const idcard_t *idcard = instance;
  if (input->length != IDCARD_BLOCK_BYTES)
    return idcard->host->error_new(call->pool, GAOKAO_E_INPUT, "文字块应为256字节，收到%lu字节，请重新读卡",
                                   "A text block has 256 bytes, this one has %lu: read the card again",
                                   (unsigned long)input->length);
  idcard_block_t *block = apr_pcalloc(call->pool, sizeof(*block));
  const idcard_fault_t *fault = idcard_block_read(block, input->bytes, day_of(input->received), call->pool);
  if (fault != NULL) {
    gaokao_error_t *error = idcard->host->error_new(call->pool, GAOKAO_E_INPUT, "%s", NULL, fault->zh);
    error->en = fault->en;
    return error;
  }
  gaokao_reading_t *out = apr_pcalloc(call->pool, sizeof(*out));
  out->size = sizeof(*out);
  out->type = "idcard";
  out->n_fields = block->n_fields;
  out->fields = block->fields;
  *reading = out;
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, NULL, NULL, NULL, NULL, describe, health};

static const gaokao_device_t vtable = {&life, recognise, decode};

GAOKAO_PLUGIN(device_idcard, DEVICE, vtable, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
