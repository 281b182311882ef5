/* jobs/export.h: the province's export from the store through an export plugin to wherever bytes go: to a client
 * (rest/exports.c) or to a file (the jobs export_FORMAT).
 */
#ifndef GK_JOBS_EXPORT_H
#define GK_JOBS_EXPORT_H

#include "domain/export.h"
#include "plugin/calls.h"

typedef struct gk_export_wish_t {
  gk_export_filter_t filter;
  const char *format;   /* "xml", "csv", "xlsx" */
  const char *encoding; /* NULL: the format's first */
  const char *since;    /* the mark that plan->since is the snapshot of; NULL: everything */
} gk_export_wish_t;

typedef struct gk_export_result_t {
  gk_export_plan_t plan;
  apr_int64_t candidates, withdrawn, bytes;
  apr_int64_t files, photos;  /* of a bundle: all its files, pictures among them */
  bool per_point;             /* a bundle of one list a point */
  const char *content_digest; /* SHA-256 over "number|version\n" of the candidates in order */
  const char *digest;         /* SHA-256 of the bytes */
  const char *anchor;         /* of the audit when it began, or NULL */
} gk_export_result_t;

/* Called now and then with how many are done; an error ends the export. May be NULL. */
typedef gk_error_t *(*gk_export_progress_fn)(void *baton, apr_int64_t done);

/* Decides what the export holds; nothing is written. Errors: those of gk_export_plan; INVALID for an unknown format. */
gk_error_t *gk_export_prepare(gk_export_plan_t *plan, const char **media_type, const char **extension,
                              gk_act_t *act, const gk_export_wish_t *wish);

/* Writes the export; afterwards the act is in no transaction. When it fails half-way, *out says how far it came. The audit
 * row is the caller's: gk_export_audit. Errors: PLUGIN, INVALID (a value that can't be exported), what `write` or
 * `progress` returned. */
gk_error_t *gk_export_run(gk_export_result_t *out, gk_act_t *act, const gk_export_plan_t *plan,
                          const gk_export_wish_t *wish, gk_export_write_fn write,
                          gk_export_progress_fn progress, void *baton);

/* Leaves the audit row "export.candidates" in the act's transaction: what went out, to whom, how much of it. */
gk_error_t *gk_export_audit(gk_act_t *act, const gk_export_result_t *result, const gk_export_wish_t *wish,
                            bool complete);

#endif
