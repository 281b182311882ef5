/* jobs/pull_photos.c: the photos of a pull, as tar files (ustar): NUMBER.jpg in the order of points and numbers, all of one
 * owner, mode and time, so that the same photos are the same bytes. Which photos a receiver has is kept by their numbers, so
 * that a pull of changes holds those only that are new to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/photo.h"
#include "jobs/pull_internal.h"

enum { BLOCK = 512, PAGE = 500 };
#define MTIME 946684800 /* 2000-01-01; old enough for every clock, and GNU tar complains of 1970 */

/* ---- numbers --------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
  apr_int64_t x = *(const apr_int64_t *)a, y = *(const apr_int64_t *)b;
  return x < y ? -1 : x > y;
}

/* Ascending; each as the distance from the one before, 7 bits a byte, the low ones first. */
static gk_blob_t pack(apr_array_header_t *ids, apr_pool_t *pool)
{
  unsigned char *bytes = apr_palloc(pool, (apr_size_t)ids->nelts * 10 + 1);
  apr_size_t n = 0;
  apr_int64_t last = 0;
  qsort(ids->elts, (size_t)ids->nelts, sizeof(apr_int64_t), by_number);
  for (int i = 0; i < ids->nelts; i++) {
    apr_int64_t id = APR_ARRAY_IDX(ids, i, apr_int64_t);
    apr_uint64_t step = (apr_uint64_t)(id - last);
    for (; step > 127; step >>= 7)
      bytes[n++] = (unsigned char)(step | 128);
    bytes[n++] = (unsigned char)step;
    last = id;
  }
  return (gk_blob_t){bytes, n};
}

static apr_array_header_t *unpack(gk_blob_t packed, apr_pool_t *pool)
{
  apr_array_header_t *ids = apr_array_make(pool, (int)packed.length + 1, sizeof(apr_int64_t));
  const unsigned char *bytes = packed.bytes;
  apr_uint64_t last = 0, step = 0;
  int shift = 0;
  for (apr_size_t i = 0; i < packed.length; i++) {
    step |= (apr_uint64_t)(bytes[i] & 127) << shift;
    shift += 7;
    if (bytes[i] < 128 || shift > 56) {
      last += step;
      APR_ARRAY_PUSH(ids, apr_int64_t) = (apr_int64_t)last;
      step = 0;
      shift = 0;
    }
  }
  return ids;
}

static bool among(const apr_array_header_t *ids, apr_int64_t id)
{
  return bsearch(&id, ids->elts, (size_t)ids->nelts, sizeof(id), by_number) != NULL;
}

/* ---- tar ------------------------------------------------------------------------------------------------- */

typedef struct tar_t {
  gk_act_t *act;
  const gk_pull_t *pull;
  const gk_pull__sink_t *sink;
  apr_int64_t photos, bytes; /* of the part that is open; 0 photos: none is */
} tar_t;

static void octal(char *field, int digits, apr_uint64_t value)
{
  for (int i = digits - 1; i >= 0; i--, value >>= 3)
    field[i] = (char)('0' + (value & 7));
}

/* POSIX.1-1988: name 0, mode 100, uid 108, gid 116, size 124, mtime 136, checksum 148, type 156, magic 257. */
static void head(char *block, const char *number, apr_size_t length)
{
  unsigned int sum = 0;
  memset(block, 0, BLOCK);
  snprintf(block, 100, "%.40s.jpg", number);
  octal(block + 100, 7, 0644);
  octal(block + 108, 7, 0);
  octal(block + 116, 7, 0);
  octal(block + 124, 11, length);
  octal(block + 136, 11, MTIME);
  memset(block + 148, ' ', 8);
  block[156] = '0';
  memcpy(block + 257, "ustar\0" "00", 8);
  for (int i = 0; i < BLOCK; i++)
    sum += (unsigned char)block[i];
  octal(block + 148, 6, sum);
  block[154] = '\0';
}

static gk_error_t *end_tar(tar_t *tar)
{
  static const char nothing[2 * BLOCK];
  if (tar->photos == 0)
    return NULL;
  GK_TRY(tar->sink->write(tar->sink->baton, nothing, sizeof(nothing)));
  GK_TRY(tar->sink->close(tar->sink->baton, tar->photos));
  tar->photos = tar->bytes = 0;
  return NULL;
}

static gk_error_t *put(tar_t *tar, const char *number, const char *jpeg, apr_size_t length)
{
  static const char nothing[BLOCK];
  char block[BLOCK];
  apr_size_t rest = (BLOCK - length % BLOCK) % BLOCK;
  apr_int64_t more = (apr_int64_t)(BLOCK + length + rest);
  if (tar->photos == tar->pull->part_records || tar->bytes + more + 2 * BLOCK > GK_PULL_TAR_BYTES)
    GK_TRY(end_tar(tar));
  if (tar->photos == 0)
    GK_TRY(tar->sink->open(tar->sink->baton));
  head(block, number, length);
  GK_TRY(tar->sink->write(tar->sink->baton, block, BLOCK));
  GK_TRY(tar->sink->write(tar->sink->baton, jpeg, length));
  if (rest > 0)
    GK_TRY(tar->sink->write(tar->sink->baton, nothing, rest));
  tar->photos++;
  tar->bytes += more;
  return NULL;
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

typedef struct walk_t {
  tar_t tar;
  const gk_export_plan_t *plan;
  const apr_array_header_t *had;
  apr_array_header_t *has;  /* apr_int64_t */
  apr_int64_t sent, held;
  apr_pool_t *point_pool, *one_pool;
} walk_t;

static gk_error_t *on_point(walk_t *walk, const char *path)
{
  gk_act_t *act = walk->tar.act;
  const gk_export_plan_t *plan = walk->plan;
  apr_array_header_t *rows;
  apr_pool_clear(walk->point_pool);
  GK_TRY(walk->tar.sink->go_on(walk->tar.sink->baton));
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(pull_photos, .season_id = act->season->id, .org_path = path, .scope_lo = plan->scope_lo,
                            .scope_hi = plan->scope_hi, .art = plan->art, .state_1 = plan->state_1, .state_2 = plan->state_2,
                            .any = plan->any),
                    &rows, walk->point_pool));
  walk->held += rows->nelts;
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_pull_photos_t *row = &APR_ARRAY_IDX(rows, i, gk_row_pull_photos_t);
    const char *jpeg;
    apr_size_t length;
    bool known = among(walk->had, row->id);
    if (!known && !walk->tar.pull->photos)
      continue;
    if (!known) {
      apr_pool_clear(walk->one_pool);
      GK_TRY(walk->tar.sink->go_on(walk->tar.sink->baton));
      GK_TRY(gk_photo_store_jpeg(&jpeg, &length, act, row->id, walk->one_pool));
      if (jpeg == NULL) { /* erased: there is nothing to hand on */
        walk->held--;
        continue;
      }
      GK_TRY(put(&walk->tar, row->number, jpeg, length));
      walk->sent++;
    }
    APR_ARRAY_PUSH(walk->has, apr_int64_t) = row->id;
  }
  return NULL;
}

static gk_error_t *on_points(walk_t *walk)
{
  gk_act_t *act = walk->tar.act;
  apr_array_header_t *points;
  const char *after = "";
  do {
    GK_TRY(gk_export_store_points(&points, act, walk->plan, after, PAGE));
    for (int i = 0; i < points->nelts; i++) {
      after = APR_ARRAY_IDX(points, i, gk_export_point_t).path;
      GK_TRY(on_point(walk, after));
    }
  } while (points->nelts == PAGE);
  return end_tar(&walk->tar);
}

gk_error_t *gk_pull__photos(gk_blob_t *ids, apr_int64_t *sent, apr_int64_t *held, gk_act_t *act, const gk_pull_t *pull,
                            const gk_export_plan_t *plan, gk_blob_t had, const gk_pull__sink_t *sink)
{
  walk_t walk = {.tar = {act, pull, sink, 0, 0}, .plan = plan, .had = unpack(had, act->pool)};
  *ids = (gk_blob_t){(const unsigned char *)"", 0};
  *sent = *held = 0;
  if (!pull->photos && walk.had->nelts == 0)
    return NULL;
  walk.has = apr_array_make(act->pool, walk.had->nelts + PAGE, sizeof(apr_int64_t));
  apr_pool_create(&walk.point_pool, act->pool);
  apr_pool_create(&walk.one_pool, act->pool);
  gk_error_t *error = on_points(&walk);
  if (error != NULL)
    error = gk_error_dup(act->pool, error);
  apr_pool_destroy(walk.one_pool);
  apr_pool_destroy(walk.point_pool);
  GK_TRY(error);
  *ids = pack(walk.has, act->pool);
  *sent = walk.sent;
  *held = walk.held;
  return NULL;
}
