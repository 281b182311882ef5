/* tests/photo/pictures.h: photos made by script: a face from the folder of test faces set on a plain background at the
 * place the profile wants, and every way to spoil it. The faces lie outside the repository: GK_TEST_FACES names their folder. */
#ifndef TESTS_PHOTO_PICTURES_H
#define TESTS_PHOTO_PICTURES_H

#include <math.h>
#include <apr_file_info.h>

#include "photo/files.h"
#include "plugin/packs.h"
#include "plugin/photo_check.h"

typedef struct studio_t {
  gk_plugins_t *plugins;
  const gk_photo_profile_t *profile;
  const char *faces;           /* folder, or NULL */
  apr_array_header_t *names;   /* const char *: of the faces, sorted */
  apr_pool_t *pool;
} studio_t;

static inline int studio_by_name(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void studio_faces(studio_t *studio)
{
  const char *named = getenv("GK_TEST_FACES");
  apr_dir_t *dir;
  apr_finfo_t info;
  studio->faces = named != NULL ? named : lab_source(studio->pool, "../shared/testdata/faces");
  studio->names = apr_array_make(studio->pool, 64, sizeof(const char *));
  if (apr_dir_open(&dir, studio->faces, studio->pool) != APR_SUCCESS) {
    studio->faces = NULL;
    return;
  }
  while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS)
    if (strstr(info.name, ".png") != NULL)
      APR_ARRAY_PUSH(studio->names, const char *) = apr_pstrdup(studio->pool, info.name);
  apr_dir_close(dir);
  qsort(studio->names->elts, (size_t)studio->names->nelts, sizeof(const char *), studio_by_name);
}

/* The shipped photo plugins named in `list`, with the 2014 pack's profile (white, grey, light blue). */
static inline studio_t *studio_open(const char *list, apr_pool_t *pool)
{
  studio_t *studio = apr_pcalloc(pool, sizeof(*studio));
  apr_array_header_t *rows = lab_rows(pool);
  char *copy = apr_pstrdup(pool, list), *state = NULL;
  studio->pool = pool;
  for (char *name = apr_strtok(copy, " ", &state); name != NULL; name = apr_strtok(NULL, " ", &state)) {
    gk_plugin_row_t *row = lab_shipped(rows, apr_pstrdup(pool, name));
    row->deadline_us = 60 * 1000000;
    row->max_inside = 32;
  }
  studio->plugins = gk_plugins_create(NULL, pool);
  gk_error_t *error = gk_plugins_load(studio->plugins, rows, pool);
  if (error == NULL)
    error = gk_plugins_start(studio->plugins, pool);
  if (error != NULL) {
    printf("Bail out! %s\n", gk_error_log_text(pool, error));
    exit(99);
  }
  studio->profile = &packs_load(pool, 0)->photo;
  studio_faces(studio);
  return studio;
}

#define STUDIO_ALL "photo_face photo_file photo_place photo_quality"

static inline gk_photo_check_t *studio_check(const studio_t *studio, file_t file, apr_pool_t *pool)
{
  gk_photo_check_t *check = NULL;
  gk_error_t *error = gk_photo_check(&check, studio->plugins, studio->profile, file.bytes, file.length, NULL, "test", pool);
  if (error != NULL) {
    printf("# %s\n", gk_error_log_text(pool, error));
    exit(98);
  }
  return check;
}

static inline const char *studio_code(const gk_photo_check_t *check)
{
  gk_json_t *first = gk_json_at(gk_json_get(check->report, "findings"), 0);
  return first != NULL && check->verdict > GK_PHOTO_FINE ? gk_json_str(first, "code") : "";
}

/* Codes of the findings of one severity, with blanks between. */
static inline const char *studio_codes(const gk_photo_check_t *check, const char *severity, apr_pool_t *pool)
{
  const char *codes = "";
  gk_json_t *findings = gk_json_get(check->report, "findings");
  for (apr_size_t i = 0; i < gk_json_size(findings); i++) {
    const gk_json_t *f = gk_json_at(findings, i);
    if (strcmp(gk_json_str(f, "severity"), severity) == 0)
      codes = apr_pstrcat(pool, codes, codes[0] != '\0' ? " " : "", gk_json_str(f, "code"), NULL);
  }
  return codes;
}

/* A measure of the report; NAN without. */
static inline double studio_fact(const gk_photo_check_t *check, const char *name, apr_pool_t *pool)
{
  gk_json_t *value = gk_json_get(gk_json_get(check->report, "facts"), name);
  return value != NULL ? atof(gk_json_text(value, pool)) : NAN;
}

static inline file_t read_whole(const char *path, apr_pool_t *pool)
{
  file_t file = {NULL, 0};
  FILE *in = fopen(path, "rb");
  if (in == NULL) {
    printf("Bail out! no file %s\n", path);
    exit(99);
  }
  fseek(in, 0, SEEK_END);
  file.length = (apr_size_t)ftell(in);
  rewind(in);
  file.bytes = apr_palloc(pool, file.length + 1);
  file.length = fread(file.bytes, 1, file.length, in);
  fclose(in);
  return file;
}

static inline gk_image_t *open_picture(file_t file, apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image = NULL;
  gk_error_t *error = gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool);
  if (error == NULL)
    error = gk_image_decode(&image, &facts, file.bytes, file.length, &gk_image_limits, NULL, facts.width_px,
                            facts.height_px, pool);
  if (error != NULL) {
    printf("Bail out! %s\n", gk_error_log_text(pool, error));
    exit(99);
  }
  return image;
}

static inline file_t as_png(const gk_image_t *image, apr_pool_t *pool)
{
  const unsigned char *bytes;
  file_t file = {NULL, 0};
  if (gk_image_png(&bytes, &file.length, image, pool) != NULL)
    exit(98);
  file.bytes = (unsigned char *)bytes;
  return file;
}

/* ---- a face on a plain background -------------------------------------------------------------------------- */

static inline unsigned char *at(const gk_image_t *image, int x, int y)
{
  return image->pixels + image->stride_bytes * (apr_size_t)y + (apr_size_t)x * 3;
}

static inline void sample(const gk_image_t *image, double x, double y, double *rgb)
{
  x = fmin(fmax(x, 0), image->width_px - 1.001);
  y = fmin(fmax(y, 0), image->height_px - 1.001);
  int u = (int)x, v = (int)y;
  double fx = x - u, fy = y - v;
  for (int k = 0; k < 3; k++)
    rgb[k] = (at(image, u, v)[k] * (1 - fx) + at(image, u + 1, v)[k] * fx) * (1 - fy) +
             (at(image, u, v + 1)[k] * (1 - fx) + at(image, u + 1, v + 1)[k] * fx) * fy;
}

/* Where a face stands in its own picture. */
typedef struct face_place_t { double x, y, head, tilt; bool found; } face_place_t;

static inline face_place_t place_of(const studio_t *studio, const gk_image_t *image, apr_pool_t *pool)
{
  gk_photo_check_t *check = studio_check(studio, as_png(image, pool), pool);
  face_place_t p = {(studio_fact(check, "eye-right-x", pool) + studio_fact(check, "eye-left-x", pool)) / 2,
                    (studio_fact(check, "eye-right-y", pool) + studio_fact(check, "eye-left-y", pool)) / 2,
                    studio_fact(check, "head-height", pool), studio_fact(check, "tilt", pool), false};
  p.found = p.head > 10;
  return p;
}

typedef struct scene_t {
  int width, height;       /* of the picture */
  double x, y, head;       /* between the eyes, and from there to the chin */
  double tilt;             /* degrees */
  double stretch;          /* the face's width; 0: 1 */
  unsigned char colour[3]; /* of the background */
} scene_t;

/* Draws the head (an oval with a soft edge, and a neck) over whatever is in `out`. */
static inline void draw_head(gk_image_t *out, const gk_image_t *face, face_place_t from, const scene_t *s)
{
  double turn = (s->tilt - from.tilt) * 3.14159265358979 / 180, stretch = s->stretch > 0 ? s->stretch : 1;
  for (int y = 0; y < out->height_px; y++)
    for (int x = 0; x < out->width_px; x++) {
      double dx = (x - s->x) / s->head / stretch, dy = (y - s->y) / s->head; /* in head heights */
      double u = dx * cos(turn) + dy * sin(turn), v = -dx * sin(turn) + dy * cos(turn);
      double oval = hypot(u / 0.95, (v - 0.02) / 1.12), neck = fabs(u) / 0.5;
      double inside = fmin(fmax((1 - oval) / 0.06, 0), 1);
      if (v > 0.6 && v < 1.6)
        inside = fmax(inside, fmin(fmax((1 - neck) / 0.06, 0), 1));
      if (inside <= 0)
        continue;
      double rgb[3];
      sample(face, from.x + u * from.head, from.y + fmin(v, 1.25) * from.head, rgb);
      for (int c = 0; c < 3; c++)
        at(out, x, y)[c] = (unsigned char)(at(out, x, y)[c] * (1 - inside) + rgb[c] * inside + 0.5);
    }
}

static inline gk_image_t *plain_picture(int width, int height, const unsigned char *colour, apr_pool_t *pool)
{
  gk_image_t *image = gk_image_make(width, height, pool);
  for (apr_size_t i = 0; i < image->stride_bytes * (apr_size_t)height; i++)
    image->pixels[i] = colour[i % 3];
  return image;
}

static const unsigned char studio_white[3] = {255, 255, 255}, studio_grey[3] = {240, 240, 240},
                           studio_blue[3] = {100, 197, 255};

static inline scene_t ideal_scene(const unsigned char *colour)
{
  scene_t s = {.width = 480, .height = 640, .x = 240, .y = 280, .head = 185};
  memcpy(s.colour, colour, 3);
  return s;
}

static inline gk_image_t *scene(const gk_image_t *face, face_place_t from, const scene_t *s, apr_pool_t *pool)
{
  gk_image_t *image = plain_picture(s->width, s->height, s->colour, pool);
  draw_head(image, face, from, s);
  return image;
}

/* ---- spoiling ---------------------------------------------------------------------------------------------- */

static inline void each_pixel(gk_image_t *image, void (*change)(unsigned char *rgb, double how), double how)
{
  for (int y = 0; y < image->height_px; y++)
    for (int x = 0; x < image->width_px; x++)
      change(at(image, x, y), how);
}

static inline unsigned char byte_of(double value) { return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5); }

static inline void change_gain(unsigned char *rgb, double how)
{
  for (int k = 0; k < 3; k++)
    rgb[k] = byte_of(rgb[k] * how);
}
static inline void change_grey(unsigned char *rgb, double how)
{
  double luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  for (int k = 0; k < 3; k++)
    rgb[k] = byte_of(rgb[k] * (1 - how) + luma * how);
}
static inline void change_levels(unsigned char *rgb, double how)
{
  double step = 255 / (how - 1);
  for (int k = 0; k < 3; k++)
    rgb[k] = byte_of(floor(rgb[k] / step + 0.5) * step);
}
static inline void change_green(unsigned char *rgb, double how)
{
  rgb[0] = byte_of(rgb[0] / how);
  rgb[1] = byte_of(rgb[1] * how);
}

/* Only the head, so that the background stays what it must be. */
static inline void change_head(gk_image_t *image, const scene_t *s, void (*change)(unsigned char *, double), double how)
{
  for (int y = 0; y < image->height_px; y++)
    for (int x = 0; x < image->width_px; x++)
      if (hypot((x - s->x) / s->head / 0.95, (y - s->y) / s->head / 1.12) < 1)
        change(at(image, x, y), how);
}

static inline gk_image_t *blurred(const gk_image_t *image, double sigma, apr_pool_t *pool)
{
  int reach = (int)ceil(sigma * 3);
  gk_image_t *across = gk_image_make(image->width_px, image->height_px, pool);
  gk_image_t *out = gk_image_make(image->width_px, image->height_px, pool);
  double *weights = apr_palloc(pool, sizeof(double) * (apr_size_t)(2 * reach + 1)), sum = 0;
  for (int i = -reach; i <= reach; i++)
    sum += weights[i + reach] = exp(-i * i / (2 * sigma * sigma));
  for (int pass = 0; pass < 2; pass++) {
    const gk_image_t *from = pass == 0 ? image : across;
    gk_image_t *to = pass == 0 ? across : out;
    for (int y = 0; y < image->height_px; y++)
      for (int x = 0; x < image->width_px; x++)
        for (int k = 0; k < 3; k++) {
          double value = 0;
          for (int i = -reach; i <= reach; i++) {
            int u = pass == 0 ? x + i : x, v = pass == 0 ? y : y + i;
            u = u < 0 ? 0 : u >= image->width_px ? image->width_px - 1 : u;
            v = v < 0 ? 0 : v >= image->height_px ? image->height_px - 1 : v;
            value += at(from, u, v)[k] * weights[i + reach];
          }
          at(to, x, y)[k] = byte_of(value / sum);
        }
  }
  return out;
}

static inline gk_image_t *quarter_turns(const gk_image_t *image, int turns, apr_pool_t *pool)
{
  gk_image_t *out = gk_image_make(turns % 2 ? image->height_px : image->width_px,
                                  turns % 2 ? image->width_px : image->height_px, pool);
  for (int y = 0; y < out->height_px; y++)
    for (int x = 0; x < out->width_px; x++) {
      int u = turns == 1 ? y : turns == 2 ? image->width_px - 1 - x : image->width_px - 1 - y;
      int v = turns == 1 ? image->height_px - 1 - x : turns == 2 ? image->height_px - 1 - y : x;
      memcpy(at(out, x, y), at(image, u, v), 3);
    }
  return out;
}

#endif
