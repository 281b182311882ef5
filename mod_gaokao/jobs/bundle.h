/* jobs/bundle.h: exports of several files in one ZIP: the ministry's DBF tables with photos by number, or a list a point. One
 * snapshot. A list or a photo at a time; the DBF tables, which the library wants whole, are held until they are written.
 */
#ifndef GK_JOBS_BUNDLE_H
#define GK_JOBS_BUNDLE_H

#include "jobs/export.h"

typedef struct gk_bundle_t {
  bool dbf;    /* T_BMK, T_KSJL, T_TJXX; else one file of wish->format a point, named by its code */
  bool photos; /* the accepted ones as photos/NUMBER.jpg */
} gk_bundle_t;

/* As gk_export_run. out->files: how many are in it, photos too. */
gk_error_t *gk_bundle_run(gk_export_result_t *out, gk_act_t *act, const gk_export_plan_t *plan, const gk_export_wish_t *wish,
                          const gk_bundle_t *bundle, gk_export_write_fn write, gk_export_progress_fn progress, void *baton);

#endif
