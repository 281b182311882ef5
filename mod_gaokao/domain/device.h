/* domain/device.h: gateways of points (W3, W7): how they come in, what they may, what they post (docs/devices.md).
 *
 * A point makes a device and gets a one-time code; the gateway enrols with it and its public key. From then on its signatures
 * are the proof: every reading is signed by itself, whatever brings it. The device makes its own scope: it acts as role
 * `device` of exactly its point. Revoking it holds from the next request on.
 *
 * States: waiting (made, nobody enrolled) -> active -> revoked; a new code makes any of them active again by a new key.
 *
 * A posted reading is settled once and for all: stored, repeated (it was here: the first answer), changed (its jti was used for
 * something else: refused and recorded) or refused (it is not this device's, or not readable as a reading). What can't be
 * decoded, has no free number or is registered elsewhere is stored with a verdict and a problem: nothing stops a queue.
 */
#ifndef GK_DOMAIN_DEVICE_H
#define GK_DOMAIN_DEVICE_H

#include "crypto/jws.h"
#include "domain/reading.h"

typedef struct gk_device_t {
  apr_int64_t id, season_id, org_id, version, highest_seq, readings, waiting, skew_ms, changed;
  const char *org_path, *org_code, *org_name;
  const char *name, *kinds;      /* "idcard camera exam" */
  const char *state, *audience;
  const char *code;              /* one-time code in clear, where one was just made; NULL else */
  const char *code_digest, *code_key;
  const char *received;          /* intervals of sequence numbers */
  const char *software, *reader_module, *reader_state, *last_error, *reason;
  apr_time_t code_until, enrolled, seen, revoked, stolen, created;
  bool point_open;
} gk_device_t;

typedef struct gk_device_key_t {
  apr_int64_t id;
  unsigned char public[GK_PUBLIC_BYTES];
  apr_int64_t until_iat;         /* 0: in use; -1: nothing of it counts; else readings up to this iat */
} gk_device_key_t;

/* ---- the point's and the bureaus' side ------------------------------------------------------------------- */

gk_error_t *gk_device_create(gk_device_t **out, gk_act_t *act, apr_int64_t org_id, const char *name, const char *kinds);
gk_error_t *gk_device_get(gk_device_t **out, gk_act_t *act, apr_int64_t id);
/* gk_device_t *, by id, at most `limit`. */
gk_error_t *gk_device_list(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after_id, int limit);
/* Another name. NULL stays. */
gk_error_t *gk_device_rename(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *name);
/* At once, with a reason. `stolen`: since when it is out of hand (0: it is not): readings from then on are marked "after-theft". */
gk_error_t *gk_device_revoke(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *reason,
                             apr_time_t stolen);
/* A new code for a new key; the old key works until then (a revoked device's never again). */
gk_error_t *gk_device_new_code(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version);
gk_json_t *gk_device_json(const gk_device_t *device, apr_pool_t *pool);

/* ---- the gateway's side ---------------------------------------------------------------------------------- */

/* A code works once, and once more for the same key (a lost reply). Errors: CODE_INVALID. *fresh false: it was repeated. */
gk_error_t *gk_device_enrol(gk_device_t **out, bool *fresh, gk_act_t *act, const char *code, const unsigned char *public,
                            const char *software, const char *reader_module);
/* The device of a request's path, acting: DEVICE_UNKNOWN, DEVICE_REVOKED. act->who is the device from then on. */
gk_error_t *gk_device_act_as(gk_device_t **out, gk_act_t *act, const char *id_text);
/* The same question without acting, before a body is read. */
gk_error_t *gk_device_known(gk_act_t *act, const char *id_text);

typedef struct gk_device_state_t {
  const char *software, *reader_module, *reader_state, *last_error;
  apr_int64_t waiting;
  apr_time_t clock;              /* 0: it didn't say */
} gk_device_state_t;
/* Errors: SIGNATURE, WRONG_AUDIENCE, INVALID. */
gk_error_t *gk_device_state(gk_device_t *device, gk_act_t *act, gk_json_t *jws);
gk_error_t *gk_device_rotate(gk_device_t *device, gk_act_t *act, gk_json_t *jws);

/* What a gateway needs to know: name, kinds, point, season, subjects, sealing key, test_mode, next_seq, server_time. */
gk_error_t *gk_device_terms(gk_json_t **out, const gk_device_t *device, gk_act_t *act);

/* Takes a post of readings; *answer as docs/devices.md says. Commits by itself, piece by piece: each reading is settled for
 * itself, and a piece that fails undoes none before it. Errors: SIGNATURE when not one is this device's; before anything of it
 * is kept, those marked `later` (a plugin is switched off, the photo workers are busy or restarting); and those of the
 * database. */
gk_error_t *gk_device_post(gk_json_t **answer, gk_device_t *device, gk_act_t *act, gk_json_t *readings);

/* (plugin/device_port.c) A card's text block as {name, sex, ...} by the device plugins, behind their guard. Errors: INVALID
 * with the plugin's sentence; PLUGIN, marked `later` when the plugin whose bytes they are is switched off. */
/* Likewise a picture's facts, and the results of an examination by the pack's names of their fields. */
gk_error_t *gk_device_port_picture(gk_json_t **facts, const gk_act_t *act, const unsigned char *bytes, apr_size_t length);
gk_error_t *gk_device_port_results(gk_json_t **fields, const gk_act_t *act, const char *text, apr_size_t length);
gk_error_t *gk_device_port_card(gk_json_t **fields, const gk_act_t *act, const unsigned char *bytes, apr_size_t length);

/* ---- sequence numbers (device_seq.c) --------------------------------------------------------------------- */

enum { GK_SEQ_INTERVALS = 500 };
typedef enum gk_seq_t { GK_SEQ_NEXT = 1, GK_SEQ_GAP, GK_SEQ_LATE, GK_SEQ_USED } gk_seq_t;
/* Adds `seq` to intervals like "1-500 502-700": the next one, one behind a gap, one that fills a hole, one that was here. Beyond
 * GK_SEQ_INTERVALS the lowest are joined: their holes are forgotten. */
gk_seq_t gk_seq_add(const char **intervals, apr_int64_t seq, apr_pool_t *pool);
/* [[from, to], ...] that are missing between 1 and the highest. */
gk_json_t *gk_seq_holes(const char *intervals, apr_pool_t *pool);

/* A bucket for each device, so that one that floods takes nobody's turn: `rate` readings a second for good, a request counts
 * as ten more, and five seconds' worth at once. 0: go on, it is counted; else how long to wait. Told where its memory is (all
 * zero at first) before there are children; without it, or with rate 0, everybody goes on. */
apr_size_t gk_device_pace_bytes(void);
void gk_device_pace_attach(void *memory);
apr_interval_time_t gk_device_pace(apr_int64_t device_id, int readings, int rate, apr_time_t tick);

#endif
