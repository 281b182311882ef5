/* print/cards.c: what is cut apart and handed out: login cards, account slips; and the login sheet. */
#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>

#include "print/print_internal.h"

#define CARD_WIDTH (90 * MM)
#define CARD_HEIGHT (54 * MM)
#define PAD (4.6 * MM)
#define COLUMNS 2

static bool same(const char *a, const char *b) { return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0; }

/* ---- the sheet of cards ---------------------------------------------------------------------------------- */

/* Thin dashes between the cards and strokes in the margin, where the knife is laid on. */
static void marks(gk_print_t *print, double x, double y, int rows)
{
  double width = COLUMNS * CARD_WIDTH, height = rows * CARD_HEIGHT;
  for (int i = 0; i <= COLUMNS; i++) {
    double at = x + i * CARD_WIDTH;
    gk_print__dashes(print, at, y, at, y + height);
    gk_print__rule(print, at, y - 4 * MM, at, y - 1.2 * MM, 0.5, 0);
    gk_print__rule(print, at, y + height + 1.2 * MM, at, y + height + 4 * MM, 0.5, 0);
  }
  for (int i = 0; i <= rows; i++) {
    double at = y + i * CARD_HEIGHT;
    gk_print__dashes(print, x, at, x + width, at);
    gk_print__rule(print, x - 4 * MM, at, x - 1.2 * MM, at, 0.5, 0);
    gk_print__rule(print, x + width + 1.2 * MM, at, x + width + 4 * MM, at, 0.5, 0);
  }
}

typedef gk_error_t *(*card_fn)(gk_print_t *print, const void *card, double x, double y, const char *extra);

/* How many of `count` cards from `from` on share a pile, `same_pile` says. */
typedef bool (*pile_fn)(const void *a, const void *b);

/* Cards of one pile after the other, each pile on pages of its own. */
static gk_error_t *draw_cards(gk_print_t *print, const char *what, const char *cards, int size, int count, card_fn draw,
                              pile_fn pile, const char *extra)
{
  int rows = print->wish.letter ? 4 : 5, on_page = COLUMNS * rows, of = 0, page = 0;
  double x = (PAPER_WIDTH - COLUMNS * CARD_WIDTH) / 2, y = (print->height - rows * CARD_HEIGHT) / 2 - 2.5 * MM;
  for (int from = 0, to; from < count; from = to) {
    for (to = from + 1; to < count && to - from < on_page && pile(cards + from * size, cards + to * size);)
      to++;
    of++;
  }
  for (int from = 0, to; from < count; from = to) {
    for (to = from + 1; to < count && to - from < on_page && pile(cards + from * size, cards + to * size);)
      to++;
    if (gk_print__page(print, what, ++page, of)) {
      marks(print, x, y, rows);
      for (int i = from; i < to; i++) {
        int place = i - from;
        GK_TRY(draw(print, cards + i * size, x + place % COLUMNS * CARD_WIDTH, y + place / COLUMNS * CARD_HEIGHT, extra));
      }
    }
    GK_TRY(gk_print__done(print, to));
  }
  return NULL;
}

static void head(gk_print_t *print, double x, double y, const char *title, const char *right)
{
  double width = CARD_WIDTH - 2 * PAD;
  double taken = gk_print__line(print, x + PAD, y + 8.2 * MM, 0, 10, BOLD, title);
  gk_print__line(print, x + PAD + taken + 3 * MM, y + 8.2 * MM, width - taken - 3 * MM, 8, RIGHT | SOFT, right);
  gk_print__rule(print, x + PAD, y + 10 * MM, x + CARD_WIDTH - PAD, y + 10 * MM, 0.6, 0);
}

/* "k7wm-4hpt-x9": typed with or without the dashes. */
static const char *in_groups(const char *password, apr_pool_t *pool)
{
  return strlen(password) == 10 ? apr_psprintf(pool, "%.4s-%.4s-%s", password, password + 4, password + 8) : password;
}

static const char *subject_class(const char *subject, const char *class_name, apr_pool_t *pool)
{
  return apr_pstrcat(pool, subject != NULL ? subject : "", subject != NULL && class_name != NULL && class_name[0] ? " · " : "",
                     class_name != NULL ? class_name : "", NULL);
}

/* The password stands behind '#': browsers never send it to a server, so no log and no proxy sees it. */
static const char *address(const gk_print_t *print, const char *edition, const char *login, const char *password)
{
  return apr_pstrcat(print->pool, print->wish.site, edition, "#n=", apr_pescape_urlencoded(print->pool, login),
                     password != NULL ? "&p=" : "", password != NULL ? password : "", NULL);
}

#define QR_SIDE (25 * MM)

static gk_error_t *card(gk_print_t *print, const void *one, double x, double y, const char *window)
{
  const gk_print_card_t *c = one;
  double left = x + PAD, width = CARD_WIDTH - 2 * PAD - QR_SIDE - 3.5 * MM, qr = x + CARD_WIDTH - PAD - QR_SIDE;
  head(print, x, y, "网报登录卡 Login card", subject_class(c->subject, c->class_name, print->pool));
  gk_print__box(print, left, y + 11.2 * MM, width, 9.3 * MM, 16, BOLD, c->name);
  gk_print__line(print, left, y + 24 * MM, width, 7.5, SOFT, "报名顺序号 Registration number");
  gk_print__line(print, left, y + 29.6 * MM, width, 15, BOLD | MONO, gk_print__in_fours(c->number, print->pool));
  gk_print__line(print, left, y + 33.8 * MM, width, 7.5, SOFT, "初始密码 Initial password");
  if (c->password != NULL)
    gk_print__line(print, left, y + 39.4 * MM, width, 15, BOLD | MONO, in_groups(c->password, print->pool));
  else
    gk_print__box(print, left, y + 34.6 * MM, width, 6.5 * MM, 9, 0, "已设置自己的密码，本卡不再印密码\nOwn password set, none is printed");
  double label = gk_print__line(print, left, y + 43.8 * MM, 0, 7.5, SOFT, "证件号码 ID");
  gk_print__line(print, left + label + 1.5 * MM, y + 43.8 * MM, width - label - 1.5 * MM, 8.5, MONO, c->id_number);
  GK_TRY(gk_print__qr(print, qr, y + 12.4 * MM, QR_SIDE, address(print, "/ks/", c->number, c->password)));
  gk_print__line(print, qr, y + 40.9 * MM, QR_SIDE, 7.2, CENTRE | SOFT,
                 c->password != NULL ? "扫码登录，首次须改密码" : "扫码打开登录页");
  gk_print__line(print, qr, y + 43.8 * MM, QR_SIDE, 6.4, CENTRE | SOFT,
                 c->password != NULL ? "Scan, then set your own" : "Scan to sign in");
  gk_print__rule(print, left, y + 45.6 * MM, x + CARD_WIDTH - PAD, y + 45.6 * MM, 0.35, 0.6);
  double site = gk_print__line(print, left, y + 48.8 * MM, 0, 7.5, SOFT, "网址");
  gk_print__line(print, left + site + 1.5 * MM, y + 48.8 * MM, CARD_WIDTH - 2 * PAD - site - 1.5 * MM, 8, BOLD,
                 apr_pstrcat(print->pool, print->wish.site, "/ks/", NULL));
  gk_print__line(print, left, y + 51.9 * MM, CARD_WIDTH - 2 * PAD, 7, SOFT,
                 apr_pstrcat(print->pool, window != NULL ? window : "", window != NULL ? " 可填报、修改　" : "",
                             "密码勿告他人，遗失到报名点补打", NULL));
  return NULL;
}

static bool one_class(const void *a, const void *b)
{
  const gk_print_card_t *left = a, *right = b;
  return same(left->class_name, right->class_name) && same(left->point, right->point);
}

gk_error_t *gk_print_cards(gk_print_t *print, const apr_array_header_t *cards, const char *window)
{
  return draw_cards(print, "网报登录卡　沿虚线裁开", cards->elts, sizeof(gk_print_card_t), cards->nelts, card, one_class, window);
}

/* ---- account slips --------------------------------------------------------------------------------------- */

static const char *role_zh(gk_role_t role)
{
  switch (role) {
  case GK_ROLE_PROVINCE: return "省级管理员";
  case GK_ROLE_CITY: return "市州管理员";
  case GK_ROLE_COUNTY: return "县市区管理员";
  case GK_ROLE_POINT: return "报名点操作员";
  case GK_ROLE_REVIEWER: return "资格审查员";
  case GK_ROLE_AUDITOR: return "审计员";
  case GK_ROLE_EXPORT: return "数据导出";
  default: return "";
  }
}

static gk_error_t *slip(gk_print_t *print, const void *one, double x, double y, const char *extra)
{
  const gk_slip_t *s = one;
  double left = x + PAD, width = CARD_WIDTH - 2 * PAD - QR_SIDE - 3.5 * MM, qr = x + CARD_WIDTH - PAD - QR_SIDE;
  head(print, x, y, "用户密码条 Account", role_zh(s->role));
  gk_print__box(print, left, y + 11.2 * MM, width, 9.3 * MM, 11.5, BOLD, s->org_name);
  gk_print__line(print, left, y + 24 * MM, width, 7.5, SOFT, "用户名 User name");
  gk_print__line(print, left, y + 29.6 * MM, width, 14, BOLD | MONO, s->login);
  gk_print__line(print, left, y + 33.8 * MM, width, 7.5, SOFT, "初始密码 Initial password");
  if (s->password != NULL)
    gk_print__line(print, left, y + 39.4 * MM, width, 15, BOLD | MONO, in_groups(s->password, print->pool));
  else
    gk_print__box(print, left, y + 34.6 * MM, width, 6.5 * MM, 9, 0, "已设置自己的密码");
  gk_print__line(print, left, y + 43.8 * MM, width, 8.5, 0,
                 apr_pstrcat(print->pool, s->org_code, "　", s->display_name != NULL ? s->display_name : "", NULL));
  GK_TRY(gk_print__qr(print, qr, y + 12.4 * MM, QR_SIDE, address(print, "/hngz/", s->login, s->password)));
  gk_print__line(print, qr, y + 40.9 * MM, QR_SIDE, 7.2, CENTRE | SOFT, "扫码登录，首次须改密码");
  gk_print__line(print, qr, y + 43.8 * MM, QR_SIDE, 6.4, CENTRE | SOFT, "Scan, then set your own");
  gk_print__rule(print, left, y + 45.6 * MM, x + CARD_WIDTH - PAD, y + 45.6 * MM, 0.35, 0.6);
  double site = gk_print__line(print, left, y + 48.8 * MM, 0, 7.5, SOFT, "网址");
  gk_print__line(print, left + site + 1.5 * MM, y + 48.8 * MM, CARD_WIDTH - 2 * PAD - site - 1.5 * MM, 8, BOLD,
                 apr_pstrcat(print->pool, print->wish.site, "/hngz/", NULL));
  gk_print__line(print, left, y + 51.9 * MM, CARD_WIDTH - 2 * PAD, 7, SOFT, "当面交给本人；首次登录后本条作废，遗失请上级重发");
  return NULL;
}

static bool any_pile(const void *a, const void *b) { return true; }

gk_error_t *gk_print_slips(gk_print_t *print, const apr_array_header_t *slips)
{
  return draw_cards(print, "用户密码条　沿虚线裁开", slips->elts, sizeof(gk_slip_t), slips->nelts, slip, any_pile, NULL);
}

/* ---- the login sheet ------------------------------------------------------------------------------------- */

static const gk_print_column_t sheet_columns[] = {{"序号", 5, 'c'},     {"报名顺序号", 12, 'l'}, {"姓名", 17, 'l'},   {"证件号码", 20, 'l'},
                                                  {"科类", 12, 'l'},    {"初始密码", 15, 'm'},   {"本人签收", 15, 'l'}};
#define SHEET_COLUMNS ((int)(sizeof(sheet_columns) / sizeof(sheet_columns[0])))

gk_error_t *gk_print_login_sheet(gk_print_t *print, const apr_array_header_t *cards)
{
  const gk_print_card_t *all = (const gk_print_card_t *)(const void *)cards->elts;
  for (int from = 0, to; from < cards->nelts; from = to) {
    apr_array_header_t *rows = apr_array_make(print->pool, 60, sizeof(const char *const *));
    for (to = from; to < cards->nelts && one_class(&all[from], &all[to]); to++) {
      const char **row = apr_palloc(print->pool, sizeof(*row) * SHEET_COLUMNS);
      row[0] = apr_itoa(print->pool, to - from + 1);
      row[1] = gk_print__in_fours(all[to].number, print->pool);
      row[2] = all[to].name;
      row[3] = all[to].id_number;
      row[4] = all[to].subject;
      row[5] = all[to].password != NULL ? in_groups(all[to].password, print->pool) : "已自设密码";
      row[6] = "";
      APR_ARRAY_PUSH(rows, const char *const *) = row;
    }
    const char *class_name = all[from].class_name;
    gk_print_table_t table = {
        .title = "网报登录表",
        .subtitle = apr_psprintf(print->pool, "%s　%s　%d 人", all[from].point != NULL ? all[from].point : "",
                                 class_name != NULL && class_name[0] ? class_name : "未填班级", to - from),
        .columns = sheet_columns,
        .column_count = SHEET_COLUMNS,
        .rows = rows,
        .row_mm = 8.5,
        .note = apr_pstrcat(print->pool, "网址 ", print->wish.site,
                            "/ks/　首次登录须设置自己的密码。本表含密码，发完后交回保管，不得张贴。", NULL)};
    GK_TRY(gk_print_table(print, &table));
    GK_TRY(gk_print__done(print, to));
  }
  return NULL;
}
