/* base/zip.h: files out of a ZIP that somebody sent, from memory to memory: nothing of it ever touches the disk by its name
 * (faults.md IN-8). Strict: entries are counted and measured by what comes out, entries that lie over each other, end outside or
 * differ from their own head spoil the whole, and each file's checksum has to fit. No ZIP64, no parts, no passwords.
 *
 * What is refused gives INVALID with one violation whose code says why: zip-broken, zip-many, zip-bomb, zip-locked,
 * zip-format (packed in a way nobody needs).
 */
#ifndef GK_BASE_ZIP_H
#define GK_BASE_ZIP_H

#include <stdbool.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include "base/error.h"

typedef struct gk_zip_limits_t {
  int max_entries;
  apr_int64_t max_file_bytes;    /* of one file that comes out */
  apr_int64_t max_whole_bytes;   /* of all of them, by what the list says */
  int max_ratio;                 /* what comes out of a byte; small files are let off */
} gk_zip_limits_t;

/* 5,000 entries, 8 MB, 2 GB, 100. */
extern const gk_zip_limits_t gk_zip_limits;

typedef struct gk_zip_entry_t {
  int number;                    /* place in the archive, from 0 */
  const char *name;              /* UTF-8, with its folders; NULL: it can't be read */
  bool regular;                  /* a file: no folder, link, device */
  const char *fault;             /* NULL, or the code that gk_zip_unpack would give by what the list says */
  int method;
  apr_uint32_t crc;
  apr_int64_t at, packed, size;
} gk_zip_entry_t;

/* The list of what is in it, in order: gk_zip_entry_t. Nothing is unpacked. */
gk_error_t *gk_zip_list(apr_array_header_t **entries, const unsigned char *bytes, apr_size_t length,
                        const gk_zip_limits_t *limits, apr_pool_t *pool);
/* One file's bytes. */
gk_error_t *gk_zip_unpack(const unsigned char **out, apr_size_t *out_length, const gk_zip_entry_t *entry,
                          const unsigned char *bytes, apr_size_t length, const gk_zip_limits_t *limits, apr_pool_t *pool);
/* The last part of a name: what stands behind the last / or \. */
const char *gk_zip_leaf(const char *name);

#endif
