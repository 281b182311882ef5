/* gateway/spool_load.c: opening a spool, whatever a power cut left of it, and deleting what is old. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "gateway/spool_internal.h"

#define PIECE 16384
#define TEXT_MAX 200                           /* of a line's text before the JWS */

gk_error_t *gk_spool__push(gk_spool_t *spool, const gk_spool_item_t *item, apr_pool_t *pool)
{
  if (spool->count == spool->room) {
    if (spool->first > spool->room / 2) {
      memmove(spool->items, spool->items + spool->first, (spool->count - spool->first) * sizeof(*spool->items));
      spool->count -= spool->first;
      spool->first = 0;
    } else {
      apr_size_t room = spool->room > 0 ? 2 * spool->room : 64;
      gk_spool_item_t *items = realloc(spool->items, room * sizeof(*items));
      if (items == NULL)
        return gk_error_internal(pool, GK_E_INTERNAL, "Spool: no memory for another reading");
      spool->items = items;
      spool->room = room;
    }
  }
  spool->items[spool->count++] = *item;
  return NULL;
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

/* A line that is whole. */
typedef struct line_t {
  char kind;                                   /* R, A, N */
  apr_int64_t seq;
  char jti[GK_JTI_CHARACTERS + 1];
  char device[64];
  apr_int64_t time;
  apr_off_t body_at;
  apr_size_t body_length;
  apr_off_t end;
} line_t;

static bool word(char *out, apr_size_t room, char **text)
{
  char *end = strchr(*text, ' ');
  if (end == NULL || (apr_size_t)(end - *text) >= room)
    return false;
  memcpy(out, *text, (apr_size_t)(end - *text));
  out[end - *text] = '\0';
  *text = end + 1;
  return true;
}

/* Reads the line at `at`. False: none that is whole begins there. */
static bool read_line(line_t *line, int fd, apr_off_t at, apr_off_t size, apr_pool_t *pool)
{
  char head[GK_SPOOL__HEAD + 1], piece[PIECE], text[TEXT_MAX + 1] = "", number[24];
  char *end, *rest = text;
  if (size - at < GK_SPOOL__HEAD + 1 || pread(fd, head, GK_SPOOL__HEAD, at) != GK_SPOOL__HEAD || head[8] != ' ' || head[73] != ' ')
    return false;
  head[8] = head[73] = '\0';
  unsigned long length = strtoul(head, &end, 16);
  if (end != head + 8 || length > GK_SPOOL_BODY_MAX + TEXT_MAX || (apr_off_t)length > size - at - GK_SPOOL__HEAD - 1)
    return false;
  gk_sha256_t *digest = gk_sha256_start(pool);
  for (unsigned long done = 0; done < length;) {
    size_t wanted = length - done < sizeof(piece) ? length - done : sizeof(piece);
    if (pread(fd, piece, wanted, at + GK_SPOOL__HEAD + (apr_off_t)done) != (ssize_t)wanted)
      return false;
    if (done == 0) {
      size_t kept = wanted < TEXT_MAX ? wanted : TEXT_MAX;
      memcpy(text, piece, kept);
      text[kept] = '\0';
    }
    gk_sha256_add(digest, piece, wanted);
    done += wanted;
  }
  if (strcmp(gk_sha256_end(digest, pool), head + 9) != 0)
    return false;
  line->end = at + GK_SPOOL__HEAD + (apr_off_t)length + 1;
  if (pread(fd, piece, 1, line->end - 1) != 1 || piece[0] != '\n' || text[0] == '\0' || text[1] != ' ')
    return false;
  line->kind = text[0];
  rest = text + 2;
  if (!word(number, sizeof(number), &rest))
    return false;
  line->seq = apr_atoi64(number);
  if (!word(line->jti, sizeof(line->jti), &rest) || !word(line->device, sizeof(line->device), &rest) ||
      !word(number, sizeof(number), &rest))
    return false;
  line->time = apr_atoi64(number);
  line->body_at = at + GK_SPOOL__HEAD + (rest - text);
  line->body_length = length - (apr_size_t)(rest - text);
  return true;
}

/* Where the next whole line after damage at `at` begins, or -1: the rest is torn. */
static apr_off_t next_line(int fd, apr_off_t at, apr_off_t size, apr_pool_t *pool)
{
  char piece[PIECE];
  ssize_t count;
  for (; at < size && (count = pread(fd, piece, sizeof(piece), at)) > 0; at += count)
    for (ssize_t i = 0; i < count; i++) {
      line_t line;
      if (piece[i] == '\n' && read_line(&line, fd, at + i + 1, size, pool))
        return at + i + 1;
    }
  return -1;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static gk_error_t *list_files(apr_array_header_t **out, const gk_spool_t *spool, bool clean, apr_pool_t *pool)
{
  apr_array_header_t *files = apr_array_make(pool, 16, sizeof(int));
  apr_finfo_t entry;
  apr_dir_t *dir;
  if (apr_dir_open(&dir, spool->folder, pool) != APR_SUCCESS)
    return gk_error_internal(pool, GK_E_CONFIG, "Spool: can't open the folder '%s'", spool->folder);
  while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
    size_t length = strlen(entry.name);
    if (length == 16 && strcmp(entry.name + 10, ".spool") == 0 && strspn(entry.name, "0123456789") == 10)
      APR_ARRAY_PUSH(files, int) = atoi(entry.name);
    else if (clean && length > 4 && strcmp(entry.name + length - 4, ".new") == 0)
      unlink(apr_pstrcat(pool, spool->folder, "/", entry.name, NULL)); /* it never got its name */
  }
  apr_dir_close(dir);
  qsort(files->elts, (size_t)files->nelts, sizeof(int), by_number);
  *out = files;
  return NULL;
}

/* Those of a file's readings that were answered: jti -> time. A torn end of that file only asks the server again. */
static apr_hash_t *read_answers(apr_time_t *newest, gk_spool_t *spool, int file, apr_pool_t *pool)
{
  apr_hash_t *answered = apr_hash_make(pool);
  int fd = open(gk_spool__path(spool, file, "ack", pool), O_RDONLY | O_CLOEXEC);
  struct stat facts;
  apr_pool_t *round;
  *newest = 0;
  if (fd < 0)
    return answered;
  apr_pool_create(&round, pool);
  if (fstat(fd, &facts) == 0)
    for (apr_off_t at = 0; at >= 0 && at < facts.st_size;) {
      line_t line;
      apr_pool_clear(round);
      if (!read_line(&line, fd, at, facts.st_size, round)) {
        at = next_line(fd, at, facts.st_size, round);
        continue;
      }
      if (line.kind == 'A')
        apr_hash_set(answered, apr_pstrcat(pool, line.jti, line.device, NULL), APR_HASH_KEY_STRING, "");
      if (apr_time_from_sec(line.time) > *newest)
        *newest = apr_time_from_sec(line.time);
      at = line.end;
    }
  close(fd);
  apr_pool_destroy(round);
  return answered;
}

/* What a file is worth. */
typedef struct file_facts_t {
  int waiting;
  apr_time_t newest;                           /* of its answers */
  apr_off_t whole;                             /* bytes up to the torn end */
  gk_date_t began;
} file_facts_t;

static bool same_reading(const gk_spool_item_t *item, const line_t *line)
{
  return item->seq == line->seq && strcmp(item->jti, line->jti) == 0 && strcmp(item->device, line->device) == 0;
}

/* Takes the file's readings that wait into the list. `count_only`: looks for gk_spool_expire(). */
static gk_error_t *load_file(file_facts_t *facts, gk_spool_t *spool, int file, bool count_only, apr_pool_t *pool)
{
  const char *path = gk_spool__path(spool, file, "spool", pool);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat found;
  apr_pool_t *round;
  gk_error_t *error = NULL;
  if (fd < 0)
    return gk_spool__fault("can't open", path, pool);
  if (fstat(fd, &found) != 0) {
    error = gk_spool__fault("can't look at", path, pool);
    close(fd);
    return error;
  }
  memset(facts, 0, sizeof(*facts));
  apr_hash_t *answered = read_answers(&facts->newest, spool, file, pool);
  apr_pool_create(&round, pool);
  for (apr_off_t at = 0; error == NULL && at < found.st_size;) {
    line_t line;
    apr_pool_clear(round);
    if (!read_line(&line, fd, at, found.st_size, round)) {
      at = next_line(fd, at, found.st_size, round);
      if (at < 0)
        break;
      spool->damaged += !count_only;
      continue;
    }
    if (facts->whole == 0)
      facts->began = gk_date_of(apr_time_from_sec(line.time));
    at = facts->whole = line.end;
    gk_spool__device_t *device = gk_spool__device(spool, line.device);
    if (line.seq > device->last)
      device->last = line.seq;
    if (line.kind != 'R')
      continue;
    /* Written twice, because fsync failed at the first file. */
    if (!count_only && spool->count > spool->first && same_reading(&spool->items[spool->count - 1], &line))
      spool->count--;
    if (apr_hash_get(answered, apr_pstrcat(round, line.jti, line.device, NULL), APR_HASH_KEY_STRING) != NULL)
      continue;
    facts->waiting++;
    if (!count_only) {
      gk_spool_item_t item = {
          .seq = line.seq, .device = device->name, .file = file, .at = line.body_at, .length = line.body_length};
      memcpy(item.jti, line.jti, sizeof(item.jti));
      error = gk_spool__push(spool, &item, pool);
    }
  }
  apr_pool_destroy(round);
  close(fd);
  spool->bytes += count_only ? 0 : found.st_size;
  return error;
}

static apr_status_t close_spool(void *data)
{
  gk_spool_t *spool = data;
  if (spool->fd >= 0)
    close(spool->fd);
  if (spool->reading_fd >= 0)
    close(spool->reading_fd);
  free(spool->items);
  return APR_SUCCESS;
}

/* Goes on with the newest file behind its last whole line. */
static gk_error_t *resume(gk_spool_t *spool, const file_facts_t *newest, apr_pool_t *pool)
{
  const char *path = gk_spool__path(spool, spool->file, "spool", pool);
  spool->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
  if (spool->fd < 0)
    return gk_spool__fault("can't open", path, pool);
  spool->size = newest->whole;
  spool->began = newest->began;
  struct stat found;
  if (fstat(spool->fd, &found) != 0 ||
      (found.st_size > newest->whole && (ftruncate(spool->fd, newest->whole) != 0 || fsync(spool->fd) != 0))) {
    close(spool->fd); /* then a new file */
    spool->fd = -1;
  }
  return NULL;
}

gk_error_t *gk_spool_open(gk_spool_t **out, const char *folder, int read_only, apr_pool_t *pool)
{
  gk_spool_t *spool = apr_pcalloc(pool, sizeof(*spool));
  apr_array_header_t *files;
  apr_pool_t *scratch, *round;
  file_facts_t newest = {0};
  spool->pool = pool;
  spool->folder = apr_pstrdup(pool, folder);
  spool->devices = apr_array_make(pool, 2, sizeof(gk_spool__device_t));
  spool->fd = spool->reading_fd = spool->reading = -1;
  apr_pool_cleanup_register(pool, spool, close_spool, apr_pool_cleanup_null);
  if (!read_only && mkdir(folder, 0700) != 0 && errno != EEXIST)
    return gk_spool__fault("can't make the folder", folder, pool);
  apr_pool_create(&scratch, pool);
  GK_TRY(list_files(&files, spool, !read_only, scratch));
  apr_pool_create(&round, scratch);
  for (int i = 0; i < files->nelts; i++) {
    apr_pool_clear(round);
    spool->file = APR_ARRAY_IDX(files, i, int);
    gk_error_t *error = load_file(&newest, spool, spool->file, false, round);
    if (error != NULL)
      return gk_error_dup(pool, error);
  }
  gk_error_t *error = spool->file > 0 && !read_only ? resume(spool, &newest, pool) : NULL;
  apr_pool_destroy(scratch);
  *out = spool;
  return error;
}

gk_error_t *gk_spool_holds(bool *found, const gk_spool_t *spool, const char *jti, apr_pool_t *scratch_pool)
{
  apr_array_header_t *files;
  apr_pool_t *round;
  *found = false;
  GK_TRY(list_files(&files, spool, false, scratch_pool));
  apr_pool_create(&round, scratch_pool);
  for (int i = files->nelts - 1; i >= 0 && !*found; i--) {
    struct stat facts;
    int fd = open(gk_spool__path(spool, APR_ARRAY_IDX(files, i, int), "spool", round), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0)
      facts.st_size = 0;
    for (apr_off_t at = 0; at >= 0 && at < facts.st_size && !*found;) {
      line_t line;
      apr_pool_clear(round);
      if (!read_line(&line, fd, at, facts.st_size, round)) {
        at = next_line(fd, at, facts.st_size, round);
        continue;
      }
      *found = line.kind == 'R' && strcmp(line.jti, jti) == 0;
      at = line.end;
    }
    if (fd >= 0)
      close(fd);
  }
  apr_pool_destroy(round);
  return NULL;
}

/* ---- deleting ---------------------------------------------------------------------------------------------------- */

gk_error_t *gk_spool_expire(gk_spool_t *spool, apr_time_t now, apr_pool_t *scratch_pool)
{
  apr_array_header_t *files;
  GK_TRY(list_files(&files, spool, false, scratch_pool));
  for (int i = 0; i < files->nelts; i++) {
    int file = APR_ARRAY_IDX(files, i, int);
    file_facts_t facts;
    const char *path = gk_spool__path(spool, file, "spool", scratch_pool);
    struct stat found;
    GK_TRY(load_file(&facts, spool, file, true, scratch_pool));
    if (facts.waiting > 0 || facts.newest == 0 || now - facts.newest < GK_SPOOL_KEEP_US)
      continue;
    if (file == spool->file) /* the numbers given so far outlive the readings */
      for (int n = 0; n < spool->devices->nelts; n++) {
        const gk_spool__device_t *device = &APR_ARRAY_IDX(spool->devices, n, gk_spool__device_t);
        GK_TRY(gk_spool__begin(spool,
                               apr_psprintf(scratch_pool, "N %" APR_INT64_T_FMT " - %s %" APR_INT64_T_FMT " -", device->last,
                                            device->name, (apr_int64_t)apr_time_sec(now)),
                               "", 0, now, scratch_pool));
      }
    spool->bytes -= stat(path, &found) == 0 ? found.st_size : 0;
    if (unlink(path) != 0 || unlink(gk_spool__path(spool, file, "ack", scratch_pool)) != 0)
      return gk_spool__fault("can't delete", path, scratch_pool);
  }
  return NULL;
}
