/* gateway/post.c: what goes to the server and what comes back; the only includer of libcurl. One request at a time, so that
 * readings arrive in order; an answer is final for each reading it names, and only then a reading leaves the queue. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <curl/curl.h>

#include "base/time.h"
#include "base/version.h"
#include "gateway/gateway.h"
#include "gateway/files.h"

#define BATCH_READINGS 200
#define BATCH_BYTES (4 * 1024 * 1024)
#define REPLY_MAX (2 * 1024 * 1024)
#define REFUSED_US (10 * GK_MINUTE)      /* until a server that does not accept us is asked again */
#define RESULTS 20
#define SKEW_MS (2 * 60 * 1000)          /* more than this is told to the clerk */
#define EXPIRE_US (6 * GK_HOUR)

typedef enum { NOTHING, READINGS, STATE, KEY } request_t;

struct gk_post_t {
  gk_gateway_t *gateway;
  CURLM *multi;
  CURL *easy;
  struct curl_slist *headers;
  request_t request;
  apr_pool_t *pool;                      /* of the request under way */
  char *reply;                           /* malloc */
  apr_size_t reply_length;
  bool reply_too_long;
  long retry_after_s;
  char problem[160];

  apr_size_t batch;                      /* readings in the request; and how many may be in the next */
  apr_size_t most;
  apr_size_t item, offset;               /* where the request's body is: item of the batch, byte of its text */
  const char *body;                      /* of a state or key request */
  apr_size_t body_length;

  gk_link_t link;
  int failures;
  apr_time_t retry_at, state_at, expire_at;
  bool state_first, rotate, readdressed;
  apr_int64_t skew_ms;
  bool skew_known, skew_told;
  gk_json_t *results;
  apr_pool_t *results_pool;
};

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static size_t take_reply(char *bytes, size_t size, size_t count, void *data)
{
  gk_post_t *post = data;
  size_t length = size * count;
  if (post->reply_length + length > REPLY_MAX) {
    post->reply_too_long = true;
    return 0;
  }
  char *grown = realloc(post->reply, post->reply_length + length + 1);
  if (grown == NULL)
    return 0;
  post->reply = grown;
  memcpy(grown + post->reply_length, bytes, length);
  post->reply_length += length;
  grown[post->reply_length] = '\0';
  return length;
}

static size_t take_header(char *line, size_t size, size_t count, void *data)
{
  gk_post_t *post = data;
  static const char name[] = "retry-after:";
  if (size * count > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0)
    post->retry_after_s = strtol(line + sizeof(name) - 1, NULL, 10);
  return size * count;
}

static const char BEFORE[] = "{\"readings\":[", AFTER[] = "]}";

/* The body of a batch comes out of the spool as it is sent: BEFORE, the readings with commas, AFTER. */
static size_t give_readings(char *out, size_t size, size_t count, void *data)
{
  gk_post_t *post = data;
  gk_spool_t *spool = post->gateway->spool;
  size_t room = size * count, used = 0;
  while (used < room) {
    size_t part;
    if (post->item == 0 || post->item > post->batch) {
      const char *text = post->item == 0 ? BEFORE : AFTER;
      part = strlen(text) - post->offset;
      part = part < room - used ? part : room - used;
      memcpy(out + used, text + post->offset, part);
      used += part;
      post->offset += part;
      if (post->offset < strlen(text))
        break;
      if (post->item > post->batch)
        break; /* the end: the next call gives nothing */
      post->item = 1;
      post->offset = 0;
      continue;
    }
    const gk_spool_item_t *item = gk_spool_item(spool, post->item - 1);
    if (post->offset == item->length) {
      if (post->item < post->batch)
        out[used++] = ',';
      post->item++;
      post->offset = 0;
      continue;
    }
    part = item->length - post->offset < room - used ? item->length - post->offset : room - used;
    if (gk_spool_read(out + used, spool, item, post->offset, part, post->pool) != NULL)
      return CURL_READFUNC_ABORT;
    used += part;
    post->offset += part;
  }
  return used;
}

static size_t give_body(char *out, size_t size, size_t count, void *data)
{
  gk_post_t *post = data;
  size_t part = post->body_length - post->offset < size * count ? post->body_length - post->offset : size * count;
  memcpy(out, post->body + post->offset, part);
  post->offset += part;
  return part;
}

/* curl wants to send again what it sent on a connection that was gone. */
static int rewind_body(void *data, curl_off_t offset, int origin)
{
  gk_post_t *post = data;
  if (offset != 0 || origin != SEEK_SET)
    return CURL_SEEKFUNC_CANTSEEK;
  post->item = post->offset = 0;
  return CURL_SEEKFUNC_OK;
}

/* What every request has. */
static void prepare(CURL *easy, const gk_device_t *device, struct curl_slist *headers)
{
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 10L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 30L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 300L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  if (device->settings.ca_file[0] != '\0')
    curl_easy_setopt(easy, CURLOPT_CAINFO, device->settings.ca_file);
}

static struct curl_slist *request_headers(void)
{
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json, application/problem+json");
  return curl_slist_append(headers, "Expect:");
}

/* Where the certificate can't be looked at nobody could say whose key readings are sealed to. */
static bool fit_server(const char *server)
{
  static const char *const fit[] = {"https://", "http://127.0.0.1:", "http://127.0.0.1/", "http://localhost:", "http://localhost/"};
  for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++)
    if (strncasecmp(server, fit[i], strlen(fit[i])) == 0)
      return true;
  return strcasecmp(server, "http://127.0.0.1") == 0 || strcasecmp(server, "http://localhost") == 0;
}

static const char *address(const gk_device_t *device, const char *path, apr_pool_t *pool)
{
  const char *server = device->settings.server;
  size_t length = strlen(server);
  while (length > 0 && server[length - 1] == '/')
    length--;
  return apr_psprintf(pool, "%.*s/api/v1/devices/%s", (int)length, server, path);
}

gk_error_t *gk_post_once(int *status, const char **reply, const gk_device_t *device, const char *path, const char *body,
                         apr_pool_t *pool)
{
  gk_post_t post = {.pool = pool};
  long found = 0;
  if (!fit_server(device->settings.server))
    return gk_error(pool, GK_E_CONFIG, "服务器地址必须以 https:// 开头：%s", "The server's address must begin with https://: %s",
                    device->settings.server);
  CURL *easy = curl_easy_init();
  if (easy == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "libcurl does not start");
  struct curl_slist *headers = request_headers();
  prepare(easy, device, headers);
  curl_easy_setopt(easy, CURLOPT_URL, address(device, path, pool));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_reply);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &post);
  CURLcode code = curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &found);
  *status = code == CURLE_OK ? (int)found : 0;
  *reply = code == CURLE_OK ? apr_pstrdup(pool, post.reply != NULL ? post.reply : "") : curl_easy_strerror(code);
  free(post.reply);
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  return NULL;
}

static apr_status_t close_post(void *data)
{
  gk_post_t *post = data;
  if (post->request != NOTHING)
    curl_multi_remove_handle(post->multi, post->easy);
  curl_easy_cleanup(post->easy);
  curl_multi_cleanup(post->multi);
  curl_slist_free_all(post->headers);
  free(post->reply);
  return APR_SUCCESS;
}

gk_error_t *gk_post_create(gk_post_t **out, gk_gateway_t *gateway, apr_pool_t *pool)
{
  gk_post_t *post = apr_pcalloc(pool, sizeof(*post));
  if (!fit_server(gateway->device->settings.server))
    return gk_error(pool, GK_E_CONFIG, "服务器地址必须以 https:// 开头：%s", "The server's address must begin with https://: %s",
                    gateway->device->settings.server);
  post->gateway = gateway;
  post->multi = curl_multi_init();
  post->easy = curl_easy_init();
  if (post->multi == NULL || post->easy == NULL)
    return gk_error_internal(pool, GK_E_INTERNAL, "libcurl does not start");
  post->headers = request_headers();
  post->most = BATCH_READINGS;
  post->state_first = true;
  apr_pool_create(&post->pool, pool);
  apr_pool_create(&post->results_pool, pool);
  post->results = gk_json_array(post->results_pool);
  apr_pool_cleanup_register(pool, post, close_post, apr_pool_cleanup_null);
  *out = post;
  return NULL;
}

static void start(gk_post_t *post, request_t request, const char *what, curl_off_t length)
{
  const gk_device_t *device = post->gateway->device;
  free(post->reply);
  post->reply = NULL;
  post->reply_length = 0;
  post->reply_too_long = false;
  post->retry_after_s = 0;
  post->item = post->offset = 0;
  post->request = request;
  curl_easy_reset(post->easy);
  prepare(post->easy, device, post->headers);
  const char *path = apr_pstrcat(post->pool, device->id, "/", what, NULL);
  curl_easy_setopt(post->easy, CURLOPT_URL, address(device, path, post->pool));
  curl_easy_setopt(post->easy, CURLOPT_POST, 1L);
  curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, length);
  curl_easy_setopt(post->easy, CURLOPT_READFUNCTION, request == READINGS ? give_readings : give_body);
  curl_easy_setopt(post->easy, CURLOPT_READDATA, post);
  curl_easy_setopt(post->easy, CURLOPT_SEEKFUNCTION, rewind_body);
  curl_easy_setopt(post->easy, CURLOPT_SEEKDATA, post);
  curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, take_reply);
  curl_easy_setopt(post->easy, CURLOPT_WRITEDATA, post);
  curl_easy_setopt(post->easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(post->easy, CURLOPT_HEADERDATA, post);
  curl_multi_add_handle(post->multi, post->easy);
}

static void start_readings(gk_post_t *post)
{
  gk_spool_t *spool = post->gateway->spool;
  apr_size_t waiting = gk_spool_waiting(spool), bytes = strlen(BEFORE) + strlen(AFTER), count = 0;
  while (count < waiting && count < post->most) {
    apr_size_t more = gk_spool_item(spool, count)->length + (count > 0);
    if (count > 0 && bytes + more > BATCH_BYTES)
      break;
    bytes += more;
    count++;
  }
  post->batch = count;
  start(post, READINGS, "readings", (curl_off_t)bytes);
}

/* A JSON payload that is signed and not sealed. */
static gk_error_t *start_plain(gk_post_t *post, request_t request, const char *what, const char *typ, const char *jti,
                               gk_json_t *plain)
{
  gk_signing_t header = {.typ = typ, .jti = jti, .iat = apr_time_sec(apr_time_now())};
  const char *text = gk_json_text(plain, post->pool);
  char *jws;
  apr_size_t length;
  GK_TRY(gk_device_jws(&jws, &length, post->gateway->device, &header, text, strlen(text), post->pool));
  post->body = apr_pstrmemdup(post->pool, jws, length);
  post->body_length = length;
  free(jws);
  start(post, request, what, (curl_off_t)length);
  return NULL;
}

static gk_error_t *start_state(gk_post_t *post)
{
  const gk_gateway_t *gateway = post->gateway;
  gk_json_t *plain = gk_json_object(post->pool);
  gk_json_set_str(plain, "software", apr_pstrcat(post->pool, GK_GATEWAY_SOFTWARE " ", gk_version(), NULL));
  /* Not said while it is not known: the server keeps what it heard. */
  if (gateway->reader != NULL && gk_reader_module(gateway->reader) != NULL)
    gk_json_set_str(plain, "reader_module", gk_reader_module(gateway->reader));
  gk_json_set_str(plain, "reader_state", gateway->reader != NULL ? gk_reader_state(gateway->reader) : "none");
  gk_json_set_int(plain, "waiting", (apr_int64_t)gk_spool_waiting(gateway->spool) + gk_spool_aside(gateway->spool));
  gk_json_set_time(plain, "clock", apr_time_now());
  if (post->problem[0] != '\0')
    gk_json_set_str(plain, "last_error", post->problem);
  if (post->skew_known)
    gk_json_set_int(plain, "skew_ms", post->skew_ms);
  gk_json_set_bool(plain, "test", gateway->test);
  post->state_at = gk_tick() + gk_setting_number(gateway->device->settings.state_s, 1, 3600) * GK_SECOND;
  post->state_first = false;
  return start_plain(post, STATE, "state", "gk-state+1", gk_random_hex(post->pool, 16), plain);
}

/* The new key is on the disk before the server hears of it; who asks again after a lost answer asks with the same one. */
static gk_error_t *start_key(gk_post_t *post)
{
  const gk_device_t *device = post->gateway->device;
  unsigned char secret[GK_DEVICE_SECRET_BYTES], public[GK_PUBLIC_BYTES], proof[GK_SIGNATURE_BYTES];
  char public_text[48], proof_text[96];
  const char *jti = gk_random_hex(post->pool, 16);
  gk_error_t *error = gk_device_key_read(secret, device, "device.key.new", post->pool);
  if (error != NULL) {
    gk_device_key_make(secret);
    error = gk_device_key_write(device, "device.key.new", secret, post->pool);
  }
  if (error == NULL) {
    gk_device_key_public(public, secret);
    gk_device_sign(proof, secret, jti, strlen(jti));
    gk_device_base64_put(public_text, public, sizeof(public));
    gk_device_base64_put(proof_text, proof, sizeof(proof));
    gk_json_t *plain = gk_json_object(post->pool);
    gk_json_set_str(plain, "public_key", public_text);
    gk_json_set_str(plain, "proof", proof_text);
    error = start_plain(post, KEY, "key", "gk-key+1", jti, plain);
  }
  gk_wipe(secret, sizeof(secret));
  return error;
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

static void set_link(gk_post_t *post, gk_link_t link, const char *detail)
{
  static const gk_word_t words[] = {[GK_LINK_ONLINE] = GK_WORD_ONLINE, [GK_LINK_OFFLINE] = GK_WORD_OFFLINE,
                                    [GK_LINK_REVOKED] = GK_WORD_REVOKED, [GK_LINK_NOT_ACCEPTED] = GK_WORD_NOT_ACCEPTED};
  if (post->link == link)
    return;
  bool first = post->link == GK_LINK_UNKNOWN && link == GK_LINK_ONLINE;
  post->link = link;
  post->gateway->dirty = true;
  if (!first)
    gk_gateway_say(post->gateway, words[link], detail);
}

/* A pause of half to all of 1, 2, 4... seconds, or what the server asked for. */
static void pause_after(gk_post_t *post, const char *why)
{
  long most = gk_setting_number(post->gateway->device->settings.retry_max_s, 1, 3600);
  long seconds = post->failures < 12 ? 1L << post->failures : most;
  seconds = seconds < most ? seconds : most;
  apr_interval_time_t pause = seconds * GK_SECOND / 2;
  pause += gk_device_random((unsigned)(pause / 1000) + 1) * APR_INT64_C(1000);
  if (post->retry_after_s > 0 && post->retry_after_s < 86400 && post->retry_after_s * GK_SECOND > pause)
    pause = post->retry_after_s * GK_SECOND + gk_device_random(1000) * APR_INT64_C(1000);
  post->failures++;
  post->retry_at = gk_tick() + pause;
  apr_cpystrn(post->problem, why, sizeof(post->problem));
}

static void measure_clock(gk_post_t *post, gk_json_t *answer)
{
  apr_time_t server;
  const char *text = gk_json_str(answer, "server_time");
  if (text == NULL || !gk_time_parse(text, &server))
    return;
  post->skew_ms = (apr_time_now() - server) / 1000;
  post->skew_known = true;
  bool far = post->skew_ms > SKEW_MS || post->skew_ms < -SKEW_MS;
  if (far && !post->skew_told)
    gk_gateway_say(post->gateway, GK_WORD_CLOCK, apr_psprintf(post->pool, "%+.1f s", (double)post->skew_ms / 1000));
  post->skew_told = far;
}

static void keep_result(gk_post_t *post, gk_json_t *result)
{
  apr_pool_t *fresh;
  gk_json_t *list;
  apr_pool_create(&fresh, post->gateway->pool); /* the list is copied, so that what fell out of it is freed */
  list = gk_json_array(fresh);
  apr_size_t count = gk_json_size(post->results);
  for (apr_size_t i = count >= RESULTS ? count - RESULTS + 1 : 0; i < count; i++)
    gk_json_add(list, gk_json_copy(gk_json_at(post->results, i), fresh));
  gk_json_t *shown = gk_json_copy(result, fresh);
  gk_json_set_time(shown, "at", apr_time_now());
  gk_json_add(list, shown);
  apr_pool_destroy(post->results_pool);
  post->results_pool = fresh;
  post->results = list;
}

static void take_readings(gk_post_t *post, gk_json_t *answer)
{
  gk_gateway_t *gateway = post->gateway;
  gk_json_t *results = gk_json_get(answer, "results");
  apr_size_t count = gk_json_size(results), at = 0, stored = 0;
  apr_pool_t *round;
  if (count != post->batch) {
    pause_after(post, "The server's answer does not fit the request");
    return;
  }
  apr_pool_create(&round, post->pool);
  for (apr_size_t i = 0; i < count; i++) {
    gk_json_t *result = gk_json_at(results, i);
    const char *jti = gk_json_str(result, "jti"), *status = gk_json_str(result, "status");
    apr_pool_clear(round);
    bool ours = jti == NULL || strcmp(jti, gk_spool_item(gateway->spool, at)->jti) == 0;
    if (!ours || status == NULL || (strcmp(status, "stored") != 0 && strcmp(status, "repeated") != 0 &&
                                    strcmp(status, "changed") != 0 && strcmp(status, "refused") != 0)) {
      at++; /* not final: it goes out again */
      continue;
    }
    gk_error_t *error = gk_spool_done(gateway->spool, at, status, apr_time_now(), round);
    if (error != NULL) /* asked again after the next start */
      apr_cpystrn(post->problem, gk_error_log_text(round, error), sizeof(post->problem));
    if (status[0] == 's' || strcmp(status, "repeated") == 0)
      stored++;
    else {
      gateway->refused++;
      gk_json_t *problem = gk_json_get(result, "problem");
      gk_gateway_say(gateway, GK_WORD_REFUSED, gk_json_str(problem, "code"));
    }
    if (count - i <= RESULTS)
      keep_result(post, result);
  }
  apr_pool_destroy(round);
  gateway->posted += (apr_int64_t)stored;
  if (stored > 0) {
    gateway->last_posted = apr_time_now();
    gk_gateway_say(gateway, GK_WORD_POSTED,
                   apr_psprintf(post->pool, gateway->english ? "%lu, %lu waiting" : "%lu 条，待传 %lu 条", (unsigned long)stored,
                                (unsigned long)gk_spool_waiting(gateway->spool)));
  }
  gateway->holes = (apr_int64_t)gk_json_size(gk_json_get(answer, "holes"));
  gk_spool_floor(gateway->spool, gateway->device->id, gk_json_int(answer, "next_seq"));
  post->most = BATCH_READINGS;
  if (at == count && count > 0)
    pause_after(post, "The server gave no final answer to any reading");
}

static void take_state(gk_post_t *post, gk_json_t *answer)
{
  gk_gateway_t *gateway = post->gateway;
  gk_error_t *error = gk_device_take(gateway->device, answer, post->pool);
  if (error != NULL)
    apr_cpystrn(post->problem, gk_error_log_text(post->pool, error), sizeof(post->problem));
  gk_spool_floor(gateway->spool, gateway->device->id, gk_json_int(answer, "next_seq"));
  bool test = gk_json_bool(answer, "test_mode");
  gateway->dirty = gateway->dirty || test != gateway->server_test;
  gateway->server_test = test;
}

static void take_key(gk_post_t *post, gk_json_t *answer)
{
  gk_error_t *error = gk_device_key_renew(post->gateway->device, post->pool);
  post->rotate = false;
  if (error != NULL)
    apr_cpystrn(post->problem, gk_error_log_text(post->pool, error), sizeof(post->problem));
  gk_spool_floor(post->gateway->spool, post->gateway->device->id, gk_json_int(answer, "next_seq"));
}

static void not_accepted(gk_post_t *post, gk_link_t link, const char *code)
{
  set_link(post, link, code);
  post->retry_at = gk_tick() + REFUSED_US;
  post->state_first = true;
  apr_cpystrn(post->problem, code, sizeof(post->problem));
}

/* The whole request was refused because of what is in it: smaller, until the reading that is at fault stands alone. */
static void refused_batch(gk_post_t *post, const char *code)
{
  if (post->batch > 1)
    post->most = post->batch / 2;
  else {
    gk_spool_set_aside(post->gateway->spool, 0);
    post->most = BATCH_READINGS;
    gk_gateway_say(post->gateway, GK_WORD_SET_ASIDE, code);
    apr_cpystrn(post->problem, code, sizeof(post->problem));
  }
}

static void finish(gk_post_t *post, CURLcode result)
{
  gk_gateway_t *gateway = post->gateway;
  request_t request = post->request;
  gk_json_t *answer = NULL;
  long status = 0;
  post->request = NOTHING;
  gateway->dirty = true;
  curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(post->multi, post->easy);
  if (result != CURLE_OK) {
    pause_after(post, curl_easy_strerror(result));
    set_link(post, GK_LINK_OFFLINE, post->problem);
    return;
  }
  if (post->reply != NULL && gk_json_parse(&answer, post->reply, post->reply_length, post->pool) != NULL)
    answer = NULL;
  const char *code = gk_json_str(answer, "code");
  const char *why = apr_psprintf(post->pool, "HTTP %ld%s%s", status, code != NULL ? " " : "", code != NULL ? code : "");
  if (status == 200 && gk_json_is_object(answer)) {
    set_link(post, GK_LINK_ONLINE, NULL);
    post->failures = 0;
    post->retry_at = 0;
    post->problem[0] = '\0';
    measure_clock(post, answer);
    if (request == READINGS)
      take_readings(post, answer);
    else if (request == STATE)
      take_state(post, answer);
    else
      take_key(post, answer);
  } else if (status == 401 && request == READINGS && !post->readdressed && code != NULL &&
             strcmp(code, "signature-invalid") == 0) {
    post->readdressed = true; /* signed with a key of before: once with that of today */
    gk_error_t *error = gk_gateway_readdress(gateway, post->pool);
    if (error != NULL)
      pause_after(post, gk_error_log_text(post->pool, error));
  } else if (status == 401 && code != NULL && (strcmp(code, "device-revoked") == 0 || strcmp(code, "device-unknown") == 0))
    not_accepted(post, GK_LINK_REVOKED, code);
  else if (status == 401 || status == 403)
    not_accepted(post, GK_LINK_NOT_ACCEPTED, why);
  else if (request == READINGS && (status == 400 || status == 413 || status == 422))
    refused_batch(post, why);
  else {
    pause_after(post, why);
    set_link(post, GK_LINK_OFFLINE, why);
  }
}

/* ---- the loop's side ------------------------------------------------------------------------------------------------- */

void gk_post_wait(gk_post_t *post, struct pollfd *more, int count, apr_time_t due)
{
  struct curl_waitfd fds[32];
  apr_time_t now = gk_tick();
  apr_interval_time_t left = due > now ? due - now : 0;
  count = count < 32 ? count : 32;
  for (int i = 0; i < count; i++) {
    fds[i].fd = more[i].fd;
    fds[i].events = (short)((more[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) | (more[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
    fds[i].revents = 0;
  }
  curl_multi_poll(post->multi, fds, (unsigned)count, left > 3600 * GK_SECOND ? 3600000 : (int)((left + 999) / 1000), NULL);
}

apr_time_t gk_post_due(const gk_post_t *post)
{
  long timeout = -1;
  apr_time_t now = gk_tick();
  if (post->request != NOTHING) {
    curl_multi_timeout(post->multi, &timeout);
    return timeout < 0 ? now + GK_SECOND : now + timeout * APR_INT64_C(1000);
  }
  if (post->retry_at > now)
    return post->retry_at;
  return gk_spool_waiting(post->gateway->spool) > 0 || post->rotate || post->state_first ? now : post->state_at;
}

static void start_next(gk_post_t *post)
{
  gk_error_t *error = NULL;
  apr_time_t now = gk_tick();
  if (post->retry_at > now)
    return;
  apr_pool_clear(post->pool);
  /* The first word after a start, or after it was refused, is the state: it says whether the rest is welcome. */
  if (post->state_first || now >= post->state_at)
    error = start_state(post);
  else if (post->link == GK_LINK_REVOKED || post->link == GK_LINK_NOT_ACCEPTED)
    error = NULL;
  else if (post->rotate)
    error = start_key(post);
  else if (gk_spool_waiting(post->gateway->spool) > 0)
    start_readings(post);
  if (error != NULL)
    pause_after(post, gk_error_log_text(post->pool, error));
}

void gk_post_step(gk_post_t *post, apr_pool_t *scratch_pool)
{
  int running, left;
  curl_multi_perform(post->multi, &running);
  for (CURLMsg *message; (message = curl_multi_info_read(post->multi, &left)) != NULL;)
    if (message->msg == CURLMSG_DONE)
      finish(post, message->data.result);
  if (post->request == NOTHING && gk_tick() >= post->expire_at) {
    post->expire_at = gk_tick() + EXPIRE_US;
    gk_error_t *error = gk_spool_expire(post->gateway->spool, apr_time_now(), scratch_pool);
    if (error != NULL)
      apr_cpystrn(post->problem, gk_error_log_text(scratch_pool, error), sizeof(post->problem));
  }
  if (post->request == NOTHING) {
    start_next(post);
    if (post->request != NOTHING)
      curl_multi_perform(post->multi, &running);
  }
}

void gk_post_rotate(gk_post_t *post) { post->rotate = true; }
bool gk_post_rotating(const gk_post_t *post) { return post->rotate; }
gk_link_t gk_post_link(const gk_post_t *post) { return post->link; }
const char *gk_post_problem(const gk_post_t *post) { return post->problem[0] != '\0' ? post->problem : NULL; }
apr_time_t gk_post_retry_at(const gk_post_t *post) { return post->retry_at > gk_tick() ? post->retry_at : 0; }
gk_json_t *gk_post_results(const gk_post_t *post) { return post->results; }

apr_int64_t gk_post_skew_ms(const gk_post_t *post, bool *known)
{
  *known = post->skew_known;
  return post->skew_ms;
}
