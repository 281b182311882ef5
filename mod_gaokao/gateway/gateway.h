/* gateway/gateway.h: a gateway at work: one process, one event loop (run.c), no threads of its own. */
#ifndef GK_GATEWAY_GATEWAY_H
#define GK_GATEWAY_GATEWAY_H

#include <poll.h>
#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "base/json.h"
#include "gateway/device.h"
#include "gateway/reader.h"
#include "gateway/spool.h"
#include "gateway/words.h"

#define GK_GATEWAY_SOFTWARE "gaokao-gateway"

/* Exit codes of the program (docs/gateway.md). */
enum {
  GK_EXIT_DONE = 0,
  GK_EXIT_FAULT = 1,
  GK_EXIT_USAGE = 2,
  GK_EXIT_NOT_ENROLLED = 3,
  GK_EXIT_NOT_RUNNING = 4,
  GK_EXIT_TAKEN = 5,
  GK_EXIT_REFUSED = 6,
  GK_EXIT_NOT_REACHED = 7
};

#define GK_GATEWAY_EVENTS 20

/* What was told to the clerk, newest last. */
typedef struct gk_gateway_event_t {
  apr_time_t when;
  gk_word_t word;
  char detail[120];
} gk_gateway_event_t;

typedef struct gk_post_t gk_post_t;
typedef struct gk_camera_t gk_camera_t;
typedef struct gk_page_t gk_page_t;

typedef struct gk_gateway_t {
  apr_pool_t *pool;
  gk_device_t *device;
  gk_spool_t *spool;
  gk_reader_t *reader;      /* NULL: none here */
  gk_post_t *post;
  gk_camera_t *camera;
  gk_page_t *page;
  bool english, bell;

  bool test, server_test;   /* test readings: by the clerk's wish; because the window is not open (F8) */
  char subject[16];
  char last_jti[GK_JTI_CHARACTERS + 1]; /* of the card that was read last */
  char number[20];          /* typed or scanned last, "" none */
  apr_time_t last_read, number_typed;   /* by gk_tick(); a picture goes to the later one */

  apr_int64_t read, posted, refused, holes; /* since the start */
  apr_time_t last_posted;
  gk_gateway_event_t events[GK_GATEWAY_EVENTS];
  int event_count;          /* ever */
  bool dirty;               /* state.json is not up to date */
  bool handed_before;       /* what lies in handed/ came since the start */
  apr_time_t handed_at;     /* when to look there again, by gk_tick() */
  char handed_problem[240]; /* what there can't be opened, "": nothing */
  bool stop;
} gk_gateway_t;

/* Tells the clerk: terminal, bell, page. A gk_say_t with the gateway as baton. */
void gk_gateway_say(void *gateway, gk_word_t word, const char *detail);

/* Seals, signs and spools a reading under `jti`. On success it is safe on the disk. */
gk_error_t *gk_gateway_store(gk_gateway_t *gateway, const char *jti, const gk_json_t *plain, const char *large_key,
                             const void *large, apr_size_t large_length, apr_pool_t *pool);
/* The same of what was sealed before, to the key `skid`. */
gk_error_t *gk_gateway_store_sealed(gk_gateway_t *gateway, const char *jti, const char *skid, const void *sealed,
                                    apr_size_t length, apr_pool_t *pool);
/* Says why a reading could not be stored. */
void gk_gateway_say_not_stored(gk_gateway_t *gateway, const gk_error_t *error);

/* A registration number of 8 digits or an ID number of 18. */
bool gk_gateway_is_number(const char *number);
/* Takes one that was typed or scanned: the next picture is its. False: it is neither. */
bool gk_gateway_number(gk_gateway_t *gateway, const char *typed, apr_pool_t *pool);

/* Signs what still waits and was not signed by the key of today anew (after a new enrolment). */
gk_error_t *gk_gateway_readdress(gk_gateway_t *gateway, apr_pool_t *pool);

/* State for people and programs; no personal data but, with `page`, what the server shows masked. */
gk_json_t *gk_gateway_state(const gk_gateway_t *gateway, bool page, apr_pool_t *pool);
/* Another category for new candidates; "" leaves it to the console. */
void gk_gateway_subject(gk_gateway_t *gateway, const char *code);
/* Switches the clerk's test readings. */
void gk_gateway_test(gk_gateway_t *gateway, bool on);

/* Works until SIGTERM or SIGINT. `test`: reads cards and stores nothing. */
gk_error_t *gk_gateway_run(gk_device_t *device, bool test, apr_pool_t *pool);
/* The parts of it that one command needs: spool and post, no reader. */
gk_error_t *gk_gateway_open(gk_gateway_t **out, gk_device_t *device, apr_pool_t *pool);

/* ---- post.c ----------------------------------------------------------------------------------------------------- */

gk_error_t *gk_post_create(gk_post_t **out, gk_gateway_t *gateway, apr_pool_t *pool);
/* Waits for descriptors, its own among them, at most until `due` by gk_tick(). */
void gk_post_wait(gk_post_t *post, struct pollfd *more, int count, apr_time_t due);
apr_time_t gk_post_due(const gk_post_t *post);
/* Goes on: takes answers, starts what is due. */
void gk_post_step(gk_post_t *post, apr_pool_t *scratch_pool);
/* Asks for a new key as soon as nothing else is under way. */
void gk_post_rotate(gk_post_t *post);
bool gk_post_rotating(const gk_post_t *post);

typedef enum { GK_LINK_UNKNOWN, GK_LINK_ONLINE, GK_LINK_OFFLINE, GK_LINK_REVOKED, GK_LINK_NOT_ACCEPTED } gk_link_t;
gk_link_t gk_post_link(const gk_post_t *post);
const char *gk_post_problem(const gk_post_t *post);          /* what went wrong last, or NULL */
apr_int64_t gk_post_skew_ms(const gk_post_t *post, bool *known); /* ours minus the server's */
apr_time_t gk_post_retry_at(const gk_post_t *post);          /* by gk_tick(); 0: no pause is running */
gk_json_t *gk_post_results(const gk_post_t *post);           /* the last ones, newest last */

/* One request, waited for. *status 0: not reached, and *reply says why. */
gk_error_t *gk_post_once(int *status, const char **reply, const gk_device_t *device, const char *path, const char *body,
                         apr_pool_t *pool);

/* ---- camera.c, decoder.c ------------------------------------------------------------------------------------------ */

gk_error_t *gk_camera_create(gk_camera_t **out, gk_gateway_t *gateway, apr_pool_t *pool);
int gk_camera_descriptor(const gk_camera_t *camera);
void gk_camera_step(gk_camera_t *camera, apr_pool_t *scratch_pool);
/* A number was typed: pictures that wait belong to it. */
void gk_camera_look(gk_camera_t *camera);
int gk_camera_waiting(const gk_camera_t *camera);
/* One picture file as a reading, sealed to the server in malloc'ed memory that the caller frees. `number` (a registration or ID
 * number) or `after` (a card reading's jti) may be NULL. Errors: TOO_LARGE, UNSUPPORTED_TYPE, NOT_FOUND. */
gk_error_t *gk_camera_seal(unsigned char **sealed, apr_size_t *length, const gk_device_t *device, const char *path,
                           const char *number, const char *after, apr_pool_t *pool);

/* Runs the operator's program (words of `command`, no shell) on a photo block. *out is NULL when it gave nothing usable. */
void gk_decoder_run(const unsigned char **out, apr_size_t *length, const char *command, int seconds, const unsigned char *block,
                    apr_size_t block_length, apr_pool_t *pool);

/* ---- handed.c ------------------------------------------------------------------------------------------------------ */

/* `gaokao-gateway camera` beside a gateway at work: leaves what it sealed in the folder handed/ under its jti. */
gk_error_t *gk_hand_over(const gk_device_t *device, const unsigned char *sealed, apr_size_t length, apr_pool_t *pool);
/* The gateway's side: spools what lies there. What it can't open stays, and is shown. */
void gk_take_handed(gk_gateway_t *gateway, apr_pool_t *scratch_pool);

/* ---- page.c ------------------------------------------------------------------------------------------------------- */

gk_error_t *gk_page_create(gk_page_t **out, gk_gateway_t *gateway, apr_pool_t *pool);
/* Adds its descriptors to `fds`, which has room for GK_PAGE_DESCRIPTORS; returns their number. */
#define GK_PAGE_DESCRIPTORS 9
int gk_page_descriptors(const gk_page_t *page, struct pollfd *fds);
void gk_page_step(gk_page_t *page, apr_pool_t *scratch_pool);

#endif
