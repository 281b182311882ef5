/* gateway/files.h: the small files of the gateway's folder. */
#ifndef GK_GATEWAY_FILES_H
#define GK_GATEWAY_FILES_H

#include <apr_pools.h>
#include "base/error.h"

/* Puts `text` in the place of `path` (0600): a new file, fsync, rename, fsync of the folder (faults.md DC-2). `lasting` false:
 * without the fsyncs, for what is written again all the time. Errors: DB_FULL, INTERNAL. */
gk_error_t *gk_file_put(const char *path, const char *text, int lasting, apr_pool_t *pool);
gk_error_t *gk_file_put_bytes(const char *path, const void *bytes, apr_size_t length, int lasting, apr_pool_t *pool);

/* Reads a file of at most `max` bytes; *text is followed by a NUL, `length` may be NULL. Errors: NOT_FOUND when there is none,
 * TOO_LARGE, INTERNAL. */
gk_error_t *gk_file_get(const char **text, apr_size_t *length, const char *path, apr_size_t max, apr_pool_t *pool);

/* The gateway's folder is this process's as long as it lives. WRONG_STATE when another one has it. */
gk_error_t *gk_folder_lock(const char *folder, apr_pool_t *pool);
/* True when another process has it. */
int gk_folder_taken(const char *folder, apr_pool_t *pool);

#endif
