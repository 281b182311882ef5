/* gateway/decoder.c: the vendor's program that turns a card's photo block into a picture. The operator names it; it runs without
 * a shell, with a time limit, on pipes, and what it writes is looked at before it is believed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/time.h"
#include "gateway/gateway.h"

#define OUT_MAX 45001                          /* the server takes 45,000 */
#define WORDS 16
#define COLUMNS 102
#define ROWS 126
#define RAW_BYTES (COLUMNS * ROWS * 3)         /* blue green red, no header */
#define ROW_BYTES ((COLUMNS * 3 + 3) / 4 * 4)
#define BMP_HEAD 54

static void child(char **words, int in, int out)
{
  struct rlimit cpu = {10, 10};
  int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  setpgid(0, 0);
  setrlimit(RLIMIT_CPU, &cpu);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || nothing < 0 || dup2(nothing, 2) < 0)
    _exit(127);
  signal(SIGPIPE, SIG_DFL);
  execv(words[0], words);
  _exit(127);
}

/* Moves bytes both ways until the program has closed its output. Number of bytes, -1 when it took too long or wrote too much. */
static ssize_t talk(int in, int out, const unsigned char *block, apr_size_t block_length, unsigned char *answer, apr_time_t until)
{
  apr_size_t sent = 0, got = 0;
  fcntl(in, F_SETFL, O_NONBLOCK);
  while (gk_tick() < until) {
    struct pollfd fds[] = {{out, POLLIN, 0}, {sent < block_length ? in : -1, POLLOUT, 0}};
    if (poll(fds, 2, (int)((until - gk_tick()) / 1000) + 1) <= 0)
      continue;
    if (fds[1].revents != 0) {
      ssize_t count = write(in, block + sent, block_length - sent);
      sent = count > 0 ? sent + (apr_size_t)count : count < 0 && errno == EAGAIN ? sent : block_length;
      if (sent == block_length)
        close(in);
    }
    if (fds[0].revents != 0) {
      ssize_t count = got < OUT_MAX ? read(out, answer + got, OUT_MAX - got) : -1;
      if (count <= 0) {
        if (sent < block_length)
          close(in);
        return count < 0 ? -1 : (ssize_t)got;
      }
      got += (apr_size_t)count;
    }
  }
  if (sent < block_length)
    close(in);
  return -1;
}

static void put32(unsigned char *out, unsigned value)
{
  for (int i = 0; i < 4; i++)
    out[i] = (unsigned char)(value >> (8 * i));
}

/* The decoder's raw pixels as a bitmap file. */
static unsigned char *bitmap(const unsigned char *raw, apr_size_t *length, apr_pool_t *pool)
{
  apr_size_t all = BMP_HEAD + ROW_BYTES * ROWS;
  unsigned char *file = apr_pcalloc(pool, all);
  memcpy(file, "BM", 2);
  put32(file + 2, (unsigned)all);
  put32(file + 10, BMP_HEAD);
  put32(file + 14, 40);
  put32(file + 18, COLUMNS);
  put32(file + 22, ROWS);
  file[26] = 1;
  file[28] = 24;
  put32(file + 34, ROW_BYTES * ROWS);
  for (int y = 0; y < ROWS; y++) /* a bitmap begins at the bottom */
    memcpy(file + BMP_HEAD + (ROWS - 1 - y) * ROW_BYTES, raw + y * COLUMNS * 3, COLUMNS * 3);
  *length = all;
  return file;
}

static bool picture(const unsigned char *bytes, apr_size_t length)
{
  return length > BMP_HEAD && (memcmp(bytes, "BM", 2) == 0 || memcmp(bytes, "\xFF\xD8\xFF", 3) == 0 ||
                               memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
}

void gk_decoder_run(const unsigned char **out, apr_size_t *length, const char *command, int seconds, const unsigned char *block,
                    apr_size_t block_length, apr_pool_t *pool)
{
  char *words[WORDS + 1], *state, *word = apr_strtok(apr_pstrdup(pool, command), " ", &state);
  int in[2], back[2], count = 0, status;
  for (; word != NULL && count < WORDS; word = apr_strtok(NULL, " ", &state))
    words[count++] = word;
  words[count] = NULL;
  *out = NULL;
  if (count == 0 || pipe2(in, O_CLOEXEC) != 0)
    return;
  if (pipe2(back, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    return;
  }
  apr_time_t until = gk_tick() + seconds * GK_SECOND;
  pid_t pid = fork();
  if (pid == 0)
    child(words, in[0], back[1]);
  close(in[0]);
  close(back[1]);
  unsigned char *answer = apr_palloc(pool, OUT_MAX);
  ssize_t got = -1;
  if (pid > 0)
    got = talk(in[1], back[0], block, block_length, answer, until);
  else
    close(in[1]);
  close(back[0]);
  if (pid <= 0)
    return;
  /* It may have closed its output and go on: it does not outlive its time. */
  pid_t ended = 0;
  while (got >= 0 && (ended = waitpid(pid, &status, WNOHANG)) == 0 && gk_tick() < until)
    apr_sleep(2000);
  if (ended == 0) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return;
  if (got == RAW_BYTES && !picture(answer, (apr_size_t)got))
    *out = bitmap(answer, length, pool);
  else if (got > 0 && picture(answer, (apr_size_t)got)) {
    *out = answer;
    *length = (apr_size_t)got;
  }
}
