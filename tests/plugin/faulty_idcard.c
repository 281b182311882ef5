/* tests/plugin/faulty_idcard.c: device_idcard with a fault, for the fault tests (catalogue PR-5); never installed. It dies
 * on a card whose text holds 毒 and decodes all others. Its file takes the real one's place in an instance. */
#include <stdlib.h>
#include "gaokao_plugin.h"

#pragma push_macro("GAOKAO_PLUGIN")
#undef GAOKAO_PLUGIN
#define GAOKAO_PLUGIN(name, kind, its_vtable, ...) static const gaokao_device_t *const real = &(its_vtable);
#include "device_idcard.c"
#pragma pop_macro("GAOKAO_PLUGIN")

static gaokao_error_t *stumble(void *instance, const gaokao_call_t *call, const gaokao_input_t *input,
                               const gaokao_reading_t **reading)
{
  for (apr_uint64_t i = 0; i + 1 < input->length; i += 2)
    if (input->bytes[i] == 0xd2 && input->bytes[i + 1] == 0x6b) /* U+6BD2 */
      abort();
  return real->decode(instance, call, input, reading);
}

static const gaokao_device_t faulty = {&life, recognise, stumble};

GAOKAO_PLUGIN(device_idcard, DEVICE, faulty, NULL, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
