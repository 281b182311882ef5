/* tests/store/flow_test.h: candidates of a store test, put there ready-made, for what happens to them
 * after W7.
 *
 *   flow_start(); after act_start(): the season gets its rules by the built policy_xpath
 *   flow_reset(); at the start of a test: no candidates, submissions, windows
 *   flow_candidate(1, 7, "01020001", "5", "confirmed"); an ordinary candidate with papers, fee, review, parts; who has signed
 *   has an accepted photo too, by the record's word
 */
#ifndef FLOW_TEST_H
#define FLOW_TEST_H

#include "base/text.h"
#include "base/time.h"
#include "plugin/packs.h"
#include "plugin/policy.h"
#include "store/act_test.h"

static gk_principal_t who_point2, who_point3, who_county2;

static inline void flow_start(void)
{
  apr_array_header_t *rows = lab_rows(act_test.pool);
  lab_shipped(rows, "policy_xpath");
  gk_plugins_t *plugins = lab_host(rows, act_test.pool);
  if (plugins == NULL) {
    puts("Bail out! policy_xpath does not start");
    exit(99);
  }
  act_fatal(gk_policy_ruleset(plugins, act_test.season.pack, &act_test.season.rules, act_test.pool));
  who_point2 = act_who(GK_ROLE_POINT, 115, 8, "point", "/43/4301/430102/4301020002/");
  who_point3 = act_who(GK_ROLE_POINT, 116, 9, "point", "/43/4301/430103/4301030001/");
  who_county2 = act_who(GK_ROLE_COUNTY, 113, 5, "county", "/43/4301/430103/");
}

static inline void flow_reset(void)
{
  act_script(
      "DELETE FROM submission; DELETE FROM candidate_part; DELETE FROM confirmation; DELETE FROM proof;"
      "DELETE FROM candidate; DELETE FROM candidate_number_counter; DELETE FROM open_window;"
      "DELETE FROM tally; DELETE FROM tally_class");
  act_test.now = ACT_NOW;
}

static inline const char *flow_path(int point)
{
  return point == 7 ? "/43/4301/430102/4301020001/" : point == 8 ? "/43/4301/430102/4301020002/"
         : point == 9 ? "/43/4301/430103/4301030001/" : "/43/4302/430202/4302020001/";
}

/* `state` confirmed and later: with a confirmation whose digest is "c" and the id. */
static inline void flow_candidate(int id, int point, const char *number, const char *subject,
                                  const char *state)
{
  apr_pool_t *pool;
  apr_pool_create(&pool, act_test.pool);
  const gk_pack_t *pack = act_test.season.pack;
  gk_document_t *document = gk_document_with(packs_candidate(pool, pack, false), "subject", subject, pool);
  if (gk_pack_subject(pack, subject)->art)
    document = gk_document_with(document, "art_major", "1", pool);
  const char *text = gk_document_text(document, pool), *hex = gk_text_hex(pool, text, strlen(text));
  const char *blob = apr_psprintf(pool, store.engine == GK_SQLITE ? "X'%s'" : "'\\x%s'", hex);
  const gk_subject_t *row = gk_pack_subject(pack, subject);
  bool reviewed = strcmp(state, "identified") != 0;
  bool pictured = strcmp(state, "confirmed") == 0 || strcmp(state, "submitted") == 0 || strcmp(state, "accepted") == 0;
  act_script(apr_psprintf(
      pool,
      "INSERT INTO candidate (id, season_id, org_id, org_path, number, subject, art, state, name, school, "
      "class, doc, "
      "pack_id, papers_state, fee_state, fee_fen, review_state, appraisal_state, examination_state, "
      "grades_state, photo_state, "
      "created_us, updated_us) VALUES (%d, 1, %d, '%s', '%s', '%s', %d, '%s', '向晚晴', '浏阳河中学', "
      "'高三（%d）班', %s, 1, "
      "'%s', '%s', %d, '%s', 'entered', 'entered', 'entered', '%s', 1, 1);"
      "INSERT INTO proof (id, candidate_id, version, doc, digest, pack_id, printed_by, printed_us) VALUES "
      "(%d, %d, 1, %s, 'p', 1, 1, 1);"
      "INSERT INTO confirmation (candidate_id, version, proof_id, digest, pack_id, confirmed_by, "
      "confirmed_us) VALUES "
      "(%d, 1, %d, 'c%d', 1, 1, 1)",
      id, point, flow_path(point), number, subject, row->art, state, id % 3, blob,
      reviewed ? "complete" : "none", reviewed ? "paid" : "none", reviewed ? 12000 : 0,
      reviewed ? "passed" : "none", pictured ? "accepted" : "none", id, id, blob, id, id, id));
  apr_pool_destroy(pool);
}

static inline void flow_window(const char *action, const char *kind, const char *path, int opens_h,
                               int closes_h)
{
  act_script(apr_psprintf(
      act_test.pool,
      "INSERT INTO open_window (season_id, action, kind, org_path, opens_us, closes_us, created_us, "
      "updated_us) VALUES (1, '%s', '%s', '%s', %" APR_TIME_T_FMT ", %" APR_TIME_T_FMT ", 1, 1)",
      action, kind, path, ACT_NOW + opens_h * GK_HOUR, ACT_NOW + closes_h * GK_HOUR));
}

#endif
