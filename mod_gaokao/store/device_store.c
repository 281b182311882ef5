/* store/device_store.c: gateways of points (domain/ports_device.h). */
#include <string.h>
#include <apr_strings.h>

#include "base/text.h"
#include "domain/live.h"
#include "domain/ports_device.h"
#include "store/sql.h"

typedef gk_row_device_get_t record_t;
_Static_assert(sizeof(gk_row_device_list_t) == sizeof(record_t), "device columns");
_Static_assert(sizeof(gk_row_device_any_t) == sizeof(record_t), "device columns");
_Static_assert(sizeof(gk_row_device_by_code_t) == sizeof(record_t), "device columns");

static gk_device_t *device_of(const record_t *row, apr_pool_t *pool)
{
  gk_device_t *d = apr_pcalloc(pool, sizeof(*d));
  *d = (gk_device_t){.id = row->id, .season_id = row->season_id, .org_id = row->org_id, .version = row->version,
                     .highest_seq = row->highest_seq, .readings = row->readings, .waiting = row->waiting,
                     .skew_ms = row->skew_ms, .changed = row->changed, .org_path = row->org_path,
                     .org_code = row->org_code, .org_name = row->org_name, .name = row->name, .kinds = row->kinds,
                     .state = row->state, .audience = row->audience, .code_key = row->code_key, .code_digest = NULL,
                     .received = row->received, .software = row->software, .reader_module = row->reader_module,
                     .reader_state = row->reader_state, .last_error = row->last_error, .reason = row->reason,
                     .code_until = row->code_until_us, .enrolled = row->enrolled_us, .seen = row->seen_us,
                     .revoked = row->revoked_us, .stolen = row->stolen_us, .created = row->created_us,
                     .point_open = row->open != 0};
  return d;
}

gk_error_t *gk_store_device_insert(apr_int64_t *id, gk_act_t *act, const gk_device_t *device)
{
  gk_row_device_insert_t row;
  GK_TRY(gk_db_get(act->db,
                   GK_CALL(device_insert, .season_id = act->season->id, .name = device->name, .kinds = device->kinds,
                           .audience = device->audience, .code = device->code_digest, .code_until_us = device->code_until,
                           .created_by = act->who->account_id, .now_us = act->now, .org_id = device->org_id,
                           GK_SCOPE(act)),
                   &row, act->pool));
  *id = row.id;
  return NULL;
}

gk_error_t *gk_store_device_get(gk_device_t **out, gk_act_t *act, apr_int64_t id)
{
  record_t row;
  GK_TRY(gk_db_get(act->db, GK_CALL(device_get, .id = id, .season_id = act->season->id, GK_SCOPE(act)), &row, act->pool));
  *out = device_of(&row, act->pool);
  return NULL;
}

gk_error_t *gk_store_device_list(apr_array_header_t **out, gk_act_t *act, const char *state, apr_int64_t after_id, int limit)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db,
                    GK_CALL(device_list, .season_id = act->season->id, GK_SCOPE(act), .after_id = after_id, .state = state,
                            .limit = limit),
                    &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_device_t *));
  for (int i = 0; i < rows->nelts; i++)
    APR_ARRAY_PUSH(*out, gk_device_t *) =
        device_of((const record_t *)(const void *)(rows->elts + (apr_size_t)i * (apr_size_t)rows->elt_size), act->pool);
  return NULL;
}

gk_error_t *gk_store_device_any(bool *found, gk_device_t **out, gk_act_t *act, apr_int64_t id)
{
  gk_row_device_any_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(device_any, .id = id, .season_id = act->season->id), found, &row, act->pool));
  if (*found)
    *out = device_of((const record_t *)(const void *)&row, act->pool);
  return NULL;
}

gk_error_t *gk_store_device_by_code(bool *found, gk_device_t **out, gk_act_t *act, const char *digest)
{
  gk_row_device_by_code_t row;
  GK_TRY(gk_db_find(act->db, GK_CALL(device_by_code, .code = digest, .season_id = act->season->id), found, &row, act->pool));
  if (*found)
    *out = device_of((const record_t *)(const void *)&row, act->pool);
  return NULL;
}

gk_error_t *gk_store_device_keys(apr_array_header_t **out, gk_act_t *act, apr_int64_t device_id)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(device_keys, .device_id = device_id), &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_device_key_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_device_keys_t *row = &APR_ARRAY_IDX(rows, i, gk_row_device_keys_t);
    apr_size_t length = 0;
    const unsigned char *bytes = gk_text_unhex(act->pool, row->public_key, &length);
    if (bytes == NULL || length != GK_PUBLIC_BYTES)
      return gk_error_internal(act->pool, GK_E_DB_DAMAGED, "Key %" APR_INT64_T_FMT " of a device is no key", row->id);
    gk_device_key_t *key = apr_array_push(*out);
    key->id = row->id;
    key->until_iat = row->until_iat;
    memcpy(key->public, bytes, GK_PUBLIC_BYTES);
  }
  return NULL;
}

gk_error_t *gk_store_device_key_add(gk_act_t *act, apr_int64_t device_id, const unsigned char *public)
{
  return gk_db_exec(act->db,
                    GK_CALL(device_key_insert, .device_id = device_id,
                            .public_key = gk_text_hex(act->pool, public, GK_PUBLIC_BYTES), .now_us = act->now),
                    NULL, act->pool);
}

gk_error_t *gk_store_device_keys_end(gk_act_t *act, apr_int64_t device_id, apr_int64_t until_iat)
{
  return gk_db_exec(act->db, GK_CALL(device_keys_end, .until_iat = until_iat, .device_id = device_id), NULL, act->pool);
}

gk_error_t *gk_store_device_put(bool *changed, gk_act_t *act, const gk_device_t *d)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(device_update, .name = d->name, .state = d->state, .code = d->code_digest,
                            .code_until_us = d->code_until, .code_key = d->code_key, .revoked_us = d->revoked,
                            .stolen_us = d->stolen, .reason = d->reason, .id = d->id, .version = d->version,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

gk_error_t *gk_store_device_enrolled(bool *changed, gk_act_t *act, const gk_device_t *d)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(device_enrolled, .code_key = d->code_key, .software = d->software,
                            .reader_module = d->reader_module, .now_us = act->now, .id = d->id, .version = d->version,
                            GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

gk_error_t *gk_store_device_seen(gk_act_t *act, const gk_device_t *d)
{
  return gk_db_exec(act->db,
                    GK_CALL(device_state_seen, .software = d->software, .reader_module = d->reader_module,
                            .reader_state = d->reader_state, .last_error = d->last_error, .waiting = d->waiting,
                            .skew_ms = d->skew_ms, .now_us = act->now, .id = d->id, GK_SCOPE(act)),
                    NULL, act->pool);
}

gk_error_t *gk_store_device_received(bool *changed, gk_act_t *act, const gk_device_t *d, int stored)
{
  apr_int64_t rows;
  GK_TRY(gk_db_exec(act->db,
                    GK_CALL(device_received, .received = d->received, .highest_seq = d->highest_seq, .stored = stored,
                            .now_us = act->now, .id = d->id, .changed = d->changed, GK_SCOPE(act)),
                    &rows, act->pool));
  *changed = rows == 1;
  return NULL;
}

gk_error_t *gk_store_device_stolen(gk_act_t *act, apr_int64_t device_id, apr_time_t stolen)
{
  return gk_db_exec(act->db,
                    GK_CALL(device_stolen_readings, .device_id = device_id, .season_id = act->season->id,
                            .stolen_us = stolen, GK_SCOPE(act)),
                    NULL, act->pool);
}

gk_error_t *gk_store_live_bump(gk_act_t *act, apr_int64_t org_id)
{
  return gk_db_exec_later(act->db, GK_CALL(live_bump, .org_id = org_id, .now_us = act->now), act->pool);
}

gk_error_t *gk_store_live_since(apr_array_header_t **out, gk_act_t *act, apr_time_t since)
{
  apr_array_header_t *rows;
  GK_TRY(gk_db_list(act->db, GK_CALL(live_since, .since_us = since), &rows, act->pool));
  *out = apr_array_make(act->pool, rows->nelts + 1, sizeof(gk_live_change_t));
  for (int i = 0; i < rows->nelts; i++) {
    const gk_row_live_since_t *row = &APR_ARRAY_IDX(rows, i, gk_row_live_since_t);
    APR_ARRAY_PUSH(*out, gk_live_change_t) = (gk_live_change_t){row->org_id, row->generation, row->changed_us};
  }
  return NULL;
}
