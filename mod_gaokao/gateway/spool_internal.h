/* gateway/spool_internal.h: what spool.c and spool_load.c share. */
#ifndef GK_GATEWAY_SPOOL_INTERNAL_H
#define GK_GATEWAY_SPOOL_INTERNAL_H

#include <stdbool.h>
#include <apr_tables.h>

#include "base/time.h"
#include "gateway/spool.h"

#define GK_SPOOL__HEAD 74                      /* length, digest and a space behind each */
#define GK_SPOOL__FILE_BYTES (4 * 1024 * 1024) /* a file that is larger is not appended to */

typedef struct gk_spool__device_t {
  const char *name;
  apr_int64_t last;                            /* number that was given last */
} gk_spool__device_t;

struct gk_spool_t {
  apr_pool_t *pool;
  const char *folder;
  apr_array_header_t *devices;                 /* gk_spool__device_t */
  gk_spool_item_t *items;                      /* malloc: grows and shrinks for days */
  apr_size_t first, count, room;
  int file;                                    /* number of the newest file, 0: none */
  int fd;                                      /* where readings are appended, -1: begin a new file */
  apr_off_t size;
  gk_date_t began;                             /* the day of its first line */
  int reading, reading_fd;                     /* the file that was read from last */
  int damaged, aside;
  apr_int64_t bytes;
};

gk_error_t *gk_spool__fault(const char *what, const char *path, apr_pool_t *pool);
const char *gk_spool__path(const gk_spool_t *spool, int file, const char *extension, apr_pool_t *pool);
gk_spool__device_t *gk_spool__device(gk_spool_t *spool, const char *name);
gk_error_t *gk_spool__push(gk_spool_t *spool, const gk_spool_item_t *item, apr_pool_t *pool);
gk_error_t *gk_spool__begin(gk_spool_t *spool, const char *text, const char *jws, apr_size_t length, apr_time_t now,
                            apr_pool_t *pool);

#endif
