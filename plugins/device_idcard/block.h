/* block.h: the text block of a second-generation ID card and its relatives: 256 bytes of UTF-16LE without a mark, fields at
 * fixed places, filled up with spaces. Pure: no clock, no host. See README.md for the layouts. */
#ifndef IDCARD_BLOCK_H
#define IDCARD_BLOCK_H

#include <stdbool.h>
#include "gaokao_plugin.h"

#define IDCARD_BLOCK_BYTES 256
enum { IDCARD_FIELDS = 24 };

typedef struct idcard_block_t {
  const char *layout;   /* resident hmt_permit foreigner_2017 foreigner_2023, by the type letter at byte 248 */
  apr_uint32_t n_fields;
  gaokao_pair_t fields[IDCARD_FIELDS]; /* those that are not empty; dates as 2008-02-29, an end without a date as 长期 */
} idcard_block_t;

/* Why a block is refused: which rule, about which field, in sentences of both languages. */
typedef struct idcard_fault_t {
  const char *code;     /* surrogate control noncharacter missing digits date future sex number check-character period */
  const char *field;
  const char *zh, *en;
} idcard_fault_t;

/* Reads a block of IDCARD_BLOCK_BYTES. `today` as 20131105: what a birth in the future and an expired card are counted from;
 * 0: not counted. Strings are in `pool`. NULL, or a fault and nothing in *out. What is rare but real is no fault: it stands in
 * the field "warnings" as words: sex-differs birth-differs place-abolished expired not-yet-valid private-use nation-unknown. */
const idcard_fault_t *idcard_block_read(idcard_block_t *out, const unsigned char *bytes, apr_uint32_t today,
                                        apr_pool_t *pool);

/* The letter at byte 248 says so. Never NULL. */
const char *idcard_block_layout(const unsigned char *bytes);

#endif
