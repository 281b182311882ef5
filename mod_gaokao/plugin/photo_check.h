/* plugin/photo_check.h: everything there is to say about one candidate photo, from its bytes, in one process: bounded
 * decoding, all photo plugins, the crop that would do, and our own re-encoding. It touches neither database nor
 * files. Meant for the photo workers; gaokaoctl calls it too.
 */
#ifndef GK_PLUGIN_PHOTO_CHECK_H
#define GK_PLUGIN_PHOTO_CHECK_H

#include "base/json.h"
#include "domain/pack.h"
#include "plugin/plugin.h"

/* In order of weight. BLOCK: can't be accepted as it is. UNCHECKED: a check could not be made (no face plugin), an
 * operator must look. LOOK: an operator must look. FINE. */
typedef enum gk_photo_word_t {
  GK_PHOTO_FINE = 1,
  GK_PHOTO_LOOK = 2,
  GK_PHOTO_UNCHECKED = 3,
  GK_PHOTO_BLOCK = 4
} gk_photo_word_t;

/* block, unchecked, look, fine. _of: 0 for another word. */
const char *gk_photo_word(gk_photo_word_t word);
gk_photo_word_t gk_photo_word_of(const char *word);

#define GK_PHOTO_MAX_BYTES (8 * 1000 * 1000) /* of an uploaded file */

typedef struct gk_photo_check_t {
  gk_photo_word_t verdict;
  /* {verdict, profile, picture {media_type, bytes, sha256, width, height}, findings [...], facts {name: number},
   *  crop {x, y, width, height, scale, verdict} | null, normalised {width, height, bytes, quality, sha256} | null}
   *
   * A finding: {code, severity "block|unchecked|look|fine", measured, allowed {low, high}, unit, zh, en,
   *  region {x, y, width, height}, remedy {zh, en}}; what isn't known is null. The first blocking cause comes first and
   *  what only follows from it is left out; checks that went well stand at the end. Regions and the crop are in
   *  pixels of the picture as uploaded, the way up a person sees it (picture.width x picture.height).
   *
   * A picture that has exactly the profile's size is judged as it is; a crop is proposed only when it would be
   * better, and crop.verdict says what that crop would get. Any other picture is judged by the crop proposed:
   * its findings are those of the crop (regions moved back). */
  gk_json_t *report;
  /* What would be stored: the crop when one is proposed, else the whole picture when it has the profile's size; our own
   * JPEG without metadata. NULL when neither (file refused, no crop can help). For a picture that was judged as it
   * is and has a crop besides, `whole` is the picture itself re-encoded, else NULL: an operator may keep it. */
  const unsigned char *normalised;
  apr_size_t normalised_bytes;
  const unsigned char *whole;
  apr_size_t whole_bytes;
  /* The whole picture the way up a person sees it, long side at most 1280 px, for pages to draw on (regions times
   * shown_width / picture.width). NULL when the file was refused, or its size is the profile's: then show what is stored. */
  const unsigned char *shown;
  apr_size_t shown_bytes;
  int shown_width, shown_height;
} gk_photo_check_t;

/* Checks one file. A bad photo is no error: its verdict says so. `sha256` in hex as the sender declared it, or NULL.
 * `request_id` stands in log lines. Results are in `pool`; give one of its own for each photo.
 * Errors: INVALID (violation code "digest") when the bytes are not those declared: send them again; PLUGIN when a
 * plugin failed whose on_error is fail. */
gk_error_t *gk_photo_check(gk_photo_check_t **out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                           const unsigned char *bytes, apr_size_t length, const char *sha256,
                           const char *request_id, apr_pool_t *pool);

/* Shows all plugins a blank picture, so that what they load at the first one is there. */
void gk_photo_warm(gk_plugins_t *plugins, apr_pool_t *pool);

/* Crops by hand: `x, y, width, height` of the picture as seen (must have the profile's ratio within 1 %) becomes a
 * picture of the profile's size, checked as such: out->normalised is it, findings are in ITS pixels. The file is the
 * one that was uploaded. Errors: INVALID when the rectangle is not inside or of another ratio, or the file is refused. */
gk_error_t *gk_photo_crop(gk_photo_check_t **out, gk_plugins_t *plugins, const gk_photo_profile_t *profile,
                          const unsigned char *bytes, apr_size_t length, int x, int y, int width, int height,
                          const char *request_id, apr_pool_t *pool);

#endif
