/* domain/pack_xpath.c: the part of XPath 1.0 that rules may use.
 *
 * libxml2 and browsers agree on it (faults.md IN-7; reference/libraries.md has the battery): paths of known
 * names from the candidate, comparisons, arithmetic on numeric fields, and a list of functions. What they
 * answer differently, or what costs out of proportion (//, axes), is refused with the way to say it instead.
 */
#include "domain/pack_internal.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"

enum { MAX_TOKENS = 400, MAX_DEPTH = 30 };

typedef enum kind_t { END, NAME, FUNCTION, WORD_OPERATOR, NUMBER, LITERAL, SYMBOL } kind_t;

typedef struct token_t {
  kind_t kind;
  const char *text;        /* "<=", "name", literal without quotes */
} token_t;

typedef struct reader_t {
  const gk_pack_t *pack;
  const gk_part_t *part;
  apr_pool_t *pool;
  const char *pointer;
  gk_error_t **error;      /* NULL: only names are collected */
  apr_array_header_t *names;
  token_t tokens[MAX_TOKENS + 1];
  int count;
} reader_t;

#define FAULT(reader, code, ...)                                                                  \
  do {                                                                                            \
    if ((reader)->error != NULL)                                                                  \
      gk_violation((reader)->error, (reader)->pool, (reader)->pointer, (code), __VA_ARGS__);      \
  } while (0)

/* ---- words ------------------------------------------------------------------------------------------- */

static bool name_start(char c) { return apr_isalpha(c) || c == '_'; }
static bool name_part(char c) { return apr_isalnum(c) || c == '_' || c == '-' || c == '.'; }

/* After a value `and`, `*` and the like are operators; elsewhere names. */
static bool after_value(const reader_t *reader)
{
  if (reader->count == 0)
    return false;
  const token_t *last = &reader->tokens[reader->count - 1];
  if (last->kind == NAME || last->kind == NUMBER || last->kind == LITERAL)
    return true;
  return last->kind == SYMBOL && (strcmp(last->text, ")") == 0 || strcmp(last->text, "]") == 0 ||
                                  strcmp(last->text, ".") == 0 || strcmp(last->text, "..") == 0);
}

static bool word_operator(const char *word)
{
  return strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "div") == 0 ||
         strcmp(word, "mod") == 0;
}

static const char *slice(reader_t *reader, const char *from, const char *to)
{
  return apr_pstrndup(reader->pool, from, (apr_size_t)(to - from));
}

static bool next_token(reader_t *reader, const char **text)
{
  static const char *const symbols[] = {"<=", ">=", "!=", "//", "::", "..", "<", ">", "=", "+", "-", "*", "/",
                                        "(",  ")",  "[",  "]",  "|",  ",",  ".", "@", "$", NULL};
  const char *at = *text, *from = at;
  token_t *token = &reader->tokens[reader->count];
  if (apr_isdigit(*at) || (*at == '.' && apr_isdigit(at[1]))) {
    while (apr_isdigit(*at) || *at == '.')
      at++;
    *token = (token_t){NUMBER, slice(reader, from, at)};
    if (at - from > 15)
      FAULT(reader, "xpath-number", "数字 %s 超过15位，浏览器会算错；号码请作为文本用引号比较",
            "The number %s has more than 15 digits, which browsers round: compare it as quoted text",
            token->text);
    if (name_start(*at)) {
      FAULT(reader, "xpath-number", "数字后面不能紧跟字母（%s%c），指数写法浏览器不认",
            "A number can’t be followed by a letter (%s%c): browsers know no exponents", token->text, *at);
      return false;
    }
  } else if (*at == '\'' || *at == '"') {
    const char *end = strchr(at + 1, *at);
    if (end == NULL)
      return false;
    *token = (token_t){LITERAL, slice(reader, from + 1, end)};
    at = end + 1;
  } else if (name_start(*at)) {
    while (name_part(*at))
      at++;
    const char *word = slice(reader, from, at), *ahead = at;
    while (apr_isspace(*ahead))
      ahead++;
    kind_t kind = after_value(reader) && word_operator(word) ? WORD_OPERATOR
                  : *ahead == '('                            ? FUNCTION
                                                             : NAME;
    *token = (token_t){kind, word};
  } else {
    int i = 0;
    while (symbols[i] != NULL && strncmp(at, symbols[i], strlen(symbols[i])) != 0)
      i++;
    if (symbols[i] == NULL)
      return false;
    *token = (token_t){SYMBOL, symbols[i]};
    at += strlen(symbols[i]);
  }
  *text = at;
  reader->count++;
  return true;
}

static bool split(reader_t *reader, const char *expression)
{
  const char *at = expression;
  for (;;) {
    while (apr_isspace(*at))
      at++;
    if (*at == '\0')
      break;
    if (reader->count == MAX_TOKENS) {
      FAULT(reader, "xpath-long", "表达式太长，请拆成几条规则", "The expression is too long: make several rules of it");
      return false;
    }
    if (!next_token(reader, &at))
      return false;
  }
  reader->tokens[reader->count] = (token_t){END, ""};
  return true;
}

/* ---- names ------------------------------------------------------------------------------------------- */

/* Where a path stands: on the candidate, on a rows field, on one of its rows, or on a value. */
typedef enum place_t { CANDIDATE, ROWS, ROW, VALUE } place_t;

typedef struct path_t {
  place_t place;
  const gk_field_t *rows;     /* for ROWS, ROW and values below it */
  bool numeric, text;         /* of a VALUE: may be compared as a number; free text */
  const char *name;
} path_t;

static bool numeric_field(const gk_field_t *field)
{
  if (field->type == GK_FIELD_NUMBER || field->type == GK_FIELD_FLAG)
    return true;
  return field->type == GK_FIELD_TEXT && field->max_length <= 15 &&
         (field->pattern == GK_PATTERN_DIGITS || field->pattern == GK_PATTERN_POSTCODE);
}

/* Text of any characters, where browsers count UTF-16 units. */
static bool free_text(const gk_field_t *field)
{
  return field->type == GK_FIELD_TEXT && field->pattern != GK_PATTERN_DIGITS &&
         field->pattern != GK_PATTERN_POSTCODE && field->pattern != GK_PATTERN_ALNUM &&
         field->pattern != GK_PATTERN_MOBILE;
}

static void remember_name(reader_t *reader, const char *name)
{
  for (int i = 0; i < reader->names->nelts; i++)
    if (strcmp(GK_ROWS(const char *, reader->names)[i], name) == 0)
      return;
  APR_ARRAY_PUSH(reader->names, const char *) = name;
}

static void set_value(path_t *path, const gk_field_t *field)
{
  path->place = VALUE;
  path->numeric = numeric_field(field);
  path->text = free_text(field);
}

static bool fact(const char *name, apr_pool_t *pool)
{
  return strstr(" " GK_PACK_FACTS " ", apr_pstrcat(pool, " ", name, " ", NULL)) != NULL;
}

/* Follows one name from where the path stands. */
static void step(reader_t *reader, path_t *path, const char *name)
{
  const gk_field_t *field = NULL;
  path->name = name;
  if (path->place == CANDIDATE) {
    field = gk_pack_field(reader->pack, name);
    if (field == NULL && reader->part != NULL)
      field = gk_part_field(reader->part, name);
    const gk_derived_t *derived = apr_hash_get(reader->pack->derived_by_name, name, APR_HASH_KEY_STRING);
    remember_name(reader, name);
    if (field != NULL && field->type == GK_FIELD_ROWS)
      *path = (path_t){.place = ROWS, .rows = field, .name = name};
    else if (field != NULL)
      set_value(path, field);
    else if (derived != NULL)
      *path = (path_t){.place = VALUE, .numeric = derived->numeric, .name = name};
    else {
      if (!fact(name, reader->pool))
        FAULT(reader, "xpath-name", "表达式里的“%s”既不是字段，也不是派生字段",
              "“%s” in the expression is neither a field nor a derived field", name);
      *path = (path_t){.place = VALUE, .name = name};
    }
  } else if (path->place == ROWS && strcmp(name, "row") == 0)
    path->place = ROW;
  else if (path->place == ROW && (field = gk_field_column(path->rows, name)) != NULL)
    set_value(path, field);
  else {
    FAULT(reader, "xpath-name", "“%s”在这个位置不存在；多行字段写成 字段/row/列",
          "There is no “%s” here; a rows field is written FIELD/row/COLUMN", name);
    path->place = VALUE;
  }
}

static void step_up(reader_t *reader, path_t *path)
{
  if (path->place == ROW)
    path->place = ROWS;
  else if (path->place == ROWS || (path->place == VALUE && path->rows == NULL))
    *path = (path_t){.place = CANDIDATE};
  else if (path->place == VALUE)
    path->place = ROW;
  else
    FAULT(reader, "xpath-path", "“..”超出了考生", "“..” leaves the candidate");
}

/* ---- grammar ----------------------------------------------------------------------------------------- */

/* What a sub-expression is: its last path, when it was just a path. */
typedef struct value_t {
  bool is_path, is_number, is_literal;
  path_t path;
} value_t;

static value_t expression(reader_t *reader, int *at, const path_t *context, int depth);

static bool is_symbol(const reader_t *reader, int at, const char *text)
{
  return reader->tokens[at].kind == SYMBOL && strcmp(reader->tokens[at].text, text) == 0;
}

/* [ ... ] behind a path: names inside stand on it. */
static void predicates(reader_t *reader, int *at, const path_t *path, int depth)
{
  while (is_symbol(reader, *at, "[")) {
    (*at)++;
    expression(reader, at, path, depth + 1);
    if (is_symbol(reader, *at, "]"))
      (*at)++;
    else
      return;
  }
}

static value_t read_path(reader_t *reader, int *at, const path_t *context, int depth)
{
  value_t value = {.is_path = true, .path = *context};
  for (;;) {
    const token_t *token = &reader->tokens[*at];
    if (token->kind == NAME && is_symbol(reader, *at + 1, "::")) {
      FAULT(reader, "xpath-path", "不能用轴（%s::），请写 字段/row/列",
            "No axes (%s::): write FIELD/row/COLUMN", token->text);
      *at += 2;
      continue;
    }
    if (token->kind == NAME)
      step(reader, &value.path, token->text);
    else if (is_symbol(reader, *at, ".."))
      step_up(reader, &value.path);
    else if (!is_symbol(reader, *at, ".")) {
      if (is_symbol(reader, *at, "*"))
        FAULT(reader, "xpath-path", "不能用“*”，请写字段名", "“*” can’t be used: name the field");
      else
        return value;
    }
    (*at)++;
    predicates(reader, at, &value.path, depth);
    if (!is_symbol(reader, *at, "/"))
      return value;
    (*at)++;
  }
}

static const char *const functions[] = {"not",
                                        "true",
                                        "false",
                                        "count",
                                        "sum",
                                        "number",
                                        "starts-with",
                                        "contains",
                                        "concat",
                                        "normalize-space",
                                        "floor",
                                        "ceiling",
                                        "round",
                                        "boolean",
                                        "position",
                                        "last",
                                        "string-length",
                                        "substring",
                                        "translate",
                                        "substring-before",
                                        "substring-after",
                                        NULL};

static void check_argument(reader_t *reader, const char *function, const value_t *argument, int position)
{
  bool counts = strcmp(function, "string-length") == 0 || strcmp(function, "substring") == 0 ||
                strcmp(function, "translate") == 0 || strcmp(function, "normalize-space") == 0;
  if (counts && position == 0 && (!argument->is_path || argument->path.text))
    FAULT(reader, "xpath-text", "%s() 用在文字上，浏览器和服务器对生僻字的结果不同；长度请用 字段_length",
          "%s() on free text counts rare characters differently in browsers: use FIELD_length for lengths",
          function);
  if (strcmp(function, "concat") == 0 && !argument->is_path && !argument->is_literal)
    FAULT(reader, "xpath-text", "concat() 里只能是字段或引号里的文字", "concat() takes only fields and quoted text");
  if ((strcmp(function, "number") == 0 || strcmp(function, "sum") == 0) && argument->is_path &&
      !argument->path.numeric)
    FAULT(reader, "xpath-number", "%s(%s)：这个字段不是数值", "%s(%s): that field is not numeric", function,
          argument->path.name != NULL ? argument->path.name : ".");
}

static value_t call(reader_t *reader, int *at, const path_t *context, int depth)
{
  const char *name = reader->tokens[*at].text;
  bool known = false;
  for (int i = 0; functions[i] != NULL; i++)
    known = known || strcmp(functions[i], name) == 0;
  if (!known)
    FAULT(reader, "xpath-function", "规则里不能用函数 %s()", "The function %s() can’t be used in rules", name);
  *at += 2;
  for (int position = 0; !is_symbol(reader, *at, ")") && reader->tokens[*at].kind != END; position++) {
    int before = *at;
    value_t argument = expression(reader, at, context, depth + 1);
    check_argument(reader, name, &argument, position);
    if (is_symbol(reader, *at, ","))
      (*at)++;
    if (*at == before)
      break;
  }
  if (is_symbol(reader, *at, ")"))
    (*at)++;
  bool numeric = strstr(" count sum number floor ceiling round position last string-length ",
                        apr_pstrcat(reader->pool, " ", name, " ", NULL)) != NULL;
  return (value_t){.is_number = numeric};
}

static value_t operand(reader_t *reader, int *at, const path_t *context, int depth)
{
  const token_t *token = &reader->tokens[*at];
  value_t value = {.is_path = false};
  if (depth > MAX_DEPTH) {
    FAULT(reader, "xpath-long", "括号嵌套太深", "Too many brackets inside each other");
    *at = reader->count;
    return value;
  }
  if (is_symbol(reader, *at, "-")) {
    (*at)++;
    return operand(reader, at, context, depth + 1);
  }
  if (token->kind == FUNCTION)
    return call(reader, at, context, depth);
  if (is_symbol(reader, *at, "(")) {
    (*at)++;
    value = expression(reader, at, context, depth + 1);
    if (is_symbol(reader, *at, ")"))
      (*at)++;
    return value;
  }
  if (token->kind == NUMBER || token->kind == LITERAL) {
    value.is_number = token->kind == NUMBER;
    value.is_literal = token->kind == LITERAL;
    (*at)++;
    return value;
  }
  if (is_symbol(reader, *at, "/") || is_symbol(reader, *at, "//") || is_symbol(reader, *at, "@") ||
      is_symbol(reader, *at, "$")) {
    FAULT(reader, "xpath-path", "不能用“%s”，路径从考生的字段写起",
          "“%s” can’t be used: paths begin at the candidate’s fields", token->text);
    (*at)++;
    return value;
  }
  return read_path(reader, at, context, depth);
}

static bool relational(const token_t *token)
{
  return token->kind == SYMBOL && strchr("<>", token->text[0]) != NULL;
}

static bool arithmetic(const token_t *token)
{
  if (token->kind == WORD_OPERATOR)
    return strcmp(token->text, "div") == 0 || strcmp(token->text, "mod") == 0;
  return token->kind == SYMBOL && (strcmp(token->text, "+") == 0 || strcmp(token->text, "-") == 0 ||
                                   strcmp(token->text, "*") == 0);
}

static bool equality(const token_t *token)
{
  return token->kind == SYMBOL && (strcmp(token->text, "=") == 0 || strcmp(token->text, "!=") == 0);
}

static void check_numeric(reader_t *reader, const value_t *value, const char *operator_text)
{
  if (value->is_literal)
    FAULT(reader, "xpath-number", "“%s”两边要是数值，不要加引号", "“%s” needs numbers on both sides, without quotes",
          operator_text);
  if (value->is_path && !value->path.numeric)
    FAULT(
        reader, "xpath-number",
        "“%s”不能按数值比较%s：日期请用 字段_number，文字长度请用 字段_length，代码和号码用“=”",
        "“%s” can’t take %s as a number: use FIELD_number for dates, FIELD_length for lengths, “=” for codes and numbers "
        "of papers",
        operator_text, value->path.name != NULL ? value->path.name : ".");
}

static void check_pair(reader_t *reader, const token_t *operator_token, const value_t *left,
                       const value_t *right)
{
  if (relational(operator_token) || arithmetic(operator_token)) {
    check_numeric(reader, left, operator_token->text);
    check_numeric(reader, right, operator_token->text);
  } else if (equality(operator_token)) {
    const value_t *path = left->is_path ? left : right, *other = left->is_path ? right : left;
    if (path->is_path && other->is_number && !path->path.numeric && path->path.place == VALUE)
      FAULT(reader, "xpath-number", "%s 不是数值，请用引号里的文字比较", "%s is not numeric: compare it with quoted text",
            path->path.name != NULL ? path->path.name : ".");
  }
}

/* Precedence doesn't matter for these checks: only neighbours do, and arithmetic gives a number to the next.
 */
static value_t expression(reader_t *reader, int *at, const path_t *context, int depth)
{
  value_t left = operand(reader, at, context, depth);
  for (;;) {
    const token_t *token = &reader->tokens[*at];
    bool joins = token->kind == WORD_OPERATOR || relational(token) || arithmetic(token) || equality(token) ||
                 is_symbol(reader, *at, "|");
    if (!joins)
      return left;
    (*at)++;
    int before = *at;
    value_t right = operand(reader, at, context, depth);
    if (*at == before)
      return left;
    check_pair(reader, token, &left, &right);
    left = arithmetic(token)                      ? (value_t){.is_number = true}
           : equality(token) || relational(token) ? (value_t){0}
                                                  : right;
  }
}

static void read_expression(reader_t *reader, const char *text)
{
  reader->names = apr_array_make(reader->pool, 4, sizeof(const char *));
  const path_t candidate = {.place = CANDIDATE};
  if (!split(reader, text))
    return;
  int at = 0;
  expression(reader, &at, &candidate, 0);
  if (at < reader->count)
    FAULT(reader, "xpath-syntax", "表达式在“%s”处看不懂", "The expression is not understood at “%s”",
          reader->tokens[at].text);
}

void gk_pack__check_xpath(gk_error_t **error, const gk_pack_t *pack, const gk_part_t *part,
                          const char *expression_text, const char *pointer, apr_pool_t *pool)
{
  const char *why = NULL;
  if (!gk_xml_xpath_compiles(expression_text, &why, pool)) {
    gk_violation(error, pool, pointer, "xpath-syntax", "XPath 表达式有语法错误：%s（%s）",
                 "The XPath expression has a syntax error: %s (%s)", expression_text, why);
    return;
  }
  reader_t *reader = apr_pcalloc(pool, sizeof *reader);
  reader->pack = pack, reader->part = part, reader->pool = pool, reader->pointer = pointer,
  reader->error = error;
  read_expression(reader, expression_text);
}

gk_error_t *gk_pack_check_xpath(const gk_pack_t *pack, const char *expression_text, apr_pool_t *pool)
{
  gk_error_t *error = NULL;
  gk_pack__check_xpath(&error, pack, NULL, expression_text, "/test", pool);
  return error;
}

apr_array_header_t *gk_pack_xpath_names(const gk_pack_t *pack, const char *expression_text, apr_pool_t *pool)
{
  reader_t *reader = apr_pcalloc(pool, sizeof *reader);
  reader->pack = pack, reader->pool = pool, reader->pointer = "";
  read_expression(reader, expression_text);
  return reader->names;
}
