/* tests/faults/failing.c: a library to preload that lets system calls on the database's files fail (faults.md DC-1): while the file
 * named by FAILING holds "fdatasync 5" or "pwrite 28", that call on a file below FAILING_DIR fails with that errno. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char *call, int fd)
{
  const char *file = getenv("FAILING"), *folder = getenv("FAILING_DIR");
  char name[20] = "", link[64], path[4096];
  int number = 0, kept = errno;
  FILE *in = file != NULL && folder != NULL ? fopen(file, "r") : NULL;
  if (in == NULL) {
    errno = kept;
    return 0;
  }
  if (fscanf(in, "%19s %d", name, &number) != 2)
    number = 0;
  fclose(in);
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof(path) - 1);
  path[length > 0 ? length : 0] = '\0';
  errno = kept;
  if (number == 0 || strcmp(name, call) != 0 || strncmp(path, folder, strlen(folder)) != 0 || strstr(path, "gaokao.db") == NULL)
    return 0;
  errno = number;
  return 1;
}

int fdatasync(int fd)
{
  static int (*real)(int);
  if (real == NULL)
    real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails("fdatasync", fd) ? -1 : real(fd);
}

int fsync(int fd)
{
  static int (*real)(int);
  if (real == NULL)
    real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails("fdatasync", fd) ? -1 : real(fd); /* whichever of the two the library chose */
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL)
    real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  return fails("pwrite", fd) ? -1 : real(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) { return pwrite64(fd, bytes, n, at); }
