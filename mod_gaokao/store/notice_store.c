/* store/notice_store.c: notices and their files (domain/notice.h). */
#include "domain/notice.h"
#include "store/sql.h"

#define NEWEST APR_INT64_MAX

/* notice_list and notice_get give the same columns. */
static gk_notice_t notice_of(const gk_row_notice_get_t *r)
{
  return (gk_notice_t){.id = r->id,
                       .org_id = r->org_id,
                       .org_path = r->org_path,
                       .org_code = r->org_code,
                       .org_name = r->org_name,
                       .org_level = r->org_level,
                       .audience = r->audience,
                       .title = r->title,
                       .body = r->body,
                       .published = r->published_us,
                       .version = r->version,
                       .created_by = r->created_by,
                       .created = r->created_us,
                       .updated = r->updated_us};
}

gk_error_t *gk_notice_store_list(apr_array_header_t **out, gk_act_t *act, const gk_notice_view_t *view,
                                 apr_int64_t before_id, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(notice_list, .p1 = view->paths[0], .p2 = view->paths[1], .p3 = view->paths[2],
                            .p4 = view->paths[3], .province = view->province,
                            .before = before_id != 0 ? before_id : NEWEST, .candidates = view->candidates,
                            .points = view->points, .staff = view->staff, .now = act->now,
                            .writer_path = view->writer_path, .limit = limit),
                    &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts, sizeof(gk_notice_t));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*out, gk_notice_t) =
        notice_of((const gk_row_notice_get_t *)&APR_ARRAY_IDX(rows, i, gk_row_notice_list_t));
  return NULL;
}

gk_error_t *gk_notice_store_get(gk_notice_t *out, gk_act_t *act, const gk_notice_view_t *view, apr_int64_t id)
{
  gk_row_notice_get_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(notice_get, .id = id, .p1 = view->paths[0], .p2 = view->paths[1],
                           .p3 = view->paths[2], .p4 = view->paths[3], .province = view->province,
                           .candidates = view->candidates, .points = view->points, .staff = view->staff,
                           .now = act->now, .writer_path = view->writer_path),
                   &row, act->pool));
  *out = notice_of(&row);
  return NULL;
}

gk_error_t *gk_notice_store_insert(apr_int64_t *id, gk_act_t *act, const gk_notice_t *n)
{
  gk_row_notice_insert_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(notice_insert, .org_id = n->org_id, GK_SCOPE(act), .audience = n->audience,
                           .title = n->title, .body = n->body,
                           .published_us = n->published, .created_by = n->created_by, .now = act->now),
                   &row, act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_notice_store_update(bool *changed, gk_act_t *act, const gk_notice_t *n, apr_time_t withdrawn)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(notice_update, .audience = n->audience, .title = n->title, .body = n->body,
                            .published_us = n->published, .withdrawn_us = withdrawn, .now = act->now,
                            .id = n->id, .version = n->version, .org_path = n->org_path, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

gk_error_t *gk_notice_store_files(apr_array_header_t **out, gk_act_t *act, apr_int64_t notice_id)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(notice_files, .notice_id = notice_id), &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts, sizeof(gk_notice_file_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_notice_files_t *r = &APR_ARRAY_IDX(rows, i, gk_row_notice_files_t);
    APR_ARRAY_PUSH(*out, gk_notice_file_t) =
        (gk_notice_file_t){.id = r->id, .name = r->name, .media_type = r->media_type, .digest = r->digest,
                           .bytes = r->bytes, .created = r->created_us};
  }
  return NULL;
}

gk_error_t *gk_notice_store_file(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, apr_int64_t id)
{
  gk_row_notice_file_get_t r;
  GK_TRY(gk_db_get(act->db, GK_CALL(notice_file_get, .id = id, .notice_id = notice_id), &r, act->pool));
  *out = (gk_notice_file_t){.id = r.id,
                            .name = r.name,
                            .media_type = r.media_type,
                            .digest = r.digest,
                            .bytes = (apr_int64_t)r.body.length,
                            .body = r.body.bytes,
                            .created = r.created_us};
  return NULL;
}

gk_error_t *gk_notice_store_file_insert(apr_int64_t *id, gk_act_t *act, apr_int64_t notice_id,
                                        const gk_notice_file_t *file)
{
  gk_row_notice_file_insert_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(notice_file_insert, .notice_id = notice_id, .name = file->name,
                           .media_type = file->media_type, .bytes = file->bytes, .digest = file->digest,
                           .body = {file->body, (apr_size_t)file->bytes}, .now = act->now, GK_SCOPE(act)),
                   &row, act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_notice_store_file_delete(gk_act_t *act, apr_int64_t notice_id, apr_int64_t id)
{
  return gk_db_exec(act->db, GK_CALL(notice_file_delete, .id = id, .notice_id = notice_id, GK_SCOPE(act)), NULL, act->pool);
}
