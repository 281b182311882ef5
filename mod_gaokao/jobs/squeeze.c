/* jobs/squeeze.c: see squeeze.h. */
#include "config.h"
#include "jobs/squeeze.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

/* The line to the province is slower than this machine, its processors are not idle: levels that cost little. */
enum { OUT_BYTES = 128 * 1024, GZIP_LEVEL = 2, ZSTD_LEVEL = 3 };

struct gk_squeeze_t {
  gk_squeeze_fn write;
  void *baton;
  apr_pool_t *pool;
  z_stream *gzip;
#ifdef HAVE_ZSTD
  ZSTD_CCtx *zstd;
#endif
  char *out;
};

static apr_status_t end_gzip(void *data)
{
  deflateEnd(data);
  return APR_SUCCESS;
}

#ifdef HAVE_ZSTD
static apr_status_t end_zstd(void *data)
{
  ZSTD_freeCCtx(data);
  return APR_SUCCESS;
}
#endif

bool gk_squeeze_known(const char *compression)
{
#ifdef HAVE_ZSTD
  if (strcmp(compression, "zstd") == 0)
    return true;
#endif
  return strcmp(compression, "none") == 0 || strcmp(compression, "gzip") == 0;
}

const char *gk_squeeze_suffix(const char *compression)
{
  return strcmp(compression, "gzip") == 0 ? ".gz" : strcmp(compression, "zstd") == 0 ? ".zst" : "";
}

const char *gk_squeeze_media_type(const char *compression, const char *plain)
{
  return strcmp(compression, "gzip") == 0 ? "application/gzip" : strcmp(compression, "zstd") == 0 ? "application/zstd" : plain;
}

static gk_error_t *fault(const gk_squeeze_t *squeeze, const char *what)
{
  return gk_error_internal(squeeze->pool, GK_E_INTERNAL, "compression: %s", what);
}

gk_error_t *gk_squeeze_start(gk_squeeze_t **out, const char *compression, gk_squeeze_fn write, void *baton, apr_pool_t *pool)
{
  gk_squeeze_t *squeeze = apr_pcalloc(pool, sizeof(*squeeze));
  squeeze->write = write;
  squeeze->baton = baton;
  squeeze->pool = pool;
  if (!gk_squeeze_known(compression))
    return gk_error(pool, GK_E_INVALID, "本程序不支持压缩方式 %s", "This program does not know the compression '%s'", compression);
  if (strcmp(compression, "none") != 0)
    squeeze->out = apr_palloc(pool, OUT_BYTES);
  if (strcmp(compression, "gzip") == 0) {
    squeeze->gzip = apr_pcalloc(pool, sizeof(*squeeze->gzip));
    if (deflateInit2(squeeze->gzip, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      return fault(squeeze, "zlib does not start");
    apr_pool_cleanup_register(pool, squeeze->gzip, end_gzip, apr_pool_cleanup_null);
  }
#ifdef HAVE_ZSTD
  if (strcmp(compression, "zstd") == 0) {
    squeeze->zstd = ZSTD_createCCtx();
    if (squeeze->zstd == NULL)
      return fault(squeeze, "zstd does not start");
    apr_pool_cleanup_register(pool, squeeze->zstd, end_zstd, apr_pool_cleanup_null);
    ZSTD_CCtx_setParameter(squeeze->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
  }
#endif
  *out = squeeze;
  return NULL;
}

static gk_error_t *gzip(gk_squeeze_t *squeeze, const void *bytes, apr_size_t length, int flush)
{
  z_stream *z = squeeze->gzip;
  z->next_in = (unsigned char *)(uintptr_t)bytes;
  z->avail_in = (uInt)length;
  do {
    z->next_out = (unsigned char *)squeeze->out;
    z->avail_out = OUT_BYTES;
    if (deflate(z, flush) == Z_STREAM_ERROR)
      return fault(squeeze, "zlib");
    if (z->avail_out < OUT_BYTES)
      GK_TRY(squeeze->write(squeeze->baton, squeeze->out, OUT_BYTES - z->avail_out));
  } while (z->avail_out == 0);
  return NULL;
}

#ifdef HAVE_ZSTD
static gk_error_t *zstd(gk_squeeze_t *squeeze, const void *bytes, apr_size_t length, ZSTD_EndDirective how)
{
  ZSTD_inBuffer in = {bytes, length, 0};
  size_t left;
  do {
    ZSTD_outBuffer out = {squeeze->out, OUT_BYTES, 0};
    left = ZSTD_compressStream2(squeeze->zstd, &out, &in, how);
    if (ZSTD_isError(left))
      return fault(squeeze, ZSTD_getErrorName(left));
    if (out.pos > 0)
      GK_TRY(squeeze->write(squeeze->baton, squeeze->out, out.pos));
  } while (how == ZSTD_e_end ? left != 0 : in.pos < in.size);
  return NULL;
}
#endif

gk_error_t *gk_squeeze_write(gk_squeeze_t *squeeze, const void *bytes, apr_size_t length)
{
  if (squeeze->gzip != NULL)
    return gzip(squeeze, bytes, length, Z_NO_FLUSH);
#ifdef HAVE_ZSTD
  if (squeeze->zstd != NULL)
    return zstd(squeeze, bytes, length, ZSTD_e_continue);
#endif
  return squeeze->write(squeeze->baton, bytes, length);
}

gk_error_t *gk_squeeze_end(gk_squeeze_t *squeeze)
{
  if (squeeze->gzip != NULL)
    return gzip(squeeze, NULL, 0, Z_FINISH);
#ifdef HAVE_ZSTD
  if (squeeze->zstd != NULL)
    return zstd(squeeze, NULL, 0, ZSTD_e_end);
#endif
  return NULL;
}

/* ---- back ------------------------------------------------------------------------------------------------ */

enum { IN_BYTES = 128 * 1024 };

static gk_error_t *unpacked(apr_pool_t *pool, apr_file_t *out, const char *target, gk_error_t *error)
{
  if (apr_file_close(out) != APR_SUCCESS && error == NULL)
    error = gk_error(pool, GK_E_CONFIG, "写不了 %s", "%s can't be written", target);
  if (error != NULL)
    apr_file_remove(target, pool);
  return error;
}

static gk_error_t *damaged(apr_pool_t *pool, const char *path)
{
  return gk_error(pool, GK_E_SEALED, "%s 不能解压：已损坏", "%s can't be unpacked: it is damaged", path);
}

static gk_error_t *gunzip(const char *path, apr_file_t *out, apr_pool_t *pool)
{
  gzFile in = gzopen(path, "rb");
  char *buffer = apr_palloc(pool, IN_BYTES);
  int n = -1;
  bool written = true;
  if (in == NULL)
    return damaged(pool, path);
  while (written && (n = gzread(in, buffer, IN_BYTES)) > 0)
    written = apr_file_write_full(out, buffer, (apr_size_t)n, NULL) == APR_SUCCESS;
  int closed = gzclose(in);
  if (!written)
    return gk_error(pool, GK_E_CONFIG, "磁盘写入失败", "The disk can't be written");
  return n == 0 && closed == Z_OK ? NULL : damaged(pool, path);
}

#ifdef HAVE_ZSTD
static gk_error_t *unzstd(const char *path, apr_file_t *out, apr_pool_t *pool)
{
  apr_file_t *in;
  char *from = apr_palloc(pool, IN_BYTES), *to = apr_palloc(pool, IN_BYTES);
  size_t left = 1;
  gk_error_t *error = NULL;
  if (apr_file_open(&in, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool) != APR_SUCCESS)
    return damaged(pool, path);
  ZSTD_DCtx *context = ZSTD_createDCtx();
  for (apr_size_t got = IN_BYTES; context != NULL && error == NULL; got = IN_BYTES) {
    if (apr_file_read(in, from, &got) != APR_SUCCESS)
      break;
    ZSTD_inBuffer given = {from, got, 0};
    while (error == NULL && given.pos < given.size) {
      ZSTD_outBuffer made = {to, IN_BYTES, 0};
      left = ZSTD_decompressStream(context, &made, &given);
      if (ZSTD_isError(left))
        error = damaged(pool, path);
      else if (apr_file_write_full(out, to, made.pos, NULL) != APR_SUCCESS)
        error = gk_error(pool, GK_E_CONFIG, "磁盘写入失败", "The disk can't be written");
    }
  }
  ZSTD_freeDCtx(context);
  apr_file_close(in);
  return error == NULL && left != 0 ? damaged(pool, path) : error;
}
#endif

gk_error_t *gk_unsqueeze_file(const char *path, apr_pool_t *pool)
{
  apr_file_t *out;
  const char *end = strrchr(path, '.');
  bool gz = end != NULL && strcmp(end, ".gz") == 0, zst = end != NULL && strcmp(end, ".zst") == 0;
  if (!gz && !zst)
    return NULL;
  const char *target = apr_pstrmemdup(pool, path, (apr_size_t)(end - path));
  if (apr_file_open(&out, target, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                    APR_FPROT_UREAD | APR_FPROT_UWRITE, pool) != APR_SUCCESS)
    return gk_error(pool, GK_E_CONFIG, "写不了 %s", "%s can't be written", target);
#ifdef HAVE_ZSTD
  if (zst)
    return unpacked(pool, out, target, unzstd(path, out, pool));
#endif
  if (zst)
    return unpacked(pool, out, target, gk_error(pool, GK_E_CONFIG, "本程序不带 zstd，请用 zstd -d", "Built without zstd: use zstd -d"));
  return unpacked(pool, out, target, gunzip(path, out, pool));
}
