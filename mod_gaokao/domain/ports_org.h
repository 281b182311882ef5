/* domain/ports_org.h: what domain/org.c needs from store/org_store.c. Statements carry the actor's scope. */
#ifndef GK_DOMAIN_PORTS_ORG_H
#define GK_DOMAIN_PORTS_ORG_H

#include "domain/org.h"

/* By id, or by code when `code` is not NULL. NOT_FOUND outside the scope. */
gk_error_t *gk_org_store_get(gk_org_t *out, gk_act_t *act, apr_int64_t id, const char *code);
/* Whatever the scope. */
gk_error_t *gk_org_store_any(bool *found, gk_org_t *out, gk_act_t *act, apr_int64_t id);
/* filter->parent_id is judged by the caller, who gives its subtree as lo and hi. */
gk_error_t *gk_org_store_list(apr_array_header_t **out, gk_act_t *act, const gk_org_filter_t *filter,
                              const char *lo, const char *hi, int limit);
/* The highest code right below a unit, or NULL. */
gk_error_t *gk_org_store_last_code(const char **code, gk_act_t *act, apr_int64_t parent_id);
/* Inserts below `parent` (NULL: the province). *made false: the code is taken. */
gk_error_t *gk_org_store_insert(bool *made, apr_int64_t *id, gk_act_t *act, const gk_org_t *parent,
                                const char *level, const char *code, const char *name, const char *profile);
/* *changed false: no row of this version in the scope. */
gk_error_t *gk_org_store_update(bool *changed, gk_act_t *act, const gk_org_t *org);
/* Operators that can sign in and numbers left, for the readiness of a point. */
gk_error_t *gk_org_store_means(apr_int64_t *operators, apr_int64_t *numbers_left, gk_act_t *act,
                               apr_int64_t id);

#endif
