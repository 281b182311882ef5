/* gateway/reader.h: the card reader: finds it, keeps it, reads card after card.
 *
 * One state machine without threads: the event loop waits for gk_reader_descriptor() or until gk_reader_due() and calls
 * gk_reader_step(). Nothing in it blocks.
 */
#ifndef GK_GATEWAY_READER_H
#define GK_GATEWAY_READER_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "gateway/card.h"
#include "gateway/words.h"

typedef struct gk_reader_t gk_reader_t;

typedef struct gk_reader_options_t {
  const char *port;          /* a device's path, or NULL: every likely one is tried */
  int speed;                 /* or 0: every speed is tried */
  bool fingerprint;          /* sends "read with fingerprint", for modules that want it; the block is dropped at once */
  bool address;              /* asks for the appended newest address */
  apr_interval_time_t pause_us; /* between two looks for a card */
} gk_reader_options_t;

/* A card was read. True: it was taken (stored, or a test); the same card counts again only after a lift. `card` is wiped
 * afterwards. */
typedef bool gk_reader_card_t(void *baton, const gk_card_t *card);

/* `options` is copied; strings in it must live as long as the reader. */
gk_reader_t *gk_reader_create(const gk_reader_options_t *options, gk_say_t *say, gk_reader_card_t *card, void *baton,
                              apr_pool_t *pool);

/* What to wait for: a descriptor that becomes readable, -1 while there is no line. */
int gk_reader_descriptor(const gk_reader_t *reader);
/* When to call gk_reader_step() at the latest, by gk_tick(). */
apr_time_t gk_reader_due(const gk_reader_t *reader);
void gk_reader_step(gk_reader_t *reader, apr_pool_t *scratch_pool);

/* For the state: "search", "ready", "reading" or "fault"; where it is and its module's number (NULL: it was not asked yet; "": it
 * has none). */
const char *gk_reader_state(const gk_reader_t *reader);
const char *gk_reader_port(const gk_reader_t *reader);
int gk_reader_speed(const gk_reader_t *reader);
const char *gk_reader_module(const gk_reader_t *reader);

void gk_reader_close(gk_reader_t *reader);

#endif
