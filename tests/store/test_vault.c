/* Encryption at rest on both engines: keys of records, values that stay in their rows, plain rows from before, another data
 * key, deletion that can be proven (faults.md "Encryption at rest and blind index", "Retention"; DI-9, DI-13). */
#include "domain/audit_view.h"
#include "domain/candidate.h"
#include "domain/confirm.h"
#include "domain/erase.h"
#include "domain/identity.h"
#include "domain/ports.h"
#include "domain/ports_key.h"
#include "domain/range.h"
#include "domain/reading.h"
#include "domain/reseal.h"
#include "domain/totp.h"
#include "flow_test.h"

static int people, readings;

static void scene_start(void)
{
  gk_act_t *county = act_of(&who_county, act_test.pool);
  gk_range_t *range;
  flow_start();
  flow_window("read", "window", "/43/", -1, 100);
  act_fatal(act_done(county, gk_range_create(&range, county, 7, "1", 1, 900)));
}

static gk_error_t *take(gk_reading_t **reading, gk_candidate_t **c, gk_act_t *act, const char *purpose)
{
  char *number = apr_psprintf(act->pool, "43010219960102%03d0", ++people * 2 + 1);
  gk_json_t *card = NULL;
  number[17] = gk_identity_check_character(number);
  const char *text = apr_psprintf(
      act->pool,
      "{\"name\":\"向晚%s\",\"sex\":\"男\",\"nation\":\"汉\",\"birth\":\"19960102\",\"address\":\"湖南省长沙市芙蓉区解放路1号\","
      "\"id_number\":\"%s\",\"issuer\":\"长沙市公安局芙蓉分局\",\"valid_from\":\"20100501\",\"valid_to\":\"20200501\"}",
      people % 2 != 0 ? "晴" : "霞", number);
  GK_TRY(gk_json_parse(&card, text, strlen(text), act->pool));
  gk_reading_wish_t wish = {.jti = apr_psprintf(act->pool, "vault-%06d", ++readings), .taken = act->now, .purpose = purpose,
                            .subject = "1", .layout = "resident", .card = card};
  return act_done(act, gk_reading_take(reading, c, act, &wish));
}

static gk_candidate_t *read_in(gk_act_t *act)
{
  gk_reading_t *reading;
  gk_candidate_t *c = NULL;
  gk_error_t *error = take(&reading, &c, act, "create");
  if (error != NULL)
    printf("# %s\n", gk_error_log_text(act->pool, error));
  return c;
}

/* Another core on the same instance, with these lines of data keys. */
static gk_core_t *core_with(const char *data_lines, apr_pool_t *pool)
{
  const char *path = apr_pstrcat(pool, act_test.instance, "/gaokao.keys", NULL);
  char text[8192] = "", line[400];
  gk_core_t *core = NULL;
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strstr(line, " data ") == NULL)
      strcat(text, line);
  fclose(file);
  file = fopen(path, "w");
  fprintf(file, "%s%s", text, data_lines);
  fclose(file);
  gk_error_t *error = gk_core_open(&core, act_test.instance, pool);
  if (error != NULL)
    printf("# %s\n", gk_error_log_text(pool, error));
  return core;
}

static const char *data_line(apr_pool_t *pool)
{
  const char *path = apr_pstrcat(pool, act_test.instance, "/gaokao.keys", NULL), *found = NULL;
  char line[400];
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strstr(line, " data ") != NULL)
      found = apr_pstrdup(pool, line);
  fclose(file);
  return found;
}

/* What gaokaoctl key does before a new data key becomes active. */
static gk_error_t *make_known(gk_act_t *act, const gk_keys_t *keys)
{
  GK_TRY(gk_db_begin(act->db, act->pool));
  for (int i = 0; i < gk_keys_count(keys); i++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, i, act->pool);
    if (strcmp(key.id, "data2") == 0)
      GK_TRY(gk_store_key_add(act->db, &key, true, act->now, act->pool));
  }
  return gk_db_commit(act->db, act->pool);
}

/* ---- what is written ------------------------------------------------------------------------------------- */

static void each_record_has_a_key_of_its_own(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_candidate_t *a = read_in(act), *b = read_in(act), *nobody = NULL;
  gk_reading_t *reading;
  GK_TEST(a != NULL && b != NULL);
  GK_TEST_INT(act_number("SELECT count(*) FROM record_key WHERE kind = 'candidate'"), 2);
  GK_TEST_INT(act_number("SELECT count(*) FROM candidate WHERE key_id <> 'r'"), 0);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit WHERE key_id <> 'r' OR record_key_id = 0"), 0);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit d JOIN record_key k ON k.id = d.record_key_id "
                         "WHERE d.object_kind = 'candidate' AND k.candidate_id <> d.object_id"), 0);
  /* A reading lies under the key of its candidate; one of a stranger has its own. */
  GK_TEST_INT(act_number("SELECT count(*) FROM reading r JOIN record_key k ON k.id = r.record_key_id "
                         "WHERE k.candidate_id = r.candidate_id AND k.kind = 'candidate'"), 2);
  GK_TEST_OK(take(&reading, &nobody, act, "verify"));
  GK_TEST_STR(reading->verdict, "unknown");
  GK_TEST_INT(act_number("SELECT count(*) FROM reading r JOIN record_key k ON k.id = r.record_key_id "
                         "WHERE r.candidate_id IS NULL AND k.kind = 'reading'"), 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit d JOIN record_key k ON k.id = d.record_key_id "
                         "WHERE d.object_kind = 'reading' AND k.kind = 'reading'"), 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM record_key WHERE kind = 'general'"), 1);
}

static void a_key_that_was_rolled_back_is_forgotten(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_candidate_t *c;
  apr_int64_t keys = act_number("SELECT count(*) FROM record_key");
  gk_act_t county = *act_of(&who_county, pool);
  GK_TEST_OK(gk_act_begin(act));
  GK_TEST_OK(gk_audit(act, "test", "nothing", 1, 1, "/43/", NULL, NULL));
  gk_season_t other = act_test.season;
  other.id = 77;
  county.season = &other;
  GK_TEST_OK(gk_audit(&county, "test", "nothing", 1, 1, "/43/", NULL, NULL));
  gk_db_rollback(act->db);
  gk_store_forget(act);
  GK_TEST_OK(act_done(&county, gk_audit(&county, "test", "nothing", 1, 1, "/43/", NULL, NULL)));
  GK_TEST_INT(act_number("SELECT count(*) FROM record_key"), keys + 1);
  GK_TEST_INT(act_number("SELECT count(*) FROM audit d LEFT JOIN record_key k ON k.id = d.record_key_id WHERE k.id IS NULL"),
              0);
  c = read_in(act);
  GK_TEST(c != NULL);
}

static void values_do_not_change_rows(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_candidate_t *a = read_in(act), *b = read_in(act), *seen;
  apr_array_header_t *entries;
  gk_audit_filter_t filter = {.object_kind = "candidate"};
  GK_TEST(a != NULL && b != NULL);
  filter.object_id = a->id;
  gk_store_forget(act);
  GK_TEST_OK(gk_candidate_get(&seen, act, a->id));
  GK_TEST_OK(gk_audit_list(&entries, act, &filter, 10));
  GK_TEST_INT(entries->nelts, 1);
  /* Somebody with the database's rights gives a the document of b, then with it the key of b, then their audit rows. */
  act_script(apr_psprintf(pool, "UPDATE candidate SET doc = (SELECT doc FROM candidate WHERE id = %d) WHERE id = %d",
                          (int)b->id, (int)a->id));
  GK_TEST_ERROR(gk_candidate_get(&seen, act, a->id), GK_E_SEALED);
  act_script(apr_psprintf(pool, "UPDATE record_key SET wrapped = (SELECT wrapped FROM record_key WHERE candidate_id = %d) "
                                "WHERE candidate_id = %d", (int)b->id, (int)a->id));
  gk_store_forget(act);
  GK_TEST_ERROR(gk_candidate_get(&seen, act, a->id), GK_E_SEALED);
  act_script(apr_psprintf(pool, "UPDATE audit SET body = (SELECT body FROM audit WHERE object_kind = 'candidate' AND "
                                "object_id = %d) WHERE object_kind = 'candidate' AND object_id = %d", (int)b->id, (int)a->id));
  GK_TEST_ERROR(gk_audit_list(&entries, act, &filter, 10), GK_E_SEALED);
  /* Others are read as before. */
  gk_store_forget(act);
  GK_TEST_OK(gk_candidate_get(&seen, act, b->id));
  act_script(apr_psprintf(pool, "DELETE FROM audit WHERE object_kind = 'candidate' AND object_id = %d", (int)a->id));
  act_script(apr_psprintf(pool, "UPDATE candidate SET state = 'withdrawn', number = NULL, org_path = '/99/' WHERE id = %d",
                          (int)a->id));
}

/* ---- plain rows, another key ----------------------------------------------------------------------------- */

static apr_int64_t reseal(gk_act_t *act, int first, int last)
{
  apr_int64_t all = 0;
  for (int place = first; place <= last; place++) {
    apr_int64_t rows = 0, after = 0;
    do {
      gk_error_t *error = act_done(act, gk_act_begin(act));
      error = error != NULL ? error : gk_act_begin(act);
      error = error != NULL ? error : gk_store_reseal(&rows, &after, act, (gk_reseal_place_t)place, 2);
      error = act_done(act, error);
      if (error != NULL) {
        printf("# %s: %s\n", gk_reseal_name((gk_reseal_place_t)place), gk_error_log_text(act->pool, error));
        return -1;
      }
      all += rows;
    } while (rows > 0);
  }
  return all;
}

static void plain_rows_are_read_and_sealed(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool);
  gk_candidate_t *c, *again;
  apr_int64_t plain = -1;
  for (int i = 1; i <= 3; i++)
    flow_candidate(500 + i, 7, apr_psprintf(pool, "0102080%d", i), "5", "confirmed");
  GK_TEST_OK(gk_candidate_get(&c, act, 502));
  GK_TEST_OK(gk_store_reseal_uses(&plain, act->db, "", pool));
  GK_TEST_INT(plain, 6);
  GK_TEST_INT(reseal(act, GK_RESEAL_CANDIDATE, GK_RESEAL_READING), 6);
  GK_TEST_OK(gk_store_reseal_uses(&plain, act->db, "", pool));
  GK_TEST_INT(plain, 0);
  GK_TEST_INT(act_number("SELECT count(*) FROM candidate WHERE key_id = ''"), 0);
  gk_store_forget(act);
  GK_TEST_OK(gk_candidate_get(&again, act, 502));
  GK_TEST_STR(again->doc_text, c->doc_text);
  GK_TEST_INT(again->version, c->version);
  GK_TEST_INT(reseal(act, GK_RESEAL_CANDIDATE, GK_RESEAL_READING), 0);
}

/* DI-9: everything is found under the new key alone. */
static void another_data_key_takes_over(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool), *later, *alone;
  gk_candidate_t *c = read_in(act), *seen;
  gk_totp_t totp = {"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", NULL};
  gk_blob_t blob;
  gk_kept_answer_t answer = {"digest", 201, NULL, NULL, "{\"mobile\":\"13800001234\"}"}, kept;
  apr_int64_t uses = 0;
  bool done = false;
  const char *first = data_line(pool);
  const char *old = apr_pstrcat(pool, apr_pstrndup(pool, first, (apr_size_t)(strstr(first, " active ") - first)), " old ",
                                strstr(first, " active ") + 8, NULL);
  static const char second[] = "data2 data aes-256-gcm 2013-12-01T00:00:00Z active ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n";
  GK_TEST(c != NULL);
  GK_TEST_OK(gk_act_begin(act));
  GK_TEST_OK(gk_store_answer_keep(act, "key-0001", &answer, &done));
  GK_TEST(done);
  GK_TEST_OK(gk_store_plugin_option_put(act, "lab", "secret", "open sesame"));
  GK_TEST_OK(act_done(act, NULL));
  GK_TEST_INT(act_number("SELECT count(*) FROM plugin_option WHERE value LIKE '%sesame%' OR key_id = ''"), 0);
  GK_TEST_INT(act_number("SELECT count(*) FROM idempotency WHERE request_digest <> ''"), 0);
  act_script("INSERT INTO account (id, realm, login, role, org_id, org_path, created_us, updated_us) "
             "VALUES (700, 'staff', 'vault', 'city', 2, '/43/4301/', 1, 1)");
  GK_TEST_OK(gk_totp_seal(&blob, act, 700, &totp));
  act_script(apr_psprintf(pool, store.engine == GK_SQLITE ? "UPDATE account SET totp = X'%s' WHERE id = 700"
                                                          : "UPDATE account SET totp = '\\x%s' WHERE id = 700",
                          gk_text_hex(pool, blob.bytes, blob.length)));
  later = apr_pmemdup(pool, act, sizeof(*act));
  later->core = core_with(apr_pstrcat(pool, old, second, NULL), pool);
  GK_TEST(later->core != NULL);
  GK_TEST_OK(make_known(act, gk_core_keys(later->core)));
  GK_TEST_OK(gk_store_reseal_uses(&uses, act->db, "data1", pool));
  GK_TEST(uses >= 4);
  GK_TEST_INT(reseal(later, GK_RESEAL_RECORD_KEY, GK_RESEAL_OPTION), uses);
  GK_TEST_OK(gk_store_reseal_uses(&uses, act->db, "data1", pool));
  GK_TEST_INT(uses, 0);
  GK_TEST_OK(gk_db_begin(act->db, pool));
  GK_TEST_OK(gk_store_key_gone(act->db, "data1", act->now, pool));
  GK_TEST_OK(gk_db_commit(act->db, pool));
  alone = apr_pmemdup(pool, act, sizeof(*act));
  alone->core = core_with(second, pool);
  GK_TEST(alone->core != NULL);
  gk_store_forget(alone);
  GK_TEST_OK(gk_candidate_get(&seen, alone, c->id));
  GK_TEST_STR(seen->doc_text, c->doc_text);
  GK_TEST_OK(gk_store_answer_find(alone, "key-0001", &done, &kept));
  GK_TEST_STR(kept.request_digest, "digest");
  GK_TEST_STR(kept.body, answer.body);
  apr_array_header_t *options;
  GK_TEST_OK(gk_store_plugin_options(&options, alone->core, alone->db, pool));
  GK_TEST_STR(APR_ARRAY_IDX(options, 0, gk_stored_option_t).value, "open sesame");
  const char *value;
  GK_TEST_OK(gk_db_script_value(act->db, store.engine == GK_SQLITE ? "SELECT hex(totp) FROM account WHERE id = 700"
                                : "SELECT encode(totp, 'hex') FROM account WHERE id = 700", &value, pool));
  blob.bytes = gk_text_unhex(pool, value, &blob.length);
  gk_totp_t back;
  GK_TEST_OK(gk_totp_unseal(&back, alone, 700, blob));
  GK_TEST_STR(back.active, totp.active);
  /* The first core goes on in the tests behind this one. */
  act_test.core = core_with(apr_pstrcat(pool, old, second, NULL), act_test.pool);
}

/* ---- deletion -------------------------------------------------------------------------------------------- */

static void an_erased_candidate_is_gone_and_nothing_else(apr_pool_t *pool)
{
  gk_act_t *act = act_of(&who_point, pool), *system = act_of(&who_system, pool);
  gk_candidate_t *c = read_in(act), *other = read_in(act), *seen;
  gk_candidate_filter_t filter = {.state = "withdrawn"};
  apr_array_header_t *found;
  const char *next;
  gk_erased_t erased;
  GK_TEST(c != NULL && other != NULL);
  /* Not while it is alive. */
  GK_TEST_ERROR(act_done(system, gk_candidate_erase(&erased, system, 2014, c->number, 0, "asked")), GK_E_WRONG_STATE);
  GK_TEST_ERROR(act_done(system, gk_candidate_erase(&erased, system, 2013, c->number, 0, "asked")), GK_E_NOT_FOUND);
  GK_TEST_OK(act_done(act, gk_candidate_withdraw(&seen, act, c->id, c->version, "moved away")));
  gk_store_forget(act);
  GK_TEST_OK(act_done(system, gk_candidate_erase(&erased, system, 2014, c->number, 0, "asked")));
  GK_TEST_INT(erased.candidate_id, c->id);
  GK_TEST_INT(erased.keys, 1);
  gk_store_forget(act);
  GK_TEST_ERROR(gk_candidate_get(&seen, act, c->id), GK_E_GONE);
  GK_TEST_INT(act_number(apr_psprintf(pool, "SELECT count(*) FROM record_key WHERE candidate_id = %d AND length(wrapped) > 0",
                                      (int)c->id)), 0);
  GK_TEST_INT(act_number(apr_psprintf(pool, "SELECT count(*) FROM candidate WHERE id = %d AND (name LIKE '%%向%%' "
                                            "OR id_index IS NOT NULL OR tail_index IS NOT NULL OR twin_index IS NOT NULL)",
                                      (int)c->id)), 0);
  /* Lists go on, and say so. */
  GK_TEST_OK(gk_candidate_list(&found, &next, act, &filter, NULL, 50));
  bool listed = false;
  for (int i = 0; i < found->nelts; i++) {
    gk_json_t *json;
    gk_candidate_t *row = APR_ARRAY_IDX(found, i, gk_candidate_t *);
    GK_TEST_OK(gk_candidate_row_json(&json, row, pool));
    listed = listed || (row->id == c->id && row->erased);
  }
  GK_TEST(listed);
  GK_TEST_OK(gk_reading_list(&found, act, &(gk_reading_filter_t){.candidate_id = c->id}, 10));
  GK_TEST_INT(found->nelts, 1);
  GK_TEST(APR_ARRAY_IDX(found, 0, gk_reading_t *)->erased);
  GK_TEST(gk_reading_json(APR_ARRAY_IDX(found, 0, gk_reading_t *), true, pool) != NULL);
  GK_TEST_ERROR(gk_reading_get(&(gk_reading_t *){NULL}, act, APR_ARRAY_IDX(found, 0, gk_reading_t *)->id), GK_E_GONE);
  /* The audit's rows are still there; what they said is not, but for the deletion itself. */
  gk_audit_filter_t rows = {.object_kind = "candidate", .object_id = c->id};
  GK_TEST_OK(gk_audit_list(&found, act, &rows, 20));
  GK_TEST(found->nelts >= 3);
  for (int i = 0; i < found->nelts; i++) {
    const gk_audit_entry_t *entry = &APR_ARRAY_IDX(found, i, gk_audit_entry_t);
    GK_TEST_CASE("%s", entry->action);
    GK_TEST(entry->erased == (strcmp(entry->action, "candidate.erase") != 0));
    GK_TEST(gk_audit_entry_json(entry, act->season->pack, true, pool) != NULL);
  }
  GK_TEST_OK(gk_candidate_get(&seen, act, other->id));
  GK_TEST_OK(act_done(system, gk_candidate_erase(&erased, system, 2014, NULL, c->id, "again")));
  GK_TEST_INT(erased.keys, 0);
  GK_TEST_OK(gk_candidate_erase_traces(system));
}

int main(void)
{
  gk_test_begin("vault");
  STORE_EACH_ENGINE({
    act_start();
    scene_start();
    people = readings = 0;
    GK_TEST_RUN(each_record_has_a_key_of_its_own);
    GK_TEST_RUN(a_key_that_was_rolled_back_is_forgotten);
    GK_TEST_RUN(values_do_not_change_rows);
    GK_TEST_RUN(plain_rows_are_read_and_sealed);
    GK_TEST_RUN(another_data_key_takes_over);
    GK_TEST_RUN(an_erased_candidate_is_gone_and_nothing_else);
    act_end();
  });
  return gk_test_end();
}
