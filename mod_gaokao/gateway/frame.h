/* gateway/frame.h: frames of the ID card reader's security module (SAM_V). Pure: bytes in, bytes out; no line, no clock.
 *
 *   to the reader    AA AA AA 96 69 | Len (2, big-endian) | CMD PARA | data | checksum
 *   from the reader  AA AA AA 96 69 | Len (2, big-endian) | SW1 SW2 SW3 | data | checksum
 *
 * Len counts what stands behind it, the checksum included; the checksum is the exclusive or of everything between the
 * preamble and itself.
 */
#ifndef GK_GATEWAY_FRAME_H
#define GK_GATEWAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#define GK_FRAME_PREAMBLE 5
#define GK_FRAME_HEAD 7               /* preamble and Len */
#define GK_FRAME_LEN_MIN 4            /* a reply without data */
#define GK_FRAME_LEN_MAX 0x0A00
#define GK_FRAME_MAX (GK_FRAME_HEAD + GK_FRAME_LEN_MAX)
#define GK_COMMAND_MAX 64

/* Commands, as CMD << 8 | PARA. */
enum {
  GK_SAM_RESET = 0x10FF,
  GK_SAM_STATUS = 0x11FF,
  GK_SAM_MODULE = 0x12FF,
  GK_SAM_FIND = 0x2001,
  GK_SAM_SELECT = 0x2002,
  GK_SAM_READ = 0x3001,
  GK_SAM_READ_ADDRESS = 0x3003,
  GK_SAM_READ_FINGERPRINT = 0x3010
};

/* Writes the frame of a command to `out`, which has GK_COMMAND_MAX bytes; returns its length, 0 when `data` is too long. */
size_t gk_frame_build(unsigned char *out, int command, const unsigned char *data, size_t data_length);

/* One reply. `data` points into the parser and holds until the next call with it. */
typedef struct gk_frame_t {
  unsigned char sw1, sw2, sw3;
  const unsigned char *data;
  size_t data_length;
} gk_frame_t;

/* Takes bytes as they come, in any pieces, and finds the frames among them. Start with gk_frame_reset(). */
typedef struct gk_frame_parser_t {
  unsigned char bytes[2 * GK_FRAME_MAX];
  size_t used;
  size_t taken;                       /* bytes of the frame that was handed out last */
} gk_frame_parser_t;

typedef enum gk_frame_found_t {
  GK_FRAME_NONE,                      /* more bytes are needed */
  GK_FRAME_WHOLE,                     /* *frame is a reply with the right checksum */
  GK_FRAME_DAMAGED                    /* something began like a frame and is none: ask the reader again */
} gk_frame_found_t;

/* Forgets everything, and overwrites it: replies hold personal data. */
void gk_frame_reset(gk_frame_parser_t *parser);

/* Where to put new bytes: *room of them fit. Say how many came with gk_frame_fed(). There is always room after
 * gk_frame_next() gave GK_FRAME_NONE. */
unsigned char *gk_frame_space(gk_frame_parser_t *parser, size_t *room);
void gk_frame_fed(gk_frame_parser_t *parser, size_t count);

/* The next thing among the bytes that came. Call again until it is GK_FRAME_NONE. */
gk_frame_found_t gk_frame_next(gk_frame_parser_t *parser, gk_frame_t *frame);

/* The rest of a frame does not come: looks behind its preamble, where a whole one may stand. True when there was one that had
 * begun. */
bool gk_frame_give_up(gk_frame_parser_t *parser);

#endif
