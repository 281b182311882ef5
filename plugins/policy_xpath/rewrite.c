/* rewrite.c: see rewrite.h. A lexer for XPath 1.0 (section 3.7 of the recommendation, with its rule for
 * telling names from operators). Only a name that begins a path outside predicates is a field of the
 * candidate; all else stays. */
#include "rewrite.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

typedef struct lexer_t {
  slots_t *slots;
  const char *at;         /* next byte */
  const char *copied;     /* everything before it is in `out` */
  apr_array_header_t *out; /* const char *: pieces */
  int depth;              /* of [ ] */
  int operand;            /* the token before ends an operand: what follows is an operator */
  int path;               /* the token before is / // @ or ::, so that a name is a step of a path */
  int understood;
  const char *why;        /* it can never work */
} lexer_t;

static int is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int starts_name(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static int in_name(char c)
{
  return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static const char *skip_space(const char *p)
{
  while (is_space(*p))
    p++;
  return p;
}

static void token(lexer_t *lexer, apr_size_t length, int operand, int path)
{
  lexer->at += length;
  lexer->operand = operand;
  lexer->path = path;
}

static void emit(lexer_t *lexer, const char *text, const char *until)
{
  APR_ARRAY_PUSH(lexer->out, const char *) =
      apr_pstrmemdup(lexer->slots->pool, lexer->copied, (apr_size_t)(lexer->at - lexer->copied));
  APR_ARRAY_PUSH(lexer->out, const char *) = text;
  lexer->copied = until;
}

static const char *variable_of(slots_t *slots, const char *name, apr_size_t length)
{
  slot_t *slot = apr_hash_get(slots->by_name, name, (apr_ssize_t)length);
  if (slot == NULL) {
    slot = apr_palloc(slots->pool, sizeof(*slot));
    slot->index = slots->n++;
    apr_hash_set(slots->by_name, apr_pstrmemdup(slots->pool, name, length), (apr_ssize_t)length, slot);
  }
  return apr_psprintf(slots->pool, "$f%u", slot->index);
}

static int is_word(const char *name, apr_size_t length, const char *word)
{
  return strlen(word) == length && memcmp(name, word, length) == 0;
}

/* What may stand before a parenthesis: functions of XPath 1.0, and tests of nodes. */
static int is_function(const char *name, apr_size_t length)
{
  static const char *const functions[] = {
      "boolean", "ceiling", "comment", "concat", "contains", "count", "false", "floor", "id", "lang", "last",
      "local-name", "name", "namespace-uri", "node", "normalize-space", "not", "number", "position",
      "processing-instruction", "round", "starts-with", "string", "string-length", "substring",
      "substring-after", "substring-before", "sum", "text", "translate", "true"};
  for (apr_size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
    if (is_word(name, length, functions[i]))
      return 1;
  return 0;
}

static void lex_name(lexer_t *lexer)
{
  const char *name = lexer->at;
  apr_size_t length = 0;
  while (in_name(name[length]))
    length++;
  const char *next = skip_space(name + length);
  if (lexer->operand) { /* and, or, div, mod; anything else is a fault the compiler names */
    token(lexer, length, 0, 0);
  } else if (next[0] == ':') { /* an axis, or a prefix: neither stays among the candidate's children */
    lexer->slots->whole = 1;
    if (next[1] != ':')
      lexer->why = "prefixes can't be used";
    token(lexer, (apr_size_t)(next - name) + 2, 0, 1);
  } else if (next[0] == '(') { /* a function, or node() and text() */
    if (!is_function(name, length))
      lexer->why = apr_psprintf(lexer->slots->pool, "there is no function %.*s()",
                                (int)(length < 60 ? length : 60), name);
    if (*skip_space(next + 1) == ')' && !is_word(name, length, "true") && !is_word(name, length, "false"))
      lexer->slots->whole = 1; /* string() looks at the node it stands at */
    token(lexer, (apr_size_t)(next - name) + 1, 0, 0);
  } else {
    if (!lexer->path && lexer->depth == 0)
      emit(lexer, variable_of(lexer->slots, name, length), name + length);
    token(lexer, length, 1, 0);
  }
}

static void lex_literal(lexer_t *lexer)
{
  const char *end = strchr(lexer->at + 1, lexer->at[0]);
  if (end == NULL)
    lexer->understood = 0;
  else
    token(lexer, (apr_size_t)(end - lexer->at) + 1, 1, 0);
}

static void lex_dot(lexer_t *lexer)
{
  apr_size_t digits = strspn(lexer->at + 1, "0123456789");
  if (digits > 0) {
    token(lexer, 1 + digits, 1, 0);
    return;
  }
  int parent = lexer->at[1] == '.';
  if (parent || (lexer->depth == 0 && !lexer->path))
    lexer->slots->whole = 1;
  token(lexer, parent ? 2 : 1, 1, 0);
}

static void lex_symbol(lexer_t *lexer)
{
  char c = lexer->at[0], next = lexer->at[1];
  switch (c) {
  case '/':
    if (next == '/' || !lexer->operand)
      lexer->slots->whole = 1;
    token(lexer, next == '/' ? 2 : 1, 0, 1);
    break;
  case '*':
    if (!lexer->operand && !lexer->path && lexer->depth == 0)
      lexer->slots->whole = 1;
    token(lexer, 1, !lexer->operand, 0);
    break;
  case '[':
  case ']':
    lexer->depth += c == '[' ? 1 : -1;
    lexer->understood = lexer->depth >= 0;
    token(lexer, 1, c == ']', 0);
    break;
  case ')':
    token(lexer, 1, 1, 0);
    break;
  case '@':
    token(lexer, 1, 0, 1);
    break;
  case '!':
    lexer->understood = next == '=';
    token(lexer, 2, 0, 0);
    break;
  case '<':
  case '>':
    token(lexer, next == '=' ? 2 : 1, 0, 0);
    break;
  case '(':
  case ',':
  case '|':
  case '+':
  case '-':
  case '=':
    token(lexer, 1, 0, 0);
    break;
  default:
    lexer->understood = 0;
  }
}

const char *rewrite_test(slots_t *slots, const char *test, const char **why)
{
  lexer_t lexer = {slots, test, test, apr_array_make(slots->pool, 8, sizeof(const char *)), 0, 0, 0, 1, NULL};
  while (lexer.understood && lexer.why == NULL && lexer.at[0] != '\0') {
    if (is_space(lexer.at[0]))
      lexer.at++;
    else if (lexer.at[0] == '$')
      lexer.why = "variables can't be used";
    else if (lexer.at[0] == '\'' || lexer.at[0] == '"')
      lex_literal(&lexer);
    else if (lexer.at[0] >= '0' && lexer.at[0] <= '9')
      token(&lexer, strspn(lexer.at, "0123456789."), 1, 0);
    else if (lexer.at[0] == '.')
      lex_dot(&lexer);
    else if (starts_name(lexer.at[0]))
      lex_name(&lexer);
    else
      lex_symbol(&lexer);
  }
  if (lexer.why != NULL) {
    *why = lexer.why;
    return NULL;
  }
  if (!lexer.understood || lexer.depth != 0) {
    slots->whole = 1;
    return test;
  }
  APR_ARRAY_PUSH(lexer.out, const char *) = lexer.copied;
  return apr_array_pstrcat(slots->pool, lexer.out, 0);
}

int rewrite_slot(const char *variable)
{
  int slot = 0;
  if (variable[0] != 'f' || variable[1] == '\0')
    return -1;
  for (const char *p = variable + 1; *p != '\0'; p++) {
    if (*p < '0' || *p > '9' || slot > 99999)
      return -1;
    slot = slot * 10 + (*p - '0');
  }
  return slot;
}
