/* jobs/import.h: an import from the file to its end (domain/import.h says what rows mean; docs/imports.md).
 *
 * reading -> mapping (nobody can tell whose the rows are: a person says which column is what) or ready (each row has its
 * verdict) or unreadable -> applying -> applied -> undoing -> undone (rows that were touched since stay). Each step is a
 * job of its own. A step whose job was cancelled or failed is `stopped`: it can be taken again. Each row is one transaction with
 * the record's audit row, and it is done once: its outcome is written in the same transaction.
 *
 * Kept: the file for a day, the rows for fifteen days after the last step; then neither can be read by anybody. */
#ifndef GK_JOBS_IMPORT_H
#define GK_JOBS_IMPORT_H

#include "domain/import.h"
#include "jobs/job.h"
#include "store/vault.h"

#define GK_IMPORT_FILE_KEEP_US (24 * 3600 * APR_USEC_PER_SEC)
#define GK_IMPORT_ROWS_KEEP_US (15 * 24 * 3600 * APR_USEC_PER_SEC)

typedef struct gk_import_t {
  apr_int64_t id, season_id, account_id, job_id, done, total, bytes, version;
  const char *org_path, *org_name, *account, *kind, *state, *step, *digest; /* state: also stopped, of step */
  const char *job_state, *job_error, *fault;
  gk_json_t *head;   /* {name, format, encoding, separator, sheets, sheet, header_row, columns} */
  gk_json_t *wish;   /* {sheet, header_row, columns}: what a person put right */
  gk_json_t *counts;
  gk_vault_key_t key;
  apr_time_t created, changed;
} gk_import_t;

/* Takes a file and reads it by a job. Errors: INVALID (?kind, empty), FORBIDDEN, TOO_MANY. */
gk_error_t *gk_import_create(gk_import_t *out, gk_act_t *act, const char *kind, const char *name, const unsigned char *bytes,
                             apr_size_t length);
gk_error_t *gk_import_get(gk_import_t *out, gk_act_t *act, apr_int64_t id);
/* gk_import_t, newest first. */
gk_error_t *gk_import_list(apr_array_header_t **imports, gk_act_t *act, apr_int64_t before, int limit);
/* Reads it again with other columns (targets by column, NULL elements: none; NULL: proposed anew), another sheet or heading row
 * (-1: as it is). Columns are remembered for the unit and the kind. */
gk_error_t *gk_import_map(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, int sheet, int header_row,
                          gk_json_t *columns);
/* Errors: WRONG_STATE; CONFLICT while rows are not of the actor's area (PE-1). */
gk_error_t *gk_import_apply(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version);
/* partial: what was touched since stays, the rest is taken back; else nothing is when anything was touched (DI-10). */
gk_error_t *gk_import_undo_all(gk_import_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version, bool partial);
/* gk_import_row_t by row. show: NULL, "errors", a verdict, or an outcome. *next: 0 on the last page. */
gk_error_t *gk_import_rows(apr_array_header_t **rows, apr_int64_t *next, gk_act_t *act, const gk_import_t *import,
    const char *show,
                           apr_int64_t after, int limit);
gk_json_t *gk_import_json(const gk_import_t *import, gk_act_t *act, bool whole);
/* Ends what is over; of the worker. */
gk_error_t *gk_import_sweep(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

/* ---- shared with import_job.c ----------------------------------------------------------------------------------- */

gk_error_t *gk_import__bytes(const char **bytes, apr_size_t *length, gk_act_t *act, const gk_import_t *import, apr_pool_t *pool);
/* What the import's job came to; *kept false: it is another job's by now. */
gk_error_t *gk_import__settle(bool *kept, gk_act_t *act, const gk_import_t *import, apr_int64_t job_id, const char *state,
                              const gk_error_t *fault);
gk_error_t *gk_import__row(gk_import_row_t *out, gk_act_t *act, const gk_import_t *import, apr_int64_t n);
gk_error_t *gk_import__seal_row(gk_sealed_t *out, apr_int64_t *key_id, gk_act_t *act, const gk_import_t *import,
                                const gk_import_row_t *row);
gk_error_t *gk_import__put_row(bool *kept, gk_act_t *act, const gk_import_t *import, const gk_import_row_t *row, const char *was);
gk_error_t *gk_import__counts(gk_import_t *import, gk_act_t *act);

#endif
