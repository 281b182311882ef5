/* print/fonts.c: the fonts of papers, and which characters they have.
 *
 * Papers look the same on every machine: the fonts come from a list of files, not from the machine's settings. Noto first,
 * BabelStone (mainland shapes) and Hanazono for rare characters behind it; where there is no Noto, another free Hei.
 */
#include <string.h>
#include <malloc.h>
#include <pthread.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangofc-fontmap.h>

#include "print/print_internal.h"

enum { FIRST = 1, WHOLE = 2, RARE_B = 4, RARE_SONG = 8 };

/* In the order in which they are asked; what each adds. */
static const struct {
  const char *file;
  int adds;
} files[] = {
    {"NotoSansCJK-Regular.ttc", FIRST | WHOLE},
    {"NotoSansCJK-Bold.ttc", 0},
    {"NotoSansCJKsc-Regular.otf", FIRST | WHOLE},
    {"NotoSansCJKsc-Bold.otf", 0},
    {"wqy-zenhei.ttc", FIRST},
    {"wqy-microhei.ttc", FIRST},
    {"BabelStoneHan.ttf", RARE_SONG},
    {"HanaMinA.ttf", 0},
    {"HanaMinB.ttf", RARE_B},
};
#define FILES ((int)(sizeof(files) / sizeof(files[0])))
#define DEPTH_MAX 4
#define MAPPED_BYTES (4 * 1024 * 1024)

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t printer = PTHREAD_MUTEX_INITIALIZER; /* holds map, and all that is drawn with it */
/* Under `opening`; once `looked`, they change no more: */
static bool looked;
static char extra[1024];
static FcConfig *config;
static FcCharSet *covered;
static PangoFontMap *map;
static int have;

static void look(const char *folder, int depth, const char **found, apr_pool_t *pool)
{
  apr_dir_t *dir;
  apr_finfo_t info;
  if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS)
    return;
  while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
    if (info.name == NULL || info.name[0] == '.')
      continue;
    if (info.filetype == APR_DIR && depth < DEPTH_MAX)
      look(apr_pstrcat(pool, folder, "/", info.name, NULL), depth + 1, found, pool);
    for (int i = 0; i < FILES; i++)
      if (found[i] == NULL && strcmp(info.name, files[i].file) == 0)
        found[i] = apr_pstrcat(pool, folder, "/", info.name, NULL);
  }
  apr_dir_close(dir);
}

static void open_fonts(void)
{
  const char *found[FILES] = {NULL};
  apr_pool_t *pool;
  looked = true;
#ifdef __GLIBC__
  /* Each file that is written has a font of 19 MiB in memory for a moment. By itself malloc would learn to take that from the
   * arena of whichever thread prints, and keep it there. */
  mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
#endif
  apr_pool_create(&pool, NULL);
  if (extra[0] != '\0')
    look(extra, 0, found, pool);
  look("/usr/share/fonts", 0, found, pool);
  look("/usr/local/share/fonts", 0, found, pool);
  config = FcConfigCreate();
  for (int i = 0; i < FILES && config != NULL; i++) {
    /* One Hei is enough: a second one would only cost memory. */
    if (found[i] == NULL || ((files[i].adds & FIRST) && (have & FIRST)))
      continue;
    if (FcConfigAppFontAddFile(config, (const FcChar8 *)found[i]))
      have |= files[i].adds;
  }
  apr_pool_destroy(pool);
  if (!(have & FIRST))
    return;
  covered = FcCharSetCreate();
  FcFontSet *set = FcConfigGetFonts(config, FcSetApplication);
  for (int i = 0; set != NULL && i < set->nfont; i++) {
    FcCharSet *chars;
    if (FcPatternGetCharSet(set->fonts[i], FC_CHARSET, 0, &chars) == FcResultMatch)
      FcCharSetMerge(covered, chars, NULL);
  }
  map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
  pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
}

static bool ready(void)
{
  pthread_mutex_lock(&opening);
  if (!looked)
    open_fonts();
  pthread_mutex_unlock(&opening);
  return map != NULL;
}

PangoFontMap *gk_print__fonts_take(void)
{
  if (!ready())
    return NULL;
  pthread_mutex_lock(&printer);
  return map;
}

void gk_print__fonts_give(void) { pthread_mutex_unlock(&printer); }

void gk_print_fonts_in(const char *folder)
{
  pthread_mutex_lock(&opening);
  if (!looked)
    apr_cpystrn(extra, folder, sizeof(extra));
  pthread_mutex_unlock(&opening);
}

const char *gk_print_fonts_state(void)
{
  const int all = WHOLE | RARE_B | RARE_SONG;
  return !ready() ? "none" : (have & all) == all ? "complete" : "small";
}

/* ---- characters ------------------------------------------------------------------------------------------ */

static bool refused(gunichar c)
{
  switch (g_unichar_type(c)) {
  case G_UNICODE_CONTROL: return c != '\n' && c != '\t' && c != '\r';
  case G_UNICODE_FORMAT: return true; /* direction, joiners, byte order mark */
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_UNASSIGNED: return FcCharSetHasChar(covered, c) == FcFalse || g_unichar_type(c) != G_UNICODE_UNASSIGNED;
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR: return true;
  default: return false;
  }
}

apr_array_header_t *gk_print_missing(const char *text, apr_pool_t *pool)
{
  apr_array_header_t *found = apr_array_make(pool, 0, sizeof(const char *));
  const char *plain = text;
  while (plain != NULL && (unsigned char)*plain >= ' ' && (unsigned char)*plain < 0x7f)
    plain++;
  if (plain == NULL || *plain == '\0' || !ready())
    return found;
  for (const char *at = plain; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (!refused(c) && (c < ' ' || FcCharSetHasChar(covered, c)))
      continue;
    const char *name = apr_psprintf(pool, "U+%04X", c);
    bool known = false;
    for (int i = 0; i < found->nelts && !known; i++)
      known = strcmp(APR_ARRAY_IDX(found, i, const char *), name) == 0;
    if (!known)
      APR_ARRAY_PUSH(found, const char *) = name;
  }
  return found;
}
