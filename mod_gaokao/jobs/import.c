/* jobs/import.c: imports as their owners see them, and what is kept of them (import.h). */
#include "jobs/import.h"

#include <string.h>
#include <apr_strings.h>

#include "jobs/import_table.h"
#include "jobs/kinds.h"
#include "store/sql.h"

#define PIECE_BYTES (512 * 1024)

_Static_assert(sizeof(gk_row_import_get_t) == sizeof(gk_row_import_list_t), "import columns");
_Static_assert(sizeof(gk_row_import_row_get_t) == sizeof(gk_row_import_row_list_t), "import row columns");

static bool is(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

/* ---- what values are bound to ----------------------------------------------------------------------------------- */

static const char *head_context(const char *digest, apr_pool_t *pool) { return apr_pstrcat(pool, "import.head.", digest, NULL); }

static const char *file_context(const char *digest, int n, apr_pool_t *pool)
{
  return apr_psprintf(pool, "import.file.%s.%d", digest, n);
}

static const char *row_context(apr_int64_t id, apr_int64_t n, apr_pool_t *pool)
{
  return apr_psprintf(pool, "import.row.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT, id, n);
}

/* ---- rows of the table import ------------------------------------------------------------------------------------ */

static gk_error_t *parse(gk_json_t **out, const char *text, apr_pool_t *pool)
{
  return gk_json_parse(out, text, strlen(text), pool);
}

static gk_error_t *of_row(gk_import_t *out, gk_act_t *act, const gk_row_import_get_t *row)
{
  bool over = is(row->job_state, "failed") || is(row->job_state, "cancelled");
  bool under_way = is(row->state, "reading") || is(row->state, "applying") || is(row->state, "undoing");
  const char *text = NULL;
  apr_size_t length;
  *out = (gk_import_t){.id = row->id,
                       .season_id = row->season_id,
                       .account_id = row->account_id,
                       .org_path = row->org_path,
                       .org_name = row->org_name,
                       .account = row->account,
                       .kind = row->kind,
                       .state = under_way && over ? "stopped" : row->state,
                       .step = row->state,
                       .job_id = row->job_id,
                       .job_state = row->job_state,
                       .job_error = row->job_error,
                       .done = row->done,
                       .total = row->total,
                       .bytes = row->bytes,
                       .digest = row->digest,
                       .fault = row->fault,
                       .version = row->version,
                       .created = row->created_us,
                       .changed = row->changed_us};
  GK_TRY(gk_vault_open(&out->key, act->core, &GK_HELD(row), act->pool));
  out->key.plain = gk_core_config(act->core)->plain;
  if (!is(row->state, "gone"))
    GK_TRY(gk_vault_unseal(&text, &length, &out->key, head_context(row->digest, act->pool), row->key_id, row->head, act->pool));
  if (text != NULL)
    GK_TRY(gk_json_parse(&out->head, text, length, act->pool));
  else
    out->head = gk_json_object(act->pool);
  GK_TRY(parse(&out->wish, row->wish, act->pool));
  return parse(&out->counts, row->counts, act->pool);
}

static gk_json_t *audit_json(const gk_import_t *import, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "kind", import->kind);
  gk_json_set_str(json, "state", import->state);
  gk_json_set_str(json, "sha256", import->digest);
  gk_json_set(json, "counts", import->counts);
  return json;
}

gk_error_t *gk_import_get(gk_import_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_import_get_t row;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_db_get(act->db, GK_CALL(import_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), &row, act->pool));
  return of_row(out, act, &row);
}

gk_error_t *gk_import_list(apr_array_header_t **imports, gk_act_t *act, apr_int64_t before, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(import_list, .season_id = act->season->id, .before = before > 0 ? before : APR_INT64_MAX,
                        .limit = limit,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  *imports = apr_array_make(act->pool, rows->nelts, sizeof(gk_import_t));
  for (int i = 0; i < rows->nelts; i++)
    GK_TRY(of_row(apr_array_push(*imports), act, (const gk_row_import_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_import_list_t)));
  return NULL;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static gk_error_t *queue(apr_int64_t *job_id, gk_act_t *act, const gk_job_kind_t *kind, apr_int64_t id, bool partial)
{
  gk_job_t job;
  gk_json_t *args = gk_json_object(act->pool);
  gk_json_set_int(args, "import", id);
  if (partial)
    gk_json_set_bool(args, "partial", true);
  GK_TRY(gk_job_create(&job, act, kind->name, args));
  *job_id = job.id;
  return NULL;
}

static gk_error_t *step(gk_import_t *out, gk_act_t *act, const gk_import_t *import, const char *state, const gk_job_kind_t *kind,
                        bool partial, const char *action)
{
  apr_int64_t job_id, changed;
  GK_TRY(gk_act_begin(act));
  GK_TRY(queue(&job_id, act, kind, import->id, partial));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(import_step, .id = import->id, .expected = import->version, .state = state, .job_id = job_id,
                            .wish = gk_json_text_sorted(import->wish, act->pool), .now_us = act->now, GK_SCOPE(act)),
                    &changed, act->pool));
  if (changed == 0)
    return gk_stale(act, import->version + 1);
  GK_TRY(gk_import_get(out, act, import->id));
  return gk_audit(act, action, "import", import->id, out->version, import->org_path, audit_json(import, act->pool),
                  audit_json(out, act->pool));
}

static gk_error_t *put_file(gk_act_t *act, apr_int64_t id, const gk_vault_key_t *key, const char *digest,
    const unsigned char *bytes,
                            apr_size_t length)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, act->pool);
  for (int n = 0; (apr_size_t)n * PIECE_BYTES < length; n++) {
    gk_sealed_t sealed;
    apr_size_t at = (apr_size_t)n * PIECE_BYTES, part = length - at < PIECE_BYTES ? length - at : PIECE_BYTES;
    apr_pool_clear(pool);
    GK_TRY(gk_vault_seal(&sealed, key, file_context(digest, n, pool), (const char *)bytes + at, part, pool));
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(import_file_insert, .n = n, .key_id = sealed.key_id, .body = {sealed.bytes, sealed.length},
                              .import_id = id, GK_SCOPE(act)),
                      NULL, pool));
  }
  apr_pool_destroy(pool);
  return NULL;
}

gk_error_t *gk_import_create(gk_import_t *out, gk_act_t *act, const char *kind, const char *name, const unsigned char *bytes,
                             apr_size_t length)
{
  gk_vault_key_t key;
  gk_sealed_t head;
  gk_row_import_insert_t made;
  gk_error_t *error = NULL;
  GK_TRY(gk_import_kind(act, kind));
  if (length == 0) {
    gk_violation(&error, act->pool, "", "empty", "文件是空的", "The file is empty");
    return error;
  }
  const char *digest = gk_sha256_hex(act->pool, bytes, length);
  gk_json_t *json = gk_json_object(act->pool);
  gk_json_set_str(json, "name", name);
  const char *text = gk_json_text_sorted(json, act->pool);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_vault_make(&key, act, GK_VAULT_FILE, 0));
  GK_TRY(gk_vault_seal(&head, &key, head_context(digest, act->pool), text, strlen(text), act->pool));
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(import_insert, .season_id = act->season->id, .account_id = act->who->account_id, .kind = kind,
                           .record_key = key.id, .bytes = (apr_int64_t)length, .digest = digest,
                               .key_id = head.key_id, .head = {head.bytes, head.length},
                           .now_us = act->now, .org_path = act->who->org_path, GK_SCOPE(act)),
                   &made, act->pool));
  gk_import_t fresh = {.id = made.id, .version = 1, .org_path = act->who->org_path, .kind = kind, .state = "none",
      .digest = digest,
                       .wish = gk_json_object(act->pool), .counts = gk_json_object(act->pool)};
  GK_TRY(step(out, act, &fresh, "reading", &gk_job_import_check, false, "import.create")); /* one job too many: nothing is put */
  return put_file(act, made.id, &key, digest, bytes, length);
}

static gk_error_t *wrong_state(gk_act_t *act, const char *zh, const char *en)
{
  gk_error_t *error = gk_error_plain(act->pool, GK_E_WRONG_STATE);
  error->zh = zh;
  error->en = en;
  return error;
}

static gk_error_t *load(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_import_get(out, act, id));
  if (out->version != version)
    return gk_stale(act, out->version);
  return gk_import_kind(act, out->kind);
}

/* Targets by column: known ones, none twice. */
static gk_error_t *check_columns(gk_act_t *act, const gk_import_t *import, gk_json_t *columns)
{
  gk_error_t *error = NULL;
  apr_array_header_t *targets = gk_import_targets(act, import->kind);
  for (apr_size_t i = 0; i < gk_json_size(columns); i++) {
    const char *at = apr_psprintf(act->pool, "/columns/%d", (int)i), *id = gk_json_str_value(gk_json_at(columns, i));
    if (gk_json_is_null(gk_json_at(columns, i)))
      continue;
    if (id == NULL || gk_import_target(targets, id) == NULL) {
      gk_violation(&error, act->pool, at, "unknown", "没有这个项目，请从列表中选择", "There is no such item: choose one of the list");
      continue;
    }
    for (apr_size_t k = 0; k < i; k++)
      if (is(id, gk_json_str_value(gk_json_at(columns, k))))
        gk_violation(&error, act->pool, at, "twice", "与第 %d 列是同一项，请只留一列", "Column %d is the same item: keep one", (int)k + 1);
  }
  return error;
}

static gk_error_t *remember(gk_act_t *act, const gk_import_t *import, gk_json_t *columns)
{
  const gk_json_t *heads = gk_json_get(import->head, "columns");
  for (apr_size_t i = 0; i < gk_json_size(heads) && i < gk_json_size(columns); i++) {
    const char *key = gk_import__heading_index(act, import->kind, gk_json_str(gk_json_at(heads, i), "heading"), false, act->pool);
    const char *target = gk_json_str_value(gk_json_at(columns, i));
    if (key == NULL)
      continue;
    GK_TRY(gk_db_exec(act->db,
                      GK_CALL(import_heading_put, .kind = import->kind, .heading = key, .target = target != NULL ? target : "",
                              .now_us = act->now, .org_path = act->who->org_path, GK_SCOPE(act)),
                      NULL, act->pool));
  }
  return NULL;
}

gk_error_t *gk_import_map(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, int sheet, int header_row,
                          gk_json_t *columns)
{
  gk_import_t import;
  GK_TRY(load(&import, act, id, version));
  if (!is(import.state, "mapping") && !is(import.state, "ready") && !is(import.state, "unreadable") &&
      !(is(import.state, "stopped") && is(import.step, "reading")))
    return wrong_state(act, "这次导入已经不能再改列的对应关系", "The columns of this import can't be changed any more");
  if (columns != NULL)
    GK_TRY(check_columns(act, &import, columns));
  gk_json_t *wish = gk_json_object(act->pool);
  if (sheet >= 0)
    gk_json_set_int(wish, "sheet", sheet);
  else if (gk_json_is_int(gk_json_get(import.head, "sheet")))
    gk_json_set(wish, "sheet", gk_json_get(import.head, "sheet"));
  if (header_row >= 0)
    gk_json_set_int(wish, "header_row", header_row);
  else if (sheet < 0 && gk_json_is_int(gk_json_get(import.head, "header_row")))
    gk_json_set(wish, "header_row", gk_json_get(import.head, "header_row"));
  if (columns != NULL)
    gk_json_set(wish, "columns", columns);
  import.wish = wish;
  GK_TRY(gk_act_begin(act));
  if (columns != NULL)
    GK_TRY(remember(act, &import, columns));
  return step(out, act, &import, "reading", &gk_job_import_check, false, "import.map");
}

gk_error_t *gk_import_apply(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_import_t import;
  GK_TRY(load(&import, act, id, version));
  if (!is(import.state, "ready") && !(is(import.state, "stopped") && is(import.step, "applying")))
    return wrong_state(act, "请先完成预览，再导入", "Look at the preview first");
  apr_int64_t outside = gk_json_int(import.counts, "outside");
  if (outside > 0)
    return gk_error(act->pool, GK_E_CONFLICT, "有 %d 行不在您的管辖范围内，整个文件都不导入：请核对是否选错了文件，或删去这些行",
                    "%d rows are not of your area, so nothing of the file is imported: is it the right file? Else "
                        "delete those rows",
                    (int)outside);
  if (gk_json_int(import.counts, "change") + gk_json_int(import.counts, "create") == 0)
    return wrong_state(act, "没有可以导入的行", "There is no row to import");
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_exec(act->db, GK_CALL(import_file_delete, .import_id = id, GK_SCOPE(act)), NULL, act->pool)); /* its rows go on */
  return step(out, act, &import, "applying", &gk_job_import_apply, false, "import.apply");
}

gk_error_t *gk_import_undo_all(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool partial)
{
  gk_import_t import;
  GK_TRY(load(&import, act, id, version));
  bool may = is(import.state, "applied") || (is(import.state, "stopped") && !is(import.step, "reading"));
  if (!may)
    return wrong_state(act, "只有已导入的内容可以撤销", "Only what was imported can be undone");
  return step(out, act, &import, "undoing", &gk_job_import_undo, partial, "import.undo");
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

gk_error_t *gk_import__bytes(const char **bytes, apr_size_t *length, gk_act_t *act, const gk_import_t *import, apr_pool_t *pool)
{
  apr_size_t at = 0;
  if (import->bytes <= 0 || import->bytes > GK_SHEET_MAX_BYTES || gk_vault_erased(&import->key))
    return gk_error_plain(pool, GK_E_GONE);
  char *all = apr_palloc(pool, (apr_size_t)import->bytes + 1);
  apr_pool_t *own = act->pool, *piece;
  apr_pool_create(&piece, pool);
  gk_error_t *error = NULL;
  for (int n = 0; error == NULL && at < (apr_size_t)import->bytes; n++) {
    gk_row_import_file_list_t row;
    bool found;
    const char *text = NULL;
    apr_size_t part = 0;
    apr_pool_clear(piece);
    error = gk_db_find(act->db, GK_CALL(import_file_list, .import_id = import->id, .n = n, GK_SCOPE(act)), &found, &row, piece);
    if (error == NULL && !found)
      error = gk_error(own, GK_E_GONE, "文件只保留 24 小时，已经删除：请重新上传",
          "Files are kept for 24 hours and this one is gone: upload it again");
    if (error == NULL)
      error = gk_vault_unseal(&text, &part, &import->key, file_context(import->digest, n, piece), row.key_id, row.body, piece);
    if (error == NULL && (text == NULL || part == 0 || part > (apr_size_t)import->bytes - at))
      error = gk_error_internal(own, GK_E_SEALED, "an import's file is cut or changed");
    if (error == NULL)
      memcpy(all + at, text, part);
    at += part;
  }
  error = gk_error_dup(own, error);
  apr_pool_destroy(piece);
  all[import->bytes] = '\0';
  *bytes = all;
  *length = (apr_size_t)import->bytes;
  return error;
}

gk_error_t *gk_import__settle(bool *kept, gk_act_t *act, const gk_import_t *import, apr_int64_t job_id, const char *state,
                              const gk_error_t *fault)
{
  gk_sealed_t head;
  apr_int64_t changed;
  const char *text = gk_json_text_sorted(import->head, act->pool), *why = NULL;
  GK_TRY(gk_vault_seal(&head, &import->key, head_context(import->digest, act->pool), text, strlen(text), act->pool));
  if (fault != NULL) {
    const gk_error_info_t *info = gk_error_info(fault->code);
    gk_json_t *json = gk_json_object(act->pool);
    gk_json_set_str(json, "code", info->slug);
    gk_json_set_str(json, "zh", fault->zh != NULL ? fault->zh : info->zh);
    gk_json_set_str(json, "en", fault->en != NULL ? fault->en : info->en);
    why = gk_json_text_sorted(json, act->pool);
  }
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(import_settle, .state = state, .key_id = head.key_id, .head = {head.bytes, head.length},
                            .counts = gk_json_text_sorted(import->counts, act->pool), .fault = why,
                            .now_us = gk_core_now(act->core), .id = import->id, .job_id = job_id, GK_SCOPE(act)),
                    &changed, act->pool));
  *kept = changed > 0;
  return NULL;
}

/* ---- rows of the file -------------------------------------------------------------------------------------------- */

static gk_error_t *open_row(gk_import_row_t *out, gk_act_t *act, apr_int64_t import_id, const gk_row_import_row_get_t *row)
{
  gk_vault_key_t key;
  const char *text;
  apr_size_t length;
  gk_json_t *body;
  GK_TRY(gk_vault_open(&key, act->core, &GK_HELD(row), act->pool));
  GK_TRY(gk_vault_unseal(&text, &length, &key, row_context(import_id, row->n, act->pool), row->key_id, row->body, act->pool));
  if (text != NULL)
    GK_TRY(gk_json_parse(&body, text, length, act->pool));
  else /* the candidate was deleted */
    body = gk_json_object(act->pool);
  *out = (gk_import_row_t){.n = row->n,
                           .hidden = gk_json_bool(body, "hidden"),
                           .erased = text == NULL || gk_json_bool(body, "erased"),
                           .verdict = row->verdict,
                           .outcome = row->outcome,
                           .candidate_id = row->candidate_id,
                           .number = gk_json_str(body, "number"),
                           .name = gk_json_str(body, "name"),
                           .values = gk_json_get(body, "values"),
                           .faults = gk_json_get(body, "faults"),
                           .before = gk_json_get(body, "before"),
                           .after = gk_json_get(body, "after"),
                           .undo = gk_json_get(body, "undo")};
  if (gk_json_is_null(out->undo))
    out->undo = NULL;
  gk_json_t **all[] = {&out->values, &out->before, &out->after};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (gk_json_is_null(*all[i]))
      *all[i] = gk_json_object(act->pool);
  if (gk_json_is_null(out->faults))
    out->faults = gk_json_array(act->pool);
  return NULL;
}

gk_error_t *gk_import__row(gk_import_row_t *out, gk_act_t *act, const gk_import_t *import, apr_int64_t n)
{
  gk_row_import_row_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(import_row_get, .import_id = import->id, .n = n, GK_SCOPE(act)), &row, act->pool));
  return open_row(out, act, import->id, &row);
}

gk_error_t *gk_import__seal_row(gk_sealed_t *out, apr_int64_t *key_id, gk_act_t *act, const gk_import_t *import,
                                const gk_import_row_t *row)
{
  gk_vault_key_t key = import->key;
  gk_json_t *body = gk_json_object(act->pool);
  gk_json_set_bool(body, "hidden", row->hidden);
  gk_json_set_str(body, "number", row->number);
  gk_json_set_str(body, "name", row->name);
  gk_json_set(body, "values", row->values);
  gk_json_set(body, "faults", row->faults);
  gk_json_set(body, "before", row->before);
  gk_json_set(body, "after", row->after);
  if (row->undo != NULL)
    gk_json_set(body, "undo", row->undo);
  if (row->erased)
    gk_json_set_bool(body, "erased", true);
  if (row->candidate_id != 0 && !row->erased) /* what is left of an erased one says nothing about anybody */
    GK_TRY(gk_vault_candidate(&key, act, row->candidate_id));
  const char *text = gk_json_text_sorted(body, act->pool);
  *key_id = key.id;
  return gk_vault_seal(out, &key, row_context(import->id, row->n, act->pool), text, strlen(text), act->pool);
}

gk_error_t *gk_import__put_row(bool *kept, gk_act_t *act, const gk_import_t *import, const gk_import_row_t *row, const char *was)
{
  gk_sealed_t sealed;
  apr_int64_t key_id, changed;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_import__seal_row(&sealed, &key_id, act, import, row));
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(import_row_put, .candidate_id = row->candidate_id, .verdict = row->verdict,
                        .bad = gk_import_bad(row->verdict),
                            .outcome = row->outcome, .record_key = key_id, .key_id = sealed.key_id,
                            .body = {sealed.bytes, sealed.length}, .import_id = import->id, .n = row->n, .was = was,
                                GK_SCOPE(act)),
                    &changed, act->pool));
  *kept = changed > 0;
  return NULL;
}

gk_error_t *gk_import__counts(gk_import_t *import, gk_act_t *act)
{
  apr_array_header_t *rows;
  apr_int64_t all = 0, bad = 0;
  GK_TRY(gk_db_list(act->db, GK_CALL(import_counts, .import_id = import->id, GK_SCOPE(act)), &rows, act->pool));
  gk_json_t *counts = gk_json_object(act->pool);
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_import_counts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_import_counts_t);
    gk_json_set_int(counts, row->verdict, gk_json_int(counts, row->verdict) + row->n);
    if (*row->outcome != '\0')
      gk_json_set_int(counts, row->outcome, gk_json_int(counts, row->outcome) + row->n);
    all += row->n;
    bad += gk_import_bad(row->verdict) ? row->n : 0;
  }
  gk_json_set_int(counts, "rows", all);
  gk_json_set_int(counts, "bad", bad);
  static const char *const kept[] = {"hidden", "aside"};
  for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
    gk_json_set_int(counts, kept[i], gk_json_int(import->counts, kept[i]));
  import->counts = counts;
  return NULL;
}

gk_error_t *gk_import_rows(apr_array_header_t **out, apr_int64_t *next, gk_act_t *act, const gk_import_t *import,
    const char *show,
                           apr_int64_t after, int limit)
{
  static const char outcomes[] = " applied failed undone touched ";
  apr_array_header_t *rows;
  bool errors = is(show, "errors");
  bool outcome = show != NULL && strstr(outcomes, apr_pstrcat(act->pool, " ", show, " ", NULL)) != NULL;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(import_row_list, .import_id = import->id, .after = after, .bad = errors,
                            .verdict = show != NULL && !errors && !outcome ? show : "", .outcome = outcome ? show : "",
                            .limit = limit + 1, GK_SCOPE(act)),
                    &rows, act->pool));
  *next = 0;
  *out = apr_array_make(act->pool, rows->nelts, sizeof(gk_import_row_t));
  for (int i = 0; i < rows->nelts && i < limit; i++)
    GK_TRY(open_row(apr_array_push(*out), act, import->id, (const gk_row_import_row_get_t *)&APR_ARRAY_IDX(rows, i,
        gk_row_import_row_list_t)));
  if (rows->nelts > limit)
    *next = APR_ARRAY_IDX(*out, limit - 1, gk_import_row_t).n;
  return NULL;
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static gk_json_t *parsed(const char *text, apr_pool_t *pool)
{
  gk_json_t *json = NULL;
  return text != NULL && gk_json_parse(&json, text, strlen(text), pool) == NULL ? json : NULL;
}

static gk_json_t *targets_json(gk_act_t *act, const char *kind)
{
  gk_json_t *list = gk_json_array(act->pool);
  apr_array_header_t *targets = gk_import_targets(act, kind);
  for (int i = 0; i < targets->nelts; i++) {
    const gk_import_target_t *target = &APR_ARRAY_IDX(targets, i, gk_import_target_t);
    gk_json_t *json = gk_json_object(act->pool);
    gk_json_set_str(json, "id", target->id);
    gk_json_set_str(json, "zh", target->label.zh);
    gk_json_set_str(json, "en", target->label.en);
    gk_json_set_bool(json, "key", target->use == GK_IMPORT_NUMBER || target->use == GK_IMPORT_CANDIDATE_NUMBER
        || target->use == GK_IMPORT_ID);
    gk_json_set_bool(json, "required", target->required);
    gk_json_add(list, json);
  }
  return list;
}

gk_json_t *gk_import_json(const gk_import_t *import, gk_act_t *act, bool whole)
{
  static const char *const heads[] = {"format", "encoding", "separator", "sheets", "sheet", "header_row", "columns"};
  apr_pool_t *pool = act->pool;
  gk_json_t *json = gk_json_object(pool), *org = gk_json_object(pool), *job = gk_json_object(pool);
  gk_json_set_int(json, "id", import->id);
  gk_json_set_str(json, "kind", import->kind);
  gk_json_set_str(json, "state", import->state);
  gk_json_set_str(json, "step", import->step);
  gk_json_set_str(json, "name", gk_json_str(import->head, "name"));
  gk_json_set_str(org, "name", import->org_name);
  gk_json_set(json, "org", org);
  gk_json_set_str(json, "account", import->account);
  gk_json_set_int(json, "bytes", import->bytes);
  gk_json_set_str(json, "sha256", import->digest);
  gk_json_set(json, "counts", import->counts);
  gk_json_set(json, "fault", parsed(import->fault, pool));
  gk_json_set_int(job, "id", import->job_id);
  gk_json_set_str(job, "state", import->job_state);
  gk_json_set_int(job, "done", import->done);
  gk_json_set_int(job, "total", import->total);
  gk_json_set(job, "error", parsed(import->job_error, pool));
  gk_json_set(json, "job", job);
  if (whole) {
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
      gk_json_set(json, heads[i], gk_json_get(import->head, heads[i]));
    gk_json_set(json, "targets", targets_json(act, import->kind));
  }
  gk_json_set_time(json, "created_at", import->created);
  gk_json_set_time(json, "changed_at", import->changed);
  gk_json_set_int(json, "version", import->version);
  return json;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

gk_error_t *gk_import_sweep(gk_core_t *core, gk_db_t *db, apr_pool_t *pool)
{
  apr_time_t now = gk_core_now(core);
  GK_TRY(gk_db_begin(db, pool));
  gk_error_t *error = gk_db_exec(db, GK_CALL(import_files_gone, .before_us = now - GK_IMPORT_FILE_KEEP_US), NULL, pool);
  if (error == NULL)
    error = gk_db_exec(db, GK_CALL(import_rows_gone, .before_us = now - GK_IMPORT_ROWS_KEEP_US), NULL, pool);
  if (error == NULL)
    error = gk_db_exec(db, GK_CALL(import_gone, .before_us = now - GK_IMPORT_ROWS_KEEP_US), NULL, pool);
  if (error == NULL)
    error = gk_db_commit(db, pool);
  if (error != NULL)
    gk_db_rollback(db);
  return error;
}
