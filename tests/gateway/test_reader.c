/* The reader's exchange (reader.h) with a module on the other end of the line that says what it likes: each sample reply and each
 * damage to one, at each command. The line is a socket and the clock is the test's own (the linker puts both in place of line.c's
 * and time.c's), so that hours of waiting cost nothing and nothing depends on the machine's pace. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "gateway/frame.h"
#include "gateway/line.h"
#include "gateway/reader.h"
#include "gateway/samples.h"

#define MOST 4096
#define PATIENCE (120 * GK_SECOND) /* of the desk: whatever happened, a card that lies there is read by then */

typedef struct desk_t {
  gk_reader_t *reader;
  apr_pool_t *pool;
  int module;                       /* the module's end of the line; -1: nothing is plugged in */
  const char *port;                 /* where it answers, and at which speed; NULL, 0: anywhere */
  int speed;
  bool silent;                      /* what was opened is none */
  const sample_t *on;               /* the card that lies there, NULL: none */
  bool lying_80, has_read;          /* "find" says 80 to a card that was read */
  const unsigned char *odd;         /* said once instead of the answer to `at` ... */
  size_t odd_length;
  int at, odd_times;
  size_t piece;                     /* the answer's bytes come in pieces of so many, 0: all at once */
  bool newer_address, refuse_address;
  int asked[8], opened;             /* commands that came, by index(); lines that were opened */
  int cards, refuse_cards;          /* that were handed over; the next so many are not taken */
  gk_card_t card;
  int said[GK_WORD_COUNT];
  char detail[120];
} desk_t;

static sample_t samples[32];
static int count;
static desk_t *desk;
static apr_time_t now_us;

/* ---- in place of the clock and the line -------------------------------------------------------------------------- */

apr_time_t __wrap_gk_tick(void);
int __wrap_gk_line_open(const char *path, int speed);
apr_array_header_t *__wrap_gk_line_ports(apr_pool_t *pool);
int __wrap_tcflush(int fd, int which);

apr_time_t __wrap_gk_tick(void) { return now_us; }

int __wrap_gk_line_open(const char *path, int speed)
{
  int ends[2];
  if (desk->module >= 0)
    close(desk->module);
  desk->module = -1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
    return -1;
  desk->opened++;
  desk->silent = (desk->port != NULL && strcmp(desk->port, path) != 0) || (desk->speed != 0 && desk->speed != speed);
  desk->module = ends[1];
  return ends[0];
}

apr_array_header_t *__wrap_gk_line_ports(apr_pool_t *pool)
{
  apr_array_header_t *ports = apr_array_make(pool, 2, sizeof(const char *));
  APR_ARRAY_PUSH(ports, const char *) = "/dev/ttyUSB0";
  APR_ARRAY_PUSH(ports, const char *) = "/dev/ttyUSB1";
  return ports;
}

int __wrap_tcflush(int fd, int which)
{
  char bytes[MOST];
  (void)which;
  while (read(fd, bytes, sizeof(bytes)) > 0)
    ;
  return 0;
}

/* ---- the module --------------------------------------------------------------------------------------------------- */

static const int commands[] = {GK_SAM_STATUS, GK_SAM_MODULE, GK_SAM_FIND, GK_SAM_SELECT, GK_SAM_READ, GK_SAM_READ_ADDRESS,
                               GK_SAM_RESET, GK_SAM_READ_FINGERPRINT};

static int index_of(int command)
{
  int i = 0;
  while (i < 7 && commands[i] != command)
    i++;
  return i;
}

static size_t reply(unsigned char *out, int sw3, const void *data, size_t data_length)
{
  size_t length = data_length + 4;
  unsigned char sum = 0;
  memcpy(out, "\xAA\xAA\xAA\x96\x69", 5);
  out[5] = (unsigned char)(length >> 8);
  out[6] = (unsigned char)length;
  out[7] = out[8] = 0;
  out[9] = (unsigned char)sw3;
  memcpy(out + 10, data, data_length);
  for (size_t i = 5; i < 10 + data_length; i++)
    sum ^= out[i];
  out[10 + data_length] = sum;
  return 11 + data_length;
}

static size_t good_answer(unsigned char *out, int command)
{
  static const unsigned char zeros[8];
  static const unsigned char number[16] = {5, 0, 1, 0, 0x78, 0xD7, 0x34, 1, 0x87, 0xD6, 0x12, 0, 0xB1, 0x68, 0xDE, 0x3A};
  unsigned char address[GK_CARD_ADDRESS_BYTES];
  switch (command) {
  case GK_SAM_MODULE:
    return reply(out, 0x90, number, sizeof(number));
  case GK_SAM_FIND:
    return desk->on != NULL && !(desk->has_read && desk->lying_80) ? reply(out, 0x9F, zeros, 4) : reply(out, 0x80, zeros, 0);
  case GK_SAM_SELECT:
    return desk->on != NULL ? reply(out, 0x90, zeros, 8) : reply(out, 0x81, zeros, 0);
  case GK_SAM_READ:
  case GK_SAM_READ_FINGERPRINT:
    if (desk->on == NULL)
      return reply(out, 0x41, zeros, 0);
    desk->has_read = true;
    memcpy(out, desk->on->bytes, desk->on->length);
    return desk->on->length;
  case GK_SAM_READ_ADDRESS:
    memset(address, 'a', sizeof(address));
    return desk->refuse_address ? reply(out, 0x21, zeros, 0)
           : desk->newer_address ? reply(out, 0x90, address, sizeof(address)) : reply(out, 0x91, zeros, 0);
  default:
    return reply(out, 0x90, zeros, 0);
  }
}

/* Says it; the reader takes each piece as it comes. */
static void speak(const unsigned char *bytes, size_t length)
{
  for (size_t at = 0, piece; at < length; at += piece) {
    piece = desk->piece > 0 && desk->piece < length - at ? desk->piece : length - at;
    if (desk->module < 0 || send(desk->module, bytes + at, piece, MSG_NOSIGNAL) != (ssize_t)piece)
      return;
    if (at + piece < length)
      gk_reader_step(desk->reader, desk->pool);
  }
}

/* Answers one command. False: none was there. */
static bool answer(void)
{
  unsigned char frame[GK_COMMAND_MAX], out[MOST];
  ssize_t length = desk->module >= 0 ? read(desk->module, frame, sizeof(frame)) : -1;
  if (length < 10)
    return false;
  int command = frame[7] << 8 | frame[8];
  desk->asked[index_of(command)] += !desk->silent;
  if (desk->silent)
    return true;
  if (desk->odd != NULL && command == desk->at && desk->odd_times > 0) {
    desk->odd_times--;
    if (command == GK_SAM_READ || command == GK_SAM_READ_FINGERPRINT)
      desk->has_read = true;
    speak(desk->odd, desk->odd_length);
  } else
    speak(out, good_answer(out, command));
  return true;
}

static void say(void *baton, gk_word_t word, const char *detail)
{
  (void)baton;
  desk->said[word]++;
  apr_cpystrn(desk->detail, detail != NULL ? detail : "", sizeof(desk->detail));
}

static bool take(void *baton, const gk_card_t *card)
{
  (void)baton;
  desk->cards++;
  desk->card = *card;
  return desk->refuse_cards-- <= 0;
}

/* The desk works until `cards` were handed over, or for `us`. */
static void work(int cards, apr_interval_time_t us)
{
  apr_time_t until = now_us + us;
  apr_pool_t *round;
  apr_pool_create(&round, desk->pool);
  while (desk->cards < cards && now_us < until) {
    apr_pool_clear(round);
    gk_reader_step(desk->reader, round);
    if (!answer() && gk_reader_due(desk->reader) > now_us)
      now_us = gk_reader_due(desk->reader) < until ? gk_reader_due(desk->reader) : until;
  }
  apr_pool_destroy(round);
}

static void sit_down(desk_t *fresh, const gk_reader_options_t *options, apr_pool_t *pool)
{
  static const gk_reader_options_t usual = {.port = "/dev/reader", .speed = 115200, .pause_us = 300000};
  memset(fresh, 0, sizeof(*fresh));
  fresh->pool = pool;
  fresh->module = -1;
  fresh->odd_times = 1;
  desk = fresh;
  now_us = 1000 * GK_SECOND;
  desk->reader = gk_reader_create(options != NULL ? options : &usual, say, take, NULL, pool);
}

static void get_up(void)
{
  gk_reader_close(desk->reader);
  if (desk->module >= 0)
    close(desk->module);
}

static const sample_t *named(const char *name) { return sample(samples, count, name); }

static bool holds(const sample_t *one) { return memcmp(desk->card.text, one->bytes + 14, GK_CARD_TEXT_BYTES) == 0; }

/* ---- what happens ---------------------------------------------------------------------------------------------------- */

static void card_after_card_is_read(apr_pool_t *pool)
{
  desk_t here;
  sit_down(&here, NULL, pool);
  GK_TEST_STR(gk_reader_state(here.reader), "search");
  GK_TEST_STR(gk_reader_module(here.reader), NULL);
  work(1, 3 * GK_SECOND);
  GK_TEST_INT(here.cards, 0);
  GK_TEST_INT(here.said[GK_WORD_READER_READY], 1);
  GK_TEST_INT(here.said[GK_WORD_PUT_CARD], 1);
  GK_TEST_STR(gk_reader_state(here.reader), "ready");
  GK_TEST_STR(gk_reader_module(here.reader), "05.01-20240248-0001234567-0987654321");
  static const char *const cards[] = {"read_resident", "read_resident_dot_long_term", "read_hmt_permit", "read_foreigner_2017",
                                      "read_foreigner_2023", "read_resident_rare_glyph_full_address"};
  for (int i = 0; i < 6; i++) {
    GK_TEST_CASE("%s", cards[i]);
    here.on = named(cards[i]); /* no look found the place empty in between */
    here.has_read = false;
    work(i + 1, 10 * GK_SECOND);
    GK_TEST_INT(here.cards, i + 1);
    GK_TEST(holds(here.on));
    GK_TEST_INT(here.card.photo_length, GK_CARD_PHOTO_BYTES);
    GK_TEST_INT(here.card.address_length, 0);
  }
  GK_TEST_INT(here.asked[index_of(GK_SAM_READ_ADDRESS)], 0);
  get_up();
}

static void a_card_left_lying_counts_once(apr_pool_t *pool)
{
  for (int lying_80 = 0; lying_80 < 2; lying_80++) {
    desk_t here;
    GK_TEST_CASE("find says %s", lying_80 ? "80" : "9F");
    sit_down(&here, NULL, pool);
    here.lying_80 = lying_80;
    here.on = named("read_resident");
    work(2, 60 * GK_SECOND);
    GK_TEST_INT(here.cards, 1);
    GK_TEST_INT(here.said[GK_WORD_LYING], !lying_80);
    here.on = NULL;
    work(2, 3 * GK_SECOND);
    here.on = named("read_resident");
    here.has_read = false;
    work(2, 10 * GK_SECOND);
    GK_TEST_INT(here.cards, 2);
    get_up();
  }
}

/* The disk was full: the same card, lifted and put down, is handed over at once. */
static void a_card_that_was_not_taken_may_come_again(apr_pool_t *pool)
{
  desk_t here;
  sit_down(&here, NULL, pool);
  here.refuse_cards = 1;
  here.on = named("read_resident");
  work(2, 10 * GK_SECOND);
  GK_TEST_INT(here.cards, 1);
  GK_TEST_INT(here.said[GK_WORD_LYING], 0); /* "this card has been read" would be a lie */
  here.on = NULL;
  work(2, GK_SECOND);
  here.on = named("read_resident");
  work(2, 5 * GK_SECOND);
  GK_TEST_INT(here.cards, 2);
  get_up();
}

/* One odd answer to one command, then honest ones: the card is read, once, and it is the card that lies there, or the one the odd
 * answer holds whole. */
static void odd(const char *what, int at, const unsigned char *bytes, size_t length, size_t piece, const sample_t *whole,
                apr_pool_t *pool)
{
  desk_t here;
  const gk_reader_options_t options = {.port = "/dev/reader", .speed = 115200, .pause_us = 300000, .address = true};
  GK_TEST_CASE("%s at %04X", what, at);
  sit_down(&here, &options, pool);
  here.at = at;
  here.odd = bytes;
  here.odd_length = length;
  here.piece = piece;
  here.on = named("read_resident");
  work(1, PATIENCE);
  GK_TEST_INT(here.cards, 1);
  GK_TEST(holds(here.on) || (whole != NULL && at == GK_SAM_READ && holds(whole)));
  GK_TEST_INT(here.odd_times, 0);
  GK_TEST(here.card.address_length <= GK_CARD_ADDRESS_BYTES);
  get_up();
}

static const int at_each[] = {GK_SAM_STATUS, GK_SAM_MODULE, GK_SAM_FIND, GK_SAM_SELECT, GK_SAM_READ, GK_SAM_READ_ADDRESS};
enum { EACH = 6 };

static bool is_card(const sample_t *one) { return strncmp(one->name, "read_", 5) == 0 && one->length > 1000; }

static void every_sample_at_every_command(apr_pool_t *pool)
{
  static const size_t pieces[] = {0, 1, 7, 500};
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  for (int i = 0; i < count && !gk_test.bad; i++)
    for (int c = 0; c < EACH && !gk_test.bad; c++)
      for (int p = 0; p < 4 && !gk_test.bad; p++) {
        apr_pool_clear(round);
        odd(samples[i].name, at_each[c], samples[i].bytes, samples[i].length, pieces[p],
            is_card(&samples[i]) ? &samples[i] : NULL, round);
      }
  apr_pool_destroy(round);
}

static void every_status_at_every_command(apr_pool_t *pool)
{
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  for (int sw3 = 0; sw3 < 256 && !gk_test.bad; sw3++)
    for (int c = 0; c < EACH && !gk_test.bad; c++) {
      unsigned char out[16];
      apr_pool_clear(round);
      odd(apr_psprintf(round, "status %02X", sw3), at_each[c], out, reply(out, sw3, "", 0), 0, NULL, round);
    }
  apr_pool_destroy(round);
}

/* Wrong checksum, wrong length, cut, glued, in noise, with noise inside, and nothing at all. */
static void every_damage_at_every_command(apr_pool_t *pool)
{
  static const unsigned char noise[] = {0, 0xAA, 0xAA, 0x96, 0x55, 0xAA, 0xAA, 0xAA, 0x96, 0x69, 0xFF, 0xFF, 0x69};
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  for (int i = 0; i < count && !gk_test.bad; i++) {
    const sample_t *one = &samples[i];
    for (int c = 0; c < EACH && !gk_test.bad; c++)
      for (int damage = 0; damage < 12 && !gk_test.bad; damage++) {
        unsigned char bytes[2 * MOST + 64];
        size_t length = one->length;
        const sample_t *whole = is_card(one) ? one : NULL;
        apr_pool_clear(round);
        memcpy(bytes, one->bytes, length);
        switch (damage) {
        case 0: /* checksum */
          bytes[length - 1] ^= 0x55;
          break;
        case 1: /* a byte in the middle */
          bytes[length / 2] ^= 1;
          break;
        case 2: /* Len one less, one more, 0, all ones */
          bytes[6]--;
          break;
        case 3:
          bytes[6]++;
          break;
        case 4:
          bytes[5] = bytes[6] = 0;
          break;
        case 5:
          bytes[5] = bytes[6] = 0xFF;
          break;
        case 6: /* cut, at three places */
          length = length * 2 / 3;
          break;
        case 7:
          length = 6;
          break;
        case 8:
          length--;
          break;
        case 9: /* glued: twice */
          memcpy(bytes + length, one->bytes, length);
          length *= 2;
          break;
        case 10: /* noise in front and behind */
          memmove(bytes + sizeof(noise), bytes, length);
          memcpy(bytes, noise, sizeof(noise));
          memcpy(bytes + sizeof(noise) + length, noise, sizeof(noise));
          length += 2 * sizeof(noise);
          break;
        default: /* nothing */
          length = 0;
          break;
        }
        odd(apr_psprintf(round, "%s, damage %d", one->name, damage), at_each[c], bytes, length, 0, whole, round);
      }
  }
  apr_pool_destroy(round);
}

/* A long line of made-up damage: it is never stuck, and never reads what does not lie there. */
static void any_noise_is_outlived(apr_pool_t *pool)
{
  unsigned state = 5;
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  for (int n = 0; n < 2000 && !gk_test.bad; n++) {
    unsigned char bytes[300];
    size_t length;
    apr_pool_clear(round);
    state = state * 1103515245 + 12345;
    length = state / 65536 % sizeof(bytes);
    for (size_t i = 0; i < length; i++) {
      state = state * 1103515245 + 12345;
      bytes[i] = state / 65536 % 4 == 0 ? 0xAA : (unsigned char)(state / 65536);
    }
    odd(apr_psprintf(round, "noise %d", n), at_each[n % EACH], bytes, length, (size_t)n % 9, NULL, round);
  }
  apr_pool_destroy(round);
}

static void the_clerk_is_told_in_words(apr_pool_t *pool)
{
  static const struct { int sw3, at; gk_word_t word; } cases[] = {
      {0x41, GK_SAM_READ, GK_WORD_CARD_FAULT},      {0x32, GK_SAM_READ, GK_WORD_NOT_GENUINE}, {0x81, GK_SAM_SELECT, GK_WORD_MOVED},
      {0x66, GK_SAM_FIND, GK_WORD_READER_FAULT},    {0x21, GK_SAM_FIND, GK_WORD_PROGRAM_FAULT},
      {0x77, GK_SAM_READ, GK_WORD_UNKNOWN_STATUS}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    unsigned char out[16];
    desk_t here;
    GK_TEST_CASE("%02X at %04X", cases[i].sw3, cases[i].at);
    sit_down(&here, NULL, pool);
    here.odd = out;
    here.odd_length = reply(out, cases[i].sw3, "", 0);
    here.at = cases[i].at;
    here.on = named("read_resident");
    work(1, PATIENCE);
    GK_TEST_INT(here.cards, 1);
    GK_TEST_INT(here.said[cases[i].word], 1);
    GK_TEST_INT(here.said[GK_WORD_NONE], 0);
    if (cases[i].word == GK_WORD_READER_FAULT) {
      GK_TEST_INT(here.asked[index_of(GK_SAM_RESET)], 1);
      GK_TEST_INT(here.said[GK_WORD_READER_READY], 2);
    }
    GK_TEST_STR(gk_reader_state(here.reader), "ready");
    get_up();
  }
}

static void three_cards_that_are_not_read_take_the_manual_way(apr_pool_t *pool)
{
  unsigned char out[16];
  desk_t here;
  sit_down(&here, NULL, pool);
  here.odd = out;
  here.odd_length = reply(out, 0x41, "", 0);
  here.odd_times = 3;
  here.at = GK_SAM_READ;
  here.on = named("read_resident");
  work(1, PATIENCE);
  GK_TEST_INT(here.cards, 1);
  GK_TEST_INT(here.said[GK_WORD_CARD_FAULT], 1); /* once at one card, however often it is tried */
  GK_TEST_INT(here.said[GK_WORD_CARD_MANUAL], 1);
  get_up();
}

/* The line is disturbed for good: told once, the line is opened again, and it goes on by itself. */
static void a_line_that_is_dead_is_opened_again(apr_pool_t *pool)
{
  desk_t here;
  sit_down(&here, NULL, pool);
  here.odd = (const unsigned char *)"";
  here.at = GK_SAM_FIND;
  here.odd_times = 5;
  here.on = named("read_resident");
  work(1, PATIENCE);
  GK_TEST_INT(here.cards, 1);
  GK_TEST_INT(here.said[GK_WORD_LINK_FAULT], 1);
  GK_TEST_INT(here.said[GK_WORD_READER_LOST], 1);
  GK_TEST_INT(here.said[GK_WORD_READER_READY], 2);
  GK_TEST_INT(here.opened, 2);
  get_up();
}

static void a_reader_may_be_unplugged(apr_pool_t *pool)
{
  desk_t here;
  sit_down(&here, NULL, pool);
  here.on = named("read_resident");
  work(1, 10 * GK_SECOND);
  close(here.module);
  here.module = -1;
  here.port = "elsewhere"; /* nobody answers here */
  here.on = NULL;
  work(2, 60 * GK_SECOND);
  GK_TEST_INT(here.said[GK_WORD_READER_LOST], 1);
  GK_TEST_INT(here.said[GK_WORD_READER_SEARCH], 1);
  GK_TEST_STR(gk_reader_state(here.reader), "search");
  GK_TEST_STR(gk_reader_port(here.reader), NULL);
  here.port = NULL;
  here.on = named("read_resident");
  here.has_read = false;
  work(2, 30 * GK_SECOND);
  GK_TEST_INT(here.cards, 2); /* it was lifted meanwhile */
  GK_TEST_INT(here.said[GK_WORD_READER_READY], 2);
  get_up();
}

static void the_reader_is_found_at_any_port_and_speed(apr_pool_t *pool)
{
  static const int speeds[] = {115200, 57600, 9600};
  for (int i = 0; i < 3; i++) {
    const gk_reader_options_t anywhere = {.pause_us = 300000};
    desk_t here;
    GK_TEST_CASE("%d", speeds[i]);
    sit_down(&here, &anywhere, pool);
    here.port = "/dev/ttyUSB1";
    here.speed = speeds[i];
    here.on = named("read_resident");
    work(1, PATIENCE);
    GK_TEST_INT(here.cards, 1);
    GK_TEST_STR(gk_reader_port(here.reader), "/dev/ttyUSB1");
    GK_TEST_INT(gk_reader_speed(here.reader), speeds[i]);
    get_up();
  }
}

static void an_appended_address_is_asked_for_where_the_module_knows_it(apr_pool_t *pool)
{
  const gk_reader_options_t options = {.port = "/dev/reader", .speed = 115200, .pause_us = 300000, .address = true};
  desk_t here;
  sit_down(&here, &options, pool);
  here.newer_address = true;
  here.on = named("read_resident");
  work(1, 10 * GK_SECOND);
  GK_TEST_INT(here.cards, 1);
  GK_TEST_INT(here.card.address_length, GK_CARD_ADDRESS_BYTES);
  here.refuse_address = true;
  here.on = named("read_hmt_permit");
  work(2, 10 * GK_SECOND);
  here.on = named("read_foreigner_2023");
  work(3, 10 * GK_SECOND);
  GK_TEST_INT(here.cards, 3);
  GK_TEST_INT(here.card.address_length, 0);
  GK_TEST_INT(here.asked[index_of(GK_SAM_READ_ADDRESS)], 2); /* refused once, not asked again */
  get_up();
}

static void a_fingerprint_is_never_handed_on(apr_pool_t *pool)
{
  static const char *const cards[] = {"read_resident_fingerprint", "read_resident_one_finger", "read_resident_no_finger"};
  const gk_reader_options_t options = {.port = "/dev/reader", .speed = 115200, .pause_us = 300000, .fingerprint = true};
  for (int i = 0; i < 3; i++) {
    desk_t here;
    GK_TEST_CASE("%s", cards[i]);
    sit_down(&here, &options, pool);
    here.on = named(cards[i]);
    work(1, 10 * GK_SECOND);
    GK_TEST_INT(here.cards, 1);
    GK_TEST(memcmp(here.card.text, here.on->bytes + 16, GK_CARD_TEXT_BYTES) == 0);
    GK_TEST_INT(here.asked[index_of(GK_SAM_READ)], 0);
    GK_TEST(memcmp(here.card.photo, here.on->bytes + 16 + GK_CARD_TEXT_BYTES, GK_CARD_PHOTO_BYTES) == 0);
    get_up();
  }
}

static void a_module_without_a_number_is_a_reader_too(apr_pool_t *pool)
{
  unsigned char out[16];
  desk_t here;
  sit_down(&here, NULL, pool);
  here.odd = out;
  here.odd_length = reply(out, 0x21, "", 0);
  here.at = GK_SAM_MODULE;
  here.odd_times = 100;
  here.on = named("read_resident");
  work(1, PATIENCE);
  GK_TEST_INT(here.cards, 1);
  GK_TEST_STR(gk_reader_module(here.reader), "");
  GK_TEST_INT(here.said[GK_WORD_READER_READY], 1);
  GK_TEST_STR(gk_reader_port(here.reader), "/dev/reader");
  get_up();
}

int main(void)
{
  gk_test_begin("gateway reader");
  signal(SIGPIPE, SIG_IGN); /* as the gateway does */
  count = samples_read(samples, 32, gk_test.root);
  GK_TEST_RUN(card_after_card_is_read);
  GK_TEST_RUN(a_card_left_lying_counts_once);
  GK_TEST_RUN(a_card_that_was_not_taken_may_come_again);
  GK_TEST_RUN(every_sample_at_every_command);
  GK_TEST_RUN(every_status_at_every_command);
  GK_TEST_RUN(every_damage_at_every_command);
  GK_TEST_RUN(any_noise_is_outlived);
  GK_TEST_RUN(the_clerk_is_told_in_words);
  GK_TEST_RUN(three_cards_that_are_not_read_take_the_manual_way);
  GK_TEST_RUN(a_line_that_is_dead_is_opened_again);
  GK_TEST_RUN(a_reader_may_be_unplugged);
  GK_TEST_RUN(the_reader_is_found_at_any_port_and_speed);
  GK_TEST_RUN(an_appended_address_is_asked_for_where_the_module_knows_it);
  GK_TEST_RUN(a_fingerprint_is_never_handed_on);
  GK_TEST_RUN(a_module_without_a_number_is_a_reader_too);
  return gk_test_end();
}
