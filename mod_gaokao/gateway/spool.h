/* gateway/spool.h: readings that wait for the server, and those it has, on disk.
 *
 * FOLDER/NNNNNNNNNN.spool holds readings, NNNNNNNNNN.ack what the server said to them. Both are lines
 *
 *   length (8 hex) SP SHA-256 of text (64 hex) SP text LF
 *   text of a reading      R SEQ JTI DEVICE TIME JWS
 *   text of an answer      A SEQ JTI DEVICE TIME STATUS
 *   numbers given before   N SEQ - DEVICE TIME -
 *
 * where TIME is in seconds since 1970. A reading is on the disk, with the folder's entry of its file, when gk_spool_add()
 * returns (faults.md DC-2, DC-3). The spool knows nothing of what is inside: it is sealed to the server before.
 *
 * A torn line at the end of a file is cut off when the spool is opened; damage before whole lines is stepped over and counted.
 */
#ifndef GK_GATEWAY_SPOOL_H
#define GK_GATEWAY_SPOOL_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "base/error.h"

#define GK_JTI_CHARACTERS 32
#define GK_SPOOL_BODY_MAX (4 * 1024 * 1024)
#define GK_SPOOL_KEEP_US (30 * APR_INT64_C(86400) * APR_USEC_PER_SEC)

typedef struct gk_spool_t gk_spool_t;

/* A reading that waits. Holds until the spool changes. */
typedef struct gk_spool_item_t {
  apr_int64_t seq;
  char jti[GK_JTI_CHARACTERS + 1];
  const char *device;
  int file;
  apr_off_t at;              /* of the JWS in that file */
  apr_size_t length;
} gk_spool_item_t;

/* Opens the spool in `folder`, which is made when it isn't there (0700). One process at a time: the caller holds a lock.
 * `read_only`: looks and changes nothing. Closed with `pool`. Errors: CONFIG, INTERNAL. */
gk_error_t *gk_spool_open(gk_spool_t **out, const char *folder, int read_only, apr_pool_t *pool);

/* The number the next reading of `device` gets. Numbers never come twice, however a write ends. */
apr_int64_t gk_spool_next(const gk_spool_t *spool, const char *device);
/* The server expects at least this one: a folder that was put back from an old copy goes on behind it. */
void gk_spool_floor(gk_spool_t *spool, const char *device, apr_int64_t next);

/* Stores a reading: on success it survives a power cut. Errors: DB_FULL when the disk is full, INTERNAL; the reading is not
 * stored then, and the clerk has to be told so. */
gk_error_t *gk_spool_add(gk_spool_t *spool, const char *device, apr_int64_t seq, const char *jti, const char *jws,
                         apr_size_t length, apr_time_t now, apr_pool_t *scratch_pool);

/* Those that wait, in order. */
apr_size_t gk_spool_waiting(const gk_spool_t *spool);
const gk_spool_item_t *gk_spool_item(const gk_spool_t *spool, apr_size_t index);
/* Reads `length` bytes of an item's JWS from `offset`. */
gk_error_t *gk_spool_read(void *out, gk_spool_t *spool, const gk_spool_item_t *item, apr_size_t offset, apr_size_t length,
                          apr_pool_t *pool);
/* The whole of it, followed by a NUL. */
gk_error_t *gk_spool_text(const char **out, gk_spool_t *spool, const gk_spool_item_t *item, apr_pool_t *pool);

/* The server has said `status` to item `index`: it no longer waits. Is not fsynced: an answer lost in a power cut is asked for
 * again, and the server says "repeated". */
gk_error_t *gk_spool_done(gk_spool_t *spool, apr_size_t index, const char *status, apr_time_t now, apr_pool_t *scratch_pool);
/* Whether a reading `jti` was ever stored here, answered or not, as far back as readings are kept. Reads everything: for the few
 * of which an end of the program left unclear whether they were. */
gk_error_t *gk_spool_holds(bool *found, const gk_spool_t *spool, const char *jti, apr_pool_t *scratch_pool);
/* Puts an item aside until the spool is opened again. */
void gk_spool_set_aside(gk_spool_t *spool, apr_size_t index);

/* Deletes files whose readings the server has had for GK_SPOOL_KEEP_US. */
gk_error_t *gk_spool_expire(gk_spool_t *spool, apr_time_t now, apr_pool_t *scratch_pool);

/* Lines that are damaged before whole ones; readings put aside; bytes on disk. */
int gk_spool_damaged(const gk_spool_t *spool);
int gk_spool_aside(const gk_spool_t *spool);
apr_int64_t gk_spool_bytes(const gk_spool_t *spool);

#endif
