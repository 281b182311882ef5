/* tests/unit/key_file.h: keys whose data key is known, so that sealed values can be pinned. */
#ifndef GK_TEST_KEY_FILE_H
#define GK_TEST_KEY_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "base/time.h"
#include "crypto/crypto.h"

/* 00 01 02 ... 1f */
#define GK_TEST_DATA_KEY "data1 data aes-256-gcm 2013-11-01T00:00:00Z active AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

/* A key file as the program makes it; the lines of data keys are `data_lines` instead. NULL when that does not load. */
static inline gk_keys_t *gk_test_keys(const char *data_lines, apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  char line[400], *dir = apr_pstrdup(pool, "/tmp/gk-keys-XXXXXX"), *text = apr_pstrdup(pool, data_lines);
  if (mkdtemp(dir) == NULL)
    return NULL;
  const char *path = apr_pstrcat(pool, dir, "/keys", NULL);
  gk_error_t *error = gk_keys_create(path, (apr_time_t)1383310800 * GK_SECOND, pool);
  FILE *file = error == NULL ? fopen(path, "r") : NULL;
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "data1 ", 6) != 0)
      text = apr_pstrcat(pool, text, line, NULL);
  if (file != NULL)
    fclose(file);
  file = fopen(path, "w");
  if (file != NULL) {
    fputs(text, file);
    fclose(file);
  }
  if (error == NULL)
    error = gk_keys_load(&keys, path, pool);
  if (error != NULL)
    printf("# %s\n", gk_error_log_text(pool, error));
  unlink(path);
  rmdir(dir);
  return keys;
}

#endif
