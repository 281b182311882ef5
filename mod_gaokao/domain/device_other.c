/* domain/device_other.c: what cameras and instruments post (device_internal.h). */
#include "domain/device_internal.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/part.h"
#include "domain/ports_candidate.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

gk_error_t *gk_device__by_number(apr_int64_t *id, gk_act_t *act, const char *number)
{
  apr_array_header_t *found;
  const char *next;
  gk_candidate_filter_t filter = {.q = number};
  *id = 0;
  if (strspn(number, "0123456789") != strlen(number) || strlen(number) < 8)
    return NULL;
  GK_TRY(gk_candidate_list(&found, &next, act, &filter, NULL, 2));
  for (int i = 0; i < found->nelts; i++) {
    const gk_candidate_t *c = APR_ARRAY_IDX(found, i, gk_candidate_t *);
    if (is(c->number, number))
      *id = c->id;
  }
  return NULL;
}

/* By number, by the card read before it, by the ID number. */
static gk_error_t *whose(apr_int64_t *id, const gk_device__post_t *post, const gk_device__item_t *item)
{
  gk_act_t *act = post->act;
  bool found = false;
  gk_reading_t *card;
  gk_candidate_place_t place;
  *id = 0;
  if (item->number != NULL)
    return gk_device__by_number(id, act, item->number);
  if (item->after != NULL) {
    GK_TRY(gk_store_reading_by_jti(&found, &card, act, item->after));
    *id = found && card->org_id == post->device->org_id ? card->candidate_id : 0;
  } else if (item->id_number != NULL) {
    GK_TRY(gk_candidate_place(&place, act, gk_candidate_id_index(act, "1", gk_text_id_number(act->pool, item->id_number))));
    *id = place.id != 0 && !place.former && gk_act_covers(act, place.org_path) ? place.id : 0;
  }
  return NULL;
}

/* ---- before anything is written ---------------------------------------------------------------------------- */

static gk_error_t *prepare_picture(const gk_device__post_t *post, gk_device__item_t *item)
{
  gk_json_t *facts;
  const char *text = gk_json_str(item->wish.raw, "picture");
  item->bytes = text != NULL ? gk_unbase64url(text, &item->length, post->pool) : NULL;
  gk_error_t *error = item->bytes == NULL
                          ? gk_error(post->pool, GK_E_INVALID, "读数里没有照片", "The reading has no picture")
                          : gk_device_port_picture(&facts, post->act, item->bytes, item->length);
  if (error == NULL)
    error = gk_photo_examine(&item->photo, post->act, item->bytes, item->length, NULL);
  if (error == NULL || gk_device__goes_back(post->act, error))
    return error;
  item->photo.verdict = NULL;
  item->wish.problem = error;
  return NULL;
}

/* The items as they came, or a result file: both are read by the plugin. What it gives stands in the card's place. */
static gk_error_t *prepare_results(const gk_device__post_t *post, gk_device__item_t *item)
{
  apr_size_t length = 0;
  const char *file = gk_json_str(item->wish.raw, "file"), *text;
  if (file != NULL) {
    text = (const char *)gk_unbase64url(file, &length, post->pool);
  } else {
    text = item->items != NULL && gk_json_is_object(item->items) ? gk_json_text(item->items, post->pool) : "";
    length = strlen(text);
  }
  gk_error_t *error = gk_device_port_results(&item->wish.card, post->act, text, length);
  if (error != NULL && gk_device__goes_back(post->act, error))
    return error;
  if (error != NULL) {
    item->wish.problem = error;
    item->wish.card = gk_json_object(post->pool);
    return NULL;
  }
  if (item->number == NULL)
    item->number = gk_json_str(item->wish.card, "number");
  if (item->id_number == NULL)
    item->id_number = gk_json_str(item->wish.card, "id_number");
  return NULL;
}

gk_error_t *gk_device__prepare_other(const gk_device__post_t *post, gk_device__item_t *item)
{
  return is(item->kind, "camera") ? prepare_picture(post, item) : prepare_results(post, item);
}

/* ---- keeping ---------------------------------------------------------------------------------------------- */

static gk_error_t *keep_picture(const gk_device__post_t *post, gk_device__item_t *item, apr_int64_t candidate_id)
{
  gk_photo_t photo;
  gk_photo_wish_t wish = {.candidate_id = candidate_id, .source = "camera", .bytes = item->bytes, .length = item->length};
  return gk_photo_keep(&photo, &item->candidate, post->act, &wish, &item->photo);
}

static gk_error_t *keep_results(const gk_device__post_t *post, gk_device__item_t *item, apr_int64_t candidate_id)
{
  gk_part_row_t part;
  apr_array_header_t *verdicts;
  gk_json_t *fields = gk_json_copy(item->wish.card, post->pool);
  gk_json_remove(fields, "number");
  gk_json_remove(fields, "id_number");
  GK_TRY(gk_candidate_get(&item->candidate, post->act, candidate_id));
  return gk_part_put(&item->candidate, &part, &verdicts, post->act, "examination", candidate_id, item->candidate->version,
                     fields);
}

gk_error_t *gk_device__keep_other(const gk_device__post_t *post, gk_device__item_t *item)
{
  apr_int64_t candidate_id;
  bool camera = is(item->kind, "camera");
  GK_TRY(whose(&candidate_id, post, item));
  if (candidate_id == 0 && item->wish.problem == NULL)
    item->wish.problem = gk_error(post->pool, GK_E_NOT_FOUND, "本报名点没有这名考生，请在网页版核对号码",
                                  "This point has no such candidate: check the number in the console");
  /* With a problem it is kept as it came, and a person looks. */
  if (candidate_id != 0 && item->wish.problem == NULL)
    GK_TRY(camera ? keep_picture(post, item, candidate_id) : keep_results(post, item, candidate_id));
  GK_TRY(gk_reading_keep(&item->reading, post->act, &item->wish,
                         candidate_id == 0 ? "unmatched" : camera ? "picture" : "examination", candidate_id));
  return candidate_id != 0 && item->candidate == NULL ? gk_candidate_get(&item->candidate, post->act, candidate_id) : NULL;
}
