/* jobs/archive.h: writes a ZIP as a stream: entries one behind the other, deflated with sizes behind the bytes (APPNOTE 4.3.9), or
 * stored with sizes before them, for readers of streams can't tell where stored bytes end. Names are UTF-8. No ZIP64: more than
 * 65,000 entries or 4 GB are INVALID, which says to ask for less.
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
/* Begins an entry that is deflated; the one before has to be closed. */
gk_error_t *gk_archive_open(gk_archive_t *zip, const char *name);
gk_error_t *gk_archive_write(gk_archive_t *zip, const void *bytes, apr_size_t length);
gk_error_t *gk_archive_close(gk_archive_t *zip);
/* A whole entry of what is compressed already. */
gk_error_t *gk_archive_store(gk_archive_t *zip, const char *name, const void *bytes, apr_size_t length);
/* The directory. */
gk_error_t *gk_archive_end(gk_archive_t *zip);

#endif
