/* print/record.c: one person's sheets: the proof sheet to be checked, the registration form to be signed (W7). */
#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "print/print_internal.h"

#define LABEL_SHARE 17.0
#define PHOTO_WIDTH (27.75 * MM)
#define PHOTO_HEIGHT (37 * MM)
#define LONG 30                  /* halves of a character: a value that takes a row for itself */
#define SIZE 8.8
#define ROW (5.35 * MM)

typedef struct record_t {
  const gk_print_sheet_t *sheet;
  const char *title, *number, *code, *line, *version_line;
  bool form;
} record_t;

/* ---- top: title, number, code, photo --------------------------------------------------------------------- */

static gk_error_t *draw_top(gk_print_t *print, void *baton, double x, double y, double width)
{
  const record_t *r = baton;
  double text = width - 30 * MM;
  gk_print__line(print, x, y + 7.5 * MM, text, 20, BOLD, r->title);
  gk_print__line(print, x, y + 13.6 * MM, text, 9.5, SOFT, r->line);
  double label = gk_print__line(print, x, y + 21.6 * MM, 0, 10, 0, "报名顺序号");
  double number = gk_print__line(print, x + label + 2 * MM, y + 21.6 * MM, 0, 15, BOLD | MONO,
                                 gk_print__in_fours(r->number, print->pool));
  double at = label + number + 7 * MM;
  gk_print__line(print, x + at, y + 21.6 * MM, text - at, 10, 0, r->version_line);
  return gk_print__qr(print, x + width - 23 * MM, y + 0.5 * MM, 22 * MM, r->code);
}

static gk_error_t *draw_photo(gk_print_t *print, void *baton, double x, double y, double width)
{
  const gk_print_sheet_t *sheet = baton;
  double left = x + width - PHOTO_WIDTH;
  if (sheet->jpeg != NULL) {
    gk_print__jpeg(print, left, y, PHOTO_WIDTH, PHOTO_HEIGHT, sheet->jpeg, sheet->jpeg_length, sheet->jpeg_width,
                   sheet->jpeg_height);
  } else {
    gk_print__line(print, left, y + PHOTO_HEIGHT / 2, PHOTO_WIDTH, 9, CENTRE | SOFT, "考生相片");
    gk_print__line(print, left, y + PHOTO_HEIGHT / 2 + 5 * MM, PHOTO_WIDTH, 8, CENTRE | SOFT, "尚未采集");
  }
  gk_print__frame(print, left, y, PHOTO_WIDTH, PHOTO_HEIGHT, 0.5, 0.25);
  return NULL;
}

/* ---- fields ---------------------------------------------------------------------------------------------- */

/* A code with its name, as the forms of the province have it: "08 土家族"; what is no code as people read it. For a reader
 * of English the name in English behind it. */
static const char *shown(const gk_print_sheet_t *sheet, const gk_json_t *field, apr_pool_t *pool)
{
  const char *value = gk_json_str(field, "value"), *text = gk_json_str(gk_json_get(field, "text"), "zh");
  const char *english = sheet->english ? gk_json_str(gk_json_get(field, "text"), "en") : NULL;
  if (value == NULL)
    return "";
  if (text == NULL || strcmp(text, value) == 0)
    return value;
  if (strcmp(text, "是") != 0 && strcmp(text, "否") != 0)
    text = apr_pstrcat(pool, value, " ", text, NULL);
  return english != NULL && english[0] != '\0' ? apr_pstrcat(pool, text, " ", english, NULL) : text;
}

static bool differs(const gk_print_sheet_t *sheet, const gk_json_t *field)
{
  const char *id = gk_json_str(field, "id");
  for (int i = 0; sheet->changed != NULL && i < sheet->changed->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(sheet->changed, i, const char *), id) == 0)
      return true;
  return false;
}

static const char *label(const gk_print_sheet_t *sheet, const gk_json_t *field, apr_pool_t *pool)
{
  const char *zh = gk_json_str(field, "zh"), *en = gk_json_str(field, "en");
  if (differs(sheet, field))
    zh = apr_pstrcat(pool, "▲", zh, NULL);
  return sheet->english && en != NULL ? apr_pstrcat(pool, zh, "\n", en, NULL) : zh;
}

static int value_flags(const gk_print_sheet_t *sheet, const gk_json_t *field)
{
  const char *id = gk_json_str(field, "id");
  bool bold = differs(sheet, field) || strcmp(id, "name") == 0 || strcmp(id, "id_number") == 0;
  return bold ? BOLD : 0;
}

/* Letters and digits take half of what a hanzi takes. */
static long halves(const char *text)
{
  long n = 0;
  for (; *text != '\0'; text = g_utf8_next_char(text))
    n += (unsigned char)*text < 0x80 ? 1 : 2;
  return n;
}

static void table_of_rows(gk_flow_t *flow, const gk_print_sheet_t *sheet, const gk_json_t *field, apr_pool_t *pool)
{
  const gk_json_t *rows = gk_json_get(field, "rows"), *first = gk_json_at(rows, 0);
  int columns = (int)gk_json_size(first);
  if (columns == 0)
    return;
  gk_cell_t *cells = apr_pcalloc(pool, sizeof(*cells) * (apr_size_t)columns);
  double *shares = apr_palloc(pool, sizeof(*shares) * (apr_size_t)columns);
  for (int n = 0; n < columns; n++) { /* as wide as what stands in it, within bounds */
    long most = halves(gk_json_str(gk_json_at(first, (apr_size_t)n), "zh"));
    for (apr_size_t i = 0; i < gk_json_size(rows); i++) {
      long length = halves(shown(sheet, gk_json_at(gk_json_at(rows, i), (apr_size_t)n), pool));
      most = length > most ? length : most;
    }
    shares[n] = (double)(most > 36 ? 36 : most) + 3;
    const gk_json_t *column = gk_json_at(first, (apr_size_t)n);
    const char *title = gk_json_str(column, "zh");
    if (sheet->english && gk_json_str(column, "en") != NULL)
      title = apr_pstrcat(pool, title, "\n", gk_json_str(column, "en"), NULL);
    cells[n] = (gk_cell_t){title, shares[n], SIZE, 0, true, false};
  }
  gk_print__flow_row(flow, &(gk_cell_t){label(sheet, field, pool), 1, SIZE, BOLD | CENTRE, true, false}, 1, 4.6 * MM, true, true);
  gk_print__flow_row(flow, cells, columns, ROW, true, true);
  for (apr_size_t i = 0; i < gk_json_size(rows); i++) {
    for (int n = 0; n < columns; n++)
      cells[n] = (gk_cell_t){shown(sheet, gk_json_at(gk_json_at(rows, i), (apr_size_t)n), pool), shares[n], SIZE,
                             differs(sheet, field) ? BOLD : 0, false, false};
    gk_print__flow_row(flow, cells, columns, ROW, false, false);
  }
}

/* A label that would need two lines is set smaller. */
static double label_size(const char *text)
{
  const char *second = strchr(text, '\n');
  long n = second == NULL ? halves(text) : 19;
  return n <= 14 ? SIZE : n <= 18 ? SIZE * 14 / (double)n : SIZE * 0.78;
}

/* Short values two in a row, long ones alone. */
static void section(gk_flow_t *flow, const gk_print_sheet_t *sheet, const gk_json_t *fields, apr_pool_t *pool)
{
  gk_cell_t held[4];
  int count = 0;
  for (apr_size_t i = 0; i <= gk_json_size(fields); i++) {
    const gk_json_t *field = i < gk_json_size(fields) ? gk_json_at(fields, i) : NULL;
    bool rows = field != NULL && gk_json_get(field, "rows") != NULL;
    const char *text = field != NULL && !rows ? shown(sheet, field, pool) : "";
    bool narrow = gk_print__flow_width(flow) < PAPER_WIDTH - 2 * MARGIN - 1;
    bool wide = field == NULL || rows || halves(text) > (narrow ? LONG - 8 : LONG);
    if (count == 2 && wide) {
      held[2] = (gk_cell_t){"", LABEL_SHARE, SIZE, 0, true, false};
      held[3] = (gk_cell_t){"", 50 - LABEL_SHARE, SIZE, 0, false, false};
      gk_print__flow_row(flow, held, 4, ROW, false, false);
      count = 0;
    }
    if (field == NULL)
      break;
    if (rows) {
      table_of_rows(flow, sheet, field, pool);
    } else if (wide) {
      const gk_cell_t cells[] = {{label(sheet, field, pool), LABEL_SHARE, label_size(label(sheet, field, pool)), SOFT, true, false},
                                 {text, 100 - LABEL_SHARE, SIZE, value_flags(sheet, field), false, false}};
      gk_print__flow_row(flow, cells, 2, ROW, false, false);
    } else {
      held[count] = (gk_cell_t){label(sheet, field, pool), LABEL_SHARE, label_size(label(sheet, field, pool)), SOFT, true, false};
      held[count + 1] = (gk_cell_t){text, 50 - LABEL_SHARE, SIZE, value_flags(sheet, field), false, false};
      count += 2;
      if (count == 4) {
        gk_print__flow_row(flow, held, 4, ROW, false, false);
        count = 0;
      }
    }
  }
}

/* Nothing to print: no field, or only empty rows. */
static bool hollow(const gk_json_t *fields)
{
  for (apr_size_t i = 0; i < gk_json_size(fields); i++) {
    const gk_json_t *rows = gk_json_get(gk_json_at(fields, i), "rows");
    if (rows == NULL || gk_json_size(rows) > 0)
      return false;
  }
  return true;
}

/* ---- foot: what to do, what changed, signatures ---------------------------------------------------------- */

static const char *changes(const gk_print_sheet_t *sheet, apr_pool_t *pool)
{
  const gk_json_t *sections = gk_json_get(gk_json_get(sheet->proof, "document"), "sections");
  const char *out = "";
  if (sheet->changed == NULL)
    return "本表是该考生的第一版校对表。";
  for (apr_size_t i = 0; i < gk_json_size(sections); i++) {
    const gk_json_t *fields = gk_json_get(gk_json_at(sections, i), "fields");
    for (apr_size_t n = 0; n < gk_json_size(fields); n++)
      if (differs(sheet, gk_json_at(fields, n)))
        out = apr_pstrcat(pool, out, out[0] != '\0' ? "、" : "", gk_json_str(gk_json_at(fields, n), "zh"), NULL);
  }
  const char *since = apr_psprintf(pool, "与上一版（第 %" APR_INT64_T_FMT " 版，%s 打印）相比：", sheet->before,
                                   gk_print__moment(sheet->before_printed, pool));
  if (sheet->changed->nelts == 0)
    return apr_pstrcat(pool, since, "内容相同。上一版作废。", NULL);
  return apr_pstrcat(pool, since, out[0] != '\0' ? out : "有内容被删除", " 已改（标 ▲）。上一版作废。", NULL);
}

static gk_error_t *draw_signatures(gk_print_t *print, void *baton, double x, double y, double width)
{
  const record_t *r = baton;
  const char *const who[] = {r->form ? "考生签字" : "考生核对", r->form ? "监护人签字" : "经办人", r->form ? "经办人" : NULL};
  int count = r->form ? 3 : 2;
  double part = (width - 44 * MM) / count;
  for (int i = 0; i < count; i++) {
    double at = x + i * part, taken = gk_print__line(print, at, y + 9 * MM, 0, 10.5, 0, who[i]);
    gk_print__rule(print, at + taken + 1.5 * MM, y + 10 * MM, at + part - 4 * MM, y + 10 * MM, 0.5, 0);
  }
  gk_print__line(print, x + width - 42 * MM, y + 9 * MM, 42 * MM, 10.5, RIGHT, "　　　　年　　　月　　　日");
  return NULL;
}

static void boxed(gk_flow_t *flow, const char *text, bool keep)
{
  gk_print__flow_row(flow, &(gk_cell_t){text, 1, 9.5, 0, false, false}, 1, 0, keep, false);
}

static gk_error_t *print_record(gk_print_t *print, const gk_print_sheet_t *sheet, bool form)
{
  apr_pool_t *pool = print->pool;
  gk_json_t *document = gk_json_get(sheet->proof, "document"), *sections = gk_json_get(document, "sections");
  gk_json_t *org = gk_json_get(document, "org");
  const char *digest = gk_json_str(sheet->proof, "digest"), *class_name = NULL;
  apr_int64_t version = gk_json_int(sheet->proof, "version");
  bool valid = gk_json_bool(sheet->proof, "valid"), first = true;
  record_t *r = apr_pcalloc(pool, sizeof(*r));
  for (apr_size_t i = 0; i < gk_json_size(sections); i++) {
    const gk_json_t *fields = gk_json_get(gk_json_at(sections, i), "fields");
    for (apr_size_t n = 0; n < gk_json_size(fields); n++)
      if (strcmp(gk_json_str(gk_json_at(fields, n), "id"), "class") == 0)
        class_name = gk_json_str(gk_json_at(fields, n), "value");
  }
  *r = (record_t){.sheet = sheet, .form = form, .title = form ? (sheet->english ? "考生报名登记表 Registration form" : "考生报名登记表")
                                : (sheet->english ? "考生报名信息校对表 Proof sheet" : "考生报名信息校对表"),
                  .number = gk_json_str(document, "number")};
  const char *seal = apr_psprintf(pool, "%.4s-%.4s", digest, digest + 4);
  r->line = apr_pstrcat(pool, sheet->season, "　", gk_json_str(org, "code"), " ", gk_json_str(org, "name"),
                        class_name != NULL ? "　" : "", class_name != NULL ? class_name : "", NULL);
  r->version_line = apr_psprintf(pool, "第 %" APR_INT64_T_FMT " 版　识别码 %s", version, seal);
  r->code = apr_psprintf(pool, "%s/%" APR_INT64_T_FMT "/%.8s", r->number, version, digest);
  gk_flow_t *flow = gk_print__flow(print, form ? "登记表" : "校对表", pool);
  gk_print__flow_again(flow, apr_psprintf(pool, "%s（续）　%s　%s　%s", r->title, gk_print__in_fours(r->number, pool),
                                          gk_json_str(gk_json_get(sheet->proof, "candidate"), "name"), r->version_line));
  gk_print__flow_draw(flow, 25 * MM, true, draw_top, r);
  if (!valid)
    gk_print__flow_row(flow, &(gk_cell_t){"本版已失效：打印后报名信息有改动，不得用于签字。", 1, 11, BOLD | CENTRE, true, false}, 1,
                       9 * MM, true, false);
  gk_print__flow_beside(flow, PHOTO_WIDTH + 3 * MM, PHOTO_HEIGHT, draw_photo, (void *)sheet);
  for (apr_size_t i = 0; i < gk_json_size(sections); i++) {
    const gk_json_t *fields = gk_json_get(gk_json_at(sections, i), "fields");
    if (hollow(fields))
      continue;
    if (!first)
      gk_print__flow_space(flow, 1.7 * MM);
    section(flow, sheet, fields, pool);
    first = false;
  }
  gk_print__flow_clear(flow);
  gk_print__flow_space(flow, 2.2 * MM);
  if (form)
    boxed(flow, apr_pstrcat(pool, "本人已逐项核对以上信息，确认与校对表一致、真实无误。签字后需要更正的，须到报名点办理更正并重新签字。",
                            sheet->pledged != 0 ? "\n本人已阅读并接受《诚信考试承诺书》，接受时间：" : "",
                            sheet->pledged != 0 ? gk_print__moment(sheet->pledged, pool) : "",
                            sheet->english ? "\nI have checked every line; it is true and equals the proof sheet. After signing, "
                                             "errors are put right at the point, with a new signature." : "",
                            NULL), true);
  else
    boxed(flow, apr_pstrcat(pool, "请逐项核对。有错误用红笔在旁边改，交报名点更正并重新打印；没有错误再签字。\n",
                            sheet->english ? "Check every line. Mark errors in red and hand the sheet back: it is printed again. "
                                             "Sign when nothing is wrong.\n" : "",
                            changes(sheet, pool), NULL), true);
  gk_print__flow_space(flow, 2 * MM);
  gk_print__flow_draw(flow, 13 * MM, false, draw_signatures, r);
  return gk_print__flow_end(flow);
}

/* Thousands of sheets in one file: each has a pool of its own. */
static gk_error_t *print_one(gk_print_t *print, const gk_print_sheet_t *sheet, bool form)
{
  apr_pool_t *pool = print->pool;
  apr_pool_create(&print->pool, pool);
  gk_error_t *error = print_record(print, sheet, form);
  if (error != NULL)
    error = gk_error_dup(pool, error);
  apr_pool_destroy(print->pool);
  print->pool = pool;
  return error;
}

gk_error_t *gk_print_proof(gk_print_t *print, const gk_print_sheet_t *sheet) { return print_one(print, sheet, false); }
gk_error_t *gk_print_form(gk_print_t *print, const gk_print_sheet_t *sheet) { return print_one(print, sheet, true); }
