/* Sealed audit on both engines: what is sealed, rows that commit late, two sealers, and that each kind of tampering is named
 * (faults.md DI-5, DI-6, DI-7). */
#include "store/act_test.h"

#include "domain/audit_verify.h"

#define COLUMNS "season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, request_id, key_id, " \
                "body, digest, record_key_id"

static void clean(void)
{
  act_script("DELETE FROM audit; DELETE FROM audit_seal");
  act_script(store.engine == GK_SQLITE ? "DELETE FROM sqlite_sequence WHERE name = 'audit'"
                                       : "ALTER SEQUENCE audit_seq_seq RESTART");
}

/* Leaves `n` rows, each in a transaction of its own. */
static void leave(int n, apr_pool_t *pool)
{
  for (int i = 0; i < n; i++) {
    gk_act_t *act = act_of(&who_county, pool);
    act_fatal(act_done(act, gk_audit(act, "org.update", "org", 7, i + 1, "/43/4301/430102/4301020001/", NULL, NULL)));
  }
}

/* Seals once with a sealer that lives as long as the pool. */
static apr_int64_t seal(apr_pool_t *pool)
{
  void *sealer = NULL;
  apr_int64_t rows = -1;
  bool busy;
  apr_pool_userdata_get(&sealer, "sealer", pool);
  if (sealer == NULL) {
    sealer = gk_sealer_create(pool);
    apr_pool_userdata_setn(sealer, "sealer", NULL, pool);
  }
  act_fatal(gk_audit_seal_next(&rows, &busy, sealer, act_test.core, store_open(pool), pool));
  return rows;
}

static gk_verify_report_t verify(const char *anchor, apr_pool_t *pool)
{
  gk_verify_report_t report;
  gk_verify_wish_t wish = {0};
  if (anchor != NULL && !gk_audit_anchor_parse(anchor, &wish.anchor_n, &wish.anchor_digits, pool))
    act_fatal(gk_error_plain(pool, GK_E_INTERNAL));
  act_fatal(gk_audit_verify(&report, act_test.core, store_open(pool), &wish, pool));
  return report;
}

/* "code seal seq" of the first fault, "" when all is well. */
static const char *first_fault(apr_pool_t *pool)
{
  gk_verify_report_t report = verify(NULL, pool);
  if (report.faults == 0)
    return "";
  const gk_verify_fault_t *fault = &APR_ARRAY_IDX(report.told, 0, gk_verify_fault_t);
  return apr_psprintf(pool, "%s %d %d", fault->code, (int)fault->seal, (int)fault->seq);
}

static const char *text_of(const char *sql, apr_pool_t *pool)
{
  const char *value = NULL;
  act_fatal(gk_db_script_value(store_open(pool), sql, &value, pool));
  return value;
}

/* Three seals over ten rows. */
static void three_seals(apr_pool_t *pool)
{
  clean();
  leave(4, pool);
  GK_TEST_INT(seal(pool), 4);
  leave(3, pool);
  GK_TEST_INT(seal(pool), 3);
  leave(3, pool);
  GK_TEST_INT(seal(pool), 3);
}

static void rows_are_sealed_once(apr_pool_t *pool)
{
  three_seals(pool);
  GK_TEST_INT(seal(pool), 0);
  GK_TEST_STR(text_of("SELECT numbers FROM audit_seal WHERE n = 2", pool), "5-7");
  GK_TEST_STR(first_fault(pool), "");
  gk_verify_report_t report = verify(NULL, pool);
  GK_TEST_INT(report.seals, 3);
  GK_TEST_INT(report.rows, 10);
  GK_TEST_INT(report.waiting, 0);
  leave(2, pool);
  report = verify(NULL, pool);
  GK_TEST_INT(report.waiting, 2);
  GK_TEST_INT(report.faults, 0);
  gk_unsealed_t unsealed;
  act_fatal(gk_audit_unsealed(&unsealed, store_open(pool), pool));
  GK_TEST_INT(unsealed.rows, 2);
  GK_TEST(unsealed.oldest == ACT_NOW);
}

static void more_rows_than_a_seal_takes(apr_pool_t *pool)
{
  clean();
  act_script("INSERT INTO audit (season_id, at_us, actor_id, org_path, action, object_kind, object_id, object_version, "
             "request_id, body, digest) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
             "SELECT 1, i, 1, '/43/', 'org.update', 'org', i, 1, 'r', '', '' FROM n");
  GK_TEST_INT(seal(pool), GK_SEAL_ROWS);
  GK_TEST_INT(seal(pool), 10000 - GK_SEAL_ROWS);
  GK_TEST_INT(seal(pool), 0);
  GK_TEST_STR(first_fault(pool), "");
}

/* ---- tampering (DI-5) -------------------------------------------------------------------------------------- */

static void each_kind_of_tampering(apr_pool_t *pool)
{
  static const char copy[] = "INSERT INTO audit (seq, " COLUMNS ") SELECT %s, " COLUMNS " FROM audit WHERE seq = 6";
  const struct {
    const char *sql, *fault;
  } cases[] = {
      {"UPDATE audit SET seq = seq", ""},
      {"UPDATE audit SET actor_id = 9 WHERE seq = 6", "row-changed 2 6"},
      {"UPDATE audit SET at_us = at_us + 1 WHERE seq = 1", "row-changed 1 1"},
      {"UPDATE audit SET action = 'org.read' WHERE seq = 10", "row-changed 3 10"},
      {"UPDATE audit SET org_path = '/43/' WHERE seq = 5", "row-changed 2 5"},
      {"UPDATE audit SET digest = '' WHERE seq = 5", "row-changed 2 5"},
      {"UPDATE audit SET record_key_id = coalesce(record_key_id, 0) + 1 WHERE seq = 5", "row-changed 2 5"},
      {store.engine == GK_SQLITE ? "UPDATE audit SET body = x'7b7d' WHERE seq = 6"
                                 : "UPDATE audit SET body = '\\x7b7d' WHERE seq = 6", "row-changed 2 6"},
      {"DELETE FROM audit WHERE seq = 6", "row-missing 2 6"},
      {"DELETE FROM audit WHERE seq = 10", "row-missing 3 10"},
      {"UPDATE audit SET seq = 100 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 7; UPDATE audit SET seq = 7 "
       "WHERE seq = 100", "rows-swapped 2 5"},
      {"UPDATE audit SET seq = 100 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 8; UPDATE audit SET seq = 8 "
       "WHERE seq = 100", "row-changed 1 4"},
      {"DELETE FROM audit_seal WHERE n = 2", "seal-missing 2 0"},
      {"DELETE FROM audit_seal WHERE n = 1", "seal-missing 1 0"},
      {"UPDATE audit_seal SET sealed_us = sealed_us + 1 WHERE n = 2", "seal-changed 2 0"},
      {"UPDATE audit_seal SET node = 'x', digest = 'x' WHERE n = 2", "seal-changed 2 0"},
      {"UPDATE audit_seal SET signature = (SELECT signature FROM audit_seal WHERE n = 1) WHERE n = 2",
       "seal-signature 2 0"},
      {"UPDATE audit_seal SET key_id = 'other' WHERE n = 3", "seal-changed 3 0"},
  };
  apr_pool_t *one;
  apr_pool_create(&one, pool);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    apr_pool_clear(one);
    three_seals(one);
    act_script(cases[i].sql);
    const char *found = first_fault(one);
    if (strcmp(found, cases[i].fault) != 0)
      printf("# %s\n", cases[i].sql);
    GK_TEST_STR(found, cases[i].fault);
  }
  three_seals(pool);
  act_script(apr_psprintf(pool, copy, "0"));
  GK_TEST_STR(first_fault(pool), "row-inserted 0 0");
}

/* Whoever changes the marks too still can't make the root fit. */
static void a_row_changed_with_its_mark(apr_pool_t *pool)
{
  three_seals(pool);
  act_script("UPDATE audit SET actor_id = 9 WHERE seq = 6");
  gk_verify_report_t report = verify(NULL, pool);
  GK_TEST_INT(report.faults, 1);
  apr_array_header_t *seals;
  act_fatal(gk_seal_store_list(&seals, store_open(pool), 2, 1, pool));
  gk_audit_seal_t *stored = &APR_ARRAY_IDX(seals, 0, gk_audit_seal_t);
  GK_TEST_INT(stored->marks.length, 3 * GK_MARK_BYTES);
  clean();
  leave(1, pool);
  seal(pool);
  act_script("UPDATE audit SET actor_id = 9");
  const char *before = text_of("SELECT root FROM audit_seal", pool);
  act_script("CREATE TABLE kept AS SELECT * FROM audit_seal; DELETE FROM audit_seal");
  apr_pool_userdata_setn(NULL, "sealer", NULL, pool);
  seal(pool);
  GK_TEST(strcmp(before, text_of("SELECT root FROM audit_seal", pool)) != 0);
  act_script("UPDATE kept SET marks = (SELECT marks FROM audit_seal); DELETE FROM audit_seal; "
             "INSERT INTO audit_seal SELECT * FROM kept; DROP TABLE kept");
  GK_TEST_STR(first_fault(pool), "row-changed 1 0");
}

/* A seal in the middle made anew, signed with the program's own key: the next one does not follow from it. */
static void a_seal_made_anew_breaks_the_chain(apr_pool_t *pool)
{
  three_seals(pool);
  act_script("CREATE TABLE kept_seal AS SELECT * FROM audit_seal WHERE n = 3; CREATE TABLE kept_row AS SELECT * FROM audit "
             "WHERE seq > 7; DELETE FROM audit_seal WHERE n > 1; DELETE FROM audit WHERE seq > 7; "
             "UPDATE audit SET actor_id = 9 WHERE seq = 6");
  GK_TEST_INT(seal(pool), 3);
  act_script("INSERT INTO audit_seal SELECT * FROM kept_seal; INSERT INTO audit SELECT * FROM kept_row; DROP TABLE kept_seal; "
             "DROP TABLE kept_row");
  GK_TEST_STR(first_fault(pool), "seal-chain 3 0");
}

/* ---- anchors (DI-6) ---------------------------------------------------------------------------------------- */

static void a_cut_tail_shows_against_an_anchor(apr_pool_t *pool)
{
  const char *anchor;
  three_seals(pool);
  act_fatal(gk_audit_anchor(&anchor, store_open(pool), pool));
  GK_TEST(strncmp(anchor, "3:", 2) == 0 && strlen(anchor) == 2 + GK_ANCHOR_DIGITS);
  gk_verify_report_t report = verify(anchor, pool);
  GK_TEST_INT(report.faults, 0);
  GK_TEST(report.anchored);
  act_script("DELETE FROM audit WHERE seq > 4; DELETE FROM audit_seal WHERE n > 1");
  GK_TEST_STR(first_fault(pool), "");
  report = verify(anchor, pool);
  GK_TEST_INT(report.faults, 1);
  GK_TEST_STR(APR_ARRAY_IDX(report.told, 0, gk_verify_fault_t).code, "anchor");
  GK_TEST(!report.anchored);
}

static void a_rebuilt_chain_shows_against_an_anchor(apr_pool_t *pool)
{
  const char *anchor;
  three_seals(pool);
  act_fatal(gk_audit_anchor(&anchor, store_open(pool), pool));
  act_script("UPDATE audit SET actor_id = 9 WHERE seq = 6; DELETE FROM audit_seal");
  apr_pool_userdata_setn(NULL, "sealer", NULL, pool);
  GK_TEST_INT(seal(pool), 10);
  GK_TEST_STR(first_fault(pool), ""); /* with the program's own key nothing shows ... */
  anchor = apr_psprintf(pool, "1:%s", anchor + 2);
  gk_verify_report_t report = verify(anchor, pool);
  GK_TEST_INT(report.faults, 1); /* ... but against what left the machine */
  GK_TEST_STR(APR_ARRAY_IDX(report.told, 0, gk_verify_fault_t).code, "anchor");
}

static void only_whole_anchors_are_taken(apr_pool_t *pool)
{
  static const char *const wrong[] = {"", "1", "1:", ":0123456789abcdef", "1:0123456789abcde", "01:0123456789abcdef",
                                      "0:0123456789abcdef", "1:0123456789abcdeg", "-1:0123456789abcdef"};
  apr_int64_t n;
  const char *digits;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    GK_TEST(!gk_audit_anchor_parse(wrong[i], &n, &digits, pool));
  GK_TEST(gk_audit_anchor_parse("17:0123456789ABCDEF", &n, &digits, pool));
  GK_TEST_INT(n, 17);
  GK_TEST_STR(digits, "0123456789abcdef");
}

/* ---- late rows, numbers never used, two sealers (DI-7) ------------------------------------------------------ */

/* A row of a transaction that stays open. It travels with the next statement. */
static gk_act_t *open_row(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_city, pool);
  gk_audit_seal_t last;
  bool found;
  act_fatal(gk_audit(act, "org.update", "org", 1, 1, "/43/", NULL, NULL));
  act_fatal(gk_audit_seal_last(&last, &found, act->db, pool));
  return act;
}

static void rows_that_commit_late(apr_pool_t *pool)
{
  if (store.engine == GK_SQLITE) /* one writer at a time: rows commit in the order of their numbers */
    return;
  apr_pool_t *other;
  apr_pool_create(&other, pool);
  clean();
  leave(2, pool);
  gk_act_t *late = open_row(other);
  leave(2, pool);
  GK_TEST_INT(seal(pool), 4);
  GK_TEST_STR(text_of("SELECT numbers FROM audit_seal WHERE n = 1", pool), "1-2,4-5");
  GK_TEST_STR(text_of("SELECT open FROM audit_seal WHERE n = 1", pool), "3");
  leave(1, pool);
  GK_TEST_INT(seal(pool), 1);
  GK_TEST_STR(text_of("SELECT open FROM audit_seal WHERE n = 2", pool), "3");
  gk_verify_report_t report = verify(NULL, pool);
  GK_TEST_INT(report.faults, 0);
  GK_TEST_INT(report.waiting, 0);
  act_fatal(act_done(late, NULL));
  report = verify(NULL, pool);
  GK_TEST_INT(report.waiting, 1);
  GK_TEST_INT(report.faults, 0);
  leave(1, pool);
  GK_TEST_INT(seal(pool), 2);
  GK_TEST_STR(text_of("SELECT numbers FROM audit_seal WHERE n = 3", pool), "3,7");
  GK_TEST_STR(text_of("SELECT open FROM audit_seal WHERE n = 3", pool), "");
  GK_TEST_STR(first_fault(pool), "");
  apr_pool_destroy(other);
}

static void a_number_that_is_never_used(apr_pool_t *pool)
{
  if (store.engine == GK_SQLITE)
    return;
  apr_pool_t *other;
  apr_pool_create(&other, pool);
  clean();
  gk_act_t *late = open_row(other);
  leave(1, pool);
  GK_TEST_INT(seal(pool), 1);
  GK_TEST_STR(text_of("SELECT open FROM audit_seal WHERE n = 1", pool), "1");
  GK_TEST_INT(seal(pool), 0);
  gk_db_rollback(late->db);
  leave(1, pool);
  GK_TEST_INT(seal(pool), 1);
  GK_TEST_STR(text_of("SELECT open FROM audit_seal WHERE n = 2", pool), "");
  gk_verify_report_t report = verify(NULL, pool);
  GK_TEST_INT(report.faults, 0);
  GK_TEST_INT(report.unused, 1);
  act_script("INSERT INTO audit (seq, " COLUMNS ") SELECT 1, " COLUMNS " FROM audit WHERE seq = 2");
  GK_TEST_INT(seal(pool), 0); /* the sealer does not bless it */
  GK_TEST_STR(first_fault(pool), "row-inserted 0 1");
  apr_pool_destroy(other);
}

static void taken_out_before_its_seal(apr_pool_t *pool)
{
  if (store.engine != GK_SQLITE) /* there the cross-check with the records' versions tells */
    return;
  clean();
  leave(3, pool);
  act_script("DELETE FROM audit WHERE seq = 2");
  GK_TEST_INT(seal(pool), 2);
  leave(1, pool);
  GK_TEST_INT(seal(pool), 1);
  GK_TEST_STR(first_fault(pool), "row-missing 2 2");
}

/* Two sealers that saw the same rows: one seal is kept, the chain stays whole. */
static void two_sealers(apr_pool_t *pool)
{
  clean();
  leave(3, pool);
  gk_db_t *a = store_open(pool), *b = store_open(pool);
  gk_audit_seal_t twice = {.n = 1, .format = 1, .rows = 1, .numbers = "1", .top = 1, .open = "", .root = "", .previous = "",
                           .node = "", .key_id = "", .signature = {(const unsigned char *)"", 0}, .digest = "",
                           .marks = {(const unsigned char *)"", 0}};
  bool got, kept;
  act_fatal(gk_seal_store_lock(&got, a, pool));
  GK_TEST(got);
  act_fatal(gk_seal_store_lock(&got, b, pool));
  GK_TEST_INT(got, store.engine == GK_SQLITE);
  apr_int64_t rows;
  bool busy;
  act_fatal(gk_audit_seal_next(&rows, &busy, gk_sealer_create(pool), act_test.core, b, pool));
  GK_TEST_INT(busy, store.engine == GK_PGSQL);
  gk_seal_store_unlock(a, pool);
  seal(pool);
  act_fatal(gk_db_begin(a, pool));
  act_fatal(gk_seal_store_insert(&kept, a, &twice, pool));
  act_fatal(gk_db_commit(a, pool));
  GK_TEST(!kept);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit_seal"), 1);
  GK_TEST_STR(first_fault(pool), "");
}

int main(void)
{
  gk_test_begin("audit seals");
  STORE_EACH_ENGINE({
    act_start();
    GK_TEST_RUN(rows_are_sealed_once);
    GK_TEST_RUN(more_rows_than_a_seal_takes);
    GK_TEST_RUN(each_kind_of_tampering);
    GK_TEST_RUN(a_row_changed_with_its_mark);
    GK_TEST_RUN(a_seal_made_anew_breaks_the_chain);
    GK_TEST_RUN(a_cut_tail_shows_against_an_anchor);
    GK_TEST_RUN(a_rebuilt_chain_shows_against_an_anchor);
    GK_TEST_RUN(only_whole_anchors_are_taken);
    GK_TEST_RUN(rows_that_commit_late);
    GK_TEST_RUN(a_number_that_is_never_used);
    GK_TEST_RUN(taken_out_before_its_seal);
    GK_TEST_RUN(two_sealers);
    act_end();
  });
  return gk_test_end();
}
