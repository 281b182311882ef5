/* gateway/handed.c: what another process of this computer gives a gateway at work. It is sealed to the server before it is written;
 * only the gateway gives out numbers and signs. handed/JTI.SKID: the sealed bytes, and to which key. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "base/time.h"
#include "gateway/files.h"
#include "gateway/gateway.h"

#define SEALED_MAX (3 * 1024 * 1024)
#define AGAIN_US (30 * GK_SECOND) /* after a disk that was full */

gk_error_t *gk_hand_over(const gk_device_t *device, const unsigned char *sealed, apr_size_t length, apr_pool_t *pool)
{
  const char *folder = gk_device_path(device, "handed", pool);
  if (mkdir(folder, 0700) != 0 && errno != EEXIST)
    return gk_error_internal(pool, GK_E_CONFIG, "Can't make the folder '%s': %s", folder, strerror(errno));
  const char *path = apr_pstrcat(pool, folder, "/", gk_random_hex(pool, 16), ".", device->sealing_kid, NULL);
  return gk_file_put_bytes(path, sealed, length, 1, pool);
}

static gk_error_t *take(gk_gateway_t *gateway, const char *path, const char *name, apr_pool_t *pool)
{
  const char *jti = apr_pstrmemdup(pool, name, GK_JTI_CHARACTERS), *bytes;
  apr_size_t length;
  bool there = false;
  if (!gateway->handed_before) /* the program may have ended between spooling it and deleting the file */
    GK_TRY(gk_spool_holds(&there, gateway->spool, jti, pool));
  if (!there) {
    GK_TRY(gk_file_get(&bytes, &length, path, SEALED_MAX, pool));
    GK_TRY(gk_gateway_store_sealed(gateway, jti, name + GK_JTI_CHARACTERS + 1, bytes, length, pool));
    gk_gateway_say(gateway, GK_WORD_PICTURE, NULL);
  }
  unlink(path);
  return NULL;
}

void gk_take_handed(gk_gateway_t *gateway, apr_pool_t *scratch_pool)
{
  const char *folder = gk_device_path(gateway->device, "handed", scratch_pool);
  apr_finfo_t entry;
  apr_dir_t *dir;
  apr_pool_t *round;
  gk_error_t *error = NULL;
  if (gk_tick() < gateway->handed_at)
    return;
  if (apr_dir_open(&dir, folder, scratch_pool) != APR_SUCCESS) { /* there was never any */
    gateway->handed_before = true;
    return;
  }
  apr_pool_create(&round, gateway->pool);
  while (error == NULL && apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
    size_t length = strlen(entry.name);
    apr_pool_clear(round);
    if (strspn(entry.name, "0123456789abcdef") != GK_JTI_CHARACTERS || entry.name[GK_JTI_CHARACTERS] != '.' ||
        (length > 4 && strcmp(entry.name + length - 4, ".new") == 0)) /* not whole yet */
      continue;
    if ((error = take(gateway, apr_pstrcat(round, folder, "/", entry.name, NULL), entry.name, round)) != NULL) {
      gk_gateway_say_not_stored(gateway, error);
      gateway->handed_at = gk_tick() + AGAIN_US;
    }
  }
  gateway->handed_before = gateway->handed_before || error == NULL;
  apr_dir_close(dir);
  apr_pool_destroy(round);
}
