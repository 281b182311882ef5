/* gaokao.conf as operators write it. */
#include "fuzz/gk_fuzz.h"

#include <unistd.h>

#include "domain/core.h"

static const char *folder(void)
{
  static char path[] = "/tmp/gk-fuzz-XXXXXX";
  static int made;
  if (!made)
    GK_FUZZ_HOLDS(mkdtemp(path) != NULL);
  made = 1;
  return path;
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  const char *path = apr_pstrcat(pool, folder(), "/gaokao.conf", NULL);
  FILE *file = fopen(path, "wb");
  GK_FUZZ_HOLDS(file != NULL);
  GK_FUZZ_HOLDS(fwrite(text, 1, length, file) == length);
  fclose(file);
  gk_config_t *config = NULL;
  gk_error_t *error = gk_config_load(&config, folder(), pool);
  unlink(path);
  if (error != NULL) {
    GK_FUZZ_HOLDS(gk_error_log_text(pool, error) != NULL);
    return;
  }
  GK_FUZZ_HOLDS(config->engine == GK_SQLITE || config->engine == GK_PGSQL);
  GK_FUZZ_HOLDS(config->db_params != NULL && config->keys_file[0] == '/' && config->node != NULL);
  GK_FUZZ_HOLDS(strncmp(config->site, config->secure ? "https://" : "http://", config->secure ? 8 : 7) == 0);
  GK_FUZZ_HOLDS(config->demo || config->clock_offset_us == 0);
}
