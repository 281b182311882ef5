/* jobs/photo_import.h: many photos at once (faults.md IN-8, PE-11): a ZIP whose pictures are named by registration or ID number.
 *
 * What was sent lies sealed in the spool under a key of its own until the job's results go. The job photo_check opens it in
 * gaokao-worker and has every picture examined by the photo workers; nothing is kept. Its result is a table, a row a picture:
 *   {"rows": [{"n", "name", "candidate", "photo_state", "verdict", "becomes", "findings": [...], "fault": null | {code, zh, en},
 *   "keepable"}]}. The job photo_keep, asked for by the person who saw the table, then keeps them one by one, each in its own
 * transaction with its own audit row, as source "import": {"rows": [{"n", "name", "candidate", "photo", "state", "fault"}]}. A
 * picture whose candidate or present photo is another one by then is left out and said so. A job that died goes on: what it kept
 * is found again by the file's digest.
 */
#ifndef GK_JOBS_PHOTO_IMPORT_H
#define GK_JOBS_PHOTO_IMPORT_H

#include "jobs/job.h"

#define GK_PHOTO_IMPORT_BYTES 32000000 /* of one archive */

/* Puts the archive down and queues the job photo_check. `sha256` in hex: what the sender says it sent. Errors: INVALID (?sha256, or
 * what gk_zip_list says), TOO_MANY, DB_FULL. */
gk_error_t *gk_photo_import_create(gk_job_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                                   const char *sha256);
/* Queues photo_keep for what the job `id` showed, without the rows of `leave_out` (numbers "n"; may be NULL). Asked for twice it
 * keeps nothing twice. Errors: NOT_FOUND, WRONG_STATE (not done), GONE. */
gk_error_t *gk_photo_import_keep(gk_job_t *out, gk_act_t *act, apr_int64_t id, gk_json_t *leave_out);

#endif
