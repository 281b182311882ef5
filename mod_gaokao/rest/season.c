/* rest/season.c: /season: what pages need to know before and after signing in. */
#include <string.h>
#include <apr_strings.h>

#include "domain/calendar.h"
#include "domain/pack.h"
#include "rest/request.h"

static gk_json_t *both(gk_text_t text, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  gk_json_set_str(json, "zh", text.zh);
  gk_json_set_str(json, "en", text.en);
  return json;
}

static gk_json_t *texts_json(const apr_array_header_t *texts, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool);
  for (int i = 0; i < texts->nelts; i++) {
    const gk_pack_text_t *text = &APR_ARRAY_IDX(texts, i, gk_pack_text_t);
    gk_json_t *one = gk_json_object(pool);
    gk_json_set(one, "title", both(text->title, pool));
    gk_json_set(one, "body", both(text->body, pool));
    gk_json_set(json, text->id, one);
  }
  return json;
}

gk_error_t *gk_rest_season_get(gk_request_t *request, gk_response_t *response)
{
  gk_json_t *windows, *pack = gk_json_object(request->pool);
  const gk_config_t *config = gk_core_config(request->act.core);
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_calendar_state(&windows, &request->act));
  const gk_season_t *season = request->act.season;
  gk_json_t *json = response->json = gk_json_object(request->pool);
  gk_json_set_int(json, "year", season->year);
  gk_json_set_str(json, "name", season->name);
  gk_json_set(json, "title", both(season->pack->title, request->pool));
  gk_json_set_bool(json, "real", season->real);
  gk_json_set_str(pack, "name", season->pack_name);
  gk_json_set_str(pack, "version", season->pack_version);
  gk_json_set_str(pack, "digest", season->pack_digest);
  gk_json_set(json, "pack", pack);
  gk_json_set_str(json, "site", config->site);
  gk_json_set_time(json, "now", request->act.now);
  gk_json_set_bool(json, "demo", config->demo);
  gk_json_set_int(json, "clock_offset_s", config->clock_offset_us / GK_SECOND);
  gk_json_set(json, "windows", windows);
  gk_json_set(json, "texts", texts_json(season->pack->notices, request->pool));
  return NULL;
}

/* What depends on the pack alone may be kept by the browser and asked for again by ETag, and compressed: nothing secret stands
 * beside anything that somebody else could choose (BREACH). */
static void keep(gk_request_t *request, gk_response_t *response, const char *variant)
{
  response->etag = apr_psprintf(request->pool, "\"%.32s%s\"", request->act.season->pack_digest, variant);
  apr_table_setn(response->headers, "Cache-Control", "private, no-cache");
  response->compress = true;
}

gk_error_t *gk_rest_season_form(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *stage = gk_query_word(request, "stage", "reading|entry|filling|any", &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_act_season(&request->act));
  const gk_pack_t *pack = request->act.season->pack;
  const char *role = gk_role_name(request->who.role);
  if (stage == NULL)
    stage = request->who.role == GK_ROLE_CANDIDATE ? "filling" : "any";
  response->json = gk_pack_form_json(pack, role, stage, request->pool);
  gk_json_set(response->json, "parts", gk_pack_parts_json(pack, request->pool));
  gk_json_set(response->json, "papers", gk_pack_papers_json(pack, request->pool));
  keep(request, response, apr_psprintf(request->pool, "-form-%s-%s", role, stage));
  return NULL;
}

/* The code of the reader's unit: the end of its path. */
static const char *code_of(const gk_request_t *request)
{
  char *last = NULL, *path = apr_pstrdup(request->pool, request->who.org_path != NULL ? request->who.org_path : "");
  const char *code = "";
  for (char *word = apr_strtok(path, "/", &last); word != NULL; word = apr_strtok(NULL, "/", &last))
    code = word;
  return code;
}

/* Rules of other areas concern nobody the reader sees. */
static gk_json_t *near(gk_json_t *rules, const gk_request_t *request)
{
  gk_json_t *kept = gk_json_array(request->pool);
  const char *code = code_of(request);
  for (apr_size_t i = 0; i < gk_json_size(rules); i++) {
    const gk_json_t *areas = gk_json_get(gk_json_at(rules, i), "areas");
    bool concerns = areas == NULL;
    for (apr_size_t a = 0; !concerns && a < gk_json_size(areas); a++) {
      const char *area = gk_json_str_value(gk_json_at(areas, a));
      apr_size_t shorter = strlen(area) < strlen(code) ? strlen(area) : strlen(code);
      concerns = strncmp(area, code, shorter) == 0;
    }
    if (concerns)
      gk_json_add(kept, gk_json_at(rules, i));
  }
  return kept;
}

gk_error_t *gk_rest_season_rules(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  const char *stage = gk_query_word(request, "stage", "fill|review|confirm|submit|export", &error);
  GK_TRY(gk_query_end(request, error));
  GK_TRY(gk_act_season(&request->act));
  if (stage == NULL)
    stage = "fill";
  response->json = gk_json_object(request->pool);
  gk_json_set_str(response->json, "stage", stage);
  gk_json_set(response->json, "rules",
              near(gk_pack_rules_json(request->act.season->pack, gk_stage_bit(stage), request->pool), request));
  keep(request, response, apr_psprintf(request->pool, "-rules-%s-%" APR_INT64_T_FMT "-%s", stage,
                                       request->act.season->rules_generation, code_of(request)));
  return NULL;
}

gk_error_t *gk_rest_season_table(gk_request_t *request, gk_response_t *response)
{
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_act_season(&request->act));
  const gk_table_t *table = gk_pack_table(request->act.season->pack, request->args[0]);
  if (table == NULL)
    return gk_error(request->pool, GK_E_NOT_FOUND, "没有代码表“%s”", "There is no code table '%s'",
                    request->args[0]);
  response->json = gk_pack_table_json(table, request->pool);
  keep(request, response, apr_pstrcat(request->pool, "-table-", table->id, NULL));
  return NULL;
}
