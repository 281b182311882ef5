/* ctl/keys.c: key create, list, check, activate, retire, status. The order of a change is: new, read by all nodes, active,
 * everything rewritten, gone. Each step may be repeated after a crash (docs/operator.md, "Keys"). */
#include <string.h>
#include <apr_strings.h>

#include "ctl/ctl.h"
#include "domain/keyring.h"
#include "domain/ports_key.h"
#include "domain/rotation.h"
#include "store/schema.h"

#define PURPOSES "data index cookie slip seal packet reading spool export"
#define NODE_AGE_US (10 * 60 * APR_USEC_PER_SEC)

static gk_error_t *load(gk_keys_t **keys, const gk_ctl_t *ctl)
{
  return gk_keys_load(keys, ctl->config->keys_file, ctl->pool);
}

/* The only key of a purpose in a state; NULL when there is none. */
static const char *in_state(const gk_keys_t *keys, const char *purpose, const char *state, apr_pool_t *pool)
{
  for (int k = 0; k < gk_keys_count(keys); k++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, k, pool);
    if (strcmp(key.purpose, purpose) == 0 && strcmp(key.state, state) == 0)
      return key.id;
  }
  return NULL;
}

static gk_error_t *audited(gk_ctl_t *ctl, const char *action, const char *purpose, const char *key_id)
{
  gk_json_t *after = gk_json_object(ctl->pool);
  gk_json_set_str(after, "purpose", purpose);
  gk_json_set_str(after, "key", key_id);
  return gk_ctl__finish(ctl, gk_audit(&ctl->act, action, "key", 0, 0, "/", NULL, after));
}

static gk_error_t *wrong_state(gk_ctl_t *ctl, const char *zh, const char *en, const char *value)
{
  return gk_error(ctl->pool, GK_E_WRONG_STATE, zh, en, value);
}

static gk_error_t *known_purpose(gk_ctl_t *ctl, const char *purpose)
{
  return gk_key_purpose(purpose) ? NULL
                                 : gk_ctl__usage(ctl, "没有密钥用途“%s”：可用 " PURPOSES, "There is no purpose '%s': " PURPOSES,
                                                 purpose);
}

/* The core looks at the file once a second: a step that comes next must see what this one did. */
static gk_error_t *read_again(gk_ctl_t *ctl)
{
  apr_sleep(1100 * 1000);
  return gk_keyring_follow(ctl->core, ctl->db, ctl->pool);
}

/* ---- create ---------------------------------------------------------------------------------------------- */

static gk_error_t *create(const char **id, gk_ctl_t *ctl, const char *purpose)
{
  gk_keys_t *keys;
  GK_TRY(gk_schema_check(ctl->db, ctl->pool));
  /* A cut or foreign file is not made "right" by adding what it lacks. */
  GK_TRY(gk_keys_load_any(&keys, ctl->config->keys_file, ctl->pool));
  GK_TRY(gk_keyring_register(ctl->db, keys, ctl->config->keys_file, gk_ctl__now(ctl), ctl->pool));
  if (strcmp(purpose, "index") == 0 && in_state(keys, purpose, "new", ctl->pool) == NULL &&
      in_state(keys, purpose, "old", ctl->pool) == NULL)
    GK_TRY(gk_rotation_clear(ctl->db, ctl->pool));
  GK_TRY(gk_keys_add(id, ctl->config->keys_file, purpose, ctl->config->chinese_ciphers, gk_ctl__now(ctl), ctl->pool));
  GK_TRY(gk_keys_load_any(&keys, ctl->config->keys_file, ctl->pool));
  return gk_keyring_register(ctl->db, keys, ctl->config->keys_file, gk_ctl__now(ctl), ctl->pool);
}

gk_error_t *gk_ctl_key_create(gk_ctl_t *ctl)
{
  const char *purpose = gk_ctl__word(ctl, 0), *id;
  gk_keys_t *keys;
  GK_TRY(known_purpose(ctl, purpose));
  GK_TRY(create(&id, ctl, purpose));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_str(result, "key", id);
  gk_ctl__say(ctl, "已在 %s 中加入密钥 %s。请先备份，再把文件放到所有节点", "%s has key '%s' now. Back the file up, then put it on all nodes",
              ctl->config->keys_file, id);
  gk_ctl__result(ctl, result);
  /* A file that still lacks other purposes opens no core: no audit row then. */
  if (load(&keys, ctl) != NULL)
    return NULL;
  GK_TRY(gk_ctl__open_core(ctl));
  return audited(ctl, "key.create", purpose, id);
}

/* ---- list, check, status --------------------------------------------------------------------------------- */

static gk_error_t *list(gk_ctl_t *ctl, const gk_keys_t *keys, bool uses)
{
  gk_json_t *result = gk_json_object(ctl->pool), *rows = gk_json_array(ctl->pool);
  apr_array_header_t *table = apr_array_make(ctl->pool, 16, sizeof(const char *const *));
  for (int k = 0; k < gk_keys_count(keys); k++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, k, ctl->pool);
    gk_json_t *row = gk_json_object(ctl->pool);
    const char **cells = apr_pcalloc(ctl->pool, 6 * sizeof(*cells));
    gk_json_set_str(row, "id", key.id);
    gk_json_set_str(row, "purpose", key.purpose);
    gk_json_set_str(row, "algorithm", key.algorithm);
    gk_json_set_str(row, "state", key.state);
    gk_json_set_time(row, "created", key.created);
    cells[0] = key.id;
    cells[1] = key.purpose;
    cells[2] = key.algorithm;
    cells[3] = key.state;
    cells[4] = gk_time_text(ctl->pool, key.created);
    if (uses) {
      apr_int64_t count;
      GK_TRY(gk_rotation_uses(&count, ctl->core, ctl->db, key.purpose, key.id, ctl->pool));
      if (count >= 0)
        gk_json_set_int(row, "uses", count);
      cells[5] = count >= 0 ? apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, count) : "?";
    }
    gk_json_add(rows, row);
    APR_ARRAY_PUSH(table, const char **) = cells;
  }
  gk_ctl__table(ctl, uses ? "id|purpose|algorithm|state|created|uses" : "id|purpose|algorithm|state|created", table);
  gk_json_set(result, "keys", rows);
  if (uses) {
    apr_array_header_t *nodes;
    gk_json_t *seen = gk_json_array(ctl->pool);
    GK_TRY(gk_store_key_nodes(&nodes, ctl->db, gk_ctl__now(ctl) - NODE_AGE_US, ctl->pool));
    for (int i = 0; i < nodes->nelts; i++) {
      const gk_key_node_t *node = &APR_ARRAY_IDX(nodes, i, gk_key_node_t);
      gk_json_t *row = gk_json_object(ctl->pool);
      gk_json_set_str(row, "node", node->node);
      gk_json_set_str(row, "keys", node->keys);
      gk_json_set_time(row, "seen", node->seen);
      gk_json_add(seen, row);
      gk_ctl__say(ctl, "节点 %s（%s）：%s", "Node %s (%s): %s", node->node, gk_time_text(ctl->pool, node->seen), node->keys);
    }
    gk_json_set(result, "nodes", seen);
  }
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl_key_list(gk_ctl_t *ctl)
{
  gk_keys_t *keys;
  GK_TRY(gk_keys_load_any(&keys, ctl->config->keys_file, ctl->pool));
  return list(ctl, keys, false);
}

gk_error_t *gk_ctl_key_status(gk_ctl_t *ctl)
{
  return list(ctl, gk_core_keys(ctl->core), true);
}

gk_error_t *gk_ctl_key_check(gk_ctl_t *ctl)
{
  gk_keys_t *keys;
  GK_TRY(load(&keys, ctl));
  GK_TRY(gk_schema_check(ctl->db, ctl->pool));
  GK_TRY(gk_keyring_compare(ctl->db, keys, ctl->config->keys_file, ctl->pool));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "keys", gk_keys_count(keys));
  gk_ctl__say(ctl, "密钥文件与数据库相符：%d 把密钥", "The key file fits the database: %d keys", gk_keys_count(keys));
  gk_ctl__result(ctl, result);
  return NULL;
}

/* ---- activate, retire ------------------------------------------------------------------------------------ */

/* Nodes heard of in the last ten minutes whose list lacks `wanted` ("data2:" or "data2:active"). */
static const char *lagging(const apr_array_header_t *nodes, const char *wanted, bool exact, apr_pool_t *pool)
{
  const char *names = NULL;
  for (int i = 0; i < nodes->nelts; i++) {
    const gk_key_node_t *node = &APR_ARRAY_IDX(nodes, i, gk_key_node_t);
    const char *list = apr_pstrcat(pool, " ", node->keys, " ", NULL);
    if (strstr(list, apr_pstrcat(pool, " ", wanted, exact ? " " : "", NULL)) == NULL)
      names = names == NULL ? node->node : apr_pstrcat(pool, names, " ", node->node, NULL);
  }
  return names;
}

/* NULL, or the nodes that have not read `wanted`; waits for them at most `patience_us`. */
static gk_error_t *wait_for_nodes(const char **missing, gk_ctl_t *ctl, const char *wanted, bool exact,
                                  apr_interval_time_t patience_us)
{
  apr_time_t until = apr_time_now() + patience_us;
  for (;;) {
    apr_array_header_t *nodes;
    GK_TRY(gk_store_key_nodes(&nodes, ctl->db, gk_ctl__now(ctl) - NODE_AGE_US, ctl->pool));
    *missing = lagging(nodes, wanted, exact, ctl->pool);
    if (*missing == NULL || apr_time_now() >= until)
      return NULL;
    apr_sleep(250 * 1000);
  }
}

static gk_error_t *nodes_lag(gk_ctl_t *ctl, const char *missing)
{
  return wrong_state(ctl,
                     "这些节点还没有读到新的密钥文件：%s。把文件放过去，等它们读入（gaokaoctl key status）；确实已停用的节点可加 --force",
                     "These nodes have not read the new key file yet: %s. Put it there and wait until they have (gaokaoctl key "
                     "status); --force when they are out of service for good", missing);
}

gk_error_t *gk_ctl__key_activate(gk_ctl_t *ctl, const char *purpose, const char *id, bool force, apr_interval_time_t patience_us)
{
  const char *missing;
  GK_TRY(wait_for_nodes(&missing, ctl, apr_pstrcat(ctl->pool, id, ":", NULL), false, force ? 0 : patience_us));
  if (missing != NULL && !force)
    return nodes_lag(ctl, missing);
  if (strcmp(purpose, "index") == 0) {
    apr_int64_t count;
    GK_TRY(gk_rotation_missing(&count, ctl->db, id, ctl->pool));
    if (count > 0)
      return gk_error(ctl->pool, GK_E_WRONG_STATE, "还有 %" APR_INT64_T_FMT " 条记录没有新密钥的索引：先运行 gaokaoctl key rewrite %s",
                      "%" APR_INT64_T_FMT " records have no index under the new key yet: run gaokaoctl key rewrite %s first", count,
                      purpose);
  }
  /* The database first: whoever starts from here on needs the key. */
  GK_TRY(gk_db_begin(ctl->db, ctl->pool));
  GK_TRY(gk_ctl__finish(ctl, gk_store_key_needed(ctl->db, id, ctl->pool)));
  GK_TRY(gk_keys_activate(ctl->config->keys_file, purpose, id, ctl->pool));
  return audited(ctl, "key.activate", purpose, id);
}

gk_error_t *gk_ctl_key_activate(gk_ctl_t *ctl)
{
  const char *purpose = gk_ctl__word(ctl, 0);
  gk_keys_t *keys;
  GK_TRY(known_purpose(ctl, purpose));
  GK_TRY(load(&keys, ctl));
  const char *id = in_state(keys, purpose, "new", ctl->pool);
  if (id == NULL)
    return wrong_state(ctl, "没有用途为 %s 的新密钥：先运行 gaokaoctl key create",
                       "There is no new key for '%s': run gaokaoctl key create first", purpose);
  GK_TRY(gk_ctl__key_activate(ctl, purpose, id, gk_ctl__option(ctl, "force") != NULL, 0));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_str(result, "key", id);
  gk_ctl__say(ctl, "密钥 %s 已启用，原来的仍能读", "Key '%s' is active; what was written before stays readable", id);
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl__key_retire(gk_ctl_t *ctl, const char *purpose, const char *id, bool force, apr_interval_time_t patience_us)
{
  gk_keys_t *keys;
  const char *missing = NULL;
  apr_int64_t uses;
  GK_TRY(load(&keys, ctl));
  const char *active = gk_key_id(keys, purpose);
  if (active != NULL && strcmp(active, id) == 0)
    return wrong_state(ctl, "密钥 %s 正在使用，不能撤掉", "Key '%s' is active and can't be taken out", id);
  /* A node that still has the old one active could write under it after the count. */
  GK_TRY(wait_for_nodes(&missing, ctl, apr_pstrcat(ctl->pool, active, ":active", NULL), true, force ? 0 : patience_us));
  if (missing != NULL && !force)
    return nodes_lag(ctl, missing);
  GK_TRY(gk_rotation_uses(&uses, ctl->core, ctl->db, purpose, id, ctl->pool));
  if (uses > 0) /* never by force: it would lose data */
    return gk_error(ctl->pool, GK_E_WRONG_STATE, "还有 %" APR_INT64_T_FMT " 处数据用密钥 %s 加密：先运行 gaokaoctl key rewrite %s",
                    "%" APR_INT64_T_FMT " values still lie under key '%s': run gaokaoctl key rewrite %s first", uses, id, purpose);
  GK_TRY(gk_db_begin(ctl->db, ctl->pool));
  GK_TRY(gk_ctl__finish(ctl, gk_store_key_gone(ctl->db, id, gk_ctl__now(ctl), ctl->pool)));
  GK_TRY(gk_keys_retire(ctl->config->keys_file, purpose, id, ctl->pool));
  if (strcmp(purpose, "index") == 0)
    GK_TRY(gk_rotation_clear(ctl->db, ctl->pool));
  return audited(ctl, "key.retire", purpose, id);
}

gk_error_t *gk_ctl_key_retire(gk_ctl_t *ctl)
{
  const char *purpose = gk_ctl__word(ctl, 0), *id = gk_ctl__word(ctl, 1);
  gk_keys_t *keys;
  GK_TRY(known_purpose(ctl, purpose));
  GK_TRY(load(&keys, ctl));
  if (id == NULL)
    id = in_state(keys, purpose, "old", ctl->pool);
  if (id == NULL)
    return wrong_state(ctl, "没有用途为 %s 的旧密钥", "There is no old key for '%s'", purpose);
  GK_TRY(gk_ctl__key_retire(ctl, purpose, id, gk_ctl__option(ctl, "force") != NULL, 0));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_str(result, "key", id);
  gk_ctl__say(ctl, "密钥 %s 已从文件中除去。请把新文件放到所有节点，旧的备份副本留到最后一份用它的数据库备份过期",
              "Key '%s' is out of the file. Put the new file on all nodes; keep the old copy of the file until the last backup of "
              "the database that needs it has expired", id);
  gk_ctl__result(ctl, result);
  return NULL;
}

/* ---- rewrite, rotate ------------------------------------------------------------------------------------- */

#define BATCH 500

typedef struct tally_t {
  apr_int64_t rows;
  apr_time_t told;
} tally_t;

/* Passes until none of the old key's rows is left; nodes that lag a moment are caught by the next pass. */
static gk_error_t *rewrite(gk_ctl_t *ctl, const char *purpose, const char *old, tally_t *tally)
{
  apr_pool_t *round;
  apr_pool_create(&round, ctl->pool);
  for (int pass = 0; pass < 10; pass++) {
    for (bool done = false; !done;) {
      apr_int64_t rows = 0;
      apr_pool_clear(round);
      gk_act_t act = ctl->act;
      act.pool = round;
      act.now = gk_ctl__now(ctl);
      gk_error_t *error = gk_ctl__finish(ctl, gk_rotation_batch(&done, &rows, &act, purpose, BATCH));
      if (error != NULL)
        return gk_error_dup(ctl->pool, error);
      tally->rows += rows;
      if (apr_time_now() - tally->told > 5 * APR_USEC_PER_SEC) {
        tally->told = apr_time_now();
        gk_ctl__say(ctl, "已改写 %" APR_INT64_T_FMT " 处", "%" APR_INT64_T_FMT " values written again", tally->rows);
      }
    }
    apr_int64_t left = 0, plain = 0;
    const char *newer = gk_index_newer(gk_core_keys(ctl->core));
    if (strcmp(purpose, "index") == 0 && newer != NULL && strcmp(newer, gk_key_id(gk_core_keys(ctl->core), "index")) != 0)
      GK_TRY(gk_rotation_missing(&left, ctl->db, newer, round));
    else if (old != NULL)
      GK_TRY(gk_rotation_uses(&left, ctl->core, ctl->db, purpose, old, round));
    if (strcmp(purpose, "data") == 0)
      GK_TRY(gk_rotation_uses(&plain, ctl->core, ctl->db, purpose, "", round));
    if (left <= 0 && plain <= 0)
      return NULL;
    apr_sleep(1000 * 1000);
  }
  return wrong_state(ctl, "仍有数据不断用旧密钥写入（用途 %s）：检查所有节点的密钥文件", "Something keeps writing under the old key for '%s': "
                     "look at the key files of all nodes", purpose);
}

static void told(gk_ctl_t *ctl, const tally_t *tally)
{
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "rows", tally->rows);
  gk_ctl__say(ctl, "共改写 %" APR_INT64_T_FMT " 处", "%" APR_INT64_T_FMT " values written again in all", tally->rows);
  gk_ctl__result(ctl, result);
}

gk_error_t *gk_ctl_key_rewrite(gk_ctl_t *ctl)
{
  const char *purpose = gk_ctl__word(ctl, 0);
  tally_t tally = {0, apr_time_now()};
  GK_TRY(known_purpose(ctl, purpose));
  GK_TRY(rewrite(ctl, purpose, in_state(gk_core_keys(ctl->core), purpose, "old", ctl->pool), &tally));
  told(ctl, &tally);
  return NULL;
}

/* All steps, from wherever an earlier run ended. Cookies and slips stay good under the old key until it is retired by hand. */
gk_error_t *gk_ctl_key_rotate(gk_ctl_t *ctl)
{
  const char *purpose = gk_ctl__word(ctl, 0), *id, *old;
  apr_int64_t wait_s;
  tally_t tally = {0, apr_time_now()};
  GK_TRY(known_purpose(ctl, purpose));
  GK_TRY(gk_ctl__number(&wait_s, ctl, "wait", 0, 86400, 60));
  apr_interval_time_t patience_us = apr_time_from_sec(wait_s);
  bool force = gk_ctl__option(ctl, "force") != NULL;
  bool rewritten = strcmp(purpose, "data") == 0 || strcmp(purpose, "index") == 0;
  id = in_state(gk_core_keys(ctl->core), purpose, "new", ctl->pool);
  old = in_state(gk_core_keys(ctl->core), purpose, "old", ctl->pool);
  if (id == NULL && (old == NULL || !rewritten)) {
    GK_TRY(create(&id, ctl, purpose));
    GK_TRY(audited(ctl, "key.create", purpose, id));
    gk_ctl__say(ctl, "已加入密钥 %s", "Added key '%s'", id);
    GK_TRY(read_again(ctl));
  }
  if (id != NULL) {
    const char *missing;
    GK_TRY(wait_for_nodes(&missing, ctl, apr_pstrcat(ctl->pool, id, ":", NULL), false, force ? 0 : patience_us));
    if (missing != NULL && !force)
      return nodes_lag(ctl, missing);
    GK_TRY(read_again(ctl)); /* children look once a second, too */
    if (strcmp(purpose, "index") == 0)
      GK_TRY(rewrite(ctl, purpose, NULL, &tally));
    GK_TRY(gk_ctl__key_activate(ctl, purpose, id, force, patience_us));
    gk_ctl__say(ctl, "密钥 %s 已启用", "Key '%s' is active", id);
    GK_TRY(read_again(ctl));
    GK_TRY(read_again(ctl));
  }
  old = in_state(gk_core_keys(ctl->core), purpose, "old", ctl->pool);
  if (rewritten && old != NULL) {
    const char *missing, *active = gk_key_id(gk_core_keys(ctl->core), purpose);
    GK_TRY(wait_for_nodes(&missing, ctl, apr_pstrcat(ctl->pool, active, ":active", NULL), true, force ? 0 : patience_us));
    if (missing != NULL && !force)
      return nodes_lag(ctl, missing);
    GK_TRY(rewrite(ctl, purpose, old, &tally));
    GK_TRY(gk_ctl__key_retire(ctl, purpose, old, force, patience_us));
    gk_ctl__say(ctl, "密钥 %s 已除去", "Key '%s' is gone", old);
  }
  told(ctl, &tally);
  return NULL;
}
