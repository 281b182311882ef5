/* plugin/photo_pool.c: examines pictures for the domain (domain/photo.h, gk_photo_examine). */
#include "domain/photo.h"

gk_error_t *gk_photo_examine(gk_photo_checked_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                             const char *sha256)
{
  (void)out;
  (void)bytes;
  (void)length;
  (void)sha256;
  return gk_error(act->pool, GK_E_PLUGIN, "照片检查还没有启用。", "The photo checks are not there yet.");
}
