/* rest/head.h: what a request's head says: header values and query of strangers become typed values here, and nowhere
 * else. Pure, so that tests/fuzz can try anything on it. */
#ifndef GK_REST_HEAD_H
#define GK_REST_HEAD_H

#include <stdbool.h>
#include <apr_tables.h>
#include "base/error.h"

/* "zh-CN" or "en": the first language of Accept-Language that we speak; Chinese otherwise, also for NULL. */
const char *gk_head_language(const char *accept);

/* The value of one cookie of the Cookie header, or NULL. Two of one name count as none. */
const char *gk_head_cookie(const char *header, const char *name, apr_pool_t *pool);

/* The token of an Authorization header "GK-Token ..."; NULL for another scheme and for none. */
const char *gk_head_token(const char *authorization);

/* "GB18030" when Accept-Charset prefers it (or GBK, GB2312, which it holds) to UTF-8; "UTF-8" else, also for NULL. */
const char *gk_head_charset(const char *accept);

/* The query string, decoded; MALFORMED unless it is UTF-8 with each parameter once. */
gk_error_t *gk_head_query(apr_table_t **query, const char *text, apr_pool_t *pool);

/* If-Match: one strong ETag, "v3" with its quotes. Errors: VERSION_NEEDED for NULL, MALFORMED. */
gk_error_t *gk_head_version(apr_int64_t *version, const char *value, apr_pool_t *pool);

/* Idempotency-Key. Errors: KEY_NEEDED for NULL, MALFORMED. */
gk_error_t *gk_head_key(const char **key, const char *value, apr_pool_t *pool);

/* Content-Type: is JSON; is one that a plain form on another site can send (no type at all counts as such). */
bool gk_head_is_json(const char *type);
bool gk_head_is_form(const char *type);

#endif
