/* domain/notice.h: the notice board with files to download (P5).
 *
 * A unit's notice is for the people of its subtree: `public` also for who is not signed in (the province's
 * only, for nobody knows where a visitor belongs), `candidates` for them and all staff, `points` for point
 * operators and reviewers and the staff above them, `staff` for all staff. Only the unit that wrote a
 * notice changes it. Before its moment of publication only that unit sees it; a withdrawn one nobody.
 */
#ifndef GK_DOMAIN_NOTICE_H
#define GK_DOMAIN_NOTICE_H

#include "domain/act.h"

#define GK_NOTICE_AUDIENCES "public|candidates|staff|points"
#define GK_NOTICE_FILES_MAX 20

typedef struct gk_notice_t {
  apr_int64_t id, org_id;
  const char *org_path, *org_code, *org_name, *org_level;
  const char *audience, *title, *body;
  apr_time_t published, created, updated;
  apr_int64_t version, created_by;
} gk_notice_t;

typedef struct gk_notice_file_t {
  apr_int64_t id;
  const char *name, *media_type, *digest;
  apr_int64_t bytes;
  const unsigned char *body;   /* gk_notice_file_get only */
  apr_time_t created;
} gk_notice_file_t;

/* NULL members and published 0 stay as they are (update), or take their preset (create: published now). */
typedef struct gk_notice_wish_t {
  const char *audience, *title, *body;
  apr_time_t published;
} gk_notice_wish_t;

/* gk_notice_t, newest first, at most `limit`; before_id 0: from the newest. */
gk_error_t *gk_notice_list(apr_array_header_t **out, gk_act_t *act, apr_int64_t before_id, int limit);
gk_error_t *gk_notice_get(gk_notice_t *out, gk_act_t *act, apr_int64_t id);
gk_error_t *gk_notice_create(gk_notice_t *out, gk_act_t *act, const gk_notice_wish_t *wish);
/* Errors of these: NOT_FOUND, FORBIDDEN (another unit's), STALE_VERSION. */
gk_error_t *gk_notice_update(gk_notice_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                             const gk_notice_wish_t *wish);
gk_error_t *gk_notice_withdraw(gk_act_t *act, apr_int64_t id, apr_int64_t version);

/* gk_notice_file_t without bodies. */
gk_error_t *gk_notice_files(apr_array_header_t **out, gk_act_t *act, apr_int64_t notice_id);
/* Keeps a file under `name`; the notice's version rises. Its type is what its bytes say (sniff.h), never
 * what the sender says, and the name's ending must fit it; HTML, SVG, macros and everything else are
 * refused (faults.md IN-14). Errors: INVALID. */
gk_error_t *gk_notice_file_add(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, const char *name,
                               const unsigned char *bytes, apr_size_t length);
gk_error_t *gk_notice_file_get(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, apr_int64_t id);
gk_error_t *gk_notice_file_delete(gk_act_t *act, apr_int64_t notice_id, apr_int64_t id);

gk_error_t *gk_notice_json(gk_json_t **out, gk_act_t *act, const gk_notice_t *notice);
gk_json_t *gk_notice_file_json(const gk_notice_file_t *file, apr_pool_t *pool);

/* (store/notice_store.c) What a reader may see: paths of the own unit and above, and the audiences. */
typedef struct gk_notice_view_t {
  const char *paths[4];        /* "" behind the last */
  bool province;               /* the province's, whatever its path */
  bool candidates, points, staff;
  const char *writer_path;     /* unit whose unpublished notices are seen too, or "" */
} gk_notice_view_t;
gk_error_t *gk_notice_store_list(apr_array_header_t **out, gk_act_t *act, const gk_notice_view_t *view,
                                 apr_int64_t before_id, int limit);
gk_error_t *gk_notice_store_get(gk_notice_t *out, gk_act_t *act, const gk_notice_view_t *view,
                                apr_int64_t id);
gk_error_t *gk_notice_store_insert(apr_int64_t *id, gk_act_t *act, const gk_notice_t *notice);
gk_error_t *gk_notice_store_update(bool *changed, gk_act_t *act, const gk_notice_t *notice,
                                   apr_time_t withdrawn);
gk_error_t *gk_notice_store_files(apr_array_header_t **out, gk_act_t *act, apr_int64_t notice_id);
gk_error_t *gk_notice_store_file(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, apr_int64_t id);
gk_error_t *gk_notice_store_file_insert(apr_int64_t *id, gk_act_t *act, apr_int64_t notice_id,
                                        const gk_notice_file_t *file);
gk_error_t *gk_notice_store_file_delete(gk_act_t *act, apr_int64_t notice_id, apr_int64_t id);

#endif
