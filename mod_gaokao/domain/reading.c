/* domain/reading.c: see reading.h. */
#include "domain/reading.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/paths.h"
#include "domain/device.h"
#include "domain/ports_candidate.h"
#include "domain/ports_device.h"
#include "domain/watch.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

/* ---- a card as fields of the pack ------------------------------------------------------------------------ */

static const struct {
  const char *card, *field;
} names[] = {{"name", "name"},
             {"sex", "sex"},
             {"nation", "nation"},
             {"birth", "birth"},
             {"address", "card_address"},
             {"id_number", "id_number"},
             {"issuer", "card_issuer"},
             {"valid_from", "card_valid_from"},
             {"valid_to", "card_valid_to"}};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const char *type_of(const char *layout)
{
  if (is(layout, "hmt_permit"))
    return "C";
  return is(layout, "foreigner_2017") || is(layout, "foreigner_2023") ? "9" : "1";
}

/* Cards and readers say 男 or 1, 汉 or 01: the code of the table. Unknown text stays and is refused by the field. */
static const char *code_of(const gk_field_t *field, const char *text)
{
  const gk_table_row_t *row = field->type == GK_FIELD_CODE ? gk_table_row_named(field->table, text) : NULL;
  return row != NULL ? row->code : text;
}

/* Faults of fields point to the members of the card that was sent. */
static void point_to_card(gk_error_t *error, apr_pool_t *pool)
{
  for (int i = 0; error != NULL && error->violations != NULL && i < error->violations->nelts; i++) {
    gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    if (is(violation->pointer, "/card/id_type"))
      violation->pointer = "/layout";
    for (int n = 0; n < NAMES; n++)
      if (is(violation->pointer, apr_pstrcat(pool, "/card/", names[n].field, NULL)))
        violation->pointer = apr_pstrcat(pool, "/card/", names[n].card, NULL);
  }
}

static gk_error_t *read_card(gk_document_t **out, gk_act_t *act, const gk_reading_wish_t *wish)
{
  const gk_pack_t *pack = act->season->pack;
  gk_json_t *patch = gk_json_object(act->pool);
  gk_error_t *error;
  gk_document_t *document;
  for (int i = 0; i < NAMES; i++) {
    const char *text = gk_json_str(wish->card, names[i].card);
    const gk_field_t *field = gk_pack_field(pack, names[i].field);
    if (text != NULL && text[0] != '\0' && field != NULL)
      gk_json_set_str(patch, names[i].field, code_of(field, text));
  }
  if (gk_pack_field(pack, "id_type") != NULL)
    gk_json_set_str(patch, "id_type", type_of(wish->layout));
  error = gk_document_apply(&document, NULL, patch, pack, "reading", "entry", "/card", act->pool);
  if (error == NULL)
    gk_candidate_check_person(&error, act, document, "/card");
  point_to_card(error, act->pool);
  if (error != NULL)
    return error;
  *out = document;
  return NULL;
}

bool gk_reading_compare(gk_json_t **comparison, const gk_pack_t *pack, gk_json_t *card_fields,
                        const gk_document_t *document, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  bool equal = true;
  for (gk_json_iter_t it = gk_json_first(card_fields); it.key != NULL; gk_json_next(&it)) {
    const gk_field_t *field = gk_pack_field(pack, it.key);
    const char *card = gk_json_str_value(it.value), *record = gk_document_get(document, it.key);
    if (field == NULL || card == NULL)
      continue;
    gk_json_t *row = gk_json_object(pool);
    gk_json_set_str(row, "field", it.key);
    gk_json_set_str(row, "zh", field->label.zh);
    gk_json_set_str(row, "en", field->label.en);
    gk_json_set_str(row, "card", card);
    gk_json_set_str(row, "record", record);
    gk_json_set_str(row, "verdict", record == NULL ? "missing" : is(record, card) ? "equal" : "different");
    gk_json_add(list, row);
    if (record != NULL && !is(record, card))
      equal = false;
  }
  *comparison = list;
  return equal;
}

void gk_reading_ahead(gk_act_t *act, gk_reading_wish_t *wish)
{
  wish->unread = read_card(&wish->document, act, wish);
  wish->read = true;
  if (wish->unread == NULL)
    wish->index = gk_candidate_id_index(act, gk_document_get(wish->document, "id_type"),
                                        gk_document_get(wish->document, "id_number"));
  if (wish->index.value == NULL)
    return;
  gk_store_candidate_place_ahead(act, wish->index, false);
  gk_store_candidate_place_ahead(act, wish->index, true);
}

gk_error_t *gk_reading_look(gk_act_t *act, gk_reading_wish_t *wish)
{
  gk_candidate_place_t place;
  if (wish->index.value == NULL)
    return NULL;
  GK_TRY(gk_candidate_place(&place, act, wish->index));
  wish->nobody = place.id == 0;
  return NULL;
}

/* ---- what a reading leads to ----------------------------------------------------------------------------- */

static gk_json_t *place_json(const gk_act_t *act, const gk_candidate_place_t *place)
{
  gk_json_t *json = gk_json_object(act->pool);
  gk_error_t *error = gk_candidate_duplicate(act, place);
  gk_json_set_str(json, "org", place->org_name);
  gk_json_set_str(json, "county", place->county_name);
  gk_json_set_str(json, "number", gk_act_covers(act, place->org_path) ? place->number : NULL);
  gk_json_set_str(json, "zh", error->zh);
  gk_json_set_str(json, "en", error->en);
  return json;
}

/* A record that waits for its first reading takes over what it lacks; what both have is equal here. */
static gk_error_t *identify(gk_candidate_t **out, gk_act_t *act, gk_candidate_t *before, gk_document_t *document,
                            gk_json_t *card_fields)
{
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  GK_TRY(gk_calendar_check(act, "read", before->org_path, before->id));
  for (gk_json_iter_t it = gk_json_first(card_fields); it.key != NULL; gk_json_next(&it))
    if (gk_document_get(document, it.key) == NULL)
      document = gk_document_with(document, it.key, gk_json_str_value(it.value), act->pool);
  GK_TRY(gk_candidate_set_document(act, c, document));
  c->identified = true;
  if (is(c->state, "allocated"))
    c->state = "identified";
  gk_error_t *error = gk_candidate_put(act, c, before, "candidate.identify", NULL);
  if (error != NULL) /* a reading comes without a version: a change in between only means to look again */
    return error->code == GK_E_STALE_VERSION ? gk_error_plain(act->pool, GK_E_RETRY) : error;
  *out = c;
  return NULL;
}

static gk_error_t *match(gk_reading_t *reading, gk_candidate_t **candidate, gk_act_t *act, gk_candidate_t *found)
{
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, found, act->pool));
  bool equal = gk_reading_compare(&reading->comparison, act->season->pack, reading->fields, document, act->pool);
  *candidate = found;
  reading->candidate_id = found->id;
  reading->verdict = equal ? "verified" : "different";
  if (is(reading->purpose, "test") || !equal || found->identified || is(found->state, "withdrawn"))
    return NULL;
  reading->verdict = "identified";
  return identify(candidate, act, found, document, reading->fields);
}

static gk_error_t *elsewhere(gk_reading_t *reading, const gk_act_t *act, const gk_candidate_place_t *place)
{
  reading->verdict = "registered_elsewhere";
  reading->elsewhere = place_json(act, place);
  return NULL;
}

/* Open to new people? Rows of windows change rarely: many readings of one transaction ask once. */
static gk_error_t *open_for_new(gk_act_t *act, const gk_reading_wish_t *wish, const gk_org_t *point)
{
  gk_reading_window_t own = {false, NULL}, *window = wish->window != NULL ? wish->window : &own;
  if (!window->asked) {
    window->error = gk_calendar_check(act, gk_access(GK_ACTION_reading_register)->window, point->path, 0);
    window->asked = window->error == NULL || window->error->code == GK_E_WINDOW_CLOSED;
  }
  return window->error;
}

static gk_error_t *create(gk_reading_t *reading, gk_candidate_t **candidate, gk_act_t *act,
                          const gk_reading_wish_t *wish, const gk_org_t *point, gk_document_t *document)
{
  gk_candidate_place_t place;
  gk_error_t *error = NULL;
  if (!gk_access_allows(GK_ACTION_reading_register, act->who->role)) /* who may read cards may not register people */
    return gk_error(act->pool, GK_E_FORBIDDEN, "此人尚未报名，请由报名点操作员登记",
                    "This person is not registered yet: an operator of the point has to do that");
  GK_TRY(open_for_new(act, wish, point));
  if (wish->subject == NULL) {
    gk_violation(&error, act->pool, "/subject", "required", "新考生要先选科类，才能取报名顺序号",
                 "Choose the subject category: the number comes from its range");
    return error;
  }
  GK_TRY(gk_candidate_check_subject(act, wish->subject));
  act->together = wish->nobody;
  error = gk_candidate_insert(candidate, &place, act, point, wish->subject, document, "identified");
  act->together = false;
  if (error != NULL)
    return error;
  if (*candidate != NULL) {
    reading->verdict = "created";
    reading->candidate_id = (*candidate)->id;
    return gk_candidate_audit(act, *candidate, NULL, "candidate.create", NULL);
  }
  if (place.former || !gk_act_covers(act, place.org_path)) /* DI-4: somebody was a moment faster */
    return elsewhere(reading, act, &place);
  gk_candidate_t *found;
  GK_TRY(gk_candidate_get(&found, act, place.id));
  return match(reading, candidate, act, found);
}

static gk_error_t *judge(gk_reading_t *reading, gk_candidate_t **candidate, gk_act_t *act,
                         const gk_reading_wish_t *wish, const gk_org_t *point, gk_document_t *document)
{
  gk_candidate_place_t place;
  gk_candidate_t *found;
  gk_index_t index = gk_candidate_id_index(act, gk_document_get(document, "id_type"),
                                            gk_document_get(document, "id_number"));
  if (is(wish->purpose, "verify") && wish->candidate_id != 0) {
    GK_TRY(gk_candidate_get(&found, act, wish->candidate_id));
    return match(reading, candidate, act, found);
  }
  memset(&place, 0, sizeof(place));
  if (!wish->nobody)
    GK_TRY(gk_candidate_place(&place, act, index));
  if (place.id != 0 && (place.former || !gk_act_covers(act, place.org_path)))
    return elsewhere(reading, act, &place);
  if (place.id != 0) {
    GK_TRY(gk_candidate_get(&found, act, place.id));
    return match(reading, candidate, act, found);
  }
  if (is(wish->purpose, "create"))
    return create(reading, candidate, act, wish, point, document);
  reading->verdict = "unknown";
  return NULL;
}

/* ---- taking ---------------------------------------------------------------------------------------------- */

static gk_error_t *replayed(gk_reading_t *reading, gk_candidate_t **candidate, gk_act_t *act)
{
  if (!gk_act_covers(act, reading->org_path))
    return gk_error(act->pool, GK_E_CONFLICT, "这条读卡记录的编号(jti)已被其他单位使用，请用新的编号重新读卡",
                    "The id (jti) of this reading belongs to another unit: read the card again with a new id");
  reading->replayed = true;
  *candidate = NULL;
  if (reading->candidate_id == 0)
    return NULL;
  gk_error_t *error = gk_store_candidate_get(candidate, act, reading->candidate_id);
  return error != NULL && error->code == GK_E_NOT_FOUND ? NULL : error;
}

/* Pages that look on shall see it. A device says so itself, once for many. */
static gk_error_t *happened(gk_act_t *act, apr_int64_t org_id)
{
  act->live_org = org_id;
  return gk_store_live_bump(act, org_id);
}

static gk_error_t *keep(gk_reading_t *reading, gk_act_t *act)
{
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_reading_insert(&reading->id, act, reading));
  if (reading->id == 0) /* the same reading on another connection was first: look again */
    return gk_error_plain(act->pool, GK_E_RETRY);
  if (act->who->role != GK_ROLE_DEVICE)
    GK_TRY(happened(act, reading->org_id));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "purpose", reading->purpose);
  gk_json_set_str(after, "verdict", reading->verdict);
  gk_json_set_int(after, "candidate_id", reading->candidate_id);
  if (reading->device_id != 0) {
    gk_json_set_int(after, "device_id", reading->device_id);
    gk_json_set_int(after, "seq", reading->seq);
    gk_json_set_str(after, "flags", reading->flags);
  }
  if (reading->problem != NULL)
    gk_json_set_str(after, "problem", gk_json_str(reading->problem, "code"));
  if (reading->elsewhere != NULL) {
    if (act->who->account_id != 0)
      GK_TRY(gk_watch_duplicate(act));
    gk_json_set(after, "elsewhere", reading->elsewhere);
    gk_json_set_str(after, "id_number", gk_text_mask_id(act->pool, gk_json_str(reading->fields, "id_number")));
  }
  return gk_audit(act, "reading.create", "reading", reading->id, 1, reading->org_path, NULL, after);
}

gk_error_t *gk_reading_take(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act,
                            const gk_reading_wish_t *wish)
{
  gk_org_t *point;
  gk_document_t *document;
  bool test = is(wish->purpose, "test"), found = false;
  gk_reading_t *reading;
  GK_TRY(gk_act_season(act));
  if (!test)
    GK_TRY(gk_store_reading_by_jti(&found, &reading, act, wish->jti));
  if (found) {
    *out = reading;
    return replayed(reading, candidate, act);
  }
  GK_TRY(gk_candidate_point(&point, act, wish->org_id));
  GK_TRY(read_card(&document, act, wish));
  reading = apr_pcalloc(act->pool, sizeof(*reading));
  *reading = (gk_reading_t){.jti = wish->jti, .purpose = wish->purpose, .verdict = "unknown", .org_id = point->id,
                            .org_path = point->path, .org_name = point->name, .taken = wish->taken,
                            .received = act->now, .received_by = act->who->account_id, .card = wish->card,
                            .fields = gk_document_json(document), .comparison = gk_json_array(act->pool),
                            .photo = wish->photo, .flags = "", .digest = ""};
  *candidate = NULL;
  GK_TRY(judge(reading, candidate, act, wish, point, document));
  *out = reading;
  if (!test)
    return keep(reading, act);
  reading->verdict = "test";
  return NULL;
}

/* ---- taking what a device posted -------------------------------------------------------------------------- */

gk_json_t *gk_reading_problem(const gk_error_t *error, apr_pool_t *pool)
{
  gk_json_t *problem = gk_json_object(pool);
  const gk_error_info_t *info = gk_error_info(error->code);
  const char *zh = error->zh != NULL ? error->zh : info->zh, *en = error->en != NULL ? error->en : info->en;
  for (int i = 0; error->violations != NULL && i < error->violations->nelts && i < 5; i++) {
    const gk_violation_t *one = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    zh = apr_pstrcat(pool, i == 0 ? "" : zh, i == 0 ? "" : "；", one->zh, NULL);
    en = apr_pstrcat(pool, i == 0 ? "" : en, i == 0 ? "" : "; ", one->en, NULL);
  }
  gk_json_set_str(problem, "code", info->slug);
  gk_json_set_str(problem, "zh", zh);
  gk_json_set_str(problem, "en", en);
  return problem;
}

static gk_reading_t *posted(gk_act_t *act, const gk_reading_wish_t *wish, const char *verdict)
{
  gk_reading_t *reading = apr_pcalloc(act->pool, sizeof(*reading));
  *reading = (gk_reading_t){.jti = wish->jti, .purpose = wish->purpose, .verdict = verdict, .org_id = wish->point->id,
                            .org_path = wish->point->path, .org_name = wish->point->name, .taken = wish->taken,
                            .received = act->now, .card = wish->card, .fields = gk_json_object(act->pool),
                            .comparison = gk_json_array(act->pool), .device_id = wish->device_id, .seq = wish->seq,
                            .flags = wish->flags, .digest = wish->digest, .subject = wish->subject, .raw = wish->raw};
  return reading;
}

gk_error_t *gk_reading_keep(gk_reading_t **out, gk_act_t *act, const gk_reading_wish_t *wish, const char *verdict,
                            apr_int64_t candidate_id)
{
  *out = posted(act, wish, verdict);
  (*out)->candidate_id = candidate_id;
  if (wish->problem != NULL)
    (*out)->problem = gk_reading_problem(wish->problem, act->pool);
  return keep(*out, act);
}

/* What only needs somebody at the point: a category, a range, an open window, a look at the record. */
static bool can_wait(const gk_error_t *error)
{
  return error->code == GK_E_WINDOW_CLOSED || error->code == GK_E_INVALID;
}

gk_error_t *gk_reading_settle(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act,
                              const gk_reading_wish_t *wish)
{
  gk_document_t *document = NULL;
  gk_reading_t *reading = posted(act, wish, "unassigned");
  gk_error_t *error = wish->undecoded ? wish->problem : wish->read ? wish->unread : read_card(&document, act, wish);
  if (wish->read)
    document = wish->document;
  *out = reading;
  *candidate = NULL;
  if (error != NULL && gk_error_info(error->code)->http >= 500 && !wish->undecoded)
    return error;
  if (error != NULL) {
    reading->verdict = "undecoded";
  } else {
    reading->fields = gk_document_json(document);
    error = wish->problem != NULL ? wish->problem : judge(reading, candidate, act, wish, wish->point, document);
    if (error != NULL && wish->problem == NULL && !can_wait(error))
      return error;
    if (error != NULL) {
      reading->verdict = "unassigned";
      reading->comparison = gk_json_array(act->pool);
      reading->candidate_id = 0;
      *candidate = NULL;
    }
  }
  if (error != NULL)
    reading->problem = gk_reading_problem(error, act->pool);
  return keep(reading, act);
}

/* The plugin may know it by now, or have been out of service. */
static gk_error_t *decode_again(gk_reading_t *reading, gk_act_t *act)
{
  gk_json_t *raw;
  gk_document_t *document;
  apr_size_t length = 0;
  GK_TRY(gk_store_reading_raw(&raw, act, reading->id));
  const char *text = raw != NULL ? gk_json_str(raw, "text_block") : NULL;
  const unsigned char *bytes = text != NULL ? gk_unbase64url(text, &length, act->pool) : NULL;
  if (bytes == NULL)
    return gk_error(act->pool, GK_E_INVALID, "这条读卡记录没有可用的文字块，请按人工登记办理",
                    "This reading has no text block to go on with: register by hand");
  GK_TRY(gk_device_port_card(&reading->card, act, bytes, length));
  gk_reading_wish_t wish = {.card = reading->card, .layout = gk_json_str(reading->card, "layout")};
  GK_TRY(read_card(&document, act, &wish));
  reading->fields = gk_document_json(document);
  return NULL;
}

gk_error_t *gk_reading_assign(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t id,
                              const char *subject)
{
  bool found;
  gk_reading_t *reading;
  gk_document_t *document;
  gk_org_t *point;
  gk_error_t *error = NULL;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_store_reading_get(&found, &reading, act, id));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有这条读卡记录", "There is no such reading in your unit");
  if (reading->erased)
    return gk_candidate_gone(act);
  if (!is(reading->verdict, "unassigned") && !is(reading->verdict, "unknown") && !is(reading->verdict, "undecoded"))
    return gk_error(act->pool, GK_E_WRONG_STATE, "这条读卡记录已经处理过", "This reading was dealt with already");
  GK_TRY(gk_candidate_point(&point, act, reading->org_id));
  if (is(reading->verdict, "undecoded"))
    GK_TRY(decode_again(reading, act));
  GK_TRY(gk_document_apply(&document, NULL, reading->fields, act->season->pack, "reading", "entry", "/fields", act->pool));
  gk_candidate_check_person(&error, act, document, "/fields");
  if (error != NULL)
    return error;
  *candidate = NULL;
  gk_reading_wish_t wish = {.purpose = "create", .subject = subject != NULL ? subject : reading->subject};
  GK_TRY(judge(reading, candidate, act, &wish, point, document));
  reading->problem = NULL;
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_store_reading_set(act, reading));
  GK_TRY(happened(act, reading->org_id));
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "verdict", reading->verdict);
  gk_json_set_int(after, "candidate_id", reading->candidate_id);
  *out = reading;
  return gk_audit(act, "reading.assign", "reading", id, 1, reading->org_path, NULL, after);
}

gk_error_t *gk_reading_raw(gk_json_t **raw, gk_act_t *act, apr_int64_t id) { return gk_store_reading_raw(raw, act, id); }

gk_error_t *gk_reading_get(gk_reading_t **out, gk_act_t *act, apr_int64_t id)
{
  bool found;
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_store_reading_get(&found, out, act, id));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有这条读卡记录", "There is no such reading in your unit");
  if ((*out)->erased)
    return gk_candidate_gone(act);
  GK_TRY(gk_watch_read(act, (*out)->candidate_id != 0 ? (*out)->candidate_id : -id));
  return gk_audit(act, "reading.read", "reading", id, 1, (*out)->org_path, NULL, NULL);
}

gk_error_t *gk_reading_list(apr_array_header_t **out, gk_act_t *act, const gk_reading_filter_t *filter, int limit)
{
  GK_TRY(gk_act_season(act));
  return gk_store_reading_list(out, act, filter, limit + 1);
}

/* ---- deciding -------------------------------------------------------------------------------------------- */

/* The values to be taken over, as a patch. */
static gk_error_t *accepted(gk_json_t **patch, gk_act_t *act, const gk_reading_t *reading, gk_json_t *accept)
{
  gk_error_t *error = NULL;
  *patch = gk_json_object(act->pool);
  for (apr_size_t i = 0; i < gk_json_size(accept); i++) {
    const char *field = gk_json_str_value(gk_json_at(accept, i));
    const char *value = field != NULL ? gk_json_str(reading->fields, field) : NULL;
    if (value == NULL)
      gk_violation(&error, act->pool, apr_psprintf(act->pool, "/accept/%d", (int)i), "no-such-field",
                   "读卡信息里没有这一项，请从比对结果中选择", "The reading has no such field: choose from the comparison");
    else
      gk_json_set_str(*patch, field, value);
  }
  return error;
}

static gk_error_t *decidable(gk_act_t *act, const gk_reading_t *reading, const gk_candidate_t *candidate)
{
  if (reading->candidate_id != candidate->id)
    return gk_error(act->pool, GK_E_CONFLICT, "这条读卡记录不是该考生的，请重新读卡",
                    "This reading is not one of this candidate: read the card again");
  if (!is(reading->verdict, "different"))
    return gk_error(act->pool, GK_E_CONFLICT, "这条读卡记录没有需要决定的差异",
                    "This reading leaves no difference to decide");
  return NULL;
}

gk_error_t *gk_reading_decide(gk_candidate_t **out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                              apr_int64_t reading_id, gk_json_t *accept, const char *reason)
{
  gk_candidate_t *before;
  gk_reading_t *reading;
  gk_document_t *document, *changed;
  gk_candidate_place_t place;
  gk_json_t *patch;
  gk_error_t *error = NULL;
  bool found;
  GK_TRY(gk_candidate_load(&before, act, candidate_id, version));
  GK_TRY(gk_access_check(act, GK_ACTION_identity_decide, before->state, before->org_path, candidate_id));
  GK_TRY(gk_store_reading_get(&found, &reading, act, reading_id));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有这条读卡记录", "There is no such reading in your unit");
  GK_TRY(decidable(act, reading, before));
  GK_TRY(accepted(&patch, act, reading, accept));
  GK_TRY(gk_candidate_document(&document, before, act->pool));
  GK_TRY(gk_document_apply(&changed, document, patch, act->season->pack, "reading", before->state, "/accept",
                           act->pool));
  gk_candidate_check_person(&error, act, changed, "/accept");
  if (error != NULL)
    return error;
  if (!is(gk_document_get(changed, "id_number"), gk_json_str(reading->fields, "id_number")))
    return gk_error(act->pool, GK_E_CONFLICT,
                    "卡上的证件号码与报名信息不同，可能不是本人的证件；号码确已变更的，请一并采用新号码",
                    "The card shows another ID number: it may be somebody else's. If the number was changed, take it over");
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  GK_TRY(gk_candidate_set_document(act, c, changed));
  if (!is(before->id_index, c->id_index)) {
    GK_TRY(gk_candidate_place(&place, act, c->id_indexes));
    if (place.id != 0 && place.id != candidate_id)
      return gk_candidate_duplicate(act, &place);
  }
  c->identified = true;
  if (is(c->state, "allocated"))
    c->state = "identified";
  gk_json_t *decision = gk_json_object(act->pool);
  gk_json_set_int(decision, "reading_id", reading_id);
  gk_json_set(decision, "accepted", accept);
  gk_json_set_str(decision, "reason", reason);
  gk_json_set_int(decision, "by", act->who->account_id);
  gk_json_set_time(decision, "at", act->now);
  reading->verdict = "decided";
  reading->decision = decision;
  GK_TRY(gk_candidate_put(act, c, before, "candidate.identity", decision));
  GK_TRY(gk_store_reading_set(act, reading));
  GK_TRY(happened(act, reading->org_id));
  *out = c;
  return NULL;
}

/* ---- showing --------------------------------------------------------------------------------------------- */

static gk_json_t *words(const char *text, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  char *state = NULL, *copy = apr_pstrdup(pool, text);
  for (char *word = apr_strtok(copy, " ", &state); word != NULL; word = apr_strtok(NULL, " ", &state))
    gk_json_add_str(list, word);
  return list;
}

gk_json_t *gk_reading_json(const gk_reading_t *r, bool full, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", r->id);
  gk_json_set_str(json, "jti", r->jti);
  gk_json_set_str(json, "purpose", r->purpose);
  gk_json_set_str(json, "verdict", r->verdict);
  gk_json_set(json, "org", gk_org_brief_json(r->org_id, gk_path_code(r->org_path, pool), r->org_name, "point", pool));
  gk_json_set_id(json, "candidate_id", r->candidate_id);
  gk_json_set_time(json, "taken_at", r->taken);
  gk_json_set_time(json, "received_at", r->received);
  gk_json_set(json, "elsewhere", r->elsewhere);
  gk_json_set_id(json, "device_id", r->device_id);
  gk_json_set_id(json, "seq", r->seq);
  gk_json_set(json, "flags", words(r->flags, pool));
  gk_json_set_str(json, "subject", r->subject);
  if (r->problem != NULL)
    gk_json_set(json, "problem", r->problem);
  else
    gk_json_set_null(json, "problem");
  if (!full) {
    gk_json_set_str(json, "name", gk_json_str(r->fields, "name"));
    gk_json_set_str(json, "id_number", gk_text_mask_id(pool, gk_json_str(r->fields, "id_number")));
    return json;
  }
  gk_json_set(json, "fields", r->fields);
  gk_json_set(json, "comparison", r->comparison);
  gk_json_set_bool(json, "photo", r->photo != NULL);
  gk_json_set(json, "decision", r->decision);
  return json;
}
