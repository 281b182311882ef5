/* domain/pack_diff.c: what differs between two packs, in words (pack_life.h). It compares what the packs say as JSON, so
 * that nothing an administrator can change is left out. */
#include "domain/pack_life.h"

#include <string.h>
#include <apr_strings.h>

typedef struct diff_t {
  gk_json_t *out;
  apr_pool_t *pool;
} diff_t;

static const struct {
  const char *member, *zh, *en;
} members[] = {
    {"test", "条件", "the test"},
    {"severity", "后果", "its consequence"},
    {"stages", "检查的环节", "the stages"},
    {"message", "提示", "the message"},
    {"hint", "办法", "the hint"},
    {"title", "名称", "the title"},
    {"basis", "依据", "the basis"},
    {"fields", "涉及的项目", "the fields it concerns"},
    {"subjects", "科类范围", "its subjects"},
    {"categories", "考生类别范围", "its categories"},
    {"areas", "适用地区", "its areas"},
    {"set_by", "制定单位", "who set it"},
    {"valid_from", "生效日期", "when it begins"},
    {"valid_to", "失效日期", "when it ends"},
    {"fee_fen", "报名考试费（分）", "the fee (fen)"},
    {"zh", "中文名称", "the Chinese name"},
    {"en", "英文名称", "the English name"},
    {"help", "说明", "the help"},
    {"required", "必填条件", "when it must be filled in"},
    {"relevant", "适用条件", "when it applies"},
    {"edit", "谁能修改", "who may change it"},
    {"type", "类型", "its type"},
    {"table", "代码表", "its table"},
    {"min_length", "最短长度", "the shortest length"},
    {"max_length", "最长长度", "the longest length"},
    {"min", "最小值", "the smallest value"},
    {"max", "最大值", "the largest value"},
    {"pattern", "格式", "its pattern"},
    {"columns", "列", "its columns"},
    {"section", "所在页", "its page"},
    {"required_art", "艺术上报要求", "what the art submission needs"},
    {"required_all", "全体上报要求", "what the submission of all needs"},
    {"rows", "代码", "its codes"},
    {"limits", "照片指标", "the limits"},
    {"body", "正文", "the text"},
};

static const char *shown(gk_json_t *value, apr_pool_t *pool)
{
  if (value == NULL || gk_json_is_null(value))
    return NULL;
  return gk_json_is_string(value) ? gk_json_str_value(value) : gk_json_text(value, pool);
}

static gk_json_t *entry(diff_t *d, const char *what, const char *id, const char *change, const char *zh, const char *en)
{
  gk_json_t *one = gk_json_object(d->pool);
  gk_json_set_str(one, "what", what);
  gk_json_set_str(one, "id", id);
  gk_json_set_str(one, "change", change);
  gk_json_set_str(one, "zh", zh);
  gk_json_set_str(one, "en", en);
  gk_json_set(one, "details", gk_json_array(d->pool));
  gk_json_add(d->out, one);
  return one;
}

static void add_detail(diff_t *d, gk_json_t *details, const char *member, gk_json_t *before, gk_json_t *after)
{
  gk_json_t *one = gk_json_object(d->pool);
  gk_json_set_str(one, "member", member);
  gk_json_set_str(one, "zh", member);
  gk_json_set_str(one, "en", member);
  for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
    if (strcmp(members[i].member, member) == 0) {
      gk_json_set_str(one, "zh", members[i].zh);
      gk_json_set_str(one, "en", members[i].en);
    }
  gk_json_set_str(one, "before", shown(before, d->pool));
  gk_json_set_str(one, "after", shown(after, d->pool));
  gk_json_add(details, one);
}

/* Members of `a` and `b` that differ. */
static gk_json_t *compare_members(diff_t *d, gk_json_t *a, gk_json_t *b)
{
  gk_json_t *details = gk_json_array(d->pool);
  for (gk_json_iter_t it = gk_json_first(b); it.key != NULL; gk_json_next(&it)) {
    gk_json_t *old = gk_json_get(a, it.key);
    if (old == NULL || !gk_json_equal(old, it.value))
      add_detail(d, details, it.key, old, it.value);
  }
  for (gk_json_iter_t it = gk_json_first(a); it.key != NULL; gk_json_next(&it))
    if (gk_json_get(b, it.key) == NULL)
      add_detail(d, details, it.key, it.value, NULL);
  return details;
}

static const char *joined(const gk_json_t *details, const char *member, const char *between, apr_pool_t *pool)
{
  const char *text = "";
  for (apr_size_t i = 0; i < gk_json_size(details); i++)
    text = apr_pstrcat(pool, text, i > 0 ? between : "", gk_json_str(gk_json_at(details, i), member), NULL);
  return text;
}

static const char *name_of(const gk_json_t *object, bool english)
{
  const gk_json_t *texts = gk_json_get(object, "title");
  const char *name = gk_json_str(texts != NULL ? texts : object, english ? "en" : "zh");
  return name != NULL ? name : "";
}

static gk_json_t *find(gk_json_t *list, const char *key, const char *id)
{
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    const char *one = gk_json_str(gk_json_at(list, i), key);
    if (one != NULL && strcmp(one, id) == 0)
      return gk_json_at(list, i);
  }
  return NULL;
}

/* Lists of objects with an id. */
static void compare(diff_t *d, const char *what, const char *zh, const char *en, const char *key, gk_json_t *a, gk_json_t *b)
{
  for (apr_size_t i = 0; i < gk_json_size(b); i++) {
    gk_json_t *fresh = gk_json_at(b, i);
    const char *id = gk_json_str(fresh, key);
    gk_json_t *old = id != NULL ? find(a, key, id) : NULL;
    if (id == NULL || (old != NULL && gk_json_equal(old, fresh)))
      continue;
    if (old == NULL) {
      entry(d, what, id, "added", apr_psprintf(d->pool, "新增%s“%s”", zh, name_of(fresh, false)),
            apr_psprintf(d->pool, "New %s: %s", en, name_of(fresh, true)));
      continue;
    }
    gk_json_t *details = compare_members(d, old, fresh);
    gk_json_t *one = entry(d, what, id, "changed",
                           apr_psprintf(d->pool, "%s“%s”改了%s", zh, name_of(fresh, false), joined(details, "zh", "、", d->pool)),
                           apr_psprintf(d->pool, "Changed %s %s: %s", en, name_of(fresh, true),
                                        joined(details, "en", ", ", d->pool)));
    gk_json_set(one, "details", details);
  }
  for (apr_size_t i = 0; i < gk_json_size(a); i++) {
    gk_json_t *old = gk_json_at(a, i);
    const char *id = gk_json_str(old, key);
    if (id != NULL && find(b, key, id) == NULL)
      entry(d, what, id, "removed", apr_psprintf(d->pool, "取消%s“%s”", zh, name_of(old, false)),
            apr_psprintf(d->pool, "Removed %s: %s", en, name_of(old, true)));
  }
}

static gk_json_t *tables_of(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->tables->nelts; i++)
    gk_json_add(list, gk_pack_table_json(&APR_ARRAY_IDX(pack->tables, i, gk_table_t), pool));
  return list;
}

static gk_json_t *fields_of(gk_json_t *form, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool), *sections = gk_json_get(form, "sections");
  for (apr_size_t s = 0; s < gk_json_size(sections); s++) {
    gk_json_t *fields = gk_json_get(gk_json_at(sections, s), "fields");
    for (apr_size_t f = 0; f < gk_json_size(fields); f++)
      gk_json_add(list, gk_json_at(fields, f));
  }
  return list;
}

static gk_json_t *texts_of(const gk_pack_t *pack, const apr_array_header_t *texts, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  (void)pack;
  for (int i = 0; texts != NULL && i < texts->nelts; i++) {
    const gk_pack_text_t *text = &APR_ARRAY_IDX(texts, i, gk_pack_text_t);
    gk_json_t *one = gk_json_object(pool), *body = gk_json_object(pool);
    gk_json_set_str(one, "id", text->id);
    gk_json_set_str(one, "zh", text->title.zh);
    gk_json_set_str(one, "en", text->title.en);
    gk_json_set_str(body, "zh", text->body.zh);
    gk_json_set_str(body, "en", text->body.en);
    gk_json_set(one, "body", body);
    gk_json_add(list, one);
  }
  return list;
}

static gk_json_t *windows_of(const gk_pack_t *pack, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; i < pack->windows->nelts; i++) {
    const gk_pack_window_t *window = &APR_ARRAY_IDX(pack->windows, i, gk_pack_window_t);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set_str(one, "id", window->action);
    gk_json_set_str(one, "zh", window->name.zh);
    gk_json_set_str(one, "en", window->name.en);
    gk_json_set_str(one, "opens", apr_psprintf(pool, "%d %02d:%02d", window->opens_day, window->opens_minute / 60,
                                               window->opens_minute % 60));
    gk_json_set_str(one, "closes", apr_psprintf(pool, "%d %02d:%02d", window->closes_day, window->closes_minute / 60,
                                                window->closes_minute % 60));
    gk_json_add(list, one);
  }
  return list;
}

static gk_json_t *listed(gk_json_t *value, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  gk_json_add(list, value);
  return list;
}

gk_json_t *gk_pack_diff(const gk_pack_t *before, const gk_pack_t *after, apr_pool_t *pool)
{
  diff_t d = {gk_json_array(pool), pool};
  gk_json_t *old = gk_pack_form_json(before, NULL, NULL, pool), *fresh = gk_pack_form_json(after, NULL, NULL, pool);
  compare(&d, "rule", "规则", "rule", "id", gk_pack_rules_json(before, 0, pool), gk_pack_rules_json(after, 0, pool));
  compare(&d, "field", "项目", "field", "id", fields_of(old, pool), fields_of(fresh, pool));
  compare(&d, "subject", "科类", "subject", "code", gk_json_get(old, "subjects"), gk_json_get(fresh, "subjects"));
  compare(&d, "table", "代码表", "table", "id", tables_of(before, pool), tables_of(after, pool));
  compare(&d, "paper", "材料", "paper", "id", gk_pack_papers_json(before, pool), gk_pack_papers_json(after, pool));
  compare(&d, "part", "后续信息", "part", "id", gk_pack_parts_json(before, pool), gk_pack_parts_json(after, pool));
  compare(&d, "window", "默认时间", "window", "id", windows_of(before, pool), windows_of(after, pool));
  compare(&d, "text", "文字", "text", "id", texts_of(before, before->texts, pool), texts_of(after, after->texts, pool));
  compare(&d, "notice", "公告", "notice", "id", texts_of(before, before->notices, pool), texts_of(after, after->notices, pool));
  compare(&d, "photo", "照片要求", "photo profile", "id", listed(gk_pack_photo_json(before, pool), pool),
          listed(gk_pack_photo_json(after, pool), pool));
  return d.out;
}

/* ---- judged alike ---------------------------------------------------------------------------------------- */

static bool same_list(const apr_array_header_t *a, const apr_array_header_t *b)
{
  if (a->nelts != b->nelts)
    return false;
  for (int i = 0; i < a->nelts; i++)
    if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) != 0)
      return false;
  return true;
}

bool gk_rule_same(const gk_rule_t *a, const gk_rule_t *b)
{
  return strcmp(a->test, b->test) == 0 && a->severity == b->severity && a->stages == b->stages &&
         same_list(a->subjects, b->subjects) && same_list(a->categories, b->categories) && same_list(a->areas, b->areas) &&
         gk_date_compare(a->valid_from, b->valid_from) == 0 && gk_date_compare(a->valid_to, b->valid_to) == 0;
}

static bool same_shape(const apr_array_header_t *a, const apr_array_header_t *b)
{
  int n = a != NULL ? a->nelts : 0;
  if (n != (b != NULL ? b->nelts : 0))
    return false;
  for (int i = 0; i < n; i++) {
    const gk_field_t *one = &APR_ARRAY_IDX(a, i, gk_field_t), *other = &APR_ARRAY_IDX(b, i, gk_field_t);
    if (strcmp(one->id, other->id) != 0 || one->type != other->type || one->pattern != other->pattern ||
        (one->table == NULL) != (other->table == NULL) ||
        (one->table != NULL && strcmp(one->table->id, other->table->id) != 0) || !same_shape(one->columns, other->columns))
      return false;
  }
  return true;
}

bool gk_pack_derives_alike(const gk_pack_t *a, const gk_pack_t *b, apr_pool_t *pool)
{
  return a->season == b->season && same_shape(a->fields, b->fields) && gk_json_equal(tables_of(a, pool), tables_of(b, pool));
}
