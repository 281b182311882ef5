/* gateway/frame.c: see frame.h. */
#include "gateway/frame.h"

#include <string.h>

#include "crypto/crypto.h"

static const unsigned char preamble[GK_FRAME_PREAMBLE] = {0xAA, 0xAA, 0xAA, 0x96, 0x69};

static unsigned char checksum(const unsigned char *bytes, size_t length)
{
  unsigned char sum = 0;
  for (size_t i = 0; i < length; i++)
    sum ^= bytes[i];
  return sum;
}

size_t gk_frame_build(unsigned char *out, int command, const unsigned char *data, size_t data_length)
{
  size_t length = GK_FRAME_HEAD + 2 + data_length;
  if (data_length > GK_COMMAND_MAX - GK_FRAME_HEAD - 3)
    return 0;
  memcpy(out, preamble, sizeof(preamble));
  out[5] = 0;
  out[6] = (unsigned char)(data_length + 3);
  out[7] = (unsigned char)(command >> 8);
  out[8] = (unsigned char)command;
  if (data_length > 0)
    memcpy(out + 9, data, data_length);
  out[length] = checksum(out + GK_FRAME_PREAMBLE, length - GK_FRAME_PREAMBLE);
  return length + 1;
}

void gk_frame_reset(gk_frame_parser_t *parser)
{
  gk_wipe(parser->bytes, sizeof(parser->bytes));
  parser->used = parser->taken = 0;
}

unsigned char *gk_frame_space(gk_frame_parser_t *parser, size_t *room)
{
  *room = sizeof(parser->bytes) - parser->used;
  return parser->bytes + parser->used;
}

void gk_frame_fed(gk_frame_parser_t *parser, size_t count) { parser->used += count; }

/* Drops `count` bytes at the front. What moves down leaves a copy behind, which is overwritten. */
static void drop(gk_frame_parser_t *parser, size_t count)
{
  memmove(parser->bytes, parser->bytes + count, parser->used - count);
  parser->used -= count;
  gk_wipe(parser->bytes + parser->used, count);
}

/* Bytes before the first preamble, or before what may be the beginning of one at the end. */
static size_t noise(const gk_frame_parser_t *parser)
{
  for (size_t at = 0; at < parser->used; at++) {
    size_t left = parser->used - at;
    if (memcmp(parser->bytes + at, preamble, left < sizeof(preamble) ? left : sizeof(preamble)) == 0)
      return at;
  }
  return parser->used;
}

gk_frame_found_t gk_frame_next(gk_frame_parser_t *parser, gk_frame_t *frame)
{
  if (parser->taken > 0)
    drop(parser, parser->taken);
  parser->taken = 0;
  drop(parser, noise(parser));
  if (parser->used < GK_FRAME_HEAD)
    return GK_FRAME_NONE;
  size_t length = (size_t)parser->bytes[5] << 8 | parser->bytes[6];
  if (length < GK_FRAME_LEN_MIN || length > GK_FRAME_LEN_MAX) {
    drop(parser, 1);
    return GK_FRAME_DAMAGED;
  }
  if (parser->used < GK_FRAME_HEAD + length)
    return GK_FRAME_NONE;
  if (checksum(parser->bytes + GK_FRAME_PREAMBLE, length + 1) != parser->bytes[GK_FRAME_HEAD + length - 1]) {
    drop(parser, 1); /* and not the whole of it: a cut frame is followed by the next one at once */
    return GK_FRAME_DAMAGED;
  }
  const unsigned char *body = parser->bytes + GK_FRAME_HEAD;
  *frame = (gk_frame_t){body[0], body[1], body[2], body + 3, length - 4};
  parser->taken = GK_FRAME_HEAD + length;
  return GK_FRAME_WHOLE;
}

bool gk_frame_give_up(gk_frame_parser_t *parser)
{
  if (parser->used < GK_FRAME_PREAMBLE) {
    gk_frame_reset(parser);
    return false;
  }
  drop(parser, 1);
  return true;
}
