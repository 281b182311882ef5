/* jobs/spool.c: see spool.h. */
#include "jobs/spool.h"

#include <apr_strings.h>

#define BUFFER_BYTES (256 * 1024)

static gk_error_t *disk(apr_pool_t *pool, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, APR_STATUS_IS_ENOSPC(rv) ? GK_E_DB_FULL : GK_E_INTERNAL, "a job's file: %s",
                           apr_strerror(rv, why, sizeof(why)));
}

/* The file's key is in the database before the file is: whoever finds one finds the other. */
static gk_error_t *make_key(gk_vault_key_t *key, gk_job_run_t *run)
{
  GK_TRY(gk_act_begin(&run->act));
  GK_TRY(gk_vault_make(key, &run->act, GK_VAULT_FILE, 0));
  return gk_db_commit(run->act.db, run->pool);
}

gk_error_t *gk_spool_start(gk_spool_t *out, gk_job_run_t *run, const char *extension)
{
  *out = (gk_spool_t){.run = run};
  out->name = apr_psprintf(run->pool, "job-%" APR_INT64_T_FMT ".%s", run->job.id, extension);
  out->path = apr_pstrcat(run->pool, gk_core_config(run->act.core)->spool_dir, "/", out->name, NULL);
  out->part = apr_pstrcat(run->pool, out->path, ".", run->owner, ".part", NULL);
  GK_TRY(make_key(&out->key, run));
  apr_status_t rv = apr_file_open(&out->file, out->part,
                                  APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BUFFERED,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE, run->pool);
  if (rv != APR_SUCCESS)
    return disk(run->pool, rv);
  apr_file_buffer_set(out->file, apr_palloc(run->pool, BUFFER_BYTES), BUFFER_BYTES);
  out->sealed = gk_sealed_file_start(out->file, &out->key, run->job.id, run->pool);
  out->digest = gk_sha256_start(run->pool);
  return NULL;
}

gk_error_t *gk_spool_write(void *baton, const void *bytes, apr_size_t length)
{
  gk_spool_t *spool = baton;
  gk_sha256_add(spool->digest, bytes, length);
  spool->bytes += (apr_int64_t)length;
  return gk_sealed_file_write(spool->sealed, bytes, length);
}

gk_error_t *gk_spool_end(gk_spool_t *spool, gk_error_t *error)
{
  apr_pool_t *pool = spool->run->pool;
  apr_status_t rv = APR_SUCCESS;
  if (error == NULL)
    error = gk_sealed_file_end(spool->sealed);
  if (error == NULL)
    rv = apr_file_sync(spool->file);
  apr_status_t closed = apr_file_close(spool->file);
  if (rv == APR_SUCCESS)
    rv = closed;
  if (error == NULL && rv == APR_SUCCESS)
    rv = apr_file_rename(spool->part, spool->path, pool);
  if (error == NULL && rv != APR_SUCCESS)
    error = disk(pool, rv);
  if (error != NULL)
    apr_file_remove(spool->part, pool);
  return error;
}

void gk_spool_tell(const gk_spool_t *spool, gk_json_t *result, const char *name, const char *media_type)
{
  gk_json_set_str(result, "file", spool->name);
  gk_json_set_int(result, "record_key", spool->key.id);
  gk_json_set_str(result, "name", name);
  gk_json_set_str(result, "media_type", media_type);
  gk_json_set_int(result, "bytes", spool->bytes);
  gk_json_set_str(result, "digest", gk_sha256_end(spool->digest, spool->run->pool));
}
