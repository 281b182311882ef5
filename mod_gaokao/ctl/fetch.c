/* ctl/fetch.c: gaokaoctl job fetch. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "jobs/sealed_file.h"
#include "store/sql.h"

static gk_error_t *put(void *baton, const char *bytes, apr_size_t length)
{
  gk_ctl_t *ctl = baton;
  if (fwrite(bytes, 1, length, stdout) != length)
    return gk_error_internal(ctl->pool, GK_E_INTERNAL, "standard output can't be written");
  return NULL;
}

gk_error_t *gk_ctl_job_fetch(gk_ctl_t *ctl)
{
  bool found;
  gk_row_ctl_job_t row;
  const char *path, *media_type, *name;
  apr_int64_t id = strtoll(gk_ctl__word(ctl, 0), NULL, 10);
  GK_TRY(gk_db_find(ctl->db, GK_CALL(ctl_job, .id = id), &found, &row, ctl->pool));
  if (!found)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "没有任务 %s", "There is no job %s", gk_ctl__word(ctl, 0));
  gk_job_t job = {.id = row.id, .state = row.state, .result = row.result, .version = row.version, .org_path = row.org_path};
  GK_TRY(gk_job_file(&path, &media_type, &name, &job, &ctl->act));
  GK_TRY(gk_ctl__finish(ctl, gk_audit(&ctl->act, "job.fetch", "job", job.id, job.version, job.org_path, NULL, NULL)));
  return gk_sealed_file_read(path, &job, &ctl->act, put, ctl);
}
