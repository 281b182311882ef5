/* domain/live.c: see live.h. */
#include "domain/live.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"

#define TICK (GK_SECOND / 2)
#define OVERLAP (5 * GK_SECOND) /* transactions that began before the last look and end after it */

/* 128 bits of the cookie's digest; written last, zeroed first. */
typedef struct known_t {
  _Atomic apr_uint64_t low, high;
  _Atomic apr_int64_t org_id;   /* negative: sees all below it */
  _Atomic apr_int64_t until;    /* gk_tick */
  _Atomic apr_uint64_t epoch;
} known_t;

typedef struct memory_t {
  _Atomic apr_uint64_t epoch, all, salt;
  _Atomic apr_int64_t looked;   /* gk_tick of the last gk_live_follow */
  _Atomic apr_int64_t since;    /* moment up to which the table was seen */
  _Atomic apr_uint64_t count[GK_LIVE_POINTS];
  _Atomic apr_int64_t seen[GK_LIVE_POINTS];
  known_t known[GK_LIVE_SESSIONS];
} memory_t;

static memory_t *memory;

apr_size_t gk_live_bytes(void) { return sizeof(memory_t); }

void gk_live_attach(void *bytes)
{
  memory = bytes;
  /* Tags of before a restart must not fit: the counts begin again. */
  atomic_store(&memory->salt, (apr_uint64_t)apr_time_now());
}

static unsigned slot_of(apr_int64_t org_id) { return (unsigned)((apr_uint64_t)org_id * 2654435761U % GK_LIVE_POINTS); }

void gk_live_bump(apr_int64_t org_id)
{
  if (memory == NULL)
    return;
  atomic_fetch_add(&memory->count[slot_of(org_id)], 1);
  atomic_fetch_add(&memory->all, 1);
}

const char *gk_live_tag(apr_int64_t org_id, bool point, apr_pool_t *pool)
{
  if (memory == NULL)
    return NULL;
  apr_uint64_t count = point ? atomic_load(&memory->count[slot_of(org_id)]) : atomic_load(&memory->all);
  return apr_psprintf(pool, "\"l%" APR_UINT64_T_HEX_FMT ".%" APR_INT64_T_FMT ".%" APR_UINT64_T_FMT "\"",
                      atomic_load(&memory->salt), org_id, count);
}

static known_t *place_of(const char *cookie, apr_uint64_t *low, apr_uint64_t *high, apr_pool_t *pool)
{
  const char *hex = gk_sha256_hex(pool, cookie, strlen(cookie));
  char half[17];
  apr_cpystrn(half, hex, sizeof(half));
  *low = strtoull(half, NULL, 16) | 1; /* never what an empty place has */
  apr_cpystrn(half, hex + 16, sizeof(half));
  *high = strtoull(half, NULL, 16);
  return &memory->known[*high % GK_LIVE_SESSIONS];
}

void gk_live_know(const char *cookie, apr_int64_t org_id, bool point, apr_pool_t *pool)
{
  apr_uint64_t low, high;
  if (memory == NULL || cookie == NULL)
    return;
  known_t *known = place_of(cookie, &low, &high, pool);
  atomic_store(&known->low, 0);
  atomic_store(&known->high, high);
  atomic_store(&known->org_id, point ? org_id : -org_id);
  atomic_store(&known->until, gk_tick() + GK_LIVE_KNOWN);
  atomic_store(&known->epoch, atomic_load(&memory->epoch));
  atomic_store(&known->low, low);
}

const char *gk_live_tag_of(const char *cookie, apr_pool_t *pool)
{
  apr_uint64_t low, high;
  if (memory == NULL || cookie == NULL)
    return NULL;
  const known_t *known = place_of(cookie, &low, &high, pool);
  bool same = atomic_load(&known->low) == low && atomic_load(&known->high) == high;
  apr_int64_t org_id = atomic_load(&known->org_id);
  same = same && atomic_load(&known->until) > gk_tick() && atomic_load(&known->epoch) == atomic_load(&memory->epoch);
  if (!same || atomic_load(&known->low) != low) /* somebody else took the place meanwhile */
    return NULL;
  return gk_live_tag(llabs(org_id), org_id > 0, pool);
}

void gk_live_forget_all(void)
{
  if (memory != NULL)
    atomic_fetch_add(&memory->epoch, 1);
}

bool gk_live_due(void)
{
  if (memory == NULL)
    return false;
  apr_int64_t now = gk_tick(), looked = atomic_load(&memory->looked);
  return now - looked >= TICK && atomic_compare_exchange_strong(&memory->looked, &looked, now);
}

gk_error_t *gk_live_follow(gk_act_t *act)
{
  apr_array_header_t *changes;
  apr_int64_t since = atomic_load(&memory->since);
  GK_TRY(gk_store_live_since(&changes, act, since == 0 ? act->now : since - OVERLAP));
  for (int i = 0; i < changes->nelts; i++) {
    const gk_live_change_t *change = &APR_ARRAY_IDX(changes, i, gk_live_change_t);
    apr_int64_t generation = change->generation * 31 + change->org_id; /* two points may share a place */
    if (atomic_exchange(&memory->seen[slot_of(change->org_id)], generation) != generation)
      gk_live_bump(change->org_id);
  }
  atomic_store(&memory->since, act->now);
  return NULL;
}
