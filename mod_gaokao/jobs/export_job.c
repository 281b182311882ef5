/* jobs/export_job.c: the jobs export_FORMAT: candidates through an export plugin into a file of the spool folder. export_xml is
 * the province's export; export_csv and export_xlsx are the lists of clerks, of their own subtree, a file a point in one ZIP where
 * they ask for that; export_dbf is the ministry's tables, with photos by number, in one ZIP.
 *
 * A snapshot ends with its worker, so a job that is begun again writes its file from the beginning. Each attempt writes a
 * file of its own name and renames it when it is whole and on disk: what a result names is always complete.
 */
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "jobs/bundle.h"
#include "jobs/kinds.h"
#include "jobs/sealed_file.h"

#define BUFFER_BYTES (256 * 1024)
/* Who has no number yet is in no export. */
#define LIST_STATES "allocated|identified|card_printed|reviewed|filling|proofed|confirmed|submitted|accepted|withdrawn|any"
#define CLERKS (GK_ROLE_POINT | GK_ROLE_COUNTY | GK_ROLE_CITY | GK_ROLE_PROVINCE)

typedef struct file_t {
  gk_job_run_t *run;
  gk_sealed_file_t *sealed;
  apr_int64_t total;
} file_t;

static gk_error_t *disk(apr_pool_t *pool, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, APR_STATUS_IS_ENOSPC(rv) ? GK_E_DB_FULL : GK_E_INTERNAL, "export file: %s",
                           apr_strerror(rv, why, sizeof(why)));
}

static bool art(const char *kind) { return kind != NULL && strcmp(kind, "art") == 0; }

/* "export_xml": xml */
static const char *format_of(const char *kind) { return kind + strlen("export_"); }

static gk_export_wish_t wish_of(const char *kind, const gk_json_t *args)
{
  return (gk_export_wish_t){.filter = {.org = gk_json_str(args, "org"),
                                       .art = art(gk_json_str(args, "kind")),
                                       .state = gk_json_str(args, "state"),
                                       .subject = gk_json_str(args, "subject"),
                                       .class_name = gk_json_str(args, "class")},
                            .format = strcmp(kind, "export_dbf") == 0 ? "dbf_bmk" : format_of(kind),
                            .encoding = gk_json_str(args, "encoding")};
}

/* One file, or several in a ZIP. */
static gk_bundle_t bundle_of(const char *kind, const gk_json_t *args)
{
  return (gk_bundle_t){.dbf = strcmp(kind, "export_dbf") == 0, .photos = gk_json_bool(args, "photos")};
}

static bool in_zip(const char *kind, const gk_json_t *args)
{
  return strcmp(kind, "export_dbf") == 0 || gk_json_bool(args, "per_point");
}

/* What a format can be written in is said before the job waits. */
static gk_error_t *check_kind(gk_json_t **kept, gk_act_t *act, gk_json_t *args, const char *kind, bool list)
{
  gk_export_plan_t plan;
  const char *media_type, *extension;
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  bool dbf = strcmp(kind, "export_dbf") == 0, per_point = false, photos = false;
  gk_export_wish_t wish = {.format = dbf ? "dbf_bmk" : format_of(kind)};
  wish.filter.art = art(gk_decode_word(&d, "kind", GK_OPTIONAL, "art|all"));
  if (list) {
    wish.filter.org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
    wish.filter.state = gk_decode_word(&d, "state", GK_OPTIONAL, LIST_STATES);
    wish.filter.subject = gk_decode_str(&d, "subject", GK_OPTIONAL, 1, 4);
    wish.filter.class_name = gk_decode_str(&d, "class", GK_OPTIONAL, 1, 20);
    if (dbf)
      photos = gk_decode_bool(&d, "photos", GK_OPTIONAL, false);
    else
      per_point = gk_decode_bool(&d, "per_point", GK_OPTIONAL, false);
    if (!dbf)
      wish.encoding = gk_decode_word(&d, "encoding", GK_OPTIONAL, "UTF-8|GB18030");
    if (wish.filter.state == NULL)
      wish.filter.state = "any";
    if (wish.encoding != NULL && strcmp(wish.format, "xlsx") == 0 && strcmp(wish.encoding, "UTF-8") != 0)
      gk_decode_fault(&d, "encoding", "format", "XLSX 没有编码可选", "XLSX has no choice of encodings");
  } else {
    wish.filter.org = gk_decode_str(&d, "org", GK_OPTIONAL, 2, 10);
    wish.filter.state = gk_decode_word(&d, "state", GK_OPTIONAL, "submitted|accepted|any");
  }
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_export_prepare(&plan, &media_type, &extension, act, &wish));
  *kept = gk_export_plan_json(&plan, act->pool);
  if (wish.encoding != NULL)
    gk_json_set_str(*kept, "encoding", wish.encoding);
  if (per_point)
    gk_json_set_bool(*kept, "per_point", true);
  if (photos)
    gk_json_set_bool(*kept, "photos", true);
  return NULL;
}

static gk_error_t *check_xml(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_kind(kept, act, args, "export_xml", false);
}

static gk_error_t *check_csv(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_kind(kept, act, args, "export_csv", true);
}

static gk_error_t *check_xlsx(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_kind(kept, act, args, "export_xlsx", true);
}

static gk_error_t *check_dbf(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  return check_kind(kept, act, args, "export_dbf", true);
}

static gk_error_t *write_bytes(void *baton, const void *bytes, apr_size_t length)
{
  file_t *out = baton;
  return gk_sealed_file_write(out->sealed, bytes, length);
}

static gk_error_t *progress(void *baton, apr_int64_t done)
{
  file_t *out = baton;
  return gk_job_progress(out->run, done, out->total);
}

static gk_error_t *write_file(gk_export_result_t *result, gk_job_run_t *run, const gk_export_plan_t *plan,
                              const gk_export_wish_t *wish, const gk_bundle_t *bundle, const gk_vault_key_t *key, const char *path)
{
  file_t out = {run, NULL, 0};
  apr_file_t *file;
  GK_TRY(gk_export_count(&out.total, &run->act, plan));
  GK_TRY(gk_job_progress(run, 0, out.total));
  apr_status_t rv = apr_file_open(
      &file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BUFFERED,
      APR_FPROT_UREAD | APR_FPROT_UWRITE, run->pool);
  if (rv != APR_SUCCESS)
    return disk(run->pool, rv);
  apr_file_buffer_set(file, apr_palloc(run->pool, BUFFER_BYTES), BUFFER_BYTES);
  out.sealed = gk_sealed_file_start(file, key, run->job.id, run->pool);
  gk_error_t *error = bundle != NULL ? gk_bundle_run(result, &run->act, plan, wish, bundle, write_bytes, progress, &out)
                                     : gk_export_run(result, &run->act, plan, wish, write_bytes, progress, &out);
  if (error == NULL)
    error = gk_sealed_file_end(out.sealed);
  if (error == NULL && (rv = apr_file_sync(file)) != APR_SUCCESS)
    error = disk(run->pool, rv);
  rv = apr_file_close(file);
  if (error == NULL && rv != APR_SUCCESS)
    error = disk(run->pool, rv);
  if (error == NULL)
    error = gk_job_progress(run, result->candidates,
                            result->candidates > out.total ? result->candidates : out.total);
  return error;
}

/* The file's key is in the database before the file is: whoever finds one finds the other. */
static gk_error_t *make_key(gk_vault_key_t *key, gk_job_run_t *run)
{
  GK_TRY(gk_act_begin(&run->act));
  GK_TRY(gk_vault_make(key, &run->act, GK_VAULT_FILE, 0));
  return gk_db_commit(run->act.db, run->pool);
}

static gk_error_t *audit(gk_job_run_t *run, const gk_export_result_t *result, const gk_export_wish_t *wish)
{
  GK_TRY(gk_act_begin(&run->act));
  GK_TRY(gk_export_audit(&run->act, result, wish, true));
  return gk_db_commit(run->act.db, run->pool);
}

static gk_error_t *run_export(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  gk_export_plan_t plan;
  gk_export_result_t result;
  gk_export_wish_t wish = wish_of(run->job.kind, args);
  const char *media_type, *extension, *spool = gk_core_config(run->act.core)->spool_dir;
  gk_bundle_t bundle = bundle_of(run->job.kind, args);
  bool zip = in_zip(run->job.kind, args);
  GK_TRY(gk_export_prepare(&plan, &media_type, &extension, &run->act, &wish));
  if (bundle.dbf) /* T_TJXX is a part */
    plan.with_parts = true;
  if (zip) {
    media_type = "application/zip";
    extension = "zip";
  }
  const char *name = apr_psprintf(run->pool, "job-%" APR_INT64_T_FMT ".%s", run->job.id, extension);
  const char *path = apr_pstrcat(run->pool, spool, "/", name, NULL);
  const char *part = apr_pstrcat(run->pool, path, ".", run->owner, ".part", NULL);
  gk_vault_key_t key;
  GK_TRY(make_key(&key, run));
  gk_error_t *error = write_file(&result, run, &plan, &wish, zip ? &bundle : NULL, &key, part);
  if (error == NULL)
    error = audit(run, &result, &wish); /* before anybody can fetch it */
  apr_status_t rv = APR_SUCCESS;
  if (error == NULL && (rv = apr_file_rename(part, path, run->pool)) != APR_SUCCESS)
    error = disk(run->pool, rv);
  if (error != NULL) {
    apr_file_remove(part, run->pool);
    return error;
  }
  gk_json_t *json = gk_export_plan_json(&plan, run->pool);
  gk_json_set_str(json, "file", name);
  gk_json_set_int(json, "record_key", key.id);
  gk_json_set_str(
      json, "name",
      apr_psprintf(run->pool, "candidates-%s-%d.%s", plan.code, run->act.season->year, extension));
  gk_json_set_str(json, "media_type", media_type);
  gk_json_set_int(json, "bytes", result.bytes);
  gk_json_set_str(json, "digest", result.digest);
  gk_json_set_int(json, "candidates", result.candidates);
  if (zip)
    gk_json_set_int(json, "files", result.files);
  gk_json_set_str(json, "content_digest", result.content_digest);
  gk_json_set_str(json, "audit_anchor", result.anchor);
  *out = json;
  return NULL;
}

const gk_job_kind_t gk_job_export_xml = {"export_xml", GK_ROLE_EXPORT | GK_ROLE_PROVINCE, check_xml, run_export};
const gk_job_kind_t gk_job_export_dbf = {"export_dbf", CLERKS | GK_ROLE_EXPORT, check_dbf, run_export};
const gk_job_kind_t gk_job_export_csv = {"export_csv", CLERKS, check_csv, run_export};
const gk_job_kind_t gk_job_export_xlsx = {"export_xlsx", CLERKS, check_xlsx, run_export};
