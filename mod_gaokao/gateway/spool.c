/* gateway/spool.c: see spool.h. Opening and expiring are in spool_load.c. */
#include "gateway/spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/crypto.h"

gk_error_t *gk_spool__fault(const char *what, const char *path, apr_pool_t *pool)
{
  int why = errno;
  return gk_error_internal(pool, why == ENOSPC || why == EDQUOT ? GK_E_DB_FULL : GK_E_INTERNAL, "Spool: %s '%s': %s", what,
                           path, strerror(why));
}

const char *gk_spool__path(const gk_spool_t *spool, int file, const char *extension, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%s/%010d.%s", spool->folder, file, extension);
}

gk_spool__device_t *gk_spool__device(gk_spool_t *spool, const char *name)
{
  for (int i = 0; i < spool->devices->nelts; i++) {
    gk_spool__device_t *device = &APR_ARRAY_IDX(spool->devices, i, gk_spool__device_t);
    if (strcmp(device->name, name) == 0)
      return device;
  }
  gk_spool__device_t *device = apr_array_push(spool->devices);
  device->name = apr_pstrdup(spool->pool, name);
  device->last = 0;
  return device;
}

apr_int64_t gk_spool_next(const gk_spool_t *spool, const char *device)
{
  for (int i = 0; i < spool->devices->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(spool->devices, i, gk_spool__device_t).name, device) == 0)
      return APR_ARRAY_IDX(spool->devices, i, gk_spool__device_t).last + 1;
  return 1;
}

void gk_spool_floor(gk_spool_t *spool, const char *device, apr_int64_t next)
{
  gk_spool__device_t *known = gk_spool__device(spool, device);
  if (next > known->last + 1)
    known->last = next - 1;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static gk_error_t *sync_folder(const gk_spool_t *spool, apr_pool_t *pool)
{
  int fd = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int bad = fd < 0 || fsync(fd) != 0;
  gk_error_t *error = bad ? gk_spool__fault("can't be made sure of", spool->folder, pool) : NULL;
  if (fd >= 0)
    close(fd);
  return error;
}

typedef struct line_t {
  char head[80];
  const char *text, *jws;
  apr_size_t text_length, jws_length;
} line_t;

/* Length, digest, text and, for a reading, the JWS behind it. */
static void make_line(line_t *line, const char *text, const char *jws, apr_size_t length, apr_pool_t *pool)
{
  gk_sha256_t *digest = gk_sha256_start(pool);
  line->text = text;
  line->text_length = strlen(text);
  line->jws = jws;
  line->jws_length = length;
  gk_sha256_add(digest, text, line->text_length);
  gk_sha256_add(digest, jws, length);
  snprintf(line->head, sizeof(line->head), "%08lx %s ", (unsigned long)(line->text_length + length), gk_sha256_end(digest, pool));
}

static apr_off_t line_bytes(const line_t *line)
{
  return (apr_off_t)(GK_SPOOL__HEAD + line->text_length + line->jws_length + 1);
}

/* All of it at the end of `fd`, or an errno. */
static int put_line(int fd, const line_t *line)
{
  struct iovec pieces[] = {{(void *)line->head, GK_SPOOL__HEAD},
                           {(void *)line->text, line->text_length},
                           {(void *)line->jws, line->jws_length},
                           {(void *)"\n", 1}};
  struct iovec *piece = pieces;
  int left = 4;
  while (left > 0) {
    ssize_t count = writev(fd, piece, left);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return errno;
    if (count == 0)
      return ENOSPC;
    while (left > 0 && (size_t)count >= piece->iov_len) {
      count -= (ssize_t)piece->iov_len;
      piece++;
      left--;
    }
    if (left > 0) {
      piece->iov_base = (char *)piece->iov_base + count;
      piece->iov_len -= (size_t)count;
    }
  }
  return 0;
}

static void leave_file(gk_spool_t *spool)
{
  if (spool->fd >= 0)
    close(spool->fd);
  spool->fd = -1;
}

/* Writes `line` as the first of a new file, which is there under its name only when all of it is on the disk. */
gk_error_t *gk_spool__begin(gk_spool_t *spool, const char *text, const char *jws, apr_size_t length, apr_time_t now,
                            apr_pool_t *pool)
{
  const char *path = gk_spool__path(spool, spool->file + 1, "spool", pool);
  const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
  line_t line;
  make_line(&line, text, jws, length, pool);
  leave_file(spool);
  int fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  int why = fd < 0 ? errno : put_line(fd, &line);
  if (why == 0 && fsync(fd) != 0)
    why = errno;
  if (why == 0 && rename(fresh, path) != 0)
    why = errno;
  if (why != 0) {
    errno = why;
    gk_error_t *error = gk_spool__fault("can't write", fresh, pool);
    if (fd >= 0)
      close(fd);
    unlink(fresh);
    return error;
  }
  spool->fd = fd;
  spool->file++;
  spool->size = line_bytes(&line);
  spool->bytes += spool->size;
  spool->began = gk_date_of(now);
  return sync_folder(spool, pool);
}

/* Appends to the file that is open. *doubtful: what is on the disk is not known. */
static gk_error_t *append(gk_spool_t *spool, const line_t *line, int *doubtful, apr_pool_t *pool)
{
  int why = put_line(spool->fd, line);
  *doubtful = 0;
  if (why == 0 && fsync(spool->fd) == 0) {
    spool->size += line_bytes(line);
    spool->bytes += line_bytes(line);
    return NULL;
  }
  *doubtful = why == 0;
  if (why == 0)
    why = errno;
  errno = why;
  gk_error_t *error = gk_spool__fault("can't write", gk_spool__path(spool, spool->file, "spool", pool), pool);
  if (ftruncate(spool->fd, spool->size) != 0 || *doubtful)
    leave_file(spool); /* and begin another one */
  return error;
}

gk_error_t *gk_spool_add(gk_spool_t *spool, const char *device, apr_int64_t seq, const char *jti, const char *jws,
                         apr_size_t length, apr_time_t now, apr_pool_t *scratch_pool)
{
  gk_spool__device_t *known = gk_spool__device(spool, device);
  const char *text = apr_psprintf(scratch_pool, "R %" APR_INT64_T_FMT " %s %s %" APR_INT64_T_FMT " ", seq, jti, known->name,
                                  (apr_int64_t)apr_time_sec(now));
  gk_error_t *error = NULL;
  int doubtful = 0;
  if (length > GK_SPOOL_BODY_MAX || strlen(jti) != GK_JTI_CHARACTERS || memchr(jws, '\n', length) != NULL)
    return gk_error_internal(scratch_pool, GK_E_INTERNAL, "Spool: what is to be stored is no reading");
  if (seq <= known->last)
    return gk_error_internal(scratch_pool, GK_E_INTERNAL, "Spool: number %" APR_INT64_T_FMT " was given already", seq);
  apr_off_t at = spool->size;
  bool fresh = spool->fd < 0 || spool->size >= GK_SPOOL__FILE_BYTES || gk_date_compare(spool->began, gk_date_of(now)) != 0;
  if (!fresh) {
    line_t line;
    make_line(&line, text, jws, length, scratch_pool);
    error = append(spool, &line, &doubtful, scratch_pool);
    /* The kernel may have dropped what fsync could not write: the same bytes again, in another file (DC-2). */
    fresh = error != NULL && doubtful;
  }
  if (fresh) {
    at = 0;
    error = gk_spool__begin(spool, text, jws, length, now, scratch_pool);
    doubtful = doubtful || (error != NULL && spool->fd >= 0);
  }
  if (error != NULL) {
    if (doubtful) { /* it may turn up again after a restart: its number is not given to another one */
      known->last = seq;
      leave_file(spool);
    }
    return error;
  }
  known->last = seq;
  gk_spool_item_t item = {.seq = seq, .device = known->name, .file = spool->file, .length = length};
  apr_cpystrn(item.jti, jti, sizeof(item.jti));
  item.at = at + (apr_off_t)(GK_SPOOL__HEAD + strlen(text));
  return gk_spool__push(spool, &item, scratch_pool);
}

/* ---- those that wait --------------------------------------------------------------------------------------------- */

apr_size_t gk_spool_waiting(const gk_spool_t *spool) { return spool->count - spool->first; }
const gk_spool_item_t *gk_spool_item(const gk_spool_t *spool, apr_size_t index) { return &spool->items[spool->first + index]; }
int gk_spool_damaged(const gk_spool_t *spool) { return spool->damaged; }
int gk_spool_aside(const gk_spool_t *spool) { return spool->aside; }
apr_int64_t gk_spool_bytes(const gk_spool_t *spool) { return spool->bytes; }

gk_error_t *gk_spool_read(void *out, gk_spool_t *spool, const gk_spool_item_t *item, apr_size_t offset, apr_size_t length,
                          apr_pool_t *pool)
{
  const char *path = gk_spool__path(spool, item->file, "spool", pool);
  if (spool->reading != item->file) {
    if (spool->reading_fd >= 0)
      close(spool->reading_fd);
    spool->reading_fd = open(path, O_RDONLY | O_CLOEXEC);
    spool->reading = spool->reading_fd >= 0 ? item->file : -1;
  }
  if (spool->reading_fd < 0)
    return gk_spool__fault("can't open", path, pool);
  if (pread(spool->reading_fd, out, length, item->at + (apr_off_t)offset) != (ssize_t)length)
    return gk_spool__fault("can't read", path, pool);
  return NULL;
}

gk_error_t *gk_spool_text(const char **out, gk_spool_t *spool, const gk_spool_item_t *item, apr_pool_t *pool)
{
  char *text = apr_palloc(pool, item->length + 1);
  GK_TRY(gk_spool_read(text, spool, item, 0, item->length, pool));
  text[item->length] = '\0';
  *out = text;
  return NULL;
}

static void take_out(gk_spool_t *spool, apr_size_t index)
{
  /* Answers come in order, so that this is nearly always the first. */
  if (index > 0)
    memmove(&spool->items[spool->first + 1], &spool->items[spool->first], index * sizeof(*spool->items));
  spool->first++;
  if (spool->first == spool->count)
    spool->first = spool->count = 0;
}

gk_error_t *gk_spool_done(gk_spool_t *spool, apr_size_t index, const char *status, apr_time_t now, apr_pool_t *scratch_pool)
{
  const gk_spool_item_t *item = gk_spool_item(spool, index);
  const char *path = gk_spool__path(spool, item->file, "ack", scratch_pool);
  line_t line;
  make_line(&line,
            apr_psprintf(scratch_pool, "A %" APR_INT64_T_FMT " %s %s %" APR_INT64_T_FMT " %s", item->seq, item->jti,
                         item->device, (apr_int64_t)apr_time_sec(now), status),
            "", 0, scratch_pool);
  take_out(spool, index);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), why;
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) != 0)
    why = errno;
  else if ((why = put_line(fd, &line)) != 0)
    (void)!ftruncate(fd, facts.st_size);
  if (fd >= 0)
    close(fd);
  errno = why;
  return why == 0 ? NULL : gk_spool__fault("can't write", path, scratch_pool);
}

void gk_spool_set_aside(gk_spool_t *spool, apr_size_t index)
{
  take_out(spool, index);
  spool->aside++;
}
