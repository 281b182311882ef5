/* jobs/import_job.c: the jobs import_check, import_apply, import_undo (import.h). A check begins anew when its worker died; the
 * other two go on with the rows that wait. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/time.h"
#include "jobs/import_table.h"
#include "jobs/kinds.h"
#include "store/sql.h"

enum { BATCH = 100, TRIES = 5 };
#define REST_MAX_US (200 * 1000)
#define CLERKS (GK_ROLE_POINT | GK_ROLE_COUNTY | GK_ROLE_CITY)

static bool is(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

/* Steps are made by /imports, in the transaction that moves the import on; its version is that one's business. */
static gk_error_t *check(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  apr_int64_t id = gk_decode_int(&d, "import", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  bool partial = gk_decode_bool(&d, "partial", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  if (!gk_db_in_transaction(act->db))
    return gk_error(act->pool, GK_E_WRONG_STATE, "导入由 /imports 建立，不能单独建立任务", "Imports are started by /imports, not as jobs");
  *kept = gk_json_object(act->pool);
  gk_json_set_int(*kept, "import", id);
  if (partial)
    gk_json_set_bool(*kept, "partial", true);
  return NULL;
}

static gk_error_t *open_import(gk_import_t *out, gk_job_run_t *run, const gk_json_t *args, const char *step)
{
  GK_TRY(gk_import_get(out, &run->act, gk_json_int(args, "import")));
  GK_TRY(gk_import_kind(&run->act, out->kind));
  if (out->job_id != run->job.id || !is(out->step, step))
    return gk_error(run->pool, GK_E_WRONG_STATE, "这次导入已经由另一个任务办理", "Another job has this import by now");
  return NULL;
}

/* Busy machines belong to registration: it rests as long as it worked. */
static void step_aside(apr_interval_time_t worked)
{
  double load;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (getloadavg(&load, 1) == 1 && load > (double)cores)
    apr_sleep(worked < REST_MAX_US ? worked : REST_MAX_US);
}

static gk_error_t *counted(gk_json_t **out, const gk_import_t *import, apr_pool_t *pool)
{
  *out = gk_json_object(pool);
  gk_json_set_int(*out, "import", import->id);
  gk_json_set(*out, "counts", import->counts);
  return NULL;
}

/* Counts anew and ends the step, with its audit row. */
static gk_error_t *finish(gk_job_run_t *run, gk_import_t *import, const char *state, const gk_error_t *fault, const char *action)
{
  bool kept;
  gk_act_t *act = &run->act;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_import__counts(import, act));
  GK_TRY(gk_import__settle(&kept, act, import, run->job.id, state, fault));
  if (!kept)
    return gk_error_plain(run->pool, GK_E_GONE);
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "kind", import->kind);
  gk_json_set_str(after, "state", state);
  gk_json_set_str(after, "sha256", import->digest);
  gk_json_set(after, "counts", import->counts);
  GK_TRY(gk_audit(act, action, "import", import->id, import->version + 1, import->org_path, NULL, after));
  return gk_db_commit(act->db, run->pool);
}

/* ---- check ------------------------------------------------------------------------------------------------------ */

typedef struct judged_t {
  gk_import_row_t row;
  gk_sealed_t sealed;
  apr_int64_t key_id;
} judged_t;

typedef struct again_t { apr_int64_t n, other; } again_t;

typedef struct check_t {
  gk_job_run_t *run;
  gk_import_t *import;
  gk_import_table_t table;
  bool date1904;
  apr_pool_t *batch;            /* the act's pool while rows are judged */
  apr_array_header_t *judged;   /* judged_t, in batch */
  apr_hash_t *first;            /* whom a row is about -> apr_int64_t *: its first row */
  apr_array_header_t *again;    /* again_t: first rows that came again */
  apr_int64_t done;
  apr_time_t began;
} check_t;

static gk_error_t *flush(check_t *c)
{
  gk_act_t *act = &c->run->act;
  if (c->judged->nelts > 0) {
    GK_TRY(gk_act_begin(act));
    for (int i = 0; i < c->judged->nelts; i++) {
      const judged_t *one = &APR_ARRAY_IDX(c->judged, i, judged_t);
      GK_TRY(gk_db_exec(act->db,
                        GK_CALL(import_row_insert, .n = one->row.n, .candidate_id = one->row.candidate_id,
                            .verdict = one->row.verdict,
                                .bad = gk_import_bad(one->row.verdict), .record_key = one->key_id, .key_id = one->sealed.key_id,
                                .body = {one->sealed.bytes, one->sealed.length}, .import_id = c->import->id, GK_SCOPE(act)),
                        NULL, act->pool));
    }
    GK_TRY(gk_db_commit(act->db, act->pool));
  }
  c->done += c->judged->nelts;
  GK_TRY(gk_job_progress(c->run, c->done, c->table.rows > c->done ? c->table.rows : c->done));
  apr_pool_clear(c->batch);
  c->judged = apr_array_make(c->batch, BATCH, sizeof(judged_t));
  step_aside(gk_tick() - c->began);
  c->began = gk_tick();
  return NULL;
}

/* Two rows about one person: neither is done, for nobody knows which one is meant. */
static void look_again(check_t *c, gk_import_row_t *row)
{
  const char *id = gk_json_str(row->values, "id_number");
  const char *key = row->candidate_id != 0 ? apr_psprintf(c->batch, "%" APR_INT64_T_FMT, row->candidate_id)
                    : is(row->verdict, "create") ? gk_sha256_hex(c->batch, id, strlen(id))
                                                 : NULL;
  if (key == NULL)
    return;
  apr_int64_t *first = apr_hash_get(c->first, key, APR_HASH_KEY_STRING);
  if (first == NULL) {
    first = apr_palloc(c->run->pool, sizeof(*first));
    *first = row->n;
    apr_hash_set(c->first, apr_pstrdup(c->run->pool, key), APR_HASH_KEY_STRING, first);
    return;
  }
  APR_ARRAY_PUSH(c->again, again_t) = (again_t){*first, row->n};
  row->verdict = "duplicate";
  gk_import_fault(row->faults, NULL, "duplicate", apr_psprintf(c->batch, "与第 %d 行是同一名考生，请只留一行", (int)*first),
                  apr_psprintf(c->batch, "Row %d is the same candidate: keep one", (int)*first));
}

static gk_error_t *on_row(void *baton, const gk_sheet_row_t *cells)
{
  check_t *c = baton;
  gk_act_t *act = &c->run->act;
  if (cells->number <= c->table.header_row || gk_import_aside(cells, c->batch))
    return NULL;
  judged_t *one = apr_array_push(c->judged);
  *one = (judged_t){.row = {.n = cells->number, .hidden = cells->hidden, .outcome = "", .values = gk_json_object(c->batch),
                            .faults = gk_json_array(c->batch)}};
  for (int i = 0; i < cells->count && i < c->table.columns->nelts; i++) {
    const gk_import_target_t *target = APR_ARRAY_IDX(c->table.columns, i, const gk_import_target_t *);
    const char *text = NULL;
    if (target != NULL && gk_import_clean(&text, target, &cells->cells[i], c->date1904, one->row.faults, c->batch)
        && text != NULL)
      gk_json_set_str(one->row.values, target->id, text);
  }
  GK_TRY(gk_import_judge(&one->row, act, c->import->kind));
  look_again(c, &one->row);
  GK_TRY(gk_import__seal_row(&one->sealed, &one->key_id, act, c->import, &one->row));
  return c->judged->nelts >= BATCH ? flush(c) : NULL;
}

/* First rows of people that came twice are no better than the second ones. */
static gk_error_t *mark_again(check_t *c)
{
  gk_act_t *act = &c->run->act;
  for (int i = 0; i < c->again->nelts; i++) {
    const again_t *again = &APR_ARRAY_IDX(c->again, i, again_t);
    gk_import_row_t row;
    bool kept;
    apr_pool_clear(c->batch);
    GK_TRY(gk_import__row(&row, act, c->import, again->n));
    row.verdict = "duplicate";
    gk_import_fault(row.faults, NULL, "duplicate", apr_psprintf(c->batch, "与第 %d 行是同一名考生，请只留一行", (int)again->other),
                    apr_psprintf(c->batch, "Row %d is the same candidate: keep one", (int)again->other));
    GK_TRY(gk_import__put_row(&kept, act, c->import, &row, ""));
    GK_TRY(gk_db_commit(act->db, c->batch));
    GK_TRY(gk_job_progress(c->run, c->done, c->done));
  }
  return NULL;
}

static gk_error_t *forget_rows(gk_job_run_t *run, const gk_import_t *import)
{
  gk_act_t *act = &run->act;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_exec(act->db, GK_CALL(import_rows_delete, .import_id = import->id, GK_SCOPE(act)), NULL, act->pool));
  return gk_db_commit(act->db, run->pool);
}

/* What is the file's own fault ends the step well, with the reason; the job is done. */
static bool of_the_file(const gk_error_t *error)
{
  return error != NULL && (error->code == GK_E_INVALID || error->code == GK_E_TOO_LARGE || error->code == GK_E_MALFORMED);
}

static gk_error_t *judge_rows(check_t *c, gk_book_t *book)
{
  gk_act_t *act = &c->run->act;
  apr_pool_t *own = act->pool;
  apr_pool_create(&c->batch, own);
  c->judged = apr_array_make(c->batch, BATCH, sizeof(judged_t));
  c->began = gk_tick();
  act->pool = c->batch;
  gk_error_t *error = gk_book_read(book, c->table.sheet, on_row, c, own);
  if (error == NULL)
    error = flush(c);
  if (error == NULL)
    error = mark_again(c);
  act->pool = own;
  error = gk_error_dup(own, error);
  apr_pool_destroy(c->batch);
  return error;
}

static gk_error_t *run_check(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  gk_import_t import;
  gk_book_t *book = NULL;
  const char *bytes;
  apr_size_t length;
  gk_act_t *act = &run->act;
  GK_TRY(open_import(&import, run, args, "reading"));
  check_t c = {.run = run, .import = &import, .first = apr_hash_make(run->pool), .again = apr_array_make(run->pool,
      8, sizeof(again_t))};
  GK_TRY(forget_rows(run, &import));
  GK_TRY(gk_import__bytes(&bytes, &length, act, &import, run->pool));
  gk_error_t *error = gk_book_open(&book, bytes, length, run->pool);
  if (error == NULL)
    error = gk_import__table(&c.table, act, &import, book, gk_import_targets(act, import.kind), run->pool);
  if (error == NULL) {
    c.date1904 = book->date1904;
    gk_json_set_int(import.counts, "hidden", c.table.hidden);
    gk_json_set_int(import.counts, "aside", c.table.aside);
  }
  if (error == NULL && c.table.keyed)
    error = judge_rows(&c, book);
  gk_db_rollback(act->db);
  if (error != NULL && !of_the_file(error))
    return error;
  const char *state = error != NULL ? "unreadable" : c.table.keyed ? "ready" : "mapping";
  GK_TRY(finish(run, &import, state, error, "import.check.read"));
  return counted(out, &import, run->pool);
}

/* ---- apply and undo ---------------------------------------------------------------------------------------------- */

typedef gk_error_t *(*row_fn)(gk_job_run_t *run, const gk_import_t *import, apr_int64_t n);

/* One row in its transaction; whoever has done it already is found by the row's outcome. */
static gk_error_t *end_row(gk_job_run_t *run, const gk_import_t *import, const gk_import_row_t *row, const char *was)
{
  bool kept;
  gk_act_t *act = &run->act;
  GK_TRY(gk_import__put_row(&kept, act, import, row, was));
  if (kept)
    return gk_db_commit(act->db, act->pool);
  gk_db_rollback(act->db);
  return NULL;
}

static gk_error_t *apply_row(gk_job_run_t *run, const gk_import_t *import, apr_int64_t n)
{
  gk_import_row_t row;
  bool done;
  GK_TRY(gk_import__row(&row, &run->act, import, n));
  GK_TRY(gk_import_do(&done, &row, &run->act, import->kind));
  return end_row(run, import, &row, "");
}

static gk_error_t *look_row(gk_job_run_t *run, const gk_import_t *import, apr_int64_t n)
{
  gk_import_row_t row;
  bool done;
  GK_TRY(gk_import__row(&row, &run->act, import, n));
  const char *was = row.outcome;
  GK_TRY(gk_import_undo(&done, &row, &run->act, import->kind, false));
  if (is(was, row.outcome) && is(was, "applied"))
    return NULL;
  return end_row(run, import, &row, was);
}

static gk_error_t *undo_row(gk_job_run_t *run, const gk_import_t *import, apr_int64_t n)
{
  gk_import_row_t row;
  bool done;
  GK_TRY(gk_import__row(&row, &run->act, import, n));
  const char *was = row.outcome;
  GK_TRY(gk_import_undo(&done, &row, &run->act, import->kind, true));
  return end_row(run, import, &row, was);
}

/* A lost race is run again, against what the other has made of the record; nothing of the first try was kept. */
static gk_error_t *one_row(gk_job_run_t *run, const gk_import_t *import, row_fn fn, apr_int64_t n)
{
  for (int left = TRIES;; left--) {
    run->act.now = gk_core_now(run->act.core);
    gk_error_t *error = fn(run, import, n);
    if (error == NULL || (error->code != GK_E_RETRY && error->code != GK_E_STALE_VERSION) || left == 1)
      return error;
    gk_db_rollback(run->act.db);
    gk_vault_forget(&run->act);
  }
}

typedef struct walk_t {
  bool applied;           /* rows that can be taken back; else rows that wait */
  row_fn fn;
  apr_int64_t done, total;
} walk_t;

static gk_error_t *numbers(apr_array_header_t **out, gk_act_t *act, const gk_import_t *import, bool applied, apr_int64_t after)
{
  if (applied)
    return gk_db_list(act->db, GK_CALL(import_row_applied, .import_id = import->id, .after = after, .limit = BATCH,
        GK_SCOPE(act)), out,
                      act->pool);
  return gk_db_list(act->db, GK_CALL(import_row_waiting, .import_id = import->id, .after = after, .limit = BATCH,
      GK_SCOPE(act)), out,
                    act->pool);
}

static gk_error_t *walk_batch(bool *more, apr_int64_t *after, gk_job_run_t *run, const gk_import_t *import,
    walk_t *walk, apr_pool_t *row_pool)
{
  apr_array_header_t *list;
  gk_act_t *act = &run->act;
  apr_pool_t *batch = act->pool;
  apr_time_t began = gk_tick();
  gk_error_t *error = NULL;
  GK_TRY(numbers(&list, act, import, walk->applied, *after));
  *more = list->nelts == BATCH;
  for (int i = 0; error == NULL && i < list->nelts; i++) {
    *after = APR_ARRAY_IDX(list, i, gk_row_import_row_waiting_t).n;
    apr_pool_clear(row_pool);
    act->pool = row_pool;
    error = one_row(run, import, walk->fn, *after);
    act->pool = batch;
    if (error == NULL)
      error = gk_job_progress(run, ++walk->done, walk->total);
  }
  if (error == NULL && *more)
    step_aside(gk_tick() - began);
  return error;
}

static gk_error_t *walk_rows(gk_job_run_t *run, const gk_import_t *import, walk_t *walk)
{
  apr_pool_t *own = run->act.pool, *batch, *row;
  apr_int64_t after = 0;
  bool more = true;
  gk_error_t *error = NULL;
  apr_pool_create(&batch, own);
  apr_pool_create(&row, own);
  while (error == NULL && more) {
    apr_pool_clear(batch);
    run->act.pool = batch;
    error = walk_batch(&more, &after, run, import, walk, row);
  }
  run->act.pool = own;
  error = gk_error_dup(own, error);
  gk_db_rollback(run->act.db);
  apr_pool_destroy(row);
  apr_pool_destroy(batch);
  return error;
}

static gk_error_t *run_apply(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  gk_import_t import;
  GK_TRY(open_import(&import, run, args, "applying"));
  GK_TRY(gk_import__counts(&import, &run->act));
  apr_int64_t total = gk_json_int(import.counts, "rows") - gk_json_int(import.counts, "bad");
  walk_t walk = {false, apply_row, 0, total};
  GK_TRY(walk_rows(run, &import, &walk));
  GK_TRY(finish(run, &import, "applied", NULL, "import.applied"));
  return counted(out, &import, run->pool);
}

static gk_error_t *run_undo(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  gk_import_t import;
  GK_TRY(open_import(&import, run, args, "undoing"));
  GK_TRY(gk_import__counts(&import, &run->act));
  apr_int64_t n = gk_json_int(import.counts, "applied") + gk_json_int(import.counts, "touched");
  walk_t look = {true, look_row, 0, 2 * n}, back = {true, undo_row, n, 2 * n};
  GK_TRY(walk_rows(run, &import, &look));
  GK_TRY(gk_import__counts(&import, &run->act));
  bool refused = gk_json_int(import.counts, "touched") > 0 && !gk_json_bool(args, "partial");
  if (!refused)
    GK_TRY(walk_rows(run, &import, &back));
  GK_TRY(finish(run, &import, refused ? "applied" : "undone", NULL, refused ? "import.undo_refused" : "import.undone"));
  return counted(out, &import, run->pool);
}

const gk_job_kind_t gk_job_import_check = {"import_check", CLERKS, check, run_check};
const gk_job_kind_t gk_job_import_apply = {"import_apply", CLERKS, check, run_apply};
const gk_job_kind_t gk_job_import_undo = {"import_undo", CLERKS, check, run_undo};
