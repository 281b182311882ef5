/* A candidate's life on both engines: creation, duplicates, numbers, saving, proof and confirmation, the ways back. */
#include <apr_thread_proc.h>

#include "domain/candidate.h"
#include "domain/confirm.h"
#include "domain/identity.h"
#include "domain/own.h"
#include "domain/range.h"
#include "domain/reading.h"
#include "domain/review.h"
#include "flow_test.h"

/* ---- scene: point a (4301020001) has numbers 0001 to 0200 for subject 1 and from 0201 for 5, point b from 0401 --- */

static const gk_principal_t *const a_point = &who_point, *const b_point = &who_point2;
static apr_int64_t people;

static void scene_start(void)
{
  static const char *const actions[] = {"read", "print_card", "review", "fill", "proof", "confirm"};
  apr_pool_t *pool = act_test.pool;
  gk_act_t *county = act_of(&who_county, pool);
  gk_range_t *range;
  flow_start();
  people = 0;
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
    flow_window(actions[i], "window", "/43/", -1, 100);
  act_fatal(act_done(county, gk_range_create(&range, county, 7, "1", 1, 200)));
  act_fatal(act_done(county, gk_range_create(&range, county, 7, "5", 201, 400)));
  act_fatal(act_done(county, gk_range_create(&range, county, 8, "1", 401, 600)));
}

/* On a connection of its own. */
static gk_act_t *act_apart(apr_pool_t *pool, const gk_principal_t *who)
{
  gk_act_t *act = apr_pmemdup(pool, act_of(who, pool), sizeof(*act));
  act->db = store_open(pool);
  return act;
}

static gk_act_t *act_own(apr_pool_t *pool, const gk_candidate_t *candidate)
{
  gk_principal_t *who = apr_pmemdup(pool, &who_point, sizeof(*who));
  who->role = GK_ROLE_CANDIDATE;
  who->candidate_id = candidate->id;
  gk_act_t *act = act_apart(pool, who);
  const char *account = NULL;
  gk_db_script_value(act->db, apr_psprintf(pool, "SELECT id FROM account WHERE candidate_id = %" APR_INT64_T_FMT, candidate->id),
                     &account, pool);
  who->account_id = account != NULL ? apr_atoi64(account) : 900;
  return act;
}

/* What the router does after a handler; time goes on. */
static gk_error_t *end(gk_act_t *act, gk_error_t *error)
{
  error = act_done(act, error);
  act->now = act_test.now += GK_SECOND;
  return error;
}

/* The next person's ID number: born 1 January 1996, male. */
static const char *id_number_of_somebody(apr_pool_t *pool)
{
  char *number = apr_psprintf(pool, "43010219960101%03d0", (int)(++people * 2 + 1) % 1000);
  number[17] = gk_identity_check_character(number);
  return number;
}

/* ---- steps ------------------------------------------------------------------------------------------------ */

static gk_json_t *json_of(const char *text, apr_pool_t *pool)
{
  gk_json_t *json = NULL;
  if (gk_json_parse(&json, text, strlen(text), pool) != NULL)
    printf("# bad JSON in the test: %s\n", text);
  return json;
}

static gk_json_t *card_of(const char *name, const char *id_number, apr_pool_t *pool)
{
  return json_of(apr_psprintf(pool, "{\"name\":\"%s\",\"sex\":\"男\",\"nation\":\"汉\",\"birth\":\"19960101\","
                                    "\"address\":\"湖南省长沙市芙蓉区解放路1号\",\"id_number\":\"%s\","
                                    "\"issuer\":\"长沙市公安局芙蓉分局\",\"valid_from\":\"20100501\",\"valid_to\":\"20200501\"}",
                              name, id_number), pool);
}

/* "向晚一四": people have names of their own, namesakes are asked about. */
static const char *name_of(const char *family, apr_int64_t n, apr_pool_t *pool)
{
  static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
  return apr_pstrcat(pool, family, digits[n / 100 % 10], digits[n / 10 % 10], digits[n % 10], NULL);
}

static int readings;

static gk_reading_wish_t wish_of(const gk_act_t *act, const char *purpose, gk_json_t *card)
{
  return (gk_reading_wish_t){.jti = apr_psprintf(act->pool, "reading-%06d", ++readings), .taken = act->now,
                             .purpose = purpose, .subject = "1", .layout = "resident", .card = card};
}

/* A candidate made by a card reader at point a. */
static gk_candidate_t *read_in(gk_act_t *act, gk_json_t **card)
{
  gk_reading_t *reading;
  gk_candidate_t *c = NULL;
  *card = card_of(name_of("向", people, act->pool), id_number_of_somebody(act->pool), act->pool);
  gk_reading_wish_t wish = wish_of(act, "create", *card);
  gk_error_t *error = end(act, gk_reading_take(&reading, &c, act, &wish));
  if (error != NULL)
    printf("# read_in: %s\n", gk_error_log_text(act->pool, error));
  return c;
}

static gk_json_t *entries(apr_pool_t *pool)
{
  return json_of("{\"exam_type\":\"1\",\"category\":\"1\",\"language\":\"1\",\"graduation\":\"0\",\"graduation_year\":\"2014\","
                 "\"school\":\"第一中学\",\"class\":\"高三（1）班\",\"household_place\":\"430102\",\"household_type\":\"1\","
                 "\"address\":\"湖南省长沙市芙蓉区解放路1号\",\"postcode\":\"410000\",\"receiver\":\"向春\","
                 "\"mobile\":\"13800001234\",\"political\":\"03\","
                 "\"resume\":[{\"start\":\"2011-09\",\"end\":\"2014-06\",\"school\":\"第一中学\",\"witness\":\"张老师\"},"
                 "{\"start\":\"2008-09\",\"end\":\"2011-06\",\"school\":\"实验中学\",\"witness\":\"李老师\"}],"
                 "\"family\":[{\"relation\":\"1\",\"name\":\"向东\",\"unit\":\"长沙机床厂\",\"phone\":\"13900000000\"}]}", pool);
}

static gk_error_t *all_papers(gk_candidate_t **c, gk_act_t *act)
{
  gk_json_t *items = gk_json_array(act->pool);
  const gk_pack_t *pack = act->season->pack;
  for (int i = 0; i < pack->papers->nelts; i++) {
    gk_json_t *item = gk_json_object(act->pool);
    gk_json_set_str(item, "id", APR_ARRAY_IDX(pack->papers, i, gk_paper_t).id);
    gk_json_set_bool(item, "seen", true);
    gk_json_add(items, item);
  }
  return gk_papers_put(c, act, (*c)->id, (*c)->version, items);
}

/* Card printed, papers, fee, review. */
static gk_error_t *to_reviewed(gk_candidate_t **c, gk_act_t *act)
{
  apr_array_header_t *cards;
  gk_fee_t fee;
  gk_json_t *ids = gk_json_array(act->pool);
  gk_json_add_int(ids, (*c)->id);
  GK_TRY(end(act, gk_cards_print(&cards, act, ids, NULL, NULL, NULL)));
  *c = APR_ARRAY_IDX(cards, 0, gk_login_card_t).candidate;
  GK_TRY(end(act, all_papers(c, act)));
  GK_TRY(end(act, gk_fee_pay(c, &fee, act, (*c)->id, (*c)->version, apr_psprintf(act->pool, "R%s", (*c)->number))));
  return end(act, gk_review_decide(c, act, (*c)->id, (*c)->version, true, NULL, NULL));
}

static gk_error_t *to_filled(gk_candidate_t **c, gk_act_t *act, apr_pool_t *pool)
{
  gk_act_t *own = act_own(pool, *c);
  apr_array_header_t *verdicts;
  GK_TRY(to_reviewed(c, act));
  GK_TRY(end(own, gk_own_pledge(c, own, (*c)->version, &(gk_guardian_t){0})));
  GK_TRY(end(own, gk_own_save(c, &verdicts, own, (*c)->version, entries(pool))));
  return end(act, gk_candidate_update(c, act, (*c)->id, (*c)->version, json_of("{\"migrant_child\":\"0\"}", pool),
                                            NULL));
}

static gk_error_t *verify(gk_reading_t **reading, gk_candidate_t **c, gk_act_t *act, gk_json_t *card)
{
  gk_reading_wish_t wish = wish_of(act, "verify", card);
  wish.candidate_id = (*c)->id;
  return end(act, gk_reading_take(reading, c, act, &wish));
}

/* ---- tests ------------------------------------------------------------------------------------------------ */

static void a_reading_makes_a_candidate_with_the_next_number(apr_pool_t *pool)
{
  gk_act_t *act = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(act, &card), *again;
  gk_reading_t *reading;
  GK_TEST(c != NULL);
  GK_TEST_STR(c->number, "01020001");
  GK_TEST_STR(c->state, "identified");
  GK_TEST_OK(gk_candidate_get(&again, act, c->id));
  GK_TEST_STR(again->name, c->name);
  GK_TEST_STR(again->doc_text, c->doc_text);
  gk_reading_wish_t wish = wish_of(act, "create", card);
  GK_TEST_OK(end(act, gk_reading_take(&reading, &again, act, &wish)));
  GK_TEST_STR(reading->verdict, "verified");
  GK_TEST_INT(again->id, c->id);
  apr_int64_t first = reading->id;
  GK_TEST_OK(end(act, gk_reading_take(&reading, &again, act, &wish)));
  GK_TEST(reading->replayed);
  GK_TEST_INT(reading->id, first);
}

static void faults_of_a_card_point_to_its_members(apr_pool_t *pool)
{
  gk_act_t *act = act_apart(pool, a_point);
  gk_reading_t *reading;
  gk_candidate_t *c;
  gk_reading_wish_t wish = wish_of(act, "create", card_of("甲乙", "430102199601011991", pool));
  gk_error_t *error = gk_reading_take(&reading, &c, act, &wish);
  GK_TEST(error != NULL);
  GK_TEST_INT(error->code, GK_E_INVALID);
  GK_TEST_STR(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).pointer, "/card/id_number");
  GK_TEST(!gk_db_in_transaction(act->db));
}

static void a_second_registration_is_refused_with_the_place_and_kept(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point), *b = act_apart(pool, b_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card), *other;
  gk_reading_t *reading, *kept;
  gk_error_t *refused;
  GK_TEST(c != NULL);
  gk_reading_wish_t wish = wish_of(b, "create", card);
  GK_TEST_OK(end(b, gk_reading_take(&reading, &other, b, &wish)));
  GK_TEST_STR(reading->verdict, "registered_elsewhere");
  GK_TEST(other == NULL);
  GK_TEST_STR(gk_json_str(reading->elsewhere, "org"), "单位4301020001");
  GK_TEST(gk_json_str(reading->elsewhere, "number") == NULL);
  GK_TEST_OK(end(b, gk_reading_get(&kept, b, reading->id)));
  GK_TEST_STR(kept->verdict, "registered_elsewhere");
  gk_json_t *fields = json_of(apr_psprintf(pool, "{\"name\":\"某某\",\"sex\":\"1\",\"nation\":\"01\",\"birth\":\"1996-01-01\","
                                           "\"id_type\":\"B\",\"id_number\":\"%s\"}", gk_json_str(card, "id_number")), pool);
  GK_TEST_OK(end(b, gk_candidate_type_in(&other, &refused, b, "1", 0, fields)));
  GK_TEST(refused != NULL && refused->code == GK_E_DUPLICATE);
  GK_TEST(strstr(refused->zh, "单位4301020001") != NULL);
  GK_TEST(strstr(refused->zh, c->number) == NULL);
}

static void other_units_do_not_exist(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point), *b = act_apart(pool, b_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card), *seen;
  apr_array_header_t *list;
  const char *next;
  gk_candidate_filter_t all = {.q = NULL}, named = {.q = c->name};
  GK_TEST_ERROR(gk_candidate_get(&seen, b, c->id), GK_E_NOT_FOUND);
  GK_TEST_ERROR(gk_candidate_withdraw(&seen, b, c->id, c->version, "x"), GK_E_NOT_FOUND);
  GK_TEST_OK(gk_candidate_list(&list, &next, b, &all, NULL, 50));
  for (int i = 0; i < list->nelts; i++)
    GK_TEST_INT(APR_ARRAY_IDX(list, i, gk_candidate_t *)->org_id, 8);
  GK_TEST_OK(gk_candidate_list(&list, &next, b, &named, NULL, 50));
  GK_TEST_INT(list->nelts, 0);
  GK_TEST_ERROR(gk_candidate_list(&list, &next, b, &all, apr_psprintf(pool, "%d", (int)c->id), 50), GK_E_INVALID);
}

static void typed_in_waits_for_the_city(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point), *city = act_apart(pool, &who_city);
  gk_candidate_t *c, *seen;
  gk_error_t *refused;
  gk_reading_t *reading;
  const char *number = id_number_of_somebody(pool);
  gk_json_t *fields = json_of(apr_psprintf(pool, "{\"name\":\"买买提·艾力\",\"sex\":\"1\",\"nation\":\"05\","
                                           "\"birth\":\"1996-01-01\",\"id_type\":\"1\",\"id_number\":\"%s\"}", number), pool);
  GK_TEST_OK(end(a, gk_candidate_type_in(&c, &refused, a, "5", 0, fields)));
  GK_TEST(refused == NULL);
  GK_TEST_STR(c->state, "waiting");
  GK_TEST_STR(c->number, NULL);
  gk_candidate_filter_t queue = {.state = "to_approve"};
  apr_array_header_t *list;
  const char *next;
  GK_TEST_OK(gk_candidate_list(&list, &next, city, &queue, NULL, 50));
  GK_TEST(list->nelts >= 1);
  GK_TEST_ERROR(gk_candidate_approve(&seen, city, c->id, c->version, false, -1, NULL), GK_E_INVALID);
  GK_TEST_OK(end(city, gk_candidate_approve(&c, city, c->id, c->version, false, -1, "材料不全")));
  GK_TEST_OK(end(a, gk_candidate_update(&c, a, c->id, c->version, json_of("{\"nation\":\"01\"}", pool), NULL)));
  GK_TEST_STR(c->approval, "pending");
  GK_TEST_OK(end(city, gk_candidate_approve(&c, city, c->id, c->version, true, -1, NULL)));
  GK_TEST_STR(c->state, "allocated");
  GK_TEST_STR(c->number, "01020201");
  gk_reading_wish_t wish = wish_of(a, "create", card_of("买买提·艾力", number, pool));
  GK_TEST_OK(end(a, gk_reading_take(&reading, &seen, a, &wish)));
  GK_TEST_STR(reading->verdict, "identified");
  GK_TEST_STR(seen->state, "identified");
  GK_TEST(strstr(seen->doc_text, "card_issuer") != NULL);
}

static void differences_are_decided_with_a_reason(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card, *accept = gk_json_array(pool);
  gk_candidate_t *c = read_in(a, &card), *seen = c;
  gk_reading_t *reading;
  gk_json_t *moved = gk_json_copy(card, pool);
  gk_json_set_str(moved, "address", "湖南省长沙市岳麓区麓山路2号");
  GK_TEST_OK(verify(&reading, &seen, a, moved));
  GK_TEST_STR(reading->verdict, "different");
  GK_TEST_INT(seen->version, c->version);
  gk_json_add_str(accept, "mobile");
  GK_TEST_ERROR(gk_reading_decide(&seen, a, c->id, c->version, reading->id, accept, "x"), GK_E_INVALID);
  accept = gk_json_array(pool);
  gk_json_add_str(accept, "card_address");
  GK_TEST_OK(end(a, gk_reading_decide(&seen, a, c->id, c->version, reading->id, accept, "搬家换证")));
  GK_TEST(strstr(seen->doc_text, "岳麓区") != NULL);
  GK_TEST_ERROR(gk_reading_decide(&seen, a, c->id, seen->version, reading->id, accept, "搬家换证"), GK_E_CONFLICT);
  gk_json_t *stranger = card_of("另一人", id_number_of_somebody(pool), pool);
  GK_TEST_OK(verify(&reading, &seen, a, stranger));
  GK_TEST_STR(reading->verdict, "different");
  GK_TEST_ERROR(gk_reading_decide(&seen, a, c->id, seen->version, reading->id, gk_json_array(pool), "没看见"),
                GK_E_CONFLICT);
}

static void the_review_asks_for_papers_fee_and_rules(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card), *other = read_in(a, &card);
  apr_array_header_t *cards;
  gk_fee_t fee;
  gk_json_t *ids = gk_json_array(pool);
  GK_TEST_ERROR(gk_review_decide(&c, a, c->id, c->version, true, NULL, NULL), GK_E_WRONG_STATE);
  gk_json_add_int(ids, c->id);
  GK_TEST_OK(end(a, gk_cards_print(&cards, a, ids, NULL, NULL, NULL)));
  const char *password = APR_ARRAY_IDX(cards, 0, gk_login_card_t).password;
  c = APR_ARRAY_IDX(cards, 0, gk_login_card_t).candidate;
  GK_TEST_STR(c->state, "card_printed");
  GK_TEST_OK(end(a, gk_cards_print(&cards, a, NULL, c->number, c->number, NULL)));
  GK_TEST_INT(cards->nelts, 1);
  GK_TEST_STR(APR_ARRAY_IDX(cards, 0, gk_login_card_t).password, password);
  gk_error_t *error = gk_review_decide(&c, a, c->id, c->version, true, NULL, NULL);
  GK_TEST(error != NULL && error->code == GK_E_INCOMPLETE);
  GK_TEST(error->violations->nelts >= 3);
  for (int i = 0; i < error->violations->nelts; i++)
    GK_TEST(APR_ARRAY_IDX(error->violations, i, gk_violation_t).zh[0] != '\0' &&
            APR_ARRAY_IDX(error->violations, i, gk_violation_t).en[0] != '\0');
  GK_TEST_OK(end(a, all_papers(&c, a)));
  GK_TEST_STR(c->papers_state, "complete");
  GK_TEST_OK(end(a, gk_fee_pay(&c, &fee, a, c->id, c->version, "0001")));
  GK_TEST_INT(c->fee_fen, 12000);
  GK_TEST_ERROR(gk_fee_pay(&other, &fee, a, other->id, other->version, "0001"), GK_E_CONFLICT);
  GK_TEST_ERROR(gk_fee_pay(&c, &fee, a, c->id, c->version, "0002"), GK_E_CONFLICT);
  GK_TEST_OK(end(a, gk_fee_cancel(&c, a, c->id, c->version, "收错")));
  GK_TEST_STR(c->fee_state, "none");
  GK_TEST_OK(end(a, gk_fee_pay(&c, &fee, a, c->id, c->version, "0003")));
  GK_TEST_ERROR(gk_review_decide(&c, a, c->id, c->version, false, NULL, NULL), GK_E_INVALID);
  GK_TEST_OK(end(a, gk_review_decide(&c, a, c->id, c->version, true, NULL, NULL)));
  GK_TEST_STR(c->state, "reviewed");
  GK_TEST_OK(end(a, gk_review_decide(&c, a, c->id, c->version, false, "学籍不符", NULL)));
  GK_TEST_STR(c->state, "card_printed");
}

/* PIPL article 31: under 14 somebody has to agree. */
static void a_child_needs_a_guardian(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card);
  GK_TEST_OK(to_reviewed(&c, a));
  gk_candidate_t *young = apr_pmemdup(pool, c, sizeof(*c));
  gk_document_t *document, *changed;
  GK_TEST_OK(gk_candidate_document(&document, c, pool));
  gk_json_t *all = gk_document_json(document); /* past the pack's rules, which let nobody so young through */
  gk_json_set_str(all, "birth", "2001-06-06");
  GK_TEST_OK(gk_document_from_json(&changed, all, pool));
  GK_TEST_OK(gk_candidate_set_document(a, young, changed));
  GK_TEST_OK(end(a, gk_candidate_put(a, young, c, "candidate.update", NULL)));
  c = young;
  gk_act_t *own = act_own(pool, c);
  apr_int64_t version = c->version;
  GK_TEST_ERROR(gk_own_pledge(&c, own, version, &(gk_guardian_t){0}), GK_E_INVALID);
  GK_TEST_OK(end(own, gk_own_pledge(&c, own, version, &(gk_guardian_t){.name = "向父", .relation = "父亲"})));
  GK_TEST(c->pledged != 0);
}

static void own_saves_are_possible_while_incomplete(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card);
  gk_act_t *own = act_own(pool, c);
  apr_array_header_t *verdicts;
  GK_TEST_ERROR(gk_own_pledge(&c, own, c->version, &(gk_guardian_t){0}), GK_E_WRONG_STATE);
  GK_TEST_OK(to_reviewed(&c, a));
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, c->version, entries(pool)), GK_E_WRONG_STATE);
  GK_TEST_OK(end(own, gk_own_pledge(&c, own, c->version, &(gk_guardian_t){0})));
  GK_TEST_OK(end(own, gk_own_save(&c, &verdicts, own, c->version, json_of("{\"mobile\":\"13812345678\"}", pool))));
  GK_TEST_STR(c->state, "filling");
  GK_TEST(verdicts->nelts > 5);
  apr_int64_t version = c->version;
  GK_TEST_OK(end(own, gk_own_save(&c, &verdicts, own, version, json_of("{\"mobile\":\"13812345678\"}", pool))));
  GK_TEST_INT(c->version, version);
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, version, json_of("{\"postcode\":\"41\"}", pool)), GK_E_INVALID);
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, version, json_of("{\"name\":\"别人\"}", pool)), GK_E_INVALID);
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, version, json_of("{\"category\":\"1\",\"graduation_year\":\"2012\"}", pool)),
                GK_E_RULE_FAILED);
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, version - 1, entries(pool)), GK_E_STALE_VERSION);
  GK_TEST_OK(end(own, gk_own_save(&c, &verdicts, own, version, entries(pool))));
  GK_TEST_STR(c->school, "第一中学");
}

static void a_subject_with_another_fee_makes_it_due(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card);
  const char *number = c->number;
  GK_TEST_OK(to_filled(&c, a, pool));
  GK_TEST_OK(end(a, gk_candidate_update(&c, a, c->id, c->version, json_of("{\"subject\":\"9\"}", pool), "改报")));
  GK_TEST_STR(c->subject, "9");
  GK_TEST_STR(c->number, number);
  GK_TEST_STR(c->fee_state, "due");
  GK_TEST_OK(end(a, gk_candidate_update(&c, a, c->id, c->version, json_of("{\"subject\":\"3\"}", pool), "改报")));
  GK_TEST_STR(c->fee_state, "paid");
  GK_TEST(c->art);
}

static void a_confirmation_signs_exactly_the_proofed_version(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card);
  gk_act_t *own = act_own(pool, c);
  apr_array_header_t *verdicts;
  gk_proof_t proof, again;
  gk_reading_t *early, *reading;
  GK_TEST_OK(to_filled(&c, a, pool));
  GK_TEST_OK(verify(&early, &c, a, card));
  GK_TEST_OK(end(a, gk_proof_print(&c, &proof, a, c->id, c->version)));
  GK_TEST_STR(c->state, "proofed");
  GK_TEST_INT(proof.version, c->version);
  GK_TEST_OK(end(a, gk_proof_print(&c, &again, a, c->id, c->version)));
  GK_TEST_STR(again.digest, proof.digest);
  GK_TEST_INT(again.version, proof.version);
  GK_TEST_ERROR(gk_candidate_confirm(&c, a, c->id, c->version, proof.version, 0, true), GK_E_INCOMPLETE);
  GK_TEST_ERROR(gk_candidate_confirm(&c, a, c->id, c->version, proof.version, early->id, false), GK_E_CONFLICT);
  GK_TEST_OK(end(own, gk_own_save(&c, &verdicts, own, c->version, json_of("{\"postcode\":\"410001\"}", pool))));
  GK_TEST_STR(c->state, "filling");
  GK_TEST_ERROR(gk_candidate_confirm(&c, a, c->id, c->version, proof.version, early->id, false), GK_E_WRONG_STATE);
  GK_TEST_OK(end(a, gk_proof_print(&c, &again, a, c->id, c->version)));
  GK_TEST(strcmp(again.digest, proof.digest) != 0);
  GK_TEST_OK(verify(&reading, &c, a, card));
  GK_TEST_ERROR(gk_candidate_confirm(&c, a, c->id, c->version, proof.version, reading->id, false), GK_E_CONFLICT);
  GK_TEST_ERROR(gk_candidate_confirm(&c, a, c->id, c->version - 1, again.version, reading->id, false), GK_E_STALE_VERSION);
  GK_TEST_OK(end(a, gk_candidate_confirm(&c, a, c->id, c->version, again.version, reading->id, false)));
  GK_TEST_STR(c->state, "confirmed");
  GK_TEST_INT(c->confirmed_version, again.version);
  GK_TEST_ERROR(gk_own_save(&c, &verdicts, own, c->version, json_of("{\"postcode\":\"410002\"}", pool)), GK_E_WRONG_STATE);
  GK_TEST_ERROR(gk_candidate_update(&c, a, c->id, c->version, json_of("{\"postcode\":\"410002\"}", pool), NULL),
                GK_E_WRONG_STATE);
  GK_TEST_OK(end(a, gk_candidate_correct(&c, a, c->id, c->version, "邮编写错")));
  GK_TEST_STR(c->state, "filling");
  GK_TEST_INT(c->confirmed_version, 0);
  GK_TEST_OK(end(a, gk_proof_print(&c, &again, a, c->id, c->version)));
  GK_TEST_OK(verify(&reading, &c, a, card));
  GK_TEST_OK(end(a, gk_candidate_confirm(&c, a, c->id, c->version, again.version, reading->id, false)));
  GK_TEST_OK(end(a, gk_proof_get(&proof, &c, a, c->id, proof.version)));
  gk_json_t *sheet;
  GK_TEST_OK(gk_proof_json(&sheet, a, &again, c));
  GK_TEST(gk_json_bool(sheet, "valid"));
  GK_TEST_OK(gk_proof_json(&sheet, a, &proof, c));
  GK_TEST(!gk_json_bool(sheet, "valid"));
}

static void back_and_out_again(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point), *b = act_apart(pool, b_point);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card), *other;
  gk_reading_t *reading;
  GK_TEST_OK(to_filled(&c, a, pool));
  GK_TEST_ERROR(gk_candidate_return(&c, a, c->id, c->version, "filling", "x"), GK_E_INVALID);
  GK_TEST_OK(end(a, gk_candidate_return(&c, a, c->id, c->version, "card_printed", "补材料")));
  GK_TEST_STR(c->review_state, "none");
  GK_TEST_OK(end(a, gk_candidate_withdraw(&c, a, c->id, c->version, "换报名点")));
  GK_TEST_STR(c->state, "withdrawn");
  gk_reading_wish_t wish = wish_of(b, "create", card);
  GK_TEST_OK(end(b, gk_reading_take(&reading, &other, b, &wish)));
  GK_TEST_STR(reading->verdict, "created");
  GK_TEST_INT(other->org_id, 8);
}

static void a_corrected_id_number_stays_taken(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point), *county = act_apart(pool, &who_county);
  gk_json_t *card;
  gk_candidate_t *c = read_in(a, &card), *other;
  gk_reading_t *reading;
  gk_json_t *patch = gk_json_object(pool);
  gk_json_set_str(patch, "id_number", id_number_of_somebody(pool));
  gk_error_t *error = end(county, gk_candidate_update(&c, county, c->id, c->version, patch, "公安机关更正"));
  GK_TEST_OK(error);
  gk_reading_wish_t wish = wish_of(a, "create", card);
  GK_TEST_OK(end(a, gk_reading_take(&reading, &other, a, &wish)));
  GK_TEST_STR(reading->verdict, "registered_elsewhere");
  GK_TEST(other == NULL);
}

static void namesakes_are_marked_and_asked_about(apr_pool_t *pool)
{
  gk_act_t *a = act_apart(pool, a_point);
  gk_candidate_t *one, *two;
  gk_reading_t *reading;
  gk_reading_wish_t wish = wish_of(a, "create", card_of("双生", id_number_of_somebody(pool), pool));
  GK_TEST_OK(end(a, gk_reading_take(&reading, &one, a, &wish)));
  GK_TEST(!one->twin);
  wish = wish_of(a, "create", card_of("双生", id_number_of_somebody(pool), pool));
  GK_TEST_OK(end(a, gk_reading_take(&reading, &two, a, &wish)));
  GK_TEST(two->twin);
  GK_TEST_OK(gk_candidate_get(&one, a, one->id));
  GK_TEST(one->twin);
  GK_TEST_ERROR(to_reviewed(&one, a), GK_E_RULE_FAILED);
  GK_TEST_OK(gk_candidate_get(&one, a, one->id));
  GK_TEST_OK(end(a, gk_review_decide(&one, a, one->id, one->version, true, NULL, json_of("[\"twin\"]", pool))));
}

static void lists_page_by_key(apr_pool_t *pool)
{
  gk_act_t *county = act_apart(pool, &who_county);
  gk_candidate_filter_t filter = {.q = NULL};
  apr_array_header_t *list;
  const char *cursor = NULL, *last = "";
  int total = 0, pages = 0;
  do {
    GK_TEST_OK(gk_candidate_list(&list, &cursor, county, &filter, cursor, 3));
    for (int i = 0; i < list->nelts; i++, total++) {
      gk_candidate_t *c = APR_ARRAY_IDX(list, i, gk_candidate_t *);
      GK_TEST(strcmp(c->number, last) > 0);
      last = c->number;
    }
  } while (cursor != NULL && ++pages < 100);
  GK_TEST(total > 9);
  GK_TEST_OK(gk_candidate_list(&list, &cursor, county, &filter, NULL, 200));
  GK_TEST_INT(list->nelts, total);
  filter.q = "010200";
  GK_TEST_OK(gk_candidate_list(&list, &cursor, county, &filter, NULL, 200));
  GK_TEST(list->nelts > 5);
  gk_act_t *a = act_apart(pool, a_point);
  gk_candidate_t *c = APR_ARRAY_IDX(list, 0, gk_candidate_t *);
  gk_document_t *document;
  GK_TEST_OK(gk_candidate_document(&document, c, pool));
  const char *id_number = gk_document_get(document, "id_number");
  filter.q = id_number + 14;
  GK_TEST_OK(gk_candidate_list(&list, &cursor, a, &filter, NULL, 200));
  GK_TEST(list->nelts >= 1);
  filter.q = id_number;
  GK_TEST_OK(gk_candidate_list(&list, &cursor, a, &filter, NULL, 200));
  GK_TEST_INT(list->nelts, 1);
  filter = (gk_candidate_filter_t){.state = "to_print", .subject = "1"};
  GK_TEST_OK(gk_candidate_list(&list, &cursor, a, &filter, NULL, 200));
  for (int i = 0; i < list->nelts; i++)
    GK_TEST_STR(APR_ARRAY_IDX(list, i, gk_candidate_t *)->state, "identified");
}

/* ---- many at once ------------------------------------------------------------------------------------------ */

enum { THREADS = 8, EACH = 10 };
typedef struct worker_t {
  int index;
  apr_pool_t *pool;
  const char *cards[EACH];   /* ID numbers */
  const char *numbers[EACH]; /* NULL: refused */
  const gk_principal_t *point;
  const char *failure;
} worker_t;

static gk_error_t *retried(gk_act_t *act, gk_reading_t **reading, gk_candidate_t **c, const gk_reading_wish_t *wish)
{
  gk_error_t *error = NULL;
  for (int tries = 0; tries < 20; tries++) {
    error = end(act, gk_reading_take(reading, c, act, wish));
    if (error == NULL || error->code != GK_E_RETRY)
      return error;
    apr_sleep(2000 + 500 * tries);
  }
  return error;
}

static void *APR_THREAD_FUNC work(apr_thread_t *self, void *data)
{
  worker_t *w = data;
  gk_act_t *act = act_apart(w->pool, w->point);
  for (int i = 0; i < EACH; i++) {
    gk_reading_t *reading;
    gk_candidate_t *c = NULL;
    gk_reading_wish_t wish = {.jti = apr_psprintf(w->pool, "many-%d-%d-%d", (int)w->point->org_id, w->index, i),
                              .taken = act->now, .purpose = "create", .subject = "1", .layout = "resident",
                              .card = card_of(name_of(w->index < 100 ? "并" : "同", w->index * EACH + i, w->pool),
                                              w->cards[i], w->pool)};
    gk_error_t *error = retried(act, &reading, &c, &wish);
    if (error != NULL) {
      w->failure = gk_error_log_text(w->pool, error);
      break;
    }
    w->numbers[i] = strcmp(reading->verdict, "created") == 0 ? c->number : NULL;
  }
  return NULL;
}

static void run_all(worker_t *workers, apr_pool_t *pool)
{
  apr_thread_t *threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    apr_thread_create(&threads[i], NULL, work, &workers[i], pool);
  for (int i = 0; i < THREADS; i++) {
    apr_status_t status;
    apr_thread_join(&status, threads[i]);
  }
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void numbers_are_gapless_under_eight_threads(apr_pool_t *pool)
{
  worker_t workers[THREADS] = {{0}};
  const char *numbers[THREADS * EACH];
  int count = 0;
  for (int i = 0; i < THREADS; i++) {
    apr_pool_create(&workers[i].pool, NULL);
    workers[i].index = i;
    workers[i].point = b_point;
    for (int n = 0; n < EACH; n++)
      workers[i].cards[n] = id_number_of_somebody(pool);
  }
  run_all(workers, pool);
  for (int i = 0; i < THREADS; i++) {
    GK_TEST_STR(workers[i].failure, NULL);
    for (int n = 0; n < EACH; n++)
      numbers[count++] = workers[i].numbers[n];
  }
  qsort(numbers, (size_t)count, sizeof(numbers[0]), by_text);
  for (int i = 1; i < count; i++)
    GK_TEST_INT(atoi(numbers[i] + 4), atoi(numbers[i - 1] + 4) + 1);
  for (int i = 0; i < THREADS; i++)
    apr_pool_destroy(workers[i].pool);
}

static void one_person_at_two_points_at_once_registers_once(apr_pool_t *pool)
{
  worker_t workers[THREADS] = {{0}};
  const char *cards[EACH];
  for (int n = 0; n < EACH; n++)
    cards[n] = id_number_of_somebody(pool);
  for (int i = 0; i < THREADS; i++) {
    apr_pool_create(&workers[i].pool, NULL);
    workers[i].index = 100 + i;
    workers[i].point = i % 2 == 0 ? a_point : b_point;
    memcpy(workers[i].cards, cards, sizeof(cards));
  }
  run_all(workers, pool);
  for (int n = 0; n < EACH; n++) {
    int made = 0;
    for (int i = 0; i < THREADS; i++) {
      GK_TEST_STR(workers[i].failure, NULL);
      made += workers[i].numbers[n] != NULL;
    }
    GK_TEST_INT(made, 1);
  }
  for (int i = 0; i < THREADS; i++)
    apr_pool_destroy(workers[i].pool);
}

int main(void)
{
  gk_test_begin("candidate");
  STORE_EACH_ENGINE({
    act_start();
    scene_start();
    GK_TEST_RUN(a_reading_makes_a_candidate_with_the_next_number);
    GK_TEST_RUN(faults_of_a_card_point_to_its_members);
    GK_TEST_RUN(a_second_registration_is_refused_with_the_place_and_kept);
    GK_TEST_RUN(other_units_do_not_exist);
    GK_TEST_RUN(typed_in_waits_for_the_city);
    GK_TEST_RUN(differences_are_decided_with_a_reason);
    GK_TEST_RUN(the_review_asks_for_papers_fee_and_rules);
    GK_TEST_RUN(a_child_needs_a_guardian);
    GK_TEST_RUN(own_saves_are_possible_while_incomplete);
    GK_TEST_RUN(a_subject_with_another_fee_makes_it_due);
    GK_TEST_RUN(a_confirmation_signs_exactly_the_proofed_version);
    GK_TEST_RUN(back_and_out_again);
    GK_TEST_RUN(a_corrected_id_number_stays_taken);
    GK_TEST_RUN(namesakes_are_marked_and_asked_about);
    GK_TEST_RUN(lists_page_by_key);
    GK_TEST_RUN(numbers_are_gapless_under_eight_threads);
    GK_TEST_RUN(one_person_at_two_points_at_once_registers_once);
    act_end();
  });
  return gk_test_end();
}
