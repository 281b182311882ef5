/* gateway/files.c: see files.h. */
#include "gateway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

static gk_error_t *fault(const char *what, const char *path, apr_pool_t *pool)
{
  int why = errno;
  return gk_error_internal(pool, why == ENOENT ? GK_E_NOT_FOUND : why == ENOSPC || why == EDQUOT ? GK_E_DB_FULL : GK_E_INTERNAL,
                           "%s '%s': %s", what, path, strerror(why));
}

static int put_all(int fd, const char *text, size_t length)
{
  while (length > 0) {
    ssize_t count = write(fd, text, length);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return -1;
    text += count;
    length -= (size_t)count;
  }
  return 0;
}

gk_error_t *gk_file_put(const char *path, const char *text, int lasting, apr_pool_t *pool)
{
  return gk_file_put_bytes(path, text, strlen(text), lasting, pool);
}

gk_error_t *gk_file_put_bytes(const char *path, const void *bytes, apr_size_t length, int lasting, apr_pool_t *pool)
{
  const char *fresh = apr_pstrcat(pool, path, ".new", NULL), *slash = strrchr(path, '/');
  int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return fault("Can't write", fresh, pool);
  int bad = fchmod(fd, 0600) != 0 || put_all(fd, bytes, length) != 0 || (lasting && fsync(fd) != 0);
  gk_error_t *error = bad ? fault("Can't write", fresh, pool) : NULL;
  if (close(fd) != 0 && error == NULL)
    error = fault("Can't write", fresh, pool);
  if (error == NULL && rename(fresh, path) != 0)
    error = fault("Can't put in its place", fresh, pool);
  if (error != NULL) {
    unlink(fresh);
    return error;
  }
  if (lasting) {
    const char *folder = slash != NULL ? apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)) : ".";
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
      error = fault("Can't make sure of the folder of", path, pool);
    if (fd >= 0)
      close(fd);
  }
  return error;
}

gk_error_t *gk_file_get(const char **text, apr_size_t *length, const char *path, apr_size_t max, apr_pool_t *pool)
{
  struct stat facts;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fault("Can't open", path, pool);
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    close(fd);
    return gk_error_internal(pool, GK_E_INTERNAL, "'%s' is no file", path);
  }
  if ((apr_uint64_t)facts.st_size > max) {
    close(fd);
    return gk_error_internal(pool, GK_E_TOO_LARGE, "'%s' has more than %lu bytes", path, (unsigned long)max);
  }
  char *bytes = apr_palloc(pool, (apr_size_t)facts.st_size + 1);
  apr_size_t used = 0;
  ssize_t count;
  while (used < (apr_size_t)facts.st_size && (count = read(fd, bytes + used, (apr_size_t)facts.st_size - used)) > 0)
    used += (apr_size_t)count;
  close(fd);
  bytes[used] = '\0';
  *text = bytes;
  if (length != NULL)
    *length = used;
  return NULL;
}

gk_error_t *gk_folder_lock(const char *folder, apr_pool_t *pool)
{
  const char *path = apr_pstrcat(pool, folder, "/lock", NULL);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fault("Can't open", path, pool);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    return NULL; /* held until the process ends */
  close(fd);
  return gk_error(pool, GK_E_WRONG_STATE, "另一个 gaokao-gateway 正在使用 %s", "Another gaokao-gateway is at work on %s", folder);
}

int gk_folder_taken(const char *folder, apr_pool_t *pool)
{
  int fd = open(apr_pstrcat(pool, folder, "/lock", NULL), O_RDONLY | O_CLOEXEC), taken;
  if (fd < 0)
    return 0;
  taken = flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  return taken;
}
