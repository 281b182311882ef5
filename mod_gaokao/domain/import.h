/* domain/import.h: tables that bureaus and schools hand in as files (W8, F7): appraisals, physical examinations, grades, bonus
 * confirmations, school rolls. What columns mean, what cells say, what a row would change, doing it and taking it back. The file
 * itself is base/sheet.h's, the job jobs/import.h's.
 *
 * An empty cell changes nothing. Each row is judged as the single act would be, by the rights of who imports; doing it judges
 * again. A row is done when the record still says what the preview saw, else it is left alone.
 */
#ifndef GK_DOMAIN_IMPORT_H
#define GK_DOMAIN_IMPORT_H

#include "base/sheet.h"
#include "domain/part.h"

/* ---- columns ------------------------------------------------------------------------------------------------ */

typedef enum gk_import_use_t {
  GK_IMPORT_NUMBER = 1,       /* registration number: finds the record */
  GK_IMPORT_CANDIDATE_NUMBER, /* 14 digits: finds the record */
  GK_IMPORT_ID,               /* ID number: finds the record; of a roll also a field */
  GK_IMPORT_NAME,             /* compared with the record's */
  GK_IMPORT_FIELD,
  GK_IMPORT_SUBJECT,          /* of a roll: category of a new record */
  GK_IMPORT_VERDICT,          /* of bonus: approve or refuse */
  GK_IMPORT_REASON
} gk_import_use_t;

typedef struct gk_import_target_t {
  const char *id;             /* what mappings call it: number, id_number, grade_maths, verdict ... */
  gk_text_t label;
  gk_import_use_t use;
  const gk_field_t *field;    /* NULL where there is none */
  const char *aliases;        /* other headings, separated by | */
  bool required;              /* of a roll's new record */
} gk_import_target_t;

/* "appraisal" "examination" "grades" "bonus" "roll": known, and something this role may enter. Errors: INVALID (?kind),
 * FORBIDDEN. */
gk_error_t *gk_import_kind(gk_act_t *act, const char *kind);
/* gk_import_target_t of a kind: who it is first, then what this role may enter. */
apr_array_header_t *gk_import_targets(const gk_act_t *act, const char *kind);
const gk_import_target_t *gk_import_target(const apr_array_header_t *targets, const char *id);

/* The target that a heading names by label, id, alias, or the ministry's name, however it is spaced or starred; NULL: none. */
const gk_import_target_t *gk_import_heading(const apr_array_header_t *targets, const char *heading, apr_pool_t *pool);
/* The form in which headings are compared and remembered: "报名 顺序号 *（必填）" is "报名顺序号". */
const char *gk_import_heading_key(const char *heading, apr_pool_t *pool);

/* ---- cells --------------------------------------------------------------------------------------------------- */

/* What the cell says for the target, as the single act takes it; NULL when it is empty. False: a fault {field, code, zh, en} was
 * added to `faults`. */
bool gk_import_clean(const char **out, const gk_import_target_t *target, const gk_cell_t *cell, bool date1904, gk_json_t *faults,
                     apr_pool_t *pool);
/* A row below the table: 合计, 小计, total, or the template's example. */
bool gk_import_aside(const gk_sheet_row_t *row, apr_pool_t *pool);

/* ---- rows ---------------------------------------------------------------------------------------------------- */

typedef struct gk_import_row_t {
  apr_int64_t n;              /* the file's row */
  bool hidden;
  bool erased;                /* it was about a candidate whose data are deleted: nothing of it can be read */
  const char *verdict;        /* change create same; unknown outside invalid closed stage duplicate: those are bad */
  const char *outcome;        /* "" applied failed undone touched */
  apr_int64_t candidate_id;   /* 0: none */
  const char *number, *name;  /* of the record, or as the row says; NULL */
  gk_json_t *values;          /* target -> text, non-empty ones */
  gk_json_t *faults;          /* [{field, code, zh, en}] */
  gk_json_t *before, *after;  /* target -> text: only what differs */
  gk_json_t *undo;            /* how it was, kept when it is done; or NULL */
} gk_import_row_t;
bool gk_import_bad(const char *verdict);

void gk_import_fault(gk_json_t *faults, const char *field, const char *code, const char *zh, const char *en);

/* Finds the record and judges: sets everything but n, hidden, values (given) and outcome. A row that has faults already keeps
 * them. Errors: only those that end the job (the database). */
gk_error_t *gk_import_judge(gk_import_row_t *row, gk_act_t *act, const char *kind);
/* Judges again and does it, in the act's transaction: outcome applied, or failed with the reason in verdict and faults. *done: the
 * transaction runs and holds the change; else nothing was written. */
gk_error_t *gk_import_do(bool *done, gk_import_row_t *row, gk_act_t *act, const char *kind);
/* Takes it back where what it set is still there and the record is still open: outcome undone; else touched, with the reason in
 * faults. `really` false: only says so. */
gk_error_t *gk_import_undo(bool *done, gk_import_row_t *row, gk_act_t *act, const char *kind, bool really);

/* {n, hidden, verdict, outcome, candidate_id, number, name, values, faults, before, after} */
gk_json_t *gk_import_row_json(const gk_import_row_t *row, apr_pool_t *pool);

/* ---- template ------------------------------------------------------------------------------------------------ */

/* A workbook to fill in: headings, an example, notes, the codes; all cells text. */
gk_error_t *gk_import_template(const char **bytes, apr_size_t *length, gk_act_t *act, const char *kind);
const char *gk_import_kind_zh(const char *kind);
const char *gk_import_kind_en(const char *kind);

/* (store/import_store.c) Whose a number is, in the whole season: *id 0 when nobody's. */
gk_error_t *gk_import_store_find(apr_int64_t *id, const char **org_path, gk_act_t *act, gk_import_use_t use, const char *number);

#endif
