/* No memory for a JSON value ends the process (catalogue PR-2): a document must not be stored with a field less. */
#include "gk_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/json.h"

enum { PIECE = 1 << 20, ROOM = 64 << 20 };

static void no_memory_for_json_ends_the_process(apr_pool_t *pool)
{
#ifdef __SANITIZE_ADDRESS__
  (void)pool;
  GK_TEST_SKIP("AddressSanitizer needs an address space without limit");
#else
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit none = {0, 0}, limit;
    char *text = apr_palloc(pool, PIECE);
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1)
      _exit(2);
    fclose(file);
    limit.rlim_cur = limit.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ROOM;
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_AS, &limit);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    memset(text, 'x', PIECE - 1);
    text[PIECE - 1] = '\0';
    gk_json_t *array = gk_json_array(pool);
    for (int i = 0; i < 2 * ROOM / PIECE; i++)
      gk_json_add_str(array, text);
    _exit(gk_json_size(array) == 2 * ROOM / PIECE ? 3 : 4); /* 4: some are missing, and nobody knows */
  }
  waitpid(pid, &status, 0);
  GK_TEST_INT(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 0);
  GK_TEST(WIFSIGNALED(status));
  GK_TEST_INT(WTERMSIG(status), SIGABRT);
#endif
}

int main(void)
{
  gk_test_begin("memory");
  GK_TEST_RUN(no_memory_for_json_ends_the_process);
  return gk_test_end();
}
