/* domain/conditions.c: see conditions.h. */
#include "domain/conditions.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const char *const comparisons[] = {"<=", ">=", "!=", "<", ">", "=", NULL};

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static bool plain_name(const char *text)
{
  return text != NULL && (apr_isalpha(text[0]) || text[0] == '_') &&
         text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0' &&
         !is(text, "and") && !is(text, "or") && !is(text, "div") && !is(text, "mod");
}

static bool plain_number(const char *text)
{
  apr_size_t whole = text != NULL ? strspn(text, "0123456789") : 0;
  if (whole == 0 || whole > 15)
    return false;
  text += whole;
  return text[0] == '\0' || (text[0] == '.' && text[1] != '\0' && text[1 + strspn(text + 1, "0123456789")] == '\0' &&
                             whole + strlen(text) <= 16);
}

/* ---- conditions to a test ---------------------------------------------------------------------------------- */

typedef struct writer_t {
  gk_error_t *error;
  apr_pool_t *pool;
  int count;
} writer_t;

enum { ALONE, IN_ALL, IN_ANY };

static const char *refuse(writer_t *w, const char *pointer, const char *zh, const char *en)
{
  gk_violation(&w->error, w->pool, pointer, "condition", "%s%.0s", "%.0s%s", zh, en);
  return "";
}

static const char *quoted(writer_t *w, const char *text, const char *pointer)
{
  if (strchr(text, '\'') == NULL)
    return apr_pstrcat(w->pool, "'", text, "'", NULL);
  if (strchr(text, '"') == NULL)
    return apr_pstrcat(w->pool, "\"", text, "\"", NULL);
  return refuse(w, pointer, "文字里不能同时有两种引号", "A text can't hold both kinds of quotes");
}

static const char *compare(writer_t *w, const gk_json_t *one, const char *field, const char *op, const char *pointer)
{
  const char *value = gk_json_str(one, "value"), *number = gk_json_str(one, "number"), *other = gk_json_str(one, "other");
  const char *right;
  if ((value != NULL) + (number != NULL) + (other != NULL) != 1)
    return refuse(w, pointer, "要与一个值、一个数或另一个项目比较", "Compare with a value, a number or another field");
  if (number != NULL && !plain_number(number))
    return refuse(w, pointer, "数应当只有数字，例如 16 或 1.5", "A number has digits only, such as 16 or 1.5");
  if (other != NULL && !plain_name(other))
    return refuse(w, pointer, "项目名不对", "This is no name of a field");
  right = value != NULL ? quoted(w, value, pointer) : number != NULL ? number : other;
  return apr_pstrcat(w->pool, field, " ", op, " ", right, NULL);
}

static const char *leaf(writer_t *w, const gk_json_t *one, const char *pointer)
{
  const char *field = gk_json_str(one, "field"), *op = gk_json_str(one, "op"), *value = gk_json_str(one, "value");
  if (!plain_name(field))
    return refuse(w, pointer, "项目名不对", "This is no name of a field");
  if (is(op, "filled"))
    return field;
  if (is(op, "empty"))
    return apr_pstrcat(w->pool, "not(", field, ")", NULL);
  if (is(op, "starts-with") || is(op, "contains")) {
    if (value == NULL)
      return refuse(w, pointer, "请写文字", "Write the text");
    return apr_pstrcat(w->pool, op, "(", field, ", ", quoted(w, value, pointer), ")", NULL);
  }
  for (int i = 0; comparisons[i] != NULL; i++)
    if (is(op, comparisons[i]))
      return compare(w, one, field, op, pointer);
  return refuse(w, pointer, "没有这种比较", "There is no such comparison");
}

static const char *write_one(writer_t *w, const gk_json_t *one, int inside, int depth, const char *pointer)
{
  const gk_json_t *all = gk_json_get(one, "all"), *any = gk_json_get(one, "any"), *not = gk_json_get(one, "not");
  const gk_json_t *list = all != NULL ? all : any;
  if (++w->count > GK_CONDITIONS_MAX || depth > GK_CONDITIONS_DEPTH)
    return refuse(w, pointer, "条件太多或嵌套太深", "Too many conditions, or nested too deeply");
  if (!gk_json_is_object(one))
    return refuse(w, pointer, "应为一个条件", "This has to be a condition");
  if (not != NULL)
    return apr_pstrcat(w->pool, "not(",
                       write_one(w, not, ALONE, depth + 1, apr_pstrcat(w->pool, pointer, "/not", NULL)), ")", NULL);
  if (list == NULL)
    return leaf(w, one, pointer);
  if (!gk_json_is_array(list))
    return refuse(w, pointer, "应为条件的列表", "This has to be a list of conditions");
  apr_size_t n = gk_json_size(list);
  if (n == 0)
    return all != NULL ? "true()" : "false()";
  int here = n == 1 ? inside : all != NULL ? IN_ALL : IN_ANY; /* one alone stands for itself */
  const char *text = "";
  for (apr_size_t i = 0; i < n; i++)
    text = apr_pstrcat(w->pool, text, i == 0 ? "" : all != NULL ? " and " : " or ",
                       write_one(w, gk_json_at(list, i), here, depth + 1,
                                 apr_psprintf(w->pool, "%s/%s/%d", pointer, all != NULL ? "all" : "any", (int)i)),
                       NULL);
  bool brackets = n > 1 && inside != ALONE && inside != here;
  return brackets ? apr_pstrcat(w->pool, "(", text, ")", NULL) : text;
}

gk_error_t *gk_conditions_test(const char **test, const gk_json_t *conditions, const char *prefix, apr_pool_t *pool)
{
  writer_t w = {.pool = pool};
  const char *text = write_one(&w, conditions, ALONE, 0, prefix);
  GK_TRY(w.error);
  *test = text;
  return NULL;
}

/* ---- a test to conditions ---------------------------------------------------------------------------------- */

typedef struct reader_t {
  const char *at;
  int count;
  apr_pool_t *pool;
} reader_t;

static void blanks(reader_t *r) { r->at += strspn(r->at, " \t\r\n"); }

static bool symbol(reader_t *r, const char *text)
{
  blanks(r);
  if (strncmp(r->at, text, strlen(text)) != 0)
    return false;
  r->at += strlen(text);
  return true;
}

/* A name as XPath sees it, hyphens included; NULL, and nothing read, when there is none. */
static const char *word(reader_t *r)
{
  blanks(r);
  const char *from = r->at;
  if (!apr_isalpha(from[0]) && from[0] != '_')
    return NULL;
  while (apr_isalnum(r->at[0]) || r->at[0] == '_' || r->at[0] == '-' || r->at[0] == '.')
    r->at++;
  return apr_pstrmemdup(r->pool, from, (apr_size_t)(r->at - from));
}

static const char *text_of(reader_t *r)
{
  blanks(r);
  char quote = r->at[0];
  const char *end = quote == '\'' || quote == '"' ? strchr(r->at + 1, quote) : NULL;
  if (end == NULL)
    return NULL;
  const char *text = apr_pstrmemdup(r->pool, r->at + 1, (apr_size_t)(end - r->at - 1));
  r->at = end + 1;
  return text;
}

static const char *number_of(reader_t *r)
{
  blanks(r);
  apr_size_t length = strspn(r->at, "0123456789.");
  const char *text = apr_pstrmemdup(r->pool, r->at, length);
  if (!plain_number(text))
    return NULL;
  r->at += length;
  return text;
}

static gk_json_t *leaf_of(reader_t *r, const char *field, const char *op)
{
  gk_json_t *one = gk_json_object(r->pool);
  gk_json_set_str(one, "field", field);
  gk_json_set_str(one, "op", op);
  return one;
}

static gk_json_t *read_any(reader_t *r, int depth);

/* starts-with(field, 'text') and contains(...); the bracket is open. */
static gk_json_t *read_function(reader_t *r, const char *name)
{
  const char *field = word(r), *text;
  if (!plain_name(field) || !symbol(r, ",") || (text = text_of(r)) == NULL || !symbol(r, ")"))
    return NULL;
  gk_json_t *one = leaf_of(r, field, name);
  gk_json_set_str(one, "value", text);
  return one;
}

static gk_json_t *read_comparison(reader_t *r, const char *field)
{
  const char *op = NULL, *right;
  blanks(r);
  for (int i = 0; op == NULL && comparisons[i] != NULL; i++)
    if (symbol(r, comparisons[i]))
      op = comparisons[i];
  if (op == NULL)
    return leaf_of(r, field, "filled");
  gk_json_t *one = leaf_of(r, field, op);
  if ((right = text_of(r)) != NULL)
    gk_json_set_str(one, "value", right);
  else if ((right = number_of(r)) != NULL)
    gk_json_set_str(one, "number", right);
  else if ((right = word(r)) != NULL && plain_name(right))
    gk_json_set_str(one, "other", right);
  else
    return NULL;
  return one;
}

/* not(x): "empty" where x is a field alone. */
static gk_json_t *negated(reader_t *r, gk_json_t *inner)
{
  if (is(gk_json_str(inner, "op"), "filled"))
    return leaf_of(r, gk_json_str(inner, "field"), "empty");
  gk_json_t *one = gk_json_object(r->pool);
  gk_json_set(one, "not", inner);
  return one;
}

static gk_json_t *read_one(reader_t *r, int depth)
{
  if (++r->count > GK_CONDITIONS_MAX || depth > GK_CONDITIONS_DEPTH)
    return NULL;
  if (symbol(r, "(")) {
    gk_json_t *inner = read_any(r, depth + 1);
    return inner != NULL && symbol(r, ")") ? inner : NULL;
  }
  const char *name = word(r);
  if (name == NULL)
    return NULL;
  if (!symbol(r, "("))
    return plain_name(name) ? read_comparison(r, name) : NULL;
  if (is(name, "not")) {
    gk_json_t *inner = read_any(r, depth + 1);
    return inner != NULL && symbol(r, ")") ? negated(r, inner) : NULL;
  }
  if (is(name, "true") || is(name, "false")) {
    gk_json_t *one = gk_json_object(r->pool);
    gk_json_set(one, is(name, "true") ? "all" : "any", gk_json_array(r->pool));
    return symbol(r, ")") ? one : NULL;
  }
  return is(name, "starts-with") || is(name, "contains") ? read_function(r, name) : NULL;
}

/* `and` or `or`, when it comes next. */
static bool joins(reader_t *r, const char *with)
{
  const char *before = r->at, *name = word(r);
  if (is(name, with))
    return true;
  r->at = before;
  return false;
}

static gk_json_t *read_joined(reader_t *r, const char *with, const char *key, gk_json_t *(*read)(reader_t *, int), int depth)
{
  gk_json_t *first = read(r, depth), *list = NULL;
  while (first != NULL && joins(r, with)) {
    gk_json_t *more = read(r, depth);
    if (more == NULL)
      return NULL;
    if (list == NULL) {
      list = gk_json_array(r->pool);
      gk_json_add(list, first);
    }
    gk_json_add(list, more);
  }
  if (list == NULL)
    return first;
  gk_json_t *one = gk_json_object(r->pool);
  gk_json_set(one, key, list);
  return one;
}

static gk_json_t *read_all(reader_t *r, int depth) { return read_joined(r, "and", "all", read_one, depth); }
static gk_json_t *read_any(reader_t *r, int depth) { return read_joined(r, "or", "any", read_all, depth); }

gk_json_t *gk_conditions_of(const char *test, apr_pool_t *pool)
{
  reader_t r = {test, 0, pool};
  gk_json_t *one = read_any(&r, 0);
  blanks(&r);
  return one != NULL && r.at[0] == '\0' ? one : NULL;
}
