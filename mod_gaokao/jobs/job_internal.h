/* jobs/job_internal.h: shared inside jobs/ only. */
#ifndef GK_JOBS_JOB_INTERNAL_H
#define GK_JOBS_JOB_INTERNAL_H

#include "jobs/job.h"
#include "store/sql.h"

/* All statements that give jobs give the same columns. Strings stay the row's. */
gk_job_t gk_job__of(const gk_row_job_get_t *row);

#endif
