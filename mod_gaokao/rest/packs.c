/* rest/packs.c: /packs: the policy packs of all seasons: lists, contents, drafts. Their life is in pack_life.c. */
#include <string.h>
#include <apr_strings.h>

#include "domain/conditions.h"
#include "domain/pack_local.h"
#include "domain/ports.h"
#include "rest/packs.h"

gk_json_t *gk_rest_pack_json(const gk_pack_row_t *pack, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_int(json, "id", pack->id);
  gk_json_set_int(json, "season", pack->year);
  gk_json_set_str(json, "name", pack->name);
  gk_json_set_str(json, "version", pack->version);
  gk_json_set_str(json, "digest", pack->digest);
  gk_json_set_str(json, "state", pack->state);
  if (pack->unit[0] != '\0') {
    gk_setter_t unit = {pack->unit, pack->unit_name, pack->unit_level};
    gk_json_set(json, "unit", gk_setter_json(&unit, pool));
  } else {
    gk_json_set_null(json, "unit");
  }
  gk_json_set_bool(json, "active", pack->active);
  if (pack->created_by != 0)
    gk_json_set_int(json, "created_by", pack->created_by);
  else
    gk_json_set_null(json, "created_by");
  gk_json_set_time(json, "created_at", pack->created);
  gk_json_set_id(json, "base", pack->base_id);
  gk_json_set_str(json, "note", pack->note);
  gk_json_set_str(json, "proposer", pack->proposer);
  gk_json_set_id(json, "approved_by", pack->approved_by);
  gk_json_set_str(json, "approver", pack->approver);
  gk_json_set_time(json, "approved_at", pack->approved);
  gk_json_set_time(json, "activates_at", pack->activate);
  gk_json_set_id(json, "activated_by", pack->activated_by);
  gk_json_set_str(json, "activator", pack->activator);
  gk_json_set_time(json, "activated_at", pack->activated);
  gk_json_set_str(json, "reason", pack->reason);
  gk_json_set_int(json, "revision", pack->revision);
  return json;
}

void gk_rest_pack_answer(gk_response_t *response, const gk_pack_row_t *pack, apr_pool_t *pool)
{
  response->json = gk_rest_pack_json(pack, pool);
  response->etag = gk_etag(pool, pack->revision);
}

gk_error_t *gk_rest_packs_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  apr_array_header_t *packs;
  apr_int64_t after = gk_query_int(request, "after", 1, APR_INT64_MAX, 0, &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_store_packs(&packs, &request->act, after, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < packs->nelts && i < limit; i++)
    gk_json_add(items, gk_rest_pack_json(&APR_ARRAY_IDX(packs, i, gk_pack_row_t), request->pool));
  const char *cursor = packs->nelts > limit ? apr_psprintf(request->pool, "%" APR_INT64_T_FMT,
                                                           APR_ARRAY_IDX(packs, limit - 1, gk_pack_row_t).id)
                                            : NULL;
  gk_response_list(request, response, items, cursor);
  return NULL;
}

gk_error_t *gk_rest_packs_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_store_pack(&pack, &request->act, id));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}

/* ---- drafts ------------------------------------------------------------------------------------------------ */

static void created(gk_request_t *request, gk_response_t *response, const gk_pack_row_t *pack)
{
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/packs/%" APR_INT64_T_FMT, pack->id);
  gk_rest_pack_answer(response, pack, request->pool);
}

gk_error_t *gk_rest_packs_upload(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_pack_row_t pack;
  const char *note = gk_query_str(request, "note", 500, &error);
  gk_query_str(request, "name", 120, &error); /* of the file: what counts is inside */
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_pack_upload(&pack, &request->act, (const char *)request->raw, request->raw_length, note));
  created(request, response, &pack);
  return NULL;
}

#define CODE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* One of the lists of words of a rule; NULL when it is not given. An empty one, or null, takes the restriction away. */
static void keep_words(gk_json_t *kept, gk_decode_t *d, const char *key)
{
  gk_json_t *list = gk_decode_array(d, key, GK_OPTIONAL, 100);
  if (gk_json_get(d->object, key) == NULL)
    return;
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    const char *word = gk_json_str_value(gk_json_at(list, i));
    if (word == NULL || word[0] == '\0' || word[strspn(word, CODE)] != '\0')
      gk_decode_fault(d, key, "word", "应为代码的列表", "It has to be a list of codes");
  }
  gk_json_set(kept, key, list != NULL ? list : gk_json_array(d->pool));
}

static void keep_text(gk_json_t *kept, gk_decode_t *d, const char *key, apr_size_t max)
{
  const char *text = gk_decode_str(d, key, GK_OPTIONAL | GK_MULTILINE, 0, max);
  if (text != NULL)
    gk_json_set_str(kept, key, text);
  else if (gk_json_get(d->object, key) != NULL)
    gk_json_set_null(kept, key);
}

static void keep_both(gk_json_t *kept, gk_decode_t *d, const char *key)
{
  gk_decode_t inner = gk_decode_nested(d, key, GK_OPTIONAL);
  if (inner.object == NULL)
    return;
  gk_json_t *both = gk_json_object(d->pool);
  keep_text(both, &inner, "zh", 1000);
  keep_text(both, &inner, "en", 1000);
  gk_decode_join(d, &inner);
  gk_json_set(kept, key, both);
}

static void keep_cases(gk_json_t *kept, gk_decode_t *d)
{
  gk_json_t *list = gk_decode_array(d, "cases", GK_OPTIONAL, 100);
  if (list == NULL)
    return;
  gk_json_t *cases = gk_json_array(d->pool);
  for (apr_size_t i = 0; i < gk_json_size(list); i++) {
    gk_json_t *one = gk_json_object(d->pool), *fields;
    gk_decode_t inner = gk_decode_start(gk_json_at(list, i), d->pool);
    inner.prefix = apr_psprintf(d->pool, "%s/cases/%d", d->prefix, (int)i);
    gk_json_set_str(one, "expect", gk_decode_word(&inner, "expect", GK_REQUIRED, "pass|fail"));
    keep_text(one, &inner, "as_of", 10);
    fields = gk_decode_any(&inner, "fields", GK_OPTIONAL);
    if (fields != NULL && !gk_json_is_object(fields))
      gk_decode_fault(&inner, "fields", "type", "应为 JSON 对象", "It has to be a JSON object");
    gk_decode_join(d, &inner);
    if (gk_json_is_object(fields)) /* its names are judged where they are written (pack_edit.c) */
      gk_json_set(one, "fields", fields);
    gk_json_add(cases, one);
  }
  gk_json_set(kept, "cases", cases);
}

const char *gk_rest_conditions(gk_decode_t *d, gk_json_t *conditions)
{
  const char *test = "";
  gk_error_t *error = gk_conditions_test(&test, conditions, apr_pstrcat(d->pool, d->prefix, "/conditions", NULL), d->pool);
  for (int i = 0; error != NULL && error->violations != NULL && i < error->violations->nelts; i++) {
    const gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
    gk_violation(&d->error, d->pool, violation->pointer, violation->code, "%s%.0s", "%.0s%s", violation->zh, violation->en);
  }
  return test;
}

static gk_json_t *decode_rule(gk_decode_t *outer, gk_json_t *item, apr_size_t index)
{
  gk_decode_t d = gk_decode_start(gk_json_is_object(item) ? item : gk_json_object(outer->pool), outer->pool);
  gk_json_t *kept = gk_json_object(outer->pool);
  d.prefix = apr_psprintf(outer->pool, "/rules/%d", (int)index);
  gk_json_set_str(kept, "id", gk_decode_str(&d, "id", GK_REQUIRED, 1, 60));
  const char *severity = gk_decode_word(&d, "severity", GK_OPTIONAL, "error|review|warn");
  if (severity != NULL)
    gk_json_set_str(kept, "severity", severity);
  keep_words(kept, &d, "stages");
  keep_text(kept, &d, "basis", 60);
  keep_both(kept, &d, "basis_text");
  keep_words(kept, &d, "fields");
  keep_words(kept, &d, "subjects");
  keep_words(kept, &d, "categories");
  keep_text(kept, &d, "valid_from", 10);
  keep_text(kept, &d, "valid_to", 10);
  keep_both(kept, &d, "title");
  keep_text(kept, &d, "test", 4000);
  gk_json_t *conditions = gk_decode_any(&d, "conditions", GK_OPTIONAL);
  if (conditions != NULL && !gk_json_is_null(conditions)) {
    const char *test = gk_rest_conditions(&d, conditions);
    if (gk_json_str(kept, "test") != NULL)
      gk_decode_fault(&d, "conditions", "one", "条件只能用一种写法", "Give either a test or conditions");
    gk_json_set_str(kept, "test", test);
  }
  keep_both(kept, &d, "message");
  keep_both(kept, &d, "hint");
  keep_cases(kept, &d);
  gk_decode_join(outer, &d);
  return kept;
}

/* {"rules": [...], "remove": [...], "note"}; what a rule may hold is said by pack_life.h. */
static gk_error_t *decode_changes(gk_json_t **changes, const char **note, gk_request_t *request, bool needed)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *rules = gk_decode_array(&d, "rules", GK_OPTIONAL, 500), *removed = gk_decode_array(&d, "remove", GK_OPTIONAL, 500);
  gk_json_t *kept = gk_json_array(request->pool);
  *note = gk_decode_str(&d, "note", GK_OPTIONAL | GK_MULTILINE, 0, 500);
  for (apr_size_t i = 0; i < gk_json_size(rules); i++)
    gk_json_add(kept, decode_rule(&d, gk_json_at(rules, i), i));
  for (apr_size_t i = 0; i < gk_json_size(removed); i++)
    if (!gk_json_is_string(gk_json_at(removed, i)))
      gk_decode_fault(&d, "remove", "type", "应为规则编号的列表", "It has to be a list of rule ids");
  if (needed && gk_json_size(rules) == 0 && gk_json_size(removed) == 0)
    gk_decode_fault(&d, "rules", "required", "请写明要修改哪些规则", "Say which rules change");
  GK_TRY(gk_decode_end(&d));
  *changes = gk_json_object(request->pool);
  gk_json_set(*changes, "rules", kept);
  if (removed != NULL)
    gk_json_set(*changes, "remove", removed);
  return NULL;
}

gk_error_t *gk_rest_packs_draft(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_json_t *changes;
  const char *note;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(decode_changes(&changes, &note, request, false));
  GK_TRY(gk_pack_draft(&pack, &request->act, id, changes, note));
  created(request, response, &pack);
  return NULL;
}

gk_error_t *gk_rest_packs_rewrite(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_json_t *changes;
  const char *note;
  gk_pack_row_t pack;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(decode_changes(&changes, &note, request, true));
  GK_TRY(gk_pack_rewrite(&pack, &request->act, id, request->if_match, changes, NULL, 0, note));
  gk_rest_pack_answer(response, &pack, request->pool);
  return NULL;
}

/* ---- contents ---------------------------------------------------------------------------------------------- */

gk_error_t *gk_rest_packs_document(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_row_t pack;
  gk_blob_t body;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_store_pack(&pack, &request->act, id));
  GK_TRY(gk_store_pack_body(request->act.db, id, &body, request->pool));
  response->text = (const char *)body.bytes;
  response->length = body.length;
  response->media_type = "application/xml";
  apr_table_setn(response->headers, "Content-Disposition",
                 apr_psprintf(request->pool, "attachment; filename=\"%s-%s.xml\"", pack.name, pack.version));
  return NULL;
}

/* Any pack for reading; *left_out: a unit's rules that fit the province's pack no more, and why. */
static gk_error_t *show(gk_pack_t **pack, gk_error_t **left_out, gk_request_t *request, const gk_pack_row_t *row)
{
  gk_pack_row_t now;
  *left_out = NULL;
  if (row->unit[0] == '\0')
    return gk_pack_open(pack, NULL, &request->act, row->id, request->pool);
  GK_TRY(gk_pack_row_get(&now, &request->act, row->id)); /* beside the pack of the season */
  GK_TRY(gk_local_show(pack, left_out, &request->act, &now, request->pool));
  return NULL;
}

static void add_reason(gk_json_t *list, const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *one = gk_json_object(pool);
  gk_json_set_str(one, "zh", zh);
  gk_json_set_str(one, "en", en);
  gk_json_add(list, one);
}

/* [{zh, en}]; empty: they are in. */
static gk_json_t *reasons_of(const gk_error_t *error, apr_pool_t *pool)
{
  gk_json_t *list = gk_json_array(pool);
  for (int i = 0; error != NULL && error->violations != NULL && i < error->violations->nelts; i++)
    add_reason(list, APR_ARRAY_IDX(error->violations, i, gk_violation_t).zh,
               APR_ARRAY_IDX(error->violations, i, gk_violation_t).en, pool);
  if (error != NULL && gk_json_size(list) == 0)
    add_reason(list, error->zh != NULL ? error->zh : gk_error_info(error->code)->zh,
               error->en != NULL ? error->en : gk_error_info(error->code)->en, pool);
  return list;
}

gk_error_t *gk_rest_packs_rules(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_pack_t *pack;
  gk_pack_row_t row;
  gk_error_t *left_out;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_store_pack(&row, &request->act, id));
  GK_TRY(show(&pack, &left_out, request, &row));
  if (row.unit[0] != '\0')
    pack->rules = gk_local_rules_of(pack, row.unit, request->pool);
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "pack", row.name);
  gk_json_set_int(response->json, "version", apr_atoi64(row.version));
  gk_json_t *rules = gk_pack_rules_json(pack, 0, request->pool);
  for (apr_size_t i = 0; i < gk_json_size(rules); i++) {
    gk_json_t *conditions = gk_conditions_of(gk_json_str(gk_json_at(rules, i), "test"), request->pool);
    if (conditions != NULL)
      gk_json_set(gk_json_at(rules, i), "conditions", conditions);
    else
      gk_json_set_null(gk_json_at(rules, i), "conditions");
  }
  gk_json_set(response->json, "rules", rules);
  gk_json_set(response->json, "left_out", reasons_of(left_out, request->pool));
  return NULL;
}

gk_error_t *gk_rest_packs_diff(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_error_t *error = NULL, *left_out;
  gk_pack_t *before, *after;
  GK_TRY(gk_arg_id(&id, request, 0));
  apr_int64_t with = gk_query_int(request, "with", 1, APR_INT64_MAX, 0, &error);
  GK_TRY(gk_query_end(request, error));
  gk_pack_row_t row, other;
  const char *digest;
  GK_TRY(gk_act_season(&request->act));
  GK_TRY(gk_store_pack(&row, &request->act, id));
  if (with == 0 && row.active && row.base_id != 0)
    with = row.base_id;
  else if (with == 0)
    GK_TRY(gk_pack_against(&with, &digest, &request->act, &row));
  GK_TRY(gk_store_pack(&other, &request->act, with));
  GK_TRY(show(&before, &left_out, request, &other));
  GK_TRY(show(&after, &left_out, request, &row));
  if (row.unit[0] != '\0') { /* its own rules; the rest is the province's and others' */
    const gk_pack_t *old = before;
    before = apr_pmemdup(request->pool, after, sizeof(*after));
    before->rules = gk_local_rules_of(old, row.unit, request->pool);
    after->rules = gk_local_rules_of(after, row.unit, request->pool);
  }
  response->json = gk_json_object(request->pool);
  gk_json_set_int(response->json, "with", with);
  gk_json_set_int(response->json, "with_version", apr_atoi64(other.version));
  gk_json_set(response->json, "changes", gk_pack_diff(before, after, request->pool));
  return NULL;
}
