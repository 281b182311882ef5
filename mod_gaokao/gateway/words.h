/* gateway/words.h: what happened, for the clerk (words.def). */
#ifndef GK_GATEWAY_WORDS_H
#define GK_GATEWAY_WORDS_H

typedef enum gk_word_t {
  GK_WORD_NONE = 0,
#define GK_WORD(symbol, bells, zh, en) GK_WORD_##symbol,
#include "gateway/words.def"
#undef GK_WORD
  GK_WORD_COUNT
} gk_word_t;

typedef struct gk_word_info_t {
  const char *symbol;  /* "READ" */
  int bells;
  const char *zh, *en;
} gk_word_info_t;

/* Never NULL. */
const gk_word_info_t *gk_word_info(gk_word_t word);

/* Tells the clerk. `detail` is shown behind the sentence (a port, a count, a masked name), or NULL; never more of a person. */
typedef void gk_say_t(void *baton, gk_word_t word, const char *detail);

/* What the clerk is told at the module's status byte SW3, and what the reader's loop does with it. */
typedef enum gk_sam_class_t {
  GK_SAM_OK, GK_SAM_EMPTY, GK_SAM_NO_CARD, GK_SAM_CARD, GK_SAM_AUTH, GK_SAM_READER, GK_SAM_LINK, GK_SAM_COMMAND, GK_SAM_UNKNOWN
} gk_sam_class_t;
gk_sam_class_t gk_sam_class(int sw3);
gk_word_t gk_sam_word(gk_sam_class_t kind);

#endif
