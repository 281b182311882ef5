/* Submissions point -> county -> city -> province (W9, P2): what hinders them, numbers, locks, digests,
 * returns. */
#include "domain/part.h"
#include "domain/submission.h"
#include "flow_test.h"

static void open_windows(void)
{
  flow_window("submit_art", "window", "/43/", -1, 100);
  flow_window("submit_all", "window", "/43/", -1, 100);
  flow_window("other_info", "window", "/43/", -1, 100);
}

static apr_int64_t in_state(const char *path, const char *state)
{
  return act_number(apr_psprintf(act_test.pool,
                                 "SELECT count(*) FROM candidate WHERE state = '%s' AND org_path LIKE '%s%%'",
                                 state, path));
}

static gk_error_t *submit(gk_submission_t *out, const gk_principal_t *who, gk_submission_kind_t kind,
                          apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  return act_done(act, gk_submission_create(out, act, kind));
}

static gk_error_t *take(const gk_principal_t *who, const gk_submission_t *submission, apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  gk_submission_t out;
  return act_done(act, gk_submission_accept(&out, act, submission->id, submission->version));
}

static gk_error_t *give_back(const gk_principal_t *who, apr_int64_t id, apr_int64_t version,
                             apr_int64_t org_id, apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  gk_submission_t out;
  return act_done(act, gk_submission_return(&out, act, id, version, "照片有误", org_id));
}

static void what_is_missing_is_listed_by_candidate(apr_pool_t *pool)
{
  gk_submission_t submission;
  gk_check_t check;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  flow_candidate(2, 7, "01020002", "5", "filling");
  flow_candidate(3, 7, "01020003", "1", "confirmed");
  flow_candidate(4, 7, "01020004", "1", "withdrawn");
  act_script("UPDATE candidate SET appraisal_state = 'partial', fee_state = 'due' WHERE id = 3");
  GK_TEST_OK(gk_submission_check(&check, act_of(&who_point, pool), 0, GK_SUBMIT_ALL));
  GK_TEST_INT(check.live, 3);
  GK_TEST_INT(check.incomplete, 2);
  gk_json_t *json = gk_check_json(&check, NULL, 1, pool);
  gk_json_t *first = gk_json_at(gk_json_get(json, "items"), 0);
  GK_TEST_INT(gk_json_int(gk_json_get(first, "candidate"), "id"), 2);
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(first, "missing"), 0), "code"), "not-confirmed");
  GK_TEST_STR(gk_json_str(json, "next"), "2");
  json = gk_check_json(&check, "2", 1, pool);
  first = gk_json_at(gk_json_get(json, "items"), 0);
  GK_TEST_INT(gk_json_int(gk_json_get(first, "candidate"), "id"), 3);
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(first, "missing"), 0), "code"), "fee");
  GK_TEST_STR(gk_json_str(gk_json_at(gk_json_get(first, "missing"), 1), "code"), "appraisal");
  GK_TEST_ERROR(submit(&submission, &who_point, GK_SUBMIT_ALL, pool), GK_E_INCOMPLETE);
  GK_TEST_INT(in_state("/43/", "submitted"), 0);
  GK_TEST_INT(act_number("SELECT count(*) FROM submission"), 0);
  GK_TEST_ERROR(submit(&submission, &who_point, GK_SUBMIT_ART, pool), GK_E_INCOMPLETE); /* nobody */
  GK_TEST_ERROR(gk_submission_check(&check, act_of(&who_point, pool), 8, GK_SUBMIT_ALL), GK_E_NOT_FOUND);
}

static void a_photo_is_asked_for_where_the_pack_says_so(apr_pool_t *pool)
{
  gk_submission_t submission;
  gk_check_t check;
  gk_photo_profile_t *photo = &((gk_pack_t *)act_test.season.pack)->photo;
  const char *before = photo->required;
  static const struct {
    const char *required;
    int art, all;
  } cases[] = {{"no", 0, 0}, {"all", 0, 1}, {"art", 1, 1}, {"confirm", 1, 1}};
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "3", "confirmed"); /* of art: in both submissions */
  GK_TEST_STR(before, "art"); /* the shipped packs: P2 asks for photos with either */
  act_script("UPDATE candidate SET photo_state = 'look' WHERE id = 1");
  GK_TEST_ERROR(submit(&submission, &who_point, GK_SUBMIT_ALL, pool), GK_E_INCOMPLETE);
  GK_TEST_ERROR(submit(&submission, &who_point, GK_SUBMIT_ART, pool), GK_E_INCOMPLETE);
  for (int i = 0; i < 4; i++) {
    int missing[2];
    GK_TEST_CASE("%s", cases[i].required);
    photo->required = cases[i].required;
    for (int all = 0; all < 2; all++) {
      gk_error_t *error = gk_submission_check(&check, act_of(&who_point, pool), 0, all ? GK_SUBMIT_ALL : GK_SUBMIT_ART);
      photo->required = all ? before : photo->required;
      GK_TEST_OK(error);
      missing[all] = check.incomplete;
      if (check.incomplete > 0) {
        const gk_check_item_t *item = &APR_ARRAY_IDX(check.items, 0, gk_check_item_t);
        GK_TEST_STR(APR_ARRAY_IDX(item->missing, 0, gk_missing_t).code, "photo");
      }
    }
    GK_TEST_INT(missing[0], cases[i].art);
    GK_TEST_INT(missing[1], cases[i].all);
  }
  act_script("UPDATE candidate SET photo_state = 'accepted' WHERE id = 1");
  GK_TEST_OK(gk_submission_check(&check, act_of(&who_point, pool), 0, GK_SUBMIT_ART));
  GK_TEST_INT(check.incomplete, 0);
}

static void a_closed_window_submits_nothing(apr_pool_t *pool)
{
  gk_submission_t submission;
  flow_reset();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  flow_window("submit_all", "window", "/43/", 1, 100);
  GK_TEST_ERROR(submit(&submission, &who_point, GK_SUBMIT_ALL, pool), GK_E_WINDOW_CLOSED);
  act_test.now += GK_HOUR;
  GK_TEST_OK(submit(&submission, &who_point, GK_SUBMIT_ALL, pool));
}

static const char *text_of(const char *sql)
{
  apr_pool_t *pool;
  const char *value = NULL;
  apr_pool_create(&pool, act_test.pool);
  act_fatal(gk_db_script_value(store_open(pool), sql, &value, pool));
  value = apr_pstrdup(gk_test.pool, value);
  apr_pool_destroy(pool);
  return value;
}

static void numbers_are_given_once_per_county_and_subject(apr_pool_t *pool)
{
  gk_submission_t first, second;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020003", "5", "confirmed");
  flow_candidate(2, 7, "01020001", "5", "confirmed");
  flow_candidate(3, 7, "01020002", "1", "confirmed");
  flow_candidate(4, 8, "01020009", "5", "confirmed");
  GK_TEST_OK(submit(&first, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_OK(submit(&second, &who_point2, GK_SUBMIT_ALL, pool));
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 2"), "14430102150001");
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 1"), "14430102150002");
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 3"), "14430102110001");
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 4"), "14430102150003");
  GK_TEST_INT(act_number("SELECT version FROM candidate WHERE id = 2"), 2);
  GK_TEST_INT(first.total, 3);
  GK_TEST_STR(first.counts, "{\"1\":1,\"5\":2}");
  const char *lines = "01020001|1|c2\n01020002|1|c3\n01020003|1|c1\n";
  GK_TEST_STR(first.digest, gk_sha256_hex(pool, lines, strlen(lines)));
  /* A second time: the number stays, unless the subject changed. */
  GK_TEST_OK(give_back(&who_county, first.id, first.version, 0, pool));
  GK_TEST_INT(in_state("/43/4301/430102/4301020001/", "confirmed"), 3);
  act_script("UPDATE candidate SET subject = '1' WHERE id = 1");
  GK_TEST_OK(submit(&first, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 2"), "14430102150001");
  GK_TEST_STR(text_of("SELECT candidate_number FROM candidate WHERE id = 1"), "14430102110002");
  GK_TEST_ERROR(submit(&first, &who_point, GK_SUBMIT_ALL, pool), GK_E_CONFLICT);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'submission.create'"), 4);
}

static void serials_are_found_in_numbers(apr_pool_t *pool)
{
  (void)pool;
  const char *format = "{year:2}{division:6}{exam_type:1}{subject:1}{serial:4}";
  GK_TEST_INT(gk_candidate_number_serial(format, "14430102150012"), 12);
  GK_TEST_INT(gk_candidate_number_serial("K{serial:3}-{year:2}", "K007-14"), 7);
  GK_TEST_INT(gk_candidate_number_serial(format, "1443"), 0);
}

/* Everything of the city 4301 submitted and accepted up to the province; the submissions by level. */
static void whole_city(gk_submission_t *points, gk_submission_t *counties, gk_submission_t *city,
                       apr_pool_t *pool)
{
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  flow_candidate(2, 8, "01020101", "1", "confirmed");
  flow_candidate(3, 9, "01030001", "5", "confirmed");
  act_fatal(submit(&points[0], &who_point, GK_SUBMIT_ALL, pool));
  act_fatal(submit(&points[1], &who_point2, GK_SUBMIT_ALL, pool));
  act_fatal(submit(&points[2], &who_point3, GK_SUBMIT_ALL, pool));
  act_fatal(take(&who_county, &points[0], pool));
  act_fatal(take(&who_county, &points[1], pool));
  act_fatal(take(&who_county2, &points[2], pool));
  act_fatal(submit(&counties[0], &who_county, GK_SUBMIT_ALL, pool));
  act_fatal(submit(&counties[1], &who_county2, GK_SUBMIT_ALL, pool));
  act_fatal(take(&who_city, &counties[0], pool));
  act_fatal(take(&who_city, &counties[1], pool));
  act_fatal(submit(city, &who_city, GK_SUBMIT_ALL, pool));
}

static void a_unit_waits_for_those_below(apr_pool_t *pool)
{
  gk_submission_t one, two;
  gk_check_t check;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  flow_candidate(2, 8, "01020101", "1", "confirmed");
  GK_TEST_OK(submit(&one, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_ERROR(submit(&two, &who_county, GK_SUBMIT_ALL, pool), GK_E_INCOMPLETE);
  GK_TEST_OK(gk_submission_check(&check, act_of(&who_county, pool), 0, GK_SUBMIT_ALL));
  GK_TEST_INT(check.children->nelts, 2);
  GK_TEST_STR(APR_ARRAY_IDX(check.children, 0, gk_check_child_t).state, "submitted");
  GK_TEST_STR(APR_ARRAY_IDX(check.children, 1, gk_check_child_t).state, "none");
  GK_TEST_ERROR(take(&who_city, &one, pool), GK_E_FORBIDDEN);
  GK_TEST_ERROR(take(&who_other, &one, pool), GK_E_NOT_FOUND);
  GK_TEST_OK(take(&who_county, &one, pool));
  GK_TEST_ERROR(take(&who_county, &one, pool), GK_E_STALE_VERSION);
  GK_TEST_OK(submit(&two, &who_point2, GK_SUBMIT_ALL, pool));
  GK_TEST_OK(take(&who_county, &two, pool));
  /* Somebody is registered after the point submitted: the county notices. */
  flow_candidate(3, 8, "01020102", "1", "confirmed");
  GK_TEST_ERROR(submit(&two, &who_county, GK_SUBMIT_ALL, pool), GK_E_INCOMPLETE);
  act_script("UPDATE candidate SET state = 'withdrawn' WHERE id = 3");
  GK_TEST_OK(submit(&two, &who_county, GK_SUBMIT_ALL, pool));
  GK_TEST_INT(two.total, 2);
  GK_TEST_STR(two.counts, "{\"1\":1,\"5\":1}");
}

static void the_province_accepts_a_city(apr_pool_t *pool)
{
  gk_submission_t points[3], counties[2], city;
  whole_city(points, counties, &city, pool);
  GK_TEST_INT(city.total, 3);
  GK_TEST_INT(in_state("/43/4301/", "submitted"), 3);
  GK_TEST_OK(take(&who_province, &city, pool));
  GK_TEST_INT(in_state("/43/4301/", "accepted"), 3);
  GK_TEST_INT(act_number("SELECT accepted FROM tally WHERE org_path = '/43/4301/430103/4301030001/'"), 1);
  GK_TEST_INT(act_number("SELECT sum(n) FROM tally_class WHERE state = 'accepted'"), 3);
  gk_submission_t none;
  GK_TEST_ERROR(submit(&none, &who_province, GK_SUBMIT_ALL, pool), GK_E_FORBIDDEN);
}

static void a_return_opens_the_named_point_and_no_other(apr_pool_t *pool)
{
  gk_submission_t points[3], counties[2], city;
  whole_city(points, counties, &city, pool);
  /* From below nothing comes back while the unit above holds it. */
  GK_TEST_ERROR(give_back(&who_county, points[0].id, 2, 0, pool), GK_E_WRONG_STATE);
  GK_TEST_OK(take(&who_province, &city, pool));
  GK_TEST_ERROR(give_back(&who_province, city.id, 1, 7, pool), GK_E_STALE_VERSION);
  GK_TEST_ERROR(give_back(&who_province, city.id, 2, 10, pool), GK_E_INVALID); /* another city's point */
  GK_TEST_OK(give_back(&who_province, city.id, 2, 7, pool));
  GK_TEST_INT(in_state("/43/4301/430102/4301020001/", "confirmed"), 1);
  GK_TEST_INT(in_state("/43/4301/430102/4301020002/", "submitted"), 1);
  GK_TEST_INT(in_state("/43/4301/430103/", "submitted"), 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM submission WHERE state = 'returned'"), 3);
  GK_TEST_INT(act_number("SELECT count(*) FROM submission WHERE state = 'returned' AND org_id IN (2, 4, 7)"),
              3);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE action = 'submission.return' AND object_id > 0"),
              4);
  /* And up again: only the way that was opened. */
  gk_submission_t again;
  GK_TEST_OK(submit(&again, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_OK(take(&who_county, &again, pool));
  GK_TEST_OK(submit(&again, &who_county, GK_SUBMIT_ALL, pool));
  GK_TEST_OK(take(&who_city, &again, pool));
  GK_TEST_OK(submit(&again, &who_city, GK_SUBMIT_ALL, pool));
  GK_TEST_OK(take(&who_province, &again, pool));
  GK_TEST_INT(in_state("/43/4301/", "accepted"), 3);
}

static void a_return_of_one_level_keeps_those_below(apr_pool_t *pool)
{
  gk_submission_t points[3], counties[2], city;
  whole_city(points, counties, &city, pool);
  GK_TEST_OK(give_back(&who_province, city.id, city.version, 0, pool));
  GK_TEST_INT(in_state("/43/4301/", "submitted"), 3);
  GK_TEST_OK(give_back(&who_city, counties[0].id, 2, 0, pool));
  GK_TEST_INT(in_state("/43/4301/", "submitted"), 3);
  GK_TEST_OK(give_back(&who_county, points[0].id, 2, 0, pool));
  GK_TEST_INT(in_state("/43/4301/430102/4301020001/", "confirmed"), 1);
  GK_TEST_INT(in_state("/43/4301/", "submitted"), 2);
}

static gk_error_t *appraise(int id, int version, const gk_principal_t *who, apr_pool_t *pool)
{
  gk_act_t *act = act_of(who, pool);
  gk_candidate_t *candidate;
  gk_part_row_t part;
  apr_array_header_t *verdicts;
  gk_json_t *fields = gk_json_object(pool);
  gk_json_set_str(fields, "appraiser", "刘老师");
  return act_done(act, gk_part_put(&candidate, &part, &verdicts, act, "appraisal", id, version, fields));
}

static void art_goes_first_and_everybody_later(apr_pool_t *pool)
{
  gk_submission_t art, county, city, all;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "3", "confirmed");
  flow_candidate(2, 7, "01020002", "5", "filling");
  act_script("UPDATE candidate SET appraisal_state = 'none', examination_state = 'none' WHERE id = 1");
  GK_TEST_OK(submit(&art, &who_point, GK_SUBMIT_ART, pool));
  GK_TEST_INT(art.total, 1);
  GK_TEST_INT(in_state("/43/", "submitted"), 1);
  GK_TEST_INT(in_state("/43/", "filling"), 1);
  GK_TEST_OK(take(&who_county, &art, pool));
  GK_TEST_OK(submit(&county, &who_county, GK_SUBMIT_ART, pool));
  GK_TEST_OK(take(&who_city, &county, pool));
  GK_TEST_OK(submit(&city, &who_city, GK_SUBMIT_ART, pool));
  GK_TEST_OK(take(&who_province, &city, pool));
  GK_TEST_INT(in_state("/43/", "accepted"), 1);
  /* The parts that everybody needs are still open for the art candidate. */
  GK_TEST_ERROR(submit(&all, &who_point, GK_SUBMIT_ALL, pool), GK_E_INCOMPLETE);
  GK_TEST_OK(appraise(1, 3, &who_point, pool));
  GK_TEST_STR(text_of("SELECT appraisal_state FROM candidate WHERE id = 1"), "partial");
  act_script("UPDATE candidate SET appraisal_state = 'entered', examination_state = 'entered', photo_state = 'accepted', state = "
             "CASE id WHEN 2 "
             "THEN 'confirmed' ELSE state END");
  GK_TEST_OK(submit(&all, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_INT(all.total, 2);
  GK_TEST_ERROR(appraise(1, 4, &who_point, pool), GK_E_WRONG_STATE);
  GK_TEST_ERROR(submit(&art, &who_point, GK_SUBMIT_ART, pool), GK_E_CONFLICT);
  /* Returning everybody leaves the art candidate as it is. */
  GK_TEST_OK(give_back(&who_county, all.id, all.version, 0, pool));
  GK_TEST_INT(in_state("/43/", "accepted"), 1);
  GK_TEST_INT(in_state("/43/", "confirmed"), 1);
}

static void art_does_not_go_back_before_everybody(apr_pool_t *pool)
{
  gk_submission_t art, all;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "3", "confirmed");
  GK_TEST_OK(submit(&art, &who_point, GK_SUBMIT_ART, pool));
  GK_TEST_OK(submit(&all, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_ERROR(give_back(&who_county, art.id, art.version, 0, pool), GK_E_WRONG_STATE);
  GK_TEST_OK(give_back(&who_county, all.id, all.version, 0, pool));
  GK_TEST_INT(in_state("/43/", "submitted"), 1);
  GK_TEST_OK(give_back(&who_county, art.id, art.version, 0, pool));
  GK_TEST_INT(in_state("/43/", "confirmed"), 1);
}

static void a_large_point_goes_in_one_act(apr_pool_t *pool)
{
  gk_submission_t submission;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  act_script(apr_psprintf(pool, "INSERT INTO candidate (id, season_id, org_id, org_path, number, subject, "
                                "art, state, name, school, class, doc, pack_id, "
                                "papers_state, fee_state, fee_fen, review_state, appraisal_state, "
                                "examination_state, grades_state, photo_state, created_us, "
                                "updated_us) WITH RECURSIVE k (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM k "
                                "WHERE i < 2000) SELECT i, season_id, org_id, "
                                "org_path, CAST(1020000 + i AS TEXT), subject, art, state, name, school, "
                                "class, doc, pack_id, papers_state, "
                                "fee_state, fee_fen, review_state, appraisal_state, examination_state, "
                                "grades_state, photo_state, 1, 1 FROM candidate, k"));
  apr_time_t start = apr_time_now();
  GK_TEST_OK(submit(&submission, &who_point, GK_SUBMIT_ALL, pool));
  printf("# %s: 2000 candidates submitted in %d ms\n", store_engine_name(),
         (int)apr_time_as_msec(apr_time_now() - start));
  GK_TEST_INT(submission.total, 2000);
  GK_TEST_INT(in_state("/43/", "submitted"), 2000);
  GK_TEST_INT(act_number("SELECT count(DISTINCT candidate_number) FROM candidate"), 2000);
  GK_TEST_INT(act_number("SELECT submitted FROM tally"), 2000);
  start = apr_time_now();
  GK_TEST_OK(give_back(&who_county, submission.id, submission.version, 0, pool));
  printf("# %s: and unlocked in %d ms\n", store_engine_name(), (int)apr_time_as_msec(apr_time_now() - start));
  GK_TEST_INT(act_number("SELECT confirmed FROM tally"), 2000);
}

/* The audit's newest seal is named on what is printed and signed (DI-6). */
static void a_submission_names_the_audits_anchor(apr_pool_t *pool)
{
  gk_submission_t submission;
  flow_reset();
  open_windows();
  flow_candidate(1, 7, "01020001", "5", "confirmed");
  act_script("DELETE FROM audit_seal");
  GK_TEST_OK(submit(&submission, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_STR(submission.anchor, NULL);
  GK_TEST_OK(give_back(&who_county, submission.id, submission.version, 0, pool));
  act_script("INSERT INTO audit_seal (n, format, row_count, numbers, top, open, root, previous, sealed_us, node, key_id, "
             "signature, digest, marks) VALUES (7, 1, 1, '1', 1, '', '', '', 1, '', '', '', "
             "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', '')");
  GK_TEST_OK(submit(&submission, &who_point, GK_SUBMIT_ALL, pool));
  GK_TEST_STR(submission.anchor, "7:0123456789abcdef");
  GK_TEST_STR(gk_json_str(gk_submission_json(&submission, pool), "audit_anchor"), "7:0123456789abcdef");
  act_script("DELETE FROM audit_seal");
}

int main(void)
{
  gk_test_begin("submission");
  STORE_EACH_ENGINE({
    act_start();
    flow_start();
    GK_TEST_RUN(what_is_missing_is_listed_by_candidate);
    GK_TEST_RUN(a_photo_is_asked_for_where_the_pack_says_so);
    GK_TEST_RUN(a_closed_window_submits_nothing);
    GK_TEST_RUN(numbers_are_given_once_per_county_and_subject);
    GK_TEST_RUN(serials_are_found_in_numbers);
    GK_TEST_RUN(a_unit_waits_for_those_below);
    GK_TEST_RUN(the_province_accepts_a_city);
    GK_TEST_RUN(a_return_opens_the_named_point_and_no_other);
    GK_TEST_RUN(a_return_of_one_level_keeps_those_below);
    GK_TEST_RUN(art_goes_first_and_everybody_later);
    GK_TEST_RUN(art_does_not_go_back_before_everybody);
    GK_TEST_RUN(a_submission_names_the_audits_anchor);
    GK_TEST_RUN(a_large_point_goes_in_one_act);
    act_end();
  });
  return gk_test_end();
}
