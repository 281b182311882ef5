/* tests/bench/statements.c: prints PostgreSQL's text of named statements as lines of a pgbench script, so that the
 * benchmark's peer runs exactly the statements the module runs:
 *
 *   statements session_resume account_id=:account  candidate_own id=:id
 *
 * A word without '=' starts a statement; NAME=TEXT gives a parameter's text, which goes into the script as it is. Parameters
 * that are not given become 0 or ''. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sql.h"

static const gk_statement_t *find(const char *name)
{
  for (int i = 0; i < gk_statement_count; i++)
    if (strcmp(gk_statements[i]->name + 3, name) == 0)
      return gk_statements[i];
  fprintf(stderr, "no statement '%s'\n", name);
  exit(2);
}

static void print_value(const gk_slot_t *slot, char **words, int count)
{
  size_t length = strlen(slot->name);
  for (int i = 0; i < count; i++)
    if (strncmp(words[i], slot->name, length) == 0 && words[i][length] == '=') {
      fputs(words[i] + length + 1, stdout);
      return;
    }
  fputs(slot->type == GK_TEXT ? "CAST('' AS TEXT)" : slot->type == GK_BLOB ? "CAST('' AS BYTEA)"
        : slot->type == GK_INT ? "CAST(0 AS BIGINT)" : "CAST(NULL AS BIGINT)", stdout);
}

int main(int argc, char **argv)
{
  for (int i = 1; i < argc;) {
    if (strchr(argv[i], ' ') != NULL) { /* BEGIN and the like */
      puts(argv[i++]);
      continue;
    }
    const gk_statement_t *statement = find(argv[i++]);
    int first = i;
    while (i < argc && strchr(argv[i], '=') != NULL)
      i++;
    for (const char *p = statement->pgsql; *p != '\0'; p++) {
      if (*p == '$' && p[1] >= '0' && p[1] <= '9') {
        char *end;
        long n = strtol(p + 1, &end, 10);
        print_value(&statement->args[n - 1], argv + first, i - first);
        p = end - 1;
      } else if (*p != '\n') {
        putchar(*p);
      }
    }
    puts(";");
  }
  return 0;
}
