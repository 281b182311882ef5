/* plugin/photo_report.h: the findings of one photo put in order, and their JSON. See photo_check.h. */
#ifndef GK_PLUGIN_PHOTO_REPORT_H
#define GK_PLUGIN_PHOTO_REPORT_H

#include "gaokao_plugin.h"
#include "plugin/photo_check.h"

/* A finding as the report keeps it: a plugin's, or the core's own. */
typedef struct gk_photo_finding_t {
  gk_photo_word_t severity;
  gaokao_finding_t said;        /* its severity is not used */
} gk_photo_finding_t;

/* Adds a finding of the core: no numbers, no region. */
void gk_photo__say(apr_array_header_t *findings, gk_photo_word_t severity, const char *code, const char *zh,
                   const char *en, const char *remedy_zh, const char *remedy_en);

/* Leaves out what only follows from a blocking cause, and sorts: causes first. Returns the worst severity. */
gk_photo_word_t gk_photo__settle(apr_array_header_t *findings, apr_pool_t *pool);

/* Moves regions: picture = offset + region * scale, kept inside width x height. */
void gk_photo__move(apr_array_header_t *findings, double x, double y, double scale, int width, int height);

gk_json_t *gk_photo__findings_json(const apr_array_header_t *findings, apr_pool_t *pool);

#endif
