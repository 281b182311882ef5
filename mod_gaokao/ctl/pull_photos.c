/* ctl/pull_photos.c: gaokaoctl export pull --photos: the pictures of a pull's tar files, one file each. What it reads was held
 * against the signed manifest before; all the same only what jobs/pull_photos.c writes is taken: NUMBER.jpg, whole. */
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "ctl/ctl.h"

enum { BLOCK = 512, PHOTO_MAX = 16 * 1024 * 1024 };

static gk_error_t *damaged(apr_pool_t *pool, const char *path)
{
  return gk_error(pool, GK_E_SEALED, "%s 不是照片分卷：请删除后重新取", "%s is no part of photos: delete it and fetch it again", path);
}

/* Digits and ".jpg", nothing else: it becomes the name of a file. */
static bool good_name(const char *name)
{
  apr_size_t digits = strspn(name, "0123456789");
  return digits > 0 && digits <= 40 && strcmp(name + digits, ".jpg") == 0;
}

static apr_int64_t octal(const char *field, int digits)
{
  apr_int64_t value = 0;
  for (int i = 0; i < digits; i++) {
    if (field[i] < '0' || field[i] > '7')
      return -1;
    value = value * 8 + (field[i] - '0');
  }
  return value;
}

static gk_error_t *save(const char *path, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
  apr_file_t *file;
  apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
  if (rv == APR_SUCCESS) {
    rv = apr_file_write_full(file, bytes, length, NULL);
    apr_status_t closed = apr_file_close(file);
    rv = rv != APR_SUCCESS ? rv : closed;
  }
  return rv == APR_SUCCESS ? NULL : gk_error(pool, GK_E_CONFIG, "写不了 %s", "%s can't be written", path);
}

static gk_error_t *read_tar(apr_int64_t *photos, apr_file_t *file, const char *path, const char *folder, char *picture,
                            apr_pool_t *pool)
{
  apr_pool_t *scratch;
  char block[BLOCK];
  apr_pool_create(&scratch, pool);
  for (;;) {
    apr_pool_clear(scratch);
    if (apr_file_read_full(file, block, BLOCK, NULL) != APR_SUCCESS)
      return damaged(pool, path);
    if (block[0] == '\0')
      break;
    block[99] = '\0';
    apr_int64_t length = octal(block + 124, 11);
    if (!good_name(block) || block[156] != '0' || length <= 0 || length > PHOTO_MAX)
      return damaged(pool, path);
    apr_size_t whole = ((apr_size_t)length + BLOCK - 1) / BLOCK * BLOCK;
    if (apr_file_read_full(file, picture, whole, NULL) != APR_SUCCESS)
      return damaged(pool, path);
    gk_error_t *error = save(apr_pstrcat(scratch, folder, "/", block, NULL), picture, (apr_size_t)length, scratch);
    if (error != NULL)
      return gk_error_dup(pool, error);
    (*photos)++;
  }
  apr_pool_destroy(scratch);
  return NULL;
}

gk_error_t *gk_ctl__unpack_photos(apr_int64_t *photos, const char *path, const char *folder, apr_pool_t *pool)
{
  apr_file_t *file;
  if (apr_dir_make_recursive(folder, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, pool) != APR_SUCCESS)
    return gk_error(pool, GK_E_CONFIG, "不能建立文件夹 %s", "The folder %s can't be made", folder);
  if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_BUFFERED, 0, pool) != APR_SUCCESS)
    return damaged(pool, path);
  gk_error_t *error = read_tar(photos, file, path, folder, apr_palloc(pool, PHOTO_MAX + BLOCK), pool);
  apr_file_close(file);
  return error;
}
