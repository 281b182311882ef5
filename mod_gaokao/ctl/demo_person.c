/* ctl/demo_person.c: one invented person: numbers, fields of the form, parts (demo.h). The fields are made so that both
 * packs' rules are met; tests/store/test_demo evaluates them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/demo.h"
#include "domain/identity.h"

#define DAYS 1500 /* birth dates lie within this many days from the first */

struct gk_demo_people_t {
  const gk_pack_t *pack;
  apr_uint64_t seed;
  apr_time_t now;
  int season;
  apr_time_t first_birth;
  apr_hash_t
      *used; /* first six digits -> unsigned short[2][DAYS]: ID numbers given for a birth date and sex */
  apr_pool_t *pool;
};

gk_demo_people_t *gk_demo_people(const gk_pack_t *pack, apr_uint64_t seed, apr_time_t now, apr_pool_t *pool)
{
  gk_demo_people_t *people = apr_pcalloc(pool, sizeof(*people));
  people->pack = pack;
  people->seed = seed;
  people->now = now;
  people->season = pack->season;
  /* Former pupils are up to two years older; a day is taken at its noon, so that adding days stays within days. */
  people->first_birth = gk_date_start((gk_date_t){pack->season - 21, 9, 1}) + 12 * GK_HOUR;
  people->used = apr_hash_make(pool);
  people->pool = pool;
  return people;
}

/* ---- small things ---------------------------------------------------------------------------------------- */

static void set(const gk_demo_people_t *people, gk_json_t *fields, const char *id, const char *value)
{
  if (gk_pack_field(people->pack, id) != NULL && value != NULL && value[0] != '\0')
    gk_json_set_str(fields, id, value);
}

/* 18 characters, never given before: the three digits of the order are counted per place, birth date and sex, in a
 * scattered order. */
static const char *id_number(gk_demo_people_t *people, const char *prefix, int day, gk_date_t birth, int sex,
                             apr_pool_t *pool)
{
  unsigned short(*used)[DAYS] = apr_hash_get(people->used, prefix, 6);
  if (used == NULL) {
    used = apr_pcalloc(people->pool, 2 * sizeof(*used));
    apr_hash_set(people->used, apr_pstrdup(people->pool, prefix), 6, used);
  }
  int n = used[sex - 1][day]++ % 500;
  int order = (n * 137 + day * 31) % 500 * 2 + (sex == 1 ? 1 : 0);
  char digits[19];
  apr_snprintf(digits, sizeof(digits), "%.6s%04d%02d%02d%03d", prefix, birth.year, birth.month, birth.day,
               order);
  digits[17] = gk_identity_check_character(digits);
  digits[18] = '\0';
  return apr_pstrdup(pool, digits);
}

static const char *city_postcode(const char *city)
{
  static const char *const of[][2] = {{"4301", "4100"}, {"4302", "4120"}, {"4303", "4111"}, {"4304", "4210"},
                                      {"4305", "4220"}, {"4306", "4140"}, {"4307", "4150"}, {"4308", "4270"},
                                      {"4309", "4130"}, {"4310", "4230"}, {"4311", "4250"}, {"4312", "4180"},
                                      {"4313", "4170"}, {"4331", "4160"}};
  for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
    if (strcmp(of[i][0], city) == 0)
      return of[i][1];
  return "4100";
}

/* The code of a table's row that has these attributes; `fallback` when there is none. */
static const char *row_with(const gk_pack_t *pack, const char *field_id, const char *a, const char *a_is,
                            const char *b, const char *b_is, const char *fallback)
{
  const gk_field_t *field = gk_pack_field(pack, field_id);
  if (field == NULL || field->table == NULL)
    return fallback;
  for (int i = 0; i < field->table->rows->nelts; i++) {
    const gk_table_row_t *row = &APR_ARRAY_IDX(field->table->rows, i, gk_table_row_t);
    const char *x = gk_table_row_attribute(row, a), *y = b != NULL ? gk_table_row_attribute(row, b) : NULL;
    if (x != NULL && strcmp(x, a_is) == 0 && (b == NULL || (y != NULL && strcmp(y, b_is) == 0)))
      return row->code;
  }
  return fallback;
}

static const char *any_code(const gk_pack_t *pack, gk_demo_chance_t *chance, const char *field_id)
{
  const gk_field_t *field = gk_pack_field(pack, field_id);
  if (field == NULL || field->table == NULL || field->table->rows->nelts == 0)
    return NULL;
  return APR_ARRAY_IDX(field->table->rows, gk_demo_pick(chance, field->table->rows->nelts), gk_table_row_t)
      .code;
}

static gk_json_t *row(apr_pool_t *pool, const char *const *pairs)
{
  gk_json_t *object = gk_json_object(pool);
  for (; pairs[0] != NULL; pairs += 2)
    if (pairs[1] != NULL && pairs[1][0] != '\0')
      gk_json_set_str(object, pairs[0], pairs[1]);
  return object;
}
#define ROW(pool, ...) row((pool), (const char *const[]){__VA_ARGS__, NULL})

static const char *year_month(apr_pool_t *pool, int year, int month)
{
  return apr_psprintf(pool, "%04d-%02d", year, month);
}

/* ---- groups of fields ------------------------------------------------------------------------------------ */

typedef struct making_t {
  gk_demo_people_t *people;
  gk_demo_chance_t *chance;
  const gk_demo_point_t *point;
  gk_demo_person_t *person;
  gk_json_t *fields;
  const char *surname;
  bool rural, vocational;
  const char *town, *place; /* 湖南省长沙市芙蓉区 */
  const char *school;
  apr_pool_t *pool;
} making_t;

static const char *phone(making_t *m) /* of no network that exists */
{
  return apr_psprintf(m->pool, "1990000%04d", gk_demo_pick(m->chance, 10000));
}

static void put_card(making_t *m)
{
  const gk_demo_people_t *p = m->people;
  gk_date_t from = gk_date_of(p->now - (60 + (apr_time_t)gk_demo_pick(m->chance, 900)) * GK_DAY);
  if (from.day > 28)
    from.day = 28;
  gk_date_t to = {from.year + 10, from.month, from.day};
  set(p, m->fields, "card_valid_from", gk_date_text(m->pool, from));
  set(p, m->fields, "card_valid_to", gk_date_text(m->pool, to));
  const char *county = m->point->county->name;
  if (m->person->migrant) {
    set(p, m->fields, "card_issuer", "广州市公安局天河分局");
    set(p, m->fields, "card_address",
        apr_psprintf(m->pool, "广东省广州市天河区%s%d号", gk_demo_street(m->chance, m->pool),
                     1 + gk_demo_pick(m->chance, 400)));
    return;
  }
  bool district = strlen(county) > 3 && strcmp(county + strlen(county) - 3, "区") == 0;
  set(p, m->fields, "card_issuer",
      district ? apr_psprintf(m->pool, "%s公安局%s分局", m->point->county->city_name,
                              apr_pstrndup(m->pool, county, strlen(county) - 3))
               : apr_pstrcat(m->pool, county, "公安局", NULL));
  set(p, m->fields, "card_address",
      m->rural ? apr_psprintf(m->pool, "%s%s%s%d组", m->place, m->town, gk_demo_village(m->chance, m->pool),
                              1 + gk_demo_pick(m->chance, 18))
               : apr_psprintf(m->pool, "%s%s%s%d号", m->place, m->town, gk_demo_street(m->chance, m->pool),
                              1 + gk_demo_pick(m->chance, 900)));
}

static void put_apply(making_t *m)
{
  const gk_demo_people_t *p = m->people;
  const gk_pack_t *pack = p->pack;
  const gk_subject_t *subject = gk_pack_subject(pack, m->person->subject);
  const char *track = subject != NULL ? subject->track : "general";
  set(p, m->fields, "exam_type", m->vocational ? "8" : "1");
  set(p, m->fields, "category",
      row_with(pack, "category", "session", m->person->current ? "current" : "former", "household",
               m->rural ? "rural" : "urban",
               m->person->current ? m->rural ? "2" : "1"
               : m->rural         ? "4"
                                  : "3"));
  set(p, m->fields, "language",
      gk_demo_permille(m->chance, 975)   ? "1"
      : gk_demo_permille(m->chance, 800) ? "3"
                                         : "2");
  if (strcmp(track, "art") == 0)
    set(p, m->fields, "art_major", any_code(pack, m->chance, "art_major"));
  if (strcmp(track, "sport") == 0)
    set(p, m->fields, "sport_item", any_code(pack, m->chance, "sport_item"));
  if (m->vocational) {
    set(p, m->fields, "vocational", any_code(pack, m->chance, "vocational"));
  } else if (gk_pack_field(pack, "first_choice") != NULL) {
    static const char *const pairs[6][2] = {{"HX", "SW"}, {"HX", "DL"}, {"HX", "ZZ"},
                                            {"SW", "DL"}, {"SW", "ZZ"}, {"ZZ", "DL"}};
    const gk_field_t *field = gk_pack_field(pack, "subject");
    const gk_table_row_t *choice = field != NULL && field->table != NULL
                                       ? gk_table_row(field->table, m->person->subject)
                                       : NULL;
    const char *first = choice != NULL ? gk_table_row_attribute(choice, "choice") : NULL;
    bool physics = first != NULL && strcmp(first, "WL") == 0;
    int pair = physics ? gk_demo_pick(m->chance, 3) : 1 + gk_demo_pick(m->chance, 5);
    set(p, m->fields, "first_choice", first);
    set(p, m->fields, "elective_1", pairs[pair][0]);
    set(p, m->fields, "elective_2", pairs[pair][1]);
  }
}

static void put_school(making_t *m)
{
  const gk_demo_people_t *p = m->people;
  bool current = m->person->current;
  set(p, m->fields, "graduation", m->vocational ? "3" : "0");
  set(p, m->fields, "graduation_year", apr_itoa(m->pool, current ? p->season : p->season - 1));
  set(p, m->fields, "school", m->school);
  set(p, m->fields, "school_code", m->point->code);
  if (!current)
    return;
  set(p, m->fields, "class", apr_psprintf(m->pool, "高三（%d）班", 1 + gk_demo_pick(m->chance, 12)));
  set(p, m->fields, "student_number", apr_pstrcat(m->pool, "G", m->person->id_number, NULL));
  if (!m->vocational)
    set(p, m->fields, "leaving_exam_number",
        apr_psprintf(m->pool, "43%02d%.4s%05d", (p->season - 3) % 100, m->point->county->code + 2,
                     gk_demo_pick(m->chance, 100000)));
}

static void put_household(making_t *m)
{
  const gk_demo_people_t *p = m->people;
  bool migrant = m->person->migrant;
  set(p, m->fields, "household_place", migrant ? "440000" : m->point->county->house_code);
  set(p, m->fields, "household_town", m->town);
  set(p, m->fields, "household_type", m->rural ? "2" : "1");
  set(p, m->fields, "migrant_child", migrant ? "1" : "0");
  if (migrant)
    set(p, m->fields, "school_since", year_month(m->pool, p->season - 3, 9));
}

static void put_contact(making_t *m, const char *father)
{
  const gk_demo_people_t *p = m->people;
  const char *postcode = apr_psprintf(m->pool, "%s%02d", city_postcode(m->point->county->city_code),
                                      gk_demo_pick(m->chance, 40));
  set(p, m->fields, "address",
      m->rural
          ? apr_psprintf(m->pool, "%s%s%s%d组%d号", m->place, m->town, gk_demo_village(m->chance, m->pool),
                         1 + gk_demo_pick(m->chance, 18), 1 + gk_demo_pick(m->chance, 60))
          : apr_psprintf(m->pool, "%s%s%s%d号%d栋%d0%d室", m->place, m->town,
                         gk_demo_street(m->chance, m->pool), 1 + gk_demo_pick(m->chance, 900),
                         1 + gk_demo_pick(m->chance, 30), 1 + gk_demo_pick(m->chance, 18),
                         1 + gk_demo_pick(m->chance, 4)));
  set(p, m->fields, "postcode", postcode);
  set(p, m->fields, "receiver", gk_demo_permille(m->chance, 600) ? m->person->name : father);
  set(p, m->fields, "mobile", phone(m));
}

/* Another name than the candidate's own. */
static const char *relative(making_t *m, const char *surname, int sex)
{
  const char *name;
  do
    name = gk_demo_given(m->chance, surname, sex, m->pool);
  while (strcmp(name, m->person->name) == 0);
  return name;
}

static void put_resume(making_t *m)
{
  int s = m->people->season - (m->person->current ? 0 : 1);
  gk_json_t *rows = gk_json_array(m->pool);
  if (gk_pack_field(m->people->pack, "resume") == NULL)
    return;
  const char *surname = gk_demo_surname(m->chance);
  const char *county = m->point->county->name;
  gk_json_add(rows,
              ROW(m->pool, "start", year_month(m->pool, s - 12, 9), "end", year_month(m->pool, s - 6, 6),
                  "school", apr_pstrcat(m->pool, county, m->town, "中心小学", NULL), "duty", "学生",
                  "witness", relative(m, surname, 2)));
  gk_json_add(rows, ROW(m->pool, "start", year_month(m->pool, s - 6, 9), "end", year_month(m->pool, s - 3, 6),
                        "school", apr_pstrcat(m->pool, county, m->town, "中学", NULL), "duty", "学生",
                        "witness", relative(m, gk_demo_surname(m->chance), 1)));
  gk_json_add(rows, ROW(m->pool, "start", year_month(m->pool, s - 3, 9), "end",
                        m->person->current ? NULL : year_month(m->pool, s, 6), "school", m->school, "duty",
                        gk_demo_permille(m->chance, 150) ? "班长" : "学生", "witness",
                        relative(m, gk_demo_surname(m->chance), 1)));
  if (!m->person->current)
    gk_json_add(rows, ROW(m->pool, "start", year_month(m->pool, s, 9), "school", m->school, "duty", "复读",
                          "witness", relative(m, gk_demo_surname(m->chance), 2)));
  gk_json_set(m->fields, "resume", rows);
}

static void put_family(making_t *m, const char *father)
{
  gk_json_t *rows = gk_json_array(m->pool);
  if (gk_pack_field(m->people->pack, "family") == NULL)
    return;
  gk_json_add(rows, ROW(m->pool, "relation", "1", "name", father, "unit",
                        gk_demo_employer(m->chance, m->rural), "phone", phone(m)));
  gk_json_add(rows, ROW(m->pool, "relation", "2", "name", relative(m, gk_demo_surname(m->chance), 2), "unit",
                        gk_demo_employer(m->chance, m->rural), "phone", phone(m)));
  gk_json_set(m->fields, "family", rows);
}

void gk_demo_person(gk_demo_person_t *out, gk_demo_people_t *people, apr_int64_t index,
                    const gk_demo_point_t *point, const char *subject, const gk_demo_person_t *twin,
                    apr_pool_t *pool)
{
  static const char *const talents[] = {"篮球", "书法", "钢琴", "长跑", "信息学", "绘画", "声乐", "羽毛球"};
  gk_demo_chance_t chance = gk_demo_chance(people->seed, "person", (apr_uint64_t)index);
  const gk_subject_t *info = gk_pack_subject(people->pack, subject);
  making_t m = {people, &chance, point, out, gk_json_object(pool), "", false, false, NULL, NULL, NULL, pool};
  memset(out, 0, sizeof(*out));
  out->fields = m.fields;
  out->subject = subject;
  m.vocational = info != NULL && strcmp(info->track, "vocational") == 0;
  out->current = point->school != NULL && (m.vocational || gk_demo_permille(&chance, 880));
  out->migrant = out->current && gk_demo_permille(&chance, 15);
  m.rural = gk_demo_permille(&chance, 620);
  m.town = gk_demo_town(&chance, m.rural, pool);
  m.place = apr_pstrcat(pool, "湖南省", point->county->city_name, point->county->name, NULL);
  m.school = point->school != NULL ? point->school : apr_pstrcat(pool, point->county->name, "第一中学", NULL);
  if (m.vocational)
    m.school = apr_pstrcat(pool, point->county->name, "职业中专学校", NULL);

  /* Who. Current pupils are 17 to 19 in June, former ones one or two years older. */
  int day = out->current ? 730 + gk_demo_pick(&chance, 730) : 180 + gk_demo_pick(&chance, 730);
  out->sex = gk_demo_permille(&chance, 520) ? 1 : 2;
  out->nation = twin != NULL ? twin->nation : gk_demo_nation(&chance, index, point->county->minority);
  out->name = gk_demo_name(&chance, out->nation, out->sex, &m.surname, pool);
  if (twin != NULL) {
    gk_date_t date;
    gk_date_parse(twin->birth, false, &date);
    day = (int)((gk_date_start(date) + 12 * GK_HOUR - people->first_birth) / GK_DAY);
    out->name = twin->name;
    out->sex = twin->sex;
    out->current = twin->current;
  }
  gk_date_t birth = gk_date_of(people->first_birth + day * GK_DAY);
  out->birth = gk_date_text(pool, birth);
  const char *prefix = out->migrant ? "440106" : point->county->code;
  out->id_number = id_number(people, prefix, day, birth, out->sex, pool);
  const char *father = relative(&m, m.surname[0] != '\0' ? m.surname : gk_demo_surname(&chance), 1);

  set(people, m.fields, "name", out->name);
  set(people, m.fields, "sex", out->sex == 1 ? "1" : "2");
  set(people, m.fields, "nation", out->nation);
  set(people, m.fields, "birth", out->birth);
  set(people, m.fields, "id_type", "1");
  set(people, m.fields, "id_number", out->id_number);
  put_card(&m);
  set(people, m.fields, "subject", subject);
  put_apply(&m);
  put_school(&m);
  put_household(&m);
  put_contact(&m, father);
  put_resume(&m);
  put_family(&m, father);
  set(people, m.fields, "political", gk_demo_permille(&chance, 720) ? "03" : "13");
  if (gk_demo_permille(&chance, 120))
    set(people, m.fields, "speciality", talents[gk_demo_pick(&chance, 8)]);
  if (point->county->minority && strcmp(out->nation, "01") != 0 && gk_demo_permille(&chance, 100)) {
    out->bonus = row_with(people->pack, "bonus", "scope", "minority", "area", "minority", NULL);
    set(people, m.fields, "bonus", out->bonus);
  }
}

/* ---- how far ----------------------------------------------------------------------------------------------- */

static bool among(const char *word, const char *words)
{
  const char *at = words;
  size_t n = strlen(word);
  while ((at = strstr(at, word)) != NULL) {
    if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
      return true;
    at += n;
  }
  return false;
}

gk_json_t *gk_demo_fields(const gk_demo_people_t *people, const gk_demo_person_t *person,
                          gk_demo_depth_t depth, gk_demo_chance_t *chance, apr_pool_t *pool)
{
  static const char typed[] = "name sex nation birth id_type id_number subject";
  static const char card[] = "card_valid_from card_valid_to card_issuer card_address";
  static const char review[] = "migrant_child school_code";
  if (depth == GK_DEMO_FULL)
    return person->fields;
  gk_json_t *fields = gk_json_object(pool);
  int own = 0, kept = 0;
  if (depth == GK_DEMO_PART)
    own = 4 + gk_demo_pick(chance, 24);
  for (int i = 0; i < people->pack->fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(people->pack->fields, i, gk_field_t);
    gk_json_t *value = gk_json_get(person->fields, field->id);
    if (value == NULL)
      continue;
    bool keep = among(field->id, typed) || (depth >= GK_DEMO_CARD && among(field->id, card)) ||
                (depth >= GK_DEMO_REVIEWED && among(field->id, review)) ||
                (depth == GK_DEMO_PART && kept++ < own);
    if (keep)
      gk_json_set(fields, field->id, value);
  }
  return fields;
}

/* ---- parts ----------------------------------------------------------------------------------------------- */

static const char *tenths(apr_pool_t *pool, int low, int high, gk_demo_chance_t *chance)
{
  int n = low + gk_demo_pick(chance, high - low + 1);
  return n % 10 == 0 ? apr_itoa(pool, n / 10) : apr_psprintf(pool, "%d.%d", n / 10, n % 10);
}

static const char *part_value(const gk_demo_people_t *people, const gk_field_t *field,
                              const gk_demo_person_t *person, gk_demo_chance_t *chance, apr_pool_t *pool)
{
  static const char *const remarks[] = {"该生遵守校规校纪，学习认真，团结同学，尊敬老师，热爱集体。",
                                        "该生思想上进，待人诚恳，学习刻苦，积极参加社会实践和志愿服务。",
                                        "该生性格开朗，勤奋踏实，成绩稳定，乐于助人，有较强的责任心。"};
  const char *id = field->id;
  gk_date_t today = gk_date_of(people->now);
  if (strcmp(id, "remark") == 0)
    return remarks[gk_demo_pick(chance, 3)];
  if (strcmp(id, "appraiser") == 0)
    return gk_demo_given(chance, gk_demo_surname(chance), 1 + gk_demo_pick(chance, 2), pool);
  if (strcmp(id, "conduct") == 0)
    return gk_demo_permille(chance, 300) ? "1" : "2";
  if (strcmp(id, "wk_sg") == 0)
    return tenths(pool, person->sex == 1 ? 1620 : 1520, person->sex == 1 ? 1850 : 1720, chance);
  if (strcmp(id, "wk_tz") == 0)
    return tenths(pool, person->sex == 1 ? 500 : 420, person->sex == 1 ? 850 : 650, chance);
  if (strncmp(id, "yk_lys", 6) == 0)
    return tenths(pool, 40, 52, chance);
  if (strcmp(id, "nk_xyssy") == 0)
    return tenths(pool, 130, 170, chance);
  if (strcmp(id, "nk_xyszy") == 0)
    return tenths(pool, 80, 110, chance);
  if (strcmp(id, "eb_zetl") == 0 || strcmp(id, "eb_yetl") == 0)
    return "5";
  if (strcmp(id, "bonus_code") == 0)
    return person->bonus;
  if (strcmp(id, "points") == 0) {
    const gk_table_row_t *policy = field->table == NULL && gk_pack_table(people->pack, "bonus") != NULL
                                       ? gk_table_row(gk_pack_table(people->pack, "bonus"), person->bonus)
                                       : NULL;
    const char *points = policy != NULL ? gk_table_row_attribute(policy, "points") : NULL;
    return points != NULL ? points : "10";
  }
  if (strcmp(id, "evidence") == 0)
    return "户口簿复印件、县民族宗教事务局证明";
  if (strcmp(id, "published_from") == 0)
    return gk_date_text(pool, gk_date_of(people->now - 20 * GK_DAY));
  if (strcmp(id, "published_to") == 0)
    return gk_date_text(pool, gk_date_of(people->now - 5 * GK_DAY));
  if (field->type == GK_FIELD_DATE)
    return gk_date_text(pool, today);
  if (field->type == GK_FIELD_CODE && strcmp(field->table->id, "level") == 0)
    return APR_ARRAY_IDX(field->table->rows, gk_demo_pick(chance, 3), gk_table_row_t).code;
  if (field->type == GK_FIELD_CODE && field->required != NULL)
    return APR_ARRAY_IDX(field->table->rows, 0, gk_table_row_t).code;
  return NULL;
}

gk_json_t *gk_demo_part(const gk_demo_people_t *people, const char *part_id, const gk_demo_person_t *person,
                        gk_demo_chance_t *chance, apr_pool_t *pool)
{
  const gk_part_t *part = gk_pack_part(people->pack, part_id);
  const gk_subject_t *subject = gk_pack_subject(people->pack, person->subject);
  if (part == NULL || (strcmp(part_id, "bonus") == 0 && person->bonus == NULL))
    return NULL;
  gk_json_t *fields = gk_json_object(pool);
  for (int i = 0; i < part->fields->nelts; i++) {
    const gk_field_t *field = &APR_ARRAY_IDX(part->fields, i, gk_field_t);
    const char *value = part_value(people, field, person, chance, pool);
    if (value != NULL)
      gk_json_set_str(fields, field->id, value);
  }
  if (strcmp(part_id, "grades") == 0 && subject != NULL &&
      (subject->art || strcmp(subject->track, "sport") == 0) && gk_part_field(part, "special_number") != NULL)
    gk_json_set_str(fields, "special_number", apr_psprintf(pool, "ZY%08d", gk_demo_pick(chance, 100000000)));
  return fields;
}
