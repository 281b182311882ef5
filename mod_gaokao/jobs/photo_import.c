/* jobs/photo_import.c: see photo_import.h. */
#include "jobs/photo_import.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "base/zip.h"
#include "domain/photo.h"
#include "jobs/kinds.h"
#include "jobs/spool.h"

#define UPLOAD "job-upload-"    /* the sweep takes what begins with job- */
#define TRIES 40                /* of one picture, while the photo workers are busy or start again */
#define PAUSE_US (500 * 1000)
#define DEATHS 3                /* of photo workers over one picture */
#define CONTEXT "photo.import"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static gk_error_t *disk(apr_pool_t *pool, apr_status_t rv)
{
  char why[120];
  return gk_error_internal(pool, APR_STATUS_IS_ENOSPC(rv) ? GK_E_DB_FULL : GK_E_INTERNAL, "photos sent: %s",
                           apr_strerror(rv, why, sizeof(why)));
}

/* ---- what was sent ---------------------------------------------------------------------------------------- */

static const char *path_of(const gk_act_t *act, const char *upload)
{
  return apr_pstrcat(act->pool, gk_core_config(act->core)->spool_dir, "/", upload, NULL);
}

static const char *context_of(const char *upload, apr_pool_t *pool) { return apr_pstrcat(pool, CONTEXT ".", upload, NULL); }

/* The key is made and committed before the file is written: a disk that takes its time holds up nobody's save. Left over without
 * a job, the key opens nothing. */
static gk_error_t *put_down(const char **upload, gk_vault_key_t *key, gk_act_t *act, const unsigned char *bytes,
                            apr_size_t length)
{
  apr_file_t *file;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_vault_make(key, act, GK_VAULT_FILE, 0));
  GK_TRY(gk_db_commit(act->db, act->pool));
  *upload = apr_pstrcat(act->pool, UPLOAD, gk_random_hex(act->pool, 12), ".zip", NULL);
  const char *path = path_of(act, *upload);
  apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY,
                                  APR_FPROT_UREAD | APR_FPROT_UWRITE, act->pool);
  if (rv != APR_SUCCESS)
    return disk(act->pool, rv);
  gk_sealed_file_t *sealed = gk_sealed_file_start_as(file, key, context_of(*upload, act->pool), act->pool);
  gk_error_t *error = gk_sealed_file_write(sealed, bytes, length);
  if (error == NULL)
    error = gk_sealed_file_end(sealed);
  if (error == NULL && (rv = apr_file_sync(file)) != APR_SUCCESS)
    error = disk(act->pool, rv);
  rv = apr_file_close(file);
  if (error == NULL && rv != APR_SUCCESS)
    error = disk(act->pool, rv);
  if (error != NULL)
    apr_file_remove(path, act->pool);
  return error;
}

typedef struct whole_t {
  unsigned char *bytes;
  apr_size_t length, room;
  apr_pool_t *pool;
} whole_t;

static gk_error_t *gather(void *baton, const char *bytes, apr_size_t length)
{
  whole_t *whole = baton;
  if (length > whole->room - whole->length)
    return gk_error_internal(whole->pool, GK_E_SEALED, "a file of photos is longer than its job says");
  memcpy(whole->bytes + whole->length, bytes, length);
  whole->length += length;
  return NULL;
}

static gk_error_t *take_up(whole_t *out, gk_act_t *act, const gk_json_t *args)
{
  gk_vault_key_t key;
  const char *upload = gk_json_str(args, "upload");
  apr_size_t room = (apr_size_t)gk_json_int(args, "bytes");
  gk_error_t *error = gk_vault_by_id(&key, act, gk_json_int(args, "record_key"));
  if (error != NULL)
    return error->code == GK_E_NOT_FOUND ? gk_error_plain(act->pool, GK_E_GONE) : error;
  *out = (whole_t){apr_palloc(act->pool, room + 1), 0, room, act->pool};
  return gk_sealed_file_read_as(path_of(act, upload), &key, context_of(upload, act->pool), gather, out, act->pool);
}

/* ---- asking for it ---------------------------------------------------------------------------------------- */

/* The file's name is nothing anybody could guess: who knows it has sent it. */
static bool upload_name(const char *name)
{
  apr_size_t head = strlen(UPLOAD);
  return name != NULL && strncmp(name, UPLOAD, head) == 0 && strspn(name + head, "0123456789abcdef") == 24 &&
         is(name + head + 24, ".zip");
}

static gk_error_t *check_check(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  const char *upload = gk_decode_str(&d, "upload", GK_REQUIRED, 1, 60);
  apr_int64_t key = gk_decode_int(&d, "record_key", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  apr_int64_t bytes = gk_decode_int(&d, "bytes", GK_REQUIRED, 1, GK_PHOTO_IMPORT_BYTES, 0);
  if (upload != NULL && !upload_name(upload))
    gk_decode_fault(&d, "upload", "unknown", "批量照片由 POST /photos/imports 建立",
                    "Photos in bulk are started by POST /photos/imports");
  GK_TRY(gk_decode_end(&d));
  *kept = gk_json_object(act->pool);
  gk_json_set_str(*kept, "upload", upload);
  gk_json_set_int(*kept, "record_key", key);
  gk_json_set_int(*kept, "bytes", bytes);
  return NULL;
}

/* What was seen, by the person who saw it. */
static gk_error_t *find_seen(gk_job_t *out, gk_act_t *act, apr_int64_t id)
{
  const char *path, *media_type, *name;
  GK_TRY(gk_job_get(out, act, id));
  if (!is(out->kind, gk_job_photo_check.name))
    return gk_error_plain(act->pool, GK_E_NOT_FOUND);
  return gk_job_file(&path, &media_type, &name, out, act);
}

static gk_error_t *check_keep(gk_json_t **kept, gk_act_t *act, gk_json_t *args)
{
  gk_job_t seen;
  gk_decode_t d = gk_decode_start(args != NULL ? args : gk_json_object(act->pool), act->pool);
  d.prefix = "/args";
  apr_int64_t id = gk_decode_int(&d, "job", GK_REQUIRED, 1, APR_INT64_MAX, 0);
  gk_json_t *left_out = gk_decode_array(&d, "leave_out", GK_OPTIONAL, gk_zip_limits.max_entries);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(find_seen(&seen, act, id));
  *kept = gk_json_object(act->pool);
  gk_json_set_int(*kept, "job", id);
  gk_json_set(*kept, "leave_out", left_out != NULL ? left_out : gk_json_array(act->pool));
  return NULL;
}

gk_error_t *gk_photo_import_create(gk_job_t *out, gk_act_t *act, const unsigned char *bytes, apr_size_t length,
                                   const char *sha256)
{
  apr_array_header_t *entries;
  gk_error_t *error = NULL;
  gk_vault_key_t key;
  const char *upload;
  GK_TRY(gk_act_season(act));
  if (bytes == NULL)
    bytes = (const unsigned char *)"";
  if (apr_strnatcasecmp(gk_sha256_hex(act->pool, bytes, length), sha256) != 0) {
    gk_violation(&error, act->pool, "?sha256", "digest", "文件在传输中被改变，请重新上传", "The file was changed on its way: send it again");
    return error;
  }
  GK_TRY(gk_zip_list(&entries, bytes, length, &gk_zip_limits, act->pool));
  GK_TRY(put_down(&upload, &key, act, bytes, length));
  gk_json_t *args = gk_json_object(act->pool);
  gk_json_set_str(args, "upload", upload);
  gk_json_set_int(args, "record_key", key.id);
  gk_json_set_int(args, "bytes", (apr_int64_t)length);
  error = gk_job_create(out, act, gk_job_photo_check.name, args);
  if (error != NULL)
    apr_file_remove(path_of(act, upload), act->pool);
  return error;
}

gk_error_t *gk_photo_import_keep(gk_job_t *out, gk_act_t *act, apr_int64_t id, gk_json_t *leave_out)
{
  gk_json_t *args = gk_json_object(act->pool);
  gk_json_set_int(args, "job", id);
  if (leave_out != NULL)
    gk_json_set(args, "leave_out", leave_out);
  return gk_job_create(out, act, gk_job_photo_keep.name, args);
}

/* ---- both jobs -------------------------------------------------------------------------------------------- */

typedef struct import_t {
  gk_job_run_t *run;
  whole_t zip;
  apr_array_header_t *entries;  /* gk_zip_entry_t */
  apr_hash_t *taken;            /* candidate id -> "": by an earlier file of the same archive */
  gk_spool_t spool;
  bool first;
  int good, bad, passed_over;
} import_t;

static gk_error_t *open_zip(import_t *im, const gk_json_t *args)
{
  GK_TRY(take_up(&im->zip, &im->run->act, args));
  GK_TRY(gk_zip_list(&im->entries, im->zip.bytes, im->zip.length, &gk_zip_limits, im->run->pool));
  im->taken = apr_hash_make(im->run->pool);
  im->first = true;
  GK_TRY(gk_spool_start(&im->spool, im->run, "json"));
  return gk_spool_write(&im->spool, "{\"rows\":[", 9);
}

static gk_error_t *put_row(import_t *im, const gk_json_t *row, apr_pool_t *pool)
{
  const char *text = gk_json_text_sorted(row, pool);
  if (!im->first)
    GK_TRY(gk_spool_write(&im->spool, ",\n", 2));
  im->first = false;
  return gk_spool_write(&im->spool, text, strlen(text));
}

static void set_fault(gk_json_t *row, const char *code, const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *fault = gk_json_object(pool);
  gk_json_set_str(fault, "code", code);
  gk_json_set_str(fault, "zh", zh);
  gk_json_set_str(fault, "en", en);
  gk_json_set(row, "fault", fault);
}

/* An error about one picture, in the words of its first violation where there is one. */
static void set_error(gk_json_t *row, const gk_error_t *error, apr_pool_t *pool)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  if (error->violations != NULL && error->violations->nelts > 0) {
    const gk_violation_t *first = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
    set_fault(row, first->code, first->zh, first->en, pool);
  } else {
    set_fault(row, info->slug, error->zh != NULL ? error->zh : info->zh, error->en != NULL ? error->en : info->en, pool);
  }
}

/* The picture's fault, not the database's or the machine's. */
static bool of_the_picture(const gk_error_t *error)
{
  switch (error->code) {
  case GK_E_INVALID:
  case GK_E_NOT_FOUND:
  case GK_E_GONE:
  case GK_E_WRONG_STATE:
  case GK_E_CONFLICT:
  case GK_E_STALE_VERSION:
  case GK_E_FORBIDDEN:
  case GK_E_WINDOW_CLOSED:
  case GK_E_INCOMPLETE:
  case GK_E_PLUGIN:
  case GK_E_TOO_LARGE: return true;
  default: return false;
  }
}

static bool picture_name(const char *leaf)
{
  const char *dot = strrchr(leaf, '.');
  return dot != NULL && (apr_strnatcasecmp(dot, ".jpg") == 0 || apr_strnatcasecmp(dot, ".jpeg") == 0 ||
                         apr_strnatcasecmp(dot, ".png") == 0);
}

/* Folders, notes and what systems hide in archives are not worth a row. */
static bool worth_a_row(const gk_zip_entry_t *entry)
{
  if (entry->name == NULL)
    return true;
  const char *leaf = gk_zip_leaf(entry->name);
  return leaf[0] != '\0' && picture_name(leaf) && strncmp(leaf, "._", 2) != 0 && strstr(entry->name, "__MACOSX/") == NULL;
}

static gk_json_t *new_row(const gk_zip_entry_t *entry, apr_pool_t *pool)
{
  gk_json_t *row = gk_json_object(pool);
  gk_json_set_int(row, "n", entry->number);
  gk_json_set_str(row, "name", entry->name != NULL ? gk_zip_leaf(entry->name) : NULL);
  gk_json_set_null(row, "candidate");
  gk_json_set_null(row, "fault");
  if (entry->name == NULL)
    set_fault(row, "name", "文件名无法识别（不是 UTF-8 或 GB18030），请改用报名顺序号或证件号码命名",
              "The file's name can't be read (neither UTF-8 nor GB18030): name it by registration or ID number", pool);
  else if (!entry->regular)
    set_fault(row, "link", "不是普通文件", "It is no plain file", pool);
  return row;
}

/* Works as long as the photo workers are busy or start again; the counter goes first. */
typedef gk_error_t *(*attempt_t)(void *baton);
static gk_error_t *patiently(import_t *im, attempt_t attempt, void *baton, apr_int64_t done)
{
  gk_act_t *act = &im->run->act;
  int deaths = 0;
  for (int n = 0;; n++) {
    act->now = gk_core_now(act->core);
    gk_error_t *error = attempt(baton);
    if (error == NULL)
      return NULL;
    gk_db_rollback(act->db);
    gk_vault_forget(act);
    deaths += error->code == GK_E_PLUGIN;
    bool again = error->code == GK_E_BUSY || error->code == GK_E_RETRY || (error->code == GK_E_PLUGIN && deaths < DEATHS);
    if (!again || n >= TRIES)
      return error;
    GK_TRY(gk_job_progress(im->run, done, im->entries->nelts));
    apr_sleep(PAUSE_US);
  }
}

static gk_error_t *finish(gk_json_t **out, import_t *im, gk_error_t *error, const char *name)
{
  gk_json_t *json = gk_json_object(im->run->pool);
  if (error == NULL)
    error = gk_spool_write(&im->spool, "]}\n", 3);
  GK_TRY(gk_spool_end(&im->spool, error));
  gk_json_set_int(json, "good", im->good);
  gk_json_set_int(json, "bad", im->bad);
  gk_json_set_int(json, "passed_over", im->passed_over);
  gk_spool_tell(&im->spool, json, name, "application/json");
  *out = json;
  return NULL;
}

/* ---- looking ---------------------------------------------------------------------------------------------- */

typedef struct look_t {
  import_t *im;
  const char *name;
  const unsigned char *bytes;
  apr_size_t length;
  gk_json_t *seen;
} look_t;

static gk_error_t *look(void *baton)
{
  look_t *l = baton;
  return gk_photo_preview(&l->seen, &l->im->run->act, l->name, l->bytes, l->length, NULL);
}

/* What somebody has to know to decide: what is fine is left out. */
static gk_json_t *short_findings(const gk_json_t *all, apr_pool_t *pool)
{
  gk_json_t *some = gk_json_array(pool);
  static const char *const members[] = {"code", "severity", "zh", "en", "remedy"};
  for (apr_size_t i = 0; i < gk_json_size(all); i++) {
    const gk_json_t *finding = gk_json_at(all, i);
    gk_json_t *one = gk_json_object(pool);
    if (is(gk_json_str(finding, "severity"), "fine"))
      continue;
    for (int m = 0; m < 5; m++)
      gk_json_set(one, members[m], gk_json_get(finding, members[m]));
    gk_json_add(some, one);
  }
  return some;
}

/* What the record lets happen, in the row. */
static void judge_row(import_t *im, gk_json_t *row, const gk_json_t *seen, apr_pool_t *pool)
{
  const gk_json_t *candidate = gk_json_get(seen, "candidate");
  static const char *const members[] = {"candidate", "photo_state", "photo", "verdict", "becomes"};
  for (int m = 0; m < 5; m++)
    gk_json_set(row, members[m], gk_json_get(seen, members[m]));
  gk_json_set(row, "findings", short_findings(gk_json_get(seen, "findings"), pool));
  if (gk_json_is_null(candidate)) {
    set_fault(row, "unknown", "没有这名考生：文件名要写完整的报名顺序号或证件号码",
              "Nobody here has this number: the file's name is a whole registration or ID number", pool);
    return;
  }
  apr_int64_t *id = apr_palloc(im->run->pool, sizeof(*id));
  *id = gk_json_int(candidate, "id");
  if (!gk_json_bool(seen, "open"))
    set_fault(row, "closed", "该考生的照片现在不能更改", "The photo of this record can't be changed now", pool);
  else if (gk_json_str(seen, "becomes") == NULL)
    set_fault(row, "no-picture", "不是能用的照片", "It is no picture that can be used", pool);
  else if (apr_hash_get(im->taken, id, sizeof(*id)) != NULL)
    set_fault(row, "twice", "压缩包里已有这名考生的另一张照片", "Another file of this archive is for the same person", pool);
  else
    apr_hash_set(im->taken, id, sizeof(*id), "");
}

static gk_error_t *check_one(import_t *im, const gk_zip_entry_t *entry, apr_pool_t *pool)
{
  look_t l = {.im = im, .name = entry->name};
  gk_json_t *row = new_row(entry, pool);
  if (gk_json_is_null(gk_json_get(row, "fault"))) {
    gk_error_t *error = gk_zip_unpack(&l.bytes, &l.length, entry, im->zip.bytes, im->zip.length, &gk_zip_limits, pool);
    if (error == NULL)
      error = patiently(im, look, &l, entry->number);
    if (error != NULL && !of_the_picture(error))
      return error;
    if (error != NULL)
      set_error(row, error, pool);
    else
      judge_row(im, row, l.seen, pool);
  }
  bool keepable = gk_json_is_null(gk_json_get(row, "fault")) && !is(gk_json_str(row, "becomes"), "refused");
  gk_json_set_bool(row, "keepable", keepable);
  im->good += keepable;
  im->bad += !keepable;
  return put_row(im, row, pool);
}

/* Every entry in a pool of its own. */
static gk_error_t *each(import_t *im, gk_error_t *(*work)(import_t *im, const gk_zip_entry_t *entry, apr_pool_t *pool))
{
  gk_act_t *act = &im->run->act;
  apr_pool_t *own = act->pool, *iterpool;
  gk_error_t *error = NULL;
  apr_pool_create(&iterpool, im->run->pool);
  for (int i = 0; error == NULL && i < im->entries->nelts; i++) {
    const gk_zip_entry_t *entry = &APR_ARRAY_IDX(im->entries, i, gk_zip_entry_t);
    apr_pool_clear(iterpool);
    act->pool = iterpool;
    if (worth_a_row(entry))
      error = work(im, entry, iterpool);
    else
      im->passed_over++;
    act->pool = own;
    if (error == NULL)
      error = gk_job_progress(im->run, i + 1, im->entries->nelts);
  }
  if (error != NULL)
    error = gk_error_dup(im->run->pool, error);
  apr_pool_destroy(iterpool);
  return error;
}

static gk_error_t *run_check(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  import_t im = {.run = run};
  GK_TRY(open_zip(&im, args));
  return finish(out, &im, each(&im, check_one), "photos-seen.json");
}

/* ---- keeping ---------------------------------------------------------------------------------------------- */

typedef struct keep_t {
  import_t im;
  apr_hash_t *rows;             /* n -> row of the table that was seen */
  apr_hash_t *left_out;         /* n -> "" */
} keep_t;

typedef struct taking_t {
  gk_act_t *act;
  gk_photo_wish_t wish;
  gk_photo_t photo;
  gk_candidate_t *candidate;
} taking_t;

static gk_error_t *take(void *baton)
{
  taking_t *t = baton;
  GK_TRY(gk_photo_take(&t->photo, &t->candidate, t->act, &t->wish));
  return gk_db_commit(t->act->db, t->act->pool);
}

/* This very file was kept already, by this job before its worker died. */
static bool there_already(taking_t *t, const gk_photo_view_t *view)
{
  const char *digest = gk_sha256_hex(t->act->pool, t->wish.bytes, t->wish.length);
  const gk_photo_t *newest = gk_photo_newest(view);
  if (newest == NULL)
    return false;
  t->photo = *newest;
  return is(t->photo.source, "import") && is(gk_json_str(gk_json_get(t->photo.report, "picture"), "sha256"), digest);
}

static gk_error_t *keep_picture(gk_json_t *row, keep_t *k, const gk_zip_entry_t *entry, const gk_json_t *seen, apr_pool_t *pool)
{
  taking_t t = {.act = &k->im.run->act, .wish = {.source = "import"}};
  gk_photo_view_t view;
  t.wish.candidate_id = gk_json_int(gk_json_get(seen, "candidate"), "id");
  GK_TRY(gk_zip_unpack(&t.wish.bytes, &t.wish.length, entry, k->im.zip.bytes, k->im.zip.length, &gk_zip_limits, pool));
  GK_TRY(gk_photo_view(&view, t.act, t.wish.candidate_id));
  if (!there_already(&t, &view)) {
    const gk_photo_t *newest = gk_photo_newest(&view);
    if (!is(view.candidate->photo_state, gk_json_str(seen, "photo_state")) ||
        (newest != NULL ? newest->id : 0) != gk_json_int(seen, "photo"))
      return gk_error(pool, GK_E_CONFLICT, "预览之后该考生的照片已有变化，没有覆盖", "The photo was changed after the table was shown: left as it is");
    t.wish.version = view.candidate->version;
    GK_TRY(patiently(&k->im, take, &t, entry->number));
  }
  gk_json_set_int(row, "photo", t.photo.id);
  gk_json_set_str(row, "state", t.photo.state);
  return NULL;
}

static gk_error_t *keep_one(import_t *im, const gk_zip_entry_t *entry, apr_pool_t *pool)
{
  keep_t *k = (keep_t *)im;
  const gk_json_t *seen = apr_hash_get(k->rows, &entry->number, sizeof(entry->number));
  if (seen == NULL || !gk_json_bool(seen, "keepable") || apr_hash_get(k->left_out, &entry->number, sizeof(entry->number)) != NULL) {
    im->passed_over++;
    return NULL;
  }
  gk_json_t *row = new_row(entry, pool);
  gk_json_set(row, "candidate", gk_json_get(seen, "candidate"));
  gk_json_set_null(row, "photo");
  gk_json_set_null(row, "state");
  gk_error_t *error = keep_picture(row, k, entry, seen, pool);
  if (error != NULL && !of_the_picture(error))
    return error;
  if (error != NULL) {
    gk_db_rollback(im->run->act.db);
    gk_vault_forget(&im->run->act);
    set_error(row, error, pool);
  }
  im->good += error == NULL;
  im->bad += error != NULL;
  return put_row(im, row, pool);
}

static void index_numbers(apr_hash_t *to, const gk_json_t *list, const char *member, apr_pool_t *pool)
{
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    const gk_json_t *one = gk_json_at(list, i);
    int *n = apr_palloc(pool, sizeof(*n));
    *n = (int)(member != NULL ? gk_json_int(one, member) : gk_json_int_value(one));
    apr_hash_set(to, n, sizeof(*n), member != NULL ? (const void *)one : "");
  }
}

static gk_error_t *run_keep(gk_json_t **out, gk_job_run_t *run, gk_json_t *args)
{
  keep_t k = {.im = {.run = run}, .rows = apr_hash_make(run->pool), .left_out = apr_hash_make(run->pool)};
  gk_act_t *act = &run->act;
  gk_job_t checked;
  gk_json_t *was, *result, *table;
  const char *path, *media_type, *name;
  GK_TRY(find_seen(&checked, act, gk_json_int(args, "job")));
  GK_TRY(gk_job_file(&path, &media_type, &name, &checked, act));
  GK_TRY(gk_json_parse(&was, checked.args, strlen(checked.args), run->pool));
  GK_TRY(gk_json_parse(&result, checked.result, strlen(checked.result), run->pool));
  apr_size_t room = (apr_size_t)gk_json_int(result, "bytes");
  whole_t text = {apr_palloc(run->pool, room + 1), 0, room, run->pool};
  GK_TRY(gk_sealed_file_read(path, &checked, act, gather, &text));
  GK_TRY(gk_json_parse(&table, (const char *)text.bytes, text.length, run->pool));
  index_numbers(k.rows, gk_json_get(table, "rows"), "n", run->pool);
  index_numbers(k.left_out, gk_json_get(args, "leave_out"), NULL, run->pool);
  GK_TRY(open_zip(&k.im, was));
  return finish(out, &k.im, each(&k.im, keep_one), "photos-kept.json");
}

const gk_job_kind_t gk_job_photo_check = {"photo_check", GK_ROLE_POINT, check_check, run_check};
const gk_job_kind_t gk_job_photo_keep = {"photo_keep", GK_ROLE_POINT, check_keep, run_keep};
