/* tests/bench/photo.c: what the photo checks find and what they cost, on the test faces (GK_TEST_FACES).
 *   photo table   verdicts on the positive set, and on each fault just inside and just outside its limit
 *   photo time    milliseconds and memory of a check, of a crop and of refusals
 *   photo write DIR [N]   each (or each Nth) of the same pictures as files with DIR/index.tsv, for other detectors
 *                         (tests/bench/haar)
 * tests/photo/run sets the environment; docs/photo.md keeps a result. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "photo/cases.h"

/* Faces that are sharp, from the front, with shut mouths: faults are made from them. */
static const char *const good_faces[] = {"big_example1.png", "astronaut.png", "y42.png", "y60.png"};
enum { GOOD_FACES = 4, ROUNDS = 5 };

static bool turned_face(const char *name) { return strcmp(name, "y24.png") == 0 || strcmp(name, "y28.png") == 0; }

static gk_image_t *face_of(const studio_t *studio, const char *name, apr_pool_t *pool)
{
  return open_picture(read_whole(apr_pstrcat(pool, studio->faces, "/", name, NULL), pool), pool);
}

/* ---- table ------------------------------------------------------------------------------------------------- */

static int positives(const studio_t *studio)
{
  static const unsigned char *const walls[] = {studio_white, studio_grey, studio_blue};
  static const char *const names[] = {"white", "light grey", "light blue"};
  int wrong = 0;
  puts("| background | n | blocked | look | fine | y24 and y28: TURN |\n|---|---|---|---|---|---|");
  for (int w = 0; w < 3; w++) {
    int n = 0, blocked = 0, look = 0, fine = 0, turned = 0;
    for (int i = 0; i < studio->names->nelts; i++) {
      apr_pool_t *pool;
      apr_pool_create(&pool, studio->pool);
      const char *name = APR_ARRAY_IDX(studio->names, i, const char *);
      gk_image_t *face = face_of(studio, name, pool);
      scene_t s = ideal_scene(walls[w]);
      gk_photo_check_t *check = studio_check(studio, as_png(scene(face, place_of(studio, face, pool), &s, pool), pool), pool);
      if (turned_face(name)) {
        turned += strcmp(studio_codes(check, "block", pool), "turn") == 0;
      } else {
        n++;
        blocked += check->verdict == GK_PHOTO_BLOCK;
        look += check->verdict == GK_PHOTO_LOOK;
        fine += check->verdict == GK_PHOTO_FINE;
        if (check->verdict > GK_PHOTO_LOOK)
          printf("<!-- %s: %s -->\n", name, studio_codes(check, "block", pool));
      }
      apr_pool_destroy(pool);
    }
    printf("| %s | %d | %d | %d | %d | %d of 2 |\n", names[w], n, blocked, look, fine, turned);
    wrong += blocked + (turned != 2);
  }
  return wrong;
}

/* A portrait that installs through a package: Debian's python3-skimage, or GK_PACKAGED_FACES, a folder with its data. */
static const char *packaged_portrait(apr_pool_t *pool)
{
  const char *folder = getenv("GK_PACKAGED_FACES");
  apr_finfo_t info;
  if (folder == NULL)
    folder = "/usr/lib/python3/dist-packages/skimage/data";
  const char *path = apr_pstrcat(pool, folder, "/astronaut.png", NULL);
  return apr_stat(&info, path, APR_FINFO_TYPE, pool) == APR_SUCCESS ? path : NULL;
}

static int packaged(const studio_t *studio)
{
  static const unsigned char *const walls[] = {studio_white, studio_grey, studio_blue};
  int blocked = 0;
  const char *path = packaged_portrait(studio->pool);
  if (path == NULL) {
    puts("\nPictures from packages: skipped, python3-skimage is not installed (GK_PACKAGED_FACES names a folder with its data).");
    return 0;
  }
  gk_image_t *face = open_picture(read_whole(path, studio->pool), studio->pool);
  for (int w = 0; w < 3; w++) {
    scene_t s = ideal_scene(walls[w]);
    face_place_t from = place_of(studio, face, studio->pool);
    file_t file = as_png(scene(face, from, &s, studio->pool), studio->pool);
    gk_photo_check_t *check = studio_check(studio, file, studio->pool);
    blocked += check->verdict == GK_PHOTO_BLOCK;
  }
  printf("\nPictures from packages: the portrait of python3-skimage on three walls: %d of 3 blocked.\n", blocked);
  return blocked;
}

static int faults(const studio_t *studio)
{
  int wrong = 0;
  puts("\n| picture | must say | right | n |\n|---|---|---|---|");
  for (int k = 0; k < PHOTO_CASES; k++) {
    const case_t *c = &photo_cases[k];
    int right = 0;
    for (int i = 0; i < GOOD_FACES; i++) {
      apr_pool_t *pool;
      apr_pool_create(&pool, studio->pool);
      gk_image_t *face = face_of(studio, good_faces[i], pool);
      gk_photo_check_t *check =
          studio_check(studio, case_file(c, face, place_of(studio, face, pool), studio_white, pool), pool);
      const char *blocks = studio_codes(check, "block", pool), *looks = studio_codes(check, "look", pool);
      bool good = strcmp(blocks, c->code) == 0 && (c->look == NULL || strstr(looks, c->look) != NULL);
      right += good;
      if (!good)
        printf("<!-- %s on %s: block [%s] look [%s] -->\n", c->name, good_faces[i], blocks, looks);
      apr_pool_destroy(pool);
    }
    printf("| %s | %s | %d | %d |\n", c->name, c->code[0] != '\0' ? c->code : c->look != NULL ? c->look : "not blocked",
           right, GOOD_FACES);
    wrong += GOOD_FACES - right;
  }
  return wrong;
}

/* ---- time and memory --------------------------------------------------------------------------------------- */

typedef struct cost_t { double cpu_ms, wall_ms; long peak_kib; int verdict; } cost_t;

static double now_ms(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* In a process of its own, after one check that warms it: what one more costs; file NULL: nothing is done. */
static cost_t cost_of(const studio_t *studio, const file_t *file, const file_t *warm)
{
  int ends[2];
  cost_t cost = {0};
  if (pipe(ends) != 0)
    exit(1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    apr_pool_t *pool;
    apr_pool_create(&pool, studio->pool);
    if (warm != NULL)
      studio_check(studio, *warm, pool);
    apr_pool_clear(pool);
    double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), wall = now_ms(CLOCK_MONOTONIC);
    if (file != NULL)
      cost.verdict = studio_check(studio, *file, pool)->verdict;
    cost.cpu_ms = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    cost.wall_ms = now_ms(CLOCK_MONOTONIC) - wall;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    cost.peak_kib = usage.ru_maxrss;
    _exit(write(ends[1], &cost, sizeof(cost)) == sizeof(cost) ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &cost, sizeof(cost)) != sizeof(cost))
    exit(1);
  close(ends[0]);
  waitpid(child, NULL, 0);
  return cost;
}

static int by_number(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void timing(const studio_t *studio, const char *what, const file_t *files, int count)
{
  enum { MOST = 500 };
  static double cpu[MOST], wall[MOST];
  int n = 0;
  apr_pool_t *pool;
  apr_pool_create(&pool, studio->pool);
  studio_check(studio, files[0], pool);
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < count && n < MOST; i++, n++) {
      apr_pool_clear(pool);
      double c = now_ms(CLOCK_PROCESS_CPUTIME_ID), w = now_ms(CLOCK_MONOTONIC);
      studio_check(studio, files[i], pool);
      cpu[n] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - c;
      wall[n] = now_ms(CLOCK_MONOTONIC) - w;
    }
  qsort(cpu, (size_t)n, sizeof(double), by_number);
  qsort(wall, (size_t)n, sizeof(double), by_number);
  cost_t one = cost_of(studio, &files[0], NULL), none = cost_of(studio, NULL, NULL);
  printf("| %s | %d | %.1f | %.1f | %.1f | %.1f | %.1f |\n", what, n, cpu[n / 2], cpu[n * 95 / 100], wall[n / 2],
         wall[n * 95 / 100], (double)(one.peak_kib - none.peak_kib) / 1024);
  apr_pool_destroy(pool);
}

static void bombs(const studio_t *studio, apr_pool_t *pool)
{
  gk_image_t *image = corners(64, 48, pool);
  file_t png = make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool);
  char *long_chunk = apr_pcalloc(pool, 5000000);
  struct { const char *name; file_t file; } rows[] = {
      {"PNG header of 65,500 x 65,500", claiming(png, 65500, 65500, pool)},
      {"PNG of 6,300 x 6,300 in a small file", claiming(png, 6300, 6300, pool)},
      {"PNG of 6,000 x 4,000 in a small file", claiming(png, 6000, 4000, pool)},
      {"interlaced PNG of 16 MP", claiming(make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB, .interlaced = true}, pool),
                                           4000, 4000, pool)},
      {"progressive JPEG of 150 scans", make_jpeg(image, (jpeg_how_t){.scans = 150}, pool)},
      {"PNG with 5 MB of junk in a chunk, then cut", with_chunk(png, "zTXt", long_chunk, 5000000, pool)},
      {"animated PNG", with_chunk(png, "acTL", "\0\0\0\2\0\0\0\0", 8, pool)},
      {"CMYK JPEG", make_jpeg(image, (jpeg_how_t){.cmyk = true}, pool)},
  };
  rows[5].file.length -= 20;
  puts("\n| refused | CPU ms | peak above an idle process, MiB |\n|---|---|---|");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    cost_t cost = cost_of(studio, &rows[i].file, NULL), none = cost_of(studio, NULL, NULL);
    printf("| %s | %.1f | %.1f |%s\n", rows[i].name, cost.cpu_ms, (double)(cost.peak_kib - none.peak_kib) / 1024,
           cost.verdict == GK_PHOTO_BLOCK ? "" : " NOT REFUSED");
  }
}

static void times(const studio_t *studio, apr_pool_t *pool)
{
  enum { MOST = 64 };
  file_t files[MOST], cameras[8];
  int n = 0, m = 0;
  for (int i = 0; i < studio->names->nelts && n < MOST; i++) {
    apr_pool_t *sub;
    apr_pool_create(&sub, pool);
    gk_image_t *face = face_of(studio, APR_ARRAY_IDX(studio->names, i, const char *), sub);
    scene_t s = ideal_scene(studio_white);
    face_place_t from = place_of(studio, face, sub);
    file_t file = jpeg_of(scene(face, from, &s, sub), 90, 0, sub);
    files[n++] = (file_t){apr_pmemdup(pool, file.bytes, file.length), file.length};
    if (m < 6) {
      scene_t camera = {.width = 3000, .height = 4000, .x = 1500, .y = 1700, .head = 600, .colour = {255, 255, 255}};
      file = jpeg_of(scene(face, from, &camera, sub), 92, 0, sub);
      cameras[m++] = (file_t){apr_pmemdup(pool, file.bytes, file.length), file.length};
    }
    apr_pool_destroy(sub);
  }
  puts("| check | n | CPU ms, median | CPU ms, p95 | wall ms, median | wall ms, p95 | peak above an idle process, MiB |\n"
       "|---|---|---|---|---|---|---|");
  timing(studio, "480 x 640 JPEG, all checks and re-encoding", files, n);
  timing(studio, "12 MP JPEG, all checks, crop, checks of the crop", cameras, m);
  bombs(studio, pool);
}

/* ---- for other detectors ----------------------------------------------------------------------------------- */

typedef struct writer_t {
  const char *folder;
  FILE *index;
  const studio_t *all, *face, *none;
  int n, seen, step;
} writer_t;

static double check_ms(const studio_t *studio, file_t file, apr_pool_t *pool)
{
  double began = now_ms(CLOCK_PROCESS_CPUTIME_ID);
  studio_check(studio, file, pool);
  return now_ms(CLOCK_PROCESS_CPUTIME_ID) - began;
}

/* file, what it shows, how many upright faces it has, how many our plugin says, its CPU ms (less what a check without it takes). */
static void write_one(writer_t *w, const char *what, int faces, file_t file, apr_pool_t *pool)
{
  if (w->seen++ % w->step != 0)
    return;
  const char *name = apr_psprintf(pool, "%04d.%s", w->n++, file.bytes[0] == 0xff ? "jpg" : "png");
  FILE *out = fopen(apr_pstrcat(pool, w->folder, "/", name, NULL), "wb");
  if (out == NULL || fwrite(file.bytes, 1, file.length, out) != file.length || fclose(out) != 0)
    exit(1);
  const char *codes = studio_codes(studio_check(w->all, file, pool), "block", pool);
  bool without = strstr(codes, "face-none") != NULL || strstr(codes, "face-turned") != NULL;
  int ours = strstr(codes, "face-many") != NULL ? 2 : without ? 0 : 1;
  double cost = check_ms(w->face, file, pool) - check_ms(w->none, file, pool);
  fprintf(w->index, "%s\t%s\t%d\t%d\t%.2f\n", name, what, faces, ours, cost);
}

static int write_pictures(const studio_t *studio, const char *folder, int step, apr_pool_t *pool)
{
  static const unsigned char *const walls[] = {studio_white, studio_grey, studio_blue};
  writer_t w = {folder, fopen(apr_pstrcat(pool, folder, "/index.tsv", NULL), "w"), studio, studio_open("photo_face", pool),
                studio_open("photo_file", pool), 0, 0, step > 0 ? step : 1};
  if (w.index == NULL) {
    printf("can't write into %s\n", folder);
    return 1;
  }
  for (int i = 0; i < studio->names->nelts; i++) {
    apr_pool_t *sub;
    apr_pool_create(&sub, pool);
    const char *name = APR_ARRAY_IDX(studio->names, i, const char *);
    gk_image_t *face = face_of(studio, name, sub);
    face_place_t from = place_of(studio, face, sub);
    for (int wall = 0; wall < 3 && !turned_face(name); wall++) {
      scene_t s = ideal_scene(walls[wall]);
      write_one(&w, "good photo", 1, as_png(scene(face, from, &s, sub), sub), sub);
    }
    apr_pool_destroy(sub);
  }
  for (int k = 0; k < PHOTO_CASES; k++) {
    const case_t *c = &photo_cases[k];
    bool none = strcmp(c->code, "face-none") == 0 || strcmp(c->code, "face-turned") == 0;
    int faces = strcmp(c->code, "face-many") == 0 ? 2 : none ? 0 : 1;
    for (int i = 0; i < GOOD_FACES; i++) {
      apr_pool_t *sub;
      apr_pool_create(&sub, pool);
      gk_image_t *face = face_of(studio, good_faces[i], sub);
      write_one(&w, faces == 1 ? "spoilt, one face" : faces == 2 ? "two faces" : "no upright face", faces,
                case_file(c, face, place_of(studio, face, sub), studio_white, sub), sub);
      apr_pool_destroy(sub);
    }
  }
  fclose(w.index);
  return 0;
}

int main(int argc, char **argv)
{
  apr_pool_t *pool;
  apr_initialize();
  apr_pool_create(&pool, NULL);
  studio_t *studio = studio_open(STUDIO_ALL, pool);
  if (studio->faces == NULL && (argc < 2 || strcmp(argv[1], "table") == 0) && packaged_portrait(pool) != NULL)
    return packaged(studio) > 0;
  if (studio->faces == NULL) {
    puts("there are no test faces: set GK_TEST_FACES to their folder");
    return 77;
  }
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    times(studio, pool);
    return 0;
  }
  if (argc > 2 && strcmp(argv[1], "write") == 0)
    return write_pictures(studio, argv[2], argc > 3 ? atoi(argv[3]) : 1, pool);
  int wrong = positives(studio);
  wrong += packaged(studio);
  wrong += faults(studio);
  printf("\n%d wrong\n", wrong);
  return wrong > 0 ? 1 : 0;
}
