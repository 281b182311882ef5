/* The spool: nothing that was told "read" is lost, whatever ends the program or the power (DC-2, DC-3). */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_file_io.h>

#include "base/time.h"
#include "gateway/spool.h"
#include "unit/gk_test.h"

#define NOON (APR_INT64_C(1796011200) * GK_SECOND) /* 2026-11-30 12:00 in Shanghai */

static const char *folder_of(apr_pool_t *pool)
{
  char *path = apr_pstrdup(pool, "/tmp/gk-spool.XXXXXX");
  return mkdtemp(path);
}

static void clean(const char *folder, apr_pool_t *pool)
{
  apr_dir_t *dir;
  apr_finfo_t entry;
  if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS)
    return;
  while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS)
    if (entry.name[0] != '.')
      apr_file_remove(apr_pstrcat(pool, folder, "/", entry.name, NULL), pool);
  apr_dir_close(dir);
  rmdir(folder);
}

static const char *jti(apr_int64_t seq, apr_pool_t *pool) { return apr_psprintf(pool, "%032" APR_INT64_T_FMT, seq); }

static const char *body(apr_int64_t seq, apr_pool_t *pool)
{
  return apr_psprintf(pool, "{\"protected\":\"p%" APR_INT64_T_FMT "\",\"payload\":\"%0*d\"}", seq, (int)(seq % 7) * 20 + 1, 0);
}

static gk_error_t *add(gk_spool_t *spool, apr_time_t now, apr_pool_t *pool)
{
  apr_int64_t seq = gk_spool_next(spool, "7");
  const char *text = body(seq, pool);
  return gk_spool_add(spool, "7", seq, jti(seq, pool), text, strlen(text), now, pool);
}

static gk_spool_t *opened(const char *folder, apr_pool_t *pool)
{
  gk_spool_t *spool = NULL;
  gk_error_t *error = gk_spool_open(&spool, folder, 0, pool);
  if (error != NULL)
    gk_test_fail_at(__FILE__, __LINE__, gk_error_log_text(pool, error));
  return spool;
}

/* Items from `first` on, one after the other, each with its own text. */
static bool holds(gk_spool_t *spool, apr_int64_t first, apr_size_t count, apr_pool_t *pool)
{
  if (gk_spool_waiting(spool) != count)
    return false;
  for (apr_size_t i = 0; i < count; i++) {
    const char *text;
    const gk_spool_item_t *item = gk_spool_item(spool, i);
    if (item->seq != first + (apr_int64_t)i || gk_spool_text(&text, spool, item, pool) != NULL ||
        strcmp(text, body(item->seq, pool)) != 0)
      return false;
  }
  return true;
}

static void readings_wait_until_they_are_answered(apr_pool_t *pool)
{
  const char *folder = folder_of(pool);
  apr_pool_t *first;
  apr_pool_create(&first, pool);
  gk_spool_t *spool = opened(folder, first);
  for (int i = 0; i < 5; i++)
    GK_TEST_OK(add(spool, NOON, pool));
  GK_TEST(holds(spool, 1, 5, pool));
  GK_TEST_OK(gk_spool_done(spool, 0, "stored", NOON, pool));
  GK_TEST_OK(gk_spool_done(spool, 1, "refused", NOON, pool)); /* 3: not the first that waits */
  GK_TEST_INT(gk_spool_item(spool, 0)->seq, 2);
  GK_TEST_INT(gk_spool_item(spool, 1)->seq, 4);
  apr_pool_destroy(first);
  spool = opened(folder, pool);
  GK_TEST_INT(gk_spool_waiting(spool), 3);
  GK_TEST_INT(gk_spool_item(spool, 0)->seq, 2);
  GK_TEST_INT(gk_spool_item(spool, 2)->seq, 5);
  GK_TEST_INT(gk_spool_next(spool, "7"), 6);
  GK_TEST_INT(gk_spool_next(spool, "8"), 1);
  gk_spool_floor(spool, "7", 20);
  GK_TEST_INT(gk_spool_next(spool, "7"), 20);
  struct stat facts;
  GK_TEST(stat(folder, &facts) == 0 && (facts.st_mode & 077) == 0);
  GK_TEST(stat(apr_pstrcat(pool, folder, "/0000000001.spool", NULL), &facts) == 0 && (facts.st_mode & 077) == 0);
  clean(folder, pool);
}

/* DC-3: the power went after any number of bytes. All lengths, not samples. */
static void a_torn_end_is_cut_at_every_length(apr_pool_t *pool)
{
  const char *folder = folder_of(pool), *path = apr_pstrcat(pool, folder, "/0000000001.spool", NULL);
  enum { COUNT = 7 };
  apr_off_t ends[COUNT + 1] = {0};
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  gk_spool_t *spool = opened(folder, round);
  for (int i = 0; i < COUNT; i++) {
    struct stat facts;
    GK_TEST_OK(add(spool, NOON, pool));
    GK_TEST(stat(path, &facts) == 0);
    ends[i + 1] = facts.st_size;
  }
  apr_pool_clear(round);
  char *bytes = apr_palloc(pool, (apr_size_t)ends[COUNT]);
  int fd = open(path, O_RDWR);
  GK_TEST(read(fd, bytes, (size_t)ends[COUNT]) == ends[COUNT]);
  int whole = 0;
  for (apr_off_t length = 0; length <= ends[COUNT]; length++) {
    while (whole < COUNT && ends[whole + 1] <= length)
      whole++;
    GK_TEST_CASE("%d bytes", (int)length);
    GK_TEST(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, (size_t)length, 0) == length);
    spool = opened(folder, round);
    GK_TEST(holds(spool, 1, (apr_size_t)whole, round));
    GK_TEST_INT(gk_spool_damaged(spool), 0);
    GK_TEST_OK(add(spool, NOON, round)); /* and it goes on */
    GK_TEST(holds(spool, 1, (apr_size_t)whole + 1, round));
    apr_pool_clear(round);
    spool = opened(folder, round);
    GK_TEST(holds(spool, 1, (apr_size_t)whole + 1, round));
    apr_pool_clear(round);
    unlink(apr_pstrcat(pool, folder, "/0000000002.spool", NULL)); /* begun where not one line was whole */
  }
  close(fd);
  clean(folder, pool);
}

/* The same of the answers: a lost one asks the server again, nothing else. */
static void a_torn_end_of_the_answers_asks_again(apr_pool_t *pool)
{
  const char *folder = folder_of(pool), *path = apr_pstrcat(pool, folder, "/0000000001.ack", NULL);
  apr_pool_t *round;
  struct stat facts;
  apr_pool_create(&round, pool);
  gk_spool_t *spool = opened(folder, round);
  for (int i = 0; i < 4; i++)
    GK_TEST_OK(add(spool, NOON, pool));
  for (int i = 0; i < 3; i++)
    GK_TEST_OK(gk_spool_done(spool, 0, "stored", NOON, pool));
  apr_pool_clear(round);
  GK_TEST(stat(path, &facts) == 0 && facts.st_size % 3 == 0);
  for (apr_off_t length = facts.st_size; length >= 0; length--) {
    GK_TEST_CASE("%d bytes", (int)length);
    GK_TEST(truncate(path, length) == 0);
    int answered = (int)(length / (facts.st_size / 3));
    spool = opened(folder, round);
    GK_TEST(holds(spool, answered + 1, (apr_size_t)(4 - answered), round));
    apr_pool_clear(round);
  }
  clean(folder, pool);
}

static void damage_inside_costs_its_line_only(apr_pool_t *pool)
{
  const char *folder = folder_of(pool), *path = apr_pstrcat(pool, folder, "/0000000001.spool", NULL);
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  gk_spool_t *spool = opened(folder, round);
  for (int i = 0; i < 5; i++)
    GK_TEST_OK(add(spool, NOON, pool));
  apr_off_t at = gk_spool_item(spool, 2)->at + 5;
  apr_pool_clear(round);
  int fd = open(path, O_RDWR);
  GK_TEST(pwrite(fd, "\n\n?", 3, at) == 3);
  close(fd);
  spool = opened(folder, round);
  GK_TEST_INT(gk_spool_waiting(spool), 4);
  GK_TEST_INT(gk_spool_damaged(spool), 1);
  GK_TEST_INT(gk_spool_item(spool, 2)->seq, 4);
  GK_TEST_INT(gk_spool_next(spool, "7"), 6);
  apr_pool_destroy(round);
  clean(folder, pool);
}

static void a_full_disk_is_told_and_nothing_is_half_there(apr_pool_t *pool)
{
  const char *folder = folder_of(pool);
  struct rlimit old, low = {0};
  apr_pool_t *round;
  int told = 0, kept = 0;
  apr_pool_create(&round, pool);
  getrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, SIG_IGN);
  gk_spool_t *spool = opened(folder, round);
  low.rlim_max = old.rlim_max;
  for (int room = 100; room < 1500; room += 37) { /* EFBIG ends writes the way ENOSPC does: at any byte */
    low.rlim_cur = (rlim_t)room;
    setrlimit(RLIMIT_FSIZE, &low);
    gk_error_t *error = add(spool, NOON, pool);
    setrlimit(RLIMIT_FSIZE, &old);
    told += error != NULL;
    kept += error == NULL;
    GK_TEST(holds(spool, 1, (apr_size_t)kept, pool));
  }
  GK_TEST(told > 3 && kept > 3);
  GK_TEST_OK(add(spool, NOON, pool));
  apr_pool_clear(round);
  spool = opened(folder, round);
  GK_TEST(holds(spool, 1, (apr_size_t)kept + 1, pool));
  GK_TEST_INT(gk_spool_damaged(spool), 0);
  apr_pool_destroy(round);
  clean(folder, pool);
}

static void a_small_disk_says_that_it_is_full(apr_pool_t *pool)
{
  int fd = open("/dev/full", O_WRONLY);
  if (fd < 0 || write(fd, "x", 1) >= 0)
    GK_TEST_SKIP("no /dev/full here");
  close(fd);
  const char *folder = folder_of(pool), *path = apr_pstrcat(pool, folder, "/0000000001.spool.new", NULL);
  gk_spool_t *spool = opened(folder, pool);
  GK_TEST(symlink("/dev/full", path) == 0);
  GK_TEST_ERROR(add(spool, NOON, pool), GK_E_DB_FULL);
  GK_TEST_OK(add(spool, NOON, pool));
  GK_TEST(holds(spool, 1, 1, pool));
  clean(folder, pool);
}

/* kill -9 at moments nobody chose: what the child reported as stored is there. */
static void kill_9_loses_nothing_that_was_told(apr_pool_t *pool)
{
  const char *folder = folder_of(pool);
  apr_int64_t told = 0;
  for (int round = 0; round < 12; round++) {
    int pipes[2];
    GK_TEST(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
      apr_pool_t *own;
      apr_pool_create(&own, NULL);
      gk_spool_t *spool = NULL;
      if (gk_spool_open(&spool, folder, 0, own) != NULL)
        _exit(1);
      for (;;) {
        apr_int64_t seq = gk_spool_next(spool, "7");
        if (add(spool, NOON, own) != NULL || write(pipes[1], &seq, sizeof(seq)) != sizeof(seq))
          _exit(1);
      }
    }
    close(pipes[1]);
    apr_int64_t seq;
    apr_time_t until = gk_tick() + (round * 7 + 3) * 1000;
    while (gk_tick() < until && read(pipes[0], &seq, sizeof(seq)) == sizeof(seq))
      told = seq;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(pipes[0], &seq, sizeof(seq)) == sizeof(seq))
      told = seq;
    close(pipes[0]);
    apr_pool_t *look;
    apr_pool_create(&look, pool);
    gk_spool_t *spool = opened(folder, look);
    GK_TEST_INT(gk_spool_damaged(spool), 0);
    GK_TEST((apr_int64_t)gk_spool_waiting(spool) == told || (apr_int64_t)gk_spool_waiting(spool) == told + 1);
    GK_TEST(holds(spool, 1, gk_spool_waiting(spool), look));
    told = (apr_int64_t)gk_spool_waiting(spool);
    apr_pool_destroy(look);
  }
  GK_TEST(told > 12);
  clean(folder, pool);
}

static int files(const char *folder, apr_pool_t *pool)
{
  apr_dir_t *dir;
  apr_finfo_t entry;
  int count = 0;
  apr_dir_open(&dir, folder, pool);
  while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS)
    count += entry.name[0] != '.';
  apr_dir_close(dir);
  return count;
}

static void what_was_answered_is_kept_thirty_days_and_its_numbers_for_ever(apr_pool_t *pool)
{
  const char *folder = folder_of(pool);
  gk_spool_t *spool = opened(folder, pool);
  for (int day = 0; day < 3; day++) /* a file a day */
    for (int i = 0; i < 2; i++)
      GK_TEST_OK(add(spool, NOON + day * GK_DAY, pool));
  for (int i = 0; i < 5; i++)
    GK_TEST_OK(gk_spool_done(spool, 0, "stored", NOON + 2 * GK_DAY, pool));
  GK_TEST_INT(files(folder, pool), 6);
  GK_TEST_OK(gk_spool_expire(spool, NOON + 2 * GK_DAY + GK_SPOOL_KEEP_US - GK_SECOND, pool));
  GK_TEST_INT(files(folder, pool), 6);
  GK_TEST_OK(gk_spool_expire(spool, NOON + 2 * GK_DAY + GK_SPOOL_KEEP_US, pool));
  GK_TEST_INT(files(folder, pool), 2); /* the last file has one that waits */
  GK_TEST(holds(spool, 6, 1, pool));
  GK_TEST_OK(gk_spool_done(spool, 0, "stored", NOON + 3 * GK_DAY, pool));
  GK_TEST_OK(gk_spool_expire(spool, NOON + 4 * GK_DAY + GK_SPOOL_KEEP_US, pool));
  spool = opened(folder, pool);
  GK_TEST_INT(gk_spool_next(spool, "7"), 7);
  GK_TEST_OK(add(spool, NOON + 40 * GK_DAY, pool));
  GK_TEST(holds(spool, 7, 1, pool));
  clean(folder, pool);
}

static void readings_put_aside_come_back_at_the_next_start(apr_pool_t *pool)
{
  const char *folder = folder_of(pool);
  gk_spool_t *spool = opened(folder, pool);
  for (int i = 0; i < 3; i++)
    GK_TEST_OK(add(spool, NOON, pool));
  gk_spool_set_aside(spool, 0);
  GK_TEST_INT(gk_spool_aside(spool), 1);
  GK_TEST(holds(spool, 2, 2, pool));
  GK_TEST(holds(opened(folder, pool), 1, 3, pool));
  clean(folder, pool);
}

int main(void)
{
  gk_test_begin("gateway spool");
  GK_TEST_RUN(readings_wait_until_they_are_answered);
  GK_TEST_RUN(a_torn_end_is_cut_at_every_length);
  GK_TEST_RUN(a_torn_end_of_the_answers_asks_again);
  GK_TEST_RUN(damage_inside_costs_its_line_only);
  GK_TEST_RUN(a_full_disk_is_told_and_nothing_is_half_there);
  GK_TEST_RUN(a_small_disk_says_that_it_is_full);
  GK_TEST_RUN(kill_9_loses_nothing_that_was_told);
  GK_TEST_RUN(what_was_answered_is_kept_thirty_days_and_its_numbers_for_ever);
  GK_TEST_RUN(readings_put_aside_come_back_at_the_next_start);
  return gk_test_end();
}
