/* worker/photo_worker.c: see photo_worker.h.
 *
 * The master loads plugins and their data once and forks; its workers share what was loaded. A worker takes one connection at a
 * time from the common listening socket. It may compute and answer, nothing else: the limits and the filter go on before the
 * first picture, the keys are wiped, and it has no connection to the database. The master looks after them ten times a
 * second: who died is buried (its plugin's record gets the blame) and replaced, who is over its time is killed.
 */
#include "config.h"
#include "worker/photo_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>
#ifdef GK_HAVE_SECCOMP
#include <seccomp.h>
#endif

#include "domain/keyring.h"
#include "domain/ports.h"
#include "plugin/overrides.h"
#include "plugin/photo_check.h"
#include "plugin/photo_pool.h"

#define WORKERS_MAX 32
#define LOOK_US (100 * 1000)
#define OPTIONS_US (2 * APR_USEC_PER_SEC)
#define LEAVE_US (3 * APR_USEC_PER_SEC)
#define WARM_US (20 * APR_USEC_PER_SEC)
#define PICTURES 2000           /* of one worker: what a library leaks goes with it */
#define NICE 10                 /* saves of forms go first on a busy machine */
#define CPU_SECONDS 5           /* of one picture, before the master's deadline even */

#ifdef GK_SANITIZERS
#define SANITIZED 1             /* shadow memory and RLIMIT_AS exclude each other; reports need more system calls */
#else
#define SANITIZED 0
#endif

/* Shared by master and worker. */
typedef struct slot_t {
  _Atomic pid_t pid;
  _Atomic apr_int64_t since_us; /* monotonic; 0: waits for a picture */
} slot_t;

typedef struct master_t {
  gk_core_t *core;
  const gk_photo_pool_settings_t *settings;
  slot_t *slots;
  int listening;
  int log[2];                   /* workers may write to no file: what they say goes through here */
  volatile int *stop;
  void (*say)(const char *text);
  apr_int64_t born_us[WORKERS_MAX];
  int quick_deaths;
} master_t;

static apr_int64_t monotonic_us(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (apr_int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- the worker ------------------------------------------------------------------------------------------ */

static void limit(int what, rlim_t soft, rlim_t hard)
{
  struct rlimit limits = {soft, hard};
  setrlimit(what, &limits);
}

/* Each picture has its own seconds: the soft limit moves on, the hard one stays out of reach. */
static void grant_cpu(void)
{
  struct rusage used;
  if (getrusage(RUSAGE_SELF, &used) == 0)
    limit(RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1 + CPU_SECONDS), RLIM_INFINITY);
}

#ifdef GK_HAVE_SECCOMP
/* What a worker may ask of the kernel. Anything else fails with EPERM, what no picture needs kills. */
static bool filter_calls(void)
{
  static const int allowed[] = {
      SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg),
      SCMP_SYS(sendmsg), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(close), SCMP_SYS(brk), SCMP_SYS(mmap),
      SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mprotect), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
      SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid),
      SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(setrlimit), SCMP_SYS(prlimit64), SCMP_SYS(rt_sigaction),
      SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(exit),
      SCMP_SYS(exit_group), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(poll),
      SCMP_SYS(ppoll), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(sysinfo), SCMP_SYS(rseq), SCMP_SYS(set_robust_list)};
  static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(socket),
                               SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                               SCMP_SYS(process_vm_writev), SCMP_SYS(kill), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
                               SCMP_SYS(rename), SCMP_SYS(mount), SCMP_SYS(setuid), SCMP_SYS(bpf)};
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  bool good = filter != NULL;
  for (size_t i = 0; good && i < sizeof allowed / sizeof allowed[0]; i++)
    good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
  for (size_t i = 0; good && i < sizeof deadly / sizeof deadly[0]; i++)
    good = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0) == 0;
  good = good && seccomp_load(filter) == 0;
  if (filter != NULL)
    seccomp_release(filter);
  return good;
}
#endif

/* False: it could not be locked in, and must not look at anything. */
static bool lock_in(const master_t *master, pid_t parent)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    return false;
  gk_keys_forget(gk_core_keys(master->core));
  /* A way to the log and the listening socket: everything else is the master's. */
  if (dup2(master->log[1], 2) != 2 || dup2(master->listening, 3) != 3 || close_range(4, ~0U, 0) != 0)
    return false;
  signal(SIGXFSZ, SIG_IGN);
  if (nice(NICE) < 0)
    master->say("a photo worker keeps its priority"); /* forms wait for it on a busy machine; nothing else */
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_FSIZE, 0, 0);
  limit(RLIMIT_NOFILE, 16, 16);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return false;
  if (SANITIZED)
    return true;
  limit(RLIMIT_AS, (rlim_t)master->settings->memory_bytes, (rlim_t)master->settings->memory_bytes);
#ifdef GK_HAVE_SECCOMP
  return filter_calls();
#else
  return true;
#endif
}

static void work(const master_t *master, slot_t *slot, pid_t parent, apr_pool_t *pool)
{
  gk_plugins_t *plugins = gk_core_plugins(master->core);
  if (!lock_in(master, parent)) {
    master->say("a photo worker can't be locked in: ends");
    _exit(1);
  }
  gk_plugins_attend(plugins, true);
  /* Plugins load their data at their first picture: better at none of a person's. A busy machine may take its time. */
  slot->since_us = monotonic_us() + WARM_US;
  gk_photo_warm(plugins, pool);
  slot->since_us = 0;
  apr_pool_clear(pool);
  for (int n = 0; n < PICTURES && !*master->stop; n++) {
    struct timeval patience = {10, 0};
    int connection = accept(3, NULL, NULL);
    if (connection < 0)
      continue;
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    grant_cpu();
    slot->since_us = monotonic_us();
    gk_photo_serve(connection, plugins, pool);
    close(connection);
    slot->since_us = 0;
    apr_pool_clear(pool);
  }
  _exit(0);
}

/* ---- the master ------------------------------------------------------------------------------------------ */

static void start_worker(master_t *master, int i, apr_pool_t *pool)
{
  slot_t *slot = &master->slots[i];
  pid_t parent = getpid(), pid;
  slot->since_us = 0;
  pid = fork();
  if (pid == 0) {
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    work(master, slot, parent, own);
  }
  slot->pid = pid > 0 ? pid : 0;
  master->born_us[i] = monotonic_us();
}

static void tell(master_t *master, const char *what, pid_t pid, int status)
{
  char line[160];
  if (WIFSIGNALED(status))
    apr_snprintf(line, sizeof line, "photo worker %d %s (signal %d): its picture gets no answer, another worker starts", (int)pid,
                 what, WTERMSIG(status));
  else
    apr_snprintf(line, sizeof line, "photo worker %d %s (status %d)", (int)pid, what, WEXITSTATUS(status));
  master->say(line);
}

static void look_for_dead(master_t *master)
{
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (int i = 0; i < master->settings->workers; i++) {
      if (master->slots[i].pid != pid)
        continue;
      master->slots[i].pid = 0;
      master->slots[i].since_us = 0;
      master->quick_deaths = monotonic_us() - master->born_us[i] < 500 * 1000 ? master->quick_deaths + 1 : 0;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        tell(master, "died", pid, status);
    }
    gk_plugins_bury(gk_core_plugins(master->core), pid);
  }
}

static void pass_log_on(const master_t *master)
{
  char lines[4096];
  ssize_t n;
  while ((n = read(master->log[0], lines, sizeof lines)) > 0)
    if (write(2, lines, (size_t)n) < 0)
      break;
}

static void look_for_late(master_t *master)
{
  for (int i = 0; i < master->settings->workers; i++) {
    slot_t *slot = &master->slots[i];
    apr_int64_t since = slot->since_us;
    if (slot->pid > 0 && since != 0 && monotonic_us() - since > master->settings->deadline_us)
      kill(slot->pid, SIGKILL);
  }
}

static void end_workers(master_t *master)
{
  apr_int64_t until = monotonic_us() + LEAVE_US;
  int left = 1;
  for (int i = 0; i < master->settings->workers; i++)
    if (master->slots[i].pid > 0)
      kill(master->slots[i].pid, SIGTERM); /* after the picture it has */
  while (left > 0) {
    left = 0;
    look_for_dead(master);
    for (int i = 0; i < master->settings->workers; i++) {
      left += master->slots[i].pid > 0;
      if (master->slots[i].pid > 0 && monotonic_us() > until)
        kill(master->slots[i].pid, SIGKILL);
    }
    if (left > 0)
      apr_sleep(10 * 1000);
  }
}

/* Options that an administrator changed at run time reach the workers as new ones: they have no database of their own. */
typedef struct follow_t {
  gk_db_t *db;
  apr_pool_t *db_pool, *scratch;
  const char *seen;
  apr_pool_t *seen_pool;
} follow_t;

static bool follow_options(follow_t *follow, master_t *master)
{
  const char *value = NULL;
  gk_error_t *error = NULL;
  bool changed = false;
  apr_pool_clear(follow->scratch);
  if (follow->db == NULL)
    error = gk_core_connect(&follow->db, master->core, follow->db_pool);
  if (error == NULL)
    error = gk_db_ready(follow->db, apr_time_now() + 5 * APR_USEC_PER_SEC, follow->scratch);
  if (error == NULL)
    error = gk_store_setting(&value, follow->db, "plugin_options", follow->scratch);
  value = value != NULL ? value : "";
  if (error == NULL && strcmp(value, follow->seen) == 0)
    return false;
  if (error == NULL)
    error = gk_overrides_apply(&changed, master->core, follow->db, follow->scratch);
  if (error != NULL) { /* without the database the options stay as they are; it is asked again */
    apr_pool_clear(follow->db_pool);
    follow->db = NULL;
    return false;
  }
  apr_pool_clear(follow->seen_pool);
  follow->seen = apr_pstrdup(follow->seen_pool, value);
  return changed;
}

bool gk_photo_pool_run(gk_core_t *core, const gk_photo_pool_settings_t *settings, volatile int *stop,
                       void (*say)(const char *text), apr_pool_t *pool)
{
  master_t master = {.core = core, .settings = settings, .stop = stop, .say = say};
  follow_t follow = {.seen = ""};
  apr_int64_t asked = 0;
  apr_pool_create(&follow.db_pool, pool);
  apr_pool_create(&follow.scratch, pool);
  apr_pool_create(&follow.seen_pool, pool);
  master.slots = mmap(NULL, sizeof(slot_t) * WORKERS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  master.listening = master.slots != MAP_FAILED ? gk_photo_listen(gk_core_config(core)->instance, settings->queue) : -1;
  if (master.listening < 0 || pipe2(master.log, O_CLOEXEC | O_NONBLOCK) != 0) {
    say(apr_psprintf(pool, "the photo pool can't listen in run/: %s", strerror(errno)));
    return false;
  }
  say("photo pool ready");
  while (!*stop) {
    if (monotonic_us() - asked > OPTIONS_US) {
      asked = monotonic_us();
      if (follow_options(&follow, &master))
        end_workers(&master);
    }
    pass_log_on(&master);
    look_for_dead(&master);
    look_for_late(&master);
    /* Who dies at birth is not born again ten times a second. */
    if (master.quick_deaths < 3 || monotonic_us() % 2000000 < LOOK_US)
      for (int i = 0; i < settings->workers; i++)
        if (master.slots[i].pid == 0)
          start_worker(&master, i, pool);
    apr_sleep(LOOK_US);
  }
  close(master.listening);
  end_workers(&master);
  pass_log_on(&master);
  return true;
}
