/* jobs/archive.c: see archive.h. */
#include "jobs/archive.h"

#include <string.h>
#include <apr_strings.h>
#include <zlib.h>

enum { OUT_BYTES = 32768, ENTRIES_MAX = 65000, LEVEL = 6, NEEDS = 20, UTF8 = 0x0800, BEHIND = 0x0008, STORED = 0, DEFLATED = 8 };
#define BYTES_MAX APR_UINT64_C(0xFFFF0000)

typedef struct entry_t {
  const char *name;
  apr_uint64_t at, length, packed;
  apr_uint32_t crc;
  int method;
} entry_t;

struct gk_archive_t {
  gk_archive_write_fn write;
  void *baton;
  apr_pool_t *pool;
  apr_array_header_t *entries; /* entry_t */
  apr_uint64_t at;             /* bytes written */
  unsigned date, time;
  entry_t *now;                /* open, or NULL */
  z_stream deflate;
  bool deflating;
  unsigned char out[OUT_BYTES];
};

static apr_status_t give_up(void *data)
{
  gk_archive_t *zip = data;
  if (zip->deflating)
    deflateEnd(&zip->deflate);
  zip->deflating = false;
  return APR_SUCCESS;
}

gk_archive_t *gk_archive_start(gk_archive_write_fn write, void *baton, apr_time_t when, apr_pool_t *pool)
{
  gk_archive_t *zip = apr_pcalloc(pool, sizeof(*zip));
  apr_time_exp_t t;
  zip->write = write;
  zip->baton = baton;
  zip->pool = pool;
  zip->entries = apr_array_make(pool, 64, sizeof(entry_t));
  apr_time_exp_tz(&t, when, 8 * 3600); /* people read Asia/Shanghai */
  zip->date = (unsigned)((t.tm_year - 80) << 9 | (t.tm_mon + 1) << 5 | t.tm_mday);
  zip->time = (unsigned)(t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec / 2);
  apr_pool_cleanup_register(pool, zip, give_up, apr_pool_cleanup_null);
  return zip;
}

static gk_error_t *too_long(gk_archive_t *zip)
{
  return gk_error(zip->pool, GK_E_INVALID, "一个文件最多 4 GB：请按市州、县市区分开导出", "One file holds at most 4 GB: export by city or county");
}

static gk_error_t *put(gk_archive_t *zip, const void *bytes, apr_size_t length)
{
  zip->at += length;
  if (zip->at > BYTES_MAX)
    return too_long(zip);
  return zip->write(zip->baton, bytes, length);
}

static unsigned char *two(unsigned char *p, unsigned value)
{
  *p++ = (unsigned char)value;
  *p++ = (unsigned char)(value >> 8);
  return p;
}

static unsigned char *four(unsigned char *p, apr_uint64_t value)
{
  return two(two(p, (unsigned)(value & 0xFFFF)), (unsigned)(value >> 16 & 0xFFFF));
}

/* What local head and directory share, from "version needed" to the name's length and "extra". */
static unsigned char *common(unsigned char *p, const gk_archive_t *zip, const entry_t *entry, bool sizes)
{
  p = two(two(two(p, NEEDS), entry->method == STORED ? UTF8 : UTF8 | BEHIND), (unsigned)entry->method);
  p = two(two(p, zip->time), zip->date);
  p = four(p, sizes ? entry->crc : 0);
  p = four(four(p, sizes ? entry->packed : 0), sizes ? entry->length : 0);
  return two(two(p, (unsigned)strlen(entry->name)), 0);
}

static gk_error_t *begin(gk_archive_t *zip, const char *name, int method)
{
  if (zip->entries->nelts == ENTRIES_MAX)
    return gk_error(zip->pool, GK_E_INVALID, "一个压缩包最多 %d 个文件：请按市州、县市区分开导出",
                    "One archive holds at most %d files: export by city or county", ENTRIES_MAX);
  zip->now = apr_array_push(zip->entries);
  *zip->now = (entry_t){.name = apr_pstrdup(zip->pool, name), .at = zip->at, .method = method,
                        .crc = (apr_uint32_t)crc32(0, NULL, 0)};
  return NULL;
}

static gk_error_t *put_head(gk_archive_t *zip)
{
  unsigned char head[32], *p = four(head, 0x04034b50);
  p = common(p, zip, zip->now, zip->now->method == STORED);
  GK_TRY(put(zip, head, (apr_size_t)(p - head)));
  return put(zip, zip->now->name, strlen(zip->now->name));
}

gk_error_t *gk_archive_open(gk_archive_t *zip, const char *name)
{
  GK_TRY(begin(zip, name, DEFLATED));
  memset(&zip->deflate, 0, sizeof(zip->deflate));
  if (deflateInit2(&zip->deflate, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return gk_error_internal(zip->pool, GK_E_INTERNAL, "zlib does not start");
  zip->deflating = true;
  return put_head(zip);
}

gk_error_t *gk_archive_store(gk_archive_t *zip, const char *name, const void *bytes, apr_size_t length)
{
  if (length > BYTES_MAX)
    return too_long(zip);
  GK_TRY(begin(zip, name, STORED));
  zip->now->crc = (apr_uint32_t)crc32(zip->now->crc, bytes, (uInt)length);
  zip->now->length = zip->now->packed = length;
  GK_TRY(put_head(zip));
  zip->now = NULL;
  return put(zip, bytes, length);
}

static gk_error_t *run_deflate(gk_archive_t *zip, int flush)
{
  do {
    zip->deflate.next_out = zip->out;
    zip->deflate.avail_out = OUT_BYTES;
    if (deflate(&zip->deflate, flush) == Z_STREAM_ERROR)
      return gk_error_internal(zip->pool, GK_E_INTERNAL, "zlib failed");
    apr_size_t length = OUT_BYTES - zip->deflate.avail_out;
    zip->now->packed += length;
    if (length > 0)
      GK_TRY(put(zip, zip->out, length));
  } while (zip->deflate.avail_out == 0);
  return NULL;
}

gk_error_t *gk_archive_write(gk_archive_t *zip, const void *bytes, apr_size_t length)
{
  zip->now->crc = (apr_uint32_t)crc32(zip->now->crc, bytes, (uInt)length);
  zip->now->length += length;
  if (zip->now->length > BYTES_MAX)
    return too_long(zip);
  zip->deflate.next_in = (Bytef *)(apr_uintptr_t)bytes;
  zip->deflate.avail_in = (uInt)length;
  return run_deflate(zip, Z_NO_FLUSH);
}

gk_error_t *gk_archive_close(gk_archive_t *zip)
{
  unsigned char tail[16], *p = four(tail, 0x08074b50);
  zip->deflate.next_in = NULL;
  zip->deflate.avail_in = 0;
  gk_error_t *error = run_deflate(zip, Z_FINISH);
  give_up(zip);
  GK_TRY(error);
  p = four(four(four(p, zip->now->crc), zip->now->packed), zip->now->length);
  zip->now = NULL;
  return put(zip, tail, (apr_size_t)(p - tail));
}

gk_error_t *gk_archive_end(gk_archive_t *zip)
{
  apr_uint64_t begin = zip->at;
  unsigned char head[64], *p;
  for (int i = 0; i < zip->entries->nelts; i++) {
    const entry_t *entry = &APR_ARRAY_IDX(zip->entries, i, entry_t);
    p = two(four(head, 0x02014b50), NEEDS);
    p = common(p, zip, entry, true);
    p = two(two(two(p, 0), 0), 0); /* comment, disk, internal attributes */
    p = four(four(p, 0), entry->at);
    GK_TRY(put(zip, head, (apr_size_t)(p - head)));
    GK_TRY(put(zip, entry->name, strlen(entry->name)));
  }
  apr_uint64_t length = zip->at - begin;
  unsigned n = (unsigned)zip->entries->nelts;
  p = two(two(two(two(four(head, 0x06054b50), 0), 0), n), n);
  p = two(four(four(p, length), begin), 0);
  return put(zip, head, (apr_size_t)(p - head));
}
