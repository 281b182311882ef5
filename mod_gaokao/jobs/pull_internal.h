/* jobs/pull_internal.h: what the files of pulls share. */
#ifndef GK_JOBS_PULL_INTERNAL_H
#define GK_JOBS_PULL_INTERNAL_H

#include "jobs/pull.h"
#include "store/sql.h"

gk_pull_t gk_pull__of(const gk_row_pull_get_t *row);
/* The plan of what a pull was asked for; `since` is looked up by the caller. */
gk_error_t *gk_pull__plan(gk_export_plan_t *plan, gk_act_t *act, const gk_pull_t *pull);
/* Path of part n in the spool (0: the list of its records), and what its pieces are bound to. */
const char *gk_pull__path(const gk_core_t *core, apr_int64_t id, const char *owner, apr_int64_t n, apr_pool_t *pool);
const char *gk_pull__what(apr_int64_t id, apr_int64_t n, apr_pool_t *pool);
void gk_pull__remove(const gk_core_t *core, apr_int64_t id, const char *owner, apr_int64_t parts, apr_pool_t *pool);
/* "2026.1f….1.12.c0ffee00" */
const char *gk_pull__mark(const gk_export_sight_t *sight, int year, apr_int64_t id, const char *token, apr_pool_t *pool);
/* The snapshot of a mark. Errors: see gk_pull_create. */
gk_error_t *gk_pull__since(gk_pull_t *out, gk_act_t *act, const char *mark);

/* The signed manifest of a pull whose parts are written. Inside the pull's snapshot: it counts there. Errors: CONFLICT when
 * what is there does not fit what was submitted, or what was written. (pull_manifest.c) */
typedef struct gk_pull__written_t {
  apr_array_header_t *parts; /* gk_pull_part_t */
  apr_int64_t records, withdrawn, bytes, photos, photos_held; /* photos: in these parts; held: in the snapshot */
  const char *content, *anchor, *mark;
  const gk_export_sight_t *sight;
  const char *since;         /* the mark it starts from, or NULL */
} gk_pull__written_t;
gk_error_t *gk_pull__manifest(const char **xml, gk_act_t *act, const gk_pull_t *pull, const gk_export_plan_t *plan,
                              const gk_pull__written_t *written);

/* Where photos go: parts one behind the other. */
typedef struct gk_pull__sink_t {
  gk_error_t *(*open)(void *baton);
  gk_error_t *(*write)(void *baton, const void *bytes, apr_size_t length);
  gk_error_t *(*close)(void *baton, apr_int64_t photos);
  gk_error_t *(*go_on)(void *baton); /* called often: an error means stop */
  void *baton;
} gk_pull__sink_t;
/* Inside the pull's snapshot: writes the photos it holds that are not among the numbers `had` (packed; ascending), as tar files,
 * or none where `send` is false. *ids: what a receiver has afterwards, packed. (pull_photos.c) */
gk_error_t *gk_pull__photos(gk_blob_t *ids, apr_int64_t *sent, apr_int64_t *held, gk_act_t *act, const gk_pull_t *pull,
                            const gk_export_plan_t *plan, gk_blob_t had, const gk_pull__sink_t *sink);

#endif
