/* export_dbf: one table of the ministry's structure as a DBF, by shapelib, in GBK (code page 936): formats dbf_bmk (T_BMK),
 * dbf_ksjl (T_KSJL), dbf_tjxx (T_TJXX). Which columns a table has, and their names in either generation, is the pack's mapping.
 * Tables beside T_BMK begin with KSH, the ministry's key, and BMXH, for those who have no candidate number yet.
 *
 * shapelib writes named files only and cuts what is too long without an error. So the file is one in memory without a name,
 * which goes to the host's sink at the end, and `rows_max` bounds it; every value is measured in GBK before, cut at a
 * character's boundary where it must be, and counted: the number of cuts stands in the log. What GBK lacks is two question
 * marks, as the ministry's files have it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <apr_strings.h>
#include <shapefil.h>
#include "gaokao_plugin.h"

enum { COLUMNS_MAX = 128, NAME_MAX_BYTES = 10, WIDTH_MAX = 254, CHUNK_BYTES = 65536, KSH_WIDTH = 14, BMXH_WIDTH = 8 };

typedef struct plugin_t {
  const gaokao_host_t *host;
  apr_int64_t rows_max;
} plugin_t;

typedef struct column_t {
  const char *name;               /* as the host names it */
  char type;                      /* C N D */
  int width;
} column_t;

typedef struct stream_t {
  const plugin_t *plugin;
  const gaokao_export_header_t *header;
  const gaokao_byte_sink_t *sink;
  const char *table;
  DBFHandle dbf;                  /* NULL after it was closed */
  iconv_t gbk;
  int fd;
  int rows, n_columns, keys;      /* keys: columns before the table's own */
  apr_int64_t candidates;
  apr_uint64_t cut, lost;         /* values cut, characters that GBK lacks */
  column_t columns[COLUMNS_MAX];
  char value[WIDTH_MAX + 1];
} stream_t;

static const char *table_of(const char *format)
{
  return strcmp(format, "dbf_bmk") == 0 ? "T_BMK" : strcmp(format, "dbf_ksjl") == 0 ? "T_KSJL" : "T_TJXX";
}

static apr_status_t give_up(void *data)
{
  stream_t *stream = data;
  if (stream->dbf != NULL)
    DBFClose(stream->dbf);
  stream->dbf = NULL;
  if (stream->fd >= 0)
    close(stream->fd);
  stream->fd = -1;
  if (stream->gbk != (iconv_t)-1)
    iconv_close(stream->gbk);
  stream->gbk = (iconv_t)-1;
  return APR_SUCCESS;
}

static gaokao_error_t *failed(const stream_t *stream, const gaokao_call_t *call, const char *what)
{
  return stream->plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "写 DBF 失败（%s）：内存是否足够？",
                                         "Writing the DBF failed (%s): is there enough memory?", what);
}

/* shapelib adds ".dbf" and opens by name: the name is that of our file in memory. */
static SAFile open_memory(const char *name, const char *access)
{
  char path[64];
  size_t length = strlen(name);
  if (length < 5 || length >= sizeof(path) || strcmp(name + length - 4, ".dbf") != 0)
    return NULL;
  memcpy(path, name, length - 4);
  path[length - 4] = '\0';
  return (SAFile)fopen(path, access);
}

static int remove_nothing(const char *name)
{
  (void)name;
  return 0;
}

/* ---- values ------------------------------------------------------------------------------------------- */

/* Length of the UTF-8 character at `p`. */
static size_t char_length(const char *p)
{
  unsigned char c = (unsigned char)*p;
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* `text` in GBK into stream->value, at most `width` bytes, whole characters only. */
static void to_gbk(stream_t *stream, const char *text, int width)
{
  int used = 0;
  size_t step;
  for (const char *p = text; *p != '\0'; p += step) {
    char out[4], *to = out, *from = (char *)(apr_uintptr_t)p;
    size_t left = char_length(p), room = sizeof(out), length;
    step = left;
    iconv(stream->gbk, NULL, NULL, NULL, NULL);
    if (iconv(stream->gbk, &from, &left, &to, &room) == (size_t)-1) {
      to = out;
      *to++ = '?';
      *to++ = '?';
      stream->lost++;
    }
    length = (size_t)(to - out);
    if (used + (int)length > width) {
      stream->cut++;
      break;
    }
    memcpy(stream->value + used, out, length);
    used += (int)length;
  }
  memset(stream->value + used, ' ', (size_t)(width - used));
  stream->value[width] = '\0';
}

/* Numbers stand right; one that does not fit is left out, never cut. */
static void to_number(stream_t *stream, const char *text, int width)
{
  size_t length = strlen(text);
  memset(stream->value, ' ', (size_t)width);
  stream->value[width] = '\0';
  if (length > (size_t)width)
    stream->cut++;
  else
    memcpy(stream->value + (size_t)width - length, text, length);
}

static int put(stream_t *stream, int column, const char *text)
{
  const column_t *c = &stream->columns[column];
  if (c->type == 'N')
    to_number(stream, text, c->width);
  else
    to_gbk(stream, text, c->width);
  return DBFWriteAttributeDirectly(stream->dbf, stream->rows, column, stream->value);
}

static int put_row(stream_t *stream, const gaokao_record_t *record, const gaokao_pair_t *pairs, apr_uint32_t n)
{
  apr_uint32_t at = 0;
  int good = 1;
  for (int i = 0; good && i < stream->n_columns; i++) {
    const char *value = "";
    if (i < stream->keys)
      value = i == 1 ? record->number : record->candidate_number != NULL ? record->candidate_number : "";
    else if (at < n && strcmp(pairs[at].name, stream->columns[i].name) == 0)
      value = pairs[at++].value;
    good = put(stream, i, value);
  }
  stream->rows++;
  return good;
}

/* ---- the three steps ---------------------------------------------------------------------------------- */

static int add_column(stream_t *stream, const char *name, char type, int width)
{
  char short_name[NAME_MAX_BYTES + 1];
  if (stream->n_columns == COLUMNS_MAX || strlen(name) > NAME_MAX_BYTES)
    return 0;
  apr_cpystrn(short_name, name, sizeof(short_name));
  if (width < 1 || width > WIDTH_MAX)
    width = WIDTH_MAX;
  stream->columns[stream->n_columns] = (column_t){name, type, width};
  return DBFAddNativeFieldType(stream->dbf, short_name, type, width, type == 'N' ? 1 : 0) == stream->n_columns++;
}

static gaokao_error_t *begin(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                             const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **out)
{
  const plugin_t *plugin = instance;
  SAHooks hooks;
  if (header->kind == GAOKAO_EXPORT_CHANGES)
    return plugin->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "DBF 只能导出全部，不能导出增量",
                                   "DBF holds everything, never changes only");
  stream_t *stream = apr_pcalloc(pool, sizeof(*stream));
  stream->plugin = plugin;
  stream->header = header;
  stream->sink = sink;
  stream->table = table_of(header->format);
  stream->gbk = iconv_open("GBK", "UTF-8");
  stream->fd = memfd_create("gaokao-dbf", MFD_CLOEXEC);
  apr_pool_cleanup_register(pool, stream, give_up, apr_pool_cleanup_null);
  if (stream->fd < 0 || stream->gbk == (iconv_t)-1)
    return failed(stream, call, "memfd, iconv");
  SASetupDefaultHooks(&hooks);
  hooks.FOpen = open_memory;
  hooks.Remove = remove_nothing;
  stream->dbf = DBFCreateLL(apr_psprintf(call->pool, "/proc/self/fd/%d.dbf", stream->fd), "LDID/77", &hooks);
  if (stream->dbf == NULL)
    return failed(stream, call, "create");
  if (strcmp(stream->table, "T_BMK") != 0) {
    stream->keys = 2;
    if (!add_column(stream, "KSH", 'C', KSH_WIDTH) || !add_column(stream, "BMXH", 'C', BMXH_WIDTH))
      return failed(stream, call, "KSH");
  }
  for (apr_uint32_t i = 0; i < header->n_columns; i++) {
    const gaokao_column_t *column = &header->columns[i];
    if (strcmp(column->table, stream->table) == 0 &&
        !add_column(stream, column->name, (char)column->type, (int)column->width))
      return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "DBF 容不下栏目 %s：名称最多 10 个字符，最多 128 栏",
                                     "A DBF can't hold the column %s: names have at most 10 characters, and at most 128 are there",
                                     column->name);
  }
  *out = stream;
  return NULL;
}

static gaokao_error_t *record(void *instance, const gaokao_call_t *call, void *data, const gaokao_record_t *given)
{
  const plugin_t *plugin = instance;
  stream_t *stream = data;
  int good = 1;
  if (stream->candidates++ == plugin->rows_max)
    return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "超过 %d 名考生，不能放进一份 DBF：请按市州或县市区导出",
                                   "More than %d candidates don't go into one DBF: export by city or county",
                                   (int)plugin->rows_max);
  if (stream->keys == 0)
    good = put_row(stream, given, given->values, given->n_values);
  for (apr_uint32_t i = 0; good && i < given->n_rows; i++)
    if (strcmp(given->rows[i].name, stream->table) == 0)
      good = put_row(stream, given, given->rows[i].columns, given->rows[i].n_columns);
  return good ? NULL : failed(stream, call, given->number);
}

static gaokao_error_t *end(void *instance, const gaokao_call_t *call, void *data, const gaokao_export_totals_t *totals)
{
  stream_t *stream = data;
  const plugin_t *plugin = instance;
  char *bytes = apr_palloc(call->pool, CHUNK_BYTES);
  gaokao_error_t *error = NULL;
  off_t at = 0;
  (void)totals;
  DBFClose(stream->dbf);
  stream->dbf = NULL;
  for (ssize_t n = 1; error == NULL && n > 0; at += n) {
    do {
      n = pread(stream->fd, bytes, CHUNK_BYTES, at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
      return failed(stream, call, "read");
    if (n > 0)
      error = stream->sink->write(stream->sink->context, bytes, (apr_size_t)n);
  }
  if (stream->cut + stream->lost > 0)
    plugin->host->log(plugin->host, GAOKAO_LOG_WARNING, "%s: %d values were cut to their column, %d characters are not in GBK",
                      stream->table, (int)stream->cut, (int)stream->lost);
  return error;
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
  plugin->rows_max = plugin->host->option_int(plugin->host, "rows_max");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static gaokao_pair_t pairs[] = {{"library", "shapelib"}, {"code page", "936 (GBK)"}};
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

static const gaokao_export_format_t formats[] = {{"dbf_bmk", "application/x-dbf", "dbf", "GBK"},
                                                 {"dbf_ksjl", "application/x-dbf", "dbf", "GBK"},
                                                 {"dbf_tjxx", "application/x-dbf", "dbf", "GBK"}};

static const gaokao_export_t vtable = {&life, formats, 3, 0, begin, record, end};

static const gaokao_option_t options[] = {
    {"rows_max", GAOKAO_OPTION_INT, 0, "100000", 1, 1000000, NULL, NULL, "一份文件最多多少名考生；三张表写完前都在内存里",
     "How many candidates go into one file; its three tables lie in memory until they are whole"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(export_dbf, EXPORT, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
