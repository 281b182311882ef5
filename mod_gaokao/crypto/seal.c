/* crypto/seal.c: values at rest (crypto.h). */
#include <string.h>
#include <sodium.h>
#include <apr_strings.h>

#include "crypto/internal.h"

enum { FORMAT = 1, HEAD_BYTES = 3, BLOCK_BYTES = 32, KEY_ID_MAX = 32 };

struct gk_record_key_t {
  int cipher;                        /* for values written now: that of the active data key */
  unsigned char bytes[GK_KEY_BYTES];
};

/* ---- the format ------------------------------------------------------------------------------------------ */

/* 7816-4 padding: at least one byte, so that what was there before can't be mistaken. */
static apr_size_t padded(apr_size_t length) { return (length / BLOCK_BYTES + 1) * BLOCK_BYTES; }

static gk_error_t *close_value(gk_sealed_t *out, int cipher_id, const char *key_id, const unsigned char *key, const char *context,
                               const void *bytes, apr_size_t length, apr_pool_t *pool)
{
  const gk_crypto__cipher_t *cipher = gk_crypto__cipher(cipher_id);
  apr_size_t id_length = strlen(key_id), head = HEAD_BYTES + id_length, inner = padded(length);
  if (length > APR_INT32_MAX - BLOCK_BYTES)
    return gk_error_plain(pool, GK_E_TOO_LARGE);
  unsigned char *value = apr_palloc(pool, head + GK_NONCE_BYTES + inner + cipher->tag_bytes);
  unsigned char *nonce = value + head, *body = nonce + GK_NONCE_BYTES;
  gk_crypto__bytes_t ad[] = {{value, head}, {(const unsigned char *)context, strlen(context)}};
  gk_crypto__ready();
  value[0] = FORMAT;
  value[1] = (unsigned char)cipher->id;
  value[2] = (unsigned char)id_length;
  memcpy(value + HEAD_BYTES, key_id, id_length);
  randombytes_buf(nonce, GK_NONCE_BYTES);
  if (length > 0)
    memcpy(body, bytes, length);
  body[length] = 0x80;
  memset(body + length + 1, 0, inner - length - 1);
  cipher->seal(body, key, nonce, ad, 2, body, inner);
  *out = (gk_sealed_t){apr_pstrdup(pool, key_id), value, head + GK_NONCE_BYTES + inner + cipher->tag_bytes};
  return NULL;
}

/* The parts of a stored value; false for bytes that can't be one. */
typedef struct value_t {
  const gk_crypto__cipher_t *cipher;
  char key_id[KEY_ID_MAX + 1];
  apr_size_t head, inner;
  const unsigned char *nonce, *body;
} value_t;

static bool take_apart(value_t *value, const unsigned char *bytes, apr_size_t length)
{
  if (length < HEAD_BYTES || bytes[0] != FORMAT || bytes[2] == 0 || bytes[2] > KEY_ID_MAX)
    return false;
  value->cipher = gk_crypto__cipher(bytes[1]);
  value->head = HEAD_BYTES + bytes[2];
  if (value->cipher == NULL || length < value->head + GK_NONCE_BYTES + BLOCK_BYTES + value->cipher->tag_bytes)
    return false;
  value->inner = length - value->head - GK_NONCE_BYTES - value->cipher->tag_bytes;
  if (value->inner % BLOCK_BYTES != 0 || value->inner > APR_INT32_MAX || memchr(bytes + HEAD_BYTES, 0, bytes[2]) != NULL)
    return false;
  memcpy(value->key_id, bytes + HEAD_BYTES, bytes[2]);
  value->key_id[bytes[2]] = '\0';
  value->nonce = bytes + value->head;
  value->body = value->nonce + GK_NONCE_BYTES;
  return true;
}

static gk_error_t *spoilt(const char *context, const char *what, apr_pool_t *pool)
{
  return gk_error_internal(pool, GK_E_SEALED, "%s does not open: %s", context, what);
}

static gk_error_t *open_value(const char **out, apr_size_t *out_length, const value_t *value, const unsigned char *key,
                              const char *context, const unsigned char *bytes, apr_pool_t *pool)
{
  gk_crypto__bytes_t ad[] = {{bytes, value->head}, {(const unsigned char *)context, strlen(context)}};
  unsigned char *text = apr_palloc(pool, value->inner);
  apr_size_t length = value->inner;
  if (!value->cipher->open(text, key, value->nonce, ad, 2, value->body, value->inner)) {
    sodium_memzero(text, value->inner);
    return spoilt(context, "it was changed, or belongs elsewhere", pool);
  }
  while (length > 0 && text[length - 1] == 0)
    length--;
  if (length == 0 || text[length - 1] != 0x80 || padded(length - 1) != value->inner)
    return spoilt(context, "its padding is wrong", pool);
  text[--length] = '\0';
  *out = (const char *)text;
  if (out_length != NULL)
    *out_length = length;
  return NULL;
}

/* Text from before encryption. */
static gk_error_t *copy_plain(const char **bytes, apr_size_t *length, const gk_sealed_t *sealed, apr_pool_t *pool)
{
  char *copy = apr_palloc(pool, sealed->length + 1);
  if (sealed->length > 0)
    memcpy(copy, sealed->bytes, sealed->length);
  copy[sealed->length] = '\0';
  *bytes = copy;
  if (length != NULL)
    *length = sealed->length;
  return NULL;
}

/* ---- under the data key ---------------------------------------------------------------------------------- */

gk_error_t *gk_seal(gk_sealed_t *out, const gk_keys_t *keys, const char *context, const void *bytes,
                    apr_size_t length, apr_pool_t *pool)
{
  const gk_crypto__key_t *key = keys->active[GK_KEY_DATA];
  return close_value(out, gk_crypto__cipher_of(key), key->id, key->bytes, context, bytes, length, pool);
}

static const gk_crypto__key_t *data_key(const gk_keys_t *keys, const char *id)
{
  for (int i = 0; i < keys->all->nelts; i++) {
    const gk_crypto__key_t *key = &APR_ARRAY_IDX(keys->all, i, gk_crypto__key_t);
    /* Another node may have made a new key active a moment before this one read the file again. */
    if (key->purpose == GK_KEY_DATA && key->state != GK_KEY_GONE && strcmp(key->id, id) == 0)
      return key;
  }
  return NULL;
}

gk_error_t *gk_unseal(const char **bytes, apr_size_t *length, const gk_keys_t *keys, const char *context,
                      const gk_sealed_t *sealed, apr_pool_t *pool)
{
  value_t value;
  if (sealed->key_id != NULL && sealed->key_id[0] == '\0')
    return copy_plain(bytes, length, sealed, pool);
  if (!take_apart(&value, sealed->bytes, sealed->length))
    return spoilt(context, "it is cut, or no sealed value", pool);
  if (sealed->key_id == NULL || strcmp(sealed->key_id, value.key_id) != 0)
    return spoilt(context, "its row names another key", pool);
  const gk_crypto__key_t *key = data_key(keys, value.key_id);
  if (key == NULL)
    return gk_error_internal(pool, GK_E_CONFIG, "%s is sealed under key '%s', which is not in the key file", context,
                             value.key_id);
  return open_value(bytes, length, &value, key->bytes, context, sealed->bytes, pool);
}

void gk_wipe(const void *bytes, apr_size_t length) { sodium_memzero((void *)(apr_uintptr_t)bytes, length); }

/* ---- under a record's key -------------------------------------------------------------------------------- */

static apr_status_t wipe(void *data)
{
  sodium_memzero(data, sizeof(gk_record_key_t));
  return APR_SUCCESS;
}

static gk_record_key_t *new_key(const gk_keys_t *keys, apr_pool_t *pool)
{
  gk_record_key_t *key = apr_palloc(pool, sizeof(*key));
  key->cipher = gk_crypto__cipher_of(keys->active[GK_KEY_DATA]);
  apr_pool_cleanup_register(pool, key, wipe, apr_pool_cleanup_null);
  return key;
}

gk_error_t *gk_record_key_make(gk_record_key_t **out, gk_sealed_t *wrapped, const gk_keys_t *keys,
                               const char *context, apr_pool_t *pool)
{
  gk_record_key_t *key = new_key(keys, pool);
  gk_crypto__ready();
  randombytes_buf(key->bytes, GK_KEY_BYTES);
  GK_TRY(gk_seal(wrapped, keys, context, key->bytes, GK_KEY_BYTES, pool));
  *out = key;
  return NULL;
}

gk_error_t *gk_record_key_open(gk_record_key_t **out, const gk_keys_t *keys, const char *context,
                               const gk_sealed_t *wrapped, apr_pool_t *pool)
{
  const char *bytes;
  apr_size_t length;
  GK_TRY(gk_unseal(&bytes, &length, keys, context, wrapped, pool));
  if (length != GK_KEY_BYTES)
    return spoilt(context, "it is no key", pool);
  gk_record_key_t *key = new_key(keys, pool);
  memcpy(key->bytes, bytes, GK_KEY_BYTES);
  gk_wipe(bytes, GK_KEY_BYTES);
  *out = key;
  return NULL;
}

gk_error_t *gk_record_seal(gk_sealed_t *out, const gk_record_key_t *key, const char *context, const void *bytes,
                           apr_size_t length, apr_pool_t *pool)
{
  return close_value(out, key->cipher, GK_RECORD_KEY, key->bytes, context, bytes, length, pool);
}

gk_error_t *gk_record_unseal(const char **bytes, apr_size_t *length, const gk_record_key_t *key,
                             const char *context, const gk_sealed_t *sealed, apr_pool_t *pool)
{
  value_t value;
  if (sealed->key_id != NULL && sealed->key_id[0] == '\0')
    return copy_plain(bytes, length, sealed, pool);
  if (!take_apart(&value, sealed->bytes, sealed->length))
    return spoilt(context, "it is cut, or no sealed value", pool);
  if (sealed->key_id == NULL || strcmp(sealed->key_id, GK_RECORD_KEY) != 0 || strcmp(value.key_id, GK_RECORD_KEY) != 0)
    return spoilt(context, "it is not under a record's key", pool);
  if (key == NULL)
    return spoilt(context, "its record has no key", pool);
  return open_value(bytes, length, &value, key->bytes, context, sealed->bytes, pool);
}
