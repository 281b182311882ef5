/* domain/ports_device.h: what devices need from the store. (store/device_store.c) */
#ifndef GK_DOMAIN_PORTS_DEVICE_H
#define GK_DOMAIN_PORTS_DEVICE_H

#include "domain/device.h"

gk_error_t *gk_store_device_insert(apr_int64_t *id, gk_act_t *act, const gk_device_t *device);
/* In scope: NOT_FOUND else. */
gk_error_t *gk_store_device_get(gk_device_t **out, gk_act_t *act, apr_int64_t id);
gk_error_t *gk_store_device_list(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after_id, int limit);
/* Beyond any scope: whoever posts has none yet. */
gk_error_t *gk_store_device_any(bool *found, gk_device_t **out, gk_act_t *act, apr_int64_t id);
gk_error_t *gk_store_device_by_code(bool *found, gk_device_t **out, gk_act_t *act, const char *digest);
/* gk_device_key_t, the newest first. */
gk_error_t *gk_store_device_keys(apr_array_header_t **out, gk_act_t *act, apr_int64_t device_id);
gk_error_t *gk_store_device_key_add(gk_act_t *act, apr_int64_t device_id, const unsigned char *public);
gk_error_t *gk_store_device_keys_end(gk_act_t *act, apr_int64_t device_id, apr_int64_t until_iat);
/* Of `version`: *changed false when it has another by now. */
gk_error_t *gk_store_device_put(bool *changed, gk_act_t *act, const gk_device_t *device);
gk_error_t *gk_store_device_enrolled(bool *changed, gk_act_t *act, const gk_device_t *device);
gk_error_t *gk_store_device_seen(gk_act_t *act, const gk_device_t *device);
/* *changed false: another post of it was counted meanwhile, or it was revoked. */
gk_error_t *gk_store_device_received(bool *changed, gk_act_t *act, const gk_device_t *device, int stored);
gk_error_t *gk_store_device_stolen(gk_act_t *act, apr_int64_t device_id, apr_time_t stolen);

/* Counts that something happened at a point (domain/live.h). */
gk_error_t *gk_store_live_bump(gk_act_t *act, apr_int64_t org_id);

#endif
