/* The calendar's acts, other information, progress and the audit as it is read, on both engines. */
#include "domain/audit_view.h"
#include "domain/calendar.h"
#include "domain/part.h"
#include "domain/progress.h"
#include "flow_test.h"

/* ---- calendar ------------------------------------------------------------------------------------------ */

static gk_error_t *set(gk_window_t *out, const gk_principal_t *who, gk_window_kind_t kind, int org_id,
                       int candidate_id, int opens_h, int closes_h, apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  gk_window_wish_t wish = {.action = "fill", .kind = kind, .org_id = org_id, .candidate_id = candidate_id,
                           .opens = ACT_NOW + opens_h * GK_HOUR, .closes = ACT_NOW + closes_h * GK_HOUR,
                           .reason = kind == GK_EXTENSION ? "停电" : NULL};
  return act_done(act, gk_window_create(out, act, &wish));
}

static bool open_at(int hour, int point, int candidate_id, apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  act->now = ACT_NOW + hour * GK_HOUR;
  gk_error_t *error = gk_calendar_check(act, "fill", flow_path(point), candidate_id);
  if (error != NULL && error->code != GK_E_WINDOW_CLOSED)
    act_fatal(error);
  return error == NULL;
}

static void each_level_sets_what_is_its_own(apr_pool_t *pool)
{
  gk_window_t row;
  flow_reset();
  flow_candidate(1, 7, "01020001", "5", "filling");
  GK_TEST_ERROR(set(&row, &who_city, GK_WINDOW, 2, 0, -10, 20, pool), GK_E_FORBIDDEN);
  GK_TEST_ERROR(set(&row, &who_city, GK_SLOT, 4, 0, 0, 5, pool), GK_E_INVALID); /* no window yet */
  GK_TEST_ERROR(set(&row, &who_province, GK_WINDOW, 7, 0, -10, 20, pool), GK_E_INVALID); /* a point's */
  GK_TEST(!open_at(0, 7, 0, pool));
  GK_TEST_OK(set(&row, &who_province, GK_WINDOW, 0, 0, -10, 20, pool));
  GK_TEST_STR(row.org_path, "/43/");
  GK_TEST(open_at(0, 7, 0, pool) && open_at(19, 10, 0, pool) && !open_at(20, 7, 0, pool));
  /* Slots: below one's own unit, within what is open. */
  GK_TEST_ERROR(set(&row, &who_city, GK_SLOT, 2, 0, 0, 5, pool), GK_E_FORBIDDEN);
  GK_TEST_ERROR(set(&row, &who_city, GK_SLOT, 6, 0, 0, 5, pool), GK_E_NOT_FOUND);
  GK_TEST_ERROR(set(&row, &who_city, GK_SLOT, 4, 0, 10, 30, pool), GK_E_INVALID);
  GK_TEST_OK(set(&row, &who_city, GK_SLOT, 4, 0, 0, 5, pool));
  GK_TEST(open_at(4, 7, 0, pool) && !open_at(6, 7, 0, pool) && open_at(6, 9, 0, pool));
  GK_TEST_ERROR(set(&row, &who_county, GK_SLOT, 7, 0, 4, 8, pool), GK_E_INVALID); /* beyond the city's slot */
  GK_TEST_OK(set(&row, &who_county, GK_SLOT, 7, 0, 1, 3, pool));
  GK_TEST(!open_at(0, 7, 0, pool) && open_at(2, 7, 0, pool) && open_at(4, 8, 0, pool));
  /* Extensions: with a reason, within the level's reach. */
  GK_TEST_ERROR(set(&row, &who_county, GK_EXTENSION, 4, 0, 5, 6, pool), GK_E_FORBIDDEN);
  GK_TEST_ERROR(set(&row, &who_point, GK_EXTENSION, 7, 0, 5, 6, pool), GK_E_FORBIDDEN);
  GK_TEST_ERROR(set(&row, &who_county, GK_EXTENSION, 7, 0, 3, 24 * 4, pool), GK_E_INVALID);
  GK_TEST_OK(set(&row, &who_county, GK_EXTENSION, 7, 0, 3, 24, pool));
  GK_TEST(open_at(23, 7, 0, pool));
  GK_TEST_ERROR(set(&row, &who_county, GK_EXTENSION, 0, 999, 3, 24, pool), GK_E_NOT_FOUND);
  GK_TEST_OK(set(&row, &who_county, GK_EXTENSION, 0, 1, 3, 48, pool));
  GK_TEST_STR(row.number, "01020001");
  GK_TEST(open_at(40, 7, 1, pool) && !open_at(40, 7, 2, pool) && !open_at(40, 7, 0, pool));
}

static void what_was_set_from_above_stays(apr_pool_t *pool)
{
  gk_window_t slot, row;
  gk_act_t *county = act_of(&who_county, pool), *city = act_of(&who_city, pool);
  flow_reset();
  act_script(
      "INSERT INTO account (id, realm, login, role, org_id, org_path, created_us, updated_us) VALUES "
      "(101, 'staff', 'p', 'province', 1, '/43/', 1, 1), (102, 'staff', 'c', 'city', 2, '/43/4301/', 1, 1), "
      "(103, 'staff', 'n', 'county', 4, '/43/4301/430102/', 1, 1)");
  GK_TEST_OK(set(&row, &who_province, GK_WINDOW, 0, 0, -10, 20, pool));
  GK_TEST_OK(set(&slot, &who_city, GK_SLOT, 7, 0, 0, 5, pool));
  GK_TEST_ERROR(act_done(county, gk_window_delete(county, slot.id, slot.version)), GK_E_FORBIDDEN);
  GK_TEST_ERROR(
      act_done(county, gk_window_update(&row, county, slot.id, slot.version, 0, ACT_NOW + 9 * GK_HOUR, NULL)),
      GK_E_FORBIDDEN);
  /* A slot of one's own can't widen it either. */
  GK_TEST_ERROR(set(&row, &who_county, GK_SLOT, 7, 0, 6, 8, pool), GK_E_INVALID);
  GK_TEST_OK(set(&row, &who_county, GK_SLOT, 7, 0, 2, 4, pool));
  GK_TEST_ERROR(act_done(city, gk_window_update(&row, city, slot.id, 7, 0, ACT_NOW + 9 * GK_HOUR, NULL)),
                GK_E_STALE_VERSION);
  GK_TEST_OK(
      act_done(city, gk_window_update(&row, city, slot.id, slot.version, 0, ACT_NOW + 9 * GK_HOUR, NULL)));
  GK_TEST_INT(row.version, 2);
  GK_TEST_OK(act_done(city, gk_window_delete(city, slot.id, 2)));
  GK_TEST_ERROR(act_done(city, gk_window_delete(city, slot.id, 2)), GK_E_NOT_FOUND);
  apr_array_header_t *rows;
  GK_TEST_OK(gk_windows_list(&rows, act_of(&who_point, pool), "fill", 0, 0, 10));
  GK_TEST_INT(rows->nelts, 2); /* the province's, and the county's for it */
  GK_TEST_OK(gk_windows_list(&rows, act_of(&who_other, pool), NULL, 0, 0, 10));
  GK_TEST_INT(rows->nelts, 1);
  GK_TEST_INT(
      act_number("SELECT count(*) FROM audit WHERE object_kind = 'window' AND action = 'window.delete'"), 1);
}

static void the_public_sees_the_provinces_times(apr_pool_t *pool)
{
  gk_json_t *state;
  flow_reset();
  flow_window("fill", "window", "/43/", -1, 10);
  flow_window("fill", "window", "/43/4301/", 2, 12);
  GK_TEST_OK(gk_calendar_state(&state, act_of(&who_public, pool)));
  GK_TEST_INT(gk_json_size(state), gk_calendar_action_count);
  gk_json_t *fill = gk_json_at(state, 3);
  GK_TEST_STR(gk_json_str(fill, "action"), "fill");
  GK_TEST_STR(gk_json_str(fill, "state"), "open");
  GK_TEST_OK(gk_calendar_state(&state, act_of(&who_city, pool)));
  GK_TEST_STR(gk_json_str(gk_json_at(state, 3), "state"), "before");
  GK_TEST_STR(gk_json_str(gk_json_at(state, 0), "state"), "none");
}

/* ---- parts --------------------------------------------------------------------------------------------- */

static gk_json_t *fields_of(apr_pool_t *pool, const char *text)
{
  gk_json_t *json = NULL;
  act_fatal(gk_json_parse(&json, text, strlen(text), pool));
  return json;
}

static gk_error_t *put(gk_part_row_t *part, const gk_principal_t *who, const char *kind, int version,
                       const char *fields, apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  gk_candidate_t *candidate;
  apr_array_header_t *verdicts;
  return act_done(act,
                  gk_part_put(&candidate, part, &verdicts, act, kind, 1, version, fields_of(pool, fields)));
}

static void a_part_is_entered_field_by_field(apr_pool_t *pool)
{
  gk_part_row_t part;
  flow_reset();
  flow_window("other_info", "window", "/43/", -1, 100);
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  GK_TEST_OK(put(&part, &who_point, "appraisal", 1, "{\"conduct\":\"1\",\"appraiser\":\" 刘老师 \"}", pool));
  GK_TEST_STR(part.state, "partial");
  GK_TEST_STR(gk_document_get(part.fields, "appraiser"), "刘老师");
  GK_TEST_ERROR(put(&part, &who_point, "appraisal", 1, "{\"conduct\":\"2\"}", pool), GK_E_STALE_VERSION);
  gk_error_t *error =
      put(&part, &who_point, "appraisal", 2, "{\"remark\":\"短\",\"conduct\":\"77\",\"other\":\"x\"}", pool);
  GK_TEST(error != NULL && error->code == GK_E_INVALID);
  GK_TEST_INT(error->violations->nelts, 3);
  GK_TEST_INT(act_number("SELECT version FROM candidate WHERE id = 1"), 2);
  GK_TEST_OK(put(&part, &who_point, "appraisal", 2,
                 "{\"remark\":\"该生品行端正，学习努力，团结同学。\",\"appraised_on\":\"2013-11-01\"}", pool));
  GK_TEST_STR(part.state, "entered");
  GK_TEST_STR(gk_document_get(part.fields, "conduct"), "1");
  GK_TEST_INT(
      act_number(
          "SELECT count(*) FROM candidate WHERE id = 1 AND appraisal_state = 'entered' AND version = 3"),
      1);
  GK_TEST_ERROR(put(&part, &who_point, "grades", 3, "{\"special_score\":\"300\"}", pool),
                GK_E_INVALID); /* not the point's */
  GK_TEST_ERROR(put(&part, &who_point2, "appraisal", 3, "{}", pool), GK_E_NOT_FOUND);
  act_test.now += 101 * GK_HOUR;
  GK_TEST_ERROR(put(&part, &who_point, "appraisal", 3, "{\"conduct\":\"2\"}", pool), GK_E_WINDOW_CLOSED);
}

static gk_error_t *decide(gk_part_row_t *part, int version, bool approve, const char *reason,
                          const char *fields, apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_county, pool);
  gk_candidate_t *candidate;
  return act_done(act, gk_part_decide(&candidate, part, act, 1, version, approve, reason,
                                      fields != NULL ? fields_of(pool, fields) : NULL));
}

static void a_bonus_is_decided_by_the_county(apr_pool_t *pool)
{
  static const char full[] = "{\"bonus_code\":\"%s\",\"points\":\"10\",\"published_from\":\"2013-11-02\","
                             "\"published_to\":\"2013-11-20\"}";
  gk_part_row_t part;
  flow_reset();
  flow_window("other_info", "window", "/43/", -1, 100);
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  const gk_table_t *table = gk_pack_table(act_test.season.pack, "bonus");
  const char *fields = apr_psprintf(pool, full, APR_ARRAY_IDX(table->rows, 0, gk_table_row_t).code);
  GK_TEST_ERROR(decide(&part, 1, true, NULL, NULL, pool), GK_E_WRONG_STATE);
  GK_TEST_OK(put(&part, &who_point, "bonus", 1, "{\"evidence\":\"烈士子女证\"}", pool));
  GK_TEST_STR(part.state, "partial");
  GK_TEST_ERROR(decide(&part, 2, true, NULL, NULL, pool), GK_E_INCOMPLETE);
  GK_TEST_ERROR(decide(&part, 2, false, NULL, NULL, pool), GK_E_INVALID);
  GK_TEST_OK(decide(&part, 2, true, NULL, fields, pool));
  GK_TEST_STR(part.state, "approved");
  GK_TEST_STR(gk_json_str(part.decision, "verdict"), "approve");
  GK_TEST_OK(put(&part, &who_point, "bonus", 3, "{\"evidence\":\"烈士子女证\"}", pool)); /* nothing new */
  GK_TEST_STR(part.state, "approved");
  GK_TEST_OK(put(&part, &who_point, "bonus", 4, "{\"evidence\":\"另一份\"}", pool));
  GK_TEST_STR(part.state, "entered");
  GK_TEST(part.decision == NULL);
  GK_TEST_OK(decide(&part, 5, false, "材料不实", NULL, pool));
  GK_TEST_INT(
      act_number("SELECT count(*) FROM candidate WHERE id = 1 AND bonus_state = 'refused' AND version = 6"),
      1);
  apr_array_header_t *parts;
  gk_candidate_t *candidate;
  gk_act_t *act = act_of(&who_county, pool);
  GK_TEST_OK(act_done(act, gk_parts_read(&parts, &candidate, act, 1)));
  GK_TEST_INT(parts->nelts, 4);
  GK_TEST_STR(APR_ARRAY_IDX(parts, 3, gk_part_row_t).state, "refused");
  GK_TEST_INT(
      act_number(
          "SELECT count(*) FROM audit WHERE action = 'candidate.read' AND object_id = 1 AND actor_id = 103"),
      1);
}

/* ---- progress ------------------------------------------------------------------------------------------ */

static apr_int64_t count_where(const char *condition)
{
  return act_number(apr_psprintf(act_test.pool, "SELECT count(*) FROM candidate WHERE %s", condition));
}

/* The tally says what a plain count says, for each unit, subject and state. */
static void check_against_plain_count(const gk_json_t *counts, const char *path)
{
  gk_json_t *states = gk_json_get(counts, "states"), *subjects = gk_json_get(counts, "subjects");
  apr_int64_t all = 0;
  for (gk_json_iter_t it = gk_json_first(states); it.key != NULL; gk_json_next(&it)) {
    GK_TEST_INT(
        gk_json_int_value(it.value),
        count_where(apr_psprintf(act_test.pool, "state = '%s' AND org_path LIKE '%s%%'", it.key, path)));
    all += gk_json_int_value(it.value);
  }
  GK_TEST_INT(all, count_where(apr_psprintf(act_test.pool, "org_path LIKE '%s%%'", path)));
  for (gk_json_iter_t it = gk_json_first(subjects); it.key != NULL; gk_json_next(&it))
    GK_TEST_INT(gk_json_int_value(it.value),
                count_where(apr_psprintf(act_test.pool,
                                         "subject = '%s' AND state <> 'withdrawn' AND org_path LIKE '%s%%'",
                                         it.key, path)));
  GK_TEST_INT(
      gk_json_int(counts, "total"),
      count_where(apr_psprintf(act_test.pool, "state <> 'withdrawn' AND org_path LIKE '%s%%'", path)));
  GK_TEST_INT(gk_json_int(gk_json_get(counts, "fees"), "count"),
              count_where(apr_psprintf(act_test.pool, "fee_state = 'paid' AND org_path LIKE '%s%%'", path)));
  GK_TEST_INT(
      gk_json_int(gk_json_get(counts, "review"), "passed"),
      count_where(apr_psprintf(act_test.pool, "review_state = 'passed' AND org_path LIKE '%s%%'", path)));
}

static void progress_is_the_plain_count(apr_pool_t *pool)
{
  static const char *const states[] = {"identified", "reviewed",  "filling",  "proofed",
                                       "confirmed",  "submitted", "withdrawn"};
  static const char *const subjects[] = {"1", "5", "3", "9"};
  unsigned random = 7;
  flow_reset();
  for (int i = 1; i <= 60; i++) {
    random = random * 1103515245u + 12345u;
    flow_candidate(i, 7 + (int)(random >> 16) % 4, apr_psprintf(pool, "0102%04d", i),
                   subjects[(random >> 20) % 4], states[(random >> 24) % 7]);
  }
  act_script(
      "UPDATE candidate SET state = 'accepted' WHERE state = 'submitted'; UPDATE candidate SET subject = '8' "
      "WHERE "
      "subject = '9'; UPDATE candidate SET fee_state = 'none', fee_fen = 0 WHERE id < 9; DELETE FROM "
      "confirmation "
      "WHERE candidate_id > 50; DELETE FROM proof WHERE candidate_id > 50; DELETE FROM candidate WHERE id > "
      "50; "
      "UPDATE candidate SET org_id = 7, org_path = '/43/4301/430102/4301020001/' WHERE id IN (11, 12, 13); "
      "UPDATE org SET profile = '{\"estimated\": 20}' WHERE id IN (7, 9)");
  gk_json_t *all, *one;
  GK_TEST_OK(gk_progress(&all, act_of(&who_province, pool), 0, NULL));
  check_against_plain_count(gk_json_get(all, "total"), "/43/");
  GK_TEST_INT(gk_json_int(gk_json_get(all, "total"), "estimated"), 40);
  GK_TEST_INT(gk_json_int(gk_json_get(gk_json_get(all, "total"), "fees"), "fen"),
              act_number("SELECT sum(fee_fen) FROM candidate"));
  GK_TEST_INT(gk_json_size(gk_json_get(all, "items")), 2);
  check_against_plain_count(gk_json_at(gk_json_get(all, "items"), 0), "/43/4301/");
  check_against_plain_count(gk_json_at(gk_json_get(all, "items"), 1), "/43/4302/");
  GK_TEST_OK(gk_progress(&one, act_of(&who_city, pool), 4, NULL));
  check_against_plain_count(gk_json_get(one, "total"), "/43/4301/430102/");
  GK_TEST_INT(gk_json_size(gk_json_get(one, "items")), 2);
  GK_TEST_OK(gk_progress(&one, act_of(&who_point, pool), 0, NULL));
  check_against_plain_count(gk_json_get(one, "total"), flow_path(7));
  GK_TEST_OK(gk_progress(&one, act_of(&who_province, pool), 0, "5"));
  GK_TEST_INT(gk_json_int(gk_json_get(one, "total"), "total"),
              count_where("subject = '5' AND state <> 'withdrawn'"));
  GK_TEST_ERROR(gk_progress(&one, act_of(&who_county, pool), 6, NULL), GK_E_NOT_FOUND);
}

static void classes_come_by_page(apr_pool_t *pool)
{
  gk_json_t *items;
  const char *next;
  flow_reset();
  for (int i = 1; i <= 6; i++)
    flow_candidate(i, 7, apr_psprintf(pool, "0102%04d", i), "5", i < 4 ? "filling" : "confirmed");
  GK_TEST_OK(gk_progress_classes(&items, &next, act_of(&who_point, pool), 0, NULL, 2));
  GK_TEST_INT(gk_json_size(items), 2);
  GK_TEST_STR(gk_json_str(gk_json_at(items, 0), "class"), "高三（0）班");
  GK_TEST_INT(gk_json_int(gk_json_at(items, 0), "total"), 2);
  GK_TEST_INT(gk_json_int(gk_json_get(gk_json_at(items, 0), "states"), "filling"), 1);
  GK_TEST(next != NULL);
  GK_TEST_OK(gk_progress_classes(&items, &next, act_of(&who_point, pool), 0, next, 2));
  GK_TEST_INT(gk_json_size(items), 1);
  GK_TEST(next == NULL);
  GK_TEST_ERROR(gk_progress_classes(&items, &next, act_of(&who_point, pool), 0, "zz", 2), GK_E_INVALID);
  act_script("UPDATE candidate SET class = '高三（9）班', school = '另一所' WHERE id = 1");
  GK_TEST_OK(gk_progress_classes(&items, &next, act_of(&who_county, pool), 0, NULL, 10));
  GK_TEST_INT(gk_json_size(items), 4);
}

/* ---- audit --------------------------------------------------------------------------------------------- */

static void the_audit_is_read_by_object_actor_and_unit(apr_pool_t *pool)
{
  apr_array_header_t *entries;
  gk_act_t *act = act_of(&who_point, pool);
  flow_reset();
  act_script("DELETE FROM audit");
  gk_json_t *before = fields_of(
      pool, "{\"fields\":{\"mobile\":\"13800000217\",\"id_number\":\"430102199601019989\",\"sex\":\"1\"}}");
  gk_json_t *after = fields_of(
      pool, "{\"fields\":{\"mobile\":\"13900000217\",\"id_number\":\"430102199601019989\",\"sex\":\"2\"},"
            "\"state\":\"filling\"}");
  GK_TEST_OK(
      act_done(act, gk_audit(act, "candidate.update", "candidate", 5, 2, flow_path(7), before, after)));
  GK_TEST_OK(act_done(act, gk_audit(act, "candidate.read", "candidate", 5, 2, flow_path(7), NULL, NULL)));
  GK_TEST_OK(act_done(act, gk_audit(act, "notice.create", "notice", 5, 1, flow_path(10), NULL, NULL)));
  gk_audit_filter_t of_object = {.object_kind = "candidate", .object_id = 5};
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_county, pool), &of_object, 10));
  GK_TEST_INT(entries->nelts, 2);
  GK_TEST_STR(APR_ARRAY_IDX(entries, 0, gk_audit_entry_t).action, "candidate.read"); /* newest first */
  gk_json_t *json =
      gk_audit_entry_json(&APR_ARRAY_IDX(entries, 1, gk_audit_entry_t), act_test.season.pack, true, pool);
  GK_TEST_STR(gk_json_text(gk_json_get(json, "changes"), pool),
              "[{\"field\":\"fields.mobile\",\"before\":\"138****0217\",\"after\":\"139****0217\"},"
              "{\"field\":\"fields.sex\",\"before\":\"1\",\"after\":\"2\"},"
              "{\"field\":\"state\",\"before\":null,\"after\":\"filling\"}]");
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_other, pool), &of_object, 10));
  GK_TEST_INT(entries->nelts, 0);
  gk_audit_filter_t of_actor = {.actor_id = 105, .action = "candidate."};
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_province, pool), &of_actor, 10));
  GK_TEST_INT(entries->nelts, 2);
  of_actor.before_seq = APR_ARRAY_IDX(entries, 0, gk_audit_entry_t).seq;
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_province, pool), &of_actor, 10));
  GK_TEST_INT(entries->nelts, 1);
  gk_audit_filter_t all = {.from = ACT_NOW, .to = ACT_NOW + 1};
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_province, pool), &all, 10));
  GK_TEST_INT(entries->nelts, 3);
  all.from++, all.to++;
  GK_TEST_OK(gk_audit_list(&entries, act_of(&who_province, pool), &all, 10));
  GK_TEST_INT(entries->nelts, 0);
}

int main(void)
{
  gk_test_begin("flow");
  STORE_EACH_ENGINE({
    act_start();
    flow_start();
    GK_TEST_RUN(each_level_sets_what_is_its_own);
    GK_TEST_RUN(what_was_set_from_above_stays);
    GK_TEST_RUN(the_public_sees_the_provinces_times);
    GK_TEST_RUN(a_part_is_entered_field_by_field);
    GK_TEST_RUN(a_bonus_is_decided_by_the_county);
    GK_TEST_RUN(progress_is_the_plain_count);
    GK_TEST_RUN(classes_come_by_page);
    GK_TEST_RUN(the_audit_is_read_by_object_actor_and_unit);
    act_end();
  });
  return gk_test_end();
}
