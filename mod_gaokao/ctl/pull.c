/* ctl/pull.c: gaokaoctl export pull: the province's client. What it has begun lies in one folder, so that the same command
 * goes on where an earlier run ended: pull.json says which pull it is, manifest.xml is there once its signature was right,
 * parts grow by Range. Exit codes as everywhere: 0 all there and right, 1 refused or not right, 3 the server can't be reached
 * or the line broke too often: run it again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <curl/curl.h>

#include "ctl/ctl.h"
#include "jobs/squeeze.h"
#include "jobs/xml_signature.h"

#define MANIFEST "manifest.xml"
#define STARTED "pull.json"
enum { SMALL_MAX = 64 * 1024, ANSWER_MAX = 16 * 1024 * 1024, TRIES = 20, CONNECT_S = 20, STALLED_S = 60 };

typedef struct client_t {
  gk_ctl_t *ctl;
  CURL *curl;
  const char *api, *folder, *key, *csrf;
  const char *prefix;       /* of a path on that server: "/api/v1" */
  const char *token_key;    /* PEM; NULL: a session instead */
  const char *kid, *aud;
  bool bar;                 /* a terminal looks on */
} client_t;

typedef struct answer_t {
  client_t *client;
  long status;
  char *bytes;
  apr_size_t length, room;
  const char *etag;
  apr_file_t *file;         /* where the body goes instead; only of a success */
  apr_int64_t done, total;
  const char *label;
  bool spoilt;
} answer_t;

/* ---- HTTP ------------------------------------------------------------------------------------------------ */

static apr_status_t end_curl(void *data)
{
  curl_easy_cleanup(data);
  return APR_SUCCESS;
}

static void show(const answer_t *a)
{
  if (a->client->bar && a->total > 0)
    fprintf(stderr, "\r%s %3d%%  %" APR_INT64_T_FMT " / %" APR_INT64_T_FMT " KiB ", a->label, (int)(a->done * 100 / a->total),
            a->done / 1024, a->total / 1024);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
  answer_t *a = data;
  apr_size_t length = size * n;
  curl_easy_getinfo(a->client->curl, CURLINFO_RESPONSE_CODE, &a->status);
  if (a->file != NULL && (a->status == 200 || a->status == 206)) {
    if (apr_file_write_full(a->file, bytes, length, NULL) != APR_SUCCESS) {
      a->spoilt = true;
      return 0;
    }
    a->done += (apr_int64_t)length;
    show(a);
    return length;
  }
  if (a->length + length > ANSWER_MAX)
    return 0;
  if (a->length + length + 1 > a->room) {
    apr_size_t room = (a->length + length + 1) * 2;
    char *more = apr_palloc(a->client->ctl->pool, room);
    if (a->length > 0)
      memcpy(more, a->bytes, a->length);
    a->bytes = more;
    a->room = room;
  }
  memcpy(a->bytes + a->length, bytes, length);
  a->length += length;
  a->bytes[a->length] = '\0';
  return length;
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
  answer_t *a = data;
  apr_size_t length = size * n;
  if (length > 6 && length < 200 && strncasecmp(line, "ETag: ", 6) == 0) {
    char *etag = apr_pstrmemdup(a->client->ctl->pool, line + 6, length - 6);
    etag[strcspn(etag, "\r\n")] = '\0';
    a->etag = etag;
  }
  return length;
}

static gk_error_t *unreachable(const client_t *c, const char *why)
{
  return gk_error(c->ctl->pool, GK_E_DB_DOWN, "连不上服务器或线路中断（%s）：请再次运行同一命令，会从断处继续",
                  "The server can't be reached, or the line broke (%s): run the same command again, it goes on from there", why);
}

/* The Authorization of just this request (domain/client.h). */
static gk_error_t *token_of(const char **out, const client_t *c, const char *method, const char *path)
{
  apr_pool_t *pool = c->ctl->pool;
  unsigned char signature[GK_SIGNATURE_BYTES];
  gk_json_t *head = gk_json_object(pool), *payload = gk_json_object(pool);
  gk_json_set_str(head, "alg", "EdDSA");
  gk_json_set_str(head, "typ", "gk-request+1");
  gk_json_set_str(head, "kid", c->kid);
  gk_json_set_str(head, "aud", c->aud);
  gk_json_set_int(head, "iat", apr_time_sec(apr_time_now()));
  gk_json_set_str(head, "jti", gk_random_hex(pool, 16));
  gk_json_set_str(payload, "method", method);
  gk_json_set_str(payload, "path", apr_pstrcat(pool, c->prefix, path, NULL));
  const char *a = gk_json_text(head, pool), *b = gk_json_text(payload, pool);
  const char *text = apr_pstrcat(pool, gk_base64url(pool, a, strlen(a)), ".", gk_base64url(pool, b, strlen(b)), NULL);
  if (!gk_pem_sign(signature, c->token_key, text, strlen(text)))
    return gk_error(pool, GK_E_CONFIG, "--token-key 不是 Ed25519 私钥（PEM，不带口令）",
                    "--token-key is no private Ed25519 key (PEM, without a password)");
  *out = apr_pstrcat(pool, "Authorization: GK-Token ", text, ".", gk_base64url(pool, signature, sizeof(signature)), NULL);
  return NULL;
}

/* One request. *broken (may be NULL): the line broke, which is no error then. `range_from` below 0: none. */
static gk_error_t *ask(answer_t *a, client_t *c, const char *method, const char *path, const char *body, const char *if_match,
                       apr_int64_t range_from, const char *if_range, bool *broken)
{
  apr_pool_t *pool = c->ctl->pool;
  struct curl_slist *heads = NULL;
  char why[CURL_ERROR_SIZE] = "";
  const char *token = NULL;
  a->client = c;
  if (c->aud != NULL)
    GK_TRY(token_of(&token, c, method, path));
  curl_easy_setopt(c->curl, CURLOPT_URL, apr_pstrcat(pool, c->api, path, NULL));
  curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, a);
  curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, a);
  curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, why);
  heads = curl_slist_append(heads, "X-Gaokao-Edition: hngz");
  if (token != NULL)
    heads = curl_slist_append(heads, token);
  if (body != NULL) {
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
    heads = curl_slist_append(heads, "Content-Type: application/json");
    heads = curl_slist_append(heads, apr_pstrcat(pool, "Idempotency-Key: ", gk_random_hex(pool, 16), NULL));
    if (c->csrf != NULL)
      heads = curl_slist_append(heads, apr_pstrcat(pool, "X-CSRF-Token: ", c->csrf, NULL));
  } else {
    curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
  }
  if (if_match != NULL)
    heads = curl_slist_append(heads, apr_pstrcat(pool, "If-Match: ", if_match, NULL));
  if (range_from > 0) {
    heads = curl_slist_append(heads, apr_psprintf(pool, "Range: bytes=%" APR_INT64_T_FMT "-", range_from));
    heads = curl_slist_append(heads, apr_pstrcat(pool, "If-Range: ", if_range, NULL));
  }
  curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, heads);
  CURLcode rv = curl_easy_perform(c->curl);
  curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &a->status);
  curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
  curl_slist_free_all(heads);
  if (a->spoilt)
    return gk_error(pool, GK_E_CONFIG, "写不了本地文件：请检查磁盘空间和权限", "The file can't be written here: look at space and rights");
  if (broken != NULL)
    *broken = rv != CURLE_OK;
  if (rv != CURLE_OK && broken == NULL)
    return unreachable(c, why[0] != '\0' ? why : curl_easy_strerror(rv));
  return NULL;
}

/* What a refusal says, in the words of the server. */
static gk_error_t *refused(const client_t *c, const answer_t *a)
{
  gk_json_t *json = NULL, *texts = NULL;
  if (a->bytes != NULL && gk_json_parse(&json, a->bytes, a->length, c->ctl->pool) == NULL)
    texts = gk_json_get(json, "texts");
  const char *zh = texts != NULL ? gk_json_str(texts, "zh") : NULL, *en = texts != NULL ? gk_json_str(texts, "en") : NULL;
  if (a->status == 503 || a->status == 429)
    return unreachable(c, en != NULL ? en : "503");
  return gk_error(c->ctl->pool, GK_E_CONFLICT, "服务器拒绝（%d）：%s", "The server refused (%d): %s", (int)a->status,
                  c->ctl->chinese ? (zh != NULL ? zh : "") : (en != NULL ? en : ""));
}

static gk_error_t *ask_json(gk_json_t **json, const char **etag, client_t *c, const char *method, const char *path,
                            const char *body, const char *if_match)
{
  answer_t a = {0};
  GK_TRY(ask(&a, c, method, path, body, if_match, -1, NULL, NULL));
  if (a.status < 200 || a.status > 299 || a.bytes == NULL)
    return refused(c, &a);
  if (etag != NULL)
    *etag = a.etag;
  return gk_json_parse(json, a.bytes, a.length, c->ctl->pool);
}

/* ---- beginning ------------------------------------------------------------------------------------------- */

static gk_error_t *open_client(client_t *c, gk_ctl_t *ctl)
{
  const char *ca = gk_ctl__option(ctl, "cacert"), *cert = gk_ctl__option(ctl, "cert"), *cert_key = gk_ctl__option(ctl, "cert-key");
  const char *site = gk_ctl__word(ctl, 0);
  *c = (client_t){.ctl = ctl, .folder = gk_ctl__word(ctl, 1), .key = gk_ctl__option(ctl, "key"), .bar = isatty(2) && !ctl->json};
  bool token = gk_ctl__option(ctl, "token-key") != NULL && gk_ctl__option(ctl, "kid") != NULL;
  if (c->key == NULL || token == (gk_ctl__option(ctl, "login") != NULL))
    return gk_ctl__usage(ctl, "需要 --key（签名公钥），以及 --login（{\"login\",\"password\"} 文件）或 --token-key（私钥文件）和 --kid（编号）之一",
                         "It needs --key (the public key), and either --login (a file with {\"login\", \"password\"}) or "
                         "--token-key (a file with the private key) and --kid (its number)");
  apr_size_t length = strlen(site);
  while (length > 0 && site[length - 1] == '/')
    length--;
  c->api = apr_pstrcat(ctl->pool, apr_pstrmemdup(ctl->pool, site, length), "/api/v1", NULL);
  const char *host = strstr(c->api, "://");
  c->prefix = strchr(host != NULL ? host + 3 : c->api, '/');
  curl_global_init(CURL_GLOBAL_DEFAULT);
  c->curl = curl_easy_init();
  if (c->curl == NULL)
    return gk_error_internal(ctl->pool, GK_E_INTERNAL, "curl does not start");
  apr_pool_cleanup_register(ctl->pool, c->curl, end_curl, apr_pool_cleanup_null);
  curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c->curl, CURLOPT_COOKIEFILE, "");
  curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
  curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
  if (ca != NULL)
    curl_easy_setopt(c->curl, CURLOPT_CAINFO, ca);
  if (cert != NULL)
    curl_easy_setopt(c->curl, CURLOPT_SSLCERT, cert);
  if (cert_key != NULL)
    curl_easy_setopt(c->curl, CURLOPT_SSLKEY, cert_key);
  apr_status_t rv = apr_dir_make_recursive(c->folder, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, ctl->pool);
  return rv == APR_SUCCESS ? NULL : gk_error(ctl->pool, GK_E_CONFIG, "不能建立文件夹 %s", "The folder %s can't be made", c->folder);
}

/* What signs each request, and the season it is for. */
static gk_error_t *take_token_key(client_t *c)
{
  apr_size_t length;
  gk_json_t *json;
  GK_TRY(gk_ctl__read_file(&c->token_key, &length, gk_ctl__option(c->ctl, "token-key"), SMALL_MAX, c->ctl->pool));
  c->kid = gk_ctl__option(c->ctl, "kid");
  GK_TRY(ask_json(&json, NULL, c, "GET", "/season", NULL, NULL));
  c->aud = apr_psprintf(c->ctl->pool, "gk:request:%d", (int)gk_json_int(json, "year"));
  return NULL;
}

static gk_error_t *sign_in(client_t *c)
{
  const char *text;
  apr_size_t length;
  gk_json_t *json;
  if (gk_ctl__option(c->ctl, "token-key") != NULL)
    return take_token_key(c);
  GK_TRY(gk_ctl__read_file(&text, &length, gk_ctl__option(c->ctl, "login"), SMALL_MAX, c->ctl->pool));
  GK_TRY(ask_json(&json, NULL, c, "POST", "/session", apr_pstrmemdup(c->ctl->pool, text, length), NULL));
  c->csrf = gk_json_str(json, "csrf");
  return NULL;
}

static const char *in_folder(const client_t *c, const char *name) { return apr_pstrcat(c->ctl->pool, c->folder, "/", name, NULL); }

static bool is_there(const client_t *c, const char *name)
{
  apr_finfo_t info;
  return apr_stat(&info, in_folder(c, name), APR_FINFO_SIZE, c->ctl->pool) == APR_SUCCESS;
}

/* The mark of another folder's manifest, which has to be a good one too. */
static gk_error_t *mark_of(const char **mark, client_t *c, const char *folder)
{
  const char *text, *pem;
  apr_size_t length, pem_length;
  gk_xml_t *document;
  GK_TRY(gk_ctl__read_file(&pem, &pem_length, c->key, SMALL_MAX, c->ctl->pool));
  GK_TRY(gk_ctl__read_file(&text, &length, apr_pstrcat(c->ctl->pool, folder, "/" MANIFEST, NULL), GK_XML_MAX_BYTES, c->ctl->pool));
  GK_TRY(gk_xml_verify(&document, text, length, pem, c->ctl->pool));
  *mark = gk_xml_attr(gk_xml_root(document), "mark", c->ctl->pool);
  return NULL;
}

static gk_error_t *start_or_go_on(apr_int64_t *id, client_t *c)
{
  static const char *const words[] = {"org", "kind", "states", "encoding", "compression", "since"};
  gk_json_t *wish = gk_json_object(c->ctl->pool), *json;
  const char *text, *after = gk_ctl__option(c->ctl, "after"), *mark;
  apr_size_t length;
  apr_int64_t part_records;
  if (is_there(c, STARTED)) {
    GK_TRY(gk_ctl__read_file(&text, &length, in_folder(c, STARTED), SMALL_MAX, c->ctl->pool));
    GK_TRY(gk_json_parse(&json, text, length, c->ctl->pool));
    *id = gk_json_int(json, "pull");
    return NULL;
  }
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (gk_ctl__option(c->ctl, words[i]) != NULL)
      gk_json_set_str(wish, words[i], gk_ctl__option(c->ctl, words[i]));
  if (after != NULL) {
    GK_TRY(mark_of(&mark, c, after));
    gk_json_set_str(wish, "since", mark);
  }
  GK_TRY(gk_ctl__number(&part_records, c->ctl, "part-records", 10, 50000, 0));
  if (gk_ctl__option(c->ctl, "photos") != NULL)
    gk_json_set_bool(wish, "photos", true);
  if (part_records > 0)
    gk_json_set_int(wish, "part_records", part_records);
  GK_TRY(ask_json(&json, NULL, c, "POST", "/export/pulls", gk_json_text(wish, c->ctl->pool), NULL));
  *id = gk_json_int(json, "id");
  gk_json_t *started = gk_json_object(c->ctl->pool);
  gk_json_set_int(started, "pull", *id);
  return gk_ctl__write_file(in_folder(c, STARTED), gk_json_text(started, c->ctl->pool), c->ctl->pool);
}

static gk_error_t *wait_until_written(client_t *c, const char *path)
{
  for (;;) {
    gk_json_t *json;
    GK_TRY(ask_json(&json, NULL, c, "GET", path, NULL, NULL));
    const char *state = gk_json_str(json, "state");
    gk_json_t *fault = gk_json_get(json, "fault");
    if (state == NULL || strcmp(state, "writing") != 0) {
      if (state != NULL && strcmp(state, "failed") == 0 && fault != NULL) {
        apr_file_remove(in_folder(c, STARTED), c->ctl->pool); /* the next run starts another */
        return gk_error(c->ctl->pool, GK_E_CONFLICT, "拉取没有成功：%s", "The pull failed: %s",
                        gk_json_str(fault, c->ctl->chinese ? "zh" : "en"));
      }
      return NULL;
    }
    if (c->bar)
      fprintf(stderr, "\r%" APR_INT64_T_FMT " / %" APR_INT64_T_FMT " ", gk_json_int(json, "done"), gk_json_int(json, "total"));
    apr_sleep(APR_USEC_PER_SEC / 2);
  }
}

/* ---- fetching -------------------------------------------------------------------------------------------- */

static gk_error_t *fetch_manifest(gk_xml_t **document, client_t *c, const char *path)
{
  const char *text, *pem;
  apr_size_t length, pem_length;
  GK_TRY(gk_ctl__read_file(&pem, &pem_length, c->key, SMALL_MAX, c->ctl->pool));
  if (!is_there(c, MANIFEST)) {
    answer_t a = {0};
    GK_TRY(ask(&a, c, "GET", apr_pstrcat(c->ctl->pool, path, "/manifest.xml", NULL), NULL, NULL, -1, NULL, NULL));
    if (a.status != 200)
      return refused(c, &a);
    GK_TRY(gk_xml_verify(document, a.bytes, a.length, pem, c->ctl->pool));
    GK_TRY(gk_ctl__write_file(in_folder(c, MANIFEST), a.bytes, c->ctl->pool));
  }
  GK_TRY(gk_ctl__read_file(&text, &length, in_folder(c, MANIFEST), GK_XML_MAX_BYTES, c->ctl->pool));
  return gk_xml_verify(document, text, length, pem, c->ctl->pool);
}

/* Appends what is missing; a line that breaks is tried again from there. */
static gk_error_t *fetch_part(client_t *c, const char *path, const char *name, apr_int64_t bytes, const char *digest)
{
  apr_pool_t *pool = c->ctl->pool;
  const char *file_path = in_folder(c, name), *if_range = apr_pstrcat(pool, "\"", digest, "\"", NULL);
  for (int tries = 0;; tries++) {
    apr_finfo_t info = {0};
    bool broken = false;
    answer_t a = {.total = bytes, .label = name};
    apr_int64_t have = apr_stat(&info, file_path, APR_FINFO_SIZE, pool) == APR_SUCCESS ? info.size : 0;
    if (have == bytes)
      return NULL;
    if (tries == TRIES)
      return unreachable(c, name);
    if (tries > 0)
      apr_sleep(APR_USEC_PER_SEC * (tries < 10 ? tries : 10) / 2);
    if (apr_file_open(&a.file, file_path,
                      APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_BINARY |
                          (have > bytes ? APR_FOPEN_TRUNCATE : APR_FOPEN_APPEND),
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, pool) != APR_SUCCESS)
      return gk_error(pool, GK_E_CONFIG, "不能写 %s", "%s can't be written", file_path);
    a.done = have > bytes ? 0 : have;
    gk_error_t *error = ask(&a, c, "GET", path, NULL, NULL, a.done, if_range, &broken);
    apr_file_close(a.file);
    GK_TRY(error);
    if (!broken && a.status != 200 && a.status != 206 && a.status != 503)
      return refused(c, &a);
    if (a.status == 200 && have > 0) /* the server sent it whole: what was there is in the way */
      apr_file_remove(file_path, pool);
    if (c->bar)
      fputc('\r', stderr);
  }
}

static gk_error_t *fetch_parts(client_t *c, gk_xml_t *document, const char *path)
{
  apr_pool_t *pool = c->ctl->pool;
  gk_xml_node_t *parts = gk_xml_child(gk_xml_root(document), "parts");
  gk_xml_node_t *first = parts != NULL ? gk_xml_child(parts, "part") : NULL;
  for (gk_xml_node_t *part = first; part != NULL; part = gk_xml_next(part, "part")) {
    const char *name = gk_xml_attr(part, "name", pool), *n = gk_xml_attr(part, "n", pool);
    const char *bytes = gk_xml_attr(part, "bytes", pool), *digest = gk_xml_attr(part, "sha256", pool);
    if (name == NULL || n == NULL || digest == NULL || bytes == NULL || name[0] == '.' || strchr(name, '/') != NULL)
      return gk_error(pool, GK_E_SEALED, "清单中的分卷不完整", "A part of the manifest lacks its name, number or digest");
    GK_TRY(fetch_part(c, apr_pstrcat(pool, path, "/parts/", n, NULL), name, apr_atoi64(bytes), digest));
  }
  return NULL;
}

static gk_error_t *unpack(client_t *c, gk_xml_t *document)
{
  apr_pool_t *pool = c->ctl->pool;
  gk_xml_node_t *parts = gk_xml_child(gk_xml_root(document), "parts");
  gk_xml_node_t *first = parts != NULL ? gk_xml_child(parts, "part") : NULL;
  for (gk_xml_node_t *part = first; part != NULL; part = gk_xml_next(part, "part"))
    GK_TRY(gk_unsqueeze_file(in_folder(c, gk_xml_attr(part, "name", pool)), pool));
  return NULL;
}

static gk_error_t *unpack_photos(client_t *c, gk_xml_t *document)
{
  apr_pool_t *pool = c->ctl->pool;
  apr_int64_t photos = 0;
  gk_xml_node_t *parts = gk_xml_child(gk_xml_root(document), "parts");
  gk_xml_node_t *first = parts != NULL ? gk_xml_child(parts, "part") : NULL;
  for (gk_xml_node_t *part = first; part != NULL; part = gk_xml_next(part, "part"))
    if (gk_xml_attr(part, "photos", pool) != NULL)
      GK_TRY(gk_ctl__unpack_photos(&photos, in_folder(c, gk_xml_attr(part, "name", pool)), in_folder(c, "photos"), pool));
  gk_ctl__say(c->ctl, "%d 张照片在 %s", "%d photos are in %s", (int)photos, in_folder(c, "photos"));
  return NULL;
}

static gk_error_t *acknowledge(client_t *c, const char *path, const char *digest)
{
  gk_json_t *json, *body = gk_json_object(c->ctl->pool);
  const char *etag = NULL;
  GK_TRY(ask_json(&json, &etag, c, "GET", path, NULL, NULL));
  const char *state = gk_json_str(json, "state");
  if (state != NULL && strcmp(state, "acknowledged") == 0)
    return NULL;
  gk_json_set_str(body, "manifest_sha256", digest);
  const char *receipt = apr_pstrcat(c->ctl->pool, path, "/receipt", NULL);
  GK_TRY(ask_json(&json, NULL, c, "POST", receipt, gk_json_text(body, c->ctl->pool), etag));
  GK_TRY(gk_ctl__write_file(in_folder(c, "receipt.json"), gk_json_text(json, c->ctl->pool), c->ctl->pool));
  gk_json_t *pull = gk_json_get(json, "pull");
  gk_ctl__say(c->ctl, "已签收：%d 名成为已接收，%d 名在此之后有改动", "Acknowledged: %d became accepted, %d were changed since",
              (int)gk_json_int(pull, "accepted"), (int)gk_json_int(pull, "passed_over"));
  return NULL;
}

gk_error_t *gk_ctl_export_pull(gk_ctl_t *ctl)
{
  client_t c;
  apr_int64_t id;
  gk_xml_t *document;
  gk_json_t *result;
  GK_TRY(open_client(&c, ctl));
  GK_TRY(sign_in(&c));
  GK_TRY(start_or_go_on(&id, &c));
  const char *path = apr_psprintf(ctl->pool, "/export/pulls/%" APR_INT64_T_FMT, id);
  GK_TRY(wait_until_written(&c, path));
  GK_TRY(fetch_manifest(&document, &c, path));
  GK_TRY(fetch_parts(&c, document, path));
  GK_TRY(gk_ctl__export_verify(ctl, c.folder, c.key, &result));
  if (!ctl->fault && gk_ctl__option(ctl, "unpack") != NULL)
    GK_TRY(unpack(&c, document));
  if (!ctl->fault && gk_ctl__option(ctl, "photos") != NULL)
    GK_TRY(unpack_photos(&c, document));
  if (!ctl->fault && gk_ctl__option(ctl, "acknowledge") != NULL)
    GK_TRY(acknowledge(&c, path, gk_json_str(result, "manifest_sha256")));
  gk_json_set_int(result, "pull", id);
  if (!ctl->fault)
    gk_ctl__say(ctl, "拉取 %d：%d 个分卷，%d 名考生，%d 名撤销", "Pull %d: %d parts, %d candidates, %d withdrawn", (int)id,
                (int)gk_json_int(result, "parts"), (int)gk_json_int(result, "records"), (int)gk_json_int(result, "withdrawn"));
  gk_ctl__result(ctl, result);
  return NULL;
}
