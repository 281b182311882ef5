/* gateway/handed.c: what another process of this computer gives a gateway at work. It is sealed to the server before it is written;
 * only the gateway gives out numbers and signs. handed/JTI.SKID: the sealed bytes, and to which key. */
#include <errno.h>
#include <stdio.h>
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

/* *its_own: what went wrong is this file's, and others may go well. */
static gk_error_t *take(gk_gateway_t *gateway, bool *its_own, const char *path, const char *name, apr_pool_t *pool)
{
  const char *jti = apr_pstrmemdup(pool, name, GK_JTI_CHARACTERS), *bytes;
  apr_size_t length;
  bool there = false;
  *its_own = true;
  GK_TRY(gk_file_get(&bytes, &length, path, SEALED_MAX, pool));
  *its_own = false;
  if (!gateway->handed_before) /* the program may have ended between spooling it and deleting the file */
    GK_TRY(gk_spool_holds(&there, gateway->spool, jti, pool));
  if (!there) {
    GK_TRY(gk_gateway_store_sealed(gateway, jti, name + GK_JTI_CHARACTERS + 1, bytes, length, pool));
    gk_gateway_say(gateway, GK_WORD_PICTURE, NULL);
  }
  *its_own = true;
  if (unlink(path) == 0 || errno == ENOENT)
    return NULL;
  gateway->handed_before = false; /* it is spooled, and must not be again */
  return gk_error_internal(pool, GK_E_INTERNAL, "Can't delete '%s': %s", path, strerror(errno));
}

/* Tells the clerk once, and shows it as long as it lasts. "": there is nothing any more. */
static void show(gk_gateway_t *gateway, const char *problem)
{
  char before[sizeof(gateway->handed_problem)];
  memcpy(before, gateway->handed_problem, sizeof(before));
  apr_cpystrn(gateway->handed_problem, problem, sizeof(gateway->handed_problem));
  if (strcmp(before, gateway->handed_problem) == 0)
    return;
  gateway->dirty = true;
  if (problem[0] == '\0')
    return;
  fprintf(stderr, "gaokao-gateway: %s\n", problem);
  gk_gateway_say(gateway, GK_WORD_HANDED_FAULT, "handed/");
}

void gk_take_handed(gk_gateway_t *gateway, apr_pool_t *scratch_pool)
{
  const char *folder = gk_device_path(gateway->device, "handed", scratch_pool), *problem = "";
  apr_finfo_t entry;
  apr_dir_t *dir;
  apr_pool_t *round;
  gk_error_t *error = NULL;
  if (gk_tick() < gateway->handed_at)
    return;
  apr_status_t status = apr_dir_open(&dir, folder, scratch_pool);
  if (status == APR_SUCCESS && access(folder, W_OK | X_OK) != 0) { /* what is taken could not be deleted */
    status = errno;
    apr_dir_close(dir);
  }
  if (status != APR_SUCCESS) {
    bool never = APR_STATUS_IS_ENOENT(status);
    gateway->handed_before = gateway->handed_before || never;
    show(gateway, never ? "" : apr_psprintf(scratch_pool, "'%s': %s", folder, strerror(status)));
    return;
  }
  apr_pool_create(&round, gateway->pool);
  while (error == NULL && apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
    size_t length = strlen(entry.name);
    bool its_own;
    apr_pool_clear(round);
    if (strspn(entry.name, "0123456789abcdef") != GK_JTI_CHARACTERS || entry.name[GK_JTI_CHARACTERS] != '.' ||
        (length > 4 && strcmp(entry.name + length - 4, ".new") == 0)) /* not whole yet */
      continue;
    error = take(gateway, &its_own, apr_pstrcat(round, folder, "/", entry.name, NULL), entry.name, round);
    if (error != NULL && its_own) {
      if (problem[0] == '\0')
        problem = apr_pstrdup(scratch_pool, error->internal);
      error = NULL;
    } else if (error != NULL) {
      gk_gateway_say_not_stored(gateway, error);
      gateway->handed_at = gk_tick() + AGAIN_US;
    }
  }
  if (error == NULL) { /* else not all were looked at */
    gateway->handed_before = gateway->handed_before || problem[0] == '\0';
    show(gateway, problem);
  }
  apr_dir_close(dir);
  apr_pool_destroy(round);
}
