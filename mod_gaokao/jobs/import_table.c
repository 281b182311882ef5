/* jobs/import_table.c: see import_table.h. Clerks put titles above their headings, headings into two rows, notes below, sheets
 * beside; the row that names the most columns is the one. */
#include "jobs/import_table.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "store/sql.h"

enum { LOOK_ROWS = 30, SAMPLES = 3, HEADING_BYTES = 200, SAMPLE_BYTES = 60 };

typedef struct top_row_t {
  int number, count;
  const char **texts;
} top_row_t;

typedef struct look_t {
  gk_act_t *act;
  const apr_array_header_t *targets;
  const char *kind;
  apr_hash_t *remembered;      /* keyed digest of a heading -> target id, "" for none */
  apr_array_header_t *top;     /* top_row_t */
  apr_pool_t *pool, *scratch;  /* scratch: of one question */
} look_t;

const char *gk_import__heading_index(const gk_act_t *act, const char *kind, const char *heading, bool other, apr_pool_t *pool)
{
  const char *key = gk_import_heading_key(heading, pool), *column = apr_pstrcat(pool, "import.heading.", kind, NULL);
  if (*key == '\0' || strlen(key) > 120)
    return NULL;
  const gk_keys_t *keys = gk_core_keys(act->core);
  return other ? gk_blind_index_other(keys, column, key, pool) : gk_blind_index(keys, column, key, pool);
}

static gk_error_t *on_top(void *baton, const gk_sheet_row_t *row)
{
  look_t *look = baton;
  if (look->top->nelts >= LOOK_ROWS)
    return gk_error_plain(look->pool, GK_E_RETRY); /* enough seen */
  top_row_t top = {row->number, row->count, apr_pcalloc(look->pool, sizeof(char *) * (apr_size_t)row->count)};
  for (int i = 0; i < row->count; i++)
    top.texts[i] = apr_pstrndup(look->pool, gk_text_trim(look->pool, row->cells[i].text), HEADING_BYTES);
  for (int i = 0; i < row->count; i++)
    if (!gk_utf8_valid(top.texts[i], strlen(top.texts[i])))
      top.texts[i] = "";
  APR_ARRAY_PUSH(look->top, top_row_t) = top;
  return NULL;
}

static gk_error_t *read_top(look_t *look, gk_book_t *book, int sheet)
{
  look->top = apr_array_make(look->pool, LOOK_ROWS, sizeof(top_row_t));
  gk_error_t *error = gk_book_read(book, sheet, on_top, look, look->pool);
  return error != NULL && error->code == GK_E_RETRY ? NULL : error;
}

/* What a heading means: NULL for nothing. *known: somebody said so before. */
static const gk_import_target_t *meaning(const look_t *look, const char *heading, bool *known)
{
  const char *id = NULL;
  apr_pool_clear(look->scratch);
  for (int other = 0; other < 2 && id == NULL && apr_hash_count(look->remembered) > 0; other++) {
    const char *key = gk_import__heading_index(look->act, look->kind, heading, other == 1, look->scratch);
    id = key != NULL ? apr_hash_get(look->remembered, key, APR_HASH_KEY_STRING) : NULL;
  }
  *known = id != NULL;
  if (*known && *id == '\0')
    return NULL;
  const gk_import_target_t *target = *known ? gk_import_target(look->targets, id) : NULL;
  return target != NULL ? target : gk_import_heading(look->targets, heading, look->scratch);
}

static int score(const look_t *look, const top_row_t *row)
{
  int n = 0;
  bool known;
  for (int i = 0; i < row->count; i++)
    n += *row->texts[i] != '\0' && meaning(look, row->texts[i], &known) != NULL;
  return n;
}

/* Index into `top` of the heading row; -1: none names anything. */
static int best_row(const look_t *look, int *points)
{
  int best = -1;
  *points = 0;
  for (int i = 0; i < look->top->nelts; i++) {
    int n = score(look, &APR_ARRAY_IDX(look->top, i, top_row_t));
    if (n > *points)
      best = i, *points = n;
  }
  return best;
}

static gk_error_t *remembered(look_t *look)
{
  apr_array_header_t *rows;
  gk_act_t *act = look->act;
  look->remembered = apr_hash_make(look->pool);
  GK_TRY(gk_db_list(act->db, GK_CALL(import_heading_list, .kind = look->kind, .org_path = act->who->org_path,
      GK_SCOPE(act)), &rows, look->pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_import_heading_list_t *row = &APR_ARRAY_IDX(rows, i, gk_row_import_heading_list_t);
    apr_hash_set(look->remembered, row->heading, APR_HASH_KEY_STRING, row->target);
  }
  return NULL;
}

/* A number of somebody stands in it: there are no headings above this table. */
static bool somebody(const top_row_t *row)
{
  for (int i = 0; i < row->count; i++) {
    apr_size_t digits = strspn(row->texts[i], "0123456789");
    if (digits >= 8 && (row->texts[i][digits] == '\0' || strcmp(row->texts[i] + digits, "X") == 0))
      return true;
  }
  return false;
}

static gk_error_t *choose(gk_import_table_t *out, look_t *look, gk_book_t *book, const gk_json_t *wish, int *head)
{
  int points, most = -1;
  const gk_json_t *sheet = gk_json_get(wish, "sheet"), *row = gk_json_get(wish, "header_row");
  out->sheet = gk_json_is_int(sheet) && gk_json_int_value(sheet) < book->sheets->nelts ? (int)gk_json_int_value(sheet) : -1;
  for (int i = 0; out->sheet < 0 && i < book->sheets->nelts; i++) {
    if (APR_ARRAY_IDX(book->sheets, i, gk_sheet_t).hidden && book->sheets->nelts > 1)
      continue;
    GK_TRY(read_top(look, book, i));
    best_row(look, &points);
    if (points > most)
      most = points, *head = i;
  }
  if (out->sheet < 0)
    out->sheet = most >= 0 ? *head : 0;
  GK_TRY(read_top(look, book, out->sheet));
  *head = best_row(look, &points);
  if (gk_json_is_int(row)) {
    *head = -1;
    for (int i = 0; i < look->top->nelts; i++)
      if (APR_ARRAY_IDX(look->top, i, top_row_t).number == gk_json_int_value(row))
        *head = i;
  }
  if (*head < 0 && look->top->nelts > 0 && !gk_json_is_int(row) && !somebody(&APR_ARRAY_IDX(look->top, 0, top_row_t)))
    *head = 0; /* something to choose from */
  return NULL;
}

static const char *text_at(const look_t *look, int row, int column)
{
  if (row < 0 || row >= look->top->nelts)
    return "";
  const top_row_t *top = &APR_ARRAY_IDX(look->top, row, top_row_t);
  return column < top->count ? top->texts[column] : "";
}

/* The row below goes on with the headings: it names columns that this one leaves open, and nothing where this one names who. */
static bool goes_on(const look_t *look, int head)
{
  bool known, more = false;
  if (head < 0 || head + 1 >= look->top->nelts)
    return false;
  const top_row_t *row = &APR_ARRAY_IDX(look->top, head + 1, top_row_t);
  for (int i = 0; i < row->count; i++) {
    const gk_import_target_t *here = meaning(look, text_at(look, head, i), &known);
    if (here != NULL && *row->texts[i] != '\0')
      return false;
    if (here == NULL && *row->texts[i] != '\0' && meaning(look, row->texts[i], &known) != NULL)
      more = true;
  }
  return more;
}

static void name_columns(gk_import_table_t *out, look_t *look, int head, const gk_json_t *wish)
{
  const gk_json_t *chosen = gk_json_get(wish, "columns");
  bool two = goes_on(look, head);
  int width = 0;
  for (int i = head >= 0 ? head : 0; i < look->top->nelts; i++) {
    int n = APR_ARRAY_IDX(look->top, i, top_row_t).count;
    width = n > width ? n : width;
  }
  out->header_row = head < 0 ? 0 : APR_ARRAY_IDX(look->top, two ? head + 1 : head, top_row_t).number;
  for (int c = 0; c < width; c++) {
    bool known = false;
    const char *heading = text_at(look, head, c);
    const gk_import_target_t *target = NULL;
    if (two && *text_at(look, head + 1, c) != '\0')
      heading = text_at(look, head + 1, c);
    else if (*heading == '\0' && head > 0 && APR_ARRAY_IDX(look->top, head - 1, top_row_t).count > 1)
      heading = text_at(look, head - 1, c); /* merged with the row above */
    if (gk_json_is_array(chosen))
      target = gk_import_target(look->targets, gk_json_str_value(gk_json_at(chosen, (apr_size_t)c)));
    else if (*heading != '\0')
      target = meaning(look, heading, &known);
    for (int k = 0; target != NULL && k < out->columns->nelts; k++)
      if (APR_ARRAY_IDX(out->columns, k, const gk_import_target_t *) == target)
        target = NULL; /* the first of two counts */
    APR_ARRAY_PUSH(out->columns, const gk_import_target_t *) = target;
    gk_json_t *json = gk_json_object(look->pool);
    gk_json_set_str(json, "heading", heading);
    gk_json_set_str(json, "field", target != NULL ? target->id : NULL);
    gk_json_set_str(json, "source", gk_json_is_array(chosen) ? "chosen" : known ? "remembered" : target != NULL ? "name" : NULL);
    gk_json_set(json, "samples", gk_json_array(look->pool));
    gk_json_add(out->columns_json, json);
    out->keyed = out->keyed || (target != NULL && (target->use == GK_IMPORT_NUMBER || target->use == GK_IMPORT_CANDIDATE_NUMBER ||
                                                   target->use == GK_IMPORT_ID));
  }
}

typedef struct count_t {
  gk_import_table_t *table;
  apr_pool_t *pool, *scratch;
} count_t;

static gk_error_t *on_count(void *baton, const gk_sheet_row_t *row)
{
  count_t *count = baton;
  gk_import_table_t *table = count->table;
  apr_pool_clear(count->scratch);
  if (row->number <= table->header_row)
    return NULL;
  if (gk_import_aside(row, count->scratch)) {
    table->aside++;
    return NULL;
  }
  table->rows++;
  table->hidden += row->hidden;
  for (int i = 0; table->rows <= SAMPLES && i < row->count && i < table->columns->nelts; i++) {
    apr_size_t length = strlen(row->cells[i].text);
    if (row->cells[i].kind == GK_CELL_EMPTY || (length > SAMPLE_BYTES && gk_text_forbidden(row->cells[i].text, true) != 0))
      continue;
    const char *text = row->cells[i].text, *end = text;
    while (*end != '\0' && end - text < SAMPLE_BYTES)
      gk_utf8_next(&end);
    gk_json_add_str(gk_json_get(gk_json_at(table->columns_json, (apr_size_t)i), "samples"),
                    apr_pstrmemdup(count->scratch, text, (apr_size_t)(end - text)));
  }
  return NULL;
}

/* Before anything of a sheet is read: where one can't be, another one can be chosen. */
static void write_book(gk_import_t *import, const gk_book_t *book, apr_pool_t *pool)
{
  gk_json_t *sheets = gk_json_array(pool);
  for (int i = 0; i < book->sheets->nelts; i++) {
    const gk_sheet_t *sheet = &APR_ARRAY_IDX(book->sheets, i, gk_sheet_t);
    gk_json_t *json = gk_json_object(pool);
    gk_json_set_str(json, "name", sheet->name);
    gk_json_set_bool(json, "hidden", sheet->hidden);
    gk_json_add(sheets, json);
  }
  gk_json_set_str(import->head, "format", book->format);
  gk_json_set_str(import->head, "encoding", book->encoding);
  gk_json_set_str(import->head, "separator", book->separator);
  gk_json_set(import->head, "sheets", sheets);
}

static void write_table(gk_import_t *import, const gk_import_table_t *table)
{
  gk_json_set_int(import->head, "sheet", table->sheet);
  gk_json_set_int(import->head, "header_row", table->header_row);
  gk_json_set(import->head, "columns", table->columns_json);
}

gk_error_t *gk_import__table(gk_import_table_t *out, gk_act_t *act, gk_import_t *import, gk_book_t *book,
                             const apr_array_header_t *targets, apr_pool_t *pool)
{
  look_t look = {.act = act, .targets = targets, .kind = import->kind, .pool = pool};
  int head = -1;
  memset(out, 0, sizeof(*out));
  out->columns = apr_array_make(pool, 32, sizeof(const gk_import_target_t *));
  out->columns_json = gk_json_array(pool);
  apr_pool_create(&look.scratch, pool);
  GK_TRY(remembered(&look));
  write_book(import, book, pool);
  GK_TRY(choose(out, &look, book, import->wish, &head));
  name_columns(out, &look, head, import->wish);
  count_t count = {out, pool, NULL};
  apr_pool_create(&count.scratch, pool);
  GK_TRY(gk_book_read(book, out->sheet, on_count, &count, pool));
  write_table(import, out);
  return NULL;
}
