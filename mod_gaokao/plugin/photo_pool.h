/* plugin/photo_pool.h: pictures are examined in processes of their own (faults.md PR-2, PR-5, PR-6, IN-9): a decoder or a
 * photo plugin that crashes, hangs or eats memory takes none of httpd's along.
 *
 * gaokao-worker --photo listens on INSTANCE/run/photo.sock and hands each connection to one of its workers, one picture at a
 * time each. What waits stands in the socket's own queue, whose length bounds it: a full one refuses the connection and the
 * client gets 503 with Retry-After. A worker that dies closes the connection before the answer: 503 as well, nothing stored.
 *
 * The wire: four 32-bit numbers in the machine's order (magic; bytes of JSON, first blob, second blob), then these. Both ends
 * are the same build: another magic is refused.
 */
#ifndef GK_PLUGIN_PHOTO_POOL_H
#define GK_PLUGIN_PHOTO_POOL_H

#include "domain/pack.h"
#include "domain/photo.h"
#include "plugin/plugin.h"

/* Examines in this process. */
gk_error_t *gk_photo_examine_here(gk_photo_checked_t *out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                                  const unsigned char *bytes, apr_size_t length, const char *sha256, const char *request_id,
                                  apr_pool_t *pool);

/* ---- the workers' side ----------------------------------------------------------------------------------- */

/* The listening socket, 0660, with room for `queue` that wait. -1 with errno. */
int gk_photo_listen(const char *instance, int queue);
/* Answers the one request of a connection; its own faults are the client's loss only. False: the client was cut off. */
bool gk_photo_serve(int connection, gk_plugins_t *plugins, apr_pool_t *pool);

/* ---- the client's side ----------------------------------------------------------------------------------- */

typedef enum gk_photo_event_t {
  GK_PHOTO_EVENT_CHECKED = 0,  /* a picture was examined, whatever it was found to be */
  GK_PHOTO_EVENT_FULL,         /* turned away: the queue was full */
  GK_PHOTO_EVENT_DIED,         /* the worker died or was ended over it */
  GK_PHOTO_EVENT_ABSENT,       /* there was no pool to ask */
  GK_PHOTO_EVENTS
} gk_photo_event_t;
/* This process never examines by itself, pool or not, and tells `count` (may be NULL) what became of each and how long it took,
 * waiting included. httpd's children
 * and gaokao-worker's jobs call it; the other programs examine by themselves where there is no pool. */
void gk_photo_pool_only(void (*count)(gk_photo_event_t event, apr_interval_time_t took_us));

/* The profile as it goes over the wire, and back. */
gk_json_t *gk_photo_profile_json(const gk_photo_profile_t *profile, apr_pool_t *pool);
gk_error_t *gk_photo_profile_read(gk_photo_profile_t *profile, const gk_json_t *json, apr_pool_t *pool);

#endif
