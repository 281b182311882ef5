/* jobs/spool.h: the file that a job leaves: written under a name of its own, sealed piece by piece, and renamed when it is
 * whole and on disk, so that what a result names is always complete. */
#ifndef GK_JOBS_SPOOL_H
#define GK_JOBS_SPOOL_H

#include "jobs/sealed_file.h"

typedef struct gk_spool_t {
  gk_job_run_t *run;
  gk_vault_key_t key;
  const char *name, *path, *part;
  apr_file_t *file;
  gk_sealed_file_t *sealed;
  gk_sha256_t *digest;
  apr_int64_t bytes;
} gk_spool_t;

/* Makes its key (a transaction of its own) and opens it. */
gk_error_t *gk_spool_start(gk_spool_t *out, gk_job_run_t *run, const char *extension);
gk_error_t *gk_spool_write(void *spool, const void *bytes, apr_size_t length);
/* Ends it: `error` NULL keeps the file, else it is removed and `error` comes back. */
gk_error_t *gk_spool_end(gk_spool_t *spool, gk_error_t *error);
/* Members file, record_key, name, media_type, bytes, digest of the job's result. */
void gk_spool_tell(const gk_spool_t *spool, gk_json_t *result, const char *name, const char *media_type);

#endif
