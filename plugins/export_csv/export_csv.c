/* export_csv: candidates as comma separated values, for whatever opens such files: UTF-8 with a byte order mark, or GB18030.
 *
 * Spreadsheets take what looks like a formula for one, and long numbers for numbers of 15 digits. So every cell is quoted; a
 * cell that begins with = + - @ TAB or CR gets an apostrophe before it; and digits that a spreadsheet would change (leading
 * noughts, ID numbers, telephones, 3-1 that becomes a date) are written ="…", which spreadsheets show as the text itself.
 * Option plain_digits leaves those as they are, for programs.
 */
#include <iconv.h>
#include <apr_strings.h>
#include "sheet.h"

enum { BUFFER_BYTES = 65536, LONG_DIGITS = 10 };
#define NO_CONVERSION ((iconv_t)-1)

typedef struct plugin_t {
  const gaokao_host_t *host;
  int plain;                      /* digits as they are */
} plugin_t;

typedef struct stream_t {
  const plugin_t *plugin;
  const gaokao_export_header_t *header;
  const gaokao_byte_sink_t *sink;
  gaokao_error_t *error;          /* the sink's; nothing is written after it */
  iconv_t to_gb18030;             /* NO_CONVERSION: UTF-8 */
  apr_size_t used;
  char buffer[BUFFER_BYTES];
} stream_t;

/* ---- bytes -------------------------------------------------------------------------------------------- */

static void flush(stream_t *stream)
{
  if (stream->used > 0 && stream->error == NULL)
    stream->error = stream->sink->write(stream->sink->context, stream->buffer, stream->used);
  stream->used = 0;
}

static void put(stream_t *stream, const char *bytes, apr_size_t length)
{
  while (length > 0) {
    apr_size_t room = BUFFER_BYTES - stream->used, part = length < room ? length : room;
    memcpy(stream->buffer + stream->used, bytes, part);
    stream->used += part;
    bytes += part;
    length -= part;
    if (stream->used == BUFFER_BYTES)
      flush(stream);
  }
}

/* Whole characters only, so none is ever cut. False for what GB18030 can't hold. */
static int put_text(stream_t *stream, const char *text, apr_size_t length, apr_pool_t *pool)
{
  if (stream->to_gb18030 == NO_CONVERSION) {
    put(stream, text, length);
    return 1;
  }
  apr_size_t room = length * 2, all = room, left = length; /* at most four bytes of two */
  char *out = apr_palloc(pool, room + 1), *to = out, *from = (char *)(apr_uintptr_t)text;
  if (iconv(stream->to_gb18030, &from, &left, &to, &room) == (apr_size_t)-1)
    return 0;
  put(stream, out, all - room);
  return 1;
}

/* ---- cells -------------------------------------------------------------------------------------------- */

static int is_formula(const char *value)
{
  return *value != '\0' && strchr("=+-@\t\r", *value) != NULL;
}

/* Would a spreadsheet make another value of these digits? */
static int is_changed(const char *value)
{
  apr_size_t length = strlen(value), digits = strspn(value, "0123456789");
  if (digits == 0)
    return 0;
  if (digits == length)
    return length >= LONG_DIGITS || (value[0] == '0' && length > 1);
  return strspn(value, "0123456789-/:.,eE+ ") == length;
}

static char *quoted(char *to, const char *value)
{
  *to++ = '"';
  for (; *value != '\0'; value++) {
    if (*value == '"')
      *to++ = '"';
    *to++ = *value;
  }
  *to++ = '"';
  return to;
}

static int put_cell(stream_t *stream, const char *value, const char *after, apr_pool_t *pool)
{
  char *cell = apr_palloc(pool, strlen(value) * 2 + 16), *to = cell;
  if (is_formula(value)) {
    to = quoted(to, apr_pstrcat(pool, "'", value, NULL));
  } else if (!stream->plugin->plain && is_changed(value)) { /* digits and signs: no quote among them */
    to += apr_snprintf(to, strlen(value) + 12, "\"=\"\"%s\"\"\"", value);
  } else {
    to = quoted(to, value);
  }
  while (*after != '\0')
    *to++ = *after++;
  return put_text(stream, cell, (apr_size_t)(to - cell), pool);
}

/* ---- the three steps ---------------------------------------------------------------------------------- */

static apr_status_t end_conversion(void *data)
{
  iconv_close(((stream_t *)data)->to_gb18030);
  return APR_SUCCESS;
}

static gaokao_error_t *begin(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                             const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **out)
{
  const plugin_t *plugin = instance;
  int gb18030 = strcmp(header->encoding, "GB18030") == 0;
  if (!gb18030 && strcmp(header->encoding, "UTF-8") != 0)
    return plugin->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "不支持的编码", "This encoding is not supported");
  if (header->kind == GAOKAO_EXPORT_CHANGES)
    return plugin->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "CSV 只能导出全部，不能导出增量",
                                   "CSV holds everything, never changes only");
  stream_t *stream = apr_palloc(pool, sizeof(*stream));
  stream->plugin = plugin;
  stream->header = header;
  stream->sink = sink;
  stream->error = NULL;
  stream->used = 0;
  stream->to_gb18030 = NO_CONVERSION;
  if (gb18030) {
    stream->to_gb18030 = iconv_open("GB18030", "UTF-8");
    if (stream->to_gb18030 == NO_CONVERSION)
      return plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "系统没有 GB18030 的转换表",
                                     "This system has no table for GB18030");
    apr_pool_cleanup_register(pool, stream, end_conversion, apr_pool_cleanup_null);
  } else {
    put(stream, "\xef\xbb\xbf", 3);
  }
  int good = 1;
  for (apr_uint32_t i = 0; i < header->n_columns; i++)
    if (strcmp(header->columns[i].table, SHEET_TABLE) == 0)
      good &= put_cell(stream, header->columns[i].title_zh, ",", call->pool);
  good &= put_cell(stream, SHEET_STATE, "\r\n", call->pool);
  if (!good)
    return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "列标题不能写成该编码",
                                   "The columns' titles can't be written in this encoding");
  flush(stream); /* the receiver sees that it has begun */
  *out = stream;
  return stream->error;
}

static gaokao_error_t *record(void *instance, const gaokao_call_t *call, void *data, const gaokao_record_t *given)
{
  const plugin_t *plugin = instance;
  stream_t *stream = data;
  const gaokao_export_header_t *header = stream->header;
  apr_uint32_t at = 0;
  for (apr_uint32_t i = 0; i < header->n_columns; i++) {
    if (strcmp(header->columns[i].table, SHEET_TABLE) != 0)
      continue;
    const char *value = sheet_value(given->values, given->n_values, &at, header->columns[i].name);
    if (!put_cell(stream, value, ",", call->pool))
      return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "报名顺序号 %s 的 %s 不能写成该编码",
                                     "%s: the value of %s can't be written in this encoding", given->number,
                                     header->columns[i].name);
  }
  put_cell(stream, sheet_state(given->state), "\r\n", call->pool);
  return stream->error;
}

static gaokao_error_t *end(void *instance, const gaokao_call_t *call, void *data, const gaokao_export_totals_t *totals)
{
  stream_t *stream = data;
  (void)instance;
  (void)call;
  (void)totals;
  flush(stream);
  return stream->error;
}

/* ---- life --------------------------------------------------------------------------------------------- */

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  plugin_t *plugin = apr_pcalloc(pool, sizeof(*plugin));
  plugin->host = host;
  *instance = plugin;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  plugin_t *plugin = instance;
  (void)call;
  plugin->plain = plugin->host->option_int(plugin->host, "plain_digits") != 0;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"lines", "CRLF"}};
  (void)instance;
  (void)call;
  facts->n_facts = 1;
  facts->facts = pairs;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  return NULL;
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};

static const gaokao_export_format_t formats[] = {{"csv", "text/csv", "csv", "UTF-8|GB18030"}};

static const gaokao_export_t vtable = {&life, formats, 1, 0, begin, record, end};

static const gaokao_option_t options[] = {
    {"plain_digits", GAOKAO_OPTION_BOOL, 0, "off", 0, 0, NULL, NULL,
     "身份证号、电话等数字按原样写出；关闭时写成 =\"…\"，表格软件打开后不会变成科学计数",
     "ID numbers and telephones stand as they are; when off they are written =\"…\", which spreadsheets keep as text"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(export_csv, EXPORT, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
