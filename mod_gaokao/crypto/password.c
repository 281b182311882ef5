/* crypto/password.c: Argon2id, a few at a time.
 *
 * One hash takes a core for some 20 ms and 19 MiB. Each process lets as many run as it has cores and as many
 * wait as QUEUE_MAX says. The next to run comes from the address that was served longest ago, and a full
 * queue makes room for a newcomer by sending away the last one of the address that has most waiting: one
 * flooding address can't shut out a school (faults.md ID-4).
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/internal.h"

#define OPS 2
#define MEMORY_BYTES (19456U * 1024U)
#define LANES 256

enum { QUEUE_MAX = 64, WAIT_SECONDS = 3, RETRY_SECONDS = 2 };

typedef struct waiter_t waiter_t;
struct waiter_t {
  waiter_t *next;
  unsigned lane;             /* of the address; two addresses in one lane only share their turn */
  enum { WAITING, RUNS, SENT_AWAY } state;
  pthread_cond_t turn;
};

static struct {
  pthread_mutex_t lock;
  int slots;                 /* 0 until first used */
  int running;
  int waiting;
  waiter_t *first;
  apr_uint64_t tick;
  apr_uint64_t served[LANES]; /* when each lane got its last turn */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned lane_of(const char *address)
{
  unsigned hash = 2166136261U;
  for (const char *p = address != NULL ? address : ""; *p != '\0'; p++)
    hash = (hash ^ (unsigned char)*p) * 16777619U;
  return hash % LANES;
}

static void leave(waiter_t *who)
{
  for (waiter_t **at = &queue.first; *at != NULL; at = &(*at)->next)
    if (*at == who) {
      *at = who->next;
      queue.waiting--;
      return;
    }
}

/* The last one of the lane that has most waiting, or NULL when `lane` itself has as many. */
static waiter_t *crowding(unsigned lane)
{
  unsigned count[LANES] = {0}, most = lane;
  waiter_t *last = NULL;
  for (waiter_t *w = queue.first; w != NULL; w = w->next) {
    count[w->lane]++;
    if (count[w->lane] > count[most])
      most = w->lane;
  }
  if (most == lane || count[most] <= count[lane] + 1)
    return NULL;
  for (waiter_t *w = queue.first; w != NULL; w = w->next)
    if (w->lane == most)
      last = w;
  return last;
}

static void start(waiter_t *who)
{
  who->state = RUNS;
  queue.running++;
  queue.served[who->lane] = ++queue.tick;
}

static gk_error_t *busy(apr_pool_t *pool)
{
  gk_error_t *error = gk_error(pool, GK_E_BUSY, "现在登录的人很多，请过几秒再试",
                               "Many people are signing in right now: try again in a few seconds");
  return gk_error_retry(error, RETRY_SECONDS * GK_SECOND);
}

static gk_error_t *enter(const char *address, apr_pool_t *pool)
{
  waiter_t self = {.lane = lane_of(address), .state = WAITING};
  struct timespec until;
  pthread_mutex_lock(&queue.lock);
  if (queue.slots == 0) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    queue.slots = cores > 0 ? (int)cores : 1;
  }
  if (queue.running < queue.slots && queue.first == NULL) {
    start(&self);
    pthread_mutex_unlock(&queue.lock);
    return NULL;
  }
  if (queue.waiting >= QUEUE_MAX) {
    waiter_t *away = crowding(self.lane);
    if (away == NULL) {
      pthread_mutex_unlock(&queue.lock);
      return busy(pool);
    }
    leave(away);
    away->state = SENT_AWAY;
    pthread_cond_signal(&away->turn);
  }
  pthread_cond_init(&self.turn, NULL);
  waiter_t **end = &queue.first;
  while (*end != NULL)
    end = &(*end)->next;
  *end = &self;
  queue.waiting++;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += WAIT_SECONDS;
  while (self.state == WAITING)
    if (pthread_cond_timedwait(&self.turn, &queue.lock, &until) == ETIMEDOUT && self.state == WAITING) {
      leave(&self);
      self.state = SENT_AWAY;
    }
  pthread_mutex_unlock(&queue.lock);
  pthread_cond_destroy(&self.turn);
  return self.state == RUNS ? NULL : busy(pool);
}

static void done(void)
{
  pthread_mutex_lock(&queue.lock);
  queue.running--;
  waiter_t *next = NULL;
  for (waiter_t *w = queue.first; w != NULL; w = w->next)
    if (next == NULL || queue.served[w->lane] < queue.served[next->lane])
      next = w;
  if (next != NULL) {
    leave(next);
    start(next);
    pthread_cond_signal(&next->turn);
  }
  pthread_mutex_unlock(&queue.lock);
}

static gk_error_t *no_memory(apr_pool_t *pool)
{
  return gk_error_retry(gk_error_internal(pool, GK_E_BUSY, "No memory for a password hash"),
                        RETRY_SECONDS * GK_SECOND);
}

gk_error_t *gk_password_hash(const char **hash, const char *password, const char *address, apr_pool_t *pool)
{
  char text[crypto_pwhash_STRBYTES];
  gk_crypto__ready();
  GK_TRY(enter(address, pool));
  int rc = crypto_pwhash_str_alg(text, password, strlen(password), OPS, MEMORY_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13);
  done();
  if (rc != 0)
    return no_memory(pool);
  *hash = apr_pstrdup(pool, text);
  return NULL;
}

gk_error_t *gk_password_verify(bool *right, const char *hash, const char *password, const char *address,
                               apr_pool_t *pool)
{
  gk_crypto__ready();
  GK_TRY(enter(address, pool));
  int rc = crypto_pwhash_str_verify(hash, password, strlen(password));
  done();
  *right = rc == 0;
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
