/* The photo checks from bytes to verdict: each fault just inside and just outside, good photos that must pass, crops that must
 * pass their own check. Tests of faces need dlib, the landmark net and the folder of test faces, and are skipped by name else. */
#include "photo/cases.h"

#include <apr_thread_proc.h>

#include "../plugins/photo_face/landmarks.h"

static const char *const good_faces[] = {"big_example1.png", "y42.png"};

static studio_t *the_studio; /* with all plugins, opened once */

/* Under AddressSanitizer a check takes a second: what it looks for shows on some of the faces. */
#ifdef __SANITIZE_ADDRESS__
#define FEWER 4
#else
#define FEWER 1
#endif

/* NULL, or why faces can't be tested here. */
static const char *without(void)
{
  gk_json_t *plugin = gk_plugin_json(the_studio->plugins, "photo_face", gk_test.pool);
  const gk_json_t *facts = gk_json_get(plugin, "facts");
  if (strcmp(gk_json_str(facts, "detector"), "none") == 0)
    return "built without dlib";
  if (strcmp(gk_json_str(facts, "landmarks"), "none") == 0)
    return "built without the landmark net";
  return the_studio->faces == NULL ? "no test faces (GK_TEST_FACES)" : NULL;
}

static gk_image_t *face_of(const char *name, apr_pool_t *pool)
{
  return open_picture(read_whole(apr_pstrcat(pool, the_studio->faces, "/", name, NULL), pool), pool);
}

static bool has_code(const gk_photo_check_t *check, const char *severity, const char *code, apr_pool_t *pool)
{
  const char *codes = apr_pstrcat(pool, " ", studio_codes(check, severity, pool), " ", NULL);
  return strstr(codes, apr_pstrcat(pool, " ", code, " ", NULL)) != NULL;
}

/* ---- without faces ----------------------------------------------------------------------------------------- */

static void what_no_plugin_looked_at_is_never_fine(apr_pool_t *pool)
{
  file_t file = as_png(plain_picture(480, 640, studio_white, pool), pool);
  studio_t *none = studio_open("", pool), *some = studio_open("photo_file photo_quality photo_place", pool);
  gk_photo_check_t *check = studio_check(none, file, pool);
  GK_TEST_INT(check->verdict, GK_PHOTO_UNCHECKED);
  GK_TEST(has_code(check, "unchecked", "face", pool) && has_code(check, "unchecked", "quality", pool));
  GK_TEST(check->normalised != NULL);
  check = studio_check(some, file, pool);
  GK_TEST_INT(check->verdict, GK_PHOTO_UNCHECKED);
  GK_TEST_STR(studio_codes(check, "unchecked", pool), "face");
}

static void a_broken_file_is_a_verdict_with_its_cause(apr_pool_t *pool)
{
  file_t file = as_png(plain_picture(480, 640, studio_white, pool), pool);
  file.length -= 30;
  gk_photo_check_t *check = studio_check(the_studio, file, pool);
  GK_TEST_INT(check->verdict, GK_PHOTO_BLOCK);
  GK_TEST_STR(studio_code(check), "file-broken");
  GK_TEST_INT(gk_json_size(gk_json_get(check->report, "findings")), 1);
  GK_TEST(check->normalised == NULL && check->shown == NULL);
  check = studio_check(the_studio, (file_t){(unsigned char *)"", 0}, pool);
  GK_TEST_STR(studio_code(check), "file-empty");
}

static void bytes_that_are_not_those_declared_are_sent_again(apr_pool_t *pool)
{
  gk_photo_check_t *check = NULL;
  file_t file = as_png(plain_picture(480, 640, studio_white, pool), pool);
  gk_error_t *error = gk_photo_check(&check, the_studio->plugins, the_studio->profile, file.bytes, file.length,
                                     "0000000000000000000000000000000000000000000000000000000000000000", "t", pool);
  GK_TEST_ERROR(error, GK_E_INVALID);
  GK_TEST_STR(APR_ARRAY_IDX(error->violations, 0, gk_violation_t).code, "digest");
}

static void tiny_and_odd_shapes_do_no_harm(apr_pool_t *pool)
{
  static const int sizes[][2] = {{1, 1}, {1, 640}, {3, 2}, {480, 1}, {4000, 3}, {97, 131}};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    gk_photo_check_t *check =
        studio_check(the_studio, as_png(plain_picture(sizes[i][0], sizes[i][1], studio_grey, pool), pool), pool);
    GK_TEST_CASE("%d x %d", sizes[i][0], sizes[i][1]);
    GK_TEST(check->verdict >= GK_PHOTO_UNCHECKED);
    GK_TEST(check->normalised == NULL);
  }
}

/* ---- the net ----------------------------------------------------------------------------------------------- */

/* What face-api 1.7.15 itself answers (tfjs, cpu) for the pattern below. */
static const double reference[LANDMARKS_POINTS * 2] = {
    0.3574, 0.4254, 0.4139, 0.4949, 0.4325, 0.5264, 0.4915, 0.6419, 0.5364, 0.6334,
    0.5913, 0.6569, 0.6504, 0.6653, 0.6765, 0.5120, 0.6475, 0.6559, 0.6332, 0.6781,
    0.5933, 0.5476, 0.5488, 0.5171, 0.5587, 0.4778, 0.5619, 0.5435, 0.6514, 0.4394,
    0.6475, 0.4020, 0.5117, 0.3485, 0.4859, 0.5053, 0.5557, 0.4019, 0.4935, 0.4270,
    0.6756, 0.3342, 0.6775, 0.3746, 0.7269, 0.4036, 0.6707, 0.4166, 0.6632, 0.4881,
    0.6860, 0.3865, 0.7028, 0.3640, 0.6546, 0.4830, 0.7234, 0.4395, 0.6928, 0.4551,
    0.7095, 0.4668, 0.6255, 0.4343, 0.6270, 0.4206, 0.6688, 0.4283, 0.6634, 0.4313,
    0.6345, 0.4184, 0.6039, 0.5014, 0.6224, 0.5041, 0.6360, 0.4991, 0.6526, 0.4988,
    0.6513, 0.5298, 0.6248, 0.5256, 0.6704, 0.4918, 0.6790, 0.5328, 0.6972, 0.4878,
    0.6573, 0.5184, 0.6476, 0.5259, 0.6599, 0.5314, 0.6139, 0.4965, 0.6753, 0.4777,
    0.6163, 0.4473, 0.6508, 0.4223, 0.6780, 0.3976, 0.6232, 0.4153, 0.5913, 0.4185,
    0.6221, 0.4893, 0.7053, 0.3646, 0.7003, 0.4100, 0.7594, 0.4707, 0.7460, 0.4810,
    0.6218, 0.5027, 0.6939, 0.4678, 0.6876, 0.4346, 0.6904, 0.4276, 0.6024, 0.4299,
    0.6621, 0.3578, 0.6760, 0.3696, 0.7243, 0.4150,
};

static void the_net_answers_as_its_own_program_does(apr_pool_t *pool)
{
  landmarks_t *net = landmarks_load(pool);
  static float input[LANDMARKS_SIDE * LANDMARKS_SIDE * 3];
  double points[LANDMARKS_POINTS * 2];
  if (net == NULL)
    GK_TEST_SKIP("built without the landmark net");
  for (int y = 0; y < LANDMARKS_SIDE; y++)
    for (int x = 0; x < LANDMARKS_SIDE; x++)
      for (int c = 0; c < 3; c++)
        input[(y * LANDMARKS_SIDE + x) * 3 + c] = (float)((x * (c + 1) + y * (3 - c) + (x / 9 + y / 7) % 2 * 60) % 256);
  landmarks_find(net, input, points, pool);
  for (int i = 0; i < LANDMARKS_POINTS * 2; i++) {
    GK_TEST_CASE("value %d", i);
    GK_TEST(fabs(points[i] - reference[i]) < 1e-3);
  }
}

/* ---- faces ------------------------------------------------------------------------------------------------- */

static void good_photos_are_not_blocked_and_turned_faces_say_so(apr_pool_t *pool)
{
  static const unsigned char *const walls[] = {studio_white, studio_grey, studio_blue};
  const char *why = without();
  if (why != NULL)
    GK_TEST_SKIP(why);
  apr_pool_t *sub;
  apr_pool_create(&sub, pool);
  for (int i = 0; i < the_studio->names->nelts; i += FEWER) {
    apr_pool_clear(sub);
    const char *name = APR_ARRAY_IDX(the_studio->names, i, const char *);
    gk_image_t *face = face_of(name, sub);
    face_place_t from = place_of(the_studio, face, sub);
    scene_t s = ideal_scene(walls[i % 3]);
    gk_photo_check_t *check = studio_check(the_studio, as_png(scene(face, from, &s, sub), sub), sub);
    bool turned = strcmp(name, "y24.png") == 0 || strcmp(name, "y28.png") == 0;
    GK_TEST_CASE("%s", name);
    GK_TEST(from.found);
    GK_TEST_STR(studio_codes(check, "block", sub), turned ? "turn" : "");
    GK_TEST_STR(studio_codes(check, "unchecked", sub), "");
  }
}

static void each_fault_gives_exactly_its_code(apr_pool_t *pool)
{
  const char *why = without();
  if (why != NULL)
    GK_TEST_SKIP(why);
  apr_pool_t *sub;
  apr_pool_create(&sub, pool);
  gk_image_t *faces[2];
  face_place_t from[2];
  for (int f = 0; f < 2; f++) {
    faces[f] = face_of(good_faces[f], pool);
    from[f] = place_of(the_studio, faces[f], pool);
  }
  /* Each case on one of the faces; tests/photo/run tries them all. */
  for (int k = 0; k < PHOTO_CASES; k++) {
    int f = k % 2;
    apr_pool_clear(sub);
    const case_t *c = &photo_cases[k];
    gk_photo_check_t *check = studio_check(the_studio, case_file(c, faces[f], from[f], studio_white, sub), sub);
    GK_TEST_CASE("%s on %s, look [%s]", c->name, good_faces[f], studio_codes(check, "look", sub));
    GK_TEST_STR(studio_codes(check, "block", sub), c->code);
    if (c->code[0] != '\0')
      GK_TEST_STR(studio_code(check), c->code); /* the cause comes first */
    if (c->look != NULL)
      GK_TEST(has_code(check, "look", c->look, sub));
    /* Every finding that isn't fine says in both languages what is wrong; a cause says what to do. */
    const gk_json_t *first = gk_json_at(gk_json_get(check->report, "findings"), 0);
    GK_TEST(gk_json_str(first, "zh")[0] != '\0' && gk_json_str(first, "en")[0] != '\0');
    if (check->verdict == GK_PHOTO_BLOCK)
      GK_TEST(gk_json_is_object(gk_json_get(first, "remedy")));
  }
}

/* From a camera picture, in all orientations, comes a photo that passes its own check. */
static void the_crop_passes_its_own_check(apr_pool_t *pool)
{
  const char *why = without();
  if (why != NULL)
    GK_TEST_SKIP(why);
  apr_pool_t *sub;
  apr_pool_create(&sub, pool);
  int crops = 0;
  for (int i = 0; i < the_studio->names->nelts; i += 5 * FEWER) {
    apr_pool_clear(sub);
    const char *name = APR_ARRAY_IDX(the_studio->names, i, const char *);
    if (strcmp(name, "y24.png") == 0 || strcmp(name, "y28.png") == 0)
      continue;
    gk_image_t *face = face_of(name, sub);
    face_place_t from = place_of(the_studio, face, sub);
    scene_t s = {.width = 1400, .height = 1800, .x = 600 + i * 5, .y = 800, .head = 250 + i, .colour = {240, 240, 240}};
    file_t file = jpeg_of(scene(face, from, &s, sub), 92, 0, sub);
    gk_photo_check_t *check = studio_check(the_studio, file, sub), *again;
    gk_image_facts_t facts;
    GK_TEST_CASE("%s: %s", name, studio_codes(check, "block", sub));
    GK_TEST(check->verdict <= GK_PHOTO_LOOK);
    GK_TEST(gk_json_is_object(gk_json_get(check->report, "crop")) && check->normalised != NULL && check->shown != NULL);
    GK_TEST(check->normalised_bytes <= 40960);
    again = studio_check(the_studio, (file_t){(unsigned char *)check->normalised, check->normalised_bytes}, sub);
    GK_TEST_CASE("%s again: %s", name, studio_codes(again, "block", sub));
    GK_TEST(again->verdict <= GK_PHOTO_LOOK);
    GK_TEST(gk_json_is_null(gk_json_get(again->report, "crop")));
    GK_TEST_OK(gk_image_peek(&facts, check->normalised, check->normalised_bytes, &gk_image_limits, sub));
    GK_TEST(facts.width_px == 480 && facts.height_px == 640 && facts.quality >= 60 && facts.dpi == 300 && !facts.metadata);
    crops++;
  }
  GK_TEST(crops >= 6 / FEWER);
}

static void a_frame_drawn_by_hand_is_checked_as_what_it_gives(apr_pool_t *pool)
{
  const char *why = without();
  if (why != NULL)
    GK_TEST_SKIP(why);
  gk_photo_check_t *check;
  gk_image_t *face = face_of(good_faces[0], pool);
  scene_t s = {.width = 1400, .height = 1800, .x = 700, .y = 800, .head = 260, .colour = {255, 255, 255}};
  file_t file = jpeg_of(scene(face, place_of(the_studio, face, pool), &s, pool), 92, 0, pool);
  GK_TEST_OK(gk_photo_crop(&check, the_studio->plugins, the_studio->profile, file.bytes, file.length, 363, 406, 675, 900, "t",
                           pool));
  GK_TEST(check->verdict <= GK_PHOTO_LOOK && check->normalised != NULL);
  GK_TEST_OK(gk_photo_crop(&check, the_studio->plugins, the_studio->profile, file.bytes, file.length, 100, 406, 675, 900, "t",
                           pool));
  GK_TEST_STR(studio_code(check), "centre");
  GK_TEST_ERROR(gk_photo_crop(&check, the_studio->plugins, the_studio->profile, file.bytes, file.length, 900, 406, 675, 900, "t",
                              pool), GK_E_INVALID);
  GK_TEST_ERROR(gk_photo_crop(&check, the_studio->plugins, the_studio->profile, file.bytes, file.length, 0, 0, 600, 600, "t",
                              pool), GK_E_INVALID);
}

/* A photo of the final size that stands wrong is blocked as it is, and what a crop would make of it is said. */
static void a_misplaced_photo_gets_a_crop_where_one_helps(apr_pool_t *pool)
{
  const char *why = without();
  if (why != NULL)
    GK_TEST_SKIP(why);
  gk_image_t *face = face_of(good_faces[0], pool);
  scene_t s = ideal_scene(studio_white);
  s.x = 275;
  s.head = 160;
  gk_photo_check_t *check = studio_check(the_studio, as_png(scene(face, place_of(the_studio, face, pool), &s, pool), pool), pool);
  const gk_json_t *crop = gk_json_get(check->report, "crop");
  GK_TEST_STR(studio_codes(check, "block", pool), "centre");
  GK_TEST(gk_json_is_object(crop) && check->whole != NULL && check->normalised != check->whole);
  GK_TEST(gk_photo_word_of(gk_json_str(crop, "verdict")) <= GK_PHOTO_LOOK);
}

/* ---- threads ----------------------------------------------------------------------------------------------- */

enum { THREADS = 16, FILES = 2 };
static file_t thread_files[FILES];
static const char *thread_reports[FILES];

static void *APR_THREAD_FUNC check_all(apr_thread_t *thread, void *data)
{
  apr_pool_t *pool;
  int *different = data;
  apr_pool_create(&pool, NULL);
  for (int i = 0; i < FILES; i++) {
    gk_photo_check_t *check = studio_check(the_studio, thread_files[i], pool);
    *different += strcmp(gk_json_text(check->report, pool), thread_reports[i]) != 0;
  }
  apr_pool_destroy(pool);
  (void)thread;
  return NULL; /* apr_thread_exit() would leave ASan's marks on the stack */
}

static void sixteen_threads_say_what_one_says(apr_pool_t *pool)
{
  const char *why = without();
  apr_thread_t *threads[THREADS];
  int different[THREADS] = {0};
  if (why != NULL)
    GK_TEST_SKIP(why);
  for (int i = 0; i < FILES; i++) {
    const case_t *c = &photo_cases[i == 0 ? 0 : PHOTO_CASES - 4];
    gk_image_t *face = face_of(good_faces[i % 2], pool);
    thread_files[i] = case_file(c, face, place_of(the_studio, face, pool), studio_blue, pool);
    thread_reports[i] = gk_json_text(studio_check(the_studio, thread_files[i], pool)->report, pool);
  }
  for (int t = 0; t < THREADS; t++)
    GK_TEST_INT(apr_thread_create(&threads[t], NULL, check_all, &different[t], pool), APR_SUCCESS);
  for (int t = 0; t < THREADS; t++) {
    apr_status_t status;
    apr_thread_join(&status, threads[t]);
    GK_TEST_INT(different[t], 0);
  }
}

int main(void)
{
  apr_pool_t *pool;
  gk_test_begin("photo");
  apr_pool_create(&pool, gk_test.root);
  the_studio = studio_open(STUDIO_ALL, pool);
  GK_TEST_RUN(what_no_plugin_looked_at_is_never_fine);
  GK_TEST_RUN(a_broken_file_is_a_verdict_with_its_cause);
  GK_TEST_RUN(bytes_that_are_not_those_declared_are_sent_again);
  GK_TEST_RUN(tiny_and_odd_shapes_do_no_harm);
  GK_TEST_RUN(the_net_answers_as_its_own_program_does);
  GK_TEST_RUN(good_photos_are_not_blocked_and_turned_faces_say_so);
  GK_TEST_RUN(each_fault_gives_exactly_its_code);
  GK_TEST_RUN(the_crop_passes_its_own_check);
  GK_TEST_RUN(a_frame_drawn_by_hand_is_checked_as_what_it_gives);
  GK_TEST_RUN(a_misplaced_photo_gets_a_crop_where_one_helps);
  GK_TEST_RUN(sixteen_threads_say_what_one_says);
  return gk_test_end();
}
