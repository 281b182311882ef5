/* export_xlsx: candidates as a workbook, by libxlsxwriter in its constant memory: rows of a sheet wait in a file. They are not
 * sealed there, so that file has no name and lies in a folder of the machine's memory (option temp_dir), as does the workbook
 * itself before it goes to the host's sink: nothing of it touches a disk.
 *
 * Every cell is text: nothing is a formula, no number is rounded. The first sheet has a line for each candidate, a header row
 * that stays, a filter and columns as wide as their values; what a candidate has several of (résumé, family, ...) stands on
 * a sheet of its own with the registration number in front.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <errno.h>
#include <unistd.h>
#include <sys/mman.h>
#include <apr_strings.h>
#include <xlsxwriter.h>
#include "sheet.h"

enum { CHUNK_BYTES = 65536, NARROWEST = 8, WIDEST = 40, SHEETS_MAX = 32 };
#define MAIN_SHEET "考生"
#define NUMBER "报名顺序号"

typedef struct plugin_t {
  const gaokao_host_t *host;
  const char *temp_dir;
  apr_int64_t rows_max;
} plugin_t;

typedef struct sheet_t {
  const char *table;              /* SHEET_TABLE for the first */
  lxw_worksheet *sheet;
  lxw_row_t rows;                 /* header included */
  lxw_col_t columns;
} sheet_t;

typedef struct stream_t {
  const plugin_t *plugin;
  const gaokao_export_header_t *header;
  const gaokao_byte_sink_t *sink;
  lxw_workbook *workbook;         /* NULL after it was closed */
  lxw_format *head;
  int fd;                         /* where the workbook is written: a file in memory without a name */
  int n_sheets;
  sheet_t sheets[SHEETS_MAX];
} stream_t;

/* A stream that the host gave up: what waits in temp_dir goes with it. */
static apr_status_t give_up(void *data)
{
  stream_t *stream = data;
  if (stream->workbook != NULL)
    lxw_workbook_free(stream->workbook);
  stream->workbook = NULL;
  if (stream->fd >= 0)
    close(stream->fd);
  stream->fd = -1;
  return APR_SUCCESS;
}

static gaokao_error_t *failed(const stream_t *stream, const gaokao_call_t *call, lxw_error why)
{
  return stream->plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "写 XLSX 失败：%s（临时目录 %s 是否有空间？）",
                                         "Writing the XLSX failed: %s (is there room in %s?)", lxw_strerror(why),
                                         stream->plugin->temp_dir);
}

/* ---- sheets ------------------------------------------------------------------------------------------- */

static sheet_t *sheet_of(stream_t *stream, const char *table)
{
  for (int i = 0; i < stream->n_sheets; i++)
    if (strcmp(stream->sheets[i].table, table) == 0)
      return &stream->sheets[i];
  return NULL;
}

static lxw_error put_head(stream_t *stream, sheet_t *sheet, const char *title, apr_uint32_t width)
{
  double wide = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
  apr_size_t needs = strlen(title) * 2 / 3 + 4; /* a Chinese character is two wide; and the filter's arrow */
  if (wide < (double)needs)
    wide = (double)needs;
  lxw_error why = worksheet_set_column(sheet->sheet, sheet->columns, sheet->columns, wide, NULL);
  return why != LXW_NO_ERROR ? why : worksheet_write_string(sheet->sheet, 0, sheet->columns++, title, stream->head);
}

static lxw_error add_sheet(stream_t *stream, const char *table)
{
  int main_sheet = stream->n_sheets == 0;
  sheet_t *sheet = &stream->sheets[stream->n_sheets++];
  lxw_error why = LXW_NO_ERROR;
  sheet->table = table;
  sheet->rows = 1;
  sheet->columns = 0;
  sheet->sheet = workbook_add_worksheet(stream->workbook, main_sheet ? MAIN_SHEET : table);
  if (sheet->sheet == NULL)
    return LXW_ERROR_MEMORY_MALLOC_FAILED;
  worksheet_freeze_panes(sheet->sheet, 1, 0);
  if (!main_sheet)
    why = put_head(stream, sheet, NUMBER, NARROWEST);
  for (apr_uint32_t i = 0; why == LXW_NO_ERROR && i < stream->header->n_columns; i++)
    if (strcmp(stream->header->columns[i].table, table) == 0)
      why = put_head(stream, sheet, stream->header->columns[i].title_zh, stream->header->columns[i].width);
  if (main_sheet && why == LXW_NO_ERROR)
    why = put_head(stream, sheet, SHEET_STATE, NARROWEST);
  return why;
}

/* The values of one row; `column` is the first. */
static lxw_error put_values(stream_t *stream, sheet_t *sheet, lxw_col_t column, const gaokao_pair_t *pairs, apr_uint32_t n)
{
  lxw_error why = LXW_NO_ERROR;
  apr_uint32_t at = 0;
  for (apr_uint32_t i = 0; why == LXW_NO_ERROR && i < stream->header->n_columns; i++) {
    if (strcmp(stream->header->columns[i].table, sheet->table) != 0)
      continue;
    const char *value = sheet_value(pairs, n, &at, stream->header->columns[i].name);
    if (value[0] != '\0')
      why = worksheet_write_string(sheet->sheet, sheet->rows, column, value, NULL);
    column++;
  }
  return why;
}

/* ---- the three steps ---------------------------------------------------------------------------------- */

static gaokao_error_t *begin(void *instance, const gaokao_call_t *call, const gaokao_export_header_t *header,
                             const gaokao_byte_sink_t *sink, apr_pool_t *pool, void **out)
{
  const plugin_t *plugin = instance;
  if (header->kind == GAOKAO_EXPORT_CHANGES)
    return plugin->host->error_new(call->pool, GAOKAO_E_UNSUPPORTED, "XLSX 只能导出全部，不能导出增量",
                                   "XLSX holds everything, never changes only");
  stream_t *stream = apr_pcalloc(pool, sizeof(*stream));
  stream->plugin = plugin;
  stream->header = header;
  stream->sink = sink;
  stream->fd = memfd_create("gaokao-xlsx", MFD_CLOEXEC);
  apr_pool_cleanup_register(pool, stream, give_up, apr_pool_cleanup_null);
  if (stream->fd < 0)
    return failed(stream, call, LXW_ERROR_CREATING_XLSX_FILE);
  lxw_workbook_options how = {.constant_memory = LXW_TRUE, .tmpdir = apr_pstrdup(pool, plugin->temp_dir)};
  stream->workbook = workbook_new_opt(apr_psprintf(pool, "/proc/self/fd/%d", stream->fd), &how);
  if (stream->workbook == NULL)
    return failed(stream, call, LXW_ERROR_MEMORY_MALLOC_FAILED);
  lxw_doc_properties about = {.created = (time_t)apr_time_sec(header->generated)};
  workbook_set_properties(stream->workbook, &about);
  stream->head = workbook_add_format(stream->workbook);
  format_set_bold(stream->head);
  format_set_bg_color(stream->head, 0xE8EEF4);
  lxw_error why = add_sheet(stream, SHEET_TABLE);
  for (apr_uint32_t i = 0; why == LXW_NO_ERROR && i < header->n_columns; i++)
    if (sheet_of(stream, header->columns[i].table) == NULL && stream->n_sheets < SHEETS_MAX)
      why = add_sheet(stream, header->columns[i].table);
  if (why != LXW_NO_ERROR)
    return failed(stream, call, why);
  *out = stream;
  return NULL;
}

static gaokao_error_t *record(void *instance, const gaokao_call_t *call, void *data, const gaokao_record_t *given)
{
  const plugin_t *plugin = instance;
  stream_t *stream = data;
  sheet_t *sheet = &stream->sheets[0];
  if (sheet->rows > (lxw_row_t)plugin->rows_max)
    return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "超过 %d 行，不能放进一个 XLSX：请按市州或县市区导出，或导出 CSV",
                                   "More than %d rows don't go into one XLSX: export by city or county, or as CSV",
                                   (int)plugin->rows_max);
  lxw_error why = put_values(stream, sheet, 0, given->values, given->n_values);
  if (why == LXW_NO_ERROR)
    why = worksheet_write_string(sheet->sheet, sheet->rows, sheet->columns - 1, sheet_state(given->state), NULL);
  sheet->rows++;
  for (apr_uint32_t i = 0; why == LXW_NO_ERROR && i < given->n_rows; i++) {
    sheet = sheet_of(stream, given->rows[i].name);
    if (sheet == NULL || sheet->rows >= LXW_ROW_MAX)
      continue;
    why = worksheet_write_string(sheet->sheet, sheet->rows, 0, given->number, NULL);
    if (why == LXW_NO_ERROR)
      why = put_values(stream, sheet, 1, given->rows[i].columns, given->rows[i].n_columns);
    sheet->rows++;
  }
  if (why == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED)
    return plugin->host->error_new(call->pool, GAOKAO_E_INPUT, "报名顺序号 %s 有一项太长，XLSX 放不下",
                                   "%s: a value is too long for XLSX", given->number);
  return why == LXW_NO_ERROR ? NULL : failed(stream, call, why);
}

static gaokao_error_t *end(void *instance, const gaokao_call_t *call, void *data, const gaokao_export_totals_t *totals)
{
  stream_t *stream = data;
  char *bytes = apr_palloc(call->pool, CHUNK_BYTES);
  gaokao_error_t *error = NULL;
  (void)instance;
  (void)totals;
  for (int i = 0; i < stream->n_sheets; i++)
    worksheet_autofilter(stream->sheets[i].sheet, 0, 0, stream->sheets[i].rows - 1, stream->sheets[i].columns - 1);
  lxw_workbook *workbook = stream->workbook;
  stream->workbook = NULL; /* closing frees it, whatever comes of it */
  lxw_error why = workbook_close(workbook);
  if (why != LXW_NO_ERROR)
    return failed(stream, call, why);
  off_t at = 0;
  for (ssize_t n = 1; error == NULL && n > 0; at += n) {
    do {
      n = pread(stream->fd, bytes, CHUNK_BYTES, at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
      return failed(stream, call, LXW_ERROR_CREATING_XLSX_FILE);
    if (n > 0)
      error = stream->sink->write(stream->sink->context, bytes, (apr_size_t)n);
  }
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
  plugin->temp_dir = plugin->host->option_string(plugin->host, "temp_dir");
  plugin->rows_max = plugin->host->option_int(plugin->host, "rows_max");
  return NULL;
}

static gaokao_error_t *check(void *instance, const gaokao_call_t *call)
{
  const plugin_t *plugin = instance;
  if (access(plugin->temp_dir, W_OK | X_OK) == 0)
    return NULL;
  return plugin->host->error_new(call->pool, GAOKAO_E_FAILED, "export_xlsx 的 temp_dir %s 不可写：请指定一个内存中的目录",
                                 "temp_dir %s of export_xlsx can't be written: name a folder in memory", plugin->temp_dir);
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  static gaokao_pair_t pairs[] = {{"library", "libxlsxwriter " LXW_VERSION}};
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

static const gaokao_life_t life = {sizeof(life), 0, create, configure, check, NULL, NULL, describe, health};

static const gaokao_export_format_t formats[] = {
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "UTF-8"}};

static const gaokao_export_t vtable = {&life, formats, 1, 0, begin, record, end};

static const gaokao_option_t options[] = {
    {"temp_dir", GAOKAO_OPTION_STRING, 0, "/dev/shm", 1, 200, NULL, NULL, "写文件时行数据暂存的目录；内容未加密，应为内存中的目录",
     "Where rows wait while a file is written; they are not sealed there: name a folder in memory"},
    {"rows_max", GAOKAO_OPTION_INT, 0, "100000", 1, 1000000, NULL, NULL, "一个文件最多多少名考生",
     "How many candidates go into one file"},
    GAOKAO_OPTIONS_END};

GAOKAO_PLUGIN(export_xlsx, EXPORT, vtable, options, "1.0.0", "Apache-2.0", GAOKAO_THREAD_SAFE)
