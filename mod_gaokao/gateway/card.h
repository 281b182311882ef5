/* gateway/card.h: what a read command gives. Pure. */
#ifndef GK_GATEWAY_CARD_H
#define GK_GATEWAY_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include <apr_pools.h>

#define GK_CARD_TEXT_BYTES 256
#define GK_CARD_PHOTO_BYTES 1024
#define GK_CARD_ADDRESS_BYTES 70

/* A card's blocks. A fingerprint block is never among them: gk_card_split() leaves it where it is. */
typedef struct gk_card_t {
  unsigned char text[GK_CARD_TEXT_BYTES];
  unsigned char photo[GK_CARD_PHOTO_BYTES];
  size_t photo_length;                 /* 0 or GK_CARD_PHOTO_BYTES */
  unsigned char address[GK_CARD_ADDRESS_BYTES];
  size_t address_length;               /* 0: the card has no newer address */
} gk_card_t;

/* Takes text and photo out of the data of a good reply to "read"; `fingerprint` says which of the two commands was sent. False
 * when the lengths in it don't add up. */
bool gk_card_split(gk_card_t *card, const unsigned char *data, size_t length, bool fingerprint);

/* "resident", "hmt_permit", "foreigner_2017" or "foreigner_2023", by the character at byte 248. */
const char *gk_card_layout(const gk_card_t *card);
/* The same in the clerk's words. */
const char *gk_card_kind(const gk_card_t *card, bool english);

/* The end of the card's number ("**************1234") and the name with only its first character ("张**"), to show that
 * something sensible was read. */
const char *gk_card_masked_number(const gk_card_t *card, apr_pool_t *pool);
const char *gk_card_masked_name(const gk_card_t *card, apr_pool_t *pool);

/* 16 bytes of data of the module number as "05.01-20240101-0001234567-0007654321"; NULL for another length. */
const char *gk_card_module_number(const unsigned char *data, size_t length, apr_pool_t *pool);

#endif
