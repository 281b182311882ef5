/* plugin/standing.c: see standing.h. */
#include "plugin/standing.h"

#include <pthread.h>
#include <string.h>
#include <apr_time.h>

/* strncpy that always ends; apr_cpystrn, but safe in a signal's handler whatever APR does. */
static void copy(char *to, const char *from, size_t size)
{
  size_t i = 0;
  for (; from != NULL && i + 1 < size && from[i] != '\0'; i++)
    to[i] = from[i];
  to[i] = '\0';
}

static bool same(const char *a, const char *b)
{
  return strncmp(a, b, GK_PLUGIN__RECORD_BYTES - 1) == 0;
}

int gk_standing__plugin(gk_standing_t *standing, const char *name)
{
  for (int i = 0; i < GK_STANDING_PLUGINS; i++) {
    apr_uint32_t state = atomic_load(&standing->plugins[i].state);
    if (state == 0 && atomic_compare_exchange_strong(&standing->plugins[i].state, &state, 1)) {
      copy(standing->plugins[i].name, name, GK_PLUGIN__NAME_BYTES);
      atomic_store(&standing->plugins[i].state, 2);
      return i;
    }
    if (state == 2 && strncmp(standing->plugins[i].name, name, GK_PLUGIN__NAME_BYTES - 1) == 0)
      return i;
  }
  return -1;
}

/* ---- slots -------------------------------------------------------------------------------------------- */

gk_plugin__slot_t *gk_standing__enter(gk_standing_t *standing, int plugin, const char *record, apr_int32_t pid,
                                      apr_int64_t now_us)
{
  apr_uint64_t self = (apr_uint64_t)pthread_self();
  /* Threads of all processes have the same few addresses: the pid spreads them. */
  unsigned start = (unsigned)(((self >> 12) * 0x9e3779b97f4a7c15ULL + (apr_uint64_t)pid * 0xff51afd7ed558ccdULL) >> 40);
  for (unsigned i = 0; i < GK_STANDING_SLOTS; i++) {
    gk_plugin__slot_t *slot = &standing->slots[(start + i) % GK_STANDING_SLOTS];
    apr_int32_t nobody = 0;
    if (atomic_load_explicit(&slot->pid, memory_order_relaxed) != 0 ||
        !atomic_compare_exchange_strong(&slot->pid, &nobody, pid))
      continue;
    slot->plugin = (apr_uint32_t)plugin;
    slot->thread = self;
    copy(slot->record, record, sizeof(slot->record));
    atomic_store_explicit(&slot->signal, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->blamed, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->since_us, now_us, memory_order_release);
    return slot;
  }
  return NULL;
}

void gk_standing__leave(gk_plugin__slot_t *slot)
{
  if (slot == NULL)
    return;
  atomic_store_explicit(&slot->since_us, 0, memory_order_relaxed);
  atomic_store_explicit(&slot->pid, 0, memory_order_release);
}

gk_plugin__slot_t *gk_standing__mine(gk_standing_t *standing, apr_int32_t pid)
{
  apr_uint64_t self = (apr_uint64_t)pthread_self();
  for (int i = 0; i < GK_STANDING_SLOTS; i++) {
    gk_plugin__slot_t *slot = &standing->slots[i];
    if (atomic_load(&slot->pid) == pid && slot->thread == self)
      return slot;
  }
  return NULL;
}

/* ---- suspects ----------------------------------------------------------------------------------------- */

/* The next one of this record from *i on. */
static gk_plugin__suspect_t *next(gk_standing_t *standing, int plugin, const char *record, int *i)
{
  while (*i < GK_STANDING_SUSPECTS) {
    gk_plugin__suspect_t *suspect = &standing->suspects[(*i)++];
    if (atomic_load_explicit(&suspect->state, memory_order_acquire) == 2 && suspect->plugin == (apr_uint32_t)plugin &&
        same(suspect->record, record))
      return suspect;
  }
  return NULL;
}

static void forget(gk_standing_t *standing, gk_plugin__suspect_t *suspect)
{
  apr_uint32_t there = 2;
  if (atomic_compare_exchange_strong(&suspect->state, &there, 1)) {
    atomic_store(&suspect->tried_by, 0);
    atomic_store(&suspect->deaths, 0);
    atomic_fetch_sub(&standing->n_suspects, 1);
    atomic_store(&suspect->state, 0);
  }
}

gk_plugin__suspicion_t gk_standing__ask(gk_standing_t *standing, int plugin, const char *record, apr_int32_t pid)
{
  gk_plugin__suspect_t *suspect, *first = NULL;
  unsigned deaths = 0;
  int i = 0;
  if (atomic_load_explicit(&standing->n_suspects, memory_order_relaxed) == 0)
    return GK_SUSPICION_NONE;
  while ((suspect = next(standing, plugin, record, &i)) != NULL) {
    deaths += atomic_load(&suspect->deaths);
    if (first == NULL)
      first = suspect;
  }
  if (first == NULL)
    return GK_SUSPICION_NONE;
  if (deaths >= GK_STANDING_DEATHS)
    return GK_SUSPICION_BARRED;
  apr_int32_t nobody = 0;
  return atomic_compare_exchange_strong(&first->tried_by, &nobody, pid) ? GK_SUSPICION_TRY : GK_SUSPICION_WAIT;
}

void gk_standing__tried(gk_standing_t *standing, int plugin, const char *record)
{
  gk_plugin__suspect_t *suspect;
  int i = 0;
  while ((suspect = next(standing, plugin, record, &i)) != NULL)
    forget(standing, suspect);
}

/* A free place, or that of the oldest record that is not barred. */
static gk_plugin__suspect_t *place(gk_standing_t *standing)
{
  gk_plugin__suspect_t *oldest = NULL;
  for (int i = 0; i < GK_STANDING_SUSPECTS; i++) {
    gk_plugin__suspect_t *suspect = &standing->suspects[i];
    apr_uint32_t state = 0;
    if (atomic_compare_exchange_strong(&suspect->state, &state, 1)) {
      atomic_fetch_add(&standing->n_suspects, 1);
      return suspect;
    }
    if (state == 2 && atomic_load(&suspect->deaths) < GK_STANDING_DEATHS &&
        (oldest == NULL || atomic_load(&suspect->last) < atomic_load(&oldest->last)))
      oldest = suspect;
  }
  apr_uint32_t there = 2;
  return oldest != NULL && atomic_compare_exchange_strong(&oldest->state, &there, 1) ? oldest : NULL;
}

unsigned gk_standing__blame(gk_standing_t *standing, int plugin, const char *record, int why)
{
  gk_plugin__suspect_t *suspect, *first = NULL;
  unsigned deaths = 1;
  int i = 0;
  while ((suspect = next(standing, plugin, record, &i)) != NULL) {
    deaths += atomic_load(&suspect->deaths);
    if (first == NULL)
      first = suspect;
  }
  bool fresh = first == NULL;
  if (fresh && (first = place(standing)) == NULL)
    return deaths; /* 64 records are barred: they are the news */
  if (fresh) {
    first->plugin = (apr_uint32_t)plugin;
    copy(first->record, record, sizeof(first->record));
    atomic_store(&first->tried_by, 0);
    atomic_store(&first->deaths, 0);
  }
  atomic_fetch_add(&first->deaths, 1);
  atomic_store(&first->why, why);
  atomic_store(&first->last, apr_time_now());
  if (fresh)
    atomic_store_explicit(&first->state, 2, memory_order_release);
  return deaths;
}

unsigned gk_standing__deaths(gk_standing_t *standing, int plugin, const char *record)
{
  gk_plugin__suspect_t *suspect;
  unsigned deaths = 0;
  int i = 0;
  if (atomic_load_explicit(&standing->n_suspects, memory_order_relaxed) == 0)
    return 0;
  while ((suspect = next(standing, plugin, record, &i)) != NULL)
    deaths += atomic_load(&suspect->deaths);
  return deaths;
}

void gk_standing__forgive(gk_standing_t *standing, int plugin)
{
  for (int i = 0; i < GK_STANDING_SUSPECTS; i++)
    if (standing->suspects[i].plugin == (apr_uint32_t)plugin)
      forget(standing, &standing->suspects[i]);
}

int gk_standing__barred(const gk_standing_t *standing, int plugin)
{
  int count = 0;
  if (atomic_load_explicit(&standing->n_suspects, memory_order_relaxed) == 0)
    return 0;
  for (int i = 0; i < GK_STANDING_SUSPECTS; i++) {
    const gk_plugin__suspect_t *suspect = &standing->suspects[i];
    if (atomic_load_explicit(&suspect->state, memory_order_acquire) == 2 && suspect->plugin == (apr_uint32_t)plugin &&
        atomic_load(&suspect->deaths) >= GK_STANDING_DEATHS)
      count++;
  }
  return count;
}
