/* plugin/photo_report.c: see photo_report.h. */
#include "plugin/photo_report.h"

#include <math.h>
#include <string.h>
#include <apr_strings.h>

#define FINDING(array, i) APR_ARRAY_IDX(array, i, gk_photo_finding_t)

static const char *const words[] = {NULL, "fine", "look", "unchecked", "block"};

const char *gk_photo_word(gk_photo_word_t word) { return words[word]; }

gk_photo_word_t gk_photo_word_of(const char *word)
{
  for (int i = GK_PHOTO_FINE; word != NULL && i <= GK_PHOTO_BLOCK; i++)
    if (strcmp(words[i], word) == 0)
      return (gk_photo_word_t)i;
  return 0;
}

void gk_photo__say(apr_array_header_t *findings, gk_photo_word_t severity, const char *code, const char *zh,
                   const char *en, const char *remedy_zh, const char *remedy_en)
{
  gk_photo_finding_t *finding = apr_array_push(findings);
  memset(finding, 0, sizeof(*finding));
  finding->severity = severity;
  finding->said.size = sizeof(finding->said);
  finding->said.code = code;
  finding->said.zh = zh;
  finding->said.en = en;
  finding->said.remedy_zh = remedy_zh;
  finding->said.remedy_en = remedy_en;
}

/* ---- causes and what follows from them --------------------------------------------------------------------- */

/* In the order in which causes are named. A cause that blocks hides the findings of the codes behind it: without
 * them a person would be sent to mend what is not wrong. "*" is all that comes later in this table. */
#define OF_LIGHT                                                                                       \
  "luma contrast blur chroma cast-a cast-b side-light background-distance background-spread background-share " \
  "eyes-open mouth-gap"
static const struct { const char *code, *hides; } causes[] = {
    {"file-quality", ""},
    {"face-none", "*"},
    {"face-turned", "*"},
    {"face-many", "*"},
    {"face-score", "*"},
    {"turn", "tilt eye-line face-width hair-top centre scale no-room side-light eyes-open mouth-gap background-spread "
             "background-share"},
    {"tilt", "eye-line face-width hair-top centre scale no-room background-spread background-share"},
    {"bright-share", OF_LIGHT},
    {"dark-share", OF_LIGHT},
    {"luma", OF_LIGHT},
    {"chroma", "cast-a cast-b"},
    {"scale", "eye-line face-width hair-top centre no-room blur"},
    {"no-room", "eye-line face-width hair-top centre"},
    {"size", "eye-line face-width hair-top centre"},
    {"face-width", "eye-line hair-top centre background-spread background-share"},
    {"eye-line", "hair-top"},
    {"centre", "background-spread background-share"}, /* hair reaches where only background may be */
    {"hair-top", ""},
    {"background-distance", "background-spread background-share"},
    {"background-spread", "background-share hair-top"}, /* where hair begins can't be told from such a background */
    {"background-share", "hair-top"},
    {"contrast", ""},
    {"blur", ""},
};
#define CAUSES ((int)(sizeof(causes) / sizeof(causes[0])))

static int rank(const char *code)
{
  for (int i = 0; i < CAUSES; i++)
    if (strcmp(causes[i].code, code) == 0)
      return i;
  return strncmp(code, "file-", 5) == 0 ? -1 : CAUSES;
}

static bool listed(const char *list, const char *code)
{
  size_t length = strlen(code);
  for (const char *at = list; (at = strstr(at, code)) != NULL; at += length)
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
      return true;
  return false;
}

static bool hidden(const apr_array_header_t *findings, const gk_photo_finding_t *finding)
{
  for (int i = 0; i < findings->nelts; i++) {
    const gk_photo_finding_t *cause = &FINDING(findings, i);
    int at = rank(cause->said.code);
    if (cause->severity != GK_PHOTO_BLOCK || at < 0 || at >= CAUSES || cause == finding)
      continue;
    if (causes[at].hides[0] == '*' ? rank(finding->said.code) > at : listed(causes[at].hides, finding->said.code))
      return true;
  }
  return false;
}

static bool before(const gk_photo_finding_t *a, const gk_photo_finding_t *b)
{
  return a->severity != b->severity ? a->severity > b->severity : rank(a->said.code) < rank(b->said.code);
}

gk_photo_word_t gk_photo__settle(apr_array_header_t *findings, apr_pool_t *pool)
{
  apr_array_header_t *all = apr_array_copy(pool, findings);
  findings->nelts = 0;
  for (int i = 0; i < all->nelts; i++) {
    gk_photo_finding_t finding = FINDING(all, i);
    if (hidden(all, &FINDING(all, i)))
      continue;
    apr_array_push(findings);
    int at = findings->nelts - 1; /* insertion: few findings, and equal ones keep their order */
    for (; at > 0 && before(&finding, &FINDING(findings, at - 1)); at--)
      FINDING(findings, at) = FINDING(findings, at - 1);
    FINDING(findings, at) = finding;
  }
  return findings->nelts > 0 ? FINDING(findings, 0).severity : GK_PHOTO_FINE;
}

/* ---- regions ----------------------------------------------------------------------------------------------- */

static int clamp(double value, int high)
{
  return value < 0 ? 0 : value > high ? high : (int)floor(value + 0.5);
}

void gk_photo__move(apr_array_header_t *findings, double x, double y, double scale, int width, int height)
{
  for (int i = 0; i < findings->nelts; i++) {
    gaokao_finding_t *f = &FINDING(findings, i).said;
    if ((f->has & GAOKAO_HAS_REGION) == 0)
      continue;
    int left = clamp(x + f->x * scale, width - 1), top = clamp(y + f->y * scale, height - 1);
    f->width = clamp(x + (f->x + f->width) * scale, width) - left;
    f->height = clamp(y + (f->y + f->height) * scale, height) - top;
    f->x = left;
    f->y = top;
    f->width = f->width < 1 ? 1 : f->width;
    f->height = f->height < 1 ? 1 : f->height;
  }
}

/* ---- JSON -------------------------------------------------------------------------------------------------- */

/* Three places: more are noise, and the text must not depend on how a machine rounds. */
static double rounded(double value) { return floor(value * 1000 + 0.5) / 1000; }

static void set_number(gk_json_t *json, const char *key, bool has, double value)
{
  if (has)
    gk_json_set_real(json, key, rounded(value));
  else
    gk_json_set_null(json, key);
}

static gk_json_t *finding_json(const gk_photo_finding_t *finding, apr_pool_t *pool)
{
  const gaokao_finding_t *f = &finding->said;
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "code", f->code);
  gk_json_set_str(json, "severity", gk_photo_word(finding->severity));
  set_number(json, "measured", (f->has & GAOKAO_HAS_MEASURED) != 0, f->measured);
  gk_json_t *allowed = gk_json_object(pool);
  set_number(allowed, "low", (f->has & GAOKAO_HAS_LOW) != 0, f->low);
  set_number(allowed, "high", (f->has & GAOKAO_HAS_HIGH) != 0, f->high);
  gk_json_set(json, "allowed", allowed);
  gk_json_set_str(json, "unit", f->unit != NULL ? f->unit : "");
  gk_json_set_str(json, "zh", f->zh);
  gk_json_set_str(json, "en", f->en);
  if ((f->has & GAOKAO_HAS_REGION) != 0) {
    gk_json_t *region = gk_json_object(pool);
    gk_json_set_int(region, "x", f->x);
    gk_json_set_int(region, "y", f->y);
    gk_json_set_int(region, "width", f->width);
    gk_json_set_int(region, "height", f->height);
    gk_json_set(json, "region", region);
  } else {
    gk_json_set_null(json, "region");
  }
  if (f->remedy_zh != NULL && f->remedy_en != NULL) {
    gk_json_t *remedy = gk_json_object(pool);
    gk_json_set_str(remedy, "zh", f->remedy_zh);
    gk_json_set_str(remedy, "en", f->remedy_en);
    gk_json_set(json, "remedy", remedy);
  } else {
    gk_json_set_null(json, "remedy");
  }
  return json;
}

gk_json_t *gk_photo__findings_json(const apr_array_header_t *findings, apr_pool_t *pool)
{
  gk_json_t *array = gk_json_array(pool);
  for (int i = 0; i < findings->nelts; i++)
    gk_json_add(array, finding_json(&FINDING(findings, i), pool));
  return array;
}
