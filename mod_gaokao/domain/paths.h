/* domain/paths.h: a unit's path and those of the units above it. */
#ifndef GK_DOMAIN_PATHS_H
#define GK_DOMAIN_PATHS_H

#include <apr_pools.h>

#define GK_PATH_LEVELS 4

/* at[0] is the province's path, at[levels - 1] the path itself; NULL behind it. */
typedef struct gk_paths_t {
  const char *at[GK_PATH_LEVELS];
  int levels;
} gk_paths_t;

/* "/43/4301/430102/" gives "/43/", "/43/4301/", "/43/4301/430102/". Levels beyond the fourth are left out. */
gk_paths_t gk_paths_of(const char *path, apr_pool_t *pool);

/* The unit's own code: the last part of its path. */
const char *gk_path_code(const char *path, apr_pool_t *pool);

#endif
