/* jobs/squeeze.h: bytes on their way, as they are or compressed: gzip (zlib), zstd where it was built in. The same bytes give
 * the same output each time. */
#ifndef GK_JOBS_SQUEEZE_H
#define GK_JOBS_SQUEEZE_H

#include <stdbool.h>
#include <apr_pools.h>
#include "base/error.h"

typedef struct gk_squeeze_t gk_squeeze_t;
typedef gk_error_t *(*gk_squeeze_fn)(void *baton, const void *bytes, apr_size_t length);

/* This program knows it: "none", "gzip", perhaps "zstd". */
bool gk_squeeze_known(const char *compression);
/* What such a file's name ends in after the format's own: "", ".gz", ".zst". */
const char *gk_squeeze_suffix(const char *compression);
/* Media type of such a file; `plain` when nothing is done to it. */
const char *gk_squeeze_media_type(const char *compression, const char *plain);

/* Hands what comes out to `write`, whose error ends it. Released with `pool`. Errors: INVALID for an unknown word. */
gk_error_t *gk_squeeze_start(gk_squeeze_t **out, const char *compression, gk_squeeze_fn write, void *baton, apr_pool_t *pool);
gk_error_t *gk_squeeze_write(gk_squeeze_t *squeeze, const void *bytes, apr_size_t length);
/* What is left. */
gk_error_t *gk_squeeze_end(gk_squeeze_t *squeeze);

/* Beside a compressed file (.gz, .zst) the same without that ending; other files stay as they are. Errors: SEALED when it is
 * damaged, CONFIG when it can't be written. */
gk_error_t *gk_unsqueeze_file(const char *path, apr_pool_t *pool);

#endif
