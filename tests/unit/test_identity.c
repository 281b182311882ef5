/* The numbers of people's papers: every row of reference/id_number_case.csv and what stands around them. */
#include "gk_test.h"
#include "domain/identity.h"

static const gk_date_t today = {2013, 11, 5};

/* number, verdict, suggestion */
static const struct {
  const char *number;
  gk_id_case_t verdict;
  const char *suggestion;
} rows[] = {
    {"11010519491231002X", GK_ID_OK, NULL},
    {"440524188001010014", GK_ID_OK, NULL},
    {"110105194912310021", GK_ID_CHECK_CHARACTER, NULL},
    {"11010519491231002x", GK_ID_OK, NULL},
    {"110105491231002", GK_ID_OLD, "11010519491231002X"},
    {"1101051949123100", GK_ID_TOO_SHORT, NULL},
    {"110105194913310021", GK_ID_MONTH, NULL},
    {"110105194902290029", GK_ID_DAY, NULL},
    {"430102188002290001", GK_ID_OK, NULL},
    {"810000188001010007", GK_ID_OK_PERMIT, NULL},
    {"820000188001010009", GK_ID_OK_PERMIT, NULL},
    {"830000188001010000", GK_ID_OK_PERMIT, NULL},
    {"１１０１０５１９４９１２３１００２Ｘ", GK_ID_OK, NULL},
    {" 110105 19491231 002x ", GK_ID_OK, NULL},
    {"1101051949123100211", GK_ID_TOO_LONG, NULL},
    {"11010519491231000Y", GK_ID_CHARACTER, NULL},
    {"1101051949X2310021", GK_ID_CHARACTER, NULL},
    {"X", GK_ID_CHARACTER, NULL},
    {"010105194912310021", GK_ID_REGION, NULL},
    {"110105201312010021", GK_ID_FUTURE, NULL},
    {"110105174912310021", GK_ID_TOO_OLD, NULL},
    {"430102199601019000", GK_ID_CUT, NULL},
    {"110105491331002", GK_ID_OLD_BAD, NULL},
    {"ABC123456789012", GK_ID_OK_FOREIGNER, NULL},
    {"943840199601019996", GK_ID_OK_FOREIGNER, NULL},
    {"", GK_ID_EMPTY, NULL},
    {"　", GK_ID_EMPTY, NULL},
    {"身份证", GK_ID_CHARACTER, NULL},
};

static void judges_every_case(apr_pool_t *pool)
{
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    gk_identity_t identity = gk_identity_check(rows[i].number, today, pool);
    GK_TEST_CASE("'%s'", rows[i].number);
    GK_TEST_STR(gk_identity_code(identity.verdict), gk_identity_code(rows[i].verdict));
    GK_TEST_STR(identity.suggestion, rows[i].suggestion);
    bool ok = gk_identity_ok(identity.verdict);
    GK_TEST_INT(gk_identity_zh(&identity, pool)[0] == '\0', ok);
    GK_TEST_INT(gk_identity_en(&identity, pool)[0] == '\0', ok);
    GK_TEST(strchr(gk_identity_zh(&identity, pool), '%') == NULL);
  }
}

static void reads_facts(apr_pool_t *pool)
{
  gk_identity_t identity = gk_identity_check("11010519491231002x", today, pool);
  GK_TEST(identity.has_facts);
  GK_TEST_STR(identity.number, "11010519491231002X");
  GK_TEST_INT(identity.birth.year, 1949);
  GK_TEST_INT(identity.birth.month, 12);
  GK_TEST_INT(identity.birth.day, 31);
  GK_TEST_INT(identity.sex, 2);
  GK_TEST_STR(identity.division, "110105");
  GK_TEST_STR(identity.province, "11");
  GK_TEST_INT(gk_identity_check("440524188001010014", today, pool).sex, 1);
  GK_TEST(!gk_identity_check("110105194912310021", today, pool).has_facts);
  GK_TEST_INT(gk_identity_check(NULL, today, pool).verdict, GK_ID_EMPTY);
}

static void says_which_piece_is_wrong(apr_pool_t *pool)
{
  gk_identity_t identity = gk_identity_check("110105194902290029", today, pool);
  GK_TEST(strstr(gk_identity_zh(&identity, pool), "1949-02-29") != NULL);
  identity = gk_identity_check("1101051949X2310021", today, pool);
  GK_TEST(strstr(gk_identity_en(&identity, pool), "character 11") != NULL);
  identity = gk_identity_check("110105491231002", today, pool);
  GK_TEST(strstr(gk_identity_en(&identity, pool), "11010519491231002X") != NULL);
}

static void judges_by_type_of_document(apr_pool_t *pool)
{
  static const struct { const char *type, *number; gk_id_case_t verdict; } cases[] = {
      {"1", "11010519491231002X", GK_ID_OK},
      {"1", "810000188001010007", GK_ID_REGION},
      {"B", "11010519491231002X", GK_ID_OK},
      {"B", "810000188001010007", GK_ID_REGION},
      {"C", "810000188001010007", GK_ID_OK_PERMIT},
      {"C", "11010519491231002X", GK_ID_REGION},
      {"9", "ABC123456789012", GK_ID_OK_FOREIGNER},
      {"9", "11010519491231002X", GK_ID_REGION},
      {"1", "ABC123456789012", GK_ID_REGION},
      {"8", "12345678", GK_ID_OK},
      {"8", "1234567", GK_ID_TOO_SHORT},
      {"8", "123456789", GK_ID_TOO_LONG},
      {"A", "e12345678", GK_ID_OK},
      {"A", "E-123", GK_ID_CHARACTER},
      {"3", "南字第1234567号", GK_ID_CHARACTER},
      {"A", "", GK_ID_EMPTY},
      {NULL, "11010519491231002X", GK_ID_OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gk_identity_t identity = gk_identity_check_typed(cases[i].type, cases[i].number, today, pool);
    GK_TEST_CASE("type %s '%s'", cases[i].type ? cases[i].type : "-", cases[i].number);
    GK_TEST_STR(gk_identity_code(identity.verdict), gk_identity_code(cases[i].verdict));
  }
}

static void counts_age_as_the_civil_code(apr_pool_t *pool)
{
  (void)pool;
  GK_TEST_INT(gk_identity_age((gk_date_t){1996, 2, 29}, (gk_date_t){2013, 2, 28}), 16);
  GK_TEST_INT(gk_identity_age((gk_date_t){1996, 2, 29}, (gk_date_t){2013, 3, 1}), 17);
  GK_TEST_INT(gk_identity_age((gk_date_t){1996, 2, 29}, (gk_date_t){2012, 2, 29}), 16);
  GK_TEST_INT(gk_identity_age((gk_date_t){1996, 11, 5}, (gk_date_t){2013, 11, 5}), 17);
  GK_TEST_INT(gk_identity_age((gk_date_t){1996, 11, 6}, (gk_date_t){2013, 11, 5}), 16);
  GK_TEST(gk_identity_age((gk_date_t){2014, 1, 1}, (gk_date_t){2013, 1, 1}) < 0);
}

/* Any single wrong digit and any swap of neighbours is noticed, as the standard promises. */
static void notices_single_slips(apr_pool_t *pool)
{
  const char *good = "11010519491231002X";
  for (int at = 0; at < 17; at++) {
    for (char digit = '0'; digit <= '9'; digit++) {
      char bad[19];
      memcpy(bad, good, 19);
      if (bad[at] == digit)
        continue;
      bad[at] = digit;
      GK_TEST_CASE("%s", bad);
      GK_TEST(!gk_identity_ok(gk_identity_check(bad, today, pool).verdict));
    }
    char swapped[19];
    memcpy(swapped, good, 19);
    if (at < 16 && good[at] != good[at + 1]) {
      swapped[at] = good[at + 1], swapped[at + 1] = good[at];
      GK_TEST_CASE("%s", swapped);
      GK_TEST(!gk_identity_ok(gk_identity_check(swapped, today, pool).verdict));
    }
  }
}

int main(void)
{
  gk_test_begin("identity");
  GK_TEST_RUN(judges_every_case);
  GK_TEST_RUN(reads_facts);
  GK_TEST_RUN(says_which_piece_is_wrong);
  GK_TEST_RUN(judges_by_type_of_document);
  GK_TEST_RUN(counts_age_as_the_civil_code);
  GK_TEST_RUN(notices_single_slips);
  return gk_test_end();
}
