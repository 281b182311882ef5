/* gateway/card.c: see card.h. */
#include "gateway/card.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"

#define TYPE_AT 248

static size_t number16(const unsigned char *bytes) { return (size_t)bytes[0] << 8 | bytes[1]; }

bool gk_card_split(gk_card_t *card, const unsigned char *data, size_t length, bool fingerprint)
{
  size_t head = fingerprint ? 6 : 4;
  if (length < head)
    return false;
  size_t text = number16(data), photo = number16(data + 2), finger = fingerprint ? number16(data + 4) : 0;
  if (head + text + photo + finger != length || text != GK_CARD_TEXT_BYTES || (photo != 0 && photo != GK_CARD_PHOTO_BYTES) ||
      (finger != 0 && finger != 512 && finger != 1024))
    return false;
  memset(card, 0, sizeof(*card));
  memcpy(card->text, data + head, text);
  memcpy(card->photo, data + head + text, photo);
  card->photo_length = photo;
  return true;
}

/* One row a kind of card. */
static const struct {
  char type;
  const char *layout, *zh, *en;
  size_t number_at, number_units;
  size_t name_at, name_units;
} kinds[] = {
    {'J', "hmt_permit", "港澳台居民居住证", "residence permit (Hong Kong, Macao, Taiwan)", 122, 18, 0, 15},
    {'I', "foreigner_2017", "外国人永久居留身份证（2017 版）", "foreigner's card (2017)", 122, 15, 0, 60},
    {'Y', "foreigner_2023", "外国人永久居留身份证（2023 版）", "foreigner's card (2023)", 122, 18, 0, 15},
    {0, "resident", "居民身份证", "resident ID card", 122, 18, 0, 15},
};

static size_t kind(const gk_card_t *card)
{
  size_t i = 0;
  while (kinds[i].type != 0 && !(card->text[TYPE_AT] == (unsigned char)kinds[i].type && card->text[TYPE_AT + 1] == 0))
    i++;
  return i;
}

const char *gk_card_layout(const gk_card_t *card) { return kinds[kind(card)].layout; }

const char *gk_card_kind(const gk_card_t *card, bool english)
{
  return english ? kinds[kind(card)].en : kinds[kind(card)].zh;
}

static unsigned unit(const gk_card_t *card, size_t at, size_t index)
{
  return card->text[at + 2 * index] | (unsigned)card->text[at + 2 * index + 1] << 8;
}

static size_t units(const gk_card_t *card, size_t at, size_t count)
{
  while (count > 0 && (unit(card, at, count - 1) == ' ' || unit(card, at, count - 1) == 0))
    count--;
  return count;
}

const char *gk_card_masked_number(const gk_card_t *card, apr_pool_t *pool)
{
  size_t i = kind(card), at = kinds[i].number_at, count = units(card, at, kinds[i].number_units);
  char *out = apr_pcalloc(pool, count + 1);
  for (size_t n = 0; n < count; n++) {
    unsigned c = unit(card, at, n);
    out[n] = n + 4 < count || c < '0' || c > 'Z' ? '*' : (char)c;
  }
  return out;
}

const char *gk_card_masked_name(const gk_card_t *card, apr_pool_t *pool)
{
  size_t i = kind(card), at = kinds[i].name_at, count = units(card, at, kinds[i].name_units), used = 0;
  char *out = apr_pcalloc(pool, count + 5);
  for (size_t n = 0; n < count; n++) {
    unsigned c = unit(card, at, n);
    if ((c & 0xFC00) == 0xD800 && n + 1 < count && (unit(card, at, n + 1) & 0xFC00) == 0xDC00)
      c = 0x10000 + ((c & 0x3FF) << 10) + (unit(card, at, ++n) & 0x3FF);
    if (used > 0 || (c & 0xF800) == 0xD800 || c < ' ' || (c >= 0x7F && c < 0xA0))
      out[used++] = '*';
    else
      used += gk_utf8_put(out, c);
  }
  return out;
}

const char *gk_card_module_number(const unsigned char *data, size_t length, apr_pool_t *pool)
{
  unsigned long number[3];
  if (length != 16)
    return NULL;
  for (int i = 0; i < 3; i++) {
    const unsigned char *at = data + 4 + 4 * i;
    number[i] = at[0] | (unsigned long)at[1] << 8 | (unsigned long)at[2] << 16 | (unsigned long)at[3] << 24;
  }
  return apr_psprintf(pool, "%02u.%02u-%08lu-%010lu-%010lu", data[0] | (unsigned)data[1] << 8, data[2] | (unsigned)data[3] << 8,
                      number[0], number[1], number[2]);
}
