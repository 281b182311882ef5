/* jobs/kinds.h: one line a kind of job. */
#ifndef GK_JOBS_KINDS_H
#define GK_JOBS_KINDS_H

#include "jobs/job.h"

/* The province's export into a file. args {"org", "kind", "state"}: as GET /export/candidates.xml. (export_job.c) */
extern const gk_job_kind_t gk_job_export_xml;
/* Lists of clerks: candidates with a number of the own subtree. args {"org_id", "kind", "state", "subject", "class",
 * "encoding", "per_point"}, all optional: those of GET /candidates; "kind" art or all, "encoding" UTF-8 or GB18030 (csv);
 * per_point: a file a point, in a ZIP. export_dbf: the ministry's tables in a ZIP, {..., "photos"} without encoding and per_point.
 * (export_job.c, bundle.c) */
extern const gk_job_kind_t gk_job_export_dbf;
extern const gk_job_kind_t gk_job_export_csv;
extern const gk_job_kind_t gk_job_export_xlsx;
/* The dry run of a policy pack over every record. args {"pack": id}. (rehearsal_job.c) */
extern const gk_job_kind_t gk_job_rehearse_pack;

/* Photos in bulk (photo_import.h), made by POST /photos/imports: args {"upload", "record_key", "bytes"}, and {"job",
 * "leave_out"}. (photo_import.c) */
extern const gk_job_kind_t gk_job_photo_check;
extern const gk_job_kind_t gk_job_photo_keep;
/* The steps of an import; made by /imports only. args {"import"}, of an undo also {"partial"}. (import_job.c) */
extern const gk_job_kind_t gk_job_import_check;
extern const gk_job_kind_t gk_job_import_apply;
extern const gk_job_kind_t gk_job_import_undo;

/* The parts of a pull; made by POST /export/pulls only. args {"pull"}. (pull_write.c) */
extern const gk_job_kind_t gk_job_export_pull;
/* Papers for many (jobs/print_job.c), each {"paper"?: a4 letter, "missing"?: leave_out box} and either a choice, or
 * {"job", "first_page"?, "last_page"?}: pages of a job that is done, printed again as they were. A choice is {"ids"}, or
 * {"from"?, "to"?, "class"?} of the own unit's candidates. Changes of records are those of the single act. */
extern const gk_job_kind_t gk_job_print_cards;
extern const gk_job_kind_t gk_job_print_login_sheet;
extern const gk_job_kind_t gk_job_print_proofs;
extern const gk_job_kind_t gk_job_print_forms;
extern const gk_job_kind_t gk_job_print_slips;  /* choice: {"ids"} or {"org_id", "role"?} of accounts */
extern const gk_job_kind_t gk_job_print_roster; /* choice: also {"org_id"}, or nothing: the whole unit */

#endif
