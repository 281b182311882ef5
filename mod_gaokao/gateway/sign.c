/* gateway/sign.c: readings sealed to the server's key and signed with the device's (device.h). Large ones are built in malloc'ed
 * memory piece by piece: a picture must not stay in a pool. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "gateway/device.h"

#define HEAD "{\"protected\":\""
#define MIDDLE "\",\"payload\":\""
#define TAIL "\",\"signature\":\""
#define END "\"}"

static gk_error_t *no_memory(apr_pool_t *pool) { return gk_error_internal(pool, GK_E_INTERNAL, "No memory to sign a reading"); }

static const char *header_text(const gk_device_t *device, const gk_signing_t *header, apr_pool_t *pool)
{
  gk_json_t *object = gk_json_object(pool);
  gk_json_set_str(object, "alg", "EdDSA");
  gk_json_set_str(object, "typ", header->typ);
  gk_json_set_str(object, "kid", device->id);
  gk_json_set_str(object, "aud", device->audience);
  gk_json_set_int(object, "iat", header->iat);
  gk_json_set_str(object, "jti", header->jti);
  if (header->seq > 0)
    gk_json_set_int(object, "seq", header->seq);
  if (header->skid != NULL)
    gk_json_set_str(object, "skid", header->skid);
  return gk_json_text(object, pool);
}

/* `signed_text` is "protected.payload", which is freed; the dot stands at `dot`. */
static gk_error_t *finish(char **out, apr_size_t *length, const gk_device_t *device, char *signed_text, apr_size_t dot,
                          apr_size_t signed_length, apr_pool_t *pool)
{
  unsigned char signature[GK_SIGNATURE_BYTES];
  apr_size_t all = sizeof(HEAD) + sizeof(MIDDLE) + sizeof(TAIL) + sizeof(END) + signed_length + 100;
  char *text = malloc(all), *at = text;
  if (text == NULL) {
    free(signed_text);
    return no_memory(pool);
  }
  gk_device_sign(signature, device->secret, signed_text, signed_length);
  at = memcpy(at, HEAD, sizeof(HEAD) - 1);
  at += sizeof(HEAD) - 1;
  memcpy(at, signed_text, dot);
  at += dot;
  memcpy(at, MIDDLE, sizeof(MIDDLE) - 1);
  at += sizeof(MIDDLE) - 1;
  memcpy(at, signed_text + dot + 1, signed_length - dot - 1);
  at += signed_length - dot - 1;
  free(signed_text);
  memcpy(at, TAIL, sizeof(TAIL) - 1);
  at += sizeof(TAIL) - 1;
  gk_device_base64_put(at, signature, sizeof(signature));
  at += gk_device_base64_length(sizeof(signature));
  memcpy(at, END, sizeof(END));
  *out = text;
  *length = (apr_size_t)(at - text) + sizeof(END) - 1;
  return NULL;
}

gk_error_t *gk_device_jws(char **out, apr_size_t *length, const gk_device_t *device, const gk_signing_t *header,
                          const void *payload, apr_size_t payload_length, apr_pool_t *pool)
{
  const char *protected = header_text(device, header, pool);
  apr_size_t dot = gk_device_base64_length(strlen(protected)), rest = gk_device_base64_length(payload_length);
  char *text = malloc(dot + 1 + rest + 1);
  if (text == NULL)
    return no_memory(pool);
  gk_device_base64_put(text, protected, strlen(protected));
  text[dot] = '.';
  gk_device_base64_put(text + dot + 1, payload, payload_length);
  return finish(out, length, device, text, dot, dot + 1 + rest, pool);
}

/* The text between `before` and the next quote. */
static bool part(const char **out, apr_size_t *length, const char **text, const char *before)
{
  const char *end;
  if (strncmp(*text, before, strlen(before)) != 0 || (end = strchr(*text + strlen(before), '"')) == NULL)
    return false;
  *out = *text + strlen(before);
  *length = (apr_size_t)(end - *out);
  *text = end;
  return true;
}

gk_error_t *gk_device_sign_anew(char **out, apr_size_t *length, bool *changed, const gk_device_t *device, const char *jws,
                                apr_int64_t seq, apr_pool_t *pool)
{
  const char *protected, *payload, *signature, *at = jws;
  apr_size_t protected_length, payload_length, signature_length;
  unsigned char bytes[GK_SIGNATURE_BYTES];
  gk_json_t *old;
  if (!part(&protected, &protected_length, &at, HEAD) || !part(&payload, &payload_length, &at, MIDDLE) ||
      !part(&signature, &signature_length, &at, TAIL) ||
      !gk_device_base64_get(bytes, sizeof(bytes), apr_pstrmemdup(pool, signature, signature_length)))
    return gk_error_internal(pool, GK_E_MALFORMED, "A reading in the spool is no JWS of ours");
  apr_size_t signed_length = protected_length + 1 + payload_length;
  char *text = malloc(signed_length + 400);
  if (text == NULL)
    return no_memory(pool);
  memcpy(text, protected, protected_length);
  text[protected_length] = '.';
  memcpy(text + protected_length + 1, payload, payload_length);
  *changed = !gk_device_verify(device->public, bytes, text, signed_length);
  if (!*changed) {
    free(text);
    return NULL;
  }
  apr_size_t header_length = protected_length / 4 * 3 + (protected_length % 4 == 0 ? 0 : protected_length % 4 - 1);
  unsigned char *header = apr_palloc(pool, header_length + 1);
  text[protected_length] = '\0';
  bool right = gk_device_base64_get(header, header_length, text) &&
               gk_json_parse(&old, (const char *)header, header_length, pool) == NULL;
  gk_signing_t fresh = {.typ = "gk-reading+1", .seq = seq};
  if (right) {
    fresh.jti = gk_json_str(old, "jti");
    fresh.skid = gk_json_str(old, "skid");
    fresh.iat = gk_json_int(old, "iat");
  }
  const char *header_new = right && fresh.jti != NULL ? header_text(device, &fresh, pool) : NULL;
  apr_size_t dot = header_new != NULL ? gk_device_base64_length(strlen(header_new)) : 0;
  if (header_new == NULL || dot > protected_length + 390) {
    free(text);
    return gk_error_internal(pool, GK_E_MALFORMED, "A reading in the spool has no header of ours");
  }
  gk_device_base64_put(text, header_new, strlen(header_new));
  text[dot] = '.';
  memcpy(text + dot + 1, payload, payload_length);
  return finish(out, length, device, text, dot, dot + 1 + payload_length, pool);
}

gk_error_t *gk_device_sealed(unsigned char **out, apr_size_t *length, const gk_device_t *device, const gk_json_t *plain,
                             const char *large_key, const void *large, apr_size_t large_length, apr_pool_t *pool)
{
  const char *small = gk_json_text(plain, pool);
  apr_size_t used = strlen(small), room = used + 1;
  if (large != NULL)
    room += strlen(large_key) + 8 + gk_device_base64_length(large_length);
  char *text = malloc(room);
  unsigned char *sealed = malloc(room + GK_DEVICE_SEALED_BYTES);
  gk_error_t *error = text == NULL || sealed == NULL ? no_memory(pool) : NULL;
  if (error == NULL) {
    memcpy(text, small, used + 1);
    if (large != NULL) { /* in the place of the closing brace */
      used--;
      used += (apr_size_t)apr_snprintf(text + used, room - used, ",\"%s\":\"", large_key);
      gk_device_base64_put(text + used, large, large_length);
      used += gk_device_base64_length(large_length);
      memcpy(text + used, "\"}", 2);
      used += 2;
    }
    if (!gk_device_seal(sealed, device->sealing_key, text, used))
      error = gk_error_internal(pool, GK_E_CONFIG, "The server's sealing key is no key: enrol anew");
    gk_wipe(text, used);
  }
  free(text);
  gk_wipe(small, strlen(small));
  if (error != NULL) {
    free(sealed);
    return error;
  }
  *out = sealed;
  *length = used + GK_DEVICE_SEALED_BYTES;
  return NULL;
}
