/* jobs/sealer.h: seals the audit beside a worker's jobs (domain/audit_seal.h) and sends anchors out of the database's reach. Its
 * thread also activates the pack whose time has come (domain/pack_life.h): jobs that take long hold up neither. */
#ifndef GK_JOBS_SEALER_H
#define GK_JOBS_SEALER_H

#include "domain/audit_seal.h"

/* Seals until nothing waits. *rows (may be NULL): how many. BUSY while another sealer is at work. */
gk_error_t *gk_sealer_drain(apr_int64_t *rows, gk_sealer_t *sealer, gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

/* Writes the newest anchor where audit_anchor_log says; nothing to do when there is no seal or the log is off. Errors:
 * CONFIG when the file can't be written. */
gk_error_t *gk_anchor_log(gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

/* A thread with a connection of its own. `say` gets a line for the log now and then. */
typedef struct gk_sealing_t gk_sealing_t;
gk_error_t *gk_sealing_start(gk_sealing_t **out, gk_core_t *core, void (*say)(const char *line), apr_pool_t *pool);
/* Ends it within a moment; a seal under way is finished. */
void gk_sealing_stop(gk_sealing_t *sealing);

#endif
