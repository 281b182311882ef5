/* plugin/export.c: exports: the pack's mapping turns candidates into the ministry's columns, a plugin turns
 * those into bytes. All that is needed for a candidate lies in one scratch pool that is cleared before the
 * next. */
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "plugin/calls.h"
#include "plugin/internal.h"

#define MAIN_TABLE "T_BMK"

/* Columns of one table, in the pack's order. */
typedef struct table_t {
  const char *name;
  const char *rows_field; /* rows come from this field; NULL: one row of the candidate's own values */
  const apr_array_header_t *columns;  /* gk_export_column_t */
} table_t;

struct gk_export_t {
  gk_plugin__instance_t *instance;
  void *stream;
  apr_pool_t *pool;                   /* of the stream */
  apr_pool_t *scratch;                /* of one call */
  const char *request_id;
  gaokao_export_header_t header;
  gaokao_byte_sink_t sink;
  gk_export_write_fn write;
  void *baton;
  gk_error_t *write_error;            /* what `write` returned */
  gk_plugin__sink_t waiting;
  apr_array_header_t *tables;         /* table_t; the first is MAIN_TABLE */
  apr_uint64_t records, withdrawn, bytes;
  bool over;                          /* ended or failed: no more calls */
};

/* ---- finding a plugin --------------------------------------------------------------------------------- */

static const gaokao_export_format_t *format_of(const gk_plugin_t *plugin, const char *name)
{
  const gaokao_export_t *export = &plugin->image->vtable.export;
  for (apr_uint32_t i = 0; i < export->n_formats; i++)
    if (strcmp(export->formats[i].name, name) == 0)
      return &export->formats[i];
  return NULL;
}

static gk_plugin_t *plugin_of(gk_plugins_t *plugins, const char *name, const gaokao_export_format_t **format)
{
  gk_plugin_t *plugin;
  int i = 0;
  while ((plugin = gk_plugin__next(plugins, GAOKAO_EXPORT, &i)) != NULL)
    if ((*format = format_of(plugin, name)) != NULL)
      return plugin;
  return NULL;
}

bool gk_export_format(gk_plugins_t *plugins, const char *format, const char **media_type,
                      const char **extension)
{
  const gaokao_export_format_t *found = NULL;
  if (plugin_of(plugins, format, &found) == NULL)
    return false;
  *media_type = found->media_type;
  *extension = found->extension;
  return true;
}

/* `wanted` when the format has it, the first one for NULL, else NULL. */
static const char *encoding_of(const gaokao_export_format_t *format, const char *wanted, apr_pool_t *pool)
{
  char *all = apr_pstrdup(pool, format->encodings), *state = NULL;
  for (char *one = apr_strtok(all, "|", &state); one != NULL; one = apr_strtok(NULL, "|", &state))
    if (wanted == NULL || strcmp(one, wanted) == 0)
      return one;
  return NULL;
}

/* ---- the stream --------------------------------------------------------------------------------------- */

static gaokao_error_t *sink_write(void *context, const void *bytes, apr_size_t length)
{
  gk_export_t *export = context;
  gaokao_error_t *error;
  export->bytes += length;
  if (export->write_error == NULL) {
    gk_plugin__wait(&export->waiting);
    export->write_error = export->write(export->baton, bytes, length);
    gk_plugin__waited(&export->waiting);
  }
  if (export->write_error == NULL)
    return NULL;
  error = apr_pcalloc(export->pool, sizeof(*error));
  error->size = sizeof(*error);
  error->code = GAOKAO_E_SINK;
  return error;
}

typedef struct step_t {
  gk_export_t *export;
  const gaokao_record_t *record;
  const gaokao_export_totals_t *totals;
} step_t;

static gaokao_error_t *call_begin(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                  const char **lie)
{
  gk_export_t *export = ((step_t *)baton)->export;
  gaokao_error_t *error = instance->plugin->image->vtable.export.begin(
      instance->self, call, &export->header, &export->sink, export->pool, &export->stream);
  if (error == NULL && export->stream == NULL)
    *lie = "begin() gave no stream";
  return error;
}

static gaokao_error_t *call_record(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                   const char **lie)
{
  step_t *step = baton;
  (void)lie;
  return instance->plugin->image->vtable.export.record(instance->self, call, step->export->stream,
                                                       step->record);
}

static gaokao_error_t *call_end(void *baton, const gaokao_call_t *call, gk_plugin__instance_t *instance,
                                const char **lie)
{
  step_t *step = baton;
  (void)lie;
  return instance->plugin->image->vtable.export.end(instance->self, call, step->export->stream, step->totals);
}

/* One guarded call. An error of the sink wins over what the plugin made of it, and over its silence. */
static gk_error_t *step(gk_export_t *export, gk_plugin__weight_t weight, gk_plugin__fn fn, step_t *given,
                        apr_pool_t *error_pool)
{
  gk_error_t *error = gk_plugin__guard(export->instance, weight, export->request_id,
                                       given->record != NULL ? given->record->number : NULL, fn, given,
                                       &export->waiting, export->scratch, error_pool);
  if (export->write_error != NULL)
    error = gk_error_dup(error_pool, export->write_error);
  if (error != NULL)
    export->over = true;
  return error;
}

static apr_status_t release(void *data)
{
  gk_plugin__release(data);
  return APR_SUCCESS;
}

static void push_columns(apr_array_header_t *all, const apr_array_header_t *columns, const char *table)
{
  for (int i = 0; i < columns->nelts; i++) {
    const gk_export_column_t *from = &APR_ARRAY_IDX(columns, i, gk_export_column_t);
    gaokao_column_t *to = apr_array_push(all);
    memset(to, 0, sizeof(*to));
    to->table = table != NULL ? table : from->table;
    to->name = from->name;
    to->title_zh = from->title.zh;
    to->title_en = from->title.en;
    to->type = (apr_uint32_t)(unsigned char)from->type;
    to->width = (apr_uint32_t)from->width;
  }
}

static const char *upper(const char *text, apr_pool_t *pool)
{
  char *out = apr_pstrdup(pool, text);
  for (char *p = out; *p != '\0'; p++)
    if (*p >= 'a' && *p <= 'z')
      *p = (char)(*p - 'a' + 'A');
  return out;
}

/* Bytes in GBK of what a field can hold. */
static int width_of(const gk_field_t *field)
{
  enum { NUMBER = 8, CODE = 12, WIDEST = 254 };
  int width = field->type == GK_FIELD_NUMBER ? NUMBER : field->table != NULL ? CODE : field->max_length * 2;
  return width > 0 && width < WIDEST ? width : WIDEST;
}

static void push_field(apr_array_header_t *columns, const gk_field_t *field, const char *name, const char *table, int width,
                       apr_pool_t *pool)
{
  gk_export_column_t *column = apr_array_push(columns);
  *column = (gk_export_column_t){.name = name, .title = field->label, .table = table, .format = "plain", .width = width,
                                 .type = field->type == GK_FIELD_NUMBER ? 'N' : 'C'};
  column->fields = apr_array_make(pool, 1, sizeof(const char *));
  APR_ARRAY_PUSH(column->fields, const char *) = field->id;
}

/* The pack's columns with the extra ones. */
static const apr_array_header_t *columns_of(const gk_pack_t *pack, unsigned extra, apr_pool_t *pool)
{
  apr_array_header_t *columns = apr_array_copy(pool, pack->export_columns);
  const gk_field_t *class_field = gk_pack_field(pack, "class");
  const gk_part_t *examination = gk_pack_part(pack, "examination");
  if ((extra & GK_EXPORT_CLASS) != 0 && class_field != NULL)
    push_field(columns, class_field, "BJ", MAIN_TABLE, width_of(class_field), pool);
  if ((extra & GK_EXPORT_EXAMINATION) != 0 && examination != NULL)
    for (int i = 0; i < examination->fields->nelts; i++) {
      const gk_field_t *field = &APR_ARRAY_IDX(examination->fields, i, gk_field_t);
      push_field(columns, field, upper(field->id, pool), "T_TJXX", width_of(field), pool);
    }
  return columns;
}

/* Groups the pack's columns by table: the main one first, others as they come, then the rows fields'. */
static apr_array_header_t *make_tables(const gk_pack_t *pack, const apr_array_header_t *mapped, apr_pool_t *pool)
{
  apr_array_header_t *tables = apr_array_make(pool, 8, sizeof(table_t));
  table_t main_table = {MAIN_TABLE, NULL, apr_array_make(pool, 64, sizeof(gk_export_column_t))};
  APR_ARRAY_PUSH(tables, table_t) = main_table;
  for (int i = 0; i < mapped->nelts; i++) {
    const gk_export_column_t *column = &APR_ARRAY_IDX(mapped, i, gk_export_column_t);
    int t = 0;
    while (t < tables->nelts && strcmp(APR_ARRAY_IDX(tables, t, table_t).name, column->table) != 0)
      t++;
    if (t == tables->nelts) {
      table_t other = {column->table, NULL, apr_array_make(pool, 16, sizeof(gk_export_column_t))};
      APR_ARRAY_PUSH(tables, table_t) = other;
    }
    APR_ARRAY_PUSH((apr_array_header_t *)(uintptr_t)APR_ARRAY_IDX(tables, t, table_t).columns,
                   gk_export_column_t) = *column;
  }
  for (int i = 0; i < pack->export_rows->nelts; i++) {
    const gk_export_rows_t *rows = &APR_ARRAY_IDX(pack->export_rows, i, gk_export_rows_t);
    table_t table = {rows->table, rows->field, rows->columns};
    APR_ARRAY_PUSH(tables, table_t) = table;
  }
  return tables;
}

static void make_header(gk_export_t *export, const gk_pack_t *pack, const apr_array_header_t *mapped,
                        const gk_export_head_t *head, const char *format, const char *encoding)
{
  apr_array_header_t *columns = apr_array_make(export->pool, 64, sizeof(gaokao_column_t));
  gaokao_export_header_t *header = &export->header;
  push_columns(columns, mapped, NULL);
  for (int i = 0; i < pack->export_rows->nelts; i++) {
    const gk_export_rows_t *rows = &APR_ARRAY_IDX(pack->export_rows, i, gk_export_rows_t);
    push_columns(columns, rows->columns, rows->table);
  }
  header->size = sizeof(*header);
  header->kind = head->since != NULL ? GAOKAO_EXPORT_CHANGES : GAOKAO_EXPORT_FULL;
  header->format = apr_pstrdup(export->pool, format);
  header->encoding = encoding;
  header->season = pack->season;
  header->pack_version = pack->version;
  header->pack = pack->id;
  header->generation = pack->export_generation;
  header->generated = head->generated;
  header->scope = apr_pstrdup(export->pool, head->scope);
  header->scope_name = apr_pstrdup(export->pool, head->scope_name);
  header->mark = apr_pstrdup(export->pool, head->mark);
  header->since = apr_pstrdup(export->pool, head->since);
  header->anchor = apr_pstrdup(export->pool, head->anchor);
  header->columns = (const gaokao_column_t *)(const void *)columns->elts;
  header->n_columns = (apr_uint32_t)columns->nelts;
}

gk_error_t *gk_export_begin(gk_export_t **out, gk_plugins_t *plugins, const char *request_id,
                            const gk_pack_t *pack, const gk_export_head_t *head, gk_export_write_fn write,
                            void *baton, apr_pool_t *pool)
{
  const gaokao_export_format_t *format = NULL;
  gk_plugin_t *plugin = plugin_of(plugins, head->format, &format);
  if (plugin == NULL)
    return gk_error(pool, GK_E_INVALID, "没有导出格式 '%s'", "There is no export format '%s'", head->format);
  const char *encoding = encoding_of(format, head->encoding, pool);
  if (encoding == NULL)
    return gk_error(pool, GK_E_INVALID, "该格式不支持编码 '%s'；可用：%s", "This format has no encoding '%s'; it has %s",
                    head->encoding, format->encodings);
  gk_plugin__instance_t *instance = gk_plugin__hold(plugin);
  if (instance == NULL)
    return gk_plugin__refusal(plugin, 0, pool);
  apr_pool_t *own;
  apr_pool_create(&own, pool);
  gk_export_t *export = apr_pcalloc(own, sizeof(*export));
  export->instance = instance;
  export->pool = own;
  export->request_id = apr_pstrdup(own, request_id);
  export->write = write;
  export->baton = baton;
  export->sink.size = sizeof(export->sink);
  export->sink.context = export;
  export->sink.write = sink_write;
  const apr_array_header_t *mapped = columns_of(pack, head->extra, own);
  export->tables = make_tables(pack, mapped, own);
  apr_pool_create(&export->scratch, own);
  apr_pool_cleanup_register(own, instance, release, apr_pool_cleanup_null);
  make_header(export, pack, mapped, head, format->name, encoding);
  step_t given = {export, NULL, NULL};
  gk_error_t *error = step(export, GK_CALL_BEGIN, call_begin, &given, pool);
  if (error != NULL)
    apr_pool_destroy(own);
  else
    *out = export;
  return error;
}

/* ---- one candidate ------------------------------------------------------------------------------------ */

/* Where values come from: a document's JSON or a flat one, or a row of either. */
typedef struct source_t {
  const gk_json_t *json;
  const gk_flat_t *flat;
} source_t;

typedef struct mapping_t {
  const gk_export_row_t *row;
  source_t document;
  apr_pool_t *pool;
  const char *bad;                    /* name of the first column whose value can't be exported */
} mapping_t;

/* A field, derived field or fact; facts are the row's own. */
static const char *source_value(const mapping_t *m, const source_t *source, const char *name)
{
  const char *value = source->flat != NULL ? gk_flat_str(source->flat, name) : gk_json_str(source->json, name);
  if (value != NULL || source != &m->document)
    return value;
  if (strcmp(name, "number") == 0)
    return m->row->number;
  if (strcmp(name, "candidate_number") == 0)
    return m->row->candidate_number;
  if (strcmp(name, "point") == 0)
    return m->row->point;
  return m->row->derived != NULL ? gk_json_str(m->row->derived, name) : NULL;
}

/* 2008-02-29 as 20080229, 2008-09 as 20080901; what is no date goes as it is. */
static const char *formatted(const char *value, const char *format, apr_pool_t *pool)
{
  if (strcmp(format, "date8") == 0 && strlen(value) == 10 && value[4] == '-' && value[7] == '-')
    return apr_psprintf(pool, "%.4s%.2s%.2s", value, value + 5, value + 8);
  if (strcmp(format, "month8") == 0 && strlen(value) == 7 && value[4] == '-')
    return apr_psprintf(pool, "%.4s%.2s01", value, value + 5);
  return value;
}

/* Printable ASCII passes at once: that is what most values are. */
static bool exportable(const char *value)
{
  const char *p = value;
  while (*p >= ' ' && *p <= '~')
    p++;
  return *p == '\0' || (gk_utf8_valid(p, strlen(p)) && gk_text_forbidden(p, true) == 0);
}

static apr_uint32_t map_columns(mapping_t *m, gaokao_pair_t **out, const apr_array_header_t *columns,
                                const source_t *source)
{
  gaokao_pair_t *pairs = apr_palloc(m->pool, sizeof(*pairs) * (apr_size_t)(columns->nelts + 1));
  apr_uint32_t n = 0;
  for (int i = 0; i < columns->nelts; i++) {
    const gk_export_column_t *column = &APR_ARRAY_IDX(columns, i, gk_export_column_t);
    const char *value = NULL;
    for (int f = 0; f < column->fields->nelts; f++) {
      const char *one = source_value(m, source, APR_ARRAY_IDX(column->fields, f, const char *));
      if (one != NULL && one[0] != '\0') {
        one = formatted(one, column->format, m->pool);
        value = value == NULL ? one : apr_pstrcat(m->pool, value, one, NULL);
      }
    }
    if (value == NULL)
      continue;
    if (m->bad == NULL && !exportable(value))
      m->bad = column->name;
    pairs[n].name = column->name;
    pairs[n++].value = value;
  }
  *out = pairs;
  return n;
}

static void push_row(mapping_t *m, apr_array_header_t *rows, const table_t *table, const source_t *source,
                     apr_uint32_t index)
{
  gaokao_pair_t *columns;
  apr_uint32_t n = map_columns(m, &columns, table->columns, source);
  if (n == 0)
    return;
  gaokao_row_t *row = apr_array_push(rows);
  row->name = table->name;
  row->index = index;
  row->n_columns = n;
  row->columns = columns;
}

static void map_tables(mapping_t *m, const gk_export_t *export, gaokao_record_t *record)
{
  apr_array_header_t *rows = apr_array_make(m->pool, 16, sizeof(gaokao_row_t));
  gaokao_pair_t *values;
  record->n_values = map_columns(m, &values, APR_ARRAY_IDX(export->tables, 0, table_t).columns, &m->document);
  record->values = values;
  for (int t = 1; t < export->tables->nelts; t++) {
    const table_t *table = &APR_ARRAY_IDX(export->tables, t, table_t);
    if (table->rows_field == NULL) {
      push_row(m, rows, table, &m->document, 1);
      continue;
    }
    const gk_json_t *array = m->document.json != NULL ? gk_json_get(m->document.json, table->rows_field) : NULL;
    apr_size_t n;
    const gk_flat_t *const *flats = gk_flat_rows(m->document.flat, table->rows_field, &n);
    if (m->document.json != NULL)
      n = gk_json_size(array);
    for (apr_size_t r = 0; r < n; r++) {
      source_t source = {array != NULL ? gk_json_at(array, r) : NULL, flats != NULL ? flats[r] : NULL};
      push_row(m, rows, table, &source, (apr_uint32_t)r + 1);
    }
  }
  record->n_rows = (apr_uint32_t)rows->nelts;
  record->rows = (const gaokao_row_t *)(const void *)rows->elts;
}

gk_error_t *gk_export_candidate(gk_export_t *export, const gk_export_row_t *row)
{
  gaokao_record_t record;
  apr_pool_clear(export->scratch);
  if (export->over)
    return gk_error_internal(export->pool, GK_E_INTERNAL, "the export is over");
  if (!gk_plugin__text_ok(row->number, 64) || !gk_plugin__text_ok(row->state, 64) ||
      !gk_plugin__text_ok(row->point, 64))
    return gk_error_internal(export->pool, GK_E_INTERNAL, "a candidate without number, state or point");
  mapping_t mapping = {row, {row->document != NULL ? gk_document_json(row->document) : NULL, row->flat},
                       export->scratch, NULL};
  memset(&record, 0, sizeof(record));
  record.size = sizeof(record);
  record.kind = row->kind != 0 ? row->kind : GAOKAO_RECORD_PRESENT;
  record.number = row->number;
  record.candidate_number = row->candidate_number;
  record.state = row->state;
  record.point = row->point;
  record.version = row->version;
  if (mapping.document.json != NULL || mapping.document.flat != NULL)
    map_tables(&mapping, export, &record);
  if (mapping.bad != NULL)
    return gk_error(export->pool, GK_E_INVALID, "报名顺序号 %s 的 %s 含有不能导出的字符",
                    "%s: the value of %s has characters that can't be exported", row->number, mapping.bad);
  step_t given = {export, &record, NULL};
  GK_TRY(step(export, GK_CALL_WITHIN, call_record, &given, export->pool));
  export->records++;
  export->withdrawn += record.kind == GAOKAO_RECORD_WITHDRAWN;
  return NULL;
}

gk_error_t *gk_export_end(gk_export_t *export, const char *digest)
{
  gaokao_export_totals_t totals = {sizeof(totals), 0, export->records, export->withdrawn, digest};
  step_t given = {export, NULL, &totals};
  if (export->over)
    return gk_error_internal(export->pool, GK_E_INTERNAL, "the export is over");
  apr_pool_clear(export->scratch);
  GK_TRY(step(export, GK_CALL_LAST, call_end, &given, export->pool));
  export->over = true;
  return NULL;
}

apr_uint64_t gk_export_records(const gk_export_t *export)
{
  return export->records;
}

apr_uint64_t gk_export_bytes(const gk_export_t *export)
{
  return export->bytes;
}
