/* jobs/pull.h: pulls of the province (docs/province.md): what was asked for is written once, from one snapshot, into numbered
 * parts in the sealed spool by gaokao-worker (job export_pull), and given out from there as often as asked, byte for byte the
 * same, until the province acknowledges it by the digest of its manifest.
 *
 * States: writing -> ready -> acknowledged; failed when the job came to no good end; gone when nobody acknowledged it in
 * GK_PULL_KEEP_US. A part is an XML document of its own, valid against candidates.xsd, or a tar file of photos.
 *
 * A mark is what a pull's snapshot saw, as a word: YEAR.DATABASE.TIMELINE.PULL.TOKEN. It is good for a pull of changes as long
 * as the database knows the pull it names, whatever became of the pull's files.
 */
#ifndef GK_JOBS_PULL_H
#define GK_JOBS_PULL_H

#include "domain/export.h"
#include "jobs/job.h"
#include "jobs/sealed_file.h"

#define GK_PULL_KEEP_US (14 * 24 * 3600 * APR_USEC_PER_SEC)
#define GK_PULL_PART_RECORDS 5000
#define GK_PULL_PART_MAX 50000
#define GK_PULL_TAR_BYTES (64 * 1024 * 1024) /* a part of photos ends before it is longer */

typedef struct gk_pull_t {
  apr_int64_t id, season_id, account_id, since_id, part_records, job_id, done, total, pack_id, record_key;
  apr_int64_t records, withdrawn, bytes, parts, accepted, passed_over, version, photo_count;
  const char *org_path, *org_code;
  const char *state;
  bool art;
  bool photos;          /* asked for: the parts behind those with records are tar files of them */
  const char *states;   /* as gk_export_filter_t.state; "default" where none was named */
  const char *encoding, *compression;
  const char *fault;    /* JSON of a failed one's job */
  const char *token, *mark, *snapshot, *owner, *manifest;
  const char *digest;   /* of the manifest, SHA-256 */
  apr_time_t created, ready, ended;
} gk_pull_t;

typedef struct gk_pull_part_t {
  apr_int64_t n, records, withdrawn, photos, bytes; /* photos > 0: a tar file of these */
  const char *digest;   /* of the bytes as they are sent */
} gk_pull_part_t;

typedef struct gk_pull_wish_t {
  gk_export_filter_t filter;
  const char *since;    /* a mark; then the filter must be that of the mark's pull, or absent */
  const char *encoding, *compression; /* NULL: UTF-8, none */
  apr_int64_t part_records;           /* 0: GK_PULL_PART_RECORDS */
  bool kind_given, state_given, photos;
} gk_pull_wish_t;

/* The pull that a mark is of, for the stream of changes (rest/exports.c): its snapshot, org_code, art and states say what follows.
 * Errors: as gk_pull_create says of marks. */
gk_error_t *gk_pull_of_mark(gk_pull_t *out, gk_act_t *act, const char *mark);
/* Asks for one; the job is queued in the same transaction. Errors: as gk_export_prepare and gk_job_create; of a mark: INVALID
 * (not a mark, or one this database never gave), WRONG_STATE (another season), GONE (another database or timeline, or the pack
 * changed: pull all anew). */
gk_error_t *gk_pull_create(gk_pull_t *out, gk_act_t *act, const gk_pull_wish_t *wish);
gk_error_t *gk_pull_get(gk_pull_t *out, gk_act_t *act, apr_int64_t id);
/* gk_pull_t, newest first, below `before` (0: from the newest). */
gk_error_t *gk_pull_list(apr_array_header_t **pulls, gk_act_t *act, apr_int64_t before, int limit);
/* gk_pull_part_t, in order. */
gk_error_t *gk_pull_parts(apr_array_header_t **parts, gk_act_t *act, const gk_pull_t *pull);
/* With the parts of one that is ready; `parts` NULL leaves them out. */
gk_json_t *gk_pull_json(const gk_pull_t *pull, const apr_array_header_t *parts, apr_pool_t *pool);

/* WRONG_STATE while it is written, GONE when it failed or is over. */
gk_error_t *gk_pull_check_ready(const gk_pull_t *pull, apr_pool_t *pool);
/* What a part is called in the manifest and where it is saved: "candidates-43-2026-12-0003.xml.gz". */
const char *gk_pull_part_name(const gk_pull_t *pull, int year, const gk_pull_part_t *part, apr_pool_t *pool);
const char *gk_pull_media_type(const gk_pull_t *pull, const gk_pull_part_t *part);
/* The bytes from `from` to `to` (both included) of part n. Errors: GONE when the file or its key is not here. */
gk_error_t *gk_pull_read(gk_act_t *act, const gk_pull_t *pull, apr_int64_t n, apr_int64_t from, apr_int64_t to,
                         gk_sealed_file_fn write, void *baton);

/* One record of a pull that is not as it was exported. */
typedef struct gk_pull_passed_t {
  const char *number, *state;
  apr_int64_t exported, version;
} gk_pull_passed_t;
/* The province has it: those of its records that are still as they were exported become `accepted`, the others stand in
 * *passed (gk_pull_passed_t, the first `limit`). The files and their key go. Errors: WRONG_STATE, STALE_VERSION, INVALID when
 * `digest` is another manifest's. */
gk_error_t *gk_pull_acknowledge(gk_pull_t *out, apr_array_header_t **passed, gk_act_t *act, apr_int64_t id,
                                apr_int64_t version, const char *digest, int limit);

/* Ends what nobody came back for and deletes files that belong to no pull. */
gk_error_t *gk_pull_sweep(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

#endif
