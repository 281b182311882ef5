/* domain/rotation.c: see rotation.h. */
#include "domain/rotation.h"

#include <string.h>

#include "domain/ports_key.h"
#include "domain/reseal.h"

gk_error_t *gk_rotation_uses(apr_int64_t *count, gk_core_t *core, gk_db_t *db, const char *purpose, const char *key_id,
                             apr_pool_t *pool)
{
  *count = -1;
  if (strcmp(purpose, "data") == 0)
    return gk_store_reseal_uses(count, db, key_id, pool);
  if (strcmp(purpose, "index") != 0)
    return NULL;
  const char *newer = gk_index_newer(gk_core_keys(core));
  if (newer == NULL)
    return NULL;
  if (strcmp(newer, key_id) == 0) { /* a new one that is given up needs nothing */
    *count = 0;
    return NULL;
  }
  return gk_store_index_uses(count, db, newer, pool);
}

gk_error_t *gk_rotation_missing(apr_int64_t *count, gk_db_t *db, const char *index_key, apr_pool_t *pool)
{
  return gk_store_index_missing(count, db, index_key, pool);
}

gk_error_t *gk_rotation_clear(gk_db_t *db, apr_pool_t *pool) { return gk_store_index_clear(db, pool); }

/* ---- passes ---------------------------------------------------------------------------------------------- */

typedef struct step_t {
  const char *name;
  gk_error_t *(*run)(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int number, int limit);
  int number;
} step_t;

static gk_error_t *reseal(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int place, int limit)
{
  return gk_store_reseal(rows, after, act, (gk_reseal_place_t)place, limit);
}

static gk_error_t *fill(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int number, int limit)
{
  (void)number;
  return gk_store_index_fill(rows, after, act, limit);
}

static gk_error_t *former(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int number, int limit)
{
  (void)number;
  (void)limit;
  (void)after;
  return gk_store_index_former(rows, act);
}

static gk_error_t *move(apr_int64_t *rows, apr_int64_t *after, gk_act_t *act, int number, int limit)
{
  (void)number;
  return gk_store_index_move(rows, after, act, limit);
}

static const step_t index_new[] = {{"index.fill", fill, 0}, {"index.former", former, 0}};
static const step_t index_active[] = {{"index.fill", fill, 0}, {"index.former", former, 0}, {"index.move", move, 0}};

gk_error_t *gk_rotation_batch(bool *done, apr_int64_t *rows, gk_act_t *act, const char *purpose, int limit)
{
  const gk_keys_t *keys = gk_core_keys(act->core);
  const char *key_id = gk_key_id(keys, purpose);
  step_t data[GK_RESEAL_PLACES];
  const step_t *steps = NULL;
  int count = 0;
  *done = true;
  *rows = 0;
  if (strcmp(purpose, "data") == 0) {
    for (count = 0; count < GK_RESEAL_PLACES; count++)
      data[count] = (step_t){gk_reseal_name((gk_reseal_place_t)count), reseal, count};
    steps = data;
  } else if (strcmp(purpose, "index") == 0 && gk_index_newer(keys) != NULL) {
    bool active = strcmp(gk_index_newer(keys), key_id) == 0;
    key_id = gk_index_newer(keys);
    steps = active ? index_active : index_new;
    count = active ? 3 : 2;
  }
  GK_TRY(gk_act_begin(act));
  for (int i = 0; i < count; i++) {
    gk_key_progress_t at;
    GK_TRY(gk_store_key_progress(&at, act->db, key_id, steps[i].name, act->pool));
    if (at.done)
      continue;
    apr_int64_t before = at.after;
    GK_TRY(steps[i].run(rows, &at.after, act, steps[i].number, limit));
    at.rewritten += *rows;
    at.done = *rows == 0 || at.after == before; /* what has no place to go on from is done at once */
    *done = false;
    return gk_store_key_progress_put(act->db, key_id, steps[i].name, &at, act->now, act->pool);
  }
  return gk_store_key_progress_clear(act->db, key_id, act->pool);
}
