/* jobs/archive.h: writes a ZIP as a stream: entries one behind the other, each deflated or stored, sizes behind the bytes (APPNOTE
 * 4.3.9). Names are UTF-8. No ZIP64: more than 65,000 entries or 4 GB are INVALID, which says to ask for less.
 */
#ifndef GK_JOBS_ARCHIVE_H
#define GK_JOBS_ARCHIVE_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>
#include "base/error.h"

typedef struct gk_archive_t gk_archive_t;
typedef gk_error_t *(*gk_archive_write_fn)(void *baton, const void *bytes, apr_size_t length);

gk_archive_t *gk_archive_start(gk_archive_write_fn write, void *baton, apr_time_t when, apr_pool_t *pool);
/* Begins an entry; the one before has to be closed. `store`: what is compressed already. */
gk_error_t *gk_archive_open(gk_archive_t *zip, const char *name, bool store);
gk_error_t *gk_archive_write(gk_archive_t *zip, const void *bytes, apr_size_t length);
gk_error_t *gk_archive_close(gk_archive_t *zip);
/* The directory. */
gk_error_t *gk_archive_end(gk_archive_t *zip);

#endif
