/* print/lists.c: tables over pages, the submission sheet, the fee receipt. */
#include <string.h>
#include <apr_strings.h>

#include "print/print_internal.h"

static int align_flag(char align) { return align == 'r' ? RIGHT : align == 'c' ? CENTRE : align == 'm' ? MONO : 0; }

static void title_rows(gk_flow_t *flow, const char *title, const char *subtitle)
{
  gk_print__flow_row(flow, &(gk_cell_t){title, 1, 17, BOLD | CENTRE, false, true}, 1, 9 * MM, true, false);
  if (subtitle != NULL)
    gk_print__flow_row(flow, &(gk_cell_t){subtitle, 1, 9.5, CENTRE, false, true}, 1, 6 * MM, true, false);
  gk_print__flow_space(flow, 2 * MM);
}

gk_error_t *gk_print_table(gk_print_t *print, const gk_print_table_t *table)
{
  gk_flow_t *flow = gk_print__flow(print, table->title, print->pool);
  gk_cell_t *cells = apr_pcalloc(print->pool, sizeof(*cells) * (apr_size_t)table->column_count);
  gk_print__flow_again(flow, apr_pstrcat(print->pool, table->title, "（续）　", table->subtitle, NULL));
  title_rows(flow, table->title, table->subtitle);
  for (int i = 0; i < table->column_count; i++)
    cells[i] = (gk_cell_t){table->columns[i].title, table->columns[i].share, 8.5, BOLD | CENTRE, true, false};
  gk_print__flow_row(flow, cells, table->column_count, 7 * MM, true, true);
  for (int n = 0; n < table->rows->nelts; n++) {
    const char *const *row = APR_ARRAY_IDX(table->rows, n, const char *const *);
    bool total = n >= table->rows->nelts - table->bold_rows;
    for (int i = 0; i < table->column_count; i++) {
      int flags = align_flag(table->columns[i].align) | (total ? BOLD : 0);
      cells[i] = (gk_cell_t){row[i], table->columns[i].share, 9, flags, total, false};
    }
    gk_print__flow_row(flow, cells, table->column_count, table->row_mm > 0 ? table->row_mm * MM : 6.4 * MM,
                       table->bold_rows > 0 && n == table->rows->nelts - table->bold_rows - 1, false);
  }
  if (table->note != NULL) {
    gk_print__flow_space(flow, 1.5 * MM);
    gk_print__flow_row(flow, &(gk_cell_t){table->note, 1, 8.5, SOFT, false, true}, 1, 0, false, false);
  }
  return gk_print__flow_end(flow);
}

/* ---- submission ------------------------------------------------------------------------------------------ */

typedef struct code_t { const char *text; } code_t;

static gk_error_t *draw_code(gk_print_t *print, void *baton, double x, double y, double width)
{
  const code_t *code = baton;
  return gk_print__qr(print, x + width - 23 * MM, y + 0.2 * MM, 23 * MM, code->text);
}

static void pair(gk_flow_t *flow, const char *label, const char *text, int flags)
{
  const gk_cell_t cells[] = {{label, 22, 9.5, 0, true, false}, {text, 78, 10, flags, false, false}};
  gk_print__flow_row(flow, cells, 2, 8 * MM, false, false);
}

/* "7f3a91c2 0b44..." */
static const char *in_eights(const char *hex, apr_pool_t *pool)
{
  const char *out = "";
  for (apr_size_t i = 0; i < strlen(hex); i += 8)
    out = apr_psprintf(pool, "%s%s%.8s", out, i > 0 ? " " : "", hex + i);
  return out;
}

static gk_error_t *draw_signatures(gk_print_t *print, void *baton, double x, double y, double width)
{
  const char *const *labels = baton;
  double part = width / 3;
  for (int i = 0; i < 3; i++) {
    double at = x + i * part, label = gk_print__line(print, at, y + 8 * MM, 0, 10, 0, labels[i]);
    gk_print__rule(print, at + label + 1 * MM, y + 9 * MM, at + part - 6 * MM, y + 9 * MM, 0.5, 0);
  }
  return NULL;
}

gk_error_t *gk_print_submission(gk_print_t *print, const gk_submission_t *s, const char *season, const char *submitted_by,
                                const apr_array_header_t *subjects)
{
  static const char *const labels[] = {"填报人签字", "单位负责人签字", "日期（盖章）"};
  static const char *const state_zh[][2] = {{"submitted", "已上报，等待上级接收"}, {"accepted", "上级已接收"}, {"returned", "已退回"}};
  bool art = s->kind == GK_SUBMIT_ART;
  apr_pool_t *pool = print->pool;
  gk_flow_t *flow = gk_print__flow(print, "上报单", pool);
  code_t *code = apr_pcalloc(pool, sizeof(*code));
  const char *state = s->state;
  for (int i = 0; i < 3; i++)
    if (strcmp(state_zh[i][0], s->state) == 0)
      state = state_zh[i][1];
  code->text = apr_psprintf(pool, "GKS/%" APR_INT64_T_FMT "/%.16s/%s", s->id, s->digest, s->anchor != NULL ? s->anchor : "-");
  title_rows(flow, art ? "艺术类考生报名信息上报单" : "考生报名信息上报单", season);
  gk_print__flow_beside(flow, 26 * MM, 39 * MM, draw_code, code);
  pair(flow, "上报单位", apr_pstrcat(pool, s->org.code, "　", s->org.name, NULL), BOLD);
  pair(flow, "上报单编号", apr_psprintf(pool, "%" APR_INT64_T_FMT, s->id), 0);
  pair(flow, "上报时间", apr_pstrcat(pool, gk_print__moment(s->submitted, pool), "　", submitted_by, NULL), 0);
  pair(flow, "状态", s->reason != NULL && s->reason[0] ? apr_pstrcat(pool, state, "：", s->reason, NULL) : state, 0);
  pair(flow, "考生人数", apr_psprintf(pool, "%" APR_INT64_T_FMT " 人", s->total), BOLD);
  gk_print__flow_clear(flow);
  gk_print__flow_space(flow, 4 * MM);
  const gk_cell_t head[] = {{"科类", 70, 9.5, BOLD, true, false}, {"人数", 30, 9.5, BOLD | RIGHT, true, false}};
  gk_print__flow_row(flow, head, 2, 7.5 * MM, true, true);
  for (int i = 0; i < subjects->nelts; i++) {
    const char *const *row = APR_ARRAY_IDX(subjects, i, const char *const *);
    const gk_cell_t cells[] = {{row[0], 70, 10, 0, false, false}, {row[1], 30, 10, RIGHT, false, false}};
    gk_print__flow_row(flow, cells, 2, 7.5 * MM, false, false);
  }
  const gk_cell_t total[] = {{"合计", 70, 10, BOLD, true, false},
                             {apr_psprintf(pool, "%" APR_INT64_T_FMT, s->total), 30, 10, BOLD | RIGHT, true, false}};
  gk_print__flow_row(flow, total, 2, 7.5 * MM, false, false);
  gk_print__flow_space(flow, 4 * MM);
  pair(flow, "数据摘要\nSHA-256", in_eights(s->digest, pool), MONO);
  pair(flow, "审计锚点", s->anchor != NULL ? s->anchor : "上报时审计尚未封存", MONO);
  gk_print__flow_space(flow, 2 * MM);
  gk_print__flow_row(flow, &(gk_cell_t){"数据摘要由全部考生的顺序号、版本和签字版本算出，改动任何一条都会不同。审计锚点是上报时审计记录的封存编号与摘要"
                                        "前16位，请与本单一同存档：日后可用它核对系统中的审计记录是否被改动。",
                                        1, 8.5, SOFT, false, true},
                     1, 0, false, false);
  gk_print__flow_space(flow, 8 * MM);
  gk_print__flow_draw(flow, 14 * MM, false, draw_signatures, (void *)labels);
  return gk_print__flow_end(flow);
}

/* ---- receipt --------------------------------------------------------------------------------------------- */

static const char *const digit_zh[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

/* Four digits: "壹仟零伍". */
static const char *group(int value, apr_pool_t *pool)
{
  static const char *const place[] = {"仟", "佰", "拾", ""};
  const char *out = "";
  bool gap = false;
  for (int i = 0, unit = 1000; i < 4; i++, unit /= 10) {
    int digit = value / unit % 10;
    if (digit == 0) {
      gap = out[0] != '\0';
      continue;
    }
    out = apr_pstrcat(pool, out, gap ? "零" : "", digit_zh[digit], place[i], NULL);
    gap = false;
  }
  return out;
}

const char *gk_print_amount(apr_int64_t fen, apr_pool_t *pool)
{
  static const char *const big[] = {"", "万", "亿"};
  apr_int64_t yuan = fen / 100;
  int jiao = (int)(fen / 10 % 10), cent = (int)(fen % 10);
  const char *out = "";
  for (int i = 2, unit = 100000000; i >= 0; i--, unit /= 10000) {
    int part = (int)(yuan / unit % 10000);
    if (part == 0)
      continue;
    out = apr_pstrcat(pool, out, out[0] != '\0' && part < 1000 ? "零" : "", group(part, pool), big[i], NULL);
  }
  out = out[0] != '\0' ? apr_pstrcat(pool, out, "元", NULL) : jiao == 0 && cent == 0 ? "零元" : "";
  if (jiao == 0 && cent == 0)
    return apr_pstrcat(pool, out, "整", NULL);
  if (jiao != 0)
    out = apr_pstrcat(pool, out, digit_zh[jiao], "角", NULL);
  else if (out[0] != '\0')
    out = apr_pstrcat(pool, out, "零", NULL);
  return cent != 0 ? apr_pstrcat(pool, out, digit_zh[cent], "分", NULL) : apr_pstrcat(pool, out, "整", NULL);
}

static void receipt_line(gk_print_t *print, double x, double y, double width, const char *label, const char *text, int flags)
{
  gk_print__line(print, x, y, 26 * MM, 10, SOFT, label);
  gk_print__line(print, x + 28 * MM, y, width - 28 * MM, 11.5, flags, text);
  gk_print__rule(print, x + 27 * MM, y + 1.8 * MM, x + width, y + 1.8 * MM, 0.4, 0.5);
}

static void receipt_half(gk_print_t *print, const gk_print_receipt_t *r, double y, const char *copy)
{
  double x = MARGIN + 6 * MM, width = PAPER_WIDTH - 2 * MARGIN - 12 * MM, half = width / 2 - 4 * MM, right = x + width / 2 + 4 * MM;
  apr_pool_t *pool = print->pool;
  gk_print__frame(print, MARGIN, y, PAPER_WIDTH - 2 * MARGIN, 104 * MM, 0.8, 0);
  gk_print__line(print, x, y + 12 * MM, width, 16, BOLD | CENTRE, "报名考试费收据");
  gk_print__line(print, x, y + 12 * MM, width, 9, RIGHT | SOFT, copy);
  gk_print__line(print, x, y + 19 * MM, width, 9.5, CENTRE | SOFT, r->season);
  receipt_line(print, x, y + 32 * MM, half, "收据号", r->receipt, BOLD);
  receipt_line(print, right, y + 32 * MM, half, "收费时间", gk_print__moment(r->paid, pool), 0);
  receipt_line(print, x, y + 43 * MM, half, "报名顺序号", gk_print__in_fours(r->number, pool), BOLD | MONO);
  receipt_line(print, right, y + 43 * MM, half, "科类", r->subject, 0);
  receipt_line(print, x, y + 54 * MM, width, "姓名", r->name, BOLD);
  receipt_line(print, x, y + 65 * MM, width, "金额（大写）",
               apr_psprintf(pool, "人民币%s　¥%" APR_INT64_T_FMT ".%02d", gk_print_amount(r->fen, pool), r->fen / 100,
                            (int)(r->fen % 100)),
               BOLD);
  receipt_line(print, x, y + 76 * MM, width, "收费单位", r->point, 0);
  receipt_line(print, x, y + 92 * MM, half, "收款人", r->cashier, 0);
  gk_print__line(print, right, y + 92 * MM, half, 10, SOFT, "（收费单位盖章）");
}

gk_error_t *gk_print_receipt(gk_print_t *print, const gk_print_receipt_t *receipt)
{
  double y = 14 * MM, gap = print->wish.letter ? 8 * MM : 14 * MM;
  if (!gk_print__page(print, "报名考试费收据", 1, 1))
    return NULL;
  receipt_half(print, receipt, y, "存根联");
  gk_print__dashes(print, 0, y + 104 * MM + gap / 2, PAPER_WIDTH, y + 104 * MM + gap / 2);
  receipt_half(print, receipt, y + 104 * MM + gap, "考生联");
  return gk_print__done(print, 1);
}
