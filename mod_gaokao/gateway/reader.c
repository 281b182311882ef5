/* gateway/reader.c: see reader.h. */
#include "gateway/reader.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/time.h"
#include "crypto/crypto.h"
#include "gateway/frame.h"
#include "gateway/line.h"

#define MS 1000
#define TRIES 3                          /* of one command over a disturbed line */
#define QUIET_US (300 * MS)              /* after a damaged frame: its rest may still come */
#define LYING_US (2 * GK_SECOND)         /* a card at the edge of the field comes and goes */
#define SEARCH_US GK_SECOND
#define FAULT_US (5 * GK_SECOND)

typedef enum { CLOSED, PROBE, MODULE, FIND, SELECT, READ, ADDRESS, RESET } step_t;

/* How long an answer may take. */
static const apr_interval_time_t patience[] = {
    [PROBE] = 500 * MS, [MODULE] = 1000 * MS, [FIND] = 1000 * MS, [SELECT] = 1000 * MS,
    [READ] = 5000 * MS, [ADDRESS] = 2000 * MS, [RESET] = 2000 * MS};

struct gk_reader_t {
  gk_reader_options_t options;
  gk_say_t *say;
  gk_reader_card_t *card_taken;
  void *baton;
  int fd;
  char port[128];                        /* of the line that is open, or is tried */
  int speed;
  int tried;                             /* which of the combinations of ports and speeds comes next */
  char module[64];
  bool known;                            /* the reader has answered since the line was opened */
  bool asked_module;                     /* and said its number, or that it has none ("") */
  bool announced;                        /* its loss was told: not again until it was found */
  bool fault;

  step_t step;
  bool asked;                            /* the command is out; else it is sent at `due` */
  apr_time_t due;
  int tries;
  bool damaged;
  gk_frame_parser_t parser;

  gk_card_t card;
  int failures;                          /* cards not read in a row */
  char last[65];                         /* digest of the card that was read last */
  apr_time_t last_seen;
  bool lifted, kept;                     /* since then; and it was taken */
  bool told_lying;
  gk_word_t told;                        /* said at the same card already */
  bool no_address;                       /* the module does not know that command */
};

gk_reader_t *gk_reader_create(const gk_reader_options_t *options, gk_say_t *say, gk_reader_card_t *card, void *baton,
                              apr_pool_t *pool)
{
  gk_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));
  reader->options = *options;
  reader->say = say;
  reader->card_taken = card;
  reader->baton = baton;
  reader->fd = -1;
  reader->step = CLOSED;
  gk_frame_reset(&reader->parser);
  return reader;
}

int gk_reader_descriptor(const gk_reader_t *reader) { return reader->fd; }
apr_time_t gk_reader_due(const gk_reader_t *reader) { return reader->due; }
const char *gk_reader_port(const gk_reader_t *reader) { return reader->known ? reader->port : NULL; }
int gk_reader_speed(const gk_reader_t *reader) { return reader->known ? reader->speed : 0; }

const char *gk_reader_module(const gk_reader_t *reader)
{
  return !reader->asked_module ? NULL : reader->module;
}

const char *gk_reader_state(const gk_reader_t *reader)
{
  if (reader->fault)
    return "fault";
  if (!reader->known)
    return "search";
  return reader->step == SELECT || reader->step == READ || reader->step == ADDRESS ? "reading" : "ready";
}

void gk_reader_close(gk_reader_t *reader)
{
  if (reader->fd >= 0)
    close(reader->fd);
  reader->fd = -1;
  reader->step = CLOSED;
  reader->known = false;
  gk_frame_reset(&reader->parser);
  gk_wipe(&reader->card, sizeof(reader->card));
}

/* Goes to a step: its command is sent after `wait_us`. */
static void go(gk_reader_t *reader, step_t step, apr_interval_time_t wait_us)
{
  reader->step = step;
  reader->asked = false;
  reader->tries = 0;
  reader->due = gk_tick() + wait_us;
}

/* Once at one card, however often the step comes back. */
static void tell(gk_reader_t *reader, gk_word_t word, const char *detail)
{
  if (reader->told != word)
    reader->say(reader->baton, word, detail);
  reader->told = word;
}

static void lose(gk_reader_t *reader)
{
  bool had = reader->known;
  gk_reader_close(reader);
  reader->due = gk_tick() + SEARCH_US / 2;
  if (had) {
    reader->say(reader->baton, GK_WORD_READER_LOST, NULL);
    reader->tried -= reader->tried > 0; /* where it was is looked at first */
  }
  reader->announced = true;
  reader->lifted = true;
}

/* ---- the line ---------------------------------------------------------------------------------------------- */

static void search(gk_reader_t *reader, apr_pool_t *pool)
{
  apr_array_header_t *ports = NULL;
  int speeds = 1, count = 1;
  if (reader->options.port == NULL) {
    ports = gk_line_ports(pool);
    count = ports->nelts;
  }
  if (reader->options.speed == 0)
    while (gk_line_speeds[speeds] != 0)
      speeds++;
  if (reader->tried >= count * speeds)
    reader->tried = 0;
  if (reader->tried == 0 && !reader->announced) {
    reader->say(reader->baton, GK_WORD_READER_SEARCH, reader->options.port);
    reader->announced = true;
  }
  reader->due = gk_tick() + SEARCH_US;
  if (count == 0)
    return;
  apr_cpystrn(reader->port, ports != NULL ? APR_ARRAY_IDX(ports, reader->tried / speeds, const char *) : reader->options.port,
              sizeof(reader->port));
  reader->speed = reader->options.speed != 0 ? reader->options.speed : gk_line_speeds[reader->tried % speeds];
  reader->tried++;
  reader->fd = gk_line_open(reader->port, reader->speed);
  if (reader->fd >= 0)
    go(reader, PROBE, 0);
  else if (reader->tried < count * speeds)
    reader->due = gk_tick();
}

static int command_of(const gk_reader_t *reader)
{
  switch (reader->step) {
  case PROBE:
    return GK_SAM_STATUS;
  case MODULE:
    return GK_SAM_MODULE;
  case SELECT:
    return GK_SAM_SELECT;
  case READ:
    return reader->options.fingerprint ? GK_SAM_READ_FINGERPRINT : GK_SAM_READ;
  case ADDRESS:
    return GK_SAM_READ_ADDRESS;
  case RESET:
    return GK_SAM_RESET;
  default:
    return GK_SAM_FIND;
  }
}

static void ask(gk_reader_t *reader)
{
  unsigned char frame[GK_COMMAND_MAX];
  size_t length = gk_frame_build(frame, command_of(reader), NULL, 0);
  (void)tcflush(reader->fd, TCIFLUSH); /* late answers to earlier commands */
  gk_frame_reset(&reader->parser);
  reader->damaged = false;
  reader->asked = true;
  reader->tries++;
  reader->due = gk_tick() + patience[reader->step];
  if (write(reader->fd, frame, length) != (ssize_t)length && errno != EAGAIN)
    lose(reader);
}

static void ready(gk_reader_t *reader);

/* No good answer to a command. */
static void disturbed(gk_reader_t *reader)
{
  if (reader->step == PROBE) { /* nobody there, or at another speed */
    gk_reader_close(reader);
    reader->due = gk_tick();
    if (reader->tried > 0 && reader->options.port != NULL && reader->options.speed != 0)
      reader->due += SEARCH_US;
    return;
  }
  if (reader->tries < TRIES) {
    reader->asked = false;
    reader->due = gk_tick();
    return;
  }
  if (reader->step == MODULE) { /* not every module has a number */
    ready(reader);
    return;
  }
  if (reader->step == ADDRESS) {
    reader->no_address = true;
    reader->asked = false;
    return;
  }
  tell(reader, GK_WORD_LINK_FAULT, NULL);
  lose(reader);
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

static void ready(gk_reader_t *reader)
{
  reader->asked_module = true;
  reader->announced = false;
  reader->fault = false;
  reader->say(reader->baton, GK_WORD_READER_READY,
              reader->module[0] != '\0' ? reader->module : reader->port);
  reader->say(reader->baton, GK_WORD_PUT_CARD, NULL);
  go(reader, FIND, 0);
}

static void deliver(gk_reader_t *reader, apr_pool_t *pool)
{
  const char *digest = gk_sha256_hex(pool, reader->card.text, sizeof(reader->card.text));
  apr_time_t now = gk_tick();
  bool same = strcmp(digest, reader->last) == 0;
  reader->failures = 0;
  if (same && (!reader->lifted || (reader->kept && now - reader->last_seen < LYING_US))) {
    if (!reader->told_lying && reader->kept && now - reader->last_seen < LYING_US)
      reader->say(reader->baton, GK_WORD_LYING, NULL);
    reader->told_lying = true;
  } else {
    apr_cpystrn(reader->last, digest, sizeof(reader->last));
    reader->told_lying = false;
    reader->kept = reader->card_taken(reader->baton, &reader->card);
  }
  reader->last_seen = gk_tick();
  reader->lifted = false;
  reader->told = GK_WORD_NONE;
  gk_wipe(&reader->card, sizeof(reader->card));
  /* A card left lying is looked at seldom, another one soon. */
  go(reader, FIND, same && reader->told_lying ? GK_SECOND / 2 : reader->options.pause_us);
}

/* What every step does with a status that is not its own good one. */
static void failed(gk_reader_t *reader, const gk_frame_t *frame)
{
  gk_sam_class_t kind = gk_sam_class(frame->sw3);
  char status[16];
  apr_snprintf(status, sizeof(status), "%02X %02X %02X", frame->sw1, frame->sw2, frame->sw3);
  switch (kind) {
  case GK_SAM_NO_CARD:
    if (reader->step == FIND) {
      reader->lifted = true;
      reader->told = GK_WORD_NONE;
    } else
      tell(reader, GK_WORD_MOVED, NULL);
    go(reader, FIND, reader->options.pause_us);
    break;
  case GK_SAM_CARD:
    tell(reader, ++reader->failures >= 3 ? GK_WORD_CARD_MANUAL : GK_WORD_CARD_FAULT, status);
    if (reader->failures >= 3)
      reader->failures = 0;
    go(reader, FIND, reader->options.pause_us);
    break;
  case GK_SAM_LINK:
    disturbed(reader);
    break;
  case GK_SAM_READER:
    reader->fault = true;
    tell(reader, GK_WORD_READER_FAULT, status);
    go(reader, RESET, FAULT_US);
    break;
  case GK_SAM_OK:
  case GK_SAM_EMPTY: /* a late answer to something else */
    go(reader, FIND, reader->options.pause_us);
    break;
  default:
    tell(reader, gk_sam_word(kind), status);
    go(reader, FIND, kind == GK_SAM_AUTH ? reader->options.pause_us : GK_SECOND);
    break;
  }
}

static void answered(gk_reader_t *reader, const gk_frame_t *frame, apr_pool_t *pool)
{
  bool good = frame->sw3 == 0x90;
  gk_sam_class_t kind = gk_sam_class(frame->sw3);
  switch (reader->step) {
  case PROBE:
    reader->known = true;
    reader->asked_module = false;
    reader->module[0] = '\0';
    reader->no_address = false;
    if (kind == GK_SAM_READER || kind == GK_SAM_LINK)
      failed(reader, frame);
    else /* whatever it is an answer to: a module speaks */
      go(reader, MODULE, 0);
    return;
  case MODULE:
    if (good) {
      const char *number = gk_card_module_number(frame->data, frame->data_length, pool);
      if (number != NULL)
        apr_cpystrn(reader->module, number, sizeof(reader->module));
    }
    ready(reader);
    return;
  case FIND:
    reader->fault = reader->fault && kind != GK_SAM_OK && kind != GK_SAM_NO_CARD;
    if (frame->sw3 == 0x9F)
      go(reader, SELECT, 0);
    else if (!good) /* 90: a late answer to something else */
      failed(reader, frame);
    return;
  case SELECT:
    if (good && frame->data_length < GK_CARD_TEXT_BYTES)
      go(reader, READ, 0);
    else if (frame->sw3 != 0x9F)
      failed(reader, frame);
    return;
  case READ:
    if (good && frame->data_length >= GK_CARD_TEXT_BYTES) {
      bool whole = gk_card_split(&reader->card, frame->data, frame->data_length, reader->options.fingerprint);
      gk_frame_reset(&reader->parser); /* and with it a fingerprint */
      if (!whole) {
        reader->damaged = true;
        disturbed(reader);
      } else if (reader->options.address && !reader->no_address)
        go(reader, ADDRESS, 0);
      else
        deliver(reader, pool);
    } else if (!good && frame->sw3 != 0x9F)
      failed(reader, frame);
    return;
  case ADDRESS:
    if (good && frame->data_length > 0 && frame->data_length <= GK_CARD_ADDRESS_BYTES) {
      memcpy(reader->card.address, frame->data, frame->data_length);
      reader->card.address_length = frame->data_length;
    } else if (kind == GK_SAM_COMMAND)
      reader->no_address = true;
    else if (kind == GK_SAM_LINK) {
      disturbed(reader);
      return;
    }
    deliver(reader, pool); /* the card was read, whatever became of the address */
    return;
  case RESET:
    if (good) {
      reader->fault = false;
      go(reader, MODULE, 0);
    } else
      failed(reader, frame);
    return;
  case CLOSED:
    return;
  }
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

/* Hands on the frames that are whole. False when none was for the command that is out. */
static bool take_frames(gk_reader_t *reader, apr_pool_t *pool)
{
  gk_frame_t frame;
  gk_frame_found_t found;
  while (reader->asked && (found = gk_frame_next(&reader->parser, &frame)) != GK_FRAME_NONE) {
    if (found == GK_FRAME_DAMAGED) {
      reader->damaged = true;
      continue;
    }
    answered(reader, &frame, pool);
  }
  return !reader->asked;
}

static void take_bytes(gk_reader_t *reader, apr_pool_t *pool)
{
  for (;;) {
    size_t room;
    unsigned char *space = gk_frame_space(&reader->parser, &room);
    ssize_t count = read(reader->fd, space, room);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (count <= 0) {
      lose(reader);
      return;
    }
    if (!reader->asked) { /* nobody asked for it */
      gk_wipe(space, (size_t)count);
      continue;
    }
    gk_frame_fed(&reader->parser, (size_t)count);
    if (take_frames(reader, pool) || reader->fd < 0)
      return;
    if (reader->damaged)
      reader->due = gk_tick() + QUIET_US;
  }
}

void gk_reader_step(gk_reader_t *reader, apr_pool_t *scratch_pool)
{
  if (reader->fd >= 0)
    take_bytes(reader, scratch_pool);
  if (gk_tick() < reader->due)
    return;
  if (reader->fd < 0)
    search(reader, scratch_pool);
  else if (!reader->asked && reader->step == ADDRESS && reader->no_address)
    deliver(reader, scratch_pool);
  else if (!reader->asked)
    ask(reader);
  else {
    /* The time is over. A whole frame may stand behind what looked like the beginning of one. */
    while (reader->asked && gk_frame_give_up(&reader->parser))
      if (take_frames(reader, scratch_pool))
        return;
    if (reader->fd >= 0 && reader->asked)
      disturbed(reader);
  }
}
