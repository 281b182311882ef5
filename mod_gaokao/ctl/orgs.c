/* ctl/orgs.c: load-orgs: the province's tree from a code table. Units that are there keep their id; only names that
 * changed are written; nothing is ever removed. */
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "store/sql.h"

typedef struct unit_t {
  const char *code6; /* 430102 */
  const char *code;  /* 43, 4301, 430102 */
  const char *name;
  const char *level;
  const char *parent6; /* NULL for the province */
  const char *path;
  apr_int64_t id;
} unit_t;

static gk_error_t *wrong(gk_ctl_t *ctl, const char *file, int line, const char *zh, const char *en)
{
  gk_error_t *error = gk_error_plain(ctl->pool, GK_E_INVALID);
  error->zh = apr_psprintf(ctl->pool, "%s 第 %d 行：%s", file, line, zh);
  error->en = apr_psprintf(ctl->pool, "%s line %d: %s", file, line, en);
  return error;
}

static bool digits(const char *text, size_t length)
{
  return strlen(text) == length && strspn(text, "0123456789") == length;
}

/* code,name,level,parent: no column of this table can hold a comma or a quote. */
static gk_error_t *read_line(gk_ctl_t *ctl, const char *file, int line, char *text, apr_hash_t *by_code,
                             unit_t **out)
{
  char *column[4];
  int n = 0;
  for (char *at = text; n < 4; at++) {
    column[n++] = at;
    at = strchr(at, ',');
    if (at == NULL)
      break;
    *at = '\0';
  }
  if (n != 4)
    return wrong(ctl, file, line, "应有四列：code,name,level,parent",
                 "four columns are needed: code,name,level,parent");
  unit_t *unit = apr_pcalloc(ctl->pool, sizeof(*unit));
  unit->code6 = column[0];
  unit->name = gk_text_trim(ctl->pool, column[1]);
  unit->level = column[2];
  unit->parent6 = column[3][0] != '\0' ? column[3] : NULL;
  size_t keep = strcmp(unit->level, "province") == 0 ? 2
                : strcmp(unit->level, "city") == 0   ? 4
                : strcmp(unit->level, "county") == 0 ? 6
                                                     : 0;
  if (!digits(unit->code6, 6) || keep == 0)
    return wrong(ctl, file, line, "代码应为六位数字，级别应为 province、city 或 county",
                 "the code needs six digits, the level is province, city or county");
  if (unit->name[0] == '\0' || !gk_utf8_valid(unit->name, strlen(unit->name)) ||
      gk_text_forbidden(unit->name, false) != 0)
    return wrong(ctl, file, line, "名称为空或不是正常的 UTF-8 文字",
                 "the name is empty or no clean UTF-8 text");
  if (apr_hash_get(by_code, unit->code6, APR_HASH_KEY_STRING) != NULL)
    return wrong(ctl, file, line, "代码重复", "this code stands twice");
  unit->code = apr_pstrndup(ctl->pool, unit->code6, keep);
  const unit_t *parent = unit->parent6 != NULL ? apr_hash_get(by_code, unit->parent6, APR_HASH_KEY_STRING)
                                               : NULL;
  if ((keep == 2) != (parent == NULL) || (parent != NULL && strlen(parent->code) != keep - 2))
    return wrong(ctl, file, line, "上级代码不存在或级别不对（上级要写在前面）",
                 "its parent is missing or of the wrong level (parents stand first)");
  unit->path = apr_pstrcat(ctl->pool, parent != NULL ? parent->path : "/", unit->code, "/", NULL);
  apr_hash_set(by_code, unit->code6, APR_HASH_KEY_STRING, unit);
  *out = unit;
  return NULL;
}

static gk_error_t *read_units(gk_ctl_t *ctl, const char *file, apr_array_header_t *units, apr_hash_t *by_code)
{
  const char *bytes;
  apr_size_t length;
  GK_TRY(gk_ctl__read_file(&bytes, &length, file, 4 << 20, ctl->pool));
  char *rest = apr_pstrmemdup(ctl->pool, bytes, length), *last = NULL;
  int line = 0;
  for (char *text = apr_strtok(rest, "\r\n", &last); text != NULL; text = apr_strtok(NULL, "\r\n", &last)) {
    if (++line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
      text += 3;
    if (line == 1) {
      if (strcmp(text, "code,name,level,parent") != 0)
        return wrong(ctl, file, 1, "第一行应为 code,name,level,parent",
                     "the first line has to be code,name,level,parent");
      continue;
    }
    unit_t *unit = NULL;
    GK_TRY(read_line(ctl, file, line, text, by_code, &unit));
    APR_ARRAY_PUSH(units, unit_t *) = unit;
  }
  if (units->nelts == 0)
    return wrong(ctl, file, line, "没有数据", "there are no rows");
  return NULL;
}

static gk_error_t *store(gk_ctl_t *ctl, const apr_array_header_t *units, apr_hash_t *by_code, int *added,
                         int *renamed)
{
  GK_TRY(gk_act_begin(&ctl->act));
  for (int i = 0; i < units->nelts; i++) {
    unit_t *unit = APR_ARRAY_IDX(units, i, unit_t *);
    const unit_t *parent = unit->parent6 != NULL ? apr_hash_get(by_code, unit->parent6, APR_HASH_KEY_STRING)
                                                 : NULL;
    bool found;
    gk_row_ctl_org_by_code_t row;
    GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_org_by_code, .code = unit->code), &found, &row, ctl->pool));
    if (!found) {
      gk_row_ctl_org_insert_t made;
      GK_TRY(gk_db_get(ctl->db,
                       GK_CALL(ctl_org_insert, .parent_id = parent != NULL ? parent->id : 0,
                               .level = unit->level, .code = unit->code, .name = unit->name,
                               .path = unit->path, .profile = "{}", .now_us = ctl->act.now),
                       &made, ctl->pool));
      unit->id = made.id;
      ++*added;
      continue;
    }
    unit->id = row.id;
    if (strcmp(row.path, unit->path) != 0)
      return gk_error(ctl->pool, GK_E_CONFLICT, "机构 %s 已存在，但上级不同：%s",
                      "Unit %s is there already under another parent: %s", unit->code, row.path);
    if (strcmp(row.name, unit->name) != 0) {
      GK_TRY(gk_db_exec(ctl->db,
                        GK_CALL(ctl_org_rename, .id = row.id, .version = row.version, .name = unit->name,
                                .now_us = ctl->act.now),
                        NULL, ctl->pool));
      ++*renamed;
    }
  }
  gk_json_t *after = gk_json_object(ctl->pool);
  gk_json_set_int(after, "units", units->nelts);
  gk_json_set_int(after, "added", *added);
  gk_json_set_int(after, "renamed", *renamed);
  const unit_t *root = APR_ARRAY_IDX(units, 0, unit_t *);
  return gk_audit(&ctl->act, "org.load", "org", root->id, 1, root->path, NULL, after);
}

gk_error_t *gk_ctl_load_orgs(gk_ctl_t *ctl)
{
  const char *file = gk_ctl__word(ctl, 0);
  if (file == NULL)
    file = apr_pstrcat(ctl->pool, ctl->config->data_dir, "/tables/division_hunan.csv", NULL);
  apr_array_header_t *units = apr_array_make(ctl->pool, 160, sizeof(unit_t *));
  apr_hash_t *by_code = apr_hash_make(ctl->pool);
  GK_TRY(read_units(ctl, file, units, by_code));
  int added = 0, renamed = 0;
  GK_TRY(gk_ctl__finish(ctl, store(ctl, units, by_code, &added, &renamed)));
  gk_ctl__say(ctl, "机构共 %d 个：新增 %d，改名 %d", "%d units: %d added, %d renamed", units->nelts, added,
              renamed);
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "units", units->nelts);
  gk_json_set_int(result, "added", added);
  gk_json_set_int(result, "renamed", renamed);
  gk_ctl__result(ctl, result);
  return NULL;
}
