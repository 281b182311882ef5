/* Pictures: what is accepted, what is refused by name, and that nothing is half shown. */
#include "gk_test.h"

#include "photo/files.h"

static const char *fault(file_t file, apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image;
  gk_error_t *error = gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool);
  if (error == NULL)
    error = gk_image_decode(&image, &facts, file.bytes, file.length, &gk_image_limits, NULL, facts.width_px,
                            facts.height_px, pool);
  return error == NULL ? "" : APR_ARRAY_IDX(error->violations, 0, gk_violation_t).code;
}

static gk_image_t *decoded(file_t file, apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image = NULL;
  if (gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool) != NULL ||
      gk_image_decode(&image, &facts, file.bytes, file.length, &gk_image_limits, NULL, facts.width_px, facts.height_px,
                      pool) != NULL)
    return NULL;
  return image;
}

/* The corners' colours in reading order: r g b w k for what is nearest. */
static const char *colours(const gk_image_t *image, apr_pool_t *pool)
{
  char *word = apr_pcalloc(pool, 5);
  for (int i = 0; i < 4; i++) {
    int x = image->width_px * (i % 2 == 0 ? 1 : 3) / 4, y = image->height_px * (i < 2 ? 1 : 3) / 4;
    const unsigned char *p = image->pixels + image->stride_bytes * (apr_size_t)y + x * 3;
    bool r = p[0] > 127, g = p[1] > 127, b = p[2] > 127;
    word[i] = r && g && b ? 'w' : r && !g && !b ? 'r' : g && !r && !b ? 'g' : b && !r && !g ? 'b' : r || g || b ? '?' : 'k';
  }
  return word;
}

static void every_ordinary_kind_decodes_right(apr_pool_t *pool)
{
  gk_image_t *image = corners(64, 48, pool);
  struct { const char *name; file_t file; const char *colours; } rows[] = {
      {"jpeg", make_jpeg(image, (jpeg_how_t){0}, pool), "rgbw"},
      {"progressive", make_jpeg(image, (jpeg_how_t){.progressive = true}, pool), "rgbw"},
      {"grey jpeg", make_jpeg(image, (jpeg_how_t){.grey = true}, pool), "kwkw"},
      {"corrupt exif", make_jpeg(image, (jpeg_how_t){.bad_exif = true}, pool), "rgbw"},
      {"png", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool), "rgbw"},
      {"16 bit", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB, .depth = 16}, pool), "rgbw"},
      {"adam7", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB, .interlaced = true}, pool), "rgbw"},
      {"grey", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_GRAY}, pool), "kwkw"},
      {"1 bit", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_GRAY, .depth = 1}, pool), "kwkw"},
      {"palette", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_PALETTE}, pool), "kwkw"},
      {"opaque", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB_ALPHA, .alpha = 255}, pool), "rgbw"},
      {"transparent is white", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB_ALPHA, .alpha = 0}, pool), "wwww"},
      {"grey alpha adam7 16", make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_GRAY_ALPHA, .alpha = 255, .depth = 16,
                                                          .interlaced = true}, pool), "kwkw"},
      {"script behind", followed_by(make_jpeg(image, (jpeg_how_t){0}, pool), "<script>alert(1)</script>", pool), "rgbw"},
      {"junk text chunk", with_chunk(make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool), "tEXt", "a\0b", 3,
                                     pool), "rgbw"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    GK_TEST_CASE("%s", rows[i].name);
    GK_TEST_STR(fault(rows[i].file, pool), "");
    GK_TEST_STR(colours(decoded(rows[i].file, pool), pool), rows[i].colours);
  }
}

static void all_eight_orientations_are_seen_upright(apr_pool_t *pool)
{
  /* What a camera held so stores shows r g / b w; each row says what a person sees. */
  static const char *const seen[] = {"rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb"};
  gk_image_t *image = corners(64, 48, pool);
  for (int o = 1; o <= 8; o++) {
    file_t file = make_jpeg(image, (jpeg_how_t){.orientation = o}, pool);
    gk_image_t *got = decoded(file, pool);
    GK_TEST_CASE("orientation %d", o);
    GK_TEST(got != NULL);
    GK_TEST_INT(got->width_px, o >= 5 ? 48 : 64);
    GK_TEST_STR(colours(got, pool), seen[o - 1]);
    /* A region of the picture as seen: its first quarter. */
    gk_image_facts_t facts;
    gk_image_t *part;
    gk_image_region_t region = {0, 0, got->width_px / 2, got->height_px / 2};
    char wanted[] = {seen[o - 1][0], seen[o - 1][0], seen[o - 1][0], seen[o - 1][0], '\0'};
    GK_TEST_OK(gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool));
    GK_TEST_OK(gk_image_decode(&part, &facts, file.bytes, file.length, &gk_image_limits, &region, 10, 10, pool));
    GK_TEST_STR(colours(part, pool), wanted);
  }
}

static void what_can_t_be_used_is_refused_by_name(apr_pool_t *pool)
{
  gk_image_t *image = corners(64, 48, pool);
  file_t png = make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool);
  file_t adam7 = make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB, .interlaced = true}, pool);
  file_t jpeg = make_jpeg(image, (jpeg_how_t){0}, pool);
  file_t bad_crc = {apr_pmemdup(pool, png.bytes, png.length), png.length};
  bad_crc.bytes[png.length - 14] ^= 1; /* of the data's checksum; the data are right */
  file_t bad_data = {apr_pmemdup(pool, png.bytes, png.length), png.length};
  bad_data.bytes[png.length - 20] ^= 1;
  file_t big_jpeg = {apr_pmemdup(pool, jpeg.bytes, jpeg.length), jpeg.length};
  for (apr_size_t i = 2; i + 8 < jpeg.length; i++)
    if (big_jpeg.bytes[i] == 0xff && big_jpeg.bytes[i + 1] == 0xc0) {
      memset(big_jpeg.bytes + i + 5, 0xff, 4); /* 65,535 x 65,535 */
      break;
    }
  char *long_file = apr_pcalloc(pool, 8000001);
  memcpy(long_file, jpeg.bytes, jpeg.length);
  struct { const char *name; file_t file; const char *code; } rows[] = {
      {"empty", {(unsigned char *)"", 0}, "file-empty"},
      {"text", {(unsigned char *)"hello", 5}, "file-type"},
      {"gif", {(unsigned char *)"GIF89a......", 12}, "file-type"},
      {"heic", {(unsigned char *)"\0\0\0\x18" "ftypheic....", 16}, "file-type"},
      {"arithmetic", make_jpeg(image, (jpeg_how_t){.arithmetic = true}, pool), "file-type"},
      {"cmyk", make_jpeg(image, (jpeg_how_t){.cmyk = true}, pool), "file-colour"},
      {"apng", with_chunk(png, "acTL", "\0\0\0\x02\0\0\0\0", 8, pool), "file-animated"},
      {"png 65,500", claiming(png, 65500, 65500, pool), "file-huge"},
      {"png 1 x 40,000", claiming(png, 1, 40000, pool), "file-huge"},
      {"adam7 16 MP", claiming(adam7, 4000, 4000, pool), "file-huge"},
      {"24 MP in a small png", claiming(png, 6000, 4000, pool), "file-huge"},
      {"12 MP lie over little data", claiming(png, 4000, 3000, pool), "file-broken"},
      {"0 x 5", claiming(png, 0, 5, pool), "file-broken"},
      {"jpeg 65,535", big_jpeg, "file-huge"},
      {"8 MB and one", {(unsigned char *)long_file, 8000001}, "file-huge"},
      {"150 scans", make_jpeg(image, (jpeg_how_t){.scans = 150}, pool), "file-huge"},
      {"bad checksum", bad_crc, "file-broken"},
      {"one bit of the data", bad_data, "file-broken"},
      {"no data", {(unsigned char *)"\xff\xd8\xff\xd9", 4}, "file-broken"},
      {"signature only", {(unsigned char *)"\x89PNG\r\n\x1a\n", 8}, "file-broken"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    GK_TEST_CASE("%s", rows[i].name);
    GK_TEST_STR(fault(rows[i].file, pool), rows[i].code);
  }
}

static void ninety_scans_are_enough_for_anybody(apr_pool_t *pool)
{
  GK_TEST_STR(fault(make_jpeg(corners(64, 48, pool), (jpeg_how_t){.scans = 90}, pool), pool), "");
}

static void a_file_cut_off_anywhere_is_refused(apr_pool_t *pool)
{
  gk_image_t *image = corners(60, 80, pool);
  file_t files[] = {make_jpeg(image, (jpeg_how_t){0}, pool), make_jpeg(image, (jpeg_how_t){.progressive = true}, pool),
                    make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool),
                    make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB, .interlaced = true}, pool)};
  apr_pool_t *sub;
  apr_pool_create(&sub, pool);
  for (int f = 0; f < 4; f++)
    for (apr_size_t n = 1; n < files[f].length; n += 1 + files[f].length / 200) {
      GK_TEST_CASE("file %d of %d bytes cut at %d", f, (int)files[f].length, (int)n);
      /* Exactly so many bytes, so that ASan sees one read too far. */
      file_t cut = {malloc(n), n};
      memcpy(cut.bytes, files[f].bytes, n);
      const char *code = fault(cut, sub);
      bool refused = code[0] != '\0';
      free(cut.bytes);
      apr_pool_clear(sub);
      GK_TEST(refused);
    }
}

static void jpeg_data_that_ends_early_inside_its_markers_is_refused(apr_pool_t *pool)
{
  file_t file = make_jpeg(corners(200, 200, pool), (jpeg_how_t){0}, pool);
  /* Half the coded data, but a proper end: libjpeg would fill the rest with grey. */
  apr_size_t half = file.length - 100;
  file.bytes[half] = 0xff;
  file.bytes[half + 1] = 0xd9;
  file.length = half + 2;
  GK_TEST_STR(fault(file, pool), "file-broken");
}

static void the_facts_of_a_file_are_read(apr_pool_t *pool)
{
  gk_image_facts_t facts;
  gk_image_t *image = corners(64, 48, pool);
  for (int q = 30; q <= 95; q += 5) {
    file_t file = make_jpeg(image, (jpeg_how_t){.quality = q}, pool);
    GK_TEST_OK(gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool));
    GK_TEST_INT(facts.quality, q);
  }
  file_t file = followed_by(make_jpeg(image, (jpeg_how_t){.progressive = true, .orientation = 6}, pool), "12345", pool);
  GK_TEST_OK(gk_image_peek(&facts, file.bytes, file.length, &gk_image_limits, pool));
  GK_TEST_INT(facts.width_px, 48);
  GK_TEST_INT(facts.stored_width_px, 64);
  GK_TEST(facts.interlaced && facts.metadata);
  GK_TEST_INT(facts.trailing_bytes, 5);
  GK_TEST_INT(facts.scans, 10);
}

static void scaling_keeps_the_mean_and_the_places(apr_pool_t *pool)
{
  gk_image_t *image = corners(640, 480, pool);
  file_t files[] = {make_jpeg(image, (jpeg_how_t){0}, pool),
                    make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB}, pool)};
  static const int sizes[][2] = {{640, 480}, {320, 240}, {333, 77}, {31, 17}, {1, 1}, {1000, 900}};
  for (int f = 0; f < 2; f++)
    for (int s = 0; s < 6; s++) {
      gk_image_facts_t facts;
      gk_image_t *small;
      double sum = 0;
      GK_TEST_CASE("file %d to %d x %d", f, sizes[s][0], sizes[s][1]);
      GK_TEST_OK(gk_image_peek(&facts, files[f].bytes, files[f].length, &gk_image_limits, pool));
      GK_TEST_OK(gk_image_decode(&small, &facts, files[f].bytes, files[f].length, &gk_image_limits, NULL, sizes[s][0],
                                 sizes[s][1], pool));
      for (apr_size_t i = 0; i < small->stride_bytes * (apr_size_t)small->height_px; i++)
        sum += small->pixels[i];
      double mean = sum / (double)(small->stride_bytes * (apr_size_t)small->height_px);
      GK_TEST(mean > 122 && mean < 128); /* half of all is 230, half 20 */
      if (s < 4)
        GK_TEST_STR(colours(small, pool), "rgbw");
    }
}

static void our_own_file_has_its_dpi_and_no_metadata_and_fits(apr_pool_t *pool)
{
  gk_image_t *image = gk_image_make(480, 640, pool);
  unsigned seed = 7;
  for (apr_size_t i = 0; i < 480 * 640 * 3; i++) {
    seed = seed * 1103515245U + 12345U;
    image->pixels[i] = (unsigned char)(128 + (int)(seed >> 28) + (int)(i / 9000)); /* noise, so that quality matters */
  }
  const unsigned char *bytes;
  apr_size_t length;
  int quality;
  gk_image_facts_t facts;
  GK_TEST_OK(gk_image_jpeg_fit(&bytes, &length, &quality, image, 60, 40960, 300, pool));
  GK_TEST(length <= 40960 && quality >= 60 && quality < 95);
  GK_TEST_OK(gk_image_peek(&facts, bytes, length, &gk_image_limits, pool));
  GK_TEST_INT(facts.quality, quality);
  GK_TEST_INT(facts.dpi, 300);
  GK_TEST(!facts.metadata && !facts.interlaced);
  GK_TEST_OK(gk_image_jpeg_fit(&bytes, &length, &quality, image, 60, 2000, 300, pool));
  GK_TEST_INT(quality, 0);
  GK_TEST_OK(gk_image_png(&bytes, &length, image, pool));
  gk_image_t *again = decoded((file_t){(unsigned char *)bytes, length}, pool);
  GK_TEST(again != NULL && memcmp(again->pixels, image->pixels, 480 * 640 * 3) == 0);
}

static void changed_bytes_never_do_harm(apr_pool_t *pool)
{
  gk_image_t *image = corners(48, 64, pool);
  file_t files[] = {make_jpeg(image, (jpeg_how_t){.orientation = 6}, pool),
                    make_jpeg(image, (jpeg_how_t){.progressive = true}, pool),
                    make_jpeg(image, (jpeg_how_t){.grey = true}, pool),
                    make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_RGB_ALPHA, .alpha = 99}, pool),
                    make_png(image, (png_how_t){.colour = PNG_COLOR_TYPE_PALETTE, .interlaced = true}, pool)};
  const char *wanted = getenv("GK_MUTATIONS"); /* the long form: 10000 */
  int rounds = wanted != NULL ? atoi(wanted) : 400, refused = 0;
  unsigned seed = 1;
  apr_pool_t *sub;
  apr_pool_create(&sub, pool);
  for (int i = 0; i < rounds; i++) {
    file_t from = files[i % 5], file = {malloc(from.length), from.length};
    memcpy(file.bytes, from.bytes, from.length);
    for (int k = 1 + i % 7; k > 0; k--) {
      seed = seed * 1103515245U + 12345U;
      apr_size_t at = (seed >> 8) % file.length;
      seed = seed * 1103515245U + 12345U;
      file.bytes[at] = (unsigned char)(seed >> 16);
    }
    refused += fault(file, sub)[0] != '\0';
    free(file.bytes);
    apr_pool_clear(sub);
  }
  printf("# %d mutated files, %d refused\n", rounds, refused);
  GK_TEST(refused > rounds / 2);
}

int main(void)
{
  gk_test_begin("image");
  GK_TEST_RUN(every_ordinary_kind_decodes_right);
  GK_TEST_RUN(all_eight_orientations_are_seen_upright);
  GK_TEST_RUN(what_can_t_be_used_is_refused_by_name);
  GK_TEST_RUN(ninety_scans_are_enough_for_anybody);
  GK_TEST_RUN(a_file_cut_off_anywhere_is_refused);
  GK_TEST_RUN(jpeg_data_that_ends_early_inside_its_markers_is_refused);
  GK_TEST_RUN(the_facts_of_a_file_are_read);
  GK_TEST_RUN(scaling_keeps_the_mean_and_the_places);
  GK_TEST_RUN(our_own_file_has_its_dpi_and_no_metadata_and_fits);
  GK_TEST_RUN(changed_bytes_never_do_harm);
  return gk_test_end();
}
