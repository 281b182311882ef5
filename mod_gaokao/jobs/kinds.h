/* jobs/kinds.h: one line a kind of job. */
#ifndef GK_JOBS_KINDS_H
#define GK_JOBS_KINDS_H

#include "jobs/job.h"

/* The province's export into a file. args {"org", "kind", "state"}: as GET /export/candidates.xml. (export_job.c) */
extern const gk_job_kind_t gk_job_export_xml;
/* The dry run of a policy pack over every record. args {"pack": id}. (rehearsal_job.c) */
extern const gk_job_kind_t gk_job_rehearse_pack;

/* The parts of a pull; made by POST /export/pulls only. args {"pull"}. (pull_write.c) */
extern const gk_job_kind_t gk_job_export_pull;

#endif
