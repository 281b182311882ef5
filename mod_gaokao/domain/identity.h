/* domain/identity.h: the numbers of people's papers. No clock: "today" is an argument. */
#ifndef GK_DOMAIN_IDENTITY_H
#define GK_DOMAIN_IDENTITY_H

#include <stdbool.h>
#include <apr_pools.h>
#include "base/time.h"

/* What is to be said about a number. GK_ID_OK and the two kinds after it are usable numbers. */
typedef enum gk_id_case_t {
  GK_ID_OK = 0,           /* 18 characters, GB 11643, date and check character right */
  GK_ID_OK_PERMIT,        /* residence permit of Hong Kong, Macao or Taiwan residents (81, 82, 83) */
  GK_ID_OK_FOREIGNER,     /* permanent residence card: 3 letters and 12 digits, or 18 characters from 9 */
  GK_ID_EMPTY,
  GK_ID_OLD,              /* 15 digits of GB 11643-1989; `suggestion` is the 18-character form */
  GK_ID_OLD_BAD,          /* 15 digits whose date does not exist */
  GK_ID_TOO_SHORT,
  GK_ID_TOO_LONG,
  GK_ID_CHARACTER,        /* something else than digits and a last X */
  GK_ID_REGION,           /* the first two digits are no province */
  GK_ID_MONTH,            /* the month is not 01 to 12 */
  GK_ID_DAY,              /* the day does not exist in that month (29 February in a common year) */
  GK_ID_FUTURE,           /* born after as_of */
  GK_ID_TOO_OLD,          /* born more than 200 years before as_of (GB 11643 prints one of 1880) */
  GK_ID_CHECK_CHARACTER,  /* the last character does not fit the first 17 */
  GK_ID_CUT,              /* ends in 000 and fails the check: a spreadsheet kept 15 digits */
  GK_ID_CASE_COUNT
} gk_id_case_t;

typedef struct gk_identity_t {
  gk_id_case_t verdict;
  const char *number;      /* as stored and compared: narrowed, without spaces, X upper-case; never NULL */
  const char *suggestion; /* for GK_ID_OLD the 18-character form, else NULL; offered, never applied unasked */
  bool has_facts;          /* the four below are set (a person's number with a real date) */
  gk_date_t birth;
  int sex;                 /* 1 male, 2 female (sex.csv); 0 unknown */
  char division[7];        /* first six digits */
  char province[3];        /* first two digits */
} gk_identity_t;

/* Judges an 18-character number (or one of the forms above) after folding width, spaces and x. `as_of` is the
 * day that "future" is counted from; a zero year skips GK_ID_FUTURE and GK_ID_TOO_OLD. `text` may be NULL or
 * anything. */
gk_identity_t gk_identity_check(const char *text, gk_date_t as_of, apr_pool_t *pool);

/* Judges `text` as the number of papers of type `id_type` (id_document_type.csv): types 1 and B must be
 * resident numbers, C a permit of 81/82/83, 9 a foreigner's card; 8 has 8 digits; others only need 4 to 20
 * letters and digits. */
gk_identity_t gk_identity_check_typed(const char *id_type, const char *text, gk_date_t as_of,
                                      apr_pool_t *pool);

/* True for the verdicts that let a number be stored. */
bool gk_identity_ok(gk_id_case_t verdict);

/* Stable kebab-case key ("check-character") and a sentence that says what is wrong and what to do. For usable
 * numbers an empty sentence. */
const char *gk_identity_code(gk_id_case_t verdict);
const char *gk_identity_zh(const gk_identity_t *identity, apr_pool_t *pool);
const char *gk_identity_en(const gk_identity_t *identity, apr_pool_t *pool);

/* The check character of 17 digits ('0'..'9', 'X'), or 0 when `digits17` doesn't begin with 17 digits. */
char gk_identity_check_character(const char *digits17);

/* Whole years from `birth` to `on` as the Civil Code counts: the birthday itself completes the year; born on
 * 29 February, the year is complete on 1 March of common years. Negative when `on` lies before `birth`. */
int gk_identity_age(gk_date_t birth, gk_date_t on);

#endif
