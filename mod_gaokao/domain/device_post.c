/* domain/device_post.c: a post of readings (device.h): each is verified, opened and decoded for itself before anything is written;
 * then they are kept, some to a transaction. */
#include "domain/device_internal.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "domain/live.h"
#include "domain/pack.h"
#include "domain/ports.h"
#include "domain/ports_candidate.h"
#include "domain/ports_device.h"
#include "domain/watch.h"

/* How many share a transaction: others want to write in between. */
enum { PIECE = 25, PIECE_SERVER = 50, TRIES = 6 };
#define LATE (15 * GK_MINUTE)
#define FUTURE (2 * GK_MINUTE)
#define CARD_MAX 2048              /* base64url of a block; photos of readers have up to 38,862 bytes */
#define PHOTO_MAX 60000
#define FILE_MAX (4 * 1024 * 1024)

typedef gk_device__item_t item_t;
typedef gk_device__post_t post_t;

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- one reading, before anything is written -------------------------------------------------------------- */

static bool refuse(item_t *item, const char *code, const char *zh, const char *en)
{
  item->status = "refused";
  item->code = code;
  item->zh = zh;
  item->en = en;
  return false;
}

/* True when a key of the device signed it; what the header says comes after. */
static const gk_device_key_t *signer(const post_t *post, const item_t *item)
{
  for (int i = 0; i < post->keys->nelts; i++) {
    const gk_device_key_t *key = &APR_ARRAY_IDX(post->keys, i, gk_device_key_t);
    if (key->until_iat >= 0 && gk_jws_verify(&item->jws, key->public))
      return key;
  }
  return NULL;
}

static bool open_seal(const post_t *post, item_t *item, gk_json_t **payload)
{
  const char *text;
  apr_size_t length;
  const gk_keys_t *keys = gk_core_keys(post->act->core);
  if (item->jws.skid == NULL)
    return refuse(item, "unknown-sealing-key", "签名头没有封装密钥编号 skid", "The header names no sealing key (skid)");
  if (!gk_key_box_open(&text, &length, keys, "reading", item->jws.skid, item->jws.payload, item->jws.payload_length,
                       post->pool)) {
    for (int i = 0; i < gk_keys_count(keys); i++) {
      gk_key_info_t info;
      gk_keys_info(&info, keys, i, post->pool);
      if (is(info.purpose, "reading") && is(info.id, item->jws.skid) && !is(info.state, "gone"))
        return refuse(item, "not-opened", "封装的内容打不开", "What was sealed does not open");
    }
    return refuse(item, "unknown-sealing-key", "封装用的密钥服务器没有", "The server has not the key this was sealed to");
  }
  if (gk_json_parse(payload, text, length, post->pool) != NULL || !gk_json_is_object(*payload))
    return refuse(item, "payload-invalid", "封装的内容不是一个 JSON 对象", "What was sealed is not one JSON object");
  for (gk_json_iter_t it = gk_json_first(*payload); it.key != NULL; gk_json_next(&it))
    if (strncmp(it.key, "finger", 6) == 0)
      return refuse(item, "fingerprint-refused", "指纹数据不得上传，请在网关删除指纹块后重新读卡",
                    "Fingerprints are not taken: drop the block at the gateway and read the card again");
  return true;
}

/* A block of the payload, decoded; what was sent stays in `raw`. */
static const unsigned char *block(gk_decode_t *d, gk_json_t *raw, const char *key, apr_size_t max, apr_size_t *length)
{
  const char *text = gk_decode_str(d, key, GK_OPTIONAL, 1, max);
  unsigned char *bytes = text != NULL ? gk_unbase64url(text, length, d->pool) : NULL;
  if (text != NULL && bytes == NULL)
    gk_decode_fault(d, key, "base64url", "应为不带填充的 base64url", "Must be base64url without padding");
  else if (text != NULL)
    gk_json_set_str(raw, key, text);
  return bytes;
}

static bool read_payload(const post_t *post, item_t *item, gk_json_t *payload)
{
  apr_size_t ignored;
  gk_json_t *raw = gk_json_object(post->pool);
  gk_decode_t d = gk_decode_start(payload, post->pool);
  item->kind = gk_decode_word(&d, "kind", GK_REQUIRED, "idcard|camera|exam");
  item->wish.purpose = gk_decode_word(&d, "purpose", GK_OPTIONAL, "create|verify|auto|test");
  item->wish.taken = gk_decode_time(&d, "captured_at", GK_REQUIRED);
  item->wish.subject = gk_decode_str(&d, "subject", GK_OPTIONAL, 0, 4);
  item->wish.layout = gk_decode_word(&d, "layout", GK_OPTIONAL, "resident|hmt_permit|foreigner_2017|foreigner_2023");
  item->number = gk_decode_str(&d, "number", GK_OPTIONAL, 1, 20);
  item->id_number = gk_decode_str(&d, "id_number", GK_OPTIONAL, 1, 20);
  item->after = gk_decode_str(&d, "after", GK_OPTIONAL, 32, 32);
  item->items = gk_decode_any(&d, "items", GK_OPTIONAL);
  const char *module = gk_decode_str(&d, "reader_module", GK_OPTIONAL, 0, 60);
  item->bytes = block(&d, raw, "text_block", CARD_MAX, &item->length);
  block(&d, raw, "photo_block", CARD_MAX, &ignored);
  block(&d, raw, "chip_photo", PHOTO_MAX, &ignored);
  block(&d, raw, "appended_address", CARD_MAX, &ignored);
  block(&d, raw, "picture", FILE_MAX, &ignored);
  block(&d, raw, "file", FILE_MAX, &ignored);
  const char *file_name = gk_decode_str(&d, "file_name", GK_OPTIONAL, 0, 120);
  gk_error_t *error = gk_decode_end(&d);
  if (error != NULL) {
    gk_json_t *problem = gk_reading_problem(error, post->pool);
    const gk_violation_t *first = &APR_ARRAY_IDX(error->violations, 0, gk_violation_t);
    return refuse(item, "payload-invalid", apr_pstrcat(post->pool, first->pointer, "：", gk_json_str(problem, "zh"), NULL),
                  apr_pstrcat(post->pool, first->pointer, ": ", gk_json_str(problem, "en"), NULL));
  }
  if (item->wish.purpose == NULL)
    item->wish.purpose = "auto";
  if (item->wish.subject != NULL && item->wish.subject[0] == '\0')
    item->wish.subject = NULL;
  if (item->items != NULL)
    gk_json_set(raw, "items", item->items);
  if (module != NULL)
    gk_json_set_str(raw, "reader_module", module);
  if (file_name != NULL)
    gk_json_set_str(raw, "file_name", file_name);
  item->wish.raw = raw;
  return true;
}

static void flag(const post_t *post, item_t *item, bool holds, const char *word)
{
  if (holds)
    item->wish.flags = item->wish.flags[0] == '\0' ? word : apr_pstrcat(post->pool, item->wish.flags, " ", word, NULL);
}

bool gk_device__goes_back(const gk_act_t *act, const gk_error_t *error)
{
  return error->later || error->code == GK_E_BUSY || act->db == NULL;
}

/* The plugin's fields, or why there are none: it stays out of every transaction, and behind its guard. */
static gk_error_t *decode_card(const post_t *post, item_t *item)
{
  gk_error_t *error;
  const char *warnings = NULL, *layout = NULL;
  item->wish.card = gk_json_object(post->pool);
  error = item->bytes == NULL ? gk_error(post->pool, GK_E_INVALID, "读卡数据里没有文字块", "The reading has no text block")
                              : gk_device_port_card(&item->wish.card, post->act, item->bytes, item->length);
  if (error != NULL && gk_device__goes_back(post->act, error))
    return error;
  if (error != NULL) { /* it may be these bytes: one that breaks a plugin would stop all behind it */
    item->wish.undecoded = true;
    item->wish.problem = error;
    item->wish.card = gk_json_object(post->pool);
    return NULL;
  }
  warnings = gk_json_str(item->wish.card, "warnings");
  layout = gk_json_str(item->wish.card, "layout");
  flag(post, item, item->wish.layout != NULL && layout != NULL && !is(item->wish.layout, layout), "layout-differs");
  flag(post, item, warnings != NULL, warnings);
  if (layout != NULL)
    item->wish.layout = layout;
  return NULL;
}

/* What plugins and photo workers make of it, before anything of the post is kept. Neither a test nor what is here already needs
 * them. An error sends the whole post back. */
static gk_error_t *examine(const post_t *post, item_t *item)
{
  gk_reading_t *first;
  bool card = is(item->kind, "idcard"), here = false;
  if (is(item->wish.purpose, "test"))
    return NULL;
  if (!card || gk_json_str(item->wish.raw, "chip_photo") != NULL) /* cards alone are asked about together (look_ahead) */
    GK_TRY(gk_store_reading_by_jti(&here, &first, post->act, item->jws.jti));
  if (here)
    return NULL;
  if (!card)
    return gk_device__prepare_other(post, item);
  GK_TRY(decode_card(post, item));
  return gk_device__prepare_chip(post, item);
}

/* False when it is settled already. *ours: it carries a signature of the device. */
static bool prepare(const post_t *post, item_t *item, gk_json_t *json, bool *ours)
{
  gk_json_t *payload;
  *ours = false;
  if (!gk_jws_read(&item->jws, json, post->pool))
    return refuse(item, "malformed", "不是 {protected, payload, signature} 形式的 JWS",
                  "This is no flattened JWS {protected, payload, signature}");
  const gk_device_key_t *key = signer(post, item);
  if (key == NULL)
    return refuse(item, "signature-invalid", "签名不是这台设备的", "The signature is not this device's");
  *ours = true;
  const char *wrong = gk_jws_header(&item->jws, "gk-reading+1", post->pool);
  if (wrong == NULL && item->jws.seq == 0)
    wrong = "seq";
  if (wrong != NULL) {
    item->jws.jti = NULL;
    return refuse(item, "malformed", apr_psprintf(post->pool, "签名头中的 %s 不对", wrong),
                  apr_psprintf(post->pool, "'%s' of the protected header is not right", wrong));
  }
  if (key->until_iat > 0 && item->jws.iat > key->until_iat)
    return refuse(item, "signature-invalid", "签名所用的旧密钥在读卡之前已经更换",
                  "The key that signed this had been replaced before it was read");
  if (apr_atoi64(item->jws.kid) != post->device->id)
    return refuse(item, "wrong-device", "这条读数是另一台设备的", "This reading is another device's");
  if (!is(item->jws.aud, post->device->audience))
    return refuse(item, "wrong-audience", "这条读数是给别的服务器、年度或报名点的",
                  "This reading is meant for another server, season or point");
  if (!open_seal(post, item, &payload) || !read_payload(post, item, payload))
    return false;
  apr_time_t signed_at = apr_time_from_sec(item->jws.iat);
  gk_reading_wish_t *wish = &item->wish;
  wish->jti = item->jws.jti;
  wish->device_id = post->device->id;
  wish->seq = item->jws.seq;
  wish->digest = item->jws.digest;
  wish->point = post->point;
  wish->flags = "";
  flag(post, item, signed_at < post->act->now - LATE, "late");
  flag(post, item, signed_at > post->act->now + FUTURE, "future");
  flag(post, item, strstr(post->device->kinds, item->kind) == NULL, "kind-not-enrolled");
  if (wish->subject != NULL && gk_pack_subject(post->act->season->pack, wish->subject) == NULL)
    wish->subject = NULL; /* chosen at the console then */
  wish->card = gk_json_object(post->pool);
  return true;
}

/* ---- keeping ---------------------------------------------------------------------------------------------- */

static gk_error_t *changed(const post_t *post, item_t *item, const gk_reading_t *first)
{
  gk_json_t *after = gk_json_object(post->pool);
  item->status = "changed";
  item->code = "jti-reused";
  item->zh = "这个编号(jti)已用于另一次读卡，已拒绝并记录";
  item->en = "This id (jti) was used for another reading: refused and recorded";
  gk_json_set_str(after, "jti", item->jws.jti);
  gk_json_set_int(after, "seq", item->jws.seq);
  gk_json_set_int(after, "reading_id", first->org_id == post->device->org_id ? first->id : 0);
  GK_TRY(gk_act_begin(post->act));
  GK_TRY(gk_watch_reading_changed(post->act, post->device->id));
  return gk_audit(post->act, "device.changed_replay", "device", post->device->id, post->device->version,
                  post->device->org_path, NULL, after);
}

/* Settles one inside the piece's transaction. */
static gk_error_t *settle(const post_t *post, item_t *item, const char **received, apr_int64_t *highest, int *stored)
{
  gk_reading_t *first;
  bool found = false;
  if (is(item->wish.purpose, "test")) {
    item->status = "stored";
    return NULL;
  }
  if (!item->unknown)
    GK_TRY(gk_store_reading_by_jti(&found, &first, post->act, item->jws.jti));
  if (found && (!is(first->digest, item->jws.digest) || first->org_id != post->device->org_id))
    return changed(post, item, first);
  const char *before = *received;
  gk_seq_t order = gk_seq_add(received, item->jws.seq, post->pool);
  if (found) { /* the number came again with it; one that was signed anew counts as its own */
    item->status = "repeated";
    item->reading = first;
    *received = order == GK_SEQ_USED ? before : *received;
    *highest = item->jws.seq > *highest ? item->jws.seq : *highest;
    if (first->candidate_id != 0) {
      gk_error_t *error = gk_store_candidate_get(&item->candidate, post->act, first->candidate_id);
      if (error != NULL && error->code != GK_E_NOT_FOUND)
        return error;
    }
    return NULL;
  }
  const char *flags = item->wish.flags;
  flag(post, item, order == GK_SEQ_USED, "seq-reused");
  flag(post, item, order == GK_SEQ_LATE, "out-of-order");
  if (is(item->kind, "idcard")) {
    const char *purpose = item->wish.purpose;
    if (is(purpose, "verify") && item->number != NULL)
      GK_TRY(gk_device__by_number(&item->wish.candidate_id, post->act, item->number));
    if (is(purpose, "auto"))
      item->wish.purpose = "create";
    gk_error_t *error = gk_reading_settle(&item->reading, &item->candidate, post->act, &item->wish);
    item->wish.purpose = purpose;
    item->wish.flags = flags;
    if (error == NULL)
      error = gk_device__keep_chip(post, item);
    if (error != NULL)
      return error;
  } else {
    gk_error_t *error = gk_device__keep_other(post, item);
    item->wish.flags = flags;
    if (error != NULL)
      return error;
  }
  item->status = "stored";
  *highest = item->jws.seq > *highest ? item->jws.seq : *highest;
  ++*stored;
  return NULL;
}

static void unsettle(item_t *item)
{
  if (is(item->status, "stored") || is(item->status, "repeated") || is(item->status, "changed")) {
    item->status = NULL;
    item->code = NULL;
  }
  item->reading = NULL;
  item->candidate = NULL;
}

/* An earlier one of the piece that has the same jti, or (index) the same person: its look would be too early. */
static bool follows(const post_t *post, int from, int i, bool index)
{
  const item_t *item = &post->items[i];
  for (; from < i; from++) {
    const item_t *before = &post->items[from];
    if (index ? is(before->wish.index.value, item->wish.index.value) : is(before->jws.jti, item->jws.jti))
      return true;
  }
  return false;
}

static bool looks_ahead(const item_t *item)
{
  return item->status == NULL && is(item->kind, "idcard") && !is(item->wish.purpose, "test");
}

/* Outside the transaction and all at once: which readings are not here yet, and which people. The unique indexes of both have
 * the last word. */
static gk_error_t *look_ahead(const post_t *post, int from, int to)
{
  for (int i = from; i < to; i++) {
    item_t *item = &post->items[i];
    if (!looks_ahead(item))
      continue;
    gk_store_reading_by_jti_ahead(post->act, item->jws.jti);
    if (!item->wish.undecoded)
      gk_reading_ahead(post->act, &item->wish);
  }
  for (int i = from; i < to; i++) {
    item_t *item = &post->items[i];
    gk_reading_t *first;
    bool found;
    if (!looks_ahead(item))
      continue;
    GK_TRY(gk_store_reading_by_jti(&found, &first, post->act, item->jws.jti));
    item->unknown = !found && !follows(post, from, i, false);
    GK_TRY(gk_reading_look(post->act, &item->wish));
    item->wish.nobody = item->wish.nobody && !follows(post, from, i, true);
  }
  return NULL;
}

/* One transaction: on an error everything of it is undone, and *blamed is the item it came from, or -1. */
static gk_error_t *piece(post_t *post, int from, int to, int *blamed)
{
  gk_act_t *act = post->act;
  gk_device_t *device = post->device;
  const char *received = device->received;
  apr_int64_t highest = device->highest_seq;
  int stored = 0;
  bool counted;
  *blamed = -1;
  post->window.asked = false;
  for (int i = from; i < to; i++) {
    item_t *item = &post->items[i];
    if (item->status != NULL)
      continue;
    item->wish.window = &post->window;
    gk_error_t *error = settle(post, item, &received, &highest, &stored);
    if (error != NULL) {
      *blamed = i;
      return error;
    }
  }
  if (!gk_db_in_transaction(act->db) && is(received, device->received))
    return NULL;
  GK_TRY(gk_act_begin(act));
  gk_device_t after = *device;
  after.received = received;
  after.highest_seq = highest;
  GK_TRY(gk_store_live_bump(act, device->org_id));
  GK_TRY(gk_store_device_received(&counted, act, &after, stored));
  if (!counted)
    return gk_error_plain(post->pool, GK_E_RETRY);
  GK_TRY(gk_db_commit(act->db, post->pool));
  *device = after;
  device->changed++;
  device->readings += stored;
  gk_live_bump(device->org_id);
  return NULL;
}

/* Cards share a transaction. Pictures and examinations are judged by plugins, which run in none: each has its own. */
static int end_of_piece(const post_t *post, int from)
{
  int to = from, most = gk_db_engine(post->act->db) == GK_PGSQL ? PIECE_SERVER : PIECE;
  while (to < post->count && to < from + most && (post->items[to].kind == NULL || is(post->items[to].kind, "idcard")))
    to++;
  return to > from ? to : from + 1;
}

static gk_error_t *take_piece(post_t *post, int from, int to)
{
  GK_TRY(look_ahead(post, from, to));
  for (int tries = 0;; tries++) {
    int blamed;
    gk_error_t *error = piece(post, from, to, &blamed);
    if (error == NULL)
      return NULL;
    gk_db_rollback(post->act->db);
    gk_store_forget(post->act);
    for (int i = from; i < to; i++)
      unsettle(&post->items[i]);
    /* What one of them ran into is its own matter: it is kept with that, and the others go on. */
    bool its_own = blamed >= 0 && error->code != GK_E_RETRY && gk_error_info(error->code)->http < 500 &&
                   post->items[blamed].wish.problem == NULL;
    if (its_own) {
      post->items[blamed].wish.problem = error;
      tries = -1;
      continue;
    }
    if (error->code != GK_E_RETRY || tries == TRIES)
      return error;
    gk_device_t *now;
    GK_TRY(gk_device_act_as(&now, post->act, apr_psprintf(post->pool, "%" APR_INT64_T_FMT, post->device->id)));
    *post->device = *now;
    for (int i = from; i < to; i++)
      post->items[i].unknown = post->items[i].wish.nobody = false;
    apr_sleep((apr_interval_time_t)(1 + tries) * 3000);
  }
}

/* ---- the answer ------------------------------------------------------------------------------------------- */

/* The first character stays. */
static const char *mask_name(apr_pool_t *pool, const char *name)
{
  const char *rest = name;
  gk_utf8_next(&rest);
  char *out = apr_pstrmemdup(pool, name, (apr_size_t)(rest - name));
  while (gk_utf8_next(&rest) != 0)
    out = apr_pstrcat(pool, out, "*", NULL);
  return out;
}

static gk_json_t *problem_json(const item_t *item, apr_pool_t *pool)
{
  gk_json_t *problem = gk_json_object(pool);
  gk_json_set_str(problem, "code", item->code);
  gk_json_set_str(problem, "zh", item->zh);
  gk_json_set_str(problem, "en", item->en);
  return problem;
}

static gk_json_t *result(const item_t *item, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  const gk_reading_t *reading = item->reading;
  gk_json_set_str(json, "jti", item->jws.jti);
  gk_json_set_id(json, "seq", item->jws.seq);
  gk_json_set_str(json, "status", item->status);
  if (item->code != NULL)
    gk_json_set(json, "problem", problem_json(item, pool));
  if (reading == NULL) {
    if (item->code == NULL)
      gk_json_set_str(json, "verdict", "test");
    return json;
  }
  gk_json_t *row = gk_reading_json(reading, false, pool);
  gk_json_set_id(json, "reading", reading->id);
  gk_json_set_str(json, "verdict", reading->verdict);
  gk_json_set(json, "flags", gk_json_get(row, "flags"));
  if (reading->problem != NULL)
    gk_json_set(json, "problem", reading->problem);
  if (item->candidate != NULL) {
    gk_json_t *candidate = gk_json_object(pool);
    gk_json_set_int(candidate, "id", item->candidate->id);
    gk_json_set_str(candidate, "number", item->candidate->number);
    gk_json_set_str(candidate, "name_masked", mask_name(pool, item->candidate->name));
    gk_json_set_str(candidate, "state", item->candidate->state);
    gk_json_set(json, "candidate", candidate);
  }
  return json;
}

/* Nothing of it is the device's: told as a whole, so that its owner keeps what he has. */
static gk_error_t *none_is_ours(const post_t *post)
{
  gk_error_t *error = NULL;
  for (int i = 0; i < post->count; i++)
    if (!is(post->items[i].code, "malformed"))
      return gk_error_plain(post->pool, GK_E_SIGNATURE);
  for (int i = 0; i < post->count && i < 20; i++)
    gk_violation(&error, post->pool, apr_psprintf(post->pool, "/readings/%d", i), "jws",
                 "应为 {protected, payload, signature} 形式的 JWS", "Must be a flattened JWS {protected, payload, signature}");
  return error;
}

gk_error_t *gk_device_post(gk_json_t **answer, gk_device_t *device, gk_act_t *act, gk_json_t *readings)
{
  int ours = 0;
  post_t post = {.act = act, .device = device, .count = (int)gk_json_size(readings), .pool = act->pool};
  GK_TRY(gk_store_device_keys(&post.keys, act, device->id));
  GK_TRY(gk_candidate_point(&post.point, act, device->org_id));
  post.items = apr_pcalloc(act->pool, sizeof(item_t) * (apr_size_t)post.count);
  for (int i = 0; i < post.count; i++) {
    bool signed_by_it;
    item_t *item = &post.items[i];
    bool open = prepare(&post, item, gk_json_at(readings, (apr_size_t)i), &signed_by_it);
    if (signed_by_it && ours++ == 0) /* only what it signed itself counts against it */
      GK_TRY(gk_device__in_turn(device, act, post.count));
    if (open)
      GK_TRY(examine(&post, item));
  }
  if (ours == 0)
    return none_is_ours(&post);
  for (int from = 0, to; from < post.count; from = to) {
    to = end_of_piece(&post, from);
    GK_TRY(take_piece(&post, from, to));
  }
  *answer = gk_json_object(act->pool);
  gk_json_t *results = gk_json_array(act->pool);
  for (int i = 0; i < post.count; i++)
    gk_json_add(results, result(&post.items[i], act->pool));
  gk_json_set(*answer, "results", results);
  gk_json_set(*answer, "holes", gk_seq_holes(device->received, act->pool));
  gk_json_set_int(*answer, "next_seq", device->highest_seq + 1);
  gk_json_set_time(*answer, "server_time", act->now);
  return NULL;
}
