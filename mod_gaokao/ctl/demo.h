/* ctl/demo.h: the invented season of a demonstration. Everything but passwords follows from the seed: the same pack, seed
 * and number of candidates give the same people, whatever the machine. Nobody in it is a real person: names are put
 * together by chance, and serial parts of ID numbers and telephone numbers are counted, not taken from anywhere.
 */
#ifndef GK_CTL_DEMO_H
#define GK_CTL_DEMO_H

#include <stdbool.h>
#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include "base/json.h"
#include "base/time.h"
#include "domain/pack.h"

/* ---- chance (demo_names.c) ------------------------------------------------------------------------------- */

typedef struct gk_demo_chance_t {
  apr_uint64_t state;
} gk_demo_chance_t;

/* A stream of its own for (seed, what, index): the order in which people are made doesn't matter. */
gk_demo_chance_t gk_demo_chance(apr_uint64_t seed, const char *what, apr_uint64_t index);
/* 0 .. n - 1 */
int gk_demo_pick(gk_demo_chance_t *chance, int n);
/* True in `percent` of 1000 cases. */
bool gk_demo_permille(gk_demo_chance_t *chance, int permille);

/* ---- names (demo_names.c) -------------------------------------------------------------------------------- */

/* GB/T 3304 code ("01".."56"): the first 56 people have one group each, the others as in Hunan. `minority_area` draws more of
 * the groups that live there. */
const char *gk_demo_nation(gk_demo_chance_t *chance, apr_int64_t index, bool minority_area);
/* A person's name: common and compound surnames, now and then characters beyond the BMP, names with "·" where the
 * group has them. sex 1 or 2. *surname (may be NULL): the part the children have too. */
const char *gk_demo_name(gk_demo_chance_t *chance, const char *nation, int sex, const char **surname,
                         apr_pool_t *pool);
/* A name of that surname. */
const char *gk_demo_given(gk_demo_chance_t *chance, const char *surname, int sex, apr_pool_t *pool);
const char *gk_demo_surname(gk_demo_chance_t *chance);
/* "金石镇", "白沙街道", "长江路", "枫树村" */
const char *gk_demo_town(gk_demo_chance_t *chance, bool rural, apr_pool_t *pool);
const char *gk_demo_street(gk_demo_chance_t *chance, apr_pool_t *pool);
const char *gk_demo_village(gk_demo_chance_t *chance, apr_pool_t *pool);
const char *gk_demo_employer(gk_demo_chance_t *chance, bool rural);

/* ---- people (demo_person.c) ------------------------------------------------------------------------------ */

/* A county as people's data need it. */
typedef struct gk_demo_county_t {
  apr_int64_t id;
  const char *code, *name, *path; /* 430102, 芙蓉区 */
  const char *city_code, *city_name;
  const char *house_code; /* the county in the pack's table of divisions */
  bool minority;
} gk_demo_county_t;

typedef struct gk_demo_point_t {
  apr_int64_t id;
  const char *code, *name, *path;
  const char *school; /* name of the school; for social points NULL */
  const gk_demo_county_t *county;
  int share; /* candidates */
} gk_demo_point_t;

typedef struct gk_demo_people_t gk_demo_people_t; /* knows which numbers were used */

/* `now`: the moment of the demonstration; cards are valid on it. */
gk_demo_people_t *gk_demo_people(const gk_pack_t *pack, apr_uint64_t seed, apr_time_t now, apr_pool_t *pool);

typedef struct gk_demo_person_t {
  gk_json_t *fields;                                               /* complete, as the form asks for it */
  const char *name, *id_number, *birth, *nation, *subject, *bonus; /* bonus NULL: none */
  int sex;
  bool current; /* a current pupil */
  bool migrant;
} gk_demo_person_t;

/* Person number `index` (0..) at a point in a subject. `twin` (may be NULL): somebody whose name and birth date this one
 * has too. */
void gk_demo_person(gk_demo_person_t *out, gk_demo_people_t *people, apr_int64_t index,
                    const gk_demo_point_t *point, const char *subject, const gk_demo_person_t *twin,
                    apr_pool_t *pool);

/* How far a record has come says which fields it has. */
typedef enum gk_demo_depth_t {
  GK_DEMO_TYPED = 1, /* typed in without a card: identity only */
  GK_DEMO_CARD,      /* from the card, and the subject */
  GK_DEMO_REVIEWED,  /* and what the point enters */
  GK_DEMO_PART,      /* and some of the candidate's own entries */
  GK_DEMO_FULL
} gk_demo_depth_t;
gk_json_t *gk_demo_fields(const gk_demo_people_t *people, const gk_demo_person_t *person,
                          gk_demo_depth_t depth, gk_demo_chance_t *chance, apr_pool_t *pool);

/* A part's fields (appraisal, examination, grades, bonus), complete. NULL when the pack has no such part or it isn't the
 * person's. */
gk_json_t *gk_demo_part(const gk_demo_people_t *people, const char *part, const gk_demo_person_t *person,
                        gk_demo_chance_t *chance, apr_pool_t *pool);

#endif
