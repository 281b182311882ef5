/* domain/candidate.c: finding, judging and showing a record (candidate.h). */
#include "domain/candidate.h"

#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/org.h"
#include "domain/ports_candidate.h"
#include "domain/watch.h"

/* ---- reading --------------------------------------------------------------------------------------------- */

gk_error_t *gk_candidate_get(gk_candidate_t **out, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_act_season(act));
  gk_error_t *error = gk_store_candidate_get(out, act, id);
  if (error != NULL && error->code == GK_E_NOT_FOUND)
    return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有这名考生，请检查后重新查询",
                    "There is no such candidate in your unit: check and search again");
  if (error == NULL && (*out)->erased)
    return gk_candidate_gone(act);
  return error;
}

gk_error_t *gk_candidate_gone(const gk_act_t *act)
{
  return gk_error(act->pool, GK_E_GONE, "该考生的个人信息已依规删除，不能再查看或修改",
                  "This candidate's personal data was deleted: it can't be read or changed any more");
}

gk_error_t *gk_candidate_load(gk_candidate_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version)
{
  gk_candidate_t *candidate;
  GK_TRY(gk_candidate_get(&candidate, act, id));
  if (candidate->version != version)
    return gk_stale(act, candidate->version);
  *out = candidate;
  return NULL;
}

gk_error_t *gk_candidate_own(gk_candidate_t **out, gk_act_t *act)
{
  GK_TRY(gk_act_season(act));
  if (act->who->candidate_id == 0)
    return gk_error_plain(act->pool, GK_E_FORBIDDEN);
  GK_TRY(gk_store_candidate_own(out, act));
  if ((*out)->season_id != act->season->id)
    return gk_error_plain(act->pool, GK_E_NOT_FOUND);
  return (*out)->erased ? gk_candidate_gone(act) : NULL;
}

gk_error_t *gk_candidate_read(gk_candidate_t **out, gk_act_t *act, apr_int64_t id)
{
  GK_TRY(gk_candidate_get(out, act, id));
  GK_TRY(gk_watch_read(act, id));
  return gk_audit(act, "candidate.read", "candidate", id, (*out)->version, (*out)->org_path, NULL, NULL);
}

gk_error_t *gk_candidate_document(gk_document_t **out, gk_candidate_t *candidate, apr_pool_t *pool)
{
  if (candidate->document == NULL)
    GK_TRY(gk_document_parse(&candidate->document, candidate->doc_text, pool));
  *out = candidate->document;
  return NULL;
}

gk_json_t *gk_candidate_derived(const gk_act_t *act, const gk_candidate_t *candidate, const gk_document_t *document)
{
  gk_json_t *derived = gk_derive(document, act->season->pack, gk_date_of(act->now), act->pool);
  if (candidate->org_code != NULL && strlen(candidate->org_code) >= 6)
    gk_json_set_str(derived, "county", apr_pstrmemdup(act->pool, candidate->org_code, 6));
  if (candidate->org_code != NULL)
    gk_json_set_str(derived, "point", candidate->org_code);
  if (candidate->number != NULL)
    gk_json_set_str(derived, "number", candidate->number);
  if (candidate->candidate_number != NULL)
    gk_json_set_str(derived, "candidate_number", candidate->candidate_number);
  return derived;
}

gk_error_t *gk_candidate_verdicts(apr_array_header_t **verdicts, gk_act_t *act, gk_candidate_t *candidate, int stage)
{
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, candidate, act->pool));
  return gk_policy_evaluate(act->season->rules, document, gk_candidate_derived(act, candidate, document), stage,
                            gk_date_of(act->now), verdicts, act->pool);
}

/* ---- indexes and context --------------------------------------------------------------------------------- */

const char *gk_candidate_context(apr_int64_t id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "candidate.doc.%" APR_INT64_T_FMT, id);
}

/* The season belongs into the column's name: one person has another index in each season. */
static const char *column(const gk_act_t *act, const char *name, apr_int64_t part)
{
  return apr_psprintf(act->pool, "candidate.%s.%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT, name, act->season->id, part);
}

/* A resident number shown by whatever paper (card, household register) is the same person. */
static bool resident_number(const char *number)
{
  return strlen(number) == 18 && strspn(number, "0123456789") >= 17;
}

static gk_index_t index_of(const gk_act_t *act, const char *where, const char *value)
{
  const gk_keys_t *keys = gk_core_keys(act->core);
  return (gk_index_t){gk_blind_index(keys, where, value, act->pool), gk_blind_index_other(keys, where, value, act->pool)};
}

const char *gk_candidate_id_text(const char *id_type, const char *id_number, apr_pool_t *pool)
{
  if (id_number == NULL)
    return NULL;
  const char *value = gk_text_id_number(pool, id_number);
  return resident_number(value) ? value : apr_pstrcat(pool, id_type != NULL ? id_type : "", "|", value, NULL);
}

gk_index_t gk_candidate_text_index(const gk_act_t *act, const char *id_text)
{
  return index_of(act, column(act, "id_number", 0), id_text);
}

gk_index_t gk_candidate_id_index(const gk_act_t *act, const char *id_type, const char *id_number)
{
  return gk_candidate_text_index(act, gk_candidate_id_text(id_type, id_number, act->pool));
}

gk_index_t gk_candidate_tail_index(const gk_act_t *act, apr_int64_t org_id, const char *id_number)
{
  if (id_number == NULL || strlen(id_number) < 4)
    return (gk_index_t){NULL, NULL};
  const char *value = gk_text_id_number(act->pool, id_number);
  return index_of(act, column(act, "id_tail", org_id), value + strlen(value) - 4);
}

gk_index_t gk_candidate_twin_index(const gk_act_t *act, const char *name, const char *birth)
{
  if (name == NULL || name[0] == '\0' || birth == NULL)
    return (gk_index_t){NULL, NULL};
  return index_of(act, column(act, "twin", 0), apr_pstrcat(act->pool, name, "|", birth, NULL));
}

const char *gk_index_next(const gk_act_t *act, gk_index_t index)
{
  const gk_keys_t *keys = gk_core_keys(act->core);
  const char *newer = gk_index_newer(keys);
  return newer == NULL ? NULL : strcmp(newer, gk_key_id(keys, "index")) == 0 ? index.value : index.other;
}

/* ---- showing --------------------------------------------------------------------------------------------- */

gk_json_t *gk_candidate_head_json(const gk_candidate_t *c, bool staff, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", c->id);
  gk_json_set_str(json, "number", c->number);
  gk_json_set_str(json, "candidate_number", c->candidate_number);
  gk_json_set_str(json, "subject", c->subject);
  gk_json_set_bool(json, "art", c->art);
  gk_json_set_str(json, "state", c->state);
  gk_json_set_int(json, "version", c->version);
  gk_json_set_str(json, "name", c->name);
  gk_json_set(json, "org", gk_org_brief_json(c->org_id, c->org_code, c->org_name, "point", pool));
  gk_json_set_str(json, "school", c->school);
  gk_json_set_str(json, "class", c->class_name);
  gk_json_set_bool(json, "identified", c->identified);
  gk_json_set_str(json, "approval", c->approval);
  if (staff)
    gk_json_set_bool(json, "twin", c->twin);
  gk_json_set_time(json, "pledged_at", c->pledged);
  gk_json_set_int(json, "proof_version", c->proof_version);
  gk_json_set_int(json, "confirmed_version", c->confirmed_version);
  gk_json_t *parts = gk_json_object(pool);
  gk_json_set_str(parts, "papers", c->papers_state);
  gk_json_set_str(parts, "fee", c->fee_state);
  gk_json_set_str(parts, "review", c->review_state);
  gk_json_set_str(parts, "photo", c->photo_state);
  gk_json_set_str(parts, "appraisal", c->appraisal_state);
  gk_json_set_str(parts, "examination", c->examination_state);
  gk_json_set_str(parts, "grades", c->grades_state);
  gk_json_set_str(parts, "bonus", c->bonus_state);
  gk_json_set(json, "parts", parts);
  gk_json_set_int(json, "fee_fen", c->fee_fen);
  gk_json_set_time(json, "created_at", c->created);
  gk_json_set_time(json, "updated_at", c->updated);
  gk_json_set_time(json, "returned_at", c->returned);
  return json;
}

gk_error_t *gk_candidate_json(gk_json_t **out, gk_candidate_t *candidate, bool staff, apr_pool_t *pool)
{
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, candidate, pool));
  gk_json_t *json = gk_candidate_head_json(candidate, staff, pool);
  gk_json_set(json, "fields", gk_document_json(document));
  *out = json;
  return NULL;
}

gk_error_t *gk_candidate_row_json(gk_json_t **out, gk_candidate_t *candidate, apr_pool_t *pool)
{
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, candidate, pool));
  gk_json_t *json = gk_candidate_head_json(candidate, true, pool);
  gk_json_set_str(json, "id_number", gk_text_mask_id(pool, gk_document_get(document, "id_number")));
  *out = json;
  return NULL;
}

gk_json_t *gk_candidate_brief_json(const gk_candidate_t *candidate, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", candidate->id);
  gk_json_set_str(json, "number", candidate->number);
  gk_json_set_str(json, "name", candidate->name);
  gk_json_set_str(json, "state", candidate->state);
  gk_json_set_int(json, "version", candidate->version);
  return json;
}

/* ---- lists ----------------------------------------------------------------------------------------------- */

static const struct {
  const char *queue, *state;
} queues[] = {{"to_approve", "waiting"},  {"to_read", "allocated"},   {"to_print", "identified"},
              {"to_review", "card_printed"}, {"to_fill", "reviewed"}, {"to_proof", "filling"},
              {"to_confirm", "proofed"},  {"to_submit", "confirmed"}};

const char *gk_candidate_queue_state(const char *queue)
{
  for (size_t i = 0; queue != NULL && i < sizeof(queues) / sizeof(queues[0]); i++)
    if (strcmp(queues[i].queue, queue) == 0)
      return queues[i].state;
  return NULL;
}

/* Where the page before ended. The cursor is the last record's id, so that a forged one can't leave the scope. */
static gk_error_t *read_cursor(gk_candidate_page_t *page, gk_act_t *act, const char *cursor)
{
  gk_candidate_t *last;
  if (cursor == NULL)
    return NULL;
  char *end;
  page->after_id = apr_strtoi64(cursor, &end, 10);
  gk_error_t *error = *end == '\0' && page->after_id > 0 ? gk_store_candidate_get(&last, act, page->after_id)
                                                         : gk_error_plain(act->pool, GK_E_NOT_FOUND);
  if (error != NULL && error->code == GK_E_NOT_FOUND) {
    error = NULL;
    gk_violation(&error, act->pool, "?after", "cursor", "翻页标记无效，请从第一页重新查询",
                 "This is no cursor of this list: start again from the first page");
  }
  if (error != NULL)
    return error;
  page->after_path = last->org_path;
  page->after_number = last->number != NULL ? last->number : "";
  return NULL;
}

static bool all_of(const char *text, const char *characters)
{
  return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

/* First text behind everything that begins with `digits`. */
static const char *behind_prefix(const char *digits, apr_pool_t *pool)
{
  char *end = apr_pstrdup(pool, digits);
  end[strlen(end) - 1]++; /* '9' + 1 is ':' and sorts behind all digits */
  return end;
}

/* Whoever sits above the points has to say why they look for one person by number (ID-17); a point's own desk does
 * nothing else all day. */
static gk_error_t *note_lookup(gk_act_t *act, const gk_candidate_filter_t *filter, const char *number,
                               apr_int64_t found)
{
  gk_error_t *error = NULL;
  if (strcmp(act->who->org_level, "point") == 0)
    return NULL;
  if (filter->reason == NULL)
    gk_violation(&error, act->pool, "?reason", "required", "按完整证件号码查询，请写明原因",
                 "Say why you look for somebody by the whole ID number");
  GK_TRY(error);
  gk_json_t *after = gk_json_object(act->pool);
  gk_json_set_str(after, "reason", filter->reason);
  gk_json_set_str(after, "id_number", gk_text_mask_id(act->pool, number));
  gk_json_set_bool(after, "found", found != 0);
  GK_TRY(gk_watch_lookup(act));
  return gk_audit(act, "lookup.read", "candidate", found, 0, act->who->org_path, NULL, after);
}

static gk_error_t *search(apr_array_header_t **out, gk_act_t *act, gk_candidate_filter_t *filter,
                          const gk_candidate_page_t *page, apr_int64_t point_id)
{
  const char *q = gk_text_narrow(act->pool, gk_text_trim(act->pool, filter->q));
  if (all_of(q, "0123456789Xx ")) /* numbers typed in groups, as they stand on the card */
    q = gk_text_id_number(act->pool, q);
  bool digits = all_of(q, "0123456789");
  if (point_id != 0 && strlen(q) == 4 && all_of(q, "0123456789Xx")) {
    /* At a point "0317" may begin a number only when it is the county's own code: the end of an ID number is meant. */
    GK_TRY(gk_store_candidate_list_tail(out, act, filter, page, gk_candidate_tail_index(act, point_id, q)));
    if ((*out)->nelts > 0 || !digits)
      return NULL;
  }
  if (digits && strlen(q) < 15)
    return gk_store_candidate_list_number(out, act, filter, page, q, behind_prefix(q, act->pool));
  if (strlen(q) >= 15 && all_of(q, "0123456789Xx")) {
    gk_candidate_place_t place;
    *out = apr_array_make(act->pool, 1, sizeof(gk_candidate_t *));
    GK_TRY(gk_candidate_place(&place, act, gk_candidate_id_index(act, NULL, q)));
    GK_TRY(note_lookup(act, filter, q, place.id != 0 && gk_act_covers(act, place.org_path) ? place.id : 0));
    if (place.id == 0 || place.id <= page->after_id || !gk_act_covers(act, place.org_path))
      return NULL;
    return gk_store_candidate_get((gk_candidate_t **)apr_array_push(*out), act, place.id);
  }
  filter->q = gk_text_name(act->pool, filter->q);
  return gk_store_candidate_list_name(out, act, filter, page);
}

gk_error_t *gk_candidate_list(apr_array_header_t **candidates, const char **next, gk_act_t *act,
                              const gk_candidate_filter_t *wish, const char *cursor, int limit)
{
  gk_candidate_filter_t filter = *wish;
  gk_candidate_page_t page = {.scope_lo = act->who->scope_lo, .scope_hi = act->who->scope_hi, .after_path = "",
                              .after_number = "", .limit = limit + 1};
  apr_int64_t point_id = strcmp(act->who->org_level, "point") == 0 ? act->who->org_id : 0;
  apr_array_header_t *found;
  GK_TRY(gk_act_season(act));
  if (filter.org_id != 0) {
    gk_org_t *org;
    GK_TRY(gk_org_get(&org, act, filter.org_id));
    gk_scope_of(org->path, &page.scope_lo, &page.scope_hi, act->pool);
    point_id = strcmp(org->level, "point") == 0 ? org->id : 0;
  }
  if (gk_candidate_queue_state(filter.state) != NULL)
    filter.state = gk_candidate_queue_state(filter.state);
  GK_TRY(read_cursor(&page, act, cursor));
  bool by_path = (filter.q == NULL || filter.q[0] == '\0') && (filter.state == NULL || strcmp(filter.state, "waiting") != 0);
  if (by_path && strcmp(page.after_path, page.scope_lo) > 0)
    page.scope_lo = page.after_path;
  if (filter.q != NULL && filter.q[0] != '\0')
    GK_TRY(search(&found, act, &filter, &page, point_id));
  else if (filter.state != NULL && strcmp(filter.state, "waiting") == 0)
    GK_TRY(gk_store_candidate_list_waiting(&found, act, &filter, &page));
  else if (filter.state != NULL)
    GK_TRY(gk_store_candidate_list_state(&found, act, &filter, &page));
  else
    GK_TRY(gk_store_candidate_list(&found, act, &filter, &page));
  *next = NULL;
  if (found->nelts > limit) {
    found->nelts = limit;
    *next = apr_psprintf(act->pool, "%" APR_INT64_T_FMT, APR_ARRAY_IDX(found, limit - 1, gk_candidate_t *)->id);
  }
  *candidates = found;
  return NULL;
}
