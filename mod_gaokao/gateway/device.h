/* gateway/device.h: who this gateway is: its folder, settings, key and what the server said at enrolment.
 *
 *   gateway.conf   settings, "key = value" (config.def), for the technician
 *   device.json    the server's answer to the enrolment, brought up to date by its answers to the state
 *   device.key     the Ed25519 seed (0600); device.key.new while the key changes
 *   spool/         readings (spool.h)         pictures/  camera files, with done/ and refused/
 *   state.json     what `gaokao-gateway status` shows    page.url  the loopback page's address with its token (0600)
 */
#ifndef GK_GATEWAY_DEVICE_H
#define GK_GATEWAY_DEVICE_H

#include <stdbool.h>
#include <apr_pools.h>

#include "base/error.h"
#include "base/json.h"
#include "crypto/device.h"

#define GK_GATEWAY_PICTURE_MAX (1536 * 1024)

/* One row of config.def: every member is a text, "" where it is not set. */
typedef struct gk_settings_t {
#define GK_SETTING(name, standard, zh, en) const char *name;
#include "gateway/config.def"
#undef GK_SETTING
} gk_settings_t;

typedef struct gk_device_t {
  const char *folder;
  gk_settings_t settings;
  bool enrolled;
  const char *id, *audience;
  const char *sealing_kid;
  unsigned char sealing_key[32];
  unsigned char secret[GK_DEVICE_SECRET_BYTES], public[GK_PUBLIC_BYTES];
  gk_json_t *about;             /* point, season, subjects: for people */
  apr_pool_t *pool;
} gk_device_t;

/* Reads the folder's settings and, when there is one, its device. Errors: CONFIG, with what is wrong in which line. */
gk_error_t *gk_device_load(gk_device_t **out, const char *folder, apr_pool_t *pool);

/* Writes gateway.conf with every setting and its comment; what is set already stays. */
gk_error_t *gk_device_write_settings(const gk_device_t *device, apr_pool_t *pool);

/* A setting as a number from `min` to `max`; a text that is none gives the nearer of both. */
long gk_setting_number(const char *text, long min, long max);
bool gk_setting_yes(const char *text);

/* The path of a thing in the folder. */
const char *gk_device_path(const gk_device_t *device, const char *name, apr_pool_t *pool);

/* Takes the server's answer to an enrolment, or the parts of it that an answer to the state repeats, and keeps it. Errors:
 * MALFORMED when a needed part is missing or no key. */
gk_error_t *gk_device_take(gk_device_t *device, gk_json_t *answer, apr_pool_t *pool);

/* The secret key in `name` ("device.key", "device.key.new"). NOT_FOUND when there is none. */
gk_error_t *gk_device_key_read(unsigned char *secret, const gk_device_t *device, const char *name, apr_pool_t *pool);
gk_error_t *gk_device_key_write(const gk_device_t *device, const char *name, const unsigned char *secret, apr_pool_t *pool);
/* Makes device.key.new the key. */
gk_error_t *gk_device_key_renew(gk_device_t *device, apr_pool_t *pool);

/* ---- signing (sign.c) ----------------------------------------------------------------------------------------- */

/* A flattened JWS over `payload`, in malloc'ed memory that the caller frees. `seq` and `skid` only for readings (0, NULL). */
typedef struct gk_signing_t {
  const char *typ, *jti, *skid;
  apr_int64_t iat, seq;
} gk_signing_t;
gk_error_t *gk_device_jws(char **out, apr_size_t *length, const gk_device_t *device, const gk_signing_t *header,
                          const void *payload, apr_size_t payload_length, apr_pool_t *pool);

/* A JWS of ours signed anew with the key and as the device of today: same jti, payload and iat. *changed is false when it was
 * signed by that key already. */
gk_error_t *gk_device_sign_anew(char **out, apr_size_t *length, bool *changed, const gk_device_t *device, const char *jws,
                                apr_int64_t seq, apr_pool_t *pool);

/* A reading's plain text, sealed to the server in malloc'ed memory that the caller frees. `large` (may be NULL) is bytes that stand
 * as base64url under `large_key`; `plain` is a JSON object. The text made of both is wiped before it returns. */
gk_error_t *gk_device_sealed(unsigned char **out, apr_size_t *length, const gk_device_t *device, const gk_json_t *plain,
                             const char *large_key, const void *large, apr_size_t large_length, apr_pool_t *pool);

#endif
