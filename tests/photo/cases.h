/* tests/photo/cases.h: one picture for each fault, just outside its limit and just inside, made from a good face. */
#ifndef TESTS_PHOTO_CASES_H
#define TESTS_PHOTO_CASES_H

#include "photo/pictures.h"

/* What is done to the picture. `how` says how much. */
typedef enum spoil_t {
  NOTHING, BLUR, DARK, BRIGHT, GREY, LEVELS, GREEN, SIDE, RED_WALL, OFF_WHITE, GRADIENT, CLUTTER, THING,
  EYES_AT, HEAD_OF, ASIDE, LONG_TOP, TILT, TURNS, SECOND, WALL, SMALL_FILE, QUALITY, TIGHT, FAR_OFF, CAMERA, SIDEWAYS_FILE
} spoil_t;

typedef struct case_t {
  const char *name;
  spoil_t spoil;
  double how;
  const char *code;      /* the one that blocks; "": none may */
  const char *look;      /* with no block: one that must ask an operator to look; NULL: any or none */
} case_t;

static const case_t photo_cases[] = {
    {"as it should be", NOTHING, 0, "", NULL},
    {"blur sigma 0.5", BLUR, 0.5, "", NULL},
    {"blur sigma 6", BLUR, 6, "blur", NULL},
    {"dark, just seen", DARK, 0.6, "", NULL},
    {"black face", DARK, 0.1, "dark-share", NULL},
    {"bright", BRIGHT, 1.12, "", NULL},
    {"burnt out", BRIGHT, 1.9, "bright-share", NULL},
    {"pale", GREY, 0.6, "", NULL},
    {"black and white", GREY, 1, "chroma", NULL},
    {"64 levels", LEVELS, 64, "", NULL},
    {"3 levels", LEVELS, 3, "contrast", NULL},
    {"green light", GREEN, 1.5, "", "cast-a"},
    {"light from one side", SIDE, 0.45, "", "side-light"},
    {"off-white wall", OFF_WHITE, 0, "", NULL},
    {"red wall", RED_WALL, 0, "background-distance", NULL},
    {"soft gradient", GRADIENT, 15, "", NULL},
    {"gradient", GRADIENT, 120, "background-spread", NULL},
    {"clutter", CLUTTER, 0, "background-distance", NULL},
    {"thing in the corner", THING, 0.6, "background-spread", NULL},
    {"small thing in the corner", THING, 0.03, "", NULL},
    {"eyes at 210", EYES_AT, 215, "", NULL},
    {"eyes at 180", EYES_AT, 180, "eye-line", NULL},
    {"eyes at 295", EYES_AT, 292, "", "eye-line"},
    {"eyes at 330", EYES_AT, 330, "eye-line", NULL},
    {"face large", HEAD_OF, 200, "", NULL},
    {"face too large", HEAD_OF, 270, "face-width", NULL},
    {"face too small", HEAD_OF, 120, "face-width", NULL},
    {"a little aside", ASIDE, 17, "", "centre"},
    {"aside", ASIDE, 32, "centre", NULL},
    {"aside to the left", ASIDE, -32, "centre", NULL},
    {"much room above", LONG_TOP, 160, "", NULL},
    {"too much room above", LONG_TOP, 148, "hair-top", NULL},
    {"tilt 3", TILT, 3, "", NULL},
    {"tilt 8", TILT, 8, "", "tilt"},
    {"tilt 16", TILT, 16, "tilt", NULL},
    {"tilt -16", TILT, -16, "tilt", NULL},
    {"turned 90", TURNS, 1, "face-turned", NULL},
    {"upside down", TURNS, 2, "face-turned", NULL},
    {"turned 270", TURNS, 3, "face-turned", NULL},
    {"turned 90, told by EXIF", SIDEWAYS_FILE, 0, "", NULL},
    {"two people", SECOND, 1, "face-many", NULL},
    {"somebody behind", SECOND, 0.5, "face-many", NULL},
    {"a wall", WALL, 0, "face-none", NULL},
    {"240 x 320", SMALL_FILE, 0, "size", NULL},
    {"JPEG quality 80", QUALITY, 80, "", NULL},
    {"JPEG quality 70", QUALITY, 70, "", "file-quality"},
    {"JPEG quality 40", QUALITY, 40, "file-quality", NULL},
    {"camera picture", CAMERA, 300, "", NULL},
    {"camera picture, far", FAR_OFF, 150, "", "scale"},
    {"camera picture, too far", FAR_OFF, 90, "scale", NULL},
    {"no room around the head", TIGHT, 0, "no-room", NULL},
};
enum { PHOTO_CASES = sizeof(photo_cases) / sizeof(photo_cases[0]) };

static inline gk_image_t *gradient(double how, apr_pool_t *pool)
{
  gk_image_t *image = plain_picture(480, 640, studio_white, pool);
  for (int y = 0; y < 640; y++)
    for (int x = 0; x < 480; x++)
      for (int k = 0; k < 3; k++)
        at(image, x, y)[k] = byte_of(255 - how * x / 480);
  return image;
}

static inline gk_image_t *clutter(apr_pool_t *pool)
{
  gk_image_t *image = plain_picture(480, 640, studio_white, pool);
  for (int y = 0; y < 640; y++)
    for (int x = 0; x < 480; x++)
      if ((x / 40 + y / 50) % 2 == 0)
        memcpy(at(image, x, y), ((unsigned char[]){150, (unsigned char)(90 + y / 5), 60}), 3);
  return image;
}

/* Darker from the middle to one side. */
static inline void shade(gk_image_t *image, const scene_t *s, double how)
{
  for (int y = 0; y < image->height_px; y++)
    for (int x = (int)s->x; x < image->width_px; x++)
      if (hypot((x - s->x) / s->head / 0.95, (y - s->y) / s->head / 1.12) < 1)
        change_gain(at(image, x, y), how);
}

static inline file_t jpeg_of(const gk_image_t *image, int quality, int orientation, apr_pool_t *pool)
{
  return make_jpeg(image, (jpeg_how_t){.quality = quality, .orientation = orientation}, pool);
}

/* The file of one case. The result has the background `colour` where the case doesn't say otherwise. */
static inline file_t case_file(const case_t *c, const gk_image_t *face, face_place_t from, const unsigned char *colour,
                               apr_pool_t *pool)
{
  static const unsigned char red[3] = {190, 40, 40}, off_white[3] = {236, 238, 232};
  scene_t s = ideal_scene(c->spoil == RED_WALL ? red : c->spoil == OFF_WHITE ? off_white : colour);
  gk_image_t *image = NULL;
  switch (c->spoil) {
  case EYES_AT: s.y = c->how; s.head = c->how < 230 ? 150 : 185; break;
  case HEAD_OF: s.head = c->how; s.y = c->how > 240 ? 295 : c->how < 140 ? 215 : 280; break;
  case ASIDE: s.x = 240 + c->how; break;
  case LONG_TOP: s.head = c->how; s.y = c->how < 155 ? 298 : 285; break;
  case TILT: s.tilt = c->how; break;
  case CAMERA: s.width = 1500; s.height = 2000; s.x = 700; s.y = 900; s.head = c->how; break;
  case FAR_OFF: s.width = 1200; s.height = 900; s.x = 600; s.y = 400; s.head = c->how; break;
  case TIGHT: s.width = 600; s.height = 800; s.x = 300; s.y = 300; s.head = 330; break;
  case GRADIENT: image = gradient(c->how, pool); break;
  case CLUTTER: image = clutter(pool); break;
  default: break;
  }
  if (image == NULL)
    image = plain_picture(s.width, s.height, s.colour, pool);
  if (c->spoil != WALL)
    draw_head(image, face, from, &s);
  switch (c->spoil) {
  case BLUR: image = blurred(image, c->how, pool); break;
  case DARK: change_head(image, &s, change_gain, c->how); break;
  case BRIGHT: change_head(image, &s, change_gain, c->how); break;
  case GREY: change_head(image, &s, change_grey, c->how); break;
  case LEVELS: change_head(image, &s, change_levels, c->how); break;
  case GREEN: change_head(image, &s, change_green, c->how); break;
  case SIDE: shade(image, &s, c->how); break;
  case THING:
    for (int y = 0; y < (int)(352 * c->how); y++)
      for (int x = 0; x < 48; x++)
        memset(at(image, x, y), 60, 3);
    break;
  case SECOND: {
    scene_t other = s;
    image = plain_picture(1200, 900, s.colour, pool);
    s.x = 400; s.y = 420;
    other.head = s.head * c->how; other.x = 900; other.y = 380;
    draw_head(image, face, from, &s);
    draw_head(image, face, from, &other);
    break;
  }
  case TURNS: image = quarter_turns(image, (int)c->how, pool); break;
  case SIDEWAYS_FILE: return jpeg_of(quarter_turns(image, 3, pool), 92, 6, pool);
  case QUALITY: return jpeg_of(image, (int)c->how, 0, pool);
  case CAMERA: return jpeg_of(image, 92, 0, pool);
  case SMALL_FILE: {
    gk_image_t *small = gk_image_make(240, 320, pool);
    for (int y = 0; y < 320; y++)
      for (int x = 0; x < 240; x++)
        memcpy(at(small, x, y), at(image, x * 2, y * 2), 3);
    image = small;
    break;
  }
  default: break;
  }
  return as_png(image, pool);
}

#endif
