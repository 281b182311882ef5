/* plugin/calls.h: guarded calls of device, photo and export plugins. What plugins answer has been checked
 * (UTF-8, lengths, known enum members, finite numbers) and copied; an answer that breaks a rule counts as a
 * failure. `request_id` stands in log lines; never NULL. Policy plugins: domain/verdict.h.
 */
#ifndef GK_PLUGIN_CALLS_H
#define GK_PLUGIN_CALLS_H

#include "base/flat.h"
#include "domain/document.h"
#include "domain/pack.h"
#include "gaokao_plugin.h"
#include "plugin/plugin.h"

/* ---- device ------------------------------------------------------------------------------------------- */

typedef enum gk_outcome_t {
  GK_OUTCOME_DONE = 1,
  GK_OUTCOME_REVIEW = 2,        /* the plugin failed and its on_error says a person looks */
  GK_OUTCOME_SKIPPED = 3        /* and its on_error says go on without */
} gk_outcome_t;

/* Asks all device plugins whose bytes these are and lets the surest one decode them. *reading is in `pool`,
 * NULL unless
 * *outcome is DONE; *plugin (may be NULL) is its name.
 * Errors: INVALID when nobody knows the bytes, or the plugin says they are damaged; PLUGIN. */
gk_error_t *gk_device_decode(gk_plugins_t *plugins, const char *request_id, const gaokao_input_t *input,
                             gk_outcome_t *outcome, const gaokao_reading_t **reading, const char **plugin,
                             apr_pool_t *pool);

/* ---- photo -------------------------------------------------------------------------------------------- */

typedef struct gk_photo_result_t {
  apr_array_header_t *facts;      /* gaokao_number_t: those given and those found, in order */
  apr_array_header_t *findings;   /* gaokao_finding_t, in the order of the plugins */
  const gaokao_crop_t *crop;      /* the first one proposed, or NULL */
  bool review;                    /* a plugin failed whose on_error is review */
  apr_array_header_t *skipped;    /* const char *: plugins that failed and may be skipped */
} gk_photo_result_t;

/* Lets all photo plugins look at a picture in the order of the configuration; each sees the facts of those
 * before it.
 * *result is in `pool`. Errors: INVALID when a plugin says the picture is damaged; PLUGIN. */
gk_error_t *gk_photo_inspect(gk_plugins_t *plugins, const char *request_id, const gaokao_picture_t *picture,
                             gk_photo_result_t **result, apr_pool_t *pool);

/* ---- export ------------------------------------------------------------------------------------------- */

typedef struct gk_export_t gk_export_t;

/* Takes bytes of the export; an error ends it and is what the failed call returns. */
typedef gk_error_t *(*gk_export_write_fn)(void *baton, const void *bytes, apr_size_t length);

/* What the header of an export says besides what the pack knows. */
typedef struct gk_export_head_t {
  const char *format;             /* "xml" */
  const char *encoding;           /* NULL: the format's first */
  const char *scope;              /* code of the organisation */
  const char *scope_name;
  apr_time_t generated;
  const char *mark;               /* high-water mark, or NULL */
  const char *since;              /* mark it starts from; NULL: full */
  const char *anchor;             /* of the audit, or NULL */
  unsigned extra;                 /* GK_EXPORT_...: columns beside the pack's mapping */
} gk_export_head_t;
/* BJ, the class, behind the main table's columns: lists of clerks. T_TJXX: the fields of the pack's part `examination` under their
 * own names, which are the ministry's, in capitals. */
enum { GK_EXPORT_CLASS = 1, GK_EXPORT_EXAMINATION = 2 };

/* One candidate of an export. */
typedef struct gk_export_row_t {
  apr_uint32_t kind;              /* GAOKAO_RECORD_...; 0: PRESENT */
  const char *number;
  const char *candidate_number;   /* NULL before submission */
  const char *state;
  const char *point;
  apr_int64_t version;
  const gk_document_t *document;  /* fields, and those of all parts */
  const gk_flat_t *flat;          /* the same read by base/flat.h: then `document` is NULL. Faster. */
  gk_json_t *derived;             /* derived fields and facts that the mapping names, or NULL */
} gk_export_row_t;

/* Media type and file extension of a format, or false when no export plugin knows it. Strings live as long as
 * `plugins`. */
bool gk_export_format(gk_plugins_t *plugins, const char *format, const char **media_type,
                      const char **extension);

/* Begins an export of `pack`'s mapping. The stream and all it needs live in a pool of its own below `pool`.
 * One thread at a time. Errors: INVALID for an unknown format or encoding; PLUGIN; what `write` returned. */
gk_error_t *gk_export_begin(gk_export_t **out, gk_plugins_t *plugins, const char *request_id,
                            const gk_pack_t *pack, const gk_export_head_t *head, gk_export_write_fn write,
                            void *baton, apr_pool_t *pool);

/* Maps one candidate by the pack's export columns and writes it. Uses no memory that stays.
 * Errors: INVALID naming the registration number when a value can't be exported; PLUGIN; what `write`
 * returned. */
gk_error_t *gk_export_candidate(gk_export_t *export, const gk_export_row_t *row);

/* Writes what is left. `digest` (may be NULL): SHA-256 in hex over the content as the caller defines it. */
gk_error_t *gk_export_end(gk_export_t *export, const char *digest);

/* So far. */
apr_uint64_t gk_export_records(const gk_export_t *export);
apr_uint64_t gk_export_bytes(const gk_export_t *export);

#endif
