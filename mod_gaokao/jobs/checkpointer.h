/* jobs/checkpointer.h: writes SQLite's log into its file beside a worker's jobs, so that no save has to (gk_db_checkpoint). */
#ifndef GK_JOBS_CHECKPOINTER_H
#define GK_JOBS_CHECKPOINTER_H

#include "domain/core.h"

/* A thread with a connection of its own; *out is NULL on PostgreSQL, which has a process for it. `say` gets a line for the
 * log when it fails. */
typedef struct gk_checkpointer_t gk_checkpointer_t;
gk_error_t *gk_checkpointer_start(gk_checkpointer_t **out, gk_core_t *core, void (*say)(const char *line), apr_pool_t *pool);
/* Ends it within a moment. */
void gk_checkpointer_stop(gk_checkpointer_t *checkpointer);

#endif
