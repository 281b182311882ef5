/* store/write_lock.c: the lock all writers of one SQLite file share (db.h, gk_write_lock_open).
 *
 * A robust process-shared mutex in a mapped file: the kernel marks it when its holder dies, the next one gets
 * EOWNERDEAD and goes on, for SQLite's own journal already undid the dead one's half transaction. The file
 * also holds the boot's id: after a power cut the mutex bytes of the last boot mean nothing and are made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>

#include "store/db_engine.h"

#define MAGIC "gk-lock2"

typedef struct shared_t {
  char magic[8];
  char boot[40];
  pthread_mutex_t mutex;
  apr_uint32_t log_pages; /* as the last commit left SQLite's write-ahead log */
} shared_t;

struct gk_write_lock_t {
  shared_t *shared;
};

static void read_boot(char *boot, size_t size)
{
  memset(boot, 0, size);
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t n = read(fd, boot, size - 1);
    if (n < 0)
      boot[0] = '\0';
    close(fd);
  }
}

static apr_status_t unmap(void *data)
{
  gk_write_lock_t *lock = data;
  munmap(lock->shared, sizeof(shared_t));
  return APR_SUCCESS;
}

/* Under flock: makes the mutex unless this boot already has one. */
static int initialise(int fd, shared_t *shared)
{
  char boot[sizeof(shared->boot)];
  int rc = 0;
  read_boot(boot, sizeof(boot));
  if (flock(fd, LOCK_EX) != 0)
    return errno;
  if (memcmp(shared->magic, MAGIC, sizeof(shared->magic)) != 0 || memcmp(shared->boot, boot, sizeof(boot)) != 0) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    /* The kernel hands a priority-inheriting mutex to the one that waits longest: no writer starves behind luckier
     * ones, which is what the slowest 1 % are made of. */
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    memset(&shared->mutex, 0, sizeof(shared->mutex));
    rc = pthread_mutex_init(&shared->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    memcpy(shared->boot, boot, sizeof(boot));
    memcpy(shared->magic, MAGIC, sizeof(shared->magic));
  }
  flock(fd, LOCK_UN);
  return rc;
}

gk_error_t *gk_write_lock_open(gk_write_lock_t **out, const char *path, apr_pool_t *pool)
{
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
  if (fd < 0)
    return gk_error_internal(pool, GK_E_CONFIG, "Can't open the write lock '%s': %s", path, strerror(errno));
  struct stat st;
  if (fstat(fd, &st) == 0 && (apr_size_t)st.st_size < sizeof(shared_t) && ftruncate(fd, sizeof(shared_t)) != 0) {
    int why = errno;
    close(fd);
    return gk_error_internal(pool, GK_E_CONFIG, "Can't size the write lock '%s': %s", path, strerror(why));
  }
  shared_t *shared = mmap(NULL, sizeof(shared_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) {
    int why = errno;
    close(fd);
    return gk_error_internal(pool, GK_E_CONFIG, "Can't map the write lock '%s': %s", path, strerror(why));
  }
  int rc = initialise(fd, shared);
  close(fd);
  if (rc != 0) {
    munmap(shared, sizeof(shared_t));
    return gk_error_internal(pool, GK_E_CONFIG, "Can't make the write lock '%s': %s", path, strerror(rc));
  }
  gk_write_lock_t *lock = apr_palloc(pool, sizeof(*lock));
  lock->shared = shared;
  apr_pool_cleanup_register(pool, lock, unmap, apr_pool_cleanup_null);
  *out = lock;
  return NULL;
}

static struct timespec after(clockid_t clock, apr_interval_time_t us)
{
  struct timespec until;
  clock_gettime(clock, &until);
  until.tv_sec += us / APR_USEC_PER_SEC;
  until.tv_nsec += (us % APR_USEC_PER_SEC) * 1000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  return until;
}

gk_error_t *gk_write_lock__take(gk_write_lock_t *lock, apr_interval_time_t within_us, apr_pool_t *pool)
{
  /* A clock that is set must not stretch the wait; kernels before 5.14 know no other clock for such a mutex. */
  struct timespec until = after(CLOCK_MONOTONIC, within_us);
  int rc = pthread_mutex_clocklock(&lock->shared->mutex, CLOCK_MONOTONIC, &until);
  if (rc == EINVAL) {
    until = after(CLOCK_REALTIME, within_us);
    rc = pthread_mutex_timedlock(&lock->shared->mutex, &until);
  }
  if (rc == EOWNERDEAD)
    rc = pthread_mutex_consistent(&lock->shared->mutex);
  if (rc != 0)
    return gk_error_retry(gk_error_internal(pool, GK_E_BUSY, "Write lock not had: %s", strerror(rc)),
                          2 * APR_USEC_PER_SEC);
  return NULL;
}

void gk_write_lock__release(gk_write_lock_t *lock) { pthread_mutex_unlock(&lock->shared->mutex); }

void gk_write_lock__note_log(gk_write_lock_t *lock, apr_uint32_t pages)
{
  __atomic_store_n(&lock->shared->log_pages, pages, __ATOMIC_RELAXED);
}

apr_uint32_t gk_write_lock__log(const gk_write_lock_t *lock)
{
  return __atomic_load_n(&lock->shared->log_pages, __ATOMIC_RELAXED);
}
