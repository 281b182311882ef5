/* domain/pack_edit.c: changes rules in a pack's XML (pack_life.h). The pack was loaded before, so it is well-formed: a rule
 * is found in the text by its tags, and whatever is not changed stays as its author wrote it, comments included. */
#include "domain/pack_life.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/xml.h"

typedef struct edit_t {
  const char *text;        /* as it is by now */
  const char *prefix;
  const gk_pack_t *pack;
  gk_error_t *error;
  apr_pool_t *pool;
} edit_t;

/* ---- finding ----------------------------------------------------------------------------------------------- */

/* Behind a comment, CDATA section or processing instruction that begins at `at`; `at` itself when there is none. */
static const char *skip(const char *at)
{
  static const struct {
    const char *open, *close;
  } kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strncmp(at, kinds[i].open, strlen(kinds[i].open)) == 0) {
      const char *end = strstr(at, kinds[i].close);
      return end != NULL ? end + strlen(kinds[i].close) : at + strlen(at);
    }
  return at;
}

/* The end of the tag that begins at `at`: behind its '>'. */
static const char *tag_end(const char *at)
{
  char quote = '\0';
  for (; *at != '\0' && (quote != '\0' || *at != '>'); at++)
    if (quote != '\0')
      quote = *at == quote ? '\0' : quote;
    else if (*at == '"' || *at == '\'')
      quote = *at;
  return *at != '\0' ? at + 1 : at;
}

static bool named(const char *at, const char *tag)
{
  apr_size_t length = strlen(tag);
  return strncmp(at, tag, length) == 0 && (apr_isspace(at[length]) || at[length] == '>' || at[length] == '/');
}

/* The next tag `tag` ("<rule", "</rules") from `at` on, or NULL. */
static const char *find_tag(const char *at, const char *tag)
{
  while ((at = strchr(at, '<')) != NULL) {
    const char *behind = skip(at);
    if (behind != at) {
      at = behind;
      continue;
    }
    if (named(at, tag))
      return at;
    at++;
  }
  return NULL;
}

/* A rule's element: from its '<' to behind "</rule>". */
static bool find_rule(const edit_t *edit, const char *id, const char **from, const char **to)
{
  const char *at = find_tag(edit->text, "<rules"), *end = at != NULL ? find_tag(at, "</rules") : NULL;
  while (at != NULL && end != NULL && (at = find_tag(at + 1, "<rule")) != NULL && at < end) {
    const char *close = find_tag(at, "</rule"), *head = tag_end(at);
    gk_xml_t *xml;
    if (close == NULL)
      return false;
    const char *lone = apr_pstrcat(edit->pool, apr_pstrmemdup(edit->pool, at, (apr_size_t)(head - at)), "</rule>", NULL);
    if (gk_xml_parse(&xml, lone, strlen(lone), edit->pool) != NULL)
      return false;
    const char *name = gk_xml_attr(gk_xml_root(xml), "id", edit->pool);
    if (name != NULL && strcmp(name, id) == 0) {
      *from = at;
      *to = tag_end(close);
      return true;
    }
  }
  return false;
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

static const char *attribute(const char *name, const char *value, apr_pool_t *pool)
{
  return apr_pstrcat(pool, " ", name, "=\"", gk_xml_escape(pool, value != NULL ? value : ""), "\"", NULL);
}

static const char *words_of(const gk_json_t *list, apr_pool_t *pool)
{
  const char *text = "";
  for (apr_size_t i = 0; i < gk_json_size(list); i++)
    text = apr_pstrcat(pool, text, i > 0 ? " " : "", gk_json_str_value(gk_json_at(list, i)), NULL);
  return text;
}

/* A member of the change as an attribute's text; NULL: not given. *remove: given as null or empty. */
static const char *given(const gk_json_t *change, const char *name, bool *removed, apr_pool_t *pool)
{
  gk_json_t *value = gk_json_get(change, name);
  *removed = value != NULL && (gk_json_is_null(value) || (gk_json_is_array(value) && gk_json_size(value) == 0));
  if (value == NULL || *removed)
    return NULL;
  return gk_json_is_array(value) ? words_of(value, pool) : gk_json_str_value(value);
}

static const char *head_of(const gk_json_t *change, gk_xml_node_t *old, apr_pool_t *pool)
{
  static const char *const names[] = {"id", "severity", "stages", "basis", "fields", "subjects", "categories", "areas",
                                      "valid_from", "valid_to", NULL};
  const char *text = "<rule";
  for (int i = 0; names[i] != NULL; i++) {
    bool removed;
    const char *value = given(change, names[i], &removed, pool);
    if (value == NULL && !removed && old != NULL)
      value = gk_xml_attr(old, names[i], pool);
    if (value != NULL)
      text = apr_pstrcat(pool, text, attribute(names[i], value, pool), NULL);
  }
  for (const apr_array_header_t *attrs = old != NULL ? gk_xml_attrs(old, pool) : NULL; attrs != NULL; attrs = NULL)
    for (int i = 0; i < attrs->nelts; i++) {
      const gk_xml_attr_t *attr = &APR_ARRAY_IDX(attrs, i, gk_xml_attr_t);
      bool known = false;
      for (int n = 0; names[n] != NULL; n++)
        known = known || strcmp(names[n], attr->name) == 0;
      if (!known)
        text = apr_pstrcat(pool, text, attribute(attr->name, attr->value, pool), NULL);
    }
  return apr_pstrcat(pool, text, ">", NULL);
}

/* <title zh="" en=""/>; one language given alone leaves the other. */
static const char *both_of(const gk_json_t *change, gk_xml_node_t *old, const char *name, apr_pool_t *pool)
{
  const gk_json_t *fresh = gk_json_get(change, name);
  gk_xml_node_t *node = old != NULL ? gk_xml_child(old, name) : NULL;
  const char *zh = gk_json_str(fresh, "zh"), *en = gk_json_str(fresh, "en");
  if (gk_json_get(change, name) != NULL && gk_json_is_null(fresh))
    return "";
  if (zh == NULL && node != NULL)
    zh = gk_xml_attr(node, "zh", pool);
  if (en == NULL && node != NULL)
    en = gk_xml_attr(node, "en", pool);
  if (zh == NULL && en == NULL)
    return "";
  return apr_pstrcat(pool, "\n      <", name, attribute("zh", zh != NULL ? zh : "", pool),
                     attribute("en", en != NULL ? en : "", pool), "/>", NULL);
}

static const char *case_of(const gk_json_t *one, apr_pool_t *pool)
{
  const char *text = apr_pstrcat(pool, "\n      <case", attribute("expect", gk_json_str(one, "expect"), pool), NULL);
  const char *rows = "";
  if (gk_json_str(one, "as_of") != NULL)
    text = apr_pstrcat(pool, text, attribute("as_of", gk_json_str(one, "as_of"), pool), NULL);
  for (gk_json_iter_t it = gk_json_first(gk_json_get(one, "fields")); it.key != NULL; gk_json_next(&it)) {
    if (gk_json_is_string(it.value))
      text = apr_pstrcat(pool, text, attribute(it.key, gk_json_str_value(it.value), pool), NULL);
    if (!gk_json_is_array(it.value) || gk_json_size(it.value) == 0)
      continue;
    rows = apr_pstrcat(pool, rows, "<rows", attribute("field", it.key, pool), ">", NULL);
    for (apr_size_t r = 0; r < gk_json_size(it.value); r++) {
      rows = apr_pstrcat(pool, rows, "<row", NULL);
      for (gk_json_iter_t c = gk_json_first(gk_json_at(it.value, r)); c.key != NULL; gk_json_next(&c))
        rows = apr_pstrcat(pool, rows, attribute(c.key, gk_json_str_value(c.value), pool), NULL);
      rows = apr_pstrcat(pool, rows, "/>", NULL);
    }
    rows = apr_pstrcat(pool, rows, "</rows>", NULL);
  }
  return rows[0] != '\0' ? apr_pstrcat(pool, text, ">", rows, "</case>", NULL) : apr_pstrcat(pool, text, "/>", NULL);
}

/* The cases as they stood, from the first to the end of the rule. */
static const char *old_cases(const char *from, const char *to, apr_pool_t *pool)
{
  const char *text = from != NULL ? apr_pstrmemdup(pool, from, (apr_size_t)(to - from)) : "";
  const char *first = find_tag(text, "<case"), *end = first != NULL ? find_tag(first, "</rule") : NULL;
  return end != NULL ? apr_pstrcat(pool, "\n      ", apr_pstrmemdup(pool, first, (apr_size_t)(end - first)), NULL) : "\n    ";
}

static const char *rule_text(edit_t *edit, const gk_json_t *change, gk_xml_node_t *old, const char *from, const char *to)
{
  apr_pool_t *pool = edit->pool;
  const gk_json_t *cases = gk_json_get(change, "cases");
  const char *test = gk_json_str(change, "test"), *body;
  if (test == NULL && old != NULL && gk_xml_child(old, "test") != NULL)
    test = gk_xml_text(gk_xml_child(old, "test"), pool);
  body = apr_pstrcat(pool, head_of(change, old, pool), both_of(change, old, "title", pool), "\n      <test>",
                     gk_xml_escape(pool, test != NULL ? test : ""), "</test>", both_of(change, old, "message", pool),
                     both_of(change, old, "hint", pool), NULL);
  if (cases == NULL)
    return apr_pstrcat(pool, body, old_cases(from, to, pool), "</rule>", NULL);
  for (apr_size_t i = 0; i < gk_json_size(cases); i++)
    body = apr_pstrcat(pool, body, case_of(gk_json_at(cases, i), pool), NULL);
  return apr_pstrcat(pool, body, "\n    </rule>", NULL);
}

static void replace(edit_t *edit, const char *from, const char *to, const char *with)
{
  edit->text = apr_pstrcat(edit->pool, apr_pstrmemdup(edit->pool, edit->text, (apr_size_t)(from - edit->text)), with, to, NULL);
}

/* A basis in words: one of the rule's own, called as the rule is. */
static void set_basis(edit_t *edit, gk_json_t *change, const char *id)
{
  const gk_json_t *words = gk_json_get(change, "basis_text");
  const char *zh = gk_json_str(words, "zh"), *en = gk_json_str(words, "en"), *at = find_tag(edit->text, "<bases");
  const char *end = at != NULL ? find_tag(at, "</bases") : NULL;
  if (zh == NULL || end == NULL)
    return;
  const char *text = apr_pstrcat(edit->pool, "<basis", attribute("id", id, edit->pool), attribute("zh", zh, edit->pool),
                                 attribute("en", en != NULL ? en : zh, edit->pool), "/>", NULL);
  const char *own = apr_pstrcat(edit->pool, "<basis", attribute("id", id, edit->pool), " ", NULL);
  gk_json_set_str(change, "basis", id);
  while ((at = find_tag(at + 1, "<basis")) != NULL && at < end)
    if (strncmp(at, own, strlen(own)) == 0) {
      replace(edit, at, tag_end(at), text);
      return;
    }
  replace(edit, end, end, apr_pstrcat(edit->pool, "  ", text, "\n  ", NULL));
}

/* A field or a column of rows: written as an attribute's name, where nothing can be escaped. */
static bool is_name(const char *text)
{
  return text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0' &&
         strcmp(text, "expect") != 0 && strcmp(text, "as_of") != 0;
}

static bool is_row(gk_json_t *row)
{
  bool good = gk_json_is_object(row);
  for (gk_json_iter_t it = gk_json_first(row); good && it.key != NULL; gk_json_next(&it))
    good = is_name(it.key) && gk_json_is_string(it.value);
  return good;
}

static bool is_fields(gk_json_t *fields)
{
  bool good = fields == NULL || gk_json_is_object(fields);
  for (gk_json_iter_t it = gk_json_first(fields); good && it.key != NULL; gk_json_next(&it)) {
    good = is_name(it.key) && (gk_json_is_string(it.value) || gk_json_is_array(it.value));
    for (apr_size_t i = 0; good && gk_json_is_array(it.value) && i < gk_json_size(it.value); i++)
      good = is_row(gk_json_at(it.value, i));
  }
  return good;
}

static bool check_cases(edit_t *edit, const gk_json_t *change, apr_size_t index)
{
  const gk_json_t *cases = gk_json_get(change, "cases");
  bool good = true;
  for (apr_size_t i = 0; i < gk_json_size(cases); i++)
    if (!is_fields(gk_json_get(gk_json_at(cases, i), "fields"))) {
      gk_violation(&edit->error, edit->pool,
                   apr_psprintf(edit->pool, "%s/rules/%d/cases/%d/fields", edit->prefix, (int)index, (int)i), "name",
                   "例子里有不是项目的内容：项目和表格各列的名称只能用小写字母、数字和下划线，值为文字",
                   "A case holds something that is no field: names of fields and of columns are lower-case letters, digits and "
                   "underscores, values are texts");
      good = false;
    }
  return good;
}

/* ---- changes ----------------------------------------------------------------------------------------------- */

static void change_rule(edit_t *edit, gk_json_t *change, apr_size_t index)
{
  const char *id = gk_json_str(change, "id"), *from = NULL, *to = NULL;
  if (id == NULL || id[0] == '\0' || id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_")] != '\0') {
    gk_violation(&edit->error, edit->pool, apr_psprintf(edit->pool, "%s/rules/%d/id", edit->prefix, (int)index), "id",
                 "规则编号只能用小写字母、数字和连字符", "A rule's id is made of lower-case letters, digits and hyphens");
    return;
  }
  if (!check_cases(edit, change, index))
    return;
  set_basis(edit, change, id);
  if (find_rule(edit, id, &from, &to)) {
    gk_xml_t *xml;
    const char *lone = apr_pstrmemdup(edit->pool, from, (apr_size_t)(to - from));
    if (gk_xml_parse(&xml, lone, strlen(lone), edit->pool) == NULL)
      replace(edit, from, to, rule_text(edit, change, gk_xml_root(xml), from, to));
    return;
  }
  const char *end = find_tag(edit->text, "</rules");
  if (end != NULL)
    replace(edit, end, end, apr_pstrcat(edit->pool, "  ", rule_text(edit, change, NULL, NULL, NULL), "\n  ", NULL));
}

static void remove_rule(edit_t *edit, const char *id, apr_size_t index)
{
  const char *from, *to;
  if (id != NULL && find_rule(edit, id, &from, &to))
    replace(edit, from, to, "");
  else
    gk_violation(&edit->error, edit->pool, apr_psprintf(edit->pool, "%s/remove/%d", edit->prefix, (int)index), "unknown",
                 "没有规则 %s", "There is no rule %s", id != NULL ? id : "?");
}

/* version="..." of the root. */
static void set_version(edit_t *edit, int version)
{
  const char *root = find_tag(edit->text, "<pack");
  if (root == NULL)
    root = find_tag(edit->text, "<local-rules");
  const char *end = root != NULL ? tag_end(root) : NULL;
  const char *at = root != NULL ? strstr(root, " version=") : NULL;
  if (at == NULL || at >= end)
    return;
  const char *value = at + strlen(" version=") + 1, *close = strchr(value, value[-1]);
  if (close != NULL && close < end)
    replace(edit, value, close, apr_itoa(edit->pool, version));
}

/* What stands between the tags of the first `open`, or "". */
static const char *inside(const char *xml, const char *open, const char *close, apr_pool_t *pool)
{
  const char *at = find_tag(xml, open), *end = at != NULL ? find_tag(at, close) : NULL;
  const char *from = end != NULL ? tag_end(at) : NULL;
  return from != NULL && from <= end ? apr_pstrmemdup(pool, from, (apr_size_t)(end - from)) : "";
}

static void insert_before(edit_t *edit, const char *tag, const char *text)
{
  const char *end = find_tag(edit->text, tag);
  if (end != NULL)
    replace(edit, end, end, text);
}

int gk_pack_rule_tags(const char *xml)
{
  const char *at = find_tag(xml, "<rules"), *end = at != NULL ? find_tag(at, "</rules") : NULL;
  int count = 0;
  while (at != NULL && end != NULL && (at = find_tag(at + 1, "<rule")) != NULL && at < end)
    count++;
  return count;
}

const char *gk_pack_join(const char *xml, const char *local, apr_pool_t *pool)
{
  edit_t edit = {xml, "", NULL, NULL, pool};
  insert_before(&edit, "</bases", inside(local, "<bases", "</bases", pool));
  insert_before(&edit, "</rules", inside(local, "<rules", "</rules", pool));
  return edit.text;
}

gk_error_t *gk_pack_edit(const char **out, const char *xml, gk_json_t *changes, int version, const char *prefix,
                         const gk_pack_t *pack, apr_pool_t *pool)
{
  edit_t edit = {xml, prefix, pack, NULL, pool};
  gk_json_t *rules = gk_json_get(changes, "rules"), *removed = gk_json_get(changes, "remove");
  for (apr_size_t i = 0; i < gk_json_size(removed); i++)
    remove_rule(&edit, gk_json_str_value(gk_json_at(removed, i)), i);
  for (apr_size_t i = 0; i < gk_json_size(rules); i++)
    change_rule(&edit, gk_json_at(rules, i), i);
  set_version(&edit, version);
  GK_TRY(edit.error);
  *out = edit.text;
  return NULL;
}
