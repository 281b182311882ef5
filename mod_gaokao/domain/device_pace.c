/* domain/device_pace.c: a bucket for each device (device.h), in memory that all processes of a node share. A place holds the
 * moment at which everything that was taken would be paid off at the device's rate. */
#include "domain/device.h"

#include <stdatomic.h>

#include "base/time.h"

enum { PLACES = 16384 };
#define POST_COSTS 10              /* readings' worth: a request, whatever is in it */
#define DEBT_MAX (5 * GK_SECOND)   /* a spool's first batches are taken at once */

typedef struct memory_t {
  _Atomic apr_int64_t paid_at[PLACES]; /* gk_tick */
} memory_t;

static memory_t *memory;

apr_size_t gk_device_pace_bytes(void) { return sizeof(memory_t); }

void gk_device_pace_attach(void *bytes) { memory = bytes; }

apr_interval_time_t gk_device_pace(apr_int64_t device_id, int readings, int rate, apr_time_t tick)
{
  if (memory == NULL || rate == 0)
    return 0;
  _Atomic apr_int64_t *place = &memory->paid_at[(apr_uint64_t)device_id % PLACES];
  apr_int64_t paid_at = atomic_load(place), from;
  do {
    from = paid_at > tick ? paid_at : tick;
    if (from - tick > DEBT_MAX)
      return from - tick - DEBT_MAX;
  } while (!atomic_compare_exchange_weak(place, &paid_at, from + (POST_COSTS + readings) * GK_SECOND / rate));
  return 0;
}
