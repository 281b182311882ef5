/* gateway/words.c: see words.h. */
#include "gateway/words.h"

static const gk_word_info_t infos[] = {
    {"NONE", 0, "", ""},
#define GK_WORD(symbol, bells, zh, en) {#symbol, bells, zh, en},
#include "gateway/words.def"
#undef GK_WORD
};

const gk_word_info_t *gk_word_info(gk_word_t word)
{
  return &infos[(int)word < 0 || word >= GK_WORD_COUNT ? GK_WORD_NONE : word];
}

gk_sam_class_t gk_sam_class(int sw3)
{
  switch (sw3) {
  case 0x90: case 0x9F:
    return GK_SAM_OK;
  case 0x91:
    return GK_SAM_EMPTY;
  case 0x80: case 0x81:
    return GK_SAM_NO_CARD;
  case 0x40: case 0x41: case 0x47:
    return GK_SAM_CARD;
  case 0x31: case 0x32: case 0x33:
    return GK_SAM_AUTH;
  case 0x24: case 0x60: case 0x66:
    return GK_SAM_READER;
  case 0x10: case 0x11:
    return GK_SAM_LINK;
  case 0x21: case 0x23:
    return GK_SAM_COMMAND;
  default:
    return GK_SAM_UNKNOWN;
  }
}

gk_word_t gk_sam_word(gk_sam_class_t kind)
{
  switch (kind) {
  case GK_SAM_OK: case GK_SAM_EMPTY:
    return GK_WORD_NONE;
  case GK_SAM_NO_CARD:
    return GK_WORD_MOVED;
  case GK_SAM_CARD:
    return GK_WORD_CARD_FAULT;
  case GK_SAM_AUTH:
    return GK_WORD_NOT_GENUINE;
  case GK_SAM_READER:
    return GK_WORD_READER_FAULT;
  case GK_SAM_LINK:
    return GK_WORD_LINK_FAULT;
  case GK_SAM_COMMAND:
    return GK_WORD_PROGRAM_FAULT;
  default:
    return GK_WORD_UNKNOWN_STATUS;
  }
}
