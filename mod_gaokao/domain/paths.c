/* domain/paths.c: see paths.h. */
#include "domain/paths.h"

#include <string.h>
#include <apr_strings.h>

gk_paths_t gk_paths_of(const char *path, apr_pool_t *pool)
{
  gk_paths_t paths = {{NULL}, 0};
  const char *p = path[0] == '/' ? path + 1 : path;
  while (paths.levels < GK_PATH_LEVELS && (p = strchr(p, '/')) != NULL) {
    p++;
    paths.at[paths.levels++] = apr_pstrmemdup(pool, path, (apr_size_t)(p - path));
  }
  return paths;
}

const char *gk_path_code(const char *path, apr_pool_t *pool)
{
  apr_size_t end = strlen(path);
  while (end > 0 && path[end - 1] == '/')
    end--;
  apr_size_t start = end;
  while (start > 0 && path[start - 1] != '/')
    start--;
  return apr_pstrmemdup(pool, path + start, end - start);
}
