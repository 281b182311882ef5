/* jobs/pull.c: pulls as their owners see them, marks (pull.h). */
#include "jobs/pull.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "jobs/export.h"
#include "jobs/kinds.h"
#include "jobs/pull_internal.h"
#include "jobs/squeeze.h"

#define ENCODING "UTF-8"

_Static_assert(sizeof(gk_row_pull_get_t) == sizeof(gk_row_pull_list_t), "pull columns");

gk_pull_t gk_pull__of(const gk_row_pull_get_t *row)
{
  return (gk_pull_t){.id = row->id,
                     .season_id = row->season_id,
                     .account_id = row->account_id,
                     .since_id = row->since_id,
                     .part_records = row->part_records,
                     .job_id = row->job_id,
                     .done = row->done,
                     .total = row->total,
                     .pack_id = row->pack_id,
                     .record_key = row->record_key,
                     .records = row->records,
                     .withdrawn = row->withdrawn,
                     .bytes = row->bytes,
                     .parts = row->parts,
                     .accepted = row->accepted,
                     .passed_over = row->passed_over,
                     .version = row->version,
                     .photos = row->photos != 0,
                     .photo_count = row->photo_count,
                     .org_path = row->org_path,
                     .org_code = row->org_code,
                     .state = row->state,
                     .art = row->art != 0,
                     .states = row->states,
                     .encoding = row->encoding,
                     .compression = row->compression,
                     .fault = row->fault,
                     .token = row->token,
                     .mark = row->mark,
                     .snapshot = row->snapshot,
                     .owner = row->owner,
                     .manifest = row->manifest,
                     .digest = row->digest,
                     .created = row->created_us,
                     .ready = row->ready_us,
                     .ended = row->ended_us};
}

/* ---- marks ----------------------------------------------------------------------------------------------- */

static const char *database_word(const gk_export_sight_t *sight, apr_pool_t *pool)
{
  return apr_pstrndup(pool, gk_sha256_hex(pool, sight->database, strlen(sight->database)), 16);
}

const char *gk_pull__mark(const gk_export_sight_t *sight, int year, apr_int64_t id, const char *token, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%d.%s.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%s", year, database_word(sight, pool),
                      sight->timeline, id, token);
}

static gk_error_t *bad_mark(gk_act_t *act, const char *code, const char *zh, const char *en)
{
  gk_error_t *error = NULL;
  gk_violation_text(&error, act->pool, "/since", code, zh, en);
  return error;
}

typedef struct mark_t {
  int year;
  const char *database, *token;
  apr_int64_t timeline, pull;
} mark_t;

/* A decimal number without sign, at most 18 digits. */
static bool number_of(apr_int64_t *out, const char *text)
{
  apr_size_t length = strlen(text);
  if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
    return false;
  *out = apr_atoi64(text);
  return true;
}

static bool read_mark(mark_t *out, const char *text, apr_pool_t *pool)
{
  char *parts[5], *at = apr_pstrdup(pool, text);
  apr_int64_t year;
  for (int i = 0; i < 5; i++) {
    parts[i] = at;
    at = strchr(at, '.');
    if ((at == NULL) != (i == 4))
      return false;
    if (at != NULL)
      *at++ = '\0';
  }
  *out = (mark_t){.database = parts[1], .token = parts[4]};
  if (!number_of(&year, parts[0]) || !number_of(&out->timeline, parts[2]) || !number_of(&out->pull, parts[3]) ||
      strlen(parts[1]) != 16 || strlen(parts[4]) != 8 || year > 9999)
    return false;
  out->year = (int)year;
  return true;
}

gk_error_t *gk_pull__since(gk_pull_t *out, gk_act_t *act, const char *text)
{
  mark_t mark;
  bool found;
  gk_row_pull_get_t row;
  gk_row_pull_newest_t newest;
  gk_export_sight_t sight;
  if (!read_mark(&mark, text, act->pool))
    return bad_mark(act, "mark", "这不是水位标记：请照抄清单 manifest 中的 mark", "This is no mark: copy it from a manifest as it is");
  if (mark.year != act->season->year)
    return gk_error(act->pool, GK_E_WRONG_STATE, "该水位标记属于 %d 年度，当前是 %d 年度：请重新拉取全部数据",
                    "The mark is of the season %d, this is %d: pull everything anew", mark.year, act->season->year);
  GK_TRY(gk_export_store_sight(&sight, act));
  if (strcmp(mark.database, database_word(&sight, act->pool)) != 0)
    return gk_error(act->pool, GK_E_GONE, "该水位标记来自另一个数据库：请重新拉取全部数据",
                    "The mark comes from another database: pull everything anew");
  if (mark.timeline != sight.timeline)
    return gk_error(act->pool, GK_E_GONE, "数据库已切换到新的时间线（%d，标记为 %d）：请重新拉取全部数据",
                    "The database is on another timeline (%d, the mark is of %d): pull everything anew", (int)sight.timeline,
                    (int)mark.timeline);
  GK_TRY(gk_db_get(act->db, GK_CALL(pull_newest), &newest, act->pool));
  if (mark.pull > newest.id)
    return bad_mark(act, "future", "本数据库从未给出这个水位标记（晚于最近一次拉取，或数据库已恢复到更早的时刻）：请重新拉取全部数据",
                    "This database never gave this mark: it is later than its last pull, or the database was set back: "
                    "pull everything anew");
  GK_TRY(gk_db_find(act->db, GK_CALL(pull_get, .id = mark.pull, GK_SCOPE(act)), &found, &row, act->pool));
  if (!found || row.snapshot == NULL || strcmp(row.token, mark.token) != 0)
    return gk_error(act->pool, GK_E_GONE, "数据库中没有该水位标记对应的拉取：请重新拉取全部数据",
                    "The database does not know the pull of this mark: pull everything anew");
  if (row.pack_id != act->season->pack_id)
    return gk_error(act->pool, GK_E_GONE, "政策包在该标记之后换过版本，字段可能不同：请重新拉取全部数据",
                    "The policy pack was changed after this mark, fields may differ: pull everything anew");
  *out = gk_pull__of(&row);
  return NULL;
}

gk_error_t *gk_pull_of_mark(gk_pull_t *out, gk_act_t *act, const char *mark)
{
  GK_TRY(gk_act_season(act));
  return gk_pull__since(out, act, mark);
}

/* ---- asking ---------------------------------------------------------------------------------------------- */

gk_error_t *gk_pull__plan(gk_export_plan_t *plan, gk_act_t *act, const gk_pull_t *pull)
{
  const char *media_type, *extension;
  gk_export_wish_t wish = {
      .filter = {.org = pull->org_code,
                 .art = pull->art,
                 .state = strcmp(pull->states, "default") == 0 ? NULL : pull->states},
      .format = "xml",
      .encoding = pull->encoding};
  return gk_export_prepare(plan, &media_type, &extension, act, &wish);
}

/* What is asked for since a mark is what the mark's pull held. */
static gk_error_t *same_as(gk_pull_t *made, gk_act_t *act, const gk_pull_wish_t *wish, const gk_pull_t *since)
{
  bool differs = (wish->filter.org != NULL && strcmp(wish->filter.org, since->org_code) != 0) ||
                 (wish->kind_given && wish->filter.art != since->art) ||
                 (wish->state_given && strcmp(wish->filter.state, since->states) != 0);
  if (differs)
    return bad_mark(act, "scope", "增量只能与该标记的那次拉取同一范围（org、kind、state）：请去掉这些参数，或拉取全部",
                    "Changes have the scope of the mark's pull (org, kind, state): leave these out, or pull everything");
  made->since_id = since->id;
  made->org_code = since->org_code;
  made->art = since->art;
  made->states = since->states;
  return NULL;
}

static gk_json_t *audit_json(const gk_pull_t *pull, apr_pool_t *pool)
{
  gk_json_t *json = gk_pull_json(pull, NULL, pool);
  gk_json_remove(json, "fault");
  return json;
}

gk_error_t *gk_pull_create(gk_pull_t *out, gk_act_t *act, const gk_pull_wish_t *wish)
{
  gk_export_plan_t plan;
  gk_row_pull_insert_t row;
  gk_job_t job;
  gk_pull_t made = {.art = wish->filter.art,
                    .states = wish->filter.state != NULL ? wish->filter.state : "default",
                    .encoding = wish->encoding != NULL ? wish->encoding : ENCODING,
                    .compression = wish->compression != NULL ? wish->compression : "none",
                    .part_records = wish->part_records > 0 ? wish->part_records : GK_PULL_PART_RECORDS,
                    .photos = wish->photos,
                    .token = gk_random_hex(act->pool, 4)};
  GK_TRY(gk_act_season(act));
  if (wish->since != NULL) {
    gk_pull_t since;
    GK_TRY(gk_pull__since(&since, act, wish->since));
    GK_TRY(same_as(&made, act, wish, &since));
  } else {
    GK_TRY(gk_export_plan(&plan, act, &wish->filter));
    made.org_code = plan.code;
  }
  GK_TRY(gk_pull__plan(&plan, act, &made));
  if (!gk_squeeze_known(made.compression))
    return gk_error(act->pool, GK_E_INVALID, "本服务器没有压缩方式 %s", "This server does not have the compression '%s'",
                    made.compression);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(pull_insert, .season_id = act->season->id, .account_id = act->who->account_id,
                           .since_id = made.since_id, .art = made.art, .states = made.states, .encoding = made.encoding,
                           .compression = made.compression, .part_records = made.part_records, .token = made.token,
                           .now_us = act->now, .photos = made.photos, .org_code = made.org_code, GK_SCOPE(act)),
                   &row, act->pool));
  gk_json_t *args = gk_json_object(act->pool);
  gk_json_set_int(args, "pull", row.id);
  GK_TRY(gk_job_create(&job, act, gk_job_export_pull.name, args));
  GK_TRY(gk_db_exec(act->db, GK_CALL(pull_job, .job_id = job.id, .id = row.id, GK_SCOPE(act)), NULL, act->pool));
  GK_TRY(gk_pull_get(out, act, row.id));
  return gk_audit(act, "export.pull", "export_pull", out->id, out->version, out->org_path, NULL, audit_json(out, act->pool));
}

gk_error_t *gk_pull_get(gk_pull_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_row_pull_get_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(pull_get, .id = id, GK_SCOPE(act)), &row, act->pool));
  *out = gk_pull__of(&row);
  return NULL;
}

gk_error_t *gk_pull_list(apr_array_header_t **pulls, gk_act_t *act, apr_int64_t before, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(pull_list, .season_id = act->season->id, .before = before > 0 ? before : APR_INT64_MAX,
                            .limit = limit, GK_SCOPE(act)),
                    &rows, act->pool));
  *pulls = apr_array_make(act->pool, rows->nelts, sizeof(gk_pull_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*pulls, gk_pull_t) = gk_pull__of((const gk_row_pull_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_pull_list_t));
  return NULL;
}

gk_error_t *gk_pull_parts(apr_array_header_t **parts, gk_act_t *act, const gk_pull_t *pull)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(pull_parts, .pull_id = pull->id, GK_SCOPE(act)), &rows, act->pool));
  *parts = apr_array_make(act->pool, rows->nelts, sizeof(gk_pull_part_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_pull_parts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_parts_t);
    APR_ARRAY_PUSH(*parts, gk_pull_part_t) =
        (gk_pull_part_t){row->n, row->records, row->withdrawn, row->photos, row->bytes, row->digest};
  }
  return NULL;
}

/* ---- showing --------------------------------------------------------------------------------------------- */

const char *gk_pull_part_name(const gk_pull_t *pull, int year, const gk_pull_part_t *part, apr_pool_t *pool)
{
  if (part->photos > 0)
    return apr_psprintf(pool, "photos-%s-%d-%" APR_INT64_T_FMT "-%04d.tar", pull->org_code, year, pull->id, (int)part->n);
  return apr_psprintf(pool, "candidates-%s-%d-%" APR_INT64_T_FMT "-%04d.xml%s", pull->org_code, year, pull->id, (int)part->n,
                      gk_squeeze_suffix(pull->compression));
}

const char *gk_pull_media_type(const gk_pull_t *pull, const gk_pull_part_t *part)
{
  return part->photos > 0 ? "application/x-tar" : gk_squeeze_media_type(pull->compression, "application/xml");
}

static gk_json_t *part_json(const gk_pull_part_t *part, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "n", part->n);
  gk_json_set_int(json, "records", part->records);
  gk_json_set_int(json, "withdrawn", part->withdrawn);
  gk_json_set_int(json, "photos", part->photos);
  gk_json_set_int(json, "bytes", part->bytes);
  gk_json_set_str(json, "sha256", part->digest);
  return json;
}

gk_json_t *gk_pull_json(const gk_pull_t *pull, const apr_array_header_t *parts, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *list = gk_json_array(pool), *fault = NULL;
  bool written = pull->ready != 0;
  gk_json_set_int(json, "id", pull->id);
  gk_json_set_str(json, "state", pull->state);
  gk_json_set_str(json, "content", pull->since_id != 0 ? "changes" : "full");
  gk_json_set_id(json, "since_pull", pull->since_id);
  gk_json_set_str(json, "org", pull->org_code);
  gk_json_set_str(json, "kind", pull->art ? "art" : "all");
  gk_json_set_str(json, "states", pull->states);
  gk_json_set_str(json, "encoding", pull->encoding);
  gk_json_set_str(json, "compression", pull->compression);
  gk_json_set_int(json, "part_records", pull->part_records);
  gk_json_set_id(json, "job_id", pull->job_id);
  gk_json_set_int(json, "done", pull->done);
  gk_json_set_int(json, "total", pull->total);
  gk_json_set_int(json, "records", pull->records);
  gk_json_set_int(json, "withdrawn", pull->withdrawn);
  gk_json_set_bool(json, "photos", pull->photos);
  gk_json_set_int(json, "photo_count", pull->photo_count);
  gk_json_set_int(json, "bytes", pull->bytes);
  gk_json_set_int(json, "part_count", pull->parts);
  gk_json_set_str(json, "mark", pull->mark);
  gk_json_set_str(json, "manifest_sha256", pull->digest);
  if (!written) {
    gk_json_set_null(json, "mark");
    gk_json_set_null(json, "manifest_sha256");
  }
  gk_json_set_int(json, "accepted", pull->accepted);
  gk_json_set_int(json, "passed_over", pull->passed_over);
  gk_json_set_time(json, "created_at", pull->created);
  gk_json_set_time(json, "ready_at", pull->ready);
  gk_json_set_time(json, "ended_at", pull->ended);
  if (strcmp(pull->state, "failed") == 0 && pull->fault != NULL &&
      gk_json_parse(&fault, pull->fault, strlen(pull->fault), pool) == NULL)
    gk_json_set(json, "fault", fault);
  else
    gk_json_set_null(json, "fault");
  if (parts != NULL) {
    for (int i = 0; i < parts->nelts; i++)
      gk_json_add(list, part_json(&APR_ARRAY_IDX(parts, i, gk_pull_part_t), pool));
    gk_json_set(json, "parts", list);
  }
  gk_json_set_int(json, "version", pull->version);
  return json;
}

/* ---- files ----------------------------------------------------------------------------------------------- */

const char *gk_pull__path(const gk_core_t *core, apr_int64_t id, const char *owner, apr_int64_t n, apr_pool_t *pool)
{
  return apr_psprintf(pool, "%s/pull-%" APR_INT64_T_FMT "-%s-%" APR_INT64_T_FMT, gk_core_config(core)->spool_dir, id, owner, n);
}

const char *gk_pull__what(apr_int64_t id, apr_int64_t n, apr_pool_t *pool)
{
  return apr_psprintf(pool, "export.part.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT, id, n);
}

void gk_pull__remove(const gk_core_t *core, apr_int64_t id, const char *owner, apr_int64_t parts, apr_pool_t *pool)
{
  apr_pool_t *scratch;
  apr_pool_create(&scratch, pool);
  for (apr_int64_t n = 0; n <= parts; n++) {
    apr_pool_clear(scratch);
    apr_file_remove(gk_pull__path(core, id, owner, n, scratch), scratch);
  }
  apr_pool_destroy(scratch);
}

gk_error_t *gk_pull_check_ready(const gk_pull_t *pull, apr_pool_t *pool)
{
  if (strcmp(pull->state, "ready") == 0)
    return NULL;
  if (strcmp(pull->state, "writing") == 0)
    return gk_error_retry(gk_error(pool, GK_E_WRONG_STATE, "正在写出，请稍后再取", "It is being written: come back in a moment"),
                          2 * APR_USEC_PER_SEC);
  if (strcmp(pull->state, "failed") == 0)
    return gk_error(pool, GK_E_GONE, "这次拉取没有成功，原因见 fault：请重新建立", "This pull failed, fault says why: start another");
  if (strcmp(pull->state, "acknowledged") == 0)
    return gk_error(pool, GK_E_GONE, "这次拉取已经签收，文件已删除：需要时请重新拉取",
                    "This pull was acknowledged and its files are deleted: pull again");
  return gk_error(pool, GK_E_GONE, "14天内没有签收，文件已删除：请重新拉取",
                  "Nobody acknowledged this pull in 14 days and its files are deleted: pull again");
}

typedef struct range_t {
  apr_int64_t at, from, to;
  gk_sealed_file_fn write;
  void *baton;
} range_t;

static gk_error_t *in_range(void *baton, const char *bytes, apr_size_t length)
{
  range_t *range = baton;
  apr_int64_t begin = range->at, end = begin + (apr_int64_t)length; /* of these bytes; `end` is behind them */
  range->at = end;
  if (end <= range->from || begin > range->to)
    return NULL;
  apr_int64_t skip = range->from > begin ? range->from - begin : 0;
  apr_int64_t stop = range->to + 1 < end ? range->to + 1 - begin : (apr_int64_t)length;
  return range->write(range->baton, bytes + skip, (apr_size_t)(stop - skip));
}

gk_error_t *gk_pull_read(gk_act_t *act, const gk_pull_t *pull, apr_int64_t n, apr_int64_t from, apr_int64_t to,
                         gk_sealed_file_fn write, void *baton)
{
  gk_vault_key_t key = {0, NULL, gk_core_config(act->core)->plain};
  range_t range = {0, from, to, write, baton};
  gk_error_t *error = NULL;
  if (pull->record_key != 0)
    error = gk_vault_by_id(&key, act, pull->record_key);
  if (error == NULL)
    error = gk_sealed_file_read_as(gk_pull__path(act->core, pull->id, pull->owner, n, act->pool), &key,
                                   gk_pull__what(pull->id, n, act->pool), in_range, &range, act->pool);
  if (error != NULL && (error->code == GK_E_NOT_FOUND || error->code == GK_E_GONE) && range.at == 0)
    return gk_error(act->pool, GK_E_GONE, "本机没有这次拉取的文件：请重新拉取", "The files of this pull are not here: pull again");
  return error;
}
