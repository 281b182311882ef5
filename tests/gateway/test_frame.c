/* Frames of the card reader: every sample, and what lines do to them. */
#include "gateway/card.h"
#include "gateway/frame.h"
#include "gateway/words.h"
#include "gateway/samples.h"

static sample_t samples[32];
static int count;
static gk_frame_parser_t parser;

/* Feeds `length` bytes in pieces and counts what is found; the last whole frame's length is *data_length. */
typedef struct found_t {
  int whole, damaged;
  size_t data_length;
  int sw3;
} found_t;

static void feed(found_t *found, const unsigned char *bytes, size_t length, size_t piece)
{
  gk_frame_t frame;
  gk_frame_found_t kind;
  while (length > 0) {
    size_t room, now = piece < length ? piece : length;
    unsigned char *space = gk_frame_space(&parser, &room);
    if (now > room)
      now = room;
    memcpy(space, bytes, now);
    gk_frame_fed(&parser, now);
    while ((kind = gk_frame_next(&parser, &frame)) != GK_FRAME_NONE) {
      found->whole += kind == GK_FRAME_WHOLE;
      found->damaged += kind == GK_FRAME_DAMAGED;
      if (kind == GK_FRAME_WHOLE) {
        found->data_length = frame.data_length;
        found->sw3 = frame.sw3;
      }
    }
    bytes += now;
    length -= now;
  }
}

static bool broken(const sample_t *one)
{
  return strcmp(one->name, "read_bad_checksum") == 0 || strcmp(one->name, "read_truncated") == 0;
}

static void every_sample_is_found_in_pieces_of_any_size(apr_pool_t *pool)
{
  (void)pool;
  GK_TEST_INT(count, 19);
  for (int i = 0; i < count; i++)
    for (size_t piece = 1; piece <= samples[i].length; piece = piece < 16 ? piece + 1 : piece * 3) {
      found_t found = {0};
      GK_TEST_CASE("%s in pieces of %d", samples[i].name, (int)piece);
      gk_frame_reset(&parser);
      feed(&found, samples[i].bytes, samples[i].length, piece);
      GK_TEST_INT(found.whole, !broken(&samples[i]));
    }
}

static void glued_frames_are_all_found(apr_pool_t *pool)
{
  unsigned char *all = apr_palloc(pool, 32 * SAMPLE_BYTES);
  size_t length = 0;
  int wanted = 0;
  for (int i = 0; i < count; i++) {
    memcpy(all + length, samples[i].bytes, samples[i].length);
    length += samples[i].length;
    wanted += !broken(&samples[i]);
  }
  for (size_t piece = 1; piece < 8192; piece = piece * 5 + 2) {
    found_t found = {0};
    GK_TEST_CASE("pieces of %d", (int)piece);
    gk_frame_reset(&parser);
    feed(&found, all, length, piece);
    GK_TEST_INT(found.whole, wanted);
    GK_TEST(found.damaged > 0);
  }
}

/* The property that counts: whatever stands before it, a good frame that comes complete is found. */
static void a_good_frame_is_found_behind_any_beginning_of_another(apr_pool_t *pool)
{
  const sample_t *first = sample(samples, count, "read_resident"), *good = sample(samples, count, "find_ok");
  (void)pool;
  for (size_t cut = 0; cut < first->length; cut++) {
    found_t found = {0};
    GK_TEST_CASE("cut at %d", (int)cut);
    gk_frame_reset(&parser);
    feed(&found, first->bytes, cut, 100);
    feed(&found, good->bytes, good->length, 3);
    gk_frame_t frame;
    while (found.whole == 0 && gk_frame_give_up(&parser)) /* as the reader does when nothing more comes */
      found.whole += gk_frame_next(&parser, &frame) == GK_FRAME_WHOLE;
    GK_TEST(found.whole >= 1);
  }
}

static void a_changed_byte_never_gives_another_frame(apr_pool_t *pool)
{
  const sample_t *one = sample(samples, count, "read_resident");
  unsigned char *bytes = apr_pmemdup(pool, one->bytes, one->length);
  for (size_t at = 0; at < one->length; at++)
    for (int bit = 1; bit < 256; bit <<= 3) {
      found_t found = {0};
      GK_TEST_CASE("byte %d bit %d", (int)at, bit);
      bytes[at] ^= (unsigned char)bit;
      gk_frame_reset(&parser);
      feed(&found, bytes, one->length, 500);
      GK_TEST_INT(found.whole, 0);
      bytes[at] ^= (unsigned char)bit;
    }
}

static void lengths_out_of_bounds_are_refused(apr_pool_t *pool)
{
  static const int lengths[] = {0, 1, 3, 0x0A01, 0x7FFF, 0xFFFF};
  (void)pool;
  for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
    unsigned char high = (unsigned char)(lengths[i] >> 8), low = (unsigned char)lengths[i];
    unsigned char bytes[] = {0xAA, 0xAA, 0xAA, 0x96, 0x69, high, low, 0, 0, 0x90, 0x90};
    found_t found = {0};
    GK_TEST_CASE("Len %04X", lengths[i]);
    gk_frame_reset(&parser);
    feed(&found, bytes, sizeof(bytes), 2);
    GK_TEST_INT(found.whole, 0);
    GK_TEST_INT(found.damaged, 1);
    feed(&found, sample(samples, count, "find_ok")->bytes, 15, 15);
    GK_TEST_INT(found.whole, 1);
    GK_TEST_INT(found.sw3, 0x9F);
  }
}

static void commands_are_those_of_the_reference(apr_pool_t *pool)
{
  static const struct { int command; const char *hex; } cases[] = {
      {GK_SAM_RESET, "aaaaaa9669000310ffec"},          {GK_SAM_STATUS, "aaaaaa9669000311ffed"},
      {GK_SAM_MODULE, "aaaaaa9669000312ffee"},         {GK_SAM_FIND, "aaaaaa96690003200122"},
      {GK_SAM_SELECT, "aaaaaa96690003200221"},         {GK_SAM_READ, "aaaaaa96690003300132"},
      {GK_SAM_READ_ADDRESS, "aaaaaa96690003300330"},   {GK_SAM_READ_FINGERPRINT, "aaaaaa96690003301023"}};
  unsigned char out[GK_COMMAND_MAX], radio = 0x50;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    GK_TEST_STR(gk_text_hex(pool, out, gk_frame_build(out, cases[i].command, NULL, 0)), cases[i].hex);
  GK_TEST_STR(gk_text_hex(pool, out, gk_frame_build(out, 0x61FF, &radio, 1)), "aaaaaa9669000461ff50ca");
  GK_TEST_INT(gk_frame_build(out, 0x61FF, parser.bytes, 60), 0);
}

/* The blocks of a sample's card. */
static bool split(gk_card_t *card, const char *name, bool fingerprint)
{
  const sample_t *one = sample(samples, count, name);
  gk_frame_t frame;
  gk_frame_reset(&parser);
  size_t room;
  memcpy(gk_frame_space(&parser, &room), one->bytes, one->length);
  gk_frame_fed(&parser, one->length);
  return gk_frame_next(&parser, &frame) == GK_FRAME_WHOLE && gk_card_split(card, frame.data, frame.data_length, fingerprint);
}

static void cards_are_told_apart_and_shown_masked(apr_pool_t *pool)
{
  static const struct { const char *sample; bool fingerprint; const char *layout, *name, *number; } cases[] = {
      {"read_resident", false, "resident", "测**", "**************001X"},
      {"read_hmt_permit", false, "hmt_permit", "测**", NULL},
      {"read_foreigner_2017", false, "foreigner_2017", NULL, NULL},
      {"read_foreigner_2023", false, "foreigner_2023", NULL, NULL},
      {"read_resident_fingerprint", true, "resident", "测**", NULL},
      {"read_resident_one_finger", true, "resident", "测**", NULL},
      {"read_resident_no_finger", true, "resident", "测**", NULL}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    gk_card_t card;
    GK_TEST_CASE("%s", cases[i].sample);
    GK_TEST(split(&card, cases[i].sample, cases[i].fingerprint));
    GK_TEST(!split(&card, cases[i].sample, !cases[i].fingerprint));
    GK_TEST(split(&card, cases[i].sample, cases[i].fingerprint));
    GK_TEST_STR(gk_card_layout(&card), cases[i].layout);
    GK_TEST_INT(card.photo_length, GK_CARD_PHOTO_BYTES);
    if (cases[i].name != NULL)
      GK_TEST_STR(gk_card_masked_name(&card, pool), cases[i].name);
    if (cases[i].number != NULL)
      GK_TEST_INT(strlen(gk_card_masked_number(&card, pool)), 18);
  }
}

static void lengths_of_blocks_must_add_up(apr_pool_t *pool)
{
  gk_card_t card;
  unsigned char data[6 + 256 + 1024 + 1024] = {1, 0, 4, 0, 4, 0};
  (void)pool;
  GK_TEST(gk_card_split(&card, data, sizeof(data), true));
  GK_TEST(!gk_card_split(&card, data, sizeof(data) - 1, true));
  GK_TEST(!gk_card_split(&card, data, 3, true));
  GK_TEST(!gk_card_split(&card, data, 0, false));
  data[0] = 0xFF; /* a length that is larger than everything */
  GK_TEST(!gk_card_split(&card, data, sizeof(data), true));
  data[0] = 1;
  data[4] = 3;    /* a fingerprint block of another size */
  GK_TEST(!gk_card_split(&card, data, sizeof(data) - 256, true));
}

static void a_text_of_junk_is_still_shown_as_text(apr_pool_t *pool)
{
  gk_card_t card;
  memset(&card, 0, sizeof(card));
  for (int i = 0; i < 256; i += 2) { /* unpaired surrogates, controls */
    card.text[i] = (unsigned char)i;
    card.text[i + 1] = (unsigned char)(i % 4 == 0 ? 0xD8 : 0);
  }
  const char *name = gk_card_masked_name(&card, pool);
  GK_TEST(gk_utf8_valid(name, strlen(name)));
  GK_TEST_INT(gk_text_forbidden(name, false), 0);
}

static void the_module_number_is_shown_as_on_its_label(apr_pool_t *pool)
{
  unsigned char number[16] = {5, 0, 1, 0, 0x78, 0xD7, 0x34, 0x01, 0x87, 0xD6, 0x12, 0x00, 0xB1, 0x68, 0xDE, 0x3A};
  GK_TEST_STR(gk_card_module_number(number, 16, pool), "05.01-20240248-0001234567-0987654321");
  GK_TEST_STR(gk_card_module_number(number, 15, pool), NULL);
}

static void each_status_has_words(apr_pool_t *pool)
{
  static const struct { int sw3; gk_word_t word; } cases[] = {
      {0x90, GK_WORD_NONE},         {0x9F, GK_WORD_NONE},        {0x91, GK_WORD_NONE},       {0x10, GK_WORD_LINK_FAULT},
      {0x11, GK_WORD_LINK_FAULT},   {0x21, GK_WORD_PROGRAM_FAULT}, {0x23, GK_WORD_PROGRAM_FAULT}, {0x24, GK_WORD_READER_FAULT},
      {0x31, GK_WORD_NOT_GENUINE},  {0x32, GK_WORD_NOT_GENUINE}, {0x33, GK_WORD_NOT_GENUINE}, {0x40, GK_WORD_CARD_FAULT},
      {0x41, GK_WORD_CARD_FAULT},   {0x47, GK_WORD_CARD_FAULT},  {0x60, GK_WORD_READER_FAULT}, {0x66, GK_WORD_READER_FAULT},
      {0x80, GK_WORD_MOVED},        {0x81, GK_WORD_MOVED},       {0x77, GK_WORD_UNKNOWN_STATUS}, {0x00, GK_WORD_UNKNOWN_STATUS}};
  (void)pool;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    GK_TEST_CASE("%02X", cases[i].sw3);
    GK_TEST_INT(gk_sam_word(gk_sam_class(cases[i].sw3)), cases[i].word);
  }
  for (int word = 1; word < GK_WORD_COUNT; word++)
    GK_TEST(gk_word_info((gk_word_t)word)->zh[0] != '\0' && gk_word_info((gk_word_t)word)->en[0] != '\0');
}

int main(void)
{
  gk_test_begin("gateway frame");
  count = samples_read(samples, 32, gk_test.root);
  GK_TEST_RUN(every_sample_is_found_in_pieces_of_any_size);
  GK_TEST_RUN(glued_frames_are_all_found);
  GK_TEST_RUN(a_good_frame_is_found_behind_any_beginning_of_another);
  GK_TEST_RUN(a_changed_byte_never_gives_another_frame);
  GK_TEST_RUN(lengths_out_of_bounds_are_refused);
  GK_TEST_RUN(commands_are_those_of_the_reference);
  GK_TEST_RUN(cards_are_told_apart_and_shown_masked);
  GK_TEST_RUN(lengths_of_blocks_must_add_up);
  GK_TEST_RUN(a_text_of_junk_is_still_shown_as_text);
  GK_TEST_RUN(the_module_number_is_shown_as_on_its_label);
  GK_TEST_RUN(each_status_has_words);
  return gk_test_end();
}
