/* rest/problem.c: errors as RFC 9457 problem documents; the only place that writes one. */
#include <string.h>
#include <apr_strings.h>

#include "rest/router.h"

static gk_json_t *texts(const char *zh, const char *en, apr_pool_t *pool)
{
  gk_json_t *both = gk_json_object(pool);
  gk_json_set_str(both, "zh", zh);
  gk_json_set_str(both, "en", en);
  return both;
}

void gk_problem(gk_response_t *response, const gk_error_t *error, const char *lang, const char *request_id,
                apr_pool_t *pool)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  int english = strcmp(lang, "en") == 0;
  gk_json_t *document = gk_json_object(pool);
  const char *zh = error->zh != NULL ? error->zh : info->zh, *en = error->en != NULL ? error->en : info->en;
  gk_json_set_str(document, "type", apr_pstrcat(pool, "urn:gaokao:problem:", info->slug, NULL));
  gk_json_set_str(document, "title", english ? info->en : info->zh);
  gk_json_set_int(document, "status", info->http);
  gk_json_set_str(document, "detail", english ? en : zh);
  gk_json_set_str(document, "instance", apr_pstrcat(pool, "urn:gaokao:request:", request_id, NULL));
  gk_json_set_str(document, "code", info->slug);
  gk_json_set(document, "texts", texts(zh, en, pool));
  if (error->violations != NULL) {
    gk_json_t *list = gk_json_array(pool);
    for (int i = 0; i < error->violations->nelts; i++) {
      const gk_violation_t *violation = &APR_ARRAY_IDX(error->violations, i, gk_violation_t);
      gk_json_t *one = gk_json_object(pool);
      gk_json_set_str(one, "pointer", violation->pointer);
      gk_json_set_str(one, "code", violation->code);
      if (violation->rule != NULL)
        gk_json_set_str(one, "rule", violation->rule);
      gk_json_set_str(one, "detail", english ? violation->en : violation->zh);
      gk_json_set(one, "texts", texts(violation->zh, violation->en, pool));
      gk_json_add(list, one);
    }
    gk_json_set(document, "violations", list);
  }
  int seconds = (int)((error->retry_after_us + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC);
  if (seconds == 0 && (info->http == 503 || info->http == 429))
    seconds = 2;
  if (seconds > 0) {
    gk_json_set_int(document, "retry_after", seconds);
    apr_table_setn(response->headers, "Retry-After", apr_itoa(pool, seconds));
  }
  if (error->etag != NULL) {
    gk_json_set_str(document, "current", error->etag);
    response->etag = error->etag;
  } else {
    response->etag = NULL;
  }
  response->status = info->http;
  response->json = document;
  response->text = NULL;
  response->location = NULL;
  response->link_next = NULL;
  response->media_type = "application/problem+json";
}
