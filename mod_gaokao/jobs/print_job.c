/* jobs/print_job.c: papers for many at once: login cards and sheets, proof sheets, forms, slips, rosters (W2, W4, W7).
 *
 * Passwords on cards and slips are derived, so pages m to n of a job can be printed again whenever they are needed: with the
 * same passwords as long as nobody got a new one (PE-6). A result keeps whom it was for, in order, not what it said; the file
 * is sealed and gone after a day.
 *
 * Whoever can't be printed (a rule, a missing part, a character that no font has) is left out and listed with the reason; the
 * others are printed.
 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/org.h"
#include "domain/pack.h"
#include "domain/ports_candidate.h"
#include "jobs/kinds.h"
#include "jobs/spool.h"
#include "print/papers.h"

#define TOGETHER 25              /* records in one transaction */
#define SKIPPED_MAX 200          /* listed by name of the reason; the rest is counted */
#define PAGES_MAX 100000

typedef struct batch_t {
  gk_job_run_t *run;
  gk_json_t *args;
  bool letter, boxes;
  int first_page, last_page;
  gk_json_t *again;               /* result of the job whose pages are repeated, or NULL */
  gk_json_t *ids, *skipped;       /* of the result */
  int skipped_count, people;
  void *data;                     /* what load found, for draw */
  gk_spool_t spool;
} batch_t;

/* ---- arguments ------------------------------------------------------------------------------------------- */

static gk_error_t *ids_of(gk_decode_t *d, gk_json_t *kept, int max)
{
  gk_json_t *ids = gk_decode_array(d, "ids", GK_OPTIONAL, (apr_size_t)max);
  for (apr_size_t i = 0; i < gk_json_size(ids); i++)
    if (!gk_json_is_int(gk_json_at(ids, i)))
      gk_decode_fault(d, apr_psprintf(d->pool, "ids/%d", (int)i), "type", "应为编号(整数)", "Must be an id (a whole number)");
  if (gk_json_size(ids) > 0)
    gk_json_set(kept, "ids", ids);
  return NULL;
}

static void keep_str(gk_json_t *kept, const char *key, const char *value)
{
  if (value != NULL)
    gk_json_set_str(kept, key, value);
}

static void keep_int(gk_json_t *kept, const char *key, apr_int64_t value)
{
  if (value != 0)
    gk_json_set_int(kept, key, value);
}

/* What all kinds have: paper, missing; and job with first_page and last_page, which stand for a choice. */
static void common_of(gk_decode_t *d, gk_json_t *kept)
{
  keep_str(kept, "paper", gk_decode_word(d, "paper", GK_OPTIONAL, "a4|letter"));
  keep_str(kept, "missing", gk_decode_word(d, "missing", GK_OPTIONAL, "leave_out|box"));
  keep_int(kept, "job", gk_decode_int(d, "job", GK_OPTIONAL, 1, APR_INT64_MAX, 0));
  keep_int(kept, "first_page", gk_decode_int(d, "first_page", GK_OPTIONAL, 1, PAGES_MAX, 0));
  keep_int(kept, "last_page", gk_decode_int(d, "last_page", GK_OPTIONAL, 1, PAGES_MAX, 0));
  apr_int64_t first = gk_json_int(kept, "first_page"), last = gk_json_int(kept, "last_page");
  if (last != 0 && first > last)
    gk_decode_fault(d, "last_page", "range", "止页不能小于起页", "The last page can't come before the first");
}

/* The job whose pages are wanted again: one's own, of this kind, done. */
static gk_error_t *original(gk_json_t **result, gk_act_t *act, const char *kind, apr_int64_t id)
{
  gk_job_t job;
  gk_error_t *error = gk_job_get(&job, act, id);
  if (error != NULL && error->code != GK_E_NOT_FOUND)
    return error;
  bool fits = error == NULL && strcmp(job.kind, kind) == 0 && strcmp(job.state, "done") == 0;
  error = NULL;
  if (fits)
    GK_TRY(gk_json_parse(result, job.result, strlen(job.result), act->pool));
  if (!fits || gk_json_get(*result, "ids") == NULL)
    gk_violation(&error, act->pool, "/args/job", "no-such-job", "没有这样一个已完成的打印任务",
                 "There is no print job of this kind that is done");
  return error;
}

static gk_error_t *check_again(gk_act_t *act, const char *kind, const gk_json_t *kept)
{
  gk_json_t *result;
  gk_error_t *error = NULL;
  apr_int64_t id = gk_json_int(kept, "job");
  if (gk_json_get(kept, "ids") != NULL || gk_json_get(kept, "from") != NULL || gk_json_get(kept, "to") != NULL ||
      gk_json_get(kept, "class") != NULL || gk_json_get(kept, "org_id") != NULL) {
    gk_violation(&error, act->pool, "/args/job", "twice", "重打某一任务的页时不要再写范围",
                 "Pages of a job are printed again as they were: give no other choice");
    return error;
  }
  return original(&result, act, kind, id);
}

static gk_paper_filter_t filter_of(const gk_json_t *args)
{
  return (gk_paper_filter_t){.ids = gk_json_get(args, "ids"), .from = gk_json_str(args, "from"), .to = gk_json_str(args, "to"),
                             .class_name = gk_json_str(args, "class"), .org_id = gk_json_int(args, "org_id")};
}

static gk_error_t *check_people(gk_json_t **out, gk_act_t *act, gk_json_t *args, const char *kind, bool with_org)
{
  gk_json_t *kept = gk_json_object(act->pool);
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  apr_array_header_t *people;
  gk_error_t *error = NULL;
  d.prefix = "/args";
  GK_TRY(ids_of(&d, kept, GK_PAPERS_MAX));
  keep_str(kept, "from", gk_decode_str(&d, "from", GK_OPTIONAL, 1, 20));
  keep_str(kept, "to", gk_decode_str(&d, "to", GK_OPTIONAL, 1, 20));
  keep_str(kept, "class", gk_decode_str(&d, "class", GK_OPTIONAL, 1, 20));
  if (with_org)
    keep_int(kept, "org_id", gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0));
  common_of(&d, kept);
  GK_TRY(gk_decode_end(&d));
  *out = kept;
  if (gk_json_int(kept, "job") != 0)
    return check_again(act, kind, kept);
  gk_paper_filter_t filter = filter_of(kept);
  if (filter.ids == NULL && filter.from == NULL && filter.to == NULL && filter.class_name == NULL && !with_org) {
    gk_violation(&error, act->pool, "/args", "selection", "请选择考生，或写明报名顺序号的起止或班级",
                 "Choose candidates, or say which numbers or which class");
    return error;
  }
  return gk_paper_people(&people, act, &filter);
}

/* ---- the frame of all of them ---------------------------------------------------------------------------- */

static gk_error_t *write_piece(void *baton, const void *bytes, apr_size_t length)
{
  return gk_spool_write(&((batch_t *)baton)->spool, bytes, length);
}

static gk_error_t *progress(void *baton, int done)
{
  batch_t *b = baton;
  return gk_job_progress(b->run, done, b->people);
}

static void skip(batch_t *b, apr_int64_t id, const char *number, const gk_error_t *error)
{
  b->skipped_count++;
  if (b->skipped_count > SKIPPED_MAX)
    return;
  const gk_error_info_t *info = gk_error_info(error->code);
  gk_json_t *json = gk_json_object(b->run->pool);
  gk_json_set_int(json, "id", id);
  gk_json_set_str(json, "number", number);
  gk_json_set_str(json, "code", info->slug);
  const gk_violation_t *why = error->zh == NULL && error->violations != NULL && error->violations->nelts > 0
                                  ? &APR_ARRAY_IDX(error->violations, 0, gk_violation_t)
                                  : NULL;
  gk_json_set_str(json, "zh", error->zh != NULL ? error->zh : why != NULL ? why->zh : info->zh);
  gk_json_set_str(json, "en", error->en != NULL ? error->en : why != NULL ? why->en : info->en);
  gk_json_add(b->skipped, json);
}

typedef gk_error_t *(*paper_fn)(batch_t *b, gk_print_t *print);

static gk_error_t *audit(batch_t *b, int pages)
{
  gk_job_run_t *run = b->run;
  gk_json_t *after = gk_json_object(run->pool);
  gk_json_set_str(after, "kind", run->job.kind);
  gk_json_set_int(after, "people", b->people);
  gk_json_set_int(after, "pages", pages);
  gk_json_set(after, "args", b->args);
  GK_TRY(gk_act_begin(&run->act));
  GK_TRY(gk_audit(&run->act, "job.print", "job", run->job.id, run->job.version, run->job.org_path, NULL, after));
  return gk_db_commit(run->act.db, run->pool);
}

/* `load`, before the printer is taken: what there is to print, changes of records included. */
static gk_error_t *run_batch(gk_json_t **out, gk_job_run_t *run, gk_json_t *args, const char *title,
                             gk_error_t *(*load)(batch_t *b), paper_fn draw)
{
  gk_print_wish_t wish;
  gk_print_t *print;
  int pages = 0;
  batch_t b = {.run = run, .args = args, .first_page = (int)gk_json_int(args, "first_page"),
               .last_page = (int)gk_json_int(args, "last_page"), .ids = gk_json_array(run->pool),
               .skipped = gk_json_array(run->pool)};
  const char *paper = gk_json_str(args, "paper"), *missing = gk_json_str(args, "missing");
  b.letter = paper != NULL && strcmp(paper, "letter") == 0;
  b.boxes = missing != NULL && strcmp(missing, "box") == 0;
  if (gk_json_int(args, "job") != 0) {
    GK_TRY(original(&b.again, &run->act, run->job.kind, gk_json_int(args, "job")));
    b.letter = gk_json_bool(b.again, "letter");
    b.boxes = true; /* it is on the paper already */
  }
  GK_TRY(gk_paper_wish(&wish, &run->act, title, b.letter));
  wish.first_page = b.first_page;
  wish.last_page = b.last_page;
  wish.write = write_piece;
  wish.progress = progress;
  wish.baton = &b;
  if (load != NULL)
    GK_TRY(load(&b));
  GK_TRY(gk_job_progress(run, 0, b.people));
  GK_TRY(gk_spool_start(&b.spool, run, "pdf"));
  gk_error_t *error = gk_print_start(&print, &wish, run->pool);
  if (error == NULL)
    error = gk_print_end(print, &pages, draw(&b, print));
  run->act.pool = run->pool;
  if (error == NULL)
    error = audit(&b, pages); /* before anybody can fetch it */
  bool empty = error == NULL && pages == 0; /* everybody was left out: the list says why, and there is no file */
  gk_error_t *ended = gk_spool_end(&b.spool, empty ? gk_error_plain(run->pool, GK_E_GONE) : error);
  if (ended != NULL && !empty)
    return ended;
  GK_TRY(gk_job_progress(run, b.people, b.people));
  gk_json_t *json = gk_json_object(run->pool);
  if (!empty)
    gk_spool_tell(&b.spool, json,
                  apr_psprintf(run->pool, "%s-%" APR_INT64_T_FMT ".pdf", run->job.kind + strlen("print_"), run->job.id),
                  "application/pdf");
  gk_json_set_int(json, "people", (apr_int64_t)gk_json_size(b.ids));
  gk_json_set_int(json, "pages", pages);
  gk_json_set_bool(json, "letter", b.letter);
  gk_json_set(json, "skipped", b.skipped);
  gk_json_set_int(json, "skipped_count", b.skipped_count);
  gk_json_set(json, "ids", b.ids);
  *out = json;
  return NULL;
}

/* ---- login cards ----------------------------------------------------------------------------------------- */

typedef struct cards_t {
  apr_array_header_t *cards;      /* gk_print_card_t */
  const char *window;
} cards_t;

static int by_class(const void *a, const void *b)
{
  const gk_candidate_t *left = ((const gk_login_card_t *)a)->candidate, *right = ((const gk_login_card_t *)b)->candidate;
  int order = strcmp(left->org_code, right->org_code);
  if (order == 0)
    order = gk_paper_order(left->class_name, right->class_name);
  return order != 0 ? order : strcmp(left->number, right->number);
}

static gk_error_t *cards_again(apr_array_header_t *logins, batch_t *b)
{
  gk_json_t *ids = gk_json_get(b->again, "ids");
  for (apr_size_t i = 0; i < gk_json_size(ids); i++) {
    gk_login_card_t card;
    bool found;
    GK_TRY(gk_card_again(&card, &found, &b->run->act, gk_json_int_value(gk_json_at(ids, i))));
    if (found) /* else moved to another point: the pages after it move up */
      APR_ARRAY_PUSH(logins, gk_login_card_t) = card;
  }
  return NULL;
}

/* Names of people stay out of a job's row: that is stored as it is. */
static gk_error_t *without_name(gk_error_t *error, apr_pool_t *pool)
{
  if (error == NULL || error->code != GK_E_WRONG_STATE)
    return error;
  return gk_error(pool, GK_E_WRONG_STATE, "选中的考生里有人现在不能打印登录卡，请刷新列表后重新选择",
                  "One of the candidates chosen can have no card now: load the list again and choose anew");
}

static gk_error_t *cards_new(apr_array_header_t *logins, batch_t *b)
{
  gk_act_t *act = &b->run->act;
  gk_paper_filter_t filter = filter_of(b->args);
  apr_array_header_t *chosen, *fit = apr_array_make(act->pool, 64, sizeof(gk_login_card_t));
  GK_TRY(without_name(gk_cards_choose(&chosen, act, filter.ids, filter.from, filter.to, filter.class_name), act->pool));
  qsort(chosen->elts, (size_t)chosen->nelts, sizeof(gk_login_card_t), by_class);
  for (int i = 0; i < chosen->nelts; i++) {
    gk_login_card_t *card = &APR_ARRAY_IDX(chosen, i, gk_login_card_t);
    gk_print_card_t shown;
    GK_TRY(gk_paper_card(&shown, act, card));
    gk_error_t *error = b->boxes ? NULL : gk_paper_check_card(&shown, act->pool);
    if (error != NULL)
      skip(b, card->candidate_id, card->candidate->number, error);
    else
      APR_ARRAY_PUSH(fit, gk_login_card_t) = *card;
  }
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_cards_hand_out(act, fit));
  GK_TRY(gk_db_commit(act->db, act->pool));
  apr_array_cat(logins, fit);
  return NULL;
}

static gk_error_t *cards_load(batch_t *b)
{
  cards_t *c = apr_pcalloc(b->run->pool, sizeof(*c));
  apr_array_header_t *logins = apr_array_make(b->run->pool, 64, sizeof(gk_login_card_t));
  gk_act_t *act = &b->run->act;
  GK_TRY(b->again != NULL ? cards_again(logins, b) : cards_new(logins, b));
  c->cards = apr_array_make(b->run->pool, 64, sizeof(gk_print_card_t));
  for (int i = 0; i < logins->nelts; i++) {
    const gk_login_card_t *card = &APR_ARRAY_IDX(logins, i, gk_login_card_t);
    GK_TRY(gk_paper_card(apr_array_push(c->cards), act, card));
    gk_json_add_int(b->ids, card->candidate_id);
  }
  if (logins->nelts > 0)
    GK_TRY(gk_paper_fill_times(&c->window, act, APR_ARRAY_IDX(logins, 0, gk_login_card_t).candidate->org_path));
  b->people = logins->nelts;
  b->data = c;
  return NULL;
}

static gk_error_t *draw_cards(batch_t *b, gk_print_t *print)
{
  const cards_t *c = b->data;
  return gk_print_cards(print, c->cards, c->window);
}

static gk_error_t *draw_login_sheet(batch_t *b, gk_print_t *print)
{
  return gk_print_login_sheet(print, ((const cards_t *)b->data)->cards);
}

static gk_error_t *check_cards(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  apr_array_header_t *cards;
  GK_TRY(check_people(kept, act, args, "print_cards", false));
  gk_paper_filter_t filter = filter_of(*kept);
  if (gk_json_int(*kept, "job") != 0)
    return NULL;
  GK_TRY(gk_calendar_check(act, gk_access(GK_ACTION_card_print)->window, act->who->org_path, 0));
  return gk_cards_choose(&cards, act, filter.ids, filter.from, filter.to, filter.class_name);
}

static gk_error_t *run_cards(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "网报登录卡", cards_load, draw_cards);
}

static gk_error_t *check_login_sheet(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  GK_TRY(check_people(kept, act, args, "print_login_sheet", false));
  if (gk_json_int(*kept, "job") != 0)
    return NULL;
  return gk_calendar_check(act, gk_access(GK_ACTION_card_print)->window, act->who->org_path, 0);
}

static gk_error_t *run_login_sheet(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "网报登录表", cards_load, draw_login_sheet);
}

/* ---- proof sheets and forms ------------------------------------------------------------------------------ */

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* What is the record's own affair: it is left out, the others are printed. All of these come before anything is written. */
static bool leaves_out(const gk_error_t *error)
{
  switch (error->code) {
  case GK_E_GLYPH_MISSING:
  case GK_E_RULE_FAILED:
  case GK_E_INCOMPLETE:
  case GK_E_WRONG_STATE:
  case GK_E_WINDOW_CLOSED:
  case GK_E_STALE_VERSION:
  case GK_E_NOT_FOUND:
  case GK_E_GONE: return true;
  default: return false;
  }
}

static gk_error_t *proof_of(gk_paper_sheet_t *sheet, batch_t *b, const gk_paper_person_t *person)
{
  gk_act_t *act = &b->run->act;
  gk_candidate_t *candidate;
  gk_document_t *document;
  gk_proof_t proof;
  GK_TRY(gk_candidate_get(&candidate, act, person->id));
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  if (!b->boxes)
    GK_TRY(gk_paper_check_document(candidate->number, gk_document_json(document), act->pool));
  GK_TRY(gk_proof_print(&candidate, &proof, act, person->id, candidate->version));
  return gk_paper_sheet(sheet, act, candidate, proof.version);
}

static gk_error_t *form_of(gk_paper_sheet_t *sheet, batch_t *b, const gk_paper_person_t *person)
{
  gk_act_t *act = &b->run->act;
  gk_candidate_t *candidate;
  GK_TRY(gk_candidate_get(&candidate, act, person->id));
  GK_TRY(gk_paper_sheet(sheet, act, candidate, 0));
  return b->boxes ? NULL : gk_paper_check_document(candidate->number, gk_json_get(sheet->json, "document"), act->pool);
}

static gk_error_t *sheet_again(gk_paper_sheet_t *sheet, batch_t *b, apr_int64_t id, apr_int64_t version)
{
  gk_candidate_t *candidate;
  GK_TRY(gk_candidate_get(&candidate, &b->run->act, id));
  return gk_paper_sheet(sheet, &b->run->act, candidate, version);
}

/* A sheet drawn: whom and which version the result keeps. */
static gk_error_t *draw_one(batch_t *b, gk_print_t *print, const gk_paper_sheet_t *sheet, bool form)
{
  gk_json_t *pair = gk_json_array(b->run->pool);
  GK_TRY(gk_paper_draw(print, &b->run->act, sheet, form));
  gk_json_add_int(pair, sheet->candidate->id);
  gk_json_add_int(pair, gk_json_int(sheet->json, "version"));
  gk_json_add(b->ids, pair);
  return NULL;
}

static gk_error_t *each_again(batch_t *b, gk_print_t *print, bool form)
{
  gk_json_t *pairs = gk_json_get(b->again, "ids");
  gk_act_t *act = &b->run->act;
  apr_pool_t *iter;
  apr_pool_create(&iter, b->run->pool);
  b->people = (int)gk_json_size(pairs);
  for (int i = 0; i < b->people; i++) {
    const gk_json_t *pair = gk_json_at(pairs, (apr_size_t)i);
    gk_paper_sheet_t sheet;
    apr_pool_clear(iter);
    act->pool = iter;
    apr_int64_t id = gk_json_int_value(gk_json_at(pair, 0));
    gk_error_t *error = sheet_again(&sheet, b, id, gk_json_int_value(gk_json_at(pair, 1)));
    if (error == NULL)
      error = draw_one(b, print, &sheet, form);
    else if (leaves_out(error)) {
      skip(b, id, NULL, error);
      error = NULL;
    }
    act->pool = b->run->pool;
    if (error != NULL)
      return gk_error_dup(b->run->pool, error);
    GK_TRY(progress(b, i + 1));
  }
  apr_pool_destroy(iter);
  return NULL;
}

static gk_error_t *each_new(batch_t *b, gk_print_t *print, bool form)
{
  gk_act_t *act = &b->run->act;
  gk_paper_filter_t filter = filter_of(b->args);
  apr_array_header_t *people;
  apr_pool_t *iter;
  GK_TRY(gk_paper_people(&people, act, &filter));
  apr_pool_create(&iter, b->run->pool);
  b->people = people->nelts;
  for (int i = 0; i < people->nelts; i++) {
    const gk_paper_person_t *person = &APR_ARRAY_IDX(people, i, gk_paper_person_t);
    gk_paper_sheet_t sheet;
    bool ready = form ? person->proof_version != 0 || person->confirmed_version != 0
                      : is(person->state, "filling") || is(person->state, "proofed");
    if (!ready && filter.ids == NULL) /* a class is asked for as it is; the others' turn comes later */
      continue;
    apr_pool_clear(iter);
    act->pool = iter;
    gk_error_t *error = form ? form_of(&sheet, b, person) : proof_of(&sheet, b, person);
    if (error == NULL)
      error = draw_one(b, print, &sheet, form);
    else if (leaves_out(error)) {
      skip(b, person->id, person->number, error);
      error = NULL;
    }
    if (error == NULL && (i + 1) % TOGETHER == 0 && gk_db_in_transaction(act->db))
      error = gk_db_commit(act->db, iter);
    act->pool = b->run->pool;
    if (error != NULL)
      return gk_error_dup(b->run->pool, error);
    GK_TRY(progress(b, i + 1));
  }
  apr_pool_destroy(iter);
  return gk_db_in_transaction(act->db) ? gk_db_commit(act->db, b->run->pool) : NULL;
}

static gk_error_t *draw_proofs(batch_t *b, gk_print_t *print)
{
  return b->again != NULL ? each_again(b, print, false) : each_new(b, print, false);
}

static gk_error_t *draw_forms(batch_t *b, gk_print_t *print)
{
  return b->again != NULL ? each_again(b, print, true) : each_new(b, print, true);
}

static gk_error_t *check_proofs(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_people(kept, act, args, "print_proofs", false);
}

static gk_error_t *run_proofs(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "校对表", NULL, draw_proofs);
}

static gk_error_t *check_forms(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_people(kept, act, args, "print_forms", false);
}

static gk_error_t *run_forms(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "报名登记表", NULL, draw_forms);
}

/* ---- account slips --------------------------------------------------------------------------------------- */

#define ROLES "city|county|point|reviewer|auditor|export"
#define SLIPS_MAX 500

static gk_error_t *check_slips(gk_json_t **out, gk_act_t *act, gk_json_t *args)
{
  gk_json_t *kept = gk_json_object(act->pool);
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  GK_TRY(ids_of(&d, kept, SLIPS_MAX));
  keep_int(kept, "org_id", gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0));
  keep_str(kept, "role", gk_decode_word(&d, "role", GK_OPTIONAL, ROLES));
  common_of(&d, kept);
  int given = (gk_json_get(kept, "ids") != NULL) + (gk_json_get(kept, "org_id") != NULL) + (gk_json_get(kept, "job") != NULL);
  if (given != 1 && d.error == NULL)
    gk_decode_fault(&d, "ids", "required", "请给出 ids、org_id 或 job 之一", "Give one of ids, org_id and job");
  GK_TRY(gk_decode_end(&d));
  *out = kept;
  if (gk_json_get(kept, "job") != NULL)
    return check_again(act, "print_slips", kept);
  gk_json_t *ids = gk_json_get(kept, "ids");
  gk_account_t *account;
  gk_org_t *org;
  for (apr_size_t i = 0; i < gk_json_size(ids); i++)
    GK_TRY(gk_account_get(&account, act, gk_json_int_value(gk_json_at(ids, i))));
  return ids == NULL ? gk_org_get(&org, act, gk_json_int(kept, "org_id")) : NULL;
}

static gk_error_t *slips_load(batch_t *b)
{
  gk_act_t *act = &b->run->act;
  apr_array_header_t *slips = apr_array_make(act->pool, 16, sizeof(gk_slip_t)), *skipped, *ids = NULL;
  gk_json_t *list = gk_json_get(b->again != NULL ? b->again : b->args, "ids");
  if (b->again != NULL) {
    for (apr_size_t i = 0; i < gk_json_size(list); i++) {
      gk_account_t *account;
      GK_TRY(gk_account_get(&account, act, gk_json_int_value(gk_json_at(list, i))));
      APR_ARRAY_PUSH(slips, gk_slip_t) = gk_account_slip(act, account);
    }
  } else {
    if (list != NULL) {
      ids = apr_array_make(act->pool, 16, sizeof(apr_int64_t));
      for (apr_size_t i = 0; i < gk_json_size(list); i++)
        APR_ARRAY_PUSH(ids, apr_int64_t) = gk_json_int_value(gk_json_at(list, i));
    }
    GK_TRY(gk_act_begin(act));
    GK_TRY(gk_account_slips(&slips, &skipped, act, ids, gk_json_int(b->args, "org_id"),
                            gk_role_parse(gk_json_str(b->args, "role"))));
    GK_TRY(gk_db_commit(act->db, act->pool));
    for (int i = 0; i < skipped->nelts; i++)
      skip(b, APR_ARRAY_IDX(skipped, i, apr_int64_t), NULL,
           gk_error(act->pool, GK_E_WRONG_STATE, "已设置自己的密码或已停用，没有密码条可打印",
                    "Has an own password or is switched off: there is no slip to print"));
  }
  for (int i = 0; i < slips->nelts; i++)
    gk_json_add_int(b->ids, APR_ARRAY_IDX(slips, i, gk_slip_t).account_id);
  b->people = slips->nelts;
  b->data = slips;
  return NULL;
}

static gk_error_t *draw_slips(batch_t *b, gk_print_t *print) { return gk_print_slips(print, b->data); }

static gk_error_t *run_slips(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "用户密码条", slips_load, draw_slips);
}

/* ---- rosters --------------------------------------------------------------------------------------------- */

static const gk_print_column_t roster_columns[] = {{"序号", 7, 'c'}, {"报名顺序号", 15, 'l'}, {"姓名", 26, 'l'},
                                                   {"科类", 18, 'l'}, {"状态", 14, 'l'},       {"备注", 20, 'l'}};
#define ROSTER_COLUMNS ((int)(sizeof(roster_columns) / sizeof(roster_columns[0])))

static gk_error_t *check_roster(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_people(kept, act, args, "print_roster", true);
}

static gk_error_t *roster_load(batch_t *b)
{
  gk_paper_filter_t filter = filter_of(b->again != NULL ? b->again : b->args);
  apr_array_header_t *people;
  GK_TRY(gk_paper_people(&people, &b->run->act, &filter));
  b->people = people->nelts;
  b->data = people;
  for (int i = 0; i < people->nelts; i++)
    gk_json_add_int(b->ids, APR_ARRAY_IDX(people, i, gk_paper_person_t).id);
  return NULL;
}

/* One table a class. */
static gk_error_t *draw_roster(batch_t *b, gk_print_t *print)
{
  const apr_array_header_t *people = b->data;
  const gk_pack_t *pack = b->run->act.season->pack;
  apr_pool_t *pool = b->run->pool;
  for (int from = 0, to; from < people->nelts; from = to) {
    const gk_paper_person_t *first = &APR_ARRAY_IDX(people, from, gk_paper_person_t);
    apr_array_header_t *rows = apr_array_make(pool, 60, sizeof(const char *const *));
    for (to = from; to < people->nelts; to++) {
      const gk_paper_person_t *one = &APR_ARRAY_IDX(people, to, gk_paper_person_t);
      if (!is(one->class_name, first->class_name) || !is(one->org_code, first->org_code))
        break;
      const gk_subject_t *subject = gk_pack_subject(pack, one->subject);
      const char **row = apr_pcalloc(pool, sizeof(*row) * ROSTER_COLUMNS);
      row[0] = apr_itoa(pool, to - from + 1);
      row[1] = apr_psprintf(pool, "%.4s %s", one->number, one->number + 4);
      row[2] = one->name;
      row[3] = subject != NULL ? subject->name.zh : one->subject;
      row[4] = gk_state_zh(one->state);
      APR_ARRAY_PUSH(rows, const char *const *) = row;
    }
    const char *class_name = first->class_name[0] != '\0' ? first->class_name : "未填班级";
    gk_print_table_t table = {.title = "考生花名册", .columns = roster_columns, .column_count = ROSTER_COLUMNS, .rows = rows,
                              .row_mm = 7.2};
    table.subtitle = apr_psprintf(pool, "%s %s　%s　%d 人", first->org_code, first->org_name, class_name, to - from);
    GK_TRY(gk_print_table(print, &table));
    GK_TRY(progress(b, to));
  }
  return NULL;
}

static gk_error_t *run_roster(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  return run_batch(out, run, args, "考生花名册", roster_load, draw_roster);
}

const gk_job_kind_t gk_job_print_cards = {"print_cards", GK_ROLE_POINT, check_cards, run_cards};
const gk_job_kind_t gk_job_print_login_sheet = {"print_login_sheet", GK_ROLE_POINT, check_login_sheet, run_login_sheet};
const gk_job_kind_t gk_job_print_proofs = {"print_proofs", GK_ROLE_POINT, check_proofs, run_proofs};
const gk_job_kind_t gk_job_print_forms = {"print_forms", GK_ROLE_POINT, check_forms, run_forms};
const gk_job_kind_t gk_job_print_slips = {"print_slips", GK_ROLE_PROVINCE | GK_ROLE_CITY | GK_ROLE_COUNTY | GK_ROLE_POINT,
                                          check_slips, run_slips};
const gk_job_kind_t gk_job_print_roster = {"print_roster", GK_ROLE_POINT | GK_ROLE_COUNTY, check_roster, run_roster};
