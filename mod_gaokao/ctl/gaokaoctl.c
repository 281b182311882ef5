/* ctl/gaokaoctl.c: the command line of an instance: reads arguments, opens what the command needs, says what became
 * of it. Works beside a running httpd: it takes the same write lock. Exit codes: ctl.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base/version.h"
#include "ctl/ctl.h"

static const gk_ctl_command_t commands[] = {
    {"init", "", 0, 0, "", GK_CTL_CONFIG, gk_ctl_init, "make the key file and the schema"},
    {"upgrade", "", 0, 0, "", GK_CTL_DATABASE, gk_ctl_upgrade, "bring the schema up to this program"},
    {"schema version", "", 0, 0, "", GK_CTL_DATABASE, gk_ctl_schema_version,
     "number of the database's schema; fails when it is not this program's"},
    {"load-orgs", "[CSV]", 0, 1, "", GK_CTL_CORE, gk_ctl_load_orgs,
     "load province, cities and counties (code,name,level,parent); may be repeated"},
    {"load-pack", "FILE", 1, 1, "year=", GK_CTL_CORE, gk_ctl_load_pack,
     "check a policy pack and store it for its season"},
    {"activate-pack", "NAME[@VERSION]", 1, 1, "", GK_CTL_CORE, gk_ctl_activate_pack,
     "let the active season use a stored pack of its year"},
    {"season", "[create]", 0, 1, "year= name= pack= starts= real", GK_CTL_CORE, gk_ctl_season_create,
     "make a season and activate it; preset: the newest pack, windows from the pack's own first day"},
    {"season list", "", 0, 0, "", GK_CTL_CORE, gk_ctl_season_list, "seasons and their packs"},
    {"account create", "", 0, 0, "role= login= org= name= totp password-stdin", GK_CTL_CORE,
     gk_ctl_account_create, "make an account and print its initial password"},
    {"account list", "", 0, 0, "org= role= after= limit=", GK_CTL_CORE, gk_ctl_account_list,
     "staff accounts by login"},
    {"audit anchor", "", 0, 0, "", GK_CTL_CORE, gk_ctl_audit_anchor,
     "number and digest of the newest seal: keep it where this machine can't reach"},
    {"audit search", "", 0, 0, "number= candidate= login= actor= action= kind= id= org= from= to= after= limit=", GK_CTL_CORE,
     gk_ctl_audit_search, "who saw or changed what, newest first; leaves an audit row itself"},
    {"audit seal", "", 0, 0, "", GK_CTL_CORE, gk_ctl_audit_seal, "seal now what waits for its seal"},
    {"audit verify", "", 0, 0, "anchor= from=", GK_CTL_CORE, gk_ctl_audit_verify,
     "prove the audit or name what is wrong with it; --anchor SEAL:DIGITS, --from SEAL"},
    {"demo", "", 0, 0, "candidates= logins= seed=", GK_CTL_CORE, gk_ctl_demo,
     "fill the active season with invented candidates, points, accounts; writes the logins to a file"},
    {"check", "", 0, 0, "", GK_CTL_NOTHING, gk_ctl_check,
     "look for faults of the instance and name the cure of each"},
    {"verify", "", 0, 0, "", GK_CTL_DATABASE, gk_ctl_verify,
     "read the whole database: damaged tables and indexes by name"},
    {"photo check", "FILE", 1, 1, "png= jpeg=", GK_CTL_CORE, gk_ctl_photo_check,
     "judge a photo as the service would; --png OUT draws the findings, --jpeg OUT writes what would be stored"},
    {"plugin-check", "FILE.so", 1, 1, "", GK_CTL_NOTHING, gk_ctl_plugin_check,
     "load a plugin alone and report on it"},
    {"plugins list", "", 0, 0, "", GK_CTL_CORE, gk_ctl_plugins_list,
     "plugins of the instance and their options"},
    {"range list", "", 0, 0, "org= after= limit=", GK_CTL_CORE, gk_ctl_range_list,
     "number ranges of the active season"},
    {"candidate erase", "[NUMBER]", 0, 1, "year= id= reason=", GK_CTL_CORE, gk_ctl_candidate_erase,
     "delete what is known about one candidate: destroys its key; withdrawn, or of a season that is over"},
    {"candidate show", "NUMBER", 1, 1, "", GK_CTL_CORE, gk_ctl_candidate_show,
     "one record by registration number; leaves an audit row"},
    {"export client", "LOGIN", 1, 1, "certificate= public-key= clear", GK_CTL_CORE, gk_ctl_export_client,
     "bind an export account to its client certificate, or give it the key that signs request tokens (PEM files); "
     "--clear takes both away"},
    {"export key", "[KEY]", 0, 1, "", GK_CTL_CONFIG, gk_ctl_export_key,
     "public half of the key that signs manifests, as PEM: give it to the province by hand"},
    {"export pull", "SITE FOLDER", 2, 2,
     "key= login= token-key= kid= cacert= cert= cert-key= after= since= org= kind= states= encoding= compression= "
     "part-records= photos unpack acknowledge",
     GK_CTL_NOTHING, gk_ctl_export_pull,
     "the province's client: fetch a pull into FOLDER and prove it; the same command goes on where the line broke"},
    {"export verify", "FOLDER", 1, 1, "key=", GK_CTL_NOTHING, gk_ctl_export_verify,
     "prove a fetched pull: manifest.xml against --key FILE.pem, each part against the manifest"},
    {"key list", "", 0, 0, "", GK_CTL_CONFIG, gk_ctl_key_list, "keys of the key file, without the keys"},
    {"key check", "", 0, 0, "", GK_CTL_DATABASE, gk_ctl_key_check, "is this the key file the database was written with?"},
    {"key status", "", 0, 0, "", GK_CTL_CORE, gk_ctl_key_status, "what lies under each key, and what the nodes have read"},
    {"key create", "PURPOSE", 1, 1, "", GK_CTL_DATABASE, gk_ctl_key_create,
     "add a key to the file: new, or active where the purpose had none"},
    {"key activate", "PURPOSE", 1, 1, "force", GK_CTL_CORE, gk_ctl_key_activate,
     "write under the new key from now on, once all nodes have it"},
    {"key rewrite", "PURPOSE", 1, 1, "", GK_CTL_CORE, gk_ctl_key_rewrite,
     "write data or indexes again under the newer key, in batches, from where the last run ended"},
    {"key rotate", "PURPOSE", 1, 1, "wait= force", GK_CTL_CORE, gk_ctl_key_rotate,
     "all steps of a change of key: create, wait for the nodes, activate, rewrite, retire; goes on where it was cut off"},
    {"key retire", "PURPOSE [KEY]", 1, 2, "force", GK_CTL_CORE, gk_ctl_key_retire,
     "take an old key out of the file, once nothing lies under it"},
    {"job fetch", "ID", 1, 1, "", GK_CTL_CORE, gk_ctl_job_fetch,
     "the file of a job that is done, to standard output; leaves an audit row"},
    {"job list", "", 0, 0, "limit=", GK_CTL_CORE, gk_ctl_job_list, "the newest jobs"},
};
#define COMMANDS ((int)(sizeof(commands) / sizeof(commands[0])))

static void usage(FILE *out)
{
  fprintf(out, "Usage: gaokaoctl COMMAND [ARGUMENTS] [--instance DIR] [--json]\n\n");
  for (int i = 0; i < COMMANDS; i++) {
    const gk_ctl_command_t *c = &commands[i];
    fprintf(out, "  %s%s%s\n", c->name, c->arguments[0] != '\0' ? " " : "", c->arguments);
    if (c->options[0] != '\0') {
      char words[400], *last = NULL;
      apr_cpystrn(words, c->options, sizeof(words));
      fprintf(out, "     ");
      for (char *w = apr_strtok(words, " ", &last); w != NULL; w = apr_strtok(NULL, " ", &last)) {
        size_t n = strlen(w);
        bool value = w[n - 1] == '=';
        fprintf(out, " [--%.*s%s]", (int)(value ? n - 1 : n), w, value ? " VALUE" : "");
      }
      fprintf(out, "\n");
    }
    fprintf(out, "      %s\n", c->help);
  }
  fprintf(out, "\nExit codes: 0 done, 1 fault found or refused, 2 wrong usage, 3 database can't be reached,\n"
               "            4 configuration, keys, plugins or schema not right, 5 internal error\n");
}

static int exit_code(const gk_error_t *error)
{
  switch (error->code) {
  case GK_E_MALFORMED: return 2;
  case GK_E_DB_DOWN:
  case GK_E_DB_READ_ONLY:
  case GK_E_DB_FULL:
  case GK_E_OUTCOME_UNKNOWN: return 3;
  case GK_E_CONFIG:
  case GK_E_SCHEMA:
  case GK_E_PLUGIN: return 4;
  case GK_E_INTERNAL: return 5;
  default: return 1;
  }
}

static void report(const gk_ctl_t *ctl, const gk_error_t *error)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  const char *text = ctl->chinese ? error->zh : error->en;
  if (text == NULL)
    text = error->internal != NULL ? error->internal : ctl->chinese ? info->zh : info->en;
  fprintf(stderr, "gaokaoctl: %s\n", text);
  if (error->zh != NULL && error->internal != NULL)
    fprintf(stderr, "  %s\n", error->internal);
  if (error->zh == NULL && error->internal == NULL)
    fprintf(stderr, "  %s\n", gk_error_log_text(ctl->pool, error));
  for (int i = 0; error->violations != NULL && i < error->violations->nelts; i++) {
    const gk_violation_t *v = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    fprintf(stderr, "  %s: %s\n", v->pointer, ctl->chinese ? v->zh : v->en);
  }
  for (const gk_error_t *cause = error->cause; cause != NULL; cause = cause->cause)
    fprintf(stderr, "  %s\n", gk_error_log_text(ctl->pool, cause));
  if (!ctl->json)
    return;
  gk_json_t *json = gk_json_object(ctl->pool), *inner = gk_json_object(ctl->pool),
            *faults = gk_json_array(ctl->pool);
  gk_json_set_str(inner, "code", info->slug);
  gk_json_set_str(inner, "zh", error->zh != NULL ? error->zh : info->zh);
  gk_json_set_str(inner, "en", error->en != NULL ? error->en : info->en);
  gk_json_set_str(inner, "detail", error->internal);
  for (int i = 0; error->violations != NULL && i < error->violations->nelts; i++) {
    const gk_violation_t *v = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    gk_json_t *row = gk_json_object(ctl->pool);
    gk_json_set_str(row, "pointer", v->pointer);
    gk_json_set_str(row, "code", v->code);
    gk_json_set_str(row, "zh", v->zh);
    gk_json_set_str(row, "en", v->en);
    gk_json_add(faults, row);
  }
  gk_json_set(inner, "violations", faults);
  gk_json_set(json, "error", inner);
  printf("%s\n", gk_json_text(json, ctl->pool));
}

/* The command whose name the words begin with, the longest name first. */
static const gk_ctl_command_t *match(const apr_array_header_t *words, int *used)
{
  const gk_ctl_command_t *best = NULL;
  *used = 0;
  for (int i = 0; i < COMMANDS; i++) {
    const char *name = commands[i].name, *space = strchr(name, ' ');
    int n = space != NULL ? 2 : 1;
    if (words->nelts < n || n <= *used)
      continue;
    const char *first = APR_ARRAY_IDX(words, 0, const char *);
    bool same = space == NULL
                    ? strcmp(first, name) == 0
                    : strlen(first) == (size_t)(space - name) && strncmp(first, name, strlen(first)) == 0 &&
                          strcmp(APR_ARRAY_IDX(words, 1, const char *), space + 1) == 0;
    if (same) {
      best = &commands[i];
      *used = n;
    }
  }
  return best;
}

static const char *const switches[] = {"clear", "json", "real", "totp", "force", "password-stdin", "photos", "unpack",
                                       "acknowledge"};

/* Takes "--name value", "--name=value" and switches out of argv; the rest are words. */
static gk_error_t *parse(gk_ctl_t *ctl, int argc, const char *const *argv, const gk_ctl_command_t **command)
{
  apr_array_header_t *words = apr_array_make(ctl->pool, 8, sizeof(const char *));
  apr_array_header_t *given = apr_array_make(ctl->pool, 8, sizeof(const char *));
  for (int i = 1; i < argc; i++)
    if (strncmp(argv[i], "--", 2) == 0) {
      APR_ARRAY_PUSH(given, const char *) = argv[i];
      const char *name = argv[i] + 2;
      bool is_switch = strchr(name, '=') != NULL;
      for (size_t s = 0; s < sizeof(switches) / sizeof(switches[0]); s++)
        is_switch = is_switch || strcmp(name, switches[s]) == 0;
      if (!is_switch) {
        if (i + 1 >= argc)
          return gk_ctl__usage(ctl, "%s 后面要有值", "%s needs a value", argv[i]);
        APR_ARRAY_IDX(given, given->nelts - 1, const char *) = apr_pstrcat(ctl->pool, argv[i], "=",
                                                                           argv[i + 1], NULL);
        i++;
      }
    } else {
      APR_ARRAY_PUSH(words, const char *) = argv[i];
    }
  int used;
  *command = match(words, &used);
  if (*command == NULL)
    return gk_ctl__usage(ctl, "没有命令“%s”，gaokaoctl --help 列出全部命令",
                         "There is no command '%s'; gaokaoctl --help lists all",
                         words->nelts > 0 ? APR_ARRAY_IDX(words, 0, const char *) : "");
  for (int i = used; i < words->nelts; i++)
    APR_ARRAY_PUSH(ctl->words, const char *) = APR_ARRAY_IDX(words, i, const char *);
  if (ctl->words->nelts < (*command)->min_words || ctl->words->nelts > (*command)->max_words)
    return gk_ctl__usage(ctl, "用法：gaokaoctl %s %s", "Usage: gaokaoctl %s %s", (*command)->name,
                         (*command)->arguments);
  for (int i = 0; i < given->nelts; i++) {
    char *name = apr_pstrdup(ctl->pool, APR_ARRAY_IDX(given, i, const char *) + 2),
         *value = strchr(name, '=');
    if (value != NULL)
      *value++ = '\0';
    if (strcmp(name, "instance") == 0 && value != NULL) {
      ctl->instance = value;
    } else if (strcmp(name, "json") == 0 && value == NULL) {
      ctl->json = true;
    } else {
      const char *known = apr_pstrcat(ctl->pool, " ", (*command)->options, " ", NULL);
      const char *wanted = apr_pstrcat(ctl->pool, " ", name, value != NULL ? "= " : " ", NULL);
      if (strstr(known, wanted) == NULL)
        return gk_ctl__usage(ctl, "%s 没有选项 --%s", "%s has no option --%s", (*command)->name, name);
      apr_hash_set(ctl->options, name, APR_HASH_KEY_STRING, value != NULL ? value : "");
    }
  }
  return NULL;
}

static gk_error_t *run(gk_ctl_t *ctl, const gk_ctl_command_t *command)
{
  if (command->need >= GK_CTL_CONFIG) {
    gk_config_t *config;
    GK_TRY(gk_config_load(&config, ctl->instance, ctl->pool));
    ctl->config = config;
  }
  if (command->need == GK_CTL_DATABASE)
    GK_TRY(gk_ctl__open_database(ctl));
  if (command->need == GK_CTL_CORE)
    GK_TRY(gk_ctl__open_core(ctl));
  return command->run(ctl);
}

static bool chinese_locale(void)
{
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (int i = 0; i < 3; i++) {
    const char *value = getenv(names[i]);
    if (value != NULL && value[0] != '\0')
      return strncmp(value, "zh", 2) == 0;
  }
  return false;
}

/* Nobody may go on with half a document: the transaction that is open is undone by the database. */
static int out_of_memory(int status)
{
  (void)status;
  fputs("gaokaoctl: out of memory\n", stderr);
  _exit(5);
}

int main(int argc, const char *const *argv)
{
  apr_pool_t *pool;
  if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
    fputs("gaokaoctl: APR does not start\n", stderr);
    return 5;
  }
  apr_pool_abort_set(out_of_memory, apr_pool_parent_get(pool)); /* pools made from here on inherit it */
  apr_pool_abort_set(out_of_memory, pool);
  gk_db_bound_connects();
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    usage(argc < 2 ? stderr : stdout);
    return argc < 2 ? 2 : 0;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("gaokaoctl %s\n", gk_version());
    return 0;
  }
  gk_ctl_t ctl = {.pool = pool, .instance = ".", .chinese = chinese_locale()};
  ctl.words = apr_array_make(pool, 4, sizeof(const char *));
  ctl.options = apr_hash_make(pool);
  for (int i = 1; i < argc; i++) /* so that faults in the arguments come as JSON too */
    if (strcmp(argv[i], "--json") == 0)
      ctl.json = true;
  const gk_ctl_command_t *command = NULL;
  gk_error_t *error = parse(&ctl, argc, argv, &command);
  if (error == NULL)
    error = run(&ctl, command);
  int code = ctl.fault ? 1 : 0;
  if (error != NULL) {
    if (ctl.db != NULL)
      gk_db_rollback(ctl.db);
    report(&ctl, error);
    code = exit_code(error);
  }
  fflush(stdout);
  apr_pool_destroy(pool);
  apr_terminate();
  return code;
}
