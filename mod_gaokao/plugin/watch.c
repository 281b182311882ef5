/* plugin/watch.c: deaths inside plugins, calls that don't return, and how large the processes are (plugin.h,
 * gk_plugins_watch). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <apr_strings.h>
#include "plugin/internal.h"

#define QUIET_US (10 * 60 * 1000000LL)  /* deaths further apart than this have nothing to do with each other */
#define FIRST_PAUSE_US 1000000
#define LONGEST_PAUSE_US (5 * 60 * 1000000LL)
#define SHORTEST_STUCK_US 2000000

/* ---- the shared memory -------------------------------------------------------------------------------- */

apr_size_t gk_plugins_shared_bytes(void)
{
  return sizeof(gk_standing_t);
}

bool gk_plugins_share(gk_plugins_t *plugins, void *memory)
{
  gk_standing_t *standing = memory;
  apr_uint32_t size = 0;
  if (!atomic_compare_exchange_strong(&standing->size, &size, (apr_uint32_t)sizeof(*standing)) &&
      size != sizeof(*standing))
    return false;
  plugins->standing = standing;
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    int index = gk_standing__plugin(standing, plugin->name);
    if (index < 0)
      return false;
    plugin->index = index;
    plugin->shared = &standing->plugins[index].shared;
  }
  return true;
}

int gk_plugins_shared_create(void **memory)
{
  int fd = memfd_create("gaokao-plugins", 0);
  if (fd < 0)
    return -1;
  if (posix_fallocate(fd, 0, sizeof(gk_standing_t)) != 0 || (*memory = gk_plugins_shared_open(fd)) == NULL) {
    close(fd);
    return -1;
  }
  return fd;
}

void *gk_plugins_shared_open(int fd)
{
  /* Writing behind a file's end kills: a stranger's descriptor must not be believed. */
  if (lseek(fd, 0, SEEK_END) != (off_t)sizeof(gk_standing_t))
    return NULL;
  void *memory = mmap(NULL, sizeof(gk_standing_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory != MAP_FAILED ? memory : NULL;
}

/* ---- signals ------------------------------------------------------------------------------------------ */

/* The signals a plugin's fault comes as. The handler blames the record and lets httpd's own handler go on. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
enum { FATAL = sizeof(fatal) / sizeof(fatal[0]) };
static struct sigaction before[FATAL];
static gk_standing_t *watched;  /* of this process; a handler gets no argument */
static atomic_flag dying = ATOMIC_FLAG_INIT;

static void on_fatal(int number, siginfo_t *info, void *context)
{
  int saved = errno;
  gk_plugin__slot_t *slot = watched != NULL ? gk_standing__mine(watched, getpid()) : NULL;
  if (slot != NULL && !atomic_flag_test_and_set(&dying)) { /* one thread took the process along, the others follow */
    atomic_store(&slot->signal, number);
    atomic_store(&slot->blamed, 1);
    gk_standing__blame(watched, (int)slot->plugin, slot->record, number);
  }
  errno = saved;
  for (int i = 0; i < FATAL; i++) {
    if (fatal[i] != number)
      continue;
    if ((before[i].sa_flags & SA_SIGINFO) != 0 && before[i].sa_sigaction != NULL) {
      before[i].sa_sigaction(number, info, context);
    } else if (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN) {
      before[i].sa_handler(number);
    } else {
      signal(number, SIG_DFL);
      raise(number);
    }
  }
}

static void catch_fatal(gk_standing_t *standing)
{
  bool first = watched == NULL;
  struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  watched = standing;
  for (int i = 0; first && i < FATAL; i++)
    sigaction(fatal[i], &action, &before[i]);
}

/* ---- deaths ------------------------------------------------------------------------------------------- */

static gk_plugin_t *plugin_at(gk_plugins_t *plugins, apr_uint32_t index)
{
  for (int i = 0; i < plugins->plugins->nelts; i++)
    if ((apr_uint32_t)APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *)->index == index)
      return APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
  return NULL;
}

/* Different records take processes along: the plugin as a whole gets the pause of failures in a row. */
static void count_death(gk_plugin_t *plugin)
{
  gk_plugin__shared_t *shared = plugin->shared;
  apr_int64_t now = gk_plugin__monotonic_us(), last = atomic_exchange(&shared->died_us, now);
  if (last != 0 && now - last > QUIET_US)
    atomic_store(&shared->deaths_in_row, 0);
  if (atomic_fetch_add(&shared->deaths_in_row, 1) + 1 < GK_STANDING_DEATHS)
    return;
  apr_int64_t pause = atomic_load(&shared->pause_us);
  pause = pause == 0 ? FIRST_PAUSE_US : pause * 2 > LONGEST_PAUSE_US ? LONGEST_PAUSE_US : pause * 2;
  atomic_store(&shared->pause_us, pause);
  atomic_store(&shared->retry_at_us, now + pause);
  gk_plugin__log(plugin, GK_ALARM, "processes die on different records: out of service for %" APR_INT64_T_FMT " s",
                 pause / 1000000);
}

/* The slot of a process that is gone. `innocent`: unless it says otherwise, for another one has the blame. */
static void bury_slot(gk_plugins_t *plugins, gk_plugin__slot_t *slot, apr_int32_t pid, bool innocent)
{
  gk_standing_t *standing = plugins->standing;
  apr_int32_t expected = pid;
  if (!atomic_compare_exchange_strong(&slot->pid, &expected, -pid))
    return; /* a sibling is at it */
  gk_plugin_t *plugin = plugin_at(plugins, slot->plugin);
  apr_int32_t number = atomic_load(&slot->signal);
  bool guilty = number != 0 || atomic_load(&slot->blamed) != 0;
  if (plugin != NULL && (guilty || !innocent)) {
    slot->record[GK_PLUGIN__RECORD_BYTES - 1] = '\0';
    if (!guilty)
      gk_standing__blame(standing, plugin->index, slot->record, GK_WHY_LOST);
    atomic_fetch_add(&plugin->shared->crashes, 1);
    if (number != 0)
      gk_plugin__log(plugin, GK_ALARM, "process %d died by signal %d inside the plugin", (int)pid, (int)number);
    else
      gk_plugin__log(plugin, GK_WARNING, "process %d ended inside the plugin%s", (int)pid,
                     guilty ? ", which did not return" : ", by nobody's signal or by kill");
    /* What was killed from outside says nothing about the plugin. */
    if (number != 0 && gk_standing__deaths(standing, plugin->index, slot->record) <= 1)
      count_death(plugin);
  }
  atomic_store(&slot->pid, 0);
}

void gk_plugins_bury(gk_plugins_t *plugins, long dead)
{
  gk_standing_t *standing = plugins->standing;
  apr_int32_t pid = (apr_int32_t)dead;
  bool signalled = false;
  if (standing == NULL || pid <= 0)
    return;
  for (int i = 0; i < GK_STANDING_SLOTS; i++)
    if (atomic_load(&standing->slots[i].pid) == pid &&
        (atomic_load(&standing->slots[i].signal) != 0 || atomic_load(&standing->slots[i].blamed) != 0))
      signalled = true;
  for (int i = 0; i < GK_STANDING_SLOTS; i++)
    if (atomic_load(&standing->slots[i].pid) == pid)
      bury_slot(plugins, &standing->slots[i], pid, signalled);
  for (int i = 0; i < GK_STANDING_SUSPECTS; i++) {
    apr_int32_t expected = pid;
    atomic_compare_exchange_strong(&standing->suspects[i].tried_by, &expected, 0);
  }
  for (int i = 0; i < GK_STANDING_PROCESSES; i++) {
    apr_int32_t expected = pid;
    atomic_compare_exchange_strong(&standing->processes[i].pid, &expected, 0);
  }
}

static bool gone(apr_int32_t pid)
{
  return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

void gk_plugins_bury_dead(gk_plugins_t *plugins)
{
  gk_standing_t *standing = plugins->standing;
  if (standing == NULL)
    return;
  for (int i = 0; i < GK_STANDING_SLOTS; i++) {
    apr_int32_t pid = atomic_load(&standing->slots[i].pid);
    if (pid != 0 && pid != plugins->pid && gone(pid))
      gk_plugins_bury(plugins, pid);
  }
  for (int i = 0; i < GK_STANDING_PROCESSES; i++) {
    apr_int32_t pid = atomic_load(&standing->processes[i].pid);
    if (pid != 0 && pid != plugins->pid && gone(pid))
      gk_plugins_bury(plugins, pid);
  }
}

/* ---- this process ------------------------------------------------------------------------------------- */

void gk_plugins_attend(gk_plugins_t *plugins, bool worker)
{
  gk_standing_t *standing = plugins->standing;
  plugins->pid = (apr_int32_t)getpid();
  plugins->process = NULL;
  for (int i = 0; i < GK_STANDING_PROCESSES && plugins->process == NULL; i++) {
    apr_int32_t nobody = 0;
    if (atomic_compare_exchange_strong(&standing->processes[i].pid, &nobody, plugins->pid))
      plugins->process = &standing->processes[i];
  }
  if (plugins->process != NULL) {
    atomic_store(&plugins->process->program, worker ? 1 : 0);
    atomic_store(&plugins->process->leaving, 0);
    atomic_store(&plugins->process->bytes, 0);
  }
  catch_fatal(standing);
}

static apr_int64_t resident_bytes(void)
{
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL)
    return 0;
  if (fscanf(file, "%*s %ld", &pages) != 1)
    pages = 0;
  fclose(file);
  return (apr_int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Calls of this process that should have been back long ago. Each is told and blamed once. */
static int look_for_stuck(gk_plugins_t *plugins)
{
  gk_standing_t *standing = plugins->standing;
  apr_int64_t now = gk_plugin__monotonic_us();
  int stuck = 0;
  for (int i = 0; i < GK_STANDING_SLOTS; i++) {
    gk_plugin__slot_t *slot = &standing->slots[i];
    if (atomic_load_explicit(&slot->pid, memory_order_relaxed) != plugins->pid)
      continue;
    apr_int64_t since = atomic_load_explicit(&slot->since_us, memory_order_acquire);
    gk_plugin_t *plugin = plugin_at(plugins, slot->plugin);
    if (since == 0 || plugin == NULL)
      continue;
    apr_int64_t limit = plugin->row.deadline_us * 4;
    if (now - since < (limit > SHORTEST_STUCK_US ? limit : SHORTEST_STUCK_US))
      continue;
    stuck++;
    if (atomic_exchange(&slot->blamed, 1) != 0)
      continue;
    atomic_fetch_add(&plugin->shared->stuck, 1);
    unsigned deaths = gk_standing__blame(standing, plugin->index, slot->record, GK_WHY_STUCK);
    gk_plugin__log(plugin, GK_ALARM, "a call has not returned for %" APR_INT64_T_FMT " s (the record's fault number %u)",
                   (now - since) / 1000000, deaths);
  }
  return stuck;
}

gk_plugins_watch_t gk_plugins_watch(gk_plugins_t *plugins)
{
  gk_plugins_watch_t found = {0, resident_bytes()};
  gk_plugins_bury_dead(plugins);
  found.stuck = look_for_stuck(plugins);
  if (plugins->process != NULL)
    atomic_store_explicit(&plugins->process->bytes, found.resident_bytes, memory_order_relaxed);
  return found;
}

void gk_plugins_leaving(gk_plugins_t *plugins)
{
  if (plugins->process != NULL)
    atomic_store(&plugins->process->leaving, 1);
}

gk_error_t *gk_plugin_reset(gk_plugins_t *plugins, const char *name, apr_pool_t *pool)
{
  bool found = false;
  for (int i = 0; i < plugins->plugins->nelts; i++) {
    gk_plugin_t *plugin = APR_ARRAY_IDX(plugins->plugins, i, gk_plugin_t *);
    if (name != NULL && strcmp(plugin->name, name) != 0)
      continue;
    found = true;
    gk_standing__forgive(plugins->standing, plugin->index);
    atomic_store(&plugin->shared->deaths_in_row, 0);
    atomic_store(&plugin->shared->in_a_row, 0);
    atomic_store(&plugin->shared->pause_us, 0);
    atomic_store(&plugin->shared->retry_at_us, 0);
  }
  if (!found && name != NULL)
    return gk_error(pool, GK_E_NOT_FOUND, "没有组件“%s”", "There is no plugin '%s'", name);
  return NULL;
}
