/* domain/photo.h: the photo of a candidate (design section 8): taken, judged, decided, kept.
 *
 * A picture is judged by the season's photo profile before anything is stored (gk_photo_examine: in the photo workers, or in
 * this process where there are none). What is kept is always our own JPEG, free of metadata. By the verdict it becomes
 *   fine                 accepted: the record's photo
 *   look, unchecked      look: somebody of the point decides (accept, crop, retake)
 *   block, with a crop that passes   look as well: the crop is one click away
 *   block                refused; after GK_PHOTO_REFUSALS of them in a row the clerk may accept one, with a reason
 * An accepted photo stays the record's until another one is accepted, so that a bad picture never takes a good one away.
 * Nothing is overwritten: replaced pictures stay as rows. The record's photo_state is none, accepted, look, refused or
 * retake, and each change of it is a version of the record with one audit row.
 *
 * The proof sheet shows the photo: another one, or none any more, voids the sheet (proof_version 0, proofed becomes filling). What
 * was signed is not changed behind the signature: once confirmed, a first photo may still come, but the one on the signed form
 * changes only after a correction; until then a new picture waits in `look`.
 *
 * Pictures and reports are sealed under the record's key, bound to candidate and digest.
 */
#ifndef GK_DOMAIN_PHOTO_H
#define GK_DOMAIN_PHOTO_H

#include "domain/candidate.h"

#define GK_PHOTO_REFUSALS 3
#define GK_PHOTO_BYTES_MAX (8 * 1024 * 1024)  /* of a file that is sent */

typedef struct gk_photo_t {
  apr_int64_t id, candidate_id;
  const char *state;            /* accepted look refused retake replaced chip */
  const char *source;           /* upload camera import chip crop */
  const char *verdict;          /* fine look block unchecked */
  int width_px, height_px;
  apr_int64_t bytes;            /* of the JPEG */
  const char *digest;           /* SHA-256 of the JPEG, hex */
  apr_int64_t made_from;        /* crop: the picture it was cut from; else 0 */
  apr_int64_t taken_by, decided_by;
  apr_time_t taken, decided;
  gk_json_t *report;            /* {"verdict", "findings", "facts", "crop"} */
  gk_json_t *decision;          /* {"verdict", "reason"} or NULL */
  const unsigned char *jpeg;    /* only where a picture was asked for; `bytes` of it */
  const unsigned char *cut;     /* likewise: the proposed crop, or NULL */
  apr_size_t cut_bytes;
} gk_photo_t;

/* A picture after the checks. */
typedef struct gk_photo_checked_t {
  const char *verdict;
  gk_json_t *report;            /* {"verdict", "findings", "facts", "crop"} */
  const unsigned char *jpeg;    /* our own encoding of the whole picture; NULL: it can't be decoded */
  apr_size_t length;
  int width_px, height_px;
  const unsigned char *cut;     /* the compliant picture that the checks propose; NULL: none */
  apr_size_t cut_length;
} gk_photo_checked_t;

/* Decodes and checks a file by the season's profile, and gives the connection back meanwhile (gk_act_pause). `sha256` (hex,
 * may be NULL): what the sender says it is. Errors: INVALID when it arrived damaged, BUSY when the workers' queue is full,
 * PLUGIN when a check broke down or the workers are not running; `later` where it is not the picture's fault; what the database
 * says when the connection did not come back: then act->db is NULL. (plugin/photo_pool.c) */
gk_error_t *gk_photo_examine(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                             const char *sha256);

/* ---- reading --------------------------------------------------------------------------------------------- */

/* The record's present photo, picture included; *found false while none is accepted. In the actor's subtree. */
gk_error_t *gk_photo_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id);

/* All that a page about one record needs: its pictures, newest first, and how many refusals stand in a row. */
typedef struct gk_photo_view_t {
  gk_candidate_t *candidate;
  apr_array_header_t *photos;   /* gk_photo_t without pictures */
  int refusals;
} gk_photo_view_t;
gk_error_t *gk_photo_view(gk_photo_view_t *out, gk_act_t *act, apr_int64_t candidate_id);
gk_json_t *gk_photo_view_json(const gk_photo_view_t *view, apr_pool_t *pool);
/* The newest of them that is no chip's: what a clerk, the candidate or a camera gave last; NULL: none. */
const gk_photo_t *gk_photo_newest(const gk_photo_view_t *view);
/* One picture, for staff; leaves the audit row "candidate.photo.read". */
gk_error_t *gk_photo_picture(gk_photo_t *out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t id);

/* The candidate's own: {"state", "photo", "waiting"}; and its picture. *found false: there is none. */
gk_error_t *gk_photo_own_json(gk_json_t **out, gk_act_t *act);
gk_error_t *gk_photo_own_picture(gk_photo_t *out, bool *found, gk_act_t *act);

/* {"id", "state", "source", "verdict", "width_px", ..., "report", "decision"}. */
gk_json_t *gk_photo_json(const gk_photo_t *photo, apr_pool_t *pool);

/* Pictures of the subtree in a state, oldest first: JSON objects {"candidate", "photo"}. *last: the last one's id. */
gk_error_t *gk_photo_queue(gk_json_t **items, apr_int64_t *last, bool *more, gk_act_t *act, const char *state,
                           apr_int64_t after, int limit);

/* How many of the subtree wait in `look`. */
gk_error_t *gk_photo_waiting(apr_int64_t *count, gk_act_t *act);

/* ---- changing -------------------------------------------------------------------------------------------- */

typedef struct gk_photo_wish_t {
  apr_int64_t candidate_id;
  apr_int64_t version;          /* of the record; 0: whatever it is */
  const char *source;           /* upload camera import chip */
  const unsigned char *bytes;   /* the file as it came */
  apr_size_t length;
  const char *sha256;           /* hex, as the sender said it; NULL: it said nothing */
} gk_photo_wish_t;

/* Examines and keeps a picture for a candidate; "chip" pictures are only kept beside the photo. *candidate: the record with
 * its new version and photo_state. Begins the transaction (when none runs: then the connection is given back while the
 * picture is examined). Errors: those of gk_photo_examine, INVALID ("/photo") when it is no picture at all, NOT_FOUND,
 * WRONG_STATE, STALE_VERSION. */
gk_error_t *gk_photo_take(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, const gk_photo_wish_t *wish);
/* Its second half, for who has examined it already. */
gk_error_t *gk_photo_keep(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, const gk_photo_wish_t *wish,
                          const gk_photo_checked_t *checked);

/* The clerk's word about one picture. "accept": as it is, for pictures in `look` without a block; after GK_PHOTO_REFUSALS also
 * a refused one, with a reason. "crop": makes the proposed crop the photo. "retake": a new one is needed, with a reason; an
 * accepted one loses its place. */
gk_error_t *gk_photo_decide(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                            apr_int64_t version, apr_int64_t id, const char *verdict, const char *reason);

/* A rectangle in pixels of the picture as its report counts them ("picture"). */
typedef struct gk_photo_frame_t { int x, y, width, height; } gk_photo_frame_t;
/* Cuts the photo out of a picture by a frame that somebody drew, checks what comes out and makes it the record's photo. For
 * pictures in `look` or `refused`. Errors: INVALID ("/frame/...") when the frame is not inside or has another ratio, or when what
 * comes out has a fault that blocks (its code and sentence); after GK_PHOTO_REFUSALS with a reason all the same. */
gk_error_t *gk_photo_crop_by_hand(gk_photo_t *out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t candidate_id,
                                  apr_int64_t version, apr_int64_t id, const gk_photo_frame_t *frame, const char *reason);
/* What `frame` of a file becomes: out->jpeg has the profile's size, the report is about it. (plugin/photo_pool.c) */
gk_error_t *gk_photo_cut(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                         const gk_photo_frame_t *frame);

/* ---- many at once (domain/photo_bulk.c) ------------------------------------------------------------------ */

/* What a file would become, judged and not kept. `name` is the file's: a whole registration number or ID number before the
 * dot says whose it is. {"candidate" or null, "open", "photo_state", "verdict", "becomes", "findings"}. */
gk_error_t *gk_photo_preview(gk_json_t **out, gk_act_t *act, const char *name, const unsigned char *bytes, apr_size_t length,
                             const char *sha256);
/* State that a picture becomes by its verdict (domain/photo.c). */
const char *gk_photo_state_for(const gk_photo_checked_t *checked);

/* How the raw measurements of the subtree's photos are spread, at most 20,000 of the newest, and what other limits than the
 * season's would change. `wanted`: NULL or [{"name", "low", "high", "look_low", "look_high"}]. Errors: INVALID (/limits/...). */
gk_error_t *gk_photo_measures(gk_json_t **out, gk_act_t *act, const gk_json_t *wanted);
gk_error_t *gk_photo_store_measures(apr_array_header_t **texts, gk_act_t *act, int limit);

/* Deletes the pictures that are history (refused, retake, replaced) and older than `photo_history_days`; findings, decisions and
 * measurements stay, and bytes is 0. *count: how many; 0 where the setting says nothing. One audit row; begins the transaction. */
gk_error_t *gk_photo_expire(apr_int64_t *count, gk_act_t *act);

/* ---- the store (store/photo_store.c) --------------------------------------------------------------------- */

gk_error_t *gk_photo_store_list(apr_array_header_t **out, gk_act_t *act, apr_int64_t candidate_id, int limit);
gk_error_t *gk_photo_store_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t id);
gk_error_t *gk_photo_store_present(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t candidate_id);
/* Of the record's present photo; NULL: there is none. */
gk_error_t *gk_photo_store_digest(const char **digest, gk_act_t *act, apr_int64_t candidate_id);
/* The JPEG alone, for who has its number from a list of the subtree; *jpeg NULL when the record was erased. */
gk_error_t *gk_photo_store_jpeg(const char **jpeg, apr_size_t *length, gk_act_t *act, apr_int64_t id, apr_pool_t *pool);
gk_error_t *gk_photo_store_own_list(apr_array_header_t **out, gk_act_t *act, int limit);
gk_error_t *gk_photo_store_own_get(gk_photo_t *out, bool *found, gk_act_t *act, apr_int64_t id);
/* In state `photo->state`, after photo_store_mark in the same transaction. `measures`: JSON text. Sets photo->id. */
gk_error_t *gk_photo_store_insert(gk_act_t *act, gk_photo_t *photo, const char *measures);
/* Writes photo_state, state and proof_version of a record that was loaded at its version. */
gk_error_t *gk_photo_store_mark(bool *changed, gk_act_t *act, const gk_candidate_t *candidate);
gk_error_t *gk_photo_store_replace(gk_act_t *act, apr_int64_t candidate_id, const char *state);
gk_error_t *gk_photo_store_decide(bool *changed, gk_act_t *act, const gk_photo_t *photo, const char *from);
typedef struct gk_photo_queued_t {
  gk_photo_t photo;
  const char *number, *name, *class_name;
  apr_int64_t version;
} gk_photo_queued_t;
gk_error_t *gk_photo_store_expire(apr_int64_t *count, gk_act_t *act, apr_time_t before);
gk_error_t *gk_photo_store_waiting(apr_int64_t *count, gk_act_t *act);
gk_error_t *gk_photo_store_queue(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after, int limit);

#endif
