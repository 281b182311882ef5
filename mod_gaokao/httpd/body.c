/* httpd/body.c: reads a whole request body with a limit before allocation. The end of the body must be seen: what
 * ends early is refused even if it parses (faults.md NE-3). */
#include <apr_buckets.h>
#include <apr_strings.h>

#include "httpd/httpd_internal.h"

static gk_error_t *too_large(request_rec *r, apr_size_t limit)
{
  r->connection->keepalive = AP_CONN_CLOSE; /* the rest is not read */
  return gk_error(r->pool, GK_E_TOO_LARGE, "内容最多 %d 字节", "At most %d bytes are accepted here", (int)limit);
}

static gk_error_t *ended_early(request_rec *r)
{
  r->connection->keepalive = AP_CONN_CLOSE;
  return gk_error(r->pool, GK_E_MALFORMED, "请求内容没有发完，未保存；请重新发送",
                  "The body ended early and nothing was saved: send it again");
}

void gk_httpd_body_unread(request_rec *r)
{
  const char *declared = apr_table_get(r->headers_in, "Content-Length");
  if (apr_table_get(r->notes, "gk-body") == NULL &&
      (apr_table_get(r->headers_in, "Transfer-Encoding") != NULL || (declared != NULL && apr_strtoi64(declared, NULL, 10) > 65536)))
    r->connection->keepalive = AP_CONN_CLOSE;
}

/* Looks at what the connection holds without taking it; what it can't tell counts as no. */
bool gk_httpd_body_at_hand(request_rec *r)
{
  const char *declared = apr_table_get(r->headers_in, "Content-Length");
  if (apr_table_get(r->headers_in, "Transfer-Encoding") != NULL || apr_table_get(r->headers_in, "Expect") != NULL)
    return false;
  apr_int64_t length = declared != NULL ? apr_strtoi64(declared, NULL, 10) : 0;
  if (length <= 0 || length > 16384)
    return length == 0;
  apr_off_t there = 0;
  apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
  apr_status_t rv = ap_get_brigade(r->connection->input_filters, brigade, AP_MODE_SPECULATIVE, APR_NONBLOCK_READ,
                                   (apr_off_t)length);
  if (rv == APR_SUCCESS)
    rv = apr_brigade_length(brigade, 0, &there);
  apr_brigade_destroy(brigade);
  return rv == APR_SUCCESS && there >= length;
}

gk_error_t *gk_httpd_body(request_rec *r, apr_size_t limit, const unsigned char **bytes, apr_size_t *length)
{
  const char *declared = apr_table_get(r->headers_in, "Content-Length");
  if (declared == NULL && apr_table_get(r->headers_in, "Transfer-Encoding") == NULL)
    return NULL;
  if (declared != NULL && apr_strtoi64(declared, NULL, 10) > (apr_int64_t)limit)
    return too_large(r, limit);
  apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
  apr_size_t room = declared != NULL ? (apr_size_t)apr_strtoi64(declared, NULL, 10) : 4096, used = 0;
  char *buffer = apr_palloc(r->pool, room + 1);
  bool end = false;
  while (!end) {
    apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, 65536);
    if (rv != APR_SUCCESS)
      return ended_early(r);
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade) && !end;
         bucket = APR_BUCKET_NEXT(bucket)) {
      const char *data;
      apr_size_t n;
      if (APR_BUCKET_IS_EOS(bucket)) {
        end = true;
        break;
      }
      if (APR_BUCKET_IS_METADATA(bucket))
        continue;
      if (apr_bucket_read(bucket, &data, &n, APR_BLOCK_READ) != APR_SUCCESS)
        return ended_early(r);
      if (used + n > limit)
        return too_large(r, limit);
      if (used + n > room) {
        while (used + n > room)
          room *= 2;
        char *larger = apr_palloc(r->pool, room + 1);
        memcpy(larger, buffer, used);
        buffer = larger;
      }
      memcpy(buffer + used, data, n);
      used += n;
    }
    apr_brigade_cleanup(brigade);
  }
  apr_table_setn(r->notes, "gk-body", "read");
  buffer[used] = '\0';
  *bytes = (const unsigned char *)buffer;
  *length = used;
  return NULL;
}
