/* jobs/pull_manifest.c: what a pull says about itself, signed: counts by county, subject and state, parts with their digests,
 * pack, marks, the audit's anchor. Nobody's data stand in it. The counts are taken in the pull's own snapshot by a statement of
 * their own, and have to agree with what the points handed in and with what was written. */
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "domain/pack.h"
#include "domain/paths.h"
#include "jobs/pull_internal.h"
#include "jobs/xml_signature.h"

#define NAMESPACE "urn:gaokao:manifest:1"

/* A county, or whatever unit points lie below. */
typedef struct unit_t {
  const char *path;
  apr_int64_t records, submitted;
  apr_array_header_t *counts; /* count_t */
} unit_t;

typedef struct count_t {
  const char *subject, *state;
  apr_int64_t n;
} count_t;

static const char *above(const char *point, apr_pool_t *pool)
{
  gk_paths_t paths = gk_paths_of(point, pool);
  return paths.at[paths.levels >= 2 ? paths.levels - 2 : 0];
}

static unit_t *unit_of(apr_array_header_t *units, apr_hash_t *by_path, const char *point, apr_pool_t *pool)
{
  const char *path = above(point, pool);
  unit_t *unit = apr_hash_get(by_path, path, APR_HASH_KEY_STRING);
  if (unit == NULL) {
    unit = apr_pcalloc(pool, sizeof(*unit));
    *unit = (unit_t){.path = path, .counts = apr_array_make(pool, 16, sizeof(count_t))};
    APR_ARRAY_PUSH(units, unit_t *) = unit;
    apr_hash_set(by_path, path, APR_HASH_KEY_STRING, unit);
  }
  return unit;
}

static void add_count(unit_t *unit, const char *subject, const char *state, apr_int64_t n)
{
  unit->records += n;
  for (int i = 0; i < unit->counts->nelts; i++) {
    count_t *count = &APR_ARRAY_IDX(unit->counts, i, count_t);
    if (strcmp(count->subject, subject) == 0 && strcmp(count->state, state) == 0) {
      count->n += n;
      return;
    }
  }
  APR_ARRAY_PUSH(unit->counts, count_t) = (count_t){subject, state, n};
}

/* ---- what was handed in ---------------------------------------------------------------------------------- */

/* "POINT|SUBJECT" -> apr_int64_t *: candidates of the open submissions, `all` before `art`. */
static gk_error_t *load_submitted(apr_hash_t **out, gk_act_t *act, const gk_export_plan_t *plan)
{
  apr_array_header_t *rows;
  const char *last = "";
  *out = apr_hash_make(act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(pull_submissions, .season_id = act->season->id, .scope_lo = plan->scope_lo,
                            .scope_hi = plan->scope_hi),
                    &rows, act->pool));
  for (int i = 0; i < rows->nelts; i++) { /* by path; of one path `all` comes first */
    const gk_row_pull_submissions_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_submissions_t);
    gk_json_t *counts;
    if (strcmp(row->org_path, last) == 0)
      continue;
    last = row->org_path;
    GK_TRY(gk_json_parse(&counts, row->counts, strlen(row->counts), act->pool));
    for (gk_json_iter_t it = gk_json_first(counts); it.key != NULL; gk_json_next(&it)) {
      apr_int64_t *n = apr_palloc(act->pool, sizeof(*n));
      *n = gk_json_int_value(it.value);
      apr_hash_set(*out, apr_pstrcat(act->pool, row->org_path, "|", it.key, NULL), APR_HASH_KEY_STRING, n);
    }
  }
  return NULL;
}

static gk_error_t *differs(gk_act_t *act, const char *key, apr_int64_t submitted, apr_int64_t held)
{
  const char *bar = strchr(key, '|');
  const char *path = apr_pstrmemdup(act->pool, key, (apr_size_t)(bar - key));
  return gk_error(act->pool, GK_E_CONFLICT,
                  "报名点 %s 科类 %s：上报 %" APR_INT64_T_FMT " 人，库中已上报和已接收 %" APR_INT64_T_FMT " 人，不相符；请先查明原因",
                  "Point %s, subject %s: %" APR_INT64_T_FMT " were handed in, %" APR_INT64_T_FMT
                  " records are submitted or accepted: find out why first",
                  gk_path_code(path, act->pool), bar + 1, submitted, held);
}

/* Every point's records that are submitted or accepted are exactly those it handed in. */
static gk_error_t *reconcile(apr_hash_t *submitted, gk_act_t *act, const gk_export_plan_t *plan)
{
  apr_array_header_t *rows;
  apr_hash_t *held = apr_hash_make(act->pool);
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(pull_counts, .season_id = act->season->id, .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi,
                            .state_1 = "submitted", .state_2 = "accepted"),
                    &rows, act->pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_pull_counts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_counts_t);
    const char *key = apr_pstrcat(act->pool, row->org_path, "|", row->subject, NULL);
    apr_int64_t *n = apr_hash_get(held, key, APR_HASH_KEY_STRING);
    if (n == NULL) {
      n = apr_pcalloc(act->pool, sizeof(*n));
      apr_hash_set(held, key, APR_HASH_KEY_STRING, n);
    }
    *n += row->n;
  }
  for (int side = 0; side < 2; side++) {
    apr_hash_t *mine = side == 0 ? held : submitted, *theirs = side == 0 ? submitted : held;
    for (apr_hash_index_t *at = apr_hash_first(act->pool, mine); at != NULL; at = apr_hash_next(at)) {
      const char *key = apr_hash_this_key(at);
      const apr_int64_t *a = apr_hash_this_val(at), *b = apr_hash_get(theirs, key, APR_HASH_KEY_STRING);
      apr_int64_t other = b != NULL ? *b : 0;
      if (*a != other)
        return differs(act, key, side == 0 ? other : *a, side == 0 ? *a : other);
    }
  }
  return NULL;
}

/* ---- the document ---------------------------------------------------------------------------------------- */

static const char *number(apr_int64_t n, apr_pool_t *pool) { return apr_psprintf(pool, "%" APR_INT64_T_FMT, n); }

static void attribute(apr_array_header_t *text, const char *name, const char *value, apr_pool_t *pool)
{
  if (value != NULL)
    APR_ARRAY_PUSH(text, const char *) = apr_pstrcat(pool, " ", name, "=\"", gk_xml_escape(pool, value), "\"", NULL);
}

static void put(apr_array_header_t *text, const char *words) { APR_ARRAY_PUSH(text, const char *) = words; }

static void put_units(apr_array_header_t *text, const apr_array_header_t *units, apr_pool_t *pool)
{
  const char *city = "";
  for (int i = 0; i < units->nelts; i++) {
    const unit_t *unit = APR_ARRAY_IDX(units, i, const unit_t *);
    const char *mine = above(unit->path, pool);
    if (strcmp(mine, city) != 0) {
      put(text, city[0] != '\0' ? "    </city>\n    <city" : "    <city");
      attribute(text, "code", gk_path_code(mine, pool), pool);
      put(text, ">\n");
      city = mine;
    }
    put(text, "      <county");
    attribute(text, "code", gk_path_code(unit->path, pool), pool);
    attribute(text, "records", number(unit->records, pool), pool);
    attribute(text, "submitted", number(unit->submitted, pool), pool);
    put(text, ">\n");
    for (int c = 0; c < unit->counts->nelts; c++) {
      const count_t *count = &APR_ARRAY_IDX(unit->counts, c, count_t);
      put(text, "        <count");
      attribute(text, "subject", count->subject, pool);
      attribute(text, "state", count->state, pool);
      attribute(text, "records", number(count->n, pool), pool);
      put(text, "/>\n");
    }
    put(text, "      </county>\n");
  }
  if (city[0] != '\0')
    put(text, "    </city>\n");
}

static void put_head(apr_array_header_t *text, gk_act_t *act, const gk_pull_t *pull, const gk_pull__written_t *written)
{
  apr_pool_t *pool = act->pool;
  put(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest xmlns=\"" NAMESPACE "\"");
  attribute(text, "pull", number(pull->id, pool), pool);
  attribute(text, "season", number(act->season->year, pool), pool);
  attribute(text, "pack", act->season->pack_name, pool);
  attribute(text, "packVersion", act->season->pack_version, pool);
  attribute(text, "packSha256", act->season->pack_digest, pool);
  attribute(text, "content", written->since != NULL ? "changes" : "full", pool);
  attribute(text, "scope", pull->org_code, pool);
  attribute(text, "kind", pull->art ? "art" : "all", pool);
  attribute(text, "states", pull->states, pool);
  attribute(text, "encoding", pull->encoding, pool);
  attribute(text, "compression", pull->compression, pool);
  attribute(text, "generated", gk_time_text(pool, act->now), pool);
  attribute(text, "mark", written->mark, pool);
  attribute(text, "since", written->since, pool);
  attribute(text, "auditAnchor", written->anchor, pool);
  attribute(text, "records", number(written->records, pool), pool);
  attribute(text, "withdrawn", number(written->withdrawn, pool), pool);
  if (pull->photos)
    attribute(text, "photos", number(written->photos, pool), pool);
  attribute(text, "contentSha256", written->content, pool);
  put(text, ">\n  <database");
  attribute(text, "timeline", number(written->sight->timeline, pool), pool);
  attribute(text, "snapshot", written->sight->snapshot, pool);
  put(text, "/>\n");
}

static void put_parts(apr_array_header_t *text, gk_act_t *act, const gk_pull_t *pull, const gk_pull__written_t *written)
{
  apr_pool_t *pool = act->pool;
  put(text, "  <parts");
  attribute(text, "count", number(written->parts->nelts, pool), pool);
  attribute(text, "bytes", number(written->bytes, pool), pool);
  put(text, ">\n");
  for (int i = 0; i < written->parts->nelts; i++) {
    const gk_pull_part_t *part = &APR_ARRAY_IDX(written->parts, i, gk_pull_part_t);
    put(text, "    <part");
    attribute(text, "n", number(part->n, pool), pool);
    attribute(text, "name", gk_pull_part_name(pull, act->season->year, part, pool), pool);
    attribute(text, "bytes", number(part->bytes, pool), pool);
    attribute(text, "records", number(part->records, pool), pool);
    attribute(text, "withdrawn", number(part->withdrawn, pool), pool);
    if (part->photos > 0)
      attribute(text, "photos", number(part->photos, pool), pool);
    attribute(text, "sha256", part->digest, pool);
    put(text, "/>\n");
  }
  put(text, "  </parts>\n");
}

gk_error_t *gk_pull__manifest(const char **xml, gk_act_t *act, const gk_pull_t *pull, const gk_export_plan_t *plan,
                              const gk_pull__written_t *written)
{
  apr_pool_t *pool = act->pool;
  apr_array_header_t *rows, *units = apr_array_make(pool, 128, sizeof(unit_t *));
  apr_array_header_t *text = apr_array_make(pool, 1024, sizeof(const char *));
  apr_hash_t *submitted, *by_path = apr_hash_make(pool);
  apr_int64_t present = 0, handed_in = 0;
  GK_TRY(load_submitted(&submitted, act, plan));
  GK_TRY(reconcile(submitted, act, plan));
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(pull_counts, .season_id = act->season->id, .scope_lo = plan->scope_lo, .scope_hi = plan->scope_hi,
                            .art = plan->art, .state_1 = plan->state_1, .state_2 = plan->state_2, .any = plan->any),
                    &rows, pool));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_pull_counts_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_counts_t);
    add_count(unit_of(units, by_path, row->org_path, pool), row->subject, row->state, row->n);
    present += row->n;
  }
  for (apr_hash_index_t *at = apr_hash_first(pool, submitted); at != NULL; at = apr_hash_next(at)) {
    const char *key = apr_hash_this_key(at), *bar = strchr(key, '|');
    const char *path = above(apr_pstrmemdup(pool, key, (apr_size_t)(bar - key)), pool);
    unit_t *unit = apr_hash_get(by_path, path, APR_HASH_KEY_STRING);
    const apr_int64_t *n = apr_hash_this_val(at);
    if (unit != NULL)
      unit->submitted += *n;
    handed_in += *n;
  }
  if (written->since == NULL && present != written->records)
    return gk_error(act->pool, GK_E_CONFLICT,
                    "快照中有 %" APR_INT64_T_FMT " 名考生，写出 %" APR_INT64_T_FMT " 名，不相符（可能有已删除的记录）",
                    "The snapshot holds %" APR_INT64_T_FMT " candidates, %" APR_INT64_T_FMT
                    " were written: they differ (are there erased records?)", present, written->records);
  put_head(text, act, pull, written);
  put_parts(text, act, pull, written);
  put(text, "  <counts");
  attribute(text, "records", number(present, pool), pool);
  attribute(text, "submitted", number(handed_in, pool), pool);
  if (pull->photos)
    attribute(text, "photos", number(written->photos_held, pool), pool);
  put(text, ">\n");
  put_units(text, units, pool);
  put(text, "  </counts>\n</manifest>");
  return gk_xml_sign(xml, apr_array_pstrcat(pool, text, '\0'), "manifest", gk_core_keys(act->core), pool);
}
