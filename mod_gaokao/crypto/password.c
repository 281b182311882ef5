/* crypto/password.c: Argon2id, a few at a time.
 *
 * One hash takes a core for some 20 ms and 19 MiB. Each process has a thread for hashing a core, of low priority:
 * while all of them are busy, a save still gets the processor at once. What waits is short: at most STRANGERS_MAX
 * passwords that are to be checked and some more that are to be set by people who are in already, so that a child
 * always has threads left for other requests. The next to be checked comes from the address that was served longest
 * ago, and a full queue makes room for a newcomer by sending away the last one of the address that has most waiting:
 * one flooding address can't shut out a school (faults.md ID-4). Setting a password goes before checking.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/internal.h"

#define OPS 2
#define MEMORY_BYTES (19456U * 1024U)
#define LANES 256

enum { STRANGERS_MAX = 48, WAITING_MAX = 64, WAIT_SECONDS = 3, RETRY_SECONDS = 2, NICER = 10 };

typedef struct work_t work_t;
struct work_t {
  work_t *next;
  unsigned lane;             /* of the address; two addresses in one lane only share their turn */
  enum { WAITING, RUNS, DONE, SENT_AWAY } state;
  pthread_cond_t turn;
  const char *password;
  const char *against;       /* the hash to check; NULL: make one */
  char *made;
  int rc;
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t more;
  int threads;               /* 0 until first used; -1: none could be started */
  int waiting, strangers;    /* strangers: those of the waiting that check */
  work_t *first;
  apr_uint64_t tick;
  apr_uint64_t served[LANES]; /* when each lane got its last turn */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static unsigned lane_of(const char *address)
{
  unsigned hash = 2166136261U;
  for (const char *p = address != NULL ? address : ""; *p != '\0'; p++)
    hash = (hash ^ (unsigned char)*p) * 16777619U;
  return hash % LANES;
}

static void leave(work_t *who)
{
  for (work_t **at = &queue.first; *at != NULL; at = &(*at)->next)
    if (*at == who) {
      *at = who->next;
      queue.waiting--;
      queue.strangers -= who->against != NULL;
      return;
    }
}

/* The last stranger of the lane that has most waiting, or NULL when `lane` itself has as many. */
static work_t *crowding(unsigned lane)
{
  unsigned count[LANES] = {0}, most = lane;
  work_t *last = NULL;
  for (work_t *w = queue.first; w != NULL; w = w->next) {
    if (w->against == NULL)
      continue;
    count[w->lane]++;
    if (count[w->lane] > count[most])
      most = w->lane;
  }
  if (most == lane || count[most] <= count[lane] + 1)
    return NULL;
  for (work_t *w = queue.first; w != NULL; w = w->next)
    if (w->lane == most && w->against != NULL)
      last = w;
  return last;
}

static work_t *next_work(void)
{
  work_t *next = NULL;
  for (work_t *w = queue.first; w != NULL; w = w->next) {
    if (w->against == NULL) {
      next = w;
      break;
    }
    if (next == NULL || queue.served[w->lane] < queue.served[next->lane])
      next = w;
  }
  if (next != NULL) {
    leave(next);
    queue.served[next->lane] = ++queue.tick;
  }
  return next;
}

static void run(work_t *work)
{
  if (work->against != NULL)
    work->rc = crypto_pwhash_str_verify(work->against, work->password, strlen(work->password));
  else
    work->rc = crypto_pwhash_str_alg(work->made, work->password, strlen(work->password), OPS, MEMORY_BYTES,
                                     crypto_pwhash_ALG_ARGON2ID13);
}

static void *hash_main(void *unused)
{
  (void)unused;
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICER); /* on Linux: of this thread alone */
  pthread_mutex_lock(&queue.lock);
  for (;;) {
    work_t *work = next_work();
    if (work == NULL) {
      pthread_cond_wait(&queue.more, &queue.lock);
      continue;
    }
    work->state = RUNS;
    pthread_mutex_unlock(&queue.lock);
    run(work);
    pthread_mutex_lock(&queue.lock);
    work->state = DONE;
    pthread_cond_signal(&work->turn);
  }
  return NULL;
}

static void start_threads(void)
{
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  for (long i = 0; i < (cores > 0 ? cores : 1); i++) {
    pthread_t thread;
    if (pthread_create(&thread, &detached, hash_main, NULL) == 0)
      queue.threads++;
  }
  pthread_attr_destroy(&detached);
  if (queue.threads == 0)
    queue.threads = -1;
}

static gk_error_t *busy(apr_pool_t *pool)
{
  gk_error_t *error = gk_error(pool, GK_E_BUSY, "现在登录的人很多，请过几秒再试",
                               "Many people are signing in right now: try again in a few seconds");
  return gk_error_retry(error, RETRY_SECONDS * GK_SECOND);
}

/* A place in the queue; false: there is none. */
static bool line_up(work_t *work)
{
  if (queue.waiting >= WAITING_MAX || (work->against != NULL && queue.strangers >= STRANGERS_MAX)) {
    work_t *away = work->against != NULL ? crowding(work->lane) : NULL;
    if (away == NULL)
      return false;
    leave(away);
    away->state = SENT_AWAY;
    pthread_cond_signal(&away->turn);
  }
  work_t **end = &queue.first;
  while (*end != NULL)
    end = &(*end)->next;
  *end = work;
  queue.waiting++;
  queue.strangers += work->against != NULL;
  pthread_cond_signal(&queue.more);
  return true;
}

static gk_error_t *have_done(work_t *work, apr_pool_t *pool)
{
  struct timespec until;
  gk_crypto__ready();
  work->state = SENT_AWAY;
  pthread_cond_init(&work->turn, NULL);
  pthread_mutex_lock(&queue.lock);
  if (queue.threads == 0)
    start_threads();
  if (queue.threads > 0) {
    work->state = WAITING;
    if (!line_up(work))
      work->state = SENT_AWAY;
  }
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += WAIT_SECONDS;
  while (work->state == WAITING || work->state == RUNS)
    if (work->state == RUNS)
      pthread_cond_wait(&work->turn, &queue.lock);
    else if (pthread_cond_timedwait(&work->turn, &queue.lock, &until) == ETIMEDOUT && work->state == WAITING) {
      leave(work);
      work->state = SENT_AWAY;
    }
  pthread_mutex_unlock(&queue.lock);
  pthread_cond_destroy(&work->turn);
  return work->state == DONE ? NULL : busy(pool);
}

gk_error_t *gk_password_hash(const char **hash, const char *password, const char *address, apr_pool_t *pool)
{
  char text[crypto_pwhash_STRBYTES];
  work_t work = {.lane = lane_of(address), .password = password, .made = text};
  GK_TRY(have_done(&work, pool));
  if (work.rc != 0)
    return gk_error_retry(gk_error_internal(pool, GK_E_BUSY, "No memory for a password hash"),
                          RETRY_SECONDS * GK_SECOND);
  *hash = apr_pstrdup(pool, text);
  return NULL;
}

gk_error_t *gk_password_verify(bool *right, const char *hash, const char *password, const char *address,
                               apr_pool_t *pool)
{
  work_t work = {.lane = lane_of(address), .password = password, .against = hash};
  GK_TRY(have_done(&work, pool));
  *right = work.rc == 0;
  return NULL;
}

bool gk_password_outdated(const char *hash)
{
  return crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY_BYTES) != 0;
}

gk_error_t *gk_password_dummy(const char *password, const char *address, apr_pool_t *pool)
{
  bool right;
  /* Nobody's hash, by today's parameters: exactly the work of a verify. */
  return gk_password_verify(&right,
                            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA"
                            "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                            password, address, pool);
}
