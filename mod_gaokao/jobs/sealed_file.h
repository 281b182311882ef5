/* jobs/sealed_file.h: a job's result on disk: pieces of 64 KiB, each sealed under a key of this file alone (store/vault.h,
 * kind file). Each piece stands behind its length (4 bytes, most significant first) and is bound to the job, its number and
 * to whether it is the last: a file that was cut, mixed or put together anew does not open. When the results of a job go, the
 * key goes too, whatever the disk keeps. */
#ifndef GK_JOBS_SEALED_FILE_H
#define GK_JOBS_SEALED_FILE_H

#include <apr_file_io.h>
#include "jobs/job.h"
#include "store/vault.h"

typedef struct gk_sealed_file_t gk_sealed_file_t;

/* For writing to `file`, which is open; `key` by gk_vault_make. */
gk_sealed_file_t *gk_sealed_file_start(apr_file_t *file, const gk_vault_key_t *key, apr_int64_t job_id, apr_pool_t *pool);
/* The same for what is no job's: `what` names it ("export.part.7.3"), and pieces are bound to that. */
gk_sealed_file_t *gk_sealed_file_start_as(apr_file_t *file, const gk_vault_key_t *key, const char *what, apr_pool_t *pool);
gk_error_t *gk_sealed_file_write(gk_sealed_file_t *out, const void *bytes, apr_size_t length);
/* The last piece; without it the file is none. */
gk_error_t *gk_sealed_file_end(gk_sealed_file_t *out);

typedef gk_error_t *(*gk_sealed_file_fn)(void *baton, const char *bytes, apr_size_t length);
/* Reads it through. Errors: SEALED, GONE when its key was destroyed, what `write` returned. */
gk_error_t *gk_sealed_file_read(const char *path, const gk_job_t *job, gk_act_t *act, gk_sealed_file_fn write,
                                void *baton);

gk_error_t *gk_sealed_file_read_as(const char *path, const gk_vault_key_t *key, const char *what, gk_sealed_file_fn write,
                                   void *baton, apr_pool_t *pool);

#endif
