/* print/papers.c: see papers.h. */
#include "print/papers.h"

#include <string.h>
#include <apr_strings.h>

#include "base/time.h"
#include "domain/org.h"
#include "domain/pack.h"
#include "domain/ports_candidate.h"
#include "domain/progress.h"
#include "domain/watch.h"

#define FIRST_BYTES (256 * 1024)

/* ---- bytes in memory ------------------------------------------------------------------------------------- */

typedef struct memory_t {
  char *bytes;
  apr_size_t length, room;
  apr_pool_t *pool;
} memory_t;

static gk_error_t *keep(void *baton, const void *bytes, apr_size_t length)
{
  memory_t *m = baton;
  if (m->length + length > m->room) {
    apr_size_t room = (m->room + length) * 2;
    char *more = apr_palloc(m->pool, room);
    memcpy(more, m->bytes, m->length);
    m->bytes = more;
    m->room = room;
  }
  memcpy(m->bytes + m->length, bytes, length);
  m->length += length;
  return NULL;
}

/* Everything is loaded by now: the printer is held for drawing only. */
typedef gk_error_t *(*draw_fn)(gk_print_t *print, void *baton);

static gk_error_t *draw_whole(gk_pdf_t *out, gk_act_t *act, const char *title, const char *name, const gk_paper_how_t *how,
                              draw_fn draw, void *baton)
{
  memory_t memory = {apr_palloc(act->pool, FIRST_BYTES), 0, FIRST_BYTES, act->pool};
  gk_print_wish_t wish;
  gk_print_t *print;
  GK_TRY(gk_paper_wish(&wish, act, title, how->letter));
  wish.write = keep;
  wish.baton = &memory;
  GK_TRY(gk_print_start(&print, &wish, act->pool));
  GK_TRY(gk_print_end(print, NULL, draw(print, baton)));
  *out = (gk_pdf_t){memory.bytes, memory.length, name};
  return NULL;
}

gk_error_t *gk_paper_wish(gk_print_wish_t *out, gk_act_t *act, const char *title, bool letter)
{
  const gk_config_t *config = gk_core_config(act->core);
  const gk_principal_t *who = act->who;
  const char *name = who->display_name != NULL && who->display_name[0] != '\0'
                         ? apr_pstrcat(act->pool, who->display_name, "（", who->login, "）", NULL)
                         : who->login;
  gk_org_t *org;
  GK_TRY(gk_org_get(&org, act, who->org_id));
  gk_print_fonts_in(apr_pstrcat(act->pool, config->data_dir, "/fonts", NULL));
  *out = (gk_print_wish_t){.title = title, .unit = apr_pstrcat(act->pool, org->code, " ", org->name, NULL), .printed_by = name,
                           .printed = act->now, .site = config->site, .letter = letter};
  return NULL;
}

/* ---- characters ------------------------------------------------------------------------------------------ */

static void add_missing(apr_array_header_t *all, const char *text, apr_pool_t *pool)
{
  apr_array_header_t *found = gk_print_missing(text, pool);
  for (int i = 0; i < found->nelts; i++) {
    bool known = false;
    for (int n = 0; n < all->nelts && !known; n++)
      known = strcmp(APR_ARRAY_IDX(all, n, const char *), APR_ARRAY_IDX(found, i, const char *)) == 0;
    if (!known)
      APR_ARRAY_PUSH(all, const char *) = APR_ARRAY_IDX(found, i, const char *);
  }
}

static gk_error_t *judge_missing(const apr_array_header_t *all, const char *number, apr_pool_t *pool)
{
  const char *list = "";
  if (all->nelts == 0)
    return NULL;
  for (int i = 0; i < all->nelts; i++)
    list = apr_pstrcat(pool, list, i > 0 ? ", " : "", APR_ARRAY_IDX(all, i, const char *), NULL);
  return gk_error(pool, GK_E_GLYPH_MISSING,
                  "考生 %s 的报名信息中有打印不出的字（%s）：请管理员安装生僻字字体，或选择“印成方框”后手写",
                  "The record of candidate %s has characters that can't be printed (%s): have fonts for rare characters "
                  "installed, or print a box there and write by hand",
                  number, list);
}

gk_error_t *gk_paper_check_card(const gk_print_card_t *card, apr_pool_t *pool)
{
  apr_array_header_t *all = apr_array_make(pool, 0, sizeof(const char *));
  const char *const texts[] = {card->name, card->id_number, card->class_name, card->point};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    if (texts[i] != NULL)
      add_missing(all, texts[i], pool);
  return judge_missing(all, card->number, pool);
}

static void walk(apr_array_header_t *all, const gk_json_t *value, apr_pool_t *pool)
{
  if (gk_json_is_string(value))
    add_missing(all, gk_json_str_value(value), pool);
  for (apr_size_t i = 0; gk_json_is_array(value) && i < gk_json_size(value); i++)
    walk(all, gk_json_at(value, i), pool);
  if (gk_json_is_object(value))
    for (gk_json_iter_t it = gk_json_first((gk_json_t *)value); it.key != NULL; gk_json_next(&it))
      walk(all, it.value, pool);
}

gk_error_t *gk_paper_check_document(const char *number, const gk_json_t *fields, apr_pool_t *pool)
{
  apr_array_header_t *all = apr_array_make(pool, 0, sizeof(const char *));
  walk(all, fields, pool);
  return judge_missing(all, number, pool);
}

/* ---- login card ------------------------------------------------------------------------------------------ */

static const char *subject_name(const gk_act_t *act, const char *code)
{
  const gk_subject_t *subject = code != NULL ? gk_pack_subject(act->season->pack, code) : NULL;
  return subject != NULL ? subject->name.zh : code;
}

gk_error_t *gk_paper_card(gk_print_card_t *out, gk_act_t *act, const gk_login_card_t *card)
{
  gk_candidate_t *c = card->candidate;
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  *out = (gk_print_card_t){.number = c->number, .name = c->name, .id_number = gk_document_get(document, "id_number"),
                           .subject = subject_name(act, c->subject), .class_name = c->class_name, .point = c->org_name,
                           .password = card->password};
  if (out->id_number == NULL)
    out->id_number = "";
  return NULL;
}

typedef struct card_t {
  apr_array_header_t *cards;
  const char *window;
} card_t;

static gk_error_t *draw_card(gk_print_t *print, void *baton)
{
  const card_t *c = baton;
  return gk_print_cards(print, c->cards, c->window);
}

static gk_json_t *told(gk_act_t *act, const char *paper, apr_int64_t version)
{
  gk_json_t *json = gk_json_object(act->pool);
  gk_json_set_str(json, "paper", paper);
  if (version != 0)
    gk_json_set_int(json, "version", version);
  return json;
}

static gk_error_t *record_read(gk_act_t *act, const gk_candidate_t *c, gk_json_t *what)
{
  GK_TRY(gk_watch_read(act, c->id));
  return gk_audit(act, "candidate.paper.read", "candidate", c->id, c->version, c->org_path, NULL, what);
}

gk_error_t *gk_paper_card_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, const gk_paper_how_t *how)
{
  gk_login_card_t login;
  bool found;
  card_t c = {apr_array_make(act->pool, 1, sizeof(gk_print_card_t)), NULL};
  GK_TRY(gk_card_again(&login, &found, act, candidate_id));
  if (!found)
    return gk_error_plain(act->pool, GK_E_NOT_FOUND);
  GK_TRY(gk_access_state(GK_ACTION_paper_card, login.candidate->state, act->pool));
  GK_TRY(gk_paper_card(apr_array_push(c.cards), act, &login));
  const gk_print_card_t *card = &APR_ARRAY_IDX(c.cards, 0, gk_print_card_t);
  if (!how->boxes)
    GK_TRY(gk_paper_check_card(card, act->pool));
  GK_TRY(gk_paper_fill_times(&c.window, act, login.candidate->org_path));
  GK_TRY(record_read(act, login.candidate, told(act, "card", login.generation)));
  return draw_whole(out, act, "网报登录卡", apr_pstrcat(act->pool, "card-", card->number, ".pdf", NULL), how, draw_card, &c);
}

/* ---- proof and form -------------------------------------------------------------------------------------- */

/* Whoever registers with another paper than the resident's card may read English better. */
static bool reads_english(const gk_json_t *proof)
{
  const gk_json_t *sections = gk_json_get(gk_json_get(proof, "document"), "sections");
  for (apr_size_t i = 0; i < gk_json_size(sections); i++) {
    const gk_json_t *fields = gk_json_get(gk_json_at(sections, i), "fields");
    for (apr_size_t n = 0; n < gk_json_size(fields); n++) {
      const gk_json_t *field = gk_json_at(fields, n);
      const char *id = gk_json_str(field, "id"), *value = gk_json_str(field, "value");
      if (strcmp(id, "id_type") == 0)
        return value != NULL && strcmp(value, "1") != 0;
    }
  }
  return false;
}

gk_error_t *gk_paper_draw(gk_print_t *print, gk_act_t *act, const gk_paper_sheet_t *sheet, bool form)
{
  gk_print_sheet_t drawn = {.proof = sheet->json, .season = act->season->pack->title.zh, .changed = sheet->changed,
                            .before = sheet->before, .before_printed = sheet->before_printed,
                            .pledged = sheet->candidate->pledged, .english = reads_english(sheet->json)};
  if (sheet->has_photo) {
    drawn.jpeg = sheet->photo.jpeg;
    drawn.jpeg_length = (apr_size_t)sheet->photo.bytes;
    drawn.jpeg_width = sheet->photo.width_px;
    drawn.jpeg_height = sheet->photo.height_px;
  }
  return form ? gk_print_form(print, &drawn) : gk_print_proof(print, &drawn);
}

typedef struct sheet_t {
  gk_act_t *act;
  gk_paper_sheet_t sheet;
  bool form;
} sheet_t;

static gk_error_t *draw_sheet(gk_print_t *print, void *baton)
{
  const sheet_t *s = baton;
  return gk_paper_draw(print, s->act, &s->sheet, s->form);
}

gk_error_t *gk_paper_proof_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version, bool form,
                               const gk_paper_how_t *how)
{
  gk_candidate_t *candidate;
  sheet_t s = {.act = act, .form = form};
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_get(&candidate, act, candidate_id));
  GK_TRY(gk_paper_sheet(&s.sheet, act, candidate, version));
  if (!how->boxes)
    GK_TRY(gk_paper_check_document(candidate->number, gk_json_get(s.sheet.json, "document"), act->pool));
  version = gk_json_int(s.sheet.json, "version");
  GK_TRY(record_read(act, candidate, told(act, form ? "form" : "proof", version)));
  return draw_whole(out, act, form ? "报名登记表" : "校对表",
                    apr_psprintf(act->pool, "%s-%s-%" APR_INT64_T_FMT ".pdf", form ? "form" : "proof", candidate->number, version),
                    how, draw_sheet, &s);
}

/* ---- receipt --------------------------------------------------------------------------------------------- */

static gk_error_t *draw_receipt(gk_print_t *print, void *baton) { return gk_print_receipt(print, baton); }

gk_error_t *gk_paper_receipt_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t candidate_id, const gk_paper_how_t *how)
{
  gk_candidate_t *c;
  gk_fee_t fee;
  bool found;
  gk_print_receipt_t receipt;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_get(&c, act, candidate_id));
  GK_TRY(gk_store_fee_open(&found, &fee, act, candidate_id));
  if (!found)
    return gk_error(act->pool, GK_E_WRONG_STATE, "该考生还没有缴费，没有收据可打印",
                    "This candidate has not paid: there is no receipt to print");
  receipt = (gk_print_receipt_t){.season = act->season->pack->title.zh, .number = c->number, .name = c->name,
                                 .subject = subject_name(act, c->subject), .receipt = fee.receipt, .fen = fee.fen,
                                 .paid = fee.paid};
  receipt.point = apr_pstrcat(act->pool, c->org_code, "　", c->org_name, NULL);
  GK_TRY(gk_paper_who(&receipt.cashier, act, fee.paid_by));
  if (!how->boxes)
    GK_TRY(gk_paper_check_card(&(gk_print_card_t){.number = c->number, .name = c->name, .class_name = fee.receipt}, act->pool));
  GK_TRY(record_read(act, c, told(act, "receipt", 0)));
  return draw_whole(out, act, "报名考试费收据", apr_pstrcat(act->pool, "receipt-", c->number, ".pdf", NULL), how, draw_receipt,
                    &receipt);
}

/* ---- submission ------------------------------------------------------------------------------------------ */

typedef struct handed_t {
  gk_submission_t submission;
  const char *season, *by;
  apr_array_header_t *subjects;
} handed_t;

static gk_error_t *draw_submission(gk_print_t *print, void *baton)
{
  const handed_t *s = baton;
  return gk_print_submission(print, &s->submission, s->season, s->by, s->subjects);
}

gk_error_t *gk_paper_submission_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t id, const gk_paper_how_t *how)
{
  handed_t s = {.subjects = apr_array_make(act->pool, 8, sizeof(const char *const *))};
  gk_json_t *counts;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_submission_get(&s.submission, act, id));
  GK_TRY(gk_json_parse(&counts, s.submission.counts, strlen(s.submission.counts), act->pool));
  for (gk_json_iter_t it = gk_json_first(counts); it.key != NULL; gk_json_next(&it)) {
    const char **row = apr_palloc(act->pool, 2 * sizeof(*row));
    row[0] = apr_pstrcat(act->pool, it.key, " ", subject_name(act, it.key), NULL);
    row[1] = apr_psprintf(act->pool, "%" APR_INT64_T_FMT, gk_json_int_value(it.value));
    APR_ARRAY_PUSH(s.subjects, const char *const *) = row;
  }
  s.season = act->season->pack->title.zh;
  GK_TRY(gk_paper_who(&s.by, act, s.submission.submitted_by));
  return draw_whole(out, act, "上报单", apr_psprintf(act->pool, "submission-%" APR_INT64_T_FMT ".pdf", id), how, draw_submission, &s);
}

/* ---- counts ---------------------------------------------------------------------------------------------- */

static const char *const states[] = {"waiting",   "allocated", "identified", "card_printed", "reviewed", "filling",
                                     "proofed",   "confirmed", "submitted",  "accepted"};
#define STATES ((int)(sizeof(states) / sizeof(states[0])))
#define TABLES_MAX 3

typedef struct counts_t {
  gk_print_table_t tables[TABLES_MAX];
  int count;
} counts_t;

static gk_error_t *draw_counts(gk_print_t *print, void *baton)
{
  const counts_t *c = baton;
  for (int i = 0; i < c->count; i++)
    GK_TRY(gk_print_table(print, &c->tables[i]));
  return NULL;
}

static const char *number(apr_int64_t n, apr_pool_t *pool) { return n == 0 ? "" : apr_psprintf(pool, "%" APR_INT64_T_FMT, n); }

/* name, [second,] total, one column a state */
static const char *const *state_row(const char *name, const char *second, apr_int64_t total, const gk_json_t *by_state,
                                    apr_pool_t *pool)
{
  const char **row = apr_pcalloc(pool, sizeof(*row) * (STATES + 3));
  int at = 0;
  row[at++] = name;
  if (second != NULL)
    row[at++] = second;
  row[at++] = apr_psprintf(pool, "%" APR_INT64_T_FMT, total);
  for (int i = 0; i < STATES; i++)
    row[at++] = number(gk_json_int(by_state, states[i]), pool);
  return row;
}

static gk_print_table_t state_table(const char *title, const char *subtitle, const char *name, const char *second,
                                    apr_array_header_t *rows, bool totals, apr_pool_t *pool)
{
  gk_print_column_t *columns = apr_palloc(pool, sizeof(*columns) * (STATES + 3));
  int at = 0;
  columns[at++] = (gk_print_column_t){name, second != NULL ? 24 : 30, 'l'};
  if (second != NULL)
    columns[at++] = (gk_print_column_t){second, 14, 'l'};
  columns[at++] = (gk_print_column_t){"合计", 9, 'r'};
  for (int i = 0; i < STATES; i++)
    columns[at++] = (gk_print_column_t){gk_state_zh(states[i]), 8.5, 'r'};
  return (gk_print_table_t){.title = title, .subtitle = subtitle, .columns = columns, .column_count = at, .rows = rows,
                            .bold_rows = totals ? 1 : 0};
}

static apr_int64_t sum(const gk_json_t *by_state)
{
  apr_int64_t n = 0;
  for (int i = 0; i < STATES; i++)
    n += gk_json_int(by_state, states[i]);
  return n;
}

static gk_error_t *class_rows(apr_array_header_t *rows, gk_act_t *act, apr_int64_t org_id)
{
  const char *after = NULL;
  do {
    gk_json_t *items;
    GK_TRY(gk_progress_classes(&items, &after, act, org_id, after, 200));
    for (apr_size_t i = 0; i < gk_json_size(items); i++) {
      const gk_json_t *one = gk_json_at(items, i);
      const char *school = gk_json_str(one, "school"), *name = gk_json_str(one, "class");
      APR_ARRAY_PUSH(rows, const char *const *) =
          state_row(school != NULL ? school : "", name != NULL ? name : "", gk_json_int(one, "total"), gk_json_get(one, "states"),
                    act->pool);
    }
  } while (after != NULL);
  return NULL;
}

gk_error_t *gk_paper_counts_pdf(gk_pdf_t *out, gk_act_t *act, apr_int64_t org_id, const gk_paper_how_t *how)
{
  apr_pool_t *pool = act->pool;
  gk_json_t *progress;
  counts_t c = {.count = 0};
  apr_array_header_t *subjects = apr_array_make(pool, 8, sizeof(const char *const *));
  apr_array_header_t *units = apr_array_make(pool, 64, sizeof(const char *const *));
  apr_array_header_t *classes = apr_array_make(pool, 64, sizeof(const char *const *));
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_progress(&progress, act, org_id, NULL));
  const gk_json_t *org = gk_json_get(progress, "org"), *total = gk_json_get(progress, "total");
  const gk_json_t *items = gk_json_get(progress, "items"), *fees = gk_json_get(total, "fees");
  gk_json_t *by_subject = gk_json_get(total, "by_subject");
  const char *unit = apr_pstrcat(pool, gk_json_str(org, "code"), " ", gk_json_str(org, "name"), NULL);
  for (gk_json_iter_t it = gk_json_first(by_subject); it.key != NULL; gk_json_next(&it))
    APR_ARRAY_PUSH(subjects, const char *const *) =
        state_row(subject_name(act, it.key), NULL, sum(it.value), it.value, pool);
  const char *const *all = state_row("合计", NULL, gk_json_int(total, "total"), gk_json_get(total, "states"), pool);
  APR_ARRAY_PUSH(subjects, const char *const *) = all;
  const char *subtitle = apr_psprintf(pool, "%s　截至 %s", unit, gk_time_zh(pool, act->now));
  c.tables[c.count] = state_table("报名进度统计表（按科类）", subtitle, "科类", NULL, subjects, true, pool);
  c.tables[c.count++].note = apr_psprintf(pool, "已缴费 %" APR_INT64_T_FMT " 人，实收 %" APR_INT64_T_FMT ".%02d 元。空格为零。",
                                          gk_json_int(fees, "count"), gk_json_int(fees, "fen") / 100,
                                          (int)(gk_json_int(fees, "fen") % 100));
  for (apr_size_t i = 0; i < gk_json_size(items); i++) {
    const gk_json_t *one = gk_json_at(items, i);
    APR_ARRAY_PUSH(units, const char *const *) =
        state_row(gk_json_str(gk_json_get(one, "org"), "name"), NULL, gk_json_int(one, "total"), gk_json_get(one, "states"), pool);
  }
  if (units->nelts > 0) {
    APR_ARRAY_PUSH(units, const char *const *) = all;
    c.tables[c.count++] = state_table("报名进度统计表（按单位）", subtitle, "单位", NULL, units, true, pool);
  }
  if (strcmp(gk_json_str(org, "level"), "point") == 0) {
    GK_TRY(class_rows(classes, act, org_id));
    if (classes->nelts > 0)
      c.tables[c.count++] = state_table("报名进度统计表（按学校、班级）", subtitle, "学校", "班级", classes, false, pool);
  }
  return draw_whole(out, act, "报名进度统计表", apr_pstrcat(pool, "counts-", gk_json_str(org, "code"), ".pdf", NULL), how,
                    draw_counts, &c);
}
