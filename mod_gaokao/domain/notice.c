/* domain/notice.c: see notice.h. */
#include "domain/notice.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"
#include "domain/paths.h"
#include "domain/sniff.h"

static gk_notice_view_t view_of(const gk_act_t *act)
{
  gk_notice_view_t view = {{"", "", "", ""}, false, false, false, false, ""};
  gk_role_t role = act->who->role;
  if (role == GK_ROLE_PUBLIC) {
    view.province = true;
    return view;
  }
  gk_paths_t paths = gk_paths_of(act->who->org_path, act->pool);
  for (int i = 0; i < paths.levels; i++)
    view.paths[i] = paths.at[i];
  view.candidates = true; /* staff read what candidates are told */
  view.staff = role != GK_ROLE_CANDIDATE;
  view.points = view.staff;
  if (gk_access_allows(GK_ACTION_notice_write, role))
    view.writer_path = act->who->org_path;
  return view;
}

gk_error_t *gk_notice_list(apr_array_header_t **out, gk_act_t *act, apr_int64_t before_id, int limit)
{
  gk_notice_view_t view = view_of(act);
  return gk_notice_store_list(out, act, &view, before_id, limit);
}

gk_error_t *gk_notice_get(gk_notice_t *out, gk_act_t *act, apr_int64_t id)
{
  gk_notice_view_t view = view_of(act);
  return gk_notice_store_get(out, act, &view, id);
}

/* One's own unit's notice. */
static gk_error_t *own(gk_notice_t *out, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_notice_get(out, act, id));
  if (strcmp(out->org_path, act->who->org_path) == 0)
    return NULL;
  return gk_error(act->pool, GK_E_FORBIDDEN, "这条公告由“%s”发布，只有发布单位可以修改",
                  "This notice was written by '%s': only that unit can change it", out->org_name);
}

static gk_json_t *summary(const gk_notice_t *notice, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "audience", notice->audience);
  gk_json_set_str(json, "title", notice->title);
  gk_json_set_str(json, "body", notice->body);
  gk_json_set_time(json, "published_at", notice->published);
  return json;
}

gk_error_t *gk_notice_create(gk_notice_t *out, gk_act_t *act, const gk_notice_wish_t *wish)
{
  gk_notice_t notice = {.org_id = act->who->org_id,
                        .org_path = act->who->org_path,
                        .audience = wish->audience,
                        .title = wish->title,
                        .body = wish->body,
                        .created_by = act->who->account_id,
                        .published = wish->published != 0 ? wish->published : act->now};
  apr_int64_t id;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_notice_store_insert(&id, act, &notice));
  GK_TRY(gk_audit(act, "notice.create", "notice", id, 1, notice.org_path, NULL, summary(&notice, act->pool)));
  return gk_notice_get(out, act, id);
}

gk_error_t *gk_notice_update(gk_notice_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                             const gk_notice_wish_t *wish)
{
  gk_notice_t before, after;
  bool changed;
  GK_TRY(own(&before, act, id));
  if (before.version != version)
    return gk_stale(act, before.version);
  after = before;
  if (wish->audience != NULL)
    after.audience = wish->audience;
  if (wish->title != NULL)
    after.title = wish->title;
  if (wish->body != NULL)
    after.body = wish->body;
  if (wish->published != 0)
    after.published = wish->published;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_notice_store_update(&changed, act, &after, 0));
  if (!changed)
    return gk_stale(act, before.version + 1);
  GK_TRY(gk_audit(act, "notice.update", "notice", id, version + 1, before.org_path,
                  summary(&before, act->pool), summary(&after, act->pool)));
  return gk_notice_get(out, act, id);
}

gk_error_t *gk_notice_withdraw(gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_notice_t notice;
  bool changed;
  GK_TRY(own(&notice, act, id));
  if (notice.version != version)
    return gk_stale(act, notice.version);
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_notice_store_update(&changed, act, &notice, act->now));
  if (!changed)
    return gk_stale(act, notice.version + 1);
  return gk_audit(act, "notice.withdraw", "notice", id, version + 1, notice.org_path,
                  summary(&notice, act->pool), NULL);
}

/* ---- files --------------------------------------------------------------------------------------------- */

gk_error_t *gk_notice_files(apr_array_header_t **out, gk_act_t *act, apr_int64_t notice_id)
{
  return gk_notice_store_files(out, act, notice_id);
}

static gk_json_t *file_summary(const gk_notice_file_t *file, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "file", file->name);
  gk_json_set_str(json, "digest", file->digest);
  gk_json_set_int(json, "bytes", file->bytes);
  return json;
}

/* Files belong to what a notice's ETag stands for. */
static gk_error_t *touch(gk_act_t *act, gk_notice_t *notice)
{
  bool changed;
  GK_TRY(gk_notice_store_update(&changed, act, notice, 0));
  notice->version++;
  return changed ? NULL : gk_error_plain(act->pool, GK_E_RETRY);
}

gk_error_t *gk_notice_file_add(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, const char *name,
                               const unsigned char *bytes, apr_size_t length)
{
  gk_notice_t notice;
  apr_array_header_t *present;
  gk_error_t *error = NULL;
  GK_TRY(own(&notice, act, notice_id));
  GK_TRY(gk_notice_store_files(&present, act, notice_id));
  const gk_file_type_t *type = gk_sniff(bytes, length);
  gk_notice_file_t file = {.name = name, .bytes = (apr_int64_t)length, .body = bytes, .created = act->now};
  if (length == 0)
    gk_violation(&error, act->pool, "", "empty", "文件是空的", "The file is empty");
  else if (type == NULL)
    gk_violation(&error, act->pool, "", "file-type",
                 "只能上传 PDF、ZIP、Word、Excel(不含宏)、PNG、JPEG 和纯文本(UTF-8)文件，请转换后再上传",
                 "PDF, ZIP, Word and Excel without macros, PNG, JPEG and plain text (UTF-8) only: convert "
                 "the file first");
  else if (!gk_sniff_fits(type, name))
    gk_violation(&error, act->pool, "?name", "file-type", "文件的内容是 %s，请把文件名的后缀改为 .%s",
                 "The file's content is %s: let its name end in .%s", type->media_type, type->extension);
  if (strpbrk(name, "/\\") != NULL || name[0] == '.')
    gk_violation(&error, act->pool, "?name", "name", "文件名不能含有 / 或 \\，也不能以点开头",
                 "A file name holds no / or \\ and doesn't begin with a dot");
  if (present->nelts >= GK_NOTICE_FILES_MAX)
    gk_violation(&error, act->pool, "", "too-many", "一条公告最多 %d 个文件", "A notice has at most %d files",
                 GK_NOTICE_FILES_MAX);
  if (error != NULL)
    return error;
  file.media_type = type->media_type;
  file.digest = gk_sha256_hex(act->pool, bytes, length);
  GK_TRY(gk_act_begin(act));
  GK_TRY(touch(act, &notice));
  GK_TRY(gk_notice_store_file_insert(&file.id, act, notice_id, &file));
  GK_TRY(gk_audit(act, "notice.file_add", "notice", notice_id, notice.version, notice.org_path, NULL,
                  file_summary(&file, act->pool)));
  *out = file;
  return NULL;
}

gk_error_t *gk_notice_file_get(gk_notice_file_t *out, gk_act_t *act, apr_int64_t notice_id, apr_int64_t id)
{
  gk_notice_t notice;
  GK_TRY(gk_notice_get(&notice, act, notice_id));
  return gk_notice_store_file(out, act, notice_id, id);
}

gk_error_t *gk_notice_file_delete(gk_act_t *act, apr_int64_t notice_id, apr_int64_t id)
{
  gk_notice_t notice;
  gk_notice_file_t file;
  GK_TRY(own(&notice, act, notice_id));
  GK_TRY(gk_notice_store_file(&file, act, notice_id, id));
  GK_TRY(gk_act_begin(act));
  GK_TRY(touch(act, &notice));
  GK_TRY(gk_notice_store_file_delete(act, notice_id, id));
  return gk_audit(act, "notice.file_delete", "notice", notice_id, notice.version, notice.org_path,
                  file_summary(&file, act->pool), NULL);
}

/* ---- showing ------------------------------------------------------------------------------------------- */

gk_json_t *gk_notice_file_json(const gk_notice_file_t *file, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", file->id);
  gk_json_set_str(json, "name", file->name);
  gk_json_set_str(json, "media_type", file->media_type);
  gk_json_set_int(json, "bytes", file->bytes);
  gk_json_set_str(json, "digest", file->digest);
  gk_json_set_time(json, "created_at", file->created);
  return json;
}

gk_error_t *gk_notice_json(gk_json_t **out, gk_act_t *act, const gk_notice_t *n)
{
  apr_array_header_t *files;
  GK_TRY(gk_notice_files(&files, act, n->id));
  gk_json_t *json = gk_json_object(act->pool), *list = gk_json_array(act->pool);
  gk_json_set_int(json, "id", n->id);
  gk_json_set(json, "org", gk_org_brief_json(n->org_id, n->org_code, n->org_name, n->org_level, act->pool));
  gk_json_set_str(json, "audience", n->audience);
  gk_json_set_str(json, "title", n->title);
  gk_json_set_str(json, "body", n->body);
  gk_json_set_time(json, "published_at", n->published);
  for (int i = 0; i < files->nelts; i++)
    gk_json_add(list, gk_notice_file_json(&APR_ARRAY_IDX(files, i, gk_notice_file_t), act->pool));
  gk_json_set(json, "files", list);
  gk_json_set_int(json, "version", n->version);
  gk_json_set_int(json, "created_by", n->created_by);
  gk_json_set_time(json, "created_at", n->created);
  gk_json_set_time(json, "updated_at", n->updated);
  *out = json;
  return NULL;
}
