/* The entry of every fuzz target: libFuzzer's, and without it a main() that replays a corpus as TAP. */
#include "fuzz/gk_fuzz.h"

#include <apr_file_info.h>
#include <apr_file_io.h>

/* Once: apr_terminate() undoes only as many as there were. */
static void start(void)
{
  static int started;
  if (!started)
    apr_initialize();
  started = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static apr_pool_t *root;
  apr_pool_t *pool;
  if (root == NULL) {
    start();
    apr_pool_create(&root, NULL);
  }
  apr_pool_create(&pool, root);
  gk_fuzz_one(apr_pstrmemdup(pool, (const char *)data, size), size, pool);
  apr_pool_destroy(pool);
  return 0;
}

#ifndef GK_LIBFUZZER
static int replay(const char *path, const char *name, int number, apr_pool_t *pool)
{
  apr_file_t *file;
  apr_finfo_t info;
  apr_size_t got = 0;
  char *bytes;
  if (apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
    printf("not ok %d - %s can't be read\n", number, name);
    return 1;
  }
  bytes = malloc((size_t)info.size + 1); /* exactly as long as the input: reads beyond it are seen */
  apr_file_read_full(file, bytes, (apr_size_t)info.size, &got);
  apr_file_close(file);
  LLVMFuzzerTestOneInput((const uint8_t *)bytes, got);
  free(bytes);
  printf("ok %d - %s\n", number, name);
  return 0;
}

/* Called as .../fuzz_NAME: the corpus is $top_srcdir/tests/fuzz/corpus/NAME, or the folder given. */
int main(int argc, char **argv)
{
  const char *name = strrchr(argv[0], '/');
  const char *top = getenv("top_srcdir");
  const char *folder;
  apr_pool_t *pool;
  apr_dir_t *dir;
  apr_finfo_t entry;
  int count = 0, failed = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  start();
  apr_pool_create(&pool, NULL);
  name = name != NULL ? name + 1 : argv[0];
  if (strncmp(name, "lt-", 3) == 0)
    name += 3;
  if (strncmp(name, "fuzz_", 5) == 0)
    name += 5;
  folder = argc > 1 ? argv[1] : apr_pstrcat(pool, top != NULL ? top : ".", "/tests/fuzz/corpus/", name, NULL);
  if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS) {
    printf("Bail out! no corpus in %s\n", folder);
    return 1;
  }
  while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS)
    if (entry.name[0] != '.') {
      count++;
      failed += replay(apr_pstrcat(pool, folder, "/", entry.name, NULL), entry.name, count, pool);
    }
  printf("1..%d\n", count);
  apr_terminate(); /* with every pool, so that what is left is a leak */
  return failed > 0;
}
#endif
