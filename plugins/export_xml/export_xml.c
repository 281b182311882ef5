/* export_xml: candidates as XML, valid against conf/schema/candidates.xsd (namespace urn:gaokao:export:1).
 *
 * A stream is one 64 KiB buffer: text is escaped into it byte by byte, and a full buffer goes to the host's
 * sink. (libxml2's writer was measured at 4 % of the speed of a copy; this at 93 %.) What can't stand in XML
 * is refused with the candidate's number and the column: nothing is dropped or replaced.
 *
 * GB18030 holds all of Unicode, so what the buffer holds is converted as it leaves; a character that a full buffer cuts waits
 * for the next one. Names with characters beyond GBK stand twice: true, and in NAME_GBK with two question marks for each of
 * these, as the ministry's files have them.
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <apr_strings.h>
#include "gaokao_plugin.h"

#define NAMESPACE "urn:gaokao:export:1"
enum { BUFFER_BYTES = 65536, LONGEST_ESCAPE = 6, MAX_NAME = 64, CUT_MAX = 8 };

typedef struct plugin_t {
  const gaokao_host_t *host;
  int line_breaks;                /* each candidate on a line of its own */
} plugin_t;

typedef struct stream_t {
  const plugin_t *plugin;
  const gaokao_byte_sink_t *sink;
  gaokao_error_t *error;          /* the sink's; nothing is written after it */
  int bad;                        /* a value had what XML can't hold, or a name was none */
  iconv_t to_gb18030;             /* NO_CONVERSION: UTF-8 */
  iconv_t to_gbk;
  char cut[CUT_MAX];              /* begin of a character whose end is not here yet */
  apr_size_t cut_bytes;
  apr_size_t used;
  char buffer[BUFFER_BYTES];
} stream_t;

#define NO_CONVERSION ((iconv_t)-1)

/* Columns that hold a person's name. */
static const char *const names[] = {"XM", "SJR"};

/* How a byte is written. Lines and tabs stay in text and are escaped in attributes, where a parser would make
 * them blanks. */
enum { PLAIN = 0, ESCAPE = 1, ATTRIBUTE = 2, FORBIDDEN = 3, WIDE = 4 };
static const unsigned char classes[256] = {
    [0x00] = FORBIDDEN, [0x01] = FORBIDDEN, [0x02] = FORBIDDEN, [0x03] = FORBIDDEN, [0x04] = FORBIDDEN,
    [0x05] = FORBIDDEN, [0x06] = FORBIDDEN, [0x07] = FORBIDDEN, [0x08] = FORBIDDEN, ['\t'] = ATTRIBUTE,
    ['\n'] = ATTRIBUTE, [0x0b] = FORBIDDEN, [0x0c] = FORBIDDEN, ['\r'] = ESCAPE,    [0x0e] = FORBIDDEN,
    [0x0f] = FORBIDDEN, [0x10] = FORBIDDEN, [0x11] = FORBIDDEN, [0x12] = FORBIDDEN, [0x13] = FORBIDDEN,
    [0x14] = FORBIDDEN, [0x15] = FORBIDDEN, [0x16] = FORBIDDEN, [0x17] = FORBIDDEN, [0x18] = FORBIDDEN,
    [0x19] = FORBIDDEN, [0x1a] = FORBIDDEN, [0x1b] = FORBIDDEN, [0x1c] = FORBIDDEN, [0x1d] = FORBIDDEN,
    [0x1e] = FORBIDDEN, [0x1f] = FORBIDDEN, ['"'] = ATTRIBUTE,  ['&'] = ESCAPE,     ['<'] = ESCAPE,
    ['>'] = ESCAPE,     [0xef] = WIDE};

static void write_out(stream_t *stream, const char *bytes, apr_size_t length)
{
  if (length > 0 && stream->error == NULL)
    stream->error = stream->sink->write(stream->sink->context, bytes, length);
}

/* At most four bytes of GB18030 come of two of UTF-8. */
static void convert(stream_t *stream, const char *bytes, apr_size_t length)
{
  char out[BUFFER_BYTES];
  char *from = (char *)(apr_uintptr_t)bytes;
  apr_size_t left = length;
  while (left > 0 && !stream->bad) {
    char *to = out;
    apr_size_t room = sizeof(out);
    apr_size_t done = iconv(stream->to_gb18030, &from, &left, &to, &room);
    int why = done == (apr_size_t)-1 ? errno : 0;
    write_out(stream, out, sizeof(out) - room);
    if (why == EINVAL && left < CUT_MAX) { /* cut inside a character */
      memcpy(stream->cut, from, left);
      stream->cut_bytes = left;
      return;
    }
    if (why != 0 && why != E2BIG)
      stream->bad = 1;
  }
}

static void flush(stream_t *stream)
{
  if (stream->to_gb18030 == NO_CONVERSION) {
    write_out(stream, stream->buffer, stream->used);
  } else if (stream->used > 0) {
    char *start = stream->buffer;
    apr_size_t length = stream->used;
    if (stream->cut_bytes > 0) { /* its end first */
      char whole[2 * CUT_MAX];
      apr_size_t n = stream->cut_bytes;
      memcpy(whole, stream->cut, n);
      while (length > 0 && n < sizeof(whole) && ((unsigned char)*start & 0xc0) == 0x80) {
        whole[n++] = *start++;
        length--;
      }
      stream->cut_bytes = 0;
      convert(stream, whole, n);
    }
    convert(stream, start, length);
  }
  stream->used = 0;
}

static const char *escape_of(char c)
{
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  case '\r': return "&#13;";
  case '\n': return "&#10;";
  default: return "&#9;";
  }
}

static void put_raw(stream_t *stream, const char *text)
{
  for (apr_size_t length = strlen(text); length > 0;) {
    apr_size_t room = BUFFER_BYTES - stream->used, part = length < room ? length : room;
    memcpy(stream->buffer + stream->used, text, part);
    stream->used += part;
    text += part;
    length -= part;
    if (stream->used == BUFFER_BYTES)
      flush(stream);
  }
}

/* U+FFFE and U+FFFF are no characters of XML: EF BF BE, EF BF BF. */
static int is_noncharacter(const char *text)
{
  const unsigned char *bytes = (const unsigned char *)text;
  return bytes[1] == 0xbf && (bytes[2] == 0xbe || bytes[2] == 0xbf);
}

static void put_escaped(stream_t *stream, const char *text, int attribute)
{
  char *p = stream->buffer + stream->used, *limit = stream->buffer + BUFFER_BYTES - LONGEST_ESCAPE;
  for (; *text != '\0'; text++) {
    unsigned char class = classes[(unsigned char)*text];
    if (p >= limit) {
      stream->used = (apr_size_t)(p - stream->buffer);
      flush(stream);
      p = stream->buffer;
    }
    if (class == PLAIN || (class == ATTRIBUTE && !attribute)) {
      *p++ = *text;
    } else if (class == ESCAPE || class == ATTRIBUTE) {
      const char *escape = escape_of(*text);
      while (*escape != '\0')
        *p++ = *escape++;
    } else {
      stream->bad |= class == FORBIDDEN || is_noncharacter(text);
      *p++ = *text;
    }
  }
  stream->used = (apr_size_t)(p - stream->buffer);
}

static void put_attribute(stream_t *stream, const char *name, const char *value)
{
  put_raw(stream, name);
  put_escaped(stream, value, 1);
  put_raw(stream, "\"");
}

static int is_name_byte(char c, int first)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

static int is_name(const char *name)
{
  const char *p = name;
  while (is_name_byte(*p, p == name))
    p++;
  return p != name && *p == '\0';
}

/* "<", "NAME", ">". Names are looked at while they are copied: a name that is none can't get out
 * unnoticed. */
static void put_tag(stream_t *stream, const char *open, const char *name)
{
  char *p, *limit;
  put_raw(stream, open);
  if (stream->used + MAX_NAME + 1 > BUFFER_BYTES)
    flush(stream);
  p = stream->buffer + stream->used;
  limit = p + MAX_NAME;
  stream->bad |= !is_name_byte(*name, 1);
  for (; *name != '\0' && p < limit; name++) {
    stream->bad |= !is_name_byte(*name, 0);
    *p++ = *name;
  }
  stream->bad |= *name != '\0';
  *p++ = '>';
  stream->used = (apr_size_t)(p - stream->buffer);
}

static gaokao_error_t *bad_value(const stream_t *stream, const gaokao_call_t *call, const char *number,
                                 const char *column)
{
  return stream->plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "报名顺序号 %s 的 %s 不能写成 XML",
                                         "%s: the value of %s can't stand in XML", number, column);
}

/* Is this a name's column? */
static int is_persons_name(const char *column)
{
  for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(column, names[i]) == 0)
      return 1;
  return 0;
}

/* `text` (UTF-8) with "??" for each character that GBK has not, or NULL when it has all of them. What most names consist of, ASCII
 * and U+4E00 to U+9FA5, GBK has. */
static const char *gbk_safe(stream_t *stream, const char *text, apr_pool_t *pool)
{
  char *out = NULL;
  apr_size_t n = 0;
  if (stream->to_gbk == NO_CONVERSION)
    return NULL;
  for (const char *at = text; *at != '\0';) {
    unsigned char head = (unsigned char)*at;
    apr_size_t length = head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4, left = length, room;
    char gbk[8], *from = (char *)(apr_uintptr_t)at, *to = gbk;
    int known = length == 1;
    if (length == 3) {
      unsigned code = (unsigned)(head & 15) << 12 | ((unsigned)at[1] & 63) << 6 | ((unsigned)at[2] & 63);
      known = code >= 0x4e00 && code <= 0x9fa5;
    }
    if (!known) {
      room = sizeof(gbk);
      known = iconv(stream->to_gbk, &from, &left, &to, &room) != (apr_size_t)-1;
    }
    if (!known && out == NULL) {
      out = apr_palloc(pool, strlen(text) * 2 + 1);
      n = (apr_size_t)(at - text);
      memcpy(out, text, n);
    }
    if (out != NULL) {
      memcpy(out + n, known ? at : "??", known ? length : 2);
      n += known ? length : 2;
    }
    at += length;
  }
  if (out != NULL)
    out[n] = '\0';
  return out;
}

/* ---- the three steps ---------------------------------------------------------------------------------- */

static void put_moment(stream_t *stream, const char *name, apr_time_t moment)
{
  apr_time_exp_t parts;
  char text[32];
  apr_time_exp_gmt(&parts, moment);
  apr_snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
               parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  put_attribute(stream, name, text);
}

static apr_status_t end_conversions(void *data)
{
  stream_t *stream = data;
  if (stream->to_gb18030 != NO_CONVERSION)
    iconv_close(stream->to_gb18030);
  if (stream->to_gbk != NO_CONVERSION)
    iconv_close(stream->to_gbk);
  return APR_SUCCESS;
}

static gaokao_error_t *begin(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                             const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **out)
{
  const plugin_t *plugin = instance;
  int gb18030 = strcmp(header->encoding, "GB18030") == 0;
  if (!gb18030 && strcmp(header->encoding, "UTF-8") != 0)
    return plugin->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "不支持的编码",
                                   "This encoding is not supported");
  for (apr_uint32_t i = 0; i < header->n_columns; i++)
    if (!is_name(header->columns[i].name) || !is_name(header->columns[i].table))
      return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "列名 '%s' 不能用作 XML 元素名",
                                     "The column '%s' can't be the name of an element",
                                     header->columns[i].name);
  stream_t *stream = apr_palloc(pool, sizeof(*stream));
  stream->plugin = plugin;
  stream->sink = sink;
  stream->error = NULL;
  stream->bad = 0;
  stream->used = stream->cut_bytes = 0;
  stream->to_gb18030 = gb18030 ? iconv_open("GB18030", "UTF-8") : NO_CONVERSION;
  stream->to_gbk = iconv_open("GBK", "UTF-8");
  apr_pool_cleanup_register(pool, stream, end_conversions, apr_pool_cleanup_null);
  if (stream->to_gbk == NO_CONVERSION || (gb18030 && stream->to_gb18030 == NO_CONVERSION))
    return plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "系统没有 GBK、GB18030 的转换表",
                                   "This system has no tables for GBK and GB18030");
  put_raw(stream, gb18030 ? "<?xml version=\"1.0\" encoding=\"GB18030\"?>\n" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  put_raw(stream, "<candidates xmlns=\"" NAMESPACE "\"");
  put_attribute(stream, " season=\"", apr_itoa(call->pool, header->season));
  put_attribute(stream, " pack=\"", header->pack);
  put_attribute(stream, " packVersion=\"", apr_itoa(call->pool, header->pack_version));
  put_attribute(stream, " generation=\"", header->generation);
  put_attribute(stream, " kind=\"", header->kind == GAOKAO_EXPORT_CHANGES ? "changes" : "full");
  put_moment(stream, " generated=\"", header->generated);
  put_attribute(stream, " scope=\"", header->scope);
  if (header->scope_name != NULL)
    put_attribute(stream, " scopeName=\"", header->scope_name);
  if (header->mark != NULL)
    put_attribute(stream, " mark=\"", header->mark);
  if (header->since != NULL)
    put_attribute(stream, " since=\"", header->since);
  if (header->size >= APR_OFFSETOF(gaokao_export_header_t, anchor) + sizeof(header->anchor) && header->anchor != NULL)
    put_attribute(stream, " auditAnchor=\"", header->anchor);
  put_raw(stream, ">\n");
  if (stream->bad)
    return bad_value(stream, call, header->scope, "header");
  flush(stream); /* the first bytes go at once: the receiver sees that it has begun */
  *out = stream;
  return stream->error;
}

static gaokao_error_t *put_pairs(stream_t *stream, const gaokao_call_t *call, const gaokao_record_t *record,
                                 const gaokao_pair_t *pairs, apr_uint32_t n)
{
  for (apr_uint32_t i = 0; i < n; i++) {
    put_tag(stream, "<", pairs[i].name);
    put_escaped(stream, pairs[i].value, 0);
    put_tag(stream, "</", pairs[i].name);
    const char *safe = is_persons_name(pairs[i].name) ? gbk_safe(stream, pairs[i].value, call->pool) : NULL;
    if (safe != NULL) {
      const char *name = apr_pstrcat(call->pool, pairs[i].name, "_GBK", NULL);
      put_tag(stream, "<", name);
      put_escaped(stream, safe, 0);
      put_tag(stream, "</", name);
    }
    if (stream->bad)
      return bad_value(stream, call, record->number, pairs[i].name);
  }
  return NULL;
}

static gaokao_error_t *put_table(stream_t *stream, const gaokao_call_t *call, const gaokao_record_t *record,
                                 const char *table, const gaokao_pair_t *pairs, apr_uint32_t n)
{
  put_tag(stream, "<", table);
  gaokao_error_t *error = put_pairs(stream, call, record, pairs, n);
  put_tag(stream, "</", table);
  return error != NULL || !stream->bad ? error : bad_value(stream, call, record->number, "table");
}

static gaokao_error_t *record(void *instance, const gaokao_call_t *call, void *data,
                              const gaokao_record_t *given)
{
  static const char *const changes[] = {NULL, NULL, "added", "changed", "withdrawn"};
  const plugin_t *plugin = instance;
  stream_t *stream = data;
  char version[24];
  gaokao_error_t *error = NULL;
  apr_snprintf(version, sizeof(version), "%" APR_INT64_T_FMT, given->version);
  put_attribute(stream, "<candidate number=\"", given->number);
  put_attribute(stream, " state=\"", given->state);
  put_attribute(stream, " point=\"", given->point);
  put_attribute(stream, " version=\"", version);
  if (given->kind <= GAOKAO_RECORD_WITHDRAWN && changes[given->kind] != NULL)
    put_attribute(stream, " change=\"", changes[given->kind]);
  if (stream->bad)
    return bad_value(stream, call, "?", "number, state, point");
  if (given->n_values == 0 && given->n_rows == 0) {
    put_raw(stream, "/>");
  } else {
    put_raw(stream, ">");
    error = put_table(stream, call, given, "T_BMK", given->values, given->n_values);
    for (apr_uint32_t i = 0; error == NULL && i < given->n_rows; i++)
      error = put_table(stream, call, given, given->rows[i].name, given->rows[i].columns,
                        given->rows[i].n_columns);
    put_raw(stream, "</candidate>");
  }
  if (plugin->line_breaks)
    put_raw(stream, "\n");
  return stream->error != NULL ? stream->error : error;
}

static gaokao_error_t *end(void *instance, const gaokao_call_t *call, void *data,
                           const gaokao_export_totals_t *totals)
{
  stream_t *stream = data;
  (void)instance;
  put_attribute(stream, "<summary records=\"",
                apr_psprintf(call->pool, "%" APR_UINT64_T_FMT, totals->records));
  put_attribute(stream, " withdrawn=\"", apr_psprintf(call->pool, "%" APR_UINT64_T_FMT, totals->withdrawn));
  if (totals->digest != NULL)
    put_attribute(stream, " sha256=\"", totals->digest);
  put_raw(stream, "/>\n</candidates>\n");
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
  plugin->line_breaks = plugin->host->option_int(plugin->host, "line_breaks") != 0;
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static const gaokao_pair_t pairs[] = {{"namespace", NAMESPACE}, {"schema", "candidates.xsd"}};
  (void)instance;
  (void)call;
  facts->n_facts = 2;
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

static const gaokao_export_format_t formats[] = {{"xml", "application/xml", "xml", "UTF-8|GB18030"}};

static const gaokao_export_t vtable = {&life, formats, 1, 0, begin, record, end};

static const gaokao_option_t options[] = {
    {"line_breaks", GAOKAO_OPTION_BOOL, 0, "on", 0, 0, NULL, NULL, "每名考生独占一行，便于按行查看",
     "Each candidate on a line of its own, so that tools that work on lines can be used"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(export_xml, EXPORT, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
