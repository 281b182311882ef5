/* domain/device_internal.h: what the files about posts of devices share. */
#ifndef GK_DOMAIN_DEVICE_INTERNAL_H
#define GK_DOMAIN_DEVICE_INTERNAL_H

#include "domain/device.h"
#include "domain/photo.h"

/* One reading of a post. */
typedef struct gk_device__item_t {
  gk_jws_t jws;
  const char *status;              /* NULL: not settled yet; refused changed repeated stored */
  const char *code, *zh, *en;      /* refused, changed: why */
  const char *kind, *number, *id_number, *after, *captured;
  gk_json_t *items;                /* of an examination */
  bool unknown;                    /* a look a moment ago did not find its jti: a lost race is RETRY */
  gk_reading_wish_t wish;
  gk_photo_checked_t photo;        /* of a camera, examined before anything is written, or of a chip; .verdict NULL: it is none */
  const unsigned char *bytes;      /* idcard: the text block; camera: the picture as it came */
  apr_size_t length;
  gk_reading_t *reading;
  gk_candidate_t *candidate;
} gk_device__item_t;

typedef struct gk_device__post_t {
  gk_act_t *act;
  gk_device_t *device;
  gk_org_t *point;
  apr_array_header_t *keys;        /* gk_device_key_t */
  gk_device__item_t *items;
  int count;
  gk_reading_window_t window;      /* as the piece found it */
  apr_pool_t *pool;
} gk_device__post_t;

/* TOO_MANY when what the device sends comes too fast (gk_device_pace): asked when its signature, or its code, was found right, so
 * that nobody else uses its turns up. */
gk_error_t *gk_device__in_turn(const gk_device_t *device, const gk_act_t *act, int readings);

/* True when an error of a plugin or a photo worker is not the reading's: the post goes back as it is, before anything of it is
 * kept. So it does when the connection to the database, given back meanwhile, did not come again. (device_post.c) */
bool gk_device__goes_back(const gk_act_t *act, const gk_error_t *error);

/* What cameras and instruments post (device_other.c). Examines a picture, reads results: item->wish.problem says what is wrong.
 * Errors: what gk_device__goes_back says. */
gk_error_t *gk_device__prepare_other(const gk_device__post_t *post, gk_device__item_t *item);
/* Keeps it, with the candidate it is of, in a transaction of its own. */
gk_error_t *gk_device__keep_other(const gk_device__post_t *post, gk_device__item_t *item);
/* The chip's picture of a card, where the reader's library decoded it; kept beside the photo of whose card it is, behind the
 * reading in its transaction. Errors of the first: what gk_device__goes_back says. (device_chip.c) */
gk_error_t *gk_device__prepare_chip(const gk_device__post_t *post, gk_device__item_t *item);
gk_error_t *gk_device__keep_chip(const gk_device__post_t *post, gk_device__item_t *item);
/* The candidate of the actor's subtree with this registration number; 0: none. */
gk_error_t *gk_device__by_number(apr_int64_t *id, gk_act_t *act, const char *number);

#endif
