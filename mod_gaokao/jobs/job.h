/* jobs/job.h: long work: rows of the database that a worker leases, does and finishes.
 *
 * States: queued -> running -> done, failed or cancelled. A lease holds GK_JOB_LEASE_US and is renewed every GK_JOB_BEAT_US; when
 * its worker dies it runs out and another worker begins the job again, at most GK_JOB_ATTEMPTS times in all. Every step of a
 * worker names the lease's owner, so that one that slept through its lease changes nothing any more.
 *
 * A person sees and cancels the own jobs only.
 */
#ifndef GK_JOBS_JOB_H
#define GK_JOBS_JOB_H

#include <stdbool.h>
#include "domain/act.h"

#define GK_JOB_LEASE_US (15 * APR_USEC_PER_SEC)
#define GK_JOB_BEAT_US (5 * APR_USEC_PER_SEC)
#define GK_JOB_ATTEMPTS 5
#define GK_JOB_OPEN_MAX 5                             /* of one account, queued or running */
#define GK_ANSWER_KEEP_US (15 * 24 * 3600 * APR_USEC_PER_SEC) /* answers kept for requests that are repeated (DI-2) */
#define GK_JOB_KEEP_US (24 * 3600 * APR_USEC_PER_SEC) /* results are deleted after this */

typedef struct gk_job_t {
  apr_int64_t id, season_id, account_id, done, total, attempts, version;
  const char *kind, *org_path, *state;
  const char *args;   /* JSON object, as checked by the kind */
  const char *result; /* JSON object of a job that is done; {"file", ...} when there is a file; else NULL */
  const char *error;  /* JSON {"code", "zh", "en"} of a job that failed, else NULL */
  bool cancel;        /* somebody asked for it */
  apr_time_t created, started, finished;
} gk_job_t;

/* ---- for the person who wants it ------------------------------------------------------------------------- */

/* Queues a job. `args` is checked by the kind. Errors: INVALID (/kind, /args/...), FORBIDDEN when the actor's role may
 * not have this kind, TOO_MANY with GK_JOB_OPEN_MAX open ones. */
gk_error_t *gk_job_create(gk_job_t *out, gk_act_t *act, const char *kind, gk_json_t *args);
gk_error_t *gk_job_get(gk_job_t *out, gk_act_t *act, apr_int64_t id);
/* gk_job_t, newest first, at most `limit`, with an id below `before` (0: from the newest). state "": any. */
gk_error_t *gk_job_list(apr_array_header_t **jobs, gk_act_t *act, const char *state, apr_int64_t before,
                        int limit);
/* A queued job is cancelled at once, a running one within seconds. Errors: WRONG_STATE when it is over. */
gk_error_t *gk_job_cancel(gk_job_t *out, gk_act_t *act, apr_int64_t id);
/* The file of a job that is done: absolute path, media type, name for saving. Errors: WRONG_STATE before that, GONE
 * when it was deleted. */
gk_error_t *gk_job_file(const char **path, const char **media_type, const char **name, const gk_job_t *job,
                        gk_act_t *act);
/* {id, kind, state, args, done, total, cancel_requested, result, error, created_at, started_at, finished_at, version}. The
 * result's file is told as "file": true. */
gk_json_t *gk_job_json(const gk_job_t *job, apr_pool_t *pool);

/* ---- for workers ----------------------------------------------------------------------------------------- */

/* What a job that runs knows. */
typedef struct gk_job_run_t gk_job_run_t;
struct gk_job_run_t {
  gk_job_t job;
  gk_act_t act; /* of the person who wants it; connection and clock are the worker's */
  gk_principal_t who;
  const char *owner;  /* of the lease */
  apr_pool_t *pool;   /* goes after the job */
  volatile int *stop; /* the worker is to end */
  /* shared with the heart (atomics): */
  apr_int64_t done, total;
  int cancelled, lost;
};

/* One kind of job. */
typedef struct gk_job_kind_t {
  const char *name;
  unsigned roles; /* GK_ROLE_ bits */
  /* Checks args as they came (NULL: absent) and gives the form that is kept. Pointers of faults are below /args. */
  gk_error_t *(*check)(gk_json_t **kept, gk_act_t *act, gk_json_t *args);
  /* Does it. *result: JSON object. Runs outside a transaction and leaves none open. Begins from nothing again after its
   * worker died. */
  gk_error_t *(*run)(gk_json_t **result, gk_job_run_t *run, gk_json_t *args);
} gk_job_kind_t;
/* NULL for an unknown name. (jobs/kinds.c) */
const gk_job_kind_t *gk_job_kind(const char *name);

/* How far the job has come; to be called often. An error means: stop at once and give it back as it is (cancelled, lease
 * lost, worker ends). */
gk_error_t *gk_job_progress(gk_job_run_t *run, apr_int64_t done, apr_int64_t total);

/* Leases the oldest job that waits. *found false when there is none. `owner` must be new for each call. Commits. */
gk_error_t *gk_job_lease(gk_job_t *out, bool *found, gk_db_t *db, const char *owner, apr_time_t now,
                         apr_pool_t *pool);
/* Renews a lease. *lost: it is somebody else's, or over. Commits. */
gk_error_t *gk_job_beat(bool *cancelled, bool *lost, gk_db_t *db, apr_int64_t id, const char *owner,
                        apr_int64_t done, apr_int64_t total, apr_pool_t *pool);
/* Ends it: state done (result), failed (error) or cancelled. *kept false when the lease was lost. Commits. */
gk_error_t *gk_job_end(bool *kept, gk_db_t *db, const gk_job_t *job, const char *owner, const char *state,
                       const gk_json_t *result, const gk_error_t *error, apr_time_t now, apr_pool_t *pool);
/* Gives it back unfinished. Commits. */
gk_error_t *gk_job_release(gk_db_t *db, apr_int64_t id, const char *owner, apr_pool_t *pool);

/* Looks for a job and does it, with a heart that beats beside it. *found: there was one. Errors are those of the
 * database; a job's own fault ends in its row. */
gk_error_t *gk_job_work(bool *found, gk_core_t *core, gk_db_t *db, volatile int *stop, apr_pool_t *pool);
/* Deletes results older than GK_JOB_KEEP_US. *count (may be NULL): how many. */
gk_error_t *gk_job_sweep(int *count, gk_core_t *core, gk_db_t *db, apr_pool_t *pool);

#endif
