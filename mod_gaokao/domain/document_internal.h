/* domain/document_internal.h: shared by document.c and document_check.c. */
#ifndef GK_DOMAIN_DOCUMENT_INTERNAL_H
#define GK_DOMAIN_DOCUMENT_INTERNAL_H

#include "domain/document.h"

/* Checks and normalises a JSON value of any type for a field: *out NULL when it is empty. False: faults were
 * added. */
bool gk_document__value(gk_json_t **out, const gk_field_t *field, const gk_json_t *value, const char *pointer,
                        gk_error_t **error, apr_pool_t *pool);

/* Adds a violation whose two sentences are made already. */
void gk_document__violation(gk_error_t **error, apr_pool_t *pool, const char *pointer, const char *code,
                            const char *zh, const char *en);

/* prefix/key with ~ and / of the key escaped (RFC 6901). */
const char *gk_document__pointer(const char *prefix, const char *key, apr_pool_t *pool);

/* At most 20 characters of what somebody sent, for a sentence. */
const char *gk_document__quote(const char *text, apr_pool_t *pool);

/* "2008-09", 200809, 2008.9, 2008/9, 2008年9月 to months since year 0, or -1. */
int gk_document__month(const char *text);

#endif
