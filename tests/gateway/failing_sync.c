/* tests/gateway/failing_sync.c: a library to preload: while the file named by FAILING holds a number above 0, fsync fails with EIO
 * and the number goes down by one (faults.md DC-2). */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int fd)
{
  static int (*real)(int);
  const char *path = getenv("FAILING");
  FILE *file = path != NULL ? fopen(path, "r+") : NULL;
  int left = 0;
  if (real == NULL)
    real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  if (file != NULL) {
    if (fscanf(file, "%d", &left) != 1)
      left = 0;
    rewind(file);
    if (left > 0)
      fprintf(file, "%d\n", left - 1);
    fclose(file);
  }
  if (left > 0) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}
