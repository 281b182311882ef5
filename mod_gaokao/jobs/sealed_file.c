/* jobs/sealed_file.c: see sealed_file.h. */
#include "jobs/sealed_file.h"

#include <string.h>
#include <apr_strings.h>

#define PIECE_BYTES (64 * 1024)
#define SEALED_MAX (PIECE_BYTES + 1024)

struct gk_sealed_file_t {
  apr_file_t *file;
  gk_vault_key_t key;
  const char *what;
  apr_int64_t number;
  apr_size_t held;
  char *piece;
  apr_pool_t *pool, *scratch;
};

static const char *of_job(apr_int64_t job_id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "job.file.%" APR_INT64_T_FMT, job_id);
}

static const char *context(const char *what, apr_int64_t number, bool last, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%s.%" APR_INT64_T_FMT "%s", what, number, last ? ".last" : "");
}

static gk_error_t *disk(apr_pool_t *pool, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, APR_STATUS_IS_ENOSPC(rv) ? GK_E_DB_FULL : GK_E_INTERNAL, "a job's file: %s",
                           apr_strerror(rv, why, sizeof(why)));
}

gk_sealed_file_t *gk_sealed_file_start(apr_file_t *file, const gk_vault_key_t *key, apr_int64_t job_id, apr_pool_t *pool)
{
  return gk_sealed_file_start_as(file, key, of_job(job_id, pool), pool);
}

gk_sealed_file_t *gk_sealed_file_start_as(apr_file_t *file, const gk_vault_key_t *key, const char *what, apr_pool_t *pool)
{
  gk_sealed_file_t *out = apr_pcalloc(pool, sizeof(*out));
  *out = (gk_sealed_file_t){.file = file, .key = *key, .what = what, .piece = apr_palloc(pool, PIECE_BYTES), .pool = pool};
  apr_pool_create(&out->scratch, pool);
  return out;
}

static gk_error_t *flush(gk_sealed_file_t *out, bool last)
{
  gk_sealed_t sealed;
  unsigned char length[4];
  apr_pool_clear(out->scratch);
  gk_error_t *error = gk_vault_seal(&sealed, &out->key, context(out->what, out->number++, last, out->scratch), out->piece,
                                    out->held, out->scratch);
  if (error != NULL)
    return gk_error_dup(out->pool, error);
  for (int i = 0; i < 4; i++)
    length[i] = (unsigned char)(sealed.length >> (24 - 8 * i));
  apr_status_t rv = apr_file_write_full(out->file, length, 4, NULL);
  if (rv == APR_SUCCESS)
    rv = apr_file_write_full(out->file, sealed.bytes, sealed.length, NULL);
  out->held = 0;
  return rv == APR_SUCCESS ? NULL : disk(out->pool, rv);
}

gk_error_t *gk_sealed_file_write(gk_sealed_file_t *out, const void *bytes, apr_size_t length)
{
  const char *from = bytes;
  while (length > 0) {
    if (out->held == PIECE_BYTES)
      GK_TRY(flush(out, false));
    apr_size_t room = PIECE_BYTES - out->held, part = length < room ? length : room;
    memcpy(out->piece + out->held, from, part);
    out->held += part;
    from += part;
    length -= part;
  }
  return NULL;
}

gk_error_t *gk_sealed_file_end(gk_sealed_file_t *out) { return flush(out, true); }

/* ---- reading --------------------------------------------------------------------------------------------- */

static gk_error_t *spoilt(apr_pool_t *pool) { return gk_error_internal(pool, GK_E_SEALED, "a job's file is cut or changed"); }

static gk_error_t *read_pieces(apr_file_t *file, const gk_vault_key_t *key, const char *what, gk_sealed_file_fn write,
                               void *baton, apr_pool_t *pool)
{
  unsigned char *bytes = apr_palloc(pool, SEALED_MAX);
  apr_pool_t *scratch;
  apr_pool_create(&scratch, pool);
  for (apr_int64_t number = 0;; number++) {
    unsigned char head[4];
    apr_size_t length = 0, got;
    const char *text;
    apr_pool_clear(scratch);
    if (apr_file_read_full(file, head, 4, NULL) != APR_SUCCESS)
      return spoilt(pool);
    for (int i = 0; i < 4; i++)
      length = length << 8 | head[i];
    if (length > SEALED_MAX || apr_file_read_full(file, bytes, length, NULL) != APR_SUCCESS)
      return spoilt(pool);
    bool last = apr_file_eof(file) == APR_EOF || apr_file_getc((char *)head, file) != APR_SUCCESS;
    if (!last)
      apr_file_ungetc((char)head[0], file);
    gk_blob_t value = {bytes, length};
    gk_error_t *error = gk_vault_unseal(&text, &got, key, context(what, number, last, scratch),
                                        key->id != 0 ? GK_RECORD_KEY : "", value, scratch);
    if (error == NULL)
      error = write(baton, text, got);
    if (error != NULL)
      return gk_error_dup(pool, error);
    if (last)
      return NULL;
  }
}

gk_error_t *gk_sealed_file_read(const char *path, const gk_job_t *job, gk_act_t *act, gk_sealed_file_fn write, void *baton)
{
  gk_json_t *result;
  gk_vault_key_t key = {0, NULL, false};
  GK_TRY(gk_json_parse(&result, job->result, strlen(job->result), act->pool));
  apr_int64_t id = gk_json_int(result, "record_key");
  if (id != 0) {
    gk_error_t *error = gk_vault_by_id(&key, act, id);
    if (error != NULL)
      return error->code == GK_E_NOT_FOUND ? gk_error_plain(act->pool, GK_E_GONE) : error;
  }
  return gk_sealed_file_read_as(path, &key, of_job(job->id, act->pool), write, baton, act->pool);
}

gk_error_t *gk_sealed_file_read_as(const char *path, const gk_vault_key_t *key, const char *what, gk_sealed_file_fn write,
                                   void *baton, apr_pool_t *pool)
{
  apr_file_t *file;
  if (gk_vault_erased(key))
    return gk_error_plain(pool, GK_E_GONE);
  if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_BUFFERED, 0, pool) != APR_SUCCESS)
    return gk_error_plain(pool, GK_E_GONE);
  gk_error_t *error = read_pieces(file, key, what, write, baton, pool);
  apr_file_close(file);
  return error;
}
