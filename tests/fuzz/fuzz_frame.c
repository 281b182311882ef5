/* What comes from the line to the card reader, in pieces whose size the first byte gives. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "gateway/card.h"
#include "gateway/frame.h"

static void try_frame(const gk_frame_t *frame, apr_pool_t *pool)
{
  unsigned char sum = 0;
  GK_FUZZ_HOLDS(frame->data_length <= GK_FRAME_LEN_MAX - 4);
  for (size_t i = 0; i < frame->data_length + 5; i++) /* Len, status and data */
    sum ^= (frame->data - 5)[i];
  GK_FUZZ_HOLDS(sum == frame->data[frame->data_length]);
  for (int fingerprint = 0; fingerprint < 2; fingerprint++) {
    gk_card_t card;
    if (!gk_card_split(&card, frame->data, frame->data_length, fingerprint))
      continue;
    const char *name = gk_card_masked_name(&card, pool), *number = gk_card_masked_number(&card, pool);
    GK_FUZZ_HOLDS(gk_utf8_valid(name, strlen(name)) && gk_utf8_length(name) <= 60);
    GK_FUZZ_HOLDS(strlen(number) <= 18 && gk_card_layout(&card) != NULL);
  }
  gk_card_module_number(frame->data, frame->data_length, pool);
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  static gk_frame_parser_t parser;
  gk_frame_t frame;
  gk_frame_found_t found;
  size_t piece = length > 0 ? (unsigned char)text[0] % 61 + 1 : 1;
  gk_frame_reset(&parser);
  while (length > 0) {
    size_t room, now = piece < length ? piece : length;
    unsigned char *space = gk_frame_space(&parser, &room);
    GK_FUZZ_HOLDS(room >= GK_FRAME_MAX);
    memcpy(space, text, now);
    gk_frame_fed(&parser, now);
    while ((found = gk_frame_next(&parser, &frame)) != GK_FRAME_NONE)
      if (found == GK_FRAME_WHOLE)
        try_frame(&frame, pool);
    text += now;
    length -= now;
  }
  while (gk_frame_give_up(&parser))
    while ((found = gk_frame_next(&parser, &frame)) != GK_FRAME_NONE)
      if (found == GK_FRAME_WHOLE)
        try_frame(&frame, pool);
}
