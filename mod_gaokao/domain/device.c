/* domain/device.c: how devices come in and go, and what they say of themselves (device.h). Their readings: device_post.c. */
#include "domain/device_internal.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "domain/pack.h"
#include "domain/ports_device.h"

#define CODE_VALID GK_DAY
#define CODE_SYMBOLS "0123456789ABCDEFGHJKMNPQRSTVWXYZ" /* 32, none alike: 12 of them are 60 bits */
enum { CODE_LENGTH = 12 };

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- one-time codes -------------------------------------------------------------------------------------- */

static const char *make_code(apr_pool_t *pool)
{
  char code[CODE_LENGTH + 3], *at = code;
  const char *hex = gk_random_hex(pool, CODE_LENGTH);
  for (int i = 0; i < CODE_LENGTH; i++) {
    char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    if (i > 0 && i % 4 == 0)
      *at++ = '-';
    *at++ = CODE_SYMBOLS[strtoul(byte, NULL, 16) % 32];
  }
  *at = '\0';
  return apr_pstrdup(pool, code);
}

/* As somebody may have typed it: small letters, spaces, O for 0, I and L for 1. "" for what can't be one. */
static const char *code_digest(const char *typed, apr_pool_t *pool)
{
  char plain[CODE_LENGTH + 1];
  int n = 0;
  for (const char *c = gk_text_narrow(pool, typed); *c != '\0'; c++) {
    char symbol = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    if (symbol == ' ' || symbol == '-')
      continue;
    symbol = symbol == 'O' ? '0' : symbol == 'I' || symbol == 'L' ? '1' : symbol;
    if (n == CODE_LENGTH || strchr(CODE_SYMBOLS, symbol) == NULL)
      return "";
    plain[n++] = symbol;
  }
  plain[n] = '\0';
  return n == CODE_LENGTH ? gk_sha256_hex(pool, apr_pstrcat(pool, "device code ", plain, NULL), (apr_size_t)n + 12) : "";
}

/* ---- the point's side ------------------------------------------------------------------------------------ */

/* Server, season and point: a reading for one of them is none for another. */
static const char *make_audience(const gk_act_t *act, const gk_org_t *point)
{
  return apr_psprintf(act->pool, "gk:%s:%d:%s", gk_random_hex(act->pool, 8), act->season->year, point->code);
}

/* Results of the examination are the county's to enter (packs say so of its fields): so are the instruments that enter them. */
static gk_error_t *may_have(const gk_act_t *act, const char *kinds)
{
  if (strstr(kinds, "exam") == NULL || act->who->role != GK_ROLE_POINT)
    return NULL;
  return gk_error(act->pool, GK_E_FORBIDDEN, "体检仪器由县市区招考机构登记，请联系县市区",
                  "Instruments of the examination are enrolled by the county's bureau: ask it");
}

gk_error_t *gk_device_create(gk_device_t **out, gk_act_t *act, apr_int64_t org_id, const char *name, const char *kinds)
{
  gk_org_t *point;
  gk_device_t *device = apr_pcalloc(act->pool, sizeof(*device));
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_candidate_point(&point, act, org_id));
  GK_TRY(may_have(act, kinds));
  const char *code = make_code(act->pool);
  *device = (gk_device_t){.org_id = point->id, .name = name, .kinds = kinds, .audience = make_audience(act, point),
                          .code_digest = code_digest(code, act->pool), .code_until = act->now + CODE_VALID};
  apr_int64_t id;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_device_insert(&id, act, device));
  GK_TRY(gk_store_device_get(out, act, id));
  (*out)->code = code;
  return gk_audit(act, "device.create", "device", id, 1, point->path, NULL, gk_device_json(*out, act->pool));
}

gk_error_t *gk_device_get(gk_device_t **out, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_act_season(act));
  return gk_store_device_get(out, act, id);
}

gk_error_t *gk_device_list(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after_id, int limit)
{
  GK_TRY(gk_act_season(act));
  return gk_store_device_list(out, act, state, after_id, limit);
}

static gk_error_t *load(gk_device_t **before, gk_device_t **after, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  GK_TRY(gk_device_get(before, act, id));
  if ((*before)->version != version)
    return gk_stale(act, (*before)->version);
  *after = apr_pmemdup(act->pool, *before, sizeof(**before));
  (*after)->code_digest = NULL; /* stays */
  return NULL;
}

static gk_error_t *put(gk_device_t **out, gk_act_t *act, const gk_device_t *before, gk_device_t *after, const char *action)
{
  bool changed;
  const char *code = after->code;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_device_put(&changed, act, after));
  GK_TRY(gk_store_device_get(out, act, before->id));
  if (!changed)
    return gk_stale(act, (*out)->version);
  GK_TRY(gk_audit(act, action, "device", before->id, (*out)->version, before->org_path, gk_device_json(before, act->pool),
                  gk_device_json(*out, act->pool)));
  (*out)->code = code;
  return NULL;
}

gk_error_t *gk_device_rename(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *name)
{
  gk_device_t *before = NULL, *after = NULL;
  GK_TRY(load(&before, &after, act, id, version));
  after->name = name != NULL ? name : before->name;
  return put(out, act, before, after, "device.update");
}

gk_error_t *gk_device_revoke(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version, const char *reason,
                             apr_time_t stolen)
{
  gk_device_t *before = NULL, *after = NULL;
  GK_TRY(load(&before, &after, act, id, version));
  if (is(before->state, "revoked"))
    return gk_error(act->pool, GK_E_WRONG_STATE, "这台设备已经停用", "This device was revoked already");
  after->state = "revoked";
  after->revoked = act->now;
  after->reason = reason;
  after->stolen = stolen;
  after->code_digest = "";
  after->code_until = 0;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_device_keys_end(act, id, -1));
  if (stolen != 0)
    GK_TRY(gk_store_device_stolen(act, id, stolen));
  return put(out, act, before, after, "device.revoke");
}

gk_error_t *gk_device_new_code(gk_device_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_device_t *before = NULL, *after = NULL;
  GK_TRY(load(&before, &after, act, id, version));
  GK_TRY(may_have(act, before->kinds));
  if (!before->point_open)
    return gk_error(act->pool, GK_E_CONFLICT, "%s已停用，不能启用设备，请联系上级机构",
                    "%s is closed: no device can be enrolled, ask the bureau above", before->org_name);
  after->code = make_code(act->pool);
  after->code_digest = code_digest(after->code, act->pool);
  after->code_until = act->now + CODE_VALID;
  after->code_key = "";
  return put(out, act, before, after, "device.new_code");
}

static void set_text(gk_json_t *json, const char *key, const char *text)
{
  gk_json_set_str(json, key, text != NULL && text[0] != '\0' ? text : NULL);
}

gk_json_t *gk_device_json(const gk_device_t *d, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *kinds = gk_json_array(pool);
  char *state = NULL, *words = apr_pstrdup(pool, d->kinds);
  for (char *word = apr_strtok(words, " ", &state); word != NULL; word = apr_strtok(NULL, " ", &state))
    gk_json_add_str(kinds, word);
  gk_json_set_int(json, "id", d->id);
  gk_json_set(json, "org", gk_org_brief_json(d->org_id, d->org_code, d->org_name, "point", pool));
  gk_json_set_str(json, "name", d->name);
  gk_json_set(json, "kinds", kinds);
  gk_json_set_str(json, "state", d->state);
  gk_json_set_int(json, "version", d->version);
  gk_json_set_time(json, "code_until", is(d->code_key, "") ? d->code_until : 0);
  gk_json_set_time(json, "enrolled_at", d->enrolled);
  gk_json_set_time(json, "seen_at", d->seen);
  set_text(json, "software", d->software);
  set_text(json, "reader_module", d->reader_module);
  set_text(json, "reader_state", d->reader_state);
  set_text(json, "last_error", d->last_error);
  gk_json_set_int(json, "waiting", d->waiting);
  gk_json_set_int(json, "skew_ms", d->skew_ms);
  gk_json_set_int(json, "readings", d->readings);
  gk_json_set_int(json, "next_seq", d->highest_seq + 1);
  gk_json_set(json, "holes", gk_seq_holes(d->received, pool));
  gk_json_set_time(json, "revoked_at", d->revoked);
  gk_json_set_time(json, "stolen_at", d->stolen);
  gk_json_set_str(json, "reason", d->reason);
  gk_json_set_time(json, "created_at", d->created);
  return json;
}

/* ---- who posts ------------------------------------------------------------------------------------------- */

static gk_error_t *find(gk_device_t **out, gk_act_t *act, const char *id_text)
{
  bool found = false;
  GK_TRY(gk_act_season(act));
  if (strspn(id_text, "0123456789") == strlen(id_text) && strlen(id_text) <= 15)
    GK_TRY(gk_store_device_any(&found, out, act, apr_atoi64(id_text)));
  if (!found || is((*out)->state, "waiting"))
    return gk_error_plain(act->pool, GK_E_DEVICE_UNKNOWN);
  if (is((*out)->state, "revoked") || !(*out)->point_open)
    return gk_error_plain(act->pool, GK_E_DEVICE_REVOKED);
  return NULL;
}

/* The season is loaded by the router after the body: this looks before it. */
gk_error_t *gk_device_known(gk_act_t *act, const char *id_text)
{
  gk_device_t *device;
  const gk_season_t *season = act->season;
  GK_TRY(gk_core_season(&act->season, act->core, act->db, act->pool));
  gk_error_t *error = find(&device, act, id_text);
  act->season = season;
  return error;
}

static void become(gk_act_t *act, const gk_device_t *device)
{
  gk_principal_t *who = apr_pcalloc(act->pool, sizeof(*who));
  *who = (gk_principal_t){.role = GK_ROLE_DEVICE, .login = apr_psprintf(act->pool, "device:%" APR_INT64_T_FMT, device->id),
                          .display_name = device->name, .org_id = device->org_id, .org_level = "point",
                          .org_path = device->org_path};
  gk_scope_of(device->org_path, &who->scope_lo, &who->scope_hi, act->pool);
  act->who = who;
}

gk_error_t *gk_device_act_as(gk_device_t **out, gk_act_t *act, const char *id_text)
{
  GK_TRY(find(out, act, id_text));
  become(act, *out);
  return NULL;
}

gk_error_t *gk_device__in_turn(const gk_device_t *device, const gk_act_t *act, int readings)
{
  apr_interval_time_t wait = gk_device_pace(device->id, readings, gk_core_config(act->core)->device_rate, gk_tick());
  if (wait == 0)
    return NULL;
  gk_error_t *error = gk_error(act->pool, GK_E_TOO_MANY, "这台设备发送过快，什么都没有保存，请稍后再发同样的内容",
                               "This device posts too fast: nothing was stored, send the same again later");
  return gk_error_retry(error, wait > GK_SECOND ? wait : GK_SECOND);
}

/* ---- enrolment ------------------------------------------------------------------------------------------- */

gk_error_t *gk_device_enrol(gk_device_t **out, bool *fresh, gk_act_t *act, const char *code, const unsigned char *public,
                            const char *software, const char *reader_module)
{
  bool found = false, changed;
  gk_device_t *device = NULL;
  const char *digest = code_digest(code, act->pool), *key = gk_text_hex(act->pool, public, GK_PUBLIC_BYTES);
  GK_TRY(gk_act_season(act));
  if (digest[0] != '\0')
    GK_TRY(gk_store_device_by_code(&found, &device, act, digest));
  if (!found || device->code_until <= act->now || !device->point_open ||
      (device->code_key[0] != '\0' && !is(device->code_key, key)))
    return gk_error_plain(act->pool, GK_E_CODE_INVALID);
  become(act, device);
  GK_TRY(gk_device__in_turn(device, act, 0)); /* who has the right code; guesses cost one look at an index */
  *fresh = device->code_key[0] == '\0';
  *out = device;
  if (!*fresh)
    return NULL;
  device->code_key = key;
  device->software = software;
  device->reader_module = reader_module;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_device_enrolled(&changed, act, device));
  if (!changed) /* the same request on another connection */
    return gk_error_plain(act->pool, GK_E_RETRY);
  /* What the key before signed so far still counts; a revoked one's ended for good. */
  GK_TRY(gk_store_device_keys_end(act, device->id, apr_time_sec(act->now)));
  GK_TRY(gk_store_device_key_add(act, device->id, public));
  GK_TRY(gk_store_device_get(out, act, device->id));
  return gk_audit(act, "device.enrol", "device", device->id, (*out)->version, device->org_path, NULL,
                  gk_device_json(*out, act->pool));
}

static gk_error_t *sealing_key(gk_json_t *json, const gk_act_t *act)
{
  unsigned char public[GK_BOX_BYTES];
  const char *key_id;
  GK_TRY(gk_key_box_public(public, &key_id, gk_core_keys(act->core), "reading", act->pool));
  gk_json_t *key = gk_json_object(act->pool);
  gk_json_set_str(key, "kid", key_id);
  gk_json_set_str(key, "x25519", gk_base64url(act->pool, public, sizeof(public)));
  gk_json_set(json, "sealing_key", key);
  return NULL;
}

gk_error_t *gk_device_terms(gk_json_t **out, const gk_device_t *device, gk_act_t *act)
{
  gk_json_t *json = gk_device_json(device, act->pool), *answer = gk_json_object(act->pool);
  gk_json_t *point = gk_json_object(act->pool), *season = gk_json_object(act->pool), *subjects = gk_json_array(act->pool);
  const char *id = apr_psprintf(act->pool, "%" APR_INT64_T_FMT, device->id);
  gk_json_set_str(answer, "device", id);
  gk_json_set_str(answer, "kid", id);
  gk_json_set_str(answer, "name", device->name);
  gk_json_set_str(answer, "state", device->state);
  gk_json_set_str(answer, "audience", device->audience);
  gk_json_set(answer, "kinds", gk_json_get(json, "kinds"));
  gk_json_set_str(point, "code", device->org_code);
  gk_json_set_str(point, "name", device->org_name);
  gk_json_set(answer, "point", point);
  gk_json_set_int(season, "year", act->season->year);
  gk_json_set_str(season, "name", act->season->name);
  gk_json_set(answer, "season", season);
  for (int i = 0; i < act->season->pack->subjects->nelts; i++) {
    const gk_subject_t *row = &APR_ARRAY_IDX(act->season->pack->subjects, i, gk_subject_t);
    gk_json_t *subject = gk_json_object(act->pool);
    gk_json_set_str(subject, "code", row->code);
    gk_json_set_str(subject, "zh", row->name.zh);
    gk_json_set_str(subject, "en", row->name.en);
    gk_json_add(subjects, subject);
  }
  gk_json_set(answer, "subjects", subjects);
  GK_TRY(sealing_key(answer, act));
  gk_error_t *closed = gk_calendar_check(act, "read", device->org_path, 0);
  if (closed != NULL && closed->code != GK_E_WINDOW_CLOSED)
    return closed;
  gk_json_set_bool(answer, "test_mode", closed != NULL);
  gk_json_set_int(answer, "skew_ms", device->skew_ms);
  gk_json_set_int(answer, "next_seq", device->highest_seq + 1);
  gk_json_set(answer, "holes", gk_json_get(json, "holes"));
  gk_json_set_time(answer, "server_time", act->now);
  *out = answer;
  return NULL;
}

/* ---- what a device says of itself ------------------------------------------------------------------------ */

/* One signed thing that is no reading, by the key in use; `old` by one that ended too. */
static gk_error_t *open_plain(gk_json_t **payload, gk_jws_t *jws, const gk_device_t *device, gk_act_t *act, gk_json_t *json,
                              const char *typ, bool old)
{
  apr_array_header_t *keys;
  bool signed_by_it = false;
  if (!gk_jws_read(jws, json, act->pool))
    return gk_error(act->pool, GK_E_MALFORMED, "内容应为 {protected, payload, signature} 的 JWS",
                    "The body must be a flattened JWS {protected, payload, signature}");
  GK_TRY(gk_store_device_keys(&keys, act, device->id));
  for (int i = 0; i < keys->nelts && !signed_by_it; i++) {
    const gk_device_key_t *key = &APR_ARRAY_IDX(keys, i, gk_device_key_t);
    signed_by_it = (key->until_iat == 0 || (old && key->until_iat > 0)) && gk_jws_verify(jws, key->public);
  }
  if (!signed_by_it)
    return gk_error_plain(act->pool, GK_E_SIGNATURE);
  GK_TRY(gk_device__in_turn(device, act, 0));
  const char *wrong = gk_jws_header(jws, typ, act->pool);
  if (wrong != NULL)
    return gk_error(act->pool, GK_E_MALFORMED, "签名头中的 %s 不对", "'%s' of the protected header is not right", wrong);
  if (!is(jws->aud, device->audience) || apr_atoi64(jws->kid) != device->id)
    return gk_error_plain(act->pool, GK_E_WRONG_AUDIENCE);
  return gk_json_parse(payload, (const char *)jws->payload, jws->payload_length, act->pool);
}

static const char *or_else(const char *text, const char *otherwise) { return text != NULL ? text : otherwise; }

gk_error_t *gk_device_state(gk_device_t *device, gk_act_t *act, gk_json_t *json)
{
  gk_jws_t jws;
  gk_json_t *payload;
  GK_TRY(open_plain(&payload, &jws, device, act, json, "gk-state+1", false));
  gk_decode_t d = gk_decode_start(payload, act->pool);
  /* What it is lasts; how it is, is what it says now. */
  device->software = or_else(gk_decode_str(&d, "software", GK_OPTIONAL, 0, 60), device->software);
  device->reader_module = or_else(gk_decode_str(&d, "reader_module", GK_OPTIONAL, 0, 60), device->reader_module);
  device->reader_state = or_else(gk_decode_str(&d, "reader_state", GK_OPTIONAL, 0, 60), "");
  device->last_error = or_else(gk_decode_str(&d, "last_error", GK_OPTIONAL, 0, 300), "");
  device->waiting = gk_decode_int(&d, "waiting", GK_OPTIONAL, 0, 1000000, 0);
  apr_time_t clock = gk_decode_time(&d, "clock", GK_OPTIONAL);
  gk_decode_any(&d, "skew_ms", GK_OPTIONAL);
  gk_decode_bool(&d, "test", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  device->skew_ms = clock != 0 ? (clock - act->now) / 1000 : device->skew_ms;
  device->seen = act->now;
  GK_TRY(gk_act_begin(act)); /* not audited: it says nothing of people and comes every half minute */
  return gk_store_device_seen(act, device);
}

gk_error_t *gk_device_rotate(gk_device_t *device, gk_act_t *act, gk_json_t *json)
{
  gk_jws_t jws;
  gk_json_t *payload;
  apr_array_header_t *keys;
  apr_size_t length = 0, proof_length = 0;
  gk_error_t *error = NULL;
  GK_TRY(open_plain(&payload, &jws, device, act, json, "gk-key+1", true));
  gk_decode_t d = gk_decode_start(payload, act->pool);
  const char *key_text = gk_decode_str(&d, "public_key", GK_REQUIRED, 43, 43);
  const char *proof_text = gk_decode_str(&d, "proof", GK_REQUIRED, 86, 86);
  GK_TRY(gk_decode_end(&d));
  const unsigned char *public = gk_unbase64url(key_text, &length, act->pool);
  const unsigned char *proof = gk_unbase64url(proof_text, &proof_length, act->pool);
  if (public == NULL || length != GK_PUBLIC_BYTES || proof == NULL || proof_length != GK_SIGNATURE_BYTES ||
      !gk_verify_with(public, proof, jws.jti, strlen(jws.jti))) {
    gk_violation(&error, act->pool, "/proof", "signature", "新密钥没有对本消息的 jti 签名",
                 "The new key did not sign the jti of this message");
    return error;
  }
  GK_TRY(gk_store_device_keys(&keys, act, device->id));
  for (int i = 0; i < keys->nelts; i++) {
    const gk_device_key_t *key = &APR_ARRAY_IDX(keys, i, gk_device_key_t);
    if (memcmp(key->public, public, GK_PUBLIC_BYTES) == 0 && key->until_iat == 0 && gk_jws_verify(&jws, public) == false)
      return NULL; /* done before: the answer was lost */
  }
  /* Only the key in use names the one that follows it. */
  GK_TRY(open_plain(&payload, &jws, device, act, json, "gk-key+1", false));
  GK_TRY(gk_act_begin(act));
  /* By the device's own clock, but not for ever. */
  apr_int64_t latest = apr_time_sec(act->now) + 2 * 24 * 3600;
  GK_TRY(gk_store_device_keys_end(act, device->id, jws.iat < 1 ? 1 : jws.iat < latest ? jws.iat : latest));
  GK_TRY(gk_store_device_key_add(act, device->id, public));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "key", apr_pstrndup(act->pool, gk_text_hex(act->pool, public, GK_PUBLIC_BYTES), 16));
  return gk_audit(act, "device.key", "device", device->id, device->version, device->org_path, NULL, after);
}
