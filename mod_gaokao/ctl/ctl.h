/* ctl/ctl.h: what the commands of gaokaoctl share. One process runs one command.
 *
 * Exit codes: 0 done · 1 a fault was found, or the command was refused · 2 wrong usage · 3 the database can't be
 * reached or written · 4 configuration, keys, plugins or schema are not right · 5 internal error.
 */
#ifndef GK_CTL_CTL_H
#define GK_CTL_CTL_H

#include <stdbool.h>
#include <stdio.h>
#include <apr_hash.h>
#include <apr_tables.h>
#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "domain/act.h"
#include "domain/core.h"
#include "store/db.h"

/* What a command needs opened before it runs; each includes those before it. */
typedef enum gk_ctl_need_t {
  GK_CTL_NOTHING = 0,
  GK_CTL_CONFIG,   /* ctl->config */
  GK_CTL_DATABASE, /* ctl->db, whatever its schema */
  GK_CTL_CORE      /* ctl->core with keys and plugins, ctl->act; the schema fits */
} gk_ctl_need_t;

typedef struct gk_ctl_t {
  apr_pool_t *pool;
  const char *instance;      /* --instance, preset: the current folder */
  bool json;                 /* --json: one JSON value on standard output */
  bool chinese;              /* sentences in Chinese (locale of the environment), else English */
  apr_array_header_t *words; /* const char *: what follows the command's name */
  apr_hash_t *options;       /* "year" -> value; "" for switches */
  const gk_config_t *config;
  gk_core_t *core;
  gk_db_t *db;
  gk_principal_t who;
  gk_act_t act; /* the system's act: province's rights, audited with account 0, login "system" */
  bool fault;   /* set by a command that ran but found faults: exit code 1 */
} gk_ctl_t;

typedef gk_error_t *(*gk_ctl_fn)(gk_ctl_t *ctl);

typedef struct gk_ctl_command_t {
  const char *name;      /* "season create" */
  const char *arguments; /* "FILE", "[CSV]", "" : for the usage text */
  int min_words, max_words;
  const char *options; /* "year= real": those ending in = take a value */
  gk_ctl_need_t need;
  gk_ctl_fn run;
  const char *help;
} gk_ctl_command_t;

/* ---- arguments ------------------------------------------------------------------------------------- */

/* The n-th word after the command's name, or NULL. */
const char *gk_ctl__word(const gk_ctl_t *ctl, int n);
/* Value of --NAME, or NULL. Switches give "". */
const char *gk_ctl__option(const gk_ctl_t *ctl, const char *name);
/* --NAME as a number; `absent` without it. Errors: INVALID naming the option and the bounds. */
gk_error_t *gk_ctl__number(apr_int64_t *out, const gk_ctl_t *ctl, const char *name, apr_int64_t min,
                           apr_int64_t max, apr_int64_t absent);
/* A fault in the arguments; ends with exit code 2. */
gk_error_t *gk_ctl__usage(const gk_ctl_t *ctl, const char *zh_format, const char *en_format, ...);

/* ---- output ---------------------------------------------------------------------------------------- */

/* A line for people; nothing with --json. Both formats take the same arguments. */
void gk_ctl__say(const gk_ctl_t *ctl, const char *zh_format, const char *en_format, ...);
/* The result for programs; nothing without --json. */
void gk_ctl__result(const gk_ctl_t *ctl, const gk_json_t *json);
/* An aligned table for people: `heads` is "id|login|role"; rows are arrays of const char * of that many columns. */
void gk_ctl__table(const gk_ctl_t *ctl, const char *heads, const apr_array_header_t *rows);

/* ---- opening --------------------------------------------------------------------------------------- */

/* Opens the database of ctl->config: without keys and plugins. Errors: DB_DOWN, CONFIG. */
gk_error_t *gk_ctl__open_database(gk_ctl_t *ctl);
/* Opens the core and the system's act. Errors: CONFIG, PLUGIN, SCHEMA, DB_DOWN. */
gk_error_t *gk_ctl__open_core(gk_ctl_t *ctl);
/* Looks the active season up again (after the command changed it). */
gk_error_t *gk_ctl__season(gk_ctl_t *ctl);
/* Ends the act's transaction well (commit), or undoes it on error; gives `error` or the commit's fault back. */
gk_error_t *gk_ctl__finish(gk_ctl_t *ctl, gk_error_t *error);

/* A whole file, at most `limit` bytes. Errors: CONFIG naming the file and why. */
gk_error_t *gk_ctl__read_file(const char **bytes, apr_size_t *length, const char *path, apr_size_t limit,
                              apr_pool_t *pool);
/* Writes a file of mode 0600 in one step: a new file takes the place of the old one. */
gk_error_t *gk_ctl__write_file(const char *path, const char *text, apr_pool_t *pool);

/* The service's clock, before a core is open too. */
apr_time_t gk_ctl__now(const gk_ctl_t *ctl);

/* The steps of a rotation for one key (keys.c): they wait `patience_us` for nodes that have not read the file. */
gk_error_t *gk_ctl__key_activate(gk_ctl_t *ctl, const char *purpose, const char *id, bool force, apr_interval_time_t patience_us);
gk_error_t *gk_ctl__key_retire(gk_ctl_t *ctl, const char *purpose, const char *id, bool force, apr_interval_time_t patience_us);

struct gk_pack_t;
/* A stored pack, loaded; and the province's windows seeded from it (the day's year 0: the pack's own). season.c */
gk_error_t *gk_ctl__load_stored_pack(gk_ctl_t *ctl, apr_int64_t pack_id, struct gk_pack_t **out);
gk_error_t *gk_ctl__seed_windows(gk_ctl_t *ctl, apr_int64_t season_id, const struct gk_pack_t *pack,
                                 gk_date_t start);

/* Proves the pull in `folder` against the public key in file `pem`; ctl->fault when something is wrong with it. export.c */
/* Writes the pictures of a part of photos, which was verified, into `folder`; adds to *photos. (ctl/pull_photos.c) */
gk_error_t *gk_ctl__unpack_photos(apr_int64_t *photos, const char *path, const char *folder, apr_pool_t *pool);
gk_error_t *gk_ctl__export_verify(gk_ctl_t *ctl, const char *folder, const char *pem, gk_json_t **result);

/* ---- the commands ---------------------------------------------------------------------------------- */

gk_error_t *gk_ctl_init(gk_ctl_t *ctl); /* setup.c */
gk_error_t *gk_ctl_upgrade(gk_ctl_t *ctl);
gk_error_t *gk_ctl_schema_version(gk_ctl_t *ctl);
gk_error_t *gk_ctl_load_orgs(gk_ctl_t *ctl); /* orgs.c */
gk_error_t *gk_ctl_load_pack(gk_ctl_t *ctl); /* season.c */
gk_error_t *gk_ctl_activate_pack(gk_ctl_t *ctl);
gk_error_t *gk_ctl_season_create(gk_ctl_t *ctl);
gk_error_t *gk_ctl_season_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_account_create(gk_ctl_t *ctl); /* accounts.c */
gk_error_t *gk_ctl_account_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_audit_anchor(gk_ctl_t *ctl); /* audit.c */
gk_error_t *gk_ctl_audit_search(gk_ctl_t *ctl);
gk_error_t *gk_ctl_audit_seal(gk_ctl_t *ctl);
gk_error_t *gk_ctl_audit_verify(gk_ctl_t *ctl);
gk_error_t *gk_ctl_demo(gk_ctl_t *ctl);         /* demo.c */
gk_error_t *gk_ctl_check(gk_ctl_t *ctl);        /* check.c */
gk_error_t *gk_ctl_verify(gk_ctl_t *ctl);       /* verify.c */
gk_error_t *gk_ctl_photo_check(gk_ctl_t *ctl); /* photo.c */
gk_error_t *gk_ctl_plugin_check(gk_ctl_t *ctl); /* lists.c */
gk_error_t *gk_ctl_plugins_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_range_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_candidate_show(gk_ctl_t *ctl);
gk_error_t *gk_ctl_candidate_erase(gk_ctl_t *ctl); /* erase.c */
gk_error_t *gk_ctl_export_key(gk_ctl_t *ctl); /* export.c */
gk_error_t *gk_ctl_export_client(gk_ctl_t *ctl);
gk_error_t *gk_ctl_export_verify(gk_ctl_t *ctl);
gk_error_t *gk_ctl_export_pull(gk_ctl_t *ctl); /* pull.c */
gk_error_t *gk_ctl_job_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_job_fetch(gk_ctl_t *ctl); /* fetch.c */
gk_error_t *gk_ctl_key_create(gk_ctl_t *ctl); /* keys.c */
gk_error_t *gk_ctl_key_list(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_check(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_status(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_activate(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_retire(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_rewrite(gk_ctl_t *ctl);
gk_error_t *gk_ctl_key_rotate(gk_ctl_t *ctl);

#endif
